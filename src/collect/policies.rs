//! The policies in a file: wherever people commit them, each with its type and what it is attached to.
//!
//! A file is told by its content. One that holds no policy is passed over; one that looks as if it held
//! one and cannot be read is an error of its own.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use crate::check::{Committed, Host};
use crate::doc::{Document, Kind, Node, NodeId, Syntax, embed, parse};
use crate::policy::{Arn, PolicyType};
use crate::reference;
use crate::snapshot::{Builder, Handle, Snapshot};
use crate::text::{SourceId, SourceMap, Span};

use super::InputError;
use super::iac::{self, Parameters, Stack, hcl};
use super::layer_files::doubted_text;
use super::shapes::{self, Input, guess_type};
pub use super::signs::may_hold_policies;
use super::signs::{VERSIONS, looks_like_policy};

/// What was found in a file.
#[derive(Debug, Default)]
pub struct Found {
    /// Its policies, in order.
    pub policies: Vec<Committed>,
    /// What of it could not be read, though it looks like a policy.
    pub errors: Vec<InputError>,
}

impl Found {
    /// Whether there is anything to check.
    pub fn is_empty(&self) -> bool {
        self.policies.is_empty() && self.errors.is_empty()
    }
}

/// A kind of file that holds policies in a way of its own, such as a template.
pub struct PolicyShape {
    /// Its name.
    pub id: &'static str,
    /// Whether a document has this shape.
    pub recognise: fn(Node<'_>) -> bool,
    /// Finds its policies.
    pub read: fn(&mut SourceMap, &Arc<Document>, &mut Found),
}

/// Every such kind, the more telling ones first. What the program knows as facts comes after them.
pub static POLICY_SHAPES: &[PolicyShape] = &[CASE_FILE];

/// The policies in the text `id` of the file `path`. `given` is what is said of the parameters of
/// templates.
pub fn policies_in(
    sources: &mut SourceMap,
    id: SourceId,
    path: &Path,
    given: &Parameters,
) -> Found {
    let mut found = Found::default();
    let syntax = Syntax::guess(&path.to_string_lossy(), sources.text(id));
    let documents = match parse(sources, id, syntax) {
        Ok(documents) => documents,
        Err(error) => {
            if looks_like_policy(sources.text(id)) {
                found.errors.push(InputError::syntax(&error).file(path));
            }
            return found;
        }
    };
    for document in documents {
        read(sources, &Arc::new(document), path, given, &mut found);
    }
    found
}

fn read(
    sources: &mut SourceMap,
    document: &Arc<Document>,
    path: &Path,
    given: &Parameters,
    found: &mut Found,
) {
    let root = document.root();
    if let Some(shape) = POLICY_SHAPES.iter().find(|shape| (shape.recognise)(root)) {
        return (shape.read)(sources, document, found);
    }
    if iac::recognise(root).is_some() {
        let stack = iac::describe(sources, document, given);
        return found.add_stack(sources, &stack, document.source());
    }
    if is_policy(root) || is_policy_without_statement(root) {
        return found.add(document, root.id(), None, Host::default());
    }
    if root.kind() == Kind::Sequence {
        for item in root.items().filter(|item| is_policy(*item)) {
            found.add(document, item.id(), None, Host::default());
        }
        return;
    }
    if let Some(shape) = shapes::recognise(root) {
        let mut builder = Builder::default();
        let folder: Arc<Path> = path.parent().unwrap_or(Path::new("")).into();
        (shape.read)(&Input { document, folder: &folder, root: None }, &mut builder);
        let (snapshot, _) = builder.finish(sources);
        let mut places = Places::default();
        places.fill(&snapshot);
        scan(sources, document, &places, found);
    }
}

/// The policies in one file of Terraform's language. `others` are the other files of its module, as far
/// as they can be read; `beside` gives the text of a file that the module takes in.
pub fn policies_of_module(
    sources: &mut SourceMap,
    id: SourceId,
    path: &Path,
    others: &[SourceId],
    beside: &dyn Fn(&mut SourceMap, &str) -> Option<SourceId>,
    given: &Parameters,
) -> Found {
    let mut found = Found::default();
    let file = match hcl::parse(sources, id) {
        Ok(file) => file,
        Err(error) => {
            found.errors.push(error.file(path));
            return found;
        }
    };
    // What is wrong with another file is said where that is checked.
    let others = others.iter().filter_map(|other| hcl::parse(sources, *other).ok());
    let files: Vec<hcl::File> = std::iter::once(file).chain(others).collect();
    let paths = hcl::read_beside(&files);
    let taken = paths.into_iter().filter_map(|path| Some((path.clone(), beside(sources, &path)?)));
    let taken: HashMap<String, SourceId> = taken.collect();
    let stack = hcl::module(sources, &files, &|path| taken.get(path).copied(), given);
    found.add_stack(sources, &stack, id);
    found
}

/// Whether the value is a policy document but for its statements, whose key is missing or misspelled.
fn is_policy_without_statement(node: Node<'_>) -> bool {
    node.get("Version")
        .and_then(|version| version.scalar())
        .is_some_and(|version| VERSIONS.contains(&version.as_ref()))
}

/// Whether the value is a policy document by itself.
fn is_policy(node: Node<'_>) -> bool {
    node.get("Statement").is_some_and(|statement| {
        let one = (statement.kind() == Kind::Mapping).then_some(statement);
        statement.items().chain(one).next().is_none_or(|first| {
            first.get("Effect").is_some()
                || first.get("Action").is_some()
                || node.get("Version").is_some()
        })
    })
}

impl Found {
    /// Adds the policy at `id`; without a type, that is guessed from what it says.
    pub fn add(
        &mut self,
        document: &Arc<Document>,
        id: NodeId,
        policy_type: Option<PolicyType>,
        mut host: Host,
    ) {
        let node = document.node(id);
        let guessed = policy_type.unwrap_or_else(|| guess_type(node));
        if guessed == PolicyType::ResourceBased && host.service.is_none() {
            host.service = service_of(host.arn.as_deref());
        }
        self.policies.push(Committed {
            document: Arc::clone(document),
            node: id,
            policy_type: guessed,
            is_typed: policy_type.is_some(),
            host,
        });
    }

