//! What the program says: findings with places, and the diagnosis that holds them.
//!
//! Wording of a finding: the message is one sentence that stands alone, labels are a few words,
//! help is an instruction; lower case, no full stop, the user's text in backticks.

use crate::eval::Decision;
use crate::layers::Gap;
use crate::message::{Denial, Record};
use crate::policy::{Effect, PolicyType};
use crate::text::Span;

/// How much a finding matters; it follows from the evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The request stays denied while this stands.
    Error,
    /// So if something unknown turns out badly.
    Warning,
    /// Explains, or a near miss.
    Note,
}

impl Severity {
    /// The id in JSON, on the command line and in configuration files.
    pub fn id(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }

    /// The severity with the id `id`.
    pub fn from_id(id: &str) -> Option<Self> {
        [Self::Error, Self::Warning, Self::Note].into_iter().find(|severity| severity.id() == id)
    }
}

/// Who can lift what a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Party {
    /// Whoever makes the call.
    Yourself,
    /// An administrator of the caller's account.
    CallerAccount,
    /// An administrator of the account that owns the role.
    RoleAccount,
    /// An administrator of the account that owns the resource.
    ResourceAccount,
    /// An administrator of the organization.
    Organization,
    /// The owner of the VPC endpoint.
    EndpointOwner,
}

impl Party {
    /// The id in JSON.
    pub fn id(self) -> &'static str {
        match self {
            Self::Yourself => "yourself",
            Self::CallerAccount => "caller-account",
            Self::RoleAccount => "role-account",
            Self::ResourceAccount => "resource-account",
            Self::Organization => "organization",
            Self::EndpointOwner => "endpoint-owner",
        }
    }
}

/// A place and a few words about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What to say of it.
    pub text: String,
}

/// Two texts that ought to be alike, and where they begin to differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// What the request has.
    pub request: String,
    /// What the policy has.
    pub policy: String,
    /// The first character that differs in the request's; not known behind a wildcard.
    pub request_at: Option<usize>,
    /// The first character that differs in the policy's.
    pub policy_at: usize,
}

/// One cause, or one thing worth saying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's id.
    pub rule: &'static str,
    /// The step of the checklist that it explains, where that is another than its rule's.
    pub gate: Option<Gate>,
    /// How much it matters.
    pub severity: Severity,
    /// One sentence that stands alone.
    pub message: String,
    /// The smallest thing that matters.
    pub primary: Label,
    /// Other places.
    pub secondary: Vec<Label>,
    /// What to do.
    pub help: Option<String>,
    /// Who can do it.
    pub owner: Option<Party>,
    /// One sentence to send to whoever can do it.
    pub ask: Option<String>,
    /// What the policy has and what the request has, to be shown one below the other.
    pub compare: Option<Comparison>,
}

impl Finding {
    /// An error at `span`; `label` is a few words about the place.
    pub fn new(
        rule: &'static str,
        message: impl Into<String>,
        span: Span,
        label: impl Into<String>,
    ) -> Self {
        Self {
            rule,
            gate: None,
            severity: Severity::Error,
            message: in_one_line(message.into()),
            primary: Label { span, text: in_one_line(label.into()) },
            secondary: Vec::new(),
            help: None,
            owner: None,
            ask: None,
            compare: None,
        }
    }

    /// Shows two texts one below the other.
    #[must_use]
    pub fn compare(mut self, comparison: Comparison) -> Self {
        self.compare = Some(comparison);
        self
    }

    /// Adds a second place.
    #[must_use]
    pub fn also(mut self, span: Span, label: impl Into<String>) -> Self {
        self.secondary.push(Label { span, text: in_one_line(label.into()) });
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says which step of the checklist it explains, where that is another than its rule's.
    #[must_use]
    pub fn explains(mut self, gate: Gate) -> Self {
        self.gate = Some(gate);
        self
    }

    /// Says who can do it.
    #[must_use]
    pub fn owner(mut self, owner: Party) -> Self {
        self.owner = Some(owner);
        self
    }

    /// The sentence to send to whoever can do it.
    #[must_use]
    pub fn ask(mut self, ask: impl Into<String>) -> Self {
        self.ask = Some(ask.into());
        self
    }

    /// Sets how much it matters.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }
}

/// The text with ends of lines and tabs, which a quoted value may have, written as escapes: formats of one
/// finding a line rest on it.
fn in_one_line(text: String) -> String {
    if !text.contains(['\n', '\r', '\t']) {
        return text;
    }
    text.replace('\n', "\\n").replace('\r', "\\r").replace('\t', "\\t")
}

/// All that one party has to lift.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocker {
    /// Who.
    pub owner: Party,
    /// The account, where it is known.
    pub account: Option<String>,
    /// What to say to them.
    pub asks: Vec<String>,
}

