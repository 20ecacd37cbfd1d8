//! What can be said of one policy document by itself.
//!
//! A document is walked once into a [`View`] and then looked at by one pass for each subject; a pass
//! finds for many rules. On a document without a defect nothing is allocated but the view. Text that is
//! not known, since a template or a person fills it in later, gives no finding.

mod actions;
mod conditions;
mod elements;
mod further;
pub mod glob;
mod idle;
mod open;
mod overlap;
mod principals;
mod resources;
mod size;
mod variables;
mod view;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::doc::Node;
use crate::finding::Finding;
use crate::policy::PolicyType;

pub use view::{ConditionView, Element, Named, StatementView, Text, View};

/// One policy document and what is known of its place.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'d> {
    /// The document.
    pub node: Node<'d>,
    /// The file that it is in.
    pub path: &'d str,
    /// What it is read as.
    pub policy_type: PolicyType,
    /// Whether the type is certain: said by the place or the configuration, and not guessed.
    pub is_typed: bool,
    /// What it is attached to.
    pub host: &'d Host,
    /// The moment of the check, where it is known.
    pub now: Option<Timestamp>,
    /// What is known besides.
    pub known: &'d Known,
}

/// What whoever checks has said of the world around.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Accounts of one's own, and what they are called.
    pub accounts: BTreeMap<String, String>,
    /// Whether to look for what is too open.
    pub wants_open: bool,
}

/// What a policy is attached to, as far as its place says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Host {
    /// The ARN of the role, user, group or resource; of a bucket, key or queue too.
    pub arn: Option<String>,
    /// The name by which people know it: of the role, or of the policy.
    pub name: Option<String>,
    /// Of a resource-based policy: the prefix of the service, such as `s3`.
    pub service: Option<&'static str>,
    /// Whether it is a managed policy, whose size has a limit of its own.
    pub is_managed: bool,
}

/// Takes the findings of the passes.
#[derive(Debug, Default)]
pub struct Sink {
    /// What was found, in the order in which it was found.
    pub found: Vec<Finding>,
}

impl Sink {
    /// Keeps a finding.
    pub fn add(&mut self, finding: Finding) {
        self.found.push(finding);
    }
}

/// One walk over a document, which finds for the rules of one subject.
pub type Pass = fn(&View<'_>, &mut Sink);

/// Every pass, in the order of what they find.
pub static PASSES: &[Pass] = &[
    elements::pass,
    principals::pass,
    actions::pass,
    resources::pass,
    variables::pass,
    further::pass,
    conditions::pass,
    size::pass,
    overlap::pass,
];

/// Everything that is found in one document, in the order of its places.
pub fn check<'d>(subject: &Subject<'d>, sink: &mut Sink) -> View<'d> {
    let view = View::new(*subject, sink);
    for pass in PASSES {
        pass(&view, sink);
    }
    if subject.known.wants_open {
        open::pass(&view, sink);
        further::open(&view, sink);
        idle::pass(&view, sink);
    }
    view
}
