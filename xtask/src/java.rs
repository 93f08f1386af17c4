//! Finds or installs a JDK and Maven, for the peers that are written in Java.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context as _, Result, anyhow, bail};

use crate::process::{command, find_program, output};
use crate::setup::apt_install;

/// The oldest usable JDK: Spring Boot 4 and Keycloak 26 need 17 or newer.
const OLDEST: u32 = 17;
const DEBIAN_PACKAGES: [&str; 2] = ["default-jdk-headless", "maven"];

/// Makes a stalled download fail instead of waiting for half an hour. Maven 3.8 reads the first
/// flag, newer versions the second.
const PATIENCE: [&str; 2] = [
    "-Dmaven.wagon.rto=60000",
    "-Daether.transport.http.requestTimeout=60000",
];

/// Returns the JDK's home. If there is none, installs one as root on Debian, and otherwise fails
/// with what to do. The first result is kept.
pub(crate) fn jdk() -> Result<PathBuf> {
    static FOUND: OnceLock<std::result::Result<PathBuf, String>> = OnceLock::new();
    FOUND
        .get_or_init(|| find_or_install().map_err(|error| format!("{error:#}")))
        .clone()
        .map_err(|error| anyhow!(error))
}

fn find_or_install() -> Result<PathBuf> {
    if let Some(home) = std::env::var_os("JAVA_HOME").map(PathBuf::from) {
        match version(&home) {
            Some(version) if version >= OLDEST => {}
            Some(version) => bail!(
                "JAVA_HOME names a JDK {version}, and {OLDEST} or newer is needed: correct or unset it"
            ),
            None => bail!(
                "JAVA_HOME names `{}`, which holds no JDK: correct or unset it",
                home.display()
            ),
        }
        if has_maven() {
            return Ok(home);
        }
    }
    if let (Some(home), true) = (find(), has_maven()) {
        return Ok(home);
    }
    println!("setup: installing a JDK and Maven ...");
    apt_install(
        &DEBIAN_PACKAGES,
        "install a JDK (17 or newer) and Maven, or set JAVA_HOME to the JDK",
    )?;
    find().context("the JDK that Debian installed was not found: set JAVA_HOME to it")
}

fn has_maven() -> bool {
    find_program(&["mvn"]).is_some()
}

/// Finds the JDK in `PATH`, or else the newest one where Linux and macOS keep them.
fn find() -> Option<PathBuf> {
    let in_path = find_program(&["javac"])
        .and_then(|program| program.canonicalize().ok())
        .and_then(|program| Some(program.parent()?.parent()?.to_path_buf()))
        .filter(|home| version(home) >= Some(OLDEST));
    in_path.or_else(|| {
        let installed = [
            ("/usr/lib/jvm", ""),
            ("/Library/Java/JavaVirtualMachines", "Contents/Home"),
        ]
        .into_iter()
        .flat_map(|(directory, inside)| {
            std::fs::read_dir(directory)
                .into_iter()
                .flatten()
                .filter_map(move |entry| Some(entry.ok()?.path().join(inside)))
        });
        installed
            .filter_map(|home| Some((version(&home)?, home)))
            .filter(|(version, _)| *version >= OLDEST)
            .max()
            .map(|(_, home)| home)
    })
}

/// Returns the feature version of the JDK in `home`, or `None` if there is no JDK or it does not
/// run here.
fn version(home: &Path) -> Option<u32> {
    parse_version(&output(command(home.join("bin/javac")).arg("-version"))?)
}

/// Parses `javac 17.0.15`.
fn parse_version(text: &str) -> Option<u32> {
    let number = text.strip_prefix("javac ")?;
    number.split(['.', '-', '+']).next()?.trim().parse().ok()
}

/// Creates a Maven command with this JDK: quiet, non-interactive, and strict about checksums.
pub(crate) fn maven() -> Result<Command> {
    let mut command = command("mvn");
    command
        .env("JAVA_HOME", jdk()?)
        .args(["--batch-mode", "--quiet", "--strict-checksums"])
        .args(PATIENCE);
    Ok(command)
}

/// Runs Maven without output. On failure the error is the first one that Maven printed, without the
/// pages around it.
pub(crate) fn run_maven(command: &mut Command) -> Result<()> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .context("cannot start `mvn`")?;
    if output.status.success() {
        return Ok(());
    }
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed);
    bail!("Maven: {}", reason(&printed))
}

/// Returns the first error that Maven printed, without the name of its goal.
fn reason(printed: &str) -> String {
    let mut errors = printed
        .lines()
        .filter_map(|line| line.split_once("[ERROR]"))
        .map(|(_, text)| text.split(" -> [Help").next().unwrap_or(text).trim())
        .map(|text| match text.split_once("on project ") {
            Some((goal, why)) if goal.starts_with("Failed to execute goal") => {
                why.split_once(": ").map_or(why, |(_, why)| why)
            }
            _ => text,
        })
        .filter(|text| !text.is_empty());
    let first = errors.next().unwrap_or(printed.trim()).to_owned();
    // A compiler's message follows its summary, on separate lines.
    match errors.next() {
        Some(second) if first.ends_with(':') => format!("{first} {second}"),
        _ => first,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        assert_eq!(parse_version("javac 17.0.15"), Some(17));
        assert_eq!(parse_version("javac 25-ea"), Some(25));
        assert_eq!(parse_version("javac 1.8.0_402"), Some(1));
        assert_eq!(parse_version("no such thing"), None);
    }

    #[test]
    fn mavens_reason_is_one_sentence() {
        let printed = "\u{1b}[m[ERROR] Failed to execute goal x:unpack (default-cli) on project y: Could not find artifact a:b:zip:9 in central -> [Help 1]\n[ERROR] \n[ERROR] To see the full stack trace";
        assert_eq!(
            reason(printed),
            "Could not find artifact a:b:zip:9 in central"
        );
        assert_eq!(
            reason(
                "[ERROR] COMPILATION ERROR : \n[ERROR] Api.java:[3,5] ';' expected\n[INFO] 1 error"
            ),
            "COMPILATION ERROR : Api.java:[3,5] ';' expected"
        );
        assert_eq!(reason("killed\n"), "killed");
    }
}
