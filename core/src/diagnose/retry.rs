//! The call to make again, once what stands in the way is lifted.

use crate::eval::{KeyValue, Match, Refusal, lookup};
use crate::policy::{Effect, Family, PolicyType};
use crate::request::Request;
use crate::rules::Case;

/// The `aws sts assume-role` command of the request, with what the trust policy asks for. A code of
/// an MFA device is left for the reader to fill in.
pub(super) fn command(case: &Case<'_>) -> Option<String> {
    let request = case.request;
    if case.is_moot() {
        return None;
    }
    let role = || quoted(&request.resource.text().value);
    match &*request.action_lower {
        "sts:assumerole" => {}
        "sts:assumerolewithwebidentity" => {
            let name = session_name(case);
            return Some(format!(
                "aws sts assume-role-with-web-identity --role-arn {} --role-session-name {name} --web-identity-token file://NEW_TOKEN",
                role()
            ));
        }
        "sts:assumerolewithsaml" => {
            return Some(format!(
                "aws sts assume-role-with-saml --role-arn {} --principal-arn {} --saml-assertion file://NEW_RESPONSE",
                role(),
                quoted(&request.caller.name)
            ));
        }
        _ => return None,
    }
    let mut words = vec![
        "aws sts assume-role --role-arn".to_owned(),
        quoted(&request.resource.text().value),
        "--role-session-name".to_owned(),
        session_name(case),
    ];
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            words.push(format!("{name} {value}"));
        }
    };
    add("--external-id", option(case, "sts:externalid"));
    add("--source-identity", option(case, "sts:sourceidentity"));
    let parameters = request.parameters.as_ref();
    let duration = parameters.and_then(|parameters| parameters.duration.as_ref());
    add(
        "--duration-seconds",
        duration.map(|duration| duration.value.min(longest(request)).max(900).to_string()),
    );
    if wants_mfa(case) {
        add("--serial-number", Some("MFA_DEVICE_ARN --token-code CODE".to_owned()));
    }
    let tag = |key: &str, value: &str| quoted(&format!("Key={key},Value={value}"));
    let passed = parameters.map_or(&[][..], |parameters| &parameters.tags);
    let wanted = wanted_tags(case).into_iter().filter(|(wanted, _)| {
        passed.iter().all(|(key, _)| !key.value.eq_ignore_ascii_case(wanted))
    });
    let mut tags: Vec<String> =
        passed.iter().map(|(key, value)| tag(&key.value, &value.value)).collect();
    tags.extend(wanted.map(|(key, value)| tag(key, value)));
    add("--tags", (!tags.is_empty()).then(|| tags.join(" ")));
    Some(words.join(" "))
}

/// The session tags that the trust policy asks for, where one value is named.
fn wanted_tags<'a>(case: &Case<'a>) -> Vec<(&'a str, &'a str)> {
    let mut found = Vec::new();
    for condition in trust_conditions(case) {
        let is_equal = condition
            .parsed
            .is_some_and(|operator| operator.row.family == Family::String && !operator.row.negated);
        let front = "aws:requesttag/";
        let tag = condition
            .key
            .value
            .get(front.len()..)
            .filter(|_| condition.key_lower.starts_with(front));
        if let (Some(tag), [one], true) = (tag, condition.values.as_slice(), is_equal)
            && !one.value.text.contains("${")
        {
            found.push((tag, one.value.text.as_str()));
        }
    }
    found
}

/// The session name that is wanted or was passed, if AWS takes it.
fn session_name(case: &Case<'_>) -> String {
    let is_bad =
        |(refusal, result): &(Refusal, Match)| *refusal == Refusal::SessionName && result.is_yes();
    let good = !case.evaluation.refusals.iter().any(is_bad);
    let name = option(case, "sts:rolesessionname").filter(|_| good);
    name.unwrap_or_else(|| "NAME".to_owned())
}

fn longest(request: &Request) -> i64 {
    let role = request.role.max_session_duration.as_ref().map_or(43_200, |most| most.value);
    let chained = request.caller.kind == crate::request::CallerKind::RoleSession;
    if chained { role.min(3600) } else { role }
}

/// What the trust policy wants under `key`, where one value is named; else what was passed.
fn option(case: &Case<'_>, key: &str) -> Option<String> {
    let wanted = trust_conditions(case).find_map(|condition| {
        let operator = condition.parsed.filter(|operator| {
            matches!(operator.row.family, Family::String | Family::StringIgnoreCase)
                && !operator.row.negated
        });
        operator.filter(|_| &*condition.key_lower == key)?;
        match condition.values.as_slice() {
            [one] if !one.value.text.contains("${") => Some(quoted(&one.value.text)),
            _ => None,
        }
    });
    wanted.or_else(|| match lookup(case.request, key) {
        KeyValue::One(value) => Some(quoted(&value)),
        _ => None,
    })
}

fn wants_mfa(case: &Case<'_>) -> bool {
    let passed = case
        .request
        .parameters
        .as_ref()
        .is_some_and(|parameters| parameters.serial_number.is_some());
    passed
        || trust_conditions(case)
            .any(|condition| condition.key_lower.starts_with("aws:multifactorauth"))
}

/// The conditions of the Allow statements of the trust policy that name the caller.
fn trust_conditions<'a>(
    case: &Case<'a>,
) -> impl Iterator<Item = &'a crate::policy::Condition> + use<'a> {
    let statements: Vec<_> = case
        .traces(PolicyType::Trust)
        .filter(|trace| trace.effect == Some(Effect::Allow) && trace.principal.is_yes())
        .filter_map(|trace| case.statement(trace))
        .collect();
    statements.into_iter().flat_map(|(_, statement)| &statement.conditions)
}

/// `text` as one word of a shell.
fn quoted(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_@%+=:,./-".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_word_survives_the_shell() {
        assert_eq!(quoted("arn:aws:iam::111122223333:role/a"), "arn:aws:iam::111122223333:role/a");
        assert_eq!(quoted("it's $HOME"), "'it'\\''s $HOME'");
        assert_eq!(quoted(""), "''");
    }
}
