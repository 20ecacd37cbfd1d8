//! A trail of a million events: how long it takes to find, group and diagnose what was denied, beside
//! unpacking the same files with the same zlib-rs.
//!
//! `cargo bench --bench trail -- [EVENTS] [--program PATH]`. The trail is generated once, below `target/tmp`;
//! the program is built as users have it, unless a path is given.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and ends where it cannot run"
)]

#[path = "generator.rs"]
mod generator;
#[path = "trail/events.rs"]
mod trail_events;

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};

/// How often each is measured.
const TURNS: usize = 7;

fn main() {
    let mut arguments =
        std::env::args().skip(1).filter(|word| word != "--bench").collect::<Vec<_>>();
    if let Some(at) = arguments.iter().position(|word| word == "--gunzip") {
        return gunzip(Path::new(&arguments.remove(at + 1)));
    }
    if arguments.iter().any(|word| word == "--test") {
        return;
    }
    // The program is built by another process, so that the compiler's memory is not taken for its own.
    let Some(at) = arguments.iter().position(|word| word == "--program") else {
        let own = std::env::current_exe().expect("a program has a path");
        let program = program();
        let status = Command::new(own).args(arguments).arg("--program").arg(program).status();
        assert!(status.expect("it can be run").success(), "the measurement failed");
        return;
    };
    let program = PathBuf::from(arguments.remove(at + 1));
    let events = arguments.first().and_then(|word| word.parse().ok()).unwrap_or(1_000_000);
    run(&program, events);
}

fn run(program: &Path, events: usize) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("trail-{events}"));
    let logs = folder.join("logs");
    let facts = folder.join("account.json");
    let done = folder.join("done");
    if !done.exists() {
        println!("generating {events} events in {}", folder.display());
        let (bytes, denied) = trail_events::write(&logs, events).expect("the disk takes it");
        fs::write(&facts, generator::export(100)).expect("the disk takes it");
        fs::write(&done, format!("{denied} denied, {bytes} bytes of JSON"))
            .expect("the disk takes it");
    }
    let files = files(&logs);
    let packed: u64 =
        files.iter().filter_map(|file| fs::metadata(file).ok()).map(|it| it.len()).sum();
    println!(
        "{events} events, {packed} bytes in {} files, {}",
        files.len(),
        fs::read_to_string(&done).unwrap_or_default()
    );

    // Each as a process of its own, in turns, so that what the machine does besides meets both.
    let own = std::env::current_exe().expect("a program has a path");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let mut memory = 0;
    for turn in 0..TURNS {
        let mut trail = Command::new(program);
        trail.arg("trail").arg(&logs).arg("--facts").arg(&facts).args(["--format", "json"]);
        ours.push(time(&mut trail));
        if turn == 0 {
            memory = children().1;
        }
        let mut unpack = Command::new(&own);
        theirs.push(time(unpack.arg("--gunzip").arg(&logs)));
    }
    // What disturbs a turn disturbs both of it.
    let ratios = ours.iter().zip(&theirs).map(|(ours, theirs)| ours.div_duration_f64(*theirs));
    let ratio = median(ratios.collect());
    let (ours, theirs) = (median(ours), median(theirs));
    println!(
        "why-denied trail: {:.3} s user+sys, {:.1} MiB",
        ours.as_secs_f64(),
        memory as f64 / 1024.0
    );
    println!("gunzip, zlib-rs:  {:.3} s user+sys", theirs.as_secs_f64());
    println!("ratio:            {ratio:.2}, the median of {TURNS} turns");
}

/// The program as users have it, built anew: beside benchmarks it is built of crates with all the features
/// that tests ask of them, which makes it larger and slower.
fn program() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--locked", "--profile", "bench", "--bin", "why-denied"]);
    if !cfg!(feature = "live") {
        build.arg("--no-default-features");
    }
    let built = build.current_dir(env!("CARGO_MANIFEST_DIR")).status().expect("cargo can be run");
    assert!(built.success(), "the program cannot be built");
    PathBuf::from(env!("CARGO_BIN_EXE_why-denied"))
}

fn median<T: Copy + Default + PartialOrd>(mut values: Vec<T>) -> T {
    values.sort_by(|one, other| one.partial_cmp(other).unwrap_or(std::cmp::Ordering::Equal));
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// User and system time of all children that ended, and the most memory that one had, in KiB.
fn children() -> (Duration, i64) {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the system counts");
    let part = |time: nix::sys::time::TimeVal| {
        Duration::from_micros(
            u64::try_from(time.tv_sec() * 1_000_000 + time.tv_usec()).unwrap_or(0),
        )
    };
    (part(usage.user_time()) + part(usage.system_time()), usage.max_rss())
}

fn time(command: &mut Command) -> Duration {
    let before = children().0;
    let status = command.stdout(Stdio::null()).status().expect("it can be run");
    assert!(matches!(status.code(), Some(0 | 1)), "{command:?} ended with {status}");
    children().0 - before
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let walk = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().filter_map(Result::ok);
    walk.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path).collect()
}

/// Unpacks every file, and does nothing with it.
fn gunzip(folder: &Path) {
    let mut buffer = vec![0; 1 << 17];
    let mut total = 0_u64;
    for path in files(folder) {
        let file = fs::File::open(path).expect("it was listed");
        let mut reader = flate2::read::MultiGzDecoder::new(file);
        loop {
            let count = reader.read(&mut buffer).expect("it is whole");
            if count == 0 {
                break;
            }
            total += count as u64;
        }
    }
    println!("{total}");
}
