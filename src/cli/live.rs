//! Asking AWS, as far as the command line says so: which questions, with which credentials, and what
//! the terminal shows meanwhile.

use std::cell::RefCell;
use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::collect::aws::{Asking, Call, Event, Gathered, NoIdentity, Options, Tried, Wanted};
use crate::message::{self, Denial};
use crate::text::SourceMap;

use super::args::{DiagnoseArgs, ReachArgs};
use super::diagnose::has_layer_files;
use super::{Failure, Output};

/// Whether AWS is to be asked.
pub(super) fn is_wanted(args: &DiagnoseArgs) -> bool {
    if args.offline {
        return false;
    }
    let asks = args.role.is_some() || !args.action.is_empty();
    let alone = args.facts.is_empty()
        && !has_layer_files(args)
        && args.case.is_none()
        && args.evidence.is_empty()
        && args.aws_config.is_none();
    let asked_for = args.live.live
        || args.live.probe
        || args.live.recent
        || args.live.authorization_id.is_some();
    asked_for || (asks && alone)
}

/// With which credentials, and how long.
pub(super) fn options(
    reach: &ReachArgs,
    profile: Option<&str>,
    [role, org]: [Option<&str>; 2],
) -> Result<Options, Failure> {
    if reach.timeout == 0 {
        return Err(Failure::Usage("`--timeout 0`: give it at least one second".to_owned()));
    }
    if let Some(url) = &reach.endpoint_url
        && !(url.starts_with("http://") || url.starts_with("https://"))
    {
        return Err(Failure::Usage(format!(
            "`--endpoint-url {url}`: write it with `http://` or `https://`"
        )));
    }
    Ok(Options {
        profile: profile.map(str::to_owned),
        region: reach.region.clone(),
        endpoint_url: reach.endpoint_url.clone(),
        role_profile: role.map(str::to_owned),
        org_profile: org.map(str::to_owned),
        timeout: Duration::from_secs(reach.timeout),
    })
}

/// What the question needs.
pub(super) fn wanted(args: &DiagnoseArgs, denials: &[Denial]) -> Wanted {
    let mut wanted = Wanted {
        caller: args.caller.clone(),
        roles: args.via.iter().chain(&args.role).cloned().collect(),
        resources: Vec::new(),
        account: false,
        without_caller: args.token.is_some() || args.saml.is_some(),
    };
    let mut add = |action: &str, resource: &str| {
        let assumes = action.to_ascii_lowercase().starts_with("sts:assumerole");
        let list = if assumes { &mut wanted.roles } else { &mut wanted.resources };
        if !list.iter().any(|known| known == resource) {
            list.push(resource.to_owned());
        }
    };
    for action in &args.action {
        args.resource.iter().for_each(|resource| add(action, resource));
    }
    for denial in denials {
        let action = args.action.first().or(denial.action.as_ref().map(|action| &action.value));
        let said = denial.resource.as_ref().map(|resource| &resource.value);
        if let (Some(action), Some(resource)) = (action, args.resource.first().or(said)) {
            add(action, resource);
        }
    }
    if wanted.caller.is_none() {
        let mut callers = denials.iter().filter_map(|denial| denial.principal.as_ref());
        wanted.caller = callers.next().map(|caller| caller.value.clone());
    }
    wanted
}

/// Tries the denied AssumeRole itself; what AWS says of it is evidence.
pub(super) fn probe(
    args: &DiagnoseArgs,
    asking: &Asking<'_>,
    gathered: &Gathered,
    sources: &mut SourceMap,
    denial: &mut Option<Denial>,
    notes: &mut Vec<String>,
) {
    let Some(role) = &args.role else { return };
    let role = match &gathered.identity {
        // AWS knows roles by their ARNs alone.
        Ok(own) if !role.contains(':') => gathered.arn_of_role(role).unwrap_or_else(|| {
            let partition = own.arn.split(':').nth(1).unwrap_or("aws");
            format!("arn:{partition}:iam::{}:role/{role}", own.account)
        }),
        _ => role.clone(),
    };
    if args.caller.is_some() || !args.via.is_empty() || args.mfa {
        notes.push(
            "`--probe` tries the call with the current credentials, as they are: without `--caller`, `--via` and `--mfa`"
                .to_owned(),
        );
    }
    let pair =
        |text: &String| text.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
    let call = Call {
        role,
        session_name: args.session_name.clone(),
        external_id: args.external_id.clone(),
        source_identity: args.source_identity.clone(),
        tags: args.tag.iter().filter_map(pair).collect(),
        transitive: args.transitive_tag.clone(),
    };
    match asking.probe(&call) {
        Tried::Allowed => notes.push(
            "AWS let it: the role was assumed just now, with the shortest session, whose credentials \
             were dropped; where the answer is another, the denied call was not this one"
                .to_owned(),
        ),
        Tried::Refused(text) => {
            let source = sources.add_given("what AWS said just now", text);
            *denial = message::read(sources, source).into_iter().next();
        }
        Tried::NoAnswer(why) => notes.push(format!("`--probe` got no answer: {why}")),
    }
}

/// A line on the terminal that says what is being read; nothing where stderr is none.
pub(super) struct Bar {
    bar: ProgressBar,
    done: RefCell<(usize, usize)>,
}

impl Bar {
    pub(super) fn new(output: &Output) -> Self {
        let shown = std::io::stderr().is_terminal() && !output.quiet;
        let bar = match ProgressStyle::with_template("{spinner} {wide_msg}") {
            Ok(style) if shown => ProgressBar::new_spinner().with_style(style),
            _ => ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()),
        };
        Self { bar, done: RefCell::default() }
    }

    /// Takes the line away again.
    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    pub(super) fn show(&self, event: Event<'_>) {
        let mut counts = self.done.borrow_mut();
        match event {
            Event::Begins(operation, about) => {
                counts.0 += 1;
                let about = about.rsplit(['/', ':']).next().unwrap_or(about);
                let about: String = about.chars().filter(|one| !one.is_control()).collect();
                self.bar.set_message(format!(
                    "{} of {} read: {} {about}",
                    counts.1,
                    counts.0,
                    operation.name()
                ));
            }
            Event::Ends => counts.1 += 1,
        }
        self.bar.tick();
    }
}

/// What to say where nobody knows who asks.
pub(super) fn complain(error: &NoIdentity, output: &Output) {
    let source =
        if error.source.is_empty() { String::new() } else { format!(" ({})", error.source) };
    output.warn(&format!("{}{source}", error.summary));
    error.remarks.iter().for_each(|remark| output.warn(remark));
}
