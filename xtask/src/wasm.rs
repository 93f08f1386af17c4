//! Builds the engine for WebAssembly, with whichever compiler this machine has.

mod optimise;
mod reproducible;
mod toolchain;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

pub(crate) use optimise::{OPTIMISER_FLAGS, optimise, optimise_server, to_javascript};
pub(crate) use reproducible::{check_reproducible, copy_folder};
use toolchain::has_prebuilt;
pub(crate) use toolchain::{DEBIAN_PACKAGES, Toolchain};

use crate::process::{cargo, command, locked, output, root, run};

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// An engine, and how it is built.
pub(crate) struct Engine {
    package: &'static str,
    profile: &'static str,
    build_std: &'static str,
    /// Whether size matters more than speed.
    is_small: bool,
}

/// The engine that pages load.
pub(crate) const BROWSER: Engine = Engine {
    package: "countersign-browser",
    profile: "wasm",
    build_std: "build-std=core,alloc",
    is_small: true,
};

/// The engine of servers.
pub(crate) const SERVER: Engine = Engine {
    package: "countersign-server-wasm",
    profile: "wasm-server",
    build_std: "build-std=std,panic_abort",
    is_small: false,
};

/// Compiles an engine with these features and returns the file that the linker wrote. The next call
/// for the same engine overwrites it.
pub(crate) fn build(toolchain: &Toolchain, engine: &Engine, features: &str) -> Result<PathBuf> {
    let target_dir = toolchain.target_dir();
    build_in(toolchain, engine, features, &root(), &target_dir)
}

fn build_in(
    toolchain: &Toolchain,
    engine: &Engine,
    features: &str,
    source: &Path,
    target_dir: &Path,
) -> Result<PathBuf> {
    let mut command = toolchain.cargo_build(source, engine);
    command
        .args(["--package", engine.package, "--lib"])
        .args(["--features", features])
        .args(locked())
        .args(["--profile", engine.profile, "--target", TARGET])
        .arg("--target-dir")
        .arg(target_dir);
    run(&mut command).context("the engine does not compile for wasm32")?;
    let name = engine.package.replace('-', "_");
    let file = target_dir
        .join(TARGET)
        .join(engine.profile)
        .join(format!("{name}.wasm"));
    if !file.is_file() {
        bail!("cargo built no {}", file.display());
    }
    Ok(file)
}

/// Checks that a package compiles for wasm32 with the whole standard library, as a server would use
/// it.
pub(crate) fn check(arguments: &[&str]) -> Result<()> {
    let sysroot = output(command("rustc").args(["--print", "sysroot"])).map(PathBuf::from);
    let has_target = sysroot.is_some_and(|sysroot| has_prebuilt(&sysroot));
    let toolchain = Toolchain::find().context("no compiler for wasm32: run `cargo xtask setup`")?;
    let mut command = if has_target {
        cargo()
    } else {
        let mut command = toolchain.cargo();
        command.env("RUSTC_BOOTSTRAP", "1");
        command
    };
    command.arg("check").args(["--target", TARGET]);
    if !has_target {
        command
            .args(["-Z", "build-std=std,panic_abort", "--target-dir"])
            .arg(toolchain.target_dir());
    }
    run(command.args(locked()).args(arguments))
}

/// Runs clippy on what is compiled for wasm32 only, with warnings as errors. Clippy needs rustup's
/// prebuilt target; a machine without it says so.
pub(crate) fn lint(arguments: &[&str]) -> Result<()> {
    let sysroot = output(command("rustc").args(["--print", "sysroot"])).map(PathBuf::from);
    if !sysroot.is_some_and(|sysroot| has_prebuilt(&sysroot)) {
        println!("clippy for wasm32 is skipped: `rustup target add {TARGET}`");
        return Ok(());
    }
    run(cargo()
        .args(["clippy", "--target", TARGET])
        .args(locked())
        .args(arguments)
        .args(["--", "-D", "warnings"]))
}
