//! Patterns with `*` and `?`, and the policy variables in them.
//!
//! A pattern is cut once, when a policy is read, into literal runs and wildcards; matching is linear
//! in pattern plus text for any number of `*`, so nothing that a policy says can make it slow.

use std::borrow::Cow;
use std::sync::Arc;

use memchr::memmem;
use smallvec::SmallVec;
use smol_str::SmolStr;

use crate::doc::{Hole, Missing};

/// One piece of a pattern, as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text that stands for itself.
    Literal(SmolStr),
    /// `*`: zero or more of any character.
    Star,
    /// `?`: exactly one character.
    One,
    /// `${key}` or `${key, 'default'}`.
    Variable(Box<Variable>),
    /// Something that is filled in later and may be any text, wildcards and variables included.
    Hole(Arc<Hole>),
}

/// A policy variable. See
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// The condition key, in lower case, since its name does not depend on case.
    pub key: Box<str>,
    /// The text used when the key is absent.
    pub default: Option<Box<str>>,
}

/// Which characters of a text are special.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Syntax {
    /// `*` and `?` are wildcards.
    pub wildcards: bool,
    /// `${…}` is a policy variable.
    pub variables: bool,
}

/// The pieces of a pattern. Most have one, above all the parts of an ARN.
type Parts = SmallVec<[Part; 1]>;

/// A compiled pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    parts: Parts,
    /// What it can match at the most; where nothing has to be filled in, that is what it matches.
    at_most: Glob,
    fixed: bool,
    malformed_variable: bool,
}

impl Pattern {
    /// Compiles `text`; everything that `syntax` does not make special stands for itself.
    pub fn new(text: &str, syntax: Syntax) -> Self {
        let (parts, malformed_variable) = parse(text, syntax);
        Self::of(parts, malformed_variable)
    }

    /// Compiles a text of which parts are missing.
    pub fn with_holes(text: &str, holes: &[Missing], syntax: Syntax) -> Self {
        if holes.is_empty() {
            return Self::new(text, syntax);
        }
        let mut parts = Parts::new();
        let mut at = 0;
        for one in holes {
            let (before, malformed) = parse(text.get(at..one.start).unwrap_or(""), syntax);
            // What is missing stands in a variable's name, so nothing is known of the whole.
            if malformed {
                let hole = Part::Hole(Arc::clone(&one.hole));
                return Self::of(std::iter::once(hole).collect(), false);
            }
            parts.extend(before);
            parts.push(Part::Hole(Arc::clone(&one.hole)));
            at = one.end;
        }
        let (rest, malformed) = parse(text.get(at..).unwrap_or(""), syntax);
        parts.extend(rest);
        Self::of(parts, malformed)
    }

    fn of(parts: Parts, malformed_variable: bool) -> Self {
        let fixed = !parts.iter().any(|part| matches!(part, Part::Variable(_) | Part::Hole(_)));
        let at_most = Glob::new(parts.iter().map(|part| match part {
            Part::Variable(_) => Piece::Star,
            other => static_piece(other),
        }));
        Self { parts, at_most, fixed, malformed_variable }
    }

    /// What is missing in the text.
    pub fn holes(&self) -> impl Iterator<Item = &Arc<Hole>> {
        self.parts.iter().filter_map(|part| match part {
            Part::Hole(hole) => Some(hole),
            _ => None,
        })
    }

    /// What the pattern can match at the most: variables and what is missing stand for anything.
    pub fn at_most(&self) -> &Glob {
        &self.at_most
    }

    /// The pieces, as written.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Whether a `${` opens something that is not a variable; it then stands for itself.
    pub fn has_malformed_variable(&self) -> bool {
        self.malformed_variable
    }

    /// The compiled form, where no variable has to be filled in.
    pub fn glob(&self) -> Option<&Glob> {
        self.fixed.then_some(&self.at_most)
    }

    /// The keys of the variables in the pattern.
    pub fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable(variable) => Some(&**variable),
            _ => None,
        })
    }

    /// Fills the variables in. The values are literal: a `*` in a tag's value is no wildcard.
    /// `None` where a variable has neither a value nor a default: such a pattern matches nothing.
    pub fn fill<'v>(
        &self,
        mut value: impl FnMut(&Variable) -> Option<Cow<'v, str>>,
    ) -> Option<Glob> {
        let mut pieces = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            pieces.push(match part {
                Part::Variable(variable) => {
                    let text = value(variable).or_else(|| {
                        variable.default.as_deref().map(|d| Cow::Owned(d.to_owned()))
                    })?;
                    Piece::Literal(text)
                }
                other => static_piece(other),
            });
        }
        Some(Glob::new(pieces.into_iter()))
    }

    /// Whether the pattern is `*` alone (or several).
    pub fn is_star(&self) -> bool {
        !self.parts.is_empty() && self.parts.iter().all(|part| *part == Part::Star)
    }

    /// Whether the pattern has no wildcard and no variable.
    pub fn is_literal(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::Literal(_)))
    }
}

