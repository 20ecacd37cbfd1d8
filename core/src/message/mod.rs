//! Error texts: what AWS said, in whatever a tool made of it.
//!
//! Any text is read: a line, a log, a terminal's output. What it does not say is left open, never
//! guessed. Encoded messages, tokens and signatures are found and not kept: a span shows where an encoded
//! message stands.

mod codes;
mod columns;
mod enclosed;
mod forms;
mod group;
mod mask;
mod normal;
mod record;
mod sentence;
mod services;
#[cfg(test)]
mod tests;
mod windows;
mod wrapping;

pub use enclosed::is_json;
pub use mask::without_secrets;
pub use record::{Check, NoRecord, Part, Record, RecordKind, Said, last_part, no_record, records};

use std::ops::Range;

use crate::policy::PolicyType;
use crate::text::{SourceId, SourceMap, Span, Spanned};

/// What kind of error a text tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorClass {
    /// The request was not authorized.
    AccessDenied,
    /// The credentials or a token are past their end.
    ExpiredCredentials,
    /// The credentials or a token are not accepted, or there are none.
    InvalidCredentials,
    /// The signature does not fit, or the clock that it was made by.
    Signature,
    /// The Region is wrong or switched off.
    Region,
    /// Too many requests.
    Throttled,
    /// Looks like a denial and is none: a policy was malformed, a limit was passed.
    Other,
}

impl ErrorClass {
    /// The id in JSON.
    pub fn id(self) -> &'static str {
        match self {
            Self::AccessDenied => "access-denied",
            Self::ExpiredCredentials => "expired-credentials",
            Self::InvalidCredentials => "invalid-credentials",
            Self::Signature => "signature",
            Self::Region => "region",
            Self::Throttled => "throttled",
            Self::Other => "other",
        }
    }

    /// The class that has this id.
    fn of(id: &str) -> Option<Self> {
        let all = [
            Self::AccessDenied,
            Self::ExpiredCredentials,
            Self::InvalidCredentials,
            Self::Signature,
            Self::Region,
            Self::Throttled,
            Self::Other,
        ];
        all.into_iter().find(|class| class.id() == id)
    }
}

/// Whether AWS named a Deny or a missing Allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DenialKind {
    /// A Deny statement matched.
    Explicit,
    /// The layer has no Allow.
    Implicit,
}

impl DenialKind {
    /// The id in JSON.
    pub fn id(self) -> &'static str {
        match self {
            Self::Explicit => "explicit",
            Self::Implicit => "implicit",
        }
    }
}

/// One error of a text. What the text does not say is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The form that says what went wrong, as the catalogue names it.
    pub form: &'static str,
    /// Where that form is described.
    pub see: &'static str,
    /// What kind of error it is.
    pub class: ErrorClass,
    /// Who was denied, as written.
    pub principal: Option<Spanned<String>>,
    /// The action, where the text names one.
    pub action: Option<Spanned<String>>,
    /// The resource, as written and without quotes.
    pub resource: Option<Spanned<String>>,
    /// Whether AWS named a Deny or a missing Allow.
    pub kind: Option<Spanned<DenialKind>>,
    /// The layer that AWS named.
    pub policy_type: Option<Spanned<PolicyType>>,
    /// The policy that AWS named.
    pub policy_arn: Option<Spanned<String>>,
    /// The error code.
    pub code: Option<Spanned<String>>,
    /// The service prefix.
    pub service: Option<Spanned<String>>,
    /// Whether only the operation's name speaks for that service, and others have one of that name.
    pub service_is_likely: bool,
    /// The API operation that was called.
    pub operation: Option<Spanned<String>>,
    /// The request id, as written.
    pub request_id: Option<Spanned<String>>,
    /// The id by which AWS keeps the authorization's details.
    pub authorization_id: Option<Spanned<String>>,
    /// Where an encoded authorization message stands; it is not kept.
    pub encoded: Option<Span>,
    /// How many characters it has, line ends left out.
    pub encoded_length: usize,
    /// The words that say what went wrong, where they are others than the sentence's.
    pub words: Option<Span>,
    /// All that belongs to it.
    pub span: Span,
    /// How often the text tells of it.
    pub count: usize,
}

impl Denial {
    /// A denial of which nothing is known but that it stands at `span`.
    pub fn bare(form: &'static str, see: &'static str, span: Span) -> Self {
        Self {
            form,
            see,
            class: ErrorClass::AccessDenied,
            principal: None,
            action: None,
            resource: None,
            kind: None,
            policy_type: None,
            policy_arn: None,
            code: None,
            service: None,
            service_is_likely: false,
            operation: None,
            request_id: None,
            authorization_id: None,
            encoded: None,
            encoded_length: 0,
            words: None,
            span,
            count: 1,
        }
    }

