//! `countersign proof`: its proofs are accepted, and it keeps keys safe.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use countersign::{
    UnixSeconds,
    crypto::{Algorithm, ath},
    proof::{BoundToken, DpopField, Expected, NonceCheck, VerifiedProof, Verifier},
    target::TargetUri,
};

const NOW: &str = "1767225600";
const URL: &str = "https://API.example.com:443/a/../notes?page=2";

/// A directory that is removed at the end of its test.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("countersign-proof-{}-{number}", std::process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> String {
        self.0.join("key.jwk").to_str().unwrap().to_owned()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Returns standard output, standard error and status.
fn run(arguments: &[&str], input: &str) -> (String, String, Option<i32>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .arg("proof")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        text(output.stdout),
        text(output.stderr),
        output.status.code(),
    )
}

#[track_caller]
fn verified(proof: &str, token: Option<BoundToken>) -> VerifiedProof {
    let uri = TargetUri::parse("https://api.example.com/notes").unwrap();
    let expected = Expected::new("GET", &uri, token, NonceCheck::NotRequired);
    let field = DpopField::parse(&[proof.trim().as_bytes()]).unwrap();
    Verifier::default()
        .verify(field, &expected, UnixSeconds(1_767_225_600))
        .unwrap()
}

#[test]
fn a_new_key_signs_and_its_thumbprint_is_told() {
    for (alg, algorithm) in [("ES256", Algorithm::Es256), ("EdDSA", Algorithm::EdDsa)] {
        let directory = Directory::new();
        let file = directory.file();
        let (jkt, said, status) = run(&["--new-key", &file, "--alg", alg], "");
        assert_eq!((said.as_str(), status), ("", Some(0)));
        let sign = |more: &[&str]| {
            let (proof, said, status) = run(
                &[&["--key", &file, "--now", NOW, "GET", URL], more].concat(),
                "a.b.c\n",
            );
            assert_eq!((said.as_str(), status), ("", Some(0)));
            proof
        };
        let one = verified(&sign(&[]), None);
        assert_eq!(
            (one.algorithm(), one.thumbprint().to_base64url()),
            (algorithm, jkt.trim().to_owned())
        );
        assert_eq!(one.claims()["htu"], "https://api.example.com/notes");
        assert!(!one.claims().contains_key("ath") && !one.claims().contains_key("nonce"));
        // 128 random bits, new for each proof.
        assert_eq!(one.jti().len(), 22);
        assert_ne!(one.jti(), verified(&sign(&[]), None).jti());
        let token = BoundToken::new(ath("a.b.c"), one.thumbprint());
        for argument in ["a.b.c", "-"] {
            let with_token = verified(&sign(&["--token", argument, "--nonce", "n"]), Some(token));
            assert_eq!(with_token.claims()["nonce"], "n");
        }
    }
}

#[test]
fn a_key_and_a_proof_come_in_one_step() {
    let directory = Directory::new();
    let (proof, _, status) = run(
        &["--new-key", &directory.file(), "--now", NOW, "GET", URL],
        "",
    );
    assert_eq!(status, Some(0));
    verified(&proof, None);
}

#[cfg(unix)]
#[test]
fn a_new_key_is_readable_by_its_owner_alone_and_replaces_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let directory = Directory::new();
    let file = directory.file();
    assert_eq!(run(&["--new-key", &file], "").2, Some(0));
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let before = fs::read(&file).unwrap();
    let (_, said, status) = run(&["--new-key", &file], "");
    assert_eq!(status, Some(2));
    assert!(said.contains("cannot write the new key"), "{said}");
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn what_cannot_be_used_is_named_and_no_secret_is_shown() {
    let directory = Directory::new();
    let file = directory.file();
    let other = Directory::new();
    run(&["--new-key", &file], "");
    run(&["--new-key", &other.file()], "");
    let good = fs::read_to_string(&file).unwrap();
    let secret = good.split('"').nth(3).unwrap();
    let foreign = fs::read_to_string(other.file()).unwrap();
    let foreign = foreign.split('"').nth(3).unwrap().to_owned();
    for (text, word) in [
        ("", "not a JSON object"),
        ("[]", "not a JSON object"),
        (&*good.replace("\"d\"", "\"e\""), "no member `d`"),
        (&good.replace(secret, "AA="), "not base64url"),
        (&good.replace(secret, &foreign), "not the private key of"),
        (&good.replace("P-256", "P-521"), "member `x`"),
        (&good.replace("EC", "oct"), "not supported"),
    ] {
        fs::write(&file, text).unwrap();
        let (out, said, status) = run(&["--key", &file, "GET", URL], "");
        assert_eq!((out.as_str(), status), ("", Some(2)), "{said}");
        assert!(said.contains(word), "{word}: {said}");
        assert!(!said.contains(secret) && !said.contains(&foreign), "{said}");
    }
}

#[test]
fn what_cannot_be_signed_makes_no_key() {
    let directory = Directory::new();
    let file = directory.file();
    for (arguments, word) in [
        (&["GET", "/notes"][..], "can't be signed"),
        (&["GET", "https://u@a/"], "can't be signed"),
        (&["https://a/", "GET"], "is not a method"),
        (&["GET"], "<URL>"),
    ] {
        let (_, said, status) = run(&[&["--new-key", &file], arguments].concat(), "");
        assert_eq!(status, Some(2), "{arguments:?}");
        assert!(said.contains(word), "{said}");
        assert!(!PathBuf::from(&file).exists());
    }
    for arguments in [
        &[][..],
        &["GET", "https://a/"],
        &["--token", "t", "--new-key", &file],
    ] {
        assert_eq!(run(arguments, "").2, Some(2), "{arguments:?}");
    }
}
