//! The role's trust policy: does it let this caller assume the role?

use crate::finding::{Finding, Party, Severity};
use crate::policy::{Effect, NamedPrincipal, Names, PolicyType, PrincipalKind};
use crate::request::CallerKind;
use crate::text::Spanned;

use super::closeness::difference;
use super::nearest::{Miss, Near, nearest};
use super::trusted::{ask_to_trust, instead, is_of_permission_set, key_of, named_principals, on_the_way, please_trust, right_keys, whom, whom_to_name};
use super::unmet::unmet;
use super::{Case, Defect, Group, Rule, rule};

pub(super) static RULES: &[Rule] = &[
    rule!("trust-no-allow", TrustPolicy, 50, "the role has no trust policy that allows anything", no_allow),
    rule!("role-assumes-itself", TrustPolicy, 49, "a session of the role asks to assume the same role", itself),
    rule!("trust-principal-mismatch", TrustPolicy, 51, "the trust policy does not name the caller", principal),
    rule!("principal-type-mismatch", TrustPolicy, 51, "the trust policy names the caller under the key of another kind of principal", principal_type),
    rule!("trust-other-callers", TrustPolicy, 51, "the trust policy takes only callers of another kind", other_callers),
    rule!("trust-action-mismatch", TrustPolicy, 52, "the trust policy names the caller, but not for this action", action, Some(Defect { group: Group::NeverWorks, severity: Severity::Error, codes: &["MISMATCHED_ACTION_FOR_PRINCIPAL"] })),
    rule!("trust-condition-unmet", TrustPolicy, 53, "the trust policy names the caller under a condition that is not met", condition),
];

/// The nearest Allow statement, where the trust policy does not let the caller in.
pub(super) fn miss<'a>(case: &Case<'a>) -> Option<Near<'a>> {
    let moot = case.is_moot() || !case.request.needs_trust_policy();
    if moot || case.evaluation.parts.resource.is_yes() {
        return None;
    }
    nearest(case, PolicyType::Trust).into_iter().next()
        .or_else(|| nearest(case, PolicyType::ResourceBased).into_iter().next())
}

pub(super) fn severity(case: &Case<'_>) -> Severity {
    if case.evaluation.parts.resource.is_no() { Severity::Error } else { Severity::Warning }
}

fn no_allow(case: &Case<'_>) -> Vec<Finding> {
    let evaluation = case.evaluation;
    if case.is_moot() {
        return vec![];
    }
    if !case.request.needs_trust_policy() || !evaluation.parts.resource.is_no() || miss(case).is_some() {
        return vec![];
    }
    if !super::policy_defect::in_the_way(case).is_empty() {
        return vec![];
    }
    let role = case.resource_name();
    let policy = case.layers.of(PolicyType::Trust).flat_map(|layer| &layer.policies).next();
    let finding = match policy {
        Some(attached) => {
            let only_denies = attached.policy.statements.iter().all(|statement| {
                statement.effect.as_ref().is_none_or(|effect| effect.value == Effect::Deny)
            });
            let label = if only_denies { "no statement here allows anything" } else { "no statement here applies" };
            Finding::new(
                "trust-no-allow",
                format!("the trust policy of `{role}` allows nobody to assume it"),
                attached.policy.statements.first().map_or(attached.policy.span, |statement| statement.span),
                label,
            )
        }
        None => Finding::new(
            "trust-no-allow",
            format!("`{role}` has no trust policy that allows anybody to assume it"),
            case.request.resource.text().span,
            "a role can be assumed only by whom its trust policy names",
        ),
    };
    vec![finding.help(ask_to_trust(case)).ask(please_trust(case)).owner(Party::RoleAccount)]
}

/// Whether the caller is a session of the very role that it asks to assume.
fn is_itself(case: &Case<'_>) -> bool {
    case.request.caller.kind == CallerKind::RoleSession
        && whom_to_name(case) == case.request.resource.text().value
}

