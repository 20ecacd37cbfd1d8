use proptest::prelude::*;

use crate::doc::{Document, Kind, Node, Syntax, SyntaxError, SyntaxErrorKind as Slip, parse};
use crate::text::SourceMap;

fn read(text: &str) -> (SourceMap, Result<Vec<Document>, SyntaxError>) {
    let mut sources = SourceMap::default();
    let id = sources.add_file("a.yaml", text.as_bytes().to_vec()).unwrap();
    let documents = parse(&sources, id, Syntax::Yaml);
    (sources, documents)
}

fn one(text: &str) -> (SourceMap, Document) {
    let (sources, documents) = read(text);
    let mut documents = documents.unwrap();
    assert_eq!(documents.len(), 1);
    (sources, documents.remove(0))
}

#[track_caller]
fn assert_slip(text: &str, kind: Slip, under: &str) {
    let (sources, documents) = read(text);
    let error = documents.unwrap_err();
    assert_eq!((&error.kind, sources.slice(error.span)), (&kind, under), "{text:?}");
}

/// What stands in the file for each key and scalar, in order.
fn pieces(text: &str) -> Vec<String> {
    fn walk(sources: &SourceMap, node: Node<'_>, found: &mut Vec<String>) {
        match node.kind() {
            Kind::Mapping => node.entries().for_each(|entry| {
                found.push(sources.slice(entry.key_span).to_owned());
                walk(sources, entry.value, found);
            }),
            Kind::Sequence => node.items().for_each(|item| walk(sources, item, found)),
            _ => found.push(sources.slice(node.span()).to_owned()),
        }
    }
    let (sources, document) = one(text);
    let mut found = Vec::new();
    walk(&sources, document.root(), &mut found);
    found
}

#[test]
fn a_function_of_cloudformation_is_an_object_with_one_key() {
    let text = "a: !Sub 'x'\nb: &r !Ref Name\nc: !Join [ ':', [ 1, !GetAtt R.Arn ] ]\nd: !If\n  - C\n  - *r\n  - !Ref AWS::NoValue\ne: 1\n";
    let (sources, document) = one(text);
    let root = document.root();
    let sub = root.get("a").unwrap();
    assert_eq!(sub.get("Fn::Sub").unwrap().text().unwrap(), "x");
    assert_eq!(sources.slice(sub.span()), "!Sub 'x'");
    assert_eq!(sources.slice(sub.entries().next().unwrap().key_span), "!Sub");
    let join: Vec<_> = root.get("c").unwrap().get("Fn::Join").unwrap().items().collect();
    let at: Vec<_> = join[1].items().collect();
    assert_eq!(at[1].get("Fn::GetAtt").unwrap().text().unwrap(), "R.Arn");
    let branches: Vec<_> = root.get("d").unwrap().get("Fn::If").unwrap().items().collect();
    assert_eq!(branches[1].get("Ref").unwrap().text().unwrap(), "Name");
    assert_eq!(branches[2].get("Ref").unwrap().text().unwrap(), "AWS::NoValue");
    assert_eq!(root.get("e").unwrap().as_i64(), Some(1));
    assert_eq!(root.entries().count(), 5);
    assert_slip("? !Ref x\n: 1\n", Slip::KeyNotScalar, "!Ref x");
}

#[test]
fn a_scalar_stands_without_tag_anchor_comment_or_space() {
    assert_eq!(
        pieces("a: !!str \"x y\"  # c\nb: &q 'it''s' \nc: *q\nd: !!int 12 # é\n"),
        ["a", "\"x y\"", "b", "'it''s'", "c", "'it''s'", "d", "12"]
    );
    assert_eq!(
        pieces("a: plain\n  multi\n\n  line # z\nb: &x !!str\n  x"),
        ["a", "plain\n  multi\n\n  line", "b", "x"]
    );
    assert_eq!(
        pieces("k: [ # é\n a, {b: c}, d: e , \"f\" ]\n"),
        ["k", "a", "b", "c", "d", "e", "\"f\""]
    );
}

#[test]
fn places_are_bytes_with_crlf_a_mark_and_other_letters() {
    let text = "\u{FEFF}\"é\": 'ü'\r\n😀: [é, \"ß\" ]\r\nb: |\r\n  é\r\n  x\r\nc: d\r\n";
    assert_eq!(pieces(text), ["\"é\"", "'ü'", "😀", "é", "\"ß\"", "b", "é\r\n  x", "c", "d"]);
}

#[test]
fn a_block_scalar_stands_without_its_header() {
    assert_eq!(
        pieces("a: |  # é\n  one\n   two\n\n  thrée\n\n\nb: >-\n  fold\n  ed\nc: |2\n    x\n"),
        ["a", "one\n   two\n\n  thrée", "b", "fold\n  ed", "c", "  x"]
    );
    assert_eq!(
        pieces("a: &x !!str |\n  \n  one\n  two\nb: !!str >-\n    |x\n"),
        ["a", "one\n  two", "b", "|x"]
    );
    assert_eq!(pieces("a: &x >-1\n  é\n  x\nb: !!str |1\n  y\n"), ["a", " é\n  x", "b", " y"]);
    assert_eq!(pieces("a: |\n\nb: >+\n\n  \nc: |-\n   \n   x\n  \n"), ["a", "", "b", "", "c", "x"]);
}

