//! `cargo xtask size`: measures what a browser loads from the app's origin until the session is
//! restored, and checks the budgets.
//!
//! `xtask/size/measure.mjs` does the measuring, with a minimal app built by the newest Vite, in
//! headless Chromium.

use anyhow::{Context as _, Result};

use crate::process::{build_servers, command, run};
use crate::setup::{self, Needs};
use crate::{package, wasm};

/// Sets up, builds and measures.
pub(crate) fn run_step() -> Result<()> {
    setup::run(Needs::BROWSER)?;
    package::build()?;
    measure()
}

/// Measures the package that was built last.
pub(crate) fn measure() -> Result<()> {
    build_servers()?;
    let toolchain =
        wasm::Toolchain::find().context("no compiler for wasm32: run `cargo xtask setup`")?;
    let chromium = setup::chromium().context("no Chromium: run `cargo xtask setup`")?;
    run(command("node")
        .arg("xtask/size/measure.mjs")
        .env("CHROME", chromium)
        .env("ENGINE_BUILT_BY", toolchain.describe()))
    .context("the size check")
}
