//! Parses `.github`, and checks what our supply chain relies on. Only GitHub reads that folder, so
//! a mistake there would show only after a push, or at a release.
#![allow(clippy::expect_used, clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use saphyr::{LoadableYamlNode as _, Yaml};

fn read(name: &str) -> String {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    fs::read_to_string(root.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn parse<'a>(name: &str, text: &'a str) -> Yaml<'a> {
    let mut documents = Yaml::load_from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(documents.len(), 1, "{name}");
    documents.remove(0)
}

fn workflow_names() -> Vec<String> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../.github/workflows");
    let mut names: Vec<String> = fs::read_dir(directory)
        .expect("workflows")
        .map(|entry| entry.expect("an entry").file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Calls `found` for each mapping entry of that name, at any depth.
fn each(node: &Yaml<'_>, name: &str, found: &mut impl FnMut(&Yaml<'_>)) {
    for (key, value) in node.as_mapping().into_iter().flatten() {
        if key.as_str() == Some(name) {
            found(value);
        }
        each(value, name, found);
    }
    for value in node.as_sequence().into_iter().flatten() {
        each(value, name, found);
    }
}

fn runs(workflow: &Yaml<'_>) -> Vec<String> {
    let mut runs = Vec::new();
    each(workflow, "run", &mut |run| {
        // `defaults.run` is a mapping, which this skips.
        runs.extend(run.as_str().map(str::to_owned));
    });
    runs
}

fn is_a_version(text: &str) -> bool {
    let is_sha = text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let numbers: Vec<&str> = text.strip_prefix('v').unwrap_or("").split('.').collect();
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    is_sha || numbers.len() == 3 && numbers.iter().all(is_number)
}

#[test]
fn every_workflow_may_read_and_no_more_and_names_its_actions_by_version() {
    assert_eq!(workflow_names(), ["audit.yml", "ci.yml", "release.yml"]);
    for name in workflow_names() {
        let text = read(&format!(".github/workflows/{name}"));
        let workflow = parse(&name, &text);
        let permissions = workflow["permissions"].as_mapping().expect("permissions");
        assert_eq!(permissions.len(), 1, "{name}");
        assert_eq!(workflow["permissions"]["contents"].as_str(), Some("read"));
        let mut actions = 0;
        each(&workflow, "uses", &mut |action| {
            let action = action.as_str().expect("an action");
            let version = action.split_once('@').map(|(_, version)| version);
            let is_ours = action.starts_with("./") && version.is_none();
            assert!(
                is_ours || version.is_some_and(is_a_version),
                "{name}: {action}"
            );
            actions += 1;
        });
        assert!(actions > 0, "{name}");
        // GitHub's default shell is `bash -e`, in which `cargo xtask package | tee log` succeeds
        // even if cargo fails.
        assert_eq!(
            workflow["defaults"]["run"]["shell"].as_str(),
            Some("bash"),
            "{name}"
        );
        // Text from outside that is pasted into a command would run as part of it.
        for run in runs(&workflow) {
            assert!(!run.contains("${{"), "{name}: {run}");
        }
    }
}

#[test]
fn a_release_is_audited_tested_and_published_with_provenance() {
    let text = read(".github/workflows/release.yml");
    let workflow = parse("release.yml", &text);
    let (build, publish) = (&workflow["jobs"]["build"], &workflow["jobs"]["publish"]);
    let needs = publish["needs"].as_sequence().expect("jobs");
    let needs: Vec<_> = needs.iter().filter_map(|job| job.as_str()).collect();
    assert_eq!(needs, ["audit", "build"]);
    assert_eq!(publish["environment"].as_str(), Some("release"));
    assert_eq!(publish["permissions"]["id-token"].as_str(), Some("write"));
    let (made, published) = (runs(build), runs(publish));
    let at = |runs: &[String], begin: &str| {
        let at = runs.iter().position(|run| run.starts_with(begin));
        at.unwrap_or_else(|| panic!("no step {begin}"))
    };
    assert!(at(&made, ".ci/run") < at(&made, "cargo xtask package"));
    assert!(at(&made, "cargo xtask package") < at(&made, "cargo xtask sbom"));
    assert!(at(&published, "npm publish --provenance") < at(&published, "gh release create"));
    // Build scripts and npm packages run in a job that can't publish: it has only the workflow's
    // own permissions.
    assert_eq!(build.as_mapping_get("permissions"), None);
    let mut secrets = 0;
    each(build, "env", &mut |_| secrets += 1);
    assert_eq!(secrets, 0);
    for run in published {
        let compiles = [
            ".ci/run",
            "xtask",
            "npm ci",
            "npm install",
            "npm run",
            "cargo build",
        ];
        assert!(!compiles.iter().any(|one| run.contains(one)), "{run}");
        assert_eq!(
            run.starts_with("cargo publish"),
            run.contains("--no-verify")
        );
        assert_eq!(
            run.starts_with("npm publish"),
            run.contains("--ignore-scripts")
        );
    }
    // npm rejects the provenance of a package that does not name the repository it was built from.
    let package: serde_json::Value =
        serde_json::from_str(&read("packages/countersign/package.json")).unwrap();
    assert!(
        read("Cargo.toml").contains(
            package["repository"]["url"]
                .as_str()
                .and_then(|url| url.strip_prefix("git+")?.strip_suffix(".git"))
                .expect("a repository")
        )
    );
}

