//! A denied call as a request: who, what, on which resource, with which request context.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::Value;

use super::action::Actions;
use super::codes;
use super::event::{Event, Identity};
use super::resource;
use super::said::Reader;
use crate::message::DenialKind;
use crate::policy::{Arn, PolicyType};
use crate::request::Given;

/// A call that was not authorized.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The role or user, whatever session it was.
    pub principal: String,
    /// What was denied; `None` where neither the text nor the call says.
    pub action: Option<String>,
    /// On what; `None` where it is not known.
    pub resource: Option<String>,
    /// Why, as far as AWS says.
    pub reason: Reason,
    /// What varies from one call to the next.
    pub call: Call,
}

/// Why a call was denied, as far as AWS says.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reason {
    /// The error code.
    pub code: String,
    /// Whether a Deny matched, or no Allow did.
    pub kind: Option<DenialKind>,
    /// The layer that AWS named.
    pub layer: Option<PolicyType>,
    /// The policy that AWS named.
    pub policy: Option<String>,
}

/// One call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Call {
    /// The id of its event.
    pub event_id: String,
    /// When it was made.
    pub time: Option<Timestamp>,
    /// The operation, as `s3:ListObjects`.
    pub operation: String,
    /// Who made it, as [`crate::request::Caller::parse`] reads it; `None` for one that it cannot read.
    pub caller: Option<String>,
    /// A token's provider and what is known of its claims, for a caller without AWS credentials.
    pub federated: Option<(String, Vec<(String, String)>)>,
    /// The role of the session.
    pub role: Option<String>,
    /// The unique id of the principal.
    pub unique_id: Option<String>,
    /// Whether it was signed with temporary credentials.
    pub temporary: Option<bool>,
    /// Who owns the resource, where the event says so.
    pub owner: Option<String>,
    /// The request context, as far as the event tells it.
    pub context: Vec<(&'static str, Given)>,
    /// The text of the error.
    pub message: String,
    /// The parameters of an AssumeRole* call.
    pub parameters: Option<Value>,
}

/// Reads events as denials.
#[derive(Debug, Default)]
pub struct Denials {
    actions: Actions,
    texts: Reader,
}

/// A denial as its event tells it, whose texts are mostly those of the event: what it takes to find those
/// that are the same, without what is kept of one of them alone.
pub(super) struct Told<'e> {
    /// The role or user, whatever session it was.
    pub(super) principal: Cow<'e, str>,
    /// What was denied; of a call that is not known, the operation.
    pub(super) action: Cow<'e, str>,
    pub(super) resource: Option<Cow<'e, str>>,
    pub(super) code: &'e str,
    pub(super) kind: Option<DenialKind>,
    pub(super) layer: Option<PolicyType>,
    pub(super) policy: Option<Cow<'e, str>>,
    pub(super) caller: Option<Cow<'e, str>>,
    federated: Option<(String, Vec<(String, String)>)>,
    role: Option<&'e str>,
    /// The parameters of an AssumeRole* call.
    parameters: Option<Value>,
}

impl Denials {
    /// The denial that an event tells of; `None` for one that tells of none.
    pub fn of(&mut self, event: &Event<'_>) -> Option<Denial> {
        let told = self.told(event)?;
        Some(Denial {
            principal: told.principal.to_string(),
            action: Some(told.action.to_string()),
            resource: told.resource.as_deref().map(str::to_owned),
            reason: told.reason(),
            call: told.call(event),
        })
    }

    /// The same, without a copy of it.
    pub(super) fn told<'e>(&'e mut self, event: &'e Event<'_>) -> Option<Told<'e>> {
        let code = &*event.error_code;
        if !codes::is_denial(code.as_bytes()) {
            return None;
        }
        let said = self.texts.read(&event.error_message);
        let known = self.actions.of(&event.source, &event.name);
        let is_assume = matches!(
            &*event.name,
            "AssumeRole" | "AssumeRoleWithSAML" | "AssumeRoleWithWebIdentity"
        );
        let names_resource = said.resource.as_deref().is_some_and(|one| one.starts_with("arn:"));
        let parameters =
            if is_assume || !names_resource { event.parameters.value() } else { Value::Null };
        let own =
            said.action.as_ref().is_none_or(|action| action.eq_ignore_ascii_case(&known.name));
        let from_call = |known| {
            // What the call is about need not be what another action was denied on.
            own.then(|| resource::resource(event, known, &parameters)).flatten()
        };
        let resource = match said.resource {
            Some(resource) if names_resource || resource == "*" => Some(resource),
            // A name without the rest of an ARN is better than nothing.
            other => from_call(known).map(Cow::Owned).or(other),
        };
        let action = said.action.or_else(|| known.is_known.then(|| Cow::Borrowed(&*known.name)));
        let who = Who::of(&event.identity, said.principal);
        Some(Told {
            principal: who.principal,
            action: action.unwrap_or_else(|| Cow::Owned(operation(event))),
            resource,
            code,
            kind: said.kind,
            layer: said.layer,
            policy: said.policy,
            caller: who.caller,
            federated: who.federated,
            role: who.role,
            parameters: Some(parameters).filter(|one| is_assume && one.is_object()),
        })
    }
}

