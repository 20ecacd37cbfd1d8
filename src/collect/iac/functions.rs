//! CloudFormation's functions, resolved as far as the template and what is given allow.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html>

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;

use crate::doc::build::{Placed, Text, Value};
use crate::doc::{Hole, Kind, MAX_DEPTH, Node};
use crate::text::Span;

use super::parameters::{Parameters, scalar};

/// How many values are worked out for one template: more than any has, and little enough for any.
const MOST_STEPS: u32 = 1_000_000;
/// How long a text may grow.
const LONGEST: usize = 1 << 20;
/// How deep conditions and references may lead on.
const DEEPEST: usize = 64;

/// Properties by logical id and name: their texts, if they have one, once they are worked out.
type Known = HashMap<(String, &'static str), Option<Option<Text>>>;

/// Works out the values of one template.
pub(super) struct Resolver<'t> {
    pub(super) root: Node<'t>,
    /// The name of the file, for reasons.
    pub(super) file: String,
    pub(super) given: &'t Parameters,
    steps: Cell<u32>,
    /// Properties of resources that others refer to; `None` while they are being worked out.
    known: RefCell<Known>,
    /// How many references lead to the property that is being worked out.
    follows: Cell<usize>,
}

impl<'t> Resolver<'t> {
    pub(super) fn new(root: Node<'t>, file: String, given: &'t Parameters) -> Self {
        Self {
            root,
            file,
            given,
            steps: Cell::new(0),
            known: RefCell::default(),
            follows: Cell::new(0),
        }
    }

    /// The text of a property of a resource, worked out once; a property that leads back to itself is
    /// not known.
    pub(super) fn property(&self, logical: &str, property: &'static str) -> Option<Text> {
        let key = (logical.to_owned(), property);
        if let Some(known) = self.known.borrow().get(&key) {
            return known.clone().flatten();
        }
        if self.follows.get() >= DEEPEST {
            return None;
        }
        self.follows.set(self.follows.get() + 1);
        self.known.borrow_mut().insert(key.clone(), None);
        let node = self.resource(logical).and_then(|one| one.get("Properties")?.get(property));
        let text = node.and_then(|node| self.value(node, 0)).and_then(|value| value.as_text());
        self.known.borrow_mut().insert(key, Some(text.clone()));
        self.follows.set(self.follows.get() - 1);
        text
    }

    fn step(&self) -> bool {
        self.steps.set(self.steps.get().saturating_add(1));
        self.steps.get() <= MOST_STEPS
    }

    /// What a value comes to; `None` for `AWS::NoValue`.
    pub(super) fn value(&self, node: Node<'t>, depth: usize) -> Option<Placed> {
        let span = node.span();
        if depth >= MAX_DEPTH - 2 || !self.step() {
            return Some(Placed::unknown(self.too_much(), span));
        }
        if let Some((name, argument)) = function(node) {
            return self.call(name, argument, span, depth);
        }
        let value = match node.kind() {
            Kind::Mapping => Value::Map(
                node.entries()
                    .filter_map(|entry| {
                        let key = match &*entry.key {
                            // What a macro adds is not known.
                            "Fn::Transform" => Text::unknown(
                                &Arc::new(self.at_deployment("Fn::Transform")),
                                entry.key_span,
                            ),
                            key if key.starts_with("Fn::ForEach") => {
                                Text::unknown(&Arc::new(self.at_deployment(key)), entry.key_span)
                            }
                            _ => Text::of(entry.name)?,
                        };
                        Some((key, entry.key_span, self.value(entry.value, depth + 1)?))
                    })
                    .collect(),
            ),
            Kind::Sequence => {
                Value::List(node.items().filter_map(|item| self.value(item, depth + 1)).collect())
            }
            _ => scalar(node),
        };
        Some(Placed { value, span })
    }

    /// What a value comes to, of which nothing is known where it is left out.
    fn some(&self, node: Node<'t>, depth: usize) -> Placed {
        self.value(node, depth).unwrap_or(Placed { value: Value::Null, span: node.span() })
    }

