//! The checklist: one line for each gate, in the order in which a person should look.

use crate::eval::{Accounts, Decision, Match, StatementTrace, claim_moment};
use crate::finding::{Finding, Gate, GateReport, Outcome, Severity};
use crate::policy::{Effect, PolicyType};
use crate::request::{CallerKind, CredentialKind};
use crate::rules::{self, Case};

/// Every gate, in order.
pub(super) fn all(case: &Case<'_>, findings: &[Finding]) -> Vec<GateReport> {
    let report =
        |gate, (outcome, summary): (Outcome, String)| GateReport { gate, outcome, summary };
    vec![
        report(
            Gate::RoleArn,
            by_findings(case, findings, Gate::RoleArn).unwrap_or_else(|| role_arn(case)),
        ),
        report(
            Gate::Caller,
            by_findings(case, findings, Gate::Caller).unwrap_or_else(|| caller(case)),
        ),
        report(
            Gate::Credentials,
            by_findings(case, findings, Gate::Credentials).unwrap_or_else(|| credentials(case)),
        ),
        report(Gate::IdentityPolicies, identity(case)),
        report(Gate::TrustPolicy, resource(case, true)),
        report(Gate::ResourcePolicy, resource(case, false)),
        report(Gate::ExplicitDenies, explicit_denies(case)),
        report(Gate::PermissionsBoundary, limit(case, PolicyType::PermissionsBoundary)),
        report(Gate::SessionPolicy, limit(case, PolicyType::Session)),
        report(Gate::ServiceControlPolicies, limit(case, PolicyType::ServiceControl)),
        report(Gate::ResourceControlPolicies, resource_control(case)),
        report(Gate::EndpointPolicy, limit(case, PolicyType::VpcEndpoint)),
        report(
            Gate::Parameters,
            by_findings(case, findings, Gate::Parameters).unwrap_or_else(|| parameters(case)),
        ),
    ]
}

/// Where a rule of the gate found something, that is how it came out.
fn by_findings(_: &Case<'_>, findings: &[Finding], gate: Gate) -> Option<(Outcome, String)> {
    let finding = findings.iter().find(|finding| {
        finding.severity != Severity::Note && rules::gate(finding.rule) == Some(gate)
    })?;
    let outcome =
        if finding.severity == Severity::Error { Outcome::Failed } else { Outcome::Inconclusive };
    Some((outcome, finding.message.clone()))
}

fn na(text: impl Into<String>) -> (Outcome, String) {
    (Outcome::NotApplicable, text.into())
}

fn role_arn(case: &Case<'_>) -> (Outcome, String) {
    if !case.request.is_assume_role() {
        return na("the action assumes no role");
    }
    match case.request.role.exists {
        Some(true) => (Outcome::Passed, "well-formed, and the role is in the facts".to_owned()),
        _ => (Outcome::Passed, "well-formed".to_owned()),
    }
}

fn caller(case: &Case<'_>) -> (Outcome, String) {
    (Outcome::Passed, case.request.caller.describe())
}

fn credentials(case: &Case<'_>) -> (Outcome, String) {
    let caller = &case.request.caller;
    let good_until =
        ["exp", "NotOnOrAfter"].iter().find_map(|name| claim_moment(caller.claim(name)?));
    if let Some((until, time)) = good_until.zip(case.request.time) {
        let left = until.as_second() - time.as_second();
        let what = if caller.has_assertion() { "assertion" } else { "token" };
        return (Outcome::Passed, format!("the {what} expires in {}", span(left)));
    }
    match (&caller.expires, case.request.time) {
        (Some(expires), Some(time)) => {
            let left = expires.value.as_second() - time.as_second();
            (Outcome::Passed, format!("expire in {}", span(left)))
        }
        _ if caller.credentials == Some(CredentialKind::LongTerm) => {
            (Outcome::Passed, "long-term, they do not expire".to_owned())
        }
        _ if matches!(caller.kind, CallerKind::Service | CallerKind::Anonymous) => {
            na("there are none")
        }
        _ => na("no expiry is given"),
    }
}

