//! The browser suite in browsers other than the one it is developed with, and without
//! WebAssembly.
//!
//! `cargo xtask test` runs a short part of it in each; `cargo xtask browsers` runs all of it, file
//! by file, and writes `docs/browsers.md`. What the browser or its driver can't do is skipped with a
//! reason, which is printed and counted (`test/browser/harness/drivers`).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::count::Count;
use crate::node;
use crate::package;
use crate::process::{build_servers, root, seconds};
use crate::setup::{self, Needs};

const SUITE: &str = "packages/countersign/test/browser";

/// Login, every kind of call, reload, logout, and the key ladder.
const SHORT: [&str; 4] = ["calls", "ladder", "login", "session"];

/// What else runs in WebKit: comparisons with a page without the package, and browsers that refuse.
const ALSO_IN_WEBKIT: [&str; 3] = ["behaviours", "hostile-browser", "libraries"];

#[derive(Args)]
pub(crate) struct Options {
    /// Run the suite in these only, separated by commas.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "RUN")]
    only: Vec<Run>,
    /// Run these test files only, separated by commas: `login,calls`.
    #[arg(long, value_delimiter = ',', value_name = "FILE")]
    files: Vec<String>,
    /// Go on where the last run was interrupted: leave out the files that have passed since it began.
    #[arg(long)]
    r#continue: bool,
}

/// A browser, and whether it may compile WebAssembly.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Run {
    /// Firefox, over WebDriver BiDi
    Firefox,
    /// WebKitGTK, over WebDriver; the short part and the comparisons with a page without the package
    Webkit,
    /// Chromium below a Content-Security-Policy without `'wasm-unsafe-eval'`
    NoWasm,
    /// 100,000 calls in Chromium, after which memory is as before
    Memory,
}

impl Run {
    fn title(self) -> &'static str {
        match self {
            Self::Firefox => "Firefox",
            Self::Webkit => "WebKitGTK",
            Self::NoWasm => "Chromium without WebAssembly",
            Self::Memory => "Chromium, 100,000 calls",
        }
    }

    pub(crate) fn needs(self) -> Needs {
        match self {
            Self::Firefox => Needs {
                firefox: true,
                ..Needs::PACKAGE
            },
            Self::Webkit => Needs {
                webkit: true,
                ..Needs::PACKAGE
            },
            Self::NoWasm | Self::Memory => Needs::BROWSER,
        }
    }

    fn environment(self) -> [(&'static str, &'static str); 1] {
        match self {
            Self::Firefox => [("BROWSER", "firefox")],
            Self::Webkit => [("BROWSER", "webkit")],
            Self::NoWasm => [("WEBASSEMBLY", "refused")],
            Self::Memory => [("COUNTERSIGN_CALLS", "100000")],
        }
    }

    /// How long a test file may take.
    fn limit(self) -> Duration {
        Duration::from_secs(if self == Self::Memory { 3600 } else { 600 })
    }

    /// Whether this machine can do it at all; if not, why.
    fn obstacle(self) -> Option<&'static str> {
        (self == Self::Webkit && !setup::has_webkit())
            .then_some("WebKitGTK's driver exists on Linux alone")
    }

    /// Runs the short part.
    pub(crate) fn short(self, count: &mut Count) -> Result<()> {
        if let Some(reason) = self.obstacle() {
            println!("skipped: {reason}");
            count.skipped += 1;
            return Ok(());
        }
        package::build()?;
        build_servers()?;
        let files: Vec<PathBuf> = SHORT.iter().map(|name| file(name)).collect();
        node::test_files(&files, 1, &self.environment(), count)
    }

    /// The files of the long run.
    fn files(self) -> Result<Vec<String>> {
        if self == Self::Memory {
            return Ok(vec!["memory".to_owned()]);
        }
        if self == Self::Webkit {
            return Ok(SHORT
                .into_iter()
                .chain(ALSO_IN_WEBKIT)
                .map(str::to_owned)
                .collect());
        }
        Ok(node::files(SUITE)?
            .iter()
            .filter_map(|path| {
                Some(
                    path.file_name()?
                        .to_str()?
                        .strip_suffix(".test.mjs")?
                        .to_owned(),
                )
            })
            .collect())
    }
}

fn file(name: &str) -> PathBuf {
    Path::new(SUITE).join(format!("{name}.test.mjs"))
}

/// What a test file came to in one of the runs.
#[derive(Clone, Serialize, Deserialize)]
struct Outcome {
    passed: u64,
    failed: u64,
    skipped: u64,
    seconds: u64,
}

/// Outcomes by run and test file, in `target/browsers.json`.
type Outcomes = BTreeMap<Run, BTreeMap<String, Outcome>>;

fn record() -> PathBuf {
    root().join("target/browsers.json")
}

