//! Words that several rules share.

use crate::eval::{KeyValue, Why, lookup};
use crate::policy::{Condition, Family, Operator, SetQualifier};
use crate::request::Request;

/// What a condition wants and what the request has: `the policy wants … , the request carries …`.
pub fn condition_sentence(condition: &Condition, request: &Request, why: Why) -> String {
    let key = &condition.key.value;
    let has = has(&lookup(request, &condition.key_lower), key);
    match why {
        Why::Malformed => format!(
            "a value of `{key}` cannot be compared by `{}`; {has}",
            condition.operator.value
        ),
        Why::Unspecified => format!(
            "what AWS does with `{}` on `{key}` is not documented",
            condition.operator.value
        ),
        _ => format!("{}; {has}", wants(condition)),
    }
}

/// What the condition asks for.
pub(super) fn wants(condition: &Condition) -> String {
    let key = &condition.key.value;
    let values: Vec<_> =
        condition.values.iter().map(|value| format!("`{}`", value.value.text)).collect();
    let list = match values.len() {
        0 => "nothing".to_owned(),
        1..=3 => values.join(" or "),
        many => {
            format!("{} or one of {} others", values.first().cloned().unwrap_or_default(), many - 1)
        }
    };
    let Some(Operator { row, set, .. }) = condition.parsed else {
        return format!("`{}` is no condition operator", condition.operator.value);
    };
    let subject = match set {
        Some(SetQualifier::ForAllValues) => format!("every value of `{key}`"),
        Some(SetQualifier::ForAnyValue) => format!("some value of `{key}`"),
        None => format!("`{key}`"),
    };
    match (row.family, row.negated) {
        (Family::Null, _) => {
            match condition.values.first().map(|value| value.value.text.as_str()) {
                Some("true") => format!("{subject} has to be absent"),
                _ => format!("{subject} has to be there"),
            }
        }
        (Family::String, false) => format!("{subject} has to be {list}"),
        (Family::StringIgnoreCase, false) => format!("{subject} has to be {list} in any case"),
        (Family::StringLike | Family::Arn, false) => format!("{subject} has to match {list}"),
        (Family::Numeric(_) | Family::Date(_), false) => {
            let relation = row.name.trim_start_matches("Numeric").trim_start_matches("Date");
            let relation = match relation {
                "LessThan" => "be before or below",
                "LessThanEquals" => "be at most",
                "GreaterThan" => "be after or above",
                "GreaterThanEquals" => "be at least",
                _ => "be",
            };
            let relation = match (row.family, relation) {
                (Family::Date(_), "be before or below") => "be before",
                (Family::Date(_), "be after or above") => "be after",
                (_, "be before or below") => "be less than",
                (_, "be after or above") => "be more than",
                (_, other) => other,
            };
            format!("{subject} has to {relation} {list}")
        }
        (Family::Bool | Family::Binary, false) => format!("{subject} has to be {list}"),
        (Family::Ip, false) => format!("{subject} has to be in {list}"),
        (_, true) => format!("{subject} must not be {list}"),
    }
}

/// What the condition asks for, as a statement: "`aws:SourceIp` is in `203.0.113.0/24`".
pub fn requirement(condition: &Condition) -> String {
    let wants = wants(condition);
    for (order, fact) in
        [(" has to be ", " is "), (" has to match ", " matches "), (" must not be ", " is not ")]
    {
        if let Some((subject, rest)) = wants.split_once(order) {
            return [subject, fact, rest].concat();
        }
    }
    wants
}

fn has(value: &KeyValue<'_>, key: &str) -> String {
    match value {
        KeyValue::Absent => "the request does not carry it".to_owned(),
        KeyValue::One(value) => format!("the request carries `{value}`"),
        KeyValue::Many(values) if values.is_empty() => {
            "the request carries no value of it".to_owned()
        }
        KeyValue::Many(values) => {
            let values: Vec<_> = values.iter().map(|value| format!("`{value}`")).collect();
            format!("the request carries {}", values.join(", "))
        }
        KeyValue::Holed { prefix, suffix, .. } => {
            format!("the request carries `{prefix}…{suffix}`")
        }
        KeyValue::Either(_) if key.eq_ignore_ascii_case("aws:MultiFactorAuthPresent") => {
            "a role session carries `false` or nothing".to_owned()
        }
        KeyValue::Either(_) => "what the request carries is documented in two ways".to_owned(),
        KeyValue::Unknown(_) => "what the request carries is not known".to_owned(),
    }
}

