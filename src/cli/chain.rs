//! Role chains, hop by hop: each role is assumed with the session of the role before.

use std::path::Path;

use crate::collect::InputError;
use crate::collect::aws_config::{self, Profile};
use crate::policy::Arn;
use crate::request::{Fact, Request};
use crate::text::{SourceMap, Spanned};

use super::args::DiagnoseArgs;
use super::input::usage;
use super::{Failure, Output, Status, diagnose};

/// Settings of a profile, each with its place.
type Settings = Vec<(&'static str, Spanned<String>)>;

/// One role of the chain, or what is done with the last one.
pub(super) struct Hop {
    /// The options of a question about this hop alone.
    pub(super) args: DiagnoseArgs,
    /// The path of the caller's role, for a session.
    path: Option<String>,
    /// What the config file says, with its places.
    settings: Settings,
}

/// Whether the options describe a chain.
pub(super) fn is_chain(args: &DiagnoseArgs) -> bool {
    !args.via.is_empty() || args.profile.is_some()
}

/// The hops that the options describe; `Err` with what was said already.
pub(super) fn hops(
    args: &DiagnoseArgs,
    sources: &mut SourceMap,
    output: &Output,
) -> Result<Result<Vec<Hop>, Status>, Failure> {
    let profiles = match (&args.aws_config, &args.profile) {
        (Some(path), Some(name)) => match of_config(path, name, sources) {
            Ok(profiles) => profiles,
            Err(error) => {
                return Ok(Err(diagnose::complain(&[error.file(path)], sources, output)));
            }
        },
        _ => Vec::new(),
    };
    let mut roles: Vec<(String, Settings)> = Vec::new();
    for profile in &profiles {
        let settings =
            ["role_arn", "external_id", "mfa_serial", "duration_seconds", "role_session_name"];
        let settings =
            settings.into_iter().filter_map(|name| Some((name, profile.get(name)?.clone())));
        let role = profile.get("role_arn").map_or_else(String::new, |role| role.value.clone());
        roles.push((role, settings.collect()));
    }
    for role in args.via.iter().chain(&args.role) {
        roles.push((role.clone(), Vec::new()));
    }
    if let Some((role, _)) = roles.iter().find(|(role, _)| !role.starts_with("arn:")) {
        return Err(usage(format!("`{role}`: give each role of a chain by its ARN")));
    }
    let used = !args.action.is_empty();
    let count = roles.len() + usize::from(used);
    let mut found = Vec::new();
    let mut before: Option<Before> = None;
    for (at, (role, settings)) in roles.into_iter().enumerate() {
        let mut hop = of_hop(args, at, at + 1 == count);
        hop.role = Some(role.clone());
        hop.action.clear();
        hop.resource.clear();
        apply(&mut hop, &settings)?;
        let path = before.as_ref().and_then(Before::path);
        enter(&mut hop, before.take());
        let session = hop.session_name.clone();
        before = Some(Before { role, session, of_profile: !settings.is_empty() });
        found.push(Hop { args: hop, path, settings });
    }
    if used {
        let mut hop = of_hop(args, count - 1, true);
        hop.role = None;
        let path = before.as_ref().and_then(Before::path);
        enter(&mut hop, before);
        found.push(Hop { args: hop, path, settings: Vec::new() });
    }
    Ok(Ok(found))
}

fn of_config(path: &Path, name: &str, sources: &mut SourceMap) -> Result<Vec<Profile>, InputError> {
    let bytes = std::fs::read(path).map_err(|error| {
        InputError::of(path, format!("cannot read `{}`: {error}", path.display()))
    })?;
    let text = String::from_utf8(bytes)
        .map_err(|_| InputError::of(path, "the file is not UTF-8").help("save it as UTF-8"))?;
    let text = aws_config::without_secrets(&text);
    let id = sources
        .add_file(path.to_string_lossy(), text.clone().into_bytes())
        .map_err(|error| InputError::of(path, error.to_string()).help(error.help()))?;
    let profiles = aws_config::read(&text, id);
    if profiles.is_empty() {
        return Err(InputError::of(path, "the file has no profile")
            .help("give the config file of the AWS CLI, often `~/.aws/config`"));
    }
    aws_config::chain(&profiles, name).map(|chain| chain.into_iter().cloned().collect())
}

/// The options without what is about other hops: the caller's own policies are those of the first
/// one, and parameters and the trust policy those of the last. A source identity and transitive
/// tags go along the whole chain.
fn of_hop(args: &DiagnoseArgs, at: usize, is_last: bool) -> DiagnoseArgs {
    let mut hop = args.clone();
    hop.via.clear();
    hop.profile = None;
    hop.aws_config = None;
    if at > 0 {
        for policies in [&mut hop.identity_policy, &mut hop.boundary, &mut hop.session_policy] {
            policies.clear();
        }
        hop.mfa = false;
    }
    if !is_last {
        hop.external_id = None;
        hop.session_name = None;
        hop.duration = None;
        hop.trust_policy.clear();
        hop.resource_policy.clear();
        let passed_on = &args.transitive_tag;
        hop.tag.retain(|tag| {
            let key = tag.split('=').next().unwrap_or(tag);
            passed_on.iter().any(|other| other.eq_ignore_ascii_case(key))
        });
    }
    hop
}

fn apply(
    hop: &mut DiagnoseArgs,
    settings: &[(&'static str, Spanned<String>)],
) -> Result<(), Failure> {
    for (name, value) in settings {
        match *name {
            "external_id" => hop.external_id = Some(value.value.clone()),
            "role_session_name" => hop.session_name = Some(value.value.clone()),
            "mfa_serial" => hop.mfa = true,
            "duration_seconds" => {
                let seconds = value.value.parse().map_err(|_| {
                    usage(format!(
                        "`duration_seconds = {}`: write a number of seconds",
                        value.value
                    ))
                })?;
                hop.duration = Some(seconds);
            }
            _ => {}
        }
    }
    Ok(())
}

/// Makes the caller of a hop a session of the role before, of which the name may not be known.
fn enter(hop: &mut DiagnoseArgs, before: Option<Before>) {
    let Some(before) = before else { return };
    let arn = Arn::parse(&before.role);
    let named = arn.as_ref().and_then(|arn| Some((arn, arn.iam_name("role")?.1)));
    hop.caller = match (named, &before.session) {
        (Some((arn, name)), Some(session)) => Some(format!(
            "arn:{}:sts::{}:assumed-role/{name}/{session}",
            arn.partition, arn.account
        )),
        _ => Some(before.role.clone()),
    };
    // A profile has no setting for a session policy, so none was passed.
    if before.of_profile {
        hop.session_policy = vec!["none".to_owned()];
    }
}

/// The role that was assumed before a hop.
struct Before {
    role: String,
    session: Option<String>,
    of_profile: bool,
}

impl Before {
    fn path(&self) -> Option<String> {
        Some(Arn::parse(&self.role)?.iam_name("role")?.0.to_owned())
    }
}

impl Hop {
    /// Puts the places of the config file into a request made from the options.
    pub(super) fn place(&self, request: &mut Request) {
        if let Some(path) = &self.path {
            request.caller.role_path = Fact::Known(path.into());
        }
        for (name, value) in &self.settings {
            let parameters = request.parameters.as_mut();
            match *name {
                "role_arn" => request.resource.set_span(value.span),
                "external_id" => {
                    if let Some(id) = parameters.and_then(|all| all.external_id.as_mut()) {
                        id.span = value.span;
                    }
                }
                "role_session_name" => {
                    if let Some(name) = parameters.and_then(|all| all.session_name.as_mut()) {
                        name.span = value.span;
                    }
                }
                "duration_seconds" => {
                    if let Some(seconds) = parameters.and_then(|all| all.duration.as_mut()) {
                        seconds.span = value.span;
                    }
                }
                "mfa_serial" => {
                    if let Some(serial) = parameters.and_then(|all| all.serial_number.as_mut()) {
                        *serial = value.clone();
                    }
                }
                _ => {}
            }
        }
    }
}

/// What a hop does, in a few words: `user ana assumes role hub`.
pub(super) fn title(request: &Request) -> String {
    let who = request.caller.describe();
    let resource = &request.resource.text().value;
    if request.is_assume_role() {
        let name = resource.rsplit('/').next().unwrap_or(resource);
        format!("{who} assumes role {name}")
    } else {
        format!("{who} calls {} on {resource}", request.action.value)
    }
}
