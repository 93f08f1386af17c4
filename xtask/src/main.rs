//! The project's own build steps; `cargo xtask --help` lists them.
//!
//! There is one file per command. Each command first sets up what it needs, so no other step has to
//! come before it.

#![forbid(unsafe_code)]

mod asan;
mod bench;
mod browsers;
mod bundlers;
mod cargo_tool;
mod commonjs;
mod count;
mod demo;
mod deny;
mod fuzz;
mod generated;
mod interop;
mod java;
mod mutants;
mod node;
mod order;
mod pack;
mod package;
mod peers;
mod process;
mod readme;
mod runtimes;
mod sbom;
mod setup;
mod size;
mod test;
mod wasm;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own build steps.")]
struct Arguments {
    #[command(subcommand)]
    step: Step,
}

#[derive(Subcommand)]
enum Step {
    /// Find or install what the other steps need: npm packages, the wasm32 target, cargo-deny,
    /// cargo-cyclonedx; browsers only as root on Debian, elsewhere the command to run is printed
    Setup,
    /// Start the authorization server, the API and the demo app, and open the app in the browser
    Demo(demo::Options),
    /// Build all of `packages/countersign`: engine, TypeScript, licences; `npm pack` there makes
    /// the tarball
    Package,
    /// Run every check, or some of them with `--only`
    Test(test::Options),
    /// Run the whole browser suite in the other browsers, file by file, and write docs/browsers.md
    /// (an hour); a run that was interrupted goes on with `--continue`
    Browsers(browsers::Options),
    /// Build apps with Vite 5 to 7, webpack, Parcel, Next.js, Nuxt, TanStack Start and React
    /// Router, and import the package in Jest (some minutes)
    Bundlers,
    /// Run real peers (Keycloak, Spring Security, ...) through their scenarios
    Interop(interop::Options),
    /// Run the fuzz targets; inputs that they find stay in fuzz/corpus and fuzz/artifacts
    Fuzz(fuzz::Options),
    /// Make small changes to the code that decides about proofs, and check that a test notices each
    /// (an hour)
    Mutants(mutants::Options),
    /// Measure the checks and the replay store against the bare library, or other implementations
    /// with `--peers`
    Bench(bench::Options),
    /// List what the crates, the engine and the npm package are made of: CycloneDX documents in
    /// target/sbom
    Sbom,
    /// Measure what a browser loads until the session is restored, and check the size budgets
    Size,
}

fn main() -> ExitCode {
    match run(Arguments::parse().step) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(step: Step) -> anyhow::Result<ExitCode> {
    match step {
        Step::Setup => setup::run(setup::Needs::ALL)?,
        Step::Demo(options) => demo::run_step(&options)?,
        Step::Package => package::run_step()?,
        Step::Test(options) => return test::run_step(&options),
        Step::Browsers(options) => return browsers::run_step(&options),
        Step::Bundlers => return bundlers::run_step(),
        Step::Interop(options) => return interop::run_step(&options),
        Step::Fuzz(options) => fuzz::run_step(&options)?,
        Step::Mutants(options) => mutants::run_step(&options)?,
        Step::Bench(options) => bench::run_step(&options)?,
        Step::Sbom => sbom::run_step()?,
        Step::Size => size::run_step()?,
    }
    Ok(ExitCode::SUCCESS)
}
