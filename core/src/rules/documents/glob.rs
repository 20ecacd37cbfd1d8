//! Patterns with `*` and `?` compared with texts and with each other, without being compiled.
//!
//! All of it is on bytes and without regard to ASCII case unless it says otherwise. What cannot be
//! told at a fair price is answered in the direction in which no finding follows.

/// Whether `pattern` matches `text`.
pub fn matches(pattern: &str, text: &str) -> bool {
    // The first bytes tell most apart, and without wildcards, which is the usual case, there is little
    // to do.
    if let (Some(first), Some(other)) = (pattern.as_bytes().first(), text.as_bytes().first())
        && !matches!(first, b'*' | b'?')
        && !first.eq_ignore_ascii_case(other)
    {
        return false;
    }
    if !pattern.bytes().any(|byte| matches!(byte, b'*' | b'?')) {
        return pattern.eq_ignore_ascii_case(text);
    }
    walk(pattern.as_bytes(), text.as_bytes(), |wanted, found| {
        wanted == b'?' || wanted.eq_ignore_ascii_case(&found)
    })
}

/// Whether everything that `inner` matches is matched by `outer`. It may say no where it is so.
pub fn covers(outer: &str, inner: &str) -> bool {
    if outer == "*" {
        return true;
    }
    let Some((outer, inner)) = behind_fixed(outer, inner, <[u8]>::eq_ignore_ascii_case) else {
        return false;
    };
    walk(outer, inner, |wanted, found| match found {
        b'*' => false,
        b'?' => wanted == b'?',
        _ => wanted == b'?' || wanted.eq_ignore_ascii_case(&found),
    })
}

/// What follows the fixed bytes with which `outer` begins, in both; `None` where `inner` does not begin
/// so, or has more after an `outer` that is fixed as a whole.
fn behind_fixed<'t>(
    outer: &'t str,
    inner: &'t str,
    same: impl Fn(&[u8], &[u8]) -> bool,
) -> Option<(&'t [u8], &'t [u8])> {
    let (outer, inner) = (outer.as_bytes(), inner.as_bytes());
    let fixed = memchr::memchr2(b'*', b'?', outer).unwrap_or(outer.len());
    if fixed == outer.len() && fixed != inner.len() {
        return None;
    }
    let ((front, outer), (start, inner)) =
        (outer.split_at_checked(fixed)?, inner.split_at_checked(fixed)?);
    same(front, start).then_some((outer, inner))
}

/// The same with regard to case, as for ARNs.
pub fn covers_exactly(outer: &str, inner: &str) -> bool {
    if outer == "*" {
        return true;
    }
    let Some((outer, inner)) = behind_fixed(outer, inner, |one, other| one == other) else {
        return false;
    };
    walk(outer, inner, |wanted, found| match found {
        b'*' => false,
        b'?' => wanted == b'?',
        _ => wanted == b'?' || wanted == found,
    })
}

/// Walks both, and goes back to the last `*` of the pattern where they differ. So many steps at most
/// are taken; beyond them the answer is no.
fn walk(pattern: &[u8], text: &[u8], fits: impl Fn(u8, u8) -> bool) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    let mut steps = 0_usize;
    while let Some(found) = text.get(t) {
        steps += 1;
        if steps > 100_000 {
            return false;
        }
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(wanted) if fits(*wanted, *found) => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|byte| *byte == b'*')
}

