//! Where a line end stands in the middle of a word: what a terminal or a program cut at its width.
//!
//! A line end between words says nothing and stays. Only what must be a cut is taken out.

use std::ops::Range;

/// A terminal is at least this wide, so a shorter line was ended by who wrote it.
pub(super) const NARROWEST: usize = 72;
/// So wide are the narrowest columns in which something is cut again and again.
const COLUMN: usize = 60;
/// So many lines at most belong to one text that was cut.
const LONGEST: usize = 160;

/// Words of envelopes that a terminal may have cut in two at its edge.
const CUT: &[&str] = &[
    "Service",
    "Status",
    "Error",
    "Code",
    "Request",
    "RequestID",
    "authorized",
    "perform",
    "resource",
    "operation",
    "because",
    "explicit",
    "policy",
    "allows",
    "action",
    "identity",
    "service",
    "control",
    "boundary",
    "permissions",
    "session",
    "message",
    "authorization",
    "failure",
    "endpoint",
    "deny",
    "based",
    "error",
    "response",
];

/// Words that stand whole between others in such texts.
const WHOLE: &[&str] = &[
    "is",
    "not",
    "to",
    "on",
    "with",
    "an",
    "in",
    "a",
    "no",
    "the",
    "User:",
    "perform:",
    "resource:",
    "operation:",
    "when",
    "calling",
    "occurred",
    "api",
    "request",
    "You",
    "are",
    "this",
    "by",
    "of",
    "for",
    "and",
];

/// Words in front of which only something that cuts lines ends one.
const GOES_ON: &[&str] = &[
    "is",
    "on",
    "because",
    "with",
    "to",
    "in",
    "action",
    "policy",
    "status",
    "allows",
    "operation",
];

/// What logs have before each line, where a text goes on from one line to the next: what the two lines begin
/// with alike, digits being as good as others.
pub(super) fn prefixes(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut before: Option<Line<'_>> = None;
    for line in (Lines { text, at: 0 }) {
        if let Some(last) = before
            && let Some(len) = prefix(last.text, line.text)
        {
            let rest = line.text.get(len..).unwrap_or("");
            let left = last.text.trim_end().rsplit(' ').next().unwrap_or("");
            let right = rest.trim_start().split(' ').next().unwrap_or("");
            let open = WHOLE.contains(&left)
                || matches!(left, "id:" | "error:" | "allows" | "explicit")
                || left.starts_with("arn:") && left.ends_with(['/', ':', '-']);
            let goes_on = GOES_ON.contains(&right) || open && !right.is_empty();
            if goes_on && last.text.len() > len && !is_of_error(line.text.get(..len)) {
                let start = line.end - line.text.len();
                found.push(start..start + len);
            }
        }
        before = Some(line);
    }
    found
}

/// Where a program's source cuts a text in two: a quote that closes, a sign between, a quote that opens; and
/// a line end between two quotes, where the first part ends with a blank or in the middle of a name.
pub(super) fn joints(text: &str) -> Vec<Range<usize>> {
    const BLANKS: [char; 2] = [' ', '\n'];
    let mut found: Vec<Range<usize>> = Vec::new();
    for at in memchr::memchr2_iter(b'+', b'\n', text.as_bytes()) {
        let is_plus = text.as_bytes().get(at) == Some(&b'+');
        let (Some(before), Some(after)) = (text.get(..at), text.get(at + 1..)) else { continue };
        let before = if is_plus { before.trim_end_matches(BLANKS) } else { before };
        let Some(quote @ ('"' | '\'' | '`')) = before.chars().next_back() else { continue };
        let opened = after.trim_start_matches(BLANKS);
        let inner = before.get(..before.len() - 1).unwrap_or("");
        // A line of nothing but a quotation, as languages have it that need no sign between.
        let is_quotation = || {
            let line = inner.rsplit('\n').next().unwrap_or("").trim_start();
            line.starts_with(quote)
        };
        let is_open =
            is_plus || inner.ends_with(' ') || inner.ends_with(['/', ':', '-']) && is_quotation();
        let range = before.len() - 1..text.len() - opened.len() + 1;
        if is_open
            && opened.starts_with(quote)
            && range.len() < 200
            && found.last().is_none_or(|last| last.end <= range.start)
        {
            found.push(range);
        }
    }
    found
}

