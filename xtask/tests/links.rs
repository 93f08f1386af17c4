//! Checks the links of the Markdown pages: the file exists in the repository, and the page has the
//! heading if the link names one. Addresses of our own repository are read as its files. Other
//! servers are not contacted.
#![allow(clippy::unwrap_used)]

use std::{
    collections::BTreeMap,
    fs,
    path::{Component, Path, PathBuf},
};

const REPOSITORY: &str = "https://github.com/countersign/countersign/";

/// Pages where readers start. The test must find each of them.
const PAGES: [&str; 15] = [
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "README.md",
    "SECURITY.md",
    "conformance/README.md",
    "crates/countersign/README.md",
    "crates/countersign-authorization-server/README.md",
    "crates/countersign-cli/README.md",
    "crates/countersign-client/README.md",
    "crates/countersign-resource-server/README.md",
    "docs/README.md",
    "examples/README.md",
    "interop/README.md",
    "packages/countersign/README.md",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .into()
}

/// Returns every Markdown file of the repository, by its path. The pages of the manual are left
/// out: rustdoc checks them.
fn pages() -> BTreeMap<String, String> {
    let mut pages = BTreeMap::new();
    let mut directories = vec![root()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if !["node_modules", "target", "dist", "src", ".git"].contains(&name.as_str()) {
                    directories.push(path);
                }
            } else if name.ends_with(".md") {
                let page = path.strip_prefix(root()).unwrap();
                let page = page.to_string_lossy().into_owned();
                pages.insert(page, fs::read_to_string(&path).unwrap());
            }
        }
    }
    pages
}

/// Returns the lines of text, without fenced blocks and without code in back quotes.
fn prose(page: &str) -> String {
    let mut prose = String::new();
    let mut is_code = false;
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            prose.push_str(line);
            prose.push('\n');
        }
    }
    prose
}

/// Returns the addresses of inline links, images and reference definitions.
fn links(page: &str) -> Vec<String> {
    let prose = prose(page);
    let mut links = Vec::new();
    for (at, _) in prose.match_indices("](") {
        let rest = &prose[at + 2..];
        let address = &rest[..rest.find([')', '\n']).unwrap()];
        // `[text](address "title")`
        links.push(address.split(' ').next().unwrap().to_owned());
    }
    for line in prose.lines().filter(|line| line.starts_with('[')) {
        if let Some((_, address)) = line.split_once("]: ") {
            links.push(address.to_owned());
        }
    }
    links
}

/// Returns the anchors that GitHub gives a page's headings.
fn anchors(page: &str) -> Vec<String> {
    let mut anchors: Vec<String> = Vec::new();
    for line in prose(page).lines().filter(|line| line.starts_with('#')) {
        let heading = line.trim_start_matches('#').trim().to_lowercase();
        let kept = heading.chars().filter_map(|c| match c {
            ' ' => Some('-'),
            '-' | '_' => Some(c),
            _ => c.is_alphanumeric().then_some(c),
        });
        let anchor: String = kept.collect();
        let same = anchors.iter().filter(|one| **one == anchor).count();
        anchors.push(match same {
            0 => anchor,
            _ => format!("{anchor}-{same}"),
        });
    }
    anchors
}

/// Resolves a path relative to a page, removing `.` and `..`.
fn resolve(page: &str, path: &str) -> PathBuf {
    let mut resolved = PathBuf::new();
    let start = Path::new(page).parent().unwrap().join(path);
    for component in start.components() {
        match component {
            Component::ParentDir => assert!(resolved.pop(), "{page}: {path}"),
            Component::CurDir => {}
            other => resolved.push(other),
        }
    }
    resolved
}

/// Returns what is wrong with a link of a page.
fn problem(pages: &BTreeMap<String, String>, page: &str, link: &str) -> Option<String> {
    let (address, anchor) = match link.split_once('#') {
        Some((address, anchor)) => (address, Some(anchor)),
        None => (link, None),
    };
    let file = if let Some(path) = address.strip_prefix(REPOSITORY) {
        match path.split_once("/main/") {
            Some(("blob" | "tree" | "raw", file)) => PathBuf::from(file),
            // Issues and advisories are pages of the forge.
            _ => return None,
        }
    } else if address.contains("://") || address.starts_with("mailto:") {
        return None;
    } else if address.is_empty() {
        PathBuf::from(page)
    } else {
        resolve(page, address)
    };
    if !root().join(&file).exists() {
        return Some(format!("{page}: there is no {link}"));
    }
    let target = pages.get(&*file.to_string_lossy());
    match (anchor, target) {
        // A heading of a folder's README, which GitHub shows under the folder.
        (Some("readme"), None) if root().join(&file).join("README.md").exists() => None,
        (Some(anchor), Some(target)) if !anchors(target).iter().any(|one| one == anchor) => {
            Some(format!("{page}: no heading for {link}"))
        }
        (Some(_), None) => Some(format!("{page}: {link} is not a page")),
        _ => None,
    }
}

#[test]
fn every_link_leads_to_a_file_and_a_heading_that_exist() {
    let pages = pages();
    for page in PAGES {
        assert!(pages.contains_key(page), "there is no {page}");
    }
    let mut found = 0;
    let mut problems = Vec::new();
    for (page, text) in &pages {
        for link in links(text) {
            found += 1;
            problems.extend(problem(&pages, page, &link));
        }
    }
    assert!(found > 100, "{found}");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn the_issue_forms_and_manifests_link_to_what_exists() {
    let pages = pages();
    for file in [
        ".github/ISSUE_TEMPLATE/bug.yml",
        ".github/ISSUE_TEMPLATE/config.yml",
        "packages/countersign/package.json",
    ] {
        let text = fs::read_to_string(root().join(file)).unwrap();
        let mut found = 0;
        for (at, _) in text.match_indices(REPOSITORY) {
            let rest = &text[at..];
            let end = rest.find([')', '"', '\n', ' ']).unwrap();
            assert_eq!(problem(&pages, file, &rest[..end]), None);
            found += 1;
        }
        assert!(found > 0, "{file}");
    }
}

#[test]
fn what_is_not_there_is_missed() {
    let page = "# A page\n[a](b.md#c) ![d](e.png \"f\")\n```\n[g](h)\n```\n[i]: j.md\n## Who `runs` it?\n## A page\n";
    assert_eq!(links(page), ["b.md#c", "e.png", "j.md"]);
    assert_eq!(anchors(page), ["a-page", "who-runs-it", "a-page-1"]);
    assert_eq!(resolve("docs/a.md", "../README.md"), Path::new("README.md"));
    let pages = BTreeMap::from([("README.md".to_owned(), page.to_owned())]);
    let wrong = |link: &str| problem(&pages, "README.md", link).is_some();
    assert!(!wrong("#who-runs-it") && !wrong("README.md#a-page-1") && !wrong("docs"));
    assert!(wrong("#who-runs") && wrong("none.md") && wrong("Cargo.toml#a-page"));
    let ours = format!("{REPOSITORY}blob/main/");
    assert!(!wrong(&format!("{ours}README.md#a-page")) && !wrong("https://example.com/x"));
    assert!(wrong(&format!("{ours}README.md#b")) && wrong(&format!("{ours}none.md")));
    assert!(!wrong(&format!("{REPOSITORY}security/advisories/new")));
}
