//! What a text has to hold for a pattern to be in it, found in the pattern itself.

/// Characters that every match of a pattern holds: of each list at least one.
pub(super) fn needs(pattern: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    match alternatives(pattern).as_slice() {
        [_] => {}
        // What all of several have is not looked for; it is one of the longest of each.
        several => return one_of(several).into_iter().collect(),
    }
    let mut run = String::new();
    let mut letters = pattern.char_indices().peekable();
    let keep = |run: &mut String, found: &mut Vec<Vec<String>>| {
        if run.len() >= 3 {
            found.push(vec![run.clone()]);
        }
        run.clear();
    };
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some((_, escaped)) if escaped.is_ascii_punctuation() => run.push(escaped),
                Some((_, 'x')) => {
                    letters.by_ref().take(2).for_each(drop);
                    keep(&mut run, &mut found);
                }
                _ => keep(&mut run, &mut found),
            },
            '[' => {
                keep(&mut run, &mut found);
                skip_class(&mut letters);
            }
            '(' => {
                keep(&mut run, &mut found);
                let end = group_end(pattern, at);
                while letters.next_if(|(at, _)| *at <= end).is_some() {}
                // What may be left out is not needed.
                let is_optional = matches!(letters.peek(), Some((_, '?' | '*' | '{')));
                let inner = pattern.get(at + 1..end).unwrap_or("");
                let inner = match inner.strip_prefix("?P<").and_then(|rest| rest.split_once('>')) {
                    Some((_, rest)) => rest,
                    None => inner.strip_prefix("?:").unwrap_or(inner),
                };
                if !is_optional {
                    found.extend(one_of(&alternatives(inner)));
                }
            }
            '?' | '*' | '{' => {
                run.pop();
                keep(&mut run, &mut found);
                if letter == '{' {
                    letters.by_ref().find(|(_, inside)| *inside == '}');
                }
            }
            '+' | '.' | '^' | '$' | ' ' => keep(&mut run, &mut found),
            _ => run.push(letter),
        }
    }
    keep(&mut run, &mut found);
    found
}

/// The longest sure part of each alternative; `None` if one has none.
fn one_of(several: &[&str]) -> Option<Vec<String>> {
    let longest = |one: &&str| {
        let sure = needs(one).into_iter().filter(|list| list.len() == 1).flatten();
        sure.max_by_key(String::len)
    };
    several.iter().map(longest).collect()
}

/// The parts of a pattern between the bars that stand in no group.
fn alternatives(pattern: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut from) = (0_usize, 0);
    let mut letters = pattern.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => drop(letters.next()),
            '[' => skip_class(&mut letters),
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '|' if depth == 0 => {
                parts.push(pattern.get(from..at).unwrap_or(""));
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(pattern.get(from..).unwrap_or(""));
    parts
}

/// Where the group ends that begins at `start`.
fn group_end(pattern: &str, start: usize) -> usize {
    let mut depth = 0_usize;
    let mut letters = pattern.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => drop(letters.next()),
            '[' => skip_class(&mut letters),
            '(' if at >= start => depth += 1,
            ')' if at > start => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    pattern.len()
}

/// Passes over the rest of a class of characters.
fn skip_class(letters: &mut std::iter::Peekable<std::str::CharIndices<'_>>) {
    while let Some((_, inside)) = letters.next() {
        match inside {
            '\\' => drop(letters.next()),
            ']' => break,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sure_parts_of_a_pattern_are_found() {
        fn texts(pattern: &str) -> Vec<String> {
            needs(pattern).into_iter().map(|one_of| one_of.join("|")).collect()
        }
        assert_eq!(texts("Rate exceeded"), ["Rate", "exceeded"]);
        assert_eq!(texts("Access [Dd]enied"), ["Access", "enied"]);
        assert_eq!(texts("one|another"), ["one|another"]);
        assert_eq!(texts("one|no"), [""; 0]);
        assert_eq!(texts("(?:one|another) thing"), ["one|another", "thing"]);
        assert_eq!(texts("(?:one|another)? thing"), ["thing"]);
        assert_eq!(texts("(?:one|(?:other|that) two three) x"), ["one|three"]);
        assert_eq!(texts("words? of"), ["word"]);
        assert_eq!(texts(r"permission\(s\)"), ["permission(s)"]);
        assert_eq!(texts(r"[A-Z\]]{1,9}: ab"), [""; 0]);
        assert_eq!(texts(r"(?P<code>AccessDenied)Access"), ["AccessDenied", "Access"]);
    }
}
