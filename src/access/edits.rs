//! Which edit of a file touches a statement: the lines that differ between a file before a change and
//! after it.

use std::collections::BTreeMap;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::doc::{Kind, Syntax, parse};
use crate::text::{SourceId, SourceMap, Span};

/// So many lines of an edit are quoted.
const QUOTED: usize = 3;

/// A line that is longer than this is not quoted as a whole.
const LONG: usize = 160;
/// So many characters of a part of such a line are quoted.
const SHOWN: usize = 120;

/// An edit.
pub(super) struct Edit {
    /// Where it is after the change.
    pub(super) span: Span,
    /// The lines that went, and those that came.
    pub(super) text: Option<String>,
}

/// The first byte of a statement.
pub(super) fn head(span: Span) -> Span {
    Span { end: span.end.min(span.start + 1), ..span }
}

/// The edit of the lines of `span`, which is in a file as it was before the change; `None` if the file is
/// gone or these lines are as they were.
pub(super) fn around(
    span: Span,
    moved: &BTreeMap<String, String>,
    sources: &SourceMap,
) -> Option<Edit> {
    let host = sources.to_host(span);
    let new = sources.find(moved.get(sources.path(host.source)?)?)?;
    let (old_lines, new_lines) = (lines(sources, host.source), lines(sources, new));
    let wanted = touched(&old_lines, host);
    for op in differences(&old_lines, &new_lines) {
        let (from, to) = (op.old_range(), op.new_range());
        if matches!(op, DiffOp::Equal { .. })
            || from.end.max(from.start + 1) <= wanted.0
            || from.start > wanted.1
        {
            continue;
        }
        if let (Some([old]), Some([line])) =
            (old_lines.get(from.clone()), new_lines.get(to.clone()))
            && let Some(edit) = within((host.source, old), (new, line), sources)
        {
            return Some(edit);
        }
        let first = new_lines.get(to.start).or_else(|| new_lines.last())?;
        let last = to.end.checked_sub(1).filter(|last| *last >= to.start);
        let last = last.and_then(|last| new_lines.get(last)).unwrap_or(first);
        let indent = first.text.len() - first.text.trim_start().len();
        let start = first.start + indent;
        let end = (last.start + last.text.trim_end().len()).max(start);
        let text = quoted(old_lines.get(from)?, new_lines.get(to)?);
        return Some(Edit { span: place(new, start, end), text });
    }
    None
}

/// The edit that made lines of `span`, which is in a file as it is after the change; `None` if all of them
/// were there before.
pub(super) fn to(
    span: Span,
    moved: &BTreeMap<String, String>,
    sources: &SourceMap,
) -> Option<Edit> {
    let host = sources.to_host(span);
    let path = sources.path(host.source)?;
    let old = moved.iter().find(|(_, new)| *new == path).and_then(|(old, _)| sources.find(old));
    let old_lines = old.map_or_else(Vec::new, |old| lines(sources, old));
    let new_lines = lines(sources, host.source);
    let wanted = touched(&new_lines, host);
    let op = differences(&old_lines, &new_lines).into_iter().find(|op| {
        let to = op.new_range();
        !matches!(op, DiffOp::Equal { .. })
            && to.end.max(to.start + 1) > wanted.0
            && to.start <= wanted.1
    })?;
    let (old_part, new_part) = (old_lines.get(op.old_range())?, new_lines.get(op.new_range())?);
    if let (Some(old), [old_line], [line]) = (old, old_part, new_part)
        && let Some(edit) = within((old, old_line), (host.source, line), sources)
    {
        return Some(edit);
    }
    let text = quoted(old_part, new_part);
    // Of a file that is new all lines are, and the statement is what matters.
    let to = op.new_range();
    let (first, last) = (to.start.max(wanted.0), to.end.saturating_sub(1).min(wanted.1));
    if old.is_none() || first > last {
        return Some(Edit { span: head(span), text: None });
    }
    let (first, last) = (new_lines.get(first)?, new_lines.get(last)?);
    let start = first.start + (first.text.len() - first.text.trim_start().len());
    let end = (last.start + last.text.trim_end().len()).max(start);
    Some(Edit { span: place(host.source, start, end), text })
}

