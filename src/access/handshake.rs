//! Whether the two halves of an agreement fit: who may assume or be passed a role, and whom it trusts.
//!
//! Only what is in view counts. A condition that nobody can tell gives no finding, since the answer is
//! undetermined then.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::eval::Evaluation;
use crate::finding::Finding;
use crate::policy::{Effect, Family, Names, Operand, PolicyType, Principals, Statement};
use crate::rules::documents::glob;
use crate::snapshot::Entity;
use crate::text::{SourceMap, Span};

use super::{Answer, Asker, Question, World, may_meet, short, shown};

pub(super) const ASSUME: &str = "sts:AssumeRole";

/// A role that is named where something is granted, and what each of those who have the grant is told.
#[derive(Default)]
struct Named {
    role: String,
    /// The services that it may be passed to; `None` where it may be assumed.
    services: Option<Vec<String>>,
    /// Who has the grant, and is not let in.
    refused: Vec<String>,
    /// Whether somebody is let in, or may be.
    fits: bool,
    /// Where the trust policy says whom it trusts.
    trust: Option<Span>,
}

/// The halves that do not fit.
pub fn handshake(world: &World, sources: &mut SourceMap, now: Option<Timestamp>) -> Vec<Finding> {
    let own = own(world, sources, now);
    let mut found = grants(world, &own, sources, now);
    found.extend(trusts(world, sources, now));
    found.extend(super::taken::taken(&own, sources));
    found
}

/// Grants to assume or pass a role that the role does not agree to.
fn grants(
    world: &World,
    own: &Own<'_>,
    sources: &mut SourceMap,
    now: Option<Timestamp>,
) -> Vec<Finding> {
    let candidates = candidates(world, own, sources);
    let mut named: BTreeMap<(Span, bool), Named> = BTreeMap::new();
    let mut asker = Asker::new(world, sources, &world.out_of_view(), now);
    for candidate in candidates {
        let key = (candidate.span, candidate.services.is_some());
        let entry = named.entry(key).or_insert_with(|| Named {
            role: candidate.role.clone(),
            services: candidate.services.clone(),
            ..Named::default()
        });
        if entry.fits {
            continue;
        }
        match &candidate.services {
            None => {
                let question = Question {
                    principal: &candidate.holder,
                    action: ASSUME,
                    resource: &candidate.role,
                    ..Question::default()
                };
                match asker.ask(&question) {
                    Ok(answer) if is_not_trusted(&answer.evaluation) => {
                        entry.trust = entry.trust.or_else(|| principals_of(&answer));
                        entry.refused.push(candidate.holder);
                    }
                    _ => entry.fits = true,
                }
            }
            Some(services) => {
                let refused = services.iter().all(|service| {
                    let question = Question {
                        principal: service,
                        action: ASSUME,
                        resource: &candidate.role,
                        ..Question::default()
                    };
                    let answer = asker.ask(&question);
                    answer.is_ok_and(|answer| {
                        entry.trust = entry.trust.or_else(|| principals_of(&answer));
                        is_not_trusted(&answer.evaluation)
                    })
                });
                entry.fits = !refused;
            }
        }
    }
    named
        .into_iter()
        .filter(|(_, named)| !named.fits)
        .map(|((span, _), named)| not_trusted(span, &named))
        .collect()
}

/// One grant that names a role whose trust policy is in view.
struct Candidate {
    span: Span,
    holder: String,
    role: String,
    services: Option<Vec<String>>,
}

