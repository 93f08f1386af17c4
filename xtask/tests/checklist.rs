//! Checks the table of RFC 9449's requirements (`countersign::manual::checklist`) against the code:
//! it has every row, and the functions and tests that it names exist.
#![allow(clippy::unwrap_used)]

mod names;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use names::{node_tests, rust_tests};

/// The letters of the rows, and how many rows each has.
const ROWS: [(char, usize); 7] = [
    ('P', 8),
    ('V', 16),
    ('T', 7),
    ('R', 7),
    ('N', 8),
    ('C', 3),
    ('S', 10),
];

struct Row {
    id: String,
    places: Vec<String>,
    rust_tests: Vec<String>,
    browser_tests: Vec<String>,
}

#[test]
fn every_requirement_has_a_row() {
    let expected: Vec<String> = ROWS
        .iter()
        .flat_map(|(letter, count)| (1..=*count).map(move |number| format!("{letter}{number}")))
        .collect();
    let ids: Vec<String> = rows().into_iter().map(|row| row.id).collect();
    assert_eq!(ids, expected);
}

#[test]
fn every_function_of_the_table_exists() {
    for row in rows() {
        assert!(!row.places.is_empty(), "{} names no function", row.id);
        for place in row.places {
            let (path, item) = place.rsplit_once("::").unwrap();
            let source = fs::read_to_string(file(path)).unwrap();
            let is_there = ["fn", "struct", "enum", "trait"].iter().any(|kind| {
                let declaration = format!("{kind} {item}");
                let mut found = source.match_indices(&declaration);
                found.any(|(at, _)| !continues(&source[at + declaration.len()..]))
            });
            // A macro makes two types from their names, each alone on a line.
            let is_made = source.lines().any(|line| line.trim() == item);
            assert!(is_there || is_made, "{}: there is no {place}", row.id);
        }
    }
}

#[test]
fn every_test_of_the_table_exists_and_each_row_is_named_by_one() {
    let known = tests(&root().join("crates"), "rs", rust_tests);
    let in_browser = tests(&root().join("packages/countersign/test"), "mjs", node_tests);
    for row in rows() {
        for name in &row.rust_tests {
            assert!(known.contains(name), "{}: there is no test {name}", row.id);
        }
        for title in &row.browser_tests {
            assert!(in_browser.contains(title), "{}: no test {title}", row.id);
        }
        let id = row.id.to_lowercase();
        let all = row.rust_tests.iter().chain(&row.browser_tests);
        let mut naming = all.filter(|name| name.split('_').any(|part| part == id));
        assert!(
            naming.next().is_some(),
            "{}: no test is named after it",
            row.id
        );
    }
}

/// If a test's name starts with an ID, the table must have that row.
#[test]
fn tests_are_named_after_rows_that_there_are() {
    let counts: BTreeMap<char, usize> = ROWS.into_iter().collect();
    for name in tests(&root().join("crates"), "rs", rust_tests) {
        let id = name.split('_').next().unwrap();
        let Some(letter) = id.chars().next().map(|letter| letter.to_ascii_uppercase()) else {
            continue;
        };
        let number = id[1..].parse::<usize>();
        if let (Ok(number), Some(count)) = (number, counts.get(&letter)) {
            assert!((1..=*count).contains(&number), "{name}: no row {id}");
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .into()
}

fn rows() -> Vec<Row> {
    let page = root().join("crates/countersign/src/manual/checklist.md");
    let page = fs::read_to_string(page).unwrap();
    let lines = page.lines().filter(|line| line.starts_with("| "));
    let lines = lines.filter(|line| !line.starts_with("| row "));
    lines
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches(['|', ' ']).split(" | ").collect();
            let [id, kind, _, places, tests] = cells[..] else {
                panic!("not five cells: {line}");
            };
            assert!(["M", "S", "O"].contains(&kind), "{line}");
            Row {
                id: id.to_owned(),
                places: quoted(places, '`'),
                rust_tests: quoted(tests, '`'),
                browser_tests: quoted(tests, '"'),
            }
        })
        .collect()
}

/// Returns the texts between pairs of `mark`.
fn quoted(text: &str, mark: char) -> Vec<String> {
    let parts = text.split(mark).skip(1).step_by(2);
    parts.map(Into::into).collect()
}

/// Returns the file of a module's path. A path without a crate is in the protocol crate.
fn file(path: &str) -> PathBuf {
    let mut parts: Vec<&str> = path.split("::").collect();
    let krate = if parts[0].starts_with("countersign_") {
        parts.remove(0).replace('_', "-")
    } else {
        "countersign".to_owned()
    };
    let source = root().join("crates").join(krate).join("src");
    let module = source.join(parts.join("/"));
    let candidates = [module.with_extension("rs"), module.join("mod.rs")];
    let existing = candidates.into_iter().find(|file| file.exists());
    existing.unwrap_or_else(|| panic!("there is no module {path}"))
}

fn continues(rest: &str) -> bool {
    rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// Returns the names of all tests in files of this kind.
fn tests(
    directory: &Path,
    extension: &str,
    read: fn(&str, &mut BTreeSet<String>),
) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|one| one == extension) {
                read(&fs::read_to_string(path).unwrap(), &mut names);
            }
        }
    }
    names
}
