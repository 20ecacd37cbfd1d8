//! Terraform's resources of the AWS provider, whether they come from a plan, a state or HCL.
//!
//! <https://registry.terraform.io/providers/hashicorp/aws/latest/docs>

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::doc::Hole;
use crate::doc::build::{Placed, Text, Value};
use crate::policy::{Arn, is_account_id};
use crate::snapshot::{EntityKind, Handle, ProviderKind, control_type};
use crate::text::{SourceMap, Span, Spanned};

use super::permission::{Permission, policy_of};
use super::stack::{Attachment, Control, Inline, MadeProvider, Managed, OfResource, Owner, Stack};
use super::{made_later, policy_document};

/// One resource, with its attributes; blocks in it are lists of objects.
pub(super) struct Resource {
    /// `aws_iam_role`.
    pub(super) kind: String,
    /// `aws_iam_role.deploy`, `module.x.aws_iam_role.deploy["a"]`.
    pub(super) address: String,
    /// Where it stands.
    pub(super) span: Span,
    /// Its attributes.
    pub(super) values: Placed,
    /// On what it depends whether there is any.
    pub(super) doubt: Option<Arc<Hole>>,
}

/// What is added to a stack from resources.
pub(super) struct Reader<'r> {
    pub(super) sources: &'r SourceMap,
    pub(super) stack: Stack,
    /// On what it depends whether there is the resource that is being read.
    doubt: Option<Arc<Hole>>,
    /// What references by name come to: names and ARNs.
    known: BTreeMap<String, Text>,
    /// Permissions by the function that they are for: address, ARN, statements.
    permissions: BTreeMap<String, (String, Text, Vec<Placed>)>,
    /// Attachments of control policies: policy, target.
    targets: Vec<(Text, Spanned<Text>)>,
}

impl Resource {
    fn get(&self, name: &str) -> Option<&Placed> {
        self.values.get(name).filter(|value| !matches!(value.value, Value::Null))
    }

    fn text(&self, name: &str) -> Option<Spanned<Text>> {
        let value = self.get(name)?;
        Some(Spanned { value: value.as_text()?, span: value.span })
    }

    fn known(&self, name: &str) -> Option<&str> {
        self.get(name)?.known()
    }

    fn items(&self, name: &str) -> Vec<Placed> {
        match self.get(name) {
            Some(Placed { value: Value::List(items), .. }) => items.clone(),
            Some(one) => vec![one.clone()],
            None => Vec::new(),
        }
    }

    /// An attribute that is only known when it is made.
    pub(super) fn later(&self, attribute: &str) -> Text {
        let what = format!("`{attribute}` of {}", self.address);
        let hole = made_later(
            format!("${{{}.{attribute}}}", self.address),
            &what,
            "the configuration is applied",
        );
        Text::unknown(&Arc::new(hole), self.span)
    }

    /// A text that names something, or what stands for it.
    fn text_or_later(&self, name: &str) -> Spanned<Text> {
        self.text(name).unwrap_or_else(|| Spanned { value: self.later(name), span: self.span })
    }
}

/// The ARN of something of IAM, with holes for what is not known.
pub(super) fn iam_arn(stack: &Stack, noun: &str, path: &Text, name: &Text, span: Span) -> Text {
    let mut arn = Text::new(span.source);
    arn.push_atom("arn:", span);
    push_partition(&mut arn, stack, span);
    arn.push_atom(":iam::", span);
    push_account(&mut arn, stack, span);
    arn.push_atom(&format!(":{noun}"), span);
    arn.push_text(&path.moved(span), span);
    arn.push_text(&name.moved(span), span);
    arn
}

/// The ARN of something in a Region.
pub(super) fn regional_arn(
    stack: &Stack,
    service: &str,
    before: &str,
    name: &Text,
    span: Span,
) -> Text {
    let mut arn = Text::new(span.source);
    arn.push_atom("arn:", span);
    push_partition(&mut arn, stack, span);
    arn.push_atom(&format!(":{service}:"), span);
    match &stack.region {
        Some(region) => arn.push_atom(region, span),
        None => arn.push_hole(&Arc::new(region_hole()), span),
    }
    arn.push_atom(":", span);
    push_account(&mut arn, stack, span);
    arn.push_atom(&format!(":{before}"), span);
    arn.push_text(&name.moved(span), span);
    arn
}

