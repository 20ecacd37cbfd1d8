//! What a person reads at 80 columns, word for word.

use libtest_mimic::Trial;

use crate::program::{Program, Ran};
use crate::test;
use crate::wire::{Stub, error, refusal};
use crate::wire_tests::{ANA, ROLE, account, xml};

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("read: no credentials", no_credentials),
        test("read: no credentials, and no role either", no_role_either),
        test("read: nobody at the endpoint", nobody_there),
        test("read: an access key never expires", access_key),
        test("read: whoami with much to remark", whoami),
        test("read: what may not be read", refused),
        test("read: what the request context leaves open", open_context),
        test("read: error texts lead to AWS", texts),
    ]
}

fn shown(name: &str, ran: &Ran) {
    let text = format!("{}[status {}]\n{}", ran.stdout, ran.status, ran.stderr);
    insta::assert_snapshot!(name, text);
}

fn narrow(mut program: Program) -> Program {
    program.set("COLUMNS", "80").set("AWS_MAX_ATTEMPTS", "1");
    program
}

fn nobody() -> Program {
    narrow(Program::bare("http://127.0.0.1:1"))
}

fn ana(endpoint: &str) -> Program {
    narrow(Program::with_keys(endpoint, "AKIAEXAMPLE", "PLANTED-s", None))
}

fn no_credentials() {
    shown("no-credentials", &nobody().run(&["--role", ROLE]).ends_with(3));
    shown("no-credentials-whoami", &nobody().run(&["whoami"]).ends_with(1));
    let collected = nobody().run(&["collect", "there", "--role", ROLE]).ends_with(2);
    shown("no-credentials-collect", &collected);
    // What a text says is told all the same.
    let text = "An error occurred (AccessDenied) when calling the AssumeRole operation: not authorized to perform: sts:AssumeRole";
    let ran = nobody().run(&[text, "--live"]).ends_with(3);
    ran.says("the action that was denied").complains("there are no credentials");
}

fn no_role_either() {
    let arn = "arn:aws:iam::1111:role/deploy";
    shown("no-role-either", &nobody().run(&["--role", arn]).ends_with(1));
    shown("no-role-either-offline", &nobody().run(&["--role", arn, "--offline"]).ends_with(2));
}

fn nobody_there() {
    let program = ana("http://127.0.0.1:1");
    shown("nobody-there", &program.run(&["--role", ROLE]).ends_with(3));
    shown("nobody-there-whoami", &program.run(&["whoami"]).ends_with(2));
}

const OPEN: [&str; 4] = ["--context", "aws:SourceVpce=", "--time", "2026-03-17T09:30:00Z"];

fn access_key() {
    let stub = Stub::start(account);
    let program = ana(&stub.url());
    shown("access-key", &program.run(&[&["--role", ROLE][..], &OPEN].concat()).ends_with(0));
    // Nor does such a key carry MFA, and a case file says so too.
    let needs = Stub::start(with_mfa);
    let program = ana(&needs.url());
    shown("access-key-mfa", &program.run(&[&["--role", ROLE][..], &OPEN].concat()).ends_with(1));
    let own = ["collect", "there", "--role", ROLE, "--context", "aws:SourceVpce="];
    program.run(&own).ends_with(0);
    program.run(&["--case", "there/case.yaml"]).ends_with(1).says("MFA");
    // Somebody else's call may have had a session.
    program.run(&[&["--role", ROLE, "--caller", ANA][..], &OPEN].concat()).ends_with(3);
}

/// A role that asks for MFA.
fn with_mfa(request: &crate::wire::Request) -> crate::wire::Reply {
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{ANA}"}},"Action":"sts:AssumeRole","Condition":{{"Bool":{{"aws:MultiFactorAuthPresent":"true"}}}}}}]}}"#
    );
    match request.operation.as_str() {
        "iam:GetRole" => xml("iam:GetRole", &crate::wire_tests::role_with(ROLE, "deploy", &trust)),
        _ => account(request),
    }
}

fn whoami() {
    let stub = Stub::start(account);
    let mut program = ana(&stub.url());
    program.set("AWS_PROFILE", "dev").set("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere");
    program.set("AWS_SESSION_TOKEN", "PLANTED-t");
    shown("whoami", &program.run(&["whoami"]).ends_with(0));
    let refusing = Stub::start(|_| {
        error(403, "ExpiredToken", "The security token included in the request is expired")
    });
    shown("whoami-refused", &ana(&refusing.url()).run(&["whoami"]).ends_with(1));
}

fn refused() {
    let stub = Stub::start(|request| match request.operation.as_str() {
        "iam:GetRole" | "iam:GetUserPolicy" => refusal(request),
        _ => account(request),
    });
    shown("refused", &ana(&stub.url()).run(&[&["--role", ROLE][..], &OPEN].concat()).ends_with(3));
}

fn open_context() {
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{ANA}"}},"Action":"sts:AssumeRole","Condition":{{"IpAddress":{{"aws:SourceIp":"192.0.2.0/24"}}}}}}]}}"#
    );
    let stub = Stub::start(move |request| match request.operation.as_str() {
        "iam:GetRole" => xml("iam:GetRole", &crate::wire_tests::role_with(ROLE, "deploy", &trust)),
        _ => account(request),
    });
    let program = ana(&stub.url());
    shown("open-context", &program.run(&[&["--role", ROLE][..], &OPEN].concat()).ends_with(3));
    // From files, it is AWS that knows the rest.
    program.run(&["collect", "there", "--role", ROLE]).ends_with(0);
    std::fs::remove_file(
        program
            .home
            .path()
            .join("there/facts/iam-ListUserPolicies--aws-iam--111122223333-user-ana.json"),
    )
    .unwrap();
    let files = ["--role", ROLE, "--facts", "there/facts"];
    let says = "`--live` reads what of this your credentials may read";
    program.run(&[&files[..], &OPEN].concat()).ends_with(3).says(says);
    let ran = program.run(&[&files[..], &OPEN, &["--offline"]].concat()).ends_with(3);
    assert!(!ran.stdout.contains("hint"), "{}", ran.stdout);
}

fn texts() {
    let denied = format!(
        "An error occurred (AccessDenied) when calling the AssumeRole operation: User: {ANA} is not authorized to perform: sts:AssumeRole on resource: {ROLE}"
    );
    let id = "For more information, use the following authorization id: 5b0d4a8e-0c2f-4a53-9c8e-1f5a2b3c4d5e";
    let blob = "PLANTED-9fAeXJ5bWVzc2FnZQ_0123456789".repeat(12);
    shown("text", &nobody().run(&[&denied]).ends_with(3));
    nobody().run(&[&format!("{denied}. {id}")]).says(
        "$ why-denied --authorization-id 5b0d4a8e-0c2f-4a53-9c8e-1f5a2b3c4d5e --region REGION",
    );
    nobody()
        .run(&[&format!("{denied}. Encoded authorization failure message: {blob}")])
        .says("have AWS decode the message $ why-denied --live ERROR_TEXT_OR_FILE");
}
