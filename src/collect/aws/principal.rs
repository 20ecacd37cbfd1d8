//! Users, groups and roles with their policies.

use std::collections::BTreeSet;

use aws_sdk_iam::types as iam;
use futures_util::future::join_all;
use futures_util::join;
use serde_json::{Value, json};

use super::call::{Question, Reader};
use super::session::Session;
use super::{Sessions, json as print, no_credentials, unasked};
use crate::collect::answers::document;
use crate::collect::operations::Operation;
use crate::policy::Arn;
use crate::request::{Caller, CallerKind};

/// A principal to read, and with whose credentials.
struct Subject<'s> {
    session: &'s Session,
    account: &'s str,
    name: &'s str,
    /// Its ARN, or `role/ci` where its path is not known.
    about: &'s str,
}

impl<'s> Subject<'s> {
    fn asks(&self, operation: Operation) -> Question<'s> {
        Question {
            session: self.session.id(),
            account: Some(self.account),
            operation,
            about: Some(self.about),
            which: None,
        }
    }
}

/// The caller's side.
pub(super) async fn caller(reader: &Reader<'_>, sessions: &Sessions<'_>, caller: &Caller) {
    let Some(account) = caller.account.as_deref() else { return };
    let (about, name, is_user) = match caller.kind {
        CallerKind::User => (caller.text.value.clone(), caller.name.as_str(), true),
        CallerKind::RoleSession => (format!("role/{}", caller.name), caller.name.as_str(), false),
        _ => return,
    };
    let name = name.rsplit('/').next().unwrap_or(name);
    let Some(session) = sessions.of(account) else {
        let operation = if is_user { Operation::GetUser } else { Operation::GetRole };
        return reader.push(unasked(operation, &about, no_credentials(sessions, account)));
    };
    let subject = Subject { session, account, name, about: &about };
    if is_user {
        user(reader, &subject).await;
    } else {
        join!(get_role(reader, &subject, true), role_policies(reader, &subject));
    }
}

/// The role's side.
/// `acts` says that its session makes a call in question, so that what it may do counts.
pub(super) async fn role(reader: &Reader<'_>, sessions: &Sessions<'_>, arn: &str, acts: bool) {
    let Some(parts) = Arn::parse(arn) else { return };
    let Some((_, name)) = parts.iam_name("role") else { return };
    let Some(session) = sessions.of(parts.account) else {
        let outcome = no_credentials(sessions, parts.account);
        return reader.push(unasked(Operation::GetRole, arn, outcome));
    };
    let subject = Subject { session, account: parts.account, name, about: arn };
    let trust = async {
        let Some(trust) = get_role(reader, &subject, acts).await else { return };
        providers(reader, &subject, &trust).await;
    };
    let policies = async {
        if acts {
            // By its name, since its path is not yet known to be the right one.
            let about = format!("role/{name}");
            role_policies(reader, &Subject { about: &about, ..subject }).await;
        }
    };
    join!(trust, policies);
}

