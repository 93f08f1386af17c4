//! Checks what every published crate has: a public API that can grow, a first page that begins with
//! an example, and the oldest Rust that it builds with. `readmes.rs` checks
//! READMEs, `public_api.rs` the declared types of other crates.
#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use cargo_metadata::{MetadataCommand, Package};
use syn::{Attribute, Expr, ExprLit, Lit, Meta, Token, punctuated::Punctuated};

/// The most lines of code that a reader sees in the first example.
const MOST_LINES: usize = 10;

#[test]
fn every_published_crate_can_grow_and_begins_with_an_example() {
    let mut lacking = BTreeSet::new();
    let crates = published();
    for package in &crates {
        let library = package.targets.iter().find(|target| target.is_lib());
        let text = fs::read_to_string(&library.unwrap().src_path).unwrap();
        let attributes = syn::parse_file(&text).unwrap().attrs;
        let page = page(&attributes);
        for (requirement, is_met) in [
            ("enums and structs can grow", has_the_lints(&attributes)),
            (
                "docs.rs names features",
                names_features(&attributes, package),
            ),
            (
                "the first page begins with an example",
                begins_with_an_example(&page),
            ),
            (
                "the manifest declares the types of other crates",
                package.metadata["cargo_check_external_types"]["allowed_external_types"].is_array(),
            ),
            (
                "the first page names the oldest Rust",
                page.iter().any(|line| line.contains("1.95")),
            ),
        ] {
            if !is_met {
                lacking.insert((package.name.as_str(), requirement));
            }
        }
        assert_eq!(
            package.rust_version.as_ref().map(ToString::to_string),
            Some("1.95.0".to_owned()),
            "{}",
            package.name
        );
    }
    assert_eq!(lacking, BTreeSet::new());
    assert!(crates.len() >= 5, "{}", crates.len());
}

/// `#[allow(clippy::exhaustive_enums, reason = "...")]`, or a comment behind it.
#[test]
fn whatever_can_not_grow_says_why() {
    let mut files = Vec::new();
    for package in published() {
        let folder = package.manifest_path.parent().unwrap().join("src");
        rust_files(folder.as_std_path(), &mut files);
    }
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for (at, _) in text.match_indices("#[allow(") {
            let end = at + text[at..].find(")]").unwrap();
            let attribute = &text[at..end];
            let behind = text[end + 2..].lines().next().unwrap_or_default();
            assert!(
                !attribute.contains("clippy::exhaustive_")
                    || attribute.contains("reason = \"")
                    || behind.trim_start().starts_with("// "),
                "{}: {attribute}",
                file.display()
            );
        }
    }
}

fn published() -> Vec<Package> {
    let mut command = MetadataCommand::new();
    command.manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"));
    let packages = command.no_deps().exec().unwrap().packages.into_iter();
    packages
        .filter(|package| !package.publish.as_ref().is_some_and(Vec::is_empty))
        .collect()
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn has_the_lints(attributes: &[Attribute]) -> bool {
    let lints = attributes.iter().filter(|one| {
        ["warn", "deny", "forbid"]
            .iter()
            .any(|level| one.path().is_ident(level))
    });
    let lints = lints.filter_map(|one| Some(one.meta.require_list().ok()?.tokens.to_string()));
    let lints = lints.collect::<String>().replace(' ', "");
    ["clippy::exhaustive_enums", "clippy::exhaustive_structs"]
        .iter()
        .all(|lint| lints.contains(lint))
}

/// Tells whether docs.rs says which feature an item needs.
fn names_features(attributes: &[Attribute], package: &Package) -> bool {
    let is_on = attributes.iter().any(|one| {
        let tokens = one.meta.require_list().map(|list| list.tokens.to_string());
        one.path().is_ident("cfg_attr")
            && tokens.is_ok_and(|text| text.replace(' ', "") == "docsrs,feature(doc_cfg)")
    });
    let arguments = &package.metadata["docs"]["rs"]["rustdoc-args"];
    is_on && *arguments == serde_json::json!(["--cfg", "docsrs"])
}

/// Returns the lines of the first page, as a build with all features shows it.
fn page(attributes: &[Attribute]) -> Vec<String> {
    let text_of = |meta: &Meta| match meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    };
    let line = |attribute: &Attribute| {
        if !attribute.path().is_ident("cfg_attr") {
            return text_of(&attribute.meta);
        }
        let list = attribute.meta.require_list().ok()?;
        let parts = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
        let parts = parts.ok()?;
        let is_without = parts.first()?.path().is_ident("not");
        parts
            .iter()
            .skip(1)
            .find_map(text_of)
            .filter(|_| !is_without)
    };
    attributes.iter().filter_map(line).collect()
}

/// Tells whether one sentence and then a short example come before everything else.
fn begins_with_an_example(page: &[String]) -> bool {
    let fences = (page.iter().enumerate()).filter(|(_, line)| line.trim().starts_with("```"));
    let [start, end] = fences.map(|(at, _)| at).take(2).collect::<Vec<_>>()[..] else {
        return false;
    };
    let blank_lines = page[..start]
        .iter()
        .filter(|line| line.trim().is_empty())
        .count();
    let is_seen = |line: &&String| {
        let line = line.trim();
        !line.is_empty() && line != "#" && !line.starts_with("# ") && !line.starts_with("//")
    };
    let lines = page[start + 1..end].iter().filter(is_seen).count();
    (1..=MOST_LINES).contains(&lines) && blank_lines <= 1
}
