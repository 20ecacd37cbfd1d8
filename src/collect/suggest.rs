//! "Did you mean": the known word nearest to an unknown one.

/// The word of `known` that differs from `word` in case, separators or at most two letters.
pub(crate) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let plain = |text: &str| -> Vec<char> {
        text.chars().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let wanted = plain(word);
    // A longer word is no slip of the finger, and comparing it would cost time.
    if wanted.len() > 64 {
        return None;
    }
    known
        .iter()
        .map(|candidate| (distance(&wanted, &plain(candidate)), *candidate))
        .filter(|(distance, candidate)| *distance <= 2 && *distance * 2 < candidate.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many letters have to be added, removed or replaced.
fn distance(one: &[char], two: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=two.len()).collect();
    for (at, left) in one.iter().enumerate() {
        let mut before = at;
        let mut last = at + 1;
        let mut next = vec![last];
        for (right, above) in two.iter().zip(row.iter().skip(1)) {
            last = (before + usize::from(left != right)).min(above + 1).min(last + 1);
            before = *above;
            next.push(last);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let known = ["principal", "action", "resource", "context-is"];
        assert_eq!(nearest("Action", &known), Some("action"));
        assert_eq!(nearest("pricipal", &known), Some("principal"));
        assert_eq!(nearest("context_is", &known), Some("context-is"));
        assert_eq!(nearest("effect", &known), None);
        assert_eq!(distance(&['a', 'b'], &['b']), 1);
    }
}
