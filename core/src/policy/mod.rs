//! Policies as written: statements, elements and conditions, each with its place in the text.
//!
//! Reading never fails as a whole: what cannot be read becomes a [`Problem`] with a place, and a
//! statement that AWS would refuse is marked, so that nobody takes it for a match.

mod arn;
mod operator;
mod pattern;
mod placeholder;
mod policy_type;
mod principal;
mod read;
mod sieve;
mod slips;
mod value;

pub use arn::{Arn, ArnCuts, is_account_id, looks_like_account_id};
pub use operator::{
    Comparison, Family, Operator, Row as OperatorRow, SetQualifier, TABLE as OPERATORS,
};
pub use pattern::{Glob, Part as PatternPart, Pattern, Syntax, Variable};
pub use placeholder::is_open;
pub use policy_type::{Part, PolicyType, Row as PolicyTypeRow, TABLE as POLICY_TYPES};
pub use principal::{NamedPrincipal, Names, PrincipalKind, Principals, Reach};
pub use read::{has_statements, read, read_committed};
pub use sieve::ActionBits;
pub use slips::{ELEMENTS, MEMBERS, element_help, kind_help, operator_help};
pub use value::{ArnPattern, Number, VariablesIn, address, boolean, bytes, moment, network};

use std::sync::Arc;

use ipnet::IpNet;
use jiff::Timestamp;
use smol_str::SmolStr;

use crate::doc::Hole;
use crate::text::{Span, Spanned};
/// One policy document.
#[derive(Clone, Debug)]
pub struct Policy {
    /// What it was read as.
    pub policy_type: PolicyType,
    /// The whole document.
    pub span: Span,
    /// The `Version` element, where there is one.
    pub version: Option<Spanned<SmolStr>>,
    /// The statements, in order.
    pub statements: Vec<Statement>,
    /// What AWS would refuse, or would not do what it seems to.
    pub problems: Vec<Problem>,
}

/// Something in a document that AWS refuses or that has no effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub span: Span,
    /// One sentence.
    pub message: String,
    /// What to do.
    pub help: String,
    /// Whether AWS would refuse to store the document, so that what is evaluated here cannot be
    /// what AWS has.
    pub refused: bool,
}

/// `Allow` or `Deny`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Grants, or keeps what others grant.
    Allow,
    /// Takes away, whatever others grant.
    Deny,
}

/// One statement.
#[derive(Clone, Debug)]
pub struct Statement {
    /// The whole statement.
    pub span: Span,
    /// The `Sid`, where there is one.
    pub sid: Option<Spanned<SmolStr>>,
    /// `None` where it is missing or neither `Allow` nor `Deny`.
    pub effect: Option<Spanned<Effect>>,
    /// `Principal` or `NotPrincipal`.
    pub principal: Option<Principals>,
    /// `Action` or `NotAction`.
    pub action: Option<Element<ActionPattern>>,
    /// `Resource` or `NotResource`.
    pub resource: Option<Element<ResourcePattern>>,
    /// One for each pair of operator and key.
    pub conditions: Vec<Condition>,
    /// The place of the first thing for which AWS would refuse the statement.
    pub broken: Option<Span>,
    /// What is not known of the statement, so that it may not be there or say more than is seen.
    pub doubts: Vec<Arc<Hole>>,
}

/// `Action` or `NotAction`, `Resource` or `NotResource`.
#[derive(Clone, Debug)]
pub struct Element<T> {
    /// The `Not…` form.
    pub negated: bool,
    /// The key's place.
    pub key: Span,
    /// The values.
    pub values: Vec<Spanned<T>>,
    /// Whether some value is not known, or may not be there.
    pub uncertain: bool,
}

/// One value of `Action`.
#[derive(Clone, Debug)]
pub struct ActionPattern {
    /// As written.
    pub text: SmolStr,
    /// Over the action in lower case; `None` where the text is neither `*` nor `service:name`.
    pub pattern: Option<Pattern>,
    /// On what it depends whether the value is there at all.
    pub doubt: Option<Arc<Hole>>,
}

/// One value of `Resource`.
#[derive(Clone, Debug)]
pub struct ResourcePattern {
    /// As written.
    pub text: SmolStr,
    /// What it stands for.
    pub matcher: ResourceMatcher,
    /// On what it depends whether the value is there at all.
    pub doubt: Option<Arc<Hole>>,
}

/// What a value of `Resource` stands for.
#[derive(Clone, Debug)]
pub enum ResourceMatcher {
    /// `*`.
    Everything,
    /// A full ARN, with or without wildcards and variables.
    Arn(ArnPattern),
    /// A text of which parts are missing, over the whole ARN.
    Holed(Pattern),
    /// Neither, so that AWS refuses it and it matches nothing.
    Nothing,
}

/// One key under one operator.
#[derive(Clone, Debug)]
pub struct Condition {
    /// The operator's name, as written.
    pub operator: Spanned<String>,
    /// What it does; `None` where AWS has no such operator.
    pub parsed: Option<Operator>,
    /// The key, as written.
    pub key: Spanned<String>,
    /// The key in lower case, since its case does not count.
    pub key_lower: Box<str>,
    /// The place of the value or the list of values.
    pub values_span: Span,
    /// The values.
    pub values: Vec<Spanned<ConditionValue>>,
    /// What is not known of the operator or the key.
    pub doubt: Option<Arc<Hole>>,
}

/// One value of a condition.
#[derive(Clone, Debug)]
pub struct ConditionValue {
    /// As written.
    pub text: SmolStr,
    /// What its operator compares; `None` where the text cannot be read as that.
    pub operand: Option<Operand>,
    /// On what it depends whether the value is there at all.
    pub doubt: Option<Arc<Hole>>,
}

/// What an operator compares.
#[derive(Clone, Debug)]
pub enum Operand {
    /// A text with variables, and with wildcards where the operator has them.
    Text(Pattern),
    /// An ARN pattern.
    Arn(ArnPattern),
    /// A number.
    Number(Number),
    /// A moment.
    Moment(Timestamp),
    /// `true` or `false`, also for `Null`.
    Bool(bool),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A block of addresses.
    Network(IpNet),
    /// A text of which parts are missing, whatever the operator compares.
    Holed(Pattern),
}
