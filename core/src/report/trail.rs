//! The answer of `why-denied trail`: what was denied, most often first.

use std::fmt::Write as _;
use std::io;

use jiff::Timestamp;
use serde::Serialize;

use super::Style;
use super::json::{Single, VERSION, single, stream_value};
use super::layout::{Ink, clean, hang};
use crate::eval::Decision;
use crate::finding::{Diagnosis, Severity};
use crate::message::DenialKind;
use crate::policy::Arn;
use crate::text::SourceMap;
use crate::trail::{Group, Reason};

/// How a trail is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrailFormat {
    /// For a person at a terminal.
    Human,
    /// For scripts.
    Json,
    /// For a page or a ticket.
    Markdown,
}

/// What a trail told.
#[derive(Debug, Default)]
pub struct TrailReport {
    /// The groups that are shown, most frequent first.
    pub groups: Vec<ExplainedGroup>,
    /// How many groups there are in all.
    pub all_groups: usize,
    /// How many denials there are in all.
    pub denials: u64,
    /// How many events were read.
    pub events: u64,
    /// How many denials were met twice, and count once.
    pub twice: u64,
    /// How many files held events.
    pub files: u64,
    /// How many files were no trail.
    pub skipped: u64,
    /// How many of these were digests.
    pub digests: u64,
    /// Files that could not be read to their end, and what is wrong with each.
    pub damaged: Vec<(String, String)>,
    /// Whether facts were given.
    pub has_facts: bool,
}

/// A group, and why it was denied.
#[derive(Debug)]
pub struct ExplainedGroup {
    /// The group.
    pub group: Group,
    /// By the facts, else by AWS's own words.
    pub diagnosis: Diagnosis,
    /// Why the facts were not asked, where they were given.
    pub not_asked: Option<String>,
}

/// Writes what a trail told in a format.
///
/// # Errors
/// If `out` does not take the text.
pub fn write_trail(
    format: TrailFormat,
    report: &TrailReport,
    sources: &SourceMap,
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    match format {
        TrailFormat::Human => write_human(report, sources, style, out),
        TrailFormat::Json => write_json(report, sources, out),
        TrailFormat::Markdown => write_markdown(report, sources, out),
    }
}

/// `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with its noun.
fn count(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// `2026-10-01 09:00:00`, in UTC.
fn moment(time: Timestamp) -> String {
    let text = time.to_string();
    text.trim_end_matches('Z').replacen('T', " ", 1)
}

/// From when to when, in UTC.
fn span(group: &Group) -> Option<String> {
    let (first, last) = (group.first?, group.last?);
    if first == last {
        return Some(format!("{} UTC", moment(last)));
    }
    Some(format!("{} to {} UTC", moment(first), moment(last)))
}

/// What AWS says, in a few words.
fn reason(reason: &Reason) -> String {
    let layer = reason.layer.map(|layer| layer.name());
    let mut text = match (reason.kind, layer) {
        (Some(DenialKind::Explicit), Some(layer)) => {
            let article = if layer.starts_with(['i', 'a', 'e', 'o', 'u']) { "an" } else { "a" };
            format!("explicit deny in {article} {layer}")
        }
        (Some(DenialKind::Explicit), None) => "explicit deny, AWS does not say where".to_owned(),
        (Some(DenialKind::Implicit), Some(layer)) => format!("no {layer} allows it"),
        (Some(DenialKind::Implicit), None) => "no policy allows it".to_owned(),
        (None, _) => format!("{}, AWS does not say why", reason.code),
    };
    if let Some(policy) = &reason.policy {
        let _ = write!(text, ": {}", policy.rsplit('/').next().unwrap_or(policy));
    }
    text
}

/// What kind of principal it is, as a word.
fn kind(principal: &str) -> &'static str {
    match Arn::parse(principal) {
        Some(arn) if arn.is_role() || arn.resource.starts_with("assumed-role/") => "role",
        Some(arn) if arn.resource.starts_with("user/") => "user",
        _ if principal.contains(".amazon") && !principal.contains(' ') => "service",
        _ => "caller",
    }
}

