//! `cargo xtask sbom`: writes CycloneDX documents of what our artifacts are made of into
//! `target/sbom`: one for each published crate, with the dependencies of all its features; one for
//! the npm package; one for each of the engines inside it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::cargo_tool::CARGO_CYCLONEDX;
use crate::process::{cargo, command, output, root, run};
use crate::setup::{self, Needs};
use crate::wasm;

/// All crates of ours that an engine is compiled from; the last one is the engine's own.
type Crates = [&'static str; 3];

/// Those of the page's engine. `xtask/tests/arrows.rs` checks that there are no others of anyone.
const ENGINE: Crates = ["countersign", "countersign-client", "countersign-browser"];

/// Those of the servers' engine, which has crates of others too.
const SERVER_ENGINE: Crates = [
    "countersign",
    "countersign-resource-server",
    "countersign-server-wasm",
];

/// The name of the file that the tool writes beside each manifest.
const BESIDE: &str = "countersign-sbom";

/// Sets up and writes the documents.
pub(crate) fn run_step() -> Result<()> {
    setup::run(Needs::SBOM)?;
    let written = write()?;
    println!(
        "sbom: {} documents in {}",
        written.len(),
        directory().display()
    );
    Ok(())
}

/// Writes all documents, and checks that each lists what its artifact depends on.
pub(crate) fn write() -> Result<Vec<PathBuf>> {
    let directory = directory();
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory)?;
    let mut written = Vec::new();
    let packages = packages(&root())?;
    describe(&root(), &["--all-features", "--target", "all"])?;
    for package in &packages {
        let document = package.take_document(&root())?;
        if package.is_published {
            package.check(&document, &package.dependencies)?;
            written.push(save(&directory, &package.name, &document)?);
        }
    }
    let engine = engine(ENGINE)?;
    let components = array(&engine["components"]).len();
    if components != 2 {
        bail!("the engine has {components} components and should have only our two crates");
    }
    written.push(save(&directory, "engine", &engine)?);
    written.push(save(
        &directory,
        "server-engine",
        &self::engine(SERVER_ENGINE)?,
    )?);
    written.push(save(&directory, "npm-countersign", &npm()?)?);
    Ok(written)
}

fn directory() -> PathBuf {
    root().join("target/sbom")
}

/// Writes the document of each member of a workspace into a file beside its manifest.
fn describe(workspace: &Path, options: &[&str]) -> Result<()> {
    run(CARGO_CYCLONEDX
        .command()?
        .arg("cyclonedx")
        .current_dir(workspace)
        .args(["--format", "json", "--spec-version", "1.5"])
        .args(["--no-build-deps", "--override-filename", BESIDE, "-q"])
        .args(options))
}

/// Creates an engine's document from a workspace with only its crates. In the project's workspace,
/// cargo unifies features and would list the native programs' dependencies too.
fn engine(crates: Crates) -> Result<Value> {
    let name = format!("countersign-sbom-{}", std::process::id());
    let workspace = std::env::temp_dir().join(name);
    let described = describe_engine(&workspace, crates);
    let _ = fs::remove_dir_all(&workspace);
    described
}

fn describe_engine(workspace: &Path, crates: Crates) -> Result<Value> {
    fs::create_dir_all(workspace)?;
    let manifest = fs::read_to_string(root().join("Cargo.toml"))?;
    let (before, after) = manifest
        .split_once("members = [")
        .and_then(|(before, rest)| Some((before, rest.split_once(']')?.1)))
        .context("the root manifest has no members")?;
    let manifest = format!("{before}members = [\"crates/*\"]{after}");
    fs::write(workspace.join("Cargo.toml"), manifest)?;
    fs::copy(root().join("Cargo.lock"), workspace.join("Cargo.lock"))?;
    for name in crates {
        let folder = Path::new("crates").join(name);
        let to = workspace.join(&folder);
        wasm::copy_folder(&root().join(folder), &to)?;
        drop_dev_dependencies(&to.join("Cargo.toml"))?;
    }
    let [ours @ .., engine] = crates;
    // The features are those that the engine's crate enables.
    describe(
        workspace,
        &["--no-default-features", "--target", wasm::TARGET],
    )?;
    let mut document = None;
    for package in packages(workspace)? {
        let described = package.take_document(workspace)?;
        if package.name == engine {
            package.check(&described, &ours)?;
            document = Some(described);
        }
    }
    document.context("the engine's crate is missing")
}

