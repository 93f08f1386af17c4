//! Checks that the modules of a crate do not import each other in a circle. A module and what
//! contains it may: that is how Rust re-exports.
#![allow(clippy::unwrap_used)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// Circles that are still to be cut: the crate and the modules.
const KNOWN: [(&str, &str); 1] = [("countersign-resource-server", "request, response, server")];

/// A module's path from the crate's root, which is empty.
type Module = Vec<String>;

#[test]
fn the_modules_of_a_crate_do_not_import_each_other_in_a_circle() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let mut found = Vec::new();
    let mut names: Vec<_> = fs::read_dir(crates)
        .unwrap()
        .map(|entry| entry.unwrap())
        .collect();
    names.sort_by_key(fs::DirEntry::file_name);
    for entry in names {
        let name = entry.file_name().into_string().unwrap();
        let mut sources = BTreeMap::new();
        read_modules(&entry.path().join("src"), &mut Vec::new(), &mut sources);
        for circle in circles(&imports(&sources)) {
            found.push((name.clone(), circle));
        }
    }
    let found: Vec<_> = found.iter().map(|(name, it)| (&**name, &**it)).collect();
    assert_eq!(found, KNOWN, "cut the circle, or take it off the list");
}

/// The sources of all modules below a folder.
fn read_modules(folder: &Path, module: &mut Module, sources: &mut BTreeMap<Module, String>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            module.push(name);
            read_modules(&path, module, sources);
            module.pop();
        } else if path.extension().is_some_and(|it| it == "rs") && name != "tests" {
            let mut own = module.clone();
            if !matches!(&*name, "lib" | "main" | "mod") {
                own.push(name);
            }
            let text = without_tests_and_comments(&fs::read_to_string(&path).unwrap());
            sources.entry(own).or_default().push_str(&text);
        }
    }
}

/// Test modules stand at the end of their file, and may use what they want.
fn without_tests_and_comments(text: &str) -> String {
    let mut lines = text.lines().peekable();
    let mut kept = String::new();
    while let Some(line) = lines.next() {
        let is_test = line.starts_with("#[cfg(test)]") || line.starts_with("#[cfg(all(test");
        if is_test && lines.peek().is_some_and(|next| next.ends_with('{')) {
            break;
        }
        kept.push_str(line.split("//").next().unwrap());
        kept.push('\n');
    }
    kept
}

/// Which siblings each module needs, by the module that contains both.
fn imports(sources: &BTreeMap<Module, String>) -> BTreeMap<Module, BTreeSet<(String, String)>> {
    let mut imports: BTreeMap<Module, BTreeSet<_>> = BTreeMap::new();
    for (module, text) in sources {
        for path in paths(module, text) {
            let depth = (0..=path.len())
                .rev()
                .find(|&length| sources.contains_key(&path[..length]))
                .unwrap_or_default();
            let target = &path[..depth];
            let common = module
                .iter()
                .zip(target)
                .take_while(|(one, other)| one == other)
                .count();
            if let (Some(from), Some(to)) = (module.get(common), target.get(common)) {
                let siblings = imports.entry(module[..common].to_vec()).or_default();
                siblings.insert((from.clone(), to.clone()));
            }
        }
    }
    imports
}

/// Every path in a module's source that begins with `crate` or `super`, from the crate's root.
fn paths(module: &Module, text: &str) -> Vec<Module> {
    let mut found = Vec::new();
    for word in ["crate::", "super::"] {
        for (at, _) in text.match_indices(word) {
            let before = text[..at].chars().next_back();
            if before.is_some_and(|it| it.is_alphanumeric() || matches!(it, '_' | ':' | '$')) {
                continue;
            }
            let mut rest = &text[at..];
            let mut start = module.clone();
            if word == "crate::" {
                start.clear();
                rest = &rest[word.len()..];
            }
            while let Some(further) = rest.strip_prefix("super::") {
                start.pop();
                rest = further;
            }
            read_tree(rest, &start, &mut found);
        }
    }
    found
}

/// Reads a path or a tree of `use`; returns what follows it.
fn read_tree<'a>(text: &'a str, start: &Module, found: &mut Vec<Module>) -> &'a str {
    let text = text.trim_start();
    if let Some(mut rest) = text.strip_prefix('{') {
        loop {
            rest = read_tree(rest, start, found).trim_start();
            if let Some(after) = rest.split_once(" as ").filter(|_| rest.starts_with("as ")) {
                rest = after.1;
            }
            match rest.chars().next() {
                Some(',') => rest = &rest[1..],
                Some('}') => return &rest[1..],
                Some(_) => rest = rest.split_once([',', '}']).map_or("", |(_, it)| it),
                None => return rest,
            }
            if rest.trim_start().starts_with('}') {
                return &rest.trim_start()[1..];
            }
        }
    }
    let length = text
        .find(|it: char| !it.is_alphanumeric() && it != '_')
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(length);
    let mut path = start.clone();
    path.push(name.to_owned());
    match rest.strip_prefix("::") {
        Some(rest) => read_tree(rest, &path, found),
        None => {
            found.push(path);
            rest
        }
    }
}

/// The groups of siblings that need each other, each in one line.
fn circles(imports: &BTreeMap<Module, BTreeSet<(String, String)>>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (parent, direct) in imports {
        let mut all = direct.clone();
        loop {
            let further: Vec<_> = all
                .iter()
                .flat_map(|(from, via)| {
                    let onward = direct.iter().filter(move |(it, _)| it == via);
                    onward.map(move |(_, to)| (from.clone(), to.clone()))
                })
                .filter(|pair| !all.contains(pair))
                .collect();
            if further.is_empty() {
                break;
            }
            all.extend(further);
        }
        for (name, _) in direct {
            if all.contains(&(name.clone(), name.clone())) {
                let is_in_it = |it: &&(String, String)| {
                    it.0 == *name && all.contains(&(it.1.clone(), name.clone()))
                };
                let members: Vec<_> = all.iter().filter(is_in_it).map(|it| &*it.1).collect();
                let room = if parent.is_empty() {
                    String::new()
                } else {
                    format!("{}: ", parent.join("::"))
                };
                found.insert(room + &members.join(", "));
            }
        }
    }
    found
}

#[test]
fn a_circle_is_found_and_a_parent_is_none() {
    let sources = |files: &[(&str, &str)]| {
        let files = files.iter();
        files
            .map(|(module, text)| {
                let module: Module = module.split("::").map(String::from).collect();
                let module = module.into_iter().filter(|it| !it.is_empty()).collect();
                (module, without_tests_and_comments(text))
            })
            .collect()
    };
    let of = |files: &[(&str, &str)]| -> Vec<String> {
        circles(&imports(&sources(files))).into_iter().collect()
    };
    assert_eq!(
        of(&[
            ("", "mod a; mod b; mod c; pub use a::A;"),
            ("a", "use crate::{b::{B, Other as X}, c::C};"),
            ("b", "fn f() { crate::c::g() }"),
            ("c", "use super::a::A;"),
        ]),
        ["a, b, c"]
    );
    assert_eq!(
        of(&[
            ("", "mod a; mod b; pub use b::B;"),
            ("a", "use crate::B; // use crate::b::B;"),
            (
                "b",
                "use crate::a::A;\n#[cfg(test)]\nmod tests {\n use crate::a::A;\n}"
            ),
            ("b::c", "use super::d::D; use super::B;"),
            ("b::d", "use super::c::C;"),
        ]),
        ["b: c, d"]
    );
}