    /// Adds the policies of a template or configuration that stand in the file `source`.
    fn add_stack(&mut self, sources: &mut SourceMap, stack: &Stack, source: SourceId) {
        for policy in stack.policies() {
            if sources.to_host(policy.document.span()).source != source {
                continue;
            }
            let service = policy.service.as_deref().and_then(reference::catalogue);
            let host = Host {
                arn: policy.arn,
                name: policy.name.or(Some(policy.label)).filter(|name| !name.is_empty()),
                service: service.map(|service| service.prefix),
                is_managed: policy.is_managed,
            };
            let document = policy.document.document();
            // A text that may not be there is looked at as if it were.
            let node = policy.document.node();
            let id = doubted_text(node).map_or(node.id(), |(_, text)| text);
            self.add_embedded(sources, document, id, Some(policy.policy_type), host);
        }
    }

    /// Adds the policy at `id`, which may stand in a string.
    pub fn add_embedded(
        &mut self,
        sources: &mut SourceMap,
        document: &Arc<Document>,
        id: NodeId,
        policy_type: Option<PolicyType>,
        host: Host,
    ) {
        if document.node(id).kind() != Kind::String {
            return self.add(document, id, policy_type, host);
        }
        match embed::document_in(sources, document, id) {
            Some(Ok(inner)) => {
                let inner = Arc::new(inner);
                let root = inner.root().id();
                self.add(&inner, root, policy_type, host);
            }
            Some(Err(error)) => self.errors.push(InputError::syntax(&error)),
            None => {}
        }
    }
}

fn service_of(arn: Option<&str>) -> Option<&'static str> {
    let arn = Arn::parse(arn?)?;
    reference::catalogue(arn.service).map(|service| service.prefix)
}

/// Where policies stand, what they are, and what they are attached to.
#[derive(Default)]
struct Places(HashMap<Span, (PolicyType, Host)>);

impl Places {
    fn add(&mut self, document: &Handle, policy_type: PolicyType, host: Host) {
        self.0.insert(document.span(), (policy_type, host));
    }

