//! Texts of sorted lines, one entry a line, its members parted by tabs: searched where they stand.

use std::cmp::Ordering;

/// The members of a line.
pub(super) fn members(line: &str) -> std::str::Split<'_, char> {
    line.split('\t')
}

/// The line whose first member is `key`; `order` says how a first member compares with it.
fn search(text: &str, order: impl Fn(&str) -> Ordering) -> Option<&str> {
    let bytes = text.as_bytes();
    let line_at = |middle: usize| {
        let start =
            bytes.get(..middle)?.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let length = bytes.get(start..)?.iter().position(|byte| *byte == b'\n')?;
        Some((start, text.get(start..start + length)?))
    };
    let (mut low, mut high) = (0, bytes.len());
    while low < high {
        let (start, line) = line_at(low + (high - low) / 2)?;
        match order(members(line).next()?) {
            Ordering::Equal => return Some(line),
            Ordering::Less => low = start + line.len() + 1,
            Ordering::Greater => high = start,
        }
    }
    None
}

/// The line whose first member is `key`, in a text that is sorted by bytes.
pub(super) fn find<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    search(text, |other| other.cmp(key))
}

/// The same in a text that is sorted without regard to case.
pub(super) fn find_ignoring_case<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    let lower = |byte: u8| byte.to_ascii_lowercase();
    search(text, |other| other.bytes().map(lower).cmp(key.bytes().map(lower)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_found_and_no_other() {
        let text = "a\t1\nab\t2\nb\t3\nzebra\t4\n";
        for line in text.lines() {
            assert_eq!(find(text, line.split_once('\t').unwrap().0), Some(line));
        }
        for other in ["", "0", "aa", "abc", "zebr", "zebras", "A"] {
            assert_eq!(find(text, other), None, "{other}");
        }
        assert_eq!(find_ignoring_case(text, "ZEBRA"), Some("zebra\t4"));
        assert_eq!(find("", "a"), None);
    }
}
