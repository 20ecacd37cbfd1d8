//! What rules about refusals before any policy share.

use crate::eval::{Match, Refusal};
use crate::finding::{Finding, Severity};

use super::Case;

/// The findings of `refusal`, worded by `word`: an error where it is certain, a warning where it
/// depends on something that is not known.
pub(super) fn refused(
    case: &Case<'_>,
    refusal: Refusal,
    word: impl Fn() -> Option<Finding>,
) -> Vec<Finding> {
    let result = case
        .evaluation
        .refusals
        .iter()
        .find(|(other, _)| *other == refusal)
        .map(|(_, result)| result);
    let finding = match result {
        Some(Match::Yes) => word(),
        Some(Match::Unknown(_)) => word().map(|finding| finding.severity(Severity::Warning)),
        _ => None,
    };
    finding.into_iter().collect()
}
