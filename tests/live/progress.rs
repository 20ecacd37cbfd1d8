//! What a terminal shows while AWS is asked: what is being read, and then nothing of it.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use libtest_mimic::Trial;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::program::Program;
use crate::test;
use crate::wire::{Reply, Stub};
use crate::wire_tests::{ROLE, account};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("progress: a terminal shows what is read", on_a_terminal),
        test("progress: a pipe shows nothing", in_a_pipe),
    ]
}

const QUESTION: [&str; 4] = ["--role", ROLE, "--context", "aws:SourceVpce="];

fn program() -> (Stub, Program) {
    let stub =
        Stub::start(|request| Reply::Late(Duration::from_millis(150), Box::new(account(request))));
    let program = Program::with_keys(&stub.url(), "AKIAEXAMPLE", "PLANTED-s", None);
    (stub, program)
}

fn on_a_terminal() {
    let (_stub, program) = program();
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let terminal =
        File::options().read(true).write(true).open(OsStr::from_bytes(name.to_bytes())).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_why-denied"));
    program.prepare(&mut command);
    command.args(QUESTION).env("TERM", "xterm").env_remove("NO_COLOR");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(terminal);
    let mut child = command.spawn().unwrap();
    drop(command);
    let screen = thread::spawn(move || {
        let (mut master, mut shown) = (File::from(master), Vec::new());
        let mut buffer = [0; 4096];
        // The terminal of a process that has ended is an error to read.
        while let Ok(count @ 1..) = master.read(&mut buffer) {
            shown.extend_from_slice(buffer.get(..count).unwrap());
        }
        String::from_utf8_lossy(&shown).into_owned()
    });
    let mut answer = String::new();
    child.stdout.take().unwrap().read_to_string(&mut answer).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{answer}");
    let shown = screen.join().unwrap();
    assert!(shown.contains("iam:GetRole deploy"), "{shown:?}");
    assert!(answer.contains("ALLOWED") && !answer.contains("read: "), "{answer}");
    // The line is taken away at the end.
    let last = shown.rfind("read: ").unwrap();
    assert!(shown.get(last..).unwrap().contains("\u{1b}[2K"), "{shown:?}");
}

fn in_a_pipe() {
    let (_stub, program) = program();
    let ran = program.run(&QUESTION).ends_with(0);
    assert_eq!(ran.stderr, "");
}
