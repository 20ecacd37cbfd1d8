//! Whether a `Principal` element names the caller, and how.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>

use crate::layers::Gap;
use crate::policy::{
    Arn, Glob, NamedPrincipal, Names, Pattern, PolicyType, PrincipalKind, Principals, Reach, Syntax,
};
use crate::request::{Caller, CallerKind, Request};

use super::logic::{GapTable, Match};

/// How a resource-based Allow names the caller: it decides which limits of the caller's own
/// account still apply. Ordered from the weakest to the strongest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grant {
    /// To the account, which may give it on to its principals: identity-based policies have to
    /// allow it too.
    Delegation,
    /// To a role: its sessions need no identity-based policy; boundary and session policy limit.
    Role,
    /// To the user who made a federated session: as for a role.
    FederatingUser,
    /// To the very user, session or service, or to everyone: no implicit deny elsewhere limits it.
    Direct,
}

/// Every kind of grant, in order.
pub(super) const GRANTS: [Grant; 4] =
    [Grant::Delegation, Grant::Role, Grant::FederatingUser, Grant::Direct];

/// Whether the element names the caller; the strongest kind of grant that it makes; and whether it
/// may name the caller in the strongest way besides, by a value that is not known.
pub(super) fn principal(
    principals: &Principals,
    request: &Request,
    policy_type: PolicyType,
    has_boundary: impl FnOnce() -> Match,
    is_deny: bool,
    gaps: &GapTable,
) -> (Match, Grant, Match) {
    let test = Test { request, caller: &request.caller, policy_type, is_deny, gaps };
    if principals.negated {
        return (test.not_principal(principals, &has_boundary()), Grant::Direct, Match::No);
    }
    let mut result = Match::No;
    let mut strongest = Grant::Delegation;
    // What values come to that are not known, by the kind of grant.
    let mut open = [Match::No; GRANTS.len()];
    for value in &principals.values {
        let (named, grant) = test.names(&value.value);
        if named.is_no() {
            continue;
        }
        if let Some(cell) = open.get_mut(grant as usize).filter(|_| named.gaps().is_some()) {
            *cell = (*cell).or(named);
        }
        if named.is_yes() && (!result.is_yes() || grant > strongest) {
            strongest = grant;
        } else if !result.is_yes() {
            strongest = strongest.max(grant);
        }
        result = result.or(named);
    }
    let stronger = GRANTS.iter().zip(open).filter(|(grant, _)| **grant > strongest);
    let more = stronger.map(|(_, open)| open).fold(Match::No, Match::or);
    (result, strongest, more)
}

struct Test<'a> {
    request: &'a Request,
    caller: &'a Caller,
    policy_type: PolicyType,
    is_deny: bool,
    gaps: &'a GapTable,
}

