//! Organizations with units, accounts and both types of control policies, in moto.

use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::emulator::{Emulator, helper};
use crate::program::{Program, Ran};
use crate::test;
use crate::wire::{Reply, Stub, refusal};

pub(crate) fn tests(moto: &Arc<Emulator>) -> Vec<Trial> {
    let made = Arc::new(helper("organization.py", &[&moto.url()]));
    let mut tests = Vec::new();
    let mut add = |name: &str, run: fn(&Emulator, &Value)| {
        let (moto, made) = (Arc::clone(moto), Arc::clone(&made));
        tests.push(test(format!("organization: {name}"), move || run(&moto, &made)));
    };
    add("every level of both accounts", every_level);
    add("a service control policy of a unit", of_unit);
    add("a service control policy of the root", of_root);
    add("a service control policy of the account itself", of_account);
    add("a resource control policy of the other account's unit", of_resource);
    add("a resource control policy of the root", of_resource_root);
    add("seen from a member account", from_a_member);
    add("two owners' halves make one answer", halves);
    for operation in OPERATIONS {
        let (moto, made) = (Arc::clone(moto), Arc::clone(&made));
        tests.push(test(format!("refusal: {operation}"), move || refused(&moto, &made, operation)));
    }
    tests
}

/// What is asked of an organization.
pub(crate) const OPERATIONS: [&str; 5] = [
    "organizations:DescribeOrganization",
    "organizations:ListRoots",
    "organizations:ListParents",
    "organizations:ListPoliciesForTarget",
    "organizations:DescribePolicy",
];

/// With one operation refused there is an answer, which names it if it could matter.
fn refused(moto: &Emulator, made: &Value, operation: &'static str) {
    let port = moto.port;
    let stub = Stub::start(move |request| {
        if request.operation == operation { refusal(request) } else { Reply::Pass(port) }
    });
    let mut program = program(moto, made);
    program.set("AWS_ENDPOINT_URL", &stub.url());
    let arn = format!("{}open", made["role"].as_str().unwrap());
    let question = ["--live", "--role", &arn, "--role-profile", "theirs", "--verbose"];
    let own = ["--session-policy", "none", "--context", "aws:SourceVpce="];
    let ran = program.run(&[&question[..], &own, &ORG].concat());
    assert!(stub.asked().iter().any(|asked| asked == operation), "{:?}", stub.asked());
    assert!(matches!(ran.status, 0 | 1 | 3), "{}\n{}", ran.stdout, ran.stderr);
    let all = format!("{}{}", ran.stdout, ran.stderr);
    assert!(all.contains(operation), "no {operation} in\n{all}");
}

/// The caller with its own keys, the owner of the role and the management account as profiles.
fn program(moto: &Emulator, made: &Value) -> Program {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (own, theirs) = (&made["own"], &made["theirs"]);
    let token = text(&own[2]);
    let mut program = Program::with_keys(&moto.url(), &text(&own[0]), &text(&own[1]), Some(&token));
    program.config(&format!(
        "[profile theirs]\naws_access_key_id = {}\naws_secret_access_key = {}\naws_session_token = {}\n\
         [profile management]\naws_access_key_id = AKIAMANAGEMENT\naws_secret_access_key = PLANTED\n",
        text(&theirs[0]),
        text(&theirs[1]),
        text(&theirs[2]),
    ));
    program
}

fn ask(moto: &Emulator, made: &Value, role: &str, more: &[&str]) -> Ran {
    let arn = format!("{}{role}", made["role"].as_str().unwrap());
    let mut all = vec!["--live", "--role", &arn, "--role-profile", "theirs"];
    all.extend(["--session-policy", "none", "--context", "aws:SourceVpce=", "--format", "json"]);
    all.extend(more);
    program(moto, made).run(&all)
}

const ORG: [&str; 2] = ["--org-profile", "management"];

fn every_level(moto: &Emulator, made: &Value) {
    let said = ask(moto, made, "open", &ORG);
    let answer = said.json();
    assert_eq!(answer["decision"], "allowed", "{}\n{}", said.stdout, said.stderr);
    let paths = answer["request"]["context"]["aws:PrincipalOrgPaths"].to_string();
    for above in [&made["root"], &made["units"]["work"], &made["units"]["prod"]] {
        assert!(paths.contains(above.as_str().unwrap()), "{paths}");
    }
}

/// The rule and the document that it points into.
fn cause(answer: &Value) -> (String, String) {
    let finding = &answer["findings"][0];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&finding["rule"]), text(&finding["primary"]["file"]))
}

fn denied(moto: &Emulator, made: &Value, role: &str, gate: &str) {
    let said = ask(moto, made, role, &ORG);
    let answer = said.json();
    assert_eq!(answer["decision"], "explicit-deny", "{}\n{}", said.stdout, said.stderr);
    let (rule, file) = cause(&answer);
    assert_eq!(rule, "explicit-deny");
    assert!(file.starts_with("live: organizations:DescribePolicy p-"), "{file}");
    let gates = answer["gates"].as_array().unwrap();
    let own = gates.iter().find(|one| one["gate"] == "explicit-denies").unwrap();
    assert_eq!(own["outcome"], "failed", "{own}");
    assert!(gates.iter().any(|one| one["gate"] == gate), "{gates:?}");
}

fn of_unit(moto: &Emulator, made: &Value) {
    denied(moto, made, "denied-by-unit", "service-control-policies");
}

fn of_root(moto: &Emulator, made: &Value) {
    denied(moto, made, "denied-by-root", "service-control-policies");
}

fn of_resource(moto: &Emulator, made: &Value) {
    denied(moto, made, "denied-by-rcp", "resource-control-policies");
}

fn of_account(moto: &Emulator, made: &Value) {
    denied(moto, made, "denied-by-account", "service-control-policies");
}

fn of_resource_root(moto: &Emulator, made: &Value) {
    denied(moto, made, "denied-by-root-rcp", "resource-control-policies");
}

fn from_a_member(moto: &Emulator, made: &Value) {
    let said = ask(moto, made, "open", &[]);
    let answer = said.json();
    assert_eq!(answer["decision"], "undetermined", "{}\n{}", said.stdout, said.stderr);
    assert!(answer["gaps"].to_string().contains("organizations:"), "{}", answer["gaps"]);
}

fn halves(moto: &Emulator, made: &Value) {
    let arn = format!("{}denied-by-root", made["role"].as_str().unwrap());
    let caller = made["caller"].as_str().unwrap();
    let program = program(moto, made);
    let ours = ["collect", "ours", "--role", &arn];
    program.run(&ours).ends_with(0);
    let org = ["collect", "org", "--role", &arn, "--caller", caller, "--profile", "management"];
    program.run(&[&org[..], &ORG].concat()).ends_with(0);
    let theirs = ["collect", "theirs", "--role", &arn, "--caller", caller, "--profile", "theirs"];
    program.run(&theirs).ends_with(0);
    let facts = ["--facts", "ours", "--facts", "theirs", "--facts", "org", "--offline"];
    let question = ["--role", &arn, "--caller", caller, "--session-policy", "none"];
    let answer = program.run(&[&facts[..], &question, &["--format", "json"]].concat()).json();
    assert_eq!(answer["decision"], "explicit-deny", "{answer:#}");
}
