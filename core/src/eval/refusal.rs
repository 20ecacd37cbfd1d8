//! What AWS refuses before it looks at any policy.

use jiff::Timestamp;
use smallvec::SmallVec;

use crate::layers::Gap;
use crate::policy::is_account_id;
use crate::request::{CallerKind, CredentialKind, Parameters, Request};

use super::context::{self, KeyValue};
use super::logic::{GapTable, Match};

/// A reason to refuse a request before any policy is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The `RoleArn` is not well-formed.
    RoleArnMalformed,
    /// The `RoleArn` is an ARN, but of something else than a role.
    NotARole,
    /// The facts prove that there is no such role.
    RoleMissing,
    /// Caller and role belong to different partitions.
    Partition,
    /// The caller is the root user, who may not assume roles.
    /// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
    CallerIsRoot,
    /// Credentials of this kind cannot make this call.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html>
    CallerCannot,
    /// The resource is AWS's own, and nobody else changes it.
    OwnedByAws,
    /// The credentials have expired.
    Expired,
    /// `DurationSeconds` is outside 900 to 43,200 (129,600 for the tokens of users).
    DurationOutOfRange,
    /// `DurationSeconds` is over the role's `MaxSessionDuration`.
    DurationOverRoleMaximum,
    /// `DurationSeconds` is over the hour that role chaining allows.
    DurationOverChainingLimit,
    /// `RoleSessionName` is not 2 to 64 of the allowed characters.
    SessionName,
    /// `ExternalId` is not 2 to 1,224 of the allowed characters.
    ExternalId,
    /// `SourceIdentity` is not 2 to 64 of the allowed characters, or another than the session's own.
    SourceIdentity,
    /// The session tags are too many, too long, repeated or reserved.
    Tags,
    /// `SerialNumber` without `TokenCode`, or the other way round, or malformed.
    Mfa,
    /// The token lacks what every token has, or is signed in a way that AWS does not take.
    TokenMalformed,
    /// The token or assertion is longer than the API takes.
    TokenTooLarge,
    /// The account of the role has no such identity provider.
    ProviderMissing,
    /// The token had expired.
    TokenExpired,
    /// The token or assertion was not valid yet.
    TokenNotYetValid,
    /// The token's audience is none of those that the provider takes.
    AudienceNotRegistered,
    /// The assertion is encrypted.
    AssertionEncrypted,
    /// The assertion was issued too long ago, or had expired.
    AssertionTooOld,
    /// The assertion is for somebody else than AWS.
    AssertionAudience,
    /// The assertion does not pair the role with the provider.
    NoRolePair,
    /// The assertion names no session.
    NoSessionName,
}

/// Reasons and whether they apply. Most requests have one or two that may.
pub type Refusals = SmallVec<[(Refusal, Match); 2]>;

/// Every reason that applies or may apply, in the order in which a person should look.
pub(super) fn refusals(request: &Request, gaps: &GapTable) -> Refusals {
    let mut found = Refusals::new();
    let mut note = |refusal, result: Match| {
        if !result.is_no() {
            found.push((refusal, result));
        }
    };
    if request.is_assume_role() {
        for (refusal, result) in role_arn(request) {
            note(refusal, result.into());
        }
    }
    for (refusal, result) in caller(request) {
        note(refusal, result.into());
    }
    note(Refusal::CallerCannot, lacks_mfa_for_iam(request, gaps));
    note(Refusal::OwnedByAws, (owned_by_aws(request) || takes_other_callers(request)).into());
    note(Refusal::Expired, expired(request, gaps));
    for (refusal, result) in super::token::refusals(request, gaps) {
        note(refusal, result);
    }
    if let Some(parameters) = request.parameters.as_ref().filter(|_| request.service() == "sts") {
        let role_call = request.is_assume_role();
        for (refusal, result) in parameter_rules(request, parameters) {
            note(refusal, (result && role_call).into());
        }
        for (refusal, result) in duration(request, parameters, gaps) {
            note(refusal, result);
        }
    }
    found
}

