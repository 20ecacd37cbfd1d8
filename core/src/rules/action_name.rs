//! An action that does not exist, where the one that was asked for is meant.

use crate::finding::{Finding, Gate, Party, Severity};
use crate::policy::{PolicyType, Statement};
use crate::reference;
use crate::text::Span;

use super::closeness::is_slip;
use super::nearest::{Miss, Near, nearest};
use super::{Case, Defect, Group, Rule, identity, rule, trust};

pub(super) static RULES: &[Rule] = &[rule!(
    "action-unknown",
    IdentityPolicies,
    48,
    "an action is written that does not exist",
    check,
    Some(Defect { group: Group::NeverWorks, severity: Severity::Error, codes: &["INVALID_ACTION", "INVALID_SERVICE_IN_ACTION"] })
)];

/// Operations of an API whose permission has another name: service, operation, permission.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>
const OPERATIONS: [(&str, &str, &str); 15] = [
    ("lambda", "invoke", "InvokeFunction"),
    ("s3", "completemultipartupload", "PutObject"),
    ("s3", "copyobject", "PutObject"),
    ("s3", "createmultipartupload", "PutObject"),
    ("s3", "deleteobjects", "DeleteObject"),
    ("s3", "getbucketencryption", "GetEncryptionConfiguration"),
    ("s3", "headbucket", "ListBucket"),
    ("s3", "headobject", "GetObject"),
    ("s3", "listbuckets", "ListAllMyBuckets"),
    ("s3", "listmultipartuploads", "ListBucketMultipartUploads"),
    ("s3", "listobjects", "ListBucket"),
    ("s3", "listobjectsv2", "ListBucket"),
    ("s3", "listobjectversions", "ListBucketVersions"),
    ("s3", "putbucketencryption", "PutEncryptionConfiguration"),
    ("s3", "uploadpart", "PutObject"),
];

/// The permission for an operation of an API, where the two have different names.
pub(super) fn permission(action: &str) -> Option<String> {
    let (prefix, name) = action.split_once(':')?;
    let (service, _, permission) = OPERATIONS.iter().find(|(service, operation, _)| {
        prefix.eq_ignore_ascii_case(service) && name.eq_ignore_ascii_case(operation)
    })?;
    Some(format!("{service}:{permission}"))
}

/// Whether there is an action `service:name`, in any case.
fn exists(action: &str) -> bool {
    action.split_once(':').is_some_and(|(prefix, name)| {
        let service = reference::service(&prefix.to_ascii_lowercase());
        service.is_some_and(|service| service.action(name).is_some())
    })
}

/// What is wrong with `written`, if `wanted`, which exists, was meant.
fn fault(written: &str, wanted: &str) -> Option<String> {
    let (service, other) = wanted.split_once(':')?;
    let Some((prefix, name)) = written.split_once(':') else {
        let bare = written.eq_ignore_ascii_case(other) || is_slip(&written.to_ascii_lowercase(), &other.to_ascii_lowercase());
        return bare.then(|| format!("the service is missing in front of it, `{service}:`"));
    };
    if written.contains(['*', '?']) {
        return None;
    }
    let same_service = prefix.eq_ignore_ascii_case(service);
    let fault = if permission(written).is_some_and(|own| own.eq_ignore_ascii_case(wanted)) {
        format!("the operation of the API has this name, and the action is `{wanted}`")
    } else if !same_service && name.eq_ignore_ascii_case(other) {
        format!("`{name}` is an action of `{service}`")
    } else if same_service && is_slip(&written.to_ascii_lowercase(), &wanted.to_ascii_lowercase()) {
        "a typing slip".to_owned()
    } else {
        return None;
    };
    (!exists(written) && exists(wanted)).then_some(fault)
}

/// A value of `Action` that means `wanted` and does not exist: its text, its place, what is wrong with it.
pub(super) fn wrong_value<'a>(
    statement: &'a Statement,
    wanted: &str,
) -> Option<(&'a str, Span, String)> {
    let element = statement.action.as_ref().filter(|element| !element.negated)?;
    element.values.iter().find_map(|value| {
        let text = value.value.text.as_str();
        Some((text, value.span, fault(text, wanted)?))
    })
}

