//! What a document leaves open: a value or a part of a text that something else fills in later.

use std::sync::Arc;

/// What is not known, why, and how to supply it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hole {
    /// As it is written, or as near to it as can be: `${BucketName}`.
    pub name: String,
    /// Why it is not known.
    pub reason: String,
    /// How to supply it.
    pub supply: String,
}

/// A part of a text that is not known. What stands there in the text only shows the place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The first byte in the text.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
    /// What it is.
    pub hole: Arc<Hole>,
}

impl Missing {
    /// The same at another place.
    #[must_use]
    pub fn at(&self, start: usize, end: usize) -> Self {
        Self { start, end, hole: Arc::clone(&self.hole) }
    }
}
