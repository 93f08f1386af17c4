//! Extracts the quick starts from the README. The code is unchanged, except for the servers'
//! addresses, the browser and standard output: `src/lib.rs` has substitutes for them.

use std::{env, fs, path::Path};

/// The headings of the quick starts, and the files that their code goes into.
const QUICK_STARTS: [(&str, &str); 2] = [
    ("### An API in Rust", "api.rs"),
    ("### A client in Rust", "client.rs"),
];

fn main() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    println!("cargo::rerun-if-changed={}", readme.display());
    let readme = fs::read_to_string(readme).unwrap_or_default();
    let out = env::var("OUT_DIR").unwrap_or_default();
    for (heading, file) in QUICK_STARTS {
        let code = match code_under(&readme, heading) {
            Some(code) => in_our_world(code),
            None => format!("compile_error!(\"README.md has no Rust under {heading:?}\");"),
        };
        let written = fs::write(Path::new(&out).join(file), code);
        written.unwrap_or_else(|error| println!("cargo::error={file}: {error}"));
    }
}

fn code_under<'a>(readme: &'a str, heading: &str) -> Option<&'a str> {
    let (_, section) = readme.split_once(&format!("\n{heading}\n"))?;
    let (before, code) = section.split_once("```rust,no_run\n")?;
    let is_of_another = before.contains("\n## ") || before.contains("\n### ");
    code.split("```").next().filter(|_| !is_of_another)
}

fn in_our_world(code: &str) -> String {
    let mut parts = code.split("\"https://");
    let mut world = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (address, rest) = part.split_once('"').unwrap_or((part, ""));
        let (host, path) = address.split_at(address.find('/').unwrap_or(address.len()));
        world += &match host {
            "login.example.com" => "crate::issuer()".to_owned(),
            _ => format!("crate::api({path:?})"),
        };
        world += rest;
    }
    world
        .replace("\"127.0.0.1:3000\"", "crate::listen()")
        .replace("open_browser(url)", "crate::log_in(url)")
        .replace("println!(", "crate::say!(")
        .replace("async fn main()", "pub(crate) async fn run()")
}
