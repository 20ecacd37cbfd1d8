//! What holds for some policy types, services and keys alone.

use crate::finding::Finding;
use crate::policy::{Arn, Effect, Family, PolicyType, SetQualifier};
use crate::reference::{catalogue, is_claim};

use super::resources::WELL_LISTED;
use super::view::{ConditionView, StatementView, View};
use super::{Sink, glob};

/// Services that store a policy with each resource, and take no other service's actions in it.
const STRICT: [&str; 6] = ["ecr", "kms", "s3", "secretsmanager", "sns", "sqs"];

/// What AWS refuses, or what never matches.
pub(super) fn pass(view: &View<'_>, sink: &mut Sink) {
    if view.policy_type() == PolicyType::ResourceBased && view.subject.is_typed {
        for statement in &view.statements {
            of_holder(statement, view, sink);
        }
    }
}

/// Actions and resources in the policy of a resource that are about something else.
fn of_holder(statement: &StatementView<'_>, view: &View<'_>, sink: &mut Sink) {
    let host = view.subject.host;
    let Some(service) = host.service.filter(|service| STRICT.contains(service)) else { return };
    for value in statement.actions().iter().filter(|value| !value.open) {
        let Some((prefix, _)) = value.text.split_once(':') else { continue };
        if prefix.contains(['*', '?']) || prefix.eq_ignore_ascii_case(service) {
            continue;
        }
        let message = format!(
            "this is a policy of `{service}`, and AWS refuses it with `{}`, an action of another service",
            value.text
        );
        sink.add(
            Finding::new("action-of-other-service", message, value.span, "AWS refuses this").help(
                "give that action in a policy of the caller, or of the resource that it is about",
            ),
        );
    }
    let own = host.arn.as_deref().filter(|arn| !crate::policy::is_open(arn));
    let Some(own) = own.and_then(Arn::parse).filter(|own| own.service == service) else { return };
    // Keys name themselves with `*`, and repositories by no resource at all.
    if !matches!(service, "s3" | "sns" | "sqs") {
        return;
    }
    for value in statement.resources().iter().filter(|value| !value.open) {
        let text = value.text.as_ref();
        let Some(arn) = Arn::parse(text).filter(|arn| arn.service == service) else { continue };
        let named = if service == "s3" {
            arn.resource.split('/').next().unwrap_or(arn.resource)
        } else {
            arn.resource
        };
        let fits = |pattern: &str, own: &str| {
            pattern.contains("${") || glob::overlap(pattern.as_bytes(), own.as_bytes())
        };
        // An access point of the bucket has an ARN of its own.
        if fits(named, own.resource) || arn.resource.contains(':') {
            continue;
        }
        let message =
            format!("this is the policy of `{}`, and `{text}` is another one", own.resource);
        sink.add(
            Finding::new("resource-of-other-holder", message, value.span, "AWS refuses this")
                .help(format!("write `{}`", host.arn.as_deref().unwrap_or_default())),
        );
    }
}

/// What is seldom meant so.
pub(super) fn open(view: &View<'_>, sink: &mut Sink) {
    for statement in &view.statements {
        companions(statement, view, sink);
        unsupplied(statement, sink);
        prefixes(statement, sink);
        attributes(statement, sink);
        for condition in &statement.conditions {
            audience(condition, sink);
            pair(condition, statement, sink);
        }
    }
}

fn has(statement: &StatementView<'_>, key: &str) -> bool {
    statement.condition_open
        || statement.conditions.iter().any(|condition| condition.open || condition.is_key(key))
}

/// Whether the statement has `BoolIfExists` of the key with this value.
fn asks(statement: &StatementView<'_>, operators: &[&str], key: &str, value: &str) -> bool {
    statement.conditions.iter().any(|condition| {
        condition.open
            || (condition.is_key(key)
                && operators.iter().any(|own| condition.operator.eq_ignore_ascii_case(own))
                && condition.values.iter().any(|own| own.text.eq_ignore_ascii_case(value)))
    })
}

/// A resource control policy meets AWS's services too, which have no organization of their own.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html>
fn companions(statement: &StatementView<'_>, view: &View<'_>, sink: &mut Sink) {
    const PRINCIPAL: [&str; 4] =
        ["aws:principalorgid", "aws:principalorgpaths", "aws:principalaccount", "aws:principalarn"];
    const SOURCE: [&str; 3] = ["aws:sourceorgid", "aws:sourceorgpaths", "aws:sourceaccount"];
    if view.policy_type() != PolicyType::ResourceControl
        || statement.effect != Some(Effect::Deny)
        || statement.condition_open
    {
        return;
    }
    for condition in &statement.conditions {
        let lower = condition.key.to_ascii_lowercase();
        let negated = condition.parsed.is_some_and(|operator| operator.row.negated);
        if condition.open || !negated {
            continue;
        }
        let bools = ["BoolIfExists", "Bool"];
        let (message, help) = if PRINCIPAL.contains(&lower.as_str()) {
            if asks(statement, &bools, "aws:PrincipalIsAWSService", "false") {
                continue;
            }
            (
                format!(
                    "a call of an AWS service carries no `{}`, and is denied as well",
                    condition.key
                ),
                "add `\"BoolIfExists\": { \"aws:PrincipalIsAWSService\": \"false\" }`",
            )
        } else if SOURCE.contains(&lower.as_str()) {
            if !asks(statement, &bools, "aws:PrincipalIsAWSService", "true") {
                (
                    format!(
                        "only calls of AWS services carry `{}`, and all others are denied as well",
                        condition.key
                    ),
                    "add `\"BoolIfExists\": { \"aws:PrincipalIsAWSService\": \"true\" }`",
                )
            } else if asks(statement, &["Null"], "aws:SourceAccount", "false")
                || asks(statement, &["Null"], "aws:SourceArn", "false")
            {
                continue;
            } else {
                (
                    format!(
                        "services that send no source carry no `{}`, and are denied as well",
                        condition.key
                    ),
                    "add `\"Null\": { \"aws:SourceAccount\": \"false\" }`",
                )
            }
        } else {
            continue;
        };
        sink.add(
            Finding::new(
                "control-key-alone",
                message,
                condition.key_span,
                "denies more than it seems",
            )
            .help(help),
        );
    }
}

