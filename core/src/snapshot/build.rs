//! Putting facts together: each file adds what it says.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;

use crate::policy::PolicyType;
use crate::request::Fact;
use crate::text::{SourceMap, Span, Spanned};

use super::answers::{Owned, Owner};
use super::join::{Pending, Unowned, Version};
use super::merge::{Conflict, same_documents};
use super::resource::{PendingPolicy, PendingProvider};
use super::tree::PendingTree;
use super::{
    AttachedPolicy, Entity, EntityKind, Expiration, Handle, Identity, InlinePolicy, List,
    LoosePolicy, ManagedPolicy, Snapshot, Unplaced, Unread,
};

/// Where a fact was found.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'o> {
    /// The folder of the file.
    pub folder: &'o Path,
    /// The whole of what the file says.
    pub span: Span,
}

/// What the pages of one account's export have shown.
#[derive(Default)]
struct Pages {
    /// Users, groups, roles, policies.
    lists: [bool; 4],
    ended: bool,
}

/// Collects facts; [`Builder::finish`] makes a [`Snapshot`] of them.
#[derive(Default)]
pub struct Builder {
    pub(super) snapshot: Snapshot,
    pub(super) pending: Vec<Pending>,
    pages: BTreeMap<String, Pages>,
    unplaced_pages: Vec<Pages>,
    pub(super) conflicts: Vec<Conflict>,
    pub(super) pending_tree: Vec<PendingTree>,
    pub(super) pending_policies: Vec<PendingPolicy>,
    pub(super) pending_providers: Vec<PendingProvider>,
    pub(super) pending_owned: Vec<(Owner, Owned)>,
}

