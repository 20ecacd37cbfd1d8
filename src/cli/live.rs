//! Asking AWS, as far as the command line says so: which questions, with which credentials, and what
//! the terminal shows meanwhile.

use std::cell::RefCell;
use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::collect::aws::{Asking, Call, End, Event, Gathered, NoIdentity, Options, Tried, Wanted};
use crate::eval::Decision;
use crate::evidence;
use crate::finding::{Diagnosis, Step};
use crate::layers::Gap;
use crate::message::{self, Denial};
use crate::text::SourceMap;

use super::args::{DiagnoseArgs, ReachArgs};
use super::diagnose::has_layer_files;
use super::{Failure, Output, input};

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

/// What to say where AWS is not asked, and an option says how to ask it.
pub(super) fn unused(args: &DiagnoseArgs) -> Option<String> {
    let live = &args.live;
    let given = [
        ("--role-profile", live.role_profile.is_some()),
        ("--org-profile", live.org_profile.is_some()),
        ("--profile", args.profile.is_some() && args.aws_config.is_none()),
        ("--region, --endpoint-url or --timeout", live.reach.is_given()),
    ];
    let (name, _) = given.into_iter().find(|(_, is_given)| *is_given).filter(|_| !args.offline)?;
    Some(format!(
        "{name} has no effect: with files or policies, AWS is asked only if `--live` says so"
    ))
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

/// What to say where nobody knows who asks, and the answer goes on without.
pub(super) fn complain(error: &NoIdentity, output: &Output) {
    let source = source(error);
    let help = if error.help.is_empty() { String::new() } else { format!("; {}", error.help) };
    output.warn(&format!("{}{source}{help}", error.summary));
    error.remarks.iter().for_each(|remark| output.warn(remark));
}

fn source(error: &NoIdentity) -> String {
    match (&error.end, &*error.source) {
        (_, "") | (End::NoCredentials, _) => String::new(),
        (_, source) => format!("; the credentials come from {source}"),
    }
}

/// The answer where nobody knows who asks: what AWS says of the credentials, else that nothing could be
/// asked; and before that, what is wrong with the role whoever asks.
pub(super) fn nobody(
    args: &DiagnoseArgs,
    error: &NoIdentity,
    sources: &mut SourceMap,
) -> Diagnosis {
    let mut answer = match &error.end {
        End::Refused(text) => {
            let source = sources.add_given("what AWS said", text.as_str());
            let said = message::read(sources, source);
            said.first().map(evidence::bare)
        }
        End::NoCredentials | End::NoAnswer => None,
    }
    .unwrap_or_else(|| unasked(error));
    let action = args.role.as_ref().map(|_| "sts:AssumeRole".to_owned());
    answer.action = action.or_else(|| args.action.first().cloned()).unwrap_or_default();
    answer.resource = args.role.as_ref().or(args.resource.first()).cloned().unwrap_or_default();
    if let Some(found) = input::role_refused(args, sources) {
        answer.decision = found.decision;
        answer.headline = found.headline;
        answer.gates.splice(..0, found.gates);
        answer.findings = found.findings;
        answer.is_bare = false;
    }
    if error.end != End::NoCredentials {
        answer.notes.push(format!("{}{}", error.summary, source(error)));
    }
    answer.notes.extend(error.remarks.iter().cloned());
    answer
}

/// What AWS itself could say of an error text, before anything that is to be typed by hand.
pub(super) fn next(answer: &mut Diagnosis) {
    let is_record = answer.evidence.as_ref().is_some_and(|one| one.record.is_some());
    if !answer.is_bare || is_record {
        return;
    }
    let Some(found) = &mut answer.evidence else { return };
    let denial = &found.denial;
    let (what, command) = if let Some(id) = &denial.authorization_id {
        (
            "have AWS asked what it recorded, in the Region of the call",
            format!("why-denied --authorization-id {} --region REGION", id.value),
        )
    } else if denial.can_be_decoded() {
        ("have AWS decode the message", "why-denied --live ERROR_TEXT_OR_FILE".to_owned())
    } else if evidence::is_about_policies(denial) {
        (
            "have the policies read with your credentials, and evaluated",
            "why-denied --live ERROR_TEXT_OR_FILE".to_owned(),
        )
    } else {
        return;
    };
    found.next.insert(0, Step { what: what.to_owned(), command: Some(command) });
}

/// Says which option would say more of what is open.
pub(super) fn hint(args: &DiagnoseArgs, is_live: bool, answer: &mut Diagnosis) {
    if args.offline {
        return;
    }
    let open = answer.decision == Decision::Undetermined;
    let any = |is: &dyn Fn(&Gap) -> bool| answer.gaps.iter().any(is);
    let mut hints = Vec::new();
    if !is_live {
        // What the AWS CLI can show, AWS can be asked for.
        if open && any(&|gap| gap.supply.contains("`aws ")) {
            hints.push("`--live` reads what of this your credentials may read".to_owned());
        }
        answer.hints = hints;
        return;
    }
    if open && any(&|gap| gap.reason.contains("AWS refused it")) {
        hints.push("`why-denied permissions` prints the policy that lets you read it".to_owned());
    }
    let is_own = answer.identity.as_ref().is_some_and(|own| own.is_caller);
    let is_key = |gap: &Gap| gap.fact.contains(':') && !gap.fact.contains(' ');
    if open && any(&is_key) && !args.live.recent && args.evidence.is_empty() {
        hints.push(
            "`--recent` takes the request context of the last such denial from CloudTrail"
                .to_owned(),
        );
    }
    if !answer.decision.is_denied()
        && is_own
        && args.role.is_some()
        && !args.live.probe
        && !args.live.recent
    {
        hints.push("`--probe` really tries the call, and shows what AWS says".to_owned());
    }
    let takes_more = |gap: &Gap| {
        ["`--facts", "-policy FILE", "--scp", "--rcp"].iter().any(|one| gap.supply.contains(one))
    };
    if open && !args.live.live && any(&takes_more) {
        hints.push(
            "with files or policies that you pass, add `--live`, or AWS is not asked".to_owned(),
        );
    }
    answer.hints = hints;
}

fn unasked(error: &NoIdentity) -> Diagnosis {
    let credentials = error.end == End::NoCredentials;
    let headline = if credentials {
        format!("AWS was not asked: {}", error.summary)
    } else {
        error.summary.clone()
    };
    let gap = Gap {
        fact: "who calls, and every policy".to_owned(),
        reason: error.summary.clone(),
        supply: format!(
            "{}; or name the caller with `--caller ARN`, and give the policies with `--facts`",
            error.help
        ),
    };
    evidence::unasked(headline, gap, credentials)
}
