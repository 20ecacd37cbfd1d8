//! The token or assertion of a federated caller: would AWS STS take it?

use crate::eval::{
    ALGORITHMS, LONGEST_ASSERTION, LONGEST_TOKEN, NEEDED, Refusal, claim_moment, is_aws_audience,
};
use crate::finding::{Finding, Party, Severity};
use crate::request::{CallerKind, Claim};
use crate::text::Span;

use super::refusals::refused;
use super::{Case, Rule, rule};

pub(super) static RULES: &[Rule] = &[
    rule!("token-missing", Credentials, 12, "nothing is known of a token, and the trust policy asks for its claims", missing),
    rule!("token-malformed", Credentials, 13, "the token lacks what every token needs, or is signed in a way that AWS does not take", malformed),
    rule!("token-too-large", Credentials, 14, "the token or assertion is longer than the API takes", too_large),
    rule!("token-expired", Credentials, 15, "the token had expired", expired),
    rule!("token-not-yet-valid", Credentials, 16, "the token or assertion was not valid yet", early),
    rule!("assertion-too-old", Credentials, 17, "the assertion was issued too long ago, or had expired", old),
    rule!("assertion-encrypted", Credentials, 18, "the assertion is encrypted", encrypted),
    rule!("assertion-audience-invalid", Credentials, 19, "the assertion is meant for somebody else than AWS", audience),
    rule!("assertion-role-missing", Credentials, 20, "the assertion does not pair the role with its provider", role_pair),
    rule!("assertion-session-name-missing", Credentials, 21, "the assertion names no session", session_name),
];

/// An expiry counts as certain unless only the present moment says so and something else is in the
/// way for certain: then the call may have been made in time.
fn by_time(case: &Case<'_>, finding: Finding) -> Finding {
    let elsewhere = case.evaluation.parts.resource.is_no();
    let finding = if case.request.time_is_assumed && elsewhere {
        finding.severity(Severity::Warning)
    } else {
        finding
    };
    finding.owner(Party::Yourself)
}

/// What to add where nobody said when the call was made.
fn when(case: &Case<'_>, help: &str) -> String {
    if case.request.time_is_assumed {
        format!("{help}; if the call was made earlier, say when with `--time`")
    } else {
        help.to_owned()
    }
}

fn said<'a>(case: &Case<'a>, name: &str) -> Option<&'a Claim> {
    case.request.caller.claim(name)
}

/// A caller that got no token calls nobody, or calls without one.
fn missing(case: &Case<'_>) -> Vec<Finding> {
    let caller = &case.request.caller;
    let with_token = &*case.request.action_lower == "sts:assumerolewithwebidentity";
    let asked = case.evaluation.parts.resource.is_yes();
    if !with_token || caller.kind != CallerKind::Federated || !caller.claims.is_empty() || asked {
        return vec![];
    }
    let message = "no claim of a token is known, and the trust policy asks for some: was there a token?";
    let severity =
        if case.evaluation.parts.resource.is_no() { Severity::Error } else { Severity::Warning };
    vec![
        Finding::new("token-missing", message, caller.text.span, "without a token")
            .severity(severity)
            .help("pass it with `--token FILE`. If the job got none: a GitHub Actions job needs `permissions: id-token: write`, a GitLab job `id_tokens:`, and a pod an annotated service account and a restart")
            .owner(Party::Yourself),
    ]
}

