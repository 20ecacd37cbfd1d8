//! Who the credentials belong to, where they come from, and until when they are good.

use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::credential_feature::AwsCredentialFeature as Feature;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextRef;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use jiff::Timestamp;
use serde_json::json;

use super::call::{Question, Reader, Way, failure, way, way_of};
use super::json::object;
use super::session::{Own, Session};
use crate::collect::answers::{Answer, Outcome};
use crate::collect::operations::Operation;
use crate::message;
use crate::policy::moment;

/// Who asks.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Its ARN.
    pub arn: String,
    /// Its account.
    pub account: String,
    /// Its unique id.
    pub user_id: String,
    /// Where the credentials come from.
    pub source: String,
    /// Until when they are good, where that is known.
    pub expires: Option<Timestamp>,
    /// That they are a session, whose end is not known.
    pub ends_unknown: bool,
    /// An access key, or a session.
    pub kind: Kind,
    /// What else is worth a line.
    pub remarks: Vec<String>,
}

/// Why nobody knows who asks.
#[derive(Clone, Debug)]
pub struct NoIdentity {
    /// How far it came.
    pub end: End,
    /// In a few words.
    pub summary: String,
    /// What to do.
    pub help: String,
    /// Where the credentials were looked for.
    pub source: String,
    /// What else is worth a line.
    pub remarks: Vec<String>,
}

/// How far a question came that nobody answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// AWS refused: its error in the form of the AWS CLI's, without any secret. What reads such texts
    /// explains it.
    Refused(String),
    /// There are no credentials, so that nothing was asked.
    NoCredentials,
    /// AWS was asked, and nothing came back.
    NoAnswer,
}

/// Which credentials these are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An access key, which is good until somebody switches it off.
    LongTerm,
    /// A session.
    Session,
}

impl Identity {
    /// What GetCallerIdentity said.
    pub(super) fn answer(&self) -> Answer {
        let said = json!({ "UserId": self.user_id, "Account": self.account, "Arn": self.arn });
        Answer {
            operation: Some(Operation::GetCallerIdentity),
            account: Some(self.account.clone()),
            about: None,
            which: None,
            outcome: Outcome::Answer(said),
        }
    }

    /// What is known of the credentials themselves.
    pub(super) fn credentials(&self) -> Answer {
        let said = object([
            ("Arn", json!(self.arn)),
            ("Source", json!(self.source)),
            ("Kind", json!(self.kind.id())),
            ("Expiration", json!(self.expires.map(|at| at.to_string()))),
            ("Remarks", json!(self.remarks)),
        ]);
        Answer {
            operation: None,
            account: Some(self.account.clone()),
            about: None,
            which: None,
            outcome: Outcome::Answer(said),
        }
    }
}

impl Kind {
    fn id(self) -> &'static str {
        match self {
            Self::LongTerm => "long-term",
            Self::Session => "session",
        }
    }
}

impl NoIdentity {
    pub(super) fn timed_out(after: Duration) -> Self {
        let seconds = after.as_secs();
        Self {
            end: End::NoAnswer,
            summary: format!("AWS STS gave no answer within {seconds} s"),
            help:
                "see whether the network or a proxy is in the way; `--timeout` gives it more time"
                    .to_owned(),
            source: String::new(),
            remarks: Vec::new(),
        }
    }
}

/// Notes where a call goes.
#[derive(Clone, Debug, Default)]
struct Address(Arc<Mutex<String>>);

impl Intercept for Address {
    fn name(&self) -> &'static str {
        "address"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // An address may hold a password before an @.
        let uri = context.request().uri();
        let (scheme, rest) = uri.split_once("://").unwrap_or(("https", uri));
        let host = rest.split(['/', '?']).next().unwrap_or_default();
        let host = host.rsplit('@').next().unwrap_or_default();
        if let Ok(mut address) = self.0.lock() {
            *address = format!("{scheme}://{host}");
        }
        Ok(())
    }
}

