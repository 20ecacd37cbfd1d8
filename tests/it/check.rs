//! `why-denied check`, as people and CI systems run it.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use why_denied::check::{Checker, Selection, Settings};
use why_denied::collect::policies::policies_in;
use why_denied::reference::{managed_policies, managed_policy};
use why_denied::text::SourceMap;

use crate::support::{Ran, command, finish, read, run};

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// Checks the folder from inside.
fn check(folder: &TempDir, arguments: &[&str]) -> Ran {
    let mut command = command(&["check"]);
    command.args(arguments).current_dir(folder.path());
    finish(command)
}

const SLIP: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "Read",
      "Effect": "Allow",
      "Action": ["s3:GetObjcet", "s3:ListBucket"],
      "Resource": "*"
    }
  ]
}
"#;

const SOUND: &str = r#"{ "Version": "2012-10-17", "Statement": [ { "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::reports/*" } ] }"#;

#[test]
fn a_finding_is_shown_with_its_lines_and_fails_the_check() {
    let folder = folder(&[("policies/a.json", SLIP), ("policies/b.json", SOUND), ("x.json", "{}")]);
    insta::assert_snapshot!(check(&folder, &["."]).ends_with(1).stdout);
    check(&folder, &[".", "--format", "concise"])
        .ends_with(1)
        .says("policies/a.json:7:18: error[action-unknown] ");
    check(&folder, &[".", "--exit-zero"]).ends_with(0);
    check(&folder, &["policies/b.json"]).ends_with(0).says("no findings in 1 policy of 1 file");
}

#[test]
fn json_is_what_its_schema_says() {
    let folder = folder(&[("a.json", SLIP), ("b.json", SOUND)]);
    let schema: Value = serde_json::from_str(&read("docs/json-schema/check-v1.json")).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    for arguments in [&["a.json", "--format", "json"][..], &["b.json", "--format", "json"]] {
        let json = check(&folder, arguments).json();
        let errors: Vec<_> = schema.iter_errors(&json).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}\n{json}");
    }
    let json = check(&folder, &["a.json", "--format", "json"]).json();
    assert_eq!(json["findings"][0]["primary"]["text"], "\"s3:GetObjcet\"");
    assert_eq!(json["findings"][0]["sid"], "Read");
}

#[test]
fn github_gets_a_command_for_each_finding() {
    let folder = folder(&[("a.json", SLIP)]);
    let out = check(&folder, &["a.json", "--format", "github"]).ends_with(1).stdout;
    assert!(
        out.starts_with("::error file=a.json,line=7,col=18,endColumn=32,title=action-unknown::")
    );
    assert!(out.contains("%0Ahelp: did you mean `s3:GetObject`?\n"), "{out}");
}

#[test]
fn lines_that_move_leave_the_fingerprint() {
    let moved = SLIP.replacen("{\n", "{\n\n\n", 1);
    let of = |text: &str| {
        let folder = folder(&[("a.json", text)]);
        check(&folder, &["a.json", "--format", "json"]).json()["findings"][0]["fingerprint"].clone()
    };
    assert_eq!(of(SLIP), of(&moved));
}

#[test]
fn git_and_globs_say_what_is_looked_at() {
    let files =
        [(".gitignore", "build/\n"), ("build/a.json", SLIP), ("b/a.json", SLIP), ("c/a.txt", SLIP)];
    let folder = folder(&files);
    check(&folder, &["."]).ends_with(1).says("1 error in 1 policy of 1 file");
    check(&folder, &[".", "--exclude", "b/**"]).ends_with(0).complains("no policy was found");
    check(&folder, &[".", "--include", "c/*.txt"]).ends_with(1).says("1 error in 1 policy");
}

#[test]
fn a_file_that_cannot_be_read_hides_no_other() {
    let broken = SLIP.replace("\"Resource\"", "Resource");
    let folder = folder(&[("a.json", broken.as_str()), ("b.json", SLIP), ("c.json", "{ oh: no")]);
    let ran = check(&folder, &[".", "--format", "concise"]).ends_with(1);
    ran.says("a.json:8:7: error[policy-unreadable] ").says("b.json:7:18: error[action-unknown]");
    check(&folder, &["missing", "b.json"]).ends_with(2).complains("no file or folder `missing`");
}

