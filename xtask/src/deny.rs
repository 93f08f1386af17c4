//! cargo-deny: licences, bans and sources of every Rust dependency (`deny.toml`).

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::process::{cargo, command, find_program, run, run_quietly, user_cache};

const VERSION: &str = "0.20.2";

/// The installed program: in `PATH`, or where `install` puts it.
pub(crate) fn find() -> Option<PathBuf> {
    find_program(&["cargo-deny"]).or_else(|| {
        cache()
            .map(|cache| cache.join("bin/cargo-deny"))
            .filter(|file| file.is_file())
    })
}

/// Builds it into the user's cache, shared by clones. An unoptimised build takes a quarter of the time and
/// checks this workspace in two seconds.
pub(crate) fn install() -> Result<()> {
    let cache = cache().context("HOME is not set, so there is no cache to install into")?;
    run_quietly(
        cargo()
            .args([
                "install",
                "cargo-deny",
                "--version",
                VERSION,
                "--locked",
                "--debug",
                "--root",
            ])
            .arg(cache)
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env_remove("CARGO_TARGET_DIR"),
    )
}

/// Checks the workspace. Advisories stand apart: they need the network and change without a commit of ours.
pub(crate) fn check() -> Result<()> {
    let program = find().context("cargo-deny is missing: run `cargo xtask setup`")?;
    run(command(program).args(["--all-features", "check", "licenses", "bans", "sources"]))
}

fn cache() -> Option<PathBuf> {
    Some(user_cache()?.join(format!("cargo-deny-{VERSION}")))
}
