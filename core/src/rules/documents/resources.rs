//! Resources: whether they are ARNs, of a form that there is, and such that the actions take them.

use std::borrow::Cow;

use crate::finding::Finding;
use crate::policy::{Arn, PolicyType};
use crate::reference::{
    self, Catalogue, CataloguedAction, CataloguedType, any_form, catalogue, partition,
    partition_of_region,
};

use crate::text::is_slip;

use super::view::{StatementView, Text, View};
use super::{Sink, glob};

/// Services of which AWS's list says all that their actions take, and keeps it up. For others something
/// is missing often enough that what is not in the list says little.
pub(super) const WELL_LISTED: [&str; 10] =
    ["dynamodb", "ecr", "iam", "kinesis", "kms", "lambda", "s3", "sns", "sqs", "states"];

/// Beyond so many resources in one statement, which action takes which is not looked at.
const MANY: usize = 1_000;

pub(super) fn pass(view: &View<'_>, sink: &mut Sink) {
    if view.policy_type() == PolicyType::Trust {
        return;
    }
    for statement in &view.statements {
        let Some(element) = &statement.resource else { continue };
        let mut sound = true;
        for value in element.values.iter().filter(|value| !value.open) {
            sound &= check(value, sink);
        }
        if sound && !element.negated && !element.open && element.values.len() <= MANY {
            fit(statement, sink);
        }
    }
}

/// Whether the text stands for everything.
fn is_everything(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte == b'*')
}

fn malformed(
    value: &Text<'_>,
    message: String,
    label: &str,
    help: impl Into<String>,
    sink: &mut Sink,
) -> bool {
    sink.add(Finding::new("arn-malformed", message, value.span, label).help(help));
    false
}

/// Looks at one resource by itself; whether it is sound.
fn check(value: &Text<'_>, sink: &mut Sink) -> bool {
    let text = value.text.as_ref();
    if is_everything(text) {
        return true;
    }
    if text.trim() != text {
        let message = "there is a space at the end of the ARN, so it matches nothing".to_owned();
        return malformed(
            value,
            message,
            "a space at its end",
            format!("write `{}`", text.trim()),
            sink,
        );
    }
    // The colon in a policy variable is none of the ARN's.
    let plain = without_variables(text);
    let Some(arn) = Arn::parse(&plain) else { return no_arn(value, sink) };
    let wild = |part: &str| part.contains(['*', '?', '$']);
    if arn.partition != "aws" && !wild(arn.partition) && partition(arn.partition).is_none() {
        let message = format!("there is no partition `{}`", arn.partition);
        return malformed(
            value,
            message,
            "matches nothing",
            "write `aws`, or `aws-cn`, `aws-us-gov` and the like",
            sink,
        );
    }
    if arn.service.bytes().any(|byte| byte.is_ascii_uppercase()) {
        let message = format!("the service of the ARN, `{}`, has to be in lower case", arn.service);
        return malformed(
            value,
            message,
            "matches nothing",
            format!("write `{}`", arn.service.to_ascii_lowercase()),
            sink,
        );
    }
    let digits = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
    };
    if digits(arn.account) && (arn.account.len() != 12 || arn.account.contains('-')) {
        let message = format!("the account id `{}` has not twelve digits", arn.account);
        return malformed(
            value,
            message,
            "matches nothing",
            "write all twelve digits, without hyphens",
            sink,
        );
    }
    region(&arn, value, sink) && form(&arn, value, sink)
}

fn no_arn(value: &Text<'_>, sink: &mut Sink) -> bool {
    let text = value.text.as_ref();
    if !text.starts_with("arn:") {
        // A pattern for all of it is accepted, such as `*:key/x`.
        if text.starts_with('*') {
            return true;
        }
        let message = format!("`{text}` is neither an ARN nor `*`, so AWS refuses the document");
        let help = if text.is_empty() {
            "write an ARN, or `*`"
        } else {
            "write the whole ARN, `arn:partition:service:region:account:resource`"
        };
        return malformed(value, message, "no ARN", help, sink);
    }
    // With a wildcard at its end, what is missing may be in it.
    if text.ends_with('*') {
        return true;
    }
    let parts = text.split(':').count();
    let message = format!("the ARN has {parts} parts, and an ARN has six, so it matches nothing");
    let help = match text.strip_prefix("arn:aws:s3::") {
        Some(rest) if !rest.starts_with(':') => format!("write `arn:aws:s3:::{rest}`, with three colons"),
        _ => "write `arn:partition:service:region:account:resource`; parts may be empty, their colons stay".to_owned(),
    };
    malformed(value, message, "colons are missing", help, sink)
}

