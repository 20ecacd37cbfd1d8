//! How near two texts come to each other: what somebody may have meant who wrote the one.

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

/// The edits of one character (insert, remove, replace, swap of neighbours) that make one text of the other.
pub fn edits(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    distance(&left, &right)
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_slip_is_no_other_number() {
        assert!(!is_slip("111122223333", "111122223334"));
        assert!(!is_slip("dev", "prd"));
    }

    #[test]
    fn edits_are_counted() {
        assert_eq!(edits("Principal", "Principal"), 0);
        assert_eq!(edits("Pricnipal", "Principal"), 1);
        assert_eq!(edits("Principle", "Principal"), 2);
    }
}
