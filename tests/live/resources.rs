//! Resources of other services and Regions, identity providers, and evidence from files beside AWS.

use std::sync::{Arc, Barrier};

use libtest_mimic::Trial;
use serde_json::json;

use crate::program::{Program, Ran};
use crate::test;
use crate::wire::{Reply, Request, Stub, error};
use crate::wire_tests::{ANA, ROLE, account, role_with, xml};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("resources: several are read at the same time", at_the_same_time),
        test("resources: a bucket in another Region", bucket_elsewhere),
        test("providers: all that a token needs", token),
        test("providers: an audience that is not registered", other_audience),
        test("providers: a token's provider that is not there", no_provider),
        test("providers: an assertion's provider", assertion),
        test("files: an event beside AWS", event),
        test("files: a case beside AWS is refused", case),
        test("files: a trail beside AWS is refused", trail),
        #[cfg(unix)]
        test("run: the denial of a command, with AWS asked", run_live),
        test("collect: what is said of the request is kept", kept),
    ]
}

fn program(stub: &Stub) -> Program {
    let mut program = Program::with_keys(&stub.url(), "AKIAEXAMPLE", "PLANTED-s", None);
    program.set("AWS_MAX_ATTEMPTS", "1");
    program
}

const OPEN: [&str; 2] = ["--context", "aws:SourceVpce="];

fn json_answer(value: &serde_json::Value) -> Reply {
    Reply::Whole(200, "application/x-amz-json-1.1", value.to_string())
}

fn at_the_same_time() {
    // Each waits for the other: read one after another, neither would be answered.
    let both = Arc::new(Barrier::new(2));
    let stub = Stub::start(move |request| match request.operation.as_str() {
        "kms:GetKeyPolicy" => {
            both.wait();
            let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:root"},"Action":"kms:*","Resource":"*"}]}"#;
            json_answer(&json!({ "Policy": policy, "PolicyName": "default" }))
        }
        _ => account(request),
    });
    let key = |id: &str| format!("arn:aws:kms:us-east-1:111122223333:key/{id}");
    let (one, other) =
        (key("1b2c3d4e-0000-4000-8000-000000000001"), key("1b2c3d4e-0000-4000-8000-000000000002"));
    let asked = ["--live", "--action", "kms:Decrypt", "--resource", &one, "--resource", &other];
    program(&stub).run(&[&asked[..], &OPEN].concat()).ends_with(0);
    assert_eq!(stub.repeated(), Vec::<String>::new());
}

fn bucket_elsewhere() {
    let stub = Stub::start(|request| match (request.operation.as_str(), request.region.as_str()) {
        ("s3:GetBucketPolicy", "eu-west-1") => {
            let policy = json!({ "Version": "2012-10-17", "Statement": [{
                "Sid": "Closed", "Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::logs/*",
            }] });
            Reply::Whole(200, "application/json", policy.to_string())
        }
        ("s3:GetBucketPolicy", _) => {
            let body = "<Error><Code>PermanentRedirect</Code><Message>The bucket you are attempting to access must be addressed using the specified endpoint.</Message></Error>";
            let head = format!(
                "HTTP/1.1 301 x\r\nx-amz-bucket-region: eu-west-1\r\nContent-Type: application/xml\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            Reply::Raw(format!("{head}{body}").into_bytes())
        }
        _ => account(request),
    });
    let asked = ["--live", "--action", "s3:GetObject", "--resource", "arn:aws:s3:::logs/a"];
    program(&stub)
        .run(&[&asked[..], &OPEN].concat())
        .ends_with(1)
        .says("explicit deny")
        .says("Closed");
    let buckets = stub.asked().iter().filter(|one| *one == "s3:GetBucketPolicy").count();
    assert_eq!(buckets, 2, "{:?}", stub.asked());
}

/// Role deploy trusts GitHub's tokens and the assertions of `corp`.
fn federated(oidc: &'static str, audience: &'static str, saml: &'static str) -> Stub {
    let arn = |kind: &str| format!("arn:aws:iam::111122223333:{kind}");
    let trust = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "Federated": arn("oidc-provider/token.actions.githubusercontent.com") }, "Action": "sts:AssumeRoleWithWebIdentity",
          "Condition": { "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": "repo:octo-org/app:pull_request" } } },
        { "Effect": "Allow", "Principal": { "Federated": arn("saml-provider/corp") }, "Action": "sts:AssumeRoleWithSAML",
          "Condition": { "StringEquals": { "saml:aud": "https://signin.aws.amazon.com/saml" } } },
    ] }).to_string();
    Stub::start(move |request: &Request| match request.operation.as_str() {
        name @ "iam:GetRole" => xml(name, &role_with(ROLE, "deploy", &trust)),
        name @ "iam:ListOpenIDConnectProviders" => xml(
            name,
            &format!(
                "<OpenIDConnectProviderList><member><Arn>arn:aws:iam::111122223333:oidc-provider/{oidc}</Arn></member></OpenIDConnectProviderList>"
            ),
        ),
        "iam:GetOpenIDConnectProvider" if oidc != GITHUB => {
            error(404, "NoSuchEntity", "OpenIDConnect Provider not found.")
        }
        name @ "iam:GetOpenIDConnectProvider" => xml(
            name,
            &format!(
                "<Url>token.actions.githubusercontent.com</Url><ClientIDList><member>{audience}</member></ClientIDList><ThumbprintList/>"
            ),
        ),
        name @ "iam:ListSAMLProviders" => xml(
            name,
            &format!(
                "<SAMLProviderList><member><Arn>arn:aws:iam::111122223333:saml-provider/{saml}</Arn></member></SAMLProviderList>"
            ),
        ),
        _ => account(request),
    })
}

