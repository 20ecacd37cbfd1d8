//! Principals: whether AWS takes them, whether they still exist, and whether the actions fit them.

use crate::finding::Finding;
use crate::policy::{Arn, Effect, NamedPrincipal, Names, PolicyType, PrincipalKind};
use crate::policy::{is_account_id, looks_like_account_id};
use crate::reference::{is_service_principal, partition_of_region, partitions, service_principals};
use crate::text::is_slip;

use super::view::{Named, StatementView, Text, View};
use super::{Sink, conditions, glob};

/// Identity providers that need no ARN.
const BUILT_IN: [&str; 4] = [
    "cognito-identity.amazonaws.com",
    "www.amazon.com",
    "graph.facebook.com",
    "accounts.google.com",
];

/// The actions of a trust policy.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html>
const TRUST_ACTIONS: [&str; 6] = [
    "sts:AssumeRole",
    "sts:AssumeRoleWithSAML",
    "sts:AssumeRoleWithWebIdentity",
    "sts:TagSession",
    "sts:SetSourceIdentity",
    "sts:SetContext",
];

pub(super) fn pass(view: &View<'_>, sink: &mut Sink) {
    if !view.policy_type().row().has_principal {
        return;
    }
    for statement in &view.statements {
        for named in statement.principals.iter().filter(|named| !named.value.open) {
            check(named, statement, view.policy_type(), sink);
        }
        of_callers(statement, sink);
        if view.policy_type() == PolicyType::Trust {
            trust(statement, sink);
        }
    }
    if view.policy_type() == PolicyType::Trust {
        companions(view, sink);
    }
}

/// Keys that tell of users, roles and their accounts, which a service is none of.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
const OF_CALLERS: [&str; 3] = ["aws:principalorgid", "aws:principalorgpaths", "aws:username"];

/// Conditions that a service never meets, where nobody but services is named.
fn of_callers(statement: &StatementView<'_>, sink: &mut Sink) {
    let services = statement
        .principals
        .iter()
        .all(|named| named.kind == PrincipalKind::Service && !named.value.open);
    let Some(first) = statement.principals.first().filter(|_| services) else { return };
    if statement.principal_negated || statement.principals_open {
        return;
    }
    for condition in &statement.conditions {
        let lower = condition.key.to_ascii_lowercase();
        let is_one = OF_CALLERS.contains(&lower.as_str()) || lower.starts_with("aws:principaltag/");
        if !is_one || !conditions::asks(condition) {
            continue;
        }
        let message = format!(
            "a call of `{}` carries no `{}`, {}",
            first.value.text,
            condition.key,
            conditions::never(statement)
        );
        let help = match lower.as_str() {
            "aws:principalorgid" => {
                "compare `aws:SourceOrgID`, which says for whom the service works"
            }
            "aws:principalorgpaths" => {
                "compare `aws:SourceOrgPaths`, which says for whom the service works"
            }
            _ => "take the condition out, or compare `aws:SourceAccount` or `aws:SourceArn`",
        };
        sink.add(
            Finding::new("service-key-never-present", message, condition.key_span, "never there")
                .also(first.value.span, "a service")
                .help(help),
        );
    }
}

fn check(
    named: &Named<'_>,
    statement: &StatementView<'_>,
    policy_type: PolicyType,
    sink: &mut Sink,
) {
    let value = &named.value;
    let text = value.text.as_ref();
    match named.kind {
        PrincipalKind::Service if !text.contains(['*', ',']) && !text.starts_with("arn:") => {
            return service(value, sink);
        }
        PrincipalKind::Federated => return federated(value, policy_type, sink),
        PrincipalKind::Bare if text == "*" => {
            let allows = statement.effect == Some(Effect::Allow) && !statement.principal_negated;
            if policy_type == PolicyType::Trust && allows {
                invalid(
                    value,
                    "a role cannot trust `*`: AWS refuses it in a trust policy",
                    "name the principals that you trust; to trust an organization, write `\"Principal\": { \"AWS\": \"*\" }` with a condition on `aws:PrincipalOrgID`",
                    sink,
                );
            }
            return;
        }
        PrincipalKind::Bare => {
            let help = match text.ends_with(".amazonaws.com") {
                true => format!("write `{{ \"Service\": \"{text}\" }}`"),
                false => format!("write `{{ \"AWS\": \"{text}\" }}`"),
            };
            return invalid(
                value,
                "only `*` may stand under `Principal` without a kind",
                &help,
                sink,
            );
        }
        _ => {}
    }
    if named.kind == PrincipalKind::Aws && text.ends_with(".amazonaws.com") {
        let message =
            format!("`{text}` is a service, and under `AWS` stand accounts, users and roles");
        return invalid(value, &message, &format!("write `\"Service\": \"{text}\"`"), sink);
    }
    match NamedPrincipal::new(named.kind, text).names {
        Names::Invalid(why) => {
            let message = format!("`{text}` is no principal that AWS takes: {why}");
            invalid(value, &message, help(text), sink);
        }
        Names::UniqueId => {
            let noun = if text.starts_with("AIDA") { "user" } else { "role" };
            let message = format!(
                "`{text}` is the id of a {noun}, which AWS shows where the {noun} was deleted"
            );
            let finding = Finding::new(
                "principal-deleted",
                message,
                value.span,
                "names nobody that a new one could be",
            );
            sink.add(finding.help(format!("name the {noun} by its ARN: one that was made anew under the old name has another id")));
        }
        _ => {
            let account = Arn::parse(text).map_or(text, |arn| arn.account);
            if looks_like_account_id(account) && !is_account_id(account) {
                let message = format!(
                    "the account id in `{text}` has {} digits, and not twelve",
                    account.len()
                );
                invalid(
                    value,
                    &message,
                    "write all twelve digits, leading zeros too; in YAML put them in quotes",
                    sink,
                );
            }
        }
    }
}

