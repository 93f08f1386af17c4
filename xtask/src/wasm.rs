//! Building the engine for WebAssembly, with whichever compiler this machine has for it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::process::{cargo, command, find_program, locked, output, root, run};

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Debian's compiler with the standard library's source, for machines whose rustup can't fetch the target.
pub(crate) const DEBIAN_PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];

const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_SOURCE: &str = "/usr/lib/rustlib/src/rust/library/core/Cargo.toml";

/// A compiler that can build for wasm32.
pub(crate) enum Toolchain {
    /// Stable Rust with the target installed: plain cargo.
    Stable,
    /// Debian's rustc-web, which builds `core` and `alloc` too, and so without panic strings; it brings no wasm linker.
    Debian { linker: PathBuf },
}

impl Toolchain {
    /// The one that builds the smaller engine, where there are both.
    pub(crate) fn find() -> Option<Self> {
        let sysroot = output(command("rustc").args(["--print", "sysroot"])).map(PathBuf::from)?;
        let is_debian = [DEBIAN_CARGO, DEBIAN_RUSTC, DEBIAN_SOURCE]
            .iter()
            .all(|file| Path::new(file).exists());
        if let Some(linker) = is_debian.then(|| linker(&sysroot)).flatten() {
            return Some(Self::Debian { linker });
        }
        let libraries = sysroot.join("lib/rustlib").join(TARGET).join("lib");
        libraries.is_dir().then_some(Self::Stable)
    }

    /// For the size table: the two builds differ by about two kilobytes.
    pub(crate) fn describe(&self) -> &'static str {
        match self {
            Self::Stable => "stable Rust with the prebuilt standard library",
            Self::Debian { .. } => {
                "Debian's rustc-web with core and alloc built for size, panics abort at once"
            }
        }
    }

    fn cargo_build(&self) -> Command {
        match self {
            Self::Stable => {
                let mut command = cargo();
                command.arg("build");
                command
            }
            Self::Debian { linker } => {
                let mut command = command(DEBIAN_CARGO);
                // What `cargo xtask` itself runs under belongs to another toolchain.
                for (name, _) in std::env::vars_os() {
                    let name_text = name.to_string_lossy();
                    if name_text.starts_with("CARGO") && name_text != "CARGO_HOME"
                        || name_text.starts_with("RUST")
                        || name_text == "LD_LIBRARY_PATH"
                    {
                        command.env_remove(&name);
                    }
                }
                command
                    .env("RUSTC", DEBIAN_RUSTC)
                    .env("RUSTC_BOOTSTRAP", "1")
                    .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker)
                    .args(["build", "-Z", "build-std=core,alloc"])
                    .args(["-Z", "build-std-features=optimize_for_size"])
                    .args(["-Z", "panic-immediate-abort"])
                    .args(["--config", "profile.wasm.panic=\"immediate-abort\""]);
                command
            }
        }
    }
}

/// Compiles `countersign-browser`; returns the file that the linker wrote.
pub(crate) fn build(toolchain: &Toolchain) -> Result<PathBuf> {
    // A directory for each: two compilers in one would rebuild everything at each switch.
    let target_dir = root().join("target/wasm").join(match toolchain {
        Toolchain::Stable => "stable",
        Toolchain::Debian { .. } => "build-std",
    });
    let mut command = toolchain.cargo_build();
    command
        .args(["--package", "countersign-browser", "--lib"])
        .args(locked())
        .args(["--profile", "wasm", "--target", TARGET])
        .arg("--target-dir")
        .arg(&target_dir);
    run(&mut command).context("the engine does not compile for wasm32")?;
    let file = target_dir
        .join(TARGET)
        .join("wasm/countersign_browser.wasm");
    if !file.is_file() {
        bail!("cargo built no {}", file.display());
    }
    Ok(file)
}

/// Only features that every browser with `DecompressionStream` has. `-ocimfs`: a function with one caller is
/// inlined only when it is small; the copies that gzip then finds are worth 700 bytes.
pub(crate) const OPTIMISER_FLAGS: [&str; 16] = [
    "--mvp-features",
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-multivalue",
    "--enable-reference-types",
    "--enable-call-indirect-overlong",
    "--strip-debug",
    "--strip-producers",
    "--strip-target-features",
    "-ocimfs",
    "20",
    "-Oz",
    "--converge",
];

/// Shrinks with binaryen.
pub(crate) fn optimise(input: &Path, output: &Path) -> Result<()> {
    run(command("node")
        .arg("node_modules/binaryen/bin/wasm-opt")
        .args(OPTIMISER_FLAGS)
        .arg(input)
        .arg("-o")
        .arg(output))
}

/// `rust-lld` of the rustup toolchain, or the system's lld.
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
