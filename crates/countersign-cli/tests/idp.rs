//! `countersign idp` as a process: what it prints, and how it ends.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Output, Stdio},
    time::SystemTime,
};

fn countersign(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(arguments).env_remove("RUST_LOG");
    command
}

/// Returns the error for arguments with which it must not start.
fn refused(arguments: &[&str]) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = countersign(arguments).output().expect("it runs");
    let stderr = String::from_utf8(stderr).expect("text");
    assert_eq!(status.code(), Some(2), "{arguments:?}: {stderr}");
    assert!(stdout.is_empty());
    assert!(!stderr.contains("panicked"), "{stderr}");
    stderr
}

struct Server {
    child: Child,
    said: Vec<String>,
}

impl Server {
    fn start(arguments: &[&str]) -> Self {
        let mut child = countersign(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("it runs");
        let stdout = child.stdout.take().expect("a pipe");
        let said = BufReader::new(stdout).lines().take(3);
        let said = said.collect::<Result<_, _>>().expect("text");
        Self { child, said }
    }

    fn port(&self) -> u16 {
        let line = self.said.last().expect("a line");
        let port = line.strip_prefix("listening on http://localhost:");
        port.expect("the line").parse().expect("a port")
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port())).expect("a connection");
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    /// Returns the audiences of a client at `http://localhost:2/`, as the error for another
    /// audience lists them.
    fn audiences(&self, client: &str) -> String {
        let client: String = url::form_urlencoded::byte_serialize(client.as_bytes()).collect();
        let answer = self.get(&format!(
            "/authorize?client_id={client}&redirect_uri=http://localhost:2/&response_type=code\
             &scope=openid&code_challenge_method=S256\
             &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&resource=urn:none"
        ));
        let (_, location) = answer.split_once("\r\nlocation: ").expect("a redirect");
        let location = location.lines().next().expect("a line");
        let url = url::Url::parse(location).expect("a URL");
        let (_, told) = url
            .query_pairs()
            .find(|(name, _)| name == "error_description")
            .expect("a description");
        let (_, audiences) = told.split_once(" is not one of: ").expect("the audiences");
        audiences.to_owned()
    }

