//! Who was denied: what stands before the verb of the sentence.

use std::ops::Range;

use super::values::joined;
use super::{Piece, is_moment};
use crate::message::codes;

/// The longest that a principal, with its placeholders, is taken to be.
const PRINCIPAL: usize = 2200;

/// Who was denied: behind `User:`, or the one word before the verb.
pub(super) fn principal(text: &str, floor: usize, anchor: &Range<usize>) -> Option<Piece> {
    let anchored = text.get(anchor.clone())?;
    if anchored.starts_with('N') {
        return None;
    }
    let mut floor = floor.max(anchor.start.saturating_sub(PRINCIPAL));
    while !text.is_char_boundary(floor) {
        floor += 1;
    }
    let before = text.get(floor..anchor.start)?.trim_end();
    let before = before.strip_suffix("is")?.trim_end();
    // A service that acts by itself has another label.
    let labelled = ["User:", "Service Principal:"].iter();
    let labelled = labelled.filter_map(|label| Some(before.rfind(label)? + label.len())).max();
    let named = labelled.or_else(|| {
        let at = before.rfind("User")? + 4;
        before.get(at..).filter(|rest| rest.is_empty() || rest.starts_with([' ', '\n']))?;
        Some(at)
    });
    if let Some(at) = named {
        let raw = before.get(at..)?;
        let marks = raw.len() - raw.trim_start_matches(['\n', ':']).len();
        let (at, raw) = (at + marks, raw.get(marks..)?);
        let words = raw.split([' ', '\n']).filter(|word| !word.is_empty()).count();
        let value = raw.trim();
        // Words for people may stand behind a `User` without a colon.
        let is_label = labelled.is_some()
            || words == 1
            || value.starts_with(['a', '<', '`', '"', '\'', '*', '[', '{']);
        if is_label && words <= 4 && !value.contains("\n\n") {
            return piece(floor + at + (raw.len() - raw.trim_start().len()), value);
        }
    }
    let at = before.rfind([' ', '\n']).map_or(0, |at| at + 1);
    let word = before.get(at..)?;
    let lead = before.get(..at)?.trim_end();
    // At the begin of a line it has to look like a name.
    let begins_line =
        before.get(..at).is_some_and(|lead| lead.trim_end_matches(' ').ends_with('\n'))
            && word.bytes().skip(1).any(|byte| !byte.is_ascii_lowercase() && byte.is_ascii());
    // What bytes of Python's and tags begin with is no part of it.
    let bare = word.strip_prefix('b').filter(|rest| rest.starts_with(['"', '\''])).unwrap_or(word);
    let bare = bare.trim_start_matches(['"', '\'', '(', '`']);
    let bare = match bare.find("arn:") {
        Some(at) if bare.get(..at).is_some_and(|tag| tag.ends_with('>')) => bare.get(at..)?,
        _ => bare,
    };
    let is_none = is_moment(bare)
        || bare.ends_with([':', '>']) && !bare.starts_with('<')
        || bare.ends_with("...") && !bare.contains(['/', ':']);
    // Behind a code stands who it is, and so does what has a path.
    let after_code = lead.strip_suffix(':').is_some_and(|lead| {
        let code = lead.rsplit([' ', '\n', '(', '"', '`']).next().unwrap_or("");
        bare.contains('/') || codes::known(code).is_some()
    });
    let in_quotes =
        word.starts_with(['"', '\'', '`']) && bare.bytes().any(|it| it.is_ascii_uppercase());
    let stands_alone =
        lead.is_empty() || in_quotes || lead.ends_with("operation:") || begins_line || after_code;
    // A gap that somebody left for the name.
    let is_gap = bare.len() >= 3 && bare.trim_matches(['_', '*', '-', '#']).is_empty();
    let plausible = bare.starts_with("arn:")
        || bare.starts_with('<')
        || is_gap
        || (stands_alone && !is_none && !["You", "you", "are", "User", "role"].contains(&bare));
    plausible.then(|| piece(floor + at + (word.len() - bare.len()), bare))?
}

fn piece(start: usize, value: &str) -> Option<Piece> {
    let inner = value.trim_matches(['\'', '"', '`']);
    let start = start + value.find(inner).unwrap_or(0);
    let good = !inner.trim_matches(['.', '\u{2026}', '"', '\'', '`', '[', ']']).is_empty();
    good.then(|| Piece { value: joined(inner), range: start..start + inner.len() })
}
