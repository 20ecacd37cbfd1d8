//! What AWS STS refuses about a token or assertion before it looks at any policy.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithSAML.html>

use jiff::Timestamp;

use crate::layers::Gap;
use crate::policy::moment;
use crate::request::{Caller, CallerKind, Claim, Request};

use super::logic::{GapTable, Match};
use super::refusal::Refusal;

/// The algorithms of signatures that AWS takes.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html>
pub const ALGORITHMS: [&str; 6] = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512"];
/// The claims that a token cannot do without.
pub const NEEDED: [&str; 5] = ["iss", "sub", "aud", "exp", "iat"];
/// The longest token and the longest assertion, in characters.
pub const LONGEST_TOKEN: i64 = 20_000;
/// The longest assertion, as base64.
pub const LONGEST_ASSERTION: i64 = 100_000;
/// How old an assertion may be, in seconds.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_saml.html>
pub(super) const OLDEST_ASSERTION: i64 = 300;
/// Seconds by which clocks may differ; what AWS allows is not documented.
pub(super) const SKEW: i64 = 60;

/// The moment that a claim names.
pub fn claim_moment(claim: &Claim) -> Option<Timestamp> {
    let [text] = claim.values.as_slice() else { return None };
    moment(text).or_else(|| {
        let (whole, fraction) = text.split_once('.')?;
        let is_number = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| moment(whole)).flatten()
    })
}

/// Whether an `Audience` is one that AWS goes by.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_saml_assertions.html>
pub fn is_aws_audience(text: &str) -> bool {
    let sign_in = text.strip_prefix("https://").is_some_and(|rest| {
        let host = rest.split('/').next().unwrap_or("");
        let hosts = ["signin.aws.amazon.com", "signin.amazonaws.cn", "signin.amazonaws-us-gov.com"];
        hosts.iter().any(|known| host == *known || host.ends_with(&format!(".{known}")))
    });
    sign_in || text == "urn:amazon:webservices" || text.starts_with("urn:amazon:webservices:")
}

/// Every reason that applies or may apply, in the order in which a person should look.
pub(super) fn refusals(request: &Request, gaps: &GapTable) -> Vec<(Refusal, Match)> {
    let caller = &request.caller;
    if caller.kind != CallerKind::Federated {
        return Vec::new();
    }
    match &*request.action_lower {
        "sts:assumerolewithwebidentity" => of_token(request, caller, gaps),
        "sts:assumerolewithsaml" => of_assertion(request, caller, gaps),
        _ => Vec::new(),
    }
}

/// Whether `claim` holds at the moment of the request.
fn at(
    request: &Request,
    gaps: &GapTable,
    claim: Option<&Claim>,
    test: impl Fn(i64, i64) -> bool,
) -> Match {
    let Some(stated) = claim.and_then(claim_moment) else { return Match::No };
    match request.time {
        Some(time) => test(stated.as_second(), time.as_second()).into(),
        None => gaps.unknown(|| Gap {
            fact: "the moment of the request".to_owned(),
            reason: "without it nobody can tell whether the token was good then".to_owned(),
            supply: "pass `--time TIME`".to_owned(),
        }),
    }
}

fn of_token(request: &Request, caller: &Caller, gaps: &GapTable) -> Vec<(Refusal, Match)> {
    let token = &caller.token;
    let claim = |name: &str| caller.claim(name);
    let lacks = token.complete && NEEDED.iter().any(|name| claim(name).is_none());
    let alg = token.alg.as_ref().is_some_and(|alg| !ALGORITHMS.contains(&alg.value.as_str()));
    let no_key = token.has_header && token.kid.is_none();
    let early = at(request, gaps, claim("nbf"), |stated, now| stated > now + SKEW).or(at(
        request,
        gaps,
        claim("iat"),
        |stated, now| stated > now + SKEW,
    ));
    vec![
        (Refusal::TokenMalformed, (lacks || alg || no_key).into()),
        (Refusal::TokenTooLarge, too_large(caller, LONGEST_TOKEN)),
        (Refusal::ProviderMissing, (request.provider.exists == Some(false)).into()),
        (Refusal::TokenExpired, at(request, gaps, claim("exp"), |stated, now| stated <= now)),
        (Refusal::TokenNotYetValid, early),
        (Refusal::AudienceNotRegistered, (!is_registered(request, caller)).into()),
    ]
}

fn too_large(caller: &Caller, most: i64) -> Match {
    caller.token.size.as_ref().is_some_and(|size| size.value > most).into()
}

/// Whether the provider takes the token's audience, as far as both are known.
fn is_registered(request: &Request, caller: &Caller) -> bool {
    let Some(known) = &request.provider.client_ids else { return true };
    let mut audiences = ["azp", "aud"].iter().filter_map(|name| caller.claim(name)).peekable();
    if audiences.peek().is_none() {
        return true;
    }
    let mut values = audiences.flat_map(|claim| &claim.values);
    values.any(|value| known.iter().any(|id| id.value == *value))
}

fn of_assertion(request: &Request, caller: &Caller, gaps: &GapTable) -> Vec<(Refusal, Match)> {
    let claim = |name: &str| caller.claim(name);
    let readable = caller.token.encrypted.is_none();
    let old =
        at(request, gaps, claim("IssueInstant"), |stated, now| stated + OLDEST_ASSERTION < now)
            .or(at(request, gaps, claim("NotOnOrAfter"), |stated, now| stated <= now));
    let early = at(request, gaps, claim("NotBefore"), |stated, now| stated > now + SKEW).or(at(
        request,
        gaps,
        claim("IssueInstant"),
        |stated, now| stated > now + SKEW,
    ));
    let encrypted = if readable {
        Match::No
    } else {
        gaps.unknown(|| Gap {
            fact: "whether AWS can decrypt the assertion".to_owned(),
            reason: "the provider in IAM needs a private key for that, and no export shows one"
                .to_owned(),
            supply: "look for `PrivateKeyList` in `aws iam get-saml-provider`".to_owned(),
        })
    };
    let audience = claim("Audience")
        .is_some_and(|claim| !claim.values.iter().any(|value| is_aws_audience(value)));
    let whole = caller.token.complete && readable;
    let named =
        request.parameters.as_ref().is_some_and(|parameters| parameters.session_name.is_some());
    vec![
        (Refusal::AssertionEncrypted, encrypted),
        (Refusal::TokenTooLarge, too_large(caller, LONGEST_ASSERTION)),
        (Refusal::ProviderMissing, (request.provider.exists == Some(false)).into()),
        (Refusal::AssertionTooOld, old),
        (Refusal::TokenNotYetValid, early),
        (Refusal::AssertionAudience, audience.into()),
        (Refusal::NoRolePair, (whole && !has_pair(request, caller)).into()),
        (Refusal::NoSessionName, (whole && !named).into()),
    ]
}

/// Whether a `Role` value holds the ARNs of the role and of the provider, in either order.
fn has_pair(request: &Request, caller: &Caller) -> bool {
    let role = request.resource.text().value.as_str();
    let values = caller.claim("Role").map(|claim| claim.values.as_slice()).unwrap_or_default();
    values.iter().filter_map(|value| value.split_once(',')).any(|(first, second)| {
        let pair = (first.trim(), second.trim());
        pair == (role, &caller.name) || pair == (&caller.name, role)
    })
}
