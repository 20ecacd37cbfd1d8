//! Input that could not be used, and where.

use std::path::{Path, PathBuf};

use crate::doc::SyntaxError;
use crate::text::Span;

/// What is wrong with one file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InputError {
    /// The file.
    pub file: Option<PathBuf>,
    /// The place in it.
    pub span: Option<Span>,
    /// One sentence: lower case, no full stop.
    pub message: String,
    /// A few words about the place.
    pub label: Option<Box<str>>,
    /// What to do.
    pub help: Option<Box<str>>,
    /// Other places, with a few words each.
    pub related: Vec<(Span, String)>,
}

impl InputError {
    /// An error at a place.
    pub fn at(span: Span, message: impl Into<String>) -> Self {
        Self {
            file: None,
            span: Some(span),
            message: message.into(),
            label: None,
            help: None,
            related: Vec::new(),
        }
    }

    /// An error about a file as a whole.
    pub fn of(file: &Path, message: impl Into<String>) -> Self {
        Self {
            file: Some(file.to_owned()),
            span: None,
            message: message.into(),
            label: None,
            help: None,
            related: Vec::new(),
        }
    }

    /// A text that is not well-formed.
    pub fn syntax(error: &SyntaxError) -> Self {
        let related = error.related.iter().map(|span| (*span, "opened here".to_owned()));
        Self {
            label: Some(error.label().into()),
            help: Some(error.help().into()),
            related: related.collect(),
            ..Self::at(error.span, error.to_string())
        }
    }

    /// Names the file.
    #[must_use]
    pub fn file(mut self, file: &Path) -> Self {
        self.file = Some(file.to_owned());
        self
    }

    /// Says a few words about the place.
    #[must_use]
    pub fn label(mut self, label: impl Into<Box<str>>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<Box<str>>) -> Self {
        self.help = Some(help.into());
        self
    }
}