/// That a call did not come to AWS, or its answer not back, and what to look at.
fn unreached(what: &str, way: Way, address: &str, region: &str) -> (String, String) {
    let host = address.split_once("://").map_or(address, |(_, host)| host);
    let is_aws = host.ends_with(".amazonaws.com") || host.contains(".amazonaws.com.");
    let summary = match way {
        Way::NoSuchHost => format!("{what}: the host `{host}` does not resolve"),
        Way::Refused => format!("{what}: {address} refused the connection"),
        Way::Certificate => format!("{what}: the certificate of {address} is not trusted"),
        Way::BrokenOff => format!("{what}: {address} broke the connection off"),
        Way::NoConnection => format!("{what}: there was no connection to {address} in time"),
        Way::NoAnswer => format!("{what}: {address} gave no answer in time"),
        Way::Elsewhere => format!("{what}: the call to {address} could not be sent"),
    };
    let own =
        "see where AWS_ENDPOINT_URL, `endpoint_url` in the config file or `--endpoint-url` leads";
    let help = match way {
        Way::NoSuchHost if is_aws => format!(
            "see whether this machine is online, and whether there is a Region `{region}`"
        ),
        Way::Certificate => {
            "trust the certificate in this system's store, which is where it is looked for: AWS_CA_BUNDLE is not read"
                .to_owned()
        }
        _ if is_aws => {
            "see whether the network, a firewall or a proxy (HTTPS_PROXY, NO_PROXY) is in the way"
                .to_owned()
        }
        _ => own.to_owned(),
    };
    (summary, help)
}

/// Asks AWS whose the credentials are.
pub(super) async fn identify(
    reader: &Reader<'_>,
    session: &Session,
    own: &Own,
) -> Result<Identity, NoIdentity> {
    let credentials = match &session.credentials {
        Ok(credentials) => credentials,
        Err(error) => return Err(no_credentials(error, own, region(session))),
    };
    let source = source(credentials, own);
    let (expires, ends_unknown) = expiry(credentials, own);
    let mut remarks = shadows(credentials, own);
    if ends_unknown {
        remarks.push("when these credentials end cannot be known: they are a session that came without its end".to_owned());
    }
    let question = Question {
        session: session.id(),
        account: None,
        operation: Operation::GetCallerIdentity,
        about: None,
        which: None,
    };
    let address = Address::default();
    let request = session.sts.get_caller_identity().customize().interceptor(address.clone()).send();
    let failed = match reader.ask(question, request).await {
        Some(Ok(said)) => {
            let kind = match credentials.session_token().or(credentials.expiry().and(Some(""))) {
                Some(_) => Kind::Session,
                None => Kind::LongTerm,
            };
            return Ok(Identity {
                arn: said.arn().unwrap_or_default().to_owned(),
                account: said.account().unwrap_or_default().to_owned(),
                user_id: said.user_id().unwrap_or_default().to_owned(),
                source,
                expires,
                ends_unknown,
                kind,
                remarks,
            });
        }
        Some(Err(error)) => error,
        None => return Err(NoIdentity::timed_out(Duration::ZERO)),
    };
    let (code, why) = failure(&failed, Duration::from_secs(10));
    if let Some(expires) = expires.filter(|expires| *expires < now()) {
        remarks.insert(0, format!("these credentials ended at {expires}"));
    }
    let (end, summary, help) = match code {
        Some(code) => {
            let said = message::without_secrets(failed.message().unwrap_or_default());
            let text = format!(
                "An error occurred ({code}) when calling the GetCallerIdentity operation: {said}"
            );
            (
                End::Refused(text),
                format!("AWS STS refused these credentials ({code})"),
                String::new(),
            )
        }
        None => {
            let what = "AWS STS could not be asked";
            let address = address.0.lock().map(|address| address.clone()).unwrap_or_default();
            let (summary, help) = match &failed {
                SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => {
                    unreached(what, way(&failed), &address, region(session))
                }
                _ => (
                    format!("{what}: {why}, from {address}"),
                    "see whether that address is one of AWS, and whether a proxy answers in its place"
                        .to_owned(),
                ),
            };
            (End::NoAnswer, summary, help)
        }
    };
    Err(NoIdentity { end, summary, help, source, remarks })
}

fn region(session: &Session) -> &str {
    session.config.region().map_or("", |region| region.as_ref())
}