fn push_partition(arn: &mut Text, stack: &Stack, span: Span) {
    match &stack.partition {
        Some(partition) => arn.push_atom(partition, span),
        None => arn.push_hole(&Arc::new(partition_hole("current")), span),
    }
}

fn push_account(arn: &mut Text, stack: &Stack, span: Span) {
    match &stack.account {
        Some(account) => arn.push_atom(account, span),
        None => arn.push_hole(&Arc::new(account_hole("current")), span),
    }
}

fn place_hole(name: String, parameter: &str, example: &str) -> Hole {
    Hole {
        name,
        reason: "the configuration does not say with which credentials it is applied".to_owned(),
        supply: format!("pass `--parameters {parameter}={example}`"),
    }
}

pub(super) fn account_hole(label: &str) -> Hole {
    place_hole(
        format!("${{data.aws_caller_identity.{label}.account_id}}"),
        "AWS::AccountId",
        "ACCOUNT",
    )
}

pub(super) fn partition_hole(label: &str) -> Hole {
    place_hole(format!("${{data.aws_partition.{label}.partition}}"), "AWS::Partition", "aws")
}

pub(super) fn region_hole() -> Hole {
    place_hole("${data.aws_region.current.region}".to_owned(), "AWS::Region", "REGION")
}

/// How the ARN of a resource is made of its name: the attribute, the service, what stands before.
pub(super) fn regional(kind: &str) -> Option<(&'static str, &'static str, &'static str)> {
    Some(match kind {
        "aws_sqs_queue" => ("name", "sqs", ""),
        "aws_sns_topic" => ("name", "sns", ""),
        "aws_lambda_function" => ("function_name", "lambda", "function:"),
        "aws_dynamodb_table" => ("name", "dynamodb", "table/"),
        "aws_kinesis_stream" => ("name", "kinesis", "stream/"),
        "aws_ecr_repository" => ("name", "ecr", "repository/"),
        "aws_cloudwatch_log_group" => ("name", "logs", "log-group:"),
        "aws_sfn_state_machine" => ("name", "states", "stateMachine:"),
        "aws_codebuild_project" => ("name", "codebuild", "project/"),
        "aws_ecs_cluster" => ("name", "ecs", "cluster/"),
        _ => return None,
    })
}

/// The noun in the ARN of an IAM resource.
pub(super) fn iam_noun(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "aws_iam_role" => "role",
        "aws_iam_user" => "user",
        "aws_iam_group" => "group",
        "aws_iam_policy" => "policy",
        "aws_iam_instance_profile" => "instance-profile",
        _ => return None,
    })
}

const OWNERS: [(EntityKind, &str); 3] =
    [(EntityKind::Role, "role"), (EntityKind::User, "user"), (EntityKind::Group, "group")];

impl<'r> Reader<'r> {
    pub(super) fn new(sources: &'r SourceMap, stack: Stack) -> Self {
        Self {
            sources,
            stack,
            doubt: None,
            known: BTreeMap::new(),
            permissions: BTreeMap::new(),
            targets: Vec::new(),
        }
    }

    fn policy(&self, value: &Placed) -> Option<Handle> {
        let doubted = self.doubt.as_ref().map(|hole| Placed {
            value: Value::Unknown(Arc::clone(hole), vec![value.clone()]),
            span: value.span,
        });
        let document = policy_document(self.sources, doubted.as_ref().unwrap_or(value))?;
        let root = document.root().id();
        Some(Handle::new(&document, root).committed())
    }

    /// Joins what refers to each other.
    pub(super) fn finish(mut self) -> Stack {
        self.resolve();
        self.say_what_is_open();
        for (_, (label, holder, statements)) in std::mem::take(&mut self.permissions) {
            let Some(span) = statements.first().map(|one: &Placed| one.span) else { continue };
            self.of_resource("lambda", holder, &policy_of(statements, span), &label);
        }
        for (policy, target) in std::mem::take(&mut self.targets) {
            let is_it = |control: &&mut Control| {
                let label = format!("${{{}.id}}", control.label);
                policy.as_str() == label || policy.as_str() == control.label
            };
            if let Some(control) = self.stack.controls.iter_mut().find(is_it) {
                control.targets.push(target);
            }
        }
        self.stack
    }

    fn of_resource(&mut self, service: &str, holder: Text, value: &Placed, label: &str) {
        if let Some(document) = self.policy(value) {
            let (service, label) = (service.to_owned(), label.to_owned());
            self.stack.of_resources.push(OfResource { service, holder, document, label });
        }
    }

