//! That whoever does not ask AWS opens no socket: the system kills a process that tries.

use std::process::{Command, Stdio};
use std::thread;

use libtest_mimic::Trial;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

use crate::program::Program;
use crate::test;
use crate::wire_tests::{ANA, ROLE};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("sealed: whoever asks AWS is killed", asking_is_noticed),
        test("sealed: --offline opens no socket", offline),
        test("sealed: nothing else opens a socket", everything_else),
    ]
}

#[cfg(target_arch = "x86_64")]
const SOCKET: i64 = 41;
#[cfg(target_arch = "aarch64")]
const SOCKET: i64 = 198;

fn filter() -> BpfProgram {
    let filter = SeccompFilter::new(
        [(SOCKET, Vec::new())].into_iter().collect(),
        SeccompAction::Allow,
        SeccompAction::KillProcess,
        std::env::consts::ARCH.try_into().unwrap(),
    );
    filter.unwrap().try_into().unwrap()
}

/// Runs the program where opening a socket ends it; its exit status, or `None` if that happened.
fn sealed(program: &Program, arguments: &[&str]) -> Option<i32> {
    // The filter stays with its thread, and with what that starts.
    thread::scope(|scope| {
        let run = scope.spawn(|| {
            seccompiler::apply_filter(&filter()).unwrap();
            let mut command = Command::new(env!("CARGO_BIN_EXE_why-denied"));
            program.prepare(&mut command);
            command.args(arguments).stdin(Stdio::null());
            command.output().unwrap().status.code()
        });
        run.join().unwrap()
    })
}

fn program() -> Program {
    let mut program = Program::with_keys("http://127.0.0.1:1", "AKIAEXAMPLE", "PLANTED-s", None);
    program.file("trust.json", r#"{"Version":"2012-10-17","Statement":[]}"#);
    program.config("[profile p]\nrole_arn = arn:aws:iam::111122223333:role/deploy\nsource_profile = q\n[profile q]\nsso_start_url = https://example.com\n");
    // Whatever could be asked for credentials, too.
    program.unset("AWS_EC2_METADATA_DISABLED");
    program
}

fn asking_is_noticed() {
    let program = program();
    assert_eq!(sealed(&program, &["--role", ROLE]), None);
    assert_eq!(sealed(&program, &["whoami"]), None);
}

fn offline() {
    let program = program();
    for arguments in [
        &["--offline", "--role", ROLE][..],
        &["--offline", "--role", ROLE, "--caller", ANA],
        &[
            "--offline",
            "--action",
            "s3:GetObject",
            "--resource",
            "arn:aws:s3:::logs/a",
            "--caller",
            ANA,
        ],
        &[
            "--offline",
            "--role",
            ROLE,
            "--caller",
            ANA,
            "--trust-policy",
            "trust.json",
            "--verbose",
        ],
        &[
            "--offline",
            "An error occurred (AccessDenied) when calling the AssumeRole operation: no",
        ],
        &["--offline", "--role", ROLE, "--profile", "p"],
    ] {
        assert!(sealed(&program, arguments).is_some(), "{arguments:?}");
    }
}

fn everything_else() {
    let program = program();
    for arguments in [
        &["--help"][..],
        &["--version", "--verbose"],
        &["rules"],
        &["permissions"],
        &["check", "trust.json"],
        &["facts", "trust.json"],
        &["--role", ROLE, "--caller", ANA, "--trust-policy", "trust.json"],
        &["--role", ROLE, "--caller", ANA, "--facts", "trust.json"],
        &["An error occurred (AccessDenied) when calling the AssumeRole operation: no"],
        &["trail", "trust.json"],
        &["completions", "bash"],
    ] {
        assert!(sealed(&program, arguments).is_some(), "{arguments:?}");
    }
}
