//! What has been put together of one error, and whether what comes next belongs to it.

use std::ops::Range;

use super::REACH;
use super::fields::Fields;
use super::mentions::{Mention, What};
use crate::message::ErrorClass;
use crate::message::codes::Code;
use crate::message::forms::{Form, Role};
use crate::message::sentence::{Piece, Reason, Sentence};

/// What has been put together of one error.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) range: Range<usize>,
    pub(super) sentence: Option<Box<Sentence>>,
    pub(super) reason: Option<Box<Reason>>,
    pub(super) text: Option<(&'static Form, Fields, Range<usize>)>,
    pub(super) wrapper: Option<(&'static Form, Fields, Range<usize>)>,
    /// The code, how sure its place is, and what is known of it.
    pub(super) code: Option<(Piece, u8, Option<&'static Code>)>,
    pub(super) head: Option<&'static str>,
    pub(super) has_go_code: bool,
    pub(super) operation: Option<Piece>,
    pub(super) service: Option<Piece>,
    pub(super) hint: Option<Piece>,
    pub(super) trace: Option<Piece>,
    pub(super) id: Option<Piece>,
    pub(super) fields: Fields,
}

impl Draft {
    /// Whether it is known already what went wrong.
    pub(super) fn is_told(&self) -> bool {
        let code = self.code.as_ref().and_then(|(_, _, known)| *known);
        self.sentence.is_some()
            || self.text.is_some()
            || code.is_some_and(|code| !code.wrapper && !code.beside)
    }

    /// Whether the tool's code was found, and the words before it were not.
    pub(super) fn lacks_head(&self) -> bool {
        self.head.is_none() && self.has_go_code
    }

    /// Whether it can stand by itself.
    pub(super) fn says_something(&self) -> bool {
        self.is_told() || self.wrapper.is_some() || self.code.is_some()
    }

    /// Whether its code can be that of these words.
    pub(super) fn can_mean(&self, mention: &Mention) -> bool {
        let code = self.code.as_ref().and_then(|(_, _, known)| known.filter(|code| !code.beside));
        match (code, &mention.what) {
            (Some(code), What::Sentence(_)) => code.class == ErrorClass::AccessDenied,
            (Some(code), What::Form(form, _)) => form.class.is_none_or(|class| class == code.class),
            _ => true,
        }
    }

    /// Whether its words tell of something that is no denial.
    fn is_about_else(&self) -> bool {
        let class = self.text.as_ref().and_then(|(form, ..)| form.class);
        class.is_some_and(|class| class != ErrorClass::AccessDenied)
    }

    /// Whether nothing more is to be expected.
    pub(super) fn is_done(&self) -> bool {
        self.id.is_some() && self.code.is_some() && (self.sentence.is_some() || self.text.is_some())
    }

    /// Whether a mention can belong to it.
    pub(super) fn takes(&self, mention: &Mention, text: &str) -> bool {
        if self.range.end == 0 {
            return true;
        }
        let gap = self.range.end.min(mention.range.start)..mention.range.start;
        if gap.len() > REACH {
            return false;
        }
        let same_line = !text.get(gap).unwrap_or("\n").contains('\n');
        match &mention.what {
            What::Sentence(_) if !same_line && self.is_about_else() => false,
            What::Sentence(next) => {
                let mine = self.sentence.as_ref();
                mine.is_some_and(|mine| is_cut_short(mine, next, text))
                    || mine.is_none_or(|mine| mine.action.is_none())
                        && (same_line || !self.is_done() || self.introduces(mention, text))
            }
            // It is nothing by itself.
            What::Reason(_) => true,
            What::Form(form, fields) => match form.role {
                Role::Head => match self.head {
                    _ if !self.is_told() => true,
                    Some(_) => false,
                    None if form.id == "go-v2" && self.lacks_head() => true,
                    // A log names the code in a field of its own, and then quotes the error.
                    None => same_line && self.sentence.is_none() && self.text.is_none(),
                },
                Role::Text => {
                    if self.is_reason(form, mention, text) {
                        return true;
                    }
                    if self.is_done() || (self.sentence.is_some() && !same_line) {
                        return false;
                    }
                    match &self.text {
                        Some((other, ..)) => other.class == form.class || is_vague(other),
                        None => true,
                    }
                }
                Role::Wrapper => !self.is_told() || same_line,
                Role::Part if is_lesser_code(form) && self.code.is_some() => true,
                Role::Part | Role::Hint | Role::Trace => {
                    let fits = |mine: &Option<Piece>, other: &Option<Piece>| match (mine, other) {
                        (Some(mine), Some(other)) => mine.value == other.value,
                        _ => true,
                    };
                    let is_whole =
                        |(mine, other): (&Piece, &Piece)| other.value.starts_with(&mine.value);
                    let fits_id = fits(&self.id, &fields.id)
                        || self.id.as_ref().zip(fields.id.as_ref()).is_some_and(is_whole);
                    !self.is_told()
                        || (fits_id || same_line)
                            && fits(&self.operation, &fields.operation)
                            && (same_line || self.takes_code(fields.code.as_ref()))
                }
            },
            What::Code(piece, known) => {
                // `CODE: message` on a line of its own begins another error.
                let begins = text.get(piece.range.end..).is_some_and(|rest| rest.starts_with(": "))
                    && (self.sentence.is_some() || self.text.is_some());
                if (self.is_done() || begins) && !same_line {
                    return false;
                }
                known.wrapper
                    || same_line
                    || self.takes_code(Some(piece))
                    || self.repeats(piece, known)
            }
        }
    }

    /// Whether a code tells in other words what a record's own code told just before it.
    fn repeats(&self, piece: &Piece, code: &Code) -> bool {
        const NEAR: usize = 160;
        let Some((mine, _, Some(known))) = &self.code else { return false };
        known.class == code.class
            && self.sentence.is_none()
            && self.text.is_none()
            && piece.range.start.saturating_sub(mine.range.end) < NEAR
    }

    /// Whether its words are those that EC2 puts before the sentence, and nothing is between.
    pub(super) fn introduces(&self, mention: &Mention, text: &str) -> bool {
        let Some((form, _, range)) = &self.text else { return false };
        let between = text.get(range.end..mention.range.start).unwrap_or("");
        let between = between.trim_start_matches(['.', ' ', '\n']).trim_end();
        form.id == "not-authorized-operation" && matches!(between, "" | "User:" | "User")
    }

    /// Whether these words end the sentence: they say why, and follow it.
    pub(super) fn is_reason(&self, form: &Form, mention: &Mention, text: &str) -> bool {
        let end = self.sentence.as_ref().map_or(usize::MAX, |sentence| sentence.range.end);
        let between = text.get(end..mention.range.start).unwrap_or(".").trim();
        !is_vague(form)
            && form.class == Some(ErrorClass::AccessDenied)
            && self.text.as_ref().is_none_or(|(other, ..)| is_vague(other))
            && matches!(between, "" | "because")
    }

    fn takes_code(&self, code: Option<&Piece>) -> bool {
        match (&self.code, code) {
            (Some((mine, sure, known)), Some(code)) => {
                mine.value == code.value
                    || *sure == 0
                    || is_status(&mine.value)
                    || known.is_some_and(|known| known.wrapper)
            }
            _ => true,
        }
    }

    /// Whether the words that name a layer follow those that tell of the denial.
    pub(super) fn is_reasoned_by(&self, reason: &Reason, text: &str) -> bool {
        const NEAR: usize = 160;
        let class = match (&self.text, &self.code) {
            (Some((form, ..)), _) => form.class,
            (None, Some((_, _, Some(code)))) => Some(code.class),
            _ => None,
        };
        let between = text.get(self.range.end..reason.range.start);
        self.sentence.is_none()
            && self.reason.is_none()
            && class == Some(ErrorClass::AccessDenied)
            && between.is_some_and(|between| between.len() < NEAR && !between.contains("\n\n"))
    }
}

/// Whether a tool cut a sentence short, and then printed all of it.
pub(super) fn is_cut_short(one: &Sentence, whole: &Sentence, text: &str) -> bool {
    let begins = |one: &Option<Piece>, whole: &Option<Piece>| {
        let value = |piece: &Option<Piece>| {
            piece.as_ref().map(|piece| piece.value.clone()).unwrap_or_default()
        };
        value(whole).starts_with(&value(one))
    };
    let between = text.get(one.range.end..whole.range.start).unwrap_or("");
    between.len() < 600
        && between.find("(truncated").is_some_and(|at| at < 120)
        && begins(&one.principal, &whole.principal)
        && begins(&one.action, &whole.action)
}

/// Whether a code may be around a better one.
pub(super) fn is_outer(known: Option<&Code>) -> bool {
    known.is_some_and(|known| known.wrapper)
}

/// Whether it carries a code that counts only where no better one is.
pub(super) fn is_lesser_code(form: &Form) -> bool {
    form.id == "handler-code" || form.id.starts_with("other-code")
}

/// Whether these are no more than the marks, tags and labels between a code and its message.
pub(super) fn is_between(text: &str) -> bool {
    let labels = ["</Code>", "<Message>", "Error message:", "Message:", "Message : chr"];
    let words = labels.iter().fold(text.to_owned(), |words, label| words.replace(label, ""));
    !words.contains(|letter: char| letter.is_alphanumeric())
}

/// Words that say no more than the code does.
pub(super) fn is_vague(form: &Form) -> bool {
    matches!(
        form.id,
        "access-denied" | "forbidden" | "not-authorized-operation" | "not-authorized-call"
    )
}

/// Whether a code is no more than HTTP's status.
pub(super) fn is_status(code: &str) -> bool {
    code.starts_with("403") || code == "Forbidden"
}
