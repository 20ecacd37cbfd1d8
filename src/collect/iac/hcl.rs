//! Terraform's configurations in HCL: the files of one module, evaluated as far as they say what there
//! will be.
//!
//! Nothing is run: variables have what is given or their defaults, and whatever else is not written
//! down is a hole.

mod blocks;
mod calls;
mod eval;
#[cfg(test)]
mod tests;
mod text;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use hcl_edit::Span as _;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, Body};

use crate::doc::build::{Placed, Value};
use crate::text::{SourceId, SourceMap, Span};

use super::super::InputError;
use super::parameters::Parameters;
use super::stack::{Loose, Stack};
use super::terraform::{Reader, Resource};

/// How many values are worked out for one module.
const MOST_STEPS: u32 = 1_000_000;

/// A file of a module.
pub struct File {
    source: SourceId,
    /// The name of the file, for reasons.
    name: String,
    /// Where the text begins: after a byte order mark.
    start: usize,
    body: Body,
}

/// Reads a file.
///
/// # Errors
/// If it is no HCL.
pub fn parse(sources: &SourceMap, source: SourceId) -> Result<File, InputError> {
    let text = sources.text(source);
    let start = if text.starts_with('\u{FEFF}') { 3 } else { 0 };
    let body = text.get(start..).unwrap_or("");
    match hcl_edit::parser::parse_body(body) {
        Ok(body) => {
            let span = sources.whole(source);
            Ok(File { source, name: super::file_name(sources, span), start, body })
        }
        Err(error) => {
            let mut at = (start + error.location().offset()).min(text.len());
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            let next =
                text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
            let to_u32 = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
            let span = Span { source, start: to_u32(at), end: to_u32(at + next) };
            let message = format!("this is not well-formed HCL: {}", error.message());
            Err(InputError::at(span, message).help("`terraform validate` says more"))
        }
    }
}

/// What files beside the module a configuration may read: by the path that it gives.
pub type ReadBeside<'r> = dyn Fn(&str) -> Option<SourceId> + 'r;

/// What the files of one module describe. `beside` gives files that it reads with `file`.
pub fn module(
    sources: &SourceMap,
    files: &[File],
    beside: &ReadBeside<'_>,
    given: &Parameters,
) -> Stack {
    let Some(first) = files.first() else { return Stack::default() };
    Module::new(sources, (first, files), beside, given).stack()
}

/// Every path that is passed as a plain text to `file` and its like, to a file that can hold a policy
/// and lies below or beside the module.
pub fn read_beside(files: &[File]) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for file in files {
        let mut visitor = calls::Paths { paths: &mut paths };
        hcl_edit::visit::visit_body(&mut visitor, &file.body);
    }
    paths
}

