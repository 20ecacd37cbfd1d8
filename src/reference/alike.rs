//! Names that come near to others: what somebody may have meant who wrote one that does not exist.

use super::service::{Service, service};
use super::{global_key, global_keys};

/// Whether two texts are so alike that one is likely meant for the other: at most two edits, and
/// no more than one in eight characters. Runs of digits that differ are another thing, not a slip.
pub fn is_slip(left: &str, right: &str) -> bool {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let longest = left.len().max(right.len());
    let allowed = (longest / 8).min(2);
    if allowed == 0 || left.len().abs_diff(right.len()) > allowed {
        return false;
    }
    let distance = distance(&left, &right);
    let digits =
        |text: &[char]| text.iter().filter(|c| c.is_ascii_digit()).copied().collect::<Vec<_>>();
    distance <= allowed && digits(&left) == digits(&right)
}

/// Edits of one character (insert, remove, replace, swap of neighbours) between two texts.
fn distance(left: &[char], right: &[char]) -> usize {
    let width = right.len() + 1;
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..width).collect();
    for (i, l) in left.iter().enumerate() {
        let mut row = Vec::with_capacity(width);
        row.push(i + 1);
        for (j, r) in right.iter().enumerate() {
            let get = |row: &[usize], at: usize| row.get(at).copied().unwrap_or(usize::MAX / 2);
            let mut best = (get(&last, j + 1) + 1)
                .min(get(&row, j) + 1)
                .min(get(&last, j) + usize::from(l != r));
            let swapped =
                i > 0 && j > 0 && left.get(i - 1) == Some(r) && right.get(j - 1) == Some(l);
            if swapped {
                best = best.min(get(&before, j - 1) + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(0)
}

/// At most three keys that come near to one that does not exist.
pub fn alike_keys(key: &str, service: Option<&Service>) -> Vec<String> {
    let (head, tag) = match key.split_once('/') {
        Some((head, tag)) => (head, Some(tag)),
        None => (key, None),
    };
    let letters = |text: &str| {
        let kept = text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == ':');
        kept.map(|c| c.to_ascii_lowercase()).collect::<String>()
    };
    let name = |text: &str| text.split_once(':').map(|(_, name)| letters(name));
    let own = service
        .into_iter()
        .flat_map(|service| service.condition_keys().map(|key| key.name.to_owned()));
    let all: Vec<String> = global_keys()
        .map(|key| key.name.to_owned())
        .chain(own.filter(|name| !is_claim(&name.to_lowercase())))
        .filter(|name| name.contains('/') == tag.is_some())
        .map(|name| name.split_once('/').map_or(name.clone(), |(head, _)| head.to_owned()))
        .collect();
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

/// Whether `lower`, in lower case, is a key that AWS alone could fill in, that does not exist, and that
/// comes near to one that does: no request carries it.
pub fn is_misspelled_key(lower: &str) -> bool {
    let of_aws = lower.starts_with("aws:") || lower.starts_with("sts:");
    if !of_aws || global_key(lower).is_some() {
        return false;
    }
    let sts = service("sts");
    let exists = |service: &Service| service.condition_keys().any(|key| key.is(lower));
    !sts.as_ref().is_some_and(exists) && !alike_keys(lower, sts.as_ref()).is_empty()
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
    fn a_typing_slip_is_no_other_number() {
        assert!(!is_slip("111122223333", "111122223334"));
        assert!(!is_slip("dev", "prd"));
    }

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
