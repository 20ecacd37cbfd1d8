//! The `request` of a case, and its `role`.

use jiff::Timestamp;

use crate::collect::InputError;
use crate::doc::{Kind, Node};
use crate::request::{
    Caller, Claim, Context, CredentialKind, Fact, Given, Owner, Parameters, ProviderFacts, Request,
    RoleFacts, TokenFacts,
};
use crate::text::Spanned;

use super::fields::Fields;

const MEMBERS: &[&str] = &[
    "principal",
    "action",
    "resource",
    "resource-account",
    "context",
    "context-is",
    "time",
    "parameters",
    "credentials",
];

/// Reads the request; `case` is the case around it.
pub(super) fn read(
    fields: &mut Fields,
    node: Node<'_>,
    case: Node<'_>,
    with_facts: bool,
) -> Option<Request> {
    if !fields.known(node, "a request", MEMBERS) {
        return None;
    }
    let caller = fields.required(node, "principal", "the request", principal);
    let action = fields.required(node, "action", "the request", action);
    let resource = fields.required(node, "resource", "the request", Fields::string);
    let context = context(fields, node);
    let parameters = node.get("parameters").and_then(|node| self::parameters(fields, node));
    let credentials = node.get("credentials").and_then(|node| credentials(fields, node));
    let time = fields.member(node, "time", Fields::time);
    let account = fields
        .member(node, "resource-account", account)
        .or_else(|| fields.member(case, "resource-account", account));
    let mut request = Request::new(caller?, action?, resource?);
    request.context = context;
    request.parameters = parameters;
    request.time = time.map(|time| time.value);
    if let Some(credentials) = credentials {
        request.caller.credentials = credentials.kind;
        request.caller.expires = credentials.expires;
    }
    set_owner(&mut request, account, with_facts);
    Some(request)
}

/// What is said of the owner wins over the context, and the context over the ARN.
fn set_owner(request: &mut Request, account: Option<String>, with_facts: bool) {
    if let Some(account) = account {
        request.resource.account = Owner::Account(account.into());
    } else if request.resource.text().value == "*" {
        request.resource.account = Owner::CallersAccount;
    } else if let Some(Given::One(account)) =
        request.context.get("aws:resourceaccount").map(|entry| &entry.value)
    {
        request.resource.account = Owner::Account(account.into());
    } else if request.resource.account == Owner::Unknown && !with_facts {
        request.resource.account = Owner::CallersAccount;
    }
}

fn account(fields: &mut Fields, node: Node<'_>, what: &str) -> Option<String> {
    let id = fields.scalar(node, what)?;
    // An id that is too short is a mistake worth an answer, as in the ARN of a principal.
    if !id.value.is_empty() && id.value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(id.value);
    }
    let error = InputError::at(id.span, format!("`{}` is no account id", id.value));
    fields.error(error.label("not a number").help("write its twelve digits in quotes"));
    None
}

fn action(fields: &mut Fields, node: Node<'_>, what: &str) -> Option<Spanned<String>> {
    let action = fields.string(node, what)?;
    let well_formed = action
        .value
        .split_once(':')
        .is_some_and(|(service, name)| !service.is_empty() && !name.is_empty());
    if !well_formed {
        let error = InputError::at(action.span, format!("`{}` is no action", action.value));
        fields.error(error.label("not `service:Name`").help("write it as `s3:GetObject`"));
        return None;
    }
    Some(action)
}

fn principal(fields: &mut Fields, node: Node<'_>, what: &str) -> Option<Caller> {
    if node.kind() == Kind::Mapping {
        return special(fields, node);
    }
    // An account id that is not in quotes is a number.
    let text = fields.scalar(node, what)?;
    let span = text.span;
    match Caller::parse(text) {
        Ok(caller) => Some(caller),
        Err(error) => {
            let help = error.help;
            fields.error(InputError::at(span, error.to_string()).label(error.why).help(help));
            None
        }
    }
}

