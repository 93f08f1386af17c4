//! Tests the program as a person uses it. The interop run uses it as scripts do, line by line.
#![allow(clippy::unwrap_used)]

use std::process::Stdio;

use countersign_authorization_server::{AuthorizationServer, Clock, Config, Listeners, serve};
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command;

/// Starts both servers. Returns the issuer and the API's origin.
async fn servers() -> (String, String) {
    let (idp, api) = (
        Listeners::bind(0).await.unwrap(),
        Listeners::bind(0).await.unwrap(),
    );
    let (issuer, port) = (format!("http://localhost:{}", idp.port()), api.port());
    let origin = format!("http://localhost:{port}");
    let config = format!(
        "issuer = \"{issuer}\"\n[[clients]]\nid = \"cli\"\nnative = true\n\
         redirect_uris = [\"http://127.0.0.1/\"]\naudiences = [\"{origin}\"]\n"
    );
    let config = Config::from_toml(&config).unwrap();
    let server = AuthorizationServer::new(config, Clock::system()).unwrap();
    tokio::spawn(serve(idp, server.router(), std::future::pending()));
    let options = example_api::Options {
        port,
        issuer: issuer.clone(),
        audience: origin.clone(),
        public_url: None,
        allow_origin: Vec::new(),
        dpop: example_api::DpopOption::Required,
        access_tokens: example_api::AccessTokensOption::Default,
        nonces: true,
        nonce_lifetime: 300,
        journal: false,
    };
    let router = example_api::app(&options, port).unwrap();
    tokio::spawn(serve(api, router, std::future::pending()));
    (issuer, origin)
}

/// Logs Alice in at the URL and follows the redirect back to the program. Returns the page that it
/// shows.
async fn log_in(url: &str) -> String {
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let http = http.no_proxy().build().unwrap();
    let page = http.get(url).send().await.unwrap();
    let cookie = page.headers()[SET_COOKIE].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let login = page.url().join("/login").unwrap();
    let html = page.text().await.unwrap();
    let field = |name: &str| {
        let (_, rest) = html
            .split_once(&format!("name=\"{name}\" value=\""))
            .unwrap();
        let (value, _) = rest.split_once('"').unwrap();
        value
            .replace("&amp;", "&")
            .replace('%', "%25")
            .replace('&', "%26")
    };
    let form = format!(
        "request={}&csrf={}&user=alice",
        field("request"),
        field("csrf")
    );
    let response = http.post(login).header(COOKIE, cookie).body(form);
    let response = response.header("Content-Type", "application/x-www-form-urlencoded");
    let response = response.send().await.unwrap();
    let back = response.headers()[LOCATION].to_str().unwrap();
    http.get(back).send().await.unwrap().text().await.unwrap()
}

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_example-native"));
    command
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[tokio::test]
async fn a_person_logs_in_and_sees_the_answers() {
    let (issuer, api) = servers().await;
    let url = format!("{api}/api/notes");
    let mut child = program(&["--issuer", &issuer, "--client-id", "cli", "--api", &url])
        .args(["--print-url", "--mode", "enforced", "--scope", "profile"])
        .args(["--data", r#"{"text":"milk"}"#, "--times", "2", "--refresh"])
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = async || lines.next_line().await.unwrap().unwrap();
    assert_eq!(next().await, "Open this address in your browser:");
    let page = log_in(&next().await).await;
    assert!(page.contains("You may close this window"), "{page}");
    let login = next().await;
    let bound = "alice, a DPoP token, bound to the key ";
    assert!(login.starts_with(&format!("login: {bound}")), "{login}");
    let answer = format!("201 Created {url}");
    for id in 1..=2 {
        assert_eq!(next().await, answer);
        assert_eq!(next().await, format!(r#"{{"id":{id},"text":"milk"}}"#));
    }
    assert_eq!(next().await, login.replace("login", "refresh"));
    assert_eq!(next().await, answer);
    assert_eq!(next().await, r#"{"id":3,"text":"milk"}"#);
    let output = child.wait_with_output().await.unwrap();
    assert!(output.status.success());
    assert_eq!(output.stderr, b"");
}

#[tokio::test]
async fn what_cannot_work_is_one_sentence() {
    let to = [
        "--issuer",
        "http://localhost:1",
        "--client-id",
        "cli",
        "--api",
        "http://localhost:1/",
    ];
    let own = ["--client-credentials"];
    for (more, named) in [
        (
            &[][..],
            "example-native: the discovery document http://localhost:1/.well-known/openid-configuration could not be reached (",
        ),
        (&own, "example-native: the discovery document"),
        (
            &["--redirect-uri", "http://example.com/"],
            "example-native: the redirect URI \"http://example.com/\" is not",
        ),
    ] {
        let output = program(&to).args(more).output().await.unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(output.stdout, b"");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.starts_with(named), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    let output = program(&to).arg("--json").output().await.unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.starts_with(r#"{"code":"discovery_unreachable","event":"error""#),
        "{said}"
    );
    assert_eq!(output.stderr, b"");
}

#[tokio::test]
async fn help_shows_how_programs_use_it() {
    let mut child = program(&["--help"]).spawn().unwrap();
    let mut help = String::new();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_to_string(&mut help).await.unwrap();
    assert!(
        help.contains("STREAM URL TEXT") && help.contains("CLIENT_SECRET"),
        "{help}"
    );
}
