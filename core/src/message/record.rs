//! AWS's own records of a decision: a decoded authorization message, the details of a request's
//! authorization, the results of a simulation. Each is recognised by its members.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html>,
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html>,
//! <https://docs.aws.amazon.com/iam-toolbox/latest/APIReference/>

use super::{Denial, DenialKind, enclosed};
use crate::doc::{Document, Kind, Node, NodeId, Syntax, SyntaxError, embed, parse};
use crate::policy::PolicyType;
use crate::text::{SourceId, SourceMap, Span, Spanned};

/// Which record it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordKind {
    /// `aws sts decode-authorization-message`.
    Decoded,
    /// `aws iam-toolbox get-request-authorization-details`.
    Details,
    /// `aws iam simulate-principal-policy` and `simulate-custom-policy`.
    Simulated,
}

impl RecordKind {
    /// The id in JSON, which is that of the form too.
    pub fn id(self) -> &'static str {
        match self {
            Self::Decoded => "decoded-message",
            Self::Details => "authorization-details",
            Self::Simulated => "simulation",
        }
    }

    fn page(self) -> &'static str {
        match self {
            Self::Decoded => {
                "https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html"
            }
            Self::Details => {
                "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied-authorization-id.html"
            }
            Self::Simulated => {
                "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_testing-policies.html"
            }
        }
    }
}

/// What AWS says of a request, or of one layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Allowed.
    Allowed,
    /// A Deny matched.
    Explicit,
    /// No Allow.
    Implicit,
    /// It made no difference.
    NoImpact,
    /// One layer did not let it through; whether by a Deny or for want of an Allow is not told.
    Stopped,
}

/// One layer that AWS checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The layer.
    pub policy_type: PolicyType,
    /// What it is attached to, where there may be several of a layer.
    pub target: Option<String>,
    /// What came of it.
    pub said: Said,
    /// Where that stands.
    pub span: Span,
    /// The statements that matched, in words.
    pub matched: Vec<String>,
}

/// A policy that took part, whose text is elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its type.
    pub policy_type: PolicyType,
    /// The address that its text is asked for by.
    pub uri: String,
    /// What it is attached to.
    pub attached_to: Vec<String>,
}

/// One decision that AWS recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Which record it is.
    pub kind: RecordKind,
    /// The decision.
    pub said: Said,
    /// Who asked for what: the fields that an error text has too.
    pub denial: Denial,
    /// The request context, as far as it is recorded.
    pub context: Vec<(String, Vec<String>)>,
    /// The layers that are told apart.
    pub checks: Vec<Check>,
    /// The statements that matched, in words, each with its place.
    pub matched: Vec<Spanned<String>>,
    /// The `Sid` of each of them that has one, where the record tells it.
    pub statements: Vec<String>,
    /// Condition keys that the simulation was not given.
    pub missing: Vec<String>,
    /// The policies that took part.
    pub policies: Vec<Part>,
    /// What each kind of policy comes to by itself, in words, where the record tells it.
    pub parts: Vec<String>,
    /// What the record leaves open besides, in words.
    pub notes: Vec<String>,
}

/// Keys of which every record has one, as AWS writes them.
const KEYS: [&str; 5] =
    ["DecodedMessage", "matchedStatements", "EvaluationResults", "evaluations", "EvalDecision"];
/// How deep records stand in strings in strings.
const DEEPEST: usize = 4;

fn has_key(text: &str) -> bool {
    KEYS.iter().any(|key| memchr::memmem::find(text.as_bytes(), key.as_bytes()).is_some())
}

/// The records in a text; none if it is something else.
pub fn records(sources: &mut SourceMap, source: SourceId) -> Vec<Record> {
    let mut found = Vec::new();
    if has_key(sources.text(source)) {
        for document in enclosed::documents(sources, source, &KEYS) {
            find(sources, &document, document.root().id(), 0, &mut found);
        }
    }
    found
}

/// What was meant as a record and holds no decision.
#[derive(Debug)]
pub enum NoRecord {
    /// It is no JSON, or was cut off.
    Broken(Box<SyntaxError>),
    /// It is one, with nothing in it.
    Empty,
}

