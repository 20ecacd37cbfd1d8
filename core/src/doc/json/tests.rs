use proptest::prelude::*;
use serde_json::Value;

use crate::doc::{Document, Kind, Node, Syntax, SyntaxError, SyntaxErrorKind as Slip, parse};
use crate::text::{SourceId, SourceMap};

fn read(text: &str) -> (SourceMap, SourceId, Result<Document, SyntaxError>) {
    let mut sources = SourceMap::default();
    let id = sources.add_file("a.json", text.as_bytes().to_vec()).unwrap();
    let document = parse(&sources, id, Syntax::Json).map(|mut documents| documents.remove(0));
    (sources, id, document)
}

fn good(text: &str) -> (SourceMap, Document) {
    let (sources, _, document) = read(text);
    (sources, document.unwrap())
}

/// The error with the text under it, and under the second place.
fn slip(text: &str) -> (Slip, String, Option<String>) {
    let (sources, _, document) = read(text);
    let error = document.unwrap_err();
    let of = |span| sources.slice(span).to_owned();
    (error.kind.clone(), of(error.span), error.related.map(of))
}

#[track_caller]
fn assert_slip(text: &str, kind: Slip, under: &str) {
    assert_eq!((kind, under.to_owned()), (slip(text).0, slip(text).1), "{text}");
}

#[test]
fn every_key_and_value_has_its_place() {
    let text = "\u{FEFF} {\r\n\t\"é\" : [ 1.50 , \"a\\n\", {} ,true], \"b\":null }\n";
    let (sources, document) = good(text);
    let root = document.root();
    assert_eq!(sources.slice(root.span()), text.trim().trim_start_matches('\u{FEFF}').trim());
    let keys: Vec<_> = root.entries().map(|entry| sources.slice(entry.key_span)).collect();
    assert_eq!(keys, ["\"é\"", "\"b\""]);
    let list = root.get("é").unwrap();
    let items: Vec<_> = list.items().map(|item| sources.slice(item.span())).collect();
    assert_eq!(items, ["1.50", "\"a\\n\"", "{}", "true"]);
    let string = list.items().nth(1).unwrap();
    assert_eq!(sources.slice(string.inner_span()), "a\\n");
    assert_eq!(string.text().unwrap(), "a\n");
    assert!(root.get("b").unwrap().is_null() && root.get("c").is_none());
}

