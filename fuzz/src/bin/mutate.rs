//! Runs a target on mutated inputs, with no more than a stable toolchain.
//!
//! `cargo run --release --manifest-path fuzz/Cargo.toml --bin mutate -- TARGET --seconds 60
//! [--seeds DIR] [--seed N]`. An input that panics or takes more than a second is saved to
//! `fuzz/artifacts/TARGET/` and ends the run with status 1. The same `--seed` gives the same inputs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A target that takes longer than this for one input is too slow.
const TOO_SLOW: Duration = Duration::from_secs(1);
const LONGEST: usize = 64 * 1024;
/// A target that takes longer than this may never end.
const ENDLESS: Duration = Duration::from_secs(20);

/// What inputs start from besides the seeds.
const BUILT_IN: &[&str] = &[
    r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:Get*"], "Resource": "*"}]}"#,
    r#"{"a": [1, -2.5e+10, true, null, "\u00e9\uD83D\uDE00\n"], "a": {}}"#,
    r#"{"PolicyDocument": "%7B%22Version%22%3A%222012-10-17%22%7D"}"#,
    r#"["{\"a\": \"{\\\"b\\\": 1}\"}"]"#,
    "why-denied: 1\nrequest: { principal: 'it''s', action: \"s3:\\x41\" }\npolicies:\n  - document: |\n      {\n        \"a\": 1\n      }\n",
    "a: &x >-\n  folded é\n  text\n\n   more\nb: *x\nc: !!str plain\n  text # comment\n---\n? k\n: v\n",
    r#"{"iss": "https://token.actions.githubusercontent.com", "sub": "repo:octo/app:environment:prod", "aud": "repo:octo/*:ref:refs/heads/main", "exp": 1774000300}"#,
    r#"<Response><Assertion IssueInstant="2026-01-01T00:00:00Z"><Issuer>a&amp;b</Issuer><Attribute Name="https://aws.amazon.com/SAML/Attributes/Role"><AttributeValue>r,p</AttributeValue></Attribute></Assertion></Response>"#,
    r#"{"Records":[{"eventVersion":"1.09","userIdentity":{"type":"AssumedRole","principalId":"AROAEXAMPLEEXAMPLE01:s","arn":"arn:aws:sts::111122223333:assumed-role/ci/s","sessionContext":{"sessionIssuer":{"type":"Role","arn":"arn:aws:iam::111122223333:role/ci"}}},"eventTime":"2026-10-01T09:00:00Z","eventSource":"s3.amazonaws.com","eventName":"ListObjects","awsRegion":"eu-west-1","sourceIPAddress":"198.51.100.7","errorCode":"AccessDenied","errorMessage":"Access Denied","requestParameters":{"bucketName":"b","note":"\\\"errorCode\\\":{"},"eventID":"00000000-0000-4000-8000-000000000001"},{"errorCode":"NoSuchKey","eventName":"GetObject"}]}"#,
    r#"{"eventVersion":"1.09","eventSource":"sts.amazonaws.com","eventName":"AssumeRole","errorCode":"AccessDenied","errorMessage":"User: arn:aws:iam::111122223333:user/ana is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::444455556666:role/app","requestParameters":{"roleArn":"arn:aws:iam::444455556666:role/app","roleSessionName":"s","tags":[{"key":"a","value":"b"}]}}"#,
    "eventname,errorcode,useridentity,resources\nGetObject,AccessDenied,\"{type=IAMUser, arn=arn:aws:iam::111122223333:user/ana, sessioncontext={attributes={mfaauthenticated=false}}}\",\"[{arn=arn:aws:s3:::b, accountid=null}]\"\n",
    "Resources:\n  R:\n    Type: AWS::IAM::Role\n    Condition: C\n    Properties:\n      RoleName: !Sub '${AWS::StackName}-r'\n      AssumeRolePolicyDocument:\n        Statement: { Effect: Allow, Principal: { AWS: !If [C, !Ref A, '*'] }, Action: 'sts:AssumeRole' }\nConditions: { C: !Equals [!Ref A, x] }\nParameters: { A: { Type: String, Default: '111122223333' } }\n",
    r#"{"format_version":"1.2","planned_values":{"root_module":{"resources":[{"address":"aws_iam_role.r","mode":"managed","type":"aws_iam_role","name":"r","values":{"name":"r","assume_role_policy":"{\"Statement\":[]}"}}]}},"configuration":{"root_module":{}}}"#,
    "variable \"n\" { default = \"x\" }\nlocals { a = { for k, v in var.m : k => v if v != null } }\ndata \"aws_iam_policy_document\" \"d\" {\n  statement {\n    actions   = concat([\"s3:Get*\"], var.more)\n    resources = [\"arn:aws:s3:::${var.n}/*\"]\n  }\n}\nresource \"aws_iam_role\" \"r\" {\n  name = upper(var.n)\n  assume_role_policy = jsonencode({ Statement = [{ Effect = \"Allow\" }] })\n}\n",
    "ignore = [\"sid-invalid\"]\n[types]\n\"a/**\" = \"trust\"\n[[ignores]]\npath = \"a\"\nreason = \"r\"\nuntil = 2027-01-31\n[[expectations]]\nrole = \"arn:aws:iam::111122223333:role/r\"\nallowed = [\"anonymous\"]\ncontext = { \"aws:SourceIp\" = [\"203.0.113.1\"] }\n",
    "a: |+\r\n  x\r\n\r\nb: \"\\\r\n  é\\u00e9\"\r\n",
];
const TOKENS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    "\\",
    "\\u",
    "\\uD83D",
    "\\uDE00",
    "\\\"",
    "'",
    "''",
    "null",
    "true",
    "-0",
    "0",
    "1e400",
    ".5",
    "//",
    "/*",
    "#",
    " #",
    "\n",
    "\r\n",
    "\r",
    "\t",
    " ",
    "  ",
    "\u{FEFF}",
    "é",
    "😀",
    "“",
    "\u{A0}",
    "%7B",
    "%22",
    "%C3%A9",
    "%",
    "- ",
    "? ",
    ": ",
    "|",
    "|-",
    "|2",
    ">",
    ">+",
    "&a ",
    "*a",
    "!!str ",
    "!x ",
    "! ",
    "---",
    "...",
    "---\n",
    "%YAML 1.2\n",
    "<<",
    "~",
    "\0",
    "\u{85}",
    "\u{2028}",
    "*",
    "?",
    "${aws:username}",
    "${*}",
    "arn:aws:iam::111122223333:role/",
    "arn:aws:sts::444455556666:assumed-role/",
    "\"NotAction\"",
    "\"NotPrincipal\"",
    "\"NotResource\"",
    "\"Condition\"",
    "ForAllValues:",
    "IfExists",
    "StringNotLike",
    "IpAddress",
    "DateLessThan",
    "NumericEquals",
    "BinaryEquals",
    "2026-01-01T00:00:00Z",
    "10.0.0.0/8",
    "\"Federated\"",
    "context-is: complete",
    "unknown: [ service-control ]",
    "repo:",
    ":ref:refs/heads/",
    "system:serviceaccount:",
    "</AttributeValue>",
    "<!DOCTYPE",
    "&#x41;",
    "<![CDATA[",
    "\"errorCode\":\"AccessDenied\"",
    "\\\"errorCode\\\":",
    "{\"eventVersion\"",
    "\"Records\":[",
    ", arn=",
    "null",
];

