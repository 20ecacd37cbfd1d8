//! Looks for the forms of the catalogue: which can be in a text at all, and their regular expressions.

use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use indexmap::IndexSet;
use regex::Regex;

use super::needs::needs;
use super::{FORMS, Form};

/// A regular expression in which a blank stands for any run of blanks and line ends.
pub(in crate::message) fn compile(pattern: &str) -> Option<Regex> {
    let pattern = unbounded(pattern);
    let pattern = pattern.replace(" ?", "[\\x20\\n]*").replace(' ', "[\\x20\\n]+");
    // Without Unicode's tables only the ASCII classes exist.
    let pattern = pattern
        .replace("[^\\s", "[^\\x20\\n")
        .replace("\\s", "[\\x20\\n]")
        .replace("\\b", "(?-u:\\b)");
    Regex::new(&pattern).ok()
}

/// The pattern without the upper bounds of long repetitions, each copy of which is built: they say
/// how long a value gets, and what follows the value ends it as well. A bound of what may stand
/// between two parts begins at none, and stays.
fn unbounded(pattern: &str) -> String {
    const LONG: usize = 30;
    let mut pieces = pattern.split("]{");
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let bounds = piece.split_once('}').and_then(|(bounds, rest)| {
            let (least, most) = bounds.split_once(',')?;
            let most: usize = most.parse().ok()?;
            (most >= LONG && least != "0").then_some((least, rest))
        });
        match bounds {
            Some(("1", rest)) => text.extend(["]+", rest]),
            Some((least, rest)) => text.extend(["]{", least, ",}", rest]),
            None => text.extend(["]{", piece]),
        }
    }
    text
}

/// A form, and its regular expression once a text has needed it.
struct Matcher {
    form: &'static Form,
    /// What a text has to hold for the form to be in it: one of each of these, as places among the
    /// words of all forms.
    needs: Vec<Vec<usize>>,
    regex: OnceLock<Option<Regex>>,
}

/// All forms, ready to be looked for.
struct Matchers {
    all: Vec<Matcher>,
    /// Finds the words that the forms need, all in one pass. To build the regular expressions takes
    /// longer than to look, and most forms are in no given text.
    words: Option<AhoCorasick>,
}

impl Matchers {
    fn of(forms: &'static [Form]) -> Self {
        let mut words: IndexSet<String> = IndexSet::new();
        let mut place = |word| words.insert_full(word).0;
        let mut matcher = |form: &'static Form| Matcher {
            form,
            needs: (needs(form.pattern).into_iter())
                .map(|one_of| one_of.into_iter().map(&mut place).collect())
                .collect(),
            regex: OnceLock::new(),
        };
        let all = forms.iter().map(&mut matcher).collect();
        let kind = Some(AhoCorasickKind::NoncontiguousNFA);
        let words = AhoCorasick::builder().kind(kind).build(words).ok();
        Self { all, words }
    }
}

/// The forms that can be in the text, with their regular expressions.
pub(in crate::message) fn possible(
    text: &str,
) -> impl Iterator<Item = (&'static Form, &'static Regex)> {
    static MATCHERS: OnceLock<Matchers> = OnceLock::new();
    let matchers = MATCHERS.get_or_init(|| Matchers::of(&FORMS));
    let mut found = vec![false; matchers.words.as_ref().map_or(0, AhoCorasick::patterns_len)];
    let occurrences = matchers.words.iter().flat_map(|words| words.find_overlapping_iter(text));
    for word in occurrences {
        if let Some(found) = found.get_mut(word.pattern().as_usize()) {
            *found = true;
        }
    }
    let has = move |word: &usize| found.get(*word).copied().unwrap_or_default();
    let can_be = move |one: &&Matcher| one.needs.iter().all(|one_of| one_of.iter().any(&has));
    matchers.all.iter().filter(can_be).filter_map(|matcher| {
        let regex = matcher.regex.get_or_init(|| compile(matcher.form.pattern));
        Some((matcher.form, regex.as_ref()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_repetitions_lose_their_bounds() {
        assert_eq!(
            unbounded(r"a[b]{1,400}c[d]{2,80}e[f]{1,9}[g]{0,90}"),
            r"a[b]+c[d]{2,}e[f]{1,9}[g]{0,90}"
        );
    }
}
