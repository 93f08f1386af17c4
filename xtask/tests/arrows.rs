//! Checks the architecture's dependency rules against `cargo metadata` (normal and build
//! dependencies).
#![allow(clippy::expect_used, clippy::unwrap_used)]

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use cargo_metadata::{CargoOpt, DependencyKind, Metadata, MetadataCommand, Package};

/// What the protocol crate may depend on, and only behind a feature. `serde_core` is serde_json's
/// trait crate: our visitor sees the duplicate members that `serde_json::Value` hides. The crates
/// behind `rust-crypto` and `rust-digests` are the second back end, for wasm32, where aws-lc-rs is not
/// available.
const PROTOCOL_MAY_USE: [&str; 14] = [
    "aws-lc-rs",
    "ed25519-dalek",
    "hmac",
    "memchr",
    "p256",
    "p384",
    "p521",
    "rsa",
    "serde_core",
    "serde_json",
    "sha2",
    "siphasher",
    "thiserror",
    "zeroize",
];

/// The crates of ours that each crate may name. A crate without a row fails the test: add it with
/// its dependencies.
const ARROWS: [(&str, &[&str]); 11] = [
    ("countersign", &[]),
    ("countersign-client", &["countersign"]),
    ("countersign-resource-server", &["countersign"]),
    ("countersign-authorization-server", &["countersign"]),
    (
        "countersign-browser",
        &["countersign", "countersign-client"],
    ),
    (
        "countersign-server-wasm",
        &["countersign", "countersign-resource-server"],
    ),
    (
        "countersign-cli",
        &[
            "countersign",
            "countersign-authorization-server",
            "countersign-client",
            "countersign-resource-server",
        ],
    ),
    ("example-api", &["countersign-resource-server"]),
    ("example-native", &["countersign-client"]),
    ("readme-tests", &[]),
    // The catalogue of errors and the numbers of the boundary, from which it writes TypeScript.
    ("xtask", &["countersign-browser", "countersign-client"]),
];

/// Dependencies that one role needs and others must not pay for: (our crate, dependency, the
/// feature that enables it).
const BEHIND_FEATURES: [(&str, &str, &str); 27] = [
    ("countersign", "aws-lc-rs", "aws-lc-rs"),
    ("countersign", "ed25519-dalek", "rust-crypto"),
    ("countersign", "hmac", "rust-digests"),
    ("countersign", "p256", "rust-crypto"),
    ("countersign", "p384", "rust-crypto"),
    ("countersign", "p521", "rust-crypto"),
    ("countersign", "rsa", "rust-crypto"),
    ("countersign", "sha2", "rust-digests"),
    ("countersign", "siphasher", "verify"),
    ("countersign", "memchr", "json"),
    ("countersign", "serde_core", "json"),
    ("countersign", "serde_json", "json"),
    ("countersign", "thiserror", "json"),
    ("countersign", "zeroize", "sign"),
    ("countersign-client", "aws-lc-rs", "native"),
    ("countersign-client", "hyper", "native"),
    ("countersign-client", "reqwest", "native"),
    ("countersign-client", "serde_json", "native"),
    ("countersign-client", "tokio", "native"),
    ("countersign-client", "zeroize", "native"),
    ("countersign-resource-server", "aws-lc-rs", "aws-lc-rs"),
    ("countersign-resource-server", "axum", "axum"),
    ("countersign-resource-server", "reqwest", "https"),
    ("countersign-resource-server", "serde", "remote-keys"),
    ("countersign-resource-server", "tokio", "discovery"),
    ("countersign-resource-server", "tower", "tower"),
    ("countersign-resource-server", "tower-http", "cors"),
];

#[test]
fn arrows_run_one_way() {
    let metadata = metadata(&[]);
    let members = members(&metadata);
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.into_iter().collect();
    for (name, package) in &members {
        let allowed = allowed
            .get(name)
            .unwrap_or_else(|| panic!("{name} has no row in ARROWS"));
        for dependency in direct(package) {
            let is_ours = members.contains_key(dependency.as_str());
            assert!(
                !is_ours || allowed.contains(&dependency.as_str()),
                "{name} must not depend on {dependency}"
            );
        }
    }
}

