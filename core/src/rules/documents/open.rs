//! What lets in more than people mean: the third group. Each is about an Allow unless it says otherwise.

use crate::finding::Finding;
use crate::policy::{
    Arn, Effect, Family, NamedPrincipal, Names, PolicyType, PrincipalKind, SetQualifier,
};
use crate::reference::{global_key, is_claim};

use super::view::{ConditionView, Named, StatementView, Text, View};
use super::{Sink, glob};

pub(super) fn pass(view: &View<'_>, sink: &mut Sink) {
    let limits = matches!(
        view.policy_type(),
        PolicyType::ServiceControl
            | PolicyType::ResourceControl
            | PolicyType::PermissionsBoundary
            | PolicyType::VpcEndpoint
            | PolicyType::Session
    );
    for statement in &view.statements {
        for condition in &statement.conditions {
            conditions(condition, statement, sink);
        }
        empties(statement, sink);
        if statement.effect != Some(Effect::Allow) || limits {
            continue;
        }
        if statement.principal_negated
            && let Some(key) = statement.principal_key
        {
            let message =
                "`NotPrincipal` with Allow lets in everybody in the world but those named";
            sink.add(
                Finding::new("allow-not-principal", message, key, "everybody else")
                    .help("name those who may, under `Principal`"),
            );
        }
        if !statement.principal_negated {
            principals(statement, view, sink);
        }
        actions(statement, sink);
    }
    versions(view, sink);
}

/// Whether some condition of the statement narrows who calls.
fn narrows_caller(statement: &StatementView<'_>) -> bool {
    const KEYS: [&str; 14] = [
        "aws:principalarn",
        "aws:principalaccount",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:userid",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:sourceip",
        "kms:calleraccount",
        "lambda:functionurlauthtype",
    ];
    statement.condition_open
        || statement.conditions.iter().any(|condition| {
            let lower = condition.key.to_ascii_lowercase();
            condition.open
                || KEYS.contains(&lower.as_str())
                || lower.starts_with("aws:principaltag/")
        })
}

fn principals(statement: &StatementView<'_>, view: &View<'_>, sink: &mut Sink) {
    let trust = view.policy_type() == PolicyType::Trust;
    let own = view.subject.host.arn.as_deref().and_then(Arn::parse).map(|arn| arn.account);
    for named in statement.principals.iter().filter(|named| !named.value.open) {
        let value = &named.value;
        match named.kind {
            PrincipalKind::Bare | PrincipalKind::Aws
                if value.text == "*" && !narrows_caller(statement) =>
            {
                let message = if trust {
                    "anybody in the world may assume the role"
                } else {
                    "anybody in the world is let in"
                };
                let finding = Finding::new(
                    "principal-everyone",
                    message,
                    value.span,
                    "everybody, with or without an AWS account",
                );
                sink.add(finding.help("name accounts or roles, or add a condition such as `StringEquals` on `aws:PrincipalOrgID`"));
            }
            PrincipalKind::Aws if trust => account(value, statement, own, view, sink),
            PrincipalKind::Federated if trust => provider(named, statement, sink),
            PrincipalKind::Service if !trust => service(value, statement, sink),
            _ => {}
        }
    }
}

/// A whole account that is trusted.
fn account(
    value: &Text<'_>,
    statement: &StatementView<'_>,
    own: Option<&str>,
    view: &View<'_>,
    sink: &mut Sink,
) {
    let Names::Account { account, .. } = NamedPrincipal::new(PrincipalKind::Aws, &value.text).names
    else {
        return;
    };
    let external = statement.conditions.iter().any(|condition| condition.is_key("sts:ExternalId"));
    let known = own == Some(account.as_str()) || view.subject.known.accounts.contains_key(&account);
    if !known && own.is_some() && !external && !narrows_caller(statement) {
        let message = format!("account {account} is trusted without an external id");
        let finding = Finding::new("external-id-missing", message, value.span, "another account");
        sink.add(finding.help("if it is a third party, add `StringEquals` on `sts:ExternalId`; if it is yours, name it under `accounts` in `why-denied.toml`"));
        return;
    }
    if !narrows_caller(statement) && !external {
        let message = format!(
            "every role and user of account {account} that is allowed to call `sts:AssumeRole` may assume the role"
        );
        let finding = Finding::new("account-trusted", message, value.span, "the whole account");
        sink.add(
            finding.help("name the roles that need it, or add `ArnLike` on `aws:PrincipalArn`"),
        );
    }
}

