//! Users, groups and roles: `get-…`, `list-…`, and their entries in an account's export.

use std::sync::Arc;

use crate::doc::{Document, Kind, Node};
use crate::policy::Arn;
use crate::snapshot::{
    AttachedPolicy, Builder, EntityEntry, EntityKind, EntityName, Handle, InlinePolicy, Unread,
};
use crate::text::Spanned;

use super::{Input, Shape, has_list, has_mapping, is_truncated, items, text, time};

pub(super) const GET_ROLE: Shape = Shape {
    id: "get-role",
    proves: "a role's trust policy, settings, tags and permissions boundary; not its policies",
    recognise: |root| has_mapping(root, "Role"),
    read: |input, builder| one(input, builder, "Role", EntityKind::Role),
};

pub(super) const LIST_ROLES: Shape = Shape {
    id: "list-roles",
    proves: "roles with their trust policies; not their policies, tags and boundaries",
    recognise: |root| has_list(root, "Roles"),
    read: |input, builder| listed(input, builder, "Roles", EntityKind::Role),
};

pub(super) const GET_USER: Shape = Shape {
    id: "get-user",
    proves: "a user's id, tags and permissions boundary; not its policies and groups",
    recognise: |root| has_mapping(root, "User"),
    read: |input, builder| one(input, builder, "User", EntityKind::User),
};

pub(super) const LIST_USERS: Shape = Shape {
    id: "list-users",
    proves: "that users exist",
    recognise: |root| has_list(root, "Users"),
    read: |input, builder| listed(input, builder, "Users", EntityKind::User),
};

pub(super) const GET_GROUP: Shape = Shape {
    id: "get-group",
    proves: "a group's members; not its policies, nor its members' other groups",
    recognise: |root| has_mapping(root, "Group"),
    read: read_group,
};

/// How much an entry says by what it leaves out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// An account's export: policies, groups, tags and boundary are all there.
    Export,
    /// `get-…`: tags and boundary are there.
    One,
    /// `list-…`, which leaves out tags and boundary.
    /// <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoles.html>
    Listed,
}

fn one(input: &Input<'_>, builder: &mut Builder, key: &str, kind: EntityKind) {
    if let Some(node) = input.root().get(key) {
        read_entity(input, builder, node, kind, Detail::One);
    }
}

fn listed(input: &Input<'_>, builder: &mut Builder, key: &str, kind: EntityKind) {
    for node in items(input.root(), key) {
        read_entity(input, builder, node, kind, Detail::Listed);
    }
}

fn read_group(input: &Input<'_>, builder: &mut Builder) {
    let root = input.root();
    let Some(group) = root.get("Group") else { return };
    read_entity(input, builder, group, EntityKind::Group, Detail::One);
    let Some(name) = text(group, "GroupName") else { return };
    for user in items(root, "Users") {
        read_entity(input, builder, user, EntityKind::User, Detail::Listed);
        if let Some(arn) = text(user, "Arn")
            && let Some(mut entry) = builder.entity(&arn, input.origin())
        {
            entry.groups([name.clone()], false);
        }
    }
}

/// Adds what the entry of one user, group or role says.
pub(super) fn read_entity(
    input: &Input<'_>,
    builder: &mut Builder,
    node: Node<'_>,
    kind: EntityKind,
    detail: Detail,
) {
    let Some(arn) = text(node, "Arn") else { return };
    // The place of an entry counts more than what its ARN says: a role is no user.
    if Arn::parse(&arn.value).and_then(|arn| arn.iam_name(kind.noun())).is_none() {
        return;
    }
    if node.is_unread() && EntityName::of(&arn.value).is_some() {
        let unread = Unread {
            entry: input.handle(node),
            arn: arn.span,
            folder: Arc::clone(input.folder),
            complete: detail == Detail::Export,
            read: match detail {
                Detail::Export => |unread, entry| read_later(unread, entry, Detail::Export),
                Detail::One | Detail::Listed => {
                    |unread, entry| read_later(unread, entry, Detail::Listed)
                }
            },
        };
        if builder.later(arn.value.clone(), unread).is_ok() {
            return;
        }
    }
    if let Some(mut entry) = builder.entity(&arn, input.origin()) {
        add(input.document, node, &mut entry, detail);
    }
}

