//! Where a value stands, from where the parser says it does.

use saphyr_parser::{ScalarStyle, Tag};

use super::{Builder, scalar};

/// What YAML calls white space and line breaks.
const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

impl Builder<'_> {
    /// The value alone: the parser lets it start at its anchor or tag.
    pub(super) fn without_properties(
        &self,
        anchor: usize,
        tag: Option<&Tag>,
        start: usize,
        end: usize,
    ) -> (usize, usize) {
        if anchor == 0 && tag.is_none() {
            return (start, end);
        }
        let rest = self.text.get(start..).unwrap_or("");
        let start = start + scalar::properties_len(rest);
        (start, end.max(start))
    }

    /// Where a scalar stands: with its quotes, without tag and anchor, without the header of a block
    /// scalar, and without the space behind it.
    pub(super) fn scalar_place(
        &self,
        text: &str,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<&Tag>,
        start: usize,
        end: usize,
    ) -> (usize, usize) {
        let slice = |start: usize, end: usize| self.text.get(start..end).unwrap_or("");
        if style == ScalarStyle::Plain && text.is_empty() {
            // What is not there stands behind its tag or its key.
            let end = if anchor > 0 || tag.is_some() { end } else { start };
            let at = slice(0, end).trim_end_matches(SPACE).len();
            return (at, at);
        }
        let (mut start, end) = self.without_properties(anchor, tag, start, end);
        match style {
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
                (start, start + scalar::quoted_len(slice(start, self.text.len())))
            }
            ScalarStyle::Plain => (start, start + slice(start, end).trim_end_matches(SPACE).len()),
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let has_header =
                    (anchor > 0 || tag.is_some()) && slice(start, end).starts_with(['|', '>']);
                if has_header {
                    // The first line with something in it; its indentation is not content.
                    let body =
                        slice(start, end).find(['\n', '\r']).map_or(end, |line| start + line + 1);
                    let blank = slice(body, end);
                    let blank = blank.len() - blank.trim_start_matches(SPACE).len();
                    let line =
                        slice(body, body + blank).rfind(['\n', '\r']).map_or(0, |line| line + 1);
                    start = body + line;
                    let spaces = |text: &str| text.len() - text.trim_start_matches(' ').len();
                    let before = spaces(slice(start, end));
                    // What the header does not count as indentation is text.
                    start += before - spaces(text.trim_start_matches('\n')).min(before);
                }
                if text.trim_start_matches('\n').is_empty() {
                    // Nothing but line breaks: the parser has gone on to the next token.
                    let at = slice(0, start).trim_end_matches(SPACE).len();
                    return (at, at);
                }
                let content = text.trim_end_matches('\n');
                let last = content.rsplit('\n').next().unwrap_or("");
                if last.trim_matches(SPACE).is_empty() {
                    // Spaces beyond the indentation are text.
                    return (start, start + slice(start, end).trim_end_matches(['\n', '\r']).len());
                }
                // Up to the end of the last line with something in it.
                let last = start + slice(start, end).trim_end_matches(SPACE).len();
                let rest = slice(last, end);
                (start, last + rest.find(['\n', '\r']).unwrap_or(rest.len()))
            }
        }
    }
}
