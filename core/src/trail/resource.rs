//! Which resource a call was about, from what the event names and from the parameters of the call.
//!
//! Nothing is guessed: an ARN is taken where it has a form that the action takes, or put together
//! where every part of it is known.

use serde_json::Value;

use super::action::{Action, Taken};
use super::event::Event;
use super::fill::Place;
use crate::policy::is_account_id;
use crate::reference;

/// Levels of a parameter in which ids are looked for.
pub(super) const DEEPEST: usize = 4;

/// The resource, where it is known; `*` for an action that takes none.
pub(super) fn resource(event: &Event<'_>, action: &Action, parameters: &Value) -> Option<String> {
    if !action.is_known {
        return None;
    }
    if action.takes.is_empty() {
        return Some("*".to_owned());
    }
    let told: Vec<&str> = event.resources.iter().map(|(arn, _)| &**arn).collect();
    let mut given = Vec::new();
    texts(parameters, DEEPEST, &mut |text| {
        if text.starts_with("arn:") {
            given.push(text);
        }
    });
    for named in [told, given] {
        if let Some(found) = among(action, &named) {
            return found.map(str::to_owned);
        }
    }
    let place = Place { event, action, parameters };
    if action.name.starts_with("apigateway:") {
        return place.called();
    }
    if action.name == "sts:AssumeRoot" {
        return place.root();
    }
    queue(parameters).or_else(|| {
        let of = |is_required| {
            let takes = action.takes.iter().filter(move |one| one.is_required == is_required);
            most_exact(takes.filter_map(|taken| place.fill(taken)).collect())
        };
        // What is always taken counts more; two of which neither is a part of the other stay unknown.
        match of(true) {
            Filled::None => of(false).one(),
            // The index of a table that is asked for is the resource, and the table is not.
            // <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html>
            Filled::One(table) if action.name.starts_with("dynamodb:") => {
                let index = of(false).one().filter(|index| index.starts_with(&format!("{table}/")));
                Some(index.unwrap_or(table))
            }
            required => required.one(),
        }
    })
}

/// The ARN among `named` that the action takes: nothing where there is none, and nothing in it where several
/// types are always taken and there is one of more than one.
fn among<'n>(action: &Action, named: &[&'n str]) -> Option<Option<&'n str>> {
    let mut found = action.takes.iter().filter_map(|one| Some((one, only(&one.arn, named)?)));
    let (first, arn) = found.next()?;
    let is_other = |(one, other): (&Taken, Option<&str>)| {
        one.is_required && one.kind != first.kind && other != arn
    };
    Some(arn.filter(|_| !first.is_required || !found.any(is_other)))
}

/// The ARN among `named` that has the form: nothing where there is none, and nothing in it where there are
/// several.
fn only<'n>(form: &str, named: &[&'n str]) -> Option<Option<&'n str>> {
    let mut found = named.iter().filter(|arn| fits(form, arn));
    let first = found.next()?;
    Some(found.all(|other| other == first).then_some(*first))
}

/// How many ARNs could be put together.
enum Filled {
    None,
    One(String),
    Several,
}

impl Filled {
    fn one(self) -> Option<String> {
        match self {
            Self::One(arn) => Some(arn),
            Self::None | Self::Several => None,
        }
    }
}

