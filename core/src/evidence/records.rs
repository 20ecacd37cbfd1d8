//! What AWS's own record of a decision proves, and whether facts say the same.

use super::{advice, look, step};
use crate::eval::Decision;
use crate::finding::{
    Agreement, Diagnosis, Evidence, Gate, GateReport, Outcome, StatementRole, Step,
};
use crate::layers::{Attached, Layers};
use crate::message::{Part, Record, RecordKind, Said, last_part};
use crate::policy::{POLICY_TYPES, PolicyType};

/// What the record proves.
pub fn evidence_of(record: &Record) -> Evidence {
    let mut found = super::evidence(&record.denial);
    found.record = Some(record.clone());
    found.proves = record.matched.iter().map(|one| one.value.clone()).collect();
    found.open.clear();
    if found.proves.is_empty() {
        found.proves.push(
            match record.said {
                Said::Implicit | Said::Stopped => {
                    "no statement allows the request, and none denies it"
                }
                Said::Explicit => "a statement denies the request; the record does not tell which",
                Said::Allowed | Said::NoImpact => "nothing denied the request",
            }
            .to_owned(),
        );
    }
    let implicit = record.said == Said::Implicit;
    if implicit && !record.matched.is_empty() {
        found.proves.push(
            "no statement denies it; but all layers have to allow it, and one of them does not"
                .to_owned(),
        );
    }
    found.proves.extend(record.parts.iter().cloned());
    if record.kind == RecordKind::Simulated {
        let stops = record.checks.iter().filter(|check| check.said == Said::Stopped);
        found.proves.extend(stops.map(|check| {
            let who = match check.policy_type {
                PolicyType::PermissionsBoundary => "the permissions boundary does",
                _ => "the service control policies do",
            };
            format!("{who} not let it through, by a Deny or for want of an Allow")
        }));
    }
    match record.kind {
        RecordKind::Decoded => {
            if implicit {
                found.open.push("which layer has no Allow: the message does not tell".to_owned());
            }
            if !record.matched.is_empty() {
                found.open.push(
                    "in which policy a statement stands: the message names statements alone"
                        .to_owned(),
                );
            }
        }
        RecordKind::Details => {
            if implicit {
                found.open.push("what is missing: a missing Allow is in no statement".to_owned());
            }
        }
        RecordKind::Simulated => simulated(record, &mut found),
    }
    found.open.extend(record.notes.iter().cloned());
    found.who = who(record);
    found.next = next(record);
    found
}

/// The layers that stopped the request, each once.
fn stopping(record: &Record) -> Vec<PolicyType> {
    let mut found = Vec::new();
    for check in &record.checks {
        let stops = match check.said {
            Said::Stopped => true,
            said => said == record.said && matches!(said, Said::Explicit | Said::Implicit),
        };
        if stops && !found.contains(&check.policy_type) {
            found.push(check.policy_type);
        }
    }
    found
}

/// Who can lift it: somebody for each layer that stopped the request.
fn who(record: &Record) -> Option<String> {
    let mut found: Vec<&str> = Vec::new();
    let layers = stopping(record);
    let named = layers.iter().copied().map(look::who_of).chain(look::who(&record.denial));
    for one in named {
        if !found.contains(&one) {
            found.push(one);
        }
    }
    (!found.is_empty()).then(|| found.join(", and "))
}

fn is_assume_role(record: &Record) -> bool {
    let action = record.denial.action.as_ref().map_or("", |one| one.value.as_str());
    action.to_ascii_lowercase().starts_with("sts:assumerole")
}

/// What IAM's simulator does not ask.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_testing-policies.html>
fn simulated(record: &Record, found: &mut Evidence) {
    if is_assume_role(record) {
        found.open.push(
            "whether the role can be assumed: IAM's simulator never asks a role's trust policy"
                .to_owned(),
        );
    }
    found.open.push(
        "what session policies, resource control policies and endpoint policies say, and a resource's policy that was not passed to it: IAM's simulator does not ask them".to_owned(),
    );
    let organization =
        record.checks.iter().any(|one| one.policy_type == PolicyType::ServiceControl);
    if !organization {
        found.open.push(
            "what service control policies say: the result does not show that they were asked"
                .to_owned(),
        );
    }
    if !record.missing.is_empty() {
        found.open.push(format!(
            "conditions on {}: the simulation was given no value",
            record.missing.join(", ")
        ));
    }
}

