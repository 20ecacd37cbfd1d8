//! Every call that the program can make to AWS: one list, which drives the calls, `why-denied
//! permissions`, and `docs/permissions.md`.
//!
//! Pure, and there in every build. An operation that is not in this list cannot be called.

/// Who has to allow a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The account of whoever was denied.
    Caller,
    /// The account of the role.
    Role,
    /// The account of another resource that was asked for.
    Resource,
    /// The account that manages the organization, or one that it delegates to.
    Organization,
    /// The account of whoever was denied, for what AWS itself recorded about the denial.
    Evidence,
    /// Not a reading call: only `--probe` makes it.
    Probe,
}

impl Side {
    /// All of them, in order.
    pub const ALL: [Self; 6] =
        [Self::Caller, Self::Role, Self::Resource, Self::Organization, Self::Evidence, Self::Probe];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Role => "role",
            Self::Resource => "resource",
            Self::Organization => "organization",
            Self::Evidence => "evidence",
            Self::Probe => "probe",
        }
    }
}

/// What is said of one operation.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The operation.
    pub operation: Operation,
    /// Its name, with that of its service: `iam:GetRole`.
    pub name: &'static str,
    /// The permission that it takes; `None` where AWS asks for none.
    pub permission: Option<&'static str>,
    /// The resources that a policy has to name, with `ACCOUNT` for the account.
    pub resources: &'static [&'static str],
    /// Who has to allow it.
    pub sides: &'static [Side],
    /// What it is for.
    pub why: &'static str,
}

macro_rules! operations {
    ($($id:ident: $name:literal, $permission:expr, [$($resource:literal),*], [$($side:ident),+], $why:literal;)+) => {
        /// A call to AWS.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Operation {
            $(#[doc = $why] $id),+
        }

        /// Every operation.
        pub static OPERATIONS: &[Row] = &[$(Row {
            operation: Operation::$id,
            name: $name,
            permission: $permission,
            resources: &[$($resource),*],
            sides: &[$(Side::$side),+],
            why: $why,
        }),+];
    };
}

