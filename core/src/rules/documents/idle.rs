//! What says nothing, or something else than it seems to say: the notes of the third group.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::finding::Finding;
use crate::policy::{Arn, Comparison, Effect, Family, Number, PolicyType, SetQualifier};
use crate::text::Span;

use super::conditions::{SENSITIVE, is_private};
use super::view::{ConditionView, Named, StatementView, Text, View};
use super::{Sink, glob};

pub(super) fn pass(view: &View<'_>, sink: &mut Sink) {
    for statement in &view.statements {
        for condition in &statement.conditions {
            addresses(condition, sink);
            private(condition, sink);
            null(condition, sink);
            presence(condition, statement, sink);
            bounds(condition, sink);
            dates(condition, sink);
        }
        services(statement, sink);
        for element in [&statement.action, &statement.resource].into_iter().flatten() {
            let exact = statement.resource.as_ref().is_some_and(|own| own.key == element.key);
            repeated(&element.values, exact, sink);
        }
        if view.policy_type() == PolicyType::Trust {
            sessions(statement, sink);
        }
    }
}

/// Private addresses among public ones.
fn private(condition: &ConditionView<'_>, sink: &mut Sink) {
    let is_ip = condition.parsed.is_some_and(|operator| operator.row.family == Family::Ip);
    if !is_ip || condition.open || !condition.is_key("aws:SourceIp") {
        return;
    }
    let is_private = |value: &&Text<'_>| is_private(&value.text);
    let count = condition.values.iter().filter(is_private).count();
    let Some(first) = condition.values.iter().find(is_private) else { return };
    // Of private ones alone, more is to be said.
    if count == condition.values.len() {
        return;
    }
    let message = format!(
        "`aws:SourceIp` is the public address of the caller, so that `{}`, a private one, says nothing",
        first.text
    );
    sink.add(
        Finding::new("private-address-among", message, first.span, "a private address")
            .help("take it out; for calls through a VPC endpoint compare `aws:VpcSourceIp`"),
    );
}

/// A pattern that matches every text, so that only the presence of the key decides, or nothing does.
fn presence(condition: &ConditionView<'_>, statement: &StatementView<'_>, sink: &mut Sink) {
    let Some(operator) = condition.parsed else { return };
    let any = condition.values.iter().find(|value| value.text == "*");
    let Some(value) = any.filter(|_| operator.row.family == Family::StringLike) else { return };
    // Of an id, a wildcard is said to be too open.
    if condition.open || SENSITIVE.contains(&condition.key.to_ascii_lowercase().as_str()) {
        return;
    }
    let present = !operator.row.negated;
    let absent = match operator.set {
        Some(SetQualifier::ForAllValues) => true,
        Some(SetQualifier::ForAnyValue) => operator.if_exists,
        None => operator.row.negated || operator.if_exists,
    };
    let key = &condition.key;
    let operator = &condition.operator;
    if present == absent {
        let (holds, help) = match (present, statement.effect) {
            (true, _) => (
                "always holds, whatever the request carries",
                "take the condition out, or name the values that are meant",
            ),
            (false, Some(Effect::Deny)) => (
                "never holds, so that the statement denies nothing",
                "name the values that are meant",
            ),
            (false, _) => (
                "never holds, so that the statement allows nothing",
                "name the values that are meant",
            ),
        };
        let message = format!("`{operator}` of `{key}` with `*` {holds}");
        sink.add(
            Finding::new("wildcard-decides", message, value.span, "matches every value").help(help),
        );
        return;
    }
    // Whether there is a tag at all is commonly asked so, and everybody reads it.
    if key.contains('/') || key.to_ascii_lowercase().starts_with("kms:encryptioncontext:") {
        return;
    }
    let (what, null) = if present { ("there", "false") } else { ("not there", "true") };
    let message = format!("`{operator}` with `*` asks only whether `{key}` is {what}");
    sink.add(Finding::new("null-equivalent", message, value.span, "matches every value").help(
        format!("write `\"Null\": {{ \"{key}\": \"{null}\" }}`, or name the values that are meant"),
    ));
}

