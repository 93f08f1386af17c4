//! Runs cargo-mutants: each change to the code that decides about a proof must make a test fail
//! (`.cargo/mutants.toml`).
//!
//! It is not part of the test command: its several hundred builds take most of an hour.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;

use crate::process::{cargo, command, find_program, root, run, run_quietly, user_cache};

const VERSION: &str = "27.1.0";

#[derive(Args)]
pub(crate) struct Options {
    /// Change only these files, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "FILE")]
    file: Vec<String>,
}

pub(crate) fn run_step(options: &Options) -> Result<()> {
    let program = match find() {
        Some(program) => program,
        None => {
            println!("building cargo-mutants {VERSION} into the cache, once");
            install()?;
            find().context("cargo-mutants is missing although it was installed")?
        }
    };
    let mut mutants = command(program);
    mutants
        .args(["mutants", "--no-shuffle", "--output"])
        .arg(root().join("target/mutants"))
        // Property tests catch a mutant within a few cases, and there are hundreds of runs.
        .env("PROPTEST_CASES", "32")
        .env("CARGO_PROFILE_DEV_DEBUG", "0");
    for file in &options.file {
        mutants.args(["--file", file]);
    }
    run(&mut mutants)
}

fn find() -> Option<PathBuf> {
    find_program(&["cargo-mutants"]).or_else(|| {
        cache()
            .map(|cache| cache.join("bin/cargo-mutants"))
            .filter(|file| file.is_file())
    })
}

/// Installs an unoptimised build: most of the time is spent in the builds that it starts.
fn install() -> Result<()> {
    let cache = cache().context("HOME is not set, so there is no cache to install into")?;
    run_quietly(
        cargo()
            .args(["install", "cargo-mutants", "--version", VERSION])
            .args(["--locked", "--debug", "--root"])
            .arg(cache)
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env_remove("CARGO_TARGET_DIR"),
    )
}

fn cache() -> Option<PathBuf> {
    Some(user_cache()?.join(format!("cargo-mutants-{VERSION}")))
}
