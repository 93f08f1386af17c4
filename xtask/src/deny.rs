//! Checks the licences, bans and sources of every Rust dependency with cargo-deny (`deny.toml`).

use anyhow::Result;

use crate::cargo_tool::CargoTool;
use crate::process::run;

pub(crate) const TOOL: CargoTool = CargoTool {
    name: "cargo-deny",
    version: "0.20.2",
};

/// Checks the workspace. Advisories are not checked here: they need the network and change without
/// a commit of ours.
pub(crate) fn check() -> Result<()> {
    run(TOOL
        .command()?
        .args(["--all-features", "check", "licenses", "bans", "sources"]))
}