    fn fill(&mut self, snapshot: &Snapshot) {
        let host = |arn: &str, name: Option<&str>| Host {
            arn: Some(arn.to_owned()),
            name: name.map(str::to_owned),
            ..Host::default()
        };
        for entity in snapshot.entities.values() {
            let own = |name: &str| host(&entity.arn.value, Some(name));
            if let Some(trust) = &entity.trust {
                self.add(trust, PolicyType::Trust, own(&entity.name));
            }
            for inline in &entity.inline.items {
                if let Some(document) = &inline.document {
                    let place = own(&inline.name.value);
                    self.add(document, PolicyType::IdentityBased, place);
                }
            }
        }
        for (arn, managed) in &snapshot.managed {
            if let Some(document) = &managed.document {
                let place = Host { is_managed: true, ..host(arn, managed.name.as_deref()) };
                self.add(document, PolicyType::IdentityBased, place);
            }
        }
        for unplaced in &snapshot.unplaced {
            if let Some(document) = &unplaced.policy.document {
                let place =
                    Host { name: Some(unplaced.policy.name.value.clone()), ..Host::default() };
                self.add(document, PolicyType::IdentityBased, place);
            }
        }
        for policy in snapshot.organizations.policies.values() {
            if let (Some(document), Some(policy_type)) = (&policy.document, policy.policy_type) {
                let place =
                    Host { arn: policy.arn.clone(), name: policy.name.clone(), ..Host::default() };
                self.add(document, policy_type, place);
            }
        }
        for policy in snapshot.resource_policies.values() {
            if let Some(document) = &policy.document {
                self.add(document, PolicyType::ResourceBased, host(&policy.holder, None));
            }
        }
        for endpoint in snapshot.endpoints.values() {
            if let Some(document) = &endpoint.document {
                let place = Host { name: Some(endpoint.id.value.clone()), ..Host::default() };
                self.add(document, PolicyType::VpcEndpoint, place);
            }
        }
    }

    fn of(&self, node: Node<'_>) -> Option<(PolicyType, Host)> {
        self.0.get(&node.span()).cloned()
    }
}

/// Every policy in the document, in the order of places: those whose place is known, and whatever looks
/// like one besides, such as versions that are not in force.
fn scan(sources: &mut SourceMap, document: &Arc<Document>, places: &Places, found: &mut Found) {
    let mut open = vec![document.root()];
    while let Some(node) = open.pop() {
        let is_one = match node.kind() {
            Kind::Mapping => is_policy(node),
            Kind::String => node.text().is_some_and(|text| text.contains("Statement")),
            _ => false,
        };
        if is_one {
            let (policy_type, host) = match places.of(node) {
                Some((policy_type, host)) => (Some(policy_type), host),
                None => (None, Host::default()),
            };
            found.add_embedded(sources, document, node.id(), policy_type, host);
            continue;
        }
        let start = open.len();
        open.extend(node.items());
        open.extend(node.entries().map(|entry| entry.value));
        open.get_mut(start..).unwrap_or_default().reverse();
    }
}

/// Our own case file: the policies that stand in it. Files that it names are looked at by themselves.
const CASE_FILE: PolicyShape = PolicyShape {
    id: "case-file",
    recognise: |root| root.get("why-denied").is_some(),
    read: |sources, document, found| {
        let root = document.root();
        let cases = root.get("cases").into_iter().flat_map(|cases| cases.items());
        for case in cases.chain([root]) {
            let policies = case.get("policies").into_iter().flat_map(|policies| policies.items());
            for policy in policies {
                let Some(place) =
                    policy.get("document").filter(|place| place.get("file").is_none())
                else {
                    continue;
                };
                let text = |key: &str| policy.get(key).and_then(|value| value.scalar());
                let policy_type = text("type").and_then(|id| PolicyType::from_id(&id));
                let host = Host {
                    arn: text("attached-to").map(|text| text.into_owned()),
                    name: text("name").map(|text| text.into_owned()),
                    ..Host::default()
                };
                found.add_embedded(sources, document, place.id(), policy_type, host);
            }
        }
    },
};
