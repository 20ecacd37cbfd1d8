//! A trust policy that is about to be stored: IAM looks up the principals that it names.

use crate::finding::{Finding, Party, Severity};
use crate::policy::{NamedPrincipal, Names, PolicyType};
use crate::text::Spanned;

use super::{Case, Rule, rule};

pub(super) static RULES: &[Rule] = &[rule!(
    "principal-may-not-exist",
    Parameters,
    61,
    "IAM stores a trust policy only if every principal in it exists",
    check
)];

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
fn check(case: &Case<'_>) -> Vec<Finding> {
    let name = case.request.action_lower.rsplit(':').next().unwrap_or_default();
    if !matches!(name, "createrole" | "updateassumerolepolicy") {
        return vec![];
    }
    let statements = case
        .layers
        .of(PolicyType::Trust)
        .flat_map(|layer| &layer.policies)
        .flat_map(|attached| &attached.policy.statements);
    let principals = statements.filter_map(|statement| statement.principal.as_ref());
    let named = principals.flat_map(|principals| &principals.values);
    let looked_up = named.filter(|one| matches!(one.value.names, Names::Role | Names::User));
    looked_up.map(|one| finding(case, one, name == "createrole")).collect()
}

fn finding(case: &Case<'_>, named: &Spanned<NamedPrincipal>, creates: bool) -> Finding {
    let arn = &named.value.text;
    let itself = creates && *arn == case.request.resource.text.value;
    let (message, label, help, severity) = if itself {
        (
            format!("the trust policy names `{arn}`, the role that is being created, and IAM refuses principals that do not exist"),
            "does not exist until the role is created",
            "create the role without this principal and add it afterwards, or name the account with a condition on `aws:PrincipalArn`",
            Severity::Warning,
        )
    } else {
        (
            format!("IAM stores the trust policy only if `{arn}` exists and is known everywhere; else it answers `Invalid principal in policy`"),
            "has to exist",
            "if it was created a moment ago, wait ten seconds and try again; if it was deleted, take it out",
            Severity::Note,
        )
    };
    Finding::new("principal-may-not-exist", message, named.span, label)
        .severity(severity)
        .help(help)
        .owner(Party::Yourself)
}
