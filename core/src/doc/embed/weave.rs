//! How the text of a YAML scalar lies in what stands in the file.
//!
//! The scalar is read a second time by its notation, and each piece is held against what the parser
//! made of it. If they should differ, the scalar becomes one piece, so a place is never wrong, only
//! wider.

use std::ops::Range;

use crate::doc::Style;
use crate::text::SegmentMap;

/// The map from `decoded` to `host`, where the scalar stands at `place`, without its quotes.
pub(super) fn map(decoded: &str, host: &str, place: Range<usize>, style: Style) -> SegmentMap {
    let mut weave = Weave { decoded, done: 0, host, at: place.start, map: SegmentMap::default() };
    let woven = match style {
        Style::Literal | Style::Folded => weave.block(place.end, style == Style::Folded),
        Style::Plain | Style::Single | Style::Double => weave.flow(place.end, style),
    };
    if woven.is_some() && weave.done == decoded.len() {
        return weave.map;
    }
    let mut map = SegmentMap::default();
    map.push_atom(decoded.len(), place.start, place.len());
    map
}

struct Weave<'t> {
    decoded: &'t str,
    /// How much of `decoded` has its place.
    done: usize,
    host: &'t str,
    /// Where the rest of `host` starts.
    at: usize,
    map: SegmentMap,
}

