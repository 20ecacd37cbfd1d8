//! From what AWS said to requests that can be diagnosed.

use std::io::Read as _;
use std::path::Path;

use jiff::Timestamp;

use crate::evidence::{bare, is_about_policies};
use crate::finding::{Diagnosis, Severity};
use crate::layers::Layers;
use crate::message::{self, Denial};
use crate::request::{Caller, Request};
use crate::text::{SourceMap, Spanned};

use super::args::DiagnoseArgs;
use super::input::{self, Asked, usage};
use super::{Failure, Output};

/// The errors that the evidence tells of; `None` where no evidence was given.
pub(super) fn read(
    args: &DiagnoseArgs,
    sources: &mut SourceMap,
    output: &Output,
) -> Result<Option<Vec<Denial>>, Failure> {
    let name = match args.evidence.as_slice() {
        [] => return Ok(None),
        [one] => one.clone(),
        // Somebody forgot the quotes.
        words => words.join(" "),
    };
    let path = Path::new(&name);
    let source = if name == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        sources.add_given("the message", message::without_secrets(&text))
    } else if !name.contains('\n') && name.len() < 4096 && path.is_file() {
        let bytes =
            std::fs::read(path).map_err(|error| Failure::File { path: path.to_owned(), error })?;
        let text = message::without_secrets(&String::from_utf8_lossy(&bytes));
        sources
            .add_file(name.clone(), text.into_bytes())
            .map_err(|error| usage(format!("{name}: {error}; {}", error.help())))?
    } else {
        sources.add_given("the message", message::without_secrets(&name))
    };
    let message::Reading { denials, more } = message::read_all(sources, source);
    if more > 0 {
        output.warn(&format!("{more} more distinct errors are left out"));
    }
    if denials.is_empty() {
        let is_name = !name.contains(' ') && name != "-" && !path.is_file();
        let hint = if is_name { "; nor is it a file" } else { "" };
        let shown: String = name.chars().take(60).filter(|letter| !letter.is_control()).collect();
        return Err(usage(format!(
            "`{}`: no error of AWS is recognised in it{hint}. Give the whole text that the tool printed, or say what was denied with `--role` or `--action` and `--resource`",
            message::without_secrets(&shown)
        )));
    }
    Ok(Some(denials))
}

type Questions = (Vec<(Request, Option<Denial>)>, Vec<Diagnosis>);

/// The requests that facts can answer, and the answers where there is nothing to ask.
pub(super) fn requests(
    args: &DiagnoseArgs,
    denials: Vec<Denial>,
    has_facts: bool,
    sources: &mut SourceMap,
    now: Timestamp,
) -> Result<Questions, Failure> {
    let mut requests = Vec::new();
    let mut answers = Vec::new();
    let time = input::time(args, Some(now))?;
    for denial in denials {
        let built = if is_about_policies(&denial) {
            build(args, &denial, sources, time)?
        } else {
            Err(None)
        };
        match built {
            Ok(request) if has_facts => requests.push((request, Some(denial))),
            Ok(request) => {
                let mut answer = bare(&denial);
                // What is wrong with the request itself needs no facts.
                let found = crate::diagnose::diagnose(&request, &Layers::default(), &Vec::new);
                let of_request = found.gates.iter().any(|report| {
                    use crate::finding::{Gate, Outcome};
                    report.outcome == Outcome::Failed
                        && matches!(report.gate, Gate::RoleArn | Gate::Caller)
                });
                if of_request {
                    answer.decision = found.decision;
                    answer.headline = found.headline;
                    answer.gates = found
                        .gates
                        .into_iter()
                        .filter(|one| one.outcome == crate::finding::Outcome::Failed)
                        .filter(|one| {
                            matches!(
                                one.gate,
                                crate::finding::Gate::RoleArn | crate::finding::Gate::Caller
                            )
                        })
                        .collect();
                    answer.findings = found
                        .findings
                        .into_iter()
                        .filter(|finding| finding.severity == Severity::Error)
                        .filter(|finding| {
                            matches!(
                                crate::rules::gate(finding.rule),
                                Some(crate::finding::Gate::RoleArn | crate::finding::Gate::Caller)
                            )
                        })
                        .collect();
                }
                answers.push(answer);
            }
            Err(missing) => {
                let mut answer = bare(&denial);
                if let (true, Some(missing)) = (has_facts, missing) {
                    answer.notes.push(missing);
                }
                answers.push(answer);
            }
        }
    }
    Ok((requests, answers))
}

/// The request that was denied, from the text and from the options, which win; or what is missing.
fn build(
    args: &DiagnoseArgs,
    denial: &Denial,
    sources: &mut SourceMap,
    time: Option<Timestamp>,
) -> Result<Result<Request, Option<String>>, Failure> {
    let pick = |option: Option<&String>, field: &Option<Spanned<String>>| {
        option.cloned().or_else(|| field.as_ref().map(|one| one.value.clone()))
    };
    let caller = pick(args.caller.as_ref(), &denial.principal);
    let action = pick(args.action.first(), &denial.action);
    let resource = pick(args.resource.first(), &denial.resource);
    let missing = |what: &str, option: &str| {
        Ok(Err(Some(format!(
            "the facts cannot be asked: the text does not name {what}; give it with `{option}`"
        ))))
    };
    let Some(caller) = caller else { return missing("the caller", "--caller ARN") };
    let Some(action) = action else { return missing("the action", "--action ACTION") };
    let Some(resource) = resource else { return missing("the resource", "--resource ARN") };
    let spanned = |value: &str| {
        let whole = Spanned { value: value.to_owned(), span: denial.span };
        Caller::parse(whole)
            .ok()
            .filter(|caller| caller.account.as_deref().is_none_or(crate::policy::is_account_id))
    };
    if spanned(&caller).is_none() {
        return Ok(Err(Some(format!(
            "the facts cannot be asked: `{caller}` is no whole caller; give it with `--caller ARN`"
        ))));
    }
    if resource != "*" && !resource.starts_with("arn:") {
        return Ok(Err(Some(format!(
            "the facts cannot be asked: `{resource}` is no ARN; give it with `--resource ARN`"
        ))));
    }
    let asked = Asked { caller: &caller, action: &action, resource: &resource, presented: None };
    let mut request = input::request(args, sources, &asked, time)?;
    // Findings point into the text, where it says so.
    if let (None, Some(principal)) = (&args.caller, &denial.principal)
        && let Ok(caller) = Caller::parse(principal.clone())
    {
        request.caller = caller;
    }
    if let (true, Some(action)) = (args.action.is_empty(), &denial.action) {
        request.action.span = action.span;
    }
    if let (true, Some(resource)) = (args.resource.is_empty(), &denial.resource) {
        request.resource.text.span = resource.span;
    }
    Ok(Ok(request))
}