#[test]
fn scalars_are_read_in_their_own_spelling() {
    let (_, document) = good(r#"[1e3, -0, 17, 1.0, true, "x", null, [], 99999999999999999999]"#);
    let items: Vec<Node<'_>> = document.root().items().collect();
    let scalars: Vec<_> = items.iter().map(|item| item.scalar()).collect();
    let shown: Vec<_> = scalars.iter().map(|scalar| scalar.as_deref()).collect();
    let big = Some("99999999999999999999");
    let rest = [Some("1.0"), Some("true"), Some("x"), None, None, big];
    assert_eq!(shown[..3], [Some("1e3"), Some("-0"), Some("17")]);
    assert_eq!(shown[3..], rest);
    let whole: Vec<_> = items.iter().map(|item| item.as_i64()).collect();
    assert_eq!(whole, [None, Some(0), Some(17), None, None, None, None, None, None]);
    assert_eq!(items[4].as_bool(), Some(true));
    assert_eq!((document.root().len(), items[7].is_empty()), (9, true));
}

#[test]
fn repeated_keys_are_kept_and_reported_as_decoded() {
    let (sources, document) = good(r#"{"Effect": 1, "b": {"x": 1, "x": 2}, "\u0045ffect": 3}"#);
    let found: Vec<_> = (document.duplicates().iter())
        .map(|found| (found.key.as_str(), sources.slice(found.first), sources.slice(found.again)))
        .collect();
    assert_eq!(found, [("x", "\"x\"", "\"x\""), ("Effect", "\"Effect\"", "\"\\u0045ffect\"")]);
    let root = document.root();
    assert_eq!((root.get("Effect").unwrap().as_i64(), root.len()), (Some(1), 3));
}

#[test]
fn repeated_keys_are_found_among_many() {
    let keys: Vec<String> = (0..20_000).map(|n| format!("\"k{}\": {n}", n % 19_990)).collect();
    let (_, document) = good(&format!("{{{}}}", keys.join(",")));
    let found: Vec<_> = document.duplicates().iter().map(|found| found.key.as_str()).collect();
    assert_eq!(found, ["k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7", "k8", "k9"]);
}

#[test]
fn slips_are_named_where_they_are() {
    assert_slip("", Slip::Empty, "");
    assert_slip("\u{FEFF} \n", Slip::Empty, "\u{FEFF} \n");
    assert_slip("{\"a\": 1, }", Slip::TrailingComma, ",");
    assert_slip("[1,\n]", Slip::TrailingComma, ",");
    assert_slip("[1 \"b\"]", Slip::MissingComma, "\"");
    assert_slip("{\"a\": 1 \"b\": 2}", Slip::MissingComma, "\"");
    assert_slip("{\"a\": 1; \"b\": 2}", Slip::MissingComma, ";");
    assert_slip("{\"a\" 1}", Slip::MissingColon, "1");
    assert_slip("{\"a\" = 1}", Slip::MissingColon, "=");
    assert_slip("{ // why\n}", Slip::Comment, "// why");
    assert_slip("[1, /* é */ 2]", Slip::Comment, "/* é */");
    assert_slip("{\"a\": 1} # why", Slip::Comment, "# why");
    assert_slip("# why\n{}", Slip::Comment, "# why");
    assert_slip("{'a': 1}", Slip::SingleQuotes, "'a'");
    assert_slip("[`a`]", Slip::SingleQuotes, "`a`");
    assert_slip("{“a”: 1}", Slip::CurledQuotes, "“a”");
    assert_slip("[\u{A0}1]", Slip::OddSpace, "\u{A0}");
    assert_slip("{Effect: 1}", Slip::UnquotedKey, "Effect");
    assert_slip("{1: 1}", Slip::ExpectedKey, "1");
    assert_slip("{,}", Slip::ExpectedKey, ",");
    assert_slip("[,]", Slip::ExpectedValue, ",");
    assert_slip("{\"a\": }", Slip::ExpectedValue, "}");
    assert_slip("[\"a", Slip::UnclosedString, "\"a");
    assert_slip("{\"a: 1,\n\"b\": 2}", Slip::UnclosedString, "\"a: 1,");
    assert_slip("[\"a\tb\"]", Slip::ControlCharacter, "\t");
    assert_slip("[\"a\\xb\"]", Slip::BadEscape, "\\x");
    assert_slip("[\"\\é\"]", Slip::BadEscape, "\\é");
    assert_slip("[\"\\u12é4\"]", Slip::BadEscape, "\\u12é");
    assert_slip("[\"\\uD83Dx\"]", Slip::LoneSurrogate, "\\uD83D");
    assert_slip("[\"\\uDE00\"]", Slip::LoneSurrogate, "\\uDE00");
    assert_slip("[\"\\uD83D\\u0041\"]", Slip::LoneSurrogate, "\\uD83D");
    for number in ["01", "+1", ".5", "1.", "-", "1e", "0x1F", "1.2.3", "-NaN", "1_000", "12abc"] {
        assert_slip(&format!("[{number}]"), Slip::BadNumber, number);
    }
    assert_slip("{}}", Slip::TrailingText, "}");
    assert_slip("{} x", Slip::TrailingText, "x");
    assert_slip("{\"a\": 1}\n{\"a\": 2}\n", Slip::SeveralDocuments, "{");
}

#[test]
fn words_of_other_languages_are_translated() {
    for (word, instead) in [
        ("True", "write `true`"),
        ("False", "write `false`"),
        ("None", "write `null`"),
        ("NaN", "write a number, or `null`"),
        ("Allow", "write a text in double quotes"),
    ] {
        let (sources, _, document) = read(&format!("[{word}]"));
        let error = document.unwrap_err();
        assert_eq!(error.to_string(), format!("`{word}` is not a value that JSON knows"));
        assert_eq!((sources.slice(error.span), error.help().as_str()), (word, instead));
    }
}

#[test]
fn what_is_not_closed_names_where_it_was_opened() {
    let (kind, under, opened) = slip("{\"a\": [1, {\"b\": 2}\n");
    assert_eq!(kind, Slip::Unclosed { closing: ']' });
    assert_eq!((under.as_str(), opened.as_deref()), ("", Some("[")));
    let (kind, under, opened) = slip("{\"a\": [1, 2}");
    assert_eq!(kind, Slip::WrongBracket { closing: ']' });
    assert_eq!((under.as_str(), opened.as_deref()), ("}", Some("[")));
    let (kind, under, opened) = slip("{\"a\": 1]");
    assert_eq!(kind, Slip::WrongBracket { closing: '}' });
    assert_eq!((under.as_str(), opened.as_deref()), ("]", Some("{")));
    let (kind, under, opened) = slip("{\"Action\": [\"a\", \"b\", \"Resource\": \"*\"}");
    assert_eq!(kind, Slip::MissingBracket { closing: ']' });
    assert_eq!((under.as_str(), opened.as_deref()), ("\"Resource\"", Some("[")));
    let (kind, under, opened) = slip("[{\"a\": 1, {\"a\": 2}]");
    assert_eq!(kind, Slip::MissingBracket { closing: '}' });
    assert_eq!((under.as_str(), opened.as_deref()), ("{", Some("{")));
    let (kind, under, opened) = slip("{\"StringEquals\": [\"k\": 1]}");
    assert_eq!(kind, Slip::KeyInList);
    assert_eq!((under.as_str(), opened.as_deref()), ("\"k\"", Some("[")));
    assert_slip("[1: 2]", Slip::MissingComma, ":");
    assert_slip("[[]: 2]", Slip::MissingComma, ":");
    assert_slip("<html>", Slip::Markup, "<");
    assert_eq!(slip("{]").0, Slip::WrongBracket { closing: '}' });
    assert_eq!(slip("[}").0, Slip::WrongBracket { closing: ']' });
}

#[test]
fn nesting_is_limited() {
    let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(good(&nested(128)).1.root().len(), 1);
    assert_eq!(slip(&nested(129)).0, Slip::TooDeep);
    assert_eq!(slip(&"[".repeat(100_000)).0, Slip::TooDeep);
    assert_eq!(slip(&"{\"a\":".repeat(100_000)).0, Slip::TooDeep);
}

fn assert_same(node: Node<'_>, value: &Value) {
    match value {
        Value::Null => assert!(node.is_null()),
        Value::Bool(value) => assert_eq!(node.as_bool(), Some(*value)),
        Value::Number(value) => {
            assert_eq!(node.kind(), Kind::Number);
            let read: f64 = node.scalar().unwrap().parse().unwrap();
            assert_eq!(Some(read), value.as_f64());
        }
        Value::String(value) => assert_eq!(node.text().as_deref(), Some(value.as_str())),
        Value::Array(values) => {
            assert_eq!(node.len(), values.len());
            node.items().zip(values).for_each(|(node, value)| assert_same(node, value));
        }
        Value::Object(values) => {
            assert_eq!(node.len() - node.document().duplicates().len(), values.len());
            for (key, value) in values {
                let last = node.entries().filter(|entry| entry.key == key.as_str()).last();
                assert_same(last.unwrap().value, value);
            }
        }
    }
}

/// Both parsers say the same about `text`.
fn agree(text: &str) {
    let (sources, id, ours) = read(text);
    let whole = sources.text(id);
    // A byte order mark is none of JSON, and passed over.
    let body = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    match (ours, serde_json::from_str::<Value>(body)) {
        (Ok(document), Ok(value)) => {
            // Repeated keys are counted in one object alone.
            if document.duplicates().is_empty() {
                assert_same(document.root(), &value);
            }
        }
        (Err(error), theirs) => {
            assert!(theirs.is_err(), "{text:?}: {error}");
            for span in [Some(error.span), error.related].into_iter().flatten() {
                assert!(whole.get(span.start as usize..span.end as usize).is_some());
            }
        }
        (Ok(_), Err(theirs)) => {
            let theirs = theirs.to_string();
            assert!(theirs.contains("number out of range"), "{text:?}: {theirs}");
        }
    }
}

pub(in crate::doc) fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z\"\\\\/\n\t é😀%+':#-]{0,12}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec(("[a-cé\"\\\\]{0,2}", inner), 0..6)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_serde_json_writes_is_read_the_same(value in values(), pretty in any::<bool>()) {
        let text = if pretty {
            serde_json::to_string_pretty(&value).unwrap()
        } else {
            value.to_string()
        };
        let (_, _, document) = read(&text);
        assert_same(document.unwrap().root(), &value);
    }

    #[test]
    fn a_damaged_text_is_judged_the_same(
        value in values(),
        at in any::<prop::sample::Index>(),
        cut in 0usize..4,
        piece in prop::sample::select(vec![
            "", "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\uD800", "0", "-", ".", "e", "1e999",
            "null", "tru", "'", "//", " ", "\n", "\t", "\u{0}", "\u{A0}", "\u{FEFF}", "é", "\"a\":1",
        ]),
    ) {
        let mut text = value.to_string();
        let mut at = at.index(text.len() + 1);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let cut = text.chars().skip(text.get(..at).unwrap().chars().count()).take(cut).map(char::len_utf8).sum::<usize>();
        text.replace_range(at..at + cut, piece);
        agree(&text);
    }

    #[test]
    fn any_text_is_judged_the_same(text in any::<String>()) {
        agree(&text);
    }

    #[test]
    fn brackets_and_quotes_are_judged_the_same(text in "[\\[\\]{},:\"0-9eE.+ \\\\utrlfasn-]{0,24}") {
        agree(&text);
    }
}
