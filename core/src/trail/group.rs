//! Denials that are the same but for the moment, counted together.

use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;
use foldhash::{HashMap, HashSet};
use jiff::Timestamp;

use super::denial::{Call, Denial, Denials, Reason};
use super::event::Event;
use crate::request::Given;

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

    fn has(&self, denial: &Denial) -> bool {
        let is_principal = |wanted: &String| {
            let caller = denial.call.caller.as_deref().unwrap_or_default();
            [denial.principal.as_str(), caller].into_iter().any(|own| {
                let name = own.rsplit('/').next().unwrap_or(own);
                matches(wanted, own) || matches(wanted, name)
            })
        };
        let is_action = |wanted: &String| {
            let own = denial.action.as_deref().unwrap_or_default();
            matches(&wanted.to_ascii_lowercase(), &own.to_ascii_lowercase())
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

impl Group {
    /// Notes what the context of another call has otherwise. When its session was made says nothing.
    fn compare(&mut self, call: &Call) {
        let (own, other) = (&self.call.context, &call.context);
        let mut note = |key: &'static str| {
            if key != "aws:TokenIssueTime" && !self.varies.contains(&key) {
                self.varies.push(key);
            }
        };
        let pairs = own.iter().zip(other);
        // Mostly the same keys stand in the same order.
        if own.len() == other.len() && pairs.clone().all(|(one, two)| one.0 == two.0) {
            pairs.filter(|(one, two)| one.1 != two.1).for_each(|(one, _)| note(one.0));
            return;
        }
        for (key, value) in own.iter().chain(other) {
            let is_same = |context: &[(&str, Given)]| {
                context.iter().any(|(name, given)| name == key && given == value)
            };
            if !is_same(own) || !is_same(other) {
                note(key);
            }
        }
    }
}

/// Denials, grouped as they come.
#[derive(Debug, Default)]
pub struct Groups {
    filter: Filter,
    denials: Denials,
    groups: Vec<Group>,
    places: HashMap<u64, Vec<usize>>,
    hasher: RandomState,
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
        let Some(denial) = self.denials.of(event) else { return };
        if !self.filter.has(&denial) {
            return;
        }
        // Two trails may deliver one event.
        if let Some(id) = number(&event.id)
            && !self.seen.insert(id)
        {
            self.twice += 1;
            return;
        }
        self.total += 1;
        self.add(denial);
    }

    fn add(&mut self, denial: Denial) {
        let Denial { principal, action, resource, reason, call } = denial;
        let key = self.hasher.hash_one((&principal, &action, &resource, &reason));
        let places = self.places.entry(key).or_default();
        let same = places.iter().copied().find(|place| {
            self.groups.get(*place).is_some_and(|group| {
                group.principal == principal
                    && group.action == action
                    && group.resource == resource
                    && group.reason == reason
            })
        });
        if let Some(group) = same.and_then(|place| self.groups.get_mut(place)) {
            group.count += 1;
            group.compare(&call);
            if call.time.is_some() && (group.first.is_none() || call.time < group.first) {
                group.first = call.time;
            }
            // Events of one second have an order too, so that the answer does not depend on files.
            if (call.time, &call.event_id) > (group.last, &group.call.event_id) {
                group.last = call.time;
                group.call = call;
            }
            return;
        }
        places.push(self.groups.len());
        let (first, last) = (call.time, call.time);
        self.groups.push(Group {
            principal,
            action,
            resource,
            reason,
            count: 1,
            first,
            last,
            call,
            varies: Vec::new(),
        });
    }

    /// How many denials there are, and how many were met a second time.
    pub fn totals(&self) -> (u64, u64) {
        (self.total, self.twice)
    }

    /// The groups, those with the most denials first, and of as many those that were last.
    pub fn finish(self) -> Vec<Group> {
        let mut groups = self.groups;
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
