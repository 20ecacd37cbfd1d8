//! From a request and its layers to a diagnosis: evaluate, run the rules, write the checklist.
//!
//! Pure, like everything below it.

mod doubts;
mod gates;
mod retry;
mod settle;

use crate::eval::{
    DERIVED, Decision, Evaluation, KeyValue, Match, Refusal, claim_keys, evaluate, lookup,
};
use crate::finding::{
    Blocker, DecidingStatement, Diagnosis, Finding, Gate, Outcome, Party, Severity, StatementRole,
};
use crate::layers::{Gap, Layers};
use crate::policy::{Effect, PolicyType};
use crate::request::{CallerKind, Given, Request};
use crate::rules::{self, Case, Companion, UsableRole, nearest};

/// Diagnoses one request. `usable_roles` is asked only where the request is not allowed and is not
/// itself about assuming a role.
pub fn diagnose(
    request: &Request,
    layers: &Layers,
    usable_roles: &dyn Fn() -> Vec<UsableRole>,
) -> Diagnosis {
    let evaluation = evaluate(request, layers);
    let companions = companions(request, layers);
    let ask = evaluation.decision != Decision::Allowed && !request.is_assume_role();
    let usable_roles = if ask { usable_roles() } else { Vec::new() };
    let case = Case {
        request,
        layers,
        evaluation: &evaluation,
        companions: &companions,
        usable_roles: &usable_roles,
    };
    let decision = worst(&evaluation, &companions);
    let findings = findings(&case, decision);
    let gates = gates::all(&case, &findings);
    let gaps = gaps(&case, decision);
    Diagnosis {
        name: None,
        hop: None,
        title: String::new(),
        decision,
        headline: headline(decision, &gates, &gaps, &evaluation, only_layers_missing(&case, &gaps)),
        principal: request.caller.text.value.clone(),
        action: request.action.value.clone(),
        resource: request.resource.text().value.clone(),
        same_account: match evaluation.accounts {
            crate::eval::Accounts::Same => Some(true),
            _ if request.caller.kind == CallerKind::Federated => None,
            crate::eval::Accounts::Different => Some(false),
            crate::eval::Accounts::Unknown => None,
        },
        context: context(request),
        statements: statements(&case),
        doubts: Vec::new(),
        settlements: settle::settlements(&case, decision, &gaps),
        blockers: blockers(&case, &findings),
        retry: (decision != Decision::Allowed).then(|| retry::command(&case)).flatten(),
        gates,
        findings,
        gaps,
        notes: Vec::new(),
        evidence: None,
        is_bare: false,
        identity: None,
        hints: Vec::new(),
    }
}

pub use doubts::{Background, doubts};

/// The decision alone, by the same code: for many requests at once.
pub fn decide(request: &Request, layers: &Layers) -> Decision {
    let own = crate::eval::decide(request, layers);
    companion_requests(request)
        .iter()
        .fold(own, |worst, companion| worse(worst, crate::eval::decide(companion, layers)))
}

/// Passing tags or a source identity takes an authorization of its own, on the same role.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html>
fn companion_requests(request: &Request) -> Vec<Request> {
    let mut found = Vec::new();
    if !request.is_assume_role() {
        return found;
    }
    let parameters = request.parameters.as_ref();
    let service = match request.caller.kind {
        CallerKind::Service => request.caller.name.as_str(),
        _ => "",
    };
    // <https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html>,
    // <https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html>
    let (tags, identity) = match service {
        "pods.eks.amazonaws.com" => (true, false),
        "rolesanywhere.amazonaws.com" => (true, true),
        _ => (false, false),
    };
    let tagged = parameters.is_some_and(|parameters| !parameters.tags.is_empty());
    if tags || tagged || request.tag_in_context().is_some() {
        found.push(request.with_action("sts:TagSession"));
    }
    let named = parameters.is_some_and(|parameters| parameters.source_identity.is_some());
    let inherited = request.inherited_source_identity().is_some();
    if identity || named || inherited || request.source_identity_in_context().is_some() {
        found.push(request.with_action("sts:SetSourceIdentity"));
    }
    found
}