/// Whether a text in which no record is found was meant as one.
pub fn no_record(sources: &SourceMap, source: SourceId) -> Option<NoRecord> {
    let text = sources.text(source);
    if !enclosed::is_json(text) || !has_key(text) {
        return None;
    }
    match parse(sources, source, Syntax::Json) {
        Err(error) => Some(NoRecord::Broken(Box::new(error))),
        Ok(documents) => {
            let root = documents.first()?.root();
            let is_one = has(root, "EvaluationResults", Kind::Sequence)
                || has(root, "evaluations", Kind::Sequence)
                || has(root, "DecodedMessage", Kind::String);
            is_one.then_some(NoRecord::Empty)
        }
    }
}

/// The records below a value.
fn find(
    sources: &mut SourceMap,
    document: &Document,
    id: NodeId,
    depth: usize,
    found: &mut Vec<Record>,
) {
    let node = document.node(id);
    match node.kind() {
        Kind::Mapping => {
            if node.get("allowed").is_some_and(|one| one.kind() == Kind::Bool)
                && (has(node, "context", Kind::Mapping)
                    || has(node, "matchedStatements", Kind::Mapping))
            {
                found.extend(decoded(node));
            } else if has(node, "evaluations", Kind::Sequence)
                && has(node, "requestContext", Kind::Mapping)
            {
                found.extend(details(node));
            } else if has(node, "EvaluationResults", Kind::Sequence) {
                found.extend(simulated(node));
            } else if has(node, "EvalActionName", Kind::String) {
                found.extend(simulated_one(node));
            } else {
                for entry in node.entries() {
                    find(sources, document, entry.value.id(), depth, found);
                }
            }
        }
        Kind::Sequence => {
            for item in node.items() {
                find(sources, document, item.id(), depth, found);
            }
        }
        Kind::String if depth < DEEPEST && node.text().is_some_and(|text| has_key(&text)) => {
            if let Some(Ok(inner)) = embed::document_in(sources, document, id) {
                find(sources, &inner, inner.root().id(), depth + 1, found);
            }
        }
        _ => {}
    }
}

fn has(node: Node<'_>, key: &str, kind: Kind) -> bool {
    node.get(key).is_some_and(|value| value.kind() == kind)
}

fn text(node: Node<'_>, key: &str) -> Option<Spanned<String>> {
    let value = node.get(key)?;
    let text = value.text()?.into_owned();
    (!text.is_empty()).then(|| Spanned { value: text, span: value.inner_span() })
}

fn items<'d>(node: Node<'d>, key: &str) -> impl Iterator<Item = Node<'d>> + use<'d> {
    node.get(key).into_iter().flat_map(|list| list.items())
}

/// A decision with nothing known of it but where it stands.
fn record(kind: RecordKind, said: Said, span: Span) -> Record {
    let denied = match said {
        Said::Explicit => Some(DenialKind::Explicit),
        Said::Implicit => Some(DenialKind::Implicit),
        Said::Allowed | Said::NoImpact | Said::Stopped => None,
    };
    let denial = Denial {
        kind: denied.map(|value| Spanned { value, span }),
        words: Some(span),
        ..Denial::bare(kind.id(), kind.page(), span)
    };
    Record {
        kind,
        said,
        denial,
        context: Vec::new(),
        checks: Vec::new(),
        matched: Vec::new(),
        statements: Vec::new(),
        missing: Vec::new(),
        policies: Vec::new(),
        parts: Vec::new(),
        notes: Vec::new(),
    }
}

/// The service of an action.
fn service(action: Option<&Spanned<String>>) -> Option<Spanned<String>> {
    let action = action?;
    let (prefix, _) = action.value.split_once(':')?;
    Some(Spanned { value: prefix.to_ascii_lowercase(), span: action.span })
}

/// The values of a list as `{"items": [{"value": …}]}`.
fn values(node: Node<'_>, key: &str) -> Vec<String> {
    let Some(list) = node.get(key) else { return Vec::new() };
    items(list, "items")
        .filter_map(|item| Some(item.get("value")?.scalar()?.into_owned()))
        .collect()
}

