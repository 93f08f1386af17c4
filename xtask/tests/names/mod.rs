//! Finds the names of the tests in a source file.

use std::collections::BTreeSet;

/// Collects the functions that have a test attribute, with only other attributes in between.
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

/// Collects the titles that are string constants. [`node_test_patterns`] finds those with parts
/// that are filled in.
pub(crate) fn node_tests(source: &str, names: &mut BTreeSet<String>) {
    for (at, _) in source.match_indices("test(\"") {
        let title = &source[at + 6..];
        names.insert(title[..title.find('"').unwrap()].to_owned());
    }
}

/// Returns the titles of tests that are made in a loop, each as the constant texts around the parts
/// that are filled in.
#[allow(dead_code)] // only one of two tests uses it
pub(crate) fn node_test_patterns(source: &str) -> Vec<Vec<String>> {
    let titles = source.match_indices("test(`").map(|(at, _)| {
        let title = &source[at + 6..];
        // No title contains a back quote, and no filled-in expression contains a brace.
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
