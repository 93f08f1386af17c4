//! Builds the engine for WebAssembly, with whichever compiler this machine has.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::order::{name_by_likeness, pad_sizes};
use crate::process::{cargo, command, find_program, locked, output, root, run};

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Debian's packages of the compiler and the standard library's source, for machines whose rustup
/// can't fetch the target.
pub(crate) const DEBIAN_PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];

const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_SYSROOT: &str = "/usr";

/// Unstable flags for an engine that is built together with `core`. Release builds inline MIR
/// unless they optimise for size; here that inlining saves five per cent. The other flags drop the
/// parts of panic messages, and let LLVM join what the branches of a condition begin or end with.
const BUILD_STD_RUSTFLAGS: [&str; 4] = [
    "-Zinline-mir=yes",
    "-Cllvm-args=-hoist-common-insts -sink-common-insts",
    "-Zlocation-detail=none",
    NO_DEBUG_TEXTS,
];
/// Leaves out what `{:?}` writes, which a server's log lines need.
const NO_DEBUG_TEXTS: &str = "-Zfmt-debug=none";

/// Variables in which cargo looks for compiler flags before it reads the configuration that we
/// pass.
const FLAGS_OF_THE_MACHINE: [&str; 4] = [
    "CARGO_ENCODED_RUSTFLAGS",
    "RUSTFLAGS",
    "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
    "CARGO_BUILD_RUSTFLAGS",
];

/// A compiler that can build for wasm32.
pub(crate) enum Toolchain {
    /// rustup's compiler and the standard library's source: builds `core` and `alloc` for size and
    /// without panic messages.
    BuildStd,
    /// The same with Debian's rustc-web, which has no wasm linker.
    DebianBuildStd { linker: PathBuf },
    /// Stable Rust with the prebuilt target, and plain cargo.
    Stable,
}

impl Toolchain {
    /// Finds the toolchain that builds the smallest engine.
    pub(crate) fn find() -> Option<Self> {
        let sysroot = output(command("rustc").args(["--print", "sysroot"])).map(PathBuf::from)?;
        if has_source(&sysroot) {
            return Some(Self::BuildStd);
        }
        let is_debian = has_source(Path::new(DEBIAN_SYSROOT))
            && [DEBIAN_CARGO, DEBIAN_RUSTC]
                .iter()
                .all(|file| Path::new(file).exists());
        if let Some(linker) = is_debian.then(|| linker(&sysroot)).flatten() {
            return Some(Self::DebianBuildStd { linker });
        }
        has_prebuilt(&sysroot).then_some(Self::Stable)
    }

