//! A policy document as a flat view: elements, texts and their places, borrowed from the document.
//!
//! Making it finds what is wrong with the shape: elements that are missing, unknown, or of the wrong
//! kind. What a document of another shape means is not guessed.

use std::borrow::Cow;

use crate::doc::{Entry, Kind, Node};
use crate::policy::{ELEMENTS, Effect, MEMBERS, Operator, PolicyType, PrincipalKind, is_open};
use crate::text::Span;

use super::elements::{self, misshapen};
use super::{Sink, Subject};

/// A text of a document.
#[derive(Clone, Debug)]
pub struct Text<'d> {
    /// The text.
    pub text: Cow<'d, str>,
    /// Its place; a string with its quotes.
    pub span: Span,
    /// Whether part of it is filled in later.
    pub open: bool,
}

impl<'d> Text<'d> {
    fn new(text: Cow<'d, str>, node: Node<'d>) -> Self {
        // A parameter that is empty unless somebody gives it says that somebody will.
        let unfilled = text.is_empty() && node.is_built();
        let open = unfilled || is_open(&text) || !node.holes().is_empty();
        Self { text, span: node.span(), open }
    }
}

/// `Action` or `NotAction`, `Resource` or `NotResource`.
#[derive(Clone, Debug)]
pub struct Element<'d> {
    /// The `Not…` form.
    pub negated: bool,
    /// The place of the key.
    pub key: Span,
    /// The place of the value.
    pub span: Span,
    /// The values that are strings.
    pub values: Vec<Text<'d>>,
    /// Whether there are values that are not known, and how many.
    pub open: bool,
}

/// One principal.
#[derive(Clone, Debug)]
pub struct Named<'d> {
    /// The key under which it stands.
    pub kind: PrincipalKind,
    /// The value.
    pub value: Text<'d>,
}

/// One key under one operator.
#[derive(Clone, Debug)]
pub struct ConditionView<'d> {
    /// The operator, as written.
    pub operator: Cow<'d, str>,
    /// Its place.
    pub operator_span: Span,
    /// What it does; `None` where there is no such operator.
    pub parsed: Option<Operator>,
    /// The key, as written.
    pub key: Cow<'d, str>,
    /// Its place.
    pub key_span: Span,
    /// The values: strings, numbers and booleans.
    pub values: Vec<Text<'d>>,
    /// The place of the value or of the list.
    pub values_span: Span,
    /// The first value of another kind than the first of all, where the text is JSON as it stands.
    pub mixed: Option<Span>,
    /// Whether part of the key or some value is filled in later.
    pub open: bool,
}

impl ConditionView<'_> {
    /// Whether this is the key `key`, in any case.
    pub fn is_key(&self, key: &str) -> bool {
        self.key.eq_ignore_ascii_case(key)
    }
}

/// One statement.
#[derive(Clone, Debug)]
pub struct StatementView<'d> {
    /// The statement.
    pub node: Node<'d>,
    /// Its `Sid`.
    pub sid: Option<Text<'d>>,
    /// `None` where it is missing, neither of the two, or not known.
    pub effect: Option<Effect>,
    /// The place of the effect's value, else of the statement.
    pub effect_span: Span,
    /// `NotPrincipal`.
    pub principal_negated: bool,
    /// The place of `Principal` or `NotPrincipal`, where there is one.
    pub principal_key: Option<Span>,
    /// The place of its value.
    pub principal_span: Option<Span>,
    /// The principals.
    pub principals: Vec<Named<'d>>,
    /// Whether part of the principals is not known.
    pub principals_open: bool,
    /// `Action` or `NotAction`.
    pub action: Option<Element<'d>>,
    /// `Resource` or `NotResource`.
    pub resource: Option<Element<'d>>,
    /// Whether there is a `Condition`, whatever is in it.
    pub has_condition: bool,
    /// Whether the condition as a whole is not known.
    pub condition_open: bool,
    /// The conditions.
    pub conditions: Vec<ConditionView<'d>>,
    /// Whether its shape is sound, so that what it says is what is meant.
    pub sound: bool,
}

impl StatementView<'_> {
    /// Its place.
    pub fn span(&self) -> Span {
        self.node.span()
    }

    /// Its name for people: `statement `Sid``, or `statement 3` by `index` from 0.
    pub fn title(&self, index: usize) -> String {
        match &self.sid {
            Some(sid) if !sid.text.is_empty() => format!("statement `{}`", sid.text),
            _ => format!("statement {}", index + 1),
        }
    }

    /// The values of `Action`, nothing for `NotAction`.
    pub fn actions(&self) -> &[Text<'_>] {
        self.action
            .as_ref()
            .filter(|element| !element.negated)
            .map_or(&[], |element| &element.values)
    }

    /// The values of `Resource`, nothing for `NotResource`.
    pub fn resources(&self) -> &[Text<'_>] {
        (self.resource.as_ref().filter(|element| !element.negated))
            .map_or(&[], |element| &element.values)
    }

    /// Whether an action written in full is among the values of `Action`, or covered by one.
    pub fn names_action(&self, action: &str) -> bool {
        self.actions().iter().any(|value| super::glob::matches(&value.text, action))
    }
}

