//! JSON as RFC 8259 has it: one pass, no recursion, every key and value with its place.
//!
//! The common slips (a trailing comma, a comment, single quotes, a missing bracket) are recognised
//! and named. A byte order mark is passed over; nesting is limited.

mod skip;
mod slips;
mod strings;
#[cfg(test)]
pub(super) mod tests;
pub(super) mod unread;

use std::sync::Arc;

use crate::text::{SourceId, Span};

use super::error::{SyntaxError, SyntaxErrorKind as Error};
use super::{Content, Document, Kind, MAX_DEPTH, NodeData, Syntax, duplicates};

use skip::Skipper;
pub(super) use strings::{Piece, pieces, unescape};

/// Reads `text`.
pub(super) fn parse(text: Arc<String>, source: SourceId) -> Result<Document, SyntaxError> {
    // A node takes at least two bytes of text, a usual one about ten.
    let nodes = Vec::with_capacity(text.len() / 16);
    read(text, source, nodes, None)
}

/// Reads `text`, but passes over the objects in the lists of the outermost object.
pub(super) fn outline(text: Arc<String>, source: SourceId) -> Result<Document, SyntaxError> {
    let skipper = (text.len() <= unread::LONGEST).then(Skipper::default);
    // What is wrong is told from what stands before it, so by whoever has read all of that.
    read(Arc::clone(&text), source, Vec::new(), skipper).or_else(|_| parse(text, source))
}

fn read(
    text: Arc<String>,
    source: SourceId,
    nodes: Vec<NodeData>,
    skipper: Option<Skipper>,
) -> Result<Document, SyntaxError> {
    let start = if text.starts_with('\u{FEFF}') { 3 } else { 0 };
    let mut parser = Parser {
        text: &text,
        bytes: text.as_bytes(),
        at: start,
        source,
        nodes,
        open: Vec::new(),
        skipper,
    };
    parser.document()?;
    let nodes = parser.nodes;
    Ok(finish(text, source, nodes))
}

/// Reads one value of a text that was found to be well-formed.
pub(super) fn part(text: &Arc<String>, source: SourceId, value: NodeData) -> Option<Document> {
    let body = text.get(..value.end as usize)?;
    let mut parser = Parser {
        text: body,
        bytes: body.as_bytes(),
        at: value.start as usize,
        source,
        nodes: Vec::new(),
        open: Vec::new(),
        skipper: None,
    };
    parser.document().ok()?;
    let nodes = parser.nodes;
    Some(finish(Arc::clone(text), source, nodes))
}

fn finish(text: Arc<String>, source: SourceId, nodes: Vec<NodeData>) -> Document {
    let mut document = Document::new(source, text, Syntax::Json);
    document.nodes = nodes;
    document.duplicates = duplicates::find(&document);
    document
}

/// What may come next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Value,
    ValueOrEnd,
    Key,
    KeyOrEnd,
    CommaOrEnd,
}

struct Parser<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    source: SourceId,
    nodes: Vec<NodeData>,
    /// The objects and lists that are open, by node.
    open: Vec<(usize, Kind)>,
    /// What passes over the objects in the lists of the outermost object, if anything does.
    skipper: Option<Skipper>,
}

