//! What an error text proves and what it leaves open, who can lift it, and where to look next.
//!
//! Pure: it words what `message` read, and holds it against a finished diagnosis. It decides nothing
//! about policies.

mod look;
mod records;

pub use records::{bare_record, evidence_of, record_agreement};

use crate::eval::Decision;
use crate::finding::{
    Agreement, DecidingStatement, Diagnosis, Evidence, Gate, GateReport, Outcome, StatementRole,
    Step,
};
use crate::layers::{Attached, Gap, Layers};
use crate::message::{Denial, DenialKind, ErrorClass};
use crate::policy::PolicyType;

/// What the text proves; without facts.
pub fn evidence(denial: &Denial) -> Evidence {
    let mut found = Evidence {
        denial: denial.clone(),
        record: None,
        other_action: None,
        proves: Vec::new(),
        open: Vec::new(),
        who: None,
        next: Vec::new(),
        agreement: None,
    };
    if denial.class == ErrorClass::AccessDenied && !is_about_the_call(denial) {
        authorization(denial, &mut found);
    } else {
        found.proves.push(refusal(denial).to_owned());
        if look::is_before_policies(denial) {
            found.open.push("anything about policies: this comes before they are asked".to_owned());
        }
        found.who = Some(look::who_of_the_call(denial).to_owned());
        found.next = look::at_the_call(denial);
    }
    if let (Some(action), Some(operation)) = (&denial.action, &denial.operation)
        && let Some(why) = look::other_action(&action.value, &operation.value)
    {
        found.other_action = Some(why);
    }
    found
}

/// Denials that no policy decides: the code is that of a denial, the reason is in the call.
fn is_about_the_call(denial: &Denial) -> bool {
    matches!(
        denial.form,
        "root-caller"
            | "mfa-failed"
            | "session-credentials"
            | "cognito-guest"
            | "access-disabled"
            | "account-gate"
    )
}

fn authorization(denial: &Denial, found: &mut Evidence) {
    let layer = denial.policy_type.as_ref().map(|one| one.value);
    let named = layer.map(PolicyType::name);
    let kind = denial.kind.as_ref().map(|one| one.value);
    let may_be_missing =
        layer == Some(PolicyType::ServiceControl) && kind == Some(DenialKind::Explicit);
    match (kind, named) {
        (Some(DenialKind::Explicit), Some(layer)) if may_be_missing => {
            found.proves.push(format!("{} stands in the way", with_article(layer)));
        }
        (Some(DenialKind::Explicit), Some(layer)) => {
            found.proves.push(format!("a Deny statement of {} matched", with_article(layer)));
        }
        (Some(DenialKind::Explicit), None) => {
            found
                .proves
                .push("a Deny statement matched; the text does not say of which layer".to_owned());
        }
        (Some(DenialKind::Implicit), layer) => {
            let layer = layer.unwrap_or("policy");
            found.proves.push(format!(
                "no {layer} allows the action, and no Deny statement matched in what AWS evaluated before"
            ));
        }
        (None, _) => found.proves.push(look::unnamed(denial).to_owned()),
    }
    if let (Some(DenialKind::Implicit), Some(layer)) = (kind, layer)
        && let Some(why) = look::who_needs_it(denial, layer)
    {
        found.proves.push(why);
    }
    if let Some(arn) = &denial.policy_arn {
        let id = arn.value.rsplit('/').next().unwrap_or(&arn.value);
        found.proves.push(format!("the policy that decided is `{id}`"));
    }
    if may_be_missing {
        found.open.push(
            "whether one of its Deny statements matched or an Allow is missing: services have worded the second as an explicit deny too".to_owned(),
        );
    }
    if named.is_some() {
        found.open.push("AWS names one layer; others may deny too".to_owned());
    } else if !denial.form.starts_with("s3-") {
        found.open.push(
            "which layer: any policy may be the reason; services do not always say, and hardly ever across accounts".to_owned(),
        );
    }
    let assumes = denial.action.as_ref().is_some_and(|one| one.value.starts_with("sts:AssumeRole"));
    if assumes && layer.is_none() {
        found.open.push(
            "whether the role exists: AWS says the same of one that does not, of a trust policy that refuses, and of a caller without permission".to_owned(),
        );
    }
    found.open.extend(look::other_reasons(denial).map(str::to_owned));
    if denial.action.is_none() {
        found.open.push(match &denial.operation {
            Some(operation) => format!(
                "which action: the text names none, and {} may need several",
                operation.value
            ),
            None => "which action: the text names none".to_owned(),
        });
    }
    found.who = look::who(denial).map(str::to_owned);
    found.next = look::at_policies(denial);
}

/// What AWS says in such an error, in one sentence.
pub fn refusal(denial: &Denial) -> &'static str {
    look::meaning(denial)
}

