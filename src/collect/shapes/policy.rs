//! A policy document that stands alone, and our own case file.

use crate::doc::{Kind, Node};
use crate::policy::PolicyType;
use crate::snapshot::Builder;

use super::{Input, Shape};

pub(super) const CASE_FILE: Shape = Shape {
    id: "case-file",
    proves: "one request and the policies that apply to it; it is diagnosed with `--case`",
    recognise: |root| root.get("why-denied").is_some(),
    // A case speaks of one request, not of accounts, so it adds nothing to the facts of another.
    read: |_, _| {},
};

pub(super) const BARE: Shape = Shape {
    id: "policy",
    proves: "a document; not what it is attached to",
    recognise: |root| root.get("Statement").is_some(),
    read: read_bare,
};

pub(super) const RECORDED: Shape = Shape {
    id: "get-request-authorization-policy",
    proves: "a policy as it was when AWS decided a request; used with the details of that decision",
    recognise: |root| {
        root.get("policyDocument").is_some_and(|document| document.get("Statement").is_some())
    },
    // Which policy it is stands in the details alone, and what it is attached to as well.
    read: |_, _| {},
};

fn read_bare(input: &Input<'_>, builder: &mut Builder) {
    builder.loose(guess_type(input.root()), input.handle(input.root()).committed());
}

/// The type of a policy by its elements: without `Principal` identity-based, else a trust policy if
/// its actions are those of a trust policy, else resource-based.
pub fn guess_type(policy: Node<'_>) -> PolicyType {
    let Some(statements) = policy.get("Statement") else { return PolicyType::IdentityBased };
    let one = (statements.kind() == Kind::Mapping).then_some(statements);
    let all = || statements.items().chain(one);
    if !all().any(|statement| {
        statement.get("Principal").is_some() || statement.get("NotPrincipal").is_some()
    }) {
        return PolicyType::IdentityBased;
    }
    // Resource policies need `Resource`, trust policies must not have it.
    let is_trust = all().all(|statement| {
        statement.get("Resource").is_none()
            && statement.get("NotResource").is_none()
            && statement.get("Action").is_none_or(is_sts)
    });
    if is_trust { PolicyType::Trust } else { PolicyType::ResourceBased }
}

fn is_sts(action: Node<'_>) -> bool {
    let one = (action.kind() != Kind::Sequence).then_some(action);
    action.items().chain(one).all(|action| {
        let prefix = action.text().and_then(|text| Some(text.split_once(':')?.0.to_lowercase()));
        prefix.is_none_or(|prefix| prefix == "sts")
    })
}
