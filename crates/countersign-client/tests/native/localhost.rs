//! Names under `localhost` mean this machine (RFC 6761, 6.3): they are reached by plain http and
//! without DNS.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::{get, post};
use countersign_client::Cause;
use countersign_client::native::{NativeClient, Scheme};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use serde_json::json;

use crate::world::{World, engine_error, listen, log_in};

#[tokio::test]
async fn login_and_calls_work_where_both_servers_have_names_under_localhost() {
    let world = World::at("auth.app.localhost", "api.app.localhost").await;
    assert!(world.issuer.starts_with("http://auth.app.localhost:"));
    let client = world.builder().build().unwrap();
    let tokens = log_in(&client).await.unwrap();
    assert_eq!(tokens.scheme, Scheme::Dpop);

    let me = client.http().get(world.url("/api/me"));
    let response = client.send(me).await.unwrap();
    assert_eq!(response.status(), 200);
    let me: serde_json::Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    assert_eq!(me["sub"], "alice");
    let calls = world.calls.to("/api/me");
    assert_eq!(calls[0].claims()["htu"], world.url("/api/me"));
}

#[tokio::test]
async fn a_redirect_uri_may_have_a_name_under_localhost() {
    let client = NativeClient::builder("https://as.example", "cli")
        .redirect_uri("http://app.localhost/callback")
        .metadata(json!({
            "authorization_endpoint": "https://as.example/authorize",
            "token_endpoint": "https://as.example/token",
        }))
        .build()
        .unwrap();
    let pending = client.begin_login().await.unwrap();
    let asked = crate::world::parameters(pending.url());
    assert!(asked["redirect_uri"].starts_with("http://app.localhost:"));
    assert!(asked["redirect_uri"].ends_with("/callback"));
}

#[tokio::test]
async fn look_alikes_of_this_machine_are_refused() {
    for issuer in [
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://notlocalhost",
        "http://localhost@example.com",
        "http://localhost:80@example.com",
        "http://127.0.0.256",
        "http://[::2]",
    ] {
        let client = NativeClient::builder(issuer, "cli").build().unwrap();
        let refused = engine_error(client.begin_login().await);
        assert_eq!(refused.cause, Cause::IssuerInvalid, "{issuer}");
    }
}

/// A network that leads every name to another machine and records the names that it was asked for.
#[derive(Clone)]
struct Network {
    leads_to: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Resolve for Network {
    fn resolve(&self, name: Name) -> Resolving {
        self.asked.lock().unwrap().push(name.as_str().to_owned());
        let addresses: Addrs = Box::new(std::iter::once(self.leads_to));
        Box::pin(std::future::ready(Ok(addresses)))
    }
}

#[tokio::test]
async fn dns_is_asked_for_localhost_by_the_dangerous_word_only() {
    let token = r#"{"access_token":"t","token_type":"Bearer","expires_in":60}"#;
    let (local, _) = listen(|_| {
        Router::new()
            .route("/token", post(move || async move { token }))
            .route("/api", get(|| async { "this machine" }))
    })
    .await;
    let (other, _) = listen(|_| {
        Router::new()
            .route("/token", post(move || async move { token }))
            .route("/api", get(|| async { "another machine" }))
    })
    .await;
    let port = |url: &str| url.rsplit(':').next().unwrap().parse::<u16>().unwrap();
    for (is_dangerous, expected) in [(false, "this machine"), (true, "another machine")] {
        let network = Network {
            leads_to: SocketAddr::from(([127, 0, 0, 1], port(&other))),
            asked: Arc::default(),
        };
        let http = reqwest::Client::builder()
            .no_proxy()
            .dns_resolver(network.clone());
        // The resolver's port is used if the URL has none.
        let port = match is_dangerous {
            false => format!(":{}", port(&local)),
            true => String::new(),
        };
        let mut builder = NativeClient::builder("https://as.example", "service")
            .client_secret_basic("s3cret")
            .metadata(json!({
                "authorization_endpoint": "https://as.example/authorize",
                "token_endpoint": format!("http://auth.localhost{port}/token"),
            }))
            .http(http);
        if is_dangerous {
            builder = builder.dangerous_localhost_dns();
        }
        let client = builder.build().unwrap();
        client.client_credentials().await.unwrap();
        let url = format!("http://api.localhost{port}/api");
        let response = client.send(client.http().get(url)).await.unwrap();
        assert_eq!(response.text().await.unwrap(), expected);
        let asked = network.asked.lock().unwrap().clone();
        match is_dangerous {
            false => assert!(asked.is_empty(), "{asked:?}"),
            true => assert_eq!(asked, ["auth.localhost", "api.localhost"]),
        }
    }
}
