//! Single policies: inline ones with their owner's name, managed ones and their versions.

use crate::doc::{Kind, Node};
use crate::snapshot::{Builder, EntityKind, Version};

use super::entity::inline_policy;
use super::{Input, Shape, has_list, has_mapping, items, text, time};

pub(super) const GET_ROLE_POLICY: Shape = Shape {
    id: "get-role-policy",
    proves: "one inline policy of a role of that name; not the role's account",
    recognise: |root| root.get("RoleName").is_some() && root.get("PolicyDocument").is_some(),
    read: |input, builder| inline(input, builder, "RoleName", EntityKind::Role),
};

pub(super) const GET_USER_POLICY: Shape = Shape {
    id: "get-user-policy",
    proves: "one inline policy of a user of that name; not the user's account",
    recognise: |root| root.get("UserName").is_some() && root.get("PolicyDocument").is_some(),
    read: |input, builder| inline(input, builder, "UserName", EntityKind::User),
};

pub(super) const GET_GROUP_POLICY: Shape = Shape {
    id: "get-group-policy",
    proves: "one inline policy of a group of that name; not the group's account",
    recognise: |root| root.get("GroupName").is_some() && root.get("PolicyDocument").is_some(),
    read: |input, builder| inline(input, builder, "GroupName", EntityKind::Group),
};

pub(super) const GET_POLICY: Shape = Shape {
    id: "get-policy",
    proves: "which version of a managed policy is in force; not its document",
    recognise: |root| has_mapping(root, "Policy"),
    read: |input, builder| {
        if let Some(policy) = input.root().get("Policy") {
            settings(input, builder, policy);
        }
    },
};

pub(super) const LIST_POLICIES: Shape = Shape {
    id: "list-policies",
    proves: "which versions of managed policies are in force; not their documents",
    recognise: |root| has_list(root, "Policies"),
    read: |input, builder| {
        for policy in items(input.root(), "Policies") {
            settings(input, builder, policy);
        }
    },
};

pub(super) const GET_POLICY_VERSION: Shape = Shape {
    id: "get-policy-version",
    proves: "the document of one version of a managed policy; not of which policy",
    recognise: |root| has_mapping(root, "PolicyVersion"),
    read: version,
};

fn inline(input: &Input<'_>, builder: &mut Builder, key: &str, kind: EntityKind) {
    let root = input.root();
    if let (Some(owner), Some(policy)) = (text(root, key), inline_policy(input.document, root)) {
        builder.inline_of(kind, owner, policy);
    }
}

fn settings(input: &Input<'_>, builder: &mut Builder, policy: Node<'_>) {
    let Some(arn) = text(policy, "Arn") else { return };
    let name = text(policy, "PolicyName").map(|name| name.value);
    let updated = time(policy, "UpdateDate").or_else(|| time(policy, "CreateDate"));
    let mut entry = builder.managed(&arn, input.origin());
    entry.settings(name, text(policy, "DefaultVersionId"), updated);
}

fn version(input: &Input<'_>, builder: &mut Builder) {
    let Some(version) = input.root().get("PolicyVersion") else { return };
    let document = version.get("Document").filter(|document| document.kind() != Kind::Null);
    let Some(document) = document else { return };
    let found = Version {
        id: text(version, "VersionId").map(|id| id.value),
        is_default: version.get("IsDefaultVersion").and_then(|is| is.as_bool()),
        created: time(version, "CreateDate").map(|created| created.value),
        document: input.handle(document),
    };
    builder.version(found, input.origin());
}
