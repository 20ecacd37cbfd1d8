//! Errors about the user's input, drawn like findings.

use std::io;

use super::Style;
use super::human::{push_help, push_message};
use super::snippet::{self, Mark};
use crate::finding::Severity;
use crate::text::{SourceMap, Span};

/// Writes a remark that is no error, without a place.
///
/// # Errors
/// If `out` does not take the text.
pub fn warning(message: &str, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let mut text = String::new();
    push_message(&mut text, Severity::Warning, None, message, style);
    out.write_all(text.as_bytes())
}

/// Writes an error with the places that it is about, the most important one first.
///
/// # Errors
/// If `out` does not take the text.
pub fn diagnostic(
    message: &str,
    help: Option<&str>,
    labels: &[(Span, String)],
    sources: &SourceMap,
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut text = String::new();
    push_message(&mut text, Severity::Error, None, message, style);
    let marks: Vec<Mark<'_>> = labels
        .iter()
        .enumerate()
        .map(|(index, (span, label))| Mark { span: *span, text: label, primary: index == 0 })
        .collect();
    snippet::draw(&mut text, &marks, Severity::Error, sources, style);
    if let Some(help) = help {
        push_help(&mut text, help, style);
    }
    out.write_all(text.as_bytes())
}