fn companions(request: &Request, layers: &Layers) -> Vec<Companion> {
    companion_requests(request)
        .into_iter()
        .map(|request| Companion { evaluation: evaluate(&request, layers), request })
        .collect()
}

fn worst(evaluation: &Evaluation, companions: &[Companion]) -> Decision {
    companions.iter().fold(evaluation.decision, |decision, companion| {
        worse(decision, companion.evaluation.decision)
    })
}

/// The first of two denials stands; a denial outweighs what is undetermined, and that an Allow.
fn worse(first: Decision, second: Decision) -> Decision {
    match (first, second) {
        (first, _) if first.is_denied() => first,
        (_, second) if second.is_denied() => second,
        (Decision::Undetermined, _) | (_, Decision::Undetermined) => Decision::Undetermined,
        _ => Decision::Allowed,
    }
}

/// All findings, the cause first: rank of cause, severity, checklist, place.
fn findings(case: &Case<'_>, decision: Decision) -> Vec<Finding> {
    let mut found: Vec<(u8, usize, Finding)> = Vec::new();
    for (place, (_, cause)) in rules::causes().enumerate() {
        for finding in (cause.check)(case) {
            found.push((cause.rank, place, finding));
        }
    }
    // Where the request is denied for certain, what only may stand in the way comes after what does.
    let weight = |finding: &Finding| match finding.severity {
        Severity::Error => 0_u8,
        Severity::Warning | Severity::Note if decision.is_denied() => 1,
        _ => 0,
    };
    found.sort_by(|(left_rank, left_place, left), (right_rank, right_place, right)| {
        (weight(left), left_rank, left.severity, left_place, left.primary.span).cmp(&(
            weight(right),
            right_rank,
            right.severity,
            right_place,
            right.primary.span,
        ))
    });
    // A place that another rule has told already needs no second finding.
    let told: Vec<_> = (found.iter().map(|(_, _, finding)| finding))
        .filter(|finding| finding.rule != "policy-defect")
        .map(|finding| finding.primary.span)
        .collect();
    (found.into_iter().map(|(_, _, finding)| finding))
        .filter(|finding| finding.rule != "policy-defect" || !told.contains(&finding.primary.span))
        .collect()
}

/// What stands in the way, by who can lift it, in the order of importance.
fn blockers(case: &Case<'_>, findings: &[Finding]) -> Vec<Blocker> {
    let mut found: Vec<Blocker> = Vec::new();
    for finding in findings.iter().filter(|finding| finding.severity == Severity::Error) {
        let Some((owner, ask)) = finding.owner.zip(finding.ask.as_ref().or(finding.help.as_ref()))
        else {
            continue;
        };
        let place = found.iter().position(|blocker| blocker.owner == owner);
        match place.and_then(|place| found.get_mut(place)) {
            Some(blocker) if blocker.asks.contains(ask) => {}
            Some(blocker) => blocker.asks.push(ask.clone()),
            None => {
                let account = match owner {
                    Party::CallerAccount => {
                        case.request.caller.account.as_ref().map(ToString::to_string)
                    }
                    Party::RoleAccount | Party::ResourceAccount => {
                        case.request.resource_account().map(str::to_owned)
                    }
                    _ => None,
                };
                found.push(Blocker { owner, account, asks: vec![ask.clone()] });
            }
        }
    }
    found
}

