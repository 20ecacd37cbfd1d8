//! What the text of an error says, read once for each wording.
//!
//! Texts of one wording differ in the ARNs that they name. The first one is read by `message`; of the
//! others the ARNs are put where those of the first stood.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use foldhash::HashMap;
use memchr::memmem::Finder;

use crate::message::{self, DenialKind, ErrorClass};
use crate::policy::PolicyType;
use crate::text::{SourceMap, Span};

/// What a text says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said<'t> {
    /// Who was denied.
    pub(super) principal: Option<Cow<'t, str>>,
    /// The action.
    pub(super) action: Option<Cow<'t, str>>,
    /// The resource.
    pub(super) resource: Option<Cow<'t, str>>,
    /// Whether a Deny matched, or no Allow did.
    pub(super) kind: Option<DenialKind>,
    /// The layer that AWS named.
    pub(super) layer: Option<PolicyType>,
    /// The policy that AWS named.
    pub(super) policy: Option<Cow<'t, str>>,
}

/// Reads texts, and remembers their wordings.
#[derive(Debug, Default)]
pub(super) struct Reader {
    /// Each wording, by its text without ARNs.
    places: HashMap<String, usize>,
    wordings: Vec<Wording>,
    /// A text without its ARNs, used again.
    shape: String,
    slots: Vec<Range<usize>>,
}

#[derive(Debug)]
enum Wording {
    /// Where each field comes from.
    Known([Field; 4], Option<DenialKind>, Option<PolicyType>),
    /// A field is part of an ARN, so that each text is read by itself.
    Each,
}

#[derive(Clone, Debug)]
enum Field {
    Missing,
    /// The same in every text of the wording.
    Same(String),
    /// One of the ARNs, by its number.
    Slot(usize),
}

/// Wordings that are kept; whoever has more of them has texts of their own.
const KEPT: usize = 4096;
const ENCODED: &str = "ncoded authorization failure message:";
static ENCODED_AT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(ENCODED));
static ARN_AT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("arn:"));

/// What a secret begins with.
static SECRETS: LazyLock<[Finder<'static>; 2]> =
    LazyLock::new(|| [Finder::new("X-Amz-"), Finder::new("eyJ")]);

/// Whether a letter ends an ARN.
fn is_end(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '"' | '\'' | '`' | ',' | ')' | '\\' | '<' | '>')
}

/// The bytes that end no ARN and are letters by themselves.
static GOES_ON: LazyLock<[bool; 256]> = LazyLock::new(|| {
    std::array::from_fn(|byte| {
        u8::try_from(byte).is_ok_and(|byte| byte.is_ascii() && !is_end(char::from(byte)))
    })
});

/// How far the ARN goes with which the text begins.
fn length(text: &str) -> usize {
    let goes_on = &*GOES_ON;
    let bytes = text.bytes();
    let plain = bytes.take_while(|byte| goes_on.get(usize::from(*byte)) == Some(&true)).count();
    let rest = text.get(plain..).unwrap_or_default();
    plain + rest.find(is_end).unwrap_or(rest.len())
}

impl Reader {
    /// What `text` says.
    pub(super) fn read<'t>(&'t mut self, text: &'t str) -> Said<'t> {
        // An encoded message is no part of any field.
        let encoded = ENCODED_AT.find(text.as_bytes());
        let text = encoded.and_then(|at| text.get(..at + ENCODED.len())).unwrap_or(text);
        self.cut(text);
        let Some(place) = self.places.get(&self.shape).copied() else {
            let (said, fields) = read(text, &self.slots);
            if self.wordings.len() < KEPT {
                self.places.insert(self.shape.clone(), self.wordings.len());
                self.wordings.push(match fields {
                    Some(fields) => Wording::Known(fields, said.kind, said.layer),
                    None => Wording::Each,
                });
            }
            return said;
        };
        let Some(Wording::Known(fields, kind, layer)) = self.wordings.get(place) else {
            return read(text, &[]).0;
        };
        let mut values = fields.iter().map(|field| match field {
            Field::Missing => None,
            Field::Same(value) => Some(Cow::Borrowed(&**value)),
            Field::Slot(number) => text.get(self.slots.get(*number)?.clone()).map(Cow::Borrowed),
        });
        let mut next = || values.next().flatten();
        Said {
            principal: next(),
            action: next(),
            resource: next(),
            policy: next(),
            kind: *kind,
            layer: *layer,
        }
    }

