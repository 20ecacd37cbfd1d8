//! Values in an object that was passed over: found in its text when somebody asks for them.
//!
//! Such a value has an id like any other, which is its place in the text. The text is well-formed,
//! so nothing is checked here.

#[cfg(test)]
mod tests;

use super::skip::space;
use super::{find_special, to_u32};
use crate::doc::{Content, Kind, NodeData};

/// What tells an id of such a value from that of a node; so they stand in the first 2 GiB.
const MARK: u32 = 1 << 31;

/// How long a text may be for its values to have such ids.
pub(in crate::doc) const LONGEST: usize = MARK as usize - 1;

/// The id of the value at `at`.
pub(in crate::doc) fn id(at: usize) -> u32 {
    to_u32(at) | MARK
}

/// The place of the value with the id `id`; `None` if it has a node.
pub(in crate::doc) fn place(id: u32) -> Option<usize> {
    (id & MARK != 0).then_some((id & !MARK) as usize)
}

/// What the value at `at` is.
pub(in crate::doc) fn kind(text: &str, at: usize) -> Kind {
    match text.as_bytes().get(at) {
        Some(b'{') => Kind::Mapping,
        Some(b'[') => Kind::Sequence,
        Some(b'"') => Kind::String,
        Some(b't' | b'f') => Kind::Bool,
        Some(b'-' | b'0'..=b'9') => Kind::Number,
        _ => Kind::Null,
    }
}

/// What a node would say of the value at `at`.
pub(in crate::doc) fn data(text: &str, at: usize) -> NodeData {
    let end = end(text.as_bytes(), at);
    let kind = kind(text, at);
    let content = match kind {
        Kind::String => {
            let raw = text.as_bytes().get(at..end).unwrap_or_default();
            let escaped = memchr::memchr(b'\\', raw).is_some();
            if escaped { Content::Escaped } else { Content::Quoted }
        }
        Kind::Mapping | Kind::Sequence => Content::Unread,
        _ => Content::Raw,
    };
    NodeData { start: to_u32(at), end: to_u32(end), link: 0, kind, content }
}

/// The first key or item of the object or list at `at`, if there is any.
pub(in crate::doc) fn first(text: &str, at: usize) -> Option<u32> {
    let first = space(text.as_bytes(), at + 1);
    (!matches!(text.as_bytes().get(first), None | Some(b'}' | b']'))).then(|| id(first))
}

/// The value of the key at `at`.
pub(in crate::doc) fn value(text: &str, at: usize) -> u32 {
    let bytes = text.as_bytes();
    id(space(bytes, space(bytes, end(bytes, at)) + 1))
}

/// The next key or item after the value at `at`, if there is any.
pub(in crate::doc) fn next(text: &str, at: usize) -> Option<u32> {
    let bytes = text.as_bytes();
    let comma = space(bytes, end(bytes, at));
    (bytes.get(comma) == Some(&b',')).then(|| id(space(bytes, comma + 1)))
}

/// The end of the value at `at`.
fn end(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at) {
        Some(b'"') => string_end(bytes, at),
        Some(b'{' | b'[') => {
            let mut depth = 0_usize;
            let mut at = at;
            loop {
                match bytes.get(at) {
                    Some(b'{' | b'[') => depth += 1,
                    Some(b'}' | b']') => depth -= 1,
                    Some(b'"') => at = string_end(bytes, at) - 1,
                    Some(b' ' | b'\n') => at = space(bytes, at) - 1,
                    Some(_) => {}
                    None => return at,
                }
                at += 1;
                if depth == 0 {
                    return at;
                }
            }
        }
        _ => {
            let ends =
                |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t');
            let rest = bytes.get(at..).unwrap_or_default();
            at + rest.iter().position(ends).unwrap_or(rest.len())
        }
    }
}

fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while let Some(special) = bytes.get(at..).and_then(find_special) {
        at += special;
        if bytes.get(at) == Some(&b'"') {
            return at + 1;
        }
        at += 2;
    }
    bytes.len()
}
