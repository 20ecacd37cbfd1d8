//! From a call as CloudTrail names it to the action that a policy must allow.
//!
//! Most calls are their action; where they are not, a table says so. A call of which neither the table
//! nor the reference data knows is given as it is named, and marked as not known.

use std::sync::OnceLock;

use foldhash::HashMap;
use serde_json::Value;

use crate::reference;

const CALLS: &str = include_str!("calls.txt");
const SOURCES: &str = include_str!("sources.txt");
const API_GATEWAY: &str = include_str!("apigateway.txt");
const BY_PARAMETER: &str = include_str!("by-parameter.txt");

/// What is known of an action.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Action {
    /// `s3:ListBucket`.
    pub name: String,
    /// Whether the reference data has it.
    pub is_known: bool,
    /// The types of resource that it takes, those first that it always takes.
    pub takes: Vec<Taken>,
}

/// A type of resource that an action takes, in one form of its ARN.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// `bucket`.
    pub kind: String,
    /// The form of its ARN.
    pub arn: String,
    /// Whether the action always takes one.
    pub is_required: bool,
}

/// The action for each call, found once.
#[derive(Debug, Default)]
pub struct Actions {
    of_calls: HashMap<(String, String), Action>,
    services: HashMap<String, Option<reference::Service>>,
}

impl Actions {
    /// The action that the call `name` of the service `source` asks for.
    pub fn of(&mut self, source: &str, name: &str) -> &Action {
        // Looking with borrowed texts in a map of pairs takes two maps; calls are few.
        let key = (source.to_owned(), name.to_owned());
        let Self { of_calls, services } = self;
        of_calls.entry(key).or_insert_with(|| find(source, name, services))
    }
}

fn find(
    source: &str,
    name: &str,
    services: &mut HashMap<String, Option<reference::Service>>,
) -> Action {
    let prefix = prefix(source);
    let name = plain(name);
    let wanted = exception(prefix, name)
        .or_else(|| (prefix == "apigateway").then(|| of_api_gateway(name)).flatten())
        .unwrap_or_else(|| format!("{prefix}:{name}"));
    let (prefix, name) = wanted.split_once(':').unwrap_or((prefix, name));
    let service = services
        .entry(prefix.to_owned())
        .or_insert_with(|| reference::service(&prefix.to_ascii_lowercase()));
    let Some(service) = service else {
        return Action { name: wanted, ..Action::default() };
    };
    let Some(action) = service.action(name) else {
        return Action { name: wanted, ..Action::default() };
    };
    let mut takes = Vec::new();
    for one in &action.resources {
        let own = service.resource_types().find(|own| own.name == one.name);
        // A type of several forms has them in one text.
        takes.extend(own.into_iter().flat_map(|own| own.arn.split(", ")).map(|arn| Taken {
            kind: one.name.to_owned(),
            arn: arn.to_owned(),
            is_required: one.required,
        }));
    }
    takes.sort_by_key(|one| !one.is_required);
    Action { name: format!("{prefix}:{}", action.name), is_known: true, takes }
}

/// The lines of a table, without what is said about them.
fn lines(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.lines().filter(|line| !line.starts_with('#') && !line.starts_with("see "))
}

/// A row of operations whose action depends on a parameter.
struct ByParameter {
    prefix: &'static str,
    parameter: &'static str,
    action: &'static str,
    names: Vec<&'static str>,
}

fn by_parameter() -> impl Iterator<Item = &'static ByParameter> {
    static TABLE: OnceLock<Vec<ByParameter>> = OnceLock::new();
    let rows = || {
        lines(BY_PARAMETER).filter_map(|line| {
            let mut words = line.split(' ');
            let (prefix, parameter, action) = (words.next()?, words.next()?, words.next()?);
            Some(ByParameter { prefix, parameter, action, names: words.collect() })
        })
    };
    TABLE.get_or_init(|| rows().collect()).iter()
}

/// Whether the parameters of a call may lead to another action than its name.
pub(super) fn depends(source: &str, name: &str) -> bool {
    let (prefix, name) = (prefix(source), plain(name));
    matches!(prefix, "s3" | "autoscaling")
        && by_parameter().any(|row| row.prefix == prefix && row.has(name))
}

