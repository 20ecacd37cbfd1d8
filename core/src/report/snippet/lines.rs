//! Lines of a source, and their characters as they are shown.

use std::borrow::Cow;
use std::ops::Range;

use super::super::layout::{char_width, is_hidden, spelled, width};

/// Columns between tab stops.
const TAB: usize = 4;
/// A line of more bytes than this is looked at only around what is marked.
const LONG_LINE: usize = 4096;
/// How far a secret's name is looked for in front of the part of a line that is looked at.
const LOOK_BACK: usize = 8192;
/// What names a secret, which then follows.
const SECRETS: [&str; 6] = [
    "SecretAccessKey",
    "SessionToken",
    "TokenCode",
    "secret_access_key",
    "session_token",
    "secretAccessKey",
];

/// A line of the source, without its line end; of a very long one the part that matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Counted from 1.
    pub(super) number: usize,
    /// The bytes to look at.
    pub(super) bytes: Range<usize>,
    /// Whether bytes in front of these were left out.
    is_cut: bool,
}

impl Line {
    fn new(text: &str, number: usize, start: usize, near: usize) -> Self {
        let rest = text.get(start..).unwrap_or("");
        let end = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
        let line = rest.get(..end).unwrap_or("");
        let end = start + line.strip_suffix('\r').unwrap_or(line).len();
        if end - start <= LONG_LINE {
            return Self { number, bytes: start..end, is_cut: false };
        }
        // Steps, so that marks close to each other get the same part.
        let middle = near - near % 512;
        let from = floor(text, middle.saturating_sub(512)).max(start);
        let to = floor(text, from + LONG_LINE).min(end);
        Self { number, bytes: from..to, is_cut: from > start }
    }

    /// The line that holds the byte at `offset`.
    pub(super) fn at(text: &str, offset: usize) -> Self {
        let before = text.as_bytes().get(..offset).unwrap_or_default();
        let start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
        let number = memchr::memchr_iter(b'\n', before).count() + 1;
        Self::new(text, number, start, offset)
    }

    /// The next line, if there is one.
    pub(super) fn next(&self, text: &str) -> Option<Self> {
        let rest = text.as_bytes().get(self.bytes.end..)?;
        let start = self.bytes.end + memchr::memchr(b'\n', rest)? + 1;
        (start < text.len()).then(|| Self::new(text, self.number + 1, start, start))
    }

    /// The line before, if there is one.
    pub(super) fn previous(&self, text: &str) -> Option<Self> {
        if self.is_cut {
            return None;
        }
        let end = self.bytes.start.checked_sub(1)?;
        let start = memchr::memrchr(b'\n', text.as_bytes().get(..end)?).map_or(0, |at| at + 1);
        Some(Self::new(text, self.number - 1, start, start))
    }

    /// Whether it is worth showing beside what is marked, and may be.
    pub(super) fn is_context(&self, text: &str) -> bool {
        let text = text.get(self.bytes.clone()).unwrap_or("");
        !text.trim().is_empty() && !SECRETS.iter().any(|word| text.contains(word))
    }
}

/// The last character boundary at or before an offset.
pub(super) fn floor(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// A character as it is shown.
pub(super) struct Piece<'a> {
    /// Where it is in the source.
    pub(super) offset: usize,
    /// What is shown; for a tab nothing but its width.
    pub(super) text: Cow<'a, str>,
    pub(super) is_tab: bool,
}

impl Piece<'_> {
    /// Columns that it takes where `column` others come before it.
    pub(super) fn width(&self, column: usize) -> usize {
        if self.is_tab { TAB - column % TAB } else { width(&self.text) }
    }
}

/// The characters of a line as they are shown; of the value of a secret only the length is.
pub(super) fn pieces<'a>(text: &'a str, line: &Line) -> impl Iterator<Item = Piece<'a>> {
    let content = text.get(line.bytes.clone()).unwrap_or("");
    let start = line.bytes.start;
    let back = if line.is_cut { floor(text, start.saturating_sub(LOOK_BACK)) } else { start };
    let hidden = secret_values(text.get(back..line.bytes.end).unwrap_or(""), back);
    content.char_indices().map(move |(at, c)| {
        let offset = start + at;
        let shown = match c {
            _ if hidden.iter().any(|range| range.contains(&offset)) => {
                Cow::Owned("*".repeat(char_width(c)))
            }
            '\t' => Cow::Borrowed(""),
            '\u{feff}' if offset == 0 => Cow::Borrowed(""),
            c if is_hidden(c) => Cow::Owned(spelled(c)),
            _ => Cow::Borrowed(content.get(at..at + c.len_utf8()).unwrap_or("")),
        };
        Piece { offset, is_tab: c == '\t', text: shown }
    })
}

/// Where the values of secrets lie in a text that stands at `at` in the source.
fn secret_values(text: &str, at: usize) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    for word in SECRETS {
        for (found, _) in text.match_indices(word) {
            let rest = text.get(found + word.len()..).unwrap_or("");
            let value = rest.trim_start_matches(['"', '\'', '\\', ' ', '\t', ':', '=']);
            let between = rest.get(..rest.len() - value.len()).unwrap_or("");
            if between.contains([':', '=']) {
                let ends = ['"', '\'', '\\', ' ', ',', '}', '\n', '\r'];
                let end = value.find(ends).unwrap_or(value.len());
                let start = at + text.len() - value.len();
                ranges.push(start..start + end);
            }
        }
    }
    ranges
}
