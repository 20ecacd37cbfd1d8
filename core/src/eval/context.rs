//! The request context: what AWS would put under a condition key, derived from what is known.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>

use std::borrow::Cow;

use crate::layers::Gap;
use crate::request::{
    Caller, CallerKind, Claim, CredentialKind, Fact, Given, Organization, Owner, Parameters,
    Request,
};
use crate::token::keys;

/// What stands under a condition key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyValue<'r> {
    /// The request does not carry the key.
    Absent,
    /// One value.
    One(Cow<'r, str>),
    /// Several values, or a list of one or none.
    Many(Cow<'r, [String]>),
    /// One value of which the middle is not known: `prefix`, something, `suffix`. The middle is
    /// empty or ends with a slash if `path`.
    Holed {
        /// What it begins with.
        prefix: String,
        /// What it ends with.
        suffix: String,
        /// Whether the middle is empty or the name of a Region, with its slash.
        is_region: bool,
        /// What is missing, and why.
        missing: &'static str,
    },
    /// One of these, since AWS's documents leave it open.
    Either(Vec<KeyValue<'r>>),
    /// Not known, for this reason.
    Unknown(&'static str),
}

use KeyValue::{Absent, Either, Many, One, Unknown};

/// The keys that may be derived, in AWS's spelling, without those that end in a tag or claim.
pub const DERIVED: &[&str] = &[
    "aws:PrincipalArn",
    "aws:PrincipalAccount",
    "aws:PrincipalType",
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:PrincipalIsAWSService",
    "aws:PrincipalServiceName",
    "aws:userid",
    "aws:username",
    "aws:FederatedProvider",
    "aws:ResourceAccount",
    "aws:ResourceOrgID",
    "aws:ResourceOrgPaths",
    "aws:CurrentTime",
    "aws:EpochTime",
    "aws:MultiFactorAuthPresent",
    "aws:SecureTransport",
    "aws:ViaAWSService",
    "aws:CalledViaFirst",
    "aws:CalledViaLast",
    "aws:RequestedRegion",
    "aws:TagKeys",
    "sts:ExternalId",
    "sts:RoleSessionName",
    "sts:SourceIdentity",
    "sts:TransitiveTagKeys",
];

/// Looks up the key `lower`, which is in lower case. What was given wins over what is derived.
pub fn lookup<'r>(request: &'r Request, lower: &str) -> KeyValue<'r> {
    if let Some(entry) = request.context.get(lower) {
        return match &entry.value {
            Given::Absent => Absent,
            Given::One(value) => One(Cow::Borrowed(value)),
            Given::Many(values) => Many(Cow::Borrowed(values)),
        };
    }
    let derived = derive(request, lower);
    match derived {
        // What could have been derived but is not known stays unknown; what only the request
        // itself could tell is absent where the context is complete.
        Unknown(NOT_GIVEN) if request.context.complete => Absent,
        // Nobody can fill in what AWS has no key for.
        Unknown(NOT_GIVEN) if crate::reference::is_misspelled_key(lower) => Absent,
        other => other,
    }
}

/// The reason of an unknown key that nothing else is known of.
const NOT_GIVEN: &str = "the request context is only known in part";

fn derive<'r>(request: &'r Request, lower: &str) -> KeyValue<'r> {
    let caller = &request.caller;
    match lower.split_once(':') {
        Some(("aws", rest)) => aws(request, caller, rest),
        Some(("sts", rest)) => sts(request, rest),
        Some(("iam", rest)) if rest.starts_with("resourcetag/") => resource_tag(request, rest),
        Some(("saml", _)) => claim(request, lower),
        Some((prefix, _)) if prefix.contains('.') || prefix.contains('/') => claim(request, lower),
        Some((prefix, _)) if is_sts(request) && !SESSION_PREFIXES.contains(&prefix) => Absent,
        // Every key of AWS's and of a provider's has a colon.
        None => Absent,
        _ => Unknown(NOT_GIVEN),
    }
}

