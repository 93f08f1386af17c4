//! Checks the READMEs: their TypeScript compiles.

use std::fs;

use anyhow::{Context as _, Result, bail};

use crate::process::{command, root, run};

const READMES: [&str; 2] = ["README.md", "packages/countersign/README.md"];

/// The TypeScript configuration of a reader's project, as in any Vite project.
const TSCONFIG: &str = r#"{
    "compilerOptions": {
        "target": "ES2022", "module": "ESNext", "moduleResolution": "Bundler", "moduleDetection": "force",
        "lib": ["ES2022", "DOM"], "types": [], "strict": true, "skipLibCheck": true, "noEmit": true
    },
    "include": ["*.ts"]
}
"#;

/// Compiles the TypeScript in the READMEs: each block becomes a module of a separate project.
/// The package must be built first.
pub(crate) fn check() -> Result<()> {
    let directory = root().join("target/readme");
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory)?;
    fs::write(directory.join("tsconfig.json"), TSCONFIG)?;
    fs::write(directory.join("main.lazy.ts"), "export {};\n")?;
    for (document, file) in READMES.iter().enumerate() {
        let text = fs::read_to_string(root().join(file)).with_context(|| (*file).to_owned())?;
        let blocks: Vec<&str> = typescript_blocks(&text).collect();
        if blocks.is_empty() {
            bail!("{file} holds no TypeScript block: is its fence still ```ts?");
        }
        for (index, block) in blocks.iter().enumerate() {
            fs::write(directory.join(format!("{document}-{index}.ts")), block)?;
        }
    }
    run(command("node").args(["node_modules/typescript/bin/tsc", "-p", "target/readme"])).context(
        "the TypeScript in a README does not compile (target/readme/README-BLOCK.ts, both counted from 0)",
    )
}

fn typescript_blocks(text: &str) -> impl Iterator<Item = &str> {
    text.split("```ts\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
}
