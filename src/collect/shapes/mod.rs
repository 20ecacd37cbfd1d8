//! The shapes of files that hold facts, each recognised by its members and never by its name.
//!
//! A recogniser looks at the outermost members and no further than one level below, so that it
//! costs nothing on a file of any size.

mod account;
mod answer;
mod credentials;
mod entity;
mod identity;
mod membership;
mod named;
mod organization;
mod policy;
mod resource;

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use crate::doc::{Document, Kind, Node, NodeId};
use crate::policy::moment;
use crate::snapshot::{Builder, Handle, Origin};
use crate::text::Spanned;

pub(super) use answer::MARK;
pub use policy::guess_type;

/// A kind of file.
pub struct Shape {
    /// Its name: the AWS CLI's command where it has one.
    pub id: &'static str,
    /// What such a file proves.
    pub proves: &'static str,
    /// Whether a document has this shape.
    pub recognise: fn(Node<'_>) -> bool,
    /// Adds what it says.
    pub read: fn(&Input<'_>, &mut Builder),
}

/// One document of a file.
pub struct Input<'i> {
    /// The document.
    pub document: &'i Arc<Document>,
    /// The folder of the file.
    pub folder: &'i Arc<Path>,
    /// The value in it that has the shape; `None` for the whole document.
    pub root: Option<NodeId>,
}

/// Every shape, the more telling ones first.
pub static SHAPES: &[Shape] = &[
    policy::CASE_FILE,
    answer::ANSWER,
    policy::BARE,
    policy::RECORDED,
    account::DETAILS,
    organization::LIST_POLICIES_FOR_TARGET,
    organization::DESCRIBE_POLICY,
    resource::FUNCTION_POLICY,
    resource::KEY_POLICY,
    resource::BUCKET_POLICY,
    entity::GET_ROLE,
    entity::LIST_ROLES,
    entity::GET_GROUP,
    entity::GET_USER,
    entity::LIST_USERS,
    named::GET_ROLE_POLICY,
    named::GET_USER_POLICY,
    named::GET_GROUP_POLICY,
    named::GET_POLICY,
    named::GET_POLICY_VERSION,
    named::LIST_POLICIES,
    membership::LIST_ATTACHED,
    membership::LIST_INLINE,
    membership::LIST_GROUPS_FOR_USER,
    organization::DESCRIBE_ORGANIZATION,
    organization::LIST_ROOTS,
    organization::LIST_UNITS,
    organization::DESCRIBE_UNIT,
    organization::LIST_ACCOUNTS,
    organization::LIST_DELEGATED,
    organization::LIST_PARENTS,
    organization::LIST_CHILDREN,
    organization::LIST_TARGETS_FOR_POLICY,
    resource::QUEUE,
    resource::TOPIC,
    resource::SECRET_POLICY,
    resource::REPOSITORY_POLICY,
    resource::VPC_ENDPOINTS,
    identity::LIST_OIDC,
    identity::LIST_SAML,
    identity::GET_OIDC,
    identity::LIST_MFA,
    identity::LIST_TAGS,
    credentials::CALLER_IDENTITY,
    credentials::ASSUME_ROLE,
    credentials::SESSION_TOKEN,
];

/// The shape of a document.
pub fn recognise(root: Node<'_>) -> Option<&'static Shape> {
    SHAPES.iter().find(|shape| root.kind() == Kind::Mapping && (shape.recognise)(root))
}

/// What a file may be, for a message about one that is nothing of that.
pub fn expected() -> String {
    let ids: Vec<_> = SHAPES.iter().skip(3).map(|shape| shape.id).collect();
    format!(
        "expected a policy document, or the JSON output of one of these `aws` commands: {}",
        ids.join(", ")
    )
}

impl<'i> Input<'i> {
    fn root(&self) -> Node<'i> {
        self.root.map_or_else(|| self.document.root(), |root| self.document.node(root))
    }

    fn origin(&self) -> Origin<'i> {
        Origin { folder: self.folder, span: self.root().span() }
    }

    fn handle(&self, node: Node<'_>) -> Handle {
        Handle::new(self.document, node.id())
    }
}

/// The text under `key`.
pub(super) fn text(node: Node<'_>, key: &str) -> Option<Spanned<String>> {
    let value = node.get(key)?;
    Some(Spanned { value: value.text()?.into_owned(), span: value.span() })
}

/// The moment under `key`.
pub(super) fn time(node: Node<'_>, key: &str) -> Option<Spanned<Timestamp>> {
    let value = node.get(key)?;
    Some(Spanned { value: moment(&value.scalar()?)?, span: value.span() })
}

/// The items of the list under `key`.
pub(super) fn items<'d>(node: Node<'d>, key: &str) -> impl Iterator<Item = Node<'d>> + use<'d> {
    node.get(key).into_iter().flat_map(|list| list.items())
}

/// Whether there is a mapping under `key`.
fn has_mapping(node: Node<'_>, key: &str) -> bool {
    node.get(key).is_some_and(|value| value.kind() == Kind::Mapping)
}

/// Whether there is a list under `key`.
fn has_list(node: Node<'_>, key: &str) -> bool {
    node.get(key).is_some_and(|value| value.kind() == Kind::Sequence)
}

/// Whether the output goes on in another file: the API's `IsTruncated`, or what the AWS CLI prints
/// when `--max-items` cut the list.
fn is_truncated(node: Node<'_>) -> bool {
    let truncated = node.get("IsTruncated").and_then(|value| value.as_bool()).unwrap_or(false);
    truncated || node.get("NextToken").is_some_and(|token| !token.is_null())
}

#[cfg(test)]
mod tests;
