//! What references to resources of a template stand for: names and ARNs.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html>

use std::sync::Arc;

use crate::doc::Node;
use crate::doc::build::{Placed, Text};
use crate::text::Span;

use super::functions::Resolver;
use super::made_later;

/// How resources of a type are named: the property with the name, and the ARN around it.
struct Named {
    kind: &'static str,
    /// The property that holds the name.
    property: &'static str,
    /// The service, where the ARN has a Region and an account.
    arn: Arn,
    /// The attributes that give the ARN.
    attributes: &'static [&'static str],
    /// Whether `Ref` gives the ARN and not the name.
    ref_is_arn: bool,
}

#[derive(Clone, Copy)]
enum Arn {
    /// `arn:P:iam::A:noun` with a path, then the name.
    Iam(&'static str),
    /// `arn:P:service:::name`.
    Bare(&'static str),
    /// `arn:P:service:R:A:` and what stands before the name.
    Regional(&'static str, &'static str),
}

const fn named(
    kind: &'static str,
    property: &'static str,
    arn: Arn,
    attributes: &'static [&'static str],
    ref_is_arn: bool,
) -> Named {
    Named { kind, property, arn, attributes, ref_is_arn }
}

static NAMED: &[Named] = &[
    named("AWS::IAM::Role", "RoleName", Arn::Iam("role"), &["Arn"], false),
    named("AWS::IAM::User", "UserName", Arn::Iam("user"), &["Arn"], false),
    named("AWS::IAM::Group", "GroupName", Arn::Iam("group"), &["Arn"], false),
    named("AWS::IAM::ManagedPolicy", "ManagedPolicyName", Arn::Iam("policy"), &["PolicyArn"], true),
    named("AWS::IAM::SAMLProvider", "Name", Arn::Iam("saml-provider"), &["Arn"], true),
    named(
        "AWS::IAM::InstanceProfile",
        "InstanceProfileName",
        Arn::Iam("instance-profile"),
        &["Arn"],
        false,
    ),
    named("AWS::S3::Bucket", "BucketName", Arn::Bare("s3"), &["Arn"], false),
    named("AWS::SQS::Queue", "QueueName", Arn::Regional("sqs", ""), &["Arn"], false),
    named("AWS::SNS::Topic", "TopicName", Arn::Regional("sns", ""), &["TopicArn"], true),
    named(
        "AWS::Lambda::Function",
        "FunctionName",
        Arn::Regional("lambda", "function:"),
        &["Arn"],
        false,
    ),
    named(
        "AWS::Serverless::Function",
        "FunctionName",
        Arn::Regional("lambda", "function:"),
        &["Arn"],
        false,
    ),
    named(
        "AWS::DynamoDB::Table",
        "TableName",
        Arn::Regional("dynamodb", "table/"),
        &["Arn"],
        false,
    ),
    named(
        "AWS::DynamoDB::GlobalTable",
        "TableName",
        Arn::Regional("dynamodb", "table/"),
        &["Arn"],
        false,
    ),
    named("AWS::Kinesis::Stream", "Name", Arn::Regional("kinesis", "stream/"), &["Arn"], false),
    named(
        "AWS::ECR::Repository",
        "RepositoryName",
        Arn::Regional("ecr", "repository/"),
        &["Arn"],
        false,
    ),
    named("AWS::Logs::LogGroup", "LogGroupName", Arn::Regional("logs", "log-group:"), &[], false),
    named(
        "AWS::StepFunctions::StateMachine",
        "StateMachineName",
        Arn::Regional("states", "stateMachine:"),
        &["Arn"],
        true,
    ),
    named(
        "AWS::CodeBuild::Project",
        "Name",
        Arn::Regional("codebuild", "project/"),
        &["Arn"],
        false,
    ),
    named("AWS::ECS::Cluster", "ClusterName", Arn::Regional("ecs", "cluster/"), &["Arn"], false),
    named("AWS::Events::EventBus", "Name", Arn::Regional("events", "event-bus/"), &["Arn"], false),
    named("AWS::KMS::Key", "", Arn::Regional("kms", "key/"), &["Arn"], false),
    named("AWS::KMS::ReplicaKey", "", Arn::Regional("kms", "key/"), &["Arn"], false),
];

impl<'t> Resolver<'t> {
    fn type_of(&self, resource: Node<'t>) -> Option<&'static Named> {
        let kind = resource.get("Type")?.text()?;
        NAMED.iter().find(|row| row.kind == kind)
    }

    /// The name of a resource, or a hole that stands for it.
    pub(super) fn name_of(&self, logical: &str, span: Span) -> Text {
        let resource = self.resource(logical);
        let row = resource.and_then(|resource| self.type_of(resource));
        let property = row.map_or("", |row| row.property);
        let value = self.property(logical, property);
        match value {
            Some(name) => name,
            None => {
                let what = format!("the name of {logical} in {}", self.file);
                let hole = made_later(format!("${{{logical}}}"), &what, "the stack is deployed");
                Text::unknown(&Arc::new(hole), span)
            }
        }
    }

    /// The path of an IAM resource.
    pub(super) fn path_of(&self, logical: &str, span: Span) -> Text {
        let path = self.property(logical, "Path");
        path.unwrap_or_else(|| Text::standing_for("/", span))
    }

    /// What `Ref` gives for a resource.
    pub(super) fn reference_to(&self, logical: &str, span: Span) -> Placed {
        let resource = self.resource(logical);
        let row = resource.and_then(|resource| self.type_of(resource));
        let kind = resource.and_then(|resource| resource.get("Type")?.text()).unwrap_or_default();
        let text = match row {
            Some(row) if row.ref_is_arn => self.arn_of(logical, row, span),
            Some(row) if row.kind == "AWS::SQS::Queue" => self.queue_url(logical, span),
            Some(_) => self.name_of(logical, span),
            None if kind == "AWS::IAM::OIDCProvider" => self.oidc_arn(logical, span),
            // Its name is part of it, and a suffix that nobody can tell.
            None => {
                let what = format!("{logical} of {}", self.file);
                let hole = made_later(format!("${{{logical}}}"), &what, "the stack is deployed");
                return Placed::unknown(hole, span);
            }
        };
        Placed::text(text.moved(span), span)
    }

    /// What `Fn::GetAtt` gives, by `LogicalId.Attribute`.
    pub(super) fn attribute(&self, text: &str, span: Span) -> Placed {
        if let Some(given) = self.given.get(text) {
            return super::functions::moved(given, span);
        }
        let open = || {
            let what = format!("{text} of {}", self.file);
            Placed::unknown(
                made_later(format!("${{{text}}}"), &what, "the stack is deployed"),
                span,
            )
        };
        let Some((logical, attribute)) = text.split_once('.') else { return open() };
        let Some(resource) = self.resource(logical) else { return open() };
        let kind = resource.get("Type").and_then(|kind| kind.text()).unwrap_or_default();
        if kind == "AWS::IAM::OIDCProvider" && attribute == "Arn" {
            return Placed::text(self.oidc_arn(logical, span).moved(span), span);
        }
        match self.type_of(resource).filter(|row| row.attributes.contains(&attribute)) {
            Some(row) => Placed::text(self.arn_of(logical, row, span).moved(span), span),
            _ => open(),
        }
    }

    fn arn_of(&self, logical: &str, row: &Named, span: Span) -> Text {
        let name = self.name_of(logical, span);
        match row.arn {
            Arn::Bare(service) => {
                let mut arn = self.arn_start(service, span);
                arn.push_atom("::", span);
                arn.push_text(&name.moved(span), span);
                arn
            }
            Arn::Regional(service, before) => self.regional(service, before, &name, span),
            Arn::Iam(noun) => self.iam_arn(noun, &self.path_of(logical, span), &name, span),
        }
    }

    /// `https://sqs.R.suffix/A/name`.
    fn queue_url(&self, logical: &str, span: Span) -> Text {
        let mut url = Text::standing_for("https://sqs.", span);
        let parts = [("AWS::Region", "."), ("AWS::URLSuffix", "/"), ("AWS::AccountId", "/")];
        for (name, after) in parts {
            url.push_text(&self.pseudo_text(name, span), span);
            url.push_atom(after, span);
        }
        url.push_text(&self.name_of(logical, span).moved(span), span);
        url
    }

    fn pseudo_text(&self, name: &str, span: Span) -> Text {
        let found = self.reference(name, span).and_then(|value| value.as_text());
        found.unwrap_or_else(|| Text::new(span.source))
    }

    /// `arn:P:service:`.
    pub(super) fn arn_start(&self, service: &str, span: Span) -> Text {
        let mut arn = Text::new(span.source);
        arn.push_atom("arn:", span);
        arn.push_text(&self.pseudo_text("AWS::Partition", span), span);
        arn.push_atom(&format!(":{service}:"), span);
        arn
    }

    /// `arn:P:service:R:A:` and the rest.
    pub(super) fn regional(&self, service: &str, before: &str, name: &Text, span: Span) -> Text {
        let mut arn = self.arn_start(service, span);
        arn.push_text(&self.pseudo_text("AWS::Region", span), span);
        arn.push_atom(":", span);
        arn.push_text(&self.pseudo_text("AWS::AccountId", span), span);
        arn.push_atom(&format!(":{before}"), span);
        arn.push_text(&name.moved(span), span);
        arn
    }

    /// The ARN of something of IAM.
    pub(super) fn iam_arn(&self, noun: &str, path: &Text, name: &Text, span: Span) -> Text {
        let mut arn = self.arn_start("iam", span);
        arn.push_atom(":", span);
        arn.push_text(&self.pseudo_text("AWS::AccountId", span), span);
        arn.push_atom(&format!(":{noun}"), span);
        arn.push_text(&path.moved(span), span);
        arn.push_text(&name.moved(span), span);
        arn
    }

    /// The ARN of an OpenID Connect provider, which its URL gives.
    pub(super) fn oidc_arn(&self, logical: &str, span: Span) -> Text {
        let url = self.property(logical, "Url");
        let host = match url {
            Some(url) => {
                let start = url.as_str().strip_prefix("https://").map_or(0, |_| "https://".len());
                url.slice(start, url.as_str().len())
            }
            None => self.name_of(logical, span),
        };
        self.iam_arn("oidc-provider", &Text::standing_for("/", span), &host, span)
    }
}
