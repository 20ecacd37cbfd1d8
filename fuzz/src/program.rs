//! Targets beyond the parsers of texts: policies, case files, facts, patterns, values, reports.

use std::io;
use std::path::{Path, PathBuf};

use why_denied::collect::{case_file, read_files};
use why_denied::diagnose::{decide, diagnose};
use why_denied::doc::{Syntax, parse};
use why_denied::layers::{Attached, Layer, Layers};
use why_denied::policy::{self, POLICY_TYPES, Pattern, PolicyType};
use why_denied::report::{self, Format, Redactor, Style};
use why_denied::request::{Caller, Request};
use why_denied::text::{SourceMap, Span, Spanned};

use crate::check_span;

/// Policies: every type reads any document, every place is sound, and every request is decided.
pub fn policy(data: &[u8]) {
    let mut sources = SourceMap::default();
    let Ok(id) = sources.add_file("policy.json", data.to_vec()) else { return };
    let syntax = Syntax::guess("", sources.text(id));
    let Ok(documents) = parse(&sources, id, syntax) else { return };
    for document in documents.iter().take(2) {
        for row in &POLICY_TYPES {
            let policy = policy::read(document.root(), row.policy_type);
            check_span(&sources, policy.span);
            policy.problems.iter().for_each(|problem| check_span(&sources, problem.span));
            for statement in policy.statements.iter().take(50) {
                check_span(&sources, statement.span);
                let broken = statement.broken.into_iter();
                broken.for_each(|span| check_span(&sources, span));
                for condition in &statement.conditions {
                    check_span(&sources, condition.values_span);
                }
            }
            judge(&mut sources, policy, row.policy_type);
        }
    }
}

fn judge(sources: &mut SourceMap, policy: policy::Policy, policy_type: PolicyType) {
    let attached =
        Attached { name: None, arn: None, attached_to: None, policy: std::sync::Arc::new(policy) };
    let mut layers = Layers::default();
    layers.push(Layer::known(policy_type, 0, vec![attached]));
    for (caller, action, resource) in [
        (
            "arn:aws:sts::111122223333:assumed-role/ci/run",
            "sts:AssumeRole",
            "arn:aws:iam::111122223333:role/app/deploy",
        ),
        ("arn:aws:iam::444455556666:user/ana", "s3:GetObject", "arn:aws:s3:::logs/a"),
        ("anonymous", "s3:GetObject", "*"),
    ] {
        let source = sources.add_given("request", format!("{caller}\n{action}\n{resource}\n"));
        let whole = sources.whole(source);
        let spanned = |value: &str| Spanned { value: value.to_owned(), span: whole };
        let caller = Caller::parse(spanned(caller)).expect("a caller");
        let request = Request::new(caller, spanned(action), spanned(resource));
        let diagnosis = diagnose(&request, &layers, &Vec::new);
        assert_eq!(diagnosis.decision, decide(&request, &layers), "with and without trace");
        show(&[diagnosis], sources);
    }
}

/// Every way of showing an answer works, and stays in its width.
fn show(diagnoses: &[why_denied::finding::Diagnosis], sources: &SourceMap) {
    for (format, width) in [(Format::Human, 60), (Format::Json, 80)] {
        let style = Style { width, color: false, unicode: false, verbose: true };
        let mut out = Vec::new();
        report::write(format, diagnoses, sources, &style, &mut out).expect("a vector takes it");
        let text = String::from_utf8(out).expect("it is text");
        assert!(!text.contains('\u{1B}'), "an escape gets through");
        if format == Format::Json {
            serde_json::from_str::<serde_json::Value>(&text).expect("it is JSON");
            let masked = Redactor::default().apply(&text);
            serde_json::from_str::<serde_json::Value>(&masked).expect("it is JSON still");
        }
    }
}

/// Case files: whatever is wrong is an error with a sound place, and what can be run is decided.
pub fn case_file(data: &[u8]) {
    // A folder of facts is walked on the real disk; facts have a target of their own.
    if data.windows(5).any(|word| word == b"facts") {
        return;
    }
    let mut sources = SourceMap::default();
    let path = Path::new("case.yaml");
    let read = |wanted: &Path| {
        if wanted == path { Ok(data.to_vec()) } else { Err(io::ErrorKind::NotFound.into()) }
    };
    let file = case_file::load(&mut sources, path, &read);
    let errors = file.errors.iter().chain(file.cases.iter().flat_map(|case| &case.errors));
    for error in errors {
        error.span.into_iter().for_each(|span| check_span(&sources, span));
        assert!(!error.message.is_empty());
    }
    for case in file.cases.iter().take(4) {
        if let Some(request) = case.request.as_ref().filter(|_| case.errors.is_empty()) {
            let diagnosis = diagnose(request, &case.layers, &Vec::new);
            assert_eq!(diagnosis.decision, decide(request, &case.layers), "with and without trace");
            show(&[diagnosis], &sources);
        }
    }
}

