//! Reading facts from the disk: files as named, folders walked in the order of their paths.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use walkdir::WalkDir;

use crate::doc::{Syntax, parse, parse_outline};
use crate::snapshot::Builder;
use crate::text::{SourceId, SourceMap};

use super::iac::{self, Parameters, Stack, hcl};
use super::shapes::{self, Input};
use super::store::{self, Store};
use super::{Collected, InputError, Recognised, Skipped, secrets};

/// Up to so many bytes a file is read at once; of a larger one, what is asked for.
const LARGE: usize = 1 << 16;

/// Reads facts from files and folders.
pub fn read_paths(sources: &mut SourceMap, paths: &[PathBuf]) -> Collected {
    read_files(sources, paths, &|path| std::fs::read(path))
}

/// Reads facts from files and folders, with `read` in place of the disk for what is in files.
pub fn read_files(
    sources: &mut SourceMap,
    paths: &[PathBuf],
    read: &dyn Fn(&Path) -> io::Result<Vec<u8>>,
) -> Collected {
    read_with(sources, paths, &Parameters::default(), read)
}

/// The same, where values are given for the parameters of templates.
pub fn read_with(
    sources: &mut SourceMap,
    paths: &[PathBuf],
    parameters: &Parameters,
    read: &dyn Fn(&Path) -> io::Result<Vec<u8>>,
) -> Collected {
    read_all(sources, paths, parameters, read, &[])
}

/// The same, and then texts that are in no file, each with its title. Where both speak of the same,
/// the files count.
pub fn read_all(
    sources: &mut SourceMap,
    paths: &[PathBuf],
    parameters: &Parameters,
    read: &dyn Fn(&Path) -> io::Result<Vec<u8>>,
    texts: &[(String, String)],
) -> Collected {
    let mut reader = Reader {
        sources,
        parameters,
        builder: Builder::default(),
        store: Store::default(),
        collected: Collected::default(),
        modules: BTreeMap::new(),
        seen: HashSet::new(),
    };
    for path in paths {
        if path.is_dir() {
            reader.folder(path, read);
        } else {
            reader.file(path, read, Found::Named);
        }
    }
    for (title, text) in texts {
        let bytes = text.clone().into_bytes();
        reader.file(Path::new(title), &|_| Ok(bytes.clone()), Found::Named);
    }
    reader.modules(read);
    let Reader { sources, mut builder, store, mut collected, .. } = reader;
    store.read(&mut builder);
    let (snapshot, notes) = builder.finish(sources);
    collected.snapshot = snapshot;
    collected.notes.extend(notes);
    collected
}

/// Adds the text of a file to the sources, without the secrets in it.
///
/// # Errors
/// If it could not be read, or is no text.
pub fn read_text(
    sources: &mut SourceMap,
    path: &Path,
    bytes: io::Result<Vec<u8>>,
) -> Result<SourceId, InputError> {
    add(sources, path, bytes.map_err(|error| unreadable(path, &error))?)
}

/// How a file came to be read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Named,
    Walking,
}

struct Reader<'r> {
    sources: &'r mut SourceMap,
    parameters: &'r Parameters,
    builder: Builder,
    store: Store,
    collected: Collected,
    /// The files of Terraform's configurations, by folder: each is a module.
    modules: BTreeMap<PathBuf, Vec<hcl::File>>,
    /// Files that were read, so that one which is named twice counts once.
    seen: HashSet<PathBuf>,
}

/// Adds the bytes of a file, without the secrets in them.
pub(super) fn add(
    sources: &mut SourceMap,
    path: &Path,
    bytes: Vec<u8>,
) -> Result<SourceId, InputError> {
    sources
        .add_file(path.to_string_lossy(), secrets::mask(bytes))
        .map_err(|error| InputError::of(path, error.to_string()).help(error.help()))
}

/// What to say of a file that could not be read.
pub(super) fn unreadable(path: &Path, error: &io::Error) -> InputError {
    let why = why_unreadable(error);
    InputError::of(path, format!("cannot read `{}`: {why}", path.display()))
}

/// Why a file could not be read, in a sentence.
pub fn why_unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "reading it is not permitted".to_owned(),
        _ => error.to_string(),
    }
}

/// What stands in a folder and below it, in the order of the names; the first is the folder itself, or the
/// file that is no folder. Links are followed, and what is hidden is left out.
pub fn walk(path: &Path) -> impl Iterator<Item = walkdir::Result<walkdir::DirEntry>> {
    let is_hidden = |entry: &walkdir::DirEntry| {
        entry.depth() > 0 && entry.file_name().to_str().is_some_and(|name| name.starts_with('.'))
    };
    let all = WalkDir::new(path).follow_links(true).sort_by_file_name().into_iter();
    all.filter_entry(move |entry| !is_hidden(entry))
}

/// Whether a file is one of Terraform's or OpenTofu's language.
fn is_configuration(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "tf" || extension == "tofu")
}

