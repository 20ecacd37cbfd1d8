//! Which statements can cover an action at all, told by a few bits.
//!
//! A caller's layer holds dozens of statements, of which one or two are about the service that is asked
//! for. What a statement's actions begin with is folded into one number when its policy is first
//! evaluated, so that all others are passed over without looking at them.

use super::{Pattern, Statement};

/// What the actions of a request or of a statement begin with: the service, the first letters of the
/// name and the whole, each as one bit of a group. A statement has the bits of all its actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActionBits(u64);

const SERVICES: Group = Group { first: 0, count: 24 };
const VERBS: Group = Group { first: 24, count: 20 };
const WHOLE: Group = Group { first: 44, count: 20 };
/// So many letters of a name tell `Get` from `Put`.
const VERB: usize = 3;

/// Bits that stand for one property.
struct Group {
    first: u32,
    count: u32,
}

impl Group {
    /// The bit of one text.
    fn of(&self, text: &[u8]) -> u64 {
        let short = || text.iter().fold(0, |all, byte| (all << 8) | u64::from(*byte));
        let first = text.first_chunk().map_or_else(short, |first| u64::from_le_bytes(*first));
        let last = text.last_chunk().map_or(0, |last| u64::from_le_bytes(*last));
        let hash =
            (first ^ last.rotate_left(29) ^ text.len() as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        // The upper bits, scaled to the group.
        let place = ((hash >> 32) * u64::from(self.count)) >> 32;
        1 << (u64::from(self.first) + place)
    }

    /// The bits of every text.
    fn all(&self) -> u64 {
        ((1 << self.count) - 1) << self.first
    }
}

impl ActionBits {
    /// Any action.
    const ANY: Self = Self(u64::MAX);

    /// Those of the action `lower`, `service:name` in lower case.
    pub fn of_action(lower: &str) -> Self {
        Self::of_prefix(lower.as_bytes(), true)
    }

    /// Those of all actions that begin so, or of the one that is so.
    fn of_prefix(text: &[u8], is_whole: bool) -> Self {
        let Some(colon) = text.iter().position(|byte| *byte == b':') else {
            let service = if is_whole { SERVICES.of(text) } else { SERVICES.all() };
            let whole = if is_whole { WHOLE.of(text) } else { WHOLE.all() };
            return Self(service | VERBS.all() | whole);
        };
        let (service, name) = text.split_at(colon);
        let name = name.get(1..).unwrap_or_default();
        let verb = match name.get(..VERB) {
            Some(verb) => VERBS.of(verb),
            None if is_whole => VERBS.of(name),
            None => VERBS.all(),
        };
        let whole = if is_whole { WHOLE.of(text) } else { WHOLE.all() };
        Self(SERVICES.of(service) | verb | whole)
    }

    /// Those of all actions that the statement may cover.
    pub fn of_statement(statement: &Statement) -> Self {
        match &statement.action {
            Some(element) if !element.negated && !element.uncertain => {
                let each = element.values.iter().filter_map(|value| value.value.pattern.as_ref());
                Self(each.fold(0, |bits, pattern| bits | Self::of_pattern(pattern).0))
            }
            _ => Self::ANY,
        }
    }

    fn of_pattern(pattern: &Pattern) -> Self {
        let Some(glob) = pattern.glob() else { return Self::ANY };
        let (text, is_whole) = glob.beginning();
        Self::of_prefix(text.as_bytes(), is_whole)
    }

    /// Whether a statement with these bits may cover the one action that `action` stands for.
    pub fn may_cover(self, action: Self) -> bool {
        self.0 & action.0 == action.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::policy::Syntax;

    fn bits(pattern: &str) -> ActionBits {
        let syntax = Syntax { wildcards: true, variables: false };
        ActionBits::of_pattern(&Pattern::new(pattern, syntax))
    }

    #[test]
    fn statements_about_other_services_are_passed_over() {
        let asked = ActionBits::of_action("sqs:sendmessage");
        for covering in ["*", "sqs:*", "sqs:sendmessage", "sqs:s*", "sqs:send????age", "s?s:send*"]
        {
            assert!(bits(covering).may_cover(asked), "{covering}");
        }
        for other in ["s3:*", "sqs:get*", "sqs:sendmessagebatch", "sns:*"] {
            assert!(!bits(other).may_cover(asked), "{other}");
        }
    }

    proptest! {
        #[test]
        fn what_matches_is_never_passed_over(
            pattern in "[a-c]{0,3}[:*?]?[a-c*?]{0,6}", action in "[a-c]{1,3}:?[a-c]{0,6}",
        ) {
            let syntax = Syntax { wildcards: true, variables: false };
            let compiled = Pattern::new(&pattern, syntax);
            let matches = compiled.glob().is_some_and(|glob| glob.matches(&action));
            let may_cover = ActionBits::of_pattern(&compiled).may_cover(ActionBits::of_action(&action));
            prop_assert!(may_cover || !matches, "{pattern} {action}");
        }
    }
}