/// A value of `Action` that means the action that was asked for.
pub(super) struct Meant<'a> {
    near: Near<'a>,
    text: &'a str,
    span: Span,
    fault: String,
}

/// Such a value in a statement that would allow the request if it were right.
pub(super) fn meant<'a>(case: &Case<'a>, policy_type: PolicyType) -> Option<Meant<'a>> {
    let wanted = &case.request.action.value;
    let only_action = |near: &Near<'_>| {
        let trace = near.trace;
        let others = [&trace.principal, &trace.resource];
        near.miss == Miss::Action
            && near.certain
            && others.into_iter().chain(trace.conditions.iter().map(|(result, _)| result)).all(|result| !result.is_no())
    };
    nearest(case, policy_type).into_iter().filter(only_action).find_map(|near| {
        let (text, span, fault) = wrong_value(near.statement, wanted)?;
        Some(Meant { near, text, span, fault })
    })
}

fn check(case: &Case<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(severity) = identity::severity(case)
        && let Some(meant) = meant(case, PolicyType::IdentityBased)
    {
        let policy = meant.near.attached.name.as_ref();
        let whose = policy.map_or("an identity-based policy".to_owned(), |name| format!("the identity-based policy `{name}`"));
        found.push(finding(case, &meant, &whose, severity).owner(Party::CallerAccount));
    }
    if trust::miss(case).is_some()
        && let Some(meant) = meant(case, PolicyType::Trust)
    {
        let whose = format!("the trust policy of `{}`", case.resource_name());
        let finding = finding(case, &meant, &whose, trust::severity(case));
        found.push(finding.owner(Party::RoleAccount).explains(Gate::TrustPolicy));
    }
    if case.evaluation.decision != crate::eval::Decision::Allowed {
        found.extend(asked(case));
    }
    found
}

fn finding(case: &Case<'_>, meant: &Meant<'_>, whose: &str, severity: Severity) -> Finding {
    let wanted = &case.request.action.value;
    let (text, fault) = (meant.text, &meant.fault);
    let message = format!("{whose} would allow this, but `{text}` is no action: {fault}");
    Finding::new("action-unknown", message, meant.span, "there is no such action")
        .severity(severity)
        .also(case.request.action.span, "the action that was asked for")
        .help(format!("did you mean `{wanted}`?"))
        .ask(format!("please write `{wanted}` in place of `{text}` in {whose}"))
}

/// The request itself asks for an operation whose permission has another name.
fn asked(case: &Case<'_>) -> Option<Finding> {
    let action = &case.request.action;
    let own = permission(&action.value).filter(|_| !exists(&action.value))?;
    let message = format!("`{}` is no action: the operation of the API has this name, and AWS asks for `{own}`", action.value);
    let finding = Finding::new("action-unknown", message, action.span, "there is no such action");
    Some(finding.severity(Severity::Warning).help(format!("ask again with `--action {own}`")).owner(Party::Yourself))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_does_not_exist_is_wrong() {
        assert!(fault("sts:AssumeRoles", "sts:AssumeRole").is_some());
        assert!(fault("s3:GetObjects", "s3:getobject").is_some());
        assert!(fault("iam:AssumeRole", "sts:AssumeRole").unwrap().contains("of `sts`"));
        assert!(fault("s3:HeadObject", "s3:GetObject").unwrap().contains("operation"));
        for (written, wanted) in [
            ("sts:AssumeRole", "sts:AssumeRole"),
            ("s3:GetObjectAcl", "s3:GetObject"),
            ("s3:PutObject", "s3:GetObject"),
            ("s3:*", "s3:GetObject"),
            ("s3:GetObjects", "s3:PutObject"),
            ("nonsense", "s3:PutObject"),
        ] {
            assert_eq!(fault(written, wanted), None, "{written}");
        }
    }

    #[test]
    fn operations_are_no_actions_and_their_permissions_are() {
        for (service, operation, permission) in OPERATIONS {
            assert!(!exists(&format!("{service}:{operation}")), "{service}:{operation}");
            assert!(exists(&format!("{service}:{permission}")), "{service}:{permission}");
        }
    }
}
