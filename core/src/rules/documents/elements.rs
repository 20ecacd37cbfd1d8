//! Elements: which there have to be, which there must not be, and what each may hold.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>

use std::collections::HashMap;

use crate::doc::{Entry, Node};
use crate::finding::Finding;
use crate::policy::{Effect, PolicyType, element_help, is_open, kind_help};
use crate::reference;
use crate::text::Span;

use super::view::{StatementView, Text, View, is_hole};
use super::{Sink, Subject};

/// What a statement has shown while it was read.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) effect: bool,
    pub(super) principal: Option<Span>,
    pub(super) action: Option<Span>,
    pub(super) resource: Option<Span>,
}

/// A value of the wrong kind.
pub(super) fn misshapen(sink: &mut Sink, span: Span, message: &str, help: &str) {
    sink.add(Finding::new("policy-shape", message, span, "AWS refuses this").help(help));
}

pub(super) fn version<'d>(entry: &Entry<'d>, sink: &mut Sink) -> Option<Text<'d>> {
    let value = entry.value;
    if is_hole(value) {
        return Some(Text { open: true, text: "".into(), span: value.span() });
    }
    let text = value.text();
    if let Some(text) = text
        && (matches!(text.as_ref(), "2012-10-17" | "2008-10-17") || is_open(&text))
    {
        return Some(Text { open: is_open(&text), text, span: value.span() });
    }
    sink.add(
        Finding::new(
            "version-invalid",
            "AWS knows no policy language of this version",
            value.span(),
            "neither `2012-10-17` nor `2008-10-17`",
        )
        .help("write `\"Version\": \"2012-10-17\"`: it is the version of the language, not of your document"),
    );
    None
}

pub(super) fn effect(entry: &Entry<'_>, sound: &mut bool, sink: &mut Sink) -> Option<Effect> {
    if is_hole(entry.value) {
        *sound = false;
        return None;
    }
    let text = entry.value.text();
    match text.as_deref() {
        Some("Allow") => return Some(Effect::Allow),
        Some("Deny") => return Some(Effect::Deny),
        Some(text) if is_open(text) => {
            *sound = false;
            return None;
        }
        _ => {}
    }
    let written = text.unwrap_or_default();
    let near = ["Allow", "Deny"].into_iter().find(|word| word.eq_ignore_ascii_case(written.trim()));
    let help = near.map_or_else(
        || "write `Allow` or `Deny`".to_owned(),
        |word| format!("write `{word}` in exactly this spelling: its case counts"),
    );
    let finding = Finding::new(
        "effect-invalid",
        "`Effect` has to be `Allow` or `Deny`",
        entry.value.span(),
        "neither of the two",
    );
    sink.add(finding.help(help));
    None
}

pub(super) fn unknown(entry: &Entry<'_>, known: &[&str], sink: &mut Sink) {
    if is_open(&entry.key) {
        return;
    }
    let message = format!("`{}` is no element of a policy, so AWS refuses the document", entry.key);
    sink.add(
        Finding::new("element-unknown", message, entry.key_span, "no such element")
            .help(element_help(&entry.key, known)),
    );
}

pub(super) fn no_statement(node: Node<'_>, sink: &mut Sink) {
    let finding = Finding::new(
        "element-missing",
        "the policy has no `Statement`",
        start(node.span()),
        "no `Statement` in this object",
    );
    sink.add(finding.help("add `\"Statement\": [ … ]`; element names are case-sensitive"));
}

/// The first byte of a place: where something is missing, the whole would be too much to underline.
fn start(span: Span) -> Span {
    Span { end: span.end.min(span.start + 1), ..span }
}

/// Notes that the element is there, and finds that its counterpart is there too.
pub(super) fn only_one(seen: &mut Option<Span>, entry: &Entry<'_>, name: &str, sink: &mut Sink) {
    // One key twice is another finding.
    if let Some(first) = seen.replace(entry.key_span)
        && first.end - first.start != entry.key_span.end - entry.key_span.start
    {
        let message = format!("a statement takes `{name}` or `Not{name}`, not both");
        let finding =
            Finding::new("element-conflict", message, entry.key_span, "the second of the two")
                .also(first, "the first");
        sink.add(finding.help("take one of them out, or split the statement into two"));
    }
}