/// Whether a log puts this word before what it logs: a time, a number, a name in brackets, a level.
fn is_of_log(word: &str) -> bool {
    const LEVELS: &[&str] = &["TRACE", "DEBUG", "INFO", "WARN", "WARNING", "ERROR", "FATAL"];
    let bare = word.trim_end_matches([' ', ':']);
    word.ends_with(' ')
        && (bare.is_empty()
            || LEVELS.contains(&bare.to_ascii_uppercase().as_str())
            || bare.starts_with('[') && bare.ends_with(']')
            || bare.starts_with(|letter: char| letter.is_ascii_digit()))
}

/// What a log has before each line of one text, where it is the same before all of them.
pub(super) fn shared(text: &str) -> Vec<Range<usize>> {
    const LONGEST_TEXT: usize = 64 * 1024;
    let lines = || (Lines { text, at: 0 }).filter(|line| !line.text.trim().is_empty());
    let Some(first) = lines().next().filter(|_| text.len() < LONGEST_TEXT) else {
        return Vec::new();
    };
    let mut len = first.text.len().min(200);
    for line in lines() {
        let pairs = first.text.bytes().zip(line.text.bytes()).take(len);
        len = pairs.take_while(|(left, right)| left == right && left.is_ascii()).count();
        if len < 3 {
            return Vec::new();
        }
    }
    let begin = first.text.get(..len).unwrap_or("");
    let len = match begin.rfind("| ") {
        Some(bar) if bar < 40 && !begin.contains("arn:") => bar + 2,
        _ => {
            let words = begin.split_inclusive(' ').take_while(|word| is_of_log(word));
            words.map(str::len).sum()
        }
    };
    let begin = begin.get(..len).unwrap_or("");
    let digits = begin.bytes().filter(u8::is_ascii_digit).count();
    if digits < 4 && !begin.ends_with("| ") || begin.trim().len() < 3 || lines().count() < 2 {
        return Vec::new();
    }
    let start = |line: Line<'_>| line.end - line.text.len();
    lines().map(start).map(|start| start..start + len).collect()
}

/// What all lines begin with, if that is blanks: a text that was moved to the right as a whole.
pub(super) fn indents(text: &str) -> Vec<Range<usize>> {
    let mut least = usize::MAX;
    for line in (Lines { text, at: 0 }).filter(|line| !line.text.trim().is_empty()) {
        least = least.min(line.text.len() - line.text.trim_start_matches(' ').len());
        if least == 0 {
            return Vec::new();
        }
    }
    let lines = (Lines { text, at: 0 }).filter(|line| line.text.len() > least);
    lines.map(|line| line.end - line.text.len()).map(|start| start..start + least).collect()
}

/// How long what both lines begin with is, if that can be a log's.
fn prefix(one: &str, other: &str) -> Option<usize> {
    let alike = |(left, right): &(u8, u8)| {
        left == right && left.is_ascii() || left.is_ascii_digit() && right.is_ascii_digit()
    };
    let pairs = one.bytes().zip(other.bytes()).take(200);
    let len = pairs.take_while(alike).count();
    let begin = other.get(..len)?;
    let len = begin.rfind([' ', '|'])? + 1;
    let begin = begin.get(..len)?;
    let is_log = begin.bytes().filter(u8::is_ascii_digit).count() >= 4
        || begin.trim_end().ends_with(['|', ':', ']', '!']);
    (is_log && begin.trim().len() >= 3).then_some(len)
}

