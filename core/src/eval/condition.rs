//! Conditions: operators, set qualifiers, `IfExists`, policy variables.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use std::borrow::Cow;
use std::net::IpAddr;

use crate::layers::Gap;
use crate::policy::{
    Arn, ArnPattern, Condition, ConditionValue, Family, Glob, Number, Operand, Operator, Pattern,
    PatternPart, SetQualifier, Variable, address, boolean, bytes, moment,
};
use crate::request::Request;
use crate::text::Spanned;

use super::context::{self, KeyValue, lookup};
use super::logic::{GapTable, Match};

/// Why a condition came out as it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The request's value is as the condition wants it.
    Satisfied,
    /// The request does not carry the key.
    KeyAbsent,
    /// The request's value is another.
    ValueDiffers,
    /// A value cannot be read as what the operator compares.
    Malformed,
    /// The request's value is not known.
    ValueUnknown,
    /// What AWS does here is documented nowhere, or in two ways.
    Unspecified,
}

/// Evaluates one key under one operator.
pub(super) fn condition(condition: &Condition, request: &Request, gaps: &GapTable) -> (Match, Why) {
    let Some(operator) = condition.parsed else {
        let unknown =
            unspecified(gaps, &condition.operator.value, "AWS has no such condition operator");
        return (unknown, Why::Unspecified);
    };
    if let Some(hole) = &condition.doubt {
        return (gaps.hole(hole), Why::ValueUnknown);
    }
    let test = Test { condition, operator, request, gaps };
    test.value(&lookup(request, &condition.key_lower))
}

fn unspecified(gaps: &GapTable, fact: &str, reason: &str) -> Match {
    gaps.unknown(|| Gap {
        fact: format!("what AWS does with `{fact}`"),
        reason: reason.to_owned(),
        supply: "rewrite that part of the policy, since its effect is not documented".to_owned(),
    })
}

/// Behind this a role of IAM Identity Center may have a Region in its path.
const REGION_BEFORE: &str = "sso.amazonaws.com/";

struct Test<'a> {
    condition: &'a Condition,
    operator: Operator,
    request: &'a Request,
    gaps: &'a GapTable,
}

