//! `aws iam-toolbox get-request-authorization-details`.

use super::members::{effect, items, record, service, text};
use super::{Check, Part, Record, RecordKind, Said, last_part};
use crate::doc::{Kind, Node};
use crate::policy::PolicyType;
use crate::text::Spanned;

pub(super) fn details(root: Node<'_>) -> Vec<Record> {
    let mut shared = Vec::new();
    context(root.get("requestContext"), &mut shared);
    let policies: Vec<Part> = items(root, "policies")
        .filter_map(|policy| {
            Some(Part {
                policy_type: checked(&text(policy, "type")?.value)?,
                uri: text(policy, "uri")?.value,
                attached_to: items(policy, "attachedTo")
                    .filter_map(|one| Some(text(one, "arn")?.value))
                    .collect(),
            })
        })
        .collect();
    let principal = root.get("requestContext").and_then(|context| {
        ["aws:PrincipalArn", "principalArn", "principal"].iter().find_map(|key| text(context, key))
    });
    let mut found = Vec::new();
    for evaluation in items(root, "evaluations") {
        let Some((said, span)) = effect(evaluation, "evaluatedEffect") else { continue };
        let mut one = record(RecordKind::Details, said, span);
        one.denial.principal.clone_from(&principal);
        one.denial.action = text(evaluation, "action");
        one.denial.resource = text(evaluation, "resource");
        one.denial.service = service(one.denial.action.as_ref());
        one.context.clone_from(&shared);
        context(evaluation.get("context"), &mut one.context);
        one.matched = matched(evaluation);
        one.policies.clone_from(&policies);
        for check in items(evaluation, "checks") {
            let name = text(check, "checkType").map_or_else(String::new, |name| name.value);
            let Some((said, span)) = effect(check, "evaluatedEffect") else { continue };
            let Some(policy_type) = checked(&name) else {
                one.notes.push(format!(
                    "what `{name}` is: AWS checked that too, and this program does not know it ({})",
                    match said {
                        Said::Allowed => "it allowed the request",
                        Said::NoImpact => "it made no difference",
                        Said::Explicit | Said::Implicit | Said::Stopped => "it stopped the request",
                    }
                ));
                continue;
            };
            let target = text(check, "targetArn").map(|arn| last_part(&arn.value).to_owned());
            let below = matched(check);
            let words = below.iter().map(|one| one.value.clone()).collect();
            for statement in below {
                if !one.matched.iter().any(|other| other.value == statement.value) {
                    one.matched.push(statement);
                }
            }
            one.checks.push(Check { policy_type, target, said, span, matched: words });
        }
        let stops = one.checks.iter().find(|check| check.said == said && said != Said::Allowed);
        one.denial.policy_type =
            stops.map(|check| Spanned { value: check.policy_type, span: check.span });
        found.push(one);
    }
    found
}

/// The layer that a check of the authorization details is about.
fn checked(name: &str) -> Option<PolicyType> {
    Some(match name {
        "SERVICE_CONTROL_POLICY" => PolicyType::ServiceControl,
        "RESOURCE_CONTROL_POLICY" => PolicyType::ResourceControl,
        "VPC_ENDPOINT" | "VPC_ENDPOINT_POLICY" => PolicyType::VpcEndpoint,
        "RESOURCE" | "RESOURCE_BASED_POLICY" => PolicyType::ResourceBased,
        "PRINCIPAL" | "IDENTITY_BASED_POLICY" => PolicyType::IdentityBased,
        "PERMISSIONS_BOUNDARY" => PolicyType::PermissionsBoundary,
        "SESSION" | "SESSION_POLICY" => PolicyType::Session,
        _ => return None,
    })
}

/// The statements below `matchedPolicies`, in words.
fn matched(node: Node<'_>) -> Vec<Spanned<String>> {
    let mut found = Vec::new();
    for policy in items(node, "matchedPolicies") {
        let uri = text(policy, "uri");
        let name = uri.as_ref().map_or("a policy", |uri| last_part(&uri.value));
        for statement in items(policy, "matchedStatements") {
            let effect = text(statement, "evaluatedEffect").map_or(String::new(), |one| one.value);
            let effect = if effect.eq_ignore_ascii_case("deny") { "denies" } else { "allows" };
            let sid = text(statement, "sid");
            let span = sid.as_ref().map_or(statement.span(), |sid| sid.span);
            let words = match sid {
                Some(sid) => format!("statement `{}` of `{name}` {effect} it", sid.value),
                None => format!("a statement of `{name}` {effect} it"),
            };
            found.push(Spanned { value: words, span });
        }
    }
    found
}

/// A context's values, of whatever shape.
fn context(node: Option<Node<'_>>, into: &mut Vec<(String, Vec<String>)>) {
    for entry in node.into_iter().flat_map(|map| map.entries()) {
        let key = entry.key.into_owned();
        let value = entry.value;
        let values: Vec<String> = match value.kind() {
            Kind::Sequence => {
                value.items().filter_map(|item| Some(item.scalar()?.into_owned())).collect()
            }
            Kind::Mapping => continue,
            _ => value.scalar().map(|text| text.into_owned()).into_iter().collect(),
        };
        match into.iter_mut().find(|(other, _)| *other == key) {
            Some((_, mine)) => *mine = values,
            None => into.push((key, values)),
        }
    }
}
