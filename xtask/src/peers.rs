//! Prepares what the interop peers need besides npm packages: distributions of Keycloak, and the
//! Spring Boot program.
//!
//! Maven's own resolver fetches Keycloak into a cache outside the repository; it respects the
//! user's mirrors and verifies checksums. `interop/package.json` pins the versions.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::{Map, Value};

use crate::java::{maven, run_maven};
use crate::process::{root, seconds, user_cache};

const DEPENDENCY_PLUGIN: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.11.0";
const KEYCLOAK: &str = "org.keycloak:keycloak-quarkus-dist";
const SPRING_BOOT: &str = "org.springframework.boot:spring-boot";

/// How long files of an interrupted run are kept.
const LEFT_BEHIND: Duration = Duration::from_secs(60 * 60);

/// Versions by name.
pub(crate) type Pins = BTreeMap<String, String>;

/// Returns the versions in one section, `"peers"` or npm's `"dependencies"`, of the `package.json`
/// in `interop/` or in a copy of it.
pub(crate) fn pins(interop: &Path, section: &str) -> Result<Pins> {
    let pins = manifest(interop)?.remove(section).unwrap_or_default();
    serde_json::from_value(pins).with_context(|| {
        format!(
            "{}: \"{section}\" must hold names and versions",
            interop.join("package.json").display()
        )
    })
}

/// Writes other versions under `"peers"` in a copy.
pub(crate) fn set_pins(copy: &Path, pins: &Pins) -> Result<()> {
    let mut manifest = manifest(copy)?;
    manifest.insert("peers".to_owned(), serde_json::to_value(pins)?);
    fs::write(
        copy.join("package.json"),
        serde_json::to_string_pretty(&manifest)?,
    )?;
    Ok(())
}

fn manifest(interop: &Path) -> Result<Map<String, Value>> {
    let file = interop.join("package.json");
    let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    serde_json::from_str(&text).with_context(|| file.display().to_string())
}

/// Returns the unpacked Keycloak distribution that `interop/package.json` pins, for the demo.
pub(crate) fn pinned_keycloak() -> Result<PathBuf> {
    keycloak(pin(&pins(&root().join("interop"), "peers")?, "keycloak")?)
}

/// Prepares one thing that a peer names in its `needs`.
pub(crate) fn make_ready(need: &str, interop: &Path, pins: &Pins) -> Result<()> {
    match need {
        "keycloak" | "keycloak-oldest" => keycloak(pin(pins, need)?).map(|_| ()),
        "spring" => spring(interop, pin(pins, "spring-boot")?),
        "spring-4.0" => spring(interop, pin(pins, "spring-boot-4.0")?),
        _ => bail!("unknown name: see `needs` in interop/README.md"),
    }
}

/// Returns the newest release of what a pin under `"peers"` stands for, within its release line if
/// it names one. `None` if it is pinned because it is old.
pub(crate) fn newest(pin: &str) -> Result<Option<String>> {
    let (artifact, line): (&str, &[u32]) = match pin {
        "keycloak" => (KEYCLOAK, &[]),
        "keycloak-oldest" => return Ok(None),
        "spring-boot" => (SPRING_BOOT, &[]),
        "spring-boot-4.0" => (SPRING_BOOT, &[4, 0]),
        _ => bail!("unknown name: {pin}"),
    };
    let workshop = Workshop::open()?;
    run_maven(
        workshop
            .maven()?
            .arg(format!("{DEPENDENCY_PLUGIN}:get"))
            .arg(format!("-Dartifact={artifact}:RELEASE:pom"))
            .arg("-Dtransitive=false"),
    )?;
    let (group, name) = artifact.split_once(':').unwrap_or_default();
    let directory = workshop
        .0
        .join("maven")
        .join(group.replace('.', "/"))
        .join(name);
    let mut versions = Vec::new();
    for entry in fs::read_dir(&directory).with_context(|| directory.display().to_string())? {
        let path = entry?.path();
        // The file's name holds the ID of the repository, which may be a mirror.
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        if file.starts_with("maven-metadata-") && file.ends_with(".xml") {
            versions.extend(released(&fs::read_to_string(&path)?));
        }
    }
    let newest = versions
        .into_iter()
        .filter(|version| version.starts_with(line))
        .max()
        .with_context(|| format!("Maven knows no release of {artifact}"))?;
    let numbers: Vec<String> = newest.iter().map(u32::to_string).collect();
    Ok(Some(numbers.join(".")))
}

/// Returns the versions in Maven's metadata that consist of numbers only: no milestones or release
/// candidates.
fn released(metadata: &str) -> Vec<Vec<u32>> {
    metadata
        .split("<version>")
        .skip(1)
        .filter_map(|rest| rest.split_once("</version>"))
        .filter_map(|(version, _)| version.split('.').map(|part| part.parse().ok()).collect())
        .collect()
}

fn pin<'a>(pins: &'a Pins, name: &str) -> Result<&'a str> {
    pins.get(name)
        .map(String::as_str)
        .with_context(|| format!("interop/package.json pins no {name} under \"peers\""))
}

