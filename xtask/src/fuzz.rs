//! `cargo xtask fuzz`: runs the targets in `fuzz/`. They start from the conformance cases and from
//! what earlier runs found.
//!
//! Stable Rust is enough: the coverage counters are an LLVM pass, which `fuzz/instrument` enables
//! in our own crates only, so that all other crates come from existing builds. No sanitizer is
//! needed: only the browser crate has unsafe code, and `cargo xtask test --only asan` covers it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::Args;
use serde_json::Value;

use crate::process::{cargo, command, root, run};

const TARGETS: [&str; 13] = [
    "access_token",
    "authorization",
    "challenge",
    "explain_jsonl",
    "jwk",
    "key_set",
    "loopback",
    "message",
    "nonce",
    "proof",
    "replay",
    "resource_metadata",
    "target_uri",
];

/// How long the test command runs the targets, all at the same time. Each target is past its seeds
/// after a second or two.
const SMOKE_SECONDS: u32 = 15;

#[derive(Args)]
pub(crate) struct Options {
    /// Run only these targets, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "NAME", value_parser = TARGETS)]
    target: Vec<String>,

    /// How many seconds to run; all targets run at the same time
    #[arg(long, default_value_t = 60)]
    seconds: u32,
}

pub(crate) fn run_step(options: &Options) -> Result<()> {
    let chosen: Vec<&str> = if options.target.is_empty() {
        TARGETS.to_vec()
    } else {
        options.target.iter().map(String::as_str).collect()
    };
    run_targets(&chosen, options.seconds)
}

/// Runs all targets for a short while.
pub(crate) fn smoke() -> Result<()> {
    run_targets(&TARGETS, SMOKE_SECONDS)
}

fn run_targets(targets: &[&str], seconds: u32) -> Result<()> {
    let fuzz = root().join("fuzz");
    let binaries = build(&fuzz)?;
    let seeds = Seeds::of(&root().join("conformance"))?;
    let mut runs = Vec::new();
    for target in targets {
        let corpus = fuzz.join("corpus").join(target);
        let artifacts = fuzz.join("artifacts").join(target);
        for directory in [&corpus, &artifacts] {
            std::fs::create_dir_all(directory)?;
        }
        let from_cases = seeds.write(target, &root().join("target/fuzz-seeds"))?;
        let mut command = command(binaries.join(target));
        command
            // libFuzzer writes new inputs into the first directory.
            .args([&corpus, &from_cases])
            .args(Some(fuzz.join("seeds").join(target)).filter(|kept| kept.is_dir()))
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-artifact_prefix={}/", artifacts.display()))
            // The limits are generous because other builds may share the machine.
            .args(["-timeout=30", "-rss_limit_mb=2048", "-print_final_stats=1"])
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let child = command
            .spawn()
            .with_context(|| format!("fuzz target {target} cannot be started"))?;
        runs.push((target, child));
    }
    let mut failed = Vec::new();
    // Each thread reads the output of its own child: a full pipe would stop it.
    let outputs: Vec<_> = runs
        .into_iter()
        .map(|(target, child)| (target, std::thread::spawn(|| child.wait_with_output())))
        .collect();
    for (target, output) in outputs {
        let output = output
            .join()
            .map_err(|_| anyhow::anyhow!("fuzz target {target}: its output cannot be read"))??;
        let log = String::from_utf8_lossy(&output.stderr);
        if output.status.success() {
            println!(
                "{target:<18} {:>9} inputs, nothing found",
                executed(&log).unwrap_or_default()
            );
        } else {
            eprintln!("{}", log.trim_end());
            failed.push(*target);
        }
    }
    if !failed.is_empty() {
        bail!(
            "{} failed; the inputs are in fuzz/artifacts. Fix the bug, and put the input into fuzz/seeds",
            failed.join(", ")
        );
    }
    Ok(())
}

