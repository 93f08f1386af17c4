//! `countersign explain` for people: the forms of input, the report, and the status.
#![allow(clippy::unwrap_used)]

mod explain;

use std::{
    io::Write,
    net::TcpListener,
    process::{Command, Stdio},
    thread,
};

use countersign::jose::base64url;
use explain::conformance;
use serde_json::{Value, json};

/// A time 10 s after most cases.
const NOW: &str = "1767225610";

/// Returns the first step of a case, and its policy.
fn step(name: &str) -> (Value, Value) {
    let (cases, policies) = conformance();
    let case = cases.into_iter().find(|case| case["name"] == name).unwrap();
    let step = case["steps"][0].clone();
    let policy = policies[step["policy"].as_str().unwrap()].clone();
    (step, policy)
}

fn run(arguments: &[&str], input: &str) -> (String, Option<i32>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_countersign"))
        .arg("explain")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A command that refuses its arguments does not read.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let said =
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    assert!(!said.contains('\u{1b}'), "colour is for terminals");
    (said, output.status.code())
}

/// Returns the flags of a policy, with the keys in a file.
fn flags(policy: &Value) -> (Vec<String>, tempfile::Keys) {
    let keys = tempfile::Keys::of(&policy["jwks"]);
    let text = |name: &str| policy[name].as_str().unwrap().to_owned();
    let flags = [
        "--issuer",
        &text("issuer"),
        "--audience",
        &text("audience"),
        "--jwks",
        keys.path(),
        "--now",
        NOW,
    ];
    let mut flags = flags.map(str::to_owned).to_vec();
    for alg in policy["algorithms"].as_array().into_iter().flatten() {
        flags.push(format!("--alg={}", alg.as_str().unwrap()));
    }
    (flags, keys)
}

mod tempfile {
    use std::path::PathBuf;

    /// A file that is removed at the end of its test.
    pub(crate) struct Keys(PathBuf);

    impl Keys {
        pub(crate) fn of(jwks: &serde_json::Value) -> Self {
            use std::sync::atomic::{AtomicU32, Ordering};
            static NEXT: AtomicU32 = AtomicU32::new(0);
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("countersign-explain-{}-{number}.json", std::process::id());
            let path = std::env::temp_dir().join(name);
            std::fs::write(&path, jwks.to_string()).unwrap();
            Self(path)
        }

        pub(crate) fn path(&self) -> &str {
            self.0.to_str().unwrap()
        }
    }

    impl Drop for Keys {
        fn drop(&mut self) {
            let _ = std::fs::remove_file(&self.0);
        }
    }
}

fn headers(step: &Value) -> Vec<(String, String)> {
    serde_json::from_value(step["request"]["headers"].clone()).unwrap()
}

fn curl(step: &Value) -> String {
    let mut command = format!("curl '{}'", step["request"]["url"].as_str().unwrap());
    for (name, value) in headers(step) {
        command.push_str(&format!(" \\\n  -H '{name}: {value}'"));
    }
    command
}