const GITHUB: &str = "token.actions.githubusercontent.com";
const AWS: &str = "sts.amazonaws.com";

/// At the moment for which the tokens of the fixtures are good.
fn presents(stub: &Stub, option: &str, file: &str) -> Ran {
    let place = format!("{}/fixtures/tokens/{file}", env!("CARGO_MANIFEST_DIR"));
    let asked = [
        "--live",
        "--role",
        ROLE,
        option,
        &place,
        "--time",
        "2026-03-20T09:47:00Z",
        "--format",
        "json",
    ];
    program(stub).run(&[&asked[..], &OPEN].concat())
}

#[track_caller]
fn finds(ran: &Ran, rule: &str) {
    let answer = ran.json();
    assert_eq!(answer["findings"][0]["rule"], rule, "{}\n{}", ran.stdout, ran.stderr);
}

fn token() {
    let stub = federated(GITHUB, AWS, "corp");
    let ran = presents(&stub, "--token", "github-claims.json").ends_with(0);
    assert_eq!(ran.json()["decision"], "allowed");
    for operation in ["iam:ListOpenIDConnectProviders", "iam:GetOpenIDConnectProvider"] {
        assert!(stub.asked().iter().any(|one| one == operation), "{:?}", stub.asked());
    }
}

fn other_audience() {
    let stub = federated(GITHUB, "https://github.com/octo-org", "corp");
    finds(
        &presents(&stub, "--token", "github-claims.json").ends_with(1),
        "provider-audience-missing",
    );
}

fn no_provider() {
    let stub = federated("accounts.google.com", AWS, "corp");
    finds(&presents(&stub, "--token", "github-claims.json").ends_with(1), "provider-missing");
}

fn assertion() {
    let stub = federated(GITHUB, AWS, "other");
    finds(&presents(&stub, "--saml", "response.xml").ends_with(1), "provider-missing");
    let stub = federated(GITHUB, AWS, "corp");
    let ran = presents(&stub, "--saml", "response.xml");
    assert!(!ran.stdout.contains("provider-missing"), "{}", ran.stdout);
    assert_eq!(stub.repeated(), Vec::<String>::new());
}

/// The denial of ana, as CloudTrail has it.
fn recorded() -> String {
    json!({
        "eventVersion": "1.08",
        "userIdentity": { "type": "IAMUser", "principalId": "AIDAEXAMPLEEXAMPLE111", "arn": ANA, "accountId": "111122223333", "accessKeyId": "AKIAEXAMPLE", "userName": "ana" },
        "eventTime": "2026-03-17T09:10:00Z", "eventSource": "sts.amazonaws.com", "eventName": "AssumeRole",
        "awsRegion": "us-east-1", "sourceIPAddress": "192.0.2.77", "userAgent": "aws-cli/2.31.0",
        "requestParameters": { "roleArn": ROLE, "roleSessionName": "work" }, "responseElements": null,
        "errorCode": "AccessDenied",
        "errorMessage": format!("User: {ANA} is not authorized to perform: sts:AssumeRole on resource: {ROLE}"),
        "eventID": "7f9f0a38-0000-4000-8000-000000000000", "eventType": "AwsApiCall", "recipientAccountId": "111122223333",
    })
    .to_string()
}