/// `42 min`, `3 h`, `2 days`.
fn span(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// `statement AssumeDeploy of policy ci-deploy`.
fn name(case: &Case<'_>, trace: &StatementTrace) -> String {
    let Some((attached, statement)) = case.statement(trace) else {
        return "a statement".to_owned();
    };
    let which = match &statement.sid {
        Some(sid) => format!("statement {}", sid.value),
        None => format!("statement {}", trace.statement + 1),
    };
    match &attached.name {
        Some(policy) => format!("{which} of policy {policy}"),
        None => format!("{which} of {}", attached.title()),
    }
}

fn allows<'a>(case: &Case<'a>, policy_type: PolicyType) -> Option<&'a StatementTrace> {
    let mut matching = case
        .traces(policy_type)
        .filter(|trace| trace.effect == Some(Effect::Allow) && trace.outcome.is_yes());
    let first = matching.next()?;
    // The statement that grants most is the one to name.
    Some(matching.fold(first, |best, other| if other.grant > best.grant { other } else { best }))
}

/// Why a layer's Allow is not certain.
fn depends(case: &Case<'_>, result: &Match) -> String {
    let facts: Vec<_> = (result.gaps().into_iter().flat_map(|gaps| gaps.iter()))
        .filter_map(|id| case.evaluation.gap(id))
        .map(|gap| format!("{} ({})", gap.fact, gap.reason))
        .collect();
    match facts.as_slice() {
        [] => "depends on what is not known".to_owned(),
        [one] => format!("depends on {one}"),
        [first, rest @ ..] => format!("depends on {first} and {} more", rest.len()),
    }
}

fn identity(case: &Case<'_>) -> (Outcome, String) {
    if case.is_moot() {
        return na("the request is refused before any policy is read");
    }
    let evaluation = case.evaluation;
    if evaluation.always_allowed {
        return na("no policy is asked for this call");
    }
    match case.request.caller.kind {
        CallerKind::Root => return na("a root user has none and needs none"),
        CallerKind::Service | CallerKind::Anonymous | CallerKind::Federated => {
            return na("the caller has none");
        }
        _ => {}
    }
    match &evaluation.parts.identity {
        Match::Yes => {
            let which = allows(case, PolicyType::IdentityBased)
                .map_or_else(|| "a policy".to_owned(), |trace| name(case, trace));
            (Outcome::Passed, format!("{which} allows it"))
        }
        Match::No if evaluation.needs_identity_policy.is_no() => {
            na("none allows it, and none has to: the resource's own policy names the caller")
        }
        Match::No if case.may_do_without_identity_policy() => (
            Outcome::Inconclusive,
            "none allows it, and one has to unless the resource's own policy names the caller"
                .to_owned(),
        ),
        Match::No if evaluation.needs_identity_policy.is_yes() => {
            (Outcome::Failed, format!("none allows `{}`", case.request.action.value))
        }
        Match::No => (
            Outcome::Inconclusive,
            format!("none allows `{}`; whether one has to is not known", case.request.action.value),
        ),
        unknown if evaluation.needs_identity_policy.is_no() => {
            na(format!("not needed; {}", depends(case, unknown)))
        }
        unknown => (Outcome::Inconclusive, depends(case, unknown)),
    }
}