fn http(step: &Value, more: &str) -> String {
    let mut text = format!("GET /notes HTTP/1.1\r\nHost: api.example.com\r\n{more}");
    for (name, value) in headers(step) {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text + "\r\n"
}

#[test]
fn a_good_request_is_accepted_in_every_form() {
    let (step, policy) = step("v1-one-field");
    let (flags, _keys) = flags(&policy);
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let har_headers: Vec<Value> = headers(&step)
        .into_iter()
        .map(|(name, value)| json!({ "name": name, "value": value }))
        .collect();
    let entry = json!({ "request": { "method": "GET", "url": "https://api.example.com/notes", "headers": har_headers } });
    let har = json!({ "log": { "entries": [entry] } });
    for input in [
        curl(&step),
        http(&step, ""),
        entry.to_string(),
        har.to_string(),
        step["request"].to_string(),
        json!([step["request"]]).to_string(),
    ] {
        let (said, status) = run(&flags, &input);
        assert_eq!(status, Some(0), "{said}");
        assert!(
            said.contains("\nAccepted\n") && !said.contains('\u{2717}'),
            "{said}"
        );
        assert!(
            said.contains("\u{2713}  9  htu: https://api.example.com/notes\n"),
            "{said}"
        );
    }
    let command = curl(&step);
    let (said, status) = run(&[&["--curl", &*command][..], &flags].concat(), "");
    assert_eq!(status, Some(0), "{said}");
    // The same request twice is a replay.
    let both = json!([step["request"], step["request"]]).to_string();
    let (said, status) = run(&flags, &both);
    assert_eq!(status, Some(1), "{said}");
    assert!(
        said.contains("Refused: 401 invalid_dpop_proof (Replayed)\nTo change: make a new proof"),
        "{said}"
    );
}

#[test]
fn all_that_is_wrong_is_shown_in_the_rfcs_order() {
    let (step, policy) = step("v1-one-field");
    let (mut flags, _keys) = flags(&policy);
    flags.extend([
        "--nonce".to_owned(),
        "n".to_owned(),
        "--url".to_owned(),
        "https://api.example.com/other".to_owned(),
    ]);
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let (said, status) = run(&flags, &http(&step, "").replace("GET", "PUT"));
    assert_eq!(status, Some(1));
    let crosses: Vec<&str> = said
        .lines()
        .filter(|line| line.contains('\u{2717}'))
        .collect();
    assert_eq!(crosses.len(), 3, "{said}");
    for (line, words) in crosses.iter().zip([
        [" 8  htm", "PUT"],
        [" 9  htu", "another URI"],
        ["10  nonce", "no `nonce`"],
    ]) {
        assert!(words.iter().all(|word| line.contains(word)), "{line}");
    }
    // The first one decides.
    assert!(
        said.contains("Refused: 401 invalid_dpop_proof (HtmMismatch)"),
        "{said}"
    );
}

#[test]
fn a_wrong_htu_is_taken_apart() {
    let (step, policy) = step("v1-one-field");
    let (flags, _keys) = flags(&policy);
    let with = |more: &[&str], input: &str| {
        let mut flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        flags.extend(more);
        run(&flags, input).0
    };
    for (url, parts, word) in [
        (
            "http://api.example.com/notes",
            "scheme",
            "X-Forwarded-Proto",
        ),
        ("https://upstream/notes", "host", "proxy_set_header Host"),
        (
            "https://api.example.com:8443/notes",
            "port",
            "X-Forwarded-Port",
        ),
        (
            "https://api.example.com/v1/notes",
            "path",
            "X-Forwarded-Prefix",
        ),
        (
            "http://upstream:8080/x",
            "scheme, host, port, path",
            "public URL",
        ),
    ] {
        let said = with(&["--url", url], &curl(&step));
        assert!(said.contains(&format!("differs   {parts}\n")), "{said}");
        assert!(said.contains(&format!("expected  {url}\n")), "{said}");
        assert!(
            said.contains("received  \"https://api.example.com/notes\"\n"),
            "{said}"
        );
        assert!(said.contains(word), "{said}");
    }
    for (url, word) in [
        ("https://api.example.com/Notes", "case-sensitive"),
        ("https://api.example.com/notes/", "slash at the end"),
    ] {
        let said = with(&["--url", url], &curl(&step));
        assert!(
            said.contains(word) && !said.contains("X-Forwarded-Prefix"),
            "{said}"
        );
    }
    let said = with(&["--url", "https://upstream/notes"], &http(&step, ""));
    assert!(said.contains("cause     Host of this request"), "{said}");
    let behind_a_proxy = http(
        &step,
        "X-Forwarded-Proto: https\r\nX-Forwarded-Host: api.example.com\r\n",
    );
    let said = with(&["--url", "http://upstream:8080/notes"], &behind_a_proxy);
    assert!(
        said.contains("cause     X-Forwarded-Proto and Host of this request"),
        "{said}"
    );
}

#[test]
fn what_to_change_about_a_signature_depends_on_its_cause() {
    for (case, advice) in [
        (
            "v5-es384-of-p256",
            "To change: name the algorithm of the key's type and curve",
        ),
        (
            "v6-rsa-1024",
            "To change: make an RSA key of 2048 to 4096 bits",
        ),
        (
            "v6-rsa-8192-by-default",
            "To change: make an RSA key of 2048 to 4096 bits",
        ),
        (
            "v6-rsa-exponent-3-by-default",
            "To change: make an RSA key with the exponent 65537",
        ),
        (
            "v6-rsa-exponent-2",
            "To change: make an RSA key with the exponent 65537",
        ),
        ("v6-ed25519-order-1", "To change: make a new Ed25519 key"),
        ("v6-der", "as raw R || S for ECDSA"),
    ] {
        let (step, policy) = step(case);
        let (flags, _keys) = flags(&policy);
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        let (said, status) = run(&flags, &curl(&step));
        assert_eq!(status, Some(1));
        assert!(
            said.contains("(Signature)") && said.contains(advice),
            "{said}"
        );
    }
}

#[test]
fn costly_rsa_keys_are_taken_by_a_flag() {
    for case in ["v6-rsa-8192-by-default", "v6-rsa-exponent-3-by-default"] {
        let (step, policy) = step(case);
        let (mut flags, _keys) = flags(&policy);
        flags.push("--costly-rsa-keys".to_owned());
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        let (said, status) = run(&flags, &curl(&step));
        assert_eq!(status, Some(0), "{said}");
    }
}

#[test]
fn v9_a_path_that_encodes_needlessly_is_refused_and_told_what_to_change() {
    let (step, policy) = step("v9-letter-encoded-in-request");
    let (flags, _keys) = flags(&policy);
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let (said, status) = run(&flags, &curl(&step));
    assert_eq!(status, Some(1));
    assert!(
        said.contains("Refused: 400 invalid_request (Target)")
            && said.contains(
                "To change: send letters, digits and `-`, `.`, `_` of the path as they are"
            ),
        "{said}"
    );
}

#[test]
fn the_clocks_offset_is_measured() {
    let (step, policy) = step("v1-one-field");
    let (flags, _keys) = flags(&policy);
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let (said, _) = run(&flags, &http(&step, ""));
    assert!(
        said.contains(
            "Clock: the proof is 10 s behind the server's clock, which is 1767225610 (--now)"
        ),
        "{said}"
    );
    // In a transcript, the response's Date is the server's clock.
    let mut transcript = String::new();
    for line in http(&step, "").lines() {
        transcript.push_str(&format!("> {line}\n"));
    }
    transcript.push_str("< HTTP/1.1 401 Unauthorized\n< date: Wed, 31 Dec 2025 23:00:00 GMT\n<\n");
    let (said, status) = run(&flags[..6], &transcript);
    assert_eq!(status, Some(1));
    assert!(
        said.contains("3600 s ahead of the server's clock"),
        "{said}"
    );
    assert!(
        said.contains("(the response's Date)") && said.contains("(IatInFuture)"),
        "{said}"
    );
}

#[test]
fn without_keys_the_rest_is_checked_and_what_is_not_is_said() {
    let (step, policy) = step("v1-one-field");
    let (said, status) = run(&["--now", NOW], &curl(&step));
    assert_eq!(status, Some(0), "{said}");
    for flag in ["--issuer", "--audience", "--jwks"] {
        assert!(
            said.contains(&format!("not checked, give {flag}")),
            "{said}"
        );
    }
    assert!(
        said.contains("Accepted, as far as it could be checked"),
        "{said}"
    );
    // A check that one flag leaves open does not pass as if the flag were given.
    let (flags, _keys) = flags(&policy);
    for left_out in 0..3 {
        let mut flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        flags.drain(2 * left_out..2 * left_out + 2);
        let (said, _) = run(&flags, &curl(&step));
        assert!(
            said.ends_with("Accepted, as far as it could be checked\n"),
            "{said}"
        );
    }
    let (said, status) = run(&["--now", "1767225700"], &curl(&step));
    assert_eq!(status, Some(1), "{said}");
    assert!(
        said.contains("(IatTooOld)\nTo change: synchronize the clocks"),
        "{said}"
    );
}

#[test]
fn times_at_the_ends_of_the_range_are_shown() {
    let part = |text: &str| base64url::encode(text.as_bytes());
    let claims = format!(r#"{{"iss":"a","aud":"b","sub":"c","exp":{}}}"#, i64::MAX);
    let token = format!("{}.{}.AAAA", part(r#"{"alg":"ES256"}"#), part(&claims));
    let command = format!("curl https://a/ -H 'Authorization: Bearer {token}'");
    let (said, status) = run(&["--now=-5"], &command);
    assert_eq!(status, Some(0), "{said}");
    let left = format!("exp, nbf: {} s left", i64::MAX);
    assert!(said.contains(&left), "{said}");
    let (said, status) = run(&["--now=-5", "--access-tokens=default"], &command);
    assert_eq!(status, Some(1), "{said}");
    assert!(
        said.contains("exp, nbf: it expires in 9223372036854775807 seconds"),
        "{said}"
    );
    assert!(
        said.contains("(TokenExpiresTooLate)\nTo change: have the"),
        "{said}"
    );
}

#[test]
fn an_unbound_token_of_another_type_is_accepted_unless_the_servers_default_is_asked_for() {
    let part = |text: &str| base64url::encode(text.as_bytes());
    let claims = r#"{"iss":"a","aud":"b","sub":"c","exp":1767225900}"#;
    let token = format!(
        "{}.{}.AAAA",
        part(r#"{"typ":"JWT","alg":"ES256"}"#),
        part(claims)
    );
    let command = format!("curl https://a/ -H 'Authorization: Bearer {token}'");
    let (said, status) = run(&["--now=1767225600"], &command);
    assert_eq!(status, Some(0), "{said}");
    let (said, status) = run(&["--now=1767225600", "--access-tokens=default"], &command);
    assert_eq!(status, Some(1), "{said}");
    assert!(
        said.contains("(TokenUnboundType)\nTo change: ask for the token with a proof"),
        "{said}"
    );
}

#[test]
fn an_unbound_token_is_accepted_unless_dpop_is_required() {
    let (step, policy) = step("r4-unbound-as-bearer");
    let (flags, _keys) = flags(&policy);
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    assert_eq!(run(&flags, &curl(&step)).1, Some(0));
    let (said, status) = run(
        &[&flags[..], &["--dpop", "required"]].concat(),
        &curl(&step),
    );
    assert_eq!(status, Some(1));
    assert!(
        said.contains("Refused: 401 invalid_token (TokenUnbound)"),
        "{said}"
    );
}

#[test]
fn keys_are_read_over_http_too() {
    let (step, policy) = step("v1-one-field");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/jwks", listener.local_addr().unwrap());
    let jwks = policy["jwks"].to_string();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 1024];
        let _ = std::io::Read::read(&mut stream, &mut request).unwrap();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            jwks.len()
        );
        stream.write_all((head + &jwks).as_bytes()).unwrap();
    });
    let (said, status) = run(&["--jwks", &address, "--now", NOW], &curl(&step));
    server.join().unwrap();
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("\u{2713} signed by the issuer"), "{said}");
}

