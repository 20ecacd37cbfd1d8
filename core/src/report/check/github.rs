//! Workflow commands of GitHub Actions, which show findings at the lines of a change.
//!
//! <https://docs.github.com/en/actions/writing-workflows/choosing-what-your-workflow-does/workflow-commands-for-github-actions>

use std::io;

use super::{message, position};
use crate::check::{Checked, State};
use crate::finding::Severity;
use crate::text::SourceMap;

pub(super) fn finding(
    checked: &Checked,
    sources: &SourceMap,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    if checked.state != State::Open {
        return Ok(());
    }
    let finding = &checked.finding;
    let command = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let at = position(finding.primary.span, sources);
    let mut text = message(checked);
    if let Some(help) = &finding.help {
        text.push_str("\nhelp: ");
        text.push_str(help);
    }
    write!(out, "::{command} file={},line={}", property(at.file), at.line)?;
    // Columns are taken only where a place is in one line.
    if at.line == at.end_line {
        write!(out, ",col={},endColumn={}", at.column, at.end_column)?;
    } else {
        write!(out, ",endLine={}", at.end_line)?;
    }
    writeln!(out, ",title={}::{}", property(finding.rule), data(&text))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