fn now() -> Timestamp {
    Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The ways in which the SDK says that it came by the credentials.
fn features(credentials: &Credentials) -> &[Feature] {
    credentials.get_property::<Vec<Feature>>().map(Vec::as_slice).unwrap_or_default()
}

/// Where the credentials come from, in words.
fn source(credentials: &Credentials, own: &Own) -> String {
    let features = features(credentials);
    let has = |feature: Feature| features.contains(&feature);
    if has(Feature::CredentialsEnvVars) {
        return "the environment (AWS_ACCESS_KEY_ID)".to_owned();
    }
    // The SDK says of a token in the environment, too, that it is a profile's.
    let token_in_env = has(Feature::CredentialsProfileStsWebIdToken)
        && !own.is_given
        && own.is_set("AWS_WEB_IDENTITY_TOKEN_FILE")
        && own.setting(own.base(), "web_identity_token_file").is_none();
    if token_in_env || has(Feature::CredentialsEnvVarsStsWebIdToken) {
        return "the environment (AWS_WEB_IDENTITY_TOKEN_FILE): a web identity token".to_owned();
    }
    let by_profile = [
        Feature::CredentialsProfile,
        Feature::CredentialsProfileSourceProfile,
        Feature::CredentialsProfileNamedProvider,
        Feature::CredentialsProfileStsWebIdToken,
        Feature::CredentialsProfileSso,
        Feature::CredentialsProfileProcess,
        Feature::CredentialsProfileLogin,
    ];
    if by_profile.into_iter().any(has) || own.is_given {
        return of_profile(own);
    }
    if has(Feature::CredentialsHttp) {
        return "the container's credentials".to_owned();
    }
    if has(Feature::CredentialsImds) {
        return "the instance's role, from the metadata service of EC2".to_owned();
    }
    if own.profiles.iter().any(|(name, _)| *name == own.profile) {
        return of_profile(own);
    }
    "the AWS SDK's default chain".to_owned()
}

/// `profile deploy: role …/deploy, with profile base: keys in the file`.
fn of_profile(own: &Own) -> String {
    let mut text = String::new();
    let mut at = own.profile.as_str();
    let mut seen: Vec<&str> = Vec::new();
    loop {
        let has = |name: &str| own.setting(at, name);
        text.push_str(&format!("profile {at}: "));
        seen.push(at);
        if let Some(role) = has("role_arn") {
            text.push_str(role);
            if let Some(token) = has("web_identity_token_file") {
                text.push_str(&format!(", with the web identity token in {token}"));
                return text;
            }
            match (has("source_profile"), has("credential_source")) {
                (Some(source), _) if source == at || seen.contains(&source) => {
                    text.push_str(", with its own keys");
                    return text;
                }
                (Some(source), _) => {
                    text.push_str(", assumed with ");
                    at = source;
                }
                (None, Some(source)) => {
                    text.push_str(&format!(", assumed with the credentials of {source}"));
                    return text;
                }
                (None, None) => return text,
            }
            continue;
        }
        let kind = if has("sso_session").is_some() || has("sso_start_url").is_some() {
            "single sign-on"
        } else if has("credential_process").is_some() {
            "credential_process"
        } else if has("login_session").is_some() {
            "aws login"
        } else if has("aws_session_token").is_some() {
            "a session in the file"
        } else {
            "keys in the file"
        };
        text.push_str(kind);
        return text;
    }
}

/// Until when, and whether they are a session whose end nobody says.
fn expiry(credentials: &Credentials, own: &Own) -> (Option<Timestamp>, bool) {
    if let Some(at) = credentials.expiry() {
        let at = Timestamp::try_from(at).ok();
        return (at.and_then(|at| Timestamp::from_second(at.as_second()).ok()), false);
    }
    let from_env = features(credentials).contains(&Feature::CredentialsEnvVars);
    let said = if from_env {
        own.expires.as_deref()
    } else {
        own.setting(&own.profile, "aws_session_expiration")
    };
    let said = said.and_then(moment);
    (said, said.is_none() && credentials.session_token().is_some())
}

/// What hides what, and other things that surprise.
fn shadows(credentials: &Credentials, own: &Own) -> Vec<String> {
    let mut remarks = Vec::new();
    let keys = own.is_set("AWS_ACCESS_KEY_ID");
    let from_env = features(credentials).contains(&Feature::CredentialsEnvVars);
    if from_env && own.is_set("AWS_PROFILE") {
        remarks.push(format!(
            "AWS_PROFILE={} has no effect: the keys in the environment come first; unset \
             AWS_ACCESS_KEY_ID to use the profile",
            own.profile
        ));
    }
    if keys && !from_env && own.is_given {
        remarks.push(format!(
            "the keys in the environment are passed over: `--profile {}` was given",
            own.profile
        ));
    }
    if from_env && own.is_set("AWS_WEB_IDENTITY_TOKEN_FILE") {
        remarks.push(
            "AWS_WEB_IDENTITY_TOKEN_FILE has no effect: the keys in the environment come first"
                .to_owned(),
        );
    }
    if credentials.access_key_id().starts_with("ASIA") && credentials.session_token().is_none() {
        remarks.push(
            "the access key is a session's (ASIA…), but there is no session token beside it"
                .to_owned(),
        );
    }
    if credentials.access_key_id().starts_with("AKIA") && credentials.session_token().is_some() {
        remarks.push("there is a session token beside a long-term access key (AKIA…); one of the two is left over".to_owned());
    }
    if !from_env && own.setting(&own.profile, "mfa_serial").is_some() {
        remarks.push(format!(
            "profile {} has an mfa_serial, and nothing asked for a code: the role was assumed \
             without MFA, so conditions on MFA fail for these credentials",
            own.profile
        ));
    }
    if features(credentials).contains(&Feature::CredentialsImds) {
        remarks
            .push("nothing else was configured, so this is the machine's own identity".to_owned());
    }
    if let Some(ends) = own.token_ends.as_deref().and_then(moment) {
        remarks.push(format!("the sign-in behind it ends at {ends}"));
    }
    remarks
}

/// Why there are no credentials.
fn no_credentials(error: &CredentialsError, own: &Own, region: &str) -> NoIdentity {
    // INVARIANT: the SDK's errors may hold what a process printed, so no text of theirs is shown;
    // they are only looked through for what can be told apart.
    let inside = format!("{error:?}");
    let has = |text: &str| inside.contains(text);
    let profile = &own.profile;
    let mut remarks = Vec::new();
    let known = own.profiles.iter().any(|(name, _)| name == profile);
    let sign_in = |command: &str| format!("run `aws {command} --profile {profile}`");
    let not_there = !has("CredentialsNotLoaded(");
    let mut end = End::NoCredentials;
    let (summary, help) = if has("infinite loop") || has("CredentialLoop") {
        (
            format!("profile {profile} leads back to itself"),
            "let one `source_profile` of the circle name a profile that has credentials".to_owned(),
        )
    } else if let Some((code, said)) = service_error(error, &inside) {
        let (text, summary) = refused(own, &code, &message::without_secrets(&said));
        end = End::Refused(text);
        (summary, String::new())
    } else if not_there && let Some(way) = way_of_credentials(error, &inside) {
        end = End::NoAnswer;
        let what = format!("the credentials of profile {profile} could not be fetched");
        unreached(&what, way, "the endpoint", region)
    } else if has("SSO token has expired") || has("ExpiredToken") {
        (format!("the sign-in of profile {profile} has ended"), sign_in("sso login"))
    } else if has("FailedToLoadToken") || has("failed to load") && has("SSO") {
        (format!("profile {profile} has not signed in"), sign_in("sso login"))
    } else if own.setting(own.base(), "login_session").is_some() {
        (
            format!("the session of profile {profile} has ended"),
            format!("run `aws login --profile {}`", own.base()),
        )
    } else if own.setting(profile, "credential_process").is_some() && not_there {
        (
            format!("the credential_process of profile {profile} failed"),
            "run its command by hand to see why".to_owned(),
        )
    } else if (own.is_given || own.is_set("AWS_PROFILE")) && !known {
        let names: Vec<_> = own.profiles.iter().map(|(name, _)| name.as_str()).collect();
        if !names.is_empty() {
            remarks.push(format!("the config files have the profiles {}", names.join(", ")));
        }
        let help = match (own.is_given, names.as_slice()) {
            (_, []) => "make it with `aws configure`, or see whether AWS_CONFIG_FILE is right",
            (true, _) => "name one that there is with `--profile`",
            (false, _) => "set AWS_PROFILE to one that there is, or unset it",
        };
        (format!("there is no profile {profile}"), help.to_owned())
    } else if own.is_set("AWS_ACCESS_KEY_ID") && !own.is_set("AWS_SECRET_ACCESS_KEY") {
        (
            "AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not".to_owned(),
            "set both, or unset both to use a profile".to_owned(),
        )
    } else {
        let others: Vec<_> = own.profiles.iter().map(|(name, _)| name.as_str()).collect();
        let help = match others.as_slice() {
            [] => "sign in with `aws sso login` or `aws login`, or set AWS_PROFILE or AWS_ACCESS_KEY_ID".to_owned(),
            names => format!(
                "name one of the profiles that there are with `--profile`: {}",
                names.join(", ")
            ),
        };
        ("there are no credentials".to_owned(), help)
    };
    let source = if own.is_given || known { format!("profile {profile}") } else { String::new() };
    NoIdentity { end, summary, help, source, remarks }
}

/// How far it came to whoever gives the credentials.
fn way_of_credentials(error: &CredentialsError, inside: &str) -> Option<Way> {
    match way_of(error) {
        // The errors between do not all say their causes.
        Way::Elsewhere if inside.contains("ConnectionRefused") => Some(Way::Refused),
        Way::Elsewhere if inside.contains("dns error") => Some(Way::NoSuchHost),
        Way::Elsewhere if inside.contains("DispatchFailure") => Some(Way::Elsewhere),
        Way::Elsewhere if matches!(error, CredentialsError::ProviderTimedOut(_)) => {
            Some(Way::NoAnswer)
        }
        Way::Elsewhere => None,
        way => Some(way),
    }
}

/// Which step of a profile AWS refused: an error text, and a summary.
fn refused(own: &Own, code: &str, said: &str) -> (String, String) {
    let profile = &own.profile;
    let base = own.base();
    let of_base = |name: &str| own.setting(base, name);
    let signs_on = of_base("sso_session").or(of_base("sso_start_url")).is_some();
    let error = |operation: &str| {
        format!("An error occurred ({code}) when calling the {operation} operation: {said}")
    };
    // The codes of the portal, which STS does not have.
    // <https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/API_GetRoleCredentials.html>
    let of_portal = matches!(
        code,
        "UnauthorizedException"
            | "ForbiddenException"
            | "ResourceNotFoundException"
            | "InvalidRequestException"
    );
    if signs_on && of_portal {
        let role = of_base("sso_role_name").unwrap_or("?");
        let account = of_base("sso_account_id").unwrap_or("?");
        let summary = format!(
            "profile {base}: single sign-on gives no credentials for role {role} of account {account} ({code})"
        );
        return (error("GetRoleCredentials"), summary);
    }
    let by_token = of_base("web_identity_token_file").is_some()
        || (!own.is_given && own.is_set("AWS_WEB_IDENTITY_TOKEN_FILE"));
    let operation = if by_token { "AssumeRoleWithWebIdentity" } else { "AssumeRole" };
    let who = if by_token && of_base("web_identity_token_file").is_none() {
        "the web identity token in the environment".to_owned()
    } else {
        format!("profile {profile}")
    };
    (error(operation), format!("{who} could not assume its role ({code})"))
}

/// The code and message of an error that AWS gave while credentials were looked for.
fn service_error(error: &CredentialsError, inside: &str) -> Option<(String, String)> {
    let mut at: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = at {
        if let Some(sts) = error.downcast_ref::<aws_sdk_sts::Error>()
            && let Some(code) = ProvideErrorMetadata::code(sts)
        {
            return Some((code.to_owned(), sts.message().unwrap_or_default().to_owned()));
        }
        at = error.source();
    }
    // The error of the SDK's own client has a type that cannot be named.
    let quoted = |name: &str| {
        let rest = inside.split_once(&format!("{name}: Some(\""))?.1;
        Some(rest.split_once("\")")?.0.to_owned())
    };
    Some((quoted("code")?, quoted("message").unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_doubted_only_where_its_host_does_not_resolve() {
        let aws = "https://sts.eu-wets-1.amazonaws.com";
        let said =
            |way, address| unreached("AWS STS could not be asked", way, address, "eu-wets-1");
        let (summary, help) = said(Way::NoSuchHost, aws);
        assert_eq!(
            summary,
            "AWS STS could not be asked: the host `sts.eu-wets-1.amazonaws.com` does not resolve"
        );
        assert!(help.contains("whether there is a Region `eu-wets-1`"), "{help}");
        for way in [Way::Refused, Way::NoConnection, Way::NoAnswer, Way::BrokenOff] {
            let (summary, help) = said(way, aws);
            assert!(!format!("{summary}{help}").contains("Region"), "{summary}; {help}");
            assert!(help.contains("HTTPS_PROXY"), "{help}");
        }
        let (_, help) = said(Way::NoSuchHost, "http://emulator:4566");
        assert!(help.contains("AWS_ENDPOINT_URL") && !help.contains("Region"), "{help}");
    }
}
