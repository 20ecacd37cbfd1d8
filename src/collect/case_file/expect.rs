//! The `expect` of a case.

use crate::collect::InputError;
use crate::doc::{Kind, Node};
use crate::eval::Decision;
use crate::text::{Span, Spanned};

use super::fields::Fields;

/// What a case expects.
#[derive(Clone, Debug)]
pub struct Expect {
    /// The decision.
    pub decision: Option<Spanned<Decision>>,
    /// Rules that have to fire; others may fire besides.
    pub rules: Vec<Spanned<String>>,
    /// For each rule the underlined texts of its findings.
    pub findings: Vec<(Spanned<String>, Vec<Spanned<String>>)>,
    /// Its place.
    pub span: Span,
}

const DECISIONS: [Decision; 4] =
    [Decision::Allowed, Decision::ExplicitDeny, Decision::ImplicitDeny, Decision::Undetermined];

pub(super) fn read(fields: &mut Fields, node: Node<'_>) -> Option<Expect> {
    if !fields.known(node, "an expectation", &["decision", "rules", "findings"]) {
        return None;
    }
    let decision = node.get("decision").and_then(|node| {
        let id = fields.one_of(node, "decision", &DECISIONS.map(Decision::id))?;
        Some(Spanned { value: Decision::from_id(id)?, span: node.span() })
    });
    let mut findings = Vec::new();
    if let Some(node) = node.get("findings") {
        if node.kind() != Kind::Mapping {
            let error = InputError::at(node.span(), "`findings` has to be a mapping");
            fields.error(error.help("write `{ rule-id: [ underlined text ] }`"));
        }
        for entry in node.entries() {
            let rule = Spanned { value: entry.key.to_string(), span: entry.key_span };
            findings.extend(Some(rule).zip(fields.scalars(entry.value, &entry.key)));
        }
    }
    Some(Expect {
        decision,
        rules: fields.member(node, "rules", Fields::string_or_strings).unwrap_or_default(),
        findings,
        span: node.span(),
    })
}
