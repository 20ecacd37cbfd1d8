//! What can be said only when all files were seen: of the repository and the facts beside it, and of the
//! repository as it was.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use memchr::memmem::find;

use crate::access::{World, changes, expectations, handshake};
use crate::check::Config;
use crate::cli::args::CheckArgs;
use crate::cli::{Failure, Status};
use crate::text::{SourceId, SourceMap, Span};

use super::{Files, Run, has_known_extension, read_text, shown};

/// The repository as it was.
#[derive(Default)]
struct Before {
    /// Its files, by paths that begin with the revision or the folder.
    files: Vec<PathBuf>,
    /// What is in files that are in no folder.
    texts: HashMap<PathBuf, Vec<u8>>,
    /// The path now of each file then.
    moved: BTreeMap<String, String>,
}

impl Run<'_> {
    pub(super) fn together(
        &mut self,
        args: &CheckArgs,
        config: &Config,
        path: Option<&str>,
        files: &Files,
    ) -> Result<(), Failure> {
        let wanted = self.checker.has_roles()
            || !config.expectations.is_empty()
            || args.against.is_some()
            || !args.facts.is_empty();
        let kept = std::mem::take(&mut self.sources);
        if !wanted {
            return self.across(&kept, &|_, _| false);
        }
        let mut sources = SourceMap::default();
        let config_id = path
            .and_then(|path| read_text(&mut sources, Path::new(path), std::fs::read(path)).ok());
        let listed = list(&args.paths, files);
        let before = match &args.against {
            Some(against) => before(against, &args.paths, files)?,
            None => None,
        };
        if let (Some(against), None) = (&args.against, &before) {
            self.output.warn(&format!(
                "`{against}` is neither a folder nor a revision that git knows here"
            ));
            self.status = self.status.worse(Status::Broken);
        }
        let world = World::read(&mut sources, &listed, &args.facts, &self.parameters, &|path| {
            std::fs::read(path)
        });
        self.status =
            self.status.worse(crate::cli::diagnose::complain(&world.errors, &sources, self.output));
        let roles = &world.snapshot.entities;
        let is_told = |holder: &str, role: &str| {
            roles.get(role).is_some_and(|role| role.trust.is_some()) && roles.contains_key(holder)
        };
        self.across(&kept, &is_told)?;
        let now = Some(crate::cli::now());
        let mut found = handshake(&world, &mut sources, now);
        if let Some(id) = config_id {
            found.extend(expectations(&world, &config.expectations, &mut sources, id, now));
        }
        if let Some(before) = &before {
            let old =
                World::read(&mut sources, &before.files, &args.facts, &self.parameters, &|path| {
                    match before.texts.get(path) {
                        Some(bytes) => Ok(bytes.clone()),
                        None => std::fs::read(path),
                    }
                });
            let wanted = &config.expectations;
            found.extend(changes(&old, &world, wanted, &before.moved, &mut sources, now));
        }
        // What is wrong with facts alone is no finding of this repository.
        let of_facts = |id: SourceId| {
            let path = sources.path(id).map(Path::new);
            path.is_none_or(|path| args.facts.iter().any(|facts| path.starts_with(facts)))
        };
        found.retain(|finding| !of_facts(sources.to_host(finding.primary.span).source));
        let checked = self.checker.together(found, &sources);
        self.write(&checked, &sources)?;
        self.unanswered()
    }

    fn across(
        &mut self,
        kept: &[SourceMap],
        is_told: &dyn Fn(&str, &str) -> bool,
    ) -> Result<(), Failure> {
        for (file, checked) in self.checker.across(kept, is_told) {
            if let Some(sources) = kept.get(file) {
                self.write(&checked, sources)?;
            }
        }
        Ok(())
    }

    /// Comments for findings of the whole that answered none.
    fn unanswered(&mut self) -> Result<(), Failure> {
        for (path, start, end) in self.checker.unanswered() {
            let mut sources = SourceMap::default();
            let bytes = std::fs::read(&path);
            if let Ok(source) = read_text(&mut sources, Path::new(&path), bytes) {
                let checked = self.checker.stale(Span { source, start, end }, &sources);
                self.write(&checked, &sources)?;
            }
        }
        Ok(())
    }
}

