//! `docs/causes.md`: every known cause of a failed assumption, with the rule that finds it and the
//! case that proves it, or the reason why nobody can see it from here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use serde_json::Value;
use why_denied::rules;

use crate::support::{files, read, root};

/// How many causes each group has.
const GROUPS: [(&str, &str, usize); 12] = [
    ("A", "The role's ARN", 12),
    ("B", "The caller and its credentials", 11),
    ("C", "The trust policy: principal, action, shape", 21),
    ("D", "The trust policy: conditions", 24),
    ("E", "The caller's policies", 11),
    ("F", "Organization and network", 10),
    ("G", "Tags and source identity", 13),
    ("H", "Parameters", 8),
    ("I", "AssumeRoleWithWebIdentity", 21),
    ("J", "AssumeRoleWithSAML", 13),
    ("K", "Roles that services use", 9),
    ("L", "Timing", 4),
];

/// A case of `fixtures/cases/causes`: where it stands, its title and the rules that it expects.
struct Proof {
    file: String,
    title: String,
    rules: Vec<String>,
}

/// The cases by the row that they prove: the name of a case is `A1: what it shows`.
fn proofs() -> BTreeMap<String, Vec<Proof>> {
    let mut found: BTreeMap<String, Vec<Proof>> = BTreeMap::new();
    for path in files("fixtures/cases/causes") {
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let file = path.file_name().unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        for case in text.split("\n---\n") {
            let line = |start: &str| case.lines().find_map(|line| line.strip_prefix(start));
            let name = line("name: ").unwrap_or_else(|| panic!("{file}: a case without a name"));
            let (row, title) = name.trim_matches('"').split_once(": ").unwrap();
            let expect =
                line("expect: ").unwrap_or_else(|| panic!("{file}: {row} expects nothing"));
            let (_, list) = expect.split_once("rules: [").unwrap();
            let (list, _) = list.split_once(']').unwrap();
            let rules = list.split(',').map(|rule| rule.trim().to_owned()).collect();
            let proof = Proof { file: file.clone(), title: title.to_owned(), rules };
            found.entry(row.to_owned()).or_default().push(proof);
        }
    }
    found
}

fn text<'v>(row: &'v Value, member: &str) -> Option<&'v str> {
    row.get(member).and_then(Value::as_str)
}

fn rule_link(rule: &str) -> String {
    assert!(rules::find(rule).is_some(), "there is no rule {rule}");
    format!("[`{rule}`](../rules/{rule}.md)")
}

/// One line of the table; every row has a rule and a case that expects it, or a reason.
fn line(row: &Value, proofs: &BTreeMap<String, Vec<Proof>>, used: &mut BTreeSet<String>) -> String {
    let id = text(row, "id").unwrap();
    let cause = text(row, "cause").unwrap();
    let Some(rules) = row.get("rules").and_then(Value::as_array) else {
        let reason =
            text(row, "unseen").unwrap_or_else(|| panic!("{id} has neither rule nor reason"));
        let says = text(row, "says").unwrap_or_else(|| panic!("{id}: what is said instead?"));
        assert!(!proofs.contains_key(id), "{id} has a case, so it can be seen");
        return format!("| {id} | {cause} | not visible: {reason} | {says} |\n");
    };
    let rules: Vec<_> = rules.iter().map(|rule| rule.as_str().unwrap()).collect();
    let cases = proofs.get(id).unwrap_or_else(|| panic!("{id} has no case"));
    used.insert(id.to_owned());
    for rule in &rules {
        let proves = |case: &Proof| case.rules.iter().any(|one| one == rule);
        assert!(cases.iter().any(proves), "{id}: no case expects {rule}");
    }
    let is_named = |case: &Proof| case.rules.iter().any(|rule| rules.contains(&rule.as_str()));
    assert!(cases.iter().all(is_named), "{id}: a case expects none of its rules");
    let shown: Vec<_> = cases
        .iter()
        .map(|case| format!("[{}](../fixtures/cases/causes/{})", case.title, case.file))
        .collect();
    let rules: Vec<_> = rules.into_iter().map(rule_link).collect();
    format!("| {id} | {cause} | {} | {} |\n", rules.join(", "), shown.join("; "))
}

#[test]
fn every_cause_has_a_rule_and_a_case_or_a_reason() {
    let data: Value = serde_json::from_str(&read("fixtures/causes.json")).unwrap();
    let rows = data["rows"].as_array().unwrap();
    let proofs = proofs();
    let mut used = BTreeSet::new();
    let mut page = read("docs/causes.md");
    let (head, _) =
        page.split_once("<!-- table -->").unwrap_or_else(|| panic!("no place for the table"));
    let mut current = format!("{head}<!-- table -->\n");
    for (group, title, count) in GROUPS {
        let in_group: Vec<_> =
            rows.iter().filter(|row| text(row, "id").unwrap().starts_with(group)).collect();
        let ids: Vec<_> = in_group.iter().map(|row| text(row, "id").unwrap().to_owned()).collect();
        let wanted: Vec<_> = (1..=count).map(|number| format!("{group}{number}")).collect();
        assert_eq!(ids, wanted, "the rows of group {group}");
        let _ = write!(
            current,
            "\n### {group}. {title}\n\n| | cause | rule | cases, or what is said instead |\n|---|---|---|---|\n"
        );
        for row in in_group {
            current.push_str(&line(row, &proofs, &mut used));
        }
    }
    let unknown: Vec<_> = proofs.keys().filter(|row| !used.contains(*row)).collect();
    assert!(unknown.is_empty(), "cases of no row: {unknown:?}");
    current.push_str("\n## Codes\n\nNames that collections of cases give to causes, and the rules that find them.\n\n| code | rules |\n|---|---|\n");
    for (code, rules) in data["codes"].as_object().unwrap() {
        let rules: Vec<_> = rules
            .as_array()
            .unwrap()
            .iter()
            .map(|rule| rule_link(rule.as_str().unwrap()))
            .collect();
        assert!(!rules.is_empty(), "{code}");
        let _ = writeln!(current, "| `{code}` | {} |", rules.join(", "));
    }
    if std::env::var_os("UPDATE").is_some() {
        fs::write(root().join("docs/causes.md"), &current).unwrap();
        page.clone_from(&current);
    }
    assert!(page == current, "run the tests with UPDATE=1 to rewrite docs/causes.md");
}
