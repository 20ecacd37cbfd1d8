//! YAML 1.2 with the core schema, from `saphyr-parser`'s events.
//!
//! Its positions count characters, and its ends take in the space that follows; both are set right
//! here. Aliases are expanded by copying, up to a limit; tags other than those of the core schema are
//! errors.

mod offsets;
mod scalar;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Tag};

use crate::text::{SourceId, Span};

use super::error::{SyntaxError, SyntaxErrorKind as Error};
use super::{Content, Document, Kind, MAX_DEPTH, NodeData, Style, Syntax, duplicates, json};
use offsets::Offsets;

/// How many values aliases may add to one text.
const MAX_ALIASED: usize = 100_000;
/// How many documents one text may hold.
const MAX_DOCUMENTS: usize = 100_000;
/// The parser keeps every token of an outermost flow collection, about 250 bytes for each of its
/// indicators; so many of them may stand between two lines that are not indented.
const MAX_INDICATORS: usize = 1_000_000;

/// Reads every document of `text`.
pub(super) fn parse(text: &Arc<str>, source: SourceId) -> Result<Vec<Document>, SyntaxError> {
    let first = if text.starts_with('\u{FEFF}') { 3 } else { 0 };
    let body = text.get(first..).unwrap_or("");
    // JSON is YAML, and its own parser is much quicker and needs less memory.
    if body.trim_start().starts_with(['{', '['])
        && let Ok(document) = json::parse(Arc::clone(text), source)
    {
        return Ok(vec![Document { syntax: Syntax::Yaml, ..document }]);
    }
    let mut builder = Builder {
        text,
        source,
        document: None,
        documents: Vec::new(),
        open: Vec::new(),
        anchors: HashMap::new(),
        aliased: 0,
        reached: 0,
    };
    builder.check_characters()?;
    builder.check_size()?;
    let mut offsets = Offsets::new(text, first);
    for event in Parser::new_from_str(body) {
        let (event, span) = match event {
            Ok(found) => found,
            Err(error) => {
                let at = offsets.byte(error.marker().index());
                return Err(builder.parser_error(&error, at));
            }
        };
        let start = offsets.byte(span.start.index());
        let end = offsets.byte(span.end.index()).max(start);
        builder.event(event, start, end)?;
    }
    if builder.documents.is_empty() {
        return Err(builder.error(Error::Empty, 0, text.len()));
    }
    Ok(builder.documents)
}

/// A collection that is being read.
struct Open {
    node: usize,
    kind: Kind,
    /// Whether brackets are around it.
    flow: bool,
    /// In a mapping: whether a key comes next.
    key: bool,
    anchor: usize,
}

struct Builder<'t> {
    text: &'t Arc<str>,
    source: SourceId,
    document: Option<Document>,
    documents: Vec<Document>,
    open: Vec<Open>,
    /// Anchor to the range of its nodes.
    anchors: HashMap<usize, (usize, usize)>,
    aliased: usize,
    /// The end of the last thing that was read.
    reached: usize,
}

