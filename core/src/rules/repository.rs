//! What can be said of several policies together: whether the two halves of an agreement fit.
//!
//! Only what is in view counts. A role whose trust policy nobody has seen gives no finding, and neither
//! does an ARN of which a part is not known, unless both stand in one file.

use std::collections::HashMap;

use crate::finding::Finding;
use crate::policy::{Arn, Effect, Family, PolicyType, PrincipalKind, is_open};
use crate::text::Span;

use super::documents::{StatementView, View, glob};

/// What one half offers: a principal may assume or pass a role.
#[derive(Clone, Debug)]
struct Grant {
    /// The file.
    file: usize,
    /// Who may.
    holder: String,
    /// The role.
    role: String,
    /// The services that it may be passed to; `None`: it may be assumed.
    services: Option<Vec<String>>,
    /// Where the role is named.
    span: Span,
}

/// The other half: whom a role trusts.
#[derive(Clone, Debug)]
struct Trust {
    file: usize,
    /// Whom each Allow statement names, and whether for `sts:AssumeRole`.
    allows: Vec<Allow>,
}

#[derive(Clone, Debug)]
struct Allow {
    /// Whether more is named than is known.
    open: bool,
    principals: Vec<(PrincipalKind, String)>,
}

/// What was seen of roles and of who may use them.
#[derive(Clone, Debug, Default)]
pub struct Repository {
    grants: Vec<Grant>,
    trusts: HashMap<String, Vec<Trust>>,
    /// Whether some policy says whose it is.
    told: bool,
}

impl Repository {
    /// Adds what a policy says of roles. `file` is a number for its file; whether there was anything.
    pub fn add(&mut self, view: &View<'_>, file: usize) -> bool {
        let Some(host) = view.subject.host.arn.as_deref() else { return false };
        self.told |= view.policy_type() != PolicyType::ResourceBased;
        match view.policy_type() {
            PolicyType::Trust => {
                let allows = view.statements.iter().filter_map(allow).collect();
                self.trusts.entry(host.to_owned()).or_default().push(Trust { file, allows });
                true
            }
            PolicyType::IdentityBased if is_caller(host) => {
                let before = self.grants.len();
                for statement in &view.statements {
                    self.grant(statement, host, file);
                }
                self.grants.len() > before
            }
            _ => false,
        }
    }

    fn grant(&mut self, statement: &StatementView<'_>, holder: &str, file: usize) {
        if statement.effect != Some(Effect::Allow) || !statement.sound {
            return;
        }
        let assumes = statement.names_action("sts:AssumeRole");
        let services = passed_to(statement);
        if !assumes && services.is_none() {
            return;
        }
        for value in statement.resources() {
            let is_role = Arn::parse(&value.text).is_some_and(|arn| arn.is_role());
            if !is_role || value.text.contains(['*', '?']) {
                continue;
            }
            let grant = |services| Grant {
                file,
                holder: holder.to_owned(),
                role: value.text.to_string(),
                services,
                span: value.span,
            };
            if assumes {
                self.grants.push(grant(None));
            }
            if let Some(services) = &services {
                self.grants.push(grant(Some(services.clone())));
            }
        }
    }

    /// Whether anything was said of roles whose ARN is known.
    pub fn is_told_of_roles(&self) -> bool {
        self.told
    }

    /// The halves that do not fit, each with the number of the file in which it is found. Of the pairs
    /// of which `is_told` says so, nothing is said here.
    pub fn findings(&self, is_told: &dyn Fn(&str, &str) -> bool) -> Vec<(usize, Finding)> {
        let mut found = Vec::new();
        for grant in &self.grants {
            if is_told(&grant.holder, &grant.role) {
                continue;
            }
            let Some(trusts) = self.trusts.get(&grant.role) else { continue };
            let known = |trust: &&Trust| {
                trust.file == grant.file || !(is_open(&grant.role) || is_open(&grant.holder))
            };
            let mut known = trusts.iter().filter(known).peekable();
            // Of several versions of a trust policy, one that fits is enough.
            if known.peek().is_none() || known.any(|trust| fits(trust, grant)) {
                continue;
            }
            found.push((grant.file, finding(grant)));
        }
        found
    }
}

