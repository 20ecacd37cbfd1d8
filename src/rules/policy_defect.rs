//! A policy that takes part holds something that AWS refuses, or that never has an effect.

use crate::finding::{Finding, Party, Severity};
use crate::text::Span;

use super::nearest::Miss;
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
            let decides = in_the_way.is_some_and(|place| place.contains(&problem.span));
            let finding = if decides {
                finding.severity(Severity::Error).owner(Party::RoleAccount).ask(format!(
                    "please mend the trust policy of `{}`: {}",
                    case.request.resource.text.value, problem.message
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

/// The nearest statement of the trust policy, where it does not let the caller in because nothing of
/// its `Principal` or `Action` could be read.
fn in_the_way(case: &Case<'_>) -> Option<Span> {
    let near = trust::miss(case).filter(|near| near.certain)?;
    let statement = near.statement;
    let unreadable = match near.miss {
        Miss::Principal => statement.principal.as_ref().is_some_and(|element| element.values.is_empty()),
        Miss::Action => statement.action.as_ref().is_some_and(|element| element.values.is_empty()),
        _ => false,
    };
    unreadable.then_some(statement.span)
}
