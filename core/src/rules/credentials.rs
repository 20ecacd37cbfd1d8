//! The credentials: had they expired?

use crate::eval::Refusal;
use crate::finding::{Finding, Party};

use super::refusals::refused;
use super::{Case, Rule, rule};

pub(super) static RULES: &[Rule] =
    &[rule!("credentials-expired", Credentials, 10, "the caller's credentials have expired", check)];

fn check(case: &Case<'_>) -> Vec<Finding> {
    refused(case, Refusal::Expired, || {
        let expires = case.request.caller.expires.as_ref()?;
        let message = format!("the caller's credentials expired at {}", expires.value);
        let label = match case.request.time {
            Some(time) => format!("before the request, which was at {time}"),
            None => "whether that was before the request is not known".to_owned(),
        };
        Some(
            Finding::new("credentials-expired", message, expires.span, label)
                .help("get new credentials: log in again, or assume the role again")
                .owner(Party::Yourself),
        )
    })
}