    /// What a reference comes to, if it is one to something that is made here.
    fn resolved(known: &BTreeMap<String, Text>, text: &mut Text) {
        if let [one] = text.holes()
            && (one.start, one.end) == (0, text.as_str().len())
            && let Some(found) = known.get(&one.hole.name)
        {
            *text = found.moved(text.place(0, text.as_str().len()));
        }
    }

    fn resolve(&mut self) {
        let known = std::mem::take(&mut self.known);
        let stack = &mut self.stack;
        for one in &mut stack.inline {
            Self::resolved(&known, &mut one.owner);
        }
        for one in &mut stack.attached {
            Self::resolved(&known, &mut one.owner);
            Self::resolved(&known, &mut one.policy);
        }
        for (user, groups) in &mut stack.members {
            Self::resolved(&known, user);
            groups.iter_mut().for_each(|group| Self::resolved(&known, &mut group.value));
        }
        for owner in &mut stack.owners {
            if let Some(boundary) = &mut owner.boundary {
                Self::resolved(&known, &mut boundary.value);
            }
        }
        for one in &mut stack.of_resources {
            Self::resolved(&known, &mut one.holder);
        }
    }

    /// If nobody can tell who has a policy, nobody's policies are known in full.
    fn say_what_is_open(&mut self) {
        let stack = &self.stack;
        let inline = stack.inline.iter().map(|one| (one.kind, &one.owner, one.span));
        let attached = stack.attached.iter().map(|one| (one.kind, &one.owner, one.span));
        let mut open = Vec::new();
        for (kind, owner, span) in inline.chain(attached) {
            let Some(hole) = owner.holes().first().map(|one| &one.hole) else { continue };
            let is_made = (stack.owners.iter())
                .any(|made| made.kind == kind && made.name.as_str() == owner.as_str());
            if !is_made {
                let noun = kind.noun();
                let note = format!(
                    "to which {noun} this is attached is not known: `{}`; {}",
                    hole.name, hole.supply
                );
                open.push((kind, span, note));
            }
        }
        for (kind, span, note) in open {
            self.stack.open_kinds.insert(kind);
            self.stack.notes.push((span, note));
        }
    }

    /// Remembers what references to a resource come to.
    fn remember(&mut self, resource: &Resource, attributes: &[&str], text: &Text) {
        for attribute in attributes {
            self.known.insert(format!("${{{}.{attribute}}}", resource.address), text.clone());
        }
    }

    /// Adds what one resource describes.
    pub(super) fn add(&mut self, resource: &Resource) {
        self.doubt.clone_from(&resource.doubt);
        match resource.kind.as_str() {
            "aws_iam_role" => self.principal(resource, EntityKind::Role),
            "aws_iam_user" => self.principal(resource, EntityKind::User),
            "aws_iam_group" => self.principal(resource, EntityKind::Group),
            "aws_iam_policy" => self.managed(resource),
            "aws_iam_role_policy" => self.inline(resource, EntityKind::Role, "role"),
            "aws_iam_user_policy" => self.inline(resource, EntityKind::User, "user"),
            "aws_iam_group_policy" => self.inline(resource, EntityKind::Group, "group"),
            "aws_iam_role_policy_attachment"
            | "aws_iam_user_policy_attachment"
            | "aws_iam_group_policy_attachment"
            | "aws_iam_policy_attachment" => self.attachment(resource),
            "aws_iam_user_group_membership" => {
                let groups = resource.items("groups").into_iter();
                let groups = groups.filter_map(|group| {
                    Some(Spanned { value: group.as_text()?, span: group.span })
                });
                let user = resource.text_or_later("user").value;
                self.stack.members.push((user, groups.collect()));
            }
            "aws_iam_group_membership" => {
                let group = resource.text_or_later("group");
                for user in resource.items("users") {
                    let Some(user) = user.as_text() else { continue };
                    self.stack.members.push((user, vec![group.clone()]));
                }
            }
            "aws_iam_openid_connect_provider" => self.oidc(resource),
            "aws_iam_saml_provider" => {
                let name = resource.text_or_later("name");
                let path = Text::standing_for("/", resource.span);
                let arn = self.arn(resource, |stack| {
                    iam_arn(stack, "saml-provider", &path, &name.value, resource.span)
                });
                self.provider(arn, ProviderKind::Saml, None, resource.span);
            }
            "aws_lambda_permission" => self.permission(resource),
            "aws_organizations_policy" => self.control(resource),
            "aws_organizations_policy_attachment" => {
                let (policy, target) =
                    (resource.text_or_later("policy_id"), resource.text_or_later("target_id"));
                self.targets.push((policy.value, target));
            }
            "aws_vpc_endpoint" | "aws_vpc_endpoint_policy" => self.endpoint(resource),
            kind => self.resource_policy(kind, resource),
        }
    }

