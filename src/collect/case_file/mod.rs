//! The case file, version 1: a request, the policies that apply to it, and the decision that is
//! expected. Offline bundle, fixture, rule example, bug report and policy test in one.
//!
//! `docs/case-file.md` describes it. Unknown keys are errors, and an error in one case never hides
//! the others.

mod expect;
mod fields;
mod policies;
mod request;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::doc::{Document, Kind, Node, Syntax, parse};
use crate::layers::Layers;
use crate::policy::PolicyType;
use crate::request::Request;
use crate::rules::UsableRole;
use crate::snapshot::Snapshot;
use crate::text::{SourceMap, Span};

use super::assemble::{Assembler, assemble};
use super::layer_files::LayerFiles;
use super::usable_roles::usable_roles;
use super::{InputError, files};

pub use expect::Expect;
use fields::Fields;
use policies::Listed;

/// What a case file holds.
#[derive(Debug, Default)]
pub struct CaseFile {
    /// The cases, in order.
    pub cases: Vec<Case>,
    /// What is wrong with the file outside its cases.
    pub errors: Vec<InputError>,
}

/// One case.
#[derive(Debug)]
pub struct Case {
    /// Its name.
    pub name: Option<String>,
    /// Its place.
    pub span: Span,
    /// The request; `None` in a bundle, or where it could not be read.
    pub request: Option<Request>,
    /// The layers that apply to the request.
    pub layers: Layers,
    /// What the case expects.
    pub expect: Option<Expect>,
    /// How facts were read.
    pub notes: Vec<String>,
    /// What is wrong with it. A case with an error is not to be evaluated.
    pub errors: Vec<InputError>,
    listed: Listed,
    facts: Option<Arc<Snapshot>>,
}

impl Case {
    /// Whether the case names files of facts.
    pub fn has_facts(&self) -> bool {
        self.facts.is_some()
    }

    /// What the files of facts say that the case names.
    pub fn facts(&self) -> Option<&Snapshot> {
        self.facts.as_deref()
    }

    /// The roles of the case's facts that the caller might have meant to use.
    pub fn usable_roles(&self, sources: &mut SourceMap) -> Vec<UsableRole> {
        match (&self.facts, &self.request) {
            (Some(facts), Some(request)) if !request.is_assume_role() => {
                let mut assembler = Assembler::new(facts, sources, LayerFiles::default());
                usable_roles(facts, &mut assembler, request)
            }
            _ => Vec::new(),
        }
    }

    /// The layers for a request that is not the case's own, as for a bundle without a request. What
    /// the case knows of caller and resource is filled in.
    pub fn layers_for(&mut self, sources: &mut SourceMap, request: &mut Request) -> Layers {
        self.listed.fill(request);
        let Some(facts) = &self.facts else {
            let mut layers = Layers::default();
            self.listed.layers().into_iter().for_each(|layer| layers.push(layer));
            return layers;
        };
        let mut given = LayerFiles::default();
        for layer in self.listed.layers() {
            given.push_layer(layer);
        }
        let (layers, notes) = assemble(facts, sources, given, request);
        self.notes.extend(notes);
        layers
    }
}

/// Reads the case file `path` and the files that it names, with `read`.
pub fn load(
    sources: &mut SourceMap,
    path: &Path,
    read: &dyn Fn(&Path) -> io::Result<Vec<u8>>,
) -> CaseFile {
    let failed = |error| CaseFile { cases: Vec::new(), errors: vec![error] };
    let bytes = match read(path) {
        Ok(bytes) => bytes,
        Err(error) => return failed(files::unreadable(path, &error)),
    };
    let id = match files::add(sources, path, bytes) {
        Ok(id) => id,
        Err(error) => return failed(error),
    };
    let syntax = Syntax::guess(&path.to_string_lossy(), sources.text(id));
    match parse(sources, id, syntax) {
        Ok(documents) => read_documents(sources, path, documents, read),
        Err(error) => failed(InputError::syntax(&error).file(path)),
    }
}

/// Reads cases that stand in a text, such as an example of a rule's page. Files that it names are
/// looked for beside `path`.
pub fn load_text(
    sources: &mut SourceMap,
    path: &Path,
    text: &str,
    read: &dyn Fn(&Path) -> io::Result<Vec<u8>>,
) -> CaseFile {
    let id = sources.add_given(path.to_string_lossy(), text);
    match parse(sources, id, Syntax::guess("", text)) {
        Ok(documents) => read_documents(sources, path, documents, read),
        Err(error) => {
            CaseFile { cases: Vec::new(), errors: vec![InputError::syntax(&error).file(path)] }
        }
    }
}

fn read_documents(
    sources: &mut SourceMap,
    path: &Path,
    documents: Vec<Document>,
    read: &dyn Fn(&Path) -> io::Result<Vec<u8>>,
) -> CaseFile {
    let mut loader = Loader {
        sources,
        path,
        read,
        files: HashMap::new(),
        facts: HashMap::new(),
        file: CaseFile::default(),
    };
    if documents.is_empty() {
        let error = InputError::of(path, "the file is empty").help("begin it with `why-denied: 1`");
        loader.file.errors.push(error);
    }
    let mut versioned = false;
    for document in documents {
        versioned = loader.document(&Arc::new(document), versioned);
    }
    loader.file
}

/// What the paths under `facts` gave.
struct Facts {
    snapshot: Arc<Snapshot>,
    errors: Vec<InputError>,
    notes: Vec<String>,
}

