//! What a permissions boundary or a service control policy takes away of what a policy gives.
//!
//! A statement of a caller's policy is held against the statements that limit it, pattern against
//! pattern, so that one with wildcards is said to be taken away only where no request is left. What
//! cannot be told is not said.

use std::collections::BTreeSet;

use crate::finding::Finding;
use crate::layers::Layer;
use crate::policy::{Effect, PolicyType, Statement};
use crate::rules::documents::glob;
use crate::text::{SourceMap, Span};

use super::handshake::{Own, is_plain};
use super::{may_meet, short};

/// Beyond so many pairs of values, nothing is compared.
const MOST: usize = 10_000;

pub(super) fn taken(own: &Own<'_>, sources: &SourceMap) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for (caller, answer) in own {
        let limits: Vec<&Layer> = [PolicyType::PermissionsBoundary, PolicyType::ServiceControl]
            .into_iter()
            .flat_map(|policy_type| answer.layers.of(policy_type))
            .collect();
        if limits.is_empty() {
            continue;
        }
        let given = answer.layers.of(PolicyType::IdentityBased);
        for attached in given.flat_map(|layer| &layer.policies) {
            for statement in &attached.policy.statements {
                if !is_plain(statement, Effect::Allow) {
                    continue;
                }
                for limit in &limits {
                    let lost = lost(statement, limit);
                    let Some((first, by)) = lost.first() else { continue };
                    let place = by.or_else(|| {
                        let policy = limit.policies.first()?;
                        Some(start(policy.policy.span))
                    });
                    let arn = caller.arn.value.as_str();
                    let meets =
                        place.is_none_or(|place| may_meet([arn, ""], [*first, place], sources));
                    if meets && seen.insert((*first, limit.policy_type)) {
                        let all = lost.len() == values(statement).count();
                        found.push(finding(
                            statement,
                            limit,
                            &lost,
                            all,
                            short(arn),
                            place,
                            sources,
                        ));
                    }
                }
            }
        }
    }
    found
}

fn start(span: Span) -> Span {
    Span { end: span.end.min(span.start + 1), ..span }
}

/// The values of `Action`, each with its place.
fn values(statement: &Statement) -> impl Iterator<Item = (Span, &str)> {
    let element =
        statement.action.as_ref().filter(|element| !element.negated && !element.uncertain);
    let values = element.into_iter().flat_map(|element| &element.values);
    values.map(|value| (value.span, value.value.text.as_str()))
}

fn resources(statement: &Statement) -> Vec<&str> {
    let element =
        statement.resource.as_ref().filter(|element| !element.negated && !element.uncertain);
    let values = element.into_iter().flat_map(|element| &element.values);
    values.map(|value| value.value.text.as_str()).collect()
}

/// The actions of which the limit leaves nothing, with the Deny that takes them, if it is one.
fn lost(statement: &Statement, limit: &Layer) -> Vec<(Span, Option<Span>)> {
    let resources = resources(statement);
    let limits: usize =
        limit.policies.iter().map(|attached| attached.policy.statements.len()).sum();
    if resources.is_empty() || values(statement).count() * resources.len() * limits.max(1) > MOST {
        return Vec::new();
    }
    // A text with variables may stand for anything.
    if resources.iter().any(|resource| resource.contains("${")) {
        return Vec::new();
    }
    let mut lost = Vec::new();
    for (span, action) in values(statement) {
        // What everything comes to is not said of single actions.
        if action == "*" {
            continue;
        }
        let mut by = None;
        let gone = resources.iter().all(|resource| {
            let denied = denier(limit, action, resource);
            by = by.or(denied);
            denied.is_some() || (limit.missing.is_empty() && !may_allow(limit, action, resource))
        });
        if gone {
            lost.push((span, by));
        }
    }
    lost
}

fn statements(limit: &Layer) -> impl Iterator<Item = &Statement> {
    limit.policies.iter().flat_map(|attached| &attached.policy.statements)
}