impl Test<'_> {
    fn unknown(&self, reason: &str) -> Match {
        let key = &self.condition.key.value;
        self.gaps.of_fact(key, reason, || context::gap(key, reason))
    }

    fn value(&self, value: &KeyValue<'_>) -> (Match, Why) {
        match value {
            KeyValue::Unknown(reason) => self.without_value(reason),
            KeyValue::Absent => self.absent(),
            KeyValue::One(value) => self.values(&[value.as_ref()], false),
            KeyValue::Many(values) => {
                let values: Vec<&str> = values.iter().map(String::as_str).collect();
                self.values(&values, true)
            }
            KeyValue::Holed { prefix, suffix, is_region: true, missing } => {
                self.with_region(prefix, suffix, missing)
            }
            KeyValue::Holed { prefix, suffix, missing, .. } => self.holed(prefix, suffix, missing),
            KeyValue::Either(readings) => {
                let mut results: Vec<_> =
                    readings.iter().map(|reading| self.value(reading)).collect();
                let why = results.pop();
                let last = why.map(|(result, _)| result);
                let all = results.into_iter().map(|(result, _)| result).chain(last);
                let agreed = Match::agreed(all, || {
                    self.unknown(
                        "AWS's documents do not say which of several values the request carries",
                    )
                });
                let why = if agreed.gaps().is_some() {
                    Why::ValueUnknown
                } else {
                    why.map_or(Why::Unspecified, |(_, why)| why)
                };
                (agreed, why)
            }
        }
    }

    /// The key's value is not known. A few tests come out the same whatever it is.
    fn without_value(&self, reason: &str) -> (Match, Why) {
        if self.operator.row.family == Family::Null && self.operator.set.is_some() {
            return self.null(true);
        }
        (self.unknown(reason), Why::ValueUnknown)
    }

    fn absent(&self) -> (Match, Why) {
        if self.operator.row.family == Family::Null {
            return self.null(false);
        }
        if let Some(result) = self.empty_list(true) {
            return result;
        }
        let holds = self.operator.if_exists
            || match self.operator.set {
                Some(SetQualifier::ForAllValues) => true,
                Some(SetQualifier::ForAnyValue) => false,
                None => self.operator.row.negated,
            };
        (holds.into(), Why::KeyAbsent)
    }

    /// `"key": []`: documented for set qualifiers and `IfExists` alone.
    fn empty_list(&self, absent: bool) -> Option<(Match, Why)> {
        if !self.condition.values.is_empty() {
            return None;
        }
        let holds = match (self.operator.set, self.operator.if_exists) {
            (Some(SetQualifier::ForAllValues), _) | (None, true) => absent,
            (Some(SetQualifier::ForAnyValue), if_exists) => if_exists && absent,
            (None, false) => {
                let result = unspecified(
                    self.gaps,
                    &format!("\"{}\": []", self.condition.key.value),
                    "AWS's documents contradict each other about an empty list of values",
                );
                return Some((result, Why::Unspecified));
            }
        };
        Some((holds.into(), if absent { Why::KeyAbsent } else { Why::ValueDiffers }))
    }

    fn null(&self, present: bool) -> (Match, Why) {
        match self.operator.set {
            Some(SetQualifier::ForAllValues) => return (Match::Yes, Why::Satisfied),
            Some(SetQualifier::ForAnyValue) => return (Match::No, Why::ValueDiffers),
            None => {}
        }
        if let Some(result) = self.empty_list(!present) {
            return result;
        }
        let each = self.condition.values.iter().map(|value| match &value.value.operand {
            Some(Operand::Bool(wants_absent)) => {
                self.if_there(value, Match::from(*wants_absent != present))
            }
            Some(Operand::Holed(pattern)) => self.gaps.holes(pattern.holes()),
            _ => Match::No,
        });
        let holds = match each.fold(Match::No, Match::or) {
            unknown @ Match::Unknown(_) => return (unknown, Why::ValueUnknown),
            known => known.is_yes(),
        };
        let why = match (holds, present) {
            (true, _) => Why::Satisfied,
            (false, false) => Why::KeyAbsent,
            (false, true) => Why::ValueDiffers,
        };
        (holds.into(), why)
    }

    fn values(&self, values: &[&str], list: bool) -> (Match, Why) {
        if values.is_empty() {
            return self.absent();
        }
        if self.operator.row.family == Family::Null {
            return self.null(true);
        }
        if let Some(result) = self.empty_list(false) {
            return result;
        }
        let mut malformed = false;
        let mut each = values.iter().map(|value| self.one(value, &mut malformed));
        let result = match self.operator.set {
            Some(SetQualifier::ForAllValues) if values.iter().all(|value| value.is_empty()) => {
                Match::Yes
            }
            Some(SetQualifier::ForAllValues) => each.fold(Match::Yes, Match::and),
            Some(SetQualifier::ForAnyValue) => each.fold(Match::No, Match::or),
            None if !list || values.len() == 1 => each.next().unwrap_or(Match::No),
            None => {
                let all: Vec<_> = each.collect();
                let any = all.iter().cloned().fold(Match::No, Match::or);
                let every = all.into_iter().fold(Match::Yes, Match::and);
                let result = Match::agreed([any, every], || {
                    unspecified(
                        self.gaps,
                        &format!("{} of {}", self.operator.row.name, self.condition.key.value),
                        "the key has several values here, and the operator has no `ForAnyValue:` or `ForAllValues:`",
                    )
                });
                if result.gaps().is_some() {
                    return (result, Why::Unspecified);
                }
                result
            }
        };
        let why = match &result {
            Match::Yes => Why::Satisfied,
            Match::No if malformed => Why::Malformed,
            Match::No => Why::ValueDiffers,
            Match::Unknown(_) => Why::ValueUnknown,
        };
        (result, why)
    }

    /// One value of the request against all of the policy's.
    fn one(&self, text: &str, malformed: &mut bool) -> Match {
        let negated = self.operator.row.negated;
        let Some(found) = Found::read(self.operator.row.family, text) else {
            *malformed = true;
            return Match::No;
        };
        let mut any = Match::No;
        for value in &self.condition.values {
            let matches = match self.pair(&found, value) {
                Some(matches) => self.if_there(value, matches),
                None => {
                    *malformed = true;
                    if let Some(hole) = &value.value.doubt {
                        any = any.or(self.gaps.hole(hole));
                        continue;
                    }
                    if negated {
                        return Match::No;
                    }
                    continue;
                }
            };
            any = any.or(matches);
            if any.is_yes() {
                break;
            }
        }
        any.negated_if(negated)
    }

    /// What a value comes to that may not be there.
    fn if_there(&self, value: &Spanned<ConditionValue>, matches: Match) -> Match {
        match &value.value.doubt {
            Some(hole) if !matches.is_no() => matches.and(self.gaps.hole(hole)),
            _ => matches,
        }
    }

    /// `None` where the policy's value cannot be read as what the operator compares.
    fn pair(&self, found: &Found<'_>, value: &Spanned<ConditionValue>) -> Option<Match> {
        let wanted = value.value.operand.as_ref();
        Some(match (found, wanted) {
            (Found::Text(text) | Found::Arn(_, text), Some(Operand::Holed(pattern))) => {
                if self.operator.row.family == Family::StringIgnoreCase {
                    self.ignoring_case(pattern, text)
                } else {
                    self.pattern(pattern, text)
                }
            }
            (_, Some(Operand::Holed(pattern))) => self.gaps.holes(pattern.holes()),
            (Found::Text(text), Some(Operand::Text(pattern))) => {
                if self.operator.row.family == Family::StringIgnoreCase {
                    self.ignoring_case(pattern, text)
                } else {
                    self.pattern(pattern, text)
                }
            }
            (Found::Arn(arn, _), Some(Operand::Arn(pattern))) => {
                arn_matches(pattern, arn, self.request, self.gaps)
            }
            (Found::Arn(_, text), None) => self.short_arn(&value.value.text, text),
            (Found::Number(found), Some(Operand::Number(wanted))) => match self.operator.row.family
            {
                Family::Numeric(comparison) => comparison.holds(found.cmp(wanted)).into(),
                _ => return None,
            },
            (Found::Moment(found), Some(Operand::Moment(wanted))) => match self.operator.row.family
            {
                Family::Date(comparison) => comparison.holds(found.cmp(wanted)).into(),
                _ => return None,
            },
            (Found::Bool(found), Some(Operand::Bool(wanted))) => (found == wanted).into(),
            // What the request carries are the bytes; whoever writes them down may encode them first.
            (Found::Bytes(found), Some(Operand::Bytes(wanted))) => {
                let is_same = found.as_bytes() == wanted || bytes(found).as_ref() == Some(wanted);
                is_same.into()
            }
            (Found::Address(found), Some(Operand::Network(wanted))) => {
                wanted.contains(found).into()
            }
            _ => return None,
        })
    }

    fn pattern(&self, pattern: &Pattern, text: &str) -> Match {
        pattern_matches(pattern, text, self.request, self.gaps)
    }

    fn ignoring_case(&self, pattern: &Pattern, text: &str) -> Match {
        let mut holes = pattern.holes().peekable();
        if holes.peek().is_some() {
            // Whatever is missing, the text around it has to be there, in any case.
            let loose = pattern.parts().iter().map(|part| match part {
                PatternPart::Literal(literal) => escape(&literal.to_lowercase()),
                PatternPart::Star | PatternPart::One => escape("*"),
                PatternPart::Variable(_) | PatternPart::Hole(_) => "*".to_owned(),
            });
            let loose: String = loose.collect();
            let loose = Pattern::new(&loose, Syntax { wildcards: true, variables: true });
            let possible = loose.glob().is_none_or(|glob| glob.matches(&text.to_lowercase()));
            return if possible { self.gaps.holes(holes) } else { Match::No };
        }
        let mut wanted = String::new();
        for part in pattern.parts() {
            match part {
                PatternPart::Literal(literal) => wanted.push_str(literal),
                PatternPart::Star => wanted.push('*'),
                PatternPart::One => wanted.push('?'),
                PatternPart::Hole(hole) => return self.gaps.hole(hole),
                PatternPart::Variable(variable) => match fill(variable, self.request, self.gaps) {
                    Filled::Text(text) => wanted.push_str(&text),
                    Filled::Nothing => return Match::No,
                    Filled::Unknown(unknown) => return unknown,
                },
            }
        }
        (wanted.to_lowercase() == text.to_lowercase()).into()
    }

    /// What AWS does with a pattern of fewer than six parts is not documented. Where it does not
    /// even match as plain text, it does not match at all.
    fn short_arn(&self, pattern: &str, text: &str) -> Match {
        let plain =
            Pattern::new(pattern, crate::policy::Syntax { wildcards: true, variables: false });
        if plain.glob().is_some_and(|glob| glob.matches(text)) {
            return unspecified(self.gaps, pattern, "it has fewer than the six parts of an ARN");
        }
        Match::No
    }

    /// A value in whose middle a Region may stand: decided where it comes to the same without one,
    /// with a Region that no policy names, and with those that the policy could mean.
    fn with_region(&self, prefix: &str, suffix: &str, missing: &str) -> (Match, Why) {
        let named = self.condition.values.iter().filter_map(|value| {
            let start = value.value.text.find(REGION_BEFORE)? + REGION_BEFORE.len();
            let segment = value.value.text.get(start..)?.split('/').next()?;
            Some(format!("{}/", segment.replace('*', "").replace('?', "a")))
        });
        let readings = ["".to_owned(), "xx-none-0/".to_owned()].into_iter().chain(named);
        let results: Vec<_> = readings
            .map(|middle| self.value(&KeyValue::One(format!("{prefix}{middle}{suffix}").into())))
            .collect();
        match results.first() {
            Some(first) if results.iter().all(|(result, _)| *result == first.0) => *first,
            _ => (self.unknown(missing), Why::ValueUnknown),
        }
    }

    /// A value of which only the beginning and the end are known: decided where every value that
    /// it could be gives the same answer.
    fn holed(&self, prefix: &str, suffix: &str, missing: &str) -> (Match, Why) {
        if self.operator.row.family == Family::Null {
            return self.null(true);
        }
        // A first sample is the plain case; the others hold characters that no policy names, so
        // that only a wildcard can stand for them.
        let samples =
            ["", "\u{E000}\u{E000}/", "\u{E000}\u{E000}\u{E000}\u{E000}\u{E000}\u{E000}\u{E000}/"];
        let results: Vec<_> = samples
            .iter()
            .map(|middle| self.values(&[format!("{prefix}{middle}{suffix}").as_str()], false))
            .collect();
        let unknown = || (self.unknown(missing), Why::ValueUnknown);
        let Some((first, why)) = results.first().cloned() else { return unknown() };
        if results.iter().any(|(result, _)| *result != first) {
            return unknown();
        }
        // All samples differ from what the policy wants; is there a value that would not?
        let any_text = Syntax { wildcards: true, variables: false };
        let hole = Pattern::new(
            &format!("{}*{}", escape(prefix), escape(suffix)),
            Syntax { variables: true, ..any_text },
        );
        let reachable = self.condition.values.iter().any(|value| {
            let syntax = match self.operator.row.family {
                Family::StringLike | Family::Arn => any_text,
                _ => Syntax { wildcards: false, variables: false },
            };
            let folded = self.operator.row.family == Family::StringIgnoreCase;
            let wanted = Pattern::new(&value.value.text, syntax);
            let has_variable = value.value.text.contains("${");
            let is_open = matches!(value.value.operand, Some(Operand::Holed(_)));
            is_open
                || folded
                || has_variable
                || wanted
                    .glob()
                    .zip(hole.glob())
                    .is_none_or(|(wanted, hole)| wanted.intersects(hole))
        });
        let plainly_matched = first.is_yes() != self.operator.row.negated;
        if plainly_matched || !reachable { (first, why) } else { unknown() }
    }
}