/// One document.
#[derive(Debug)]
pub struct View<'d> {
    /// The document and its place.
    pub subject: Subject<'d>,
    /// `Version`.
    pub version: Option<Text<'d>>,
    /// The statements, in order.
    pub statements: Vec<StatementView<'d>>,
}

impl<'d> View<'d> {
    /// What it is read as.
    pub fn policy_type(&self) -> PolicyType {
        self.subject.policy_type
    }

    /// Whether policy variables are expanded; a version that is not known counts as the new one.
    pub fn has_variables(&self) -> bool {
        self.version.as_ref().is_some_and(|version| version.open || version.text == "2012-10-17")
    }

    /// Reads the document.
    pub fn new(subject: Subject<'d>, sink: &mut Sink) -> Self {
        let mut view = Self { subject, version: None, statements: Vec::new() };
        let node = subject.node;
        if node.kind() != Kind::Mapping {
            if !is_hole(node) {
                misshapen(
                    sink,
                    node.span(),
                    "a policy has to be an object",
                    "begin it with `{ \"Version\": …`",
                );
            }
            return view;
        }
        let mut statement = None;
        for entry in node.entries() {
            match entry.key.as_ref() {
                "Version" => view.version = elements::version(&entry, sink),
                "Statement" => statement = Some(entry),
                "Id" => {}
                _ => elements::unknown(&entry, MEMBERS, sink),
            }
        }
        match statement {
            None => elements::no_statement(node, sink),
            Some(entry) => view.read(entry.value, sink),
        }
        view
    }

    /// Reads a statement or a list of them; of what is not known, whatever it can be.
    fn read(&mut self, node: Node<'d>, sink: &mut Sink) {
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            if matches!(node.kind(), Kind::Sequence | Kind::Unknown) {
                let start = open.len();
                open.extend(node.items());
                open.get_mut(start..).unwrap_or_default().reverse();
            } else {
                self.statements.push(read(node, &self.subject, sink));
            }
        }
    }
}

/// Whether nothing is known of the value, not even what kind it is.
pub(super) fn is_hole(node: Node<'_>) -> bool {
    let text = || node.text();
    node.kind() == Kind::Unknown
        || text().is_some_and(|text| {
            let whole = |hole: &crate::doc::Missing| hole.start == 0 && hole.end == text.len();
            node.holes().iter().any(whole)
        })
}

fn read<'d>(node: Node<'d>, subject: &Subject<'d>, sink: &mut Sink) -> StatementView<'d> {
    let mut view = StatementView {
        node,
        sid: None,
        effect: None,
        effect_span: node.span(),
        principal_negated: false,
        principal_key: None,
        principal_span: None,
        principals: Vec::new(),
        principals_open: false,
        action: None,
        resource: None,
        has_condition: false,
        condition_open: false,
        conditions: Vec::new(),
        sound: true,
    };
    if node.kind() != Kind::Mapping {
        view.sound = false;
        if !is_hole(node) {
            misshapen(
                sink,
                node.span(),
                "a statement has to be an object",
                "write `{ \"Effect\": …, \"Action\": … }`",
            );
        }
        return view;
    }
    let before = sink.found.len();
    let mut seen = elements::Seen::default();
    for entry in node.entries() {
        match entry.key.as_ref() {
            "Sid" => {
                view.sid = string(&entry, sink);
            }
            "Effect" => {
                seen.effect = true;
                view.effect_span = entry.value.span();
                view.effect = elements::effect(&entry, &mut view.sound, sink);
            }
            key @ ("Principal" | "NotPrincipal") => {
                elements::only_one(&mut seen.principal, &entry, "Principal", sink);
                view.principal_negated = key == "NotPrincipal";
                view.principal_key = Some(entry.key_span);
                view.principal_span = Some(entry.value.span());
                principals(&mut view, &entry, sink);
            }
            key @ ("Action" | "NotAction") => {
                elements::only_one(&mut seen.action, &entry, "Action", sink);
                view.action = Some(element(&entry, key == "NotAction", sink));
            }
            key @ ("Resource" | "NotResource") => {
                elements::only_one(&mut seen.resource, &entry, "Resource", sink);
                view.resource = Some(element(&entry, key == "NotResource", sink));
            }
            "Condition" => {
                view.has_condition = true;
                conditions(&mut view, &entry, sink);
            }
            _ => elements::unknown(&entry, ELEMENTS, sink),
        }
    }
    elements::missing(&view, &seen, subject.policy_type, sink);
    view.sound &= sink.found.len() == before;
    view
}

/// Visits a value, or the values of a list; of what is not known, whatever it can be and then it.
fn each<'d>(node: Node<'d>, visit: &mut dyn FnMut(Node<'d>)) {
    match node.kind() {
        Kind::Sequence => node.items().for_each(|item| either(item, visit)),
        _ => either(node, visit),
    }
}