fn region(arn: &Arn<'_>, value: &Text<'_>, sink: &mut Sink) -> bool {
    let region = arn.region;
    // A few ARNs have words of their own there.
    let own = !region.bytes().any(|byte| byte.is_ascii_digit());
    if region.is_empty() || region.contains(['*', '?', '$']) || own {
        return true;
    }
    match partition_of_region(region) {
        None => {
            let message = format!("there is no Region `{region}`");
            malformed(
                value,
                message,
                "matches nothing",
                "write a Region such as `eu-west-1`, or `*`",
                sink,
            )
        }
        Some(of) if of.id != arn.partition && !arn.partition.contains(['*', '?', '$']) => {
            let message = format!(
                "Region `{region}` is of partition `{}`, and the ARN is of `{}`",
                of.id, arn.partition
            );
            malformed(value, message, "matches nothing", format!("write `arn:{}:…`", of.id), sink)
        }
        Some(_) => true,
    }
}

/// The text as a pattern in which policy variables stand for anything.
fn without_variables(text: &str) -> Cow<'_, str> {
    if !super::variables::has_any(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((front, after)) = rest.split_once("${") {
        out.push_str(front);
        out.push('*');
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Whether there are resources of this form, as far as it is known of the service.
fn form(arn: &Arn<'_>, value: &Text<'_>, sink: &mut Sink) -> bool {
    let own = catalogue(arn.service);
    if !WELL_LISTED.contains(&arn.service) || arn.resource.starts_with('*') {
        return own.is_some() || slip_of_service(arn, value, sink);
    }
    let pattern = arn.resource;
    if own.is_some_and(|own| own.types.is_empty()) {
        return true;
    }
    let fits = |known: &CataloguedType| {
        place_fits(arn, known) && resource_fits(arn.service, pattern, known)
    };
    if own.is_some_and(|own| own.types.iter().any(fits)) || any_form(arn.service, fits) {
        return true;
    }
    // The resource is of a kind that there is, and Region or account are not as they are there.
    let mut wanted = None;
    let seek = |known: &CataloguedType| {
        resource_fits(arn.service, pattern, known) && known.form().fixed() > 0
    };
    if let Some(own) = own {
        wanted = own.types.iter().find(|known| seek(known));
    }
    let Some(wanted) = wanted else { return !slip_of_type(arn, own, value, sink) };
    let form = wanted.form();
    let wild = |part: &str| part.contains(['*', '?', '$']);
    let (label, message) = match () {
        () if form.region.is_empty() && !arn.region.is_empty() && !wild(arn.region) => {
            ("matches nothing", format!("the ARN of a {} names no Region", wanted.name))
        }
        () if form.account.is_empty() && !arn.account.is_empty() && !wild(arn.account) => {
            ("matches nothing", format!("the ARN of a {} names no account", wanted.name))
        }
        () if !form.region.is_empty() && arn.region.is_empty() => (
            "matches nothing",
            format!("the ARN of a {} names a Region, and this one has none", wanted.name),
        ),
        () if !form.account.is_empty() && arn.account.is_empty() => (
            "matches nothing",
            format!("the ARN of a {} names an account, and this one has none", wanted.name),
        ),
        () => return true,
    };
    sink.add(
        Finding::new("arn-form-unknown", message, value.span, label)
            .help(format!("its form is `{}`", wanted.arn)),
    );
    false
}

/// Whether nobody could have meant the service of an ARN but as a slip.
fn slip_of_service(arn: &Arn<'_>, value: &Text<'_>, sink: &mut Sink) -> bool {
    if arn.service.contains(['*', '?', '$']) || any_form(arn.service, |_| true) {
        return true;
    }
    let mut services = reference::services().map(|(prefix, _)| prefix);
    let Some(near) = services.find(|prefix| is_slip(prefix, arn.service)) else { return true };
    let message = format!("no service has ARNs of `{}`", arn.service);
    malformed(value, message, "matches nothing", format!("did you mean `{near}`?"), sink)
}

/// Whether the type of the resource can only be meant as another one, or is parted from the name by the
/// wrong sign. A type of which neither can be said may be newer than the data.
fn slip_of_type(arn: &Arn<'_>, own: Option<&Catalogue>, value: &Text<'_>, sink: &mut Sink) -> bool {
    let cut = |text: &str| {
        let at = text.find(['/', ':'])?;
        Some((text.get(..at)?.to_owned(), text.get(at..=at)?.to_owned()))
    };
    let wild = |word: &str| word.is_empty() || word.contains(['*', '?', '$']);
    let Some((word, sign)) = cut(arn.resource).filter(|(word, _)| !wild(word)) else {
        return false;
    };
    let types = own.into_iter().flat_map(|own| &own.types);
    let known = types.filter_map(|known| {
        let form = std::str::from_utf8(&known.form().resource).ok()?;
        cut(form).filter(|(word, _)| !wild(word))
    });
    let known: Vec<_> = known.collect();
    let same = known.iter().find(|(own, _)| *own == word);
    let near = || {
        let near = |own: &str| {
            own.eq_ignore_ascii_case(&word)
                || is_slip(own, &word)
                || word.strip_suffix('s') == Some(own)
        };
        known.iter().find(|(own, _)| near(own))
    };
    let Some((own, own_sign)) = same.or_else(near) else { return false };
    if (own, own_sign) == (&word, &sign) {
        return false;
    }
    let message = format!("`{}` has no resources `{word}{sign}…`", arn.service);
    sink.add(
        Finding::new("arn-form-unknown", message, value.span, "matches nothing")
            .help(format!("did you mean `{own}{own_sign}…`?")),
    );
    true
}

/// Whether Region and account of an ARN can be those of the form.
fn place_fits(arn: &Arn<'_>, known: &CataloguedType) -> bool {
    let form = known.form();
    let fits = |part: &str, of_form: &[u8]| glob::overlap(part.as_bytes(), of_form);
    fits(arn.region, &form.region) && fits(arn.account, &form.account)
}

/// Whether the resource part of an ARN can be that of the form.
fn resource_fits(service: &str, pattern: &str, known: &CataloguedType) -> bool {
    let form = known.form();
    // The name of a bucket has no slash; what other placeholders stand for may have.
    if service == "s3" && &*form.resource == b"?*" && pattern.contains('/') {
        return false;
    }
    glob::overlap(pattern.as_bytes(), &form.resource)
}

/// Whether each action that is written in full takes one of the resources.
fn fit(statement: &StatementView<'_>, sink: &mut Sink) {
    let resources = statement.resources();
    if resources.is_empty() {
        return;
    }
    let plain: Vec<_> = resources.iter().map(|value| without_variables(&value.text)).collect();
    let mut parsed = Vec::new();
    for text in &plain {
        match Arn::parse(text) {
            Some(arn) if !arn.service.contains(['*', '?']) => parsed.push(arn),
            // Everything, or too much to tell.
            _ => return,
        }
    }
    let mut service: Option<&'static Catalogue> = None;
    let mut known: Vec<Option<bool>> = Vec::new();
    for value in statement.actions().iter().filter(|value| !value.open) {
        let Some((prefix, name)) = value.text.split_once(':') else { continue };
        if name.contains(['*', '?']) || prefix.contains(['*', '?']) {
            continue;
        }
        if service.is_none_or(|service| !service.prefix.eq_ignore_ascii_case(prefix)) {
            service = catalogue(&prefix.to_ascii_lowercase())
                .filter(|service| WELL_LISTED.contains(&service.prefix));
            known.clear();
            known.resize(service.map_or(0, |service| service.types.len()), None);
        }
        let Some((service, action)) = service
            .and_then(|service| Some((service, service.action(&name.to_ascii_lowercase())?)))
        else {
            continue;
        };
        // All of a service's resources, which stands for `*` in the older guides.
        let numbers = service.numbers_of(action);
        if numbers.is_empty()
            || parsed.iter().any(|arn| is_everything(arn.resource) && arn.service == service.prefix)
        {
            continue;
        }
        let takes_one = numbers.iter().any(|place| {
            let place = usize::from(*place);
            let (Some(of_type), Some(cell)) = (service.types.get(place), known.get_mut(place))
            else {
                return true;
            };
            *cell.get_or_insert_with(|| {
                let form = of_type.form();
                parsed.iter().any(|arn| {
                    arn.service.as_bytes() == &*form.service
                        && place_fits(arn, of_type)
                        && resource_fits(arn.service, arn.resource, of_type)
                })
            })
        });
        if !takes_one {
            mismatch(value, statement, service, action, sink);
        }
    }
}

fn mismatch(
    value: &Text<'_>,
    statement: &StatementView<'_>,
    service: &Catalogue,
    action: &CataloguedAction,
    sink: &mut Sink,
) {
    let Some(first) = statement.resources().first() else { return };
    let single = statement.resources().len() == 1;
    let types: Vec<&CataloguedType> = service.types_of(action).collect();
    let name = format!("{}:{}", service.prefix, action.name);
    let names: Vec<&str> = types.iter().map(|of_type| of_type.name).collect();
    let listed = match names.as_slice() {
        [one] => format!("a resource of type `{one}`"),
        [one, other] => format!("a resource of type `{one}` or `{other}`"),
        [one, ..] => format!("a resource of type `{one}` or one of {} others", names.len() - 1),
        [] => String::new(),
    };
    let ending = if single { "this is none" } else { "none of these is one" };
    let message = format!("`{name}` takes {listed}, and {ending}");
    let text = first.text.as_ref();
    let help = match (service.prefix, names.as_slice()) {
        ("s3", all) if single && all.contains(&"object") && !text.contains('/') => {
            format!("its objects are `{text}/*`")
        }
        ("s3", all) if single && all.contains(&"bucket") && text.contains('/') => {
            format!("the bucket itself is `{}`", text.split('/').next().unwrap_or(text))
        }
        // The plainest of the forms: others are those of access points and the like.
        _ => {
            let forms = types.iter().map(|of_type| of_type.arn);
            format!("write `{}`", forms.min_by_key(|form| form.len()).unwrap_or_default())
        }
    };
    let finding = if single {
        Finding::new(
            "resource-type-mismatch",
            message,
            first.span,
            "not a resource that the action takes",
        )
        .also(value.span, "the action")
    } else {
        Finding::new("resource-type-mismatch", message, value.span, "takes none of the resources")
            .also(first.span, "the first of them")
    };
    sink.add(finding.help(help));
}
