//! Blocks: the attributes of a resource, and policy documents that are written as blocks.
//!
//! <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/iam_policy_document>

use hcl_edit::Span as _;
use hcl_edit::structure::{Block, Body};

use crate::doc::build::{Placed, Text, Value};
use crate::text::Span;

use super::Module;

/// How deep blocks are followed.
const DEEPEST: usize = 8;

type Entry = (Text, Span, Placed);

impl Module<'_> {
    /// Attributes by name, and blocks as lists of objects.
    pub(super) fn attributes(&self, block: &Block, file: usize, depth: usize) -> Placed {
        let span = self.span(file, block.span());
        let mut entries: Vec<Entry> = Vec::new();
        for attribute in block.body.attributes() {
            let at = self.span(file, attribute.key.span());
            let name = Text::standing_for(attribute.key.as_str(), at);
            entries.push((name, at, self.eval(&attribute.value, file, 0)));
        }
        if depth < DEEPEST {
            for inner in block.body.blocks() {
                let at = self.span(file, inner.ident.span());
                let (name, value) = match self.dynamic(inner, file) {
                    Some((name, open)) => (name, open),
                    None => {
                        (inner.ident.as_str().to_owned(), self.attributes(inner, file, depth + 1))
                    }
                };
                let listed = entries.iter_mut().find(|(known, ..)| known.as_str() == name);
                match listed {
                    Some((_, _, Placed { value: Value::List(items), .. })) => items.push(value),
                    _ => {
                        let list = Placed { span: value.span, value: Value::List(vec![value]) };
                        entries.push((Text::standing_for(&name, at), at, list));
                    }
                }
            }
        }
        Placed { value: Value::Map(entries), span }
    }

    /// `dynamic "statement" { … }`: as many blocks as there will be.
    fn dynamic(&self, block: &Block, file: usize) -> Option<(String, Placed)> {
        if !block.has_ident("dynamic") {
            return None;
        }
        let name = block.labels.first()?.as_str().to_owned();
        let span = self.span(file, block.ident.span());
        let each = block.body.get_attribute("for_each");
        let each = each.map(|each| self.span(file, each.value.span())).unwrap_or(span);
        let nothing = Placed { value: Value::Null, span: each };
        Some((name, self.unknown(file, each, &nothing)))
    }

    /// The policy of a `data "aws_iam_policy_document"`.
    pub(super) fn policy_document(&self, name: &str, span: Span) -> Placed {
        let key = ("aws_iam_policy_document", name);
        let Some((file, block)) = self.data.get(&key).copied() else {
            let nothing = Placed { value: Value::Null, span };
            return self.unknown(0, span, &nothing);
        };
        self.once(format!("data.{name}"), span, || self.document(block, file))
    }

    fn document(&self, block: &Block, file: usize) -> Placed {
        let span = self.span(file, block.span());
        let body = &block.body;
        let at = |text: &str| Text::standing_for(text, span);
        let mut statements: Vec<Placed> = Vec::new();
        self.merged(body, file, "source_policy_documents", &mut statements);
        self.merged(body, file, "source_json", &mut statements);
        for inner in body.blocks() {
            if inner.has_ident("statement") {
                statements.push(self.statement(inner, file));
            } else if let Some((_, open)) =
                self.dynamic(inner, file).filter(|(name, _)| name == "statement")
            {
                statements.push(open);
            }
        }
        let mut over = Vec::new();
        self.merged(body, file, "override_policy_documents", &mut over);
        self.merged(body, file, "override_json", &mut over);
        // A statement of the same Sid takes the other's place.
        for statement in over {
            let sid = statement.get("Sid").and_then(|sid| sid.known().map(str::to_owned));
            if let Some(sid) = sid.filter(|sid| !sid.is_empty()) {
                statements.retain(|one| one.get("Sid").and_then(Placed::known) != Some(&sid));
            }
            statements.push(statement);
        }
        let mut entries: Vec<Entry> = Vec::new();
        let version = body.get_attribute("version");
        let version = version.map(|version| self.eval(&version.value, file, 0));
        let version = version.unwrap_or_else(|| Placed::text(at("2012-10-17"), span));
        entries.push((at("Version"), span, version));
        if let Some(id) = body.get_attribute("policy_id") {
            entries.push((at("Id"), span, self.eval(&id.value, file, 0)));
        }
        entries.push((at("Statement"), span, Placed { value: Value::List(statements), span }));
        Placed { value: Value::Map(entries), span }
    }

    /// The statements of documents that are taken in.
    fn merged(&self, body: &Body, file: usize, attribute: &str, statements: &mut Vec<Placed>) {
        let Some(attribute) = body.get_attribute(attribute) else { return };
        let value = self.eval(&attribute.value, file, 0);
        let alone = (!matches!(value.value, Value::List(_))).then(|| value.clone());
        for document in value.items().iter().cloned().chain(alone) {
            match document.get("Statement") {
                Some(Placed { value: Value::List(list), .. }) => {
                    statements.extend(list.iter().cloned())
                }
                Some(one) => statements.push(one.clone()),
                None if matches!(document.value, Value::Null) => {}
                // A text of JSON, or something that is not known.
                None => {
                    let at = self.span(file, attribute.value.span());
                    statements.push(self.unknown(file, at, &document));
                }
            }
        }
    }

    fn statement(&self, block: &Block, file: usize) -> Placed {
        let span = self.span(file, block.span());
        let body = &block.body;
        let mut entries: Vec<Entry> = Vec::new();
        let key_of = |name: &str, at: Span| (Text::standing_for(name, at), at);
        let mut has_effect = false;
        for attribute in body.attributes() {
            let name = match attribute.key.as_str() {
                "sid" => "Sid",
                "effect" => "Effect",
                "actions" => "Action",
                "not_actions" => "NotAction",
                "resources" => "Resource",
                "not_resources" => "NotResource",
                _ => continue,
            };
            has_effect |= name == "Effect";
            let (key, at) = key_of(name, self.span(file, attribute.key.span()));
            let value = self.variables(self.eval(&attribute.value, file, 0));
            // What is left out and what is empty are the same to the provider.
            let is_empty = match &value.value {
                Value::Null => true,
                Value::List(items) => items.is_empty(),
                Value::Text(text) => name == "Sid" && text.as_str().is_empty(),
                _ => false,
            };
            if !is_empty {
                entries.push((key, at, value));
            }
        }
        if !has_effect {
            let at = self.span(file, block.ident.span());
            let (key, at) = key_of("Effect", at);
            entries.push((key, at, Placed::text(Text::standing_for("Allow", at), at)));
        }
        for (ident, name) in [("principals", "Principal"), ("not_principals", "NotPrincipal")] {
            self.principals(body, file, ident, name, &mut entries);
        }
        self.conditions(body, file, &mut entries);
        Placed { value: Value::Map(entries), span }
    }

    fn principals(
        &self,
        body: &Body,
        file: usize,
        ident: &str,
        name: &str,
        entries: &mut Vec<Entry>,
    ) {
        let mut kinds: Vec<Entry> = Vec::new();
        let mut place = None;
        let mut everyone = None;
        for block in body.blocks() {
            let dynamic = self.dynamic(block, file).filter(|(name, _)| name == ident);
            let at = self.span(file, block.ident.span());
            if let Some((_, open)) = dynamic {
                place.get_or_insert(at);
                kinds.push((Text::standing_for("AWS", at), at, open));
                continue;
            }
            if !block.has_ident(ident) {
                continue;
            }
            place.get_or_insert(at);
            let value = |key: &str| Some(self.eval(&block.body.get_attribute(key)?.value, file, 0));
            let (Some(kind), Some(ids)) = (value("type"), value("identifiers")) else { continue };
            let ids = self.variables(ids);
            // `*` for both is everybody, without a kind.
            if kind.known() == Some("*") {
                everyone = ids.items().first().cloned().or(Some(ids));
                continue;
            }
            let Some(kind) = kind.as_text().map(|text| (text, kind.span)) else { continue };
            add_values(&mut kinds, kind, ids);
        }
        let Some(at) = place else { return };
        let value = match everyone {
            Some(everyone) if kinds.is_empty() => everyone,
            _ => Placed { value: Value::Map(kinds), span: at },
        };
        entries.push((Text::standing_for(name, at), at, value));
    }

    fn conditions(&self, body: &Body, file: usize, entries: &mut Vec<Entry>) {
        let mut operators: Vec<Entry> = Vec::new();
        let mut place = None;
        for block in body.blocks() {
            let at = self.span(file, block.ident.span());
            if let Some((_, open)) =
                self.dynamic(block, file).filter(|(name, _)| name == "condition")
            {
                entries.push((Text::standing_for("Condition", at), at, open));
                return;
            }
            if !block.has_ident("condition") {
                continue;
            }
            place.get_or_insert(at);
            let value = |key: &str| Some(self.eval(&block.body.get_attribute(key)?.value, file, 0));
            let (Some(test), Some(variable), Some(values)) =
                (value("test"), value("variable"), value("values"))
            else {
                continue;
            };
            let (Some(test), Some(key)) = (
                test.as_text().map(|text| (text, test.span)),
                variable.as_text().map(|text| (text, variable.span)),
            ) else {
                continue;
            };
            let values = self.variables(values);
            let same = operators.iter_mut().find(|(known, ..)| known.as_str() == test.0.as_str());
            match same {
                Some((_, _, Placed { value: Value::Map(keys), .. })) => {
                    add_values(keys, key, values)
                }
                _ => {
                    let map = Placed { value: Value::Map(vec![(key.0, key.1, values)]), span: at };
                    operators.push((test.0, test.1, map));
                }
            }
        }
        if let Some(at) = place {
            let value = Placed { value: Value::Map(operators), span: at };
            entries.push((Text::standing_for("Condition", at), at, value));
        }
    }

    /// `&{…}` stands for a policy variable here, since `${…}` is Terraform's own.
    fn variables(&self, value: Placed) -> Placed {
        let inner = match value.value {
            Value::Text(text) if text.as_str().contains("&{") => {
                let mut all = Text::new(text.source());
                let mut at = 0;
                let whole = text.as_str();
                while let Some(open) =
                    whole.get(at..).and_then(|rest| rest.find("&{")).map(|open| at + open)
                {
                    let place = text.place(open, open + 1);
                    all.push_text(&text.slice(at, open), place);
                    all.push_atom("$", place);
                    at = open + 1;
                }
                all.push_text(&text.slice(at, whole.len()), value.span);
                Value::Text(all)
            }
            Value::List(items) => {
                Value::List(items.into_iter().map(|item| self.variables(item)).collect())
            }
            other => other,
        };
        Placed { value: inner, span: value.span }
    }
}

/// Adds values under a key, which may be there already.
fn add_values(entries: &mut Vec<Entry>, (key, at): (Text, Span), values: Placed) {
    match entries.iter_mut().find(|(known, ..)| known.as_str() == key.as_str()) {
        Some((_, _, known)) => {
            let mut items = match std::mem::replace(&mut known.value, Value::Null) {
                Value::List(items) => items,
                other => vec![Placed { value: other, span: known.span }],
            };
            match values.value {
                Value::List(more) => items.extend(more),
                other => items.push(Placed { value: other, span: values.span }),
            }
            known.value = Value::List(items);
        }
        None => entries.push((key, at, values)),
    }
}
