//! What a policy leaves open is a gap, and whatever fills it contradicts nothing that was certain.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::select;
use why_denied::diagnose::{decide, diagnose};
use why_denied::doc::build::{Placed, Text, Value};
use why_denied::doc::embed::document_in;
use why_denied::doc::{Hole, Kind, Syntax, parse};
use why_denied::eval::Decision;
use why_denied::layers::{Attached, Layer, Layers};
use why_denied::policy::{self, PolicyType};
use why_denied::request::{Caller, Fact, Owner, Request};
use why_denied::text::{SourceMap, Spanned};

use crate::support::{folder, run};

/// Statements with two things left open, `${var.x}` and `<y>`, in every element.
const STATEMENTS: [&str; 14] = [
    r#"{ "Effect": "Allow", "Action": "${var.x}:GetObject", "Resource": "*", "Principal": "*" }"#,
    r#"{ "Effect": "Allow", "Action": ["sts:*", "s3:<y>"], "Resource": "arn:aws:s3:::${var.x}/a", "Principal": "*" }"#,
    r#"{ "Effect": "Deny", "NotAction": "s3:${var.x}", "NotResource": "<y>", "Principal": "*" }"#,
    r#"{ "Effect": "<y>", "Action": "s3:*", "Resource": "*", "Principal": "*" }"#,
    r#"{ "Effect": "Allow", "Action": "*", "Resource": "*", "Principal": { "AWS": "arn:aws:iam::${var.x}:root" } }"#,
    r#"{ "Effect": "Allow", "Action": "*", "Resource": "*", "Principal": { "AWS": "arn:aws:iam::111122223333:role/${var.x}" } }"#,
    r#"{ "Effect": "Allow", "Action": "*", "Resource": "*", "Principal": { "AWS": ["${var.x}", "<y>"] } }"#,
    r#"{ "Effect": "Allow", "Action": "*", "Resource": "*", "Principal": { "AWS": ["111122223333", "${var.x}"] } }"#,
    r#"{ "Effect": "Deny", "Action": "*", "Resource": "*", "NotPrincipal": { "AWS": ["arn:aws:iam::111122223333:user/<y>"] } }"#,
    r#"{ "Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*", "Condition": { "StringEquals": { "aws:PrincipalAccount": "${var.x}" } } }"#,
    r#"{ "Effect": "Deny", "Action": "*", "Resource": "*", "Principal": "*", "Condition": { "StringNotLike": { "aws:PrincipalArn": "arn:aws:iam::*:role/${var.x}" } } }"#,
    r#"{ "Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*", "Condition": { "StringEqualsIgnoreCase": { "aws:PrincipalType": "<y>Role" } } }"#,
    r#"{ "Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*", "Condition": { "ArnLike": { "aws:PrincipalArn": "arn:aws:iam::<y>:*/ci" } } }"#,
    r#"{ "Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*", "Condition": { "Null": { "aws:PrincipalArn": "${var.x}" }, "Bool": { "aws:SecureTransport": "<y>" } } }"#,
];
const VALUES: [&str; 16] = [
    "s3",
    "GetObject",
    "*",
    "logs",
    "arn:aws:s3:::logs/a",
    "Allow",
    "Deny",
    "111122223333",
    "444455556666",
    "ci",
    "ana",
    "arn:aws:iam::111122223333:role/ci",
    "arn:aws:iam::111122223333:root",
    "assumed",
    "true",
    "x",
];
const CALLERS: [&str; 6] = [
    "arn:aws:sts::111122223333:assumed-role/ci/run",
    "arn:aws:iam::111122223333:user/ana",
    "arn:aws:iam::111122223333:root",
    "arn:aws:sts::444455556666:assumed-role/ci/run",
    "arn:aws:sts::111122223333:federated-user/bob",
    "anonymous",
];
const TYPES: [PolicyType; 3] =
    [PolicyType::IdentityBased, PolicyType::ResourceBased, PolicyType::PermissionsBoundary];

