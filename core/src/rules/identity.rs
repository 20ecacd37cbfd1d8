//! The caller's identity-based policies: do they allow the request?

use crate::eval::{Accounts, Grant, Match};
use crate::finding::{Finding, Party, Severity};
use crate::policy::{Effect, PolicyType};
use crate::request::CallerKind;
use crate::text::Span;

use super::closeness::difference;
use super::nearest::{Miss, Near, nearest};
use super::trusted::whom_to_name;
use super::unmet::unmet;
use super::{Case, Rule, action_name, rule};

pub(super) static RULES: &[Rule] = &[
    rule!("identity-no-allow", IdentityPolicies, 60, "no identity-based policy of the caller allows the action", no_allow),
    rule!("identity-condition-unmet", IdentityPolicies, 61, "an identity-based policy allows it under a condition that is not met", condition),
];

/// Whether the identity-based policies are in the way, and how surely.
pub(super) fn severity(case: &Case<'_>) -> Option<Severity> {
    let evaluation = case.evaluation;
    if case.is_moot() || evaluation.always_allowed || evaluation.parts.identity.is_yes() {
        return None;
    }
    match (&evaluation.needs_identity_policy, &evaluation.parts.identity) {
        (Match::No, _) => None,
        // Within one account a trust or key policy that names the caller itself would do alone.
        (Match::Yes, Match::No) if case.may_do_without_identity_policy() => Some(Severity::Warning),
        (Match::Yes, Match::No) => Some(Severity::Error),
        _ => Some(Severity::Warning),
    }
}

fn near<'a>(case: &Case<'a>) -> Option<Near<'a>> {
    nearest(case, PolicyType::IdentityBased).into_iter().find(|near| near.miss != Miss::Principal)
}

fn is_condition(near: &Near<'_>) -> bool {
    matches!(near.miss, Miss::Condition(_))
}

fn no_allow(case: &Case<'_>) -> Vec<Finding> {
    let Some(severity) = severity(case) else { return vec![] };
    // A statement that writes the action wrong is told of by itself.
    if action_name::meant(case, PolicyType::IdentityBased).is_some() {
        return vec![];
    }
    let near = near(case).filter(|near| near.miss != Miss::Action);
    if near.as_ref().is_some_and(is_condition) {
        return vec![];
    }
    // Nothing visible allows it, and what is not visible may: the gap says so, no policy is at fault.
    if !case.evaluation.parts.identity.is_no() && near.is_none() {
        return vec![];
    }
    let request = case.request;
    let (action, resource) = (&request.action, &request.resource.text());
    let who = request.caller.describe();
    let owner = if request.caller.kind == CallerKind::FederatedUser { Party::Yourself } else { Party::CallerAccount };
    let whose = match &request.caller.account {
        Some(account) => format!("account {account}"),
        None => "the caller's account".to_owned(),
    };
    let help = format!(
        "ask an administrator of {whose} to allow `{}` on `{}` to {who}",
        action.value, resource.value
    );
    let finding = match near {
        Some(near) => {
            let message = format!("no identity-based policy of {who} allows `{}` on `{}`", action.value, resource.value);
            let span = near.span(&resource.value);
            let element = near.statement.resource.as_ref();
            let value = element.and_then(|element| element.values.iter().find(|value| value.span == span));
            let label = match element {
                Some(element) if element.negated => "leaves this resource out".to_owned(),
                _ => value
                    .and_then(|value| difference(&value.value.text, &resource.value))
                    .map_or_else(|| "allows the action, but on another resource".to_owned(), |how| how.label()),
            };
            Finding::new("identity-no-allow", message, span, label)
                .also(resource.span, "the resource that was asked for")
        }
        None => {
            let message = format!("no identity-based policy of {who} allows `{}`", action.value);
            Finding::new("identity-no-allow", message, action.span, "nothing grants this to the caller")
        }
    };
    let finding = match by_resource(case) {
        Some((span, label)) => finding.also(span, label),
        None => finding,
    };
    let finding = match instead(case) {
        Some((span, label)) => finding.also(span, label),
        None => finding,
    };
    let ask = format!(
        "please allow `{}` on `{}` to `{}`",
        action.value, resource.value, whom_to_name(case)
    );
    vec![finding.severity(severity).help(help).owner(owner).ask(ask)]
}

/// An action that the caller's policies allow and that is easily taken for `sts:AssumeRole`.
fn instead(case: &Case<'_>) -> Option<(Span, &'static str)> {
    if &*case.request.action_lower != "sts:assumerole" {
        return None;
    }
    nearest(case, PolicyType::IdentityBased).into_iter().filter(|near| near.miss == Miss::Action).find_map(|near| {
        let element = near.statement.action.as_ref()?;
        if element.negated {
            return near.covers("iam:passrole").then_some((element.key, "leaves `sts:AssumeRole` out"));
        }
        element.values.iter().find_map(|value| match &*value.value.text.to_ascii_lowercase() {
            "iam:passrole" => Some((value.span, "lets the caller hand a role to a service, not assume it")),
            "sts:assumerolewithwebidentity" => Some((value.span, "is for callers with a token, and no policy of theirs is asked")),
            "sts:assumerolewithsaml" => Some((value.span, "is for callers with an assertion, and no policy of theirs is asked")),
            _ => None,
        })
    })
}

/// The place in the resource's own policy that lets the caller in, and why that is not enough.
fn by_resource(case: &Case<'_>) -> Option<(Span, &'static str)> {
    let policy_type = case.resource_policy_type();
    let trace = case
        .traces(policy_type)
        .find(|trace| trace.effect == Some(Effect::Allow) && trace.outcome.is_yes())?;
    let (_, statement) = case.statement(trace)?;
    let principals = &statement.principal.as_ref()?.values;
    let [one] = principals.as_slice() else { return None };
    let label = match (case.evaluation.accounts, trace.grant) {
        (Accounts::Different, _) => {
            "lets the caller in, but from another account its own policies have to allow it as well"
        }
        (_, Grant::Delegation) => {
            "trusts the account, which leaves it to the account's own policies"
        }
        _ => return None,
    };
    Some((one.span, label))
}

fn condition(case: &Case<'_>) -> Vec<Finding> {
    let Some(severity) = severity(case) else { return vec![] };
    let Some(near) = near(case).filter(is_condition) else { return vec![] };
    let intro = match &near.attached.name {
        Some(name) => format!("the identity-based policy `{name}`"),
        None => "an identity-based policy".to_owned(),
    };
    unmet(case, &near, "identity-condition-unmet", &intro, Party::CallerAccount, severity)
}
