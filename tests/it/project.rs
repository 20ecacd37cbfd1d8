//! The project's own documents agree with its code.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};
use why_denied::doc::{Kind, Node, Syntax, parse};
use why_denied::rules;
use why_denied::text::SourceMap;

use crate::support::{files, read, root, run};

fn ids() -> Vec<&'static str> {
    rules::all().map(|rule| rule.meta.id).collect()
}

#[test]
fn ids_of_rules_are_unique_and_kebab_case() {
    let mut seen = BTreeSet::new();
    for id in ids() {
        assert!(seen.insert(id), "{id} stands twice");
        let words = id.split('-');
        let is_word =
            |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
        assert!(words.clone().count() > 1 && words.clone().all(is_word), "{id}");
    }
}

#[test]
fn every_rule_has_a_page_and_every_page_a_rule() {
    let pages: BTreeSet<_> = files("rules")
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let registered: BTreeSet<_> = ids().into_iter().map(str::to_owned).collect();
    assert_eq!(pages, registered);
    for rule in rules::all() {
        assert_eq!(rule.meta.doc, read(format!("rules/{}.md", rule.meta.id)));
        assert!(rule.meta.doc.starts_with("# "), "{} has no title", rule.meta.id);
        assert!(rule.meta.doc.contains("https://docs.aws.amazon.com/"), "{}", rule.meta.id);
        assert!(!rule.meta.summary.ends_with('.'), "{}", rule.meta.id);
    }
}

#[test]
fn every_page_says_what_it_means_how_to_check_and_how_to_fix() {
    for rule in rules::all() {
        let (id, page) = (rule.meta.id, rule.meta.doc);
        for title in
            ["What it means", "How to check by hand", "How to fix", "Examples", "AWS documentation"]
        {
            assert!(page.contains(&format!("\n## {title}\n")), "{id} does not say: {title}");
        }
        let examples = ["```yaml case", "```yaml check", "```yaml repository"]
            .map(|fence| page.matches(fence).count());
        assert!(examples.iter().sum::<usize>() >= 2, "{id} needs a bad and a good example");
        let check = page.split("## How to check by hand").nth(1).unwrap();
        let check = check.split("\n## ").next().unwrap();
        assert!(check.contains("\naws "), "{id} shows no command of the AWS CLI");
    }
}

fn hold_readme(from: &str, to: &str, current: &str) {
    hold("README.md", from, to, current);
}

/// Replaces what stands between two markers of a document, or says that it is out of date.
fn hold(document: &str, from: &str, to: &str, current: &str) {
    let text = read(document);
    let (before, rest) =
        text.split_once(from).unwrap_or_else(|| panic!("{document} has no {from}"));
    let (found, after) = rest.split_once(to).unwrap_or_else(|| panic!("{document} has no {to}"));
    if std::env::var_os("UPDATE").is_some() {
        fs::write(root().join(document), format!("{before}{from}{current}{to}{after}")).unwrap();
    } else {
        assert_eq!(found, current, "run the tests with UPDATE=1 to rewrite {document}");
    }
}

#[test]
fn the_readme_is_current() {
    let mut table = "\n| rule | what it finds |\n|---|---|\n".to_owned();
    for (rule, _) in rules::causes() {
        let id = rule.meta.id;
        table.push_str(&format!("| [`{id}`](rules/{id}.md) | {} |\n", rule.meta.summary));
    }
    hold_readme("<!-- rules -->", "<!-- /rules -->", &table);

    let mut table = "\n| rule | severity | what it finds |\n|---|---|---|\n".to_owned();
    for group in rules::Group::ALL {
        for rule in rules::all() {
            let Some(defect) = rule.defect.filter(|defect| defect.group == group) else { continue };
            let (id, severity) = (rule.meta.id, defect.severity.id());
            let line =
                format!("| [`{id}`](../rules/{id}.md) | {severity} | {} |\n", rule.meta.summary);
            table.push_str(&line);
        }
    }
    hold("docs/check.md", "<!-- rules -->", "<!-- /rules -->", &table);

    let role = "arn:aws:iam::111122223333:role/importantproject-contractorA-bucket-put";
    let caller = "arn:aws:iam::444455556666:user/Richard";
    let facts = "examples/contractor/01-no-grant";
    let readme = read("README.md");
    for part in [role, caller, facts] {
        assert!(readme.contains(part), "README's first command says {part}");
    }
    let answer = run(&["--role", role, "--caller", caller, "--facts", facts]).ends_with(1).stdout;
    hold_readme("<!-- output -->", "<!-- /output -->", &format!("\n```text\n{answer}```\n"));
}

