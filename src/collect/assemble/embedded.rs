//! AWS's own policies, whose text is in the program: a document in the facts wins over it.

use std::collections::HashMap;
use std::sync::Arc;

use crate::doc::{Syntax, parse};
use crate::layers::Layers;
use crate::policy::{self, Policy, PolicyType};
use crate::reference;
use crate::text::SourceId;

use super::Assembler;

/// What of it was used so far.
#[derive(Default)]
pub(super) struct Embedded {
    /// By name or ARN, and what each was read as.
    policies: HashMap<(String, PolicyType), Arc<Policy>>,
    /// What is worth saying of a text that AWS may have changed since.
    notes: HashMap<SourceId, String>,
}

impl Assembler<'_> {
    /// The policy `id`, read once from a label and a text of ours.
    pub(super) fn embedded(
        &mut self,
        id: &str,
        policy_type: PolicyType,
        text: impl FnOnce() -> Option<(String, String)>,
    ) -> Option<Arc<Policy>> {
        let key = (id.to_owned(), policy_type);
        if let Some(known) = self.embedded.policies.get(&key) {
            return Some(Arc::clone(known));
        }
        let (label, text) = text()?;
        let source = self.sources.add_given(label, text);
        let document = parse(self.sources, source, Syntax::Json).ok()?.into_iter().next()?;
        let policy = Arc::new(policy::read(document.root(), policy_type));
        self.embedded.policies.insert(key, Arc::clone(&policy));
        Some(policy)
    }

    /// The AWS managed policy `arn`, unless the facts say that another version is the default one.
    pub(super) fn aws_managed(
        &mut self,
        arn: &str,
        version: Option<&str>,
        policy_type: PolicyType,
    ) -> Option<Arc<Policy>> {
        let found = reference::managed_policy(arn)?;
        if version.is_some_and(|version| version != found.version) {
            return None;
        }
        let (name, date) = (found.name, reference::date());
        let policy = self.embedded(arn, policy_type, || {
            let other = arn.split(':').nth(1).filter(|partition| *partition != "aws");
            let of = other.map_or_else(String::new, |partition| format!(" of {partition}"));
            Some((format!("{name}{of} (embedded, {date})"), laid_out(found.document()?)))
        })?;
        self.embedded.notes.entry(policy.span.source).or_insert_with(|| {
            format!(
                "the text of `{arn}` is in no file: the embedded text of {date}, version {}, is used, and AWS may have changed it since",
                found.version
            )
        });
        Some(policy)
    }

    /// Says which embedded texts the layers hold, where AWS may have newer ones.
    pub(super) fn note_embedded(&mut self, layers: &Layers) {
        if self.embedded.notes.is_empty() {
            return;
        }
        let attached = layers.layers.iter().flat_map(|layer| &layer.policies);
        let notes: Vec<_> = attached
            .filter_map(|attached| self.embedded.notes.get(&attached.policy.span.source).cloned())
            .collect();
        notes.into_iter().for_each(|note| self.note(note));
    }
}

/// JSON with a line for each value, so that a finding can show its place.
fn laid_out(text: String) -> String {
    let value: Option<serde_json::Value> = serde_json::from_str(&text).ok();
    value.and_then(|value| serde_json::to_string_pretty(&value).ok()).unwrap_or(text)
}
