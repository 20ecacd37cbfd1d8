//! What a template or configuration describes, whatever its notation: principals, policies, and what
//! is attached to what; and how that becomes facts.

use std::collections::BTreeSet;
use std::path::Path;

use crate::doc::Hole;
use crate::doc::build::Text;
use crate::policy::PolicyType;
use crate::snapshot::{
    AttachedPolicy, Builder, EntityKind, Handle, InlinePolicy, Origin, ProviderKind, VpcEndpoint,
};
use crate::text::{SourceMap, Span, Spanned};

/// A user, group or role that is made.
#[derive(Clone, Debug)]
pub struct Owner {
    /// Which of the three.
    pub kind: EntityKind,
    /// Its name, or a hole that stands for it.
    pub name: Text,
    /// Its path.
    pub path: Text,
    /// Where it is described.
    pub span: Span,
    /// Where its name is written, or else its description begins.
    pub name_span: Span,
    /// What a person would call it in the file: a logical id, an address.
    pub label: String,
    /// The trust policy of a role.
    pub trust: Option<Handle>,
    /// The ARN of the permissions boundary.
    pub boundary: Option<Spanned<Text>>,
    /// `MaxSessionDuration`.
    pub max_session_duration: Option<Spanned<i64>>,
    /// Tags; `None` where they are not known.
    pub tags: Option<Vec<(String, String)>>,
    /// On what it depends whether it is made.
    pub doubt: Option<String>,
}

/// A managed policy that is made.
#[derive(Clone, Debug)]
pub struct Managed {
    /// Its ARN.
    pub arn: Text,
    /// Its name.
    pub name: Text,
    /// Where it is described.
    pub span: Span,
    /// Its document.
    pub document: Option<Handle>,
    /// What a person would call it in the file.
    pub label: String,
}

/// An inline policy.
#[derive(Clone, Debug)]
pub struct Inline {
    /// Of a user, group or role.
    pub kind: EntityKind,
    /// Its name.
    pub owner: Text,
    /// The policy's name.
    pub name: Text,
    /// Where it is described.
    pub span: Span,
    /// Its document.
    pub document: Option<Handle>,
}

/// A managed policy that is attached.
#[derive(Clone, Debug)]
pub struct Attachment {
    /// To a user, group or role.
    pub kind: EntityKind,
    /// Its name.
    pub owner: Text,
    /// The policy's ARN.
    pub policy: Text,
    /// Where that is written.
    pub span: Span,
}

/// The policy of a resource.
#[derive(Clone, Debug)]
pub struct OfResource {
    /// The service, as it is called in ARNs.
    pub service: String,
    /// The resource's ARN.
    pub holder: Text,
    /// The policy.
    pub document: Handle,
    /// What a person would call it in the file.
    pub label: String,
}

/// A control policy and what it is attached to.
#[derive(Clone, Debug)]
pub struct Control {
    /// Service control or resource control.
    pub policy_type: PolicyType,
    /// What it is called in the file.
    pub label: String,
    /// Its name.
    pub name: Option<String>,
    /// Its document.
    pub document: Handle,
    /// Ids of roots, units and accounts.
    pub targets: Vec<Spanned<Text>>,
}

/// An identity provider that is made.
#[derive(Clone, Debug)]
pub struct MadeProvider {
    /// Its ARN.
    pub arn: Spanned<Text>,
    /// Which kind.
    pub kind: ProviderKind,
    /// The audiences that it takes, where they are known.
    pub client_ids: Option<Vec<Spanned<String>>>,
}

/// A policy document of which nothing says what it is for.
#[derive(Clone, Debug)]
pub struct Loose {
    /// The document.
    pub document: Handle,
    /// What a person would call it in the file.
    pub label: String,
}

