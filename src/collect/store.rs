//! The store of the tool iam-collect on disk: a folder for each user, group, role, policy and
//! resource, with its facts in files of their own.
//!
//! `aws/<partition>/accounts/<account>/<service>/…/metadata.json` names the ARN, the files beside it
//! hold the rest; `aws/<partition>/organizations/<id>/…` holds the tree. What is empty is left out.
//! <https://github.com/cloud-copilot/iam-collect/blob/main/docs/Storage.md>

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::doc::{Document, Kind, Node};
use crate::policy::{Arn, PolicyType, is_account_id};
use crate::snapshot::{AttachedPolicy, Builder, Handle, InlinePolicy, List, Origin};
use crate::text::Spanned;

use super::shapes::{items, text, time};

/// The id of the shape.
pub const SHAPE: &str = "iam-collect";
/// What a store proves.
pub const PROVES: &str = "all users, groups, roles and policies of each account in the store, its resources, and the organization";

/// What is found of a store, a folder for each thing.
#[derive(Default)]
pub(super) struct Store {
    folders: BTreeMap<PathBuf, BTreeMap<String, Arc<Document>>>,
}

/// Whether a file lies in a store, and where: the parts of its path below the partition.
fn below_partition(path: &Path) -> Option<Vec<&str>> {
    let parts: Vec<&str> = path.iter().filter_map(|part| part.to_str()).collect();
    let start = parts.windows(3).position(|window| {
        matches!(window, ["aws", partition, "accounts" | "organizations" | "indexes"]
            if partition.starts_with("aws"))
    })?;
    parts.get(start + 2..).map(<[&str]>::to_vec)
}

/// Whether a file lies in a store.
pub(super) fn holds(path: &Path) -> bool {
    match below_partition(path).as_deref() {
        Some(["accounts", account, ..]) => is_account_id(account),
        Some(["organizations", id, ..]) => id.starts_with("o-"),
        Some(["indexes", _]) => true,
        _ => false,
    }
}

impl Store {
    /// Keeps a document until all of its folder are there.
    pub(super) fn add(&mut self, path: &Path, document: Document) {
        let Some((folder, part)) = path.parent().zip(path.file_stem()) else { return };
        let part = part.to_string_lossy().into_owned();
        self.folders.entry(folder.to_owned()).or_default().insert(part, Arc::new(document));
    }

    /// Adds what the store says.
    pub(super) fn read(&self, builder: &mut Builder) {
        let mut accounts = BTreeSet::new();
        for (folder, parts) in &self.folders {
            let thing = Thing { folder, parts };
            match below_partition(folder).as_deref() {
                Some(["accounts", account, "iam", ..]) if thing.principal(builder) => {
                    accounts.insert((*account).to_owned());
                }
                Some(["organizations", id]) => thing.organization(id, builder),
                Some(["organizations", _, "scps", id]) => {
                    thing.control_policy(id, PolicyType::ServiceControl, builder);
                }
                Some(["organizations", _, "rcps", id]) => {
                    thing.control_policy(id, PolicyType::ResourceControl, builder);
                }
                _ => {}
            }
            if matches!(below_partition(folder).as_deref(), Some(["accounts", ..])) {
                thing.resource(builder);
            }
        }
        for account in accounts {
            builder.page(&[account], [true; 4], false);
        }
    }
}

/// One folder of a store.
struct Thing<'s> {
    folder: &'s Path,
    parts: &'s BTreeMap<String, Arc<Document>>,
}

