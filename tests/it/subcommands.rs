//! `why-denied test` and `why-denied rules`.

use crate::support::{Ran, folder, run};

const CASES: &str = r#"why-denied: 1
cases:
  - name: it passes
    request: { principal: "arn:aws:iam::111122223333:user/ana", action: s3:GetObject, resource: "arn:aws:s3:::reports/a" }
    policies: []
    expect: { decision: implicit-deny, rules: [ identity-no-allow ] }
  - name: it fails
    request: { principal: "arn:aws:iam::111122223333:user/ana", action: s3:GetObject, resource: "arn:aws:s3:::reports/a" }
    policies: []
    expect: { decision: allowed }
  - name: it only asks
    request: { principal: "arn:aws:iam::111122223333:user/ana", action: s3:GetObject, resource: "arn:aws:s3:::reports/a" }
    policies: []
"#;
const BROKEN: &str =
    "why-denied: 1\nname: it is broken\nrequest: { principal: nobody }\nexpected: {}\n";

fn test(files: &[(&str, &str)], more: &[&str]) -> Ran {
    let folder = folder(files);
    let mut options = vec!["test", folder.path().to_str().unwrap()];
    options.extend(more);
    run(&options)
}

fn passing() -> String {
    CASES.split("  - name: it fails").next().unwrap().to_owned()
}

#[test]
fn cases_that_pass_end_with_0() {
    test(&[("a.yaml", &passing())], &[]).ends_with(0).says("1 passed, 0 failed");
}

#[test]
fn a_case_that_fails_ends_with_1_and_says_what_differs() {
    let ran = test(&[("a.yaml", CASES)], &[]).ends_with(1).says("1 passed, 1 failed, 1 unchecked");
    let ran = ran.says("it fails").says("it only asks");
    assert!(ran.stdout.contains("allowed") && ran.stdout.contains("implicit"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("it passes"), "what passes is listed with --verbose alone");
    test(&[("a.yaml", CASES)], &["--verbose"]).ends_with(1).says("it passes");
}

#[test]
fn a_broken_case_ends_with_2_and_hides_no_other() {
    let ran = test(&[("a.yaml", &passing()), ("b.yaml", BROKEN)], &[]).ends_with(2);
    ran.says("1 passed, 0 failed, 0 unchecked, 1 error").complains("b.yaml:");
}

#[test]
fn nothing_to_test_ends_with_2() {
    test(&[("package.json", "{}")], &[]).ends_with(2).complains("no case was found");
}

#[test]
fn the_decision_of_a_case_without_expect_is_printed() {
    test(&[("a.yaml", CASES)], &[]).says("implicit-deny");
}

#[test]
fn json_lists_each_case() {
    let json = test(&[("a.yaml", CASES), ("b.yaml", BROKEN)], &["--format", "json"]).json();
    let outcomes: Vec<_> =
        json["cases"].as_array().unwrap().iter().map(|case| case["outcome"].clone()).collect();
    assert_eq!(outcomes, ["passed", "failed", "unchecked", "error"]);
    assert_eq!(json["cases"][3]["decision"], serde_json::Value::Null);
}

#[test]
fn junit_counts_cases_as_a_test_runner_does() {
    let files = [("a.yaml", CASES), ("b.yaml", BROKEN)];
    let ran = test(&files, &["--format", "junit"]).ends_with(2);
    assert!(ran.stdout.starts_with("<?xml"), "{}", ran.stdout);
    let ran = ran.says("tests=\"4\"").says("failures=\"1\"").says("errors=\"1\"");
    assert!(ran.stdout.contains("name=\"it fails\"") && ran.stdout.contains("<failure"));
}

#[test]
fn the_cases_of_the_project_pass() {
    run(&["test", "fixtures/cases"]).ends_with(0).says(" 0 failed");
}

#[test]
fn rules_are_listed_and_explained() {
    let list = run(&["rules"]).ends_with(0);
    for rule in why_denied::rules::all() {
        let words: Vec<_> = list.stdout.split_whitespace().collect();
        let line = format!("{} {}", rule.meta.id, rule.meta.summary);
        assert!(words.join(" ").contains(&line), "{line}");
        let page = run(&["rules", rule.meta.id]).ends_with(0);
        assert_eq!(page.stdout, rule.meta.doc);
    }
    let json = run(&["rules", "--format", "json"]).ends_with(0).json();
    assert_eq!(json["rules"].as_array().unwrap().len(), why_denied::rules::all().count());
}

#[test]
fn a_rule_that_does_not_exist_is_answered_with_one_that_does() {
    run(&["rules", "trust-principal"]).ends_with(2).complains("`trust-principal-mismatch`");
    run(&["rules", "xyzzy"]).ends_with(2).complains("`why-denied rules` lists them");
}

#[test]
fn a_case_file_is_diagnosed_case_by_case() {
    let folder = folder(&[("a.yaml", CASES)]);
    let file = folder.path().join("a.yaml");
    let ran = run(&["--case", file.to_str().unwrap(), "--format", "json"]).ends_with(1);
    assert_eq!(ran.json()["results"].as_array().unwrap().len(), 3);
}

#[test]
fn the_moment_of_a_case_is_its_own_or_the_option_s_and_never_now() {
    let case = r#"{ "why-denied": 1,
      "request": { "principal": "arn:aws:iam::111122223333:user/ana", "action": "s3:GetObject", "resource": "arn:aws:s3:::reports/a" },
      "policies": [ { "type": "identity-based", "document": { "Version": "2012-10-17", "Statement": { "Effect": "Allow", "Action": "*", "Resource": "*",
        "Condition": { "DateLessThan": { "aws:CurrentTime": "2026-01-01T00:00:00Z" } } } } } ] }"#;
    let folder = folder(&[("case.json", case)]);
    let file = folder.path().join("case.json").display().to_string();
    run(&["--case", &file]).ends_with(3);
    run(&["--case", &file, "--time", "2025-12-31T23:00:00Z"]).ends_with(0);
    run(&["--case", &file, "--time", "2026-01-02T00:00:00Z"]).ends_with(1);
}
