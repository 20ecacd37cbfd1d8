//! What passing tags or a source identity needs besides `sts:AssumeRole`.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html>

use crate::eval::{Decision, Match};
use crate::finding::{Finding, Party, Severity};
use crate::request::CallerKind;
use crate::text::Span;

use super::nearest::Miss;
use super::trusted::whom_to_name;
use super::{Case, Companion, Rule, rule, trust};

pub(super) static RULES: &[Rule] = &[
    rule!("tag-session-not-allowed", Parameters, 90, "session tags are passed, and `sts:TagSession` is not allowed", tag_session),
    rule!("source-identity-not-allowed", Parameters, 91, "a source identity is passed, and `sts:SetSourceIdentity` is not allowed", source_identity),
];

fn tag_session(case: &Case<'_>) -> Vec<Finding> {
    let request = case.request;
    let parameter = request.parameters.as_ref().and_then(|parameters| parameters.tags.first());
    let (place, what) = match parameter.map(|(key, _)| key.span).or_else(|| request.tag_in_context()) {
        Some(place) => (place, "session tags are passed".to_owned()),
        None => (request.caller.text.span, format!("`{}` tags every session that it starts", request.caller.name)),
    };
    word(case, "sts:TagSession", "tag-session-not-allowed", &what, place)
}

fn source_identity(case: &Case<'_>) -> Vec<Finding> {
    let request = case.request;
    let parameter = request.parameters.as_ref().and_then(|parameters| parameters.source_identity.as_ref());
    let given = parameter.map(|identity| identity.span).or_else(|| request.source_identity_in_context());
    let own = request.inherited_source_identity().and_then(|_| request.context.get("aws:sourceidentity"));
    let (place, what) = match given {
        Some(place) => (place, "a source identity is passed".to_owned()),
        None if own.is_some() => (
            own.map_or(request.caller.text.span, |entry| entry.span),
            "the caller's session passes its source identity on".to_owned(),
        ),
        None => (request.caller.text.span, format!("`{}` sets a source identity in every session that it starts", request.caller.name)),
    };
    word(case, "sts:SetSourceIdentity", "source-identity-not-allowed", &what, place)
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
    // Where the statement that grants both has a condition that is not met, that is the cause.
    let same_cause = trust && !identity && trust::miss(case).is_some_and(|near| {
        matches!(near.miss, Miss::Condition(_)) && near.covers(&action.to_ascii_lowercase())
    });
    if same_cause && !parts.explicit_deny.is_yes() {
        return vec![];
    }
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
    } else if case.request.caller.kind == CallerKind::Service {
        format!("add `{action}` to the `Action` of the trust policy, beside `{}`", case.request.action.value)
    } else {
        format!("have `{action}` added beside `sts:AssumeRole` on both sides, or do not pass it")
    };
    vec![Finding::new(rule, message, span, format!("needs `{action}`")).severity(severity).help(help)
            .ask(format!(
                "please allow `{action}` on `{}` to `{}`, beside `{}`",
                case.request.resource.text().value,
                whom_to_name(case),
                case.request.action.value
            )).owner(owner)]
}
