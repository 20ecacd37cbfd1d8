//! `why-denied trail`: what a trail says was denied, and why.

mod files;
pub(super) mod when;

use std::io::{IsTerminal as _, Write};
use std::path::PathBuf;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Timestamp;

use crate::collect::assemble::Assembler;
use crate::collect::layer_files::LayerFiles;
use crate::collect::usable_roles::usable_roles;
use crate::collect::{self, InputError};
use crate::diagnose::diagnose;
use crate::evidence::{agreement, bare, evidence, is_about_policies};
use crate::message::{self, Denial, ErrorClass};
use crate::report::{self, ExplainedGroup, TrailReport};
use crate::snapshot::Snapshot;
use crate::text::{SourceMap, Span, Spanned};
use crate::trail::{self, Filter, Group, Groups};

use super::args::{SqlDialect, TrailArgs, TrailFormat};
use super::diagnose::complain;
use super::{Failure, Output, Status};

/// Where the codes of events are described.
const CODES_PAGE: &str = "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html";
/// So many groups are shown where nobody says how many.
const TOP: usize = 10;

pub(super) fn run(args: &TrailArgs, output: Output) -> Result<Status, Failure> {
    let filter = filter(args, Timestamp::now())?;
    if let Some(dialect) = args.sql {
        let query = query(args, dialect, &filter)?;
        output.result(&[], |out| out.write_all(query.as_bytes()))?;
        return Ok(Status::Good);
    }
    let found = files::find(&args.paths);
    let mut groups = Groups::new(filter);
    let read = {
        let bar = bar(&output, found.files.iter().map(|file| file.size).sum());
        let read = files::read(&found.files, &mut groups, &mut |bytes| bar.inc(bytes));
        bar.finish_and_clear();
        read
    };
    let mut sources = SourceMap::default();
    let mut status = complain(&found.errors, &sources, &output);
    status = status.worse(damaged(&read, &sources, &output));
    if read.unknown > 0 && !output.style.verbose {
        let count = read.unknown;
        output.warn(&format!(
            "{count} {} no CloudTrail events; --verbose lists them",
            if count == 1 { "file of the folders holds" } else { "files of the folders hold" }
        ));
    }
    if output.style.verbose {
        read.skipped.iter().for_each(|(path, why)| {
            output.warn(&format!("{}: left out: {why}", path.display()));
        });
    }
    if read.files == 0 && read.damaged.is_empty() && found.errors.is_empty() {
        status = complain(&nothing_found(&args.paths, &read), &sources, &output);
    }
    let (denials, twice) = groups.totals();
    let groups = groups.finish();
    let all_groups = groups.len();
    let top = args.top.unwrap_or(match args.format {
        TrailFormat::Json => usize::MAX,
        TrailFormat::Human | TrailFormat::Markdown => TOP,
    });
    let shown = groups.into_iter().take(top).collect();
    let (groups, facts) = explain(args, shown, &mut sources, &output);
    status = status.worse(facts);
    let report = TrailReport {
        groups,
        all_groups,
        denials,
        events: read.events,
        twice,
        files: read.files,
        skipped: read.unknown + read.digests,
        digests: read.digests,
        damaged: read
            .damaged
            .iter()
            .map(|one| (one.path.display().to_string(), one.says()))
            .collect(),
        has_facts: !args.facts.is_empty(),
    };
    let format = match args.format {
        TrailFormat::Human => report::TrailFormat::Human,
        TrailFormat::Json => report::TrailFormat::Json,
        TrailFormat::Markdown => report::TrailFormat::Markdown,
    };
    let write =
        |out: &mut dyn Write| report::write_trail(format, &report, &sources, &output.style, out);
    if output.redact {
        // Names are masked wherever they stand, for which all of it has to be there.
        let names: Vec<String> = report
            .groups
            .iter()
            .filter_map(|one| one.group.principal.rsplit('/').next().map(str::to_owned))
            .collect();
        output.result(&names, write)?;
    } else {
        let mut out = output.stream()?;
        write(&mut *out)?;
        out.flush()?;
    }
    // The process ends here, and gives back at once what a thousand groups would piece by piece.
    std::mem::forget((report, sources));
    Ok(status.worse(if denials > 0 { Status::Denied } else { Status::Good }))
}

