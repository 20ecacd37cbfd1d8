//! From a tree of values to a [`Policy`].
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

use crate::doc::{Entry, Kind, Node};
use crate::text::{Span, Spanned};

use super::principal::bare_kind;
use super::{
    ActionPattern, Arn, ArnPattern, Condition, ConditionValue, Effect, Element, Family,
    NamedPrincipal, Number, Operand, Operator, Pattern, Policy, PolicyType, PrincipalKind,
    Principals, Problem, ResourceMatcher, ResourcePattern, Statement, Syntax, VariablesIn, boolean,
    bytes, is_account_id, looks_like_account_id, moment, network,
};

/// Reads `node` as a policy of the type `policy_type`.
pub fn read(node: Node<'_>, policy_type: PolicyType) -> Policy {
    let mut reader = Reader { policy_type, variables: false, problems: Vec::new(), broken: None };
    let mut version = None;
    let mut statements = Vec::new();
    if node.kind() != Kind::Mapping {
        reader.refuse(
            node.span(),
            "a policy has to be an object",
            "begin it with `{ \"Version\": …`",
        );
    }
    reader.repeated_keys(node);
    if let Some(value) = node.get("Version") {
        match value.text() {
            Some(text) if text == "2012-10-17" || text == "2008-10-17" => {
                reader.variables = text == "2012-10-17";
                version = Some(Spanned { value: text.into_owned(), span: value.span() });
            }
            _ => reader.refuse(
                value.span(),
                "AWS knows no policy language of this version",
                "write `\"Version\": \"2012-10-17\"`; it is the language's version, not your document's",
            ),
        }
    }
    match node.get("Statement") {
        Some(list) if list.kind() == Kind::Sequence => {
            statements.extend(list.items().map(|item| reader.statement(item)));
        }
        Some(one) => statements.push(reader.statement(one)),
        None if node.kind() == Kind::Mapping => reader.refuse(
            node.span(),
            "the policy has no `Statement`",
            "add `\"Statement\": [ … ]`; element names are case-sensitive",
        ),
        None => {}
    }
    for entry in node.entries() {
        if !matches!(entry.key.as_ref(), "Version" | "Id" | "Statement") {
            reader.unknown_element(&entry, &["Version", "Id", "Statement"]);
        }
    }
    Policy { policy_type, span: node.span(), version, statements, problems: reader.problems }
}

struct Reader {
    policy_type: PolicyType,
    variables: bool,
    problems: Vec<Problem>,
    /// The first refusal in the statement that is being read.
    broken: Option<Span>,
}

