//! `cargo xtask bundlers`: the packed npm package in bundlers, test runners and frameworks that are
//! not the Vite of the browser suite. `cargo xtask test` runs the short form.

use std::process::ExitCode;

use anyhow::Result;

use crate::count::Count;
use crate::process::{build_servers, root};
use crate::setup::{self, Needs};
use crate::{node, package};

/// Vite 5 to 7, webpack, Parcel and Jest.
const SHORT: &str = "bundlers";
/// Next.js, Nuxt, TanStack Start and React Router. An npm project of its own, which the short form
/// does not install.
const FRAMEWORKS: &str = "bundlers/frameworks";

/// Runs everything. The exit code says whether all tests passed.
pub(crate) fn run_step() -> Result<ExitCode> {
    setup::run(Needs::BROWSER)?;
    let mut count = Count::default();
    let short = short(&mut count);
    setup::npm_packages(&root().join(FRAMEWORKS))?;
    let frameworks = node::test_directory(FRAMEWORKS, 1, &mut count);
    println!("\n{} passed, {} failed", count.passed, count.failed);
    short.and(frameworks)?;
    Ok(ExitCode::SUCCESS)
}

/// Runs the part of the test command.
pub(crate) fn short(count: &mut Count) -> Result<()> {
    package::build()?;
    build_servers()?;
    setup::npm_packages(&root().join(SHORT))?;
    node::test_directory(SHORT, 1, count)
}
