//! What a change does to access: the same questions put to the policies before and after it.
//!
//! The questions are what either side grants: each action that a statement of a user or role allows,
//! each principal that a role or resource names, and what the configuration expects. A pattern is asked
//! as it is written, so that the answer is about all that it stands for.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::check::Expectation;
use crate::eval::Decision;
use crate::finding::Finding;
use crate::policy::{Arn, Effect, NamedPrincipal, Names, PolicyType, Statement};
use crate::reference::catalogue;
use crate::request::Owner;
use crate::rules::documents::glob;
use crate::text::{SourceMap, Span};

use super::edits::{self, Edit};
use super::handshake::{ASSUME, is_plain, own, trusting};
use super::{Answer, Asker, Question, World, expectations, short, shown};

/// A pattern that matches more actions than this is asked as it stands.
const FEW: usize = 64;
/// So many questions are asked at most.
const MOST: usize = 50_000;

/// One question, with how whoever asks is called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Asked {
    who: String,
    resource: String,
    action: String,
    principal: String,
}

/// What became of some actions of one principal on one resource.
#[derive(Default)]
struct Change {
    actions: Vec<String>,
    finding: Option<Place>,
    /// The fact on which it depends now, or depended before.
    gap: Option<String>,
}

/// Where a change is shown.
struct Place {
    span: Span,
    label: &'static str,
    also: Option<(Span, &'static str)>,
    edit: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Became {
    Denied,
    Conditional,
    Unconditional,
    Allowed,
}

/// What the change from `before` to `after` removes from access, and what it adds. `moved` gives the
/// path after the change of each file before it.
pub fn changes(
    before: &World,
    after: &World,
    wanted: &[Expectation],
    moved: &BTreeMap<String, String>,
    sources: &mut SourceMap,
    now: Option<Timestamp>,
) -> Vec<Finding> {
    let mut questions = BTreeSet::new();
    for world in [before, after] {
        gather(world, sources, now, &mut questions);
    }
    let questions: Vec<Asked> = questions.into_iter().take(MOST).collect();
    let old = answers(before, &questions, wanted, sources, now);
    let new = answers(after, &questions, wanted, sources, now);
    let declared = wanted.iter().flat_map(declared);
    let all = questions.iter().cloned().chain(declared);
    let mut changed: BTreeMap<(String, String, Became), Change> = BTreeMap::new();
    for ((asked, old), new) in all.zip(old).zip(new) {
        let (Some(old), Some(new)) = (old, new) else { continue };
        // Whoever or whatever one side alone knows is not there on the other.
        let decision = |answer: &Answer, own: &World, other: &World| {
            let gone = |arn: &String| {
                !own.snapshot.entities.contains_key(arn)
                    && other.snapshot.entities.contains_key(arn)
            };
            if gone(&asked.principal) || gone(&asked.resource) {
                Decision::ImplicitDeny
            } else {
                answer.evaluation.decision
            }
        };
        let became = match (decision(&old, before, after), decision(&new, after, before)) {
            (Decision::Allowed, Decision::Undetermined) => Became::Conditional,
            (Decision::Undetermined, Decision::Allowed) => Became::Unconditional,
            (before, after) if before.is_denied() == after.is_denied() => continue,
            (_, after) if after.is_denied() => Became::Denied,
            _ => Became::Allowed,
        };
        let change = changed.entry((asked.who, asked.resource, became)).or_default();
        if !change.actions.contains(&asked.action) {
            change.actions.push(asked.action);
        }
        if change.finding.is_none() {
            change.finding = place(became, &old, &new, moved, sources);
            let open = if became == Became::Conditional { &new } else { &old };
            change.gap = open.evaluation.deciding_gaps().next().map(|gap| gap.fact.clone());
        }
    }
    changed.into_iter().filter_map(|(what, change)| finding(&what, change)).collect()
}

/// What an expectation asks, as a question like any other.
fn declared(expectation: &Expectation) -> impl Iterator<Item = Asked> {
    let principals = expectation.allowed.iter().chain(&expectation.denied);
    principals.map(|(principal, _)| Asked {
        who: format!("`{}`", short(principal)),
        resource: expectation.resource.clone(),
        action: expectation.action.clone().unwrap_or_else(|| ASSUME.to_owned()),
        principal: principal.clone(),
    })
}

fn answers(
    world: &World,
    questions: &[Asked],
    wanted: &[Expectation],
    sources: &mut SourceMap,
    now: Option<Timestamp>,
) -> Vec<Option<Answer>> {
    let mut absent = world.out_of_view();
    let mut given: Vec<Option<Answer>> = Vec::with_capacity(questions.len());
    // The policy of a resource that nothing shows plays no part before and after.
    let known = |asked: &Asked| {
        let object = Arn::parse(&asked.resource).filter(|arn| arn.service == "s3");
        let holder = match object.and_then(|arn| arn.resource.split_once('/')) {
            Some((bucket, _)) => format!("arn:aws:s3:::{bucket}"),
            None => asked.resource.clone(),
        };
        world.snapshot.resource_policy(&holder).is_some() || asked.resource.contains(":kms:")
    };
    {
        let mut asker = Asker::new(world, sources, &absent, now);
        given.extend(
            questions
                .iter()
                .map(|asked| known(asked).then(|| asker.ask(&question(asked)).ok()).flatten()),
        );
    }
    absent.push(PolicyType::ResourceBased);
    {
        let mut asker = Asker::new(world, sources, &absent, now);
        for (asked, answer) in questions.iter().zip(&mut given) {
            if answer.is_none() && !known(asked) {
                *answer = asker.ask(&question(asked)).ok();
            }
        }
    }
    for expectation in wanted {
        let mut absent = world.out_of_view();
        absent.extend(&expectation.without);
        let mut asker = Asker::new(world, sources, &absent, now);
        for (principal, _) in expectation.allowed.iter().chain(&expectation.denied) {
            given.push(expectations::ask(&mut asker, expectation, principal).ok());
        }
    }
    given
}

fn question(asked: &Asked) -> Question<'_> {
    let account = Arn::parse(&asked.resource).map_or("", |arn| arn.account);
    Question {
        principal: &asked.principal,
        action: &asked.action,
        resource: &asked.resource,
        owner: matches!(account, "" | "*").then_some(Owner::CallersAccount),
        ..Question::default()
    }
}

/// Everything that is granted in a world, by those whom it names.
fn gather(
    world: &World,
    sources: &mut SourceMap,
    now: Option<Timestamp>,
    found: &mut BTreeSet<Asked>,
) {
    for (caller, answer) in own(world, sources, now) {
        let layers = answer.layers.of(PolicyType::IdentityBased);
        let policies = layers.flat_map(|layer| &layer.policies);
        for statement in policies.flat_map(|attached| &attached.policy.statements) {
            if !is_plain(statement, Effect::Allow) {
                continue;
            }
            for resource in resources(statement) {
                for action in actions(statement) {
                    found.insert(Asked {
                        who: format!("`{}`", short(&caller.arn.value)),
                        resource: resource.clone(),
                        action,
                        principal: caller.arn.value.clone(),
                    });
                }
            }
        }
    }
    for (role, answer) in trusting(world, sources, now) {
        let policies = answer.layers.of(PolicyType::Trust).flat_map(|layer| &layer.policies);
        for statement in policies.flat_map(|attached| &attached.policy.statements) {
            if !is_plain(statement, Effect::Allow) {
                continue;
            }
            let named = statement.principal.as_ref().filter(|principals| !principals.negated);
            for value in named.into_iter().flat_map(|principals| &principals.values) {
                if let Some((who, principal, action)) = askers(&value.value) {
                    found.insert(Asked {
                        who,
                        resource: role.arn.value.clone(),
                        action: action.to_owned(),
                        principal,
                    });
                }
            }
        }
    }
}

/// Who a value of `Principal` lets in: how it is called, an ARN to ask with, and for what.
fn askers(named: &NamedPrincipal) -> Option<(String, String, &'static str)> {
    let text = named.text.as_str();
    let one = |action| Some((format!("`{}`", short(text)), text.to_owned(), action));
    match &named.names {
        Names::User | Names::Role | Names::RoleSession | Names::FederatedUser => one(ASSUME),
        Names::Service => Some((format!("`{text}`"), text.to_owned(), ASSUME)),
        Names::Provider if text.contains(":saml-provider/") => one("sts:AssumeRoleWithSAML"),
        Names::Provider => one("sts:AssumeRoleWithWebIdentity"),
        Names::Account { account, partition } => {
            let partition = partition.as_deref().unwrap_or("aws");
            let principal = format!("arn:{partition}:iam::{account}:role/any");
            Some((format!("account `{}`", shown(account)), principal, ASSUME))
        }
        Names::Everyone => {
            // Of an account that nobody has; not the one that stands for an account not known.
            let principal = "arn:aws:iam::900000000018:role/any".to_owned();
            Some(("whoever it may be".to_owned(), principal, ASSUME))
        }
        _ => None,
    }
}

fn resources(statement: &Statement) -> Vec<String> {
    let element =
        statement.resource.as_ref().filter(|element| !element.negated && !element.uncertain);
    let values = element.into_iter().flat_map(|element| &element.values);
    let texts = values.map(|value| value.value.text.clone());
    texts.filter(|text| !text.contains("${")).map(String::from).collect()
}

/// The actions that a statement names, a pattern by those that it matches if they are few.
fn actions(statement: &Statement) -> Vec<String> {
    let element =
        statement.action.as_ref().filter(|element| !element.negated && !element.uncertain);
    let mut all = Vec::new();
    for value in element.into_iter().flat_map(|element| &element.values) {
        let text = value.value.text.as_str();
        let matching = text.split_once(':').filter(|(_, name)| name.contains(['*', '?']));
        let known = matching.and_then(|(prefix, name)| {
            let service = catalogue(&prefix.to_ascii_lowercase())?;
            let fixed = name.split(['*', '?']).next()?.to_ascii_lowercase();
            let actions = service.beginning_with(&fixed).iter();
            let found: Vec<String> = actions
                .filter(|action| glob::matches(name, action.lower))
                .map(|action| format!("{}:{}", service.prefix, action.name))
                .take(FEW + 1)
                .collect();
            (found.len() <= FEW).then_some(found)
        });
        all.extend(known.unwrap_or_else(|| vec![text.to_owned()]));
    }
    all
}

/// The Allow statement of the part that turned, or the Deny that is new.
fn place(
    became: Became,
    old: &Answer,
    new: &Answer,
    moved: &BTreeMap<String, String>,
    sources: &SourceMap,
) -> Option<Place> {
    let gone = matches!(became, Became::Denied | Became::Conditional);
    if gone && let Some(deny) = deciding(new, Effect::Deny, None) {
        return Some(Place { span: deny, label: "denies it now", also: None, edit: None });
    }
    if !gone && let Some(deny) = deciding(old, Effect::Deny, None) {
        let edit = edits::around(deny, moved, sources);
        return Some(at(edit, deny, "the Deny is gone", "denied it before", gone));
    }
    let (parts, others) = if gone {
        (&old.evaluation.parts, &new.evaluation.parts)
    } else {
        (&new.evaluation.parts, &old.evaluation.parts)
    };
    let turned = [
        (PolicyType::Trust, parts.resource, others.resource),
        (PolicyType::ResourceBased, parts.resource, others.resource),
        (PolicyType::IdentityBased, parts.identity, others.identity),
        (PolicyType::PermissionsBoundary, parts.boundary, others.boundary),
        (PolicyType::ServiceControl, parts.service_control, others.service_control),
    ];
    let turned = turned
        .iter()
        .filter(|(_, own, other)| own.is_yes() != other.is_yes() || own.is_no() != other.is_no());
    let with = if gone { old } else { new };
    let span = turned
        .filter_map(|(policy_type, ..)| deciding(with, Effect::Allow, Some(*policy_type)))
        .next()
        .or_else(|| deciding(with, Effect::Allow, None))?;
    if gone {
        let edit = edits::around(span, moved, sources);
        return Some(at(edit, span, "what allowed it is changed", "allowed it before", gone));
    }
    let edit = edits::to(span, moved, sources);
    Some(match edit {
        Some(edit) => {
            Place { span: edit.span, label: "allows it now", also: None, edit: edit.text }
        }
        None => Place { span: edits::head(span), label: "allows it now", also: None, edit: None },
    })
}

fn at(
    edit: Option<Edit>,
    span: Span,
    label: &'static str,
    before: &'static str,
    gone: bool,
) -> Place {
    let old = edits::head(span);
    match edit {
        Some(edit) => Place { span: edit.span, label, also: Some((old, before)), edit: edit.text },
        None => Place {
            span: old,
            label: if gone { "allowed it, and is gone" } else { "denied it, and is gone" },
            also: None,
            edit: None,
        },
    }
}

/// The statement of this effect that applies, or may.
fn deciding(answer: &Answer, effect: Effect, policy_type: Option<PolicyType>) -> Option<Span> {
    let applies = answer.evaluation.trace.iter().filter(|trace| {
        trace.effect == Some(effect)
            && (trace.outcome.is_yes() || (effect == Effect::Allow && !trace.outcome.is_no()))
    });
    let mut spans = applies.filter_map(|trace| {
        let layer = answer.layers.layers.get(trace.layer)?;
        if policy_type.is_some_and(|wanted| wanted != layer.policy_type) {
            return None;
        }
        let policy = &layer.policies.get(trace.policy)?.policy;
        Some(policy.statements.get(trace.statement)?.span)
    });
    spans.next()
}

fn finding((who, resource, became): &(String, String, Became), change: Change) -> Option<Finding> {
    let place = change.finding?;
    let role = Arn::parse(resource).is_some_and(|arn| arn.is_role());
    let assumes = change.actions.iter().all(|action| action.starts_with("sts:AssumeRole"));
    let gap = change
        .gap
        .map_or_else(|| "facts that are not in view".to_owned(), |gap| format!("`{gap}`"));
    let rule = match became {
        Became::Denied | Became::Conditional => "access-removed",
        Became::Allowed | Became::Unconditional => "access-added",
    };
    let message = if role && assumes {
        let what = short(resource);
        match became {
            Became::Denied => format!("this change stops {who} from assuming `{what}`"),
            Became::Allowed => format!("this change lets {who} assume `{what}`"),
            Became::Conditional => {
                format!("with this change it depends on {gap} whether {who} may assume `{what}`")
            }
            Became::Unconditional => {
                format!("with this change {who} may assume `{what}` whatever {gap} is")
            }
        }
    } else {
        let listed: Vec<_> =
            change.actions.iter().take(4).map(|action| format!("`{action}`")).collect();
        let more = change.actions.len() - listed.len();
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        let what = format!("{}{rest} on `{}`", listed.join(", "), shown(resource));
        match became {
            Became::Denied => format!("this change takes {what} from {who}"),
            Became::Allowed => format!("this change gives {who} {what}"),
            Became::Conditional => {
                format!("with this change it depends on {gap} whether {who} has {what}")
            }
            Became::Unconditional => format!("with this change {who} has {what} whatever {gap} is"),
        }
    };
    let mut finding = Finding::new(rule, message, place.span, place.label);
    if let Some((span, label)) = place.also {
        finding = finding.also(span, label);
    }
    Some(match place.edit {
        Some(edit) => finding.help(format!("this edit does it: {edit}")),
        None => finding,
    })
}
