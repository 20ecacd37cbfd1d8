//! Templates of CloudFormation and SAM, and those that the AWS CDK makes.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html>

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::doc::build::{Placed, Text, Value};
use crate::doc::{Document, Hole, Kind, Node};
use crate::policy::is_account_id;
use crate::snapshot::{EntityKind, Handle, ProviderKind, control_type};
use crate::text::{SourceMap, Span, Spanned};

use super::functions::{Resolver, function, partition_of};
use super::parameters::Parameters;
use super::permission::{Permission, policy_of};
use super::stack::{Attachment, Control, Inline, MadeProvider, Managed, OfResource, Owner, Stack};
use super::{file_name, made_later, policy_document};

/// What a template describes.
pub(super) fn read(sources: &SourceMap, document: &Document, given: &Parameters) -> Stack {
    let root = document.root();
    let mut reader = Reader {
        sources,
        resolver: Resolver::new(root, file_name(sources, root.span()), given),
        stack: Stack::default(),
        permissions: BTreeMap::new(),
    };
    reader.stack.account = given.account().map(str::to_owned);
    let partition = given.text("AWS::Partition");
    let partition = partition.or_else(|| given.text("AWS::Region").map(partition_of));
    reader.stack.partition = partition.map(str::to_owned);
    let resources = root.get("Resources");
    for entry in resources.into_iter().flat_map(|all| all.entries()) {
        reader.resource(&entry.key, entry.key_span, entry.value);
    }
    for (_, (label, holder, statements)) in std::mem::take(&mut reader.permissions) {
        let Some(span) = statements.first().map(|one: &Placed| one.span) else { continue };
        reader.of_resource("lambda", holder, &policy_of(statements, span), &label);
    }
    reader.stack
}

struct Reader<'t> {
    sources: &'t SourceMap,
    resolver: Resolver<'t>,
    stack: Stack,
    /// Permissions by the function that they are for: what it is called, its ARN, the statements.
    permissions: BTreeMap<String, (String, Text, Vec<Placed>)>,
}

/// One resource of the template.
struct Resource<'r, 't> {
    reader: &'r Reader<'t>,
    logical: &'r str,
    span: Span,
    properties: Option<Node<'t>>,
    doubt: Option<&'r Arc<Hole>>,
}

impl<'t> Resource<'_, 't> {
    fn node(&self, name: &str) -> Option<Node<'t>> {
        self.properties?.get(name)
    }

    fn get(&self, name: &str) -> Option<Placed> {
        self.reader.resolver.value(self.node(name)?, 0)
    }

    fn text(&self, name: &str) -> Option<Spanned<Text>> {
        let value = self.get(name)?;
        Some(Spanned { value: value.as_text()?, span: value.span })
    }

    /// A policy document, which may be in doubt with its resource.
    fn policy(&self, value: &Placed) -> Option<Handle> {
        self.reader.policy(value, self.doubt)
    }

    fn list(&self, name: &str) -> Vec<(Placed, Option<Arc<Hole>>)> {
        self.get(name).map_or_else(Vec::new, |value| listed(&value, None))
    }
}

/// The items of a list, and of what is not known all that it can be, with that on which it depends.
fn listed(value: &Placed, doubt: Option<&Arc<Hole>>) -> Vec<(Placed, Option<Arc<Hole>>)> {
    match &value.value {
        Value::List(items) => items.iter().flat_map(|item| listed(item, doubt)).collect(),
        Value::Unknown(hole, either) if !either.is_empty() => {
            either.iter().flat_map(|one| listed(one, Some(doubt.unwrap_or(hole)))).collect()
        }
        Value::Null => Vec::new(),
        _ => vec![(value.clone(), doubt.cloned())],
    }
}

impl<'t> Reader<'t> {
    fn policy(&self, value: &Placed, doubt: Option<&Arc<Hole>>) -> Option<Handle> {
        let doubted = doubt.map(|hole| Placed {
            value: Value::Unknown(Arc::clone(hole), vec![value.clone()]),
            span: value.span,
        });
        let document = policy_document(self.sources, doubted.as_ref().unwrap_or(value))?;
        let root = document.root().id();
        Some(Handle::new(&document, root).committed())
    }