/// Prefixes of keys that a role session may carry wherever it goes.
const SESSION_PREFIXES: [&str; 5] = ["ec2", "lambda", "ssm", "glue", "identitystore"];

fn is_sts(request: &Request) -> bool {
    request.service() == "sts"
}

fn aws<'r>(request: &'r Request, caller: &'r Caller, rest: &str) -> KeyValue<'r> {
    use CallerKind::{
        Anonymous, Federated, FederatedUser, RoleSession as Role, Root, Service, User,
    };
    let kind = caller.kind;
    let has_principal = matches!(kind, Root | User | Role | FederatedUser);
    if let Some((name, tag)) = rest.split_once('/') {
        return match name {
            "principaltag" if has_principal && kind != Root => {
                tag_value(request, &caller.tags, tag)
            }
            "principaltag" => Absent,
            "resourcetag" => resource_tag(request, rest),
            "requesttag" => match parameters(request) {
                Ok(parameters) => (parameters.tags.iter())
                    .find(|(key, _)| {
                        key.value.eq_ignore_ascii_case(tag) || key.value.to_lowercase() == tag
                    })
                    .map(|(_, value)| One(Cow::Borrowed(value.value.as_str())))
                    // Where tags are given, they are all there are.
                    .unwrap_or_else(|| match parameters.tags.as_slice() {
                        [] => not_passed(parameters),
                        _ => Absent,
                    }),
                Err(unknown) => unknown,
            },
            _ => Unknown(NOT_GIVEN),
        };
    }
    match rest {
        "principalarn" => match kind {
            Anonymous | Federated => Absent,
            Service => Unknown(NOT_GIVEN),
            Role => role_arn(caller),
            _ => One(Cow::Borrowed(&caller.text.value)),
        },
        "principalaccount" => match kind {
            Anonymous => One(Cow::Borrowed("anonymous")),
            Federated => Absent,
            _ => caller
                .account
                .as_deref()
                .map_or(Unknown(NOT_GIVEN), |account| One(Cow::Borrowed(account))),
        },
        "principaltype" => match kind {
            Root => One(Cow::Borrowed("Account")),
            User => One(Cow::Borrowed("User")),
            Role => One(Cow::Borrowed("AssumedRole")),
            FederatedUser => One(Cow::Borrowed("FederatedUser")),
            Anonymous => One(Cow::Borrowed("Anonymous")),
            Service | Federated => Unknown(NOT_GIVEN),
        },
        "userid" => user_id(caller),
        "username" if kind == User => One(Cow::Borrowed(&caller.name)),
        "username" => Absent,
        "principalorgid" if has_principal => {
            organization(request, &caller.organization, |o| Some(&o.id))
        }
        "principalorgpaths" if has_principal => paths(request, &caller.organization),
        "principalorgid" | "principalorgpaths" => Absent,
        "principalisawsservice" => match kind {
            Service => One(Cow::Borrowed("true")),
            Anonymous | Federated => Absent,
            _ => One(Cow::Borrowed("false")),
        },
        "principalservicename" if kind == Service => One(Cow::Borrowed(&caller.name)),
        "principalservicenameslist" if kind == Service => Unknown(NOT_GIVEN),
        "principalservicename" | "principalservicenameslist" => Absent,
        // Sent by services that call on behalf of a resource, and by nobody else.
        "sourceaccount" | "sourcearn" | "sourceorgid" | "sourceorgpaths" if kind != Service => {
            Absent
        }
        "assumedroot" if kind != Root => Absent,
        "federatedprovider" => match kind {
            Federated => One(Cow::Borrowed(&caller.name)),
            Role => Unknown(NOT_GIVEN),
            _ => Absent,
        },
        "tokenissuetime" => match (kind, caller.credentials) {
            (_, Some(CredentialKind::LongTerm)) | (Anonymous | Federated, _) => Absent,
            _ => Unknown(NOT_GIVEN),
        },
        "multifactorauthpresent" => {
            mfa(request, One(Cow::Borrowed("true")), One(Cow::Borrowed("false")))
        }
        // The code was checked in this very call, so the age is that of one code at most.
        "multifactorauthage" => {
            mfa(request, Either(vec![One(Cow::Borrowed("0")), One(Cow::Borrowed("60"))]), Absent)
        }
        "sourceidentity" if matches!(kind, User | Root | Anonymous | Service | Federated) => Absent,
        "chatbotsourcearn" | "ec2instancesourcevpc" | "ec2instancesourceprivateipv4"
            if kind != Role =>
        {
            Absent
        }
        "resourceaccount" => match &request.resource.account {
            Owner::Account(account) => One(Cow::Borrowed(account)),
            // What is taken to be the caller's own is so here as well.
            Owner::CallersAccount if request.resource.text().value != "*" => caller
                .account
                .as_deref()
                .map_or(Unknown(NOT_GIVEN), |account| One(Cow::Borrowed(account))),
            _ => Unknown(NOT_GIVEN),
        },
        "resourceorgid" => organization(request, &request.resource.organization, |o| Some(&o.id)),
        "resourceorgpaths" => paths(request, &request.resource.organization),
        "currenttime" => match request.time {
            Some(time) => One(Cow::Owned(time.to_string())),
            None => Unknown("the moment of the request is not known"),
        },
        "epochtime" => match request.time {
            Some(time) => One(Cow::Owned(time.as_second().to_string())),
            None => Unknown("the moment of the request is not known"),
        },
        // A request has a public address or comes through an endpoint, not both.
        "sourcevpce" | "sourcevpc" | "sourcevpcarn" | "vpcsourceip" | "vpceaccount"
        | "vpceorgid" | "vpceorgpaths"
            if is_given(request, "aws:sourceip") =>
        {
            Absent
        }
        "sourceip"
            if is_given(request, "aws:sourcevpce") || is_given(request, "aws:vpcsourceip") =>
        {
            Absent
        }
        // The endpoints of STS and IAM speak TLS alone.
        "securetransport" if matches!(request.service(), "sts" | "iam") => {
            One(Cow::Borrowed("true"))
        }
        // Every request has this key. Services do not forward calls to assume a role, and what is
        // forwarded says by whom.
        "viaawsservice" if !called_via(request).is_empty() => One(Cow::Borrowed("true")),
        "viaawsservice" if is_sts(request) || request.context.complete => {
            One(Cow::Borrowed("false"))
        }
        "calledvia" | "calledviafirst" | "calledvialast" if is_sts(request) => Absent,
        "calledviafirst" | "calledvialast" => match called_via(request) {
            [.., last] if rest == "calledvialast" => One(Cow::Borrowed(last)),
            [first, ..] => One(Cow::Borrowed(first)),
            [] => Unknown(NOT_GIVEN),
        },
        // IAM has one endpoint in each partition, and it counts as that of this Region.
        "requestedregion" if request.service() == "iam" => match &*caller.partition {
            "aws" => One(Cow::Borrowed("us-east-1")),
            "aws-cn" => One(Cow::Borrowed("cn-northwest-1")),
            "aws-us-gov" => One(Cow::Borrowed("us-gov-west-1")),
            _ => Unknown(NOT_GIVEN),
        },
        "tagkeys" => match parameters(request) {
            Ok(parameters) if parameters.tags.is_empty() => not_passed(parameters),
            Ok(parameters) => {
                Many(parameters.tags.iter().map(|(key, _)| key.value.clone()).collect())
            }
            Err(unknown) => unknown,
        },
        _ => Unknown(NOT_GIVEN),
    }
}

