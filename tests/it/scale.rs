//! Large files say what small ones say, though of them only that is read which is asked for.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use why_denied::collect::assemble::Assembler;
use why_denied::collect::layer_files::LayerFiles;
use why_denied::collect::{Collected, read_files};
use why_denied::eval::evaluate;
use why_denied::request::{Caller, Request};
use why_denied::snapshot::{EntityKind, Handle};
use why_denied::text::{SourceMap, Spanned};

use crate::support::{folder, root, run};

#[path = "../../benches/generator.rs"]
pub(crate) mod generator;

/// White space that makes any file a large one.
const PADDING: usize = 1 << 16;

fn collect(paths: &[PathBuf], padding: usize) -> (SourceMap, Collected) {
    let mut sources = SourceMap::default();
    let read = |path: &Path| {
        let mut bytes = std::fs::read(path)?;
        bytes.extend(std::iter::repeat_n(b'\n', padding));
        Ok(bytes)
    };
    let collected = read_files(&mut sources, paths, &read);
    (sources, collected)
}

fn place(sources: &SourceMap, handle: Option<&Handle>) -> String {
    handle.map_or("none".to_owned(), |handle| {
        let place = sources.place(handle.span());
        format!("{:?} {}:{} {}", place.file, place.line, place.column, place.text)
    })
}

/// All that is known of principals and managed policies, and what was noted.
fn described(sources: &SourceMap, collected: &Collected) -> String {
    let mut out = String::new();
    for entity in collected.snapshot.entities.values() {
        let inline = entity.inline.items.iter().map(|policy| {
            format!("{:?} {}", policy.name, place(sources, policy.document.as_ref()))
        });
        let _ = writeln!(
            out,
            "{:?} {:?} {} {} {:?} {:?} {:?} {:?} {} {:?}\n{:?} {}\n{:?}\n{:?}\n{:?}",
            entity.arn,
            entity.kind,
            entity.path,
            entity.name,
            entity.unique_id,
            entity.created,
            entity.tags,
            entity.boundary,
            place(sources, entity.trust.as_ref()),
            entity.max_session_duration,
            inline.collect::<Vec<_>>(),
            entity.inline.complete,
            entity.attached,
            entity.groups,
            entity.folders,
        );
    }
    for policy in collected.snapshot.managed.values().filter(|policy| policy.document.is_some()) {
        let document = place(sources, policy.document.as_ref());
        let _ = writeln!(
            out,
            "{:?} {:?} {:?} {document}",
            policy.arn, policy.default_version, policy.updated
        );
    }
    let shapes: Vec<_> = collected.recognised.iter().map(|one| one.shape).collect();
    let errors: Vec<_> = collected.errors.iter().map(|error| &error.message).collect();
    let _ = writeln!(out, "{shapes:?} {errors:?} {:?}", collected.notes);
    let _ = writeln!(out, "{:?}", collected.snapshot.accounts);
    out
}

fn assert_same_facts(paths: &[PathBuf]) {
    let (sources, whole) = collect(paths, 0);
    let (padded_sources, outline) = collect(paths, PADDING);
    let whole = described(&sources, &whole);
    assert_eq!(whole, described(&padded_sources, &outline), "{paths:?}");
}

#[test]
fn every_sample_says_the_same_when_it_is_large() {
    let inputs = root().join("fixtures/inputs");
    let folders = std::fs::read_dir(&inputs).unwrap().map(|entry| entry.unwrap().path());
    folders.for_each(|folder| assert_same_facts(&[folder]));
    // All together: lists look for their owners among principals that were not read yet.
    assert_same_facts(&[inputs]);
}

/// What the rest of an export could contain that is out of the ordinary.
const ODD: &str = r#"{
  "UserDetailList": [
    { "UserName": "ana", "Arn": "arn:aws:iam::111122223333:user/ana", "GroupList": ["dev"], "Tags": [{"Key": "a", "Value": "b", "Value": "c"}] },
    { "UserName": "ana", "Arn": "arn:aws:iam::111122223333:user/x/ana", "CreateDate": 1.5e9 },
    { "UserName": "none", "Arn": "arn:aws:iam::111122223333:role/none" },
    { "\u0041rn": "arn:aws:iam::111122223333:user/es\u0063aped", "UserId": "AIDAEXAMPLE1" },
    { "Arn": "arn:aws:iam::111122223333:user/es\u0063aped2", "UserId": "AIDA\u0045XAMPLE2" },
    17, { "Arn": 5 }, {}
  ],
  "GroupDetailList": [ { "Arn": "arn:aws:iam::111122223333:group/dev", "GroupPolicyList": [
    { "PolicyName": "p", "PolicyDocument": "%7B%22Statement%22%3A%5B%5D%7D" },
    { "PolicyName": "q", "PolicyDocument": { "Statement": [], "Statement": [] } } ] } ],
  "RoleDetailList": [
    { "Arn": "arn:aws:iam::111122223333:role/twice", "MaxSessionDuration": 3600, "AssumeRolePolicyDocument": {"Statement": []} },
    { "Arn": "arn:aws:iam::111122223333:role/twice", "MaxSessionDuration": 7200, "AssumeRolePolicyDocument": {"Statement": [1]} }
  ],
  "Policies": [ { "Arn": "arn:aws:iam::111122223333:policy/p", "DefaultVersionId": "v1", "PolicyVersionList": [
    { "VersionId": "v1", "Document": {"Statement": [{"Sid": "A", "Sid": "B"}]} } ] } ],
  "IsTruncated": true
}"#;

