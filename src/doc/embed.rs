//! Documents inside documents: in a string, or URL-encoded as IAM's API gives them.
//!
//! The decoded text becomes a source of its own, and its map leads every place in it back to the
//! file on disk.

#[cfg(test)]
mod tests;
mod weave;

use crate::text::{SegmentMap, SourceId, SourceMap, Span};

use super::json::{self, Piece};
use super::{Content, Document, NodeId, SyntaxError};

/// Makes the text of a string a source of its own. `None` if the node is no string.
pub fn decode_string(
    sources: &mut SourceMap,
    document: &Document,
    node: NodeId,
) -> Option<SourceId> {
    let node = document.node(node);
    let text = node.text()?.into_owned();
    let data = document.data(node.id().0);
    let inner = node.inner_span();
    let (start, end) = (inner.start as usize, inner.end as usize);
    let raw = document.text.get(start..end).unwrap_or("");
    let mut map = SegmentMap::default();
    match data.content {
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
    Some(sources.add_embedded(inner, text, map))
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

/// Whether the first character that counts is an opening bracket.
fn opens_document(mut text: impl Iterator<Item = u8>) -> bool {
    // The last three are a byte order mark.
    let skipped = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0xEF | 0xBB | 0xBF);
    matches!(text.find(|byte| !skipped(byte)), Some(b'{' | b'['))
}
