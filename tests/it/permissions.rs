//! What can be called in AWS, and what the documents and the program say of it.

use std::collections::BTreeSet;

use why_denied::collect::operations::{OPERATIONS, Side};

use crate::support::{read, run};

#[test]
fn the_page_lists_what_the_program_can_call_and_nothing_else() {
    let page = read("docs/permissions.md");
    for side in Side::ALL {
        let start = page.find(&format!("`why-denied permissions {}`", side.name())).unwrap();
        let part = page[start..].split("\n## ").next().unwrap();
        let listed: BTreeSet<String> =
            part.lines().filter(|line| line.starts_with("| `")).map(str::to_owned).collect();
        let known: BTreeSet<String> = OPERATIONS
            .iter()
            .filter(|row| row.sides.contains(&side))
            .map(|row| {
                let permission = row.permission.map_or("none".to_owned(), |one| format!("`{one}`"));
                format!("| `{}` | {permission} | {} |", row.name, row.why)
            })
            .collect();
        assert_eq!(listed, known, "{}", side.name());
    }
}

#[test]
fn a_policy_is_printed_for_each_side() {
    for side in Side::ALL {
        let ran = run(&["permissions", side.name(), "--account", "111122223333"]).ends_with(0);
        let policy = ran.json();
        assert_eq!(policy["Version"], "2012-10-17");
        let writes = ran.stdout.contains("sts:AssumeRole");
        assert_eq!(writes, side == Side::Probe, "{}", ran.stdout);
    }
    let all = run(&["permissions", "--format", "json"]).ends_with(0).json();
    assert_eq!(all["sides"].as_array().unwrap().len(), Side::ALL.len());
    run(&["permissions"]).ends_with(0).says("iam:GetOpenIDConnectProvider");
    run(&["permissions", "--account", "1"]).ends_with(2).complains("twelve digits");
}
