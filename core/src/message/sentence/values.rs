//! The values of the sentence: an action, a resource, the ARN of a policy, wherever lines were cut.

use std::ops::Range;

use super::{Piece, clip, is_moment};
use crate::message::wrapping::NARROWEST;

/// How long the word at `from` is, if one stands there that can be a placeholder.
pub(super) fn word_len(text: &str, from: usize, ceiling: usize) -> usize {
    let rest = clip(text, from, (from + 120).min(ceiling));
    let len = rest.find([' ', '\n', '"', '<', ',']).unwrap_or(rest.len());
    // A placeholder, with its blanks.
    let name = rest.strip_prefix('<').and_then(|inner| inner.split_once('>')).map(|(name, _)| name);
    if let Some(name) = name.filter(|name| {
        name.len() < 60 && name.starts_with(|letter: char| letter.is_ascii_alphabetic())
    }) {
        return name.len() + 2;
    }
    if rest.starts_with("on ") { 0 } else { len }
}

/// A word that is the name of an API operation: `CreateLogGroup`.
pub(super) fn operation_name(text: &str, range: Range<usize>) -> Option<Piece> {
    let word = text.get(range.clone())?.trim_end_matches('.');
    let capitals = word.bytes().filter(u8::is_ascii_uppercase).count();
    let is_name = word.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && word.starts_with(|letter: char| letter.is_ascii_uppercase())
        && (2..word.len()).contains(&capitals);
    let range = range.start..range.start + word.len();
    is_name.then(|| Piece { value: word.to_owned(), range })
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'*')
}

/// `service:Name`, also where a line end cuts it.
pub(super) fn action(text: &str, from: usize, ceiling: usize) -> Option<Piece> {
    let window = clip(text, from, (from + 300).min(ceiling));
    // Two stars print bold what follows.
    let bold = |letter: char| matches!(letter, '\'' | '"' | '`' | ' ' | '\n' | '*');
    let start = window.len() - window.trim_start_matches(bold).len();
    let window = window.get(start..)?;
    if let Some(inner) = window.strip_prefix('<') {
        let len =
            inner.find(['>', ' ', '\n']).filter(|len| inner.as_bytes().get(*len) == Some(&b'>'))?;
        let value = window.get(..len + 2)?;
        let at = from + start;
        return value
            .contains(':')
            .then(|| Piece { value: value.to_owned(), range: at..at + value.len() });
    }
    let run = |text: &str| text.bytes().take_while(|byte| is_name(*byte) || *byte == b':').count();
    let mut len = run(window);
    let mut value = window.get(..len)?.to_owned();
    let rest = window.get(len..)?;
    if let Some(next) = rest.strip_prefix('\n') {
        let more = run(next);
        let tail = next.get(..more)?;
        let cut = !value.contains(':') || value.ends_with(':') || {
            let behind = next.get(more..).unwrap_or("").trim_start();
            let words = ["on ", "because ", "with ", "and ", "status ", "at "];
            line_width(text, from + start + len) >= NARROWEST
                && !words.iter().any(|word| next.starts_with(word))
                && words.iter().take(3).any(|word| behind.starts_with(word))
        };
        if cut && more > 0 {
            value.push_str(tail);
            len += 1 + more;
        }
    }
    // What ends what is bold is taken for a part of the name, as a pattern's star is.
    let name = value.trim_end_matches([':', '-']);
    let name = name.strip_suffix("**").unwrap_or(name);
    let len = len - (value.len() - name.len());
    let value = name.to_owned();
    let (prefix, name) = value.split_once(':')?;
    let good = !prefix.is_empty()
        && prefix.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !name.is_empty()
        && name.bytes().all(is_name);
    let end = from + start + len.min(window.len());
    good.then(|| Piece { range: from + start..end, value })
}

/// How long the line is that ends at `end`, as far as it matters.
fn line_width(text: &str, end: usize) -> usize {
    let bytes = text.as_bytes().get(..end).unwrap_or(&[]);
    bytes.iter().rev().take(400).take_while(|byte| **byte != b'\n').count()
}

/// Words that stand before a name, in place of an ARN.
const KINDS: &[&str] = &[
    "role",
    "policy",
    "user",
    "group",
    "instance",
    "instance profile",
    "profile",
    "provider",
    "certificate",
    "server certificate",
    "signing certificate",
    "access key",
    "mfa device",
    "virtual mfa device",
    "stack",
    "key",
];