    /// Describes the toolchain for the size table.
    pub(crate) fn describe(&self) -> &'static str {
        match self {
            Self::BuildStd => {
                "rustup's Rust with core and alloc built for size, panics abort at once"
            }
            Self::DebianBuildStd { .. } => {
                "Debian's rustc-web with core and alloc built for size, panics abort at once"
            }
            Self::Stable => {
                "stable Rust with the prebuilt standard library (smaller after `rustup component add rust-src`)"
            }
        }
    }

    /// Returns the target directory, one per toolchain: if two compilers shared one, each switch
    /// would rebuild everything.
    fn target_dir(&self) -> PathBuf {
        root().join("target/wasm").join(match self {
            Self::BuildStd => "build-std",
            Self::DebianBuildStd { .. } => "debian-build-std",
            Self::Stable => "stable",
        })
    }

    /// Creates a cargo command with this compiler.
    fn cargo(&self) -> Command {
        let Self::DebianBuildStd { linker } = self else {
            return cargo();
        };
        let mut command = command(DEBIAN_CARGO);
        // The variables that `cargo xtask` itself runs with belong to another toolchain.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO") && text != "CARGO_HOME"
                || text.starts_with("RUST")
                || text == "LD_LIBRARY_PATH"
            {
                command.env_remove(&name);
            }
        }
        command
            .env("RUSTC", DEBIAN_RUSTC)
            .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
        command
    }

    /// Returns the compiler's version: `rustc 1.95.0 (59807616e 2026-04-14)`.
    pub(crate) fn version(&self) -> Option<String> {
        let mut rustc = match self {
            Self::DebianBuildStd { .. } => command(DEBIAN_RUSTC),
            Self::BuildStd | Self::Stable => command("rustc"),
        };
        output(rustc.arg("--version"))
    }

    /// Creates the build command of `engine` for the sources in `source`.
    fn cargo_build(&self, source: &Path, engine: &Engine) -> Command {
        let mut command = self.cargo();
        command.current_dir(source).arg("build");
        // Flags set on this machine would override ours and change the engine.
        let profile = std::env::vars_os()
            .filter_map(|(name, _)| name.into_string().ok())
            .filter(|name| name.starts_with("CARGO_PROFILE_"));
        for name in FLAGS_OF_THE_MACHINE
            .map(str::to_owned)
            .into_iter()
            .chain(profile)
        {
            command.env_remove(name);
        }
        let mut rustflags = self.remappings(source);
        if !matches!(self, Self::Stable) {
            let flags = BUILD_STD_RUSTFLAGS.into_iter();
            let flags = flags.filter(|flag| engine.is_small || *flag != NO_DEBUG_TEXTS);
            rustflags.extend(flags.map(str::to_owned));
            command
                .env("RUSTC_BOOTSTRAP", "1")
                .args(["-Z", engine.build_std])
                .args(["-Z", "panic-immediate-abort"])
                .arg("--config")
                .arg(format!(
                    "profile.{}.panic=\"immediate-abort\"",
                    engine.profile
                ));
            if engine.is_small {
                command.args(["-Z", "build-std-features=optimize_for_size"]);
            }
        }
        command
            .arg("--config")
            .arg(format!("target.{TARGET}.rustflags={rustflags:?}"));
        command
    }

    /// Returns the flags that keep paths in the engine the same wherever the sources and the
    /// compiler are. (Cargo leaves these flags out of the hashes that distinguish crates.)
    fn remappings(&self, source: &Path) -> Vec<String> {
        let [sysroot, cargo_home] = self.homes();
        [
            (Some(source.to_owned()), "/countersign"),
            (cargo_home, "/cargo"),
            (sysroot, "/rust"),
        ]
        .into_iter()
        .filter_map(|(from, to)| Some(format!("--remap-path-prefix={}={to}", from?.display())))
        .collect()
    }

    /// Returns the directories of the compiler and of other crates: sysroot and cargo's home.
    fn homes(&self) -> [Option<PathBuf>; 2] {
        let sysroot = match self {
            Self::DebianBuildStd { .. } => Some(PathBuf::from(DEBIAN_SYSROOT)),
            Self::BuildStd | Self::Stable => {
                output(command("rustc").args(["--print", "sysroot"])).map(PathBuf::from)
            }
        };
        let cargo_home = std::env::var_os("CARGO_HOME")
            .map(PathBuf::from)
            .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
        [sysroot, cargo_home]
    }
}

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

/// Checks that the engine is reproducible: a second build, from a copy of the sources in a folder
/// of another name and depth, must be the same to the byte and hold no path of this machine.
pub(crate) fn check_reproducible() -> Result<()> {
    let toolchain = Toolchain::find().context("no compiler for wasm32: run `cargo xtask setup`")?;
    let name = format!("countersign-reproducible-{}", std::process::id());
    let elsewhere = std::env::temp_dir().join(name);
    let copy = elsewhere.join("a/deeper/folder");
    let compared = copy_sources(&copy).and_then(|()| {
        let (here, there) = (
            std::fs::read(build(&toolchain, &BROWSER, "")?)?,
            std::fs::read(build_in(
                &toolchain,
                &BROWSER,
                "",
                &copy,
                &elsewhere.join("target"),
            )?)?,
        );
        if here != there {
            bail!(
                "the engine differs between two folders: something in it depends on where it is built"
            );
        }
        let paths = toolchain
            .homes()
            .into_iter()
            .flatten()
            .chain([root(), copy.clone()]);
        for path in paths.filter(|path| path != Path::new(DEBIAN_SYSROOT)) {
            let text = path.display().to_string();
            if here
                .windows(text.len())
                .any(|window| window == text.as_bytes())
            {
                bail!("the engine holds a path of this machine: {text}");
            }
        }
        Ok(())
    });
    let _ = std::fs::remove_dir_all(&elsewhere);
    compared
}

/// Copies what cargo needs to build any member of the workspace.
fn copy_sources(to: &Path) -> Result<()> {
    for name in ["Cargo.toml", "Cargo.lock"] {
        std::fs::create_dir_all(to)?;
        std::fs::copy(root().join(name), to.join(name))?;
    }
    for folder in ["crates", "examples/api", "examples/native", "xtask"] {
        copy_folder(&root().join(folder), &to.join(folder))?;
    }
    Ok(())
}

pub(crate) fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            // Cargo marks what it has built; a module may be called `target` too.
            if entry.file_name() != "node_modules" && !from.join("CACHEDIR.TAG").exists() {
                copy_folder(&from, &to)?;
            }
        } else {
            std::fs::copy(&from, &to)?;
        }
    }
    Ok(())
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

