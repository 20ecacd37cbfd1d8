//! From a tree of values to a [`Policy`].
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

use std::sync::Arc;

use crate::doc::{Entry, Hole, Kind, Missing, Node};
use crate::text::{Span, Spanned};

use super::principal::bare_kind;
use super::slips::{
    ELEMENTS, MEMBERS, element_help, is_displaced, kind_help, looks_like_key, meant, operator_help,
};
use super::{
    ActionPattern, Arn, ArnPattern, Condition, ConditionValue, Effect, Element, Family,
    NamedPrincipal, Number, Operand, Operator, Pattern, Policy, PolicyType, PrincipalKind,
    Principals, Problem, ResourceMatcher, ResourcePattern, Statement, Syntax, VariablesIn, boolean,
    bytes, is_account_id, looks_like_account_id, moment, network, placeholder,
};

/// Reads `node` as a policy of the type `policy_type`.
pub fn read(node: Node<'_>, policy_type: PolicyType) -> Policy {
    read_as(node, policy_type, false)
}

/// Reads `node` as a policy that is kept in a repository: it may hold placeholders.
pub fn read_committed(node: Node<'_>, policy_type: PolicyType) -> Policy {
    read_as(node, policy_type, true)
}

fn read_as(node: Node<'_>, policy_type: PolicyType, placeholders: bool) -> Policy {
    let mut reader = Reader {
        policy_type,
        placeholders,
        variables: false,
        problems: Vec::new(),
        broken: None,
        doubts: Vec::new(),
    };
    let mut version = None;
    let mut statements = Vec::new();
    if let Some(hole) = node.unknown() {
        // What it can be is read where that is one document; else it may say anything.
        let either: Vec<_> = node.items().collect();
        for one in &either {
            let mut policy = read_as(*one, policy_type, placeholders);
            policy.statements.iter_mut().for_each(|one| one.doubts.push(Arc::clone(hole)));
            statements.append(&mut policy.statements);
            reader.problems.append(&mut policy.problems);
        }
        if either.is_empty() {
            statements.push(reader.open_statement(node, hole));
        }
    } else if node.kind() != Kind::Mapping {
        reader.refuse(
            node.span(),
            "a policy has to be an object",
            "begin it with `{ \"Version\": …`",
        );
    }
    reader.repeated_keys(node);
    reader.broken = None;
    if let Some(value) = node.get("Version") {
        match value.text() {
            Some(text) if text == "2012-10-17" || text == "2008-10-17" => {
                reader.variables = text == "2012-10-17";
                version = Some(Spanned { value: text.into_owned(), span: value.span() });
            }
            // The older version is hardly ever meant.
            _ if value.unknown().is_some() || !value.holes().is_empty() => reader.variables = true,
            _ => reader.refuse(
                value.span(),
                "AWS knows no policy language of this version",
                "write `\"Version\": \"2012-10-17\"`; it is the language's version, not your document's",
            ),
        }
    }
    let mut whole = reader.broken.take();
    // Under a name that is nearly right, the statements still say what was meant.
    let misspelt = || misspelt(node, "Statement", MEMBERS).map(|entry| entry.value);
    match node.get("Statement").or_else(misspelt) {
        Some(list) if list.kind() == Kind::Sequence => {
            list.items().for_each(|item| reader.statements(item, &mut statements));
        }
        Some(one) => reader.statements(one, &mut statements),
        None if node.kind() == Kind::Mapping => reader.refuse(
            node.span(),
            "the policy has no `Statement`",
            "add `\"Statement\": [ … ]`; element names are case-sensitive",
        ),
        None => {}
    }
    for entry in node.entries() {
        if !MEMBERS.contains(&entry.key.as_ref()) {
            reader.unknown_element(&entry, MEMBERS);
            if is_displaced(&entry.key, MEMBERS) {
                whole.get_or_insert(entry.key_span);
            }
        }
    }
    // What is wrong with the document as a whole is wrong with each of its statements.
    if let Some(whole) = whole {
        for statement in &mut statements {
            statement.broken.get_or_insert(whole);
        }
    }
    Policy { policy_type, span: node.span(), version, statements, problems: reader.problems }
}

/// A string of an element.
struct Held {
    value: Spanned<String>,
    /// What of it is missing.
    holes: Vec<Missing>,
    /// On what it depends whether it is there.
    doubt: Option<Arc<Hole>>,
}

impl Held {
    fn is_known(&self) -> bool {
        self.holes.is_empty()
    }
}

/// A statement's elements, by name.
struct Elements<'d> {
    node: Node<'d>,
    entries: Vec<Entry<'d>>,
}

impl<'d> Elements<'d> {
    fn get(&self, name: &str) -> Option<&Entry<'d>> {
        self.entries.iter().find(|entry| entry.key == name)
    }
}