/// Whether a value is one of these words, or begins one of several words that goes on with `next`.
fn is_kind(value: &str, next: &str) -> bool {
    let goes_on = |kind: &&str| {
        let rest = kind.strip_prefix(value).and_then(|rest| rest.strip_prefix(' '));
        rest.is_some_and(|rest| rest.split(' ').next() == Some(next))
    };
    KINDS.contains(&value) || KINDS.iter().any(goes_on)
}

/// How long the rest of a placeholder is that has blanks in it, from the first of them to what closes it.
fn placeholder_rest(value: &str, rest: &str) -> Option<usize> {
    let open = value.rfind(['<', '[', '{'])?;
    let close = match value.as_bytes().get(open)? {
        b'<' => '>',
        b'[' => ']',
        _ => '}',
    };
    if value.get(open..)?.contains(close) {
        return None;
    }
    let len = rest.bytes().take(60).position(|byte| byte == close as u8)?;
    let is_part =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'\n' | b'-' | b'_');
    rest.get(..len)?.bytes().all(is_part).then_some(len + 1)
}

/// The resource from `from` on: in quotes, up to the named layer, or as far as it can be one.
pub(super) fn resource_value(
    text: &str,
    from: usize,
    limit: Option<usize>,
    ceiling: usize,
) -> (Option<Piece>, usize) {
    let rest = clip(text, from, (from + 2200).min(ceiling));
    let close: Option<&[char]> = match rest.chars().next() {
        Some('"') => Some(&['"']),
        Some('`') => Some(&['\'', '`']),
        Some('\'') => Some(&['\'']),
        _ => None,
    };
    let mut from = from;
    if let Some(close) = close {
        let inner = rest.get(1..).unwrap_or("");
        // What begins in a line of its own behind it is another text, and the quote was cut off.
        let is_other = |len: &usize| {
            let value = inner.get(..*len).unwrap_or("");
            ["\n\n", "\n{", "\n["].iter().any(|begin| value.contains(begin))
        };
        if let Some(len) = inner.find(close).filter(|len| !is_other(len)) {
            let value = spaced(inner.get(..len).unwrap_or("").trim());
            let range = from + 1..from + 1 + len;
            let good = !value.trim_matches(['.', '\u{2026}']).is_empty();
            let piece = good.then_some(Piece { value, range });
            return (piece, from + len + 2);
        }
        from += 1;
    }
    if let Some(limit) = limit.filter(|limit| *limit > from && *limit - from < 600) {
        let whole = clip(text, from, limit);
        let one_clause = !whole.contains(". ") && !whole.contains("\n\n") && !whole.contains(" (");
        let value = whole.trim();
        let value = value.strip_suffix(" ...").unwrap_or(value).trim_end_matches(',');
        // The names of some resources have blanks in them.
        let most = if value.starts_with("arn:") { 12 } else { 5 };
        if one_clause && value.split([' ', '\n']).filter(|word| !word.is_empty()).count() <= most {
            let start = from + (whole.len() - whole.trim_start().len());
            let end = start + value.len();
            let value = joined(value);
            let good = !value.is_empty() && !value.trim_matches('.').is_empty();
            return (good.then_some(Piece { value, range: start..end }), end);
        }
    }
    plain_value(text, from, ceiling)
}

/// A value without quotes: one word, or two where the first says what the second is.
pub(super) fn plain_value(text: &str, from: usize, ceiling: usize) -> (Option<Piece>, usize) {
    let rest = clip(text, from, (from + 2200).min(ceiling));
    let word = |text: &str| {
        let stop = text.find([' ', '\n', '"', '\'', '`']).unwrap_or(text.len());
        let word = text.get(..stop).unwrap_or("");
        // What a page puts behind a value: a tag, a note, the address of a link.
        let marks = ["</", ".[", "]("].iter().filter_map(|mark| word.find(mark));
        marks.min().unwrap_or(stop)
    };
    let mut value = String::new();
    let mut at = 0;
    let mut end = 0;
    for _ in 0..8 {
        let here = rest.get(at..).unwrap_or("");
        let len = word(here);
        let piece = here.get(..len).unwrap_or("");
        value.push_str(piece);
        at += len;
        if !piece.is_empty() {
            end = at;
        }
        let here = rest.get(at..).unwrap_or("");
        if let Some(len) = placeholder_rest(&value, here) {
            value.push_str(&here.get(..len).unwrap_or("").replace('\n', " "));
            at += len;
            end = at;
        } else if let Some(next) = here.strip_prefix('\n') {
            if !continues(text, from + at, &value, next) {
                break;
            }
            if KINDS.contains(&value.as_str()) {
                value.push(' ');
            }
            at += 1;
        } else if let Some(next) = here.strip_prefix(' ') {
            let following = next.get(..word(next)).unwrap_or("");
            let named = is_kind(&value, following);
            let split_name = value.starts_with("arn:")
                && following.contains('/')
                && !following.starts_with(['(', 'h', '/'])
                && !value.rsplit(':').next().unwrap_or("").contains('/');
            if following.is_empty() || !(named || split_name) {
                break;
            }
            value.push(' ');
            at += 1;
        } else {
            break;
        }
    }
    let trimmed = closed(&value);
    let cut = value.len() - trimmed.len();
    let good =
        !trimmed.is_empty() && !trimmed.trim_matches('.').is_empty() && !trimmed.starts_with('(');
    let end = from + end;
    let piece = Piece { value: trimmed.to_owned(), range: from..end.saturating_sub(cut).max(from) };
    (good.then_some(piece), if good { end } else { from })
}