impl Builder {
    /// The user, group or role with this ARN; `None` if it is no such ARN.
    pub fn entity(&mut self, arn: &Spanned<String>, origin: Origin<'_>) -> Option<EntityEntry<'_>> {
        let entity = self.snapshot.entities.entry(arn)?;
        if !entity.folders.iter().any(|folder| folder == origin.folder) {
            entity.folders.push(origin.folder.to_owned());
        }
        Some(EntityEntry { entity, conflicts: &mut self.conflicts })
    }

    /// Keeps the entry of the user, group or role with this ARN for when it is asked for; it is
    /// given back if it has to be read now, since another file speaks of it too.
    ///
    /// # Errors
    /// If it has to be read now.
    pub fn later(&mut self, arn: String, unread: Unread) -> Result<(), Unread> {
        self.snapshot.entities.later(arn, unread)
    }

    /// The managed policy with this ARN.
    pub fn managed(&mut self, arn: &Spanned<String>, origin: Origin<'_>) -> ManagedEntry<'_> {
        let policy = managed_entry(&mut self.snapshot.managed, arn);
        if !policy.folders.iter().any(|folder| folder == origin.folder) {
            policy.folders.push(origin.folder.to_owned());
        }
        ManagedEntry { policy, conflicts: &mut self.conflicts }
    }

    /// One page of an export: which of its four lists it has, whose it is, and whether more follow.
    pub fn page(&mut self, accounts: &[String], lists: [bool; 4], truncated: bool) {
        let page = Pages { lists, ended: !truncated };
        match accounts {
            [] => self.unplaced_pages.push(page),
            accounts => {
                for account in accounts {
                    self.pages.entry(account.clone()).or_default().add(&page);
                }
            }
        }
    }

    /// What `get-caller-identity` says.
    pub fn identity(&mut self, identity: Identity) {
        self.snapshot.identities.push(identity);
    }

    /// When credentials expire.
    pub fn expiration(&mut self, expiration: Expiration) {
        self.snapshot.expirations.push(expiration);
    }

    /// A policy that stands alone.
    pub fn loose(&mut self, policy_type: PolicyType, document: Handle) {
        self.snapshot.loose.push(LoosePolicy { policy_type, document });
    }

    /// That the file `path` is taken in by another that says what it is for.
    pub fn taken_in(&mut self, path: &str, sources: &SourceMap) {
        let is_it =
            |policy: &LoosePolicy| sources.path(policy.document.span().source) == Some(path);
        self.snapshot.loose.retain(|policy| !is_it(policy));
    }

    /// An inline policy of a principal of which only the name is said.
    pub fn inline_of(&mut self, kind: EntityKind, owner: Spanned<String>, policy: InlinePolicy) {
        self.snapshot.unplaced.push(Unplaced { kind, owner, policy });
    }

    /// The managed policies of somebody.
    pub fn attached_of_somebody(&mut self, list: List<AttachedPolicy>, origin: Origin<'_>) {
        self.pend(Unowned::Attached(list), origin);
    }

    /// The names of the inline policies of somebody.
    pub fn inline_names_of_somebody(&mut self, list: List<Spanned<String>>, origin: Origin<'_>) {
        self.pend(Unowned::InlineNames(list), origin);
    }

    /// The names of the groups of some user.
    pub fn groups_of_somebody(&mut self, list: List<Spanned<String>>, origin: Origin<'_>) {
        self.pend(Unowned::Groups(list), origin);
    }

    /// The tags of somebody, all of them.
    pub fn tags_of_somebody(&mut self, tags: Vec<(String, String)>, origin: Origin<'_>) {
        self.pend(Unowned::Tags(tags), origin);
    }

    /// One version of some managed policy.
    pub fn version(&mut self, version: Version, origin: Origin<'_>) {
        self.pend(Unowned::Version(version), origin);
    }

    fn pend(&mut self, what: Unowned, origin: Origin<'_>) {
        self.pending.push(Pending { folder: origin.folder.to_owned(), span: origin.span, what });
    }

    /// Joins what is left, and says what could not be joined and what contradicts itself.
    pub fn finish(mut self, sources: &SourceMap) -> (Snapshot, Vec<String>) {
        let mut notes = Vec::new();
        self.snapshot.entities.index();
        self.place_owned();
        self.place_inline();
        self.join_lists(sources, &mut notes);
        self.know_attached();
        self.join_versions(sources, &mut notes);
        self.join_tree(sources, &mut notes);
        self.place_policies(sources, &mut notes);
        self.join_providers(sources, &mut notes);
        // A page without any principal says nothing about whose it is; with one account in the
        // export there is no doubt.
        if let [(_, pages)] = &mut self.pages.iter_mut().collect::<Vec<_>>()[..] {
            self.unplaced_pages.iter().for_each(|page| pages.add(page));
        }
        for (account, pages) in &self.pages {
            if pages.ended && pages.lists.iter().all(|seen| *seen) {
                self.snapshot.accounts.entry(account.clone()).or_default().complete = true;
            } else {
                self.snapshot.accounts.entry(account.clone()).or_default();
                let why = if pages.ended {
                    "some of its four lists are missing"
                } else {
                    "its last page is missing"
                };
                notes.push(format!("the export of account {account} is not whole: {why}"));
            }
        }
        notes.extend(self.conflicts.iter().filter_map(|conflict| conflict.note(sources)));
        (self.snapshot, notes)
    }
}

pub(super) fn managed_entry<'b>(
    managed: &'b mut BTreeMap<String, ManagedPolicy>,
    arn: &Spanned<String>,
) -> &'b mut ManagedPolicy {
    managed.entry(arn.value.clone()).or_insert_with(|| ManagedPolicy {
        arn: arn.clone(),
        name: None,
        default_version: None,
        updated: None,
        document: None,
        folders: Vec::new(),
    })
}

impl Pages {
    fn add(&mut self, page: &Self) {
        for (seen, new) in self.lists.iter_mut().zip(page.lists) {
            *seen |= new;
        }
        self.ended |= page.ended;
    }
}

/// A principal that facts are added to. What is already known stays; what differs is noted.
pub struct EntityEntry<'b> {
    pub(super) entity: &'b mut Entity,
    pub(super) conflicts: &'b mut Vec<Conflict>,
}

