//! `cargo xtask setup`: finds or installs what the other steps need. It asks no questions, and is
//! quick if everything is there.
//!
//! System packages are installed only as root on Debian; elsewhere the error names the command to
//! run.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::cargo_tool::{CARGO_CYCLONEDX, CARGO_DENY};
use crate::process::{command, find_program, output, root, run_quietly, seconds, succeeds_within};
use crate::wasm;

/// What one step needs.
#[derive(Clone, Copy)]
pub(crate) struct Needs {
    pub(crate) npm: bool,
    pub(crate) wasm: bool,
    pub(crate) chromium: bool,
    pub(crate) firefox: bool,
    pub(crate) webkit: bool,
    pub(crate) redis: bool,
    pub(crate) deny: bool,
    pub(crate) cyclonedx: bool,
}

impl Needs {
    pub(crate) const NOTHING: Self = Self {
        npm: false,
        wasm: false,
        chromium: false,
        firefox: false,
        webkit: false,
        redis: false,
        deny: false,
        cyclonedx: false,
    };
    pub(crate) const PACKAGE: Self = Self {
        npm: true,
        wasm: true,
        ..Self::NOTHING
    };
    pub(crate) const BROWSER: Self = Self {
        chromium: true,
        ..Self::PACKAGE
    };
    pub(crate) const SBOM: Self = Self {
        npm: true,
        cyclonedx: true,
        ..Self::NOTHING
    };
    pub(crate) const ALL: Self = Self {
        firefox: true,
        webkit: true,
        redis: true,
        deny: true,
        cyclonedx: true,
        ..Self::BROWSER
    };

    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            npm: self.npm || other.npm,
            wasm: self.wasm || other.wasm,
            chromium: self.chromium || other.chromium,
            firefox: self.firefox || other.firefox,
            webkit: self.webkit || other.webkit,
            redis: self.redis || other.redis,
            deny: self.deny || other.deny,
            cyclonedx: self.cyclonedx || other.cyclonedx,
        }
    }
}

/// The program, and Debian's package of it.
const REDIS: &str = "redis-server";

/// `rustup target add` may hang if it can't reach its server. If apt-get is available, we wait only
/// this long.
const RUSTUP_LIMIT_WITH_ALTERNATIVE: Duration = Duration::from_secs(20);
const RUSTUP_LIMIT: Duration = Duration::from_secs(600);

/// Finds or installs everything in `needs`.
pub(crate) fn run(needs: Needs) -> Result<()> {
    let start = Instant::now();
    if needs.npm {
        npm_packages(&root())?;
    }
    if needs.wasm {
        step("the compiler for wasm32", wasm_is_there(), install_wasm)?;
    }
    let browsers = missing_browsers(needs);
    step("browsers", browsers.is_empty(), || {
        install_browsers(&browsers)
    })?;
    if needs.redis {
        step(REDIS, find_program(&[REDIS]).is_some(), || {
            apt_install(&[REDIS], "install Redis 7 or Valkey as `redis-server`")
        })?;
    }
    for (is_needed, tool) in [(needs.deny, CARGO_DENY), (needs.cyclonedx, CARGO_CYCLONEDX)] {
        if is_needed {
            step(tool.name, tool.find().is_some(), || tool.install())?;
        }
    }
    println!("setup: everything is there ({})", seconds(start.elapsed()));
    Ok(())
}

/// Returns the browser that the tests drive: `CHROME`, or Chromium or Chrome in their usual places.
pub(crate) fn chromium() -> Option<PathBuf> {
    const NAMES: [&str; 4] = [
        "chromium",
        "chromium-browser",
        "google-chrome-stable",
        "google-chrome",
    ];
    const ELSEWHERE: [&str; 2] = [
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    ];
    named_or_found("CHROME", &NAMES, &ELSEWHERE)
}

