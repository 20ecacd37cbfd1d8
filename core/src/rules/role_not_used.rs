//! The caller is denied in its own name, and a role is there that would be allowed.

use crate::eval::Decision;
use crate::finding::{Finding, Party, Severity};

use super::{Case, Rule, rule};

pub(super) static RULES: &[Rule] =
    &[rule!("role-not-used", Caller, 45, "the call was made without the role that would be allowed to make it", check)];

fn check(case: &Case<'_>) -> Vec<Finding> {
    if case.evaluation.decision == Decision::Allowed || case.request.is_assume_role() {
        return vec![];
    }
    let Some(role) = case.usable_roles.iter().find(|role| role.assumable).or(case.usable_roles.first()) else {
        return vec![];
    };
    let caller = &case.request.caller;
    let action = &case.request.action.value;
    let (message, help) = if role.assumable {
        (
            format!("the call was made as {}, without the role `{}`, which is allowed `{action}`", caller.describe(), role.arn),
            format!("assume the role first: `aws sts assume-role --role-arn {} --role-session-name NAME`, and call with its credentials", role.arn),
        )
    } else {
        (
            format!("the call was made as {}; the role `{}` is allowed `{action}`, if the caller may assume it", caller.describe(), role.arn),
            format!("if you meant to use it, see why not: `why-denied --role {} --caller {}`", role.arn, caller.text.value),
        )
    };
    vec![
        Finding::new("role-not-used", message, caller.text.span, "this is not a session of that role")
            .severity(Severity::Note)
            .help(help)
            .owner(Party::Yourself),
    ]
}
