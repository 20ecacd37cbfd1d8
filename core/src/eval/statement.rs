//! Whether one statement applies to the request.

use crate::doc::Hole;
use crate::layers::{Gap, Layers};
use crate::policy::{
    ActionBits, ActionPattern, Arn, Effect, Element, Part, PolicyType, ResourceMatcher,
    ResourcePattern, Statement,
};
use crate::request::Request;

use super::combine::has_boundary;
use super::condition::{Why, arn_matches, condition, pattern_matches};
use super::logic::{GapTable, Match};
use super::principal::{Grant, principal};

/// How one statement came out, element by element.
#[derive(Clone, Debug)]
pub struct StatementTrace {
    /// The layer's place among the request's layers.
    pub layer: usize,
    /// The policy's place in the layer.
    pub policy: usize,
    /// The statement's place in the policy.
    pub statement: usize,
    /// Allow or Deny; `None` where the statement says neither.
    pub effect: Option<Effect>,
    /// Whether `Principal` names the caller; `Yes` where the policy type has none.
    pub principal: Match,
    /// How it names the caller.
    pub grant: Grant,
    /// Whether `Action` or `NotAction` covers the action.
    pub action: Match,
    /// Whether `Resource` or `NotResource` covers the resource.
    pub resource: Match,
    /// One for each condition of the statement, in order.
    pub conditions: Vec<(Match, Why)>,
    /// All of it together.
    pub outcome: Match,
}

/// Takes down what the evaluator finds, or nothing.
pub trait Recorder {
    /// Whether every element is evaluated, also when an earlier one has settled the statement.
    const TRACES: bool;
    /// Takes down one statement.
    fn record(&mut self, trace: StatementTrace);
}

/// Takes down everything.
impl Recorder for Vec<StatementTrace> {
    const TRACES: bool = true;
    fn record(&mut self, trace: StatementTrace) {
        self.push(trace);
    }
}

/// Takes down nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Recorder for Silent {
    const TRACES: bool = false;
    fn record(&mut self, _: StatementTrace) {}
}

/// What every statement of one request is held against.
pub(super) struct Subject<'a> {
    pub(super) request: &'a Request,
    /// The resource, cut once.
    pub(super) arn: Option<Arn<'a>>,
    /// What the action begins with.
    pub(super) action: ActionBits,
    pub(super) layers: &'a Layers,
    pub(super) gaps: &'a GapTable,
}

/// Evaluates one statement. `place` is layer, policy and statement.
pub(super) fn statement<R: Recorder>(
    statement: &Statement,
    policy_type: PolicyType,
    place: (usize, usize, usize),
    subject: &Subject<'_>,
    recorder: &mut R,
) -> Outcome {
    let settled = |outcome: &Match| !R::TRACES && outcome.is_no();
    let action = match &statement.action {
        Some(element) => action(element, subject),
        None => broken(statement, subject.gaps),
    };
    let mut outcome = action;
    if settled(&outcome) {
        return Outcome::NONE;
    }
    let resource = match &statement.resource {
        Some(element) => resource(element, subject),
        None if policy_type == PolicyType::Trust || policy_type == PolicyType::ResourceBased => {
            Match::Yes
        }
        None => broken(statement, subject.gaps),
    };
    outcome = outcome.and(resource);
    if settled(&outcome) {
        return Outcome::NONE;
    }
    let is_deny = statement.effect.as_ref().is_some_and(|effect| effect.value == Effect::Deny);
    let (named, grant, more) = match &statement.principal {
        _ if !policy_type.row().has_principal => (Match::Yes, Grant::Direct, Match::No),
        Some(element) => {
            let boundary = || has_boundary(subject.layers, subject.gaps);
            principal(element, subject.request, policy_type, boundary, is_deny, subject.gaps)
        }
        // It may stand there under another name, and was not read.
        None if statement.broken.is_some() => {
            (broken(statement, subject.gaps), Grant::Direct, Match::No)
        }
        // A limit on everything that goes through a place is one on everybody; a grant has to name
        // those whom it is for.
        None => {
            let limits = policy_type.row().part == Part::Limits;
            (limits.into(), Grant::Direct, Match::No)
        }
    };
    outcome = outcome.and(named);
    if settled(&outcome) {
        return Outcome::NONE;
    }
    let mut conditions = Vec::new();
    if R::TRACES {
        conditions.reserve_exact(statement.conditions.len());
    }
    for wanted in &statement.conditions {
        let (result, why) = condition(wanted, subject.request, subject.gaps);
        outcome = outcome.and(result);
        if R::TRACES {
            conditions.push((result, why));
        } else if outcome.is_no() {
            return Outcome::NONE;
        }
    }
    if !statement.doubts.is_empty() && !outcome.is_no() {
        outcome = outcome.and(subject.gaps.holes(&statement.doubts));
    }
    if statement.broken.is_some() {
        outcome = outcome.and(broken(statement, subject.gaps));
    }
    if R::TRACES {
        let (layer, policy, at) = place;
        recorder.record(StatementTrace {
            layer,
            policy,
            statement: at,
            effect: statement.effect.as_ref().map(|effect| effect.value),
            principal: named,
            grant,
            action,
            resource,
            conditions,
            outcome,
        });
    }
    Outcome { applies: outcome, grant, more: more.and(outcome) }
}

