//! JUnit XML: a suite for each file, a failure for each finding.

use std::io;

use super::super::junit::{self, Case, Outcome, Suite};
use super::{message, position};
use crate::check::{Checked, State};
use crate::text::SourceMap;

/// The findings of one file.
pub(super) fn suite(checked: &[Checked], sources: &SourceMap) -> Option<Suite> {
    let first = checked.first()?;
    let name = position(first.finding.primary.span, sources).file.to_owned();
    Some(Suite { name, cases: checked.iter().map(|one| case(one, sources)).collect() })
}

fn case(one: &Checked, sources: &SourceMap) -> Case {
    let at = position(one.finding.primary.span, sources);
    let outcome = match one.state {
        State::Open => Outcome::Failed,
        State::Old | State::Ignored { .. } => Outcome::Skipped,
    };
    let mut case = Case::new(format!("{} at line {}", one.finding.rule, at.line), outcome);
    case.class = Some(at.file.to_owned());
    case.message = Some(message(one));
    case.kind = Some(one.finding.severity.id());
    if one.state == State::Open {
        let help = one.finding.help.as_deref().unwrap_or_default();
        let (line, column, text) = (at.line, at.column, &one.finding.message);
        case.description = Some(format!("{}:{line}:{column}: {text}\nhelp: {help}", at.file));
    }
    case
}

pub(super) fn end(mut suites: Vec<Suite>, out: &mut dyn io::Write) -> io::Result<()> {
    if suites.is_empty() {
        // A report without a case is taken for one that is broken.
        let cases = vec![Case::new("no findings", Outcome::Passed)];
        suites.push(Suite { name: "policies".to_owned(), cases });
    }
    junit::write("why-denied check", &suites, out)
}