#[test]
fn a_slip_is_told_where_no_statement_is_to_be_seen() {
    let files = [
        ("cut.json", "{\n  \"Version\": \"2012-10-17\",\n  \"Statement\":\n"),
        ("extra-comma.json", "{\"Version\":\"2012-10-17\",\"Statement\":[],}\n"),
        ("missing-comma.json", "{\n  \"Version\": \"2012-10-17\"\n  \"Statement\": []\n}\n"),
        ("misspelled.json", "{\"Version\":\"2012-10-17\",\"Statment\":[]}\n"),
        ("unversioned.json", "{\"Statement\":[],}\n"),
    ];
    let others = [
        (
            "acl.json",
            r#"{"Rules":[{"Action":{"Block":{}},"Statement":{"GeoMatchStatement":{}},}]}"#,
        ),
        ("lint.json", r#"{ "Statement": "error", /* Action, Effect */ "Version": 3 }"#),
        ("stack.yaml", "Resources:\n  # Statement: none\n  Topic: { Type: 'AWS::SNS::Topic'\n"),
    ];
    let folder = folder(&[files.as_slice(), others.as_slice()].concat());
    insta::assert_snapshot!(check(&folder, &["."]).ends_with(1).stdout);
}

#[test]
fn standard_input_is_a_file_too() {
    use std::io::Write as _;
    use std::process::Stdio;
    let mut command = command(&["check", "-", "--format", "concise"]);
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = child.spawn().unwrap();
    child.stdin.take().unwrap().write_all(SLIP.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("<stdin>:7:18: error[action-unknown]"), "{text}");
}

#[test]
fn policies_in_strings_and_exports_are_found_where_they_stand() {
    let text = SLIP.replace('\n', " ").replace('"', "\\\"");
    let bucket = format!("{{\n  \"Policy\": \"{text}\"\n}}\n");
    let folder = folder(&[("bucket.json", bucket.as_str())]);
    let json = check(&folder, &[".", "--format", "json"]).json();
    let found: Vec<_> = json["findings"].as_array().unwrap().iter().collect();
    let place = &found.iter().find(|one| one["rule"] == "action-unknown").unwrap()["primary"];
    assert_eq!(place["text"], "\\\"s3:GetObjcet\\\"");
    let (start, end) = (place["start"].as_u64().unwrap(), place["end"].as_u64().unwrap());
    let (start, end) = (usize::try_from(start).unwrap(), usize::try_from(end).unwrap());
    assert_eq!(&bucket[start..end], "\\\"s3:GetObjcet\\\"");
}

#[test]
fn rules_are_selected_by_id_and_group() {
    let folder = folder(&[("a.json", SLIP)]);
    check(&folder, &[".", "--ignore", "action-unknown"]).ends_with(0);
    check(&folder, &[".", "--select", "sid-invalid"]).ends_with(0);
    check(&folder, &[".", "--severity", "action-unknown=note"]).ends_with(0).says("1 note");
    check(&folder, &[".", "--severity", "never-works=warning", "--fail-on", "warning"])
        .ends_with(1);
    check(&folder, &[".", "--select", "action-unkown"])
        .ends_with(2)
        .complains("did you mean `action-unknown`?");
    check(&folder, &[".", "--statistics"]).ends_with(1).says("     1  action-unknown");
}

#[test]
fn a_configuration_above_says_what_applies() {
    let config = "ignore = [\"sid-invalid\"]\n\n[severity]\n\"action-unknown\" = \"warning\"\n";
    let folder = folder(&[("why-denied.toml", config), ("sub/a.json", SLIP)]);
    check(&folder, &["sub"]).ends_with(0).says("warning[action-unknown]");
    check(&folder, &["sub", "--isolated"]).ends_with(1);
    let mut below = command(&["check", "a.json"]);
    below.current_dir(folder.path().join("sub"));
    finish(below).ends_with(0).says("1 warning in 1 policy");
}

#[test]
fn a_configuration_with_a_slip_is_refused_at_its_place() {
    let says = |config: &str| {
        let folder = folder(&[("why-denied.toml", config), ("a.json", SLIP)]);
        check(&folder, &["."]).ends_with(2).stderr
    };
    assert!(says("selct = []\n").contains("selct"));
    assert!(says("[accounts]\n\"12\" = \"x\"\n").contains("`12` is no account id"));
    assert!(says("[severity]\n\"sid-invalid\" = \"bad\"\n").contains("`bad` is no severity"));
    assert!(
        says("[[ignores]]\nrule = \"action-unknown\"\nreason = \" \"\n").contains("needs a reason")
    );
    assert!(says("[[ignores]]\nrule = \"action-unknown\"\n").contains("reason"));
}

#[test]
fn an_answered_finding_does_not_count_and_a_stale_answer_is_told() {
    let answer = |rest: &str| format!("[[ignores]]\n{rest}\nreason = \"the gateway knows it\"\n");
    let ran = |config: &str| {
        let folder = folder(&[("why-denied.toml", config), ("a.json", SLIP)]);
        check(&folder, &["."])
    };
    ran(&answer("rule = \"action-unknown\"")).ends_with(0).says("1 ignored");
    ran(&answer("path = \"a.*\"\nsid = \"Read\"")).ends_with(0).says("1 ignored");
    ran(&answer("sid = \"Other\"")).ends_with(1).says("warning[ignore-stale]");
    ran(&answer("sid = \"Read\"\nuntil = 2020-01-31")).ends_with(1).says("ended on 2020-01-31");
}

#[test]
fn types_are_set_by_glob() {
    let config = "[types]\n\"scps/**\" = \"service-control\"\n";
    let policy = SOUND.replace("\"Effect\"", "\"Principal\": \"*\", \"Effect\"");
    let folder = folder(&[("why-denied.toml", config), ("scps/a.json", policy.as_str())]);
    check(&folder, &["."]).ends_with(1).says("error[element-not-allowed]");
}

#[test]
fn a_baseline_marks_what_was_there() {
    let folder = folder(&[("a.json", SLIP)]);
    check(&folder, &[".", "--write-baseline", "baseline.json"]).ends_with(0);
    let moved = SLIP.replacen("{\n", "{\n\n", 1);
    fs::write(folder.path().join("a.json"), &moved).unwrap();
    let known = check(&folder, &["a.json", "--baseline", "baseline.json"]).ends_with(0);
    known.says("(in the baseline)").says("no findings in 1 policy of 1 file; 1 in the baseline");
    fs::write(folder.path().join("a.json"), moved.replace("ListBucket", "ListBukcet")).unwrap();
    check(&folder, &["a.json", "--baseline", "baseline.json"]).ends_with(1).says("1 error");
    fs::write(folder.path().join("a.json"), SOUND).unwrap();
    check(&folder, &["a.json", "--baseline", "baseline.json"])
        .ends_with(0)
        .says("1 of the baseline mended");
}

#[test]
fn every_format_is_well_formed() {
    let folder = folder(&[("a b.json", SLIP), ("s.json", SOUND)]);
    let of = |file: &str, format: &str| {
        check(&folder, &[file, "--format", format, "--exit-zero"]).ends_with(0).stdout
    };
    for file in ["a b.json", "s.json"] {
        let count = usize::from(file == "a b.json");
        let gitlab: Value = serde_json::from_str(&of(file, "gitlab")).unwrap();
        assert_eq!(gitlab.as_array().unwrap().len(), count);
        let sarif: Value = serde_json::from_str(&of(file, "sarif")).unwrap();
        assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), count);
        assert!(of(file, "junit").contains("</testsuites>"));
        assert!(of(file, "markdown").contains("**why-denied**"));
    }
    let sarif: Value = serde_json::from_str(&of("a b.json", "sarif")).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "a%20b.json");
    assert_eq!(place["region"]["startLine"], 7);
    assert_eq!(place["region"]["endColumn"], 32);
    assert!(of("a b.json", "markdown").contains("| error | `a b.json:7` |"));
    insta::assert_snapshot!(of("a b.json", "gitlab"));
}

