//! The parameters of the call: are they in range?

use crate::eval::Refusal;
use crate::finding::{Finding, Party, Severity};
use crate::request::{CallerKind, Parameters};
use crate::text::{Span, Spanned};

use super::refusals::refused;
use super::{Case, Rule, rule};

pub(super) static RULES: &[Rule] = &[
    rule!("duration-out-of-range", Parameters, 30, "DurationSeconds is outside what the API takes", range),
    rule!("duration-over-role-maximum", Parameters, 31, "DurationSeconds is over the role's MaxSessionDuration", maximum),
    rule!("duration-over-chaining-limit", Parameters, 32, "a role session asks for more than the hour that chaining allows", chaining),
    rule!("session-name-invalid", Parameters, 33, "RoleSessionName is not what the API takes", session_name),
    rule!("external-id-invalid", Parameters, 34, "ExternalId is not what the API takes", external_id),
    rule!("source-identity-invalid", Parameters, 35, "SourceIdentity is not what the API takes", source_identity),
    rule!("session-tags-invalid", Parameters, 36, "the session tags are not what the API takes", tags),
    rule!("mfa-parameters-invalid", Parameters, 37, "SerialNumber and TokenCode are not what the API takes", mfa),
];

fn word(
    case: &Case<'_>,
    refusal: Refusal,
    rule: &'static str,
    what: impl Fn(&Parameters) -> Option<(String, Span, String, String)>,
) -> Vec<Finding> {
    refused(case, refusal, || {
        let (message, span, label, help) = what(case.request.parameters.as_ref()?)?;
        Some(Finding::new(rule, message, span, label).help(help).owner(Party::Yourself))
    })
}

fn range(case: &Case<'_>) -> Vec<Finding> {
    word(case, Refusal::DurationOutOfRange, "duration-out-of-range", |parameters| {
        let duration = parameters.duration.as_ref()?;
        let (label, help) = if case.request.is_assume_role() {
            ("900 to 43200 seconds are allowed", "ask for 900 to 43200 seconds, and no more than the role's MaxSessionDuration")
        } else if case.request.is_assume_root() {
            ("900 seconds are the most", "ask for 900 seconds or less")
        } else if case.request.caller.kind == CallerKind::Root {
            ("900 to 3600 seconds are allowed", "ask for 900 to 3600 seconds")
        } else {
            ("900 to 129600 seconds are allowed", "ask for 900 to 129600 seconds")
        };
        Some((
            format!("a session of {} seconds is outside what the API takes", duration.value),
            duration.span,
            label.to_owned(),
            help.to_owned(),
        ))
    })
}

fn maximum(case: &Case<'_>) -> Vec<Finding> {
    let most = case.request.role.max_session_duration.as_ref();
    let found = word(case, Refusal::DurationOverRoleMaximum, "duration-over-role-maximum", |parameters| {
        let duration = parameters.duration.as_ref()?;
        let asked = format!("a session of {} seconds is asked for", duration.value);
        let (message, label) = match most {
            Some(most) => (
                format!("{asked}, the role's MaxSessionDuration is {}", most.value),
                "more than the role allows",
            ),
            None => (
                format!("{asked}, and the role's MaxSessionDuration, which is 3600 unless somebody raised it, is not known"),
                "maybe more than the role allows",
            ),
        };
        let help = "ask for less, or ask the owner of the role to raise MaxSessionDuration (3600 to 43200)";
        Some((message, duration.span, label.to_owned(), help.to_owned()))
    });
    let also = |finding: Finding| match most {
        Some(most) => finding.also(most.span, "the most that the role allows"),
        None => finding,
    };
    found.into_iter().map(also).collect()
}

fn chaining(case: &Case<'_>) -> Vec<Finding> {
    word(case, Refusal::DurationOverChainingLimit, "duration-over-chaining-limit", |parameters| {
        let duration = parameters.duration.as_ref()?;
        Some((
            format!("a role session asks for {} seconds, and one role assumed by another lasts an hour at most", duration.value),
            duration.span,
            "3600 is the most when the caller is a role session".to_owned(),
            "ask for 3600 seconds or less, or assume the role with the credentials of a user".to_owned(),
        ))
    })
}

