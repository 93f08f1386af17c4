//! The names of the tests that a source file has.

use std::collections::BTreeSet;

/// A function is a test if an attribute that ends so stands before it, with nothing but attributes between.
pub(crate) fn rust_tests(source: &str, names: &mut BTreeSet<String>) {
    let mut is_test = false;
    for line in source.lines().map(str::trim) {
        let line = line.strip_prefix("async ").unwrap_or(line);
        if line.starts_with("#[") {
            is_test |=
                ["#[test]", "#[tokio::test]"].contains(&line) || line.starts_with("#[tokio::test(");
        } else if let Some(rest) = line.strip_prefix("fn ") {
            if is_test {
                let end = rest.find(['(', '<']).unwrap_or(rest.len());
                names.insert(rest[..end].to_owned());
            }
            is_test = false;
        }
    }
}

/// Titles that are written out. Those with parts that are filled in are [`node_test_patterns`].
pub(crate) fn node_tests(source: &str, names: &mut BTreeSet<String>) {
    for (at, _) in source.match_indices("test(\"") {
        let title = &source[at + 6..];
        names.insert(title[..title.find('"').unwrap()].to_owned());
    }
}

/// Titles of tests that are made in a loop: the constant texts around what is filled in.
#[allow(dead_code)] // one of two tests asks
pub(crate) fn node_test_patterns(source: &str) -> Vec<Vec<String>> {
    let titles = source.match_indices("test(`").map(|(at, _)| {
        let title = &source[at + 6..];
        // No title holds a back quote, and what is filled in holds no brace.
        let title = &title[..title.find('`').unwrap()];
        let mut parts = Vec::new();
        for (number, part) in title.split("${").enumerate() {
            let constant = match number {
                0 => part,
                _ => part.split_once('}').map_or("", |(_, after)| after),
            };
            parts.push(constant.to_owned());
        }
        parts
    });
    titles.collect()
}
