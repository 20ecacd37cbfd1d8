//! What is known of resources other than roles: their policies, VPC endpoints, identity providers
//! and MFA devices.

use std::borrow::Cow;

use crate::policy::Arn;
use crate::text::{SourceMap, Span, Spanned};

use super::build::{Builder, Origin, keep_document};
use super::{Handle, Snapshot};

/// The policy of a resource.
#[derive(Clone, Debug)]
pub struct ResourcePolicy {
    /// The resource, as its ARN or as much of it as the output says.
    pub holder: String,
    /// The policy; `None` where the resource is known to have none.
    pub document: Option<Handle>,
    /// The account that owns it, where its ARN does not say that and something else does.
    pub owner: Option<String>,
}

/// What kind of resource an output is about that does not say which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// An S3 bucket.
    Bucket,
    /// A KMS key.
    Key,
    /// A Lambda function, one of its versions or aliases.
    Function,
}

/// A VPC endpoint.
#[derive(Clone, Debug)]
pub struct VpcEndpoint {
    /// `vpce-…`.
    pub id: Spanned<String>,
    /// `com.amazonaws.us-east-1.s3`.
    pub service: Option<String>,
    /// `Gateway`, `Interface`, …
    pub kind: Option<String>,
    /// Its policy.
    pub document: Option<Handle>,
}

/// What identities a provider gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProviderKind {
    /// An OpenID Connect provider.
    Oidc,
    /// A SAML provider.
    Saml,
}

/// An identity provider in IAM.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Its ARN.
    pub arn: Spanned<String>,
    /// Which kind.
    pub kind: ProviderKind,
    /// The audiences that it takes; `None` where the facts do not show them.
    pub client_ids: Option<Vec<Spanned<String>>>,
}

/// An MFA device of a user.
#[derive(Clone, Debug)]
pub struct MfaDevice {
    /// The user's name.
    pub user: Spanned<String>,
    /// An ARN, or the serial number of a hardware device, which names no account.
    pub serial: Spanned<String>,
}

/// A policy whose resource has to be found in the policy itself.
#[derive(Debug)]
pub(super) struct PendingPolicy {
    holder: Holder,
    document: Handle,
}

/// A provider of which only the URL is said.
#[derive(Debug)]
pub(super) struct PendingProvider {
    url: Spanned<String>,
    client_ids: Vec<Spanned<String>>,
    span: Span,
}

/// Under which key the policy of `arn` is kept: the ARN, without what an output may not say.
fn key(arn: &str) -> Cow<'_, str> {
    match Arn::parse(arn) {
        // `get-repository-policy` says no Region.
        Some(parts) if parts.service == "ecr" => {
            format!("ecr:{}:{}", parts.account, parts.resource).into()
        }
        Some(parts)
            if parts.service == "kms" && is_key_id(parts.resource.trim_start_matches("key/")) =>
        {
            format!("kms:{}", parts.resource).into()
        }
        _ => arn.into(),
    }
}

