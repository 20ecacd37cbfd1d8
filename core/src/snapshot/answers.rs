//! Answers of AWS that say whom they are about, and calls that gave none.

use std::path::Path;

use crate::policy::Arn;
use crate::request::Fact;
use crate::text::{SourceMap, Spanned};

use super::build::{Builder, EntityEntry, Origin};
use super::tree::TreeList;
use super::{AttachedPolicy, EntityKind, Handle, InlinePolicy, LoosePolicy, ProviderKind};

/// A call that gave no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotRead {
    /// The operation: `iam:GetRole`.
    pub operation: String,
    /// The permission that it takes.
    pub permission: String,
    /// The account whose credentials asked.
    pub account: Option<String>,
    /// Whom it was about: an ARN, `role/ci`, an id.
    pub about: String,
    /// The name of a policy, the type of control policies, or nothing.
    pub which: Option<String>,
    /// AWS's code, where it refused.
    pub code: Option<String>,
    /// Why, in words.
    pub why: String,
}

/// What is known of the credentials besides who they are. No key, no token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins {
    /// Where they come from.
    pub source: String,
    /// What else is worth a line: what shadows what, that they cannot be renewed.
    pub remarks: Vec<String>,
    /// Whose access key they are, where they are one: it is good until somebody switches it off.
    pub long_term: Option<String>,
}

/// A user, a group or a role: by its ARN, or by its name in an account.
#[derive(Clone, Debug)]
pub struct Owner {
    /// What it is.
    pub kind: EntityKind,
    /// Its account.
    pub account: String,
    /// Its name.
    pub name: String,
    /// Its ARN, where it is known.
    pub arn: Option<Spanned<String>>,
}

/// What a list or a document says about its owner.
#[derive(Clone, Debug)]
pub enum Owned {
    /// Inline policies; of some only the name is known.
    Inline(Vec<InlinePolicy>, bool),
    /// Managed policies.
    Attached(Vec<AttachedPolicy>, bool),
    /// The names of a user's groups.
    Groups(Vec<Spanned<String>>, bool),
}

impl Builder {
    /// A call that gave no answer.
    pub fn not_read(&mut self, call: NotRead) {
        if !self.snapshot.not_read.contains(&call) {
            self.snapshot.not_read.push(call);
        }
    }

    /// Where the current credentials come from.
    pub fn origins(&mut self, origins: Origins) {
        self.snapshot.origins.get_or_insert(origins);
    }

    /// AWS says that there is no such user or role.
    pub fn absent(&mut self, owner: &Owner) {
        if let Some(arn) = &owner.arn {
            self.snapshot.absent.insert(arn.value.clone());
        }
    }

    /// AWS says that this account is in no organization.
    pub fn in_no_organization(&mut self, account: &str) {
        self.snapshot.organizations.outside.insert(account.to_owned());
    }

    /// What is known of somebody's policies or groups.
    pub fn owned(&mut self, owner: Owner, owned: Owned, origin: Origin<'_>) {
        if let Some(arn) = &owner.arn {
            if let Some(mut entry) = self.entity(arn, origin) {
                owned.give(&mut entry);
            }
        } else {
            self.pending_owned.push((owner, owned));
        }
    }

    /// What an answer about a root, unit, account or control policy says.
    pub fn tree_list_of(&mut self, owner: &str, list: &TreeList) {
        self.place(owner, list);
    }

    /// All providers of one kind in an account.
    pub fn providers_of(&mut self, account: &str, kind: ProviderKind, arns: Vec<Spanned<String>>) {
        self.snapshot.providers_listed.insert((kind, account.to_owned()));
        if !arns.is_empty() {
            self.providers(kind, arns);
        }
    }

    /// The document of the version of a managed policy that is in force.
    pub fn managed_document(
        &mut self,
        arn: &Spanned<String>,
        document: Handle,
        origin: Origin<'_>,
    ) {
        self.managed(arn, origin).document(document);
    }

