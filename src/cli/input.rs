//! From options to a request: the options become lines of a text, so that findings can point at them.

use std::net::IpAddr;

use jiff::Timestamp;

use crate::diagnose::diagnose;
use crate::finding::{Diagnosis, Gate, Outcome};
use crate::layers::Layers;
use crate::policy::{Arn, moment};
use crate::request::{Caller, CredentialKind, Given, Parameters, Request};
use crate::rules;
use crate::snapshot::{EntityKind, Snapshot};
use crate::text::{SourceId, SourceMap, Span, Spanned};

use super::Failure;
use super::args::DiagnoseArgs;
use super::presented::Presented;

/// Lines that show what was asked, each value with its place.
#[derive(Default)]
pub(super) struct Lines {
    text: String,
    places: Vec<(usize, usize)>,
}

impl Lines {
    /// Adds a line; the value's place is remembered under the number returned.
    pub(super) fn push(&mut self, name: &str, value: &str) -> usize {
        self.text.push_str(name);
        let pad = 16_usize.saturating_sub(name.len()).max(1);
        self.text.extend(std::iter::repeat_n(' ', pad));
        let start = self.text.len();
        self.text.push_str(value);
        self.places.push((start, self.text.len()));
        self.text.push('\n');
        self.places.len() - 1
    }

    pub(super) fn span(&self, source: SourceId, at: usize) -> Span {
        let (start, end) = self.places.get(at).copied().unwrap_or((0, 0));
        let to_u32 = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Span { source, start: to_u32(start), end: to_u32(end) }
    }
}

pub(super) fn usage(text: impl Into<String>) -> Failure {
    Failure::Usage(text.into())
}

pub(super) fn pair<'t>(option: &str, text: &'t str) -> Result<(&'t str, &'t str), Failure> {
    text.split_once('=')
        .filter(|(key, _)| !key.is_empty())
        .ok_or_else(|| usage(format!("`{option} {text}`: write it as `KEY=VALUE`")))
}

/// The moment of the request: as given, else `now`.
pub(super) fn time(
    args: &DiagnoseArgs,
    now: Option<Timestamp>,
) -> Result<Option<Timestamp>, Failure> {
    match &args.time {
        Some(text) => moment(text).map(Some).ok_or_else(|| {
            usage(format!("`--time {text}`: write a moment such as `2026-11-23T10:00:00Z`"))
        }),
        None => Ok(now),
    }
}

/// Every request that the options describe: each action on each resource.
pub(super) fn requests(
    args: &DiagnoseArgs,
    snapshot: &Snapshot,
    sources: &mut SourceMap,
    now: Timestamp,
) -> Result<Vec<Request>, Failure> {
    if args.role.is_none() && args.action.is_empty() {
        return Err(usage(
            "say what was denied: `--role ARN`, `--action ACTION --resource ARN`, or `--case FILE`; `why-denied --help` lists all options",
        ));
    }
    if let Some(address) = args.source_ip.as_ref().filter(|text| text.parse::<IpAddr>().is_err()) {
        return Err(usage(format!("`--source-ip {address}`: write one IPv4 or IPv6 address")));
    }
    let presented = Presented::read(args)?;
    let caller_text = match &presented {
        Some(presented) => presented.caller(args)?,
        None => caller(args, snapshot).map_err(|failure| match role_refused(args, sources) {
            Some(Diagnosis { findings, .. }) => {
                let said = findings.iter().map(|one| {
                    let help = one.help.as_ref().map_or(String::new(), |help| format!("; {help}"));
                    format!("{}{help}\nerror: ", one.message)
                });
                usage(format!("{}{failure}", said.collect::<String>()))
            }
            None => failure,
        })?,
    };
    let api = presented.as_ref().map_or("sts:AssumeRole", Presented::action);
    let wanted = wanted(args, &caller_text, api, snapshot)?;
    let time = time(args, Some(now))?;
    let mut requests = Vec::new();
    for (action, resource) in wanted {
        let asked = Asked {
            caller: &caller_text,
            action: &action,
            resource: &resource,
            presented: presented.as_ref(),
        };
        let mut request = request(args, sources, &asked, time)?;
        // Whoever names no caller asks about the current credentials.
        let is_own =
            args.caller.is_none() && request.caller.text.value == snapshot.long_term_caller();
        if is_own {
            request.caller.credentials = Some(CredentialKind::LongTerm);
        }
        requests.push(request);
    }
    Ok(requests)
}

