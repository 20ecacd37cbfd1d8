//! The report of `why-denied facts`: what was recognised, what is known, and what is missing.

use std::io;

use serde::Serialize;

use super::Format;
use super::Style;
use super::json::{VERSION, write_value};
use super::layout::{Ink, hang};
use crate::layers::Gap;

/// What a set of facts comes to.
#[derive(Clone, Debug, Default)]
pub struct FactsReport {
    /// The files that were recognised, in order.
    pub files: Vec<RecognisedFile>,
    /// Files in folders that were left out, each with the reason.
    pub skipped: Vec<(String, String)>,
    /// What is known of each account.
    pub accounts: Vec<Subject>,
    /// What is known of each organization.
    pub organizations: Vec<Subject>,
    /// What is known of resources, endpoints and providers.
    pub resources: Vec<Subject>,
    /// How the facts were joined, and where they contradict each other.
    pub notes: Vec<String>,
    /// What is missing for a question; `None` where none was asked.
    pub question: Option<Question>,
}

/// A file and what it proves.
#[derive(Clone, Debug)]
pub struct RecognisedFile {
    /// Its path.
    pub file: String,
    /// The id of its shape.
    pub shape: &'static str,
    /// What such a file proves.
    pub proves: &'static str,
}

/// Something of which facts are known.
#[derive(Clone, Debug)]
pub struct Subject {
    /// An account's id, an organization's id, an ARN.
    pub id: String,
    /// What is known of it, a few words each.
    pub known: Vec<String>,
}

/// A question and what the facts lack for it.
#[derive(Clone, Debug)]
pub struct Question {
    /// Who asks.
    pub caller: String,
    /// The role that is to be assumed.
    pub role: String,
    /// What is missing.
    pub gaps: Vec<Gap>,
}

/// Writes the report in a format.
///
/// # Errors
/// If `out` does not take the text.
pub fn write_facts(
    format: Format,
    report: &FactsReport,
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    match format {
        Format::Human => out.write_all(human(report, style).as_bytes()),
        Format::Json => write_value(&json(report), out),
    }
}

fn human(report: &FactsReport, style: &Style) -> String {
    let mut text = String::new();
    let columns = style.columns();
    let title = |text: &mut String, title: &str| {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&style.paint(Ink::Strong, title));
        text.push('\n');
    };
    title(&mut text, &count(report.files.len(), "file", "recognised"));
    let mut shapes: Vec<&RecognisedFile> = Vec::new();
    for file in &report.files {
        if !shapes.iter().any(|shape| shape.shape == file.shape) {
            shapes.push(file);
        }
    }
    for shape in shapes {
        hang(&mut text, "  ", 4, &format!("{}: {}", shape.shape, shape.proves), columns);
        for file in report.files.iter().filter(|file| file.shape == shape.shape) {
            hang(&mut text, "    ", 4, &file.file, columns);
        }
    }
    if !report.skipped.is_empty() {
        title(&mut text, &count(report.skipped.len(), "file", "left out"));
        for (file, why) in &report.skipped {
            hang(&mut text, "  ", 4, &format!("{file}: {why}"), columns);
        }
    }
    for (name, subjects) in [
        ("accounts", &report.accounts),
        ("organizations", &report.organizations),
        ("resources", &report.resources),
    ] {
        if subjects.is_empty() {
            continue;
        }
        title(&mut text, name);
        for subject in subjects {
            hang(&mut text, "  ", 2, &subject.id, columns);
            for known in &subject.known {
                hang(&mut text, "    ", 4, known, columns);
            }
        }
    }
    if !report.notes.is_empty() {
        title(&mut text, "notes");
        for note in &report.notes {
            hang(&mut text, "  - ", 4, note, columns);
        }
    }
    if let Some(question) = &report.question {
        let missing = if question.gaps.is_empty() { "nothing is missing" } else { "missing" };
        title(&mut text, &format!("{missing} to say whether the role can be assumed"));
        hang(&mut text, "  caller  ", 10, &question.caller, columns);
        hang(&mut text, "  role    ", 10, &question.role, columns);
        for gap in &question.gaps {
            hang(&mut text, "  - ", 4, &format!("{}: {}", gap.fact, gap.reason), columns);
            if !gap.supply.is_empty() {
                hang(&mut text, "    supply: ", 12, &gap.supply, columns);
            }
        }
    }
    text
}

fn count(number: usize, noun: &str, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural} {what}")
}