operations! {
    GetCallerIdentity: "sts:GetCallerIdentity", None, [], [Caller, Role, Organization],
        "who calls; AWS asks for no permission";
    GetUser: "iam:GetUser", Some("iam:GetUser"), ["arn:aws:iam::ACCOUNT:user/*"], [Caller],
        "the user's id, tags and permissions boundary";
    ListUserPolicies: "iam:ListUserPolicies", Some("iam:ListUserPolicies"),
        ["arn:aws:iam::ACCOUNT:user/*"], [Caller], "the names of the user's inline policies";
    GetUserPolicy: "iam:GetUserPolicy", Some("iam:GetUserPolicy"),
        ["arn:aws:iam::ACCOUNT:user/*"], [Caller], "each inline policy of the user";
    ListAttachedUserPolicies: "iam:ListAttachedUserPolicies", Some("iam:ListAttachedUserPolicies"),
        ["arn:aws:iam::ACCOUNT:user/*"], [Caller], "the managed policies attached to the user";
    ListGroupsForUser: "iam:ListGroupsForUser", Some("iam:ListGroupsForUser"),
        ["arn:aws:iam::ACCOUNT:user/*"], [Caller], "the groups of the user";
    ListGroupPolicies: "iam:ListGroupPolicies", Some("iam:ListGroupPolicies"),
        ["arn:aws:iam::ACCOUNT:group/*"], [Caller], "the names of the inline policies of each group";
    GetGroupPolicy: "iam:GetGroupPolicy", Some("iam:GetGroupPolicy"),
        ["arn:aws:iam::ACCOUNT:group/*"], [Caller], "each inline policy of each group";
    ListAttachedGroupPolicies: "iam:ListAttachedGroupPolicies",
        Some("iam:ListAttachedGroupPolicies"), ["arn:aws:iam::ACCOUNT:group/*"], [Caller],
        "the managed policies attached to each group";
    ListMfaDevices: "iam:ListMFADevices", Some("iam:ListMFADevices"),
        ["arn:aws:iam::ACCOUNT:user/*"], [Caller], "the MFA devices of the user";
    GetRole: "iam:GetRole", Some("iam:GetRole"), ["arn:aws:iam::ACCOUNT:role/*"], [Caller, Role],
        "a role's trust policy, settings, tags and permissions boundary";
    ListRolePolicies: "iam:ListRolePolicies", Some("iam:ListRolePolicies"),
        ["arn:aws:iam::ACCOUNT:role/*"], [Caller], "the names of the role's inline policies, if the caller is one";
    GetRolePolicy: "iam:GetRolePolicy", Some("iam:GetRolePolicy"),
        ["arn:aws:iam::ACCOUNT:role/*"], [Caller], "each inline policy of that role";
    ListAttachedRolePolicies: "iam:ListAttachedRolePolicies", Some("iam:ListAttachedRolePolicies"),
        ["arn:aws:iam::ACCOUNT:role/*"], [Caller],
        "the managed policies attached to that role";
    GetPolicy: "iam:GetPolicy", Some("iam:GetPolicy"),
        ["arn:aws:iam::ACCOUNT:policy/*", "arn:aws:iam::aws:policy/*"], [Caller],
        "which version of a managed policy is in force";
    GetPolicyVersion: "iam:GetPolicyVersion", Some("iam:GetPolicyVersion"),
        ["arn:aws:iam::ACCOUNT:policy/*", "arn:aws:iam::aws:policy/*"], [Caller],
        "the document of that version";
    GetOpenIdConnectProvider: "iam:GetOpenIDConnectProvider", Some("iam:GetOpenIDConnectProvider"),
        ["arn:aws:iam::ACCOUNT:oidc-provider/*"], [Role],
        "the audiences of an OpenID Connect provider that the trust policy names";
    ListOpenIdConnectProviders: "iam:ListOpenIDConnectProviders",
        Some("iam:ListOpenIDConnectProviders"), ["*"], [Role],
        "whether an OpenID Connect provider that the trust policy names exists";
    ListSamlProviders: "iam:ListSAMLProviders", Some("iam:ListSAMLProviders"), ["*"], [Role],
        "whether a SAML provider that the trust policy names exists";
    GetAccountAuthorizationDetails: "iam:GetAccountAuthorizationDetails",
        Some("iam:GetAccountAuthorizationDetails"), ["*"], [Caller, Role],
        "a whole account, for `collect --account` alone";
    DescribeOrganization: "organizations:DescribeOrganization",
        Some("organizations:DescribeOrganization"), ["*"], [Caller, Role, Organization],
        "whether an account is in an organization, and which account manages it";
    ListRoots: "organizations:ListRoots", Some("organizations:ListRoots"), ["*"], [Organization],
        "which types of control policies are enabled";
    ListParents: "organizations:ListParents", Some("organizations:ListParents"), ["*"],
        [Organization], "the units above an account";
    ListPoliciesForTarget: "organizations:ListPoliciesForTarget",
        Some("organizations:ListPoliciesForTarget"), ["*"], [Organization],
        "the control policies on each level above an account";
    DescribePolicy: "organizations:DescribePolicy", Some("organizations:DescribePolicy"), ["*"],
        [Organization], "the document of each control policy";
    GetBucketPolicy: "s3:GetBucketPolicy", Some("s3:GetBucketPolicy"), ["arn:aws:s3:::*"],
        [Resource], "the policy of a bucket";
    GetKeyPolicy: "kms:GetKeyPolicy", Some("kms:GetKeyPolicy"), ["arn:aws:kms:*:ACCOUNT:key/*"],
        [Resource], "the policy of a key";
    GetQueueUrl: "sqs:GetQueueUrl", Some("sqs:GetQueueUrl"), ["arn:aws:sqs:*:ACCOUNT:*"],
        [Resource], "where a queue is";
    GetQueueAttributes: "sqs:GetQueueAttributes", Some("sqs:GetQueueAttributes"),
        ["arn:aws:sqs:*:ACCOUNT:*"], [Resource], "the policy of a queue";
    GetTopicAttributes: "sns:GetTopicAttributes", Some("sns:GetTopicAttributes"),
        ["arn:aws:sns:*:ACCOUNT:*"], [Resource], "the policy of a topic";
    GetFunctionPolicy: "lambda:GetPolicy", Some("lambda:GetPolicy"),
        ["arn:aws:lambda:*:ACCOUNT:function:*"], [Resource], "the policy of a function";
    GetSecretPolicy: "secretsmanager:GetResourcePolicy", Some("secretsmanager:GetResourcePolicy"),
        ["arn:aws:secretsmanager:*:ACCOUNT:secret:*"], [Resource], "the policy of a secret";
    GetRepositoryPolicy: "ecr:GetRepositoryPolicy", Some("ecr:GetRepositoryPolicy"),
        ["arn:aws:ecr:*:ACCOUNT:repository/*"], [Resource], "the policy of a repository";
    LookupEvents: "cloudtrail:LookupEvents", Some("cloudtrail:LookupEvents"), ["*"], [Evidence],
        "the last denials of that action, with `--recent`";
    GetRequestAuthorizationDetails: "iam-toolbox:GetRequestAuthorizationDetails",
        Some("iam:GetRequestAuthorizationDetails"), ["*"], [Evidence],
        "what AWS recorded under an authorization id";
    DecodeAuthorizationMessage: "sts:DecodeAuthorizationMessage",
        Some("sts:DecodeAuthorizationMessage"), ["*"], [Evidence],
        "what an encoded authorization message says";
    AssumeRole: "sts:AssumeRole", Some("sts:AssumeRole"), ["arn:aws:iam::ACCOUNT:role/*"],
        [Probe], "the denied call itself, tried for the shortest time; only with `--probe`";
}

