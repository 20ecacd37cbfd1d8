//! The check of committed policies: which rules apply with which severity, what becomes of each finding,
//! and how it is known again. It reads nothing and prints nothing.

mod baseline;
mod config;
mod expectation;
mod fingerprint;
mod ignores;
mod selection;
mod sids;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use globset::GlobMatcher;
use jiff::Timestamp;

use crate::doc::{Document, Node, NodeId};
use crate::finding::{Finding, Severity};
use crate::policy::PolicyType;
use crate::reference::catalogue;
use crate::rules::Group;
use crate::rules::documents::{self, Sink, Subject};
use crate::rules::repository::Repository;
use crate::text::{SourceId, SourceMap, Span};

use ignores::Comment;

pub use crate::rules::documents::{Host, Known};
pub use baseline::{Baseline, write as write_baseline};
pub use config::{Config, ConfigError, Ignore};
pub use expectation::{Expectation, Placed, Side};
pub use fingerprint::Fingerprints;
pub use ignores::MARK as IGNORE_MARK;
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
        /// Whether that is said in the file itself, and not in the configuration.
        in_file: bool,
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
    /// What is known besides.
    pub known: Known,
    /// Findings that somebody has answered.
    pub ignores: Vec<Ignore>,
    /// Types of policies by the files that they are in, with the service of a resource-based one.
    pub types: Vec<(GlobMatcher, PolicyType, Option<String>)>,
    /// Findings that were there when somebody switched the check on.
    pub baseline: Option<Baseline>,
    /// The folder of the configuration, to which its globs and all fingerprints are relative, and the
    /// folder to which the paths are relative that are shown; both absolute. `None`: they are one.
    pub folders: Option<(String, String)>,
}

impl Settings {
    /// A path that is shown, as the configuration means it.
    pub fn key<'p>(&self, path: &'p str) -> Cow<'p, str> {
        let Some((own, here)) = &self.folders else { return Cow::Borrowed(path) };
        let whole = if path.starts_with('/') { path.to_owned() } else { format!("{here}/{path}") };
        let whole = plain(&whole);
        let below = whole.strip_prefix(own.as_str()).and_then(|rest| rest.strip_prefix('/'));
        below.map_or(Cow::Borrowed(path), |below| Cow::Owned(below.to_owned()))
    }
}

/// A path without `.` and `..`.
fn plain(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("{}{}", if path.starts_with('/') { "/" } else { "" }, parts.join("/"))
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
    /// How many of the baseline are mended.
    pub gone: usize,
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
    /// Which answers of the configuration were needed.
    used: Vec<bool>,
    /// What was seen of roles.
    repository: Repository,
    /// Whether something of the last file will be looked at again.
    keeps: bool,
    /// How many files are kept.
    kept: usize,
    /// The comments of the file that is being looked at.
    comments: Vec<Comment>,
    /// Comments for what is found when all files were seen: file, first and last byte.
    waiting: Vec<(String, u32, u32)>,
}

impl Checker {
    /// One that has seen nothing yet.
    pub fn new(mut settings: Settings) -> Self {
        settings.known.wants_open = settings.selection.has(Group::TooOpen);
        let used = vec![false; settings.ignores.len()];
        Self { settings, used, ..Self::default() }
    }

    /// What it has seen.
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Whether the texts of the last file are needed until [`Checker::across`]. They are numbered in the
    /// order in which this says so.
    pub fn keeps(&mut self) -> bool {
        let keeps = std::mem::take(&mut self.keeps);
        self.kept += usize::from(keeps);
        keeps
    }

    /// What is found across files, once all were seen; `kept` are the texts that were kept. Of the
    /// pairs of a holder and a role of which `is_told` says so, nothing is said here.
    pub fn across(
        &mut self,
        kept: &[SourceMap],
        is_told: &dyn Fn(&str, &str) -> bool,
    ) -> Vec<(usize, Vec<Checked>)> {
        let mut all = Vec::new();
        for (file, finding) in self.repository.findings(is_told) {
            let Some(sources) = kept.get(file) else { continue };
            all.push((file, self.together(vec![finding], sources)));
        }
        all
    }

    /// Takes in findings about the repository as a whole, all in the texts of `sources`.
    pub fn together(&mut self, mut found: Vec<Finding>, sources: &SourceMap) -> Vec<Checked> {
        let host = |finding: &Finding| sources.to_host(finding.primary.span).source;
        found.sort_by_key(host);
        let mut done = Vec::new();
        for of_file in found.chunk_by(|one, other| host(one) == host(other)) {
            let Some(source) = of_file.first().map(host) else { continue };
            if sources.text(source).contains(ignores::MARK) {
                self.comments = ignores::comments(sources, source).0;
            }
            self.sink.found.extend(of_file.iter().cloned());
            let sid = |span| sids::at(sources, span);
            self.settle(sources.name(source), &sid, sources, &mut done);
            let answered = std::mem::take(&mut self.comments);
            let answered = answered.iter().filter(|comment| comment.used).map(|one| one.span.start);
            let path = sources.name(source);
            let answered: Vec<u32> = answered.collect();
            self.waiting.retain(|(other, start, _)| other != path || !answered.contains(start));
        }
        done
    }

    /// Whether the files say anything of who may use which role, so that they have to be looked at
    /// together.
    pub fn has_roles(&self) -> bool {
        self.repository.is_told_of_roles()
    }

    /// Comments for findings about the repository as a whole that answered none: file, first and last
    /// byte.
    pub fn unanswered(&mut self) -> Vec<(String, u32, u32)> {
        std::mem::take(&mut self.waiting)
    }