/// An OpenID Connect provider.
fn provider(named: &Named<'_>, statement: &StatementView<'_>, sink: &mut Sink) {
    let text = named.value.text.as_ref();
    let host = text.split_once(":oidc-provider/").map_or(text, |(_, host)| host);
    if text.contains(":saml-provider/") || statement.condition_open {
        return;
    }
    let claims = |claim: &str| {
        statement.conditions.iter().find(|condition| {
            condition.key.to_ascii_lowercase().ends_with(claim)
                && is_claim(&condition.key.to_ascii_lowercase())
        })
    };
    let narrowing = [
        ":sub",
        ":repository",
        ":repository_id",
        ":repository_owner_id",
        ":namespace_id",
        ":project_id",
        ":organization_id",
        ":amr",
        ":email",
        ":app_id",
        ":id",
    ];
    let shared = |host: &str| {
        [
            "token.actions.githubusercontent.com",
            "gitlab.com",
            "agent.buildkite.com",
            "accounts.google.com",
            "app.terraform.io",
        ]
        .contains(&host)
    };
    let any = narrowing.iter().find_map(|claim| claims(claim));
    if any.is_none() {
        let (what, help) = match host {
            "cognito-identity.amazonaws.com" => (
                "any identity of any identity pool",
                "add `StringEquals` on `cognito-identity.amazonaws.com:aud`".to_owned(),
            ),
            _ if shared(host) => {
                ("anybody who uses this provider", format!("add a condition on `{host}:sub`"))
            }
            _ => (
                "everybody who can get a token of the provider",
                format!("add a condition on `{host}:sub`"),
            ),
        };
        if host == "cognito-identity.amazonaws.com" && claims(":aud").is_some() {
            return;
        }
        let message = format!("no condition asks who signs in, so that {what} may assume the role");
        sink.add(
            Finding::new("oidc-without-subject", message, named.value.span, "any subject")
                .help(help),
        );
        return;
    }
    if host == "token.actions.githubusercontent.com"
        && let Some(condition) = claims(":sub")
    {
        let like = condition.parsed.is_some_and(|operator| {
            operator.row.family == Family::StringLike && !operator.row.negated
        });
        for value in condition.values.iter().filter(|value| like && !value.open) {
            let repository = value
                .text
                .strip_prefix("repo:")
                .and_then(|rest| rest.split(':').next())
                .unwrap_or("");
            let (owner, name) = repository.split_once('/').unwrap_or((repository, ""));
            let wild = |part: &str| part.contains('*');
            if wild(owner) || !value.text.starts_with("repo:") {
                let message = "the pattern matches repositories of other owners";
                sink.add(
                    Finding::new(
                        "github-subject-broad",
                        message,
                        value.span,
                        "anybody on GitHub may make one",
                    )
                    .help("write `repo:owner/name:…` with the owner in full"),
                );
            } else if wild(name) || name.is_empty() {
                let message = format!("every repository of `{owner}` may assume the role");
                sink.add(
                    Finding::new("github-subject-broad", message, value.span, "any repository")
                        .help(format!(
                            "write `repo:{owner}/name:ref:refs/heads/main`, or an environment"
                        )),
                );
            }
        }
    }
}

