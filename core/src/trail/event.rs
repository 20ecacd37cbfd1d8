//! One event as CloudTrail writes it, as far as a denial needs it.
//!
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// An event. Its texts are those of the file, unless they stand there with escapes.
#[derive(Clone, Debug, Default)]
pub struct Event<'b> {
    /// Its id.
    pub id: Cow<'b, str>,
    /// When the call was made.
    pub time: Option<Timestamp>,
    /// Which service was called: `s3.amazonaws.com`.
    pub source: Cow<'b, str>,
    /// Which of its operations.
    pub name: Cow<'b, str>,
    /// The region.
    pub region: Cow<'b, str>,
    /// The caller's address, or the service that called.
    pub source_ip: Cow<'b, str>,
    /// The caller's program.
    pub user_agent: Cow<'b, str>,
    /// The error.
    pub error_code: Cow<'b, str>,
    /// Its text.
    pub error_message: Cow<'b, str>,
    /// Whether it failed without an error code, as where somebody could not sign in.
    pub has_failed: bool,
    /// The VPC endpoint that the call went through.
    pub vpc_endpoint: Cow<'b, str>,
    /// The account of that endpoint.
    pub vpc_endpoint_account: Cow<'b, str>,
    /// The account that was called.
    pub recipient: Cow<'b, str>,
    /// Whether the call is known to have come over TLS.
    pub is_tls: bool,
    /// Who called.
    pub identity: Identity<'b>,
    /// The resources: the ARN of each, and the account that owns it.
    pub resources: Vec<(Cow<'b, str>, Cow<'b, str>)>,
    /// The parameters of the call.
    pub parameters: Parameters<'b>,
}

impl Event<'_> {
    /// Whether it is the owner of the VPC endpoint who is told, and not the account that was called.
    /// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-network-events-with-cloudtrail.html>
    pub(super) fn is_of_endpoint(&self) -> bool {
        !self.vpc_endpoint_account.is_empty()
            && self.vpc_endpoint_account == self.recipient
            && self.identity.account != self.recipient
    }
}

/// The parameters of a call, read when they are asked for.
#[derive(Clone, Debug, Default)]
pub enum Parameters<'b> {
    /// There are none, or they are not told.
    #[default]
    None,
    /// As they stand in the event.
    Raw(&'b RawValue),
    /// As a column has them.
    Text(String),
}

impl Parameters<'_> {
    /// The parameters as a value.
    pub fn value(&self) -> Value {
        match self {
            Self::None => Value::Null,
            Self::Raw(raw) => serde_json::from_str(raw.get()).unwrap_or_default(),
            Self::Text(text) => serde_json::from_str(text).unwrap_or_default(),
        }
    }
}

/// Who called.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity<'b> {
    /// `IAMUser`, `AssumedRole`, …
    pub kind: Cow<'b, str>,
    /// The unique id, with the session's name behind a colon.
    pub principal_id: Cow<'b, str>,
    /// The ARN; not every kind has one.
    pub arn: Cow<'b, str>,
    /// The account.
    pub account: Cow<'b, str>,
    /// The name.
    pub user_name: Cow<'b, str>,
    /// Whether the access key is a temporary one, where it is told.
    pub temporary_key: Option<bool>,
    /// The service that made the call for somebody, or by itself.
    pub invoked_by: Cow<'b, str>,
    /// The provider of a web identity or SAML user.
    pub provider: Cow<'b, str>,
    /// The user in IAM Identity Center, where it is told.
    pub on_behalf_of: Cow<'b, str>,
    /// The resource for which a service calls, and its account.
    pub source: (Cow<'b, str>, Cow<'b, str>),
    /// What has the credentials: its type, as `AWS::Lambda::Function`, and its ARN.
    pub holder: (Cow<'b, str>, Cow<'b, str>),
    /// What the session was made from.
    pub session: Option<Session<'b>>,
}

/// What a session was made from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session<'b> {
    /// `Role`, `IAMUser`, `Root`.
    pub issuer_kind: Cow<'b, str>,
    /// The role or user.
    pub issuer_arn: Cow<'b, str>,
    /// The account of it.
    pub issuer_account: Cow<'b, str>,
    /// When the session was made.
    pub created: Option<Timestamp>,
    /// Whether it was made with MFA.
    pub mfa: Option<bool>,
    /// Its source identity.
    pub source_identity: Cow<'b, str>,
    /// By which version of the metadata service an instance got it: `1.0`, `2.0`.
    pub ec2_delivery: Cow<'b, str>,
    /// The identity provider whose token it was made from.
    pub provider: Cow<'b, str>,
    /// The session of somebody who signed in.
    pub sign_in: Cow<'b, str>,
    /// Whether it is one of a root user whom an organization's management assumed.
    pub is_assumed_root: bool,
}