    /// The ARN as it is known, else as it will be.
    fn arn(&self, resource: &Resource, made: impl FnOnce(&Stack) -> Text) -> Text {
        let known = resource.text("arn").map(|arn| arn.value).filter(|arn| arn.holes().is_empty());
        known.unwrap_or_else(|| made(&self.stack))
    }

    fn principal(&mut self, resource: &Resource, kind: EntityKind) {
        let name = resource.text_or_later("name");
        for policy in resource.items("inline_policy") {
            let own = policy.get("name").and_then(Placed::as_text);
            let document = policy.get("policy").and_then(|policy| self.policy(policy));
            if document.is_none() && own.is_none() {
                continue;
            }
            self.stack.inline.push(Inline {
                kind,
                owner: name.value.clone(),
                name: own.unwrap_or_else(|| Text::standing_for("inline", policy.span)),
                span: policy.span,
                document,
            });
        }
        for policy in resource.items("managed_policy_arns") {
            let Some(arn) = policy.as_text() else { continue };
            let owner = name.value.clone();
            self.stack.attached.push(Attachment { kind, owner, policy: arn, span: policy.span });
        }
        let trust = resource.get("assume_role_policy").filter(|_| kind == EntityKind::Role);
        let boundary = resource.text("permissions_boundary");
        let boundary = boundary.filter(|arn| !arn.value.as_str().is_empty());
        let seconds = resource.get("max_session_duration").and_then(|value| {
            Some(Spanned { value: value.known()?.parse().ok()?, span: value.span })
        });
        let owner = Owner {
            kind,
            path: path_of(resource),
            span: resource.span,
            name_span: name.span,
            name: name.value,
            label: resource.address.clone(),
            trust: trust.and_then(|trust| self.policy(trust)),
            boundary,
            max_session_duration: seconds,
            tags: tags(resource),
            doubt: resource.doubt.as_ref().map(|hole| hole.name.clone()),
        };
        let noun = kind.noun();
        let arn = self
            .arn(resource, |stack| iam_arn(stack, noun, &owner.path, &owner.name, resource.span));
        self.remember(resource, &["name", "id"], &owner.name);
        self.remember(resource, &["arn"], &arn);
        if let Some(account) = resource.known("arn").and_then(Arn::parse).map(|arn| arn.account)
            && is_account_id(account)
        {
            self.stack.account.get_or_insert_with(|| account.to_owned());
        }
        self.stack.owners.push(owner);
    }

    fn managed(&mut self, resource: &Resource) {
        let name = resource.text_or_later("name").value;
        let path = path_of(resource);
        let arn = self.arn(resource, |stack| iam_arn(stack, "policy", &path, &name, resource.span));
        let document = resource.get("policy").and_then(|policy| self.policy(policy));
        self.remember(resource, &["name"], &name);
        self.remember(resource, &["arn", "id"], &arn);
        let (span, label) = (resource.span, resource.address.clone());
        self.stack.managed.push(Managed { arn, name, span, document, label });
    }

    fn inline(&mut self, resource: &Resource, kind: EntityKind, owner: &str) {
        let document = resource.get("policy").and_then(|policy| self.policy(policy));
        let owner = resource.text_or_later(owner);
        let name = resource.text("name").map(|name| name.value);
        let name = name.unwrap_or_else(|| Text::standing_for(&resource.address, resource.span));
        let span = resource.span;
        self.stack.inline.push(Inline { kind, owner: owner.value, name, span, document });
    }

    fn attachment(&mut self, resource: &Resource) {
        let policy = resource.text_or_later("policy_arn");
        for (kind, noun) in OWNERS {
            let plural = format!("{noun}s");
            let own = resource.kind == format!("aws_iam_{noun}_policy_attachment");
            let own = own.then(|| resource.text_or_later(noun));
            let listed = resource
                .items(&plural)
                .into_iter()
                .filter_map(|owner| Some(Spanned { value: owner.as_text()?, span: owner.span }));
            for owner in listed.chain(own).collect::<Vec<_>>() {
                self.stack.attached.push(Attachment {
                    kind,
                    owner: owner.value,
                    policy: policy.value.clone(),
                    span: policy.span,
                });
            }
        }
    }

