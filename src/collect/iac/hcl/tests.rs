use std::collections::HashMap;
use std::path::PathBuf;

use crate::collect::iac::{Parameters, Stack, StackPolicy, hcl};
use crate::collect::layer_files::read_policy;
use crate::collect::read_with;
use crate::policy::{Policy, PolicyType};
use crate::text::SourceMap;

const PRELUDE: &str = r#"
variable "name" {}
variable "stage" { default = "prod" }
variable "ids" { default = ["a", "b"] }
locals {
  both = ["arn:aws:s3:::a", "arn:aws:s3:::b"]
  map  = { one = "arn:aws:s3:::1" }
  loop = local.loop
}
data "aws_caller_identity" "me" {}
data "aws_partition" "p" {}
resource "aws_iam_role" "r" {
  name = "r1"
  path = "/p/"
}
resource "aws_iam_role" "other" {}
resource "aws_s3_bucket" "b" { bucket = "logs-${var.stage}" }
resource "aws_sqs_queue" "q" { name = "q" }
"#;

fn stack(sources: &mut SourceMap, text: &str, pairs: &[&str], beside: &[(&str, &str)]) -> Stack {
    let mut given = Parameters::default();
    for pair in pairs {
        given.pair(sources, pair).unwrap();
    }
    let id = sources.add_file("main.tf", text.as_bytes().to_vec()).unwrap();
    let file = hcl::parse(sources, id).unwrap_or_else(|error| panic!("{error}: {text}"));
    let files = [file];
    let mut known = HashMap::new();
    for path in hcl::read_beside(&files) {
        let content = beside.iter().find(|(name, _)| *name == path.trim_start_matches("./"));
        if let Some((name, content)) = content {
            let id = sources.add_file(*name, content.as_bytes().to_vec()).unwrap();
            known.insert(path, id);
        }
    }
    hcl::module(sources, &files, &|path| known.get(path).copied(), &given)
}

fn read_one(sources: &mut SourceMap, one: &StackPolicy) -> Policy {
    read_policy(&one.document, sources, one.policy_type).unwrap()
}

/// The texts of `Resource` for an expression, and what stands in the file for each.
fn resources(expression: &str, pairs: &[&str]) -> (Vec<String>, Vec<String>) {
    let mut sources = SourceMap::default();
    let text = format!(
        "{PRELUDE}resource \"aws_iam_policy\" \"p\" {{\n  policy = jsonencode({{ Version = \"2012-10-17\", Statement = {{ Effect = \"Allow\", Action = \"s3:*\", Resource = {expression} }} }})\n}}\n"
    );
    let stack = stack(&mut sources, &text, pairs, &[]);
    let policies = stack.policies();
    let policy = read_one(&mut sources, &policies[0]);
    assert_eq!(policy.problems, Vec::new(), "{expression}");
    let element = policy.statements[0].resource.clone().unwrap();
    let shown = |value: &crate::text::Spanned<crate::policy::ResourcePattern>| {
        let text = value.value.text.clone();
        let doubt = value.value.doubt.as_ref();
        doubt.map_or(text.to_string(), |doubt| format!("{text} if {}", doubt.name))
    };
    let places = element.values.iter().map(|value| sources.place(value.span).text.to_owned());
    (element.values.iter().map(shown).collect(), places.collect())
}