    fn resource(&mut self, logical: &str, key: Span, node: Node<'t>) {
        let Some(kind) = node.get("Type").and_then(|kind| kind.text()) else { return };
        let mut doubt = None;
        if let Some(condition) = node.get("Condition").and_then(|condition| condition.text()) {
            match self.resolver.condition(&condition, 0) {
                Some(true) => {}
                Some(false) => return,
                None => doubt = Some(Arc::new(self.resolver.open_condition(&condition))),
            }
        }
        let properties = node.get("Properties").filter(|one| one.kind() == Kind::Mapping);
        let before = Places { stack: &self.stack }.count();
        let add = {
            let resource =
                Resource { reader: self, logical, span: key, properties, doubt: doubt.as_ref() };
            described(&kind, &resource)
        };
        for one in add {
            self.add(one);
        }
        let known = before != Places { stack: &self.stack }.count() || KNOWN.contains(&&*kind);
        if !known && let Some(properties) = properties {
            self.any_policies(&kind, logical, properties, doubt.as_ref());
        }
    }

    fn add(&mut self, found: Found) {
        let stack = &mut self.stack;
        match found {
            Found::Owner(owner) => stack.owners.push(*owner),
            Found::Managed(managed) => stack.managed.push(managed),
            Found::Inline(inline) => stack.inline.push(inline),
            Found::Attached(one) => stack.attached.push(one),
            Found::Member(user, groups) => stack.members.push((user, groups)),
            Found::OfResource(one) => stack.of_resources.push(one),
            Found::Endpoint(id, service, document) => stack.endpoints.push((id, service, document)),
            Found::Provider(provider) => stack.providers.push(provider),
            Found::Control(control) => stack.controls.push(control),
            Found::Open(kind, span, note) => {
                stack.open_kinds.insert(kind);
                stack.notes.push((span, note));
            }
            Found::Note(span, note) => stack.notes.push((span, note)),
            Found::Permission(label, holder, statement) => {
                let key = holder.as_str().to_owned();
                let entry = self.permissions.entry(key);
                entry.or_insert_with(|| (label, holder, Vec::new())).2.push(statement);
            }
        }
    }

    fn of_resource(&mut self, service: &str, holder: Text, value: &Placed, label: &str) {
        if let Some(document) = self.policy(value, None) {
            let (service, label) = (service.to_owned(), label.to_owned());
            self.stack.of_resources.push(OfResource { service, holder, document, label });
        }
    }

    /// The policies in a resource of any other kind: whatever has statements with a principal.
    fn any_policies(
        &mut self,
        kind: &str,
        logical: &str,
        properties: Node<'t>,
        doubt: Option<&Arc<Hole>>,
    ) {
        let mut open = vec![properties];
        while let Some(node) = open.pop() {
            let statements = node.get("Statement");
            let is_policy = statements.is_some_and(|statements| {
                let alone = (statements.kind() == Kind::Mapping).then_some(statements);
                statements.items().chain(alone).any(|one| {
                    one.get("Effect").is_some()
                        && (one.get("Principal").is_some() || one.get("NotPrincipal").is_some())
                })
            });
            if is_policy {
                let value = self.resolver.value(node, 0);
                if let Some(document) = value.and_then(|value| self.policy(&value, doubt)) {
                    let service = kind.split("::").nth(1).unwrap_or("").to_lowercase();
                    let hole = made_later(
                        format!("${{{logical}.Arn}}"),
                        &format!("the ARN of {logical} in {}", self.resolver.file),
                        "the stack is deployed",
                    );
                    let holder = Text::unknown(&Arc::new(hole), node.span());
                    let label = logical.to_owned();
                    self.stack.of_resources.push(OfResource { service, holder, document, label });
                }
                continue;
            }
            open.extend(node.items());
            open.extend(node.entries().map(|entry| entry.value));
        }
    }
}

/// How much of a stack there is, to tell whether something was added.
struct Places<'s> {
    stack: &'s Stack,
}

impl Places<'_> {
    fn count(&self) -> usize {
        let stack = self.stack;
        stack.owners.len() + stack.managed.len() + stack.inline.len() + stack.of_resources.len()
    }
}

/// Kinds that are read in a way of their own.
const KNOWN: [&str; 6] = [
    "AWS::Lambda::Permission",
    "AWS::EC2::VPCEndpoint",
    "AWS::Organizations::Policy",
    "AWS::IAM::UserToGroupAddition",
    "AWS::IAM::OIDCProvider",
    "AWS::IAM::SAMLProvider",
];

