//! Documents of values that were worked out: what a template comes to, with every value at the place
//! in the file that it comes from, and holes where it cannot be said.

use std::sync::Arc;

use crate::text::{SegmentMap, SourceId, SourceMap, Span};

use super::duplicates;
use super::hole::{Hole, Missing};
use super::{Content, Document, Kind, MAX_DEPTH, NodeData, Syntax, embed};
use super::{Node, NodeId};

/// A text put together from pieces, each of which knows its place in the file.
#[derive(Clone, Debug)]
pub struct Text {
    text: String,
    holes: Vec<Missing>,
    map: SegmentMap,
    source: SourceId,
}

impl Text {
    /// An empty text; its pieces stand in `source`.
    pub fn new(source: SourceId) -> Self {
        Self { text: String::new(), holes: Vec::new(), map: SegmentMap::default(), source }
    }

    /// A text that stands for what is at `span`.
    pub fn standing_for(text: &str, span: Span) -> Self {
        let mut all = Self::new(span.source);
        all.push_atom(text, span);
        all
    }

    /// A text of which nothing is known.
    pub fn unknown(hole: &Arc<Hole>, span: Span) -> Self {
        let mut all = Self::new(span.source);
        all.push_hole(hole, span);
        all
    }

    /// The text of a string, number or boolean, piece by piece at its place.
    pub fn of(node: Node<'_>) -> Option<Self> {
        let source = node.document().source;
        if let Some(text) = built(node) {
            return Some(text.clone());
        }
        let text = node.scalar()?.into_owned();
        let map = embed::map_of(node);
        Some(Self { holes: node.holes(), text, map, source })
    }

    /// The text; where something is missing, the name of that.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What is missing, in order.
    pub fn holes(&self) -> &[Missing] {
        &self.holes
    }

    /// The text, if nothing is missing.
    pub fn known(&self) -> Option<&str> {
        self.holes.is_empty().then_some(self.text.as_str())
    }

    /// The source in which its pieces stand.
    pub fn source(&self) -> SourceId {
        self.source
    }

    /// Adds bytes that stand in the source as they are.
    pub fn push_verbatim(&mut self, text: &str, start: usize) {
        self.map.push_verbatim(text.len(), start);
        self.text.push_str(text);
    }

    /// Adds what the bytes at `span` stand for.
    pub fn push_atom(&mut self, text: &str, span: Span) {
        self.map.push_atom(text.len(), span.start as usize, (span.end - span.start) as usize);
        self.text.push_str(text);
    }

    /// Adds what is missing at `span`.
    pub fn push_hole(&mut self, hole: &Arc<Hole>, span: Span) {
        let start = self.text.len();
        // What has no name still has to be seen.
        let name = if hole.name.is_empty() { "?" } else { &hole.name };
        self.push_atom(name, span);
        self.holes.push(Missing { start, end: self.text.len(), hole: Arc::clone(hole) });
    }

    /// Adds another text. If that is of another source, it stands for what is at `span`.
    pub fn push_text(&mut self, other: &Self, span: Span) {
        let start = self.text.len();
        if other.source == self.source {
            self.map.append(&other.map);
            self.text.push_str(&other.text);
        } else {
            self.push_atom(&other.text, span);
        }
        let moved = other.holes.iter().map(|one| one.at(start + one.start, start + one.end));
        self.holes.extend(moved);
    }

    /// A part of the text. What is missing has to be in it as a whole.
    #[must_use]
    pub fn slice(&self, start: usize, end: usize) -> Self {
        let text = self.text.get(start..end).unwrap_or("").to_owned();
        let inside = self.holes.iter().filter(|one| start <= one.start && one.end <= end);
        let holes = inside.map(|one| one.at(one.start - start, one.end - start)).collect();
        Self { text, holes, map: self.map.slice(start, end), source: self.source }
    }

    /// The same text at one place.
    #[must_use]
    pub fn moved(&self, span: Span) -> Self {
        let mut map = SegmentMap::default();
        map.push_atom(self.text.len(), span.start as usize, (span.end - span.start) as usize);
        Self { text: self.text.clone(), holes: self.holes.clone(), map, source: span.source }
    }

    /// Where a part of the text stands.
    pub fn place(&self, start: usize, end: usize) -> Span {
        let to_u32 = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let (start, end) = self.map.to_host(to_u32(start), to_u32(end));
        Span { source: self.source, start, end }
    }

    /// Makes the text a source of its own, whose places lead back to the file.
    pub fn embed(&self, sources: &mut SourceMap) -> SourceId {
        let host = self.place(0, self.text.len());
        sources.add_embedded(host, self.text.clone(), self.map.clone())
    }
}

/// The text that a node was built with.
pub(super) fn built(node: Node<'_>) -> Option<&Text> {
    let data = node.data();
    let is_built = data.content == Content::Built && data.kind == Kind::String;
    is_built.then(|| node.document.texts.get(data.link as usize)).flatten()
}

/// A value and the place that it comes from.
#[derive(Clone, Debug)]
pub struct Placed {
    /// The value.
    pub value: Value,
    /// Its place.
    pub span: Span,
}

