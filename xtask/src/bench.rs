//! `cargo xtask bench`: measures the checks and the replay store, relative to the one signature
//! check that every request needs. Writes `target/bench.json`, and with `--peers`
//! `target/bench-peers.json`. With `--browser`, measures what a call costs in the browser, and
//! writes `target/bench-browser.json`.
//!
//! The measuring code is in `crates/countersign-resource-server/benches/figures`, `bench-peers` and
//! `xtask/bench`.
//! A missed bar does not fail the command: a loaded machine is not a defect.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use clap::Args;

use crate::package;
use crate::process::{build_servers, cargo, command, find_program, locked, root, run};
use crate::setup::{self, Needs};

#[derive(Args)]
pub(crate) struct Options {
    /// Measure other implementations with the same proofs, and print the README's table
    #[arg(long)]
    peers: bool,
    /// Measure a warm call in Chromium, beside the reference, and what promises cost
    #[arg(long, conflicts_with = "peers")]
    browser: bool,
}

type Figures = BTreeMap<String, f64>;

/// The value that a figure should reach.
enum Bar {
    AtLeast(f64),
    AtMost(f64),
}

/// The figures that have a bar, in the table's order. The others follow them.
///
/// `cost_*` is what one check costs with an algorithm that proofs may use by default, in ES256
/// checks by the library alone. An algorithm that costs more than four is not allowed by default
/// (`VerifierPolicy`).
const BARS: [(&str, Bar); 22] = [
    ("proof_verify_ratio", Bar::AtLeast(0.93)),
    ("full_check_ratio", Bar::AtLeast(0.90)),
    ("ed25519_proof_verify_ratio", Bar::AtLeast(0.93)),
    ("ed25519_full_check_ratio", Bar::AtLeast(0.90)),
    ("cost_es256", Bar::AtMost(4.0)),
    ("cost_eddsa", Bar::AtMost(4.0)),
    ("cost_ps256_2048", Bar::AtMost(4.0)),
    ("cost_ps256_3072", Bar::AtMost(4.0)),
    ("cost_ps256_4096", Bar::AtMost(4.0)),
    ("cost_rs256_2048", Bar::AtMost(4.0)),
    ("cost_rs256_3072", Bar::AtMost(4.0)),
    ("cost_rs256_4096", Bar::AtMost(4.0)),
    ("replay_insert_per_s", Bar::AtLeast(5_000_000.0)),
    ("replay_bytes_per_entry_1m", Bar::AtMost(40.0)),
    ("replay_bytes_per_entry_10m", Bar::AtMost(40.0)),
    ("replay_bytes_per_entry", Bar::AtMost(40.0)),
    // What a call in the browser costs beyond a native one, in signatures by WebCrypto.
    ("fetch_signatures", Bar::AtMost(1.5)),
    ("xhr_signatures", Bar::AtMost(1.5)),
    // What promises of the page cost, in those of a page without Countersign.
    ("await_plain", Bar::AtMost(1.2)),
    ("then_plain", Bar::AtMost(1.2)),
    ("await_frozen", Bar::AtMost(1.2)),
    ("then_frozen", Bar::AtMost(1.2)),
];

pub(crate) fn run_step(options: &Options) -> Result<()> {
    if options.peers {
        return peers();
    }
    if options.browser {
        return browser();
    }
    let file = root().join("target/bench.json");
    run(cargo()
        .args(["bench", "--quiet", "-p", "countersign-resource-server"])
        .args(["--bench", "figures"])
        .args(locked())
        .arg("--")
        .arg("--json")
        .arg(&file))?;
    print(&file)
}

fn print(file: &Path) -> Result<()> {
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    let figures: Figures =
        serde_json::from_str(&text).with_context(|| file.display().to_string())?;
    print!("{}", table(&figures));
    Ok(())
}

fn browser() -> Result<()> {
    setup::run(Needs::BROWSER)?;
    package::build()?;
    build_servers()?;
    let chromium = setup::chromium().context("no Chromium: run `cargo xtask setup`")?;
    let file = root().join("target/bench-browser.json");
    run(command("node")
        .arg("xtask/bench/measure.mjs")
        .arg(&file)
        .env("CHROME", chromium))
    .context("the measurement in the browser")?;
    print(&file)
}

fn table(figures: &Figures) -> String {
    let mut lines = String::new();
    let mut line = |name: &str, value: f64, bar: String| {
        let digits = if value < 100.0 { 3 } else { 0 };
        lines += &format!("{name:32} {value:>12.digits$}{bar}\n");
    };
    for (name, bar) in &BARS {
        let Some(&value) = figures.get(*name) else {
            continue;
        };
        let (words, bar, reached) = match bar {
            Bar::AtLeast(bar) => ("at least", bar, value >= *bar),
            Bar::AtMost(bar) => ("at most", bar, value <= *bar),
        };
        let reached = if reached { "reached" } else { "MISSED" };
        line(name, value, format!("  {words} {bar}: {reached}"));
    }
    for (name, &value) in figures {
        if BARS.iter().all(|(barred, _)| barred != name) {
            line(name, value, String::new());
        }
    }
    lines
}

/// Measures the other implementations, on one core if `taskset` is installed, because Node checks
/// signatures on separate threads.
fn peers() -> Result<()> {
    setup::run(Needs::PACKAGE)?;
    package::build()?;
    let directory = root().join("bench-peers");
    setup::npm_packages(&directory)?;
    let target = root().join("target/bench-peers");
    run(cargo()
        .args(["build", "--quiet", "--release", "--manifest-path"])
        .arg(directory.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .args(locked()))?;
    let program = target.join("release/bench-peers");
    let mut measure = match find_program(&["taskset"]) {
        Some(taskset) => {
            let mut measure = command(taskset);
            measure.args(["-c", "0"]).arg(program);
            measure
        }
        None => command(program),
    };
    run(measure
        .arg("--json")
        .arg(root().join("target/bench-peers.json")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_which_bars_are_missed() {
        let figures = [
            ("proof_verify_ratio", 0.92),
            ("replay_bytes_per_entry_1m", 26.0),
            ("proof_sign_per_s", 55_000.0),
        ];
        let figures = figures.map(|(name, value)| (name.to_owned(), value));
        let table = table(&figures.into());
        let has = |words: [&str; 2]| {
            assert!(
                table
                    .lines()
                    .any(|line| words.iter().all(|word| line.contains(word))),
                "{words:?}: {table}"
            );
        };
        has(["proof_verify_ratio", "0.920  at least 0.93: MISSED"]);
        has(["replay_bytes_per_entry_1m", "26.000  at most 40: reached"]);
        has(["proof_sign_per_s", "55000"]);
    }
}