impl Reader<'_> {
    /// Hidden files and folders are left out, links are followed, and a loop of links is an error of
    /// its own that hides nothing else.
    fn folder(&mut self, folder: &Path, read: &dyn Fn(&Path) -> io::Result<Vec<u8>>) {
        for entry in walk(folder) {
            match entry {
                Ok(entry) if entry.file_type().is_file() => {
                    let extension =
                        entry.path().extension().and_then(|extension| extension.to_str());
                    if matches!(extension, Some("json" | "yaml" | "yml" | "tf" | "tofu")) {
                        self.file(entry.path(), read, Found::Walking);
                    }
                }
                Ok(_) => {}
                Err(error) if error.loop_ancestor().is_some() => {
                    if let Some(path) = error.path() {
                        self.skip(path, "a link that leads back to a folder above it");
                    }
                }
                Err(error) => {
                    let path = error.path().unwrap_or(folder).to_owned();
                    let error = io::Error::from(error);
                    self.collected.errors.push(unreadable(&path, &error));
                }
            }
        }
    }

    fn recognised(&mut self, path: &Path, shape: &'static str) {
        self.collected.recognised.push(Recognised { path: path.to_owned(), shape });
    }

    /// Adds what the modules describe whose files were found.
    fn modules(&mut self, read: &dyn Fn(&Path) -> io::Result<Vec<u8>>) {
        for (folder, files) in std::mem::take(&mut self.modules) {
            let mut beside = HashMap::new();
            for path in hcl::read_beside(&files) {
                let whole = folder.join(&path);
                let source =
                    read(&whole).ok().and_then(|bytes| add(self.sources, &whole, bytes).ok());
                let Some(source) = source else { continue };
                // The same file, by the way that leads through its folder.
                let plain: PathBuf = whole.components().collect();
                self.builder.taken_in(&plain.to_string_lossy(), self.sources);
                beside.insert(path, source);
            }
            let beside = |path: &str| beside.get(path).copied();
            let stack = hcl::module(self.sources, &files, &beside, self.parameters);
            self.stack(&stack, &folder);
        }
    }

    /// Adds what a template or configuration describes.
    fn stack(&mut self, stack: &Stack, folder: &Path) {
        stack.add_to(&mut self.builder, folder, self.sources, &mut self.collected.notes);
    }

    fn skip(&mut self, path: &Path, why: impl Into<String>) {
        self.collected.skipped.push(Skipped { path: path.to_owned(), why: why.into() });
    }

    fn file(&mut self, path: &Path, read: &dyn Fn(&Path) -> io::Result<Vec<u8>>, found: Found) {
        if !self.seen.insert(path.to_owned()) {
            return;
        }
        let bytes = match read(path) {
            Ok(bytes) => bytes,
            Err(error) => return self.collected.errors.push(unreadable(path, &error)),
        };
        let id = match add(self.sources, path, bytes) {
            Ok(id) => id,
            Err(error) => return self.collected.errors.push(error),
        };
        if is_configuration(path) {
            let folder = path.parent().unwrap_or(Path::new("")).to_owned();
            match hcl::parse(self.sources, id) {
                Ok(file) => {
                    self.recognised(path, iac::CONFIGURATION);
                    self.modules.entry(folder).or_default().push(file);
                }
                Err(error) => self.collected.errors.push(error.file(path)),
            }
            return;
        }
        let syntax = Syntax::guess(&path.to_string_lossy(), self.sources.text(id));
        let read = if self.sources.text(id).len() > LARGE { parse_outline } else { parse };
        let documents = match read(self.sources, id, syntax) {
            Ok(documents) => documents,
            Err(error) => {
                return self.collected.errors.push(InputError::syntax(&error).file(path));
            }
        };
        let folder: Arc<Path> = path.parent().unwrap_or(Path::new("")).into();
        for document in documents {
            let root = document.root();
            for duplicate in document.duplicates() {
                let place = self.sources.place(duplicate.again);
                self.collected.notes.push(format!(
                    "{}:{}:{}: `{}` stands twice in one object; the first one counts here",
                    path.display(),
                    place.line,
                    place.column,
                    duplicate.key
                ));
            }
            if store::holds(path) {
                self.collected
                    .recognised
                    .push(Recognised { path: path.to_owned(), shape: store::SHAPE });
                self.store.add(path, document);
                continue;
            }
            if let Some(shape) = iac::recognise(root) {
                self.recognised(path, shape);
                let stack = iac::describe(self.sources, &document, self.parameters);
                self.stack(&stack, &folder);
                continue;
            }
            match shapes::recognise(root) {
                Some(shape) if shape.id == "case-file" && found == Found::Named => {
                    let error =
                        InputError::at(root.span(), "a case file holds no facts of an account");
                    let help = "diagnose it with `--case`, or run it with `why-denied test`";
                    self.collected.errors.push(error.file(path).help(help));
                }
                Some(shape) if shape.id == "case-file" => self.skip(path, "it is a case file"),
                Some(shape) => {
                    self.collected
                        .recognised
                        .push(Recognised { path: path.to_owned(), shape: shape.id });
                    let document = Arc::new(document);
                    (shape.read)(
                        &Input { document: &document, folder: &folder, root: None },
                        &mut self.builder,
                    );
                }
                None if found == Found::Named => {
                    let error =
                        InputError::at(root.span(), "this is no file of facts that is known");
                    self.collected.errors.push(error.file(path).help(shapes::expected()));
                }
                None => self.skip(path, "its shape is not known"),
            }
        }
    }
}
