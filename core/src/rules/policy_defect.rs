//! A policy that takes part holds something that AWS refuses, or that never has an effect.

use crate::finding::{Finding, Gate, Party, Severity};
use crate::policy::{PolicyType, Statement};
use crate::text::Span;

use super::{Case, Rule, rule, trust};

pub(super) static RULES: &[Rule] =
    &[rule!("policy-defect", ExplicitDenies, 96, "a policy that takes part holds something that AWS refuses or that has no effect", check)];

fn check(case: &Case<'_>) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    let in_the_way = in_the_way(case);
    for attached in case.layers.layers.iter().flat_map(|layer| &layer.policies) {
        for problem in &attached.policy.problems {
            let label = if problem.refused { "AWS refuses this" } else { "this does not do what it seems to" };
            let finding = Finding::new("policy-defect", problem.message.clone(), problem.span, label)
                .help(problem.help.clone());
            let decides = in_the_way.iter().any(|place| place.contains(&problem.span));
            let finding = if decides {
                finding.severity(Severity::Error).explains(Gate::TrustPolicy).owner(Party::RoleAccount).ask(format!(
                    "please mend the trust policy of `{}`: {}",
                    case.request.resource.text().value, problem.message
                ))
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

/// The statements of the trust policy that keep the caller out because nothing of them could be read.
pub(super) fn in_the_way(case: &Case<'_>) -> Vec<Span> {
    let part = &case.evaluation.parts.resource;
    if case.is_moot() || !case.request.needs_trust_policy() || !part.is_no() {
        return Vec::new();
    }
    match trust::miss(case) {
        Some(near) if near.certain && is_unreadable(near.statement) => vec![near.statement.span],
        Some(_) => Vec::new(),
        None => (case.layers.of(PolicyType::Trust))
            .flat_map(|layer| &layer.policies)
            .flat_map(|attached| &attached.policy.statements)
            .filter(|statement| is_unreadable(statement))
            .map(|statement| statement.span)
            .collect(),
    }
}

/// Whether an element is not there, or holds nothing that could be read.
fn is_unreadable(statement: &Statement) -> bool {
    let principal = statement.principal.as_ref();
    let action = statement.action.as_ref();
    statement.broken.is_some()
        && (statement.effect.is_none()
            || principal.is_none_or(|element| element.values.is_empty())
            || action.is_none_or(|element| element.values.is_empty()))
}
