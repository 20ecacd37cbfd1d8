//! Keys that stand twice in one object.

use std::borrow::Cow;
use std::collections::HashMap;

use super::{Content, Document, Kind};
use crate::text::Span;

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

/// Up to so many keys are compared with each other; more are hashed.
const FEW: usize = 16;

/// Every repeated key of a document, in order of place.
pub(super) fn find(document: &Document) -> Vec<Duplicate> {
    let mut found = Vec::new();
    let mut few = Vec::new();
    for (at, data) in document.nodes.iter().enumerate() {
        if data.kind == Kind::Mapping && data.content != Content::Unread {
            find_in(document, at, &mut few, &mut found);
        }
    }
    found.sort_by_key(|duplicate| duplicate.again.start);
    found
}

/// Every repeated key of the object at `mapping`. `few` is room to work in.
pub(super) fn find_in<'d>(
    document: &'d Document,
    mapping: usize,
    few: &mut Vec<(Cow<'d, str>, u32)>,
    found: &mut Vec<Duplicate>,
) {
    let Some(data) = document.nodes.get(mapping) else { return };
    let span = |key: u32| {
        let data = document.data(key);
        Span { source: document.source, start: data.start, end: data.end }
    };
    few.clear();
    let mut many: HashMap<Cow<'d, str>, u32> = HashMap::new();
    let mut key = u32::try_from(mapping).unwrap_or(u32::MAX).saturating_add(1);
    while key < data.link {
        let key_data = document.data(key);
        let text = document.content(key_data);
        let first = if many.is_empty() {
            few.iter().find(|(other, _)| *other == text).map(|(_, first)| *first)
        } else {
            many.get(&text).copied()
        };
        match first {
            Some(first) => {
                let (first, again) = (span(first), span(key));
                found.push(Duplicate { key: text.into_owned(), first, again });
            }
            None if many.is_empty() && few.len() < FEW => few.push((text, key)),
            None => {
                many.extend(few.drain(..));
                many.insert(text, key);
            }
        }
        let value = key_data.next(key);
        key = document.data(value).next(value);
    }
}
