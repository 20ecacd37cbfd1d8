//! What is collected answers offline as AWS's answers did: byte for byte but for where a fact is from.

use std::sync::Arc;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::emulator::{Emulator, ROOT};
use crate::program::Program;
use crate::test;
use crate::truth::{self, Scenario, TIME};

pub(crate) fn tests(ministack: &Arc<Emulator>, scenarios: &[Arc<Scenario>]) -> Vec<Trial> {
    let each = scenarios.iter().enumerate();
    each.map(|(place, one)| {
        let (ministack, one) = (Arc::clone(ministack), Arc::clone(one));
        test(format!("equality: {}", one.name()), move || check(&ministack, &one, place))
    })
    .collect()
}

/// An answer without the places where its facts are from.
fn without_origins(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if name == "file" && !value.is_null() {
                    *value = Value::from("somewhere");
                }
                without_origins(value);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(without_origins),
        _ => {}
    }
}

/// An answer without the places in the request, which is made of options in one and stands in a file in
/// the other.
fn without_request(value: &mut Value) {
    match value {
        Value::Object(members) => {
            let file = members.get("file");
            if file.is_some_and(|file| file.is_null() || file == "there/case.yaml") {
                let text =
                    members["text"].as_str().unwrap_or_default().trim_matches('"').to_owned();
                members.retain(|name, _| name == "label");
                members.insert("text".to_owned(), Value::from(text));
            }
            members.values_mut().for_each(without_request);
        }
        Value::Array(items) => items.iter_mut().for_each(without_request),
        _ => {}
    }
}

fn check(ministack: &Emulator, one: &Scenario, place: usize) {
    let ran = &one.ran;
    assert!(ran["broken"].is_null(), "{}", ran["broken"]);
    let mut live = one.answer(ministack).clone();
    let mut program = Program::with_keys(&ministack.url(), ROOT, "test", None);
    program.config(
        "[profile other]\naws_access_key_id = 444455556666\naws_secret_access_key = test\n",
    );
    let scenario = &ran["scenario"];
    let (caller, resource) = (ran["caller"].as_str().unwrap(), ran["resource"].as_str().unwrap());
    let action = scenario["request"]["action"].as_str().unwrap();
    let mut collect = vec!["collect", "there", "--caller", caller];
    if action == "sts:AssumeRole" {
        collect.extend(["--role", resource]);
    } else {
        collect.extend(["--action", action, "--resource", resource]);
    }
    if resource.contains("444455556666") {
        collect.extend(["--role-profile", "other"]);
    }
    program.run(&collect).ends_with(0);
    let mut options = truth::options(ran);
    options.retain(|option| option != "--live");
    if let Some(session) = ran["session"].as_str() {
        program.file("session.json", session);
        options.extend(["--session-policy", "session.json"].map(str::to_owned));
    }
    let mut all: Vec<&str> = options.iter().map(String::as_str).collect();
    all.extend(["--facts", "there", "--offline", "--format", "json", TIME[0], TIME[1]]);
    // Whatever it would ask, nobody is there.
    program.set("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    let mut offline = program.run(&all).json();
    without_origins(&mut live);
    without_origins(&mut offline);
    let text = |value: &Value| serde_json::to_string_pretty(value).unwrap();
    assert_eq!(text(&live), text(&offline));
    // The case file that is written beside the facts is one.
    let case = program.run(&["--case", "there/case.yaml", "--format", "json"]);
    assert_ne!(case.status, 2, "{}", case.stderr);
    if !place.is_multiple_of(10) {
        return;
    }
    // And it asks what was asked, at that moment.
    let written = std::fs::read_to_string(program.home.path().join("there/case.yaml")).unwrap();
    let time = written.split("time: \"").nth(1).unwrap().split('"').next().unwrap();
    program.set("AWS_ENDPOINT_URL", &ministack.url());
    let mut question = collect;
    question.splice(..2, ["--live", "--time", time, "--format", "json"]);
    let mut live = program.run(&question).json();
    let mut case = case.json();
    for answer in [&mut live, &mut case] {
        // Of parameters the case says nothing, and options leave open whether there are more.
        answer["gates"].as_array_mut().unwrap().retain(|gate| gate["gate"] != "parameters");
        without_request(answer);
        without_origins(answer);
    }
    assert_eq!(text(&live), text(&case));
}