fn invalid(value: &Text<'_>, message: &str, help: &str, sink: &mut Sink) {
    sink.add(Finding::new("principal-invalid", message, value.span, "AWS refuses this").help(help));
}

fn help(text: &str) -> &'static str {
    if text.contains(['*', '?']) {
        return "name the account, and say which of its roles are meant with `ArnLike` on `aws:PrincipalArn`";
    }
    if text.contains(":group/") {
        return "name the users, or a role that the members may assume";
    }
    if text.contains(":instance-profile/") {
        return "name the role in the instance profile";
    }
    "name a user, role, session or account"
}

/// A service principal. One that is not known is left alone unless it is plainly another one misspelled.
fn service(value: &Text<'_>, sink: &mut Sink) {
    let text = value.text.as_ref();
    if is_service_principal(text) {
        return;
    }
    let lower = text.trim().to_ascii_lowercase();
    let known = |name: &str| is_service_principal(name);
    let own = lower.split('.').next().unwrap_or_default();
    let with = |own: &str| format!("{own}.amazonaws.com");
    let regional = lower.strip_suffix(".amazonaws.com").and_then(|rest| rest.rsplit_once('.'));
    let is_regional = regional.is_some_and(|(front, region)| {
        partition_of_region(region).is_some() && known(&with(front))
    });
    let suffix = partitions().any(|one| lower.ends_with(&format!(".{}", one.dns_suffix)));
    let (why, meant) = if known(&lower) && lower != text {
        ("its case and spaces count", Some(lower.clone()))
    } else if is_regional {
        return;
    } else if !lower.contains('.') && known(&with(&lower)) {
        ("`.amazonaws.com` is missing at its end", Some(with(&lower)))
    } else if !suffix {
        ("it does not end with `.amazonaws.com`", Some(with(own)).filter(|name| known(name)))
    } else {
        let front = lower.strip_suffix(".amazonaws.com").unwrap_or(&lower);
        match service_principals().find(|other| is_slip(other, front)) {
            Some(near) => ("a typing slip", Some(with(near))),
            None => return,
        }
    };
    let message = format!("AWS has no service principal `{text}`: {why}");
    let finding =
        Finding::new("service-principal-unknown", message, value.span, "no service of this name");
    sink.add(finding.help(match meant {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "look the name up in the guide of the service".to_owned(),
    }));
}

fn federated(value: &Text<'_>, policy_type: PolicyType, sink: &mut Sink) {
    let text = value.text.as_ref();
    let mut add = |message: String, help: &str| {
        sink.add(
            Finding::new("federated-principal-invalid", message, value.span, "AWS refuses this")
                .help(help),
        );
    };
    if policy_type == PolicyType::ResourceBased {
        return add(
            "a resource-based policy takes no `Federated` principal: whoever signs in with a provider calls with a role".to_owned(),
            "name the role that they assume, under `AWS`",
        );
    }
    if text == "*" || text.contains('*') {
        return add(
            format!("`{text}` is no identity provider: wildcards are not honoured here"),
            "write the ARN of the provider",
        );
    }
    let is_provider = Arn::parse(text).is_some_and(|arn| {
        arn.service == "iam"
            && ["saml-provider/", "oidc-provider/"]
                .iter()
                .any(|kind| arn.resource.starts_with(kind))
    });
    if is_provider || BUILT_IN.contains(&text) {
        return;
    }
    let help = match text.starts_with("arn:") {
        true => {
            "the ARN of a provider has `:saml-provider/` or `:oidc-provider/` in it; roles and users stand under `AWS`"
        }
        false => "write the ARN of the provider: `arn:aws:iam::111122223333:oidc-provider/…`",
    };
    add(format!("`{text}` is no identity provider"), help);
}