#[test]
fn arrows_never_join_client_and_resource_server_by_a_detour() {
    let metadata = metadata(&[CargoOpt::AllFeatures]);
    for (from, to) in [
        ("countersign-client", "countersign-resource-server"),
        ("countersign-resource-server", "countersign-client"),
        ("countersign-client", "countersign-authorization-server"),
        ("countersign-browser", "countersign-resource-server"),
    ] {
        assert!(
            !reachable(&metadata, from).contains(to),
            "{from} reaches {to}"
        );
    }
}

/// The resource server's decision builds for a host without an operating system, which gives keys, clock,
/// random bytes and replay store.
#[test]
fn the_resource_servers_decision_needs_no_runtime_and_no_c() {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "-p", "countersign-resource-server"])
        .args(["--no-default-features", "--features", "rust-crypto"])
        .args(["--target", "wasm32-unknown-unknown", "-e", "normal,build"])
        .args(["--prefix", "none", "--format", "{p}"])
        .output()
        .unwrap();
    assert!(output.status.success());
    let tree = String::from_utf8(output.stdout).unwrap();
    let names: BTreeSet<&str> = tree
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert!(names.contains("p256"), "{names:?}");
    for absent in [
        "aws-lc-rs",
        "axum",
        "cc",
        "reqwest",
        "tokio",
        "tower",
        "tower-http",
    ] {
        assert!(!names.contains(absent), "{absent}");
    }
}

/// Enabling `fips` on any crate enables it in every crate below.
#[test]
fn fips_is_passed_on_by_every_crate_that_uses_aws_lc() {
    let metadata = metadata(&[]);
    let mut found = 0;
    for package in metadata.workspace_packages() {
        let is_published = !package.publish.as_ref().is_some_and(Vec::is_empty);
        for dependency in shipped(package).filter(|_| is_published) {
            let is_ours = members(&metadata)
                .get(dependency.name.as_str())
                .is_some_and(|ours| ours.features.contains_key("fips"));
            // The engine of countersign-client does not use countersign's cryptography.
            let needs_none = package.name == "countersign-client" && is_ours;
            if dependency.name != "aws-lc-rs" && !is_ours || needs_none {
                continue;
            }
            let brings = package.features.get("fips");
            let brings = brings.unwrap_or_else(|| panic!("{} has no fips", package.name));
            let ways = ["", "?"].map(|optional| format!("{}{optional}/fips", dependency.name));
            assert!(
                ways.iter().any(|way| brings.contains(way)),
                "the feature fips of {} does not enable that of {}",
                package.name,
                dependency.name
            );
            found += 1;
        }
    }
    assert!(found >= 9, "{found}");
}

/// bindgen, which builds the FIPS module, passes syntax trees to prettyplease. It does not compile
/// with two versions of `syn`, and cargo may choose two
/// (`cargo update -p prettyplease --precise 0.2.37`, and `syn 2` for bindgen in Cargo.lock).
#[test]
fn fips_builds_with_one_version_of_syn() {
    let metadata = metadata(&[CargoOpt::AllFeatures]);
    let nodes = metadata.resolve.expect("a resolved graph").nodes;
    let syn_of = |name: &str| {
        let package = metadata
            .packages
            .iter()
            .find(|package| *package.name == name);
        let package = package.unwrap_or_else(|| panic!("no {name}: remove this test"));
        let node = nodes.iter().find(|node| node.id == package.id);
        let dependencies = &node.expect("a node").deps;
        let syn = dependencies.iter().find(|one| one.name == "syn");
        syn.expect("it uses syn").pkg.clone()
    };
    assert_eq!(syn_of("bindgen"), syn_of("prettyplease"));
}

#[test]
fn nothing_depends_on_cli_or_xtask() {
    let metadata = metadata(&[]);
    for (name, package) in members(&metadata) {
        for dependency in &package.dependencies {
            assert!(
                !["countersign-cli", "xtask"].contains(&dependency.name.as_str()),
                "{name} depends on {}",
                dependency.name
            );
        }
    }
}