#[test]
fn links_of_the_documents_lead_somewhere() {
    let documents = ["docs", "rules", "examples"].into_iter().flat_map(files);
    let documents = documents.chain(["README.md", "CONTRIBUTING.md"].map(|name| root().join(name)));
    let mut wrong = Vec::new();
    for document in documents.filter(|path| path.extension().is_some_and(|ext| ext == "md")) {
        let text = fs::read_to_string(&document).unwrap();
        for rest in text.split("](").skip(1) {
            let target = rest.split([')', '#']).next().unwrap();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            if !document.parent().unwrap_or(Path::new("")).join(target).exists() {
                wrong.push(format!("{}: {target}", document.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_published_schemas_are_schemas() {
    let schemas = files("docs/json-schema");
    assert!(schemas.len() >= 3);
    for path in schemas {
        let schema: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        assert!(jsonschema::meta::is_valid(&schema), "{}", path.display());
        jsonschema::validator_for(&schema).unwrap();
    }
}

/// A document as serde sees it; YAML's plain scalars as the program reads them.
fn to_json(node: Node<'_>) -> Value {
    match node.kind() {
        Kind::Null => Value::Null,
        Kind::Bool => json!(node.as_bool()),
        Kind::Number => {
            let text = node.scalar().unwrap();
            serde_json::from_str(&text).unwrap_or_else(|_| json!(text))
        }
        Kind::String => json!(node.text().unwrap()),
        Kind::Sequence => node.items().map(to_json).collect(),
        Kind::Unknown => unreachable!("nothing is left open here"),
        Kind::Mapping => {
            let entries = node.entries().map(|entry| (entry.key.to_string(), to_json(entry.value)));
            Value::Object(entries.collect::<Map<_, _>>())
        }
    }
}

#[test]
fn the_schema_of_case_files_accepts_every_case_file() {
    let schema = serde_json::from_str(&read("docs/json-schema/case-file-v1.json")).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let mut checked = 0;
    for path in files("fixtures/cases") {
        let name = path.display().to_string();
        if !name.ends_with(".yaml") && !name.ends_with(".json") {
            continue;
        }
        let mut sources = SourceMap::default();
        let text = fs::read(&path).unwrap();
        let id = sources.add_file(name.clone(), text).unwrap();
        let syntax = Syntax::guess(&name, sources.text(id));
        for document in parse(&sources, id, syntax).unwrap() {
            let value = to_json(document.root());
            if value.get("why-denied").is_none() {
                continue;
            }
            let errors: Vec<_> = schema
                .iter_errors(&value)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert!(errors.is_empty(), "{name}: {errors:#?}");
            checked += 1;
        }
    }
    assert!(checked > 40, "only {checked} case files were found");
}

#[test]
fn the_changelog_knows_this_version() {
    let changelog = read("CHANGELOG.md");
    let version = env!("CARGO_PKG_VERSION");
    assert!(changelog.contains("Unreleased") || changelog.contains(version));
}

#[test]
fn nothing_that_looks_like_a_real_key_is_committed() {
    for path in files("examples").into_iter().chain(files("fixtures")) {
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        for prefix in ["AKIA", "ASIA"] {
            for (at, _) in text.match_indices(prefix) {
                let id: String =
                    text[at..].chars().take_while(char::is_ascii_alphanumeric).collect();
                let shown = id.len() < 16 || id.contains("EXAMPLE");
                assert!(shown, "{}: {id}", path.display());
            }
        }
    }
}
