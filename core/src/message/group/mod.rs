//! Puts together what belongs to one error: the sentence, and what the tool around it adds.
//!
//! `mentions` finds all that a text says, `breaks` where another error begins, `draft` takes up one mention
//! after the other (`grow`) until one belongs to the next error, `finish` makes the error of it, and `found` keeps
//! each distinct one once.

mod breaks;
mod draft;
mod fields;
mod finish;
mod found;
mod grow;
mod mentions;

use super::Denial;
use crate::text::Span;
use breaks::Breaks;
use draft::Draft;
pub(in crate::message) use found::Found;

/// How far apart two parts of one error are at most.
const REACH: usize = 4000;

/// How far before an error its first part stands at most.
pub(super) const LEAD: usize = 2500;

/// Passes on all errors that a text tells of; `place` leads to the original.
pub(super) fn denials(
    text: &str,
    place: &dyn Fn(usize, usize) -> Span,
    found: &mut dyn FnMut(Denial),
) {
    let mut draft = Draft::default();
    let mentions = mentions::mentions(text);
    let breaks = Breaks::of(text, &mentions);
    for mention in mentions {
        if breaks.part(&draft, &mention, text) || !draft.takes(&mention, text) {
            let done = std::mem::take(&mut draft).finish(text, place);
            done.into_iter().for_each(&mut *found);
        }
        draft.add(mention, text);
    }
    draft.finish(text, place).into_iter().for_each(found);
}
