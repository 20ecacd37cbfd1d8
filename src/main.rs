//! The `why-denied` program: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    why_denied::cli::main()
}
