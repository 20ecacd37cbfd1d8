//! What AWS's own words prove, for people and for scripts.

use serde::{Serialize, Serializer};

use super::Style;
use super::json::{PlaceV1, place};
use super::layout::{Ink, clean, hang};
use super::snippet::{self, Mark};
use crate::finding::{Diagnosis, Evidence, Severity};
use crate::message::{RecordKind, Said};
use crate::text::{SourceMap, Span, Spanned};

/// Adds what the text says, proves and leaves open, and what to look at next.
pub(super) fn push(out: &mut String, diagnosis: &Diagnosis, sources: &SourceMap, style: &Style) {
    let Some(evidence) = diagnosis.evidence.as_deref() else { return };
    let denial = &evidence.denial;
    out.push('\n');
    let recorded = evidence.record.is_some();
    let title = match evidence.record.as_ref().map(|record| record.kind) {
        Some(RecordKind::Simulated) => "AWS simulated:",
        Some(_) => "AWS recorded:",
        None => "AWS said:",
    };
    let indent = title.len() + 1;
    let title = style.paint(Ink::Doubt, title);
    let mut said: Vec<String> = Vec::new();
    if let Some(record) = &evidence.record {
        said.push(match record.said {
            Said::Allowed | Said::NoImpact => "allowed".to_owned(),
            Said::Explicit => "explicit deny".to_owned(),
            Said::Implicit | Said::Stopped => "implicit deny".to_owned(),
        });
    }
    match (&denial.code, &denial.operation) {
        (Some(code), _) if recorded => said.push(format!("({}", code.value)),
        (Some(code), _) => said.push(code.value.clone()),
        (None, Some(_)) if recorded => said.push("(no".to_owned()),
        (None, Some(_)) => said.push("no".to_owned()),
        (None, None) => {}
    }
    if let Some(operation) = &denial.operation {
        said.push(format!("to {}", operation.value));
    }
    if recorded
        && (denial.code.is_some() || denial.operation.is_some())
        && let Some(last) = said.last_mut()
    {
        last.push(')');
    }
    // An action names its service itself, and it may be another than that of the call.
    let is_told = denial.action.is_some() || recorded;
    if let Some(service) = denial.service.as_ref().filter(|_| !is_told) {
        said.push(match (&denial.operation, &denial.code) {
            (Some(_), _) if denial.service_is_likely => format!("(likely of {})", service.value),
            (Some(_), _) => format!("of {}", service.value),
            (None, Some(_)) => format!("from {}", service.value),
            (None, None) => format!("no, from {}", service.value),
        });
    }
    if let Some(id) = &denial.request_id {
        said.push(format!("(request {})", id.value));
    }
    if denial.count > 1 {
        said.push(format!("{} times", denial.count));
    }
    hang(out, &format!("{title} "), indent, &said.join(" "), style.columns());
    let marks = marks(evidence);
    if !marks.is_empty() {
        snippet::draw(out, &marks, Severity::Note, sources, style);
    }
    if let Some(why) = &evidence.other_action {
        hang(out, "note: ", 6, why, style.columns());
    }
    // A whole diagnosis says more than the words do.
    if diagnosis.is_bare || style.verbose {
        list(out, "this proves:", &evidence.proves, style);
        list(out, "this does not prove:", &evidence.open, style);
    }
    if let Some(who) = evidence.who.as_ref().filter(|_| diagnosis.is_bare) {
        hang(out, "who can lift it: ", 17, who, style.columns());
    }
    if let Some(agreement) = &evidence.agreement {
        let word = match agreement.agrees {
            Some(true) => "yes",
            Some(false) => "no",
            None => "not to be told",
        };
        let line = match agreement.says.as_slice() {
            [] => word.to_owned(),
            says => format!("{word}: {}", says.join("; ")),
        };
        hang(out, "do the facts agree? ", 20, &line, style.columns());
    }
    if diagnosis.is_bare && !evidence.next.is_empty() {
        out.push_str("look at next:\n");
        for step in &evidence.next {
            hang(out, "  - ", 4, &step.what, style.columns());
            if let Some(command) = &step.command {
                // A command is copied, so that it stays on one line.
                out.push_str("    $ ");
                out.push_str(&clean(command));
                out.push('\n');
            }
        }
    }
}

fn list(out: &mut String, title: &str, lines: &[String], style: &Style) {
    if lines.is_empty() {
        return;
    }
    out.push_str(title);
    out.push('\n');
    for line in lines {
        hang(out, "  - ", 4, line, style.columns());
    }
}

