//! Error texts under `fixtures/messages`: what is read from each stands beside it as JSON.
//!
//! `UPDATE=1` writes the JSON anew: read its difference.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::{Arguments, Failed, Trial};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value};
use why_denied::message::{self, Denial};
use why_denied::text::SourceMap;

fn main() {
    let arguments = Arguments::from_args();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths: Vec<PathBuf> = fs::read_dir(root.join("fixtures/messages"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    paths.sort();
    assert!(paths.len() > 30, "the texts are gone");
    let texts: Vec<String> = paths.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let trials = paths.into_iter().map(|path| {
        let name = path.strip_prefix(root).unwrap().display().to_string();
        Trial::test(name, move || check(&path))
    });
    let cut = Trial::test("a text that is cut anywhere tells nothing that it does not say", || {
        cut(texts)
    });
    libtest_mimic::run(&arguments, trials.chain([cut]).collect()).exit();
}

/// A text that ends, or begins, in the middle of anything is read without a panic, and each field stands in
/// it letter by letter, where its place says, but for those that only follow from what stands there.
fn cut(texts: Vec<String>) -> Result<(), Failed> {
    let config = ProptestConfig { failure_persistence: None, cases: 2_000, ..Default::default() };
    let given = (select(texts), any::<Index>(), any::<bool>());
    let read = |(text, at, keeps_end): (String, Index, bool)| {
        let at = text.char_indices().nth(at.index(text.chars().count())).unwrap().0;
        let (head, tail) = text.split_at(at);
        let text = if keeps_end { tail } else { head };
        let mut sources = SourceMap::default();
        let source = sources.add_given("message", text.to_owned());
        for denial in message::read(&sources, source) {
            for (name, value, span) in denial.fields() {
                let place = sources.slice(span);
                let follows = matches!(name, "denial_kind" | "policy_type" | "service");
                prop_assert!(follows || stands_in(value, place), "{name} {value:?} in {place:?}");
            }
        }
        Ok(())
    };
    TestRunner::new(config).run(&given, read).map_err(|error| error.to_string().into())
}

/// Whether the letters and digits of a value stand in a text in the same order.
fn stands_in(value: &str, text: &str) -> bool {
    let mut letters = text.chars().flat_map(char::to_lowercase);
    value
        .chars()
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .all(|wanted| letters.any(|letter| letter == wanted))
}

fn check(path: &Path) -> Result<(), Failed> {
    let text = fs::read_to_string(path)?;
    let mut sources = SourceMap::default();
    let source = sources.add_given("message", text.clone());
    let denials = message::read(&sources, source);
    let found: Vec<Value> = denials.iter().map(|denial| described(denial, &sources)).collect();
    let expected = path.with_extension("json");
    let printed = serde_json::to_string_pretty(&Value::Array(found.clone()))? + "\n";
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&expected, &printed)?;
    }
    let wanted: Vec<Value> = serde_json::from_str(&fs::read_to_string(&expected)?)?;
    if wanted != found {
        return Err(format!("{printed}\ninstead of what {} says", expected.display()).into());
    }
    // Without its secrets the text reads the same.
    let masked = message::without_secrets(&text);
    let mut sources = SourceMap::default();
    let source = sources.add_given("message", masked);
    let again: Vec<Value> =
        message::read(&sources, source).iter().map(|denial| described(denial, &sources)).collect();
    if again != found {
        return Err("masking its secrets changes what is read".into());
    }
    Ok(())
}

/// What the text says, each value with the bytes that it was read from where they differ.
fn described(denial: &Denial, sources: &SourceMap) -> Value {
    let mut found = Map::new();
    found.insert("class".into(), denial.class.id().into());
    found.insert("form".into(), denial.form.into());
    if denial.count > 1 {
        found.insert("count".into(), denial.count.into());
    }
    for (name, value, span) in denial.fields() {
        let name = match name {
            "denial_kind" => "kind".to_owned(),
            "policy_type" => "layer".to_owned(),
            "error_code" => "code".to_owned(),
            name => name.replace('_', "-"),
        };
        let raw = sources.slice(span);
        found.insert(name.clone(), value.into());
        if raw != value {
            found.insert(format!("{name}-as-written"), raw.into());
        }
    }
    if let Some(span) = denial.encoded {
        found.insert("encoded-bytes".into(), (span.end - span.start).into());
    }
    Value::Object(found)
}
