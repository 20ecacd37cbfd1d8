//! `why-denied.toml`: what a repository wants of the check. Unknown keys are refused.

use std::collections::BTreeMap;

use globset::{Glob, GlobMatcher};
use serde::Deserialize;
use toml::Spanned;

use crate::policy::{PolicyType, is_account_id};

use super::expectation::{self, Expectation};

/// What is wrong with a configuration file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConfigError {
    /// One sentence.
    pub message: String,
    /// The bytes that it is about.
    pub span: Option<(usize, usize)>,
    /// What to do.
    pub help: Option<String>,
}

impl ConfigError {
    pub(super) fn at(
        span: std::ops::Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            message: message.into(),
            span: Some((span.start, span.end)),
            help: Some(help.into()),
        }
    }
}

/// The file as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct Written {
    select: Option<Vec<String>>,
    extend_select: Vec<String>,
    ignore: Vec<String>,
    include: Vec<String>,
    exclude: Vec<String>,
    baseline: Option<String>,
    accounts: BTreeMap<Spanned<String>, String>,
    severity: BTreeMap<String, Spanned<String>>,
    types: BTreeMap<Spanned<String>, Spanned<String>>,
    ignores: Vec<Spanned<WrittenIgnore>>,
    expectations: Vec<Spanned<expectation::Written>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct WrittenIgnore {
    rule: Option<String>,
    path: Option<Spanned<String>>,
    sid: Option<String>,
    fingerprint: Option<String>,
    reason: String,
    until: Option<Spanned<toml::Value>>,
}

/// Findings that somebody has answered.
#[derive(Clone, Debug)]
pub struct Ignore {
    /// Of this rule or group.
    pub rule: Option<String>,
    /// In files that match.
    pub path: Option<GlobMatcher>,
    /// In the statement of this `Sid`.
    pub sid: Option<String>,
    /// The one with this fingerprint.
    pub fingerprint: Option<String>,
    /// Why.
    pub reason: String,
    /// The last day, `2027-01-31`.
    pub until: Option<String>,
    /// Where it stands in the configuration.
    pub span: (usize, usize),
}

/// What a repository wants of the check.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Rules and groups that apply, in place of the usual ones.
    pub select: Option<Vec<String>>,
    /// Rules and groups that apply besides.
    pub extend_select: Vec<String>,
    /// Rules and groups that do not apply.
    pub ignore: Vec<String>,
    /// Globs of files to look at.
    pub include: Vec<String>,
    /// Globs of files to pass over.
    pub exclude: Vec<String>,
    /// The baseline, relative to the configuration.
    pub baseline: Option<String>,
    /// Known accounts and what they are called.
    pub accounts: BTreeMap<String, String>,
    /// Severities of rules and groups.
    pub severity: Vec<(String, String)>,
    /// Types of policies, by the files that they are in; and the service of a resource-based one.
    pub types: Vec<(GlobMatcher, PolicyType, Option<String>)>,
    /// Findings that somebody has answered.
    pub ignores: Vec<Ignore>,
    /// What is promised of access.
    pub expectations: Vec<Expectation>,
}

impl Config {
    /// Reads the text of a configuration file.
    ///
    /// # Errors
    /// If it is not well-formed, has a key that is not known, or a value that makes no sense.
    pub fn read(text: &str) -> Result<Self, ConfigError> {
        let written: Written = toml::from_str(text).map_err(|error| ConfigError {
            message: error.message().replace('\n', " "),
            span: error.span().map(|span| (span.start, span.end)),
            help: Some(
                "docs/check.md describes the file, and its schema is published with the program"
                    .to_owned(),
            ),
        })?;
        let mut config = Self {
            select: written.select,
            extend_select: written.extend_select,
            ignore: written.ignore,
            include: written.include,
            exclude: written.exclude,
            baseline: written.baseline,
            ..Self::default()
        };
        for (account, name) in written.accounts {
            if !is_account_id(account.get_ref()) {
                return Err(ConfigError::at(
                    account.span(),
                    format!("`{}` is no account id", account.get_ref()),
                    "write twelve digits in quotes, and what the account is called: \"111122223333\" = \"production\"",
                ));
            }
            config.accounts.insert(account.into_inner(), name);
        }
        for (rule, level) in written.severity {
            if crate::finding::Severity::from_id(level.get_ref()).is_none() {
                return Err(ConfigError::at(
                    level.span(),
                    format!("`{}` is no severity", level.get_ref()),
                    "write \"error\", \"warning\" or \"note\"",
                ));
            }
            config.severity.push((rule, level.into_inner()));
        }
        for (pattern, policy_type) in written.types {
            let glob = glob(&pattern)?;
            let (id, service) = match policy_type.get_ref().split_once(':') {
                Some((id, service)) => (id, Some(service.to_owned())),
                None => (policy_type.get_ref().as_str(), None),
            };
            let Some(found) = PolicyType::from_id(id) else {
                let ids: Vec<_> = crate::policy::POLICY_TYPES.iter().map(|row| row.id).collect();
                return Err(ConfigError::at(
                    policy_type.span(),
                    format!("`{id}` is no policy type"),
                    format!(
                        "write one of {}; a service may follow, as in \"resource-based:s3\"",
                        ids.join(", ")
                    ),
                ));
            };
            config.types.push((glob, found, service));
        }
        for ignore in written.ignores {
            config.ignores.push(Self::ignore(ignore)?);
        }
        for one in written.expectations {
            config.expectations.push(expectation::read(one)?);
        }
        Ok(config)
    }

    fn ignore(written: Spanned<WrittenIgnore>) -> Result<Ignore, ConfigError> {
        let range = written.span();
        let one = written.into_inner();
        if one.reason.trim().is_empty() {
            return Err(ConfigError::at(
                range,
                "an ignored finding needs a reason",
                "say in `reason` why it does not matter",
            ));
        }
        if one.rule.is_none()
            && one.path.is_none()
            && one.sid.is_none()
            && one.fingerprint.is_none()
        {
            return Err(ConfigError::at(
                range,
                "this would ignore every finding",
                "name a `rule`, `path`, `sid` or `fingerprint`",
            ));
        }
        let until = match one.until {
            None => None,
            Some(value) => {
                let text = match value.get_ref() {
                    toml::Value::String(text) => text.clone(),
                    toml::Value::Datetime(date) => date.to_string(),
                    _ => String::new(),
                };
                if !is_day(&text) {
                    return Err(ConfigError::at(
                        value.span(),
                        "`until` is no day",
                        "write a day, such as 2027-01-31",
                    ));
                }
                Some(text)
            }
        };
        Ok(Ignore {
            rule: one.rule,
            path: one.path.as_ref().map(glob).transpose()?,
            sid: one.sid,
            fingerprint: one.fingerprint,
            reason: one.reason,
            until,
            span: (range.start, range.end),
        })
    }
}

/// Whether the text is a day: `2027-01-31`.
pub(super) fn is_day(text: &str) -> bool {
    text.len() == 10 && crate::policy::moment(text).is_some()
}

fn glob(pattern: &Spanned<String>) -> Result<GlobMatcher, ConfigError> {
    Glob::new(pattern.get_ref()).map(|glob| glob.compile_matcher()).map_err(|error| {
        ConfigError::at(
            pattern.span(),
            format!("the glob cannot be read: {}", error.kind()),
            "write a path with `*`, `**` or `?`, such as `scps/**`",
        )
    })
}
