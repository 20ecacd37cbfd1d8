//! CloudTrail's events given as evidence: what was denied in them, with all that they tell of the request.

use std::collections::HashMap;
use std::ops::Range;

use jiff::Timestamp;

use crate::evidence::{bare, not_denied};
use crate::finding::Diagnosis;
use crate::message::{self, Denial};
use crate::request::{Given, Request};
use crate::text::{SourceId, SourceMap, Span, Spanned};
use crate::trail::{self, Damage, Filter, Group, Groups, Piece, Scanner, Sink, codes};

use super::args::DiagnoseArgs;
use super::evidence::Told;
use super::input::{self, Asked};
use super::{Failure, trail as listing};

/// What there is of CloudTrail in a text.
pub(super) enum Events {
    /// It is something else, or damaged.
    Nothing,
    /// Denials.
    Told(Vec<Told>),
    /// Events, and none of them is a denial.
    NotDenied(Box<Diagnosis>),
}

/// The events of a text that holds nothing else.
pub(super) fn read(sources: &SourceMap, source: SourceId) -> Events {
    let text = sources.text(source);
    if !text.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '[']) {
        return Events::Nothing;
    }
    let mut scanner = Scanner::of_every_event();
    let mut found = Found::new();
    scanner.read(text.as_bytes(), &mut found);
    if found.events == 0 || found.is_foreign || scanner.totals().others > 0 {
        return Events::Nothing;
    }
    let mut told = Vec::new();
    for group in found.groups.finish() {
        let (range, span) = place(found.places.get(&group.call.event_id), source, text);
        let denials = message::read_within(sources, source, range).denials;
        let denial = listing::denial_of(&group, denials, span);
        told.push(Told { group: Some(group), ..Told::from(denial) });
    }
    // What was refused for another reason than a policy is read as any text.
    for (_, range) in &found.failed {
        let (range, _) = place(Some(range), source, text);
        let denials = message::read_within(sources, source, range).denials;
        told.extend(denials.into_iter().map(Told::from));
    }
    if !told.is_empty() {
        return Events::Told(told);
    }
    let failed: Vec<&str> = found.failed.iter().map(|(code, _)| code.as_str()).collect();
    let call = found.call.as_ref().map(|(principal, operation)| (&**principal, &**operation));
    Events::NotDenied(Box::new(not_denied(found.events, &failed, call)))
}

/// Where an event stands.
fn place(range: Option<&Range<usize>>, source: SourceId, text: &str) -> (Range<usize>, Span) {
    let range = range.cloned().unwrap_or(0..text.len());
    let to_u32 = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let span = Span { source, start: to_u32(range.start), end: to_u32(range.end) };
    (range, span)
}

/// What was found so far.
struct Found {
    groups: Groups,
    /// Where each event stands that was denied, by its id.
    places: HashMap<String, Range<usize>>,
    events: u64,
    /// The codes of other errors, and where their events stand.
    failed: Vec<(String, Range<usize>)>,
    /// The only event: who called what.
    call: Option<(String, String)>,
    /// Whether something else is there too, or some of it is damaged.
    is_foreign: bool,
}

impl Found {
    fn new() -> Self {
        Self {
            groups: Groups::new(Filter::default()),
            places: HashMap::new(),
            events: 0,
            failed: Vec::new(),
            call: None,
            is_foreign: false,
        }
    }
}

impl Sink for Found {
    fn piece(&mut self, piece: Piece, bytes: &[u8], at: u64) -> bool {
        let start = usize::try_from(at).unwrap_or(usize::MAX);
        let range = start..start.saturating_add(bytes.len());
        trail::read(piece, bytes, &mut |event| {
            if event.name.is_empty() || event.source.is_empty() {
                self.is_foreign = true;
                return;
            }
            self.events += 1;
            if codes::is_denied(&event) {
                self.places.insert(event.id.to_string(), range.clone());
                self.groups.push(&event);
            } else if !event.error_code.is_empty() {
                self.failed.push((event.error_code.to_string(), range.clone()));
            } else if event.has_failed {
                let text = message::without_secrets(&event.error_message);
                self.failed.push((text, range.clone()));
            }
            let service = event.source.split('.').next().unwrap_or_default();
            let operation = format!("{service}:{}", event.name);
            self.call = (self.events == 1).then(|| (event.identity.arn.to_string(), operation));
        })
    }

