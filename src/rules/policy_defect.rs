//! A policy that takes part holds something that AWS refuses, or that never has an effect.

use crate::finding::{Finding, Gate, Severity};
use crate::policy::Effect;
use crate::text::Span;

use super::{Case, Rule, rule};

pub(super) static RULES: &[Rule] =
    &[rule!("policy-defect", ExplicitDenies, 96, "a policy that takes part holds something that AWS refuses or that has no effect", check)];

fn check(case: &Case<'_>) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    let causes = unknown_operators(case);
    for layer in &case.layers.layers {
        for problem in layer.policies.iter().flat_map(|attached| &attached.policy.problems) {
            let label = if problem.refused { "AWS refuses this" } else { "this does not do what it seems to" };
            let finding = Finding::new("policy-defect", problem.message.clone(), problem.span, label)
                .help(problem.help.clone());
            let finding = if causes.contains(&problem.span) {
                finding.severity(Severity::Error).explains(Gate::of(layer.policy_type))
            } else {
                finding.severity(Severity::Warning)
            };
            if !found.contains(&finding) {
                found.push(finding);
            }
        }
    }
    found
}

/// Operators that AWS does not have, where nothing else keeps a statement from allowing the request.
fn unknown_operators(case: &Case<'_>) -> Vec<Span> {
    if !case.evaluation.allowed.is_no() {
        return vec![];
    }
    let traces = case.evaluation.trace.iter().filter(|trace| {
        trace.effect == Some(Effect::Allow)
            && [trace.principal, trace.action, trace.resource].iter().all(|part| !part.is_no())
    });
    traces
        .filter_map(|trace| case.statement(trace))
        .flat_map(|(_, statement)| &statement.conditions)
        .filter(|condition| condition.parsed.is_none())
        .map(|condition| condition.operator.span)
        .collect()
}