fn resource(case: &Case<'_>, trust: bool) -> (Outcome, String) {
    if case.is_moot() {
        return na("the request is refused before any policy is read");
    }
    let evaluation = case.evaluation;
    if case.request.needs_trust_policy() != trust {
        return na(if trust {
            "the action assumes no role"
        } else {
            "the trust policy is the role's own"
        });
    }
    if evaluation.always_allowed {
        return na("no policy is asked for this call");
    }
    let policy_type = case.resource_policy_type();
    let result = &evaluation.parts.resource;
    let needed = evaluation.needs_resource_policy;
    match result {
        Match::Yes => {
            let which = allows(case, policy_type)
                .or_else(|| allows(case, PolicyType::ResourceBased))
                .map_or_else(|| "a statement".to_owned(), |trace| name(case, trace));
            (Outcome::Passed, format!("{which} allows it"))
        }
        Match::No if needed => {
            let has_policy = case.layers.of(policy_type).any(|layer| !layer.policies.is_empty());
            let summary = if has_policy {
                why_not(case, policy_type)
            } else {
                "there is none, and it has to allow the request".to_owned()
            };
            (Outcome::Failed, summary)
        }
        Match::No if evaluation.accounts == Accounts::Unknown => {
            na("none, and whether one has to allow it depends on whose the resource is")
        }
        Match::No => na(if case.layers.of(policy_type).any(|layer| !layer.policies.is_empty()) {
            "does not allow it, and does not have to"
        } else {
            match evaluation.accounts {
                Accounts::Different => "none, and a root user has none",
                _ => "none, and none is needed within one account",
            }
        }),
        unknown if needed => (Outcome::Inconclusive, depends(case, unknown)),
        unknown if evaluation.decision == Decision::Undetermined => {
            (Outcome::Inconclusive, depends(case, unknown))
        }
        _ if evaluation.accounts == Accounts::Same => na("not needed within one account"),
        unknown => (Outcome::Inconclusive, depends(case, unknown)),
    }
}

fn why_not(case: &Case<'_>, policy_type: PolicyType) -> String {
    use rules::Miss;
    match rules::nearest(case, policy_type).first().map(|near| near.miss) {
        Some(Miss::Principal) => "no statement names this caller".to_owned(),
        Some(Miss::Action) => {
            format!("no statement for the caller covers `{}`", case.request.action.value)
        }
        Some(Miss::Resource) => "no statement for the caller covers the resource".to_owned(),
        Some(Miss::Condition(_)) => "a condition is not met".to_owned(),
        None => "no statement allows anything".to_owned(),
    }
}

