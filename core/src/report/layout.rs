//! Columns, wrapping and colour for text that is read in a terminal.
//!
//! Text of the user is cleaned before it is shown: a control character or one that changes the
//! direction of writing could make a terminal show something else than what is there.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::Style;

/// Columns that a character takes in a terminal; a good estimate is enough, since it only decides
/// where lines are broken and cropped.
pub(super) fn char_width(c: char) -> usize {
    match u32::from(c) {
        0x20..=0x7e => 1,
        0x300..=0x36f | 0x200b..=0x200f | 0x20d0..=0x20ff | 0xfe00..=0xfe0f | 0xfeff => 0,
        0x1100..=0x115f
        | 0x231a..=0x231b
        | 0x23e9..=0x23ec
        | 0x26aa..=0x26ab
        | 0x2705
        | 0x2728
        | 0x274c
        | 0x2753..=0x2757
        | 0x2e80..=0x303e
        | 0x3041..=0x33ff
        | 0x3400..=0x4dbf
        | 0x4e00..=0x9fff
        | 0xa000..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1f64f
        | 0x1f680..=0x1f6ff
        | 0x1f900..=0x1f9ff
        | 0x1fa70..=0x1faff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// Columns that a text takes.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

/// Whether a character must be spelled out to be seen, or to do no harm.
pub(super) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// A hidden character, spelled out.
pub(super) fn spelled(c: char) -> String {
    format!("<U+{:04X}>", u32::from(c))
}

/// The text with hidden characters spelled out; line breaks become spaces.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut cleaned = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => cleaned.push(' '),
            c if is_hidden(c) => cleaned.push_str(&spelled(c)),
            c => cleaned.push(c),
        }
    }
    Cow::Owned(cleaned)
}

/// Breaks a text at spaces into lines of at most `first` columns, then `rest`. A word that is wider
/// stands on a line of its own.
pub(super) fn wrap(text: &str, first: usize, rest: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split(' ') {
        let limit = if lines.is_empty() { first } else { rest };
        let columns = width(word);
        if !line.is_empty() && used + 1 + columns > limit {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if !line.is_empty() {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += columns;
    }
    lines.push(line);
    lines
}

/// Adds a text behind `prefix`; further lines are indented by `indent`, usually what the prefix takes,
/// or less where a word would not fit.
pub(super) fn hang(out: &mut String, prefix: &str, indent: usize, text: &str, columns: usize) {
    let text = clean(text);
    let widest = text.split(' ').map(width).max().unwrap_or(0);
    let rest = indent.min(columns.saturating_sub(widest).max(4));
    let first = columns.saturating_sub(indent.max(prefix_width(prefix)));
    let lines = wrap(&text, first, columns - rest);
    let is_wide = rest < indent && lines.first().is_some_and(|line| width(line) > first);
    out.push_str(prefix);
    if is_wide {
        out.truncate(out.trim_end_matches(' ').len());
        out.push('\n');
    }
    for (index, line) in lines.iter().enumerate() {
        if index > 0 || is_wide {
            let _ = write!(out, "{:rest$}", "");
        }
        out.push_str(line);
        out.truncate(out.trim_end_matches(' ').len());
        out.push('\n');
    }
}

/// Columns that the last line of a prefix takes; its colours take none.
fn prefix_width(prefix: &str) -> usize {
    let last = prefix.rsplit('\n').next().unwrap_or_default();
    let mut parts = last.split('\u{1b}');
    let plain = parts.next().map_or(0, width);
    let painted = parts.filter_map(|part| part.split_once('m')).map(|(_, text)| width(text));
    plain + painted.sum::<usize>()
}

/// A colour, by what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ink {
    /// Denied, failed, an error.
    Bad,
    /// Allowed, passed.
    Good,
    /// Undetermined, a warning.
    Doubt,
    /// A note.
    Note,
    /// What matters less.
    Faint,
    /// What leads the eye.
    Strong,
}

impl Style {
    /// The width to lay out for.
    pub(super) fn columns(&self) -> usize {
        self.width.clamp(40, 200)
    }

    /// What stands for text that was left out.
    pub(super) fn ellipsis(&self) -> &'static str {
        if self.unicode { "…" } else { "..." }
    }

    /// The text in a colour, where there is colour.
    pub(super) fn paint<'a>(&self, ink: Ink, text: &'a str) -> Cow<'a, str> {
        if !self.color {
            return Cow::Borrowed(text);
        }
        let code = match ink {
            Ink::Bad => "1;31",
            Ink::Good => "32",
            Ink::Doubt => "1;33",
            Ink::Note => "1;36",
            Ink::Faint => "2",
            Ink::Strong => "1",
        };
        Cow::Owned(format!("\u{1b}[{code}m{text}\u{1b}[0m"))
    }
}
