//! Chooses which lines of a source are shown, and which columns of them.

use std::ops::Range;

use miette::{LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::super::Style;
use super::super::layout::{clean, width, wrap};
use super::Mark;
use super::lines::{Line, floor, pieces};
use crate::text::Span;

/// A span over more lines than this is shown by its first lines.
const MOST_LINES: usize = 8;
/// Columns that a label should have beside what it points at.
const LABEL_ROOM: usize = 30;
/// Marks of one source that are shown in one picture.
pub(super) struct Chunk<'a> {
    text: &'a str,
    marks: Vec<Placed<'a>>,
}

/// A mark with its lines.
#[derive(Clone, Debug)]
struct Placed<'a> {
    mark: Mark<'a>,
    bytes: Range<usize>,
    lines: Vec<Line>,
    /// Lines of the span that are not shown.
    more: usize,
}

impl Placed<'_> {
    fn is_multi_line(&self) -> bool {
        self.lines.len() > 1
    }

    fn last(&self) -> usize {
        self.lines.last().map_or(0, |line| line.number)
    }
}

/// Divides the marks of one source into pictures: the primary one's first, then from top to bottom.
pub(super) fn chunks<'a>(marks: &[Mark<'a>], text: &'a str, style: &Style) -> Vec<Chunk<'a>> {
    let mut placed: Vec<Placed<'a>> = marks.iter().map(|mark| place(*mark, text)).collect();
    placed.sort_by_key(|mark| (mark.bytes.start, mark.bytes.end));
    let mut chunks: Vec<Chunk<'a>> = Vec::new();
    for mark in placed {
        match chunks.iter_mut().rev().find(|chunk| chunk.takes(&mark, style)) {
            Some(chunk) => chunk.marks.push(mark),
            None => chunks.push(Chunk { text, marks: vec![mark] }),
        }
    }
    chunks.sort_by_key(|chunk| !chunk.marks.iter().any(|placed| placed.mark.primary));
    chunks
}

fn place<'a>(mark: Mark<'a>, text: &str) -> Placed<'a> {
    let start = floor(text, mark.span.start as usize);
    let end = floor(text, mark.span.end as usize).max(start);
    // A span that ends with a line's end does not reach into the next line.
    let inner = text.get(start..end).unwrap_or("").trim_end_matches(['\n', '\r']).len();
    let bytes = start..start + inner;
    let mut line = Line::at(text, bytes.start);
    let mut lines = Vec::new();
    while lines.len() + 1 < MOST_LINES
        && let Some(next) = line.next(text).filter(|next| next.bytes.start < bytes.end)
    {
        lines.push(std::mem::replace(&mut line, next));
    }
    let rest = text.as_bytes().get(line.bytes.end..bytes.end).unwrap_or_default();
    let mut more = memchr::memchr_iter(b'\n', rest).count();
    lines.push(line);
    // The last line that is shown says how many follow.
    if more > 0 {
        more += 1;
    }
    Placed { mark, bytes, lines, more }
}

impl<'a> Chunk<'a> {
    /// The span by which the picture is named.
    pub(super) fn anchor(&self) -> Option<Span> {
        let primary = self.marks.iter().find(|placed| placed.mark.primary);
        primary.or(self.marks.first()).map(|placed| placed.mark.span)
    }

    /// Whether another mark can be shown in the same picture, and be read there.
    fn takes(&self, other: &Placed<'_>, style: &Style) -> bool {
        let near =
            self.marks.iter().any(|placed| match (placed.lines.last(), other.lines.first()) {
                (Some(last), Some(first)) if last.number == first.number => last == first,
                (Some(last), Some(first)) if last.number + 2 == first.number => {
                    first.previous(self.text).is_some_and(|between| between.is_context(self.text))
                }
                (Some(last), Some(first)) => last.number + 1 == first.number,
                _ => false,
            });
        let apart = self.marks.iter().all(|placed| {
            let overlap =
                other.bytes.start < placed.bytes.end && placed.bytes.start < other.bytes.end;
            !overlap && placed.bytes != other.bytes
        });
        let one_line =
            !other.is_multi_line() && self.marks.iter().all(|mark| !mark.is_multi_line());
        near && apart && one_line && {
            let ranges = self.marks.iter().chain([other]).map(|mark| self.columns_of(mark));
            let (start, end) = ranges.fold((usize::MAX, 0), |(start, end), range| {
                (start.min(range.start), end.max(range.end))
            });
            end.saturating_sub(start) + LABEL_ROOM <= style.columns().saturating_sub(8)
        }
    }