/// `{ service: … }` or `{ federated: …, claims: … }`.
fn special(fields: &mut Fields, node: Node<'_>) -> Option<Caller> {
    const MEMBERS: &[&str] = &["service", "federated", "claims", "claims-are", "token"];
    fields.known(node, "a principal", MEMBERS);
    let service = fields.member(node, "service", Fields::string);
    let federated = fields.member(node, "federated", Fields::string);
    let of_token = ["claims", "claims-are", "token"];
    let has_token = of_token.iter().any(|key| node.get(key).is_some());
    match (service, federated) {
        (Some(service), None) if !has_token => Some(Caller::service(service)),
        (None, Some(provider)) => {
            let claims = node.get("claims");
            let claims = claims.map(|node| self::claims(fields, node)).unwrap_or_default();
            let mut caller = Caller::federated(provider, claims);
            if let Some(token) = node.get("token") {
                caller.token = self::token(fields, token);
            }
            caller.token.complete = node.get("claims-are").is_some_and(|word| {
                fields.one_of(word, "claims-are", &["partial", "complete"]) == Some("complete")
            });
            caller.token.missing = caller.claims.is_empty() && node.get("claims").is_some();
            Some(caller)
        }
        _ => {
            let error =
                InputError::at(node.span(), "a principal is a service or a provider, not both");
            let help =
                "write `{ service: ec2.amazonaws.com }` or `{ federated: ARN, claims: { … } }`";
            fields.error(error.help(help));
            None
        }
    }
}

/// `token`: what a token is, besides what it says.
fn token(fields: &mut Fields, node: Node<'_>) -> TokenFacts {
    fields.known(node, "a token", &["alg", "kid", "size", "encrypted"]);
    let encrypted = node.get("encrypted").filter(|node| node.as_bool() == Some(true));
    let (alg, kid) =
        (fields.member(node, "alg", Fields::string), fields.member(node, "kid", Fields::scalar));
    TokenFacts {
        has_header: alg.is_some() || kid.is_some(),
        alg,
        kid,
        size: fields.member(node, "size", Fields::integer),
        encrypted: encrypted.map(|node| node.span()),
        ..TokenFacts::default()
    }
}

fn claims(fields: &mut Fields, node: Node<'_>) -> Vec<Claim> {
    if node.kind() != Kind::Mapping {
        fields.error(InputError::at(node.span(), "`claims` has to be a mapping"));
    }
    node.entries()
        .filter_map(|entry| {
            let values = fields.scalars(entry.value, &entry.key)?;
            Some(Claim {
                name: entry.key.to_string(),
                values: values.into_iter().map(|value| value.value).collect(),
                span: entry.value.span(),
            })
        })
        .collect()
}

/// Reads `provider`: what is known of the caller's identity provider in the role's account.
pub(super) fn provider(fields: &mut Fields, node: Node<'_>) -> Option<ProviderFacts> {
    if !fields.known(node, "a provider", &["Exists", "ClientIDList"]) {
        return None;
    }
    Some(ProviderFacts {
        exists: node.get("Exists").and_then(|node| node.as_bool()),
        client_ids: fields.member(node, "ClientIDList", Fields::scalars),
        others: Vec::new(),
    })
}

fn context(fields: &mut Fields, node: Node<'_>) -> Context {
    let mut context = Context::default();
    if let Some(word) = node.get("context-is") {
        context.complete =
            fields.one_of(word, "context-is", &["partial", "complete"]) == Some("complete");
    }
    let Some(node) = node.get("context").filter(|node| !node.is_null()) else { return context };
    if node.kind() != Kind::Mapping {
        fields.error(InputError::at(node.span(), "`context` has to be a mapping"));
    }
    for entry in node.entries() {
        let given = match entry.value.kind() {
            Kind::Null => Some(Given::Absent),
            Kind::Sequence => fields
                .scalars(entry.value, &entry.key)
                .map(|values| Given::Many(values.into_iter().map(|value| value.value).collect())),
            _ => fields.scalar(entry.value, &entry.key).map(|value| Given::One(value.value)),
        };
        if let Some(earlier) = context.get(&entry.key.to_lowercase()) {
            let error = InputError::at(entry.key_span, format!("`{}` is given twice", entry.key));
            let mut error = error.help("the case of a condition key does not count; remove one");
            error.related.push((earlier.span, "first".to_owned()));
            fields.error(error);
        }
        if let Some(given) = given {
            context.set(&entry.key, given, entry.value.span());
        }
    }
    context
}

/// `credentials`.
struct Credentials {
    kind: Option<CredentialKind>,
    expires: Option<Spanned<Timestamp>>,
}

const KINDS: [(&str, CredentialKind); 4] = [
    ("long-term", CredentialKind::LongTerm),
    ("session-token", CredentialKind::SessionToken),
    ("role-session", CredentialKind::RoleSession),
    ("federation-token", CredentialKind::FederationToken),
];