/// Of several bounds one decides alone.
fn bounds(condition: &ConditionView<'_>, sink: &mut Sink) {
    let Some(operator) = condition.parsed.filter(|operator| operator.set.is_none()) else { return };
    let upper = match operator.row.family {
        Family::Numeric(Comparison::Less | Comparison::LessOrEqual) => true,
        Family::Numeric(Comparison::Greater | Comparison::GreaterOrEqual) => false,
        _ => return,
    };
    if condition.open || condition.values.len() < 2 {
        return;
    }
    let numbers: Option<Vec<(Number, &Text<'_>)>> =
        condition.values.iter().map(|value| Some((Number::parse(&value.text)?, value))).collect();
    let Some(numbers) = numbers else { return };
    let by_number = |one: &&(Number, &Text<'_>), other: &&(Number, &Text<'_>)| one.0.cmp(&other.0);
    let decides =
        if upper { numbers.iter().max_by(by_number) } else { numbers.iter().min_by(by_number) };
    let Some((_, decides)) = decides else { return };
    let Some((_, idle)) = numbers.iter().find(|(_, value)| value.span != decides.span) else {
        return;
    };
    let message = format!(
        "`{}` says nothing beside `{}`, since one of several values is enough",
        idle.text, decides.text
    );
    sink.add(
        Finding::new("number-implied", message, idle.span, "says nothing")
            .also(decides.span, "decides alone")
            .help("keep the one that is meant"),
    );
}

/// Moments written as seconds.
fn dates(condition: &ConditionView<'_>, sink: &mut Sink) {
    let is_date =
        condition.parsed.is_some_and(|operator| matches!(operator.row.family, Family::Date(_)));
    if !is_date || condition.is_key("aws:EpochTime") {
        return;
    }
    for value in condition.values.iter().filter(|value| !value.open) {
        let seconds = value.text.len() >= 5 && value.text.bytes().all(|byte| byte.is_ascii_digit());
        let Some(moment) = crate::policy::moment(&value.text).filter(|_| seconds) else { continue };
        let message = format!("`{}` counts seconds, and nobody sees which day it is", value.text);
        sink.add(
            Finding::new("date-as-number", message, value.span, "seconds since 1970")
                .help(format!("write `{moment}`")),
        );
    }
}

/// Wildcards in the name of a service, which match services that AWS has yet to make.
fn services(statement: &StatementView<'_>, sink: &mut Sink) {
    let partly = |service: &str| {
        memchr::memchr2(b'*', b'?', service.as_bytes()).is_some()
            && service.bytes().any(|byte| byte != b'*')
    };
    let mut add = |value: &Text<'_>, service: &str| {
        let message =
            format!("`{service}` matches every service that is called so, those to come too");
        sink.add(
            Finding::new("wildcard-in-service", message, value.span, "a wildcard in a service")
                .help("name each service that is meant"),
        );
    };
    for value in statement.action.iter().flat_map(|element| &element.values) {
        if let Some((service, _)) = value.text.split_once(':').filter(|_| !value.open)
            && partly(service)
        {
            add(value, service);
        }
    }
    for value in statement.resource.iter().flat_map(|element| &element.values) {
        if let Some(arn) = Arn::parse(&value.text).filter(|_| !value.open)
            && !arn.service.contains('$')
            && partly(arn.service)
        {
            add(value, arn.service);
        }
    }
}

/// Sessions that are named beside their own role.
fn sessions(statement: &StatementView<'_>, sink: &mut Sink) {
    let arn = |named: &Named<'_>| {
        Arn::parse(&named.value.text).map(|arn| (arn.account.to_owned(), arn.resource.to_owned()))
    };
    let known = || statement.principals.iter().filter(|named| !named.value.open);
    for named in known() {
        let Some((account, resource)) = arn(named) else { continue };
        let Some((role, _)) =
            resource.strip_prefix("assumed-role/").and_then(|rest| rest.split_once('/'))
        else {
            continue;
        };
        let is_role = |other: &&Named<'_>| {
            arn(other).is_some_and(|(own, resource)| {
                own == account
                    && resource.starts_with("role/")
                    && resource.rsplit('/').next() == Some(role)
            })
        };
        let Some(by) = known().find(is_role) else { continue };
        let message = format!("every session of role `{role}` is named by the role already");
        sink.add(
            Finding::new("principal-covered", message, named.value.span, "says nothing new")
                .also(by.value.span, "names all of them")
                .help("take the session out, or the role if only this session is meant"),
        );
    }
}