/// One step of the checklist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gate {
    /// Is the role's ARN one, and does the role exist?
    RoleArn,
    /// Who calls, and may such a caller make this call?
    Caller,
    /// Are the credentials still good?
    Credentials,
    /// Do the caller's identity-based policies allow it?
    IdentityPolicies,
    /// Does the role's trust policy allow it?
    TrustPolicy,
    /// Does the resource's policy allow it?
    ResourcePolicy,
    /// Does any statement deny it?
    ExplicitDenies,
    /// Does the permissions boundary keep it?
    PermissionsBoundary,
    /// Does the session policy keep it?
    SessionPolicy,
    /// Do the service control policies keep it?
    ServiceControlPolicies,
    /// Do the resource control policies keep it?
    ResourceControlPolicies,
    /// Does the VPC endpoint's policy keep it?
    EndpointPolicy,
    /// Are the parameters of the call in range?
    Parameters,
}

impl Gate {
    /// The gate at which policies of this type are asked.
    pub fn of(policy_type: PolicyType) -> Self {
        match policy_type {
            PolicyType::IdentityBased => Self::IdentityPolicies,
            PolicyType::Trust => Self::TrustPolicy,
            PolicyType::ResourceBased => Self::ResourcePolicy,
            PolicyType::PermissionsBoundary => Self::PermissionsBoundary,
            PolicyType::Session => Self::SessionPolicy,
            PolicyType::ServiceControl => Self::ServiceControlPolicies,
            PolicyType::ResourceControl => Self::ResourceControlPolicies,
            PolicyType::VpcEndpoint => Self::EndpointPolicy,
        }
    }

    /// The id in JSON.
    pub fn id(self) -> &'static str {
        self.names().0
    }

    /// What the checklist calls it.
    pub fn title(self) -> &'static str {
        self.names().1
    }

    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::RoleArn => ("role-arn", "role ARN"),
            Self::Caller => ("caller", "caller"),
            Self::Credentials => ("credentials", "credentials"),
            Self::IdentityPolicies => ("identity-policies", "identity policies"),
            Self::TrustPolicy => ("trust-policy", "trust policy"),
            Self::ResourcePolicy => ("resource-policy", "resource policy"),
            Self::ExplicitDenies => ("explicit-denies", "explicit denies"),
            Self::PermissionsBoundary => ("permissions-boundary", "permissions boundary"),
            Self::SessionPolicy => ("session-policy", "session policy"),
            Self::ServiceControlPolicies => {
                ("service-control-policies", "service control policies")
            }
            Self::ResourceControlPolicies => {
                ("resource-control-policies", "resource control policies")
            }
            Self::EndpointPolicy => ("endpoint-policy", "endpoint policy"),
            Self::Parameters => ("parameters", "parameters"),
        }
    }
}

/// How a gate came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It lets the request through.
    Passed,
    /// It stops the request.
    Failed,
    /// It depends on something that is not known.
    Inconclusive,
    /// It does not play a part.
    NotApplicable,
}

impl Outcome {
    /// The id in JSON.
    pub fn id(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Inconclusive => "inconclusive",
            Self::NotApplicable => "not-applicable",
        }
    }
}

/// One line of the checklist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateReport {
    /// Which step.
    pub gate: Gate,
    /// How it came out.
    pub outcome: Outcome,
    /// Why, in a few words.
    pub summary: String,
}

/// What a statement did to the decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementRole {
    /// A Deny that applies, or may.
    Denies,
    /// An Allow that applies.
    Allows,
    /// An Allow that applies but for one element or a condition.
    Nearest,
}

impl StatementRole {
    /// The id in JSON.
    pub fn id(self) -> &'static str {
        match self {
            Self::Denies => "denies",
            Self::Allows => "allows",
            Self::Nearest => "nearest",
        }
    }
}

/// A statement that decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecidingStatement {
    /// The policy's title.
    pub policy: String,
    /// The policy's type.
    pub policy_type: PolicyType,
    /// The statement's `Sid`.
    pub sid: Option<String>,
    /// Allow or Deny.
    pub effect: Effect,
    /// What it does to the decision.
    pub role: StatementRole,
    /// The whole statement.
    pub span: Span,
}