/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_update-role-trust-policy.html>
fn itself(case: &Case<'_>) -> Vec<Finding> {
    let near = miss(case).filter(|near| near.miss == Miss::Principal && near.certain);
    let Some(near) = near.filter(|_| is_itself(case)) else { return vec![] };
    let role = case.resource_name();
    let message = format!(
        "a session of `{role}` asks to assume `{role}` again, and a role does not trust itself unless its trust policy names it"
    );
    let finding = Finding::new(
        "role-assumes-itself",
        message,
        case.request.caller.text.span,
        "this is a session of that role already",
    );
    vec![
        finding
            .severity(severity(case))
            .also(near.span(&whom_to_name(case)), "the trust policy names somebody else")
            .help("do not assume it again: use the credentials that you have. If something has to, its trust policy must name the role itself")
            .ask(please_trust(case))
            .owner(Party::Yourself),
    ]
}

/// The value that would name the caller if it stood under the right key.
fn under_wrong_key<'a>(case: &Case<'a>) -> Option<&'a Spanned<NamedPrincipal>> {
    miss(case).filter(|near| near.miss == Miss::Principal && !is_itself(case))?;
    let caller = &case.request.caller;
    let wanted = whom_to_name(case);
    let is_callers = |text: &str| {
        let provider = caller.kind == CallerKind::Federated && (text == caller.name || text == caller.issuer());
        text == wanted || text == caller.text.value || provider
    };
    let keys = right_keys(caller.kind);
    named_principals(case)
        .into_iter()
        .find(|value| !keys.contains(&value.value.kind) && is_callers(&value.value.text))
}

fn principal_type(case: &Case<'_>) -> Vec<Finding> {
    let Some(value) = under_wrong_key(case) else { return vec![] };
    let caller = &case.request.caller;
    let right = match caller.kind {
        CallerKind::Service => "Service",
        CallerKind::Federated => "Federated",
        _ => "AWS",
    };
    let role = case.resource_name();
    let text = &value.value.text;
    let message = format!("the trust policy of `{role}` has `{text}` under `{}`, where it names nobody", key_of(value.value.kind));
    vec![
        Finding::new("principal-type-mismatch", message, value.span, format!("belongs under `{right}`"))
            .severity(severity(case))
            .also(caller.text.span, "the caller")
            .help(match value.value.kind {
                _ if caller.kind == CallerKind::Federated => format!("write `\"{right}\": \"{}\"`", caller.name),
                PrincipalKind::Bare => format!("write `\"Principal\": {{ \"{right}\": \"{text}\" }}`"),
                _ => format!("write `\"{right}\": \"{text}\"`"),
            })
            .ask(format!("please move `{text}` to `\"{right}\"` in the trust policy of `{}`", case.request.resource.text().value))
            .owner(Party::RoleAccount),
    ]
}

/// Whether all principals are of kinds that the caller can never be.
fn takes_others_only(case: &Case<'_>) -> bool {
    let keys = right_keys(case.request.caller.kind);
    let named = named_principals(case);
    miss(case).is_some_and(|near| near.miss == Miss::Principal)
        && !is_itself(case)
        && !named.is_empty()
        && named.iter().all(|value| !keys.contains(&value.value.kind) && value.value.text != "*")
        && under_wrong_key(case).is_none()
}

