//! Every reading call refused, one at a time and all together: there is still an answer, and it says
//! which permission is missing.

use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::{Value, json};
use why_denied::collect::operations::{OPERATIONS, Side};

use crate::emulator::{Emulator, ROOT, helper};
use crate::program::{Program, Ran};
use crate::test;
use crate::wire::{Reply, Stub, refusal};
use crate::wire_tests::{self, account, role_with, xml};

/// What makes every call necessary, and the calls that a question makes.
const USER: &str = "sts:GetCallerIdentity iam:GetUser iam:ListUserPolicies iam:GetUserPolicy \
    iam:ListAttachedUserPolicies iam:ListGroupsForUser iam:ListGroupPolicies iam:GetGroupPolicy \
    iam:ListAttachedGroupPolicies iam:ListMFADevices iam:GetRole iam:GetPolicy iam:GetPolicyVersion";
const ROLE: &str = "iam:ListRolePolicies iam:GetRolePolicy iam:ListAttachedRolePolicies";
const RESOURCES: [&str; 8] = [
    "s3:GetBucketPolicy",
    "kms:GetKeyPolicy",
    "sqs:GetQueueUrl",
    "sqs:GetQueueAttributes",
    "sns:GetTopicAttributes",
    "lambda:GetPolicy",
    "secretsmanager:GetResourcePolicy",
    "ecr:GetRepositoryPolicy",
];

const PROVIDERS: [&str; 3] =
    ["iam:GetOpenIDConnectProvider", "iam:ListOpenIDConnectProviders", "iam:ListSAMLProviders"];

/// Each operation of the program is refused by a test.
fn every_operation() {
    let of_records = [
        "iam-toolbox:GetRequestAuthorizationDetails",
        "sts:DecodeAuthorizationMessage",
        "cloudtrail:LookupEvents",
        "iam:GetAccountAuthorizationDetails",
    ];
    let mut refused: Vec<&str> = USER.split_whitespace().chain(ROLE.split_whitespace()).collect();
    refused.extend(RESOURCES);
    refused.extend(PROVIDERS);
    refused.extend(crate::organization::OPERATIONS);
    refused.extend(of_records);
    let all = OPERATIONS.iter().filter(|row| row.sides != [Side::Probe]);
    let missing: Vec<_> = all.map(|row| row.name).filter(|name| !refused.contains(name)).collect();
    assert_eq!(missing, Vec::<&str>::new());
}

/// A role that trusts two identity providers.
fn of_provider(operation: &'static str) {
    let stub = Stub::start(move |request| match request.operation.as_str() {
        name if name == operation => refusal(request),
        "iam:GetRole" => {
            let arn = |kind: &str| format!("arn:aws:iam::{ROOT}:{kind}");
            let trust = json!({ "Version": "2012-10-17", "Statement": [
                { "Effect": "Allow", "Principal": { "Federated": arn("oidc-provider/example.com") }, "Action": "sts:AssumeRoleWithWebIdentity" },
                { "Effect": "Allow", "Principal": { "Federated": arn("saml-provider/corp") }, "Action": "sts:AssumeRoleWithSAML" },
            ] });
            xml("iam:GetRole", &role_with(wire_tests::ROLE, "deploy", &trust.to_string()))
        }
        "iam:ListOpenIDConnectProviders" => {
            xml("iam:ListOpenIDConnectProviders", "<OpenIDConnectProviderList/>")
        }
        "iam:ListSAMLProviders" => xml("iam:ListSAMLProviders", "<SAMLProviderList/>"),
        _ => account(request),
    });
    let ran = ask(&stub, &["--role", wire_tests::ROLE, "--verbose"]);
    assert!(stub.asked().iter().any(|asked| asked == operation), "{:?}", stub.asked());
    names(&ran, operation);
}

fn of_account() {
    let stub = Stub::start(|request| {
        if request.operation == "iam:GetAccountAuthorizationDetails" {
            refusal(request)
        } else {
            account(request)
        }
    });
    let program = Program::with_keys(&stub.url(), ROOT, "test", None);
    let ran = program.run(&["collect", "whole", "--account"]).ends_with(0);
    ran.says("not read iam:GetAccountAuthorizationDetails");
}

