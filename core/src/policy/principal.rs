//! The `Principal` element: whom a resource-based policy names.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>

use std::sync::Arc;

use crate::doc::{Hole, Missing};
use crate::text::{Span, Spanned};

use super::arn::{Arn, is_account_id, looks_like_account_id};
use super::pattern::{Pattern, Syntax};

/// `Principal` or `NotPrincipal`.
#[derive(Clone, Debug)]
pub struct Principals {
    /// `NotPrincipal`.
    pub negated: bool,
    /// The key's place.
    pub key: Span,
    /// Every value of every kind.
    pub values: Vec<Spanned<NamedPrincipal>>,
}

/// One value of a `Principal` element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPrincipal {
    /// Its kind: the key under which it stands.
    pub kind: PrincipalKind,
    /// The text as written.
    pub text: String,
    /// What the text means under that key.
    pub names: Names,
    /// On what it depends whether the value is there at all.
    pub doubt: Option<Arc<Hole>>,
}

/// The key under which a principal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrincipalKind {
    /// `"Principal": "*"`, without a key.
    Bare,
    /// `AWS`.
    Aws,
    /// `Service`.
    Service,
    /// `Federated`.
    Federated,
    /// `CanonicalUser`.
    CanonicalUser,
}

/// Whom a value names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Names {
    /// `*`.
    Everyone,
    /// An account: twelve digits, or its root ARN. It names every principal of the account.
    Account {
        /// Twelve digits.
        account: String,
        /// The partition, where an ARN gives one.
        partition: Option<String>,
    },
    /// One IAM user, by ARN.
    User,
    /// One role, that is all its sessions, by ARN.
    Role,
    /// One session, by ARN.
    RoleSession,
    /// One session of a federated user, by ARN.
    FederatedUser,
    /// A unique id (`AIDA…`, `AROA…`): what AWS shows for a principal that was deleted.
    UniqueId,
    /// A service principal.
    Service,
    /// An identity provider.
    Provider,
    /// A canonical user id.
    CanonicalUser,
    /// Something that AWS does not take here.
    Invalid(&'static str),
    /// A text of which parts are missing.
    Holed {
        /// The text.
        pattern: Pattern,
        /// What can be told of it all the same.
        reach: Reach,
    },
}

/// Whom a text names of which parts are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// An account.
    Account,
    /// A user.
    User,
    /// A role.
    Role,
    /// A session of a role.
    RoleSession,
    /// A federated user.
    FederatedUser,
    /// Something of the kind of the principal; which is not known.
    Any,
}

impl NamedPrincipal {
    /// Reads `text` as it stands under `kind`.
    pub fn new(kind: PrincipalKind, text: &str) -> Self {
        let names = match kind {
            PrincipalKind::Bare | PrincipalKind::Aws | PrincipalKind::Federated
                if text
                    .split_once(',')
                    .is_some_and(|(_, rest)| rest.trim_start().starts_with("arn:")) =>
            {
                Names::Invalid(SEVERAL)
            }
            PrincipalKind::Service if text.contains(',') => Names::Invalid(SEVERAL),
            PrincipalKind::Service | PrincipalKind::Federated if is_placeholder(text) => {
                Names::Invalid(PLACEHOLDER)
            }
            // Without a kind AWS takes `*` alone; what else may be meant is plain all the same.
            PrincipalKind::Bare if bare_kind(text) == PrincipalKind::Service => Names::Service,
            PrincipalKind::Bare | PrincipalKind::Aws => aws(text),
            PrincipalKind::Service if text.contains('*') => {
                Names::Invalid("a wildcard is not honoured in a service principal")
            }
            PrincipalKind::Service if text.starts_with("arn:") => {
                Names::Invalid("an ARN is no service; it belongs under `AWS`")
            }
            PrincipalKind::Service => Names::Service,
            PrincipalKind::Federated => Names::Provider,
            PrincipalKind::CanonicalUser => Names::CanonicalUser,
        };
        Self { kind, text: text.to_owned(), names, doubt: None }
    }

    /// Reads a text of which parts are missing.
    pub fn with_holes(kind: PrincipalKind, text: &str, holes: &[Missing]) -> Self {
        if holes.is_empty() {
            return Self::new(kind, text);
        }
        let syntax = Syntax { wildcards: false, variables: false };
        let pattern = Pattern::with_holes(text, holes, syntax);
        let reach = if kind == PrincipalKind::Aws { reach(text, holes) } else { Reach::Any };
        let names = Names::Holed { pattern, reach };
        Self { kind, text: text.to_owned(), names, doubt: None }
    }
}

/// What can be told of an ARN of which parts are missing.
fn reach(text: &str, holes: &[Missing]) -> Reach {
    let is_open = |at: usize| holes.iter().any(|one| one.start <= at && at < one.end);
    let mut colons = text.match_indices(':').map(|(at, _)| at).filter(|at| !is_open(*at));
    let (service, Some(last)) = (colons.nth(1), colons.nth(2)) else { return Reach::Any };
    let start = last + 1;
    let rest = text.get(start..).unwrap_or("");
    let known = holes.iter().filter(|one| one.end > start).map(|one| one.start).min();
    let known = text.get(start..known.unwrap_or(text.len()).max(start)).unwrap_or("");
    let service = service.and_then(|at| text.get(at + 1..)).unwrap_or("");
    match service {
        _ if service.starts_with("iam:") && rest == "root" && known == rest => Reach::Account,
        _ if service.starts_with("iam:") && known.starts_with("user/") => Reach::User,
        _ if service.starts_with("iam:") && known.starts_with("role/") => Reach::Role,
        _ if service.starts_with("sts:") && known.starts_with("assumed-role/") => {
            Reach::RoleSession
        }
        _ if service.starts_with("sts:") && known.starts_with("federated-user/") => {
            Reach::FederatedUser
        }
        _ => Reach::Any,
    }
}