/// Something that a resource describes.
enum Found {
    Owner(Box<Owner>),
    Managed(Managed),
    Inline(Inline),
    Attached(Attachment),
    Member(Text, Vec<Spanned<Text>>),
    OfResource(OfResource),
    Endpoint(Spanned<String>, Option<String>, Option<Handle>),
    Provider(MadeProvider),
    Control(Control),
    /// Policies of principals of a kind, of whom it is not known who they are.
    Open(EntityKind, Span, String),
    Note(Span, String),
    Permission(String, Text, Placed),
}

/// What a resource of the type `kind` describes.
fn described(kind: &str, resource: &Resource<'_, '_>) -> Vec<Found> {
    match kind {
        "AWS::IAM::Role" => principal(resource, EntityKind::Role),
        "AWS::IAM::User" => principal(resource, EntityKind::User),
        "AWS::IAM::Group" => principal(resource, EntityKind::Group),
        "AWS::IAM::ManagedPolicy" => managed(resource),
        "AWS::IAM::Policy" => policy_for_many(resource),
        "AWS::IAM::RolePolicy" => policy_for_one(resource, EntityKind::Role, "RoleName"),
        "AWS::IAM::UserPolicy" => policy_for_one(resource, EntityKind::User, "UserName"),
        "AWS::IAM::GroupPolicy" => policy_for_one(resource, EntityKind::Group, "GroupName"),
        "AWS::IAM::UserToGroupAddition" => members(resource),
        "AWS::IAM::OIDCProvider" => oidc_provider(resource),
        "AWS::IAM::SAMLProvider" => saml_provider(resource),
        "AWS::Serverless::Function" => serverless(resource),
        "AWS::Lambda::Permission" => lambda_permission(resource),
        "AWS::EC2::VPCEndpoint" => endpoint(resource),
        "AWS::Organizations::Policy" => control(resource),
        "AWS::KMS::Key" | "AWS::KMS::ReplicaKey" => own(resource, "kms", "KeyPolicy"),
        "AWS::ECR::Repository" => own(resource, "ecr", "RepositoryPolicyText"),
        "AWS::SecretsManager::ResourcePolicy" => {
            of_holders(resource, "secretsmanager", "SecretId", "ResourcePolicy")
        }
        "AWS::S3::BucketPolicy" => of_holders(resource, "s3", "Bucket", "PolicyDocument"),
        "AWS::SQS::QueuePolicy" => of_holders(resource, "sqs", "Queues", "PolicyDocument"),
        "AWS::SQS::QueueInlinePolicy" => of_holders(resource, "sqs", "Queue", "PolicyDocument"),
        "AWS::SNS::TopicPolicy" => of_holders(resource, "sns", "Topics", "PolicyDocument"),
        "AWS::SNS::TopicInlinePolicy" => of_holders(resource, "sns", "TopicArn", "PolicyDocument"),
        _ => Vec::new(),
    }
}

fn principal(resource: &Resource<'_, '_>, kind: EntityKind) -> Vec<Found> {
    let resolver = &resource.reader.resolver;
    let name = resolver.name_of(resource.logical, resource.span);
    let property = match kind {
        EntityKind::Role => "RoleName",
        EntityKind::User => "UserName",
        EntityKind::Group => "GroupName",
    };
    let mut found = owned(resource, kind, &name);
    let seconds = resource
        .get("MaxSessionDuration")
        .and_then(|value| Some(Spanned { value: value.known()?.parse().ok()?, span: value.span }));
    let trust = resource.get("AssumeRolePolicyDocument");
    let tags = resource.get("Tags").map_or(Some(Vec::new()), |tags| {
        let pair = |tag: &Placed| {
            Some((tag.get("Key")?.known()?.to_owned(), tag.get("Value")?.known()?.to_owned()))
        };
        let is_list = matches!(tags.value, Value::List(_));
        is_list.then(|| tags.items().iter().map(pair).collect()).flatten()
    });
    let owner = Owner {
        kind,
        path: resolver.path_of(resource.logical, resource.span),
        span: resource.span,
        name_span: resource.node(property).map_or(resource.span, |node| node.span()),
        name,
        label: resource.logical.to_owned(),
        trust: trust.and_then(|trust| resource.policy(&trust)),
        boundary: resource.text("PermissionsBoundary"),
        max_session_duration: seconds,
        tags,
        doubt: resource.doubt.map(|hole| hole.name.clone()),
    };
    if kind == EntityKind::User {
        let groups = resource.list("Groups").into_iter();
        let groups = groups
            .filter_map(|(group, _)| Some(Spanned { value: group.as_text()?, span: group.span }));
        found.push(Found::Member(owner.name.clone(), groups.collect()));
    }
    found.push(Found::Owner(Box::new(owner)));
    found
}

