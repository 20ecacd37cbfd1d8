//! Documents inside documents: in a string, or URL-encoded as IAM's API gives them.
//!
//! The decoded text becomes a source of its own, and its map leads every place in it back to the
//! file on disk.

use crate::text::{SegmentMap, SourceId, SourceMap, Span};

use super::json::{self, Piece};
use super::{Content, Document, NodeId, Syntax, SyntaxError};

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
        Content::Raw | Content::Quoted => map.push_verbatim(text.len(), start),
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
        Content::Decoded(_) => align(&text, raw, start, &mut map),
    }
    Some(sources.add_embedded(inner, text, map))
}

/// Lays the decoded text of a YAML scalar beside what stands in the file. What both have is found
/// in both; what only the file has (indentation, line breaks that fold) is passed over.
fn align(decoded: &str, raw: &str, start: usize, map: &mut SegmentMap) {
    let double = start > 0 && decoded.len() != raw.len() && raw.contains('\\');
    let mut at = 0;
    if raw.starts_with(['|', '>']) {
        at = raw.find('\n').map_or(raw.len(), |end| end + 1);
    }
    let mut wanted = decoded.char_indices().peekable();
    while let Some((place, c)) = wanted.peek().copied() {
        let rest = raw.get(at..).unwrap_or("");
        let Some(found) = rest.chars().next() else { break };
        if c == '\'' && rest.starts_with("''") {
            map.push_atom(1, start + at, 2);
            at += 2;
            wanted.next();
        } else if double && found == '\\' && !(c == '\\' && !rest.starts_with("\\\\")) {
            let len = escape_len(rest);
            let skips = rest.starts_with("\\\n") || rest.starts_with("\\\r");
            if !skips {
                map.push_atom(c.len_utf8(), start + at, len);
                wanted.next();
            }
            at += len;
        } else if found == c {
            map.push_verbatim(c.len_utf8(), start + at);
            at += c.len_utf8();
            wanted.next();
        } else if found.is_whitespace() {
            let run = rest.len() - rest.trim_start().len();
            if c == ' ' || c == '\n' {
                // The line breaks of the file fold into one space, or into fewer line breaks.
                let breaks = decoded
                    .get(place..)
                    .map_or(0, |tail| tail.len() - tail.trim_start_matches('\n').len());
                let len = breaks.max(1);
                map.push_atom(len, start + at, run);
                for _ in 0..len {
                    wanted.next();
                }
                at += run;
            } else {
                at += found.len_utf8();
            }
        } else {
            break;
        }
    }
    if let Some((place, _)) = wanted.peek() {
        map.push_atom(decoded.len() - place, start + at, raw.len().saturating_sub(at));
    }
}

/// The length of the escape of a double-quoted YAML scalar at the start of `rest`.
fn escape_len(rest: &str) -> usize {
    let wanted = match rest.as_bytes().get(1) {
        Some(b'x') => 4,
        Some(b'u') => 6,
        Some(b'U') => 10,
        Some(b'\n' | b'\r') => {
            let tail = rest.get(1..).unwrap_or("");
            return 1 + tail.len() - tail.trim_start().len();
        }
        _ => 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
    };
    wanted.min(rest.len())
}

/// URL-decodes a source as IAM's API encodes policies; a plus sign stays one. `None` if the text is
/// not well-formed.
pub fn decode_percent(sources: &mut SourceMap, of: SourceId) -> Option<SourceId> {
    let text = sources.shared_text(of);
    let bytes = text.as_bytes();
    let decoded: Vec<u8> = percent_encoding::percent_decode_str(&text).collect();
    let decoded = String::from_utf8(decoded).ok()?;
    let mut map = SegmentMap::default();
    let mut at = 0;
    for c in decoded.chars() {
        let encoded = bytes.get(at) == Some(&b'%')
            && bytes
                .get(at + 1..at + 3)
                .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        if encoded {
            // Every byte of the character is encoded where the first one is.
            map.push_atom(c.len_utf8(), at, 3 * c.len_utf8());
            at += 3 * c.len_utf8();
        } else {
            map.push_verbatim(c.len_utf8(), at);
            at += c.len_utf8();
        }
    }
    let host = Span { source: of, start: 0, end: u32::try_from(text.len()).ok()? };
    Some(sources.add_embedded(host, decoded, map))
}

/// Reads the JSON document in a string, URL-encoded or not. `None` if the string does not look like
/// one.
pub fn document_in(
    sources: &mut SourceMap,
    document: &Document,
    node: NodeId,
) -> Option<Result<Document, SyntaxError>> {
    let text = document.node(node).text()?;
    let text = text.trim_start_matches('\u{FEFF}').trim_start();
    let lower = text.get(..3).unwrap_or(text).to_ascii_lowercase();
    let encoded = matches!(lower.as_str(), "%7b" | "%5b" | "%20" | "%0a" | "%0d" | "%09");
    if !encoded && !text.starts_with(['{', '[']) {
        return None;
    }
    let mut source = decode_string(sources, document, node)?;
    if encoded {
        source = decode_percent(sources, source)?;
    }
    Some(super::parse(sources, source, Syntax::Json).and_then(|documents| {
        documents.into_iter().next().ok_or_else(|| SyntaxError {
            kind: super::SyntaxErrorKind::Empty,
            span: sources.whole(source),
            related: None,
        })
    }))
}
