//! Walking a document.

use std::borrow::Cow;
use std::sync::Arc;

use super::json::unread;
use super::{Content, Document, Hole, Kind, Missing, NodeData, Style, build, embed};
use crate::text::Span;

/// A place in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(super) u32);

/// A value in a document.
#[derive(Clone, Copy, Debug)]
pub struct Node<'d> {
    pub(super) document: &'d Document,
    pub(super) id: NodeId,
}

impl<'d> Node<'d> {
    pub(super) fn data(self) -> NodeData {
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
        match unread::place(self.id.0) {
            Some(at) => unread::kind(&self.document.text, at),
            None => self.data().kind,
        }
    }

    /// Whether it is an object or list that was only passed over.
    pub fn is_unread(self) -> bool {
        self.data().content == Content::Unread
    }

    /// Where it stands; a string with its quotes.
    pub fn span(self) -> Span {
        let data = self.data();
        Span { source: self.document.source, start: data.start, end: data.end }
    }

    /// Where the text of a string stands, without quotes.
    pub fn inner_span(self) -> Span {
        let span = self.span();
        match self.data().content {
            Content::Quoted
            | Content::Escaped
            | Content::Decoded(Style::Single | Style::Double) => {
                let end = span.end.saturating_sub(1).max(span.start);
                Span { start: (span.start + 1).min(end), end, ..span }
            }
            _ => span,
        }
    }

    /// Whether it is a text that was put together or filled in, as those of templates are.
    pub fn is_built(self) -> bool {
        build::built(self).is_some()
    }

    /// What is missing in the text of a string.
    pub fn holes(self) -> Vec<Missing> {
        if let Some(text) = build::built(self) {
            return text.holes().to_vec();
        }
        if self.document.missing.is_empty() || self.kind() != Kind::String {
            return Vec::new();
        }
        embed::holes_in(self)
    }

    /// What it is of which nothing is known, or only what it can be.
    pub fn unknown(self) -> Option<&'d Arc<Hole>> {
        let all = &self.document.unknown;
        let at = all.binary_search_by_key(&self.id, |(id, _)| *id).ok()?;
        all.get(at).map(|(_, hole)| hole)
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

    /// A whole number, if it is written as one.
    pub fn as_i64(self) -> Option<i64> {
        let data = self.data();
        if data.kind != Kind::Number {
            return None;
        }
        let text = self.document.content(data);
        // YAML alone reads these prefixes as numbers.
        if let Some(digits) = text.strip_prefix("0x") {
            return i64::from_str_radix(digits, 16).ok();
        }
        if let Some(digits) = text.strip_prefix("0o") {
            return i64::from_str_radix(digits, 8).ok();
        }
        text.parse().ok()
    }

    /// Whether it is `null`.
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    fn children(self, kind: Kind) -> (u32, u32) {
        if self.kind() != kind {
            return (0, 0);
        }
        let at = match unread::place(self.id.0) {
            Some(at) => at,
            None => match self.data() {
                NodeData { content: Content::Unread, start, .. } => start as usize,
                data => return (self.id.0 + 1, data.link),
            },
        };
        unread::first(&self.document.text, at).map_or((0, 0), |first| (first, u32::MAX))
    }

    /// The values of a list, in order; nothing if it is none. Of what is not known, all that it can
    /// be, where that is known.
    pub fn items(self) -> Items<'d> {
        let kind = if self.kind() == Kind::Unknown { Kind::Unknown } else { Kind::Sequence };
        let (at, end) = self.children(kind);
        Items { document: self.document, at, end }
    }

    /// The entries of an object in order, those with repeated keys too; nothing if it is none.
    pub fn entries(self) -> Entries<'d> {
        let (at, end) = self.children(Kind::Mapping);
        Entries { document: self.document, at, end }
    }

    /// How many items a list or entries an object has; 0 if it is neither.
    pub fn len(self) -> usize {
        match self.kind() {
            Kind::Mapping => self.entries().count(),
            _ => self.items().count(),
        }
    }

    /// How many values are in it at most, at no cost; exact for a list of scalars. Of what was only
    /// passed over, 0.
    pub fn most_items(self) -> usize {
        let (at, end) = match self.kind() {
            Kind::Sequence if !self.is_unread() => self.children(Kind::Sequence),
            Kind::Sequence => (0, 0),
            _ => (0, 1),
        };
        if end == u32::MAX { 0 } else { end.saturating_sub(at) as usize }
    }

    /// Whether there are no items or entries in it.
    pub fn is_empty(self) -> bool {
        self.items().next().is_none() && self.entries().next().is_none()
    }

    /// The value of the first entry with the key `key`.
    pub fn get(self, key: &str) -> Option<Node<'d>> {
        let (mut at, end) = self.children(Kind::Mapping);
        while at < end {
            let data = self.document.data(at);
            let value = self.document.value_of(at);
            if self.document.content(data) == key {
                return Some(Node { document: self.document, id: NodeId(value) });
            }
            at = self.document.after(value);
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
        self.at = self.document.after(self.at);
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
    /// The key as a value of its own.
    pub name: Node<'d>,
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
        let id = self.document.value_of(self.at);
        let value = Node { document: self.document, id: NodeId(id) };
        self.at = self.document.after(id);
        let text = self.document.content(key.data());
        Some(Entry { key: text, key_span: key.span(), name: key, value })
    }
}