/// The policies in a principal itself.
fn owned(resource: &Resource<'_, '_>, kind: EntityKind, name: &Text) -> Vec<Found> {
    let mut found = Vec::new();
    for (policy, doubt) in resource.list("Policies") {
        let Some(document) = policy.get("PolicyDocument") else { continue };
        let own = policy.get("PolicyName").and_then(Placed::as_text);
        found.push(Found::Inline(Inline {
            kind,
            owner: name.clone(),
            name: own.unwrap_or_else(|| Text::standing_for("inline", policy.span)),
            span: policy.span,
            document: resource.reader.policy(document, doubt.as_ref().or(resource.doubt)),
        }));
    }
    for (policy, _) in resource.list("ManagedPolicyArns") {
        if let Some(arn) = policy.as_text() {
            found.push(Found::Attached(Attachment {
                kind,
                owner: name.clone(),
                policy: arn,
                span: policy.span,
            }));
        }
    }
    found
}

const OWNERS: [(EntityKind, &str); 3] =
    [(EntityKind::Role, "Roles"), (EntityKind::User, "Users"), (EntityKind::Group, "Groups")];

/// Those whom a policy is for: kind and name, and what cannot be told.
fn owners(resource: &Resource<'_, '_>) -> (Vec<(EntityKind, Text)>, Vec<Found>) {
    let (mut owners, mut open) = (Vec::new(), Vec::new());
    for (kind, property) in OWNERS {
        for (owner, _) in resource.list(property) {
            match &owner.value {
                // A parameter with a list, or with a name that nobody has said.
                Value::Unknown(hole, _) => open.push(Found::Open(
                    kind,
                    owner.span,
                    format!(
                        "to which {}s {} is attached is not known: `{}`; {}",
                        kind.noun(),
                        resource.logical,
                        hole.name,
                        hole.supply
                    ),
                )),
                _ => owners.extend(owner.as_text().map(|name| (kind, name))),
            }
        }
    }
    (owners, open)
}

fn managed(resource: &Resource<'_, '_>) -> Vec<Found> {
    let resolver = &resource.reader.resolver;
    let arn = resolver.reference_to(resource.logical, resource.span);
    let Some(arn) = arn.as_text() else { return Vec::new() };
    let document = resource.get("PolicyDocument");
    let mut found = vec![Found::Managed(Managed {
        arn: arn.clone(),
        name: resolver.name_of(resource.logical, resource.span),
        span: resource.span,
        document: document.and_then(|document| resource.policy(&document)),
        label: resource.logical.to_owned(),
    })];
    let (owners, open) = owners(resource);
    found.extend(open);
    found.extend(owners.into_iter().map(|(kind, owner)| {
        Found::Attached(Attachment { kind, owner, policy: arn.clone(), span: resource.span })
    }));
    found
}

fn policy_for_many(resource: &Resource<'_, '_>) -> Vec<Found> {
    let (owners, mut found) = owners(resource);
    let Some(document) = resource.get("PolicyDocument") else { return found };
    let document = resource.policy(&document);
    let name = resource.text("PolicyName").map(|name| name.value);
    let name = name.unwrap_or_else(|| Text::standing_for(resource.logical, resource.span));
    let inline = |kind, owner| Inline {
        kind,
        owner,
        name: name.clone(),
        span: resource.span,
        document: document.clone(),
    };
    if owners.is_empty() {
        // Whoever has it, it is a policy to be looked at.
        let hole = made_later("?", "who has it", "the stack is deployed");
        let nobody = Text::unknown(&Arc::new(hole), resource.span);
        found.push(Found::Inline(inline(EntityKind::Role, nobody)));
    }
    found.extend(owners.into_iter().map(|(kind, owner)| Found::Inline(inline(kind, owner))));
    found
}

fn policy_for_one(resource: &Resource<'_, '_>, kind: EntityKind, property: &str) -> Vec<Found> {
    let Some(owner) = resource.text(property) else { return Vec::new() };
    let document = resource.get("PolicyDocument");
    let name = resource.text("PolicyName").map(|name| name.value);
    vec![Found::Inline(Inline {
        kind,
        owner: owner.value,
        name: name.unwrap_or_else(|| Text::standing_for(resource.logical, resource.span)),
        span: resource.span,
        document: document.and_then(|document| resource.policy(&document)),
    })]
}

