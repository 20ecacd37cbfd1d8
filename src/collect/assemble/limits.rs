//! The layers that limit: session policies, the organization's policies and VPC endpoint policies.
//! Either they cannot apply, or the facts show them, or they are gaps.

use crate::layers::{Gap, Layer};
use crate::policy::{Names, Policy, PolicyType};
use crate::request::{Caller, CallerKind, Fact, Given, Request};

use super::{Assembler, Unread, gaps, is_absent, is_present};

/// A session policy limits the sessions of roles and federated users.
pub(super) fn may_have_session_policy(caller: &Caller) -> bool {
    let applies = matches!(caller.kind, CallerKind::RoleSession | CallerKind::FederatedUser);
    // Nobody passes a policy when a service makes a session of its own role.
    applies && !caller.is_service_linked_role()
}

/// A session of which nothing is known.
pub(super) fn session() -> Layer {
    Layer::unknown(
        PolicyType::Session,
        Gap {
            fact: "the session policy of the caller's session".to_owned(),
            reason: "whether one was passed when the session was made is shown nowhere in IAM"
                .to_owned(),
            supply: "pass it with `--session-policy FILE`".to_owned(),
        },
    )
}

/// The account whose service control policies limit the caller: its own, unless the caller is a
/// session of a service-linked role or the account is in no organization.
pub(super) fn service_control_covers(caller: &Caller) -> Option<&str> {
    let account = caller.account.as_deref()?;
    let limited = matches!(
        caller.kind,
        CallerKind::Root | CallerKind::User | CallerKind::RoleSession | CallerKind::FederatedUser
    );
    let in_none = caller.organization == Fact::Known(None);
    (limited && !in_none && !caller.is_service_linked_role()).then_some(account)
}

/// The service control policies of an account of whose organization nothing is known.
pub(super) fn service_control(account: &str) -> Layer {
    Layer::unknown(
        PolicyType::ServiceControl,
        Gap {
            fact: format!("the service control policies of account {account}"),
            reason: "the facts hold no policies of an organization".to_owned(),
            supply: format!(
                "pass each with `--scp [LEVEL=]FILE`; `aws organizations list-policies-for-target \
                 --target-id {account} --filter SERVICE_CONTROL_POLICY` names those of the account"
            ),
        },
    )
}

/// Whether resource control policies can play a part.
pub(super) fn resource_control_covers(request: &Request) -> bool {
    request.takes_resource_control()
        && request.resource.organization != Fact::Known(None)
        && !request.caller.is_service_linked_role()
}

/// Resource control policies limit the resources of an account, whoever asks.
pub(super) fn resource_control(account: Option<&str>) -> Layer {
    let fact = match account {
        Some(account) => format!("the resource control policies of account {account}"),
        None => "the resource control policies of the account that owns the resource".to_owned(),
    };
    let target = account.unwrap_or("ACCOUNT");
    Layer::unknown(
        PolicyType::ResourceControl,
        Gap {
            fact,
            reason: "the facts hold no policies of an organization".to_owned(),
            supply: format!(
                "pass each with `--rcp [LEVEL=]FILE`; `aws organizations list-policies-for-target \
                 --target-id {target} --filter RESOURCE_CONTROL_POLICY` names those of the account"
            ),
        },
    )
}

/// Whether the request may have gone through a VPC endpoint: one that did carries the endpoint's id
/// and no public address.
pub(super) fn may_pass_endpoint(request: &Request) -> bool {
    !is_present(request, "aws:sourceip") && !is_absent(request, "aws:sourcevpce")
}

/// The endpoint that the request says it went through.
pub(super) fn endpoint_id(request: &Request) -> Option<&str> {
    match &request.context.get("aws:sourcevpce")?.value {
        Given::One(id) => Some(id),
        Given::Absent | Given::Many(_) => None,
    }
}

/// The gap where nothing is known of an endpoint.
fn unknown_endpoint(request: &Request) -> Layer {
    let fact = if is_present(request, "aws:sourcevpce") {
        "the policy of the VPC endpoint".to_owned()
    } else {
        "whether the request went through a VPC endpoint with a policy".to_owned()
    };
    Layer::unknown(
        PolicyType::VpcEndpoint,
        Gap {
            fact,
            reason: "the facts hold no endpoint policy".to_owned(),
            supply: "pass it with `--endpoint-policy FILE`, or `--context aws:SourceVpce=` if the request \
                     went through none"
                .to_owned(),
        },
    )
}

impl Assembler<'_> {
    /// An endpoint's policy limits what goes through it.
    pub(super) fn endpoint(&mut self, request: &Request) -> Option<Layer> {
        if !may_pass_endpoint(request) {
            return None;
        }
        let Some(id) = endpoint_id(request) else { return Some(unknown_endpoint(request)) };
        let Some(endpoint) = self.snapshot.endpoints.get(id) else {
            let gap = gaps::endpoint(id, "the facts do not show this endpoint");
            return Some(Layer::unknown(PolicyType::VpcEndpoint, gap));
        };
        let Some(document) = &endpoint.document else {
            let gap = gaps::endpoint(id, "the facts show this endpoint without a policy");
            return Some(Layer::unknown(PolicyType::VpcEndpoint, gap));
        };
        let mut layer = Layer::known(PolicyType::VpcEndpoint, 0, Vec::new());
        let unread = Unread { name: None, arn: None, to: id.to_owned() };
        self.add(&mut layer, document, unread);
        let is_gateway = endpoint.kind.as_deref() == Some("Gateway");
        if is_gateway && layer.policies.iter().any(|attached| names_somebody(&attached.policy)) {
            let reason = "a gateway endpoint takes no principal but `*`, and reads an account as its root user";
            layer.miss(gaps::endpoint(id, reason));
        }
        Some(layer)
    }
}

/// Whether a statement names principals other than everyone.
/// <https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html>
fn names_somebody(policy: &Policy) -> bool {
    let principals = policy.statements.iter().filter_map(|one| one.principal.as_ref());
    principals
        .flat_map(|principals| &principals.values)
        .any(|one| one.value.names != Names::Everyone)
}
