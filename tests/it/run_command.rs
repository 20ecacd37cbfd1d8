//! `why-denied run -- COMMAND…`: the command must not notice, and the caller must not either.
#![cfg(unix)]

use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::support::{Ran, command, finish, run};

const DENIED: &str = "An error occurred (AccessDenied) when calling the AssumeRole operation: User: arn:aws:iam::444455556666:user/Richard is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/deploy";

fn shell(script: &str) -> Ran {
    run(&["run", "--", "/bin/sh", "-c", script])
}

#[test]
fn the_exit_status_is_the_commands() {
    for status in [0, 1, 2, 3, 42, 255] {
        shell(&format!("exit {status}")).ends_with(status);
        shell(&format!("echo '{DENIED}' >&2; exit {status}")).ends_with(status);
    }
}

#[test]
fn a_command_that_does_not_start_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str, mode: u32| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path.display().to_string()
    };
    let plain = file("plain", "text\n", 0o644);
    let lost = file("lost", "#!/no/such/interpreter\n", 0o755);
    for (program, status, why) in [
        ("no-such-command-anywhere", 127, "there is no command of this name in PATH"),
        ("/no/such/program", 127, "there is no such file"),
        (&lost, 127, "the interpreter that it names in its first line is not there"),
        ("/", 126, "it is a folder"),
        (&plain, 126, "it is not executable"),
    ] {
        let ran = run(&["run", "--", program]).ends_with(status);
        assert_eq!(ran.stderr, format!("error: `{program}` was not run: {why}\n"));
    }
}

#[test]
fn a_command_without_dashes_before_it_is_told_to_have_them() {
    run(&["run", "aws", "s3", "ls"]).ends_with(2).complains("tip: write `--` before the command");
}

#[test]
fn a_script_that_names_no_interpreter_is_the_shells() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("deploy");
    std::fs::write(&script, "echo \"$0 $1\"; exit 6\n").unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = script.display().to_string();
    let ran = run(&["run", "--", &path, "--format"]).ends_with(6);
    assert_eq!(ran.stdout, format!("{path} --format\n"));
    let mut command = command(&["run", "--", "deploy", "a  b"]);
    command.env("PATH", format!("/no/such:{}", folder.path().display()));
    assert_eq!(finish(command).ends_with(6).stdout, format!("{path} a  b\n"));
}

#[test]
fn stdout_and_arguments_stay_as_they_are() {
    let ran =
        run(&["run", "--", "/bin/echo", "-n", "--format", "a  b", "--", "$HOME"]).ends_with(0);
    assert_eq!(ran.stdout, "--format a  b -- $HOME");
    assert_eq!(ran.stderr, "");
    // What is said on stdout is the command's business.
    let ran = shell(&format!("echo '{DENIED}'")).ends_with(0);
    assert_eq!(ran.stderr, "");
}

#[test]
fn a_denial_is_explained_behind_the_commands_own_words() {
    let ran = shell(&format!("echo out; echo '{DENIED}' >&2; exit 254")).ends_with(254);
    assert_eq!(ran.stdout, "out\n");
    let (own, ours) = ran.stderr.split_once('\n').unwrap();
    assert_eq!(own, DENIED);
    assert!(ours.contains("AWS denied it"), "{ours}");
    assert!(ours.contains("aws iam get-role --role-name deploy"), "{ours}");
}

#[test]
fn other_programs_may_be_denied_something_too() {
    for text in ["cat: /etc/shadow: Permission denied", "403 Forbidden", "Access denied."] {
        let ran = shell(&format!("echo '{text}' >&2; exit 1")).ends_with(1);
        assert_eq!(ran.stderr, format!("{text}\n"));
    }
}

#[test]
fn json_goes_into_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("answer.json").display().to_string();
    let script = format!("echo '{DENIED}' >&2; exit 7");
    run(&["run", "--format", "json", "--", "/bin/true"]).ends_with(2).complains("--output");
    let options = ["run", "--format", "json", "--output", &file, "--", "/bin/sh", "-c", &script];
    let ran = run(&options).ends_with(7);
    assert_eq!(ran.stderr, format!("{DENIED}\n"));
    let json: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(json["evidence"]["action"], "sts:AssumeRole");
    // An older answer does not stay.
    run(&["run", "--format", "json", "--output", &file, "--", "/bin/true"]).ends_with(0);
    let json: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(json, serde_json::json!({ "version": 1, "results": [] }));
}

#[test]
fn a_file_that_cannot_be_written_is_told_before_anything_is_done() {
    let ran = run(&["run", "--output", "/no/such/folder/a", "--", "/bin/echo", "done"]);
    let ran = ran.ends_with(2).complains("/no/such/folder/a");
    assert_eq!(ran.stdout, "");
}