fn role_arn(request: &Request) -> [(Refusal, bool); 4] {
    let text = &request.resource.text().value;
    let Some(arn) =
        request.resource.arn().filter(|arn| is_account_id(arn.account) && arn.region.is_empty())
    else {
        return [
            (Refusal::RoleArnMalformed, true),
            (Refusal::NotARole, false),
            (Refusal::RoleMissing, false),
            (Refusal::Partition, false),
        ];
    };
    let name_is_good = arn.iam_name("role").is_some_and(|(path, name)| {
        !name.is_empty()
            && name.len() <= 64
            && is_word(name)
            && path.bytes().all(|byte| byte.is_ascii_graphic())
    });
    let malformed =
        (arn.is_role() && !name_is_good) || text.contains(['$', '<', '>', '{', '*', '?', ' ']);
    let caller = &request.caller;
    let foreign = !caller.partition.is_empty() && caller.partition != arn.partition;
    [
        (Refusal::RoleArnMalformed, malformed),
        (Refusal::NotARole, !malformed && !arn.is_role()),
        (Refusal::RoleMissing, request.role.exists == Some(false)),
        (Refusal::Partition, foreign),
    ]
}

fn caller(request: &Request) -> [(Refusal, bool); 2] {
    let caller = &request.caller;
    let action = &*request.action_lower;
    let cannot = match (caller.kind, action) {
        (_, "sts:getcalleridentity") => false,
        // Such a session may call nothing of IAM, and of STS nothing else.
        (CallerKind::FederatedUser, _) => matches!(request.service(), "iam" | "sts"),
        (CallerKind::Federated | CallerKind::Anonymous, "sts:assumerole") => true,
        (kind, "sts:getsessiontoken" | "sts:getfederationtoken") => {
            !matches!(kind, CallerKind::User | CallerKind::Root)
                || !matches!(caller.credentials, None | Some(CredentialKind::LongTerm))
        }
        (_, action) => {
            caller.credentials == Some(CredentialKind::SessionToken)
                && request.service() == "sts"
                && action != "sts:assumerole"
                && !request.needs_trust_policy()
        }
    };
    let root = action == "sts:assumerole" && caller.kind == CallerKind::Root;
    [(Refusal::CallerIsRoot, root), (Refusal::CallerCannot, cannot)]
}

/// The credentials of `sts:GetSessionToken` call IAM only if they were made with MFA.
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html>
fn lacks_mfa_for_iam(request: &Request, gaps: &GapTable) -> Match {
    const MFA: &str = "aws:MultiFactorAuthPresent";
    let is_token = request.caller.credentials == Some(CredentialKind::SessionToken);
    if !is_token || request.service() != "iam" {
        return Match::No;
    }
    match context::lookup(request, &MFA.to_ascii_lowercase()) {
        KeyValue::One(value) => (!value.eq_ignore_ascii_case("true")).into(),
        KeyValue::Unknown(reason) => gaps.unknown(|| context::gap(MFA, reason)),
        _ => Match::Yes,
    }
}

/// Whether the role to be assumed is for a service of AWS alone, whose trust policy nobody else writes.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html>
fn takes_other_callers(request: &Request) -> bool {
    if &*request.action_lower != "sts:assumerole" {
        return false;
    }
    let Some((path, _)) = request.resource.arn().and_then(|arn| arn.iam_name("role")) else {
        return false;
    };
    let is_linked = path.starts_with("/aws-service-role/");
    is_linked && request.caller.kind != CallerKind::Service
        || path.starts_with("/aws-reserved/sso.amazonaws.com/")
}

/// Whether the call would change what AWS made in the caller's account, or for every account.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html>
fn owned_by_aws(request: &Request) -> bool {
    let service = request.service();
    if !matches!(service, "iam" | "kms") || request.caller.is_service_linked_role() {
        return false;
    }
    let Some(arn) = request.resource.arn() else { return false };
    let action = request.action_lower.split_once(':').map_or("", |(_, name)| name);
    let begins = |verbs: &[&str]| verbs.iter().any(|verb| action.starts_with(verb));
    match (service, arn.resource.split_once('/')) {
        ("iam", Some(("policy", _))) if arn.account == "aws" => {
            begins(&["create", "delete", "setdefault", "tag", "untag"])
        }
        // <https://docs.aws.amazon.com/singlesignon/latest/userguide/permissionsetsconcept.html>
        ("iam", Some(("role", path))) if path.starts_with("aws-reserved/") => {
            let verbs = ["attach", "create", "delete", "detach", "put", "tag", "untag", "update"];
            begins(&verbs)
        }
        // <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html>
        ("kms", Some(("alias", name))) if name.starts_with("aws/") => {
            matches!(action, "createalias" | "deletealias" | "updatealias")
        }
        _ => false,
    }
}