fn members(resource: &Resource<'_, '_>) -> Vec<Found> {
    let Some(group) = resource.text("GroupName") else { return Vec::new() };
    let users = resource.list("Users").into_iter();
    users
        .filter_map(|(user, _)| Some(Found::Member(user.as_text()?, vec![group.clone()])))
        .collect()
}

fn oidc_provider(resource: &Resource<'_, '_>) -> Vec<Found> {
    let arn = resource.reader.resolver.oidc_arn(resource.logical, resource.span);
    let ids = resource.get("ClientIdList").map_or(Some(Vec::new()), |list| {
        let is_list = matches!(list.value, Value::List(_));
        let known = |id: &Placed| Some(Spanned { value: id.known()?.to_owned(), span: id.span });
        is_list.then(|| list.items().iter().map(known).collect()).flatten()
    });
    let arn = Spanned { value: arn, span: resource.span };
    vec![Found::Provider(MadeProvider { arn, kind: ProviderKind::Oidc, client_ids: ids })]
}

fn saml_provider(resource: &Resource<'_, '_>) -> Vec<Found> {
    let arn = resource.reader.resolver.reference_to(resource.logical, resource.span).as_text();
    let arn = arn.map(|value| Spanned { value, span: resource.span });
    let made = |arn| MadeProvider { arn, kind: ProviderKind::Saml, client_ids: None };
    arn.map(|arn| Found::Provider(made(arn))).into_iter().collect()
}

/// <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html>
fn serverless(resource: &Resource<'_, '_>) -> Vec<Found> {
    // With a role of its own the function gets none made for it.
    if resource.node("Role").is_some() {
        return Vec::new();
    }
    let logical = format!("{}Role", resource.logical);
    let what = format!("the name of the role that SAM makes for {}", resource.logical);
    let hole = made_later(format!("${{{logical}}}"), &what, "the stack is deployed");
    let name = Text::unknown(&Arc::new(hole), resource.span);
    let mut found = Vec::new();
    let kind = EntityKind::Role;
    for (policy, doubt) in resource.list("Policies") {
        let doubt = doubt.as_ref().or(resource.doubt);
        let document = match &policy.value {
            Value::Map(_) if policy.get("Statement").is_some() => policy.clone(),
            // A policy template of SAM, which it fills in.
            Value::Map(entries) => {
                let template = entries.first().map_or("", |(name, ..)| name.as_str());
                let name = format!("policy template {template}");
                let hole = Hole {
                    reason: "SAM writes its statements when the stack is deployed".to_owned(),
                    supply: "write the statements out in their place".to_owned(),
                    name,
                };
                Placed::unknown(hole, policy.span)
            }
            _ => {
                let Some(arn) = policy.as_text() else { continue };
                let attachment =
                    Attachment { kind, owner: name.clone(), policy: arn, span: policy.span };
                found.push(Found::Attached(attachment));
                continue;
            }
        };
        found.push(Found::Inline(Inline {
            kind,
            owner: name.clone(),
            name: Text::standing_for("Policies", policy.span),
            span: policy.span,
            document: resource.reader.policy(&document, doubt),
        }));
    }
    let trust = resource.get("AssumeRolePolicyDocument");
    found.push(Found::Owner(Box::new(Owner {
        kind,
        path: Text::standing_for("/", resource.span),
        span: resource.span,
        name_span: resource.span,
        name,
        label: logical,
        trust: trust.and_then(|trust| resource.policy(&trust)),
        boundary: resource.text("PermissionsBoundary"),
        max_session_duration: None,
        tags: None,
        doubt: resource.doubt.map(|hole| hole.name.clone()),
    })));
    found
}

fn lambda_permission(resource: &Resource<'_, '_>) -> Vec<Found> {
    let resolver = &resource.reader.resolver;
    let span = resource.span;
    let Some(name) = resource.text("FunctionName") else { return Vec::new() };
    let is_arn = name.value.as_str().starts_with("arn:");
    let holder = if is_arn || name.value.as_str().contains(".Arn}") {
        name.value.clone()
    } else {
        resolver.regional("lambda", "function:", &name.value, name.span)
    };
    let permission = Permission {
        action: resource.get("Action"),
        principal: resource.get("Principal"),
        source_arn: resource.get("SourceArn"),
        source_account: resource.get("SourceAccount"),
        organization: resource.get("PrincipalOrgID"),
        function: holder.clone(),
        span,
    };
    vec![Found::Permission(resource.logical.to_owned(), holder, permission.statement())]
}

