//! Documents inside documents: in a string, or URL-encoded as IAM's API gives them.
//!
//! The decoded text becomes a source of its own, and its map leads every place in it back to the
//! file on disk.

#[cfg(test)]
mod tests;
mod weave;

use crate::text::{SegmentMap, SourceId, SourceMap, Span};

use super::build::{Text, built};
use super::json::{self, Piece};
use super::{Content, Document, Hole, Kind, Missing, Node, NodeId, SyntaxError};

/// Makes the text of a string a source of its own. `None` if the node is no string.
pub fn decode_string(
    sources: &mut SourceMap,
    document: &Document,
    node: NodeId,
) -> Option<SourceId> {
    let node = document.node(node);
    if let Some(text) = built(node) {
        return Some(text.embed(sources));
    }
    let text = node.text()?.into_owned();
    let map = map_of(node);
    Some(sources.add_embedded(node.inner_span(), text, map))
}

/// How the text of a scalar lies in what stands in the file.
pub(super) fn map_of(node: Node<'_>) -> SegmentMap {
    let document = node.document();
    let data = node.data();
    let text = document.content(data);
    let inner = node.inner_span();
    let (start, end) = (inner.start as usize, inner.end as usize);
    let raw = document.text.get(start..end).unwrap_or("");
    let mut map = SegmentMap::default();
    match data.content {
        Content::Built => {}
        Content::Raw | Content::Quoted | Content::Unread => map.push_verbatim(text.len(), start),
        Content::Escaped => {
            let mut at = start;
            for piece in json::pieces(raw) {
                match piece {
                    Piece::Plain(run) => {
                        map.push_verbatim(run.len(), at);
                        at += run.len();
                    }
                    Piece::Escape(len, found) => {
                        map.push_atom(found.len_utf8(), at, len);
                        at += len;
                    }
                }
            }
        }
        Content::Decoded(style) => map = weave::map(&text, &document.text, start..end, style),
    }
    map
}

/// What is missing in the text of a string of a document that was read with holes.
pub(super) fn holes_in(node: Node<'_>) -> Vec<Missing> {
    let inner = node.inner_span();
    let (start, end) = (inner.start as usize, inner.end as usize);
    let all = &node.document().missing;
    let first = all.partition_point(|one| one.end <= start);
    let inside = all.iter().skip(first).take_while(|one| one.start < end);
    let inside = inside.filter(|one| start <= one.start && one.end <= end).peekable();
    let map = map_of(node);
    let to_u32 = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    inside
        .filter_map(|one| {
            let (from, until) = map.to_decoded(to_u32(one.start), to_u32(one.end))?;
            Some(one.at(from as usize, until as usize))
        })
        .collect()
}

/// URL-decodes a source as IAM's API encodes policies; a plus sign stays one. `None` if the text is
/// not well-formed.
pub fn decode_percent(sources: &mut SourceMap, of: SourceId) -> Option<SourceId> {
    let text = sources.shared_text(of);
    let bytes = text.as_bytes();
    let decoded: Vec<u8> = percent_encoding::percent_decode(bytes).collect();
    let decoded = String::from_utf8(decoded).ok()?;
    let mut map = SegmentMap::default();
    let mut at = 0;
    for c in decoded.chars() {
        let start = at;
        for _ in 0..c.len_utf8() {
            at += if is_encoded(bytes, at) { 3 } else { 1 };
        }
        match at - start == c.len_utf8() {
            true => map.push_verbatim(c.len_utf8(), start),
            false => map.push_atom(c.len_utf8(), start, at - start),
        }
    }
    let host = Span { source: of, start: 0, end: u32::try_from(text.len()).ok()? };
    Some(sources.add_embedded(host, decoded, map))
}

fn is_encoded(bytes: &[u8], at: usize) -> bool {
    let digits = bytes.get(at + 1..at + 3).unwrap_or(&[]);
    bytes.get(at) == Some(&b'%') && digits.len() == 2 && digits.iter().all(u8::is_ascii_hexdigit)
}

