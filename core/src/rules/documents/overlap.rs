//! Statements that others make void: an Allow that a Deny always overrides, and one that says nothing
//! that another does not say already.
//!
//! Which statements may cover another is looked up by the patterns of its first action, so that the cost
//! grows with the document and not with its square.

use crate::finding::Finding;
use crate::policy::Effect;
use crate::text::Span;

use super::view::{ConditionView, Element, StatementView, View};
use super::{Sink, glob};

/// So many statements are compared with one at most.
const TRIED: usize = 12;
/// Beyond so many values in an element, statements are not compared.
const MANY: usize = 64;

pub(super) fn pass(view: &View<'_>, sink: &mut Sink) {
    if view.statements.len() < 2 {
        return;
    }
    let statements: Vec<(usize, &StatementView<'_>)> =
        view.statements.iter().enumerate().filter(|(_, statement)| is_plain(statement)).collect();
    let index = Index::new(&statements);
    let mut candidates = Vec::new();
    for (at, statement) in &statements {
        let mut denied = false;
        index.candidates(statement, &mut candidates);
        candidates.retain(|other| {
            let by = statements.get(*other);
            by.is_some_and(|(place, by)| place != at && covers(by, statement))
        });
        for other in &candidates {
            let Some((place, by)) = statements.get(*other) else { continue };
            match (by.effect, statement.effect) {
                (Some(Effect::Deny), Some(Effect::Allow)) if !by.has_condition => {
                    let message = format!(
                        "this Allow never gives anything: {} denies all of it, whatever the conditions",
                        by.title(*place)
                    );
                    let finding = Finding::new(
                        "allow-always-denied",
                        message,
                        statement.effect_span,
                        "always overridden",
                    );
                    sink.add(
                        finding
                            .also(by.effect_span, "denies all of it")
                            .help("take the Allow out, or except it from the Deny"),
                    );
                    denied = true;
                    break;
                }
                _ => {}
            }
        }
        if denied {
            continue;
        }
        for other in &candidates {
            let Some((place, by)) = statements.get(*other) else { continue };
            let condition = !by.has_condition || same_conditions(by, statement);
            if by.effect != statement.effect || !condition {
                continue;
            }
            // Of two that say the same, the second is one too many.
            if covers(statement, by) && same_conditions(by, statement) && place > at {
                continue;
            }
            let message =
                format!("the statement says nothing new: {} covers all of it", by.title(*place));
            let finding =
                Finding::new("statement-shadowed", message, start(statement), "has no effect");
            sink.add(
                finding
                    .also(start(by), "covers it")
                    .help("take it out, or narrow the other one if this was meant to be the limit"),
            );
            break;
        }
    }
}

/// Where a statement is pointed at: its `Sid`, else its first byte.
fn start(statement: &StatementView<'_>) -> Span {
    let span = statement.span();
    statement
        .sid
        .as_ref()
        .map_or(Span { end: span.end.min(span.start + 1), ..span }, |sid| sid.span)
}

/// Whether a statement can be compared at all.
fn is_plain(statement: &StatementView<'_>) -> bool {
    let known = |element: &Option<Element<'_>>| {
        element.as_ref().is_none_or(|element| {
            !element.open
                && !element.negated
                && !element.values.is_empty()
                && element.values.len() <= MANY
        })
    };
    statement.sound
        && statement.effect.is_some()
        && statement.action.is_some()
        && known(&statement.action)
        && known(&statement.resource)
        && !statement.principal_negated
        && !statement.principals_open
        && statement.principals.len() <= MANY
        && !statement.condition_open
        && statement.conditions.iter().all(|condition| !condition.open)
}

/// Statements by the patterns of their actions.
struct Index {
    /// The hash of each pattern in lower case, and the place of its statement; in order. Two patterns of one
    /// hash only mean that one comparison is made in vain.
    by_pattern: Vec<(u64, u32)>,
    /// Statements with a pattern that is neither a text nor a beginning.
    odd: Vec<usize>,
    /// The lengths of the beginnings that there are, a bit each.
    lengths: u128,
}

/// FNV-1a over a text in lower case.
#[derive(Clone, Copy)]
struct Lower(u64);

impl Lower {
    const NEW: Self = Self(0xcbf2_9ce4_8422_2325);

    fn add(self, byte: u8) -> Self {
        Self((self.0 ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3))
    }