fn credentials(fields: &mut Fields, node: Node<'_>) -> Option<Credentials> {
    if !fields.known(node, "credentials", &["kind", "expires"]) {
        return None;
    }
    let kind =
        node.get("kind").and_then(|node| fields.one_of(node, "kind", &KINDS.map(|(id, _)| id)));
    Some(Credentials {
        kind: KINDS.iter().find(|(id, _)| Some(*id) == kind).map(|(_, kind)| *kind),
        expires: fields.member(node, "expires", Fields::time),
    })
}

/// Parameters of the operations of AWS STS that play no part in a decision beside the request; they
/// may stand there and are not kept. Tokens and assertions are secrets, and are refused.
const IGNORED: [&str; 5] = ["RoleArn", "Name", "PrincipalArn", "ProviderId", "TargetPrincipal"];

const PARAMETERS: &[&str] = &[
    "Name",
    "PrincipalArn",
    "ProviderId",
    "TargetPrincipal",
    "RoleArn",
    "RoleSessionName",
    "DurationSeconds",
    "ExternalId",
    "SourceIdentity",
    "Tags",
    "TransitiveTagKeys",
    "SerialNumber",
    "TokenCode",
    // These change nothing that is evaluated here; a policy that is passed is a session policy.
    "Name",
    "Policy",
    "PolicyArns",
    "PrincipalArn",
    "ProviderId",
    "ProvidedContexts",
];

fn parameters(fields: &mut Fields, node: Node<'_>) -> Option<Parameters> {
    if !fields.known(node, "the parameters", PARAMETERS) {
        return None;
    }
    for key in IGNORED {
        fields.member(node, key, Fields::string);
    }
    Some(Parameters {
        session_name: fields.member(node, "RoleSessionName", Fields::scalar),
        duration: fields.member(node, "DurationSeconds", Fields::integer),
        external_id: fields.member(node, "ExternalId", Fields::scalar),
        source_identity: fields.member(node, "SourceIdentity", Fields::scalar),
        tags: fields.member(node, "Tags", tags).unwrap_or_default(),
        transitive_tag_keys: fields
            .member(node, "TransitiveTagKeys", Fields::scalars)
            .unwrap_or_default(),
        serial_number: fields.member(node, "SerialNumber", Fields::scalar),
        token_code: node.get("TokenCode").is_some_and(|code| !code.is_null()),
        partial: false,
    })
}

/// A list of `Key` and `Value`, or a mapping.
fn tags(
    fields: &mut Fields,
    node: Node<'_>,
    what: &str,
) -> Option<Vec<(Spanned<String>, Spanned<String>)>> {
    if node.kind() == Kind::Mapping {
        let pairs = node.entries().filter_map(|entry| {
            let key = Spanned { value: entry.key.to_string(), span: entry.key_span };
            Some((key, fields.scalar(entry.value, what)?))
        });
        return Some(pairs.collect());
    }
    let mut tags = Vec::new();
    for tag in fields.list(node, what)? {
        if fields.known(tag, "a tag", &["Key", "Value"]) {
            let key = fields.required(tag, "Key", "the tag", Fields::scalar);
            let value = fields.required(tag, "Value", "the tag", Fields::scalar);
            tags.extend(key.zip(value));
        }
    }
    Some(tags)
}

/// What a case says of the role that is to be assumed.
#[derive(Clone, Debug)]
pub(super) struct Role {
    facts: RoleFacts,
    tags: Option<Vec<(String, String)>>,
}

impl Role {
    pub(super) fn fill(&self, request: &mut Request) {
        request.role = self.facts.clone();
        if let Some(tags) = &self.tags {
            request.resource.tags = Fact::Known(tags.clone());
        }
    }
}

/// Reads `role`. The path stands in the resource's ARN as well, so it is only checked here.
pub(super) fn role(fields: &mut Fields, node: Node<'_>) -> Option<Role> {
    const MEMBERS: &[&str] = &["MaxSessionDuration", "Path", "RoleId", "Tags", "CreateDate"];
    if !fields.known(node, "a role", MEMBERS) {
        return None;
    }
    fields.member(node, "Path", Fields::string);
    let facts = RoleFacts {
        max_session_duration: fields.member(node, "MaxSessionDuration", Fields::integer),
        id: fields.member(node, "RoleId", Fields::string).map(|id| id.value.into()),
        created: fields.member(node, "CreateDate", Fields::time).map(|time| time.value),
        exists: None,
        alike: None,
    };
    let tags = fields.member(node, "Tags", tags);
    let plain = |tags: Vec<(Spanned<String>, Spanned<String>)>| {
        tags.into_iter().map(|(key, value)| (key.value, value.value)).collect()
    };
    Some(Role { facts, tags: tags.map(plain) })
}
