use std::path::PathBuf;

use crate::collect::{Collected, read_with};
use crate::doc::{Syntax, parse};
use crate::policy::{Policy, PolicyType};
use crate::request::Fact;
use crate::snapshot::EntityKind;
use crate::text::SourceMap;

use super::*;

const PRELUDE: &str = r#"
Parameters:
  Name: { Type: String }
  Stage: { Type: String, Default: prod }
  Ids: { Type: CommaDelimitedList, Default: "a, b" }
  Stored: { Type: "AWS::SSM::Parameter::Value<String>", Default: /x }
Mappings: { M: { prod: { N: one }, test: { N: two } } }
Conditions:
  Yes: !Equals [!Ref Stage, prod]
  No: !Not [!Condition Yes]
  Open: !Equals [!Ref Name, x]
  Both: !And [!Condition No, !Condition Open]
  Either: !Or [!Condition Yes, !Condition Open]
"#;

fn given(sources: &mut SourceMap, pairs: &[&str]) -> Parameters {
    let mut given = Parameters::default();
    for pair in pairs {
        given.pair(sources, pair).unwrap();
    }
    given
}

fn stack(sources: &mut SourceMap, name: &str, text: &str, pairs: &[&str]) -> Stack {
    let given = given(sources, pairs);
    let id = sources.add_file(name, text.as_bytes().to_vec()).unwrap();
    let document = parse(sources, id, Syntax::guess(name, text)).unwrap().remove(0);
    assert_eq!(recognise(document.root()), Some(TEMPLATE), "{text}");
    describe(sources, &document, &given)
}

fn read_one(sources: &mut SourceMap, one: &StackPolicy) -> Policy {
    crate::collect::layer_files::read_policy(&one.document, sources, one.policy_type).unwrap()
}

/// The texts of `Resource` for an expression, and what stands in the file for each.
fn resources(expression: &str, pairs: &[&str]) -> (Vec<String>, Vec<String>) {
    let mut sources = SourceMap::default();
    let text = format!(
        "{PRELUDE}Resources:\n  Role: {{ Type: 'AWS::IAM::Role', Properties: {{ RoleName: r1, Path: /p/ }} }}\n  Other: {{ Type: 'AWS::IAM::Role' }}\n  Q: {{ Type: 'AWS::SQS::Queue', Properties: {{ QueueName: q }} }}\n  P:\n    Type: AWS::IAM::ManagedPolicy\n    Properties:\n      PolicyDocument:\n        Version: '2012-10-17'\n        Statement:\n          Effect: Allow\n          Action: 's3:*'\n          Resource: {expression}\n"
    );
    let stack = stack(&mut sources, "t.yaml", &text, pairs);
    let policies = stack.policies();
    let policy = read_one(&mut sources, &policies[0]);
    assert_eq!(policy.problems, Vec::new(), "{expression}");
    let statement = &policy.statements[0];
    let element = statement.resource.as_ref().unwrap();
    let shown = |value: &crate::text::Spanned<crate::policy::ResourcePattern>| {
        let doubt = value.value.doubt.as_ref();
        let text = value.value.text.clone();
        doubt.map_or(text.to_string(), |doubt| format!("{text} if {}", doubt.name))
    };
    let places = element.values.iter().map(|value| sources.place(value.span).text.to_owned());
    (element.values.iter().map(shown).collect(), places.collect())
}

