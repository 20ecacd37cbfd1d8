//! Texts in deflated blocks of some tens of kilobytes, with an index that is searched where it stands.
//! Asking for one text inflates one block.

use miniz_oxide::inflate::decompress_to_vec_with_limit;

use super::lines::{find, members};

/// An index and the blocks it points into.
pub(super) struct Archive {
    /// A line for each text, sorted by its key: the key, a few words, where the block starts, its
    /// length, its length inflated, where the text starts in it, and the length of the text.
    pub(super) index: &'static str,
    /// The blocks, one after another.
    pub(super) blocks: &'static [u8],
}

/// What the index says of one text.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    pub(super) key: &'static str,
    pub(super) words: &'static str,
    block: (usize, usize),
    inflated: usize,
    text: (usize, usize),
}

impl Entry {
    fn read(line: &'static str) -> Option<Self> {
        let mut parts = members(line);
        let (key, words) = (parts.next()?, parts.next()?);
        let mut number = || parts.next()?.parse::<usize>().ok();
        let (at, length, inflated) = (number()?, number()?, number()?);
        let (start, size) = (number()?, number()?);
        Some(Self { key, words, block: (at, at + length), inflated, text: (start, start + size) })
    }

    /// Which block holds its text.
    pub(super) fn block_start(&self) -> usize {
        self.block.0
    }

    /// Its text, in the inflated block.
    pub(super) fn slice<'t>(&self, block: &'t str) -> Option<&'t str> {
        block.get(self.text.0..self.text.1)
    }
}

impl Archive {
    /// Every entry, sorted by key.
    pub(super) fn entries(&self) -> impl Iterator<Item = Entry> + use<> {
        self.index.lines().filter_map(Entry::read)
    }

    /// Every key, sorted.
    pub(super) fn keys(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.index.lines().filter_map(|line| members(line).next())
    }

    /// What the index says of `key`.
    pub(super) fn entry(&self, key: &str) -> Option<Entry> {
        find(self.index, key).and_then(Entry::read)
    }

    /// The whole block that holds the text of an entry.
    pub(super) fn block(&self, entry: Entry) -> Option<String> {
        let block = self.blocks.get(entry.block.0..entry.block.1)?;
        String::from_utf8(decompress_to_vec_with_limit(block, entry.inflated).ok()?).ok()
    }

    /// The text of an entry.
    pub(super) fn text(&self, entry: Entry) -> Option<String> {
        entry.slice(&self.block(entry)?).map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use crate::reference::{managed, service};

    #[test]
    fn one_question_inflates_one_small_block() {
        for archive in [&service::SERVICES, &managed::POLICIES] {
            for entry in archive.entries() {
                assert!(entry.inflated <= 200_000, "{}", entry.key);
                // A block holds more than one text only while it is small.
                assert!(
                    entry.text.1 == entry.inflated || entry.inflated <= 40_000,
                    "{}",
                    entry.key
                );
            }
        }
    }
}