enum Piece<'t> {
    Literal(Cow<'t, str>),
    /// A literal of the pattern.
    Shared(&'t SmolStr),
    Star,
    One,
}

fn static_piece(part: &Part) -> Piece<'_> {
    match part {
        Part::Literal(text) => Piece::Shared(text),
        Part::Star => Piece::Star,
        Part::One => Piece::One,
        // INVARIANT: callers replace variables before they come here; one left over matches itself.
        Part::Variable(variable) => Piece::Literal(Cow::Borrowed(&variable.key)),
        Part::Hole(_) => Piece::Star,
    }
}

fn parse(text: &str, syntax: Syntax) -> (Parts, bool) {
    let is_special = |byte: u8| match byte {
        b'*' | b'?' => syntax.wildcards,
        b'$' => syntax.variables,
        _ => false,
    };
    if !text.bytes().any(is_special) {
        let literal = (!text.is_empty()).then(|| Part::Literal(SmolStr::new(text)));
        return (literal.into_iter().collect(), false);
    }
    let mut parts = Parts::new();
    let mut literal = String::new();
    let mut malformed = false;
    let mut rest = text;
    let flush = |literal: &mut String, parts: &mut Parts| {
        if !literal.is_empty() {
            parts.push(Part::Literal(SmolStr::new(&*literal)));
            literal.clear();
        }
    };
    while !rest.is_empty() {
        let plain = rest.bytes().position(is_special).unwrap_or(rest.len());
        let Some((before, after)) = rest.split_at_checked(plain) else { break };
        literal.push_str(before);
        rest = after;
        let Some(first) = rest.chars().next() else { break };
        if syntax.variables
            && let Some(after) = rest.strip_prefix("${")
        {
            if let Some((body, tail)) = after.split_once('}') {
                match body {
                    "*" | "?" | "$" => literal.push_str(body),
                    _ => match variable(body) {
                        Some(variable) => {
                            flush(&mut literal, &mut parts);
                            parts.push(Part::Variable(Box::new(variable)));
                        }
                        None => {
                            malformed = true;
                            literal.push_str("${");
                            literal.push_str(body);
                            literal.push('}');
                        }
                    },
                }
                rest = tail;
                continue;
            }
            malformed = true;
        }
        match first {
            '*' if syntax.wildcards => {
                flush(&mut literal, &mut parts);
                if parts.last() != Some(&Part::Star) {
                    parts.push(Part::Star);
                }
            }
            '?' if syntax.wildcards => {
                flush(&mut literal, &mut parts);
                parts.push(Part::One);
            }
            other => literal.push(other),
        }
        rest = rest.get(first.len_utf8()..).unwrap_or("");
    }
    flush(&mut literal, &mut parts);
    (parts, malformed)
}

/// `key` or `key, 'default'`.
fn variable(body: &str) -> Option<Variable> {
    let (key, default) = match body.split_once(',') {
        None => (body, None),
        Some((key, default)) => {
            let text = default.trim().strip_prefix('\'')?.strip_suffix('\'')?;
            (key.trim_end(), Some(text.into()))
        }
    };
    let well_formed = !key.is_empty() && !key.contains(char::is_whitespace) && !key.contains("${");
    well_formed.then(|| Variable { key: key.to_lowercase().into(), default })
}

/// Wildcards and literals, ready to match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    /// The first bytes that a text must have: most texts are told apart by them alone.
    head: Head,
    /// What stands before the first star.
    first: Run,
    rest: Rest,
}

/// What a glob has from its first star on.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Rest {
    /// It has no star.
    Nothing,
    /// The star is its end.
    Anything,
    /// What stands after each star; each may be empty.
    Runs(Vec<Run>),
}

/// So many bytes are a head.
const HEAD: usize = 8;

/// Up to eight bytes at the start of a text, and which of them count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Head {
    bytes: u64,
    mask: u64,
}

impl Head {
    fn of(run: &Run) -> Self {
        let Run::Text(text) = run else { return Self::default() };
        let mask = match text.len() {
            0 => 0,
            length => u64::MAX >> (64 - 8 * length.min(HEAD)),
        };
        Self { bytes: first_bytes(text), mask }
    }

