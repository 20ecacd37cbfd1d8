//! Links the program at a fixed address where that is usual for programs, which spares its loader tens of thousands of relocations
//! at each start: see docs/performance.md. Whoever asks for a relocation model gets that one.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let is = |key: &str, value: &str| env::var(key).is_ok_and(|found| found == value);
    let asks =
        env::var("CARGO_ENCODED_RUSTFLAGS").is_ok_and(|flags| flags.contains("relocation-model"));
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") && !asks {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}