    fn of(text: &[u8]) -> u64 {
        text.iter().fold(Self::NEW, |hash, byte| hash.add(*byte)).0
    }
}

impl Index {
    fn new(statements: &[(usize, &StatementView<'_>)]) -> Self {
        let mut index = Self { by_pattern: Vec::new(), odd: Vec::new(), lengths: 0 };
        for (place, (_, statement)) in (0_u32..).zip(statements) {
            for value in statement.actions() {
                let pattern = value.text.as_bytes();
                let stem = pattern.strip_suffix(b"*").unwrap_or(pattern);
                if memchr::memchr2(b'*', b'?', stem).is_some() {
                    let place = place as usize;
                    if index.odd.len() < TRIED && index.odd.last() != Some(&place) {
                        index.odd.push(place);
                    }
                    continue;
                }
                if stem.len() < pattern.len() {
                    let length = u32::try_from(stem.len()).unwrap_or(u32::MAX);
                    index.lengths |= 1_u128.checked_shl(length).unwrap_or(0);
                }
                index.by_pattern.push((Lower::of(pattern), place));
            }
        }
        index.by_pattern.sort_unstable();
        index.by_pattern.dedup();
        index
    }

    /// The statements that may cover this one: those of which a pattern matches its first action.
    fn candidates(&self, statement: &StatementView<'_>, found: &mut Vec<usize>) {
        found.clear();
        let Some(first) = statement.actions().first() else { return };
        let first = first.text.as_bytes();
        found.extend(&self.odd);
        let mut add = |hash: u64| {
            let start = self.by_pattern.partition_point(|(other, _)| *other < hash);
            let same = self.by_pattern.get(start..).unwrap_or_default().iter();
            let same = same.take_while(|(other, _)| *other == hash).take(TRIED);
            found.extend(same.map(|(_, place)| *place as usize));
        };
        add(Lower::of(first));
        let fixed = memchr::memchr2(b'*', b'?', first).unwrap_or(first.len()).min(80);
        let mut hash = Lower::NEW;
        for end in 0..=fixed {
            let whole = end + 1 == first.len() && first.last() == Some(&b'*');
            if self.lengths >> end & 1 == 1 && !whole {
                add(hash.add(b'*').0);
            }
            if let Some(byte) = first.get(end) {
                hash = hash.add(*byte);
            }
        }
        found.sort_unstable();
        found.dedup();
    }
}

/// Whether `by` is about everything that `statement` is about, conditions aside.
fn covers(by: &StatementView<'_>, statement: &StatementView<'_>) -> bool {
    let actions = statement
        .actions()
        .iter()
        .all(|inner| by.actions().iter().any(|outer| glob::covers(&outer.text, &inner.text)));
    let principals = || {
        let everyone = by.principals.iter().any(|named| named.value.text == "*");
        by.principal_key.is_some() == statement.principal_key.is_some()
            && (everyone
                || statement.principals.iter().all(|inner| {
                    by.principals.iter().any(|outer| {
                        outer.kind == inner.kind && outer.value.text == inner.value.text
                    })
                }))
    };
    let resources = || match (&by.resource, &statement.resource) {
        (None, None) => true,
        (Some(by), Some(inner)) => inner.values.iter().all(|inner| {
            by.values.iter().any(|outer| glob::covers_exactly(&outer.text, &inner.text))
        }),
        _ => false,
    };
    actions && principals() && resources()
}

fn same_conditions(left: &StatementView<'_>, right: &StatementView<'_>) -> bool {
    let same = |one: &ConditionView<'_>, other: &ConditionView<'_>| {
        fn texts<'v>(condition: &'v ConditionView<'_>) -> impl Iterator<Item = &'v str> {
            condition.values.iter().map(|value| value.text.as_ref())
        }
        let sorted = |condition| {
            let mut texts: Vec<&str> = texts(condition).collect();
            texts.sort_unstable();
            texts
        };
        one.operator == other.operator
            && one.values.len() == other.values.len()
            && one.key.eq_ignore_ascii_case(&other.key)
            && (texts(one).eq(texts(other)) || one.values.len() > 1 && sorted(one) == sorted(other))
    };
    left.has_condition == right.has_condition
        && left.conditions.len() == right.conditions.len()
        && left.conditions.iter().all(|one| right.conditions.iter().any(|other| same(one, other)))
}
