//! YAML 1.2 with the core schema, from `saphyr-parser`'s events.
//!
//! Its positions count characters and are converted here. Aliases are expanded by copying, up to a
//! limit; tags other than those of the core schema are errors.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

use crate::text::{SourceId, Span};

use super::error::{SyntaxError, SyntaxErrorKind as Error};
use super::{Content, Document, Kind, MAX_DEPTH, NodeData, Syntax};

/// How many values aliases may add to one text.
const MAX_ALIASED: usize = 100_000;

/// Reads every document of `text`.
pub(super) fn parse(text: &Arc<str>, source: SourceId) -> Result<Vec<Document>, SyntaxError> {
    let skipped = if text.starts_with('\u{FEFF}') { 3 } else { 0 };
    let body = text.get(skipped..).unwrap_or("");
    let mut builder = Builder {
        text,
        source,
        offsets: Offsets { text, ascii: text.is_ascii(), at: 0, byte: skipped, skipped },
        document: None,
        documents: Vec::new(),
        open: Vec::new(),
        anchors: HashMap::new(),
        aliased: 0,
    };
    builder.check_indentation(body, skipped)?;
    for event in Parser::new_from_str(body) {
        let (event, span) = match event {
            Ok(found) => found,
            Err(error) => {
                let at = builder.offsets.byte(error.marker().index());
                let kind = Error::Yaml { says: error.info().to_lowercase() };
                return Err(builder.error(kind, at, at));
            }
        };
        let start = builder.offsets.byte(span.start.index());
        let end = builder.offsets.byte(span.end.index());
        builder.event(event, start, end.max(start))?;
    }
    if builder.documents.is_empty() {
        return Err(builder.error(Error::Empty, 0, text.len()));
    }
    Ok(builder.documents)
}

/// From characters to bytes. Positions mostly grow, so the last one is kept.
struct Offsets<'t> {
    text: &'t str,
    ascii: bool,
    at: usize,
    byte: usize,
    skipped: usize,
}

impl Offsets<'_> {
    fn byte(&mut self, index: usize) -> usize {
        if self.ascii {
            return index.min(self.text.len());
        }
        if index < self.at {
            // Positions go back by a few characters at most.
            let before = self.text.get(..self.byte).unwrap_or("");
            let back = before.char_indices().rev().take(self.at - index).last();
            self.byte = back.map_or(self.skipped, |(at, _)| at).max(self.skipped);
        } else {
            let rest = self.text.get(self.byte..).unwrap_or("");
            let ahead = rest.char_indices().nth(index - self.at).map_or(rest.len(), |(at, _)| at);
            self.byte += ahead;
        }
        self.at = index;
        self.byte
    }
}

/// A collection that is being read.
struct Open {
    node: usize,
    kind: Kind,
    /// In a mapping: whether a key comes next.
    key: bool,
    anchor: usize,
}

struct Builder<'t> {
    text: &'t Arc<str>,
    source: SourceId,
    offsets: Offsets<'t>,
    document: Option<Document>,
    documents: Vec<Document>,
    open: Vec<Open>,
    /// Anchor to the range of its nodes.
    anchors: HashMap<usize, (usize, usize)>,
    aliased: usize,
}