impl Told<'_> {
    /// Why, as far as AWS says.
    pub(super) fn reason(&self) -> Reason {
        Reason {
            code: self.code.to_owned(),
            kind: self.kind,
            layer: self.layer,
            policy: self.policy.as_deref().map(str::to_owned),
        }
    }

    /// The call of the event that tells it.
    pub(super) fn call(&self, event: &Event<'_>) -> Call {
        let mut given = Vec::with_capacity(12);
        context(event, |key, value| given.push((key, value.given())));
        Call {
            event_id: event.id.to_string(),
            time: event.time,
            operation: operation(event),
            caller: self.caller.as_deref().map(str::to_owned),
            federated: self.federated.clone(),
            role: self.role.map(str::to_owned),
            unique_id: unique_id(&event.identity.principal_id),
            temporary: event.identity.temporary_key,
            owner: self.resource.as_deref().and_then(|arn| owner(event, arn)),
            context: given,
            message: event.error_message.to_string(),
            parameters: self.parameters.clone(),
        }
    }
}

/// The operation that was called, as `s3:ListObjects`.
fn operation(event: &Event<'_>) -> String {
    format!("{}:{}", super::action::prefix(&event.source), event.name)
}

/// The account that owns a resource whose ARN does not say it.
fn owner(event: &Event<'_>, arn: &str) -> Option<String> {
    if Arn::parse(arn).is_none_or(|arn| !arn.account.is_empty()) {
        return None;
    }
    let bucket = |arn: &str| arn.split('/').next().map(str::to_owned);
    let own = event
        .resources
        .iter()
        .find(|(one, account)| !account.is_empty() && bucket(one) == bucket(arn));
    own.map(|(_, account)| account.to_string())
}

/// `AROAEXAMPLE` of `AROAEXAMPLE:session`.
fn unique_id(principal_id: &str) -> Option<String> {
    let id = principal_id.split(':').next()?;
    let is_id =
        id.len() >= 16 && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    (is_id && id.starts_with('A')).then(|| id.to_owned())
}

/// Who called.
struct Who<'e> {
    principal: Cow<'e, str>,
    caller: Option<Cow<'e, str>>,
    federated: Option<(String, Vec<(String, String)>)>,
    role: Option<&'e str>,
}

impl<'e> Who<'e> {
    /// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>
    fn of(identity: &'e Identity<'_>, said: Option<Cow<'e, str>>) -> Self {
        let arn = filled(&identity.arn);
        let issuer = identity.session.as_ref().and_then(|session| filled(&session.issuer_arn));
        let said = || said.filter(|said| said.starts_with("arn:"));
        let simple = |principal: Cow<'e, str>, caller: Option<Cow<'e, str>>| Self {
            principal,
            caller,
            federated: None,
            role: None,
        };
        // The role of a session, or whoever else it is.
        let of_caller = |caller: &Option<Cow<'e, str>>| {
            let role = caller.as_deref().and_then(role_of).map(Cow::Owned);
            role.or_else(|| caller.clone()).unwrap_or_else(|| nameless(identity).into())
        };
        match &*identity.kind {
            "AssumedRole" | "Role" | "FederatedUser" => {
                let caller = arn.map(Cow::Borrowed).or_else(said);
                let principal = issuer.map_or_else(|| of_caller(&caller), Cow::Borrowed);
                let role = issuer.filter(|issuer| issuer.contains(":role/"));
                Self { role, ..simple(principal, caller) }
            }
            "AWSService" => {
                let name = filled(&identity.invoked_by).unwrap_or("an AWS service");
                simple(name.into(), name.contains(".amazon").then_some(name.into()))
            }
            "AWSAccount" | "AWSPrincipal" if arn.is_none() => {
                let is_anonymous = identity.principal_id == "ANONYMOUS_PRINCIPAL"
                    || identity.account.eq_ignore_ascii_case("anonymous")
                    || identity.account == "ANONYMOUS_PRINCIPAL";
                if is_anonymous {
                    return simple("anonymous".into(), Some("anonymous".into()));
                }
                let caller = said();
                simple(of_caller(&caller), caller)
            }
            "WebIdentityUser" | "SAMLUser" => {
                let provider = filled(&identity.provider);
                let user = filled(&identity.user_name);
                let principal = match (provider, user) {
                    (Some(provider), Some(user)) => format!("{user} of {provider}"),
                    (Some(provider), None) => format!("a user of {provider}"),
                    _ => nameless(identity),
                };
                let claims = if identity.kind == "WebIdentityUser" {
                    user.map(|user| ("sub".to_owned(), user.to_owned())).into_iter().collect()
                } else {
                    Vec::new()
                };
                let federated = provider.map(|provider| (provider.to_owned(), claims));
                Self { federated, ..simple(principal.into(), None) }
            }
            "IdentityCenterUser" => {
                let principal = filled(&identity.on_behalf_of).map_or_else(
                    || nameless(identity),
                    |id| {
                        format!("user {id} of IAM Identity Center in account {}", identity.account)
                    },
                );
                simple(principal.into(), arn.map(Cow::Borrowed))
            }
            // IAMUser, Root, Directory, Unknown, and what comes after them.
            _ => {
                let caller = arn.map(Cow::Borrowed).or_else(said);
                simple(of_caller(&caller), caller)
            }
        }
    }
}