/// A fact that is not known, supposed to be so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supposition {
    /// What is supposed: "`aws:SourceIp` is in `203.0.113.0/24`".
    pub text: String,
    /// How to supply the fact: an option or a command.
    pub supply: String,
}

/// What the answer would be if some facts were as supposed, computed with the evaluator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The answer then.
    pub decision: Decision,
    /// All of these together settle it; none can be left out.
    pub suppositions: Vec<Supposition>,
}

/// A way in which AWS may have come to another answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// What may be so.
    pub text: String,
    /// How to check it.
    pub check: String,
}

/// The answer to one question.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    /// The name of the case, where there are several.
    pub name: Option<String>,
    /// Its place in a role chain, from 1, where it is part of one.
    pub hop: Option<usize>,
    /// What was done, in a few words: `user ana assumes role hub`; for a chain.
    pub title: String,
    /// Allowed, denied or undetermined.
    pub decision: Decision,
    /// A few words beside it: `decided by the role's trust policy`.
    pub headline: String,
    /// The caller, as given.
    pub principal: String,
    /// The action, as given.
    pub action: String,
    /// The resource, as given.
    pub resource: String,
    /// Whether caller and resource belong to one account, where that is known.
    pub same_account: Option<bool>,
    /// The request context as assembled: given and derived keys that carry a value, sorted.
    pub context: Vec<(String, Vec<String>)>,
    /// The checklist, in order.
    pub gates: Vec<GateReport>,
    /// What was found, the cause first.
    pub findings: Vec<Finding>,
    /// What could not be learned and matters.
    pub gaps: Vec<Gap>,
    /// Where AWS denied it all the same: what to check, the likeliest first.
    pub doubts: Vec<Doubt>,
    /// What would settle an open answer, and how it would come out.
    pub settlements: Vec<Settlement>,
    /// What stands in the way, by who can lift it: one sentence for each thing.
    pub blockers: Vec<Blocker>,
    /// The command to try again, once all that is lifted.
    pub retry: Option<String>,
    /// The statements that decide.
    pub statements: Vec<DecidingStatement>,
    /// Notes on how the facts were read that are worth a line on stderr.
    pub notes: Vec<String>,
    /// The error text that the question comes from.
    pub evidence: Option<Box<Evidence>>,
    /// Whether there are no facts, so that the evidence is all there is.
    pub is_bare: bool,
    /// The credentials with which AWS was asked, where it was.
    pub identity: Option<Box<CurrentIdentity>>,
    /// Options of this program that would say more, each with what it does.
    pub hints: Vec<String>,
}

/// Whose credentials were at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentIdentity {
    /// The ARN.
    pub arn: String,
    /// Where the credentials come from.
    pub source: String,
    /// Whether that is who was denied.
    pub is_caller: bool,
}

/// What AWS's own words prove, beside what the facts say.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// What the text tells.
    pub denial: Denial,
    /// AWS's own record of the decision, where it is that and no error text.
    pub record: Option<Record>,
    /// Why AWS asked for another action than the one that was called.
    pub other_action: Option<String>,
    /// What it proves, in sentences.
    pub proves: Vec<String>,
    /// What it does not prove.
    pub open: Vec<String>,
    /// Who can lift it, in words.
    pub who: Option<String>,
    /// What to look at next.
    pub next: Vec<Step>,
    /// Whether the facts say the same as AWS; `None` without facts.
    pub agreement: Option<Agreement>,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What for.
    pub what: String,
    /// The command, where one does it.
    pub command: Option<String>,
}

/// How the facts and AWS's words go together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// Whether they agree; `None` where the facts do not reach.
    pub agrees: Option<bool>,
    /// In one sentence each.
    pub says: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::SourceMap;

    #[test]
    fn a_value_with_line_ends_breaks_no_message() {
        let mut sources = SourceMap::default();
        let source = sources.add_given("test", "x");
        let span = sources.whole(source);
        let finding = Finding::new("rule", "`a\n\tb` is wrong", span, "a\r\nb").also(span, "c\nd");
        assert_eq!(finding.message, r"`a\n\tb` is wrong");
        assert_eq!(finding.primary.text, r"a\r\nb");
        assert_eq!(finding.secondary[0].text, r"c\nd");
    }
}
