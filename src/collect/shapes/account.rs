//! `aws iam get-account-authorization-details`: whole accounts, in one file or in pages.

use std::collections::BTreeSet;

use crate::doc::{Kind, Node};
use crate::policy::{Arn, is_account_id};
use crate::snapshot::{Builder, EntityKind};

use super::entity::{Detail, read_entity};
use super::{Input, Shape, has_list, is_truncated, items, text, time};

pub(super) const DETAILS: Shape = Shape {
    id: "get-account-authorization-details",
    proves: "all users, groups, roles and policies of an account, if every page is there",
    recognise,
    read,
};

const LISTS: [&str; 4] = ["UserDetailList", "GroupDetailList", "RoleDetailList", "Policies"];

fn recognise(root: Node<'_>) -> bool {
    let [users, groups, roles, policies] = LISTS;
    let with_versions = || {
        items(root, policies).next().is_some_and(|policy| policy.get("PolicyVersionList").is_some())
    };
    [users, groups, roles].into_iter().any(|list| has_list(root, list)) || with_versions()
}

fn read(input: &Input<'_>, builder: &mut Builder) {
    let root = input.root();
    let [users, groups, roles, policies] = LISTS;
    let mut accounts = BTreeSet::new();
    for (list, kind) in
        [(users, EntityKind::User), (groups, EntityKind::Group), (roles, EntityKind::Role)]
    {
        for node in items(root, list) {
            note_account(node, &mut accounts);
            read_entity(input, builder, node, kind, Detail::Export);
        }
    }
    for node in items(root, policies) {
        note_account(node, &mut accounts);
        read_managed(input, builder, node);
    }
    let accounts: Vec<_> = accounts.into_iter().collect();
    builder.page(&accounts, LISTS.map(|list| has_list(root, list)), is_truncated(root));
}

/// AWS managed policies name no account.
fn note_account(node: Node<'_>, accounts: &mut BTreeSet<String>) {
    if let Some(arn) = node.get("Arn").and_then(|arn| arn.text())
        && let Some(arn) = Arn::parse(&arn)
        && is_account_id(arn.account)
    {
        accounts.insert(arn.account.to_owned());
    }
}

fn read_managed(input: &Input<'_>, builder: &mut Builder, node: Node<'_>) {
    let Some(arn) = text(node, "Arn") else { return };
    let default = text(node, "DefaultVersionId");
    let in_force = items(node, "PolicyVersionList").find(|version| {
        let id = version.get("VersionId").and_then(|id| id.text());
        match (&default, id) {
            (Some(default), Some(id)) => *id == default.value,
            _ => version.get("IsDefaultVersion").and_then(|is| is.as_bool()) == Some(true),
        }
    });
    let mut policy = builder.managed(&arn, input.origin());
    let name = text(node, "PolicyName").map(|name| name.value);
    policy.settings(name, default, time(node, "UpdateDate"));
    let document = in_force.and_then(|version| version.get("Document"));
    if let Some(document) = document.filter(|document| document.kind() != Kind::Null) {
        policy.document(input.handle(document));
    }
}
