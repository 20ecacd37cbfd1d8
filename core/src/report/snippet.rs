//! Draws places in sources: a few lines, cropped to the width, with what is meant underlined.
//!
//! miette draws; what it is given is a view made here: a handful of short lines without tabs, line
//! ends or hidden characters, so that nothing in a source can break the picture. A source of one line
//! of a megabyte and one of a thousand lines come out alike.

mod lines;
mod view;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, ThemeStyles};

use super::Style;
use super::layout::{char_width, clean, width};
use crate::finding::Severity;
use crate::text::{SourceId, SourceMap, Span};
use view::{Chunk, View};

/// A place to underline.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark<'a> {
    /// Where.
    pub(super) span: Span,
    /// What to say of it; may be empty.
    pub(super) text: &'a str,
    /// Whether it is the one that the message is about.
    pub(super) primary: bool,
}

/// Draws all places, those of the first one's source first.
pub(super) fn draw(
    out: &mut String,
    marks: &[Mark<'_>],
    severity: Severity,
    sources: &SourceMap,
    style: &Style,
) {
    let mut order: Vec<SourceId> = Vec::new();
    for mark in marks {
        if !order.contains(&mark.span.source) {
            order.push(mark.span.source);
        }
    }
    for source in order {
        let own: Vec<Mark<'_>> =
            marks.iter().filter(|mark| mark.span.source == source).copied().collect();
        for chunk in view::chunks(&own, sources.text(source), style) {
            draw_chunk(out, &chunk, severity, sources, style);
        }
    }
}

fn draw_chunk(
    out: &mut String,
    chunk: &Chunk<'_>,
    severity: Severity,
    sources: &SourceMap,
    style: &Style,
) {
    let Some(anchor) = chunk.anchor() else { return };
    let place = sources.place(anchor);
    let mut view = view::View::new(chunk, style);
    view.name = shown_name(sources, anchor, style);
    view.place = (place.line, place.column);
    let ansi = if style.color { ThemeStyles::ansi() } else { ThemeStyles::none() };
    let loud = match severity {
        Severity::Error => ansi.error,
        Severity::Warning => ansi.warning,
        Severity::Note => ansi.advice,
    };
    let quiet = if severity == Severity::Note { ansi.warning } else { ansi.advice };
    let mut theme = match (style.unicode, style.color) {
        (true, true) => GraphicalTheme::unicode(),
        (true, false) => GraphicalTheme::unicode_nocolor(),
        (false, true) => GraphicalTheme::ascii(),
        (false, false) => GraphicalTheme::none(),
    };
    theme.styles.highlights =
        view.labels.iter().map(|label| if label.primary() { loud } else { quiet }).collect();
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(style.columns())
        .with_context_lines(1)
        .without_syntax_highlighting()
        .without_cause_chain();
    let has_file = place.file.is_some();
    let handler = if has_file {
        handler.with_primary_span_start()
    } else {
        handler.without_primary_span_start()
    };
    let mut drawn = String::new();
    if handler.render_report(&mut drawn, &Drawing { view }).is_err() {
        return;
    }
    // miette opens with a line for the message, which has been said already.
    for line in drawn.lines().skip(1) {
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

/// The name of a source as the picture shows it, shortened at its front.
fn shown_name(sources: &SourceMap, span: Span, style: &Style) -> String {
    let host = sources.to_host(span);
    let name = clean(sources.name(host.source)).into_owned();
    let prefix = if host.source == span.source { "" } else { "decoded from " };
    let room = style.columns().saturating_sub(22 + prefix.len());
    let mut over = width(&name).saturating_sub(room);
    if over == 0 {
        return format!("{prefix}{name}");
    }
    let tail = name.trim_start_matches(|c| {
        let is_over = over > 0;
        over = over.saturating_sub(char_width(c));
        is_over
    });
    format!("{prefix}{}{tail}", style.ellipsis())
}

/// What miette is given: a view, and no message.
#[derive(Debug)]
struct Drawing {
    view: View,
}

impl std::fmt::Display for Drawing {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Ok(())
    }
}

impl std::error::Error for Drawing {}

impl Diagnostic for Drawing {
    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        Some(&self.view)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.view.labels.iter().cloned()))
    }
}
