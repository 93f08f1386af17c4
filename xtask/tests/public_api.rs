//! Compares the public API of the crates that others build on with the listing beside each crate's
//! manifest, so that no change goes unnoticed. After an intended change:
//!
//! ```sh
//! UPDATE_PUBLIC_API=1 cargo test -p xtask --test public_api
//! ```
//!
//! The types of other crates in a listing are those that the manifest declares, for the tool
//! cargo-check-external-types too.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use cargo_metadata::MetadataCommand;

/// The crates, with the features of their listing.
const CRATES: [(&str, &str); 4] = [
    (
        "countersign",
        "verify,aws-lc-rs,rust-crypto,sign,replay-conformance",
    ),
    ("countersign-client", "native"),
    ("countersign-resource-server", "aws-lc-rs,axum,cors,https"),
    ("countersign-authorization-server", ""),
];

#[test]
fn the_public_api_is_the_one_that_is_written_down() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let updates = std::env::var_os("UPDATE_PUBLIC_API").is_some();
    let mut changed = Vec::new();
    for (name, features) in CRATES {
        let file = root.join("crates").join(name).join("public-api.txt");
        let current = listing(root, name, features);
        let written = fs::read_to_string(&file).unwrap_or_default();
        if updates {
            fs::write(&file, current).unwrap();
        } else if current != written {
            changed.push(difference(name, &written, &current));
        }
    }
    assert!(
        changed.is_empty(),
        "the public API has changed. If that is intended, run `UPDATE_PUBLIC_API=1 cargo test -p xtask --test public_api` \
         and commit the listings; say it in CHANGELOG.md if users have to know.\n{}",
        changed.join("\n")
    );
}

/// A declaration for derived implementations, which the listings leave out.
const DERIVED: &str = "serde_core::de::*";

/// A new major version of a crate whose types the API shows is one of ours, so each is meant.
/// `published.rs` checks that every crate declares them.
#[test]
fn the_public_api_shows_no_types_of_others_but_those_of_the_manifest() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let metadata = MetadataCommand::new().no_deps().exec().unwrap();
    let covers = |declared: &str, path: &str| match declared.strip_suffix('*') {
        Some(begin) => path.starts_with(begin),
        None => path == declared,
    };
    for (name, _) in CRATES {
        let mut packages = metadata.packages.iter();
        let package = packages.find(|package| *package.name == name).unwrap();
        let declared = &package.metadata["cargo_check_external_types"];
        let Some(declared) = declared["allowed_external_types"].as_array() else {
            continue;
        };
        let declared: Vec<&str> = declared.iter().map(|one| one.as_str().unwrap()).collect();
        let file = root.join("crates").join(name).join("public-api.txt");
        let listing = fs::read_to_string(file).unwrap();
        let own = ["core", "alloc", "std", &name.replace('-', "_")];
        let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
        let paths = listing.split(|c| !is_path(c));
        let shown: BTreeSet<&str> = paths
            .filter(|path| {
                let (first, rest) = path.split_once("::").unwrap_or_default();
                first.starts_with(char::is_lowercase) && !rest.is_empty() && !own.contains(&first)
            })
            .collect();
        for path in &shown {
            assert!(
                declared.iter().any(|one| covers(one, path)),
                "{name} shows `{path}` and does not declare it"
            );
        }
        for one in declared.into_iter().filter(|one| *one != DERIVED) {
            assert!(
                shown.iter().any(|path| covers(one, path)),
                "{name} declares `{one}` and does not show it"
            );
        }
    }
}

/// Returns the crate's items, one per line.
fn listing(root: &Path, name: &str, features: &str) -> String {
    let wrapper = Wrapper::new(name);
    let output = Command::new(env!("CARGO"))
        .args(["rustdoc", "--quiet", "--lib", "--package", name])
        .args(["--no-default-features", "--features", features])
        .args(["--", "-Zunstable-options", "--output-format", "json"])
        .current_dir(root)
        .env("RUSTDOC", &wrapper.0)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{name}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let json = target(root)
        .join("doc")
        .join(format!("{}.json", name.replace('-', "_")));
    let api = public_api::Builder::from_rustdoc_json(json)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(true)
        .build()
        .unwrap_or_else(|error| {
            panic!("{name}: {error}; does the version of the crate `public-api` fit this rustc?")
        });
    let mut items: Vec<String> = api.items().map(|item| format!("{item}\n")).collect();
    items.sort();
    items.concat()
}

/// A wrapper that sets the switch for rustdoc's unstable JSON for rustdoc alone: build scripts read
/// it too and would run again.
struct Wrapper(PathBuf);

impl Wrapper {
    fn new(name: &str) -> Self {
        let file = std::env::temp_dir().join(format!("rustdoc-{name}-{}", std::process::id()));
        fs::write(&file, "#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec rustdoc \"$@\"\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o700)).unwrap();
        Self(file)
    }
}

impl Drop for Wrapper {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

fn difference(name: &str, written: &str, current: &str) -> String {
    let only = |one: &str, other: &str, mark: char| {
        let other: BTreeSet<_> = other.lines().collect();
        let lines = one.lines().filter(|line| !other.contains(line));
        lines
            .map(|line| format!("{mark} {line}\n"))
            .collect::<String>()
    };
    format!(
        "{name}:\n{}{}",
        only(written, current, '-'),
        only(current, written, '+')
    )
}
