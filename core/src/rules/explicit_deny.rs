//! A `Deny` statement applies to the request.

use crate::eval::{KeyValue, Match, StatementTrace, lookup};
use crate::finding::{Finding, Party, Severity};
use crate::policy::{Effect, PolicyType, Statement};
use crate::text::Span;

use super::words::{supply_help, wants};
use super::{Case, Rule, rule};

pub(super) static RULES: &[Rule] =
    &[rule!("explicit-deny", ExplicitDenies, 40, "a Deny statement applies to the request", check)];

fn check(case: &Case<'_>) -> Vec<Finding> {
    (case.evaluation.trace.iter())
        .filter(|trace| trace.effect == Some(Effect::Deny) && !trace.outcome.is_no())
        .filter_map(|trace| finding(case, trace))
        .collect()
}

fn finding(case: &Case<'_>, trace: &StatementTrace) -> Option<Finding> {
    let (attached, statement) = case.statement(trace)?;
    let policy_type = case.policy_type(trace)?;
    let effect = statement.effect.as_ref()?;
    let on = match &attached.attached_to {
        Some(target) => format!(" on `{target}`"),
        None => String::new(),
    };
    let which = match &statement.sid {
        Some(sid) => format!("statement `{}`", sid.value),
        None => "a statement".to_owned(),
    };
    let action = &case.request.action;
    let title = match &attached.name {
        Some(name) => format!("{} `{name}`", policy_type.name()),
        None => policy_type.name().to_owned(),
    };
    let certain = trace.outcome.is_yes();
    let verb = if certain { "denies" } else { "may deny" };
    let message = format!("{which} of the {title}{on} {verb} `{}`", action.value);
    let mut finding = Finding::new("explicit-deny", message, effect.span, "an explicit deny outweighs every allow")
        .owner(owner(case, policy_type));
    for (key, label) in exclusions(case, statement) {
        finding = finding.also(key, label);
    }
    for (condition, (result, _)) in statement.conditions.iter().zip(&trace.conditions) {
        let applies = if matches!(result, Match::Yes) { "applies" } else { "would apply" };
        finding = finding.also(condition.values_span, format!("{applies} because {}", reason(&wants(condition), case, condition)));
    }
    if !certain {
        finding = finding.severity(Severity::Warning);
    }
    // A negated operator holds where the key is missing, which few who write one think of.
    let missing = statement.conditions.iter().find(|condition| {
        condition.parsed.is_some_and(|operator| operator.row.negated && !operator.if_exists)
            && matches!(lookup(case.request, &condition.key_lower), KeyValue::Absent)
    });
    let allows = |statement: &crate::policy::Statement| {
        statement.effect.as_ref().is_some_and(|effect| effect.value == Effect::Allow)
    };
    let help = match missing {
        Some(condition) => {
            let (key, operator) = (&condition.key.value, &condition.operator.value);
            finding = finding.also(condition.operator.span, "a negated operator holds where the key is missing, too");
            format!(
                "`{operator}` holds wherever `{key}` is missing: {}; or have `\"Null\": {{ \"{key}\": \"false\" }}` added to the statement, so that it spares requests without it",
                supply_help(condition, case.request)
            )
        }
        None if !statement.conditions.is_empty() => {
            "make the request so that the condition of the statement does not hold, or have the statement changed; no Allow can make up for it".to_owned()
        }
        None if policy_type == PolicyType::Trust && !attached.policy.statements.iter().any(allows) => {
            "this policy only denies: write `Allow` here if that was meant; else remove the statement, or leave this caller out of it".to_owned()
        }
        None if statement.action.as_ref().is_some_and(|element| element.negated) => format!(
            "add `{}` to what `NotAction` spares, or have the statement removed; no Allow can make up for it",
            action.value
        ),
        None => {
            "remove the statement, or leave this action, resource or caller out of it; no Allow can make up for it".to_owned()
        }
    };
    let ask = format!(
        "please leave `{}` on `{}` by `{}` out of what {which} of the {title}{on} denies",
        action.value, case.request.resource.text().value, case.request.caller.text.value
    );
    Some(finding.help(help).ask(ask))
}

/// Elements that name what a statement spares, each with why this request is not spared.
fn exclusions(case: &Case<'_>, statement: &Statement) -> Vec<(Span, String)> {
    let request = case.request;
    let mut labels = Vec::new();
    if let Some(element) = statement.action.as_ref().filter(|element| element.negated) {
        let action = &request.action.value;
        labels.push((element.key, format!("denies whatever is not listed, and `{action}` is not")));
    }
    if let Some(element) = statement.resource.as_ref().filter(|element| element.negated) {
        labels.push((element.key, "on whatever is not listed, and this resource is not".to_owned()));
    }
    if let Some(element) = statement.principal.as_ref().filter(|element| element.negated) {
        labels.push((element.key, "to whoever is not listed, and this caller is not".to_owned()));
    }
    labels
}

fn reason(wants: &str, case: &Case<'_>, condition: &crate::policy::Condition) -> String {
    let why = crate::eval::Why::Satisfied;
    let sentence = super::words::condition_sentence(condition, case.request, why);
    sentence.strip_prefix(wants).map_or_else(|| sentence.clone(), |rest| format!("{wants}{rest}"))
}

fn owner(case: &Case<'_>, policy_type: PolicyType) -> Party {
    match policy_type {
        PolicyType::IdentityBased | PolicyType::PermissionsBoundary => Party::CallerAccount,
        PolicyType::Session => Party::Yourself,
        PolicyType::Trust | PolicyType::ResourceBased => case.resource_owner(),
        PolicyType::ServiceControl | PolicyType::ResourceControl => Party::Organization,
        PolicyType::VpcEndpoint => Party::EndpointOwner,
    }
}
