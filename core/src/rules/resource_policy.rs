//! The resource's own policy: where it has to allow the request, does it?

use crate::eval::Accounts;
use crate::finding::{Finding, Severity};
use crate::policy::PolicyType;

use super::nearest::{Miss, nearest};
use super::words::condition_sentence;
use super::{Case, Rule, action_name, condition_key, rule, service_principal};

pub(super) static RULES: &[Rule] = &[rule!(
    "resource-policy-no-allow",
    ResourcePolicy,
    54,
    "the resource's own policy has to allow the request and does not",
    check
)];

fn check(case: &Case<'_>) -> Vec<Finding> {
    let evaluation = case.evaluation;
    let result = &evaluation.parts.resource;
    let needed =
        evaluation.needs_resource_policy && !evaluation.always_allowed && !case.is_moot();
    if case.request.needs_trust_policy() || !needed || result.is_yes() {
        return vec![];
    }
    let request = case.request;
    let why = if evaluation.accounts == Accounts::Different && request.caller.account.is_some() {
        "the caller belongs to another account"
    } else if request.caller.account.is_none() {
        "the caller has no policies of its own"
    } else {
        "a KMS key gives nothing to anybody unless its key policy does"
    };
    let severity = if result.is_no() { Severity::Error } else { Severity::Warning };
    let near = nearest(case, PolicyType::ResourceBased).into_iter().next();
    let (span, label) = match &near {
        Some(near) => match near.miss {
            Miss::Principal => match service_principal::meant(case, near) {
                Some((text, span, fault)) => (span, format!("`{text}` is not the name of the calling service: {fault}")),
                None => (near.span(&request.caller.text.value), "does not name the caller".to_owned()),
            },
            Miss::Action => match action_name::wrong_value(near.statement, &request.action.value) {
                Some((text, span, fault)) => (span, format!("`{text}` is no action: {fault}")),
                None => (near.span(&request.action.value), format!("does not cover `{}`", request.action.value)),
            },
            Miss::Resource => (near.span(&request.resource.text().value), "does not cover the resource".to_owned()),
            Miss::Condition(at) => {
                let condition = near.statement.conditions.get(at).zip(near.trace.conditions.get(at));
                let text = condition.map_or_else(String::new, |(condition, (_, why))| {
                    condition_key::clause(condition, request).unwrap_or_else(|| condition_sentence(condition, request, *why))
                });
                (near.span(""), text)
            }
        },
        None if result.is_no() => {
            (request.action.span, "no resource-based policy allows this".to_owned())
        }
        None => (request.action.span, "not known to be allowed by one".to_owned()),
    };
    let verb = if result.is_no() { "does not allow" } else { "may not allow" };
    // Nothing of IAM has a policy that could let another account manage it.
    if request.service() == "iam" && evaluation.accounts == Accounts::Different {
        let account = request.resource_account().unwrap_or("of the resource");
        let text = &request.resource.text().value;
        let pass = &*request.action_lower == "iam:passrole";
        let why = if pass { "a role can be passed only within its account" } else { "calls to IAM are about the caller's own account alone" };
        let message = format!("`{text}` belongs to another account than the caller, and {why}");
        return vec![
            Finding::new("resource-policy-no-allow", message, request.resource.text().span, "of another account")
                .severity(severity)
                .help(match pass {
                    true => "pass a role of the account in which the service is to work; it may assume the other role from there, if that trusts it".to_owned(),
                    false => format!("assume a role in account {account} first, and call `{}` with its session", request.action.value),
                })
                .owner(crate::finding::Party::Yourself),
        ];
    }
    let message = format!(
        "the policy of `{}` {verb} `{}`, and it has to: {why}",
        request.resource.text().value, request.action.value
    );
    let or_grant = match request.resource.arn().filter(|arn| arn.service == "kms") {
        Some(_) => ", or by a grant; those that there are were not looked at",
        None => "",
    };
    let help = format!(
        "ask the owner of the resource to allow `{}` to `{}` in its resource-based policy{or_grant}",
        request.action.value, request.caller.text.value
    );
    vec![
        Finding::new("resource-policy-no-allow", message, span, label)
            .severity(severity)
            .help(help)
            .owner(case.resource_owner())
            .ask(format!(
                "please allow `{}` on `{}` to `{}` in the resource's own policy",
                request.action.value, request.resource.text().value, request.caller.text.value
            )),
    ]
}
