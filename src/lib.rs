//! AWS said AccessDenied: why, exactly, and what is the smallest change that fixes it?
//!
//! What needs no input and output stands in `why_denied_core`, and is found here as well.
#![forbid(unsafe_code)]

pub use why_denied_core::{
    check, diagnose, doc, eval, evidence, finding, layers, message, policy, reference, report,
    request, rules, snapshot, text, token, trail,
};

#[deny(clippy::disallowed_methods)]
pub mod access;
pub mod cli;
pub mod collect;
pub mod conformance;
