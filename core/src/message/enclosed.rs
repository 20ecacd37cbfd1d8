//! JSON that stands in a text: alone, as YAML, in a log, or as it stood in a string.

use crate::doc::{Document, Syntax, embed, parse};
use crate::text::{SegmentMap, SourceId, SourceMap, Span, to_u32};

/// In a longer text nothing is looked for.
const LONGEST: usize = 4 << 20;
/// How many brackets are tried that open nothing that can be read.
const TRIES: usize = 64;

/// Whether a text is JSON and nothing else, or was meant to be.
pub fn is_json(text: &str) -> bool {
    text.trim_start_matches(|one: char| one.is_whitespace() || one == '\u{feff}')
        .starts_with(['{', '[', '"'])
}

/// The documents in a text, of which `keys` are keys.
pub(super) fn documents(sources: &mut SourceMap, source: SourceId, keys: &[&str]) -> Vec<Document> {
    let text = sources.shared_text(source);
    if is_json(&text)
        && let Ok(documents) = parse(sources, source, Syntax::Json)
    {
        return documents;
    }
    let is_key = |line: &str| {
        let line = line.trim_start_matches(['-', ' ']);
        keys.iter().any(|key| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')))
    };
    if text.lines().any(is_key)
        && let Ok(documents) = parse(sources, source, Syntax::Yaml)
    {
        return documents;
    }
    if text.len() > LONGEST { Vec::new() } else { within(sources, source, &text) }
}

/// The objects that stand among other words.
fn within(sources: &mut SourceMap, source: SourceId, text: &str) -> Vec<Document> {
    let mut found = Vec::new();
    let (mut at, mut tries) = (0, 0);
    while let Some(rest) = text.get(at..).filter(|_| tries < TRIES) {
        let Some(start) = rest.find('{').map(|open| at + open) else { break };
        let body = text.get(start..).unwrap_or_default();
        let is_escaped = body.trim_start_matches('{').trim_start().starts_with("\\\"");
        let length = if is_escaped { end_of_string(body) } else { end_of_object(body) };
        let document = length.and_then(|length| {
            let part = body.get(..length)?;
            if is_escaped {
                unescaped(sources, source, start, part.trim_end())
            } else {
                let mut map = SegmentMap::default();
                map.push_verbatim(length, start);
                let id = sources.add_embedded(span(source, start, length), part.to_owned(), map);
                parse(sources, id, Syntax::Json).ok()?.pop()
            }
        });
        match (document, length) {
            (Some(document), Some(length)) => {
                found.push(document);
                at = start + length;
            }
            _ => {
                tries += 1;
                at = start + 1;
            }
        }
    }
    found
}

fn span(source: SourceId, start: usize, length: usize) -> Span {
    Span { source, start: to_u32(start), end: to_u32(start + length) }
}

/// The document in what stood between the quotes of a string.
fn unescaped(
    sources: &mut SourceMap,
    source: SourceId,
    start: usize,
    part: &str,
) -> Option<Document> {
    let mut map = SegmentMap::default();
    map.push_atom(1, start, 0);
    map.push_verbatim(part.len(), start);
    map.push_atom(1, start + part.len(), 0);
    let host = span(source, start, part.len());
    let id = sources.add_embedded(host, format!("\"{part}\""), map);
    let string = parse(sources, id, Syntax::Json).ok()?.pop()?;
    embed::document_in(sources, &string, string.root().id())?.ok()
}

/// Where the object ends that a text begins with.
fn end_of_object(text: &str) -> Option<usize> {
    let (mut depth, mut in_string) = (0_usize, false);
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' if in_string => drop(bytes.next()),
            b'"' => in_string = !in_string,
            b'{' if !in_string => depth += 1,
            b'}' if !in_string => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// Where the string ends whose inside a text begins with.
fn end_of_string(text: &str) -> Option<usize> {
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'"' => return Some(at),
            _ => {}
        }
    }
    Some(text.len())
}
