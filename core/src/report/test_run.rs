//! The reports of `why-denied test`: like a test runner's, as JSON and as JUnit XML.

use std::fmt::Write as _;
use std::io;

use serde::Serialize;

use super::Style;
use super::json::{VERSION, write_value};
use super::junit::{self, Case, Outcome, Suite};
use super::layout::{Ink, clean, hang};
use crate::eval::Decision;

/// How a run is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestFormat {
    /// For a person at a terminal.
    Human,
    /// For scripts.
    Json,
    /// For CI servers.
    Junit,
}

/// How a case came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseOutcome {
    /// As expected.
    Passed,
    /// Not as expected.
    Failed,
    /// It expects nothing.
    Unchecked,
    /// It could not be run.
    Error,
}

impl CaseOutcome {
    /// The id in JSON.
    pub fn id(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Unchecked => "unchecked",
            Self::Error => "error",
        }
    }
}

/// A case that was run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestedCase {
    /// The file that holds it.
    pub file: String,
    /// Its name, unique in the file.
    pub name: String,
    /// How it came out.
    pub outcome: CaseOutcome,
    /// What was decided, where it could be run.
    pub decision: Option<Decision>,
    /// The rules that fired.
    pub rules: Vec<String>,
    /// What differs, or why it could not be run.
    pub message: Option<String>,
}

/// All cases of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TestRun {
    /// The cases, in order of file and place.
    pub cases: Vec<TestedCase>,
}

impl TestRun {
    /// How many cases came out so.
    pub fn count(&self, outcome: CaseOutcome) -> usize {
        self.cases.iter().filter(|case| case.outcome == outcome).count()
    }
}

/// Writes a run in a format.
///
/// # Errors
/// If `out` does not take the text.
pub fn write_test_run(
    format: TestFormat,
    run: &TestRun,
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    match format {
        TestFormat::Human => write_human(run, style, out),
        TestFormat::Json => write_json(run, out),
        TestFormat::Junit => write_junit(run, out),
    }
}

fn write_human(run: &TestRun, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let mut text = String::new();
    for case in &run.cases {
        let (word, ink) = match case.outcome {
            CaseOutcome::Passed if !style.verbose => continue,
            CaseOutcome::Passed => ("ok", Ink::Good),
            CaseOutcome::Failed => ("FAILED", Ink::Bad),
            CaseOutcome::Unchecked => ("unchecked", Ink::Doubt),
            CaseOutcome::Error => ("ERROR", Ink::Bad),
        };
        let pad = 9 - word.len();
        let _ = write!(text, "{}{:pad$}  ", style.paint(ink, word), "");
        let _ = write!(text, "{}: {}", clean(&case.file), clean(&case.name));
        if case.outcome == CaseOutcome::Unchecked
            && let Some(decision) = case.decision
        {
            let _ = write!(text, ": {}", decision.id());
            if !case.rules.is_empty() {
                let _ = write!(text, " ({})", case.rules.join(", "));
            }
        }
        text.push('\n');
        for line in case.message.iter().flat_map(|message| message.lines()) {
            hang(&mut text, "             ", 13, line, style.columns());
        }
    }
    let errors = run.count(CaseOutcome::Error);
    let line = format!(
        "{} passed, {} failed, {} unchecked, {} {}",
        run.count(CaseOutcome::Passed),
        run.count(CaseOutcome::Failed),
        run.count(CaseOutcome::Unchecked),
        errors,
        if errors == 1 { "error" } else { "errors" },
    );
    let _ = writeln!(text, "{}", style.paint(Ink::Strong, &line));
    out.write_all(text.as_bytes())
}

#[derive(Serialize)]
struct RunV1<'a> {
    version: u32,
    cases: Vec<CaseV1<'a>>,
}

#[derive(Serialize)]
struct CaseV1<'a> {
    file: &'a str,
    name: &'a str,
    outcome: &'static str,
    decision: Option<&'static str>,
    rules: &'a [String],
    message: Option<&'a str>,
}

fn write_json(run: &TestRun, out: &mut dyn io::Write) -> io::Result<()> {
    write_value(&RunV1 { version: VERSION, cases: run.cases.iter().map(case_v1).collect() }, out)
}

fn case_v1(case: &TestedCase) -> CaseV1<'_> {
    CaseV1 {
        file: &case.file,
        name: &case.name,
        outcome: case.outcome.id(),
        decision: case.decision.map(Decision::id),
        rules: &case.rules,
        message: case.message.as_deref(),
    }
}

fn write_junit(run: &TestRun, out: &mut dyn io::Write) -> io::Result<()> {
    // One suite a file, in order; the cases of a file stand together.
    let files = run.cases.chunk_by(|left, right| left.file == right.file);
    let suites: Vec<_> = files
        .filter_map(|cases| {
            let name = cases.first()?.file.clone();
            Some(Suite { name, cases: cases.iter().map(junit_case).collect() })
        })
        .collect();
    junit::write("why-denied", &suites, out)
}

fn junit_case(case: &TestedCase) -> Case {
    let outcome = match case.outcome {
        CaseOutcome::Passed => Outcome::Passed,
        CaseOutcome::Failed => Outcome::Failed,
        CaseOutcome::Error => Outcome::Error,
        CaseOutcome::Unchecked => Outcome::Skipped,
    };
    let mut shown = Case::new(&case.name, outcome);
    shown.class = Some(case.file.clone());
    if case.outcome == CaseOutcome::Unchecked {
        let decided = case.decision.map_or("nothing", Decision::id);
        shown.message = Some(format!("nothing is expected; the decision is {decided}"));
    } else if let Some(message) = &case.message {
        shown.message = Some(message.lines().next().unwrap_or("").to_owned());
        shown.description = Some(message.clone());
    }
    shown
}
