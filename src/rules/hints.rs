//! What is likely wrong with a condition that is not met.

use crate::eval::Why;
use crate::policy::{Arn, Condition, Family, Operator, Pattern, Syntax, network};
use crate::request::{CallerKind, Request};

use super::closeness::{Difference, difference};
use super::words::has_value;

/// A sentence about what is likely wrong, and what to write instead; the first that applies.
pub(super) fn hint(
    condition: &Condition,
    request: &Request,
    why: Why,
    variables_on: bool,
) -> Option<String> {
    let operator = condition.parsed?;
    let key = condition.key.value.as_str();
    let texts = || condition.values.iter().map(|value| value.value.text.as_str());
    if !variables_on && texts().any(|text| text.contains("${")) && takes_variables(operator) {
        return Some(
            "the policy's `Version` is not `2012-10-17`, so `${…}` is plain text: write `\"Version\": \"2012-10-17\"`"
                .to_owned(),
        );
    }
    if why == Why::KeyAbsent
        && let Some(never) = never_there(key, request)
    {
        return Some(never);
    }
    let found = has_value(condition, request);
    if let Some(found) = found.as_deref() {
        if matches!(operator.row.family, Family::String | Family::StringIgnoreCase)
            && !operator.row.negated
            && texts().any(|text| as_wildcard(text, found))
        {
            let like = if condition.key_lower.ends_with("arn") { "ArnLike" } else { "StringLike" };
            return Some(format!(
                "`{}` takes `*` and `?` literally: write `{like}`",
                condition.operator.value
            ));
        }
        if &*condition.key_lower == "aws:principalarn"
            && texts().any(|text| text.contains(":assumed-role/"))
        {
            return Some(format!(
                "`{key}` holds the role's ARN, never a session's: write `{found}`"
            ));
        }
        let near = texts().find_map(|text| difference(text, found));
        if let Some(near) = near.filter(|_| !operator.row.negated) {
            return Some(match near {
                Difference::Slip => format!("did you mean `{found}`?"),
                other => format!("the value {}", other.label()),
            });
        }
    }
    if &*condition.key_lower == "aws:sourceip" && !operator.row.negated && texts().all(is_private) {
        return Some(
            "`aws:SourceIp` is the public address, so a private range never matches: use `aws:VpcSourceIp` or `aws:SourceVpce`"
                .to_owned(),
        );
    }
    None
}

fn takes_variables(operator: Operator) -> bool {
    matches!(
        operator.row.family,
        Family::String | Family::StringIgnoreCase | Family::StringLike | Family::Arn
    )
}

fn as_wildcard(pattern: &str, text: &str) -> bool {
    let syntax = Syntax { wildcards: true, variables: false };
    pattern.contains(['*', '?'])
        && Pattern::new(pattern, syntax).glob().is_some_and(|glob| glob.matches(text))
}

fn is_private(text: &str) -> bool {
    network(text).is_some_and(|net| match net {
        ipnet::IpNet::V4(net) => {
            let address = net.network();
            address.is_private() || address.is_loopback() || address.is_link_local()
        }
        ipnet::IpNet::V6(net) => net.network().is_unique_local(),
    })
}

/// Keys that a request to assume a role by such a caller never carries.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html>
fn never_there(key: &str, request: &Request) -> Option<String> {
    let lower = key.to_lowercase();
    let caller = &request.caller;
    let session = caller.kind == CallerKind::RoleSession;
    let instead = match lower.as_str() {
        "aws:username" if session => {
            "a role session has no `aws:username`: use `aws:PrincipalArn` or `aws:userid`"
        }
        "aws:sourcearn" | "aws:sourceaccount" if caller.kind != CallerKind::Service => {
            "only AWS services send it, and not a caller such as this one: drop it for this principal"
        }
        "sts:durationseconds" if request.is_assume_role() => {
            "`sts:AssumeRole` never carries it: limit sessions by the role's MaxSessionDuration"
        }
        "aws:principalarn" | "aws:username" | "aws:principalaccount" | "aws:principalorgid"
            if caller.kind == CallerKind::Federated =>
        {
            "a caller with a token is no AWS principal yet: use the keys of the identity provider"
        }
        _ if lower.starts_with("saml:") && request.action_lower.as_ref() == "sts:assumerole" => {
            "only `sts:AssumeRoleWithSAML` carries it"
        }
        _ if is_oidc(&lower) && request.action_lower.as_ref() == "sts:assumerole" => {
            "only `sts:AssumeRoleWithWebIdentity` carries it"
        }
        _ => return None,
    };
    Some(instead.to_owned())
}

fn is_oidc(lower: &str) -> bool {
    Arn::parse(lower).is_none()
        && lower.rsplit_once(':').is_some_and(|(host, _)| host.contains('.') || host.contains('/'))
}
