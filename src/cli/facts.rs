//! `why-denied facts`: what was recognised in files, what that proves, and what is missing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::collect::assemble::Assembler;
use crate::collect::iac;
use crate::collect::layer_files::LayerFiles;
use crate::collect::shapes::SHAPES;
use crate::collect::store;
use crate::collect::{self, Collected};
use crate::diagnose::diagnose;
use crate::report::{self, FactsReport, Question, RecognisedFile, Subject};
use crate::snapshot::{EntityKind, ProviderKind, Snapshot, TargetKind};
use crate::text::SourceMap;

use super::args::{DiagnoseArgs, FactsArgs, Format};
use super::diagnose::{complain, parameters};
use super::{Failure, Output, Status, input};

pub(super) fn run(args: &FactsArgs, output: Output) -> Result<Status, Failure> {
    let mut sources = SourceMap::default();
    let (parameters, mut errors) = parameters(&args.parameters, &mut sources)?;
    let read = |path: &std::path::Path| std::fs::read(path);
    let collected = collect::read_with(&mut sources, &args.paths, &parameters, &read);
    errors.extend(collected.errors.iter().cloned());
    let status = complain(&errors, &sources, &output);
    let loose = collected.snapshot.note_on_loose_policies(&sources, &[]);
    let mut report = recognised(&collected, loose);
    report.question = question(args, &collected.snapshot, &mut sources, &mut report.notes)?;
    let format = match args.format {
        Format::Human => report::Format::Human,
        Format::Json => report::Format::Json,
    };
    output.result(&[], |out| report::write_facts(format, &report, &output.style, out))?;
    Ok(status)
}

fn recognised(collected: &Collected, loose: Option<String>) -> FactsReport {
    let files = collected.recognised.iter().map(|file| {
        let proves = SHAPES.iter().map(|shape| (shape.id, shape.proves));
        let mut proves = proves.chain([(store::SHAPE, store::PROVES)]).chain(iac::PROVES);
        let proves = proves.find(|(id, _)| *id == file.shape).map(|(_, proves)| proves);
        RecognisedFile {
            file: file.path.display().to_string(),
            shape: file.shape,
            proves: proves.unwrap_or_default(),
        }
    });
    let skipped = (collected.skipped.iter())
        .map(|skipped| (skipped.path.display().to_string(), skipped.why.clone()));
    FactsReport {
        files: files.collect(),
        skipped: skipped.collect(),
        accounts: accounts(&collected.snapshot),
        organizations: organizations(&collected.snapshot),
        resources: resources(&collected.snapshot),
        notes: collected.notes.iter().cloned().chain(loose).collect(),
        question: None,
    }
}

/// `2 users`, `1 role`; nothing for none.
fn counted(number: usize, noun: &str) -> Option<String> {
    let plural = match noun.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{noun}s"),
    };
    match number {
        0 => None,
        1 => Some(format!("1 {noun}")),
        _ => Some(format!("{number} {plural}")),
    }
}

fn accounts(snapshot: &Snapshot) -> Vec<Subject> {
    let mut counts: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for (_, entity) in snapshot.entities.described() {
        let [users, groups, roles] = counts.entry(entity.account).or_default();
        match entity.kind {
            EntityKind::User => *users += 1,
            EntityKind::Group => *groups += 1,
            EntityKind::Role => *roles += 1,
        }
    }
    let organizations = &snapshot.organizations;
    let in_tree = (organizations.targets.values())
        .filter(|target| target.kind == TargetKind::Account)
        .map(|target| target.id.as_str());
    let ids: BTreeSet<&str> = counts
        .keys()
        .copied()
        .chain(snapshot.accounts.keys().map(String::as_str))
        .chain(in_tree)
        .collect();
    ids.into_iter()
        .map(|id| {
            let [users, groups, roles] = counts.get(id).copied().unwrap_or_default();
            let mut known = Vec::new();
            let seen = [(users, "user"), (groups, "group"), (roles, "role")];
            let seen: Vec<_> =
                seen.iter().filter_map(|(count, noun)| counted(*count, noun)).collect();
            if !seen.is_empty() {
                let whole = snapshot.accounts.get(id).is_some_and(|account| account.complete);
                let rest = if whole { "that is all there are" } else { "there may be others" };
                known.push(format!("{}; {rest}", seen.join(", ")));
            }
            if let Some(place) = organizations.place(id) {
                known.push(match place.path {
                    Some(path) => format!("its place in the organization is {path}"),
                    None => format!("in organization {}; its place there is not known", place.id),
                });
            }
            if organizations.managed_by(id).is_some() {
                known.push("manages the organization, so no control policy limits it".to_owned());
            }
            for (kind, noun) in
                [(ProviderKind::Oidc, "OpenID Connect"), (ProviderKind::Saml, "SAML")]
            {
                if snapshot.providers_listed.contains(&(kind, id.to_owned())) {
                    known.push(format!("all its {noun} providers"));
                }
            }
            Subject { id: id.to_owned(), known }
        })
        .collect()
}