/// What the diagnosis says, as a word and the rest.
fn verdict(diagnosis: &Diagnosis) -> (&'static str, Ink) {
    match diagnosis.decision {
        Decision::Allowed => ("ALLOWED", Ink::Good),
        Decision::ExplicitDeny | Decision::ImplicitDeny => ("DENIED", Ink::Bad),
        Decision::Undetermined => ("UNDETERMINED", Ink::Doubt),
    }
}

/// A finding's place: `account.json:12:5`.
fn place(span: crate::text::Span, sources: &SourceMap) -> Option<String> {
    let place = sources.place(span);
    Some(format!("{}:{}:{}", place.file?, place.line, place.column))
}

/// The lines about one group, each with a name.
fn lines(
    one: &ExplainedGroup,
    report: &TrailReport,
    sources: &SourceMap,
) -> Vec<(&'static str, String)> {
    let group = &one.group;
    let mut lines = vec![(kind(&group.principal), group.principal.clone())];
    if group.action.as_ref().is_some_and(|action| *action != group.call.operation) {
        lines.push(("call", group.call.operation.clone()));
    }
    let resource = group.resource.as_deref().unwrap_or("not told by the events");
    lines.push(("resource", resource.to_owned()));
    lines.push(("reason", reason(&group.reason)));
    if let Some(span) = span(group) {
        lines.push(("seen", span));
    }
    if !report.has_facts {
        if let Some(evidence) = one.diagnosis.evidence.as_deref() {
            if let Some(who) = &evidence.who {
                lines.push(("ask", who.clone()));
            }
            // The whole list is for one denial; here one step is enough to begin with.
            if let Some(step) = evidence.next.iter().find(|step| step.command.is_some()) {
                lines.push(("look at", step.what.clone()));
                lines.push(("", format!("$ {}", step.command.as_deref().unwrap_or_default())));
            }
        }
        return lines;
    }
    if let Some(why) = &one.not_asked {
        lines.push(("facts", why.clone()));
        return lines;
    }
    let (word, _) = verdict(&one.diagnosis);
    lines.push(("facts", format!("{word}  {}", one.diagnosis.headline)));
    // Whoever lifts what the facts show is denied again where AWS named something else.
    let agreement = one.diagnosis.evidence.as_deref().and_then(|one| one.agreement.as_ref());
    let is_told = |agrees: Option<bool>| match agrees {
        Some(agrees) => !agrees,
        None => group.reason.layer.is_some(),
    };
    if let Some(agreement) = agreement.filter(|agreement| is_told(agreement.agrees)) {
        lines.push(("but", agreement.says.join("; ")));
    }
    if !group.varies.is_empty() {
        let keys = group.varies.join(", ");
        lines.push(("but", format!("this is about the last call; others differ in {keys}")));
    }
    let errors =
        one.diagnosis.findings.iter().filter(|finding| finding.severity == Severity::Error);
    for finding in errors.take(3) {
        let mut text = format!("{} [{}]", finding.message, finding.rule);
        if let Some(place) = place(finding.primary.span, sources) {
            let _ = write!(text, " at {place}");
        }
        lines.push(("cause", text));
        if let Some(help) = &finding.help {
            lines.push(("help", help.clone()));
        }
    }
    if one.diagnosis.decision == Decision::Undetermined {
        for gap in one.diagnosis.gaps.iter().take(3) {
            lines.push(("missing", format!("{}: {}", gap.fact, gap.reason)));
        }
    }
    lines
}

fn summary(report: &TrailReport) -> String {
    let mut text = format!(
        "{} in {}",
        count(report.denials, "denial", "denials"),
        count(report.events, "event", "events"),
    );
    if report.files != 1 {
        let _ = write!(text, " of {}", count(report.files, "file", "files"));
    }
    if report.denials > 0 {
        let groups = report.all_groups as u64;
        let _ = write!(text, ", {}", count(groups, "group", "groups"));
    }
    text
}

