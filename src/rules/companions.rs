//! What passing tags or a source identity needs besides `sts:AssumeRole`.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html>

use crate::eval::{Decision, Match};
use crate::finding::{Finding, Party, Severity};
use crate::request::CallerKind;
use crate::text::Span;

use super::{Case, Companion, Rule, rule};

pub(super) static RULES: &[Rule] = &[
    rule!("tag-session-not-allowed", Parameters, 90, "session tags are passed, and `sts:TagSession` is not allowed", tag_session),
    rule!("source-identity-not-allowed", Parameters, 91, "a source identity is passed, and `sts:SetSourceIdentity` is not allowed", source_identity),
];

fn tag_session(case: &Case<'_>) -> Vec<Finding> {
    let place = case.request.parameters.as_ref().and_then(|parameters| parameters.tags.first());
    place.map_or_else(Vec::new, |(key, _)| word(case, "sts:TagSession", "tag-session-not-allowed", "session tags are passed", key.span))
}

fn source_identity(case: &Case<'_>) -> Vec<Finding> {
    let place = case.request.parameters.as_ref().and_then(|parameters| parameters.source_identity.as_ref());
    place.map_or_else(Vec::new, |identity| {
        word(case, "sts:SetSourceIdentity", "source-identity-not-allowed", "a source identity is passed", identity.span)
    })
}

fn word(case: &Case<'_>, action: &str, rule: &'static str, what: &str, span: Span) -> Vec<Finding> {
    let companion = case.companions.iter().find(|companion| companion.request.action.value == action);
    let Some(Companion { evaluation, .. }) = companion else { return vec![] };
    let severity = match evaluation.decision {
        Decision::Allowed => return vec![],
        Decision::Undetermined => Severity::Warning,
        _ => Severity::Error,
    };
    let parts = &evaluation.parts;
    let needs = &evaluation.needs_identity_policy;
    let trust = parts.resource.is_no();
    let identity = parts.identity.is_no() && *needs != Match::No;
    let (side, owner) = if parts.explicit_deny.is_yes() {
        ("a Deny statement covers it", case.resource_owner())
    } else {
        match (trust, identity) {
            (true, true) => (
                "neither the trust policy nor the caller's policies allow it",
                Party::RoleAccount,
            ),
            (true, false) => ("the trust policy does not allow it to the caller", Party::RoleAccount),
            (false, true) => {
                ("no identity-based policy of the caller allows it", Party::CallerAccount)
            }
            (false, false) => {
                ("a layer that limits the caller does not allow it", Party::CallerAccount)
            }
        }
    };
    let verb = if severity == Severity::Error { "is not allowed" } else { "may not be allowed" };
    let message = format!("{what}, which needs `{action}` too, and that {verb}: {side}");
    let help = if case.request.caller.kind == CallerKind::Federated {
        format!("have `{action}` added beside `{}` in the trust policy, or have the identity provider leave it out", case.request.action.value)
    } else {
        format!("have `{action}` added beside `sts:AssumeRole` on both sides, or do not pass it")
    };
    vec![Finding::new(rule, message, span, format!("needs `{action}`")).severity(severity).help(help)
            .ask(format!(
                "please allow `{action}` on `{}` to `{}`, beside `{}`",
                case.request.resource.text.value,
                case.request.caller.text.value,
                case.request.action.value
            )).owner(owner)]
}
