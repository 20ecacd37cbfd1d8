//! A trust policy that means the calling service, and does not write its name.

use crate::finding::{Finding, Party, Severity};
use crate::policy::PrincipalKind;
use crate::reference::{is_service_principal, partition_of_region, partitions};
use crate::request::CallerKind;
use crate::text::Span;

use super::closeness::{Difference, difference};
use super::nearest::{Miss, Near};
use super::trust::{miss, severity};
use super::{Case, Defect, Group, Rule, rule};

pub(super) static RULES: &[Rule] = &[rule!(
    "service-principal-unknown",
    TrustPolicy,
    49,
    "a policy means a service, and does not write its name as AWS does",
    check,
    Some(Defect { group: Group::NeverWorks, severity: Severity::Error, codes: &["INVALID_SERVICE_PRINCIPAL_FORMAT"] })
)];

const SUFFIX: &str = ".amazonaws.com";

/// The value of a statement that means the calling service, and what is wrong with it.
pub(super) fn meant<'a>(case: &Case<'_>, near: &Near<'a>) -> Option<(&'a str, Span, String)> {
    let caller = &case.request.caller;
    if caller.kind != CallerKind::Service || near.miss != Miss::Principal || !near.certain {
        return None;
    }
    let named = near.statement.principal.as_ref().filter(|named| !named.negated)?;
    let services = named.values.iter().filter(|value| value.value.kind == PrincipalKind::Service);
    services.into_iter().find_map(|value| {
        let text = value.value.text.as_str();
        Some((text, value.span, fault(text, &caller.name)?))
    })
}

/// What is wrong with `written`, if `wanted` was meant.
fn fault(written: &str, wanted: &str) -> Option<String> {
    let own = wanted.strip_suffix(SUFFIX)?;
    let how = difference(written, wanted);
    if let Some(how @ (Difference::Case | Difference::Stray(_))) = &how {
        return Some(format!("it {}", how.label()));
    }
    let lower = written.to_ascii_lowercase();
    if lower.strip_prefix("https://").is_some_and(|rest| rest.trim_end_matches('/') == wanted) {
        return Some("it has no `https://` and no slash".to_owned());
    }
    if lower.contains(',') {
        return None;
    }
    if let Some(rest) = lower.strip_prefix(own) {
        let region = rest.strip_prefix('.').and_then(|rest| {
            let (region, suffix) = rest.split_once('.')?;
            let known = partitions().any(|one| one.dns_suffix == suffix);
            partition_of_region(region).filter(|_| known).map(|_| region)
        });
        if let Some(region) = region {
            return Some(format!("it names the Region `{region}`, and this service calls without one"));
        }
        let other = |rest: &str| partitions().find(|one| rest.strip_prefix('.') == Some(one.dns_suffix));
        match rest {
            "" => return Some(format!("`{SUFFIX}` is missing at its end")),
            SUFFIX => {}
            _ if other(rest).is_some_and(|one| format!(".{}", one.dns_suffix) != SUFFIX) => {
                let id = other(rest).map_or("", |one| one.id);
                return Some(format!("`{rest}` is the end of names in partition `{id}`"));
            }
            _ if [".amazon", ".aws"].iter().any(|front| rest.starts_with(front)) => {
                return Some(format!("it ends with `{rest}` where `{SUFFIX}` belongs"));
            }
            _ => {}
        }
    }
    let slip = how == Some(Difference::Slip) && !is_service_principal(written);
    slip.then(|| "a typing slip".to_owned())
}

/// What to say of a service principal that exists, where another one of the same service calls.
pub(super) fn relation(written: &str, wanted: &str) -> Option<String> {
    let (theirs, ours) = (written.strip_suffix(SUFFIX)?, wanted.strip_suffix(SUFFIX)?);
    let holds = |long: &str, short: &str| long.split(['.', '-']).any(|part| part == short);
    let lambda = ["lambda", "edgelambda"];
    let related = theirs != ours
        && (holds(theirs, ours) || holds(ours, theirs) || (lambda.contains(&theirs) && lambda.contains(&ours)));
    related.then(|| format!("another principal of that service: the one that calls is `{wanted}`"))
}

fn check(case: &Case<'_>) -> Vec<Finding> {
    let Some(near) = miss(case) else { return vec![] };
    let Some((text, span, fault)) = meant(case, &near) else { return vec![] };
    let caller = &case.request.caller;
    let (role, wanted) = (case.resource_name(), &caller.name);
    let message = format!("the trust policy of `{role}` names `{text}`, and the service is called `{wanted}`: {fault}");
    let finding = Finding::new("service-principal-unknown", message, span, "not the name of the service that calls")
        .severity(severity(case))
        .also(caller.text.span, "the caller")
        .help(format!("did you mean `{wanted}`?"))
        .ask(format!(
            "please write `{wanted}` in place of `{text}` in the trust policy of `{}`",
            case.request.resource.text().value
        ))
        .owner(Party::RoleAccount);
    vec![finding]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_name() {
        let lambda = |written| fault(written, "lambda.amazonaws.com");
        for (written, part) in [
            ("lambda.amazon.com", "ends with `.amazon.com`"),
            ("lambda.aws.amazon.com", "ends with `.aws.amazon.com`"),
            ("lambda", "missing at its end"),
            ("Lambda.amazonaws.com", "upper and lower case"),
            ("lambda.amazonaws.com ", "a space"),
            ("lambda.eu-west-1.amazonaws.com", "Region `eu-west-1`"),
            ("lambda.amazonaws.com.cn", "partition `aws-cn`"),
            ("lamdba.amazonaws.com", "a typing slip"),
        ] {
            assert!(lambda(written).is_some_and(|why| why.contains(part)), "{written}");
        }
        for other in ["ec2.amazonaws.com", "lambda.amazonaws.com", "edgelambda.amazonaws.com"] {
            assert_eq!(lambda(other), None, "{other}");
        }
        // A neighbour that exists is another service, and no slip.
        assert_eq!(fault("waf.amazonaws.com", "wafv2.amazonaws.com"), None);
        assert!(fault("ecs-task.amazonaws.com", "ecs-tasks.amazonaws.com").is_some());
    }

    #[test]
    fn principals_of_one_service() {
        let of = |written, wanted| relation(written, wanted).is_some();
        assert!(of("ecs.amazonaws.com", "ecs-tasks.amazonaws.com"));
        assert!(of("rds.amazonaws.com", "monitoring.rds.amazonaws.com"));
        assert!(of("lambda.amazonaws.com", "edgelambda.amazonaws.com"));
        assert!(!of("ec2.amazonaws.com", "lambda.amazonaws.com"));
        assert!(!of("es.amazonaws.com", "ses.amazonaws.com"));
    }
}