fn expired(request: &Request, gaps: &GapTable) -> Match {
    let Some(expires) = &request.caller.expires else { return Match::No };
    match request.time {
        Some(time) => (expires.value <= time).into(),
        None if expires.value == Timestamp::MAX => Match::No,
        None => gaps.unknown(|| Gap {
            fact: "the moment of the request".to_owned(),
            reason: "without it nobody can tell whether the credentials had expired".to_owned(),
            supply: "pass `--time TIME`".to_owned(),
        }),
    }
}

/// `[\w+=,.@-]`, of which `\w` is ASCII.
fn is_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte))
}

fn length(text: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&text.chars().count())
}

/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
fn parameter_rules(request: &Request, parameters: &Parameters) -> Vec<(Refusal, bool)> {
    let bad = |value: &Option<crate::text::Spanned<String>>, good: &dyn Fn(&str) -> bool| {
        value.as_ref().is_some_and(|value| !good(&value.value))
    };
    let external = |text: &str| {
        length(text, 2, 1224)
            && text
                .bytes()
                .all(|byte| is_word(&char::from(byte).to_string()) || b":/".contains(&byte))
    };
    let serial = |text: &str| {
        length(text, 9, 256)
            && text
                .bytes()
                .all(|byte| is_word(&char::from(byte).to_string()) || b":/".contains(&byte))
    };
    vec![
        (
            Refusal::SessionName,
            bad(&parameters.session_name, &|text| length(text, 2, 64) && is_word(text)),
        ),
        (Refusal::ExternalId, bad(&parameters.external_id, &external)),
        (
            Refusal::SourceIdentity,
            bad(&parameters.source_identity, &|text| {
                length(text, 2, 64)
                    && is_word(text)
                    && !text.to_ascii_lowercase().starts_with("aws:")
                    && request.inherited_source_identity().is_none_or(|own| own == text)
            }),
        ),
        (Refusal::Tags, !tags_are_good(parameters)),
        (
            Refusal::Mfa,
            bad(&parameters.serial_number, &serial)
                || (parameters.token_code && parameters.serial_number.is_none()),
        ),
    ]
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html>
fn tags_are_good(parameters: &Parameters) -> bool {
    let mut keys: Vec<String> =
        parameters.tags.iter().map(|(key, _)| key.value.to_lowercase()).collect();
    let each = parameters.tags.iter().all(|(key, value)| {
        length(&key.value, 1, 128)
            && length(&value.value, 0, 256)
            && !key.value.to_lowercase().starts_with("aws:")
    });
    let count = keys.len();
    keys.sort();
    keys.dedup();
    each && count <= 50 && keys.len() == count
}

/// The order of AWS's own checks: the range of the API, the role's maximum, the limit of chaining.
fn duration(request: &Request, parameters: &Parameters, gaps: &GapTable) -> Vec<(Refusal, Match)> {
    let Some(duration) = parameters.duration.as_ref().map(|duration| duration.value) else {
        return vec![];
    };
    let most = match &*request.action_lower {
        "sts:getsessiontoken" | "sts:getfederationtoken"
            if request.caller.kind == CallerKind::Root =>
        {
            3600
        }
        "sts:getsessiontoken" | "sts:getfederationtoken" => 129_600,
        _ if request.is_assume_role() => 43_200,
        "sts:assumeroot" => 900,
        _ => return vec![],
    };
    let least = if most == 900 { 1 } else { 900 };
    if !(least..=most).contains(&duration) {
        return vec![(Refusal::DurationOutOfRange, Match::Yes)];
    }
    if !request.is_assume_role() || duration <= 3600 {
        return vec![];
    }
    let over_role = match &request.role.max_session_duration {
        Some(most) => (duration > most.value).into(),
        None => gaps.unknown(|| Gap {
            fact: "the role's MaxSessionDuration".to_owned(),
            reason:
                "the facts do not hold it, and the request asks for more than the least it can be"
                    .to_owned(),
            supply: "export it with `aws iam get-role --role-name NAME`".to_owned(),
        }),
    };
    let chained = request.caller.kind == CallerKind::RoleSession;
    vec![
        (Refusal::DurationOverRoleMaximum, over_role),
        (Refusal::DurationOverChainingLimit, chained.into()),
    ]
}