/// The answer where there are no facts, or where policies play no part.
pub fn bare(denial: &Denial) -> Diagnosis {
    let found = evidence(denial);
    let by_policy = denial.class == ErrorClass::AccessDenied && !is_about_the_call(denial);
    let value = |field: &Option<crate::text::Spanned<String>>| {
        field.as_ref().map(|one| one.value.clone()).unwrap_or_default()
    };
    let (decision, headline) = match denial.kind.as_ref().map(|one| one.value) {
        _ if !by_policy => (look::decision(denial), look::headline(denial)),
        kind => {
            let layer = denial.policy_type.as_ref().map(|one| one.value.name());
            let headline = layer.map_or_else(
                || "AWS does not say which layer".to_owned(),
                |layer| format!("AWS names {}", with_article(layer)),
            );
            match kind {
                Some(DenialKind::Explicit) => (Decision::ExplicitDeny, headline),
                Some(DenialKind::Implicit) => (Decision::ImplicitDeny, headline),
                None => (
                    Decision::Undetermined,
                    "AWS denied it, and its words do not tell which policy decided".to_owned(),
                ),
            }
        }
    };
    let gate = match denial.class {
        _ if by_policy || look::decision(denial) != Decision::ImplicitDeny => None,
        ErrorClass::Other => Some(Gate::Parameters),
        ErrorClass::AccessDenied if denial.form == "root-caller" => Some(Gate::Caller),
        ErrorClass::AccessDenied => Some(Gate::Parameters),
        _ => Some(Gate::Credentials),
    };
    let gates = gate.map(|gate| GateReport {
        gate,
        outcome: Outcome::Failed,
        summary: refusal(denial).to_owned(),
    });
    Diagnosis {
        principal: value(&denial.principal),
        action: value(&denial.action),
        resource: value(&denial.resource),
        gates: gates.into_iter().collect(),
        evidence: Some(Box::new(found)),
        ..blank(decision, headline)
    }
}

/// The answer where nobody could be asked who calls. `credentials` says that this is for want of them.
pub fn unasked(headline: String, gap: Gap, credentials: bool) -> Diagnosis {
    let report =
        |gate, outcome, summary: &str| GateReport { gate, outcome, summary: summary.to_owned() };
    let why = if credentials { "AWS was not asked" } else { "AWS gave no answer" };
    let mut gates = vec![report(Gate::Caller, Outcome::Inconclusive, &format!("not known: {why}"))];
    if credentials {
        gates.push(report(Gate::Credentials, Outcome::Failed, &gap.reason));
    }
    Diagnosis { gates, gaps: vec![gap], is_bare: false, ..blank(Decision::Undetermined, headline) }
}

/// An answer that no evaluation stands behind.
fn blank(decision: Decision, headline: String) -> Diagnosis {
    Diagnosis {
        hop: None,
        title: String::new(),
        doubts: Vec::new(),
        name: None,
        decision,
        headline,
        principal: String::new(),
        action: String::new(),
        resource: String::new(),
        same_account: None,
        context: Vec::new(),
        gates: Vec::new(),
        findings: Vec::new(),
        gaps: Vec::new(),
        settlements: Vec::new(),
        blockers: Vec::new(),
        retry: None,
        statements: Vec::new(),
        notes: Vec::new(),
        evidence: None,
        is_bare: true,
        identity: None,
        hints: Vec::new(),
    }
}

/// The answer to `events` of CloudTrail of which none is a denial. `failed` are the codes of their
/// errors; `call` is who called what, where there is one alone.
pub fn not_denied(events: u64, failed: &[&str], call: Option<(&str, &str)>) -> Diagnosis {
    let (decision, headline) = match (failed, events) {
        ([], 1) => {
            (Decision::Allowed, "CloudTrail recorded no error: the call succeeded".to_owned())
        }
        ([], _) => (
            Decision::Allowed,
            format!("CloudTrail recorded no error in {events} events: the calls succeeded"),
        ),
        // The console could not change to the role, for one.
        ([""], 1) => (
            Decision::Undetermined,
            "CloudTrail recorded that the call failed, and no error: whether a policy is why, the event does not tell"
                .to_owned(),
        ),
        ([code], 1) => (
            Decision::Undetermined,
            format!(
                "CloudTrail recorded `{code}`, which is no denial: policies are not what the error is about"
            ),
        ),
        (codes, _) => {
            let mut codes: Vec<&str> =
                codes.iter().map(|code| if code.is_empty() { "Failure" } else { code }).collect();
            codes.sort_unstable();
            codes.dedup();
            let listed: Vec<String> =
                codes.iter().take(5).map(|code| format!("`{code}`")).collect();
            let more = if codes.len() > 5 { " and others" } else { "" };
            (
                Decision::Undetermined,
                format!(
                    "none of {events} events is a denial; their errors are {}{more}",
                    listed.join(", ")
                ),
            )
        }
    };
    let (principal, action) = call.unwrap_or_default();
    let mut answer = blank(decision, headline);
    answer.principal = principal.to_owned();
    answer.action = action.to_owned();
    answer
}

/// Whether policies are what the error is about, so that facts can explain it.
pub fn is_about_policies(denial: &Denial) -> bool {
    denial.class == ErrorClass::AccessDenied && !is_about_the_call(denial)
}

