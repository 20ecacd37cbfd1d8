//! Joining what does not say whom it is about, where exactly one candidate fits. A guess between
//! several is never made: what cannot be joined is named.

use std::path::PathBuf;

use jiff::Timestamp;

use crate::request::Fact;
use crate::text::{SourceMap, Span, Spanned};

use super::build::{Builder, EntityEntry, managed_entry};
use super::{AttachedPolicy, Entity, EntityKind, Handle, InlinePolicy, List, ManagedPolicy};

/// One version of a managed policy, as `get-policy-version` gives it: without the policy's ARN.
#[derive(Clone, Debug)]
pub struct Version {
    /// `v1`, `v2`, …
    pub id: Option<String>,
    /// Whether it is the version in force.
    pub is_default: Option<bool>,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// Its document.
    pub document: Handle,
}

/// Something that does not say whom it is about.
#[derive(Debug)]
pub(super) enum Unowned {
    Attached(List<AttachedPolicy>),
    InlineNames(List<Spanned<String>>),
    Groups(List<Spanned<String>>),
    Tags(Vec<(String, String)>),
    Version(Version),
}

#[derive(Debug)]
pub(super) struct Pending {
    pub(super) folder: PathBuf,
    pub(super) span: Span,
    pub(super) what: Unowned,
}

impl Builder {
    /// Inline policies go to the only principal of that name.
    pub(super) fn place_inline(&mut self) {
        for unplaced in std::mem::take(&mut self.snapshot.unplaced) {
            let mut found = self.snapshot.everywhere(unplaced.kind, &unplaced.owner.value);
            let arn = found.next().map(|entity| entity.arn.value.clone());
            let unique = found.next().is_none();
            drop(found);
            match arn.filter(|_| unique).and_then(|arn| self.snapshot.entities.get_mut(&arn)) {
                Some(entity) => {
                    let mut entry = EntityEntry { entity, conflicts: &mut self.conflicts };
                    entry.inline([unplaced.policy], false);
                }
                None => self.snapshot.unplaced.push(unplaced),
            }
        }
    }

    pub(super) fn join_lists(&mut self, sources: &SourceMap, notes: &mut Vec<String>) {
        let (lists, versions): (Vec<_>, Vec<_>) = std::mem::take(&mut self.pending)
            .into_iter()
            .partition(|pending| !matches!(pending.what, Unowned::Version(_)));
        self.pending = versions;
        // Two lists of one kind with the same only candidate cannot both be its own.
        let owners: Vec<_> = lists.iter().map(|pending| self.owner(pending)).collect();
        for (at, (pending, owner)) in lists.iter().zip(&owners).enumerate() {
            let kind = std::mem::discriminant(&pending.what);
            let contested =
                lists.iter().zip(&owners).enumerate().any(|(other, (second, claimed))| {
                    other != at
                        && claimed == owner
                        && std::mem::discriminant(&second.what) == kind
                        && !second.what.same(&pending.what)
                });
            let entity = owner.as_ref().filter(|_| !contested);
            let Some(entity) = entity.and_then(|arn| self.snapshot.entities.get_mut(arn)) else {
                notes.push(format!(
                    "cannot tell whose {} `{}` lists: put it into one folder with the `get-…` output of its \
                     owner, or export the account with `aws iam get-account-authorization-details`",
                    pending.what.noun(),
                    sources.name(pending.span.source),
                ));
                continue;
            };
            let mut entry = EntityEntry { entity, conflicts: &mut self.conflicts };
            match &pending.what {
                Unowned::Attached(list) => {
                    entry.attached(list.items.iter().cloned(), list.complete)
                }
                Unowned::InlineNames(list) => {
                    let nameless = |name: &Spanned<String>| InlinePolicy {
                        name: name.clone(),
                        document: None,
                    };
                    entry.inline(list.items.iter().map(nameless), list.complete);
                }
                Unowned::Groups(list) => entry.groups(list.items.iter().cloned(), list.complete),
                Unowned::Tags(tags) => entry.tags(tags.clone()),
                Unowned::Version(_) => {}
            }
            notes.push(format!(
                "`{}` is taken to list the {} of {}, the only one they can belong to",
                sources.name(pending.span.source),
                pending.what.noun(),
                entry.entity.title(),
            ));
        }
    }

    /// The only principal that a list can be about: one in the same folder, else one anywhere.
    fn owner(&self, pending: &Pending) -> Option<String> {
        let fits: Vec<_> = (self.snapshot.entities.maybe_incomplete())
            .filter(|entity| pending.what.fits(entity))
            .collect();
        let near: Vec<_> = (fits.iter().copied())
            .filter(|entity| entity.folders.contains(&pending.folder))
            .collect();
        match (near.as_slice(), fits.as_slice()) {
            ([only], _) => Some(only.arn.value.clone()),
            // The tags of a policy or a provider look the same, so being the only one in all the
            // facts is not enough.
            ([], [only]) if !matches!(pending.what, Unowned::Tags(_)) => {
                Some(only.arn.value.clone())
            }
            _ => None,
        }
    }

