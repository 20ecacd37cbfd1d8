//! A condition whose key no request of this kind carries: misspelled, or of other calls.

use crate::eval::{KeyValue, lookup};
use crate::finding::{Finding, Gate, Party, Severity};
use crate::policy::{Condition, PolicyType};
use crate::reference::{self, alike_keys, global_key, is_claim};
use crate::request::{CallerKind, Request};

use super::nearest::{Miss, Near, nearest};
use super::{Case, Defect, Group, Rule, identity, rule, trust};

pub(super) static RULES: &[Rule] = &[
    rule!("condition-key-unknown", TrustPolicy, 48, "a condition has a key that does not exist", unknown, Some(Defect { group: Group::NeverWorks, severity: Severity::Error, codes: &["INVALID_GLOBAL_CONDITION_KEY", "INVALID_SERVICE_CONDITION_KEY", "UNSUPPORTED_GLOBAL_CONDITION_KEY", "DEPRECATED_GLOBAL_CONDITION_KEY"] })),
    rule!("condition-key-never-present", TrustPolicy, 49, "a condition has a key that such a request never carries", never, Some(Defect { group: Group::NeverWorks, severity: Severity::Error, codes: &["UNSUPPORTED_ACTION_FOR_CONDITION_KEY"] })),
];

/// What is wrong with a key.
#[derive(Debug, PartialEq, Eq)]
enum Fault {
    /// AWS has no such key; these come near to it.
    Unknown(Vec<String>),
    /// AWS lists no such key, though it may have added one; these may have been meant.
    Unlisted(Vec<String>),
    /// It exists, and such a request never carries it: why, and what to do.
    Never(String, String),
}

/// Whether a rule of this file tells of the condition.
pub(super) fn tells(condition: &Condition, request: &Request) -> bool {
    fault(condition, request).is_some()
}

/// What is wrong with the key, for a label.
pub(super) fn clause(condition: &Condition, request: &Request) -> Option<String> {
    let key = &condition.key.value;
    Some(match fault(condition, request)? {
        Fault::Unknown(near) if near.is_empty() => format!("there is no condition key `{key}`"),
        Fault::Unknown(near) => {
            format!("there is no condition key `{key}`: did you mean {}?", listed(&near))
        }
        Fault::Unlisted(_) => format!("AWS lists no condition key `{key}`"),
        Fault::Never(why, _) => format!("the condition on `{key}` is never met: {why}"),
    })
}

/// `` `a` or `b` ``.
fn listed(keys: &[String]) -> String {
    let keys: Vec<_> = keys.iter().map(|key| format!("`{key}`")).collect();
    keys.join(" or ")
}

/// What to write in place of a key that does not exist.
fn instead(near: &[String]) -> String {
    match near {
        [] => "see the keys that AWS lists for the action in its Service Authorization Reference, and write one of them".to_owned(),
        near => format!("did you mean {}?", listed(near)),
    }
}

fn fault(condition: &Condition, request: &Request) -> Option<Fault> {
    let (key, lower) = (condition.key.value.as_str(), &*condition.key_lower);
    let federated = request.caller.kind == CallerKind::Federated;
    let of_aws = lower.starts_with("aws:") || lower.starts_with("sts:");
    // What a token carries is told by its claims.
    if condition.parsed.is_none() || (federated && !of_aws) {
        return None;
    }
    if !matches!(lookup(request, lower), KeyValue::Absent | KeyValue::Unknown(_)) {
        return None;
    }
    if let Some((why, help)) = by_caller(lower, request) {
        return Some(Fault::Never(why.to_owned(), help.to_owned()));
    }
    if global_key(lower).is_some() || is_claim(lower) {
        return None;
    }
    let own = reference::service(request.service());
    let similar = || reference::similar_keys(key, own.as_ref());
    let Some((prefix, _)) = lower.split_once(':') else { return Some(Fault::Unknown(similar())) };
    let unlisted = || Some(Fault::Unlisted(similar()));
    let has = |service: &reference::Service| service.condition_keys().any(|own| own.is(lower));
    if let Some(service) = own.as_ref().filter(|service| has(service)) {
        let name = request.action.value.split_once(':')?.1;
        let action = service.action(name)?;
        let never = !action.may_carry(lower);
        return never.then(|| of_other_actions(&request.action.value));
    }
    if reference::service(prefix).is_some_and(|service| has(&service)) {
        return Some(of_other_actions(&request.action.value));
    }
    let near = alike_keys(key, own.as_ref());
    match near.is_empty() {
        false => Some(Fault::Unknown(near)),
        true if of_aws || reference::service_name(prefix).is_none() => unlisted(),
        true => None,
    }
}

