//! The check of committed files: templates, plans, configurations of Terraform, and its own configuration.

use std::path::Path;

use why_denied::check::{Checker, Config, Selection, Settings};
use why_denied::collect::iac::Parameters;
use why_denied::collect::policies::{Found, policies_in, policies_of_module};
use why_denied::text::{SourceId, SourceMap};

/// Templates of CloudFormation and plans of Terraform, as JSON and as YAML: every finding has a sound place.
pub fn template(data: &[u8]) {
    for path in ["fuzz.json", "fuzz.yaml"] {
        let mut sources = SourceMap::default();
        let Ok(id) = sources.add_file(path, data.to_vec()) else { return };
        let found = policies_in(&mut sources, id, Path::new(path), &Parameters::default());
        look(path, id, &found, &sources);
    }
}

/// A file in Terraform's language, which may take itself in.
pub fn module(data: &[u8]) {
    let mut sources = SourceMap::default();
    let Ok(id) = sources.add_file("fuzz.tf", data.to_vec()) else { return };
    let beside = |_: &mut SourceMap, _: &str| Some(id);
    let given = Parameters::default();
    let found = policies_of_module(&mut sources, id, Path::new("fuzz.tf"), &[], &beside, &given);
    look("fuzz.tf", id, &found, &sources);
}

/// `why-denied.toml`: what is wrong has a place in it.
pub fn config(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Config::read(text) {
        Ok(config) => {
            for expectation in &config.expectations {
                for (principal, (start, end)) in expectation.allowed.iter().chain(&expectation.denied) {
                    let place = text.get(*start..*end).expect("the place is in the text");
                    assert!(principal.is_empty() || !place.is_empty(), "the place holds something");
                }
            }
        }
        Err(error) => {
            assert!(!error.message.is_empty() && !error.message.contains('\n'));
            if let Some((start, end)) = error.span {
                assert!(start <= end && end <= text.len(), "the place is in the text");
            }
        }
    }
}

fn look(path: &str, id: SourceId, found: &Found, sources: &SourceMap) {
    let mut selection = Selection::default();
    selection.select(["all"]).expect("there is such a word");
    let mut checker = Checker::new(Settings { selection, ..Settings::default() });
    for one in checker.file(path, Some(id), &found.policies, Vec::new(), sources) {
        for label in std::iter::once(&one.finding.primary).chain(&one.finding.secondary) {
            let text = sources.text(label.span.source);
            let place = text.get(label.span.start as usize..label.span.end as usize);
            assert!(place.is_some(), "{} has a place", one.finding.rule);
            let host = sources.place(label.span);
            assert!(host.start <= host.end && host.line > 0);
        }
        assert!(!one.finding.message.contains('\n'), "{}", one.finding.message);
    }
}
