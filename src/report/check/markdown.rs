//! Markdown, for the summary of a job or a comment on a change.

use std::io;

use super::{message, position, summary_line};
use crate::check::{Checked, Summary};
use crate::text::SourceMap;

/// A text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace('<', "&lt;").replace('\n', " ")
}

pub(super) fn finding(
    checked: &Checked,
    sources: &SourceMap,
    first: bool,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let found = &checked.finding;
    if first {
        writeln!(out, "| | where | what | what to do |\n|---|---|---|---|")?;
    }
    let at = position(found.primary.span, sources);
    writeln!(
        out,
        "| {} | `{}:{}` | {} (`{}`) | {} |",
        found.severity.id(),
        at.file.replace('`', "'").replace('|', "\\|"),
        at.line,
        cell(&message(checked)),
        found.rule,
        cell(found.help.as_deref().unwrap_or_default())
    )
}

pub(super) fn end(summary: &Summary, written: usize, out: &mut dyn io::Write) -> io::Result<()> {
    let gap = if written > 0 { "\n" } else { "" };
    writeln!(out, "{gap}**why-denied**: {}", summary_line(summary))
}
