//! From what the layers say to a decision, step by step as AWS's flow chart has it.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>

use std::sync::Arc;

use crate::layers::{Gap, Layer, Layers};
use crate::policy::{ActionBits, Arn, Effect, PolicyType, Statement};
use crate::request::{CallerKind, Owner, Request};

use super::Decision;
use super::logic::{GapTable, Match};
use super::principal::{GRANTS, Grant};
use super::refusal::{Refusal, Refusals, refusals};
use super::statement::{Outcome, Recorder, Silent, StatementTrace, Subject, statement};

/// What the Allow and Deny statements of one layer come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the layer applies to this request at all.
    pub applies: Match,
    /// Whether an Allow matches.
    pub allow: Match,
    /// Whether a Deny matches.
    pub deny: Match,
    /// For a resource-based policy: whether an Allow matches that names the caller in this way.
    pub grants: [Match; 4],
}

impl Verdict {
    const NONE: Self = Self {
        applies: Match::No,
        allow: Match::No,
        deny: Match::No,
        grants: [Match::No, Match::No, Match::No, Match::No],
    };

    /// Adds what one statement came to.
    fn add(&mut self, statement: &Statement, outcome: &Outcome) {
        let Outcome { applies, grant, more } = *outcome;
        if applies.is_no() {
            return;
        }
        let effect = statement.effect.as_ref().map(|effect| effect.value);
        if effect != Some(Effect::Deny) {
            self.allow = self.allow.or(applies);
            if let Some(cell) = self.grants.get_mut(grant as usize) {
                *cell = (*cell).or(applies);
            }
            if let Some(cell) = self.grants.get_mut(Grant::Direct as usize) {
                *cell = (*cell).or(more);
            }
        }
        if effect != Some(Effect::Allow) {
            self.deny = self.deny.or(applies);
        }
    }
}

/// Whether caller and resource belong to one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accounts {
    /// They do.
    Same,
    /// They do not, or the caller has no account.
    Different,
    /// Nobody knows whose the resource is.
    Unknown,
}

/// What each kind of layer came to, all its layers together.
#[derive(Clone, Debug)]
pub struct Parts {
    /// Whether some Deny applies.
    pub explicit_deny: Match,
    /// Whether an identity-based policy allows.
    pub identity: Match,
    /// Whether the resource's own policy allows, in any way.
    pub resource: Match,
    /// The same, by how the caller is named; in the order of [`Grant`].
    pub grants: [Match; 4],
    /// Whether the permissions boundary keeps it; `Yes` where there is none.
    pub boundary: Match,
    /// Whether the session policies keep it; `Yes` where there is none.
    pub session: Match,
    /// Whether the session has a session policy, as far as that is known.
    pub has_session_policy: bool,
    /// Whether every level of service control policies keeps it.
    pub service_control: Match,
    /// Whether every endpoint policy keeps it.
    pub endpoint: Match,
}

/// One decision, with all that led to it.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// The answer.
    pub decision: Decision,
    /// Why it is refused before any policy, if it is or may be.
    pub refusals: Refusals,
    /// Caller's and resource's account.
    pub accounts: Accounts,
    /// Whether the resource's own policy has to allow it.
    pub needs_resource_policy: bool,
    /// Whether the caller's identity-based policies have to allow it.
    pub needs_identity_policy: Match,
    /// Whether no policy is asked at all, as for `sts:GetCallerIdentity`.
    pub always_allowed: bool,
    /// What the kinds of layers came to.
    pub parts: Parts,
    /// One for each layer, in the order of [`Layers`].
    pub verdicts: Vec<Verdict>,
    /// Every statement that was looked at.
    pub trace: Vec<StatementTrace>,
    /// Whether the request is allowed, with the gaps on which that depends.
    pub allowed: Match,
    /// Everything that was not known and was asked for.
    pub gaps: Vec<Arc<Gap>>,
}

/// Decides, and takes down every step.
pub fn evaluate(request: &Request, layers: &Layers) -> Evaluation {
    let policies = layers.layers.iter().flat_map(|layer| &layer.policies);
    let mut trace =
        Vec::with_capacity(policies.map(|attached| attached.policy.statements.len()).sum());
    run(request, layers, &mut trace, |evaluation| evaluation).with_trace(trace)
}

/// Decides, and takes down nothing: for many requests at once. Same code, same answer.
pub fn decide(request: &Request, layers: &Layers) -> Decision {
    run(request, layers, &mut Silent, |evaluation| evaluation.decision)
}

impl Evaluation {
    fn with_trace(mut self, trace: Vec<StatementTrace>) -> Self {
        self.trace = trace;
        self
    }

