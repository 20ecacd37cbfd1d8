//! Conditions: operators, keys and values that AWS refuses or that never meet a request.

use std::collections::HashSet;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::finding::Finding;
use crate::policy::{
    Arn, Comparison, Effect, Family, Number, boolean, bytes, is_account_id, looks_like_account_id,
    moment, network, operator_help,
};
use crate::reference::{self, alike_keys, catalogue, global_key, is_claim, partition_of_region};

use super::Sink;
use super::resources::WELL_LISTED;
use super::view::{ConditionView, StatementView, Text, View};

/// Keys that are in a session, whatever it calls then, though AWS lists them with one service.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
const OF_SESSIONS: [&str; 9] = [
    "ec2:roledelivery",
    "ec2:sourceinstancearn",
    "glue:roleassumedby",
    "glue:credentialissuingservice",
    "identitystore:userid",
    "lambda:sourcefunctionarn",
    "ssm:sourceinstancearn",
    "codebuild:buildarn",
    "codebuild:projectarn",
];

/// Keys that name one account, organization, VPC or endpoint: a wildcard there lets in strangers.
pub(super) const SENSITIVE: [&str; 10] = [
    "aws:principalaccount",
    "aws:principalorgid",
    "aws:resourceaccount",
    "aws:resourceorgid",
    "aws:sourceaccount",
    "aws:sourceorgid",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:vpceaccount",
    "aws:vpceorgid",
];

pub(super) fn pass(view: &View<'_>, sink: &mut Sink) {
    for statement in &view.statements {
        let mut seen = HashSet::new();
        for condition in &statement.conditions {
            check(condition, statement, view, sink);
            if statement.conditions.len() > 1 {
                twice(condition, statement, &mut seen, sink);
            }
        }
        window(statement, view, sink);
    }
}

/// A key that stands twice under one operator in different case.
fn twice(
    condition: &ConditionView<'_>,
    statement: &StatementView<'_>,
    seen: &mut HashSet<(u32, String)>,
    sink: &mut Sink,
) {
    let key = (condition.operator_span.start, condition.key.to_ascii_lowercase());
    if seen.insert(key.clone()) {
        return;
    }
    let same = |other: &&ConditionView<'_>| {
        other.operator_span == condition.operator_span && other.is_key(&condition.key)
    };
    // The same spelling twice is told already.
    let Some(first) =
        statement.conditions.iter().find(same).filter(|first| first.key != condition.key)
    else {
        return;
    };
    let message = format!(
        "`{}` and `{}` are one condition key, since its case does not count",
        first.key, condition.key
    );
    let finding = Finding::new("key-repeated", message, condition.key_span, "again")
        .also(first.key_span, "first here");
    sink.add(finding.help("merge the two into one: the values of one key are a list"));
}

/// Whether the condition asks for something of the key, so that a key that never comes makes the
/// statement void.
pub(super) fn asks(condition: &ConditionView<'_>) -> bool {
    condition.parsed.is_some_and(|operator| {
        let absent_is_fine =
            operator.if_exists || operator.row.negated || operator.row.family == Family::Null;
        !absent_is_fine && operator.set != Some(crate::policy::SetQualifier::ForAllValues)
    })
}

