//! JUnit XML, which most CI servers show: a suite for each file, a failure for each finding.

use std::io;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{message, position};
use crate::check::{Checked, State};
use crate::text::SourceMap;

/// The findings of one file.
pub(super) fn suite(checked: &[Checked], sources: &SourceMap) -> Option<TestSuite> {
    let first = checked.first()?;
    let mut suite = TestSuite::new(position(first.finding.primary.span, sources).file);
    for one in checked {
        let at = position(one.finding.primary.span, sources);
        let mut status = match one.state {
            State::Open => TestCaseStatus::non_success(NonSuccessKind::Failure),
            State::Old | State::Ignored { .. } => TestCaseStatus::skipped(),
        };
        status.set_message(message(one));
        status.set_type(one.finding.severity.id());
        if one.state == State::Open {
            let help = one.finding.help.as_deref().unwrap_or_default();
            status.set_description(format!(
                "{}:{}:{}: {}\nhelp: {help}",
                at.file, at.line, at.column, one.finding.message
            ));
        }
        let mut case = TestCase::new(format!("{} at line {}", one.finding.rule, at.line), status);
        case.set_classname(at.file);
        suite.add_test_case(case);
    }
    Some(suite)
}

pub(super) fn end(suites: Vec<TestSuite>, out: &mut dyn io::Write) -> io::Result<()> {
    let mut report = Report::new("why-denied check");
    if suites.is_empty() {
        // A report without a case is taken for one that is broken.
        let mut suite = TestSuite::new("policies");
        suite.add_test_case(TestCase::new("no findings", TestCaseStatus::success()));
        report.add_test_suite(suite);
    }
    report.add_test_suites(suites);
    report.serialize(out).map_err(io::Error::other)
}
