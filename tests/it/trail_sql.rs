//! `why-denied trail --sql`: what its queries return gives the same groups as the logs themselves.
//!
//! The queries run on DuckDB, in an environment of Python that `.ci/run` makes; without one these tests
//! say so and end.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::scale::generator;
use crate::support::{root, run};

#[path = "../../benches/trail/events.rs"]
mod trail_events;

/// The Python that has DuckDB and sqlglot.
fn python() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("WHY_DENIED_SQL_PYTHON") {
        let path = PathBuf::from(named);
        assert!(
            path.exists(),
            "WHY_DENIED_SQL_PYTHON names {}, which is not there",
            path.display()
        );
        return Some(path);
    }
    let path = root().join("target/trail-sql/bin/python");
    if !path.exists() {
        let _ = writeln!(io::stderr(), "left out: no {}; .ci/run makes it", path.display());
        return None;
    }
    Some(path)
}

/// What a report says, without what tells of files.
fn said(report: &Value) -> Vec<Value> {
    let groups = report["groups"].as_array().unwrap().iter();
    groups
        .map(|group| {
            json!([
                group["count"],
                group["first"],
                group["last"],
                group["principal"],
                group["action"],
                group["resource"],
                group["reason"],
                group["last_call"],
            ])
        })
        .collect()
}

/// The report on a path, with filters.
fn report(path: &Path, filters: &[&str]) -> Value {
    let mut options = vec!["trail", path.to_str().unwrap(), "--format", "json"];
    options.extend(filters);
    run(&options).json()
}

fn same(dialect: &str, ends: &str, filters: &[&str]) {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    static LOGS: OnceLock<tempfile::TempDir> = OnceLock::new();
    let logs = LOGS.get_or_init(|| {
        let logs = tempfile::tempdir().unwrap();
        trail_events::write(logs.path(), 2_500).unwrap();
        logs
    });
    let logs = logs.path().join("AWSLogs");
    let mut options = vec!["trail", "--sql", dialect];
    match dialect {
        "duckdb" => options.push(logs.to_str().unwrap()),
        "lake" => options.extend(["--table", "event_data_store"]),
        _ => {}
    }
    options.extend(filters);
    let query = folder.path().join("query.sql");
    fs::write(&query, run(&options).ends_with(0).stdout).unwrap();
    let result = folder.path().join(format!("result.{ends}"));
    let mut engine = Command::new(python);
    engine.arg(root().join("tests/trail-sql/run.py")).arg(dialect).arg(&query).arg(&result);
    engine.arg(logs.join("**/*.json.gz"));
    let output = engine.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (of_logs, of_result) = (report(&logs, filters), report(&result, filters));
    assert_eq!(said(&of_logs), said(&of_result), "{dialect} {filters:?}");
    assert!(of_logs["denials"].as_u64().unwrap() > 0, "{filters:?} leave nothing to compare");
    let (rows, denials) =
        (of_result["events"].as_u64().unwrap(), of_result["denials"].as_u64().unwrap());
    // Rows too many are those of which only the text names what is asked for.
    assert!(
        rows <= denials + denials / 4,
        "{dialect} {filters:?}: {rows} rows for {denials} denials"
    );
}

const FILTERS: &[&[&str]] = &[
    &[],
    &["--since", "2026-10-01T00:20:00Z", "--until", "2026-10-01T01:10:00Z"],
    &["--action", "lambda:InvokeFunction"],
    &["--action", "s3:*", "--principal", "arn:aws:iam::111122223333:role/role-*"],
];

#[test]
fn duckdb_gives_the_same_groups_as_the_logs() {
    for filters in FILTERS {
        same("duckdb", "csv", filters);
    }
    same("duckdb", "json", &[]);
}

#[test]
fn the_query_for_athena_is_athenas_and_gives_the_same_groups() {
    for filters in FILTERS {
        same("athena", "csv", filters);
    }
    same("athena", "json", FILTERS[1]);
}

#[test]
fn the_query_for_lake_is_lakes_and_gives_the_same_groups() {
    for filters in FILTERS {
        same("lake", "csv", filters);
    }
    same("lake", "json", FILTERS[1]);
}

#[test]
fn queries_are_pushed_down_and_quoted() {
    let filters = [
        "--since",
        "2026-10-01T09:00:00Z",
        "--until",
        "2026-10-02",
        "--principal",
        "o'brien",
        "--action",
        "s3:ListBucket",
    ];
    for (name, options) in [
        ("trail-sql-athena", &["--sql", "athena", "--table", "logs.trail"][..]),
        (
            "trail-sql-lake",
            &[
                "--sql",
                "lake",
                "--table",
                "arn:aws:cloudtrail:eu-west-1:111122223333:eventdatastore/11111111-2222-4333-8444-555555555555",
            ][..],
        ),
        ("trail-sql-duckdb", &["--sql", "duckdb", "s3://logs/AWSLogs"][..]),
    ] {
        let mut all = vec!["trail"];
        all.extend(options);
        all.extend(filters);
        insta::assert_snapshot!(name, run(&all).ends_with(0).stdout);
    }
    run(&["trail", "--sql", "lake"]).ends_with(2).complains("--table ID");
    run(&["trail", "--sql", "lake", "--table", "x; drop"]).ends_with(2).complains("no id");
    run(&["trail"]).ends_with(2);
}
