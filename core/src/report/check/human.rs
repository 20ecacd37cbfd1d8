//! For a person at a terminal: each finding with the lines it is about.

use std::io;

use super::message;
use crate::check::Checked;
use crate::report::{Style, human};
use crate::text::SourceMap;

pub(super) fn finding(
    checked: &Checked,
    sources: &SourceMap,
    style: &Style,
    first: bool,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut text = String::new();
    if !first {
        text.push('\n');
    }
    let mut shown = checked.finding.clone();
    shown.message = message(checked);
    human::push_finding(&mut text, &shown, sources, style);
    out.write_all(text.as_bytes())
}
