//! From facts and a request to the layers of policies that apply to it.
//!
//! Pure: nothing is read from the disk. A layer is known to be empty only where the facts prove it;
//! what they do not show is a gap that says how to close it.

mod caller;
mod embedded;
mod gaps;
mod limits;
mod organization;
mod resource;
mod unread;

use std::sync::Arc;

use foldhash::HashMap;
use foldhash::fast::RandomState;
use indexmap::IndexMap;
use smol_str::SmolStr;

use crate::layers::{Attached, Gap, Layer, Layers};
use crate::policy::{Policy, PolicyType};
use crate::request::{Given, Request};
use crate::snapshot::{Entity, Handle, Snapshot};
use crate::text::{SourceMap, Span};

use super::InputError;
use super::layer_files::{LayerFiles, read_policy};

use caller::{CallerKey, MetRole};
use embedded::Embedded;

/// The layers that apply to `request`, of which caller and resource are filled in as far as the
/// facts know them, and notes on how the facts were read.
pub fn assemble(
    snapshot: &Snapshot,
    sources: &mut SourceMap,
    files: LayerFiles,
    request: &mut Request,
) -> (Layers, Vec<String>) {
    let mut assembler = Assembler::new(snapshot, sources, files);
    let layers = assembler.layers(request);
    (layers, assembler.take_notes())
}

/// How many layers of roles and resources are kept, so that a run over many requests stays small.
const KEPT: usize = 16_384;

/// Assembles layers for many requests: every policy is read once, and every layer is put together
/// once and shared.
pub struct Assembler<'s> {
    snapshot: &'s Snapshot,
    sources: &'s mut SourceMap,
    files: LayerFiles,
    /// The layers that are given, shared.
    given: Vec<Arc<Layer>>,
    policies: HashMap<(Span, PolicyType), Result<Arc<Policy>, InputError>>,
    /// The roles whose sessions were met, by name.
    roles: HashMap<SmolStr, MetRole<'s>>,
    /// The layers that follow from the caller alone, for other callers.
    callers: IndexMap<CallerKey<String>, Arc<[Arc<Layer>]>, RandomState>,
    /// The service control policies above each account.
    services: HashMap<String, Arc<[Arc<Layer>]>>,
    /// What may have been passed when a session was made, of which nothing is known.
    any_session: Option<Arc<Layer>>,
    /// The trust policy of each role.
    trusts: HashMap<String, Arc<Layer>>,
    /// The resource control policies above each account.
    controls: HashMap<String, Arc<[Arc<Layer>]>>,
    /// What may stand between the caller and the service, where nothing is known of it.
    any_endpoint: Option<Arc<Layer>>,
    /// AWS's own policies whose text is embedded in the program.
    embedded: Embedded,
    notes: Vec<String>,
}

impl<'s> Assembler<'s> {
    /// An assembler over `snapshot`. What `files` gives replaces what the facts say of its layers.
    pub fn new(snapshot: &'s Snapshot, sources: &'s mut SourceMap, files: LayerFiles) -> Self {
        Self {
            snapshot,
            sources,
            given: files.layers().iter().cloned().map(Arc::new).collect(),
            files,
            policies: HashMap::default(),
            roles: HashMap::default(),
            callers: IndexMap::default(),
            services: HashMap::default(),
            any_session: None,
            trusts: HashMap::default(),
            controls: HashMap::default(),
            any_endpoint: None,
            embedded: Embedded::default(),
            notes: Vec::new(),
        }
    }

    /// Fills in what the facts know of the caller and the resource of `request`, and gives the
    /// layers that apply.
    pub fn layers(&mut self, request: &mut Request) -> Layers {
        let caller = self.fill(request);
        self.build(request, caller)
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

    /// The layers of a request whose caller and resource are filled in; `caller` is the user or role whose
    /// policies the caller has.
    fn build(&mut self, request: &Request, caller: Option<&'s Entity>) -> Layers {
        let mut layers = Layers::default();
        self.given.iter().for_each(|layer| layers.push(Arc::clone(layer)));
        let of_caller = self.caller_layers(request, caller);
        // The resource's own policy stands after the identity-based ones and before the limits.
        let grants = of_caller.partition_point(|layer| layer.policy_type < PolicyType::Trust);
        let (grants, limits) = of_caller.split_at_checked(grants).unwrap_or_default();
        grants.iter().for_each(|layer| layers.push(Arc::clone(layer)));
        if request.needs_trust_policy() {
            if !self.files.has(PolicyType::Trust) {
                layers.push(self.trust_once(request));
            }
        } else if !self.files.has(PolicyType::ResourceBased)
            && let Some(layer) = self.resource_based(request)
        {
            layers.push(layer);
        }
        limits.iter().for_each(|layer| layers.push(Arc::clone(layer)));
        if !self.files.has(PolicyType::ResourceControl) {
            let controls = self.controls_once(request);
            controls
                .iter()
                .flat_map(|all| all.iter())
                .for_each(|layer| layers.push(Arc::clone(layer)));
        }
        if !self.files.has(PolicyType::VpcEndpoint) {
            self.endpoint_once(request).into_iter().for_each(|layer| layers.push(layer));
        }
        self.note_embedded(&layers);
        self.explain(&mut layers);
        layers
    }

    fn trust_once(&mut self, request: &Request) -> Arc<Layer> {
        let arn = request.resource.text().value.as_str();
        // Whether the role is missing may be given, so such a role is looked at anew.
        let is_known = self.snapshot.entities.contains_key(arn);
        if let Some(known) = self.trusts.get(arn).filter(|_| is_known) {
            return Arc::clone(known);
        }
        let layer = Arc::new(self.trust(request));
        if is_known {
            keep(&mut self.trusts, arn, &layer);
        }
        layer
    }

    fn controls_once(&mut self, request: &Request) -> Option<Arc<[Arc<Layer>]>> {
        if !limits::resource_control_covers(request) {
            return None;
        }
        let account = request.resource_account();
        let key = account.unwrap_or_default();
        if let Some(known) = self.controls.get(key) {
            return Some(Arc::clone(known));
        }
        let layers = self.resource_control(account).into_iter().map(Arc::new).collect();
        keep(&mut self.controls, key, &layers);
        Some(layers)
    }

    fn endpoint_once(&mut self, request: &Request) -> Option<Arc<Layer>> {
        let is_plain = limits::may_pass_endpoint(request) && limits::endpoint_id(request).is_none();
        if let Some(known) = self.any_endpoint.as_ref().filter(|_| is_plain) {
            return Some(Arc::clone(known));
        }
        let layer = self.endpoint(request).map(Arc::new);
        if is_plain {
            self.any_endpoint.clone_from(&layer);
        }
        layer
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
                layer.miss(Gap {
                    fact: format!("the document of {what}"),
                    reason: format!("`{place}` holds it, but it cannot be read: {}", error.message),
                    supply: "export it again, as JSON".to_owned(),
                });
                self.note(format!("`{place}`: {what}: {}", error.message));
            }
        }
    }
}

/// Keeps `value` under `key`, and forgets all others where there are too many.
fn keep<T: ?Sized>(all: &mut HashMap<String, Arc<T>>, key: &str, value: &Arc<T>) {
    if all.len() >= KEPT {
        all.clear();
    }
    all.insert(key.to_owned(), Arc::clone(value));
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
