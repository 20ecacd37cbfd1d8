use std::path::PathBuf;

use super::*;
use crate::request::{CallerKind, Fact, Given, Owner};

/// Reads a case from a text; files that it names are those in `files`.
fn read(text: &str, files: &[(&str, &str)]) -> (SourceMap, CaseFile) {
    let mut sources = SourceMap::default();
    let file = load(&mut sources, Path::new("dir/case.yaml"), &|path| {
        if path == Path::new("dir/case.yaml") {
            return Ok(text.into());
        }
        let found = files.iter().find(|(name, _)| Path::new("dir").join(name) == path);
        found.map(|(_, text)| text.as_bytes().to_vec()).ok_or(io::ErrorKind::NotFound.into())
    });
    (sources, file)
}

/// The messages of all errors with the texts they point to.
fn errors(text: &str) -> Vec<(String, String, Option<String>)> {
    let (sources, file) = read(text, &[]);
    let of_cases = file.cases.iter().flat_map(|case| &case.errors);
    (file.errors.iter().chain(of_cases))
        .map(|error| {
            let span = error.span.map_or("", |span| sources.slice(span));
            (error.message.clone(), span.to_owned(), error.help.as_deref().map(str::to_owned))
        })
        .collect()
}

const WHOLE: &str = r#"
why-denied: 1
name: whole
request:
  principal: arn:aws:sts::444455556666:assumed-role/ci/build-77
  action: sts:AssumeRole
  resource: arn:aws:iam::111122223333:role/deploy
  context: { "sts:ExternalId": abc, "aws:TagKeys": [team], "aws:SourceVpc": null, "aws:MultiFactorAuthAge": 60 }
  context-is: partial
  time: 2026-11-23T10:00:00Z
  parameters: { RoleSessionName: build, DurationSeconds: 900, Tags: { team: blue }, TransitiveTagKeys: [team], SerialNumber: GAHT12345678, TokenCode: "123456" }
  credentials: { kind: role-session, expires: 2026-11-23T11:00:00Z }
role: { MaxSessionDuration: 3600, RoleId: AROAEXAMPLEEXAMPLE123, Tags: [ { Key: env, Value: prod } ] }
policies:
  - { type: identity-based, attached-to: "arn:aws:iam::444455556666:role/app/ci", name: ci-deploy, document: { file: ci.json } }
  - { type: trust, attached-to: "arn:aws:iam::111122223333:role/deploy", document: '{"Version": "2012-10-17", "Statement": []}' }
  - { type: service-control, attached-to: ou-prod, level: 1, document: { Version: "2012-10-17", Statement: [] } }
unknown: [ resource-control ]
expect: { decision: implicit-deny, rules: [ trust-principal-mismatch ], findings: { trust-principal-mismatch: [ '"*"' ] } }
"#;

