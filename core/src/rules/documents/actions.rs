//! Actions: whether they are written as such, and exist.

use crate::finding::Finding;
use crate::reference::{self, Catalogue, catalogue};
use crate::rules::action_name::permission;
use crate::text::is_slip;

use super::Sink;
use super::glob;
use super::view::{Text, View};

/// Beyond so many findings in a document, nobody wants to read what each may have meant.
const ADVISED: usize = 200;

pub(super) fn pass(view: &View<'_>, sink: &mut Sink) {
    let mut lower = String::new();
    let mut last = None;
    for statement in &view.statements {
        let Some(action) = &statement.action else { continue };
        for value in action.values.iter().filter(|value| !value.open) {
            check(value, &mut lower, &mut last, sink);
        }
    }
}

/// Looks at one value; `lower` is room to work in, and `last` the service of the one before, which
/// mostly is that of this one too.
fn check(
    value: &Text<'_>,
    lower: &mut String,
    last: &mut Option<&'static Catalogue>,
    sink: &mut Sink,
) {
    let text = value.text.as_ref();
    if text == "*" {
        return;
    }
    lower.clear();
    lower.push_str(text);
    lower.make_ascii_lowercase();
    let colon = memchr::memchr(b':', lower.as_bytes());
    let parts = colon.and_then(|at| Some((lower.get(..at)?, lower.get(at + 1..)?)));
    let Some((prefix, name)) =
        parts.filter(|(prefix, name)| !prefix.is_empty() && !name.is_empty())
    else {
        return malformed(value, sink);
    };
    if last.is_none_or(|last| last.prefix != prefix) {
        *last = catalogue(prefix);
    }
    match *last {
        Some(service) if name == "*" || service.action(name).is_some() => {}
        Some(service) if name.contains(['*', '?']) => {
            if !any(service, name) && !reference::is_further_action(lower) {
                no_match(value, service, sink);
            }
        }
        Some(service) => {
            if !reference::is_further_action(lower) {
                unknown(value, service, name, sink);
            }
        }
        // What a wildcard in the prefix stands for is not worth a guess.
        None if prefix.contains(['*', '?']) => {}
        None if reference::is_further_action(lower) => {}
        None => unknown_service(value, prefix, name, sink),
    }
}

/// Whether the pattern matches an action of the service.
fn any(service: &Catalogue, pattern: &str) -> bool {
    let fixed = pattern.split(['*', '?']).next().unwrap_or_default();
    service.beginning_with(fixed).iter().any(|action| glob::matches(pattern, action.lower))
}

fn malformed(value: &Text<'_>, sink: &mut Sink) {
    let text = value.text.as_ref();
    let message = format!("`{text}` is no action: an action is `service:Name`");
    let help = match text.split_once(['/', '.', ' ']) {
        Some((service, name))
            if reference::service_name(&service.to_ascii_lowercase()).is_some() =>
        {
            format!("did you mean `{service}:{}`?", name.trim())
        }
        _ => "write `service:Name`, such as `s3:GetObject`".to_owned(),
    };
    sink.add(Finding::new("action-malformed", message, value.span, "AWS refuses this").help(help));
}

fn no_match(value: &Text<'_>, service: &Catalogue, sink: &mut Sink) {
    let message = format!("`{}` matches no action of {}", value.text, service.name);
    let stem = value.text.split_once(':').map_or("", |(_, name)| name);
    let stem = stem.split(['*', '?']).next().unwrap_or_default();
    let advised = sink.found.len() < ADVISED;
    let near = advised.then(|| nearest_beginning(service, &stem.to_ascii_lowercase())).flatten();
    let help = near.map_or_else(
        || format!("look up the actions of `{}`, and name those that are meant", service.prefix),
        |name| format!("did you mean `{}:{name}*`?", service.prefix),
    );
    sink.add(Finding::new("action-unknown", message, value.span, "no action begins so").help(help));
}

/// What the actions of the service begin with that comes near to `stem`.
fn nearest_beginning(service: &Catalogue, stem: &str) -> Option<String> {
    (service.actions.iter())
        .filter_map(|action| action.name.get(..stem.len()))
        .find(|beginning| is_slip(&beginning.to_ascii_lowercase(), stem))
        .map(str::to_owned)
}

fn unknown(value: &Text<'_>, service: &Catalogue, name: &str, sink: &mut Sink) {
    let text = value.text.as_ref();
    let add = |sink: &mut Sink, message: String, help: String| {
        sink.add(
            Finding::new("action-unknown", message, value.span, "there is no such action")
                .help(help),
        );
    };
    if let Some(own) = permission(text) {
        let message = format!(
            "`{text}` is no action: the operation of the API has this name, and its permission is `{own}`"
        );
        return add(sink, message, format!("write `{own}`"));
    }
    let message = format!(
        "{} has no action `{}`",
        service.name,
        text.split_once(':').map_or(text, |(_, name)| name)
    );
    let near = (sink.found.len() < ADVISED).then(|| nearest(service, name)).flatten();
    let help = near.map_or_else(
        || format!("look up the actions of `{}`; if AWS has added this one since {}, ignore the finding", service.prefix, reference::date()),
        |near| format!("did you mean `{}:{near}`?", service.prefix),
    );
    add(sink, message, help);
}

/// The action whose name comes nearest to `name`, in lower case.
fn nearest(service: &Catalogue, name: &str) -> Option<&'static str> {
    let slip = service.actions.iter().find(|action| is_slip(action.lower, name));
    let plural = |action: &&crate::reference::CataloguedAction| {
        action.lower.strip_suffix('s') == Some(name) || name.strip_suffix('s') == Some(action.lower)
    };
    let longer = |action: &&crate::reference::CataloguedAction| {
        name.len() >= 8 && action.lower.starts_with(name)
    };
    slip.or_else(|| service.actions.iter().find(plural))
        .or_else(|| service.actions.iter().find(longer))
        .map(|action| action.name)
}

fn unknown_service(value: &Text<'_>, prefix: &str, name: &str, sink: &mut Sink) {
    let message = format!("AWS has no service with the prefix `{prefix}` in actions");
    if sink.found.len() >= ADVISED {
        let finding = Finding::new("action-unknown", message, value.span, "no such service");
        return sink.add(finding.help("look up the prefix of the service"));
    }
    let exact = || {
        reference::services()
            .filter_map(|(other, _)| catalogue(other))
            .filter(|other| other.action(name).is_some())
    };
    let near = reference::services().map(|(other, _)| other).find(|other| is_slip(other, prefix));
    let alike = near.filter(|near| {
        catalogue(near).is_some_and(|service| service.action(name).is_some() || name.contains('*'))
    });
    let mut owners = exact();
    let help = match (alike, owners.next(), owners.next()) {
        (Some(near), _, _) => format!("did you mean `{near}:…`?"),
        (None, Some(owner), None) => {
            format!("`{}` has such an action: did you mean `{}:…`?", owner.name, owner.prefix)
        }
        _ => format!(
            "look up the prefix of the service; if AWS has added it since {}, ignore the finding",
            reference::date()
        ),
    };
    sink.add(Finding::new("action-unknown", message, value.span, "no such service").help(help));
}
