//! The rules: causes that are read off an evaluation, and defects that are read off policies.
//!
//! Both kinds stand in one registry, with one page and one id each. A rule about an evaluation never
//! interprets a policy itself: what matched and what did not is in the trace. Rules about policies are
//! found by the passes in [`documents`] and [`repository`], one walk for many rules.

mod closeness;
mod defects;
pub mod documents;
mod hints;
mod limits;
mod nearest;
mod refusals;
pub mod repository;
mod trusted;
mod unmet;
mod words;

pub use nearest::{Miss, Near, nearest};
pub use words::{condition_sentence, requirement};

use crate::eval::{Accounts, Evaluation, StatementTrace};
use crate::finding::{Finding, Gate, Party, Severity};
use crate::layers::{Attached, Layers};
use crate::policy::{PolicyType, Statement};
use crate::request::Request;

/// What a rule is, apart from what it does.
#[derive(Clone, Copy, Debug)]
pub struct RuleMeta {
    /// Kebab-case; names the cause, and is never used again for another.
    pub id: &'static str,
    /// One line.
    pub summary: &'static str,
    /// The page, as Markdown.
    pub doc: &'static str,
}

/// One rule: what it is, and where it plays a part. At least one of the two is there.
#[derive(Clone, Copy)]
pub struct Rule {
    /// What it is.
    pub meta: RuleMeta,
    /// Its part in the diagnosis of one request.
    pub cause: Option<Cause>,
    /// Its part in the check of policies.
    pub defect: Option<Defect>,
}

/// A rule's part in the diagnosis of one request.
#[derive(Clone, Copy)]
pub struct Cause {
    /// The step of the checklist that it belongs to.
    pub gate: Gate,
    /// Its place among causes: the lower one is the more likely cause of the others.
    pub rank: u8,
    /// What it finds in one case; nothing if its cause is absent.
    pub check: fn(&Case<'_>) -> Vec<Finding>,
}

/// A rule's part in the check of policies.
#[derive(Clone, Copy, Debug)]
pub struct Defect {
    /// What kind of defect it is.
    pub group: Group,
    /// How much it matters, unless the configuration says otherwise.
    pub severity: Severity,
    /// The codes of IAM Access Analyzer that say the same.
    pub codes: &'static [&'static str],
}

/// What kind of defect a rule about policies finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// AWS refuses it, or it can never match.
    NeverWorks,
    /// One half of two that have to fit is missing or does not fit.
    Handshake,
    /// It lets in more than people mean.
    TooOpen,
}

impl Group {
    /// Every group.
    pub const ALL: [Self; 3] = [Self::NeverWorks, Self::Handshake, Self::TooOpen];

    /// The id on the command line and in configuration files.
    pub fn id(self) -> &'static str {
        match self {
            Self::NeverWorks => "never-works",
            Self::Handshake => "handshake",
            Self::TooOpen => "too-open",
        }
    }

    /// The group with the id `id`.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|group| group.id() == id)
    }
}

/// A role of the facts that would be allowed to do what the caller was denied.
#[derive(Clone, Debug)]
pub struct UsableRole {
    /// Its ARN.
    pub arn: String,
    /// Whether the caller is certain to be allowed to assume it.
    pub assumable: bool,
}

/// An authorization that the call needs besides its own action, such as `sts:TagSession`.
#[derive(Clone, Debug)]
pub struct Companion {
    /// The same request for the other action.
    pub request: Request,
    /// How it came out.
    pub evaluation: Evaluation,
}

/// One request with everything that led to its decision.
pub struct Case<'a> {
    /// The request.
    pub request: &'a Request,
    /// What applies to it.
    pub layers: &'a Layers,
    /// How it came out.
    pub evaluation: &'a Evaluation,
    /// Further authorizations that the same call needs.
    pub companions: &'a [Companion],
    /// Roles that the caller might have meant to use.
    pub usable_roles: &'a [UsableRole],
}

impl<'a> Case<'a> {
    /// The policy and the statement of a trace.
    pub fn statement(&self, trace: &StatementTrace) -> Option<(&'a Attached, &'a Statement)> {
        let layer = self.layers.layers.get(trace.layer)?;
        let attached = layer.policies.get(trace.policy)?;
        Some((attached, attached.policy.statements.get(trace.statement)?))
    }

    /// The type of the policy in which a trace's statement stands.
    pub fn policy_type(&self, trace: &StatementTrace) -> Option<PolicyType> {
        self.layers.layers.get(trace.layer).map(|layer| layer.policy_type)
    }

