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
fn a_record_is_found_however_it_was_kept() {
    let whole: Value = serde_json::from_str(&read("fixtures/records/decoded.json")).unwrap();
    let inner = whole["DecodedMessage"].as_str().unwrap();
    let line = whole.to_string();
    let escaped = serde_json::to_string(inner).unwrap();
    let logged = serde_json::json!({ "level": "info", "msg": line }).to_string();
    let texts = [
        ("windows.json", serde_json::to_string_pretty(&whole).unwrap().replace('\n', "\r\n")),
        ("mark.json", format!("\u{feff}{line}")),
        ("text.txt", inner.to_owned()),
        ("string.json", escaped.clone()),
        ("member.txt", format!("\"DecodedMessage\": {escaped}")),
        ("inside.txt", escaped.trim_matches('"').to_owned()),
        ("out.yaml", format!("DecodedMessage: {escaped}\n")),
        (
            "table.txt",
            format!("-----\n|  DecodeAuthorizationMessage  |\n|  DecodedMessage |  {inner}  |\n"),
        ),
        (
            "shell.txt",
            format!("$ aws sts decode-authorization-message --encoded-message $M\n{line}\n$ \n"),
        ),
        ("log.txt", format!("2026-11-28T10:00:00Z INFO decoded {line}\n")),
        ("log.json", logged),
        ("list.json", format!("[{line}]")),
        ("braces.txt", format!("{{ in braces }} {{\"and\": {{}} then {line}")),
    ];
    for (name, text) in &texts {
        let folder = folder(&[(name, text)]);
        let path = folder.path().join(name).display().to_string();
        let json = json(&[&path]);
        assert_eq!(json["decision"], "explicit-deny", "{name}: {json}");
        let place = &json["evidence"]["places"]["action"];
        assert_eq!(place["text"], "ec2:StopInstances", "{name}: {json}");
        let (start, end) = (place["start"].as_u64().unwrap(), place["end"].as_u64().unwrap());
        assert_eq!(&text[start as usize..end as usize], "ec2:StopInstances", "{name}");
    }
}

#[test]
fn what_powershell_writes_is_read() {
    let units = |text: &str| {
        let units = text.encode_utf16().flat_map(u16::to_le_bytes);
        [0xff, 0xfe].into_iter().chain(units).collect::<Vec<u8>>()
    };
    let folder = folder(&[]);
    let asked = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, units(text)).unwrap();
        json(&[&path.display().to_string()])
    };
    let record = asked("decoded.json", &read("fixtures/records/decoded.json"));
    assert_eq!(record["evidence"]["action"], "ec2:StopInstances");
    let error = asked(
        "error.log",
        "aws : An error occurred (AccessDenied) when calling the AssumeRole operation: User: arn:aws:iam::444455556666:user/ana is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/deploy\r\n",
    );
    assert_eq!(error["evidence"]["action"], "sts:AssumeRole");
}

#[test]
fn records_that_were_added_to_one_file_are_all_read() {
    let one = read("fixtures/records/decoded.json");
    let both = format!("{one}\n{}", one.replace("ec2:StopInstances", "ec2:StartInstances"));
    let json = json(&[&both]);
    let actions: Vec<_> =
        json["results"].as_array().unwrap().iter().map(|one| &one["request"]["action"]).collect();
    assert_eq!(actions, ["ec2:StopInstances", "ec2:StartInstances"]);
}

#[test]
fn errors_beside_a_record_are_told_too() {
    let record = read("fixtures/records/decoded.json");
    let text = format!(
        "An error occurred (AccessDenied) when calling the AssumeRole operation: User: arn:aws:iam::444455556666:user/ana is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/deploy\n{record}"
    );
    let json = json(&[&text]);
    let forms: Vec<_> =
        json["results"].as_array().unwrap().iter().map(|one| &one["evidence"]["form"]).collect();
    assert_eq!(forms, ["decoded-message", "sentence"], "{json}");
}

#[test]
fn a_record_that_was_cut_off_says_so() {
    let folder = folder(&[
        ("cut.json", &read("fixtures/records/details.json")[..700]),
        ("empty.json", r#"{ "EvaluationResults": [] }"#),
        ("role.json", &read("fixtures/inputs/get-role/deploy.json")),
    ]);
    let asked = |name: &str| run(&[folder.path().join(name).display().to_string()]).ends_with(2);
    asked("cut.json")
        .complains("AWS's own record of a decision, and it cannot be read")
        .complains("(line ");
    asked("empty.json").complains("there is no decision in it");
    asked("role.json").complains("facts (`get-role`)").complains("`--facts`");
}

#[test]
fn every_layer_that_stopped_it_is_told() {
    let text = read("fixtures/records/details-implicit.json");
    let ran = run(&[&text]);
    insta::assert_snapshot!("record_details-implicit", ran.stdout);
    let text = read("fixtures/records/simulation-limits.json");
    insta::assert_snapshot!("record_simulation-limits", run(&[&text]).stdout);
}

#[test]
fn a_layer_that_the_simulator_leaves_out_is_no_disagreement() {
    let simulated = |decision: &str| {
        serde_json::json!({ "EvaluationResults": [{
            "EvalActionName": "sts:AssumeRole",
            "EvalResourceName": "arn:aws:iam::111122223333:role/importantproject-contractorA-bucket-put",
            "EvalDecision": decision,
        }] })
        .to_string()
    };
    let asked = |decision: &str, folder: &str| {
        let facts = format!("examples/contractor/{folder}");
        let caller = "arn:aws:iam::444455556666:user/Richard";
        let json = json(&[&simulated(decision), "--caller", caller, "--facts", &facts]);
        let agreement = &json["evidence"]["agreement"];
        (agreement["agrees"].clone(), agreement["says"].to_string())
    };
    // The trust policy denies him; his own policies do in the other account.
    let (agrees, says) = asked("allowed", "08-trust-deny");
    assert_eq!(agrees, true, "{says}");
    assert!(says.contains("it does not ask the trust policy"), "{says}");
    let (agrees, says) = asked("allowed", "07-caller-deny");
    assert_eq!(agrees, false, "{says}");
    assert!(says.contains("AWS simulated allowed"), "{says}");
}

#[test]
fn records_read_well() {
    for name in ["decoded", "details", "simulation"] {
        let ran = run(&[format!("fixtures/records/{name}.json")]);
        insta::assert_snapshot!(format!("record_{name}"), ran.stdout);
    }
}
