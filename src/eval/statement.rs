//! Whether one statement applies to the request.

use crate::layers::Gap;
use crate::policy::{
    ActionPattern, Arn, Effect, Element, Part, PolicyType, ResourceMatcher, ResourcePattern,
    Statement,
};
use crate::request::Request;

use super::condition::{Why, arn_matches, condition};
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
    /// Whether the caller has a permissions boundary.
    pub(super) has_boundary: Match,
    pub(super) gaps: &'a GapTable,
}

/// Evaluates one statement. `place` is layer, policy and statement.
pub(super) fn statement<R: Recorder>(
    statement: &Statement,
    policy_type: PolicyType,
    place: (usize, usize, usize),
    subject: &Subject<'_>,
    recorder: &mut R,
) -> (Match, Grant) {
    let settled = |outcome: &Match| !R::TRACES && outcome.is_no();
    let action = match &statement.action {
        Some(element) => action(element, subject.request),
        None => broken(statement, subject.gaps),
    };
    let mut outcome = action;
    if settled(&outcome) {
        return (outcome, Grant::Delegation);
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
        return (outcome, Grant::Delegation);
    }
    let is_deny = statement.effect.as_ref().is_some_and(|effect| effect.value == Effect::Deny);
    let (named, grant) = match &statement.principal {
        _ if !policy_type.row().has_principal => (Match::Yes, Grant::Direct),
        Some(element) => {
            let boundary = &subject.has_boundary;
            principal(element, subject.request, policy_type, boundary, is_deny, subject.gaps)
        }
        // A limit on everything that goes through a place is one on everybody; a grant has to name
        // those whom it is for.
        None => {
            let limits = policy_type.row().part == Part::Limits;
            (limits.into(), Grant::Direct)
        }
    };
    outcome = outcome.and(named);
    if settled(&outcome) {
        return (outcome, grant);
    }
    let mut conditions = Vec::new();
    if R::TRACES {
        conditions.reserve_exact(statement.conditions.len());
    }
    for wanted in &statement.conditions {
        let (result, why) = condition(wanted, subject.request, is_deny, subject.gaps);
        outcome = outcome.and(result);
        if R::TRACES {
            conditions.push((result, why));
        } else if outcome.is_no() {
            return (outcome, grant);
        }
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
    (outcome, grant)
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
fn action(element: &Element<ActionPattern>, request: &Request) -> Match {
    let any = (element.values.iter())
        .filter_map(|value| value.value.pattern.as_ref()?.glob())
        .any(|glob| glob.matches(&request.action_lower));
    Match::from(any).negated_if(element.negated)
}

fn resource(element: &Element<ResourcePattern>, subject: &Subject<'_>) -> Match {
    let mut any = Match::No;
    for value in &element.values {
        let matches = match (&value.value.matcher, &subject.arn) {
            (ResourceMatcher::Everything, _) => Match::Yes,
            (ResourceMatcher::Arn(pattern), Some(arn)) => {
                arn_matches(pattern, arn, subject.request, subject.gaps)
            }
            (ResourceMatcher::Arn(_), None) | (ResourceMatcher::Nothing, _) => Match::No,
        };
        any = any.or(matches);
        if any.is_yes() {
            break;
        }
    }
    any.negated_if(element.negated)
}
