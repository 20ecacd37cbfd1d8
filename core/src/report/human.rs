//! The report that a person reads: the answer, the checklist, the findings, and what is not visible.
//!
//! Words come first, symbols and colour second, so that it reads well without either of them.

use std::fmt::Write as _;
use std::io;

use super::Style;
use super::layout::{Ink, clean, hang, width, wrap};
use super::snippet::{self, Mark};
use crate::eval::Decision;
use crate::finding::{Comparison, Diagnosis, Finding, Gate, GateReport, Outcome, Party, Severity};
use crate::layers::Gap;
use crate::policy::Effect;
use crate::text::{SourceMap, Span};

/// Writes diagnoses, with an empty line between them.
pub(super) fn write(
    diagnoses: &[Diagnosis],
    sources: &SourceMap,
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut text = String::new();
    push_chain(&mut text, diagnoses, style);
    // The hops of a chain that are in order have been told in one line.
    let told = |diagnosis: &&Diagnosis| {
        style.verbose || diagnosis.hop.is_none() || diagnosis.decision != Decision::Allowed
    };
    for (index, diagnosis) in diagnoses.iter().filter(told).enumerate() {
        if index > 0 || diagnosis.hop.is_some() {
            text.push('\n');
        }
        if let Some(hop) = diagnosis.hop {
            hang(&mut text, "hop ", 4, &format!("{hop}: {}", diagnosis.title), style.columns());
        }
        if let Some(name) = &diagnosis.name {
            hang(&mut text, "case: ", 6, name, style.columns());
        }
        push_answer(&mut text, diagnosis, style);
        if diagnosis.is_bare {
            if diagnosis.evidence.as_ref().is_some_and(|one| one.record.is_some()) {
                push_checklist(&mut text, diagnosis, style);
            }
            for finding in &diagnosis.findings {
                text.push('\n');
                push_finding(&mut text, finding, sources, style);
            }
            super::evidence::push(&mut text, diagnosis, sources, style);
            continue;
        }
        push_checklist(&mut text, diagnosis, style);
        for finding in &diagnosis.findings {
            text.push('\n');
            push_finding(&mut text, finding, sources, style);
        }
        push_doubts(&mut text, diagnosis, style);
        push_settlements(&mut text, diagnosis, style);
        push_blockers(&mut text, diagnosis, style);
        push_gaps(&mut text, diagnosis, style);
        for hint in &diagnosis.hints {
            hang(&mut text, "hint: ", 6, hint, style.columns());
        }
        super::evidence::push(&mut text, diagnosis, sources, style);
        if style.verbose {
            push_details(&mut text, diagnosis, sources, style);
        }
    }
    out.write_all(text.as_bytes())
}

/// Adds a line for each hop of a role chain.
fn push_chain(text: &mut String, diagnoses: &[Diagnosis], style: &Style) {
    let hops = diagnoses.iter().filter(|diagnosis| diagnosis.hop.is_some());
    let fails = hops.clone().find(|hop| hop.decision.is_denied());
    let open = hops.clone().find(|hop| hop.decision == Decision::Undetermined);
    let count = hops.clone().count();
    if count == 0 {
        return;
    }
    let (ink, word, rest) = match (fails, open) {
        (Some(hop), _) => {
            (Ink::Bad, "DENIED", format!("at hop {} of {count}", hop.hop.unwrap_or(0)))
        }
        (None, Some(hop)) => {
            (Ink::Doubt, "UNDETERMINED", format!("at hop {} of {count}", hop.hop.unwrap_or(0)))
        }
        (None, None) => (Ink::Good, "ALLOWED", format!("all {count} hops")),
    };
    let _ = writeln!(text, "{}  {rest}", style.paint(ink, word));
    for hop in hops {
        let (word, ink) = match hop.decision {
            Decision::Allowed => ("ok", Ink::Good),
            Decision::Undetermined => ("?", Ink::Doubt),
            Decision::ExplicitDeny | Decision::ImplicitDeny => ("FAILED", Ink::Bad),
        };
        let pad = 6 - word.len();
        let number = hop.hop.unwrap_or(0);
        let prefix = format!("  {number:>2}  {}{:pad$}  ", style.paint(ink, word), "");
        hang(text, &prefix, 14, &hop.title, style.columns());
    }
}

