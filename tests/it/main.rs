//! The program from outside: its binary, its files and its documents.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may fail loudly"
)]

mod answers;
mod architecture;
mod broken;
mod causes;
mod chains;
mod check;
mod contractor;
mod events;
mod evidence;
mod exit_status;
mod formats;
mod holes;
mod layer_options;
mod permissions;
mod project;
mod properties;
#[path = "../support/ran.rs"]
mod ran;
mod records;
mod reference;
mod request_options;
mod run_command;
mod scale;
mod shapes;
mod subcommands;
mod support;
mod tokens;
mod told;
mod trail;
mod trail_sql;
mod widths;
