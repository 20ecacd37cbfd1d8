//! AWS said AccessDenied: why, exactly, and what is the smallest change that fixes it?
#![forbid(unsafe_code)]

#[deny(clippy::disallowed_methods)]
pub mod access;
#[deny(clippy::disallowed_methods)]
pub mod check;
pub mod cli;
pub mod collect;
pub mod conformance;
#[deny(clippy::disallowed_methods)]
pub mod diagnose;
#[deny(clippy::disallowed_methods)]
pub mod doc;
#[deny(clippy::disallowed_methods)]
pub mod eval;
#[deny(clippy::disallowed_methods)]
pub mod evidence;
#[deny(clippy::disallowed_methods)]
pub mod finding;
#[deny(clippy::disallowed_methods)]
pub mod layers;
#[deny(clippy::disallowed_methods)]
pub mod message;
#[deny(clippy::disallowed_methods)]
pub mod policy;
#[deny(clippy::disallowed_methods)]
pub mod reference;
#[deny(clippy::disallowed_methods)]
pub mod report;
#[deny(clippy::disallowed_methods)]
pub mod request;
#[deny(clippy::disallowed_methods)]
pub mod rules;
#[deny(clippy::disallowed_methods)]
pub mod snapshot;
#[deny(clippy::disallowed_methods)]
pub mod text;
#[deny(clippy::disallowed_methods)]
pub mod token;
#[deny(clippy::disallowed_methods)]
pub mod trail;
