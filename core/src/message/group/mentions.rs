//! All that a text mentions: sentences, forms and codes, in the order in which they begin.

use std::cmp::Reverse;
use std::ops::Range;

use super::fields::{Fields, fields};
use crate::message::codes::{self, Code};
use crate::message::forms::{self, Form, Role};
use crate::message::sentence::{self, Piece, Reason, Sentence};

/// One thing that was found in a text.
pub(super) struct Mention {
    pub(super) range: Range<usize>,
    pub(super) what: What,
}

impl Mention {
    /// Whether it says what went wrong, or that something did.
    pub(super) fn tells(&self) -> bool {
        match &self.what {
            What::Sentence(_) => true,
            What::Reason(_) => false,
            What::Form(form, _) => matches!(form.role, Role::Text | Role::Head),
            What::Code(_, known) => !known.wrapper && !known.beside,
        }
    }
}

pub(super) enum What {
    Sentence(Box<Sentence>),
    Reason(Box<Reason>),
    Form(&'static Form, Box<Fields>),
    Code(Piece, &'static Code),
}

pub(super) fn mentions(text: &str) -> Vec<Mention> {
    let mut found: Vec<Mention> = Vec::new();
    let sentences = sentence::find(text);
    for reason in sentence::reasons(text, &sentences) {
        found.push(Mention { range: reason.range.clone(), what: What::Reason(Box::new(reason)) });
    }
    for sentence in sentences {
        let range = sentence.range.clone();
        found.push(Mention { range, what: What::Sentence(Box::new(sentence)) });
    }
    for possible in forms::possible(text) {
        let form = possible.form;
        for captures in possible.all() {
            let Some(whole) = captures.get(0) else { continue };
            if let Some(fields) = fields(form, text, &captures) {
                found.push(Mention {
                    range: whole.range(),
                    what: What::Form(form, Box::new(fields)),
                });
            }
        }
    }
    found.extend(codes::find(text).filter_map(|range| bare_code(text, range)));
    // Of what begins in one place, the longer says more.
    found.sort_by_key(|mention| (mention.range.start, Reverse(mention.range.end)));
    found
}

/// A known code, if it stands there as a word of its own.
fn bare_code(text: &str, range: Range<usize>) -> Option<Mention> {
    let value = text.get(range.clone())?;
    let before = text.get(..range.start)?.chars().next_back();
    let after = text.get(range.end..)?;
    if before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_') {
        return None;
    }
    let next = after.chars().next();
    let runs_on = ["The ", "Access ", "User: ", "You ", "KMS Message"]
        .iter()
        .any(|word| after.starts_with(word));
    if next.is_some_and(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '/'))
        && !runs_on
    {
        return None;
    }
    let known = codes::known(value)?;
    if known.generic {
        let colon = [": ", ":\n", " =>", " (client)", " (server)"]
            .iter()
            .any(|mark| after.starts_with(mark));
        let lead = text.get(..range.start)?;
        // The status that Kubernetes answered with, and words for people.
        let label = lead.trim_end_matches(['"', '\'', ' ', ':']);
        if lead.ends_with("from server (") || label.ends_with("essage") && label.len() < lead.len()
        {
            return None;
        }
        let labelled = ["name: ", "ode: ", "ode=", "ode: '", "Errors::"]
            .iter()
            .any(|word| lead.ends_with(word));
        let closed = matches!(next, Some('"' | '\'' | ')' | '<'))
            && matches!(before, Some('"' | '\'' | '(' | '>' | '#' | '.'));
        if !colon && !closed && !labelled {
            return None;
        }
    }
    let piece = Piece { value: value.to_owned(), range: range.clone() };
    Some(Mention { range, what: What::Code(piece, known) })
}
