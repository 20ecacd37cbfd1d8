//! The main job: why was this request denied?

use std::io::Write as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::collect::assemble::Assembler;
use crate::collect::case_file;
use crate::collect::layer_files::LayerFiles;
use crate::collect::usable_roles::usable_roles;
use crate::collect::{self, InputError};
use crate::diagnose::diagnose;
use crate::eval::Decision;
use crate::finding::Diagnosis;
use crate::policy::PolicyType;
use crate::report;
use crate::text::SourceMap;

use super::args::{DiagnoseArgs, Format};
use super::{Failure, Output, Status, input};

pub(super) fn run(args: &DiagnoseArgs, output: Output) -> Result<Status, Failure> {
    let mut sources = SourceMap::default();
    let (diagnoses, mut status) = match &args.case {
        Some(path) => from_case(args, path, &mut sources, &output)?,
        None => from_options(args, &mut sources, &output)?,
    };
    let mut said: Vec<&str> = Vec::new();
    for diagnosis in &diagnoses {
        for note in &diagnosis.notes {
            if !said.contains(&note.as_str()) {
                output.warn(note);
                said.push(note);
            }
        }
        status = status.worse(match diagnosis.decision {
            Decision::Allowed => Status::Good,
            Decision::Undetermined => Status::Undetermined,
            Decision::ExplicitDeny | Decision::ImplicitDeny => Status::Denied,
        });
    }
    if diagnoses.is_empty() {
        return Ok(status.worse(Status::Broken));
    }
    let format = match args.format {
        Format::Human => report::Format::Human,
        Format::Json => report::Format::Json,
    };
    let names = names(&diagnoses);
    output.result(&names, |out| report::write(format, &diagnoses, &sources, &output.style, out))?;
    Ok(status)
}

/// Names that are to be masked wherever they stand.
fn names(diagnoses: &[Diagnosis]) -> Vec<String> {
    let masked = ["sts:ExternalId", "sts:RoleSessionName", "sts:SourceIdentity", "aws:username"];
    let mut names: Vec<String> = Vec::new();
    for diagnosis in diagnoses {
        let values = diagnosis.context.iter().filter(|(key, _)| masked.contains(&key.as_str()));
        let sids = diagnosis.statements.iter().filter_map(|statement| statement.sid.clone());
        names.extend(sids);
        names.extend(values.flat_map(|(_, values)| values.clone()));
        names.extend(
            diagnosis
                .statements
                .iter()
                .map(|statement| statement.policy.clone())
                .filter(|name| !name.starts_with("the ")),
        );
    }
    names
}

fn from_case(
    args: &DiagnoseArgs,
    path: &Path,
    sources: &mut SourceMap,
    output: &Output,
) -> Result<(Vec<Diagnosis>, Status), Failure> {
    let file = case_file::load(sources, path, &|path| std::fs::read(path));
    let mut status = complain(&file.errors, sources, output);
    let time = input::time(args, None)?;
    let mut diagnoses = Vec::new();
    for case in &file.cases {
        status = status.worse(complain(&case.errors, sources, output));
        let Some(request) = &case.request else {
            if case.errors.is_empty() {
                output.warn(&format!(
                    "{}: the case has no `request`, so there is nothing to diagnose",
                    path.display()
                ));
            }
            continue;
        };
        if !case.errors.is_empty() {
            continue;
        }
        let mut request = request.clone();
        request.time = request.time.or(time);
        let roles = case.usable_roles(sources);
        let mut diagnosis = diagnose(&request, &case.layers, &|| roles.clone());
        diagnosis.name = case.name.clone().filter(|_| file.cases.len() > 1);
        diagnosis.notes.extend(case.notes.iter().cloned());
        diagnoses.push(diagnosis);
    }
    Ok((diagnoses, status))
}

