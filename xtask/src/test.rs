//! `cargo xtask test`: runs every check of the project, in parts that can also run alone.
//!
//! A failing part does not stop the others, so one run shows everything that is wrong. The last
//! line sums up the tests that cargo's and node's runners counted, plus one for each part that is a
//! single check.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use crate::browsers::Run;
use crate::count::{Count, count_cargo_line};
use crate::process::{build_servers, cargo, command, locked, root, run, run_watched, seconds};
use crate::setup::{self, Needs};
use crate::{
    asan, bundlers, deny, fuzz, interop, node, package, readme, runtimes, sbom, size, wasm,
};

#[derive(Args)]
pub(crate) struct Options {
    /// Run only these parts, separated by commas.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "PART")]
    only: Vec<Part>,
}

/// The parts in the order they run: the quickest to fail come first.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// `cargo fmt --check`
    Fmt,
    /// Clippy on every target, and on both engines for WebAssembly, with warnings as errors
    Clippy,
    /// The protocol crate's client half alone, without any dependency, and the resource server with
    /// few of its features
    NoDefault,
    /// Rust unit and integration tests, including the dependency rules
    Rust,
    /// The protocol crate's tests and the resource server's decision with the back end that needs no
    /// C, and that both compile for wasm32
    RustCrypto,
    /// Numbers are read correctly even if another crate of the build enables serde_json's
    /// `arbitrary_precision`
    ArbitraryPrecision,
    /// The examples in the documentation
    Doctest,
    /// rustdoc, with warnings as errors
    Doc,
    /// Licences, bans and sources of dependencies
    Deny,
    /// The crates could be published: `cargo publish --dry-run`, without building them again
    Publish,
    /// Every fuzz target, for a few seconds
    Fuzz,
    /// The browser crate's tests under AddressSanitizer, if the toolchain has it
    Asan,
    /// The SBOMs list what the crates, the engine and the npm package depend on
    Sbom,
    /// The whole npm package builds
    Package,
    /// The engine's bytes are the same when it is built in another folder
    Reproducible,
    /// TypeScript: type tests, the demo, the code in the READMEs
    Types,
    /// TypeScript unit tests, in node and Chromium
    Unit,
    /// `countersign/server`: in Node with Express, Fastify and Hono, with Redis, and in Deno, Bun and
    /// workerd
    Server,
    /// The browser suite, in headless Chromium
    Browser,
    /// Login, every kind of call, reload and logout in Firefox; `cargo xtask browsers` runs the whole
    /// suite there
    Firefox,
    /// The same in WebKitGTK
    Webkit,
    /// The same in Chromium, which may not compile WebAssembly
    NoWasm,
    /// The packed package in Vite 5 to 7, webpack, Parcel and Jest; `cargo xtask bundlers` adds
    /// frameworks
    Bundlers,
    /// The demo, from its command to Ctrl-C
    Demo,
    /// The size budgets
    Size,
    /// The harness of the interop run: a failing scenario counts as a failure
    InteropHarness,
    /// Real peers: Keycloak, Spring Security, ...
    Interop,
}

struct Outcome {
    part: Part,
    time: Duration,
    count: Count,
    error: Option<anyhow::Error>,
}

/// Runs the step. The exit code says whether all parts passed; an error means that nothing could be
/// run.
pub(crate) fn run_step(options: &Options) -> Result<ExitCode> {
    let is_chosen = |part: &Part| options.only.is_empty() || options.only.contains(part);
    let parts: Vec<Part> = Part::value_variants()
        .iter()
        .copied()
        .filter(is_chosen)
        .collect();
    setup::run(
        parts
            .iter()
            .fold(Needs::NOTHING, |needs, part| needs.and(part.needs())),
    )?;
    let outcomes: Vec<Outcome> = parts.into_iter().map(Part::run).collect();
    Ok(summarise(&outcomes))
}

impl Part {
    fn name(self) -> String {
        self.to_possible_value()
            .map(|value| value.get_name().to_owned())
            .unwrap_or_default()
    }

