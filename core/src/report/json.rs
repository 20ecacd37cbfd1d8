//! Version 1 of the JSON output, as `docs/json-schema/diagnosis-v1.json` describes it.
//!
//! The structs here are the contract that scripts rely on: members may be added, none is renamed or
//! removed. They are kept apart from the types that the program works with.

use std::io::{self, Write as _};

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::finding::{Blocker, DecidingStatement, Diagnosis, Finding, Label, Settlement};
use crate::layers::Gap;
use crate::policy::Effect;
use crate::text::{SourceMap, Span};

/// The version of the output.
pub(super) const VERSION: u32 = 1;

#[derive(Serialize)]
pub(super) struct Single<'a> {
    version: u32,
    #[serde(flatten)]
    result: ResultV1<'a>,
}

#[derive(Serialize)]
struct Several<'a> {
    version: u32,
    results: Vec<Single<'a>>,
}

#[derive(Serialize)]
struct ResultV1<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hop: Option<HopV1<'a>>,
    decision: &'static str,
    request: RequestV1<'a>,
    gates: Vec<GateV1<'a>>,
    findings: Vec<FindingV1<'a>>,
    statements: Vec<StatementV1<'a>>,
    gaps: Vec<GapV1<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    doubts: Vec<DoubtV1<'a>>,
    settlements: Vec<SettlementV1<'a>>,
    blockers: Vec<BlockerV1<'a>>,
    retry: Option<&'a str>,
    notes: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<super::evidence::EvidenceV1<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity: Option<IdentityV1<'a>>,
}

#[derive(Serialize)]
struct IdentityV1<'a> {
    arn: &'a str,
    source: &'a str,
    is_caller: bool,
}

#[derive(Serialize)]
struct SettlementV1<'a> {
    decision: &'static str,
    if_all: Vec<SuppositionV1<'a>>,
}

#[derive(Serialize)]
struct SuppositionV1<'a> {
    fact: &'a str,
    supply: &'a str,
}

#[derive(Serialize)]
struct DoubtV1<'a> {
    text: &'a str,
    check: &'a str,
}

#[derive(Serialize)]
struct HopV1<'a> {
    number: usize,
    title: &'a str,
}

#[derive(Serialize)]
struct BlockerV1<'a> {
    owner: &'static str,
    account: Option<&'a str>,
    asks: &'a [String],
}

#[derive(Serialize)]
struct RequestV1<'a> {
    principal: &'a str,
    action: &'a str,
    resource: &'a str,
    context: ContextV1<'a>,
}

/// An object with one member for each key.
struct ContextV1<'a>(&'a [(String, Vec<String>)]);

impl Serialize for ContextV1<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, values) in self.0 {
            map.serialize_entry(key, values)?;
        }
        map.end()
    }
}

#[derive(Serialize)]
struct GateV1<'a> {
    gate: &'static str,
    outcome: &'static str,
    summary: &'a str,
}

#[derive(Serialize)]
pub(super) struct FindingV1<'a> {
    rule: &'static str,
    severity: &'static str,
    message: &'a str,
    help: Option<&'a str>,
    primary: LabelV1<'a>,
    secondary: Vec<LabelV1<'a>>,
    owner: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compare: Option<CompareV1<'a>>,
}

#[derive(Serialize)]
struct CompareV1<'a> {
    request: &'a str,
    policy: &'a str,
    request_at: Option<usize>,
    policy_at: usize,
}

#[derive(Serialize)]
struct LabelV1<'a> {
    #[serde(flatten)]
    place: PlaceV1<'a>,
    label: &'a str,
}

#[derive(Serialize)]
pub(super) struct PlaceV1<'a> {
    file: Option<&'a str>,
    line: usize,
    column: usize,
    start: usize,
    end: usize,
    text: &'a str,
}

#[derive(Serialize)]
struct StatementV1<'a> {
    policy: &'a str,
    #[serde(rename = "type")]
    policy_type: &'static str,
    sid: Option<&'a str>,
    effect: &'static str,
    role: &'static str,
    #[serde(flatten)]
    place: PlaceV1<'a>,
}

#[derive(Serialize)]
struct GapV1<'a> {
    fact: &'a str,
    reason: &'a str,
    supply: &'a str,
}

/// Writes one diagnosis as an object, any other number as a list of results.
pub(super) fn write(
    diagnoses: &[Diagnosis],
    sources: &SourceMap,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    match diagnoses {
        [diagnosis] => write_value(&single(diagnosis, sources), out),
        _ => {
            let results = diagnoses.iter().map(|diagnosis| single(diagnosis, sources)).collect();
            write_value(&Several { version: VERSION, results }, out)
        }
    }
}

