//! What `cargo xtask bench` measures: one core, one run, medians. Writes one flat JSON object to
//! the path after `--json`; `--only checks`, `--only costs` or `--only replay` measures a part, for
//! a profiler.
//!
//! An own loop and neither criterion nor divan: these time one function after the other, and a
//! ratio is only worth something when both sides ran in the same milliseconds, on a machine that
//! does other things too.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used)] // A benchmark that fails has nothing to say.

mod checks;
mod client;
mod costs;
mod replay;
mod slices;

use std::{env, fs};

use countersign::UnixSeconds;
use serde_json::{Map, Value};

/// The only moment there is.
const NOW: UnixSeconds = UnixSeconds(1_767_225_600);

/// Results by name.
type Figures = Map<String, Value>;

fn main() {
    let arguments: Vec<String> = env::args().collect();
    let after = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)
    };
    if let Some(entries) = after(replay::IN_A_PROCESS_OF_ITS_OWN) {
        let room = after("--room").unwrap();
        return replay::print_bytes(entries.parse().unwrap(), room.parse().unwrap());
    }
    let mut figures = Figures::new();
    let only = after("--only");
    for (part, measure) in [
        ("replay", replay::measure as fn(&mut Figures)),
        ("checks", checks::measure),
        ("costs", costs::measure),
    ] {
        if only.is_none_or(|name| name == part) {
            measure(&mut figures);
        }
    }
    let text = serde_json::to_string_pretty(&figures).unwrap() + "\n";
    match after("--json") {
        Some(path) => fs::write(path, text).unwrap(),
        None => print!("{text}"),
    }
}

/// Rounded to what a benchmark can tell: whole numbers, or four digits of a ratio.
fn put(figures: &mut Figures, name: String, value: f64) {
    let digits = if value < 100.0 { 10_000.0 } else { 1.0 };
    figures.insert(name, ((value * digits).round() / digits).into());
}