fn push_answer(text: &mut String, diagnosis: &Diagnosis, style: &Style) {
    let (word, ink, kind) = match diagnosis.decision {
        Decision::Allowed => ("ALLOWED", Ink::Good, ""),
        Decision::ExplicitDeny => ("DENIED", Ink::Bad, "explicit deny"),
        Decision::ImplicitDeny => ("DENIED", Ink::Bad, "implicit deny"),
        Decision::Undetermined => ("UNDETERMINED", Ink::Doubt, ""),
    };
    let between = if kind.is_empty() || diagnosis.headline.is_empty() { "" } else { ", " };
    let line = format!("{kind}{between}{}", diagnosis.headline);
    let prefix = format!("{}  ", style.paint(ink, word));
    hang(text, &prefix, word.len() + 2, &line, style.columns());
    let relation = match diagnosis.same_account {
        Some(true) => "(same account)",
        Some(false) => "(another account)",
        None => "",
    };
    let lines = [
        ("caller", &diagnosis.principal, ""),
        ("action", &diagnosis.action, ""),
        ("resource", &diagnosis.resource, relation),
    ];
    for (title, value, note) in lines {
        // An error text need not name all three.
        if value.is_empty() {
            continue;
        }
        let value = clean(value);
        let _ = write!(text, "  {title:<8}  {value}");
        if !note.is_empty() {
            let fits = 12 + width(&value) + 3 + note.len() <= style.columns();
            let gap = if fits { "   " } else { "\n            " };
            let _ = write!(text, "{gap}{note}");
        }
        text.push('\n');
    }
    if let Some(identity) = &diagnosis.identity {
        let columns = style.columns();
        if !identity.is_caller {
            let line = format!("{}   you are not who was denied", clean(&identity.arn));
            hang(text, "  you       ", 12, &line, columns);
        }
        if !identity.source.is_empty() {
            hang(text, "  source    ", 12, &clean(&identity.source), columns);
        }
    }
}

fn push_checklist(text: &mut String, diagnosis: &Diagnosis, style: &Style) {
    if diagnosis.gates.is_empty() {
        return;
    }
    text.push('\n');
    let title_width =
        diagnosis.gates.iter().map(|report| report.gate.title().len()).max().unwrap_or(0);
    // Steps that are about another kind of call say nothing here.
    let plays = |report: &GateReport| report.outcome != Outcome::NotApplicable;
    let assumes = diagnosis.gates.iter().any(|one| one.gate == Gate::TrustPolicy && plays(one));
    let elsewhere = |report: &&GateReport| match report.gate {
        Gate::RoleArn | Gate::TrustPolicy | Gate::Parameters => !plays(report),
        Gate::ResourcePolicy => assumes && !plays(report),
        _ => false,
    };
    for report in diagnosis.gates.iter().filter(|report| style.verbose || !elsewhere(report)) {
        let (word, ink) = match report.outcome {
            Outcome::Passed => ("ok", Ink::Good),
            Outcome::Failed => ("FAILED", Ink::Bad),
            Outcome::Inconclusive => ("?", Ink::Doubt),
            Outcome::NotApplicable => ("n/a", Ink::Faint),
        };
        let pad = 6 - word.len();
        let title = report.gate.title();
        let prefix = format!("  {}{:pad$}  {title:<title_width$}  ", style.paint(ink, word), "");
        hang(text, &prefix, 12 + title_width, &report.summary, style.columns());
    }
}

pub(super) fn push_finding(
    text: &mut String,
    finding: &Finding,
    sources: &SourceMap,
    style: &Style,
) {
    push_message(text, finding.severity, Some(finding.rule), &finding.message, style);
    let mut marks =
        vec![Mark { span: finding.primary.span, text: &finding.primary.text, primary: true }];
    marks.extend(finding.secondary.iter().map(|label| Mark {
        span: label.span,
        text: &label.text,
        primary: false,
    }));
    snippet::draw(text, &marks, finding.severity, sources, style);
    if let Some(comparison) = &finding.compare {
        push_comparison(text, comparison, style);
    }
    if let Some(help) = &finding.help {
        push_help(text, help, style);
    }
    // Help that begins with whom to ask has said it.
    let asked = finding.help.as_ref().is_some_and(|help| help.starts_with("ask "));
    if let Some(owner) = finding.owner.filter(|_| !asked) {
        let prefix = format!("  {}   ", style.paint(Ink::Note, "who:"));
        hang(text, &prefix, 9, person(owner), style.columns());
    }
}

