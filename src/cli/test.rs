//! `why-denied test`: case files as tests.

use std::path::{Path, PathBuf};

use crate::collect::case_file;
use crate::conformance;
use crate::diagnose::diagnose;
use crate::report::{self, CaseOutcome, TestRun, TestedCase};
use crate::text::SourceMap;

use super::args::{TestArgs, TestFormat};
use super::diagnose::complain;
use super::{Failure, Output, Status};

pub(super) fn run(args: &TestArgs, output: Output) -> Result<Status, Failure> {
    let mut run = TestRun::default();
    let mut status = Status::Good;
    for path in &args.paths {
        for file in case_files(path, &output)? {
            status = status.worse(test_file(&file, &mut run, &output));
        }
    }
    if run.cases.is_empty() {
        output.warn("no case was found");
        status = status.worse(Status::Broken);
    }
    if run.count(CaseOutcome::Error) > 0 {
        status = status.worse(Status::Broken);
    }
    if run.count(CaseOutcome::Failed) > 0 {
        status = status.worse(Status::Denied);
    }
    let format = match args.format {
        TestFormat::Human => report::TestFormat::Human,
        TestFormat::Json => report::TestFormat::Json,
        TestFormat::Junit => report::TestFormat::Junit,
    };
    output.result(&[], |out| report::write_test_run(format, &run, &output.style, out))?;
    Ok(status)
}

/// The file itself, or the case files in a folder, in the order of their paths. Other files of a
/// folder, such as the policies that cases name, are passed over.
fn case_files(path: &Path, output: &Output) -> Result<Vec<PathBuf>, Failure> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in walkdir::WalkDir::new(path).follow_links(true).sort_by_file_name() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                output.warn(&error.to_string());
                continue;
            }
        };
        let path = entry.path();
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or("");
        let candidate = entry.file_type().is_file() && matches!(extension, "yaml" | "yml" | "json");
        if candidate && std::fs::read(path).is_ok_and(|bytes| is_case_file(&bytes)) {
            found.push(path.to_owned());
        }
    }
    Ok(found)
}

/// Whether a file declares itself to be a case file.
fn is_case_file(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, b"why-denied").is_some_and(|at| {
        let rest = bytes.get(at + "why-denied".len()..).unwrap_or(&[]);
        rest.first() == Some(&b':') || rest.starts_with(b"\":") || rest.starts_with(b"\" :")
    })
}

fn test_file(path: &Path, run: &mut TestRun, output: &Output) -> Status {
    let mut sources = SourceMap::default();
    let file = case_file::load(&mut sources, path, &|path| std::fs::read(path));
    let name = path.to_string_lossy().into_owned();
    let mut status = complain(&file.errors, &sources, output);
    let broken = |case: String, message: String| TestedCase {
        file: name.clone(),
        name: case,
        outcome: CaseOutcome::Error,
        decision: None,
        rules: Vec::new(),
        message: Some(message),
    };
    for error in &file.errors {
        run.cases.push(broken("(file)".to_owned(), error.message.clone()));
    }
    for (at, case) in file.cases.iter().enumerate() {
        let title = case.name.clone().unwrap_or_else(|| format!("case {}", at + 1));
        status = status.worse(complain(&case.errors, &sources, output));
        let tested = match (&case.request, case.errors.first()) {
            (_, Some(error)) => broken(title, error.message.clone()),
            (None, None) => broken(title, "the case has no `request`".to_owned()),
            (Some(request), None) => {
                let roles = case.usable_roles(&mut sources);
                let diagnosis = diagnose(request, &case.layers, &|| roles.clone());
                conformance::hold(&name, &title, case, &diagnosis, &sources)
            }
        };
        run.cases.push(tested);
    }
    status
}
