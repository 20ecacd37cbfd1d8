//! How AWS decides: a request and its layers go in, a decision with its full trace comes out.
//!
//! Pure: no input, no output, no clock. `combine` alone turns what the layers say into a decision.

mod combine;
mod condition;
mod context;
mod logic;
mod principal;
mod refusal;
mod statement;
mod token;

pub use combine::{Accounts, Evaluation, Parts, Verdict, decide, evaluate};
pub use condition::Why;
pub use context::{DERIVED, KeyValue, claim_keys, lookup};
pub use logic::{GapId, GapSet, GapTable, Match};
pub use principal::Grant;
pub use refusal::{Refusal, Refusals};
pub use statement::{Recorder, Silent, StatementTrace};
pub use token::{
    ALGORITHMS, LONGEST_ASSERTION, LONGEST_TOKEN, NEEDED, claim_moment, is_aws_audience,
};

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Decision {
    /// Every layer lets it through.
    Allowed,
    /// A Deny statement applies.
    ExplicitDeny,
    /// Nothing grants it, a limit does not keep it, or it is refused before any policy is read.
    ImplicitDeny,
    /// A fact that decides it is not known.
    Undetermined,
}

impl Decision {
    /// The id in case files and JSON.
    pub fn id(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::ExplicitDeny => "explicit-deny",
            Self::ImplicitDeny => "implicit-deny",
            Self::Undetermined => "undetermined",
        }
    }

    /// The decision with the id `id`.
    pub fn from_id(id: &str) -> Option<Self> {
        [Self::Allowed, Self::ExplicitDeny, Self::ImplicitDeny, Self::Undetermined]
            .into_iter()
            .find(|decision| decision.id() == id)
    }

    /// Whether it is one of the two kinds of denial.
    pub fn is_denied(self) -> bool {
        matches!(self, Self::ExplicitDeny | Self::ImplicitDeny)
    }
}