    fn too_much(&self) -> Hole {
        Hole {
            name: "${…}".to_owned(),
            reason: format!("{} holds more than can be worked out", self.file),
            supply: "write the value itself".to_owned(),
        }
    }

    pub(super) fn at_deployment(&self, name: &str) -> Hole {
        Hole {
            name: format!("${{{name}}}"),
            reason: format!(
                "{} does not say it: it is known when the stack is deployed",
                self.file
            ),
            supply: format!("pass `--parameters {}=VALUE`", name.trim_start_matches("Fn::")),
        }
    }

    fn call(&self, name: &str, argument: Node<'t>, span: Span, depth: usize) -> Option<Placed> {
        let list: Vec<Node<'t>> = argument.items().collect();
        let placed = |value| Placed { value, span };
        Some(match (name, list.as_slice()) {
            ("Ref", _) => return self.reference(&argument.text().unwrap_or_default(), span),
            ("Fn::GetAtt", parts) => {
                let text = match parts {
                    [] => argument.text().map(|text| text.into_owned()),
                    parts => {
                        let parts: Option<Vec<_>> = parts.iter().map(|part| part.text()).collect();
                        parts.map(|parts| parts.join("."))
                    }
                };
                self.attribute(&text.unwrap_or_default(), span)
            }
            ("Fn::Sub", [template, variables]) => {
                self.substitute(*template, Some(*variables), span, depth)
            }
            ("Fn::Sub", _) => self.substitute(argument, None, span, depth),
            ("Fn::Join", [delimiter, items]) => self.join(*delimiter, *items, span, depth),
            ("Fn::If", [condition, yes, no]) => {
                let condition = condition.text().unwrap_or_default();
                match self.condition(&condition, 0) {
                    Some(true) => return self.value(*yes, depth + 1),
                    Some(false) => return self.value(*no, depth + 1),
                    None => {
                        let either = [yes, no].into_iter();
                        let either = either.filter_map(|one| self.value(*one, depth + 1)).collect();
                        placed(Value::Unknown(Arc::new(self.open_condition(&condition)), either))
                    }
                }
            }
            ("Fn::Select", [index, items]) => {
                let index = self.some(*index, depth + 1);
                let index = index.known().and_then(|index| index.parse::<usize>().ok());
                let items = self.some(*items, depth + 1);
                match index.and_then(|index| items.items().get(index)) {
                    Some(found) => found.clone(),
                    None => self.unknown("Fn::Select", &items, span),
                }
            }
            ("Fn::Split", [delimiter, text]) => {
                let delimiter = self.some(*delimiter, depth + 1);
                let whole = self.some(*text, depth + 1);
                match (delimiter.known().filter(|text| !text.is_empty()), whole.as_text()) {
                    (Some(delimiter), Some(text)) if text.known().is_some() => {
                        placed(Value::List(split(&text, delimiter, whole.span)))
                    }
                    _ => self.unknown("Fn::Split", &whole, span),
                }
            }
            ("Fn::FindInMap", [map, first, second, ..]) => {
                let key = |node: &Node<'t>| self.some(*node, depth + 1);
                let (map, first, second) = (key(map), key(first), key(second));
                let found = (|| {
                    let mapping = self.root.get("Mappings")?.get(map.known()?)?;
                    mapping.get(first.known()?)?.get(second.known()?)
                })();
                match found {
                    Some(found) => Placed { span, ..self.some(found, depth + 1) },
                    None => {
                        let open =
                            [&map, &first, &second].into_iter().find(|key| key.known().is_none());
                        self.unknown("Fn::FindInMap", open.unwrap_or(&map), span)
                    }
                }
            }
            ("Fn::ImportValue", _) => {
                let exported = self.some(argument, depth + 1);
                let name =
                    exported.as_text().map(|text| text.as_str().to_owned()).unwrap_or_default();
                match exported.known().and_then(|name| self.given.get(name)) {
                    Some(given) => moved(given, span),
                    None => Placed::unknown(
                        Hole {
                            name: format!("${{Fn::ImportValue {name}}}"),
                            reason: format!("{} takes it from another stack", self.file),
                            supply: format!("pass `--parameters {name}=VALUE`"),
                        },
                        span,
                    ),
                }
            }
            // The text of a document says what the document says.
            ("Fn::ToJsonString", _) => Placed { span, ..self.some(argument, depth + 1) },
            ("Condition", _) => return None,
            _ => Placed::unknown(self.at_deployment(name), span),
        })
    }

