//! What is likely wrong with a condition that is not met.

use crate::eval::{KeyValue, Why, lookup};
use crate::policy::{Condition, Family, Operator, Pattern, Syntax, network};
use crate::reference::{self, global_key};
use crate::request::Request;

use super::closeness::{Difference, difference};
use super::words::has_value;

/// What is likely wrong with a condition, and what to do.
pub(super) struct Hint {
    /// A clause for the message, where the reason is more than what the values show.
    pub(super) why: Option<String>,
    /// What to write instead.
    pub(super) help: String,
}

impl Hint {
    fn new(why: impl Into<String>, help: impl Into<String>) -> Self {
        Self { why: Some(why.into()), help: help.into() }
    }
}

/// What is likely wrong, and what to write instead; the first that applies.
pub(super) fn hint(
    condition: &Condition,
    request: &Request,
    why: Why,
    variables_on: bool,
) -> Option<Hint> {
    let operator = condition.parsed?;
    let key = condition.key.value.as_str();
    let texts = || condition.values.iter().map(|value| value.value.text.as_str());
    if !variables_on && texts().any(|text| text.contains("${")) && takes_variables(operator) {
        return Some(Hint::new(
            "the policy's `Version` is not `2012-10-17`, so `${…}` is plain text",
            "write `\"Version\": \"2012-10-17\"`",
        ));
    }
    let positive = !operator.row.negated;
    if let Some(hint) = variable(condition, request, variables_on) {
        return Some(hint);
    }
    if let Some(right) = fitting(condition, operator, why, request) {
        let name = &condition.operator.value;
        let kind = kind_of(condition, request).unwrap_or_default();
        return Some(Hint::new(
            format!("`{name}` is no operator for `{key}`, which holds {}", described(kind)),
            format!("write `{right}` in place of `{name}`"),
        ));
    }
    if let Some(hint) = unreadable(condition, operator).filter(|_| why == Why::Malformed) {
        return Some(hint);
    }
    let found = has_value(condition, request);
    let found = found.filter(|_| positive);
    let is_plain = matches!(operator.row.family, Family::String | Family::StringIgnoreCase);
    let matched = |text: &str| match found.as_deref() {
        Some(found) => as_wildcard(text, found),
        // Nothing that AWS compares holds a star of its own.
        None => text.contains('*'),
    };
    if positive && is_plain && why != Why::KeyAbsent && texts().any(matched) {
        let like = if condition.key_lower.ends_with("arn") { "ArnLike" } else { "StringLike" };
        let name = &condition.operator.value;
        return Some(Hint::new(
            format!("`{name}` takes `*` and `?` literally"),
            format!("write `{like}` in place of `{name}`"),
        ));
    }
    let names_session = texts().any(|text| text.contains(":assumed-role/"));
    if positive && &*condition.key_lower == "aws:principalarn" && names_session {
        let help = match found.as_deref() {
            Some(found) => format!("write `{found}`"),
            None => "write the ARN of the role, with its path".to_owned(),
        };
        return Some(Hint::new(format!("`{key}` holds the role's ARN, never a session's"), help));
    }
    if let Some(found) = found.as_deref() {
        let cased = |text: &str| {
            !as_wildcard(text, found) && as_wildcard(&text.to_lowercase(), &found.to_lowercase())
        };
        let near = texts().find_map(|text| Some((text, difference(text, found)?)));
        let near =
            near.or_else(|| texts().find(|text| cased(text)).map(|text| (text, Difference::Case)));
        if let Some((text, near)) = near {
            let help = match passed_with(&condition.key_lower)
                .filter(|_| text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'*'))
            {
                Some(option) => format!("pass `{text}` with `{option}`, letter by letter"),
                None => format!("did you mean `{found}`?"),
            };
            return Some(match near {
                Difference::Slip => Hint { why: None, help },
                Difference::Case if texts().any(cased) => Hint::new(
                    "they differ only in upper and lower case, which counts",
                    "write the value as the request has it, letter by letter",
                ),
                Difference::Case => {
                    Hint::new("they differ only in upper and lower case, which counts", help)
                }
                Difference::Stray(what) => Hint::new(format!("they differ only by {what}"), help),
                other => Hint::new(format!("the policy's is {}", other.label()), help),
            });
        }
    }
    if &*condition.key_lower == "aws:sourceip" && positive && texts().all(is_private) {
        return Some(Hint::new(
            "`aws:SourceIp` is the public address, so a private range never matches",
            "use `aws:VpcSourceIp` or `aws:SourceVpce`",
        ));
    }
    None
}

/// A policy variable that nothing can be put in for, or that is not written as one.
fn variable(condition: &Condition, request: &Request, variables_on: bool) -> Option<Hint> {
    if !variables_on || !takes_variables(condition.parsed?) {
        return None;
    }
    let mut texts = condition.values.iter().map(|value| value.value.text.as_str());
    texts.find_map(|text| {
        let Some((_, rest)) = text.split_once("${") else {
            let bare = ["$aws:", "{aws:", "$(aws:", "%{aws:"].iter().any(|begin| text.contains(begin));
            return bare.then(|| Hint::new("a policy variable is written `${…}`", "write it as `${aws:username}`, for example"));
        };
        let Some((name, _)) = rest.split_once('}') else {
            return Some(Hint::new("the policy variable in it has no `}`", "add the `}` at the end of the variable"));
        };
        let absent = !name.contains(',')
            && name.len() > 1
            && matches!(lookup(request, &name.to_lowercase()), KeyValue::Absent);
        absent.then(|| {
            let because = super::condition_key::never_comes(&name.to_lowercase(), request);
            let because = because.unwrap_or("this request does not carry it");
            Hint::new(
                format!("nothing can be put in for `${{{name}}}`: {because}"),
                format!("use a variable that this caller has, or give it a default: `${{{name}, 'none'}}`"),
            )
        })
    })
}

