//! `cargo xtask interop`: runs the peers in `interop/`, which are real software on loopback,
//! through their scenarios.
//!
//! If something that a peer needs can't be made ready, that peer's scenarios fail with the reason,
//! and the others still run.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde::Deserialize;

use crate::count::{Count, count_of_interop_line};
use crate::peers::{self, Pins};
use crate::process::{build_servers, command, output, root, run_quietly, run_watched};
use crate::setup::{self, Needs};
use crate::{java, package};

#[derive(Args)]
pub(crate) struct Options {
    /// Run only these peers, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    peer: Vec<String>,
    /// Try the newest releases instead of the pinned ones; changes nothing in the repository
    #[arg(long)]
    newest: bool,
}

/// Runs the step. The exit code says whether all scenarios passed; an error means that nothing
/// could be run.
pub(crate) fn run_step(options: &Options) -> Result<ExitCode> {
    setup::run(Needs::BROWSER)?;
    let interop = root().join("interop");
    let count = if options.newest {
        let copy = NewestCopy::make(&interop)?;
        let count = run(&copy.directory, &options.peer)?;
        copy.print_results()?;
        count
    } else {
        run(&interop, &options.peer)?
    };
    Ok(ExitCode::from(u8::from(
        count.failed > 0 || count.passed == 0,
    )))
}

/// Runs all peers at their pinned versions.
pub(crate) fn run_all() -> Result<Count> {
    run(&root().join("interop"), &[])
}

/// Runs the named peers of `interop/` or of a copy of it, or all of them if none is named.
fn run(interop: &Path, peers: &[String]) -> Result<Count> {
    package::build()?;
    build_servers()?;
    let mut not_ready: BTreeMap<String, String> = BTreeMap::new();
    if let Err(error) = setup::npm_packages(interop) {
        eprintln!("error: npm packages of the peers: {error:#}");
        not_ready.insert("npm".to_owned(), format!("{error:#}"));
    }
    let selection = peers.join(",");
    let runner = || {
        let mut command = command("node");
        command.arg(interop.join("run.mjs"));
        if !selection.is_empty() {
            command.args(["--peer", &selection]);
        }
        command
    };
    let needs = output(runner().arg("--needs"))
        .context("the peers' files can't be read: `node interop/run.mjs --needs` says why")?;
    let needs: BTreeSet<&str> = needs.split_whitespace().collect();
    let pins = peers::pins(interop, "peers")?;
    for need in &needs {
        if let Err(error) = peers::make_ready(need, interop, &pins) {
            eprintln!("error: {need}: {error:#}");
            not_ready.insert((*need).to_owned(), format!("{error:#}"));
        }
    }
    let mut command = runner();
    command.env("COUNTERSIGN_NOT_READY", serde_json::to_string(&not_ready)?);
    if !needs.is_empty()
        && let Ok(home) = java::jdk()
    {
        command.env("JAVA_HOME", home);
    }
    if let Some(chromium) = setup::chromium() {
        command.env("CHROME", chromium);
    }
    let mut last = None;
    let ended = run_watched(&mut command, |line| {
        last = count_of_interop_line(line).or(last);
    });
    // Failed scenarios are counted; anything else that ends the run is an error.
    match (ended, last) {
        (_, Some(count)) if count.failed > 0 => Ok(count),
        (Ok(()), Some(count)) => Ok(count),
        (Err(error), _) => Err(error),
        (Ok(()), None) => bail!("the run printed no result"),
    }
}

/// A copy of `interop/` under `target/` with the newest release of every pin.
struct NewestCopy {
    directory: PathBuf,
    pinned: Pins,
    tried: Pins,
}

/// One scenario in the results that the run writes.
#[derive(Deserialize)]
struct Row {
    pins: Vec<String>,
    passed: bool,
}

#[derive(Deserialize)]
struct Results {
    rows: Vec<Row>,
}

impl NewestCopy {
    fn make(interop: &Path) -> Result<Self> {
        let place = root().join("target/interop-newest");
        let directory = place.join("interop");
        let _ = fs::remove_dir_all(&place);
        copy_sources(interop, &directory)?;
        // The peers import from these folders of the repository.
        for shared in ["packages", "examples", "crates"] {
            std::os::unix::fs::symlink(root().join(shared), place.join(shared))?;
        }
        println!("interop: asking Maven and npm for the newest releases ...");
        let mut pinned = peers::pins(interop, "peers")?;
        let mut newest = pinned.clone();
        for (name, version) in &mut newest {
            if let Some(found) = peers::newest(name)? {
                *version = found;
            }
        }
        peers::set_pins(&directory, &newest)?;
        let packages = peers::pins(interop, "dependencies")?;
        run_quietly(
            command("npm")
                .current_dir(&directory)
                .args(["install", "--save-exact", "--no-audit", "--no-fund"])
                .args(packages.keys().map(|name| format!("{name}@latest"))),
        )?;
        pinned.extend(packages);
        let mut tried = peers::pins(&directory, "peers")?;
        tried.extend(peers::pins(&directory, "dependencies")?);
        Ok(Self {
            directory,
            pinned,
            tried,
        })
    }

    fn print_results(&self) -> Result<()> {
        let text = fs::read_to_string(root().join("target/interop.json"))?;
        let results: Results = serde_json::from_str(&text)?;
        println!("\n{:<20} {:<12} {:<12} result", "pin", "pinned", "tried");
        for (name, pinned) in &self.pinned {
            let rows = || results.rows.iter().filter(|row| row.pins.contains(name));
            let passed = rows().filter(|row| row.passed).count();
            let failed = rows().count() - passed;
            let result = if passed + failed == 0 {
                "not run by a peer of its own".to_owned()
            } else {
                format!("{passed} passed, {failed} failed")
            };
            let tried = self.tried.get(name).map_or("", String::as_str);
            println!("{name:<20} {pinned:<12} {tried:<12} {result}");
        }
        Ok(())
    }
}

/// Copies everything except what npm and Maven put there.
fn copy_sources(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| to.display().to_string())?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let name = entry.file_name();
        if name == "node_modules" || name == "target" || name == "dist" {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy_sources(&entry.path(), &to.join(name))?;
        } else {
            fs::copy(entry.path(), to.join(name))?;
        }
    }
    Ok(())
}