#[test]
fn protocol_crate_uses_the_allow_list_only_and_each_behind_a_feature() {
    let metadata = metadata(&[]);
    let protocol = members(&metadata)["countersign"];
    for dependency in shipped(protocol) {
        assert!(
            PROTOCOL_MAY_USE.contains(&dependency.name.as_str()),
            "the protocol crate depends on {}: every addition is a decision for the whole project",
            dependency.name
        );
        assert!(dependency.optional, "{} is not optional", dependency.name);
    }
}

#[test]
fn browser_engine_has_no_dependency_but_our_own_crates() {
    let metadata = metadata(&[
        CargoOpt::SomeFeatures(Vec::new()),
        CargoOpt::NoDefaultFeatures,
    ]);
    let ours: BTreeSet<String> = members(&metadata).into_keys().map(str::to_owned).collect();
    let members = members(&metadata);
    for name in ["countersign-browser", "countersign-client"] {
        for dependency in shipped(members[name]).filter(|dependency| !dependency.optional) {
            assert!(
                ours.contains(&dependency.name),
                "{name} depends on {}",
                dependency.name
            );
        }
    }
}

#[test]
fn dear_dependencies_stand_behind_features_named_after_them() {
    let metadata = metadata(&[]);
    let members = members(&metadata);
    for (name, dependency, feature) in BEHIND_FEATURES {
        let package = members[name];
        let found = shipped(package).find(|found| found.name == dependency);
        let found =
            found.unwrap_or_else(|| panic!("{name} no longer uses {dependency}: remove the row"));
        assert!(found.optional, "{dependency} is not optional in {name}");
        let brings = package
            .features
            .get(feature)
            .unwrap_or_else(|| panic!("{name} has no feature {feature}"));
        assert!(
            brings.contains(&format!("dep:{dependency}")),
            "the feature {feature} of {name} does not enable {dependency}"
        );
    }
}

/// Cargo may choose any version that the bound allows, and an older one may read JSON less
/// strictly.
#[test]
fn what_reads_json_is_no_older_than_what_is_tested() {
    let metadata = metadata(&[]);
    for package in members(&metadata).into_values() {
        for dependency in shipped(package) {
            if !["serde_json", "serde_core"].contains(&dependency.name.as_str()) {
                continue;
            }
            let [bound] = &dependency.req.comparators[..] else {
                panic!("{} has bounds that this test can't read", dependency.name);
            };
            assert!(
                bound.minor.is_some() && bound.patch.is_some_and(|patch| patch > 0),
                "{} depends on {} {}: name the oldest version that the tests have run with",
                package.name,
                dependency.name,
                dependency.req
            );
        }
    }
}

fn metadata(options: &[CargoOpt]) -> Metadata {
    let mut command = MetadataCommand::new();
    command.manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"));
    for option in options {
        command.features(option.clone());
    }
    command
        .other_options(vec!["--locked".into()])
        .exec()
        .expect("cargo metadata")
}

fn members(metadata: &Metadata) -> BTreeMap<&str, &Package> {
    metadata
        .workspace_packages()
        .into_iter()
        .map(|package| (package.name.as_str(), package))
        .collect()
}

/// Returns normal and build dependencies, optional ones included.
fn shipped(package: &Package) -> impl Iterator<Item = &cargo_metadata::Dependency> {
    package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind != DependencyKind::Development)
}

fn direct(package: &Package) -> impl Iterator<Item = &String> {
    shipped(package).map(|dependency| &dependency.name)
}

/// Returns the names of all packages that `from` reaches through normal and build dependencies.
fn reachable<'a>(metadata: &'a Metadata, from: &str) -> BTreeSet<&'a str> {
    let resolve = metadata.resolve.as_ref().expect("a resolved graph");
    let nodes: BTreeMap<_, _> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let mut open = vec![&members(metadata)[from].id];
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        for dependency in &nodes[id].deps {
            let is_shipped = dependency
                .dep_kinds
                .iter()
                .any(|kind| kind.kind != DependencyKind::Development);
            if is_shipped && seen.insert(&dependency.pkg) {
                open.push(&dependency.pkg);
            }
        }
    }
    seen.into_iter()
        .map(|id| metadata[id].name.as_str())
        .collect()
}
