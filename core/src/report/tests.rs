//! The formats, over the same few diagnoses.

mod samples;

use proptest::prelude::*;

use self::samples::{Sample, at, decoded, inconclusive, one_source, samples, three_sources};
use super::*;
use crate::eval::Decision;
use crate::text::Span;

fn render(sample: &Sample, style: Style) -> String {
    written(Format::Human, std::slice::from_ref(&sample.diagnosis), &sample.sources, style)
}

fn written(format: Format, diagnoses: &[Diagnosis], sources: &SourceMap, style: Style) -> String {
    let mut out = Vec::new();
    write(format, diagnoses, sources, &style, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// A drawing without the answer and the checklist above it.
fn drawn(text: &str, marks: &[(&str, &str)], style: Style) -> String {
    let mut sources = SourceMap::default();
    let source = sources.add_file("a.json", text.into()).unwrap();
    let labels: Vec<(Span, String)> = marks
        .iter()
        .map(|(needle, label)| (at(&sources, source, needle), (*label).to_owned()))
        .collect();
    let mut out = Vec::new();
    diagnostic("it is wrong", None, &labels, &sources, &style, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn snapshots() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings
}

#[test]
fn human_reads_well_at_each_width() {
    snapshots().bind(|| {
        for sample in samples() {
            for (suffix, style) in [
                ("60_ascii", Style { width: 60, ..Style::default() }),
                ("80_ascii", Style::default()),
                ("80_unicode", Style { unicode: true, ..Style::default() }),
                ("120_unicode", Style { width: 120, unicode: true, ..Style::default() }),
            ] {
                let name = format!("human_{}_{suffix}", sample.name);
                insta::assert_snapshot!(name, render(&sample, style));
            }
        }
    });
}

#[test]
fn human_in_colour_says_the_same_words() {
    for sample in samples() {
        for unicode in [false, true] {
            let plain = Style { unicode, ..Style::default() };
            let colored = render(&sample, Style { color: true, ..plain });
            assert!(colored.contains('\u{1b}'));
            assert_eq!(without_ansi(&colored), render(&sample, plain), "{}", sample.name);
        }
    }
    let style = Style { color: true, unicode: true, ..Style::default() };
    snapshots().bind(|| insta::assert_snapshot!("human_colour", render(&three_sources(), style)));
}

#[test]
fn verbose_shows_statements_and_context() {
    let style = Style { verbose: true, ..Style::default() };
    snapshots().bind(|| insta::assert_snapshot!("human_verbose", render(&one_source(), style)));
}

#[test]
fn without_unicode_only_the_user_leaves_ascii() {
    for sample in samples() {
        if sample.name != "non_ascii" {
            assert!(render(&sample, Style::default()).is_ascii(), "{}", sample.name);
        }
    }
}

#[test]
fn several_diagnoses_follow_one_another() {
    let sample = one_source();
    let both = [sample.diagnosis.clone(), sample.diagnosis.clone()];
    let text = written(Format::Human, &both, &sample.sources, Style::default());
    assert_eq!(
        text,
        [render(&sample, Style::default()), render(&sample, Style::default())].join("\n")
    );
}

#[test]
fn a_secret_is_not_shown() {
    let text = "{\n  \"AccessKeyId\": \"ASIAIOSFODNN7EXAMPLE\",\n  \"SecretAccessKey\": \"hidden-one\",\n  \
                \"SessionToken\": \"hidden-two\",\n  \"Expiration\": \"2026-11-23\"\n}\n";
    let shown = drawn(text, &[("\"2026-11-23\"", "expired")], Style::default());
    assert!(shown.contains("Expiration") && !shown.contains("hidden"), "{shown}");
    let shown = drawn(text, &[("ASIAIOSFODNN7EXAMPLE", ""), ("2026", "")], Style::default());
    assert!(!shown.contains("hidden") && !shown.contains("SecretAccessKey"), "{shown}");
    // Where the line itself is meant, or all is on one line, the value is starred.
    let shown = drawn(text, &[("\"hidden-one\"", "a string")], Style::default());
    assert!(shown.contains("\"**********\"") && !shown.contains("hidden"), "{shown}");
    let long = text.replace('\n', "").replace("hidden-two", &"hidden-two".repeat(300));
    for text in [text.replace('\n', ""), long] {
        let shown = drawn(&text, &[("2026", "expired")], Style { width: 200, ..Style::default() });
        assert!(shown.contains("2026") && !shown.contains("hidden"), "{shown}");
    }
    let all = drawn(text, &[(text.trim_end(), "all of it")], Style::default());
    assert!(all.contains("AccessKeyId") && !all.contains("hidden"), "{all}");
}

#[test]
fn a_terminal_escape_is_spelled_out() {
    let shown = drawn("{\"a\": \"\u{1b}[2Jx\u{202e}\"}\r\n", &[("a", "\u{7}x")], Style::default());
    assert!(shown.contains("<U+001B>[2Jx<U+202E>") && shown.contains("<U+0007>x"), "{shown}");
}

#[test]
fn an_empty_span_points_between_characters() {
    let mut sources = SourceMap::default();
    for text in ["", "{", "{\n}", "{\n", "\r\n"] {
        let source = sources.add_file("a.json", text.into()).unwrap();
        for offset in 0..=text.len() {
            let offset = u32::try_from(offset).unwrap();
            let span = Span { source, start: offset, end: offset };
            let mut out = Vec::new();
            let labels = [(span, "something is missing here".to_owned())];
            diagnostic(
                "it is wrong",
                Some("add it"),
                &labels,
                &sources,
                &Style::default(),
                &mut out,
            )
            .unwrap();
            let shown = String::from_utf8(out).unwrap();
            assert!(shown.contains("^\n"), "{shown}");
            assert!(shown.contains("something is missing here"), "{shown}");
        }
    }
}

fn without_ansi(text: &str) -> String {
    let mut plain = String::new();
    let mut parts = text.split('\u{1b}');
    plain.push_str(parts.next().unwrap());
    for part in parts {
        plain.push_str(part.split_once('m').unwrap().1);
    }
    plain
}

/// What stands above the underlines of a drawing without labels.
fn underlined(shown: &str) -> Vec<String> {
    let lines: Vec<&str> = shown.lines().collect();
    let pairs = lines.windows(2).filter(|pair| pair[1].contains('^') && !pair[0].contains('^'));
    pairs
        .map(|pair| {
            let is_under: Vec<bool> = pair[1].chars().map(|c| c == '^').collect();
            let under = pair[0].chars().zip(is_under).filter(|(_, under)| *under);
            under.map(|(c, _)| c).collect()
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_line_is_wider_than_the_terminal(
        text in "([a-z\"{} \t:,]{0,40}|[営😀é]{0,30}|\r?\n|\u{1b}|SessionToken\": \"x){0,40}",
        places in proptest::collection::vec((0_usize..2000, 0_usize..300), 1..5),
        width in 60_usize..200,
        unicode in proptest::bool::ANY,
    ) {
        let mut sources = SourceMap::default();
        let source = sources.add_file("some/file.json", text.clone().into()).unwrap();
        let label = "a label of a few words, or of some more than that".to_owned();
        let labels: Vec<(Span, String)> = places
            .iter()
            .map(|(start, length)| {
                let start = start % (text.len() + 1);
                let end = (start + length).min(text.len());
                let (start, end) = (u32::try_from(start).unwrap(), u32::try_from(end).unwrap());
                (Span { source, start, end }, label.clone())
            })
            .collect();
        let style = Style { width, unicode, ..Style::default() };
        let mut out = Vec::new();
        diagnostic("it is wrong", None, &labels, &sources, &style, &mut out).unwrap();
        let shown = String::from_utf8(out).unwrap();
        for line in shown.lines() {
            prop_assert!(layout::width(line) <= width, "{} > {width}: {line}\n{shown}", layout::width(line));
        }
    }

    #[test]
    fn what_is_meant_is_underlined(
        before in "[a-z\t ]{0,300}", meant in "[A-Z]{1,20}", after in "[a-z\t]{0,300}",
        lines in "([a-z ]{0,50}\r?\n){0,12}", width in 60_usize..200,
    ) {
        let text = format!("{lines}{before}{meant}{after}\n");
        let style = Style { width, ..Style::default() };
        let shown = drawn(&text, &[(&meant, "")], style);
        prop_assert_eq!(underlined(&shown), vec![meant], "{}", shown);
    }
}

#[test]
fn a_line_of_megabytes_is_cropped() {
    let text = format!("[{}\"here\"{}]", "\"x\",".repeat(500_000), ",\"y\"".repeat(500_000));
    let shown = drawn(&text, &[("\"here\"", "this one")], Style::default());
    assert_eq!(underlined(&shown.replace("^|", "^^")), vec!["\"here\""], "{shown}");
}

#[test]
fn json_is_as_promised() {
    snapshots().bind(|| {
        for sample in [three_sources(), inconclusive(), decoded()] {
            let one = std::slice::from_ref(&sample.diagnosis);
            let text = written(Format::Json, one, &sample.sources, Style::default());
            insta::assert_snapshot!(format!("json_{}", sample.name), text);
        }
    });
}

fn schema(text: &str) -> jsonschema::Validator {
    jsonschema::validator_for(&serde_json::from_str(text).unwrap()).unwrap()
}

#[track_caller]
fn assert_valid(schema: &jsonschema::Validator, text: &str) {
    let value: serde_json::Value = serde_json::from_str(text).unwrap();
    let errors: Vec<String> = schema.iter_errors(&value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}\n{text}");
}

#[test]
fn json_agrees_with_its_published_schema() {
    let schema = schema(include_str!("../../../docs/json-schema/diagnosis-v1.json"));
    for sample in samples() {
        let one = std::slice::from_ref(&sample.diagnosis);
        let text = written(Format::Json, one, &sample.sources, Style::default());
        assert_valid(&schema, &text);
        let two = [sample.diagnosis.clone(), sample.diagnosis.clone()];
        let several = written(Format::Json, &two, &sample.sources, Style::default());
        assert_valid(&schema, &several);
        // Every member is required.
        let broken = text.replacen("\"gaps\"", "\"gap\"", 1);
        assert!(!schema.is_valid(&serde_json::from_str(&broken).unwrap()));
        // What is masked is the same document.
        assert_valid(&schema, &Redactor::new().apply(&text));
    }
}

#[test]
fn a_json_place_is_the_bytes_of_the_file() {
    let sample = decoded();
    let one = std::slice::from_ref(&sample.diagnosis);
    let text = written(Format::Json, one, &sample.sources, Style::default());
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let place = value.pointer("/findings/0/primary").unwrap();
    let number = |name: &str| usize::try_from(place.get(name).unwrap().as_u64().unwrap()).unwrap();
    let span = sample.sources.to_host(sample.diagnosis.findings.first().unwrap().primary.span);
    let file = sample.sources.text(span.source);
    let bytes = file.get(number("start")..number("end")).unwrap();
    assert_eq!(place.get("text").unwrap().as_str().unwrap(), bytes);
    assert!(bytes.starts_with("%22%61%72%6E"));
    assert_eq!(number("line"), 3);
}

fn run() -> TestRun {
    let case = |file: &str, name: &str, outcome, decision, message: Option<&str>| TestedCase {
        file: file.to_owned(),
        name: name.to_owned(),
        outcome,
        decision,
        rules: vec!["identity-no-allow".to_owned()],
        message: message.map(str::to_owned),
    };
    let denied = Some(Decision::ImplicitDeny);
    let differs = "expected allowed, is implicit-deny: no identity-based policy allows `s3:GetObject` <here>\nrules: identity-no-allow";
    TestRun {
        cases: vec![
            case("cases/a.yaml", "one", CaseOutcome::Passed, denied, None),
            case("cases/a.yaml", "two", CaseOutcome::Failed, denied, Some(differs)),
            case("cases/b.yaml", "three", CaseOutcome::Unchecked, denied, None),
            case("cases/b.yaml", "four", CaseOutcome::Error, None, Some("no such file: x.json")),
        ],
    }
}

fn test_report(format: TestFormat, style: Style) -> String {
    let mut out = Vec::new();
    write_test_run(format, &run(), &style, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_test_run_is_reported_in_each_format() {
    snapshots().bind(|| {
        insta::assert_snapshot!("test_human", test_report(TestFormat::Human, Style::default()));
        let verbose = Style { verbose: true, ..Style::default() };
        insta::assert_snapshot!("test_verbose", test_report(TestFormat::Human, verbose));
        insta::assert_snapshot!("test_json", test_report(TestFormat::Json, Style::default()));
        insta::assert_snapshot!("test_junit", test_report(TestFormat::Junit, Style::default()));
    });
    let schema = schema(include_str!("../../../docs/json-schema/test-v1.json"));
    assert_valid(&schema, &test_report(TestFormat::Json, Style::default()));
}

#[test]
fn a_prefix_that_is_wider_than_the_indent_counts_on_its_line() {
    for title in ["then retry:", "\u{1b}[1mthen retry:\u{1b}[0m"] {
        let mut text = String::new();
        let command = "aws sts assume-role --role-arn arn:aws:iam::111122223333:role/reporting";
        layout::hang(&mut text, &format!("\n{title} "), 4, command, 80);
        let lines: Vec<_> = text.lines().skip(1).collect();
        assert_eq!(
            lines,
            [
                format!("{title} aws sts assume-role --role-arn").as_str(),
                "    arn:aws:iam::111122223333:role/reporting"
            ]
        );
    }
}