struct Reader {
    policy_type: PolicyType,
    /// Whether texts may hold placeholders.
    placeholders: bool,
    variables: bool,
    problems: Vec<Problem>,
    /// The first refusal in the statement that is being read.
    broken: Option<Span>,
    /// What is not known of that statement.
    doubts: Vec<Arc<Hole>>,
}

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
        let help = element_help(&entry.key, known);
        // Where it is foreign altogether, the rest still says what it says.
        if is_displaced(&entry.key, known) {
            self.broken.get_or_insert(entry.key_span);
        }
        self.note(
            entry.key_span,
            format!("`{}` is no element of a policy here", entry.key),
            help,
            true,
        );
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

    /// A text with what of it is missing.
    fn with_holes(&self, node: Node<'_>, text: &str) -> Vec<Missing> {
        let mut holes = node.holes();
        if self.placeholders && holes.is_empty() {
            holes = placeholder::find(text);
        }
        holes
    }

    /// Every statement that `node` is or can be.
    fn statements(&mut self, node: Node<'_>, statements: &mut Vec<Statement>) {
        let Some(hole) = node.unknown() else {
            statements.push(self.statement(node));
            return;
        };
        let first = statements.len();
        let mut any = false;
        for one in node.items() {
            any = true;
            if one.kind() == Kind::Sequence {
                one.items().for_each(|item| self.statements(item, statements));
            } else {
                self.statements(one, statements);
            }
        }
        if !any {
            statements.push(self.open_statement(node, hole));
        }
        let new = statements.get_mut(first..).unwrap_or_default();
        new.iter_mut().filter(|_| any).for_each(|one| one.doubts.push(Arc::clone(hole)));
    }

    /// A statement of which nothing is known but its place.
    fn open_statement(&self, node: Node<'_>, hole: &Arc<Hole>) -> Statement {
        let span = node.span();
        let text = hole.name.clone();
        let holes = [Missing { start: 0, end: text.len(), hole: Arc::clone(hole) }];
        let syntax = Syntax { wildcards: true, variables: false };
        let pattern = || Pattern::with_holes(&text, &holes, syntax);
        let principal = self.policy_type.row().has_principal.then(|| Principals {
            negated: false,
            key: span,
            values: vec![Spanned {
                value: NamedPrincipal::with_holes(PrincipalKind::Aws, &text, &holes),
                span,
            }],
        });
        let action = ActionPattern { text: text.clone(), pattern: Some(pattern()), doubt: None };
        let matcher = ResourceMatcher::Holed(pattern());
        let resource = ResourcePattern { text: text.clone(), matcher, doubt: None };
        let has_resource = self.policy_type != PolicyType::Trust;
        Statement {
            span,
            sid: None,
            effect: None,
            principal,
            action: Some(Element {
                negated: false,
                key: span,
                values: vec![Spanned { value: action, span }],
                uncertain: true,
            }),
            resource: has_resource.then(|| Element {
                negated: false,
                key: span,
                values: vec![Spanned { value: resource, span }],
                uncertain: true,
            }),
            conditions: Vec::new(),
            broken: None,
            doubts: vec![Arc::clone(hole)],
        }
    }

    fn statement(&mut self, node: Node<'_>) -> Statement {
        self.broken = None;
        self.doubts.clear();
        if node.kind() != Kind::Mapping {
            let help = match node.kind() {
                Kind::Sequence => {
                    "take the inner brackets away: statements stand side by side in one list"
                }
                _ => "write `{ \"Effect\": …, \"Action\": … }`",
            };
            self.refuse(node.span(), "a statement has to be an object", help);
            return Statement {
                span: node.span(),
                sid: None,
                effect: None,
                principal: None,
                action: None,
                resource: None,
                conditions: Vec::new(),
                broken: self.broken.take(),
                doubts: Vec::new(),
            };
        }
        self.repeated_keys(node);
        // Every element is asked for by name, and the entries of an object are found one by one.
        let statement = Elements { node, entries: node.entries().collect() };
        let effect = self.effect(&statement);
        let principal = self.principal(&statement);
        let action = self.action(&statement);
        let resource = self.resource(&statement);
        let conditions = self.conditions(&statement);
        let sid = statement.get("Sid").and_then(|entry| {
            let sid = entry.value;
            // AWS refuses another value, but a name decides nothing.
            if sid.text().is_none() && sid.unknown().is_none() {
                self.note(
                    sid.span(),
                    "`Sid` has to be a string",
                    "write letters and digits in quotes",
                    true,
                );
            }
            let text = sid.scalar();
            Some(Spanned { value: text?.into_owned(), span: sid.span() })
        });
        for entry in &statement.entries {
            if let Some(hole) = open_key(entry) {
                self.doubts.push(hole);
            } else if !ELEMENTS.contains(&entry.key.as_ref()) {
                self.unknown_element(entry, ELEMENTS);
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
            doubts: std::mem::take(&mut self.doubts),
        }
    }

    /// Reports that an element is missing, unless it stands there under a name that is nearly right,
    /// which is reported by itself.
    fn missing(
        &mut self,
        node: Node<'_>,
        name: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        match misspelt(node, name, ELEMENTS) {
            Some(entry) => {
                self.broken.get_or_insert(entry.key_span);
            }
            None => self.refuse(node.span(), message, help),
        }
    }

    fn effect(&mut self, statement: &Elements<'_>) -> Option<Spanned<Effect>> {
        let Some(value) = statement.get("Effect").map(|entry| entry.value) else {
            self.missing(
                statement.node,
                "Effect",
                "the statement has no `Effect`",
                "add `\"Effect\": \"Allow\"` or `\"Deny\"`",
            );
            return None;
        };
        let effect = match value.text().as_deref() {
            Some("Allow") => Effect::Allow,
            Some("Deny") => Effect::Deny,
            _ if value.unknown().is_some() || !value.holes().is_empty() => {
                let hole = value.unknown().cloned();
                let hole = hole.or_else(|| Some(Arc::clone(&value.holes().first()?.hole)));
                self.doubts.extend(hole);
                return None;
            }
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
    fn one_of<'e, 'd>(
        &mut self,
        statement: &'e Elements<'d>,
        name: &str,
        not: &str,
    ) -> Option<(bool, &'e Entry<'d>)> {
        let (plain, negated) = (statement.get(name), statement.get(not));
        if let (Some(_), Some(second)) = (plain, negated) {
            self.refuse(
                second.key_span,
                format!("a statement takes `{name}` or `{not}`, not both"),
                "split it into two statements",
            );
        }
        plain.map(|entry| (false, entry)).or_else(|| negated.map(|entry| (true, entry)))
    }

    /// A string, or a list of strings; of what is not known, every one that there can be.
    fn strings(&mut self, entry: &Entry<'_>) -> Vec<Held> {
        let mut strings = Vec::new();
        let list = entry.value.kind() == Kind::Sequence;
        let one = (!list).then_some(entry.value);
        for node in
            entry.value.items().chain(one).filter(|_| list || entry.value.unknown().is_none())
        {
            candidates(node, None, &mut |node, doubt| {
                self.string(node, entry, doubt, &mut strings)
            });
        }
        if entry.value.unknown().is_some() {
            let each = &mut |node: Node<'_>, doubt: Option<&Arc<Hole>>| {
                self.string(node, entry, doubt, &mut strings);
            };
            candidates(entry.value, None, each);
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

    fn string(
        &mut self,
        node: Node<'_>,
        entry: &Entry<'_>,
        doubt: Option<&Arc<Hole>>,
        strings: &mut Vec<Held>,
    ) {
        if let Some(hole) = node.unknown() {
            let text = hole.name.clone();
            let holes = vec![Missing { start: 0, end: text.len(), hole: Arc::clone(hole) }];
            let value = Spanned { value: text, span: node.span() };
            return strings.push(Held { value, holes, doubt: doubt.cloned() });
        }
        match node.text() {
            Some(text) => strings.push(Held {
                holes: self.with_holes(node, &text),
                value: Spanned { value: text.into_owned(), span: node.span() },
                doubt: doubt.cloned(),
            }),
            None => self.refuse(
                node.span(),
                format!("a value of `{}` has to be a string", entry.key),
                "put it in quotes",
            ),
        }
    }

    fn principal(&mut self, statement: &Elements<'_>) -> Option<Principals> {
        let node = statement.node;
        let found = self.one_of(statement, "Principal", "NotPrincipal");
        let wanted = self.policy_type.row().has_principal;
        let Some((negated, entry)) = found else {
            if let Some(entry) = misspelt(node, "Principal", ELEMENTS).filter(|_| wanted) {
                self.broken.get_or_insert(entry.key_span);
            } else if wanted {
                // AWS refuses it, but what it means is plain: it names nobody.
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
            self.refuse(
                entry.key_span,
                "`NotPrincipal` is not allowed in a trust policy",
                "name the principals that you trust under `Principal`",
            );
        }
        let mut values = Vec::new();
        self.principals(entry, None, &mut values);
        Some(Principals { negated, key: entry.key_span, values })
    }

    /// The values of `Principal`, or of what it can be.
    fn principals(
        &mut self,
        entry: &Entry<'_>,
        doubt: Option<&Arc<Hole>>,
        values: &mut Vec<Spanned<NamedPrincipal>>,
    ) {
        if let Some(hole) = entry.value.unknown() {
            let doubt = Some(doubt.unwrap_or(hole));
            let mut any = false;
            for one in entry.value.items() {
                any = true;
                self.principals(&Entry { value: one, ..entry.clone() }, doubt, values);
            }
            if !any {
                let text = hole.name.clone();
                let holes = [Missing { start: 0, end: text.len(), hole: Arc::clone(hole) }];
                let value = NamedPrincipal::with_holes(PrincipalKind::Aws, &text, &holes);
                values.push(Spanned { value, span: entry.value.span() });
            }
            return;
        }
        let first = values.len();
        if entry.value.kind() != Kind::Mapping {
            for text in self.strings(entry) {
                self.named(PrincipalKind::Bare, &text, values);
            }
        }
        for inner in entry.value.entries() {
            let kind = match inner.key.as_ref() {
                "AWS" => PrincipalKind::Aws,
                "Service" => PrincipalKind::Service,
                "Federated" => PrincipalKind::Federated,
                "CanonicalUser" => PrincipalKind::CanonicalUser,
                _ if open_key(&inner).is_some() => {
                    self.doubts.extend(open_key(&inner));
                    PrincipalKind::Aws
                }
                _ => {
                    self.refuse(
                        inner.key_span,
                        format!("`{}` is no kind of principal", inner.key),
                        kind_help(&inner.key),
                    );
                    continue;
                }
            };
            for text in self.strings(&inner) {
                self.named(kind, &text, values);
            }
        }
        for value in values.get_mut(first..).unwrap_or_default() {
            if let (None, Some(doubt)) = (&value.value.doubt, doubt) {
                value.value.doubt = Some(Arc::clone(doubt));
            }
        }
    }

    fn named(
        &mut self,
        kind: PrincipalKind,
        held: &Held,
        values: &mut Vec<Spanned<NamedPrincipal>>,
    ) {
        let text = &held.value;
        let mut named = NamedPrincipal::with_holes(kind, &text.value, &held.holes);
        named.doubt.clone_from(&held.doubt);
        if kind == PrincipalKind::Bare && held.is_known() && text.value != "*" {
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
            if self.policy_type == PolicyType::Trust {
                self.broken.get_or_insert(text.span);
            }
        }
        let account = Arn::parse(&text.value).map(|arn| arn.account.to_owned());
        if held.is_known()
            && account
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

    fn action(&mut self, statement: &Elements<'_>) -> Option<Element<ActionPattern>> {
        let Some((negated, entry)) = self.one_of(statement, "Action", "NotAction") else {
            self.missing(
                statement.node,
                "Action",
                "the statement has no `Action`",
                "add `\"Action\": \"service:Name\"`",
            );
            return None;
        };
        let mut values = Vec::new();
        let mut uncertain = false;
        for held in self.strings(entry) {
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

    fn resource(&mut self, statement: &Elements<'_>) -> Option<Element<ResourcePattern>> {
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
        let mut values = Vec::new();
        let mut uncertain = false;
        for held in self.strings(entry) {
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

    fn conditions(&mut self, statement: &Elements<'_>) -> Vec<Condition> {
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
            let text = text.to_owned();
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

/// Whether `node` is meant as a policy: it has `Statement`, or a name that is nearly that.
pub fn has_statements(node: Node<'_>) -> bool {
    node.get("Statement").is_some() || misspelt(node, "Statement", MEMBERS).is_some()
}

/// The element that stands in `node` for `name`, under a name that is nearly right.
fn misspelt<'d>(node: Node<'d>, name: &str, known: &[&str]) -> Option<Entry<'d>> {
    node.entries().find(|entry| {
        let key = entry.key.as_ref();
        !known.contains(&key) && meant(key, known) == Some(name)
    })
}

/// Whether an action, in lower case, belongs to another service than AWS STS for certain.
fn is_of_other_service(lower: &str) -> bool {
    lower
        .split_once(':')
        .is_some_and(|(service, _)| service != "sts" && !service.contains(['*', '?']))
}

/// What of a key is not known.
fn open_key(entry: &Entry<'_>) -> Option<Arc<Hole>> {
    let whole = entry.name.unknown().cloned();
    whole.or_else(|| Some(Arc::clone(&entry.name.holes().first()?.hole)))
}

/// Calls `each` with everything that a value can be, and with what it depends on whether that is there.
/// A value of which nothing is known is given as it stands.
fn candidates<'d>(
    node: Node<'d>,
    doubt: Option<&Arc<Hole>>,
    each: &mut dyn FnMut(Node<'d>, Option<&Arc<Hole>>),
) {
    let Some(hole) = node.unknown().filter(|_| node.items().next().is_some()) else {
        return each(node, doubt);
    };
    let doubt = Some(doubt.unwrap_or(hole));
    for one in node.items() {
        let listed = (one.kind() == Kind::Sequence).then(|| one.items());
        let alone = listed.is_none().then_some(one);
        for item in listed.into_iter().flatten().chain(alone) {
            candidates(item, doubt, each);
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
