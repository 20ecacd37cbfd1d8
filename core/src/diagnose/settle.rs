//! What would settle an open answer: each fact that is missing is supposed, and the evaluator asked
//! again.

use std::sync::Arc;

use crate::doc::{Syntax, parse};
use crate::eval::Decision;
use crate::finding::{Settlement, Supposition};
use crate::layers::{Attached, Gap, Layer, Layers};
use crate::policy::{Condition, Family, Policy, PolicyType, network, read};
use crate::request::{Given, Request};
use crate::rules::{Case, requirement};
use crate::text::SourceMap;

use super::decide;

/// How many condition keys are supposed together, and how many values of each.
const MOST_KEYS: usize = 4;
const MOST_VALUES: usize = 6;
/// How often the evaluator is asked at most.
const MOST_TRIES: usize = 400;

/// One way in which a fact may turn out.
#[derive(Clone)]
struct Way {
    what: What,
    words: String,
}

#[derive(Clone)]
enum What {
    /// A condition key has this value.
    Key(String, Given),
    /// What is missing of a layer, by its place, allows the request.
    Layer(usize),
}

/// A fact that is missing, with the ways in which it may turn out, and how to supply it.
struct Open {
    ways: Vec<Way>,
    supply: String,
}

/// What the answer would be, and what has to be so for that; nothing where the answer is settled.
/// The first says when the request is allowed, with no more facts than it takes; the others name
/// single condition keys that deny it whatever else is so.
pub(super) fn settlements(case: &Case<'_>, decision: Decision, gaps: &[Gap]) -> Vec<Settlement> {
    if decision != Decision::Undetermined {
        return vec![];
    }
    let keys = open_keys(case, gaps);
    let layers = open_layers(case);
    let mut trial = Trial { case, everything: everything(), tries: 0 };
    let mut found: Vec<Settlement> = trial.allowed(&keys, &layers).into_iter().collect();
    for key in &keys {
        let denies = |way: &&Way| trial.decide(&[way]).is_denied();
        if let Some(way) = key.ways.iter().find(denies) {
            let decision = trial.decide(&[way]);
            found.push(Settlement { decision, suppositions: vec![supposition(way, key)] });
        }
    }
    found
}

fn supposition(way: &Way, open: &Open) -> Supposition {
    Supposition { text: way.words.clone(), supply: open.supply.clone() }
}

struct Trial<'c, 'a> {
    case: &'c Case<'a>,
    everything: Option<Arc<Policy>>,
    tries: usize,
}

impl Trial<'_, '_> {
    /// The fewest facts with which the request is allowed.
    fn allowed(&mut self, keys: &[Open], layers: &[Open]) -> Option<Settlement> {
        let fixed: Vec<(&Open, &Way)> =
            layers.iter().filter_map(|open| Some((open, open.ways.first()?))).collect();
        let mut chosen = vec![0_usize; keys.len()];
        loop {
            let picked = keys.iter().zip(&chosen);
            let picked = picked.filter_map(|(open, at)| Some((open, open.ways.get(*at)?)));
            let all: Vec<(&Open, &Way)> = picked.chain(fixed.iter().copied()).collect();
            if self.tries > MOST_TRIES {
                return None;
            }
            if self.decide(&ways(&all)) == Decision::Allowed {
                return Some(self.least(all));
            }
            // The next combination, as a counter counts.
            let mut places = chosen.iter_mut().zip(keys);
            let carry = places.all(|(at, open)| {
                *at += 1;
                let over = *at >= open.ways.len();
                if over {
                    *at = 0;
                }
                over
            });
            if carry {
                return None;
            }
        }
    }

    /// Leaves out what is not needed.
    fn least(&mut self, mut all: Vec<(&Open, &Way)>) -> Settlement {
        let mut at = 0;
        while at < all.len() {
            let mut fewer = all.clone();
            fewer.remove(at);
            if self.decide(&ways(&fewer)) == Decision::Allowed {
                all = fewer;
            } else {
                at += 1;
            }
        }
        let suppositions = all.iter().map(|(open, way)| supposition(way, open)).collect();
        Settlement { decision: Decision::Allowed, suppositions }
    }

    fn decide(&mut self, ways: &[&Way]) -> Decision {
        self.tries += 1;
        let mut request: Request = self.case.request.clone();
        let mut layers = self.case.layers.clone();
        for way in ways {
            match &way.what {
                What::Key(key, value) => {
                    let span = request.action.span;
                    request.context.set(key, value.clone(), span);
                }
                What::Layer(place) => self.allow(&mut layers, *place),
            }
        }
        decide(&request, &layers)
    }

    fn allow(&self, layers: &mut Layers, place: usize) {
        let Some((slot, policy)) = layers.layers.get_mut(place).zip(self.everything.clone()) else {
            return;
        };
        let mut layer = Layer::clone(slot);
        layer.missing.clear();
        layer.policies.push(Attached { name: None, arn: None, attached_to: None, policy });
        *slot = Arc::new(layer);
    }
}

