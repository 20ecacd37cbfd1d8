//! What scripts read is what the published schemas say.

use jsonschema::Validator;
use serde_json::Value;

use crate::support::{outcome, read, richard, rules, run, with};

fn schema(name: &str) -> Validator {
    let schema = serde_json::from_str(&read(format!("docs/json-schema/{name}"))).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

#[track_caller]
fn assert_valid(schema: &Validator, value: &Value) {
    let errors: Vec<_> = schema
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}\n{value:#}");
}

const SITUATIONS: [&str; 11] = [
    "01-no-grant",
    "02-named-no-grant",
    "03-allowed",
    "04-mfa",
    "05-date-window",
    "06-source-ip",
    "07-caller-deny",
    "08-trust-deny",
    "09-expired-session",
    "10-missing-permission",
    "11-role-not-used",
];

#[test]
fn every_diagnosis_keeps_to_the_schema() {
    let schema = schema("diagnosis-v1.json");
    for situation in SITUATIONS {
        for redact in [&[][..], &["--redact"]] {
            let options = with(with(richard(situation), &["--format", "json"]), redact);
            let json = run(&options).json();
            assert_valid(&schema, &json);
            assert_eq!(json["version"], 1);
        }
    }
}

#[test]
fn evidence_keeps_to_the_schema() {
    let schema = schema("diagnosis-v1.json");
    for name in ["several", "encoded", "expired", "authorization-id", "nothing-but-the-code"] {
        let path = format!("fixtures/messages/{name}.txt");
        let text = if crate::support::root().join(&path).exists() {
            path
        } else {
            "AccessDenied: Access Denied".into()
        };
        assert_valid(&schema, &run(&[&text, "--format", "json"]).json());
        let facts = "examples/contractor/01-no-grant";
        assert_valid(&schema, &run(&[&text, "--facts", facts, "--format", "json"]).json());
    }
    for name in ["decoded", "details", "simulation"] {
        let path = format!("fixtures/records/{name}.json");
        assert_valid(&schema, &run(&[&path, "--format", "json"]).json());
    }
}

#[test]
fn several_requests_are_a_list_of_results() {
    let mut options = vec!["--action", "s3:PutObject", "--action", "s3:GetObject"];
    options.extend(["--resource", "arn:aws:s3:::importantprojectbucket/a"]);
    options.extend(["--resource", "arn:aws:s3:::importantprojectbucket/b"]);
    options.extend(["--facts", "examples/contractor/11-role-not-used", "--format", "json"]);
    let json = run(&options).json();
    assert_valid(&schema("diagnosis-v1.json"), &json);
    let results = json["results"].as_array().unwrap();
    let asked: Vec<_> = results
        .iter()
        .map(|result| {
            let request = &result["request"];
            format!("{} {}", request["action"], request["resource"]).replace('"', "")
        })
        .collect();
    let bucket = "arn:aws:s3:::importantprojectbucket";
    assert_eq!(
        asked,
        [
            format!("s3:PutObject {bucket}/a"),
            format!("s3:PutObject {bucket}/b"),
            format!("s3:GetObject {bucket}/a"),
            format!("s3:GetObject {bucket}/b"),
        ]
    );
}

#[test]
fn places_in_json_are_bytes_of_the_file_on_disk() {
    for situation in ["07-caller-deny", "08-trust-deny", "09-expired-session"] {
        let json = run(&with(richard(situation), &["--format", "json"])).ends_with(1).json();
        let place = &json["findings"][0]["primary"];
        let text = read(place["file"].as_str().unwrap());
        let at = |key: &str| usize::try_from(place[key].as_u64().unwrap()).unwrap();
        assert_eq!(place["text"], text[at("start")..at("end")]);
        let before = &text[..at("start")];
        assert_eq!(at("line"), before.matches('\n').count() + 1);
        let line = before.rsplit('\n').next().unwrap();
        assert_eq!(at("column"), line.chars().count() + 1);
    }
}

#[test]
fn gates_findings_and_gaps_tell_one_story() {
    let json = run(&with(richard("01-no-grant"), &["--format", "json"])).ends_with(1).json();
    assert_eq!(json["decision"], "implicit-deny");
    assert_eq!(outcome(&json, "identity-policies"), "failed");
    assert_eq!(outcome(&json, "trust-policy"), "passed");
    assert_eq!(outcome(&json, "service-control-policies"), "inconclusive");
    assert_eq!(rules(&json)[0], "identity-no-allow");
    assert_eq!(json["findings"][0]["owner"], "caller-account");
    assert!(!json["gaps"].as_array().unwrap().is_empty());
    let context = &json["request"]["context"];
    assert_eq!(context["aws:PrincipalArn"][0], "arn:aws:iam::444455556666:user/Richard");
    assert_eq!(context["aws:username"][0], "Richard");
    assert_eq!(context["aws:userid"][0], "AIDAEXAMPLERICHARD111");
}

#[test]
fn tests_keep_to_their_schema() {
    let json = run(&["test", "fixtures/cases/contractor", "--format", "json"]).ends_with(0).json();
    assert_valid(&schema("test-v1.json"), &json);
    let cases = json["cases"].as_array().unwrap();
    assert!(cases.len() > 30 && cases.iter().all(|case| case["outcome"] == "passed"));
}

#[test]
fn redaction_masks_accounts_and_names_in_every_format() {
    for format in ["human", "json"] {
        let ran = run(&with(richard("07-caller-deny"), &["--redact", "--format", format]));
        let ran = ran.ends_with(1);
        let masked = ["444455556666", "111122223333", "Richard", "contractorA", "AIDAEXAMPLE"];
        for name in masked {
            assert!(!ran.stdout.contains(name), "{name}\n{}", ran.stdout);
        }
        assert!(ran.stdout.contains("sts:AssumeRole"), "what AWS names stays readable");
    }
}
