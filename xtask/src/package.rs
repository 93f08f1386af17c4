//! `cargo xtask package`: builds all of `packages/countersign`, so that `npm pack` there makes the
//! whole tarball.
//!
//! The engine is shipped as text in a lazily imported module: packed (`pack.rs`), then base64. That
//! works in every bundler, and gzip makes of base64 about what was packed.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::commonjs;
use crate::generated::{self, write_if_changed};
use crate::order::SIZE_LENGTH;
use crate::pack::pack;
use crate::process::{command, root, run, seconds};
use crate::setup::{self, Needs};
use crate::wasm;

/// Sets up and builds the package.
pub(crate) fn run_step() -> Result<()> {
    setup::run(Needs::PACKAGE)?;
    build()
}

/// Builds the package. A second run without a change takes about a second.
pub(crate) fn build() -> Result<()> {
    let start = Instant::now();
    let work = root().join("target/wasm");
    fs::create_dir_all(&work)?;
    // Two runs at once would read each other's half-written files. The lock is released when the
    // file is closed.
    let lock = fs::File::create(work.join("lock"))?;
    lock.lock()?;
    let toolchain =
        wasm::Toolchain::find().context("no compiler for wasm32: run `cargo xtask setup`")?;
    let proofs = build_engine(&toolchain, &work, "adopt", "proofsBytes")?;
    let engine = build_engine(&toolchain, &work, "", "bytes")?;
    write_javascript(
        &work.join("bytes.wasm"),
        &work,
        &package().join("dist/engine"),
    )?;
    let server = build_server_engine(&toolchain, &work)?;
    generated::write()?;
    compile_typescript()?;
    commonjs::write(
        &package(),
        &[
            ("engine/bytes", &engine.text),
            ("engine/proofsBytes", &proofs.text),
            ("server/bytes", &server),
        ],
    )?;
    copy_documents()?;
    println!(
        "package: packages/countersign is complete, engine {} bytes packed ({})",
        engine.packed,
        seconds(start.elapsed())
    );
    println!(
        "engine: SHA-256 {} of the WebAssembly, built by {}; {}",
        engine.sha256,
        toolchain.describe(),
        toolchain.version().unwrap_or_default()
    );
    Ok(())
}

fn package() -> PathBuf {
    root().join("packages/countersign")
}

fn compile_typescript() -> Result<()> {
    let (dist, src) = (package().join("dist"), package().join("src"));
    remove_orphans(&dist.join("cjs"), &src)?;
    remove_orphans(&dist, &src)?;
    run(command("node").args([
        "node_modules/typescript/bin/tsc",
        "-p",
        "packages/countersign",
    ]))
    .context("the TypeScript of packages/countersign does not compile")
}