    fn metadata(&self) -> String {
        self.get("/.well-known/openid-configuration")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_says_where_it_listens_and_that_it_is_for_development() {
    let server = Server::start(&["idp", "--port", "0"]);
    assert!(
        server.said[0].contains("for development only"),
        "{:?}",
        server.said
    );
    let issuer = format!("http://localhost:{}", server.port());
    assert_eq!(server.said[1], format!("issuer {issuer}"));
    let metadata = server.metadata();
    assert!(
        metadata.contains(&format!("\"issuer\":\"{issuer}\"")),
        "{metadata}"
    );
}

#[test]
fn flags_reach_the_server() {
    let server = Server::start(&[
        "idp",
        "--port=0",
        "--issuer=http://localhost:1",
        "--client=app=http://localhost:2/,http://localhost:3/x",
        "--client=other=http://localhost:4/",
        "--audience=app=http://localhost:5",
        "--audience=http://localhost:6/?a=b",
        "--dpop=off",
        "--clock-offset=-60",
        "--no-refresh-tokens",
        "--require-par",
        "--access-token-lifetime=7",
        "--allow-origin=http://localhost:8",
    ]);
    let metadata = server.metadata();
    assert!(
        metadata.contains(r#""issuer":"http://localhost:1""#),
        "{metadata}"
    );
    assert!(metadata.contains(r#""grant_types_supported":["authorization_code"]"#));
    assert!(!metadata.contains("dpop_signing_alg_values_supported"));
    assert!(metadata.contains(r#""require_pushed_authorization_requests":true"#));
    let page = server.get("/authorize?client_id=app&redirect_uri=x");
    assert!(
        page.contains("http://localhost:2/, http://localhost:3/x"),
        "{page}"
    );
    let page = server.get("/authorize?client_id=demo&redirect_uri=x");
    assert!(page.contains("Registered: app, other."), "{page}");
}

#[test]
fn a_file_is_read_and_flags_go_before_it() {
    let directory = env!("CARGO_TARGET_TMPDIR");
    let path = format!("{directory}/idp.toml");
    let toml = "port = 1\ndpop = 'off'\n[[clients]]\nid = 'filed'\nredirect_uris = ['http://localhost:2/']";
    fs::write(&path, toml).expect("written");
    let server = Server::start(&["idp", "--config", &path, "--port", "0", "--dpop", "nonce"]);
    assert!(
        server
            .metadata()
            .contains("dpop_signing_alg_values_supported")
    );
    let page = server.get("/authorize?client_id=demo&redirect_uri=x");
    assert!(page.contains("Registered: filed."), "{page}");
}

#[test]
fn clients_and_audiences_are_added_to_those_of_the_file() {
    let path = format!("{}/added.toml", env!("CARGO_TARGET_TMPDIR"));
    let filed = "[[clients]]\nid = 'filed'\nredirect_uris = ['http://localhost:2/']";
    fs::write(&path, filed).expect("written");
    let server = Server::start(&[
        "idp",
        "--port=0",
        "--config",
        &path,
        "--client=app=http://localhost:2/",
        "--audience=filed=http://localhost:4",
    ]);
    let page = server.get("/authorize?client_id=demo&redirect_uri=x");
    assert!(page.contains("Registered: filed, app."), "{page}");
    assert_eq!(server.audiences("filed"), "http://localhost:4");
    assert_eq!(server.audiences("app"), "http://localhost:9442");
    assert_eq!(
        refused(&[
            "idp",
            "--port=0",
            "--config",
            &path,
            "--client=filed=http://localhost:3/"
        ]),
        "error: two clients have the id `filed`; give each its own id\n"
    );
}

#[test]
fn an_audience_is_of_the_client_with_the_longest_id_before_it() {
    let server = Server::start(&[
        "idp",
        "--port=0",
        "--client=https://app.example=http://localhost:2/",
        "--client=https://app.example/?a=b=http://localhost:2/",
        "--client=https://app.example/?a=http://localhost:2/",
        "--client=other=http://localhost:2/",
        "--audience=https://app.example=http://localhost:3",
        "--audience=https://app.example/?a=b=http://localhost:4",
        "--audience=https://app.example/?a=http://localhost:5/?c=http://localhost:6",
    ]);
    for (client, audience) in [
        ("https://app.example", "http://localhost:3"),
        ("https://app.example/?a=b", "http://localhost:4"),
        (
            "https://app.example/?a",
            "http://localhost:5/?c=http://localhost:6",
        ),
        ("other", "http://localhost:9442"),
    ] {
        assert_eq!(server.audiences(client), audience);
    }
}

#[cfg(unix)]
#[test]
fn sigterm_and_sigint_end_it_in_order() {
    for signal in ["-TERM", "-INT"] {
        let mut server = Server::start(&["idp", "--port", "0"]);
        let pid = server.child.id().to_string();
        let sent = Command::new("kill")
            .args([signal, &pid])
            .status()
            .expect("kill runs");
        assert!(sent.success());
        let status = server.child.wait().expect("it ended");
        assert_eq!(status.code(), Some(0), "{signal}");
    }
}

#[test]
fn a_taken_port_is_named_with_what_to_do() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = taken.local_addr().expect("its address").port();
    assert_eq!(
        refused(&["idp", "--port", &port.to_string()]),
        format!(
            "error: port {port} is taken; stop the program that listens there, or choose another with --port\n"
        )
    );
}

#[test]
fn bad_values_are_named_in_one_sentence() {
    for (argument, told) in [
        (
            "--issuer=localhost:1",
            "`localhost:1` can't be an issuer; give an http or https URL",
        ),
        (
            "--client=a=here",
            "`here` can't be a redirect URI of the client `a`; give",
        ),
        (
            "--client==http://localhost:1/",
            "`` can't be a client's id; use",
        ),
        (
            "--audience=api",
            "`api` can't be an audience of the client `demo`; give",
        ),
        (
            "--audience=b=http://localhost:1",
            "there is no client `b` for the audience `http://localhost:1`; write CLIENT=URI with one of: demo",
        ),
        // It does not become an audience of every client.
        (
            "--audience=https://app.example=http://localhost:1",
            "there is no client `https://app.example` for the audience `http://localhost:1`; write",
        ),
        (
            "--audience=http://localhost:1/?to=http://localhost:2",
            "there is no client `http://localhost:1/?to` for the audience `http://localhost:2`; write",
        ),
        (
            "--audience=demo=api",
            "`api` can't be an audience of the client `demo`; give",
        ),
        (
            "--allow-origin=http://localhost:1/",
            "`http://localhost:1/` is not an origin; write",
        ),
        (
            "--access-token-lifetime=0",
            "`access_token_lifetime_seconds` is 0; give",
        ),
    ] {
        let stderr = refused(&["idp", "--port=0", argument]);
        assert!(
            stderr.starts_with(&format!("error: {told}")),
            "{argument}: {stderr}"
        );
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
    }
}

#[test]
fn arguments_that_do_not_exist_are_named() {
    for (argument, told) in [
        (
            "--dpop=maybe",
            "[possible values: on, off, advertised-only, nonce]",
        ),
        ("--dpopp=on", "unexpected argument '--dpopp'"),
        (
            "--client=demo",
            "write the client's id, `=`, and its redirect URI",
        ),
        ("--port=70000", "70000"),
        ("--clock-offset=soon", "soon"),
    ] {
        let stderr = refused(&["idp", argument]);
        assert!(stderr.contains(told), "{argument}: {stderr}");
    }
}

#[test]
fn a_file_moves_the_clock_of_the_running_server() {
    let path = format!("{}/clock", env!("CARGO_TARGET_TMPDIR"));
    fs::write(&path, "0").expect("written");
    let server = Server::start(&["idp", "--port=0", "--clock-file", &path]);
    let ahead = || {
        let response = server.get("/.well-known/openid-configuration");
        let date = response
            .lines()
            .find_map(|line| line.strip_prefix("date: "));
        let date = httpdate::parse_http_date(date.expect("a date")).expect("a date");
        let ahead = date.duration_since(SystemTime::now()).unwrap_or_default();
        ahead.as_secs().div_ceil(3600)
    };
    assert_eq!(ahead(), 0);
    fs::write(&path, "7200\n").expect("written");
    assert_eq!(ahead(), 2);
    // A file that is just being written moves nothing.
    fs::write(&path, "").expect("written");
    assert_eq!(ahead(), 2);
}

#[test]
fn a_clock_file_that_says_nothing_is_named_with_what_to_do() {
    let path = format!("{}/no-clock", env!("CARGO_TARGET_TMPDIR"));
    fs::write(&path, "soon").expect("written");
    for (path, told) in [
        (&*path, "holds no whole number of seconds; write one"),
        ("/no/such", "can't be read: "),
    ] {
        let stderr = refused(&["idp", "--port=0", "--clock-file", path]);
        assert!(
            stderr.starts_with(&format!("error: {path} {told}")),
            "{stderr}"
        );
    }
}

#[test]
fn a_file_that_can_t_be_used_is_named_once_with_what_to_do() {
    let directory = env!("CARGO_TARGET_TMPDIR");
    let unknown = format!("{directory}/unknown.toml");
    fs::write(&unknown, "port = 0\nprot = 1").expect("written");
    let latin = format!("{directory}/latin.toml");
    fs::write(&latin, b"issuer = '\xe9'").expect("written");
    for (path, told) in [
        (
            &*unknown,
            "line 2 of the configuration can't be used: unknown field `prot`, expected one of \
             `port`, `issuer`, `dpop`, `require_pushed_authorization_requests`, \
             `clock_offset_seconds`, `access_token_typ`, `access_token_lifetime_seconds`, `refresh_tokens`, \
             `refresh_token_lifetime_seconds`, `session_lifetime_seconds`, \
             `nonce_lifetime_seconds`, `allowed_origins`, `clients`, `users`",
        ),
        (
            "/no/such.toml",
            "does not exist; name an existing file with --config",
        ),
        (directory, "is a directory; name a file with --config"),
        (&*latin, "is not UTF-8 text; save it as UTF-8"),
    ] {
        let separator = if path == unknown { ": " } else { " " };
        assert_eq!(
            refused(&["idp", "--config", path]),
            format!("error: {path}{separator}{told}\n")
        );
    }
}

#[test]
fn help_shows_a_configuration_that_works() {
    let Output { stdout, .. } = countersign(&["idp", "--help"]).output().expect("it runs");
    let help = String::from_utf8(stdout).expect("text");
    let (_, rest) = help.split_once("add to it):").expect("the example");
    let (toml, _) = rest.split_once("Without clients:").expect("its end");
    let path = format!("{}/example.toml", env!("CARGO_TARGET_TMPDIR"));
    fs::write(&path, toml).expect("written");
    Server::start(&["idp", "--config", &path, "--port", "0"]);
    for unit in ["in seconds", "--clock-offset <SECONDS>"] {
        assert!(help.contains(unit), "{unit}");
    }
}
