//! Values with places: what JSON and YAML have in common. No IAM here.
//!
//! A document is one flat list of nodes, each knowing where its subtree ends, so nothing that a file
//! says makes reading, walking or dropping it recursive.

pub mod embed;
mod error;
mod json;
mod yaml;

use std::borrow::Cow;
use std::sync::Arc;

pub use error::{SyntaxError, SyntaxErrorKind};

use crate::text::{SourceId, SourceMap, Span};

/// How deep values may be nested.
pub const MAX_DEPTH: usize = 128;

/// The notation of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// RFC 8259.
    Json,
    /// YAML 1.2.
    Yaml,
}

impl Syntax {
    /// The notation of a file: by its extension, else by its first character.
    pub fn guess(path: &str, text: &str) -> Self {
        let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
        if extension.eq_ignore_ascii_case("json") {
            return Self::Json;
        }
        if extension.eq_ignore_ascii_case("yaml") || extension.eq_ignore_ascii_case("yml") {
            return Self::Yaml;
        }
        match text.trim_start_matches('\u{FEFF}').trim_start().chars().next() {
            Some('{' | '[') | None => Self::Json,
            Some(_) => Self::Yaml,
        }
    }
}

/// Reads a text. YAML may hold several documents, JSON holds one.
///
/// # Errors
/// If the text is not well-formed, or nested too deeply.
pub fn parse(
    sources: &SourceMap,
    id: SourceId,
    syntax: Syntax,
) -> Result<Vec<Document>, SyntaxError> {
    match syntax {
        Syntax::Json => json::parse(sources.shared_text(id), id).map(|document| vec![document]),
        Syntax::Yaml => yaml::parse(&sources.shared_text(id), id),
    }
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A number.
    Number,
    /// A string.
    String,
    /// A list.
    Sequence,
    /// An object.
    Mapping,
}

/// How the text of a scalar is got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    /// The node's bytes are the text.
    Raw,
    /// The node's bytes without the quotes around them.
    Quoted,
    /// The same, with JSON escapes.
    Escaped,
    /// A place in the list of decoded texts.
    Decoded(u32),
}

#[derive(Clone, Copy, Debug)]
struct NodeData {
    kind: Kind,
    content: Content,
    start: u32,
    end: u32,
    /// The node after this one's subtree.
    next: u32,
}

/// A place in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

/// A key that stands twice in one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// The key.
    pub key: String,
    /// Where it stands first.
    pub first: Span,
    /// Where it stands again.
    pub again: Span,
}

/// One value with all that is in it.
#[derive(Debug)]
pub struct Document {
    source: SourceId,
    text: Arc<str>,
    syntax: Syntax,
    nodes: Vec<NodeData>,
    decoded: Vec<Box<str>>,
    duplicates: Vec<Duplicate>,
}

impl Document {
    fn new(source: SourceId, text: Arc<str>, syntax: Syntax) -> Self {
        Self {
            source,
            text,
            syntax,
            nodes: Vec::new(),
            decoded: Vec::new(),
            duplicates: Vec::new(),
        }
    }

    /// The outermost value.
    pub fn root(&self) -> Node<'_> {
        Node { document: self, id: NodeId(0) }
    }

    /// The value with the id `id`.
    pub fn node(&self, id: NodeId) -> Node<'_> {
        Node { document: self, id }
    }

    /// The text it was read from.
    pub fn source(&self) -> SourceId {
        self.source
    }

    /// The notation it was read from.
    pub fn syntax(&self) -> Syntax {
        self.syntax
    }

    /// Every key that stands twice in one object, in order.
    pub fn duplicates(&self) -> &[Duplicate] {
        &self.duplicates
    }

    fn data(&self, id: u32) -> NodeData {
        // INVARIANT: ids come from this document; one from another reads as null.
        let null = NodeData {
            kind: Kind::Null,
            content: Content::Raw,
            start: 0,
            end: 0,
            next: id.saturating_add(1),
        };
        self.nodes.get(id as usize).copied().unwrap_or(null)
    }

    fn content(&self, data: NodeData) -> Cow<'_, str> {
        let slice =
            |start: u32, end: u32| self.text.get(start as usize..end as usize).unwrap_or("");
        match data.content {
            Content::Raw => Cow::Borrowed(slice(data.start, data.end)),
            Content::Quoted => Cow::Borrowed(slice(data.start + 1, data.end.saturating_sub(1))),
            Content::Escaped => {
                Cow::Owned(json::unescape(slice(data.start + 1, data.end.saturating_sub(1))))
            }
            Content::Decoded(at) => {
                Cow::Borrowed(self.decoded.get(at as usize).map_or("", |text| text))
            }
        }
    }

    /// Notes every key that stands twice. Called once, when all nodes are there.
    fn find_duplicates(&mut self) {
        let mut found = Vec::new();
        for (at, data) in self.nodes.iter().enumerate() {
            if data.kind != Kind::Mapping {
                continue;
            }
            let id = NodeId(u32::try_from(at).unwrap_or(u32::MAX));
            let entries = Node { document: self, id }.entries();
            find_repeated(entries, &mut found);
        }
        found.sort_by_key(|duplicate| duplicate.again.start);
        self.duplicates = found;
    }
}

