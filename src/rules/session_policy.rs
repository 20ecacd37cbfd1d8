//! The session policy: does it keep what the policies grant?

use crate::eval::{Accounts, Grant, Match};
use crate::finding::{Finding, Party};
use crate::policy::PolicyType;

use super::limits::not_kept;
use super::{Case, Rule, rule};

pub(super) static RULES: &[Rule] =
    &[rule!("session-policy-no-allow", SessionPolicy, 71, "the policy passed when the session was made does not allow the action", check)];

fn check(case: &Case<'_>) -> Vec<Finding> {
    // A resource-based policy that names the very session, or everyone, adds to the session policy.
    let direct = case.evaluation.parts.grants.get(Grant::Direct as usize).is_some_and(Match::is_yes);
    if direct && case.evaluation.accounts == Accounts::Same {
        return vec![];
    }
    not_kept(case, "session-policy-no-allow", PolicyType::Session, Party::Yourself)
}
