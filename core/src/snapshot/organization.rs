//! What is known of organizations: their trees of roots, units and accounts, and which control
//! policies are attached where.

use std::collections::{BTreeMap, BTreeSet};

use crate::policy::{Arn, PolicyType};
use crate::request;
use crate::text::Spanned;

use super::{Handle, List};

/// Everything that the facts say of organizations.
#[derive(Clone, Debug, Default)]
pub struct Organizations {
    /// Organizations, by id.
    pub known: BTreeMap<String, Organization>,
    /// Roots, units and accounts, by id.
    pub targets: BTreeMap<String, Target>,
    /// Service control policies and resource control policies, by id.
    pub policies: BTreeMap<String, ControlPolicy>,
    /// Accounts of which AWS says that they are in no organization.
    pub outside: BTreeSet<String>,
}

/// An organization.
#[derive(Clone, Debug, Default)]
pub struct Organization {
    /// The account that manages it, on which its policies have no effect.
    pub management_account: Option<String>,
    /// Whether it has all features; without them it has no control policies.
    pub all_features: Option<bool>,
}

/// What a control policy can be attached to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TargetKind {
    /// The root of the tree.
    Root,
    /// An organizational unit.
    Unit,
    /// An account.
    Account,
}

impl TargetKind {
    /// The kind of the thing with this id.
    /// <https://docs.aws.amazon.com/organizations/latest/APIReference/API_PolicyTargetSummary.html>
    pub fn of(id: &str) -> Option<Self> {
        let plain = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        if crate::policy::is_account_id(id) {
            return Some(Self::Account);
        }
        if let Some(rest) = id.strip_prefix("r-") {
            return (rest.len() >= 4 && plain(rest)).then_some(Self::Root);
        }
        let (root, own) = id.strip_prefix("ou-")?.split_once('-')?;
        (root.len() >= 4 && own.len() >= 8 && plain(root) && plain(own)).then_some(Self::Unit)
    }
}

/// A root, an organizational unit or an account.
#[derive(Clone, Debug)]
pub struct Target {
    /// `r-…`, `ou-…`, or an account id.
    pub id: String,
    /// Which of the three.
    pub kind: TargetKind,
    /// Its name, where it is said.
    pub name: Option<String>,
    /// The id of its organization.
    pub organization: Option<String>,
    /// The root or unit right above it.
    pub parent: Option<Spanned<String>>,
    /// The ids of the service control policies attached right to it.
    pub service_control: List<Spanned<String>>,
    /// The ids of the resource control policies attached right to it.
    pub resource_control: List<Spanned<String>>,
    /// Of a root: which of the two types are enabled.
    pub enabled: Option<Vec<PolicyType>>,
}

impl Target {
    /// What of the policies of one of the two types is attached right to it.
    pub fn attached(&self, policy_type: PolicyType) -> &List<Spanned<String>> {
        if policy_type == PolicyType::ResourceControl {
            &self.resource_control
        } else {
            &self.service_control
        }
    }

    pub(super) fn attached_mut(&mut self, policy_type: PolicyType) -> &mut List<Spanned<String>> {
        if policy_type == PolicyType::ResourceControl {
            &mut self.resource_control
        } else {
            &mut self.service_control
        }
    }

    /// The id of the root above it, as far as its own id tells: a unit's begins with that of its
    /// root.
    pub fn root(&self) -> Option<String> {
        match self.kind {
            TargetKind::Root => Some(self.id.clone()),
            TargetKind::Unit => unit_root(&self.id),
            TargetKind::Account => None,
        }
    }
}

fn unit_root(id: &str) -> Option<String> {
    let (root, _) = id.strip_prefix("ou-")?.split_once('-')?;
    Some(format!("r-{root}"))
}

/// A service control policy or a resource control policy.
#[derive(Clone, Debug, Default)]
pub struct ControlPolicy {
    /// Its name.
    pub name: Option<String>,
    /// Its ARN.
    pub arn: Option<String>,
    /// Which of the two; `None` where only its id is known.
    pub policy_type: Option<PolicyType>,
    /// Its document.
    pub document: Option<Handle>,
    /// Everything that it is attached to.
    pub targets: List<Spanned<String>>,
}

