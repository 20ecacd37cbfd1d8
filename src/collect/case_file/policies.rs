//! The `policies` and `unknown` of a case.

use std::io;
use std::sync::Arc;

use crate::collect::layer_files::read_policy;
use crate::collect::{InputError, files};
use crate::doc::{Document, Kind, Node, Syntax, parse};
use crate::layers::{Attached, Gap, Layer};
use crate::policy::{Arn, Policy, PolicyType};
use crate::request::{CallerKind, Fact, ProviderFacts, Request};
use crate::snapshot::Handle;
use crate::text::Spanned;

use super::fields::Fields;
use super::request::Role;
use super::{Loader, policy_type};

/// The layers that a case lists, and what it knows besides.
#[derive(Clone, Debug, Default)]
pub(super) struct Listed {
    policies: Vec<(u32, Attached)>,
    unknown: Vec<PolicyType>,
    /// What it says of the role that is to be assumed.
    pub(super) role: Option<Role>,
    /// What it says of the caller's identity provider.
    pub(super) provider: Option<ProviderFacts>,
}

const MEMBERS: &[&str] = &["type", "attached-to", "name", "arn", "level", "document"];

impl Loader<'_> {
    /// Reads `policies` and `unknown`.
    pub(super) fn listed(
        &mut self,
        document: &Arc<Document>,
        case: Node<'_>,
        fields: &mut Fields,
    ) -> Listed {
        let mut listed = Listed::default();
        let listed_under = |key: &str| case.get(key).filter(|node| !node.is_null());
        if let Some(policies) =
            listed_under("policies").and_then(|node| fields.list(node, "policies"))
        {
            for node in policies {
                listed.policies.extend(self.listed_policy(document, node, fields));
            }
        }
        if let Some(unknown) = listed_under("unknown").and_then(|node| fields.list(node, "unknown"))
        {
            for node in unknown {
                listed.unknown.extend(policy_type(fields, node, "unknown"));
            }
        }
        listed
    }

    fn listed_policy(
        &mut self,
        document: &Arc<Document>,
        node: Node<'_>,
        fields: &mut Fields,
    ) -> Option<(u32, Attached)> {
        if !fields.known(node, "a policy", MEMBERS) {
            return None;
        }
        let policy_type = fields.required(node, "type", "the policy", policy_type);
        let name = fields.member(node, "name", Fields::string).map(|name| name.value);
        let arn = fields.member(node, "arn", Fields::string).map(|arn| arn.value);
        let attached_to = fields.member(node, "attached-to", Fields::scalar).map(|to| to.value);
        let level =
            node.get("level").map_or(Some(0), |level| self.level(level, policy_type, fields));
        let place = fields.required(node, "document", "the policy", |_, node, _| Some(node))?;
        let policy = self.policy(document, place, policy_type?, fields)?;
        Some((level?, Attached { name, arn, attached_to, policy: Arc::new(policy) }))
    }

    fn level(
        &self,
        node: Node<'_>,
        policy_type: Option<PolicyType>,
        fields: &mut Fields,
    ) -> Option<u32> {
        let has_levels = [PolicyType::ServiceControl, PolicyType::ResourceControl];
        if let Some(policy_type) =
            policy_type.filter(|policy_type| !has_levels.contains(policy_type))
        {
            let message = format!("a {} has no level", policy_type.name());
            let help = "only `service-control` and `resource-control` policies have one";
            fields.error(InputError::at(node.span(), message).help(help));
            return None;
        }
        let level = fields.integer(node, "level")?;
        let depth = u32::try_from(level.value).ok();
        if depth.is_none() {
            fields.error(
                InputError::at(level.span, "`level` has to be 0 or more").label("below the root"),
            );
        }
        depth
    }

    /// A policy in the case itself, in a text, or in a file of its own.
    fn policy(
        &mut self,
        document: &Arc<Document>,
        node: Node<'_>,
        policy_type: PolicyType,
        fields: &mut Fields,
    ) -> Option<Policy> {
        let read = match node.kind() {
            Kind::String => {
                read_policy(&Handle::new(document, node.id()), self.sources, policy_type)
            }
            Kind::Mapping if node.get("file").is_some() => {
                fields.known(node, "a document in a file", &["file"]);
                let path = fields.member(node, "file", Fields::string)?;
                self.policy_file(&path).and_then(|document| {
                    let handle = Handle::new(&document, document.root().id());
                    read_policy(&handle, self.sources, policy_type)
                })
            }
            Kind::Mapping => Ok(crate::policy::read(node, policy_type)),
            _ => Err(InputError::at(node.span(), "`document` has to be a policy")
                .help("write the policy itself, its JSON as a text, or `{ file: policy.json }`")),
        };
        read.map_err(|error| fields.error(error)).ok()
    }

    fn policy_file(&mut self, named: &Spanned<String>) -> Result<Arc<Document>, InputError> {
        let path = self.beside(&named.value);
        if let Some(known) = self.files.get(&path) {
            return known.clone();
        }
        let result = self.read_policy_file(&path, named);
        self.files.insert(path, result.clone());
        result
    }

    fn read_policy_file(
        &mut self,
        path: &std::path::Path,
        named: &Spanned<String>,
    ) -> Result<Arc<Document>, InputError> {
        let at = |error: InputError| InputError { span: Some(named.span), file: None, ..error };
        let bytes =
            (self.read)(path).map_err(|error: io::Error| at(files::unreadable(path, &error)))?;
        let id = files::add(self.sources, path, bytes).map_err(at)?;
        let syntax = Syntax::guess(&path.to_string_lossy(), self.sources.text(id));
        let documents = parse(self.sources, id, syntax)
            .map_err(|error| InputError::syntax(&error).file(path))?;
        (documents.into_iter().next().map(Arc::new))
            .ok_or_else(|| InputError::at(named.span, format!("`{}` is empty", path.display())))
    }
}

