//! From what AWS said to requests that can be diagnosed.

use std::io::Read as _;
use std::path::Path;

use jiff::Timestamp;

use crate::collect::InputError;
use crate::collect::layer_files::LayerFiles;
use crate::collect::shapes;
use crate::doc::{Syntax, parse};
use crate::evidence::{bare, bare_record, is_about_policies};
use crate::finding::{Diagnosis, Severity};
use crate::layers::Layers;
use crate::message::{self, Denial, Part, Record};
use crate::policy::PolicyType;
use crate::request::{Caller, Request};
use crate::text::{SourceId, SourceMap, Spanned};
use crate::trail::Group;

use super::args::DiagnoseArgs;
use super::events::{self, Events};
use super::input::{self, Asked, usage};
use super::{Failure, Output};

/// One thing that the evidence tells of.
pub(super) struct Told {
    pub(super) denial: Denial,
    /// AWS's own record, if it is from one.
    pub(super) record: Option<Record>,
    /// The denied calls, if it is from events of CloudTrail.
    pub(super) group: Option<Group>,
    /// The encoded message in the text. It is a secret, which AWS alone may see.
    #[cfg_attr(not(feature = "live"), expect(dead_code, reason = "only AWS can decode it"))]
    pub(super) encoded: Option<String>,
}

/// What was read.
pub(super) enum Read {
    /// No evidence was given.
    Nothing,
    /// What it tells of.
    Told(Vec<Told>),
    /// It tells that nothing was denied.
    NotDenied(Box<Diagnosis>),
}

impl From<Denial> for Told {
    fn from(denial: Denial) -> Self {
        Self { denial, record: None, group: None, encoded: None }
    }
}

impl From<Record> for Told {
    fn from(record: Record) -> Self {
        Self { record: Some(record.clone()), ..Self::from(record.denial) }
    }
}

/// What the evidence tells of.
pub(super) fn read(
    args: &DiagnoseArgs,
    sources: &mut SourceMap,
    output: &Output,
) -> Result<Read, Failure> {
    let name = match args.evidence.as_slice() {
        [] => return Ok(Read::Nothing),
        [one] => one.clone(),
        // Somebody forgot the quotes.
        words => words.join(" "),
    };
    let path = Path::new(&name);
    let is_path = name != "-" && !name.contains('\n') && name.len() < 4096;
    let is_file = is_path && path.is_file();
    let original = if name == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes)?;
        unpacked(&name, &bytes)?
    } else if is_file {
        let bytes =
            std::fs::read(path).map_err(|error| Failure::File { path: path.to_owned(), error })?;
        unpacked(&name, &bytes)?
    } else if is_path && path.is_dir() {
        return Err(usage(format!(
            "`{name}` is a folder: `why-denied trail {name}` reads CloudTrail in folders; facts are given with `--facts`"
        )));
    } else {
        name.clone()
    };
    let text = message::without_secrets(&original);
    let source = if is_file {
        sources
            .add_file(name.clone(), text.into_bytes())
            .map_err(|error| usage(format!("{name}: {error}; {}", error.help())))?
    } else {
        sources.add_given("the message", text)
    };
    // What AWS alone may see is taken from the text as it was.
    let with_encoded =
        |told: Told| Told { encoded: message::encoded(&original, &told.denial), ..told };
    let records = message::records(sources, source);
    if !records.is_empty() {
        let mut told: Vec<Told> = records.into_iter().map(Told::from).collect();
        // Where the record stands in a log, that may tell of errors besides.
        if !message::is_json(sources.text(source)) {
            let others = message::read(sources, source).into_iter();
            told.extend(others.filter(|one| !one.is_vague()).map(Told::from).map(with_encoded));
        }
        return Ok(Read::Told(told));
    }
    match events::read(sources, source) {
        Events::Told(told) => {
            if told.len() > MANY {
                output.warn(&format!(
                    "{} different denials: `why-denied trail {}` shows them as a list",
                    told.len(),
                    if is_file { name.as_str() } else { "FILE" }
                ));
            }
            return Ok(Read::Told(told.into_iter().map(with_encoded).collect()));
        }
        Events::NotDenied(answer) => return Ok(Read::NotDenied(answer)),
        Events::Nothing => {}
    }
    let message::Reading { denials, more } = message::read_all(sources, source);
    if more > 0 {
        output.warn(&format!("{more} more distinct errors are left out"));
    }
    if denials.is_empty() {
        if let Some(code) = message::other_code(sources.text(source)) {
            return Err(Failure::NoError(format!(
                "AWS's error `{}` is about neither permissions nor credentials, so there is no denial to explain",
                message::without_secrets(&code)
            )));
        }
        if let Some(why) = no_evidence(sources, source) {
            let file = if is_file { format!("`{name}`: ") } else { String::new() };
            return Err(Failure::NoError(format!("{file}{why}")));
        }
        let is_name = !name.contains(' ') && name != "-" && !path.is_file();
        let hint = if is_name { "; nor is it a file" } else { "" };
        let shown: String = name.chars().take(60).filter(|letter| !letter.is_control()).collect();
        return Err(Failure::NoError(format!(
            "`{}`: no error of AWS is recognised in it{hint}. Give the whole text that the tool printed, or say what was denied with `--role` or `--action` and `--resource`",
            message::without_secrets(&shown)
        )));
    }
    Ok(Read::Told(denials.into_iter().map(Told::from).map(with_encoded).collect()))
}

