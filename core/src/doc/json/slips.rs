//! Telling from what was found what was meant.

use super::{Error, Kind, Parser};
use crate::doc::SyntaxError;
use crate::text::Span;

/// Every mark that is used for a quotation mark by mistake: typewriter marks, then typographic ones.
const STRAIGHT: [char; 2] = ['\'', '`'];
const CURLED: [char; 8] = ['‘', '’', '‚', '“', '”', '„', '«', '»'];

impl Parser<'_> {
    /// The text ended inside something.
    pub(super) fn ended(&self) -> SyntaxError {
        let end = self.text.trim_end().len();
        match self.innermost() {
            Some((closing, related)) => SyntaxError {
                related: Some(related),
                ..self.error(Error::Unclosed { closing }, end, end)
            },
            None => self.error(Error::ExpectedValue, end, end),
        }
    }

    /// The bracket that would close what is open, and where that was opened.
    fn innermost(&self) -> Option<(char, Span)> {
        let (at, kind) = self.open.last()?;
        let opened = self.nodes.get(*at)?.start as usize;
        Some((if *kind == Kind::Mapping { '}' } else { ']' }, self.span(opened, opened + 1)))
    }

    /// The character here, or a more telling error if it shows what was meant.
    pub(super) fn unexpected(&self, kind: Error) -> SyntaxError {
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
        let first = rest.chars().next().unwrap_or_default();
        for (marks, error) in [(&STRAIGHT[..], Error::SingleQuotes), (&CURLED, Error::CurledQuotes)]
        {
            if !marks.contains(&first) {
                continue;
            }
            let tail = rest.get(first.len_utf8()..).unwrap_or("");
            let end = tail.char_indices().find(|(_, c)| marks.contains(c) || *c == '\n');
            let len = match end {
                Some((at, '\n')) => at,
                Some((at, mark)) => at + mark.len_utf8(),
                None => 0,
            };
            return self.error(error, self.at, self.at + first.len_utf8() + len);
        }
        // JSON's own spaces were passed over before.
        let unseen = matches!(first, '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}');
        if first.is_whitespace() || unseen {
            return self.error(Error::OddSpace, self.at, self.at + first.len_utf8());
        }
        let len = if rest.is_empty() { 0 } else { first.len_utf8() };
        self.error(kind, self.at, self.at + len)
    }

    pub(super) fn unexpected_after_item(&self, byte: u8) -> SyntaxError {
        match byte {
            b':' if !self.in_mapping() => self.key_in_list(),
            b'"' | b'{' | b'[' | b'-' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => {
                self.error(Error::MissingComma, self.at, self.at + 1)
            }
            _ => self.unexpected(Error::MissingComma),
        }
    }

    /// A colon behind an item of a list: the item is a key, so the list has ended unseen, or it should
    /// have been an object.
    fn key_in_list(&self) -> SyntaxError {
        let list = self.open.last().map_or(0, |(at, _)| *at);
        let Some((key, (closing, related))) = self.nodes.last().zip(self.innermost()) else {
            return self.unexpected(Error::MissingComma);
        };
        if key.kind != Kind::String {
            return self.unexpected(Error::MissingComma);
        }
        let is_first = self.nodes.len() == list + 2;
        let kind = if is_first { Error::KeyInList } else { Error::MissingBracket { closing } };
        let error = self.error(kind, key.start as usize, key.end as usize);
        SyntaxError { related: Some(related), ..error }
    }

    pub(super) fn unexpected_key(&self, byte: u8) -> SyntaxError {
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
        // In a list of objects, another object where a key should be: the one before has no end.
        let around = self.open.iter().rev().nth(1).map(|(_, kind)| *kind);
        if byte == b'{'
            && around == Some(Kind::Sequence)
            && let Some((closing, related)) = self.innermost()
        {
            let error = self.error(Error::MissingBracket { closing }, self.at, self.at + 1);
            return SyntaxError { related: Some(related), ..error };
        }
        self.unexpected(Error::ExpectedKey)
    }

    pub(super) fn wrong_bracket(&self) -> SyntaxError {
        let Some((closing, related)) = self.innermost() else {
            return self.unexpected(Error::ExpectedValue);
        };
        let error = self.error(Error::WrongBracket { closing }, self.at, self.at + 1);
        SyntaxError { related: Some(related), ..error }
    }

    pub(super) fn not_a_value(&self) -> SyntaxError {
        match self.byte() {
            Some(b'+' | b'.') => self.bad_number(self.at),
            Some(b'<') if self.open.is_empty() => self.unexpected(Error::Markup),
            Some(b'}' | b']') if !self.open.is_empty() => {
                let fits = (self.byte() == Some(b'}')) == self.in_mapping();
                if fits { self.unexpected(Error::ExpectedValue) } else { self.wrong_bracket() }
            }
            _ => self.unexpected(Error::ExpectedValue),
        }
    }

    /// Something that starts like a number, to its end.
    pub(super) fn bad_number(&self, start: usize) -> SyntaxError {
        let rest = self.text.get(start..).unwrap_or("");
        let len = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || "+-._".contains(c)))
            .unwrap_or(rest.len());
        self.error(Error::BadNumber, start, start + len.max(1))
    }
}
