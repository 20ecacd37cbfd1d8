use proptest::prelude::*;
use serde_json::Value;

use crate::doc::json::tests::values;
use crate::doc::{Document, Kind, Node, Syntax, SyntaxErrorKind as Slip, parse, parse_outline};
use crate::text::SourceMap;

/// The outline of `text`, if it is well-formed; it says the same as the whole.
fn outline(text: &str) -> Result<Document, Slip> {
    let mut sources = SourceMap::default();
    let id = sources.add_file("a.json", text.as_bytes().to_vec()).unwrap();
    let outline = parse_outline(&sources, id, Syntax::Json);
    let whole = parse(&sources, id, Syntax::Json);
    match (outline, whole) {
        (Ok(mut outline), Ok(whole)) => {
            let outline = outline.remove(0);
            assert_same(outline.root(), whole[0].root());
            assert_eq!(outline.duplicates(), whole[0].duplicates(), "{text}");
            Ok(outline)
        }
        (Err(outline), Err(whole)) => {
            assert_eq!(outline, whole, "{text}");
            Err(whole.kind)
        }
        (outline, whole) => panic!("{text}: {outline:?} is not {whole:?}"),
    }
}

fn assert_same(one: Node<'_>, two: Node<'_>) {
    assert_alike(one, two);
    // Read on demand, it is the same again.
    if one.is_unread() {
        let read = one.document().read(one.id()).unwrap();
        assert_alike(read.root(), two);
        assert!(!read.root().is_unread() && read.duplicates().is_empty());
    }
}

fn assert_alike(one: Node<'_>, two: Node<'_>) {
    assert_eq!(
        (one.kind(), one.span(), one.inner_span()),
        (two.kind(), two.span(), two.inner_span())
    );
    assert_eq!((one.text(), one.scalar()), (two.text(), two.scalar()));
    assert_eq!((one.as_bool(), one.as_i64()), (two.as_bool(), two.as_i64()));
    assert_eq!((one.len(), one.is_empty()), (two.len(), two.is_empty()));
    one.items().zip(two.items()).for_each(|(one, two)| assert_same(one, two));
    for (one_entry, two_entry) in one.entries().zip(two.entries()) {
        assert_eq!((&one_entry.key, one_entry.key_span), (&two_entry.key, two_entry.key_span));
        assert_same(one_entry.value, two_entry.value);
        let found = one.get(&two_entry.key).map(|value| value.span());
        assert_eq!(found, two.get(&two_entry.key).map(|value| value.span()));
    }
    assert!(one.get("no such key").is_none());
}

/// Whether the first item of the first list was passed over.
fn passes_over(text: &str) -> bool {
    let outline = outline(text).unwrap();
    let list = outline.root().entries().next().unwrap().value;
    list.items().next().unwrap().is_unread()
}