impl<'t> Weave<'t> {
    fn rest(&self, end: usize) -> &'t str {
        self.host.get(self.at..end).unwrap_or("")
    }

    /// The next `len` bytes are the same in both.
    fn verbatim(&mut self, len: usize) -> Option<()> {
        let here = self.host.get(self.at..self.at + len)?;
        if self.decoded.get(self.done..self.done + len)? != here {
            return None;
        }
        self.map.push_verbatim(len, self.at);
        self.done += len;
        self.at += len;
        Some(())
    }

    /// The next `host_len` bytes stand for `text`.
    fn atom(&mut self, text: &str, host_len: usize) -> Option<()> {
        if !self.decoded.get(self.done..)?.starts_with(text) {
            return None;
        }
        self.map.push_atom(text.len(), self.at, host_len);
        self.done += text.len();
        self.at += host_len;
        Some(())
    }

    /// The next `host_len` bytes stand for `count` line breaks, or for a space if there is none.
    fn fold(&mut self, count: usize, host_len: usize) -> Option<()> {
        if count == 0 {
            return self.atom(" ", host_len);
        }
        self.atom(&"\n".repeat(count), host_len)
    }

    /// A plain or quoted scalar.
    fn flow(&mut self, end: usize, style: Style) -> Option<()> {
        while self.at < end {
            let rest = self.rest(end);
            let special = |c: char| match c {
                ' ' | '\t' | '\r' | '\n' => true,
                '\'' => style == Style::Single,
                '\\' => style == Style::Double,
                _ => false,
            };
            let run = rest.find(special).unwrap_or(rest.len());
            self.verbatim(run)?;
            let rest = self.rest(end);
            match rest.as_bytes().first() {
                None => {}
                Some(b'\'') => self.atom("'", 2)?,
                Some(b'\\') => self.escape(rest)?,
                Some(_) => {
                    let (len, breaks) = space(rest);
                    match breaks {
                        0 => self.verbatim(len)?,
                        _ => self.fold(breaks - 1, len)?,
                    }
                }
            }
        }
        Some(())
    }

    /// An escape of a double-quoted scalar. <https://yaml.org/spec/1.2.2/#57-escaped-characters>
    fn escape(&mut self, rest: &str) -> Option<()> {
        let after = rest.get(1..)?;
        let first = after.chars().next()?;
        let digits = match first {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            '\r' | '\n' => {
                // The line break is not in the text; empty lines after it are.
                let (len, breaks) = space(after);
                return match breaks {
                    1 => {
                        self.at += 1 + len;
                        Some(())
                    }
                    _ => self.fold(breaks - 1, 1 + len),
                };
            }
            _ => 0,
        };
        // What the parser read is taken from the decoded text: it knows every escape.
        let found = self.decoded.get(self.done..)?.chars().next()?;
        let code = after.get(1..1 + digits).and_then(|code| u32::from_str_radix(code, 16).ok());
        if digits > 0 && code.and_then(char::from_u32) != Some(found) {
            return self.surrogates(rest, found);
        }
        self.atom(found.encode_utf8(&mut [0; 4]), 1 + first.len_utf8() + digits)
    }

    /// `\uD83D\uDE00`: two escapes, one character, as in JSON.
    fn surrogates(&mut self, rest: &str, found: char) -> Option<()> {
        let high = u32::from_str_radix(rest.strip_prefix("\\u")?.get(..4)?, 16).ok()?;
        let low = u32::from_str_radix(rest.get(6..)?.strip_prefix("\\u")?.get(..4)?, 16).ok()?;
        let code = 0x10000 + (high.checked_sub(0xD800)? << 10) + low.checked_sub(0xDC00)?;
        (code == u32::from(found)).then_some(())?;
        self.atom(found.encode_utf8(&mut [0; 4]), 12)
    }

    /// A literal or folded scalar. It starts with the first character after its indentation.
    fn block(&mut self, end: usize, folded: bool) -> Option<()> {
        let before = self.host.get(..self.at)?;
        let line = before.rfind(['\n', '\r']).map_or(0, |end| end + 1);
        let indentation = self.at - line;
        let blank = |line: &str| line.starts_with([' ', '\t']);
        // Empty lines before the first one with something in it.
        let leading = self.decoded.len() - self.decoded.trim_start_matches('\n').len();
        if leading > 0 {
            self.atom(&"\n".repeat(leading), 0)?;
        }
        loop {
            let rest = self.rest(end);
            let len = rest.find(['\n', '\r']).unwrap_or(rest.len());
            let was_blank = blank(rest);
            self.verbatim(len)?;
            if self.at >= end {
                break;
            }
            let breaks = self.breaks(end, indentation);
            let next = breaks.last().map_or(self.at, |last| last.end);
            let is_blank = blank(self.host.get(next..end)?);
            if folded && !was_blank && !is_blank {
                self.fold(breaks.len() - 1, next - self.at)?;
            } else {
                for one in breaks {
                    self.atom("\n", one.end - one.start)?;
                }
            }
        }
        let trailing = self.decoded.get(self.done..)?;
        if !trailing.is_empty() {
            let text = self.host.get(self.at..)?;
            let (len, _) = space(text);
            let len = text.get(..len)?.find(|c| c != '\r' && c != '\n').unwrap_or(len);
            self.atom(trailing, len)?;
            // Only line breaks may be left.
            trailing.trim_start_matches('\n').is_empty().then_some(())?;
        }
        Some(())
    }

    /// The line breaks here, each with the indentation that follows.
    fn breaks(&self, end: usize, indentation: usize) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut at = self.at;
        loop {
            let rest = self.host.get(at..end).unwrap_or("");
            let len = break_len(rest);
            if len == 0 {
                return found;
            }
            let line = rest.get(len..).unwrap_or("");
            let spaces = line.len() - line.trim_start_matches(' ').len();
            let next = at + len + spaces.min(indentation);
            found.push(at..next);
            at = next;
        }
    }
}

/// The white space that `text` starts with: its length, and how many line breaks are in it.
fn space(text: &str) -> (usize, usize) {
    let (mut at, mut breaks) = (0, 0);
    loop {
        let rest = text.get(at..).unwrap_or("");
        match break_len(rest) {
            0 if rest.starts_with([' ', '\t']) => at += 1,
            0 => return (at, breaks),
            len => {
                at += len;
                breaks += 1;
            }
        }
    }
}

fn break_len(text: &str) -> usize {
    match text.as_bytes() {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => 0,
    }
}
