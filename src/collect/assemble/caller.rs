//! The caller's side: its facts, its identity-based policies, its boundary, its session policy and
//! the service control policies of its account.

use std::sync::Arc;

use indexmap::Equivalent;
use smol_str::SmolStr;

use crate::layers::{Attached, Gap, Layer, Missing};
use crate::policy::{Arn, PolicyType};
use crate::request::{Caller, CallerKind, CredentialKind, Fact, Request};
use crate::snapshot::{Entity, EntityKind, Snapshot};

use super::{Assembler, KEPT, Unread, gaps, keep, limits};

/// What the facts say about who the caller is.
enum Who<'s> {
    /// A root user, a service, nobody: it has no policies of its own.
    NoEntity,
    /// This user or role.
    Found(&'s Entity),
    /// A user or role that is not in the facts.
    Missing { kind: EntityKind, account: String, name: String },
    /// One of several roles.
    Ambiguous(Vec<String>),
    /// A federated user's session whose maker is not known.
    NoMaker,
}

/// A role whose sessions were met, with what a session of it takes from the facts: all in one place,
/// because a run over many requests comes by thousands of roles.
pub(super) struct MetRole<'s> {
    role: &'s Entity,
    account: SmolStr,
    path: SmolStr,
    unique_id: Option<SmolStr>,
    /// The layers of its sessions: outside and inside an organization, as far as they were asked for.
    layers: [Option<Arc<[Arc<Layer>]>>; 2],
}

/// What tells callers apart whose layers may differ.
#[derive(Hash, PartialEq, Eq)]
pub(super) struct CallerKey<S> {
    /// Partition, account, name and path of a session's role, since all its sessions have the same
    /// policies; else the ARN.
    who: [S; 4],
    made_by: S,
    in_no_organization: bool,
}

impl<'c> CallerKey<&'c str> {
    fn of(caller: &'c Caller) -> Self {
        let who = if caller.kind == CallerKind::RoleSession {
            let path = caller.role_path.known().map_or("?", SmolStr::as_str);
            [&*caller.partition, caller.account.as_deref().unwrap_or(""), &caller.name, path]
        } else {
            [&*caller.text.value, "", "", ""]
        };
        Self {
            who,
            made_by: caller.made_by.as_deref().unwrap_or(""),
            in_no_organization: caller.organization.known() == Some(&None),
        }
    }

    fn to_owned(&self) -> CallerKey<String> {
        CallerKey {
            who: self.who.map(str::to_owned),
            made_by: self.made_by.to_owned(),
            in_no_organization: self.in_no_organization,
        }
    }
}

impl Equivalent<CallerKey<String>> for CallerKey<&str> {
    fn equivalent(&self, key: &CallerKey<String>) -> bool {
        self.who == key.who
            && self.made_by == key.made_by
            && self.in_no_organization == key.in_no_organization
    }
}

