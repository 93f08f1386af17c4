//! `cargo xtask bench`: measures the checks and the replay store, relative to the one signature
//! check that every request needs. Writes `target/bench.json`, and with `--peers`
//! `target/bench-peers.json`.
//!
//! The measuring code is in `crates/countersign-resource-server/benches/figures` and `bench-peers`.
//! A missed bar does not fail the command: a loaded machine is not a defect.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context as _, Result};
use clap::Args;

use crate::process::{cargo, find_program, locked, root, run};
use crate::setup;

#[derive(Args)]
pub(crate) struct Options {
    /// Measure other implementations with the same proofs, and print the README's table
    #[arg(long)]
    peers: bool,
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
const BARS: [(&str, Bar); 16] = [
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
];

pub(crate) fn run_step(options: &Options) -> Result<()> {
    if options.peers {
        return peers();
    }
    let file = root().join("target/bench.json");
    run(cargo()
        .args(["bench", "--quiet", "-p", "countersign-resource-server"])
        .args(["--bench", "figures"])
        .args(locked())
        .arg("--")
        .arg("--json")
        .arg(&file))?;
    let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let figures: Figures =
        serde_json::from_str(&text).with_context(|| file.display().to_string())?;
    print!("{}", table(&figures));
    Ok(())
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
            let mut measure = crate::process::command(taskset);
            measure.args(["-c", "0"]).arg(program);
            measure
        }
        None => crate::process::command(program),
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