    /// The gaps on which the answer depends, if it is undetermined.
    pub fn deciding_gaps(&self) -> impl Iterator<Item = &Gap> {
        let set = self.allowed.gaps().filter(|_| self.decision == Decision::Undetermined);
        set.into_iter().flat_map(|set| set.iter()).filter_map(|id| self.gap(id))
    }

    /// Whether it is refused for this reason, for certain.
    pub fn is_refused(&self, refusal: Refusal) -> bool {
        self.refusals.iter().any(|(other, result)| *other == refusal && result.is_yes())
    }

    /// The gap with the id `id`.
    pub fn gap(&self, id: super::logic::GapId) -> Option<&Gap> {
        self.gaps.get(usize::from(id.0)).map(Arc::as_ref)
    }
}

fn run<R: Recorder, T>(
    request: &Request,
    layers: &Layers,
    recorder: &mut R,
    finish: impl FnOnce(Evaluation) -> T,
) -> T {
    let gaps = if R::TRACES { GapTable::default() } else { GapTable::quiet() };
    let subject = Subject {
        request,
        arn: resource_arn(request),
        action: ActionBits::of_action(&request.action_lower),
        layers,
        gaps: &gaps,
    };
    let mut parts = Parts::NONE;
    let mut verdicts = Vec::with_capacity(if R::TRACES { layers.layers.len() } else { 0 });
    let relevance = Relevance::of(request);
    for (at, layer) in layers.layers.iter().enumerate() {
        let applies = relevance.of_layer(layer, &gaps);
        let verdict = if applies.is_no() {
            Verdict::NONE
        } else {
            Verdict { applies, ..verdict(layer, at, &subject, recorder) }
        };
        parts.add(layer.policy_type, &verdict);
        if R::TRACES {
            verdicts.push(verdict);
        }
    }
    // A federated user's session without any session policy has no permissions of its own.
    if request.caller.kind == CallerKind::FederatedUser && !parts.has_session_policy {
        parts.session = Match::No;
    }
    let refusals = refusals(request, &gaps);
    let accounts = accounts(request);
    let needs_resource_policy = needs_resource_policy(request);
    let always_allowed = is_always_allowed(request);
    let granted = match accounts {
        _ if request.is_assume_root() => by_identity(&parts).and(gaps.unknown(|| Gap {
            fact: "whether the caller's account manages the root users of its organization".to_owned(),
            reason: "only the management account and a delegated administrator of IAM may, where root access is centralized".to_owned(),
            supply: "run `aws iam list-organizations-features` in the management account".to_owned(),
        })),
        Accounts::Same => same_account(request, &parts, needs_resource_policy),
        Accounts::Different => cross_account(request, &parts),
        Accounts::Unknown => Match::agreed(
            [same_account(request, &parts, needs_resource_policy), cross_account(request, &parts)],
            || {
                gaps.unknown(|| Gap {
                    fact: format!("the account that owns `{}`", request.resource.text().value),
                    reason: "the resource's ARN names no account, and the rules differ between one account and two".to_owned(),
                    supply: "pass `--context aws:ResourceAccount=ACCOUNT`".to_owned(),
                })
            },
        ),
    };
    // A layer whose relevance is itself open (service control policies on an unsigned call)
    // leaves the answer open only where it would deny.
    let kept = granted.and(parts.service_control).and(parts.endpoint);
    let refused = refusals.iter().map(|(_, result)| *result).fold(Match::No, Match::or);
    let allowed = if always_allowed {
        refused.negated()
    } else {
        kept.and(parts.explicit_deny.negated()).and(refused.negated())
    };
    let decision = match (&refused, &parts.explicit_deny, &allowed) {
        (Match::Yes, ..) => Decision::ImplicitDeny,
        (_, Match::Yes, _) if !always_allowed => Decision::ExplicitDeny,
        (.., Match::Yes) => Decision::Allowed,
        (.., Match::No) => Decision::ImplicitDeny,
        (.., Match::Unknown(_)) => Decision::Undetermined,
    };
    let needs_identity_policy = needs_identity_policy(request, accounts, &parts);
    finish(Evaluation {
        decision,
        refusals,
        accounts,
        needs_resource_policy: needs_resource_policy
            || accounts == Accounts::Different && !request.is_assume_root(),
        needs_identity_policy,
        always_allowed,
        parts,
        verdicts,
        trace: Vec::new(),
        allowed,
        gaps: gaps.into_gaps(),
    })
}

