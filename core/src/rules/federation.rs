//! A caller with a token or assertion, held against the conditions of the trust policy.

use crate::eval::{KeyValue, Why, lookup};
use crate::finding::{Comparison, Finding, Party};
use crate::policy::{Condition, Family};
use crate::request::{Caller, CallerKind, Request};
use crate::text::Span;
use crate::token::{keys, subject};

use super::hints::hint;
use super::nearest::{Miss, Near, closest};
use super::trust::{miss, severity};
use super::words::{condition_sentence, wants};
use super::{Case, Rule, rule};

pub(super) static RULES: &[Rule] = &[
    rule!("trust-subject-mismatch", TrustPolicy, 53, "the token's subject is not one that the trust policy takes", subject_differs),
    rule!("trust-audience-mismatch", TrustPolicy, 53, "the token's audience is not the one that the trust policy takes", audience_differs),
    rule!("trust-recipient-mismatch", TrustPolicy, 53, "`saml:aud` is not the sign-in URL that the trust policy takes", recipient_differs),
    rule!("cognito-condition-unmet", TrustPolicy, 53, "identity pool or login state are not what the trust policy takes", cognito),
    rule!("claim-key-prefix", TrustPolicy, 52, "a condition key begins with something else than the provider", prefix),
    rule!("claim-not-exposed", TrustPolicy, 54, "AWS makes no condition key of the claim", not_exposed),
];

/// Which of these rules tells of a condition that a federated caller does not meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    Subject,
    Audience,
    Recipient,
    Cognito,
    Prefix,
    NotExposed,
}

/// Whether a rule of this file tells of the condition.
pub(super) fn tells(condition: &Condition, request: &Request, why: Why) -> bool {
    cause(condition, request, why).is_some()
}

fn cause(condition: &Condition, request: &Request, why: Why) -> Option<Cause> {
    let caller = &request.caller;
    if caller.kind != CallerKind::Federated || !request.is_assume_role() {
        return None;
    }
    let key = &*condition.key_lower;
    let absent = why == Why::KeyAbsent;
    if key.starts_with("aws:") || key.starts_with("sts:") {
        return None;
    }
    if caller.has_assertion() {
        return match key.strip_prefix("saml:") {
            Some("aud") => Some(Cause::Recipient),
            Some("sub") => Some(Cause::Subject),
            Some(name) if !keys::is_saml(name) => absent.then_some(Cause::NotExposed),
            Some(_) => None,
            None => absent.then_some(Cause::Prefix),
        };
    }
    let issuer = caller.issuer().to_ascii_lowercase();
    let (host, name) = key.rsplit_once(':').unwrap_or(("", key));
    if host != issuer {
        return absent.then_some(Cause::Prefix);
    }
    match name {
        "aud" | "amr" if issuer == keys::COGNITO => Some(Cause::Cognito),
        "aud" => Some(Cause::Audience),
        "sub" => Some(Cause::Subject),
        _ if keys::EVERY_PROVIDER.contains(&name) || keys::exposed(&issuer).contains(&name) => None,
        _ => absent.then_some(Cause::NotExposed),
    }
}

/// A condition that is not met, or may not be.
struct Unmet<'a> {
    condition: &'a Condition,
    why: Why,
    is_certain: bool,
    /// Whether the policy has variables.
    variables: bool,
}

/// The conditions of the nearest statement that are not met for `wanted`.
fn unmet<'a>(case: &Case<'a>, wanted: Cause) -> Vec<Unmet<'a>> {
    let Some(near) = miss(case).filter(|near| matches!(near.miss, Miss::Condition(_))) else {
        return Vec::new();
    };
    let Near { statement, trace, attached, .. } = near;
    let version = attached.policy.version.as_ref();
    let variables = version.is_some_and(|version| version.value == "2012-10-17");
    let any_certain = trace.conditions.iter().any(|(result, _)| result.is_no());
    (statement.conditions.iter().zip(&trace.conditions))
        .filter(|(condition, _)| condition.parsed.is_some())
        .filter(|(_, (result, _))| if any_certain { result.is_no() } else { !result.is_yes() })
        .filter(|(condition, (_, why))| cause(condition, case.request, *why) == Some(wanted))
        .map(|(condition, (result, why))| Unmet {
            condition,
            why: *why,
            is_certain: result.is_no(),
            variables,
        })
        .collect()
}

