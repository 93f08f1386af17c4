//! Runs the browser crate's host tests under AddressSanitizer: its allocator and codec are the
//! project's only `unsafe` code.
//!
//! Stable Rust ships the sanitizer's runtime, at least on x86_64 Linux, and accepts the flag with
//! `RUSTC_BOOTSTRAP`.

use std::path::{Path, PathBuf};

use crate::process::{cargo, command, locked, output};

const HOST: &str = "x86_64-unknown-linux-gnu";

/// Returns the command that runs the tests, or a sentence that says why they can't run here.
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
        // If a target is named, cargo does not apply the flags to build scripts.
        .args(["--target", HOST, "--target-dir", "target/asan"])
        .args(locked())
        .env("RUSTC_BOOTSTRAP", "1")
        // The executor lives as long as the page; the executors that tests leave behind are not
        // leaks.
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