    /// What a function does not give because of `of`, which is open itself or of another kind.
    fn unknown(&self, name: &str, of: &Placed, span: Span) -> Placed {
        let hole = match &of.value {
            Value::Unknown(hole, _) => Some(Arc::clone(hole)),
            Value::Text(text) => text.holes().first().map(|one| Arc::clone(&one.hole)),
            _ => None,
        };
        let hole = hole.unwrap_or_else(|| Arc::new(self.at_deployment(name)));
        Placed { value: Value::Unknown(hole, Vec::new()), span }
    }

    fn join(&self, delimiter: Node<'t>, items: Node<'t>, span: Span, depth: usize) -> Placed {
        let between = self.some(delimiter, depth + 1);
        let list = self.some(items, depth + 1);
        if let Value::Unknown(..) = list.value {
            return self.unknown("Fn::Join", &list, span);
        }
        let mut text = Text::new(span.source);
        for (at, item) in list.items().iter().enumerate() {
            if at > 0
                && let Some(between) = between.as_text()
            {
                // The delimiter stands before the items, so what it gives stands for all of it.
                let here = Span { start: item.span.start, end: item.span.start, ..item.span };
                text.push_text(&between.moved(here), here);
            }
            let Some(part) = item.as_text() else { return self.unknown("Fn::Join", item, span) };
            text.push_text(&part, item.span);
            if text.as_str().len() > LONGEST {
                return Placed::unknown(self.too_much(), span);
            }
        }
        Placed::text(text, span)
    }

    fn substitute(
        &self,
        template: Node<'t>,
        variables: Option<Node<'t>>,
        span: Span,
        depth: usize,
    ) -> Placed {
        let Some(template) = Text::of(template) else {
            return Placed::unknown(self.at_deployment("Fn::Sub"), span);
        };
        let whole = template.as_str();
        let mut text = Text::new(span.source);
        let mut at = 0;
        while let Some(open) =
            whole.get(at..).and_then(|rest| rest.find("${")).map(|open| at + open)
        {
            let Some(close) =
                whole.get(open..).and_then(|rest| rest.find('}')).map(|end| open + end)
            else {
                break;
            };
            let body = whole.get(open + 2..close).unwrap_or("");
            let place = template.place(open, close + 1);
            text.push_text(&template.slice(at, open), place);
            match body.strip_prefix('!') {
                Some(literal) => {
                    text.push_text(&template.slice(open, open + 2), place);
                    let start = close - literal.len();
                    text.push_text(&template.slice(start, close + 1), place);
                }
                None => {
                    let name = body.trim();
                    let own = variables.and_then(|map| map.get(name));
                    let value = match own {
                        Some(own) => self.value(own, depth + 1),
                        None if name.contains('.') => Some(self.attribute(name, place)),
                        None => self.reference(name, place),
                    };
                    match value.as_ref().and_then(Placed::as_text) {
                        Some(value) if value.holes().is_empty() => {
                            text.push_text(&value.moved(place), place);
                        }
                        Some(value) => text.push_text(&value.moved(place), place),
                        None => text.push_hole(&Arc::new(self.at_deployment(name)), place),
                    }
                }
            }
            at = close + 1;
            if text.as_str().len() > LONGEST {
                return Placed::unknown(self.too_much(), span);
            }
        }
        text.push_text(&template.slice(at, whole.len()), span);
        Placed::text(text, span)
    }