fn malformed(case: &Case<'_>) -> Vec<Finding> {
    let caller = &case.request.caller;
    let token = &caller.token;
    refused(case, Refusal::TokenMalformed, || {
        let span = caller.text.span;
        let finding = if let Some(name) = NEEDED.iter().find(|name| token.complete && said(case, name).is_none()) {
            let message = format!("the token has no `{name}` claim, and AWS STS takes none without it");
            Finding::new("token-malformed", message, span, format!("its token lacks `{name}`"))
                .help(format!("have the identity provider put `{name}` into its ID tokens; make sure that this is an ID token, not an access token"))
        } else if let Some(alg) = token.alg.as_ref().filter(|alg| !ALGORITHMS.contains(&alg.value.as_str())) {
            let message = format!("the token is signed with `{}`, which AWS STS does not take", alg.value);
            Finding::new("token-malformed", message, alg.span, format!("one of {} is needed", ALGORITHMS.join(", ")))
                .help("have the identity provider sign with one of them; `HS256` shares a secret and never works")
        } else {
            let place = token.alg.as_ref().map_or(span, |alg| alg.span);
            let message = "the header of the token has no `kid`, so AWS STS cannot tell which key signed it";
            Finding::new("token-malformed", message, place, "no `kid` beside it")
                .help("have the identity provider name the key in `kid`, as its JSON Web Key Set does")
        };
        // Whoever shows a token to others may have left something out of it.
        let finding = match case.evaluation.parts.resource.is_no() {
            true => finding.severity(Severity::Warning),
            false => finding,
        };
        Some(finding.owner(Party::Yourself))
    })
}

fn too_large(case: &Case<'_>) -> Vec<Finding> {
    refused(case, Refusal::TokenTooLarge, || {
        let caller = &case.request.caller;
        let size = caller.token.size.as_ref()?;
        let (what, most, how) = if &*case.request.action_lower == "sts:assumerolewithsaml" {
            ("assertion", LONGEST_ASSERTION, "leave attributes such as group lists out of it")
        } else {
            ("token", LONGEST_TOKEN, "leave claims such as group lists out of it")
        };
        let message = format!("the {what} is {} characters long, and the API takes {most}", size.value);
        Some(
            Finding::new("token-too-large", message, size.span, "too long")
                .help(format!("have the identity provider {how}"))
                .owner(Party::Yourself),
        )
    })
}

fn expired(case: &Case<'_>) -> Vec<Finding> {
    refused(case, Refusal::TokenExpired, || {
        let exp = said(case, "exp")?;
        let moment = claim_moment(exp)?;
        let label = match case.request.time {
            Some(time) => format!("before the request, which was at {time}"),
            None => "whether that was before the request is not known".to_owned(),
        };
        let finding = Finding::new("token-expired", format!("the token expired at {moment}"), exp.span, label);
        let help = when(case, "get a new token right before the call, and check the clock of whoever makes it");
        Some(by_time(case, finding.help(help)))
    })
}

fn early(case: &Case<'_>) -> Vec<Finding> {
    refused(case, Refusal::TokenNotYetValid, || {
        let names = ["nbf", "iat", "NotBefore", "IssueInstant"];
        let claims = names.iter().filter_map(|name| said(case, name));
        let (claim, moment) = claims
            .filter_map(|claim| Some((claim, claim_moment(claim)?)))
            .max_by_key(|(_, moment)| *moment)?;
        let message = format!("`{}` of the token is {moment}, after the request", claim.name);
        let label = match case.request.time {
            Some(time) => format!("the request was at {time}"),
            None => "whether that is after the request is not known".to_owned(),
        };
        let help = when(case, "set the clock of the identity provider, or of whoever makes the call");
        Some(by_time(case, Finding::new("token-not-yet-valid", message, claim.span, label).help(help)))
    })
}

fn old(case: &Case<'_>) -> Vec<Finding> {
    refused(case, Refusal::AssertionTooOld, || {
        let moment = |name: &str| said(case, name).and_then(|claim| Some((claim.span, claim_moment(claim)?)));
        let time = case.request.time;
        let over = moment("NotOnOrAfter").filter(|(_, until)| time.is_none_or(|time| *until <= time));
        let (message, span) = match (over, moment("IssueInstant")) {
            (Some((span, until)), _) => (format!("the assertion holds until {until} and no longer"), span),
            (None, Some((span, issued))) => (
                format!("the assertion was issued at {issued}, and AWS STS takes it for five minutes"),
                span,
            ),
            (None, None) => return None,
        };
        let label = match time {
            Some(time) => format!("the request was at {time}"),
            None => "whether the request was in time is not known".to_owned(),
        };
        let help = when(case, "log in again and use the assertion at once; check the clock of the identity provider");
        Some(by_time(case, Finding::new("assertion-too-old", message, span, label).help(help)))
    })
}