/// Removes the dev-dependencies, which name crates outside this workspace of three.
fn drop_dev_dependencies(manifest: &Path) -> Result<()> {
    let text = fs::read_to_string(manifest)?;
    let start = text.find("[dev-dependencies]").unwrap_or(text.len());
    fs::write(manifest, &text[..start])?;
    Ok(())
}

/// Creates the document of the npm package, which has no dependency at run time.
fn npm() -> Result<Value> {
    let text = output(command("npm").args([
        "sbom",
        "--sbom-format",
        "cyclonedx",
        "--workspace",
        "countersign",
        "--omit",
        "dev",
    ]));
    let document = parse(&text.context("`npm sbom` failed: it needs npm 10 or newer")?)?;
    let names = names(&document);
    if names != ["countersign"] {
        bail!("the npm package's document lists {names:?}, but the package has no dependency");
    }
    Ok(document)
}

/// A member of a workspace.
struct Package {
    name: String,
    folder: PathBuf,
    is_published: bool,
    /// Dependencies at run time, optional ones included.
    dependencies: Vec<String>,
}

impl Package {
    /// Reads the document that the tool wrote, and removes its file beside the manifest.
    fn take_document(&self, workspace: &Path) -> Result<Value> {
        let file = self.folder.join(BESIDE).with_extension("json");
        let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        fs::remove_file(&file)?;
        // The documents are for others, who need no paths of this machine.
        parse(&text.replace(&format!("{}/", workspace.display()), ""))
    }

    fn check(&self, document: &Value, dependencies: &[impl AsRef<str>]) -> Result<()> {
        let name = &document["metadata"]["component"]["name"];
        if *name != *self.name {
            bail!("the document of {} describes {name}", self.name);
        }
        let names = names(document);
        for dependency in dependencies.iter().map(AsRef::as_ref) {
            if !names.contains(&dependency) {
                bail!(
                    "{} depends on {dependency}, which its document does not list",
                    self.name
                );
            }
        }
        Ok(())
    }
}

fn packages(workspace: &Path) -> Result<Vec<Package>> {
    let mut metadata = cargo();
    metadata
        .current_dir(workspace)
        .args(["metadata", "--no-deps", "--format-version", "1"]);
    let metadata = output(&mut metadata).context("`cargo metadata` failed")?;
    let metadata: Value = serde_json::from_str(&metadata)?;
    let packages = array(&metadata["packages"]).iter().map(|package| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let dependencies = array(&package["dependencies"])
            .iter()
            .filter(|dependency| dependency["kind"].is_null())
            .map(|dependency| text(&dependency["name"]));
        let manifest = PathBuf::from(text(&package["manifest_path"]));
        Package {
            name: text(&package["name"]),
            folder: manifest.parent().map(Path::to_path_buf).unwrap_or_default(),
            is_published: package["publish"].is_null(),
            dependencies: dependencies.collect(),
        }
    });
    Ok(packages.collect())
}

fn parse(text: &str) -> Result<Value> {
    let document: Value = serde_json::from_str(text)?;
    if document["bomFormat"] != "CycloneDX" || document["specVersion"] != "1.5" {
        bail!("it is not a CycloneDX 1.5 document");
    }
    Ok(document)
}

fn names(document: &Value) -> Vec<&str> {
    let components = array(&document["components"]).iter();
    let names = components.filter_map(|component| component["name"].as_str());
    names.collect()
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn save(directory: &Path, name: &str, document: &Value) -> Result<PathBuf> {
    let file = directory.join(format!("{name}.cdx.json"));
    fs::write(&file, serde_json::to_string_pretty(document)? + "\n")?;
    Ok(file)
}