async fn user(reader: &Reader<'_>, subject: &Subject<'_>) {
    let iam = &subject.session.iam;
    let boundary = async {
        let request = iam.get_user().user_name(subject.name).send();
        let answer = |got: &aws_sdk_iam::operation::get_user::GetUserOutput| json!({ "User": got.user().map(print::user) });
        let asks = subject.asks(Operation::GetUser);
        let got = reader.call(asks, &["NoSuchEntity"], request, answer).await.back();
        let boundary = got.and_then(|got| {
            let boundary = got.user()?.permissions_boundary()?;
            boundary.permissions_boundary_arn().map(str::to_owned)
        });
        managed(reader, subject, boundary).await;
    };
    let inline = async {
        let pages = iam.list_user_policies().user_name(subject.name).into_paginator();
        let request = pages.items().send().try_collect();
        let names = names(reader, subject.asks(Operation::ListUserPolicies), request).await;
        each(&names, async |name: &str| {
            let sent = iam.get_user_policy().user_name(subject.name).policy_name(name).send();
            let asks = Question { which: Some(name), ..subject.asks(Operation::GetUserPolicy) };
            let print = |got: &aws_sdk_iam::operation::get_user_policy::GetUserPolicyOutput| {
                json!({
                    "UserName": got.user_name(), "PolicyName": got.policy_name(),
                    "PolicyDocument": document(got.policy_document()),
                })
            };
            reader.call(asks, &[], sent, print).await;
        })
        .await;
    };
    let attached = async {
        let pages = iam.list_attached_user_policies().user_name(subject.name).into_paginator();
        let request = pages.items().send().try_collect();
        attached(reader, subject, Operation::ListAttachedUserPolicies, request).await;
    };
    let groups = async {
        let pages = iam.list_groups_for_user().user_name(subject.name).into_paginator();
        let request = pages.items().send().try_collect();
        let asks = subject.asks(Operation::ListGroupsForUser);
        let print = |groups: &Vec<iam::Group>| json!({ "Groups": groups.iter().map(print::group).collect::<Value>() });
        let groups = reader.call(asks, &[], request, print).await.back().unwrap_or_default();
        join_all(groups.iter().map(|group| async {
            let subject = Subject { name: group.group_name(), about: group.arn(), ..*subject };
            group_policies(reader, &subject).await;
        }))
        .await;
    };
    let devices = async {
        let pages = iam.list_mfa_devices().user_name(subject.name).into_paginator();
        let request = pages.items().send().try_collect();
        let asks = subject.asks(Operation::ListMfaDevices);
        let print = |devices: &Vec<iam::MfaDevice>| json!({ "MFADevices": devices.iter().map(print::device).collect::<Value>() });
        reader.call(asks, &[], request, print).await;
    };
    join!(boundary, inline, attached, groups, devices);
}

async fn group_policies(reader: &Reader<'_>, subject: &Subject<'_>) {
    let iam = &subject.session.iam;
    let inline = async {
        let pages = iam.list_group_policies().group_name(subject.name).into_paginator();
        let request = pages.items().send().try_collect();
        let names = names(reader, subject.asks(Operation::ListGroupPolicies), request).await;
        each(&names, async |name: &str| {
            let sent = iam.get_group_policy().group_name(subject.name).policy_name(name).send();
            let asks = Question { which: Some(name), ..subject.asks(Operation::GetGroupPolicy) };
            let print = |got: &aws_sdk_iam::operation::get_group_policy::GetGroupPolicyOutput| {
                json!({
                    "GroupName": got.group_name(), "PolicyName": got.policy_name(),
                    "PolicyDocument": document(got.policy_document()),
                })
            };
            reader.call(asks, &[], sent, print).await;
        })
        .await;
    };
    let attached = async {
        let pages = iam.list_attached_group_policies().group_name(subject.name).into_paginator();
        let request = pages.items().send().try_collect();
        attached(reader, subject, Operation::ListAttachedGroupPolicies, request).await;
    };
    join!(inline, attached);
}

/// The role itself, with its boundary if it `acts`; its trust policy, if it came back.
async fn get_role(reader: &Reader<'_>, subject: &Subject<'_>, acts: bool) -> Option<String> {
    let request = subject.session.iam.get_role().role_name(subject.name).send();
    let answer = |got: &aws_sdk_iam::operation::get_role::GetRoleOutput| json!({ "Role": got.role().map(print::role) });
    let asks = subject.asks(Operation::GetRole);
    let got = reader.call(asks, &["NoSuchEntity"], request, answer).await.back()?;
    let role = got.role()?;
    let boundary = role.permissions_boundary().and_then(|one| one.permissions_boundary_arn());
    // A boundary of the role that is to be assumed limits its sessions and not who assumes it.
    if acts {
        managed(reader, subject, boundary.map(str::to_owned)).await;
    }
    role.assume_role_policy_document().map(str::to_owned)
}