    /// The columns under which the mark lies on its first line.
    fn columns_of(&self, placed: &Placed<'_>) -> Range<usize> {
        let Some(line) = placed.lines.first() else { return 0..0 };
        let (mut start, mut end, mut column) = (0, 0, 0);
        for piece in pieces(self.text, line) {
            if piece.offset < placed.bytes.start {
                start = column + piece.width(column);
            }
            if piece.offset >= placed.bytes.end {
                break;
            }
            column += piece.width(column);
            end = column;
        }
        start..end.max(start + 1)
    }

    /// The lines to show: those of the marks, and one around where that helps.
    fn lines(&self, context: bool) -> Vec<Line> {
        let mut lines: Vec<Line> = Vec::new();
        for placed in &self.marks {
            lines.extend(placed.lines.iter().cloned());
        }
        lines.sort_by_key(|line| line.number);
        lines.dedup();
        let mut all: Vec<Line> = Vec::new();
        for line in lines {
            if let Some(previous) = all.last()
                && previous.number + 1 < line.number
                && let Some(between) = line.previous(self.text)
            {
                // Marks are two lines apart at most; the line between keeps the numbers in step.
                all.push(between);
            }
            all.push(line);
        }
        if context && self.marks.iter().all(|placed| placed.more == 0) {
            let is_context = |line: &Line| line.is_context(self.text);
            if let Some(line) =
                all.first().and_then(|line| line.previous(self.text)).filter(is_context)
            {
                all.insert(0, line);
            }
            if let Some(line) = all.last().and_then(|line| line.next(self.text)).filter(is_context)
            {
                all.push(line);
            }
        }
        all
    }
}

/// A few short lines, and the labels in them.
#[derive(Debug)]
pub(super) struct View {
    text: String,
    first_line: usize,
    /// The name of the source.
    pub(super) name: String,
    /// Line and column of the anchor in the file on disk, from 1.
    pub(super) place: (usize, usize),
    /// The labels, in order.
    pub(super) labels: Vec<LabeledSpan>,
}

impl View {
    /// The lines and columns of a chunk that fit.
    pub(super) fn new(chunk: &Chunk<'_>, style: &Style) -> Self {
        let multi = chunk.marks.iter().any(Placed::is_multi_line);
        let last = chunk.marks.iter().map(Placed::last).max().unwrap_or(1) + 1;
        let gutter = last.to_string().len() + 4 + if multi { 4 } else { 0 };
        let room = style.columns().saturating_sub(gutter).max(20);
        let columns: Vec<Range<usize>> =
            chunk.marks.iter().map(|placed| chunk.columns_of(placed)).collect();
        let left =
            if multi { 0 } else { left_edge(chunk, &columns, room - width(style.ellipsis())) };
        let lines = chunk.lines(left == 0);

        let mut text = String::new();
        let mut spans: Vec<Option<Range<usize>>> = vec![None; chunk.marks.len()];
        for (index, line) in lines.iter().enumerate() {
            let cut = chunk.marks.iter().find(|placed| placed.more > 0);
            if let Some(placed) = cut
                && index + 1 == lines.len()
            {
                let from = text.len();
                text.push_str(&format!("  {} {} more lines", style.ellipsis(), placed.more));
                for span in &mut spans {
                    cover(span, from..text.len());
                }
            } else {
                push_line(&mut text, chunk, line, left..left + room, style, &mut spans);
            }
            text.push('\n');
        }
        let labels = chunk.marks.iter().zip(&spans).map(|(placed, span)| {
            let Range { start, end } = span.clone().unwrap_or(0..0);
            let label = label(placed, &text, start..end, room);
            if placed.mark.primary {
                LabeledSpan::new_primary_with_span(label, (start, end - start))
            } else {
                LabeledSpan::new(label, start, end - start)
            }
        });
        let labels = labels.collect();
        let first_line = lines.first().map_or(1, |line| line.number);
        Self { text, first_line, name: String::new(), place: (1, 1), labels }
    }
}