    /// Says that a comment answers nothing.
    pub fn stale(&mut self, span: Span, sources: &SourceMap) -> Vec<Checked> {
        let mut done = Vec::new();
        self.sink.add(ignores::stale(span, None));
        self.settle(sources.name(span.source), &|_| None, sources, &mut done);
        done
    }

    /// Counts a file that holds no policy.
    pub fn other(&mut self) {
        self.summary.others += 1;
    }

    /// The type that the configuration gives to policies in this file.
    pub fn type_of(&self, path: &str) -> Option<(PolicyType, Option<&'static str>)> {
        let key = self.settings.key(path);
        let (_, policy_type, service) =
            self.settings.types.iter().find(|(glob, ..)| glob.is_match(&*key))?;
        let service = service.as_deref().and_then(catalogue).map(|service| service.prefix);
        Some((*policy_type, service))
    }

    /// Checks the policies of one file, whose own text is `host`. `errors` is what was found while it
    /// was read.
    pub fn file(
        &mut self,
        path: &str,
        host: Option<SourceId>,
        policies: &[Committed],
        errors: Vec<Finding>,
        sources: &SourceMap,
    ) -> Vec<Checked> {
        self.summary.files += 1;
        self.summary.policies += policies.len();
        self.sink.found.extend(errors);
        if let Some(host) = host.filter(|host| sources.text(*host).contains(ignores::MARK)) {
            let (comments, wrong) = ignores::comments(sources, host);
            self.comments = comments;
            self.sink.found.extend(wrong);
        }
        let mut done = Vec::new();
        self.settle(path, &|_| None, sources, &mut done);
        for policy in policies {
            let subject = Subject {
                node: policy.root(),
                path,
                policy_type: policy.policy_type,
                is_typed: policy.is_typed,
                host: &policy.host,
                now: self.settings.now,
                known: &self.settings.known,
            };
            let view = documents::check(&subject, &mut self.sink);
            self.keeps |= self.repository.add(&view, self.kept);
            if !self.sink.found.is_empty() {
                let statements = sids::statements(policy.root());
                let sid = |span| sids::of(&statements, span);
                self.settle(path, &sid, sources, &mut done);
            }
        }
        for comment in std::mem::take(&mut self.comments) {
            let over = ignores::is_over(comment.until.as_deref(), self.settings.now);
            if !over && !comment.used && comment.is_about_all() {
                self.waiting.push((path.to_owned(), comment.span.start, comment.span.end));
                continue;
            }
            if over || !comment.used {
                let day = comment.until.as_deref().filter(|_| over);
                self.sink.add(ignores::stale(comment.span, day));
            }
        }
        self.settle(path, &|_| None, sources, &mut done);
        done
    }

    /// What can be said only when all files have been seen. The configuration is the text `config`.
    pub fn finish(&mut self, config: Option<SourceId>, sources: &SourceMap) -> Vec<Checked> {
        let mut done = Vec::new();
        if let Some(source) = config {
            let to_u32 = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
            for (ignore, used) in self.settings.ignores.iter().zip(&self.used) {
                let over = ignores::is_over(ignore.until.as_deref(), self.settings.now);
                if over || !used {
                    let (start, end) = (to_u32(ignore.span.0), to_u32(ignore.span.1));
                    let day = ignore.until.as_deref().filter(|_| over);
                    self.sink.add(ignores::stale(Span { source, start, end }, day));
                }
            }
            let path = sources.name(source).to_owned();
            self.settle(&path, &|_| None, sources, &mut done);
        }
        self.summary.gone = self.settings.baseline.as_ref().map_or(0, Baseline::gone);
        done
    }

    /// Decides what becomes of what was found. `sid` gives the `Sid` of the statement at a place.
    fn settle(
        &mut self,
        path: &str,
        sid: &dyn Fn(Span) -> Option<String>,
        sources: &SourceMap,
        done: &mut Vec<Checked>,
    ) {
        let mut found = std::mem::take(&mut self.sink.found);
        if found.is_empty() {
            return;
        }
        let path = &*self.settings.key(path).into_owned();
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
            let sid = sid(finding.primary.span);
            let text = sources.slice(finding.primary.span);
            let fingerprint = self.fingerprints.of(finding.rule, path, sid.as_deref(), text);
            let state = self.state(&finding, path, sid.as_deref(), &fingerprint, sources);
            let checked = Checked { finding, sid, fingerprint, state };
            self.count(&checked);
            done.push(checked);
        }
    }

    fn state(
        &mut self,
        finding: &Finding,
        path: &str,
        sid: Option<&str>,
        fingerprint: &str,
        sources: &SourceMap,
    ) -> State {
        let now = self.settings.now;
        let rule = finding.rule;
        // What is said about answers is not answered itself.
        if !matches!(rule, "ignore-stale" | "ignore-invalid") {
            let line = || sources.place(finding.primary.span).line;
            let in_force =
                |comment: &&mut Comment| !ignores::is_over(comment.until.as_deref(), now);
            let comment = self.comments.iter_mut().filter(in_force);
            for comment in comment {
                if comment.is_about(rule, line()) {
                    comment.used = true;
                    return State::Ignored { reason: comment.reason.clone(), in_file: true };
                }
            }
            for (ignore, used) in self.settings.ignores.iter().zip(&mut self.used) {
                if ignore.is_about(rule, path, sid, fingerprint) {
                    *used = true;
                    if !ignores::is_over(ignore.until.as_deref(), now) {
                        return State::Ignored { reason: ignore.reason.clone(), in_file: false };
                    }
                }
            }
        }
        let baseline = self.settings.baseline.as_mut();
        let is_old = baseline.is_some_and(|baseline| baseline.knows(fingerprint));
        if is_old { State::Old } else { State::Open }
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
