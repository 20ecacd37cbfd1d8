//! Case files as tests: what a case expects, held against what it gives.

use crate::collect::case_file::Case;
use crate::finding::Diagnosis;
use crate::report::{CaseOutcome, TestedCase};
use crate::text::SourceMap;

/// Holds a diagnosis against what its case expects.
pub fn hold(
    file: &str,
    name: &str,
    case: &Case,
    diagnosis: &Diagnosis,
    sources: &SourceMap,
) -> TestedCase {
    let mut rules: Vec<String> = Vec::new();
    for finding in &diagnosis.findings {
        if !rules.iter().any(|rule| rule == finding.rule) {
            rules.push(finding.rule.to_owned());
        }
    }
    let differences = differences(case, diagnosis, sources);
    let outcome = match (&case.expect, differences.is_empty()) {
        (None, _) => CaseOutcome::Unchecked,
        (Some(_), true) => CaseOutcome::Passed,
        (Some(_), false) => CaseOutcome::Failed,
    };
    TestedCase {
        file: file.to_owned(),
        name: name.to_owned(),
        outcome,
        decision: Some(diagnosis.decision),
        rules,
        message: (!differences.is_empty()).then(|| differences.join("; ")),
    }
}

fn differences(case: &Case, diagnosis: &Diagnosis, sources: &SourceMap) -> Vec<String> {
    let mut found = Vec::new();
    let Some(expect) = &case.expect else { return found };
    if let Some(decision) =
        expect.decision.as_ref().filter(|decision| decision.value != diagnosis.decision)
    {
        let why = diagnosis
            .findings
            .first()
            .map_or_else(|| diagnosis.headline.clone(), |finding| finding.message.clone());
        found.push(format!(
            "expected {}, got {} ({why})",
            decision.value.id(),
            diagnosis.decision.id()
        ));
    }
    let fired = |rule: &str| diagnosis.findings.iter().any(|finding| finding.rule == rule);
    for rule in expect.rules.iter().filter(|rule| !fired(&rule.value)) {
        let others: Vec<_> = diagnosis.findings.iter().map(|finding| finding.rule).collect();
        let others = if others.is_empty() { "none".to_owned() } else { others.join(", ") };
        found.push(format!("rule {} did not fire (fired: {others})", rule.value));
    }
    for (rule, texts) in &expect.findings {
        let primary = |finding: &crate::finding::Finding| {
            let place = sources.place(finding.primary.span).text.to_owned();
            (sources.slice(finding.primary.span).to_owned(), place)
        };
        let actual: Vec<_> = diagnosis
            .findings
            .iter()
            .filter(|finding| finding.rule == rule.value)
            .map(primary)
            .collect();
        let is =
            |wanted: &String| actual.iter().any(|(slice, raw)| slice == wanted || raw == wanted);
        let all_there = texts.iter().all(|text| is(&text.value));
        if !all_there || actual.len() != texts.len() {
            let wanted: Vec<_> = texts.iter().map(|text| format!("`{}`", text.value)).collect();
            let got: Vec<_> = actual.iter().map(|(slice, _)| format!("`{slice}`")).collect();
            found.push(format!(
                "rule {} should underline {}, underlines {}",
                rule.value,
                list(&wanted),
                list(&got)
            ));
        }
    }
    found
}

fn list(texts: &[String]) -> String {
    if texts.is_empty() { "nothing".to_owned() } else { texts.join(", ") }
}