/// The resource as policies are compared with it. For the list of all buckets, which takes no
/// resource, AWS's own examples name all of them.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_s3_full-access-except-production.html>
fn resource_arn(request: &Request) -> Option<Arn<'_>> {
    let text = &*request.resource.text().value;
    if text == "*" && request.service() == "s3" {
        let partition = match &*request.caller.partition {
            "" => "aws",
            partition => partition,
        };
        return Some(Arn { partition, service: "s3", region: "", account: "", resource: text });
    }
    request.resource.arn()
}

/// Calls for which no policy is asked.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>
fn is_always_allowed(request: &Request) -> bool {
    matches!(&*request.action_lower, "sts:getcalleridentity" | "sts:getsessiontoken")
}

fn accounts(request: &Request) -> Accounts {
    let Some(callers) = request.caller.account.as_deref() else { return Accounts::Different };
    match &request.resource.account {
        Owner::Account(account) if account == callers => Accounts::Same,
        Owner::Account(_) => Accounts::Different,
        Owner::CallersAccount => Accounts::Same,
        Owner::Unknown => Accounts::Unknown,
    }
}

/// Roles and KMS keys grant nothing to anybody without an Allow of their own.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html>
fn needs_resource_policy(request: &Request) -> bool {
    let is_key = || {
        request
            .resource
            .arn()
            .is_some_and(|arn| arn.service == "kms" && arn.resource.starts_with("key/"))
    };
    request.needs_trust_policy() || (request.service() == "kms" && is_key())
}

/// Whether the caller has a permissions boundary.
pub(super) fn has_boundary(layers: &Layers, gaps: &GapTable) -> Match {
    let mut result = Match::No;
    for layer in layers.of(PolicyType::PermissionsBoundary) {
        let visible = if layer.policies.is_empty() { missing(layer, gaps) } else { Match::Yes };
        result = result.or(visible);
    }
    result
}

/// `No` if nothing is missing, else unknown because of what is.
fn missing(layer: &Layer, gaps: &GapTable) -> Match {
    layer.missing.iter().map(|gap| gaps.known(gap)).fold(Match::No, Match::or)
}

/// What decides whether a layer plays a part for this caller and action, found out once.
struct Relevance {
    caller: CallerKind,
    is_linked: bool,
    needs_trust_policy: bool,
    takes_resource_control: bool,
}

impl Relevance {
    fn of(request: &Request) -> Self {
        Self {
            caller: request.caller.kind,
            is_linked: request.caller.is_service_linked_role(),
            needs_trust_policy: request.needs_trust_policy(),
            takes_resource_control: request.takes_resource_control()
                && &*request.action_lower != "kms:retiregrant",
        }
    }

    fn of_layer(&self, layer: &Layer, gaps: &GapTable) -> Match {
        let no_policies_of_its_own = matches!(
            self.caller,
            CallerKind::Root | CallerKind::Service | CallerKind::Anonymous | CallerKind::Federated
        );
        match layer.policy_type {
            PolicyType::ResourceBased | PolicyType::VpcEndpoint => Match::Yes,
            // A role's trust policy decides who may assume it, and nothing else about the role.
            PolicyType::Trust => self.needs_trust_policy.into(),
            PolicyType::IdentityBased => (!no_policies_of_its_own).into(),
            // Only sessions of roles and federated users are made with one, so nobody misses that of
            // a user; one that is given counts.
            PolicyType::Session => {
                let has_session =
                    matches!(self.caller, CallerKind::RoleSession | CallerKind::FederatedUser);
                (!no_policies_of_its_own && (has_session || !layer.policies.is_empty())).into()
            }
            PolicyType::PermissionsBoundary => (!no_policies_of_its_own && !self.is_linked).into(),
            PolicyType::ServiceControl => match self.caller {
                CallerKind::Service | CallerKind::Anonymous => Match::No,
                CallerKind::Federated => gaps.unknown(|| Gap {
                    fact: "whether service control policies apply to this call".to_owned(),
                    reason:
                        "the call is not signed by an AWS principal, and AWS's documents do not say"
                            .to_owned(),
                    supply: "compare with the event in CloudTrail".to_owned(),
                }),
                _ => (!self.is_linked).into(),
            },
            PolicyType::ResourceControl => (self.takes_resource_control && !self.is_linked).into(),
        }
    }
}

