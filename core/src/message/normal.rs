//! A pasted text as the tool wrote it: without frames and colours, with escapes undone.
//!
//! Every byte of the result leads back to the original. Blanks are spaces or line ends, nothing else.

use std::ops::Range;
use std::sync::LazyLock;

use super::windows;
use crate::text::SegmentMap;

/// A text without its wrapping, and the way back.
pub(super) struct Normal {
    pub(super) text: String,
    map: SegmentMap,
}

impl Normal {
    /// The range of the original for a range of the text.
    pub(super) fn original(&self, start: usize, end: usize) -> (u32, u32) {
        let clip = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        self.map.to_host(clip(start), clip(end))
    }

    pub(super) fn of(original: &str) -> Self {
        Self::with(original, Vec::new(), super::wrapping::cuts)
    }

    /// The same, where every line as long as the longest is taken to have been cut.
    pub(super) fn of_cut(original: &str) -> Self {
        // What was escaped has line ends of its own, which are no measure of how wide the lines were.
        if original.contains('\\') {
            let cuts = super::wrapping::every_cut(original);
            return Self::with(original, cuts, |_| Vec::new());
        }
        Self::with(original, Vec::new(), super::wrapping::every_cut)
    }

    fn with(original: &str, skip: Vec<usize>, cuts: fn(&str) -> Vec<usize>) -> Self {
        let text = String::new();
        let has_doubled = memchr::memmem::find(original.as_bytes(), b"\"\"").is_some();
        let map = SegmentMap::default();
        let mut writer = Writer { original, text, map, at: 0, skip, has_doubled };
        writer.text.reserve(original.len());
        while writer.step() {}
        writer.take_out(super::wrapping::shared(&writer.text));
        writer.take_out(super::columns::rests(&writer.text));
        writer.take_out(super::wrapping::indents(&writer.text));
        writer.take_out(super::wrapping::prefixes(&writer.text));
        writer.take_out(super::wrapping::joints(&writer.text));
        let cuts = cuts(&writer.text);
        writer.take_out(cuts.into_iter().map(|at| at..at + 1).collect());
        Self { text: writer.text, map: writer.map }
    }
}

/// Which bytes need no thought.
static IS_PLAIN: LazyLock<[bool; 256]> = LazyLock::new(|| {
    let is_plain = |byte: u8| byte.is_ascii() && !b"\n\r\t\x0b\x0c\x1b\\&><{/#*|".contains(&byte);
    std::array::from_fn(|byte| u8::try_from(byte).is_ok_and(is_plain))
});

struct Writer<'a> {
    original: &'a str,
    text: String,
    map: SegmentMap,
    at: usize,
    /// The line ends that are left out.
    skip: Vec<usize>,
    /// Whether two quotes follow one another anywhere.
    has_doubled: bool,
}

