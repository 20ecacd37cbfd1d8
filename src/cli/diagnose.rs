//! The main job: why was this request denied?

use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::collect::assemble::Assembler;
use crate::collect::case_file;
use crate::collect::iac::Parameters;
use crate::collect::layer_files::LayerFiles;
use crate::collect::usable_roles::usable_roles;
use crate::collect::{self, Collected, InputError};
use crate::diagnose::{Background, diagnose, doubts};
use crate::eval::Decision;
use crate::finding::{CurrentIdentity, Diagnosis};
use crate::layers::Layers;
use crate::message::Denial;
use crate::policy::PolicyType;
use crate::report;
use crate::request::Request;
use crate::snapshot::Snapshot;
use crate::text::SourceMap;
use crate::token::subject;

use super::args::{DiagnoseArgs, Format};
use super::evidence::Told;
#[cfg(feature = "live")]
use super::recorded::Follow;
use super::{Failure, Output, Status, chain, evidence, input};
#[cfg(feature = "live")]
use super::{live, recorded};
#[cfg(feature = "live")]
use crate::collect::aws::{Asking, Event};

pub(super) fn run(args: &DiagnoseArgs, output: Output) -> Result<Status, Failure> {
    let mut sources = SourceMap::default();
    let (diagnoses, status) = match &args.case {
        Some(path) => from_case(args, path, &mut sources, &output)?,
        None => match evidence::read(args, &mut sources, &output) {
            Ok(evidence::Read::Nothing) => from_options(args, None, &mut sources, &output)?,
            Ok(evidence::Read::Told(told)) => {
                from_options(args, Some(told), &mut sources, &output)?
            }
            Ok(evidence::Read::NotDenied(answer)) => (vec![*answer], Status::Good),
            Err(failure @ Failure::NoError(_)) if args.format == Format::Json => {
                // Whoever reads JSON gets some: there is no result.
                let (json, none) = (report::Format::Json, SourceMap::default());
                output.result(&[], |out| report::write(json, &[], &none, &output.style, out))?;
                return Err(failure);
            }
            Err(failure) => return Err(failure),
        },
    };
    conclude(args.format, &diagnoses, status, &sources, &output)
}

/// Diagnoses errors that were read already.
pub(super) fn explain(
    args: &DiagnoseArgs,
    told: Vec<Told>,
    mut sources: SourceMap,
    output: &Output,
) -> Result<Status, Failure> {
    let (diagnoses, status) = from_options(args, Some(told), &mut sources, output)?;
    conclude(args.format, &diagnoses, status, &sources, output)
}

/// Writes the answers, and sums them up.
fn conclude(
    format: Format,
    diagnoses: &[Diagnosis],
    mut status: Status,
    sources: &SourceMap,
    output: &Output,
) -> Result<Status, Failure> {
    let mut said: Vec<&str> = Vec::new();
    for diagnosis in diagnoses {
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
    let format = match format {
        Format::Human => report::Format::Human,
        Format::Json => report::Format::Json,
    };
    let names = names(diagnoses);
    output.result(&names, |out| report::write(format, diagnoses, sources, &output.style, out))?;
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
        // What a token says of its bearer, and what the policy has in its place.
        let of_token = (diagnosis.context.iter())
            .filter(|(key, _)| key.starts_with("saml:") || key.contains('.'))
            .flat_map(|(_, values)| values);
        let compared = diagnosis.findings.iter().filter_map(|finding| finding.compare.as_ref());
        let subjects = of_token.chain(compared.map(|comparison| &comparison.policy));
        let is_aws = |text: &str| text.contains(".amazonaws.") || text.contains("aws.amazon.com");
        names.extend(
            subjects
                .filter(|subject| !is_aws(subject))
                .flat_map(|subject| subject::names(subject))
                .map(str::to_owned),
        );
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
        if let Some(facts) = case.facts() {
            diagnosis.notes.extend(just_changed(facts, &case.layers, &request));
            identify(&mut diagnosis, facts);
        }
        diagnoses.push(diagnosis);
    }
    Ok((diagnoses, status))
}