/// Everything that a template or configuration describes.
#[derive(Debug, Default)]
pub struct Stack {
    /// The account in which it is made.
    pub account: Option<String>,
    /// The partition in which it is made.
    pub partition: Option<String>,
    /// The Region in which it is made.
    pub region: Option<String>,
    /// Policy documents that nothing refers to.
    pub loose: Vec<Loose>,
    /// Users, groups and roles.
    pub owners: Vec<Owner>,
    /// Managed policies.
    pub managed: Vec<Managed>,
    /// Inline policies.
    pub inline: Vec<Inline>,
    /// Managed policies where they are attached.
    pub attached: Vec<Attachment>,
    /// Users and the groups that they are in.
    pub members: Vec<(Text, Vec<Spanned<Text>>)>,
    /// Policies of resources.
    pub of_resources: Vec<OfResource>,
    /// Policies of VPC endpoints, with ids and services.
    pub endpoints: Vec<(Spanned<String>, Option<String>, Option<Handle>)>,
    /// Identity providers.
    pub providers: Vec<MadeProvider>,
    /// Control policies.
    pub controls: Vec<Control>,
    /// What is worth saying: what could not be read or placed, and where.
    pub notes: Vec<(Span, String)>,
    /// Kinds of principals of which some policies are not described whole: who has them is not known.
    pub open_kinds: BTreeSet<EntityKind>,
}

/// Whether what is missing is the partition.
fn is_partition(hole: &Hole) -> bool {
    hole.name == "${AWS::Partition}"
        || (hole.name.starts_with("${data.aws_partition.") && hole.name.ends_with(".partition}"))
}

/// A policy document of a stack.
#[derive(Clone, Debug)]
pub struct StackPolicy {
    /// Its type.
    pub policy_type: PolicyType,
    /// Where it stands.
    pub document: Handle,
    /// The ARN of what it is attached to, or of itself; with holes, if something is not known.
    pub arn: Option<String>,
    /// The policy's name.
    pub name: Option<String>,
    /// Whether it is a managed policy.
    pub is_managed: bool,
    /// The service of a resource-based policy, as it is called in ARNs.
    pub service: Option<String>,
    /// What a person would call it in the file.
    pub label: String,
}

impl Stack {
    /// The partition, where nothing says another.
    fn settled_partition(&self) -> &str {
        self.partition.as_deref().unwrap_or("aws")
    }

    /// A text as far as it can be settled: the partition of what is made is the usual one unless
    /// something says otherwise.
    pub fn settle(&self, text: &Text) -> String {
        let (mut settled, mut at) = (String::new(), 0);
        for one in text.holes().iter().filter(|one| is_partition(&one.hole)) {
            settled.push_str(text.as_str().get(at..one.start).unwrap_or(""));
            settled.push_str(self.settled_partition());
            at = one.end;
        }
        settled.push_str(text.as_str().get(at..).unwrap_or(""));
        settled
    }

    /// The same, if nothing of it is missing.
    pub fn settled(&self, text: &Text) -> Option<String> {
        let known = text.holes().iter().all(|one| is_partition(&one.hole));
        known.then(|| self.settle(text))
    }

    /// The ARN of a principal, with holes where something is missing.
    pub fn arn_of(&self, owner: &Owner) -> String {
        let account = self.account.as_deref().unwrap_or("${AWS::AccountId}");
        let path = match owner.path.as_str() {
            "" => "/",
            path => path,
        };
        format!(
            "arn:{}:iam::{account}:{}{path}{}",
            self.settled_partition(),
            owner.kind.noun(),
            self.settle(&owner.name)
        )
    }

    fn arn_by_name(&self, kind: EntityKind, name: &Text) -> Option<String> {
        let same = |owner: &&Owner| owner.kind == kind && owner.name.as_str() == name.as_str();
        self.owners.iter().find(same).map(|owner| self.arn_of(owner))
    }

