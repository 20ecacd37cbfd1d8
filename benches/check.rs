//! How much processor time `why-denied check` takes with every rule, against what serde_json takes to read
//! and parse the same files: all AWS managed policies as files, and many times as many; then single
//! documents of extreme shapes. Linux only: the times of child processes are read from `/proc`.
//!
//! `cargo bench --bench check -- [TIMES…]`; without numbers, 1 and 10 times.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark may fail loudly")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use why_denied::reference::{managed_policies, managed_policy};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|one| one != "--bench").collect();
    if let [mode, folder] = arguments.as_slice()
        && mode == "serde"
    {
        return parse_all(Path::new(folder));
    }
    if let [mode, folder] = arguments.as_slice()
        && mode == "write"
    {
        return write_all(Path::new(folder), 1);
    }
    let numbers: Vec<usize> = arguments.iter().filter_map(|one| one.parse().ok()).collect();
    let numbers = if numbers.is_empty() { vec![1, 10] } else { numbers };
    for times in numbers {
        let folder = tempfile::tempdir().unwrap();
        write_all(folder.path(), times);
        let runs = (40 / times).clamp(1, 20);
        let own = std::env::current_exe().unwrap();
        let serde = seconds(runs, || Command::new(&own).arg("serde").arg(folder.path()).status());
        let check = seconds(runs, || checking(folder.path()).status());
        println!(
            "{times:>4} x managed policies: serde_json {serde:.3} s, check {check:.3} s of processor time: {:.2} times as much; {} MB",
            check / serde,
            peak(folder.path()) / 1024
        );
    }
    for (name, text) in extremes() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("policy.json"), &text).unwrap();
        let check = seconds(3, || checking(folder.path()).status());
        println!("{name} ({} MB): {check:.3} s", text.len() / 1_000_000);
    }
}

fn checking(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_why-denied"));
    command.args(["check", "--select", "all", "--format", "concise", "--exit-zero"]).arg(folder);
    command.stdout(Stdio::null());
    command
}

/// The processor time of a child process, the mean of so many.
fn seconds<E: std::fmt::Debug>(
    runs: usize,
    mut run: impl FnMut() -> Result<std::process::ExitStatus, E>,
) -> f64 {
    let before = children();
    for _ in 0..runs {
        assert!(run().unwrap().success());
    }
    (children() - before) / f64::from(u32::try_from(runs).unwrap())
}

/// The processor time of all children so far. The kernel counts in hundredths of a second.
fn children() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let after = stat.rsplit_once(')').unwrap().1;
    let fields: Vec<&str> = after.split_whitespace().collect();
    fields.iter().skip(13).take(2).map(|ticks| ticks.parse::<f64>().unwrap() / 100.0).sum()
}

/// The most memory that a check takes, in KB.
fn peak(folder: &Path) -> u64 {
    let mut child = checking(folder).spawn().unwrap();
    let mut most = 0;
    let status = format!("/proc/{}/status", child.id());
    while child.try_wait().unwrap().is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let size = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        most = most.max(size.unwrap_or(0));
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    most
}

fn write_all(folder: &Path, times: usize) {
    for policy in managed_policies() {
        let document = managed_policy(&format!("arn:aws:iam::aws:policy/{policy}"))
            .unwrap()
            .document()
            .unwrap();
        let value: Value = serde_json::from_str(&document).unwrap();
        let mut text = Vec::new();
        let indent = serde_json::ser::PrettyFormatter::with_indent(b"    ");
        serde::Serialize::serialize(
            &value,
            &mut serde_json::Serializer::with_formatter(&mut text, indent),
        )
        .unwrap();
        for time in 0..times {
            let path = folder.join(time.to_string()).join(format!("{policy}.json"));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, &text).unwrap();
        }
    }
}

fn parse_all(folder: &Path) {
    for entry in walkdir::WalkDir::new(folder) {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            let value: Value = serde_json::from_slice(&fs::read(entry.path()).unwrap()).unwrap();
            std::hint::black_box(&value);
        }
    }
}

fn extremes() -> Vec<(&'static str, String)> {
    let document =
        |statements: String| format!("{{\"Version\":\"2012-10-17\",\"Statement\":[{statements}]}}");
    let many = |count: usize, each: &dyn Fn(usize) -> String| {
        (0..count).map(each).collect::<Vec<_>>().join(",\n")
    };
    let big = many(40_000, &|at| {
        format!(
            "{{\"Sid\":\"S{at}\",\"Effect\":\"Allow\",\"Action\":[\"s3:GetObject\",\"s3:PutObject\",\"ec2:Describe*\"],\"Resource\":[\"arn:aws:s3:::bucket-{at}/*\",\"*\"],\"Condition\":{{\"StringEquals\":{{\"aws:PrincipalTag/team\":\"t{at}\"}}}}}}"
        )
    });
    let statements = many(100_000, &|at| {
        let effect = if at % 2 == 0 { "Allow" } else { "Deny" };
        format!(
            "{{\"Effect\":\"{effect}\",\"Action\":\"s3:GetObject\",\"Resource\":\"arn:aws:s3:::b/{at}\"}}"
        )
    });
    let wild = many(100_000, &|at| {
        let effect = if at % 2 == 0 { "Allow" } else { "Deny" };
        format!(
            "{{\"Effect\":\"{effect}\",\"Action\":\"s3:*{at}*\",\"Resource\":\"arn:aws:s3:::b*{at}*\"}}"
        )
    });
    let actions = many(100_000, &|at| format!("\"s3:Get{at}*\""));
    let resources = many(100_000, &|at| format!("\"arn:aws:iam::111122223333:role/r{at}*\""));
    let mut keys = String::new();
    for at in 0..10_000 {
        let _ = write!(keys, "{}\"aws:RequestTag/k{at}\":\"v\"", if at == 0 { "" } else { "," });
    }
    vec![
        ("one document", document(big)),
        ("100,000 statements", document(statements)),
        ("100,000 statements with wildcards", document(wild)),
        (
            "100,000 actions",
            document(format!("{{\"Effect\":\"Allow\",\"Action\":[{actions}],\"Resource\":\"*\"}}")),
        ),
        (
            "100,000 resources",
            document(format!(
                "{{\"Effect\":\"Allow\",\"Action\":[\"iam:PassRole\",\"s3:GetObject\"],\"Resource\":[{resources}]}}"
            )),
        ),
        (
            "10,000 condition keys",
            document(format!(
                "{{\"Effect\":\"Allow\",\"Action\":\"ec2:*\",\"Resource\":\"*\",\"Condition\":{{\"StringEquals\":{{{keys}}}}}}}"
            )),
        ),
    ]
}