async fn role_policies(reader: &Reader<'_>, subject: &Subject<'_>) {
    let iam = &subject.session.iam;
    let inline = async {
        let pages = iam.list_role_policies().role_name(subject.name).into_paginator();
        let request = pages.items().send().try_collect();
        let names = names(reader, subject.asks(Operation::ListRolePolicies), request).await;
        each(&names, async |name: &str| {
            let sent = iam.get_role_policy().role_name(subject.name).policy_name(name).send();
            let asks = Question { which: Some(name), ..subject.asks(Operation::GetRolePolicy) };
            let print = |got: &aws_sdk_iam::operation::get_role_policy::GetRolePolicyOutput| {
                json!({
                    "RoleName": got.role_name(), "PolicyName": got.policy_name(),
                    "PolicyDocument": document(got.policy_document()),
                })
            };
            reader.call(asks, &[], sent, print).await;
        })
        .await;
    };
    let attached = async {
        let pages = iam.list_attached_role_policies().role_name(subject.name).into_paginator();
        let request = pages.items().send().try_collect();
        attached(reader, subject, Operation::ListAttachedRolePolicies, request).await;
    };
    join!(inline, attached);
}

type Listed<T, E> = Result<
    Vec<T>,
    aws_smithy_runtime_api::client::result::SdkError<E, aws_smithy_runtime_api::http::Response>,
>;

/// The names of somebody's inline policies.
async fn names<E: aws_smithy_types::error::metadata::ProvideErrorMetadata>(
    reader: &Reader<'_>,
    asks: Question<'_>,
    request: impl Future<Output = Listed<String, E>>,
) -> Vec<String> {
    let print = |names: &Vec<String>| json!({ "PolicyNames": names });
    reader.call(asks, &[], request, print).await.back().unwrap_or_default()
}

/// Every inline policy, at once.
async fn each(names: &[String], one: impl AsyncFn(&str)) {
    join_all(names.iter().map(|name| one(name))).await;
}

/// The list of attached policies, and each of them.
async fn attached<E: aws_smithy_types::error::metadata::ProvideErrorMetadata>(
    reader: &Reader<'_>,
    subject: &Subject<'_>,
    operation: Operation,
    request: impl Future<Output = Listed<iam::AttachedPolicy, E>>,
) {
    let print =
        |list: &Vec<iam::AttachedPolicy>| json!({ "AttachedPolicies": print::attached(list) });
    let list = reader.call(subject.asks(operation), &[], request, print).await.back();
    let arns = list.unwrap_or_default().into_iter().filter_map(|policy| policy.policy_arn);
    managed(reader, subject, arns).await;
}

/// Managed policies: which version is in force, and its document.
async fn managed(
    reader: &Reader<'_>,
    subject: &Subject<'_>,
    arns: impl IntoIterator<Item = String>,
) {
    let arns: BTreeSet<String> = arns.into_iter().collect();
    let iam = &subject.session.iam;
    join_all(arns.iter().map(|arn| async move {
        let asks = Question { about: Some(arn), ..subject.asks(Operation::GetPolicy) };
        let request = iam.get_policy().policy_arn(arn).send();
        let print = |got: &aws_sdk_iam::operation::get_policy::GetPolicyOutput| {
            json!({ "Policy": got.policy().map(print::policy) })
        };
        let got = reader.call(asks, &[], request, print).await.back();
        let version = got.and_then(|got| got.policy()?.default_version_id().map(str::to_owned));
        let Some(version) = version else { return };
        let operation = Operation::GetPolicyVersion;
        let asks = Question { about: Some(arn), ..subject.asks(operation) };
        let request = iam.get_policy_version().policy_arn(arn).version_id(version).send();
        let print = |got: &aws_sdk_iam::operation::get_policy_version::GetPolicyVersionOutput| {
            json!({ "PolicyVersion": got.policy_version().map(print::version) })
        };
        reader.call(asks, &[], request, print).await;
    }))
    .await;
}

