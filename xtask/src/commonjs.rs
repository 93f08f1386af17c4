//! The npm package's files for those who do not import ES modules by `exports`: CommonJS in
//! `dist/cjs`, and one file per subpath in the package's root.
//!
//! There is never a second instance in a page. Bundlers take the ES modules for `require()` too
//! (condition `module`, or the files in the root), and what Node and test runners get has no state.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::generated::write_if_changed;
use crate::process::{command, run};

/// In the page of a browser these names exist; jsdom lacks the second, a worker the first.
const IS_PAGE: &str = r#"typeof document === "object" && typeof Request === "function""#;
/// For what works in workers too.
const IS_PAGE_OR_WORKER: &str = r#"(typeof document === "object" || typeof WorkerGlobalScope === "function") && typeof Request === "function""#;

/// The words for "this file" that the compiler cannot translate.
const HERE: &str =
    "\"use strict\";\nexports.here = require(\"node:url\").pathToFileURL(__filename).href;\n";

/// Writes everything. `engines`: the paths of their modules, and their texts.
pub(crate) fn write(package: &Path, engines: &[(&str, &str)]) -> Result<()> {
    run(command("node").args([
        "node_modules/typescript/bin/tsc",
        "-p",
        "packages/countersign/tsconfig.cjs.json",
    ]))
    .context("the TypeScript of packages/countersign does not compile to CommonJS")?;
    let cjs = package.join("dist/cjs");
    write_if_changed(&cjs.join("package.json"), "{ \"type\": \"commonjs\" }\n")?;
    write_if_changed(&cjs.join("vite-plugin/here.js"), HERE)?;
    for directory in ["engine", "server"] {
        fs::create_dir_all(cjs.join(directory))?;
    }
    for (name, text) in engines {
        write_if_changed(
            &cjs.join(format!("{name}.js")),
            &format!(
                "\"use strict\";\nexports.__esModule = true;\nexports.default = \"{text}\";\n"
            ),
        )?;
    }
    for Subpath {
        name: subpath,
        module,
        is_for_workers,
    } in subpaths(package)?
    {
        if let Some(name) = module.strip_suffix(".cjs") {
            let condition = if is_for_workers {
                IS_PAGE_OR_WORKER
            } else {
                IS_PAGE
            };
            let text = format!(
                "\"use strict\";\nmodule.exports = {condition} ? require(\"./{name}.js\") : require(\"./ssr.js\");\n"
            );
            write_if_changed(&cjs.join(&module), &text)?;
        }
        let module = module.replace(".cjs", ".js");
        let mut text = format!("export * from \"./dist/{module}\";\n");
        // `*` leaves a default export out.
        if fs::read_to_string(package.join("dist").join(&module))?.contains("\nexport default ") {
            text += &format!("export {{ default }} from \"./dist/{module}\";\n");
        }
        write_if_changed(&package.join(format!("{subpath}.js")), &text)?;
    }
    Ok(())
}

/// A subpath that `exports` names.
struct Subpath {
    name: String,
    /// Its CommonJS module, relative to `dist/cjs`.
    module: String,
    is_for_workers: bool,
}

/// Returns all but the package's root.
fn subpaths(package: &Path) -> Result<Vec<Subpath>> {
    let manifest: Value = serde_json::from_slice(&fs::read(package.join("package.json"))?)?;
    let exports = manifest["exports"]
        .as_object()
        .context("package.json has no exports")?;
    Ok(exports
        .iter()
        .filter_map(|(subpath, target)| {
            let module = target["require"]["default"].as_str()?;
            Some(Subpath {
                name: subpath.strip_prefix("./")?.to_owned(),
                module: module.strip_prefix("./dist/cjs/")?.to_owned(),
                is_for_workers: target["import"]["worker"] != "./dist/ssr.js",
            })
        })
        .collect())
}
