//! The `why-denied` program.
fn main() {}
