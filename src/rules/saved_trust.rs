//! A trust policy that is about to be stored: IAM looks up the principals that it names.

use crate::finding::{Finding, Party, Severity};
use crate::policy::{Arn, NamedPrincipal, Names, PolicyType, PrincipalKind, Principals};
use crate::reference::{is_service_principal, service_principals};
use crate::text::{Spanned, edits};

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
    let named: Vec<_> = principals.flat_map(named).collect();
    let refused: Vec<_> = named.iter().filter_map(|one| refusal(case, one)).collect();
    // What is refused for certain leaves no doubt to speak of.
    if !refused.is_empty() {
        return refused;
    }
    let looked_up = named.into_iter().filter(|one| {
        one.value.kind == PrincipalKind::Aws && matches!(one.value.names, Names::Role | Names::User)
    });
    looked_up.map(|one| finding(case, one, name == "createrole")).collect()
}

fn named(principals: &Principals) -> impl Iterator<Item = &Spanned<NamedPrincipal>> {
    principals.values.iter()
}

/// A principal that IAM refuses whatever else there is in the account.
fn refusal(case: &Case<'_>, named: &Spanned<NamedPrincipal>) -> Option<Finding> {
    let text = &named.value.text;
    let own = Arn::parse(&case.request.resource.text.value).map_or("", |arn| arn.partition);
    let (why, help) = match &named.value.names {
        Names::UniqueId => (
            "it is the unique id of a principal that was deleted".to_owned(),
            "write the ARN of a principal that there is".to_owned(),
        ),
        Names::Service if !is_service_principal(text) => {
            let near = service_principals()
                .map(|name| format!("{name}.amazonaws.com"))
                .min_by_key(|name| edits(name, text))
                .filter(|name| edits(name, text) <= 3);
            let help = near.map_or_else(
                || "see the documentation of the service for the name under which it calls".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            ("AWS lists no service of that name".to_owned(), help)
        }
        Names::Account { partition: Some(partition), .. } if *partition != own => {
            (format!("it is of partition `{partition}`, the role of `{own}`"), format!("name a principal of `{own}`"))
        }
        Names::Role | Names::User | Names::RoleSession => {
            let partition = Arn::parse(text).map(|arn| arn.partition).filter(|partition| *partition != own)?;
            (format!("it is of partition `{partition}`, the role of `{own}`"), format!("name a principal of `{own}`"))
        }
        _ => return None,
    };
    let message = format!("IAM refuses the trust policy, since `{text}` is no principal that it finds: {why}");
    Some(
        Finding::new("principal-may-not-exist", message, named.span, why)
            .severity(Severity::Warning)
            .help(help)
            .owner(Party::Yourself),
    )
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