/// What is not in the list of groups.
fn rest(report: &TrailReport) -> Option<String> {
    let shown: u64 = report.groups.iter().map(|one| one.group.count).sum();
    let more = (report.all_groups - report.groups.len()) as u64;
    (more > 0).then(|| {
        format!(
            "{} with {}: --top {} shows them",
            count(more, "more group", "more groups"),
            count(report.denials - shown, "denial", "denials"),
            report.all_groups
        )
    })
}

fn notes(report: &TrailReport) -> Vec<String> {
    let mut notes = Vec::new();
    if report.twice > 0 {
        let were = if report.twice == 1 { "is" } else { "are" };
        notes.push(format!(
            "{} {were} in more than one file and counted once",
            count(report.twice, "denial", "denials")
        ));
    }
    if !report.damaged.is_empty() {
        notes.push(format!(
            "{} could not be read whole, so there may be more",
            count(report.damaged.len() as u64, "file", "files")
        ));
    }
    notes
}

fn write_human(
    report: &TrailReport,
    sources: &SourceMap,
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut text = String::new();
    let columns = style.columns();
    hang(&mut text, "", 0, &summary(report), columns);
    for (at, one) in report.groups.iter().enumerate() {
        text.push('\n');
        let action = one.group.action.as_deref().unwrap_or(&one.group.call.operation);
        let times = count(one.group.count, "time", "times");
        let _ = writeln!(
            text,
            "{}. {}  {}",
            at + 1,
            style.paint(Ink::Strong, &clean(action)),
            style.paint(Ink::Bad, &times)
        );
        for (name, value) in lines(one, report, sources) {
            if value.starts_with("$ ") {
                // A command is copied, so that it stays on one line.
                let _ = writeln!(text, "   {}", clean(&value));
                continue;
            }
            hang(&mut text, &format!("   {name:<9} "), 13, &value, columns);
        }
    }
    if let Some(rest) = rest(report) {
        text.push('\n');
        hang(&mut text, "", 0, &rest, columns);
    }
    let notes = notes(report);
    if !notes.is_empty() {
        text.push('\n');
        notes.iter().for_each(|note| hang(&mut text, "note: ", 6, note, columns));
    }
    if !report.has_facts && !report.groups.is_empty() {
        text.push('\n');
        let hint = "to learn which statement denies, give --facts with the output of `aws iam get-account-authorization-details`";
        hang(&mut text, "", 0, hint, columns);
    }
    out.write_all(text.as_bytes())
}

/// Text in Markdown that means itself.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in clean(text).chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '*' | '_' | '[' | ']' | '|' | '#' => {
                out.push('\\');
                out.push(letter);
            }
            _ => out.push(letter),
        }
    }
    out
}

/// Text between backquotes.
fn code(text: &str) -> String {
    format!("`{}`", clean(text).replace('`', "'"))
}

fn write_markdown(
    report: &TrailReport,
    sources: &SourceMap,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut text = format!("## Denied calls\n\n{}.\n", escaped(&summary(report)));
    if !report.groups.is_empty() {
        text.push_str("\n| # | times | action | principal | resource | reason | last (UTC) |\n|--:|--:|---|---|---|---|---|\n");
    }
    let cell = |value: &str| code(value).replace('|', "\\|");
    for (at, one) in report.groups.iter().enumerate() {
        let group = &one.group;
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} |",
            at + 1,
            grouped(group.count),
            cell(group.action.as_deref().unwrap_or(&group.call.operation)),
            cell(&group.principal),
            group.resource.as_deref().map_or_else(|| "not told".to_owned(), cell),
            escaped(&reason(&group.reason)),
            group.last.map(moment).unwrap_or_default(),
        );
    }
    for (at, one) in report.groups.iter().enumerate() {
        let action = one.group.action.as_deref().unwrap_or(&one.group.call.operation);
        let _ = write!(
            text,
            "\n### {}. {}, {}\n\n",
            at + 1,
            escaped(action),
            count(one.group.count, "time", "times")
        );
        for (name, value) in lines(one, report, sources) {
            let is_name =
                matches!(name, "role" | "user" | "service" | "caller" | "call" | "resource");
            let value = if is_name { code(&value) } else { escaped(&value) };
            let _ = writeln!(text, "- {name}: {value}");
        }
    }
    for line in rest(report).into_iter().chain(notes(report)) {
        let _ = write!(text, "\n{}.\n", escaped(&line));
    }
    out.write_all(text.as_bytes())
}

