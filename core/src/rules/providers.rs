//! The identity provider of a federated caller: is it in IAM, and does the trust policy name it?

use crate::eval::Refusal;
use crate::finding::{Comparison, Finding, Party};
use crate::policy::{Arn, NamedPrincipal, PolicyType, PrincipalKind};
use crate::request::{Caller, CallerKind};
use crate::text::Spanned;
use crate::token::subject;

use super::closeness::{Difference, difference};
use super::nearest::{Near, closest};
use super::refusals::refused;
use super::trust::{also_near, severity};
use super::{Case, Rule, rule};

pub(super) static RULES: &[Rule] = &[
    rule!("provider-missing", Caller, 23, "the role's account has no such identity provider", provider_missing),
    rule!("provider-audience-missing", Caller, 24, "the identity provider in IAM does not take the token's audience", audience_missing),
];

/// The finding that the trust policy names another provider; `None` where it names none at all.
pub(super) fn named(case: &Case<'_>, near: &Near<'_>) -> Option<Finding> {
    let caller = &case.request.caller;
    if caller.kind != CallerKind::Federated {
        return None;
    }
    let federated = near.statement.principal.iter().flat_map(|principals| &principals.values);
    let federated: Vec<&Spanned<NamedPrincipal>> =
        federated.filter(|value| value.value.kind == PrincipalKind::Federated).collect();
    let named = closest(
        federated.iter().map(|value| (value.value.text.as_str(), value.span)),
        &caller.name,
    );
    let named = federated.into_iter().find(|value| Some(value.span) == named);
    let named = named?;
    let text = named.value.text.as_str();
    let role = case.resource_name();
    let why = why_not(text, caller);
    // Within one account the names say it all.
    let name = |text: &str| text.rsplit_once("-provider/").map(|(before, name)| (before.to_owned(), name.to_owned()));
    let (theirs, ours) = match (name(text), name(&caller.name)) {
        (Some((before, theirs)), Some((other, ours))) if before == other => (theirs, ours),
        _ => (text.to_owned(), caller.name.to_string()),
    };
    let message = format!(
        "the trust policy of `{role}` names the identity provider `{theirs}`; the caller comes from `{ours}`"
    );
    let mut finding = Finding::new("trust-principal-mismatch", message, named.span, why.as_str())
        .severity(severity(case))
        .also(caller.text.span, "the caller's identity provider");
    if why != ANOTHER {
        let at = subject::first_difference(text, &caller.name, false);
        finding = finding.compare(Comparison {
            request: caller.name.to_string(),
            policy: text.to_owned(),
            request_at: at.request,
            policy_at: at.policy,
        });
    }
    Some(
        also_near(case, finding, PolicyType::Trust, &caller.name)
            .help(format!("write `\"Federated\": \"{}\"`, if that provider is to be trusted", caller.name))
            .owner(Party::RoleAccount)
            .ask(format!(
                "please name `{}` under `Federated` in the trust policy of `{}`",
                caller.name, case.request.resource.text().value
            )),
    )
}

/// Where two providers have nothing in common.
const ANOTHER: &str = "another identity provider";

/// In which way the named provider is another one.
fn why_not(text: &str, caller: &Caller) -> String {
    let provider = |text: &str| Arn::parse(text).and_then(|arn| Some(arn.resource.split_once('/')?.1.to_owned()));
    let (theirs, ours) = (provider(text), provider(&caller.name));
    if ours.as_deref() == Some(text) {
        return "the host alone names no provider: its ARN is needed".to_owned();
    }
    if difference(text, &caller.name) == Some(Difference::Case) {
        return Difference::Case.label();
    }
    if text.contains("https://") {
        return "the ARN of a provider has no `https://`".to_owned();
    }
    if let (Some(theirs), Some(ours)) = (&theirs, &ours) {
        let is_eks = |text: &str| text.starts_with("oidc.eks.") && text.contains("/id/");
        if theirs.trim_end_matches('/') == ours.trim_end_matches('/') && theirs != ours {
            return "differs by the slash at its end, which counts".to_owned();
        }
        if is_eks(theirs) && !is_eks(ours) || (theirs.starts_with("oidc.eks.") && !theirs.contains("/id/")) {
            return "the id of the cluster is missing or does not belong there".to_owned();
        }
        if is_eks(theirs) && is_eks(ours) && theirs != ours {
            return "another cluster: its id or its Region differs".to_owned();
        }
        if ours.starts_with(&format!("{theirs}/")) {
            return "the path of the issuer is missing".to_owned();
        }
    }
    if text.contains(":saml-provider/") != caller.name.contains(":saml-provider/") {
        return "a provider of another kind".to_owned();
    }
    difference(text, &caller.name).map_or_else(|| ANOTHER.to_owned(), |how| how.label())
}

fn provider_missing(case: &Case<'_>) -> Vec<Finding> {
    refused(case, Refusal::ProviderMissing, || {
        let caller = &case.request.caller;
        let account = case.request.resource.arn().map_or("", |arn| arn.account);
        let saml = caller.has_assertion();
        let kind = if saml { "SAML" } else { "OpenID Connect" };
        let wanted = caller.name.rsplit_once("-provider/").map_or(caller.name.as_str(), |(_, name)| name);
        let message = format!("account {account} has no {kind} provider `{wanted}`, and it has to be in the account of the role");
        let alike = case.request.provider.others.iter().find(|other| difference(other, &caller.name).is_some());
        let alike = alike.map_or_else(String::new, |other| format!("; it has `{other}`, which is not the same"));
        let create = if saml {
            format!("create it: `aws iam create-saml-provider --name {wanted} --saml-metadata-document file://metadata.xml`")
        } else {
            format!("create it: `aws iam create-open-id-connect-provider --url https://{wanted} --client-id-list sts.amazonaws.com`")
        };
        Some(
            Finding::new("provider-missing", message, caller.text.span, "no such provider in the account of the role")
                .help(format!("{create}{alike}"))
                .owner(Party::RoleAccount)
                .ask(format!("please create the {kind} provider `{wanted}` in account {account}")),
        )
    })
}

fn audience_missing(case: &Case<'_>) -> Vec<Finding> {
    refused(case, Refusal::AudienceNotRegistered, || {
        let caller = &case.request.caller;
        let claim = caller.claim("aud").or_else(|| caller.claim("azp"))?;
        let has = claim.values.first()?;
        let known = case.request.provider.client_ids.as_ref()?;
        let message = format!("the identity provider `{}` does not take the audience `{has}`", caller.issuer());
        let mut finding = Finding::new("provider-audience-missing", message, claim.span, "not among the audiences of the provider in IAM");
        if let [one] = known.as_slice() {
            finding = finding.also(one.span, "the only one that it takes");
        }
        Some(
            finding
                .help(format!(
                    "request the token for an audience that the provider takes, or add this one: `aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn {} --client-id {has}`",
                    caller.name
                ))
                .owner(Party::RoleAccount)
                .ask(format!("please add the audience `{has}` to the identity provider `{}`", caller.name)),
        )
    })
}