/// Holds AWS's words against what the facts say.
pub fn agreement(denial: &Denial, diagnosis: &Diagnosis, layers: &Layers) -> Agreement {
    let mut says = Vec::new();
    let mut agrees = None;
    let kind = denial.kind.as_ref().map(|one| one.value);
    let layer = denial.policy_type.as_ref().map(|one| one.value);
    // The policy that AWS names, and where it is among the facts.
    let named = denial.policy_arn.as_ref().map(|arn| {
        let id = arn.value.rsplit('/').next().unwrap_or("");
        let is_it = |policy: &&Attached| {
            policy.arn.as_ref() == Some(&arn.value) || policy.name.as_deref() == Some(id)
        };
        (arn.value.as_str(), layers.layers.iter().flat_map(|layer| &layer.policies).find(is_it))
    });
    // A file that was given for a layer has no ARN, and may be that very policy.
    let is_by_file =
        diagnosis.statements.iter().filter(|one| one.role == StatementRole::Denies).any(|one| {
            let mut policies = layers.of(one.policy_type).flat_map(|layer| &layer.policies);
            policies.any(|policy| {
                policy.arn.is_none() && policy.attached_to.is_none() && policy.title() == one.policy
            })
        });
    if diagnosis.decision == Decision::Allowed {
        agrees = Some(false);
        says.push("by these facts the request is allowed, and AWS denied it: they are newer or older than the denial, or the request had something that the text does not tell".to_owned());
    } else if let Some(layer) = layer {
        let ours = verdict(diagnosis, layers, layer, kind);
        agrees = ours;
        says.push(match ours {
            Some(true) if matches!(named, Some((_, None))) && !is_by_file => {
                format!("by these facts the {} stops it as well, but by another policy", layer.name())
            }
            Some(true) => format!("the {} stops it", layer.name()),
            Some(false) => format!(
                "AWS names the {}, and by these facts it lets the request through: they are not what AWS saw",
                layer.name()
            ),
            None => format!("AWS names the {}, and the facts do not show it", layer.name()),
        });
    } else if diagnosis.decision == Decision::Undetermined {
        says.push("the facts leave it open, as above".to_owned());
    } else if diagnosis.decision.is_denied() {
        let explicit = diagnosis.decision == Decision::ExplicitDeny;
        match kind {
            Some(kind) if (kind == DenialKind::Explicit) != explicit => {
                agrees = Some(false);
                says.push(format!(
                    "AWS says {} deny, the facts say {}",
                    kind.id(),
                    if explicit { "explicit deny" } else { "implicit deny" }
                ));
            }
            _ => {
                agrees = Some(true);
                says.push("the facts explain it; AWS named no layer to compare with".to_owned());
            }
        }
    }
    match named {
        Some((arn, None)) if is_by_file && agrees == Some(true) => says.push(format!(
            "if the file that was given is the policy that AWS names, {arn}, the facts are what it saw"
        )),
        Some((arn, None)) => {
            says.push(format!("the policy that AWS names, {arn}, is not among the facts"));
            says.extend(look::supply(denial));
            agrees = agrees.filter(|agrees| !agrees);
        }
        Some((arn, Some(policy))) if kind == Some(DenialKind::Explicit) && agrees == Some(true) => {
            let denies = |one: &DecidingStatement| {
                one.role == StatementRole::Denies && one.policy == policy.title()
            };
            if !diagnosis.statements.iter().any(denies) {
                agrees = Some(false);
                says.push(format!(
                    "but not by the policy that AWS names, {arn}: by these facts that does not deny it"
                ));
            }
        }
        _ => {}
    }
    Agreement { agrees, says }
}

/// Whether, by the facts, this layer stops the request; `None` where they do not show it.
fn verdict(
    diagnosis: &Diagnosis,
    layers: &Layers,
    layer: PolicyType,
    kind: Option<DenialKind>,
) -> Option<bool> {
    let gate = Gate::of(layer);
    let outcome = diagnosis.gates.iter().find(|report| report.gate == gate)?.outcome;
    let denies = diagnosis
        .statements
        .iter()
        .any(|statement| statement.role == StatementRole::Denies && statement.policy_type == layer);
    let hidden = layers.of(layer).any(|layer| !layer.missing.is_empty());
    match (kind, outcome) {
        (Some(DenialKind::Explicit), _) if denies => Some(true),
        // The wording for a missing Allow has been the same.
        (Some(DenialKind::Explicit), Outcome::Failed) if layer == PolicyType::ServiceControl => {
            Some(true)
        }
        (Some(DenialKind::Explicit), _) => (!hidden).then_some(false),
        (_, Outcome::Failed) => Some(true),
        (_, Outcome::Passed) => Some(false),
        (_, Outcome::NotApplicable) if !hidden => Some(false),
        _ => None,
    }
}

/// The name of a layer behind its article.
fn with_article(name: &str) -> String {
    let article = if name.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {name}")
}

/// A step with a command.
fn step(what: impl Into<String>, command: impl Into<String>) -> Step {
    Step { what: what.into(), command: Some(command.into()) }
}

/// A step without one.
fn advice(what: impl Into<String>) -> Step {
    Step { what: what.into(), command: None }
}
