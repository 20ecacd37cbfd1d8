//! One realistic output of every command whose output is a fact.

use std::collections::BTreeSet;

use why_denied::collect::iac::PROVES;
use why_denied::collect::shapes::SHAPES;
use why_denied::collect::{Collected, read_paths};
use why_denied::text::SourceMap;

use crate::support::{files, richard, root, run, with};

/// The folder below `fixtures/inputs` is the command; some commands share a shape.
fn shape_of(command: &str) -> &'static str {
    let shared = match command {
        "list-attached-role-policies"
        | "list-attached-user-policies"
        | "list-attached-group-policies" => {
            "list-attached-role-policies, -user-policies, -group-policies"
        }
        "list-role-policies" | "list-user-policies" | "list-group-policies" => {
            "list-role-policies, -user-policies, -group-policies"
        }
        "list-role-tags" | "list-user-tags" => "list-role-tags, -user-tags",
        "lambda-get-policy" => "lambda get-policy",
        other => other,
    };
    let mut ids = SHAPES.iter().map(|shape| shape.id).chain(PROVES.map(|(id, _)| id));
    ids.find(|id| *id == shared).unwrap_or_else(|| panic!("no shape is called {shared}"))
}

fn collect(path: &str) -> Collected {
    read_paths(&mut SourceMap::default(), &[root().join(path)])
}

#[test]
fn every_sample_is_recognised_by_its_shape() {
    let mut seen = BTreeSet::new();
    for path in files("fixtures/inputs") {
        let command = path.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
        let in_store = path.iter().any(|part| part == "iam-collect");
        if in_store || ["broken", "odd", "unrelated"].contains(&command.as_str()) {
            continue;
        }
        let collected = read_paths(&mut SourceMap::default(), std::slice::from_ref(&path));
        assert!(collected.errors.is_empty(), "{}: {:?}", path.display(), collected.errors);
        let found: Vec<_> = collected.recognised.iter().map(|entry| entry.shape).collect();
        assert_eq!(found, [shape_of(&command)], "{}", path.display());
        seen.insert(shape_of(&command));
    }
    let ids = SHAPES.iter().map(|shape| shape.id).chain(PROVES.map(|(id, _)| id));
    let missing: Vec<_> = ids.filter(|id| !seen.contains(id)).collect();
    assert_eq!(missing, ["case-file"], "every shape has a sample; the cases are samples of theirs");
}

#[test]
fn a_store_of_iam_collect_is_read_whole() {
    let store = "fixtures/inputs/iam-collect";
    let collected = collect(store);
    assert!(collected.errors.is_empty() && collected.skipped.is_empty());
    assert!(collected.notes.is_empty(), "{:?}", collected.notes);
    let role = "arn:aws:iam::111122223333:role/app/Deploy";
    let ana = "arn:aws:iam::444455556666:user/ana";
    let options = ["--role", role, "--caller", ana, "--facts", store, "--format", "json"];
    let answer = run(&options).ends_with(1).json();
    assert_eq!(answer["decision"], "explicit-deny");
    let place = &answer["findings"][0]["primary"];
    assert!(place["file"].as_str().unwrap().ends_with("scps/p-examplescp1/policy.json"), "{place}");
    let gate = |id: &str| {
        let gates = answer["gates"].as_array().unwrap();
        gates.iter().find(|gate| gate["gate"] == id).unwrap()["outcome"].clone()
    };
    for id in
        ["identity-policies", "trust-policy", "permissions-boundary", "service-control-policies"]
    {
        assert_eq!(gate(id), "passed", "{id}");
    }
    // What the store does not show of an account it holds is not there.
    let other =
        ["--role", "arn:aws:iam::111122223333:role/deploy", "--caller", ana, "--facts", store];
    run(&other).ends_with(1).says("error[role-missing]");
}

#[test]
fn the_name_of_a_file_says_nothing() {
    let folder = crate::support::folder(&[(
        "get-user.json",
        &crate::support::read("fixtures/inputs/get-role/deploy.json"),
    )]);
    let collected = read_paths(&mut SourceMap::default(), &[folder.path().to_owned()]);
    assert_eq!(collected.recognised[0].shape, "get-role");
}

#[test]
fn case_files_in_a_folder_are_no_facts() {
    let collected = collect("fixtures/cases/contractor");
    assert!(collected.errors.is_empty() && collected.recognised.is_empty());
    assert!(collected.skipped.iter().all(|skipped| skipped.why.contains("case file")));
}

#[test]
fn an_export_proves_that_what_it_leaves_out_is_empty() {
    let ana = "arn:aws:iam::111122223333:user/ana";
    let ask = |facts: &[&str]| {
        let mut options = vec!["--caller", ana, "--action", "s3:DeleteObject"];
        options.extend(["--resource", "arn:aws:s3:::reports/a", "--resource-policy", "none"]);
        options.extend(["--context", "aws:ResourceAccount=111122223333"]);
        for path in facts {
            options.extend(["--facts", path]);
        }
        run(&options)
    };
    let folder = "fixtures/inputs/get-account-authorization-details";
    let whole = format!("{folder}/whole.json");
    let pages = [format!("{folder}/page-1.json"), format!("{folder}/page-2.json")];
    ask(&[&whole]).ends_with(1);
    ask(&[&pages[0], &pages[1]]).ends_with(1);
    // The entry of one user says nothing of its policies.
    ask(&["fixtures/inputs/get-user/ana.json"])
        .ends_with(3)
        .says("aws iam list-attached-user-policies --user-name ana");
}

#[test]
fn a_trust_policy_as_the_api_encodes_it_is_shown_where_it_stands() {
    let mut options = vec!["--role", "arn:aws:iam::111122223333:role/service/deploy"];
    options.extend(["--caller", "arn:aws:sts::777788889999:assumed-role/ci/build-77"]);
    options.extend(["--facts", "fixtures/inputs/get-role/url-encoded.json", "--format", "json"]);
    let json = run(&options).ends_with(1).json();
    let finding = json["findings"].as_array().unwrap();
    let place = finding.iter().find(|finding| finding["rule"] == "trust-principal-mismatch");
    let place = &place.unwrap()["primary"];
    let (start, end) = (place["start"].as_u64().unwrap(), place["end"].as_u64().unwrap());
    let text = crate::support::read("fixtures/inputs/get-role/url-encoded.json");
    let bytes = &text.as_bytes()[usize::try_from(start).unwrap()..usize::try_from(end).unwrap()];
    assert_eq!(place["text"], std::str::from_utf8(bytes).unwrap());
    assert!(place["text"].as_str().unwrap().contains("444455556666"), "{place}");
}

#[test]
fn files_of_several_accounts_lie_side_by_side() {
    let samples = ["--facts", "fixtures/inputs/get-account-authorization-details/whole.json"];
    run(&with(richard("01-no-grant"), &samples)).ends_with(1).says("identity-no-allow");
}