impl Writer<'_> {
    fn rest(&self) -> &str {
        self.original.get(self.at..).unwrap_or("")
    }

    fn atom(&mut self, letter: char, host_len: usize) {
        self.text.push(letter);
        self.map.push_atom(letter.len_utf8(), self.at, host_len);
        self.at += host_len;
    }

    fn verbatim(&mut self, len: usize) {
        let Some(piece) = self.original.get(self.at..self.at + len) else {
            self.at = self.original.len();
            return;
        };
        self.text.push_str(piece);
        self.map.push_verbatim(len, self.at);
        self.at += len;
    }

    /// Whether only blanks stand in this line so far.
    fn at_line_start(&self) -> bool {
        for byte in self.text.bytes().rev().take(64) {
            match byte {
                b'\n' => return true,
                b' ' => {}
                _ => return false,
            }
        }
        self.text.len() < 64
    }

    fn step(&mut self) -> bool {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return false };
        match first {
            '\n' if self.skip.binary_search(&self.at).is_ok() => self.at += 1,
            '\n' => self.verbatim(1),
            '\r' => self.at += 1,
            '\t' | '\u{a0}' | '\u{b}' | '\u{c}' => self.atom(' ', first.len_utf8()),
            '\u{1b}' => self.at += terminal_sequence(rest),
            // The frames that Terraform and others draw.
            '\u{2500}'..='\u{259f}' | '\u{feff}' | '\u{200b}' => self.at += first.len_utf8(),
            '\\' => self.escape(),
            '&' => match entity(rest) {
                Some((letter, len)) => self.atom(letter, len),
                None => self.verbatim(1),
            },
            '>' if self.is_quote_mark() => self.atom(' ', 1),
            '<' => match tag(rest).filter(|tag| self.is_closed(tag)) {
                Some(Tag { letter, len, .. }) => self.atom(letter, len),
                None => self.verbatim(1),
            },
            '"' if self.has_doubled && rest.starts_with("\"\"") && self.is_doubled() => {
                self.atom('"', 2);
            }
            '{' if rest.starts_with(LOGGED) && self.at_line_start() => self.at += LOGGED.len(),
            '/' if rest.starts_with("//") && self.at_line_start() => self.at += 2,
            '#' if self.at_line_start() => self.at += 1,
            '*' if self.is_comment_star() => self.atom(' ', 1),
            '|' if self.is_frame() => self.atom(' ', 1),
            _ => {
                // What needs no thought is taken in one piece.
                let is_plain = &*IS_PLAIN;
                let plain = |byte: &u8| {
                    is_plain.get(usize::from(*byte)) == Some(&true)
                        && !(*byte == b'"' && self.has_doubled)
                };
                let len = rest.bytes().take_while(plain).count();
                self.verbatim(len.max(first.len_utf8()));
            }
        }
        true
    }

    /// Whether a tag within a line has its other half: a placeholder may be named like one.
    fn is_closed(&self, tag: &Tag<'_>) -> bool {
        const NEAR: usize = 4000;
        if tag.letter == '\n' {
            return true;
        }
        let bytes = self.original.as_bytes();
        let is_mark =
            |at: Option<usize>| matches!(at.and_then(|at| bytes.get(at)), Some(b':' | b'/'));
        // The part of an ARN that somebody left out.
        if is_mark(self.at.checked_sub(1)) && is_mark(self.at.checked_add(tag.len)) {
            return false;
        }
        let (near, half) = if tag.is_end {
            (bytes.get(self.at.saturating_sub(NEAR)..self.at), format!("<{}", tag.name))
        } else {
            let end = bytes.len().min(self.at + NEAR);
            (bytes.get(self.at..end), format!("</{}>", tag.name))
        };
        near.is_some_and(|near| memchr::memmem::find(near, half.as_bytes()).is_some())
    }

    /// Two quotes that stand for one, as in a field of a CSV file: what they enclose touches them.
    fn is_doubled(&self) -> bool {
        let before = self.original.get(..self.at).and_then(|before| before.chars().next_back());
        let after = self.rest().get(2..).and_then(|after| after.chars().next());
        let is_word = |letter: Option<char>, marks: &[char]| {
            letter.is_some_and(|letter| letter.is_alphanumeric() || marks.contains(&letter))
        };
        let opens = is_word(after, &['{', '[', '<', '$', '*', '/'])
            && !is_word(before, &['"', '\\', '=', '\'']);
        let closes =
            is_word(before, &['/', '*', '>', '}', ']', ')', '_', '.', '-']) && !is_word(after, &[]);
        opens || closes
    }

    /// A `>` as mail programs and forums put it before a quoted line, or one of several.
    fn is_quote_mark(&self) -> bool {
        if self.at_line_start() {
            return true;
        }
        let after = self.rest().as_bytes().get(1);
        let blank_after = matches!(after, None | Some(b' ' | b'\n' | b'\t'));
        blank_after && matches!(self.text.as_bytes().last(), None | Some(b' ' | b'\n'))
    }

    /// A `*` that begins a line of a comment or of a list; one that stands for any resource does not.
    fn is_comment_star(&self) -> bool {
        const NEAR: usize = 256;
        let blank_after = self.rest().get(1..).is_some_and(|rest| rest.starts_with([' ', '\t']));
        // INVARIANT: looks no further back than a line or two, for any text.
        let is_value = || {
            let near = windows::boundary(&self.text, self.text.len().saturating_sub(NEAR));
            let words = self.text.get(near..).unwrap_or("").trim_end();
            let lines = || self.original.get(..self.at).unwrap_or("").rsplit('\n');
            let before = || lines().take(2).last().unwrap_or("");
            words.ends_with("resource:") && !before().trim_start().starts_with('*')
        };
        blank_after && self.at_line_start() && !is_value()
    }

    /// A `|` that begins a line, or ends one behind a blank, as tables and frames have it.
    fn is_frame(&self) -> bool {
        let rest = self.rest().get(1..).unwrap_or("");
        let ends = rest.trim_start_matches([' ', '\r']);
        let begins = self.at_line_start() && rest.starts_with([' ', '\n']);
        begins || self.text.ends_with(' ') && (ends.is_empty() || ends.starts_with('\n'))
    }

    /// A backslash, or several: what stands behind them says what they escape.
    fn escape(&mut self) {
        let rest = self.rest();
        let slashes = rest.bytes().take_while(|byte| *byte == b'\\').count();
        let letter = rest.as_bytes().get(slashes).copied();
        if slashes == 1
            && let Some(len) = rest.get(2..).and_then(logged_end)
            && self.original.get(..self.at).is_some_and(in_logged)
        {
            self.at += 2 + len;
            return;
        }
        match letter {
            Some(b'n') => self.atom('\n', slashes + 1),
            Some(b'r') => self.at += slashes + 1,
            Some(b't') => self.atom(' ', slashes + 1),
            // A shell's sign that the next line belongs to this one.
            Some(b'\n' | b'\r') | None => self.at += slashes,
            Some(quote @ (b'"' | b'\'' | b'/' | b'`')) => {
                self.atom(char::from(quote), slashes + 1);
            }
            Some(b'&') => match rest.get(slashes..).and_then(entity) {
                Some((quote @ ('"' | '\''), len)) => self.atom(quote, slashes + len),
                _ => self.verbatim(slashes),
            },
            Some(b'u') => {
                let digits = rest.get(slashes + 1..slashes + 5).unwrap_or("");
                let letter = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
                match letter.filter(|letter| !letter.is_control()) {
                    Some(letter) => self.atom(letter, slashes + 5),
                    None => self.verbatim(slashes),
                }
            }
            _ => self.verbatim(slashes),
        }
    }

    /// Takes out what something put into the middle of the text: line ends, and what stands before each
    /// line of a log.
    fn take_out(&mut self, pieces: Vec<Range<usize>>) {
        if pieces.is_empty() {
            return;
        }
        let mut text = String::with_capacity(self.text.len());
        let mut map = SegmentMap::default();
        let mut from = 0;
        let end = self.text.len();
        for piece in pieces.into_iter().chain(std::iter::once(end..end)) {
            text.push_str(self.text.get(from..piece.start).unwrap_or(""));
            map.append(&self.map.slice(from, piece.start));
            from = piece.end;
        }
        self.text = text;
        self.map = map;
    }
}

