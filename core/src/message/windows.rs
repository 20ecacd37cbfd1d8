//! A long text is read a window at a time, so that what is made of it stays small.

/// How long a window is.
const WINDOW: usize = 4 * 1024 * 1024;
/// How much of a window's end is read again with the next one: more than one error takes.
pub(super) const OVERLAP: usize = 64 * 1024;

/// The first window of a text, up to a line end where there is one, and whether it is the last.
pub(super) fn first(text: &str) -> (&str, bool) {
    if text.len() <= WINDOW + OVERLAP {
        return (text, true);
    }
    let end = boundary(text, WINDOW);
    let head = text.get(..end).unwrap_or(text);
    let line = memchr::memrchr(b'\n', head.as_bytes()).map_or(end, |at| at + 1);
    let end = if line > WINDOW / 2 { line } else { end };
    (text.get(..end).unwrap_or(text), false)
}

/// The next place at which a character begins.
pub(super) fn boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}
