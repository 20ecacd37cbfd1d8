//! `Action` and `Resource`, `NotAction` and `NotResource`.

use crate::text::Spanned;

use super::super::{
    ActionPattern, ArnPattern, Element, Pattern, PolicyType, ResourceMatcher, ResourcePattern,
    Syntax, VariablesIn,
};
use super::Reader;
use super::elements::Elements;

impl Reader {
    pub(super) fn action(&mut self, statement: &Elements<'_>) -> Option<Element<ActionPattern>> {
        let Some((negated, entry)) = self.one_of(statement, "Action", "NotAction") else {
            self.missing(
                statement.node,
                "Action",
                "the statement has no `Action`",
                "add `\"Action\": \"service:Name\"`",
            );
            return None;
        };
        let strings = self.strings(entry);
        let mut values = Vec::with_capacity(strings.len());
        let mut uncertain = false;
        for held in strings {
            let known = held.is_known();
            uncertain |= !known || held.doubt.is_some();
            let text = held.value;
            let well_formed = !known
                || text.value == "*"
                || text
                    .value
                    .split_once(':')
                    .is_some_and(|(service, name)| !service.is_empty() && !name.is_empty());
            if !well_formed {
                self.note(
                    text.span,
                    format!("`{}` names no action", text.value),
                    "write `service:Name`, such as `s3:GetObject`",
                    true,
                );
            }
            let lower = text.value.to_ascii_lowercase();
            // What is allowed there besides has no effect on a role.
            if well_formed
                && known
                && self.policy_type == PolicyType::Trust
                && is_of_other_service(&lower)
            {
                self.note(
                    text.span,
                    format!("`{}` is no action of AWS STS, and a trust policy takes no others", text.value),
                    "write `sts:AssumeRole`, or the action of the API that is called; what the role may do stands in its permissions",
                    true,
                );
            }
            let syntax = Syntax { wildcards: true, variables: false };
            let pattern = well_formed.then(|| Pattern::with_holes(&lower, &held.holes, syntax));
            values.push(Spanned {
                span: text.span,
                value: ActionPattern { text: text.value, pattern, doubt: held.doubt },
            });
        }
        Some(Element { negated, key: entry.key_span, values, uncertain })
    }

    pub(super) fn resource(
        &mut self,
        statement: &Elements<'_>,
    ) -> Option<Element<ResourcePattern>> {
        let found = self.one_of(statement, "Resource", "NotResource");
        let Some((negated, entry)) = found else {
            // Trust policies have no resource, and some services' policies may leave it out.
            if !matches!(self.policy_type, PolicyType::Trust | PolicyType::ResourceBased) {
                self.missing(
                    statement.node,
                    "Resource",
                    "the statement has no `Resource`",
                    "add `\"Resource\": \"arn:…\"` or `\"*\"`",
                );
            }
            return None;
        };
        if self.policy_type == PolicyType::Trust {
            self.refuse(
                entry.key_span,
                format!("`{}` is not allowed in a trust policy", entry.key),
                "remove it: the role itself is the resource",
            );
        }
        let variables =
            if self.variables { VariablesIn::ResourcePart } else { VariablesIn::Nothing };
        let strings = self.strings(entry);
        let mut values = Vec::with_capacity(strings.len());
        let mut uncertain = false;
        for held in strings {
            uncertain |= !held.is_known() || held.doubt.is_some();
            let text = held.value;
            let matcher = if !held.holes.is_empty() {
                let syntax = Syntax { wildcards: true, variables: self.variables };
                ResourceMatcher::Holed(Pattern::with_holes(&text.value, &held.holes, syntax))
            } else if !text.value.is_empty() && text.value.bytes().all(|byte| byte == b'*') {
                ResourceMatcher::Everything
            } else if let Some(pattern) = ArnPattern::new(&text.value, variables) {
                ResourceMatcher::Arn(pattern)
            } else {
                self.note(
                    text.span,
                    format!(
                        "`{}` is neither `*` nor an ARN of six parts, so it matches nothing",
                        text.value
                    ),
                    "write the whole ARN, `arn:partition:service:region:account:resource`",
                    true,
                );
                ResourceMatcher::Nothing
            };
            values.push(Spanned {
                span: text.span,
                value: ResourcePattern { text: text.value, matcher, doubt: held.doubt },
            });
        }
        Some(Element { negated, key: entry.key_span, values, uncertain })
    }
}

/// Whether an action, in lower case, belongs to another service than AWS STS for certain.
fn is_of_other_service(lower: &str) -> bool {
    lower
        .split_once(':')
        .is_some_and(|(service, _)| service != "sts" && !service.contains(['*', '?']))
}