#[test]
fn every_member_is_read() {
    let (sources, file) = read(
        WHOLE,
        &[("ci.json", r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}"#)],
    );
    let [case] = file.cases.as_slice() else { unreachable!("one case") };
    assert_eq!((case.errors.as_slice(), file.errors.as_slice()), (&[][..], &[][..]));
    let request = case.request.as_ref().unwrap();
    assert_eq!(request.caller.role_path, Fact::Known("/app/".into()));
    assert_eq!(request.context.get("aws:sourcevpc").unwrap().value, Given::Absent);
    assert_eq!(request.context.get("aws:tagkeys").unwrap().value, Given::Many(vec!["team".into()]));
    assert_eq!(
        request.context.get("aws:multifactorauthage").unwrap().value,
        Given::One("60".into())
    );
    let parameters = request.parameters.as_ref().unwrap();
    assert!(parameters.token_code);
    assert_eq!(parameters.tags.len(), 1);
    assert_eq!(sources.slice(parameters.duration.as_ref().unwrap().span), "900");
    assert_eq!(request.role.max_session_duration.as_ref().unwrap().value, 3600);
    assert_eq!(request.resource.tags, Fact::Known(vec![("env".into(), "prod".into())]));
    let types: Vec<_> = case
        .layers
        .layers
        .iter()
        .map(|layer| (layer.policy_type.id(), layer.level, layer.missing.len()))
        .collect();
    assert_eq!(
        types,
        [
            ("identity-based", 0, 0),
            ("trust", 0, 0),
            ("service-control", 1, 0),
            ("resource-control", 0, 1)
        ]
    );
    let identity = case.layers.of(PolicyType::IdentityBased).next().unwrap();
    let action = identity.policies[0].policy.statements[0].action.as_ref().unwrap();
    assert_eq!(sources.place(action.values[0].span).file.unwrap(), "dir/ci.json");
    let expect = case.expect.as_ref().unwrap();
    assert_eq!(expect.decision.as_ref().unwrap().value.id(), "implicit-deny");
    assert_eq!(expect.findings[0].1[0].value, "\"*\"");
}

#[test]
fn an_unknown_key_is_refused_and_the_known_one_is_suggested() {
    let text =
        "why-denied: 1\nrequest: { principle: anonymous, action: s3:GetObject, resource: '*' }\n";
    let found = errors(text);
    assert!(found.contains(&(
        "`principle` is no member of a request".into(),
        "principle".into(),
        Some("did you mean `principal`?".into())
    )));
    let typed =
        errors("why-denied: 1\npolicies: [ { type: identity, document: { Statement: [] } } ]\n");
    assert_eq!(typed[0].1, "identity");
}

#[test]
fn an_error_in_one_case_hides_no_other() {
    let good = "request: { principal: anonymous, action: s3:GetObject, resource: '*' }";
    let text = format!(
        "why-denied: 1\ncases:\n- {{ {good} }}\n- {{ nmae: x, {good} }}\n- {{ name: last, {good} }}\n"
    );
    let (_, file) = read(&text, &[]);
    let failed: Vec<_> = file.cases.iter().map(|case| case.errors.len()).collect();
    assert_eq!(failed, [0, 1, 0]);
    assert_eq!(file.cases[2].name.as_deref(), Some("last"));
}

#[test]
fn several_documents_are_several_cases() {
    let case = "request: { principal: anonymous, action: s3:GetObject, resource: '*' }";
    let (_, file) =
        read(&format!("why-denied: 1\n{case}\n---\nwhy-denied: 1\n{case}\n---\n{case}\n"), &[]);
    assert_eq!(file.cases.len(), 3);
    assert!(file.cases.iter().all(|case| case.errors.is_empty()));
    assert_eq!(errors(&format!("{case}\n"))[0].0, "the version of the case file is missing");
    assert_eq!(errors(&format!("why-denied: 2\n{case}\n"))[0].1, "2");
}

#[test]
fn types_are_checked_where_they_stand() {
    let text = "why-denied: 1\nrequest:\n  principal: arn:aws:iam::x:user/ana\n  action: GetObject\n  resource: [a]\n  \
                time: yesterday\n  context: { a: { b: c } }\n  context-is: whole\nunknown: scp\n";
    let pointed: Vec<_> =
        errors(text).into_iter().map(|(_, text, _)| text.trim().to_owned()).collect();
    assert_eq!(
        pointed,
        ["arn:aws:iam::x:user/ana", "GetObject", "[a]", "whole", "{ b: c }", "yesterday", "scp"]
    );
}

#[test]
fn a_key_that_stands_twice_is_refused_outside_policies_only() {
    let policy = "policies: [ { type: session, document: { Statement: [], Statement: [] } } ]";
    assert_eq!(errors(&format!("why-denied: 1\n{policy}\n")), []);
    let found = errors("why-denied: 1\nname: a\nname: b\n");
    assert_eq!(found[0].0, "`name` stands twice in one mapping");
    let inner = errors("why-denied: 1\ncases: [ { name: a, name: b }, { name: c } ]\n");
    assert_eq!(inner.len(), 1);
}

#[test]
fn a_missing_or_broken_file_is_named_where_it_is_asked_for() {
    let text = "why-denied: 1\npolicies: [ { type: session, document: { file: p.json } } ]\n";
    let (sources, file) = read(text, &[]);
    let error = &file.cases[0].errors[0];
    assert_eq!(sources.slice(error.span.unwrap()), "p.json");
    assert!(error.message.contains("there is no such file"), "{}", error.message);
    let (sources, file) = read(text, &[("p.json", "{\"Statement\": [],}")]);
    let place = sources.place(file.cases[0].errors[0].span.unwrap());
    assert_eq!((place.file, place.text), (Some("dir/p.json"), ","));
}

#[test]
fn the_owner_of_a_resource_is_the_callers_account_unless_said() {
    let owner = |members: &str| {
        let text = format!(
            "why-denied: 1\nrequest: {{ principal: 'arn:aws:iam::111122223333:user/a', action: s3:GetObject, {members} }}\n"
        );
        let (_, file) = read(&text, &[]);
        assert_eq!(file.cases[0].errors, []);
        file.cases[0].request.as_ref().unwrap().resource.account.clone()
    };
    let bucket = "resource: 'arn:aws:s3:::b/k'";
    assert_eq!(owner(bucket), Owner::CallersAccount);
    assert_eq!(owner("resource: '*'"), Owner::CallersAccount);
    let other = Owner::Account("444455556666".into());
    assert_eq!(owner(&format!("{bucket}, resource-account: '444455556666'")), other);
    assert_eq!(
        owner(&format!("{bucket}, context: {{ 'aws:ResourceAccount': '444455556666' }}")),
        other
    );
    assert_eq!(owner("resource: 'arn:aws:sqs:eu-west-1:444455556666:q'"), other);
}

#[test]
fn special_principals_are_read() {
    let caller = |principal: &str| {
        let text = format!(
            "why-denied: 1\nrequest: {{ principal: {principal}, action: 'sts:AssumeRole', resource: '*' }}\n"
        );
        let (_, file) = read(&text, &[]);
        assert_eq!(file.cases[0].errors, []);
        file.cases[0].request.clone().unwrap().caller
    };
    assert_eq!(caller("anonymous").kind, CallerKind::Anonymous);
    assert_eq!(caller("Anonymous").kind, CallerKind::Anonymous);
    for account in ["111122223333", "'111122223333'"] {
        let root = caller(account);
        assert_eq!(root.kind, CallerKind::Root);
        assert_eq!(root.text.value, "arn:aws:iam::111122223333:root");
    }
    assert_eq!(caller("s3.amazonaws.com").kind, CallerKind::Service);
    let provider = caller("arn:aws:iam::111122223333:saml-provider/corp");
    assert_eq!((provider.kind, provider.has_assertion()), (CallerKind::Federated, true));
    assert_eq!(caller("{ service: ec2.amazonaws.com }").kind, CallerKind::Service);
    let federated = caller("{ federated: accounts.google.com, claims: { sub: '1', amr: [a, b] } }");
    assert_eq!(federated.kind, CallerKind::Federated);
    assert_eq!(federated.claims[1].name, "amr");
    assert_eq!(federated.claims[1].values, ["a", "b"]);
}

#[test]
fn members_without_a_value_are_empty() {
    let text = "why-denied: 1\nrequest:\n  principal: arn:aws:iam::111122223333:user/a\n  action: s3:GetObject\n  \
                resource: '*'\n  context:\npolicies:\nunknown:\n";
    let (_, file) = read(text, &[]);
    assert_eq!(file.cases[0].errors, []);
    assert_eq!(file.cases[0].layers.layers.len(), 0);
}

#[test]
fn with_facts_what_is_not_listed_comes_from_them() {
    let facts = r#"{"Role": {"Path": "/", "RoleName": "deploy", "RoleId": "AROAEXAMPLEEXAMPLE123",
        "Arn": "arn:aws:iam::111122223333:role/deploy", "CreateDate": "2026-01-01T00:00:00+00:00",
        "AssumeRolePolicyDocument": {"Statement": []}, "MaxSessionDuration": 3600}}"#;
    let text = "why-denied: 1\nfacts: role.json\nrequest: { principal: 'arn:aws:iam::444455556666:user/ana', \
                action: 'sts:AssumeRole', resource: 'arn:aws:iam::111122223333:role/deploy' }\n\
                policies: [ { type: service-control, document: { Statement: [] } } ]\nunknown: [ identity-based ]\n";
    let (_, file) = read(text, &[("role.json", facts)]);
    let case = &file.cases[0];
    assert_eq!(case.errors, []);
    let of = |policy_type| {
        case.layers
            .of(policy_type)
            .map(|layer| (layer.policies.len(), layer.missing.len()))
            .collect::<Vec<_>>()
    };
    assert_eq!(of(PolicyType::Trust), [(1, 0)]);
    assert_eq!(of(PolicyType::ServiceControl), [(1, 0)]);
    assert_eq!(of(PolicyType::IdentityBased), [(0, 1)]);
    assert_eq!(of(PolicyType::PermissionsBoundary), [(0, 1)]);
    assert_eq!(case.request.as_ref().unwrap().role.exists, Some(true));
}