/// A statement that asks for a tag of the resource, of which some actions carry none.
fn unsupplied(statement: &StatementView<'_>, sink: &mut Sink) {
    let Some(effect) = statement.effect else { return };
    for condition in &statement.conditions {
        let asked = condition.parsed.is_some_and(|operator| {
            !operator.row.negated && !operator.if_exists && operator.row.family != Family::Null
        });
        let lower = condition.key.to_ascii_lowercase();
        if condition.open || !asked || !lower.starts_with("aws:resourcetag/") {
            continue;
        }
        let without = statement.actions().iter().filter(|value| !value.open).find(|value| {
            let Some((prefix, name)) = value.text.split_once(':') else { return false };
            let service = catalogue(&prefix.to_ascii_lowercase())
                .filter(|service| WELL_LISTED.contains(&service.prefix));
            let action = service
                .and_then(|service| Some((service, service.action(&name.to_ascii_lowercase())?)));
            action.is_some_and(|(service, action)| {
                service.types_of(action).next().is_some()
                    && !service.may_carry(action, "aws:ResourceTag/${TagKey}")
            })
        });
        if let Some(value) = without {
            let (rule, what, help) = match effect {
                Effect::Deny => (
                    "tag-key-not-supplied",
                    "not denied",
                    "deny it without the condition, or by the name of the resource",
                ),
                Effect::Allow => (
                    "tag-key-never-allows",
                    "not allowed",
                    "allow it in a statement of its own, by the name of the resource",
                ),
            };
            let message = format!(
                "a request for `{}` carries no `{}`, so that it is {what}",
                value.text, condition.key
            );
            sink.add(
                Finding::new(rule, message, value.span, what)
                    .also(condition.key_span, "never there")
                    .help(help),
            );
        }
    }
}

/// A Deny of some prefixes of a bucket's list, or an Allow of all others: a shorter one has them too.
fn prefixes(statement: &StatementView<'_>, sink: &mut Sink) {
    for condition in statement.conditions.iter().filter(|one| one.is_key("s3:prefix")) {
        let Some(operator) = condition.parsed else { continue };
        let text = matches!(
            operator.row.family,
            Family::String | Family::StringLike | Family::StringIgnoreCase
        );
        let weak = match statement.effect {
            Some(Effect::Deny) => !operator.row.negated,
            Some(Effect::Allow) => operator.row.negated,
            None => false,
        };
        if text && weak {
            let message = "a list with a shorter prefix, or with none, shows the same objects, and is not kept out";
            sink.add(
                Finding::new("prefix-evaded", message, condition.key_span, "a shorter one goes")
                    .help("allow the prefixes that are meant with `StringLike`, and no others"),
            );
        }
    }
}

/// Attributes of a table are kept back only from whoever has to say which ones it wants.
fn attributes(statement: &StatementView<'_>, sink: &mut Sink) {
    let Some(condition) = statement.conditions.iter().find(|one| one.is_key("dynamodb:Attributes"))
    else {
        return;
    };
    let reads = ["dynamodb:Query", "dynamodb:Scan", "dynamodb:GetItem", "dynamodb:BatchGetItem"];
    let selects = reads.iter().take(2).any(|action| statement.names_action(action));
    if statement.effect == Some(Effect::Allow) && selects && !has(statement, "dynamodb:Select") {
        let message = "a query that names no attributes gets all of them, since `dynamodb:Select` is not asked for";
        sink.add(
            Finding::new(
                "attributes-without-select",
                message,
                condition.key_span,
                "may be left out",
            )
            .help(
                "add `\"StringEqualsIfExists\": { \"dynamodb:Select\": \"SPECIFIC_ATTRIBUTES\" }`",
            ),
        );
    }
}

/// One value among several of a claim that has one.
fn audience(condition: &ConditionView<'_>, sink: &mut Sink) {
    let lower = condition.key.to_ascii_lowercase();
    let set = condition.parsed.and_then(|operator| operator.set);
    if lower.ends_with(":aud") && is_claim(&lower) && set == Some(SetQualifier::ForAnyValue) {
        let message = format!(
            "`{}` has one value, so that `ForAnyValue:` has nothing to choose from",
            condition.key
        );
        sink.add(
            Finding::new("audience-any-value", message, condition.operator_span, "one value")
                .help("write the operator without `ForAnyValue:`"),
        );
    }
}

/// An address within a VPC says nothing without the VPC.
fn pair(condition: &ConditionView<'_>, statement: &StatementView<'_>, sink: &mut Sink) {
    if condition.is_key("aws:VpcSourceIp")
        && !has(statement, "aws:SourceVpc")
        && !has(statement, "aws:SourceVpce")
    {
        let message = "any VPC may have this address: `aws:VpcSourceIp` is of use only beside `aws:SourceVpc`";
        sink.add(
            Finding::new("paired-key-missing", message, condition.key_span, "of any VPC")
                .help("add `StringEquals` on `aws:SourceVpc`"),
        );
    }
}