/// What one statement comes to.
pub(super) struct Outcome {
    /// Whether it applies to the request.
    pub(super) applies: Match,
    /// How it names the caller.
    pub(super) grant: Grant,
    /// Whether it may apply by naming the caller in the strongest way, besides.
    pub(super) more: Match,
}

impl Outcome {
    /// It does not apply.
    const NONE: Self = Self { applies: Match::No, grant: Grant::Delegation, more: Match::No };
}

/// AWS would not have stored such a statement, so what it stands for is not known.
fn broken(statement: &Statement, gaps: &GapTable) -> Match {
    let name = statement
        .sid
        .as_ref()
        .map_or_else(|| "a statement".to_owned(), |sid| format!("statement `{}`", sid.value));
    gaps.unknown(|| Gap {
        fact: format!("what {name} does"),
        reason: "AWS would refuse it as it is written, so AWS must have another text".to_owned(),
        supply: "mend the policy, or export the one that AWS has".to_owned(),
    })
}

/// Actions match whatever their case.
fn action(element: &Element<ActionPattern>, subject: &Subject<'_>) -> Match {
    let lower = &subject.request.action_lower;
    if element.uncertain {
        return uncertain_action(element, subject).negated_if(element.negated);
    }
    let any = (element.values.iter())
        .filter_map(|value| value.value.pattern.as_ref()?.glob())
        .any(|glob| glob.matches(lower));
    Match::from(any).negated_if(element.negated)
}

/// The same where some values are not known, or may not be there.
fn uncertain_action(element: &Element<ActionPattern>, subject: &Subject<'_>) -> Match {
    let mut any = Match::No;
    for value in &element.values {
        let Some(pattern) = &value.value.pattern else { continue };
        let text = &subject.request.action_lower;
        let matches = pattern_matches(pattern, text, subject.request, subject.gaps);
        any = any.or(if_there(value.value.doubt.as_deref(), matches, subject.gaps));
        if any.is_yes() {
            break;
        }
    }
    any
}

/// What a value comes to that may not be there.
fn if_there(doubt: Option<&Hole>, matches: Match, gaps: &GapTable) -> Match {
    match doubt {
        Some(hole) if !matches.is_no() => matches.and(gaps.hole(hole)),
        _ => matches,
    }
}

fn resource(element: &Element<ResourcePattern>, subject: &Subject<'_>) -> Match {
    let mut any = Match::No;
    for value in &element.values {
        let matches = match (&value.value.matcher, &subject.arn) {
            (ResourceMatcher::Everything, _) => Match::Yes,
            (ResourceMatcher::Arn(pattern), Some(arn)) => {
                arn_matches(pattern, arn, subject.request, subject.gaps)
            }
            (ResourceMatcher::Holed(pattern), _) => {
                let text = &subject.request.resource.text().value;
                pattern_matches(pattern, text, subject.request, subject.gaps)
            }
            (ResourceMatcher::Arn(_), None) | (ResourceMatcher::Nothing, _) => Match::No,
        };
        any = any.or(if_there(value.value.doubt.as_deref(), matches, subject.gaps));
        if any.is_yes() {
            break;
        }
    }
    any.negated_if(element.negated)
}
