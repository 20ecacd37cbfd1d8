//! `why-denied trail`, as a user runs it.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::support::{folder, read, run};

const CI: &str = "arn:aws:iam::444455556666:role/ci";

/// An event of role `ci`, denied or not.
fn event(
    number: u64,
    second: u64,
    code: Option<&str>,
    action: (&str, &str),
    message: &str,
) -> Value {
    let mut event = json!({
        "eventVersion": "1.09",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": "AROAEXAMPLEEXAMPLE01:build-77",
            "arn": "arn:aws:sts::444455556666:assumed-role/ci/build-77",
            "accountId": "444455556666",
            "accessKeyId": "ASIAEXAMPLEEXAMPLE01",
            "sessionContext": {
                "sessionIssuer": { "type": "Role", "principalId": "AROAEXAMPLEEXAMPLE01", "arn": CI, "accountId": "444455556666", "userName": "ci" },
                "attributes": { "creationDate": "2026-11-23T09:00:00Z", "mfaAuthenticated": "false" }
            }
        },
        "eventTime": format!("2026-11-23T10:00:{second:02}Z"),
        "eventSource": format!("{}.amazonaws.com", action.0),
        "eventName": action.1,
        "awsRegion": "eu-central-1",
        "sourceIPAddress": "198.51.100.7",
        "userAgent": "aws-cli/2.15.30",
        "requestParameters": { "bucketName": "logs", "key": "a.txt" },
        "responseElements": null,
        "eventID": format!("00000000-0000-4000-8000-{number:012}"),
        "recipientAccountId": "444455556666",
    });
    if let Some(code) = code {
        event["errorCode"] = json!(code);
        event["errorMessage"] = json!(message);
    }
    event
}

const ASSUME: &str = "User: arn:aws:sts::444455556666:assumed-role/ci/build-77 is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::111122223333:role/deploy";
const PUT: &str = "User: arn:aws:sts::444455556666:assumed-role/ci/build-77 is not authorized to perform: s3:PutObject on resource: \"arn:aws:s3:::logs/a.txt\" with an explicit deny in an identity-based policy";

