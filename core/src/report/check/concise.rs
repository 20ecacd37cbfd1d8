//! A line for each finding, as compilers print it.

use std::io;

use super::{message, position};
use crate::check::Checked;
use crate::report::layout::clean;
use crate::text::SourceMap;

pub(super) fn finding(
    checked: &Checked,
    sources: &SourceMap,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let finding = &checked.finding;
    let at = position(finding.primary.span, sources);
    writeln!(
        out,
        "{}:{}:{}: {}[{}] {}",
        clean(at.file),
        at.line,
        at.column,
        finding.severity.id(),
        finding.rule,
        message(checked)
    )
}
