//! Looks for the forms of the catalogue: where each can be in a text at all, and what its regular
//! expression finds there.

use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use indexmap::IndexSet;
use regex::{Captures, Regex};

use super::needs::needs;
use super::{FORMS, Form};
use crate::message::windows;

/// No form is longer than this: what it needs is looked for in a block of this length and the next one.
const BLOCK: usize = 4096;
/// In a text that is longer than this it pays to make the search for words faster first.
pub(in crate::message) const LONG: usize = 256 * 1024;

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
    words: IndexSet<String>,
    /// Finds the words that the forms need, all in one pass. To build the regular expressions takes
    /// longer than to look, and most forms are in no given text.
    search: Option<AhoCorasick>,
    /// The same, for texts in which it pays to build it.
    fast_search: OnceLock<Option<AhoCorasick>>,
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
        let search = search_for(&words, AhoCorasickKind::NoncontiguousNFA);
        Self { all, words, search, fast_search: OnceLock::new() }
    }

    fn search(&self, text: &str) -> Option<&AhoCorasick> {
        if text.len() < LONG {
            return self.search.as_ref();
        }
        self.fast_search.get_or_init(|| search_for(&self.words, AhoCorasickKind::DFA)).as_ref()
    }
}

fn search_for(words: &IndexSet<String>, kind: AhoCorasickKind) -> Option<AhoCorasick> {
    AhoCorasick::builder().kind(Some(kind)).build(words).ok()
}

/// In which blocks of a text each word begins: a bit for each block.
struct Blocks {
    found: Vec<Vec<u64>>,
    /// How many blocks there are.
    count: usize,
}

impl Blocks {
    fn of(text: &str, matchers: &Matchers) -> Self {
        let count = text.len() / BLOCK + 1;
        let mut found = vec![Vec::new(); matchers.words.len()];
        let search = matchers.search(text).into_iter();
        for word in search.flat_map(|search| search.find_overlapping_iter(text)) {
            let Some(bits) = found.get_mut(word.pattern().as_usize()) else { continue };
            if bits.is_empty() {
                bits.resize(count / 64 + 1, 0_u64);
            }
            let block = word.start() / BLOCK;
            if let Some(bits) = bits.get_mut(block / 64) {
                *bits |= 1 << (block % 64);
            }
        }
        Self { found, count }
    }

    /// For 64 blocks, in which of them a word begins, or in the one behind it.
    fn near(&self, word: usize, at: usize) -> u64 {
        let bits = self.found.get(word);
        let of = |at: usize| bits.and_then(|bits| bits.get(at)).copied().unwrap_or_default();
        of(at) | of(at) >> 1 | of(at + 1) << 63
    }

    /// Where a form can begin, as ranges of bytes.
    fn places(&self, needs: &[Vec<usize>]) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = Vec::new();
        let is_anywhere = |word: &usize| self.found.get(*word).is_some_and(|bits| !bits.is_empty());
        if !needs.iter().all(|one_of| one_of.iter().any(is_anywhere)) {
            return found;
        }
        for at in 0..self.count / 64 + 1 {
            let has = |one_of: &Vec<usize>| {
                one_of.iter().fold(0, |bits, word| bits | self.near(*word, at))
            };
            let mut bits = needs.iter().fold(u64::MAX, |bits, one_of| bits & has(one_of));
            while bits != 0 {
                let block = at * 64 + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                match found.last_mut() {
                    _ if block >= self.count => {}
                    Some(last) if last.end == block * BLOCK => last.end += BLOCK,
                    _ => found.push(block * BLOCK..(block + 1) * BLOCK),
                }
            }
        }
        found
    }
}

/// A form that can be in a text, and where.
pub(in crate::message) struct Possible<'t> {
    pub(in crate::message) form: &'static Form,
    regex: &'static Regex,
    text: &'t str,
    /// Where it can begin.
    places: Vec<Range<usize>>,
}

impl<'t> Possible<'t> {
    /// Where it is, in order.
    pub(in crate::message) fn all(self) -> impl Iterator<Item = Captures<'t>> {
        let Self { regex, text, places, .. } = self;
        let mut places = places.into_iter();
        let (mut place, mut from) = (0..0, 0);
        std::iter::from_fn(move || {
            loop {
                // What stands before counts for how a form may begin, and so is not cut off.
                let part = text.get(..windows::boundary(text, place.end + BLOCK))?;
                let found = (from < place.end).then(|| regex.captures_at(part, from)).flatten();
                let whole = found.as_ref().and_then(|captures| captures.get(0));
                match whole.filter(|whole| whole.start() < place.end && !whole.is_empty()) {
                    Some(whole) => {
                        from = whole.end();
                        return found;
                    }
                    None => {
                        place = places.next()?;
                        from = from.max(windows::boundary(text, place.start));
                    }
                }
            }
        })
    }
}

/// The forms that can be in the text.
pub(in crate::message) fn possible(text: &str) -> impl Iterator<Item = Possible<'_>> {
    static MATCHERS: OnceLock<Matchers> = OnceLock::new();
    let matchers = MATCHERS.get_or_init(|| Matchers::of(&FORMS));
    let blocks = Blocks::of(text, matchers);
    matchers.all.iter().filter_map(move |matcher| {
        let places = blocks.places(&matcher.needs);
        if places.is_empty() {
            return None;
        }
        let regex = matcher.regex.get_or_init(|| compile(matcher.form.pattern)).as_ref()?;
        Some(Possible { form: matcher.form, regex, text, places })
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

    #[test]
    fn a_form_is_found_wherever_it_stands_among_other_lines() {
        let words = "Rate exceeded";
        for before in (0..3 * BLOCK).step_by(97).chain(BLOCK - 14..BLOCK + 2) {
            let text = format!("{}{words}{}{words}", "é".repeat(before / 2), "-\n".repeat(6000));
            let one = possible(&text).find(|one| one.form.id == "rate-exceeded").unwrap();
            let at: Vec<usize> = one.all().map(|one| one.get(0).unwrap().start()).collect();
            assert_eq!(at, [before / 2 * 2, text.len() - words.len()]);
        }
    }
}