impl EntityEntry<'_> {
    /// Whether it is a user, a group or a role.
    pub fn kind(&self) -> EntityKind {
        self.entity.kind
    }

    /// Its unique id.
    pub fn unique_id(&mut self, id: Option<Spanned<String>>) {
        let Entity { unique_id: slot, kind, name, .. } = &mut *self.entity;
        let what = || format!("unique ids of {} {name}", kind.noun());
        Conflict::keep(slot, id, self.conflicts, what);
    }

    /// When it was created.
    pub fn created(&mut self, created: Option<Spanned<Timestamp>>) {
        let Entity { created: slot, kind, name, .. } = &mut *self.entity;
        let what = || format!("dates of creation of {} {name}", kind.noun());
        Conflict::keep(slot, created, self.conflicts, what);
    }

    /// `MaxSessionDuration`.
    pub fn max_session_duration(&mut self, seconds: Option<Spanned<i64>>) {
        let Entity { max_session_duration: slot, kind, name, .. } = &mut *self.entity;
        let what = || format!("values of MaxSessionDuration of {} {name}", kind.noun());
        Conflict::keep(slot, seconds, self.conflicts, what);
    }

    /// Its tags, all of them.
    pub fn tags(&mut self, tags: Vec<(String, String)>) {
        if self.entity.tags.known().is_none() {
            self.entity.tags = Fact::Known(tags);
        }
    }

    /// Its permissions boundary, or that it has none.
    pub fn boundary(&mut self, arn: Option<Spanned<String>>) {
        if let Fact::Known(known) = &self.entity.boundary {
            let text = |arn: &Option<Spanned<String>>| arn.as_ref().map(|arn| arn.value.clone());
            if text(known) != text(&arn) {
                self.conflicts.push(Conflict {
                    what: format!("permissions boundaries of {}", self.entity.title()),
                    kept: known.as_ref().map_or(self.entity.arn.span, |arn| arn.span),
                    other: arn.map_or(self.entity.arn.span, |arn| arn.span),
                });
            }
            return;
        }
        self.entity.boundary = Fact::Known(arn);
    }

    /// A role's trust policy.
    pub fn trust(&mut self, document: Handle) {
        let Entity { trust, name, .. } = &mut *self.entity;
        let what = || format!("trust policies of role {name}");
        keep_document(trust, Some(document), self.conflicts, what);
    }

    /// Inline policies; `complete` if these are all.
    pub fn inline(&mut self, policies: impl IntoIterator<Item = InlinePolicy>, complete: bool) {
        for policy in policies {
            let list = &mut self.entity.inline.items;
            let known = list.iter_mut().find(|known| known.name.value == policy.name.value);
            match known {
                Some(known) => {
                    let title = || format!("documents of inline policy {}", policy.name.value);
                    keep_document(&mut known.document, policy.document, self.conflicts, title);
                }
                None => list.push(policy),
            }
        }
        self.entity.inline.complete |= complete;
    }

    /// Managed policies; `complete` if these are all.
    pub fn attached(&mut self, policies: impl IntoIterator<Item = AttachedPolicy>, complete: bool) {
        for policy in policies {
            let list = &mut self.entity.attached.items;
            if !list.iter().any(|known| known.arn.value == policy.arn.value) {
                list.push(policy);
            }
        }
        self.entity.attached.complete |= complete;
    }

    /// The names of a user's groups; `complete` if these are all.
    pub fn groups(&mut self, names: impl IntoIterator<Item = Spanned<String>>, complete: bool) {
        for name in names {
            let list = &mut self.entity.groups.items;
            if !list.iter().any(|known| known.value == name.value) {
                list.push(name);
            }
        }
        self.entity.groups.complete |= complete;
    }
}

/// A managed policy that facts are added to.
pub struct ManagedEntry<'b> {
    policy: &'b mut ManagedPolicy,
    conflicts: &'b mut Vec<Conflict>,
}

impl ManagedEntry<'_> {
    /// Its name, the version in force, and when it was last changed.
    pub fn settings(
        &mut self,
        name: Option<String>,
        default_version: Option<Spanned<String>>,
        updated: Option<Spanned<Timestamp>>,
    ) {
        self.policy.name = self.policy.name.take().or(name);
        let what = || format!("default versions of {}", self.policy.arn.value);
        Conflict::keep(&mut self.policy.default_version, default_version, self.conflicts, what);
        self.policy.updated = self.policy.updated.take().or(updated);
    }

    /// The document of the version in force.
    pub fn document(&mut self, document: Handle) {
        let what = || format!("documents of {}", self.policy.arn.value);
        keep_document(&mut self.policy.document, Some(document), self.conflicts, what);
    }
}

pub(super) fn keep_document(
    slot: &mut Option<Handle>,
    new: Option<Handle>,
    conflicts: &mut Vec<Conflict>,
    what: impl FnOnce() -> String,
) {
    match (&slot, new) {
        (_, None) => {}
        (None, new) => *slot = new,
        (Some(kept), Some(other)) if same_documents(kept, &other) => {}
        (Some(kept), Some(other)) => {
            conflicts.push(Conflict { what: what(), kept: kept.span(), other: other.span() });
        }
    }
}