/// The schema is that of OASIS, as the crate serde-sarif (MIT) ships it.
#[test]
fn sarif_is_what_its_schema_says() {
    // Its patterns of languages have a bracket too many, which not every engine takes.
    let text = read("tests/it/sarif-2.1.0.json").replace("-[a-zA-Z]{2}]?$", "-[a-zA-Z]{2}$");
    let schema: Value = serde_json::from_str(&text).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let text = SLIP.replace('\n', " ").replace('"', "\\\"");
    let embedded = format!("{{\n  \"Policy\": \"{text}\"\n}}\n");
    let yaml = "Statement:\n  # why-denied: ignore[action-unknown] the gateway knows it\n  - { Effect: Allow, Action: 's3:GetObjcet', Resource: '*' }\n";
    let config = "[[ignores]]\npath = \"b.json\"\nreason = \"not ours\"\n";
    let folder = folder(&[
        ("a b.json", SLIP),
        ("b.json", SLIP),
        ("bucket.json", embedded.as_str()),
        ("c.yaml", yaml),
        ("broken.json", &SLIP.replace("\"Resource\"", "Resource")),
        ("s.json", SOUND),
        ("why-denied.toml", config),
    ]);
    check(&folder, &["a b.json", "--write-baseline", "old.json"]).ends_with(0);
    for arguments in [&["s.json"][..], &["."], &[".", "--baseline", "old.json"]] {
        let all = [arguments, &["--format", "sarif", "--exit-zero"]].concat();
        let ran = check(&folder, &all).ends_with(0);
        let sarif: Value = serde_json::from_str(&ran.stdout).unwrap();
        let errors: Vec<_> = schema.iter_errors(&sarif).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
    let ran = check(&folder, &[".", "--format", "sarif", "--exit-zero"]);
    let sarif: Value = serde_json::from_str(&ran.stdout).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let kind = |file: &str| {
        let of_file = |one: &&Value| {
            one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == file
        };
        results.iter().find(of_file).unwrap()["suppressions"][0]["kind"].clone()
    };
    assert_eq!((kind("c.yaml"), kind("b.json")), ("inSource".into(), "external".into()));
}

/// A role `deploy` that trusts this ARN.
fn trusting(arn: &str) -> String {
    format!(
        r#"{{ "Role": {{ "RoleName": "deploy", "Path": "/", "Arn": "arn:aws:iam::111122223333:role/deploy",
  "AssumeRolePolicyDocument": {{ "Version": "2012-10-17", "Statement": [
    {{ "Effect": "Allow",
      "Principal": {{ "AWS": "{arn}" }},
      "Action": "sts:AssumeRole" }} ] }} }} }}