fn endpoint(resource: &Resource<'_, '_>) -> Vec<Found> {
    let document = resource.get("PolicyDocument");
    let document = document.and_then(|document| resource.policy(&document));
    let service = resource.text("ServiceName").map(|name| name.value.as_str().to_owned());
    let id = Spanned { value: resource.logical.to_owned(), span: resource.span };
    document.map(|document| Found::Endpoint(id, service, Some(document))).into_iter().collect()
}

fn control(resource: &Resource<'_, '_>) -> Vec<Found> {
    let kind = resource.get("Type").and_then(|kind| control_type(kind.known()?));
    let Some(policy_type) = kind else {
        let kind = resource.text("Type").map(|kind| kind.value.as_str().to_owned());
        let known = kind.as_deref().is_some_and(|kind| !kind.contains("${"));
        let note = "whether it is a service control or a resource control policy is not known";
        let note = Found::Note(resource.span, format!("{}: {note}", resource.logical));
        return if known { Vec::new() } else { vec![note] };
    };
    let document = resource.get("Content").and_then(|content| resource.policy(&content));
    let targets = resource.list("TargetIds").into_iter();
    let targets =
        targets.filter_map(|(id, _)| Some(Spanned { value: id.as_text()?, span: id.span }));
    let targets = targets.collect();
    let name = resource.get("Name").and_then(|name| name.known().map(str::to_owned));
    let label = resource.logical.to_owned();
    let control = document.map(|document| Control { policy_type, label, name, document, targets });
    control.map(Found::Control).into_iter().collect()
}

/// The policy that stands in the resource that it is for.
fn own(resource: &Resource<'_, '_>, service: &str, property: &str) -> Vec<Found> {
    let Some(value) = resource.get(property) else { return Vec::new() };
    let attribute = format!("{}.Arn", resource.logical);
    let holder = resource.reader.resolver.attribute(&attribute, resource.span).as_text();
    let found = holder.zip(resource.policy(&value)).map(|(holder, document)| OfResource {
        service: service.to_owned(),
        holder,
        document,
        label: resource.logical.to_owned(),
    });
    found.map(Found::OfResource).into_iter().collect()
}

/// A policy for resources that a property names.
fn of_holders(
    resource: &Resource<'_, '_>,
    service: &str,
    property: &str,
    policy: &str,
) -> Vec<Found> {
    let Some(value) = resource.get(policy) else { return Vec::new() };
    let Some(document) = resource.policy(&value) else { return Vec::new() };
    let resolver = &resource.reader.resolver;
    let Some(named) = resource.node(property) else { return Vec::new() };
    let list: Vec<_> =
        if named.kind() == Kind::Sequence { named.items().collect() } else { vec![named] };
    let mut found = Vec::new();
    for node in list {
        // `Ref` gives a queue's URL, and what is wanted is its ARN.
        let by_ref = match function(node) {
            Some(("Ref", name)) => name.text().filter(|name| resolver.resource(name).is_some()),
            _ => None,
        };
        let holder = match (by_ref, service) {
            (Some(logical), "sqs" | "s3") => {
                resolver.attribute(&format!("{logical}.Arn"), node.span()).as_text()
            }
            _ => resolver.value(node, 0).and_then(|value| value.as_text()),
        };
        let Some(mut holder) = holder else { continue };
        let plain = holder.as_str().to_owned();
        if service == "s3" && !plain.starts_with("arn:") {
            let mut arn = resolver.arn_start("s3", node.span());
            arn.push_atom("::", node.span());
            arn.push_text(&holder.moved(node.span()), node.span());
            holder = arn;
        } else if service == "sqs"
            && let Some((_, path)) = plain.split_once("://")
            && let [host, account, name] = path.split('/').collect::<Vec<_>>().as_slice()
            && is_account_id(account)
            && let Some(region) = host.strip_prefix("sqs.").and_then(|host| host.split('.').next())
        {
            holder =
                Text::standing_for(&format!("arn:aws:sqs:{region}:{account}:{name}"), node.span());
        }
        found.push(Found::OfResource(OfResource {
            service: service.to_owned(),
            holder,
            document: document.clone(),
            label: resource.logical.to_owned(),
        }));
    }
    found
}