fn decoded(root: Node<'_>) -> Option<Record> {
    let allowed = root.get("allowed")?;
    let explicit = root.get("explicitDeny");
    let is_true = |node: Option<Node<'_>>| node.and_then(|node| node.as_bool()).unwrap_or(false);
    let (said, span) = match explicit {
        _ if is_true(Some(allowed)) => (Said::Allowed, allowed.span()),
        Some(explicit) if is_true(Some(explicit)) => (Said::Explicit, explicit.span()),
        _ => (Said::Implicit, allowed.span()),
    };
    let mut found = record(RecordKind::Decoded, said, span);
    let context = root.get("context");
    let said_of = |key: &str| context.and_then(|context| text(context, key));
    let principal = context.and_then(|context| context.get("principal"));
    found.denial.principal = principal.and_then(|one| text(one, "arn"));
    found.denial.action = said_of("action");
    found.denial.resource = said_of("resource");
    found.denial.service = service(found.denial.action.as_ref());
    let asked = context.and_then(|context| context.get("conditions"));
    for item in asked.into_iter().flat_map(|one| items(one, "items")) {
        if let Some(key) = text(item, "key") {
            found.context.push((key.value, values(item, "values")));
        }
    }
    for statement in root.get("matchedStatements").into_iter().flat_map(|one| items(one, "items")) {
        let sid = text(statement, "statementId");
        let place = sid.as_ref().map(|sid| sid.span);
        let place = place.or_else(|| text(statement, "effect").map(|effect| effect.span));
        let span = place.unwrap_or(statement.span());
        found.statements.extend(sid.as_ref().map(|sid| sid.value.clone()));
        let id = sid.map_or_else(
            || "a statement without a Sid".to_owned(),
            |id| format!("statement `{}`", id.value),
        );
        let effect = text(statement, "effect").map_or_else(String::new, |one| one.value);
        let effect = if effect.eq_ignore_ascii_case("deny") { "denies" } else { "allows" };
        let list = |key: &str| values(statement, key).join(", ");
        let conditions = statement.get("conditions").map(|one| conditions(one, &found.context));
        let under = match conditions.filter(|conditions| !conditions.is_empty()) {
            Some(conditions) => format!(", under conditions on {}", conditions.join(" and ")),
            None => String::new(),
        };
        let words = format!("{id} {effect} {} on {}{under}", list("actions"), list("resources"));
        found.matched.push(Spanned { value: words, span });
    }
    Some(found)
}

/// The conditions of a statement beside what the request had. The message does not tell operators.
fn conditions(node: Node<'_>, context: &[(String, Vec<String>)]) -> Vec<String> {
    let said = |item: Node<'_>| {
        let key = text(item, "key")?.value;
        let wanted = values(item, "values").join(", ");
        let own = context.iter().find(|(own, _)| own.eq_ignore_ascii_case(&key));
        let own = own.map_or_else(|| "none".to_owned(), |(_, values)| values.join(", "));
        Some(format!("`{key}` (compared with {wanted}; the request had {own})"))
    };
    items(node, "items").filter_map(said).collect()
}

fn effect(node: Node<'_>, key: &str) -> Option<(Said, Span)> {
    let value = node.get(key)?;
    let said = match value.text()?.as_ref() {
        "ALLOW" | "allowed" => Said::Allowed,
        "EXPLICIT_DENY" | "explicitDeny" => Said::Explicit,
        "IMPLICIT_DENY" | "implicitDeny" => Said::Implicit,
        "NO_IMPACT" => Said::NoImpact,
        _ => return None,
    };
    Some((said, value.inner_span()))
}

/// The layer that a check of the authorization details is about.
fn checked(name: &str) -> Option<PolicyType> {
    Some(match name {
        "SERVICE_CONTROL_POLICY" => PolicyType::ServiceControl,
        "RESOURCE_CONTROL_POLICY" => PolicyType::ResourceControl,
        "VPC_ENDPOINT" | "VPC_ENDPOINT_POLICY" => PolicyType::VpcEndpoint,
        "RESOURCE" | "RESOURCE_BASED_POLICY" => PolicyType::ResourceBased,
        "PRINCIPAL" | "IDENTITY_BASED_POLICY" => PolicyType::IdentityBased,
        "PERMISSIONS_BOUNDARY" => PolicyType::PermissionsBoundary,
        "SESSION" | "SESSION_POLICY" => PolicyType::Session,
        _ => return None,
    })
}