"#
    )
}

/// All of role `ci`, which may assume `deploy`.
const CI: &str = r#"{ "UserDetailList": [], "GroupDetailList": [], "Policies": [], "RoleDetailList": [
  { "RoleName": "ci", "Path": "/", "Arn": "arn:aws:iam::444455556666:role/ci", "AttachedManagedPolicies": [],
    "AssumeRolePolicyDocument": { "Version": "2012-10-17", "Statement": [
      { "Effect": "Allow", "Principal": { "Service": "ec2.amazonaws.com" }, "Action": "sts:AssumeRole" } ] },
    "RolePolicyList": [ { "PolicyName": "assume", "PolicyDocument": { "Version": "2012-10-17", "Statement": [
      { "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::111122223333:role/deploy" } ] } } ] } ] }
"#;
const CI_ARN: &str = "arn:aws:iam::444455556666:role/ci";

#[test]
fn the_other_side_comes_from_facts() {
    let other = trusting("arn:aws:iam::444455556666:role/ci-old");
    let folder = folder(&[("policies/ci.json", CI), ("facts/deploy.json", other.as_str())]);
    check(&folder, &["policies"]).ends_with(0).says("no findings");
    check(&folder, &["policies", "--facts", "facts", "--format", "concise"])
        .ends_with(1)
        .says("policies/ci.json:6:68: error[assume-role-not-trusted] ");
    fs::write(folder.path().join("facts/deploy.json"), trusting(CI_ARN)).unwrap();
    check(&folder, &["policies", "--facts", "facts"]).ends_with(0).says("no findings");
    fs::write(folder.path().join("facts/deploy.json"), "{ oh no").unwrap();
    check(&folder, &["policies", "--facts", "facts"]).ends_with(2).complains("facts/deploy.json");
}

