//! `why-denied check`: the gate for a repository of policies.

mod together;

use std::io::{self, IsTerminal as _, Read as _, Write};
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use ignore::overrides::{Override, OverrideBuilder};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::check::{
    Baseline, Checked, Checker, Config, Known, Selection, Settings, State, write_baseline,
};
use crate::collect::iac::Parameters;
use crate::collect::policies::{Found, may_hold_policies, policies_in, policies_of_module};
use crate::collect::{InputError, read_text};
use crate::finding::{Finding, Severity};
use crate::report::{CheckFormat, CheckReport, CheckStyle};
use crate::text::{SourceId, SourceMap, Span};

use super::args::{CheckArgs, CheckFormatArg, SeverityArg};
use super::{Failure, Output, Status};

/// The endings of files that are looked at in a folder.
const EXTENSIONS: [&str; 7] = ["json", "yaml", "yml", "template", "policy", "tf", "tofu"];

pub(super) fn run(args: &CheckArgs, output: &Output) -> Result<Status, Failure> {
    let mut sources = SourceMap::default();
    let (config, source) = match config(args, &mut sources) {
        Ok(found) => found,
        Err(error) => {
            super::diagnose::complain(&[error], &sources, output);
            return Ok(Status::Broken);
        }
    };
    let baseline =
        match args.baseline.clone().or_else(|| config.baseline.as_ref().map(PathBuf::from)) {
            Some(path) => Some(baseline(&path)?),
            None => None,
        };
    let settings = Settings {
        selection: selection(args, &config)?,
        now: Some(super::now()),
        known: Known { accounts: config.accounts.clone(), wants_open: false },
        ignores: config.ignores.clone(),
        types: config.types.clone(),
        baseline,
        folders: folders(source.map(|id| sources.name(id))),
    };
    let files = Files::new(args, &config, source.map(|id| sources.name(id)))?;
    let mut given = SourceMap::default();
    let (parameters, wrong) = super::diagnose::parameters(&args.parameters, &mut given)?;
    let status = super::diagnose::complain(&wrong, &given, output);
    let mut run = Run {
        parameters,
        checker: Checker::new(settings),
        report: CheckReport::new(CheckStyle {
            format: format(args.format),
            style: output.style,
            statistics: args.statistics,
        }),
        out: output.stream()?,
        output,
        status,
        sources: Vec::new(),
        kept: args.write_baseline.is_some().then(Vec::new),
        bar: progress(output),
    };
    run.report.begin(&mut run.out)?;
    for path in &args.paths {
        run.path(path, &files)?;
    }
    run.together(args, &config, source.map(|id| sources.name(id)), &files)?;
    let last = run.checker.finish(source, &sources);
    run.write(&last, &sources)?;
    run.bar.finish_and_clear();
    run.report.end(run.checker.summary(), &mut run.out)?;
    run.out.flush()?;
    if let (Some(path), Some(kept)) = (&args.write_baseline, run.kept) {
        std::fs::write(path, write_baseline(kept))
            .map_err(|error| Failure::File { path: path.clone(), error })?;
        return Ok(run.status);
    }
    let threshold = severity(args.fail_on);
    let mut status = run.status;
    if run.checker.summary().reaches(threshold) && !args.exit_zero {
        status = status.worse(Status::Denied);
    }
    if run.checker.summary().files == 0 && status == Status::Good {
        output.warn("no policy was found");
    }
    Ok(status)
}

/// What turns while files are read, where somebody watches and it takes long.
fn progress(output: &Output) -> ProgressBar {
    if output.quiet || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(4));
    let template =
        if output.style.unicode { "{spinner} {pos} files, {msg}" } else { "{pos} files, {msg}" };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// The folder of the configuration and the current one, where they are not one.
fn folders(config: Option<&str>) -> Option<(String, String)> {
    let here = std::env::current_dir().ok()?;
    let folder = here.join(Path::new(config?).parent()?).canonicalize().ok()?;
    let text = |path: &Path| path.to_string_lossy().replace('\\', "/");
    let here = here.canonicalize().ok()?;
    (folder != here).then(|| (text(&folder), text(&here)))
}

/// The name of the configuration.
const CONFIG: &str = "why-denied.toml";