fn find_repeated(entries: Entries<'_>, found: &mut Vec<Duplicate>) {
    const FEW: usize = 12;
    let mut seen: Vec<(Cow<'_, str>, Span)> = Vec::new();
    let mut many: std::collections::HashMap<Cow<'_, str>, Span> = std::collections::HashMap::new();
    for Entry { key, key_span, .. } in entries {
        let first = if many.is_empty() {
            seen.iter().find(|(other, _)| *other == key).map(|(_, first)| *first)
        } else {
            many.get(&key).copied()
        };
        if let Some(first) = first {
            found.push(Duplicate { key: key.into_owned(), first, again: key_span });
        } else if many.is_empty() && seen.len() < FEW {
            seen.push((key, key_span));
        } else {
            many.extend(seen.drain(..));
            many.insert(key, key_span);
        }
    }
}

/// A value in a document.
#[derive(Clone, Copy, Debug)]
pub struct Node<'d> {
    document: &'d Document,
    id: NodeId,
}

impl<'d> Node<'d> {
    fn data(self) -> NodeData {
        self.document.data(self.id.0)
    }

    /// Its place in the document.
    pub fn id(self) -> NodeId {
        self.id
    }

    /// The document.
    pub fn document(self) -> &'d Document {
        self.document
    }

    /// What it is.
    pub fn kind(self) -> Kind {
        self.data().kind
    }

    /// Where it stands; a string with its quotes.
    pub fn span(self) -> Span {
        let data = self.data();
        Span { source: self.document.source, start: data.start, end: data.end }
    }

    /// Where the text of a string stands, without quotes.
    pub fn inner_span(self) -> Span {
        let (data, span) = (self.data(), self.span());
        let quoted = match data.content {
            Content::Quoted | Content::Escaped => true,
            Content::Decoded(_) => {
                let raw =
                    self.document.text.get(data.start as usize..data.end as usize).unwrap_or("");
                raw.len() >= 2 && raw.starts_with(['"', '\'']) && raw.ends_with(['"', '\''])
            }
            Content::Raw => false,
        };
        if quoted {
            Span { start: span.start + 1, end: span.end.saturating_sub(1), ..span }
        } else {
            span
        }
    }

    /// The text of a string.
    pub fn text(self) -> Option<Cow<'d, str>> {
        let data = self.data();
        (data.kind == Kind::String).then(|| self.document.content(data))
    }

    /// The text of a string, number or boolean: a number in its own spelling.
    pub fn scalar(self) -> Option<Cow<'d, str>> {
        let data = self.data();
        matches!(data.kind, Kind::String | Kind::Number | Kind::Bool)
            .then(|| self.document.content(data))
    }

    /// `true` or `false`.
    pub fn as_bool(self) -> Option<bool> {
        let data = self.data();
        (data.kind == Kind::Bool).then(|| self.document.content(data).eq_ignore_ascii_case("true"))
    }

    /// A whole number.
    pub fn as_i64(self) -> Option<i64> {
        let data = self.data();
        if data.kind != Kind::Number {
            return None;
        }
        self.document.content(data).parse().ok()
    }

    /// Whether it is `null`.
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    fn children(self, kind: Kind) -> (u32, u32) {
        let data = self.data();
        if data.kind == kind { (self.id.0 + 1, data.next) } else { (0, 0) }
    }

    /// The values of a list, in order; nothing if it is none.
    pub fn items(self) -> Items<'d> {
        let (at, end) = self.children(Kind::Sequence);
        Items { document: self.document, at, end }
    }

    /// The entries of an object in order, those with repeated keys too; nothing if it is none.
    pub fn entries(self) -> Entries<'d> {
        let (at, end) = self.children(Kind::Mapping);
        Entries { document: self.document, at, end }
    }

    /// The value of the first entry with the key `key`.
    pub fn get(self, key: &str) -> Option<Node<'d>> {
        let (mut at, end) = self.children(Kind::Mapping);
        while at < end {
            let data = self.document.data(at);
            let value = data.next;
            if self.document.content(data) == key {
                return Some(Node { document: self.document, id: NodeId(value) });
            }
            at = self.document.data(value).next;
        }
        None
    }
}

/// The values of a list.
#[derive(Clone, Debug)]
pub struct Items<'d> {
    document: &'d Document,
    at: u32,
    end: u32,
}

impl<'d> Iterator for Items<'d> {
    type Item = Node<'d>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.end {
            return None;
        }
        let id = NodeId(self.at);
        self.at = self.document.data(self.at).next;
        Some(Node { document: self.document, id })
    }
}

/// One key with its value.
#[derive(Clone, Debug)]
pub struct Entry<'d> {
    /// The key.
    pub key: Cow<'d, str>,
    /// Where the key stands; with its quotes.
    pub key_span: Span,
    /// The value.
    pub value: Node<'d>,
}

/// The entries of an object.
#[derive(Clone, Debug)]
pub struct Entries<'d> {
    document: &'d Document,
    at: u32,
    end: u32,
}

impl<'d> Iterator for Entries<'d> {
    type Item = Entry<'d>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.end {
            return None;
        }
        let key = Node { document: self.document, id: NodeId(self.at) };
        let value = Node { document: self.document, id: NodeId(key.data().next) };
        self.at = value.data().next;
        Some(Entry { key: self.document.content(key.data()), key_span: key.span(), value })
    }
}