/// Whether some text is matched by both; yes where the patterns are too long to tell. With regard to
/// case.
pub fn overlap(left: &[u8], right: &[u8]) -> bool {
    const LONGEST: usize = 512;
    // Fixed bytes at the front tell most patterns apart.
    let is_wild = |byte: &u8| matches!(byte, b'*' | b'?');
    let fixed = left.iter().zip(right).take_while(|(l, r)| !is_wild(l) && !is_wild(r) && l == r);
    let fixed = fixed.count();
    let (left, right) = (left.get(fixed..).unwrap_or(&[]), right.get(fixed..).unwrap_or(&[]));
    match (left.first(), right.first()) {
        (None, None) => return true,
        (Some(l), Some(r)) if !is_wild(l) && !is_wild(r) => return false,
        // Whatever one begins with stands before whatever the other ends with.
        (Some(b'*'), _) if right.last() == Some(&b'*') => return true,
        (_, Some(b'*')) if left.last() == Some(&b'*') => return true,
        // Anything at all, but not nothing.
        (Some(_), _) if right == b"?*" => return true,
        (_, Some(_)) if left == b"?*" => return true,
        _ => {}
    }
    for (l, r) in left.iter().rev().zip(right.iter().rev()) {
        if matches!(l, b'*' | b'?') || matches!(r, b'*' | b'?') {
            break;
        }
        if l != r {
            return false;
        }
    }
    if left.len() > LONGEST || right.len() > LONGEST {
        return true;
    }
    // A text is matched or not, which a walk tells without a table.
    if left.len() * right.len() < 10_000 {
        let plain = |side: &[u8]| memchr::memchr2(b'*', b'?', side).is_none();
        let fits = |wanted: u8, found: u8| wanted == b'?' || wanted == found;
        if plain(left) {
            return walk(right, left, fits);
        }
        if plain(right) {
            return walk(left, right, fits);
        }
    }
    // row[j]: whether left[..i] and right[..j] can match one text.
    let mut row = vec![false; right.len() + 1];
    let is_star = |byte: Option<&u8>| byte == Some(&b'*');
    for i in 0..=left.len() {
        let mut diagonal = false;
        let l = i.checked_sub(1).and_then(|i| left.get(i));
        for j in 0..=right.len() {
            let r = j.checked_sub(1).and_then(|j| right.get(j));
            let above = row.get(j).copied().unwrap_or(false);
            let beside = j.checked_sub(1).and_then(|j| row.get(j)).copied().unwrap_or(false);
            let now = match (l, r) {
                (None, None) => true,
                (Some(l), Some(r)) => {
                    let one = *l == b'?' || *r == b'?' || l == r;
                    ((is_star(Some(l)) || is_star(Some(r))) && (above || beside))
                        || (!is_star(Some(l)) && !is_star(Some(r)) && one && diagonal)
                }
                (l, r) => (is_star(l) && above) || (is_star(r) && beside),
            };
            diagonal = above;
            if let Some(cell) = row.get_mut(j) {
                *cell = now;
            }
        }
    }
    row.last().copied().unwrap_or(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_and_texts() {
        assert!(
            matches("s3:Get*", "s3:getobject") && matches("*", "") && matches("a*b*c", "aXbYbc")
        );
        assert!(matches("s3:?etObject", "s3:GetObject") && !matches("s3:Get?", "s3:GetObject"));
        assert!(!matches("s3:Get", "s3:GetObject") && matches("s3:getobject", "S3:GetObject"));
    }

    #[test]
    fn patterns_cover_patterns() {
        for (outer, inner) in [
            ("*", "a*"),
            ("s3:*", "s3:Get*"),
            ("s3:Get*", "s3:GetObject*"),
            ("a?c", "a?c"),
            ("a*", "a?c"),
        ] {
            assert!(covers(outer, inner), "{outer} {inner}");
        }
        for (outer, inner) in [("s3:Get*", "s3:*"), ("a?c", "a*c"), ("abc", "ab?"), ("a", "*")] {
            assert!(!covers(outer, inner), "{outer} {inner}");
        }
        assert!(covers("S3:*", "s3:Get*") && !covers_exactly("S3:*", "s3:Get*"));
    }

    #[test]
    fn patterns_overlap() {
        let both = |left: &str, right: &str| {
            assert_eq!(
                overlap(left.as_bytes(), right.as_bytes()),
                overlap(right.as_bytes(), left.as_bytes())
            );
            overlap(left.as_bytes(), right.as_bytes())
        };
        for (left, right) in [
            ("a*", "*b"),
            ("role/*", "role/app/x"),
            ("*", ""),
            ("a?c", "ab*"),
            ("x*y*z", "x*z"),
            ("", ""),
        ] {
            assert!(both(left, right), "{left} {right}");
        }
        for (left, right) in [
            ("a", "b"),
            ("role/*", "user/*"),
            ("a?", "a"),
            ("*a", "*b"),
            ("a*c", "b*c"),
            ("", "a*"),
        ] {
            assert!(!both(left, right), "{left} {right}");
        }
    }

    /// The same by its definition, for short patterns over two letters.
    fn by_trying(left: &str, right: &str, room: usize) -> bool {
        fn texts(room: usize) -> Vec<String> {
            let mut all = vec![String::new()];
            let mut last = all.clone();
            for _ in 0..room {
                last = last
                    .iter()
                    .flat_map(|text| ["a", "b"].map(|letter| format!("{text}{letter}")))
                    .collect();
                all.extend(last.iter().cloned());
            }
            all
        }
        texts(room).iter().any(|text| matches(left, text) && matches(right, text))
    }

    proptest::proptest! {
        #[test]
        fn overlapping_is_what_its_definition_says(left in "[ab*?]{0,5}", right in "[ab*?]{0,5}") {
            let found = overlap(left.as_bytes(), right.as_bytes());
            proptest::prop_assert_eq!(found, by_trying(&left, &right, 10), "{} {}", left, right);
        }
    }
}