/// Adds two texts one below the other, and a mark below the first character that differs.
fn push_comparison(text: &mut String, comparison: &Comparison, style: &Style) {
    let line = |text: &mut String, title: &str, value: &str| {
        let _ = writeln!(text, "  {title:<8} {}", style.paint(Ink::Strong, &clean(value)));
    };
    let mark = |text: &mut String, value: &str, at: usize| {
        let before: String = value.chars().take(at).collect();
        let pad = 11 + width(&clean(&before));
        let _ = writeln!(text, "{:pad$}{}", "", style.paint(Ink::Bad, "^ differs from here"));
    };
    line(text, "request", &comparison.request);
    let other = comparison.request_at.filter(|at| *at != comparison.policy_at);
    if let Some(at) = other {
        mark(text, &comparison.request, at);
    }
    line(text, "policy", &comparison.policy);
    mark(text, &comparison.policy, comparison.policy_at);
}

/// Whom to ask.
fn person(party: Party) -> &'static str {
    match party {
        Party::Yourself => "whoever makes the call",
        Party::CallerAccount => "an administrator of the caller's account",
        Party::RoleAccount => "an administrator of the account that owns the role",
        Party::ResourceAccount => "an administrator of the account that owns the resource",
        Party::Organization => "an administrator of the organization",
        Party::EndpointOwner => "the owner of the VPC endpoint",
    }
}

/// Adds `error[rule-id]: message`.
pub(super) fn push_message(
    text: &mut String,
    severity: Severity,
    rule: Option<&str>,
    message: &str,
    style: &Style,
) {
    let (word, ink) = match severity {
        Severity::Error => ("error", Ink::Bad),
        Severity::Warning => ("warning", Ink::Doubt),
        Severity::Note => ("note", Ink::Note),
    };
    let head = rule.map_or_else(|| word.to_owned(), |rule| format!("{word}[{rule}]"));
    let message = clean(message);
    // The message starts behind the rule's id, and goes on at a small indent.
    let first = style.columns().saturating_sub(head.len() + 2);
    let lines = wrap(&message, first, style.columns().saturating_sub(4));
    let is_wide = lines.first().is_some_and(|line| width(line) > first);
    let _ = write!(text, "{}:{}", style.paint(ink, &head), if is_wide { "\n" } else { " " });
    for (index, line) in lines.iter().enumerate() {
        let indent = if index == 0 && !is_wide { "" } else { "    " };
        let _ = writeln!(text, "{indent}{}", style.paint(Ink::Strong, line));
    }
}

/// Adds `help: …`.
pub(super) fn push_help(text: &mut String, help: &str, style: &Style) {
    let prefix = format!("  {}  ", style.paint(Ink::Note, "help:"));
    hang(text, &prefix, 9, help, style.columns());
}

/// Adds what to say to whom, and the call to make then. A single thing has been said by its finding.
fn push_blockers(text: &mut String, diagnosis: &Diagnosis, style: &Style) {
    let things: usize = diagnosis.blockers.iter().map(|blocker| blocker.asks.len()).sum();
    if things > 1 {
        let title = style.paint(Ink::Strong, "to lift it, all of these:");
        let _ = writeln!(text, "\n{title}");
        for blocker in &diagnosis.blockers {
            let account = blocker.account.as_ref();
            let account = account.map_or_else(String::new, |account| format!(" ({account})"));
            for ask in &blocker.asks {
                let line = format!("{}{account}: {ask}", person(blocker.owner));
                hang(text, "  - ", 4, &line, style.columns());
            }
        }
    }
    if let Some(command) = &diagnosis.retry {
        let title = if diagnosis.decision.is_denied() { "then retry:" } else { "to try it:" };
        hang(text, &format!("\n{} ", style.paint(Ink::Strong, title)), 4, command, style.columns());
    }
}

/// Adds what to check where AWS gave another answer.
fn push_doubts(text: &mut String, diagnosis: &Diagnosis, style: &Style) {
    if diagnosis.doubts.is_empty() {
        // Nobody asks because it worked.
        if diagnosis.decision == Decision::Allowed
            && diagnosis.evidence.is_none()
            && diagnosis.hop.is_none()
        {
            let line = "AWS denied it all the same? A change made seconds before may not be everywhere yet, or somebody else called: `--but-denied` says what to check";
            text.push('\n');
            hang(text, "", 0, line, style.columns());
        }
        return;
    }
    let title = style.paint(Ink::Strong, "AWS denied it all the same; check, the likeliest first:");
    let _ = writeln!(text, "\n{title}");
    for (index, doubt) in diagnosis.doubts.iter().enumerate() {
        hang(text, &format!(" {:>2}. ", index + 1), 5, &doubt.text, style.columns());
        hang(text, "     check: ", 12, &doubt.check, style.columns());
    }
}