    /// Every policy that is attached somewhere is known to exist. Principals that were not read yet
    /// are only read for it where there are versions of policies that could be theirs.
    pub(super) fn know_attached(&mut self) {
        let entities = &self.snapshot.entities;
        let entities: Vec<&Entity> = match self.pending.is_empty() {
            true => entities.read().collect(),
            false => entities.values().collect(),
        };
        for entity in entities {
            for attached in &entity.attached.items {
                let policy = managed_entry(&mut self.snapshot.managed, &attached.arn);
                policy.name = policy.name.take().or_else(|| attached.name.clone());
                let new = entity.folders.iter().filter(|folder| !policy.folders.contains(folder));
                let new: Vec<_> = new.cloned().collect();
                policy.folders.extend(new);
            }
            if let Fact::Known(Some(arn)) = &entity.boundary {
                managed_entry(&mut self.snapshot.managed, arn);
            }
        }
    }

    pub(super) fn join_versions(&mut self, sources: &SourceMap, notes: &mut Vec<String>) {
        for pending in std::mem::take(&mut self.pending) {
            let Unowned::Version(version) = pending.what else { continue };
            if version.is_default == Some(false) {
                continue;
            }
            let candidates: Vec<_> =
                (self.snapshot.managed.values()).filter(|policy| version.fits(policy)).collect();
            let sure: Vec<_> =
                candidates.iter().filter(|policy| version.is_surely_of(policy)).copied().collect();
            let near: Vec<_> = (candidates.iter())
                .filter(|policy| policy.folders.contains(&pending.folder))
                .copied()
                .collect();
            let owner = match (sure.as_slice(), near.as_slice(), candidates.as_slice()) {
                ([only], _, _) | ([], [only], _) | ([], [], [only]) => only.arn.value.clone(),
                _ => {
                    notes.push(format!(
                        "cannot tell which managed policy `{}` is a version of: add its `aws iam get-policy`",
                        sources.name(pending.span.source)
                    ));
                    continue;
                }
            };
            if sure.is_empty() {
                notes.push(format!(
                    "`{}` is taken to be the document of `{owner}`, the only policy without one",
                    sources.name(pending.span.source)
                ));
            }
            if let Some(policy) = self.snapshot.managed.get_mut(&owner) {
                policy.document = Some(version.document);
            }
        }
    }
}

impl Version {
    fn fits(&self, policy: &ManagedPolicy) -> bool {
        let id = match (&self.id, &policy.default_version) {
            (Some(id), Some(default)) => *id == default.value,
            _ => true,
        };
        let date = match (self.created, &policy.updated) {
            (Some(created), Some(updated)) => created <= updated.value,
            _ => true,
        };
        policy.document.is_none() && id && date
    }

    /// The policy was last changed in the moment in which this version was made.
    fn is_surely_of(&self, policy: &ManagedPolicy) -> bool {
        let updated = policy.updated.as_ref().map(|updated| updated.value);
        policy.default_version.is_some() && self.created.is_some() && self.created == updated
    }
}

impl Unowned {
    fn noun(&self) -> &'static str {
        match self {
            Self::Attached(_) => "attached policies",
            Self::InlineNames(_) => "inline policies",
            Self::Groups(_) => "groups",
            Self::Tags(_) => "tags",
            Self::Version(_) => "policy version",
        }
    }

    /// Whether `entity` lacks such a list and what is known of it does not speak against it.
    fn fits(&self, entity: &Entity) -> bool {
        match self {
            Self::Attached(list) => {
                !entity.attached.complete
                    && (entity.attached.items.iter()).all(|known| {
                        list.items.iter().any(|item| item.arn.value == known.arn.value)
                    })
            }
            Self::InlineNames(list) => {
                !entity.inline.complete
                    && (entity.inline.items.iter())
                        .all(|known| list.items.iter().any(|item| item.value == known.name.value))
            }
            Self::Groups(list) => {
                entity.kind == EntityKind::User
                    && !entity.groups.complete
                    && (entity.groups.items.iter())
                        .all(|known| list.items.iter().any(|item| item.value == known.value))
            }
            Self::Tags(_) => entity.kind != EntityKind::Group && entity.tags.known().is_none(),
            Self::Version(_) => false,
        }
    }

    /// Whether both list the same, so that one of them is a copy.
    fn same(&self, other: &Self) -> bool {
        let texts = |list: &List<Spanned<String>>| {
            list.items.iter().map(|item| item.value.clone()).collect::<Vec<_>>()
        };
        match (self, other) {
            (Self::Attached(one), Self::Attached(two)) => {
                (one.items.iter().map(|item| &item.arn.value))
                    .eq(two.items.iter().map(|item| &item.arn.value))
            }
            (Self::InlineNames(one), Self::InlineNames(two))
            | (Self::Groups(one), Self::Groups(two)) => texts(one) == texts(two),
            (Self::Tags(one), Self::Tags(two)) => one == two,
            _ => false,
        }
    }
}
