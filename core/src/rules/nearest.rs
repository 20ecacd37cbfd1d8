//! Which Allow statement came nearest, and the one element for which it did not apply.

use crate::eval::StatementTrace;
use crate::layers::Attached;
use crate::policy::{Effect, PolicyType, Statement};
use crate::text::Span;

use super::Case;

/// The element for which a statement does not apply, or may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Miss {
    /// It names somebody else.
    Principal,
    /// It is about other actions.
    Action,
    /// It is about other resources.
    Resource,
    /// The condition at this place is not met.
    Condition(usize),
}

/// An Allow statement that nearly applied.
pub struct Near<'a> {
    /// How it came out.
    pub trace: &'a StatementTrace,
    /// The policy.
    pub attached: &'a Attached,
    /// The statement.
    pub statement: &'a Statement,
    /// What is in the way; if several things are, the first in the order in which to look.
    pub miss: Miss,
    /// Whether that is certain, or depends on something that is not known.
    pub certain: bool,
    misses: usize,
}

/// The Allow statements of one policy type that do not apply, the nearest first.
pub fn nearest<'a>(case: &Case<'a>, policy_type: PolicyType) -> Vec<Near<'a>> {
    let mut found: Vec<Near<'a>> = (case.traces(policy_type))
        .filter(|trace| trace.effect == Some(Effect::Allow) && !trace.outcome.is_yes())
        .filter_map(|trace| {
            let (attached, statement) = case.statement(trace)?;
            let (miss, certain, misses) = miss(trace)?;
            Some(Near { trace, attached, statement, miss, certain, misses })
        })
        .collect();
    found.sort_by_key(|near| (near.misses, rank(near.miss)));
    found
}

/// Fewer elements in the way is nearer; and of those with one, a condition is the nearest.
fn rank(miss: Miss) -> u8 {
    match miss {
        Miss::Condition(_) => 0,
        Miss::Resource => 1,
        Miss::Action => 2,
        Miss::Principal => 3,
    }
}

fn miss(trace: &StatementTrace) -> Option<(Miss, bool, usize)> {
    let elements = [
        (Miss::Principal, &trace.principal),
        (Miss::Action, &trace.action),
        (Miss::Resource, &trace.resource),
    ];
    let conditions =
        trace.conditions.iter().enumerate().map(|(at, (result, _))| (Miss::Condition(at), result));
    let all: Vec<_> =
        elements.into_iter().chain(conditions).filter(|(_, result)| !result.is_yes()).collect();
    // What is certain to be in the way comes before what only may be.
    let first = all.iter().find(|(_, result)| result.is_no()).or_else(|| all.first())?;
    // An action or resource that has nothing to do with the request makes a statement as good as
    // unrelated, whatever else fits.
    let weight = |(miss, result): &(Miss, &crate::eval::Match)| match (miss, result.is_no()) {
        (Miss::Action, true) => 40,
        (Miss::Principal, true) => 30,
        (Miss::Resource, true) => 20,
        (Miss::Condition(_), true) => 10,
        (_, false) => 1,
    };
    Some((first.0, first.1.is_no(), all.iter().map(weight).sum()))
}

impl Near<'_> {
    /// Whether as little is in the way here as there.
    pub fn is_as_near_as(&self, other: &Near<'_>) -> bool {
        self.misses == other.misses
    }

    /// Whether the statement lists this action, letter by letter.
    pub(super) fn names_action(&self, action: &str) -> bool {
        let element = self.statement.action.as_ref().filter(|element| !element.negated);
        element.is_some_and(|element| {
            element.values.iter().any(|value| value.value.text.eq_ignore_ascii_case(action))
        })
    }

    /// Whether the statement's `Action` or `NotAction` covers an action, given in lower case.
    pub(super) fn covers(&self, lower: &str) -> bool {
        self.statement.action.as_ref().is_some_and(|element| {
            let mut globs =
                element.values.iter().filter_map(|value| value.value.pattern.as_ref()?.glob());
            globs.any(|glob| glob.matches(lower)) != element.negated
        })
    }

    /// The smallest place that is in the way. `wanted` is what the request has there.
    pub fn span(&self, wanted: &str) -> Span {
        let statement = self.statement;
        let place = match self.miss {
            Miss::Principal => statement.principal.as_ref().map(|element| {
                let values =
                    element.values.iter().map(|value| (value.value.text.as_str(), value.span));
                closest(values, wanted).unwrap_or(element.key)
            }),
            Miss::Action => statement.action.as_ref().map(|element| {
                if element.negated {
                    return element.key;
                }
                let values =
                    element.values.iter().map(|value| (value.value.text.as_str(), value.span));
                closest(values, wanted).unwrap_or(element.key)
            }),
            Miss::Resource => statement.resource.as_ref().map(|element| {
                if element.negated {
                    return element.key;
                }
                let values =
                    element.values.iter().map(|value| (value.value.text.as_str(), value.span));
                closest(values, wanted).unwrap_or(element.key)
            }),
            Miss::Condition(at) => {
                statement.conditions.get(at).map(|condition| match condition.values.as_slice() {
                    [one] => one.span,
                    _ => condition.values_span,
                })
            }
        };
        place.unwrap_or(statement.span)
    }
}

/// The value that has most in common with `wanted`, at its beginning and its end.
pub(super) fn closest<'t>(
    values: impl Iterator<Item = (&'t str, Span)>,
    wanted: &str,
) -> Option<Span> {
    let common = |text: &str| {
        let same = |(left, right): &(char, char)| left.eq_ignore_ascii_case(right);
        let front = text.chars().zip(wanted.chars()).take_while(same).count();
        let back = text.chars().rev().zip(wanted.chars().rev()).take_while(same).count();
        front + back
    };
    let mut best: Option<(usize, Span)> = None;
    for (text, span) in values {
        let score = common(text);
        if best.is_none_or(|(other, _)| score > other) {
            best = Some((score, span));
        }
    }
    best.map(|(_, span)| span)
}
