//! The reports of `why-denied check`, one file for each format. They are written file by file while the
//! check goes on, so that their size plays no part in how much memory it takes.

mod concise;
mod github;
mod gitlab;
mod human;
mod json;
mod junit;
mod markdown;
mod sarif;

use std::fmt::Write as _;
use std::io;

use super::Style;
use super::junit::Suite;
use super::layout::{Ink, clean};
use crate::check::{Checked, State, Summary};
use crate::finding::Severity;
use crate::text::{SourceMap, Span};

/// How the findings of a check are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckFormat {
    /// For a person at a terminal.
    Human,
    /// A line for each finding.
    Concise,
    /// For scripts.
    Json,
    /// For code scanning services: SARIF 2.1.0.
    Sarif,
    /// Workflow commands of GitHub Actions.
    Github,
    /// GitLab's code quality report.
    Gitlab,
    /// For CI servers.
    Junit,
    /// For the summary of a job.
    Markdown,
}

/// What the options say of a report.
#[derive(Clone, Copy, Debug)]
pub struct CheckStyle {
    /// The format.
    pub format: CheckFormat,
    /// Width, colour, character set.
    pub style: Style,
    /// Whether to say how many findings there are of each rule, in place of the findings.
    pub statistics: bool,
}

/// Writes one report.
#[derive(Debug)]
pub struct CheckReport {
    style: CheckStyle,
    /// How many findings were written.
    written: usize,
    /// What is written at the end.
    suites: Vec<Suite>,
}

impl CheckReport {
    /// One that has written nothing.
    pub fn new(style: CheckStyle) -> Self {
        Self { style, written: 0, suites: Vec::new() }
    }

    /// Writes what comes before all findings.
    ///
    /// # Errors
    /// If `out` does not take the text.
    pub fn begin(&mut self, out: &mut dyn io::Write) -> io::Result<()> {
        match self.style.format {
            CheckFormat::Json => json::begin(out),
            CheckFormat::Sarif => sarif::begin(out),
            _ => Ok(()),
        }
    }

    /// Writes the findings of one file.
    ///
    /// # Errors
    /// If `out` does not take the text.
    pub fn file(
        &mut self,
        checked: &[Checked],
        sources: &SourceMap,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        if self.style.format == CheckFormat::Junit {
            self.suites.extend(junit::suite(checked, sources));
            return Ok(());
        }
        let quiet = matches!(
            self.style.format,
            CheckFormat::Human | CheckFormat::Concise | CheckFormat::Markdown
        );
        for one in checked {
            // What somebody has answered is for machines, and for whoever asks.
            let answered = matches!(one.state, State::Ignored { .. });
            let hidden = answered && !self.style.style.verbose;
            if quiet && (self.style.statistics || hidden) {
                continue;
            }
            let first = self.written == 0;
            match self.style.format {
                CheckFormat::Human => human::finding(one, sources, &self.style.style, first, out)?,
                CheckFormat::Concise => concise::finding(one, sources, out)?,
                CheckFormat::Json => json::finding(one, sources, first, out)?,
                CheckFormat::Sarif => sarif::finding(one, sources, first, out)?,
                CheckFormat::Github => github::finding(one, sources, out)?,
                CheckFormat::Gitlab => {
                    if !gitlab::finding(one, sources, first, out)? {
                        continue;
                    }
                }
                CheckFormat::Markdown => markdown::finding(one, sources, first, out)?,
                CheckFormat::Junit => {}
            }
            self.written += 1;
        }
        Ok(())
    }

    /// Writes what comes after all findings.
    ///
    /// # Errors
    /// If `out` does not take the text.
    pub fn end(&mut self, summary: &Summary, out: &mut dyn io::Write) -> io::Result<()> {
        match self.style.format {
            CheckFormat::Json => json::end(summary, self.written, out),
            CheckFormat::Github => Ok(()),
            CheckFormat::Sarif => sarif::end(self.written, out),
            CheckFormat::Gitlab => gitlab::end(self.written, out),
            CheckFormat::Junit => junit::end(std::mem::take(&mut self.suites), out),
            CheckFormat::Markdown => markdown::end(summary, self.written, out),
            CheckFormat::Human | CheckFormat::Concise => {
                let mut text = String::new();
                if self.style.statistics {
                    push_statistics(&mut text, summary);
                }
                if self.written > 0 || (self.style.statistics && !summary.rules.is_empty()) {
                    text.push('\n');
                }
                let ink = match summary.open.keys().next() {
                    Some(Severity::Error) => Ink::Bad,
                    Some(_) => Ink::Doubt,
                    None => Ink::Good,
                };
                let line = summary_line(summary);
                let _ = writeln!(text, "{}", self.style.style.paint(ink, &line));
                out.write_all(text.as_bytes())
            }
        }
    }
}

fn push_statistics(text: &mut String, summary: &Summary) {
    let mut rows: Vec<_> = summary.rules.iter().collect();
    rows.sort_by_key(|(rule, count)| (std::cmp::Reverse(**count), **rule));
    for (rule, count) in rows {
        let _ = writeln!(text, "{count:>6}  {rule}");
    }
}

/// `1 error, 2 warnings in 12 files with 30 policies`.
fn summary_line(summary: &Summary) -> String {
    let counted = |count: usize, one: &str| match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {}", plural(one)),
    };
    let found: Vec<_> = (summary.open.iter())
        .filter(|(_, count)| **count > 0)
        .map(|(severity, count)| counted(*count, severity.id()))
        .collect();
    let found = if found.is_empty() { "no findings".to_owned() } else { found.join(", ") };
    let mut line = format!(
        "{found} in {} of {}",
        counted(summary.policies, "policy"),
        counted(summary.files, "file")
    );
    if summary.old > 0 {
        let _ = write!(line, "; {} in the baseline", summary.old);
    }
    if summary.ignored > 0 {
        let _ = write!(line, "; {} ignored", summary.ignored);
    }
    if summary.gone > 0 {
        let _ = write!(line, "; {} of the baseline mended", summary.gone);
    }
    if summary.others > 0 {
        let verb = if summary.others == 1 { "holds" } else { "hold" };
        let _ = write!(line, "; {} {verb} no policy", counted(summary.others, "other file"));
    }
    line
}

fn plural(noun: &str) -> String {
    match noun.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{noun}s"),
    }
}

/// Where a finding is, as most formats say it.
struct Position<'s> {
    file: &'s str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

fn position(span: Span, sources: &SourceMap) -> Position<'_> {
    let host = sources.to_host(span);
    let place = sources.place(span);
    let (end_line, end_column) = sources.line_and_column(host.source, place.end);
    Position {
        file: place.file.unwrap_or_else(|| sources.name(host.source)),
        line: place.line,
        column: place.column,
        end_line,
        end_column,
    }
}

/// The message in one line, and whether it is an old one.
fn message(checked: &Checked) -> String {
    let note = match &checked.state {
        State::Open => String::new(),
        State::Old => " (in the baseline)".to_owned(),
        State::Ignored { reason, .. } => format!(" (ignored: {reason})"),
    };
    format!("{}{note}", clean(&checked.finding.message))
}
