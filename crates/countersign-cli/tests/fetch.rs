//! `countersign fetch` against `countersign idp` and an API that asks for a nonce: a login, a call,
//! and the headers of both directions.
#![allow(clippy::unwrap_used)]

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    thread::{self, JoinHandle},
};

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};

fn countersign() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.env_remove("RUST_LOG").env_remove("CLIENT_SECRET");
    command
}

struct Idp {
    child: Child,
    issuer: String,
    config: std::path::PathBuf,
}

impl Idp {
    /// Starts the server with the native client `cli`, whose tokens are for `audience`.
    fn start(audience: &str, more: &str) -> Self {
        let name = format!(
            "countersign-fetch-{}-{}.toml",
            std::process::id(),
            audience.rsplit(':').next().unwrap()
        );
        let config = std::env::temp_dir().join(name);
        let text = format!(
            "port = 0\n{more}\n[[clients]]\nid = \"cli\"\nnative = true\nredirect_uris = [\"http://127.0.0.1/\"]\naudiences = [\"{audience}\"]\n"
        );
        fs::write(&config, text).unwrap();
        let mut child = countersign()
            .args(["idp", "--config", config.to_str().unwrap()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let listening = lines
            .map(Result::unwrap)
            .find_map(|line| line.strip_prefix("listening on ").map(str::to_owned));
        let issuer = listening.unwrap();
        Self {
            child,
            issuer,
            config,
        }
    }
}

impl Drop for Idp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.config);
    }
}

