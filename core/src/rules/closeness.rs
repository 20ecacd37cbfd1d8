//! How close a value in a policy comes to what the request has, and in which way it differs.

use crate::policy::{Arn, is_account_id};
pub(super) use crate::text::is_slip;

/// In which way two texts differ, where that is worth saying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Difference {
    /// In the case of letters alone.
    Case,
    /// By a space or an invisible character, named here.
    Stray(&'static str),
    /// By a character that only looks like the right one.
    Lookalike(char, char),
    /// In the partition: the policy's, then the request's.
    Partition(String, String),
    /// In the account: the policy's, then the request's.
    Account(String, String),
    /// In the path of an IAM resource: the policy's, then the request's.
    Path(String, String),
    /// A session's ARN where the role's is wanted.
    SessionForRole,
    /// A user's ARN where a role's is wanted, or the other way round: what the policy has.
    OtherKind(&'static str),
    /// A bucket's ARN where one of its objects is asked for, or a log group's for one of its streams:
    /// what the policy has, what it does not cover, and the end that is missing.
    Container(&'static str, &'static str, &'static str),
    /// The other way round.
    Contents(&'static str, &'static str),
    /// By a few characters: likely a typing slip.
    Slip,
}

/// Services whose resources hold others: the service, what its container is called, what stands
/// between the two names, and what the contents are called.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-arn-format.html>
const CONTAINERS: &[(&str, &str, &str, &str)] =
    &[("s3", "bucket", "/", "objects"), ("logs", "log group", ":", "streams")];

impl Difference {
    /// A few words for a label.
    pub(super) fn label(&self) -> String {
        match self {
            Self::Case => "differs only in upper and lower case, which counts".to_owned(),
            Self::Stray(what) => format!("differs only by {what}"),
            Self::Lookalike(theirs, ours) => {
                format!("a character that only looks like `{ours}`: U+{:04X}", u32::from(*theirs))
            }
            Self::Partition(theirs, ours) => {
                format!("partition `{theirs}`, the request is of `{ours}`")
            }
            Self::Account(theirs, ours) => format!("account {theirs}, the request has {ours}"),
            Self::Path(theirs, ours) => format!("path `{theirs}`, the request has `{ours}`"),
            Self::SessionForRole => "a session's ARN, where the role's is wanted".to_owned(),
            Self::OtherKind(kind) => format!("names a {kind} of that name"),
            Self::Container(what, contents, end) => {
                format!("names the {what}, and covers none of its {contents}: `{end}` is missing")
            }
            Self::Contents(what, contents) => {
                format!("covers {contents}, and not the {what} itself")
            }
            Self::Slip => "nearly the same: a typing slip?".to_owned(),
        }
    }
}

/// The way in which `policy` differs from `request`; `None` where they are simply not alike.
pub(super) fn difference(policy: &str, request: &str) -> Option<Difference> {
    if policy == request {
        return None;
    }
    if let Some(what) = stray(policy).or_else(|| stray(request))
        && visible(policy) == visible(request)
    {
        return Some(Difference::Stray(what));
    }
    if policy.to_lowercase() == request.to_lowercase() {
        return Some(Difference::Case);
    }
    if let Some(found) = lookalike(policy, request) {
        return Some(found);
    }
    match (Arn::parse(policy), Arn::parse(request)) {
        (Some(theirs), Some(ours)) => of_arns(policy, request, &theirs, &ours),
        _ => is_slip(policy, request).then_some(Difference::Slip),
    }
}

fn of_arns(policy: &str, request: &str, theirs: &Arn<'_>, ours: &Arn<'_>) -> Option<Difference> {
    let own = str::to_owned;
    if let (("sts", Some(name)), "iam") = ((theirs.service, session_role(theirs)), ours.service)
        && ours.iam_name("role").is_some_and(|(_, role)| role == name)
        && theirs.account == ours.account
    {
        return Some(Difference::SessionForRole);
    }
    if theirs.service != ours.service {
        return is_slip(policy, request).then_some(Difference::Slip);
    }
    if let Some(found) = container(policy, request, ours.service) {
        return Some(found);
    }
    if theirs.resource == ours.resource && theirs.region == ours.region {
        if theirs.partition != ours.partition {
            return Some(Difference::Partition(own(theirs.partition), own(ours.partition)));
        }
        if is_account_id(theirs.account) && is_account_id(ours.account) {
            return Some(Difference::Account(own(theirs.account), own(ours.account)));
        }
    }
    if theirs.account == ours.account && theirs.partition == ours.partition {
        for kind in ["role", "user"] {
            if let (Some((their_path, their_name)), Some((our_path, our_name))) =
                (theirs.iam_name(kind), ours.iam_name(kind))
                && their_name == our_name
            {
                return Some(Difference::Path(own(their_path), own(our_path)));
            }
        }
        let name = |arn: &Arn<'_>, kind| arn.iam_name(kind).map(|(_, name)| name.to_owned());
        if name(theirs, "user").is_some() && name(theirs, "user") == name(ours, "role") {
            return Some(Difference::OtherKind("user"));
        }
        if name(theirs, "role").is_some() && name(theirs, "role") == name(ours, "user") {
            return Some(Difference::OtherKind("role"));
        }
    }
    is_slip(policy, request).then_some(Difference::Slip)
}

/// Where the policy names a container and the request what is in it, or the other way round.
fn container(policy: &str, request: &str, service: &str) -> Option<Difference> {
    let (_, what, between, contents) = CONTAINERS.iter().find(|row| row.0 == service)?;
    let inside = |outer: &str, inner: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with(between))
    };
    let end = if *between == "/" { "/*" } else { ":*" };
    if inside(policy, request) {
        Some(Difference::Container(what, contents, end))
    } else if inside(request, policy) {
        Some(Difference::Contents(what, contents))
    } else {
        None
    }
}