/// A value of the policy that its operator cannot read.
fn unreadable(condition: &Condition, operator: Operator) -> Option<Hint> {
    let value = condition.values.iter().find(|value| value.value.operand.is_none())?;
    let (what, help) = match operator.row.family {
        Family::Date(_) => ("is no date that AWS reads", "write it as `2027-12-31T00:00:00Z`"),
        Family::Ip => (
            "is neither an address nor a CIDR block",
            "write a CIDR block, such as `198.51.100.0/24`",
        ),
        Family::Numeric(_) => ("is no number", "write digits alone"),
        Family::Bool | Family::Null => ("is neither `true` nor `false`", "write `true` or `false`"),
        Family::Arn => (
            "is no ARN of six parts",
            "write the whole ARN, `arn:partition:service:region:account:resource`",
        ),
        Family::Binary => ("is no base64", "write the bytes as base64"),
        Family::String | Family::StringIgnoreCase | Family::StringLike => return None,
    };
    Some(Hint::new(format!("`{}` {what}, so it never matches", value.value.text), help))
}

/// What AWS says that the condition's key holds: `String`, `ARN`, `Bool`, `Numeric`, `Date`, `IPAddress`.
fn kind_of(condition: &Condition, request: &Request) -> Option<&'static str> {
    const KINDS: [&str; 6] = ["ARN", "Bool", "Date", "IPAddress", "Numeric", "String"];
    let lower = &*condition.key_lower;
    if let Some(key) = global_key(lower) {
        return KINDS.into_iter().find(|kind| *kind == key.kind);
    }
    let own = reference::service(request.service())?;
    let key = own.condition_keys().find(|own| own.is(lower))?;
    KINDS.into_iter().find(|kind| *kind == key.kind.trim_start_matches("ArrayOf"))
}

fn described(kind: &str) -> &'static str {
    match kind {
        "ARN" => "an ARN",
        "Bool" => "`true` or `false`",
        "Date" => "a moment",
        "IPAddress" => "an address",
        "Numeric" => "a number",
        _ => "a text",
    }
}

/// The operator to use, where the one that stands there compares something else than the key holds, and
/// that is why the condition is not met.
fn fitting(
    condition: &Condition,
    operator: Operator,
    why: Why,
    request: &Request,
) -> Option<&'static str> {
    let negated = operator.row.negated;
    let texts = || condition.values.iter().map(|value| value.value.text.as_str());
    let plain = matches!(
        operator.row.family,
        Family::String | Family::StringIgnoreCase | Family::StringLike
    );
    let right = match (kind_of(condition, request)?, operator.row.family) {
        (
            "String",
            Family::Numeric(_) | Family::Date(_) | Family::Ip | Family::Binary | Family::Arn,
        ) if why == Why::Malformed => {
            if texts().any(|text| text.contains(['*', '?'])) {
                ["StringLike", "StringNotLike"]
            } else {
                ["StringEquals", "StringNotEquals"]
            }
        }
        ("IPAddress", _) if plain && texts().any(|text| text.contains(['/', '*'])) => {
            ["IpAddress", "NotIpAddress"]
        }
        ("Bool", _) if plain && texts().any(|text| text != "true" && text != "false") => {
            ["Bool", "Bool"]
        }
        _ => return None,
    };
    right.get(usize::from(negated)).copied()
}

/// The option of `aws sts assume-role` that fills a key: its value is the caller's to mend.
fn passed_with(key: &str) -> Option<&'static str> {
    Some(match key {
        "sts:externalid" => "--external-id",
        "sts:rolesessionname" => "--role-session-name",
        "sts:sourceidentity" => "--source-identity",
        key if key.starts_with("aws:requesttag/") => "--tags",
        _ => return None,
    })
}

/// Keys of which one is enough for most people's purpose: two of them in one statement are often
/// meant as a choice.
const ALTERNATIVES: &[&[&str]] = &[
    &["aws:sourceip", "aws:vpcsourceip", "aws:sourcevpc", "aws:sourcevpce"],
    &[
        "aws:principalarn",
        "aws:principalaccount",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:userid",
        "aws:username",
    ],
];

/// Whether two conditions of one statement, which both have to be met, are likely meant as a choice.
pub(super) fn are_alternatives(one: &Condition, other: &Condition) -> bool {
    let (one, other) = (&*one.key_lower, &*other.key_lower);
    one != other && ALTERNATIVES.iter().any(|keys| keys.contains(&one) && keys.contains(&other))
}

fn takes_variables(operator: Operator) -> bool {
    matches!(
        operator.row.family,
        Family::String | Family::StringIgnoreCase | Family::StringLike | Family::Arn
    )
}

fn as_wildcard(pattern: &str, text: &str) -> bool {
    let syntax = Syntax { wildcards: true, variables: false };
    pattern.contains(['*', '?'])
        && Pattern::new(pattern, syntax).glob().is_some_and(|glob| glob.matches(text))
}

fn is_private(text: &str) -> bool {
    network(text).is_some_and(|net| match net {
        ipnet::IpNet::V4(net) => {
            let address = net.network();
            address.is_private() || address.is_loopback() || address.is_link_local()
        }
        ipnet::IpNet::V6(net) => net.network().is_unique_local(),
    })
}