/// A service that is let in, on whoever's behalf it calls.
fn service(value: &Text<'_>, statement: &StatementView<'_>, sink: &mut Sink) {
    let keys = ["aws:SourceArn", "aws:SourceAccount", "aws:SourceOrgID", "aws:SourceOrgPaths"];
    let confined = statement.condition_open
        || statement
            .conditions
            .iter()
            .any(|condition| condition.open || keys.iter().any(|key| condition.is_key(key)));
    if !confined {
        let message = format!("`{}` may use the resource on behalf of any account", value.text);
        let finding =
            Finding::new("service-unconfined", message, value.span, "for whomever it works");
        sink.add(finding.help("add `StringEquals` on `aws:SourceAccount`, or `ArnLike` on `aws:SourceArn`, where the service sends them"));
    }
}

/// Actions that hand on what others may do.
fn actions(statement: &StatementView<'_>, sink: &mut Sink) {
    let Some(action) = &statement.action else { return };
    let Some(resource) = &statement.resource else { return };
    let place = |name: &str| -> Option<crate::text::Span> {
        if action.negated {
            let left_out =
                action.values.iter().any(|value| value.open || glob::matches(&value.text, name));
            return (!left_out).then_some(action.key);
        }
        action
            .values
            .iter()
            .find(|value| !value.open && glob::matches(&value.text, name))
            .map(|value| value.span)
    };
    let broad = resource.negated
        || resource.values.iter().any(|value| {
            let text = value.text.as_ref();
            !value.open
                && (text == "*"
                    || Arn::parse(text).is_some_and(|arn| matches!(arn.resource, "*" | "role/*")))
        });
    if !broad || statement.condition_open {
        return;
    }
    let with = |key: &str| {
        statement.conditions.iter().any(|condition| condition.open || condition.is_key(key))
    };
    if let Some(span) = place("iam:PassRole")
        && !with("iam:PassedToService")
        && !with("iam:AssociatedResourceArn")
    {
        let message =
            "the caller may pass any role to any service, and so do what that role may do";
        let finding = Finding::new("pass-role-anywhere", message, span, "covers `iam:PassRole`");
        sink.add(
            finding.also(resource.span, "any role").help(
                "name the roles, and the service with `StringEquals` on `iam:PassedToService`",
            ),
        );
    }
    if let Some(span) = place("iam:CreateServiceLinkedRole")
        && !with("iam:AWSServiceName")
        && !action
            .values
            .iter()
            .any(|value| value.text == "*" || value.text.eq_ignore_ascii_case("iam:*"))
    {
        let message = "the caller may have AWS make the roles of any service";
        let finding = Finding::new(
            "service-linked-role-any",
            message,
            span,
            "covers `iam:CreateServiceLinkedRole`",
        );
        sink.add(
            finding
                .also(resource.span, "for any service")
                .help("name the service with `StringEquals` on `iam:AWSServiceName`"),
        );
    }
}