/// Adds what an entry says that was passed over at first.
fn read_later(unread: &Unread, entry: &mut EntityEntry<'_>, detail: Detail) {
    let handle = &unread.entry;
    match handle.document().read(handle.id()) {
        Some(read) => {
            let read = Arc::new(read);
            add(&read, read.root(), entry, detail);
        }
        None => add(handle.document(), handle.node(), entry, detail),
    }
}

/// Adds what the entry of one user, group or role in `document` says.
fn add(document: &Arc<Document>, node: Node<'_>, entry: &mut EntityEntry<'_>, detail: Detail) {
    let kind = entry.kind();
    let (id, inline) = match kind {
        EntityKind::User => ("UserId", "UserPolicyList"),
        EntityKind::Group => ("GroupId", "GroupPolicyList"),
        EntityKind::Role => ("RoleId", "RolePolicyList"),
    };
    entry.unique_id(text(node, id));
    entry.created(time(node, "CreateDate"));
    if kind == EntityKind::Role {
        if let Some(trust) = node.get("AssumeRolePolicyDocument").filter(|trust| !trust.is_null()) {
            entry.trust(Handle::new(document, trust.id()));
        }
        entry.max_session_duration(
            node.get("MaxSessionDuration").and_then(|seconds| {
                Some(Spanned { value: seconds.as_i64()?, span: seconds.span() })
            }),
        );
    }
    if kind != EntityKind::Group {
        let boundary = node.get("PermissionsBoundary");
        let arn = boundary.and_then(|boundary| text(boundary, "PermissionsBoundaryArn"));
        if arn.is_some() || (detail != Detail::Listed && boundary.is_none_or(|node| node.is_null()))
        {
            entry.boundary(arn);
        }
        if detail != Detail::Listed || has_list(node, "Tags") {
            entry.tags(tags(node));
        }
    }
    // IAM leaves empty lists out of an export, so there what is missing is empty.
    let complete = detail == Detail::Export;
    entry
        .inline(items(node, inline).filter_map(|policy| inline_policy(document, policy)), complete);
    entry.attached(attached_policies(node, "AttachedManagedPolicies"), complete);
    if kind == EntityKind::User {
        let names = items(node, "GroupList").filter_map(|name| {
            Some(Spanned { value: name.text()?.into_owned(), span: name.span() })
        });
        entry.groups(names, complete);
    }
}

fn tags(node: Node<'_>) -> Vec<(String, String)> {
    items(node, "Tags")
        .filter_map(|tag| Some((text(tag, "Key")?.value, text(tag, "Value")?.value)))
        .collect()
}

/// An inline policy with its `PolicyName` and `PolicyDocument`.
pub(super) fn inline_policy(document: &Arc<Document>, node: Node<'_>) -> Option<InlinePolicy> {
    let policy = node.get("PolicyDocument").filter(|policy| policy.kind() != Kind::Null);
    Some(InlinePolicy {
        name: text(node, "PolicyName")?,
        document: policy.map(|policy| Handle::new(document, policy.id())),
    })
}

/// A list of `PolicyName` and `PolicyArn`.
pub(super) fn attached_policies<'d>(
    node: Node<'d>,
    key: &str,
) -> impl Iterator<Item = AttachedPolicy> + use<'d> {
    items(node, key).filter_map(|policy| {
        let name = text(policy, "PolicyName").map(|name| name.value);
        Some(AttachedPolicy { arn: text(policy, "PolicyArn")?, name })
    })
}

/// The names in a list of groups.
pub(super) fn group_names(
    input: &Input<'_>,
    builder: &mut Builder,
) -> (Vec<Spanned<String>>, bool) {
    let root = input.root();
    let mut names = Vec::new();
    for group in items(root, "Groups") {
        read_entity(input, builder, group, EntityKind::Group, Detail::Listed);
        names.extend(text(group, "GroupName"));
    }
    (names, !is_truncated(root))
}