/// The configuration, and its text.
fn config(
    args: &CheckArgs,
    sources: &mut SourceMap,
) -> Result<(Config, Option<SourceId>), InputError> {
    let path = match &args.config {
        Some(path) => Some(path.clone()),
        None if args.isolated => None,
        None => above(),
    };
    let Some(path) = path else { return Ok((Config::default(), None)) };
    let id = read_text(sources, Path::new(&shown(&path)), std::fs::read(&path))?;
    match Config::read(sources.text(id)) {
        Ok(mut config) => {
            // What the file names stands beside it.
            let folder = path.parent().unwrap_or(Path::new(""));
            config.baseline =
                config.baseline.map(|file| folder.join(file).to_string_lossy().into_owned());
            Ok((config, Some(id)))
        }
        Err(error) => {
            let to_u32 = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
            let span = error.span.map_or(Span { source: id, start: 0, end: 0 }, |(start, end)| {
                Span { source: id, start: to_u32(start), end: to_u32(end) }
            });
            let wrong = InputError::at(span, error.message).file(&path);
            Err(match error.help {
                Some(help) => wrong.help(help),
                None => wrong,
            })
        }
    }
}

/// The nearest configuration in the current folder or one above it, as a relative path.
fn above() -> Option<PathBuf> {
    let mut here = std::env::current_dir().ok()?;
    let mut relative = PathBuf::new();
    loop {
        if here.join(CONFIG).is_file() {
            return Some(relative.join(CONFIG));
        }
        if !here.pop() {
            return None;
        }
        relative.push("..");
    }
}

fn baseline(path: &Path) -> Result<Baseline, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::File { path: path.to_owned(), error })?;
    Baseline::read(&text)
        .map_err(|error| Failure::Usage(format!("{} is no baseline: {error}", path.display())))
}

fn format(format: CheckFormatArg) -> CheckFormat {
    match format {
        CheckFormatArg::Human => CheckFormat::Human,
        CheckFormatArg::Concise => CheckFormat::Concise,
        CheckFormatArg::Json => CheckFormat::Json,
        CheckFormatArg::Sarif => CheckFormat::Sarif,
        CheckFormatArg::Github => CheckFormat::Github,
        CheckFormatArg::Gitlab => CheckFormat::Gitlab,
        CheckFormatArg::Junit => CheckFormat::Junit,
        CheckFormatArg::Markdown => CheckFormat::Markdown,
    }
}

fn severity(severity: SeverityArg) -> Severity {
    match severity {
        SeverityArg::Error => Severity::Error,
        SeverityArg::Warning => Severity::Warning,
        SeverityArg::Note => Severity::Note,
    }
}

/// Words that are parted by commas or given one by one.
fn words(list: &[String]) -> impl Iterator<Item = &str> {
    list.iter().flat_map(|words| words.split(',')).map(str::trim).filter(|word| !word.is_empty())
}

fn selection(args: &CheckArgs, config: &Config) -> Result<Selection, Failure> {
    let usage = |error: crate::check::SelectionError| Failure::Usage(error.to_string());
    let mut selection = Selection::default();
    if !args.select.is_empty() {
        selection.select(words(&args.select)).map_err(usage)?;
    } else if let Some(select) = &config.select {
        selection.select(words(select)).map_err(usage)?;
    }
    if args.select.is_empty() {
        selection.extend(words(&config.extend_select)).map_err(usage)?;
    }
    selection.extend(words(&args.extend_select)).map_err(usage)?;
    selection.ignore(words(&config.ignore)).map_err(usage)?;
    selection.ignore(words(&args.ignore)).map_err(usage)?;
    for (word, level) in &config.severity {
        if let Some(level) = Severity::from_id(level) {
            selection.set_severity(word, level).map_err(usage)?;
        }
    }
    for word in words(&args.severity) {
        let parse = |level: &str| {
            Severity::from_id(level).ok_or_else(|| {
                Failure::Usage(format!(
                    "`{level}` is no severity: write `error`, `warning` or `note`"
                ))
            })
        };
        match word.split_once('=') {
            Some((rule, level)) => selection.set_severity(rule, parse(level)?).map_err(usage)?,
            None => selection.at_least(parse(word)?),
        }
    }
    Ok(selection)
}