#[test]
fn functions_are_resolved_as_far_as_the_template_allows() {
    for (expression, pairs, wanted) in [
        ("!Sub 'arn:aws:s3:::${Name}/${Stage}'", &[][..], &["arn:aws:s3:::${Name}/prod"][..]),
        ("!Sub 'arn:aws:s3:::${Name}/x'", &["Name=logs"], &["arn:aws:s3:::logs/x"]),
        ("!Sub ['arn:aws:s3:::${A}', { A: !Select [1, !Ref Ids] }]", &[], &["arn:aws:s3:::b"]),
        ("!Sub 'arn:aws:s3:::x/${!aws:username}'", &[], &["arn:aws:s3:::x/${aws:username}"]),
        (
            "!Join ['', ['arn:aws:s3:::', !FindInMap [M, !Ref Stage, N]]]",
            &[],
            &["arn:aws:s3:::one"],
        ),
        (
            "!Join ['', ['arn:aws:s3:::', !FindInMap [M, !Ref Name, N]]]",
            &[],
            &["arn:aws:s3:::${Name}"],
        ),
        ("!Join ['', ['arn:aws:s3:::', !Join ['-', !Ref Ids]]]", &[], &["arn:aws:s3:::a-b"]),
        ("!If [Yes, 'arn:aws:s3:::a', 'arn:aws:s3:::b']", &[], &["arn:aws:s3:::a"]),
        ("!If [No, 'arn:aws:s3:::a', 'arn:aws:s3:::b']", &[], &["arn:aws:s3:::b"]),
        ("!If [Both, 'arn:aws:s3:::a', 'arn:aws:s3:::b']", &[], &["arn:aws:s3:::b"]),
        ("!If [Either, 'arn:aws:s3:::a', 'arn:aws:s3:::b']", &[], &["arn:aws:s3:::a"]),
        (
            "!If [Open, ['arn:aws:s3:::a'], 'arn:aws:s3:::b']",
            &[],
            &["arn:aws:s3:::a if condition Open", "arn:aws:s3:::b if condition Open"],
        ),
        (
            "['arn:aws:s3:::c', !If [Open, 'arn:aws:s3:::a', !Ref 'AWS::NoValue']]",
            &[],
            &["arn:aws:s3:::c", "arn:aws:s3:::a if condition Open"],
        ),
        ("!If [Open, 'arn:aws:s3:::a', 'arn:aws:s3:::b']", &["Name=x"], &["arn:aws:s3:::a"]),
        (
            "!GetAtt Role.Arn",
            &["AWS::AccountId=111122223333", "AWS::Partition=aws"],
            &["arn:aws:iam::111122223333:role/p/r1"],
        ),
        ("!GetAtt Role.Arn", &[], &["arn:${AWS::Partition}:iam::${AWS::AccountId}:role/p/r1"]),
        ("!GetAtt Other.Arn", &[], &["arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${Other}"]),
        (
            "!GetAtt [Q, Arn]",
            &["AWS::AccountId=111122223333", "AWS::Region=eu-west-1"],
            &["arn:aws:sqs:eu-west-1:111122223333:q"],
        ),
        ("!GetAtt Elsewhere.Arn", &[], &["${Elsewhere.Arn}"]),
        ("!Ref Name", &[], &["${Name}"]),
        ("!Ref Stored", &[], &["${Stored}"]),
        ("!Sub 'arn:aws:s3:::${Nobody}'", &[], &["arn:aws:s3:::${Nobody}"]),
        ("!ImportValue logs-arn", &[], &["${Fn::ImportValue logs-arn}"]),
        ("!ImportValue logs-arn", &["logs-arn=arn:aws:s3:::logs"], &["arn:aws:s3:::logs"]),
        ("!Cidr [a, 1, 2]", &[], &["${Fn::Cidr}"]),
        (
            "!Split [',', 'arn:aws:s3:::a,arn:aws:s3:::b']",
            &[],
            &["arn:aws:s3:::a", "arn:aws:s3:::b"],
        ),
    ] {
        assert_eq!(resources(expression, pairs).0, wanted, "{expression} {pairs:?}");
    }
}

#[test]
fn a_value_points_at_what_stands_in_the_template() {
    let places = |expression| resources(expression, &[]).1;
    assert_eq!(places("!Sub 'arn:aws:s3:::${Name}'"), ["!Sub 'arn:aws:s3:::${Name}'"]);
    assert_eq!(places("['arn:aws:s3:::a', !Ref Name]"), ["'arn:aws:s3:::a'", "!Ref Name"]);
}

#[test]
fn json_in_a_sub_points_into_the_template() {
    let mut sources = SourceMap::default();
    let text = "Parameters: { N: { Type: String } }\nResources:\n  B:\n    Type: AWS::S3::BucketPolicy\n    Properties:\n      Bucket: logs\n      PolicyDocument: !Sub |\n        { \"Statement\": [ { \"Effect\": \"Deny\",\n          \"Principal\": \"*\", \"Action\": \"s3:*\", \"Resource\": \"arn:aws:s3:::logs/${N}\" } ] }\n";
    let stack = stack(&mut sources, "t.yaml", text, &[]);
    let policies = stack.policies();
    let [policy] = policies.as_slice() else { panic!("{policies:?}") };
    assert_eq!(
        (policy.policy_type, policy.arn.as_deref()),
        (PolicyType::ResourceBased, Some("arn:aws:s3:::logs"))
    );
    let read = read_one(&mut sources, policy);
    let resource = &read.statements[0].resource.as_ref().unwrap().values[0];
    assert_eq!(resource.value.text, "arn:aws:s3:::logs/${N}");
    let place = sources.place(resource.span);
    assert_eq!((place.line, place.text), (9, "\"arn:aws:s3:::logs/${N}\""));
}