    /// Every policy document, in the order of kinds.
    pub fn policies(&self) -> Vec<StackPolicy> {
        let mut policies = Vec::new();
        let mut add =
            |policy_type, document: &Handle, arn: Option<String>, name: Option<String>| {
                policies.push(StackPolicy {
                    policy_type,
                    document: document.clone(),
                    arn,
                    name,
                    is_managed: false,
                    service: None,
                    label: String::new(),
                });
            };
        for owner in &self.owners {
            if let Some(trust) = &owner.trust {
                add(
                    PolicyType::Trust,
                    trust,
                    Some(self.arn_of(owner)),
                    Some(self.settle(&owner.name)),
                );
            }
        }
        for inline in &self.inline {
            if let Some(document) = &inline.document {
                let arn = self.arn_by_name(inline.kind, &inline.owner);
                add(PolicyType::IdentityBased, document, arn, Some(self.settle(&inline.name)));
            }
        }
        for control in &self.controls {
            add(control.policy_type, &control.document, None, Some(control.label.clone()));
        }
        for (id, _, document) in &self.endpoints {
            if let Some(document) = document {
                add(PolicyType::VpcEndpoint, document, None, Some(id.value.clone()));
            }
        }
        for managed in &self.managed {
            if let Some(document) = &managed.document {
                policies.push(StackPolicy {
                    policy_type: self.type_of_managed(managed),
                    document: document.clone(),
                    arn: Some(self.settle(&managed.arn)),
                    name: Some(self.settle(&managed.name)),
                    is_managed: true,
                    service: None,
                    label: managed.label.clone(),
                });
            }
        }
        for one in &self.of_resources {
            policies.push(StackPolicy {
                policy_type: PolicyType::ResourceBased,
                document: one.document.clone(),
                arn: Some(self.settle(&one.holder)),
                name: None,
                is_managed: false,
                service: Some(one.service.clone()),
                label: one.label.clone(),
            });
        }
        for one in &self.loose {
            policies.push(StackPolicy {
                policy_type: super::super::shapes::guess_type(one.document.node()),
                document: one.document.clone(),
                arn: None,
                name: None,
                is_managed: false,
                service: None,
                label: one.label.clone(),
            });
        }
        policies.sort_by_key(|policy| policy.document.span());
        // One document may be attached in several places.
        policies.dedup_by_key(|policy| (policy.document.span(), policy.policy_type));
        policies
    }

    /// One that is used as a permissions boundary and attached to nobody is a boundary.
    fn type_of_managed(&self, managed: &Managed) -> PolicyType {
        let arn = managed.arn.as_str();
        let bounds = self.owners.iter().filter_map(|owner| owner.boundary.as_ref());
        let is_boundary = bounds.into_iter().any(|boundary| boundary.value.as_str() == arn);
        let is_attached = self.attached.iter().any(|one| one.policy.as_str() == arn);
        if is_boundary && !is_attached {
            PolicyType::PermissionsBoundary
        } else {
            PolicyType::IdentityBased
        }
    }

    /// Adds what is described as facts, and says what could not be.
    pub fn add_to(
        &self,
        builder: &mut Builder,
        folder: &Path,
        sources: &SourceMap,
        notes: &mut Vec<String>,
    ) {
        let note = |span: Span, text: &str, notes: &mut Vec<String>| {
            let place = sources.place(span);
            let file = place.file.unwrap_or("the configuration");
            let note = format!("{file}:{}:{}: {text}", place.line, place.column);
            if !notes.contains(&note) {
                notes.push(note);
            }
        };
        for (span, text) in &self.notes {
            note(*span, text, notes);
        }
        for managed in &self.managed {
            let arn = Spanned { value: self.settle(&managed.arn), span: managed.span };
            let origin = Origin { folder, span: managed.span };
            let mut entry = builder.managed(&arn, origin);
            entry.settings(Some(self.settle(&managed.name)), None, None);
            if let Some(document) = &managed.document {
                entry.document(document.clone());
            }
        }
        let mut unplaced = BTreeSet::new();
        for owner in &self.owners {
            let name = self.settled(&owner.name);
            let path = self.settled(&owner.path);
            if let Some(condition) = &owner.doubt {
                let noun = owner.kind.noun();
                let text = format!(
                    "{noun} {} is made only if {condition}, which is not known; it is left out",
                    owner.label
                );
                note(owner.span, &text, notes);
                continue;
            }
            if self.account.is_none() {
                unplaced.insert((owner.kind, name.unwrap_or_else(|| owner.label.clone())));
                continue;
            }
            if name.is_none() || path.is_none() {
                let noun = owner.kind.noun();
                let text = format!(
                    "{noun} {} has a name that is only known when it is made; it is no part of the facts",
                    owner.label
                );
                note(owner.name_span, &text, notes);
                continue;
            }
            self.add_owner(owner, builder, folder);
        }
        if !unplaced.is_empty() {
            let names: Vec<_> = unplaced
                .iter()
                .take(3)
                .map(|(kind, name)| format!("{} {name}", kind.noun()))
                .collect();
            let more = if unplaced.len() > names.len() { ", …" } else { "" };
            let span = self.owners.first().map(|owner| owner.span);
            if let Some(span) = span {
                let text = format!(
                    "in which account {}{more} will be made is not known: pass `--parameters AWS::AccountId=ACCOUNT`",
                    names.join(", ")
                );
                note(span, &text, notes);
            }
        }
        self.add_rest(builder, notes);
        self.add_others(builder);
    }