impl Builder<'_> {
    fn error(&self, kind: Error, start: usize, end: usize) -> SyntaxError {
        let span = Span { source: self.source, start: to_u32(start), end: to_u32(end) };
        SyntaxError { kind, span, related: None }
    }

    /// The parser's words about tabs are hard to understand, so the common case is told here.
    fn check_indentation(&self, body: &str, skipped: usize) -> Result<(), SyntaxError> {
        // JSON may be indented with tabs, and so may what stands inside brackets.
        if body.trim_start().starts_with(['{', '['])
            || body.contains(['{', '[', '|', '>', '"', '\''])
        {
            return Ok(());
        }
        let mut at = skipped;
        for line in body.split_inclusive('\n') {
            let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
            let tab = line.get(..indent).and_then(|indent| indent.find('\t'));
            if let Some(tab) = tab.filter(|_| !line.trim().is_empty()) {
                return Err(self.error(Error::TabIndentation, at + tab, at + tab + 1));
            }
            at += line.len();
        }
        Ok(())
    }

    fn event(&mut self, event: Event<'_>, start: usize, end: usize) -> Result<(), SyntaxError> {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd => {}
            Event::DocumentStart(_) => {
                self.anchors.clear();
                self.document =
                    Some(Document::new(self.source, Arc::clone(self.text), Syntax::Yaml));
            }
            Event::DocumentEnd => {
                if let Some(mut document) =
                    self.document.take().filter(|document| !document.nodes.is_empty())
                {
                    document.find_duplicates();
                    self.documents.push(document);
                }
            }
            Event::Alias(anchor) => self.alias(anchor, start, end)?,
            Event::Scalar(text, style, anchor, tag) => {
                let at = self.nodes();
                self.scalar(&text, style, tag.as_deref(), start, end)?;
                self.define(anchor, at);
                self.item_read();
            }
            Event::SequenceStart(anchor, tag) => {
                self.open(Kind::Sequence, anchor, tag.as_deref(), start, end)?
            }
            Event::MappingStart(anchor, tag) => {
                self.open(Kind::Mapping, anchor, tag.as_deref(), start, end)?
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(end),
        }
        Ok(())
    }

    fn nodes(&self) -> usize {
        self.document.as_ref().map_or(0, |document| document.nodes.len())
    }

    fn define(&mut self, anchor: usize, first: usize) {
        if anchor > 0 {
            self.anchors.insert(anchor, (first, self.nodes()));
        }
    }

    /// A key or value is complete: the other comes next.
    fn item_read(&mut self) {
        if let Some(Open { kind: Kind::Mapping, key, .. }) = self.open.last_mut() {
            *key = !*key;
        }
    }

    fn expects_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { kind: Kind::Mapping, key: true, .. }))
    }

    fn push(&mut self, kind: Kind, content: Content, start: usize, end: usize) {
        if let Some(document) = &mut self.document {
            let next = to_u32(document.nodes.len() + 1);
            document.nodes.push(NodeData {
                kind,
                content,
                start: to_u32(start),
                end: to_u32(end),
                next,
            });
        }
    }

    fn open(
        &mut self,
        kind: Kind,
        anchor: usize,
        tag: Option<&Tag>,
        start: usize,
        end: usize,
    ) -> Result<(), SyntaxError> {
        if self.expects_key() {
            return Err(self.error(Error::KeyNotScalar, start, end.max(start)));
        }
        if self.open.len() == MAX_DEPTH {
            return Err(self.error(Error::TooDeep, start, end.max(start)));
        }
        if let Some(tag) = tag.filter(|tag| {
            !(tag.is_yaml_core_schema() && matches!(tag.suffix.as_str(), "map" | "seq"))
        }) {
            return Err(self.unknown_tag(tag, start));
        }
        self.open.push(Open { node: self.nodes(), kind, key: true, anchor });
        self.push(kind, Content::Raw, start, end);
        Ok(())
    }

    fn unknown_tag(&self, tag: &Tag, start: usize) -> SyntaxError {
        let name = format!("{}{}", tag.handle, tag.suffix);
        // The tag stands before the value that it belongs to.
        let before = self.text.get(..start).unwrap_or("");
        let place = before.rfind(&name).map_or((start, start), |at| (at, at + name.len()));
        self.error(Error::UnknownTag { tag: name }, place.0, place.1)
    }

    fn close(&mut self, end: usize) {
        let Some(Open { node, anchor, .. }) = self.open.pop() else { return };
        if let Some(document) = &mut self.document {
            let next = to_u32(document.nodes.len());
            let last = document.nodes.last().map_or(0, |last| last.end);
            let text = Arc::clone(&document.text);
            if let Some(data) = document.nodes.get_mut(node) {
                let bracketed =
                    matches!(text.as_bytes().get(data.start as usize), Some(b'{' | b'['));
                // A block ends with the last thing in it; the parser only notices later.
                data.end = if bracketed { to_u32(end) } else { last.max(data.start) };
                data.next = next;
            }
        }
        self.define(anchor, node);
        self.item_read();
    }

    fn alias(&mut self, anchor: usize, start: usize, end: usize) -> Result<(), SyntaxError> {
        let Some((first, after)) = self.anchors.get(&anchor).copied() else {
            let says = "the alias stands inside what it names".to_owned();
            return Err(self.error(Error::Yaml { says }, start, end));
        };
        self.aliased += after - first;
        if self.aliased > MAX_ALIASED {
            return Err(self.error(Error::TooManyAliased { most: MAX_ALIASED }, start, end));
        }
        let is_key = self.expects_key();
        let depth_left = MAX_DEPTH - self.open.len();
        if let Some(document) = &mut self.document {
            let copied: Vec<NodeData> = document.nodes.get(first..after).unwrap_or(&[]).to_vec();
            if is_key
                && copied
                    .first()
                    .is_none_or(|node| matches!(node.kind, Kind::Sequence | Kind::Mapping))
            {
                return Err(self.error(Error::KeyNotScalar, start, end));
            }
            if deepest(&copied, first) > depth_left {
                return Err(self.error(Error::TooDeep, start, end));
            }
            let shift = document.nodes.len() - first;
            document.nodes.extend(
                copied.into_iter().map(|node| NodeData { next: node.next + to_u32(shift), ..node }),
            );
        }
        self.item_read();
        Ok(())
    }

    fn scalar(
        &mut self,
        text: &Cow<'_, str>,
        style: ScalarStyle,
        tag: Option<&Tag>,
        start: usize,
        end: usize,
    ) -> Result<(), SyntaxError> {
        let raw = self.text.get(start..end).unwrap_or("");
        let raw_len = raw.trim_end().len();
        // The parser's end takes in the white space before the next token.
        let end = start + raw_len;
        let raw = self.text.get(start..end).unwrap_or("");
        let plain = style == ScalarStyle::Plain;
        let kind = match tag {
            None if plain => resolve(if raw.is_empty() { "" } else { text }),
            None => Kind::String,
            Some(tag) if tag.handle == "!" && tag.suffix.is_empty() => Kind::String,
            Some(tag) if tag.is_yaml_core_schema() => match tag.suffix.as_str() {
                "str" => Kind::String,
                "null" => Kind::Null,
                "bool" => Kind::Bool,
                "int" | "float" => Kind::Number,
                _ => return Err(self.unknown_tag(tag, start)),
            },
            Some(tag) => return Err(self.unknown_tag(tag, start)),
        };
        let inner = raw.get(1..raw.len().saturating_sub(1));
        let content = if raw == text.as_ref() || kind == Kind::Null {
            Content::Raw
        } else if !plain && inner == Some(text) && raw.starts_with(['"', '\'']) {
            Content::Quoted
        } else if let Some(document) = &mut self.document {
            document.decoded.push(text.as_ref().into());
            Content::Decoded(to_u32(document.decoded.len() - 1))
        } else {
            Content::Raw
        };
        self.push(kind, content, start, end);
        Ok(())
    }
}