fn of_other_actions(action: &str) -> Fault {
    Fault::Never(
        format!("AWS lists it for other actions than `{action}`"),
        "drop the condition from this statement, or use a key that comes with this action".to_owned(),
    )
}

/// Why a caller such as this one never carries the key, if so.
pub(super) fn never_comes(lower: &str, request: &Request) -> Option<&'static str> {
    by_caller(lower, request).map(|(why, _)| why)
}

/// Keys that depend on who calls.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html>
fn by_caller(lower: &str, request: &Request) -> Option<(&'static str, &'static str)> {
    let kind = request.caller.kind;
    let plain = &*request.action_lower == "sts:assumerole";
    let drop = "drop the condition for this principal, or give this principal a statement of its own";
    Some(match lower {
        "aws:username" if kind == CallerKind::RoleSession => {
            ("a role session has no `aws:username`", "use `aws:PrincipalArn` or `aws:userid`")
        }
        "aws:sourcearn" | "aws:sourceaccount" | "aws:sourceorgid" | "aws:sourceorgpaths" if kind != CallerKind::Service => {
            ("only AWS services send it, and not a caller such as this one", drop)
        }
        "sts:durationseconds" if request.is_assume_role() => {
            ("a call to assume a role never carries it", "limit sessions by the role's MaxSessionDuration")
        }
        "aws:principalarn" | "aws:username" | "aws:principalaccount" | "aws:principalorgid" if kind == CallerKind::Federated => {
            ("a caller with a token is no AWS principal yet", "use the keys of the identity provider")
        }
        _ if lower.starts_with("saml:") && plain => ("only `sts:AssumeRoleWithSAML` carries it", drop),
        _ if is_claim(lower) && plain => ("only `sts:AssumeRoleWithWebIdentity` carries it", drop),
        _ => return None,
    })
}

fn unknown(case: &Case<'_>) -> Vec<Finding> {
    findings(case, |condition, intro| match fault(condition, case.request)? {
        Fault::Unknown(near) => {
            let key = &condition.key.value;
            let message = format!("{intro} would allow this, but there is no condition key `{key}`, so no request carries it");
            let finding = Finding::new("condition-key-unknown", message, condition.key.span, "there is no such key");
            Some(finding.help(instead(&near)))
        }
        Fault::Unlisted(near) => {
            let key = &condition.key.value;
            let message = format!("{intro} allows this only with the condition key `{key}`, and AWS lists no such key (as of {})", reference::date());
            let finding = Finding::new("condition-key-unknown", message, condition.key.span, "AWS lists no such key");
            Some(finding.help(instead(&near)))
        }
        Fault::Never(..) => None,
    })
}

fn never(case: &Case<'_>) -> Vec<Finding> {
    findings(case, |condition, intro| match fault(condition, case.request)? {
        Fault::Never(why, help) => {
            let key = &condition.key.value;
            let message = format!("{intro} would allow this, but its condition on `{key}` is never met: {why}");
            let finding = Finding::new("condition-key-never-present", message, condition.key.span, "never there for such a request");
            Some(finding.help(help))
        }
        Fault::Unknown(_) | Fault::Unlisted(_) => None,
    })
}

/// The findings about conditions that keep the nearest statement of either side from applying.
fn findings(case: &Case<'_>, word: impl Fn(&Condition, &str) -> Option<Finding>) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut side = |near: Option<Near<'_>>, intro: &str, severity: Severity, gate: Gate, owner: Party| {
        let Some(near) = near.filter(|near| matches!(near.miss, Miss::Condition(_))) else { return };
        for (condition, (result, _)) in near.statement.conditions.iter().zip(&near.trace.conditions) {
            let stands_in_the_way = if near.certain { result.is_no() } else { !result.is_yes() };
            let Some(finding) = word(condition, intro).filter(|_| stands_in_the_way) else { continue };
            let finding = finding.severity(severity).owner(owner).explains(gate);
            found.push(finding.ask(format!(
                "please change the condition on `{}` in {intro}, under which `{}` may call `{}` on `{}`",
                condition.key.value,
                case.request.caller.text.value,
                case.request.action.value,
                case.request.resource.text().value
            )));
        }
    };
    let intro = format!("the trust policy of `{}`", case.resource_name());
    side(trust::miss(case), &intro, trust::severity(case), Gate::TrustPolicy, Party::RoleAccount);
    if let Some(severity) = identity::severity(case) {
        let near = nearest(case, PolicyType::IdentityBased).into_iter().find(|near| near.miss != Miss::Principal);
        let name = near.as_ref().and_then(|near| near.attached.name.as_ref());
        let intro = name.map_or("an identity-based policy".to_owned(), |name| format!("the identity-based policy `{name}`"));
        side(near, &intro, severity, Gate::IdentityPolicies, Party::CallerAccount);
    }
    found
}
