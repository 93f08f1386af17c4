//! The tests of `countersign/server`: those of the package, those with frameworks, Redis and other
//! runtimes, whose packages are an npm workspace of their own (`runtimes`), and the examples.

use std::path::PathBuf;

use anyhow::Result;

use crate::count::Count;
use crate::process::{command, root, run};
use crate::{node, package, setup};

/// Directories of tests.
const TESTS: [&str; 2] = ["packages/countersign/test/server", "runtimes/test"];

pub(crate) fn test(count: &mut Count) -> Result<()> {
    package::build()?;
    setup::npm_packages(&root().join("runtimes"))?;
    run(command("node").args([
        "node_modules/typescript/bin/tsc",
        "--noEmit",
        "-p",
        "runtimes/types",
    ]))?;
    let files: Vec<Vec<PathBuf>> = TESTS.into_iter().map(node::files).collect::<Result<_>>()?;
    node::test_files(&files.concat(), 1, &[], count)
}