use crate::policy::Syntax;

fn escape(text: &str) -> String {
    text.replace('$', "${$}").replace('*', "${*}").replace('?', "${?}")
}

/// A value of the request, read as what the operator compares.
enum Found<'t> {
    Text(&'t str),
    Arn(Arn<'t>, &'t str),
    Number(Number),
    Moment(jiff::Timestamp),
    Bool(bool),
    Bytes(&'t str),
    Address(IpAddr),
}

impl<'t> Found<'t> {
    fn read(family: Family, text: &'t str) -> Option<Self> {
        Some(match family {
            Family::String | Family::StringIgnoreCase | Family::StringLike | Family::Null => {
                Self::Text(text)
            }
            Family::Arn => Self::Arn(Arn::parse(text)?, text),
            Family::Numeric(_) => Self::Number(Number::parse(text)?),
            Family::Date(_) => Self::Moment(moment(text)?),
            Family::Bool => Self::Bool(boolean(text)?),
            Family::Binary => Self::Bytes(text),
            Family::Ip => Self::Address(address(text)?),
        })
    }
}

/// What a policy variable stands for in this request.
enum Filled<'r> {
    Text(Cow<'r, str>),
    /// No value and no default: such a value matches nothing.
    Nothing,
    Unknown(Match),
}

fn fill<'r>(variable: &Variable, request: &'r Request, gaps: &GapTable) -> Filled<'r> {
    let unknown =
        |reason: &str| Filled::Unknown(gaps.unknown(|| context::gap(&variable.key, reason)));
    match lookup(request, &variable.key) {
        KeyValue::One(value) => Filled::Text(value),
        KeyValue::Absent => match &variable.default {
            Some(default) => Filled::Text(Cow::Owned(default.to_string())),
            None => Filled::Nothing,
        },
        // Only single-valued keys may be used as variables.
        KeyValue::Many(_) => Filled::Nothing,
        KeyValue::Holed { missing, .. } => unknown(missing),
        KeyValue::Either(_) => {
            unknown("AWS's documents do not say which of several values the request carries")
        }
        KeyValue::Unknown(reason) => unknown(reason),
    }
}