fn candidates(world: &World, own: &Own<'_>, sources: &SourceMap) -> Vec<Candidate> {
    let mut found = Vec::new();
    for (caller, answer) in own {
        let layers = answer.layers.of(PolicyType::IdentityBased);
        let policies = layers.flat_map(|layer| &layer.policies);
        for statement in policies.flat_map(|attached| &attached.policy.statements) {
            if !is_plain(statement, Effect::Allow) {
                continue;
            }
            let assumes = names(statement, ASSUME);
            let services = passed_to(statement);
            if !assumes && services.is_none() {
                continue;
            }
            let resource = statement.resource.as_ref().filter(|element| !element.negated);
            for value in resource.into_iter().flat_map(|element| &element.values) {
                let Some(role) = world.snapshot.entities.get(&value.value.text) else { continue };
                let Some(trust) = &role.trust else { continue };
                let (holder, arn) = (&caller.arn.value, &role.arn.value);
                if !may_meet([holder, arn], [value.span, trust.span()], sources) {
                    continue;
                }
                let candidate = |services| Candidate {
                    span: value.span,
                    holder: holder.clone(),
                    role: arn.clone(),
                    services,
                };
                if assumes {
                    found.push(candidate(None));
                }
                if let Some(services) = &services {
                    found.push(candidate(Some(services.clone())));
                }
            }
        }
    }
    found
}

/// Users and roles, each with the layers that follow from it alone.
pub(super) type Own<'w> = [(&'w Entity, Answer)];

/// The layers of each user and role, whatever it asks.
pub(super) fn own<'w>(
    world: &'w World,
    sources: &mut SourceMap,
    now: Option<Timestamp>,
) -> Vec<(&'w Entity, Answer)> {
    let mut asker = Asker::new(world, sources, &world.out_of_view(), now);
    let ask = |caller: &'w Entity| {
        let question = Question {
            principal: &caller.arn.value,
            action: "sts:GetCallerIdentity",
            resource: "*",
            ..Question::default()
        };
        Some((caller, asker.ask(&question).ok()?))
    };
    world.callers().filter_map(ask).collect()
}

/// Roles, each with the layer of its trust policy.
pub(super) fn trusting<'w>(
    world: &'w World,
    sources: &mut SourceMap,
    now: Option<Timestamp>,
) -> Vec<(&'w Entity, Answer)> {
    let mut asker = Asker::new(world, sources, &world.out_of_view(), now);
    let ask = |role: &'w Entity| {
        let question = Question {
            principal: "anonymous",
            action: ASSUME,
            resource: &role.arn.value,
            ..Question::default()
        };
        Some((role, asker.ask(&question).ok()?))
    };
    world.roles().filter_map(ask).collect()
}

/// Whether a statement has this effect, and is one that AWS takes and that is there for certain.
pub(super) fn is_plain(statement: &Statement, effect: Effect) -> bool {
    statement.effect.as_ref().is_some_and(|own| own.value == effect)
        && statement.broken.is_none()
        && statement.doubts.is_empty()
}

/// Whether `Action` covers the action by some value.
pub(super) fn names(statement: &Statement, action: &str) -> bool {
    let element = statement.action.as_ref().filter(|element| !element.negated);
    let mut values = element.into_iter().flat_map(|element| &element.values);
    values.any(|value| glob::matches(&value.value.text, action))
}

/// The services that roles may be passed to, where `iam:PassRole` is allowed to some named in full.
pub(super) fn passed_to(statement: &Statement) -> Option<Vec<String>> {
    if !names(statement, "iam:PassRole") {
        return None;
    }
    let condition = statement.conditions.iter().find(|condition| {
        let text = condition.parsed.is_some_and(|operator| {
            !operator.row.negated
                && matches!(operator.row.family, Family::String | Family::StringLike)
        });
        text && &*condition.key_lower == "iam:passedtoservice" && condition.doubt.is_none()
    })?;
    let known = |value: &crate::policy::ConditionValue| {
        value.doubt.is_none()
            && !value.text.contains(['*', '?', '$'])
            && matches!(value.operand, Some(Operand::Text(_)))
    };
    let values = condition.values.iter().map(|value| &value.value);
    let all_known = values.clone().all(known);
    (all_known && !condition.values.is_empty())
        .then(|| values.map(|value| value.text.to_string()).collect())
}

/// Whether the trust policy is what denies it, for certain.
fn is_not_trusted(evaluation: &Evaluation) -> bool {
    evaluation.decision.is_denied() && evaluation.parts.resource.is_no()
}

