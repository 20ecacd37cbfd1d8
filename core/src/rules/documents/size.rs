//! Sizes: how long a policy may be, counted as AWS counts.

use crate::doc::{Kind, Node};
use crate::finding::Finding;
use crate::policy::{Arn, PolicyType};
use crate::reference::is_managed_policy_name;
use crate::text::Span;

use super::Sink;
use super::view::View;

/// What of a policy counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Counting {
    /// All but white space between values.
    Compact,
    /// All of it, as it stands.
    Whole,
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html>
pub(super) fn pass(view: &View<'_>, sink: &mut Sink) {
    let host = view.subject.host;
    let arn = host.arn.as_deref().and_then(Arn::parse);
    let owner = arn.and_then(|arn| arn.typed()).map_or("", |(kind, _)| kind);
    let (limit, counting, what) = match view.policy_type() {
        PolicyType::IdentityBased if host.is_managed => {
            (6_144, Counting::Compact, "a managed policy")
        }
        PolicyType::IdentityBased if owner == "user" => {
            (2_048, Counting::Compact, "all inline policies of a user")
        }
        PolicyType::IdentityBased if owner == "group" => {
            (5_120, Counting::Compact, "all inline policies of a group")
        }
        // Inline policies of a role have the most room.
        PolicyType::IdentityBased => (
            10_240,
            Counting::Compact,
            "all inline policies of a role, and 6,144 to a managed policy",
        ),
        PolicyType::PermissionsBoundary => (6_144, Counting::Compact, "a permissions boundary"),
        PolicyType::Trust => (
            2_048,
            Counting::Compact,
            "a trust policy, unless the quota of the account was raised, to 4,096 at most",
        ),
        PolicyType::Session => (2_048, Counting::Whole, "a session policy"),
        PolicyType::ServiceControl => (10_240, Counting::Compact, "a service control policy"),
        PolicyType::ResourceControl => (5_120, Counting::Compact, "a resource control policy"),
        PolicyType::VpcEndpoint => (20_480, Counting::Compact, "a VPC endpoint policy"),
        PolicyType::ResourceBased => match host.service {
            Some("s3") => (20 * 1_024, Counting::Compact, "a bucket policy"),
            Some("kms") => (32 * 1_024, Counting::Compact, "a key policy"),
            _ => return,
        },
    };
    let node = view.subject.node;
    let span = node.span();
    // Most are short enough however one counts.
    if (span.end - span.start) as usize <= limit
        && node.document().syntax() == crate::doc::Syntax::Json
    {
        return;
    }
    // The quotas are those of customers.
    if is_of_aws(view) {
        return;
    }
    let size = match counting {
        Counting::Compact => compact(node),
        Counting::Whole => (span.end - span.start) as usize,
    };
    if size <= limit {
        return;
    }
    let message = format!(
        "the policy has {} characters, and AWS gives {} to {what}",
        grouped(size),
        grouped(limit)
    );
    let place = Span { end: span.end.min(span.start + 1), ..span };
    let finding = Finding::new("size-over-quota", message, place, "too long");
    sink.add(finding.help("join statements that differ in one element alone, put wildcards in the place of lists, or split the policy"));
}

/// Whether it is a policy of AWS's own: by its ARN, or by a file that is called like one.
fn is_of_aws(view: &View<'_>) -> bool {
    if view.policy_type() != PolicyType::IdentityBased {
        return false;
    }
    if let Some(arn) = view.subject.host.arn.as_deref() {
        return Arn::parse(arn).is_some_and(|arn| arn.account == "aws");
    }
    let file = view.subject.path.rsplit('/').next().unwrap_or_default();
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    is_managed_policy_name(stem)
}

/// The characters of the value as JSON without white space. A part that is not known counts as written.
fn compact(node: Node<'_>) -> usize {
    let mut size = 0;
    let mut open = vec![node];
    while let Some(node) = open.pop() {
        match node.kind() {
            Kind::Mapping => {
                let before = open.len();
                for entry in node.entries() {
                    // Quotes, colon, and a comma before all but the first.
                    size += entry.key.chars().count() + 3;
                    open.push(entry.value);
                }
                size += 2 + (open.len() - before).saturating_sub(1);
            }
            Kind::Sequence => {
                let before = open.len();
                open.extend(node.items());
                size += 2 + (open.len() - before).saturating_sub(1);
            }
            Kind::String => {
                let text = node.text().unwrap_or_default();
                size += 2 + characters(&text);
            }
            _ => size += node.scalar().map_or(4, |text| text.chars().count()),
        }
    }
    size
}

/// The characters of a text but for white space.
fn characters(text: &str) -> usize {
    if text.is_ascii() {
        return text.bytes().filter(|byte| !matches!(byte, b' ' | b'\t'..=b'\r')).count();
    }
    text.chars().filter(|c| !c.is_whitespace()).count()
}

/// `10,240`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