/// What the request has under the condition's key, where that is one text.
fn value(condition: &Condition, request: &Request) -> Option<String> {
    match lookup(request, &condition.key_lower) {
        KeyValue::One(value) => Some(value.into_owned()),
        KeyValue::Many(values) => values.first().cloned(),
        _ => None,
    }
}

/// The place of the claim that stands under the condition's key.
fn claim_span(condition: &Condition, caller: &Caller) -> Option<Span> {
    let name = condition.key_lower.rsplit(':').next().unwrap_or("");
    let find = |name: &str| caller.claims.iter().find(|claim| claim.name.to_lowercase() == name);
    let claim = find(&condition.key_lower);
    let claim = claim.or_else(|| (name == "aud").then(|| find("azp")).flatten());
    claim.or_else(|| find(name)).map(|claim| claim.span)
}

/// The condition's value that comes nearest to `has`.
fn nearest_value(condition: &Condition, has: &str) -> Option<(String, Span)> {
    let values = || condition.values.iter().map(|value| (value.value.text.as_str(), value.span));
    let span = closest(values(), has)?;
    let (text, _) = values().find(|(_, other)| *other == span)?;
    Some((text.to_owned(), span))
}

fn takes_wildcards(condition: &Condition) -> bool {
    condition.parsed.is_some_and(|operator| matches!(operator.row.family, Family::StringLike | Family::Arn))
}

/// One finding about a condition: the message, where both texts differ, and what to do.
fn differs(
    case: &Case<'_>,
    rule: &'static str,
    wanted: Cause,
    word: impl Fn(&Condition, Option<&str>, Option<&str>) -> (String, String),
) -> Vec<Finding> {
    let request = case.request;
    unmet(case, wanted)
        .into_iter()
        .map(|Unmet { condition, why, is_certain, variables }| {
            let has = value(condition, request);
            let policy = has.as_deref().and_then(|has| nearest_value(condition, has));
            let (mut message, mut help) =
                word(condition, has.as_deref(), policy.as_ref().map(|(text, _)| text.as_str()));
            if let Some(hint) = hint(condition, request, why, variables) {
                // The words about a subject may have said so already.
                let said = message.contains("upper and lower case");
                let why = hint.why.filter(|why| !(said && why.contains("upper and lower case")));
                why.iter().for_each(|why| message.extend(["; ", why]));
                help = hint.help;
            }
            let whole = match condition.values.as_slice() {
                [one] => one.span,
                _ => condition.values_span,
            };
            let span = policy.as_ref().map_or(whole, |(_, span)| *span);
            let label = if is_certain { "this condition is not met" } else { "not known to be met" };
            let mut finding = Finding::new(rule, message, span, label)
                .severity(severity(case))
                .help(help)
                .owner(Party::RoleAccount)
                .ask(format!(
                    "please change the condition on `{}` in the trust policy of `{}`: {}",
                    condition.key.value,
                    request.resource.text().value,
                    condition_sentence(condition, request, why)
                ));
            // Without a token there is nothing in the policy to change.
            if request.caller.claims.is_empty() {
                finding.ask = None;
                finding = finding.owner(Party::Yourself);
            }
            if let Some(place) = claim_span(condition, &request.caller) {
                finding = finding.also(place, "what the caller presents");
            }
            let is_positive = condition.parsed.is_some_and(|operator| !operator.row.negated);
            if let (Some(has), Some((text, _)), true) = (has, policy, is_positive) {
                let at = subject::first_difference(&text, &has, takes_wildcards(condition));
                finding = finding.compare(Comparison {
                    request: has,
                    policy: text,
                    request_at: at.request,
                    policy_at: at.policy,
                });
            }
            finding
        })
        .collect()
}