#[test]
fn an_expectation_is_proven_refuted_or_open() {
    let expectation = |rest: &str| {
        format!("[[expectations]]\nrole = \"arn:aws:iam::111122223333:role/deploy\"\n{rest}\n")
    };
    let ran = |trusted: &str, rest: &str| {
        let (config, role) = (expectation(rest), trusting(trusted));
        let files =
            [("why-denied.toml", config.as_str()), ("ci.json", CI), ("deploy.json", role.as_str())];
        check(&folder(&files), &[".", "--format", "concise"])
    };
    let without = "without = [\"service-control\", \"resource-control\"]";
    let allowed = format!("allowed = [\"{CI_ARN}\"]");
    ran(CI_ARN, &format!("{allowed}\n{without}")).ends_with(0).says("no findings");
    ran("arn:aws:iam::444455556666:role/ci-old", &allowed)
        .ends_with(1)
        .says("error[expectation-refuted]")
        .says("has to be able to assume `deploy`");
    ran(CI_ARN, &allowed).ends_with(0).says("warning[expectation-undetermined]");
    let denied = format!("denied = [\"{CI_ARN}\", \"anonymous\"]\n{without}");
    ran(CI_ARN, &denied).ends_with(1).says("must never be able to assume `deploy`");
    let says = |rest: &str| ran(CI_ARN, rest).ends_with(2).stderr;
    assert!(says("").contains("this expects nothing"));
    assert!(
        says("allowed = []\ncontext-is = \"all\"\ndenied = [\"anonymous\"]").contains("context-is")
    );
}

#[test]
fn a_change_is_told_by_what_it_does_to_access() {
    let (old, new) = (trusting(CI_ARN), trusting("arn:aws:iam::444455556666:role/ci-new"));
    let folder = folder(&[
        ("before/ci.json", CI),
        ("before/deploy.json", old.as_str()),
        ("now/ci.json", CI),
        ("now/deploy.json", new.as_str()),
    ]);
    let arguments = ["now", "--against", "before", "--ignore", "assume-role-not-trusted"];
    let ran = check(&folder, &arguments).ends_with(0);
    insta::assert_snapshot!(ran.stdout);
    fs::write(folder.path().join("now/deploy.json"), old.replace("\n", "\n ")).unwrap();
    check(&folder, &arguments).ends_with(0).says("no findings");
    check(&folder, &["now", "--against", "nothing"]).ends_with(2).complains("neither a folder nor");
}

#[test]
fn what_is_found_across_files_is_ignored_by_its_statement_or_by_a_comment() {
    let other = trusting("arn:aws:iam::444455556666:role/ci-old");
    let named = CI.replace(
        r#"{ "Effect": "Allow", "Action": "sts:AssumeRole", "Resource""#,
        r#"{ "Sid": "Hop", "Effect": "Allow", "Action": "sts:AssumeRole", "Resource""#,
    );
    let config = |sid: &str| {
        format!(
            "[[ignores]]\nrule = \"assume-role-not-trusted\"\nsid = \"{sid}\"\nreason = \"it is made later\"\n"
        )
    };
    let by_sid = |sid: &str| {
        let config = config(sid);
        let files = [
            ("why-denied.toml", config.as_str()),
            ("ci.json", named.as_str()),
            ("deploy.json", other.as_str()),
        ];
        check(&folder(&files), &[".", "--format", "concise"])
    };
    by_sid("Hop").ends_with(0).says("1 ignored");
    by_sid("Other").ends_with(1).says("error[assume-role-not-trusted]").says("[ignore-stale]");
    let comment = |rule: &str| {
        let mark = format!("      # why-denied: ignore[{rule}] it is made later\n      {{ \"Sid\"");
        let text = named.replace("      { \"Sid\"", &mark);
        let files = [("ci.yaml", text.as_str()), ("deploy.json", other.as_str())];
        check(&folder(&files), &[".", "--format", "concise"])
    };
    comment("assume-role-not-trusted").ends_with(0).says("1 ignored");
    let ran = comment("pass-role-not-trusted").ends_with(1);
    ran.says("error[assume-role-not-trusted]").says("[ignore-stale]");
}

