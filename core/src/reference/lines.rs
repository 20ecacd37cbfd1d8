//! Texts of sorted lines, one entry a line, its members parted by tabs: searched where they stand.

use std::cmp::Ordering;

/// The members of a line.
pub(super) fn members(line: &str) -> Members<'_> {
    Members(Some(line))
}

/// What is left of a line.
pub(super) struct Members<'t>(Option<&'t str>);

impl<'t> Iterator for Members<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        let rest = self.0?;
        // Hundreds of thousands are cut for one check, which the searcher of `split` would dominate.
        let Some(end) = memchr::memchr(b'\t', rest.as_bytes()) else { return self.0.take() };
        self.0 = rest.get(end + 1..);
        rest.get(..end)
    }
}

/// The line whose first member is `key`; `order` says how a first member compares with it.
fn search(text: &str, order: impl Fn(&str) -> Ordering) -> Option<&str> {
    let bytes = text.as_bytes();
    let line_at = |middle: usize| {
        let start = memchr::memrchr(b'\n', bytes.get(..middle)?).map_or(0, |at| at + 1);
        let length = memchr::memchr(b'\n', bytes.get(start..)?)?;
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
        assert_eq!(find("", "a"), None);
    }
}