impl Listed {
    /// The layers: listed policies, and gaps for those that are named as unknown.
    pub(super) fn layers(&self) -> Vec<Layer> {
        let mut layers: Vec<Layer> = Vec::new();
        for (level, attached) in &self.policies {
            let policy_type = attached.policy.policy_type;
            let same =
                |layer: &&mut Layer| (layer.policy_type, layer.level) == (policy_type, *level);
            match layers.iter_mut().find(same) {
                Some(layer) => layer.policies.push(attached.clone()),
                None => layers.push(Layer::known(policy_type, *level, vec![attached.clone()])),
            }
        }
        for policy_type in &self.unknown {
            let gap = Gap {
                fact: format!("the {} of the case", plural(*policy_type)),
                reason: "the case says that this layer was not visible".to_owned(),
                supply: format!("list them under `policies` with the type `{}`", policy_type.id()),
            };
            match layers.iter_mut().find(|layer| layer.policy_type == *policy_type) {
                Some(layer) => layer.miss(gap),
                None => layers.push(Layer::unknown(*policy_type, gap)),
            }
        }
        layers
    }

    /// What follows from the places where policies are attached: the path of the caller's role, and
    /// the user who made a federated user's session.
    pub(super) fn fill(&self, request: &mut Request) {
        if let Some(provider) = &self.provider {
            request.provider = provider.clone();
        }
        if let Some(role) = &self.role {
            role.fill(request);
        }
        let caller = &mut request.caller;
        let own = [PolicyType::IdentityBased, PolicyType::PermissionsBoundary];
        for (_, attached) in &self.policies {
            let Some(to) = attached.attached_to.as_deref() else { continue };
            let Some(arn) = Arn::parse(to) else { continue };
            if !own.contains(&attached.policy.policy_type) || arn.service != "iam" {
                continue;
            }
            let same_account = caller.account.as_deref() == Some(arn.account);
            match (caller.kind, arn.iam_name("role"), arn.iam_name("user")) {
                (CallerKind::RoleSession, Some((path, name)), _)
                    if same_account
                        && name == caller.name
                        && caller.role_path.known().is_none() =>
                {
                    caller.role_path = Fact::Known(path.into());
                }
                (CallerKind::FederatedUser, _, Some(_))
                    if same_account && caller.made_by.is_none() =>
                {
                    caller.made_by = Some(to.to_owned());
                }
                _ => {}
            }
        }
    }
}

fn plural(policy_type: PolicyType) -> String {
    let name = policy_type.name();
    match name.strip_suffix('y') {
        Some(stem) if name.ends_with("icy") => format!("{stem}ies"),
        _ => name.to_owned(),
    }
}