fn sts<'r>(request: &'r Request, rest: &str) -> KeyValue<'r> {
    let of = |get: fn(&'r Parameters) -> Option<&'r str>| match parameters(request) {
        Ok(parameters) => {
            get(parameters).map_or(not_passed(parameters), |value| One(Cow::Borrowed(value)))
        }
        Err(unknown) => unknown,
    };
    match rest {
        // Keys of sts:AssumeRole* alone.
        "externalid" | "rolesessionname" | "transitivetagkeys" if !is_sts(request) => Absent,
        "externalid" => {
            of(|parameters| parameters.external_id.as_ref().map(|id| id.value.as_str()))
        }
        // The API asks for it, so a call that was made had one.
        "rolesessionname" => {
            match request
                .parameters
                .as_ref()
                .and_then(|parameters| parameters.session_name.as_ref())
            {
                Some(name) => One(Cow::Borrowed(&name.value)),
                None => Unknown(NOT_GIVEN),
            }
        }
        "sourceidentity" if !is_sts(request) => Absent,
        "sourceidentity" => {
            let passed = of(|parameters| {
                parameters.source_identity.as_ref().map(|identity| identity.value.as_str())
            });
            match request.inherited_source_identity() {
                // Whether one that is passed on counts as one of this call is not documented.
                Some(own) if passed == Absent => Either(vec![Absent, One(Cow::Borrowed(own))]),
                _ => passed,
            }
        }
        "transitivetagkeys" => match parameters(request) {
            Ok(parameters) if parameters.transitive_tag_keys.is_empty() => {
                if parameters.tags.is_empty() { not_passed(parameters) } else { Absent }
            }
            Ok(parameters) => {
                Many(parameters.transitive_tag_keys.iter().map(|key| key.value.clone()).collect())
            }
            Err(unknown) => unknown,
        },
        // Of sts:GetServiceBearerToken and the like, never of sts:AssumeRole.
        "durationseconds"
        | "taskpolicyarn"
        | "awsservicename"
        | "identitytokenaudience"
        | "signingalgorithm"
            if request.is_assume_role() =>
        {
            Absent
        }
        _ => Unknown(NOT_GIVEN),
    }
}