/// Adds what would settle an open answer. That layers out of view have to allow it goes without
/// saying where nothing else is open.
fn push_settlements(text: &mut String, diagnosis: &Diagnosis, style: &Style) {
    let allows = |text: &str| text.ends_with(" allow it") || text.ends_with(" allows it");
    let mut suppositions = diagnosis.settlements.iter().flat_map(|one| &one.suppositions);
    if suppositions.all(|one| allows(&one.text)) && !style.verbose {
        return;
    }
    for (index, settlement) in diagnosis.settlements.iter().enumerate() {
        let (title, ink) = match settlement.decision.is_denied() {
            true => ("denied if", Ink::Bad),
            false => ("allowed if", Ink::Good),
        };
        // What several layers have to do is said once.
        let all = || settlement.suppositions.iter().map(|one| one.text.as_str());
        let layers: Vec<_> = all().filter(|text| allows(text)).collect();
        let mut facts: Vec<_> = all().filter(|text| !allows(text)).map(str::to_owned).collect();
        match layers.as_slice() {
            [] => {}
            [one] => facts.push((*one).to_owned()),
            several => {
                let names = several
                    .iter()
                    .map(|one| one.rsplit_once(" allow").map_or(*one, |(name, _)| name));
                facts.push(format!(
                    "all of these allow it: {}",
                    names.collect::<Vec<_>>().join("; ")
                ));
            }
        }
        let gap = if index == 0 { "\n" } else { "" };
        let prefix = format!("{gap}{} ", style.paint(ink, title));
        hang(text, &prefix, 11, &facts.join(", and "), style.columns());
    }
}

/// Adds what could not be learned; facts with the same reason and remedy share one entry.
fn push_gaps(text: &mut String, diagnosis: &Diagnosis, style: &Style) {
    let gaps = &diagnosis.gaps;
    if gaps.is_empty() {
        return;
    }
    text.push('\n');
    let title = style.paint(Ink::Doubt, "not visible:");
    if diagnosis.decision.is_denied() && !style.verbose {
        let facts: Vec<_> = gaps.iter().map(|gap| gap.fact.as_str()).collect();
        let line = format!(
            "{}. It is denied whatever they say; --verbose says how to supply them",
            facts.join("; ")
        );
        hang(text, &format!("{title} "), 13, &line, style.columns());
        return;
    }
    let _ = writeln!(text, "{title}");
    let mut groups: Vec<(&Gap, Vec<&str>)> = Vec::new();
    for gap in gaps {
        match groups.iter_mut().find(|(g, _)| (&g.reason, &g.supply) == (&gap.reason, &gap.supply))
        {
            Some((_, facts)) => facts.push(&gap.fact),
            None => groups.push((gap, vec![&gap.fact])),
        }
    }
    for (gap, facts) in groups {
        let line = format!("{}: {}", facts.join(", "), gap.reason);
        hang(text, "  - ", 4, &line, style.columns());
        if !gap.supply.is_empty() {
            hang(text, "    supply: ", 12, &gap.supply, style.columns());
        }
    }
}

/// Adds the statements that decide, and the request context.
fn push_details(text: &mut String, diagnosis: &Diagnosis, sources: &SourceMap, style: &Style) {
    if !diagnosis.statements.is_empty() {
        text.push_str("\nstatements that decide:\n");
    }
    for statement in &diagnosis.statements {
        let effect = match statement.effect {
            Effect::Allow => "Allow",
            Effect::Deny => "Deny",
        };
        let sid = statement.sid.as_deref().map_or(String::new(), |sid| format!(" `{sid}`"));
        let line = format!(
            "{effect}{sid} of {} ({}), {}",
            statement.policy,
            statement.policy_type.name(),
            whereabouts(sources, statement.span),
        );
        let prefix = format!("  {:<7}  ", statement.role.id());
        hang(text, &prefix, 11, &line, style.columns());
    }
    if !diagnosis.context.is_empty() {
        text.push_str("\nrequest context:\n");
    }
    for (key, values) in &diagnosis.context {
        hang(text, "  ", 4, &format!("{key} = {}", values.join(", ")), style.columns());
    }
}

fn whereabouts(sources: &SourceMap, span: Span) -> String {
    let place = sources.place(span);
    match place.file {
        Some(file) => format!("{file}:{}:{}", place.line, place.column),
        None => sources.name(sources.to_host(span).source).to_owned(),
    }
}