/// Whether lines begin as errors do: what two errors begin with alike stands before neither.
fn is_of_error(begin: Option<&str>) -> bool {
    const WORDS: [&str; 4] = ["User", "arn:", "uthorized", "rror occurred"];
    begin.is_some_and(|begin| WORDS.iter().any(|word| begin.contains(word)))
}

/// Where in the text the line ends stand that are to be taken out, in order.
pub(super) fn cuts(text: &str) -> Vec<usize> {
    let mut found = Vec::new();
    let mut lines = Lines { text, at: 0 };
    let mut run: Vec<Line<'_>> = Vec::new();
    loop {
        let line = lines.next();
        let goes_on = match (&line, run.last()) {
            (Some(line), Some(last)) => line.width == last.width && line.width >= COLUMN,
            _ => false,
        };
        if !goes_on {
            close(&run, line.as_ref(), &mut found);
            run.clear();
        }
        let Some(line) = line else { break };
        // What is too long to be one text is none.
        if run.len() > LONGEST {
            run.truncate(1);
        }
        run.push(line);
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// The line ends behind each line that is as long as the longest one: a last try, where nothing is
/// recognised in a text as it is.
pub(super) fn every_cut(text: &str) -> Vec<usize> {
    let lines = || Lines { text, at: 0 };
    let longest = longest(text);
    if longest < COLUMN {
        return Vec::new();
    }
    let cut = lines().filter(|line| line.width == longest && line.end < text.len());
    cut.map(|line| line.end).collect()
}

fn longest(text: &str) -> usize {
    Lines { text, at: 0 }.map(|line| line.width).max().unwrap_or(0)
}

/// Whether a width is one that terminals have.
fn is_usual(width: usize) -> bool {
    width.is_multiple_of(10) || width == 79
}

/// Whether the longest lines may all have been cut: as wide as a terminal is, or several of one width, and
/// none of them or of those behind them begins as lines of a log do.
pub(super) fn may_be_cut(text: &str) -> bool {
    let longest = longest(text);
    if longest < COLUMN {
        return false;
    }
    let lines: Vec<Line<'_>> = (Lines { text, at: 0 }).collect();
    let mut cut: Vec<&Line<'_>> = Vec::new();
    for (line, next) in lines.iter().zip(lines.iter().skip(1)) {
        if line.width != longest || next.text.is_empty() {
            continue;
        }
        let begins = next.text.starts_with("  ")
            || cut.iter().any(|other| are_alike(other.text, line.text))
            || are_alike(line.text, next.text);
        if begins {
            return false;
        }
        cut.push(line);
    }
    !cut.is_empty() && (is_usual(longest) || cut.len() > 1)
}

struct Line<'t> {
    text: &'t str,
    /// Where its line end stands.
    end: usize,
    /// In characters.
    width: usize,
}

struct Lines<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Iterator for Lines<'t> {
    type Item = Line<'t>;

    fn next(&mut self) -> Option<Line<'t>> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let len = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
        let text = rest.get(..len)?;
        let end = self.at + len;
        self.at = end + 1;
        let width = if text.is_ascii() { len } else { text.chars().count() };
        Some(Line { text, end, width })
    }
}