/// What becomes of a statement whose condition never holds.
pub(super) fn never(statement: &StatementView<'_>) -> &'static str {
    match statement.effect {
        Some(Effect::Deny) => "so the statement never denies anything",
        _ => "so the statement never allows anything",
    }
}

fn check(
    condition: &ConditionView<'_>,
    statement: &StatementView<'_>,
    view: &View<'_>,
    sink: &mut Sink,
) {
    operator(condition, sink);
    if !crate::policy::is_open(&condition.key) {
        key(condition, statement, sink);
    }
    let Some(operator) = condition.parsed else { return };
    for value in condition.values.iter().filter(|value| !value.open) {
        self::value(value, condition, operator.row.family, view, sink);
    }
    several(condition, sink);
    mixed(condition, sink);
    addresses(condition, statement, sink);
}

fn operator(condition: &ConditionView<'_>, sink: &mut Sink) {
    if condition.parsed.is_some() {
        return;
    }
    let text = condition.operator.as_ref();
    let help = match text.rsplit(':').next() {
        Some("NullIfExists") => "write `Null`: it asks itself whether the key is there".to_owned(),
        _ => operator_help(text),
    };
    let message = format!("`{text}` is no condition operator, so AWS refuses the document");
    let finding = Finding::new(
        "condition-operator-unknown",
        message,
        condition.operator_span,
        "no such operator",
    );
    // One operator may have many keys, and is said once.
    if sink.found.last().is_none_or(|last| last.primary.span != condition.operator_span) {
        sink.add(finding.help(help));
    }
}

fn key(condition: &ConditionView<'_>, statement: &StatementView<'_>, sink: &mut Sink) {
    let text = condition.key.as_ref();
    let at = condition.key_span;
    let Some((prefix, rest)) =
        text.split_once(':').filter(|(prefix, rest)| !prefix.is_empty() && !rest.is_empty())
    else {
        let message = format!("`{text}` is no condition key: a key is `prefix:name`");
        let near = alike_keys(&format!("aws:{text}"), None);
        let help = match near.first() {
            Some(near) => format!("did you mean `{near}`?"),
            None if global_key(&format!("aws:{text}")).is_some() => {
                format!("did you mean `aws:{text}`?")
            }
            None => {
                "write the prefix too: `aws:` for global keys, else that of the service".to_owned()
            }
        };
        sink.add(
            Finding::new("condition-key-malformed", message, at, "AWS refuses this").help(help),
        );
        return;
    };
    let lower = text.to_ascii_lowercase();
    if ["aws:requesttag", "aws:principaltag", "aws:resourcetag"]
        .contains(&lower.trim_end_matches('/'))
    {
        let message = format!("`{text}` lacks the key of the tag");
        sink.add(
            Finding::new("condition-key-malformed", message, at, "AWS refuses this")
                .help(format!("write `{}/team`, for a tag `team`", text.trim_end_matches('/'))),
        );
        return;
    }
    if global_key(text).is_some() || is_claim(&lower) || reference::is_further_key(&lower) {
        return;
    }
    let prefix = prefix.to_ascii_lowercase();
    // SAML and the identity providers without a service of their own are listed with STS.
    let owner = match prefix.as_str() {
        "aws" | "saml" => Some("sts"),
        _ => catalogue(&prefix).map(|service| service.prefix),
    };
    if owner.and_then(catalogue).is_some_and(|service| service.key(text).is_some()) {
        return carried(condition, statement, &prefix, sink);
    }
    if owner.is_none()
        && prefix != "aws"
        && catalogue("sts").is_some_and(|sts| sts.key(text).is_some())
    {
        return;
    }
    // A whole service may be newer than the data.
    // Beyond so many findings in a document, nobody wants to read what each may have meant.
    let near = match sink.found.len() {
        0..200 => alike_keys(text, reference::service(owner.unwrap_or_default()).as_ref()),
        _ => Vec::new(),
    };
    if near.is_empty() && (owner.is_none() || prefix == "saml") {
        return;
    }
    let what = match catalogue(&prefix) {
        Some(service) => format!("{} has no condition key `{rest}`", service.name),
        None => format!("there is no condition key `{text}`"),
    };
    let effect = if asks(condition) {
        format!(": no request carries it, {}", never(statement))
    } else {
        String::new()
    };
    let help = match (lower.as_str(), near.first()) {
        ("aws:arn", _) => "write `aws:PrincipalArn` for the caller, or `aws:SourceArn` for the resource on whose behalf a service calls".to_owned(),
        (_, Some(near)) => format!("did you mean `{near}`?"),
        _ => format!("look up the condition keys of `{prefix}`; if AWS has added this one since {}, ignore the finding", reference::date()),
    };
    sink.add(
        Finding::new("condition-key-unknown", format!("{what}{effect}"), at, "no such key")
            .help(help),
    );
}

/// Whether the actions that are written in full may carry the key of a service.
fn carried(
    condition: &ConditionView<'_>,
    statement: &StatementView<'_>,
    prefix: &str,
    sink: &mut Sink,
) {
    let lower = condition.key.to_ascii_lowercase();
    let element = statement.action.as_ref().filter(|element| !element.negated && !element.open);
    let Some(element) =
        element.filter(|_| asks(condition) && !OF_SESSIONS.contains(&lower.as_str()))
    else {
        return;
    };
    // Tags are listed with a word in place of their key, and for some services only.
    if lower.contains('/')
        || !WELL_LISTED.contains(&prefix)
        || element.values.is_empty()
        || element.values.len() > 200
    {
        return;
    }
    for value in &element.values {
        let Some((service, name)) = value.text.split_once(':') else { return };
        if name.contains(['*', '?']) {
            return;
        }
        let known = catalogue(&service.to_ascii_lowercase());
        let Some((known, action)) =
            known.and_then(|known| Some((known, known.action(&name.to_ascii_lowercase())?)))
        else {
            return;
        };
        // A service that lists no keys for its actions says nothing by that.
        if known.may_carry(action, &condition.key) || known.prefix != prefix {
            return;
        }
    }
    let Some(first) = element.values.first() else { return };
    let whom = match element.values.len() {
        1 => format!("a request for `{}` never carries", first.text),
        _ => "none of the actions ever carries".to_owned(),
    };
    let message = format!("{whom} `{}`, {}", condition.key, never(statement));
    let finding =
        Finding::new("condition-key-never-present", message, condition.key_span, "never there")
            .also(first.span, "the action");
    sink.add(finding.help("take the condition out, give it the key that was meant, or let the operator end with `IfExists`"));
}

fn add(
    rule: &'static str,
    value: &Text<'_>,
    message: String,
    label: &str,
    help: impl Into<String>,
    sink: &mut Sink,
) {
    sink.add(Finding::new(rule, message, value.span, label).help(help));
}

/// Looks at one value.
fn value(
    value: &Text<'_>,
    condition: &ConditionView<'_>,
    family: Family,
    view: &View<'_>,
    sink: &mut Sink,
) {
    let text = value.text.as_ref();
    let operator = condition.operator.as_ref();
    if super::variables::has_any(text) {
        let takes_variables = matches!(
            family,
            Family::String | Family::StringIgnoreCase | Family::StringLike | Family::Arn
        );
        if !takes_variables {
            let message = format!(
                "`{operator}` does not fill in policy variables, so `{text}` stands for itself"
            );
            return add(
                "variable-not-expanded",
                value,
                message,
                "never matches",
                "compare with a text or an ARN, or write the value itself",
                sink,
            );
        }
        super::variables::check(value, view, sink);
        return chosen(value, condition, family, sink);
    }
    let wrong = match family {
        Family::Numeric(_) => Number::parse(text).is_none().then_some("a number"),
        Family::Date(_) => {
            moment(text).is_none().then_some("a date such as `2026-12-31T00:00:00Z`")
        }
        Family::Bool | Family::Null => boolean(text).is_none().then_some("`true` or `false`"),
        Family::Binary => bytes(text).is_none().then_some("base64"),
        Family::Ip => network(text).is_none().then_some("an IP address or a CIDR block"),
        Family::Arn => (!text.contains('*') && Arn::parse(text).is_none()).then_some("an ARN"),
        Family::String | Family::StringIgnoreCase | Family::StringLike => None,
    };
    if let Some(wanted) = wrong {
        let message = format!("`{operator}` compares with {wanted}, and `{text}` is none");
        let help = match family {
            Family::Ip if text.contains('/') => {
                "check the address and the length of the mask".to_owned()
            }
            _ => format!("write {wanted}"),
        };
        return add("condition-value-malformed", value, message, "never matches", help, sink);
    }
    let lower = condition.key.to_ascii_lowercase();
    let exact = matches!(family, Family::String | Family::StringIgnoreCase);
    if exact && text.contains('*') && text.len() > 1 || exact && text == "*" {
        let like = match family {
            Family::StringIgnoreCase => "StringLike",
            _ if condition.parsed.is_some_and(|operator| operator.row.negated) => "StringNotLike",
            _ => "StringLike",
        };
        let message = format!("`{operator}` takes `*` as it stands, and not as a wildcard");
        return add(
            "wildcard-not-honoured",
            value,
            message,
            "matches a star alone",
            format!("write `{like}`, or the value in full"),
            sink,
        );
    }
    if SENSITIVE.contains(&lower.as_str())
        && family == Family::StringLike
        && text.contains(['*', '?'])
    {
        let message = format!(
            "a wildcard in `{}` lets in whoever has a value that begins so, strangers too",
            condition.key
        );
        return add(
            "sensitive-key-wildcard",
            value,
            message,
            "a wildcard in an id",
            "write each id in full, with `StringEquals`",
            sink,
        );
    }
    if exact
        || (family == Family::StringLike && !text.contains(['*', '?']))
        || family == Family::Arn
    {
        impossible(value, &lower, condition, sink);
    }
}

/// A variable in an id, filled in from what a person gives a name.
fn chosen(value: &Text<'_>, condition: &ConditionView<'_>, family: Family, sink: &mut Sink) {
    const CHOSEN: [&str; 4] =
        ["${aws:principaltag/", "${aws:requesttag/", "${aws:username}", "${aws:userid}"];
    let text = value.text.to_ascii_lowercase();
    if family != Family::StringLike
        || !SENSITIVE.contains(&condition.key.to_ascii_lowercase().as_str())
        || !CHOSEN.iter().any(|variable| text.contains(variable))
    {
        return;
    }
    let message = format!(
        "whoever sets `{}` chooses what `{}` is compared with, and may write a wildcard",
        value.text, condition.key
    );
    add(
        "sensitive-key-wildcard",
        value,
        message,
        "a variable in an id",
        "write each id in full, with `StringEquals`",
        sink,
    );
}

/// A value that the key never has.
fn impossible(value: &Text<'_>, lower: &str, condition: &ConditionView<'_>, sink: &mut Sink) {
    let text = value.text.as_ref();
    let id = |prefix: &str| {
        let rest = text.strip_prefix(prefix)?;
        Some(matches!(rest.len(), 8 | 17) && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    let words = |text: &str| text.bytes().any(|byte| byte.is_ascii_digit());
    let why = match lower {
        "aws:sourcevpc" if id("vpc-") != Some(true) => {
            ("the id of a VPC is `vpc-` and 8 or 17 hexadecimal digits", "write the id of the VPC")
        }
        "aws:sourcevpce" if id("vpce-") != Some(true) => (
            "the id of a VPC endpoint is `vpce-` and 8 or 17 hexadecimal digits",
            "write the id of the endpoint",
        ),
        "aws:requestedregion" if words(text) && partition_of_region(text).is_none() => {
            ("there is no such Region", "write a Region such as `eu-west-1`")
        }
        "aws:principalaccount"
        | "aws:resourceaccount"
        | "aws:sourceaccount"
        | "aws:vpceaccount"
        | "kms:calleraccount"
            if looks_like_account_id(text) && !is_account_id(text) =>
        {
            (
                "an account id has twelve digits",
                "write all twelve digits, leading zeros too; in YAML put them in quotes",
            )
        }
        "aws:principalorgid" | "aws:resourceorgid" | "aws:sourceorgid" | "aws:vpceorgid"
            if !text.starts_with("o-") =>
        {
            (
                "the id of an organization begins with `o-`",
                "write the id as `aws organizations describe-organization` prints it",
            )
        }
        "aws:principalarn" if text.contains(":assumed-role/") => (
            "for a session it is the ARN of the role, never that of the session",
            "write the ARN of the role, `arn:aws:iam::111122223333:role/name`, with its path",
        ),
        "s3:x-amz-server-side-encryption-aws-kms-key-id"
            if !text.contains(":key/") && !text.contains('*') =>
        {
            (
                "it is compared with the ARN of the key",
                "write the ARN of the key, `arn:aws:kms:…:key/…`",
            )
        }
        _ => return,
    };
    let message = format!("`{}` is never `{text}`: {}", condition.key, why.0);
    add("condition-value-impossible", value, message, "never matches", why.1, sink);
}

/// Values of several kinds under one key.
fn mixed(condition: &ConditionView<'_>, sink: &mut Sink) {
    let (Some(first), Some(other)) = (condition.values.first(), condition.mixed) else { return };
    let message = format!(
        "the values of `{}` are of several kinds, and AWS refuses texts beside numbers or booleans",
        condition.key
    );
    let finding = Finding::new("condition-value-mixed", message, other, "of another kind")
        .also(first.span, "than the first");
    sink.add(finding.help("put quotes around all of them"));
}

/// What is wrong with the operator for this key, or with the values together.
fn several(condition: &ConditionView<'_>, sink: &mut Sink) {
    let Some(operator) = condition.parsed else { return };
    let lower = condition.key.to_ascii_lowercase();
    if operator.row.family == Family::Bool && operator.set.is_none() {
        let mut values = condition.values.iter().filter(|value| !value.open);
        if let (Some(first), Some(second)) = (values.next(), values.next()) {
            let message = format!(
                "`{}` takes one value of `true` and `false`, and AWS refuses several",
                condition.operator
            );
            let finding =
                Finding::new("condition-value-malformed", message, second.span, "the second value")
                    .also(first.span, "the first");
            sink.add(finding.help("keep one of them: either of both always holds"));
        }
    }
    let (kind, many) = match global_key(&condition.key) {
        Some(global) => (global.kind, global.multivalued),
        None => {
            let prefix = lower.split(':').next().unwrap_or_default();
            let Some(key) = catalogue(prefix).and_then(|service| service.key(&condition.key))
            else {
                return;
            };
            (key.kind.strip_prefix("ArrayOf").unwrap_or(key.kind), key.is_multivalued())
        }
    };
    if many
        && operator.set.is_none()
        && operator.row.family != Family::Null
        && global_key(&condition.key).is_some()
    {
        let message = format!(
            "a request may carry several values of `{}`, and `{}` does not say how many have to match",
            condition.key, condition.operator
        );
        let finding = Finding::new(
            "qualifier-missing",
            message,
            condition.operator_span,
            "neither `ForAnyValue:` nor `ForAllValues:`",
        );
        let help = format!(
            "write `ForAnyValue:{0}` if one match is enough, `ForAllValues:{0}` if all values have to match",
            condition.operator
        );
        sink.add(finding.also(condition.key_span, "has many values").help(help));
    }
    let epoch = lower == "aws:epochtime";
    let fits = match operator.row.family {
        Family::Numeric(_) => matches!(kind, "Numeric" | "Long" | "") || epoch,
        Family::Date(_) => matches!(kind, "Date" | "") || epoch,
        Family::Bool => matches!(kind, "Bool" | "Boolean" | ""),
        Family::Ip => matches!(kind, "IPAddress" | ""),
        Family::Arn => {
            !matches!(kind, "Bool" | "Boolean" | "Numeric" | "Long" | "Date" | "IPAddress")
        }
        // Compared as text, which may be meant.
        Family::String
        | Family::StringIgnoreCase
        | Family::StringLike
        | Family::Binary
        | Family::Null => true,
    };
    if !fits {
        let message = format!(
            "`{}` compares {}, and `{}` is {}",
            condition.operator,
            compares(operator.row.family),
            condition.key,
            is(kind)
        );
        let finding = Finding::new(
            "operator-type-mismatch",
            message,
            condition.operator_span,
            "does not fit the key",
        )
        .also(condition.key_span, "the key");
        sink.add(finding.help(format!("write `{}`", fitting(kind))));
    }
}

fn compares(family: Family) -> &'static str {
    match family {
        Family::Numeric(_) => "numbers",
        Family::Date(_) => "dates",
        Family::Bool => "`true` and `false`",
        Family::Ip => "addresses",
        Family::Arn => "ARNs",
        _ => "texts",
    }
}

fn is(kind: &str) -> &'static str {
    match kind {
        "ARN" => "an ARN",
        "Bool" | "Boolean" => "`true` or `false`",
        "Numeric" | "Long" => "a number",
        "Date" => "a date",
        "IPAddress" => "an address",
        _ => "a text",
    }
}

fn fitting(kind: &str) -> &'static str {
    match kind {
        "ARN" => "ArnLike",
        "Bool" | "Boolean" => "Bool",
        "Numeric" | "Long" => "NumericEquals",
        "Date" => "DateLessThan",
        "IPAddress" => "IpAddress",
        _ => "StringEquals",
    }
}