    /// Inline policies of principals that are made elsewhere.
    fn add_others(&self, builder: &mut Builder) {
        for inline in &self.inline {
            let is_made = self.arn_by_name(inline.kind, &inline.owner).is_some();
            if let Some(owner) = self.settled(&inline.owner).filter(|_| !is_made) {
                let policy = InlinePolicy {
                    name: Spanned { value: self.settle(&inline.name), span: inline.span },
                    document: inline.document.clone(),
                };
                builder.inline_of(inline.kind, Spanned { value: owner, span: inline.span }, policy);
            }
        }
    }

    fn add_owner(&self, owner: &Owner, builder: &mut Builder, folder: &Path) {
        let arn = Spanned { value: self.arn_of(owner), span: owner.name_span };
        let Some(mut entry) = builder.entity(&arn, Origin { folder, span: owner.span }) else {
            return;
        };
        let same = |kind: EntityKind, name: &Text| {
            kind == owner.kind && self.settle(name) == self.settle(&owner.name)
        };
        // What is made here is made with these policies and no others.
        let whole = !self.open_kinds.contains(&owner.kind);
        let inline = self.inline.iter().filter(|one| same(one.kind, &one.owner));
        let inline = inline.map(|one| InlinePolicy {
            name: Spanned { value: self.settle(&one.name), span: one.span },
            document: one.document.clone(),
        });
        entry.inline(inline.collect::<Vec<_>>(), whole);
        let attached = self.attached.iter().filter(|one| same(one.kind, &one.owner));
        let attached = attached.map(|one| AttachedPolicy {
            arn: Spanned { value: self.settle(&one.policy), span: one.span },
            name: None,
        });
        entry.attached(attached.collect::<Vec<_>>(), whole);
        if let Some(trust) = &owner.trust {
            entry.trust(trust.clone());
        }
        if owner.kind != EntityKind::Group {
            let boundary = owner.boundary.as_ref();
            entry.boundary(
                boundary.map(|arn| Spanned { value: self.settle(&arn.value), span: arn.span }),
            );
            if let Some(tags) = &owner.tags {
                entry.tags(tags.clone());
            }
        }
        entry.max_session_duration(owner.max_session_duration.clone());
        if owner.kind == EntityKind::User {
            let groups = self.members.iter().filter(|(user, _)| same(EntityKind::User, user));
            let names = groups
                .flat_map(|(_, groups)| groups)
                .map(|group| Spanned { value: self.settle(&group.value), span: group.span });
            entry.groups(names.collect::<Vec<_>>(), whole);
        }
    }

    fn add_rest(&self, builder: &mut Builder, notes: &mut Vec<String>) {
        for one in &self.of_resources {
            match self.settled(&one.holder) {
                Some(arn) => builder.resource_policy(&arn, Some(one.document.clone())),
                None => notes.push(format!(
                    "the policy of {} is no part of the facts: its ARN `{}` is not known",
                    one.label,
                    self.settle(&one.holder)
                )),
            }
        }
        for (id, service, document) in &self.endpoints {
            builder.endpoint(VpcEndpoint {
                id: id.clone(),
                service: service.clone(),
                kind: None,
                document: document.clone(),
            });
        }
        for MadeProvider { arn, kind, client_ids } in &self.providers {
            let Some(value) = self.settled(&arn.value) else { continue };
            builder.provider(Spanned { value, span: arn.span }, *kind, client_ids.clone());
        }
        for control in &self.controls {
            builder.control_policy(&control.label, None, control.name.clone(), control.policy_type);
            builder.control_document(&control.label, control.document.clone());
            for target in &control.targets {
                let id = self.settle(&target.value);
                let policy = Spanned { value: control.label.clone(), span: target.span };
                builder.attach_control(&id, control.policy_type, policy);
            }
        }
    }
}
