//! Role chains: each role is assumed with the session of the role before.

use crate::support::{Ran, run};

const ANA: &str = "arn:aws:iam::111122223333:user/ana";
const HUB: &str = "arn:aws:iam::111122223333:role/team/hub";
const VAULT: &str = "arn:aws:iam::444455556666:role/vault";
const AUDIT: &str = "arn:aws:iam::444455556666:role/audit";

fn ask(caller: &str, more: &[&str]) -> Ran {
    let mut options = vec!["--caller", caller, "--time", "2026-03-17T09:30:00Z"];
    options.extend(["--scp", "none", "--rcp", "none", "--endpoint-policy", "none"]);
    for facts in ["hub-account.json", "target-account.json"] {
        options.extend([
            "--facts",
            if facts.starts_with("hub") {
                "fixtures/chains/hub-account.json"
            } else {
                "fixtures/chains/target-account.json"
            },
        ]);
    }
    options.extend(more);
    run(&options)
}

fn profile(name: &str, more: &[&str]) -> Ran {
    let mut options = vec!["--aws-config", "fixtures/chains/config", "--profile", name];
    options.extend(more);
    ask(ANA, &options)
}

/// The decision of each hop.
fn hops(ran: &Ran) -> Vec<String> {
    let answer = ran.json();
    let results = answer["results"].as_array().unwrap().clone();
    for (at, result) in results.iter().enumerate() {
        assert_eq!(result["hop"]["number"], at + 1);
    }
    results.iter().map(|result| result["decision"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_profile_is_diagnosed_hop_by_hop_and_its_file_is_underlined() {
    let ran = profile("deploy", &[]).ends_with(1);
    insta::assert_snapshot!("chain-external-id", ran.stdout);
    assert_eq!(hops(&profile("deploy", &["--format", "json"])), ["allowed", "implicit-deny"]);
}

#[test]
fn a_chain_works_where_every_hop_does() {
    // A session policy is never passed by a profile.
    let ran = profile("hub", &["--role", VAULT, "--format", "json"]);
    assert_eq!(hops(&ran), ["allowed", "allowed"]);
    assert_eq!(ran.status, 0);
    profile("hub", &["--role", VAULT]).ends_with(0).says("ALLOWED  all 2 hops");
}

#[test]
fn the_user_is_trusted_and_the_role_between_is_not() {
    let via = ["--via", HUB, "--role", AUDIT];
    let ran = ask(ANA, &via).ends_with(1).says("at hop 2 of 2").says("[trust-principal-mismatch]");
    assert!(ran.stdout.contains("  1  ok      user ana assumes role hub"), "{}", ran.stdout);
}

#[test]
fn later_hops_are_told_as_well() {
    let json = ["--via", HUB, "--role", AUDIT, "--format", "json"];
    let bo = "arn:aws:iam::111122223333:user/bo";
    assert_eq!(hops(&ask(bo, &json)), ["implicit-deny", "implicit-deny"]);
}

#[test]
fn an_hour_is_the_most_from_the_second_hop_on() {
    let ran = profile("long", &[]).ends_with(1).says("[duration-over-chaining-limit]");
    assert!(ran.stdout.contains("fixtures/chains/config:21:20"), "{}", ran.stdout);
}

#[test]
fn transitive_tags_and_a_source_identity_go_along() {
    let via = ["--via", HUB, "--role", VAULT, "--format", "json"];
    let with = |more: &[&str]| {
        let ran = ask(ANA, &[&via[..], more].concat());
        let answer = ran.json();
        let results = answer["results"].as_array().unwrap();
        results.iter().map(|result| result["findings"][0]["rule"].clone()).collect::<Vec<_>>()
    };
    let tags = with(&["--tag", "team=blue", "--transitive-tag", "team"]);
    assert_eq!(tags, ["tag-session-not-allowed", "tag-session-not-allowed"]);
    // One that is not passed on is an affair of the last hop.
    let last = with(&["--tag", "team=blue"]);
    assert_eq!(last, [serde_json::Value::Null, "tag-session-not-allowed".into()]);
    let identity = with(&["--source-identity", "ana"]);
    assert_eq!(identity, ["source-identity-not-allowed", "source-identity-not-allowed"]);
}

#[test]
fn the_last_step_may_be_another_action() {
    let releases = "arn:aws:s3:::releases/x";
    let action = ["--action", "s3:PutObject", "--resource", releases, "--resource-policy", "none"];
    let ran =
        profile("hub", &[&action[..], &["--context", "aws:ResourceAccount=111122223333"]].concat());
    ran.ends_with(1).says("a session of role hub calls s3:PutObject").says("[identity-no-allow]");
}

#[test]
fn what_a_config_file_cannot_mean_is_said_and_keys_are_never_shown() {
    for (name, says) in [
        ("round", "profile `round` leads back to itself"),
        ("depoy", "did you mean `deploy`?"),
        ("base", "profile `base` assumes no role"),
    ] {
        let ran = profile(name, &["--verbose"]).ends_with(2).complains(says);
        for secret in ["AKIA", "wJalr", "eu-west-1"] {
            assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret), "{}", ran.stderr);
        }
    }
    let missing = ["--aws-config", "fixtures/chains/none", "--profile", "hub"];
    ask(ANA, &missing).ends_with(2).complains("cannot read `fixtures/chains/none`");
    ask(ANA, &["--via", "hub", "--role", VAULT]).ends_with(2).complains("by its ARN");
}

#[test]
fn where_aws_denied_it_all_the_same_there_is_a_list() {
    let ran = profile("hub", &["--role", VAULT, "--but-denied", "--verbose"]).ends_with(0);
    insta::assert_snapshot!("but-denied", ran.stdout.split("hop 2:").nth(1).unwrap());
    let json = profile("hub", &["--role", VAULT, "--but-denied", "--format", "json"]).json();
    let doubts = json["results"][1]["doubts"].as_array().unwrap().clone();
    assert!(
        doubts
            .iter()
            .any(|doubt| doubt["text"].as_str().unwrap().contains("older than the denial"))
    );
    assert!(
        json["results"][1]["doubts"][0]["check"].as_str().unwrap().contains("get-caller-identity")
    );
}
