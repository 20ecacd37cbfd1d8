//! From a tree of values to a [`Policy`].
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

mod conditions;
mod elements;
mod principals;
mod targets;

use std::sync::Arc;

use smol_str::SmolStr;

use crate::doc::{Entry, Hole, Kind, Missing, Node};
use crate::text::{Span, Spanned};

use super::slips::{ELEMENTS, MEMBERS, element_help, is_displaced, meant};
use super::{
    ActionPattern, Effect, Element, NamedPrincipal, Pattern, Policy, PolicyType, PrincipalKind,
    Principals, Problem, ResourceMatcher, ResourcePattern, Statement, Syntax, placeholder,
};
use elements::Elements;

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
                version = Some(Spanned { value: text.into(), span: value.span() });
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
        let text = SmolStr::new(&hole.name);
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
            Some(Spanned { value: text?.into(), span: sid.span() })
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

/// What of a key is not known.
fn open_key(entry: &Entry<'_>) -> Option<Arc<Hole>> {
    let whole = entry.name.unknown().cloned();
    whole.or_else(|| Some(Arc::clone(&entry.name.holes().first()?.hole)))
}
