//! `aws sts decode-authorization-message`.

use super::members::{items, record, service, text};
use super::{Record, RecordKind, Said};
use crate::doc::Node;
use crate::text::Spanned;

pub(super) fn decoded(root: Node<'_>) -> Option<Record> {
    let allowed = root.get("allowed")?;
    let explicit = root.get("explicitDeny");
    let is_true = |node: Option<Node<'_>>| node.and_then(|node| node.as_bool()).unwrap_or(false);
    let (said, span) = match explicit {
        _ if is_true(Some(allowed)) => (Said::Allowed, allowed.span()),
        Some(explicit) if is_true(Some(explicit)) => (Said::Explicit, explicit.span()),
        _ => (Said::Implicit, allowed.span()),
    };
    let mut found = record(RecordKind::Decoded, said, span);
    let context = root.get("context");
    let said_of = |key: &str| context.and_then(|context| text(context, key));
    let principal = context.and_then(|context| context.get("principal"));
    found.denial.principal = principal.and_then(|one| text(one, "arn"));
    found.denial.action = said_of("action");
    found.denial.resource = said_of("resource");
    found.denial.service = service(found.denial.action.as_ref());
    let asked = context.and_then(|context| context.get("conditions"));
    for item in asked.into_iter().flat_map(|one| items(one, "items")) {
        if let Some(key) = text(item, "key") {
            found.context.push((key.value, values(item, "values")));
        }
    }
    for statement in root.get("matchedStatements").into_iter().flat_map(|one| items(one, "items")) {
        let sid = text(statement, "statementId");
        let place = sid.as_ref().map(|sid| sid.span);
        let place = place.or_else(|| text(statement, "effect").map(|effect| effect.span));
        let span = place.unwrap_or(statement.span());
        found.statements.extend(sid.as_ref().map(|sid| sid.value.clone()));
        let id = sid.map_or_else(
            || "a statement without a Sid".to_owned(),
            |id| format!("statement `{}`", id.value),
        );
        let effect = text(statement, "effect").map_or_else(String::new, |one| one.value);
        let effect = if effect.eq_ignore_ascii_case("deny") { "denies" } else { "allows" };
        let list = |key: &str| values(statement, key).join(", ");
        let conditions = statement.get("conditions").map(|one| conditions(one, &found.context));
        let under = match conditions.filter(|conditions| !conditions.is_empty()) {
            Some(conditions) => format!(", under conditions on {}", conditions.join(" and ")),
            None => String::new(),
        };
        let words = format!("{id} {effect} {} on {}{under}", list("actions"), list("resources"));
        found.matched.push(Spanned { value: words, span });
    }
    Some(found)
}

/// The conditions of a statement beside what the request had. The message does not tell operators.
fn conditions(node: Node<'_>, context: &[(String, Vec<String>)]) -> Vec<String> {
    let said = |item: Node<'_>| {
        let key = text(item, "key")?.value;
        let wanted = values(item, "values").join(", ");
        let own = context.iter().find(|(own, _)| own.eq_ignore_ascii_case(&key));
        let own = own.map_or_else(|| "none".to_owned(), |(_, values)| values.join(", "));
        Some(format!("`{key}` (compared with {wanted}; the request had {own})"))
    };
    items(node, "items").filter_map(said).collect()
}

/// The values of a list as `{"items": [{"value": …}]}`.
fn values(node: Node<'_>, key: &str) -> Vec<String> {
    let Some(list) = node.get(key) else { return Vec::new() };
    items(list, "items")
        .filter_map(|item| Some(item.get("value")?.scalar()?.into_owned()))
        .collect()
}