fn organizations(snapshot: &Snapshot) -> Vec<Subject> {
    let organizations = &snapshot.organizations;
    let mut subjects: Vec<_> = (organizations.known.iter())
        .map(|(id, organization)| {
            let managed = organization.management_account.as_ref();
            let known = managed.map(|account| format!("managed by account {account}"));
            Subject { id: id.clone(), known: known.into_iter().collect() }
        })
        .collect();
    for target in organizations.targets.values() {
        let mut known = Vec::new();
        if let Some(parent) = &target.parent {
            known.push(format!("right under {}", parent.value));
        } else if target.kind != TargetKind::Root {
            known.push("not known under what".to_owned());
        }
        for (list, noun) in [
            (&target.service_control, "service control policy"),
            (&target.resource_control, "resource control policy"),
        ] {
            let rest = if list.complete { "that is all" } else { "there may be others" };
            if let Some(count) = counted(list.items.len(), noun) {
                known.push(format!("{count}; {rest}"));
            }
        }
        let id = match &target.name {
            Some(name) => format!("{} ({name})", target.id),
            None => target.id.clone(),
        };
        subjects.push(Subject { id, known });
    }
    for (id, policy) in &organizations.policies {
        let name = policy.name.as_deref().map_or(String::new(), |name| format!(" ({name})"));
        let by_aws = matches!(id.as_str(), "p-FullAWSAccess" | "p-RCPFullAWSAccess");
        let document = match (&policy.document, by_aws) {
            (Some(_), _) => "its document",
            (None, true) => "its document, which is AWS's own",
            (None, false) => "not its document",
        };
        subjects.push(Subject { id: format!("{id}{name}"), known: vec![document.to_owned()] });
    }
    subjects
}

fn resources(snapshot: &Snapshot) -> Vec<Subject> {
    let subject = |id: &str, known: String| Subject { id: id.to_owned(), known: vec![known] };
    let policies = snapshot.resource_policies.values().map(|policy| {
        let known = if policy.document.is_some() { "its policy" } else { "that it has no policy" };
        subject(&policy.holder, known.to_owned())
    });
    let endpoints = snapshot.endpoints.values().map(|endpoint| {
        let service = endpoint.service.as_deref().unwrap_or("a service that is not said");
        let policy = if endpoint.document.is_some() { "its policy" } else { "not its policy" };
        subject(&endpoint.id.value, format!("an endpoint of {service}; {policy}"))
    });
    let providers = snapshot.providers.values().map(|provider| {
        let known = match (&provider.client_ids, provider.kind) {
            (Some(ids), _) => format!("its {}", counted(ids.len(), "audience").unwrap_or_default()),
            (None, ProviderKind::Oidc) => "that it exists; not its audiences".to_owned(),
            (None, ProviderKind::Saml) => "that it exists".to_owned(),
        };
        subject(&provider.arn.value, known)
    });
    let devices = snapshot.mfa_devices.iter().map(|device| {
        subject(&device.serial.value, format!("the MFA device of user {}", device.user.value))
    });
    policies.chain(endpoints).chain(providers).chain(devices).collect()
}

/// What the facts lack to say whether the caller can assume the role.
fn question(
    args: &FactsArgs,
    snapshot: &Snapshot,
    sources: &mut SourceMap,
    notes: &mut Vec<String>,
) -> Result<Option<Question>, Failure> {
    if args.role.is_none() {
        return Ok(None);
    }
    let asked = DiagnoseArgs {
        role: args.role.clone(),
        caller: args.caller.clone(),
        ..DiagnoseArgs::default()
    };
    let requests = input::requests(&asked, snapshot, sources, Timestamp::now())?;
    let Some(mut request) = requests.into_iter().next() else { return Ok(None) };
    let mut assembler = Assembler::new(snapshot, sources, LayerFiles::default());
    let layers = assembler.layers(&mut request);
    notes.extend(assembler.take_notes());
    let diagnosis = diagnose(&request, &layers, &Vec::new);
    let mut gaps = diagnosis.gaps;
    for gap in layers.layers.iter().flat_map(|layer| &layer.missing) {
        if !gaps.contains(gap) {
            gaps.push((**gap).clone());
        }
    }
    Ok(Some(Question {
        caller: request.caller.text.value.clone(),
        role: request.resource.text().value.clone(),
        gaps,
    }))
}