fn text(
    value: Option<&Spanned<String>>,
    name: &str,
    allowed: &str,
) -> Option<(String, Span, String, String)> {
    let value = value?;
    Some((
        format!("`{}` is no valid {name}", value.value),
        value.span,
        allowed.to_owned(),
        format!("give a {name} of {allowed}"),
    ))
}

fn session_name(case: &Case<'_>) -> Vec<Finding> {
    word(case, Refusal::SessionName, "session-name-invalid", |parameters| {
        text(parameters.session_name.as_ref(), "RoleSessionName", "2 to 64 letters, digits and `_+=,.@-`")
    })
}

fn external_id(case: &Case<'_>) -> Vec<Finding> {
    word(case, Refusal::ExternalId, "external-id-invalid", |parameters| {
        text(parameters.external_id.as_ref(), "ExternalId", "2 to 1224 letters, digits and `_+=,.@:/-`")
    })
}

fn source_identity(case: &Case<'_>) -> Vec<Finding> {
    word(case, Refusal::SourceIdentity, "source-identity-invalid", |parameters| {
        let wanted = parameters.source_identity.as_ref();
        if let Some((own, wanted)) = case.request.inherited_source_identity().zip(wanted)
            && own != wanted.value
        {
            return Some((
                format!("the caller's session has the source identity `{own}`, and cannot pass on another"),
                wanted.span,
                "another than the session's own".to_owned(),
                format!("pass `{own}` or nothing: a source identity stays the same along a chain of roles"),
            ));
        }
        text(parameters.source_identity.as_ref(), "SourceIdentity", "2 to 64 letters, digits and `_+=,.@-`, not beginning with `aws:`")
    })
}

fn tags(case: &Case<'_>) -> Vec<Finding> {
    word(case, Refusal::Tags, "session-tags-invalid", |parameters| {
        let mut seen: Vec<String> = Vec::new();
        let bad = parameters.tags.iter().find(|(key, value)| {
            let lower = key.value.to_lowercase();
            let repeated = seen.contains(&lower);
            let long = key.value.chars().count() > 128 || value.value.chars().count() > 256;
            let bad = repeated || long || key.value.is_empty() || lower.starts_with("aws:");
            seen.push(lower);
            bad
        });
        let (key, _) = bad.or(parameters.tags.last())?;
        Some((
            format!("session tag `{}` is not one that the API takes", key.value),
            key.span,
            "repeated, too long, reserved, or one too many".to_owned(),
            "pass at most 50 tags, keys of 1 to 128 characters that differ in more than case and do not begin with `aws:`, values up to 256".to_owned(),
        ))
    })
}

fn mfa(case: &Case<'_>) -> Vec<Finding> {
    let passed = case.request.parameters.as_ref().and_then(|parameters| parameters.serial_number.as_ref());
    let devices = &case.request.caller.mfa_devices;
    if let Some((serial, [first, ..])) = passed.zip(Some(devices.as_slice()))
        && devices.iter().all(|device| device.value != serial.value)
    {
        let who = case.request.caller.describe();
        let message = format!("SerialNumber is `{}`, and the facts show other MFA devices of {who}", serial.value);
        return vec![
            Finding::new("mfa-parameters-invalid", message, serial.span, "not a device of the caller, as far as is known")
                .severity(Severity::Warning)
                .also(first.span, "a device of the caller")
                .help(format!("pass the caller's own device, `{}`, with `--serial-number`; a FIDO key cannot be used with the API", first.value))
                .owner(Party::Yourself),
        ];
    }
    word(case, Refusal::Mfa, "mfa-parameters-invalid", |parameters| {
        match &parameters.serial_number {
            Some(serial) => text(Some(serial), "SerialNumber", "9 to 256 letters, digits and `_+=/:,.@-`"),
            None => Some((
                "a TokenCode is passed without a SerialNumber".to_owned(),
                case.request.action.span,
                "the device is not named".to_owned(),
                "pass the ARN of the MFA device with `--serial-number`".to_owned(),
            )),
        }
    })
}
