//! Masks accounts, names and ids in a finished text, so that an answer can be posted.
//!
//! A mask has as many characters as what it hides, and takes as many columns, so that underlines,
//! lines and columns stay right. The same text gets the same mask, in the order in which texts first
//! appear. What is structure stays: partitions, services, regions, types, actions, wildcards.

mod scan;

use std::collections::{HashMap, HashSet};

use super::layout::char_width;
use scan::{Kind, Token, is_word, tokens};

/// Remembers what was masked as what.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    /// The mask of each text.
    masks: HashMap<String, String>,
    /// Masks that were given out: they are not masked again.
    issued: HashSet<String>,
    /// Names, by their first character, the longest first.
    names: HashMap<char, Vec<String>>,
    /// The last number given out, by kind and length.
    last: HashMap<(Kind, usize), u64>,
}

impl Redactor {
    /// One that knows no names yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Masks this text too, wherever it stands as a word: an external id, the name of a policy.
    pub fn also(&mut self, name: &str) {
        // What has a form of its own is masked in its form; the rest is a name.
        let found = tokens(name);
        self.learn(name, &found);
        let is_whole = found.iter().any(|token| token.range == (0..name.len()));
        if !is_whole && !name.trim().is_empty() && !name.starts_with("arn:") {
            self.mask(Kind::Name, name);
        }
    }

    /// The text with everything masked that must not be seen.
    pub fn apply(&mut self, text: &str) -> String {
        let found = tokens(text);
        self.learn(text, &found);
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for token in &found {
            self.push_plain(&mut out, text, at, token.range.start);
            let original = text.get(token.range.clone()).unwrap_or("");
            match token.kind {
                Kind::Cropped if self.issued.contains(original) => out.push_str(original),
                Kind::Cropped => out.extend(original.chars().map(|c| fitted('x', c))),
                kind => out.push_str(&self.mask(kind, original)),
            }
            at = token.range.end;
        }
        self.push_plain(&mut out, text, at, text.len());
        out
    }

    fn learn(&mut self, text: &str, found: &[Token]) {
        let originals = found.iter().filter(|token| token.kind != Kind::Cropped);
        let originals: Vec<(Kind, &str)> = originals
            .map(|token| (token.kind, text.get(token.range.clone()).unwrap_or("")))
            .collect();
        // No mask may look like something that is hidden.
        let new: HashSet<&str> = originals.iter().map(|(_, original)| *original).collect();
        for (kind, original) in &originals {
            self.mask_apart(*kind, original, &new);
        }
    }

    fn mask(&mut self, kind: Kind, original: &str) -> String {
        self.mask_apart(kind, original, &HashSet::new())
    }

    fn mask_apart(&mut self, kind: Kind, original: &str, taken: &HashSet<&str>) -> String {
        if self.issued.contains(original) {
            return original.to_owned();
        }
        if let Some(mask) = self.masks.get(original) {
            return mask.clone();
        }
        let length = original.chars().count();
        let last = self.last.entry((kind, length)).or_default();
        let mut mask;
        let mut tries = 0;
        loop {
            *last += 1;
            tries += 1;
            mask = numbered(kind, original, *last);
            let is_free = mask != original
                && !self.masks.contains_key(&mask)
                && !self.issued.contains(&mask)
                && !taken.contains(mask.as_str());
            // Short names run out of masks; then two names share one.
            if is_free || tries > 2_000 {
                break;
            }
        }
        self.masks.insert(original.to_owned(), mask.clone());
        self.issued.insert(mask.clone());
        // A name of digits alone is hidden where it stands in an ARN; elsewhere such a word is a
        // line, a date or a number.
        if let Some(first) = original.chars().next()
            && length > 1
            && original.contains(char::is_alphabetic)
            && !scan::is_vocabulary(original)
        {
            let names = self.names.entry(first).or_default();
            let place = names.partition_point(|name| name.len() >= original.len());
            names.insert(place, original.to_owned());
        }
        mask
    }