    /// The traces of all statements in policies of one type.
    pub fn traces(&self, policy_type: PolicyType) -> impl Iterator<Item = &'a StatementTrace> {
        let evaluation = self.evaluation;
        let layers = self.layers;
        (evaluation.trace.iter()).filter(move |trace| {
            layers.layers.get(trace.layer).is_some_and(|layer| layer.policy_type == policy_type)
        })
    }

    /// What the resource's own policy is called, and its type.
    pub fn resource_policy_type(&self) -> PolicyType {
        if self.request.needs_trust_policy() {
            PolicyType::Trust
        } else {
            PolicyType::ResourceBased
        }
    }

    /// Whether the request is refused for what it asks or who asks, so that no change of a policy
    /// could help.
    pub fn is_moot(&self) -> bool {
        use crate::eval::Refusal::{
            CallerCannot, CallerIsRoot, NoRolePair, NotARole, OwnedByAws, Partition,
            RoleArnMalformed, RoleMissing,
        };
        // Without a pair nobody can tell which provider the trust policy would have to name.
        let nobody = crate::policy::Arn::parse(&self.request.caller.name).is_none();
        self.evaluation.refusals.iter().any(|(refusal, result)| {
            let hopeless = matches!(
                refusal,
                RoleArnMalformed
                    | NotARole
                    | RoleMissing
                    | Partition
                    | CallerIsRoot
                    | CallerCannot
                    | OwnedByAws
            );
            let hopeless = hopeless || (*refusal == NoRolePair && nobody);
            hopeless && result.is_yes()
        })
    }

    /// Whether the resource's own policy, which does not let the caller in yet, could do so in a
    /// way that needs nothing of the caller's policies.
    pub fn may_do_without_identity_policy(&self) -> bool {
        let evaluation = self.evaluation;
        evaluation.accounts == Accounts::Same
            && evaluation.needs_resource_policy
            && evaluation.parts.resource.is_no()
    }

    /// Whoever owns the resource.
    pub fn resource_owner(&self) -> Party {
        if self.request.is_assume_role() { Party::RoleAccount } else { Party::ResourceAccount }
    }

    /// `resource` in a sentence: the last part of an ARN, or the whole text.
    pub fn resource_name(&self) -> &'a str {
        let text = &self.request.resource.text().value;
        crate::policy::Arn::parse(text)
            .map(|arn| arn.resource)
            .filter(|resource| self.request.needs_trust_policy() && !resource.is_empty())
            .and_then(|resource| resource.rsplit('/').next())
            .unwrap_or(text)
    }
}

macro_rules! rules {
    ($($module:ident),+ $(,)?) => {
        $(mod $module;)+
        /// Every rule about a request, in the order of the checklist.
        pub static CHECKLIST: &[&[Rule]] = &[$($module::RULES),+];
    };
}

rules! {
    role_arn,
    caller,
    credentials,
    tokens,
    parameters,
    explicit_deny,
    service_principal,
    action_name,
    condition_key,
    trust,
    providers,
    federation,
    resource_policy,
    identity,
    boundary,
    session_policy,
    control_policies,
    endpoint,
    companions,
    timing,
    saved_trust,
    role_not_used,
    policy_defect,
}

/// Every rule: those about a request in the order of the checklist, then those about policies alone.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    CHECKLIST.iter().copied().flatten().chain(defects::RULES)
}

/// Every rule that plays a part in the diagnosis of a request, in the order of the checklist.
pub fn causes() -> impl Iterator<Item = (&'static Rule, &'static Cause)> {
    all().filter_map(|rule| Some((rule, rule.cause.as_ref()?)))
}

/// The step of the checklist that the rule `id` belongs to.
pub fn gate(id: &str) -> Option<Gate> {
    find(id)?.cause.map(|cause| cause.gate)
}

/// The rule with the id `id`.
pub fn find(id: &str) -> Option<&'static Rule> {
    all().find(|rule| rule.meta.id == id)
}

macro_rules! rule {
    ($id:literal, $gate:ident, $rank:literal, $summary:literal, $check:expr) => {
        $crate::rules::rule!($id, $gate, $rank, $summary, $check, None)
    };
    // A cause that is read off policies as well.
    ($id:literal, $gate:ident, $rank:literal, $summary:literal, $check:expr, $defect:expr) => {
        $crate::rules::Rule {
            meta: $crate::rules::RuleMeta {
                id: $id,
                summary: $summary,
                doc: include_str!(concat!(
                    env!("CARGO_MANIFEST_DIR"),
                    "/",
                    env!("WHY_DENIED_RULES"),
                    "/",
                    $id,
                    ".md"
                )),
            },
            cause: Some($crate::rules::Cause {
                gate: $crate::finding::Gate::$gate,
                rank: $rank,
                check: $check,
            }),
            defect: $defect,
        }
    };
}
use rule;
