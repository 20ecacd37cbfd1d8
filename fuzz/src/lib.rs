//! What must hold for any bytes: each target takes some, and panics if a promise is broken.
//!
//! Both `fuzz_targets/` (cargo-fuzz, nightly) and `src/bin/mutate.rs` (stable) run these.

mod check;
mod messages;
mod program;
mod tokens;
mod trail;

pub use check::{config, module, template};
pub use messages::message;
pub use program::{case_file, facts, pattern, policy, values};
pub use tokens::{jwt, saml};
pub use trail::{trail_event, trail_stream};

use serde_json::Value;
use why_denied::doc::embed::{decode_percent, decode_string, document_in};
use why_denied::doc::{Document, Kind, Node, Syntax, SyntaxError, SyntaxErrorKind, parse};
use why_denied::text::{SourceId, SourceMap, Span};

/// A target by its name.
pub fn target(name: &str) -> Option<fn(&[u8])> {
    match name {
        "json" => Some(json),
        "yaml" => Some(yaml),
        "embedded" => Some(embedded),
        "policy" => Some(policy),
        "case_file" => Some(case_file),
        "facts" => Some(facts),
        "pattern" => Some(pattern),
        "values" => Some(values),
        "aws_config" => Some(aws_config),
        "jwt" => Some(jwt),
        "saml" => Some(saml),
        "trail_event" => Some(trail_event),
        "trail_stream" => Some(trail_stream),
        "message" => Some(message),
        "template" => Some(template),
        "module" => Some(module),
        "config" => Some(config),
        _ => None,
    }
}

/// The AWS CLI's config file: lengths stay, places are sound, nothing but known settings is kept.
pub fn aws_config(data: &[u8]) {
    use why_denied::collect::aws_config::{chain, read, without_secrets};
    let Ok(text) = std::str::from_utf8(data) else { return };
    let blank = without_secrets(text);
    assert_eq!(blank.len(), text.len());
    let mut sources = SourceMap::default();
    let id = sources.add_file("config", blank.clone().into_bytes()).expect("it is text");
    let profiles = read(&blank, id);
    assert_eq!(profiles.len(), read(text, id).len(), "blanking hides no profile");
    for profile in profiles.iter().take(50) {
        assert_eq!(sources.slice(profile.name.span), profile.name.value);
        if let Ok(found) = chain(&profiles, &profile.name.value) {
            assert!(!found.is_empty(), "a chain has a hop");
        }
    }
}

/// How many values of a document are looked at one by one.
const LOOKED_AT: usize = 200;

/// JSON: accepted exactly if serde_json accepts it, with the same values; every span is sound.
pub fn json(data: &[u8]) {
    let mut sources = SourceMap::default();
    let Ok(id) = sources.add_file("fuzz.json", data.to_vec()) else {
        return;
    };
    let body = data.strip_prefix("\u{FEFF}".as_bytes()).unwrap_or(data);
    let theirs = serde_json::from_slice::<Value>(body);
    match (parse(&sources, id, Syntax::Json), theirs) {
        (Ok(documents), Ok(value)) => {
            let [document] = documents.as_slice() else { panic!("JSON holds one document") };
            check_document(&sources, document);
            assert_same(document.root(), &value);
        }
        (Err(error), Err(_)) => check_error(&sources, &error),
        (Err(error), Ok(_)) => {
            check_error(&sources, &error);
            assert_eq!(error.kind, SyntaxErrorKind::TooDeep, "serde_json accepts it");
        }
        (Ok(_), Err(error)) => {
            let says = error.to_string();
            assert!(says.contains("recursion limit"), "serde_json refuses it: {says}");
        }
    }
}

/// YAML: every span is sound, and the text of every string leads back to the file.
pub fn yaml(data: &[u8]) {
    let mut sources = SourceMap::default();
    let Ok(id) = sources.add_file("fuzz.yaml", data.to_vec()) else {
        return;
    };
    match parse(&sources, id, Syntax::Yaml) {
        Err(error) => check_error(&sources, &error),
        Ok(documents) => {
            for document in documents.iter().take(20) {
                check_document(&sources, document);
                embed_all(&mut sources, document, 1);
            }
        }
    }
}