/// A text, or nothing where something else stands.
#[derive(Default)]
struct Text<'b>(Cow<'b, str>);

impl<'de: 'b, 'b> Deserialize<'de> for Text<'b> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Text<'de>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("anything")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
            fn visit_string<E>(self, text: String) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text)))
            }
            fn visit_bool<E>(self, yes: bool) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(if yes { "true" } else { "false" })))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(number.to_string())))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(number.to_string())))
            }
            fn visit_f64<E>(self, _: f64) -> Result<Text<'de>, E> {
                Ok(Text::default())
            }
            fn visit_unit<E>(self) -> Result<Text<'de>, E> {
                Ok(Text::default())
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Text<'de>, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Text::default())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Text<'de>, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Text::default())
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// An event as it stands in a file.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Written<'b> {
    #[serde(rename = "eventID")]
    event_id: Text<'b>,
    event_time: Text<'b>,
    event_source: Text<'b>,
    event_name: Text<'b>,
    aws_region: Text<'b>,
    #[serde(rename = "sourceIPAddress")]
    source_ip: Text<'b>,
    user_agent: Text<'b>,
    error_code: Text<'b>,
    error_message: Text<'b>,
    vpc_endpoint_id: Text<'b>,
    vpc_endpoint_account_id: Text<'b>,
    recipient_account_id: Text<'b>,
    user_identity: Option<WrittenIdentity<'b>>,
    #[serde(borrow)]
    request_parameters: Option<&'b RawValue>,
    #[serde(borrow)]
    response_elements: Option<&'b RawValue>,
    resources: Option<Vec<WrittenResource<'b>>>,
    tls_details: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WrittenIdentity<'b> {
    #[serde(rename = "type", borrow)]
    kind: Text<'b>,
    principal_id: Text<'b>,
    arn: Text<'b>,
    account_id: Text<'b>,
    access_key_id: Text<'b>,
    user_name: Text<'b>,
    invoked_by: Text<'b>,
    identity_provider: Text<'b>,
    on_behalf_of: Option<WrittenBehalf<'b>>,
    in_scope_of: Option<WrittenScope<'b>>,
    session_context: Option<WrittenSession<'b>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WrittenScope<'b> {
    #[serde(borrow)]
    source_arn: Text<'b>,
    source_account: Text<'b>,
    issuer_type: Text<'b>,
    credentials_issued_to: Text<'b>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WrittenBehalf<'b> {
    #[serde(borrow)]
    user_id: Text<'b>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WrittenSession<'b> {
    #[serde(borrow)]
    session_issuer: Option<WrittenIssuer<'b>>,
    attributes: Option<WrittenAttributes<'b>>,
    web_id_federation_data: Option<WrittenFederation<'b>>,
    source_identity: Text<'b>,
    ec2_role_delivery: Text<'b>,
    sign_in_session_arn: Text<'b>,
    assumed_root: Text<'b>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WrittenFederation<'b> {
    #[serde(borrow)]
    federated_provider: Text<'b>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WrittenIssuer<'b> {
    #[serde(rename = "type", borrow)]
    kind: Text<'b>,
    arn: Text<'b>,
    account_id: Text<'b>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WrittenAttributes<'b> {
    #[serde(borrow)]
    creation_date: Text<'b>,
    mfa_authenticated: Text<'b>,
}

/// CloudTrail writes `ARN` in events; in queries it is in small letters.
#[derive(Default, Deserialize)]
#[serde(default)]
struct WrittenResource<'b> {
    #[serde(rename = "ARN", alias = "arn", borrow)]
    arn: Text<'b>,
    #[serde(rename = "accountId", alias = "accountid")]
    account: Text<'b>,
}

/// What holds an event: itself, or an envelope around it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Envelope<'b> {
    /// Of `lookup-events`: the event as a text.
    #[serde(rename = "CloudTrailEvent")]
    event: Option<String>,
    /// Of CloudWatch Logs.
    message: Option<String>,
    /// Of EventBridge.
    #[serde(borrow)]
    detail: Option<&'b RawValue>,
}

/// Reads an event, or one in an envelope, and gives it to `take`; whether it can be read. What is no
/// event, such as an event of another kind in the same list, is passed over.
pub(super) fn read(bytes: &[u8], take: &mut dyn FnMut(Event<'_>)) -> bool {
    let Ok(written) = parse::<Written<'_>>(bytes) else { return false };
    if !written.event_name.0.is_empty() {
        take(written.into());
        return true;
    }
    let Ok(envelope) = parse::<Envelope<'_>>(bytes) else { return true };
    let inner = envelope.event.or(envelope.message);
    let inner = inner.as_deref().or(envelope.detail.map(RawValue::get));
    let Some(inner) = inner.map(str::trim).filter(|inner| inner.starts_with('{')) else {
        return true;
    };
    let Ok(written) = serde_json::from_str::<Written<'_>>(inner) else { return false };
    if !written.event_name.0.is_empty() {
        take(written.into());
    }
    true
}

/// Reads JSON. All of it is looked at together for what is no UTF-8, which takes less than to look at each
/// text by itself; what nobody reads may hold such bytes.
fn parse<'b, T: Deserialize<'b>>(bytes: &'b [u8]) -> serde_json::Result<T> {
    std::str::from_utf8(bytes)
        .map_or_else(|_| serde_json::from_slice(bytes), |text| serde_json::from_str(text))
}

/// A moment as CloudTrail writes it, or as query engines print it.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    if let Ok(moment) = text.parse() {
        return Some(moment);
    }
    // `2026-10-01 09:00:00.000`, which is UTC.
    let text = text.strip_suffix(" UTC").unwrap_or(text);
    format!("{}Z", text.replacen(' ', "T", 1)).parse().ok()
}

pub(super) fn flag(text: &str) -> Option<bool> {
    match text {
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

impl<'b> From<Written<'b>> for Event<'b> {
    fn from(written: Written<'b>) -> Self {
        let resources = written.resources.unwrap_or_default().into_iter();
        // <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html>
        let is_failure = || {
            written.event_source.0 == "signin.amazonaws.com"
                && written.response_elements.is_some_and(|raw| raw.get().contains("\"Failure\""))
        };
        Self {
            has_failed: written.error_code.0.is_empty()
                && (!written.error_message.0.is_empty() || is_failure()),
            id: written.event_id.0,
            time: moment(&written.event_time.0),
            source: written.event_source.0,
            name: written.event_name.0,
            region: written.aws_region.0,
            source_ip: written.source_ip.0,
            user_agent: written.user_agent.0,
            error_code: written.error_code.0,
            error_message: written.error_message.0,
            vpc_endpoint: written.vpc_endpoint_id.0,
            vpc_endpoint_account: written.vpc_endpoint_account_id.0,
            recipient: written.recipient_account_id.0,
            is_tls: written.tls_details.is_some(),
            identity: written.user_identity.unwrap_or_default().into(),
            resources: resources.map(|one| (one.arn.0, one.account.0)).collect(),
            parameters: written.request_parameters.map_or(Parameters::None, Parameters::Raw),
        }
    }
}

impl<'b> From<WrittenIdentity<'b>> for Identity<'b> {
    fn from(written: WrittenIdentity<'b>) -> Self {
        let scope = written.in_scope_of.unwrap_or_default();
        Self {
            source: (scope.source_arn.0, scope.source_account.0),
            holder: (scope.issuer_type.0, scope.credentials_issued_to.0),
            kind: written.kind.0,
            principal_id: written.principal_id.0,
            arn: written.arn.0,
            account: written.account_id.0,
            temporary_key: is_temporary(&written.access_key_id.0),
            user_name: written.user_name.0,
            invoked_by: written.invoked_by.0,
            provider: written.identity_provider.0,
            on_behalf_of: written.on_behalf_of.unwrap_or_default().user_id.0,
            session: written.session_context.map(|session| {
                let issuer = session.session_issuer.unwrap_or_default();
                let attributes = session.attributes.unwrap_or_default();
                Session {
                    issuer_kind: issuer.kind.0,
                    issuer_arn: issuer.arn.0,
                    issuer_account: issuer.account_id.0,
                    created: moment(&attributes.creation_date.0),
                    mfa: flag(&attributes.mfa_authenticated.0),
                    source_identity: session.source_identity.0,
                    ec2_delivery: session.ec2_role_delivery.0,
                    provider: session
                        .web_id_federation_data
                        .unwrap_or_default()
                        .federated_provider
                        .0,
                    sign_in: session.sign_in_session_arn.0,
                    is_assumed_root: flag(&session.assumed_root.0) == Some(true),
                }
            }),
        }
    }
}

/// Whether an access key is a temporary one; the key itself is not kept.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids>
pub(super) fn is_temporary(key: &str) -> Option<bool> {
    match key.get(..4) {
        Some("ASIA") => Some(true),
        Some("AKIA") => Some(false),
        _ => None,
    }
}