fn explicit_denies(case: &Case<'_>) -> (Outcome, String) {
    let evaluation = case.evaluation;
    if evaluation.always_allowed {
        return na("this call works even where it is denied");
    }
    let denies = |wanted: fn(&Match) -> bool| {
        (evaluation.trace.iter())
            .find(|trace| trace.effect == Some(Effect::Deny) && wanted(&trace.outcome))
    };
    let visible: Vec<_> = (case.layers.layers.iter().zip(&evaluation.verdicts))
        .filter(|(_, verdict)| !verdict.applies.is_no())
        .flat_map(|(layer, _)| &layer.policies)
        .collect();
    let statements: usize = visible.iter().map(|attached| attached.policy.statements.len()).sum();
    let among = format!(
        "{} of {}",
        count(statements, "statement", "statements"),
        count(visible.len(), "policy", "policies")
    );
    match &evaluation.parts.explicit_deny {
        Match::Yes => {
            let which = denies(Match::is_yes)
                .map_or_else(|| "a statement".to_owned(), |trace| name(case, trace));
            (Outcome::Failed, format!("{which} denies it"))
        }
        Match::No if visible.is_empty() => (Outcome::Passed, "there is no policy".to_owned()),
        Match::Unknown(_) if visible.is_empty() => {
            (Outcome::Inconclusive, "no policy is visible".to_owned())
        }
        Match::No => (Outcome::Passed, format!("none among {among}")),
        unknown => match denies(|result| result.gaps().is_some()) {
            Some(trace) => (
                Outcome::Inconclusive,
                format!("{} may deny it: {}", name(case, trace), depends(case, &trace.outcome)),
            ),
            None => (Outcome::Inconclusive, {
                let _ = unknown;
                format!("none among {among}; not every layer is visible")
            }),
        },
    }
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Whether the resource's own policy grants in a way that boundary and session policy do not limit.
fn is_passed_by(case: &Case<'_>) -> bool {
    case.evaluation.accounts == Accounts::Same
        && case.evaluation.parts.grants.last().is_some_and(Match::is_yes)
}

/// Boundary, session policy, service control policies, endpoint policy.
fn limit(case: &Case<'_>, policy_type: PolicyType) -> (Outcome, String) {
    if case.is_moot() {
        return na("the request is refused before any policy is read");
    }
    let evaluation = case.evaluation;
    if evaluation.always_allowed {
        return na("no policy is asked for this call");
    }
    let layers: Vec<_> = (case.layers.layers.iter().zip(&evaluation.verdicts))
        .filter(|(layer, _)| layer.policy_type == policy_type)
        .collect();
    if layers.is_empty() {
        let who = case.request.caller.describe();
        return na(match policy_type {
            PolicyType::PermissionsBoundary => format!("none is attached to {who}"),
            PolicyType::Session if case.request.caller.kind == CallerKind::FederatedUser => {
                let granted = !evaluation.decision.is_denied() || is_passed_by(case);
                return if granted {
                    na("the session has none; the resource's own policy grants")
                } else {
                    let why = "a federated user's session without one has no permissions";
                    (Outcome::Failed, why.to_owned())
                };
            }
            PolicyType::Session => "the session has none".to_owned(),
            PolicyType::ServiceControl => "none apply".to_owned(),
            PolicyType::VpcEndpoint => "the request passes none".to_owned(),
            _ => "none".to_owned(),
        });
    }
    if layers.iter().all(|(_, verdict)| verdict.applies.is_no()) {
        return na(format!("they do not apply to {}", case.request.caller.describe()));
    }
    let failing =
        layers.iter().find(|(_, verdict)| !verdict.applies.is_no() && verdict.allow.is_no());
    let unknown = layers
        .iter()
        .find(|(_, verdict)| !verdict.applies.is_no() && verdict.allow.gaps().is_some());
    if let Some((layer, _)) = failing {
        let summary = match policy_type {
            PolicyType::ServiceControl => {
                format!("level {} does not allow `{}`", layer.level, case.request.action.value)
            }
            _ => format!("does not allow `{}`", case.request.action.value),
        };
        let limits_caller =
            matches!(policy_type, PolicyType::PermissionsBoundary | PolicyType::Session);
        let passed_by = limits_caller && is_passed_by(case);
        return if passed_by {
            na(format!(
                "{summary}, and does not have to: the resource's own policy names the caller"
            ))
        } else {
            (Outcome::Failed, summary)
        };
    }
    if let Some((layer, verdict)) = unknown {
        let summary = match (layer.policies.as_slice(), layer.missing.as_slice()) {
            ([], [gap]) => format!("not visible: {}", gap.reason),
            _ => depends(case, &verdict.allow),
        };
        return (Outcome::Inconclusive, summary);
    }
    match allows(case, policy_type) {
        Some(trace) if layers.len() == 1 => {
            (Outcome::Passed, format!("{} allows it", name(case, trace)))
        }
        _ => (Outcome::Passed, format!("all {} levels allow it", layers.len())),
    }
}

/// They only deny: the policy that allows everything is always attached.
fn resource_control(case: &Case<'_>) -> (Outcome, String) {
    if case.is_moot() {
        return na("the request is refused before any policy is read");
    }
    let evaluation = case.evaluation;
    let layers: Vec<_> = (case.layers.layers.iter().zip(&evaluation.verdicts))
        .filter(|(layer, _)| layer.policy_type == PolicyType::ResourceControl)
        .collect();
    if layers.is_empty() || evaluation.always_allowed {
        return na("none apply");
    }
    if layers.iter().all(|(_, verdict)| verdict.applies.is_no()) {
        let service = case.request.service();
        return na(format!("they do not cover this call to `{service}` (list of August 2026)"));
    }
    let denies = layers.iter().map(|(_, verdict)| &verdict.deny);
    match denies.cloned().fold(Match::No, Match::or) {
        Match::Yes => (Outcome::Failed, "a statement denies it".to_owned()),
        Match::No => (Outcome::Passed, "none denies it".to_owned()),
        unknown => match layers.iter().find_map(|(layer, _)| layer.missing.first()) {
            Some(gap) => (Outcome::Inconclusive, format!("not visible: {}", gap.reason)),
            None => (Outcome::Inconclusive, depends(case, &unknown)),
        },
    }
}

fn parameters(case: &Case<'_>) -> (Outcome, String) {
    if !case.request.is_assume_role() {
        return na("the action assumes no role");
    }
    match &case.request.parameters {
        None => na("none are given"),
        Some(_) => (Outcome::Passed, "in range".to_owned()),
    }
}