    fn needs(self) -> Needs {
        match self {
            Self::Fmt
            | Self::NoDefault
            | Self::Rust
            | Self::ArbitraryPrecision
            | Self::Doctest
            | Self::Doc
            | Self::Publish
            | Self::Fuzz
            | Self::Asan => Needs::NOTHING,
            Self::Clippy | Self::RustCrypto | Self::Reproducible => Needs {
                wasm: true,
                ..Needs::NOTHING
            },
            Self::Deny => Needs {
                deny: true,
                ..Needs::NOTHING
            },
            Self::Sbom => Needs::SBOM,
            Self::Package | Self::Types => Needs::PACKAGE,
            Self::Server => Needs {
                redis: true,
                ..Needs::PACKAGE
            },
            Self::InteropHarness => Needs {
                npm: true,
                ..Needs::NOTHING
            },
            Self::Unit
            | Self::Browser
            | Self::NoWasm
            | Self::Bundlers
            | Self::Demo
            | Self::Size
            | Self::Interop => Needs::BROWSER,
            Self::Firefox => Run::Firefox.needs(),
            Self::Webkit => Run::Webkit.needs(),
        }
    }

    fn run(self) -> Outcome {
        println!("\n== {}", self.name());
        let start = Instant::now();
        let mut count = Count::default();
        let error = self.check(&mut count).err();
        if let Some(error) = &error {
            eprintln!("{} failed: {error:#}", self.name());
        }
        // The part is a single check, or its runner ended before it counted the failure.
        match error {
            Some(_) if count.failed == 0 => count.failed = 1,
            None if count.passed == 0 => count.passed = 1,
            _ => {}
        }
        Outcome {
            part: self,
            time: start.elapsed(),
            count,
            error,
        }
    }

    fn check(self, count: &mut Count) -> Result<()> {
        match self {
            Self::Fmt => {
                run(cargo().args(["fmt", "--all", "--check"]))?;
                let fuzz = ["--manifest-path", "fuzz/Cargo.toml"];
                run(cargo().args(["fmt", "--check"]).args(fuzz))
            }
            Self::Clippy => {
                run(cargo()
                    .args(["clippy", "--workspace", "--all-targets"])
                    .args(locked())
                    .args(["--", "-D", "warnings"]))?;
                // What the package ships is behind `cfg(target_arch)` and a feature.
                wasm::lint(&["-p", "countersign-browser"])?;
                wasm::lint(&["-p", "countersign-server-wasm"])?;
                wasm::lint(&["-p", "countersign-browser", "--features", "adopt"])
            }
            // The feature sets: what a client builds, only reading JSON, and signing without the
            // verifier.
            Self::NoDefault => [
                ("countersign", ""),
                ("countersign", "json"),
                ("countersign", "aws-lc-rs,sign"),
                ("countersign", "rust-crypto,sign"),
                ("countersign", "rust-digests,verify"),
                ("countersign-resource-server", "aws-lc-rs"),
                ("countersign-resource-server", "aws-lc-rs,discovery"),
                ("countersign-resource-server", "aws-lc-rs,tower"),
                ("countersign-resource-server", "cors,rust-crypto"),
                ("countersign-resource-server", "remote-keys,rust-digests"),
            ]
            .into_iter()
            .try_for_each(|(package, features)| {
                run(cargo()
                    .args(["clippy", "-p", package, "--no-default-features"])
                    .args(["--features", features])
                    .args(locked())
                    .args(["--", "-D", "warnings"]))
            }),
            Self::Rust => cargo_test(&["--workspace", "--all-targets"], count),
            Self::RustCrypto => {
                let backend = [
                    "--no-default-features",
                    "--features",
                    "replay-conformance,rust-crypto,sign,verify",
                ];
                wasm::check(&[&["-p", "countersign"][..], &backend].concat())?;
                let all = [&["-p", "countersign", "--all-targets"][..], &backend].concat();
                run(cargo()
                    .arg("clippy")
                    .args(locked())
                    .args(&all)
                    .args(["--", "-D", "warnings"]))?;
                cargo_test(&all, count)?;
                // The decision of the resource server, for a host without an operating system.
                let decision = [
                    "-p",
                    "countersign-resource-server",
                    "--no-default-features",
                    "--features",
                    "rust-crypto",
                ];
                wasm::check(&decision)?;
                let tests = ["--test", "without_a_runtime"];
                cargo_test(&[&decision[..], &tests].concat(), count)
            }
            Self::ArbitraryPrecision => {
                let feature = ["--features", "serde_json/arbitrary_precision"];
                // The command line's tests answer the conformance requests.
                for tests in [
                    &["-p", "countersign", "--lib", "--test", "conformance"][..],
                    &[
                        "-p",
                        "countersign-resource-server",
                        "--features",
                        "axum,cors",
                        "--test",
                        "behaviour",
                    ],
                    &["-p", "countersign-cli", "--test", "explain_jsonl"],
                ] {
                    cargo_test(&[tests, &feature].concat(), count)?;
                }
                Ok(())
            }
            Self::Doctest => cargo_test(&["--workspace", "--doc"], count),
            // Two targets are named `countersign`; readers need the library's pages.
            Self::Doc => run(cargo()
                .args([
                    "doc",
                    "--workspace",
                    "--no-deps",
                    "--exclude",
                    "countersign-cli",
                ])
                .args(locked())
                .env("RUSTDOCFLAGS", "-D warnings")),
            Self::Deny => deny::check(),
            Self::Publish => run(cargo()
                .args(["publish", "--dry-run", "--workspace", "--no-verify"])
                .arg("--allow-dirty")
                .args(locked())),
            Self::Fuzz => fuzz::smoke(),
            Self::Asan => match asan::tests() {
                Ok(mut tests) => run_watched(&mut tests, |line| count_cargo_line(line, count)),
                Err(reason) => {
                    println!("{reason}");
                    Ok(())
                }
            },
            Self::Sbom => sbom::write().map(|_| ()),
            Self::Package => package::build(),
            Self::Reproducible => wasm::check_reproducible(),
            Self::Types => {
                package::build()?;
                readme::check()?;
                for project in [
                    "examples/demo",
                    "examples/keycloak-js",
                    "examples/proofs",
                    "examples/react",
                    "packages/countersign/test/types",
                    "packages/countersign/test/types/reference",
                ] {
                    run(command("node").args([
                        "node_modules/typescript/bin/tsc",
                        "--noEmit",
                        "-p",
                        project,
                    ]))?;
                }
                Ok(())
            }
            Self::Unit => {
                package::build()?;
                node::test_directory("packages/countersign/test/unit", 2, count)
            }
            Self::Server => runtimes::test(count),
            Self::Browser => {
                package::build()?;
                build_servers()?;
                node::test_directory("packages/countersign/test/browser", 1, count)
            }
            Self::Firefox => Run::Firefox.short(count),
            Self::Webkit => Run::Webkit.short(count),
            Self::NoWasm => Run::NoWasm.short(count),
            Self::Bundlers => bundlers::short(count),
            Self::Demo => {
                package::build()?;
                build_servers()?;
                node::test_directory("examples/demo/test", 1, count)
            }
            Self::Size => {
                package::build()?;
                size::measure()
            }
            Self::InteropHarness => {
                setup::npm_packages(&root().join("interop"))?;
                node::test_directory("interop/lib", 2, count)
            }
            Self::Interop => {
                *count = interop::run_all()?;
                if count.failed > 0 {
                    bail!("{} scenarios failed", count.failed);
                }
                Ok(())
            }
        }
    }
}