#[test]
fn a_change_in_one_long_line_is_told_by_its_values() {
    let plain = |text: &str| -> String {
        let value: Value = serde_json::from_str(text).unwrap();
        value.to_string()
    };
    let (old, new) = (trusting(CI_ARN), trusting("arn:aws:iam::444455556666:role/ci-new"));
    let (ci, old, new) = (plain(CI), plain(&old), plain(&new));
    let folder = folder(&[
        ("before/ci.json", ci.as_str()),
        ("before/deploy.json", old.as_str()),
        ("now/ci.json", ci.as_str()),
        ("now/deploy.json", new.as_str()),
    ]);
    let arguments = ["now", "--against", "before", "--ignore", "assume-role-not-trusted"];
    insta::assert_snapshot!(check(&folder, &arguments).ends_with(0).stdout);
}

#[test]
fn a_parameter_that_is_empty_by_default_is_filled_in_by_somebody() {
    let template = r#"{ "Parameters": { "Topic": { "Type": "String", "Default": "" } },
      "Resources": { "Policy": { "Type": "AWS::IAM::ManagedPolicy", "Properties": { "PolicyDocument": {
        "Version": "2012-10-17",
        "Statement": [ { "Effect": "Allow", "Action": "sns:Publish", "Resource": { "Ref": "Topic" } } ] } } } } }"#;
    let folder = folder(&[
        ("template.json", template),
        ("empty.json", &SOUND.replace("arn:aws:s3:::reports/*", "")),
    ]);
    check(&folder, &["template.json"]).ends_with(0).says("no findings in 1 policy");
    check(&folder, &["empty.json"]).ends_with(1).says("[arn-malformed]");
}