/// The one of which all others are beginnings: the index of a table, not the table.
fn most_exact(arns: Vec<String>) -> Filled {
    let Some(longest) = arns.iter().max_by_key(|arn| arn.len()) else { return Filled::None };
    let is_part = |arn: &String| {
        longest
            .strip_prefix(arn.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if arns.iter().all(is_part) { Filled::One(longest.clone()) } else { Filled::Several }
}

/// Every text in a value.
pub(super) fn texts<'v>(value: &'v Value, depth: usize, take: &mut dyn FnMut(&'v str)) {
    match value {
        Value::String(text) => take(text),
        Value::Array(items) if depth > 0 => {
            items.iter().for_each(|item| texts(item, depth - 1, take));
        }
        Value::Object(members) if depth > 0 => {
            members.values().for_each(|member| texts(member, depth - 1, take));
        }
        _ => {}
    }
}

/// A part of a form of ARN: as it stands, or a name for what varies.
pub(super) enum Part<'f> {
    Literal(&'f str),
    Name(&'f str),
}

pub(super) fn parts(form: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = form;
    while let Some((literal, tail)) = rest.split_once("${") {
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        let Some((name, tail)) = tail.split_once('}') else { break };
        parts.push(Part::Name(name));
        rest = tail;
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(rest));
    }
    parts
}

/// Whether an ARN has a form.
pub(super) fn fits(form: &str, arn: &str) -> bool {
    fn go(parts: &[Part<'_>], text: &str) -> bool {
        match parts.split_first() {
            None => text.is_empty(),
            Some((Part::Literal(literal), parts)) => {
                text.strip_prefix(literal).is_some_and(|rest| go(parts, rest))
            }
            Some((Part::Name(name), parts)) => {
                // Region and account may be empty; a bucket has no slash, and what is not last no colon.
                let may_be_empty = matches!(*name, "Region" | "Account");
                let is_last = parts.is_empty();
                let limit = |letter: char| match *name {
                    "BucketName" => matches!(letter, '/' | ':'),
                    _ if is_last => false,
                    _ => letter == ':',
                };
                let longest = text.find(limit).unwrap_or(text.len());
                if is_last {
                    return longest == text.len() && !text.is_empty();
                }
                let literal = parts.first();
                let mut ends = (0..=longest).filter(|end| text.is_char_boundary(*end));
                ends.any(|end| {
                    (end > 0 || may_be_empty)
                        && text.get(end..).is_some_and(|rest| {
                            matches!(literal, Some(Part::Literal(own)) if rest.starts_with(own))
                                && go(parts, rest)
                        })
                })
            }
        }
    }
    // An ARN is at most some thousand bytes; a longer text is none.
    arn.len() <= 4096 && go(&parts(form), arn)
}

/// The queue of a URL.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html>
fn queue(parameters: &Value) -> Option<String> {
    let url = parameters.get("queueUrl")?.as_str()?;
    let url = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let mut parts = url.split('/');
    let (host, account, name) = (parts.next()?, parts.next()?, parts.next()?);
    // `sqs.REGION.amazonaws.com`, and `REGION.queue.amazonaws.com` of before.
    let host = host.strip_prefix("sqs.").or_else(|| {
        host.split_once('.')
            .filter(|(_, rest)| rest.starts_with("queue."))
            .map(|(region, _)| region)
    })?;
    let region = host.split('.').next()?;
    let partition = reference::partition_of_region(region)?;
    (is_account_id(account) && !name.is_empty() && parts.next().is_none())
        .then(|| format!("arn:{}:sqs:{region}:{account}:{name}", partition.id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::action::Actions;
    use serde_json::json;

    #[test]
    fn an_arn_has_a_form_or_not() {
        let bucket = "arn:${Partition}:s3:::${BucketName}";
        let object = "arn:${Partition}:s3:::${BucketName}/${ObjectName}";
        let queue = "arn:${Partition}:sqs:${Region}:${Account}:${QueueName}";
        for (form, arn, expected) in [
            (bucket, "arn:aws:s3:::logs", true),
            (bucket, "arn:aws:s3:::logs/a", false),
            (object, "arn:aws:s3:::logs/a/b", true),
            (object, "arn:aws:s3:::logs", false),
            (object, "arn:aws:s3:::logs/", false),
            (queue, "arn:aws:sqs:eu-west-1:111122223333:q", true),
            (queue, "arn:aws:sns:eu-west-1:111122223333:q", false),
            (queue, "arn:aws:sqs:eu-west-1:111122223333:", false),
        ] {
            assert_eq!(fits(form, arn), expected, "{form} {arn}");
        }
    }

    #[test]
    fn a_resource_is_put_together_where_all_of_it_is_known() {
        let mut actions = Actions::default();
        let mut of = |source: &str, name: &str, parameters: Value| {
            let event = Event {
                source: format!("{source}.amazonaws.com").into(),
                region: "eu-central-1".into(),
                recipient: "111122223333".into(),
                ..Event::default()
            };
            let action = actions.of(&event.source, name).clone();
            resource(&event, &action, &parameters)
        };
        for (source, name, parameters, expected) in [
            (
                "s3",
                "GetObject",
                json!({"bucketName": "b", "key": "a/c.txt"}),
                Some("arn:aws:s3:::b/a/c.txt"),
            ),
            (
                "s3",
                "ListObjects",
                json!({"bucketName": "b", "prefix": "a/"}),
                Some("arn:aws:s3:::b"),
            ),
            (
                "dynamodb",
                "GetItem",
                json!({"tableName": "t"}),
                Some("arn:aws:dynamodb:eu-central-1:111122223333:table/t"),
            ),
            (
                "sqs",
                "SendMessage",
                json!({"queueUrl": "https://sqs.eu-west-1.amazonaws.com/444455556666/q"}),
                Some("arn:aws:sqs:eu-west-1:444455556666:q"),
            ),
            (
                "sts",
                "AssumeRole",
                json!({"roleArn": "arn:aws:iam::444455556666:role/app/x"}),
                Some("arn:aws:iam::444455556666:role/app/x"),
            ),
            ("ec2", "DescribeInstances", json!({}), Some("*")),
            // A role's path is not among the parameters.
            ("iam", "GetRole", json!({"roleName": "x"}), None),
            ("s3", "GetObject", Value::Null, None),
        ] {
            assert_eq!(of(source, name, parameters).as_deref(), expected, "{source}:{name}");
        }
    }
}
