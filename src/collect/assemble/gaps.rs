//! The words of gaps: what is not known, why, and the command or option that supplies it.

use crate::layers::Gap;
use crate::policy::PolicyType;
use crate::snapshot::{Entity, EntityKind, Target};

use super::organization;

/// The export that would show everything of an account.
fn export(account: &str) -> String {
    format!(
        "run `aws iam get-account-authorization-details > account.json` with credentials of account \
         {account} and pass `--facts account.json`"
    )
}

pub(super) fn run(command: &str) -> String {
    format!("run `{command}` and pass its output with `--facts`")
}

/// Nothing is known of a principal.
pub(super) fn no_entity(
    what: &str,
    kind: EntityKind,
    account: &str,
    name: &str,
    exported: bool,
) -> Gap {
    let noun = kind.noun();
    let reason = if exported {
        format!(
            "the export of account {account} in the facts has no {noun} `{name}`, so it is older or filtered"
        )
    } else {
        format!("the facts hold nothing about {noun} `{name}` of account {account}")
    };
    Gap { fact: format!("{what} of {noun} {name}"), reason, supply: export(account) }
}

/// Several principals could be meant.
pub(super) fn ambiguous(what: &str, name: &str, arns: &[String]) -> Gap {
    Gap {
        fact: format!("{what} of the caller"),
        reason: format!("the facts hold several roles named `{name}`: {}", arns.join(", ")),
        supply: "pass the ARN of the role with `--caller`".to_owned(),
    }
}

/// Whose federated-user session it is.
pub(super) fn no_maker(what: &str, name: &str) -> Gap {
    Gap {
        fact: format!("{what} of the IAM user who made the session {name}"),
        reason:
            "the ARN of a federated user's session does not say who called sts:GetFederationToken"
                .to_owned(),
        supply: "pass the user's policies with `--identity-policy FILE`".to_owned(),
    }
}

/// The list of inline policies is not whole.
pub(super) fn inline_list(entity: &Entity) -> Gap {
    let noun = entity.kind.noun();
    let command = format!("aws iam list-{noun}-policies --{noun}-name {}", entity.name);
    Gap {
        fact: format!("the inline policies of {}", entity.title()),
        reason: "the facts do not show which ones there are".to_owned(),
        supply: run(&command),
    }
}

/// The document of an inline policy.
pub(super) fn inline_document(entity: &Entity, policy: &str) -> Gap {
    let noun = entity.kind.noun();
    let command =
        format!("aws iam get-{noun}-policy --{noun}-name {} --policy-name {policy}", entity.name);
    Gap {
        fact: format!("the document of inline policy {policy} of {}", entity.title()),
        reason: "the facts show only its name".to_owned(),
        supply: run(&command),
    }
}

/// The list of attached policies is not whole.
pub(super) fn attached_list(entity: &Entity) -> Gap {
    let noun = entity.kind.noun();
    let command = format!("aws iam list-attached-{noun}-policies --{noun}-name {}", entity.name);
    Gap {
        fact: format!("the managed policies attached to {}", entity.title()),
        reason: "the facts do not show which ones there are".to_owned(),
        supply: run(&command),
    }
}

/// The document of a managed policy; `place` says where it matters.
pub(super) fn managed_document(arn: &str, version: Option<&str>, place: &str) -> Gap {
    let supply = match version {
        Some(version) => {
            run(&format!("aws iam get-policy-version --policy-arn {arn} --version-id {version}"))
        }
        None => format!(
            "run `aws iam get-policy --policy-arn {arn}`, then `aws iam get-policy-version --policy-arn {arn} \
             --version-id` with its DefaultVersionId, and pass both outputs with `--facts`"
        ),
    };
    Gap {
        fact: format!("the document of managed policy {arn}"),
        reason: format!("it is {place}, but its document is not in the facts"),
        supply,
    }
}

/// The groups of a user.
pub(super) fn groups(entity: &Entity) -> Gap {
    Gap {
        fact: format!("the groups of {}", entity.title()),
        reason: "the facts do not show which groups it is in".to_owned(),
        supply: run(&format!("aws iam list-groups-for-user --user-name {}", entity.name)),
    }
}

/// Whether there is a permissions boundary.
pub(super) fn boundary(entity: &Entity) -> Gap {
    let noun = entity.kind.noun();
    Gap {
        fact: format!("the permissions boundary of {}", entity.title()),
        reason: "the facts do not show whether it has one".to_owned(),
        supply: run(&format!("aws iam get-{noun} --{noun}-name {}", entity.name)),
    }
}

/// The trust policy of a role.
pub(super) fn trust(account: &str, name: &str) -> Gap {
    Gap {
        fact: format!("the trust policy of role {name}"),
        reason: "the role is not in the facts".to_owned(),
        supply: format!(
            "run `aws iam get-role --role-name {name} > role.json` with credentials of account {account} and \
             pass `--facts role.json`"
        ),
    }
}

/// Runs a command whose output does not say what it is about, so that its file's name has to.
fn run_into(command: &str, file: &str) -> String {
    format!("run `{command} > {file}` and pass `--facts {file}`; its name says what it is about")
}

/// What is attached to a root, unit or account.
pub(super) fn control_policies(target: &Target, filter: &str) -> Gap {
    let id = &target.id;
    let (name, file) = if filter == "RESOURCE_CONTROL_POLICY" {
        ("resource", format!("rcp-{id}.json"))
    } else {
        ("service", format!("scp-{id}.json"))
    };
    let command =
        format!("aws organizations list-policies-for-target --target-id {id} --filter {filter}");
    Gap {
        fact: format!("the {name} control policies of {}", organization::title(target)),
        reason: "the facts do not show all that are attached to it".to_owned(),
        supply: run_into(&command, &file),
    }
}

/// What stands above an account or unit.
pub(super) fn parent(id: &str, policy_type: PolicyType) -> Gap {
    let command = format!("aws organizations list-parents --child-id {id}");
    Gap {
        fact: format!("each {} above {id}", policy_type.name()),
        reason: format!("the facts do not show under which unit or root {id} stands"),
        supply: run_into(&command, &format!("parents-{id}.json")),
    }
}

/// The policy of a VPC endpoint.
pub(super) fn endpoint(id: &str, reason: &str) -> Gap {
    Gap {
        fact: format!("the policy of VPC endpoint {id}"),
        reason: reason.to_owned(),
        supply: format!(
            "run `aws ec2 describe-vpc-endpoints --vpc-endpoint-ids {id}` and pass its output with \
             `--facts`, or the policy with `--endpoint-policy FILE`"
        ),
    }
}