/// Whether some Allow of the limit may keep a request that both patterns match.
fn may_allow(limit: &Layer, action: &str, resource: &str) -> bool {
    statements(limit).any(|statement| {
        let is_deny = statement.effect.as_ref().is_some_and(|own| own.value == Effect::Deny);
        if is_deny {
            return false;
        }
        let actions = statement.action.as_ref().is_none_or(|element| {
            let mut texts = element.values.iter().map(|value| value.value.text.as_str());
            if element.uncertain {
                true
            } else if element.negated {
                !texts.any(|text| glob::covers(text, action))
            } else {
                let lower = action.to_ascii_lowercase();
                texts.any(|text| {
                    glob::overlap(text.to_ascii_lowercase().as_bytes(), lower.as_bytes())
                })
            }
        });
        let resources = || {
            statement.resource.as_ref().is_none_or(|element| {
                let mut texts = element.values.iter().map(|value| value.value.text.as_str());
                if element.uncertain {
                    true
                } else if element.negated {
                    !texts.any(|text| glob::covers_exactly(text, resource))
                } else {
                    texts.any(|text| {
                        text.contains("${") || glob::overlap(text.as_bytes(), resource.as_bytes())
                    })
                }
            })
        };
        actions && resources()
    })
}

/// The Deny of the limit that is about all that both patterns match, whatever the conditions.
fn denier(limit: &Layer, action: &str, resource: &str) -> Option<Span> {
    let covers = statements(limit).find(|statement| {
        if !is_plain(statement, Effect::Deny) || !statement.conditions.is_empty() {
            return false;
        }
        let actions = statement.action.as_ref().is_some_and(|element| {
            let mut texts = element.values.iter().map(|value| value.value.text.as_str());
            if element.uncertain {
                false
            } else if element.negated {
                let lower = action.to_ascii_lowercase();
                texts.all(|text| {
                    !glob::overlap(text.to_ascii_lowercase().as_bytes(), lower.as_bytes())
                })
            } else {
                texts.any(|text| glob::covers(text, action))
            }
        });
        let resources = statement.resource.as_ref().is_some_and(|element| {
            let mut texts = element.values.iter().map(|value| value.value.text.as_str());
            if element.uncertain {
                false
            } else if element.negated {
                texts.all(|text| {
                    !text.contains("${") && !glob::overlap(text.as_bytes(), resource.as_bytes())
                })
            } else {
                texts.any(|text| !text.contains("${") && glob::covers_exactly(text, resource))
            }
        });
        actions && resources
    })?;
    covers.effect.as_ref().map(|effect| effect.span)
}

fn finding(
    statement: &Statement,
    limit: &Layer,
    lost: &[(Span, Option<Span>)],
    all: bool,
    who: &str,
    place: Option<Span>,
    sources: &SourceMap,
) -> Finding {
    let what = match limit.policy_type {
        PolicyType::PermissionsBoundary => "its permissions boundary",
        _ => "a service control policy of its account",
    };
    let text = |span: Span| sources.slice(span).trim_matches('"').to_owned();
    let listed: Vec<_> =
        lost.iter().take(3).map(|(span, _)| format!("`{}`", text(*span))).collect();
    let more = lost.len().saturating_sub(listed.len());
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    let denied = lost.iter().any(|(_, by)| by.is_some());
    let does = if denied { "denies" } else { "does not allow" };
    let message = if all {
        format!(
            "`{who}` gets nothing from this statement: {what} {does} {}{rest}",
            listed.join(", ")
        )
    } else {
        format!("`{who}` does not get {}{rest}: {what} {does} it", listed.join(", "))
    };
    let span = lost.first().map_or(statement.span, |(span, _)| *span);
    let mut finding = Finding::new("grant-taken-away", message, span, "taken away");
    if let Some(place) = place {
        finding = finding.also(place, if denied { "denies it" } else { "leaves it out" });
    }
    finding.help(match limit.policy_type {
        PolicyType::PermissionsBoundary => {
            "allow it in the permissions boundary as well, or take it out here"
        }
        _ => {
            "except this account or principal from the service control policy, or take it out here"
        }
    })
}