/// The one value that the request carries under the condition's key.
pub(super) fn has_value(condition: &Condition, request: &Request) -> Option<String> {
    match lookup(request, &condition.key_lower) {
        KeyValue::One(value) => Some(value.into_owned()),
        KeyValue::Many(values) => match values.as_ref() {
            [one] => Some(one.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// What to do about a condition that the request does not meet.
pub(super) fn condition_help(condition: &Condition, request: &Request) -> String {
    let key = &condition.key.value;
    match condition.parsed {
        Some(Operator { row, .. }) if row.negated => format!(
            "the policy takes every value but this: call with another one, or, if just this one was meant, write `{}` in place of `{}`",
            row.name.replacen("Not", "", 1),
            condition.operator.value
        ),
        Some(Operator { row, .. })
            if row.family == Family::Null
                && condition.values.iter().all(|value| value.value.text == "true") =>
        {
            format!(
                "`Null` with `true` takes only requests without `{key}`: leave it out, or write `false` if it has to be there"
            )
        }
        _ => supply_help(condition, request),
    }
}

/// What to do so that the request carries what the condition asks for.
pub(super) fn supply_help(condition: &Condition, request: &Request) -> String {
    let first = condition.values.first().map_or("", |value| value.value.text.as_str());
    let change = || {
        format!("make the request meet it, or change the condition on `{}`", condition.key.value)
    };
    let session = request.caller.kind == crate::request::CallerKind::RoleSession;
    match &*condition.key_lower {
        "sts:externalid" => "pass the external id that the owner of the role gave you, with `--external-id`".to_owned(),
        "aws:multifactorauthpresent"
            if first.eq_ignore_ascii_case("false")
                && condition.parsed.is_some_and(|operator| operator.row.family != Family::Null) =>
        {
            "the policy takes only calls without MFA: if it was meant to ask for MFA, write `true`".to_owned()
        }
        "aws:multifactorauthpresent" | "aws:multifactorauthage" if session => {
            "a role session carries no MFA of its own: assume the role as a user with an MFA device, passing `--serial-number` and `--token-code`, or ask the owner of the role not to ask roles for MFA".to_owned()
        }
        "aws:multifactorauthpresent" | "aws:multifactorauthage" => {
            "pass `--serial-number` and `--token-code` to assume-role, or set `mfa_serial` in the profile".to_owned()
        }
        "aws:currenttime" | "aws:epochtime" => "ask for the window of time to be moved".to_owned(),
        "aws:sourceip" => "call from an address that the policy names, and not through a VPC endpoint, or ask for yours to be added".to_owned(),
        "sts:rolesessionname" => "pass the session name that the policy asks for, with `--role-session-name`".to_owned(),
        "sts:sourceidentity" => "pass the source identity that the policy asks for, with `--source-identity`".to_owned(),
        "aws:principalarn" if request.caller.is_identity_center_role() => {
            let pattern = request.caller.permission_set_roles().unwrap_or_default();
            format!("IAM Identity Center puts its roles under a path of its own: write `{pattern}`, under `ArnLike`")
        }
        "aws:principalarn" => "write the role's ARN with its path, never a session's, and use `ArnLike` with wildcards".to_owned(),
        key if key.starts_with("aws:requesttag/") || key == "aws:tagkeys" => "pass the session tags that the policy asks for, with `--tags`".to_owned(),
        key if key.starts_with("aws:principaltag/") => format!("tag the caller so that `{}` is `{first}`", condition.key.value),
        key if key.starts_with("aws:resourcetag/") || key.starts_with("iam:resourcetag/") => {
            format!("tag the resource so that `{}` is `{first}`", condition.key.value)
        }
        "sts:transitivetagkeys" => "pass the transitive tag keys that the policy asks for, with `--transitive-tag-keys`".to_owned(),
        "aws:requestedregion" => "call AWS STS in a Region that the policy names, with `--region`; the global endpoint counts as us-east-1".to_owned(),
        "aws:sourcevpce" | "aws:sourcevpc" | "aws:vpcsourceip" => {
            "send the call through a VPC endpoint for AWS STS that the policy names: from inside the VPC, with the endpoint of the Region".to_owned()
        }
        "aws:principalorgid" | "aws:principalorgpaths" => match has_value(condition, request) {
            Some(has) => format!("if callers of `{has}` are to be let in, add it to the condition"),
            None => change(),
        },
        _ => change(),
    }
}
