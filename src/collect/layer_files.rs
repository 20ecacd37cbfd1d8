//! Policies that the user gives for a layer; they replace what the facts say of that layer.

use std::path::Path;
use std::sync::Arc;

use crate::doc::{Document, Hole, Kind, Node, NodeId, Syntax, parse};
use crate::layers::{Attached, Layer};
use crate::policy::{self, PolicyType};
use crate::snapshot::Handle;
use crate::text::SourceMap;

use super::{InputError, files};

/// Layers that are given.
#[derive(Clone, Debug, Default)]
pub struct LayerFiles {
    layers: Vec<Layer>,
    /// Types of which there is no policy.
    absent: Vec<PolicyType>,
}

impl LayerFiles {
    /// Says that there is no policy of this type, unless one is added.
    pub fn none(&mut self, policy_type: PolicyType) {
        // No layer at all: one without policies would be one that allows nothing.
        self.absent.push(policy_type);
    }

    /// Adds a policy.
    pub fn push(&mut self, policy_type: PolicyType, level: u32, attached: Attached) {
        let same = |layer: &&mut Layer| (layer.policy_type, layer.level) == (policy_type, level);
        match self.layers.iter_mut().find(same) {
            Some(layer) => layer.policies.push(attached),
            None => self.layers.push(Layer::known(policy_type, level, vec![attached])),
        }
    }

    /// Adds a layer as it is, with what of it is not visible.
    pub fn push_layer(&mut self, layer: Layer) {
        self.layers.push(layer);
    }

    /// Adds the policy in the file `path`, whose bytes are given.
    ///
    /// # Errors
    /// If the file is no policy, nor an output of the AWS CLI that holds just one.
    pub fn push_file(
        &mut self,
        sources: &mut SourceMap,
        path: &Path,
        bytes: Vec<u8>,
        policy_type: PolicyType,
        level: u32,
    ) -> Result<(), InputError> {
        let id = files::add(sources, path, bytes)?;
        let syntax = Syntax::guess(&path.to_string_lossy(), sources.text(id));
        let documents =
            parse(sources, id, syntax).map_err(|error| InputError::syntax(&error).file(path))?;
        let Some(document) = documents.into_iter().next().map(Arc::new) else {
            return Err(InputError::of(path, "the file holds no policy"));
        };
        let given = policy_in(document.root(), policy_type).ok_or_else(|| {
            InputError::at(document.root().span(), format!("this is no {}", policy_type.name()))
                .file(path)
                .help("give a policy document, an object with `Statement`")
        })?;
        let (name, arn) = (given.name, given.arn);
        let handle = Handle::new(&document, given.document.id()).committed();
        let policy =
            read_policy(&handle, sources, policy_type).map_err(|error| error.file(path))?;
        let file_name = || path.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.or_else(file_name);
        let attached = Attached { name, arn, attached_to: None, policy: Arc::new(policy) };
        self.push(policy_type, level, attached);
        Ok(())
    }

    /// Whether layers of this type are given.
    pub fn has(&self, policy_type: PolicyType) -> bool {
        self.absent.contains(&policy_type)
            || self.layers.iter().any(|layer| layer.policy_type == policy_type)
    }

    /// The layers.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }
}

/// A policy in a file.
struct Given<'d> {
    document: Node<'d>,
    name: Option<String>,
    arn: Option<String>,
}

/// The policy in `root`: itself, or the one document in an output of the AWS CLI.
fn policy_in(root: Node<'_>, policy_type: PolicyType) -> Option<Given<'_>> {
    let bare = |document| Some(Given { document, name: None, arn: None });
    let text = |node: Node<'_>, key: &str| Some(node.get(key)?.text()?.into_owned());
    if policy::has_statements(root) || root.kind() == Kind::String {
        return bare(root);
    }
    if policy_type == PolicyType::Trust
        && let Some(trust) = root.get("Role").and_then(|role| role.get("AssumeRolePolicyDocument"))
    {
        return bare(trust);
    }
    if let Some(policy) = root.get("Policy") {
        // `organizations describe-policy`; the policy of a bucket or a key is a string.
        let Some(document) = policy.get("Content") else {
            return (policy.kind() == Kind::String).then_some(policy).and_then(bare);
        };
        let summary = policy.get("PolicySummary");
        let said = |key: &str| summary.and_then(|summary| text(summary, key));
        return Some(Given { document, name: said("Name"), arn: said("Arn") });
    }
    let version = root.get("PolicyVersion").and_then(|version| version.get("Document"));
    // The last is `iam-toolbox get-request-authorization-policy`.
    let document = root.get("PolicyDocument").or(version).or_else(|| root.get("policyDocument"))?;
    Some(Given { document, name: text(root, "PolicyName"), arn: None })
}

/// Reads the policy at `handle`, which may stand in a string.
pub(in crate::collect) fn read_policy(
    handle: &Handle,
    sources: &mut SourceMap,
    policy_type: PolicyType,
) -> Result<policy::Policy, InputError> {
    let read = if handle.is_committed() { policy::read_committed } else { policy::read };
    let node = handle.node();
    if let Some((hole, text)) = doubted_text(node) {
        let handle = handle.beside(text);
        let mut policy = read_policy(&handle, sources, policy_type)?;
        policy.statements.iter_mut().for_each(|one| one.doubts.push(Arc::clone(&hole)));
        return Ok(policy);
    }
    if node.kind() != Kind::String {
        // One that was passed over so far is read as a whole, since every part of it is looked at.
        let whole = handle.document().read(handle.id());
        let node = whole.as_ref().map_or(node, Document::root);
        return Ok(read(node, policy_type));
    }
    match embedded(handle.document(), handle, sources) {
        Some(Ok(document)) => Ok(read(document.root(), policy_type)),
        Some(Err(error)) => Err(error),
        None => Err(InputError::at(node.span(), "this text is no policy document")
            .help("give the document as JSON, or as JSON in a string")),
    }
}

/// A text that may not be there: on what that depends, and the text.
pub(super) fn doubted_text(node: Node<'_>) -> Option<(Arc<Hole>, NodeId)> {
    let hole = node.unknown()?;
    let mut either = node.items();
    let only = either.next().filter(|one| one.kind() == Kind::String)?;
    either.next().is_none().then(|| (Arc::clone(hole), only.id()))
}

fn embedded(
    document: &Document,
    handle: &Handle,
    sources: &mut SourceMap,
) -> Option<Result<Document, InputError>> {
    let found = crate::doc::embed::document_in(sources, document, handle.id())?;
    Some(found.map_err(|error| InputError::syntax(&error)))
}