#[test]
fn odd_exports_say_the_same_when_they_are_large() {
    let other = r#"{"Roles": [{"Arn": "arn:aws:iam::111122223333:role/twice", "RoleId": "AROAEXAMPLE1",
        "AssumeRolePolicyDocument": {"Statement": [2]}}, {"Arn": "arn:aws:iam::111122223333:role/b"}]}"#;
    let attached = r#"{"AttachedPolicies": [{"PolicyName": "p", "PolicyArn": "arn:aws:iam::111122223333:policy/p"}]}"#;
    let version =
        r#"{"PolicyVersion": {"VersionId": "v1", "IsDefaultVersion": true, "Document": {}}}"#;
    let export = generator::export(30);
    let files = folder(&[
        ("odd.json", ODD),
        ("list-roles.json", other),
        ("attached.json", attached),
        ("version.json", version),
        ("export.json", &export),
    ]);
    assert_same_facts(&[files.path().to_owned()]);
    assert_same_facts(&[files.path().join("odd.json")]);
    let bytes = export.replace("\n", "\r\n");
    let files = folder(&[("export.json", &format!("\u{FEFF}{bytes}"))]);
    assert_same_facts(&[files.path().to_owned()]);
}

#[test]
fn a_question_is_answered_the_same_and_reads_only_whom_it_is_about() {
    let export = generator::export(200);
    let files = folder(&[("export.json", &export)]);
    let paths = [files.path().to_owned()];
    for (caller, action, resource) in generator::requests(40, 200) {
        let answers = [(PADDING, 2), (0, 200)].map(|(padding, most)| {
            // Without padding this export is large, so it is cut into small pages for that.
            let (mut sources, collected) = match padding {
                0 => pages(&export),
                _ => collect(&paths, padding),
            };
            let source = sources.add_given("request", "request");
            let span = sources.whole(source);
            let spanned = |value: &str| Spanned { value: value.to_owned(), span };
            let caller = Caller::parse(spanned(&caller)).unwrap();
            let mut request = Request::new(caller, spanned(&action), spanned(&resource));
            let mut assembler =
                Assembler::new(&collected.snapshot, &mut sources, LayerFiles::default());
            let layers = assembler.layers(&mut request);
            let evaluation = evaluate(&request, &layers);
            let read = collected.snapshot.entities.read().count();
            assert!((1..=most).contains(&read), "{read} were read for {action}");
            let policies: Vec<_> = (layers.layers.iter())
                .flat_map(|layer| &layer.policies)
                .map(|attached| (attached.name.clone(), attached.policy.statements.len()))
                .collect();
            (evaluation.decision, policies, format!("{:?}", request.role))
        });
        let [(outline, policies, _), (whole, others, _)] = &answers;
        assert_eq!((outline, policies), (whole, others), "{caller} {action} {resource}");
        assert!(!policies.is_empty());
    }
}

/// The export as pages of a few roles, each small enough to be read at once.
fn pages(export: &str) -> (SourceMap, Collected) {
    let export: serde_json::Value = serde_json::from_str(export).unwrap();
    let roles = export["RoleDetailList"].as_array().unwrap();
    let pages: Vec<String> = (roles.chunks(10).enumerate())
        .map(|(at, roles)| {
            let last = (at + 1) * 10 >= 200;
            let policies = if last { export["Policies"].clone() } else { serde_json::json!([]) };
            serde_json::json!({
                "UserDetailList": [], "GroupDetailList": [], "RoleDetailList": roles,
                "Policies": policies, "IsTruncated": !last,
            })
            .to_string()
        })
        .collect();
    assert!(pages.iter().all(|page| page.len() < PADDING));
    let paths: Vec<PathBuf> = (0..pages.len()).map(|at| format!("{at:02}.json").into()).collect();
    let mut sources = SourceMap::default();
    let collected = read_files(&mut sources, &paths, &|path: &Path| {
        let at = paths.iter().position(|other| other == path).unwrap();
        Ok(pages[at].clone().into_bytes())
    });
    (sources, collected)
}

#[test]
fn names_lead_to_principals_that_were_not_read() {
    let files = folder(&[("export.json", &generator::export(300))]);
    let (_, collected) = collect(&[files.path().to_owned()], PADDING);
    let entities = &collected.snapshot.entities;
    assert_eq!((entities.len(), entities.read().count()), (300, 0));
    let found: Vec<_> = collected.snapshot.everywhere(EntityKind::Role, "role-17").collect();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].inline.items.len(), 2);
    assert_eq!(entities.read().count(), 1);
    assert!(collected.snapshot.everywhere(EntityKind::User, "role-17").next().is_none());
    assert!(entities.keys().is_sorted() && entities.get("arn:aws:iam::1:role/x").is_none());
}

#[test]
fn a_slip_far_into_a_large_export_is_shown_where_it_is() {
    let export = generator::export(300);
    let at = export.rfind("\"Sid\": \"NoDelete\",").unwrap();
    let broken = format!("{}{}", &export[..at], export[at..].replacen("\"Deny\",", "\"Deny\"", 1));
    let line = export[..at].matches('\n').count() + 1;
    let files = folder(&[("export.json", &broken)]);
    let file = files.path().join("export.json");
    let out = run(&["facts", &file.display().to_string()]);
    assert!(out.stderr.contains("a comma is missing"), "{}", out.stderr);
    assert!(out.stderr.contains(&format!("export.json:{line}:")), "{}", out.stderr);
}
