//! Expressions: what they come to, or why that is not known.

use std::sync::Arc;

use hcl_edit::Span as _;
use hcl_edit::expr::{
    BinaryOperator, Expression, ObjectKey, Traversal, TraversalOperator, UnaryOperator,
};

use crate::doc::build::{Placed, Text, Value};
use crate::doc::{Hole, MAX_DEPTH};
use crate::policy::is_account_id;
use crate::text::Span;

use super::super::functions::moved;
use super::super::terraform;
use super::text::short;
use super::{Module, hole};

impl Module<'_> {
    /// What an expression comes to.
    pub(super) fn eval(&self, expression: &Expression, file: usize, depth: usize) -> Placed {
        let span = self.span(file, expression.span());
        if depth >= MAX_DEPTH / 2 || !self.step() {
            return Placed::unknown(self.too_much(), span);
        }
        let placed = |value| Placed { value, span };
        match expression {
            Expression::Null(_) => placed(Value::Null),
            Expression::Bool(yes) => placed(Value::Bool(*yes.value())),
            Expression::Number(number) => placed(Value::Number(number.value().to_string())),
            Expression::String(text) => Placed::text(self.literal(text.value(), span), span),
            Expression::Array(items) => placed(Value::List(
                items.iter().map(|item| self.eval(item, file, depth + 1)).collect(),
            )),
            Expression::Object(object) => {
                let entries = object.iter().filter_map(|(key, value)| {
                    let at = self.span(file, key.span());
                    let name = match key {
                        ObjectKey::Ident(name) => {
                            let mut text = Text::new(at.source);
                            text.push_verbatim(name.as_str(), at.start as usize);
                            text
                        }
                        ObjectKey::Expression(key) => self.eval(key, file, depth + 1).as_text()?,
                    };
                    Some((name, at, self.eval(value.expr(), file, depth + 1)))
                });
                placed(Value::Map(entries.collect()))
            }
            Expression::StringTemplate(template) => {
                let elements: Vec<_> = template.iter().collect();
                self.template(&elements, file, span, false, depth)
            }
            Expression::HeredocTemplate(heredoc) => {
                let elements: Vec<_> = heredoc.template.iter().collect();
                self.template(&elements, file, span, true, depth)
            }
            Expression::Parenthesis(inner) => self.eval(inner.inner(), file, depth + 1),
            Expression::Conditional(choice) => {
                let condition = self.eval(&choice.cond_expr, file, depth + 1);
                let branch = |one| self.eval(one, file, depth + 1);
                match condition.known() {
                    Some("true") => branch(&choice.true_expr),
                    Some("false") => branch(&choice.false_expr),
                    _ => {
                        let at = self.span(file, choice.cond_expr.span());
                        let mut open = (*self.expression(file, at, &condition)).clone();
                        open.name = format!("condition {}", short(self.sources.slice(at)));
                        let either = vec![branch(&choice.true_expr), branch(&choice.false_expr)];
                        placed(Value::Unknown(Arc::new(open), either))
                    }
                }
            }
            Expression::FuncCall(call) => self.call(call, file, span, depth),
            Expression::Traversal(path) => self.traversal(path, file, span, depth),
            Expression::UnaryOp(operation) => {
                let value = self.eval(&operation.expr, file, depth + 1);
                match (operation.operator.value(), value.known()) {
                    (UnaryOperator::Not, Some("true")) => placed(Value::Bool(false)),
                    (UnaryOperator::Not, Some("false")) => placed(Value::Bool(true)),
                    _ => self.unknown(file, span, &value),
                }
            }
            Expression::BinaryOp(operation) => {
                let left = self.eval(&operation.lhs_expr, file, depth + 1);
                let right = self.eval(&operation.rhs_expr, file, depth + 1);
                let known = (left.known(), right.known());
                match (operation.operator.value(), known) {
                    (BinaryOperator::Eq, (Some(left), Some(right))) => {
                        placed(Value::Bool(left == right))
                    }
                    (BinaryOperator::NotEq, (Some(left), Some(right))) => {
                        placed(Value::Bool(left != right))
                    }
                    (BinaryOperator::And, (Some("false"), _) | (_, Some("false"))) => {
                        placed(Value::Bool(false))
                    }
                    (BinaryOperator::And, (Some("true"), Some("true"))) => {
                        placed(Value::Bool(true))
                    }
                    (BinaryOperator::Or, (Some("true"), _) | (_, Some("true"))) => {
                        placed(Value::Bool(true))
                    }
                    (BinaryOperator::Or, (Some("false"), Some("false"))) => {
                        placed(Value::Bool(false))
                    }
                    _ => {
                        let open = if left.known().is_none() { left } else { right };
                        self.unknown(file, span, &open)
                    }
                }
            }
            Expression::Variable(_) | Expression::ForExpr(_) => {
                let nothing = Placed { value: Value::Null, span };
                self.unknown(file, span, &nothing)
            }
        }
    }

    /// The hole of an expression that is not worked out, because of `of`, if that is open.
    pub(super) fn expression(&self, file: usize, span: Span, of: &Placed) -> Arc<Hole> {
        match &of.value {
            Value::Unknown(hole, _) => return Arc::clone(hole),
            Value::Text(text) => {
                if let Some(open) = text.holes().first() {
                    return Arc::clone(&open.hole);
                }
            }
            _ => {}
        }
        let text = short(self.sources.slice(span).trim_start_matches("${").trim_end_matches('}'));
        hole(
            format!("${{{text}}}"),
            format!("{} gives it as an expression that is not worked out", self.file_name(file)),
            "read the plan instead: `terraform plan -out=plan` and `terraform show -json plan`"
                .to_owned(),
        )
    }

    pub(super) fn unknown(&self, file: usize, span: Span, of: &Placed) -> Placed {
        Placed { value: Value::Unknown(self.expression(file, span, of), Vec::new()), span }
    }

    fn traversal(&self, path: &Traversal, file: usize, span: Span, depth: usize) -> Placed {
        let nothing = Placed { value: Value::Null, span };
        let Expression::Variable(root) = &path.expr else {
            let mut value = self.eval(&path.expr, file, depth + 1);
            for operator in &path.operators {
                value = match self.step_into(&value, operator.value(), file, depth) {
                    Some(inner) => inner,
                    None => return self.unknown(file, span, &value),
                };
            }
            return value;
        };
        // Names up to the first thing that is none.
        let mut names = vec![root.as_str().to_owned()];
        let mut rest = path.operators.as_slice();
        while let Some((first, others)) = rest.split_first()
            && let TraversalOperator::GetAttr(name) = first.value()
        {
            names.push(name.as_str().to_owned());
            rest = others;
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let (mut value, used) = match names.as_slice() {
            ["var", name, ..] => (self.variable(name, span), 2),
            ["local", name, ..] => {
                let Some((at, expression)) = self.locals.get(name) else {
                    return self.unknown(file, span, &nothing);
                };
                let value =
                    self.once(format!("local.{name}"), span, || self.eval(expression, *at, 0));
                (value, 2)
            }
            ["data", kind, name, ..] => return self.data(kind, name, &names, rest, file, span),
            ["path", "module" | "root", ..] => {
                return Placed::text(Text::standing_for(".", span), span);
            }
            [kind, name, ..] if self.resources.contains_key(&(*kind, *name)) => {
                return self.resource(kind, name, &names, rest, file, span);
            }
            _ => return self.unknown(file, span, &nothing),
        };
        for name in names.get(used..).unwrap_or_default() {
            value = match value.get(name) {
                Some(inner) => inner.clone(),
                None => return self.unknown(file, span, &value),
            };
        }
        for operator in rest {
            value = match self.step_into(&value, operator.value(), file, depth) {
                Some(inner) => inner,
                None => return self.unknown(file, span, &value),
            };
        }
        value
    }

    fn step_into(
        &self,
        value: &Placed,
        operator: &TraversalOperator,
        file: usize,
        depth: usize,
    ) -> Option<Placed> {
        match operator {
            TraversalOperator::GetAttr(name) => value.get(name.as_str()).cloned(),
            TraversalOperator::Index(index) => {
                let index = self.eval(index, file, depth + 1);
                let index = index.known()?;
                match &value.value {
                    Value::List(items) => items.get(index.parse::<usize>().ok()?).cloned(),
                    _ => value.get(index).cloned(),
                }
            }
            TraversalOperator::LegacyIndex(index) => {
                value.items().get(usize::try_from(*index.value()).ok()?).cloned()
            }
            TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => None,
        }
    }

    fn variable(&self, name: &str, span: Span) -> Placed {
        if let Some(given) = self.given.get(name) {
            return moved(given, span);
        }
        let declared = self.variables.get(name);
        let default = declared.and_then(|(at, block)| {
            let default = block.body.get_attribute("default")?;
            Some(self.once(format!("var.{name}"), span, || self.eval(&default.value, *at, 0)))
        });
        match default.filter(|default| !matches!(default.value, Value::Null)) {
            // A plain default stands where it is used; a document stands where it is written.
            Some(default) if matches!(default.value, Value::Text(_)) => default.moved_to(span),
            Some(default) => default,
            None => {
                let file = declared.map_or("the configuration", |(at, _)| self.file_name(*at));
                let reason = format!("variable {name} of {file} has no default");
                let supply = format!("pass `--parameters {name}=VALUE`");
                Placed {
                    value: Value::Unknown(
                        hole(format!("${{var.{name}}}"), reason, supply),
                        Vec::new(),
                    ),
                    span,
                }
            }
        }
    }

    fn data(
        &self,
        kind: &str,
        name: &str,
        names: &[&str],
        rest: &[hcl_edit::Decorated<TraversalOperator>],
        file: usize,
        span: Span,
    ) -> Placed {
        let attribute = names.get(3).copied().or(last_attribute(rest)).unwrap_or("");
        let text = |text: &str| Placed::text(Text::standing_for(text, span), span);
        let open = |hole: Hole| Placed::unknown(hole, span);
        match (kind, attribute) {
            ("aws_iam_policy_document", "json" | "minified_json") => {
                self.used.borrow_mut().insert(name.to_owned());
                self.policy_document(name, span)
            }
            ("aws_caller_identity", "account_id" | "id") => match &self.place.account {
                Some(account) if is_account_id(account) => text(account),
                _ => open(terraform::account_hole(name)),
            },
            ("aws_partition", "partition" | "id") => match &self.place.partition {
                Some(partition) => text(partition),
                None => open(terraform::partition_hole(name)),
            },
            ("aws_region", "name" | "region" | "id") => match &self.place.region {
                Some(region) => text(region),
                None => open(terraform::region_hole()),
            },
            _ => {
                let nothing = Placed { value: Value::Null, span };
                self.unknown(file, span, &nothing)
            }
        }
    }

    /// An attribute of a resource of the module.
    fn resource(
        &self,
        kind: &str,
        name: &str,
        names: &[&str],
        rest: &[hcl_edit::Decorated<TraversalOperator>],
        file: usize,
        span: Span,
    ) -> Placed {
        // `aws_iam_role.x["a"].arn`: one of several, which differ in what `each` stands for.
        let Some(attribute) = names.get(2).copied().or(last_attribute(rest)) else {
            let nothing = Placed { value: Value::Null, span };
            return self.unknown(file, span, &nothing);
        };
        let address = format!("{kind}.{name}");
        let later = || {
            let what = format!("`{attribute}` of {address}");
            let made = super::super::made_later(
                format!("${{{address}.{attribute}}}"),
                &what,
                "the configuration is applied",
            );
            Placed::unknown(made, span)
        };
        let own = |attribute: &str| {
            let (at, block) = self.resources.get(&(kind, name))?;
            let value = &block.body.get_attribute(attribute)?.value;
            let key = format!("{address}.{attribute}");
            let value = self.once(key, span, || self.eval(value, *at, 0));
            (!matches!(value.value, Value::Null)).then_some(value)
        };
        let named = |attribute: &str| {
            let text = own(attribute).and_then(|value| value.as_text());
            text.map_or_else(
                || {
                    let what = format!("`{attribute}` of {address}");
                    let made = super::super::made_later(
                        format!("${{{address}.{attribute}}}"),
                        &what,
                        "the configuration is applied",
                    );
                    Text::unknown(&Arc::new(made), span)
                },
                |text| text.moved(span),
            )
        };
        if let Some(noun) = terraform::iam_noun(kind) {
            let is_arn = attribute == "arn" || (attribute == "id" && kind == "aws_iam_policy");
            if is_arn {
                let path = own("path").and_then(|path| path.as_text());
                let path = path.unwrap_or_else(|| Text::standing_for("/", span));
                let arn = terraform::iam_arn(&self.place, noun, &path, &named("name"), span);
                return Placed::text(arn, span);
            }
            if matches!(attribute, "name" | "id") {
                return Placed::text(named("name"), span);
            }
        }
        match (kind, attribute) {
            ("aws_s3_bucket", "arn") => {
                let mut arn = Text::standing_for("arn:", span);
                match &self.place.partition {
                    Some(partition) => arn.push_atom(partition, span),
                    None => arn.push_hole(&Arc::new(terraform::partition_hole("current")), span),
                }
                arn.push_atom(":s3:::", span);
                arn.push_text(&named("bucket"), span);
                return Placed::text(arn, span);
            }
            ("aws_s3_bucket", "id" | "bucket") => return Placed::text(named("bucket"), span),
            ("aws_iam_openid_connect_provider", "arn") => {
                let url = named("url");
                let start = url.as_str().strip_prefix("https://").map_or(0, |_| "https://".len());
                let host = url.slice(start, url.as_str().len());
                let path = Text::standing_for("/", span);
                let arn = terraform::iam_arn(&self.place, "oidc-provider", &path, &host, span);
                return Placed::text(arn, span);
            }
            ("aws_iam_openid_connect_provider", "url") => {
                // The provider gives it without its scheme.
                let url = named("url");
                let start = url.as_str().strip_prefix("https://").map_or(0, |_| "https://".len());
                return Placed::text(url.slice(start, url.as_str().len()), span);
            }
            _ => {}
        }
        if let Some((property, service, before)) = terraform::regional(kind)
            && attribute == "arn"
        {
            let arn = terraform::regional_arn(&self.place, service, before, &named(property), span);
            return Placed::text(arn, span);
        }
        own(attribute).map_or_else(later, |value| match value.value {
            Value::Text(_) => value.moved_to(span),
            _ => value,
        })
    }
}

/// The attribute that is asked for last: `arn` of `aws_iam_role.x["a"].arn`.
fn last_attribute(rest: &[hcl_edit::Decorated<TraversalOperator>]) -> Option<&str> {
    rest.iter().rev().find_map(|operator| match operator.value() {
        TraversalOperator::GetAttr(name) => Some(name.as_str()),
        _ => None,
    })
}