fn subject_differs(case: &Case<'_>) -> Vec<Finding> {
    let issuer = case.request.caller.issuer();
    let role = case.resource_name();
    differs(case, "trust-subject-mismatch", Cause::Subject, |condition, has, policy| {
        let words = has.zip(policy).and_then(|(has, policy)| {
            subject::explain(issuer, has, policy, takes_wildcards(condition))
        });
        let literal = (has.zip(policy)).filter(|(has, policy)| {
            !takes_wildcards(condition) && subject::would_match(policy, has)
        });
        let message = match (literal, words, has) {
            (Some((has, policy)), ..) => format!(
                "the trust policy of `{role}` takes the `*` of `{policy}` literally under `{}`, so the subject `{has}` is another",
                condition.operator.value
            ),
            (None, Some(words), _) => {
                format!("the trust policy of `{role}` does not take this subject: {words}")
            }
            (None, None, Some(has)) => format!(
                "the trust policy of `{role}` does not take the subject `{has}`: {}",
                wants(condition)
            ),
            (None, None, None) => format!(
                "the trust policy of `{role}` asks for a subject, and none is known: {}",
                wants(condition)
            ),
        };
        let help = match has {
            _ if literal.is_some() => format!(
                "put the condition on `{}` under `StringLike`",
                condition.key.value
            ),
            Some(has) => format!(
                "present a token with a subject that the policy names, or ask the owner of the role to add `{has}` to `{}`",
                condition.key.value
            ),
            None => "present a token that has a subject".to_owned(),
        };
        (message, help)
    })
}

fn audience_differs(case: &Case<'_>) -> Vec<Finding> {
    let role = case.resource_name();
    let azp = case.request.caller.claim("azp").is_some();
    differs(case, "trust-audience-mismatch", Cause::Audience, |condition, has, policy| {
        let has = has.unwrap_or("nothing");
        let message = format!("the trust policy of `{role}` does not take the audience `{has}`: {}", wants(condition));
        let help = match policy {
            Some(policy) if azp => format!(
                "the token has `azp`, which takes the place of `aud` under this key: ask the owner of the role to write `{has}`, or ask the identity provider for `{policy}`"
            ),
            Some(policy) => format!(
                "request the token for the audience `{policy}` (on GitHub Actions, `audience` of the step), or ask the owner of the role to take `{has}`"
            ),
            None => "request the token for the audience that the policy names".to_owned(),
        };
        (message, help)
    })
}

fn recipient_differs(case: &Case<'_>) -> Vec<Finding> {
    let role = case.resource_name();
    differs(case, "trust-recipient-mismatch", Cause::Recipient, |condition, has, _| {
        let has = has.unwrap_or("nothing");
        let message = format!(
            "the trust policy of `{role}` does not take the sign-in URL `{has}`, the `Recipient` of the assertion: {}",
            wants(condition)
        );
        let help = format!(
            "`saml:aud` is the `Recipient`, not the `Audience`: list every sign-in URL that is used, also those of Regions, so `{has}` too"
        );
        (message, help)
    })
}

fn cognito(case: &Case<'_>) -> Vec<Finding> {
    let role = case.resource_name();
    differs(case, "cognito-condition-unmet", Cause::Cognito, |condition, has, policy| {
        let is_pool = condition.key_lower.ends_with(":aud");
        let has = has.unwrap_or("nothing");
        let policy = policy.unwrap_or("something else");
        if is_pool {
            (
                format!("the trust policy of `{role}` is for identity pool `{policy}`, the token comes from `{has}`"),
                format!("write the id of the identity pool, `{has}`, under `{}`", condition.key.value),
            )
        } else if has == policy && condition.parsed.is_some_and(|operator| operator.set.is_none()) {
            (
                format!("the trust policy of `{role}` compares the login state with `{}`, and `amr` is a list", condition.operator.value),
                format!("write `ForAnyValue:{}`: how a list is compared without it is documented in two ways", condition.operator.value),
            )
        } else {
            (
                format!("the trust policy of `{role}` wants the login state `{policy}`, and the token says `{has}`"),
                "give the identity pool one role for authenticated and another for unauthenticated identities; `amr` is a list, so test it with `ForAnyValue:StringLike`".to_owned(),
            )
        }
    })
}

