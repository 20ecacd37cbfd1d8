//! Denials that are the same but for the moment, counted together.

use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;
use foldhash::{HashMap, HashSet};
use jiff::Timestamp;

use super::context::context;
use super::denial::{Call, Denials, Reason, Told};
use super::event::Event;

/// Which denials are wanted.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Not before this.
    pub since: Option<Timestamp>,
    /// Before this.
    pub until: Option<Timestamp>,
    /// Principals; one of them, by ARN, name or a pattern with `*`.
    pub principals: Vec<String>,
    /// Actions; one of them, `*` stands for anything.
    pub actions: Vec<String>,
}

impl Filter {
    /// Whether an event may be wanted, as far as its time says.
    fn has_time(&self, time: Option<Timestamp>) -> bool {
        // An event without a moment is left out only if a moment was asked for.
        let at = |wanted: Option<Timestamp>, is_within: fn(Timestamp, Timestamp) -> bool| {
            wanted.is_none_or(|wanted| time.is_some_and(|time| is_within(time, wanted)))
        };
        at(self.since, |time, since| time >= since) && at(self.until, |time, until| time < until)
    }

    fn has(&self, denial: &Told<'_>) -> bool {
        let is_principal = |wanted: &String| {
            let caller = denial.caller.as_deref().unwrap_or_default();
            [&*denial.principal, caller].into_iter().any(|own| {
                let name = own.rsplit('/').next().unwrap_or(own);
                matches(wanted, own) || matches(wanted, name)
            })
        };
        let is_action = |wanted: &String| {
            matches(&wanted.to_ascii_lowercase(), &denial.action.to_ascii_lowercase())
        };
        (self.principals.is_empty() || self.principals.iter().any(is_principal))
            && (self.actions.is_empty() || self.actions.iter().any(is_action))
    }
}