fn layers(sources: &mut SourceMap, policies: &[(PolicyType, String)]) -> Layers {
    let mut layers = Layers::default();
    for (policy_type, text) in policies {
        let id = sources.add_given("policy", text.clone());
        let document = parse(sources, id, Syntax::Json).unwrap().remove(0);
        let policy = Arc::new(policy::read_committed(document.root(), *policy_type));
        let attached = Attached { name: None, arn: None, attached_to: None, policy };
        layers.push(Layer::known(*policy_type, 0, vec![attached]));
    }
    layers
}

fn request(sources: &mut SourceMap, caller: &str) -> Request {
    let source = sources.add_given("request", "request");
    let span = sources.whole(source);
    let spanned = |text: &str| Spanned { value: text.to_owned(), span };
    let mut caller = Caller::parse(spanned(caller)).unwrap();
    caller.role_path = Fact::Known("/".into());
    let mut request = Request::new(caller, spanned("s3:GetObject"), spanned("arn:aws:s3:::logs/a"));
    request.resource.account = Owner::Account("111122223333".into());
    request
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 3_000, ..ProptestConfig::default() })]

    #[test]
    fn filling_a_hole_contradicts_nothing(
        chosen in proptest::collection::vec((select(TYPES.to_vec()), select(STATEMENTS.to_vec())), 1..4),
        caller in select(CALLERS.to_vec()), x in select(VALUES.to_vec()), y in select(VALUES.to_vec())
    ) {
        let mut sources = SourceMap::default();
        let mut policies: Vec<(PolicyType, String)> = chosen
            .iter()
            .map(|(policy_type, statement)| {
                let principal = statement.find("\"Principal\"").or(statement.find("\"NotPrincipal\""));
                let end = statement.find(", \"Condition\"").unwrap_or(statement.len() - 2);
                let statement = match (policy_type, principal) {
                    (PolicyType::ResourceBased, _) | (_, None) => (*statement).to_owned(),
                    (_, Some(at)) => format!("{}{}", statement[..at].trim_end_matches(", "), &statement[end..]),
                };
                (*policy_type, format!(r#"{{ "Version": "2012-10-17", "Statement": [{statement}] }}"#))
            })
            .collect();
        policies.sort_by_key(|(policy_type, _)| *policy_type);
        policies.dedup_by_key(|(policy_type, _)| *policy_type);
        let request = request(&mut sources, caller);
        let open = layers(&mut sources, &policies);
        let before = decide(&request, &open);
        let fill = |text: &String| text.replace("${var.x}", x).replace("<y>", y);
        let filled: Vec<_> = policies.iter().map(|(kind, text)| (*kind, fill(text))).collect();
        let after = decide(&request, &layers(&mut sources, &filled));
        let contradicts = (before == Decision::Allowed && after.is_denied())
            || (before.is_denied() && after == Decision::Allowed);
        prop_assert!(!contradicts, "{before:?} became {after:?} with x={x}, y={y}: {policies:#?}");
        let diagnosis = diagnose(&request, &open, &Vec::new);
        prop_assert_eq!(diagnosis.decision, before);
        prop_assert!(before != Decision::Undetermined || !diagnosis.gaps.is_empty());
    }

    #[test]
    fn a_text_put_together_knows_the_place_of_every_piece(pieces in proptest::collection::vec("[a-zé]{1,4}", 1..8), from in 0..20_usize, len in 0..20_usize) {
        let mut sources = SourceMap::default();
        let file = pieces.join("--");
        let id = sources.add_file("file", file.clone().into_bytes()).unwrap();
        let mut text = Text::new(id);
        let mut at = 0;
        for piece in &pieces {
            text.push_verbatim(piece, at);
            at += piece.len() + 2;
        }
        prop_assert_eq!(text.as_str(), pieces.concat());
        let embedded = text.embed(&mut sources);
        let whole = sources.whole(embedded);
        prop_assert_eq!(sources.place(whole).text, file);
        let until = (from + len).min(text.as_str().len());
        let sound = |at: usize| text.as_str().is_char_boundary(at);
        if from <= until && sound(from) && sound(until) {
            let part = text.slice(from, until);
            prop_assert_eq!(part.as_str(), &text.as_str()[from..until]);
            for (at, letter) in part.as_str().char_indices() {
                prop_assert_eq!(sources.slice(part.place(at, at + letter.len_utf8())), letter.to_string());
            }
        }
    }
}

fn hole(name: &str) -> Arc<Hole> {
    Arc::new(Hole { name: name.to_owned(), reason: "no default".into(), supply: "give it".into() })
}

#[test]
fn json_in_a_text_with_holes_is_read_around_them() {
    let mut sources = SourceMap::default();
    let written = r#"{"Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": ["arn:aws:s3:::!/*", @]}]}"#;
    let id = sources.add_file("template", written.as_bytes().to_vec()).unwrap();
    let at = |letter: char| written.find(letter).unwrap();
    let mut text = Text::new(id);
    let span =
        |at: usize| why_denied::text::Span { source: id, start: at as u32, end: at as u32 + 1 };
    let (first, second) = (at('!'), at('@'));
    text.push_verbatim(&written[..first], 0);
    text.push_hole(&hole("${a}"), span(first));
    text.push_verbatim(&written[first + 1..second], first + 1);
    text.push_hole(&hole("${b[\"c\"]}"), span(second));
    text.push_verbatim(&written[second + 1..], second + 1);
    let whole = sources.whole(id);
    let value = Placed { value: Value::Text(text), span: whole };
    let host = value.document(&sources);
    let document = document_in(&mut sources, &host, host.root().id()).unwrap().unwrap();
    let statement = document.root().get("Statement").unwrap().items().next().unwrap();
    let resources: Vec<_> = statement.get("Resource").unwrap().items().collect();
    assert_eq!(resources[0].text().unwrap(), "arn:aws:s3:::${a}/*");
    assert_eq!(resources[0].holes()[0].hole.name, "${a}");
    assert_eq!(sources.place(resources[0].span()).text, "\"arn:aws:s3:::!/*\"");
    assert_eq!(resources[1].kind(), Kind::Unknown);
    assert_eq!(sources.place(resources[1].span()).text, "@");
    let action = statement.get("Action").unwrap();
    assert_eq!(sources.place(action.span()).text, "\"s3:Get*\"");
}

#[test]
fn a_placeholder_in_a_given_policy_is_a_gap_that_is_named() {
    let trust = r#"{ "Version": "2012-10-17", "Statement": [ { "Effect": "Allow",
        "Principal": { "AWS": "arn:aws:iam::<ACCOUNT_ID>:role/ci" }, "Action": "sts:AssumeRole" } ] }"#;
    let all = r#"{ "Version": "2012-10-17", "Statement": [ { "Effect": "Allow", "Action": "*", "Resource": "*" } ] }"#;
    let folder = folder(&[("trust.json", trust), ("all.json", all)]);
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (trust, all) = (path("trust.json"), path("all.json"));
    let ask = |caller: &str| {
        run(&[
            "--role",
            "arn:aws:iam::111122223333:role/deploy",
            "--caller",
            caller,
            "--trust-policy",
            &trust,
            "--identity-policy",
            &all,
            "--boundary",
            "none",
            "--session-policy",
            "none",
            "--scp",
            "none",
            "--rcp",
            "none",
            "--endpoint-policy",
            "none",
            "--time",
            "2026-01-01T00:00:00Z",
        ])
    };
    ask("arn:aws:sts::444455556666:assumed-role/ci/x")
        .ends_with(3)
        .says("what `<ACCOUNT_ID>` stands for");
    ask("arn:aws:sts::444455556666:assumed-role/other/x").ends_with(1);
}
