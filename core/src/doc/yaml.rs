//! YAML 1.2 with the core schema, from `saphyr-parser`'s events.
//!
//! Its positions count characters, and its ends take in the space that follows; both are set right
//! here. Aliases are expanded by copying, up to a limit; tags other than those of the core schema and
//! CloudFormation's functions are errors.

mod functions;
mod offsets;
mod place;
mod scalar;
mod slips;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

use crate::text::{SourceId, Span};

use super::error::{SyntaxError, SyntaxErrorKind as Error};
use super::{Content, Document, Kind, MAX_DEPTH, NodeData, Style, Syntax, duplicates, json};
use offsets::Offsets;

/// How many values aliases may add to one text.
const MAX_ALIASED: usize = 100_000;
/// How many bytes of text aliases may repeat: who decodes each copy shall not fill the memory.
const MAX_ALIASED_TEXT: usize = 16 << 20;
/// How many documents one text may hold.
const MAX_DOCUMENTS: usize = 100_000;

/// Reads every document of `text`.
pub(super) fn parse(text: &Arc<String>, source: SourceId) -> Result<Vec<Document>, SyntaxError> {
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
        aliased_text: 0,
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
    /// Whether it is what the tag of a function is about.
    of_function: bool,
}

struct Builder<'t> {
    text: &'t Arc<String>,
    source: SourceId,
    document: Option<Document>,
    documents: Vec<Document>,
    open: Vec<Open>,
    /// Anchor to the range of its nodes.
    anchors: HashMap<usize, (usize, usize)>,
    aliased: usize,
    aliased_text: usize,
    /// The end of the last thing that was read.
    reached: usize,
}

impl Builder<'_> {
    fn error(&self, kind: Error, start: usize, end: usize) -> SyntaxError {
        let span = Span { source: self.source, start: to_u32(start), end: to_u32(end.max(start)) };
        SyntaxError { kind, span, related: None }
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
                let function = tag.as_deref().and_then(functions::long);
                if let Some(name) = function {
                    self.open_function(name, anchor, start, end)?;
                }
                let at = self.nodes();
                self.scalar(&text, style, anchor, tag.as_deref(), start, end)?;
                if function.is_none() {
                    self.define(anchor, at);
                }
                self.item_read();
                if function.is_some() {
                    self.close_function();
                }
            }
            Event::SequenceStart(anchor, tag) => {
                self.collection(Kind::Sequence, anchor, tag.as_deref(), start, end)?;
            }
            Event::MappingStart(anchor, tag) => {
                self.collection(Kind::Mapping, anchor, tag.as_deref(), start, end)?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let of_function = self.open.last().is_some_and(|open| open.of_function);
                self.close(start);
                if of_function {
                    self.close_function();
                }
            }
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

    /// Opens a list or object, in one for the function that its tag names.
    fn collection(
        &mut self,
        kind: Kind,
        anchor: usize,
        tag: Option<&Tag>,
        start: usize,
        end: usize,
    ) -> Result<(), SyntaxError> {
        let Some(name) = tag.and_then(functions::long) else {
            return self.open(kind, anchor, tag, start, end);
        };
        let (own, own_end) = self.without_properties(anchor, tag, start, end);
        self.open_function(name, anchor, start, own_end)?;
        self.open(kind, 0, None, own, own_end)?;
        if let Some(open) = self.open.last_mut() {
            open.of_function = true;
        }
        Ok(())
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
        let node = self.nodes();
        self.open.push(Open { node, kind, flow, key: true, anchor, of_function: false });
        self.push(kind, Content::Raw, 0, start, end);
        Ok(())
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
        let too_many = self.error(Error::TooManyAliased { most: MAX_ALIASED }, start, end);
        self.aliased += after - first;
        if self.aliased > MAX_ALIASED {
            return Err(too_many);
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
            let scalars = copied.iter().filter(|node| !is_collection(node));
            self.aliased_text +=
                scalars.map(|node| (node.end - node.start) as usize).sum::<usize>();
            if self.aliased_text > MAX_ALIASED_TEXT {
                return Err(too_many);
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
            Some(tag) if functions::long(tag).is_some() => Kind::String,
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
