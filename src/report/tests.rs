//! The formats, over the same few diagnoses.

use proptest::prelude::*;

use super::*;
use crate::doc::embed::document_in;
use crate::doc::{Syntax, parse};
use crate::eval::Decision;
use crate::finding::{
    DecidingStatement, Finding, Gate, GateReport, Outcome, Party, Severity, StatementRole,
};
use crate::layers::Gap;
use crate::policy::{Effect, PolicyType};
use crate::text::{SourceId, Span};

const TRUST: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Sid": "TrustCi",
      "Effect": "Allow",
      "Principal": {
        "AWS": "arn:aws:iam::444455556666:role/ci-old"
      },
      "Action": "sts:AssumeRole"
    }
  ]
}
"#;
const REQUEST: &str = "principal  arn:aws:sts::444455556666:assumed-role/ci/build-77\n\
                       action     sts:AssumeRole\n\
                       resource   arn:aws:iam::111122223333:role/deploy\n";

/// A diagnosis with its sources.
pub(super) struct Sample {
    name: &'static str,
    pub(super) diagnosis: Diagnosis,
    pub(super) sources: SourceMap,
}

fn at(sources: &SourceMap, source: SourceId, needle: &str) -> Span {
    let start = sources.text(source).find(needle).unwrap();
    let end = u32::try_from(start + needle.len()).unwrap();
    Span { source, start: u32::try_from(start).unwrap(), end }
}

fn gate(gate: Gate, outcome: Outcome, summary: &str) -> GateReport {
    GateReport { gate, outcome, summary: summary.to_owned() }
}

fn base(decision: Decision, headline: &str) -> Diagnosis {
    Diagnosis {
        decision,
        headline: headline.to_owned(),
        principal: "arn:aws:sts::444455556666:assumed-role/ci/build-77".to_owned(),
        action: "sts:AssumeRole".to_owned(),
        resource: "arn:aws:iam::111122223333:role/deploy".to_owned(),
        same_account: Some(false),
        context: vec![
            ("aws:PrincipalArn".to_owned(), vec!["arn:aws:iam::444455556666:role/ci".to_owned()]),
            ("aws:TagKeys".to_owned(), vec!["team".to_owned(), "app".to_owned()]),
        ],
        gates: vec![
            gate(Gate::RoleArn, Outcome::Passed, "well-formed, the role is in export/roles.json"),
            gate(Gate::Caller, Outcome::Passed, "a session of role ci"),
            gate(Gate::Credentials, Outcome::Passed, "expire in 42 min"),
            gate(
                Gate::IdentityPolicies,
                Outcome::Passed,
                "statement AssumeDeploy of policy ci-deploy allows it",
            ),
            gate(Gate::TrustPolicy, Outcome::Passed, "statement TrustCi names the caller's role"),
            gate(Gate::ExplicitDenies, Outcome::Passed, "none among 14 statements of 5 policies"),
            gate(Gate::PermissionsBoundary, Outcome::Passed, "none is attached to role ci"),
            gate(Gate::SessionPolicy, Outcome::NotApplicable, "the session has none"),
        ],
        findings: Vec::new(),
        gaps: Vec::new(),
        statements: Vec::new(),
        notes: Vec::new(),
    }
}

fn set(diagnosis: &mut Diagnosis, which: Gate, outcome: Outcome, summary: &str) {
    let report = diagnosis.gates.iter_mut().find(|report| report.gate == which).unwrap();
    *report = gate(which, outcome, summary);
}

fn denied(headline: &str) -> Diagnosis {
    let mut diagnosis = base(Decision::ImplicitDeny, headline);
    let summary = "no statement names this caller";
    set(&mut diagnosis, Gate::TrustPolicy, Outcome::Failed, summary);
    diagnosis
}

fn trust_finding(span: Span) -> Finding {
    Finding::new(
        "trust-principal-mismatch",
        "the trust policy of `deploy` trusts role `ci-old`, the caller is a session of role `ci`",
        span,
        "names another role than the caller's, `ci`",
    )
    .help("ask the owner of account 111122223333 to trust `arn:aws:iam::444455556666:role/ci`")
    .owner(Party::RoleAccount)
}

fn no_finding() -> Sample {
    let diagnosis = base(Decision::Allowed, "every layer lets it through");
    Sample { name: "no_finding", diagnosis, sources: SourceMap::default() }
}