/// What kind of caller a principal is, as the actions of a trust policy tell them apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Caller {
    Aws,
    Saml,
    Oidc,
}

fn caller(named: &Named<'_>) -> Caller {
    match named.kind {
        PrincipalKind::Federated if named.value.text.contains(":saml-provider/") => Caller::Saml,
        PrincipalKind::Federated => Caller::Oidc,
        _ => Caller::Aws,
    }
}

/// Whether the actions of a trust policy are some, and are those of its principals.
fn trust(statement: &StatementView<'_>, sink: &mut Sink) {
    for value in statement.actions().iter().filter(|value| !value.open) {
        let text = value.text.as_ref();
        let known = TRUST_ACTIONS.iter().any(|action| glob::matches(text, action));
        if !known {
            let message =
                format!("`{text}` is no action of a trust policy, so AWS refuses the document");
            let finding = Finding::new(
                "element-not-allowed",
                message,
                value.span,
                "not an action that assumes a role",
            );
            sink.add(finding.help("name actions such as `sts:AssumeRole` here; what the role may do stands in its identity-based policies"));
        }
    }
    if statement.effect != Some(Effect::Allow)
        || statement.principal_negated
        || statement.principals_open
    {
        return;
    }
    let pairs = [
        ("sts:AssumeRole", Caller::Aws, "accounts, users, roles and services"),
        ("sts:AssumeRoleWithSAML", Caller::Saml, "SAML providers"),
        ("sts:AssumeRoleWithWebIdentity", Caller::Oidc, "OpenID Connect providers"),
    ];
    for value in statement.actions() {
        let Some((action, kind, whom)) =
            pairs.iter().find(|(action, ..)| action.eq_ignore_ascii_case(&value.text))
        else {
            continue;
        };
        let Some(first) = statement.principals.first() else { continue };
        if statement.principals.iter().any(|named| caller(named) == *kind) {
            continue;
        }
        let message = format!("`{action}` is for {whom}, and the statement names none of them");
        let wanted = pairs
            .iter()
            .find(|(_, other, _)| *other == caller(first))
            .map_or("", |(action, ..)| action);
        let finding = Finding::new(
            "trust-action-mismatch",
            message,
            value.span,
            "never allowed by this statement",
        );
        sink.add(
            finding
                .also(first.value.span, "who is named")
                .help(format!("write `{wanted}`, or name another principal")),
        );
    }
}

/// Actions without which others in the trust policy do not get far.
fn companions(view: &View<'_>, sink: &mut Sink) {
    let allows =
        || view.statements.iter().filter(|statement| statement.effect == Some(Effect::Allow));
    let grants = |action: &str| {
        allows().any(|statement| {
            let element = statement.action.as_ref();
            statement.names_action(action)
                || element.is_some_and(|element| element.negated || element.open)
        })
    };
    for statement in allows() {
        let anywhere = |named: &&Named<'_>| {
            named.kind == PrincipalKind::Service
                && named.value.text == "rolesanywhere.amazonaws.com"
        };
        if let Some(named) = statement.principals.iter().find(anywhere) {
            let wanted = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];
            let missing: Vec<_> = wanted
                .into_iter()
                .filter(|action| !grants(action))
                .map(|action| format!("`{action}`"))
                .collect();
            if !missing.is_empty() {
                let message = format!(
                    "IAM Roles Anywhere cannot use the role: the trust policy does not allow it {}",
                    missing.join(" and ")
                );
                let finding = Finding::new(
                    "trust-action-missing",
                    message,
                    named.value.span,
                    "needs three actions",
                );
                sink.add(finding.help(
                    "allow `sts:AssumeRole`, `sts:TagSession` and `sts:SetSourceIdentity` to it",
                ));
            }
        }
        for condition in &statement.conditions {
            let lower = condition.key.to_ascii_lowercase();
            let tags = lower.starts_with("aws:requesttag/")
                || lower == "aws:tagkeys"
                || lower == "sts:transitivetagkeys";
            let action = match lower.as_str() {
                _ if tags => "sts:TagSession",
                "sts:sourceidentity" => "sts:SetSourceIdentity",
                _ => continue,
            };
            // A condition that holds where nothing is passed asks for nothing.
            let lenient = condition.parsed.is_none_or(|operator| {
                operator.if_exists || operator.row.negated || operator.row.name == "Null"
            });
            if lenient || grants(action) {
                continue;
            }
            let message = format!(
                "the statement wants `{}`, and nobody may pass it: the trust policy allows `{action}` to no one",
                condition.key
            );
            let finding =
                Finding::new("trust-action-missing", message, condition.key_span, "never there");
            sink.add(finding.help(format!("add `{action}` to the actions of the statement")));
        }
    }
}