fn next(record: &Record) -> Vec<Step> {
    let mut steps = Vec::new();
    match record.kind {
        RecordKind::Details => {
            let layer = record.denial.policy_type.as_ref().map(|one| one.value);
            for policy in
                record.policies.iter().filter(|one| Some(one.policy_type) == layer).take(6)
            {
                let uri = look::word(&policy.uri, "POLICY_URI");
                let name = look::word(last_part(&policy.uri), "policy");
                steps.push(step(
                    format!("read the text of `{name}`, as it was"),
                    format!("aws iam-toolbox get-request-authorization-policy --authorization-id ID --policy-uri {uri} > {name}.json"),
                ));
            }
            steps.push(step(
                "ask again with the texts of all of them, in files that have the policies' names: they are evaluated in place of facts",
                "why-denied details.json --facts FOLDER",
            ));
        }
        RecordKind::Decoded => {
            steps.push(step(
                "export the policies of the caller's account",
                "aws iam get-account-authorization-details > account.json",
            ));
            steps.push(step(
                "ask again with them and with what the message says of the request",
                "why-denied decoded.json --facts account.json",
            ));
        }
        RecordKind::Simulated => {
            if !record.missing.is_empty() {
                steps.push(advice(
                    "simulate again with `--context-entries` for the keys that had no value",
                ));
            }
            steps.push(step(
                "ask for the layers that the simulator leaves out",
                "why-denied simulation.json --caller ARN --facts account.json",
            ));
        }
    }
    steps
}

/// The answer where there are no facts.
pub fn bare_record(record: &Record) -> Diagnosis {
    let mut answer = super::bare(&record.denial);
    answer.decision = decision(record.said);
    let recorded = match record.kind {
        RecordKind::Simulated if is_assume_role(record) => {
            "as AWS simulated it, without the role's trust policy"
        }
        RecordKind::Simulated => "as AWS simulated it",
        _ => "as AWS recorded it",
    };
    let mut layers = stopping(record);
    if let Some(named) = record.denial.policy_type.as_ref().filter(|_| layers.is_empty()) {
        layers.push(named.value);
    }
    let layers: Vec<String> =
        layers.iter().map(|layer| super::with_article(layer.name())).collect();
    answer.headline = match layers.as_slice() {
        [] => recorded.to_owned(),
        layers => format!("{recorded}, decided by {}", layers.join(" and ")),
    };
    // A layer that stands at several places has a line for each.
    let is_several = |policy_type: PolicyType| {
        record.checks.iter().filter(|check| check.policy_type == policy_type).count() > 1
    };
    answer.gates = record
        .checks
        .iter()
        .map(|check| GateReport {
            gate: Gate::of(check.policy_type),
            outcome: match check.said {
                Said::Allowed => Outcome::Passed,
                Said::NoImpact => Outcome::NotApplicable,
                Said::Explicit | Said::Implicit | Said::Stopped => Outcome::Failed,
            },
            summary: match check.target.as_ref().filter(|_| is_several(check.policy_type)) {
                Some(target) => {
                    format!("at {target}: {}", summary(check.said, &check.matched))
                }
                None => summary(check.said, &check.matched),
            },
        })
        .collect();
    answer.gates.sort_by_key(|report| report.gate);
    answer.context.clone_from(&record.context);
    answer.evidence = Some(Box::new(evidence_of(record)));
    answer
}

fn summary(said: Said, matched: &[String]) -> String {
    match (said, matched) {
        (_, [one]) => one.clone(),
        (_, [one, rest @ ..]) => format!("{one}, and {} more", rest.len()),
        (Said::Allowed, []) => "lets it through".to_owned(),
        (Said::NoImpact, []) => "made no difference".to_owned(),
        (Said::Explicit, []) => "a statement denies it".to_owned(),
        (Said::Implicit, []) => "nothing allows it".to_owned(),
        (Said::Stopped, []) => "does not let it through".to_owned(),
    }
}

fn decision(said: Said) -> Decision {
    match said {
        Said::Allowed | Said::NoImpact => Decision::Allowed,
        Said::Explicit => Decision::ExplicitDeny,
        Said::Implicit | Said::Stopped => Decision::ImplicitDeny,
    }
}

/// Managed policies that took part when AWS decided, and do not apply by the facts; and the other way about.
fn other_policies(record: &Record, layers: &Layers) -> Vec<String> {
    let mut says = Vec::new();
    // Only a managed policy has an address of its own that the facts know too.
    let managed: Vec<&Part> =
        record.policies.iter().filter(|one| one.uri.contains(":policy/")).collect();
    let mut types: Vec<PolicyType> = managed.iter().map(|one| one.policy_type).collect();
    types.sort_unstable();
    types.dedup();
    for policy_type in types {
        if layers.of(policy_type).any(|layer| !layer.missing.is_empty()) {
            continue;
        }
        let attached = || layers.of(policy_type).flat_map(|layer| &layer.policies);
        let is_one = |policy: &Attached, part: &Part| {
            let name = last_part(&part.uri);
            policy.arn.as_ref() == Some(&part.uri)
                || policy.arn.as_deref().map(last_part) == Some(name)
                || policy.name.as_deref() == Some(name)
        };
        let mine = || managed.iter().filter(|one| one.policy_type == policy_type);
        for part in mine().filter(|part| !attached().any(|policy| is_one(policy, part))) {
            says.push(format!(
                "`{}` took part when AWS decided, and by these facts it does not apply",
                last_part(&part.uri)
            ));
        }
        for policy in attached().filter(|policy| policy.arn.is_some()) {
            if !mine().any(|part| is_one(policy, part)) {
                says.push(format!(
                    "{} applies by these facts, and took no part when AWS decided",
                    policy.title()
                ));
            }
        }
    }
    says.dedup();
    says
}

