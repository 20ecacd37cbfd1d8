//! What happens when two files speak of the same thing: equal is silent, different is noted, and
//! the first in the order of paths stays.

use std::borrow::Cow;

use crate::doc::{Kind, Node, Syntax, parse};
use crate::text::{SourceMap, Span, Spanned};

use super::Handle;

/// Two facts that contradict each other.
#[derive(Debug)]
pub(super) struct Conflict {
    /// What there are two of, in the plural.
    pub(super) what: String,
    pub(super) kept: Span,
    pub(super) other: Span,
}

impl Conflict {
    /// Sets `slot`, or notes that it holds something else.
    pub(super) fn keep<T: PartialEq>(
        slot: &mut Option<Spanned<T>>,
        new: Option<Spanned<T>>,
        conflicts: &mut Vec<Self>,
        what: impl FnOnce() -> String,
    ) {
        match (&slot, new) {
            (_, None) => {}
            (None, new) => *slot = new,
            (Some(kept), Some(other)) => {
                if kept.value != other.value {
                    conflicts.push(Self { what: what(), kept: kept.span, other: other.span });
                }
            }
        }
    }

    pub(super) fn note(&self, sources: &SourceMap) -> Option<String> {
        let (kept, other) = (sources.name(self.kept.source), sources.name(self.other.source));
        Some(format!("the facts hold different {}: `{kept}` is used, `{other}` is not", self.what))
    }
}

/// Whether two documents say the same, however they are written down.
pub(super) fn same_documents(one: &Handle, two: &Handle) -> bool {
    match (one.node().kind(), two.node().kind()) {
        (Kind::String, Kind::String) if one.node().text() == two.node().text() => true,
        (Kind::String, _) | (_, Kind::String) => {
            let mut scratch = SourceMap::default();
            let decoded = |scratch: &mut SourceMap, handle: &Handle| {
                let text = handle.node().text()?.into_owned();
                let text = if text.trim_start().starts_with('%') {
                    percent_encoding::percent_decode_str(&text).decode_utf8().ok()?.into_owned()
                } else {
                    text
                };
                let id = scratch.add_given("document", text);
                parse(scratch, id, Syntax::Json).ok()?.into_iter().next()
            };
            match (decoded(&mut scratch, one), decoded(&mut scratch, two)) {
                (Some(one), Some(two)) => same(one.root(), two.root()),
                (Some(one), None) => same(one.root(), two.node()),
                (None, Some(two)) => same(one.node(), two.root()),
                (None, None) => false,
            }
        }
        _ => same(one.node(), two.node()),
    }
}

/// Whether two values are equal; the order of members does not count.
fn same(one: Node<'_>, two: Node<'_>) -> bool {
    if one.kind() != two.kind() {
        return false;
    }
    match one.kind() {
        Kind::Sequence => {
            let (mut one, mut two) = (one.items(), two.items());
            loop {
                match (one.next(), two.next()) {
                    (Some(one), Some(two)) if same(one, two) => {}
                    (None, None) => return true,
                    _ => return false,
                }
            }
        }
        Kind::Mapping => {
            one.entries().count() == two.entries().count()
                && one
                    .entries()
                    .all(|entry| two.get(&entry.key).is_some_and(|other| same(entry.value, other)))
        }
        Kind::Null => true,
        _ => one.scalar().map(Cow::into_owned) == two.scalar().map(Cow::into_owned),
    }
}