    /// Finds the ARNs of a text, and the text without them.
    fn cut(&mut self, text: &str) {
        self.shape.clear();
        self.slots.clear();
        let mut at = 0;
        for start in ARN_AT.find_iter(text.as_bytes()) {
            // Another ARN may stand in one.
            if start < at {
                continue;
            }
            let rest = text.get(start..).unwrap_or_default();
            let length = length(rest);
            let arn = rest.get(..length).unwrap_or_default().trim_end_matches('.');
            self.shape.push_str(text.get(at..start).unwrap_or_default());
            // The service stays: what it says may depend on it.
            let third = memchr::memchr_iter(b':', arn.as_bytes()).nth(2);
            let head = third.and_then(|end| arn.get(..end));
            self.shape.push('\u{1}');
            self.shape.push_str(head.unwrap_or(arn));
            self.shape.push('\u{1}');
            at = start + arn.len();
            self.slots.push(start..at);
            // What may hold a secret is read by itself.
            if SECRETS.iter().any(|mark| mark.find(arn.as_bytes()).is_some()) {
                self.shape.push_str(arn);
            }
        }
        self.shape.push_str(text.get(at..).unwrap_or_default());
    }
}

/// What a text says, and where each field comes from, unless one is a part of a slot.
fn read(text: &str, slots: &[Range<usize>]) -> (Said<'static>, Option<[Field; 4]>) {
    let mut sources = SourceMap::default();
    let source = sources.add_given("the message", message::without_secrets(text));
    let found = message::read(&sources, source);
    let Some(denial) = found.into_iter().find(|one| one.class == ErrorClass::AccessDenied) else {
        return (
            Said::default(),
            Some([Field::Missing, Field::Missing, Field::Missing, Field::Missing]),
        );
    };
    let field = |value: Option<(&String, Span)>| -> Option<Field> {
        let Some((value, span)) = value else { return Some(Field::Missing) };
        let (start, end) = (span.start as usize, span.end as usize);
        match slots.iter().position(|slot| slot.start < end && start < slot.end) {
            Some(number) => {
                let is_whole = slots.get(number).is_some_and(|slot| *slot == (start..end));
                (is_whole && text.get(start..end) == Some(value)).then_some(Field::Slot(number))
            }
            None => Some(Field::Same(value.clone())),
        }
    };
    let given = [&denial.principal, &denial.action, &denial.resource, &denial.policy_arn]
        .map(|one| one.as_ref().map(|one| (&one.value, one.span)));
    let [principal, action, resource, policy] = given;
    let fields = (|| Some([field(principal)?, field(action)?, field(resource)?, field(policy)?]))();
    let value = |given: Option<(&String, Span)>| given.map(|(value, _)| Cow::Owned(value.clone()));
    let said = Said {
        principal: value(principal),
        action: value(action),
        resource: value(resource),
        policy: value(policy),
        kind: denial.kind.as_ref().map(|one| one.value),
        layer: denial.policy_type.as_ref().map(|one| one.value),
    };
    (said, fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wording_that_was_seen_says_what_it_says_when_it_is_new() {
        let text = |session: &str, object: &str| {
            format!(
                "User: arn:aws:sts::111122223333:assumed-role/app/{session} is not authorized to perform: s3:GetObject on resource: \"arn:aws:s3:::logs/{object}\" with an explicit deny in a service control policy: arn:aws:organizations::111122223333:policy/o-a1b2c3d4e5/service_control_policy/p-11112222"
            )
        };
        let (one, two, three) = (text("one", "a"), text("two", "b c"), text("three", "d"));
        let mut reader = Reader::default();
        reader.read(&one);
        let alone = &mut Reader::default();
        assert_eq!(reader.read(&two), alone.read(&two));
        assert_eq!(reader.wordings.len(), 2, "a blank in a resource is another wording");
        let alone = &mut Reader::default();
        let again = reader.read(&three);
        assert_eq!(again, alone.read(&three));
        assert_eq!(again.resource.as_deref(), Some("arn:aws:s3:::logs/d"));
        assert_eq!(again.layer, Some(PolicyType::ServiceControl));
        assert_eq!(reader.wordings.len(), 2);
    }
}