/// The places of the text that matter: the layer that AWS named, else the action, else the code.
fn marks(evidence: &Evidence) -> Vec<Mark<'static>> {
    let denial = &evidence.denial;
    let mark = |span: Span, text: &'static str, primary: bool| Mark { span, text, primary };
    let mut marks = Vec::new();
    if let Some(record) = &evidence.record {
        for matched in record.matched.iter().take(3) {
            let first = marks.is_empty();
            marks.push(mark(matched.span, "a statement that matched", first));
        }
        if marks.is_empty() {
            marks.push(mark(denial.span, "the decision", true));
        }
        return marks;
    }
    if let Some(kind) = &denial.kind {
        marks.push(mark(kind.span, "what AWS says of the reason", true));
    } else if let Some(action) = &denial.action {
        marks.push(mark(action.span, "the action that was denied", true));
    } else if let Some(words) = denial.words {
        marks.push(mark(words, "what went wrong", true));
    } else if let Some(code) = &denial.code {
        marks.push(mark(code.span, "the error code", true));
    }
    if let Some(arn) = &denial.policy_arn {
        let first = marks.is_empty();
        marks.push(mark(arn.span, "the policy that AWS names", first));
    }
    marks
}

/// The member `evidence` of a diagnosis. What the text does not say is null.
#[derive(Serialize)]
pub(super) struct EvidenceV1<'a> {
    error_class: &'static str,
    form: &'static str,
    see: &'static str,
    count: usize,
    principal: Option<&'a str>,
    action: Option<&'a str>,
    resource: Option<&'a str>,
    denial_kind: Option<&'a str>,
    policy_type: Option<&'a str>,
    policy_arn: Option<&'a str>,
    error_code: Option<&'a str>,
    service: Option<&'a str>,
    operation: Option<&'a str>,
    request_id: Option<&'a str>,
    authorization_id: Option<&'a str>,
    encoded_message: Option<EncodedV1>,
    /// Where each of the fields stands that are not null.
    #[serde(serialize_with = "as_map")]
    places: Vec<(&'static str, PlaceV1<'a>)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<RecordV1<'a>>,
    other_action: Option<&'a str>,
    proves: &'a [String],
    does_not_prove: &'a [String],
    who: Option<&'a str>,
    next: Vec<StepV1<'a>>,
    agreement: Option<AgreementV1<'a>>,
}

fn as_map<S: Serializer>(
    places: &[(&'static str, PlaceV1<'_>)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(places.iter().map(|(name, place)| (name, place)))
}

/// An encoded message: that it is there, and where. It is never shown.
#[derive(Serialize)]
struct EncodedV1 {
    /// In characters, line ends left out.
    length: usize,
    line: usize,
    start: u32,
    end: u32,
}

/// AWS's own record of the decision.
#[derive(Serialize)]
struct RecordV1<'a> {
    kind: &'static str,
    decision: &'static str,
    matched: Vec<&'a str>,
    missing_context: &'a [String],
    policies: Vec<&'a str>,
}

#[derive(Serialize)]
struct StepV1<'a> {
    what: &'a str,
    command: Option<&'a str>,
}

#[derive(Serialize)]
struct AgreementV1<'a> {
    agrees: Option<bool>,
    says: &'a [String],
}

impl<'a> EvidenceV1<'a> {
    pub(super) fn of(evidence: &'a Evidence, sources: &'a SourceMap) -> Self {
        let denial = &evidence.denial;
        let text = |one: &'a Option<Spanned<String>>| one.as_ref().map(|one| one.value.as_str());
        Self {
            error_class: denial.class.id(),
            form: denial.form,
            see: denial.see,
            count: denial.count,
            principal: text(&denial.principal),
            action: text(&denial.action),
            resource: text(&denial.resource),
            denial_kind: denial.kind.as_ref().map(|one| one.value.id()),
            policy_type: denial.policy_type.as_ref().map(|one| one.value.id()),
            policy_arn: text(&denial.policy_arn),
            error_code: text(&denial.code),
            service: text(&denial.service),
            operation: text(&denial.operation),
            request_id: text(&denial.request_id),
            authorization_id: text(&denial.authorization_id),
            encoded_message: denial.encoded.map(|span| EncodedV1 {
                length: denial.encoded_length,
                line: sources.place(span).line,
                start: span.start,
                end: span.end,
            }),
            places: (denial.fields()).map(|(name, _, span)| (name, place(span, sources))).collect(),
            record: evidence.record.as_ref().map(|record| RecordV1 {
                kind: record.kind.id(),
                decision: match record.said {
                    Said::Allowed | Said::NoImpact => "allowed",
                    Said::Explicit => "explicit-deny",
                    Said::Implicit | Said::Stopped => "implicit-deny",
                },
                matched: record.matched.iter().map(|one| one.value.as_str()).collect(),
                missing_context: &record.missing,
                policies: record.policies.iter().map(|one| one.uri.as_str()).collect(),
            }),
            other_action: evidence.other_action.as_deref(),
            proves: &evidence.proves,
            does_not_prove: &evidence.open,
            who: evidence.who.as_deref(),
            next: (evidence.next.iter())
                .map(|step| StepV1 { what: &step.what, command: step.command.as_deref() })
                .collect(),
            agreement: evidence
                .agreement
                .as_ref()
                .map(|one| AgreementV1 { agrees: one.agrees, says: &one.says }),
        }
    }
}