#[test]
fn a_flood_of_denials_is_not_explained_one_by_one() {
    let script = format!(
        "i=0; while [ $i -lt 30 ]; do echo '{DENIED}'$i; i=$((i + 1)); done >&2; echo '{DENIED}'27 >&2"
    );
    let ran = shell(&script).ends_with(0).complains("10 more different denials are not explained");
    assert_eq!(ran.stderr.matches("AWS said").count(), 20);
    let first = ran.stderr.find("AWS denied it").unwrap();
    assert!(ran.stderr[first..].lines().nth(3).unwrap().contains("role/deploy27"));
}

#[test]
fn stdin_is_the_commands() {
    let mut child = command(&["run", "--", "/bin/cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"one\ntwo\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.stdout, b"one\ntwo\n");
}

#[test]
fn the_command_runs_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("runs");
    let script = format!("echo x >> '{}'; echo '{DENIED}' >&2", file.display());
    shell(&script).ends_with(0);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "x\n");
}

#[test]
fn bytes_that_are_no_text_and_a_lot_of_output_pass_through() {
    let mut child = command(&["run", "--", "/bin/sh", "-c"]);
    child.arg(format!(
        "printf '\\377\\376\\000 raw\\n' >&2; head -c 5000000 /dev/zero | tr '\\0' 'x' >&2; echo >&2; echo '{DENIED}' >&2; exit 9"
    ));
    let output = child.output().unwrap();
    assert_eq!(output.status.code(), Some(9));
    assert!(output.stderr.starts_with(b"\xff\xfe\x00 raw\n"));
    let xs = output.stderr.iter().filter(|byte| **byte == b'x').count();
    assert!(xs >= 5_000_000);
    assert!(String::from_utf8_lossy(&output.stderr).contains("look at next"));
}

#[test]
fn a_signal_that_ends_the_command_ends_us() {
    for signal in [9, 15] {
        let output = command(&["run", "--", "/bin/sh", "-c", &format!("kill -{signal} $$")])
            .output()
            .unwrap();
        assert_eq!(output.status.signal(), Some(signal), "{output:?}");
    }
}

/// Runs a script that says `ready`, sends us a signal then, and gives the status and what else it says.
fn signalled(script: &str, signal: rustix::process::Signal) -> (Option<i32>, String) {
    let mut child = command(&["run", "--", "/bin/sh", "-c", script])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut first = [0_u8; 6];
    stdout.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"ready\n");
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, signal).unwrap();
    let status = child.wait().unwrap().code();
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    (status, rest)
}