fn filter(args: &TrailArgs, now: Timestamp) -> Result<Filter, Failure> {
    let moment = |option: &str, text: &Option<String>| {
        match text {
        None => Ok(None),
        Some(text) => when::read(text, now).map(Some).ok_or_else(|| {
            Failure::Usage(format!(
                "`{option} {text}`: write a moment such as `2026-11-23T10:00:00Z`, a day such as `2026-11-23`, or how long ago, such as `24h` or `7d`"
            ))
        }),
    }
    };
    Ok(Filter {
        since: moment("--since", &args.since)?,
        until: moment("--until", &args.until)?,
        principals: args.principal.clone(),
        actions: args.action.clone(),
    })
}

/// The query for what the filter wants.
fn query(args: &TrailArgs, dialect: SqlDialect, filter: &Filter) -> Result<String, Failure> {
    let (dialect, from) = match dialect {
        SqlDialect::Athena => {
            let table = args.table.as_deref().unwrap_or("cloudtrail_logs");
            (trail::Dialect::Athena, vec![table.to_owned()])
        }
        SqlDialect::Lake => {
            let store = args.table.as_deref().ok_or_else(|| {
                Failure::Usage("`--sql lake`: say which event data store with `--table ID`; `aws cloudtrail list-event-data-stores` lists them".to_owned())
            })?;
            // An ARN ends with the id.
            let id = store.rsplit('/').next().unwrap_or(store);
            let is_id = !id.is_empty()
                && id
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'$'));
            if !is_id {
                return Err(Failure::Usage(format!(
                    "`--table {store}`: it is no id of an event data store"
                )));
            }
            (trail::Dialect::Lake, vec![id.to_owned()])
        }
        SqlDialect::Duckdb => {
            if args.table.is_some() {
                return Err(Failure::Usage(
                    "`--table`: DuckDB reads the files themselves; give their folder as PATH"
                        .to_owned(),
                ));
            }
            let paths =
                if args.paths.is_empty() { vec!["AWSLogs".into()] } else { args.paths.clone() };
            let files = paths.iter().map(|path| {
                let text = path.to_string_lossy();
                let is_file =
                    text.contains('*') || text.ends_with(".json") || text.ends_with(".gz");
                match is_file {
                    true => text.into_owned(),
                    false => format!("{}/**/*.json.gz", text.trim_end_matches('/')),
                }
            });
            (trail::Dialect::DuckDb, files.collect())
        }
    };
    Ok(trail::query(dialect, &from, filter))
}

/// A progress bar, where somebody watches.
fn bar(output: &Output, bytes: u64) -> ProgressBar {
    if output.quiet || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stderr_with_hz(8));
    let template = if output.style.unicode {
        "reading {wide_bar} {percent:>3} % of {total_bytes}, {eta} left"
    } else {
        "reading {percent:>3} % of {total_bytes}, {eta} left"
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}

/// What is said where there is no CloudTrail: something may have been denied, and nobody knows.
fn nothing_found(paths: &[PathBuf], read: &files::Read) -> Vec<InputError> {
    let what = if read.digests > 0 {
        "only digests of CloudTrail are in it, and no events"
    } else {
        "no events of CloudTrail are in it"
    };
    paths.iter().map(|path| InputError::of(path, what).help(files::WANTED)).collect()
}

/// Says which files could not be read to their end.
fn damaged(read: &files::Read, sources: &SourceMap, output: &Output) -> Status {
    const SHOWN: usize = 20;
    let limit = if output.style.verbose { usize::MAX } else { SHOWN };
    let errors: Vec<InputError> =
        read.damaged.iter().take(limit).map(files::Damaged::error).collect();
    let status = complain(&errors, sources, output);
    if read.damaged.len() > limit {
        output.warn(&format!(
            "{} more files are damaged; --verbose lists them",
            read.damaged.len() - limit
        ));
    }
    status
}