/// What a parameter that is not there means.
fn not_passed(parameters: &Parameters) -> KeyValue<'static> {
    if parameters.partial { Unknown(NOT_GIVEN) } else { Absent }
}

fn parameters(request: &Request) -> Result<&Parameters, KeyValue<'static>> {
    match &request.parameters {
        Some(parameters) => Ok(parameters),
        None => Err(Unknown(NOT_GIVEN)),
    }
}

/// The services that forwarded the request, in order.
fn called_via(request: &Request) -> &[String] {
    match request.context.get("aws:calledvia").map(|entry| &entry.value) {
        Some(Given::Many(services)) => services,
        Some(Given::One(service)) => std::slice::from_ref(service),
        _ => &[],
    }
}

fn is_given(request: &Request, lower: &str) -> bool {
    request.context.get(lower).is_some_and(|entry| entry.value != Given::Absent)
}

/// For sessions the role's ARN with its path, never the session's.
fn role_arn(caller: &Caller) -> KeyValue<'_> {
    match caller.role_arn() {
        Some(arn) => One(Cow::Owned(arn)),
        None => KeyValue::Holed {
            prefix: format!(
                "arn:{}:iam::{}:role/{}",
                caller.partition,
                caller.account.as_deref().unwrap_or(""),
                // Where IAM Identity Center puts its roles; a Region may follow.
                if caller.is_identity_center_role() {
                    "aws-reserved/sso.amazonaws.com/"
                } else {
                    ""
                }
            ),
            suffix: caller.name.to_string(),
            is_region: caller.is_identity_center_role(),
            missing: "the path of the caller's role is not known, and the ARN of a session does not carry it",
        },
    }
}

