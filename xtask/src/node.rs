//! Runs `.test.mjs` files with node's test runner.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::count::{Count, count_node_line};
use crate::process::{command, root, run_watched};
use crate::setup;

/// Returns the `.test.mjs` files of a directory, in order.
pub(crate) fn files(directory: &str) -> Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(root().join(directory))
        .with_context(|| format!("{directory} cannot be read"))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.to_string_lossy().ends_with(".test.mjs"))
        .collect();
    files.sort();
    if files.is_empty() {
        bail!("{directory} holds no *.test.mjs: nothing was tested");
    }
    Ok(files)
}

/// Runs every file of a directory.
pub(crate) fn test_directory(directory: &str, concurrency: usize, count: &mut Count) -> Result<()> {
    test_files(&files(directory)?, concurrency, &[], count)
}

/// Runs files with more environment variables.
pub(crate) fn test_files(
    files: &[impl AsRef<Path>],
    concurrency: usize,
    environment: &[(&str, &str)],
    count: &mut Count,
) -> Result<()> {
    test_files_within(
        Duration::from_secs(600),
        files,
        concurrency,
        environment,
        count,
    )
}

/// Runs files of which each may take so long.
pub(crate) fn test_files_within(
    limit: Duration,
    files: &[impl AsRef<Path>],
    concurrency: usize,
    environment: &[(&str, &str)],
    count: &mut Count,
) -> Result<()> {
    let mut command: Command = command("node");
    command
        .arg("--test")
        .arg("--test-reporter=spec")
        // A server that a failed test left running must not keep the run from ending.
        .arg("--test-force-exit")
        .arg(format!("--test-timeout={}", limit.as_millis()))
        .arg(format!("--test-concurrency={concurrency}"))
        .args(files.iter().map(AsRef::as_ref))
        .envs(environment.iter().copied());
    for (name, browser) in [("CHROME", setup::chromium()), ("FIREFOX", setup::firefox())] {
        if let Some(browser) = browser {
            command.env(name, browser);
        }
    }
    run_watched(&mut command, |line| count_node_line(line, count))
}