fn other_callers(case: &Case<'_>) -> Vec<Finding> {
    let Some(near) = miss(case).filter(|_| takes_others_only(case)) else { return vec![] };
    let caller = &case.request.caller;
    let role = case.resource_name();
    let wanted = whom_to_name(case);
    let span = near.span(&wanted);
    let named = named_principals(case);
    let kinds = |kind| named.iter().any(|value| value.value.kind == kind);
    let (who, how) = match (kinds(PrincipalKind::Federated), kinds(PrincipalKind::Service)) {
        (true, true) => ("identity providers and AWS services", "log in at the identity provider and present its token"),
        (true, false) => ("callers of an identity provider", "log in at the identity provider, and call `sts:AssumeRoleWithWebIdentity` or `sts:AssumeRoleWithSAML` with its token"),
        (false, true) => ("AWS services", "the role is meant to be passed to a service, not to be assumed by you"),
        (false, false) => ("AWS principals", "call `sts:AssumeRole` with the credentials of a user or role"),
    };
    let message = format!("the trust policy of `{role}` takes only {who}; the caller is {}", caller.describe());
    let help = if caller.kind == CallerKind::Federated {
        format!(
            "add a statement with `\"Federated\": \"{}\"` and the action `{}`",
            caller.name, case.request.action.value
        )
    } else if caller.kind == CallerKind::RoleSession && named.iter().any(|value| value.value.text.contains("oidc.eks.")) {
        "if a pod made the call, it used the role of its node: check the annotation `eks.amazonaws.com/role-arn` of its service account and `AWS_WEB_IDENTITY_TOKEN_FILE` in the pod, start it anew, and see that its SDK is recent enough to use the token".to_owned()
    } else {
        format!("{how}; or {}", ask_to_trust(case))
    };
    let finding = Finding::new("trust-other-callers", message, span, "a caller of another kind")
        .severity(severity(case))
        .also(caller.text.span, "the caller");
    vec![
        also_near(case, finding, PolicyType::Trust, &wanted)
            .help(help)
            .ask(please_trust(case))
            .owner(Party::RoleAccount),
    ]
}

/// Conditions of the same statement that are not met either: to name the caller would not do.
fn also_unmet(finding: Finding, near: &Near<'_>) -> Finding {
    let pairs = near.statement.conditions.iter().zip(&near.trace.conditions);
    let unmet = pairs.filter(|(_, (result, _))| result.is_no() && near.certain);
    unmet.fold(finding, |finding, (condition, _)| {
        finding.also(condition.values_span, "this condition is not met either")
    })
}

fn principal(case: &Case<'_>) -> Vec<Finding> {
    let itself = is_itself(case);
    let near = miss(case).filter(|near| near.miss == Miss::Principal && !(itself && near.certain));
    let Some(near) = near else { return vec![] };
    let caller = &case.request.caller;
    if under_wrong_key(case).is_some() || takes_others_only(case) {
        return vec![];
    }
    if let Some(finding) = super::providers::named(case, &near) {
        return vec![finding];
    }
    let wanted = whom_to_name(case);
    let role = case.resource_name();
    let who = caller.describe();
    if super::service_principal::meant(case, &near).is_some() {
        return vec![];
    }
    let named = near.statement.principal.as_ref();
    let span = near.span(&wanted);
    let value = named.and_then(|principals| principals.values.iter().find(|value| value.span == span));
    // An element under a wrong name, or of which nothing could be read, is told as a defect.
    if named.map_or(near.statement.broken.is_some(), |named| named.values.is_empty()) {
        return vec![];
    }
    let message = match (value, near.certain) {
        (Some(value), _) if value.value.names == Names::UniqueId => format!(
            "the trust policy of `{role}` names a unique id, `{}`, as AWS shows it once the principal was deleted; {}",
            value.value.text,
            if near.certain { format!("the caller is {who}") } else { format!("whether it is that of {who} is not known") }
        ),
        (Some(value), true) => match value.value.names {
            Names::Invalid(why) => format!(
                "the trust policy of `{role}` names `{}`, which AWS refuses: {why}; the caller is {who}",
                value.value.text
            ),
            _ => format!("the trust policy of `{role}` trusts {}; the caller is {who}", whom(&value.value)),
        },
        (None, true) => format!("the trust policy of `{role}` does not name {who}"),
        (_, false) => format!("whether the trust policy of `{role}` names {who} is not known"),
    };
    let label = match value.map(|value| &value.value.names) {
        _ if named.is_none() => "it has no `Principal`, so it is for nobody".to_owned(),
        Some(Names::Invalid(why)) => (*why).to_owned(),
        Some(Names::UniqueId) => {
            "the unique id of a principal that was deleted; one made again under its name is not trusted".to_owned()
        }
        Some(Names::RoleSession) if caller.kind == CallerKind::RoleSession => {
            "one session by name, and the caller's session is another".to_owned()
        }
        Some(Names::Service) if caller.kind == CallerKind::Service => value
            .and_then(|value| super::service_principal::relation(&value.value.text, &caller.name))
            .unwrap_or_else(|| "this is not the caller".to_owned()),
        Some(Names::Role) if value.is_some_and(|value| is_of_permission_set(&value.value.text, caller)) => {
            "the same permission set, from before IAM Identity Center provisioned it anew".to_owned()
        }
        _ if near.certain => value
            .and_then(|value| difference(&value.value.text, &wanted))
            .map_or_else(|| "this is not the caller".to_owned(), |how| how.label()),
        _ => "may or may not be the caller".to_owned(),
    };
    let finding = Finding::new("trust-principal-mismatch", message, span, label)
        .severity(severity(case))
        .also(caller.text.span, "the caller");
    let finding = also_unmet(finding, &near);
    let instead = value.filter(|_| !caller.is_identity_center_role()).and_then(|value| instead(&value.value, &wanted));
    let help = instead.unwrap_or_else(|| ask_to_trust(case));
    let help = match on_the_way(case) {
        Some(role) => format!("assume `{role}` first, which the trust policy names and the caller's policies allow (`--via {role}` shows both steps); or {help}"),
        None => help,
    };
    let finding = also_near(case, finding, PolicyType::Trust, &wanted)
        .help(help)
        .ask(please_trust(case))
        .owner(Party::RoleAccount);
    vec![finding]
}