#[test]
fn objects_in_the_outermost_lists_are_passed_over() {
    assert!(passes_over(
        r#"{"a": [{"b": [1, -20, 0, 1.50, -0.1e3, 2E+9, true, false, null], "c": {}}]}"#
    ));
    assert!(passes_over("\u{FEFF}{\r\n\t\"a\" : [ {} , 1, {\"b\"\n:\t[ ] } ]\r\n}\r\n"));
    assert!(passes_over(r#"{"a": [{"é😀": "\" \\ \/ \u00e9 \n", "b": {"c": null}}]}"#));
    assert!(!passes_over(r#"{"a": [[{}]]}"#) && !passes_over(r#"{"a": [1]}"#));
}

#[test]
fn what_may_be_wrong_is_read_at_once() {
    // A key twice, or perhaps twice.
    assert!(!passes_over(r#"{"a": [{"b": {"c": 1, "d": 2, "c": 3}}]}"#));
    assert!(!passes_over(r#"{"a": [{"b": 1, "\u0062": 2}]}"#));
    // The same key in two objects is in order.
    assert!(passes_over(r#"{"a": [{"b": {"b": 1}, "c": [{"b": 1}, {"b": 1}]}]}"#));
    assert!(passes_over(r#"{"a": [{"long-key-1-end": 1, "long-key-2-end": 2, "": 0, "x": 3}]}"#));
    for (text, slip) in [
        (r#"{"a": [{"b": 1,}]}"#, Slip::TrailingComma),
        (r#"{"a": [{"b": [1}]}"#, Slip::WrongBracket { closing: ']' }),
        (r#"{"a": [{"b": 01}]}"#, Slip::BadNumber),
        (r#"{"a": [{"b": 1.}]}"#, Slip::BadNumber),
        (r#"{"a": [{"b": 1e+}]}"#, Slip::BadNumber),
        (r#"{"a": [{"b": "\uD800"}]}"#, Slip::LoneSurrogate),
        (r#"{"a": [{"b": "\x"}]}"#, Slip::BadEscape),
        (r#"{"a": [{"b" 1}]}"#, Slip::MissingColon),
        ("{\"a\": [{\"b\": \"x", Slip::UnclosedString),
        ("{\"a\": [{\"b\": \"\t\"}]}", Slip::ControlCharacter),
    ] {
        assert_eq!(outline(text).unwrap_err(), slip, "{text}");
    }
    assert!(outline(r#"{"a": [{"b": "\uD83D\uDE00"}]}"#).is_ok());
    // The error is about a bracket before the objects that were passed over.
    let slip = outline(r#"{"a":[{},{"b":{"b":""}}:,{"c":[{"d":1}]}]}"#).unwrap_err();
    assert_eq!(slip, Slip::MissingBracket { closing: ']' });
}

#[test]
fn nesting_is_limited_in_what_is_passed_over() {
    let nested = |depth: usize| {
        format!("{{\"a\": [{{\"b\": {}{}}}]}}", "[".repeat(depth), "]".repeat(depth))
    };
    assert!(passes_over(&nested(125)));
    assert_eq!(outline(&nested(126)).unwrap_err(), Slip::TooDeep);
    assert_eq!(outline(&"{\"a\":[".repeat(50_000)).unwrap_err(), Slip::TooDeep);
}

#[test]
fn a_value_that_was_passed_over_is_found_by_its_id() {
    let outline = outline(r#"{"a": [{"Policy": {"Statement": [{"Sid": "one"}]}}]}"#).unwrap();
    let entry = outline.root().get("a").unwrap().items().next().unwrap();
    let policy = entry.get("Policy").unwrap();
    assert_eq!(policy.id(), entry.entries().next().unwrap().value.id());
    let again = outline.node(policy.id());
    assert_eq!((again.kind(), again.span()), (Kind::Mapping, policy.span()));
    let read = outline.read(policy.id()).unwrap();
    let sid = read.root().get("Statement").unwrap().items().next().unwrap().get("Sid");
    assert_eq!(sid.unwrap().text().as_deref(), Some("one"));
    assert!(outline.read(outline.root().id()).is_none());
}

/// An object with lists of objects, as text.
fn tables() -> impl Strategy<Value = String> {
    let item = prop::collection::vec(("[a-c\"\\\\]{0,2}", values()), 0..4)
        .prop_map(|entries| Value::Object(entries.into_iter().collect()));
    let lists = prop::collection::vec(("[a-c]", prop::collection::vec(item, 0..4)), 1..3);
    (lists, any::<bool>()).prop_map(|(lists, pretty)| {
        let table: serde_json::Map<String, Value> =
            lists.into_iter().map(|(key, items)| (key, Value::from(items))).collect();
        let written = if pretty {
            serde_json::to_string_pretty(&table)
        } else {
            serde_json::to_string(&table)
        };
        written.unwrap()
    })
}

proptest! {
    #[test]
    fn an_outline_says_what_the_whole_says(text in tables()) {
        outline(&text).unwrap();
    }

    #[test]
    fn a_damaged_table_is_judged_the_same(
        text in tables(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0usize..4, prop::sample::select(vec![
            "", "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u0061", "\\uD800", "0", "-", ".", "1e9", "null",
            "tru", "//", " ", "\n", "\u{0}", "\u{A0}", "é", "\"a\":1,", ",\"b\":{\"a\":1,\"a\":2}",
        ])), 1..3),
    ) {
        let mut text = text;
        for (at, cut, piece) in changes {
            let mut at = at.index(text.len() + 1);
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            let rest = text.get(at..).unwrap_or_default();
            let cut: usize = rest.chars().take(cut).map(char::len_utf8).sum();
            text.replace_range(at..at + cut, piece);
        }
        let _ = outline(&text);
    }
}