#[test]
fn a_revision_of_git_is_what_was_before() {
    let git = |folder: &TempDir, arguments: &[&str]| {
        let mut git = std::process::Command::new("git");
        git.args([
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@example.com",
            "-c",
            "commit.gpgsign=false",
        ]);
        git.args(arguments).current_dir(folder.path());
        let output = git.output().expect("git is needed for this test");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let old = trusting(CI_ARN);
    let folder = folder(&[("policies/ci.json", CI), ("policies/deploy.json", old.as_str())]);
    git(&folder, &["init", "--quiet"]);
    git(&folder, &["add", "."]);
    git(&folder, &["commit", "--quiet", "-m", "before"]);
    check(&folder, &["policies", "--against", "HEAD"]).ends_with(0).says("no findings");
    fs::remove_file(folder.path().join("policies/deploy.json")).unwrap();
    check(&folder, &["policies", "--against", "HEAD", "--format", "concise"])
        .ends_with(0)
        .says("warning[access-removed] this change stops `ci` from assuming `deploy`");
    check(&folder, &["policies", "--against", "--upload-pack=x"]).ends_with(2);
}

#[test]
fn paths_of_the_configuration_are_relative_to_it() {
    let config = "exclude = [\"sub/skip/**\"]\n\n[types]\n\"sub/scps/*\" = \"service-control\"\n\n[[ignores]]\npath = \"sub/a.json\"\nreason = \"not ours\"\n";
    let policy = SOUND.replace("\"Effect\"", "\"Principal\": \"*\", \"Effect\"");
    let folder = folder(&[
        ("why-denied.toml", config),
        ("sub/a.json", SLIP),
        ("sub/skip/b.json", SLIP),
        ("sub/scps/c.json", policy.as_str()),
    ]);
    let fingerprint = |ran: &Ran| ran.json()["findings"][0]["fingerprint"].clone();
    let above = check(&folder, &["sub", "--format", "json"]).ends_with(1);
    let mut below = command(&["check", ".", "--format", "json"]);
    below.current_dir(folder.path().join("sub"));
    let below = finish(below).ends_with(1);
    for ran in [&above, &below] {
        let json = ran.json();
        let found: Vec<_> = json["findings"].as_array().unwrap().iter().collect();
        assert_eq!(found.len(), 2, "{json}");
        assert_eq!(
            (&found[0]["state"], &found[1]["rule"]),
            (&"ignored".into(), &"element-not-allowed".into())
        );
    }
    assert_eq!(fingerprint(&above), fingerprint(&below));
}

#[test]
fn templates_are_checked_where_they_stand() {
    let template = "AWSTemplateFormatVersion: '2010-09-09'\nResources:\n  Deploy:\n    Type: AWS::IAM::Role\n    Properties:\n      AssumeRolePolicyDocument:\n        Version: '2012-10-17'\n        Statement:\n          - Effect: Allow\n            Principal: { Service: lambda.amazon.com }\n            Action: sts:AssumeRole\n";
    let folder = folder(&[("template.yaml", template)]);
    check(&folder, &["template.yaml", "--format", "concise"])
        .ends_with(1)
        .says("template.yaml:10:35: error[service-principal-unknown]");
}

/// Findings in AWS's own managed policies that a person has looked at, and agrees with.
///
/// They grant what they do not seem to: the actions of event source mappings take mappings and no functions,
/// the names of state machines begin with `stateMachine:`, buckets are listed and not objects, and one ARN of a
/// key has a colon too many.
const REAL: &[(&str, &str)] = &[
    ("resource-type-mismatch", "s3:::transform-vmware-target-*/*"),
    ("resource-type-mismatch", "s3:::*/CodeDeploy/*"),
    ("resource-type-mismatch", "kms:*:::*"),
    ("arn-form-unknown", ":statemachine:"),
    ("resource-type-mismatch", "EventSourceMapping"),
];

/// Policies in which a statement says nothing that another one does not say: each was looked at.
const SHADOWED: &[&str] = &[
    "AWSApplicationMigrationNetworkMigrationMultiAccount",
    "AWSBackupServiceRolePolicyForRestores",
    "AWSCleanRoomsMLFullAccess",
    "AWSDeepLensServiceRolePolicy",
    "AWSIoTDeviceTesterForFreeRTOSFullAccess",
    "AWSManagedSettingsAdminAccess",
    "AWSObservabilityAdminTelemetryEnablementServiceRolePolicy",
    "AmazonECSServiceRolePolicy",
    "AmazonEKSServiceRolePolicy",
    "AmazonLaunchWizardFullAccessV2",
    "AwsGlueDataBrewFullAccessPolicy",
    "BedrockAgentCoreFullAccess",
    "NetworkSecurityDirectorServiceLinkedRolePolicy",
    "SageMakerStudioProjectProvisioningRolePolicy",
    "SageMakerStudioProjectUserRolePolicy",
    "SecurityLakeResourceManagementServiceRolePolicy",
];

#[test]
fn aws_managed_policies_are_fine() {
    let mut wrong = Vec::new();
    let mut checker =
        Checker::new(Settings { selection: Selection::default(), ..Settings::default() });
    for name in managed_policies() {
        let document =
            managed_policy(&format!("arn:aws:iam::aws:policy/{name}")).unwrap().document().unwrap();
        let mut sources = SourceMap::default();
        let id = sources.add_file(format!("{name}.json"), document.into_bytes()).unwrap();
        let found =
            policies_in(&mut sources, id, std::path::Path::new("policy.json"), &Default::default());
        for one in checker.file(name, None, &found.policies, Vec::new(), &sources) {
            let text = sources.slice(one.finding.primary.span);
            let is_real =
                |(rule, only): &&(&str, &str)| *rule == one.finding.rule && text.contains(only);
            let is_shadowed = one.finding.rule == "statement-shadowed"
                && SHADOWED.contains(&name.rsplit('/').next().unwrap());
            if !is_shadowed && !REAL.iter().any(|real| is_real(&real)) {
                wrong.push(format!("{name}: {} {text}: {}", one.finding.rule, one.finding.message));
            }
        }
    }
    assert!(wrong.is_empty(), "{} findings:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn shells_and_man_are_served() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        run(&["completions", shell]).ends_with(0).says("check");
    }
    run(&["man"]).ends_with(0).says(".TH why-denied 1").says("fail\\-on");
}
