//! Values that can't be used give one sentence that names them, and exit code 2.
#![allow(clippy::unwrap_used)]

use std::{net::TcpListener, process::Command};

fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_example-api"))
        .args(arguments)
        .output()
        .unwrap();
    assert_eq!(output.stdout, b"");
    let said = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), said)
}

const ISSUER: [&str; 4] = ["--issuer", "http://localhost:9441", "--audience", "a"];

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (code, said) = run(&[&ISSUER[..], &["--port", &port]].concat());
    assert_eq!(code, Some(2));
    assert_eq!(
        said,
        format!(
            "example-api: port {port} is taken; stop the program that listens there, or choose another with --port\n"
        )
    );
}

#[test]
fn values_that_cannot_work_are_named() {
    for (arguments, named) in [
        (
            &["--issuer", "http://issuer.example.com", "--audience", "a"][..],
            "the issuer `http://issuer.example.com` cannot be used: plain http",
        ),
        (
            &["--issuer", "http://localhost:1", "--audience", ""],
            "the audience is empty",
        ),
        (
            &[&ISSUER[..], &["--public-url", "api"]].concat(),
            "the public URL `api` cannot be used",
        ),
        (
            &[&ISSUER[..], &["--allow-origin", "*"]].concat(),
            "--allow-origin: `*` is not an origin",
        ),
    ] {
        let (code, said) = run(&[arguments, &["--port", "0"]].concat());
        assert_eq!(code, Some(2), "{said}");
        assert!(said.starts_with(&format!("example-api: {named}")), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn unknown_flags_are_named() {
    let (code, said) = run(&[&ISSUER[..], &["--dpop", "maybe"]].concat());
    assert_eq!(code, Some(2));
    assert!(said.contains("'maybe'"), "{said}");
    let (code, said) = run(&[&ISSUER[..], &["--journl"]].concat());
    assert_eq!(code, Some(2));
    assert!(said.contains("'--journl'"), "{said}");
}