/// Only features that every browser that the README names has.
const FEATURES: [&str; 9] = [
    "--mvp-features",
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-multivalue",
    "--enable-reference-types",
    "--enable-call-indirect-overlong",
];

/// Flags for wasm-opt. `-ocimfs` inlines a function with one caller only if it is small; the similar
/// code that remains saves 700 bytes gzipped. The stack is at the beginning of the memory and grows
/// towards 0, so its last kilobyte is never used. The linker's own exports begin with `__`.
pub(crate) const OPTIMISER_FLAGS: [&str; 12] = [
    "--strip-debug",
    "--strip-producers",
    "--strip-target-features",
    "--remove-exports=__*",
    "--low-memory-unused",
    "-ocimfs",
    "50",
    "--flatten",
    "--rereloop",
    "-Os",
    "-Oz",
    "--converge",
];

/// Removes from the servers' engine what nobody calls, and leaves the rest as the compiler made it.
pub(crate) fn optimise_server(input: &Path, output: &Path) -> Result<()> {
    const FLAGS: [&str; 5] = [
        "--strip-debug",
        "--strip-producers",
        "--strip-target-features",
        "--remove-exports=__*",
        "-O3",
    ];
    wasm_opt(&FLAGS, input, output)
}

/// Shrinks the engine with binaryen's wasm-opt, and orders its functions for the packer.
pub(crate) fn optimise(input: &Path, output: &Path) -> Result<()> {
    wasm_opt(&OPTIMISER_FLAGS, input, output)?;
    let named = output.with_extension("named.wasm");
    std::fs::write(&named, name_by_likeness(&std::fs::read(output)?)?)?;
    wasm_opt(
        &["--reorder-functions-by-name", "--strip-debug"],
        &named,
        output,
    )?;
    std::fs::write(output, pad_sizes(&std::fs::read(output)?)?)?;
    Ok(())
}

/// Translates the engine to JavaScript, for browsers that may not compile WebAssembly.
pub(crate) fn to_javascript(engine: &Path, output: &Path) -> Result<()> {
    // What JavaScript has no operation for.
    const LOWERING: [&str; 4] = [
        "--llvm-memory-copy-fill-lowering",
        "--llvm-nontrapping-fptoint-lowering",
        "--signext-lowering",
        "-Oz",
    ];
    let lowered = output.with_extension("wasm");
    wasm_opt(&LOWERING, engine, &lowered)?;
    run(command("node")
        .arg("node_modules/binaryen/bin/wasm2js")
        .args(["--mvp-features", "-Oz"])
        .arg(&lowered)
        .arg("-o")
        .arg(output))
}

fn wasm_opt(passes: &[&str], input: &Path, output: &Path) -> Result<()> {
    run(command("node")
        .arg("node_modules/binaryen/bin/wasm-opt")
        .args(FEATURES)
        .args(passes)
        .arg(input)
        .arg("-o")
        .arg(output))
}

fn has_source(sysroot: &Path) -> bool {
    sysroot
        .join("lib/rustlib/src/rust/library/core/Cargo.toml")
        .exists()
}

/// Whether the prebuilt target is installed (`rustup target add`).
fn has_prebuilt(sysroot: &Path) -> bool {
    sysroot
        .join("lib/rustlib")
        .join(TARGET)
        .join("lib")
        .is_dir()
}

/// Returns `rust-lld` of the rustup toolchain, or else the system's lld.
fn linker(sysroot: &Path) -> Option<PathBuf> {
    let hosts = std::fs::read_dir(sysroot.join("lib/rustlib")).ok()?;
    hosts
        .filter_map(|entry| Some(entry.ok()?.path().join("bin/rust-lld")))
        .find(|file| file.is_file())
        .or_else(|| {
            find_program(&[
                "rust-lld",
                "wasm-ld",
                "wasm-ld-19",
                "wasm-ld-16",
                "wasm-ld-14",
            ])
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_takes_no_flags_of_the_machine_it_is_built_on() {
        for toolchain in [Toolchain::BuildStd, Toolchain::Stable] {
            let command = toolchain.cargo_build(&root(), &BROWSER);
            for name in FLAGS_OF_THE_MACHINE {
                let is_removed = |(key, value): (_, Option<_>)| key == name && value.is_none();
                assert!(command.get_envs().any(is_removed), "{name}");
            }
            let arguments: Vec<_> = command
                .get_args()
                .map(|one| one.to_string_lossy())
                .collect();
            let remapped = format!("--remap-path-prefix={}=/countersign", root().display());
            assert!(arguments.iter().any(|one| one.contains(&remapped)));
        }
    }
}
