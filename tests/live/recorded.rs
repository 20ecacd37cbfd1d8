//! What AWS itself recorded of a denial: authorization ids, encoded messages, events of CloudTrail. No
//! emulator has them, so that the stub answers as AWS documents it.

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::program::{Program, Ran};
use crate::test;
use crate::wire::{Reply, Request, Stub, error, json_error};
use crate::wire_tests::{ANA, ROLE, account, xml};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("recorded: an authorization id that is named", named_id),
        test("recorded: an authorization id in pages", paged_id),
        test("recorded: an authorization id in a message is followed", id_in_a_message),
        test("recorded: an authorization id that AWS does not know", unknown_id),
        test("recorded: an authorization id that may not be read", refused_id),
        test("recorded: an encoded message is decoded, and never shown", encoded),
        test("recorded: an encoded message in the box of a tool", encoded_in_a_box),
        test("recorded: an encoded message that may not be decoded", refused_message),
        test("recorded: nothing is followed without --live", not_followed),
        test("recorded: who is not named made the call", nobody_named),
        test("recorded: the last denial, with its context", recent),
        test("recorded: the last denial of anything", recent_of_anything),
        test(
            "recorded: the last denial, with other credentials than the caller's",
            recent_of_another,
        ),
        test("recorded: no denial lately", none_recently),
        test("recorded: events that may not be read", refused_events),
    ]
}

fn ask(stub: &Stub, arguments: &[&str]) -> Ran {
    let mut program = Program::with_keys(&stub.url(), "AKIAEXAMPLE", "PLANTED-s", None);
    program.set("AWS_MAX_ATTEMPTS", "2");
    let mut all = vec!["--context", "aws:SourceVpce=", "--time", "2026-03-17T09:30:00Z"];
    all.extend(arguments);
    program.run(&all)
}

const ID: &str = "5b0d4a8e-0c2f-4a53-9c8e-1f5a2b3c4d5e";
const DETAILS: &str = "iam-toolbox:GetRequestAuthorizationDetails";
const SCP: &str =
    "arn:aws:organizations::444455556666:policy/o-exampleorg1/service_control_policy/p-examplescp1";

/// An explicit deny by a service control policy, as the API gives it.
fn details(next: Option<&str>) -> Value {
    let matched = json!([{ "uri": SCP, "matchedStatements": [{ "sid": "Perimeter", "evaluatedEffect": "DENY" }] }]);
    let mut page = json!({
        "requestContext": { "aws:PrincipalArn": ANA, "aws:SourceIp": "192.0.2.10" },
        "evaluations": [{
            "action": "sts:AssumeRole", "resource": ROLE, "context": {},
            "evaluatedEffect": "EXPLICIT_DENY", "matchedPolicies": matched,
            "checks": [{
                "checkType": "SERVICE_CONTROL_POLICY", "evaluatedEffect": "EXPLICIT_DENY",
                "targetArn": "arn:aws:organizations::444455556666:account/o-exampleorg1/111122223333",
                "relevantPolicyTypes": ["SERVICE_CONTROL_POLICY"], "matchedPolicies": matched,
            }],
        }],
        "policies": [{ "type": "SERVICE_CONTROL_POLICY", "inline": false, "uri": SCP, "attachedTo": [] }],
    });
    if let Some(next) = next {
        page["nextToken"] = json!(next);
    }
    page
}

fn answer(value: &Value) -> Reply {
    Reply::Whole(200, "application/json", value.to_string())
}