/// The kind under which a text should stand that has none.
pub(super) fn bare_kind(text: &str) -> PrincipalKind {
    let is_service = text.ends_with(".amazonaws.com") && !text.contains([':', '/', '*']);
    if is_service { PrincipalKind::Service } else { PrincipalKind::Aws }
}

fn aws(text: &str) -> Names {
    if text == "*" {
        return Names::Everyone;
    }
    if is_account_id(text) {
        return Names::Account { account: text.to_owned(), partition: None };
    }
    if ["AIDA", "AROA"].iter().any(|prefix| text.starts_with(prefix))
        && text.len() >= 16
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
    {
        return Names::UniqueId;
    }
    if text.contains("${aws:") {
        return Names::Invalid("policy variables are not filled in in a principal");
    }
    if is_placeholder(text) {
        return Names::Invalid(PLACEHOLDER);
    }
    let Some(arn) = Arn::parse(text) else { return Names::Invalid(no_arn(text)) };
    if text.contains(['*', '?']) {
        return Names::Invalid("a wildcard is not honoured inside the ARN of a principal");
    }
    // An account id of another length names nobody that exists; it is reported, and still read, so
    // that the rest of the ARN says what it says.
    if !looks_like_account_id(arn.account) {
        return Names::Invalid("the account id has to be twelve digits");
    }
    if matches!(arn.service, "iam" | "sts") && !arn.region.is_empty() {
        return Names::Invalid("the ARN of a principal names no Region");
    }
    match (arn.service, arn.typed()) {
        (_, Some((_, ""))) => Names::Invalid("the name is missing at its end"),
        ("iam", Some(("role" | "user", _))) if !arn.resource.contains('/') => {
            Names::Invalid("the name follows a `/`, not a `:`")
        }
        ("sts", Some(("assumed-role", rest))) if !rest.contains('/') => {
            Names::Invalid("the name of the session is missing; a role is named by its own ARN")
        }
        ("iam", Some(("assumed-role", _))) => {
            Names::Invalid("the ARN of a session has `sts` in it, not `iam`")
        }
        ("sts", Some(("role", _))) => {
            Names::Invalid("the ARN of a role has `iam` in it, not `sts`")
        }
        ("sts", Some(("user", _))) => {
            Names::Invalid("the ARN of a user has `iam` in it, not `sts`")
        }
        ("iam", Some(("roles" | "Role" | "Roles", _))) => Names::Invalid("it has to be `role/`"),
        ("iam", Some(("users" | "User" | "Users", _))) => Names::Invalid("it has to be `user/`"),
        ("iam", Some(("root", _))) => {
            Names::Invalid("`root` stands for the whole account, and nothing follows it")
        }
        ("iam", Some(("policy", _))) => Names::Invalid("a policy is no principal"),
        ("iam", Some(("oidc-provider" | "saml-provider", _))) => {
            Names::Invalid("an identity provider belongs under `Federated`")
        }
        ("iam", None) if arn.resource == "root" => Names::Account {
            account: arn.account.to_owned(),
            partition: Some(arn.partition.to_owned()),
        },
        ("iam", Some(("user", _))) => Names::User,
        ("iam", Some(("role", _))) => Names::Role,
        ("sts", Some(("assumed-role", _))) => Names::RoleSession,
        ("sts", Some(("federated-user", _))) => Names::FederatedUser,
        ("iam", Some(("group", _))) => Names::Invalid("a group is no principal"),
        ("iam", Some(("instance-profile", _))) => {
            Names::Invalid("an instance profile is no principal, name its role")
        }
        _ => Names::Invalid("this ARN names no user, role, session or account"),
    }
}

const SEVERAL: &str = "several stand in one text; write a list, `[ \"…\", \"…\" ]`";
const PLACEHOLDER: &str = "this is a placeholder that was not filled in";

/// Whether something was to be put in for a part of the text, and was not.
fn is_placeholder(text: &str) -> bool {
    text.contains("${") || text.contains("{{") || (text.contains('<') && text.contains('>'))
}

/// What is wrong with a text under `AWS` that is no ARN of six parts.
fn no_arn(text: &str) -> &'static str {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"- ".contains(&byte));
    if plain && digits == 12 {
        "an account id is written as twelve digits and nothing else"
    } else if plain && digits > 0 {
        "an account id has twelve digits"
    } else if text.starts_with("arn:") {
        "this ARN has too few parts: a colon is missing"
    } else if text.ends_with(".amazonaws.com") {
        "a service belongs under `Service`"
    } else {
        "it is neither an ARN nor an account id"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_told_apart() {
        let names = |text| NamedPrincipal::new(PrincipalKind::Aws, text).names;
        assert_eq!(names("*"), Names::Everyone);
        assert!(matches!(names("111122223333"), Names::Account { partition: None, .. }));
        assert!(matches!(names("arn:aws:iam::111122223333:root"), Names::Account { .. }));
        assert_eq!(names("arn:aws:iam::111122223333:user/a/b"), Names::User);
        assert_eq!(names("arn:aws:sts::111122223333:assumed-role/r/s"), Names::RoleSession);
        assert_eq!(names("AROAEXAMPLEEXAMPLE123"), Names::UniqueId);
        for text in
            ["arn:aws:iam::111122223333:role/a*", "arn:aws:iam::111122223333:group/g", "deploy"]
        {
            assert!(matches!(names(text), Names::Invalid(_)), "{text}");
        }
    }
}