/// The source and the operation whose action a call asks for that has these parameters, where they are not
/// its own.
pub(super) fn by_parameters(
    source: &str,
    name: &str,
    parameters: &Value,
) -> Option<(&'static str, String)> {
    let (prefix, name) = (prefix(source), plain(name));
    let given = |key: &str| parameters.get(key).is_some_and(|value| !value.is_null());
    let row =
        by_parameter().find(|row| row.prefix == prefix && row.has(name) && given(row.parameter))?;
    let (prefix, action) = row.action.split_once(':')?;
    Some((prefix, if action == "*" { name.to_owned() } else { action.to_owned() }))
}

impl ByParameter {
    fn has(&self, name: &str) -> bool {
        self.names.iter().any(|own| *own == "*" || *own == name)
    }
}

/// The resource that an operation of API Gateway is about: the path that it calls.
pub(super) fn path(name: &str, parameters: &Value) -> Option<String> {
    let line = lines(API_GATEWAY).find(|line| line.split(' ').nth(1) == Some(name))?;
    line.split(' ').skip(2).find_map(|path| {
        let mut full = String::new();
        for segment in path.split('/').skip(1) {
            full.push('/');
            match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                Some(key) => {
                    let value = parameters.get(key)?.as_str()?;
                    let is_plain = !value.is_empty() && !value.contains(['/', '*', '{']);
                    full.push_str(is_plain.then_some(value)?);
                }
                None => full.push_str(segment),
            }
        }
        Some(full)
    })
}

/// The prefix of the actions of an event source.
pub fn prefix(source: &str) -> &str {
    let host = source.strip_suffix(".cn").unwrap_or(source);
    let host = host.strip_suffix(".amazonaws.com").unwrap_or(host);
    static TABLE: OnceLock<HashMap<&'static str, &'static str>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        lines(SOURCES)
            .filter_map(|line| line.split_once(' '))
            .flat_map(|(prefix, sources)| sources.split(' ').map(move |source| (source, prefix)))
            .collect()
    });
    table.get(host).copied().unwrap_or(host)
}

/// The event sources of a prefix, without their domain.
pub(super) fn sources(prefix: &str) -> Vec<String> {
    let others = lines(SOURCES).filter_map(|line| line.split_once(' '));
    let others = others.filter(|(own, _)| *own == prefix).flat_map(|(_, others)| others.split(' '));
    let mut sources = vec![prefix.to_owned()];
    sources.extend(others.map(str::to_owned));
    if prefix == "s3express" {
        sources.push("s3".to_owned());
    }
    let other = format!("{prefix}:*");
    sources
        .extend(by_parameter().filter(|row| row.action == other).map(|row| row.prefix.to_owned()));
    sources
}

/// The operations that ask for an action of another name, in lower case; `pattern` is in lower case too.
pub(super) fn calls(prefix: &str, pattern: &str) -> Vec<String> {
    let is_wanted = |action: &str| super::group::matches(pattern, &action.to_ascii_lowercase());
    let mut calls: Vec<String> = exceptions()
        .filter(|(action, _)| {
            action.split_once(':').is_some_and(|(own, name)| own == prefix && is_wanted(name))
        })
        .flat_map(|(_, names)| names.map(str::to_ascii_lowercase))
        .collect();
    let others = by_parameter().filter(|row| {
        row.action.split_once(':').is_some_and(|(own, name)| own == prefix && is_wanted(name))
    });
    let named = others.flat_map(|row| &row.names).filter(|name| **name != "*");
    calls.extend(named.map(|name| name.to_ascii_lowercase()));
    if prefix == "apigateway" {
        let wanted = methods().filter(|(method, _)| is_wanted(method));
        calls.extend(wanted.map(|(_, name)| name.to_ascii_lowercase()));
    }
    calls
}

/// The operation without the version of its API, which CloudTrail puts behind the names of Lambda and
/// CloudFront: `GetFunction20150331v2`, `CreateDistribution2020_05_31`.
/// <https://docs.aws.amazon.com/lambda/latest/dg/logging-using-cloudtrail.html>
pub(super) fn plain(name: &str) -> &str {
    let without_v = match name.rsplit_once('v') {
        Some((front, version))
            if !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            front
        }
        _ => name,
    };
    let is_date = |text: &str| {
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        digits == 8 && (text.len() == 8 || text.len() == 10) && text.starts_with("20")
    };
    for length in [8, 10] {
        let cut = without_v.len().checked_sub(length);
        if let Some((front, date)) = cut.and_then(|cut| without_v.split_at_checked(cut))
            && is_date(date)
            && date.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
            && !front.is_empty()
        {
            return front;
        }
    }
    name
}

