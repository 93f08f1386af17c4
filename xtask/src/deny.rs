//! Checks the licences, bans and sources of every Rust dependency with cargo-deny (`deny.toml`).

use anyhow::Result;

use crate::cargo_tool::CARGO_DENY;
use crate::process::run;

/// Checks the workspace. Advisories are not checked here: they need the network and change without
/// a commit of ours.
pub(crate) fn check() -> Result<()> {
    run(CARGO_DENY
        .command()?
        .args(["--all-features", "check", "licenses", "bans", "sources"]))
}
