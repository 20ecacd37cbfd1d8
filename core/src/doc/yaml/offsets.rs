//! From saphyr's positions to ours.

/// Counts characters into bytes. Positions mostly grow, so the last one is kept.
pub(super) struct Offsets<'t> {
    text: &'t str,
    ascii: bool,
    /// The last position in characters, and in bytes.
    at: usize,
    byte: usize,
    /// Where position 0 is.
    first: usize,
}

impl<'t> Offsets<'t> {
    /// Positions that count from the byte `first` of `text`.
    pub(super) fn new(text: &'t str, first: usize) -> Self {
        let ascii = text.get(first..).is_some_and(str::is_ascii);
        Self { text, ascii, at: 0, byte: first, first }
    }

    /// The byte at which the character `index` starts.
    pub(super) fn byte(&mut self, index: usize) -> usize {
        if self.ascii {
            return (self.first + index).min(self.text.len());
        }
        if index < self.at {
            // The start of a token comes after the end of the white space behind the one before.
            let before = self.text.get(self.first..self.byte).unwrap_or("");
            let back = before.char_indices().rev().nth(self.at - index - 1);
            self.byte = self.first + back.map_or(0, |(at, _)| at);
        } else {
            let rest = self.text.get(self.byte..).unwrap_or("");
            let ahead = rest.char_indices().nth(index - self.at).map_or(rest.len(), |(at, _)| at);
            self.byte += ahead;
        }
        self.at = index;
        self.byte
    }
}