/// Returns the Firefox that the tests drive: `FIREFOX`, or one in its usual places.
pub(crate) fn firefox() -> Option<PathBuf> {
    const ELSEWHERE: [&str; 1] = ["/Applications/Firefox.app/Contents/MacOS/firefox"];
    named_or_found("FIREFOX", &["firefox-esr", "firefox"], &ELSEWHERE)
}

/// Whether WebKitGTK's driver and a display for it are there.
pub(crate) fn has_webkit() -> bool {
    find_program(&["WebKitWebDriver"]).is_some() && find_program(&["Xvfb"]).is_some()
}

/// Returns the file that the variable names, or else the first that exists.
fn named_or_found(variable: &str, names: &[&str], elsewhere: &[&str]) -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(variable) {
        return Some(PathBuf::from(named)).filter(|file| file.is_file());
    }
    find_program(names).or_else(|| {
        elsewhere
            .iter()
            .map(PathBuf::from)
            .find(|file| file.is_file())
    })
}

fn step(name: &str, is_there: bool, install: impl FnOnce() -> Result<()>) -> Result<()> {
    if is_there {
        return Ok(());
    }
    println!("setup: installing {name} ...");
    let start = Instant::now();
    install().with_context(|| format!("setup of {name}"))?;
    println!("setup: {name} installed ({})", seconds(start.elapsed()));
    Ok(())
}

/// Installs the npm packages that a directory's lock file names.
pub(crate) fn npm_packages(directory: &Path) -> Result<()> {
    let name = match directory.strip_prefix(root()) {
        Ok(inside) if inside != Path::new("") => format!("npm packages of {}", inside.display()),
        _ => "npm packages".to_owned(),
    };
    step(&name, npm_is_there(directory), || install_npm(directory))
}

/// Whether the packages are installed: npm writes its own copy of the lock file after every
/// successful install.
fn npm_is_there(directory: &Path) -> bool {
    let modified = |file: &Path| {
        fs::metadata(file)
            .and_then(|metadata| metadata.modified())
            .ok()
    };
    let installed = modified(&directory.join("node_modules/.package-lock.json"));
    let wanted = modified(&directory.join("package-lock.json"));
    installed.is_some() && installed >= wanted
}

fn install_npm(directory: &Path) -> Result<()> {
    if find_program(&["npm"]).is_none() {
        bail!("npm was not found: install Node.js 20 or newer");
    }
    run_quietly(
        command("npm")
            .current_dir(directory)
            .args(["ci", "--no-audit", "--no-fund"]),
    )?;
    // npm does not update the modification time if the content did not change.
    let copy = directory.join("node_modules/.package-lock.json");
    let file = fs::OpenOptions::new()
        .append(true)
        .open(&copy)
        .with_context(|| copy.display().to_string())?;
    file.set_modified(std::time::SystemTime::now())?;
    Ok(())
}

/// Whether there is a compiler for wasm32. The prebuilt target is enough, but the standard
/// library's source makes the engine smaller, so setup tries once to get it.
fn wasm_is_there() -> bool {
    match wasm::Toolchain::find() {
        Some(wasm::Toolchain::Stable) => no_source_to_be_had().exists(),
        found => found.is_some(),
    }
}

/// A file that records that the standard library's source could not be fetched.
fn no_source_to_be_had() -> PathBuf {
    root().join("target/setup/no-rust-src")
}

fn install_wasm() -> Result<()> {
    if find_program(&["rustup"]).is_some() {
        let limit = if can_apt() {
            RUSTUP_LIMIT_WITH_ALTERNATIVE
        } else {
            RUSTUP_LIMIT
        };
        let rustup =
            |arguments: [&str; 3]| succeeds_within(command("rustup").args(arguments), limit);
        if rustup(["target", "add", wasm::TARGET]) {
            rustup(["component", "add", "rust-src"]);
        }
    }
    let is_there = || wasm::Toolchain::find().is_some();
    let has_source =
        || is_there() && !matches!(wasm::Toolchain::find(), Some(wasm::Toolchain::Stable));
    if !has_source() && (can_apt() || !is_there()) {
        let installed = apt_install(
            &wasm::DEBIAN_PACKAGES,
            "rustup target add wasm32-unknown-unknown",
        );
        if !is_there() {
            installed?;
            bail!(
                "{} are installed, but no wasm linker was found: `apt-get install -y lld`",
                wasm::DEBIAN_PACKAGES.join(" ")
            );
        }
    }
    if !has_source() {
        fs::create_dir_all(root().join("target/setup"))?;
        fs::write(no_source_to_be_had(), "")?;
    }
    Ok(())
}