/// The layers that stop the request by the facts, where the simulator asks none of them.
fn left_out(record: &Record, diagnosis: &Diagnosis) -> Vec<PolicyType> {
    let asks_control =
        record.checks.iter().any(|check| check.policy_type == PolicyType::ServiceControl);
    let asks = |policy_type: PolicyType| match policy_type {
        PolicyType::IdentityBased | PolicyType::PermissionsBoundary => true,
        PolicyType::ServiceControl => asks_control,
        PolicyType::ResourceBased => !record.parts.is_empty(),
        _ => false,
    };
    let mut found: Vec<PolicyType> = (diagnosis.statements.iter())
        .filter(|statement| statement.role == StatementRole::Denies)
        .map(|statement| statement.policy_type)
        .collect();
    let failed = diagnosis.gates.iter().filter(|report| report.outcome == Outcome::Failed);
    for report in failed.filter(|report| report.gate != Gate::ExplicitDenies) {
        let mut layers = POLICY_TYPES.iter().map(|row| row.policy_type);
        let Some(layer) = layers.find(|layer| Gate::of(*layer) == report.gate) else {
            return Vec::new();
        };
        found.push(layer);
    }
    let is_asked = found.iter().any(|layer| asks(*layer));
    if record.kind != RecordKind::Simulated || is_asked {
        return Vec::new();
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Holds AWS's record against what the facts say.
pub fn record_agreement(record: &Record, diagnosis: &Diagnosis, layers: &Layers) -> Agreement {
    let theirs = decision(record.said);
    let mut says = Vec::new();
    let mut agrees = match diagnosis.decision {
        Decision::Undetermined => None,
        ours => Some(ours == theirs),
    };
    let name = |decision: Decision| match decision {
        Decision::Allowed => "allowed",
        Decision::ExplicitDeny => "explicit deny",
        Decision::ImplicitDeny => "implicit deny",
        Decision::Undetermined => "undetermined",
    };
    let is_simulated = record.kind == RecordKind::Simulated;
    let recorded = if is_simulated { "simulated" } else { "recorded" };
    let left_out = left_out(record, diagnosis);
    says.push(match agrees {
        Some(true) => format!("both say {}", name(theirs)),
        Some(false) if theirs == Decision::Allowed && !left_out.is_empty() => {
            // It was right in all that it was asked.
            agrees = Some(true);
            let names: Vec<&str> = left_out.iter().map(|layer| layer.name()).collect();
            format!(
                "the layers that the simulator asks let it through; it does not ask the {}, and by these facts that stops it",
                names.join(" and the ")
            )
        }
        Some(false) if is_simulated && diagnosis.decision == Decision::Allowed => format!(
            "AWS simulated {}, and by these facts it is allowed: the simulation had other policies or another context, or a policy of the resource allows it that was not passed to it",
            name(theirs)
        ),
        Some(false) => format!(
            "AWS {recorded} {}, and by these facts it is {}: they are not what AWS saw",
            name(theirs),
            name(diagnosis.decision)
        ),
        None => format!("AWS {recorded} {}, and the facts leave it open", name(theirs)),
    });
    let decides: Vec<&str> = (diagnosis.statements.iter())
        .filter(|statement| statement.role == StatementRole::Denies)
        .filter_map(|statement| statement.sid.as_deref())
        .collect();
    let same = record.statements.iter().find(|sid| decides.contains(&sid.as_str()));
    match (same, record.statements.first(), decides.first()) {
        (Some(sid), ..) => says.push(format!("the statement that denies is `{sid}` in both")),
        (None, Some(theirs), Some(ours)) if record.said == Said::Explicit => {
            agrees = Some(false);
            says.push(format!(
                "AWS recorded statement `{theirs}`, and by these facts it is `{ours}`"
            ));
        }
        _ => {}
    }
    for check in &record.checks {
        let outcome = diagnosis
            .gates
            .iter()
            .find(|report| report.gate == Gate::of(check.policy_type))
            .map(|report| report.outcome);
        // A Deny is a step of its own in our checklist.
        let denies = diagnosis.statements.iter().any(|statement| {
            statement.role == StatementRole::Denies && statement.policy_type == check.policy_type
        });
        let differs = match check.said {
            Said::Allowed => denies || outcome == Some(Outcome::Failed),
            Said::Explicit | Said::Stopped => !denies && outcome == Some(Outcome::Passed),
            Said::Implicit => outcome == Some(Outcome::Passed),
            Said::NoImpact => false,
        };
        if differs {
            agrees = Some(false);
            says.push(format!(
                "of the {} AWS says: {}; by these facts it {}",
                check.policy_type.name(),
                summary(check.said, &[]),
                if check.said == Said::Allowed { "stops the request" } else { "lets it through" }
            ));
        }
    }
    if record.kind == RecordKind::Details {
        says.extend(other_policies(record, layers));
    }
    Agreement { agrees, says }
}