/// What could not be learned and matters: what the answer depends on, and every layer that was not
/// visible.
fn gaps(case: &Case<'_>, decision: Decision) -> Vec<Gap> {
    let mut found: Vec<Gap> = Vec::new();
    let mut add = |gap: &Gap| {
        if !found.contains(gap) {
            found.push(gap.clone());
        }
    };
    let of_layers = |gap: &Gap| case.layers.layers.iter().any(|layer| layer.misses(gap));
    if decision == Decision::Undetermined {
        // What the request itself could tell comes first, since it is the easiest to supply.
        let companions = case.companions.iter().map(|one| &one.evaluation);
        let evaluations = std::iter::once(case.evaluation).chain(companions);
        evaluations
            .flat_map(Evaluation::deciding_gaps)
            .filter(|gap| !of_layers(gap))
            .for_each(&mut add);
    }
    for (layer, verdict) in case.layers.layers.iter().zip(&case.evaluation.verdicts) {
        if !verdict.applies.is_no()
            && (verdict.allow.gaps().is_some() || verdict.deny.gaps().is_some())
        {
            layer.missing.iter().for_each(|gap| add(gap));
        }
    }
    found
}

/// Whether all that is open is what whole layers say that are not visible.
fn only_layers_missing(case: &Case<'_>, gaps: &[Gap]) -> bool {
    let grants = [PolicyType::IdentityBased, PolicyType::Trust, PolicyType::ResourceBased];
    let limits = |gap: &Gap| {
        let mut layers = case.layers.layers.iter();
        layers.any(|layer| !grants.contains(&layer.policy_type) && layer.misses(gap))
    };
    gaps.iter().all(limits)
}

/// The keys that carry a value, given and derived, by name.
fn context(request: &Request) -> Vec<(String, Vec<String>)> {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    for entry in request.context.entries() {
        match &entry.value {
            Given::Absent => {}
            Given::One(value) => found.push((entry.key.clone(), vec![value.clone()])),
            Given::Many(values) => found.push((entry.key.clone(), values.clone())),
        }
    }
    let tags = request.parameters.iter().flat_map(|parameters| &parameters.tags);
    let tag_keys = tags.map(|(key, _)| format!("aws:RequestTag/{}", key.value));
    let caller_tags = request.caller.tags.known().into_iter().flatten();
    let caller_tags = caller_tags.map(|(key, _)| format!("aws:PrincipalTag/{key}"));
    let resource_tags = request.resource.tags.known().into_iter().flatten();
    let resource_tags = resource_tags.map(|(key, _)| format!("aws:ResourceTag/{key}"));
    let derived = DERIVED
        .iter()
        .map(|key| (*key).to_owned())
        .chain(claim_keys(&request.caller))
        .chain(tag_keys)
        .chain(caller_tags)
        .chain(resource_tags);
    let mut lowers: Vec<String> = found.iter().map(|(key, _)| key.to_lowercase()).collect();
    for key in derived {
        let lower = key.to_lowercase();
        if lowers.contains(&lower) {
            continue;
        }
        match lookup(request, &lower) {
            KeyValue::One(value) => found.push((key, vec![value.into_owned()])),
            KeyValue::Many(values) => found.push((key, values.into_owned())),
            _ => continue,
        }
        lowers.push(lower);
    }
    found.sort();
    found
}

/// The statements that decide.
fn statements(case: &Case<'_>) -> Vec<DecidingStatement> {
    let mut found = Vec::new();
    let mut add = |trace: &crate::eval::StatementTrace, role: StatementRole| {
        let Some(((attached, statement), policy_type)) =
            case.statement(trace).zip(case.policy_type(trace))
        else {
            return;
        };
        let Some(effect) = &statement.effect else { return };
        let one = DecidingStatement {
            policy: attached.title(),
            policy_type,
            sid: statement.sid.as_ref().map(|sid| sid.value.to_string()),
            effect: effect.value,
            role,
            span: statement.span,
        };
        if !found.contains(&one) {
            found.push(one);
        }
    };
    for trace in &case.evaluation.trace {
        match trace.effect {
            Some(Effect::Deny) if !trace.outcome.is_no() => add(trace, StatementRole::Denies),
            Some(Effect::Allow) if trace.outcome.is_yes() => add(trace, StatementRole::Allows),
            _ => {}
        }
    }
    let lacks = |policy_type: PolicyType| {
        (case.layers.layers.iter().zip(&case.evaluation.verdicts)).any(|(layer, verdict)| {
            layer.policy_type == policy_type && !verdict.applies.is_no() && !verdict.allow.is_yes()
        })
    };
    for row in &crate::policy::POLICY_TYPES {
        if lacks(row.policy_type)
            && let Some(near) = nearest(case, row.policy_type).first()
        {
            add(near.trace, StatementRole::Nearest);
        }
    }
    found
}