fn user_id(caller: &Caller) -> KeyValue<'_> {
    let holed = |prefix: &str, suffix: String| KeyValue::Holed {
        prefix: prefix.to_owned(),
        suffix,
        is_region: false,
        missing: "the unique id of the caller is not known",
    };
    match (caller.kind, &caller.unique_id) {
        (CallerKind::Root, _) => {
            caller.account.as_deref().map_or(Absent, |account| One(Cow::Borrowed(account)))
        }
        (CallerKind::User, Some(id)) => One(Cow::Borrowed(id)),
        (CallerKind::User, None) => holed("AIDA", String::new()),
        (CallerKind::RoleSession, id) => match (id, &caller.session) {
            (Some(id), Some(session)) => One(Cow::Owned(format!("{id}:{session}"))),
            (Some(id), None) => holed(&format!("{id}:"), String::new()),
            (None, Some(session)) => holed("AROA", format!(":{session}")),
            (None, None) => holed("AROA", String::new()),
        },
        (CallerKind::FederatedUser, _) => {
            One(Cow::Owned(format!("{}:{}", caller.account.as_deref().unwrap_or(""), caller.name)))
        }
        (CallerKind::Anonymous, _) => One(Cow::Borrowed("anonymous")),
        (CallerKind::Service | CallerKind::Federated, _) => Unknown(NOT_GIVEN),
    }
}

fn tag_value<'r>(
    request: &Request,
    tags: &'r Fact<Vec<(String, String)>>,
    lower: &str,
) -> KeyValue<'r> {
    match tags {
        Fact::Known(tags) => (tags.iter())
            .find(|(key, _)| key.to_lowercase() == lower)
            .map_or(Absent, |(_, value)| One(Cow::Borrowed(value))),
        Fact::Unknown(_) if request.context.complete => Absent,
        Fact::Unknown(reason) => Unknown(reason),
    }
}

fn resource_tag<'r>(request: &'r Request, rest: &str) -> KeyValue<'r> {
    let tag = rest.split_once('/').map_or("", |(_, tag)| tag);
    tag_value(request, &request.resource.tags, tag)
}

fn organization<'r>(
    request: &Request,
    fact: &'r Fact<Option<Organization>>,
    get: fn(&Organization) -> Option<&String>,
) -> KeyValue<'r> {
    match fact {
        Fact::Known(None) => Absent,
        Fact::Known(Some(organization)) => match get(organization) {
            Some(value) => One(Cow::Borrowed(value)),
            None => Unknown("the place of the account in the organization is not known"),
        },
        Fact::Unknown(_) if request.context.complete => Absent,
        Fact::Unknown(reason) => Unknown(reason),
    }
}

/// The path is a list of one.
fn paths<'r>(request: &Request, fact: &'r Fact<Option<Organization>>) -> KeyValue<'r> {
    match organization(request, fact, |organization| organization.path.as_ref()) {
        One(path) => Many(Cow::Owned(vec![path.into_owned()])),
        other => other,
    }
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html>
fn mfa<'r>(request: &Request, with: KeyValue<'r>, without: KeyValue<'r>) -> KeyValue<'r> {
    let caller = &request.caller;
    if let Some(parameters) = &request.parameters
        && parameters.serial_number.is_some()
        && is_sts(request)
    {
        return with;
    }
    match (caller.kind, caller.credentials) {
        (_, Some(CredentialKind::LongTerm)) => Absent,
        // Nothing derives it, so a request of which all is said did not carry it.
        _ if request.context.complete => Absent,
        // Whether such a session shows `false` or no key at all is not stated consistently.
        (CallerKind::RoleSession | CallerKind::FederatedUser, _) => {
            if without == Absent {
                Absent
            } else {
                Either(vec![Absent, without])
            }
        }
        (CallerKind::Service | CallerKind::Anonymous | CallerKind::Federated, _) => Absent,
        _ => Unknown("whether the caller's credentials carry MFA is not known"),
    }
}