/// Lines of one width, and what follows them: the boundaries between them are cuts if nothing speaks
/// against it.
fn close(run: &[Line<'_>], next: Option<&Line<'_>>, found: &mut Vec<usize>) {
    let (Some(first), Some(last)) = (run.first(), run.last()) else { return };
    let after = next;
    let next = next.filter(|next| !next.text.is_empty() && next.width <= last.width);
    let boundaries = || {
        let inner = run.iter().zip(run.iter().skip(1)).map(|(one, other)| (one, other.text));
        inner.chain(next.map(|next| (last, next.text)))
    };
    let column = first.width;
    let many = run.len() >= 2 && run.len() <= LONGEST && column >= COLUMN;
    let signs = |wanted: Sign| {
        boundaries().filter(move |(one, other)| sign(one.text, other) == wanted).count()
    };
    let usual = is_usual(column);
    if many
        && signs(Sign::Whole) == 0
        && (usual || run.len() >= 3 || signs(Sign::Cut) > 0)
        && !run.iter().zip(run.iter().skip(1)).any(|(one, other)| are_alike(one.text, other.text))
    {
        found.extend(boundaries().map(|(one, _)| one.end));
        return;
    }
    if last.width >= NARROWEST {
        let inner = run.iter().zip(run.iter().skip(1)).map(|(one, other)| (one, other.text));
        let all = inner.chain(after.map(|after| (last, after.text)));
        found.extend(all.filter(|(one, other)| is_cut(one.text, other)).map(|(one, _)| one.end));
    }
}

#[derive(PartialEq, Eq)]
enum Sign {
    /// A word goes on in the next line, or the blank between two words is kept.
    Cut,
    /// A word ends with the line, and the next begins one.
    Whole,
    Neither,
}

fn sign(one: &str, other: &str) -> Sign {
    if one.ends_with(' ') || other.starts_with(' ') || is_cut(one, other) {
        return Sign::Cut;
    }
    let left = one.rsplit(' ').next().unwrap_or("");
    let right = other.split(' ').next().unwrap_or("");
    let is_whole = |word: &str| WHOLE.contains(&word) || CUT.contains(&word);
    let both = is_whole(left) && (is_whole(right) || right.starts_with("arn:"));
    if both { Sign::Whole } else { Sign::Neither }
}

/// Whether the line end stands in one of the known words.
fn is_cut(one: &str, other: &str) -> bool {
    let tail = one.bytes().rev().take(20).take_while(u8::is_ascii_alphabetic).count();
    let head = other.bytes().take(20).take_while(u8::is_ascii_alphabetic).count();
    let before = one.get(one.len() - tail..).unwrap_or("");
    let after = other.get(..head).unwrap_or("");
    !before.is_empty()
        && !after.is_empty()
        && CUT.iter().any(|word| word.strip_prefix(before).is_some_and(|end| end == after))
}

/// Whether two lines begin alike, as those of a log do.
fn are_alike(one: &str, other: &str) -> bool {
    let shape = |text: &str| -> Vec<u8> {
        let kind = |byte: u8| match byte {
            b'0'..=b'9' => b'0',
            b'a'..=b'z' | b'A'..=b'Z' => b'a',
            other => other,
        };
        text.bytes().take(12).map(kind).collect()
    };
    shape(one) == shape(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(text: &str) -> String {
        let mut text = text.to_owned();
        for at in cuts(&text).into_iter().rev() {
            text.remove(at);
        }
        text
    }

    fn cut_at(text: &str, width: usize) -> String {
        let letters: Vec<char> = text.chars().collect();
        letters.chunks(width).map(String::from_iter).collect::<Vec<_>>().join("\n")
    }

    const TEXT: &str = "An error occurred (AccessDenied) when calling the GetObject operation: User: arn:aws:sts::111122223333:assumed-role/reader-of-everything/session-with-a-long-name is not authorized to perform: s3:GetObject on resource: \"arn:aws:s3:::bücket/some/long/key/that/goes/on.txt\" because no identity-based policy allows the s3:GetObject action";

    #[test]
    fn what_a_terminal_cut_is_put_together() {
        for width in [80, 100, 120] {
            assert_eq!(joined(&cut_at(TEXT, width)), TEXT, "{width}");
        }
    }

    #[test]
    fn lines_of_a_log_stay_apart() {
        let line =
            "2024-05-01T10:11:12Z app ERROR AccessDenied: Access Denied, request id: 0123456789AB";
        let log = [line; 5].join("\n");
        assert_eq!(joined(&log), log);
    }

    #[test]
    fn a_line_end_between_words_stays() {
        let text = "AccessDeniedException: User: arn:aws:iam::111122223333:user/somebody-or-o is\nnot authorized to perform: dynamodb:Query on resource: arn:aws:dynamodb:eu-1\nbecause";
        assert_eq!(joined(text), text);
    }
}
