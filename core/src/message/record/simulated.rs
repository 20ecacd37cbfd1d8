//! `aws iam simulate-principal-policy` and `simulate-custom-policy`.

use super::members::{effect, items, record, service, text};
use super::{Check, Record, RecordKind, Said};
use crate::doc::Node;
use crate::policy::PolicyType;
use crate::text::Spanned;

pub(super) fn simulated(root: Node<'_>) -> Vec<Record> {
    let mut found: Vec<Record> = items(root, "EvaluationResults").flat_map(simulated_one).collect();
    if let Some(last) = found.last_mut()
        && root.get("IsTruncated").and_then(|one| one.as_bool()) == Some(true)
    {
        last.notes.push(
            "the other results: the output is cut off, ask on with `--marker`, or for all at once without `--max-items`"
                .to_owned(),
        );
    }
    found
}

/// The records of one simulated action: for each resource, if they are told apart.
pub(super) fn simulated_one(result: Node<'_>) -> Vec<Record> {
    let action = text(result, "EvalActionName");
    let specific: Vec<Node<'_>> = items(result, "ResourceSpecificResults").collect();
    let each = if specific.is_empty() { vec![result] } else { specific };
    each.into_iter().filter_map(|one| simulated_on(result, one, action.as_ref())).collect()
}

fn simulated_on(
    result: Node<'_>,
    one: Node<'_>,
    action: Option<&Spanned<String>>,
) -> Option<Record> {
    let decision = effect(one, "EvalResourceDecision").or_else(|| effect(one, "EvalDecision"));
    let (said, span) = decision?;
    let mut record = record(RecordKind::Simulated, said, span);
    record.denial.action = action.cloned();
    record.denial.resource = text(one, "EvalResourceName");
    record.denial.service = service(action);
    // A Deny is the only one that is listed where it decides.
    let effect_of = if said == Said::Explicit { "denies" } else { "allows" };
    for statement in items(one, "MatchedStatements") {
        let id = text(statement, "SourcePolicyId");
        let name =
            id.as_ref().map_or_else(|| "a policy".to_owned(), |id| simulated_policy(&id.value));
        let line = statement.get("StartPosition").and_then(|place| place.get("Line")?.as_i64());
        let at = line.map_or(String::new(), |line| format!(" in line {line}"));
        let words = format!("a statement of {name}{at} {effect_of} it");
        let span = id.as_ref().map_or(statement.span(), |id| id.span);
        record.matched.push(Spanned { value: words, span });
    }
    record.missing = items(one, "MissingContextValues")
        .filter_map(|key| Some(key.text()?.into_owned()))
        .collect();
    limits(result, one, &mut record);
    Some(record)
}

/// A policy as the simulator names it: those that were passed to it have the name of the option and a number.
fn simulated_policy(id: &str) -> String {
    let options = [
        ("PermissionsBoundaryPolicyInputList.", "--permissions-boundary-policy-input-list"),
        ("PolicyInputList.", "--policy-input-list"),
    ];
    let passed = options.into_iter().find_map(|(list, option)| {
        let number = id.strip_prefix(list)?;
        Some(format!("policy {number} of `{option}`"))
    });
    match id {
        "ResourcePolicy" => "the policy of `--resource-policy`".to_owned(),
        id => passed.unwrap_or_else(|| format!("`{id}`")),
    }
}

/// What the simulator says of boundaries and control policies.
fn limits(result: Node<'_>, one: Node<'_>, record: &mut Record) {
    let details = [
        ("OrganizationsDecisionDetail", "AllowedByOrganizations", PolicyType::ServiceControl),
        (
            "PermissionsBoundaryDecisionDetail",
            "AllowedByPermissionsBoundary",
            PolicyType::PermissionsBoundary,
        ),
    ];
    for (detail, member, policy_type) in details {
        let node = one.get(detail).or_else(|| result.get(detail)).and_then(|node| node.get(member));
        let Some((node, allowed)) = node.and_then(|node| Some((node, node.as_bool()?))) else {
            continue;
        };
        let said = if allowed { Said::Allowed } else { Said::Stopped };
        let (target, matched) = (None, Vec::new());
        record.checks.push(Check { policy_type, target, said, span: node.span(), matched });
        if !allowed && record.denial.policy_type.is_none() {
            record.denial.policy_type = Some(Spanned { value: policy_type, span: node.span() });
        }
    }
    // Of a simulation across accounts: what each kind of policy comes to by itself.
    let details = one.get("EvalDecisionDetails").or_else(|| result.get("EvalDecisionDetails"));
    for entry in details.into_iter().flat_map(|details| details.entries()) {
        let said = match entry.value.text().as_deref() {
            Some("allowed") => "allowed",
            Some("explicitDeny") => "denied by a statement",
            Some("implicitDeny") => "not allowed",
            _ => continue,
        };
        record.parts.push(format!("by `{}` alone it is {said}", entry.key));
    }
}
