//! The words that name a layer, where no sentence says who was denied what.

use std::ops::Range;

use super::grammar::{grammar, policy_type};
use super::values::{action, plain_value};
use super::{Piece, Sentence, clip, has};
use crate::message::DenialKind;
use crate::policy::PolicyType;

/// Why AWS denied, where no sentence says who was denied what.
pub(in crate::message) struct Reason {
    pub(in crate::message) range: Range<usize>,
    pub(in crate::message) kind: (DenialKind, Range<usize>),
    pub(in crate::message) policy_type: Option<(PolicyType, Range<usize>)>,
    pub(in crate::message) policy_arn: Option<Piece>,
    /// What is not allowed, where the words say it.
    pub(in crate::message) action: Option<Piece>,
}

/// The reasons that stand in none of the sentences, in order.
pub(in crate::message) fn reasons(text: &str, sentences: &[Sentence]) -> Vec<Reason> {
    let Some(grammar) = grammar() else { return Vec::new() };
    let explicit = if has(text, "an explicit deny") { &[&grammar.explicit][..] } else { &[] };
    let implicit = if has(text, "because no ") { &[&grammar.implicit][..] } else { &[] };
    let regexes = explicit.iter().chain(implicit);
    let places = regexes.flat_map(|regex| regex.find_iter(text).map(move |one| (regex, one)));
    let mut found: Vec<Reason> = places
        .filter_map(|(regex, place)| {
            // The sentences stand in order: what began last before it may reach into it.
            let before = sentences.partition_point(|one| one.range.start < place.end());
            let last = before.checked_sub(1).and_then(|last| sentences.get(last));
            if last.is_some_and(|sentence| place.start() < sentence.range.end) {
                return None;
            }
            let captures = regex.captures_at(text, place.start())?;
            let whole = captures.get(0)?.range();
            let holder = captures.name("holder");
            let is_implicit = text.get(whole.clone())?.starts_with(['b', 'B']);
            let kind = if is_implicit { DenialKind::Implicit } else { DenialKind::Explicit };
            let mut reason = Reason {
                range: whole.clone(),
                kind: (kind, whole.clone()),
                policy_type: match holder {
                    Some(holder) => Some((policy_type(holder.as_str())?, holder.range())),
                    None => None,
                },
                policy_arn: None,
                action: None,
            };
            if let Some(arn) = captures.name("arn") {
                let (value, behind) = plain_value(text, arn.start(), text.len());
                reason.policy_arn = value;
                let words = text.get(whole.start..arn.start())?.trim_end_matches([' ', '\n', ':']);
                reason.kind.1.end = whole.start + words.len();
                reason.range.end = behind.max(whole.end);
            }
            let rest = clip(text, whole.end, whole.end + 120);
            let article = rest.trim_start().strip_prefix("the");
            if let Some(article) = article.filter(|_| kind == DenialKind::Implicit) {
                let from = whole.end + (rest.len() - article.len());
                reason.action = action(text, from, text.len());
            }
            Some(reason)
        })
        .collect();
    found.sort_by_key(|reason| reason.range.start);
    found
}
