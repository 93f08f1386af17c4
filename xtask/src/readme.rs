//! The TypeScript in the READMEs compiles: each block becomes a module and goes through the type checker.

use std::fs;

use anyhow::{Context as _, Result, bail};

use crate::process::{command, root, run};

const READMES: [&str; 2] = ["README.md", "packages/countersign/README.md"];

/// What a reader's project brings, as every Vite project has it.
const TSCONFIG: &str = r#"{
    "compilerOptions": {
        "target": "ES2022", "module": "ESNext", "moduleResolution": "Bundler", "moduleDetection": "force",
        "lib": ["ES2022", "DOM"], "types": [], "strict": true, "skipLibCheck": true, "noEmit": true
    },
    "include": ["*.ts"]
}
"#;

/// Type checks the blocks; the package must be built.
pub(crate) fn check() -> Result<()> {
    let directory = root().join("target/readme");
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory)?;
    fs::write(directory.join("tsconfig.json"), TSCONFIG)?;
    fs::write(directory.join("main.lazy.ts"), "export {};\n")?;
    let mut context = "declare const accessToken: string;\n";
    for (document, file) in READMES.iter().enumerate() {
        let text = fs::read_to_string(root().join(file)).with_context(|| (*file).to_owned())?;
        let blocks: Vec<&str> = typescript_blocks(&text).collect();
        if blocks.is_empty() {
            bail!("{file} holds no TypeScript block: is its fence still ```ts?");
        }
        for (index, block) in blocks.iter().enumerate() {
            // The first block of the first README shows a call alone, with a token from somewhere.
            let module = format!("{context}{block}");
            fs::write(directory.join(format!("{document}-{index}.ts")), module)?;
            context = "";
        }
    }
    run(command("node").args(["node_modules/typescript/bin/tsc", "-p", "target/readme"])).context(
        "the TypeScript in a README does not compile (target/readme/README-BLOCK.ts, from 0)",
    )
}

fn typescript_blocks(text: &str) -> impl Iterator<Item = &str> {
    text.split("```ts\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
}
