//! Changes that may not have reached every part of AWS yet.

use crate::finding::{Finding, Party, Severity};

use super::{Case, Rule, rule};

pub(super) static RULES: &[Rule] =
    &[rule!("just-created", RoleArn, 60, "the role was created so shortly before that AWS may not know it everywhere", check)];

/// How long a change may take to be seen everywhere, in seconds. AWS names no time; most are done
/// within seconds.
const SPREADING: i64 = 300;

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html>
fn check(case: &Case<'_>) -> Vec<Finding> {
    let request = case.request;
    let age = request.role.created.zip(request.time);
    let age = age.map(|(created, time)| time.as_second() - created.as_second());
    let Some(age) = age.filter(|age| (0..SPREADING).contains(age)) else { return vec![] };
    let message = format!(
        "`{}` was created {age} seconds before the request, and a change of IAM takes a while to be seen everywhere",
        case.resource_name()
    );
    let finding = Finding::new("just-created", message, request.resource.text().span, "a new role");
    vec![
        finding
            .severity(Severity::Note)
            .help("wait ten seconds or more and try again, longer each time")
            .owner(Party::Yourself),
    ]
}
