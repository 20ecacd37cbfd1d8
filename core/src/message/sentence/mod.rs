//! The sentence that most services use: who may not do what, on what, and which layer said so.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html>
//!
//! `read` reads one from its verb to both sides, `principal` and `values` what stands there, `reasons` what
//! names a layer without a sentence, and `rests` what is left of sentences elsewhere.

mod grammar;
mod principal;
mod read;
mod reasons;
mod rests;
mod values;

use std::ops::Range;

use super::DenialKind;
use crate::policy::PolicyType;
use grammar::grammar;
pub(super) use reasons::{Reason, reasons};

/// A value and the range of the text that it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) value: String,
    pub(super) range: Range<usize>,
}

/// What one sentence says.
#[derive(Clone, Debug)]
pub(super) struct Sentence {
    pub(super) range: Range<usize>,
    pub(super) principal: Option<Piece>,
    /// Missing where a placeholder or nothing stands in its place.
    pub(super) action: Option<Piece>,
    /// The API operation that stands in the action's place.
    pub(super) operation: Option<Piece>,
    pub(super) resource: Option<Piece>,
    pub(super) kind: Option<(DenialKind, Range<usize>)>,
    pub(super) policy_type: Option<(PolicyType, Range<usize>)>,
    pub(super) policy_arn: Option<Piece>,
}

/// How far behind the resource the layer is looked for.
const CONTEXT: usize = 700;

/// All sentences of a text, in order.
pub(super) fn find(text: &str) -> Vec<Sentence> {
    let Some(grammar) = grammar() else { return Vec::new() };
    let anchors: Vec<Range<usize>> =
        grammar.anchor.find_iter(text).map(|one| one.range()).collect();
    let mut found: Vec<Sentence> = Vec::new();
    for (index, anchor) in anchors.iter().enumerate() {
        let floor = found.last().map_or(0, |sentence| sentence.range.end);
        let ceiling = anchors.get(index + 1).map_or(text.len(), |next| next.start);
        found.extend(read::read(text, grammar, anchor, floor.min(anchor.start), ceiling));
    }
    if has(text, "Action: ") {
        found.extend(rests::panels(text, grammar));
        found.sort_by_key(|sentence| sentence.range.start);
    }
    found.extend(rests::cut_sentences(text, grammar, &found));
    found.sort_by_key(|sentence| sentence.range.start);
    found
}

/// Whether these words are in a text, which may be a long one.
pub(super) fn has(text: &str, words: &str) -> bool {
    memchr::memmem::find(text.as_bytes(), words.as_bytes()).is_some()
}

/// A piece of the text; the ends are moved to the next character where they cut one.
fn clip(text: &str, start: usize, end: usize) -> &str {
    let mut end = end.min(text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    text.get(start..end).unwrap_or("")
}

/// Whether a word is a day or a time, as logs put it before each line.
pub(super) fn is_moment(word: &str) -> bool {
    let shape = |form: &str| {
        let letters = word.bytes().zip(form.bytes());
        word.len() >= form.len()
            && letters.fold(true, |so_far, (letter, wanted)| {
                so_far && if wanted == b'0' { letter.is_ascii_digit() } else { letter == wanted }
            })
    };
    let word_starts = ["0000-00-00", "0000/00/00", "00:00:00"];
    word_starts.iter().any(|form| shape(form))
}