/// The identity providers that a trust policy names.
async fn providers(reader: &Reader<'_>, subject: &Subject<'_>, trust: &str) {
    let trust = percent_encoding::percent_decode_str(trust).decode_utf8_lossy().into_owned();
    let named = |kind: &str| {
        let own = format!("::{}:{kind}/", subject.account);
        let texts = trust.split('"').filter(|text| text.starts_with("arn:"));
        texts.filter(|text| text.contains(&own)).map(str::to_owned).collect::<BTreeSet<_>>()
    };
    let (oidc, saml) = (named("oidc-provider"), named("saml-provider"));
    let iam = &subject.session.iam;
    let plain = |operation| Question { about: None, ..subject.asks(operation) };
    let listed = async {
        if oidc.is_empty() {
            return;
        }
        let request = iam.list_open_id_connect_providers().send();
        let arns = |got: &aws_sdk_iam::operation::list_open_id_connect_providers::ListOpenIdConnectProvidersOutput| {
            let list = got.open_id_connect_provider_list();
            let list: Value = list.iter().map(|one| json!({ "Arn": one.arn() })).collect();
            json!({ "OpenIDConnectProviderList": list })
        };
        reader.call(plain(Operation::ListOpenIdConnectProviders), &[], request, arns).await;
    };
    let assertions = async {
        if saml.is_empty() {
            return;
        }
        let request = iam.list_saml_providers().send();
        let arns = |got: &aws_sdk_iam::operation::list_saml_providers::ListSamlProvidersOutput| {
            let list = got.saml_provider_list();
            let list: Value = list.iter().map(|one| json!({ "Arn": one.arn() })).collect();
            json!({ "SAMLProviderList": list })
        };
        reader.call(plain(Operation::ListSamlProviders), &[], request, arns).await;
    };
    let each = join_all(oidc.iter().map(|arn| async move {
        let operation = Operation::GetOpenIdConnectProvider;
        let asks = Question { about: Some(arn), ..subject.asks(operation) };
        let request =
            iam.get_open_id_connect_provider().open_id_connect_provider_arn(arn).send();
        let print = |got: &aws_sdk_iam::operation::get_open_id_connect_provider::GetOpenIdConnectProviderOutput| {
            json!({ "Url": got.url(), "ClientIDList": got.client_id_list() })
        };
        reader.call(asks, &[], request, print).await;
    }));
    join!(listed, assertions, each);
}

/// Every user, group, role and managed policy of the current account.
pub(super) async fn whole_account(reader: &Reader<'_>, sessions: &Sessions<'_>) {
    join_all(sessions.all.iter().map(|(session, account)| async move {
        let operation = Operation::GetAccountAuthorizationDetails;
        let asks = Question {
            session: session.id(),
            account: Some(account),
            operation,
            about: None,
            which: None,
        };
        let pages = session.iam.get_account_authorization_details().into_paginator();
        let request = pages.send().try_collect();
        let print = |pages: &Vec<aws_sdk_iam::operation::get_account_authorization_details::GetAccountAuthorizationDetailsOutput>| {
            let all = |list: &dyn Fn(&aws_sdk_iam::operation::get_account_authorization_details::GetAccountAuthorizationDetailsOutput) -> Vec<Value>| {
                pages.iter().flat_map(list).collect::<Value>()
            };
            json!({
                "UserDetailList": all(&|page| page.user_detail_list().iter().map(print::user_detail).collect()),
                "GroupDetailList": all(&|page| page.group_detail_list().iter().map(print::group_detail).collect()),
                "RoleDetailList": all(&|page| page.role_detail_list().iter().map(print::role_detail).collect()),
                "Policies": all(&|page| page.policies().iter().map(print::policy_detail).collect()),
            })
        };
        reader.call(asks, &[], request, print).await;
    }))
    .await;
}