/// Removes outputs whose source is gone, which would otherwise end up in the tarball.
fn remove_orphans(dist: &Path, src: &Path) -> Result<()> {
    let Ok(entries) = fs::read_dir(dist) else {
        return Ok(());
    };
    for entry in entries {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(OsStr::to_str) else {
            continue;
        };
        if path.is_dir() {
            // `cjs` has the same sources as its parent.
            if name != "cjs" {
                remove_orphans(&path, &src.join(name))?;
            }
            continue;
        }
        let stem = name.split('.').next().unwrap_or(name);
        let has_source = ["ts", "d.ts"]
            .iter()
            .any(|extension| src.join(format!("{stem}.{extension}")).exists());
        if !has_source && !["package", "script"].contains(&stem) && name != "server.wasm" {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// The engine as it is shipped.
struct Shipped {
    /// Packed, as base64.
    text: String,
    /// Its size in bytes, before base64.
    packed: usize,
    /// The hash of the WebAssembly that the browser compiles, in hexadecimal. It is the same
    /// wherever the same toolchain builds.
    sha256: String,
}

/// Builds the engine with these features and writes it as a module of `dist/engine`.
fn build_engine(
    toolchain: &wasm::Toolchain,
    work: &Path,
    features: &str,
    name: &str,
) -> Result<Shipped> {
    let compiled = wasm::build(toolchain, &wasm::BROWSER, features)?;
    let file = |suffix| work.join(format!("{name}{suffix}"));
    let (seen, optimised) = (file("-seen"), file(".wasm"));
    // wasm-opt takes seconds, so it runs only if the engine or the flags changed.
    let input = [
        wasm::OPTIMISER_FLAGS.join(" ").into_bytes(),
        // What `order.rs` does.
        vec![SIZE_LENGTH as u8, 2],
        fs::read(&compiled)?,
    ]
    .concat();
    if !optimised.exists() || fs::read(&seen).ok().as_ref() != Some(&input) {
        wasm::optimise(&compiled, &optimised)?;
        fs::write(&seen, &input)?;
    }
    let engine = fs::read(&optimised)?;
    let packed = pack(&engine)?;
    let text = STANDARD.encode(&packed);
    let directory = package().join("dist/engine");
    fs::create_dir_all(&directory)?;
    write_if_changed(
        &directory.join(format!("{name}.js")),
        &format!("export default \"{text}\";\n"),
    )?;
    write_if_changed(
        &directory.join(format!("{name}.d.ts")),
        "/** The engine's WebAssembly: packed, then base64. */\ndeclare const bytes: string;\nexport default bytes;\n",
    )?;
    Ok(Shipped {
        text,
        packed: packed.len(),
        sha256: hexadecimal(&Sha256::digest(&engine)),
    })
}

/// Builds the servers' engine, and writes it as a file for runtimes that import WebAssembly, and as
/// text for the others: `dist/server`. Returns the text, in base64: nobody waits for a server to
/// load, so it is not packed.
fn build_server_engine(toolchain: &wasm::Toolchain, work: &Path) -> Result<String> {
    let compiled = wasm::build(toolchain, &wasm::SERVER, "")?;
    let (seen, optimised) = (work.join("server-seen"), work.join("server.wasm"));
    let input = fs::read(&compiled)?;
    if !optimised.exists() || fs::read(&seen).ok().as_ref() != Some(&input) {
        wasm::optimise_server(&compiled, &optimised)?;
        fs::write(&seen, &input)?;
    }
    let engine = fs::read(&optimised)?;
    let text = STANDARD.encode(&engine);
    let directory = package().join("dist/server");
    fs::create_dir_all(&directory)?;
    fs::copy(&optimised, directory.join("server.wasm"))?;
    write_if_changed(
        &directory.join("bytes.js"),
        &format!("export default \"{text}\";\n"),
    )?;
    write_if_changed(
        &directory.join("bytes.d.ts"),
        "/** The servers' engine: WebAssembly, in base64. */\ndeclare const bytes: string;\nexport default bytes;\n",
    )?;
    println!("server engine: {} bytes of WebAssembly", engine.len());
    Ok(text)
}

/// Writes `dist/engine/script.js`: the same engine for pages that may not compile WebAssembly.
fn write_javascript(engine: &Path, work: &Path, directory: &Path) -> Result<()> {
    const SCRIPT: &str = "xtask/wasm2js/engine.mjs";
    let (seen, translated) = (work.join("script-seen"), work.join("script.js"));
    // This takes seconds too.
    let input = [fs::read(root().join(SCRIPT))?, fs::read(engine)?].concat();
    if !translated.exists() || fs::read(&seen).ok().as_ref() != Some(&input) {
        let raw = work.join("wasm2js.js");
        wasm::to_javascript(engine, &raw)?;
        run(command("node").arg(SCRIPT).arg(&raw).arg(&translated))?;
        fs::write(&seen, &input)?;
    }
    let module = fs::read_to_string(&translated)?;
    write_if_changed(&directory.join("script.js"), &module)?;
    let types = package().join("src/engine/script.d.ts");
    write_if_changed(&directory.join("script.d.ts"), &fs::read_to_string(types)?)
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn copy_documents() -> Result<()> {
    for name in ["LICENSE-MIT", "LICENSE-APACHE"] {
        let text = fs::read_to_string(root().join(name)).with_context(|| name.to_owned())?;
        write_if_changed(&package().join(name), &text)?;
    }
    Ok(())
}
