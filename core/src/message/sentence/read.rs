//! One sentence, read from its verb to both sides.

use std::ops::Range;

use super::grammar::{Grammar, policy_type};
use super::principal::principal;
use super::values::{action, operation_name, plain_value, resource_value, word_len};
use super::{CONTEXT, Piece, Sentence, clip, is_moment};
use crate::message::DenialKind;
use crate::policy::PolicyType;

pub(super) fn read(
    text: &str,
    grammar: &Grammar,
    anchor: &Range<usize>,
    floor: usize,
    ceiling: usize,
) -> Option<Sentence> {
    let principal = principal(text, floor, anchor);
    let action = action(text, anchor.end, ceiling);
    let mut operation = None;
    let mut end = match &action {
        Some(action) => action.range.end,
        // What names a caller in these words tells of a denial, whatever stands for the action.
        None if principal.is_some() => {
            let end = anchor.end + word_len(text, anchor.end, ceiling);
            operation = operation_name(text, anchor.end..end);
            end
        }
        None => return None,
    };
    let after = text.get(end..ceiling)?;
    let marks = after.len() - after.trim_start_matches(['\'', '"', '`', '*', ':', '-']).len();
    // A comma or full stop is no end where the resource follows.
    let rest = after.get(marks..)?;
    let stop = rest.strip_prefix([',', '.', ';']).filter(|rest| rest.starts_with(" on resource:"));
    end += marks + usize::from(stop.is_some());
    let base = end;
    let window = clip(text, base, (base + CONTEXT).min(ceiling));
    let explicit = grammar.explicit.captures(window);
    let implicit = grammar.implicit.captures(window);
    let cut = if explicit.is_none() && implicit.is_none() { cut_clause(window) } else { None };
    let start_of = |captures: &Option<regex::Captures<'_>>| {
        captures.as_ref().and_then(|captures| captures.get(0)).map_or(usize::MAX, |one| one.start())
    };
    let (kind, captures) = if start_of(&explicit) < start_of(&implicit) {
        (DenialKind::Explicit, explicit)
    } else {
        (DenialKind::Implicit, implicit)
    };
    let mut context = captures.as_ref().and_then(|captures| captures.get(0));
    let mut resource = None;
    if let Some(on) = grammar.on.find(window).filter(|on| names_resource(window, on)) {
        let from = end + on.end();
        let limit = context.map(|context| end + context.start());
        let (value, behind) = resource_value(text, from, limit, ceiling);
        end = behind;
        resource = value;
    }
    // What stands further away is about something else.
    context = context.filter(|context| {
        let between = clip(text, end, base + context.start());
        base + context.start() + 1 >= end && between.len() < 160 && !between.contains("\n\n")
    });
    let mut sentence = Sentence {
        range: anchor.start..end,
        principal,
        action,
        operation,
        resource,
        kind: None,
        policy_type: None,
        policy_arn: None,
    };
    if let Some(principal) = &sentence.principal {
        sentence.range.start = principal.range.start;
        let lead = text.get(..principal.range.start).unwrap_or("").trim_end();
        if lead.strip_suffix("User:").unwrap_or(lead).ends_with("**") {
            sentence.resource.iter_mut().for_each(without_emphasis);
        }
    }
    if let Some(resource) = &mut sentence.resource {
        without_both_marks(resource);
    }
    if let (Some(context), Some(captures)) = (context, &captures) {
        let place = |one: regex::Match<'_>| base + one.start()..base + one.end();
        sentence.range.end = base + context.end();
        let words = captures.name("arn").map_or(context.end(), |arn| arn.start());
        let words = window.get(context.start()..words).unwrap_or("");
        let start = base + context.start();
        let end = start + words.trim_end_matches([' ', '\n', ':']).len();
        sentence.kind = Some((kind, start..end));
        sentence.policy_type = captures
            .name("holder")
            .and_then(|holder| Some((policy_type(holder.as_str())?, place(holder))));
        if let Some(arn) = captures.name("arn") {
            let (value, behind) = plain_value(text, base + arn.start(), ceiling);
            sentence.policy_arn = value;
            sentence.range.end = behind.max(sentence.range.end);
        }
    }
    if let Some((range, layer)) = cut.filter(|(range, _)| base + range.start + 1 >= end) {
        let place = |range: Range<usize>| base + range.start..base + range.end;
        sentence.range.end = base + range.end;
        sentence.kind = Some((DenialKind::Implicit, place(range.clone())));
        sentence.policy_type = layer.map(|layer| (layer, place(range)));
    }
    Some(sentence)
}

/// Whether a resource follows these words: on the same line, or on the next one where it looks like one.
fn names_resource(window: &str, on: &regex::Match<'_>) -> bool {
    let rest = window.get(on.end()..).unwrap_or("");
    let words = on.as_str();
    let is_closed = words.ends_with("resource") && rest.starts_with(['"', '\'', '`']);
    if !words.contains("resource") {
        return rest.trim_start_matches(['"', '\'', '`']).starts_with("arn:");
    }
    let word = rest.split([' ', '\n']).next().unwrap_or("");
    let looks_like = !is_moment(word)
        && (word.contains(['/', '*', '"', '\'']) || word.trim_end_matches(':').contains(':'));
    !is_closed
        && !words.contains("\n\n")
        && (words.contains(':') || !words.contains('\n') || looks_like)
}

/// The clause that names a missing Allow, where a line ends in the middle of it, and the layer if what is
/// left of it can be no other.
fn cut_clause(window: &str) -> Option<(Range<usize>, Option<PolicyType>)> {
    const LEAD: &str = "because no ";
    let start = window.rfind(LEAD)?;
    let rest = window.get(start + LEAD.len()..)?;
    let rest = rest.split('\n').next()?.trim_end_matches(['.', '\u{2026}', '"', '\'', '`', ' ']);
    let layers = [
        ("service control policy allows the", PolicyType::ServiceControl),
        ("VPC endpoint policy allows the", PolicyType::VpcEndpoint),
        ("permissions boundary allows the", PolicyType::PermissionsBoundary),
        ("session policy allows the", PolicyType::Session),
        ("resource-based policy allows the", PolicyType::ResourceBased),
        ("identity-based policy allows the", PolicyType::IdentityBased),
        ("role trust policy allows the", PolicyType::Trust),
    ];
    let mut fitting = layers.iter().filter(|(words, _)| words.starts_with(rest));
    let first = fitting.next()?;
    let layer = fitting.next().is_none().then_some(first.1);
    Some((start..start + LEAD.len() + rest.len(), layer))
}

/// Takes the two stars away on both sides of what is printed bold.
fn without_both_marks(piece: &mut Piece) {
    let inner = piece.value.strip_prefix("**").and_then(|inner| inner.strip_suffix("**"));
    if let Some(inner) = inner.filter(|inner| inner.starts_with(|it: char| it.is_alphanumeric())) {
        piece.value = inner.to_owned();
        piece.range = piece.range.start + 2..piece.range.end - 2;
    }
}

/// Takes the two stars away that end what is printed bold.
fn without_emphasis(piece: &mut Piece) {
    if piece.value.ends_with("**") {
        piece.value.truncate(piece.value.len() - 2);
        piece.range.end -= 2;
    }
}
