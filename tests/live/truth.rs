//! Calls that are really made against MiniStack, and what the program says of the same caller,
//! action and resource.

use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::emulator::{Emulator, ROOT, helper};
use crate::program::{Program, Ran};
use crate::test;

/// The options that ask about a scenario, with the emulator's root as the reader.
pub(crate) fn options(ran: &Value) -> Vec<String> {
    let scenario = &ran["scenario"];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut options = vec!["--live".to_owned(), "--caller".to_owned(), text(&ran["caller"])];
    let action = text(&scenario["request"]["action"]);
    if action == "sts:AssumeRole" {
        options.extend(["--role".to_owned(), text(&ran["resource"])]);
    } else {
        options.extend(["--action".to_owned(), action]);
        options.extend(["--resource".to_owned(), text(&ran["resource"])]);
    }
    // What no API shows, and the test knows.
    options.extend(["--context", "aws:SourceVpce="].map(str::to_owned));
    if ran["session"].is_null() {
        options.extend(["--session-policy", "none"].map(str::to_owned));
    }
    if !scenario["options"].is_null() {
        options.extend(scenario["options"].as_array().unwrap().iter().map(text));
    }
    options
}

/// The scenarios, with what happened.
pub(crate) fn scenarios(ministack: &Emulator) -> Vec<Value> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/live/scenarios.yaml");
    let ran = helper("actor.py", &[&ministack.url(), ROOT, file, "s"]);
    ran.as_array().unwrap().clone()
}

/// Runs the question of a scenario.
pub(crate) fn ask(ministack: &Emulator, ran: &Value, more: &[&str]) -> Ran {
    run(ministack, ran, options(ran), more)
}

fn run(ministack: &Emulator, ran: &Value, mut options: Vec<String>, more: &[&str]) -> Ran {
    let mut program = Program::with_keys(&ministack.url(), ROOT, "test", None);
    // The other account's side is read with its own credentials.
    program.config(
        "[profile other]\naws_access_key_id = 444455556666\naws_secret_access_key = test\n",
    );
    let resource = ran["resource"].as_str().unwrap();
    if resource.contains("444455556666") {
        options.extend(["--role-profile", "other"].map(str::to_owned));
    }
    if let Some(session) = ran["session"].as_str() {
        program.file("session.json", session);
        options.extend(["--session-policy", "session.json"].map(str::to_owned));
    }
    let mut all: Vec<&str> = options.iter().map(String::as_str).collect();
    all.extend(more);
    program.run(&all)
}

pub(crate) fn tests(ministack: &Arc<Emulator>, ran: &[Value]) -> Vec<Trial> {
    let count = ran.len();
    let mut tests = vec![test("truth: there are eighty scenarios", move || assert!(count >= 80))];
    for one in ran.iter().cloned() {
        let ministack = Arc::clone(ministack);
        let name = format!("truth: {}", one["scenario"]["name"].as_str().unwrap());
        tests.push(test(name, move || check(&ministack, &one)));
    }
    tests
}

fn check(ministack: &Emulator, ran: &Value) {
    let scenario = &ran["scenario"];
    assert!(ran["broken"].is_null(), "{}", ran["broken"]);
    let verdict = scenario["verdict"].as_str().unwrap();
    let emulated = scenario["emulator"].as_str().unwrap_or(verdict);
    assert_eq!(ran["allowed"].as_bool().unwrap(), emulated == "allowed", "{}", ran["error"]);
    assert!(emulated == verdict || scenario["see"].is_string(), "say where AWS documents it");
    let said = ask(ministack, ran, &["--format", "json"]);
    let answer = said.json();
    let decision = answer["decision"].as_str().unwrap();
    let expected = if verdict == "allowed" { "allowed" } else { "deny" };
    assert!(
        decision.ends_with(expected),
        "{decision}, where AWS has {verdict}\n{}\n{}",
        ask(ministack, ran, &[]).stdout,
        said.stderr
    );
    // The error text, fed back, comes to the same.
    let Some(error) = ran["error"].as_str().filter(|_| emulated == verdict) else { return };
    let resource = ran["resource"].as_str().unwrap();
    let mut options: Vec<String> =
        [error, "--live", "--resource", resource].map(str::to_owned).to_vec();
    let of_request = self::options(ran);
    let at = of_request.iter().position(|option| option == "--context").unwrap();
    options.extend(of_request[at..].iter().cloned());
    let again = run(ministack, ran, options, &["--format", "json"]);
    let cause = |answer: &Value| answer["findings"][0]["rule"].clone();
    let told = again.json();
    assert_eq!(told["decision"], answer["decision"], "{error}\n{}", again.stderr);
    assert_eq!(cause(&told), cause(&answer), "{error}");
}