fn one_source() -> Sample {
    let mut sources = SourceMap::default();
    let trust = sources.add_file("export/trust.json", TRUST.into()).unwrap();
    let mut diagnosis = denied("decided by the role's trust policy");
    let value = at(&sources, trust, "\"arn:aws:iam::444455556666:role/ci-old\"");
    diagnosis.findings.push(trust_finding(value));
    diagnosis.statements.push(DecidingStatement {
        policy: "the trust policy".to_owned(),
        policy_type: PolicyType::Trust,
        sid: Some("TrustCi".to_owned()),
        effect: Effect::Allow,
        role: StatementRole::Nearest,
        span: value,
    });
    Sample { name: "one_source", diagnosis, sources }
}

fn three_sources() -> Sample {
    let mut sources = SourceMap::default();
    let trust = sources.add_file("export/trust.json", TRUST.into()).unwrap();
    let request = sources.add_given("request", REQUEST);
    let scp = "{\"Statement\": {\r\n\t\"Effect\": \"Deny\",\r\n\t\"Action\": \"sts:*\",\r\n\
               \t\"Resource\": \"*\",\r\n\t\"Condition\": {\"StringNotEquals\": \
               {\"aws:RequestedRegion\": \"eu-west-1\"}}\r\n}}\r\n";
    let scp = sources.add_file("export/scp-guard.json", scp.into()).unwrap();
    let mut diagnosis = denied("decided by the role's trust policy");
    let value = at(&sources, trust, "\"arn:aws:iam::444455556666:role/ci-old\"");
    let caller = at(&sources, request, "arn:aws:sts::444455556666:assumed-role/ci/build-77");
    let deny = at(&sources, scp, "\"Deny\"");
    let action = at(&sources, scp, "\"sts:*\"");
    let summary =
        "statement 1 of export/scp-guard.json may deny it, depending on aws:RequestedRegion";
    diagnosis.gates.push(gate(Gate::ServiceControlPolicies, Outcome::Inconclusive, summary));
    diagnosis.findings = vec![
        trust_finding(value).also(caller, "the caller, as given"),
        Finding::new(
            "explicit-deny",
            "`sts:AssumeRole` may be denied by service control policy `guard`",
            deny,
            "an explicit deny outweighs every allow",
        )
        .severity(Severity::Warning)
        .also(action, "matches `sts:AssumeRole`")
        .owner(Party::Organization),
        Finding::new("role-session-name", "the session is named `build-77`", caller, "")
            .severity(Severity::Note),
    ];
    Sample { name: "three_sources", diagnosis, sources }
}

fn no_file() -> Sample {
    let mut sources = SourceMap::default();
    let request = sources.add_given("request", REQUEST);
    let mut diagnosis = denied("no policy allows it");
    let summary = "no statement among 3 policies of role ci allows sts:AssumeRole on this role";
    set(&mut diagnosis, Gate::IdentityPolicies, Outcome::Failed, summary);
    diagnosis.findings.push(
        Finding::new(
            "identity-no-allow",
            "no identity-based policy of role `ci` allows `sts:AssumeRole` on `arn:aws:iam::111122223333:role/deploy`",
            at(&sources, request, "sts:AssumeRole"),
            "nothing allows this action",
        )
        .help("ask an administrator of account 444455556666 to allow `sts:AssumeRole` on the role in a policy of role `ci`")
        .owner(Party::CallerAccount),
    );
    Sample { name: "no_file", diagnosis, sources }
}

fn non_ascii() -> Sample {
    let mut sources = SourceMap::default();
    let text = "\u{feff}{\"Statement\": [{\"Sid\": \"営業部のみ\", \"Effect\": \"Deny\", \"Action\": \"*\"},\n\
                \t{\"Sid\": \"😀 équipe\u{200b}\", \"Effect\":\t\"Deny\", \"Action\": \"*\"}]}\n";
    let source = sources.add_file("設定/方針.json", text.into()).unwrap();
    let mut diagnosis = base(Decision::ExplicitDeny, "by identity-based policy `方針`");
    let sid = at(&sources, source, "営業部のみ");
    let effect = at(&sources, source, "\"Deny\", \"Action\": \"*\"},");
    let effect = Span { end: effect.start + 6, ..effect };
    let invisible = at(&sources, source, "équipe\u{200b}");
    diagnosis.findings.push(
        Finding::new("explicit-deny", "`sts:AssumeRole` is denied by `方針`", effect, "denies it")
            .also(sid, "この文")
            .also(invisible, "holds an invisible character"),
    );
    Sample { name: "non_ascii", diagnosis, sources }
}