pub(super) fn principal_kind(entry: &Entry<'_>, sink: &mut Sink) {
    let message = format!("`{}` is no kind of principal", entry.key);
    sink.add(
        Finding::new("principal-invalid", message, entry.key_span, "no such kind")
            .help(kind_help(&entry.key)),
    );
}

/// Elements that a statement of this policy type needs and that are not there.
pub(super) fn missing(
    view: &StatementView<'_>,
    seen: &Seen,
    policy_type: PolicyType,
    sink: &mut Sink,
) {
    let mut report = |what: &str, help: &str| {
        let message = format!("the statement has no `{what}`, so AWS refuses the document");
        let finding = Finding::new(
            "element-missing",
            message,
            start(view.span()),
            format!("no `{what}` in this statement"),
        );
        sink.add(finding.help(help));
    };
    if !seen.effect {
        report("Effect", "add `\"Effect\": \"Allow\"` or `\"Effect\": \"Deny\"`");
    }
    if seen.action.is_none() {
        report("Action", "add `\"Action\": \"service:Name\"`");
    }
    if seen.principal.is_none() && policy_type.row().has_principal {
        let help = match policy_type {
            PolicyType::ResourceControl => {
                "add `\"Principal\": \"*\"`, the only one that a resource control policy takes"
            }
            _ => {
                "say whom the statement is about, for example `\"Principal\": { \"AWS\": \"arn:aws:iam::111122223333:role/app\" }`"
            }
        };
        report("Principal", help);
    }
    // Trust policies have no resource, and the policies of some services may leave it out.
    if seen.resource.is_none()
        && !matches!(policy_type, PolicyType::Trust | PolicyType::ResourceBased)
    {
        report(
            "Resource",
            "add `\"Resource\": \"arn:…\"`, or `\"*\"` for actions that take no resource",
        );
    }
}

pub(super) fn pass(view: &View<'_>, sink: &mut Sink) {
    repeated_keys(&view.subject, sink);
    sids(view, sink);
    for statement in &view.statements {
        not_allowed(statement, view.policy_type(), sink);
    }
}

/// Keys that stand twice in one object. Which of the two AWS takes is not documented.
fn repeated_keys(subject: &Subject<'_>, sink: &mut Sink) {
    let span = subject.node.span();
    let all = subject.node.document().duplicates();
    let first = all.partition_point(|duplicate| duplicate.again.start <= span.start);
    for duplicate in all.iter().skip(first).take_while(|duplicate| duplicate.again.end <= span.end)
    {
        let message = format!("`{}` stands twice in one object, which AWS refuses", duplicate.key);
        let finding = Finding::new("key-repeated", message, duplicate.again, "again")
            .also(duplicate.first, "first here");
        sink.add(finding.help("merge the two into one: the values of one key are a list"));
    }
}

fn sids(view: &View<'_>, sink: &mut Sink) {
    use PolicyType::{IdentityBased, PermissionsBoundary, Session, Trust};
    // Other services have rules of their own for what a Sid may be.
    let strict =
        matches!(view.policy_type(), IdentityBased | PermissionsBoundary | Session | Trust);
    if !strict && !view.subject.known.wants_open {
        return;
    }
    let mut first: HashMap<&str, Span> = HashMap::new();
    for sid in view.statements.iter().filter_map(|statement| statement.sid.as_ref()) {
        if sid.open || sid.text.is_empty() {
            continue;
        }
        let odd = sid.text.chars().find(|c| !c.is_ascii_alphanumeric());
        if let Some(odd) = odd.filter(|_| strict) {
            let message = format!("`Sid` holds `{odd}`, and IAM takes letters and digits alone");
            let plain: String = sid.text.chars().filter(char::is_ascii_alphanumeric).collect();
            let help = if plain.is_empty() {
                "take it out".to_owned()
            } else {
                format!("write `{plain}`, for example")
            };
            sink.add(Finding::new("sid-invalid", message, sid.span, "AWS refuses this").help(help));
        }
        match first.get(sid.text.as_ref()) {
            Some(other) => {
                let (rule, what) = if strict {
                    ("sid-repeated", "which IAM refuses")
                } else {
                    ("sid-ambiguous", "and nobody can tell which one is meant")
                };
                let message = format!("two statements have the `Sid` `{}`, {what}", sid.text);
                let finding =
                    Finding::new(rule, message, sid.span, "again").also(*other, "first here");
                sink.add(finding.help("give one of them another `Sid`, or take it out"));
            }
            None => {
                first.insert(&sid.text, sid.span);
            }
        }
    }
}