/// Which files of folders are looked at.
struct Files {
    /// What the options say.
    options: Override,
    /// What the configuration says, of paths that begin with the root.
    config: Override,
}

impl Files {
    fn new(args: &CheckArgs, config: &Config, path: Option<&str>) -> Result<Self, Failure> {
        let here = std::env::current_dir()?;
        let folder = path.and_then(|path| Path::new(path).parent()).unwrap_or(Path::new(""));
        let folder = here.join(folder).canonicalize().unwrap_or(here);
        // Options outweigh the configuration.
        let include: &[String] = if args.include.is_empty() { &config.include } else { &[] };
        Ok(Self {
            options: globs(Path::new("."), &args.include, &args.exclude)?,
            config: globs(&folder, include, &config.exclude)?,
        })
    }

    /// Whether files are named by globs alone, whatever their endings.
    fn only(&self) -> bool {
        self.options.num_whitelists() > 0 || self.config.num_whitelists() > 0
    }

    /// The files in a folder, in the order of their paths.
    fn in_folder(&self, folder: &Path) -> impl Iterator<Item = Result<PathBuf, ignore::Error>> {
        let (only, config) = (self.only(), self.config.clone());
        let takes = move |path: &Path, is_dir: bool| {
            if config.is_empty() {
                return true;
            }
            let whole = path.canonicalize();
            whole.is_ok_and(|whole| !config.matched(whole, is_dir).is_ignore())
        };
        let walk = WalkBuilder::new(folder)
            .require_git(false)
            .overrides(self.options.clone())
            // Of one folder, so that what stands before the names is the same; cutting it off costs more.
            .sort_by_file_path(|one, other| one.as_os_str().cmp(other.as_os_str()))
            .filter_entry(move |entry| {
                let is_dir = entry.file_type().is_some_and(|kind| kind.is_dir());
                takes(entry.path(), is_dir)
            })
            .build();
        walk.filter_map(move |entry| match entry {
            Ok(entry) => {
                let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
                let path = entry.into_path();
                (is_file && (only || has_known_extension(&path))).then_some(Ok(path))
            }
            Err(error) => Some(Err(error)),
        })
    }
}

fn globs(root: &Path, include: &[String], exclude: &[String]) -> Result<Override, Failure> {
    let mut builder = OverrideBuilder::new(root);
    let usage = |error: ignore::Error| Failure::Usage(format!("a glob cannot be read: {error}"));
    for glob in include {
        builder.add(glob).map_err(usage)?;
    }
    for glob in exclude {
        builder.add(&format!("!{glob}")).map_err(usage)?;
    }
    builder.build().map_err(usage)
}

struct Run<'r> {
    /// What is given for the parameters of templates.
    parameters: Parameters,
    checker: Checker,
    report: CheckReport,
    out: Box<dyn Write + 'r>,
    output: &'r Output,
    status: Status,
    /// The texts of files that are looked at again at the end.
    sources: Vec<SourceMap>,
    /// What goes into a new baseline, where one is wanted.
    kept: Option<Vec<(String, &'static str, String)>>,
    /// Says how far it is.
    bar: ProgressBar,
}

