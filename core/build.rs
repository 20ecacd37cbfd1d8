//! Says where the pages of the rules stand. They are a folder of the repository, which `core/rules` links to, so that the package
//! has them too; where links are no more than files with a path in them, as git leaves them on Windows, the folder itself is used.

use std::env;
use std::path::PathBuf;

fn main() {
    let package = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    // Beside the package, and not from the root of the disk: a clone may move.
    let pages = if package.join("rules").is_dir() { "rules" } else { "../rules" };
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-env=WHY_DENIED_RULES={pages}");
}