    /// The value of the parameter, pseudo parameter or resource `name`; `None` for `AWS::NoValue`.
    pub(super) fn reference(&self, name: &str, span: Span) -> Option<Placed> {
        if name == "AWS::NoValue" {
            return None;
        }
        if let Some(declared) = self.root.get("Parameters").and_then(|all| all.get(name)) {
            return Some(self.parameter(name, declared, span));
        }
        if let Some(given) = self.given.get(name) {
            return Some(moved(given, span));
        }
        if name.starts_with("AWS::") {
            return Some(self.pseudo(name, span));
        }
        if self.resource(name).is_some() {
            return Some(self.reference_to(name, span));
        }
        Some(Placed::unknown(self.at_deployment(name), span))
    }

    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html>
    fn pseudo(&self, name: &str, span: Span) -> Placed {
        let region = self.given.text("AWS::Region");
        let in_china = region.is_some_and(|region| region.starts_with("cn-"));
        let derived = match (name, region) {
            ("AWS::Partition", Some(region)) => Some(partition_of(region)),
            ("AWS::URLSuffix", Some(_)) if in_china => Some("amazonaws.com.cn"),
            ("AWS::URLSuffix", Some(_)) => Some("amazonaws.com"),
            _ => None,
        };
        if let Some(text) = derived {
            return Placed::text(Text::standing_for(text, span), span);
        }
        let example = match name {
            "AWS::AccountId" => "ACCOUNT",
            "AWS::Partition" => "aws",
            "AWS::Region" => "REGION",
            _ => "VALUE",
        };
        Placed::unknown(
            Hole {
                name: format!("${{{name}}}"),
                reason: format!("{} is deployed where nobody has said", self.file),
                supply: format!("pass `--parameters {name}={example}`"),
            },
            span,
        )
    }

    fn parameter(&self, name: &str, declared: Node<'t>, span: Span) -> Placed {
        let kind = declared.get("Type").and_then(|kind| kind.text()).unwrap_or_default();
        let given = self.given.get(name).map(|given| moved(given, span));
        // What such a parameter holds is the name of a value that is kept elsewhere.
        let is_stored = kind.starts_with("AWS::SSM::Parameter::Value");
        let default = declared.get("Default").filter(|_| !is_stored);
        let Some(value) = given.or_else(|| Some(Placed { value: scalar(default?), span })) else {
            let reason = if is_stored {
                format!("parameter {name} of {} is looked up when the stack is deployed", self.file)
            } else {
                format!("parameter {name} of {} has no default", self.file)
            };
            let supply = format!("pass `--parameters {name}=VALUE`");
            return Placed::unknown(Hole { name: format!("${{{name}}}"), reason, supply }, span);
        };
        let is_list = kind == "CommaDelimitedList" || kind.contains("List<");
        match value.as_text().filter(|_| is_list) {
            Some(text) if text.known().is_some() => {
                let list = split(&text, ",", span);
                Placed {
                    value: Value::List(list.into_iter().map(|one| one.moved_to(span)).collect()),
                    span,
                }
            }
            _ => match value.as_text() {
                // A number is a text too, and a default stands where it is used.
                Some(text) => Placed::text(text.moved(span), span),
                None => value,
            },
        }
    }

    pub(super) fn open_condition(&self, name: &str) -> Hole {
        let open = self.root.get("Conditions").and_then(|all| all.get(name));
        let parameter = open.and_then(|open| self.open_parameter(open, 0));
        Hole {
            name: format!("condition {name}"),
            reason: match &parameter {
                Some(parameter) => {
                    format!("in {} it depends on {parameter}, which is not known", self.file)
                }
                None => format!("{} does not decide it", self.file),
            },
            supply: match parameter {
                Some(parameter) => format!("pass `--parameters {parameter}=VALUE`"),
                None => "pass the parameters that it depends on with `--parameters`".to_owned(),
            },
        }
    }