impl Run<'_> {
    fn path(&mut self, path: &Path, files: &Files) -> Result<(), Failure> {
        if path == Path::new("-") {
            let mut bytes = Vec::new();
            io::stdin().lock().read_to_end(&mut bytes)?;
            return self.bytes(Path::new("<stdin>"), Ok(bytes));
        }
        if !path.is_dir() {
            if !path.exists() {
                self.output.warn(&format!("there is no file or folder `{}`", path.display()));
                self.status = self.status.worse(Status::Broken);
                return Ok(());
            }
            return self.file(path);
        }
        for found in files.in_folder(path) {
            match found {
                Ok(path) => self.file(&path)?,
                Err(error) => self.output.warn(&error.to_string()),
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path) -> Result<(), Failure> {
        self.bytes(path, std::fs::read(path))
    }

    fn bytes(&mut self, path: &Path, bytes: io::Result<Vec<u8>>) -> Result<(), Failure> {
        self.bar.inc(1);
        if bytes.as_ref().is_ok_and(|bytes| !may_hold_policies(bytes)) {
            self.checker.other();
            return Ok(());
        }
        let mut sources = SourceMap::default();
        let name = shown(path);
        let (host, mut found) = match read_text(&mut sources, Path::new(&name), bytes) {
            Ok(id) if is_configuration(path) => {
                (Some(id), self.module(&mut sources, id, path, &name))
            }
            Ok(id) => (Some(id), policies_in(&mut sources, id, Path::new(&name), &self.parameters)),
            Err(error) => (None, Found { policies: Vec::new(), errors: vec![error] }),
        };
        if let Some((policy_type, service)) = self.checker.type_of(&name) {
            for policy in found.policies.iter_mut().filter(|policy| !policy.is_typed) {
                policy.policy_type = policy_type;
                policy.is_typed = true;
                policy.host.service = service.or(policy.host.service);
            }
        }
        if found.is_empty() {
            self.checker.other();
            return Ok(());
        }
        let errors = found.errors.iter().map(|error| unreadable(error, &mut sources, &name));
        let errors: Vec<_> = errors.collect();
        let checked = self.checker.file(&name, host, &found.policies, errors, &sources);
        self.write(&checked, &sources)?;
        if self.checker.keeps() {
            self.sources.push(sources);
        }
        Ok(())
    }

    fn write(&mut self, checked: &[Checked], sources: &SourceMap) -> Result<(), Failure> {
        let count = self.checker.summary().count();
        self.bar.set_message(if count == 1 {
            "1 finding".to_owned()
        } else {
            format!("{count} findings")
        });
        if checked.is_empty() {
            return Ok(());
        }
        if let Some(kept) = &mut self.kept {
            let count = checked.iter().filter(|one| !matches!(one.state, State::Ignored { .. }));
            kept.extend(count.map(|one| {
                let file = sources.path(one.finding.primary.span.source).unwrap_or_default();
                (one.fingerprint.clone(), one.finding.rule, file.to_owned())
            }));
        }
        // What turns is out of the way while something is printed.
        let (report, out) = (&mut self.report, &mut self.out);
        self.bar.suspend(|| report.file(checked, sources, out))?;
        Ok(())
    }
}

/// Whether a file is one of Terraform's or OpenTofu's language.
fn is_configuration(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "tf" || extension == "tofu")
}

impl Run<'_> {
    /// The policies in a file of a module, for which the other files of the module are read too.
    fn module(&self, sources: &mut SourceMap, id: SourceId, path: &Path, name: &str) -> Found {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        let listed = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut others: Vec<PathBuf> = listed.map(|entry| entry.path()).collect();
        others.retain(|other| is_configuration(other) && other.file_name() != path.file_name());
        others.sort();
        let read = |sources: &mut SourceMap, path: &Path| {
            let name = shown(path);
            read_text(sources, Path::new(&name), std::fs::read(path)).ok()
        };
        let others: Vec<SourceId> =
            others.iter().filter_map(|other| read(sources, other)).collect();
        let beside = |sources: &mut SourceMap, path: &str| read(sources, &folder.join(path));
        policies_of_module(sources, id, Path::new(name), &others, &beside, &self.parameters)
    }
}

fn has_known_extension(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|own| EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(own)))
}

/// The path as it is shown: without `./` at its front, and with slashes.
fn shown(path: &Path) -> String {
    let path: PathBuf =
        path.components().filter(|part| *part != std::path::Component::CurDir).collect();
    path.to_string_lossy().replace('\\', "/")
}

/// A file, or a document in one, that cannot be read.
fn unreadable(error: &InputError, sources: &mut SourceMap, name: &str) -> Finding {
    let span = error.span.unwrap_or_else(|| {
        // There is no text to point into; the file itself is the place.
        let id = sources.add_file(name, Vec::new()).unwrap_or_else(|_| sources.add_given(name, ""));
        Span { source: id, start: 0, end: 0 }
    });
    let label = error.label.as_deref().unwrap_or("this file");
    let mut finding = Finding::new("policy-unreadable", error.message.clone(), span, label);
    finding.help = error.help.as_deref().map(str::to_owned);
    for (span, text) in &error.related {
        finding = finding.also(*span, text.clone());
    }
    finding
}
