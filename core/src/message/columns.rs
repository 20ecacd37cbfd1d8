//! Tables in which a text is wrapped inside its column: the cell, put together.
//!
//! SAM prints CloudFormation's events so, and so do other tools that draw tables.

use std::ops::Range;

/// So far to the right begins a column that has others before it.
const LEAST: usize = 20;
/// No table is wider than this.
const WIDEST: usize = 1000;
/// So many lines at most are one row.
const ROW: usize = 60;

/// What is to be left out so that each cell that tells of a denial stands in one piece.
pub(super) fn rests(text: &str) -> Vec<Range<usize>> {
    let mut lines: Vec<Range<usize>> = Vec::new();
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', text.as_bytes()).chain([text.len()]) {
        lines.push(start..end);
        start = end + 1;
    }
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(row) = lines.get(at..).filter(|rest| rest.len() > 2) {
        let row = rows(text, row);
        let first = row.first().filter(|_| row.len() > 2);
        let first = first.filter(|line| line.len() <= WIDEST);
        let first = first.and_then(|line| text.get(line.clone())).unwrap_or("");
        let mut columns = starts(first).map(|column| cells(text, row, column));
        if let Some(cells) = columns.find(|cells| tells_of_denial(text, cells)) {
            found.extend(between(text, &cells));
        }
        at += row.len().max(1);
    }
    found
}

/// The lines of one row: its first one, and those below it that begin further to the right.
fn rows<'l>(text: &str, lines: &'l [Range<usize>]) -> &'l [Range<usize>] {
    let indents = lines.iter().take(ROW).map(|line| indent(text.get(line.clone()).unwrap_or("")));
    let mut indents = indents.peekable();
    let own = indents.next().unwrap_or(0);
    let len = match indents.peek() {
        Some(second) if *second >= LEAST && own < LEAST => {
            1 + indents.take_while(|next| *next >= LEAST).count()
        }
        _ => 1,
    };
    lines.get(..len).unwrap_or(lines)
}

/// Where the columns of a row begin that have others before them.
fn starts(line: &str) -> impl Iterator<Item = usize> {
    line.match_indices(' ').filter_map(|(at, _)| {
        let before = line.get(..at)?;
        let after = line.get(at + 1..)?;
        let is_gap = before.ends_with([' ', '|']) && !after.starts_with([' ', '|']);
        (is_gap && at + 1 >= LEAST && !after.is_empty()).then_some(at + 1)
    })
}

/// The pieces of the cell that begins at a column, one for each line.
fn cells(text: &str, lines: &[Range<usize>], column: usize) -> Vec<Range<usize>> {
    let piece = |range: &Range<usize>| {
        let line = text.get(range.clone())?;
        line.get(..column).filter(|before| before.ends_with(' '))?;
        let rest = line.get(column..)?;
        let len = [rest.find("  "), rest.find(" |")].into_iter().flatten().min();
        let rest = rest.get(..len.unwrap_or(rest.len()))?.trim_end();
        (!rest.is_empty() && !rest.starts_with(' '))
            .then(|| range.start + column..range.start + column + rest.len())
    };
    lines.iter().map_while(piece).collect()
}

/// How many blanks a line begins with, among them bars of columns and a comma that a program put before each
/// line.
fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '|', ',']).len()
}

fn tells_of_denial(text: &str, cells: &[Range<usize>]) -> bool {
    if cells.len() < 3 {
        return false;
    }
    let pieces = cells.iter().filter_map(|cell| text.get(cell.clone()));
    let whole: String = pieces.flat_map(str::chars).filter(|letter| *letter != ' ').collect();
    ["notauthorized", "AccessDenied", "Accessdenied"].iter().any(|words| whole.contains(words))
}

/// What stands between the pieces. A word that is longer than the column was cut where it was full; any other
/// line ends with a word, and one blank stays.
fn between(text: &str, cells: &[Range<usize>]) -> Vec<Range<usize>> {
    let width = cells.iter().map(Range::len).max().unwrap_or(0);
    let mut word = 0;
    let mut found = Vec::new();
    for (cell, next) in cells.iter().zip(cells.iter().skip(1)) {
        let piece = text.get(cell.clone()).unwrap_or("");
        let tail = piece.rsplit(' ').next().unwrap_or("").len();
        word = if tail == piece.len() { word + tail } else { tail };
        let head = text.get(next.clone()).and_then(|next| next.split(' ').next()).unwrap_or("");
        let is_cut = cell.len() == width && word + head.len() > width;
        if !is_cut {
            word = 0;
        }
        found.push(cell.end + usize::from(!is_cut)..next.start);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(text: &str) -> String {
        let mut text = text.to_owned();
        for range in rests(&text).into_iter().rev() {
            text.replace_range(range, "");
        }
        text
    }

    #[test]
    fn a_cell_is_put_together_and_other_rows_stay() {
        let table = "\
CREATE_FAILED        Role            User: arn:aws:iam::111
                                     122223333:user/ann is
                                     not authorized to
                                     perform: iam:GetRole
CREATE_FAILED        Topic           Cancelled";
        assert_eq!(
            joined(table),
            "CREATE_FAILED        Role            User: arn:aws:iam::111122223333:user/ann is not authorized to perform: iam:GetRole\nCREATE_FAILED        Topic           Cancelled"
                .replace("is not", "is\nnot")
                .replace("to perform", "to\nperform")
        );
    }

    #[test]
    fn what_tells_of_nothing_stays() {
        let table = "\
CREATE_IN_PROGRESS        AWS::IAM::Role            Resource creation
                                                    Initiated
                                                    again";
        assert_eq!(joined(table), table);
    }
}