/// Blocks of addresses with bits behind their prefix.
fn addresses(condition: &ConditionView<'_>, sink: &mut Sink) {
    if condition.parsed.is_none_or(|operator| operator.row.family != Family::Ip) {
        return;
    }
    for value in condition.values.iter().filter(|value| !value.open) {
        let Ok(block) = value.text.parse::<IpNet>() else { continue };
        if block.addr() == block.network() {
            continue;
        }
        let first: IpAddr = block.network();
        let message = format!("`{}` means the block that begins with {first}", value.text);
        sink.add(
            Finding::new("address-host-bits", message, value.span, "more than it seems").help(
                format!(
                    "write `{}` for the block, or `{}/{}` for the one address",
                    block.trunc(),
                    block.addr(),
                    block.max_prefix_len()
                ),
            ),
        );
    }
}

/// `Null` asks for one key, so that a qualifier decides alone.
fn null(condition: &ConditionView<'_>, sink: &mut Sink) {
    let Some(operator) = condition.parsed else { return };
    if operator.row.family == Family::Null
        && let Some(set) = operator.set
    {
        let always = if set == SetQualifier::ForAllValues { "always holds" } else { "never holds" };
        let message = format!("`{}` {always}, whether the key is there or not", condition.operator);
        sink.add(
            Finding::new("null-with-qualifier", message, condition.operator_span, always)
                .help("write `Null` alone"),
        );
    }
}

/// Beyond so many values of an element, they are not compared with each other.
const MANY: usize = 300;

/// Values that another one of the same element covers.
fn repeated(values: &[Text<'_>], exact: bool, sink: &mut Sink) {
    if values.len() < 2 || values.len() > MANY {
        return;
    }
    // Each with its last fixed byte and where that stands, which tells most values apart.
    let last = |text: &str| {
        let last = memchr::memchr2(b'*', b'?', text.as_bytes())?.checked_sub(1)?;
        Some((last, text.as_bytes().get(last)?.to_ascii_lowercase()))
    };
    let patterns: Vec<_> = values
        .iter()
        .enumerate()
        .filter(|(_, value)| !value.open && memchr::memchr(b'*', value.text.as_bytes()).is_some())
        .map(|(at, value)| (at, value, last(&value.text)))
        .collect();
    if patterns.is_empty() {
        return;
    }
    let mut found: Option<(Span, &Text<'_>, usize)> = None;
    for (at, value) in values.iter().enumerate().filter(|(_, value)| !value.open) {
        let own = value.text.as_bytes();
        let covers = |outer: &Text<'_>, last: &Option<(usize, u8)>| {
            if let Some((last, wanted)) = last
                && own.get(*last).is_none_or(|found| found.to_ascii_lowercase() != *wanted)
            {
                return false;
            }
            if exact {
                glob::covers_exactly(&outer.text, &value.text)
            } else {
                glob::covers(&outer.text, &value.text)
            }
        };
        // Of two that say the same, the second is one too many.
        let by = patterns.iter().find(|(other, outer, last)| {
            *other != at && covers(outer, last) && (outer.text != value.text || *other < at)
        });
        if let Some((_, outer, _)) = by {
            let more = found.map_or(0, |(.., more)| more + 1);
            found = Some(match found {
                Some((span, first, _)) => (span, first, more),
                None => (value.span, outer, 0),
            });
        }
    }
    if let Some((span, outer, more)) = found {
        let rest = if more > 0 {
            format!(", and {more} more values are covered too")
        } else {
            String::new()
        };
        let message = format!("`{}` covers this already{rest}", outer.text);
        sink.add(
            Finding::new("value-covered", message, span, "says nothing new")
                .also(outer.span, "covers it")
                .help("take it out, or narrow the pattern if this was meant to be the limit"),
        );
    }
}