fn with_details(reply: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Stub {
    Stub::start(
        move |request| {
            if request.operation == DETAILS { reply(request) } else { account(request) }
        },
    )
}

fn named_id() {
    let stub = with_details(|_| answer(&details(None)));
    let ran = ask(&stub, &["--authorization-id", ID]);
    assert!(stub.asked().contains(&DETAILS.to_owned()), "{:?}", stub.asked());
    // Today ana may do everything.
    ran.ends_with(0)
        .says("AWS recorded: explicit deny")
        .says("\"sid\": \"Perimeter\"")
        .says("`p-examplescp1` took part when AWS decided, and by these facts it does not apply")
        .says("AWS recorded explicit deny, and by these facts it is allowed");
}

fn paged_id() {
    let stub = with_details(|request| {
        if request.path.contains("nextToken=more") {
            let mut last = details(None);
            last["evaluations"][0]["action"] = json!("sts:TagSession");
            answer(&last)
        } else {
            answer(&details(Some("more")))
        }
    });
    let said = ask(&stub, &["--authorization-id", ID, "--format", "json"]).json();
    let results = said["results"].as_array().unwrap();
    let actions: Vec<_> = results.iter().map(|one| one["request"]["action"].clone()).collect();
    assert_eq!(actions, ["sts:AssumeRole", "sts:TagSession"]);
    let asked = stub.asked();
    assert_eq!(asked.iter().filter(|one| *one == DETAILS).count(), 2, "{asked:?}");
}

fn message_with_id() -> String {
    format!(
        "An error occurred (AccessDenied) when calling the AssumeRole operation: User: {ANA} is not authorized to perform: sts:AssumeRole on resource: {ROLE}. For more information, use the following authorization id: {ID}"
    )
}

fn id_in_a_message() {
    let stub = with_details(|_| answer(&details(None)));
    ask(&stub, &[&message_with_id(), "--live"])
        .ends_with(0)
        .says("AWS recorded: explicit deny (AccessDenied to AssumeRole)")
        .says("AWS recorded explicit deny, and by these facts it is allowed");
}

fn unknown_id() {
    let stub = with_details(|_| {
        let body = json!({ "message": "not found" }).to_string();
        Reply::Raw(
            format!(
                "HTTP/1.1 404 x\r\nContent-Type: application/json\r\nx-amzn-ErrorType: ResourceNotFoundException\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            )
            .into_bytes(),
        )
    });
    ask(&stub, &["--authorization-id", ID])
        .ends_with(2)
        .complains("AWS knows no such id in this Region");
}

fn refused_id() {
    let stub = with_details(|_| json_error(403, "AccessDeniedException", "no"));
    ask(&stub, &["--authorization-id", ID]).ends_with(2).complains(
        "AWS refused it (AccessDeniedException) (it takes `iam:GetRequestAuthorizationDetails`)",
    );
    // What else is known of the denial is diagnosed all the same.
    ask(&stub, &[&message_with_id(), "--live"])
        .ends_with(0)
        .complains("what AWS recorded under the authorization id was not read");
}

fn decoded() -> String {
    json!({
        "allowed": false,
        "explicitDeny": true,
        "matchedStatements": { "items": [{
            "statementId": "NoRoles", "effect": "DENY",
            "principals": { "items": [] }, "principalGroups": { "items": [] },
            "actions": { "items": [{ "value": "sts:AssumeRole" }] },
            "resources": { "items": [{ "value": "*" }] }, "conditions": { "items": [] },
        }] },
        "context": {
            "principal": { "id": "AIDAEXAMPLEEXAMPLE111", "name": "ana", "arn": ANA },
            "action": "sts:AssumeRole", "resource": ROLE,
            "conditions": { "items": [
                { "key": "aws:SourceIp", "values": { "items": [{ "value": "192.0.2.10" }] } },
            ] },
        },
    })
    .to_string()
}

/// An encoded message. It is a secret, and planted.
fn blob() -> String {
    "PLANTED-9fAeXJ5bWVzc2FnZQ_0123456789".repeat(12)
}

fn with_message(reply: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Stub {
    Stub::start(move |request| {
        if request.operation == "sts:DecodeAuthorizationMessage" {
            assert!(request.body.contains(&blob()), "{}", request.body);
            reply(request)
        } else {
            account(request)
        }
    })
}

fn decodes(_: &Request) -> Reply {
    let text = decoded().replace('&', "&amp;").replace('<', "&lt;");
    xml("sts:DecodeAuthorizationMessage", &format!("<DecodedMessage>{text}</DecodedMessage>"))
}

fn encoded() {
    let stub = with_message(decodes);
    let text = format!(
        "An error occurred (AccessDenied) when calling the AssumeRole operation: You are not authorized to perform this operation. Encoded authorization failure message: {}",
        blob()
    );
    for verbosity in ["--verbose", "--quiet"] {
        ask(&stub, &[&text, "--live", verbosity])
            .ends_with(0)
            .says("AWS recorded: explicit deny (AccessDenied to AssumeRole)")
            .says("\"statementId\": \"NoRoles\"");
    }
}

fn encoded_in_a_box() {
    let stub = with_message(decodes);
    let lines: Vec<String> = blob()
        .as_bytes()
        .chunks(70)
        .map(|line| format!("\u{2502} {}", String::from_utf8_lossy(line)))
        .collect();
    let text = format!(
        "\u{2577}\n\u{2502} Error: assuming role: operation error STS: AssumeRole, https response error StatusCode: 403, api error UnauthorizedOperation: You are not authorized to perform this operation. Encoded authorization failure message:\n{}\n\u{2502}\n\u{2575}\n",
        lines.join("\n")
    );
    ask(&stub, &[&text, "--live"]).says("\"statementId\": \"NoRoles\"");
}

fn refused_message() {
    let stub = with_message(|_| error(403, "AccessDenied", "no"));
    let text = format!(
        "An error occurred (AccessDenied) when calling the AssumeRole operation: User: {ANA} is not authorized to perform: sts:AssumeRole on resource: {ROLE}. Encoded authorization failure message: {}",
        blob()
    );
    ask(&stub, &[&text, "--live", "--verbose"])
        .ends_with(0)
        .complains("the encoded message was not read: AWS refused it (AccessDenied) (it takes `sts:DecodeAuthorizationMessage`)");
}

fn not_followed() {
    let stub = Stub::start(account);
    ask(&stub, &[&message_with_id()]).ends_with(3);
    assert_eq!(stub.asked(), Vec::<String>::new());
}

fn nobody_named() {
    let stub = Stub::start(account);
    let text = "An error occurred (AccessDenied) when calling the AssumeRole operation: not authorized to perform: sts:AssumeRole";
    ask(&stub, &[text, "--live", "--action", "sts:AssumeRole", "--resource", ROLE])
        .ends_with(0)
        .says(&format!("caller {ANA}"));
}

fn event(name: &str, error: Option<&str>, parameters: &Value) -> Value {
    let mut event = json!({
        "eventVersion": "1.08",
        "userIdentity": { "type": "IAMUser", "principalId": "AIDAEXAMPLEEXAMPLE111", "arn": ANA, "accountId": "111122223333", "accessKeyId": "AKIAEXAMPLE", "userName": "ana" },
        "eventTime": "2026-03-17T09:10:00Z",
        "eventSource": "sts.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1",
        "sourceIPAddress": "192.0.2.77",
        "userAgent": "aws-cli/2.31.0",
        "requestParameters": parameters,
        "responseElements": null,
        "requestID": "0b7dfd20-0f29-4f0a-9d64-0a0a0a0a0a0a",
        "eventID": format!("0b7dfd20-0f29-4f0a-9d64-{:012}", name.len()),
        "eventType": "AwsApiCall",
        "recipientAccountId": "111122223333",
    });
    if let Some(message) = error {
        event["errorCode"] = json!("AccessDenied");
        event["errorMessage"] = json!(message);
    }
    json!({ "EventName": name, "Username": "ana", "CloudTrailEvent": event.to_string() })
}

fn denial() -> Value {
    let said =
        format!("User: {ANA} is not authorized to perform: sts:AssumeRole on resource: {ROLE}");
    event(
        "AssumeRole",
        Some(&said),
        &json!({ "roleArn": ROLE, "roleSessionName": "work", "externalId": "wrong" }),
    )
}

/// An account whose trust policy wants an external id, and a trail in two pages.
fn with_trail() -> Stub {
    Stub::start(|request| match request.operation.as_str() {
        "cloudtrail:LookupEvents" => {
            assert!(request.body.contains("\"AttributeValue\":\"ana\""), "{}", request.body);
            let page = if request.body.contains("NextToken") {
                json!({ "Events": [denial()] })
            } else {
                let other = event("GetCallerIdentity", None, &Value::Null);
                json!({ "Events": [other], "NextToken": "more" })
            };
            answer(&page)
        }
        "iam:GetRole" => {
            let trust = json!({ "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Principal": { "AWS": ANA }, "Action": "sts:AssumeRole",
                "Condition": { "StringEquals": { "sts:ExternalId": "right" } },
            }] });
            xml("iam:GetRole", &crate::wire_tests::role_with(ROLE, "deploy", &trust.to_string()))
        }
        _ => account(request),
    })
}

fn recent() {
    let stub = with_trail();
    ask(&stub, &["--role", ROLE, "--live"]).ends_with(3);
    let ran = ask(&stub, &["--role", ROLE, "--recent", "--format", "json"]).ends_with(1);
    let said = ran.json();
    let context = &said["request"]["context"];
    assert_eq!(context["aws:SourceIp"], json!(["192.0.2.77"]));
    assert_eq!(context["sts:ExternalId"], json!(["wrong"]));
    assert_eq!(said["findings"][0]["rule"], "trust-condition-unmet", "{}", said["findings"]);
    ask(&stub, &["--role", ROLE, "--recent"])
        .complains("CloudTrail recorded the denial that is explained here at 2026-03-17T09:10:00Z");
    // What is said on the command line counts more.
    ask(&stub, &["--role", ROLE, "--recent", "--external-id", "right"]).ends_with(0);
}

fn recent_of_anything() {
    let stub = with_trail();
    ask(&stub, &["--recent"]).ends_with(1).says(ROLE);
}

fn recent_of_another() {
    let stub = with_trail();
    let caller = "arn:aws:iam::111122223333:role/ci";
    ask(&stub, &["--recent", "--caller", caller])
        .ends_with(2)
        .complains("CloudTrail can be searched for a user or a session by name");
}

fn none_recently() {
    let stub = Stub::start(|request| match request.operation.as_str() {
        "cloudtrail:LookupEvents" => answer(&json!({ "Events": [] })),
        _ => account(request),
    });
    ask(&stub, &["--recent"]).ends_with(2).complains(
        "CloudTrail tells of no denial for `ana` among 0 events since 2026-03-16T09:30:00Z",
    );
    // Further back than a day, where that is asked for; and never further than there are events.
    ask(&stub, &["--recent", "--since", "7d"])
        .ends_with(2)
        .complains("among 0 events since 2026-03-10T09:30:00Z");
    let starts = stub.bodies("cloudtrail:LookupEvents");
    assert!(starts.iter().any(|body| body.contains("\"StartTime\":1773135000")), "{starts:?}");
    ask(&stub, &["--role", ROLE, "--recent", "--since", "200d"])
        .complains("CloudTrail's event history holds the last 90 days");
    ask(&stub, &["--recent", "--since", "soon"]).ends_with(2).complains("`--since soon`");
    ask(&stub, &["--role", ROLE, "--recent"])
        .ends_with(0)
        .complains("CloudTrail tells of no denial of sts:AssumeRole for `ana`");
}

fn refused_events() {
    let stub = Stub::start(|request| match request.operation.as_str() {
        "cloudtrail:LookupEvents" => json_error(400, "AccessDeniedException", "no"),
        _ => account(request),
    });
    ask(&stub, &["--role", ROLE, "--recent"]).ends_with(0).complains(
        "CloudTrail was not read: AWS refused it (AccessDeniedException) (it takes `cloudtrail:LookupEvents`)",
    );
}