/// The claims of a token, under the keys of its provider.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html>
fn claim<'r>(request: &'r Request, lower: &str) -> KeyValue<'r> {
    let caller = &request.caller;
    if caller.kind != CallerKind::Federated {
        // The subject of a token lives on in the session; everything else is gone.
        return match caller.kind {
            CallerKind::RoleSession => Unknown(NOT_GIVEN),
            _ => Absent,
        };
    }
    let find = |name: &str| caller.claims.iter().find(|claim| claim.name.to_lowercase() == name);
    let value = |claim: Option<&'r Claim>| match claim.map(|claim| claim.values.as_slice()) {
        None if caller.token.is_partial => {
            Unknown("the event tells no more of the token than its subject and its audience")
        }
        None if caller.token.complete || caller.token.missing => Absent,
        None if request.context.complete => Absent,
        None => Unknown("not all is known of what the caller presents"),
        Some([one]) => One(Cow::Borrowed(one.as_str())),
        Some(many) => Many(Cow::Borrowed(many)),
    };
    // The whole key may be given as well as the bare name of the claim.
    if let Some(claim) = find(lower) {
        return value(Some(claim));
    }
    if let Some(name) = lower.strip_prefix("saml:") {
        return match name {
            // The issuer stands for itself only where it is no provider's ARN.
            _ if caller.issuer() != caller.name || keys::BUILT_IN.contains(&caller.issuer()) => {
                Absent
            }
            _ if caller.token.encrypted.is_some() => {
                Unknown("the assertion is encrypted, and AWS alone may read it")
            }
            "namequalifier" if caller.token.complete => {
                Unknown("it is a hash of issuer, account and provider that is not worked out here")
            }
            _ if keys::is_saml(name) => value(find(name)),
            // AWS makes no condition key of any other attribute.
            _ => Absent,
        };
    }
    let Some((host, name)) = lower.rsplit_once(':') else { return Absent };
    let provider = caller.issuer();
    if !provider.eq_ignore_ascii_case(host) {
        return Absent;
    }
    match name {
        // `azp` takes the place of `aud` where the token has both.
        "aud" => value(find("azp").or_else(|| find("aud"))),
        "oaud" if find("azp").is_none() => Absent,
        "oaud" => value(find("aud")),
        "sub" | "amr" => value(find(name)),
        _ if keys::exposed(&provider.to_ascii_lowercase()).contains(&name) => value(find(name)),
        // AWS makes no condition key of any other claim.
        _ => Absent,
    }
}

/// The condition keys that follow from the claims of a federated caller.
pub fn claim_keys(caller: &Caller) -> Vec<String> {
    if caller.kind != CallerKind::Federated {
        return Vec::new();
    }
    let issuer = caller.issuer();
    let lower = issuer.to_ascii_lowercase();
    let names = keys::EVERY_PROVIDER.iter().chain(keys::exposed(&lower));
    let of_token = names.map(|name| format!("{issuer}:{name}"));
    let whole = caller.claims.iter().map(|claim| &claim.name).filter(|name| name.contains(':'));
    of_token.chain(whole.cloned()).collect()
}

/// The gap of a key that is not known.
pub(super) fn gap(key: &str, reason: &str) -> Gap {
    let lower = key.to_lowercase();
    let option = match lower.as_str() {
        "sts:externalid" => Some("--external-id VALUE"),
        "sts:rolesessionname" => Some("--session-name NAME"),
        "sts:sourceidentity" => Some("--source-identity VALUE"),
        "aws:sourceip" => Some("--source-ip ADDRESS"),
        "aws:multifactorauthpresent" => Some("--mfa"),
        "aws:currenttime" | "aws:epochtime" => Some("--time TIME"),
        _ => None,
    };
    let supply = match option {
        Some("--time TIME") => "pass `--time TIME`".to_owned(),
        Some(option) => {
            format!("pass `{option}`, or `--context {key}=` if the request did not carry it")
        }
        None => match lower.strip_prefix("aws:requesttag/") {
            Some(_) => format!(
                "pass `--tag KEY=VALUE`, or `--context {key}=` if the request did not carry it"
            ),
            None => format!(
                "pass `--context {key}=VALUE`, or `--context {key}=` if the request did not carry it"
            ),
        },
    };
    Gap { fact: key.to_owned(), reason: reason.to_owned(), supply }
}