/// What differs within one long line, as JSON has where nobody is meant to read it: the values that
/// changed, or what went or came.
fn within(
    (old_id, old): (SourceId, &Line<'_>),
    (new_id, new): (SourceId, &Line<'_>),
    sources: &SourceMap,
) -> Option<Edit> {
    if old.text.len().max(new.text.len()) <= LONG {
        return None;
    }
    let (before, after) = (old.text.as_bytes(), new.text.as_bytes());
    let same = |(one, other): &(&u8, &u8)| one == other;
    let front = before.iter().zip(after).take_while(same).count();
    let room = before.len().min(after.len()) - front;
    let back = before.iter().rev().zip(after.iter().rev()).take_while(same).take(room).count();
    let part = |line: &Line<'_>| (line.start + front, line.start + line.text.len() - back);
    let side = |sign: char, id: SourceId, part: (usize, usize)| {
        let (span, is_scalar) = smallest(sources, id, part)?;
        let text =
            if is_scalar { sources.slice(span) } else { sources.text(id).get(part.0..part.1)? };
        let text = text.trim_matches(|c: char| c == ',' || c.is_whitespace());
        let mut shown: String = text.chars().take(SHOWN).collect();
        if shown.len() < text.len() {
            shown.push('…');
        }
        let text = (!shown.is_empty()).then(|| format!("{sign} `{shown}`"));
        Some((if is_scalar { span } else { head(span) }, text))
    };
    let (_, gone) = side('-', old_id, part(old))?;
    let (span, come) = side('+', new_id, part(new))?;
    let all: Vec<String> = gone.into_iter().chain(come).collect();
    Some(Edit { span, text: (!all.is_empty()).then(|| all.join(" ")) })
}

/// The smallest value or key of a JSON text around a part of it, and whether it is a scalar.
fn smallest(
    sources: &SourceMap,
    id: SourceId,
    (start, end): (usize, usize),
) -> Option<(Span, bool)> {
    let documents = parse(sources, id, Syntax::Json).ok()?;
    let part = place(id, start, end.max(start));
    let mut node = documents.first()?.root();
    loop {
        let mut inside = node.entries().flat_map(|entry| [entry.name, entry.value]);
        let inner = inside.find(|one| one.span().contains(&part));
        match inner.or_else(|| node.items().find(|one| one.span().contains(&part))) {
            Some(inner) => node = inner,
            None => {
                let is_scalar = !matches!(node.kind(), Kind::Mapping | Kind::Sequence);
                return Some((node.span(), is_scalar));
            }
        }
    }
}

/// A line and where it begins.
struct Line<'t> {
    start: usize,
    text: &'t str,
}

fn lines(sources: &SourceMap, id: SourceId) -> Vec<Line<'_>> {
    let mut start = 0;
    let lines = sources.text(id).split_inclusive('\n').map(|text| {
        let line = Line { start, text };
        start += text.len();
        line
    });
    lines.collect()
}

/// The numbers of the first and last line of a place.
fn touched(lines: &[Line<'_>], span: Span) -> (usize, usize) {
    let number =
        |at: u32| lines.partition_point(|line| line.start <= at as usize).saturating_sub(1);
    (number(span.start), number(span.end.saturating_sub(1).max(span.start)))
}

fn differences(old: &[Line<'_>], new: &[Line<'_>]) -> Vec<DiffOp> {
    let texts = |lines: &[Line<'_>]| -> Vec<String> {
        lines.iter().map(|line| line.text.to_owned()).collect()
    };
    capture_diff_slices(Algorithm::Myers, &texts(old), &texts(new))
}

fn place(source: SourceId, start: usize, end: usize) -> Span {
    let to_u32 = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span { source, start: to_u32(start), end: to_u32(end) }
}

/// `- "ci" + "cd"`: lines without their white space.
fn quoted(old: &[Line<'_>], new: &[Line<'_>]) -> Option<String> {
    let side = |sign: char, lines: &[Line<'_>]| {
        let mut texts: Vec<String> = lines
            .iter()
            .map(|line| line.text.trim())
            .filter(|text| !text.is_empty())
            .take(QUOTED)
            .map(|text| format!("{sign} `{text}`"))
            .collect();
        if lines.len() > QUOTED {
            texts.push(format!("{sign} …"));
        }
        texts
    };
    let mut all = side('-', old);
    all.extend(side('+', new));
    (!all.is_empty()).then(|| all.join(" "))
}