    fn provider(
        &mut self,
        arn: Text,
        kind: ProviderKind,
        client_ids: Option<Vec<Spanned<String>>>,
        span: Span,
    ) {
        let arn = Spanned { value: arn, span };
        self.stack.providers.push(MadeProvider { arn, kind, client_ids });
    }

    fn oidc(&mut self, resource: &Resource) {
        let url = resource.text_or_later("url");
        let start = url.value.as_str().strip_prefix("https://").map_or(0, |_| "https://".len());
        let host = url.value.slice(start, url.value.as_str().len());
        let path = Text::standing_for("/", resource.span);
        let arn = self
            .arn(resource, |stack| iam_arn(stack, "oidc-provider", &path, &host, resource.span));
        let ids = resource.get("client_id_list").and_then(|list| {
            let is_list = matches!(list.value, Value::List(_));
            let known =
                |id: &Placed| Some(Spanned { value: id.known()?.to_owned(), span: id.span });
            is_list.then(|| list.items().iter().map(known).collect()).flatten()
        });
        self.provider(arn, ProviderKind::Oidc, ids, resource.span);
    }

    fn permission(&mut self, resource: &Resource) {
        let name = resource.text_or_later("function_name");
        let text = name.value.as_str();
        let holder = if text.starts_with("arn:") || text.ends_with(".arn}") {
            name.value.clone()
        } else {
            regional_arn(&self.stack, "lambda", "function:", &name.value, name.span)
        };
        let get = |attribute: &str| resource.get(attribute).cloned();
        let permission = Permission {
            action: get("action"),
            principal: get("principal"),
            source_arn: get("source_arn"),
            source_account: get("source_account"),
            organization: get("principal_org_id"),
            function: holder.clone(),
            span: resource.span,
        };
        let key = holder.as_str().to_owned();
        let entry = self.permissions.entry(key);
        let entry = entry.or_insert_with(|| (resource.address.clone(), holder, Vec::new()));
        entry.2.push(permission.statement());
    }

    fn control(&mut self, resource: &Resource) {
        // <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/organizations_policy>
        let kind = match resource.get("type") {
            None => Some("SERVICE_CONTROL_POLICY"),
            Some(kind) => kind.known(),
        };
        let document = resource.get("content").and_then(|content| self.policy(content));
        if let (Some(policy_type), Some(document)) = (kind.and_then(control_type), document) {
            self.stack.controls.push(Control {
                policy_type,
                label: resource.address.clone(),
                name: resource.known("name").map(str::to_owned),
                document,
                targets: Vec::new(),
            });
        } else if kind.is_none() {
            let note = "whether it is a service control or a resource control policy is not known";
            self.stack.notes.push((resource.span, format!("{}: {note}", resource.address)));
        }
    }

    fn endpoint(&mut self, resource: &Resource) {
        let Some(document) = resource.get("policy").and_then(|policy| self.policy(policy)) else {
            return;
        };
        let id = if resource.kind == "aws_vpc_endpoint" { "id" } else { "vpc_endpoint_id" };
        let id = resource.known(id).unwrap_or(&resource.address).to_owned();
        let service = resource.known("service_name").map(str::to_owned);
        let id = Spanned { value: id, span: resource.span };
        self.stack.endpoints.push((id, service, Some(document)));
    }

