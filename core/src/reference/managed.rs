//! AWS managed policies, in their default versions.
//!
//! <https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html>

use std::collections::HashSet;
use std::sync::OnceLock;

use super::archive::{Archive, Entry};
use super::{Partition, partition as partition_by_id};

pub(super) const POLICIES: Archive = Archive {
    index: include_str!("data/policies.idx"),
    blocks: include_bytes!("data/policies.bin"),
};

/// One AWS managed policy.
#[derive(Clone, Copy)]
pub struct ManagedPolicy {
    /// Its name without the path: `AdministratorAccess`.
    pub name: &'static str,
    /// The version that was the default one: `v1`.
    pub version: &'static str,
    partition: Partition,
    entry: Entry,
}

impl ManagedPolicy {
    /// The document, as JSON in one line. In another partition than `aws`, that partition's name stands
    /// in its ARNs.
    pub fn document(&self) -> Option<String> {
        let document = POLICIES.text(self.entry)?;
        Some(match self.partition.id {
            "aws" => document,
            other => document.replace("\"arn:aws:", &format!("\"arn:{other}:")),
        })
    }
}

/// The path and name of each policy, sorted: `AdministratorAccess`, `job-function/Billing`.
pub fn managed_policies() -> impl Iterator<Item = &'static str> {
    POLICIES.keys()
}

/// Whether some AWS managed policy has this name, whatever its path.
pub fn is_managed_policy_name(name: &str) -> bool {
    static NAMES: OnceLock<HashSet<&'static str>> = OnceLock::new();
    let names =
        NAMES.get_or_init(|| managed_policies().filter_map(|key| key.rsplit('/').next()).collect());
    names.contains(name)
}

/// The policy with the ARN `arn:<partition>:iam::aws:policy/<path><name>`.
pub fn managed_policy(arn: &str) -> Option<ManagedPolicy> {
    let (partition, key) = arn.strip_prefix("arn:")?.split_once(":iam::aws:policy/")?;
    let partition = partition_by_id(partition)?;
    let entry = POLICIES.entry(key)?;
    Some(ManagedPolicy {
        name: entry.key.rsplit('/').next()?,
        version: entry.words,
        partition,
        entry,
    })
}
