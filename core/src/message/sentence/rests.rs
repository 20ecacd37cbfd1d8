//! What is left of the sentence where it was cut off, and what the console makes of it.

use super::grammar::{Grammar, policy_type};
use super::{CONTEXT, Piece, Sentence, clip};
use crate::message::DenialKind;

/// Sentences of which no more is left than who it is about, since a line ends behind that. `whole` are the
/// others, in the order in which they begin.
pub(super) fn cut_sentences(text: &str, grammar: &Grammar, whole: &[Sentence]) -> Vec<Sentence> {
    // How far those that begin before each place reach at most.
    let mut reach: Vec<(usize, usize)> = Vec::with_capacity(whole.len());
    for range in whole.iter().map(|sentence| &sentence.range) {
        let before = reach.last().map_or(0, |(_, end)| *end);
        reach.push((range.start, before.max(range.end)));
    }
    let found = grammar.cut.captures_iter(text).filter_map(|captures| {
        let range = captures.get(0)?.range();
        let principal = captures.name("prin")?;
        let before = reach.partition_point(|(start, _)| *start < range.end + 1);
        let last = before.checked_sub(1).and_then(|last| reach.get(last));
        let other = last.is_some_and(|(_, end)| range.start < *end);
        let principal = Piece { value: principal.as_str().to_owned(), range: principal.range() };
        (!other).then_some(Sentence {
            range: principal.range.start..range.end,
            principal: Some(principal),
            action: None,
            operation: None,
            resource: None,
            kind: None,
            policy_type: None,
            policy_arn: None,
        })
    });
    found.collect()
}

/// What the console shows for whoever is to ask for access: who, what and on what, a line for each.
pub(super) fn panels(text: &str, grammar: &Grammar) -> Vec<Sentence> {
    let found = grammar.panel.captures_iter(text).filter_map(|captures| {
        let piece = |name: &str| {
            let one = captures.name(name)?;
            Some(Piece { value: one.as_str().to_owned(), range: one.range() })
        };
        let whole = captures.get(0)?.range();
        let rest = clip(text, whole.end, whole.end + CONTEXT);
        let explicit = grammar
            .explicit
            .captures(rest)
            .filter(|one| one.get(0).is_some_and(|one| one.start() == 0));
        let (kind, captures) = match explicit {
            Some(captures) => (DenialKind::Explicit, Some(captures)),
            None => (DenialKind::Implicit, grammar.context.captures(rest)),
        };
        let place = |one: regex::Match<'_>| whole.end + one.start()..whole.end + one.end();
        let context = captures.as_ref().and_then(|captures| captures.get(0)).map(place);
        let holder = captures.as_ref().and_then(|captures| captures.name("holder"));
        Some(Sentence {
            range: whole.start..context.as_ref().map_or(whole.end, |context| context.end),
            principal: piece("prin"),
            action: piece("act"),
            operation: None,
            resource: piece("res"),
            kind: context.map(|context| (kind, context)),
            policy_type: holder.and_then(|one| Some((policy_type(one.as_str())?, place(one)))),
            policy_arn: None,
        })
    });
    found.collect()
}
