//! Answers of the SDK in the form in which the AWS CLI prints them.

use aws_sdk_iam::types as iam;
use aws_sdk_organizations::types as organizations;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde_json::{Map, Value, json};

use crate::collect::answers::document;

/// An object without the members that have no value.
pub(super) fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    let members = members.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(members.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}

fn time(time: Option<&DateTime>) -> Value {
    time.and_then(|time| time.fmt(Format::DateTime).ok()).map_or(Value::Null, Value::String)
}

fn tags(tags: Option<&Vec<iam::Tag>>) -> Value {
    let tags = tags.map(Vec::as_slice).unwrap_or_default();
    tags.iter().map(|tag| json!({ "Key": tag.key(), "Value": tag.value() })).collect()
}

fn boundary(boundary: Option<&iam::AttachedPermissionsBoundary>) -> Value {
    let arn = boundary.and_then(iam::AttachedPermissionsBoundary::permissions_boundary_arn);
    match arn {
        Some(arn) => json!({ "PermissionsBoundaryArn": arn }),
        None => Value::Null,
    }
}

pub(super) fn role(role: &iam::Role) -> Value {
    let trust = role.assume_role_policy_document().map_or(Value::Null, document);
    object([
        ("Path", json!(role.path())),
        ("RoleName", json!(role.role_name())),
        ("RoleId", json!(role.role_id())),
        ("Arn", json!(role.arn())),
        ("CreateDate", time(Some(role.create_date()))),
        ("AssumeRolePolicyDocument", trust),
        ("MaxSessionDuration", json!(role.max_session_duration())),
        ("PermissionsBoundary", boundary(role.permissions_boundary())),
        ("Tags", tags(role.tags.as_ref())),
    ])
}

pub(super) fn user(user: &iam::User) -> Value {
    object([
        ("Path", json!(user.path())),
        ("UserName", json!(user.user_name())),
        ("UserId", json!(user.user_id())),
        ("Arn", json!(user.arn())),
        ("CreateDate", time(Some(user.create_date()))),
        ("PermissionsBoundary", boundary(user.permissions_boundary())),
        ("Tags", tags(user.tags.as_ref())),
    ])
}

pub(super) fn group(group: &iam::Group) -> Value {
    object([
        ("Path", json!(group.path())),
        ("GroupName", json!(group.group_name())),
        ("GroupId", json!(group.group_id())),
        ("Arn", json!(group.arn())),
        ("CreateDate", time(Some(group.create_date()))),
    ])
}

pub(super) fn attached(policies: &[iam::AttachedPolicy]) -> Value {
    policies
        .iter()
        .map(|policy| {
            object([
                ("PolicyName", json!(policy.policy_name())),
                ("PolicyArn", json!(policy.policy_arn())),
            ])
        })
        .collect()
}

pub(super) fn policy(policy: &iam::Policy) -> Value {
    object([
        ("PolicyName", json!(policy.policy_name())),
        ("Arn", json!(policy.arn())),
        ("DefaultVersionId", json!(policy.default_version_id())),
        ("CreateDate", time(policy.create_date())),
        ("UpdateDate", time(policy.update_date())),
    ])
}

pub(super) fn version(version: &iam::PolicyVersion) -> Value {
    object([
        ("VersionId", json!(version.version_id())),
        ("IsDefaultVersion", json!(version.is_default_version())),
        ("CreateDate", time(version.create_date())),
        ("Document", version.document().map_or(Value::Null, document)),
    ])
}

pub(super) fn device(device: &iam::MfaDevice) -> Value {
    json!({ "UserName": device.user_name(), "SerialNumber": device.serial_number() })
}

