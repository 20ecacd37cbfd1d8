//! Services: their actions, resource types and condition keys, as the Service Authorization Reference
//! has them.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>

use super::archive::Archive;
use super::lines::members;

pub(super) const SERVICES: Archive = Archive {
    index: include_str!("data/services.idx"),
    blocks: include_bytes!("data/services.bin"),
};

/// Every service prefix with the service's name, sorted by prefix.
pub fn services() -> impl Iterator<Item = (&'static str, &'static str)> {
    SERVICES.entries().map(|entry| (entry.key, entry.words))
}

/// The name of the service with this prefix, in lower case: `s3` is `Amazon S3`.
pub fn service_name(prefix: &str) -> Option<&'static str> {
    SERVICES.entry(prefix).map(|entry| entry.words)
}

/// All that is known of the service with this prefix, in lower case.
pub fn service(prefix: &str) -> Option<Service> {
    let entry = SERVICES.entry(prefix)?;
    Some(Service { prefix: entry.key, name: entry.words, text: SERVICES.text(entry)? })
}

/// One service.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its prefix in actions: `s3`.
    pub prefix: &'static str,
    /// Its name: `Amazon S3`.
    pub name: &'static str,
    /// A line for each condition key, resource type and action.
    text: String,
}

/// One action of a service.
#[derive(Clone, Debug)]
pub struct Action<'s> {
    /// Its name without the service's prefix, as AWS writes it: `GetObject`.
    pub name: &'s str,
    /// `Read`, `List`, `Write`, `Tagging, Write` or `Permissions management, Write`.
    pub access: &'s str,
    /// The resource types that it takes; none: only `*`.
    pub resources: Vec<ActionResource<'s>>,
    service: &'s Service,
    keys: &'s str,
}

/// A resource type as one action takes it.
#[derive(Clone, Debug)]
pub struct ActionResource<'s> {
    /// The name of the resource type: `object`.
    pub name: &'s str,
    /// Whether the action always takes such a resource.
    pub required: bool,
    service: &'s Service,
    keys: &'s str,
}

/// A resource type of a service.
#[derive(Clone, Debug)]
pub struct ResourceType<'s> {
    /// Its name: `object`.
    pub name: &'s str,
    /// The form of its ARN: `arn:${Partition}:s3:::${BucketName}/${ObjectName}`.
    pub arn: &'s str,
    service: &'s Service,
    keys: &'s str,
}

/// A condition key that some action or resource type of a service has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceKey<'s> {
    /// As AWS writes it, with a placeholder where part of it is free: `aws:RequestTag/${TagKey}`.
    pub name: &'s str,
    /// `String`, `ARN`, `Bool`, `Numeric`, `Date`, `IPAddress`, or one of them after `ArrayOf`; empty
    /// where AWS does not say.
    pub kind: &'s str,
}

impl ServiceKey<'_> {
    /// Whether a request carries many values of it.
    pub fn is_multivalued(&self) -> bool {
        self.kind.starts_with("ArrayOf")
    }

    /// Whether this is the key `key`, in any case and with any text for a placeholder.
    pub fn is(&self, key: &str) -> bool {
        fits(self.name, key)
    }
}

/// Whether `key` has the form of `name`, in which `${…}` and `<…>` stand for one character or more.
pub(super) fn fits(name: &str, key: &str) -> bool {
    // Most differ before any placeholder.
    let mut pairs = name.bytes().zip(key.bytes());
    match pairs.find(|(own, other)| !own.eq_ignore_ascii_case(other) || matches!(own, b'$' | b'<'))
    {
        Some((b'$' | b'<', _)) => {}
        Some(_) => return false,
        None if name.len() == key.len() => return true,
        None => {}
    }
    let opening = name.find("${").into_iter().chain(name.find('<')).min();
    let Some((front, rest)) = opening.and_then(|at| name.split_at_checked(at)) else {
        return name.eq_ignore_ascii_case(key);
    };
    let Some((_, back)) = rest.split_once(['}', '>']) else {
        return name.eq_ignore_ascii_case(key);
    };
    let Some((start, tail)) = key.split_at_checked(front.len()) else { return false };
    if !start.eq_ignore_ascii_case(front) {
        return false;
    }
    // What follows a placeholder starts behind at least one character.
    let mut cuts = tail.char_indices().skip(1).map(|(at, _)| at).chain([tail.len()]);
    !tail.is_empty() && cuts.any(|at| tail.get(at..).is_some_and(|tail| fits(back, tail)))
}

/// The resource types in the list of an action: `function!:3,4 function alias:`. The name of one may
/// hold spaces; then whether it is required, and the numbers of its keys.
pub(super) fn taken(list: &str) -> impl Iterator<Item = (&str, bool, &str)> {
    let mut rest = list;
    std::iter::from_fn(move || {
        let (name, after) = rest.split_once(':')?;
        let (keys, next) = after.split_once(' ').unwrap_or((after, ""));
        rest = next;
        Some((name.trim_end_matches('!'), name.ends_with('!'), keys))
    })
}