fn encrypted(case: &Case<'_>) -> Vec<Finding> {
    refused(case, Refusal::AssertionEncrypted, || {
        let span = case.request.caller.token.encrypted?;
        let message = "the assertion is encrypted: AWS STS takes it only if the provider in IAM has the private key";
        Some(
            Finding::new("assertion-encrypted", message, span, "nothing in it can be read here")
                .help("look for `PrivateKeyList` in `aws iam get-saml-provider`; add the key there, or have the identity provider send plain assertions")
                .owner(Party::RoleAccount),
        )
    })
}

fn audience(case: &Case<'_>) -> Vec<Finding> {
    refused(case, Refusal::AssertionAudience, || {
        let claim = said(case, "Audience")?;
        let other = claim.values.iter().find(|value| !is_aws_audience(value))?;
        let message = format!("the `Audience` of the assertion is `{other}`, which is not AWS");
        Some(
            Finding::new("assertion-audience-invalid", message, claim.span, "AWS STS wants its own entity id here")
                .help("set the entity id of the service provider to `urn:amazon:webservices` or `https://signin.aws.amazon.com/saml` where the identity provider is configured")
                .owner(Party::Yourself),
        )
    })
}

fn role_pair(case: &Case<'_>) -> Vec<Finding> {
    refused(case, Refusal::NoRolePair, || {
        let caller = &case.request.caller;
        let role = case.request.resource.text().value.as_str();
        let claim = said(case, "Role");
        let values = claim.map(|claim| claim.values.as_slice()).unwrap_or_default();
        let misnamed = caller.token.others.first();
        let wanted = format!("{role},{}", caller.name);
        let (span, label) = match (claim, misnamed) {
            (Some(claim), _) => (claim.span, why_no_pair(values, role)),
            (None, Some(name)) => (
                caller.text.span,
                format!("attribute `{name}` has the pairs, under a name that AWS does not know"),
            ),
            (None, None) => (caller.text.span, "the assertion has no attribute `Role` at all".to_owned()),
        };
        let message = format!("no `Role` value of the assertion pairs `{role}` with its identity provider");
        let form = if caller.name.starts_with("arn:") {
            format!("`{wanted}`")
        } else {
            format!("`{role},<ARN of the SAML provider>`")
        };
        let alike = values.iter().flat_map(|value| value.split(',')).find(|arn| {
            arn.trim().eq_ignore_ascii_case(role) && arn.trim() != role
        });
        let other = alike.map_or_else(String::new, |arn| format!("ask for `{}`, or ", arn.trim()));
        let help = format!(
            "{other}have the identity provider send {form} as a value of `https://aws.amazon.com/SAML/Attributes/Role`; case counts"
        );
        let place: Span = span;
        Some(
            Finding::new("assertion-role-missing", message, place, label)
                .also(case.request.resource.text().span, "the role that was asked for")
                .help(help)
                .owner(Party::Yourself),
        )
    })
}

/// What is wrong with the values that are there.
fn why_no_pair(values: &[String], role: &str) -> String {
    let holds = |text: &str| values.iter().any(|value| value.split(',').any(|arn| arn.trim() == text));
    let alike = |value: &String| value.to_lowercase().contains(&role.to_lowercase());
    if holds(role) {
        return "names the role, but not together with the ARN of the provider".to_owned();
    }
    if values.iter().any(alike) {
        return "names the role, but in other letters: case counts".to_owned();
    }
    match values.len() {
        1 => "names another role".to_owned(),
        many => format!("names {many} roles, and not this one"),
    }
}

fn session_name(case: &Case<'_>) -> Vec<Finding> {
    refused(case, Refusal::NoSessionName, || {
        let message = "the assertion has no `RoleSessionName`, and AWS STS takes none without it";
        Some(
            Finding::new("assertion-session-name-missing", message, case.request.caller.text.span, "its assertion names no session")
                .help("have the identity provider send `https://aws.amazon.com/SAML/Attributes/RoleSessionName`, such as the user's mail address: 2 to 64 letters, digits and `_+=,.@-`")
                .owner(Party::Yourself),
        )
    })
}
