//! Findings that somebody has answered: in the configuration, or in a comment beside them.

use crate::finding::Finding;
use crate::rules::{self, Group};
use crate::text::{SourceId, SourceMap, Span};

use super::config::{Ignore, is_day};

/// What a comment begins with.
pub const MARK: &str = "why-denied: ignore[";

/// A comment that answers findings: `# why-denied: ignore[rule] until 2027-01-31: reason`.
#[derive(Clone, Debug)]
pub(super) struct Comment {
    /// The rules that it names.
    rules: Vec<String>,
    /// The line that it is about.
    line: usize,
    /// Why.
    pub(super) reason: String,
    /// The last day.
    pub(super) until: Option<String>,
    /// Its place.
    pub(super) span: Span,
    /// Whether some finding was answered.
    pub(super) used: bool,
}

/// The comments of a text, and what is wrong with some of them.
pub(super) fn comments(sources: &SourceMap, id: SourceId) -> (Vec<Comment>, Vec<Finding>) {
    let text = sources.text(id);
    let mut found = Vec::new();
    let mut wrong = Vec::new();
    let mut start = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let begin = start;
        start += line.len();
        let Some(at) = line.find(MARK) else { continue };
        let front = line.get(..at).unwrap_or_default();
        let Some(hash) = front.rfind(['#', '/']) else { continue };
        // Between the sign of a comment and the mark stands nothing.
        if !front.get(hash + 1..).unwrap_or_default().trim().is_empty() {
            continue;
        }
        let line = line.trim_end();
        let to_u32 = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let span =
            Span { source: id, start: to_u32(begin + hash), end: to_u32(begin + line.len()) };
        let rest = line.get(at + MARK.len()..).unwrap_or_default();
        let Some((rules, rest)) = rest.split_once(']') else {
            wrong.push(invalid(span, "the `]` after the rules is missing"));
            continue;
        };
        let rest = rest.trim();
        let (until, reason) = match rest
            .strip_prefix("until ")
            .map(|rest| rest.split_once(':').unwrap_or((rest, "")))
        {
            Some((day, reason)) if is_day(day.trim()) => {
                (Some(day.trim().to_owned()), reason.trim())
            }
            Some(_) => {
                wrong.push(invalid(
                    span,
                    "after `until` stands a day, such as `2027-01-31`, and a colon",
                ));
                continue;
            }
            None => (None, rest.trim_start_matches([':', '-']).trim()),
        };
        if reason.is_empty() {
            wrong.push(invalid(span, "a comment that ignores a finding says why"));
            continue;
        }
        let rules: Vec<String> = rules.split(',').map(|rule| rule.trim().to_owned()).collect();
        if let Some(unknown) =
            rules.iter().find(|rule| rules::find(rule).is_none() && Group::from_id(rule).is_none())
        {
            wrong.push(invalid(span, &format!("there is no rule `{unknown}`")));
            continue;
        }
        // Alone on its line, it is about the next one.
        let alone = line.get(..hash).unwrap_or_default().trim().is_empty();
        let line = number + 1 + usize::from(alone);
        found.push(Comment { rules, line, reason: reason.to_owned(), until, span, used: false });
    }
    (found, wrong)
}

fn invalid(span: Span, message: &str) -> Finding {
    Finding::new("ignore-invalid", message, span, "ignores nothing")
        .help("write `# why-denied: ignore[rule-id] why it does not matter`")
}

/// Whether a word names the rule, by its id or its group.
fn names(word: &str, rule: &str) -> bool {
    let group = || rules::find(rule).and_then(|rule| rule.defect).map(|defect| defect.group.id());
    word == rule || group() == Some(word)
}

impl Comment {
    /// Whether it is about a finding of this rule that stands on these lines.
    pub(super) fn is_about(&self, rule: &str, line: usize) -> bool {
        self.line == line && self.rules.iter().any(|word| names(word, rule))
    }
}

impl Comment {
    /// Whether it is about findings that are there only when all files were seen.
    pub(super) fn is_about_all(&self) -> bool {
        let all = Group::Handshake;
        self.rules.iter().any(|word| {
            let group = rules::find(word).and_then(|rule| rule.defect).map(|defect| defect.group);
            word == all.id() || group == Some(all)
        })
    }
}

impl Ignore {
    /// Whether it is about such a finding.
    pub(super) fn is_about(
        &self,
        rule: &str,
        path: &str,
        sid: Option<&str>,
        fingerprint: &str,
    ) -> bool {
        self.rule.as_deref().is_none_or(|word| names(word, rule))
            && self.path.as_ref().is_none_or(|glob| glob.is_match(path))
            && self.sid.as_deref().is_none_or(|wanted| sid == Some(wanted))
            && self.fingerprint.as_deref().is_none_or(|wanted| fingerprint == wanted)
    }
}

/// Whether the last day is over; days are those of UTC.
pub(super) fn is_over(until: Option<&str>, now: Option<jiff::Timestamp>) -> bool {
    let day = now.map(|now| now.to_string().get(..10).unwrap_or_default().to_owned());
    until.zip(day).is_some_and(|(until, today)| until < today.as_str())
}

/// An answer to nothing, or no more.
pub(super) fn stale(span: Span, over: Option<&str>) -> Finding {
    match over {
        Some(day) => Finding::new(
            "ignore-stale",
            format!("the finding is ignored no more: that ended on {day}"),
            span,
            "over",
        )
        .help("mend what was found, or move the day"),
        None => Finding::new(
            "ignore-stale",
            "there is no finding that this ignores",
            span,
            "answers nothing",
        )
        .help("take it out"),
    }
}
