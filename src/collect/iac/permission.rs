//! Statements that templates spell out in properties of their own: what may call a Lambda function.
//!
//! <https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html>

use crate::doc::build::{Placed, Text, Value};
use crate::policy::is_account_id;
use crate::text::Span;

/// The properties of a permission.
pub(super) struct Permission {
    /// What may be done.
    pub(super) action: Option<Placed>,
    /// Who may do it: a service, an account, an ARN or `*`.
    pub(super) principal: Option<Placed>,
    /// The resource for which a service does it.
    pub(super) source_arn: Option<Placed>,
    /// The account for which a service does it.
    pub(super) source_account: Option<Placed>,
    /// The organization of the caller.
    pub(super) organization: Option<Placed>,
    /// The function's ARN.
    pub(super) function: Text,
    /// Where all of it stands.
    pub(super) span: Span,
}

impl Permission {
    /// The statement that AWS makes of it.
    pub(super) fn statement(self) -> Placed {
        let span = self.span;
        let key = |name: &str, at: Span| (Text::standing_for(name, at), at);
        let entry = |name: &str, value: Placed| {
            let (text, at) = key(name, value.span);
            (text, at, value)
        };
        let map = |entries, span| Placed { value: Value::Map(entries), span };
        let mut entries =
            vec![entry("Effect", Placed::text(Text::standing_for("Allow", span), span))];
        if let Some(principal) = self.principal {
            let text = principal.known().unwrap_or("");
            let kind = match text {
                "*" => None,
                text if text.starts_with("arn:") || is_account_id(text) => Some("AWS"),
                text if !text.is_empty() => Some("Service"),
                _ => Some("AWS"),
            };
            let at = principal.span;
            entries.push(match kind {
                Some(kind) => entry("Principal", map(vec![entry(kind, principal)], at)),
                None => entry("Principal", principal),
            });
        }
        if let Some(action) = self.action {
            entries.push(entry("Action", action));
        }
        entries.push(entry("Resource", Placed::text(self.function, span)));
        let conditions = [
            ("ArnLike", "AWS:SourceArn", self.source_arn),
            ("StringEquals", "AWS:SourceAccount", self.source_account),
            ("StringEquals", "aws:PrincipalOrgID", self.organization),
        ];
        let mut operators: Vec<(&str, Vec<_>)> = Vec::new();
        for (operator, name, value) in conditions {
            let Some(value) = value else { continue };
            let condition = entry(name, value);
            match operators.iter_mut().find(|(known, _)| *known == operator) {
                Some((_, conditions)) => conditions.push(condition),
                None => operators.push((operator, vec![condition])),
            }
        }
        if !operators.is_empty() {
            let operators = operators.into_iter().map(|(name, all)| entry(name, map(all, span)));
            entries.push(entry("Condition", map(operators.collect(), span)));
        }
        map(entries, span)
    }
}

/// A policy of these statements.
pub(super) fn policy_of(statements: Vec<Placed>, span: Span) -> Placed {
    let at = |name: &str| Text::standing_for(name, span);
    let version = Placed::text(at("2012-10-17"), span);
    let list = Placed { value: Value::List(statements), span };
    let entries = vec![(at("Version"), span, version), (at("Statement"), span, list)];
    Placed { value: Value::Map(entries), span }
}
