//! Calls that are really made against MiniStack, and what the program says of the same caller,
//! action and resource.

use std::sync::{Arc, OnceLock};

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

/// The moment of every question, so that answers can be compared.
pub(crate) const TIME: [&str; 2] = ["--time", "2026-03-17T09:30:00Z"];

/// A call that was made, and what the program says of it.
pub(crate) struct Scenario {
    /// What happened.
    pub(crate) ran: Value,
    answer: OnceLock<Value>,
}

impl Scenario {
    pub(crate) fn name(&self) -> &str {
        self.ran["scenario"]["name"].as_str().unwrap()
    }

    /// The answer from AWS, asked for once.
    pub(crate) fn answer(&self, ministack: &Emulator) -> &Value {
        let ask = || run(ministack, &self.ran, options(&self.ran), &["--format", "json"]).json();
        self.answer.get_or_init(ask)
    }
}

/// The scenarios, with what happened.
pub(crate) fn scenarios(ministack: &Emulator) -> Vec<Arc<Scenario>> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/live/scenarios.yaml");
    let ran = helper("actor.py", &[&ministack.url(), ROOT, file, "s"]);
    let ran = ran.as_array().unwrap().iter().cloned();
    ran.map(|ran| Arc::new(Scenario { ran, answer: OnceLock::new() })).collect()
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
    all.extend(TIME);
    all.extend(more);
    program.run(&all)
}

pub(crate) fn tests(ministack: &Arc<Emulator>, scenarios: &[Arc<Scenario>]) -> Vec<Trial> {
    let count = scenarios.len();
    let mut tests = vec![test("truth: there are eighty scenarios", move || assert!(count >= 80))];
    for one in scenarios {
        let (ministack, one) = (Arc::clone(ministack), Arc::clone(one));
        tests.push(test(format!("truth: {}", one.name()), move || check(&ministack, &one)));
    }
    tests
}

fn check(ministack: &Emulator, one: &Scenario) {
    let ran = &one.ran;
    let scenario = &ran["scenario"];
    assert!(ran["broken"].is_null(), "{}", ran["broken"]);
    let verdict = scenario["verdict"].as_str().unwrap();
    let emulated = scenario["emulator"].as_str().unwrap_or(verdict);
    assert_eq!(ran["allowed"].as_bool().unwrap(), emulated == "allowed", "{}", ran["error"]);
    assert!(emulated == verdict || scenario["see"].is_string(), "say where AWS documents it");
    let answer = one.answer(ministack);
    let decision = answer["decision"].as_str().unwrap();
    let expected = if verdict == "allowed" { "allowed" } else { "deny" };
    if !decision.ends_with(expected) {
        let said = run(ministack, ran, options(ran), &[]);
        panic!("{decision}, where AWS has {verdict}\n{}\n{}", said.stdout, said.stderr);
    }
    // The error text, fed back, comes to the same.
    let Some(error) = ran["error"].as_str().filter(|_| emulated == verdict) else { return };
    let resource = ran["resource"].as_str().unwrap();
    let mut options: Vec<String> =
        [error, "--live", "--resource", resource].map(str::to_owned).to_vec();
    if !error.contains("User: arn:") {
        // The emulator leaves out whom it denies where there is no such role; AWS does not.
        options.extend(["--caller".to_owned(), ran["caller"].as_str().unwrap().to_owned()]);
    }
    let of_request = self::options(ran);
    let at = of_request.iter().position(|option| option == "--context").unwrap();
    options.extend(of_request[at..].iter().cloned());
    let again = run(ministack, ran, options, &["--format", "json"]);
    let cause = |answer: &Value| answer["findings"][0]["rule"].clone();
    let told = again.json();
    assert_eq!(told["decision"], answer["decision"], "{error}\n{}", again.stderr);
    assert_eq!(cause(&told), cause(answer), "{error}");
}