/// What a text is in which there is no error, where that can be told.
fn no_evidence(sources: &SourceMap, source: SourceId) -> Option<String> {
    match message::no_record(sources, source) {
        Some(message::NoRecord::Broken(error)) => {
            return Some(format!(
                "this looks like AWS's own record of a decision, and it cannot be read: {} (line {}). Have it printed again, whole",
                error.kind,
                sources.place(error.span).line
            ));
        }
        Some(message::NoRecord::Empty) => {
            return Some("this is AWS's own record, and there is no decision in it".to_owned());
        }
        None => {}
    }
    let documents = parse(sources, source, Syntax::guess("", sources.text(source))).ok()?;
    let shape = shapes::recognise(documents.first()?.root())?;
    Some(format!(
        "this is no error of AWS but facts (`{}`): pass the file with `--facts`, and `why-denied facts FILE` says what it proves",
        shape.id
    ))
}

/// More denials than this are better read as a list.
const MANY: usize = 20;

/// A file as a text. CloudTrail's are packed, and no text.
fn unpacked(name: &str, bytes: &[u8]) -> Result<String, Failure> {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return Err(usage(format!(
            "`{name}` is packed with gzip: `why-denied trail {name}` reads it if it is CloudTrail's; unpack it if it is another log"
        )));
    }
    // As PowerShell writes what goes to a file.
    let units = |of: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).skip(1).filter_map(|pair| pair.try_into().ok().map(of));
        String::from_utf16_lossy(&units.collect::<Vec<u16>>())
    };
    Ok(match bytes {
        [0xff, 0xfe, ..] => units(u16::from_le_bytes),
        [0xfe, 0xff, ..] => units(u16::from_be_bytes),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    })
}

type Questions = (Vec<(Request, Option<Told>)>, Vec<Diagnosis>);

/// The requests that facts can answer, and the answers where there is nothing to ask. `identity` is whose
/// the current credentials are, where AWS was asked for that.
pub(super) fn requests(
    args: &DiagnoseArgs,
    told: Vec<Told>,
    has_facts: bool,
    identity: Option<&str>,
    sources: &mut SourceMap,
    now: Timestamp,
) -> Result<Questions, Failure> {
    let mut requests = Vec::new();
    let mut answers = Vec::new();
    let time = input::time(args, Some(now))?;
    let is_one = told.len() == 1;
    for one in told {
        let denial = &one.denial;
        let built = if let (Some(group), true) = (&one.group, is_about_policies(denial)) {
            let time = time.filter(|_| args.time.is_some() || group.call.time.is_none());
            let built = events::request(args, (denial, group), sources, time)?;
            built.map_err(|why| Some(format!("the facts cannot be asked: {why}")))
        } else if is_about_policies(denial) {
            build(&with_context(args, one.record.as_ref()), denial, identity, sources, time)?
        } else {
            Err(None)
        };
        match built {
            Ok(request) if has_facts => requests.push((request, Some(one))),
            Ok(_) | Err(None) if one.record.is_some() => answers.push(bare_told(&one)),
            Ok(request) => {
                let mut answer = bare_told(&one);
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
                let mut answer = bare_told(&one);
                if let (true, Some(missing)) = (has_facts, missing) {
                    answer.notes.push(if is_one {
                        missing
                    } else {
                        of_which(&one.denial, &missing)
                    });
                }
                answers.push(answer);
            }
        }
    }
    Ok((requests, answers))
}

/// What is to be said of one among others.
fn of_which(denial: &Denial, what: &str) -> String {
    let value = |field: &Option<Spanned<String>>| field.as_ref().map(|one| one.value.clone());
    match (value(&denial.code), value(&denial.operation), value(&denial.action)) {
        (Some(code), Some(operation), _) => format!("of {code} to {operation}: {what}"),
        (Some(code), None, Some(action)) => format!("of {code} of {action}: {what}"),
        (None, _, Some(action)) => format!("of {action}: {what}"),
        (code, operation, _) => match code.or(operation) {
            Some(name) => format!("of {name}: {what}"),
            None => what.to_owned(),
        },
    }
}

fn bare_told(told: &Told) -> Diagnosis {
    match (&told.record, &told.group) {
        (Some(record), _) => bare_record(record),
        (None, Some(group)) => events::bare_event(&told.denial, group),
        (None, None) => bare(&told.denial),
    }
}

