//! In which statement a place is, as far as that has a `Sid`.

use std::borrow::Cow;

use crate::doc::{Kind, Node, Syntax, parse};
use crate::text::{SourceMap, Span};

/// The statements of a policy, in the order of their places.
pub(super) fn statements(policy: Node<'_>) -> Vec<Node<'_>> {
    let Some(list) = policy.get("Statement") else { return Vec::new() };
    let one = (list.kind() == Kind::Mapping).then_some(list);
    let mut statements: Vec<_> = list.items().chain(one).collect();
    statements.sort_by_key(|statement| statement.span());
    statements
}

/// The `Sid` of the statement in which a place is; the last one that begins before it, since statements
/// are not in each other.
pub(super) fn of(statements: &[Node<'_>], span: Span) -> Option<String> {
    let begun = statements.partition_point(|statement| {
        let own = statement.span();
        (own.source, own.start) <= (span.source, span.start)
    });
    let statement = begun.checked_sub(1).and_then(|last| statements.get(last))?;
    let own = statement.span();
    if own.source != span.source || span.end > own.end {
        return None;
    }
    statement.get("Sid")?.text().map(Cow::into_owned)
}

/// The `Sid` of the statement at a place of which only the text is at hand, as of what is found when all
/// files were seen.
pub(super) fn at(sources: &SourceMap, span: Span) -> Option<String> {
    let text = sources.text(span.source);
    // A document in a string has the notation that it begins with, whatever file it is in.
    let name = if sources.is_embedded(span.source) { "" } else { sources.name(span.source) };
    let documents = parse(sources, span.source, Syntax::guess(name, text)).ok()?;
    documents.iter().find_map(|document| {
        let mut statement = None;
        let mut node = document.root();
        loop {
            if node.get("Effect").is_some() {
                statement = Some(node);
            }
            let holds = |one: &Node<'_>| one.span().contains(&span);
            let values = node.entries().map(|entry| entry.value);
            match values.chain(node.items()).find(holds) {
                Some(inner) => node = inner,
                None => break,
            }
        }
        statement?.get("Sid")?.text().map(Cow::into_owned)
    })
}