/// Whether `text` matches, with the variables of the pattern filled in.
#[inline]
pub(super) fn pattern_matches(
    pattern: &Pattern,
    text: &str,
    request: &Request,
    gaps: &GapTable,
) -> Match {
    match pattern.glob() {
        Some(glob) => glob.matches(text).into(),
        None => filled_matches(pattern, text, request, gaps),
    }
}

/// The same where something has to be filled in.
fn filled_matches(pattern: &Pattern, text: &str, request: &Request, gaps: &GapTable) -> Match {
    // Whatever the variables stand for, the text between them has to be there.
    if !pattern.at_most().matches(text) {
        return Match::No;
    }
    let mut holes = pattern.holes().peekable();
    let mut unknown = holes.peek().is_some().then(|| gaps.holes(pattern.holes()));
    let mut nothing = false;
    let filled: Option<Glob> = pattern.fill(|variable| match fill(variable, request, gaps) {
        Filled::Text(text) => Some(text),
        Filled::Nothing => {
            nothing = true;
            None
        }
        Filled::Unknown(gap) => {
            let all = unknown.take().map_or(gap, |others| others.and(gap));
            unknown = Some(all);
            // Any text will do: the answer is unknown.
            Some(Cow::Borrowed(""))
        }
    });
    if nothing {
        return Match::No;
    }
    match (unknown, filled) {
        (Some(unknown), _) => unknown,
        (None, Some(glob)) => glob.matches(text).into(),
        (None, None) => Match::No,
    }
}

/// Whether `arn` matches, part by part.
pub(super) fn arn_matches(
    pattern: &ArnPattern,
    arn: &Arn<'_>,
    request: &Request,
    gaps: &GapTable,
) -> Match {
    // Most differ in the resource's name.
    let [.., name] = pattern.parts.as_ref();
    if !name.at_most().matches(arn.resource) {
        return Match::No;
    }
    let texts = ["arn", arn.partition, arn.service, arn.region, arn.account, arn.resource];
    let mut result = Match::Yes;
    for (pattern, text) in pattern.parts.iter().zip(texts) {
        result = result.and(pattern_matches(pattern, text, request, gaps));
        if result.is_no() {
            break;
        }
    }
    result
}