/// The first column to show: 0 where all that matters fits, else as few columns more as do.
fn left_edge(chunk: &Chunk<'_>, columns: &[Range<usize>], room: usize) -> usize {
    let first = columns.iter().map(|range| range.start).min().unwrap_or(0);
    // Where the label ends that points at the middle of a mark, if it is this wide.
    let label_end = |range: &Range<usize>, label: usize| {
        usize::midpoint(range.start, range.end.min(range.start + room)) + 5 + label
    };
    let marks = || columns.iter().zip(&chunk.marks);
    let end = |label_room: usize| {
        let ends = marks().map(|(range, placed)| {
            let label = width(placed.mark.text).min(label_room);
            (range.end + 1).max(label_end(range, label))
        });
        ends.max().unwrap_or(0)
    };
    // A word of a label is not broken, so it may need more.
    let word_ends = marks().map(|(range, placed)| {
        label_end(range, placed.mark.text.split(' ').map(width).max().unwrap_or(0))
    });
    let word_end = word_ends.max().unwrap_or(0);
    if end(LABEL_ROOM).max(word_end) <= room {
        return 0;
    }
    // Since the line is cropped anyhow, the label gets more room.
    let left = end(LABEL_ROOM.max(room / 2)).saturating_sub(room).min(first.saturating_sub(14));
    left.max(word_end.saturating_sub(room).min(first.saturating_sub(4)))
}

/// Adds what of a line lies in the window, and notes where the marks came to lie.
fn push_line(
    text: &mut String,
    chunk: &Chunk<'_>,
    line: &Line,
    window: Range<usize>,
    style: &Style,
    spans: &mut [Option<Range<usize>>],
) {
    let ellipsis = style.ellipsis();
    let dots = width(ellipsis);
    let total = {
        let mut column = 0;
        for piece in pieces(chunk.text, line) {
            column += piece.width(column);
            if column > window.end {
                break;
            }
        }
        column
    };
    let from = if window.start > 0 { window.start + dots } else { 0 };
    let to = if total > window.end { window.end - dots } else { window.end };
    let mut column = 0;
    if window.start > 0 {
        text.push_str(ellipsis);
    }
    for piece in pieces(chunk.text, line) {
        let wide = piece.width(column);
        let next = column + wide;
        if column >= from && next <= to {
            let at = text.len();
            if piece.is_tab {
                text.extend(std::iter::repeat_n(' ', wide));
            } else {
                text.push_str(&piece.text);
            }
            for (span, placed) in spans.iter_mut().zip(&chunk.marks) {
                let zero = placed.bytes.is_empty() && piece.offset == placed.bytes.start;
                if placed.bytes.contains(&piece.offset) {
                    cover(span, at..text.len());
                } else if zero {
                    cover(span, at..at);
                }
            }
        } else if column < from && next > from {
            // A wide character or a tab that the edge cuts.
            text.extend(std::iter::repeat_n(' ', next - from));
        }
        if column >= to {
            break;
        }
        column = next;
    }
    // A mark that starts where the line ends, or beyond what is visible of it.
    for (span, placed) in spans.iter_mut().zip(&chunk.marks) {
        let starts_here =
            line.bytes.start <= placed.bytes.start && placed.bytes.start <= line.bytes.end;
        if starts_here && span.is_none() {
            *span = Some(text.len()..text.len());
        }
    }
    if total > window.end {
        text.push_str(ellipsis);
    }
}

/// Widens a span so that it covers another range as well.
fn cover(span: &mut Option<Range<usize>>, range: Range<usize>) {
    let start = span.as_ref().map_or(range.start, |span| span.start);
    *span = Some(start..range.end);
}

/// The label's text, broken into lines that fit beside what it points at.
fn label(placed: &Placed<'_>, text: &str, span: Range<usize>, room: usize) -> Option<String> {
    if placed.mark.text.is_empty() {
        return None;
    }
    let line = text.get(..span.start).unwrap_or("").rsplit('\n').next().unwrap_or("");
    let meant = text.get(span).unwrap_or("");
    let middle = width(line) + width(meant) / 2;
    let room =
        if meant.contains('\n') { room.saturating_sub(2) } else { room.saturating_sub(middle + 4) };
    let room = room.max(16);
    Some(wrap(&clean(placed.mark.text), room, room).join("\n"))
}

impl SourceCode for View {
    fn read_span<'a>(
        &'a self,
        _: &SourceSpan,
        context_before: usize,
        _: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        // Without context, miette asks for the place to name; with, for the lines to draw.
        let (line, column) = match context_before {
            0 => (self.place.0.saturating_sub(1), self.place.1.saturating_sub(1)),
            _ => (self.first_line - 1, 0),
        };
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            self.text.as_bytes(),
            (0, self.text.len()).into(),
            line,
            column,
            self.text.lines().count(),
        )))
    }
}