impl Test<'_> {
    fn unknown(&self, fact: impl FnOnce() -> String, reason: &str, supply: &str) -> Match {
        self.gaps.unknown(|| Gap {
            fact: fact(),
            reason: reason.to_owned(),
            supply: supply.to_owned(),
        })
    }

    fn names(&self, named: &NamedPrincipal) -> (Match, Grant) {
        let (matches, grant) = self.names_if_there(named);
        match &named.doubt {
            Some(hole) if !matches.is_no() => (matches.and(self.gaps.hole(hole)), grant),
            _ => (matches, grant),
        }
    }

    fn names_if_there(&self, named: &NamedPrincipal) -> (Match, Grant) {
        let caller = self.caller;
        match &named.names {
            Names::Everyone => {
                // A token's bearer is no AWS principal yet; whether an Allow for `*` covers it is not
                // documented. A Deny for `*` covers everyone.
                if caller.kind == CallerKind::Federated && !self.is_deny {
                    let unknown = self.unknown(
                        || "whether `*` names a caller with a token".to_owned(),
                        "AWS documents only `Federated` principals for this call",
                        "name the identity provider under `Federated`",
                    );
                    return (unknown, Grant::Direct);
                }
                (Match::Yes, Grant::Direct)
            }
            Names::Account { account, partition } => {
                (self.account(account, partition.as_deref()), Grant::Delegation)
            }
            Names::User => self.user(named),
            Names::Role => (self.role(&named.text).into(), Grant::Role),
            Names::RoleSession => (self.session(&named.text), Grant::Direct),
            Names::FederatedUser => {
                let yes =
                    caller.kind == CallerKind::FederatedUser && caller.text.value == named.text;
                (yes.into(), Grant::Direct)
            }
            Names::UniqueId => self.unique_id(&named.text),
            Names::Service => {
                let yes = caller.kind == CallerKind::Service && caller.name == named.text;
                (yes.into(), Grant::Direct)
            }
            Names::Provider => (self.provider(&named.text), Grant::Direct),
            Names::CanonicalUser => {
                let possible = matches!(
                    caller.kind,
                    CallerKind::Root
                        | CallerKind::User
                        | CallerKind::RoleSession
                        | CallerKind::FederatedUser
                );
                if !possible {
                    return (Match::No, Grant::Delegation);
                }
                let unknown = self.unknown(
                    || format!("the account of canonical user `{}`", named.text),
                    "a canonical user id does not show its account",
                    "compare it with `aws s3api list-buckets --query Owner.ID`, and name the account in the policy",
                );
                (unknown, Grant::Delegation)
            }
            Names::Invalid(_) if self.is_deny && self.was_meant(&named.text) => {
                let unknown = self.unknown(
                    || format!("whom the Deny for `{}` is for", named.text),
                    "AWS takes no principal that is written so, and must have another text",
                    "mend the policy, or export the one that AWS has",
                );
                (unknown, Grant::Delegation)
            }
            Names::Invalid(_) => (Match::No, Grant::Delegation),
            Names::Holed { pattern, reach } => {
                let (possible, grant) = self.possibly(named.kind, pattern, *reach);
                let named = if possible { self.gaps.holes(pattern.holes()) } else { Match::No };
                (named, grant)
            }
        }
    }

    /// Whether a text that AWS takes for no principal would name the caller if its wildcards and variables
    /// counted, or what stands between its commas.
    fn was_meant(&self, text: &str) -> bool {
        let caller = self.caller;
        let syntax = Syntax { wildcards: true, variables: true };
        let meant: Vec<_> = text.split(',').map(|one| Pattern::new(one.trim(), syntax)).collect();
        let matches = |name: &str| meant.iter().any(|one| one.at_most().matches(name));
        matches(&caller.text.value)
            || caller.role_arn().is_some_and(|arn| matches(&arn))
            || caller.kind == CallerKind::RoleSession
                && matches(&format!(
                    "arn:{}:iam::{}:role/{}",
                    caller.partition,
                    caller.account.as_deref().unwrap_or(""),
                    caller.name
                ))
    }

    /// Whether a text of which parts are missing can name the caller, and the strongest way in which
    /// it can.
    fn possibly(&self, kind: PrincipalKind, pattern: &Pattern, reach: Reach) -> (bool, Grant) {
        let caller = self.caller;
        let glob = pattern.at_most();
        let is = |text: &str| glob.matches(text);
        let like = |text: &str| {
            let syntax = Syntax { wildcards: true, variables: false };
            let any = Pattern::new(text, syntax);
            any.glob().is_none_or(|any: &Glob| any.intersects(glob))
        };
        let account = caller.account.as_deref();
        let (partition, id) = (&caller.partition, account.unwrap_or("*"));
        let of_account =
            || account.is_some() && (like(&format!("arn:{partition}:iam::{id}:root")) || is(id));
        // A path that is not known may be any.
        let role = || match caller.role_arn() {
            Some(arn) => is(&arn),
            None => like(&format!("arn:{partition}:iam::{id}:role/*{}", caller.name)),
        };
        let session = || match &caller.session {
            Some(_) => is(&caller.text.value),
            None => like(&format!("arn:{partition}:sts::{id}:assumed-role/{}/*", caller.name)),
        };
        let user = || match (&caller.made_by, caller.kind) {
            (Some(user), _) => is(user),
            (None, CallerKind::User) => is(&caller.text.value),
            (None, _) => like(&format!("arn:{partition}:iam::{id}:user/*")),
        };
        let is_role = caller.kind == CallerKind::RoleSession;
        let is_user = matches!(caller.kind, CallerKind::User | CallerKind::FederatedUser);
        match (kind, reach) {
            (PrincipalKind::Service, _) => {
                (caller.kind == CallerKind::Service && is(&caller.name), Grant::Direct)
            }
            (PrincipalKind::Federated, _) => {
                (caller.kind == CallerKind::Federated && is(&caller.name), Grant::Direct)
            }
            (PrincipalKind::CanonicalUser, _) => (account.is_some(), Grant::Delegation),
            (PrincipalKind::Bare | PrincipalKind::Aws, reach) => match reach {
                Reach::Account => (of_account(), Grant::Delegation),
                Reach::Role => (is_role && role(), Grant::Role),
                Reach::User if caller.kind == CallerKind::FederatedUser => {
                    (user(), Grant::FederatingUser)
                }
                Reach::User => (is_user && user(), Grant::Direct),
                Reach::RoleSession => (is_role && session(), Grant::Direct),
                Reach::FederatedUser => {
                    let federated = caller.kind == CallerKind::FederatedUser;
                    (federated && is(&caller.text.value), Grant::Direct)
                }
                Reach::Any => {
                    let unique = caller
                        .unique_id
                        .as_deref()
                        .map_or_else(|| ["AIDA*", "AROA*"].into_iter().any(like), is);
                    let possible = is("*")
                        || of_account()
                        || (is_role && (role() || session()))
                        || (is_user && (user() || is(&caller.text.value)))
                        || (unique && (is_role || is_user));
                    (possible, Grant::Direct)
                }
            },
        }
    }

    fn account(&self, account: &str, partition: Option<&str>) -> Match {
        let caller = self.caller;
        let same = caller.account.as_deref() == Some(account)
            && partition.is_none_or(|partition| partition == caller.partition);
        if !same {
            return Match::No;
        }
        // At a gateway endpoint an account means its root user alone; at an interface endpoint all
        // its principals. <https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html>
        let gateway = self.policy_type == PolicyType::VpcEndpoint
            && matches!(self.request.service(), "s3" | "dynamodb")
            && caller.kind != CallerKind::Root;
        if gateway {
            return self.unknown(
                || "whether the VPC endpoint is a gateway endpoint".to_owned(),
                "in the policy of a gateway endpoint an account means its root user alone",
                "name `*` as the principal, with a condition on `aws:PrincipalArn`",
            );
        }
        Match::Yes
    }

    fn user(&self, named: &NamedPrincipal) -> (Match, Grant) {
        let caller = self.caller;
        match caller.kind {
            CallerKind::User => ((caller.text.value == named.text).into(), Grant::Direct),
            CallerKind::FederatedUser => {
                let same_account = Arn::parse(&named.text)
                    .is_some_and(|arn| Some(arn.account) == caller.account.as_deref());
                let result = match &caller.made_by {
                    Some(user) => (*user == named.text).into(),
                    // Where all is said, nobody else is said to have made the session.
                    None if self.request.context.complete => (same_account
                        && Arn::parse(&named.text)
                            .and_then(|arn| arn.iam_name("user"))
                            .is_some_and(|(_, name)| name == caller.name))
                    .into(),
                    None if same_account => self.unknown(
                        || "the IAM user who made the federated session".to_owned(),
                        "the ARN of a federated user does not show it",
                        "look for the `GetFederationToken` event in CloudTrail",
                    ),
                    None => Match::No,
                };
                (result, Grant::FederatingUser)
            }
            _ => (Match::No, Grant::Direct),
        }
    }

    /// Names of roles are unique in an account whatever their path, and AWS takes no principal that
    /// does not exist, so the name decides where the session's path is not known.
    fn role(&self, text: &str) -> bool {
        let caller = self.caller;
        if caller.kind != CallerKind::RoleSession {
            return false;
        }
        if let Some(arn) = caller.role_arn() {
            return arn == text;
        }
        Arn::parse(text).is_some_and(|arn| {
            arn.partition == caller.partition
                && Some(arn.account) == caller.account.as_deref()
                && arn.iam_name("role").is_some_and(|(_, name)| name == caller.name)
        })
    }

    fn session(&self, text: &str) -> Match {
        let caller = self.caller;
        if caller.kind != CallerKind::RoleSession {
            return Match::No;
        }
        if caller.session.is_some() {
            return (caller.text.value == text).into();
        }
        // The caller was given as a role; which of its sessions it is, nobody said.
        let of_this_role = Arn::parse(text).is_some_and(|arn| {
            arn.partition == caller.partition
                && Some(arn.account) == caller.account.as_deref()
                && arn
                    .resource
                    .strip_prefix("assumed-role/")
                    .and_then(|rest| rest.split_once('/'))
                    .is_some_and(|(name, _)| name == caller.name)
        });
        if !of_this_role {
            return Match::No;
        }
        self.unknown(
            || "the name of the caller's session".to_owned(),
            "the caller was given as a role, not as one of its sessions",
            "pass the session's ARN with `--caller`, as `aws sts get-caller-identity` prints it",
        )
    }

    /// AWS shows a unique id for a principal that was deleted; it never names one that was made
    /// again under the same name.
    fn unique_id(&self, text: &str) -> (Match, Grant) {
        let caller = self.caller;
        let (possible, grant) = match caller.kind {
            CallerKind::User => (text.starts_with("AIDA"), Grant::Direct),
            CallerKind::RoleSession => (text.starts_with("AROA"), Grant::Role),
            _ => (false, Grant::Direct),
        };
        if !possible {
            return (Match::No, grant);
        }
        let given = self.request.context.get("aws:userid").and_then(|entry| match &entry.value {
            crate::request::Given::One(id) => Some(id.as_str()),
            _ => None,
        });
        let id = caller.unique_id.as_deref().or(given.map(|id| id.split(':').next().unwrap_or(id)));
        let result = match id {
            Some(id) => (id == text).into(),
            None => self.unknown(
                || "the unique id of the caller".to_owned(),
                "the policy names a principal by unique id, as AWS shows it when the principal was deleted",
                "pass `--context aws:userid=ID`, with the UserId that `aws sts get-caller-identity` prints",
            ),
        };
        (result, grant)
    }

    fn provider(&self, text: &str) -> Match {
        let caller = self.caller;
        if caller.kind != CallerKind::Federated {
            return Match::No;
        }
        if caller.name == text {
            return Match::Yes;
        }
        if text == "*" {
            return self.unknown(
                || "whether `*` names every identity provider".to_owned(),
                "AWS's documents do not say",
                "name the provider's ARN",
            );
        }
        Match::No
    }

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html>
    fn not_principal(&self, principals: &Principals, has_boundary: &Match) -> Match {
        let caller = self.caller;
        let listed = |test: &dyn Fn(&NamedPrincipal) -> Match| {
            principals.values.iter().map(|value| test(&value.value)).fold(Match::No, Match::or)
        };
        let any = listed(&|named| self.names(named).0);
        // An account's principals are excluded for certain only where every form is listed that
        // AWS may look at: the account, and then the user, or the role and its session.
        let is = |names: &[Names]| {
            let names = names.to_vec();
            listed(&move |named| {
                let kind = names.iter().any(|name| {
                    std::mem::discriminant(name) == std::mem::discriminant(&named.names)
                });
                if kind || named.names == Names::Everyone { self.names(named).0 } else { Match::No }
            })
        };
        let account = is(&[Names::Account { account: String::new(), partition: None }]);
        let complete = match caller.kind {
            CallerKind::User => is(&[Names::User, Names::UniqueId]).and(account),
            CallerKind::RoleSession => {
                is(&[Names::Role, Names::UniqueId]).and(is(&[Names::RoleSession])).and(account)
            }
            CallerKind::FederatedUser => is(&[Names::FederatedUser]).and(account),
            _ => any,
        };
        let excluded = if !self.is_deny {
            any
        } else {
            Match::agreed([any, complete], || {
                self.unknown(
                    || "whether `NotPrincipal` excludes the caller".to_owned(),
                    "with Deny it is sure to do so only if account, role and session, or account and user, are all listed",
                    "replace it by `\"Principal\": \"*\"` with a condition on `aws:PrincipalArn`",
                )
            })
        };
        let applies = excluded.negated();
        // With Deny, a principal that has a permissions boundary is denied whatever is listed.
        if self.is_deny { applies.or(*has_boundary) } else { applies }
    }
}