fn collected(text: &str, pairs: &[&str]) -> Collected {
    let mut sources = SourceMap::default();
    let given = given(&mut sources, pairs);
    let path = PathBuf::from("template.yaml");
    read_with(&mut sources, &[path], &given, &|_| Ok(text.as_bytes().to_vec()))
}

const ACCOUNT: &str = "AWS::AccountId=111122223333";

#[test]
fn what_a_template_makes_is_known_as_a_whole() {
    let text =
        std::fs::read_to_string("fixtures/inputs/cloudformation-template/roles.yaml").unwrap();
    let collected = collected(&text, &[ACCOUNT, "AWS::Region=eu-west-1"]);
    assert_eq!(collected.notes, Vec::<String>::new());
    let role = &collected.snapshot.entities["arn:aws:iam::111122223333:role/delivery/deploy-prod"];
    assert_eq!(role.max_session_duration.as_ref().map(|one| one.value), Some(3600));
    assert!(role.inline.complete && role.attached.complete && role.trust.is_some());
    let attached: Vec<_> = role.attached.items.iter().map(|one| one.arn.value.as_str()).collect();
    let logs = "arn:aws:iam::111122223333:policy/delivery-logs";
    assert_eq!(attached, ["arn:aws:iam::aws:policy/ReadOnlyAccess", logs]);
    assert!(collected.snapshot.managed[logs].document.is_some());
    let Fact::Known(Some(boundary)) = &role.boundary else { panic!("{:?}", role.boundary) };
    assert!(collected.snapshot.managed[&boundary.value].document.is_some());
    let queue = "arn:aws:sqs:eu-west-1:111122223333:jobs";
    assert!(collected.snapshot.resource_policy(queue).unwrap().document.is_some());
}

#[test]
fn whom_a_policy_is_for_may_be_open() {
    let text = r#"
Parameters: { Name: { Type: String } }
Conditions: { Open: !Equals [!Ref Name, x] }
Resources:
  A: { Type: 'AWS::IAM::Role', Properties: { RoleName: a } }
  B: { Type: 'AWS::IAM::Role', Condition: Open, Properties: { RoleName: b } }
  C: { Type: 'AWS::IAM::Role' }
  P:
    Type: AWS::IAM::Policy
    Properties: { PolicyName: p, Roles: !Ref Name, PolicyDocument: { Statement: { Effect: Deny, Action: '*', Resource: '*' } } }
"#;
    let collected = collected(text, &[ACCOUNT]);
    let role = &collected.snapshot.entities["arn:aws:iam::111122223333:role/a"];
    assert!(!role.inline.complete, "the policy may be its");
    assert_eq!(collected.snapshot.entities.len(), 1);
    let notes = collected.notes.join("\n");
    for wanted in
        ["to which roles P is attached is not known", "role B is made only if", "role C has a name"]
    {
        assert!(notes.contains(wanted), "{wanted}: {notes}");
    }
}

#[test]
fn sam_functions_have_roles_and_lambda_permissions_are_policies() {
    let text = r#"
Transform: AWS::Serverless-2016-10-31
AWSTemplateFormatVersion: "2010-09-09"
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      Policies:
        - AWSLambdaBasicExecutionRole
        - S3ReadPolicy: { BucketName: logs }
        - Statement: { Effect: Allow, Action: 's3:PutObject', Resource: 'arn:aws:s3:::logs/*' }
  P:
    Type: AWS::Lambda::Permission
    Properties: { FunctionName: f, Action: 'lambda:InvokeFunction', Principal: s3.amazonaws.com, SourceArn: 'arn:aws:s3:::logs', SourceAccount: '111122223333' }
"#;
    let mut sources = SourceMap::default();
    let stack = stack(&mut sources, "t.yaml", text, &[ACCOUNT, "AWS::Region=eu-west-1"]);
    assert_eq!(stack.owners[0].kind, EntityKind::Role);
    let policies = stack.policies();
    let types: Vec<_> = policies.iter().map(|one| one.policy_type).collect();
    let identity = PolicyType::IdentityBased;
    assert_eq!(types, [identity, identity, PolicyType::ResourceBased]);
    let template = read_one(&mut sources, &policies[0]);
    assert_eq!(template.statements[0].doubts[0].name, "policy template S3ReadPolicy");
    let permission = read_one(&mut sources, &policies[2]);
    assert_eq!(permission.problems, Vec::new());
    assert_eq!(
        policies[2].arn.as_deref(),
        Some("arn:aws:lambda:eu-west-1:111122223333:function:f")
    );
    assert_eq!(permission.statements[0].conditions.len(), 2);
    let action = &permission.statements[0].action.as_ref().unwrap().values[0];
    assert_eq!(sources.place(action.span).text, "'lambda:InvokeFunction'");
}

