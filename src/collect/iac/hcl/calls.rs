//! The few functions that policies are made with; the value of any other is a hole.

use std::collections::BTreeSet;

use hcl_edit::expr::{Expression, FuncCall};
use hcl_edit::visit::{Visit, visit_func_call};

use crate::doc::build::{Placed, Text, Value};
use crate::doc::{Syntax, parse};
use crate::text::Span;

use super::super::parameters::plain;
use super::Module;

/// The functions that read a file of the module.
const READS: [&str; 2] = ["file", "templatefile"];

/// Collects the paths that are passed to functions which read files.
pub(super) struct Paths<'p> {
    pub(super) paths: &'p mut BTreeSet<String>,
}

impl Visit for Paths<'_> {
    fn visit_func_call(&mut self, call: &FuncCall) {
        if READS.contains(&call.name.name.as_str())
            && let Some(path) = call.args.iter().next().and_then(plain_path)
            && is_readable(&path)
        {
            self.paths.insert(path);
        }
        visit_func_call(self, call);
    }
}

/// Whether a configuration may have the file read: others' files are nobody's business.
fn is_readable(path: &str) -> bool {
    const EXTENSIONS: [&str; 7] = ["json", "tpl", "tftpl", "tmpl", "yaml", "yml", "j2"];
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    EXTENSIONS.contains(&extension) && !path.starts_with(['/', '~', '\\']) && !path.contains(':')
}

/// A path that is written out, with or without `${path.module}` before it.
fn plain_path(expression: &Expression) -> Option<String> {
    match expression {
        Expression::String(path) => Some(path.value().clone()),
        Expression::StringTemplate(template) => {
            let mut elements = template.iter();
            let first = elements.next()?.as_interpolation()?;
            let Expression::Traversal(path) = &first.expr else { return None };
            let Expression::Variable(root) = &path.expr else { return None };
            if root.as_str() != "path" {
                return None;
            }
            let rest = elements.next()?.as_literal()?;
            elements.next().is_none().then(|| format!(".{}", rest.value()))
        }
        _ => None,
    }
}

