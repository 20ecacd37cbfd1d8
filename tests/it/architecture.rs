//! Modules use those to their left, and only few places look at the world outside.

use std::path::Path;

use crate::support::{files, read, root};

/// The packages of the project: what is in the first does no input and output.
const PACKAGES: [&str; 2] = ["core/src", "src"];

/// From left to right; modules that stand together are one step.
const ORDER: &[&[&str]] = &[
    &["text"],
    &["doc"],
    &["policy"],
    &["reference"],
    &["token", "message"],
    &["request", "layers"],
    &["eval"],
    &["finding"],
    &["rules"],
    &["diagnose"],
    &["check", "evidence", "trail"],
    &["report", "snapshot"],
    &["collect"],
    &["access"],
    &["conformance"],
    &["cli"],
];

fn step(module: &str) -> Option<usize> {
    ORDER.iter().position(|modules| modules.contains(&module))
}

/// A source file: its module, its path, and its text without comments and tests.
struct Source {
    module: String,
    path: String,
    text: String,
}

fn sources() -> Vec<Source> {
    PACKAGES.into_iter().flat_map(sources_of).collect()
}

fn sources_of(package: &'static str) -> impl Iterator<Item = Source> {
    let all = files(package).into_iter();
    let all = all.filter(|path| path.extension().is_some_and(|ext| ext == "rs"));
    all.filter_map(move |path| {
        let path = path.strip_prefix(root().join(package)).unwrap().to_owned();
        let text = read(Path::new(package).join(&path));
        let name = path.file_stem().unwrap().to_str().unwrap();
        let first = path.components().next().unwrap().as_os_str().to_str().unwrap();
        let module = first.trim_end_matches(".rs").to_owned();
        let is_test = name == "tests" || path.components().any(|part| part.as_os_str() == "tests");
        if is_test || module == "lib" || module == "main" {
            return None;
        }
        Some(Source { module, path: path.display().to_string(), text: code(&text) })
    })
}

/// The modules that a package declares.
fn declared(package: &str) -> Vec<String> {
    let text = read(Path::new(package).join("lib.rs"));
    let lines = text.lines();
    lines
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';').map(str::to_owned))
        .collect()
}

/// A file without its comments, and without the test module that ends it.
fn code(text: &str) -> String {
    let before_tests = text.split("#[cfg(test)]\nmod ").next().unwrap();
    let lines = before_tests.lines().map(|line| line.split("//").next().unwrap());
    lines.collect::<Vec<_>>().join("\n")
}

/// The modules of the crate that a text names after `crate::`, also in a nested `use`.
fn used(text: &str) -> Vec<String> {
    let mut modules = Vec::new();
    for rest in text.split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            Some(list) => {
                let mut depth = 0_usize;
                let mut item = String::new();
                for letter in list.chars() {
                    match letter {
                        '}' if depth == 0 => break,
                        '{' => depth += 1,
                        '}' => depth -= 1,
                        ',' if depth == 0 => modules.push(std::mem::take(&mut item)),
                        _ if depth == 0 => item.push(letter),
                        _ => {}
                    }
                }
                modules.push(item);
            }
            None => modules.push(rest.to_owned()),
        }
    }
    let name = |text: &String| {
        let is_name = |letter: &char| letter.is_alphanumeric() || *letter == '_';
        text.trim().chars().take_while(is_name).collect::<String>()
    };
    modules.iter().map(name).filter(|name| !name.is_empty()).collect()
}

#[test]
fn every_module_has_its_place_in_the_order() {
    let modules: Vec<_> = PACKAGES.into_iter().flat_map(declared).collect();
    for module in &modules {
        assert!(step(module).is_some(), "add `{module}` to the order");
    }
    let named = ORDER.iter().map(|modules| modules.len()).sum::<usize>();
    assert_eq!(named, modules.len(), "the order names a module that is gone");
}

#[test]
fn the_core_is_what_stands_leftmost_and_is_found_in_the_program_as_well() {
    let [core, rest] = PACKAGES.map(declared);
    let last = core.iter().filter_map(|module| step(module)).max().unwrap();
    assert!(rest.iter().all(|module| step(module).unwrap() > last), "the core is one whole");
    let again = used(&read("src/lib.rs").replace("why_denied_core::", "crate::"));
    assert_eq!(again, core);
}

#[test]
fn no_module_uses_one_to_its_right() {
    let mut wrong = Vec::new();
    for source in sources() {
        let own = step(&source.module);
        for other in used(&source.text) {
            if step(&other).is_some_and(|other| own.is_none_or(|own| other > own)) {
                wrong.push(format!("{} uses {other}", source.path));
            }
        }
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Where the world outside is looked at: the command line, the reader of files, and what asks AWS.
fn is_outside(source: &Source) -> bool {
    source.module == "cli"
        || source.path == "collect/files.rs"
        || source.path.starts_with("collect/aws/")
}

#[test]
fn files_environment_and_clock_are_read_in_few_places() {
    let outside = ["std::fs", "std::env", "SystemTime", "Timestamp::now", "Instant::now"];
    let mut wrong = Vec::new();
    for source in sources() {
        if is_outside(&source) {
            continue;
        }
        let found = outside.iter().filter(|call| source.text.contains(**call));
        wrong.extend(found.map(|call| format!("{} uses {call}", source.path)));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_reader_of_this_test_sees_nested_uses() {
    let text = "use crate::{doc::{Kind, Node}, text::Span};\nlet x = crate::eval::match_one();";
    assert_eq!(used(text), ["doc", "text", "eval"]);
}
