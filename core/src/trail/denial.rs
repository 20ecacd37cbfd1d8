//! A denied call as a request: who, what, on which resource, with which request context.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::Value;

use super::action::{Actions, by_parameters, depends};
use super::codes;
use super::context::context;
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
        if !codes::is_denied(event) {
            return None;
        }
        let said = self.texts.read(&event.error_message);
        let is_assume = matches!(
            &*event.name,
            "AssumeRole" | "AssumeRoleWithSAML" | "AssumeRoleWithWebIdentity"
        );
        let names_resource = said.resource.as_deref().is_some_and(|one| one.starts_with("arn:"));
        let depends = said.action.is_none() && depends(&event.source, &event.name);
        let parameters = if is_assume || depends || !names_resource {
            event.parameters.value()
        } else {
            Value::Null
        };
        let other =
            depends.then(|| by_parameters(&event.source, &event.name, &parameters)).flatten();
        let known = match &other {
            Some((source, name)) => self.actions.of(source, name),
            None => self.actions.of(&event.source, &event.name),
        };
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
        // `SNS:Publish` of a text is `sns:Publish`.
        let action = said.action.filter(|_| !(own && known.is_known));
        let action = action.or_else(|| known.is_known.then(|| Cow::Borrowed(&*known.name)));
        let who = Who::of(&event.identity, said.principal, &parameters);
        // The text of such an event names nothing.
        let of_endpoint = (code == codes::OF_ENDPOINT).then_some(PolicyType::VpcEndpoint);
        Some(Told {
            principal: who.principal,
            action: action.unwrap_or_else(|| Cow::Owned(operation(event))),
            resource,
            code,
            kind: said.kind,
            layer: said.layer.or(of_endpoint),
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

/// `AROAEXAMPLE` of `AROAEXAMPLE:session`; not an access key, which stands there of callers from elsewhere.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>
fn unique_id(principal_id: &str) -> Option<String> {
    let id = principal_id.split(':').next()?;
    let is_id =
        id.len() >= 16 && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    (is_id && (id.starts_with("AROA") || id.starts_with("AIDA"))).then(|| id.to_owned())
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
    fn of(identity: &'e Identity<'_>, said: Option<Cow<'e, str>>, parameters: &Value) -> Self {
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
                // Of an assertion the event has a hash of the issuer, and the call has the provider.
                let called = parameters.get("principalArn").and_then(Value::as_str);
                let is_saml = identity.kind == "SAMLUser";
                let provider = called.filter(|_| is_saml).or(filled(&identity.provider));
                let user = filled(&identity.user_name);
                let principal = match (provider, user) {
                    (Some(provider), Some(user)) => format!("{user} of {provider}"),
                    (Some(provider), None) => format!("a user of {provider}"),
                    _ => nameless(identity),
                };
                let claims = if is_saml { of_assertion(identity) } else { of_token(identity) };
                let provider = if is_saml { called } else { provider };
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

/// What is known of the claims of a token: the principal's id is its provider, its audience and its subject.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html#STS-API-SAML-WIF>
fn of_token(identity: &Identity<'_>) -> Vec<(String, String)> {
    let user = filled(&identity.user_name);
    let audience = user.and_then(|user| {
        let rest = identity.principal_id.strip_prefix(&*identity.provider)?.strip_prefix(':')?;
        filled(rest.strip_suffix(user)?.strip_suffix(':')?)
    });
    let claims = [("sub", user), ("aud", audience)];
    claims
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
        .collect()
}

/// What is known of an assertion.
fn of_assertion(identity: &Identity<'_>) -> Vec<(String, String)> {
    let claims = [("saml:sub", &identity.user_name), ("saml:namequalifier", &identity.provider)];
    claims
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), filled(value)?.to_owned())))
        .collect()
}

/// A text, unless it is empty.
fn filled(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// What there is to say of somebody without a name.
fn nameless(identity: &Identity<'_>) -> String {
    let id = identity.principal_id.split(':').next().unwrap_or_default();
    // An access key says nothing to people and is nobody's business.
    let id = if id.starts_with("AKIA") || id.starts_with("ASIA") { "" } else { id };
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