/// Answers each connection with the next of these, and returns what it was sent.
fn api(listener: TcpListener, answers: Vec<&'static str>) -> JoinHandle<Vec<String>> {
    thread::spawn(move || {
        let answer = |answer: &str| {
            let (stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(&stream);
            let mut request = String::new();
            let mut length = 0;
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if line == "\r\n" {
                    break;
                }
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                request.push_str(&line);
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            request.push_str(&String::from_utf8(body).unwrap());
            (&stream).write_all(answer.as_bytes()).unwrap();
            request
        };
        answers.into_iter().map(answer).collect()
    })
}

/// Runs the command with alice at the browser. Returns standard output, standard error and status.
fn fetch(idp: &Idp, arguments: &[&str]) -> (String, String, Option<i32>) {
    let mut child = countersign()
        .args([
            "fetch",
            "--issuer",
            &idp.issuer,
            "--client-id",
            "cli",
            "--print-url",
        ])
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    stderr.read_line(&mut said).unwrap();
    if let Some(url) = said
        .trim()
        .strip_prefix("* open this address in your browser: ")
    {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(log_in(url));
    }
    stderr.read_to_string(&mut said).unwrap();
    let output = child.wait_with_output().unwrap();
    (
        String::from_utf8(output.stdout).unwrap(),
        said,
        output.status.code(),
    )
}

async fn log_in(url: &str) {
    let http = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let page = http.get(url).send().await.unwrap();
    let cookies: Vec<String> = page
        .headers()
        .get_all(SET_COOKIE)
        .iter()
        .map(|cookie| {
            cookie
                .to_str()
                .unwrap()
                .split(';')
                .next()
                .unwrap()
                .to_owned()
        })
        .collect();
    let login = page.url().join("/login").unwrap();
    let html = page.text().await.unwrap();
    let hidden = |name: &str| {
        let (_, rest) = html
            .split_once(&format!("name=\"{name}\" value=\""))
            .unwrap();
        rest.split_once('"').unwrap().0.replace("&amp;", "&")
    };
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("request", &hidden("request"))
        .append_pair("csrf", &hidden("csrf"))
        .append_pair("user", "alice")
        .finish();
    let answer = http
        .post(login)
        .header(COOKIE, cookies.join("; "))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(form)
        .send()
        .await
        .unwrap();
    let back = answer.headers()[LOCATION].to_str().unwrap();
    http.get(back).send().await.unwrap();
}

/// Returns the key set of the server.
fn jwks(idp: &Idp) -> String {
    let authority = idp.issuer.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect((
        "127.0.0.1",
        authority.rsplit(':').next().unwrap().parse().unwrap(),
    ))
    .unwrap();
    write!(
        stream,
        "GET /jwks HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    body.to_owned()
}

fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    (listener, origin)
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Note: \u{9b}31mred\r\nConnection: close\r\n\r\nnotes";
const NONCE: &str = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: DPoP error=\"use_dpop_nonce\"\r\nDPoP-Nonce: n-1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const REFUSED: &str = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

#[test]
fn a_call_is_shown_with_the_headers_that_were_sent_last() {
    let (listener, origin) = listen();
    let idp = Idp::start(&origin, "");
    let api = api(listener, vec![NONCE, OK]);
    let url = format!("{origin}/notes?page=2");
    let (body, said, status) = fetch(&idp, &[&url]);
    assert_eq!((body.as_str(), status), ("notes", Some(0)), "{said}");
    let requests = api.join().unwrap();
    assert_eq!(requests.len(), 2);
    assert!(
        said.contains("* logged in: a DPoP token\n> GET /notes?page=2 HTTP/1.1\n"),
        "{said}"
    );
    assert!(said.contains("< HTTP/1.1 200 OK\n"), "{said}");
    assert!(!said.contains("\u{9b}") && said.contains("x-note: ?31mred"));
    for name in ["authorization", "dpop"] {
        let sent = |text: &str, mark: &str| {
            let mut lines = text
                .lines()
                .filter_map(|line| line.strip_prefix(mark)?.split_once(": "));
            let found = lines.find(|(found, _)| found.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.trim().to_owned()).unwrap()
        };
        assert_eq!(sent(&said, "> "), sent(&requests[1], ""), "{name}");
    }

    // `countersign explain` reads what the command shows.
    let keys = std::env::temp_dir().join(format!("countersign-fetch-{}.jwks", std::process::id()));
    fs::write(&keys, jwks(&idp)).unwrap();
    let mut explain = countersign()
        .args([
            "explain",
            "--nonce",
            "n-1",
            "--jwks",
            keys.to_str().unwrap(),
            "--issuer",
            &idp.issuer,
            "--audience",
            &origin,
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    explain
        .stdin
        .take()
        .unwrap()
        .write_all(said.as_bytes())
        .unwrap();
    let output = explain.wait_with_output().unwrap();
    fs::remove_file(&keys).unwrap();
    let report = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{report}");
    assert!(report.contains("\nAccepted\n"), "{report}");
}

#[test]
fn a_body_is_sent_and_a_refusal_is_told_by_the_status() {
    let (listener, origin) = listen();
    let idp = Idp::start(&origin, "");
    let api = api(listener, vec![REFUSED]);
    let (body, said, status) = fetch(&idp, &[&origin, "--data", "{\"a\":1}", "--scope", "notes"]);
    assert_eq!((body.as_str(), status), ("", Some(1)), "{said}");
    let request = &api.join().unwrap()[0];
    assert!(
        request.starts_with("POST / HTTP/1.1\r\n") && request.ends_with("{\"a\":1}"),
        "{request}"
    );
    assert!(said.contains("< HTTP/1.1 403 Forbidden\n"), "{said}");
}

#[test]
fn a_bearer_token_is_not_shown() {
    let (listener, origin) = listen();
    let idp = Idp::start(&origin, "dpop = \"off\"");
    let api = api(listener, vec![OK]);
    let (_, said, status) = fetch(&idp, &[&origin, "--dpop", "auto"]);
    assert_eq!(status, Some(0), "{said}");
    let request = &api.join().unwrap()[0];
    let token = request
        .lines()
        .find_map(|line| line.strip_prefix("authorization: Bearer "));
    assert!(!said.contains(token.unwrap().trim()), "{said}");
    assert!(
        said.contains("> Authorization: Bearer (not shown"),
        "{said}"
    );
}

#[test]
fn without_dpop_at_the_server_there_is_no_call_unless_asked_for() {
    let (_listener, origin) = listen();
    let idp = Idp::start(&origin, "dpop = \"off\"");
    let (body, said, status) = fetch(&idp, &[&origin]);
    assert_eq!((body.as_str(), status), ("", Some(2)), "{said}");
    assert!(said.starts_with("error: "), "{said}");
}