#[derive(Serialize)]
struct FactsV1<'r> {
    version: u32,
    files: Vec<FileV1<'r>>,
    skipped: Vec<SkippedV1<'r>>,
    accounts: Vec<SubjectV1<'r>>,
    organizations: Vec<SubjectV1<'r>>,
    resources: Vec<SubjectV1<'r>>,
    notes: &'r [String],
    question: Option<QuestionV1<'r>>,
}

#[derive(Serialize)]
struct FileV1<'r> {
    file: &'r str,
    shape: &'r str,
    proves: &'r str,
}

#[derive(Serialize)]
struct SkippedV1<'r> {
    file: &'r str,
    reason: &'r str,
}

#[derive(Serialize)]
struct SubjectV1<'r> {
    id: &'r str,
    known: &'r [String],
}

#[derive(Serialize)]
struct QuestionV1<'r> {
    caller: &'r str,
    role: &'r str,
    gaps: Vec<GapV1<'r>>,
}

#[derive(Serialize)]
struct GapV1<'r> {
    fact: &'r str,
    reason: &'r str,
    supply: &'r str,
}

fn json(report: &FactsReport) -> FactsV1<'_> {
    FactsV1 {
        version: VERSION,
        files: (report.files.iter())
            .map(|file| FileV1 { file: &file.file, shape: file.shape, proves: file.proves })
            .collect(),
        skipped: (report.skipped.iter()).map(|(file, reason)| SkippedV1 { file, reason }).collect(),
        accounts: subjects_v1(&report.accounts),
        organizations: subjects_v1(&report.organizations),
        resources: subjects_v1(&report.resources),
        notes: &report.notes,
        question: report.question.as_ref().map(|question| QuestionV1 {
            caller: &question.caller,
            role: &question.role,
            gaps: (question.gaps.iter())
                .map(|gap| GapV1 { fact: &gap.fact, reason: &gap.reason, supply: &gap.supply })
                .collect(),
        }),
    }
}

fn subjects_v1(subjects: &[Subject]) -> Vec<SubjectV1<'_>> {
    subjects.iter().map(|one| SubjectV1 { id: &one.id, known: &one.known }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> FactsReport {
        let subject = |id: &str, known: &str| Subject { id: id.into(), known: vec![known.into()] };
        FactsReport {
            files: ["a.json", "b.json"]
                .map(|file| RecognisedFile {
                    file: file.into(),
                    shape: "list-parents",
                    proves: "what stands right above an account or unit; not above which, so that it has to be said",
                })
                .into(),
            skipped: vec![("export/package.json".into(), "its shape is not known".into())],
            accounts: vec![subject("111122223333", "2 users; that is all there are")],
            organizations: vec![subject("o-exampleorg1", "managed by account 777788889999")],
            resources: vec![subject("arn:aws:s3:::example-logs", "its policy")],
            notes: vec!["`a.json` is taken to list the parents of 111122223333, the only one they can belong to".into()],
            question: Some(Question {
                caller: "arn:aws:iam::444455556666:user/ana".into(),
                role: "arn:aws:iam::111122223333:role/deploy".into(),
                gaps: vec![Gap {
                    fact: "the trust policy of role deploy".into(),
                    reason: "the role is not in the facts".into(),
                    supply: "run `aws iam get-role --role-name deploy > role.json` and pass `--facts role.json`".into(),
                }],
            }),
        }
    }

    fn written(format: Format, report: &FactsReport) -> String {
        let mut bytes = Vec::new();
        write_facts(format, report, &Style::default(), &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn it_fits_a_terminal_and_says_each_shape_once() {
        let text = written(Format::Human, &sample());
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert_eq!(text.matches("list-parents: ").count(), 1, "{text}");
        assert!(text.contains("2 files recognised") && text.contains("1 file left out"), "{text}");
        assert!(text.contains("    supply: run `aws iam get-role"), "{text}");
    }

    #[test]
    fn json_keeps_to_its_schema() {
        let schema = include_str!("../../../docs/json-schema/facts-v1.json");
        let schema = serde_json::from_str(schema).unwrap();
        let schema = jsonschema::validator_for(&schema).unwrap();
        for report in [sample(), FactsReport::default()] {
            let json = serde_json::from_str(&written(Format::Json, &report)).unwrap();
            let errors: Vec<_> = schema.iter_errors(&json).map(|error| error.to_string()).collect();
            assert_eq!(errors, Vec::<String>::new(), "{json:#}");
        }
    }
}