pub(crate) fn tests(ministack: &Arc<Emulator>) -> Vec<Trial> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/live/refusals.yaml");
    let made = helper("actor.py", &[&ministack.url(), ROOT, file, "r"]);
    let made = Arc::new(made);
    let mut tests = Vec::new();
    for operation in USER.split_whitespace() {
        let (made, port) = (Arc::clone(&made), ministack.port);
        tests.push(test(format!("refusal: {operation}, for a user"), move || {
            one(port, &made[0], operation);
        }));
    }
    for operation in ROLE.split_whitespace() {
        let (made, port) = (Arc::clone(&made), ministack.port);
        tests.push(test(format!("refusal: {operation}, for a role"), move || {
            one(port, &made[1], operation);
        }));
    }
    for operation in RESOURCES {
        let (made, port) = (Arc::clone(&made), ministack.port);
        tests.push(test(format!("refusal: {operation}, for a resource"), move || {
            of_resource(port, &made[2], operation);
        }));
    }
    for operation in PROVIDERS {
        tests.push(test(format!("refusal: {operation}"), move || of_provider(operation)));
    }
    tests.push(test("refusal: iam:GetAccountAuthorizationDetails", of_account));
    tests.push(test("refusal: every operation there is", every_operation));
    let (again, port) = (Arc::clone(&made), ministack.port);
    tests.push(test("refusal: everything but who asks", move || everything(port, &again[0])));
    let port = ministack.port;
    tests.push(test("no call is made twice", move || twice(port, &made[0])));
    tests
}

fn arn(made: &Value, name: &str) -> String {
    assert!(made["broken"].is_null(), "{}", made["broken"]);
    made["names"][name].as_str().unwrap().to_owned()
}

fn ask(stub: &Stub, arguments: &[&str]) -> Ran {
    let program = Program::with_keys(&stub.url(), ROOT, "test", None);
    let mut all = vec!["--live", "--context", "aws:SourceVpce="];
    all.extend(arguments);
    program.run(&all)
}

fn refusing(port: u16, operation: &'static str) -> Stub {
    Stub::start(
        move |request| {
            if request.operation == operation { refusal(request) } else { Reply::Pass(port) }
        },
    )
}

/// The answer names the permission, in a gap or on stderr, and is an answer.
#[track_caller]
fn names(ran: &Ran, operation: &str) {
    assert!((0..=3).contains(&ran.status) && ran.status != 2, "{}\n{}", ran.stdout, ran.stderr);
    let all = format!("{}{}", ran.stdout, ran.stderr);
    assert!(all.contains(operation), "no {operation} in\n{all}");
}

fn one(port: u16, made: &Value, operation: &'static str) {
    let stub = refusing(port, operation);
    let (caller, role) = (made["caller"].as_str().unwrap().to_owned(), arn(made, "deploy"));
    let ran = ask(&stub, &["--caller", &caller, "--role", &role, "--verbose"]);
    assert!(stub.asked().iter().any(|asked| asked == operation), "{:?}", stub.asked());
    if operation == "sts:GetCallerIdentity" {
        assert_ne!(ran.status, 0);
        return;
    }
    names(&ran, operation);
}

fn of_resource(port: u16, made: &Value, operation: &'static str) {
    let stub = refusing(port, operation);
    let (name, action) = match operation.split(':').next().unwrap() {
        "s3" => ("bucket", "s3:ListBucket"),
        "kms" => ("key", "kms:Encrypt"),
        "sqs" => ("queue", "sqs:SendMessage"),
        "sns" => ("topic", "sns:Publish"),
        "lambda" => ("function", "lambda:InvokeFunction"),
        "ecr" => ("repository", "ecr:BatchGetImage"),
        _ => ("secret", "secretsmanager:GetSecretValue"),
    };
    let resource = if name == "repository" {
        format!("arn:aws:ecr:us-east-1:{ROOT}:repository/r")
    } else {
        arn(made, name)
    };
    let caller = made["caller"].as_str().unwrap();
    let ran =
        ask(&stub, &["--caller", caller, "--action", action, "--resource", &resource, "--verbose"]);
    assert!(stub.asked().iter().any(|asked| asked == operation), "{:?}", stub.asked());
    names(&ran, operation);
}

fn everything(port: u16, made: &Value) {
    let stub = Stub::start(move |request| {
        if request.operation == "sts:GetCallerIdentity" {
            Reply::Pass(port)
        } else {
            refusal(request)
        }
    });
    let (caller, role) = (made["caller"].as_str().unwrap(), arn(made, "deploy"));
    let ran = ask(&stub, &["--caller", caller, "--role", &role, "--format", "json"]);
    let ran = ran.ends_with(3);
    let gaps = ran.json()["gaps"].to_string();
    for permission in ["iam:GetUser", "iam:GetRole", "organizations:"] {
        assert!(gaps.contains(permission), "no {permission} in {gaps}");
    }
}

fn twice(port: u16, made: &Value) {
    let stub = Stub::start(move |_| Reply::Pass(port));
    let (caller, role) = (made["caller"].as_str().unwrap(), arn(made, "deploy"));
    ask(&stub, &["--caller", caller, "--role", &role]);
    assert_eq!(stub.repeated(), Vec::<String>::new());
    let role = made["names"]["deploy"].as_str().unwrap();
    let twice = ask(&stub, &["--caller", caller, "--role", role, "--via", role]);
    assert_ne!(twice.status, 2, "{}", twice.stderr);
}
