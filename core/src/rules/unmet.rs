//! The conditions of a statement that are not met, each as a finding.

use crate::finding::{Finding, Party, Severity};
use crate::policy::Condition;
use crate::request::{Given, Parameters};
use crate::text::{Span, Spanned};

use super::hints::{are_alternatives, hint};
use super::nearest::{Miss, Near};
use super::words::{condition_help, condition_sentence};
use super::{Case, condition_key, federation};

/// Whether whoever calls can meet the condition by calling differently.
fn is_the_callers(condition: &Condition) -> bool {
    let key = &*condition.key_lower;
    let of_call = [
        "sts:externalid",
        "sts:rolesessionname",
        "sts:sourceidentity",
        "sts:transitivetagkeys",
        "aws:multifactorauthpresent",
        "aws:multifactorauthage",
        "aws:sourceip",
        "aws:tagkeys",
    ];
    of_call.contains(&key) || key.starts_with("aws:requesttag/")
}

/// Where the request's value under the condition's key was given.
fn given_span(case: &Case<'_>, condition: &Condition) -> Option<Span> {
    let request = case.request;
    let parameters = request.parameters.as_ref();
    let parameter = |get: fn(&Parameters) -> Option<&Spanned<String>>| {
        parameters.and_then(get).map(|value| value.span)
    };
    match &*condition.key_lower {
        "sts:externalid" => parameter(|all| all.external_id.as_ref()),
        "sts:rolesessionname" => parameter(|all| all.session_name.as_ref()),
        "sts:sourceidentity" => parameter(|all| all.source_identity.as_ref()),
        lower => {
            let entry = request.context.get(lower)?;
            (entry.value != Given::Absent).then_some(entry.span)
        }
    }
}

/// One finding for each condition of the statement that is not met, or may not be.
pub(super) fn unmet(
    case: &Case<'_>,
    near: &Near<'_>,
    rule: &'static str,
    intro: &str,
    owner: Party,
    severity: Severity,
) -> Vec<Finding> {
    if !matches!(near.miss, Miss::Condition(_)) {
        return vec![];
    }
    let near_owner = owner;
    let any_certain = near.trace.conditions.iter().any(|(result, _)| result.is_no());
    let pairs = near.statement.conditions.iter().zip(&near.trace.conditions).enumerate();
    pairs
        // An operator that AWS does not know is a defect of the policy, and reported as one.
        .filter(|(_, (condition, _))| condition.parsed.is_some())
        .filter(|(_, (condition, (_, why)))| !federation::tells(condition, case.request, *why))
        .filter(|(_, (_, (result, _)))| if any_certain { result.is_no() } else { !result.is_yes() })
        .filter(|(_, (condition, _))| !condition_key::tells(condition, case.request))
        .map(|(_, (condition, (result, why)))| {
            let sentence = condition_sentence(condition, case.request, *why);
            let span = match condition.values.as_slice() {
                [one] => one.span,
                _ => condition.values_span,
            };
            let verb = if result.is_no() { "would allow this, but" } else { "allows this if its condition is met:" };
            let mut message = format!("{intro} {verb} {sentence}");
            let label = if result.is_no() { "this condition is not met" } else { "not known to be met" };
            let version = near.attached.policy.version.as_ref();
            let variables_on = version.is_some_and(|version| version.value == "2012-10-17");
            let mut owner = if is_the_callers(condition) { Party::Yourself } else { owner };
            let mut help = condition_help(condition, case.request);
            if let Some(hint) = hint(condition, case.request, *why, variables_on) {
                hint.why.iter().for_each(|why| message.extend(["; ", why]));
                help = hint.help;
            }
            let met = near.statement.conditions.iter().zip(&near.trace.conditions);
            let mut met = met.filter(|(_, (result, _))| result.is_yes()).map(|(other, _)| other);
            let or = met.find(|other| are_alternatives(condition, other));
            if let Some(or) = or {
                let (one, other) = (&condition.key.value, &or.key.value);
                help = format!("if `{one}` or `{other}` is enough, write a statement for each: all conditions of one statement have to be met");
                owner = near_owner;
            }
            let finding = Finding::new(rule, message, span, label);
            let finding = finding.severity(severity).help(help).owner(owner);
            let given = given_span(case, condition).filter(|_| result.is_no());
            let finding = given.into_iter().fold(finding, |finding, span| {
                finding.also(span, "what the request carries")
            });
            let finding = or.into_iter().fold(finding, |finding, or| {
                finding.also(or.values_span, "this one is met, and both have to be")
            });
            if owner == Party::Yourself {
                return finding;
            }
            finding.ask(format!(
                "please change the condition on `{}` under which `{}` may call `{}` on `{}`: {sentence}",
                condition.key.value,
                case.request.caller.text.value,
                case.request.action.value,
                case.request.resource.text().value
            ))
        })
        .collect()
}