/// xorshift64*: good enough to choose bytes, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 33) as usize % limit.max(1)
    }
}

struct Options {
    target: String,
    seconds: u64,
    seeds: Option<PathBuf>,
    seed: u64,
}

fn main() -> ExitCode {
    let Some(options) = options() else {
        eprintln!("usage: mutate TARGET --seconds N [--seeds DIR] [--seed N]");
        return ExitCode::from(2);
    };
    let Some(target) = why_denied_fuzz::target(&options.target) else {
        eprintln!("there is no target `{}`", options.target);
        return ExitCode::from(2);
    };
    let mut corpus: Vec<Vec<u8>> = BUILT_IN.iter().map(|text| text.as_bytes().to_vec()).collect();
    if let Some(folder) = &options.seeds {
        read_seeds(folder, &mut corpus);
    }
    println!("{}: {} seeds, random seed {}", options.target, corpus.len(), options.seed);
    std::panic::set_hook(Box::new(|_| {}));

    let mut random = Random(options.seed | 1);
    let running = Running::default();
    watch(&options.target, &running);
    let started = Instant::now();
    let mut count = 0_u64;
    let mut slowest = Duration::ZERO;
    while started.elapsed().as_secs() < options.seconds {
        let input = if count < corpus.len() as u64 {
            corpus[count as usize].clone()
        } else {
            mutated(&mut random, &corpus)
        };
        count += 1;
        set(&running, Some((Instant::now(), input.clone())));
        let outcome = run(target, &input);
        set(&running, None);
        let took = match outcome {
            Ok(took) => took,
            Err(says) => return report(&options.target, &input, count, &says),
        };
        slowest = slowest.max(took);
        // On a busy machine anything may be slow: what counts is the time on the processor.
        let took = match (took > TOO_SLOW).then(|| on_processor(|| run(target, &input))) {
            Some((Ok(again), spent)) => took.min(again).min(spent.unwrap_or(again)),
            _ => took,
        };
        if took > TOO_SLOW {
            return report(&options.target, &input, count, &format!("it took {took:?}"));
        }
    }
    println!("{}: {count} executions, the slowest took {slowest:?}", options.target);
    ExitCode::SUCCESS
}

