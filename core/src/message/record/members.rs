//! What all records are read with: their members, and a record that is filled from them.

use super::{Record, RecordKind, Said};
use crate::doc::{Kind, Node};
use crate::message::{Denial, DenialKind};
use crate::text::{Span, Spanned};

pub(super) fn has(node: Node<'_>, key: &str, kind: Kind) -> bool {
    node.get(key).is_some_and(|value| value.kind() == kind)
}

pub(super) fn text(node: Node<'_>, key: &str) -> Option<Spanned<String>> {
    let value = node.get(key)?;
    let text = value.text()?.into_owned();
    (!text.is_empty()).then(|| Spanned { value: text, span: value.inner_span() })
}

pub(super) fn items<'d>(node: Node<'d>, key: &str) -> impl Iterator<Item = Node<'d>> + use<'d> {
    node.get(key).into_iter().flat_map(|list| list.items())
}

/// A decision with nothing known of it but where it stands.
pub(super) fn record(kind: RecordKind, said: Said, span: Span) -> Record {
    let denied = match said {
        Said::Explicit => Some(DenialKind::Explicit),
        Said::Implicit => Some(DenialKind::Implicit),
        Said::Allowed | Said::NoImpact | Said::Stopped => None,
    };
    let denial = Denial {
        kind: denied.map(|value| Spanned { value, span }),
        words: Some(span),
        ..Denial::bare(kind.id(), kind.page(), span)
    };
    Record {
        kind,
        said,
        denial,
        context: Vec::new(),
        checks: Vec::new(),
        matched: Vec::new(),
        statements: Vec::new(),
        missing: Vec::new(),
        policies: Vec::new(),
        parts: Vec::new(),
        notes: Vec::new(),
    }
}

/// The service of an action.
pub(super) fn service(action: Option<&Spanned<String>>) -> Option<Spanned<String>> {
    let action = action?;
    let (prefix, _) = action.value.split_once(':')?;
    Some(Spanned { value: prefix.to_ascii_lowercase(), span: action.span })
}

pub(super) fn effect(node: Node<'_>, key: &str) -> Option<(Said, Span)> {
    let value = node.get(key)?;
    let said = match value.text()?.as_ref() {
        "ALLOW" | "allowed" => Said::Allowed,
        "EXPLICIT_DENY" | "explicitDeny" => Said::Explicit,
        "IMPLICIT_DENY" | "implicitDeny" => Said::Implicit,
        "NO_IMPACT" => Said::NoImpact,
        _ => return None,
    };
    Some((said, value.inner_span()))
}