fn exception(prefix: &str, name: &str) -> Option<String> {
    static TABLE: OnceLock<HashMap<(&'static str, &'static str), &'static str>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        let mut table = HashMap::default();
        for (action, names) in exceptions() {
            let prefix = action.split(':').next().unwrap_or_default();
            // What S3 Express One Zone calls by another prefix is an operation of S3.
            let prefix = if prefix == "s3express" { "s3" } else { prefix };
            for name in names {
                table.insert((prefix, name), action);
            }
        }
        table
    });
    table.get(&(prefix, name)).map(|action| (*action).to_owned())
}

/// Every line of the table: the action, and the operations that ask for it.
fn exceptions() -> impl Iterator<Item = (&'static str, impl Iterator<Item = &'static str>)> {
    lines(CALLS).filter_map(|line| {
        let mut words = line.split(' ');
        Some((words.next()?, words))
    })
}

/// The methods of API Gateway, each with an operation.
fn methods() -> impl Iterator<Item = (&'static str, &'static str)> {
    lines(API_GATEWAY).filter_map(|line| {
        let mut words = line.split(' ');
        Some((words.next()?, words.next()?))
    })
}

fn of_api_gateway(name: &str) -> Option<String> {
    let (method, _) = methods().find(|(_, own)| *own == name)?;
    Some(format!("apigateway:{method}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exception_leads_to_an_action_that_aws_has() {
        for (action, names) in exceptions() {
            let (prefix, name) = action.split_once(':').unwrap();
            let service = reference::service(prefix).unwrap_or_else(|| panic!("{prefix}"));
            assert!(service.action(name).is_some(), "{action}");
            for operation in names {
                assert!(service.action(operation).is_none(), "{operation} is an action itself");
            }
        }
        let service = reference::service("apigateway").unwrap();
        for (method, _) in methods() {
            assert!(service.action(method).is_some(), "{method}");
        }
        for row in by_parameter() {
            let (prefix, name) = row.action.split_once(':').unwrap();
            let service = reference::service(prefix).unwrap_or_else(|| panic!("{prefix}"));
            assert!(name == "*" || service.action(name).is_some(), "{}", row.action);
            assert!(depends(&format!("{}.amazonaws.com", row.prefix), row.names[0]));
        }
    }

    #[test]
    fn every_source_leads_to_a_prefix_that_aws_has() {
        for line in lines(SOURCES) {
            let prefix = line.split(' ').next().unwrap();
            assert!(reference::service_name(prefix).is_some(), "{prefix}");
        }
    }

    #[test]
    fn calls_lead_to_their_actions() {
        let mut actions = Actions::default();
        for (source, call, action) in [
            ("s3.amazonaws.com", "ListObjects", "s3:ListBucket"),
            ("s3.amazonaws.com", "HeadObject", "s3:GetObject"),
            ("s3.amazonaws.com", "GetObject", "s3:GetObject"),
            ("lambda.amazonaws.com", "Invoke", "lambda:InvokeFunction"),
            ("lambda.amazonaws.com", "GetFunction20150331v2", "lambda:GetFunction"),
            ("lambda.amazonaws.com", "ListFunctions20150331", "lambda:ListFunctions"),
            (
                "cloudfront.amazonaws.com",
                "CreateDistribution2020_05_31",
                "cloudfront:CreateDistribution",
            ),
            ("monitoring.amazonaws.com", "PutMetricAlarm", "cloudwatch:PutMetricAlarm"),
            ("email.amazonaws.com", "SendEmail", "ses:SendEmail"),
            ("tagging.amazonaws.com", "GetResources", "tag:GetResources"),
            ("cloudcontrolapi.amazonaws.com", "CreateResource", "cloudformation:CreateResource"),
            ("apigateway.amazonaws.com", "GetRestApis", "apigateway:GET"),
            ("ec2.amazonaws.com.cn", "RunInstances", "ec2:RunInstances"),
            ("kms.amazonaws.com", "ReEncrypt", "kms:ReEncrypt"),
        ] {
            assert_eq!(actions.of(source, call).name, action);
        }
        assert!(!actions.of("kms.amazonaws.com", "ReEncrypt").is_known);
        assert!(actions.of("s3.amazonaws.com", "HeadObject").is_known);
    }
}