fn from_options(
    args: &DiagnoseArgs,
    mut denials: Option<Vec<Told>>,
    sources: &mut SourceMap,
    output: &Output,
) -> Result<(Vec<Diagnosis>, Status), Failure> {
    let (parameters, wrong) = parameters(&args.parameters, sources)?;
    let mut status = complain(&wrong, sources, output);
    let read = match read_facts(args, &mut denials, &parameters, sources, output)? {
        Ok(read) => read,
        Err(answer) => return Ok((answer.into_iter().collect(), status)),
    };
    let collected = &read.collected;
    status = status.worse(complain(&collected.errors, sources, output));
    let loose = collected.snapshot.note_on_loose_policies(sources, &layer_paths(args));
    collected.notes.iter().chain(&loose).for_each(|note| output.warn(note));
    if output.style.verbose {
        for call in &collected.snapshot.not_read {
            let gap = if call.about.is_empty() { "" } else { " " };
            output
                .warn(&format!("not read: `{}`{gap}{}: {}", call.operation, call.about, call.why));
        }
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
    if !chain::is_chain(args) {
        let (diagnoses, own) = answers(args, denials, &read, sources, output, &|_| {})?;
        return Ok((diagnoses, status.worse(own)));
    }
    let hops = match chain::hops(args, sources, output)? {
        Ok(hops) => hops,
        Err(broken) => return Ok((Vec::new(), status.worse(broken))),
    };
    let mut diagnoses = Vec::new();
    for hop in &hops {
        let (own, hop_status) =
            answers(&hop.args, None, &read, sources, output, &|request| hop.place(request))?;
        status = status.worse(hop_status);
        diagnoses.extend(own);
    }
    for (at, diagnosis) in diagnoses.iter_mut().enumerate() {
        diagnosis.hop = Some(at + 1);
    }
    Ok((diagnoses, status))
}

/// The facts, and whether AWS was asked.
struct Read {
    collected: Collected,
    is_live: bool,
    /// What AWS said when the denied call was tried.
    probe: Option<Denial>,
    /// What else is worth a line.
    notes: Vec<String>,
}

/// Reads files, and AWS where it is to be asked; or the answer, where nobody knows who asks.
fn read_facts(
    args: &DiagnoseArgs,
    told: &mut Option<Vec<Told>>,
    parameters: &Parameters,
    sources: &mut SourceMap,
    output: &Output,
) -> Result<Result<Read, Option<Diagnosis>>, Failure> {
    let read_file = |path: &Path| std::fs::read(path);
    #[cfg(feature = "live")]
    if live::is_wanted(args) {
        input::validate(args)?;
        let others = [args.live.role_profile.as_deref(), args.live.org_profile.as_deref()];
        let profile = args.profile.as_deref().filter(|_| args.aws_config.is_none());
        let options = live::options(&args.live.reach, profile, others)?;
        let bar = live::Bar::new(output);
        let show = |event: Event<'_>| bar.show(event);
        let asking = Asking::new(options, &show).map_err(Failure::Live)?;
        let mut notes = Vec::new();
        let follow = Follow { args, asking: &asking, told, sources, notes: &mut notes };
        recorded::follow(follow)?;
        let denials: Vec<Denial> = told.iter().flatten().map(|one| one.denial.clone()).collect();
        let wanted = live::wanted(args, &denials);
        let gathered = asking.gather(&wanted);
        let mut probe = None;
        if args.live.probe {
            live::probe(args, &asking, &gathered, sources, &mut probe, &mut notes);
        }
        bar.clear();
        notes.extend(gathered.remarks.iter().cloned());
        if let Err(error) = &gathered.identity {
            let knows = wanted.caller.is_some() || wanted.without_caller || !args.facts.is_empty();
            // Without a caller there is nothing to ask of facts; what a text says is told all the same.
            if !knows && told.is_none() {
                return Ok(Err(Some(live::nobody(args, error, sources))));
            }
            live::complain(error, output);
            if !knows {
                let collected = Collected::default();
                return Ok(Ok(Read { collected, is_live: false, probe: None, notes }));
            }
        }
        let texts: Vec<_> =
            gathered.answers.iter().map(|answer| (answer.title(), answer.text())).collect();
        let collected = collect::read_all(sources, &args.facts, parameters, &read_file, &texts);
        return Ok(Ok(Read { collected, is_live: true, probe, notes }));
    }
    #[cfg(feature = "live")]
    if let Some(unused) = live::unused(args) {
        output.warn(&unused);
    }
    let _ = told;
    let _ = output;
    let collected = collect::read_with(sources, &args.facts, parameters, &read_file);
    Ok(Ok(Read { collected, is_live: false, probe: None, notes: Vec::new() }))
}

/// Says whose credentials were at hand, where AWS was asked.
fn identify(diagnosis: &mut Diagnosis, snapshot: &Snapshot) {
    let Some(origins) = &snapshot.origins else { return };
    let Some(own) = snapshot.identities.first() else { return };
    let arn = own.arn.value.clone();
    let is_caller = arn == diagnosis.principal;
    diagnosis.notes.extend(origins.remarks.iter().cloned());
    diagnosis.identity =
        Some(Box::new(CurrentIdentity { arn, source: origins.source.clone(), is_caller }));
}

/// How long a change may take to be seen everywhere, in seconds; AWS names no time.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html>
const SPREADING: i64 = 300;

/// Policies that apply and were changed right before the request.
fn just_changed(snapshot: &Snapshot, layers: &Layers, request: &Request) -> Vec<String> {
    let Some(time) = request.time else { return Vec::new() };
    let attached = layers.layers.iter().flat_map(|layer| &layer.policies);
    let mut notes: Vec<String> = attached
        .filter_map(|attached| {
            let policy = snapshot.managed.get(attached.arn.as_ref()?)?;
            let age = time.as_second() - policy.updated.as_ref()?.value.as_second();
            (0..SPREADING).contains(&age).then(|| {
                format!(
                    "policy {} was changed {age} seconds before the request, and a change of IAM takes a \
                     while to be seen everywhere",
                    attached.title()
                )
            })
        })
        .collect();
    notes.dedup();
    notes
}

/// What the facts say besides the request.
fn background(snapshot: &Snapshot) -> Background {
    let entities = snapshot.entities.values().filter_map(|entity| entity.created.as_ref());
    let policies = snapshot.managed.values().filter_map(|policy| policy.updated.as_ref());
    Background {
        identities: snapshot.identities.iter().map(|identity| identity.arn.value.clone()).collect(),
        newest: entities.chain(policies).map(|moment| moment.value).max(),
    }
}

/// The answers to one set of options; `place` mends the requests made from them.
fn answers(
    args: &DiagnoseArgs,
    denials: Option<Vec<Told>>,
    read: &Read,
    sources: &mut SourceMap,
    output: &Output,
    place: &dyn Fn(&mut Request),
) -> Result<(Vec<Diagnosis>, Status), Failure> {
    let (mut files, mut errors) = layer_files(args, sources)?;
    if let Some(told) = &denials {
        let (notes, more) = evidence::recorded_policies(told, &args.facts, sources, &mut files);
        notes.iter().for_each(|note| output.warn(note));
        errors.extend(more);
    }
    let status = complain(&errors, sources, output);
    if status == Status::Broken {
        // A policy that was named and cannot be read would be taken for one that says nothing.
        return Ok((Vec::new(), Status::Broken));
    }
    let snapshot = &read.collected.snapshot;
    let has_facts = !args.facts.is_empty() || has_layer_files(args) || read.is_live;
    let (requests, mut diagnoses) = match denials {
        Some(denials) => {
            let own = snapshot.identities.first().filter(|_| read.is_live);
            let own = own.map(|own| own.arn.value.as_str());
            evidence::requests(args, denials, has_facts, own, sources, super::now())?
        }
        None => {
            let requests = input::requests(args, snapshot, sources, super::now())?;
            let with_probe = |request| (request, read.probe.clone().map(Told::from));
            (requests.into_iter().map(with_probe).collect(), Vec::new())
        }
    };
    let mut assembler = Assembler::new(snapshot, sources, files);
    for (mut request, denial) in requests {
        place(&mut request);
        let layers = assembler.layers(&mut request);
        let notes = assembler.take_notes();
        let roles = if request.is_assume_role() {
            Vec::new()
        } else {
            usable_roles(snapshot, &mut assembler, &request)
        };
        let mut diagnosis = diagnose(&request, &layers, &|| roles.clone());
        diagnosis.title = chain::title(&request);
        if args.but_denied && !diagnosis.decision.is_denied() {
            diagnosis.doubts = doubts(&request, &diagnosis.gaps, &background(snapshot));
        }
        diagnosis.notes.extend(notes);
        diagnosis.notes.extend(read.notes.iter().cloned());
        diagnosis.notes.extend(just_changed(snapshot, &layers, &request));
        identify(&mut diagnosis, snapshot);
        #[cfg(feature = "live")]
        live::hint(args, read.is_live, &mut diagnosis);
        if let Some(Told { denial, record, .. }) = denial {
            let found = match record {
                Some(record) => {
                    let mut found = crate::evidence::evidence_of(&record);
                    found.agreement =
                        Some(crate::evidence::record_agreement(&record, &diagnosis, &layers));
                    found
                }
                None => {
                    let mut found = crate::evidence::evidence(&denial);
                    found.agreement =
                        Some(crate::evidence::agreement(&denial, &diagnosis, &layers));
                    found
                }
            };
            let agrees = found.agreement.as_ref().and_then(|one| one.agrees);
            if diagnosis.decision == Decision::Allowed && agrees == Some(false) {
                // Whoever reads no more than the first line is not to take it for AWS's answer.
                diagnosis.headline =
                    "by these facts; AWS denied it, so they are not what it saw".to_owned();
            }
            diagnosis.evidence = Some(Box::new(found));
        }
        diagnoses.push(diagnosis);
    }
    #[cfg(feature = "live")]
    if !read.is_live && !args.offline {
        diagnoses.iter_mut().for_each(live::next);
    }
    // What a log tells most often comes first.
    diagnoses.sort_by_key(|diagnosis| {
        std::cmp::Reverse(diagnosis.evidence.as_ref().map_or(0, |one| one.denial.count))
    });
    Ok((diagnoses, status))
}

/// The values of the options that stand in for a layer.
fn layer_options(args: &DiagnoseArgs) -> impl Iterator<Item = &String> {
    let options = [
        &args.trust_policy,
        &args.identity_policy,
        &args.boundary,
        &args.session_policy,
        &args.scp,
        &args.rcp,
        &args.resource_policy,
        &args.endpoint_policy,
    ];
    options.into_iter().flatten()
}

/// Whether an option stands in for a layer.
pub(super) fn has_layer_files(args: &DiagnoseArgs) -> bool {
    layer_options(args).next().is_some()
}

/// The files that are given for layers, with a level or without.
fn layer_paths(args: &DiagnoseArgs) -> Vec<&Path> {
    let paths = layer_options(args)
        .flat_map(|text| [Some(&**text), text.split_once('=').map(|(_, path)| path)]);
    paths.flatten().map(Path::new).collect()
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

/// What is given for the parameters of templates: pairs, and files of them.
pub(super) fn parameters(
    given: &[String],
    sources: &mut SourceMap,
) -> Result<(Parameters, Vec<InputError>), Failure> {
    let mut parameters = Parameters::default();
    let mut errors = Vec::new();
    for text in given {
        let path = Path::new(text);
        if path.is_file() {
            match std::fs::read(path) {
                Ok(bytes) => errors.extend(parameters.file(sources, path, bytes).err()),
                Err(error) => {
                    errors.push(InputError::of(path, format!("the file cannot be read: {error}")));
                }
            }
        } else if parameters.pair(sources, text).is_none() {
            return Err(Failure::Usage(format!(
                "`--parameters {text}`: give `KEY=VALUE`, or a file of parameters that exists"
            )));
        }
    }
    Ok((parameters, errors))
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