/// Addresses that a public one never is: RFC 1918, RFC 4193, loopback and link-local.
pub(super) fn is_private(text: &str) -> bool {
    let Some(net) = network(text) else { return false };
    match net {
        IpNet::V4(net) => {
            let address = net.network();
            (address.is_private() || address.is_loopback() || address.is_link_local())
                && net.prefix_len() >= 8
        }
        IpNet::V6(net) => {
            let IpAddr::V6(address) = IpAddr::V6(net.network()) else { return false };
            (address.segments().first().is_some_and(|first| first & 0xfe00 == 0xfc00)
                || address.is_loopback())
                && net.prefix_len() >= 7
        }
    }
}

/// `aws:SourceIp` with private addresses alone.
fn addresses(condition: &ConditionView<'_>, statement: &StatementView<'_>, sink: &mut Sink) {
    let is_ip = condition.parsed.is_some_and(|operator| operator.row.family == Family::Ip);
    if !is_ip || !condition.is_key("aws:SourceIp") || condition.open || condition.values.is_empty()
    {
        return;
    }
    if !condition.values.iter().all(|value| is_private(&value.text)) {
        return;
    }
    let Some(first) = condition.values.first() else { return };
    let negated = condition.parsed.is_some_and(|operator| operator.row.negated);
    let effect = match (negated, statement.effect) {
        (false, _) => never(statement).to_owned(),
        (true, Some(Effect::Deny)) => "so the statement denies every request".to_owned(),
        (true, _) => "so the condition holds for every request".to_owned(),
    };
    let message = format!(
        "`aws:SourceIp` is the public address of the caller, and these are private ones alone, {effect}"
    );
    let finding = Finding::new("private-address", message, first.span, "a private address");
    sink.add(finding.help("write the public addresses from which you call, or compare `aws:VpcSourceIp` for calls through a VPC endpoint"));
}