fn cargo_test(arguments: &[&str], count: &mut Count) -> Result<()> {
    let mut command = cargo();
    command
        .args(["test", "--no-fail-fast"])
        .args(locked())
        .args(arguments);
    run_watched(&mut command, |line| count_cargo_line(line, count))
}

fn summarise(outcomes: &[Outcome]) -> ExitCode {
    println!(
        "\n{:<16} {:>12} {:>8} {:>8} {:>8}",
        "part", "time", "passed", "failed", "skipped"
    );
    let mut sum = Count::default();
    for outcome in outcomes {
        let Count {
            passed,
            failed,
            skipped,
        } = outcome.count;
        println!(
            "{:<16} {:>12} {passed:>8} {failed:>8} {skipped:>8}",
            outcome.part.name(),
            seconds(outcome.time)
        );
        sum.passed += passed;
        sum.failed += failed;
        sum.skipped += skipped;
    }
    let time = outcomes.iter().map(|outcome| outcome.time).sum();
    println!("{:<16} {:>12}\n", "all", seconds(time));
    let failed: Vec<String> = outcomes
        .iter()
        .filter(|outcome| outcome.error.is_some())
        .map(|outcome| outcome.part.name())
        .collect();
    if !failed.is_empty() {
        println!(
            "failed: {}; to run one part again: cargo xtask test --only {}",
            failed.join(", "),
            failed[0]
        );
    }
    // This line comes last: it is what a reader of the log looks for.
    println!("{} passed, {} failed", sum.passed, sum.failed);
    ExitCode::from(u8::from(!failed.is_empty()))
}