    /// The policy of a resource, in the resource or in one of its own.
    fn resource_policy(&mut self, kind: &str, resource: &Resource) {
        let span = resource.span;
        let named = |attribute: &str| resource.text_or_later(attribute).value;
        let value = match kind {
            "aws_cloudwatch_log_resource_policy" => resource.get("policy_document"),
            "aws_dynamodb_resource_policy" | "aws_kinesis_resource_policy" => {
                resource.get("policy").or_else(|| resource.get("resource_policy"))
            }
            "aws_elasticsearch_domain_policy" | "aws_opensearch_domain_policy" => {
                resource.get("access_policies")
            }
            _ => resource.get("policy"),
        };
        let Some(value) = value.cloned() else { return };
        let bucket = |name: Text, stack: &Stack| {
            let mut arn = Text::new(span.source);
            arn.push_atom("arn:", span);
            push_partition(&mut arn, stack, span);
            arn.push_atom(":s3:::", span);
            arn.push_text(&name.moved(span), span);
            arn
        };
        let (service, holder) = match kind {
            "aws_s3_bucket_policy" | "aws_s3_bucket" => {
                ("s3", bucket(named("bucket"), &self.stack))
            }
            "aws_kms_key" | "aws_kms_replica_key" | "aws_kms_external_key" => ("kms", named("arn")),
            "aws_kms_key_policy" => {
                let id = named("key_id");
                let whole = id.as_str().starts_with("arn:") || id.as_str().ends_with(".arn}");
                let key =
                    if whole { id } else { regional_arn(&self.stack, "kms", "key/", &id, span) };
                ("kms", key)
            }
            "aws_sqs_queue_policy" => ("sqs", self.queue_arn(&named("queue_url"), span)),
            "aws_sns_topic_policy" => ("sns", named("arn")),
            "aws_secretsmanager_secret_policy" => ("secretsmanager", named("secret_arn")),
            "aws_secretsmanager_secret" => ("secretsmanager", named("arn")),
            "aws_ecr_repository_policy" => {
                let name = named("repository");
                ("ecr", regional_arn(&self.stack, "ecr", "repository/", &name, span))
            }
            _ => match regional(kind) {
                Some((attribute, service, before)) => {
                    let name = named(attribute);
                    let arn = self
                        .arn(resource, |stack| regional_arn(stack, service, before, &name, span));
                    (service, arn)
                }
                None => match service_of(kind) {
                    Some(service) => {
                        let attribute = ["resource_arn", "arn"]
                            .into_iter()
                            .find(|name| resource.get(name).is_some());
                        (service, named(attribute.unwrap_or("arn")))
                    }
                    None => return,
                },
            },
        };
        self.of_resource(service, holder, &value, &resource.address);
    }

    /// The ARN of a queue by its URL, which also is its id.
    fn queue_arn(&self, url: &Text, span: Span) -> Text {
        let parts: Vec<&str> = url.as_str().split('/').collect();
        if let ["https:", "", host, account, name] = parts.as_slice()
            && let Some(region) = host.strip_prefix("sqs.").and_then(|rest| rest.split('.').next())
        {
            return Text::standing_for(&format!("arn:aws:sqs:{region}:{account}:{name}"), span);
        }
        url.clone()
    }
}

/// The service of a resource of another type, whose `policy` is taken for a resource-based policy.
fn service_of(kind: &str) -> Option<&'static str> {
    const SERVICES: [(&str, &str); 22] = [
        ("aws_api_gateway_", "execute-api"),
        ("aws_backup_vault_", "backup"),
        ("aws_cloudwatch_event_", "events"),
        ("aws_cloudwatch_log_", "logs"),
        ("aws_codeartifact_", "codeartifact"),
        ("aws_dynamodb_", "dynamodb"),
        ("aws_ecr_", "ecr"),
        ("aws_ecrpublic_", "ecr-public"),
        ("aws_efs_", "elasticfilesystem"),
        ("aws_elasticsearch_", "es"),
        ("aws_glacier_", "glacier"),
        ("aws_glue_", "glue"),
        ("aws_iot_", "iot"),
        ("aws_kinesis_", "kinesis"),
        ("aws_media_store_", "mediastore"),
        ("aws_opensearch_", "es"),
        ("aws_redshift_", "redshift"),
        ("aws_s3control_", "s3"),
        ("aws_s3_access_point", "s3"),
        ("aws_schemas_", "schemas"),
        ("aws_ses", "ses"),
        ("aws_transfer_", "transfer"),
    ];
    let found = SERVICES.iter().find(|(prefix, _)| kind.starts_with(prefix));
    found.map(|(_, service)| *service)
}

fn path_of(resource: &Resource) -> Text {
    let path = resource.text("path").map(|path| path.value);
    path.unwrap_or_else(|| Text::standing_for("/", resource.span))
}

/// Tags, where all are known. Those that the provider adds are in `tags_all`.
fn tags(resource: &Resource) -> Option<Vec<(String, String)>> {
    let tags = resource.get("tags_all").or_else(|| resource.get("tags"));
    match tags.map(|tags| &tags.value) {
        None => Some(Vec::new()),
        Some(Value::Map(entries)) => entries
            .iter()
            .map(|(key, _, value)| Some((key.known()?.to_owned(), value.known()?.to_owned())))
            .collect(),
        Some(_) => None,
    }
}