#[derive(Serialize)]
struct TrailV1<'a> {
    version: u32,
    events: u64,
    denials: u64,
    counted_once: u64,
    groups_in_all: usize,
    groups: GroupsV1<'a>,
    files: FilesV1<'a>,
}

#[derive(Serialize)]
struct FilesV1<'a> {
    read: u64,
    skipped: u64,
    digests: u64,
    damaged: Vec<DamagedV1<'a>>,
}

#[derive(Serialize)]
struct DamagedV1<'a> {
    file: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
struct GroupV1<'a> {
    count: u64,
    first: Option<String>,
    last: Option<String>,
    principal: &'a str,
    action: Option<&'a str>,
    resource: Option<&'a str>,
    reason: ReasonV1<'a>,
    last_call: CallV1<'a>,
    context_varies: &'a [&'static str],
    not_asked: Option<&'a str>,
    diagnosis: Single<'a>,
}

#[derive(Serialize)]
struct ReasonV1<'a> {
    code: &'a str,
    kind: Option<&'static str>,
    policy_type: Option<&'static str>,
    policy_arn: Option<&'a str>,
}

#[derive(Serialize)]
struct CallV1<'a> {
    event_id: &'a str,
    operation: &'a str,
    caller: Option<&'a str>,
}

/// The groups, each put into its form when it is written, so that there is one at a time.
struct GroupsV1<'a> {
    report: &'a TrailReport,
    sources: &'a SourceMap,
}

impl Serialize for GroupsV1<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.report.groups.iter().map(|one| GroupV1::of(one, self.sources)))
    }
}

impl<'a> GroupV1<'a> {
    fn of(one: &'a ExplainedGroup, sources: &'a SourceMap) -> Self {
        let group = &one.group;
        Self {
            count: group.count,
            first: group.first.map(|time| time.to_string()),
            last: group.last.map(|time| time.to_string()),
            principal: &group.principal,
            action: group.action.as_deref(),
            resource: group.resource.as_deref(),
            reason: ReasonV1 {
                code: &group.reason.code,
                kind: group.reason.kind.map(DenialKind::id),
                policy_type: group.reason.layer.map(|layer| layer.id()),
                policy_arn: group.reason.policy.as_deref(),
            },
            last_call: CallV1 {
                event_id: &group.call.event_id,
                operation: &group.call.operation,
                caller: group.call.caller.as_deref(),
            },
            context_varies: &group.varies,
            not_asked: one.not_asked.as_deref(),
            diagnosis: single(&one.diagnosis, sources),
        }
    }
}

fn write_json(
    report: &TrailReport,
    sources: &SourceMap,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let damaged = report.damaged.iter().map(|(file, message)| DamagedV1 { file, message });
    let value = TrailV1 {
        version: VERSION,
        events: report.events,
        denials: report.denials,
        counted_once: report.twice,
        groups_in_all: report.all_groups,
        groups: GroupsV1 { report, sources },
        files: FilesV1 {
            read: report.files,
            skipped: report.skipped,
            digests: report.digests,
            damaged: damaged.collect(),
        },
    };
    stream_value(&value, out)
}
