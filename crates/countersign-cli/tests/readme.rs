//! The READMEs show what `countersign explain` prints.
#![allow(clippy::unwrap_used)]

use std::{fs, path::Path, process::Command};

/// The READMEs of the crate and of the repository.
const READMES: [&str; 2] = ["README.md", "../../README.md"];

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// Returns standard output and status.
fn countersign(arguments: &[&str]) -> (String, Option<i32>) {
    let program = env!("CARGO_BIN_EXE_countersign");
    let output = Command::new(program).args(arguments).output().unwrap();
    (
        String::from_utf8(output.stdout).unwrap(),
        output.status.code(),
    )
}

/// Returns the first code block of a language after the heading of that name.
fn block<'a>(page: &'a str, language: &str) -> &'a str {
    let heading = "## Why is my request refused?\n";
    let (_, section) = page.split_once(heading).unwrap();
    let (_, block) = section.split_once(&format!("```{language}\n")).unwrap();
    block.split("```").next().unwrap()
}

#[test]
fn the_command_is_understood() {
    for readme in READMES {
        let page = read(readme);
        let (_, command) = block(&page, "sh").split_once("explain --curl \"").unwrap();
        let command = command.split('"').next().unwrap();
        let (report, status) = countersign(&["explain", "--curl", command]);
        assert_eq!(status, Some(1), "{readme}: {report}");
        assert!(
            report.starts_with("GET https://api.example.com/notes\n"),
            "{report}"
        );
    }
}

#[test]
fn the_report_is_the_one_for_a_proof_of_the_inner_url() {
    let key = std::env::temp_dir().join(format!("countersign-readme-{}.jwk", std::process::id()));
    let key_name = key.to_str().unwrap();
    countersign(&["proof", "--new-key", key_name]);
    let url = "http://api.example.com/notes";
    let token = "the.access.token";
    let (proof, _) = countersign(&["proof", "--key", key_name, "--token", token, "GET", url]);
    fs::remove_file(key).unwrap();
    let request = format!(
        "curl https://api.example.com/notes -H 'Authorization: DPoP {token}' -H 'DPoP: {}'",
        proof.trim()
    );
    let (report, status) = countersign(&["explain", "--curl", &request]);
    assert_eq!(status, Some(1));
    for readme in READMES {
        let page = read(readme);
        for line in block(&page, "text").lines() {
            let shown = line.strip_suffix(" ...").unwrap_or(line);
            let found = report.lines().any(|said| match shown == line {
                true => said == line,
                false => said.starts_with(shown),
            });
            assert!(found, "{readme}: {line}\n{report}");
        }
    }
}
