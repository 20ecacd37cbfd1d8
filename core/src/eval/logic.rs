//! Three-valued logic: yes, no, or unknown because of a set of gaps.
//!
//! Kleene's rules and nothing cleverer: a definite no outweighs an unknown in a conjunction, a
//! definite yes in a disjunction, so that a gap in the facts never hides what is certain without it.

use std::cell::RefCell;
use std::sync::Arc;

use crate::doc::Hole;
use crate::layers::{Gap, Missing};

/// A gap, as a place in the list of an evaluation's gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GapId(pub(super) u8);

/// How many gaps are told apart; those beyond share the last place.
const MOST: u8 = 64;

/// A set of gaps: all of them together leave an answer open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GapSet(u64);

impl GapSet {
    fn of(gap: GapId) -> Self {
        Self(1 << gap.0.min(MOST - 1))
    }

    /// The gaps, in the order in which they were met.
    pub fn iter(self) -> impl Iterator<Item = GapId> {
        (0..MOST).filter(move |place| self.0 >> place & 1 == 1).map(GapId)
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Whether something matches the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Match {
    /// It does.
    Yes,
    /// It does not.
    No,
    /// It depends on these.
    Unknown(GapSet),
}

impl Match {
    /// Both.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Unknown(left), Self::Unknown(right)) => Self::Unknown(left.and(right)),
            (unknown @ Self::Unknown(_), Self::Yes) | (Self::Yes, unknown @ Self::Unknown(_)) => {
                unknown
            }
            (Self::Yes, Self::Yes) => Self::Yes,
        }
    }

    /// At least one.
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::Unknown(left), Self::Unknown(right)) => Self::Unknown(left.and(right)),
            (unknown @ Self::Unknown(_), Self::No) | (Self::No, unknown @ Self::Unknown(_)) => {
                unknown
            }
            (Self::No, Self::No) => Self::No,
        }
    }

    /// The opposite; what is unknown stays so.
    pub fn negated(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            unknown @ Self::Unknown(_) => unknown,
        }
    }

    /// The opposite, if `negate`.
    pub fn negated_if(self, negate: bool) -> Self {
        if negate { self.negated() } else { self }
    }

    /// The one answer of several readings, or unknown because of `gap` where they differ.
    pub fn agreed(readings: impl IntoIterator<Item = Self>, gap: impl FnOnce() -> Self) -> Self {
        let mut readings = readings.into_iter();
        let Some(first) = readings.next() else { return Self::No };
        let mut unknown = None;
        for other in readings {
            match (&first, &other) {
                (Self::Yes, Self::Yes) | (Self::No, Self::No) => {}
                (Self::Unknown(left), Self::Unknown(right)) => unknown = Some(left.and(*right)),
                (Self::Unknown(one), _) | (_, Self::Unknown(one)) => unknown = Some(*one),
                _ => return gap(),
            }
        }
        unknown.map_or(first, Self::Unknown)
    }

    /// `Yes`.
    pub fn is_yes(&self) -> bool {
        *self == Self::Yes
    }

    /// `No`.
    pub fn is_no(&self) -> bool {
        *self == Self::No
    }

    /// The gaps on which it depends, if it does.
    pub fn gaps(&self) -> Option<&GapSet> {
        match self {
            Self::Unknown(gaps) => Some(gaps),
            _ => None,
        }
    }
}

impl From<bool> for Match {
    fn from(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }
}

/// The gaps met in one evaluation, each once.
#[derive(Debug, Default)]
pub struct GapTable {
    gaps: RefCell<Vec<Arc<Gap>>>,
    /// Whether nobody will ask which gaps they were.
    quiet: bool,
}

impl GapTable {
    /// A table for an evaluation of which only the decision is wanted: no gap is put into words.
    pub fn quiet() -> Self {
        Self { quiet: true, ..Self::default() }
    }

    /// Unknown because of the gap that `gap` gives.
    pub fn unknown(&self, gap: impl FnOnce() -> Gap) -> Match {
        self.at(|| {
            let gap = gap();
            self.position(|other| **other == gap).unwrap_or_else(|| self.add(Arc::new(gap)))
        })
    }

    /// Unknown because of a gap of a layer.
    pub fn known(&self, missing: &Missing) -> Match {
        self.at(|| {
            let gap = missing.shared();
            let is_it = |other: &Arc<Gap>| Arc::ptr_eq(other, gap) || other == gap;
            self.position(is_it).unwrap_or_else(|| self.add(Arc::clone(gap)))
        })
    }

    /// Unknown because of the fact `fact`, for this reason; `gap` puts it into words where nobody has.
    pub fn of_fact(&self, fact: &str, reason: &str, gap: impl FnOnce() -> Gap) -> Match {
        self.at(|| {
            self.position(|other| other.fact == fact && other.reason == reason)
                .unwrap_or_else(|| self.add(Arc::new(gap())))
        })
    }

    fn at(&self, place: impl FnOnce() -> usize) -> Match {
        let place = if self.quiet { 0 } else { place() };
        // Gaps beyond the most share the last place, and the answer stays unknown.
        let id = GapId(u8::try_from(place).unwrap_or(MOST));
        Match::Unknown(GapSet::of(id))
    }

    /// Unknown because of something that a document leaves open.
    pub fn hole(&self, hole: &Hole) -> Match {
        self.unknown(|| Gap {
            fact: match hole.name.strip_prefix("condition ") {
                Some(condition) => format!("whether condition `{condition}` holds"),
                None => format!("what `{}` stands for", hole.name),
            },
            reason: hole.reason.clone(),
            supply: hole.supply.clone(),
        })
    }

    /// The same for several; `Yes` if there is none.
    pub fn holes<'h>(&self, holes: impl IntoIterator<Item = &'h Arc<Hole>>) -> Match {
        holes.into_iter().fold(Match::Yes, |all, hole| all.and(self.hole(hole)))
    }

    fn position(&self, is_it: impl Fn(&Arc<Gap>) -> bool) -> Option<usize> {
        self.gaps.borrow().iter().position(is_it)
    }

    fn add(&self, gap: Arc<Gap>) -> usize {
        let mut gaps = self.gaps.borrow_mut();
        gaps.push(gap);
        gaps.len() - 1
    }

    /// The gaps, in the order in which they were met.
    pub fn into_gaps(self) -> Vec<Arc<Gap>> {
        self.gaps.into_inner()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown(at: u8) -> Match {
        Match::Unknown(GapSet::of(GapId(at)))
    }

    #[test]
    fn what_is_certain_outweighs_what_is_unknown() {
        assert_eq!(unknown(0).and(Match::No), Match::No);
        assert_eq!(unknown(0).or(Match::Yes), Match::Yes);
        assert_eq!(unknown(0).and(Match::Yes), unknown(0));
        assert_eq!(unknown(0).or(Match::No), unknown(0));
        assert_eq!(unknown(0).negated(), unknown(0));
    }

    #[test]
    fn an_unknown_names_every_gap_once() {
        let both = unknown(0).and(unknown(1)).or(unknown(0));
        assert_eq!(both.gaps().map(|gaps| gaps.iter().count()), Some(2));
    }

    #[test]
    fn readings_that_agree_decide() {
        let gap = || unknown(9);
        assert_eq!(Match::agreed([Match::Yes, Match::Yes], gap), Match::Yes);
        assert_eq!(Match::agreed([Match::Yes, Match::No], gap), unknown(9));
        assert_eq!(Match::agreed([Match::Yes, unknown(1)], gap), unknown(1));
    }
}