impl Operation {
    /// Its row in the list.
    #[expect(clippy::indexing_slicing, reason = "the macro makes one row for each, in one order")]
    pub fn row(self) -> &'static Row {
        &OPERATIONS[self as usize]
    }

    /// `iam:GetRole`.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The operation with this name.
    pub fn named(name: &str) -> Option<Self> {
        OPERATIONS.iter().find(|row| row.name == name).map(|row| row.operation)
    }
}

/// The least policy that lets somebody read one side in full. `account` may be `None`: then a policy
/// variable cannot stand for it, and `*` does.
pub fn least_privilege(side: Side, account: Option<&str>) -> String {
    let account = account.unwrap_or("*");
    let mut groups: Vec<(Vec<String>, Vec<&str>)> = Vec::new();
    for row in OPERATIONS.iter().filter(|row| row.sides.contains(&side)) {
        let Some(permission) = row.permission else { continue };
        let resources: Vec<String> =
            row.resources.iter().map(|text| text.replace("ACCOUNT", account)).collect();
        match groups.iter_mut().find(|(known, _)| *known == resources) {
            Some((_, permissions)) if permissions.contains(&permission) => {}
            Some((_, permissions)) => permissions.push(permission),
            None => groups.push((resources, vec![permission])),
        }
    }
    let statements: Vec<_> = groups
        .into_iter()
        .map(|(resources, permissions)| {
            serde_json::json!({ "Effect": "Allow", "Action": permissions, "Resource": resources })
        })
        .collect();
    let policy = serde_json::json!({ "Version": "2012-10-17", "Statement": statements });
    serde_json::to_string_pretty(&policy).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_its_own_row_and_reads() {
        for row in OPERATIONS {
            assert_eq!(row.operation.row().name, row.name);
            assert_eq!(Operation::named(row.name), Some(row.operation));
            let verb = row.name.split_once(':').unwrap().1;
            let reads = ["Get", "List", "Describe", "Lookup", "Decode"];
            let is_probe = row.sides == [Side::Probe];
            assert_eq!(is_probe, !reads.iter().any(|prefix| verb.starts_with(prefix)), "{verb}");
        }
    }

    #[test]
    fn the_least_policy_of_a_side_is_a_policy() {
        let policy = least_privilege(Side::Role, Some("111122223333"));
        assert!(policy.contains("arn:aws:iam::111122223333:role/*"), "{policy}");
        assert!(policy.contains("iam:GetRole\""), "{policy}");
        assert!(!policy.contains("sts:AssumeRole"), "{policy}");
    }
}
