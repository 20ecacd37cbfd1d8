//! `Condition`: operators, keys, and values as what the operator compares.

use std::sync::Arc;

use smol_str::SmolStr;

use crate::doc::{Entry, Hole, Kind, Missing, Node};
use crate::text::Spanned;

use super::super::slips::{looks_like_key, operator_help};
use super::super::{
    ArnPattern, Condition, ConditionValue, Family, Number, Operand, Operator, Pattern, Syntax,
    VariablesIn, boolean, bytes, moment, network, placeholder,
};
use super::elements::{Elements, candidates};
use super::{Reader, open_key};

impl Reader {
    pub(super) fn conditions(&mut self, statement: &Elements<'_>) -> Vec<Condition> {
        let Some(block) = statement.get("Condition").map(|entry| entry.value) else {
            return Vec::new();
        };
        if let Some(hole) = block.unknown() {
            // Whatever it asks for, the rest of the statement is as it is.
            self.doubts.push(Arc::clone(hole));
            return Vec::new();
        }
        if block.kind() != Kind::Mapping {
            self.refuse(
                block.span(),
                "`Condition` has to be an object",
                "write `{ \"StringEquals\": { \"key\": \"value\" } }`",
            );
        }
        let mut conditions = Vec::new();
        for outer in block.entries() {
            let parsed = Operator::parse(&outer.key);
            let open = open_key(&outer).or_else(|| outer.value.unknown().cloned());
            if let Some(hole) = open {
                self.doubts.push(hole);
                continue;
            }
            let bare_key = parsed.is_none() && looks_like_key(&outer.key);
            match parsed {
                Some(operator) if operator.is_spelled(&outer.key) => {}
                Some(operator) => self.refuse(
                    outer.key_span,
                    format!("whether AWS takes `{}` for `{operator}` is not documented", outer.key),
                    format!("write `{operator}` in exactly this case"),
                ),
                None => {
                    let what = if bare_key {
                        "a condition key, where an operator has to stand"
                    } else {
                        "no condition operator"
                    };
                    self.refuse(
                        outer.key_span,
                        format!("`{}` is {what}", outer.key),
                        operator_help(&outer.key),
                    );
                }
            }
            if outer.value.kind() != Kind::Mapping && !bare_key {
                self.refuse(
                    outer.value.span(),
                    format!("`{}` has to hold an object of condition keys", outer.key),
                    "write `{ \"key\": \"value\" }`",
                );
            }
            for inner in outer.value.entries() {
                conditions.push(Condition {
                    operator: Spanned { value: outer.key.to_string(), span: outer.key_span },
                    parsed,
                    key: Spanned { value: inner.key.to_string(), span: inner.key_span },
                    key_lower: inner.key.to_lowercase().into(),
                    values_span: inner.value.span(),
                    values: self.condition_values(parsed, &inner),
                    doubt: open_key(&inner).or_else(|| {
                        let holes = if self.placeholders {
                            placeholder::find(&inner.key)
                        } else {
                            Vec::new()
                        };
                        Some(Arc::clone(&holes.first()?.hole))
                    }),
                });
            }
        }
        conditions
    }

    fn condition_values(
        &mut self,
        operator: Option<Operator>,
        entry: &Entry<'_>,
    ) -> Vec<Spanned<ConditionValue>> {
        let mut values = Vec::new();
        let is_one = entry.value.kind() != Kind::Sequence;
        let one = is_one.then_some(entry.value);
        values.reserve_exact(usize::from(is_one));
        let listed = (!is_one).then(|| entry.value.items());
        for node in listed.into_iter().flatten().chain(one) {
            candidates(node, None, &mut |node, doubt| {
                self.condition_value(operator, entry, node, doubt, &mut values);
            });
        }
        values
    }

    fn condition_value(
        &mut self,
        operator: Option<Operator>,
        entry: &Entry<'_>,
        node: Node<'_>,
        doubt: Option<&Arc<Hole>>,
        values: &mut Vec<Spanned<ConditionValue>>,
    ) {
        let mut push = |text: &str, operand: Option<Operand>| {
            let text = SmolStr::new(text);
            let value = ConditionValue { text, operand, doubt: doubt.cloned() };
            values.push(Spanned { value, span: node.span() });
        };
        let syntax = Syntax { wildcards: self.has_wildcards(operator), variables: self.variables };
        if let Some(hole) = node.unknown() {
            let text = &hole.name;
            let holes = [Missing { start: 0, end: text.len(), hole: Arc::clone(hole) }];
            return push(text, Some(Operand::Holed(Pattern::with_holes(text, &holes, syntax))));
        }
        let Some(text) = node.scalar() else {
            self.refuse(
                node.span(),
                format!("a value of `{}` has to be a string, a number, true or false", entry.key),
                "write one value, or a list of them",
            );
            return;
        };
        let holes = self.with_holes(node, &text);
        if !holes.is_empty() {
            push(&text, Some(Operand::Holed(Pattern::with_holes(&text, &holes, syntax))));
            return;
        }
        let operand = operator.and_then(|operator| self.operand(operator, &text));
        if let (None, Some(operator)) = (&operand, operator) {
            // A short ARN pattern is accepted; what it matches is documented nowhere.
            let effect = match operator.row.family {
                Family::Arn => "and what it matches is not documented",
                _ => "so it never matches",
            };
            self.note(
                node.span(),
                format!("`{text}` is not {}, {effect}", what_it_takes(operator.row.family)),
                format!("give `{}` a value that it can compare", operator.row.name),
                false,
            );
        }
        push(&text, operand);
    }

    fn has_wildcards(&self, operator: Option<Operator>) -> bool {
        operator.is_some_and(|one| matches!(one.row.family, Family::StringLike | Family::Arn))
    }

    fn operand(&self, operator: Operator, text: &str) -> Option<Operand> {
        let literal = Syntax { wildcards: false, variables: self.variables };
        match operator.row.family {
            Family::String => Some(Operand::Text(Pattern::new(text, literal))),
            Family::StringIgnoreCase => {
                // Variables keep their names; the texts around them are folded on comparison.
                Some(Operand::Text(Pattern::new(text, literal)))
            }
            Family::StringLike => {
                Some(Operand::Text(Pattern::new(text, Syntax { wildcards: true, ..literal })))
            }
            Family::Arn => {
                let variables =
                    if self.variables { VariablesIn::EveryPart } else { VariablesIn::Nothing };
                ArnPattern::new(text, variables).map(Operand::Arn)
            }
            Family::Numeric(_) => Number::parse(text).map(Operand::Number),
            Family::Date(_) => moment(text).map(Operand::Moment),
            Family::Bool | Family::Null => boolean(text).map(Operand::Bool),
            Family::Binary => bytes(text).map(Operand::Bytes),
            Family::Ip => network(text).map(Operand::Network),
        }
    }
}

/// What an operator of `family` compares, with its article.
fn what_it_takes(family: Family) -> &'static str {
    match family {
        Family::String | Family::StringIgnoreCase | Family::StringLike => "a text",
        Family::Arn => "an ARN of six parts",
        Family::Numeric(_) => "a number",
        Family::Date(_) => "a date in ISO 8601 or epoch seconds",
        Family::Bool | Family::Null => "`true` or `false`",
        Family::Binary => "base64",
        Family::Ip => "an IP address or CIDR block",
    }
}