/// How deep a copied range of nodes is; `base` is the id of its first.
fn deepest(nodes: &[NodeData], base: usize) -> usize {
    let mut ends: Vec<u32> = Vec::new();
    let mut most = 0;
    for (at, node) in nodes.iter().enumerate() {
        let id = to_u32(base + at);
        while ends.last().is_some_and(|end| *end <= id) {
            ends.pop();
        }
        if matches!(node.kind, Kind::Sequence | Kind::Mapping) {
            ends.push(node.next);
            most = most.max(ends.len());
        }
    }
    most
}

/// What a plain scalar is, by the core schema.
/// <https://yaml.org/spec/1.2.2/#103-core-schema>
fn resolve(text: &str) -> Kind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Kind::Null,
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => return Kind::Bool,
        ".inf" | ".Inf" | ".INF" | "-.inf" | "-.Inf" | "-.INF" | "+.inf" | "+.Inf" | "+.INF"
        | ".nan" | ".NaN" | ".NAN" => {
            return Kind::Number;
        }
        _ => {}
    }
    let digits =
        |text: &str, good: fn(&u8) -> bool| !text.is_empty() && text.as_bytes().iter().all(good);
    if let Some(rest) = text.strip_prefix("0o") {
        return if digits(rest, |byte| (b'0'..=b'7').contains(byte)) {
            Kind::Number
        } else {
            Kind::String
        };
    }
    if let Some(rest) = text.strip_prefix("0x") {
        return if digits(rest, u8::is_ascii_hexdigit) { Kind::Number } else { Kind::String };
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            (mantissa, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent)))
        }
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let good = all(whole) && all(fraction) && !(whole.is_empty() && fraction.is_empty());
    let exponent_good = exponent.is_none_or(|exponent| digits(exponent, u8::is_ascii_digit));
    if good && exponent_good { Kind::Number } else { Kind::String }
}

fn to_u32(number: usize) -> u32 {
    // INVARIANT: no source is larger than 4 GiB.
    u32::try_from(number).unwrap_or(u32::MAX)
}