    fn damage(&mut self, _: Damage, _: u64) {
        self.is_foreign = true;
    }
}

/// The answer without facts: what the event tells of the request counts as much as its text.
pub(super) fn bare_event(denial: &Denial, event: &Group) -> Diagnosis {
    let mut full = denial.clone();
    let fill = |field: &mut Option<Spanned<String>>, value: Option<&String>| {
        if let (None, Some(value)) = (&field, value) {
            *field = Some(Spanned { value: value.clone(), span: denial.span });
        }
    };
    fill(&mut full.principal, event.call.caller.as_ref().or(Some(&event.principal)));
    fill(&mut full.action, event.action.as_ref());
    fill(&mut full.resource, event.resource.as_ref());
    let mut answer = bare(&full);
    // What was read from the text is told apart from what was worked out.
    if let Some(evidence) = &mut answer.evidence {
        evidence.denial = denial.clone();
    }
    let context = event.call.context.iter().filter_map(|(key, value)| {
        let values = match value {
            Given::Absent => return None,
            Given::One(value) => vec![value.clone()],
            Given::Many(values) => values.clone(),
        };
        Some(((*key).to_owned(), values))
    });
    answer.context = context.collect();
    answer
}

/// The request that an event tells of, and the options, which win; or what is missing.
pub(super) fn request(
    args: &DiagnoseArgs,
    told: (&Denial, &Group),
    sources: &mut SourceMap,
    time: Option<Timestamp>,
) -> Result<Result<Request, String>, Failure> {
    let (denial, group) = told;
    let mut group = group.clone();
    if let Some(caller) = &args.caller {
        let call = &mut group.call;
        call.caller = Some(caller.clone());
        (call.federated, call.role, call.unique_id, call.temporary) = (None, None, None, None);
    }
    if let Some(action) = args.action.first() {
        group.action = Some(action.clone());
    }
    if let Some(resource) = args.resource.first() {
        group.resource = Some(resource.clone());
        group.call.owner = None;
    }
    let mut request = match trail::request(&group, sources) {
        Ok(request) => request,
        Err(why) => return Ok(Err(why)),
    };
    // Findings point into the event, where its text says so.
    let span = |said: &Option<Spanned<String>>, own: &str| {
        said.as_ref().filter(|said| said.value == own).map(|said| said.span)
    };
    let caller = span(&denial.principal, &request.caller.text.value);
    request.caller.text.span = caller.unwrap_or(request.caller.text.span);
    let action = span(&denial.action, &request.action.value);
    request.action.span = action.unwrap_or(request.action.span);
    let resource = span(&denial.resource, &request.resource.text().value);
    if let Some(span) = resource {
        request.resource.set_span(span);
    }
    if args.time.is_some() {
        request.time = time;
        request.time_is_assumed = false;
    }
    if request.time.is_none() {
        request.time = time;
        request.time_is_assumed = true;
    }
    if !has_options(args) {
        return Ok(Ok(request));
    }
    let (caller, action) = (&request.caller.text.value, &request.action.value);
    let resource = &request.resource.text().value;
    let asked = Asked { caller, action, resource, presented: None };
    let given = input::request(args, sources, &asked, time)?;
    for entry in given.context.entries() {
        request.context.set(&entry.key, entry.value.clone(), entry.span);
    }
    if args.context.iter().any(|text| text.to_ascii_lowercase().starts_with("aws:resourceaccount="))
    {
        request.resource.account = given.resource.account;
    }
    match (&mut request.parameters, given.parameters) {
        (Some(own), Some(given)) => own.take(given),
        (own @ None, given) => *own = given,
        (Some(_), None) => {}
    }
    Ok(Ok(request))
}

/// Whether an option says something of the request besides who, what and on what.
fn has_options(args: &DiagnoseArgs) -> bool {
    let lists = [&args.context, &args.tag, &args.transitive_tag];
    let texts = [&args.external_id, &args.session_name, &args.source_identity, &args.source_ip];
    lists.iter().any(|list| !list.is_empty())
        || texts.iter().any(|text| text.is_some())
        || args.duration.is_some()
        || args.mfa
}