/// What the JSON files that containers log to have before each line.
const LOGGED: &str = "{\"log\":\"";

/// How long what such a line ends with is, behind the line end that was escaped.
fn logged_end(rest: &str) -> Option<usize> {
    let stream = rest.strip_prefix("\",\"stream\":\"std")?;
    let line = stream.bytes().take(120).position(|byte| byte == b'\n').unwrap_or(stream.len());
    let line = stream.get(..line)?;
    (line.len() < 120 && line.trim_end().ends_with('}'))
        .then_some(rest.len() - stream.len() + line.len())
}

/// Whether the line that this text ends in began so.
fn in_logged(before: &str) -> bool {
    let start = memchr::memrchr(b'\n', before.as_bytes()).map_or(0, |at| at + 1);
    before.get(start..).is_some_and(|line| line.trim_start().starts_with(LOGGED))
}

/// A tag that pages put around words.
struct Tag<'a> {
    /// What stands for it.
    letter: char,
    len: usize,
    name: &'a str,
    is_end: bool,
}

/// The tag that a text begins with; others may be placeholders.
fn tag(text: &str) -> Option<Tag<'_>> {
    const LINES: &[&str] = &["pre", "p", "br", "div", "li", "tr", "td", "blockquote"];
    const WORDS: &[&str] = &["code", "b", "strong", "em", "span", "tt", "samp"];
    let inner = text.strip_prefix('<')?;
    let len = inner.bytes().take(200).position(|byte| matches!(byte, b'>' | b'<' | b'\n'))?;
    if inner.as_bytes().get(len) != Some(&b'>') {
        return None;
    }
    let is_end = inner.starts_with('/');
    let inner = inner.get(..len)?.trim_start_matches('/').trim_end_matches(['/', ' ']);
    let name = inner.split(' ').next()?;
    let plain = inner.len() == name.len() || inner.contains('=');
    let letter = match plain {
        true if LINES.contains(&name) => '\n',
        true if WORDS.contains(&name) => ' ',
        _ => return None,
    };
    Some(Tag { letter, len: len + 2, name, is_end })
}

/// How long the terminal's control sequence at the start is.
fn terminal_sequence(text: &str) -> usize {
    let bytes = text.as_bytes();
    match bytes.get(1) {
        Some(b'[') => {
            let inner =
                bytes.iter().skip(2).take(64).take_while(|byte| !(0x40..=0x7e).contains(*byte));
            let len = 2 + inner.count();
            if bytes.get(len).is_some_and(|byte| (0x40..=0x7e).contains(byte)) {
                len + 1
            } else {
                1
            }
        }
        _ => 1,
    }
}

/// The character that an XML entity stands for, also one that was escaped twice.
fn entity(text: &str) -> Option<(char, usize)> {
    let mut name = text.strip_prefix('&')?;
    let mut len = 1;
    while let Some(rest) = name.strip_prefix("amp;").filter(|_| len < 32) {
        len += 4;
        if !rest.starts_with(['l', 'g', 'q', 'a', '#']) {
            return Some(('&', len));
        }
        name = rest;
    }
    let end = name.bytes().take(10).position(|byte| byte == b';');
    let Some((end, word)) = end.and_then(|end| Some((end, name.get(..end)?))) else {
        return (len > 1).then_some(('&', len));
    };
    let letter = match word {
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let number =
                word.strip_prefix('#').and_then(|number| match number.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16).ok(),
                    None => number.parse().ok(),
                });
            let Some(letter) = number.and_then(char::from_u32) else {
                return (len > 1).then_some(('&', len));
            };
            match letter {
                '\n' | '\r' | '\t' => ' ',
                letter if letter.is_control() => return None,
                letter => letter,
            }
        }
    };
    Some((letter, len + end + 1))
}
