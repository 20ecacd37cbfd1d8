//! CloudTrail's events given as evidence: the request is the event's, with its context.

use std::fs;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::support::{folder, outcome, read, rules, run, with};

fn event(name: &str) -> String {
    format!("fixtures/events/{name}.json")
}

fn json(name: &str, options: &[&str], status: i32) -> Value {
    let options = with(vec![event(name)], options);
    let json = run(&with(options, &["--format", "json"])).ends_with(status).json();
    let schema = serde_json::from_str(&read("docs/json-schema/diagnosis-v1.json")).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    assert!(schema.is_valid(&json), "{:?}", schema.iter_errors(&json).next());
    json
}

const FACTS: [&str; 2] = ["--facts", "fixtures/events/account.json"];
const OPEN: [&str; 12] = [
    "--facts",
    "fixtures/events/account.json",
    "--scp",
    "none",
    "--rcp",
    "none",
    "--endpoint-policy",
    "none",
    "--resource-policy",
    "none",
    "--session-policy",
    "none",
];

#[test]
fn an_event_is_read_with_its_context() {
    let json = json("denied", &[], 1);
    assert_eq!(json["decision"], "explicit-deny");
    assert_eq!(json["request"]["action"], "s3:PutObject");
    assert_eq!(json["request"]["context"]["aws:SourceIp"][0], "198.51.100.7");
    assert_eq!(json["evidence"]["policy_type"], "identity-based");
    assert_eq!(json["evidence"]["operation"], "PutObject");
    let place = &json["evidence"]["places"]["resource"];
    assert_eq!(
        (&place["file"], &place["text"]),
        (&event("denied").into(), &"arn:aws:s3:::logs/a.txt".into())
    );
}

#[test]
fn with_facts_the_context_of_the_event_decides() {
    let denied = json("denied", &FACTS, 1);
    assert_eq!(rules(&denied)[0], "explicit-deny");
    assert_eq!(denied["evidence"]["agreement"]["agrees"], true);
    let statements = denied["statements"].as_array().unwrap();
    assert!(statements.iter().any(|one| one["sid"] == "OfficeOnly" && one["role"] == "denies"));
    // Options win over the event.
    let moved = json("denied", &with_slices(&OPEN, &["--source-ip", "203.0.113.9"]), 0);
    assert_eq!(moved["decision"], "allowed");
    assert_eq!(moved["evidence"]["agreement"]["agrees"], false);
    let other = json("denied", &with_slices(&OPEN, &["--action", "s3:GetObject"]), 0);
    assert_eq!(other["request"]["action"], "s3:GetObject");
    insta::assert_snapshot!("event-facts", run(&with(vec![event("denied")], &FACTS)).stdout);
}

fn with_slices<'t>(one: &[&'t str], other: &[&'t str]) -> Vec<&'t str> {
    [one, other].concat()
}

#[test]
fn what_the_text_does_not_name_comes_from_the_event() {
    let json = json("nameless", &[], 3);
    assert_eq!(json["request"]["action"], "s3:ListBucket");
    assert_eq!(json["request"]["resource"], "arn:aws:s3:::logs");
    assert_eq!(json["evidence"]["action"], Value::Null, "the text does not say it");
    let ran = run(&[event("nameless")]).ends_with(3);
    assert!(!ran.stdout.contains("the text names none"), "{}", ran.stdout);
    insta::assert_snapshot!("event-nameless", ran.in_every_build());
    let json = self::json("nameless", &FACTS, 3);
    assert_eq!(outcome(&json, "identity-policies"), "passed");
}

#[test]
fn each_different_denial_is_answered_once() {
    let json = json("lookup-events", &[], 1);
    let results = json["results"].as_array().unwrap();
    let told: Vec<_> = results
        .iter()
        .map(|one| {
            (one["request"]["action"].as_str().unwrap(), one["evidence"]["count"].as_u64().unwrap())
        })
        .collect();
    assert_eq!(told, [("s3:PutObject", 2), ("sts:AssumeRole", 1)]);
    assert_eq!(results[0]["evidence"]["places"]["action"]["text"], "s3:PutObject");
}

#[test]
fn an_event_without_a_denial_says_so() {
    let json = json("succeeded", &[], 0);
    assert_eq!(json["decision"], "allowed");
    run(&[event("succeeded")]).ends_with(0).says("CloudTrail recorded no error");
    run(&[event("other-error")]).ends_with(3).says("`NoSuchKey`, which is no denial");
    run(&[event("records")]).ends_with(3).says("none of 2 events is a denial");
    // What is no matter of policies has its own answer.
    let json = self::json("expired", &FACTS, 1);
    assert_eq!(json["evidence"]["error_class"], "expired-credentials");
}

#[test]
fn what_trail_reads_is_sent_there() {
    let folder = folder(&[]);
    let path = folder.path().join("e.json.gz");
    let mut packed = GzEncoder::new(fs::File::create(&path).unwrap(), Compression::fast());
    packed.write_all(read(event("denied")).as_bytes()).unwrap();
    packed.finish().unwrap();
    for path in [path.as_path(), folder.path()] {
        run(&[path.to_str().unwrap()]).ends_with(2).complains("why-denied trail");
    }
}