fn types(types: Option<&Vec<organizations::PolicyTypeSummary>>) -> Value {
    let types = types.map(Vec::as_slice).unwrap_or_default();
    types
        .iter()
        .map(|one| {
            object([
                ("Type", json!(one.r#type().map(|kind| kind.as_str().to_owned()))),
                ("Status", json!(one.status().map(|status| status.as_str().to_owned()))),
            ])
        })
        .collect()
}

pub(super) fn organization(one: &organizations::Organization) -> Value {
    object([
        ("Id", json!(one.id())),
        ("Arn", json!(one.arn())),
        ("FeatureSet", json!(one.feature_set().map(|features| features.as_str().to_owned()))),
        ("MasterAccountArn", json!(one.master_account_arn())),
        ("MasterAccountId", json!(one.master_account_id())),
    ])
}

pub(super) fn root(root: &organizations::Root) -> Value {
    object([
        ("Id", json!(root.id())),
        ("Arn", json!(root.arn())),
        ("Name", json!(root.name())),
        ("PolicyTypes", types(root.policy_types.as_ref())),
    ])
}

pub(super) fn summary(policy: &organizations::PolicySummary) -> Value {
    object([
        ("Id", json!(policy.id())),
        ("Arn", json!(policy.arn())),
        ("Name", json!(policy.name())),
        ("Type", json!(policy.r#type().map(|kind| kind.as_str().to_owned()))),
    ])
}

pub(super) fn control_policy(policy: &organizations::Policy) -> Value {
    object([
        ("PolicySummary", policy.policy_summary().map_or(Value::Null, summary)),
        ("Content", policy.content().map_or(Value::Null, document)),
    ])
}

fn inline(policies: &[iam::PolicyDetail]) -> Value {
    policies
        .iter()
        .map(|policy| {
            object([
                ("PolicyName", json!(policy.policy_name())),
                ("PolicyDocument", policy.policy_document().map_or(Value::Null, document)),
            ])
        })
        .collect()
}

pub(super) fn user_detail(user: &iam::UserDetail) -> Value {
    object([
        ("Path", json!(user.path())),
        ("UserName", json!(user.user_name())),
        ("UserId", json!(user.user_id())),
        ("Arn", json!(user.arn())),
        ("CreateDate", time(user.create_date())),
        ("UserPolicyList", inline(user.user_policy_list())),
        ("GroupList", json!(user.group_list())),
        ("AttachedManagedPolicies", attached(user.attached_managed_policies())),
        ("PermissionsBoundary", boundary(user.permissions_boundary())),
        ("Tags", tags(user.tags.as_ref())),
    ])
}

pub(super) fn group_detail(group: &iam::GroupDetail) -> Value {
    object([
        ("Path", json!(group.path())),
        ("GroupName", json!(group.group_name())),
        ("GroupId", json!(group.group_id())),
        ("Arn", json!(group.arn())),
        ("CreateDate", time(group.create_date())),
        ("GroupPolicyList", inline(group.group_policy_list())),
        ("AttachedManagedPolicies", attached(group.attached_managed_policies())),
    ])
}

pub(super) fn role_detail(role: &iam::RoleDetail) -> Value {
    object([
        ("Path", json!(role.path())),
        ("RoleName", json!(role.role_name())),
        ("RoleId", json!(role.role_id())),
        ("Arn", json!(role.arn())),
        ("CreateDate", time(role.create_date())),
        (
            "AssumeRolePolicyDocument",
            role.assume_role_policy_document().map_or(Value::Null, document),
        ),
        ("RolePolicyList", inline(role.role_policy_list())),
        ("AttachedManagedPolicies", attached(role.attached_managed_policies())),
        ("PermissionsBoundary", boundary(role.permissions_boundary())),
        ("Tags", tags(role.tags.as_ref())),
    ])
}

pub(super) fn policy_detail(policy: &iam::ManagedPolicyDetail) -> Value {
    let in_force = policy.policy_version_list().iter().find(|one| one.is_default_version());
    object([
        ("PolicyName", json!(policy.policy_name())),
        ("Arn", json!(policy.arn())),
        ("DefaultVersionId", json!(policy.default_version_id())),
        ("UpdateDate", time(policy.update_date())),
        ("PolicyVersionList", in_force.map(version).into_iter().collect()),
    ])
}
