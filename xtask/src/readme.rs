//! Checks the READMEs and the adapters' pages: their TypeScript compiles.

use std::fs;

use anyhow::{Context as _, Result, bail};

use crate::process::{command, root, run};

const READMES: [&str; 2] = ["README.md", "packages/countersign/README.md"];
/// `main.lazy.ts`: the app that early init loads.
const APP: &str = "export {};\n";
/// Has one page per adapter.
const PAGES: &str = "docs/adapters";

/// The TypeScript configuration of a reader's project, as in any Vite project.
const TSCONFIG: &str = r#"{
    "compilerOptions": {
        "target": "ES2022", "module": "ESNext", "moduleResolution": "Bundler", "moduleDetection": "force",
        "lib": ["ES2022", "DOM"], "types": [], "jsx": "react-jsx", "strict": true, "skipLibCheck": true, "noEmit": true
    },
    "include": ["**/*.ts", "**/*.tsx"]
}
"#;

/// Compiles the TypeScript in the READMEs: each block becomes a module of a separate project.
/// The package must be built first.
pub(crate) fn check() -> Result<()> {
    let directory = root().join("target/readme");
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory)?;
    fs::write(directory.join("tsconfig.json"), TSCONFIG)?;
    fs::write(directory.join("main.lazy.ts"), APP)?;
    for file in READMES {
        for (index, (extension, block)) in blocks(file)?.iter().enumerate() {
            let name = format!("{}-{index}.{extension}", file.replace('/', "-"));
            fs::write(directory.join(name), block)?;
        }
    }
    for entry in fs::read_dir(root().join(PAGES)).context(PAGES)? {
        let page = entry?.file_name().to_string_lossy().into_owned();
        // The blocks of a page import each other by the names in their first lines.
        let project = directory.join(&page);
        for (index, (extension, block)) in blocks(&format!("{PAGES}/{page}"))?.iter().enumerate() {
            let named = block
                .lines()
                .next()
                .and_then(|line| line.strip_prefix("// "));
            let named = named.map(|name| project.join(name));
            let other = project.join(format!("block-{index}.{extension}"));
            let file = named.filter(|name| !name.exists()).unwrap_or(other);
            let folder = file.parent().unwrap_or(&project);
            fs::create_dir_all(folder)?;
            fs::write(folder.join("main.lazy.ts"), APP)?;
            fs::write(file, block)?;
        }
    }
    run(command("node").args(["node_modules/typescript/bin/tsc", "-p", "target/readme"])).context(
        "the TypeScript in a README does not compile (target/readme, blocks are counted from 0)",
    )
}

fn blocks(page: &str) -> Result<Vec<(String, String)>> {
    let text = fs::read_to_string(root().join(page)).with_context(|| page.to_owned())?;
    let blocks: Vec<_> = typescript_blocks(&text)
        .map(|(extension, block)| (extension.to_owned(), block.to_owned()))
        .collect();
    if blocks.is_empty() {
        bail!("{page} holds no TypeScript block: is its fence still ```ts?");
    }
    Ok(blocks)
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
