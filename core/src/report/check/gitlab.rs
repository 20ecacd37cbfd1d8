//! The code quality report of GitLab.
//!
//! <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>

use std::io;

use serde_json::json;

use super::position;
use crate::check::{Checked, State};
use crate::finding::Severity;
use crate::text::SourceMap;

/// Writes one entry; whether it did, since what somebody has answered is no entry.
pub(super) fn finding(
    checked: &Checked,
    sources: &SourceMap,
    first: bool,
    out: &mut dyn io::Write,
) -> io::Result<bool> {
    if checked.state != State::Open {
        return Ok(false);
    }
    let found = &checked.finding;
    let at = position(found.primary.span, sources);
    let help = found.help.as_ref().map_or_else(String::new, |help| format!(" ({help})"));
    let entry = json!({
        "description": format!("{}{help}", found.message),
        "check_name": found.rule,
        "fingerprint": checked.fingerprint,
        "severity": match found.severity {
            Severity::Error => "critical",
            Severity::Warning => "major",
            Severity::Note => "info",
        },
        "location": { "path": at.file, "lines": { "begin": at.line, "end": at.end_line } },
    });
    let comma = if first { "[" } else { "," };
    write!(out, "{comma}\n  {}", serde_json::to_string(&entry)?)?;
    Ok(true)
}

pub(super) fn end(written: usize, out: &mut dyn io::Write) -> io::Result<()> {
    writeln!(out, "{}", if written == 0 { "[]" } else { "\n]" })
}
