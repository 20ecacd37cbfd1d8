//! Where facts come from: files of the user. The only maker of a [`Snapshot`].
//!
//! `files` alone reads the disk; all else works on texts.

pub mod answers;
pub mod assemble;
#[cfg(feature = "live")]
pub mod aws;
pub mod aws_config;
pub mod case_file;
mod error;
mod files;
pub mod iac;
pub mod layer_files;
pub mod operations;
pub mod policies;
mod secrets;
pub mod shapes;
mod signs;
pub mod store;
mod suggest;
pub mod usable_roles;

pub use error::InputError;
pub use files::{read_all, read_files, read_paths, read_text, read_with, walk, why_unreadable};

use std::path::PathBuf;

use crate::snapshot::Snapshot;

/// What a set of files gave.
#[derive(Debug, Default)]
pub struct Collected {
    /// The facts.
    pub snapshot: Snapshot,
    /// Files that could not be read; the others still count.
    pub errors: Vec<InputError>,
    /// Files that were found in a folder and are nothing we know.
    pub skipped: Vec<Skipped>,
    /// What was recognised, in order.
    pub recognised: Vec<Recognised>,
    /// How the facts were joined, and where they contradict each other.
    pub notes: Vec<String>,
}

/// A file in a folder that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Its path.
    pub path: PathBuf,
    /// Why.
    pub why: String,
}

/// A file that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recognised {
    /// Its path.
    pub path: PathBuf,
    /// The id of its shape.
    pub shape: &'static str,
}

#[cfg(test)]
mod tests;