impl Module<'_> {
    pub(super) fn call(&self, call: &FuncCall, file: usize, span: Span, depth: usize) -> Placed {
        let name = call.name.name.as_str();
        let nothing = Placed { value: Value::Null, span };
        if call.name.is_namespaced() || call.args.expand_final() {
            return self.unknown(file, span, &nothing);
        }
        let arguments: Vec<Placed> =
            call.args.iter().map(|argument| self.eval(argument, file, depth + 1)).collect();
        let placed = |value| Placed { value, span };
        let text = |text: &str| Placed::text(Text::standing_for(text, span), span);
        let open = arguments.iter().find(|one| matches!(one.value, Value::Unknown(..)));
        let open = open.unwrap_or(&nothing);
        let found = match (name, arguments.as_slice()) {
            // The text of a document says what the document says.
            ("jsonencode", [one]) => Some(one.clone()),
            ("jsondecode", [one]) => self.decoded(one),
            ("file", [path]) => path.known().and_then(|path| self.whole_file(path)),
            ("templatefile", [path, variables]) => {
                path.known().and_then(|path| self.template_file(path, variables, span))
            }
            (
                "tolist" | "toset" | "distinct" | "sort" | "nonsensitive" | "sensitive"
                | "tostring",
                [one],
            ) => Some(one.clone()),
            ("try", [first, ..]) if !matches!(first.value, Value::Unknown(..)) => {
                Some(first.clone())
            }
            ("coalesce", [first, ..]) if first.known().is_some_and(|text| !text.is_empty()) => {
                Some(first.clone())
            }
            ("compact", [list]) => {
                let items = list
                    .items()
                    .iter()
                    .filter(|item| item.known() != Some("") && !matches!(item.value, Value::Null));
                matches!(list.value, Value::List(_))
                    .then(|| placed(Value::List(items.cloned().collect())))
            }
            // A list that is not known is so many items that are not.
            ("concat", lists) => {
                let mut items = Vec::new();
                for list in lists {
                    match &list.value {
                        Value::List(some) => items.extend(some.iter().cloned()),
                        _ => items.push(list.clone()),
                    }
                }
                Some(placed(Value::List(items)))
            }
            ("flatten", [list]) => {
                let mut items = Vec::new();
                for item in list.items() {
                    match &item.value {
                        Value::List(inner) => items.extend(inner.iter().cloned()),
                        _ => items.push(item.clone()),
                    }
                }
                matches!(list.value, Value::List(_)).then(|| placed(Value::List(items)))
            }
            ("merge", maps) => {
                let mut entries: Vec<(Text, Span, Placed)> = Vec::new();
                let mut sound = true;
                for map in maps {
                    match &map.value {
                        Value::Map(some) => {
                            for (key, at, value) in some {
                                entries.retain(|(known, ..)| known.as_str() != key.as_str());
                                entries.push((key.clone(), *at, value.clone()));
                            }
                        }
                        Value::Null => {}
                        _ => sound = false,
                    }
                }
                sound.then(|| placed(Value::Map(entries)))
            }
            ("join", [delimiter, list]) => self.joined(delimiter, list, span),
            ("format", [format, values @ ..]) => self.formatted(format, values, span),
            ("lower", [one]) => one.known().map(|one| text(&one.to_lowercase())),
            ("upper", [one]) => one.known().map(|one| text(&one.to_uppercase())),
            ("trimspace", [one]) => one.known().map(|one| text(one.trim())),
            ("lookup", [map, key, ..]) => {
                key.known().and_then(|key| map.get(key)).cloned().or_else(|| {
                    let is_map = matches!(map.value, Value::Map(_)) && key.known().is_some();
                    arguments.get(2).filter(|_| is_map).cloned()
                })
            }
            ("element", [list, index]) => {
                let index = index.known().and_then(|index| index.parse::<usize>().ok());
                let items = list.items();
                index.and_then(|index| items.get(index.checked_rem(items.len())?)).cloned()
            }
            ("replace", [one, from, to]) => {
                match (one.known(), from.known(), to.known()) {
                    // Between slashes stands a regular expression.
                    (Some(one), Some(from), Some(to))
                        if !from.starts_with('/') && !from.is_empty() =>
                    {
                        Some(text(&one.replace(from, to)))
                    }
                    _ => None,
                }
            }
            _ => None,
        };
        found.unwrap_or_else(|| self.unknown(file, span, open))
    }

    fn joined(&self, delimiter: &Placed, list: &Placed, span: Span) -> Option<Placed> {
        let Value::List(items) = &list.value else { return None };
        let mut text = Text::new(span.source);
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                text.push_text(&delimiter.as_text()?.moved(span), span);
            }
            text.push_text(&item.as_text()?.moved(span), span);
        }
        (text.as_str().len() < 1 << 20).then(|| Placed::text(text, span))
    }

    /// `format` with `%s`, `%d` and `%%`.
    fn formatted(&self, format: &Placed, values: &[Placed], span: Span) -> Option<Placed> {
        let mut text = Text::new(span.source);
        let mut values = values.iter();
        let mut rest = format.known()?;
        while let Some((before, after)) = rest.split_once('%') {
            text.push_atom(before, span);
            let verb = after.chars().next()?;
            match verb {
                '%' => text.push_atom("%", span),
                's' | 'd' | 'v' => text.push_text(&values.next()?.as_text()?.moved(span), span),
                _ => return None,
            }
            rest = after.get(verb.len_utf8()..)?;
        }
        text.push_atom(rest, span);
        (text.as_str().len() < 1 << 20).then(|| Placed::text(text, span))
    }

    /// The text of a file beside the module, as it stands there.
    fn whole_file(&self, path: &str) -> Option<Placed> {
        let source = (self.beside)(path)?;
        let whole = self.sources.whole(source);
        let mut text = Text::new(source);
        let content = self.sources.text(source);
        let start = if content.starts_with('\u{FEFF}') { 3 } else { 0 };
        text.push_verbatim(content.get(start..)?, start);
        Some(Placed::text(text, whole))
    }

    /// A file with `${name}` for the variables that it is called with.
    fn template_file(&self, path: &str, variables: &Placed, span: Span) -> Option<Placed> {
        let file = self.whole_file(path)?;
        let Value::Text(whole) = &file.value else { return None };
        let content = whole.as_str();
        let mut text = Text::new(whole.source());
        let mut at = 0;
        while let Some(open) = content.get(at..)?.find("${").map(|open| at + open) {
            let escaped = open > at && content.get(..open)?.ends_with('$');
            let close = content.get(open..)?.find('}')? + open;
            let before = if escaped { open - 1 } else { open };
            text.push_text(&whole.slice(at, before), file.span);
            let place = whole.place(open, close + 1);
            if escaped {
                text.push_text(&whole.slice(open, close + 1), place);
            } else {
                let name = content.get(open + 2..close)?.trim();
                let value = variables.get(name).and_then(Placed::as_text);
                match value {
                    Some(value) => text.push_text(&value.moved(place), place),
                    None => {
                        let open = Placed { value: Value::Null, span: place };
                        let missing = self.expression(0, place, &open);
                        text.push_hole(&missing, place);
                    }
                }
            }
            at = close + 1;
        }
        text.push_text(&whole.slice(at, content.len()), file.span);
        // What directives leave of the text is not worked out.
        if content.contains("%{") {
            return None;
        }
        let _ = span;
        Some(Placed::text(text, file.span))
    }

    /// What a text of JSON holds.
    fn decoded(&self, one: &Placed) -> Option<Placed> {
        let Value::Text(text) = &one.value else {
            return matches!(one.value, Value::Map(_) | Value::List(_)).then(|| one.clone());
        };
        // Only a whole file is read in place: its places are those of the text.
        let source = text.source();
        let whole = self.sources.whole(source);
        if one.span != whole || !text.holes().is_empty() {
            return None;
        }
        let documents = parse(self.sources, source, Syntax::Json).ok()?;
        documents.first().map(|document| plain(document.root()))
    }
}