/// Every case file of the repository, with its text and the path that names in it are relative to.
fn all_texts() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = |folder: &str, extension: &str| -> Vec<PathBuf> {
        let walk = walkdir::WalkDir::new(root.join(folder)).sort_by_file_name().into_iter();
        walk.map(|entry| entry.unwrap().into_path())
            .filter(|path| path.extension().is_some_and(|found| found == extension))
            .collect()
    };
    let text = |path: &PathBuf| std::fs::read_to_string(path).unwrap();
    let mut texts: Vec<_> = files("fixtures/cases", "yaml")
        .into_iter()
        .map(|path| (path.clone(), text(&path)))
        .collect();
    for path in files("rules", "md") {
        let page = text(&path);
        let examples =
            page.split("```yaml case\n").skip(1).map(|rest| rest.split("```").next().unwrap());
        texts.extend(examples.map(|example| (path.clone(), example.to_owned())));
    }
    texts
}

#[test]
fn every_case_of_the_repository_is_read_without_errors() {
    let mut count = 0;
    for (path, text) in all_texts() {
        let mut sources = SourceMap::default();
        let file = load_text(&mut sources, &path, &text, &|path| std::fs::read(path));
        assert_eq!(file.errors, [], "{}", path.display());
        for case in &file.cases {
            let name = format!("{}: {}", path.display(), case.name.as_deref().unwrap_or("?"));
            assert_eq!(case.errors, [], "{name}");
            assert!(case.request.is_some(), "{name}");
            count += 1;
        }
    }
    assert!(count > 100);
}

