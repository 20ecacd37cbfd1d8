//! Names that come near to others: what somebody may have meant who wrote one that does not exist.

use std::collections::HashSet;
use std::sync::OnceLock;

use super::global_keys;
use super::service::{Service, fits, service};
use crate::text::{edits, is_slip};

/// At most three keys that come near to one that does not exist.
pub fn alike_keys(key: &str, service: Option<&Service>) -> Vec<String> {
    let (head, tag) = match key.split_once('/') {
        Some((head, tag)) => (head, Some(tag)),
        None => (key, None),
    };
    let name = |text: &str| text.split_once(':').map(|(_, name)| letters(name));
    let all = heads(service, tag.is_some());
    let tests: [&dyn Fn(&str) -> bool; 3] = [
        &|other| letters(other) == letters(head),
        &|other| name(other).is_some() && name(other) == name(head),
        &|other| is_slip(&letters(head), &letters(other)),
    ];
    let mut found: Vec<String> = Vec::new();
    for test in tests {
        for other in all.iter().filter(|other| test(other)) {
            let whole = tag.map_or(other.clone(), |tag| format!("{other}/{tag}"));
            if !found.contains(&whole) && !whole.eq_ignore_ascii_case(key) {
                found.push(whole);
            }
        }
        if !found.is_empty() {
            break;
        }
    }
    found.truncate(3);
    found
}

/// The letters and digits of a key, in lower case, with its colon.
fn letters(text: &str) -> String {
    let kept = text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == ':');
    kept.map(|c| c.to_ascii_lowercase()).collect()
}

/// The global keys and those of one service, as far as they take the key of a tag or do not, without it.
fn heads(service: Option<&Service>, tagged: bool) -> Vec<String> {
    let own = service
        .into_iter()
        .flat_map(|service| service.condition_keys().map(|key| key.name.to_owned()));
    global_keys()
        .map(|key| key.name.to_owned())
        .chain(own.filter(|name| !is_claim(&name.to_lowercase())))
        .filter(|name| name.contains('/') == tagged)
        .map(|name| name.split_once('/').map_or(name.clone(), |(head, _)| head.to_owned()))
        .collect()
}

/// At most three keys that somebody may have meant who wrote one that AWS does not list, by a wider
/// measure than [`alike_keys`]: good enough to ask, and not to decide.
pub fn similar_keys(key: &str, service: Option<&Service>) -> Vec<String> {
    let (head, tag) = key.split_once('/').map_or((key, None), |(head, tag)| (head, Some(tag)));
    let name = |text: &str| letters(text.rsplit_once(':').map_or(text, |(_, name)| name));
    let wanted = name(head);
    let distance = |other: &String| {
        let other = name(other);
        let far = edits(&wanted, &other);
        let (short, long) =
            if wanted.len() < other.len() { (&wanted, &other) } else { (&other, &wanted) };
        let within = short.len() >= 6 && short.len() * 2 >= long.len() && is_within(short, long);
        (within || far <= long.len() / 4).then_some(far)
    };
    let mut found: Vec<(usize, String)> = heads(service, tag.is_some())
        .into_iter()
        .filter_map(|other| {
            Some((distance(&other)?, tag.map_or(other.clone(), |tag| format!("{other}/{tag}"))))
        })
        .collect();
    found.sort();
    found.dedup();
    found.into_iter().map(|(_, key)| key).take(3).collect()
}

/// Whether the letters of `short` stand in `long` in this order.
fn is_within(short: &str, long: &str) -> bool {
    let mut rest = long.chars();
    short.chars().all(|wanted| rest.any(|c| c == wanted))
}

/// Whether `lower`, in lower case, is a key that AWS alone could fill in, that does not exist, and that
/// comes near to one that does: no request carries it.
pub fn is_misspelled_key(lower: &str) -> bool {
    // Asked for every condition of every request, so the keys are inflated once.
    static KNOWN: OnceLock<KnownKeys> = OnceLock::new();
    let of_aws = lower.starts_with("aws:") || lower.starts_with("sts:");
    of_aws
        && !KNOWN.get_or_init(KnownKeys::read).has(lower)
        && !alike_keys(lower, service("sts").as_ref()).is_empty()
}

