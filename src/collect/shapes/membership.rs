//! Lists that belong to one user, group or role and do not say to which.

use crate::snapshot::{Builder, List};
use crate::text::Spanned;

use super::entity::{attached_policies, group_names};
use super::{Input, Shape, has_list, is_truncated, items};

pub(super) const LIST_ATTACHED: Shape = Shape {
    id: "list-attached-role-policies, -user-policies, -group-policies",
    proves: "which managed policies a role, user or group has; not which role, user or group",
    recognise: |root| has_list(root, "AttachedPolicies"),
    read: attached,
};

pub(super) const LIST_INLINE: Shape = Shape {
    id: "list-role-policies, -user-policies, -group-policies",
    proves: "the names of the inline policies of a role, user or group; not of which",
    recognise: |root| has_list(root, "PolicyNames"),
    read: inline,
};

pub(super) const LIST_GROUPS_FOR_USER: Shape = Shape {
    id: "list-groups-for-user",
    proves: "the groups of a user; not of which user",
    recognise: |root| has_list(root, "Groups"),
    read: groups,
};

fn attached(input: &Input<'_>, builder: &mut Builder) {
    let root = input.root();
    let items = attached_policies(root, "AttachedPolicies").collect();
    let list = List { items, complete: !is_truncated(root) };
    builder.attached_of_somebody(list, input.origin());
}

fn inline(input: &Input<'_>, builder: &mut Builder) {
    let root = input.root();
    let names = items(root, "PolicyNames")
        .filter_map(|name| Some(Spanned { value: name.text()?.into_owned(), span: name.span() }));
    let list = List { items: names.collect(), complete: !is_truncated(root) };
    builder.inline_names_of_somebody(list, input.origin());
}

fn groups(input: &Input<'_>, builder: &mut Builder) {
    let (items, complete) = group_names(input, builder);
    builder.groups_of_somebody(List { items, complete }, input.origin());
}
