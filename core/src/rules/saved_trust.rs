//! A trust policy that is about to be stored: IAM looks up the principals that it names.

use crate::finding::{Finding, Party, Severity};
use crate::policy::{Arn, Effect, NamedPrincipal, Names, PolicyType, PrincipalKind, Principals};
use crate::reference::{is_service_principal, service_principals};
use crate::text::{Spanned, edits};

use super::{Case, Rule, rule};

pub(super) static RULES: &[Rule] = &[
    rule!("principal-may-not-exist", Parameters, 61, "IAM stores a trust policy only if every principal in it exists", check),
    rule!("provider-claim-untested", Parameters, 62, "IAM stores a trust policy for a provider that many share only if it tests whose token it is", untested),
];

/// Providers that many customers share, and the claim that tells them apart: IAM wants a condition on it.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc_secure-by-default.html>
const SHARED: [(&str, &str); 2] = [("token.actions.githubusercontent.com", "sub"), ("cognito-identity.amazonaws.com", "aud")];

fn stores_trust(case: &Case<'_>) -> bool {
    matches!(&*case.request.action_lower, "iam:createrole" | "iam:updateassumerolepolicy")
}

fn untested(case: &Case<'_>) -> Vec<Finding> {
    if !stores_trust(case) {
        return vec![];
    }
    let policies = case.layers.of(PolicyType::Trust).flat_map(|layer| &layer.policies);
    let statements = policies.flat_map(|attached| &attached.policy.statements);
    let allows = statements.filter(|statement| {
        statement.effect.as_ref().is_some_and(|effect| effect.value == Effect::Allow)
    });
    let mut found = Vec::new();
    for statement in allows {
        let Some(principals) = &statement.principal else { continue };
        for one in principals.values.iter().filter(|one| one.value.kind == PrincipalKind::Federated) {
            let text = &one.value.text;
            let host = text.rsplit_once("oidc-provider/").map_or(text.as_str(), |(_, host)| host);
            let Some((host, claim)) = SHARED.iter().find(|(shared, _)| *shared == host) else { continue };
            let key = format!("{host}:{claim}");
            if statement.conditions.iter().any(|condition| *condition.key_lower == *key) {
                continue;
            }
            let message = format!("the trust policy takes every token of `{host}`, whoever it is for, and IAM does not store that");
            found.push(
                Finding::new("provider-claim-untested", message, one.span, format!("no condition on `{key}`"))
                    .severity(Severity::Warning)
                    .help(format!("add a condition on `{key}` that names whose tokens are to be taken"))
                    .owner(Party::Yourself),
            );
        }
    }
    found
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>
fn check(case: &Case<'_>) -> Vec<Finding> {
    if !stores_trust(case) {
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
    looked_up.map(|one| finding(case, one, &*case.request.action_lower == "iam:createrole")).collect()
}

fn named(principals: &Principals) -> impl Iterator<Item = &Spanned<NamedPrincipal>> {
    principals.values.iter()
}

/// A principal that IAM refuses whatever else there is in the account.
fn refusal(case: &Case<'_>, named: &Spanned<NamedPrincipal>) -> Option<Finding> {
    let text = &named.value.text;
    let own = case.request.resource.arn().map_or("", |arn| arn.partition);
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
    let itself = creates && *arn == case.request.resource.text().value;
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
