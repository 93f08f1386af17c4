//! The browser crate's host tests under AddressSanitizer: its allocator and codec are the only `unsafe` code that there is.
//!
//! Stable Rust brings the sanitizer's runtime and lets `RUSTC_BOOTSTRAP` ask for it, on x86_64 Linux at least.

use std::path::{Path, PathBuf};

use crate::process::{cargo, command, locked, output};

const HOST: &str = "x86_64-unknown-linux-gnu";

/// The tests; or why they can't run here, as a sentence.
pub(crate) fn tests() -> Result<std::process::Command, String> {
    let sysroot = output(command("rustc").args(["--print", "sysroot"])).map(PathBuf::from);
    let runtime = sysroot.is_some_and(|sysroot| has_runtime(&sysroot));
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) || !runtime {
        return Err(format!(
            "asan: skipped, since AddressSanitizer needs rustup's toolchain for {HOST}"
        ));
    }
    let mut command = cargo();
    command
        .args(["test", "--package", "countersign-browser", "--lib"])
        // With a target named, the flags are not those of build scripts.
        .args(["--target", HOST, "--target-dir", "target/asan"])
        .args(locked())
        .env("RUSTC_BOOTSTRAP", "1")
        // The executor lives as long as the page, and the tests leave theirs behind: that is no leak.
        .env("ASAN_OPTIONS", "detect_leaks=0")
        .env("RUSTFLAGS", "-Zsanitizer=address");
    Ok(command)
}

fn has_runtime(sysroot: &Path) -> bool {
    let libraries = sysroot.join("lib/rustlib").join(HOST).join("lib");
    std::fs::read_dir(libraries).is_ok_and(|entries| {
        entries
            .flatten()
            .any(|entry| entry.file_name().to_string_lossy().ends_with("asan.a"))
    })
}
