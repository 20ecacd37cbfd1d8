//! Asking AWS, as far as the command line says so: which questions, with which credentials, and what
//! the terminal shows meanwhile.

use std::cell::RefCell;
use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::collect::aws::{self, Event, Gathered, NoIdentity, Options, Wanted};
use crate::message::Denial;

use super::args::{DiagnoseArgs, LiveArgs};
use super::{Failure, Output, has_layer_files};

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
    args.live.live || args.live.probe || args.live.recent || (asks && alone)
}

/// With which credentials, and how long.
pub(super) fn options(live: &LiveArgs, profile: Option<&str>) -> Result<Options, Failure> {
    if live.timeout == 0 {
        return Err(Failure::Usage("`--timeout 0`: give it at least one second".to_owned()));
    }
    if let Some(url) = &live.endpoint_url
        && !(url.starts_with("http://") || url.starts_with("https://"))
    {
        return Err(Failure::Usage(format!(
            "`--endpoint-url {url}`: write it with `http://` or `https://`"
        )));
    }
    Ok(Options {
        profile: profile.map(str::to_owned),
        region: live.region.clone(),
        endpoint_url: live.endpoint_url.clone(),
        role_profile: live.role_profile.clone(),
        org_profile: live.org_profile.clone(),
        timeout: Duration::from_secs(live.timeout),
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
        if let (Some(action), Some(resource)) = (&denial.action, &denial.resource) {
            add(&action.value, &resource.value);
        }
    }
    if wanted.caller.is_none() {
        let mut callers = denials.iter().filter_map(|denial| denial.principal.as_ref());
        wanted.caller = callers.next().map(|caller| caller.value.clone());
    }
    wanted
}

/// Asks AWS, and shows on a terminal what is being read.
pub(super) fn gather(
    options: &Options,
    wanted: &Wanted,
    output: &Output,
) -> Result<Gathered, Failure> {
    let bar = Bar::new(output);
    let gathered = aws::gather(options, wanted, &|event| bar.show(event));
    bar.bar.finish_and_clear();
    gathered.map_err(Failure::Live)
}

/// A line on the terminal; nothing where stderr is none.
struct Bar {
    bar: ProgressBar,
    done: RefCell<(usize, usize)>,
}

impl Bar {
    fn new(output: &Output) -> Self {
        let shown = std::io::stderr().is_terminal() && !output.quiet;
        let bar = match ProgressStyle::with_template("{spinner} {wide_msg}") {
            Ok(style) if shown => ProgressBar::new_spinner().with_style(style),
            _ => ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden()),
        };
        Self { bar, done: RefCell::default() }
    }

    fn show(&self, event: Event<'_>) {
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