/// Whether the options can become requests at all, before anybody is asked for facts.
#[cfg(feature = "live")]
pub(super) fn validate(args: &DiagnoseArgs) -> Result<(), Failure> {
    time(args, None)?;
    if args.role.is_none() && args.action.is_empty() {
        return Ok(());
    }
    if let Some(address) = args.source_ip.as_ref().filter(|text| text.parse::<IpAddr>().is_err()) {
        return Err(usage(format!("`--source-ip {address}`: write one IPv4 or IPv6 address")));
    }
    let presented = Presented::read(args)?;
    let caller = match (&presented, &args.caller) {
        (Some(presented), _) => presented.caller(args)?,
        (None, Some(caller)) => caller.clone(),
        // Whoever it will turn out to be has an account.
        (None, None) => "arn:aws:iam::111122223333:user/somebody".to_owned(),
    };
    let api = presented.as_ref().map_or("sts:AssumeRole", Presented::action);
    let snapshot = Snapshot::default();
    for (action, resource) in wanted(args, &caller, api, &snapshot)? {
        let asked = Asked {
            caller: &caller,
            action: &action,
            resource: &resource,
            presented: presented.as_ref(),
        };
        request(args, &mut SourceMap::default(), &asked, None)?;
    }
    Ok(())
}

/// Why AWS refuses the role whoever calls: what is given is the ARN of none.
pub(super) fn role_refused(args: &DiagnoseArgs, sources: &mut SourceMap) -> Option<Diagnosis> {
    let action = args.action.first().map_or("sts:AssumeRole", String::as_str);
    let resource = args.role.as_ref().or(args.resource.first())?;
    if !action.eq_ignore_ascii_case("sts:AssumeRole") || !resource.contains([':', '/', ' ']) {
        return None;
    }
    // Somebody of the role's own partition, so that this plays no part.
    let partition = Arn::parse(resource).map_or("aws", |arn| arn.partition);
    let caller = format!("arn:{partition}:iam::111122223333:user/somebody");
    let asked = Asked { caller: &caller, action, resource, presented: None };
    let request = request(args, sources, &asked, None).ok()?;
    let mut found = diagnose(&request, &Layers::default(), &Vec::new);
    found.gates.retain(|one| one.gate == Gate::RoleArn && one.outcome == Outcome::Failed);
    found.findings.retain(|one| rules::gate(one.rule) == Some(Gate::RoleArn));
    (!found.gates.is_empty()).then_some(found)
}

/// The caller as given, else the identity in the facts, else the only principal there.
fn caller(args: &DiagnoseArgs, snapshot: &Snapshot) -> Result<String, Failure> {
    if let Some(caller) = &args.caller {
        return Ok(caller.clone());
    }
    let role = args.role.as_deref().filter(|role| role.starts_with("arn:"));
    // A file or policy that is given turns asking AWS off.
    let may_ask = match args.offline || cfg!(not(feature = "live")) {
        true => "",
        false => "; with `--live`, AWS is asked besides what is given",
    };
    snapshot.default_caller(role).map(|arn| arn.value).ok_or_else(|| {
        let with = |action: &str| args.action.iter().any(|asked| asked.eq_ignore_ascii_case(action));
        usage(if with("sts:AssumeRoleWithWebIdentity") {
            "pass the token with `--token FILE`; if there was none, name its provider with `--caller arn:…:oidc-provider/…`"
        } else if with("sts:AssumeRoleWithSAML") {
            "pass the SAML response with `--saml FILE`, or name its provider with `--caller arn:…:saml-provider/…`"
        } else {
            "say who called with `--caller ARN`, as `aws sts get-caller-identity` prints it"
        } .to_owned() + may_ask)
    })
}

fn wanted(
    args: &DiagnoseArgs,
    caller: &str,
    api: &str,
    snapshot: &Snapshot,
) -> Result<Vec<(String, String)>, Failure> {
    if let Some(role) = &args.role {
        let action = api.to_owned();
        if role.contains([':', '/', ' ']) {
            return Ok(vec![(action, role.clone())]);
        }
        let arn = Arn::parse(caller).filter(|arn| crate::policy::is_account_id(arn.account));
        let Some(arn) = arn else {
            return Err(usage(format!(
                "`--role {role}`: give the role's ARN, since the caller has no account to look it up in"
            )));
        };
        let mut known = snapshot.named(EntityKind::Role, arn.account, role);
        return match (known.next(), known.next()) {
            (Some(one), None) => Ok(vec![(action, one.arn.value.clone())]),
            (Some(one), Some(other)) => Err(usage(format!(
                "`--role {role}`: the facts hold `{}` and `{}`; give the whole ARN",
                one.arn.value, other.arn.value
            ))),
            _ => {
                let arn = format!("arn:{}:iam::{}:role/{role}", arn.partition, arn.account);
                Ok(vec![(action, arn)])
            }
        };
    }
    if args.resource.is_empty() {
        return Err(usage(
            "say what it was denied on: `--resource ARN`, or `--resource '*'` for an action that takes no resource",
        ));
    }
    if let Some(action) =
        args.action.iter().find(|action| !action.contains(':') || action.contains(['*', '?', ' ']))
    {
        return Err(usage(format!("`--action {action}`: name one action, such as `s3:GetObject`")));
    }
    Ok(args
        .action
        .iter()
        .flat_map(|action| {
            args.resource.iter().map(move |resource| (action.clone(), resource.clone()))
        })
        .collect())
}

/// What one request asks for.
pub(super) struct Asked<'a> {
    pub(super) caller: &'a str,
    pub(super) action: &'a str,
    pub(super) resource: &'a str,
    pub(super) presented: Option<&'a Presented>,
}

