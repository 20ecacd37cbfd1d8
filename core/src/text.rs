//! Texts and places in them: sources, spans, lines.
//!
//! A span carries its source, so one finding can point into several texts. Offsets are bytes of the
//! text as it is on disk, a byte order mark included. A text decoded from inside another is a source
//! of its own, with a map back to its host.

mod alike;
mod segments;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

pub use alike::{edits, is_slip};
pub use segments::SegmentMap;

/// One source text of a [`SourceMap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(u32);

/// A half-open range of bytes in one source text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The text.
    pub source: SourceId,
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

impl Span {
    /// Whether `other` lies within.
    pub fn contains(&self, other: &Self) -> bool {
        self.source == other.source && self.start <= other.start && other.end <= self.end
    }
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// Another value at the same place.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned { value: change(self.value), span: self.span }
    }
}

/// Why bytes cannot be read as a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Not UTF-8.
    #[error("the file is not UTF-8 at byte {at}")]
    NotUtf8 {
        /// The first byte that is none.
        at: usize,
    },
    /// Another encoding, by its byte order mark.
    #[error("the file is encoded as {encoding}")]
    OtherEncoding {
        /// Which.
        encoding: &'static str,
    },
    /// Larger than offsets reach.
    #[error("the file is larger than 4 GiB")]
    TooLarge,
}

impl TextError {
    /// What to do.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NotUtf8 { .. } => {
                "save it as UTF-8; if it is compressed or binary, unpack it first"
            }
            Self::OtherEncoding { .. } => {
                "save it as UTF-8: in PowerShell, `aws … | Out-File -Encoding utf8 file.json`; elsewhere, `iconv -f UTF-16 -t UTF-8`"
            }
            Self::TooLarge => "split it",
        }
    }
}

/// Every text that was read.
#[derive(Debug, Default)]
pub struct SourceMap {
    sources: Vec<Source>,
}

#[derive(Debug)]
struct Source {
    name: String,
    text: Arc<String>,
    origin: Origin,
    lines: Lines,
}

#[derive(Debug)]
enum Origin {
    File,
    Given,
    Embedded { host: Span, map: SegmentMap },
}

/// A span as people and tools name it, in the file on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'s> {
    /// The file; `None` for a text that is in no file.
    pub file: Option<&'s str>,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
    /// The bytes there.
    pub text: &'s str,
}

impl SourceMap {
    fn add(&mut self, name: String, text: String, origin: Origin) -> SourceId {
        // INVARIANT: each source takes far more than a byte of memory, so the count fits.
        let id = SourceId(u32::try_from(self.sources.len()).unwrap_or(u32::MAX));
        self.sources.push(Source { name, text: Arc::new(text), origin, lines: Lines::default() });
        id
    }