/// Reads the JSON document in a string, URL-encoded or not. `None` if the string does not look like
/// one.
pub fn document_in(
    sources: &mut SourceMap,
    document: &Document,
    node: NodeId,
) -> Option<Result<Document, SyntaxError>> {
    if let Some(text) = built(document.node(node)).filter(|text| !text.holes().is_empty()) {
        return opens_document(text.as_str().bytes()).then(|| holed(sources, text));
    }
    let text = document.node(node).text()?;
    let encoded = is_encoded(text.as_bytes(), 0);
    let starts_document = if encoded {
        opens_document(percent_encoding::percent_decode(text.as_bytes()))
    } else {
        opens_document(text.bytes())
    };
    if !starts_document {
        return None;
    }
    let mut source = decode_string(sources, document, node)?;
    if encoded {
        source = decode_percent(sources, source)?;
    }
    Some(json::parse(sources.shared_text(source), source))
}

/// Reads the JSON in a text of which parts are missing. A part outside of strings is a value that is
/// not known; if the rest is no JSON without it, nothing is known of the whole.
fn holed(sources: &mut SourceMap, text: &Text) -> Result<Document, SyntaxError> {
    let (all, outside) = quoted(text);
    let source = all.embed(sources);
    let mut document = match json::parse(sources.shared_text(source), source) {
        Ok(document) => document,
        Err(error) if outside.is_empty() => return Err(error),
        Err(_) => {
            let first = text.holes().first();
            let name = first.map_or_else(String::new, |one| one.hole.name.clone());
            let hole = Hole {
                reason: format!("the text around `{name}` is no JSON before it is filled in"),
                supply: first.map_or_else(String::new, |one| one.hole.supply.clone()),
                name,
            };
            let whole = sources.whole(source);
            return Ok(super::build::Placed::unknown(hole, whole).document(sources));
        }
    };
    for (at, node) in document.nodes.iter_mut().enumerate() {
        let found = outside.binary_search_by_key(&(node.start as usize), |one| one.start);
        if let Ok(found) = found
            && let Some(one) = outside.get(found)
            && node.kind == Kind::String
        {
            let id = NodeId(u32::try_from(at).unwrap_or(u32::MAX));
            node.kind = Kind::Unknown;
            node.content = Content::Raw;
            node.link = id.0.saturating_add(1);
            document.unknown.push((id, std::sync::Arc::clone(&one.hole)));
        }
    }
    document.missing = all.holes().to_vec();
    Ok(document)
}

/// The text with what is missing as JSON: in a string a part of it, elsewhere a string of its own.
/// The latter are given with their places.
fn quoted(text: &Text) -> (Text, Vec<Missing>) {
    let mut all = Text::new(text.source());
    let mut outside = Vec::new();
    let (mut at, mut in_string) = (0, false);
    let add = |all: &mut Text, from: usize, until: usize| {
        let part = text.slice(from, until);
        let place = text.place(from, until);
        all.push_text(&part, place);
    };
    for one in text.holes() {
        in_string = ends_in_string(text.as_str().get(at..one.start).unwrap_or(""), in_string);
        add(&mut all, at, one.start);
        let safe = |c: char| if c == '"' || c == '\\' || c < ' ' { '\'' } else { c };
        let hole = Hole { name: one.hole.name.chars().map(safe).collect(), ..(*one.hole).clone() };
        let hole = std::sync::Arc::new(hole);
        let place = text.place(one.start, one.end);
        let quote = if in_string { "" } else { "\"" };
        let before = all.as_str().len();
        all.push_atom(quote, place);
        all.push_hole(&hole, place);
        all.push_atom(quote, place);
        if !in_string {
            outside.push(Missing { start: before, end: all.as_str().len(), hole });
        }
        at = one.end;
    }
    add(&mut all, at, text.as_str().len());
    (all, outside)
}

/// Whether JSON goes on in a string after `text`.
fn ends_in_string(text: &str, mut in_string: bool) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' if in_string => drop(bytes.next()),
            b'"' => in_string = !in_string,
            _ => {}
        }
    }
    in_string
}

/// Whether the first character that counts is an opening bracket.
fn opens_document(mut text: impl Iterator<Item = u8>) -> bool {
    // The last three are a byte order mark.
    let skipped = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0xEF | 0xBB | 0xBF);
    matches!(text.find(|byte| !skipped(byte)), Some(b'{' | b'['))
}