    /// Gives what was said of somebody by name to the one of that name.
    pub(super) fn place_owned(&mut self) {
        for (owner, owned) in std::mem::take(&mut self.pending_owned) {
            let mut found = self.snapshot.named(owner.kind, &owner.account, &owner.name);
            let arn = found.next().map(|entity| entity.arn.value.clone());
            let unique = found.next().is_none();
            drop(found);
            if let Some(entity) =
                arn.filter(|_| unique).and_then(|arn| self.snapshot.entities.get_mut(&arn))
            {
                owned.give(&mut EntityEntry { entity, conflicts: &mut self.conflicts });
            }
        }
    }
}

impl Owned {
    fn give(self, entry: &mut EntityEntry<'_>) {
        match self {
            Self::Inline(policies, complete) => entry.inline(policies, complete),
            Self::Attached(policies, complete) => entry.attached(policies, complete),
            Self::Groups(names, complete) => entry.groups(names, complete),
        }
    }
}

impl Owner {
    /// `role/ci`, `arn:aws:iam::111122223333:role/ci`.
    pub fn parse(about: &Spanned<String>, account: Option<&str>) -> Option<Self> {
        let (kind, name, account, arn) = match Arn::parse(&about.value) {
            Some(arn) => {
                let kind = [EntityKind::User, EntityKind::Group, EntityKind::Role]
                    .into_iter()
                    .find(|kind| arn.iam_name(kind.noun()).is_some())?;
                let (_, name) = arn.iam_name(kind.noun())?;
                (kind, name.to_owned(), arn.account.to_owned(), Some(about.clone()))
            }
            None => {
                let (noun, name) = about.value.split_once('/')?;
                let kind = [EntityKind::User, EntityKind::Group, EntityKind::Role]
                    .into_iter()
                    .find(|kind| kind.noun() == noun)?;
                (kind, name.to_owned(), account?.to_owned(), None)
            }
        };
        Some(Self { kind, account, name, arn })
    }
}

impl super::Snapshot {
    /// Whose access key the current credentials are; nobody's where they are a session, or not known.
    pub fn long_term_caller(&self) -> &str {
        self.origins.as_ref().and_then(|own| own.long_term.as_deref()).unwrap_or_default()
    }

    /// Whether AWS said that there is no such role.
    pub fn is_absent(&self, arn: &str) -> bool {
        self.absent.contains(arn)
    }

    /// A note on the policies that stand alone, which are nobody's until somebody says whose; those of the
    /// files `given` have been said to be somebody's.
    pub fn note_on_loose_policies(&self, sources: &SourceMap, given: &[&Path]) -> Option<String> {
        let span = |policy: &LoosePolicy| policy.document.span().source;
        let is_given = |policy: &LoosePolicy| {
            sources.path(span(policy)).is_some_and(|path| given.contains(&Path::new(path)))
        };
        let loose: Vec<_> = self.loose.iter().filter(|policy| !is_given(policy)).collect();
        let names: Vec<_> = loose.iter().take(3).map(|policy| sources.name(span(policy))).collect();
        let more = if loose.len() > names.len() { ", …" } else { "" };
        (!names.is_empty()).then(|| {
            format!(
                "{} of the facts, {}{more}, not used since nothing says what it is attached to: pass \
                 it with `--identity-policy`, `--trust-policy` and the like",
                if loose.len() == 1 { "a policy".to_owned() } else { format!("{} policies", loose.len()) },
                names.join(", "),
            )
        })
    }

    /// Whether AWS said that this account is in no organization.
    pub fn is_in_no_organization(&self, account: &str) -> bool {
        self.organizations.outside.contains(account)
    }

    /// The place in an organization: known to be none, or somewhere.
    pub fn organization_of(
        &self,
        account: &str,
    ) -> Option<Fact<Option<crate::request::Organization>>> {
        if self.is_in_no_organization(account) {
            return Some(Fact::Known(None));
        }
        self.organizations.place(account).map(|place| Fact::Known(Some(place)))
    }
}
