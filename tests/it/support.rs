//! Runs the binary as a user would, with nothing of this machine's environment.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The role of the contractors' story.
pub(crate) const ROLE: &str =
    "arn:aws:iam::111122223333:role/importantproject-contractorA-bucket-put";
/// Its caller.
pub(crate) const RICHARD: &str = "arn:aws:iam::444455556666:user/Richard";
/// The moment of every request that says no other.
pub(crate) const TIME: &str = "2026-03-17T09:30:00Z";

pub(crate) use crate::ran::Ran;

impl Ran {
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.stdout.contains(text), "no `{text}` in\n{}\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub(crate) fn complains(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "no `{text}` in\n{}", self.stderr);
        self
    }
}

impl Ran {
    /// The answer without what it says of options that a build without `live` has not.
    pub(crate) fn in_every_build(&self) -> String {
        let lines: Vec<&str> = self.stdout.lines().collect();
        let live = |line: &str| line.starts_with("hint: ") || line.contains("$ why-denied --");
        let about_live = |at: usize| {
            let of = |at: usize| lines.get(at).is_some_and(|line| live(line));
            // What a step is for stands on the line before it.
            of(at) || lines[at].starts_with("  - ") && of(at + 1)
        };
        let kept = (0..lines.len()).filter(|at| !about_live(*at));
        kept.map(|at| format!("{}\n", lines[at])).collect()
    }
}

/// The folder of the project.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The binary in the project's folder, with an environment of its own.
pub(crate) fn command<S: AsRef<OsStr>>(arguments: &[S]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_why-denied"));
    command.current_dir(root()).env_clear().args(arguments);
    command.envs([("NO_COLOR", "1"), ("TERM", "xterm"), ("COLUMNS", "80"), ("LC_ALL", "C.UTF-8")]);
    // Nobody's credentials, and nobody to ask.
    command.envs([
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
    ]);
    command
}

pub(crate) fn finish(mut command: Command) -> Ran {
    Ran::of(command.output().unwrap())
}

pub(crate) fn run<S: AsRef<OsStr>>(arguments: &[S]) -> Ran {
    finish(command(arguments))
}

/// The options that ask whether Richard may assume the role, from the facts of one situation.
pub(crate) fn richard(situation: &str) -> Vec<String> {
    let facts = format!("examples/contractor/{situation}");
    ["--role", ROLE, "--caller", RICHARD, "--time", TIME, "--facts", &facts]
        .map(str::to_owned)
        .to_vec()
}

/// More options after some.
pub(crate) fn with(mut options: Vec<String>, more: &[&str]) -> Vec<String> {
    options.extend(more.iter().map(|&option| option.to_owned()));
    options
}

/// A folder with these files, for as long as the value lives.
pub(crate) fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// The files below a folder of the project, in order, as paths from there.
pub(crate) fn files(below: &str) -> Vec<PathBuf> {
    let walk = walkdir::WalkDir::new(root().join(below)).sort_by_file_name();
    let entries = walk.into_iter().map(Result::unwrap);
    entries.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path).collect()
}

pub(crate) fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// A gate's outcome in a diagnosis in JSON.
pub(crate) fn outcome(diagnosis: &Value, gate: &str) -> String {
    let gates = diagnosis["gates"].as_array().unwrap();
    let found = gates.iter().find(|entry| entry["gate"] == gate);
    found.unwrap_or_else(|| panic!("no gate {gate}"))["outcome"].as_str().unwrap().to_owned()
}

/// The rules of a diagnosis in JSON.
pub(crate) fn rules(diagnosis: &Value) -> Vec<String> {
    let findings = diagnosis["findings"].as_array().unwrap();
    findings.iter().map(|finding| finding["rule"].as_str().unwrap().to_owned()).collect()
}