    /// The fields that the text has, each with its name in JSON, its value and its place.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, &str, Span)> {
        fn text(one: &Option<Spanned<String>>) -> Option<(&str, Span)> {
            one.as_ref().map(|one| (one.value.as_str(), one.span))
        }
        let kind = self.kind.as_ref().map(|one| (one.value.id(), one.span));
        let policy_type = self.policy_type.as_ref().map(|one| (one.value.id(), one.span));
        let fields = [
            ("principal", text(&self.principal)),
            ("action", text(&self.action)),
            ("resource", text(&self.resource)),
            ("denial_kind", kind),
            ("policy_type", policy_type),
            ("policy_arn", text(&self.policy_arn)),
            ("error_code", text(&self.code)),
            ("service", text(&self.service)),
            ("operation", text(&self.operation)),
            ("request_id", text(&self.request_id)),
            ("authorization_id", text(&self.authorization_id)),
        ];
        fields.into_iter().filter_map(|(name, one)| one.map(|(value, span)| (name, value, span)))
    }

    /// How much the text says of it.
    fn told(&self) -> usize {
        let is_known = |name: &str| {
            services::of_operation(name).or_else(|| services::likely_of_operation(name)).is_some()
        };
        let action = self.action.as_ref().and_then(|one| one.value.split_once(':'));
        1 + self.fields().count()
            + usize::from(action.is_some_and(|(_, name)| is_known(name)))
            + usize::from(self.code.as_ref().is_some_and(|one| codes::known(&one.value).is_some()))
            + usize::from(self.encoded.is_some())
    }

    /// Whether its encoded message can be decoded: some blank it out, or leave no more than its begin.
    pub fn can_be_decoded(&self) -> bool {
        const LEAST: usize = 16;
        self.encoded.is_some() && self.encoded_length >= LEAST
    }

    /// Whether it may be another program's: the words alone, and nothing of AWS.
    pub fn is_vague(&self) -> bool {
        matches!(self.form, "access-denied" | "forbidden" | "not-authorized-operation" | "code")
            && self.service.is_none()
            && self.operation.is_none()
            && self.request_id.is_none()
            && self
                .code
                .as_ref()
                .is_none_or(|code| code.value.starts_with("403") || code.value == "Forbidden")
    }
}

/// The errors of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Each distinct one once, in the order in which they come.
    pub denials: Vec<Denial>,
    /// How many more distinct ones there are than are kept.
    pub more: usize,
}

/// A text of one error is no longer than this.
const SHORT: usize = 16 * 1024;

/// The errors that a source tells of, each distinct one once, in the order in which they come.
pub fn read(sources: &SourceMap, source: SourceId) -> Vec<Denial> {
    read_all(sources, source).denials
}

/// The same, with how many there are besides those that are kept.
pub fn read_all(sources: &SourceMap, source: SourceId) -> Reading {
    read_within(sources, source, 0..sources.text(source).len())
}

/// The errors that a part of a source tells of.
pub fn read_within(sources: &SourceMap, source: SourceId, within: Range<usize>) -> Reading {
    let original = sources.text(source).get(..within.end).unwrap_or_default();
    let mut found = group::Found::default();
    let mut start = within.start;
    while let Some(rest) = original.get(start..).filter(|rest| !rest.is_empty()) {
        let (window, is_last) = windows::first(rest);
        let normal = normal::Normal::of(window);
        let base = u32::try_from(start).unwrap_or(u32::MAX);
        let place = |start: usize, end: usize| {
            let (start, end) = normal.original(start, end);
            Span { source, start: base.saturating_add(start), end: base.saturating_add(end) }
        };
        // What reaches into the end of a window is read again as the begin of the next one.
        let edge = start + window.len().saturating_sub(windows::OVERLAP);
        // What is longer than half of one is taken as far as it was read, so that reading gets on.
        let half = start + window.len() / 2;
        let mut next = if is_last { original.len() } else { edge };
        group::denials(&normal.text, &place, &mut |denial| {
            let begin = denial.span.start as usize;
            if is_last || (denial.span.end as usize) < edge || begin < half {
                found.add(denial);
            } else {
                next = next.min(begin);
            }
        });
        start = windows::boundary(original, next);
    }
    let (mut denials, more) = found.finish();
    let text = original.get(within.start..).unwrap_or_default();
    if text.len() <= SHORT
        && (denials.is_empty() || denials.len() == 1 && wrapping::may_be_cut(text))
    {
        let normal = normal::Normal::of_cut(text);
        let base = u32::try_from(within.start).unwrap_or(u32::MAX);
        let place = |start: usize, end: usize| {
            let (start, end) = normal.original(start, end);
            Span { source, start: base.saturating_add(start), end: base.saturating_add(end) }
        };
        let mut found = group::Found::default();
        group::denials(&normal.text, &place, &mut |denial| found.add(denial));
        let others = found.finish().0;
        // What was cut in the middle of words says more when it is put together.
        let told = |denials: &[Denial]| denials.first().map_or(0, Denial::told);
        if denials.is_empty() || others.len() == 1 && told(&others) > told(&denials) {
            denials = others;
        }
    }
    Reading { denials, more }
}

/// The code of an error of AWS that is about neither permissions nor credentials, where a text begins one as
/// a tool of AWS does.
pub fn other_code(text: &str) -> Option<String> {
    let normal = normal::Normal::of(windows::first(text).0);
    let heads = forms::possible(&normal.text).filter(|one| one.form.role == forms::Role::Head);
    let codes = heads.filter_map(|one| {
        let captures = one.all().next()?;
        Some(captures.name("code")?.as_str().replace('\n', ""))
    });
    codes.into_iter().find(|code| !code.contains([' ', '*']) && !code.is_empty())
}

/// The encoded authorization message that stands in this place of a text, for whoever can have it decoded;
/// `None` where it was cut off. `text` is the original one, whose secrets are still in it. It is a secret:
/// nothing else is to be done with it.
pub fn encoded(text: &str, denial: &Denial) -> Option<String> {
    let span = denial.encoded?;
    let piece = text.get(span.start as usize..span.end as usize)?;
    let mut message = normal::Normal::of(piece).text;
    message.retain(|letter| !matches!(letter, '\n' | ' '));
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (!message.is_empty() && message.bytes().all(is_part)).then_some(message)
}
