//! JSON as RFC 8259 has it: one pass, no recursion, every key and value with its place.
//!
//! The common slips (a trailing comma, a comment, single quotes, a missing bracket) are recognised
//! and named. A byte order mark is passed over; nesting is limited.

use std::sync::Arc;

use crate::text::{SourceId, Span};

use super::error::{SyntaxError, SyntaxErrorKind as Error};
use super::{Content, Document, Kind, MAX_DEPTH, NodeData, Syntax};

/// Reads `text`.
pub(super) fn parse(text: Arc<str>, source: SourceId) -> Result<Document, SyntaxError> {
    let mut document = Document::new(source, Arc::clone(&text), Syntax::Json);
    // A node takes at least two bytes of text, a usual one about ten.
    document.nodes.reserve(text.len() / 16);
    let start = if text.starts_with('\u{FEFF}') { 3 } else { 0 };
    let mut parser = Parser {
        text: &text,
        bytes: text.as_bytes(),
        at: start,
        source,
        nodes: document.nodes,
        open: Vec::new(),
    };
    parser.document()?;
    document.nodes = parser.nodes;
    document.find_duplicates();
    Ok(document)
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
        let next = to_u32(self.nodes.len() + 1);
        self.nodes.push(NodeData { kind, content, start: to_u32(start), end: to_u32(end), next });
    }

    fn value(&mut self, byte: u8) -> Result<Next, SyntaxError> {
        let start = self.at;
        match byte {
            b'{' | b'[' => {
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

    fn close(&mut self, byte: u8) -> Result<Next, SyntaxError> {
        let Some((at, kind)) = self.open.pop() else {
            return Err(self.unexpected(Error::TrailingText));
        };
        let fits = (byte == b'}') == (kind == Kind::Mapping);
        let end = to_u32(self.at + 1);
        let next = to_u32(self.nodes.len());
        let Some(node) = self.nodes.get_mut(at) else { return Ok(Next::CommaOrEnd) };
        if !fits {
            let opened = node.start as usize;
            let closing = if kind == Kind::Mapping { '}' } else { ']' };
            let related = Some(self.span(opened, opened + 1));
            return Err(SyntaxError {
                related,
                ..self.error(Error::WrongBracket { closing }, self.at, self.at + 1)
            });
        }
        node.end = end;
        node.next = next;
        self.at += 1;
        Ok(Next::CommaOrEnd)
    }

    /// The text ended inside something.
    fn ended(&self) -> SyntaxError {
        let Some((at, kind)) = self.open.last() else {
            return self.error(Error::ExpectedValue, self.at, self.at);
        };
        let closing = if *kind == Kind::Mapping { '}' } else { ']' };
        let opened = self.nodes.get(*at).map_or(0, |node| node.start as usize);
        let end = self.text.trim_end().len();
        SyntaxError {
            related: Some(self.span(opened, opened + 1)),
            ..self.error(Error::Unclosed { closing }, end, end)
        }
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

    /// The character here, or a more telling error if it shows what was meant.
    fn unexpected(&self, kind: Error) -> SyntaxError {
        let rest = self.text.get(self.at..).unwrap_or("");
        let comment = ["//", "/*", "#"].iter().any(|opening| rest.starts_with(opening));
        if comment {
            let end = if rest.starts_with("/*") {
                rest.find("*/").map(|end| end + 2)
            } else {
                rest.find(['\n', '\r'])
            };
            return self.error(Error::Comment, self.at, self.at + end.unwrap_or(rest.len()));
        }
        if rest.starts_with(['\'', '‘', '’', '“', '”', '`']) {
            let first = rest.chars().next().map_or(1, char::len_utf8);
            let end = rest.get(first..).and_then(|tail| {
                tail.char_indices().find(|(_, c)| ['\'', '‘', '’', '“', '”', '`', '\n'].contains(c))
            });
            let len =
                end.map_or(first, |(at, c)| first + at + if c == '\n' { 0 } else { c.len_utf8() });
            return self.error(Error::WrongQuotes, self.at, self.at + len);
        }
        let len = rest.chars().next().map_or(0, char::len_utf8);
        self.error(kind, self.at, self.at + len)
    }

    fn unexpected_after_item(&self, byte: u8) -> SyntaxError {
        match byte {
            b'"' | b'{' | b'[' | b'-' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                self.error(Error::MissingComma, self.at, self.at + 1)
            }
            _ => self.unexpected(Error::MissingComma),
        }
    }

    fn unexpected_key(&self, byte: u8) -> SyntaxError {
        if byte.is_ascii_alphabetic() || byte == b'_' {
            let rest = self.text.get(self.at..).unwrap_or("");
            let len = rest
                .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'))
                .unwrap_or(rest.len());
            return self.error(Error::UnquotedKey, self.at, self.at + len);
        }
        if byte == b']' {
            return self.wrong_bracket();
        }
        self.unexpected(Error::ExpectedKey)
    }

    fn wrong_bracket(&self) -> SyntaxError {
        let Some((at, kind)) = self.open.last() else {
            return self.unexpected(Error::ExpectedValue);
        };
        let closing = if *kind == Kind::Mapping { '}' } else { ']' };
        let opened = self.nodes.get(*at).map_or(0, |node| node.start as usize);
        let related = Some(self.span(opened, opened + 1));
        SyntaxError { related, ..self.error(Error::WrongBracket { closing }, self.at, self.at + 1) }
    }

    fn string(&mut self) -> Result<(), SyntaxError> {
        let start = self.at;
        self.at += 1;
        let mut content = Content::Quoted;
        loop {
            let rest = self.bytes.get(self.at..).unwrap_or(&[]);
            let plain = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1F));
            let Some(plain) = plain else {
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
        if !good {
            return Err(self.error(Error::BadNumber, start, self.at.max(start + 1)));
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

    fn not_a_value(&self) -> SyntaxError {
        match self.byte() {
            Some(b'+' | b'.') => {
                let rest = self.text.get(self.at..).unwrap_or("");
                let len = rest
                    .find(|c: char| !(c.is_ascii_digit() || "+.eE".contains(c)))
                    .unwrap_or(rest.len());
                self.error(Error::BadNumber, self.at, self.at + len)
            }
            Some(b'}' | b']') if !self.open.is_empty() => {
                let fits = (self.byte() == Some(b'}')) == self.in_mapping();
                if fits { self.unexpected(Error::ExpectedValue) } else { self.wrong_bracket() }
            }
            _ => self.unexpected(Error::ExpectedValue),
        }
    }
}

fn to_u32(number: usize) -> u32 {
    // INVARIANT: no source is larger than 4 GiB.
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// One piece of a JSON string: a run without escapes, or one escape.
pub(super) enum Piece<'t> {
    /// Text that stands for itself.
    Plain(&'t str),
    /// An escape of so many bytes, and what it stands for.
    Escape(usize, char),
}

/// The pieces of a string that was found to be well-formed, without its quotes.
pub(super) fn pieces(raw: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = raw;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let plain = rest.find('\\').unwrap_or(rest.len());
        if plain > 0 {
            let (run, tail) = rest.split_at_checked(plain)?;
            rest = tail;
            return Some(Piece::Plain(run));
        }
        let unit = |from: usize| {
            rest.get(from..from + 4).and_then(|digits| u32::from_str_radix(digits, 16).ok())
        };
        let (len, found) = match rest.as_bytes().get(1).copied() {
            Some(b'b') => (2, '\u{8}'),
            Some(b'f') => (2, '\u{C}'),
            Some(b'n') => (2, '\n'),
            Some(b'r') => (2, '\r'),
            Some(b't') => (2, '\t'),
            Some(b'u') => match unit(2) {
                Some(high) if (0xD800..0xDC00).contains(&high) => {
                    let low = unit(8).unwrap_or(0xDC00).saturating_sub(0xDC00);
                    let code = 0x10000 + ((high - 0xD800) << 10) + (low & 0x3FF);
                    (12, char::from_u32(code).unwrap_or('\u{FFFD}'))
                }
                Some(code) => (6, char::from_u32(code).unwrap_or('\u{FFFD}')),
                None => (2, 'u'),
            },
            Some(other) => (2, char::from(other)),
            None => (1, '\\'),
        };
        rest = rest.get(len..).unwrap_or("");
        Some(Piece::Escape(len, found))
    })
}

/// What a string stands for.
pub(super) fn unescape(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    for piece in pieces(raw) {
        match piece {
            Piece::Plain(run) => text.push_str(run),
            Piece::Escape(_, found) => text.push(found),
        }
    }
    text
}
