//! From denials to a request that facts can answer: the last of a group, with what its event tells.

use serde_json::Value;
use smol_str::SmolStr;

use super::group::Group;
use crate::policy::{Arn, is_account_id};
use crate::request::{Caller, Claim, CredentialKind, Fact, Given, Owner, Parameters, Request};
use crate::text::{SourceId, SourceMap, Span, Spanned};

/// Lines that show what an event tells, each value with its place.
#[derive(Default)]
struct Lines {
    text: String,
    places: Vec<(usize, usize)>,
}

impl Lines {
    fn push(&mut self, name: &str, value: &str) -> usize {
        self.text.push_str(name);
        let pad = 16_usize.saturating_sub(name.len()).max(1);
        self.text.extend(std::iter::repeat_n(' ', pad));
        let start = self.text.len();
        // A line is one line.
        self.text
            .extend(value.chars().map(|letter| if letter.is_control() { ' ' } else { letter }));
        self.places.push((start, self.text.len()));
        self.text.push('\n');
        self.places.len() - 1
    }

    fn span(&self, source: SourceId, at: usize) -> Span {
        let (start, end) = self.places.get(at).copied().unwrap_or((0, 0));
        let to_u32 = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Span { source, start: to_u32(start), end: to_u32(end) }
    }
}

/// The last request of a group.
///
/// # Errors
/// If the events do not tell who asked for what on which resource; the text says what is missing.
pub fn request(group: &Group, sources: &mut SourceMap) -> Result<Request, String> {
    let call = &group.call;
    let Some(action) = &group.action else {
        return Err("the events do not tell the action".to_owned());
    };
    let Some(resource) = &group.resource else {
        return Err("the events do not tell the resource".to_owned());
    };
    if resource != "*" && !resource.starts_with("arn:") {
        return Err(format!("the events tell no ARN of the resource, only `{resource}`"));
    }
    let caller_text = match (&call.caller, &call.federated) {
        (Some(caller), _) => caller,
        (None, Some((provider, _))) => provider,
        (None, None) => return Err("the events do not tell the ARN of the caller".to_owned()),
    };
    let mut lines = Lines::default();
    let caller_at = lines.push("caller", caller_text);
    let action_at = lines.push("action", action);
    let resource_at = lines.push("resource", resource);
    let time_at = call.time.map(|time| lines.push("time", &time.to_string()));
    let context: Vec<usize> = (call.context.iter())
        .map(|(key, value)| lines.push("context", &format!("{key}={}", shown(value))))
        .collect();
    let parameters: Vec<(&str, usize)> = NAMED
        .iter()
        .filter_map(|name| {
            let value = call.parameters.as_ref()?.get(name)?;
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            Some((*name, lines.push(name, &text)))
        })
        .collect();
    let source = sources.add_given("event", lines.text.clone());
    let spanned =
        |value: &str, at| Spanned { value: value.to_owned(), span: lines.span(source, at) };

    let text = spanned(caller_text, caller_at);
    let mut caller = match (&call.caller, &call.federated) {
        (None, Some((_, claims))) => {
            let span = text.span;
            let claims = claims.iter().map(|(name, value)| Claim {
                name: name.clone(),
                values: vec![value.clone()],
                span,
            });
            let mut caller = Caller::federated(text, claims.collect());
            caller.token.is_partial = true;
            caller
        }
        _ => Caller::parse(text).map_err(|error| error.to_string())?,
    };
    if caller.account.as_deref().is_some_and(|account| !is_account_id(account)) {
        return Err(format!("the account of `{caller_text}` is not twelve digits"));
    }
    if let Some(path) =
        call.role.as_deref().and_then(Arn::parse).and_then(|arn| arn.iam_name("role"))
    {
        caller.role_path = Fact::Known(path.0.into());
    }
    caller.unique_id = caller.unique_id.or_else(|| call.unique_id.as_ref().map(SmolStr::new));
    if call.temporary == Some(false) {
        caller.credentials = Some(CredentialKind::LongTerm);
    }
    let mut request =
        Request::new(caller, spanned(action, action_at), spanned(resource, resource_at));
    if resource == "*" {
        request.resource.account = Owner::CallersAccount;
    } else if let (Some(owner), Owner::Unknown) = (&call.owner, &request.resource.account)
        && is_account_id(owner)
    {
        request.resource.account = Owner::Account(owner.into());
    }
    request.time = call.time;
    request.time_is_assumed = time_at.is_none();
    for ((key, value), at) in call.context.iter().zip(context) {
        request.context.set(key, value.clone(), lines.span(source, at));
    }
    if request.is_assume_role()
        && let Some(value) = &call.parameters
    {
        let place = |name: &str| {
            let at =
                parameters.iter().find(|(own, _)| *own == name).map_or(caller_at, |(_, at)| *at);
            lines.span(source, at)
        };
        request.parameters = Some(of_call(value, &place));
    }
    Ok(request)
}

fn shown(value: &Given) -> String {
    match value {
        Given::Absent => String::new(),
        Given::One(value) => value.clone(),
        Given::Many(values) => values.join(","),
    }
}

/// Parameters of which a place is shown; none of them is a secret.
const NAMED: &[&str] = &[
    "roleSessionName",
    "durationSeconds",
    "externalId",
    "sourceIdentity",
    "tags",
    "transitiveTagKeys",
    "serialNumber",
];

/// The parameters of an AssumeRole* call, as CloudTrail names them.
fn of_call(value: &Value, place: &dyn Fn(&str) -> Span) -> Parameters {
    let text = |name: &str| {
        let value = value.get(name)?.as_str()?.to_owned();
        Some(Spanned { value, span: place(name) })
    };
    // CloudTrail Lake has texts only, so that a list is one in JSON.
    let list = |name: &str| match value.get(name) {
        Some(Value::Array(items)) => items.clone(),
        Some(Value::String(text)) => serde_json::from_str(text).unwrap_or_default(),
        _ => Vec::<Value>::new(),
    };
    let (tags, keys) = (list("tags"), list("transitiveTagKeys"));
    let number = |name: &str| {
        let value = value.get(name)?;
        let value = value.as_i64().or_else(|| value.as_str()?.parse().ok())?;
        Some(Spanned { value, span: place(name) })
    };
    let tags = tags.iter().filter_map(|tag| {
        let part = |name: &str| {
            let value = tag.get(name)?.as_str()?.to_owned();
            Some(Spanned { value, span: place("tags") })
        };
        Some((part("key")?, part("value")?))
    });
    let keys = keys.iter().filter_map(|key| {
        Some(Spanned { value: key.as_str()?.to_owned(), span: place("transitiveTagKeys") })
    });
    Parameters {
        session_name: text("roleSessionName"),
        duration: number("durationSeconds"),
        external_id: text("externalId"),
        source_identity: text("sourceIdentity"),
        tags: tags.collect(),
        transitive_tag_keys: keys.collect(),
        serial_number: text("serialNumber"),
        token_code: value.get("tokenCode").is_some_and(|code| !code.is_null()),
        partial: false,
    }
}
