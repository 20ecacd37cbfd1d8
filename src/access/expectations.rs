//! What a repository has promised of its access: each expectation of the configuration, put to the
//! evaluator as a question.

use jiff::Timestamp;

use crate::check::{Expectation, Side};
use crate::diagnose::diagnose;
use crate::eval::Decision;
use crate::finding::{Diagnosis, Finding, StatementRole};
use crate::policy::{Arn, PolicyType};
use crate::text::{SourceId, SourceMap, Span};

use super::{Answer, Asker, Question, World, short, shown};

/// What does not hold of what is expected, and what cannot be told. The configuration is the text
/// `config`.
pub fn expectations(
    world: &World,
    wanted: &[Expectation],
    sources: &mut SourceMap,
    config: SourceId,
    now: Option<Timestamp>,
) -> Vec<Finding> {
    let mut found = Vec::new();
    for expectation in wanted {
        let mut absent = vec![PolicyType::Session, PolicyType::VpcEndpoint];
        absent.extend(&expectation.without);
        let mut asker = Asker::new(world, sources, &absent, now);
        for (side, principals) in
            [(Side::Allowed, &expectation.allowed), (Side::Denied, &expectation.denied)]
        {
            for (principal, place) in principals {
                let span = span(config, *place);
                let answer = ask(&mut asker, expectation, principal);
                found.extend(match answer {
                    Ok(answer) => held(expectation, principal, side, &answer, span),
                    Err(why) => Some(
                        Finding::new(
                            "expectation-undetermined",
                            format!("`{principal}` cannot ask for anything: {why}"),
                            span,
                            "no principal",
                        )
                        .help("give the ARN of a user, role, session or identity provider, a service principal, or `anonymous`"),
                    ),
                });
            }
        }
    }
    found
}

fn span(source: SourceId, (start, end): (usize, usize)) -> Span {
    let to_u32 = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span { source, start: to_u32(start), end: to_u32(end) }
}

/// Puts one expectation to the evaluator.
pub(super) fn ask(
    asker: &mut Asker<'_>,
    expectation: &Expectation,
    principal: &str,
) -> Result<Answer, String> {
    let kind = Arn::parse(principal).map(|arn| arn.resource.split('/').next().unwrap_or(""));
    let action = expectation.action.as_deref().unwrap_or(match kind {
        Some("oidc-provider") => "sts:AssumeRoleWithWebIdentity",
        Some("saml-provider") => "sts:AssumeRoleWithSAML",
        _ => "sts:AssumeRole",
    });
    asker.ask(&Question {
        principal,
        action,
        resource: &expectation.resource,
        context: &expectation.context,
        complete: expectation.complete,
        claims: &expectation.claims,
        owner: None,
    })
}

/// What to say where it does not hold, or cannot be told.
fn held(
    expectation: &Expectation,
    principal: &str,
    side: Side,
    answer: &Answer,
    span: Span,
) -> Option<Finding> {
    let diagnosis = diagnose(&answer.request, &answer.layers, &Vec::new);
    let what = match (expectation.action.as_deref(), short(&expectation.resource)) {
        (None, role) => format!("assume `{role}`"),
        (Some(action), resource) => format!("`{action}` on `{resource}`"),
    };
    let who = shown(principal);
    match (side, diagnosis.decision) {
        (Side::Allowed, Decision::Allowed)
        | (Side::Denied, Decision::ExplicitDeny | Decision::ImplicitDeny) => None,
        (_, Decision::Undetermined) => Some(undetermined(&diagnosis, &who, &what, side, span)),
        (Side::Allowed, _) => {
            let cause = diagnosis.findings.first();
            let why = cause.map_or(diagnosis.headline.as_str(), |cause| cause.message.as_str());
            let message = format!("`{who}` has to be able to {what}, and is denied it: {why}");
            let mut finding =
                Finding::new("expectation-refuted", message, span, "has to stay allowed");
            if let Some(cause) = cause {
                finding = also(finding, cause.primary.span, &cause.primary.text);
                finding.help.clone_from(&cause.help);
            }
            Some(reason(finding, expectation))
        }
        (Side::Denied, _) => {
            let message = format!("`{who}` must never be able to {what}, and is allowed it");
            let mut finding =
                Finding::new("expectation-refuted", message, span, "must stay denied");
            for statement in &diagnosis.statements {
                if statement.role == StatementRole::Allows {
                    let label = format!("{} allows it", statement.policy);
                    finding = also(finding, head(statement.span), &label);
                }
            }
            let help = "narrow the statement that allows it, or change what is expected";
            Some(reason(finding.help(help), expectation))
        }
    }
}

/// The first byte of a statement.
fn head(span: Span) -> Span {
    Span { end: span.end.min(span.start + 1), ..span }
}

/// Adds a second place, unless it stands nowhere.
fn also(finding: Finding, span: Span, label: &str) -> Finding {
    if span.start == span.end { finding } else { finding.also(span, label) }
}

fn reason(mut finding: Finding, expectation: &Expectation) -> Finding {
    if let Some(reason) = &expectation.reason {
        finding.message.push_str("; why it is expected: ");
        finding.message.push_str(reason);
    }
    finding
}

fn undetermined(diagnosis: &Diagnosis, who: &str, what: &str, side: Side, span: Span) -> Finding {
    let (must, label) = match side {
        Side::Allowed => ("has to be able", "has to stay allowed"),
        Side::Denied => ("must never be able", "must stay denied"),
    };
    let facts: Vec<&str> = diagnosis.gaps.iter().take(3).map(|gap| gap.fact.as_str()).collect();
    let message = format!(
        "whether `{who}`, who {must} to {what}, is allowed it depends on {}",
        if facts.is_empty() {
            "facts that are not in view".to_owned()
        } else {
            facts.join("; and on ")
        }
    );
    let control = diagnosis.gaps.iter().any(|gap| gap.fact.contains("control polic"));
    let help = match diagnosis.gaps.first() {
        _ if control => {
            "give the organization's export with `--facts`, or say in the expectation that there is none: `without = [\"service-control\", \"resource-control\"]`".to_owned()
        }
        Some(gap) if gap.fact.contains(':') && !gap.fact.contains(' ') => {
            format!("say in the expectation what it is: `context = {{ \"{}\" = \"…\" }}`", gap.fact)
        }
        _ => "give the facts that are missing with `--facts`".to_owned(),
    };
    Finding::new("expectation-undetermined", message, span, label).help(help)
}
