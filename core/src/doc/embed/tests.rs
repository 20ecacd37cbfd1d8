use std::fmt::Write;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::doc::json::tests::values;
use crate::doc::{Kind, Node, Syntax, parse};

fn read(text: &str, syntax: Syntax) -> (SourceMap, Document) {
    let mut sources = SourceMap::default();
    let id = sources.add_file("a", text.as_bytes().to_vec()).unwrap();
    let document = parse(&sources, id, syntax).unwrap().remove(0);
    (sources, document)
}

/// The value of the key `k`, decoded.
fn decoded(text: &str, syntax: Syntax) -> (SourceMap, SourceId) {
    let (mut sources, document) = read(text, syntax);
    let node = document.root().get("k").unwrap();
    let id = decode_string(&mut sources, &document, node.id()).unwrap();
    assert_eq!(sources.text(id), node.text().unwrap());
    (sources, id)
}

/// The bytes of the file for a piece of the decoded text.
fn raw<'s>(sources: &'s SourceMap, id: SourceId, piece: &str) -> &'s str {
    let start = sources.text(id).find(piece).unwrap();
    let (start, end) = (start.try_into().unwrap(), (start + piece.len()).try_into().unwrap());
    sources.place(Span { source: id, start, end }).text
}

#[test]
fn a_policy_in_a_json_string_leads_to_the_file() {
    let (mut sources, document) =
        read("{\"k\":\n \"{\\n \\\"Effect\\\": \\\"D\\u00e9ny\\\"}\"}", Syntax::Json);
    let node = document.root().get("k").unwrap();
    let inner = document_in(&mut sources, &document, node.id()).unwrap().unwrap();
    let effect = inner.root().get("Effect").unwrap();
    let place = sources.place(effect.span());
    assert_eq!((effect.text().unwrap().as_ref(), place.text), ("Dény", "\\\"D\\u00e9ny\\\""));
    assert_eq!((place.file, place.line, place.column), (Some("a"), 2, 19));
}

#[test]
fn a_url_encoded_policy_leads_to_the_file() {
    let text = r#"{"k": "%7B%22a%22%3A+%5B%22%C3%A9+%22%2C%20\u0031%5D%7d", "l": "%EF%BB%BF%0a%5B%5D", "m": "%7Bx"}"#;
    let (mut sources, document) = read(text, Syntax::Json);
    let of = |key: &str| document.root().get(key).unwrap().id();
    let error = document_in(&mut sources, &document, of("k")).unwrap().unwrap_err();
    assert_eq!(sources.place(error.span).text, "+");
    let text = text.replace("%3A+", "%3A%20");
    let (mut sources, document) = read(&text, Syntax::Json);
    let inner = document_in(&mut sources, &document, of("k")).unwrap().unwrap();
    let items: Vec<_> = inner.root().get("a").unwrap().items().collect();
    assert_eq!(items[0].text().unwrap(), "é+");
    let raw: Vec<_> = items.iter().map(|item| sources.place(item.span()).text).collect();
    assert_eq!(raw, ["%22%C3%A9+%22", "\\u0031"]);
    let inner = document_in(&mut sources, &document, of("l")).unwrap().unwrap();
    assert_eq!(sources.place(inner.root().span()).text, "%5B%5D");
    let error = document_in(&mut sources, &document, of("m")).unwrap().unwrap_err();
    assert_eq!(sources.place(error.span).text, "x");
}