/// Whether the next line goes on with the value that ends the line at `end`.
fn continues(text: &str, end: usize, value: &str, next: &str) -> bool {
    if value.is_empty() || next.starts_with([' ', '\n']) {
        return false;
    }
    let len = next.find([' ', '\n', '"', '\'', '`']).unwrap_or(next.len());
    let word = next.get(..len).unwrap_or("");
    let keyword = ["because", "with", "status", "Status", "(Service", "Encoded", "at", "on", "and"];
    if keyword.contains(&word.trim_end_matches(':')) || word.starts_with('(') || is_moment(word) {
        return false;
    }
    if KINDS.contains(&value) || next.starts_with(':') {
        return true;
    }
    if line_width(text, end) < NARROWEST {
        return false;
    }
    let behind = next.get(len..).unwrap_or("").trim_start();
    let goes_on = ["because no", "because NO", "with an", "(Service", "status code"];
    let alone = behind.is_empty()
        || next.get(len..).is_some_and(|rest| rest.starts_with(['\n', '"', '\'']));
    let like_an_arn = word
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_/:*.+=@,#<>(){}$".contains(&byte));
    like_an_arn
        && word.bytes().any(|byte| byte.is_ascii_alphanumeric() || byte == b'*')
        && (goes_on.iter().any(|words| behind.starts_with(words))
            || (alone
                && (word.contains(['/', '-', ':']) || word.bytes().any(|b| b.is_ascii_digit()))))
}

/// Without the punctuation that closes what is around it.
fn closed(value: &str) -> &str {
    let mut value = value;
    for _ in 0..16 {
        let Some(last) = value.chars().last() else { break };
        let opens = |open: char| value.matches(open).count() < value.matches(last).count();
        let cut = match last {
            '.' => !value.ends_with("..."),
            // CloudWatch Logs names a stream that has no name yet.
            ':' if value.ends_with(":log-stream:") => false,
            ',' | ';' | ':' | '!' | '?' | '\'' | '"' | '`' => true,
            ')' => opens('('),
            ']' => opens('['),
            '}' => opens('{'),
            '>' => opens('<'),
            _ => false,
        };
        if !cut {
            break;
        }
        value = value.get(..value.len() - last.len_utf8()).unwrap_or("");
    }
    value
}

/// A value whose line ends are taken out; those behind a word that names a kind become blanks.
pub(super) fn joined(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for line in value.split('\n') {
        let line = if text.is_empty() { line.trim_end() } else { line.trim() };
        // A placeholder may have blanks in it.
        let is_open = text.matches('<').count() > text.matches('>').count()
            && text.rfind('<').is_some_and(|at| text.len() > at + 3)
            && !text.ends_with(':');
        let has_blanks =
            text.starts_with("arn:") && text.contains(' ') && !text.ends_with(['/', ':', '-']);
        if KINDS.contains(&text.as_str()) || is_open || has_blanks {
            text.push(' ');
        }
        text.push_str(line);
    }
    text
}

/// A value in quotes, which may hold blanks: a line end is one, if no word was cut there.
fn spaced(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for line in value.split('\n') {
        let line = line.trim();
        // The name of a bucket has no blanks.
        let in_bucket = text.starts_with("arn:aws:s3:::") && !text.contains('/');
        if !text.is_empty()
            && !in_bucket
            && !text.ends_with(['-', '/', ':', '_'])
            && !line.starts_with([':', '/'])
        {
            text.push(' ');
        }
        text.push_str(line);
    }
    text
}
