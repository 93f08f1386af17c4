//! Checks that `docs/dependencies.md` explains every dependency that a manifest names, and no
//! other.
#![allow(clippy::unwrap_used)]

use std::{collections::BTreeSet, fs, path::Path};

fn read(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    fs::read_to_string(root.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Returns the names in the table under a heading.
fn explained(heading: &str) -> BTreeSet<String> {
    let page = read("docs/dependencies.md");
    let section = page.split("\n## ").find(|text| text.starts_with(heading));
    let rows = section
        .unwrap()
        .lines()
        .filter(|line| line.starts_with("| "));
    let mut names = BTreeSet::new();
    for row in rows.skip(1) {
        let [list, why] = row
            .trim_matches(['|', ' '])
            .split(" | ")
            .collect::<Vec<_>>()[..]
        else {
            panic!("not two cells: {row}");
        };
        assert!(!why.is_empty(), "{row}");
        for name in list.split(", ") {
            assert!(names.insert(name.to_owned()), "{name} is listed twice");
        }
    }
    names
}

/// Returns the names under these members of an npm manifest.
fn of_npm(file: &str, members: &[&str]) -> BTreeSet<String> {
    let manifest: serde_json::Value = serde_json::from_str(&read(file)).unwrap();
    let objects = members
        .iter()
        .filter_map(|member| manifest[*member].as_object());
    objects.flat_map(|object| object.keys().cloned()).collect()
}

#[test]
fn every_crate_has_its_reason() {
    let manifest = read("Cargo.toml");
    let section = manifest
        .split("\n[workspace.dependencies]\n")
        .nth(1)
        .unwrap();
    let section = section.split("\n[").next().unwrap();
    let lines = section.lines().filter_map(|line| line.split_once(" = "));
    let theirs = lines.filter(|(_, value)| !value.contains("path = "));
    let named: BTreeSet<String> = theirs.map(|(name, _)| name.to_owned()).collect();
    assert!(named.len() > 30, "{}", named.len());
    assert_eq!(explained("Rust"), named);
}

#[test]
fn every_npm_package_has_its_reason_and_none_is_shipped() {
    let of_package = "packages/countersign/package.json";
    assert!(of_npm(of_package, &["dependencies"]).is_empty());
    let development = ["devDependencies"];
    let mut named = of_npm(of_package, &development);
    named.extend(of_npm("package.json", &development));
    named.extend(of_npm("examples/demo/package.json", &development));
    for example in [
        "examples/proofs/package.json",
        "examples/react/package.json",
        "xtask/react-18/package.json",
    ] {
        named.extend(of_npm(example, &["dependencies", "devDependencies"]));
    }
    named.remove("countersign");
    assert_eq!(explained("npm"), named);
    let interop = of_npm("interop/package.json", &["dependencies", "devDependencies"]);
    assert_eq!(explained("Interop"), interop);
    let mut bundlers = of_npm("bundlers/package.json", &["dependencies"]);
    bundlers.extend(of_npm(
        "bundlers/frameworks/package.json",
        &["dependencies"],
    ));
    assert_eq!(explained("Bundlers"), bundlers);
    let runtimes = of_npm("runtimes/package.json", &["dependencies"]);
    assert_eq!(explained("Runtimes"), runtimes);
}
