//! What single events of CloudTrail tell of a denied request: `fixtures/told` says it for each, as AWS documents
//! the event, the operation and its permissions.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Map, Value, json};
use why_denied::request::Given;
use why_denied::trail::{Denial, Denials, Piece, codes, read};

use crate::support;

const FOLDER: &str = "fixtures/told";

/// Rows of one file.
fn rows(name: &str) -> Vec<Value> {
    serde_json::from_str(&support::read(format!("{FOLDER}/{name}"))).unwrap()
}

/// The event that a row describes.
fn event(row: &Value, identities: &Value) -> Value {
    let (source, name) = row["call"].as_str().unwrap().split_once(' ').unwrap();
    let identity = match row.get("identity") {
        None => identities["role"].clone(),
        Some(Value::String(known)) => identities[known].clone(),
        Some(own) => own.clone(),
    };
    let mut event = json!({
        "eventVersion": "1.11",
        "userIdentity": identity,
        "eventTime": "2026-10-01T09:00:00Z",
        "eventSource": format!("{source}.amazonaws.com"),
        "eventName": name,
        "awsRegion": "eu-west-1",
        "sourceIPAddress": "198.51.100.7",
        "userAgent": "aws-cli/2.31.9",
        "requestParameters": row.get("parameters"),
        "responseElements": null,
        "eventID": "00000000-0000-4000-8000-000000000001",
        "eventType": "AwsApiCall",
        "recipientAccountId": "111122223333",
    });
    let members = event.as_object_mut().unwrap();
    match row.get("code") {
        None => drop(members.insert("errorCode".to_owned(), json!("AccessDenied"))),
        Some(Value::Null) => {}
        Some(code) => drop(members.insert("errorCode".to_owned(), code.clone())),
    }
    for (key, value) in [("errorMessage", row.get("message")), ("resources", row.get("resources"))]
    {
        if let Some(value) = value {
            members.insert(key.to_owned(), value.clone());
        }
    }
    members.extend(row.get("and").and_then(Value::as_object).cloned().unwrap_or_default());
    event
}

fn denial(event: &Value) -> Option<Denial> {
    let (mut denials, mut found) = (Denials::default(), None);
    let text = event.to_string();
    assert!(read(Piece::Event, text.as_bytes(), &mut |event| {
        assert_eq!(denials.of(&event).is_some(), codes::is_denied(&event));
        found = denials.of(&event);
    }));
    found
}

/// What was read, with the members that the row has.
fn told(denial: &Denial, wanted: &Map<String, Value>) -> Value {
    let context: BTreeMap<&str, &Given> =
        denial.call.context.iter().map(|(key, value)| (*key, value)).collect();
    let value = |key: &String| match context.get(key.as_str()) {
        Some(Given::One(value)) => json!(value),
        _ => Value::Null,
    };
    let claims = denial.call.federated.iter().flat_map(|(_, claims)| claims);
    let mut told = json!({ "action": denial.action, "resource": denial.resource });
    for (key, wanted) in wanted {
        told[key] = match key.as_str() {
            "principal" => json!(denial.principal),
            "layer" => json!(denial.reason.layer.map(|layer| layer.id())),
            "kind" => json!(denial.reason.kind.map(|kind| format!("{kind:?}").to_lowercase())),
            "context" => {
                wanted.as_object().unwrap().keys().map(|key| (key.clone(), value(key))).collect()
            }
            "claims" => claims.clone().map(|(key, value)| (key.clone(), json!(value))).collect(),
            _ => continue,
        };
    }
    told
}

#[test]
fn events_tell_what_was_denied() {
    let identities: Value =
        serde_json::from_str(&support::read(format!("{FOLDER}/callers.json"))).unwrap();
    let (mut wrong, mut count) = (Vec::new(), 0);
    for file in fs::read_dir(FOLDER).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        if name == "callers.json" {
            continue;
        }
        for row in rows(&name) {
            count += 1;
            let found = denial(&event(&row, &identities));
            let (found, wanted) = match (&found, row.get("told")) {
                (Some(denial), Some(wanted)) => {
                    let mut wanted = wanted.as_object().unwrap().clone();
                    wanted.entry("principal").or_insert_with(|| {
                        json!(identities["role"]["sessionContext"]["sessionIssuer"]["arn"])
                    });
                    for absent in ["layer", "kind"] {
                        wanted.entry(absent).or_insert(Value::Null);
                    }
                    (told(denial, &wanted), Value::Object(wanted))
                }
                (None, None) => continue,
                (denial, _) => (json!(denial.is_some()), json!(row.get("told").is_some())),
            };
            if found != wanted {
                wrong.push(format!("{name}: {}\n  told   {found}\n  wanted {wanted}", row["call"]));
            }
        }
    }
    assert!(count > 100, "the events are gone");
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn claims_that_the_event_does_not_tell_are_unknown_and_those_it_tells_decide() {
    let callers: Value =
        serde_json::from_str(&support::read(format!("{FOLDER}/callers.json"))).unwrap();
    let row = rows("iam-sts-kms.json")
        .into_iter()
        .find(|row| row["told"]["claims"]["aud"] == "sts.amazonaws.com")
        .unwrap();
    let folder = support::folder(&[]);
    let put = |name: &str, value: &Value| {
        let path = folder.path().join(name);
        fs::write(&path, value.to_string()).unwrap();
        path.display().to_string()
    };
    let event = put("event.json", &event(&row, &callers));
    let decision = |claim: &str, wanted: &str| {
        let key = format!("token.actions.githubusercontent.com:{claim}");
        let trust = json!({ "Version": "2012-10-17", "Statement": {
            "Effect": "Allow",
            "Principal": { "Federated": "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com" },
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": { "StringLike": { key: wanted } },
        } });
        let trust = put("trust.json", &trust);
        let options =
            ["--trust-policy", &trust, "--scp", "none", "--rcp", "none", "--format", "json"];
        let ran = support::run(&support::with(vec![event.clone()], &options));
        let json: Value = serde_json::from_str(&ran.stdout).unwrap();
        json["decision"].as_str().unwrap().to_owned()
    };
    assert_eq!(decision("sub", "repo:octo/other:*"), "implicit-deny");
    assert_eq!(decision("aud", "other"), "implicit-deny");
    assert_eq!(decision("sub", "repo:octo/app:*"), "allowed");
    assert_eq!(decision("repository", "octo/app"), "undetermined");
}

#[test]
fn what_failed_without_an_error_code_did_not_succeed() {
    let callers: Value =
        serde_json::from_str(&support::read(format!("{FOLDER}/callers.json"))).unwrap();
    let folder = support::folder(&[]);
    for (call, headline) in [
        ("signin ConsoleLogin", "`Failed authentication`, which is no denial"),
        ("signin SwitchRole", "that the call failed, and no error"),
    ] {
        let row = rows("not-denied.json").into_iter().find(|row| row["call"] == call).unwrap();
        let path = folder.path().join("event.json");
        fs::write(&path, event(&row, &callers).to_string()).unwrap();
        let ran = support::run(&[path.as_os_str()]).ends_with(3);
        let words = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(headline), "{call}: {}", ran.stdout);
    }
}