/// The global condition keys and those of STS.
struct KnownKeys {
    /// Names in lower case; those of tags end with a slash.
    names: HashSet<String>,
    /// Names of which a part is open.
    forms: Vec<String>,
}

impl KnownKeys {
    fn read() -> Self {
        let sts = service("sts");
        let of_sts = sts.iter().flat_map(Service::condition_keys).map(|key| key.name.to_owned());
        let (forms, names): (Vec<_>, Vec<_>) = of_sts.partition(|name| name.contains(['$', '<']));
        let global = global_keys().map(|key| key.name.to_lowercase());
        let names = names.into_iter().map(|name| name.to_lowercase()).chain(global).collect();
        Self { names, forms }
    }

    fn has(&self, lower: &str) -> bool {
        let name = match lower.split_once('/') {
            Some((front, tag)) if !tag.is_empty() => lower.get(..=front.len()).unwrap_or(lower),
            _ => lower.trim_end_matches('/'),
        };
        self.names.contains(name) || self.forms.iter().any(|form| fits(form, lower))
    }
}

/// Whether the key is a claim of an identity provider: `token.actions.githubusercontent.com:sub`.
pub fn is_claim(lower: &str) -> bool {
    let host = lower.rsplit_once(':').map_or("", |(host, _)| host);
    !lower.starts_with("arn:")
        && !host.contains(':')
        && host.split('/').next().is_some_and(|host| host.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_come_near() {
        let sts = service("sts");
        let near = |key| alike_keys(key, sts.as_ref());
        assert_eq!(near("aws:PrincipleArn"), ["aws:PrincipalArn"]);
        assert_eq!(near("sts:External-Id"), ["sts:ExternalId"]);
        assert_eq!(near("aws:ExternalId"), ["sts:ExternalId"]);
        assert_eq!(near("sts:SourceIp"), ["aws:SourceIp"]);
        assert_eq!(near("aws:PrincipalTags/team"), ["aws:PrincipalTag/team"]);
        assert_eq!(near("aws:MultiFactorAuthPresnt"), ["aws:MultiFactorAuthPresent"]);
        assert_eq!(near("aws:SomethingElse"), Vec::<String>::new());
    }

    #[test]
    fn keys_that_may_have_been_meant() {
        let sts = service("sts");
        let near = |key| similar_keys(key, sts.as_ref());
        assert_eq!(near("sts:ExternId"), ["sts:ExternalId"]);
        assert_eq!(near("ExternalId"), ["sts:ExternalId"]);
        assert_eq!(
            near("aws:PrincipalOrganizationID").first().map(String::as_str),
            Some("aws:PrincipalOrgID")
        );
        assert_eq!(near("aws:Weather"), Vec::<String>::new());
    }

    #[test]
    fn claims_of_identity_providers() {
        assert!(is_claim("token.actions.githubusercontent.com:sub"));
        assert!(is_claim("oidc.eks.eu-west-1.amazonaws.com/id/0123:aud"));
        assert!(!is_claim("aws:requesttag/a.b") && !is_claim("sts:externalid"));
        assert!(!is_claim("codebuild:environment.computetype"));
    }

    #[test]
    fn keys_that_exist_are_not_misspelled() {
        for key in global_keys() {
            let tagged = key.name.to_lowercase().replace('/', "/team");
            assert!(!is_misspelled_key(&tagged), "{tagged}");
        }
        for key in service("sts").unwrap().condition_keys() {
            assert!(!is_misspelled_key(&key.name.to_lowercase()), "{}", key.name);
        }
        assert!(is_misspelled_key("aws:principlearn") && is_misspelled_key("sts:external-id"));
        assert!(!is_misspelled_key("aws:somethingnew") && !is_misspelled_key("s3:prefx"));
    }
}