/// A text inside others: as it went in, so it comes out, and every character has its place.
pub fn embedded(data: &[u8]) {
    json_in_json(data);
    let Ok(text) = std::str::from_utf8(data) else { return };
    let quoted = serde_json::to_string(text).expect("a string is JSON");
    let (mut sources, file) = file(&format!("[{quoted}]"));
    let documents = parse(&sources, file, Syntax::Json).expect("serde_json writes JSON");
    let string = documents[0].root().items().next().expect("one item");
    let inner = decode_string(&mut sources, &documents[0], string.id()).expect("a string");
    assert_eq!(sources.text(inner), text);
    for (c, raw) in places(&sources, inner) {
        let written = serde_json::to_string(&c.to_string()).expect("a string is JSON");
        assert_eq!(Some(raw), written.get(1..written.len() - 1), "{c:?}");
    }

    let encoded: String = text.bytes().map(percent).collect();
    let (mut sources, file) = self::file(&format!("[\"{encoded}\"]"));
    let documents = parse(&sources, file, Syntax::Json).expect("it is plain");
    let string = documents[0].root().items().next().expect("one item");
    let outer = decode_string(&mut sources, &documents[0], string.id()).expect("a string");
    let inner = decode_percent(&mut sources, outer).expect("it is well-formed");
    assert_eq!(sources.text(inner), text);
    for (c, raw) in places(&sources, inner) {
        let written: String = c.to_string().bytes().map(percent).collect();
        assert_eq!(raw, written);
    }
    in_yaml(text);
}

fn file(text: &str) -> (SourceMap, SourceId) {
    let mut sources = SourceMap::default();
    let id = sources.add_file("fuzz", text.as_bytes().to_vec()).expect("it is text");
    (sources, id)
}

/// URL-encoding as IAM's API does it, more or less.
fn percent(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
}

/// Each character of an embedded text, with the bytes of the file at its place.
fn places(sources: &SourceMap, id: SourceId) -> impl Iterator<Item = (char, &str)> {
    sources.text(id).char_indices().take(LOOKED_AT).map(move |(at, c)| {
        let (start, end) = (at as u32, (at + c.len_utf8()) as u32);
        (c, sources.place(Span { source: id, start, end }).text)
    })
}

/// The text as a literal block scalar.
fn in_yaml(text: &str) {
    let printable = |c: char| c == '\n' || c == '\t' || (!c.is_control() && c != '\u{FEFF}');
    if text.trim().is_empty() || !text.chars().all(printable) {
        return;
    }
    let lines: Vec<String> = text.split('\n').map(|line| format!("   {line}")).collect();
    for line_break in ["\n", "\r\n"] {
        let (mut sources, file) = file(&format!("a: |3-{line_break}{}", lines.join(line_break)));
        let documents = match parse(&sources, file, Syntax::Yaml) {
            Ok(documents) => documents,
            // A tab may not come first.
            Err(_) => return,
        };
        let string = documents[0].root().get("a").expect("the key");
        let Some(inner) = decode_string(&mut sources, &documents[0], string.id()) else {
            return;
        };
        assert_eq!(sources.text(inner), text.trim_end_matches('\n'));
        let exact = !text.lines().next_back().unwrap_or("").trim().is_empty();
        for (c, raw) in places(&sources, inner).filter(|(c, _)| exact && *c != '\n') {
            assert_eq!(raw, c.to_string());
        }
    }
}

fn json_in_json(data: &[u8]) {
    let mut sources = SourceMap::default();
    let Ok(id) = sources.add_file("fuzz", data.to_vec()) else { return };
    if let Ok(documents) = parse(&sources, id, Syntax::Json) {
        for document in &documents {
            embed_all(&mut sources, document, 3);
        }
    }
}

/// Decodes every string, and reads the documents in them, `levels` deep.
fn embed_all(sources: &mut SourceMap, document: &Document, levels: usize) {
    let mut strings = Vec::new();
    walk(document.root(), &mut |node| {
        if node.kind() == Kind::String && strings.len() < 30 {
            strings.push(node.id());
        }
    });
    for id in strings {
        let node = document.node(id);
        let text = node.text().expect("a string").into_owned();
        let source = decode_string(sources, document, id).expect("a string");
        assert_eq!(sources.text(source), text);
        let host = sources.to_host(node.span());
        let mut reached = 0;
        for (at, c) in text.char_indices().take(40) {
            let span = Span { source, start: at as u32, end: (at + c.len_utf8()) as u32 };
            let place = sources.place(span);
            assert!(place.start >= host.start as usize, "before the string");
            assert!(place.start >= reached, "places grow");
            // The line break that ends a block scalar stands behind the span.
            assert!(place.end <= host.end as usize || c == '\n', "behind the string");
            // Letters stand for themselves, in whatever notation; an escape has a backslash or a percent sign.
            let exact = place.text.contains(['\\', '%']) || place.text == c.to_string();
            assert!(!c.is_ascii_alphanumeric() || exact, "{c:?} is not {:?}", place.text);
            reached = place.start;
        }
        match document_in(sources, document, id) {
            Some(Ok(inner)) if levels > 0 => {
                check_document(sources, &inner);
                embed_all(sources, &inner, levels - 1);
            }
            Some(Err(error)) => check_error(sources, &error),
            _ => {}
        }
    }
}