/// Three denials of one kind, two of another, one of which the text says nothing, and calls that went well.
fn some() -> Vec<Value> {
    vec![
        event(1, 1, Some("AccessDenied"), ("s3", "PutObject"), PUT),
        event(2, 2, None, ("s3", "GetObject"), ""),
        event(3, 3, Some("AccessDenied"), ("sts", "AssumeRole"), ASSUME),
        event(4, 4, Some("AccessDenied"), ("s3", "PutObject"), PUT),
        event(5, 5, Some("NoSuchKey"), ("s3", "GetObject"), "The key does not exist."),
        event(6, 6, Some("AccessDenied"), ("s3", "ListObjects"), "Access Denied"),
        event(7, 7, Some("AccessDenied"), ("s3", "PutObject"), PUT),
        event(8, 8, Some("AccessDenied"), ("sts", "AssumeRole"), ASSUME),
    ]
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn records(events: &[Value]) -> Vec<u8> {
    json!({ "Records": events }).to_string().into_bytes()
}

fn put(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// What matters of a report: how often, who, what, on what.
fn groups(report: &Value) -> Vec<(u64, String, String, Option<String>)> {
    let text = |group: &Value, key: &str| group[key].as_str().map(str::to_owned);
    let groups = report["groups"].as_array().unwrap().iter();
    groups
        .map(|group| {
            let count = group["count"].as_u64().unwrap();
            (
                count,
                text(group, "principal").unwrap(),
                text(group, "action").unwrap(),
                text(group, "resource"),
            )
        })
        .collect()
}

fn expected() -> Vec<(u64, String, String, Option<String>)> {
    [
        (3, "s3:PutObject", "arn:aws:s3:::logs/a.txt"),
        (2, "sts:AssumeRole", "arn:aws:iam::111122223333:role/deploy"),
        (1, "s3:ListBucket", "arn:aws:s3:::logs"),
    ]
    .map(|(count, action, resource)| {
        (count, CI.to_owned(), action.to_owned(), Some(resource.to_owned()))
    })
    .to_vec()
}

fn json_of(path: &Path) -> Value {
    run(&["trail", path.to_str().unwrap(), "--format", "json"]).ends_with(1).json()
}

#[test]
fn every_form_of_a_trail_gives_the_same_groups() {
    let folder = folder(&[]);
    let events = some();
    let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
    let looked_up: Vec<Value> = events
        .iter()
        .map(|event| json!({ "EventId": event["eventID"], "CloudTrailEvent": event.to_string() }))
        .collect();
    let rows: Vec<Value> = (events.iter())
        .map(|event| json!([{ "eventName": event["eventName"] }, { "eventJson": event.to_string() }]))
        .collect();
    let page = json!({ "QueryStatus": "FINISHED", "QueryResultRows": rows });
    let mut two_members = gzip(&records(&events[..4]));
    two_members.extend(gzip(&records(&events[4..])));
    // Two of one size: the last bytes say the same of both.
    let mut same_size = gzip(&records(&events[..6]));
    let padding = records(&events[..6]).len() - records(&events[6..]).len();
    same_size.extend(gzip(&[records(&events[6..]), " ".repeat(padding).into_bytes()].concat()));
    // More than is unpacked at once.
    let mut long = events.clone();
    for event in &mut long {
        event["requestParameters"]["padding"] = json!("a".repeat(600_000));
    }
    let mut stored = GzEncoder::new(Vec::new(), Compression::none());
    stored.write_all(&records(&long)).unwrap();
    for (name, bytes) in [
        ("records", records(&events)),
        ("records.json.gz", gzip(&records(&events))),
        ("two-members.bin", two_members),
        ("members-of-one-size.gz", same_size),
        ("long.json.gz", stored.finish().unwrap()),
        ("spaces-after.json.gz", gzip(&[records(&events), vec![b' '; 1000]].concat())),
        ("lines.txt", lines.into_bytes()),
        ("list.json", json!(events).to_string().into_bytes()),
        ("looked-up.json", serde_json::to_vec_pretty(&json!({ "Events": looked_up })).unwrap()),
        ("page.json", page.to_string().into_bytes()),
        ("bom.json", [b"\xef\xbb\xbf".to_vec(), records(&events)].concat()),
    ] {
        put(folder.path(), name, &bytes);
        let report = json_of(&folder.path().join(name));
        assert_eq!(groups(&report), expected(), "{name}");
        assert_eq!(report["events"], 8, "{name}");
        assert_eq!(report["denials"], 6, "{name}");
    }
}

#[test]
fn a_folder_is_read_in_the_layout_of_s3() {
    let folder =
        folder(&[("notes.txt", "not a trail"), ("policy.json", "{\"Version\": \"2012-10-17\"}")]);
    let below = "AWSLogs/444455556666/CloudTrail/eu-central-1/2026/11/23";
    let events = some();
    put(folder.path(), &format!("{below}/a.json.gz"), &gzip(&records(&events[..5])));
    // The trail of the organization delivers some of them again.
    put(folder.path(), &format!("{below}/b.json.gz"), &gzip(&records(&events[3..])));
    let digest = br#"{"awsAccountId":"444455556666","digestStartTime":"2026-11-23T09:00:00Z","logFiles":[]}"#;
    put(
        folder.path(),
        "AWSLogs/444455556666/CloudTrail-Digest/eu-central-1/d.json.gz",
        &gzip(digest),
    );
    let report = json_of(folder.path());
    assert_eq!(groups(&report), expected());
    assert_eq!(report["counted_once"], 1);
    assert_eq!(report["files"]["read"], 2);
    assert_eq!(report["files"]["digests"], 1);
    assert_eq!(report["files"]["skipped"], 3);
    let ran = run(&["trail", folder.path().to_str().unwrap(), "--verbose"]).ends_with(1);
    ran.complains("digest").complains("notes.txt");
}

#[test]
fn what_is_damaged_is_told_and_the_rest_is_read() {
    let folder = folder(&[]);
    let events = some();
    let whole = gzip(&records(&events));
    put(folder.path(), "a-cut.json.gz", &whole[..whole.len() - 30]);
    let text = records(&events[..4]);
    put(folder.path(), "b-cut.json", &text[..text.len() - 10]);
    put(
        folder.path(),
        "c-whole.json",
        &records(&[event(20, 20, Some("AccessDenied"), ("s3", "PutObject"), PUT)]),
    );
    let mut wrong =
        gzip(&records(&[event(21, 21, Some("AccessDenied"), ("s3", "PutObject"), PUT)]));
    let at = wrong.len() - 6;
    wrong[at] ^= 1;
    put(folder.path(), "d-checksum.gz", &wrong);
    let one = |number| {
        gzip(&records(&[event(number, 22, Some("AccessDenied"), ("s3", "PutObject"), PUT)]))
    };
    put(folder.path(), "e-followed.gz", &[one(22), b"something else".to_vec()].concat());
    // It says that four gigabytes are packed in it.
    let mut immense = one(23);
    let end = immense.len() - 4;
    immense[end..].fill(0xff);
    put(folder.path(), "f-size.gz", &immense);
    put(folder.path(), "g-cut-in-its-header.gz", &one(24)[..2]);
    let ran = run(&["trail", folder.path().to_str().unwrap(), "--format", "json"]).ends_with(2);
    let report = ran.json();
    assert_eq!(report["files"]["damaged"].as_array().unwrap().len(), 6, "{report:#}");
    let puts = groups(&report).into_iter().find(|group| group.2 == "s3:PutObject").unwrap();
    assert!(puts.0 >= 6, "{puts:?}");
    ran.complains("a-cut.json.gz")
        .complains("it ends early")
        .complains("b-cut.json")
        .complains("checksum")
        .complains("e-followed.gz")
        .complains("something else")
        .complains("f-size.gz")
        .complains("g-cut-in-its-header.gz");
    run(&["trail", "no-such-file"]).ends_with(2).complains("there is no such file");
    run(&["trail", "Cargo.toml"]).ends_with(2).complains("no CloudTrail events are recognised");
}

#[test]
fn a_folder_without_cloudtrail_is_no_good_news() {
    let folder = folder(&[]);
    let path = folder.path().to_str().unwrap();
    run(&["trail", path]).ends_with(2).complains("no events of CloudTrail are in it");
    let ran = run(&["trail", path, "--format", "json"]).ends_with(2);
    assert_eq!(ran.json()["files"]["read"], 0);
    let digest = br#"{"awsAccountId":"444455556666","digestStartTime":"2026-11-23T09:00:00Z","logFiles":[]}"#;
    put(folder.path(), "d.json.gz", &gzip(digest));
    run(&["trail", path]).ends_with(2).complains("only digests of CloudTrail");
    // A file of a quiet hour is good news.
    put(folder.path(), "quiet.json.gz", &gzip(&records(&[])));
    run(&["trail", path]).ends_with(0).says("0 denials in 0 events");
}

#[test]
fn filters_and_top_choose() {
    let folder = folder(&[]);
    put(folder.path(), "t.json", &records(&some()));
    let path = folder.path().join("t.json");
    let path = path.to_str().unwrap();
    let denials = |more: &[&str]| {
        let mut options = vec!["trail", path, "--format", "json"];
        options.extend(more);
        run(&options).json()["denials"].as_u64().unwrap()
    };
    assert_eq!(denials(&["--since", "2026-11-23T10:00:04Z"]), 4);
    assert_eq!(denials(&["--until", "2026-11-23T10:00:04Z"]), 2);
    assert_eq!(denials(&["--since", "2026-11-23", "--until", "2026-11-24"]), 6);
    assert_eq!(denials(&["--action", "s3:*"]), 4);
    assert_eq!(denials(&["--action", "S3:putobject", "--action", "sts:AssumeRole"]), 5);
    assert_eq!(denials(&["--principal", "ci"]), 6);
    assert_eq!(denials(&["--principal", CI]), 6);
    assert_eq!(denials(&["--principal", "ana"]), 0);
    run(&["trail", path, "--principal", "ana"]).ends_with(0).says("0 denials in 8 events");
    run(&["trail", path, "--top", "1"])
        .ends_with(1)
        .says("2 more groups with 3 denials: --top 3 shows them");
    run(&["trail", path, "--since", "yesterday"]).ends_with(2).complains("--since yesterday");
}

#[test]
fn groups_are_diagnosed_by_the_facts() {
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Sid":"Write","Effect":"Allow","Action":"s3:*","Resource":"*"},{"Sid":"NoLogs","Effect":"Deny","Action":"s3:PutObject","Resource":"arn:aws:s3:::logs/*"}]}"#;
    let account = json!({
        "UserDetailList": [], "GroupDetailList": [], "Policies": [],
        "RoleDetailList": [{
            "Path": "/", "RoleName": "ci", "RoleId": "AROAEXAMPLEEXAMPLE01", "Arn": CI,
            "CreateDate": "2025-01-01T00:00:00Z",
            "AssumeRolePolicyDocument": { "Version": "2012-10-17", "Statement": [] },
            "InstanceProfileList": [],
            "RolePolicyList": [{ "PolicyName": "data", "PolicyDocument": serde_json::from_str::<Value>(policy).unwrap() }],
            "AttachedManagedPolicies": [], "Tags": []
        }]
    });
    let folder = folder(&[("account.json", &serde_json::to_string_pretty(&account).unwrap())]);
    put(folder.path(), "t.json", &records(&some()));
    let (trail, facts) = (folder.path().join("t.json"), folder.path().join("account.json"));
    let options = ["trail", trail.to_str().unwrap(), "--facts", facts.to_str().unwrap()];
    let human = run(&options).ends_with(1).stdout.replace(folder.path().to_str().unwrap(), "");
    assert!(human.lines().all(|line| line.chars().count() <= 80), "{human}");
    insta::assert_snapshot!("trail-facts", human);
    let report = run(&[&options[..], &["--format", "json"]].concat()).ends_with(1).json();
    let first = &report["groups"][0]["diagnosis"];
    assert_eq!(first["decision"], "explicit-deny");
    assert_eq!(first["findings"][0]["rule"], "explicit-deny");
    assert_eq!(first["request"]["context"]["aws:SourceIp"][0], "198.51.100.7");
    let schema = |name: &str| {
        let schema = serde_json::from_str(&read(format!("docs/json-schema/{name}"))).unwrap();
        jsonschema::validator_for(&schema).unwrap()
    };
    let trail_schema = schema("trail-v1.json");
    assert!(trail_schema.is_valid(&report), "{:?}", trail_schema.iter_errors(&report).next());
    let diagnosis = schema("diagnosis-v1.json");
    for group in report["groups"].as_array().unwrap() {
        assert!(diagnosis.is_valid(&group["diagnosis"]));
    }
}

#[test]
fn calls_of_a_group_that_differ_in_their_context_are_told() {
    let mut events = some();
    events[3]["sourceIPAddress"] = json!("198.51.100.8");
    events[6]["vpcEndpointId"] = json!("vpce-0123456789abcdef0");
    let folder = folder(&[("facts.json", "{\"Version\":\"2012-10-17\",\"Statement\":[]}")]);
    put(folder.path(), "t.json", &records(&events));
    let (path, facts) = (folder.path().join("t.json"), folder.path().join("facts.json"));
    let report = json_of(&path);
    let varies = report["groups"][0]["context_varies"].as_array().unwrap();
    assert_eq!(varies, &["aws:SourceIp", "aws:SourceVpce", "aws:VpcSourceIp"]);
    assert_eq!(report["groups"][1]["context_varies"], json!([]));
    run(&["trail", path.to_str().unwrap(), "--facts", facts.to_str().unwrap()])
        .says("this is about the last call; others differ in aws:SourceIp");
}

#[test]
fn a_layer_that_aws_names_and_the_facts_do_not_show_is_told() {
    let scp =
        "arn:aws:organizations::444455556666:policy/o-a1b2c3d4e5/service_control_policy/p-11112222";
    let message = format!("{ASSUME} with an explicit deny in a service control policy: {scp}");
    let denied = event(1, 1, Some("AccessDenied"), ("sts", "AssumeRole"), &message);
    let folder = folder(&[("facts.json", "{\"Version\":\"2012-10-17\",\"Statement\":[]}")]);
    put(folder.path(), "t.json", &records(&[denied]));
    let (path, facts) = (folder.path().join("t.json"), folder.path().join("facts.json"));
    let options = ["trail", path.to_str().unwrap(), "--facts", facts.to_str().unwrap()];
    let human = run(&options).ends_with(1).stdout;
    let words = human.split_whitespace().collect::<Vec<_>>().join(" ");
    let told = "but AWS names the service control policy, and the facts do not show it; the policy that AWS names";
    assert!(words.contains(told) && words.contains("is not among the facts"), "{human}");
    run(&[&options[..], &["--format", "markdown"]].concat()).says("- but: AWS names the service");
}

#[test]
fn without_facts_the_texts_say_what_they_prove() {
    let folder = folder(&[]);
    put(folder.path(), "t.json", &records(&some()));
    let path = folder.path().join("t.json");
    for (name, options) in
        [("trail-human", &[][..]), ("trail-markdown", &["--format", "markdown"][..])]
    {
        let mut all = vec!["trail", path.to_str().unwrap()];
        all.extend(options);
        insta::assert_snapshot!(name, run(&all).ends_with(1).stdout);
    }
}

#[test]
fn no_secret_of_an_event_is_printed() {
    let secrets = [
        "Hunter2Hunter2Hunter2",
        "FwoGZXIvYXdzEXAMPLETOKEN",
        "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhYmMifQ.c2ln",
        "TopSecretBody",
        "123456",
    ];
    let blob = "AbC-_0123456789".repeat(30);
    let mut events = some();
    events[0]["requestParameters"] = json!({
        "masterUserPassword": secrets[0], "bucketName": "logs", "key": "a.txt",
        "X-Amz-Security-Token": secrets[1], "X-Amz-Signature": secrets[2],
    });
    events[2]["requestParameters"] = json!({ "roleArn": "arn:aws:iam::111122223333:role/deploy", "roleSessionName": "s", "serialNumber": "arn:aws:iam::444455556666:mfa/ana", "tokenCode": secrets[5], "webIdentityToken": secrets[3] });
    events[7]["requestParameters"] = events[2]["requestParameters"].clone();
    events[0]["requestParameters"]["body"] = json!(secrets[4]);
    events[0]["errorMessage"] = json!(format!(
        "You are not authorized to perform this operation. User: arn:aws:sts::444455556666:assumed-role/ci/build-77 is not authorized to perform: s3:PutObject on resource: arn:aws:s3:::logs/a.txt with an explicit deny in an identity-based policy. https://logs.s3.amazonaws.com/a?X-Amz-Security-Token={}&X-Amz-Signature={} Encoded authorization failure message: {blob}",
        secrets[1], secrets[2]
    ));
    events[3] = events[0].clone();
    events[3]["eventTime"] = json!("2026-11-23T11:00:00Z");
    events[3]["eventID"] = json!("00000000-0000-4000-8000-000000000099");
    let folder = folder(&[("facts.json", "{\"Version\":\"2012-10-17\",\"Statement\":[]}")]);
    put(folder.path(), "t.json", &records(&events));
    let (path, facts) = (folder.path().join("t.json"), folder.path().join("facts.json"));
    for format in ["human", "json", "markdown"] {
        for facts in [&[][..], &["--facts", facts.to_str().unwrap()][..]] {
            let mut options =
                vec!["trail", path.to_str().unwrap(), "--format", format, "--verbose"];
            options.extend(facts);
            let ran = run(&options);
            for secret in secrets.iter().chain([&blob.as_str()]) {
                let is_printed = ran.stdout.contains(secret) || ran.stderr.contains(secret);
                assert!(!is_printed, "{secret} in\n{}\n{}", ran.stdout, ran.stderr);
            }
        }
    }
}