/// A module while it is worked out.
struct Module<'m> {
    sources: &'m SourceMap,
    first: &'m File,
    files: &'m [File],
    beside: &'m ReadBeside<'m>,
    given: &'m Parameters,
    /// Account, partition and Region, as far as they are known.
    place: Stack,
    locals: HashMap<&'m str, (usize, &'m Expression)>,
    variables: HashMap<&'m str, (usize, &'m Block)>,
    /// Resources and data by type and name.
    resources: HashMap<(&'m str, &'m str), (usize, &'m Block)>,
    data: HashMap<(&'m str, &'m str), (usize, &'m Block)>,
    /// What was worked out; `None` while it is.
    known: RefCell<HashMap<String, Option<Placed>>>,
    /// Policy documents that something refers to.
    used: RefCell<BTreeSet<String>>,
    steps: Cell<u32>,
    follows: Cell<usize>,
}

/// The two labels of a block.
fn labels(block: &Block) -> Option<(&str, &str)> {
    match block.labels.as_slice() {
        [first, second] => Some((first.as_str(), second.as_str())),
        _ => None,
    }
}

impl<'m> Module<'m> {
    fn new(
        sources: &'m SourceMap,
        (first, files): (&'m File, &'m [File]),
        beside: &'m ReadBeside<'m>,
        given: &'m Parameters,
    ) -> Self {
        let mut module = Self {
            sources,
            first,
            files,
            beside,
            given,
            place: Stack::default(),
            locals: HashMap::new(),
            variables: HashMap::new(),
            resources: HashMap::new(),
            data: HashMap::new(),
            known: RefCell::default(),
            used: RefCell::default(),
            steps: Cell::new(0),
            follows: Cell::new(0),
        };
        for (at, file) in files.iter().enumerate() {
            for block in file.body.blocks() {
                match block.ident.as_str() {
                    "locals" => {
                        for attribute in block.body.attributes() {
                            let name = attribute.key.as_str();
                            module.locals.entry(name).or_insert((at, &attribute.value));
                        }
                    }
                    "variable" => {
                        if let [name] = block.labels.as_slice() {
                            module.variables.entry(name.as_str()).or_insert((at, block));
                        }
                    }
                    "resource" => {
                        if let Some(key) = labels(block) {
                            module.resources.entry(key).or_insert((at, block));
                        }
                    }
                    "data" => {
                        if let Some(key) = labels(block) {
                            module.data.entry(key).or_insert((at, block));
                        }
                    }
                    _ => {}
                }
            }
        }
        module.locate();
        module
    }

    fn span(&self, file: usize, range: Option<std::ops::Range<usize>>) -> Span {
        let file = self.files.get(file).unwrap_or(self.first);
        let range = range.unwrap_or(0..0);
        let to_u32 = |at: usize| u32::try_from(file.start + at).unwrap_or(u32::MAX);
        Span { source: file.source, start: to_u32(range.start), end: to_u32(range.end) }
    }

    fn file_name(&self, file: usize) -> &str {
        self.files.get(file).map_or("", |file| &file.name)
    }

    fn step(&self) -> bool {
        self.steps.set(self.steps.get().saturating_add(1));
        self.steps.get() <= MOST_STEPS
    }

    /// Where the configuration says that it is applied.
    fn locate(&mut self) {
        let given = self.given;
        let mut accounts = BTreeSet::new();
        let mut regions = BTreeSet::new();
        for (at, file) in self.files.iter().enumerate() {
            let providers = file.body.blocks().filter(|block| {
                let of_aws = block.labels.first().is_some_and(|label| label.as_str() == "aws");
                block.has_ident("provider") && of_aws
            });
            for provider in providers {
                if let Some(list) = provider.body.get_attribute("allowed_account_ids") {
                    let list = self.eval(&list.value, at, 0);
                    match list.items() {
                        [one] => accounts.extend(one.known().map(str::to_owned)),
                        _ => drop(accounts.insert(String::new())),
                    }
                }
                let role = provider.body.blocks().find(|block| block.has_ident("assume_role"));
                if let Some(arn) = role.and_then(|role| role.body.get_attribute("role_arn")) {
                    let arn = self.eval(&arn.value, at, 0);
                    let arn = arn.known().and_then(crate::policy::Arn::parse);
                    accounts.extend(arn.map(|arn| arn.account.to_owned()));
                }
                if let Some(region) = provider.body.get_attribute("region") {
                    regions.extend(self.eval(&region.value, at, 0).known().map(str::to_owned));
                }
            }
        }
        let one = |all: BTreeSet<String>| match all.len() {
            1 => all.into_iter().next(),
            _ => None,
        };
        let account = given.account().map(str::to_owned).or_else(|| one(accounts));
        self.place.account = account.filter(|id| crate::policy::is_account_id(id));
        self.place.region = given.text("AWS::Region").map(str::to_owned).or_else(|| one(regions));
        let partition = given.text("AWS::Partition").map(str::to_owned);
        let region = self.place.region.as_deref();
        self.place.partition = partition
            .or_else(|| region.map(|region| super::functions::partition_of(region).to_owned()));
        self.known.borrow_mut().clear();
        self.used.borrow_mut().clear();
        self.steps.set(0);
    }

    fn stack(&self) -> Stack {
        let place = Stack {
            account: self.place.account.clone(),
            partition: self.place.partition.clone(),
            region: self.place.region.clone(),
            ..Stack::default()
        };
        let mut reader = Reader::new(self.sources, place);
        for (at, file) in self.files.iter().enumerate() {
            for block in file.body.blocks().filter(|block| block.has_ident("resource")) {
                let Some((kind, name)) = labels(block) else { continue };
                if !kind.starts_with("aws_") {
                    continue;
                }
                let span = self.span(at, block.ident.span());
                let end = block.labels.last().and_then(|label| label.span());
                let span = Span { end: self.span(at, end).end.max(span.end), ..span };
                let values = self.attributes(block, at, 0);
                let doubt = match many(&values) {
                    Many::None => continue,
                    Many::Some => None,
                    Many::Open(hole) => Some(hole),
                };
                reader.add(&Resource {
                    kind: kind.to_owned(),
                    address: format!("{kind}.{name}"),
                    span,
                    values,
                    doubt,
                });
            }
        }
        self.rest(&mut reader);
        reader.finish()
    }

    /// Policy documents that nothing in the module refers to: modules are called with such.
    fn rest(&self, reader: &mut Reader<'_>) {
        for (at, file) in self.files.iter().enumerate() {
            for block in file.body.blocks().filter(|block| block.has_ident("data")) {
                let Some(("aws_iam_policy_document", name)) = labels(block) else { continue };
                if self.used.borrow().contains(name) {
                    continue;
                }
                let value = self.policy_document(name, self.span(at, block.ident.span()));
                let Some(document) = super::policy_document(self.sources, &value) else { continue };
                let root = document.root().id();
                let document = crate::snapshot::Handle::new(&document, root).committed();
                let label = format!("data.aws_iam_policy_document.{name}");
                reader.stack.loose.push(Loose { document, label });
            }
        }
    }

    /// A value that is worked out once, by its name; one that leads back to itself is not known.
    fn once(&self, key: String, span: Span, make: impl FnOnce() -> Placed) -> Placed {
        if let Some(known) = self.known.borrow().get(&key) {
            return known.clone().unwrap_or_else(|| Placed::unknown(self.too_much(), span));
        }
        if self.follows.get() >= 64 {
            return Placed::unknown(self.too_much(), span);
        }
        self.known.borrow_mut().insert(key.clone(), None);
        self.follows.set(self.follows.get() + 1);
        let value = make();
        self.follows.set(self.follows.get() - 1);
        self.known.borrow_mut().insert(key, Some(value.clone()));
        value
    }

    fn too_much(&self) -> crate::doc::Hole {
        crate::doc::Hole {
            name: "${…}".to_owned(),
            reason: "it refers to itself, or to more than can be worked out".to_owned(),
            supply: "write the value itself".to_owned(),
        }
    }
}

/// How many of a resource there will be.
enum Many {
    None,
    Some,
    /// Perhaps none.
    Open(Arc<crate::doc::Hole>),
}

fn many(values: &Placed) -> Many {
    let Some(count) = values.get("count").or_else(|| values.get("for_each")) else {
        return Many::Some;
    };
    match &count.value {
        Value::Number(number) if number == "0" => Many::None,
        Value::List(items) if items.is_empty() => Many::None,
        Value::Map(entries) if entries.is_empty() => Many::None,
        Value::Unknown(hole, _) => Many::Open(Arc::clone(hole)),
        _ => Many::Some,
    }
}

/// The hole of an expression.
fn hole(name: String, reason: String, supply: String) -> Arc<crate::doc::Hole> {
    Arc::new(crate::doc::Hole { name, reason, supply })
}