/// Why each group was denied: by the facts where there are some, else by AWS's own words.
fn explain(
    args: &TrailArgs,
    groups: Vec<Group>,
    sources: &mut SourceMap,
    output: &Output,
) -> (Vec<ExplainedGroup>, Status) {
    if args.facts.is_empty() {
        let explained = groups.into_iter().map(|group| {
            let diagnosis = bare(&said(&group, sources));
            ExplainedGroup { group, diagnosis, not_asked: None }
        });
        return (explained.collect(), Status::Good);
    }
    let collected = collect::read_paths(sources, &args.facts);
    let status = complain(&collected.errors, sources, output);
    let loose = collected.snapshot.note_on_loose_policies(sources, &[]);
    collected.notes.iter().chain(&loose).for_each(|note| output.warn(note));
    if collected.recognised.is_empty() && status == Status::Good {
        output.warn("nothing in the facts was recognised; `--facts` takes policies and what the AWS CLI prints about IAM, such as the output of `aws iam get-account-authorization-details`");
    }
    let asked: Vec<_> = groups
        .into_iter()
        .map(|group| {
            let denial = said(&group, sources);
            let request = trail::request(&group, sources);
            (group, denial, request)
        })
        .collect();
    let snapshot = &collected.snapshot;
    let mut assembler = Assembler::new(snapshot, sources, LayerFiles::default());
    let explained = asked.into_iter().enumerate().map(|(at, (group, denial, request))| {
        explain_one(group, &denial, request, snapshot, &mut assembler, at < TOP)
    });
    let explained = explained.collect();
    assembler.take_notes().iter().for_each(|note| output.warn(note));
    (explained, status)
}

fn explain_one(
    group: Group,
    denial: &Denial,
    request: Result<crate::request::Request, String>,
    snapshot: &Snapshot,
    assembler: &mut Assembler<'_>,
    is_first: bool,
) -> ExplainedGroup {
    let request = if is_about_policies(denial) {
        request
    } else {
        Err("it is about the credentials or the call itself, not about policies".to_owned())
    };
    let mut request = match request {
        Ok(request) => request,
        Err(why) => {
            let not_asked = Some(format!("not asked: {why}"));
            return ExplainedGroup { group, diagnosis: bare(denial), not_asked };
        }
    };
    let layers = assembler.layers(&mut request);
    // Every role is tried for each of these, so that it is done for what matters most.
    let roles = if request.is_assume_role() || !is_first {
        Vec::new()
    } else {
        usable_roles(snapshot, assembler, &request)
    };
    let mut diagnosis = diagnose(&request, &layers, &|| roles.clone());
    let mut found = evidence(denial);
    found.agreement = Some(agreement(denial, &diagnosis, &layers));
    diagnosis.evidence = Some(Box::new(found));
    ExplainedGroup { group, diagnosis, not_asked: None }
}

/// What AWS said to the last call of a group.
pub(super) fn said(group: &Group, sources: &mut SourceMap) -> Denial {
    let call = &group.call;
    let operation = call.operation.split(':').nth(1).unwrap_or(&call.operation);
    let text = format!(
        "An error occurred ({}) when calling the {operation} operation: {}",
        group.reason.code, call.message
    );
    let source = sources.add_given("event", message::without_secrets(&text));
    let whole = sources.whole(source);
    let mut denial = denial_of(group, message::read(sources, source), whole);
    let fill = |field: &mut Option<Spanned<String>>, value: Option<&String>| {
        if field.is_none() {
            *field = value.map(|value| Spanned { value: value.clone(), span: whole });
        }
    };
    fill(&mut denial.principal, call.caller.as_ref().or(Some(&group.principal)));
    fill(&mut denial.action, group.action.as_ref());
    fill(&mut denial.resource, group.resource.as_ref());
    fill(&mut denial.service, call.operation.split(':').next().map(str::to_owned).as_ref());
    denial
}

/// The denial that the text of an event tells of, which stands at `whole`; without one, its code.
pub(super) fn denial_of(group: &Group, found: Vec<Denial>, whole: Span) -> Denial {
    let mut denied = found.into_iter().filter(|one| one.class == ErrorClass::AccessDenied);
    let mut denial = denied.next().unwrap_or_else(|| Denial {
        code: Some(Spanned { value: group.reason.code.clone(), span: whole }),
        ..Denial::bare("code", CODES_PAGE, whole)
    });
    // A code may tell the layer where the text does not.
    if denial.policy_type.is_none() {
        denial.policy_type = group.reason.layer.map(|value| Spanned { value, span: whole });
    }
    denial.count = usize::try_from(group.count).unwrap_or(usize::MAX);
    denial
}