fn prefix(case: &Case<'_>) -> Vec<Finding> {
    let caller = &case.request.caller;
    let issuer = caller.issuer();
    let role = case.resource_name();
    unmet(case, Cause::Prefix)
        .into_iter()
        .map(|Unmet { condition, .. }| {
            let key = condition.key.value.as_str();
            // The claim may follow another sign than the colon.
            let stray = |key: &'_ str| {
                let rest = key.to_lowercase().strip_prefix(&issuer.to_ascii_lowercase()).map(str::len)?;
                let name = key.get(key.len() - rest..)?.strip_prefix(['/', '.', '_', '-'])?;
                (!name.is_empty() && !name.contains([':', '/'])).then(|| name.to_owned())
            };
            let stray = stray(key);
            let (before, name) = match &stray {
                Some(name) => (issuer, name.as_str()),
                None => key.rsplit_once(':').unwrap_or(("", key)),
            };
            let right = if caller.has_assertion() { format!("saml:{name}") } else { format!("{issuer}:{name}") };
            let why = if stray.is_some() {
                "a colon stands before the name of the claim"
            } else if before.starts_with("https://") || before.starts_with("http://") {
                "the key has no `https://`"
            } else if before.starts_with("arn:") {
                "the ARN of the provider is no prefix of a key"
            } else if before.is_empty() {
                "the provider is missing in front of it"
            } else if before.trim_end_matches('/') == issuer.trim_end_matches('/') {
                "the slash at its end is part of the issuer, or is not"
            } else {
                "it is the key of another provider"
            };
            let message = format!("the condition key `{key}` in the trust policy of `{role}` is never there for this caller: {why}");
            Finding::new("claim-key-prefix", message, condition.key.span, why)
                .severity(severity(case))
                .also(caller.text.span, "the provider")
                .help(format!("write `{right}`"))
                .owner(Party::RoleAccount)
                .ask(format!(
                    "please write the condition key `{right}` in place of `{key}` in the trust policy of `{}`",
                    case.request.resource.text().value
                ))
        })
        .collect()
}

fn not_exposed(case: &Case<'_>) -> Vec<Finding> {
    let caller = &case.request.caller;
    let role = case.resource_name();
    unmet(case, Cause::NotExposed)
        .into_iter()
        .map(|Unmet { condition, .. }| {
            let key = condition.key.value.as_str();
            let name = key.rsplit(':').next().unwrap_or(key);
            let is_there = caller.token.others.iter().any(|other| other.eq_ignore_ascii_case(name))
                || caller.claims.iter().any(|claim| claim.name.eq_ignore_ascii_case(name));
            let message = if is_there {
                format!("the token has the claim `{name}`, but AWS makes no condition key of it, so the trust policy of `{role}` never sees `{key}`")
            } else {
                format!("AWS makes no condition key of `{name}`, so the trust policy of `{role}` never sees `{key}`")
            };
            let known = if caller.has_assertion() {
                "`saml:sub`, `saml:aud`, `saml:iss` and the keys of a few attributes".to_owned()
            } else {
                let issuer = caller.issuer().to_ascii_lowercase();
                let names = ["aud", "sub"].iter().chain(keys::exposed(&issuer));
                names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
            };
            let help = if caller.has_assertion() {
                format!("use {known}, or send the attribute as a session tag and test `aws:RequestTag/{name}`")
            } else {
                format!("use one of {known}; or have the provider build `{name}` into the subject, or send it as a session tag")
            };
            Finding::new("claim-not-exposed", message, condition.key.span, "no request carries this key")
                .severity(severity(case))
                .help(help)
                .owner(Party::RoleAccount)
                .ask(format!(
                    "please test another key than `{key}` in the trust policy of `{}`: AWS makes none of that claim",
                    case.request.resource.text().value
                ))
        })
        .collect()
}
