//! AWS's own records of a decision as evidence.

use serde_json::Value;

use crate::support::{folder, outcome, read, run};

fn json(arguments: &[&str]) -> Value {
    run(&[arguments, &["--format", "json"]].concat()).json()
}

#[test]
fn a_decoded_message_is_read_in_a_string_or_by_itself() {
    for file in ["decoded", "decoded-plain"] {
        let path = format!("fixtures/records/{file}.json");
        let json = json(&[&path]);
        assert_eq!(json["decision"], "explicit-deny");
        assert_eq!(json["request"]["action"], "ec2:StopInstances");
        let evidence = &json["evidence"];
        assert_eq!(evidence["record"]["kind"], "decoded-message");
        assert_eq!(evidence["principal"], "arn:aws:sts::111122223333:assumed-role/operators/ana");
        assert_eq!(evidence["proves"][0], "statement `NoStops` denies ec2:StopInstances on *");
        // The place is in the file, also where the message is in a string.
        let place = &evidence["places"]["action"];
        assert_eq!(place["file"], path.as_str());
        assert_eq!(place["text"], "ec2:StopInstances");
    }
    let text = read("fixtures/records/decoded-plain.json");
    assert_eq!(json(&[&text])["evidence"]["record"]["decision"], "explicit-deny", "as an argument");
}

#[test]
fn the_statement_that_aws_recorded_is_looked_for_in_the_facts() {
    let policy = |sid: &str| {
        format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"*","Resource":"*"}},{{"Sid":"{sid}","Effect":"Deny","Action":"ec2:StopInstances","Resource":"*"}}]}}"#
        )
    };
    let folder = folder(&[("same.json", &policy("NoStops")), ("other.json", &policy("Else"))]);
    let asked = |name: &str| {
        let path = folder.path().join(name).display().to_string();
        let options = ["fixtures/records/decoded.json", "--identity-policy", &path];
        json(&options)["evidence"]["agreement"].clone()
    };
    let same = asked("same.json");
    assert_eq!(same["agrees"], true, "{same}");
    assert!(same["says"].to_string().contains("`NoStops` in both"), "{same}");
    let other = asked("other.json");
    assert_eq!(other["agrees"], false, "{other}");
    assert!(other["says"].to_string().contains("by these facts it is `Else`"), "{other}");
}

#[test]
fn the_details_of_a_decision_give_each_layer() {
    let json = json(&["fixtures/records/details.json"]);
    assert_eq!(json["decision"], "explicit-deny");
    assert_eq!(outcome(&json, "service-control-policies"), "failed");
    assert_eq!(outcome(&json, "identity-policies"), "passed");
    assert_eq!(json["evidence"]["policy_type"], "service-control");
    assert_eq!(json["request"]["context"]["aws:PrincipalTag/team"][0], "platform");
}

#[test]
fn recorded_policies_are_evaluated_in_the_recorded_context() {
    let json = json(&["fixtures/records/details.json", "--facts", "fixtures/records/policies"]);
    assert_eq!(json["decision"], "explicit-deny");
    let cause = &json["findings"][0];
    assert_eq!(cause["rule"], "explicit-deny");
    assert_eq!(cause["primary"]["file"], "fixtures/records/policies/p-examplescp1.json");
    let agreement = &json["evidence"]["agreement"];
    assert_eq!(agreement["agrees"], true, "{agreement}");
}

#[test]
fn policies_that_say_something_else_disagree() {
    let json = json(&[
        "fixtures/records/details.json",
        "--facts",
        "fixtures/records/policies",
        "--context",
        "aws:PrincipalTag/team=security",
        "--boundary",
        "none",
        "--session-policy",
        "none",
        "--rcp",
        "none",
        "--endpoint-policy",
        "none",
    ]);
    assert_eq!(json["decision"], "allowed");
    assert_eq!(json["evidence"]["agreement"]["agrees"], false);
}

#[test]
fn what_the_simulator_does_not_ask_is_said() {
    let json = json(&["fixtures/records/simulation.json"]);
    let results = json["results"].as_array().unwrap();
    let decisions: Vec<_> = results.iter().map(|one| one["decision"].as_str().unwrap()).collect();
    assert_eq!(decisions, ["implicit-deny", "explicit-deny", "allowed"]);
    let open = |at: usize| results[at]["evidence"]["does_not_prove"].to_string();
    assert!(open(0).contains("aws:MultiFactorAuthPresent"), "{}", open(0));
    assert!(open(1).contains("resource control policies"), "{}", open(1));
    assert!(open(2).contains("never asks a role's trust policy"), "{}", open(2));
}

#[test]
fn records_read_well() {
    for name in ["decoded", "details", "simulation"] {
        let ran = run(&[format!("fixtures/records/{name}.json")]);
        insta::assert_snapshot!(format!("record_{name}"), ran.stdout);
    }
}
