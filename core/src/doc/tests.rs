use super::*;
use SyntaxErrorKind as Slip;

#[test]
fn the_notation_is_told_by_extension_and_else_by_the_first_character() {
    for (path, text, syntax) in [
        ("a.json", "a: 1", Syntax::Json),
        ("a.YAML", "{}", Syntax::Yaml),
        ("a.b.yml", "{}", Syntax::Yaml),
        ("", "\u{FEFF}\n {", Syntax::Json),
        ("a.txt", "[1]", Syntax::Json),
        ("dir.json/file", "# a", Syntax::Yaml),
        ("-", "", Syntax::Json),
    ] {
        assert_eq!(Syntax::guess(path, text), syntax, "{path} {text:?}");
    }
}

#[test]
fn what_an_error_says_can_stand_in_one_line() {
    let mut sources = SourceMap::default();
    let source = sources.add_given("test", "");
    let word = || "x".to_owned();
    for kind in [
        Slip::Empty,
        Slip::TrailingComma,
        Slip::MissingComma,
        Slip::MissingColon,
        Slip::Comment,
        Slip::SingleQuotes,
        Slip::CurledQuotes,
        Slip::OddSpace,
        Slip::UnquotedKey,
        Slip::UnknownWord { found: word(), instead: "`null`" },
        Slip::ExpectedKey,
        Slip::ExpectedValue,
        Slip::Unclosed { closing: '}' },
        Slip::WrongBracket { closing: ']' },
        Slip::MissingBracket { closing: ']' },
        Slip::MissingBracket { closing: '}' },
        Slip::KeyInList,
        Slip::Markup,
        Slip::UnclosedString,
        Slip::ControlCharacter,
        Slip::BadEscape,
        Slip::LoneSurrogate,
        Slip::BadNumber,
        Slip::TrailingText,
        Slip::SeveralDocuments,
        Slip::TooDeep,
        Slip::TabIndentation,
        Slip::KeyNotScalar,
        Slip::UnknownTag { tag: word() },
        Slip::TagUnfit { tag: word() },
        Slip::UnknownAlias,
        Slip::TooLargeYaml,
        Slip::TooManyAliased { most: 1 },
        Slip::Yaml { says: word() },
    ] {
        let error = SyntaxError { kind, span: sources.whole(source), related: None };
        for words in [error.to_string(), error.label().to_owned(), error.help()] {
            let first = words.split(' ').next().unwrap_or_default();
            let lower = first.starts_with(|c: char| !c.is_uppercase());
            assert!(lower || first == "JSON" || first == "YAML", "{words}");
            assert!(!words.is_empty() && !words.ends_with('.') && !words.contains('\n'), "{words}");
        }
        assert!(error.label().split(' ').count() <= 8);
    }
}

#[test]
fn a_long_document_is_dropped_and_walked_without_recursion() {
    let mut sources = SourceMap::default();
    let id = sources.add_given("test", format!("[{}1]", "{\"a\": [1]},".repeat(10_000)));
    let documents = parse(&sources, id, Syntax::Json).unwrap_or_default();
    let len: Vec<_> = documents.iter().map(|document| document.root().len()).collect();
    assert_eq!(len, [10_001]);
}