#[test]
fn both_lock_files_are_audited_each_day_and_before_a_release() {
    let text = read(".github/workflows/audit.yml");
    let workflow = parse("audit.yml", &text);
    let runs = runs(&workflow);
    assert!(runs.iter().any(|run| run == "cargo audit"));
    assert!(runs.iter().any(|run| run.starts_with("npm audit")));
    assert!(workflow["on"]["schedule"][0]["cron"].as_str().is_some());
    assert!(workflow["on"].as_mapping().is_some_and(|on| on.len() >= 3));
    let text = read(".github/workflows/release.yml");
    let release = parse("release.yml", &text);
    assert_eq!(
        release["jobs"]["audit"]["uses"].as_str(),
        Some("./.github/workflows/audit.yml")
    );
}

#[test]
fn ci_is_what_runs_anywhere() {
    let text = read(".github/workflows/ci.yml");
    assert!(runs(&parse("ci.yml", &text)).contains(&".ci/run".to_owned()));
}

#[test]
fn ci_checks_the_oldest_rust_that_the_manifest_names() {
    let manifest = read("Cargo.toml");
    let (_, rest) = manifest.split_once("\nrust-version = \"").unwrap();
    let (oldest, _) = rest.split_once('"').unwrap();
    let text = read(".github/workflows/ci.yml");
    let workflow = parse("ci.yml", &text);
    let runs = runs(&workflow["jobs"]["oldest-rust"]);
    let begins = |begin: String| runs.iter().any(|run| run.starts_with(&begin));
    assert!(begins(format!("rustup toolchain install {oldest} ")));
    assert!(begins(format!("cargo +{oldest} check --workspace ")));
    let contributing = read("CONTRIBUTING.md");
    assert!(contributing.contains(&format!("need Rust {oldest} or newer")));
}

#[test]
fn dependabot_watches_every_lock_file_and_the_workflows() {
    let text = read(".github/dependabot.yml");
    let config = parse("dependabot.yml", &text);
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let mut watched = Vec::new();
    for update in config["updates"].as_sequence().expect("updates") {
        let system = update["package-ecosystem"].as_str().expect("a system");
        let one = update.as_mapping_get("directory").into_iter();
        let several = update.as_mapping_get("directories");
        let several = several
            .and_then(|list| list.as_sequence())
            .into_iter()
            .flatten();
        for directory in one.chain(several) {
            let directory = directory.as_str().expect("a directory");
            let manifest = match system {
                "cargo" => "Cargo.toml",
                "npm" => "package.json",
                "maven" => "pom.xml",
                _ => ".github",
            };
            let file = root.join(directory.trim_start_matches('/')).join(manifest);
            assert!(file.exists(), "{}", file.display());
            watched.push((system.to_owned(), directory.to_owned()));
        }
    }
    for (system, directory) in [
        ("cargo", "/"),
        ("cargo", "/fuzz"),
        ("cargo", "/bench-peers"),
        ("npm", "/"),
        ("npm", "/interop"),
        ("npm", "/bench-peers"),
        ("npm", "/bundlers"),
        ("npm", "/bundlers/frameworks"),
        ("maven", "/interop/spring-resource-server"),
        ("github-actions", "/"),
    ] {
        let entry = (system.to_owned(), directory.to_owned());
        assert!(watched.contains(&entry), "{entry:?}");
    }
}

/// If GitHub can't read a form, it shows none and reports nothing.
#[test]
fn issue_forms_can_be_read_and_a_refused_request_comes_with_its_explanation() {
    for name in ["bug", "feature", "refused-request"] {
        let text = read(&format!(".github/ISSUE_TEMPLATE/{name}.yml"));
        let form = parse(name, &text);
        assert!(form["name"].as_str().is_some(), "{name}");
        assert!(form["description"].as_str().is_some(), "{name}");
        let mut required = Vec::new();
        for element in form["body"].as_sequence().expect("a body") {
            let kind = element["type"].as_str().expect("a type");
            let attributes = &element["attributes"];
            if kind == "markdown" {
                assert!(attributes["value"].as_str().is_some(), "{name}");
                continue;
            }
            assert!(["dropdown", "input", "textarea"].contains(&kind), "{name}");
            assert!(attributes["label"].as_str().is_some(), "{name}");
            if element.as_mapping_get("validations").is_some() {
                assert_eq!(element["validations"]["required"].as_bool(), Some(true));
                required.push(element["id"].as_str().expect("an id").to_owned());
            }
        }
        assert!(!required.is_empty(), "{name}");
        assert_eq!(
            required[0] == "explain",
            name == "refused-request",
            "{name}"
        );
    }
    let text = read(".github/ISSUE_TEMPLATE/config.yml");
    let links = &parse("config.yml", &text)["contact_links"];
    let private = links[0]["url"].as_str().expect("an address");
    assert!(private.ends_with("/security/advisories/new"), "{private}");
}
