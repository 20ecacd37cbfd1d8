//! What the elements of a statement hold: texts, and of what is not known everything that it can be.

use std::sync::Arc;

use smol_str::SmolStr;

use crate::doc::{Entry, Hole, Kind, Missing, Node};
use crate::text::Spanned;

use super::Reader;

/// A string of an element.
pub(super) struct Held {
    pub(super) value: Spanned<SmolStr>,
    /// What of it is missing.
    pub(super) holes: Vec<Missing>,
    /// On what it depends whether it is there.
    pub(super) doubt: Option<Arc<Hole>>,
}

impl Held {
    pub(super) fn is_known(&self) -> bool {
        self.holes.is_empty()
    }
}

/// A statement's elements, by name.
pub(super) struct Elements<'d> {
    pub(super) node: Node<'d>,
    pub(super) entries: Vec<Entry<'d>>,
}

impl<'d> Elements<'d> {
    pub(super) fn get(&self, name: &str) -> Option<&Entry<'d>> {
        self.entries.iter().find(|entry| entry.key == name)
    }
}

impl Reader {
    /// The value of `name` or `Not…`, where at most one of the two may stand.
    pub(super) fn one_of<'e, 'd>(
        &mut self,
        statement: &'e Elements<'d>,
        name: &str,
        not: &str,
    ) -> Option<(bool, &'e Entry<'d>)> {
        let (plain, negated) = (statement.get(name), statement.get(not));
        if let (Some(_), Some(second)) = (plain, negated) {
            self.refuse(
                second.key_span,
                format!("a statement takes `{name}` or `{not}`, not both"),
                "split it into two statements",
            );
        }
        plain.map(|entry| (false, entry)).or_else(|| negated.map(|entry| (true, entry)))
    }

    /// A string, or a list of strings; of what is not known, every one that there can be.
    pub(super) fn strings(&mut self, entry: &Entry<'_>) -> Vec<Held> {
        let mut strings = Vec::new();
        let list = entry.value.kind() == Kind::Sequence;
        let one = (!list).then_some(entry.value);
        for node in
            entry.value.items().chain(one).filter(|_| list || entry.value.unknown().is_none())
        {
            candidates(node, None, &mut |node, doubt| {
                self.string(node, entry, doubt, &mut strings)
            });
        }
        if entry.value.unknown().is_some() {
            let each = &mut |node: Node<'_>, doubt: Option<&Arc<Hole>>| {
                self.string(node, entry, doubt, &mut strings);
            };
            candidates(entry.value, None, each);
        }
        if list && entry.value.items().next().is_none() {
            self.refuse(
                entry.value.span(),
                format!("`{}` is empty", entry.key),
                "name at least one value",
            );
        }
        strings
    }

    fn string(
        &mut self,
        node: Node<'_>,
        entry: &Entry<'_>,
        doubt: Option<&Arc<Hole>>,
        strings: &mut Vec<Held>,
    ) {
        if let Some(hole) = node.unknown() {
            let text = SmolStr::new(&hole.name);
            let holes = vec![Missing { start: 0, end: text.len(), hole: Arc::clone(hole) }];
            let value = Spanned { value: text, span: node.span() };
            return strings.push(Held { value, holes, doubt: doubt.cloned() });
        }
        match node.text() {
            Some(text) => strings.push(Held {
                holes: self.with_holes(node, &text),
                value: Spanned { value: text.into(), span: node.span() },
                doubt: doubt.cloned(),
            }),
            None => self.refuse(
                node.span(),
                format!("a value of `{}` has to be a string", entry.key),
                "put it in quotes",
            ),
        }
    }
}

/// Calls `each` with everything that a value can be, and with what it depends on whether that is there.
/// A value of which nothing is known is given as it stands.
pub(super) fn candidates<'d>(
    node: Node<'d>,
    doubt: Option<&Arc<Hole>>,
    each: &mut dyn FnMut(Node<'d>, Option<&Arc<Hole>>),
) {
    let Some(hole) = node.unknown().filter(|_| node.items().next().is_some()) else {
        return each(node, doubt);
    };
    let doubt = Some(doubt.unwrap_or(hole));
    for one in node.items() {
        let listed = (one.kind() == Kind::Sequence).then(|| one.items());
        let alone = listed.is_none().then_some(one);
        for item in listed.into_iter().flatten().chain(alone) {
            candidates(item, doubt, each);
        }
    }
}
