//! SARIF 2.1.0: what GitHub code scanning and other services read.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>

use std::io;

use serde_json::{Value, json};

use super::position;
use crate::check::{Checked, State};
use crate::finding::{Label, Severity};
use crate::rules;
use crate::text::SourceMap;

pub(super) fn begin(out: &mut dyn io::Write) -> io::Result<()> {
    write!(
        out,
        "{{\n  \"$schema\": \"https://json.schemastore.org/sarif-2.1.0.json\",\n  \"version\": \"2.1.0\",\n  \"runs\": [\n    {{\n      \"columnKind\": \"unicodeCodePoints\",\n      \"results\": ["
    )
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn location(label: &Label, sources: &SourceMap) -> Value {
    let at = position(label.span, sources);
    // A place that is empty is one character wide there.
    let end = if (at.line, at.column) == (at.end_line, at.end_column) {
        at.end_column + 1
    } else {
        at.end_column
    };
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(at.file) },
            "region": { "startLine": at.line, "startColumn": at.column, "endLine": at.end_line, "endColumn": end },
        },
        "message": { "text": label.text },
    })
}

/// A path as a relative reference.
fn uri(path: &str) -> String {
    use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
    const ODD: &AsciiSet = &CONTROLS
        .add(b' ')
        .add(b'"')
        .add(b'#')
        .add(b'%')
        .add(b'<')
        .add(b'>')
        .add(b'?')
        .add(b'[')
        .add(b']')
        .add(b'\\')
        .add(b'^')
        .add(b'`')
        .add(b'{')
        .add(b'|')
        .add(b'}')
        .add(b':');
    utf8_percent_encode(path, ODD).to_string()
}

pub(super) fn finding(
    checked: &Checked,
    sources: &SourceMap,
    first: bool,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let found = &checked.finding;
    let mut text = found.message.clone();
    if let Some(help) = &found.help {
        text.push_str("\nhelp: ");
        text.push_str(help);
    }
    let mut result = json!({
        "ruleId": found.rule,
        "level": level(found.severity),
        "message": { "text": text },
        "locations": [ location(&found.primary, sources) ],
        "partialFingerprints": { "whyDenied/v1": checked.fingerprint },
    });
    if let Value::Object(members) = &mut result {
        if !found.secondary.is_empty() {
            let related: Vec<_> =
                found.secondary.iter().map(|label| location(label, sources)).collect();
            members.insert("relatedLocations".to_owned(), related.into());
        }
        match &checked.state {
            State::Open => {}
            State::Old => {
                members.insert("baselineState".to_owned(), "unchanged".into());
            }
            State::Ignored { reason, in_file } => {
                let kind = if *in_file { "inSource" } else { "external" };
                let suppression =
                    json!([{ "kind": kind, "status": "accepted", "justification": reason }]);
                members.insert("suppressions".to_owned(), suppression);
            }
        }
    }
    let comma = if first { "" } else { "," };
    write!(out, "{comma}\n        {}", serde_json::to_string(&result)?)
}

pub(super) fn end(written: usize, out: &mut dyn io::Write) -> io::Result<()> {
    let close = if written == 0 { "]" } else { "\n      ]" };
    let rules: Vec<Value> = rules::all()
        .filter_map(|rule| {
            let defect = rule.defect?;
            Some(json!({
                "id": rule.meta.id,
                "shortDescription": { "text": rule.meta.summary },
                "help": { "text": rule.meta.summary, "markdown": rule.meta.doc },
                "defaultConfiguration": { "level": level(defect.severity) },
                "properties": { "tags": [ "aws", "iam", defect.group.id() ] },
            }))
        })
        .collect();
    let driver = json!({
        "name": "why-denied",
        "version": env!("CARGO_PKG_VERSION"),
        "rules": rules,
    });
    writeln!(
        out,
        "{close},\n      \"tool\": {{ \"driver\": {} }}\n    }}\n  ]\n}}",
        serde_json::to_string(&driver)?
    )
}
