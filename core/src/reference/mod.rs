//! What AWS publishes about itself, as of one date: services with their actions, condition keys, service
//! principals, partitions, AWS managed policies.
//!
//! Nothing is read until it is asked for, and a question about one service or policy inflates one block
//! of some tens of kilobytes. What AWS added after [`date`] is missing, so that something is not in here
//! is a reason to look, and no decision by itself. `reference/regenerate` writes the data;
//! `docs/reference.md` says from what.

mod alike;
mod archive;
mod catalogue;
mod form;
mod lines;
mod managed;
mod service;

use std::sync::OnceLock;

use foldhash::HashSet;

use lines::{find, members};

pub use alike::{alike_keys, is_claim, is_misspelled_key, similar_keys};
pub use catalogue::{Catalogue, CataloguedAction, CataloguedType, catalogue};
pub use form::{ArnForm, any_form};
pub use managed::{ManagedPolicy, is_managed_policy_name, managed_policies, managed_policy};
pub use service::{
    Action, ActionResource, ResourceType, Service, ServiceKey, service, service_name, services,
};

const META: &str = include_str!("data/meta.txt");
const GLOBAL_KEYS: &str = include_str!("data/global-keys.txt");
const PRINCIPALS: &str = include_str!("data/service-principals.txt");
const PARTITIONS: &str = include_str!("data/partitions.txt");
const FURTHER_ACTIONS: &str = include_str!("data/further-actions.txt");
const FURTHER_KEYS: &str = include_str!("data/further-keys.txt");
const RESOURCE_CONTROL: &str = include_str!("data/resource-control-services.txt");

/// The day of the data: `2026-10-27`.
pub fn date() -> &'static str {
    META.lines().next().unwrap_or_default()
}

/// The packages from which the data was made, with their versions.
pub fn sources() -> &'static str {
    META.lines().nth(2).unwrap_or_default()
}

/// How much there is of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Services.
    pub services: usize,
    /// Actions of all services.
    pub actions: usize,
    /// AWS managed policies.
    pub managed_policies: usize,
    /// Service principals.
    pub service_principals: usize,
    /// Global condition keys.
    pub global_keys: usize,
}

/// How much there is of each kind, without looking at it.
pub fn counts() -> Counts {
    let line = META.lines().nth(1).unwrap_or_default();
    let mut numbers = line.split(' ').map(|number| number.parse().unwrap_or_default());
    let mut next = || numbers.next().unwrap_or_default();
    Counts {
        services: next(),
        actions: next(),
        managed_policies: next(),
        service_principals: next(),
        global_keys: next(),
    }
}

/// A condition key that requests to any service may carry.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GlobalKey {
    /// As AWS writes it. One that ends in `/` takes the key of a tag.
    pub name: &'static str,
    /// `String`, `ARN`, `Bool`, `Numeric`, `Date` or `IPAddress`.
    pub kind: &'static str,
    /// Whether a request carries many values of it.
    pub multivalued: bool,
}

fn read_key(line: &'static str) -> Option<GlobalKey> {
    let mut parts = members(line);
    let (name, kind) = (parts.next()?, parts.next()?);
    Some(GlobalKey { name, kind, multivalued: parts.next()? == "many" })
}

/// Every global condition key, sorted without regard to case.
pub fn global_keys() -> impl Iterator<Item = GlobalKey> {
    GLOBAL_KEYS.lines().filter_map(read_key)
}

/// The global condition key `key`, in any case: `aws:principaltag/team` is `aws:PrincipalTag/`.
pub fn global_key(key: &str) -> Option<GlobalKey> {
    let name = match key.split_once('/') {
        Some((_, "")) => return None,
        Some((front, _)) => key.get(..=front.len())?,
        None => key,
    };
    // Asked several times for every condition, so the lines are cut once, and what all begin with is
    // compared once.
    static KEYS: OnceLock<Vec<(String, GlobalKey)>> = OnceLock::new();
    let keys = KEYS.get_or_init(|| {
        let rest = |key: GlobalKey| Some((key.name.strip_prefix(GLOBAL)?.to_lowercase(), key));
        global_keys().filter_map(rest).collect()
    });
    let (front, rest) = name.split_at_checked(GLOBAL.len())?;
    // Longer than any of them: the name of a key has no more room.
    let mut room = [0; 64];
    let lower = room.get_mut(..rest.len())?;
    lower.copy_from_slice(rest.as_bytes());
    lower.make_ascii_lowercase();
    let found = keys.binary_search_by(|(own, _)| own.as_bytes().cmp(lower)).ok()?;
    keys.get(found).filter(|_| front.eq_ignore_ascii_case(GLOBAL)).map(|(_, key)| *key)
}

/// What every global condition key begins with.
const GLOBAL: &str = "aws:";

/// Every service principal, sorted, without the `.amazonaws.com` with which each ends.
pub fn service_principals() -> impl Iterator<Item = &'static str> {
    PRINCIPALS.lines()
}

/// Whether there is a service principal `name`: `lambda.amazonaws.com`, or with `.amazonaws.com.cn`. Its
/// case counts.
pub fn is_service_principal(name: &str) -> bool {
    let name = name.strip_suffix(".cn").unwrap_or(name);
    name.strip_suffix(".amazonaws.com").is_some_and(|own| find(PRINCIPALS, own).is_some())
}

/// Whether AWS's own managed policies name the action or pattern, given in lower case, though the list
/// of actions does not have it: actions that are withdrawn, or not documented.
pub fn is_further_action(lower: &str) -> bool {
    find(FURTHER_ACTIONS, lower).is_some()
}

/// Whether AWS once listed the condition key, given in lower case, or its managed policies name it.
pub fn is_further_key(lower: &str) -> bool {
    find(FURTHER_KEYS, lower).is_some()
}

/// Whether resource control policies apply to the service with this prefix. AWS adds to the list.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>
pub fn takes_resource_control(prefix: &str) -> bool {
    // Asked for every request, so the lines are cut once.
    static PREFIXES: OnceLock<HashSet<&str>> = OnceLock::new();
    PREFIXES.get_or_init(|| RESOURCE_CONTROL.lines().collect()).contains(prefix)
}

/// A partition.
/// <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    /// As it stands in an ARN: `aws-cn`.
    pub id: &'static str,
    /// What its host names end with: `amazonaws.com.cn`.
    pub dns_suffix: &'static str,
    regions: &'static str,
}

impl Partition {
    /// What the names of its regions begin with, before the first direction: `cn`, `us-gov`.
    pub fn region_prefixes(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.regions.split(' ')
    }
}

fn read_partition(line: &'static str) -> Option<Partition> {
    let mut parts = members(line);
    Some(Partition { id: parts.next()?, dns_suffix: parts.next()?, regions: parts.next()? })
}

/// Every partition, sorted.
pub fn partitions() -> impl Iterator<Item = Partition> {
    PARTITIONS.lines().filter_map(read_partition)
}

/// The partition `id`.
pub fn partition(id: &str) -> Option<Partition> {
    find(PARTITIONS, id).and_then(read_partition)
}

/// The partition of a region: `cn-north-1` is of `aws-cn`.
pub fn partition_of_region(region: &str) -> Option<Partition> {
    let (front, number) = region.rsplit_once('-')?;
    let (prefix, direction) = front.rsplit_once('-')?;
    let is_region = number.parse::<u8>().is_ok()
        && !direction.is_empty()
        && direction.bytes().all(|byte| byte.is_ascii_lowercase());
    partitions().find(|one| is_region && one.region_prefixes().any(|own| own == prefix))
}

#[cfg(test)]
mod tests;