/// Reads one file with all its cases.
struct Loader<'l> {
    sources: &'l mut SourceMap,
    path: &'l Path,
    read: &'l dyn Fn(&Path) -> io::Result<Vec<u8>>,
    /// Documents in files of their own, each read once.
    files: HashMap<PathBuf, Result<Arc<Document>, InputError>>,
    /// Facts, by the paths that a case names.
    facts: HashMap<Vec<PathBuf>, Facts>,
    file: CaseFile,
}

/// The members of a case.
const MEMBERS: &[&str] = &[
    "why-denied",
    "name",
    "about",
    "see",
    "request",
    "resource-account",
    "role",
    "provider",
    "policies",
    "unknown",
    "facts",
    "expect",
];

/// The members of a document that holds several cases.
const LIST_MEMBERS: &[&str] = &["why-denied", "name", "about", "see", "cases"];

impl Loader<'_> {
    /// Reads one document; gives whether the version was said by now.
    fn document(&mut self, document: &Arc<Document>, versioned: bool) -> bool {
        let root = document.root();
        let mut fields = Fields::default();
        let has_version = root.get("why-denied").is_some();
        if root.kind() != Kind::Mapping {
            let error = InputError::at(root.span(), "a case file has to be a mapping")
                .help("begin it with `why-denied: 1`, then `request:` and `policies:`");
            self.file.errors.push(error.file(self.path));
            return versioned;
        }
        match root.get("why-denied") {
            Some(version) if version.as_i64() == Some(1) => {}
            Some(version) => fields.error(
                InputError::at(version.span(), "this version of the case file is not known")
                    .label("a version other than 1")
                    .help("write `why-denied: 1`, or use a newer release of the program"),
            ),
            None if versioned => {}
            None => fields.error(
                InputError::at(root.span(), "the version of the case file is missing")
                    .help("begin the file with `why-denied: 1`"),
            ),
        }
        if let Some(cases) = root.get("cases") {
            fields.known(root, "a file of several cases", LIST_MEMBERS);
            if let Some(list) = fields.list(cases, "cases") {
                for node in list {
                    let mut inner = Fields::default();
                    inner.no_duplicates(document, node);
                    self.case(document, node, inner);
                }
            }
            let span = root.span();
            let in_cases = cases.span();
            fields.duplicates_where(document, |at| {
                span.start <= at.start
                    && at.end <= span.end
                    && !(in_cases.start <= at.start && at.end <= in_cases.end)
            });
            self.file.errors.extend(fields.take(self.path));
        } else {
            fields.no_duplicates(document, root);
            self.case(document, root, fields);
        }
        versioned || has_version
    }

    fn case(&mut self, document: &Arc<Document>, node: Node<'_>, mut fields: Fields) {
        let mut case = Case {
            name: None,
            span: node.span(),
            request: None,
            layers: Layers::default(),
            expect: None,
            notes: Vec::new(),
            errors: Vec::new(),
            listed: Listed::default(),
            facts: None,
        };
        if fields.known(node, "a case", MEMBERS) {
            case.name = fields.member(node, "name", Fields::string).map(|name| name.value);
            for key in ["about", "see"] {
                fields.member(node, key, Fields::string_or_strings);
            }
            case.facts =
                node.get("facts").and_then(|facts| self.facts(facts, &mut fields, &mut case.notes));
            let with_facts = node.get("facts").is_some();
            let mut request = node
                .get("request")
                .and_then(|request| request::read(&mut fields, request, node, with_facts));
            case.listed = self.listed(document, node, &mut fields);
            case.listed.role = node.get("role").and_then(|role| request::role(&mut fields, role));
            case.listed.provider =
                node.get("provider").and_then(|provider| request::provider(&mut fields, provider));
            case.expect = node.get("expect").and_then(|expect| expect::read(&mut fields, expect));
            if let Some(request) = &mut request {
                case.layers = case.layers_for(self.sources, request);
            } else {
                case.listed.layers().into_iter().for_each(|layer| case.layers.push(layer));
            }
            case.request = request;
        }
        case.errors = fields.take(self.path);
        self.file.cases.push(case);
    }

    /// A path that the case file names.
    fn beside(&self, path: &str) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(path)
    }

    fn facts(
        &mut self,
        node: Node<'_>,
        fields: &mut Fields,
        notes: &mut Vec<String>,
    ) -> Option<Arc<Snapshot>> {
        let paths = fields.string_or_strings(node, "facts")?;
        let paths: Vec<_> = paths.iter().map(|path| self.beside(&path.value)).collect();
        if !self.facts.contains_key(&paths) {
            let mut collected = files::read_files(self.sources, &paths, self.read);
            // An error about a file that the case names is shown where the case names it.
            for error in collected.errors.iter_mut().filter(|error| error.span.is_none()) {
                error.span = Some(node.span());
            }
            let read = Facts {
                snapshot: Arc::new(collected.snapshot),
                errors: collected.errors,
                notes: collected.notes,
            };
            self.facts.insert(paths.clone(), read);
        }
        let facts = self.facts.get(&paths)?;
        facts.errors.iter().for_each(|error| fields.error(error.clone()));
        notes.extend(facts.notes.iter().cloned());
        Some(Arc::clone(&facts.snapshot))
    }
}

/// The ids of the policy types, for messages.
fn type_ids() -> Vec<&'static str> {
    crate::policy::POLICY_TYPES.iter().map(|row| row.id).collect()
}

fn policy_type(fields: &mut Fields, node: Node<'_>, what: &str) -> Option<PolicyType> {
    let ids = type_ids();
    let id = fields.one_of(node, what, &ids)?;
    PolicyType::from_id(id)
}

#[cfg(test)]
mod tests;
