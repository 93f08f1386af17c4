//! Makes the engine small, and makes JavaScript of it, by binaryen's tools.

use std::path::Path;

use anyhow::Result;

use crate::order::{name_by_likeness, pad_sizes};
use crate::process::{command, run};

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