/// A text, unless it is empty.
fn filled(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// What there is to say of somebody without a name.
fn nameless(identity: &Identity<'_>) -> String {
    let id = identity.principal_id.split(':').next().unwrap_or_default();
    match (&*identity.account, id, &*identity.user_name) {
        ("", "", "") => "somebody".to_owned(),
        ("", "", name) => name.to_owned(),
        ("", id, _) => id.to_owned(),
        (account, "", "") => format!("somebody in account {account}"),
        (account, "", name) => format!("{name} in account {account}"),
        (account, id, _) => format!("{id} in account {account}"),
    }
}

/// The role of a session, by its ARN alone: the path of the role is not known.
fn role_of(session: &str) -> Option<String> {
    let arn = Arn::parse(session)?;
    let (name, _) = arn.resource.strip_prefix("assumed-role/")?.split_once('/')?;
    Some(format!("arn:{}:sts::{}:assumed-role/{name}", arn.partition, arn.account))
}

/// Services whose forwarded requests carry `aws:CalledVia`.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-calledvia>
const CALLED_VIA: &[&str] = &[
    "athena.amazonaws.com",
    "cloudformation.amazonaws.com",
    "dynamodb.amazonaws.com",
    "kms.amazonaws.com",
];

/// The value of a condition key, as its event tells it.
#[derive(Clone, Copy, Debug, Hash)]
pub(super) enum Telling<'e> {
    Absent,
    One(&'e str),
    /// A list without a value.
    Empty,
    At(Timestamp),
}

impl Telling<'_> {
    fn given(self) -> Given {
        match self {
            Self::Absent => Given::Absent,
            Self::One(text) => Given::One(text.to_owned()),
            Self::Empty => Given::Many(Vec::new()),
            Self::At(time) => Given::One(time.to_string()),
        }
    }
}

/// The request context, as far as the event tells it, a key at a time and always in the same order. What it
/// does not tell is not set.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
pub(super) fn context<'e>(event: &'e Event<'_>, mut put: impl FnMut(&'static str, Telling<'e>)) {
    let identity = &event.identity;
    let one = Telling::One;
    let flag = |is_set: bool| one(if is_set { "true" } else { "false" });
    let address = event.source_ip.parse::<std::net::IpAddr>().is_ok();
    let via = &*identity.invoked_by;
    let is_own = via.is_empty();
    let has_endpoint = event.vpc_endpoint.starts_with("vpce-");
    if address && is_own {
        // Through an endpoint the address is one of the VPC, and the public one is not there.
        if has_endpoint {
            put("aws:VpcSourceIp", one(&event.source_ip));
            put("aws:SourceIp", Telling::Absent);
        } else {
            put("aws:SourceIp", one(&event.source_ip));
        }
    }
    if has_endpoint {
        put("aws:SourceVpce", one(&event.vpc_endpoint));
        if !event.vpc_endpoint_account.is_empty() {
            put("aws:VpceAccount", one(&event.vpc_endpoint_account));
        }
    } else if is_own && address {
        put("aws:SourceVpce", Telling::Absent);
    }
    if event.is_tls {
        put("aws:SecureTransport", flag(true));
    }
    if !event.user_agent.is_empty() && is_own {
        // S3 puts it in brackets.
        let agent = event.user_agent.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        put("aws:UserAgent", one(agent.unwrap_or(&event.user_agent)));
    }
    if !event.region.is_empty() {
        put("aws:RequestedRegion", one(&event.region));
    }
    if identity.kind != "AWSService" {
        if is_own {
            put("aws:ViaAWSService", flag(false));
            put("aws:CalledVia", Telling::Empty);
        } else if via.contains(".amazonaws.com") {
            put("aws:ViaAWSService", flag(true));
            if CALLED_VIA.contains(&via) {
                put("aws:CalledViaLast", one(via));
            }
        }
    }
    if let Some(session) = &identity.session {
        if let Some(mfa) = session.mfa {
            put("aws:MultiFactorAuthPresent", flag(mfa));
        }
        if let Some(created) = session.created {
            put("aws:TokenIssueTime", Telling::At(created));
        }
        if !session.source_identity.is_empty() {
            put("aws:SourceIdentity", one(&session.source_identity));
        } else if session.issuer_kind == "Role" {
            put("aws:SourceIdentity", Telling::Absent);
        }
    }
}
