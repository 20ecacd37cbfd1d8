//! Building the organization's tree. Most outputs about it do not say what they are about: they
//! are joined by an id in the name of their file, else where exactly one candidate fits.

use crate::policy::PolicyType;
use crate::text::{SourceMap, Span, Spanned};

use super::build::{Builder, Origin};
use super::merge::Conflict;
use super::organization::{self, ControlPolicy, Target, TargetKind};
use super::{Handle, List};

/// An output about one place of the tree, or one policy, that does not say which.
#[derive(Clone, Debug, PartialEq)]
pub enum TreeList {
    /// What stands right above some unit or account.
    Parents(Vec<Spanned<String>>),
    /// What stands right below some root or unit.
    Children(Vec<Spanned<String>>),
    /// The policies of one type that are attached to some root, unit or account.
    Policies(PolicyType, Vec<Spanned<String>>, bool),
    /// What some policy is attached to; whether that is all.
    Targets(Vec<Spanned<String>>, bool),
}

#[derive(Debug)]
pub(super) struct PendingTree {
    pub(super) span: Span,
    pub(super) list: TreeList,
}

impl Builder {
    /// What `describe-organization` says.
    pub fn organization(&mut self, id: &str, management: Option<String>, all: Option<bool>) {
        let known = self.snapshot.organizations.known.entry(id.to_owned()).or_default();
        known.management_account = known.management_account.take().or(management);
        known.all_features = known.all_features.or(all);
    }

    /// A root, unit or account, by its id, with its ARN, which names the organization.
    pub fn target(
        &mut self,
        id: &str,
        arn: Option<&str>,
        name: Option<String>,
    ) -> Option<&mut Target> {
        let kind = TargetKind::of(id)?;
        let parts = arn.and_then(organization::parts);
        if let Some((organization, management)) = parts {
            let account = crate::policy::is_account_id(management).then(|| management.to_owned());
            self.organization(organization, account, None);
        }
        let target =
            self.snapshot.organizations.targets.entry(id.to_owned()).or_insert_with(|| Target {
                id: id.to_owned(),
                kind,
                name: None,
                organization: None,
                parent: None,
                service_control: List::default(),
                resource_control: List::default(),
                enabled: None,
            });
        target.name = target.name.take().or(name);
        let organization = parts.map(|(organization, _)| organization.to_owned());
        target.organization = target.organization.take().or(organization);
        Some(target)
    }

    /// That `parent` stands right above `child`.
    pub fn parent(&mut self, child: &str, parent: &Spanned<String>) {
        if self.target(&parent.value, None, None).is_none() || child == parent.value {
            return;
        }
        let Some(target) = self.target(child, None, None) else { return };
        let mut slot = target.parent.take();
        let what = || format!("parents of {child}");
        Conflict::keep(&mut slot, Some(parent.clone()), &mut self.conflicts, what);
        if let Some(target) = self.target(child, None, None) {
            target.parent = slot;
        }
    }

    /// The way from the organization down to `id`: `o-…/r-…/ou-…/`, with or without `id` at its end.
    pub fn path(&mut self, id: &str, path: &Spanned<String>) {
        let mut parts = path.value.split('/').filter(|part| !part.is_empty());
        let Some(organization) = parts.next().filter(|part| part.starts_with("o-")) else {
            return;
        };
        self.organization(organization, None, None);
        let own = parts.filter(|part| *part != id).chain([id]);
        let mut above: Option<&str> = None;
        for part in own {
            if let Some(target) = self.target(part, None, None) {
                target.organization.get_or_insert_with(|| organization.to_owned());
            }
            if let Some(above) = above {
                self.parent(part, &Spanned { value: above.to_owned(), span: path.span });
            }
            above = Some(part);
        }
    }

    /// A control policy.
    pub fn control_policy(
        &mut self,
        id: &str,
        arn: Option<String>,
        name: Option<String>,
        policy_type: PolicyType,
    ) -> &mut ControlPolicy {
        let parts = arn.as_deref().and_then(organization::parts);
        if let Some((organization, management)) = parts {
            let account = crate::policy::is_account_id(management).then(|| management.to_owned());
            self.organization(organization, account, None);
        }
        let policy = self.snapshot.organizations.policies.entry(id.to_owned()).or_default();
        policy.policy_type = policy.policy_type.or(Some(policy_type));
        policy.name = policy.name.take().or(name);
        policy.arn = policy.arn.take().or(arn);
        policy
    }

    /// The document of a control policy.
    pub fn control_document(&mut self, id: &str, document: Handle) {
        let policy = self.snapshot.organizations.policies.entry(id.to_owned()).or_default();
        let what = || format!("documents of {id}");
        super::build::keep_document(
            &mut policy.document,
            Some(document),
            &mut self.conflicts,
            what,
        );
    }