/// Whether a file can say anything of principals, their policies and what limits them. Of a module of
/// Terraform any file may.
fn may_tell(path: &Path, bytes: &[u8]) -> bool {
    const SIGNS: [&[u8]; 6] = [
        b"Statement",
        b"arn:aws",
        b"AWS::IAM",
        b"AWS::Organizations",
        b"aws_iam_",
        b"aws_organizations_",
    ];
    super::is_configuration(path) || SIGNS.iter().any(|sign| find(bytes, sign).is_some())
}

/// All files of the repository that may say something.
fn list(paths: &[PathBuf], files: &Files) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for path in paths {
        if path.is_dir() {
            let found = files.in_folder(path).filter_map(Result::ok);
            all.extend(found.map(|path| PathBuf::from(shown(&path))));
        } else if path != Path::new("-") {
            all.push(PathBuf::from(shown(path)));
        }
    }
    all.retain(|path| std::fs::read(path).is_ok_and(|bytes| may_tell(path, &bytes)));
    all
}

/// The files of a folder, or of a revision of git; `None` if it is neither.
fn before(against: &str, paths: &[PathBuf], files: &Files) -> Result<Option<Before>, Failure> {
    let folder = Path::new(against);
    if folder.is_dir() {
        return Ok(Some(in_folder(folder, paths, files)));
    }
    Ok(in_git(against, paths)?)
}

fn in_folder(folder: &Path, paths: &[PathBuf], files: &Files) -> Before {
    let mut before = Before::default();
    for path in list(&[folder.to_owned()], files) {
        let Ok(rest) = path.strip_prefix(shown(folder)) else { continue };
        // The same file below the one folder that is checked, or below the current one.
        let now = match paths {
            [only] if only.is_dir() => only.join(rest),
            _ => rest.to_owned(),
        };
        before.moved.insert(shown(&path), shown(&now));
        before.files.push(path);
    }
    before
}

/// Asks git for the files of a revision; their texts come from one process.
fn in_git(revision: &str, paths: &[PathBuf]) -> io::Result<Option<Before>> {
    if revision.starts_with('-') {
        return Ok(None);
    }
    let listed = Command::new("git")
        .args(["ls-tree", "-r", "-z", "--name-only", revision, "--"])
        .args(paths)
        .stderr(Stdio::null())
        .output();
    let Some(listed) = listed.ok().filter(|listed| listed.status.success()) else {
        return Ok(None);
    };
    let names = String::from_utf8_lossy(&listed.stdout).into_owned();
    let names: Vec<&str> = names
        .split('\0')
        .filter(|name| has_known_extension(Path::new(name)) && !name.contains('\n'))
        .collect();
    let mut child = Command::new("git")
        .args(["cat-file", "--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Ok(None);
    };
    let mut output = BufReader::new(output);
    let mut before = Before::default();
    for name in names {
        // `./` is the current folder, as the names of `ls-tree` are relative to it.
        writeln!(input, "{revision}:./{name}")?;
        input.flush()?;
        let mut head = String::new();
        output.read_line(&mut head)?;
        let Some(size) = head.trim_end().rsplit(' ').next().and_then(|size| size.parse().ok())
        else {
            continue;
        };
        let mut bytes = vec![0; size];
        output.read_exact(&mut bytes)?;
        let mut end = [0];
        output.read_exact(&mut end)?;
        let path = PathBuf::from(format!("{revision}:{name}"));
        before.moved.insert(shown(&path), name.to_owned());
        if may_tell(&path, &bytes) {
            before.files.push(path.clone());
        }
        before.texts.insert(path, bytes);
    }
    drop(input);
    child.wait()?;
    Ok(Some(before))
}
