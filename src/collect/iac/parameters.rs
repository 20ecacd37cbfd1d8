//! What is given for the parameters of templates and the variables of configurations.

use std::collections::BTreeMap;
use std::path::Path;

use crate::doc::build::{Placed, Text, Value};
use crate::doc::{Kind, Node, Syntax, parse};
use crate::policy::is_account_id;
use crate::text::SourceMap;

use super::super::{InputError, files};

/// Values by the names of parameters and variables.
#[derive(Clone, Debug, Default)]
pub struct Parameters {
    values: BTreeMap<String, Placed>,
}

impl Parameters {
    /// What is given for `name`.
    pub fn get(&self, name: &str) -> Option<&Placed> {
        self.values.get(name)
    }

    /// The text that is given for `name`.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name)?.known()
    }

    /// The account that is given.
    pub fn account(&self) -> Option<&str> {
        self.text("AWS::AccountId").filter(|id| is_account_id(id))
    }

    /// Gives a value; the last one counts.
    pub fn set(&mut self, name: &str, value: Placed) {
        self.values.insert(name.strip_prefix("var.").unwrap_or(name).to_owned(), value);
    }

    /// Reads `KEY=VALUE`; `None` if it is no such pair.
    pub fn pair(&mut self, sources: &mut SourceMap, pair: &str) -> Option<()> {
        let (name, value) = pair.split_once('=').filter(|(name, _)| !name.is_empty())?;
        let id = sources.add_given("--parameters", pair);
        let whole = sources.whole(id);
        let mut text = Text::new(id);
        text.push_verbatim(value, name.len() + 1);
        self.set(name, Placed::text(text, whole));
        Some(())
    }

    /// Reads a file: `[{"ParameterKey": …, "ParameterValue": …}]`, `{"Parameters": {…}}`, an object of
    /// names and values, or a `.tfvars` file.
    ///
    /// # Errors
    /// If it is nothing of that.
    pub fn file(
        &mut self,
        sources: &mut SourceMap,
        path: &Path,
        bytes: Vec<u8>,
    ) -> Result<(), InputError> {
        let id = files::add(sources, path, bytes)?;
        let syntax = Syntax::guess(&path.to_string_lossy(), sources.text(id));
        let documents =
            parse(sources, id, syntax).map_err(|error| InputError::syntax(&error).file(path))?;
        for document in documents {
            let root = document.root();
            let sound = match root.kind() {
                Kind::Sequence => root.items().fold(true, |sound, item| sound & self.listed(item)),
                Kind::Mapping => {
                    let named = root.get("Parameters").filter(|one| one.kind() == Kind::Mapping);
                    for entry in named.unwrap_or(root).entries() {
                        self.set(&entry.key, plain(entry.value));
                    }
                    true
                }
                _ => false,
            };
            if !sound {
                let help = "give `{ \"NAME\": \"VALUE\" }`, or what `aws cloudformation deploy --parameter-overrides` takes";
                let error = InputError::at(root.span(), "this is no file of parameters");
                return Err(error.file(path).help(help));
            }
        }
        Ok(())
    }

    fn listed(&mut self, item: Node<'_>) -> bool {
        if let (Some(key), Some(value)) =
            (item.get("ParameterKey").and_then(|key| key.text()), item.get("ParameterValue"))
        {
            self.set(&key, plain(value));
            return true;
        }
        // `NAME=VALUE`, as the AWS CLI takes it from a file too.
        let Some((text, (name, value))) = Text::of(item)
            .and_then(|text| Some((text.clone(), owned(text.as_str().split_once('=')?))))
        else {
            return false;
        };
        let value = text.slice(name.len() + 1, name.len() + 1 + value.len());
        self.set(&name, Placed::text(value, item.span()));
        true
    }
}

fn owned((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// A value as it is written, with no functions in it.
pub(super) fn plain(node: Node<'_>) -> Placed {
    let value = match node.kind() {
        Kind::Mapping => Value::Map(
            node.entries()
                .filter_map(|entry| {
                    Some((Text::of(entry.name)?, entry.key_span, plain(entry.value)))
                })
                .collect(),
        ),
        Kind::Sequence => Value::List(node.items().map(plain).collect()),
        _ => scalar(node),
    };
    Placed { value, span: node.span() }
}

/// A value that is neither list nor object.
pub(super) fn scalar(node: Node<'_>) -> Value {
    match node.kind() {
        Kind::String => Text::of(node).map_or(Value::Null, Value::Text),
        Kind::Number => Value::Number(node.scalar().unwrap_or_default().into_owned()),
        Kind::Bool => Value::Bool(node.as_bool().unwrap_or_default()),
        Kind::Unknown => match node.unknown() {
            Some(hole) => Value::Unknown(std::sync::Arc::clone(hole), Vec::new()),
            None => Value::Null,
        },
        _ => Value::Null,
    }
}