fn either<'d>(node: Node<'d>, visit: &mut dyn FnMut(Node<'d>)) {
    if node.kind() == Kind::Unknown {
        for one in node.items() {
            match one.kind() {
                Kind::Sequence => one.items().for_each(&mut *visit),
                _ => visit(one),
            }
        }
    }
    visit(node);
}

/// A string; `None` and a finding for anything else.
fn string<'d>(entry: &Entry<'d>, sink: &mut Sink) -> Option<Text<'d>> {
    let found = entry.value.text();
    if found.is_none() && !is_hole(entry.value) {
        let message = format!("`{}` has to be a string", entry.key);
        misshapen(sink, entry.value.span(), &message, "put it in quotes");
    }
    Some(Text::new(found?, entry.value))
}

/// A string or a list of strings. Whether part of it is not known.
fn strings<'d>(entry: &Entry<'d>, sink: &mut Sink, mut add: impl FnMut(Text<'d>)) -> bool {
    let mut open = false;
    each(entry.value, &mut |node| match node.text() {
        Some(text) => {
            let text = Text::new(text, node);
            open |= text.open;
            add(text);
        }
        None if is_hole(node) => open = true,
        None => {
            let message = format!("a value of `{}` has to be a string", entry.key);
            misshapen(sink, node.span(), &message, "put it in quotes, or take it out");
        }
    });
    open
}

fn element<'d>(entry: &Entry<'d>, negated: bool, sink: &mut Sink) -> Element<'d> {
    let mut values = Vec::with_capacity(entry.value.most_items());
    let open = strings(entry, sink, |text| values.push(text));
    Element { negated, key: entry.key_span, span: entry.value.span(), values, open }
}

fn principals<'d>(view: &mut StatementView<'d>, entry: &Entry<'d>, sink: &mut Sink) {
    if is_hole(entry.value) {
        view.principals_open = true;
        return;
    }
    if entry.value.kind() != Kind::Mapping {
        let principals = &mut view.principals;
        view.principals_open |= strings(entry, sink, |value| {
            principals.push(Named { kind: PrincipalKind::Bare, value });
        });
        return;
    }
    for inner in entry.value.entries() {
        let kind = match inner.key.as_ref() {
            "AWS" => PrincipalKind::Aws,
            "Service" => PrincipalKind::Service,
            "Federated" => PrincipalKind::Federated,
            "CanonicalUser" => PrincipalKind::CanonicalUser,
            key if is_open(key) => {
                view.principals_open = true;
                continue;
            }
            _ => {
                elements::principal_kind(&inner, sink);
                continue;
            }
        };
        let principals = &mut view.principals;
        view.principals_open |=
            strings(&inner, sink, |value| principals.push(Named { kind, value }));
    }
}

fn conditions<'d>(view: &mut StatementView<'d>, entry: &Entry<'d>, sink: &mut Sink) {
    let block = entry.value;
    if block.kind() != Kind::Mapping {
        view.condition_open = is_hole(block);
        if !view.condition_open {
            let help = "write `{ \"StringEquals\": { \"key\": \"value\" } }`";
            misshapen(sink, block.span(), "`Condition` has to be an object", help);
        }
        return;
    }
    for outer in block.entries() {
        if is_open(&outer.key) {
            view.condition_open = true;
            continue;
        }
        let parsed = Operator::parse(&outer.key);
        if outer.value.kind() != Kind::Mapping {
            view.condition_open |= is_hole(outer.value);
            if !is_hole(outer.value) {
                let message = format!("`{}` has to hold an object of condition keys", outer.key);
                misshapen(sink, outer.value.span(), &message, "write `{ \"key\": \"value\" }`");
            }
            continue;
        }
        for inner in outer.value.entries() {
            let mut values = Vec::with_capacity(inner.value.most_items());
            let mut open = is_open(&inner.key);
            let (mut first, mut mixed) = (None, None);
            let verbatim = inner.value.document().is_verbatim();
            each(inner.value, &mut |node| match node.scalar() {
                Some(text) => {
                    let kind = node.kind();
                    if verbatim && *first.get_or_insert(kind) != kind {
                        mixed = mixed.or(Some(node.span()));
                    }
                    let text = Text::new(text, node);
                    open |= text.open;
                    values.push(text);
                }
                None if is_hole(node) => open = true,
                None => {
                    let message = format!(
                        "a value of `{}` has to be a string, a number, true or false",
                        inner.key
                    );
                    misshapen(sink, node.span(), &message, "write one value, or a list of them");
                }
            });
            view.conditions.push(ConditionView {
                operator: outer.key.clone(),
                operator_span: outer.key_span,
                parsed,
                key: inner.key,
                key_span: inner.key_span,
                values,
                values_span: inner.value.span(),
                mixed,
                open,
            });
        }
    }
}