/// A browser that is needed and not there.
struct Missing {
    /// The variable that names its executable, if there is one.
    variable: Option<&'static str>,
    packages: &'static [&'static str],
    /// What to do where there are no Debian packages.
    elsewhere: &'static str,
}

fn missing_browsers(needs: Needs) -> Vec<Missing> {
    let chromium = Missing {
        variable: Some("CHROME"),
        packages: &["chromium"],
        elsewhere: "install Chromium or Chrome, or set CHROME to its executable",
    };
    let firefox = Missing {
        variable: Some("FIREFOX"),
        packages: &["firefox-esr"],
        elsewhere: "install Firefox, or set FIREFOX to its executable",
    };
    let webkit = Missing {
        variable: None,
        packages: &["webkit2gtk-driver", "xvfb"],
        elsewhere: "install WebKitWebDriver (WebKitGTK) and Xvfb",
    };
    // WebKitGTK exists on Linux alone. Elsewhere its part says so.
    let is_possible = cfg!(target_os = "linux");
    [
        (needs.chromium && self::chromium().is_none(), chromium),
        (needs.firefox && self::firefox().is_none(), firefox),
        (needs.webkit && is_possible && !has_webkit(), webkit),
    ]
    .into_iter()
    .filter_map(|(is_missing, browser)| is_missing.then_some(browser))
    .collect()
}

/// Installs all of them by one command.
fn install_browsers(missing: &[Missing]) -> Result<()> {
    for variable in missing.iter().filter_map(|browser| browser.variable) {
        if let Some(named) = std::env::var_os(variable) {
            bail!(
                "{variable} names `{}`, which is not a file: correct or unset it",
                named.to_string_lossy()
            );
        }
    }
    let packages: Vec<&str> = missing
        .iter()
        .flat_map(|browser| browser.packages)
        .copied()
        .collect();
    let elsewhere: Vec<&str> = missing.iter().map(|browser| browser.elsewhere).collect();
    apt_install(&packages, &elsewhere.join("; "))
}

/// Installs Debian packages as root. Otherwise fails with the command to run, which is `elsewhere`
/// on other systems.
pub(crate) fn apt_install(packages: &[&str], elsewhere: &str) -> Result<()> {
    let install = format!(
        "apt-get install -y --no-install-recommends {}",
        packages.join(" ")
    );
    if !is_debian() {
        bail!("run this once: {elsewhere}");
    }
    if !is_root() {
        bail!("run this once: sudo {install}");
    }
    let apt_get = || {
        let mut command = command("apt-get");
        command
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(["-o", "DPkg::Lock::Timeout=300"]);
        command
    };
    static UPDATED: OnceLock<bool> = OnceLock::new();
    UPDATED.get_or_init(|| {
        // apt-get does not wait for the lock of the package lists. Old lists may be enough, so
        // failure is not an error.
        (0..6).any(|attempt| {
            if attempt > 0 {
                std::thread::sleep(Duration::from_secs(10));
            }
            run_quietly(apt_get().arg("update")).is_ok()
        })
    });
    run_quietly(
        apt_get()
            .args(["install", "-y", "--no-install-recommends"])
            .args(packages),
    )
    .with_context(|| format!("could not `{install}`"))
}

fn can_apt() -> bool {
    is_debian() && is_root()
}

fn is_debian() -> bool {
    Path::new("/etc/debian_version").exists() && find_program(&["apt-get"]).is_some()
}

fn is_root() -> bool {
    output(command("id").arg("-u")).as_deref() == Some("0")
}