/// Whether an ARN is that of a user or role.
fn is_caller(arn: &str) -> bool {
    [":role/", ":user/"].iter().any(|kind| arn.contains(kind))
}

/// The services that a role may be passed to, where `iam:PassRole` is allowed to some named in full.
fn passed_to(statement: &StatementView<'_>) -> Option<Vec<String>> {
    if !statement.names_action("iam:PassRole") {
        return None;
    }
    let condition = statement.conditions.iter().find(|condition| {
        let operator = condition.parsed.filter(|operator| !operator.row.negated);
        let text = operator.is_some_and(|operator| {
            matches!(operator.row.family, Family::String | Family::StringLike)
        });
        text && condition.is_key("iam:PassedToService") && !condition.open
    })?;
    let values = condition.values.iter().map(|value| value.text.to_string());
    Some(values.collect())
}

fn allow(statement: &StatementView<'_>) -> Option<Allow> {
    if statement.effect != Some(Effect::Allow) {
        return None;
    }
    let action = statement.action.as_ref();
    let unsure = action.is_none_or(|action| action.negated || action.open);
    if !unsure && !statement.names_action("sts:AssumeRole") {
        return None;
    }
    let principals = statement.principals.iter();
    Some(Allow {
        open: statement.principals_open || statement.principal_negated || !statement.sound,
        principals: principals.map(|named| (named.kind, named.value.text.to_string())).collect(),
    })
}

/// Whether the trust policy names whoever the grant is about.
fn fits(trust: &Trust, grant: &Grant) -> bool {
    trust
        .allows
        .iter()
        .any(|allow| allow.open || allow.principals.iter().any(|one| names(one, grant)))
}

fn names((kind, text): &(PrincipalKind, String), grant: &Grant) -> bool {
    if let Some(services) = &grant.services {
        let is_service = *kind == PrincipalKind::Service;
        return is_service && services.iter().any(|service| glob::matches(service, text));
    }
    if !matches!(kind, PrincipalKind::Aws | PrincipalKind::Bare) {
        return false;
    }
    let Some(holder) = Arn::parse(&grant.holder) else { return true };
    let name = holder.resource.rsplit('/').next().unwrap_or_default();
    text == "*"
        || *text == grant.holder
        || text == holder.account
        || Arn::parse(text).is_some_and(|arn| {
            let session = arn.resource.strip_prefix("assumed-role/");
            let of_role = session.and_then(|rest| rest.split('/').next()) == Some(name);
            arn.account == holder.account && (arn.resource == "root" || of_role)
        })
}

fn finding(grant: &Grant) -> Finding {
    let role = grant.role.rsplit('/').next().unwrap_or(&grant.role);
    match &grant.services {
        None => {
            let holder = grant.holder.rsplit('/').next().unwrap_or(&grant.holder);
            let message = format!(
                "`{holder}` may call `sts:AssumeRole` on `{role}`, and the trust policy of `{role}` does not let it in"
            );
            Finding::new("assume-role-not-trusted", message, grant.span, "does not trust it").help(
                format!(
                    "add `{}` to the principals of the trust policy, or take the grant out",
                    grant.holder
                ),
            )
        }
        Some(services) => {
            let listed: Vec<_> = services.iter().map(|service| format!("`{service}`")).collect();
            let listed = listed.join(" or ");
            let message = format!(
                "`{role}` may be passed to {listed}, and its trust policy does not let that service in"
            );
            Finding::new("pass-role-not-trusted", message, grant.span, "does not trust the service")
                .help(format!(
                    "add `\"Service\": \"{}\"` to the principals of the trust policy",
                    services.first().map_or("", String::as_str)
                ))
        }
    }
}
