//! One file per layer, in place of what the facts say of it.

use serde_json::json;

use crate::support::{Ran, folder, outcome, richard, rules, run, with};

const ALLOW: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
const DENY: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*"}}"#;
const OTHER: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ec2:*","Resource":"*"}}"#;
const FOR_ALL: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}"#;
const DENY_ALL: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}}"#;
const FOR_NONE: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"ec2:*","Resource":"*"}}"#;

/// Every layer's option with a value that leaves an allowed request allowed.
const OPEN: [(&str, &str); 7] = [
    ("--identity-policy", "allow.json"),
    ("--boundary", "none"),
    ("--session-policy", "none"),
    ("--scp", "none"),
    ("--rcp", "none"),
    ("--resource-policy", "none"),
    ("--endpoint-policy", "none"),
];

/// A session of role `app` reads an object of its own account, with some layers other than open.
fn ask(layers: &[(&str, &str)]) -> Ran {
    let folder = folder(&[
        ("allow.json", ALLOW),
        ("deny.json", DENY),
        ("other.json", OTHER),
        ("for-all.json", FOR_ALL),
        ("deny-all.json", DENY_ALL),
        ("for-none.json", FOR_NONE),
        (
            "described.json",
            &json!({ "Policy": { "PolicySummary": { "Name": "guard" }, "Content": DENY } })
                .to_string(),
        ),
        ("bucket.json", &json!({ "Policy": DENY_ALL }).to_string()),
    ]);
    let mut options: Vec<String> =
        ["--caller", "arn:aws:sts::111122223333:assumed-role/app/i-0abc", "--format", "json"]
            .map(str::to_owned)
            .to_vec();
    options.extend(
        ["--action", "s3:GetObject", "--resource", "arn:aws:s3:::logs/a"].map(str::to_owned),
    );
    options.extend(["--context", "aws:ResourceAccount=111122223333"].map(str::to_owned));
    let changed = |option: &str| layers.iter().any(|(other, _)| *other == option);
    let open = OPEN.iter().filter(|(option, _)| !changed(option));
    for (option, value) in open.chain(layers).filter(|(_, value)| *value != "unknown") {
        let (level, file) = value.split_once('=').map_or(("", *value), |(_, file)| {
            (value.get(..value.len() - file.len()).unwrap(), file)
        });
        let path = folder.path().join(file).display().to_string();
        let value = if file == "none" { file.to_owned() } else { format!("{level}{path}") };
        options.extend([(*option).to_owned(), value]);
    }
    run(&options)
}

#[track_caller]
fn assert_denied(layers: &[(&str, &str)], rule: &str, gate: &str) {
    let json = ask(layers).ends_with(1).json();
    assert!(rules(&json).iter().any(|found| found == rule), "{:?}", rules(&json));
    assert_eq!(outcome(&json, gate), "failed");
}

#[test]
fn open_layers_allow() {
    let json = ask(&[]).ends_with(0).json();
    assert_eq!(json["decision"], "allowed");
    assert!(json["gaps"].as_array().unwrap().is_empty(), "{:#}", json["gaps"]);
}

#[test]
fn a_layer_that_is_not_given_is_not_known() {
    for (option, _) in OPEN.iter().filter(|(option, _)| *option != "--resource-policy") {
        ask(&[(option, "unknown")]).ends_with(3);
    }
}

#[test]
fn each_limit_needs_an_allow() {
    let limits = [
        ("--identity-policy", "other.json", "identity-no-allow", "identity-policies"),
        ("--boundary", "other.json", "boundary-no-allow", "permissions-boundary"),
        ("--session-policy", "other.json", "session-policy-no-allow", "session-policy"),
        ("--scp", "other.json", "scp-no-allow", "service-control-policies"),
        ("--endpoint-policy", "for-none.json", "endpoint-no-allow", "endpoint-policy"),
    ];
    for (option, file, rule, gate) in limits {
        assert_denied(&[(option, file)], rule, gate);
    }
}

#[test]
fn a_deny_in_any_layer_denies() {
    let denies = [
        ("--identity-policy", "deny.json"),
        ("--boundary", "deny.json"),
        ("--session-policy", "deny.json"),
        ("--scp", "deny.json"),
        ("--rcp", "deny-all.json"),
        ("--resource-policy", "deny-all.json"),
        // As `describe-policy` and `get-bucket-policy` print them.
        ("--scp", "described.json"),
        ("--resource-policy", "bucket.json"),
        ("--endpoint-policy", "deny-all.json"),
    ];
    for (option, file) in denies {
        let json = ask(&[(option, file)]).ends_with(1).json();
        assert_eq!(json["decision"], "explicit-deny", "{option}");
        assert_eq!(rules(&json)[0], "explicit-deny", "{option}");
        assert_eq!(outcome(&json, "explicit-denies"), "failed", "{option}");
    }
}

#[test]
fn no_identity_based_policy_grants_nothing() {
    assert_denied(&[("--identity-policy", "none")], "identity-no-allow", "identity-policies");
}

#[test]
fn a_resource_policy_grants_within_the_account() {
    ask(&[("--identity-policy", "none"), ("--resource-policy", "for-all.json")]).ends_with(0);
}

#[test]
fn policies_of_one_layer_are_evaluated_as_one() {
    ask(&[("--scp", "other.json"), ("--scp", "allow.json")]).ends_with(0);
    ask(&[("--identity-policy", "other.json"), ("--identity-policy", "allow.json")]).ends_with(0);
}

#[test]
fn every_level_of_the_organization_needs_an_allow() {
    ask(&[("--scp", "0=allow.json"), ("--scp", "1=allow.json")]).ends_with(0);
    assert_denied(
        &[("--scp", "0=allow.json"), ("--scp", "1=other.json")],
        "scp-no-allow",
        "service-control-policies",
    );
    ask(&[("--rcp", "2=deny-all.json")]).ends_with(1);
}

#[test]
fn the_trust_policy_of_the_option_replaces_that_of_the_facts() {
    let trust = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::444455556666:user/Helen"},"Action":"sts:AssumeRole"}}"#;
    let folder = folder(&[("trust.json", trust)]);
    let path = folder.path().join("trust.json").display().to_string();
    let mut options = crate::support::richard("03-allowed");
    options.extend(["--trust-policy".to_owned(), path, "--format".to_owned(), "json".to_owned()]);
    let json = run(&options).ends_with(1).json();
    assert_eq!(rules(&json)[0], "trust-principal-mismatch");
}

#[test]
fn a_deny_of_all_but_a_list_says_that_the_request_is_not_on_it() {
    let fence = r#"{
  "Version": "2012-10-17",
  "Statement": [
    { "Effect": "Allow", "Action": "*", "Resource": "*" },
    { "Effect": "Deny", "NotAction": [ "iam:*", "ec2:*" ], "NotResource": "arn:aws:s3:::*" }
  ]
}"#;
    let files = folder(&[("fence.json", fence)]);
    let path = files.path().join("fence.json").display().to_string();
    run(&with(richard("03-allowed"), &["--scp", &path]))
        .says("denies whatever is not listed, and")
        .says("on whatever is not listed, and this")
        .says("add `sts:AssumeRole` to what `NotAction` spares");
}
