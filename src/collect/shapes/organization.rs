//! `aws organizations …`: the tree of an organization, and its control policies.
//!
//! Most of these outputs do not say what they are about. They are joined where their file's name
//! has its id, or where only one thing fits.

use crate::doc::{Kind, Node};
use crate::policy::PolicyType;
use crate::snapshot::{Builder, TreeList, control_type};
use crate::text::Spanned;

use super::{Input, Shape, has_list, has_mapping, is_truncated, items, text};

pub(super) const DESCRIBE_ORGANIZATION: Shape = Shape {
    id: "describe-organization",
    proves: "an organization's id and the account that manages it; not who else is in it",
    recognise: |root| has_mapping(root, "Organization"),
    read: read_organization,
};

pub(super) const LIST_ROOTS: Shape = Shape {
    id: "list-roots",
    proves: "the root of the organization, and which types of control policies are enabled",
    recognise: |root| has_list(root, "Roots"),
    read: read_roots,
};

pub(super) const LIST_UNITS: Shape = Shape {
    id: "list-organizational-units-for-parent",
    proves: "organizational units, with their place if `Path` is there; else not their parent",
    recognise: |root| has_list(root, "OrganizationalUnits"),
    read: |input, builder| {
        for unit in items(input.root(), "OrganizationalUnits") {
            read_target(builder, unit);
        }
    },
};

pub(super) const DESCRIBE_UNIT: Shape = Shape {
    id: "describe-organizational-unit",
    proves: "one organizational unit, with its place if `Path` is there",
    recognise: |root| has_mapping(root, "OrganizationalUnit"),
    read: |input, builder| {
        if let Some(unit) = input.root().get("OrganizationalUnit") {
            read_target(builder, unit);
        }
    },
};

pub(super) const LIST_ACCOUNTS: Shape = Shape {
    id: "list-accounts",
    proves: "accounts of the organization, with their places if `Paths` is there",
    recognise: |root| {
        items(root, "Accounts").next().is_some_and(|account| {
            text(account, "Arn").is_some_and(|arn| arn.value.contains(":organizations:"))
        })
    },
    read: |input, builder| {
        for account in items(input.root(), "Accounts") {
            read_target(builder, account);
        }
    },
};

/// Service control policies limit a delegated administrator as they limit any other account.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>
pub(super) const LIST_DELEGATED: Shape = Shape {
    id: "list-delegated-administrators",
    proves: "accounts of the organization; control policies limit them as any other",
    recognise: |root| has_list(root, "DelegatedAdministrators"),
    read: |input, builder| {
        for account in items(input.root(), "DelegatedAdministrators") {
            read_target(builder, account);
        }
    },
};

pub(super) const LIST_PARENTS: Shape = Shape {
    id: "list-parents",
    proves: "what stands right above an account or unit; not above which",
    recognise: |root| has_list(root, "Parents"),
    read: |input, builder| {
        let parents = ids(input.root(), "Parents", "Id");
        know(builder, &parents);
        builder.tree_list(TreeList::Parents(parents), input.origin());
    },
};

pub(super) const LIST_CHILDREN: Shape = Shape {
    id: "list-children",
    proves: "what stands right below a root or unit; not below which",
    recognise: |root| has_list(root, "Children"),
    read: |input, builder| {
        let children = ids(input.root(), "Children", "Id");
        know(builder, &children);
        if !children.is_empty() {
            builder.tree_list(TreeList::Children(children), input.origin());
        }
    },
};

pub(super) const LIST_POLICIES_FOR_TARGET: Shape = Shape {
    id: "list-policies-for-target",
    proves: "all control policies of one type on a root, unit or account; not on which",
    recognise: |root| items(root, "Policies").next().is_some_and(is_summary),
    read: read_policies,
};

pub(super) const LIST_TARGETS_FOR_POLICY: Shape = Shape {
    id: "list-targets-for-policy",
    proves: "what a control policy is attached to; not which policy",
    recognise: |root| {
        items(root, "Targets").next().is_some_and(|target| target.get("TargetId").is_some())
    },
    read: read_targets,
};

pub(super) const DESCRIBE_POLICY: Shape = Shape {
    id: "describe-policy",
    proves: "the document of a control policy; not what it is attached to",
    recognise: |root| {
        root.get("Policy").and_then(|policy| policy.get("PolicySummary")).is_some_and(is_summary)
    },
    read: read_policy,
};

