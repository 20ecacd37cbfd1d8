//! One set of credentials, with the clients that use it; and what the environment and the config
//! files say of where they come from.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_config::meta::region::ProvideRegion as _;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::profile::region::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};

use super::Options;

/// One set of credentials.
pub(super) struct Session {
    id: usize,
    pub(super) config: SdkConfig,
    pub(super) credentials: Result<Credentials, CredentialsError>,
    pub(super) iam: aws_sdk_iam::Client,
    pub(super) sts: aws_sdk_sts::Client,
    pub(super) organizations: aws_sdk_organizations::Client,
}

impl Session {
    /// A number of its own.
    pub(super) fn id(&self) -> usize {
        self.id
    }

    /// Finds credentials as the AWS CLI would: an explicit profile wins over the environment.
    pub(super) async fn load(options: &Options, profile: Option<&str>) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(3).min(options.timeout))
            .operation_attempt_timeout(Duration::from_secs(10).min(options.timeout))
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .retry_config(RetryConfig::adaptive().with_max_attempts(attempts()))
            .timeout_config(timeouts.clone());
        let mut files = EnvConfigFiles::builder()
            .include_default_config_file(true)
            .include_default_credentials_file(true);
        if let Some(url) = &options.endpoint_url {
            // Roles on the way are assumed by a client of the SDK's own, which takes the address
            // from the profile and nowhere else.
            let name = profile.map_or_else(own_profile, str::to_owned);
            let section = if name == "default" { name } else { format!("profile {name}") };
            files = files.with_contents(
                EnvConfigFileKind::Config,
                format!("[{section}]\nendpoint_url = {url}\n"),
            );
            loader = loader.endpoint_url(url);
        }
        let files = files.build();
        loader = loader.profile_files(files.clone());
        if let Some(region) = &options.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(profile) = profile {
            let mut provider = ProviderConfig::without_region()
                .with_retry_config(RetryConfig::standard())
                .with_timeout_config(timeouts);
            let said = options.region.clone().or_else(|| env("AWS_REGION")).map(Region::new);
            let region = match said {
                Some(region) => Some(region),
                None => {
                    ProfileFileRegionProvider::builder()
                        .profile_files(files.clone())
                        .profile_name(profile)
                        .build()
                        .region()
                        .await
                }
            };
            provider = provider.with_region(region.or_else(|| Some(Region::new(REGION))));
            let provider = ProfileFileCredentialsProvider::builder()
                .configure(&provider)
                .profile_files(files)
                .profile_name(profile)
                .build();
            loader = loader.profile_name(profile).credentials_provider(provider);
        }
        let mut config = loader.load().await;
        if config.region().is_none() {
            config = config.into_builder().region(Region::new(REGION)).build();
        }
        let credentials = match config.credentials_provider() {
            Some(provider) => provider.provide_credentials().await,
            None => Err(CredentialsError::not_loaded_no_source()),
        };
        // What was found stays, so that no call looks for credentials again.
        if let Ok(found) = &credentials {
            let found =
                aws_credential_types::provider::SharedCredentialsProvider::new(found.clone());
            config = config.into_builder().credentials_provider(found).build();
        }
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            iam: aws_sdk_iam::Client::new(&config),
            sts: aws_sdk_sts::Client::new(&config),
            organizations: aws_sdk_organizations::Client::new(&config),
            config,
            credentials,
        }
    }
}

/// Tells sessions apart.
static NEXT: AtomicUsize = AtomicUsize::new(0);

/// IAM, Organizations and the global endpoint of STS are there.
const REGION: &str = "us-east-1";

/// How often a call is made before it counts as failed, as for the AWS CLI.
fn attempts() -> u32 {
    env("AWS_MAX_ATTEMPTS")
        .and_then(|text| text.parse().ok())
        .filter(|count| *count > 0)
        .unwrap_or(3)
}

/// A variable of the environment that has a value.
pub(super) fn env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

fn own_profile() -> String {
    env("AWS_PROFILE").unwrap_or_else(|| "default".to_owned())
}

/// Where the config files are.
fn files() -> [PathBuf; 2] {
    let home = env("HOME").or_else(|| env("USERPROFILE")).map(PathBuf::from).unwrap_or_default();
    let place = |variable: &str, name: &str| {
        env(variable).map_or_else(|| home.join(".aws").join(name), PathBuf::from)
    };
    [place("AWS_CONFIG_FILE", "config"), place("AWS_SHARED_CREDENTIALS_FILE", "credentials")]
}

