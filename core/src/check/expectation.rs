//! What a repository promises of its access: whom each role or resource has to let in, and whom never.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::policy::{Arn, PolicyType};
use crate::request::Given;

use super::config::ConfigError;

/// An expectation as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Written {
    role: Option<Spanned<String>>,
    resource: Option<Spanned<String>>,
    action: Option<Spanned<String>>,
    #[serde(default)]
    allowed: Vec<Spanned<String>>,
    #[serde(default)]
    denied: Vec<Spanned<String>>,
    #[serde(default)]
    context: BTreeMap<String, Spanned<toml::Value>>,
    context_is: Option<Spanned<String>>,
    #[serde(default)]
    claims: BTreeMap<String, Spanned<toml::Value>>,
    #[serde(default)]
    without: Vec<Spanned<String>>,
    reason: Option<String>,
}

/// A text and its place in the configuration.
pub type Placed = (String, (usize, usize));

/// Whether somebody has to stay allowed or must stay denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// It has to be allowed.
    Allowed,
    /// It must never be.
    Denied,
}

/// What is expected of a role or resource.
#[derive(Clone, Debug, Default)]
pub struct Expectation {
    /// Its ARN.
    pub resource: String,
    /// The action; `None`: that the role be assumed.
    pub action: Option<String>,
    /// Whom it has to let in.
    pub allowed: Vec<Placed>,
    /// Whom it must never let in.
    pub denied: Vec<Placed>,
    /// Condition keys of the request.
    pub context: Vec<(String, Given)>,
    /// Whether these are all there are.
    pub complete: bool,
    /// What the caller's token says.
    pub claims: Vec<(String, Vec<String>)>,
    /// Types of policies that there are none of.
    pub without: Vec<PolicyType>,
    /// Why it is expected.
    pub reason: Option<String>,
}

/// Reads an expectation.
pub(super) fn read(written: Spanned<Written>) -> Result<Expectation, ConfigError> {
    let range = written.span();
    let one = written.into_inner();
    let (resource, is_role) = match (one.role, one.resource) {
        (Some(role), None) => (role, true),
        (None, Some(resource)) => (resource, false),
        _ => {
            return Err(ConfigError::at(
                range,
                "an expectation is about a `role` or a `resource`",
                "name one of the two by its ARN",
            ));
        }
    };
    let is_it = Arn::parse(resource.get_ref())
        .is_some_and(|arn| !is_role || (arn.is_role() && !arn.resource.contains('*')));
    if !is_it && (is_role || resource.get_ref() != "*") {
        return Err(ConfigError::at(
            resource.span(),
            format!(
                "`{}` is no ARN of {}",
                resource.get_ref(),
                if is_role { "a role" } else { "a resource" }
            ),
            "write it in full, such as \"arn:aws:iam::111122223333:role/deploy\"",
        ));
    }
    let action = match (&one.action, is_role) {
        (None, false) => {
            return Err(ConfigError::at(
                resource.span(),
                "an expectation of a resource needs an action",
                "say which one with `action = \"s3:GetObject\"`",
            ));
        }
        (Some(action), _)
            if !action.get_ref().contains(':') || action.get_ref().contains(['*', '?', ' ']) =>
        {
            return Err(ConfigError::at(
                action.span(),
                format!("`{}` is no action", action.get_ref()),
                "name one action, such as \"s3:GetObject\"",
            ));
        }
        (action, _) => action.as_ref().map(|action| action.get_ref().clone()),
    };
    if one.allowed.is_empty() && one.denied.is_empty() {
        return Err(ConfigError::at(
            range,
            "this expects nothing",
            "name principals in `allowed` or in `denied`",
        ));
    }
    let complete = match &one.context_is {
        None => false,
        Some(text) => match text.get_ref().as_str() {
            "partial" => false,
            "complete" => true,
            other => {
                return Err(ConfigError::at(
                    text.span(),
                    format!("`context-is` is no `{other}`"),
                    "write \"partial\" or \"complete\"",
                ));
            }
        },
    };
    let mut without = Vec::new();
    for id in one.without {
        let policy_type = PolicyType::from_id(id.get_ref()).ok_or_else(|| {
            let help = "write \"service-control\", \"resource-control\" or another policy type";
            ConfigError::at(id.span(), format!("`{}` is no policy type", id.get_ref()), help)
        })?;
        without.push(policy_type);
    }
    let mut context = Vec::new();
    for (key, value) in one.context {
        context.push((key, given(&value)?));
    }
    let mut claims = Vec::new();
    for (name, value) in one.claims {
        let values = match given(&value)? {
            Given::Absent => Vec::new(),
            Given::One(value) => vec![value],
            Given::Many(values) => values,
        };
        claims.push((name, values));
    }
    let placed = |list: Vec<Spanned<String>>| {
        let place = |text: Spanned<String>| {
            let span = text.span();
            (text.into_inner(), (span.start, span.end))
        };
        list.into_iter().map(place).collect()
    };
    Ok(Expectation {
        resource: resource.into_inner(),
        action,
        allowed: placed(one.allowed),
        denied: placed(one.denied),
        context,
        complete,
        claims,
        without,
        reason: one.reason,
    })
}

/// A value of a condition key: a list has several, and `""` says that the key is absent.
fn given(value: &Spanned<toml::Value>) -> Result<Given, ConfigError> {
    let scalar = |one: &toml::Value| match one {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Float(number) => Some(number.to_string()),
        toml::Value::Boolean(truth) => Some(truth.to_string()),
        toml::Value::Datetime(moment) => Some(moment.to_string()),
        toml::Value::Array(_) | toml::Value::Table(_) => None,
    };
    let wrong = || {
        ConfigError::at(
            value.span(),
            "this is no value of a condition key",
            "write a text, a number, true or false, a list of them, or \"\" for a key that is absent",
        )
    };
    match value.get_ref() {
        toml::Value::String(text) if text.is_empty() => Ok(Given::Absent),
        toml::Value::Array(list) => {
            let values: Option<Vec<String>> = list.iter().map(scalar).collect();
            values.map(Given::Many).ok_or_else(wrong)
        }
        one => scalar(one).map(Given::One).ok_or_else(wrong),
    }
}