/// Where the trust policy names somebody.
fn principals_of(answer: &Answer) -> Option<Span> {
    let trust = answer.layers.of(PolicyType::Trust).next()?;
    let policy = &trust.policies.first()?.policy;
    let spans = policy.statements.iter().filter_map(|statement| {
        let values = &statement.principal.as_ref()?.values;
        Some(values.first()?.span)
    });
    spans.min()
}

fn not_trusted(span: Span, named: &Named) -> Finding {
    let role = short(&named.role);
    let finding = match &named.services {
        None => {
            let holder = named.refused.first().map_or("", String::as_str);
            let who = short(holder);
            let message = format!(
                "`{who}` may call `sts:AssumeRole` on `{role}`, and the trust policy of `{role}` does not let it in"
            );
            Finding::new("assume-role-not-trusted", message, span, "does not trust it").help(
                format!(
                    "add `{}` to the principals of the trust policy, or take the grant out",
                    shown(holder)
                ),
            )
        }
        Some(services) => {
            let listed: Vec<_> = services.iter().map(|service| format!("`{service}`")).collect();
            let message = format!(
                "`{role}` may be passed to {}, and its trust policy does not let that service in",
                listed.join(" or ")
            );
            let first = services.first().map_or("", String::as_str);
            Finding::new("pass-role-not-trusted", message, span, "does not trust the service").help(
                format!("add `\"Service\": \"{first}\"` to the principals of the trust policy"),
            )
        }
    };
    match named.trust {
        Some(trust) => finding.also(trust, "whom it trusts"),
        None => finding,
    }
}

/// Trust in somebody who has no grant to make use of it.
fn trusts(world: &World, sources: &mut SourceMap, now: Option<Timestamp>) -> Vec<Finding> {
    let mut wanted = Vec::new();
    for (role, answer) in &trusting(world, sources, now) {
        let policies = answer.layers.of(PolicyType::Trust).flat_map(|layer| &layer.policies);
        for statement in policies.flat_map(|attached| &attached.policy.statements) {
            let principal = statement.principal.as_ref().filter(|principals| !principals.negated);
            if !is_plain(statement, Effect::Allow) || !names(statement, ASSUME) {
                continue;
            }
            for (span, text) in principal.into_iter().flat_map(principals) {
                let known = world.snapshot.entities.get(text);
                let Some(entity) = known else { continue };
                let (holder, arn) = (&entity.arn.value, &role.arn.value);
                if may_meet([holder, arn], [span, entity.arn.span], sources) {
                    wanted.push((span, holder.clone(), arn.clone()));
                }
            }
        }
    }
    let mut asker = Asker::new(world, sources, &world.out_of_view(), now);
    let mut found = Vec::new();
    for (span, holder, role) in wanted {
        let question =
            Question { principal: &holder, action: ASSUME, resource: &role, ..Question::default() };
        let Ok(answer) = asker.ask(&question) else { continue };
        let evaluation = &answer.evaluation;
        let lacks = evaluation.decision.is_denied()
            && evaluation.parts.identity.is_no()
            && !evaluation.parts.resource.is_no()
            && evaluation.needs_identity_policy.is_yes();
        if lacks {
            let (who, what) = (short(&holder), short(&role));
            let message = format!(
                "`{what}` trusts `{who}`, and no policy of `{who}` allows it to call `sts:AssumeRole` on `{what}`"
            );
            found
                .push(Finding::new("trusted-without-grant", message, span, "cannot assume it").help(
                format!(
                    "allow `sts:AssumeRole` on `{}` in a policy of `{who}`, or trust it no more",
                    shown(&role)
                ),
            ));
        }
    }
    found
}

/// The users and roles that a `Principal` names in full.
pub(super) fn principals(principals: &Principals) -> impl Iterator<Item = (Span, &str)> {
    principals.values.iter().filter_map(|value| {
        let is_one = matches!(value.value.names, Names::User | Names::Role);
        let certain = is_one && value.value.doubt.is_none();
        certain.then_some((value.span, value.value.text.as_str()))
    })
}