impl<'s> Thing<'s> {
    fn root(&self, part: &str) -> Option<Node<'s>> {
        self.parts.get(part).map(|document| document.root())
    }

    fn handle(&self, part: &str, node: Node<'_>) -> Option<Handle> {
        self.parts.get(part).map(|document| Handle::new(document, node.id()))
    }

    fn whole(&self, part: &str) -> Option<Handle> {
        self.handle(part, self.root(part)?)
    }

    fn texts(&self, part: &str) -> impl Iterator<Item = Spanned<String>> + use<'s> {
        let list = self.root(part);
        let items = list.into_iter().flat_map(|list| list.items());
        items.filter_map(|item| {
            Some(Spanned { value: item.text()?.into_owned(), span: item.span() })
        })
    }

    /// A user, group, role or managed policy. Whether it is a user, group or role.
    fn principal(&self, builder: &mut Builder) -> bool {
        let Some(metadata) = self.root("metadata") else { return false };
        let Some(arn) = text(metadata, "arn") else { return false };
        let origin = Origin { folder: self.folder, span: metadata.span() };
        if Arn::parse(&arn.value).is_some_and(|arn| arn.resource.starts_with("policy/")) {
            let mut policy = builder.managed(&arn, origin);
            let name = text(metadata, "name").map(|name| name.value);
            policy.settings(name, text(metadata, "defaultVersionId"), time(metadata, "updateDate"));
            if let Some(document) = self.whole("current-policy") {
                policy.document(document);
            }
            return false;
        }
        let Some(mut entity) = builder.entity(&arn, origin) else { return false };
        entity.unique_id(text(metadata, "id"));
        entity.created(time(metadata, "created"));
        entity.boundary(text(metadata, "permissionBoundary"));
        entity.tags(self.tags());
        if let Some(trust) = self.whole("trust-policy") {
            entity.trust(trust);
        }
        let inline = self.root("inline-policies");
        let inline = inline.into_iter().flat_map(|list| list.items()).filter_map(|policy| {
            let document = policy.get("PolicyDocument");
            Some(InlinePolicy {
                name: text(policy, "PolicyName")?,
                document: document.and_then(|document| self.handle("inline-policies", document)),
            })
        });
        entity.inline(inline, true);
        let attached = self.texts("managed-policies");
        entity.attached(attached.map(|arn| AttachedPolicy { arn, name: None }), true);
        let groups = self.texts("groups").map(|arn| {
            let name = arn.value.rsplit('/').next().unwrap_or_default().to_owned();
            Spanned { value: name, span: arn.span }
        });
        entity.groups(groups, true);
        true
    }

    fn tags(&self) -> Vec<(String, String)> {
        let tags = self.root("tags").into_iter().flat_map(|tags| tags.entries());
        tags.filter_map(|tag| Some((tag.key.into_owned(), tag.value.text()?.into_owned())))
            .collect()
    }

    /// The policy of any other resource, or that it has none.
    fn resource(&self, builder: &mut Builder) {
        let Some(arn) = self.root("metadata").and_then(|metadata| text(metadata, "arn")) else {
            return;
        };
        if !arn.value.contains(":iam::") {
            builder.resource_policy(&arn.value, self.whole("policy"));
        }
    }

    /// The tree: units and accounts with what stands above them and what is attached to them.
    fn organization(&self, id: &str, builder: &mut Builder) {
        let metadata = self.root("metadata");
        let management = metadata.and_then(|metadata| text(metadata, "rootAccountId"));
        builder.organization(id, management.map(|account| account.value), None);
        for (part, above) in [("ous", "parent"), ("accounts", "ou")] {
            let members = self.root(part).into_iter().flat_map(|part| part.entries());
            for member in members {
                let (target, node) = (member.key.into_owned(), member.value);
                if let Some(parent) = text(node, above) {
                    builder.parent(&target, &parent);
                }
                if let Some(target) = builder.target(&target, None, None) {
                    target.organization = Some(id.to_owned());
                    target.service_control = attached(node, "scps");
                    target.resource_control = attached(node, "rcps");
                }
            }
        }
        let root = metadata.and_then(|metadata| text(metadata, "rootOu"));
        let features = metadata.and_then(|metadata| metadata.get("features"));
        if let (Some(root), Some(features)) = (root, features)
            && let Some(target) = builder.target(&root.value, None, None)
        {
            let is_on = |name: &str| features.get(name).and_then(|on| on.as_bool()) == Some(true);
            let types = [
                ("SERVICE_CONTROL_POLICY", PolicyType::ServiceControl),
                ("RESOURCE_CONTROL_POLICY", PolicyType::ResourceControl),
            ];
            let enabled = types.into_iter().filter(|(name, _)| is_on(name));
            target.enabled = Some(enabled.map(|(_, policy_type)| policy_type).collect());
        }
    }

    fn control_policy(&self, folder: &str, policy_type: PolicyType, builder: &mut Builder) {
        let metadata = self.root("metadata");
        let arn = metadata.and_then(|metadata| text(metadata, "arn")).map(|arn| arn.value);
        let name = metadata.and_then(|metadata| text(metadata, "name")).map(|name| name.value);
        // Names of folders are in lower case, ids are not.
        let id = arn.as_deref().map_or(folder, policy_id).to_owned();
        builder.control_policy(&id, arn, name, policy_type);
        if let Some(document) = self.whole("policy") {
            builder.control_document(&id, document);
        }
    }
}

/// The ids of the policies attached to a unit or account, which are all there.
fn attached(node: Node<'_>, key: &str) -> List<Spanned<String>> {
    let texts = items(node, key).filter(|item| item.kind() == Kind::String);
    let ids = texts.filter_map(|item| {
        Some(Spanned { value: policy_id(&item.text()?).to_owned(), span: item.span() })
    });
    List { items: ids.collect(), complete: true }
}

fn policy_id(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
