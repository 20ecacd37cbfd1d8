//! The errors of a text, each distinct one once.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use crate::message::{Denial, ErrorClass};
use crate::text::Spanned;

/// So many distinct errors are kept; a text with more is no log that somebody reads.
const MOST: usize = 10_000;

/// So many that differ in little are told apart.
const ALIKE: usize = 32;

/// The errors that were found so far, each distinct one once.
#[derive(Default)]
pub(in crate::message) struct Found {
    denials: Vec<Denial>,
    /// Those with one class, principal, action and resource.
    alike: HashMap<u64, Vec<usize>>,
    /// How many more distinct ones there are.
    pub(in crate::message) more: usize,
}

impl Found {
    pub(in crate::message) fn add(&mut self, denial: Denial) {
        let bucket = self.alike.entry(key(&denial)).or_default();
        let same = bucket
            .iter()
            .copied()
            .find(|at| self.denials.get(*at).is_some_and(|other| is_same(other, &denial)));
        let room = self.denials.len() < MOST;
        match same.and_then(|at| self.denials.get_mut(at)) {
            Some(other) => absorb(other, denial),
            None if room && bucket.len() < ALIKE => {
                bucket.push(self.denials.len());
                self.denials.push(denial);
            }
            None => self.more += 1,
        }
    }

    pub(in crate::message) fn finish(mut self) -> (Vec<Denial>, usize) {
        // What says less than another of its kind is an echo of it.
        let mut full: Vec<ErrorClass> = Vec::new();
        for denial in self.denials.iter().filter(|denial| !is_bare(denial)) {
            if !full.contains(&denial.class) {
                full.push(denial.class);
            }
        }
        self.denials.retain(|denial| !(is_bare(denial) && full.contains(&denial.class)));
        (self.denials, self.more)
    }
}

fn key(denial: &Denial) -> u64 {
    let mut hasher = DefaultHasher::new();
    denial.class.id().hash(&mut hasher);
    for field in [&denial.principal, &denial.action, &denial.resource] {
        field.as_ref().map(|one| &one.value).hash(&mut hasher);
    }
    hasher.finish()
}

fn is_bare(denial: &Denial) -> bool {
    denial.action.is_none()
        && denial.operation.is_none()
        && denial.resource.is_none()
        && denial.service.is_none()
        && denial.request_id.is_none()
        && denial.encoded.is_none()
}

/// Whether two tell of the same error, as far as both speak.
fn is_same(one: &Denial, other: &Denial) -> bool {
    fn agree<T: PartialEq>(one: &Option<Spanned<T>>, other: &Option<Spanned<T>>) -> bool {
        match (one, other) {
            (Some(one), Some(other)) => one.value == other.value,
            _ => true,
        }
    }
    fn equal<T: PartialEq>(one: &Option<Spanned<T>>, other: &Option<Spanned<T>>) -> bool {
        one.as_ref().map(|one| &one.value) == other.as_ref().map(|other| &other.value)
    }
    // What only one of them could have said of one event.
    let id_alone = |one: &Denial, other: &Denial| {
        one.request_id.is_some() && other.request_id.is_none() && one.encoded.is_none()
    };
    let is_other_blob = match (one.encoded, other.encoded) {
        (Some(_), Some(_)) => {
            let ids = one.request_id.as_ref().zip(other.request_id.as_ref());
            one.encoded_length != other.encoded_length
                && ids.is_some_and(|(one, other)| one.value != other.value)
        }
        (None, Some(_)) => id_alone(one, other),
        (Some(_), None) => id_alone(other, one),
        (None, None) => false,
    };
    one.class == other.class
        && !is_other_blob
        && equal(&one.principal, &other.principal)
        && equal(&one.action, &other.action)
        && equal(&one.resource, &other.resource)
        && agree(&one.kind, &other.kind)
        && agree(&one.policy_type, &other.policy_type)
        && agree(&one.policy_arn, &other.policy_arn)
        && agree(&one.code, &other.code)
        && agree(&one.service, &other.service)
        && agree(&one.operation, &other.operation)
}

/// Takes over what the other tells more.
fn absorb(one: &mut Denial, other: Denial) {
    // An id that a tool cut short is told in full where the error is told again.
    let is_whole = matches!((&one.request_id, &other.request_id), (Some(mine), Some(other))
        if other.value.len() > mine.value.len() && other.value.starts_with(&mine.value));
    if is_whole {
        one.request_id = None;
    } else {
        one.count += other.count;
    }
    one.kind = one.kind.take().or(other.kind);
    one.policy_type = one.policy_type.take().or(other.policy_type);
    one.policy_arn = one.policy_arn.take().or(other.policy_arn);
    one.code = one.code.take().or(other.code);
    if one.service.is_none() {
        (one.service, one.service_is_likely) = (other.service, other.service_is_likely);
    }
    one.operation = one.operation.take().or(other.operation);
    one.request_id = one.request_id.take().or(other.request_id);
    one.authorization_id = one.authorization_id.take().or(other.authorization_id);
    if one.encoded.is_none() {
        (one.encoded, one.encoded_length) = (other.encoded, other.encoded_length);
    }
}
