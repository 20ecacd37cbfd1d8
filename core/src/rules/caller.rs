//! The caller: may such a caller make this call at all?

use crate::eval::Refusal;
use crate::finding::{Finding, Party};
use crate::request::CallerKind;

use super::refusals::refused;
use super::{Case, Rule, rule};

pub(super) static RULES: &[Rule] = &[
    rule!("caller-is-root", Caller, 11, "the caller is a root user, who cannot assume roles", root),
    rule!("caller-cannot-assume", Caller, 12, "credentials of this kind cannot make this call", cannot),
    rule!("owned-by-aws", Caller, 13, "the call asks for what is AWS's own", owned_by_aws),
];

fn root(case: &Case<'_>) -> Vec<Finding> {
    let caller = &case.request.caller;
    refused(case, Refusal::CallerIsRoot, || {
        let message = "the caller is the root user of its account, and root users cannot assume roles";
        Some(
            Finding::new("caller-is-root", message, caller.text.span, "a root user")
                .help("call as an IAM user or a role; no policy can change this")
                .owner(Party::Yourself),
        )
    })
}

fn cannot(case: &Case<'_>) -> Vec<Finding> {
    let caller = &case.request.caller;
    refused(case, Refusal::CallerCannot, || {
        let action = &case.request.action.value;
        let message = format!("{} cannot call `{action}`, whatever the policies say", caller.describe());
        let help = if case.request.service() == "iam" && caller.kind == CallerKind::User {
            "get the session token with `--serial-number` and `--token-code`, or call with the user's long-term credentials"
        } else if action.eq_ignore_ascii_case("sts:AssumeRole") {
            "call with the credentials of an IAM user or a role"
        } else {
            "call with the long-term credentials of an IAM user"
        };
        Some(
            Finding::new("caller-cannot-assume", message, caller.text.span, "credentials of this kind are refused")
                .help(help)
                .owner(Party::Yourself),
        )
    })
}

fn owned_by_aws(case: &Case<'_>) -> Vec<Finding> {
    let request = case.request;
    refused(case, Refusal::OwnedByAws, || {
        let resource = &request.resource.text();
        if request.is_assume_role() {
            let (message, help) = if resource.value.contains("/aws-service-role/") {
                ("only the service that a service-linked role is for assumes it", "use a role of your own that has the permissions you need")
            } else {
                ("a role of IAM Identity Center is assumed by signing in there, and in no other way", "run `aws sso login` with a profile for this permission set, or use a role of your own")
            };
            return Some(
                Finding::new("owned-by-aws", message, resource.span, "AWS's own")
                    .help(help)
                    .owner(Party::Yourself),
            );
        }
        let (what, help) = match request.service() {
            "kms" => ("an alias of a key that AWS manages", "give the key an alias of your own, one that does not begin with `alias/aws/`"),
            _ if resource.value.contains(":role/") => (
                "a role of IAM Identity Center",
                "change the permission set in IAM Identity Center that the role was made from",
            ),
            _ => ("an AWS managed policy", "copy its text into a policy of your own, and attach that one"),
        };
        let message = format!("nobody but AWS changes {what}");
        Some(
            Finding::new("owned-by-aws", message, resource.span, "AWS's own")
                .help(help)
                .owner(Party::Yourself),
        )
    })
}
