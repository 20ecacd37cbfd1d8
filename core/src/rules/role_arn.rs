//! The ARN of the role: is it one, does it exist, is it in the caller's partition?

use crate::eval::Refusal;
use crate::finding::{Finding, Party};
use crate::policy::Arn;

use super::refusals::refused;
use super::{Case, Rule, rule};

pub(super) static RULES: &[Rule] = &[
    rule!("role-arn-invalid", RoleArn, 20, "what is given as the role's ARN is no role's ARN", invalid),
    rule!("partition-mismatch", RoleArn, 21, "caller and role belong to different partitions of AWS", partition),
    rule!("role-missing", RoleArn, 22, "the role's account has no role of that ARN", missing),
];

fn invalid(case: &Case<'_>) -> Vec<Finding> {
    let resource = &case.request.resource.text();
    let malformed = refused(case, Refusal::RoleArnMalformed, || {
        let (why, help) = why_malformed(&resource.value);
        let message = format!("`{}` is not a well-formed role ARN: {why}", resource.value);
        Some(Finding::new("role-arn-invalid", message, resource.span, why).help(help).owner(Party::Yourself))
    });
    if !malformed.is_empty() {
        return malformed;
    }
    refused(case, Refusal::NotARole, || {
        let (what, help) = what_it_is(&resource.value);
        let message = format!("`{}` is {what}, not a role", resource.value);
        Some(
            Finding::new("role-arn-invalid", message, resource.span, format!("this is {what}"))
                .help(help)
                .owner(Party::Yourself),
        )
    })
}

fn why_malformed(text: &str) -> (&'static str, &'static str) {
    let form = "write `arn:aws:iam::<twelve digits>:role/<path and name>`, as `aws iam get-role` prints it";
    if text.contains(['$', '<', '>', '{']) {
        return ("a placeholder in it was not filled in", "replace the placeholder by its value");
    }
    if text.contains(' ') {
        return ("it contains a space", "remove the space");
    }
    if text.contains(['*', '?']) {
        return ("it contains a wildcard", "name one role");
    }
    if !text.starts_with("arn:") {
        return ("it does not begin with `arn:`", form);
    }
    match Arn::parse(text) {
        None => ("an ARN has six parts between colons", form),
        Some(arn) if !arn.region.is_empty() => ("the ARN of a role has no region", form),
        Some(arn) if !crate::policy::is_account_id(arn.account) => {
            ("the account id is not twelve digits", form)
        }
        Some(_) => ("the role's name is missing, too long, or has characters that are not allowed", form),
    }
}

fn what_it_is(text: &str) -> (&'static str, &'static str) {
    let kind = Arn::parse(text).map(|arn| (arn.service, arn.typed().map_or(arn.resource, |(kind, _)| kind)));
    match kind {
        Some(("sts", "assumed-role")) => (
            "a session of a role",
            "give the ARN of the role itself, `arn:aws:iam::ACCOUNT:role/NAME`; if the role has a path, `aws iam get-role --role-name NAME` prints it",
        ),
        Some(("iam", "user")) => ("a user", "users cannot be assumed; give a role's ARN"),
        Some(("iam", "group")) => ("a group", "groups cannot be assumed; give a role's ARN"),
        Some(("iam", "policy")) => ("a policy", "give the ARN of the role that has the policy"),
        Some(("iam", "instance-profile")) => (
            "an instance profile",
            "give the ARN of the role in the instance profile; its name may be the same",
        ),
        Some(("iam", "root")) => ("an account's root", "give the ARN of a role in that account"),
        _ => ("something else", "give the ARN of a role, `arn:aws:iam::ACCOUNT:role/NAME`"),
    }
}

fn partition(case: &Case<'_>) -> Vec<Finding> {
    let resource = &case.request.resource.text();
    refused(case, Refusal::Partition, || {
        let theirs = Arn::parse(&resource.value).map_or("", |arn| arn.partition);
        let ours = &case.request.caller.partition;
        let message = format!("the role is in partition `{theirs}`, the caller in `{ours}`");
        Some(
            Finding::new("partition-mismatch", message, resource.span, format!("a role of partition `{theirs}`"))
                .also(case.request.caller.text.span, format!("a caller of partition `{ours}`"))
                .help("use credentials and a role of one partition; no role can be assumed across partitions")
                .owner(Party::Yourself),
        )
    })
}

fn missing(case: &Case<'_>) -> Vec<Finding> {
    let resource = &case.request.resource.text();
    refused(case, Refusal::RoleMissing, || {
        let account = Arn::parse(&resource.value).map_or("", |arn| arn.account);
        let message = format!("account {account} has no role `{}`", resource.value);
        let help = match &case.request.role.alike {
            Some(other) => format!("did you mean `{other}`? Path and case of a role's ARN count"),
            None => "check name, case and path against `aws iam list-roles`; AWS answers AccessDenied for a role that does not exist".to_owned(),
        };
        Some(
            Finding::new("role-missing", message, resource.span, "no such role in the export of its account")
                .help(help)
                .owner(Party::Yourself),
        )
    })
}