    /// Adds the text of a file.
    ///
    /// # Errors
    /// If the bytes are not UTF-8, or more than 4 GiB.
    pub fn add_file(
        &mut self,
        path: impl Into<String>,
        bytes: Vec<u8>,
    ) -> Result<SourceId, TextError> {
        let encoding = match bytes.as_slice() {
            [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0xFE, 0xFF, ..] => Some("UTF-32"),
            [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Some("UTF-16"),
            // Without a mark: JSON and YAML start with two ASCII characters, and hold no NUL.
            [1..=255, 0, 1..=255, 0, ..] | [0, 1..=255, 0, 1..=255, ..] => Some("UTF-16"),
            _ => None,
        };
        if let Some(encoding) = encoding {
            return Err(TextError::OtherEncoding { encoding });
        }
        if u32::try_from(bytes.len()).is_err() {
            return Err(TextError::TooLarge);
        }
        let text = String::from_utf8(bytes)
            .map_err(|error| TextError::NotUtf8 { at: error.utf8_error().valid_up_to() })?;
        Ok(self.add(path.into(), text, Origin::File))
    }

    /// Adds a text that is in no file, such as lines made from options.
    pub fn add_given(&mut self, label: impl Into<String>, text: impl Into<String>) -> SourceId {
        self.add(label.into(), text.into(), Origin::Given)
    }

    /// Adds a text decoded from `host`; `map` leads back.
    pub fn add_embedded(&mut self, host: Span, text: String, map: SegmentMap) -> SourceId {
        let name = self.name(host.source).to_owned();
        self.add(name, text, Origin::Embedded { host, map })
    }

    fn get(&self, id: SourceId) -> Option<&Source> {
        self.sources.get(id.0 as usize)
    }

    /// The whole text.
    pub fn text(&self, id: SourceId) -> &str {
        self.get(id).map_or("", |source| &source.text)
    }

    /// The whole text, shared.
    pub fn shared_text(&self, id: SourceId) -> Arc<String> {
        self.get(id).map_or_else(Arc::default, |source| Arc::clone(&source.text))
    }

    /// The text at `span`; empty if the span is out of range.
    pub fn slice(&self, span: Span) -> &str {
        self.text(span.source).get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// The whole text as a span.
    pub fn whole(&self, id: SourceId) -> Span {
        Span { source: id, start: 0, end: u32::try_from(self.text(id).len()).unwrap_or(u32::MAX) }
    }

    /// The file's path, or the label of a text that is in no file.
    pub fn name(&self, id: SourceId) -> &str {
        self.get(id).map_or("", |source| &source.name)
    }

    /// The file's path; for an embedded text that of its outermost host.
    pub fn path(&self, id: SourceId) -> Option<&str> {
        let source = self.get(id)?;
        match &source.origin {
            Origin::File => Some(&source.name),
            Origin::Given => None,
            Origin::Embedded { host, .. } => self.path(host.source),
        }
    }

    /// The file with this path; of several, the one that was added last.
    pub fn find(&self, path: &str) -> Option<SourceId> {
        let is_it = |source: &Source| source.name == path && matches!(source.origin, Origin::File);
        let at = self.sources.iter().rposition(is_it)?;
        u32::try_from(at).ok().map(SourceId)
    }

    /// Whether the text was decoded from inside another.
    pub fn is_embedded(&self, id: SourceId) -> bool {
        self.get(id).is_some_and(|source| matches!(source.origin, Origin::Embedded { .. }))
    }

    /// Where the span is in the outermost host.
    pub fn to_host(&self, span: Span) -> Span {
        let mut span = span;
        // INVARIANT: a host is added before what is embedded in it, so this ends.
        while let Some(Source { origin: Origin::Embedded { host, map }, .. }) =
            self.get(span.source)
        {
            let (start, end) = map.to_host(span.start, span.end);
            span = Span { source: host.source, start, end };
        }
        span
    }

    /// The span as people and tools name it.
    pub fn place(&self, span: Span) -> Place<'_> {
        let span = self.to_host(span);
        let text = self.text(span.source);
        let start = (span.start as usize).min(text.len());
        let end = (span.end as usize).clamp(start, text.len());
        let (line, column) = self.line_and_column(span.source, start);
        Place {
            file: self.path(span.source),
            line,
            column,
            start,
            end,
            text: text.get(start..end).unwrap_or(""),
        }
    }

    /// Line and column of a byte, both from 1; the column counts characters.
    pub fn line_and_column(&self, id: SourceId, at: usize) -> (usize, usize) {
        let Some(source) = self.get(id) else { return (1, 1) };
        source.lines.line_and_column(&source.text, at)
    }
}

/// How many line ends and characters stand before every so many bytes, so that a place is found
/// quickly in a file of any size, though it has a million lines or one long one.
#[derive(Debug, Default)]
struct Lines {
    ends: Steps,
    characters: Steps,
}

impl Lines {
    fn line_and_column(&self, text: &str, at: usize) -> (usize, usize) {
        let bytes = text.as_bytes();
        let at = at.min(bytes.len());
        let count_ends = |bytes: &[u8]| memchr::memchr_iter(b'\n', bytes).count();
        let ends = self.ends.before(bytes, at, count_ends);
        let start = if ends == 0 { 0 } else { self.ends.last(ends, b'\n', bytes, at) + 1 };
        let mark = if start == 0 && at > 0 && text.starts_with('\u{FEFF}') { 1 } else { 0 };
        let column = if at - start < Steps::LEN {
            count_characters(bytes.get(start..at).unwrap_or_default())
        } else {
            self.characters.before(bytes, at, count_characters)
                - self.characters.before(bytes, start, count_characters)
        };
        (ends + 1, column.saturating_sub(mark) + 1)
    }
}

/// How many of something stand before every so many bytes, as far as that was asked for.
#[derive(Debug, Default)]
struct Steps(Mutex<Vec<u32>>);

impl Steps {
    /// How many bytes are counted at once.
    const LEN: usize = 4096;

    /// How many of what `count` counts stand before `at`.
    fn before(&self, bytes: &[u8], at: usize, count: impl Fn(&[u8]) -> usize) -> usize {
        let step = at / Self::LEN;
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut before = counted.last().map_or(0, |last| *last as usize);
        for known in counted.len()..step {
            let start = known * Self::LEN;
            before += count(bytes.get(start..start + Self::LEN).unwrap_or_default());
            counted.push(to_u32(before));
        }
        let until_step = step.checked_sub(1).and_then(|last| counted.get(last));
        let rest = bytes.get(step * Self::LEN..at).unwrap_or_default();
        until_step.map_or(0, |count| *count as usize) + count(rest)
    }

    /// Where the last of the `many` bytes `byte` before `at` stands, which have been counted.
    fn last(&self, many: usize, byte: u8, bytes: &[u8], at: usize) -> usize {
        let counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The first step with which all of them are counted holds the last of them.
        let step = counted.partition_point(|count| (*count as usize) < many);
        let start = step * Self::LEN;
        let found = bytes.get(start..at.min(start + Self::LEN));
        start + found.and_then(|step| memchr::memrchr(byte, step)).unwrap_or(0)
    }
}

/// How many characters start in `bytes` of a text.
fn count_characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
}

pub(crate) fn to_u32(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
