//! The VPC endpoint's policy: does it let the request through?

use crate::finding::{Finding, Party};
use crate::policy::PolicyType;

use super::limits::not_kept;
use super::{Case, Rule, rule};

pub(super) static RULES: &[Rule] =
    &[rule!("endpoint-no-allow", EndpointPolicy, 82, "the policy of the VPC endpoint does not allow the request", check)];

fn check(case: &Case<'_>) -> Vec<Finding> {
    not_kept(case, "endpoint-no-allow", PolicyType::VpcEndpoint, Party::EndpointOwner)
}