fn options() -> Option<Options> {
    let mut arguments = std::env::args().skip(1);
    let target = arguments.next()?;
    let mut options = Options { target, seconds: 60, seeds: None, seed: 1 };
    while let Some(name) = arguments.next() {
        let value = arguments.next()?;
        match name.as_str() {
            "--seconds" => options.seconds = value.parse().ok()?,
            "--seeds" => options.seeds = Some(value.into()),
            "--seed" => options.seed = value.parse().ok()?,
            _ => return None,
        }
    }
    Some(options)
}

fn read_seeds(folder: &Path, corpus: &mut Vec<Vec<u8>>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            read_seeds(&path, corpus);
        } else if let Ok(bytes) = fs::read(&path) {
            corpus.extend(Some(bytes).filter(|bytes| bytes.len() <= LONGEST));
        }
    }
}

type Running = Arc<Mutex<Option<(Instant, Vec<u8>)>>>;

fn set(running: &Running, input: Option<(Instant, Vec<u8>)>) {
    if let Ok(mut running) = running.lock() {
        *running = input;
    }
}

/// Ends the process when an input does not come to an end.
fn watch(target: &str, running: &Running) {
    let (target, running) = (target.to_owned(), Arc::clone(running));
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(Duration::from_secs(1));
            let Ok(running) = running.lock() else { return };
            if let Some((since, input)) = running.as_ref()
                && since.elapsed() > ENDLESS
            {
                report(&target, input, 0, "it does not end");
                std::process::exit(1);
            }
        }
    });
}

/// The time it took, or what it panicked with.
fn run(target: fn(&[u8]), input: &[u8]) -> Result<Duration, String> {
    let started = Instant::now();
    let outcome = std::panic::catch_unwind(|| target(input));
    outcome.map(|()| started.elapsed()).map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default()
    })
}

/// What `work` gives, and the time that this thread spent on the processor for it, where the system
/// tells.
fn on_processor<T>(work: impl FnOnce() -> T) -> (T, Option<Duration>) {
    let spent = || {
        let line = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        line.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
    };
    let before = spent();
    let result = work();
    (result, before.zip(spent()).map(|(before, after)| after.saturating_sub(before)))
}

fn report(target: &str, input: &[u8], count: u64, says: &str) -> ExitCode {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("artifacts").join(target);
    let path = folder.join(format!("input-{count}"));
    let saved = fs::create_dir_all(&folder).and_then(|()| fs::write(&path, input));
    eprintln!("{target}: execution {count}: {says}");
    match saved {
        Ok(()) => eprintln!("saved to {}", path.display()),
        Err(error) => eprintln!("not saved: {error}"),
    }
    eprintln!("{:?}", String::from_utf8_lossy(input));
    ExitCode::FAILURE
}

fn mutated(random: &mut Random, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut input = corpus[random.below(corpus.len())].clone();
    let most = if random.below(4) == 0 { 12 } else { 3 };
    for _ in 0..=random.below(most) {
        mutate(random, &mut input, corpus);
    }
    input.truncate(LONGEST);
    input
}

fn mutate(random: &mut Random, input: &mut Vec<u8>, corpus: &[Vec<u8>]) {
    let at = random.below(input.len() + 1);
    let end = (at + random.below(16)).min(input.len());
    match random.below(10) {
        0 => input.insert(at, random.next() as u8),
        1 => drop(input.drain(at..end)),
        2 => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
        3 => input.truncate(at),
        4 => {
            let piece = input[at..end].to_vec();
            let to = random.below(input.len() + 1);
            input.splice(to..to, piece);
        }
        5 => {
            let other = &corpus[random.below(corpus.len())];
            let from = random.below(other.len() + 1);
            let to = (from + random.below(200)).min(other.len());
            input.splice(at..end, other[from..to].iter().copied());
        }
        6 => {
            let token = TOKENS[random.below(TOKENS.len())];
            let times = if random.below(40) == 0 { random.below(2_000) } else { 1 };
            input.splice(at..at, token.repeat(times).into_bytes());
        }
        _ => {
            let token = TOKENS[random.below(TOKENS.len())];
            input.splice(at..end, token.bytes());
        }
    }
}
