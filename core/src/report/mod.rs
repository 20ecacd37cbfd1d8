//! Turns what was found into text: one file for each format, and nothing else prints.
//!
//! Reports are given finished diagnoses and the sources that these point into; they decide nothing,
//! and they never show more of a source than the lines that a finding names and one line around.

mod check;
mod errors;
mod evidence;
mod facts;
mod human;
mod json;
mod junit;
mod layout;
mod redact;
mod snippet;
mod test_run;
mod trail;

use std::io;

use crate::finding::Diagnosis;
use crate::text::SourceMap;

pub use check::{CheckFormat, CheckReport, CheckStyle};
pub use errors::{diagnostic, warning};
pub use facts::{FactsReport, Question, RecognisedFile, Subject, write_facts};
pub use redact::Redactor;
pub use test_run::{CaseOutcome, TestFormat, TestRun, TestedCase, write_test_run};
pub use trail::{ExplainedGroup, TrailFormat, TrailReport, write_trail};

/// How a diagnosis is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For a person at a terminal.
    Human,
    /// For scripts: version 1 of the JSON output.
    Json,
}

/// What the place where a text is shown can do, and how much of it is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Columns; less than 40 is taken as 40, and more than 200 as 200, since longer lines tire.
    pub width: usize,
    /// Whether ANSI colours may be used.
    pub color: bool,
    /// Whether characters outside ASCII may be used for drawing.
    pub unicode: bool,
    /// Whether to show also what is rarely asked for.
    pub verbose: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self { width: 80, color: false, unicode: false, verbose: false }
    }
}

/// Writes diagnoses in a format.
///
/// # Errors
/// If `out` does not take the text.
pub fn write(
    format: Format,
    diagnoses: &[Diagnosis],
    sources: &SourceMap,
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    match format {
        Format::Human => human::write(diagnoses, sources, style, out),
        Format::Json => json::write(diagnoses, sources, out),
    }
}

/// Writes names with a few words about each, in two columns.
///
/// # Errors
/// If `out` does not take the text.
pub fn write_list(rows: &[(&str, &str)], style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let widest = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, about) in rows {
        layout::hang(&mut text, &format!("{name:widest$}  "), widest + 2, about, style.columns());
    }
    out.write_all(text.as_bytes())
}

/// Writes a title with what belongs to it below, and notes.
///
/// # Errors
/// If `out` does not take the text.
pub fn write_card(
    title: &str,
    rows: &[(&str, &str)],
    notes: &[&str],
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut text = String::new();
    layout::hang(&mut text, "", 0, title, style.columns());
    for (name, value) in rows.iter().filter(|(_, value)| !value.is_empty()) {
        layout::hang(&mut text, &format!("  {name:<8}  "), 12, value, style.columns());
    }
    for note in notes {
        layout::hang(&mut text, "  note: ", 8, note, style.columns());
    }
    out.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests;