    /// That a control policy is attached to a root, unit or account; others may be too.
    pub fn attach_control(
        &mut self,
        target: &str,
        policy_type: PolicyType,
        policy: Spanned<String>,
    ) {
        let Some(target) = self.target(target, None, None) else { return };
        let list = &mut target.attached_mut(policy_type).items;
        if !list.iter().any(|known| known.value == policy.value) {
            list.push(policy);
        }
    }

    /// An output that does not say what it is about.
    pub fn tree_list(&mut self, list: TreeList, origin: Origin<'_>) {
        self.pending_tree.push(PendingTree { span: origin.span, list });
    }

    pub(super) fn join_tree(&mut self, sources: &SourceMap, notes: &mut Vec<String>) {
        let mut open = std::mem::take(&mut self.pending_tree);
        // First what its file's name places, so that the rest has fewer candidates.
        open.retain(|pending| match named(pending, sources) {
            Some(owner) => {
                self.place(&owner, &pending.list);
                false
            }
            None => true,
        });
        loop {
            let owners: Vec<_> =
                open.iter().map(|pending| self.tree_owner(&pending.list)).collect();
            let kind = std::mem::discriminant::<TreeList>;
            let free = |at: usize| {
                let own = open.get(at).zip(owners.get(at));
                own.is_some_and(|(pending, owner)| {
                    owner.is_some()
                        && open.iter().zip(&owners).enumerate().all(|(other, (second, claimed))| {
                            other == at
                                || claimed != owner
                                || kind(&second.list) != kind(&pending.list)
                                || second.list.says(&pending.list)
                        })
                })
            };
            let Some(at) = (0..open.len()).find(|at| free(*at)) else { break };
            let pending = open.remove(at);
            if let Some(owner) = owners.get(at).cloned().flatten() {
                self.place(&owner, &pending.list);
                notes.push(format!(
                    "`{}` is taken to list the {} of {owner}, the only one they can belong to",
                    sources.name(pending.span.source),
                    pending.list.noun(),
                ));
            }
        }
        for pending in &open {
            let id = if matches!(pending.list, TreeList::Targets(..)) {
                "the policy (`p-…`)"
            } else {
                "the account, unit or root"
            };
            notes.push(format!(
                "cannot tell whose {} `{}` lists, since the output does not say it: put the id of {id} \
                 into the file's name",
                pending.list.noun(),
                sources.name(pending.span.source),
            ));
        }
    }

    pub(super) fn place(&mut self, owner: &str, list: &TreeList) {
        match list {
            TreeList::Parents(parents) => {
                parents.iter().for_each(|parent| self.parent(owner, parent));
            }
            TreeList::Children(children) => {
                for child in children {
                    let parent = Spanned { value: owner.to_owned(), span: child.span };
                    self.parent(&child.value, &parent);
                }
            }
            TreeList::Policies(policy_type, policies, complete) => {
                if let Some(target) = self.target(owner, None, None) {
                    attach(target.attached_mut(*policy_type), policies);
                    target.attached_mut(*policy_type).complete |= *complete;
                }
            }
            TreeList::Targets(targets, complete) => {
                let guess = policy_type_of(owner);
                let policy = self.snapshot.organizations.policies.entry(owner.to_owned());
                let policy = policy.or_default();
                policy.policy_type = policy.policy_type.or(guess);
                attach(&mut policy.targets, targets);
                policy.targets.complete |= *complete;
                let Some(policy_type) = policy.policy_type else { return };
                for target in targets {
                    let own = Spanned { value: owner.to_owned(), span: target.span };
                    if let Some(target) = self.target(&target.value, None, None) {
                        attach(target.attached_mut(policy_type), &[own]);
                    }
                }
            }
        }
    }

    /// The only thing that a list can be about.
    fn tree_owner(&self, list: &TreeList) -> Option<String> {
        let organizations = &self.snapshot.organizations;
        let targets = || organizations.targets.values();
        let same_root = |target: &Target, ids: &[Spanned<String>]| {
            let own = target.root();
            let roots = ids.iter().filter_map(|id| organizations.targets.get(&id.value)?.root());
            own.is_none_or(|own| roots.into_iter().all(|root| root == own))
        };
        match list {
            TreeList::Parents(parents) => only(
                targets()
                    .filter(|target| target.kind != TargetKind::Root && target.parent.is_none())
                    .filter(|target| !parents.iter().any(|parent| parent.value == target.id))
                    .filter(|target| same_root(target, parents))
                    .map(|target| &target.id),
            ),
            TreeList::Children(children) => only(
                targets()
                    .filter(|target| target.kind != TargetKind::Account)
                    .filter(|target| !children.iter().any(|child| child.value == target.id))
                    .filter(|target| same_root(target, children))
                    .map(|target| &target.id),
            ),
            // The same output may list all policies of the organization. So every policy has to be
            // known to be attached there; what the list adds is that there are no others.
            TreeList::Policies(policy_type, policies, _) => {
                let targets_of = |id: &Spanned<String>| {
                    let policy = organizations.policies.get(&id.value)?;
                    policy.targets.complete.then_some(&policy.targets.items)
                };
                only(
                    targets()
                        .filter(|target| {
                            policies.iter().all(|policy| {
                                targets_of(policy).is_some_and(|targets| {
                                    targets.iter().any(|one| one.value == target.id)
                                })
                            })
                        })
                        .filter(|target| !target.attached(*policy_type).complete)
                        .map(|target| &target.id),
                )
            }
            TreeList::Targets(..) => only(
                (organizations.policies.iter())
                    .filter(|(_, policy)| !policy.targets.complete && policy.document.is_some())
                    .map(|(id, _)| id),
            ),
        }
    }
}

