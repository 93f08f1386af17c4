//! Cargo subcommands by others that we need, each pinned to one version.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::process::{cargo, command, find_program, run_quietly, user_cache};

/// Checks licences, bans and sources of dependencies.
pub(crate) const CARGO_DENY: CargoTool = CargoTool {
    name: "cargo-deny",
    version: "0.20.2",
};

/// Writes SBOMs.
pub(crate) const CARGO_CYCLONEDX: CargoTool = CargoTool {
    name: "cargo-cyclonedx",
    version: "0.5.9",
};

/// A package on crates.io whose program has the same name.
pub(crate) struct CargoTool {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
}

impl CargoTool {
    /// Returns the installed program: the one in `PATH`, or else where `install` puts it.
    pub(crate) fn find(&self) -> Option<PathBuf> {
        find_program(&[self.name]).or_else(|| {
            self.cache()
                .map(|cache| cache.join("bin").join(self.name))
                .filter(|file| file.is_file())
        })
    }

    /// Creates a command that runs the installed program.
    pub(crate) fn command(&self) -> Result<std::process::Command> {
        let missing = || format!("{} is missing: run `cargo xtask setup`", self.name);
        Ok(command(self.find().with_context(missing)?))
    }

    /// Builds the program into the user's cache, which all clones share. An unoptimised build takes
    /// a quarter of the time, and its result is fast enough for one workspace.
    pub(crate) fn install(&self) -> Result<()> {
        let cache = self
            .cache()
            .context("HOME is not set, so there is no cache to install into")?;
        run_quietly(
            cargo()
                .args(["install", self.name, "--version", self.version])
                .args(["--locked", "--debug", "--root"])
                .arg(cache)
                .env("CARGO_PROFILE_DEV_DEBUG", "0")
                .env_remove("CARGO_TARGET_DIR"),
        )
    }

    fn cache(&self) -> Option<PathBuf> {
        Some(user_cache()?.join(format!("{}-{}", self.name, self.version)))
    }
}