/// Where the policy's text has letters or signs of another alphabet in place of the request's, and all
/// else is the same.
fn lookalike(policy: &str, request: &str) -> Option<Difference> {
    if policy.is_ascii() || policy.chars().count() != request.chars().count() {
        return None;
    }
    let mut pairs = policy.chars().zip(request.chars()).filter(|(theirs, ours)| theirs != ours);
    let first = pairs.next()?;
    let foreign = |(theirs, ours): &(char, char)| !theirs.is_ascii() && ours.is_ascii();
    (foreign(&first) && pairs.all(|pair| foreign(&pair)))
        .then_some(Difference::Lookalike(first.0, first.1))
}

/// The role's name in the ARN of a session.
fn session_role<'t>(arn: &Arn<'t>) -> Option<&'t str> {
    arn.resource.strip_prefix("assumed-role/")?.split('/').next()
}

/// A character that nobody sees and that does not belong there.
fn stray(text: &str) -> Option<&'static str> {
    if text.starts_with(' ') || text.ends_with(' ') {
        return Some("a space at its beginning or end");
    }
    text.chars().find_map(|c| match c {
        '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}' | '\u{00AD}' => {
            Some("an invisible character")
        }
        '\u{00A0}' => Some("a no-break space"),
        '\n' | '\r' | '\t' => Some("a line break or tab"),
        _ => None,
    })
}

fn visible(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && stray(c.encode_utf8(&mut [0; 4])).is_none())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLE: &str = "arn:aws:iam::111122223333:role/app/deploy";

    #[test]
    fn each_difference_is_named() {
        let of = |policy: &str| difference(policy, ROLE);
        assert_eq!(of(ROLE), None);
        assert_eq!(of("arn:aws:iam::111122223333:role/app/Deploy"), Some(Difference::Case));
        assert!(matches!(
            of("arn:aws:iam::111122223333:role/app/deploy "),
            Some(Difference::Stray(_))
        ));
        assert!(matches!(
            of("arn:aws:iam::111122223333:role/app/deploy\u{200B}"),
            Some(Difference::Stray(_))
        ));
        assert!(matches!(
            of("arn:aws-cn:iam::111122223333:role/app/deploy"),
            Some(Difference::Partition(..))
        ));
        assert!(matches!(
            of("arn:aws:iam::444455556666:role/app/deploy"),
            Some(Difference::Account(..))
        ));
        assert!(matches!(of("arn:aws:iam::111122223333:role/deploy"), Some(Difference::Path(..))));
        assert_eq!(
            of("arn:aws:sts::111122223333:assumed-role/deploy/ana"),
            Some(Difference::SessionForRole)
        );
        assert_eq!(
            of("arn:aws:iam::111122223333:user/deploy"),
            Some(Difference::OtherKind("user"))
        );
        assert_eq!(of("arn:aws:iam::111122223333:role/app/depoly"), Some(Difference::Slip));
        assert_eq!(of("arn:aws:iam::111122223333:role/app/release"), None);
        assert_eq!(
            of("arn:aws:iam::111122223333:role/app/d\u{435}ploy"),
            Some(Difference::Lookalike('\u{435}', 'e'))
        );
        let label = |policy, request| difference(policy, request).map(|found| found.label());
        let (bucket, object) = ("arn:aws:s3:::data", "arn:aws:s3:::data/report.csv");
        assert_eq!(
            label(bucket, object).as_deref(),
            Some("names the bucket, and covers none of its objects: `/*` is missing")
        );
        assert_eq!(
            label("arn:aws:s3:::data/*", bucket).as_deref(),
            Some("covers objects, and not the bucket itself")
        );
        assert_eq!(label("arn:aws:s3:::dat", object), None);
        let group = "arn:aws:logs:eu-west-1:111122223333:log-group:app";
        let stream = format!("{group}:log-stream:web");
        assert_eq!(
            label(group, &stream).as_deref(),
            Some("names the log group, and covers none of its streams: `:*` is missing")
        );
        assert_eq!(difference("ec2.amazonws.com", "ec2.amazonaws.com"), Some(Difference::Slip));
        assert_eq!(difference("ecs.amazonaws.com", "lambda.amazonaws.com"), None);
    }
}
