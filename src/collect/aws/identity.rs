//! Who the credentials belong to, where they come from, and until when they are good.

use std::error::Error;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::credential_feature::AwsCredentialFeature as Feature;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use jiff::Timestamp;
use serde_json::json;

use super::call::{Question, Reader, failure};
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
    /// What else is worth a line.
    pub remarks: Vec<String>,
}

/// Why nobody knows who asks.
#[derive(Clone, Debug)]
pub struct NoIdentity {
    /// An error text in the form of the AWS CLI's, without any secret: what reads such texts
    /// explains it.
    pub text: String,
    /// In a few words.
    pub summary: String,
    /// Where the credentials were looked for.
    pub source: String,
    /// What else is worth a line.
    pub remarks: Vec<String>,
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

impl NoIdentity {
    pub(super) fn timed_out(after: Duration) -> Self {
        let seconds = after.as_secs();
        Self {
            text: format!(
                "Connect timeout on endpoint URL: AWS STS gave no answer within {seconds} s"
            ),
            summary: format!("AWS STS gave no answer within {seconds} s"),
            source: String::new(),
            remarks: Vec::new(),
        }
    }
}

/// Asks AWS whose the credentials are.
pub(super) async fn identify(
    reader: &Reader<'_>,
    session: &Session,
    own: &Own,
) -> Result<Identity, NoIdentity> {
    let credentials = match &session.credentials {
        Ok(credentials) => credentials,
        Err(error) => return Err(no_credentials(error, own)),
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
    let asked = reader.ask(question, session.sts.get_caller_identity().send()).await;
    let failed = match asked {
        Some(Ok(said)) => {
            return Ok(Identity {
                arn: said.arn().unwrap_or_default().to_owned(),
                account: said.account().unwrap_or_default().to_owned(),
                user_id: said.user_id().unwrap_or_default().to_owned(),
                source,
                expires,
                ends_unknown,
                remarks,
            });
        }
        Some(Err(error)) => error,
        None => return Err(NoIdentity::timed_out(Duration::ZERO)),
    };
    let (code, why) = failure(&failed, Duration::from_secs(10));
    let said = failed.message().unwrap_or_default();
    let text = match &code {
        Some(code) => {
            let said = message::without_secrets(said);
            format!(
                "An error occurred ({code}) when calling the GetCallerIdentity operation: {said}"
            )
        }
        None => format!("Could not connect to the endpoint URL: {why}"),
    };
    let now = now();
    if let Some(expires) = expires.filter(|expires| *expires < now) {
        remarks.insert(0, format!("these credentials ended at {expires}"));
    }
    let summary = match &code {
        Some(code) => format!("AWS STS refused these credentials ({code})"),
        None => format!("AWS STS could not be asked: {why}"),
    };
    Err(NoIdentity { text, summary, source, remarks })
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

/// Why there are no credentials, as a text that explains itself.
fn no_credentials(error: &CredentialsError, own: &Own) -> NoIdentity {
    // INVARIANT: the SDK's errors may hold what a process printed, so no text of theirs is shown;
    // they are only looked through for what can be told apart.
    let inside = format!("{error:?}");
    let has = |text: &str| inside.contains(text);
    let profile = &own.profile;
    let mut remarks = Vec::new();
    let known = own.profiles.iter().any(|(name, _)| name == profile);
    let (text, summary) = if has("infinite loop") || has("CredentialLoop") {
        (
            "Infinite loop in credential configuration detected.".to_owned(),
            format!("profile {profile} leads back to itself"),
        )
    } else if let Some((code, said)) = service_error(error, &inside) {
        refused(own, &code, &message::without_secrets(&said))
    } else if has("SSO token has expired") || has("ExpiredToken") {
        (
            "The SSO session associated with this profile has expired or is otherwise invalid. \
             To refresh this SSO session run aws sso login with the corresponding profile."
                .to_owned(),
            format!(
                "the sign-in of profile {profile} has ended: run `aws sso login --profile {profile}`"
            ),
        )
    } else if has("FailedToLoadToken") || has("failed to load") && has("SSO") {
        (
            format!("Unable to locate credentials: profile {profile} has not signed in"),
            format!("profile {profile} has not signed in: run `aws sso login --profile {profile}`"),
        )
    } else if own.setting(profile, "login_session").is_some() {
        (
            "Your session has expired or credentials have changed. Please reauthenticate using 'aws login'."
                .to_owned(),
            format!("the session of profile {profile} has ended: run `aws login --profile {profile}`"),
        )
    } else if own.setting(profile, "credential_process").is_some() && !has("CredentialsNotLoaded(")
    {
        (
            "Unable to locate credentials: the credential_process failed".to_owned(),
            format!(
                "the credential_process of profile {profile} failed; run its command by hand to see why"
            ),
        )
    } else if (own.is_given || own.is_set("AWS_PROFILE")) && !known {
        let names: Vec<_> = own.profiles.iter().map(|(name, _)| name.as_str()).collect();
        if !names.is_empty() {
            remarks.push(format!("the config files have the profiles {}", names.join(", ")));
        }
        (
            format!("The config profile ({profile}) could not be found"),
            format!("there is no profile {profile}"),
        )
    } else if own.is_set("AWS_ACCESS_KEY_ID") && !own.is_set("AWS_SECRET_ACCESS_KEY") {
        (
            "Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY".to_owned(),
            "AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not".to_owned(),
        )
    } else {
        (
            "Unable to locate credentials. You can configure credentials by running \"aws configure\"."
                .to_owned(),
            "there are no credentials".to_owned(),
        )
    };
    let source = if own.is_given || known { format!("profile {profile}") } else { String::new() };
    NoIdentity { text, summary, source, remarks }
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
