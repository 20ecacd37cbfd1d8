//! Whom a trust policy names and whom it should: in words.

use crate::policy::{Arn, NamedPrincipal, Names, PolicyType, PrincipalKind, is_account_id};
use crate::request::{Caller, CallerKind};
use crate::text::Spanned;

use super::Case;
use super::nearest::{Miss, nearest};

pub(super) fn ask_to_trust(case: &Case<'_>) -> String {
    let caller = &case.request.caller;
    let account = case.request.resource.arn().map_or("", |arn| arn.account);
    match caller.kind {
        CallerKind::Service => {
            format!("add `\"Service\": \"{}\"` to the principals of the trust policy", caller.name)
        }
        CallerKind::Federated => format!(
            "add `\"Federated\": \"{}\"` to the principals of the trust policy",
            caller.name
        ),
        _ => {
            let whom = whom_to_name(case);
            if let Some(pattern) = caller.permission_set_roles() {
                let own = caller.account.as_deref().unwrap_or("");
                return format!(
                    "ask the owner of account {account} to trust account {own} with the condition `\"ArnLike\": {{ \"aws:PrincipalArn\": \"{pattern}\" }}`: the role's own name changes whenever IAM Identity Center provisions it anew"
                );
            }
            format!("ask the owner of account {account} to trust `{whom}`")
        }
    }
}

/// The sentence for the owner of the role.
pub(super) fn please_trust(case: &Case<'_>) -> String {
    format!(
        "please let `{}` assume `{}`: add it to the principals of the role's trust policy",
        whom_to_name(case),
        case.request.resource.text().value
    )
}

/// The ARN that a trust policy should name: the role's, never a session's.
pub(super) fn whom_to_name(case: &Case<'_>) -> String {
    let caller = &case.request.caller;
    if caller.kind != CallerKind::RoleSession {
        return caller.text.value.clone();
    }
    caller.role_arn().unwrap_or_else(|| {
        let account = caller.account.as_deref().unwrap_or("");
        format!("arn:{}:iam::{account}:role/{}", caller.partition, caller.name)
    })
}

/// Whether `text` names another role of the permission set of the caller's role.
pub(super) fn is_of_permission_set(text: &str, caller: &Caller) -> bool {
    let set = |name: &str| name.rsplit_once('_').map(|(set, _)| set.to_owned());
    let last = text.rsplit('/').next().unwrap_or(text);
    caller.is_identity_center_role() && last != caller.name && set(last) == set(&caller.name)
}

/// The keys under which a principal of the caller's kind may stand.
pub(super) fn right_keys(kind: CallerKind) -> &'static [PrincipalKind] {
    match kind {
        CallerKind::Service => &[PrincipalKind::Service],
        CallerKind::Federated => &[PrincipalKind::Federated],
        _ => &[PrincipalKind::Aws, PrincipalKind::CanonicalUser],
    }
}

/// Every principal of the Allow statements that do not let the caller in.
pub(super) fn named_principals<'a>(case: &Case<'a>) -> Vec<&'a Spanned<NamedPrincipal>> {
    let elements = nearest(case, PolicyType::Trust)
        .into_iter()
        .filter_map(|near| near.statement.principal.as_ref());
    elements.filter(|element| !element.negated).flat_map(|element| &element.values).collect()
}

pub(super) fn key_of(kind: PrincipalKind) -> &'static str {
    match kind {
        PrincipalKind::Bare => "Principal",
        PrincipalKind::Aws => "AWS",
        PrincipalKind::Service => "Service",
        PrincipalKind::Federated => "Federated",
        PrincipalKind::CanonicalUser => "CanonicalUser",
    }
}

/// A role that the trust policy names and that the caller's policies allow to be assumed: likely a step
/// that was left out.
pub(super) fn on_the_way<'a>(case: &Case<'a>) -> Option<&'a str> {
    let own = nearest(case, PolicyType::IdentityBased);
    let mut named =
        named_principals(case).into_iter().filter(|value| value.value.names == Names::Role);
    let is_granted = |role: &str| {
        own.iter().filter(|near| near.miss == Miss::Resource).any(|near| {
            let element = near.statement.resource.as_ref().filter(|element| !element.negated);
            element
                .is_some_and(|element| element.values.iter().any(|value| value.value.text == role))
        })
    };
    named.find(|value| is_granted(&value.value.text)).map(|value| value.value.text.as_str())
}

/// What to write in place of a principal with a wildcard, or of a group: AWS matches several at once
/// only by the account and a condition.
pub(super) fn instead(named: &NamedPrincipal, wanted: &str) -> Option<String> {
    let text = &named.text;
    let arn = Arn::parse(text)?;
    let (kind, rest) = arn.typed()?;
    if named.kind != PrincipalKind::Aws || !matches!(named.names, Names::Invalid(_)) {
        return None;
    }
    let stars = text.contains(['*', '?']);
    match kind {
        "assumed-role" if stars && arn.account == Arn::parse(wanted)?.account => {
            Some(format!("name the role, `{wanted}`: that covers all its sessions"))
        }
        "group" => Some(format!(
            "name its users, such as `{wanted}`, or the account with a condition on `aws:PrincipalArn` or a tag"
        )),
        "role" | "user" if stars && is_account_id(arn.account) => Some(format!(
            "name `{wanted}`; or, to take all that match, name account `{}` and add the condition `\"ArnLike\": {{ \"aws:PrincipalArn\": \"arn:{}:iam::{}:{kind}/{rest}\" }}`",
            arn.account, arn.partition, arn.account
        )),
        _ => None,
    }
}

/// `role `ci-old``, `account 444455556666`, `the service `ec2.amazonaws.com``.
pub(super) fn whom(named: &NamedPrincipal) -> String {
    let text = &named.text;
    let last = || text.rsplit(['/', ':']).next().unwrap_or(text);
    let account = || Arn::parse(text).map_or("", |arn| arn.account);
    match &named.names {
        Names::Everyone => "everyone".to_owned(),
        Names::Account { account, .. } => format!("account {account}"),
        Names::User => format!("user `{}` of account {}", last(), account()),
        Names::Role => format!("role `{}` of account {}", last(), account()),
        Names::RoleSession => format!(
            "the session `{}`",
            text.split_once("assumed-role/").map_or(text.as_str(), |(_, rest)| rest)
        ),
        Names::FederatedUser => format!("federated user `{}`", last()),
        Names::UniqueId => format!("the unique id `{text}`"),
        Names::Service => format!("the service `{text}`"),
        Names::Provider => format!("the identity provider `{text}`"),
        Names::CanonicalUser => format!("canonical user `{text}`"),
        Names::Invalid(_) => format!("`{text}`, which is no principal"),
        Names::Holed { .. } => format!("`{text}`, which is not known"),
    }
}
