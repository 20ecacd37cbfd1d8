//! The organization's side: where an account stands in the tree, and the control policies of every
//! level above it.

use std::sync::Arc;

use crate::layers::{Attached, Gap, Layer};
use crate::policy::{Policy, PolicyType};
use crate::request::{Fact, Organization, Request};
use crate::snapshot::{Chain, Target, TargetKind};

use super::{Assembler, Unread, gaps, limits};

/// AWS's two policies that allow everything, by their well-known ids.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_examples.html>
const FULL_ACCESS: [(&str, &str, &str); 2] = [
    (
        "p-FullAWSAccess",
        "FullAWSAccess",
        r#"{ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": "*", "Resource": "*" }] }"#,
    ),
    (
        "p-RCPFullAWSAccess",
        "RCPFullAWSAccess",
        r#"{ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*" }] }"#,
    ),
];

/// The name that AWS Organizations gives a type.
fn filter(policy_type: PolicyType) -> &'static str {
    if policy_type == PolicyType::ResourceControl {
        "RESOURCE_CONTROL_POLICY"
    } else {
        "SERVICE_CONTROL_POLICY"
    }
}

impl Assembler<'_> {
    /// Fills in the organizations of the caller's and the resource's account.
    pub(super) fn fill_organizations(&self, request: &mut Request) {
        let of = |account: Option<&str>, fact: &Fact<Option<Organization>>| {
            let account = account.filter(|_| fact.known().is_none())?;
            self.snapshot.organization_of(account)
        };
        let own = of(request.caller.account.as_deref(), &request.caller.organization);
        let others = of(request.resource_account(), &request.resource.organization);
        if let Some(own) = own {
            request.caller.organization = own;
        }
        if let Some(others) = others {
            request.resource.organization = others;
        }
    }

    /// The service control policies above an account, level by level.
    pub(super) fn service_control(&mut self, account: &str) -> Vec<Layer> {
        self.levels(account, PolicyType::ServiceControl)
            .unwrap_or_else(|| vec![limits::service_control(account)])
    }

    /// The resource control policies above the resource's account, level by level.
    pub(super) fn resource_control(&mut self, account: Option<&str>) -> Vec<Layer> {
        account
            .and_then(|account| self.levels(account, PolicyType::ResourceControl))
            .unwrap_or_else(|| vec![limits::resource_control(account)])
    }

    /// The levels from the root to `account`; `None` where the facts show nothing of its place.
    fn levels(&mut self, account: &str, policy_type: PolicyType) -> Option<Vec<Layer>> {
        let organizations = &self.snapshot.organizations;
        if organizations.spares(account, policy_type) {
            return Some(Vec::new());
        }
        let chain = organizations.chain(account)?;
        let mut layers = Vec::new();
        if !chain.is_whole() {
            layers.extend(self.above(&chain, policy_type));
        }
        for target in &chain.targets {
            layers.push(self.level(target, policy_type));
        }
        for (level, layer) in (0..).zip(&mut layers) {
            layer.level = level;
        }
        Some(layers)
    }

    /// What stands above a chain that does not reach the root: the root itself, where its id is
    /// known, and whatever is between.
    fn above(&mut self, chain: &Chain<'_>, policy_type: PolicyType) -> Vec<Layer> {
        let root = chain.root.as_ref().and_then(|id| self.snapshot.organizations.targets.get(id));
        let mut layers: Vec<_> =
            root.map(|root| self.level(root, policy_type)).into_iter().collect();
        if let Some(top) = chain.targets.first() {
            layers.push(Layer::unknown(policy_type, gaps::parent(&top.id, policy_type)));
        }
        layers
    }

    /// One level: the policies attached right to `target`.
    fn level(&mut self, target: &Target, policy_type: PolicyType) -> Layer {
        let mut layer = Layer::known(policy_type, 0, Vec::new());
        let attached = target.attached(policy_type);
        for id in &attached.items {
            self.control_policy(&id.value, target, &mut layer);
        }
        if !attached.complete {
            layer.miss(gaps::control_policies(target, filter(policy_type)));
        }
        layer
    }

    fn control_policy(&mut self, id: &str, target: &Target, layer: &mut Layer) {
        let policy = self.snapshot.organizations.policies.get(id);
        let arn = policy.and_then(|policy| policy.arn.clone());
        let name = policy.and_then(|policy| policy.name.clone());
        if let Some(document) = policy.and_then(|policy| policy.document.as_ref()) {
            let name = name.or_else(|| Some(id.to_owned()));
            self.add(layer, document, Unread { name, arn, to: target.id.clone() });
            return;
        }
        match self.full_access(id, layer.policy_type) {
            Some((name, policy)) => layer.policies.push(Attached {
                name: Some(name.to_owned()),
                arn,
                attached_to: Some(target.id.clone()),
                policy,
            }),
            None => layer.miss(Gap {
                fact: format!(
                    "the document of {} {}",
                    layer.policy_type.name(),
                    name.as_deref().unwrap_or(id)
                ),
                reason: format!(
                    "it is attached to {}, but its document is not in the facts",
                    target.id
                ),
                supply: gaps::run(&format!("aws organizations describe-policy --policy-id {id}")),
            }),
        }
    }

    /// AWS's own policy with this id, which nobody can change.
    fn full_access(
        &mut self,
        id: &str,
        policy_type: PolicyType,
    ) -> Option<(&'static str, Arc<Policy>)> {
        let (_, name, text) = FULL_ACCESS.iter().find(|(known, ..)| *known == id)?;
        let policy =
            self.embedded(name, policy_type, || Some(((*name).to_owned(), (*text).to_owned())))?;
        Some((name, policy))
    }
}

/// What a person would call a target: `account 444455556666`, `unit ou-…`, `root r-…`.
pub(super) fn title(target: &Target) -> String {
    let noun = match target.kind {
        TargetKind::Root => "root",
        TargetKind::Unit => "organizational unit",
        TargetKind::Account => "account",
    };
    format!("{noun} {}", target.id)
}
