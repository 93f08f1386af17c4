//! Checks the pages that a newcomer reads first: the quick starts are short, each published crate
//! has a README, and the README lists its features in a table. Doctests, the part `types` of the
//! test command, and `packages/countersign/test/browser/readme.test.mjs` check that their code
//! compiles and runs.
#![allow(clippy::unwrap_used)]

use std::{collections::BTreeSet, fs, path::Path};

use cargo_metadata::MetadataCommand;

/// The most lines of code in a quick start, not counting empty lines and comments.
const MOST_LINES: usize = 10;

/// The headings of the README's quick starts, one for each kind of reader.
const READERS: [&str; 6] = [
    "A single-page app with Vite",
    "A single-page app with any bundler",
    "An API in Rust",
    "A client in Rust",
    "Why is my request refused?",
    "An authorization server",
];

fn read(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    fs::read_to_string(root.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Counts the lines of code in a section, without output (` ```text `).
fn code_lines(section: &str) -> usize {
    let mut lines = 0;
    let mut is_code = false;
    for line in section.lines() {
        if let Some(language) = line.strip_prefix("```") {
            is_code = !is_code && language != "text" && !language.is_empty();
        } else if is_code && !line.is_empty() && !line.starts_with("//") {
            lines += 1;
        }
    }
    lines
}

/// Returns the section from a heading to the next.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let (_, rest) = page
        .split_once(&format!("\n{heading}\n"))
        .unwrap_or_else(|| panic!("there is no {heading}"));
    // `#[tokio::main]` is not a heading.
    let rest = rest.split("\n## ").next().unwrap();
    rest.split("\n### ").next().unwrap()
}

#[test]
fn each_reader_of_the_readme_has_a_quick_start_of_ten_lines_at_most() {
    let page = read("README.md");
    for reader in READERS {
        let lines = code_lines(section(&page, &format!("### {reader}")));
        assert!((1..=MOST_LINES).contains(&lines), "{reader}: {lines} lines");
    }
}

#[test]
fn the_readme_has_two_commands_to_set_things_up() {
    let page = read("README.md");
    let commands = section(&page, "## See it");
    assert_eq!(code_lines(commands), 2);
    for command in ["cargo xtask demo", "cargo xtask test"] {
        assert!(commands.contains(&format!("\n{command}")), "{command}");
    }
}

#[test]
fn every_published_crate_has_a_readme_with_all_its_features() {
    let mut command = MetadataCommand::new();
    command.manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"));
    let metadata = command.no_deps().exec().unwrap();
    let mut found = 0;
    for package in metadata.workspace_packages() {
        if package.publish.as_ref().is_some_and(Vec::is_empty) {
            continue;
        }
        found += 1;
        let name = &package.name;
        assert!(
            package
                .readme
                .as_ref()
                .is_some_and(|file| file == "README.md"),
            "{name}"
        );
        let page = read(&format!("crates/{name}/README.md"));
        let rows = section(&page, "## Features").lines();
        let rows = rows.filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
        let is_default = |(feature, rest): &(&str, &str)| {
            rest.starts_with(" (default)")
                .then(|| (*feature).to_owned())
        };
        let rows: Vec<(&str, &str)> = rows.collect();
        let explained: BTreeSet<&str> = rows.iter().map(|(feature, _)| *feature).collect();
        let named = package.features.keys().map(String::as_str);
        let named: BTreeSet<&str> = named.filter(|name| *name != "default").collect();
        assert_eq!(explained, named, "{name}");
        let defaults: BTreeSet<String> = rows.iter().filter_map(is_default).collect();
        let default = package.features.get("default").into_iter().flatten();
        assert_eq!(defaults, default.cloned().collect(), "{name}");
        if name.as_str() != "countersign-cli" {
            let lines = code_lines(section(&page, "## Quick start"));
            assert!((1..=MOST_LINES).contains(&lines), "{name}: {lines} lines");
        }
    }
    assert!(found >= 5, "{found}");
}

/// The index names every flow, and each flow is an example in the manifest.
#[test]
fn the_index_of_examples_names_every_flow() {
    let page = read("examples/README.md");
    let mut command = MetadataCommand::new();
    command.manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"));
    let metadata = command.no_deps().exec().unwrap();
    let mut found = 0;
    for package in metadata.workspace_packages() {
        for target in package.targets.iter().filter(|target| target.is_example()) {
            found += 1;
            let file = format!("(../crates/{}/examples/{}.rs)", package.name, target.name);
            assert!(page.contains(&file), "{file}");
            let default = package.features.get("default");
            let is_extra = |feature: &&String| !default.is_some_and(|list| list.contains(feature));
            let extra = target.required_features.iter().filter(is_extra).cloned();
            let features = match extra.collect::<Vec<_>>().join(",") {
                none if none.is_empty() => none,
                list => format!(" --features {list}"),
            };
            let command = format!(
                "`cargo run -p {}{features} --example {}`",
                package.name, target.name
            );
            assert!(page.contains(&command), "{command}");
        }
    }
    assert!(found >= 10, "{found}");
}

/// GitHub shows an error instead of a diagram that it can't parse: a semicolon ends a statement in
/// Mermaid.
#[test]
fn the_architectures_three_flows_are_drawn_without_what_mermaid_trips_over() {
    let page = read("ARCHITECTURE.md");
    let diagrams: Vec<&str> = page
        .split("```mermaid\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert_eq!(diagrams.len(), 3);
    for diagram in diagrams {
        assert!(diagram.starts_with("sequenceDiagram\n"), "{diagram}");
        assert!(!diagram.contains(';'), "{diagram}");
        let blocks = diagram.lines().map(str::trim);
        let opened = blocks
            .clone()
            .filter(|line| line.starts_with("opt ") || line.starts_with("alt "));
        assert_eq!(
            opened.count(),
            blocks.filter(|line| *line == "end").count(),
            "{diagram}"
        );
    }
}