    fn starts(self, text: &str) -> bool {
        (first_bytes(text) ^ self.bytes) & self.mask == 0
    }
}

/// The first eight bytes, with zeros where the text is shorter.
fn first_bytes(text: &str) -> u64 {
    match text.as_bytes() {
        [a, b, c, d, e, f, g, h, ..] => u64::from_le_bytes([*a, *b, *c, *d, *e, *f, *g, *h]),
        short => short.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte)),
    }
}

/// What stands between two stars: literals and single-character wildcards.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Run {
    /// A text without `?`.
    Text(SmolStr),
    /// Characters, of which `None` is `?`.
    Chars(Vec<Option<char>>),
}

impl Default for Run {
    fn default() -> Self {
        Self::Text(SmolStr::default())
    }
}

impl Run {
    fn is_empty(&self) -> bool {
        matches!(self, Self::Text(text) if text.is_empty())
    }

    fn push_literal(&mut self, more: &str) {
        match self {
            Self::Chars(chars) => chars.extend(more.chars().map(Some)),
            Self::Text(text) if text.is_empty() => *text = SmolStr::new(more),
            Self::Text(text) => *text = [text.as_str(), more].concat().into(),
        }
    }

    fn push_one(&mut self) {
        match self {
            Self::Chars(chars) => chars.push(None),
            Self::Text(text) => {
                *self = Self::Chars(text.chars().map(Some).chain([None]).collect());
            }
        }
    }

    fn add_to(&self, symbols: &mut Vec<Symbol>) {
        match self {
            Self::Text(text) => symbols.extend(text.chars().map(Symbol::Char)),
            Self::Chars(chars) => {
                symbols.extend(chars.iter().map(|c| c.map_or(Symbol::One, Symbol::Char)));
            }
        }
    }

    /// The rest of `text` after the run at its start.
    fn strip_prefix<'t>(&self, text: &'t str) -> Option<&'t str> {
        let chars = match self {
            Self::Text(literal) => return text.strip_prefix(literal.as_str()),
            Self::Chars(chars) => chars,
        };
        let mut rest = text.chars();
        for wanted in chars {
            let found = rest.next()?;
            if wanted.is_some_and(|wanted| wanted != found) {
                return None;
            }
        }
        Some(rest.as_str())
    }

    fn strip_suffix<'t>(&self, text: &'t str) -> Option<&'t str> {
        let chars = match self {
            Self::Text(literal) => return text.strip_suffix(literal.as_str()),
            Self::Chars(chars) => chars,
        };
        let mut rest = text.chars();
        for wanted in chars.iter().rev() {
            let found = rest.next_back()?;
            if wanted.is_some_and(|wanted| wanted != found) {
                return None;
            }
        }
        Some(rest.as_str())
    }

    /// The rest of `text` after the leftmost place where the run stands. All places are equally
    /// long in characters, so the leftmost one leaves the most for what follows.
    fn skip_past<'t>(&self, text: &'t str) -> Option<&'t str> {
        let chars = match self {
            Self::Text(literal) => {
                let at = memmem::find(text.as_bytes(), literal.as_bytes())?;
                return text.get(at + literal.len()..);
            }
            Self::Chars(chars) => chars,
        };
        // A short run is tried at every place; a long one by bit-parallel search, so that the cost
        // stays far below pattern times text.
        if chars.len() <= 16 {
            let mut rest = text;
            loop {
                if let Some(after) = self.strip_prefix(rest) {
                    return Some(after);
                }
                let mut next = rest.chars();
                next.next()?;
                rest = next.as_str();
            }
        }
        shift_and(chars, text)
    }
}

/// Shift-And search (Baeza-Yates and Gonnet) over blocks of 64 positions.
fn shift_and<'t>(pattern: &[Option<char>], text: &'t str) -> Option<&'t str> {
    let blocks = pattern.len().div_ceil(64);
    let mut any = vec![0_u64; blocks];
    let mut masks: Vec<(char, Vec<u64>)> = Vec::new();
    for (at, wanted) in pattern.iter().enumerate() {
        let target = match wanted {
            None => &mut any,
            Some(wanted) => {
                let place = match masks.binary_search_by_key(wanted, |(c, _)| *c) {
                    Ok(place) => place,
                    Err(place) => {
                        masks.insert(place, (*wanted, vec![0; blocks]));
                        place
                    }
                };
                &mut masks.get_mut(place)?.1
            }
        };
        *target.get_mut(at / 64)? |= 1 << (at % 64);
    }
    for (_, mask) in &mut masks {
        for (block, any) in mask.iter_mut().zip(&any) {
            *block |= any;
        }
    }
    let last = pattern.len() - 1;
    let mut state = vec![0_u64; blocks];
    for (at, found) in text.char_indices() {
        let mask = masks.binary_search_by_key(&found, |(c, _)| *c).ok().and_then(|i| masks.get(i));
        let mask = mask.map_or(any.as_slice(), |(_, mask)| mask.as_slice());
        let mut carry = 1;
        for (block, mask) in state.iter_mut().zip(mask) {
            let next_carry = *block >> 63;
            *block = ((*block << 1) | carry) & mask;
            carry = next_carry;
        }
        if state.get(last / 64).is_some_and(|block| block >> (last % 64) & 1 == 1) {
            return text.get(at + found.len_utf8()..);
        }
    }
    None
}