#[test]
fn a_template_that_leads_nowhere_comes_to_an_end() {
    let mut text = "Resources:\n".to_owned();
    for at in 0..40 {
        let next = (at + 1) % 40;
        text.push_str(&format!("  R{at}: {{ Type: 'AWS::IAM::Role', Properties: {{ RoleName: !Sub '${{R{next}}}${{R{next}}}' }} }}\n"));
    }
    let mut sources = SourceMap::default();
    let stack = stack(&mut sources, "t.yaml", &text, &[]);
    assert_eq!(stack.owners.len(), 40);
}

#[test]
fn parameters_come_from_files_of_every_shape() {
    for text in [
        r#"[{ "ParameterKey": "Name", "ParameterValue": "x" }]"#,
        r#"{ "Parameters": { "Name": "x" } }"#,
        r#"{ "Name": "x" }"#,
        r#"["Name=x"]"#,
    ] {
        let mut sources = SourceMap::default();
        let mut given = Parameters::default();
        let path = PathBuf::from("parameters.json");
        given.file(&mut sources, &path, text.as_bytes().to_vec()).unwrap();
        assert_eq!(given.text("Name"), Some("x"), "{text}");
    }
    let mut sources = SourceMap::default();
    let path = PathBuf::from("parameters.json");
    assert!(Parameters::default().file(&mut sources, &path, b"7".to_vec()).is_err());
}

fn collected_from(paths: &[&str]) -> (SourceMap, Collected) {
    let mut sources = SourceMap::default();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/inputs");
    let paths: Vec<PathBuf> = paths.iter().map(|path| root.join(path)).collect();
    let read = |path: &std::path::Path| std::fs::read(path);
    let collected = read_with(&mut sources, &paths, &Parameters::default(), &read);
    assert_eq!(collected.errors, Vec::new());
    (sources, collected)
}

#[test]
fn a_plan_a_state_and_its_configuration_say_the_same() {
    let arn = "arn:aws:iam::111122223333:role/delivery/deploy-prod";
    let all = ["terraform-plan", "terraform-state/shown.json", "terraform-configuration"];
    for path in all {
        let (mut sources, collected) = collected_from(&[path]);
        assert_eq!(collected.notes, Vec::<String>::new(), "{path}");
        let role = &collected.snapshot.entities[arn];
        assert_eq!(role.max_session_duration.as_ref().map(|one| one.value), Some(3600), "{path}");
        let trust = role.trust.as_ref().unwrap();
        let trust =
            crate::collect::layer_files::read_policy(trust, &mut sources, PolicyType::Trust);
        let trust = trust.unwrap();
        let named = &trust.statements[0].principal.as_ref().unwrap().values[0];
        assert_eq!(named.value.text, "arn:aws:iam::444455556666:role/ci", "{path}");
        let place = sources.place(named.span);
        assert!(place.text.contains("role/ci"), "{path}: {}", place.text);
        let logs = "arn:aws:iam::111122223333:policy/delivery-logs";
        if path != "terraform-configuration" {
            assert_eq!(role.attached.items[0].arn.value, logs, "{path}");
        }
        assert!(collected.snapshot.managed[logs].document.is_some(), "{path}");
    }
    let (_, plan) = collected_from(&["terraform-plan"]);
    let role = &plan.snapshot.entities[arn];
    assert_eq!(role.inline.items[0].name.value, "artifacts");
    assert_eq!(role.tags, Fact::Known(vec![("team".to_owned(), "delivery".to_owned())]));
    let queue = "arn:aws:sqs:eu-west-1:111122223333:jobs";
    assert!(plan.snapshot.resource_policy(queue).unwrap().document.is_some());
    let (_, state) = collected_from(&["terraform-state/state.json"]);
    assert!(state.snapshot.entities.contains_key(arn));
}
