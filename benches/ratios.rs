//! What one question of a large export costs, and what a document and a decision cost: each beside what
//! serde_json takes in the same run, since machines differ.
//!
//! `cargo bench --bench ratios`. It writes some 300 MB of generated exports to the temporary folder.
#![expect(clippy::unwrap_used, reason = "a benchmark may fail loudly")]
#![expect(clippy::print_stdout, reason = "its table is what it is for")]

mod generator;

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::de::IgnoredAny;
use why_denied::collect::assemble::Assembler;
use why_denied::collect::layer_files::LayerFiles;
use why_denied::collect::{Collected, read_files};
use why_denied::doc::{Syntax, parse};
use why_denied::eval::evaluate;
use why_denied::policy::{PolicyType, read};
use why_denied::request::{Caller, Request};
use why_denied::text::{SourceMap, Spanned};

const SIZES: [usize; 3] = [12_500, 25_000, 50_000];
const ROUNDS: usize = 5;
const DOCUMENTS: usize = 20_000;
const REQUESTS: usize = 50_000;

fn main() {
    // `cargo test --benches` only asks whether it runs.
    if std::env::args().any(|arg| arg == "--test") {
        return;
    }
    let mut names = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).peekable();
    if names.peek().is_some() && !names.any(|name| "ratios".contains(&name)) {
        return;
    }
    println!("\na question about one principal of an export, in a process of its own\n");
    println!(
        "    roles   file MB   serde_json skips it   answered in    times   peak memory MB   times the file"
    );
    for roles in SIZES {
        one_question(roles);
    }
    println!();
    documents();
    decisions();
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap()
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    let started = Instant::now();
    black_box(work());
    started.elapsed()
}

fn mega(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn one_question(roles: usize) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("export.json");
    std::fs::write(&path, generator::indented_export(roles)).unwrap();
    let size = std::fs::metadata(&path).unwrap().len();
    let (mut skipping, mut answering) = (Vec::new(), Vec::new());
    let mut peak = None;
    for _ in 0..ROUNDS {
        // By turns, so that what else the machine does meets both.
        skipping.push(timed(|| {
            let bytes = std::fs::read(&path).unwrap();
            serde_json::from_slice::<IgnoredAny>(&bytes).unwrap();
        }));
        let started = Instant::now();
        peak = peak.max(ask(&path, roles));
        answering.push(started.elapsed());
    }
    let (skipped, answered) = (median(skipping), median(answering));
    let memory = peak.map_or_else(
        || "not measured".to_owned(),
        |peak| format!("{:>14.0} {:>16.2}", mega(peak), peak as f64 / size as f64),
    );
    println!(
        "{roles:>9} {:>9.0} {:>19.2} s {:>11.2} s {:>8.2} {memory}",
        mega(size),
        skipped.as_secs_f64(),
        answered.as_secs_f64(),
        answered.as_secs_f64() / skipped.as_secs_f64(),
    );
}

/// Asks the program; its peak memory in bytes, where the system tells.
fn ask(path: &Path, roles: usize) -> Option<u64> {
    let account = generator::ACCOUNT;
    let mut child = Command::new(env!("CARGO_BIN_EXE_why-denied"))
        .args(["--role", &format!("arn:aws:iam::{account}:role/role-{}", roles / 2)])
        .args(["--caller", &format!("arn:aws:sts::{account}:assumed-role/role-{}/s", roles / 3)])
        .arg("--facts")
        .arg(path)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut peak = None;
    while child.try_wait().unwrap().is_none() {
        peak = peak.max(high_water(&status));
        std::thread::sleep(Duration::from_millis(2));
    }
    peak
}

fn high_water(status: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kibibytes| kibibytes * 1024)
}

/// Policy documents, parsed with all their places and read as policies, beside serde_json's tree of the
/// same texts.
fn documents() {
    let texts: Vec<String> = (0..DOCUMENTS).map(generator::trust_policy).collect();
    let (mut theirs, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        theirs.push(timed(|| {
            texts.iter().for_each(|text| {
                black_box(serde_json::from_str::<serde_json::Value>(text).unwrap());
            });
        }));
        let texts = texts.clone();
        ours.push(timed(|| {
            let mut sources = SourceMap::default();
            for text in texts {
                let id = sources.add_file("trust.json", text.into_bytes()).unwrap();
                let documents = parse(&sources, id, Syntax::Json).unwrap();
                black_box(read(documents.first().unwrap().root(), PolicyType::Trust));
            }
        }));
    }
    report(
        "documents parsed and read as policies",
        DOCUMENTS,
        median(ours),
        median(theirs),
        "serde_json::Value",
    );
}

/// Decisions with the whole trace, beside serde_json skipping one trust policy for each.
fn decisions() {
    let roles = 1_000;
    let mut sources = SourceMap::default();
    let text = generator::export(roles);
    let paths = [PathBuf::from("export.json")];
    let collected: Collected =
        read_files(&mut sources, &paths, &|_: &Path| Ok(text.as_bytes().to_vec()));
    let source = sources.add_given("request", "request");
    let span = sources.whole(source);
    let spanned = |value: &str| Spanned { value: value.to_owned(), span };
    let requests: Vec<Request> = generator::requests(REQUESTS, roles)
        .iter()
        .map(|(caller, action, resource)| {
            let caller = Caller::parse(spanned(caller)).unwrap();
            Request::new(caller, spanned(action), spanned(resource))
        })
        .collect();
    let policies: Vec<String> = (0..REQUESTS).map(generator::trust_policy).collect();
    let (mut theirs, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        theirs.push(timed(|| {
            policies.iter().for_each(|text| {
                black_box(serde_json::from_str::<IgnoredAny>(text).unwrap());
            });
        }));
        let mut assembler =
            Assembler::new(&collected.snapshot, &mut sources, LayerFiles::default());
        let mut requests = requests.clone();
        ours.push(timed(|| {
            for request in &mut requests {
                let layers = assembler.layers(request);
                black_box(evaluate(request, &layers).decision);
            }
        }));
    }
    report(
        "decisions with the whole trace",
        REQUESTS,
        median(ours),
        median(theirs),
        "serde_json skipping one trust policy",
    );
}

fn report(what: &str, count: usize, ours: Duration, theirs: Duration, other: &str) {
    println!(
        "{what}: {:.0} per second; {:.2} times what {other} takes",
        count as f64 / ours.as_secs_f64(),
        ours.as_secs_f64() / theirs.as_secs_f64(),
    );
}