/// The part of a tree that leads to an account.
#[derive(Clone, Debug)]
pub struct Chain<'s> {
    /// From the highest that is known down to the account.
    pub targets: Vec<&'s Target>,
    /// The id of the root, where it is known although the way to it may not be.
    pub root: Option<String>,
}

impl Chain<'_> {
    /// Whether it goes up to the root.
    pub fn is_whole(&self) -> bool {
        self.targets.first().is_some_and(|target| target.kind == TargetKind::Root)
    }
}

impl Organizations {
    /// What leads to `account`; `None` where the tree does not show it.
    pub fn chain(&self, account: &str) -> Option<Chain<'_>> {
        let first = self.targets.get(account)?;
        let mut targets = vec![first];
        // A tree is at most seven deep; contradicting facts could make a loop.
        while let Some(parent) = targets.last().and_then(|target| target.parent.as_ref())
            && targets.len() < 16
        {
            let Some(parent) = self.targets.get(&parent.value) else { break };
            targets.push(parent);
        }
        targets.reverse();
        let root = targets.iter().find_map(|target| target.root());
        Some(Chain { targets, root })
    }

    /// The organization that `account` manages.
    pub fn managed_by(&self, account: &str) -> Option<&str> {
        let manages = |organization: &Organization| {
            organization.management_account.as_deref() == Some(account)
        };
        self.known.iter().find(|(_, one)| manages(one)).map(|(id, _)| id.as_str())
    }

    /// The id of the organization of `account`.
    pub fn id_of(&self, account: &str) -> Option<String> {
        if let Some(id) = self.managed_by(account) {
            return Some(id.to_owned());
        }
        let chain = self.chain(account)?;
        let own = chain.targets.iter().find_map(|target| target.organization.clone());
        // A root belongs to one organization, and so does all that hangs from it.
        let by_root = || {
            let root = chain.root.as_ref()?;
            let same = self.targets.values().filter(|other| other.root().as_ref() == Some(root));
            same.filter_map(|other| other.organization.clone()).next()
        };
        own.or_else(by_root)
    }

    /// The place of `account` in its organization, as AWS gives it in `aws:PrincipalOrgPaths`.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed-view-data-orgs.html#access_policies_access-advisor-viewing-orgs-entity-path>
    pub fn place(&self, account: &str) -> Option<request::Organization> {
        let id = self.id_of(account)?;
        let path = self.chain(account).filter(Chain::is_whole).map(|chain| {
            let above = chain.targets.iter().filter(|target| target.kind != TargetKind::Account);
            above.fold(format!("{id}/"), |path, target| format!("{path}{}/", target.id))
        });
        Some(request::Organization { id, path })
    }

    /// Whether it is proven that policies of this type have no effect on `account`: it manages its
    /// organization, or the type is not enabled.
    /// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>
    pub fn spares(&self, account: &str, policy_type: PolicyType) -> bool {
        if self.managed_by(account).is_some() {
            return true;
        }
        let organization = self.id_of(account).and_then(|id| self.known.get(&id));
        if organization.is_some_and(|organization| organization.all_features == Some(false)) {
            return true;
        }
        let root = self.chain(account).and_then(|chain| self.targets.get(&chain.root?));
        root.and_then(|root| root.enabled.as_ref()).is_some_and(|on| !on.contains(&policy_type))
    }
}

/// The organization and the account that manages it, as an ARN of AWS Organizations names them.
pub(super) fn parts(arn: &str) -> Option<(&str, &str)> {
    let arn = Arn::parse(arn).filter(|arn| arn.service == "organizations")?;
    let organization = arn.resource.split('/').nth(1).filter(|id| id.starts_with("o-"))?;
    Some((organization, arn.account))
}

/// The type by the name that AWS Organizations gives it; `None` for types that decide nothing here.
pub fn control_type(name: &str) -> Option<PolicyType> {
    match name {
        "SERVICE_CONTROL_POLICY" => Some(PolicyType::ServiceControl),
        "RESOURCE_CONTROL_POLICY" => Some(PolicyType::ResourceControl),
        _ => None,
    }
}
