//! Files that cannot be read are named with their place, and hide nothing that could be read.

use crate::support::{ROLE, folder, richard, run, with};

/// The file below `fixtures/inputs/broken`, the place that is named, and the words for what is wrong.
const BROKEN: &[(&str, &str, &str)] = &[
    ("brackets.json", ":1:129", "nested more than 128"),
    ("comment.json", ":6:13", "JSON has no comments"),
    ("empty.json", ":1:1", "the file is empty"),
    ("missing-bracket.json", ":10:", "missing"),
    ("not-json.json", ":1:1", "expected"),
    ("single-quotes.json", ":6:23", "double"),
    ("trailing-comma.json", ":9:38", "comma after the"),
    ("truncated.json", ":11:25", "not closed"),
    ("unclosed-secret.json", ":6:9", "comma is missing"),
    ("utf-16.json", "", "UTF-16"),
];

#[test]
fn a_broken_file_is_named_with_its_place_and_the_others_still_count() {
    for (file, place, words) in BROKEN {
        let path = format!("fixtures/inputs/broken/{file}");
        let ran = run(&with(richard("01-no-grant"), &["--facts", &path]));
        let ran = ran.ends_with(2).says("DENIED").says("identity-no-allow");
        let ran = ran.complains(&format!("{path}{place}")).complains(words);
        assert!(ran.stderr.contains("help:"), "{file} has no remedy:\n{}", ran.stderr);
    }
}

#[test]
fn every_broken_file_is_named_when_a_folder_holds_several() {
    let options = with(richard("01-no-grant"), &["--facts", "fixtures/inputs/broken"]);
    let ran = run(&options).ends_with(2).says("DENIED");
    for (file, place, _) in BROKEN {
        assert!(ran.stderr.contains(&format!("{file}{place}")), "{file}:\n{}", ran.stderr);
    }
}

#[test]
fn a_broken_policy_file_of_a_layer_is_no_empty_layer() {
    let options = with(richard("01-no-grant"), &["--scp", "fixtures/inputs/broken/comment.json"]);
    let ran = run(&options).ends_with(2).complains("comment.json:6:13");
    assert_eq!(ran.stdout, "");
}

#[test]
fn a_byte_order_mark_line_ends_of_windows_and_tabs_are_no_trouble() {
    for file in ["bom", "crlf", "tabs"] {
        let policy = format!("fixtures/inputs/odd/{file}.json");
        let mut options = vec!["--caller", "arn:aws:iam::111122223333:user/ana", "--action"];
        options.extend(["s3:DeleteObject", "--resource", "arn:aws:s3:::reports/a"]);
        options.extend(["--resource-policy", "none", "--identity-policy", &policy]);
        options.extend(["--context", "aws:ResourceAccount=111122223333"]);
        let ran = run(&options).ends_with(1).says("identity-no-allow");
        assert_eq!(ran.stderr, "", "{file}");
    }
}

#[test]
fn a_key_that_stands_twice_is_reported_and_grants_nothing() {
    let policy = "fixtures/inputs/broken/duplicate-keys.json";
    let mut options = vec!["--caller", "arn:aws:iam::111122223333:user/ana", "--action"];
    options.extend(["s3:GetObject", "--resource", "arn:aws:s3:::reports/a"]);
    options.extend(["--resource-policy", "none", "--identity-policy", policy]);
    options.extend(["--scp", "none", "--rcp", "none", "--endpoint-policy", "none"]);
    options.extend(["--context", "aws:ResourceAccount=111122223333", "--boundary", "none"]);
    let ran = run(&options);
    assert_ne!(ran.status, 0, "it is not called allowed:\n{}", ran.stdout);
    let all = format!("{}{}", ran.stdout, ran.stderr);
    assert!(all.contains("duplicate-keys.json:7:13"), "the second key is shown:\n{all}");
}

#[test]
fn an_empty_folder_proves_nothing() {
    let folder = folder(&[]);
    let facts = folder.path().to_str().unwrap();
    let caller = "arn:aws:iam::444455556666:user/Richard";
    let ran = run(&["--role", ROLE, "--caller", caller, "--facts", facts]);
    ran.ends_with(3).says("the facts hold nothing about user `Richard`");
}