impl Service {
    fn lines(&self, kind: &'static str) -> impl Iterator<Item = &str> {
        self.text.lines().filter_map(move |line| line.strip_prefix(kind)?.strip_prefix('\t'))
    }

    fn keys_at<'s>(&'s self, places: &'s str) -> impl Iterator<Item = ServiceKey<'s>> {
        let places = places.split(',').filter_map(|place| place.parse::<usize>().ok());
        places.filter_map(|place| self.condition_keys().nth(place))
    }

    /// Every action, sorted by name.
    pub fn actions(&self) -> impl Iterator<Item = Action<'_>> {
        self.lines("A").filter_map(|line| self.read_action(line))
    }

    /// The action of this name, in any case.
    pub fn action(&self, name: &str) -> Option<Action<'_>> {
        let is_it =
            |line: &&str| members(line).next().is_some_and(|own| own.eq_ignore_ascii_case(name));
        self.lines("A").find(is_it).and_then(|line| self.read_action(line))
    }

    fn read_action<'s>(&'s self, line: &'s str) -> Option<Action<'s>> {
        let mut parts = members(line);
        let (name, access, keys) = (parts.next()?, parts.next()?, parts.next()?);
        let resources = taken(parts.next()?).map(|(name, required, keys)| ActionResource {
            name,
            required,
            service: self,
            keys,
        });
        Some(Action { name, access, resources: resources.collect(), service: self, keys })
    }

    /// Every resource type, sorted by name.
    pub fn resource_types(&self) -> impl Iterator<Item = ResourceType<'_>> {
        self.lines("R").filter_map(|line| {
            let mut parts = members(line);
            let (name, arn, keys) = (parts.next()?, parts.next()?, parts.next()?);
            Some(ResourceType { name, arn, service: self, keys })
        })
    }

    /// Every condition key, sorted by name.
    pub fn condition_keys(&self) -> impl Iterator<Item = ServiceKey<'_>> {
        self.lines("K").filter_map(|line| {
            let (name, kind) = line.split_once('\t')?;
            Some(ServiceKey { name, kind })
        })
    }
}

impl<'s> Action<'s> {
    /// The condition keys that a request for this action may carry on any resource, besides the global
    /// ones.
    pub fn condition_keys(&self) -> impl Iterator<Item = ServiceKey<'s>> + use<'s> {
        self.service.keys_at(self.keys)
    }

    /// Whether a request for this action may carry `key`, one of the action, of a resource type that it
    /// takes, or of what it takes of that type. Global keys are not looked at.
    pub fn may_carry(&self, key: &str) -> bool {
        let own = self
            .condition_keys()
            .chain(self.resources.iter().flat_map(ActionResource::condition_keys));
        let of_types = (self.service.resource_types())
            .filter(|one| self.resources.iter().any(|taken| taken.name == one.name));
        own.into_iter().any(|own| own.is(key))
            || of_types.into_iter().any(|one| one.condition_keys().any(|own| own.is(key)))
    }
}

impl<'s> ActionResource<'s> {
    /// The condition keys that the action has on resources of this type alone.
    pub fn condition_keys(&self) -> impl Iterator<Item = ServiceKey<'s>> + use<'s> {
        self.service.keys_at(self.keys)
    }
}

impl<'s> ResourceType<'s> {
    /// The condition keys that a resource of this type brings along.
    pub fn condition_keys(&self) -> impl Iterator<Item = ServiceKey<'s>> + use<'s> {
        self.service.keys_at(self.keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_stands_for_one_character_or_more() {
        for (name, key, expected) in [
            ("aws:TagKeys", "AWS:tagkeys", true),
            ("aws:RequestTag/${TagKey}", "aws:requesttag/team", true),
            ("aws:RequestTag/${TagKey}", "aws:RequestTag/", false),
            ("s3:ExistingObjectTag/<key>", "s3:ExistingObjectTag/a", true),
            ("a:b/${x}.value", "a:b/one.value", true),
            ("a:b/${x}.value", "a:b/.value", false),
            ("agent.${Domain}.dev:sub", "agent.a.b.dev:sub", true),
            ("aws:RequestTag/${TagKey}", "aws:Request\u{e9}", false),
        ] {
            assert_eq!(fits(name, key), expected, "{name} {key}");
        }
    }

    #[test]
    fn every_place_of_a_key_leads_to_one() {
        let places = |keys: &str| keys.split(',').filter(|place| !place.is_empty()).count();
        for (prefix, _) in services() {
            let service = service(prefix).unwrap();
            for action in service.actions() {
                assert_eq!(action.condition_keys().count(), places(action.keys), "{}", action.name);
            }
            for resource in service.resource_types() {
                assert_eq!(resource.condition_keys().count(), places(resource.keys));
            }
        }
    }
}