/// Writes a value over several lines, with a line end.
pub(super) fn write_value(value: &impl Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(value)?;
    text.push(b'\n');
    out.write_all(&text)
}

/// The same for a value that may be long: it is written as it is made.
pub(super) fn stream_value(value: &impl Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    let mut out = io::BufWriter::with_capacity(1 << 16, out);
    serde_json::to_writer_pretty(&mut out, value)?;
    out.write_all(b"\n")?;
    out.flush()
}

pub(super) fn single<'a>(diagnosis: &'a Diagnosis, sources: &'a SourceMap) -> Single<'a> {
    Single { version: VERSION, result: result(diagnosis, sources) }
}

fn settlement(settlement: &Settlement) -> SettlementV1<'_> {
    SettlementV1 {
        decision: settlement.decision.id(),
        if_all: settlement
            .suppositions
            .iter()
            .map(|one| SuppositionV1 { fact: &one.text, supply: &one.supply })
            .collect(),
    }
}

fn blocker(blocker: &Blocker) -> BlockerV1<'_> {
    BlockerV1 {
        owner: blocker.owner.id(),
        account: blocker.account.as_deref(),
        asks: &blocker.asks,
    }
}

fn result<'a>(diagnosis: &'a Diagnosis, sources: &'a SourceMap) -> ResultV1<'a> {
    let gate = |report: &'a crate::finding::GateReport| GateV1 {
        gate: report.gate.id(),
        outcome: report.outcome.id(),
        summary: &report.summary,
    };
    ResultV1 {
        name: diagnosis.name.as_deref(),
        hop: diagnosis.hop.map(|number| HopV1 { number, title: &diagnosis.title }),
        decision: diagnosis.decision.id(),
        request: RequestV1 {
            principal: &diagnosis.principal,
            action: &diagnosis.action,
            resource: &diagnosis.resource,
            context: ContextV1(&diagnosis.context),
        },
        gates: diagnosis.gates.iter().map(gate).collect(),
        findings: diagnosis.findings.iter().map(|found| finding(found, sources)).collect(),
        statements: diagnosis.statements.iter().map(|found| statement(found, sources)).collect(),
        gaps: diagnosis.gaps.iter().map(gap).collect(),
        doubts: (diagnosis.doubts.iter())
            .map(|doubt| DoubtV1 { text: &doubt.text, check: &doubt.check })
            .collect(),
        settlements: diagnosis.settlements.iter().map(settlement).collect(),
        blockers: diagnosis.blockers.iter().map(blocker).collect(),
        retry: diagnosis.retry.as_deref(),
        notes: &diagnosis.notes,
        evidence: diagnosis
            .evidence
            .as_deref()
            .map(|evidence| super::evidence::EvidenceV1::of(evidence, sources)),
        identity: diagnosis.identity.as_deref().map(|identity| IdentityV1 {
            arn: &identity.arn,
            source: &identity.source,
            is_caller: identity.is_caller,
        }),
    }
}

pub(super) fn finding<'a>(finding: &'a Finding, sources: &'a SourceMap) -> FindingV1<'a> {
    FindingV1 {
        rule: finding.rule,
        severity: finding.severity.id(),
        message: &finding.message,
        help: finding.help.as_deref(),
        primary: label(&finding.primary, sources),
        secondary: finding.secondary.iter().map(|other| label(other, sources)).collect(),
        owner: finding.owner.map(crate::finding::Party::id),
        compare: finding.compare.as_ref().map(|comparison| CompareV1 {
            request: &comparison.request,
            policy: &comparison.policy,
            request_at: comparison.request_at,
            policy_at: comparison.policy_at,
        }),
    }
}

fn label<'a>(label: &'a Label, sources: &'a SourceMap) -> LabelV1<'a> {
    LabelV1 { place: place(label.span, sources), label: &label.text }
}

pub(super) fn place(span: Span, sources: &SourceMap) -> PlaceV1<'_> {
    let place = sources.place(span);
    PlaceV1 {
        file: place.file,
        line: place.line,
        column: place.column,
        start: place.start,
        end: place.end,
        text: place.text,
    }
}

fn statement<'a>(statement: &'a DecidingStatement, sources: &'a SourceMap) -> StatementV1<'a> {
    StatementV1 {
        policy: &statement.policy,
        policy_type: statement.policy_type.id(),
        sid: statement.sid.as_deref(),
        effect: match statement.effect {
            Effect::Allow => "Allow",
            Effect::Deny => "Deny",
        },
        role: statement.role.id(),
        place: place(statement.span, sources),
    }
}

fn gap(gap: &Gap) -> GapV1<'_> {
    GapV1 { fact: &gap.fact, reason: &gap.reason, supply: &gap.supply }
}