fn ways<'w>(all: &[(&Open, &'w Way)]) -> Vec<&'w Way> {
    all.iter().map(|(_, way)| *way).collect()
}

/// A policy that allows everything to everyone.
fn everything() -> Option<Arc<Policy>> {
    let text = r#"{ "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*" } }"#;
    let mut sources = SourceMap::default();
    let id = sources.add_given("supposed", text);
    let documents = parse(&sources, id, Syntax::Json).ok()?;
    Some(Arc::new(read(documents.first()?.root(), PolicyType::ResourceBased)))
}

/// The condition keys on which the answer depends, with the values that the policies ask for.
fn open_keys(case: &Case<'_>, gaps: &[Gap]) -> Vec<Open> {
    let mut found: Vec<(String, Open)> = Vec::new();
    let conditions = case.evaluation.trace.iter().filter_map(|trace| {
        let (_, statement) = case.statement(trace)?;
        Some(statement.conditions.iter().zip(&trace.conditions))
    });
    for (condition, (result, _)) in conditions.flatten() {
        let key = condition.key.value.as_str();
        let gap = gaps.iter().find(|gap| gap.fact.eq_ignore_ascii_case(key));
        let Some(gap) = gap.filter(|_| result.gaps().is_some()) else { continue };
        let known = found.iter().position(|(lower, _)| **lower == *condition.key_lower);
        let place = known.unwrap_or(found.len());
        if place == MOST_KEYS {
            continue;
        }
        if known.is_none() {
            let open = Open { ways: Vec::new(), supply: gap.supply.clone() };
            found.push((condition.key_lower.to_string(), open));
        }
        let Some((_, open)) = found.get_mut(place) else { continue };
        for way in ways_of(condition) {
            let is_new = open.ways.iter().all(|other| other.words != way.words);
            if is_new && open.ways.len() < MOST_VALUES {
                open.ways.push(way);
            }
        }
    }
    found.into_iter().map(|(_, open)| open).collect()
}

/// A value that meets the condition, and one that does not.
fn ways_of(condition: &Condition) -> Vec<Way> {
    let Some(operator) = condition.parsed else { return vec![] };
    let key = &condition.key.value;
    let way = |given: Given, words: String| Way { what: What::Key(key.clone(), given), words };
    let first = condition.values.first().map_or("", |value| value.value.text.as_str());
    let value = example(operator.row.family, first);
    let given = if operator.set.is_some() {
        Given::Many(vec![value.clone()])
    } else {
        Given::One(value.clone())
    };
    let absent = || way(Given::Absent, format!("the request does not carry `{key}`"));
    match (operator.row.family, operator.row.negated) {
        (Family::Null, _) => {
            vec![way(Given::One("x".to_owned()), format!("the request carries `{key}`")), absent()]
        }
        (Family::Bool, _) => {
            let other = if value.eq_ignore_ascii_case("true") { "false" } else { "true" };
            let is =
                |value: &str| way(Given::One(value.to_owned()), format!("`{key}` is `{value}`"));
            vec![is(&value), is(other)]
        }
        (_, false) => vec![way(given, requirement(condition)), absent()],
        (_, true) => vec![way(given, format!("`{key}` is `{first}`")), absent()],
    }
}

/// A value that a condition with `text` matches.
fn example(family: Family, text: &str) -> String {
    match family {
        Family::StringLike | Family::Arn => text.replace(['*', '?'], "x"),
        Family::Ip => network(text).map_or(text.to_owned(), |net| net.network().to_string()),
        _ => text.to_owned(),
    }
}

/// The layers of which something is missing that the answer depends on.
fn open_layers(case: &Case<'_>) -> Vec<Open> {
    let verdicts = case.layers.layers.iter().zip(&case.evaluation.verdicts).enumerate();
    verdicts
        .filter(|(_, (layer, verdict))| !verdict.applies.is_no() && !layer.missing.is_empty())
        .filter_map(|(place, (layer, _))| {
            let gap = layer.missing.first()?;
            let words = match layer.missing.as_slice() {
                [one] => one.fact.clone(),
                [one, others @ ..] => format!("{} and {} more", one.fact, others.len()),
                [] => return None,
            };
            let words = match words.strip_prefix("whether the request went through a ") {
                Some(endpoint) => format!(
                    "the policy of any {} allows it",
                    endpoint.trim_end_matches(" with a policy")
                ),
                None if words.contains(" policies ") => format!("{words} allow it"),
                None => format!("{words} allows it"),
            };
            Some(Open {
                ways: vec![Way { what: What::Layer(place), words }],
                supply: gap.supply.clone(),
            })
        })
        .collect()
}