/// The options, with the request context that AWS recorded; what is given wins.
fn with_context(args: &DiagnoseArgs, record: Option<&Record>) -> DiagnoseArgs {
    let mut args = args.clone();
    let given: Vec<String> = args
        .context
        .iter()
        .filter_map(|text| text.split_once('='))
        .map(|(key, _)| key.to_ascii_lowercase())
        .collect();
    for (key, values) in record.into_iter().flat_map(|record| &record.context) {
        // What is none of a condition key's is not for the evaluator.
        if key.contains(':') && !key.contains('=') && !given.contains(&key.to_ascii_lowercase()) {
            args.context.extend(values.iter().map(|value| format!("{key}={value}")));
        }
    }
    args
}

/// The request that was denied, from the text and from the options, which win; or what is missing.
fn build(
    args: &DiagnoseArgs,
    denial: &Denial,
    identity: Option<&str>,
    sources: &mut SourceMap,
    time: Option<Timestamp>,
) -> Result<Result<Request, Option<String>>, Failure> {
    let pick = |option: Option<&String>, field: &Option<Spanned<String>>| {
        option.cloned().or_else(|| field.as_ref().map(|one| one.value.clone()))
    };
    // Whoever pastes an error that names nobody has mostly made the call.
    let own = || identity.map(str::to_owned);
    let caller = pick(args.caller.as_ref(), &denial.principal).or_else(own);
    let action = pick(args.action.first(), &denial.action);
    let resource = pick(args.resource.first(), &denial.resource);
    let missing = |what: &str, option: &str| {
        Ok(Err(Some(format!(
            "the facts cannot be asked: the text does not name {what}; give it with `{option}`"
        ))))
    };
    let Some(caller) = caller else {
        // What such a call presents says who makes it, and which role it asks for is not told either.
        let presents = match action.as_deref().map(str::to_ascii_lowercase).as_deref() {
            Some("sts:assumerolewithwebidentity") => "--token FILE",
            Some("sts:assumerolewithsaml") => "--saml FILE",
            _ => return missing("the caller", "--caller ARN"),
        };
        return Ok(Err(Some(format!(
            "the facts cannot be asked: the text does not name the caller; in place of the text, ask with `--role ARN {presents}`"
        ))));
    };
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
        request.resource.set_span(resource.span);
    }
    Ok(Ok(request))
}

/// Adds the policies of a record whose texts stand among the facts, in files with the policies' names;
/// what is to be said of the others.
pub(super) fn recorded_policies(
    told: &[Told],
    facts: &[std::path::PathBuf],
    sources: &mut SourceMap,
    files: &mut LayerFiles,
) -> (Vec<String>, Vec<InputError>) {
    let mut notes = Vec::new();
    let mut errors = Vec::new();
    // All decisions of one record have the same policies.
    let parts =
        told.iter().find_map(|one| one.record.as_ref()).map_or(&[][..], |one| &one.policies);
    let texts = json_files(facts);
    let text_of = |part: &Part| {
        let name = message::last_part(&part.uri);
        texts.iter().find(|path| path.file_stem().is_some_and(|stem| stem == name))
    };
    let mut types: Vec<PolicyType> = parts.iter().map(|part| part.policy_type).collect();
    types.sort_unstable();
    types.dedup();
    for policy_type in types {
        let mine: Vec<&Part> =
            parts.iter().filter(|part| part.policy_type == policy_type).collect();
        let missing: Vec<&str> = mine
            .iter()
            .filter(|part| text_of(part).is_none())
            .map(|part| message::last_part(&part.uri))
            .collect();
        if missing.len() == mine.len() || files.has(policy_type) {
            continue;
        }
        if !missing.is_empty() {
            notes.push(format!(
                "the recorded policies of type {} are not used: the text of {} is not among the files",
                policy_type.id(),
                missing.join(", ")
            ));
            continue;
        }
        // Policies that are attached to one place are one level.
        let mut places: Vec<&[String]> = Vec::new();
        for part in mine {
            let place = part.attached_to.as_slice();
            let level = places.iter().position(|other| *other == place).unwrap_or_else(|| {
                places.push(place);
                places.len() - 1
            });
            let limits =
                matches!(policy_type, PolicyType::ServiceControl | PolicyType::ResourceControl);
            let level = if limits { u32::try_from(level).unwrap_or(0) } else { 0 };
            let Some(path) = text_of(part) else { continue };
            match std::fs::read(path) {
                Ok(bytes) => {
                    let added = files.push_file(sources, path, bytes, policy_type, level);
                    errors.extend(added.err());
                }
                Err(error) => {
                    errors.push(InputError::of(path, format!("the file cannot be read: {error}")));
                }
            }
        }
    }
    (notes, errors)
}

/// The JSON files among these, and directly in these folders, in order.
fn json_files(paths: &[std::path::PathBuf]) -> Vec<std::path::PathBuf> {
    let walk = paths.iter().flat_map(|path| {
        walkdir::WalkDir::new(path).max_depth(2).sort_by_file_name().into_iter().flatten()
    });
    walk.filter(|entry| entry.file_type().is_file())
        .map(walkdir::DirEntry::into_path)
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect()
}
