//! The kinds of policy that AWS evaluates, and the part each plays.

/// A policy type, as the IAM User Guide names them.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PolicyType {
    /// Attached to a user, group or role.
    IdentityBased,
    /// The resource-based policy of a role.
    Trust,
    /// Attached to a resource other than a role.
    ResourceBased,
    /// Limits what the identity-based policies of one user or role grant.
    PermissionsBoundary,
    /// Passed when a session was made.
    Session,
    /// An organization's limit on the principals of its member accounts.
    ServiceControl,
    /// An organization's limit on the resources of its member accounts.
    ResourceControl,
    /// Limits what goes through one VPC endpoint.
    VpcEndpoint,
}

/// What a policy type does to a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Its Allow statements grant.
    Grants,
    /// Its Allow statements only keep what others grant.
    Limits,
}

/// What is known of a policy type.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The type.
    pub policy_type: PolicyType,
    /// Its id in case files and JSON.
    pub id: &'static str,
    /// What people call it, in the singular.
    pub name: &'static str,
    /// Grants or limits.
    pub part: Part,
    /// Whether statements carry `Principal`.
    pub has_principal: bool,
    /// AWS's page about it.
    pub page: &'static str,
}

/// One row for each type, in the order in which they are evaluated.
pub static TABLE: [Row; 8] = [
    Row {
        policy_type: PolicyType::IdentityBased,
        id: "identity-based",
        name: "identity-based policy",
        part: Part::Grants,
        has_principal: false,
        page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_identity-vs-resource.html",
    },
    Row {
        policy_type: PolicyType::Trust,
        id: "trust",
        name: "trust policy",
        part: Part::Grants,
        has_principal: true,
        page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-trust-policy.html",
    },
    Row {
        policy_type: PolicyType::ResourceBased,
        id: "resource-based",
        name: "resource-based policy",
        part: Part::Grants,
        has_principal: true,
        page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_identity-vs-resource.html",
    },
    Row {
        policy_type: PolicyType::PermissionsBoundary,
        id: "permissions-boundary",
        name: "permissions boundary",
        part: Part::Limits,
        has_principal: false,
        page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html",
    },
    Row {
        policy_type: PolicyType::Session,
        id: "session",
        name: "session policy",
        part: Part::Limits,
        has_principal: false,
        page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session",
    },
    Row {
        policy_type: PolicyType::ServiceControl,
        id: "service-control",
        name: "service control policy",
        part: Part::Limits,
        has_principal: false,
        page: "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html",
    },
    Row {
        policy_type: PolicyType::ResourceControl,
        id: "resource-control",
        name: "resource control policy",
        part: Part::Limits,
        has_principal: true,
        page: "https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html",
    },
    Row {
        policy_type: PolicyType::VpcEndpoint,
        id: "vpc-endpoint",
        name: "VPC endpoint policy",
        part: Part::Limits,
        has_principal: true,
        page: "https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html",
    },
];

impl PolicyType {
    /// What is known of this type.
    pub fn row(self) -> &'static Row {
        let [identity, trust, resource, boundary, session, scp, rcp, endpoint] = &TABLE;
        match self {
            Self::IdentityBased => identity,
            Self::Trust => trust,
            Self::ResourceBased => resource,
            Self::PermissionsBoundary => boundary,
            Self::Session => session,
            Self::ServiceControl => scp,
            Self::ResourceControl => rcp,
            Self::VpcEndpoint => endpoint,
        }
    }

    /// The id in case files and JSON.
    pub fn id(self) -> &'static str {
        self.row().id
    }

    /// What people call it, in the singular.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The type with the id `id`.
    pub fn from_id(id: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.id == id).map(|row| row.policy_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_has_its_own_row() {
        for row in &TABLE {
            assert_eq!(row.policy_type.row().policy_type, row.policy_type);
            assert_eq!(PolicyType::from_id(row.id), Some(row.policy_type));
        }
    }
}