#[test]
fn a_signal_to_us_reaches_the_command() {
    use rustix::process::Signal;
    let script = |name: &str| {
        format!("trap 'echo told; exit 33' {name}; echo ready; while :; do sleep 0.05; done")
    };
    // The first asks it to end; the other says something to it, and would end us alone.
    for (name, signal) in [("TERM", Signal::TERM), ("USR1", Signal::USR1)] {
        assert_eq!(signalled(&script(name), signal), (Some(33), "told\n".to_owned()), "{name}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn what_is_ignored_is_so_for_the_command() {
    // As `nohup` does it, and a shell without job control in the background.
    let ours = env!("CARGO_BIN_EXE_why-denied");
    let script = format!(
        "trap '' HUP INT; exec {ours} run -- /bin/sh -c 'kill -HUP $$; kill -INT $$; echo alive'"
    );
    let output = std::process::Command::new("/bin/sh").args(["-c", &script]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "alive\n", "{output:?}");
}

/// Runs a script in a session of its own that a terminal controls. Whenever a text of `answers` was printed, what
/// stands beside it is typed. What was printed.
#[cfg(target_os = "linux")]
fn in_session(script: &str, answers: &[(&str, &str)]) -> String {
    let (ours, theirs) = terminal();
    let other = || Stdio::from(theirs.try_clone().unwrap());
    let mut child = std::process::Command::new("setsid")
        .args(["--ctty", "--wait", "/bin/sh", "-c", script])
        .env("why_denied", env!("CARGO_BIN_EXE_why-denied"))
        .stdin(other())
        .stdout(other())
        .stderr(other())
        .spawn()
        .unwrap();
    drop(theirs);
    let mut screen = std::fs::File::from(ours);
    let (mut seen, mut from) = (String::new(), 0);
    let mut answers = answers.iter();
    let mut next = answers.next();
    let mut buffer = [0_u8; 4096];
    while let Ok(count @ 1..) = screen.read(&mut buffer) {
        seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
        while let Some((_, typed)) = next.filter(|(text, _)| seen[from..].contains(text)) {
            screen.write_all(typed.as_bytes()).unwrap();
            from = seen.len();
            next = answers.next();
        }
    }
    child.wait().unwrap();
    seen.replace('\r', "")
}

#[test]
#[cfg(target_os = "linux")]
fn a_command_that_stops_gives_the_terminal_back() {
    // It stops by itself, as `less` does when Ctrl-Z is typed.
    let script = r#"
        set -m
        "$why_denied" run -- /bin/sh -c 'kill -TSTP $$; echo goes on; exit 6'
        echo "stopped: $(($? > 128))"
        fg >/dev/null
        echo "ended: $?"
    "#;
    let seen = in_session(script, &[]);
    let said: Vec<&str> =
        seen.lines().filter(|line| line.contains(": ") || *line == "goes on").collect();
    assert_eq!(said, ["stopped: 1", "goes on", "ended: 6"], "{seen}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_command_that_does_not_stop_though_its_own_do_gives_the_terminal_back() {
    // As an interactive shell without job control, which ignores the signal and waits for what it started.
    let script = r#"
        set -m
        "$why_denied" run -- /bin/sh -c 'trap "" TSTP; echo ready; sh -c "trap - TSTP; kill -STOP \$\$; exit 7"; exit $?'
        echo "stopped: $(($? > 128))"
        fg >/dev/null
        echo "ended: $?"
    "#;
    let seen = in_session(script, &[("ready", "\u{1a}")]);
    assert!(seen.contains("stopped: 1\n"), "{seen}");
    assert!(seen.contains("ended: 7\n"), "{seen}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_command_that_reads_keys_from_stderr_gets_them() {
    // As `less` does. What is typed has no line end.
    let script = r#"
        "$why_denied" run -- /bin/sh -c '
            stty -icanon -echo min 1 <&2; echo ready
            key=$(dd bs=1 count=1 <&2 2>/dev/null)
            stty icanon echo <&2; echo "key: $key"; exit 5
        '
        echo "ended: $?"; stty -a | tr -s " ;" "\n" | grep -x -e "-*icanon" -e "-*echo"
    "#;
    let seen = in_session(script, &[("ready", "q")]);
    // What is typed at once may be shown before the command's wish is known.
    let said: Vec<&str> = seen.lines().map(|line| line.trim_start_matches('q')).collect();
    assert_eq!(said, ["ready", "key: q", "ended: 5", "icanon", "echo"], "{seen}");
}

#[test]
#[cfg(target_os = "linux")]
fn what_is_typed_reaches_the_command_once() {
    // Many programs take a second interrupt for an order to give up at once.
    let script = r#"
        trap : INT QUIT
        "$why_denied" run -- /bin/sh -c '
            trap "echo interrupted" INT; trap "exit 5" QUIT; echo ready
            while :; do sleep 0.1 & wait $!; done
        ' </dev/null 2>/dev/null
        echo "ended: $?"
    "#;
    let mut answers = vec![("interrupted", "\u{3}"); 20];
    answers[0].0 = "ready";
    answers.push(("interrupted", "\u{1c}"));
    let seen = in_session(script, &answers);
    assert_eq!(seen.matches("interrupted").count(), 20, "{seen}");
    assert!(seen.contains("ended: 5"), "{seen}");
}

/// A terminal: our side and the other.
fn terminal() -> (OwnedFd, OwnedFd) {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap();
    let flags = OFlags::RDWR | OFlags::NOCTTY;
    let theirs = rustix::fs::open(name.as_c_str(), flags, Mode::empty()).unwrap();
    (ours, theirs)
}

#[test]
fn on_a_terminal_the_command_has_a_terminal() {
    let (ours, theirs) = terminal();
    let script = format!(
        "test -t 2 && echo 'stderr is a terminal' >&2; test -t 0 || echo 'stdin is none' >&2; echo '{DENIED}' >&2; exit 5"
    );
    let mut child = command(&["run", "--", "/bin/sh", "-c", &script])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::from(theirs))
        .spawn()
        .unwrap();
    // A terminal keeps little: what is printed has to be read while it runs.
    let reader = std::thread::spawn(move || {
        let mut seen = Vec::new();
        let mut from = std::fs::File::from(ours);
        let mut buffer = [0_u8; 4096];
        // The end of a terminal is an error.
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            seen.extend_from_slice(&buffer[..count]);
        }
        String::from_utf8_lossy(&seen).into_owned()
    });
    assert_eq!(child.wait().unwrap().code(), Some(5));
    let seen = reader.join().unwrap();
    assert!(seen.starts_with("stderr is a terminal\r\nstdin is none\r\n"), "{seen}");
    assert!(seen.contains("AWS denied it"), "{seen}");
    assert!(!seen.contains("\r\r"), "{seen:?}");
}

#[test]
fn a_child_that_is_left_behind_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ended");
    let script = format!(
        "(sleep 30; echo x > '{}') >/dev/null </dev/null & echo '{DENIED}' >&2; exit 4",
        file.display()
    );
    shell(&script).ends_with(4).complains("AWS denied it");
    assert!(!file.exists());
}

#[test]
fn a_child_that_is_left_behind_may_go_on_to_talk() {
    let output =
        command(&["run", "--", "/bin/sh", "-c", "yes 1>&2 </dev/null & exit 4"]).output().unwrap();
    assert_eq!(output.status.code(), Some(4));
    let steady = "(while :; do echo x; sleep 0.05; done) 1>&2 </dev/null & exit 4";
    shell(steady).ends_with(4);
}
