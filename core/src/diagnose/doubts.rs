//! We say allowed, and AWS said no: what to check, the likeliest first.
//!
//! Each is worded from what is known of this request; a check that cannot apply is left out.

use jiff::Timestamp;

use crate::finding::Doubt;
use crate::layers::Gap;
use crate::request::{CallerKind, CredentialKind, Request};

/// What the facts say besides the request.
#[derive(Clone, Debug, Default)]
pub struct Background {
    /// Whom `get-caller-identity` names.
    pub identities: Vec<String>,
    /// The latest date in the facts: they are no older than that.
    pub newest: Option<Timestamp>,
}

/// What to check.
pub fn doubts(request: &Request, gaps: &[Gap], background: &Background) -> Vec<Doubt> {
    let caller = &request.caller;
    let who = &caller.text.value;
    let mut found = Vec::new();
    let mut add = |text: String, check: String| found.push(Doubt { text, check });

    let other = background.identities.iter().find(|identity| *identity != who);
    let of_role = matches!(caller.kind, CallerKind::RoleSession);
    let signed =
        !matches!(caller.kind, CallerKind::Federated | CallerKind::Service | CallerKind::Anonymous);
    if signed {
        let text = match other {
            Some(identity) => {
                format!("somebody else called: the facts name `{identity}`, the question `{who}`")
            }
            None => format!(
                "somebody else than `{who}` called: AWS_ACCESS_KEY_ID in the environment goes before a profile, and a tool may use the role of its instance, pod or job"
            ),
        };
        add(text, "aws sts get-caller-identity, in the very shell or job".to_owned());
    }
    for gap in gaps {
        add(format!("{} may deny it: {}", gap.fact, gap.reason), gap.supply.clone());
    }
    let since = |moment: Timestamp| request.time.map(|time| time.as_second() - moment.as_second());
    let recent = request.role.created.and_then(since).filter(|age| (0..600).contains(age));
    let age = background.newest.and_then(since);
    add(
        match recent {
            Some(age) => format!("the role was created {age} seconds before: it may not be known everywhere yet"),
            None => "a change was made a moment before, and was not seen everywhere yet: most take seconds, some minutes".to_owned(),
        },
        "the same call again, after ten seconds and after a minute".to_owned(),
    );
    add(
        match age.filter(|age| *age >= 0) {
            Some(age) => format!(
                "the facts are older than the denial: nothing in them is younger than {} days",
                age / 86_400
            ),
            None => "the facts are older than the denial".to_owned(),
        },
        "export them again, and ask again".to_owned(),
    );
    if request.is_assume_role() {
        let arn = request.resource.arn();
        let name =
            arn.as_ref().and_then(|arn| arn.iam_name("role")).map_or("NAME", |(_, name)| name);
        add(
            "another role was asked for: path, upper and lower case and account count, and AWS gives the same answer for a role that is not there".to_owned(),
            format!("aws iam get-role --role-name {name} --query Role.Arn, and the ARN in the error"),
        );
        add(
            "the call carried other parameters: a source identity, session tags or a longer duration need more than the call itself".to_owned(),
            "the event AssumeRole in CloudTrail, requestParameters".to_owned(),
        );
    }
    if of_role && gaps.iter().all(|gap| !gap.fact.contains("session policy")) {
        add(
            "the session was made with a session policy, which no export shows".to_owned(),
            "the event that made the session in CloudTrail, requestParameters.policy".to_owned(),
        );
    }
    if of_role || caller.credentials == Some(CredentialKind::SessionToken) {
        add(
            "old credentials are cached, from before a change".to_owned(),
            "remove `~/.aws/cli/cache` and `~/.aws/sso/cache`, and log in again".to_owned(),
        );
    }
    if of_role {
        add(
            "the role's sessions were revoked: a policy AWSRevokeOlderSessions denies those made before a moment".to_owned(),
            format!("aws iam get-role-policy --role-name {} --policy-name AWSRevokeOlderSessions", caller.name),
        );
    }
    found
}
