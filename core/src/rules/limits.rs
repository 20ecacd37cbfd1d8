//! What rules about policies that only limit have in common.

use crate::eval::Match;
use crate::finding::{Finding, Party, Severity};
use crate::layers::Layer;
use crate::policy::PolicyType;

use super::Case;
use super::action_name::wrong_value;
use super::condition_key::clause;
use super::nearest::{Miss, nearest};
use super::words::condition_sentence;

/// One finding for each visible layer of `policy_type` that does not allow the request.
pub(super) fn not_kept(
    case: &Case<'_>,
    rule: &'static str,
    policy_type: PolicyType,
    owner: Party,
) -> Vec<Finding> {
    if case.evaluation.always_allowed || case.is_moot() {
        return vec![];
    }
    let layers = case.layers.layers.iter().zip(&case.evaluation.verdicts).enumerate();
    layers
        .filter(|(_, (layer, verdict))| {
            layer.policy_type == policy_type && !verdict.applies.is_no()
        })
        .filter(|(_, (layer, verdict))| !verdict.allow.is_yes() && !layer.policies.is_empty())
        // What is not visible of the layer is a gap and not a fault of what is.
        .filter(|(_, (layer, verdict))| verdict.allow.is_no() || layer.missing.is_empty())
        .map(|(at, (layer, verdict))| finding(case, rule, (at, layer), &verdict.allow, owner))
        .collect()
}

fn finding(
    case: &Case<'_>,
    rule: &'static str,
    (at, layer): (usize, &Layer),
    allow: &Match,
    owner: Party,
) -> Finding {
    let request = case.request;
    let near = nearest(case, layer.policy_type).into_iter().find(|near| near.trace.layer == at);
    let near = near.filter(|near| near.miss != Miss::Principal);
    let (span, label) = match &near {
        Some(near) => match near.miss {
            Miss::Principal | Miss::Action => {
                match wrong_value(near.statement, &request.action.value) {
                    Some((text, span, fault)) => (span, format!("`{text}` is no action: {fault}")),
                    None => (
                        near.span(&request.action.value),
                        format!("does not cover `{}`", request.action.value),
                    ),
                }
            }
            Miss::Resource => (
                near.span(&request.resource.text().value),
                "does not cover the resource".to_owned(),
            ),
            Miss::Condition(at) => {
                let condition =
                    near.statement.conditions.get(at).zip(near.trace.conditions.get(at));
                let text = condition.map_or_else(String::new, |(condition, (_, why))| {
                    clause(condition, request)
                        .unwrap_or_else(|| condition_sentence(condition, request, *why))
                });
                (near.span(""), text)
            }
        },
        None => (request.action.span, "nothing in the policy allows this".to_owned()),
    };
    let verb = if allow.is_no() { "does not allow" } else { "may not allow" };
    let place = layer.policies.iter().find_map(|attached| attached.attached_to.as_deref());
    let (what, verb) = match (layer.policy_type, layer.policies.as_slice()) {
        (_, [one]) => {
            let name = one.name.as_ref().map_or_else(String::new, |name| format!(" `{name}`"));
            (format!("the {}{name}", layer.policy_type.name()), verb)
        }
        (PolicyType::ServiceControl, _) => (
            "no service control policy".to_owned(),
            if allow.is_no() { "allows" } else { "surely allows" },
        ),
        _ => (
            format!("none of the {} policies", layer.policies.len()),
            if allow.is_no() { "allows" } else { "surely allows" },
        ),
    };
    let on = match (layer.policy_type, place) {
        (PolicyType::ServiceControl, Some(place)) => format!(" on {place} (level {})", layer.level),
        (PolicyType::ServiceControl, None) => format!(" on level {}", layer.level),
        (_, Some(place)) => format!(" of `{place}`"),
        (_, None) => String::new(),
    };
    let message = format!("{what}{on} {verb} `{}`", request.action.value);
    let severity = if allow.is_no() { Severity::Error } else { Severity::Warning };
    let help = match layer.policy_type {
        PolicyType::ServiceControl => format!(
            "ask an administrator of the organization to allow `{}` on this level, by attaching `FullAWSAccess` or another policy; every level from the root to the account has to",
            request.action.value
        ),
        PolicyType::Session => {
            format!("make the session with a session policy that allows `{}`", request.action.value)
        }
        _ => format!(
            "ask for `{}` on `{}` to be added to the {}; it grants nothing by itself",
            request.action.value,
            request.resource.text().value,
            layer.policy_type.name()
        ),
    };
    let policy = match layer.policies.as_slice() {
        [one] => one.name.as_ref().map_or_else(String::new, |name| format!(" `{name}`")),
        _ => String::new(),
    };
    let ask = format!(
        "please allow `{}` on `{}` in the {}{policy}{on}",
        request.action.value,
        request.resource.text().value,
        layer.policy_type.name()
    );
    Finding::new(rule, message, span, label).severity(severity).help(help).owner(owner).ask(ask)
}