#[test]
fn a_no_break_space_is_text() {
    assert_eq!(pieces("a: b\u{A0} \nc: |\n  d\u{A0}\n"), ["a", "b\u{A0}", "c", "d\u{A0}"]);
}

#[test]
fn collections_end_with_the_last_thing_in_them() {
    let (sources, document) = one(
        "a: &x\n  - 1\n  - 2  # two\n\nb:\n  c: *x\n  d: *x  # é\ne: [ 1, 2 ]  # é\nf: &m { a: 1 } \n",
    );
    let of = |key: &str| sources.slice(document.root().get(key).unwrap().span());
    assert_eq!(of("a"), "- 1\n  - 2");
    assert_eq!(of("b"), "c: *x\n  d: *x");
    assert_eq!(of("e"), "[ 1, 2 ]");
    assert_eq!(of("f"), "{ a: 1 }");
}

#[test]
fn plain_scalars_follow_the_core_schema() {
    let kinds = |text: &str| one(text).1.root().kind();
    for text in ["true", "False", "TRUE"] {
        assert_eq!(kinds(text), Kind::Bool, "{text}");
    }
    for text in ["null", "~", "NULL", "!!null ''"] {
        assert_eq!(kinds(text), Kind::Null, "{text}");
    }
    for text in [
        "0", "-1", "+12", "1.5", ".5", "1.", "1e3", "1.5E-3", "0x1F", "0o17", ".inf", "-.INF",
        ".nan",
    ] {
        assert_eq!(kinds(text), Kind::Number, "{text}");
    }
    for text in [
        "2012-10-17",
        "yes",
        "No",
        "on",
        "tRUE",
        "\"1\"",
        "'true'",
        "! 12",
        "!!str 12",
        "0x",
        "1e",
        ".",
        "1_000",
        "0o8",
        "+",
        "-",
        "12:30",
        "s3:Get*",
        "-.nan",
        "+0x1F",
        "<<",
    ] {
        let text = if text == "-" { "'-'" } else { text };
        assert_eq!(kinds(text), Kind::String, "{text}");
    }
    let (_, document) = one("[0x1F, 0o17, +5, -5, 1.0]");
    let whole: Vec<_> = document.root().items().map(Node::as_i64).collect();
    assert_eq!(whole, [Some(31), Some(15), Some(5), Some(-5), None]);
    let (_, document) = one("True");
    assert_eq!(document.root().as_bool(), Some(true));
}

#[test]
fn aliases_are_copies_and_a_merge_key_is_a_key() {
    let (sources, document) = one("a: &x {k: [1, 2], s: \"\\x41\"}\nb: *x\n<<: *x\nc: [*x, *x]\n");
    let root = document.root();
    for node in [root.get("b"), root.get("<<"), root.get("c").unwrap().items().nth(1)] {
        let node = node.unwrap();
        assert_eq!(sources.slice(node.get("k").unwrap().span()), "[1, 2]");
        assert_eq!(node.get("k").unwrap().len(), 2);
        assert_eq!(node.get("s").unwrap().text().unwrap(), "A");
    }
    assert!(root.get("k").is_none());
    let (_, document) = one("? &k key\n: 1\n*k : 2\n");
    let repeated: Vec<_> = document.duplicates().iter().map(|found| found.key.as_str()).collect();
    assert_eq!(repeated, ["key"]);
}

#[test]
fn repeated_keys_are_reported_where_they_are_written() {
    let (sources, document) = one("a: &x {k: 1, 'k': 2}\nb: [*x, *x]\na: 3\n");
    let found: Vec<_> =
        document.duplicates().iter().map(|found| sources.slice(found.again)).collect();
    assert_eq!(found, ["'k'", "a"]);
}

#[test]
fn one_text_holds_several_documents() {
    let (sources, documents) = read("a: 1\n---\n- b\n...\n---\n\"c\"\n--- |\n d\n");
    let documents = documents.unwrap();
    let roots: Vec<_> = documents.iter().map(|found| sources.slice(found.root().span())).collect();
    assert_eq!(roots, ["a: 1", "- b", "\"c\"", "d"]);
}

#[test]
fn json_is_yaml() {
    let (sources, document) = one("{\"a\": [\"\\u00e9\", 1e3]}");
    assert_eq!(document.syntax(), Syntax::Yaml);
    let item = document.root().get("a").unwrap().items().next().unwrap();
    assert_eq!((sources.slice(item.span()), item.text().unwrap().as_ref()), ("\"\\u00e9\"", "é"));
    assert_eq!(pieces("{\"a\": 'x', }"), ["\"a\"", "'x'"]);
}

