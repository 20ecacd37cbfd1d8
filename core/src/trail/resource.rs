//! Which resource a call was about, from what the event names and from the parameters of the call.
//!
//! Nothing is guessed: an ARN is taken where it has a form that the action takes, or put together
//! where every part of it is known.

use serde_json::Value;

use super::action::Action;
use super::event::Event;
use crate::policy::is_account_id;
use crate::reference;

/// Names of parameters that are not those of the parts of an ARN.
const PARAMETERS: &[(&str, &str)] = &[("ObjectName", "key")];
/// Parts that hold a path besides the name, which the parameters do not tell.
const WITH_PATH: &str = "WithPath";

/// The resource, where it is known; `*` for an action that takes none.
pub(super) fn resource(event: &Event<'_>, action: &Action, parameters: &Value) -> Option<String> {
    if !action.is_known {
        return None;
    }
    if action.arns.is_empty() {
        return Some("*".to_owned());
    }
    let mut named: Vec<&str> = event.resources.iter().map(|(arn, _)| &**arn).collect();
    texts(parameters, 3, &mut named);
    let forms = || action.arns.iter().map(String::as_str);
    forms()
        .find_map(|form| named.iter().find(|arn| fits(form, arn)).map(|arn| (*arn).to_owned()))
        .or_else(|| queue(parameters))
        .or_else(|| forms().find_map(|form| fill(form, event, parameters)))
}

/// The texts in a value that are ARNs.
fn texts<'v>(value: &'v Value, depth: usize, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) if text.starts_with("arn:") => found.push(text),
        Value::Array(items) if depth > 0 => {
            items.iter().for_each(|item| texts(item, depth - 1, found));
        }
        Value::Object(members) if depth > 0 => {
            members.values().for_each(|member| texts(member, depth - 1, found));
        }
        _ => {}
    }
}

/// A part of a form of ARN: as it stands, or a name for what varies.
enum Part<'f> {
    Literal(&'f str),
    Name(&'f str),
}

fn parts(form: &str) -> Vec<Part<'_>> {
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
fn fits(form: &str, arn: &str) -> bool {
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

/// An ARN of the form, if every part of it is known.
fn fill(form: &str, event: &Event<'_>, parameters: &Value) -> Option<String> {
    let account =
        [&event.recipient, &event.identity.account].into_iter().find(|one| is_account_id(one));
    let mut arn = String::new();
    for part in parts(form) {
        match part {
            Part::Literal(literal) => arn.push_str(literal),
            Part::Name("Partition") => {
                arn.push_str(reference::partition_of_region(&event.region)?.id);
            }
            Part::Name("Region") => arn.push_str(Some(&event.region).filter(|it| !it.is_empty())?),
            Part::Name("Account") => arn.push_str(account?),
            Part::Name(name) if name.ends_with(WITH_PATH) => return None,
            Part::Name(name) => arn.push_str(parameter(parameters, name)?),
        }
    }
    Some(arn)
}

/// A parameter that is a plain name.
fn parameter<'v>(parameters: &'v Value, name: &str) -> Option<&'v str> {
    let other = PARAMETERS.iter().find(|(own, _)| *own == name).map(|(_, other)| *other);
    let members = parameters.as_object()?;
    let is_it = |key: &str| match other {
        Some(other) => key == other,
        None => key.eq_ignore_ascii_case(name),
    };
    let value = members.iter().find(|(key, _)| is_it(key))?.1.as_str()?;
    let is_plain = !value.is_empty() && (other.is_some() || !value.contains([':', '/', '*']));
    is_plain.then_some(value)
}

/// The queue of a URL.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html>
fn queue(parameters: &Value) -> Option<String> {
    let url = parameters.get("queueUrl")?.as_str()?;
    let mut parts = url.strip_prefix("https://sqs.")?.split('/');
    let (host, account, name) = (parts.next()?, parts.next()?, parts.next()?);
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