fn is_summary(policy: Node<'_>) -> bool {
    policy.get("Id").is_some() && policy.get("Type").is_some()
}

pub(super) fn ids(node: Node<'_>, list: &str, key: &str) -> Vec<Spanned<String>> {
    items(node, list).filter_map(|item| text(item, key)).collect()
}

pub(super) fn know(builder: &mut Builder, ids: &[Spanned<String>]) {
    for id in ids {
        builder.target(&id.value, None, None);
    }
}

fn read_organization(input: &Input<'_>, builder: &mut Builder) {
    let Some(organization) = input.root().get("Organization") else { return };
    let Some(id) = text(organization, "Id") else { return };
    let management = text(organization, "MasterAccountId").map(|account| account.value);
    let features = text(organization, "FeatureSet").map(|features| features.value == "ALL");
    builder.organization(&id.value, management, features);
}

fn read_target(builder: &mut Builder, node: Node<'_>) {
    let Some(id) = text(node, "Id") else { return };
    let arn = text(node, "Arn").map(|arn| arn.value);
    let name = text(node, "Name").map(|name| name.value);
    builder.target(&id.value, arn.as_deref(), name);
    let mut paths = items(node, "Paths")
        .filter_map(|path| Some(Spanned { value: path.text()?.into_owned(), span: path.span() }));
    // An account has one place; of several nobody could say which counts.
    let path = text(node, "Path").or_else(|| paths.next().filter(|_| paths.next().is_none()));
    if let Some(path) = path {
        builder.path(&id.value, &path);
    }
}

fn read_roots(input: &Input<'_>, builder: &mut Builder) {
    for root in items(input.root(), "Roots") {
        read_target(builder, root);
        let Some(id) = text(root, "Id") else { continue };
        if !has_list(root, "PolicyTypes") {
            continue;
        }
        let on: Vec<PolicyType> = items(root, "PolicyTypes")
            // While a type is being disabled its policies may still have an effect.
            .filter_map(|kind| control_type(&text(kind, "Type")?.value))
            .collect();
        if let Some(target) = builder.target(&id.value, None, None) {
            target.enabled = Some(on);
        }
    }
}

/// The type of a policy and its id, where it is one that decides anything.
pub(super) fn summary(
    builder: &mut Builder,
    node: Node<'_>,
) -> Option<(PolicyType, Spanned<String>)> {
    let policy_type = control_type(&text(node, "Type")?.value)?;
    let id = text(node, "Id")?;
    let arn = text(node, "Arn").map(|arn| arn.value);
    let name = text(node, "Name").map(|name| name.value);
    builder.control_policy(&id.value, arn, name, policy_type);
    Some((policy_type, id))
}

fn read_policies(input: &Input<'_>, builder: &mut Builder) {
    let root = input.root();
    let found: Vec<_> =
        items(root, "Policies").filter_map(|policy| summary(builder, policy)).collect();
    // The command lists policies of one type.
    let Some(policy_type) = found.first().map(|(policy_type, _)| *policy_type) else { return };
    let ids = found.into_iter().filter(|(other, _)| *other == policy_type).map(|(_, id)| id);
    let list = TreeList::Policies(policy_type, ids.collect(), !is_truncated(root));
    builder.tree_list(list, input.origin());
}

fn read_targets(input: &Input<'_>, builder: &mut Builder) {
    let root = input.root();
    for target in items(root, "Targets") {
        let Some(id) = text(target, "TargetId") else { continue };
        let arn = text(target, "Arn").map(|arn| arn.value);
        let name = text(target, "Name").map(|name| name.value);
        builder.target(&id.value, arn.as_deref(), name);
    }
    let targets = ids(root, "Targets", "TargetId");
    builder.tree_list(TreeList::Targets(targets, !is_truncated(root)), input.origin());
}

fn read_policy(input: &Input<'_>, builder: &mut Builder) {
    let Some(policy) = input.root().get("Policy") else { return };
    let Some((_, id)) = policy.get("PolicySummary").and_then(|node| summary(builder, node)) else {
        return;
    };
    if let Some(content) = policy.get("Content").filter(|content| content.kind() != Kind::Null) {
        builder.control_document(&id.value, input.handle(content));
    }
}
