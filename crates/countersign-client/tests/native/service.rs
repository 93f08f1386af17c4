//! A service's tokens, without a user. The development authorization server has public clients
//! only, so the test has its own token endpoint; interop has real ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use countersign_client::Mode;
use countersign_client::native::{NativeClient, Scheme};
use reqwest::StatusCode;

use crate::world::{Record, listen};

/// Issues bound tokens that live for a second: `own1`, `own2`, ...
async fn issuer() -> (String, Record) {
    let count = Arc::new(AtomicU32::new(0));
    let token = move || async move {
        let number = count.fetch_add(1, Ordering::Relaxed) + 1;
        format!(r#"{{"access_token":"own{number}","token_type":"DPoP","expires_in":1}}"#)
    };
    let document = |port: u16| {
        move || async move {
            format!(
                r#"{{"issuer":"http://localhost:{port}","authorization_endpoint":"http://localhost:{port}/authorize","token_endpoint":"http://localhost:{port}/token","dpop_signing_alg_values_supported":["ES256"]}}"#
            )
        }
    };
    listen(|port| {
        Router::new()
            .route("/token", post(token))
            .route("/.well-known/openid-configuration", get(document(port)))
    })
    .await
}

#[tokio::test]
async fn t1_a_service_gets_tokens_for_itself_and_the_next_ones_too() {
    let (issuer, seen) = issuer().await;
    let (api, calls) = listen(|_| Router::new().route("/", get(|| async { "fine" }))).await;
    let client = NativeClient::builder(&issuer, "service")
        .client_secret_basic("s3cret")
        .scopes(["read", "write"])
        .mode(Mode::Enforced)
        .build()
        .unwrap();
    let tokens = client.client_credentials().await.unwrap();
    assert_eq!(tokens.scheme, Scheme::Dpop);
    assert_eq!(tokens.id_token, None);
    assert!(tokens.claims.is_empty());

    for expected in ["DPoP own1", "DPoP own2"] {
        let response = client.send(client.http().get(&api)).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let call = calls.to("/").pop().unwrap();
        assert_eq!(call.authorization.as_deref(), Some(expected));
        // It has expired then.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
    }
    let requests = seen.to("/token");
    assert_eq!(requests.len(), 2);
    for request in requests {
        assert_eq!(
            request.form("grant_type").as_deref(),
            Some("client_credentials")
        );
        assert_eq!(request.form("scope").as_deref(), Some("read write"));
        // service:s3cret
        let authorization = request.authorization.as_deref();
        assert_eq!(authorization, Some("Basic c2VydmljZTpzM2NyZXQ="));
        assert_eq!(request.claims()["htm"], "POST");
    }
    assert_eq!(client.logout().await.unwrap(), None);
    assert!(client.tokens().await.unwrap().is_none());
}