/// A few words beside the decision.
fn headline(
    decision: Decision,
    gates: &[crate::finding::GateReport],
    gaps: &[Gap],
    evaluation: &Evaluation,
    all_visible_allow: bool,
) -> String {
    let failed: Vec<_> = gates.iter().filter(|report| report.outcome == Outcome::Failed).collect();
    let has_expired = evaluation.refusals.iter().any(|(refusal, result)| {
        use crate::eval::Refusal::{Expired, TokenExpired};
        matches!(refusal, Expired | TokenExpired) && result.is_yes()
    });
    let by = |gate: Gate| match gate {
        Gate::RoleArn => "the role ARN",
        Gate::Caller => "the kind of caller",
        Gate::Credentials if has_expired => "expired credentials",
        Gate::Credentials => "the credentials",
        Gate::IdentityPolicies => "the caller's identity-based policies",
        Gate::TrustPolicy => "the role's trust policy",
        Gate::ResourcePolicy => "the resource-based policy",
        Gate::ExplicitDenies => "a Deny statement",
        Gate::PermissionsBoundary => "the permissions boundary",
        Gate::SessionPolicy => "the session policy",
        Gate::ServiceControlPolicies => "the service control policies",
        Gate::ResourceControlPolicies => "the resource control policies",
        Gate::EndpointPolicy => "the VPC endpoint policy",
        Gate::Parameters => "the parameters of the call",
    };
    match decision {
        Decision::Allowed if evaluation.always_allowed => {
            "no policy is asked for this call".to_owned()
        }
        Decision::Allowed => "every layer lets it through".to_owned(),
        Decision::Undetermined if all_visible_allow => match gaps {
            [] => "all that is visible allows it".to_owned(),
            [one] => format!("all that is visible allows it, {} is not", one.fact),
            [first, rest @ ..] => {
                format!(
                    "all that is visible allows it; not visible: {} and {} more",
                    first.fact,
                    rest.len()
                )
            }
        },
        Decision::Undetermined => match gaps {
            [] => "a fact that decides it is not known".to_owned(),
            [one] => format!("it depends on {}", one.fact),
            [first, rest @ ..] => format!("it depends on {} and {} more", first.fact, rest.len()),
        },
        Decision::ExplicitDeny | Decision::ImplicitDeny => {
            let refused = evaluation.refusals.iter().any(|(_, result)| *result == Match::Yes);
            let deny = failed.iter().find(|report| report.gate == Gate::ExplicitDenies);
            match (failed.as_slice(), deny) {
                ([], _) => "nothing grants it".to_owned(),
                (_, Some(deny)) if decision == Decision::ExplicitDeny => {
                    format!("decided by {}", by(deny.gate))
                }
                _ if evaluation.is_refused(Refusal::OwnedByAws) => {
                    "the resource is AWS's own".to_owned()
                }
                ([first, ..], _) if refused => format!("decided by {}", by(first.gate)),
                ([one], _) => format!("decided by {}", by(one.gate)),
                ([first, second], _) => format!("by {} and {}", by(first.gate), by(second.gate)),
                ([first, rest @ ..], _) => {
                    format!("by {} and {} other layers", by(first.gate), rest.len())
                }
            }
        }
    }
}
