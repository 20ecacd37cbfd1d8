//! The session policy: does it keep what the policies grant?

use crate::eval::{Accounts, Grant, Match};
use crate::finding::{Finding, Party};
use crate::policy::PolicyType;
use crate::request::CallerKind;

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
    if case.request.caller.kind == CallerKind::FederatedUser
        && !case.evaluation.parts.has_session_policy
    {
        return without_any(case);
    }
    not_kept(case, "session-policy-no-allow", PolicyType::Session, Party::Yourself)
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getfederationtoken.html>
fn without_any(case: &Case<'_>) -> Vec<Finding> {
    if case.is_moot() || case.evaluation.always_allowed || !case.evaluation.decision.is_denied() {
        return vec![];
    }
    let caller = &case.request.caller;
    let message = format!(
        "the session of {} was made without a session policy, so it has no permissions of its own",
        caller.describe()
    );
    vec![
        Finding::new("session-policy-no-allow", message, caller.text.span, "a session without a policy")
            .help("pass a policy to `aws sts get-federation-token`, or name the session in the resource's own policy")
            .owner(Party::Yourself),
    ]
}