/// Whether `text` is a key's id that no other key has: that of a multi-Region key stands for several.
fn is_key_id(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').map(str::len).collect();
    parts == [8, 4, 4, 4, 12] && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

impl Snapshot {
    /// What is known of the policy of `arn`.
    pub fn resource_policy(&self, arn: &str) -> Option<&ResourcePolicy> {
        if self.resource_policies.is_empty() {
            return None;
        }
        self.resource_policies.get(&*key(arn))
    }
}

impl Snapshot {
    /// Whether nothing is known of principals and accounts but of this one.
    pub fn is_only(&self, account: &str) -> bool {
        self.accounts.keys().all(|other| other == account)
            && self.entities.values().all(|entity| entity.account == account)
            && self.providers_listed.iter().all(|(_, other)| other == account)
    }
}

impl Builder {
    /// The policy of the resource `arn`, or that it has none.
    pub fn resource_policy(&mut self, arn: &str, document: Option<Handle>) {
        let policies = &mut self.snapshot.resource_policies;
        let known = policies.entry(key(arn).into_owned()).or_insert_with(|| ResourcePolicy {
            holder: arn.to_owned(),
            document: document.clone(),
            owner: None,
        });
        let what = || format!("policies of {arn}");
        keep_document(&mut known.document, document, &mut self.conflicts, what);
    }

    /// The account that owns the resource `arn`, of whose policy something is known.
    pub fn resource_owner(&mut self, arn: &str, account: &str) {
        if let Some(known) = self.snapshot.resource_policies.get_mut(&*key(arn)) {
            known.owner.get_or_insert_with(|| account.to_owned());
        }
    }

    /// The policy of a resource that only the policy itself may name.
    pub fn policy_of_some(&mut self, holder: Holder, document: Handle) {
        self.pending_policies.push(PendingPolicy { holder, document });
    }

    /// A VPC endpoint.
    pub fn endpoint(&mut self, endpoint: VpcEndpoint) {
        let endpoints = &mut self.snapshot.endpoints;
        let known = endpoints.entry(endpoint.id.value.clone()).or_insert_with(|| endpoint.clone());
        let what = || format!("policies of {}", endpoint.id.value);
        keep_document(&mut known.document, endpoint.document, &mut self.conflicts, what);
    }

    /// Identity providers, all of one kind in their account.
    pub fn providers(&mut self, kind: ProviderKind, arns: Vec<Spanned<String>>) {
        if arns.is_empty() {
            self.snapshot.providers_none.insert(kind);
        }
        for arn in arns {
            if let Some(parts) = Arn::parse(&arn.value) {
                self.snapshot.providers_listed.insert((kind, parts.account.to_owned()));
            }
            let providers = &mut self.snapshot.providers;
            providers.entry(arn.value.clone()).or_insert(Provider { arn, kind, client_ids: None });
        }
    }

    /// One identity provider, with the audiences that it takes.
    pub fn provider(
        &mut self,
        arn: Spanned<String>,
        kind: ProviderKind,
        client_ids: Option<Vec<Spanned<String>>>,
    ) {
        let providers = &mut self.snapshot.providers;
        let new = Provider { arn: arn.clone(), kind, client_ids: None };
        let provider = providers.entry(arn.value).or_insert(new);
        provider.client_ids = provider.client_ids.take().or(client_ids);
    }

    /// An OpenID Connect provider, by its URL, with its audiences.
    pub fn provider_by_url(
        &mut self,
        url: Spanned<String>,
        client_ids: Vec<Spanned<String>>,
        origin: Origin<'_>,
    ) {
        self.pending_providers.push(PendingProvider { url, client_ids, span: origin.span });
    }

    /// A user's MFA device.
    pub fn mfa_device(&mut self, device: MfaDevice) {
        self.snapshot.mfa_devices.push(device);
    }

    /// Policies go to the one resource of the right kind that they name; a key's policy, which
    /// hardly ever does, to the key whose id stands in its file's name.
    pub(super) fn place_policies(&mut self, sources: &SourceMap, notes: &mut Vec<String>) {
        for pending in std::mem::take(&mut self.pending_policies) {
            let text = pending.document.node().text().unwrap_or_default().into_owned();
            let file = sources.name(pending.document.span().source).to_owned();
            let policy = serde_json::from_str(&text).unwrap_or(serde_json::Value::Null);
            let resources = resources(&policy);
            // Older versions of the AWS CLI leave `PolicyName` out, and then it looks like a bucket's.
            let is_key = pending.holder == Holder::Key || mentions(&policy, "kms:");
            let holder = if is_key { Holder::Key } else { pending.holder };
            let arn = holder.only(&resources).or_else(|| {
                let id = (holder == Holder::Key).then(|| key_id_in(&file)).flatten()?;
                Some(format!("arn:aws:kms:::key/{id}"))
            });
            match arn {
                Some(arn) => self.resource_policy(&arn, Some(pending.document)),
                None => notes.push(format!(
                    "cannot tell of which {} `{file}` holds the policy{}: pass it with `--resource-policy`",
                    holder.noun(),
                    if holder == Holder::Key { ", unless its name has the key's id" } else { "" },
                )),
            }
        }
    }

    pub(super) fn join_providers(&mut self, sources: &SourceMap, notes: &mut Vec<String>) {
        for pending in std::mem::take(&mut self.pending_providers) {
            let url = pending.url.value.trim_start_matches("https://");
            let mut same = self.snapshot.providers.values_mut().filter(|provider| {
                Arn::parse(&provider.arn.value)
                    .and_then(|arn| arn.resource.strip_prefix("oidc-provider/"))
                    == Some(url)
            });
            match (same.next(), same.next()) {
                (Some(provider), None) => {
                    provider.client_ids.get_or_insert(pending.client_ids);
                }
                _ => {
                    notes.push(format!(
                        "cannot tell of which account `{}` shows the provider {url}; it is taken for the role's \
                         where a token of it is presented, and `aws iam list-open-id-connect-providers` of that \
                         account alone would tell",
                        sources.name(pending.span.source)
                    ));
                    let unplaced = (url.to_owned(), pending.client_ids);
                    self.snapshot.providers_unplaced.push(unplaced);
                }
            }
        }
    }
}

impl Holder {
    fn noun(self) -> &'static str {
        match self {
            Self::Bucket => "bucket",
            Self::Key => "key",
            Self::Function => "function",
        }
    }

    /// The only resource of this kind among ARNs.
    fn only(self, arns: &[String]) -> Option<String> {
        let mut found: Vec<_> = arns.iter().filter_map(|arn| self.holder(arn)).collect();
        found.sort_unstable();
        found.dedup();
        match found.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        }
    }

    /// The resource whose policy speaks of `arn`.
    fn holder(self, arn: &str) -> Option<String> {
        let parts = Arn::parse(arn)?;
        let holder = match (self, parts.service) {
            (Self::Bucket, "s3") => {
                let bucket = parts.resource.split('/').next()?;
                format!("arn:{}:s3:::{bucket}", parts.partition)
            }
            (Self::Key, "kms") if parts.resource.starts_with("key/") => arn.to_owned(),
            (Self::Function, "lambda") => arn.to_owned(),
            _ => return None,
        };
        (!holder.contains(['*', '?', '$'])).then_some(holder)
    }
}

/// The values of every `Resource` of a policy.
fn resources(policy: &serde_json::Value) -> Vec<String> {
    values(policy, "Resource")
}

/// Whether every action of a policy begins with `prefix`.
fn mentions(policy: &serde_json::Value, prefix: &str) -> bool {
    let actions = values(policy, "Action");
    !actions.is_empty() && actions.iter().all(|action| action.starts_with(prefix))
}

fn values(policy: &serde_json::Value, key: &str) -> Vec<String> {
    let listed = |value: &serde_json::Value| match value {
        serde_json::Value::Array(items) => items.clone(),
        serde_json::Value::Null => Vec::new(),
        one => vec![one.clone()],
    };
    let statements = policy.get("Statement").map(listed).unwrap_or_default();
    let found = statements.iter().filter_map(|statement| statement.get(key)).flat_map(listed);
    found.filter_map(|value| Some(value.as_str()?.to_owned())).collect()
}

/// The only key id in the name of a file.
fn key_id_in(file: &str) -> Option<String> {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let mut found =
        (0..name.len()).filter_map(|at| name.get(at..at + 36)).filter(|text| is_key_id(text));
    let first = found.next()?;
    found.next().is_none().then(|| first.to_owned())
}