impl Glob {
    fn new<'p>(pieces: impl Iterator<Item = Piece<'p>>) -> Self {
        let mut run = Run::default();
        let mut first = None;
        let mut others = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Literal(text) => run.push_literal(&text),
                Piece::Shared(text) if run.is_empty() => run = Run::Text(text.clone()),
                Piece::Shared(text) => run.push_literal(text),
                Piece::One => run.push_one(),
                Piece::Star => {
                    let done = std::mem::take(&mut run);
                    match first {
                        None => first = Some(done),
                        Some(_) => others.push(done),
                    }
                }
            }
        }
        let (first, rest) = match first {
            None => (run, Rest::Nothing),
            Some(first) if others.is_empty() && run.is_empty() => (first, Rest::Anything),
            Some(first) => {
                others.push(run);
                (first, Rest::Runs(others))
            }
        };
        Self { head: Head::of(&first), first, rest }
    }

    /// A glob that is a text and nothing else.
    pub fn literal(text: &str) -> Self {
        Self::new(std::iter::once(Piece::Literal(Cow::Borrowed(text))))
    }

    /// What every text that matches begins with, and whether there is no more to it.
    pub fn beginning(&self) -> (&str, bool) {
        match &self.first {
            Run::Text(text) => (text, self.rest == Rest::Nothing),
            Run::Chars(_) => ("", false),
        }
    }

    /// Whether the whole of `text` matches.
    #[inline]
    pub fn matches(&self, text: &str) -> bool {
        if !self.head.starts(text) {
            return false;
        }
        match (&self.first, &self.rest) {
            // A text of eight bytes or fewer is its head.
            (Run::Text(first), Rest::Nothing) => {
                text.len() == first.len() && (first.len() <= HEAD || text == first)
            }
            (Run::Text(first), Rest::Anything) => {
                text.len() >= first.len()
                    && (first.len() <= HEAD || text.starts_with(first.as_str()))
            }
            _ => self.runs_match(text),
        }
    }

    fn runs_match(&self, text: &str) -> bool {
        let Some(rest) = self.first.strip_prefix(text) else { return false };
        let others = match &self.rest {
            Rest::Nothing => return rest.is_empty(),
            Rest::Anything => return true,
            Rest::Runs(others) => others,
        };
        let Some((last, middle)) = others.split_last() else { return rest.is_empty() };
        let Some(mut rest) = last.strip_suffix(rest) else { return false };
        for run in middle {
            match run.skip_past(rest) {
                Some(after) => rest = after,
                None => return false,
            }
        }
        true
    }

    /// Whether some text matches both globs.
    pub fn intersects(&self, other: &Self) -> bool {
        let (left, right) = (self.symbols(), other.symbols());
        // Classic table over both patterns: `reach[j]` says that the first i and j symbols can
        // stand for one common text.
        let mut reach = vec![false; right.len() + 1];
        for i in 0..=left.len() {
            let mut next = vec![false; right.len() + 1];
            for j in 0..=right.len() {
                let up = i > 0 && reach.get(j).copied().unwrap_or(false);
                let back = j > 0 && next.get(j - 1).copied().unwrap_or(false);
                let both = i > 0 && j > 0 && reach.get(j - 1).copied().unwrap_or(false);
                let l = i.checked_sub(1).and_then(|i| left.get(i));
                let r = j.checked_sub(1).and_then(|j| right.get(j));
                let ok = (i == 0 && j == 0)
                    || (up && (l == Some(&Symbol::Star) || (r == Some(&Symbol::Star))))
                    || (back && (r == Some(&Symbol::Star) || (l == Some(&Symbol::Star))))
                    || (both && l.zip(r).is_some_and(|(l, r)| l.meets(r)));
                if let Some(cell) = next.get_mut(j) {
                    *cell = ok;
                }
            }
            reach = next;
        }
        reach.last().copied().unwrap_or(false)
    }

    fn symbols(&self) -> Vec<Symbol> {
        let mut symbols = Vec::new();
        self.first.add_to(&mut symbols);
        match &self.rest {
            Rest::Nothing => {}
            Rest::Anything => symbols.push(Symbol::Star),
            Rest::Runs(others) => {
                for run in others {
                    symbols.push(Symbol::Star);
                    run.add_to(&mut symbols);
                }
            }
        }
        symbols
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Symbol {
    Star,
    One,
    Char(char),
}

impl Symbol {
    fn meets(self, other: &Self) -> bool {
        match (self, other) {
            (Self::Star, _) | (_, Self::Star) | (Self::One, _) | (_, Self::One) => true,
            (Self::Char(left), Self::Char(right)) => left == *right,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOTH: Syntax = Syntax { wildcards: true, variables: true };

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern, BOTH).glob().is_some_and(|glob| glob.matches(text))
    }

    fn naive(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (None, Some(_)) => false,
            (Some(('*', rest)), _) => {
                naive(rest, text)
                    || text.split_first().is_some_and(|(_, text)| naive(pattern, text))
            }
            (Some(('?', rest)), Some((_, text))) => naive(rest, text),
            (Some((wanted, rest)), Some((found, text))) => wanted == found && naive(rest, text),
            (Some(_), None) => false,
        }
    }

    #[test]
    fn wildcards_stand_for_characters_and_not_bytes() {
        assert!(matches("a?c", "aéc"));
        assert!(!matches("a??c", "aéc"));
        assert!(matches("*é?", "xxéy"));
        assert!(matches("", ""));
        assert!(!matches("", "a"));
        assert!(matches("**", ""));
    }

    #[test]
    fn every_byte_counts_whatever_the_length() {
        let long = "abcdefghijkl";
        for length in 1..=long.len() {
            let (text, shorter) = (long.split_at(length).0, long.split_at(length - 1).0);
            let same = format!("{shorter}X");
            assert!(matches(text, text), "{text}");
            assert!(!matches(text, &same), "{text} is not {same}");
            let prefix = format!("{text}*");
            assert!(matches(&prefix, text) && matches(&prefix, long), "{prefix}");
            assert!(!matches(&prefix, &format!("{same}yz")), "{prefix} does not begin {same}yz");
            assert!(!matches(&prefix, shorter), "{prefix} is longer");
        }
    }

    #[test]
    fn escapes_of_variables_are_literal() {
        assert!(matches("a${*}b", "a*b"));
        assert!(!matches("a${*}b", "axb"));
        assert!(matches("${?}", "?"));
        assert!(matches("${$}", "$"));
        assert!(matches("${not a variable}", "${not a variable}"));
    }

    #[test]
    fn a_variable_fills_in_literally() {
        let pattern = Pattern::new("home/${aws:UserName, 'nobody'}/*", BOTH);
        let glob = pattern.fill(|_| Some(Cow::Borrowed("*"))).unwrap_or_else(|| Glob::literal(""));
        assert!(glob.matches("home/*/x"));
        assert!(!glob.matches("home/y/x"));
        let fallback = pattern.fill(|_| None).unwrap_or_else(|| Glob::literal(""));
        assert!(fallback.matches("home/nobody/x"));
        assert!(Pattern::new("${aws:username}", BOTH).fill(|_| None).is_none());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn agrees_with_a_naive_matcher(pattern in "[ab*?é]{0,24}", text in "[abé]{0,24}") {
            let wanted: Vec<char> = pattern.chars().collect();
            let found: Vec<char> = text.chars().collect();
            prop_assert_eq!(matches(&pattern, &text), naive(&wanted, &found));
        }

        #[test]
        fn long_runs_agree_with_short_ones(pattern in "[ab?]{17,80}", text in "[ab]{0,200}") {
            let wanted = format!("*{pattern}*");
            let run: Vec<char> = pattern.chars().collect();
            let chars: Vec<char> = text.chars().collect();
            let expected = chars.windows(run.len()).any(|window| naive(&run, window));
            prop_assert_eq!(matches(&wanted, &text), expected);
        }

        #[test]
        fn what_matches_both_shows_that_they_intersect(
            left in "[ab*?]{0,8}", right in "[ab*?]{0,8}", text in "[ab]{0,8}"
        ) {
            let left = Pattern::new(&left, BOTH);
            let right = Pattern::new(&right, BOTH);
            if let (Some(left), Some(right)) = (left.glob(), right.glob())
                && left.matches(&text) && right.matches(&text)
            {
                prop_assert!(left.intersects(right));
            }
        }
    }
}
