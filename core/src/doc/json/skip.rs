//! Passing over an object that nobody has asked for yet, and finding one's way in it later.
//!
//! What is passed over is well-formed, not nested too deeply, and has no key twice: where any of
//! that is in doubt, the object is read in the ordinary way, which finds out and says it. So only
//! the good case is here, and it has no messages.

use super::{MAX_DEPTH, find_special};

/// Passes over objects. It is kept between them for its room.
#[derive(Default)]
pub(super) struct Skipper {
    /// The objects and lists that are open: whether it is an object, and where its keys start.
    open: Vec<(bool, usize)>,
    /// What stands for the keys of the open objects.
    keys: Vec<u64>,
}

/// How many keys of one object are compared with each other; one with more is read.
const MOST_KEYS: usize = 64;

impl Skipper {
    /// The end of the object that starts at `at` inside `depth` others, if it can be passed over.
    pub(super) fn object(&mut self, bytes: &[u8], at: usize, depth: usize) -> Option<usize> {
        self.open.clear();
        self.keys.clear();
        let mut at = at;
        loop {
            // A value is expected, or its list ends.
            match *bytes.get(at)? {
                b'"' => at = string(bytes, at)?,
                open @ (b'{' | b'[') => {
                    if depth + self.open.len() >= MAX_DEPTH {
                        return None;
                    }
                    at = space(bytes, at + 1);
                    let closing = if open == b'{' { b'}' } else { b']' };
                    let is_empty = bytes.get(at) == Some(&closing);
                    if !is_empty {
                        self.open.push((open == b'{', self.keys.len()));
                        if open == b'{' {
                            at = self.key(bytes, at)?;
                        }
                        continue;
                    }
                    at += 1;
                }
                b'-' | b'0'..=b'9' => at = number(bytes, at)?,
                b't' => at = word(bytes, at, b"true")?,
                b'f' => at = word(bytes, at, b"false")?,
                b'n' => at = word(bytes, at, b"null")?,
                _ => return None,
            }
            // What is open may end, or goes on after a comma.
            loop {
                let Some((is_object, first_key)) = self.open.last().copied() else {
                    return Some(at);
                };
                at = space(bytes, at);
                match *bytes.get(at)? {
                    b',' => {
                        at = space(bytes, at + 1);
                        if is_object {
                            at = self.key(bytes, at)?;
                        }
                        break;
                    }
                    b'}' if is_object => {}
                    b']' if !is_object => {}
                    _ => return None,
                }
                at += 1;
                self.keys.truncate(first_key);
                self.open.pop();
            }
        }
    }

    /// Passes over a key and its colon.
    fn key(&mut self, bytes: &[u8], at: usize) -> Option<usize> {
        if bytes.get(at) != Some(&b'"') {
            return None;
        }
        let start = at + 1;
        let end = start + find_special(bytes.get(start..)?)?;
        // A key with an escape may be equal to one without.
        if bytes.get(end) != Some(&b'"') {
            return None;
        }
        let mark = mark(bytes, start, end)?;
        let first = self.open.last().map_or(0, |(_, first)| *first);
        let others = self.keys.get(first..)?;
        if others.len() == MOST_KEYS || others.contains(&mark) {
            return None;
        }
        self.keys.push(mark);
        let colon = space(bytes, end + 1);
        (bytes.get(colon) == Some(&b':')).then(|| space(bytes, colon + 1))
    }
}

/// A number that is the same for equal keys, and hardly ever for others: of the first and the last
/// eight bytes and the length. `None` where the text ends too soon.
fn mark(bytes: &[u8], start: usize, end: usize) -> Option<u64> {
    let word = |at: usize| Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk::<8>()?));
    let len = end - start;
    let text = match len {
        0..8 => word(start)? & ((1 << (8 * len)) - 1),
        _ => word(start)? ^ word(end - 8)?.rotate_left(29),
    };
    Some(text.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ len as u64)
}

/// The first byte from `at` on that is no white space. Files are indented, so spaces come in runs.
pub(super) fn space(bytes: &[u8], at: usize) -> usize {
    const SPACES: u64 = u64::from_le_bytes([b' '; 8]);
    let mut at = at;
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(at) {
        at += 1;
        while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
            let others = u64::from_le_bytes(*chunk) ^ SPACES;
            if others != 0 {
                at += others.trailing_zeros() as usize / 8;
                break;
            }
            at += 8;
        }
    }
    at
}

/// The end of a string, if its escapes are good.
fn string(bytes: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        at += find_special(bytes.get(at..)?)?;
        match *bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => match *bytes.get(at + 1)? {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => at += 2,
                b'u' => {
                    let digits = bytes.get(at + 2..at + 6)?;
                    // Those that start with D may be half of a pair.
                    let good = digits.iter().all(u8::is_ascii_hexdigit)
                        && !matches!(digits.first(), Some(b'D' | b'd'));
                    at = good.then_some(at + 6)?;
                }
                _ => return None,
            },
            _ => return None,
        }
    }
}

/// The end of a number.
fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let digits = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        from + rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let start = at + usize::from(bytes.get(at) == Some(&b'-'));
    let mut at = digits(start);
    let leading_zero = bytes.get(start) == Some(&b'0') && at - start > 1;
    let mut good = at > start && !leading_zero;
    if bytes.get(at) == Some(&b'.') {
        let end = digits(at + 1);
        good &= end > at + 1;
        at = end;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        let start = at + 1 + usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        at = digits(start);
        good &= at > start;
    }
    (good && ends(bytes, at)).then_some(at)
}

fn word(bytes: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    let end = at + word.len();
    (bytes.get(at..end) == Some(word) && ends(bytes, end)).then_some(end)
}

/// Whether a number or a word can end at `at`.
fn ends(bytes: &[u8], at: usize) -> bool {
    matches!(bytes.get(at), Some(b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t'))
}
