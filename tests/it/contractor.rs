//! The contractors' story as a person reads it, at 80 columns and without colour.

use crate::support::{ROLE, Ran, TIME, richard, run, with};

const REPORT: &str = "arn:aws:s3:::importantprojectbucket/report.csv";
const OWNER: &str = "aws:ResourceAccount=111122223333";

fn on_report(situation: &str, action: &str, more: &[&str]) -> Ran {
    let facts = format!("examples/contractor/{situation}");
    let mut options = vec!["--action", action, "--resource", REPORT, "--context", OWNER];
    options.extend(["--time", TIME, "--facts", &facts]);
    options.extend(more);
    run(&options)
}

fn assert_reads(situation: &str, ran: &Ran) {
    insta::assert_snapshot!(situation, ran.stdout);
    assert_eq!(ran.stderr, "", "nothing to warn of");
    assert_eq!(ran.status, 1, "denied");
}

#[test]
fn nothing_grants_richard_the_call() {
    assert_reads("01-no-grant", &run(&richard("01-no-grant")));
}

#[test]
fn naming_richard_in_the_trust_policy_is_no_grant() {
    assert_reads("02-named-no-grant", &run(&richard("02-named-no-grant")));
}

#[test]
fn the_trust_policy_asks_for_mfa() {
    let ran = run(&richard("04-mfa"));
    insta::assert_snapshot!("04-mfa", ran.in_every_build());
    assert_eq!(ran.status, 3, "whether the call carried MFA is not known");
}

#[test]
fn an_open_answer_names_what_settles_it() {
    let answer = run(&with(richard("04-mfa"), &["--format", "json"])).json();
    let settles = |at: usize| answer["settlements"][at].clone();
    assert_eq!(settles(0)["decision"], "allowed");
    let facts = settles(0)["if_all"].as_array().unwrap().clone();
    assert_eq!(facts[0]["fact"], "`aws:MultiFactorAuthPresent` is `true`");
    assert_eq!(facts.len(), 4, "and three layers that are not visible: {facts:?}");
    assert_eq!(settles(1)["decision"], "implicit-deny");
    assert_eq!(settles(1)["if_all"][0]["fact"], "`aws:MultiFactorAuthPresent` is `false`");
    // Told so, the program agrees.
    let layers = ["--scp", "none", "--rcp", "none", "--endpoint-policy", "none"];
    let status = |more: &[&str]| run(&with(with(richard("04-mfa"), &layers), more)).status;
    assert_eq!(status(&["--mfa"]), 0, "allowed");
    assert_eq!(status(&["--context", "aws:MultiFactorAuthPresent=false"]), 1, "denied");
}

#[test]
fn a_group_of_the_caller_denies() {
    assert_reads("07-caller-deny", &run(&richard("07-caller-deny")));
}

#[test]
fn the_trust_policy_denies() {
    assert_reads("08-trust-deny", &run(&richard("08-trust-deny")));
}

#[test]
fn the_session_has_expired() {
    let facts = "examples/contractor/09-expired-session";
    let ran = run(&["--role", ROLE, "--time", TIME, "--facts", facts]);
    assert_reads("09-expired-session", &ran);
}

#[test]
fn the_role_lacks_the_permission() {
    let policy = "examples/contractor/10-missing-permission/bucket-policy.json";
    // The folder's facts hold the policy as well, and do not say which bucket it belongs to: the option does.
    let more = ["--resource-policy", policy];
    assert_reads(
        "10-missing-permission",
        &on_report("10-missing-permission", "s3:DeleteObject", &more),
    );
}

#[test]
fn the_role_was_not_used() {
    assert_reads("11-role-not-used", &on_report("11-role-not-used", "s3:PutObject", &[]));
}

#[test]
fn nothing_is_called_allowed_because_the_organization_is_out_of_sight() {
    let known = ["--scp", "none", "--rcp", "none", "--endpoint-policy", "none"];
    let ran = run(&richard("03-allowed")).ends_with(3).says("UNDETERMINED");
    assert!(ran.stdout.contains("service control policies of account 444455556666"));
    let mut options = richard("03-allowed");
    options.extend(known.map(str::to_owned));
    run(&options).ends_with(0).says("ALLOWED");
}
