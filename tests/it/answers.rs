//! Answers of AWS as `collect` writes them: whose they are is said, and a refused call is a gap.

use serde_json::{Value, json};

use crate::support::{Ran, folder, outcome, run};

const ROLE: &str = "arn:aws:iam::111122223333:role/deploy";
const CALLER: &str = "arn:aws:sts::444455556666:assumed-role/ci/build";

fn answer(operation: &str, account: &str, about: Option<&str>, answer: &Value) -> String {
    let whole = json!({
        "why-denied-answer": 1, "operation": operation, "account": account, "about": about,
        "answer": answer,
    });
    whole.to_string()
}

fn refused(operation: &str, about: Option<&str>, which: Option<&str>) -> String {
    let whole = json!({
        "why-denied-answer": 1, "operation": operation, "account": "444455556666", "about": about,
        "which": which,
        "not-read": { "code": "AccessDenied", "why": "AWS refused it (AccessDenied)" },
    });
    whole.to_string()
}

fn role(arn: &str, name: &str, trust: &Value) -> Value {
    json!({ "Role": {
        "Path": "/", "RoleName": name, "RoleId": "AROAEXAMPLEEXAMPLE222", "Arn": arn,
        "CreateDate": "2024-01-01T00:00:00Z", "AssumeRolePolicyDocument": trust,
        "MaxSessionDuration": 3600, "Tags": [],
    } })
}

/// What is read of role ci, which may assume any role, and of role deploy, which trusts it.
fn files() -> Vec<(&'static str, String)> {
    let (own, other) = ("444455556666", "111122223333");
    let ci = "arn:aws:iam::444455556666:role/ci";
    let identity =
        json!({ "UserId": "AROAEXAMPLEEXAMPLE222:build", "Account": own, "Arn": CALLER });
    let credentials =
        json!({ "Arn": CALLER, "Source": "profile ci: keys in the file", "Remarks": [] });
    let allow = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*" } ] });
    let trust = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "AWS": ci }, "Action": "sts:AssumeRole" } ] });
    let policy = json!({ "RoleName": "ci", "PolicyName": "own", "PolicyDocument": allow });
    let about = Some("role/ci");
    vec![
        ("identity.json", answer("sts:GetCallerIdentity", own, None, &identity)),
        ("credentials.json", answer("credentials", own, None, &credentials)),
        ("ci.json", answer("iam:GetRole", own, about, &role(ci, "ci", &json!({})))),
        (
            "names.json",
            answer("iam:ListRolePolicies", own, about, &json!({ "PolicyNames": ["own"] })),
        ),
        ("own.json", answer("iam:GetRolePolicy", own, about, &policy)),
        (
            "attached.json",
            answer("iam:ListAttachedRolePolicies", own, about, &json!({ "AttachedPolicies": [] })),
        ),
        ("deploy.json", answer("iam:GetRole", other, Some(ROLE), &role(ROLE, "deploy", &trust))),
        ("none-own.json", answer("organizations:DescribeOrganization", own, None, &Value::Null)),
        ("none.json", answer("organizations:DescribeOrganization", other, None, &Value::Null)),
    ]
}

fn ask(files: &[(&str, String)]) -> Ran {
    let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let folder = folder(&files);
    let facts = folder.path().to_str().unwrap();
    let none = ["--context", "aws:SourceVpce=", "--session-policy", "none"];
    let question = ["--role", ROLE, "--facts", facts, "--format", "json", "--offline"];
    run(&[&question[..], &none].concat())
}

fn with(name: &str, text: String) -> Vec<(&'static str, String)> {
    let mut files = files();
    files.iter_mut().find(|(known, _)| *known == name).unwrap().1 = text;
    files
}

#[test]
fn answers_that_say_whose_they_are_need_no_guess() {
    let ran = ask(&files()).ends_with(0);
    assert!(!ran.stderr.contains("is taken to"), "{}", ran.stderr);
    let said = ran.json();
    assert_eq!(said["decision"], "allowed");
    assert_eq!(said["request"]["principal"], CALLER);
    assert_eq!(said["identity"]["source"], "profile ci: keys in the file");
    assert_eq!(said["identity"]["is_caller"], true);
    assert_eq!(outcome(&said, "service-control-policies"), "not-applicable");
}

#[test]
fn a_call_that_was_refused_is_a_gap_that_names_its_permission() {
    let cases = [
        ("names.json", refused("iam:ListRolePolicies", Some("role/ci"), None)),
        ("own.json", refused("iam:GetRolePolicy", Some("role/ci"), Some("own"))),
        ("attached.json", refused("iam:ListAttachedRolePolicies", Some("role/ci"), None)),
        ("ci.json", refused("iam:GetRole", Some("role/ci"), None)),
        ("deploy.json", refused("iam:GetRole", Some(ROLE), None)),
        ("none-own.json", refused("organizations:DescribeOrganization", None, None)),
    ];
    for (name, text) in cases {
        let operation: Value = serde_json::from_str(&text).unwrap();
        let operation = operation["operation"].as_str().unwrap().to_owned();
        let said = ask(&with(name, text)).ends_with(3).json();
        let gaps = said["gaps"].to_string();
        let expected = format!("`{operation}`: AWS refused it (AccessDenied)");
        assert!(gaps.contains(&expected), "{name}: {gaps}");
        assert!(gaps.contains(&format!("let that identity call `{operation}`")), "{name}: {gaps}");
    }
}

#[test]
fn a_role_that_aws_does_not_know_is_missing() {
    let said =
        ask(&with("deploy.json", answer("iam:GetRole", "111122223333", Some(ROLE), &Value::Null)));
    let said = said.ends_with(1).json();
    assert_eq!(said["findings"][0]["rule"], "role-missing");
}

#[test]
fn a_role_of_that_name_with_another_path_is_another() {
    let other = "arn:aws:iam::111122223333:role/team/deploy";
    let found = role(other, "deploy", &json!({}));
    let said = ask(&with("deploy.json", answer("iam:GetRole", "111122223333", Some(ROLE), &found)));
    let said = said.ends_with(1).json();
    assert_eq!(said["findings"][0]["rule"], "role-missing");
    assert!(said["findings"][0]["help"].as_str().unwrap().contains(other), "{said}");
}
