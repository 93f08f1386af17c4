//! Checks that the modules of each crate use each other in one direction: what is shared stands
//! below what uses it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod modules;

use std::{fs, path::Path};

use cargo_metadata::{Metadata, MetadataCommand, TargetKind};
use modules::{Circle, Modules};

/// Circles that are known: (crate, the module in which they stand, its children in the circle).
/// This list can only become shorter.
const KNOWN: [(&str, &str, &[&str]); 0] = [];

#[test]
fn no_modules_use_each_other_in_a_circle() {
    let mut found = Vec::new();
    let mut modules = 0;
    for (name, root) in roots() {
        let read = Modules::read(Path::new(&root));
        modules += read.len();
        found.extend(
            read.circles()
                .into_iter()
                .map(|circle| (name.clone(), circle)),
        );
    }
    assert!(modules > 200, "{modules}");
    let same = |known: &(&str, &str, &[&str]), name: &str, circle: &Circle| {
        known.0 == name && known.1 == circle.parent && known.2 == circle.children
    };
    let new = found
        .iter()
        .filter(|(name, circle)| !KNOWN.iter().any(|known| same(known, name, circle)));
    let new: Vec<String> = new.map(|(name, circle)| describe(name, circle)).collect();
    assert!(new.is_empty(), "{}", new.join("\n"));
    for known in &KNOWN {
        assert!(
            found.iter().any(|(name, circle)| same(known, name, circle)),
            "{known:?} is gone: remove its row"
        );
    }
}

fn describe(name: &str, circle: &Circle) -> String {
    let uses = circle.uses.join("\n    ");
    format!(
        "{name} `{}` {:?}:\n    {uses}",
        circle.parent, circle.children
    )
}

/// Returns the roots of all libraries and programs of ours, each with the name of its crate.
fn roots() -> Vec<(String, String)> {
    let metadata: Metadata = MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo metadata");
    let mut roots = Vec::new();
    for package in &metadata.packages {
        for target in &package.targets {
            let is_test = |kind: &TargetKind| {
                matches!(
                    kind,
                    TargetKind::Bench
                        | TargetKind::CustomBuild
                        | TargetKind::Example
                        | TargetKind::Test
                )
            };
            if !target.kind.iter().any(is_test) {
                roots.push((package.name.to_string(), target.src_path.to_string()));
            }
        }
    }
    roots
}

/// Writes a crate with these files and returns its circles: the module in which each stands, with
/// its children.
fn circles_of(name: &str, files: &[(&str, &str)]) -> Vec<(String, Vec<String>)> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    for (file, text) in files {
        let file = folder.join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    let circles = Modules::read(&folder.join("lib.rs")).circles();
    circles
        .into_iter()
        .map(|circle| (circle.parent, circle.children))
        .collect()
}

fn in_the_root(children: &[&str]) -> Vec<(String, Vec<String>)> {
    let children = children.iter().map(|&child| child.to_owned());
    vec![(String::new(), children.collect())]
}

#[test]
fn a_circle_is_found_however_the_use_is_written() {
    let b = ("b.rs", "pub struct B(crate::a::A);");
    for (name, text) in [
        ("import", "use crate::b::B; pub struct A;"),
        ("list", "use crate::{b::{self, B}, c}; pub struct A;"),
        ("renamed", "use crate::b as other; pub struct A(other::B);"),
        ("super", "pub struct A(super::b::B);"),
        ("named-again", "pub struct A(crate::B);"),
        ("glob", "use crate::b::*; pub struct A;"),
        ("in-a-body", "pub struct A; fn f() { let _ = crate::b::B; }"),
        (
            "macro",
            "pub struct A; fn f() { print!(\"{}\", crate::b::B); }",
        ),
        (
            "attribute",
            "#[serde(with = \"crate::b::B\")] pub struct A;",
        ),
        (
            "child",
            "pub struct A; mod inner { use super::super::b::B; }",
        ),
    ] {
        let root = ("lib.rs", "mod a; mod b; mod c; pub use b::B;");
        let files = [root, ("a.rs", text), b, ("c.rs", "")];
        assert_eq!(circles_of(name, &files), in_the_root(&["a", "b"]), "{name}");
    }
}

#[test]
fn a_circle_inside_a_room_or_by_way_of_a_third_is_found() {
    let files = [
        ("lib.rs", "mod room; mod other;"),
        ("room/mod.rs", "mod a; mod b; mod c; pub use c::*;"),
        ("room/a.rs", "use super::b::B;"),
        ("room/b.rs", "pub struct B(super::C);"),
        ("room/c.rs", "pub struct C; use crate::room::a;"),
        ("other.rs", "use crate::room::C;"),
    ];
    let found = circles_of("third", &files);
    let inside = ["a", "b", "c"].map(String::from).to_vec();
    assert_eq!(found, [("room".to_owned(), inside)]);
}

#[test]
fn parents_children_and_tests_make_no_circle() {
    let files = [
        ("lib.rs", "mod a; mod b; pub use a::A; pub struct Root;"),
        (
            "a.rs",
            "mod inner; use inner::In; pub struct A(In); use crate::b::B;",
        ),
        (
            "a/inner.rs",
            "use super::A; use crate::Root; pub struct In;",
        ),
        (
            "b.rs",
            "pub struct B; #[cfg(test)] mod tests { use crate::a::A; } #[cfg(test)] use crate::a;",
        ),
    ];
    assert_eq!(circles_of("none", &files), []);
}