/// Facts: any file is recognised, refused with a sound place, or left out.
pub fn facts(data: &[u8]) {
    let mut sources = SourceMap::default();
    let paths = [PathBuf::from("facts-of-nobody.json")];
    let collected = read_files(&mut sources, &paths, &|_| Ok(data.to_vec()));
    for error in &collected.errors {
        error.span.into_iter().for_each(|span| check_span(&sources, span));
    }
    let files = why_denied::collect::layer_files::LayerFiles::default();
    let source = sources.add_given("request", "request");
    let span = sources.whole(source);
    let spanned = |value: &str| Spanned { value: value.to_owned(), span };
    let callers = collected.snapshot.entities.keys().take(3).cloned().collect::<Vec<_>>();
    for text in callers {
        let Ok(caller) = Caller::parse(spanned(&text)) else { continue };
        let mut request = Request::new(caller, spanned("sts:AssumeRole"), spanned(&text));
        let files = files.clone();
        let (layers, _) = why_denied::collect::assemble::assemble(
            &collected.snapshot,
            &mut sources,
            files,
            &mut request,
        );
        let diagnosis = diagnose(&request, &layers, &Vec::new);
        show(&[diagnosis], &sources);
    }
}

/// Patterns: as a naive matcher for short ones, and fast for long ones.
pub fn pattern(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (pattern, subject) = text.split_once('\n').unwrap_or((&text, ""));
    let syntax = policy::Syntax { wildcards: true, variables: false };
    let compiled = Pattern::new(pattern, syntax);
    let glob = compiled.glob().expect("no variables");
    let matches = glob.matches(subject);
    if pattern.chars().count() * subject.chars().count() <= 4096 {
        let wanted: Vec<char> = pattern.chars().collect();
        let found: Vec<char> = subject.chars().collect();
        assert_eq!(matches, naive(&wanted, &found));
    }
    let variables = policy::Syntax { wildcards: true, variables: true };
    // What is put in is as long as what is asked for: a thousand times a long text is long.
    let value: String = subject.chars().take(64).collect();
    let _ = Pattern::new(pattern, variables).fill(|_| Some(value.as_str().into()));
}

/// One row of a table for each character of the pattern.
fn naive(pattern: &[char], text: &[char]) -> bool {
    let mut reach = vec![false; text.len() + 1];
    reach[0] = true;
    for wanted in pattern {
        let mut next = vec![false; text.len() + 1];
        for at in 0..=text.len() {
            next[at] = match wanted {
                '*' => reach[at] || (at > 0 && next[at - 1]),
                '?' => at > 0 && reach[at - 1],
                wanted => at > 0 && reach[at - 1] && text[at - 1] == *wanted,
            };
        }
        reach = next;
    }
    reach[text.len()]
}

/// Values: nothing that stands where a date, a number, an address or an ARN belongs breaks anything.
pub fn values(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut sources = SourceMap::default();
    let source = sources.add_given("value", text.clone());
    let span: Span = sources.whole(source);
    for line in text.lines().take(64) {
        let _ = policy::moment(line);
        let _ = policy::network(line);
        let _ = policy::bytes(line);
        let _ = policy::boolean(line);
        if let Some(number) = policy::Number::parse(line) {
            assert!(number == number.clone());
        }
        if let Some(arn) = policy::Arn::parse(line) {
            let whole = format!(
                "arn:{}:{}:{}:{}:{}",
                arn.partition, arn.service, arn.region, arn.account, arn.resource
            );
            assert_eq!(whole, line);
        }
        for variables in [
            policy::VariablesIn::Nothing,
            policy::VariablesIn::ResourcePart,
            policy::VariablesIn::EveryPart,
        ] {
            let _ = policy::ArnPattern::new(line, variables);
        }
        if let Ok(caller) = Caller::parse(Spanned { value: line.to_owned(), span }) {
            assert!(!caller.describe().is_empty());
        }
        let mut redactor = Redactor::default();
        let masked = redactor.apply(line);
        assert_eq!(masked.chars().count(), line.chars().count());
    }
}
