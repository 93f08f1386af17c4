//! The compilers that can build for WebAssembly, and what each needs for it.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Engine, TARGET};
use crate::process::{cargo, command, find_program, output, root};

/// Debian's packages of the compiler and the standard library's source, for machines whose rustup
/// can't fetch the target.
pub(crate) const DEBIAN_PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];

const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
pub(super) const DEBIAN_SYSROOT: &str = "/usr";

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
    pub(super) fn target_dir(&self) -> PathBuf {
        root().join("target/wasm").join(match self {
            Self::BuildStd => "build-std",
            Self::DebianBuildStd { .. } => "debian-build-std",
            Self::Stable => "stable",
        })
    }

    /// Creates a cargo command with this compiler.
    pub(super) fn cargo(&self) -> Command {
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
    pub(super) fn cargo_build(&self, source: &Path, engine: &Engine) -> Command {
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
    pub(super) fn homes(&self) -> [Option<PathBuf>; 2] {
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

fn has_source(sysroot: &Path) -> bool {
    sysroot
        .join("lib/rustlib/src/rust/library/core/Cargo.toml")
        .exists()
}

/// Whether the prebuilt target is installed (`rustup target add`).
pub(super) fn has_prebuilt(sysroot: &Path) -> bool {
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
    use super::super::BROWSER;
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