impl<'s> Assembler<'s> {
    fn who(&self, caller: &Caller) -> Who<'s> {
        let snapshot: &'s Snapshot = self.snapshot;
        let by_arn = |arn: &str| {
            let parsed = Arn::parse(arn)?;
            let (_, name) = parsed.iam_name("user")?;
            Some(snapshot.entities.get(arn).map_or_else(
                || Who::Missing {
                    kind: EntityKind::User,
                    account: parsed.account.to_owned(),
                    name: name.to_owned(),
                },
                Who::Found,
            ))
        };
        match caller.kind {
            CallerKind::Root
            | CallerKind::Service
            | CallerKind::Federated
            | CallerKind::Anonymous => Who::NoEntity,
            CallerKind::User => by_arn(&caller.text.value).unwrap_or(Who::NoEntity),
            CallerKind::FederatedUser => {
                caller.made_by.as_deref().and_then(by_arn).unwrap_or(Who::NoMaker)
            }
            CallerKind::RoleSession => {
                let account = caller.account.as_deref().unwrap_or("");
                let path = caller.role_path.known();
                let mut found = (snapshot.everywhere(EntityKind::Role, &caller.name))
                    .filter(|role| role.account == account)
                    .filter(|role| path.is_none_or(|path| *path == role.path));
                match (found.next(), found.next()) {
                    (None, _) => Who::Missing {
                        kind: EntityKind::Role,
                        account: account.to_owned(),
                        name: caller.name.to_string(),
                    },
                    (Some(role), None) => Who::Found(role),
                    (Some(one), Some(other)) => {
                        let several = [one, other].into_iter().chain(found);
                        Who::Ambiguous(several.map(|role| role.arn.value.clone()).collect())
                    }
                }
            }
        }
    }

    /// Fills in what the facts know; what was given stays. Gives the user or role whose policies the
    /// caller has.
    pub(super) fn fill(&mut self, request: &mut Request) -> Option<&'s Entity> {
        let mut found = self.fill_session(&mut request.caller);
        if found.is_none()
            && let Who::Found(entity) = self.who(&request.caller)
        {
            found = Some(entity);
            let caller = &mut request.caller;
            if caller.kind == CallerKind::RoleSession && caller.role_path.known().is_none() {
                caller.role_path = Fact::Known(SmolStr::new(&entity.path));
            }
            if caller.kind != CallerKind::FederatedUser && caller.unique_id.is_none() {
                caller.unique_id = entity.unique_id.as_ref().map(|id| SmolStr::new(&id.value));
            }
            // The tags of a session are those of its role and those that were passed when it was
            // made, which no export shows.
            if caller.kind == CallerKind::User
                && caller.tags.known().is_none()
                && let Fact::Known(tags) = &entity.tags
            {
                caller.tags = Fact::Known(tags.clone());
            }
        }
        self.fill_devices(&mut request.caller);
        self.fill_identity(&mut request.caller);
        self.fill_expiry(&mut request.caller);
        self.fill_owner(request);
        self.fill_role(request);
        self.fill_provider(request);
        self.fill_organizations(request);
        found
    }

    /// Fills in what the facts know of the role of a session, if they know which role it is. A caller that
    /// is given by its role's ARN has its path already.
    fn fill_session(&mut self, caller: &mut Caller) -> Option<&'s Entity> {
        if caller.kind != CallerKind::RoleSession || caller.role_path.known().is_some() {
            return None;
        }
        if !self.roles.contains_key(&*caller.name) {
            let Who::Found(role) = self.who(caller) else { return None };
            if self.roles.len() >= KEPT {
                self.roles.clear();
            }
            let met = MetRole {
                role,
                account: SmolStr::new(&role.account),
                path: SmolStr::new(&role.path),
                unique_id: role.unique_id.as_ref().map(|id| SmolStr::new(&id.value)),
                layers: [None, None],
            };
            self.roles.insert(caller.name.clone(), met);
        }
        // Another account may have a role of that name.
        let met = self
            .roles
            .get(&*caller.name)
            .filter(|met| caller.account.as_ref() == Some(&met.account))?;
        caller.role_path = Fact::Known(met.path.clone());
        if caller.unique_id.is_none() {
            caller.unique_id.clone_from(&met.unique_id);
        }
        Some(met.role)
    }

    /// `list-mfa-devices` names the user, and no account but for virtual devices.
    fn fill_devices(&self, caller: &mut Caller) {
        if caller.kind != CallerKind::User || !caller.mfa_devices.is_empty() {
            return;
        }
        let own = |serial: &str| {
            Arn::parse(serial).is_none_or(|arn| Some(arn.account) == caller.account.as_deref())
        };
        let devices = self.snapshot.mfa_devices.iter();
        caller.mfa_devices = devices
            .filter(|device| device.user.value == caller.name && own(&device.serial.value))
            .map(|device| device.serial.clone())
            .collect();
    }

    /// `get-caller-identity` gives the unique id, for a session before a colon.
    fn fill_identity(&self, caller: &mut Caller) {
        if caller.unique_id.is_some()
            || !matches!(caller.kind, CallerKind::User | CallerKind::RoleSession)
        {
            return;
        }
        let identity = self
            .snapshot
            .identities
            .iter()
            .find(|identity| identity.arn.value == caller.text.value);
        let id = identity.and_then(|identity| identity.user_id.as_ref());
        caller.unique_id =
            id.map(|id| id.value.split_once(':').map_or(&*id.value, |(id, _)| id).into());
    }

    /// The latest of the expirations that are about this caller.
    fn fill_expiry(&self, caller: &mut Caller) {
        if caller.expires.is_some() {
            return;
        }
        let of_user = caller.kind == CallerKind::User
            && matches!(caller.credentials, None | Some(CredentialKind::SessionToken));
        caller.expires = (self.snapshot.expirations.iter())
            .filter(|expiration| match &expiration.arn {
                Some(arn) => arn.value == caller.text.value,
                None => of_user,
            })
            .max_by_key(|expiration| expiration.at.value)
            .map(|expiration| expiration.at.clone());
    }

    /// The layers that follow from the caller, put together once for each caller. `entity` is the user or
    /// role whose policies it has.
    pub(super) fn caller_layers(
        &mut self,
        request: &Request,
        entity: Option<&'s Entity>,
    ) -> Arc<[Arc<Layer>]> {
        let caller = &request.caller;
        // All sessions of a role have the same, and nothing of the facts moves while they are asked.
        if let Some(role) = entity
            && let Some(place) = self.session_layers(caller, role)
        {
            if let Some(known) = place {
                return Arc::clone(known);
            }
            let layers = self.layers_of_caller(caller);
            if let Some(place) = self.session_layers(caller, role) {
                *place = Some(Arc::clone(&layers));
            }
            return layers;
        }
        let key = CallerKey::of(caller);
        if let Some(known) = self.callers.get(&key) {
            return Arc::clone(known);
        }
        let key = key.to_owned();
        let layers = self.layers_of_caller(caller);
        if self.callers.len() >= KEPT {
            self.callers.clear();
        }
        self.callers.insert(key, Arc::clone(&layers));
        layers
    }

    /// Where the layers of a session of `role` are kept, if it is one that was met.
    fn session_layers(
        &mut self,
        caller: &Caller,
        role: &Entity,
    ) -> Option<&mut Option<Arc<[Arc<Layer>]>>> {
        if caller.kind != CallerKind::RoleSession {
            return None;
        }
        let met = self.roles.get_mut(&*caller.name).filter(|met| std::ptr::eq(met.role, role))?;
        let in_none = caller.organization.known() == Some(&None);
        met.layers.get_mut(usize::from(in_none))
    }

    fn layers_of_caller(&mut self, caller: &Caller) -> Arc<[Arc<Layer>]> {
        let who = self.who(caller);
        let mut layers = Vec::new();
        if !self.files.has(PolicyType::IdentityBased) {
            layers.extend(self.identity(caller, &who).map(Arc::new));
        }
        if !self.files.has(PolicyType::PermissionsBoundary) {
            layers.extend(self.boundary(caller, &who).map(Arc::new));
        }
        if !self.files.has(PolicyType::Session) && limits::may_have_session_policy(caller) {
            let layer = self.any_session.get_or_insert_with(|| Arc::new(limits::session()));
            layers.push(Arc::clone(layer));
        }
        if !self.files.has(PolicyType::ServiceControl)
            && let Some(account) = limits::service_control_covers(caller)
        {
            layers.extend(self.service_control_once(account).iter().cloned());
        }
        layers.into()
    }

    /// The service control policies above an account, which all its principals share.
    fn service_control_once(&mut self, account: &str) -> Arc<[Arc<Layer>]> {
        if let Some(known) = self.services.get(account) {
            return Arc::clone(known);
        }
        let layers = self.service_control(account).into_iter().map(Arc::new).collect();
        keep(&mut self.services, account, &layers);
        layers
    }

    fn gap(&self, what: &str, caller: &Caller, who: &Who<'_>) -> Option<Gap> {
        match who {
            Who::NoEntity | Who::Found(_) => None,
            Who::Missing { kind, account, name } => {
                let exported =
                    self.snapshot.accounts.get(account).is_some_and(|account| account.complete);
                Some(gaps::no_entity(what, *kind, account, name, exported))
            }
            Who::Ambiguous(arns) => Some(gaps::ambiguous(what, &caller.name, arns)),
            Who::NoMaker => Some(gaps::no_maker(what, &caller.name)),
        }
    }

    fn identity(&mut self, caller: &Caller, who: &Who<'s>) -> Option<Layer> {
        let mut layer = Layer::known(PolicyType::IdentityBased, 0, Vec::new());
        match who {
            Who::NoEntity => return None,
            Who::Found(entity) => {
                self.policies_of(entity, &mut layer);
                self.group_policies(entity, &mut layer);
            }
            _ => {
                layer.missing.extend(
                    self.gap("the identity-based policies", caller, who).map(Missing::from),
                );
                if let Who::Missing { kind, name, account } = who {
                    self.unplaced(
                        *kind,
                        name,
                        &role_or_user_arn(caller, *kind, account, name),
                        &mut layer,
                    );
                }
                if let Who::Ambiguous(arns) = who {
                    let (name, arns) = (&caller.name, arns.join(", "));
                    self.note(format!(
                        "the caller is a session of a role `{name}`, which may be any of {arns}"
                    ));
                }
            }
        }
        Some(layer)
    }

    /// Inline policies of somebody with this name, whoever it is.
    fn unplaced(&mut self, kind: EntityKind, name: &str, arn: &str, layer: &mut Layer) {
        let snapshot: &'s Snapshot = self.snapshot;
        // With principals of that name in other accounts, nobody can tell.
        if snapshot.everywhere(kind, name).next().is_some() {
            return;
        }
        for unplaced in &snapshot.unplaced {
            if unplaced.kind == kind
                && unplaced.owner.value == name
                && let Some(document) = &unplaced.policy.document
            {
                let name = Some(unplaced.policy.name.value.clone());
                self.add(layer, document, Unread { name, arn: None, to: arn.to_owned() });
            }
        }
    }

    /// The inline and attached policies of one user, group or role.
    fn policies_of(&mut self, entity: &'s Entity, layer: &mut Layer) {
        let to = entity.arn.value.clone();
        for inline in &entity.inline.items {
            match &inline.document {
                Some(document) => {
                    let name = Some(inline.name.value.clone());
                    self.add(layer, document, Unread { name, arn: None, to: to.clone() });
                }
                None => layer.miss(gaps::inline_document(entity, &inline.name.value)),
            }
        }
        if !entity.inline.complete {
            layer.miss(gaps::inline_list(entity));
        }
        for attached in &entity.attached.items {
            let place = format!("attached to {}", entity.title());
            self.managed(&attached.arn.value, attached.name.clone(), &to, &place, layer);
        }
        if !entity.attached.complete {
            layer.miss(gaps::attached_list(entity));
        }
    }

    fn managed(
        &mut self,
        arn: &str,
        name: Option<String>,
        to: &str,
        place: &str,
        layer: &mut Layer,
    ) {
        let snapshot: &'s Snapshot = self.snapshot;
        let policy = snapshot.managed.get(arn);
        let name = name
            .or_else(|| policy.and_then(|policy| policy.name.clone()))
            .or_else(|| Some(arn.rsplit('/').next()?.to_owned()));
        if let Some(document) = policy.and_then(|policy| policy.document.as_ref()) {
            self.add(
                layer,
                document,
                Unread { name, arn: Some(arn.to_owned()), to: to.to_owned() },
            );
            return;
        }
        let version = policy.and_then(|policy| policy.default_version.as_ref());
        let version = version.map(|version| version.value.as_str());
        match self.aws_managed(arn, version, layer.policy_type) {
            Some(policy) => layer.policies.push(Attached {
                name,
                arn: Some(arn.to_owned()),
                attached_to: Some(to.to_owned()),
                policy,
            }),
            None => layer.miss(gaps::managed_document(arn, version, place)),
        }
    }

    fn group_policies(&mut self, entity: &'s Entity, layer: &mut Layer) {
        if entity.kind != EntityKind::User {
            return;
        }
        let snapshot: &'s Snapshot = self.snapshot;
        for group in &entity.groups.items {
            match snapshot.named(EntityKind::Group, &entity.account, &group.value).next() {
                Some(group) => self.policies_of(group, layer),
                None => {
                    let complete = snapshot
                        .accounts
                        .get(&entity.account)
                        .is_some_and(|account| account.complete);
                    let kind = EntityKind::Group;
                    layer.miss(gaps::no_entity(
                        "the policies",
                        kind,
                        &entity.account,
                        &group.value,
                        complete,
                    ));
                }
            }
        }
        if !entity.groups.complete {
            layer.miss(gaps::groups(entity));
        }
    }

    fn boundary(&mut self, caller: &Caller, who: &Who<'s>) -> Option<Layer> {
        // Service-linked roles cannot have one.
        if caller.is_service_linked_role() {
            return None;
        }
        let mut layer = Layer::known(PolicyType::PermissionsBoundary, 0, Vec::new());
        match who {
            Who::NoEntity => return None,
            Who::Found(entity) => match &entity.boundary {
                Fact::Known(None) => return None,
                Fact::Known(Some(arn)) => {
                    let place = format!("the permissions boundary of {}", entity.title());
                    self.managed(&arn.value, None, &entity.arn.value, &place, &mut layer);
                }
                Fact::Unknown(_) => layer.miss(gaps::boundary(entity)),
            },
            _ => layer
                .missing
                .extend(self.gap("the permissions boundary", caller, who).map(Missing::from)),
        }
        Some(layer)
    }
}

/// The ARN of the principal whose policies apply, as far as the caller tells it.
fn role_or_user_arn(caller: &Caller, kind: EntityKind, account: &str, name: &str) -> String {
    let path = caller.role_path.known().map_or("/", SmolStr::as_str);
    let path = if kind == EntityKind::Role { path } else { "/" };
    if caller.kind == CallerKind::User {
        return caller.text.value.clone();
    }
    format!("arn:{}:iam::{account}:{}{path}{name}", caller.partition, kind.noun())
}