#[test]
fn expressions_are_worked_out_as_far_as_they_say() {
    let account = "${data.aws_caller_identity.me.account_id}";
    let role = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:role/p/r1";
    for (expression, pairs, wanted) in [
        (r#""arn:aws:s3:::${var.stage}/*""#, &[][..], vec!["arn:aws:s3:::prod/*"]),
        (r#""arn:aws:s3:::${var.name}/*""#, &[], vec!["arn:aws:s3:::${var.name}/*"]),
        (r#""arn:aws:s3:::${var.name}/*""#, &["name=logs"], vec!["arn:aws:s3:::logs/*"]),
        (r#""arn:aws:s3:::x/$${aws:username}""#, &[], vec!["arn:aws:s3:::x/${aws:username}"]),
        ("local.both", &[], vec!["arn:aws:s3:::a", "arn:aws:s3:::b"]),
        ("local.both[1]", &[], vec!["arn:aws:s3:::b"]),
        ("local.map.one", &[], vec!["arn:aws:s3:::1"]),
        ("local.loop", &[], vec!["${…}"]),
        (
            r#"var.stage == "prod" ? "arn:aws:s3:::a" : "arn:aws:s3:::b""#,
            &[],
            vec!["arn:aws:s3:::a"],
        ),
        (
            r#"var.name == "x" ? "arn:aws:s3:::a" : "arn:aws:s3:::b""#,
            &[],
            vec![
                r#"arn:aws:s3:::a if condition var.name == "x""#,
                r#"arn:aws:s3:::b if condition var.name == "x""#,
            ],
        ),
        ("aws_iam_role.r.arn", &[], vec![role]),
        (
            "aws_iam_role.r.arn",
            &["AWS::AccountId=111122223333", "AWS::Partition=aws"],
            vec!["arn:aws:iam::111122223333:role/p/r1"],
        ),
        ("aws_iam_role.unknown.arn", &[], vec!["${aws_iam_role.unknown.arn}"]),
        (
            r#""${aws_s3_bucket.b.arn}/*""#,
            &["AWS::Partition=aws"],
            vec!["arn:aws:s3:::logs-prod/*"],
        ),
        (
            "aws_sqs_queue.q.arn",
            &["AWS::AccountId=111122223333", "AWS::Region=eu-west-1"],
            vec!["arn:aws:sqs:eu-west-1:111122223333:q"],
        ),
        (
            r#"format("arn:aws:iam::%s:role/x", data.aws_caller_identity.me.account_id)"#,
            &[],
            vec![&*format!("arn:aws:iam::{account}:role/x").leak()],
        ),
        (r#"join("", ["arn:aws:s3:::", var.stage])"#, &[], vec!["arn:aws:s3:::prod"]),
        (
            r#"concat(local.both, [var.name])"#,
            &[],
            vec!["arn:aws:s3:::a", "arn:aws:s3:::b", "${var.name}"],
        ),
        (
            r#"[for i in var.ids : "arn:aws:s3:::${i}"]"#,
            &[],
            vec![r#"${[for i in var.ids : "arn:aws:s3:::${i}"]}"#],
        ),
        ("module.x.arn", &[], vec!["${module.x.arn}"]),
        ("cidrhost(var.name, 1)", &[], vec!["${var.name}"]),
        ("timestamp()", &[], vec!["${timestamp()}"]),
    ] {
        assert_eq!(resources(expression, pairs).0, wanted, "{expression} {pairs:?}");
    }
}

#[test]
fn a_value_points_at_what_stands_in_the_file() {
    let places = |expression| resources(expression, &[]).1;
    assert_eq!(
        places(r#"["arn:aws:s3:::${var.name}", "*"]"#),
        [r#""arn:aws:s3:::${var.name}""#, r#""*""#]
    );
    assert_eq!(places("local.both"), [r#""arn:aws:s3:::a""#, r#""arn:aws:s3:::b""#]);
}

#[test]
fn blocks_of_a_policy_document_are_a_policy() {
    let mut sources = SourceMap::default();
    let text = r#"
data "aws_iam_policy_document" "base" {
  statement {
    sid       = "Base"
    effect    = "Deny"
    not_actions   = ["iam:*"]
    resources = ["*"]
    condition {
      test     = "StringNotEquals"
      variable = "aws:PrincipalTag/team"
      values   = ["a"]
    }
    condition {
      test     = "StringNotEquals"
      variable = "aws:PrincipalTag/team"
      values   = ["b"]
    }
  }
}
data "aws_iam_policy_document" "trust" {
  source_policy_documents = [data.aws_iam_policy_document.base.json]
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::444455556666:role/&{aws:PrincipalTag/x}"]
    }
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
    dynamic "condition" {
      for_each = var.conditions
      content {}
    }
  }
}
data "aws_iam_policy_document" "alone" {
  statement {
    actions   = ["s3:GetObject"]
    resources = ["*"]
  }
}
resource "aws_iam_role" "r" {
  name               = "r"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}
"#;
    let stack = stack(&mut sources, text, &[], &[]);
    let policies = stack.policies();
    let types: Vec<_> = policies.iter().map(|one| one.policy_type).collect();
    assert_eq!(types, [PolicyType::Trust, PolicyType::IdentityBased]);
    assert_eq!(policies[1].label, "data.aws_iam_policy_document.alone");
    let trust = read_one(&mut sources, &policies[0]);
    let [base, own] = trust.statements.as_slice() else { panic!("{trust:?}") };
    assert_eq!(base.sid.as_ref().unwrap().value, "Base");
    assert!(base.action.as_ref().unwrap().negated);
    assert_eq!(base.conditions[0].values.len(), 2);
    assert_eq!(sources.place(base.conditions[0].values[1].span).text, "\"b\"");
    let principals = &own.principal.as_ref().unwrap().values;
    assert_eq!(principals.len(), 2);
    assert!(principals[0].value.text.ends_with("role/${aws:PrincipalTag/x}"));
    assert_eq!(own.doubts[0].name, "${var.conditions}");
}

#[test]
fn heredocs_and_files_point_where_they_are_written() {
    let mut sources = SourceMap::default();
    let text = "variable \"n\" {}\nresource \"aws_iam_policy\" \"a\" {\n  policy = <<-EOT\n    {\n      \"Statement\": { \"Effect\": \"Allow\", \"Action\": \"s3:*\",\n        \"Resource\": \"arn:aws:s3:::${var.n}/$${aws:username}\" }\n    }\n  EOT\n}\nresource \"aws_iam_policy\" \"b\" {\n  policy = file(\"${path.module}/b.json\")\n}\nresource \"aws_iam_policy\" \"c\" {\n  policy = templatefile(\"c.tpl\", { name = var.n, x = \"logs\" })\n}\n";
    let b = r#"{ "Statement": { "Effect": "Deny", "Action": "s3:PutObject", "Resource": "*" } }"#;
    let c = r#"{ "Statement": { "Effect": "Deny", "Action": "s3:Get${name}", "Resource": "arn:aws:s3:::${x}" } }"#;
    let stack = stack(&mut sources, text, &[], &[("b.json", b), ("c.tpl", c)]);
    let policies = stack.policies();
    let read: Vec<Policy> = policies.iter().map(|one| read_one(&mut sources, one)).collect();
    let resource = |at: usize| read[at].statements[0].resource.as_ref().unwrap().values[0].clone();
    let place = sources.place(resource(0).span);
    assert_eq!((place.line, place.text), (6, "\"arn:aws:s3:::${var.n}/$${aws:username}\""));
    let matched = resource(0).value.text;
    assert_eq!(matched, "arn:aws:s3:::${var.n}/${aws:username}");
    let action = |at: usize| read[at].statements[0].action.as_ref().unwrap().values[0].clone();
    let place = sources.place(action(1).span);
    assert_eq!((place.file, place.text), (Some("b.json"), "\"s3:PutObject\""));
    let place = sources.place(action(2).span);
    assert_eq!((place.file, place.text), (Some("c.tpl"), "\"s3:Get${name}\""));
    assert_eq!(action(2).value.text, "s3:Get${var.n}");
    assert_eq!(resource(2).value.text, "arn:aws:s3:::logs");
}

#[test]
fn what_is_no_hcl_is_an_error_with_a_place() {
    let collected = read_with(
        &mut SourceMap::default(),
        &[PathBuf::from("main.tf")],
        &Parameters::default(),
        &|_| Ok(b"resource \"a\" \"b\" {\n  x = 1 2\n}\n".to_vec()),
    );
    let [error] = collected.errors.as_slice() else { panic!("{:?}", collected.errors) };
    assert!(error.message.contains("not well-formed HCL"), "{error}");
    assert!(error.span.is_some());
}

#[test]
fn resources_are_joined_whatever_they_are_called() {
    let text = r#"
provider "aws" {
  allowed_account_ids = ["111122223333"]
}
variable "other" {}
variable "roles" {}
resource "aws_iam_role" "a" {
  name               = "a"
  assume_role_policy = "{}"
  inline_policy {
    name   = "x"
    policy = jsonencode({ Statement = [] })
  }
}
resource "aws_iam_role" "off" {
  count              = 0
  name               = "off"
  assume_role_policy = "{}"
}
resource "aws_iam_policy" "p" {
  name   = "p"
  policy = jsonencode({ Statement = [] })
}
resource "aws_iam_role_policy_attachment" "p" {
  role       = aws_iam_role.a.id
  policy_arn = aws_iam_policy.p.arn
}
resource "aws_iam_role_policy_attachment" "open" {
  role       = var.other
  policy_arn = aws_iam_policy.p.arn
}
"#;
    let mut sources = SourceMap::default();
    let path = PathBuf::from("main.tf");
    let collected = read_with(&mut sources, &[path], &Parameters::default(), &|_| Ok(text.into()));
    let entities = &collected.snapshot.entities;
    assert_eq!(entities.len(), 1);
    let role = &entities["arn:aws:iam::111122223333:role/a"];
    assert_eq!(role.inline.items.len(), 1);
    assert!(!role.attached.complete, "another policy may be attached to it");
    let arn = &role.attached.items[0].arn.value;
    assert!(collected.snapshot.managed[arn].document.is_some());
    let notes = collected.notes.join("\n");
    assert!(
        notes.contains("to which role this is attached is not known: `${var.other}`"),
        "{notes}"
    );
}