/// A document as serde_json has it.
fn to_json(node: Node<'_>) -> serde_json::Value {
    use serde_json::Value;
    match node.kind() {
        Kind::Null => Value::Null,
        Kind::Bool => Value::Bool(node.as_bool().unwrap()),
        Kind::Number => {
            node.scalar().unwrap().parse::<serde_json::Number>().map_or(Value::Null, Value::Number)
        }
        Kind::String => Value::String(node.text().unwrap().into_owned()),
        Kind::Sequence => node.items().map(to_json).collect(),
        Kind::Unknown => unreachable!("nothing is left open here"),
        Kind::Mapping => {
            node.entries().map(|entry| (entry.key.into_owned(), to_json(entry.value))).collect()
        }
    }
}

#[test]
fn every_case_of_the_repository_is_valid_by_the_published_schema() {
    let schema = include_str!("../../../docs/json-schema/case-file-v1.json");
    let schema: serde_json::Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let check = |name: &str, text: &str| {
        let mut sources = SourceMap::default();
        let id = sources.add_given(name, text);
        for document in parse(&sources, id, Syntax::Yaml).unwrap() {
            let value = to_json(document.root());
            let errors: Vec<_> = validator
                .iter_errors(&value)
                .map(|error| error.instance_path().to_string())
                .collect();
            assert!(errors.is_empty(), "{name}: {errors:?}");
        }
    };
    check("the case with every member", WHOLE);
    for (path, text) in all_texts() {
        check(&path.display().to_string(), &text);
    }
    let refused = serde_json::json!({ "why-denied": 1, "request": { "principle": "anonymous" } });
    assert!(!validator.is_valid(&refused));
}

#[test]
fn the_page_about_the_case_file_shows_what_is_read() {
    let page = include_str!("../../../docs/case-file.md");
    let whole = page.split("```yaml\n").find(|block| block.starts_with("why-denied")).unwrap();
    let whole = whole.split("```").next().unwrap();
    let (_, file) = read(whole, &[("ci-deploy.json", "{\"Statement\": []}")]);
    assert_eq!((file.errors.len(), &file.cases[0].errors), (0, &Vec::new()));
    for member in super::MEMBERS.iter().chain(super::LIST_MEMBERS) {
        assert!(page.contains(&format!("`{member}`")), "{member}");
    }
}

#[test]
fn no_cut_or_spoiled_file_makes_it_panic() {
    let page = include_str!("../../../fixtures/cases/evaluation/session-tags.yaml");
    let page: String = page.lines().take(60).flat_map(|line| [line, "\n"]).collect();
    for text in [WHOLE, &page] {
        for at in (0..text.len()).step_by(7).filter(|at| text.is_char_boundary(*at)) {
            let (before, after) = text.split_at(at);
            read(before, &[]);
            for spoiled in ["{", "]", ": ", "- ", "null"] {
                if at % 5 == 0 {
                    read(&format!("{before}{spoiled}{after}"), &[]);
                }
            }
        }
    }
}