/// The statements below `matchedPolicies`, in words.
fn matched(node: Node<'_>) -> Vec<Spanned<String>> {
    let mut found = Vec::new();
    for policy in items(node, "matchedPolicies") {
        let uri = text(policy, "uri");
        let name = uri.as_ref().map_or("a policy", |uri| last_part(&uri.value));
        for statement in items(policy, "matchedStatements") {
            let effect = text(statement, "evaluatedEffect").map_or(String::new(), |one| one.value);
            let effect = if effect.eq_ignore_ascii_case("deny") { "denies" } else { "allows" };
            let sid = text(statement, "sid");
            let span = sid.as_ref().map_or(statement.span(), |sid| sid.span);
            let words = match sid {
                Some(sid) => format!("statement `{}` of `{name}` {effect} it", sid.value),
                None => format!("a statement of `{name}` {effect} it"),
            };
            found.push(Spanned { value: words, span });
        }
    }
    found
}

/// What names a policy best: the end of its address.
pub fn last_part(uri: &str) -> &str {
    uri.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or(uri)
}

/// A context's values, of whatever shape.
fn context(node: Option<Node<'_>>, into: &mut Vec<(String, Vec<String>)>) {
    for entry in node.into_iter().flat_map(|map| map.entries()) {
        let key = entry.key.into_owned();
        let value = entry.value;
        let values: Vec<String> = match value.kind() {
            Kind::Sequence => {
                value.items().filter_map(|item| Some(item.scalar()?.into_owned())).collect()
            }
            Kind::Mapping => continue,
            _ => value.scalar().map(|text| text.into_owned()).into_iter().collect(),
        };
        match into.iter_mut().find(|(other, _)| *other == key) {
            Some((_, mine)) => *mine = values,
            None => into.push((key, values)),
        }
    }
}

fn details(root: Node<'_>) -> Vec<Record> {
    let mut shared = Vec::new();
    context(root.get("requestContext"), &mut shared);
    let policies: Vec<Part> = items(root, "policies")
        .filter_map(|policy| {
            Some(Part {
                policy_type: checked(&text(policy, "type")?.value)?,
                uri: text(policy, "uri")?.value,
                attached_to: items(policy, "attachedTo")
                    .filter_map(|one| Some(text(one, "arn")?.value))
                    .collect(),
            })
        })
        .collect();
    let principal = root.get("requestContext").and_then(|context| {
        ["aws:PrincipalArn", "principalArn", "principal"].iter().find_map(|key| text(context, key))
    });
    let mut found = Vec::new();
    for evaluation in items(root, "evaluations") {
        let Some((said, span)) = effect(evaluation, "evaluatedEffect") else { continue };
        let mut one = record(RecordKind::Details, said, span);
        one.denial.principal.clone_from(&principal);
        one.denial.action = text(evaluation, "action");
        one.denial.resource = text(evaluation, "resource");
        one.denial.service = service(one.denial.action.as_ref());
        one.context.clone_from(&shared);
        context(evaluation.get("context"), &mut one.context);
        one.matched = matched(evaluation);
        one.policies.clone_from(&policies);
        for check in items(evaluation, "checks") {
            let name = text(check, "checkType").map_or_else(String::new, |name| name.value);
            let Some((said, span)) = effect(check, "evaluatedEffect") else { continue };
            let Some(policy_type) = checked(&name) else {
                one.notes.push(format!(
                    "what `{name}` is: AWS checked that too, and this program does not know it ({})",
                    match said {
                        Said::Allowed => "it allowed the request",
                        Said::NoImpact => "it made no difference",
                        Said::Explicit | Said::Implicit | Said::Stopped => "it stopped the request",
                    }
                ));
                continue;
            };
            let target = text(check, "targetArn").map(|arn| last_part(&arn.value).to_owned());
            let below = matched(check);
            let words = below.iter().map(|one| one.value.clone()).collect();
            for statement in below {
                if !one.matched.iter().any(|other| other.value == statement.value) {
                    one.matched.push(statement);
                }
            }
            one.checks.push(Check { policy_type, target, said, span, matched: words });
        }
        let stops = one.checks.iter().find(|check| check.said == said && said != Said::Allowed);
        one.denial.policy_type =
            stops.map(|check| Spanned { value: check.policy_type, span: check.span });
        found.push(one);
    }
    found
}

