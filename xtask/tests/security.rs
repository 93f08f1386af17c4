//! Checks that each claim in SECURITY.md names the tests that hold it, and that they exist.
//!
//! A claim is a list item that begins with `**Holds.**` and ends with its tests. Each is a link
//! whose text is the test's name in code quotes and whose address is its file:
//!
//! ```text
//! - **Holds.** A proof is accepted once. [`v15_a_proof_is_accepted_once`](crates/countersign/tests/replay.rs)
//! ```
//!
//! If a test's title is made in a loop, `…` stands for the part that is filled in. A link may also
//! name a part of `cargo xtask test` (`asan`, with the address `xtask/src/test.rs`) or a fuzz
//! target (`loopback`, with the address of its program). What no test can hold begins with
//! `**Does not hold.**`.
#![allow(clippy::unwrap_used)]

mod names;

use std::{collections::BTreeSet, fs, path::Path};

use names::{node_test_patterns, node_tests, rust_tests};

fn read(name: &str) -> Option<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    fs::read_to_string(root.join(name)).ok()
}

/// Returns the name and the file of each test that a text names.
fn cited(text: &str) -> Vec<(String, String)> {
    let links = text.split("[`").skip(1).filter_map(|link| {
        // A name that contains a code quote is enclosed in two.
        let (name, rest) = link.split_once("`](")?;
        let (file, _) = rest.split_once(')')?;
        let is_test = !file.starts_with("http") && !file.ends_with(".md");
        is_test.then(|| (name.trim_matches('`').trim().to_owned(), file.to_owned()))
    });
    links.collect()
}

/// Returns the list items, each as one line.
fn items(page: &str) -> Vec<String> {
    let mut items: Vec<String> = Vec::new();
    let mut is_item = false;
    for line in page.lines() {
        if let Some(item) = line.strip_prefix("- ") {
            items.push(item.to_owned());
            is_item = true;
        } else if is_item && line.starts_with("  ") {
            let item = items.last_mut().unwrap();
            item.push(' ');
            item.push_str(line.trim());
        } else {
            is_item = false;
        }
    }
    items
}

fn exists(name: &str, file: &str) -> Result<(), String> {
    let source = read(file).ok_or_else(|| format!("there is no file {file}"))?;
    let mut known = BTreeSet::new();
    let is_there = if file == "xtask/src/test.rs" {
        // A part of the test command is a variant in upper camel case.
        let mut variant = String::new();
        for word in name.split('-') {
            variant.push_str(&word[..1].to_uppercase());
            variant.push_str(&word[1..]);
        }
        source.lines().any(|line| line == format!("    {variant},"))
    } else if file == format!("fuzz/targets/{name}.rs") {
        true
    } else if file.ends_with(".rs") {
        rust_tests(&source, &mut known);
        known.contains(name)
    } else {
        node_tests(&source, &mut known);
        let parts: Vec<&str> = name.split('…').collect();
        known.contains(name)
            || node_test_patterns(&source)
                .iter()
                .any(|made| *made == parts)
    };
    match is_there {
        true => Ok(()),
        false => Err(format!("{file} has no test {name:?}")),
    }
}

#[test]
fn every_test_that_the_page_names_exists() {
    let page = read("SECURITY.md").unwrap();
    let missing: Vec<String> = cited(&page)
        .iter()
        .filter_map(|(name, file)| exists(name, file).err())
        .collect();
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn every_claim_of_the_page_names_a_test() {
    let page = read("SECURITY.md").unwrap();
    let claims: Vec<String> = items(&page)
        .into_iter()
        .filter(|item| item.starts_with("**Holds.**"))
        .collect();
    assert!(claims.len() > 30, "{}", claims.len());
    for claim in claims {
        assert!(!cited(&claim).is_empty(), "no test holds: {claim}");
    }
}

/// What a security reviewer looks for first.
#[test]
fn the_page_has_its_sections() {
    let page = read("SECURITY.md").unwrap();
    for heading in [
        "## Reporting",
        "## Data flow",
        "### Prototype pollution",
        "### Importable modules",
        "### Workers",
        "### Other realms",
        "### A compromised bundle",
        "### Several apps on one origin",
        "### A classic script that runs before early init",
    ] {
        let found = page.lines().filter(|line| *line == heading).count();
        assert_eq!(found, 1, "{heading}");
    }
    assert!(page.contains("```mermaid\n"));
}

#[test]
fn what_is_not_there_is_missed() {
    let tests = cited("[`a`](x.rs) [``b `c` d``](y/z.mjs) [`e`](https://e.example) [f](g.rs)");
    let pair = |name: &str, file: &str| (name.to_owned(), file.to_owned());
    assert_eq!(tests, [pair("a", "x.rs"), pair("b `c` d", "y/z.mjs")]);
    let here = "xtask/tests/security.rs";
    assert!(exists("what_is_not_there_is_missed", here).is_ok());
    assert!(exists("what_is_not_there", here).is_err());
    assert!(exists("cited", here).is_err());
    assert!(exists("any", "xtask/tests/none.rs").is_err());
    assert!(exists("rust-crypto", "xtask/src/test.rs").is_ok());
    assert!(exists("rust-cryptography", "xtask/src/test.rs").is_err());
    assert!(exists("loopback", "fuzz/targets/loopback.rs").is_ok());
    assert!(exists("loopback", "fuzz/targets/proof.rs").is_err());
}