/// Builds the targets and returns the directory of the binaries.
fn build(fuzz: &Path) -> Result<PathBuf> {
    // The same directory as all other builds, because most crates are already built there.
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root().join("target"), |set| root().join(set));
    lock(fuzz, &target)?;
    run(cargo()
        .current_dir(fuzz)
        .args(["build", "--bins", "--target-dir"])
        .arg(&target)
        .env("RUSTC_WRAPPER", fuzz.join("instrument")))
    .context("the fuzz targets cannot be built (libFuzzer needs a C++ compiler)")?;
    Ok(target.join("debug"))
}

/// Copies the project's lock file, so that the versions are the same. Cargo adds the fuzzer's own
/// two crates to it.
fn lock(fuzz: &Path, target: &Path) -> Result<()> {
    let ours = std::fs::read(root().join("Cargo.lock")).context("Cargo.lock cannot be read")?;
    let taken = target.join("fuzz-taken.lock");
    let lock = fuzz.join("Cargo.lock");
    if lock.is_file() && std::fs::read(&taken).is_ok_and(|taken| taken == ours) {
        return Ok(());
    }
    std::fs::write(&lock, &ours)?;
    std::fs::create_dir_all(target)?;
    std::fs::write(&taken, &ours)?;
    Ok(())
}

/// Parses the line `stat::number_of_executed_units: 2811`.
fn executed(log: &str) -> Option<u64> {
    log.lines()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"))
        .and_then(|number| number.trim().parse().ok())
}

