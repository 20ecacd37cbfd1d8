//! The organization's service control policies: does every level allow the request?

use crate::finding::{Finding, Party};
use crate::policy::PolicyType;

use super::limits::not_kept;
use super::{Case, Rule, rule};

pub(super) static RULES: &[Rule] =
    &[rule!("scp-no-allow", ServiceControlPolicies, 80, "a level of the organization has no service control policy that allows the action", check)];

fn check(case: &Case<'_>) -> Vec<Finding> {
    not_kept(case, "scp-no-allow", PolicyType::ServiceControl, Party::Organization)
}