fn conditions(condition: &ConditionView<'_>, statement: &StatementView<'_>, sink: &mut Sink) {
    let Some(operator) = condition.parsed else { return };
    let allow = statement.effect == Some(Effect::Allow);
    let global = global_key(&condition.key);
    let many = global.is_some_and(|key| key.multivalued);
    if allow && operator.set == Some(SetQualifier::ForAllValues) && !operator.row.negated {
        let guarded = statement.conditions.iter().any(|other| {
            other.parsed.is_some_and(|other| other.row.family == Family::Null)
                && other.is_key(&condition.key)
        });
        if global.is_some() && !many {
            let message = format!(
                "`ForAllValues:` holds where `{}` is absent, and the key has one value",
                condition.key
            );
            sink.add(
                Finding::new(
                    "for-all-values-absent",
                    message,
                    condition.operator_span,
                    "true without the key",
                )
                .help(format!("write `{}`", operator.row.name)),
            );
        } else if !guarded {
            let message = format!(
                "`ForAllValues:` holds where the request carries no `{}` at all",
                condition.key
            );
            let finding = Finding::new(
                "for-all-values-absent",
                message,
                condition.operator_span,
                "true without the key",
            );
            sink.add(
                finding.help(format!("add `\"Null\": {{ \"{}\": \"false\" }}`", condition.key)),
            );
        }
    }
    if (condition.is_key("aws:UserAgent") || condition.is_key("aws:referer")) && allow {
        let message =
            format!("the caller writes `{}`, so the condition keeps nobody out", condition.key);
        sink.add(
            Finding::new("key-forgeable", message, condition.key_span, "chosen by the caller")
                .help("use a key that AWS fills in"),
        );
    }
    if operator.row.family == Family::StringLike
        && global.is_some_and(|key| key.kind == "ARN")
        && condition.values.iter().any(|value| value.text.contains('*'))
    {
        let like = if operator.row.negated { "ArnNotLike" } else { "ArnLike" };
        let message = format!("`{}` lets `*` reach over the colons of an ARN", condition.operator);
        sink.add(
            Finding::new(
                "arn-compared-as-text",
                message,
                condition.operator_span,
                "compares texts",
            )
            .also(condition.key_span, "is an ARN")
            .help(format!("write `{like}`")),
        );
    }
}

/// Elements that hold nothing.
fn empties(statement: &StatementView<'_>, sink: &mut Sink) {
    for (element, name) in [(&statement.action, "Action"), (&statement.resource, "Resource")] {
        let Some(element) = element
            .as_ref()
            .filter(|element| element.values.is_empty() && !element.open && statement.sound)
        else {
            continue;
        };
        let not = if element.negated { "Not" } else { "" };
        let message = format!("`{not}{name}` is empty, so the statement has no effect");
        sink.add(
            Finding::new("element-empty", message, element.span, "nothing")
                .help("name a value, or take the statement out"),
        );
    }
    if let Some(span) = statement.principal_span
        && statement.principals.is_empty()
        && !statement.principals_open
        && !statement.principal_negated
        && statement.sound
    {
        let message = "`Principal` names nobody, so the statement has no effect";
        sink.add(
            Finding::new("element-empty", message, span, "nobody")
                .help("name a principal, or take the statement out"),
        );
    }
    if let Some(sid) = statement.sid.as_ref().filter(|sid| sid.text.is_empty() && !sid.open) {
        sink.add(
            Finding::new("element-empty", "`Sid` is empty", sid.span, "no name")
                .help("give the statement a name, or take `Sid` out"),
        );
    }
    if let Some(condition) = statement.node.get("Condition")
        && statement.conditions.is_empty()
        && !statement.condition_open
        && statement.sound
    {
        let message = "`Condition` asks for nothing, so the statement applies without any";
        sink.add(
            Finding::new("element-empty", message, condition.span(), "no condition")
                .help("write the condition that is meant, or take the element out"),
        );
    }
    for condition in statement
        .conditions
        .iter()
        .filter(|condition| condition.values.is_empty() && !condition.open)
    {
        let message = format!(
            "`{}` is compared with nothing, and AWS does not say what comes of it",
            condition.key
        );
        sink.add(
            Finding::new("element-empty", message, condition.values_span, "no value")
                .help("name a value, or ask with `Null` whether the key is there"),
        );
    }
}

/// A document without a version has the old language.
fn versions(view: &View<'_>, sink: &mut Sink) {
    let span = view.subject.node.span();
    if view.version.is_none()
        && view.subject.node.get("Version").is_none()
        && !view.statements.is_empty()
    {
        let message =
            "the policy has no `Version`, so that it is of 2008 and policy variables do not work";
        let place = crate::text::Span { end: span.end.min(span.start + 1), ..span };
        sink.add(
            Finding::new("version-missing", message, place, "no `Version`")
                .help("add `\"Version\": \"2012-10-17\"`"),
        );
    }
}
