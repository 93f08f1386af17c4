//! Which requests use which proxy, which are sent in the clear, and what happens if a server's own
//! endpoints redirect.

use std::process::Command;

use axum::Router;
use axum::http::header::LOCATION;
use axum::routing::{any, get, post};
use countersign_client::Cause;
use countersign_client::native::{Error, NativeClient, NativeClientBuilder};
use reqwest::StatusCode;
use serde_json::json;

use crate::world::{engine_error, listen};

/// A service of the issuer that this token endpoint belongs to.
fn service(issuer: &str, token_endpoint: &str) -> NativeClientBuilder {
    NativeClient::builder(issuer, "service")
        .client_secret_basic("s3cret")
        .metadata(json!({
            "authorization_endpoint": "https://as.example/authorize",
            "token_endpoint": token_endpoint,
        }))
}

fn tokens() -> Router {
    let token = r#"{"access_token":"t","token_type":"Bearer","expires_in":60}"#;
    Router::new().route("/token", post(move || async move { token }))
}

/// Environment variables belong to a process, so another process runs the test below.
#[tokio::test(flavor = "multi_thread")]
async fn proxies_of_the_environment_are_for_other_machines() {
    let (proxy, asked) = listen(|_| Router::new().fallback(any(|| async { "by proxy" }))).await;
    let own = std::env::current_exe().unwrap();
    let mut child = Command::new(own);
    child.args(["--exact", "--ignored", "transport::with_a_proxy"]);
    for name in ["NO_PROXY", "no_proxy", "REQUEST_METHOD"] {
        child.env_remove(name);
    }
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        child.env(name, &proxy);
    }
    let output = tokio::task::spawn_blocking(move || child.output().unwrap());
    let output = output.await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");
    assert_eq!(asked.to("/outside").len(), 2);
    assert!(asked.to("/token").is_empty() && asked.to("/here").is_empty());
}

#[tokio::test]
#[ignore = "run by the test above, with proxies in its environment"]
async fn with_a_proxy() {
    let (local, _) = listen(|_| tokens().route("/here", get(|| async { "here" }))).await;
    let token_endpoint = format!("{local}/token");
    let service = || service("https://as.example", &token_endpoint).dangerous_plain_http();
    let port = local.rsplit_once(':').unwrap().1;
    for client in [service(), service().http(reqwest::Client::builder())] {
        let client = client.build().unwrap();
        client.client_credentials().await.unwrap();
        for (url, expected) in [
            (format!("{local}/here"), "here"),
            (format!("http://api.localhost:{port}/here"), "here"),
            ("http://api.example/outside".into(), "by proxy"),
        ] {
            let response = client.send(client.http().get(&url)).await.unwrap();
            assert_eq!(response.text().await.unwrap(), expected, "{url}");
        }
    }
}

#[tokio::test]
async fn no_token_goes_to_another_machine_in_the_clear() {
    let (local, _) = listen(|_| tokens()).await;
    let client = service("https://as.example", &format!("{local}/token")).build();
    let client = client.unwrap();
    client.client_credentials().await.unwrap();
    let url = "http://api.example:8080/notes?secret";
    let error = client.send(client.http().get(url)).await.unwrap_err();
    let Error::UrlInsecure { origin } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(origin, "http://api.example:8080");
    assert!(error.to_string().contains("use https"), "{error}");
}

/// The form holds code, verifier, refresh token and secret, so redirects are not followed: 307 and
/// 308 would send it on.
#[tokio::test]
async fn forms_and_secrets_follow_no_redirect() {
    let (thief, stolen) = listen(|_| Router::new().fallback(any(|| async { "thanks" }))).await;
    for status in [301, 302, 303, 307, 308] {
        let to = format!("{thief}/token");
        let status = StatusCode::from_u16(status).unwrap();
        let redirect = move || async move { (status, [(LOCATION, to)]) };
        let (local, _) = listen(|_| Router::new().fallback(any(redirect))).await;
        let follows = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::limited(5));
        for builder in [
            service("https://as.example", &format!("{local}/token")),
            service("https://as.example", &format!("{local}/token")).http(follows),
        ] {
            let outcome = builder.build().unwrap().client_credentials().await;
            let refused = engine_error(outcome);
            assert_eq!(refused.cause, Cause::TokenRefused);
            assert_eq!(refused.details[2], status.as_str());
        }
        let discovered = NativeClient::builder(&local, "service").build().unwrap();
        let refused = engine_error(discovered.client_credentials().await);
        assert_eq!(refused.cause, Cause::DiscoveryUnreachable);
        assert_eq!(refused.details[1], status.as_str());
    }
    assert!(stolen.is_empty());
}

#[tokio::test]
async fn an_answer_without_end_is_no_answer() {
    let endless = r#"{"access_token":"t","token_type":"Bearer","expires_in":60,"x":""#;
    let endless = format!("{endless}{}\"}}", "a".repeat(2 * 1024 * 1024));
    let token = move || async move { endless };
    let (local, _) = listen(|_| Router::new().route("/token", post(token))).await;
    let client = service("https://as.example", &format!("{local}/token")).build();
    let refused = engine_error(client.unwrap().client_credentials().await);
    assert_eq!(refused.cause, Cause::TokenResponseInvalid);
}