/// Elements that a policy of this type must not have.
fn not_allowed(statement: &StatementView<'_>, policy_type: PolicyType, sink: &mut Sink) {
    let mut report = |span: Span, what: &str, help: &str| {
        let article =
            if policy_type.name().starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
        let message = format!(
            "{what} is not allowed in {article} {}, so AWS refuses the document",
            policy_type.name()
        );
        sink.add(
            Finding::new("element-not-allowed", message, span, "not in a policy of this type")
                .help(help),
        );
    };
    if let Some(key) = statement.principal_key {
        let name = if statement.principal_negated { "`NotPrincipal`" } else { "`Principal`" };
        match policy_type {
            PolicyType::Trust | PolicyType::ResourceControl if statement.principal_negated => {
                report(
                    key,
                    name,
                    "name those whom it is about under `Principal`, and make exceptions with a condition on `aws:PrincipalArn`",
                );
            }
            PolicyType::ResourceControl => {
                let other = statement
                    .principals
                    .iter()
                    .find(|named| named.value.text != "*" && !named.value.open);
                if let Some(other) = other {
                    report(
                        other.value.span,
                        "a `Principal` other than `*`",
                        "write `\"Principal\": \"*\"`, and say who is meant with a condition on `aws:PrincipalArn`",
                    );
                }
            }
            _ if !policy_type.row().has_principal => {
                report(key, name, "take it out: the policy is about whoever it is attached to");
            }
            _ => {}
        }
    }
    match (policy_type, &statement.resource) {
        (PolicyType::Trust, Some(resource)) => {
            let name = if resource.negated { "`NotResource`" } else { "`Resource`" };
            report(resource.key, name, "take it out: the role itself is the resource");
        }
        (PolicyType::ResourceControl, Some(resource))
            if resource.negated && statement.effect == Some(Effect::Allow) =>
        {
            report(
                resource.key,
                "`NotResource` in an Allow statement",
                "a resource control policy of your own only denies",
            );
        }
        _ => {}
    }
    if policy_type != PolicyType::ResourceControl {
        return;
    }
    if let Some(action) = &statement.action {
        if action.negated {
            report(action.key, "`NotAction`", "name the actions that are denied under `Action`");
        }
        // https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_syntax.html
        for value in action.values.iter().filter(|value| !value.open && !action.negated) {
            let prefix = value.text.split_once(':').map(|(prefix, _)| prefix.to_ascii_lowercase());
            match prefix {
                None if value.text == "*" && statement.effect == Some(Effect::Deny) => {
                    report(value.span, "the action `*`", "name services, such as `s3:*`");
                }
                Some(prefix)
                    if reference::service_name(&prefix).is_some()
                        && !reference::takes_resource_control(&prefix) =>
                {
                    let what = format!(
                        "an action of `{prefix}`, to which resource control policies do not apply,"
                    );
                    report(
                        value.span,
                        &what,
                        "take it out, or deny it in a service control policy",
                    );
                }
                _ => {}
            }
        }
    }
    if statement.effect == Some(Effect::Allow) && !is_full_access(statement) {
        report(
            statement.effect_span,
            "an Allow statement other than that of `RCPFullAWSAccess`",
            "write Deny statements alone: what is not denied stays allowed",
        );
    }
}

/// Whether the statement says what AWS's own `RCPFullAWSAccess` says.
fn is_full_access(statement: &StatementView<'_>) -> bool {
    let all = |values: &[Text<'_>]| values.iter().all(|value| value.text == "*" || value.open);
    !statement.has_condition && all(statement.actions()) && all(statement.resources())
}