/// What the environment and the config files say of the credentials. It holds no key and no token.
#[derive(Clone, Debug, Default)]
pub(super) struct Own {
    /// The profile in force.
    pub(super) profile: String,
    /// Whether it was named on the command line.
    pub(super) is_given: bool,
    /// What of the environment could play a part: names and no values.
    pub(super) set: Vec<&'static str>,
    /// `AWS_CREDENTIAL_EXPIRATION`.
    pub(super) expires: Option<String>,
    /// The profiles, each with the settings that say where its credentials come from.
    pub(super) profiles: Vec<(String, Vec<(String, String)>)>,
    /// When the token of single sign-on ends, if there is one.
    pub(super) token_ends: Option<String>,
}

/// The settings that may be shown; of all others only whether they are there.
const SHOWN: [&str; 12] = [
    "role_arn",
    "source_profile",
    "credential_source",
    "mfa_serial",
    "web_identity_token_file",
    "sso_session",
    "sso_start_url",
    "sso_account_id",
    "sso_role_name",
    "login_session",
    "region",
    "aws_session_expiration",
];

const VARIABLES: [&str; 9] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_EC2_METADATA_DISABLED",
];

impl Own {
    pub(super) fn look(given: Option<&str>) -> Self {
        let mut own = Self {
            profile: given.map_or_else(own_profile, str::to_owned),
            is_given: given.is_some(),
            set: VARIABLES.into_iter().filter(|name| env(name).is_some()).collect(),
            expires: env("AWS_CREDENTIAL_EXPIRATION"),
            ..Self::default()
        };
        for file in files() {
            if let Ok(text) = std::fs::read_to_string(file) {
                read_profiles(&text, &mut own.profiles);
            }
        }
        own.token_ends = own.token();
        own
    }

    pub(super) fn is_set(&self, name: &str) -> bool {
        self.set.contains(&name)
    }

    /// A setting of a profile; of those that may not be shown, an empty text.
    pub(super) fn setting(&self, profile: &str, name: &str) -> Option<&str> {
        let (_, settings) = self.profiles.iter().find(|(other, _)| other == profile)?;
        settings.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The profile that the one in force comes down to, over the profiles whose roles are assumed.
    pub(super) fn base(&self) -> &str {
        let mut at = self.profile.as_str();
        // No chain is longer than all profiles, unless it goes in a circle.
        for _ in &self.profiles {
            match self.setting(at, "source_profile") {
                Some(source) if source != at => at = source,
                _ => break,
            }
        }
        at
    }

    /// The end of the token of single sign-on, from its cache; nothing else of it is looked at.
    fn token(&self) -> Option<String> {
        let base = self.base();
        let name =
            self.setting(base, "sso_session").or_else(|| self.setting(base, "sso_start_url"))?;
        let file = format!("{}.json", sha1_smol::Sha1::from(name).digest());
        let home = env("HOME").or_else(|| env("USERPROFILE")).map(PathBuf::from)?;
        let bytes = std::fs::read(home.join(".aws/sso/cache").join(file)).ok()?;
        let token: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
        Some(token.get("expiresAt")?.as_str()?.to_owned())
    }
}

/// Adds the profiles of a config or credentials file.
fn read_profiles(text: &str, profiles: &mut Vec<(String, Vec<(String, String)>)>) {
    let mut at = None;
    for line in text.lines() {
        if let Some(inner) = line.strip_prefix('[') {
            let inner = inner.split(']').next().unwrap_or(inner).trim();
            let name = inner.strip_prefix("profile ").unwrap_or(inner).trim();
            let is_other = ["sso-session ", "services "].iter().any(|kind| inner.starts_with(kind));
            at = (!is_other).then(|| {
                let name = name.trim_matches(['"', '\'']);
                profiles.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
                    profiles.push((name.to_owned(), Vec::new()));
                    profiles.len() - 1
                })
            });
        } else if let Some((name, value)) = line.split_once('=')
            && !line.starts_with([' ', '\t', '#', ';'])
            && let Some((_, settings)) = at.and_then(|at| profiles.get_mut(at))
        {
            let name = name.trim().to_lowercase();
            let value = if SHOWN.contains(&name.as_str()) { value.trim() } else { "" };
            settings.push((name, value.to_owned()));
        }
    }
}