fn inconclusive() -> Sample {
    let mut sample = one_source();
    let diagnosis = &mut sample.diagnosis;
    diagnosis.decision = Decision::Undetermined;
    diagnosis.headline = "service control policies are not visible".to_owned();
    diagnosis.findings.clear();
    set(diagnosis, Gate::TrustPolicy, Outcome::Passed, "statement TrustCi allows it");
    let summary = "the SCPs of 444455556666 are not in export/";
    diagnosis.gates.push(gate(Gate::ServiceControlPolicies, Outcome::Inconclusive, summary));
    let gap = |fact: &str, reason: &str, supply: &str| Gap {
        fact: fact.to_owned(),
        reason: reason.to_owned(),
        supply: supply.to_owned(),
    };
    diagnosis.gaps = vec![
        gap(
            "service control policies of account 444455556666",
            "no file among the facts holds them",
            "--scp FILE, or export them with `aws organizations list-policies-for-target --filter SERVICE_CONTROL_POLICY`",
        ),
        gap("aws:SourceIp", "the request context is partial", "--context KEY=VALUE"),
        gap("aws:MultiFactorAuthPresent", "the request context is partial", "--context KEY=VALUE"),
    ];
    Sample { name: "inconclusive", ..sample }
}

/// A policy on one long line.
fn one_line() -> Sample {
    let mut sources = SourceMap::default();
    let statement = |n: usize| {
        format!(
            "{{\"Sid\":\"S{n}\",\"Effect\":\"Deny\",\"Action\":\"service{n}:*\",\"Resource\":\"arn:aws:s3:::bucket-with-quite-a-long-name-{n}/some/path/to/objects/*\"}}"
        )
    };
    let statements: Vec<String> = (0..60).map(statement).collect();
    let text = format!("{{\"Version\":\"2012-10-17\",\"Statement\":[{}]}}", statements.join(","));
    let source =
        sources.add_file("export/pages/account-authorization-details.json", text.into()).unwrap();
    let mut diagnosis = base(Decision::ExplicitDeny, "by an identity-based policy");
    let deny = at(&sources, source, "\"Deny\",\"Action\":\"service33");
    let deny = Span { end: deny.start + 6, ..deny };
    let resource = at(
        &sources,
        source,
        "\"arn:aws:s3:::bucket-with-quite-a-long-name-33/some/path/to/objects/*\"",
    );
    let statement = at(&sources, source, &statements[33]);
    diagnosis.findings = vec![
        Finding::new(
            "explicit-deny",
            "the action is denied",
            deny,
            "an explicit deny outweighs every allow",
        )
        .also(resource, "matches the resource of the request, whatever the object is called"),
        Finding::new("statement", "the whole statement is meant", statement, "this statement"),
    ];
    Sample { name: "one_line", diagnosis, sources }
}

/// The statement of [`TRUST`], braces included.
fn statement_text() -> &'static str {
    let start = TRUST.find("{\n      \"Sid\"").unwrap();
    TRUST.get(start..TRUST.rfind("\n  ]").unwrap()).unwrap()
}

/// A URL-encoded document, as IAM's API gives it.
fn decoded() -> Sample {
    let mut sources = SourceMap::default();
    let encoded: String = TRUST.bytes().map(|b| format!("%{b:02X}")).collect();
    let text = format!(
        "{{\n  \"RoleName\": \"deploy\",\n  \"AssumeRolePolicyDocument\": \"{encoded}\"\n}}\n"
    );
    let file = sources.add_file("export/roles.json", text.into()).unwrap();
    let documents = parse(&sources, file, Syntax::Json).unwrap();
    let document = documents.first().unwrap();
    let node = document.root().get("AssumeRolePolicyDocument").unwrap().id();
    let inner = document_in(&mut sources, document, node).unwrap().unwrap().source();
    let mut diagnosis = denied("decided by the role's trust policy");
    let value = at(&sources, inner, "\"arn:aws:iam::444455556666:role/ci-old\"");
    let statement = at(&sources, inner, statement_text());
    diagnosis.findings = vec![
        trust_finding(value),
        Finding::new("whole", "the statement is meant", statement, "all of this"),
    ];
    Sample { name: "decoded", diagnosis, sources }
}

pub(super) fn samples() -> Vec<Sample> {
    vec![
        no_finding(),
        one_source(),
        three_sources(),
        no_file(),
        non_ascii(),
        inconclusive(),
        one_line(),
        decoded(),
    ]
}

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
    let schema = schema(include_str!("../../docs/json-schema/diagnosis-v1.json"));
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
    let schema = schema(include_str!("../../docs/json-schema/test-v1.json"));
    assert_valid(&schema, &test_report(TestFormat::Json, Style::default()));
}