fn from_options(
    args: &DiagnoseArgs,
    sources: &mut SourceMap,
    output: &Output,
) -> Result<(Vec<Diagnosis>, Status), Failure> {
    let collected = collect::read_paths(sources, &args.facts);
    let mut status = complain(&collected.errors, sources, output);
    collected.notes.iter().for_each(|note| output.warn(note));
    if output.style.verbose {
        for skipped in &collected.skipped {
            output.warn(&format!("{}: left out: {}", skipped.path.display(), skipped.why));
        }
    } else if !collected.skipped.is_empty() {
        let count = collected.skipped.len();
        output.warn(&format!(
            "{count} {} of the folders not recognised; --verbose lists them",
            if count == 1 { "file" } else { "files" }
        ));
    }
    if !args.facts.is_empty() && collected.recognised.is_empty() && status == Status::Good {
        let help = "`--facts` takes policies and what the AWS CLI prints about IAM, such as the output of `aws iam get-account-authorization-details`";
        output.warn(&format!("nothing in the facts was recognised; {help}"));
    }
    let (files, errors) = layer_files(args, sources)?;
    let layer_status = complain(&errors, sources, output);
    if layer_status == Status::Broken {
        // A policy that was named and cannot be read would be taken for one that says nothing.
        return Ok((Vec::new(), Status::Broken));
    }
    status = status.worse(layer_status);
    let snapshot = &collected.snapshot;
    let requests = input::requests(args, snapshot, sources, now())?;
    let mut assembler = Assembler::new(snapshot, sources, files);
    let mut diagnoses = Vec::new();
    for mut request in requests {
        let layers = assembler.layers(&mut request);
        let notes = assembler.take_notes();
        let roles = if request.is_assume_role() {
            Vec::new()
        } else {
            usable_roles(snapshot, &mut assembler, &request)
        };
        let mut diagnosis = diagnose(&request, &layers, &|| roles.clone());
        diagnosis.notes.extend(notes);
        diagnoses.push(diagnosis);
    }
    Ok((diagnoses, status))
}

/// Says what is wrong with the input; whether anything was.
pub(super) fn complain(errors: &[InputError], sources: &SourceMap, output: &Output) -> Status {
    let mut status = Status::Good;
    for error in errors {
        status = Status::Broken;
        let mut labels = Vec::new();
        if let Some(span) = error.span {
            labels.push((span, error.label.as_deref().unwrap_or("here").to_owned()));
        }
        labels.extend(error.related.iter().map(|(span, label)| (*span, label.to_string())));
        let message = match &error.file {
            Some(file) => format!("{}: {}", file.display(), error.message),
            None => error.message.clone(),
        };
        let mut bytes = Vec::new();
        let written = report::diagnostic(
            &message,
            error.help.as_deref(),
            &labels,
            sources,
            &output.stderr_style,
            &mut bytes,
        );
        if written.is_ok() {
            // Nothing can be done about a terminal that is gone.
            let _ = std::io::stderr().write_all(&output.mask(bytes, &[]));
        }
    }
    status
}

/// Now, to the second: nothing in a policy is finer.
fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// The files that stand in for whole layers.
fn layer_files(
    args: &DiagnoseArgs,
    sources: &mut SourceMap,
) -> Result<(LayerFiles, Vec<InputError>), Failure> {
    let mut files = LayerFiles::default();
    let mut errors = Vec::new();
    let options = [
        (PolicyType::Trust, &args.trust_policy),
        (PolicyType::IdentityBased, &args.identity_policy),
        (PolicyType::PermissionsBoundary, &args.boundary),
        (PolicyType::Session, &args.session_policy),
        (PolicyType::ServiceControl, &args.scp),
        (PolicyType::ResourceControl, &args.rcp),
        (PolicyType::ResourceBased, &args.resource_policy),
        (PolicyType::VpcEndpoint, &args.endpoint_policy),
    ];
    for (policy_type, texts) in options {
        for text in texts {
            if text == "none" {
                files.none(policy_type);
                continue;
            }
            let leveled =
                matches!(policy_type, PolicyType::ServiceControl | PolicyType::ResourceControl);
            let (level, path) = match text.split_once('=') {
                Some((level, path))
                    if leveled
                        && level.bytes().all(|byte| byte.is_ascii_digit())
                        && !level.is_empty() =>
                {
                    let level = level
                        .parse()
                        .map_err(|_| Failure::Usage(format!("`{text}`: the level is too large")))?;
                    (level, PathBuf::from(path))
                }
                _ => (0, PathBuf::from(text)),
            };
            match std::fs::read(&path) {
                Ok(bytes) => {
                    if let Err(error) = files.push_file(sources, &path, bytes, policy_type, level) {
                        errors.push(error);
                    }
                }
                Err(error) => {
                    errors.push(InputError::of(&path, format!("the file cannot be read: {error}")))
                }
            }
        }
    }
    Ok((files, errors))
}
