//! What AWS's own words prove, for people and for scripts.

use serde::Serialize;

use super::Style;
use super::json::{PlaceV1, place};
use super::layout::{Ink, clean, hang};
use super::snippet::{self, Mark};
use crate::finding::{Diagnosis, Evidence, Severity};
use crate::policy::PolicyType;
use crate::text::{SourceMap, Span, Spanned};

/// Adds what the text says, proves and leaves open, and what to look at next.
pub(super) fn push(out: &mut String, diagnosis: &Diagnosis, sources: &SourceMap, style: &Style) {
    let Some(evidence) = diagnosis.evidence.as_deref() else { return };
    let denial = &evidence.denial;
    out.push('\n');
    let title = style.paint(Ink::Doubt, "AWS said:");
    let mut said: Vec<String> = Vec::new();
    said.push(denial.code.as_ref().map_or_else(|| "no".to_owned(), |code| code.value.clone()));
    if let Some(operation) = &denial.operation {
        said.push(format!("to {}", operation.value));
    }
    if let Some(service) = &denial.service {
        said.push(format!("of {}", service.value));
    }
    if let Some(id) = &denial.request_id {
        said.push(format!("(request {})", id.value));
    }
    if denial.count > 1 {
        said.push(format!("{} times", denial.count));
    }
    hang(out, &format!("{title} "), 10, &said.join(" "), style.columns());
    let marks = marks(evidence);
    if !marks.is_empty() {
        snippet::draw(out, &marks, Severity::Note, sources, style);
    }
    list(out, "this proves:", &evidence.proves, style);
    list(out, "this does not prove:", &evidence.open, style);
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
        hang(out, "do the facts agree? ", 4, &line, style.columns());
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
    if let Some(kind) = &denial.kind {
        marks.push(mark(kind.span, "what AWS says of the reason", true));
    } else if let Some(action) = &denial.action {
        marks.push(mark(action.span, "the action that was denied", true));
    } else if let Some(code) = &denial.code {
        marks.push(mark(code.span, "the error code", true));
    }
    if let Some(arn) = &denial.policy_arn {
        let first = marks.is_empty();
        marks.push(mark(arn.span, "the policy that AWS names", first));
    }
    marks
}

/// The member `evidence` of a diagnosis.
#[derive(Serialize)]
pub(super) struct EvidenceV1<'a> {
    class: &'static str,
    form: &'static str,
    see: &'static str,
    count: usize,
    principal: Option<FieldV1<'a>>,
    action: Option<FieldV1<'a>>,
    resource: Option<FieldV1<'a>>,
    denial_kind: Option<FieldV1<'a>>,
    policy_type: Option<FieldV1<'a>>,
    policy_arn: Option<FieldV1<'a>>,
    error_code: Option<FieldV1<'a>>,
    service: Option<FieldV1<'a>>,
    operation: Option<FieldV1<'a>>,
    request_id: Option<FieldV1<'a>>,
    authorization_id: Option<FieldV1<'a>>,
    /// Whether an encoded message is there; it is never shown.
    has_encoded_message: bool,
    proves: &'a [String],
    does_not_prove: &'a [String],
    who: Option<&'a str>,
    next: Vec<StepV1<'a>>,
    agreement: Option<AgreementV1<'a>>,
}

#[derive(Serialize)]
struct FieldV1<'a> {
    value: &'a str,
    place: PlaceV1<'a>,
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
        let field = |value: &'a str, span: Span| FieldV1 { value, place: place(span, sources) };
        let text =
            |one: &'a Option<Spanned<String>>| one.as_ref().map(|one| field(&one.value, one.span));
        let layer = |one: &Spanned<PolicyType>| field(one.value.id(), one.span);
        Self {
            class: denial.class.id(),
            form: denial.form,
            see: denial.see,
            count: denial.count,
            principal: text(&denial.principal),
            action: text(&denial.action),
            resource: text(&denial.resource),
            denial_kind: denial.kind.as_ref().map(|one| field(one.value.id(), one.span)),
            policy_type: denial.policy_type.as_ref().map(layer),
            policy_arn: text(&denial.policy_arn),
            error_code: text(&denial.code),
            service: text(&denial.service),
            operation: text(&denial.operation),
            request_id: text(&denial.request_id),
            authorization_id: text(&denial.authorization_id),
            has_encoded_message: denial.encoded.is_some(),
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