#[test]
fn a_path_that_does_not_exist_is_named() {
    let options = with(richard("01-no-grant"), &["--facts", "no/such/export.json"]);
    run(&options).ends_with(2).says("DENIED").complains("no/such/export.json");
    let options = with(richard("01-no-grant"), &["--trust-policy", "no/such/trust.json"]);
    run(&options).ends_with(2).complains("no/such/trust.json");
    run(&["--case", "no/such/case.yaml"]).ends_with(2).complains("no/such/case.yaml");
    run(&["test", "no/such/cases"]).ends_with(2).complains("no/such/cases");
}

#[test]
fn an_unrelated_file_is_an_error_if_named_and_passed_over_in_a_folder() {
    let file = "fixtures/inputs/unrelated/package.json";
    run(&with(richard("01-no-grant"), &["--facts", file]))
        .ends_with(2)
        .says("DENIED")
        .complains(file)
        .complains("get-account-authorization-details");
    run(&with(richard("01-no-grant"), &["--facts", "fixtures/inputs/unrelated"])).ends_with(1);
}

#[test]
fn no_secret_is_ever_printed() {
    let secrets = ["EXAMPLE-SECRET", "EXAMPLE-SESSION", "EXAMPLE-TOKEN"];
    let paths = [
        "fixtures/inputs/broken/unclosed-secret.json",
        "fixtures/inputs/assume-role",
        "fixtures/inputs/get-session-token",
        "examples/contractor/09-expired-session",
    ];
    for path in paths {
        for format in ["human", "json"] {
            for more in [&["--verbose"][..], &["--redact"], &[]] {
                let mut options = with(richard("09-expired-session"), more);
                options.extend(["--format", format, "--facts", path].map(str::to_owned));
                let ran = run(&options);
                let all = format!("{}{}", ran.stdout, ran.stderr);
                for secret in secrets {
                    assert!(!all.contains(secret), "{path} --format {format}:\n{all}");
                }
            }
        }
    }
}

/// All that is printed about the output of a command with one broken line of a secret.
fn about_broken_secret(line: &str) -> String {
    let output = format!(
        "{{\n  \"Credentials\": {{\n    \"AccessKeyId\": \"ASIAIOSFODNN7EXAMPLE\",\n    {line}\n    \"Expiration\": \"2026-03-02T18:04:12+00:00\"\n  }}\n}}\n"
    );
    let folder = folder(&[("assume-role.json", &output)]);
    let facts = folder.path().to_str().unwrap();
    let ran = run(&with(richard("01-no-grant"), &["--facts", facts, "--verbose"]));
    format!("{}{}", ran.stdout, ran.stderr)
}

#[test]
fn a_secret_beside_a_syntax_error_is_not_shown() {
    let lines = [
        r#""SecretAccessKey": "s3cr3tKeyExample""#,
        r#""SecretAccessKey": 's3cr3tKeyExample',"#,
        r#""SecretAccessKey": s3cr3tKeyExample,"#,
        r#"'SecretAccessKey': "s3cr3tKeyExample","#,
        r#"SecretAccessKey: "s3cr3tKeyExample","#,
        r#""SessionToken": "s3cr3tKeyExample,"#,
        r#""SessionToken": "s3cr3tKeyExample" // a note"#,
    ];
    for line in lines {
        let all = about_broken_secret(line);
        assert!(!all.contains("s3cr3tKeyExample"), "{line}\n{all}");
    }
}

#[test]
fn a_secret_after_a_missing_colon_or_in_another_spelling_is_not_shown() {
    // As the SDK for JavaScript prints them.
    for line in [r#""sessionToken": "s3cr3tKeyExample" //"#, "secretAccessKey: 's3cr3tKeyExample',"]
    {
        let all = about_broken_secret(line);
        assert!(!all.contains("s3cr3tKeyExample"), "{line}\n{all}");
    }
    for between in ["", " ", " = ", ", ", ": ["] {
        let line = format!(r#""SecretAccessKey"{between}"s3cr3tKeyExample","#);
        let all = about_broken_secret(&line);
        assert!(!all.contains("s3cr3tKeyExample"), "{line}\n{all}");
    }
}