/// Fetches and unpacks Keycloak in a directory of its own, then renames the complete result: the
/// cache never holds a partial one.
fn keycloak(version: &str) -> Result<PathBuf> {
    let name = format!("keycloak-{version}");
    let directory = cache()?.join(&name);
    if directory.is_dir() {
        return Ok(directory);
    }
    println!("setup: fetching Keycloak {version} ...");
    let start = Instant::now();
    let workshop = Workshop::open()?;
    run_maven(
        workshop
            .maven()?
            .arg(format!("{DEPENDENCY_PLUGIN}:unpack"))
            .arg(format!("-Dartifact={KEYCLOAK}:{version}:zip"))
            .arg(format!(
                "-DoutputDirectory={}",
                workshop.0.join("out").display()
            )),
    )
    .with_context(|| format!("Keycloak {version} cannot be fetched"))?;
    let unpacked = workshop.0.join("out").join(&name);
    if !unpacked.join("bin/kc.sh").is_file() {
        bail!("the archive of Keycloak {version} holds no {name}/bin/kc.sh");
    }
    if let Err(error) = fs::rename(&unpacked, &directory) {
        // Another run may have been faster.
        if !directory.is_dir() {
            return Err(anyhow!(error).context(directory.display().to_string()));
        }
    }
    println!(
        "setup: Keycloak {version} is in {} ({})",
        directory.display(),
        seconds(start.elapsed())
    );
    Ok(directory)
}

/// Builds `spring-resource-server` in `interop/` or in a copy of it. Its `pom.xml` says where the
/// jar goes.
fn spring(interop: &Path, version: &str) -> Result<()> {
    println!("setup: building the Spring Boot {version} resource server ...");
    let start = Instant::now();
    run_maven(
        maven()?
            .current_dir(interop.join("spring-resource-server"))
            .arg("package")
            .arg(format!("-Dspring-boot.version={version}")),
    )
    .with_context(|| format!("the Spring Boot {version} program cannot be built"))?;
    println!("setup: built ({})", seconds(start.elapsed()));
    Ok(())
}

fn cache() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("COUNTERSIGN_PEERS") {
        return Ok(PathBuf::from(named));
    }
    let cache = user_cache().context("HOME is not set: name a directory in COUNTERSIGN_PEERS")?;
    Ok(cache.join("peers"))
}

/// This process's own directory in the cache, removed on drop. It also holds Maven's local
/// repository, so that no partial or damaged file outlives a run, and the archive is not kept once
/// it is unpacked.
struct Workshop(PathBuf);

impl Workshop {
    const PREFIX: &str = "unfinished-";

    fn open() -> Result<Self> {
        let cache = cache()?;
        fs::create_dir_all(&cache).with_context(|| cache.display().to_string())?;
        for entry in fs::read_dir(&cache)?.flatten() {
            let is_left_behind = entry
                .file_name()
                .to_string_lossy()
                .starts_with(Self::PREFIX)
                && entry
                    .metadata()
                    .and_then(|metadata| metadata.modified())
                    .is_ok_and(|time| time + LEFT_BEHIND < SystemTime::now());
            if is_left_behind {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let directory = cache.join(format!("{}{}", Self::PREFIX, std::process::id()));
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir(&directory).with_context(|| directory.display().to_string())?;
        Ok(Self(directory))
    }

    /// Creates a Maven command that runs in this directory: outside a project, the plugin writes
    /// where it is started.
    fn maven(&self) -> Result<Command> {
        let mut command = maven()?;
        command.current_dir(&self.0).arg(format!(
            "-Dmaven.repo.local={}",
            self.0.join("maven").display()
        ));
        Ok(command)
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milestones_are_no_releases_and_numbers_are_compared_as_numbers() {
        let metadata = "<release>4.2.0-M1</release><versions><version>4.0.9</version><version>4.0.10</version>\
                        <version>4.1.0-RC1</version><version>2.0.0.RELEASE</version></versions>";
        assert_eq!(released(metadata).into_iter().max(), Some(vec![4, 0, 10]));
    }

    #[test]
    fn pins_of_a_copy_are_replaced_and_the_rest_is_kept() {
        let copy = std::env::temp_dir().join(format!("countersign-pins-{}", std::process::id()));
        fs::create_dir_all(&copy).unwrap();
        let manifest = r#"{ "name": "a", "peers": { "spring-boot-4.0": "4.0.9" }, "dependencies": { "jose": "6" } }"#;
        fs::write(copy.join("package.json"), manifest).unwrap();
        let newest = Pins::from([("spring-boot-4.0".to_owned(), "4.0.10".to_owned())]);
        set_pins(&copy, &newest).unwrap();
        let [peers, packages] = ["peers", "dependencies"].map(|section| pins(&copy, section));
        let missing = pins(&copy, "no such section");
        fs::remove_dir_all(&copy).unwrap();
        assert_eq!(peers.unwrap(), newest);
        assert_eq!(
            packages.unwrap(),
            Pins::from([("jose".to_owned(), "6".to_owned())])
        );
        assert!(missing.is_err());
    }

    #[test]
    fn a_need_that_nobody_knows_is_an_error() {
        let error = make_ready("kecloak", &root().join("interop"), &Pins::new()).unwrap_err();
        assert!(error.to_string().contains("needs"), "{error}");
    }
}