fn walk<'d>(node: Node<'d>, visit: &mut dyn FnMut(Node<'d>)) {
    // Nesting is limited, so this is not deep.
    visit(node);
    node.items().for_each(|item| walk(item, visit));
    node.entries().for_each(|entry| walk(entry.value, visit));
}

fn check_span(sources: &SourceMap, span: Span) {
    let text = sources.text(span.source);
    assert!(
        text.get(span.start as usize..span.end as usize).is_some(),
        "{span:?} is out of bounds"
    );
    let place = sources.place(span);
    let host = sources.text(sources.to_host(span).source);
    assert_eq!(host.get(place.start..place.end), Some(place.text));
    assert!(place.line >= 1 && place.column >= 1);
}

fn check_error(sources: &SourceMap, error: &SyntaxError) {
    check_span(sources, error.span);
    if let Some(related) = error.related {
        check_span(sources, related);
    }
    for words in [error.to_string(), error.label().to_owned(), error.help()] {
        assert!(!words.is_empty() && !words.ends_with('.'), "{words:?}");
    }
}

fn check_document(sources: &SourceMap, document: &Document) {
    let mut count = 0;
    walk(document.root(), &mut |node| {
        count += 1;
        if count > LOOKED_AT {
            return;
        }
        let (span, inner) = (node.span(), node.inner_span());
        check_span(sources, span);
        check_span(sources, inner);
        assert!(span.start <= inner.start && inner.end <= span.end, "quotes are outside");
        let raw = sources.slice(span);
        if document.syntax() == Syntax::Json {
            match node.kind() {
                Kind::String => assert!(raw.starts_with('"') && raw.ends_with('"')),
                Kind::Mapping => assert!(raw.starts_with('{') && raw.ends_with('}')),
                Kind::Sequence => assert!(raw.starts_with('[') && raw.ends_with(']')),
                _ => assert_eq!(node.scalar().as_deref().unwrap_or("null"), raw),
            }
        }
        for entry in node.entries().take(20) {
            check_span(sources, entry.key_span);
            assert!(node.get(&entry.key).is_some(), "the key {:?} is found", entry.key);
        }
        assert_eq!(node.len(), node.items().count() + node.entries().count());
    });
    for duplicate in document.duplicates() {
        check_span(sources, duplicate.first);
        check_span(sources, duplicate.again);
    }
}

/// The same value, the last of repeated keys counting as it does for serde_json.
fn assert_same(node: Node<'_>, value: &Value) {
    match value {
        Value::Null => assert!(node.is_null()),
        Value::Bool(value) => assert_eq!(node.as_bool(), Some(*value)),
        Value::String(value) => assert_eq!(node.text().as_deref(), Some(value.as_str())),
        Value::Number(value) => {
            assert_eq!(node.kind(), Kind::Number);
            assert_eq!(node.as_i64(), value.to_string().parse().ok());
            let plain = |text: &str| text.to_ascii_lowercase().replace('+', "");
            assert_eq!(plain(&node.scalar().expect("a number")), plain(&value.to_string()));
        }
        Value::Array(values) => {
            assert_eq!(node.items().count(), values.len());
            node.items().zip(values).for_each(|(node, value)| assert_same(node, value));
        }
        Value::Object(values) => {
            let repeated =
                node.document().duplicates().iter().filter(|duplicate| {
                    node.entries().any(|entry| entry.key_span == duplicate.again)
                });
            assert_eq!(node.entries().count() - repeated.count(), values.len());
            for (key, value) in values {
                let last = node.entries().filter(|entry| entry.key == key.as_str()).last();
                assert_same(last.expect("the key").value, value);
            }
        }
    }
}
