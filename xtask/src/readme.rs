//! Checks the READMEs and the adapters' pages: their TypeScript compiles.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::process::{command, root, run};

const READMES: [&str; 2] = ["README.md", "packages/countersign/README.md"];
/// Has one page per adapter.
const PAGES: &str = "docs/adapters";

/// The TypeScript configuration of a reader's project, as in any Vite project.
const TSCONFIG: &str = r#"{
    "compilerOptions": {
        "target": "ES2022", "module": "ESNext", "moduleResolution": "Bundler", "moduleDetection": "force",
        "lib": ["ES2022", "DOM"], "types": [], "jsx": "react-jsx", "strict": true, "skipLibCheck": true, "noEmit": true
    },
    "include": ["*.ts", "*.tsx"]
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
    let mut files: Vec<PathBuf> = READMES.iter().map(|file| root().join(file)).collect();
    for entry in fs::read_dir(root().join(PAGES)).context(PAGES)? {
        files.push(entry?.path());
    }
    for file in files {
        let name = file.display();
        let text = fs::read_to_string(&file).with_context(|| name.to_string())?;
        let blocks: Vec<(&str, &str)> = typescript_blocks(&text).collect();
        if blocks.is_empty() {
            bail!("{name} holds no TypeScript block: is its fence still ```ts?");
        }
        let page = file.strip_prefix(root()).unwrap_or(&file);
        let page = page.display().to_string().replace('/', "-");
        for (index, (extension, block)) in blocks.iter().enumerate() {
            fs::write(directory.join(format!("{page}-{index}.{extension}")), block)?;
        }
    }
    run(command("node").args(["node_modules/typescript/bin/tsc", "-p", "target/readme"])).context(
        "the TypeScript in a README does not compile (target/readme/PAGE-BLOCK.ts, counted from 0)",
    )
}

/// Returns the blocks with the extension of the files that they become: `ts` or `tsx`.
fn typescript_blocks(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split("```ts").skip(1).filter_map(|rest| {
        let (rest, extension) = match rest.strip_prefix('x') {
            Some(rest) => (rest, "tsx"),
            None => (rest, "ts"),
        };
        let block = rest.strip_prefix('\n')?.split("```").next()?;
        Some((extension, block))
    })
}