pub(super) fn request(
    args: &DiagnoseArgs,
    sources: &mut SourceMap,
    asked: &Asked<'_>,
    time: Option<Timestamp>,
) -> Result<Request, Failure> {
    let Asked { caller: caller_text, action, resource, presented } = *asked;
    let mut lines = Lines::default();
    let caller_at = lines.push("caller", caller_text);
    let action_at = lines.push("action", action);
    let resource_at = lines.push("resource", resource);
    let said = presented.map(|presented| presented.lines(&mut lines, caller_text));
    let mut optional = |name: &str, value: Option<&str>| {
        value.map(|value| (lines.push(name, value), value.to_owned()))
    };
    let external_id = optional("external id", args.external_id.as_deref());
    let session_name = optional("session name", args.session_name.as_deref());
    let source_identity = optional("source identity", args.source_identity.as_deref());
    let duration =
        optional("duration", args.duration.map(|seconds| seconds.to_string()).as_deref());
    let source_ip = optional("source ip", args.source_ip.as_deref());
    let mut tags = Vec::new();
    for text in &args.tag {
        let (key, value) = pair("--tag", text)?;
        let at = lines.push("tag", text);
        tags.push((at, key.to_owned(), value.to_owned()));
    }
    let transitive: Vec<_> = args
        .transitive_tag
        .iter()
        .map(|key| (lines.push("transitive tag", key), key.clone()))
        .collect();
    let mut context = Vec::new();
    for text in &args.context {
        let (key, value) = pair("--context", text)?;
        context.push((lines.push("context", text), key.to_owned(), value.to_owned()));
    }
    let source = sources.add_given("request", lines.text.clone());
    let spanned = |(at, value): (usize, String)| Spanned { value, span: lines.span(source, at) };

    let caller_span = lines.span(source, caller_at);
    let caller_at = Spanned { value: caller_text.to_owned(), span: caller_span };
    let caller = match (presented, &said) {
        (Some(presented), Some(said)) => presented.as_caller(caller_at, said, &lines, source),
        _ => Caller::parse(caller_at).map_err(|error| usage(format!("{error}; {}", error.help)))?,
    };
    let account = caller.account.as_deref();
    if let Some(account) = account.filter(|account| !crate::policy::is_account_id(account)) {
        return Err(usage(format!(
            "`--caller {caller_text}`: the account id `{account}` is not twelve digits"
        )));
    }
    let mut request = Request::new(
        caller,
        Spanned { value: action.to_owned(), span: lines.span(source, action_at) },
        Spanned { value: resource.to_owned(), span: lines.span(source, resource_at) },
    );
    if resource == "*" {
        request.resource.account = crate::request::Owner::CallersAccount;
    }
    request.time = time;
    request.time_is_assumed = args.time.is_none();
    let mfa = args.mfa.then(|| Spanned {
        value: "arn:aws:iam::000000000000:mfa/device".to_owned(),
        span: caller_span,
    });
    if request.is_assume_role() {
        request.parameters = Some(Parameters {
            session_name: session_name.map(spanned),
            duration: duration.and_then(|(at, _)| {
                Some(Spanned { value: args.duration?, span: lines.span(source, at) })
            }),
            external_id: external_id.map(spanned),
            source_identity: source_identity.map(spanned),
            tags: tags
                .iter()
                .map(|(at, key, value)| {
                    let span = lines.span(source, *at);
                    (Spanned { value: key.clone(), span }, Spanned { value: value.clone(), span })
                })
                .collect(),
            transitive_tag_keys: transitive.into_iter().map(spanned).collect(),
            token_code: mfa.is_some(),
            serial_number: mfa,
            partial: true,
        });
    } else if args.mfa {
        request.context.set(
            "aws:MultiFactorAuthPresent",
            Given::One("true".to_owned()),
            caller_span,
        );
    }
    if let Some((at, address)) = source_ip {
        request.context.set("aws:SourceIp", Given::One(address), lines.span(source, at));
    }
    if let (Some(presented), Some(said)) = (presented, &said)
        && let Some(parameters) = &mut request.parameters
    {
        presented.fill(parameters, said, &lines, source);
    }
    set_context(&mut request, &context, |at| lines.span(source, at));
    Ok(request)
}

/// `KEY=` is known to be absent; a key that is repeated has several values.
fn set_context(
    request: &mut Request,
    given: &[(usize, String, String)],
    span: impl Fn(usize) -> Span,
) {
    for (at, key, value) in given {
        let lower = key.to_lowercase();
        let same = given.iter().filter(|(_, other, _)| other.to_lowercase() == lower);
        let values: Vec<String> = same.map(|(_, _, value)| value.clone()).collect();
        let value = match values.as_slice() {
            [one] if one.is_empty() => Given::Absent,
            [_] => Given::One(value.clone()),
            _ => Given::Many(values),
        };
        if lower == "aws:resourceaccount"
            && let Given::One(account) = &value
        {
            request.resource.account = crate::request::Owner::Account(account.into());
        }
        request.context.set(key, value, span(*at));
    }
}