impl Builder<'_> {
    fn error(&self, kind: Error, start: usize, end: usize) -> SyntaxError {
        let span = Span { source: self.source, start: to_u32(start), end: to_u32(end.max(start)) };
        SyntaxError { kind, span, related: None }
    }

    /// To the parser a NUL ends the text, so what YAML forbids is refused before.
    fn check_characters(&self) -> Result<(), SyntaxError> {
        let forbidden = |byte: &u8| matches!(byte, 0..=8 | 0x0B | 0x0C | 0x0E..=0x1F | 0x7F);
        match self.text.as_bytes().iter().position(forbidden) {
            Some(at) => Err(self.error(Error::ControlCharacter, at, at + 1)),
            None => Ok(()),
        }
    }

    fn check_size(&self) -> Result<(), SyntaxError> {
        let (mut count, mut at, mut outermost) = (0, 0, false);
        for line in self.text.split_inclusive('\n') {
            let document = line.strip_prefix("---").is_some_and(|rest| !rest.trim().is_empty());
            outermost |= document || line.starts_with(['[', '{', '&', '!', '\u{FEFF}']);
            // A flow collection inside a block is indented, so it ends before a line that is not.
            if !outermost && !line.starts_with([' ', '\t', '#', '\r', '\n']) {
                count = 0;
            }
            let indicator = |byte: &u8| matches!(byte, b',' | b'[' | b'{' | b':' | b'?');
            count += line.as_bytes().iter().filter(|byte| indicator(byte)).count();
            if count > MAX_INDICATORS {
                return Err(self.error(Error::TooLargeYaml, at, at + line.trim_end().len()));
            }
            at += line.len();
        }
        Ok(())
    }

    /// What the parser says, in our words where they help.
    fn parser_error(&self, error: &ScanError, at: usize) -> SyntaxError {
        let says = error.info();
        let rest = self.text.get(at..).unwrap_or("");
        let mut len = rest.chars().next().map_or(0, char::len_utf8);
        let kind = if let Some(tab) = self.indenting_tab(at) {
            return self.error(Error::TabIndentation, tab, tab + 1);
        } else if says.contains("unknown anchor") {
            let ends = |c: char| c.is_whitespace() || ",[]{}".contains(c);
            len = rest.find(ends).unwrap_or(rest.len());
            Error::UnknownAlias
        } else if says.contains("recursion limit") {
            Error::TooDeep
        } else {
            Error::Yaml { says: says.to_lowercase() }
        };
        self.error(kind, at, at + len)
    }

    /// The tab in the indentation of the line of `at`, or of one beside it.
    fn indenting_tab(&self, at: usize) -> Option<usize> {
        let before = self.text.get(..at)?;
        let this = before.rfind('\n').map_or(0, |end| end + 1);
        let previous = before
            .get(..this.saturating_sub(1))
            .and_then(|text| text.rfind('\n'))
            .map_or(0, |end| end + 1);
        let next = self.text.get(at..).and_then(|rest| rest.find('\n')).map(|end| at + end + 1);
        [Some(this), next, Some(previous)].into_iter().flatten().find_map(|start| {
            let rest = self.text.get(start..)?;
            let indent = rest.len() - rest.trim_start_matches([' ', '\t']).len();
            rest.get(..indent)?.find('\t').map(|tab| start + tab)
        })
    }

    fn event(&mut self, event: Event<'_>, start: usize, end: usize) -> Result<(), SyntaxError> {
        match event {
            Event::DocumentStart(_) => {
                if self.documents.len() == MAX_DOCUMENTS {
                    return Err(self.error(Error::TooLargeYaml, start, end));
                }
                self.anchors.clear();
                self.document =
                    Some(Document::new(self.source, Arc::clone(self.text), Syntax::Yaml));
            }
            Event::DocumentEnd => {
                if let Some(mut document) =
                    self.document.take().filter(|document| !document.nodes.is_empty())
                {
                    document.duplicates.sort_by_key(|duplicate| duplicate.again.start);
                    self.documents.push(document);
                }
            }
            Event::Alias(anchor) => self.alias(anchor, start, end)?,
            Event::Scalar(text, style, anchor, tag) => {
                let at = self.nodes();
                self.scalar(&text, style, anchor, tag.as_deref(), start, end)?;
                self.define(anchor, at);
                self.item_read();
            }
            Event::SequenceStart(anchor, tag) => {
                self.open(Kind::Sequence, anchor, tag.as_deref(), start, end)?;
            }
            Event::MappingStart(anchor, tag) => {
                self.open(Kind::Mapping, anchor, tag.as_deref(), start, end)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(start),
            _ => {}
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

    fn push(&mut self, kind: Kind, content: Content, link: u32, start: usize, end: usize) {
        self.reached = self.reached.max(end);
        if let Some(document) = &mut self.document {
            let (start, end) = (to_u32(start), to_u32(end));
            document.nodes.push(NodeData { start, end, link, kind, content });
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
        let flow_end = end;
        let (start, end) = self.without_properties(anchor, tag, start, end);
        if self.expects_key() {
            return Err(self.error(Error::KeyNotScalar, start, end));
        }
        if self.open.len() == MAX_DEPTH {
            return Err(self.error(Error::TooDeep, start, end));
        }
        let own = if kind == Kind::Mapping { "map" } else { "seq" };
        if let Some(tag) = tag.filter(|tag| !(tag.is_yaml_core_schema() && tag.suffix == own)) {
            return Err(self.unknown_tag(tag, start));
        }
        let flow = flow_end > start && matches!(self.text.as_bytes().get(start), Some(b'{' | b'['));
        self.open.push(Open { node: self.nodes(), kind, flow, key: true, anchor });
        self.push(kind, Content::Raw, 0, start, end);
        Ok(())
    }

    /// The value alone: the parser lets it start at its anchor or tag.
    fn without_properties(
        &self,
        anchor: usize,
        tag: Option<&Tag>,
        start: usize,
        end: usize,
    ) -> (usize, usize) {
        if anchor == 0 && tag.is_none() {
            return (start, end);
        }
        let rest = self.text.get(start..).unwrap_or("");
        let start = start + scalar::properties_len(rest);
        (start, end.max(start))
    }

    fn unknown_tag(&self, tag: &Tag, start: usize) -> SyntaxError {
        let name = match tag.is_yaml_core_schema() {
            true => format!("!!{}", tag.suffix),
            false => format!("{}{}", tag.handle, tag.suffix),
        };
        // The tag stands before the value that it belongs to.
        let before = self.text.get(..start).unwrap_or("");
        let at = before.rfind('!').map_or(start, |at| {
            before.get(..at).map_or(at, |text| text.trim_end_matches('!').len())
        });
        let len = self
            .text
            .get(at..start)
            .map_or(0, |text| text.find(char::is_whitespace).unwrap_or(text.len()));
        self.error(Error::UnknownTag { tag: name }, at, at + len)
    }

    /// `end` is where the bracket stands, if there is one.
    fn close(&mut self, end: usize) {
        let Some(Open { node, kind, flow, anchor, .. }) = self.open.pop() else { return };
        if let Some(document) = &mut self.document {
            let nodes = document.nodes.len();
            if flow {
                self.reached = end + 1;
            }
            if let Some(data) = document.nodes.get_mut(node) {
                // A block ends with the last thing in it; the parser only notices later.
                data.end = to_u32(self.reached).max(data.start);
                data.link = to_u32(nodes);
            }
            if kind == Kind::Mapping {
                let mut found = Vec::new();
                duplicates::find_in(document, node, &mut Vec::new(), &mut found);
                document.duplicates.append(&mut found);
            }
        }
        self.define(anchor, node);
        self.item_read();
    }

    fn alias(&mut self, anchor: usize, start: usize, end: usize) -> Result<(), SyntaxError> {
        let Some((first, after)) = self.anchors.get(&anchor).copied() else {
            return Err(self.error(Error::UnknownAlias, start, end));
        };
        self.aliased += after - first;
        if self.aliased > MAX_ALIASED {
            return Err(self.error(Error::TooManyAliased { most: MAX_ALIASED }, start, end));
        }
        self.reached = end;
        let is_key = self.expects_key();
        let depth_left = MAX_DEPTH - self.open.len();
        if let Some(document) = &mut self.document {
            let mut copied: Vec<NodeData> =
                document.nodes.get(first..after).unwrap_or(&[]).to_vec();
            let is_collection =
                |node: &NodeData| matches!(node.kind, Kind::Sequence | Kind::Mapping);
            if is_key && copied.first().is_none_or(is_collection) {
                return Err(self.error(Error::KeyNotScalar, start, end));
            }
            if deepest(&copied, first) > depth_left {
                return Err(self.error(Error::TooDeep, start, end));
            }
            let shift = to_u32(document.nodes.len() - first);
            for node in copied.iter_mut().filter(|node| is_collection(node)) {
                node.link += shift;
            }
            document.nodes.append(&mut copied);
        }
        self.item_read();
        Ok(())
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        start: usize,
        end: usize,
    ) -> Result<(), SyntaxError> {
        let (start, end) = self.scalar_place(text, style, anchor, tag, start, end);
        let kind = match tag {
            None if style == ScalarStyle::Plain => scalar::resolve(text),
            None => Kind::String,
            // The non-specific tag, as the parser has it.
            Some(tag) if tag.handle.is_empty() && tag.suffix == "!" => Kind::String,
            Some(tag) if tag.is_yaml_core_schema() => {
                let resolved = scalar::resolve(text);
                match (tag.suffix.as_str(), resolved) {
                    ("str", _) => Kind::String,
                    ("null", Kind::Null)
                    | ("bool", Kind::Bool)
                    | ("int" | "float", Kind::Number) => resolved,
                    ("null" | "bool" | "int" | "float", _) => {
                        let tag = format!("!!{}", tag.suffix);
                        return Err(self.error(Error::TagUnfit { tag }, start, end));
                    }
                    _ => return Err(self.unknown_tag(tag, start)),
                }
            }
            Some(tag) => return Err(self.unknown_tag(tag, start)),
        };
        let raw = self.text.get(start..end).unwrap_or("");
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::Single,
            ScalarStyle::DoubleQuoted => Style::Double,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
        };
        let quoted = matches!(style, Style::Single | Style::Double);
        let inner = raw.get(1..raw.len().saturating_sub(1));
        let (content, link) = if !quoted && raw == text {
            (Content::Raw, 0)
        } else if quoted && inner == Some(text) {
            (Content::Quoted, 0)
        } else if let Some(document) = &mut self.document {
            document.decoded.push(text.into());
            (Content::Decoded(style), to_u32(document.decoded.len() - 1))
        } else {
            return Ok(());
        };
        self.push(kind, content, link, start, end);
        Ok(())
    }

    /// Where a scalar stands: with its quotes, without tag and anchor, without the header of a block
    /// scalar, and without the space behind it.
    fn scalar_place(
        &self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        start: usize,
        end: usize,
    ) -> (usize, usize) {
        let slice = |start: usize, end: usize| self.text.get(start..end).unwrap_or("");
        if style == ScalarStyle::Plain && text.is_empty() {
            // What is not there stands behind its tag or its key.
            let end = if anchor > 0 || tag.is_some() { end } else { start };
            let at = slice(0, end).trim_end().len();
            return (at, at);
        }
        let (mut start, end) = self.without_properties(anchor, tag, start, end);
        match style {
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
                (start, start + scalar::quoted_len(slice(start, self.text.len())))
            }
            ScalarStyle::Plain => (start, start + slice(start, end).trim_end().len()),
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let has_header =
                    (anchor > 0 || tag.is_some()) && slice(start, end).starts_with(['|', '>']);
                if has_header {
                    // The first line with something in it; its indentation is not content.
                    let body = slice(start, end).find('\n').map_or(end, |line| start + line + 1);
                    let blank = slice(body, end);
                    let blank = blank.len() - blank.trim_start().len();
                    let line = slice(body, body + blank).rfind('\n').map_or(0, |line| line + 1);
                    start = body + line;
                    let spaces = slice(start, end);
                    start += spaces.len() - spaces.trim_start_matches(' ').len();
                }
                if text.trim_start_matches('\n').is_empty() {
                    // Nothing but line breaks: the parser has gone on to the next token.
                    let at = slice(0, start).trim_end().len();
                    return (at, at);
                }
                // Up to the end of the last line with something in it.
                let last = start + slice(start, end).trim_end().len();
                let rest = slice(last, end);
                (start, last + rest.find(['\n', '\r']).unwrap_or(rest.len()))
            }
        }
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
            ends.push(node.link);
            most = most.max(ends.len());
        }
    }
    most
}

fn to_u32(number: usize) -> u32 {
    // INVARIANT: no source is larger than 4 GiB.
    u32::try_from(number).unwrap_or(u32::MAX)
}