fn event() {
    let stub = Stub::start(account);
    let mut program = program(&stub);
    program.file("event.json", &recorded());
    program.run(&["event.json", "--offline"]).ends_with(3);
    assert_eq!(stub.asked(), Vec::<String>::new());
    // Today she may: so something was changed since.
    program
        .run(&[&["event.json", "--live"][..], &OPEN].concat())
        .ends_with(0)
        .says(&format!("caller {ANA}"))
        .says("do the facts agree? no");
    assert!(stub.asked().iter().any(|one| one == "iam:GetRole"), "{:?}", stub.asked());
}

fn case() {
    let stub = Stub::start(account);
    let mut program = program(&stub);
    program.file("case.yaml", "why-denied: 1\n");
    program.run(&["--case", "case.yaml", "--live"]).ends_with(2).complains("cannot be used with");
    assert_eq!(stub.asked(), Vec::<String>::new());
}

fn trail() {
    let stub = Stub::start(account);
    let mut program = program(&stub);
    program.file("event.json", &recorded());
    let ran = program.run(&["trail", "event.json", "--live"]).ends_with(2);
    ran.complains("unexpected argument '--live'");
    program.run(&["trail", "event.json"]).ends_with(1);
    assert_eq!(stub.asked(), Vec::<String>::new());
}

#[cfg(unix)]
fn run_live() {
    let stub = Stub::start(account);
    let mut program = program(&stub);
    let text = format!(
        "An error occurred (AccessDenied) when calling the AssumeRole operation: User: {ANA} is not authorized to perform: sts:AssumeRole on resource: {ROLE}"
    );
    program.file("denied.sh", &format!("echo '{text}' >&2\nexit 7\n"));
    program.run(&["run", "--", "/bin/sh", "denied.sh"]).ends_with(7);
    let alone = ["run", "--region", "eu-west-1", "--", "/bin/sh", "denied.sh"];
    program.run(&alone).ends_with(2).complains("go with `--live`");
    assert_eq!(stub.asked(), Vec::<String>::new());
    let ran = program.run(&["run", "--live", "--", "/bin/sh", "denied.sh"]).ends_with(7);
    // What the call went through is not known.
    ran.complains("UNDETERMINED").complains("trust policy");
    assert!(stub.asked().iter().any(|one| one == "iam:GetRole"), "{:?}", stub.asked());
}

fn kept() {
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"OfCustomers","Effect":"Allow","Principal":{{"AWS":"{ANA}"}},"Action":"sts:AssumeRole","Condition":{{"StringEquals":{{"sts:ExternalId":"customer-7"}}}}}}]}}"#
    );
    let stub = Stub::start(move |request| match request.operation.as_str() {
        "iam:GetRole" => xml("iam:GetRole", &role_with(ROLE, "deploy", &trust)),
        _ => account(request),
    });
    let program = program(&stub);
    for (id, status) in [("customer-7", 0), ("customer-8", 1)] {
        let said = ["--role", ROLE, "--external-id", id, "--session-name", "work"];
        let live = program.run(&[&["--live"][..], &said, &OPEN].concat()).ends_with(status);
        program.run(&[&["collect", id][..], &said, &OPEN].concat()).ends_with(0);
        let case = format!("{id}/case.yaml");
        let offline = program.run(&["--case", &case]).ends_with(status);
        assert_eq!(live.stdout.lines().next(), offline.stdout.lines().next());
    }
    let masked = ["collect", "masked", "--redact", "--role", ROLE, "--external-id", "customer-8"];
    program.run(&[&masked[..], &OPEN].concat()).ends_with(0);
    let written = std::fs::read_to_string(program.home.path().join("masked/case.yaml")).unwrap();
    assert!(!written.contains("customer-8"), "{written}");
    // What the trust policy asks for is a name too, and is masked where nobody gave it.
    for entry in walkdir::WalkDir::new(program.home.path().join("masked")) {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            let text = std::fs::read_to_string(entry.path()).unwrap();
            assert!(!text.contains("customer-7") && !text.contains("OfCustomers"), "{text}");
        }
    }
    program.run(&["--case", "masked/case.yaml"]).ends_with(1);
    // A statement that is called as its action is masks no action.
    let named = Stub::start(|request| match request.operation.as_str() {
        "iam:GetRole" => {
            let trust = format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"AssumeRole","Effect":"Allow","Principal":{{"AWS":"{ANA}"}},"Action":"sts:AssumeRole"}}]}}"#
            );
            xml("iam:GetRole", &role_with(ROLE, "deploy", &trust))
        }
        _ => account(request),
    });
    let program = self::program(&named);
    program.run(&[&["collect", "masked", "--redact", "--role", ROLE][..], &OPEN].concat());
    program.run(&["--case", "masked/case.yaml"]).ends_with(0);
}
