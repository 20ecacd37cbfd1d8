//! Version 1 of the JSON output of `check`, as `docs/json-schema/check-v1.json` describes it: one
//! finding a line.

use std::io;

use serde::Serialize;

use crate::check::{Checked, State, Summary};
use crate::report::json::{FindingV1, VERSION, finding as finding_v1};
use crate::text::SourceMap;

#[derive(Serialize)]
struct CheckedV1<'a> {
    #[serde(flatten)]
    finding: FindingV1<'a>,
    sid: Option<&'a str>,
    fingerprint: &'a str,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

#[derive(Serialize)]
struct SummaryV1 {
    error: usize,
    warning: usize,
    note: usize,
    baseline: usize,
    ignored: usize,
}

pub(super) fn begin(out: &mut dyn io::Write) -> io::Result<()> {
    write!(out, "{{\n  \"version\": {VERSION},\n  \"findings\": [")
}

pub(super) fn finding(
    checked: &Checked,
    sources: &SourceMap,
    first: bool,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let (state, reason) = match &checked.state {
        State::Open => ("open", None),
        State::Old => ("baseline", None),
        State::Ignored { reason, .. } => ("ignored", Some(reason.as_str())),
    };
    let value = CheckedV1 {
        finding: finding_v1(&checked.finding, sources),
        sid: checked.sid.as_deref(),
        fingerprint: &checked.fingerprint,
        state,
        reason,
    };
    let comma = if first { "" } else { "," };
    write!(out, "{comma}\n    {}", serde_json::to_string(&value)?)
}

pub(super) fn end(summary: &Summary, written: usize, out: &mut dyn io::Write) -> io::Result<()> {
    let of = |severity| summary.open.get(&severity).copied().unwrap_or_default();
    let counts = SummaryV1 {
        error: of(crate::finding::Severity::Error),
        warning: of(crate::finding::Severity::Warning),
        note: of(crate::finding::Severity::Note),
        baseline: summary.old,
        ignored: summary.ignored,
    };
    let close = if written == 0 { "]" } else { "\n  ]" };
    writeln!(
        out,
        "{close},\n  \"files\": {},\n  \"policies\": {},\n  \"other-files\": {},\n  \"summary\": {}\n}}",
        summary.files,
        summary.policies,
        summary.others,
        serde_json::to_string(&counts)?
    )
}
