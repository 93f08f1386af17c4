//! Checks the READMEs: their TypeScript compiles, and the package's README lists every error code.

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

/// Checks the READMEs. The package must be built first.
pub(crate) fn check() -> Result<()> {
    check_error_codes()?;
    check_typescript()
}

fn check_error_codes() -> Result<()> {
    let read = |file: &str| fs::read_to_string(root().join(file)).with_context(|| file.to_owned());
    let documented = read(READMES[1])?;
    let sentences = read("packages/countersign/src/core/errors/sentences.ts")?;
    let codes: Vec<&str> = sentences.lines().filter_map(error_code).collect();
    if codes.is_empty() {
        bail!("core/errors/sentences.ts holds no error code: has its layout changed?");
    }
    let missing: Vec<&&str> = codes
        .iter()
        .filter(|code| !documented.contains(&format!("`{code}`")))
        .collect();
    if !missing.is_empty() {
        bail!(
            "{} does not explain the error codes {missing:?}",
            READMES[1]
        );
    }
    Ok(())
}

/// Returns the error code if the line is a property of the table of sentences:
/// `    key_failed: () =>`.
fn error_code(line: &str) -> Option<&str> {
    let (name, rest) = line.strip_prefix("    ")?.split_once(':')?;
    let is_name = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    (is_name && rest.contains("=>")).then_some(name)
}

/// Compiles the TypeScript in the READMEs: each block becomes a module of a separate project.
fn check_typescript() -> Result<()> {
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
