//! Which claims and attributes AWS makes condition keys of, as of August 2026.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html>

/// Claims of every OpenID Connect provider; `oaud` is what `aud` says where `azp` takes its place.
pub const EVERY_PROVIDER: [&str; 4] = ["aud", "oaud", "sub", "amr"];

/// Issuers that need no provider in IAM: a trust policy names them by their domain.
pub const BUILT_IN: [&str; 4] = [
    "accounts.google.com",
    "cognito-identity.amazonaws.com",
    "graph.facebook.com",
    "www.amazon.com",
];

/// The issuer of Cognito identity pools.
pub const COGNITO: &str = "cognito-identity.amazonaws.com";

/// The claims that AWS makes condition keys of beside those of every provider. `provider` is the
/// issuer without `https://`, in lower case.
pub fn exposed(provider: &str) -> &'static [&'static str] {
    const GITHUB: &[&str] = &[
        "actor",
        "actor_id",
        "enterprise_id",
        "environment",
        "job_workflow_ref",
        "ref",
        "repository",
        "repository_id",
        "repository_owner_id",
        "workflow",
    ];
    const GITLAB: &[&str] = &[
        "namespace_id",
        "pipeline_source",
        "project_id",
        "ref_protected",
        "runner_environment",
        "user_access_level",
        "user_email",
        "user_id",
        "user_login",
    ];
    const BUILDKITE: &[&str] = &[
        "build_branch",
        "cluster_id",
        "cluster_name",
        "organization_id",
        "organization_slug",
        "pipeline_id",
        "pipeline_slug",
    ];
    let host = provider.split('/').next().unwrap_or(provider);
    match host {
        "token.actions.githubusercontent.com" => GITHUB,
        "github.com" if provider.starts_with("github.com/enterprises/") => GITHUB,
        _ if host.starts_with("token.actions.") && host.ends_with(".ghe.com") => GITHUB,
        "gitlab.com" => GITLAB,
        "agent.buildkite.com" => BUILDKITE,
        _ if host.ends_with(".buildkite.dev") || host.ends_with(".buildkite.site") => BUILDKITE,
        "oidc.circleci.com" => &["oidc.circleci.com/project-id"],
        "accounts.google.com" => &["email", "google/organization_number"],
        "www.amazon.com" => &["app_id", "user_id"],
        "graph.facebook.com" => &["app_id", "id"],
        _ if host.starts_with("idcs-") && host.ends_with(".identity.oraclecloud.com") => {
            &["rpst_id"]
        }
        _ => &[],
    }
}

/// An issuer's URL as ARNs and condition keys have it.
pub fn without_scheme(issuer: &str) -> &str {
    issuer.strip_prefix("https://").unwrap_or(issuer)
}

/// The names of SAML keys that carry several values, in lower case.
const SAML_LISTS: &[&str] = &[
    "cn",
    "edupersonaffiliation",
    "edupersonassurance",
    "edupersonentitlement",
    "edupersonnickname",
    "edupersonorgunitdn",
    "edupersonscopedaffiliation",
    "edupersontargetedid",
    "eduorghomepageuri",
    "eduorgidentityauthnpolicyuri",
    "eduorglegalname",
    "eduorgsuperioruri",
    "eduorgwhitepagesuri",
];

/// The names of SAML keys that carry one value, in lower case.
const SAML_SINGLE: &[&str] = &[
    "aud",
    "commonname",
    "doc",
    "edupersonorgdn",
    "edupersonprimaryaffiliation",
    "edupersonprimaryorgunitdn",
    "edupersonprincipalname",
    "givenname",
    "iss",
    "mail",
    "name",
    "namequalifier",
    "organizationstatus",
    "primarygroupsid",
    "sub",
    "sub_type",
    "surname",
    "uid",
    "x500uniqueidentifier",
];

/// Whether `saml:name` is a condition key; `name` is in lower case.
pub fn is_saml(name: &str) -> bool {
    SAML_SINGLE.contains(&name) || is_saml_list(name)
}

/// Whether the SAML key of this name carries several values.
pub fn is_saml_list(name: &str) -> bool {
    SAML_LISTS.contains(&name)
}

/// Attributes of an assertion that become condition keys: how the attribute is named, and the keys.
const ATTRIBUTES: &[(&str, &[&str])] = &[
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.1", &["saml:edupersonaffiliation"]),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.2", &["saml:edupersonnickname"]),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.3", &["saml:edupersonorgdn"]),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.4", &["saml:edupersonorgunitdn"]),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.5", &["saml:edupersonprimaryaffiliation"]),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.6", &["saml:edupersonprincipalname"]),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.7", &["saml:edupersonentitlement"]),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.8", &["saml:edupersonprimaryorgunitdn"]),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.9", &["saml:edupersonscopedaffiliation"]),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.10", &["saml:edupersontargetedid"]),
    ("urn:oid:1.3.6.1.4.1.5923.1.1.1.11", &["saml:edupersonassurance"]),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.2", &["saml:eduorghomepageuri"]),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.3", &["saml:eduorgidentityauthnpolicyuri"]),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.4", &["saml:eduorglegalname"]),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.5", &["saml:eduorgsuperioruri"]),
    ("urn:oid:1.3.6.1.4.1.5923.1.2.1.6", &["saml:eduorgwhitepagesuri"]),
    ("urn:oid:2.5.4.3", &["saml:cn", "saml:commonName"]),
    ("2.5.4.3", &["saml:commonName"]),
    ("2.5.4.4", &["saml:surname"]),
    ("2.5.4.42", &["saml:givenName"]),
    ("2.5.4.45", &["saml:x500UniqueIdentifier"]),
    ("0.9.2342.19200300.100.1.1", &["saml:uid"]),
    ("0.9.2342.19200300.100.1.3", &["saml:mail"]),
    ("0.9.2342.19200300.100.1.45", &["saml:organizationStatus"]),
    ("http://schemas.xmlsoap.org/claims/CommonName", &["saml:commonName"]),
    ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name", &["saml:name"]),
    ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname", &["saml:givenName"]),
    ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname", &["saml:surname"]),
    ("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", &["saml:mail"]),
    (
        "http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid",
        &["saml:primaryGroupSID"],
    ),
];

/// The condition keys that AWS makes of the attribute `name`.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml_assertions.html>
pub fn of_attribute(name: &str) -> &'static [&'static str] {
    ATTRIBUTES.iter().find(|(attribute, _)| *attribute == name).map_or(&[], |(_, keys)| keys)
}