fn simulated(root: Node<'_>) -> Vec<Record> {
    let mut found: Vec<Record> = items(root, "EvaluationResults").flat_map(simulated_one).collect();
    if let Some(last) = found.last_mut()
        && root.get("IsTruncated").and_then(|one| one.as_bool()) == Some(true)
    {
        last.notes.push(
            "the other results: the output is cut off, ask on with `--marker`, or for all at once without `--max-items`"
                .to_owned(),
        );
    }
    found
}

/// The records of one simulated action: for each resource, if they are told apart.
fn simulated_one(result: Node<'_>) -> Vec<Record> {
    let action = text(result, "EvalActionName");
    let specific: Vec<Node<'_>> = items(result, "ResourceSpecificResults").collect();
    let each = if specific.is_empty() { vec![result] } else { specific };
    each.into_iter().filter_map(|one| simulated_on(result, one, action.as_ref())).collect()
}

fn simulated_on(
    result: Node<'_>,
    one: Node<'_>,
    action: Option<&Spanned<String>>,
) -> Option<Record> {
    let decision = effect(one, "EvalResourceDecision").or_else(|| effect(one, "EvalDecision"));
    let (said, span) = decision?;
    let mut record = record(RecordKind::Simulated, said, span);
    record.denial.action = action.cloned();
    record.denial.resource = text(one, "EvalResourceName");
    record.denial.service = service(action);
    // A Deny is the only one that is listed where it decides.
    let effect_of = if said == Said::Explicit { "denies" } else { "allows" };
    for statement in items(one, "MatchedStatements") {
        let id = text(statement, "SourcePolicyId");
        let name =
            id.as_ref().map_or_else(|| "a policy".to_owned(), |id| simulated_policy(&id.value));
        let line = statement.get("StartPosition").and_then(|place| place.get("Line")?.as_i64());
        let at = line.map_or(String::new(), |line| format!(" in line {line}"));
        let words = format!("a statement of {name}{at} {effect_of} it");
        let span = id.as_ref().map_or(statement.span(), |id| id.span);
        record.matched.push(Spanned { value: words, span });
    }
    record.missing = items(one, "MissingContextValues")
        .filter_map(|key| Some(key.text()?.into_owned()))
        .collect();
    limits(result, one, &mut record);
    Some(record)
}

/// A policy as the simulator names it: those that were passed to it have the name of the option and a number.
fn simulated_policy(id: &str) -> String {
    let options = [
        ("PermissionsBoundaryPolicyInputList.", "--permissions-boundary-policy-input-list"),
        ("PolicyInputList.", "--policy-input-list"),
    ];
    let passed = options.into_iter().find_map(|(list, option)| {
        let number = id.strip_prefix(list)?;
        Some(format!("policy {number} of `{option}`"))
    });
    match id {
        "ResourcePolicy" => "the policy of `--resource-policy`".to_owned(),
        id => passed.unwrap_or_else(|| format!("`{id}`")),
    }
}

/// What the simulator says of boundaries and control policies.
fn limits(result: Node<'_>, one: Node<'_>, record: &mut Record) {
    let details = [
        ("OrganizationsDecisionDetail", "AllowedByOrganizations", PolicyType::ServiceControl),
        (
            "PermissionsBoundaryDecisionDetail",
            "AllowedByPermissionsBoundary",
            PolicyType::PermissionsBoundary,
        ),
    ];
    for (detail, member, policy_type) in details {
        let node = one.get(detail).or_else(|| result.get(detail)).and_then(|node| node.get(member));
        let Some((node, allowed)) = node.and_then(|node| Some((node, node.as_bool()?))) else {
            continue;
        };
        let said = if allowed { Said::Allowed } else { Said::Stopped };
        let (target, matched) = (None, Vec::new());
        record.checks.push(Check { policy_type, target, said, span: node.span(), matched });
        if !allowed && record.denial.policy_type.is_none() {
            record.denial.policy_type = Some(Spanned { value: policy_type, span: node.span() });
        }
    }
    // Of a simulation across accounts: what each kind of policy comes to by itself.
    let details = one.get("EvalDecisionDetails").or_else(|| result.get("EvalDecisionDetails"));
    for entry in details.into_iter().flat_map(|details| details.entries()) {
        let said = match entry.value.text().as_deref() {
            Some("allowed") => "allowed",
            Some("explicitDeny") => "denied by a statement",
            Some("implicitDeny") => "not allowed",
            _ => continue,
        };
        record.parts.push(format!("by `{}` alone it is {said}", entry.key));
    }
}
