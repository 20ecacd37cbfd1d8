//! What `why-denied` knows and decides, without input and output: what each module answers follows from its arguments alone.
#![forbid(unsafe_code)]
#![deny(clippy::disallowed_methods)]

pub mod check;
pub mod diagnose;
pub mod doc;
pub mod eval;
pub mod evidence;
pub mod finding;
pub mod layers;
pub mod message;
pub mod policy;
pub mod reference;
pub mod report;
pub mod request;
pub mod rules;
pub mod snapshot;
pub mod text;
pub mod token;
pub mod trail;