pub(crate) fn run_step(options: &Options) -> Result<ExitCode> {
    let runs: Vec<Run> = Run::value_variants()
        .iter()
        .copied()
        .filter(|run| options.only.is_empty() || options.only.contains(run))
        .collect();
    setup::run(
        runs.iter()
            .fold(Needs::NOTHING, |needs, run| needs.and(run.needs())),
    )?;
    package::build()?;
    build_servers()?;
    let is_part = !options.only.is_empty() || !options.files.is_empty();
    // A part of the run replaces its rows, and keeps the others.
    let mut outcomes: Outcomes = if options.r#continue || is_part {
        fs::read(record())
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default()
    } else {
        Outcomes::new()
    };
    let start = Instant::now();
    let page = root().join("docs/browsers.md");
    for run in runs {
        if let Some(reason) = run.obstacle() {
            println!("{} is skipped: {reason}", run.title());
            continue;
        }
        for name in run.files()? {
            let rows = outcomes.entry(run).or_default();
            let has_passed = rows.get(&name).is_some_and(|outcome| outcome.failed == 0);
            let is_chosen = options.files.is_empty() || options.files.contains(&name);
            if !is_chosen || options.r#continue && has_passed {
                continue;
            }
            rows.insert(name.clone(), test(run, &name));
            // After each file: this run may be interrupted.
            fs::write(record(), serde_json::to_vec_pretty(&outcomes)?)?;
            write_table(&page, &outcomes)?;
        }
    }
    let mut failed = 0;
    for (run, rows) in &outcomes {
        let sum = total(rows);
        println!(
            "{}: {} passed, {} failed, {} skipped in {}",
            run.title(),
            sum.passed,
            sum.failed,
            sum.skipped,
            seconds(Duration::from_secs(sum.seconds))
        );
        failed += sum.failed;
    }
    println!(
        "browsers: {} written ({})",
        page.display(),
        seconds(start.elapsed())
    );
    Ok(ExitCode::from(u8::from(failed > 0)))
}

fn test(run: Run, name: &str) -> Outcome {
    println!("\n== {}: {name}", run.title());
    let start = Instant::now();
    let mut count = Count::default();
    let ended = node::test_files_within(
        run.limit(),
        &[file(name)],
        1,
        &run.environment(),
        &mut count,
    );
    Outcome {
        passed: count.passed,
        // The runner may have ended before it counted the failure.
        failed: count.failed.max(u64::from(ended.is_err())),
        skipped: count.skipped,
        seconds: start.elapsed().as_secs(),
    }
}

fn total(rows: &BTreeMap<String, Outcome>) -> Outcome {
    let sum = |part: fn(&Outcome) -> u64| rows.values().map(part).sum();
    Outcome {
        passed: sum(|row| row.passed),
        failed: sum(|row| row.failed),
        skipped: sum(|row| row.skipped),
        seconds: sum(|row| row.seconds),
    }
}

/// Where the table stands in the page.
const MARKS: (&str, &str) = ("<!-- table -->\n", "<!-- end of the table -->");

fn write_table(page: &Path, outcomes: &Outcomes) -> Result<()> {
    let text = fs::read_to_string(page).with_context(|| page.display().to_string())?;
    let Some((before, rest)) = text.split_once(MARKS.0) else {
        bail!("{} holds no `{}`", page.display(), MARKS.0.trim_end());
    };
    let Some((_, after)) = rest.split_once(MARKS.1) else {
        bail!("{} holds no `{}`", page.display(), MARKS.1);
    };
    let table = table(outcomes)?;
    fs::write(
        page,
        format!("{before}{}{table}{}{after}", MARKS.0, MARKS.1),
    )?;
    Ok(())
}

/// One row a test file, one column a run: `12 passed, 1 skipped`.
fn table(outcomes: &Outcomes) -> Result<String> {
    let mut text = String::from("| file |");
    for run in outcomes.keys() {
        write!(text, " {} |", run.title())?;
    }
    writeln!(text, "\n|---|{}", "---|".repeat(outcomes.len()))?;
    let mut names: Vec<&String> = outcomes.values().flat_map(BTreeMap::keys).collect();
    names.sort();
    names.dedup();
    for name in names {
        write!(text, "| `{name}` |")?;
        for rows in outcomes.values() {
            write!(text, " {} |", rows.get(name).map_or("-".to_owned(), cell))?;
        }
        writeln!(text)?;
    }
    write!(text, "| all |")?;
    for rows in outcomes.values() {
        let sum = total(rows);
        let time = seconds(Duration::from_secs(sum.seconds));
        write!(text, " {}, {time} |", cell(&sum))?;
    }
    writeln!(text)?;
    Ok(text)
}

fn cell(outcome: &Outcome) -> String {
    let Outcome {
        passed,
        failed,
        skipped,
        ..
    } = outcome;
    let mut text = format!("{passed} passed");
    for (number, word) in [(failed, "failed"), (skipped, "skipped")] {
        if *number > 0 {
            text += &format!(", {number} {word}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_a_row_for_each_file_and_the_sums() {
        let outcome = |passed, failed, skipped, seconds| Outcome {
            passed,
            failed,
            skipped,
            seconds,
        };
        let outcomes = Outcomes::from([
            (
                Run::Firefox,
                BTreeMap::from([
                    ("calls".to_owned(), outcome(4, 0, 0, 8)),
                    ("clock".to_owned(), outcome(8, 1, 2, 70)),
                ]),
            ),
            (
                Run::Webkit,
                BTreeMap::from([("calls".to_owned(), outcome(4, 0, 0, 5))]),
            ),
        ]);
        assert_eq!(
            table(&outcomes).unwrap(),
            "| file | Firefox | WebKitGTK |\n\
             |---|---|---|\n\
             | `calls` | 4 passed | 4 passed |\n\
             | `clock` | 8 passed, 1 failed, 2 skipped | - |\n\
             | all | 12 passed, 1 failed, 2 skipped, 1 min 18 s | 4 passed, 5.0 s |\n"
        );
    }

    #[test]
    fn the_short_part_names_files_that_exist() {
        for name in SHORT.into_iter().chain(ALSO_IN_WEBKIT) {
            assert!(root().join(file(name)).is_file(), "{name}");
        }
    }
}
