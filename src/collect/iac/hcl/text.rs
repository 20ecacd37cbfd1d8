//! Texts of HCL as they lie in the file: escapes, interpolations, heredocs.
//!
//! <https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md>

use hcl_edit::Span as _;
use hcl_edit::template::Element;

use crate::doc::build::{Placed, Text};
use crate::text::Span;

use super::{Module, hole};

/// How long a text may grow.
const LONGEST: usize = 1 << 20;

impl Module<'_> {
    /// A text between quotes, of which `value` is what it stands for.
    pub(super) fn literal(&self, value: &str, span: Span) -> Text {
        let inner = Span {
            start: span.start + 1,
            end: span.end.saturating_sub(1).max(span.start + 1),
            ..span
        };
        let quoted = self.sources.slice(span).starts_with('"');
        let mut text = Text::new(span.source);
        self.push(&mut text, value, if quoted { inner } else { span }, true);
        text
    }

    /// Adds what stands at `span`, piece by piece if each is found there, else as one.
    fn push(&self, text: &mut Text, value: &str, span: Span, escapes: bool) {
        let raw = self.sources.slice(span);
        let start = span.start as usize;
        match pieces(raw, value, escapes) {
            Some(pieces) => {
                for (len, raw_at, raw_len, part) in pieces {
                    let place = |from: usize, len: usize| Span {
                        start: u32::try_from(start + from).unwrap_or(u32::MAX),
                        end: u32::try_from(start + from + len).unwrap_or(u32::MAX),
                        ..span
                    };
                    if len == raw_len && raw.get(raw_at..raw_at + raw_len) == Some(part) {
                        text.push_verbatim(part, start + raw_at);
                    } else {
                        text.push_atom(part, place(raw_at, raw_len));
                    }
                }
            }
            None => text.push_atom(value, span),
        }
    }

    /// A text with interpolations. One that is nothing but an interpolation is its value.
    pub(super) fn template(
        &self,
        elements: &[&Element],
        file: usize,
        span: Span,
        heredoc: bool,
        depth: usize,
    ) -> Placed {
        if let ([Element::Interpolation(one)], false) = (elements, heredoc) {
            return Placed { span, ..self.eval(&one.expr, file, depth + 1) };
        }
        let mut text = Text::new(span.source);
        for element in elements {
            let place = self.span(file, element.span());
            match element {
                Element::Literal(literal) => self.push(&mut text, literal.value(), place, !heredoc),
                Element::Interpolation(one) => {
                    let value = self.eval(&one.expr, file, depth + 1);
                    match value.as_text() {
                        Some(value) => text.push_text(&value.moved(place), place),
                        None => text.push_hole(&self.expression(file, place, &value), place),
                    }
                }
                Element::Directive(_) => {
                    let name = self.sources.slice(place).to_owned();
                    let reason = "a directive of a template is not worked out".to_owned();
                    let supply = "read the plan instead: `terraform show -json`".to_owned();
                    text.push_hole(&hole(short(&name), reason, supply), place);
                }
            }
            if text.as_str().len() > LONGEST {
                return Placed::unknown(self.too_much(), span);
            }
        }
        Placed::text(text, span)
    }
}

/// An expression in one line that is not too long.
pub(super) fn short(text: &str) -> String {
    let one: Vec<&str> = text.split_whitespace().collect();
    let one = one.join(" ");
    if one.chars().count() <= 60 {
        return one;
    }
    let cut: String = one.chars().take(57).collect();
    format!("{cut}…")
}

/// How `value` lies in `raw`: for each piece its length, its place there, and its text. In a heredoc
/// the spaces before a line may be missing. `None` if the two do not fit together.
fn pieces<'v>(
    raw: &str,
    value: &'v str,
    escapes: bool,
) -> Option<Vec<(usize, usize, usize, &'v str)>> {
    let mut found: Vec<(usize, usize, usize, &'v str)> = Vec::new();
    let (mut at, mut done) = (0, 0);
    let mut add = |at: usize, raw_len: usize, done: usize, len: usize| -> Option<()> {
        let part = value.get(done..done + len)?;
        let verbatim = len == raw_len && raw.get(at..at + raw_len) == Some(part);
        if verbatim
            && let Some((last_len, last_at, last_raw, last)) = found.last_mut()
            && *last_len == *last_raw
            && *last_at + *last_raw == at
            && raw.get(*last_at..*last_at + *last_raw) == Some(*last)
        {
            let start = done - *last_len;
            *last_len += len;
            *last_raw += raw_len;
            *last = value.get(start..done + len)?;
        } else {
            found.push((len, at, raw_len, part));
        }
        Some(())
    };
    let mut line_start = true;
    while at < raw.len() || done < value.len() {
        let rest = raw.get(at..)?;
        let wanted = value.get(done..)?;
        let first = rest.chars().next()?;
        if rest.starts_with("$${") || rest.starts_with("%%{") {
            wanted.starts_with(rest.get(1..3)?).then_some(())?;
            add(at, 3, done, 2)?;
            (at, done, line_start) = (at + 3, done + 2, false);
            continue;
        }
        if escapes && first == '\\' {
            let len = match rest.as_bytes().get(1)? {
                b'u' => 6,
                b'U' => 10,
                _ => 2,
            };
            let letter = wanted.chars().next()?.len_utf8();
            rest.get(..len)?;
            add(at, len, done, letter)?;
            (at, done) = (at + len, done + letter);
            continue;
        }
        if wanted.starts_with(first) && !(line_start && first == ' ' && skips(rest, wanted)) {
            add(at, first.len_utf8(), done, first.len_utf8())?;
            at += first.len_utf8();
            done += first.len_utf8();
            line_start = first == '\n' || (line_start && first == ' ');
        } else if first == '\r' || (line_start && matches!(first, ' ' | '\t')) {
            at += 1;
        } else {
            return None;
        }
    }
    Some(found)
}

/// Whether `rest` has more spaces at its start than `wanted`, so that some were taken away.
fn skips(rest: &str, wanted: &str) -> bool {
    let spaces = |text: &str| text.len() - text.trim_start_matches(' ').len();
    spaces(rest) > spaces(wanted)
}

#[cfg(test)]
mod tests {
    use super::pieces;

    #[test]
    fn each_piece_is_found_where_it_is_written() {
        for (raw, value, escapes, wanted) in [
            ("abc", "abc", true, vec!["abc"]),
            (r#"a\"b"#, "a\"b", true, vec!["a", r#"\""#, "b"]),
            ("x$${aws:u}", "x${aws:u}", true, vec!["x", "$${", "aws:u}"]),
            (
                "    {\n      \"a\"\n    }\n",
                "{\n  \"a\"\n}\n",
                false,
                vec!["{\n", "  \"a\"\n", "}\n"],
            ),
            (r"\u00e9x", "éx", true, vec![r"\u00e9", "x"]),
            ("  é\n", "é\n", false, vec!["é\n"]),
        ] {
            let found = pieces(raw, value, escapes).unwrap();
            let texts: Vec<_> =
                found.iter().filter_map(|(_, at, len, _)| raw.get(*at..*at + *len)).collect();
            assert_eq!(texts, wanted, "{raw:?}");
            let whole: String = found.iter().map(|(.., part)| *part).collect();
            assert_eq!(whole, value);
        }
        assert!(pieces("abc", "abd", true).is_none());
    }
}