#[test]
fn slips_are_named_where_they_are() {
    assert_slip("", Slip::Empty, "");
    assert_slip("# é\n", Slip::Empty, "# é\n");
    assert_slip("a:\n\tb: 1\n", Slip::TabIndentation, "\t");
    assert_slip("é: |\n  x\nb:\n  c: 1\n\td: 1\n", Slip::TabIndentation, "\t");
    assert_slip("a: [*é, b]\n", Slip::UnknownAlias, "*é");
    assert_slip("a: &x [*x]\n", Slip::UnknownAlias, "*x");
    assert_slip("[a, b]: 1\n", Slip::KeyNotScalar, "[");
    assert_slip("a: &x [1]\n*x : 2\n", Slip::KeyNotScalar, "*x");
    assert_slip("a: \u{1}\n", Slip::ControlCharacter, "\u{1}");
    assert_slip("a: 1\0b", Slip::ControlCharacter, "\0");
    assert_slip("a: !Vault 'x'\n", Slip::UnknownTag { tag: "!Vault".into() }, "!Vault");
    assert_slip("a: !!set {x}\n", Slip::UnknownTag { tag: "!!set".into() }, "!!set");
    assert_slip("é: !!binary aGk=\n", Slip::UnknownTag { tag: "!!binary".into() }, "!!binary");
    assert_slip("!<tag:x,1:y> a\n", Slip::UnknownTag { tag: "tag:x,1:y".into() }, "!<tag:x,1:y>");
    assert_slip("a: !!int é\n", Slip::TagUnfit { tag: "!!int".into() }, "é");
    let says = |text: &str| read(text).1.unwrap_err().to_string();
    assert!(says("é: [1\nb: 2\n").starts_with("this is not well-formed YAML: "));
    assert!(says("a: 'x\n").starts_with("this is not well-formed YAML: "));
}

#[test]
fn nesting_is_limited() {
    for text in [
        "[".repeat(100_000),
        "- ".repeat(100_000),
        (0..1000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect(),
        format!("a: &x {}{}\nb: [*x]\n", "[".repeat(127), "]".repeat(127)),
        (0..60)
            .map(|n| format!("- &a{} [[[*a{n}]]]\n", n + 1))
            .collect::<String>()
            .replacen("*a0", "1", 1),
    ] {
        assert_eq!(read(&text).1.unwrap_err().kind, Slip::TooDeep);
    }
    assert_eq!(read(&"? ".repeat(100_000)).1.unwrap_err().kind, Slip::KeyNotScalar);
    assert!(read(&format!("{}1{}", "[".repeat(128), ",]".repeat(128))).1.is_ok());
}

#[test]
fn what_aliases_add_is_limited() {
    let mut text = "- &a0 [1, 2, 3, 4, 5, 6, 7, 8, 9]\n".to_owned();
    for n in 0..9 {
        let list = vec![format!("*a{n}"); 9].join(", ");
        text.push_str(&format!("- &a{} [{list}]\n", n + 1));
    }
    let long = format!("- &a {}\n- [{}]\n", "x".repeat(1 << 20), "*a, ".repeat(17));
    for text in [text, long] {
        let error = read(&text).1.unwrap_err();
        assert!(matches!(error.kind, Slip::TooManyAliased { .. }));
    }
}

#[test]
fn a_flow_collection_that_would_fill_the_memory_is_refused() {
    let error = read(&format!("[{}'x']", "a,".repeat(1_000_001))).1.unwrap_err();
    assert_eq!(error.kind, Slip::TooLargeYaml);
    let error = read(&format!("--- [\n{}'x']", "a,\n".repeat(1_000_001))).1.unwrap_err();
    assert_eq!(error.kind, Slip::TooLargeYaml);
    assert!(read(&format!("é: {{}}\n{}", "- [a, b, c, d, e]\n".repeat(3))).1.is_err());
}

fn assert_sound(text: &str) {
    let (sources, documents) = read(text);
    let check = |span: crate::text::Span| {
        let whole = sources.text(span.source);
        assert!(whole.get(span.start as usize..span.end as usize).is_some(), "{text:?}: {span:?}");
    };
    match documents {
        Err(error) => check(error.span),
        Ok(documents) => {
            for document in &documents {
                for at in 0..document.nodes.len() {
                    let node = document.node(crate::doc::NodeId(u32::try_from(at).unwrap()));
                    check(node.span());
                    check(node.inner_span());
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn spans_are_sound_for_any_text(text in any::<String>()) {
        assert_sound(&text);
    }

    #[test]
    fn spans_are_sound_for_what_looks_like_yaml(
        text in "(\u{FEFF})?([a-cé😀]|: |- |\n|\n  |\r\n|\\[|\\]|\\{|\\}|, |\"|'|''|\\\\|\\||>|&a |\\*a|!!str |! |#| |\t|---\n|~|\\? ){0,30}"
    ) {
        assert_sound(&text);
    }
}
