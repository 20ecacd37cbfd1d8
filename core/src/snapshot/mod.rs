//! What is known of some accounts: principals with their policies, managed policies, the
//! organization's tree, policies of resources and endpoints, the current identity, and when
//! credentials expire.
//!
//! Every fact remembers the place it was read from. Documents are kept as places in parsed files
//! and become policies only when a question needs them. Nothing here can hold a secret.

mod answers;
mod build;
mod entities;
mod join;
mod merge;
mod organization;
mod resource;
mod tree;

pub use answers::{NotRead, Origins, Owned, Owner};
pub use build::{Builder, EntityEntry, ManagedEntry, Origin};
pub use entities::{Entities, EntityName, Unread};
pub use join::Version;
pub use organization::{
    Chain, ControlPolicy, Organization, Organizations, Target, TargetKind, control_type,
};
pub use resource::{Holder, MfaDevice, Provider, ProviderKind, ResourcePolicy, VpcEndpoint};
pub use tree::TreeList;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use crate::doc::{Document, Node, NodeId};
use crate::policy::PolicyType;
use crate::request::Fact;
use crate::text::{Span, Spanned};

/// Everything that the facts say.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Users, groups and roles, by ARN and in the order of their ARNs.
    pub entities: Entities,
    /// Managed policies, by ARN.
    pub managed: BTreeMap<String, ManagedPolicy>,
    /// What is known of whole accounts, by account id.
    pub accounts: BTreeMap<String, Account>,
    /// The answers of `get-caller-identity`.
    pub identities: Vec<Identity>,
    /// When temporary credentials expire.
    pub expirations: Vec<Expiration>,
    /// Policies that stand alone and are attached to nothing that the facts show.
    pub loose: Vec<LoosePolicy>,
    /// Inline policies of principals whose account is not known.
    pub unplaced: Vec<Unplaced>,
    /// Organizations with their trees and control policies.
    pub organizations: Organizations,
    /// Policies of resources; [`Snapshot::resource_policy`] looks one up.
    pub resource_policies: BTreeMap<String, ResourcePolicy>,
    /// VPC endpoints, by id.
    pub endpoints: BTreeMap<String, VpcEndpoint>,
    /// Identity providers, by ARN.
    pub providers: BTreeMap<String, Provider>,
    /// Accounts of which every identity provider of this kind is known.
    pub providers_listed: BTreeSet<(ProviderKind, String)>,
    /// Kinds of which some account, that is not said, has no provider at all.
    pub providers_none: BTreeSet<ProviderKind>,
    /// OpenID Connect providers of an account that is not said: URL and audiences.
    pub providers_unplaced: Vec<(String, Vec<Spanned<String>>)>,
    /// MFA devices of users.
    pub mfa_devices: Vec<MfaDevice>,
    /// Users and roles of which AWS says that they do not exist, by ARN.
    pub absent: BTreeSet<String>,
    /// Calls to AWS that gave no answer.
    pub not_read: Vec<NotRead>,
    /// Where the current credentials come from, where they were looked at.
    pub origins: Option<Origins>,
}

/// A user, a group or a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntityKind {
    /// An IAM user.
    User,
    /// An IAM group.
    Group,
    /// An IAM role.
    Role,
}

impl EntityKind {
    /// The word for it, which also stands in its ARN and in the names of the AWS CLI's commands.
    pub fn noun(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Role => "role",
        }
    }
}

/// A policy document in a file, not yet read as a policy. It may stand in a string.
#[derive(Clone, Debug)]
pub struct Handle {
    document: Arc<Document>,
    node: NodeId,
    committed: bool,
}

impl Handle {
    /// The value `node` of `document`.
    pub fn new(document: &Arc<Document>, node: NodeId) -> Self {
        Self { document: Arc::clone(document), node, committed: false }
    }

    /// The same, of a file that people keep in a repository: it may hold placeholders.
    #[must_use]
    pub fn committed(self) -> Self {
        Self { committed: true, ..self }
    }

    /// Another value of the same document.
    #[must_use]
    pub fn beside(&self, node: NodeId) -> Self {
        Self { node, ..self.clone() }
    }

    /// Whether it may hold placeholders.
    pub fn is_committed(&self) -> bool {
        self.committed
    }

    /// The value as it stands in the file.
    pub fn node(&self) -> Node<'_> {
        self.document.node(self.node)
    }

    /// The document that holds it.
    pub fn document(&self) -> &Arc<Document> {
        &self.document
    }

    /// Its place in the document.
    pub fn id(&self) -> NodeId {
        self.node
    }

    /// Its place in the file.
    pub fn span(&self) -> Span {
        self.node().span()
    }
}

/// A list that may be seen only in part.
#[derive(Clone, Debug)]
pub struct List<T> {
    /// What is seen.
    pub items: Vec<T>,
    /// Whether that is all there is.
    pub complete: bool,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self { items: Vec::new(), complete: false }
    }
}

/// An inline policy.
#[derive(Clone, Debug)]
pub struct InlinePolicy {
    /// Its name.
    pub name: Spanned<String>,
    /// Its document; `None` where only the name is known.
    pub document: Option<Handle>,
}

/// A managed policy where it is attached.
#[derive(Clone, Debug)]
pub struct AttachedPolicy {
    /// Its ARN.
    pub arn: Spanned<String>,
    /// Its name, where it is said.
    pub name: Option<String>,
}