/// A value that was worked out.
#[derive(Clone, Debug)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number in its spelling.
    Number(String),
    /// A text.
    Text(Text),
    /// A list.
    List(Vec<Placed>),
    /// An object: keys with their places, and values.
    Map(Vec<(Text, Span, Placed)>),
    /// Not known; where it can only be one of these, they are listed.
    Unknown(Arc<Hole>, Vec<Placed>),
}

impl Placed {
    /// A value of which nothing is known.
    pub fn unknown(hole: Hole, span: Span) -> Self {
        Self { value: Value::Unknown(Arc::new(hole), Vec::new()), span }
    }

    /// A text at its place.
    pub fn text(text: Text, span: Span) -> Self {
        Self { value: Value::Text(text), span }
    }

    /// The same value, and all in it, at one place.
    #[must_use]
    pub fn moved_to(self, span: Span) -> Self {
        let value = match self.value {
            Value::Text(text) => Value::Text(text.moved(span)),
            Value::List(items) => {
                Value::List(items.into_iter().map(|item| item.moved_to(span)).collect())
            }
            Value::Map(entries) => Value::Map(
                (entries.into_iter())
                    .map(|(key, _, value)| (key.moved(span), span, value.moved_to(span)))
                    .collect(),
            ),
            Value::Unknown(hole, either) => {
                Value::Unknown(hole, either.into_iter().map(|one| one.moved_to(span)).collect())
            }
            other => other,
        };
        Self { value, span }
    }

    /// The value of the first entry `key`.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Value::Map(entries) = &self.value else { return None };
        entries.iter().find(|(name, ..)| name.known() == Some(key)).map(|(.., value)| value)
    }

    /// The text, if it is one and nothing of it is missing.
    pub fn known(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => text.known(),
            Value::Number(number) => Some(number),
            Value::Bool(yes) => Some(if *yes { "true" } else { "false" }),
            _ => None,
        }
    }

    /// It as a text; numbers and booleans have one too, and what is unknown has a missing one.
    pub fn as_text(&self) -> Option<Text> {
        match &self.value {
            Value::Text(text) => Some(text.clone()),
            Value::Number(_) | Value::Bool(_) => {
                Some(Text::standing_for(self.known().unwrap_or_default(), self.span))
            }
            Value::Unknown(hole, _) => Some(Text::unknown(hole, self.span)),
            _ => None,
        }
    }

    /// The items of a list.
    pub fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The document that is this value. Its places are in the source of the outermost value; what
    /// comes from elsewhere stands where it is used.
    pub fn document(&self, sources: &SourceMap) -> Document {
        let source = self.span.source;
        let mut document = Document::new(source, sources.shared_text(source), Syntax::Json);
        document.push(self, self.span, 0);
        document.duplicates = duplicates::find(&document);
        document
    }
}

impl Document {
    fn add(&mut self, kind: Kind, content: Content, link: usize, span: Span) -> usize {
        let link = u32::try_from(link).unwrap_or(u32::MAX);
        self.nodes.push(NodeData { start: span.start, end: span.end, link, kind, content });
        self.nodes.len() - 1
    }

    fn add_text(&mut self, text: &Text, span: Span) {
        self.texts.push(text.clone());
        self.add(Kind::String, Content::Built, self.texts.len() - 1, span);
    }

    fn push(&mut self, placed: &Placed, around: Span, depth: usize) {
        let span = if placed.span.source == self.source { placed.span } else { around };
        let children = match &placed.value {
            Value::Null => {
                self.add(Kind::Null, Content::Raw, 0, span);
                return;
            }
            Value::Bool(_) | Value::Number(_) => {
                let kind =
                    if matches!(placed.value, Value::Bool(_)) { Kind::Bool } else { Kind::Number };
                self.decoded.push(placed.known().unwrap_or_default().into());
                let content = Content::Decoded(super::Style::Plain);
                self.add(kind, content, self.decoded.len() - 1, span);
                return;
            }
            Value::Text(text) => return self.add_text(text, span),
            Value::List(_) => Kind::Sequence,
            Value::Map(_) => Kind::Mapping,
            Value::Unknown(..) => Kind::Unknown,
        };
        let at = self.add(children, Content::Raw, 0, span);
        // INVARIANT: what makes values keeps to the limit; what should not is cut off here.
        if depth < MAX_DEPTH {
            match &placed.value {
                Value::List(items) => {
                    items.iter().for_each(|item| self.push(item, span, depth + 1));
                }
                Value::Map(entries) => {
                    for (key, key_span, value) in entries {
                        let place = if key_span.source == self.source { *key_span } else { span };
                        self.add_text(key, place);
                        self.push(value, span, depth + 1);
                    }
                }
                Value::Unknown(hole, either) => {
                    self.unknown
                        .push((NodeId(u32::try_from(at).unwrap_or(u32::MAX)), Arc::clone(hole)));
                    either.iter().for_each(|one| self.push(one, span, depth + 1));
                }
                _ => {}
            }
        }
        let end = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        if let Some(node) = self.nodes.get_mut(at) {
            node.link = end;
        }
    }
}
