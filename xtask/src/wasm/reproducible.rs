//! The same sources give the same engine, wherever they are.

use std::path::Path;

use anyhow::{Context as _, Result, bail};

use super::toolchain::DEBIAN_SYSROOT;
use super::{BROWSER, Toolchain, build, build_in};
use crate::process::root;

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
