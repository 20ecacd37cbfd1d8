//! From facts and a request to the layers of policies that apply to it.
//!
//! Pure: nothing is read from the disk. A layer is known to be empty only where the facts prove it;
//! what they do not show is a gap that says how to close it.

mod caller;
mod gaps;
mod limits;
mod organization;
mod resource;

use std::collections::HashMap;
use std::sync::Arc;

use crate::layers::{Attached, Gap, Layer, Layers};
use crate::policy::{Policy, PolicyType};
use crate::request::{Given, Owner, Request};
use crate::snapshot::{Handle, Snapshot};
use crate::text::{SourceMap, Span};

use super::InputError;
use super::layer_files::{LayerFiles, read_policy};

/// The layers that apply to `request`, of which caller and resource are filled in as far as the
/// facts know them, and notes on how the facts were read.
pub fn assemble(
    snapshot: &Snapshot,
    sources: &mut SourceMap,
    files: LayerFiles,
    request: &mut Request,
) -> (Layers, Vec<String>) {
    let mut assembler = Assembler::new(snapshot, sources, files);
    assembler.fill(request);
    let layers = assembler.build(request);
    (layers, assembler.take_notes())
}

/// How many assembled answers are kept, so that a run over many requests stays small.
const KEPT: usize = 4096;

/// Assembles layers for many requests: every policy is read once, and the layers of one caller and
/// one resource are put together once.
pub struct Assembler<'s> {
    snapshot: &'s Snapshot,
    sources: &'s mut SourceMap,
    files: LayerFiles,
    policies: HashMap<(Span, PolicyType), Result<Arc<Policy>, InputError>>,
    callers: HashMap<String, Arc<CallerLayers>>,
    whole: HashMap<String, Arc<Layers>>,
    /// AWS's policies that allow everything, by name.
    full_access: HashMap<&'static str, Arc<Policy>>,
    notes: Vec<String>,
}

/// The layers that follow from the caller alone.
#[derive(Default)]
struct CallerLayers {
    layers: Vec<Layer>,
}

impl<'s> Assembler<'s> {
    /// An assembler over `snapshot`. What `files` gives replaces what the facts say of its layers.
    pub fn new(snapshot: &'s Snapshot, sources: &'s mut SourceMap, files: LayerFiles) -> Self {
        Self {
            snapshot,
            sources,
            files,
            policies: HashMap::new(),
            callers: HashMap::new(),
            whole: HashMap::new(),
            full_access: HashMap::new(),
            notes: Vec::new(),
        }
    }

    /// Fills in what the facts know of the caller and the resource of `request`, and gives the
    /// layers that apply.
    pub fn layers(&mut self, request: &mut Request) -> Arc<Layers> {
        self.fill(request);
        let key = self.key(request);
        if let Some(layers) = self.whole.get(&key) {
            return Arc::clone(layers);
        }
        let layers = Arc::new(self.build(request));
        if self.whole.len() >= KEPT {
            self.whole.clear();
        }
        self.whole.insert(key, Arc::clone(&layers));
        layers
    }

    /// What was worth saying so far.
    pub fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notes)
    }

    fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Everything that [`Self::build`] looks at.
    fn key(&self, request: &Request) -> String {
        let flags = [
            limits::may_pass_endpoint(request),
            is_present(request, "aws:sourcevpce"),
            limits::resource_control_covers(request),
            request.needs_trust_policy(),
            request.role.exists == Some(false),
        ];
        let owner = match &request.resource.account {
            Owner::Account(account) => account.as_str(),
            Owner::CallersAccount => "=",
            Owner::Unknown => "?",
        };
        let flags = flags.map(|flag| if flag { '1' } else { '0' });
        let holder = resource::policy_holder(request);
        let made_by = request.caller.made_by.as_deref().unwrap_or("");
        let path = request.caller.role_path.known().map_or("", String::as_str);
        let mut key = String::with_capacity(160);
        for part in [&request.caller.text.value, made_by, path, owner, holder, request.service()] {
            key.push_str(part);
            key.push('\n');
        }
        if let Some(endpoint) = limits::endpoint_id(request) {
            key.push_str(endpoint);
        }
        key.extend(flags);
        key.push(if request.caller.organization.known() == Some(&None) { '1' } else { '0' });
        key.push(if request.resource.organization.known() == Some(&None) { '1' } else { '0' });
        key
    }

    /// The layers of a request whose caller and resource are filled in.
    fn build(&mut self, request: &Request) -> Layers {
        let mut layers = Layers::default();
        for layer in self.files.layers() {
            layers.push(layer.clone());
        }
        for layer in &self.caller_layers(request).layers {
            layers.push(layer.clone());
        }
        if request.needs_trust_policy() {
            if !self.files.has(PolicyType::Trust) {
                layers.push(self.trust(request));
            }
        } else if !self.files.has(PolicyType::ResourceBased)
            && let Some(layer) = self.resource_based(request)
        {
            layers.push(layer);
        }
        if !self.files.has(PolicyType::ResourceControl) {
            self.resource_control(request).into_iter().for_each(|layer| layers.push(layer));
        }
        if !self.files.has(PolicyType::VpcEndpoint)
            && let Some(layer) = self.endpoint(request)
        {
            layers.push(layer);
        }
        layers
    }

    /// A policy at its place, read once.
    fn policy(
        &mut self,
        handle: &Handle,
        policy_type: PolicyType,
    ) -> Result<Arc<Policy>, InputError> {
        let key = (handle.span(), policy_type);
        if let Some(known) = self.policies.get(&key) {
            return known.clone();
        }
        let policy = read_policy(handle, self.sources, policy_type).map(Arc::new);
        self.policies.insert(key, policy.clone());
        policy
    }

    /// Adds the policy at `handle` to `layer`, or the gap that it cannot be read.
    fn add(&mut self, layer: &mut Layer, handle: &Handle, attached: Unread) {
        match self.policy(handle, layer.policy_type) {
            Ok(policy) => layer.policies.push(Attached {
                name: attached.name,
                arn: attached.arn,
                attached_to: Some(attached.to),
                policy,
            }),
            Err(error) => {
                let what =
                    attached.name.as_deref().or(attached.arn.as_deref()).unwrap_or("the document");
                let place = self.sources.name(handle.span().source).to_owned();
                layer.missing.push(Gap {
                    fact: format!("the document of {what}"),
                    reason: format!("`{place}` holds it, but it cannot be read: {}", error.message),
                    supply: "export it again, as JSON".to_owned(),
                });
                self.note(format!("`{place}`: {what}: {}", error.message));
            }
        }
    }
}

/// An attached policy without its document.
struct Unread {
    name: Option<String>,
    arn: Option<String>,
    to: String,
}

/// Whether the request carries a value for the key `lower`.
fn is_present(request: &Request, lower: &str) -> bool {
    request.context.get(lower).is_some_and(|entry| entry.value != Given::Absent)
}

/// Whether the key `lower` is given as absent.
fn is_absent(request: &Request, lower: &str) -> bool {
    match request.context.get(lower) {
        Some(entry) => entry.value == Given::Absent,
        None => request.context.complete,
    }
}

#[cfg(test)]
mod tests;