    /// The first parameter in a condition that is not known.
    fn open_parameter(&self, node: Node<'t>, depth: usize) -> Option<String> {
        if depth > 32 {
            return None;
        }
        if let Some((name, argument)) = function(node) {
            let text = argument.text();
            match (name, &text) {
                ("Ref", Some(text)) => {
                    let open = self.reference(text, node.span())?.known().is_none();
                    return open.then(|| text.to_string());
                }
                ("Condition", Some(text)) => {
                    let other = self.root.get("Conditions")?.get(text)?;
                    return self.open_parameter(other, depth + 1);
                }
                _ => {}
            }
        }
        let inner = node.items().chain(node.entries().map(|entry| entry.value));
        inner.into_iter().find_map(|inner| self.open_parameter(inner, depth + 1))
    }

    /// Whether a condition holds; `None` if that is not known.
    pub(super) fn condition(&self, name: &str, depth: usize) -> Option<bool> {
        let node = self.root.get("Conditions")?.get(name)?;
        self.holds(node, depth)
    }

    fn holds(&self, node: Node<'t>, depth: usize) -> Option<bool> {
        if depth > DEEPEST || !self.step() {
            return None;
        }
        let (name, argument) = function(node)?;
        let list: Vec<Node<'t>> = argument.items().collect();
        let each = |list: &[Node<'t>]| -> Vec<Option<bool>> {
            list.iter().map(|one| self.holds(*one, depth + 1)).collect()
        };
        match (name, list.as_slice()) {
            ("Condition", _) => self.condition(&argument.text()?, depth + 1),
            ("Fn::Not", [one]) => self.holds(*one, depth + 1).map(|yes| !yes),
            ("Fn::And", all) => {
                let all = each(all);
                let sure = all.iter().all(Option::is_some);
                if all.contains(&Some(false)) { Some(false) } else { sure.then_some(true) }
            }
            ("Fn::Or", all) => {
                let all = each(all);
                let sure = all.iter().all(Option::is_some);
                if all.contains(&Some(true)) { Some(true) } else { sure.then_some(false) }
            }
            ("Fn::Equals", [one, two]) => {
                let (one, two) = (self.some(*one, depth + 1), self.some(*two, depth + 1));
                Some(one.as_text()?.known()? == two.as_text()?.known()?)
            }
            _ => None,
        }
    }

    pub(super) fn resource(&self, name: &str) -> Option<Node<'t>> {
        self.root.get("Resources")?.get(name).filter(|one| one.kind() == Kind::Mapping)
    }
}

/// The function that a value calls, with its argument.
pub(super) fn function(node: Node<'_>) -> Option<(&'static str, Node<'_>)> {
    const NAMES: [&str; 20] = [
        "Ref",
        "Condition",
        "Fn::GetAtt",
        "Fn::Sub",
        "Fn::Join",
        "Fn::If",
        "Fn::Select",
        "Fn::Split",
        "Fn::FindInMap",
        "Fn::ImportValue",
        "Fn::Base64",
        "Fn::Cidr",
        "Fn::GetAZs",
        "Fn::Length",
        "Fn::ToJsonString",
        "Fn::Transform",
        "Fn::And",
        "Fn::Or",
        "Fn::Not",
        "Fn::Equals",
    ];
    if node.kind() != Kind::Mapping {
        return None;
    }
    let mut entries = node.entries();
    let (first, None) = (entries.next()?, entries.next()) else { return None };
    let name = NAMES.into_iter().find(|name| *name == first.key)?;
    // `Condition` with an object is an element of a policy.
    let sound = name != "Condition" || first.value.kind() == Kind::String;
    sound.then_some((name, first.value))
}

fn split(text: &Text, delimiter: &str, span: Span) -> Vec<Placed> {
    let mut parts = Vec::new();
    let mut start = 0;
    for part in text.as_str().split(delimiter) {
        let trimmed = part.len() - part.trim_start().len();
        let from = start + trimmed;
        let until = from + part.trim().len();
        parts.push(Placed::text(text.slice(from, until), span));
        start += part.len() + delimiter.len();
    }
    parts
}

/// A given value where it is used.
pub(super) fn moved(given: &Placed, span: Span) -> Placed {
    given.clone().moved_to(span)
}

/// The partition of a Region.
pub(super) fn partition_of(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}