/// Inputs by target, from the conformance cases.
struct Seeds(BTreeMap<&'static str, Vec<Vec<u8>>>);

impl Seeds {
    fn of(conformance: &Path) -> Result<Self> {
        let mut seeds = Self(BTreeMap::new());
        let requests = read(&conformance.join("requests.json"))?;
        for case in array(&requests["cases"]) {
            let mut lines = Vec::new();
            for step in array(&case["steps"]) {
                let policy = step["policy"].as_str().unwrap_or_default();
                let line = serde_json::json!({
                    "name": case["name"],
                    "now": step["now"],
                    "policy": requests["policies"][policy],
                    "request": step["request"],
                });
                lines.push(line.to_string());
                for header in array(&step["request"]["headers"]) {
                    if header[0]
                        .as_str()
                        .is_some_and(|name| name.eq_ignore_ascii_case("dpop"))
                    {
                        seeds.add_proof(header[1].as_str().unwrap_or_default());
                    } else {
                        seeds.add_authorization(header[1].as_str().unwrap_or_default());
                    }
                }
            }
            seeds.add("explain_jsonl", lines.join("\n").into_bytes());
        }
        let clients = read(&conformance.join("clients.json"))?;
        let resource = clients["resource"].as_str().unwrap_or_default();
        for case in array(&clients["resourceMetadata"]) {
            let document = case["document"].as_str().unwrap_or_default();
            let input = format!("{resource}\n{document}");
            seeds.add("resource_metadata", input.into_bytes());
        }
        for case in array(&clients["nonces"]) {
            let nonce = case["nonce"].as_str().unwrap_or_default();
            seeds.add("nonce", format!("0{nonce}").into_bytes());
        }
        seeds.add_unwritten();
        let uris = read(&conformance.join("uris.json"))?;
        for group in ["equal", "different", "refused"] {
            for case in array(&uris[group]) {
                for uri in array(&case["uris"]) {
                    seeds.add("target_uri", uri.as_str().unwrap_or_default().into());
                }
            }
        }
        let challenges = read(&conformance.join("challenges.json"))?;
        for case in array(&challenges["cases"]) {
            let fields: Vec<&str> = array(&case["fields"])
                .iter()
                .filter_map(Value::as_str)
                .collect();
            seeds.add("challenge", fields.join("\n").into_bytes());
        }
        Ok(seeds)
    }

    /// Adds the proof in each form that the target tells apart by the first byte.
    fn add_proof(&mut self, proof: &str) {
        self.add("proof", format!("0{proof}").into_bytes());
        let parts: Vec<Vec<u8>> = proof
            .split('.')
            .filter_map(|part| URL_SAFE_NO_PAD.decode(part).ok())
            .collect();
        if let [header, claims, _] = &*parts {
            self.add("proof", [b"1", &**header, b"\n", claims].concat());
            self.add("proof", [b"2", &**claims].concat());
            let jwk = serde_json::from_slice::<Value>(header)
                .ok()
                .and_then(|header| Some(header.get("jwk")?.to_string()));
            if let Some(jwk) = jwk {
                let keys = format!(r#"{{"keys":[{jwk}]}}"#);
                self.add("key_set", keys.into_bytes());
                self.add("jwk", jwk.into_bytes());
            }
        }
    }

    /// Adds the header's value, and its token in each form that the target tells apart by the first
    /// byte.
    fn add_authorization(&mut self, value: &str) {
        self.add("authorization", value.into());
        let token = value.split(' ').next_back().unwrap_or_default();
        self.add("access_token", format!("0{token}").into_bytes());
        let parts: Vec<Vec<u8>> = token
            .split('.')
            .filter_map(|part| URL_SAFE_NO_PAD.decode(part).ok())
            .collect();
        if let [header, claims, _] = &*parts {
            let forged = [b"1", &**header, b"\n", claims].concat();
            self.add("access_token", forged);
            self.add("access_token", [b"2", &**claims].concat());
            // Without its binding, the token is accepted unchanged.
            let mut claims: Value = serde_json::from_slice(claims).unwrap_or_default();
            if let Some(claims) = claims.as_object_mut() {
                claims.remove("cnf");
            }
            self.add("access_token", format!("2{claims}").into_bytes());
        }
    }

    /// Adds inputs for the targets that no conformance case covers.
    fn add_unwritten(&mut self) {
        let state = "cs.0123456789abcdefghijklmn";
        for query in [
            &format!("code=a&state={state}&iss=https%3A%2F%2Fas.example"),
            &format!("error=access_denied&state={state}"),
            "code=a&state=other",
            "",
        ] {
            for path in [
                "/callback",
                "/",
                "/favicon.ico",
                "http://127.0.0.1/callback",
            ] {
                let request =
                    format!("\u{14}GET {path}?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
                self.add("loopback", request.into_bytes());
            }
        }
        for age in [-6_i16, -5, 0, 150, 151, 300, 301] {
            self.add("nonce", [b"1", &age.to_be_bytes()[..]].concat());
        }
        for fields in [&b""[..], b"a\xffb\xff", "é\u{10ffff}".as_bytes()] {
            self.add("message", fields.to_vec());
        }
        for capacity in [0, 1, 3, 255] {
            let steps = (0..200_u8).flat_map(|step| [step, step / 7, step % 11, step ^ 0x55]);
            let input = core::iter::once(capacity).chain(steps);
            self.add("replay", input.collect());
        }
    }

    fn add(&mut self, target: &'static str, input: Vec<u8>) {
        self.0.entry(target).or_default().push(input);
    }

    /// Writes one file per input into a directory of the target's own.
    fn write(&self, target: &str, into: &Path) -> Result<PathBuf> {
        let directory = into.join(target);
        match std::fs::remove_dir_all(&directory) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        std::fs::create_dir_all(&directory)?;
        let inputs = self.0.get(target).map(Vec::as_slice).unwrap_or_default();
        if inputs.is_empty() {
            bail!("the conformance cases gave no input for the fuzz target {target}");
        }
        for (number, input) in inputs.iter().enumerate() {
            std::fs::write(directory.join(format!("{number:04}")), input)?;
        }
        Ok(directory)
    }
}

fn read(file: &Path) -> Result<Value> {
    let text = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{} is no JSON", file.display()))
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_has_seeds_and_a_program() {
        let seeds = Seeds::of(&root().join("conformance")).unwrap();
        let manifest = std::fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap();
        let programs = manifest.matches("[[bin]]").count();
        assert_eq!(programs, TARGETS.len());
        for target in TARGETS {
            assert!(manifest.contains(&format!("\"targets/{target}.rs\"")));
            assert!(seeds.0[target].len() > 2, "{target}");
        }
        // The target selects the form by its first byte modulo 3.
        assert_eq!(b"012".map(|byte| byte % 3), [0, 1, 2]);
    }

    #[test]
    fn the_number_of_inputs_is_read() {
        assert_eq!(
            executed("x\nstat::number_of_executed_units: 2811\nstat::average"),
            Some(2811)
        );
    }
}
