//! The lines that separate one error from another.

use super::REACH;
use super::draft::{Draft, is_between, is_cut_short};
use super::mentions::{Mention, What};
use crate::message::sentence;

/// What a line that separates is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Break {
    Empty,
    /// Of dashes; they frame the parts of one record as well.
    Rule,
    /// Of a log, about something else.
    Other,
}

/// Where something else begins: behind an empty line, a line of dashes, or a line of a log that tells of
/// no error.
pub(super) struct Breaks {
    /// Where the lines begin that separate, and what each is.
    lines: Vec<(usize, Break)>,
    /// For what stands before the first of them, and then behind each: whether it tells of an error.
    tells: Vec<bool>,
}

impl Breaks {
    pub(super) fn of(text: &str, mentions: &[Mention]) -> Self {
        let mut lines = Vec::new();
        let mut next = mentions.iter().peekable();
        let mut start = 0;
        for line in text.split('\n') {
            let end = start + line.len();
            let mut is_free = true;
            // What begins in this line, or before it and reaches into it.
            while let Some(mention) = next.next_if(|one| one.range.start < end) {
                is_free = is_free && mention.range.end <= start;
            }
            let words = line.trim();
            let is_rule = words.len() >= 3 && words.trim_matches(['-', '=', '_', '*']).is_empty();
            let is_other = || {
                let mut rest = words.trim_start_matches('[').split(' ');
                is_free
                    && rest.next().is_some_and(sentence::is_moment)
                    && rest.take(6).any(is_level)
            };
            if words.is_empty() {
                lines.push((start, Break::Empty));
            } else if is_rule {
                lines.push((start, Break::Rule));
            } else if is_other() {
                lines.push((start, Break::Other));
            }
            start = end + 1;
        }
        let mut breaks = Self { tells: vec![false; lines.len() + 1], lines };
        for mention in mentions.iter().filter(|mention| mention.tells()) {
            let block = breaks.block(mention.range.start);
            if let Some(tells) = breaks.tells.get_mut(block) {
                *tells = true;
            }
        }
        breaks
    }

    /// How many of the lines stand before a place.
    fn block(&self, at: usize) -> usize {
        self.lines.partition_point(|(start, _)| *start < at)
    }

    /// Whether a mention belongs to another error than what was found before such a line.
    pub(super) fn part(&self, draft: &Draft, mention: &Mention, text: &str) -> bool {
        // So far away it belongs to another one anyway.
        if mention.range.start.saturating_sub(draft.range.end) > REACH {
            return false;
        }
        let (from, to) = (self.block(draft.range.end), self.block(mention.range.start));
        let between = self.lines.get(from..to).unwrap_or_default();
        let Some(kind) = between.iter().map(|(_, kind)| *kind).max() else { return false };
        let is_sure = kind >= Break::Rule;
        let is_known = draft.is_told()
            || is_sure && draft.says_something()
            || kind == Break::Other && draft.range.end > 0;
        if !is_known || !self.tells.get(to).is_some_and(|tells| *tells) {
            return false;
        }
        let gap = text.get(draft.range.end..mention.range.start).unwrap_or("").trim_end();
        let gap = gap.strip_suffix("User:").unwrap_or(gap);
        let goes_on = || match &mention.what {
            What::Sentence(next) => {
                draft.sentence.as_ref().is_some_and(|mine| is_cut_short(mine, next, text))
            }
            // The lines of a pasted box in another order.
            What::Form(form, _) => form.id == "go-v2" && !is_sure && draft.lacks_head(),
            What::Reason(_) | What::Code(..) => false,
        };
        // A code on a line of its own, and its message behind an empty one.
        let leads_on = is_between(gap)
            && draft.sentence.is_none()
            && (draft.text.is_none() || draft.introduces(mention, text))
            && draft.can_mean(mention);
        !leads_on && !goes_on()
    }
}

/// Whether a word says that a line of a log tells of no error.
fn is_level(word: &str) -> bool {
    let word = word.trim_matches(|letter: char| !letter.is_ascii_alphabetic());
    let word = word.strip_prefix("level=").unwrap_or(word);
    ["INFO", "NOTICE"].iter().any(|level| word.eq_ignore_ascii_case(level))
}