#[test]
fn what_cannot_be_used_says_what_is_missing() {
    for (arguments, input, word) in [
        (&[][..], "", "request line"),
        (&[], "hello", "request line"),
        (&[], "{", "JSON"),
        (&[], "GET / HTTP/1.1\r\n\r\n", "--url"),
        (&[], r#"{"log":{"entries":[]}}"#, "HAR"),
        (&["--curl"], "curl -H 'a: b'", "no URL"),
        (
            &["--jwks", "/nowhere/jwks.json"],
            "curl https://a/",
            "/nowhere/jwks.json",
        ),
        (
            &["--jwks", "http://127.0.0.1:1/jwks"],
            "curl https://a/",
            "http://127.0.0.1:1/jwks",
        ),
        (&["/nowhere/request.txt"], "", "/nowhere/request.txt"),
        (&["--jsonl", "--now", "1"], "", "--jsonl"),
        (&["--curl", "wget https://a/"], "", "begin with `curl`"),
        (
            &["--url", "nonsense"],
            "curl https://a/",
            "--url can't be used",
        ),
        (&[], "GET / HTTP/1.1\nHost: a\nno colon", "is not a header"),
        (&["--now", "soon"], "", "--now"),
    ] {
        let (said, status) = run(arguments, input);
        assert_eq!(status, Some(2), "{arguments:?}: {said}");
        assert!(said.contains(word), "{said}");
    }
}

#[test]
fn what_an_attacker_wrote_cannot_steer_the_terminal() {
    let hostile = json!({
        "method": "GET\u{1b}[2J",
        "url": "https://a/\u{1b}]0;x\u{7}",
        "headers": [["Authorization", "DPoP \u{1b}[31m"], ["DPoP", "\u{1b}"]],
    });
    // `run` asserts that no escape comes out.
    let (said, status) = run(&[], &hostile.to_string());
    assert_eq!(status, Some(1), "{said}");
}
