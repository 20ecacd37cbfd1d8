//! Markdown, for the summary of a job or a comment on a change.

use std::io;

use super::{message, position, summary_line};
use crate::check::{Checked, Summary};
use crate::text::SourceMap;

/// A text in a cell of a table. Between backticks everything stands for itself but the sign that ends a
/// cell; a backtick that is not closed is none.
fn cell(text: &str) -> String {
    let text = text.replace('\n', " ");
    let parts: Vec<&str> = text.split('`').collect();
    let mut out = String::new();
    for (at, part) in parts.iter().enumerate() {
        let is_last = at + 1 == parts.len();
        let in_code = at % 2 == 1 && !is_last;
        if at > 0 {
            out.push_str(if at % 2 == 1 && is_last { "\\`" } else { "`" });
        }
        let part = if in_code {
            (*part).to_owned()
        } else {
            part.replace('\\', "\\\\").replace('<', "&lt;")
        };
        out.push_str(&part.replace('|', "\\|"));
    }
    out
}

pub(super) fn finding(
    checked: &Checked,
    sources: &SourceMap,
    first: bool,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let found = &checked.finding;
    if first {
        writeln!(out, "| | where | what | what to do |\n|---|---|---|---|")?;
    }
    let at = position(found.primary.span, sources);
    writeln!(
        out,
        "| {} | `{}:{}` | {} (`{}`) | {} |",
        found.severity.id(),
        at.file.replace('`', "'").replace('|', "\\|"),
        at.line,
        cell(&message(checked)),
        found.rule,
        cell(found.help.as_deref().unwrap_or_default())
    )
}

pub(super) fn end(summary: &Summary, written: usize, out: &mut dyn io::Write) -> io::Result<()> {
    let gap = if written > 0 { "\n" } else { "" };
    writeln!(out, "{gap}**why-denied**: {}", summary_line(summary))
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn what_stands_between_backticks_is_shown_as_it_is() {
        for (text, shown) in [
            ("`arn:<account>:a|b\\c` is <it>", "`arn:<account>:a\\|b\\c` is &lt;it>"),
            ("a|b\\c\nd", "a\\|b\\\\c d"),
            ("one ` <two>", "one \\` &lt;two>"),
        ] {
            assert_eq!(cell(text), shown);
        }
    }
}