/// A user, group or role.
#[derive(Clone, Debug)]
pub struct Entity {
    /// Which of the three.
    pub kind: EntityKind,
    /// Its ARN.
    pub arn: Spanned<String>,
    /// Its account.
    pub account: String,
    /// Its path, with both slashes.
    pub path: String,
    /// Its name.
    pub name: String,
    /// `AIDA…`, `AGPA…`, `AROA…`.
    pub unique_id: Option<Spanned<String>>,
    /// When it was created.
    pub created: Option<Spanned<Timestamp>>,
    /// Its tags.
    pub tags: Fact<Vec<(String, String)>>,
    /// The ARN of its permissions boundary; `Known(None)` where it has none.
    pub boundary: Fact<Option<Spanned<String>>>,
    /// The trust policy of a role.
    pub trust: Option<Handle>,
    /// `MaxSessionDuration` of a role, in seconds.
    pub max_session_duration: Option<Spanned<i64>>,
    /// Its inline policies.
    pub inline: List<InlinePolicy>,
    /// The managed policies attached to it.
    pub attached: List<AttachedPolicy>,
    /// The names of a user's groups.
    pub groups: List<Spanned<String>>,
    /// The folders of the files that are about it.
    pub folders: Vec<PathBuf>,
}

impl Entity {
    /// One of which nothing is known but its ARN.
    fn new(arn: Spanned<String>) -> Self {
        let name = EntityName::of(&arn.value);
        let text = |part: fn(EntityName<'_>) -> &str| name.map_or("", part).to_owned();
        Self {
            kind: name.map_or(EntityKind::Role, |name| name.kind),
            account: text(|name| name.account),
            path: text(|name| name.path),
            name: text(|name| name.name),
            arn,
            unique_id: None,
            created: None,
            tags: Fact::Unknown("the facts do not show its tags"),
            boundary: Fact::Unknown("the facts do not show whether it has a permissions boundary"),
            trust: None,
            max_session_duration: None,
            inline: List::default(),
            attached: List::default(),
            groups: List::default(),
            folders: Vec::new(),
        }
    }

    /// `role ci`.
    pub fn title(&self) -> String {
        format!("{} {}", self.kind.noun(), self.name)
    }
}

/// A managed policy.
#[derive(Clone, Debug)]
pub struct ManagedPolicy {
    /// Its ARN.
    pub arn: Spanned<String>,
    /// Its name.
    pub name: Option<String>,
    /// Which version is in force.
    pub default_version: Option<Spanned<String>>,
    /// When it was last changed.
    pub updated: Option<Spanned<Timestamp>>,
    /// The document of the version in force.
    pub document: Option<Handle>,
    /// The folders of the files that are about it.
    pub folders: Vec<PathBuf>,
}

/// What is known of an account as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Whether every user, group and role of it is in the facts.
    pub complete: bool,
}

/// The answer of `get-caller-identity`.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The caller's ARN.
    pub arn: Spanned<String>,
    /// The caller's unique id.
    pub user_id: Option<Spanned<String>>,
}

/// When credentials expire. There is no field for the credentials.
#[derive(Clone, Debug)]
pub struct Expiration {
    /// The session's ARN; `None` for `get-session-token`, which does not say it.
    pub arn: Option<Spanned<String>>,
    /// The moment.
    pub at: Spanned<Timestamp>,
}

/// A policy that stands alone.
#[derive(Clone, Debug)]
pub struct LoosePolicy {
    /// What its elements make of it.
    pub policy_type: PolicyType,
    /// The document.
    pub document: Handle,
}

/// An inline policy of a principal of which only the name is known.
#[derive(Clone, Debug)]
pub struct Unplaced {
    /// Of a user, group or role.
    pub kind: EntityKind,
    /// Its name.
    pub owner: Spanned<String>,
    /// The policy.
    pub policy: InlinePolicy,
}

impl Snapshot {
    /// The users, groups or roles of that name in the account. A name is unique in an account
    /// whatever its path, so more than one means that the facts are of different times.
    pub fn named<'s>(
        &'s self,
        kind: EntityKind,
        account: &'s str,
        name: &str,
    ) -> impl Iterator<Item = &'s Entity> {
        self.everywhere(kind, name).filter(move |entity| entity.account == account)
    }

    /// The users, groups or roles of that name in any account.
    pub fn everywhere(&self, kind: EntityKind, name: &str) -> impl Iterator<Item = &Entity> {
        self.entities.named(kind, name)
    }

    /// Whether the facts prove that `account` has no role `arn`. An export without any role is not
    /// taken as proof: every account has some, so the export was filtered.
    pub fn proves_absence_of_role(&self, account: &str, arn: &str) -> bool {
        let complete = self.accounts.get(account).is_some_and(|account| account.complete);
        complete
            && !self.entities.contains_key(arn)
            && self
                .entities
                .described()
                .any(|(_, entity)| entity.kind == EntityKind::Role && entity.account == account)
    }

    /// The ARN of the caller where nobody names one: the current identity, else the only session,
    /// else the only user or role besides `resource`. `None` where several could be meant.
    pub fn default_caller(&self, resource: Option<&str>) -> Option<Spanned<String>> {
        let identities = self.identities.iter().map(|identity| &identity.arn);
        let sessions = self.expirations.iter().filter_map(|expiration| expiration.arn.as_ref());
        let mut principals = (self.entities.described())
            .filter(|(_, entity)| entity.kind != EntityKind::Group)
            .map(|(arn, _)| arn.as_str())
            .filter(|arn| Some(*arn) != resource);
        if !self.identities.is_empty() {
            return only(identities);
        }
        if self.expirations.iter().any(|expiration| expiration.arn.is_some()) {
            return only(sessions);
        }
        let first = principals.next().filter(|_| principals.next().is_none())?;
        self.entities.get(first).map(|entity| entity.arn.clone())
    }
}

/// The only text among several, however often it stands there.
fn only<'s>(mut texts: impl Iterator<Item = &'s Spanned<String>>) -> Option<Spanned<String>> {
    let first = texts.next()?;
    texts.all(|other| other.value == first.value).then(|| first.clone())
}
