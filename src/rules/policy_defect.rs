//! A policy that takes part holds something that AWS refuses, or that never has an effect.

use crate::finding::{Finding, Severity};

use super::{Case, Rule, rule};

pub(super) static RULES: &[Rule] =
    &[rule!("policy-defect", ExplicitDenies, 96, "a policy that takes part holds something that AWS refuses or that has no effect", check)];

fn check(case: &Case<'_>) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for attached in case.layers.layers.iter().flat_map(|layer| &layer.policies) {
        for problem in &attached.policy.problems {
            let label = if problem.refused { "AWS refuses this" } else { "this does not do what it seems to" };
            let finding = Finding::new("policy-defect", problem.message.clone(), problem.span, label)
                .severity(Severity::Warning)
                .help(problem.help.clone());
            if !found.contains(&finding) {
                found.push(finding);
            }
        }
    }
    found
}