impl Parser<'_> {
    fn error(&self, kind: Error, start: usize, end: usize) -> SyntaxError {
        let end = end.min(self.text.len());
        SyntaxError { kind, span: self.span(start.min(end), end), related: None }
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span { source: self.source, start: to_u32(start), end: to_u32(end) }
    }

    fn byte(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.byte() {
            self.at += 1;
        }
    }

    fn document(&mut self) -> Result<(), SyntaxError> {
        self.skip_space();
        if self.at == self.bytes.len() {
            return Err(self.error(Error::Empty, 0, self.at));
        }
        let mut next = Next::Value;
        loop {
            self.skip_space();
            let Some(byte) = self.byte() else { return Err(self.ended()) };
            next = match (next, byte) {
                (Next::ValueOrEnd, b']') | (Next::KeyOrEnd, b'}') => self.close(byte)?,
                (Next::CommaOrEnd, b']' | b'}') => self.close(byte)?,
                (Next::CommaOrEnd, b',') => {
                    let comma = self.at;
                    self.at += 1;
                    self.skip_space();
                    if let Some(b']' | b'}') = self.byte() {
                        return Err(self.error(Error::TrailingComma, comma, comma + 1));
                    }
                    if self.in_mapping() { Next::Key } else { Next::Value }
                }
                (Next::CommaOrEnd, _) => return Err(self.unexpected_after_item(byte)),
                (Next::Key | Next::KeyOrEnd, b'"') => {
                    self.string()?;
                    self.skip_space();
                    if self.byte() != Some(b':') {
                        return Err(self.unexpected(Error::MissingColon));
                    }
                    self.at += 1;
                    Next::Value
                }
                (Next::Key | Next::KeyOrEnd, _) => return Err(self.unexpected_key(byte)),
                (Next::Value | Next::ValueOrEnd, _) => self.value(byte)?,
            };
            if self.open.is_empty() {
                return self.end();
            }
        }
    }

    fn in_mapping(&self) -> bool {
        matches!(self.open.last(), Some((_, Kind::Mapping)))
    }

    fn push(&mut self, kind: Kind, content: Content, start: usize, end: usize) {
        let (start, end) = (to_u32(start), to_u32(end));
        self.nodes.push(NodeData { start, end, link: 0, kind, content });
    }

    fn value(&mut self, byte: u8) -> Result<Next, SyntaxError> {
        let start = self.at;
        match byte {
            b'{' | b'[' => {
                if byte == b'{' && self.pass_over() {
                    return Ok(Next::CommaOrEnd);
                }
                if self.open.len() == MAX_DEPTH {
                    return Err(self.error(Error::TooDeep, start, start + 1));
                }
                let kind = if byte == b'{' { Kind::Mapping } else { Kind::Sequence };
                self.open.push((self.nodes.len(), kind));
                self.push(kind, Content::Raw, start, start + 1);
                self.at += 1;
                return Ok(if byte == b'{' { Next::KeyOrEnd } else { Next::ValueOrEnd });
            }
            b'"' => self.string()?,
            b'-' | b'0'..=b'9' => self.number()?,
            _ => self.word()?,
        }
        Ok(Next::CommaOrEnd)
    }

    /// Passes over the object here, if it is in a list of the outermost object and in good order.
    fn pass_over(&mut self) -> bool {
        let Some(skipper) = &mut self.skipper else { return false };
        if !matches!(*self.open, [(_, Kind::Mapping), (_, Kind::Sequence)]) {
            return false;
        }
        let Some(end) = skipper.object(self.bytes, self.at, self.open.len()) else { return false };
        self.push(Kind::Mapping, Content::Unread, self.at, end);
        self.at = end;
        true
    }

    fn close(&mut self, byte: u8) -> Result<Next, SyntaxError> {
        let Some((at, kind)) = self.open.last().copied() else {
            return Err(self.unexpected(Error::TrailingText));
        };
        if (byte == b'}') != (kind == Kind::Mapping) {
            return Err(self.wrong_bracket());
        }
        self.open.pop();
        self.at += 1;
        let link = to_u32(self.nodes.len());
        if let Some(node) = self.nodes.get_mut(at) {
            node.end = to_u32(self.at);
            node.link = link;
        }
        Ok(Next::CommaOrEnd)
    }

    /// Nothing but space may follow the outermost value.
    fn end(&mut self) -> Result<(), SyntaxError> {
        self.skip_space();
        match self.byte() {
            None => Ok(()),
            Some(b'{' | b'[') => Err(self.error(Error::SeveralDocuments, self.at, self.at + 1)),
            Some(_) => Err(self.unexpected(Error::TrailingText)),
        }
    }

    fn string(&mut self) -> Result<(), SyntaxError> {
        let start = self.at;
        self.at += 1;
        let mut content = Content::Quoted;
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or(&[]);
            let Some(plain) = find_special(rest) else {
                let line = self.text.get(start..).and_then(|rest| rest.find(['\n', '\r']));
                let end = line.map_or(self.text.len(), |len| start + len);
                return Err(self.error(Error::UnclosedString, start, end));
            };
            self.at += plain;
            match self.byte() {
                Some(b'"') => break,
                Some(b'\\') => {
                    content = Content::Escaped;
                    self.escape()?;
                }
                Some(b'\n' | b'\r') => {
                    return Err(self.error(Error::UnclosedString, start, self.at));
                }
                _ => return Err(self.error(Error::ControlCharacter, self.at, self.at + 1)),
            }
        }
        self.at += 1;
        self.push(Kind::String, content, start, self.at);
        Ok(())
    }

    fn escape(&mut self) -> Result<(), SyntaxError> {
        let start = self.at;
        self.at += 1;
        match self.byte() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                let unit = self.hex(start)?;
                if (0xDC00..0xE000).contains(&unit) {
                    return Err(self.error(Error::LoneSurrogate, start, self.at));
                }
                if (0xD800..0xDC00).contains(&unit) {
                    let second = self.at;
                    if self.bytes.get(second..second + 2) != Some(b"\\u") {
                        return Err(self.error(Error::LoneSurrogate, start, self.at));
                    }
                    self.at += 1;
                    let low = self.hex(second)?;
                    if !(0xDC00..0xE000).contains(&low) {
                        return Err(self.error(Error::LoneSurrogate, start, second));
                    }
                }
            }
            _ => {
                let len = self
                    .text
                    .get(self.at..)
                    .and_then(|rest| rest.chars().next())
                    .map_or(0, char::len_utf8);
                return Err(self.error(Error::BadEscape, start, self.at + len));
            }
        }
        Ok(())
    }

    /// Four hexadecimal digits after the `u` at the current place.
    fn hex(&mut self, start: usize) -> Result<u32, SyntaxError> {
        let digits = self
            .text
            .get(self.at + 1..self.at + 5)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let Some(unit) = unit else {
            let mut end = (self.at + 5).min(self.text.len());
            while !self.text.is_char_boundary(end) {
                end -= 1;
            }
            return Err(self.error(Error::BadEscape, start, end));
        };
        self.at += 5;
        Ok(unit)
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - start
    }

    fn number(&mut self) -> Result<(), SyntaxError> {
        let start = self.at;
        if self.byte() == Some(b'-') {
            self.at += 1;
        }
        let leading_zero = self.byte() == Some(b'0');
        let whole = self.digits();
        let mut good = whole == 1 || (whole > 1 && !leading_zero);
        if self.byte() == Some(b'.') {
            self.at += 1;
            good &= self.digits() > 0;
        }
        if let Some(b'e' | b'E') = self.byte() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.byte() {
                self.at += 1;
            }
            good &= self.digits() > 0;
        }
        let more = self.byte().is_some_and(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-' | b'_')
        });
        if !good || more {
            return Err(self.bad_number(start));
        }
        self.push(Kind::Number, Content::Raw, start, self.at);
        Ok(())
    }

    /// `true`, `false`, `null`, or something that JSON does not know.
    fn word(&mut self) -> Result<(), SyntaxError> {
        let rest = self.text.get(self.at..).unwrap_or("");
        let len = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let word = rest.get(..len).unwrap_or("");
        let kind = match word {
            "true" | "false" => Kind::Bool,
            "null" => Kind::Null,
            "" => return Err(self.not_a_value()),
            _ => {
                let instead = match word {
                    "True" | "TRUE" => "`true`",
                    "False" | "FALSE" => "`false`",
                    "None" | "nil" | "undefined" | "Null" | "NULL" => "`null`",
                    "NaN" | "Infinity" => "a number, or `null`",
                    _ => "a text in double quotes",
                };
                let error = Error::UnknownWord { found: word.to_owned(), instead };
                return Err(self.error(error, self.at, self.at + len));
            }
        };
        self.push(kind, Content::Raw, self.at, self.at + len);
        self.at += len;
        Ok(())
    }
}

/// The first quotation mark, backslash or control character: eight bytes at a time, since most of
/// a policy document is strings.
fn find_special(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    let (chunks, rest) = bytes.as_chunks::<8>();
    for (at, chunk) in chunks.iter().enumerate() {
        let word = u64::from_le_bytes(*chunk);
        // A byte's high bit is set in `below(limit)` if it is less than `limit`. A borrow can only
        // come from a byte that is less itself, so the lowest bit set is right.
        let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word & HIGH;
        let equal = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
        let found = equal(b'"') | equal(b'\\') | below(word, 0x20);
        if found != 0 {
            return Some(at * 8 + found.trailing_zeros() as usize / 8);
        }
    }
    let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1F);
    rest.iter().position(special).map(|at| bytes.len() - rest.len() + at)
}

fn to_u32(number: usize) -> u32 {
    // INVARIANT: no source is larger than 4 GiB.
    u32::try_from(number).unwrap_or(u32::MAX)
}
