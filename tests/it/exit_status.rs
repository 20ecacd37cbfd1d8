//! Exit status, and what goes to stdout and what to stderr.

use crate::support::{RICHARD, ROLE, command, finish, folder, richard, run, with};

const KNOWN: [&str; 6] = ["--scp", "none", "--rcp", "none", "--endpoint-policy", "none"];

#[test]
fn allowed_ends_with_0() {
    let ran = run(&with(richard("03-allowed"), &KNOWN)).ends_with(0);
    assert!(ran.stdout.starts_with("ALLOWED"), "{}", ran.stdout);
}

#[test]
fn denied_ends_with_1() {
    let ran = run(&richard("01-no-grant")).ends_with(1);
    assert!(ran.stdout.starts_with("DENIED"), "{}", ran.stdout);
}

#[test]
fn undetermined_ends_with_3() {
    let ran = run(&richard("03-allowed")).ends_with(3);
    assert!(ran.stdout.starts_with("UNDETERMINED"), "{}", ran.stdout);
}

#[test]
fn the_worst_of_several_requests_counts() {
    let policy = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"s3:GetObject","Resource":"*"},
        {"Effect":"Allow","Action":"s3:PutObject","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpc":"vpc-1"}}}]}"#;
    let folder = folder(&[("policy.json", policy)]);
    let policy = folder.path().join("policy.json").display().to_string();
    let ask = |actions: &[&str]| {
        let mut options = vec!["--caller", "arn:aws:iam::111122223333:user/ana"];
        options.extend(["--resource", "arn:aws:s3:::reports/a"]);
        options.extend(["--context", "aws:ResourceAccount=111122223333"]);
        options.extend(["--identity-policy", &policy, "--boundary", "none"]);
        options.extend(["--resource-policy", "none"]);
        options.extend(KNOWN);
        for action in actions {
            options.extend(["--action", action]);
        }
        run(&options)
    };
    ask(&["s3:GetObject"]).ends_with(0);
    ask(&["s3:PutObject"]).ends_with(3);
    ask(&["s3:DeleteObject"]).ends_with(1);
    ask(&["s3:GetObject", "s3:PutObject"]).ends_with(3);
    ask(&["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]).ends_with(1);
}

#[test]
fn a_file_that_cannot_be_read_ends_with_2_and_the_answer_is_still_printed() {
    let options = with(richard("01-no-grant"), &["--facts", "fixtures/inputs/broken/comment.json"]);
    run(&options).ends_with(2).says("DENIED").complains("comment.json:6:13");
}

#[test]
fn warnings_go_to_stderr_and_are_silenced_by_quiet() {
    let options = with(richard("01-no-grant"), &["--facts", "fixtures/inputs/unrelated"]);
    let ran = run(&options).ends_with(1).complains("--verbose");
    assert!(ran.stdout.starts_with("DENIED") && !ran.stdout.contains("not recognised"));
    let ran = run(&with(options.clone(), &["--quiet"])).ends_with(1);
    assert_eq!(ran.stderr, "");
    run(&with(options, &["--verbose"])).ends_with(1).complains("package.json");
}

#[test]
fn usage_errors_end_with_2_and_print_no_result() {
    let wrong: [(&[&str], &str); 13] = [
        (&[], "--role"),
        (&["--caller", RICHARD], "--role"),
        (&["--nonsense"], "--nonsense"),
        (&["--offline", "--role", ROLE], "--caller"),
        (&["--role", "deploy", "--caller", "anonymous"], "ARN"),
        (&["--action", "s3:GetObject", "--caller", RICHARD], "--resource"),
        (&["--action", "s3:Get*", "--resource", "*", "--caller", RICHARD], "one action"),
        (&["--action", "GetObject", "--resource", "*", "--caller", RICHARD], "one action"),
        (&["--role", ROLE, "--caller", "Richard"], "Richard"),
        (&["--role", ROLE, "--caller", RICHARD, "--context", "aws:SourceIp"], "KEY=VALUE"),
        (&["--role", ROLE, "--caller", RICHARD, "--tag", "team"], "KEY=VALUE"),
        (&["--role", ROLE, "--caller", RICHARD, "--time", "yesterday"], "2026-"),
        (&["--role", ROLE, "--caller", RICHARD, "--duration", "soon"], "soon"),
    ];
    for (options, named) in wrong {
        let ran = run(options).ends_with(2).complains(named);
        assert_eq!(ran.stdout, "", "{options:?}");
    }
}

#[test]
fn options_that_exclude_each_other_are_refused() {
    let case = "fixtures/cases/contractor/grants.yaml";
    run(&["--role", ROLE, "--action", "s3:GetObject", "--resource", "*"]).ends_with(2);
    run(&["--case", case, "--role", ROLE]).ends_with(2);
}

#[test]
fn help_and_version_end_with_0() {
    run(&["--help"]).ends_with(0).says("Exit status");
    run(&["--version"]).ends_with(0).says(env!("CARGO_PKG_VERSION"));
    run(&["help", "test"]).ends_with(0).says("PATH");
}

#[test]
fn a_result_that_cannot_be_written_ends_with_2() {
    let options = with(richard("01-no-grant"), &["--output", "no/such/folder/answer.txt"]);
    run(&options).ends_with(2).complains("no/such/folder/answer.txt");
}

#[test]
fn the_result_goes_to_the_file_that_was_named() {
    let folder = folder(&[]);
    let file = folder.path().join("answer.txt");
    let printed = run(&richard("01-no-grant")).ends_with(1).stdout;
    let ran = run(&with(richard("01-no-grant"), &["--output", file.to_str().unwrap()]));
    assert_eq!(ran.ends_with(1).stdout, "");
    assert_eq!(std::fs::read_to_string(file).unwrap(), printed);
}

#[test]
fn output_is_the_same_on_every_run() {
    let first = run(&with(richard("11-role-not-used"), &["--format", "json"]));
    for _ in 0..3 {
        let again = run(&with(richard("11-role-not-used"), &["--format", "json"]));
        assert_eq!(first.stdout, again.stdout);
    }
}

#[test]
fn a_reader_that_stops_early_is_no_error() {
    let mut program = command(&["--help"]);
    program.stdout(std::process::Stdio::piped());
    let mut child = program.spawn().unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().code().is_some(), "it did not end by a signal or a panic");
    finish(command(&["rules"])).ends_with(0);
}
