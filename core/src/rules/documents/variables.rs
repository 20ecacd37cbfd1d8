//! Policy variables: whether they are written as such, and stand where AWS fills them in.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>

use crate::finding::Finding;
use crate::text::Span;

use super::Sink;
use super::view::{Text, View};

pub(super) fn pass(view: &View<'_>, sink: &mut Sink) {
    for statement in &view.statements {
        for value in statement.resource.iter().flat_map(|element| &element.values) {
            if value.open || !has_any(&value.text) {
                continue;
            }
            check(value, view, sink);
        }
        let elsewhere = statement.action.iter().flat_map(|element| &element.values);
        for value in elsewhere.chain(statement.principals.iter().map(|named| &named.value)) {
            if !value.open && has_any(&value.text) {
                let message = "AWS fills in policy variables in `Resource` and `Condition` alone, and not here".to_owned();
                let finding =
                    Finding::new("variable-not-expanded", message, value.span, "stands for itself");
                sink.add(
                    finding.help("write what is meant, or move the comparison into a condition"),
                );
            }
        }
    }
}

/// Whether there is a variable in a text. Most are told by one byte.
pub(super) fn has_any(text: &str) -> bool {
    memchr::memchr(b'$', text.as_bytes()).is_some() && text.contains("${")
}

/// Looks at the variables of a value that AWS fills in.
pub(super) fn check(value: &Text<'_>, view: &View<'_>, sink: &mut Sink) {
    let text = value.text.as_ref();
    let mut rest = text;
    let mut any = false;
    while let Some((_, after)) = rest.split_once("${") {
        let Some((body, next)) = after.split_once('}') else {
            add(
                value.span,
                "`${` is not closed",
                "no `}` follows",
                "close the variable with `}`; for a literal `$` write `${$}`",
                sink,
            );
            return;
        };
        rest = next;
        if matches!(body, "*" | "?" | "$") {
            continue;
        }
        any = true;
        let (name, default) = match body.split_once(',') {
            Some((name, default)) => (name.trim_end(), Some(default.trim())),
            None => (body, None),
        };
        let quoted = |default: &str| {
            default.len() >= 2 && default.starts_with('\'') && default.ends_with('\'')
        };
        if body.trim().is_empty() {
            add(
                value.span,
                "the policy variable `${}` has no name",
                "an empty variable",
                "write the condition key that is meant, such as `${aws:username}`",
                sink,
            );
        } else if name.contains(char::is_whitespace) {
            let message = format!("there is a space in the policy variable `${{{body}}}`");
            add(
                value.span,
                &message,
                "a space in a variable",
                &format!("write `${{{}}}`", name.replace(char::is_whitespace, "")),
                sink,
            );
        } else if default.is_some_and(|default| !quoted(default)) {
            let message = format!(
                "the default of the policy variable `${{{body}}}` has to stand in single quotes"
            );
            let bare = default.unwrap_or_default().trim_matches(['\'', '"']);
            add(
                value.span,
                &message,
                "quotes are missing",
                &format!("write `${{{name}, '{bare}'}}`"),
                sink,
            );
        }
    }
    if any && !view.has_variables() {
        let why = match &view.version {
            Some(version) => format!("`Version` is `{}`", version.text),
            None => "there is no `Version`".to_owned(),
        };
        let message = format!(
            "AWS does not fill in the policy variable, since {why}: the text stands for itself"
        );
        let mut finding =
            Finding::new("variable-not-expanded", message, value.span, "stands for itself");
        if let Some(version) = &view.version {
            finding = finding.also(version.span, "the old language");
        }
        sink.add(finding.help("write `\"Version\": \"2012-10-17\"`"));
    }
}

fn add(span: Span, message: &str, label: &str, help: &str, sink: &mut Sink) {
    sink.add(Finding::new("variable-malformed", message, span, label).help(help));
}
