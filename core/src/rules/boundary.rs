//! The caller's permissions boundary: does it keep what the policies grant?

use crate::eval::Grant;
use crate::finding::{Finding, Party, Severity};
use crate::policy::{Effect, PolicyType};
use crate::request::CallerKind;

use super::limits::not_kept;
use super::{Case, Rule, rule};

pub(super) static RULES: &[Rule] = &[
    rule!("boundary-no-allow", PermissionsBoundary, 70, "the caller's permissions boundary does not allow the action", check),
    rule!("boundary-may-limit-trust", PermissionsBoundary, 95, "a boundary may limit what a trust policy grants to its user", may_limit),
];

/// Whether a grant by the resource's own policy passes the boundary by.
fn is_passed_by(case: &Case<'_>) -> bool {
    case.evaluation.accounts == crate::eval::Accounts::Same
        && case.evaluation.parts.grants.get(Grant::Direct as usize).is_some_and(crate::eval::Match::is_yes)
}

fn check(case: &Case<'_>) -> Vec<Finding> {
    if is_passed_by(case) {
        return vec![];
    }
    not_kept(case, "boundary-no-allow", PolicyType::PermissionsBoundary, Party::CallerAccount)
}

/// Evaluation rules and the page on trust policies differ here, so it is a risk and not a verdict.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-trust-policy.html>
fn may_limit(case: &Case<'_>) -> Vec<Finding> {
    let request = case.request;
    let boundary_denies = case.evaluation.parts.boundary.is_no();
    if !request.needs_trust_policy() || request.caller.kind != CallerKind::User || !boundary_denies || !is_passed_by(case) {
        return vec![];
    }
    let place = case.traces(PolicyType::Trust).filter(|trace| trace.outcome.is_yes() && trace.effect == Some(Effect::Allow)).find_map(|trace| {
        let (_, statement) = case.statement(trace)?;
        let values = &statement.principal.as_ref()?.values;
        let exact = values.iter().find(|value| value.value.text == request.caller.text.value);
        exact.map(|value| value.span)
    });
    let Some(span) = place else { return vec![] };
    let message = format!("the permissions boundary of {} does not allow `{}`, and AWS's documents disagree on whether that matters here", request.caller.describe(), request.action.value);
    vec![
        Finding::new("boundary-may-limit-trust", message, span, "names the user itself, which is said to pass the boundary by")
            .severity(Severity::Warning)
            .help(format!("add `{}` to the boundary to be sure", request.action.value))
            .owner(Party::CallerAccount),
    ]
}