/// Labels for at most two more statements that came just as near.
pub(super) fn also_near(
    case: &Case<'_>,
    finding: Finding,
    policy_type: PolicyType,
    wanted: &str,
) -> Finding {
    let all = nearest(case, policy_type);
    let Some((first, others)) = all.split_first() else { return finding };
    let others = others.iter().take_while(|near| near.is_as_near_as(first)).take(2);
    others.fold(finding, |finding, near| {
        let label = match near.miss {
            Miss::Principal => "names somebody else, too",
            Miss::Action => "is about another action",
            Miss::Resource => "is about another resource",
            Miss::Condition(_) => "has a condition that is not met",
        };
        finding.also(near.span(wanted), label)
    })
}

fn action(case: &Case<'_>) -> Vec<Finding> {
    let Some(near) = miss(case).filter(|near| near.miss == Miss::Action) else { return vec![] };
    let wanted = &case.request.action.value;
    if super::action_name::meant(case, PolicyType::Trust).is_some() {
        return vec![];
    }
    // An action that is not there, or of which nothing could be read, is told as a defect.
    if near.statement.action.as_ref().is_none_or(|action| action.values.is_empty()) {
        return vec![];
    }
    let role = case.resource_name();
    let message = format!("the trust policy of `{role}` names the caller, but not for `{wanted}`");
    let help = match case.request.caller.kind {
        CallerKind::Federated => format!("a token or assertion is presented with `{wanted}`, so write that in the `Action` of this statement; `sts:AssumeRole` takes none"),
        _ if near.statement.action.as_ref().is_some_and(|action| action.negated) => {
            format!("`NotAction` leaves it out: write `\"Action\": \"{wanted}\"`")
        }
        _ if near.names_action("iam:PassRole") => format!("`iam:PassRole` is the right to hand a role to a service, and belongs in the caller's policies; write `{wanted}` here"),
        _ => format!("ask for `{wanted}` in the `Action` of this statement"),
    };
    let finding = Finding::new("trust-action-mismatch", message, near.span(wanted), format!("does not cover `{wanted}`"))
        .severity(severity(case))
        .help(help)
        .ask(format!(
            "please add `{wanted}` to the actions that the trust policy of `{}` allows to `{}`",
            case.request.resource.text().value,
            whom_to_name(case)
        ))
        .owner(Party::RoleAccount);
    vec![finding]
}

fn condition(case: &Case<'_>) -> Vec<Finding> {
    let Some(near) = miss(case) else { return vec![] };
    let role = case.resource_name();
    let intro = format!("the trust policy of `{role}`");
    unmet(case, &near, "trust-condition-unmet", &intro, Party::RoleAccount, severity(case))
}