fn attach(list: &mut List<Spanned<String>>, ids: &[Spanned<String>]) {
    for id in ids {
        if !list.items.iter().any(|known| known.value == id.value) {
            list.items.push(id.clone());
        }
    }
}

/// The two policies of AWS that every organization has.
fn policy_type_of(id: &str) -> Option<PolicyType> {
    match id {
        "p-FullAWSAccess" => Some(PolicyType::ServiceControl),
        "p-RCPFullAWSAccess" => Some(PolicyType::ResourceControl),
        _ => None,
    }
}

fn only<'s>(mut ids: impl Iterator<Item = &'s String>) -> Option<String> {
    let first = ids.next()?;
    ids.next().is_none().then(|| first.clone())
}

impl TreeList {
    fn noun(&self) -> &'static str {
        match self {
            Self::Parents(_) => "parents",
            Self::Children(_) => "children",
            Self::Policies(PolicyType::ResourceControl, ..) => "resource control policies",
            Self::Policies(..) => "service control policies",
            Self::Targets(..) => "targets",
        }
    }

    /// Whether both say the same, or speak of different types of policies.
    fn says(&self, other: &Self) -> bool {
        let ids =
            |list: &[Spanned<String>]| list.iter().map(|id| id.value.clone()).collect::<Vec<_>>();
        match (self, other) {
            (Self::Parents(one), Self::Parents(two))
            | (Self::Targets(one, _), Self::Targets(two, _)) => ids(one) == ids(two),
            // Children are listed by their type, so one parent has two lists.
            (Self::Children(one), Self::Children(two)) => {
                let kind = |list: &[Spanned<String>]| {
                    list.first().and_then(|id| TargetKind::of(&id.value))
                };
                kind(one) != kind(two) || ids(one) == ids(two)
            }
            (Self::Policies(one, policies, _), Self::Policies(two, others, _)) => {
                one != two || ids(policies) == ids(others)
            }
            _ => false,
        }
    }
}

/// The only id in the name of the file that can be what its list is about.
fn named(pending: &PendingTree, sources: &SourceMap) -> Option<String> {
    let path = sources.name(pending.span.source);
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let fits = |id: &str| match (&pending.list, TargetKind::of(id)) {
        (TreeList::Parents(_), kind) => {
            matches!(kind, Some(TargetKind::Account | TargetKind::Unit))
        }
        (TreeList::Children(_), kind) => matches!(kind, Some(TargetKind::Root | TargetKind::Unit)),
        (TreeList::Policies(..), kind) => kind.is_some(),
        (TreeList::Targets(..), _) => is_policy_id(id),
    };
    let ids = ids_in(name);
    let mut found = ids.iter().filter(|id| fits(id));
    let first = found.next()?;
    found.all(|other| other == first).then(|| (*first).to_owned())
}

fn is_policy_id(text: &str) -> bool {
    text.strip_prefix("p-").is_some_and(|rest| {
        rest.len() >= 8 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

/// Ids in the name of a file, such as `list-parents-ou-ab12-cdefghij.json`.
fn ids_in(name: &str) -> Vec<String> {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let words: Vec<&str> =
        stem.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let mut ids = Vec::new();
    let mut rest = words.as_slice();
    while let [word, others @ ..] = rest {
        let (id, used) = match (*word, others) {
            ("ou", [root, own, ..]) => (format!("ou-{root}-{own}"), 2),
            ("r" | "p", [own, ..]) => (format!("{word}-{own}"), 1),
            _ => ((*word).to_owned(), 0),
        };
        let sound = TargetKind::of(&id).is_some() || is_policy_id(&id);
        if sound {
            ids.push(id);
        }
        rest = others.get(if sound { used } else { 0 }..).unwrap_or(&[]);
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_in_a_files_name_says_what_it_is_about() {
        assert_eq!(ids_in("list-parents-ou-ab12-11111111.json"), ["ou-ab12-11111111"]);
        assert_eq!(ids_in("list-targets-for-policy-p-examplepolicy.json"), ["p-examplepolicy"]);
        assert_eq!(ids_in("scp_of_444455556666.json"), ["444455556666"]);
        assert_eq!(ids_in("r-ab12.scp.json"), ["r-ab12"]);
        assert_eq!(ids_in("list-policies-for-target.json"), Vec::<String>::new());
    }
}