    /// Adds text between tokens, with the names in it masked.
    fn push_plain(&self, out: &mut String, text: &str, from: usize, to: usize) {
        let mut previous = text.get(..from).and_then(|before| before.chars().next_back());
        let mut in_escape = false;
        let mut rest = text.get(from..to).unwrap_or("");
        let mut at = from;
        while let Some(c) = rest.chars().next() {
            let at_boundary = previous.is_none_or(|before| !is_word(before));
            if at_boundary
                && !is_escape(text, at, c)
                && !in_escape
                && let Some(name) = self.name_at(text, at, to)
            {
                out.push_str(self.masks.get(name).map_or(name, String::as_str));
                previous = name.chars().next_back();
                at += name.len();
            } else {
                out.push(c);
                // The `m` that ends a colour and the `n` of an escaped line end join no word.
                let is_escaped = previous == Some('\\') && matches!(c, 'n' | 'r' | 't');
                let ends = in_escape && c.is_ascii_alphabetic();
                in_escape = c == '\u{1b}' || (in_escape && !ends);
                previous = if ends || is_escaped { None } else { Some(c) };
                at += c.len_utf8();
            }
            rest = text.get(at..to).unwrap_or("");
        }
    }

    /// The longest name that stands as a word at a place.
    fn name_at(&self, text: &str, at: usize, to: usize) -> Option<&str> {
        let rest = text.get(at..to)?;
        let names = self.names.get(&rest.chars().next()?)?;
        let ends = |name: &String| {
            let next = text.get(at + name.len()..).and_then(|after| after.chars().next());
            next.is_none_or(|next| !is_word(next)) || !name.chars().next_back().is_some_and(is_word)
        };
        names.iter().find(|name| rest.starts_with(name.as_str()) && ends(name)).map(String::as_str)
    }
}

/// Whether the character at a place is the letter of an escape in a JSON string.
fn is_escape(text: &str, at: usize, c: char) -> bool {
    let before = text.get(..at).unwrap_or("");
    let slashes = before.len() - before.trim_end_matches('\\').len();
    slashes % 2 == 1 && matches!(c, 'b' | 'f' | 'n' | 'r' | 't' | 'u')
}

/// The mask with a number, of the same length.
fn numbered(kind: Kind, original: &str, number: u64) -> String {
    let length = original.chars().count();
    match kind {
        Kind::Account => format!("{number:0length$}"),
        Kind::UniqueId => {
            let prefix = original.get(..4).unwrap_or("");
            format!("{prefix}{number:0width$}", width = length.saturating_sub(4))
        }
        Kind::Organization => {
            let prefix = original.split('-').next().unwrap_or("");
            let rest: String = original.chars().skip(prefix.len() + 1).collect();
            format!("{prefix}-{}", padded(&rest, number))
        }
        Kind::Email => {
            let (local, domain) = original.split_once('@').unwrap_or((original, ""));
            let domain = domain.chars().map(|c| if c == '.' { '.' } else { 'x' });
            format!("{}@{}", padded(local, number), domain.collect::<String>())
        }
        Kind::Name | Kind::Cropped => padded(original, number),
    }
}

/// `xxx1`: the number, behind as many letters as the length takes; in base 36 where it is short.
fn padded(original: &str, number: u64) -> String {
    let length = original.chars().count();
    let mut digits = Vec::new();
    let (mut left, base) = if length > 4 { (number, 10) } else { (number, 36) };
    while left > 0 && digits.len() < length {
        let digit = u32::try_from(left % base).unwrap_or(0);
        digits.push(char::from_digit(digit, 36).unwrap_or('0'));
        left /= base;
    }
    let pad = std::iter::repeat_n('x', length - digits.len());
    let symbols = pad.chain(digits.into_iter().rev());
    symbols.zip(original.chars()).map(|(symbol, of)| fitted(symbol, of)).collect()
}

/// An ASCII symbol, as wide as the character that it stands for.
fn fitted(symbol: char, of: char) -> char {
    match char_width(of) {
        2 => char::from_u32(u32::from(symbol) + 0xfee0).unwrap_or(symbol),
        _ => symbol,
    }
}

#[cfg(test)]
mod tests;
