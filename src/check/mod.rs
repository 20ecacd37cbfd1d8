//! The check of committed policies: which rules apply with which severity, what becomes of each finding,
//! and how it is known again. It reads nothing and prints nothing.

mod fingerprint;
mod selection;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::doc::{Document, Node, NodeId};
use crate::finding::{Finding, Severity};
use crate::policy::PolicyType;
use crate::rules::documents::{self, Sink, Subject};
use crate::text::{SourceMap, Span};

pub use crate::rules::documents::Host;
pub use fingerprint::Fingerprints;
pub use selection::{Selection, SelectionError};

/// A policy as it was found in a file.
#[derive(Clone, Debug)]
pub struct Committed {
    /// The document that it stands in; for a policy in a string, that string's.
    pub document: Arc<Document>,
    /// Its place there.
    pub node: NodeId,
    /// What it is.
    pub policy_type: PolicyType,
    /// Whether that is certain, and not guessed from what it says.
    pub is_typed: bool,
    /// What it is attached to.
    pub host: Host,
}

impl Committed {
    /// The policy.
    pub fn root(&self) -> Node<'_> {
        self.document.node(self.node)
    }
}

/// What becomes of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It counts.
    Open,
    /// It was there when the baseline was written: it is shown, and does not count.
    Old,
    /// Somebody has said why it does not matter.
    Ignored {
        /// Why.
        reason: String,
    },
}

/// A finding with all that reports need to know of it.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The finding.
    pub finding: Finding,
    /// The `Sid` of the statement that it is in.
    pub sid: Option<String>,
    /// By what it is known again, wherever its line moves.
    pub fingerprint: String,
    /// What becomes of it.
    pub state: State,
}

/// How a check is made.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Which rules apply, and with which severity.
    pub selection: Selection,
    /// The moment of the check.
    pub now: Option<Timestamp>,
}

/// What a check has seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Files that hold policies.
    pub files: usize,
    /// Policies in them.
    pub policies: usize,
    /// Files that hold none.
    pub others: usize,
    /// How many findings count, by severity.
    pub open: BTreeMap<Severity, usize>,
    /// How many findings there are of each rule, those that do not count too.
    pub rules: BTreeMap<&'static str, usize>,
    /// How many are in the baseline.
    pub old: usize,
    /// How many are ignored.
    pub ignored: usize,
}

impl Summary {
    /// How many findings count.
    pub fn count(&self) -> usize {
        self.open.values().sum()
    }

    /// Whether some finding that counts is at least so severe.
    pub fn reaches(&self, threshold: Severity) -> bool {
        self.open.iter().any(|(severity, count)| *severity <= threshold && *count > 0)
    }
}

/// Checks one file after another.
#[derive(Debug, Default)]
pub struct Checker {
    settings: Settings,
    summary: Summary,
    fingerprints: Fingerprints,
    sink: Sink,
}

impl Checker {
    /// One that has seen nothing yet.
    pub fn new(settings: Settings) -> Self {
        Self { settings, ..Self::default() }
    }

    /// What it has seen.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Counts a file that holds no policy.
    pub fn other(&mut self) {
        self.summary.others += 1;
    }

    /// Checks the policies of one file. `errors` is what was found while it was read.
    pub fn file(
        &mut self,
        path: &str,
        policies: &[Committed],
        errors: Vec<Finding>,
        sources: &SourceMap,
    ) -> Vec<Checked> {
        self.summary.files += 1;
        self.summary.policies += policies.len();
        self.sink.found.extend(errors);
        let mut done = Vec::new();
        self.settle(path, None, sources, &mut done);
        for policy in policies {
            let subject = Subject {
                node: policy.root(),
                policy_type: policy.policy_type,
                is_typed: policy.is_typed,
                host: &policy.host,
                now: self.settings.now,
            };
            documents::check(&subject, &mut self.sink);
            if !self.sink.found.is_empty() {
                self.settle(path, Some(policy.root()), sources, &mut done);
            }
        }
        done
    }

    /// What can be said only when all files have been seen.
    pub fn finish(&mut self, _: &SourceMap) -> Vec<Checked> {
        Vec::new()
    }

    /// Decides what becomes of what was found.
    fn settle(
        &mut self,
        path: &str,
        policy: Option<Node<'_>>,
        sources: &SourceMap,
        done: &mut Vec<Checked>,
    ) {
        let mut found = std::mem::take(&mut self.sink.found);
        found.retain_mut(|finding| match self.settings.selection.severity(finding.rule) {
            Some(severity) => {
                finding.severity = severity;
                true
            }
            None => false,
        });
        found.sort_by_key(|finding| {
            (finding.primary.span.source, finding.primary.span.start, finding.severity)
        });
        for finding in found {
            let sid = policy.and_then(|policy| sid_of(policy, finding.primary.span));
            let text = sources.slice(finding.primary.span);
            let fingerprint = self.fingerprints.of(finding.rule, path, sid.as_deref(), text);
            let checked = Checked { finding, sid, fingerprint, state: State::Open };
            self.count(&checked);
            done.push(checked);
        }
    }

    fn count(&mut self, checked: &Checked) {
        *self.summary.rules.entry(checked.finding.rule).or_default() += 1;
        match checked.state {
            State::Open => *self.summary.open.entry(checked.finding.severity).or_default() += 1,
            State::Old => self.summary.old += 1,
            State::Ignored { .. } => self.summary.ignored += 1,
        }
    }
}

/// The `Sid` of the statement in which a place is.
fn sid_of(policy: Node<'_>, span: Span) -> Option<String> {
    let list = policy.get("Statement")?;
    let one = (list.kind() == crate::doc::Kind::Mapping).then_some(list);
    let around = |statement: &Node<'_>| {
        let own = statement.span();
        own.source == span.source && own.start <= span.start && span.end <= own.end
    };
    let statement = list.items().chain(one).find(around)?;
    statement.get("Sid")?.text().map(std::borrow::Cow::into_owned)
}
