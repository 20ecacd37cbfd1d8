//! The request context of a call, as far as its event tells it.

use jiff::Timestamp;

use super::event::Event;
use crate::request::Given;

/// Services whose forwarded requests carry `aws:CalledVia`.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-calledvia>
const CALLED_VIA: &[&str] = &[
    "athena.amazonaws.com",
    "cloudformation.amazonaws.com",
    "dynamodb.amazonaws.com",
    "kms.amazonaws.com",
];

/// Condition keys that say in which function or instance the credentials are.
/// <https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html>
const HOLDERS: &[(&str, &str)] = &[
    ("AWS::Lambda::Function", "lambda:SourceFunctionArn"),
    ("AWS::EC2::Instance", "ec2:SourceInstanceARN"),
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
    pub(super) fn given(self) -> Given {
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
        for (key, value) in [
            ("ec2:RoleDelivery", &session.ec2_delivery),
            ("aws:FederatedProvider", &session.provider),
            ("aws:SignInSessionArn", &session.sign_in),
        ] {
            if !value.is_empty() {
                put(key, one(value));
            }
        }
        if session.is_assumed_root {
            put("aws:AssumedRoot", flag(true));
        }
    }
    let (resource, account) = &identity.source;
    if !resource.is_empty() {
        put("aws:SourceArn", one(resource));
    }
    if !account.is_empty() {
        put("aws:SourceAccount", one(account));
    }
    let (kind, holder) = &identity.holder;
    let key = HOLDERS.iter().find(|(own, _)| own == kind).map(|(_, key)| *key);
    if let Some(key) = key.filter(|_| !holder.is_empty()) {
        put(key, one(holder));
    }
}