#[test]
fn what_is_no_document_is_left_alone() {
    let (mut sources, document) =
        read(r#"["", "a", "100%", "%41", "%7", "%FF", "%7B%FF%7D", 1, null, {}]"#, Syntax::Json);
    for item in document.root().items() {
        assert!(document_in(&mut sources, &document, item.id()).is_none());
    }
}

#[test]
fn block_scalars_lead_to_their_lines() {
    for (text, decoded_text) in [
        ("k: |\n  {\n    \"é\": 1\n\n  }\n", "{\n  \"é\": 1\n\n}\n"),
        ("k: |-\r\n  {\r\n    \"é\": 1\r\n\r\n  }\r\n", "{\n  \"é\": 1\n\n}"),
        ("k: |1+\n   {\n \n  \"é\": 1\n }\n\n", "  {\n\n \"é\": 1\n}\n\n"),
        ("k: &x !!str |\n\n  {\n  \"é\": 1 }", "\n{\n\"é\": 1 }\n"),
        ("k: >\n  {\n  \"é\":\n\n\n  1\n    }\n\n  x\n", "{ \"é\":\n\n1\n  }\n\nx\n"),
        ("k: >-\n\n  {\"é\":\n  1}\n\n", "\n{\"é\": 1}"),
        ("k: |\n  {\"é\":\n  1}\n   \n", "{\"é\":\n1}\n \n"),
    ] {
        let (sources, id) = decoded(text, Syntax::Yaml);
        assert_eq!(sources.text(id), decoded_text);
        for piece in ["{", "\"é\"", "é", "\"é\":", "1", "}"] {
            assert_eq!(raw(&sources, id, piece), piece, "{text:?}");
        }
    }
    let (sources, id) = decoded("k: >\n  a\n  b\n\n  c\n", Syntax::Yaml);
    assert_eq!(raw(&sources, id, " "), "\n  ");
    assert_eq!(raw(&sources, id, "a b"), "a\n  b");
    assert_eq!(raw(&sources, id, "b\nc"), "b\n\n  c");
    assert_eq!(raw(&sources, id, "c\n"), "c\n");
}

#[test]
fn flow_scalars_lead_to_their_characters() {
    let (sources, id) = decoded("k: 'it''s\n\n  é  \n  b'\n", Syntax::Yaml);
    assert_eq!(sources.text(id), "it's\né b");
    for (piece, bytes) in [("'", "''"), ("s", "s"), ("\n", "\n\n  "), ("é", "é"), (" ", "  \n  ")]
    {
        assert_eq!(raw(&sources, id, piece), bytes);
    }
    let text =
        "k: \"a\\n\\x41\\u00e9 \\\n  b\\\r\n\r\n  \\ c\n\n d\\\\ \\\"\\U0001F600\\e\\/\\\té\"\n";
    let (sources, id) = decoded(text, Syntax::Yaml);
    assert_eq!(sources.text(id), "a\nAé b\n c\nd\\ \"😀\u{1b}/\té");
    for (piece, bytes) in [
        ("A", "\\x41"),
        ("é", "\\u00e9"),
        (" b", " \\\n  b"),
        ("c", "c"),
        ("\nd", "\n\n d"),
        ("\\", "\\\\"),
        ("\"", "\\\""),
        ("😀", "\\U0001F600"),
        ("\u{1b}/\t", "\\e\\/\\\t"),
        ("\té", "\\\té"),
    ] {
        assert_eq!(raw(&sources, id, piece), bytes, "{piece:?}");
    }
    let (sources, id) = decoded("k: é \n  b\n\n  c # d\n", Syntax::Yaml);
    assert_eq!(sources.text(id), "é b\nc");
    assert_eq!((raw(&sources, id, "b"), raw(&sources, id, " b\nc")), ("b", " \n  b\n\n  c"));
}

/// Each scalar of a document, with its bytes in the file.
fn leaves(sources: &SourceMap, node: Node<'_>, found: &mut Vec<(String, String)>) {
    node.items().for_each(|item| leaves(sources, item, found));
    for entry in node.entries() {
        let key = serde_json::to_string(&entry.key).unwrap();
        found.push((key, sources.place(entry.key_span).text.to_owned()));
        leaves(sources, entry.value, found);
    }
    if !matches!(node.kind(), Kind::Sequence | Kind::Mapping) {
        let own = sources.slice(node.span()).to_owned();
        found.push((own, sources.place(node.span()).text.to_owned()));
    }
}

fn assert_leaves(text: &str, syntax: Syntax, embed: impl Fn(&str) -> String) {
    let (mut sources, document) = read(text, syntax);
    let node = document.root().get("k").unwrap();
    let inner = document_in(&mut sources, &document, node.id()).unwrap().unwrap();
    let mut found = Vec::new();
    leaves(&sources, inner.root(), &mut found);
    for (own, raw) in found {
        assert_eq!(raw, embed(&own), "{text}");
    }
}

fn quoted(text: &str) -> String {
    let written = serde_json::to_string(text).unwrap();
    written.get(1..written.len() - 1).unwrap().to_owned()
}

fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |mut written, byte| {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' => written.push(char::from(byte)),
            _ => write!(written, "%{byte:02X}").unwrap(),
        }
        written
    })
}

proptest! {
    #[test]
    fn every_leaf_of_an_embedded_document_leads_to_its_bytes(value in values(), crlf in any::<bool>()) {
        let value = Value::Array(vec![value]);
        let text = serde_json::to_string_pretty(&value).unwrap();
        let line_break = if crlf { "\r\n" } else { "\n" };

        let in_json = format!("{{\"é\": 1,{line_break} \"k\": \"{}\"}}", quoted(&text));
        assert_leaves(&in_json, Syntax::Json, quoted);
        let twice = format!("{{\"k\": \"{}\"}}", percent(&text));
        assert_leaves(&twice, Syntax::Json, percent);

        // What JSON writes raw and YAML forbids.
        prop_assume!(!text.contains(|c: char| c.is_control() && c != '\n' || c == '\u{FEFF}'));
        let lines: Vec<_> = text.lines().collect();
        for (header, indent) in [("|", "  "), (">-", " "), ("|2+", "  ")] {
            let block = lines.join(&format!("{line_break}{indent}"));
            let file = format!("é: 1{line_break}k: {header}{line_break}{indent}{block}{line_break}");
            assert_leaves(&file, Syntax::Yaml, str::to_owned);
        }
        let single = format!("k: '{}'", text.replace('\'', "''").replace('\n', " "));
        assert_leaves(&single, Syntax::Yaml, |own| own.replace('\'', "''"));
        let double = format!("k: \"{}\"", quoted(&text));
        assert_leaves(&double, Syntax::Yaml, quoted);
    }

    #[test]
    fn any_text_is_decoded_as_it_was(text in any::<String>()) {
        let (sources, id) = decoded(&format!("{{\"k\": \"{}\"}}", quoted(&text)), Syntax::Json);
        prop_assert_eq!(sources.text(id), text.as_str());
        let (mut sources, id) = decoded(&format!("{{\"k\": \"{}\"}}", percent(&text)), Syntax::Json);
        let id = decode_percent(&mut sources, id).unwrap();
        prop_assert_eq!(sources.text(id), text.as_str());
    }
}