/// Windows of time that are over, or that never open.
fn window(statement: &StatementView<'_>, view: &View<'_>, sink: &mut Sink) {
    let mut latest: Option<(jiff::Timestamp, &ConditionView<'_>, &Text<'_>)> = None;
    let mut earliest = latest;
    for condition in &statement.conditions {
        if !(condition.is_key("aws:CurrentTime") || condition.is_key("aws:EpochTime"))
            || condition.open
        {
            continue;
        }
        let comparison = condition
            .parsed
            .filter(|operator| operator.set.is_none())
            .map(|operator| operator.row.family);
        let [value] = condition.values.as_slice() else { continue };
        let Some(at) = moment(&value.text) else { continue };
        match comparison {
            Some(
                Family::Date(Comparison::Less | Comparison::LessOrEqual)
                | Family::Numeric(Comparison::Less | Comparison::LessOrEqual),
            ) if latest.is_none_or(|(other, ..)| at < other) => {
                latest = Some((at, condition, value));
            }
            Some(
                Family::Date(Comparison::Greater | Comparison::GreaterOrEqual)
                | Family::Numeric(Comparison::Greater | Comparison::GreaterOrEqual),
            ) if earliest.is_none_or(|(other, ..)| at > other) => {
                earliest = Some((at, condition, value));
            }
            _ => {}
        }
    }
    let Some((end, _, value)) = latest else { return };
    let verb = if statement.effect == Some(Effect::Deny) { "denies" } else { "allows" };
    if let Some((start, _, other)) = earliest
        && end < start
    {
        let message = format!(
            "the statement {verb} nothing: the time would have to be before `{}` and after `{}`",
            value.text, other.text
        );
        let finding =
            Finding::new("time-window-passed", message, value.span, "ends before it starts")
                .also(other.span, "starts here");
        sink.add(finding.help("swap the two"));
        return;
    }
    if view.subject.now.is_some_and(|now| end <= now) {
        let message = format!("the statement {verb} nothing any more: it ended on {}", value.text);
        sink.add(
            Finding::new("time-window-passed", message, value.span, "this moment has passed")
                .help("move the end of the window, or take the statement out"),
        );
    }
}
