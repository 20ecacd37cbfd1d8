//! Gaps that follow from a call to AWS which gave no answer: they name the permission it takes.

use std::sync::Arc;

use crate::layers::{Gap, Layer, Layers, Missing};
use crate::policy::Arn;
use crate::snapshot::NotRead;

use super::Assembler;

impl Assembler<'_> {
    /// Says of each gap which call would have closed it, where that call was made in vain.
    pub(super) fn explain(&self, layers: &mut Layers) {
        if self.snapshot.not_read.is_empty() {
            return;
        }
        for layer in &mut layers.layers {
            let missing: Vec<_> = layer.missing.iter().map(|gap| self.explained(gap)).collect();
            if missing.iter().any(Option::is_some) {
                let known = layer.missing.iter().cloned();
                let missing = missing
                    .into_iter()
                    .zip(known)
                    .map(|(new, old)| new.map_or(old, Missing::from))
                    .collect();
                *layer = Arc::new(Layer { missing, ..Layer::clone(layer) });
            }
        }
    }

    /// The gap in other words, if a call that was made in vain would have closed it.
    fn explained(&self, gap: &Gap) -> Option<Gap> {
        let call = self.snapshot.not_read.iter().find(|call| closes(call, gap))?;
        let account = call.account.as_deref();
        let supply = match (&call.code, account) {
            (Some(code), _) if is_refusal(code) => {
                format!("let that identity call `{}`; or {}", call.permission, gap.supply)
            }
            _ => gap.supply.clone(),
        };
        let reason = format!("`{}`: {}", call.operation, call.why);
        Some(Gap { fact: gap.fact.clone(), reason, supply })
    }
}

/// Whether a code says that a permission is missing.
fn is_refusal(code: &str) -> bool {
    matches!(
        code,
        "AccessDenied"
            | "AccessDeniedException"
            | "AuthorizationError"
            | "AuthorizationErrorException"
            | "UnauthorizedOperation"
            | "NotAuthorized"
    )
}

/// Whether the answer of this call would have closed the gap.
fn closes(call: &NotRead, gap: &Gap) -> bool {
    let about = match (call.about.as_str(), &call.account) {
        ("", Some(account)) => account.as_str(),
        (about, _) => about,
    };
    let which = call.which.as_deref().unwrap_or("");
    let name = Arn::parse(about).map_or(about, |arn| arn.resource);
    let (noun, name) = name.split_once('/').unwrap_or(("", name));
    let name = name.rsplit('/').next().unwrap_or(name);
    // A command in backticks ends with its last argument.
    let commands = |command: String| {
        gap.supply.contains(&format!("{command}`")) || gap.supply.contains(&format!("{command} "))
    };
    match call.operation.as_str() {
        "iam:GetRole" | "iam:GetUser" => gap.fact.ends_with(&format!(" of {noun} {name}")),
        "iam:ListRolePolicies" | "iam:ListUserPolicies" | "iam:ListGroupPolicies" => {
            commands(format!("aws iam list-{noun}-policies --{noun}-name {name}"))
        }
        "iam:GetRolePolicy" | "iam:GetUserPolicy" | "iam:GetGroupPolicy" => commands(format!(
            "aws iam get-{noun}-policy --{noun}-name {name} --policy-name {which}"
        )),
        "iam:ListAttachedRolePolicies"
        | "iam:ListAttachedUserPolicies"
        | "iam:ListAttachedGroupPolicies" => {
            commands(format!("aws iam list-attached-{noun}-policies --{noun}-name {name}"))
        }
        "iam:ListGroupsForUser" => {
            commands(format!("aws iam list-groups-for-user --user-name {name}"))
        }
        "iam:GetPolicy" | "iam:GetPolicyVersion" => {
            gap.fact == format!("the document of managed policy {about}")
        }
        "organizations:ListParents" => {
            commands(format!("aws organizations list-parents --child-id {about}"))
        }
        "organizations:ListPoliciesForTarget" => {
            commands(format!("--target-id {about} --filter {which}"))
        }
        "organizations:DescribePolicy" => {
            commands(format!("aws organizations describe-policy --policy-id {about}"))
        }
        "organizations:DescribeOrganization" => {
            gap.supply.contains(&format!("--target-id {about} --filter "))
        }
        _ => gap.fact == format!("the resource-based policy of {about}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::operations::OPERATIONS;

    fn call(operation: &str, about: &str, which: Option<&str>) -> NotRead {
        assert!(OPERATIONS.iter().any(|row| row.name == operation), "{operation}");
        NotRead {
            operation: operation.to_owned(),
            permission: operation.to_owned(),
            account: None,
            about: about.to_owned(),
            which: which.map(str::to_owned),
            code: Some("AccessDenied".to_owned()),
            why: "refused".to_owned(),
        }
    }

    fn gap(fact: &str, supply: &str) -> Gap {
        Gap { fact: fact.to_owned(), reason: String::new(), supply: supply.to_owned() }
    }

    #[test]
    fn a_call_closes_its_own_gap_and_no_other() {
        let role = "arn:aws:iam::111122223333:role/app/ci";
        let trust = gap("the trust policy of role ci", "");
        assert!(closes(&call("iam:GetRole", role, None), &trust));
        assert!(!closes(&call("iam:GetRole", "arn:aws:iam::111122223333:role/c", None), &trust));
        let list = gap("", "run `aws iam list-role-policies --role-name ci` and …");
        assert!(closes(&call("iam:ListRolePolicies", "role/ci", None), &list));
        assert!(!closes(&call("iam:ListRolePolicies", "role/c", None), &list));
        let one = gap("", "run `aws iam get-role-policy --role-name ci --policy-name p` and …");
        assert!(closes(&call("iam:GetRolePolicy", role, Some("p")), &one));
        assert!(!closes(&call("iam:GetRolePolicy", role, Some("q")), &one));
        let level = gap("", "`… --target-id ou-ab12-11111111 --filter SERVICE_CONTROL_POLICY > f`");
        let name = "organizations:ListPoliciesForTarget";
        assert!(closes(&call(name, "ou-ab12-11111111", Some("SERVICE_CONTROL_POLICY")), &level));
        assert!(!closes(&call(name, "ou-ab12-11111111", Some("RESOURCE_CONTROL_POLICY")), &level));
    }
}