/// Whether a text has a form in which `*` stands for anything.
pub(super) fn matches(form: &str, text: &str) -> bool {
    let mut parts = form.split('*');
    let Some(rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    let mut rest = rest;
    for part in parts {
        let Some((_, tail)) = rest.split_once(part) else { return false };
        rest = tail;
    }
    rest.ends_with(last)
}

/// Denials of one principal, action, resource and reason.
#[derive(Clone, Debug)]
pub struct Group {
    /// The role or user.
    pub principal: String,
    /// The action.
    pub action: Option<String>,
    /// The resource.
    pub resource: Option<String>,
    /// Why.
    pub reason: Reason,
    /// How many.
    pub count: u64,
    /// The first one's moment.
    pub first: Option<Timestamp>,
    /// The last one's moment.
    pub last: Option<Timestamp>,
    /// The last one.
    pub call: Call,
    /// Condition keys that others of them had another value of, or none.
    pub varies: Vec<&'static str>,
}

/// A group, and what tells whether another denial is one of it.
#[derive(Debug)]
struct Entry {
    group: Group,
    context: Vec<Hashed>,
}

/// A condition key, and its value as a hash.
type Hashed = (&'static str, u64);

impl Entry {
    fn is_of(&self, told: &Told<'_>) -> bool {
        let Group { principal, action, resource, reason, .. } = &self.group;
        *principal == told.principal
            && action.as_deref() == Some(&*told.action)
            && resource.as_deref() == told.resource.as_deref()
            && reason.code == told.code
            && reason.kind == told.kind
            && reason.layer == told.layer
            && reason.policy.as_deref() == told.policy.as_deref()
    }

    /// Notes what the context of another call has otherwise.
    fn compare(&mut self, other: &[Hashed]) {
        let Self { group: Group { varies, .. }, context: own } = self;
        let mut note = |key: &'static str| {
            if !varies.contains(&key) {
                varies.push(key);
            }
        };
        let pairs = own.iter().zip(other);
        // Mostly the same keys stand in the same order.
        if own.len() == other.len() && pairs.clone().all(|(one, two)| one.0 == two.0) {
            pairs.filter(|(one, two)| one.1 != two.1).for_each(|(one, _)| note(one.0));
            return;
        }
        let either = own.iter().chain(other);
        either.filter(|one| !own.contains(one) || !other.contains(one)).for_each(|one| note(one.0));
    }
}

/// Denials, grouped as they come.
#[derive(Debug, Default)]
pub struct Groups {
    filter: Filter,
    denials: Denials,
    groups: Vec<Entry>,
    places: HashMap<u64, Vec<usize>>,
    hasher: RandomState,
    /// The context of the event that was taken last, used again.
    context: Vec<Hashed>,
    seen: HashSet<u128>,
    total: u64,
    twice: u64,
}

impl Groups {
    /// Groups what passes the filter.
    pub fn new(filter: Filter) -> Self {
        Self { filter, ..Self::default() }
    }

    /// Takes an event, which may be no denial.
    pub fn push(&mut self, event: &Event<'_>) {
        if !self.filter.has_time(event.time) {
            return;
        }
        let Self { filter, denials, groups, places, hasher, context, seen, total, twice } = self;
        let Some(told) = denials.told(event) else { return };
        if !filter.has(&told) {
            return;
        }
        // Two trails may deliver one event.
        if let Some(id) = number(&event.id)
            && !seen.insert(id)
        {
            *twice += 1;
            return;
        }
        *total += 1;
        hash_context(event, hasher, context);
        let key = hasher.hash_one((
            &*told.principal,
            &*told.action,
            told.resource.as_deref(),
            (told.code, told.kind, told.layer, told.policy.as_deref()),
        ));
        let places = places.entry(key).or_default();
        let is_same = |place: &usize| groups.get(*place).is_some_and(|entry| entry.is_of(&told));
        let same = places.iter().copied().find(is_same);
        if let Some(entry) = same.and_then(|place| groups.get_mut(place)) {
            entry.compare(context);
            let group = &mut entry.group;
            group.count += 1;
            if event.time.is_some() && (group.first.is_none() || event.time < group.first) {
                group.first = event.time;
            }
            // Events of one second have an order too, so that the answer does not depend on files.
            if (event.time, &*event.id) > (group.last, &*group.call.event_id) {
                group.last = event.time;
                group.call = told.call(event);
            }
            return;
        }
        places.push(groups.len());
        let group = Group {
            principal: told.principal.to_string(),
            action: Some(told.action.to_string()),
            resource: told.resource.as_deref().map(str::to_owned),
            reason: told.reason(),
            count: 1,
            first: event.time,
            last: event.time,
            call: told.call(event),
            varies: Vec::new(),
        };
        groups.push(Entry { group, context: context.clone() });
    }

    /// How many denials there are, and how many were met a second time.
    pub fn totals(&self) -> (u64, u64) {
        (self.total, self.twice)
    }

    /// The groups, those with the most denials first, and of as many those that were last.
    pub fn finish(self) -> Vec<Group> {
        let mut groups: Vec<Group> = self.groups.into_iter().map(|entry| entry.group).collect();
        groups.iter_mut().for_each(|group| group.varies.sort_unstable());
        groups.sort_by(|one, other| {
            (other.count, other.last)
                .cmp(&(one.count, one.last))
                .then_with(|| one.principal.cmp(&other.principal))
                .then_with(|| one.action.cmp(&other.action))
                .then_with(|| one.resource.cmp(&other.resource))
                .then_with(|| one.reason.cmp(&other.reason))
        });
        groups
    }
}

/// The context of an event, each value as a hash. When its session was made says nothing.
fn hash_context(event: &Event<'_>, hasher: &RandomState, into: &mut Vec<Hashed>) {
    into.clear();
    context(event, |key, value| {
        if key != "aws:TokenIssueTime" {
            into.push((key, hasher.hash_one(value)));
        }
    });
}

/// An event's id as a number.
fn number(id: &str) -> Option<u128> {
    let mut digits = 0;
    let number =
        id.chars().filter(|letter| *letter != '-').try_fold(0_u128, |number, letter| {
            digits += 1;
            Some(number << 4 | u128::from(letter.to_digit(16)?))
        })?;
    (digits == 32).then_some(number)
}