const ELEMENTS: &[&str] = &[
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

impl Reader {
    fn refuse(&mut self, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.broken.get_or_insert(span);
        self.note(span, message, help, true);
    }

    fn note(
        &mut self,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
        refused: bool,
    ) {
        let problem = Problem { span, message: message.into(), help: help.into(), refused };
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    fn unknown_element(&mut self, entry: &Entry<'_>, known: &[&str]) {
        let help = known.iter().find(|name| name.eq_ignore_ascii_case(&entry.key)).map_or_else(
            || format!("AWS takes {} here", known.join(", ")),
            |name| format!("element names are case-sensitive: write `{name}`"),
        );
        // The rest of the statement still says what it says, so it is not broken by this alone.
        self.note(entry.key_span, format!("`{}` is no element of a policy", entry.key), help, true);
    }

    /// Reports a key that stands twice. Which of the two would count is undefined, so what depends
    /// on it is broken.
    fn repeated_keys(&mut self, node: Node<'_>) {
        let span = node.span();
        let repeated: Vec<_> = (node.document().duplicates().iter())
            .filter(|duplicate| {
                span.start < duplicate.again.start && duplicate.again.end <= span.end
            })
            .map(|duplicate| (duplicate.key.clone(), duplicate.again))
            .collect();
        for (key, again) in repeated {
            self.refuse(
                again,
                format!("`{key}` stands twice in one object"),
                "AWS refuses duplicate keys; merge the two into one",
            );
        }
    }

    fn statement(&mut self, node: Node<'_>) -> Statement {
        self.broken = None;
        if node.kind() != Kind::Mapping {
            self.refuse(
                node.span(),
                "a statement has to be an object",
                "write `{ \"Effect\": …, \"Action\": … }`",
            );
        }
        self.repeated_keys(node);
        let effect = self.effect(node);
        let principal = self.principal(node);
        let action = self.action(node);
        let resource = self.resource(node);
        let conditions = self.conditions(node);
        let sid = node.get("Sid").and_then(|sid| {
            let text = sid.text();
            if text.is_none() {
                self.refuse(
                    sid.span(),
                    "`Sid` has to be a string",
                    "write letters and digits in quotes",
                );
            }
            Some(Spanned { value: text?.into_owned(), span: sid.span() })
        });
        for entry in node.entries() {
            if !ELEMENTS.contains(&entry.key.as_ref()) {
                self.unknown_element(&entry, ELEMENTS);
            }
        }
        Statement {
            span: node.span(),
            sid,
            effect,
            principal,
            action,
            resource,
            conditions,
            broken: self.broken.take(),
        }
    }

    fn effect(&mut self, node: Node<'_>) -> Option<Spanned<Effect>> {
        let Some(value) = node.get("Effect") else {
            self.refuse(
                node.span(),
                "the statement has no `Effect`",
                "add `\"Effect\": \"Allow\"` or `\"Deny\"`",
            );
            return None;
        };
        let effect = match value.text().as_deref() {
            Some("Allow") => Effect::Allow,
            Some("Deny") => Effect::Deny,
            _ => {
                self.refuse(
                    value.span(),
                    "`Effect` has to be `Allow` or `Deny`",
                    "write it exactly so: its case counts",
                );
                return None;
            }
        };
        Some(Spanned { value: effect, span: value.span() })
    }

    /// The value of `name` or `Not…`, where at most one of the two may stand.
    fn one_of<'d>(&mut self, node: Node<'d>, name: &str, not: &str) -> Option<(bool, Entry<'d>)> {
        let find = |wanted: &str| node.entries().find(|entry| entry.key == wanted);
        let (plain, negated) = (find(name), find(not));
        if let (Some(_), Some(second)) = (&plain, &negated) {
            self.refuse(
                second.key_span,
                format!("a statement takes `{name}` or `{not}`, not both"),
                "split it into two statements",
            );
        }
        plain.map(|entry| (false, entry)).or_else(|| negated.map(|entry| (true, entry)))
    }

    /// A string, or a list of strings.
    fn strings(&mut self, entry: &Entry<'_>) -> Vec<Spanned<String>> {
        let mut strings = Vec::new();
        let list = entry.value.kind() == Kind::Sequence;
        let one = (!list).then_some(entry.value);
        for node in entry.value.items().chain(one) {
            match node.text() {
                Some(text) => strings.push(Spanned { value: text.into_owned(), span: node.span() }),
                None => self.refuse(
                    node.span(),
                    format!("a value of `{}` has to be a string", entry.key),
                    "put it in quotes",
                ),
            }
        }
        if list && entry.value.items().next().is_none() {
            self.refuse(
                entry.value.span(),
                format!("`{}` is empty", entry.key),
                "name at least one value",
            );
        }
        strings
    }

    fn principal(&mut self, node: Node<'_>) -> Option<Principals> {
        let found = self.one_of(node, "Principal", "NotPrincipal");
        let wanted = self.policy_type.row().has_principal;
        let Some((negated, entry)) = found else {
            // AWS refuses it, but what it means is plain: it names nobody.
            if wanted {
                self.note(
                    node.span(),
                    format!("a statement of a {} needs a `Principal`", self.policy_type.name()),
                    "say whom it is about, for example `\"Principal\": { \"AWS\": \"arn:aws:iam::…\" }`",
                    true,
                );
            }
            return None;
        };
        if !wanted {
            self.note(
                entry.key_span,
                format!("`{}` is not allowed in a {}", entry.key, self.policy_type.name()),
                "remove it: the policy is about whoever it is attached to",
                true,
            );
        }
        if negated && self.policy_type == PolicyType::Trust {
            self.note(
                entry.key_span,
                "`NotPrincipal` is not allowed in a trust policy",
                "name the principals that you trust under `Principal`",
                true,
            );
        }
        let mut values = Vec::new();
        if entry.value.kind() != Kind::Mapping {
            for text in self.strings(&entry) {
                self.named(PrincipalKind::Bare, &text, &mut values);
            }
        }
        for inner in entry.value.entries() {
            let kind = match inner.key.as_ref() {
                "AWS" => PrincipalKind::Aws,
                "Service" => PrincipalKind::Service,
                "Federated" => PrincipalKind::Federated,
                "CanonicalUser" => PrincipalKind::CanonicalUser,
                _ => {
                    self.refuse(
                        inner.key_span,
                        format!("`{}` is no kind of principal", inner.key),
                        "write `AWS`, `Service`, `Federated` or `CanonicalUser`",
                    );
                    continue;
                }
            };
            for text in self.strings(&inner) {
                self.named(kind, &text, &mut values);
            }
        }
        Some(Principals { negated, key: entry.key_span, values })
    }

    fn named(
        &mut self,
        kind: PrincipalKind,
        text: &Spanned<String>,
        values: &mut Vec<Spanned<NamedPrincipal>>,
    ) {
        let named = NamedPrincipal::new(kind, &text.value);
        if kind == PrincipalKind::Bare && text.value != "*" {
            let kind = match bare_kind(&text.value) {
                PrincipalKind::Service => "Service",
                _ => "AWS",
            };
            self.note(
                text.span,
                "only `*` may stand under `Principal` without a kind of principal",
                format!("write `{{ \"{kind}\": \"{}\" }}`", text.value),
                true,
            );
        }
        if let super::Names::Invalid(why) = named.names {
            self.note(
                text.span,
                format!("`{}` is not a principal that AWS takes: {why}", text.value),
                "name a user, role, session or account; match several with a condition on `aws:PrincipalArn`",
                true,
            );
        }
        let account = Arn::parse(&text.value).map(|arn| arn.account.to_owned());
        if account
            .is_some_and(|account| looks_like_account_id(&account) && !is_account_id(&account))
        {
            self.note(
                text.span,
                format!("the account id in `{}` is not twelve digits", text.value),
                "write all twelve digits, leading zeros too",
                true,
            );
        }
        values.push(Spanned { value: named, span: text.span });
    }

    fn action(&mut self, node: Node<'_>) -> Option<Element<ActionPattern>> {
        let Some((negated, entry)) = self.one_of(node, "Action", "NotAction") else {
            self.refuse(
                node.span(),
                "the statement has no `Action`",
                "add `\"Action\": \"service:Name\"`",
            );
            return None;
        };
        let mut values = Vec::new();
        for text in self.strings(&entry) {
            let well_formed = text.value == "*"
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
            let syntax = Syntax { wildcards: true, variables: false };
            let pattern =
                well_formed.then(|| Pattern::new(&text.value.to_ascii_lowercase(), syntax));
            values.push(Spanned {
                span: text.span,
                value: ActionPattern { text: text.value, pattern },
            });
        }
        Some(Element { negated, key: entry.key_span, values })
    }

    fn resource(&mut self, node: Node<'_>) -> Option<Element<ResourcePattern>> {
        let found = self.one_of(node, "Resource", "NotResource");
        let Some((negated, entry)) = found else {
            // Trust policies have no resource, and some services' policies may leave it out.
            if !matches!(self.policy_type, PolicyType::Trust | PolicyType::ResourceBased) {
                self.refuse(
                    node.span(),
                    "the statement has no `Resource`",
                    "add `\"Resource\": \"arn:…\"` or `\"*\"`",
                );
            }
            return None;
        };
        if self.policy_type == PolicyType::Trust {
            self.note(
                entry.key_span,
                format!("`{}` is not allowed in a trust policy", entry.key),
                "remove it: the role itself is the resource",
                true,
            );
        }
        let variables =
            if self.variables { VariablesIn::ResourcePart } else { VariablesIn::Nothing };
        let mut values = Vec::new();
        for text in self.strings(&entry) {
            let matcher = if !text.value.is_empty() && text.value.bytes().all(|byte| byte == b'*') {
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
                value: ResourcePattern { text: text.value, matcher },
            });
        }
        Some(Element { negated, key: entry.key_span, values })
    }

    fn conditions(&mut self, node: Node<'_>) -> Vec<Condition> {
        let Some(block) = node.get("Condition") else { return Vec::new() };
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
            match parsed {
                Some(operator) if operator.is_spelled(&outer.key) => {}
                Some(operator) => self.refuse(
                    outer.key_span,
                    format!("whether AWS takes `{}` for `{operator}` is not documented", outer.key),
                    format!("write `{operator}` in exactly this case"),
                ),
                // It can grant nothing, since AWS does not store it.
                None => self.note(
                    outer.key_span,
                    format!("`{}` is no condition operator", outer.key),
                    "see the list of condition operators in the IAM User Guide",
                    true,
                ),
            }
            if outer.value.kind() != Kind::Mapping {
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
        let one = (entry.value.kind() != Kind::Sequence).then_some(entry.value);
        for node in entry.value.items().chain(one) {
            let Some(text) = node.scalar() else {
                self.refuse(
                    node.span(),
                    format!(
                        "a value of `{}` has to be a string, a number, true or false",
                        entry.key
                    ),
                    "write one value, or a list of them",
                );
                continue;
            };
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
            values.push(Spanned {
                value: ConditionValue { text: text.into_owned(), operand },
                span: node.span(),
            });
        }
        values
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
