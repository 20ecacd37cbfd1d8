//! Values with places: what JSON and YAML have in common. No IAM here.
//!
//! A document is one flat list of nodes, each knowing where its subtree ends, so nothing that a file
//! says makes reading, walking or dropping it recursive.

pub mod build;
mod duplicates;
pub mod embed;
mod error;
mod hole;
mod json;
mod node;
#[cfg(test)]
mod tests;
mod yaml;

use std::borrow::Cow;
use std::sync::Arc;

pub use duplicates::Duplicate;
pub use error::{SyntaxError, SyntaxErrorKind};
pub use hole::{Hole, Missing};
pub use node::{Entries, Entry, Items, Node, NodeId};

use crate::text::{SourceId, SourceMap};

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

/// Reads a text of which little will be asked. What it says is the same as with [`parse`], at once
/// and later; but the objects in the outermost object's lists are only passed over, and found in
/// the text when somebody asks for them, so each question costs more and the whole far less.
///
/// # Errors
/// The same as those of [`parse`].
pub fn parse_outline(
    sources: &SourceMap,
    id: SourceId,
    syntax: Syntax,
) -> Result<Vec<Document>, SyntaxError> {
    match syntax {
        Syntax::Json => json::outline(sources.shared_text(id), id).map(|document| vec![document]),
        Syntax::Yaml => parse(sources, id, syntax),
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
    /// Not known, of whatever kind. Its items are what it can only be, where that is known.
    Unknown,
}

/// How the text of a scalar is got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    /// The node's bytes are the text.
    Raw,
    /// The node's bytes without the quotes around them.
    Quoted,
    /// The same, with JSON's escapes.
    Escaped,
    /// In the list of decoded texts: YAML in the notation given.
    Decoded(Style),
    /// An object or list whose values have no nodes of their own.
    Unread,
    /// In the list of texts that were put together.
    Built,
}

/// The notations of YAML in which the bytes are not the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Plain,
    Single,
    Double,
    Literal,
    Folded,
}

#[derive(Clone, Copy, Debug)]
struct NodeData {
    start: u32,
    end: u32,
    /// Of a list or object: the node after its subtree. Of a scalar: where its text is in the list
    /// of decoded texts, if it is there.
    link: u32,
    kind: Kind,
    content: Content,
}

impl NodeData {
    /// The node after the subtree of this one, which is at `at`.
    fn next(self, at: u32) -> u32 {
        match self.kind {
            Kind::Sequence | Kind::Mapping | Kind::Unknown if self.content != Content::Unread => {
                self.link
            }
            _ => at.saturating_add(1),
        }
    }
}

/// One value with all that is in it.
#[derive(Debug)]
pub struct Document {
    source: SourceId,
    text: Arc<String>,
    syntax: Syntax,
    nodes: Vec<NodeData>,
    decoded: Vec<Box<str>>,
    duplicates: Vec<Duplicate>,
    /// Texts that were put together.
    texts: Vec<build::Text>,
    /// What is missing in the text that the document was read from.
    missing: Vec<Missing>,
    /// What each unknown value is, by node.
    unknown: Vec<(NodeId, Arc<Hole>)>,
}

impl Document {
    fn new(source: SourceId, text: Arc<String>, syntax: Syntax) -> Self {
        Self {
            source,
            text,
            syntax,
            nodes: Vec::new(),
            decoded: Vec::new(),
            duplicates: Vec::new(),
            texts: Vec::new(),
            missing: Vec::new(),
            unknown: Vec::new(),
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

    /// Whether it is JSON as it stands, so that the kind of a value is what reaches a reader.
    pub fn is_verbatim(&self) -> bool {
        self.syntax == Syntax::Json && self.texts.is_empty() && self.decoded.is_empty()
    }

    /// Every key that stands twice in one object, in order.
    pub fn duplicates(&self) -> &[Duplicate] {
        &self.duplicates
    }

    /// The value `id` with all that is in it as a document of its own, where this one has only
    /// passed over it.
    pub fn read(&self, id: NodeId) -> Option<Self> {
        let data = self.data(id.0);
        let passed_over = data.content == Content::Unread;
        passed_over.then(|| json::part(&self.text, self.source, data)).flatten()
    }

    /// Whether anything in it is not known.
    pub fn has_holes(&self) -> bool {
        !self.unknown.is_empty()
            || !self.missing.is_empty()
            || self.texts.iter().any(|text| !text.holes().is_empty())
    }

    /// Everything in it that is not known, each thing once and in order.
    pub fn all_holes(&self) -> Vec<Arc<Hole>> {
        let texts = self.texts.iter().flat_map(build::Text::holes).chain(&self.missing);
        let texts = texts.map(|one| &one.hole);
        let mut holes: Vec<Arc<Hole>> = Vec::new();
        for hole in self.unknown.iter().map(|(_, hole)| hole).chain(texts) {
            if !holes.contains(hole) {
                holes.push(Arc::clone(hole));
            }
        }
        holes
    }

    /// The value of the key `key`.
    fn value_of(&self, key: u32) -> u32 {
        match json::unread::place(key) {
            Some(at) => json::unread::value(&self.text, at),
            None => self.data(key).next(key),
        }
    }

    /// The key or item after the value `value`.
    fn after(&self, value: u32) -> u32 {
        match json::unread::place(value) {
            Some(at) => json::unread::next(&self.text, at).unwrap_or(u32::MAX),
            None => self.data(value).next(value),
        }
    }

    fn data(&self, id: u32) -> NodeData {
        if let Some(at) = json::unread::place(id) {
            return json::unread::data(&self.text, at);
        }
        // INVARIANT: ids come from this document; one from another reads as null.
        const NONE: NodeData =
            NodeData { start: 0, end: 0, link: 0, kind: Kind::Null, content: Content::Raw };
        self.nodes.get(id as usize).copied().unwrap_or(NONE)
    }

    fn content(&self, data: NodeData) -> Cow<'_, str> {
        let slice =
            |start: u32, end: u32| self.text.get(start as usize..end as usize).unwrap_or("");
        match data.content {
            Content::Raw | Content::Unread => Cow::Borrowed(slice(data.start, data.end)),
            Content::Quoted => Cow::Borrowed(slice(data.start + 1, data.end.saturating_sub(1))),
            Content::Escaped => {
                Cow::Owned(json::unescape(slice(data.start + 1, data.end.saturating_sub(1))))
            }
            Content::Decoded(_) => {
                Cow::Borrowed(self.decoded.get(data.link as usize).map_or("", |text| text))
            }
            Content::Built => {
                Cow::Borrowed(self.texts.get(data.link as usize).map_or("", build::Text::as_str))
            }
        }
    }
}