fn verdict<R: Recorder>(
    layer: &Layer,
    at: usize,
    subject: &Subject<'_>,
    recorder: &mut R,
) -> Verdict {
    let mut verdict = Verdict::NONE;
    let mut each = |policy_at: usize, statement_at: usize, one: &Statement| {
        let place = (at, policy_at, statement_at);
        let outcome = statement(one, layer.policy_type, place, subject, recorder);
        verdict.add(one, &outcome);
    };
    if R::TRACES {
        for (policy_at, attached) in layer.policies.iter().enumerate() {
            for (statement_at, one) in attached.policy.statements.iter().enumerate() {
                each(policy_at, statement_at, one);
            }
        }
    } else {
        for (policy_at, statement_at, one) in layer.policies.covering(subject.action) {
            each(policy_at, statement_at, one);
        }
    }
    let missing = missing(layer, subject.gaps);
    verdict.allow = verdict.allow.or(missing);
    verdict.deny = verdict.deny.or(missing);
    // What is not visible may grant in the strongest way.
    if let Some(cell) = verdict.grants.get_mut(Grant::Direct as usize) {
        *cell = (*cell).or(missing);
    }
    verdict
}

impl Parts {
    /// What no layer at all comes to.
    const NONE: Self = Self {
        explicit_deny: Match::No,
        identity: Match::No,
        resource: Match::No,
        grants: [Match::No, Match::No, Match::No, Match::No],
        boundary: Match::Yes,
        session: Match::Yes,
        has_session_policy: false,
        service_control: Match::Yes,
        endpoint: Match::Yes,
    };

    /// Adds what a layer of this type came to.
    fn add(&mut self, policy_type: PolicyType, verdict: &Verdict) {
        if verdict.applies.is_no() {
            return;
        }
        let deny = verdict.deny.and(verdict.applies);
        self.explicit_deny = self.explicit_deny.or(deny);
        let keeps = verdict.allow.or(verdict.applies.negated());
        match policy_type {
            PolicyType::IdentityBased => self.identity = self.identity.or(verdict.allow),
            PolicyType::Trust | PolicyType::ResourceBased => {
                self.resource = self.resource.or(verdict.allow);
                for (all, one) in self.grants.iter_mut().zip(&verdict.grants) {
                    *all = (*all).or(*one);
                }
            }
            PolicyType::PermissionsBoundary => self.boundary = self.boundary.and(keeps),
            PolicyType::Session => {
                self.has_session_policy = true;
                self.session = self.session.and(keeps);
            }
            PolicyType::ServiceControl => self.service_control = self.service_control.and(keeps),
            // The full-access policy is on every level and cannot be detached.
            PolicyType::ResourceControl => {}
            PolicyType::VpcEndpoint => self.endpoint = self.endpoint.and(keeps),
        }
    }
}

/// Which limits of the caller's own account a grant of the resource still meets.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>
fn through(grant: Grant, parts: &Parts, federated_without_session: bool) -> Match {
    match grant {
        Grant::Delegation => by_identity(parts),
        Grant::Role => parts.boundary.and(parts.session),
        // A session without any session policy still gets what the resource gives its user.
        Grant::FederatingUser if federated_without_session => parts.boundary,
        Grant::FederatingUser => parts.boundary.and(parts.session),
        Grant::Direct => Match::Yes,
    }
}

fn same_account(request: &Request, parts: &Parts, needs_resource_policy: bool) -> Match {
    let no_session = request.caller.kind == CallerKind::FederatedUser && !parts.has_session_policy;
    let by_resource = || {
        if parts.resource.is_no() {
            return Match::No;
        }
        GRANTS
            .iter()
            .zip(&parts.grants)
            .map(|(grant, found)| (*found).and(through(*grant, parts, no_session)))
            .fold(Match::No, Match::or)
    };
    if request.caller.kind == CallerKind::Root {
        return if needs_resource_policy { parts.resource } else { Match::Yes };
    }
    if needs_resource_policy {
        return by_resource();
    }
    by_identity(parts).or(by_resource())
}

/// Whether the caller's own policies let it through.
fn by_identity(parts: &Parts) -> Match {
    parts.identity.and(parts.boundary).and(parts.session)
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html>
fn cross_account(request: &Request, parts: &Parts) -> Match {
    match request.caller.kind {
        CallerKind::Root | CallerKind::Service | CallerKind::Anonymous | CallerKind::Federated => {
            parts.resource
        }
        _ => by_identity(parts).and(parts.resource),
    }
}

/// Whether an identity-based Allow is needed, given what the resource's policy says.
fn needs_identity_policy(request: &Request, accounts: Accounts, parts: &Parts) -> Match {
    let kind = request.caller.kind;
    if matches!(
        kind,
        CallerKind::Root | CallerKind::Service | CallerKind::Anonymous | CallerKind::Federated
    ) {
        return Match::No;
    }
    if accounts == Accounts::Different {
        return Match::Yes;
    }
    let [_, others @ ..] = &parts.grants;
    others.iter().cloned().fold(Match::No, Match::or).negated()
}
