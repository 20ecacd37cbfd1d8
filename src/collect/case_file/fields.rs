//! Reading typed members: what is wrong is collected, with its place, and reading goes on.

use std::path::Path;

use jiff::Timestamp;

use crate::collect::InputError;
use crate::collect::suggest::nearest;
use crate::doc::{Document, Kind, Node};
use crate::policy::moment;
use crate::text::{Span, Spanned};

/// Reads members and collects what is wrong with them.
#[derive(Default)]
pub(super) struct Fields {
    errors: Vec<InputError>,
}

impl Fields {
    pub(super) fn error(&mut self, error: InputError) {
        self.errors.push(error);
    }

    /// The errors so far, each with the name of its file.
    pub(super) fn take(&mut self, path: &Path) -> Vec<InputError> {
        let mut errors = std::mem::take(&mut self.errors);
        for error in &mut errors {
            error.file.get_or_insert_with(|| path.to_owned());
        }
        errors
    }

    fn wrong(&mut self, node: Node<'_>, what: &str, wanted: &str) {
        let error = InputError::at(node.span(), format!("`{what}` has to be {wanted}"));
        self.error(error.label(format!("this is {}", kind(node))));
    }

    /// Whether `node` is a mapping; its members have to be among `known`.
    pub(super) fn known(&mut self, node: Node<'_>, what: &str, known: &[&str]) -> bool {
        if node.kind() != Kind::Mapping {
            let error = InputError::at(node.span(), format!("{what} has to be a mapping"));
            self.error(error.label(format!("this is {}", kind(node))));
            return false;
        }
        for entry in node.entries() {
            if !known.contains(&entry.key.as_ref()) {
                let error = InputError::at(
                    entry.key_span,
                    format!("`{}` is no member of {what}", entry.key),
                );
                self.error(error.label("not known").help(match nearest(&entry.key, known) {
                    Some(word) => format!("did you mean `{word}`?"),
                    None => format!("it takes {}", known.join(", ")),
                }));
            }
        }
        true
    }

    /// The member `key` where there is one, read with `read`.
    pub(super) fn member<'d, T>(
        &mut self,
        node: Node<'d>,
        key: &str,
        read: impl FnOnce(&mut Self, Node<'d>, &str) -> Option<T>,
    ) -> Option<T> {
        let value = node.get(key)?;
        read(self, value, key)
    }

    /// The member `key`, which has to be there.
    pub(super) fn required<'d, T>(
        &mut self,
        node: Node<'d>,
        key: &str,
        what: &str,
        read: impl FnOnce(&mut Self, Node<'d>, &str) -> Option<T>,
    ) -> Option<T> {
        if node.get(key).is_none() {
            let error = InputError::at(node.span(), format!("`{key}` is missing in {what}"));
            self.error(error.label("in here").help(format!("add `{key}:`")));
        }
        self.member(node, key, read)
    }

    pub(super) fn string(&mut self, node: Node<'_>, what: &str) -> Option<Spanned<String>> {
        match node.text() {
            Some(text) => Some(Spanned { value: text.into_owned(), span: node.span() }),
            None => {
                self.wrong(node, what, "a text");
                None
            }
        }
    }

    /// A text, or a number or truth value as it is written.
    pub(super) fn scalar(&mut self, node: Node<'_>, what: &str) -> Option<Spanned<String>> {
        match node.scalar() {
            Some(text) if !node.is_null() => {
                Some(Spanned { value: text.into_owned(), span: node.span() })
            }
            _ => {
                self.wrong(node, what, "one value");
                None
            }
        }
    }

    pub(super) fn scalars(&mut self, node: Node<'_>, what: &str) -> Option<Vec<Spanned<String>>> {
        if node.kind() != Kind::Sequence {
            return Some(vec![self.scalar(node, what)?]);
        }
        Some(node.items().filter_map(|item| self.scalar(item, what)).collect())
    }

    pub(super) fn string_or_strings(
        &mut self,
        node: Node<'_>,
        what: &str,
    ) -> Option<Vec<Spanned<String>>> {
        if node.kind() != Kind::Sequence {
            return Some(vec![self.string(node, what)?]);
        }
        Some(node.items().filter_map(|item| self.string(item, what)).collect())
    }

    pub(super) fn integer(&mut self, node: Node<'_>, what: &str) -> Option<Spanned<i64>> {
        // The AWS CLI's users write numbers as text as well.
        let value = node.as_i64().or_else(|| node.text()?.parse().ok());
        if value.is_none() {
            self.wrong(node, what, "a whole number");
        }
        Some(Spanned { value: value?, span: node.span() })
    }

    pub(super) fn time(&mut self, node: Node<'_>, what: &str) -> Option<Spanned<Timestamp>> {
        let value = node.scalar().and_then(|text| moment(&text));
        if value.is_none() {
            let error = InputError::at(node.span(), format!("`{what}` has to be a moment"));
            self.error(error.label("not a moment").help("write it as `2026-11-23T10:00:00Z`"));
        }
        Some(Spanned { value: value?, span: node.span() })
    }

    pub(super) fn list<'d>(
        &mut self,
        node: Node<'d>,
        what: &str,
    ) -> Option<impl Iterator<Item = Node<'d>> + use<'d>> {
        if node.kind() != Kind::Sequence {
            self.wrong(node, what, "a list");
            return None;
        }
        Some(node.items())
    }

    /// One of a few words.
    pub(super) fn one_of<'k>(
        &mut self,
        node: Node<'_>,
        what: &str,
        known: &[&'k str],
    ) -> Option<&'k str> {
        let text = self.string(node, what)?;
        let found = known.iter().find(|word| **word == text.value);
        if found.is_none() {
            let error =
                InputError::at(text.span, format!("`{}` is not known as `{what}`", text.value));
            self.error(error.label("not known").help(match nearest(&text.value, known) {
                Some(word) => format!("did you mean `{word}`?"),
                None => format!("it takes {}", known.join(", ")),
            }));
        }
        found.copied()
    }

    /// Reports keys that stand twice in `node`, apart from policy documents: there it is the
    /// policy's own problem, and a case may be about just that.
    pub(super) fn no_duplicates(&mut self, document: &Document, node: Node<'_>) {
        if document.duplicates().is_empty() {
            return;
        }
        let documents: Vec<Span> = node
            .get("policies")
            .into_iter()
            .flat_map(|policies| policies.items())
            .filter_map(|policy| Some(policy.get("document")?.span()))
            .collect();
        let within = |span: Span, at: Span| span.start <= at.start && at.end <= span.end;
        self.duplicates_where(document, |at| {
            within(node.span(), at) && !documents.iter().any(|span| within(*span, at))
        });
    }

    pub(super) fn duplicates_where(&mut self, document: &Document, wanted: impl Fn(Span) -> bool) {
        for duplicate in document.duplicates().iter().filter(|duplicate| wanted(duplicate.again)) {
            let error = InputError::at(
                duplicate.again,
                format!("`{}` stands twice in one mapping", duplicate.key),
            );
            let mut error = error.label("again").help("remove one of the two");
            error.related.push((duplicate.first, "first".to_owned()));
            self.error(error);
        }
    }
}

fn kind(node: Node<'_>) -> &'static str {
    match node.kind() {
        Kind::Null => "empty",
        Kind::Bool => "a truth value",
        Kind::Number => "a number",
        Kind::String => "a text",
        Kind::Sequence => "a list",
        Kind::Mapping => "a mapping",
        Kind::Unknown => "something that is not known",
    }
}
