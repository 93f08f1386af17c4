//! Requests with tokens: proofs, nonces, retries, many at once.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::header::WWW_AUTHENTICATE;
use axum::routing::get;
use countersign_client::native::{Error, NativeClient, SentHeaders};
use reqwest::{Body, StatusCode};
use serde_json::{Value, json};

use crate::world::{World, log_in};

#[tokio::test]
async fn r1_calls_carry_the_token_and_a_proof_of_their_own() {
    let world = World::new().await;
    let client = world.logged_in().await;
    let tokens = client.tokens().await.unwrap().unwrap();
    let me = client.http().get(world.url("/api/me?a=b#c"));
    let response = client.send(me).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let me: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    assert_eq!(me["scheme"], "DPoP");
    assert_eq!(me["jkt"], json!(tokens.thumbprint));

    let note = client
        .http()
        .post(world.url("/api/notes"))
        .header("Content-Type", "application/json")
        .body(r#"{"text":"milk"}"#);
    assert_eq!(
        client.send(note).await.unwrap().status(),
        StatusCode::CREATED
    );

    let [me] = &world.calls.to("/api/me")[..] else {
        panic!("one request");
    };
    let [note] = &world.calls.to("/api/notes")[..] else {
        panic!("one request");
    };
    let expected = format!("DPoP {}", tokens.access_token);
    assert_eq!(me.authorization.as_ref(), Some(&expected));
    assert_eq!(note.authorization.as_ref(), Some(&expected));
    let (first, second) = (me.claims(), note.claims());
    assert_eq!(
        (&first["htm"], &second["htm"]),
        (&json!("GET"), &json!("POST"))
    );
    assert_eq!(first["htu"], world.url("/api/me"));
    assert_eq!(second["htu"], world.url("/api/notes"));
    assert_ne!(first["jti"], second["jti"]);
    assert_eq!(&note.body[..], br#"{"text":"milk"}"#);
}

#[tokio::test]
async fn n5_a_challenge_is_answered_with_the_same_body_once() {
    let world = World::with("dpop = \"nonce\"", &["--nonces"]).await;
    let client = world.logged_in().await;
    // The authorization server's challenge, and the answer.
    let statuses: Vec<u16> = world
        .token_requests()
        .iter()
        .map(|seen| seen.status)
        .collect();
    assert_eq!(statuses, [400, 200]);

    for expected in [vec![401, 201], vec![201]] {
        let before = world.calls.to("/api/notes").len();
        let note = client
            .http()
            .post(world.url("/api/notes"))
            .header("Content-Type", "application/json")
            .body(r#"{"text":"milk"}"#);
        assert_eq!(
            client.send(note).await.unwrap().status(),
            StatusCode::CREATED
        );
        let sent = &world.calls.to("/api/notes")[before..];
        let statuses: Vec<u16> = sent.iter().map(|seen| seen.status).collect();
        assert_eq!(statuses, expected);
        assert!(
            sent.iter()
                .all(|seen| &seen.body[..] == br#"{"text":"milk"}"#)
        );
        let last = sent.last().unwrap();
        assert!(last.claims()["nonce"].is_string());
    }
}

#[tokio::test]
async fn n5_a_stream_is_sent_once_and_its_challenge_delivered() {
    let world = World::with("", &["--nonces"]).await;
    let client = world.logged_in().await;
    let upload = || {
        let body = Body::wrap(String::from("12345"));
        client.http().post(world.url("/api/files")).body(body)
    };
    let response = client.send(upload()).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    let challenge = response.headers()[WWW_AUTHENTICATE].to_str().unwrap();
    assert!(challenge.contains("use_dpop_nonce"), "{challenge}");
    assert_eq!(world.calls.to("/api/files").len(), 1);
    // The next call uses the nonce that it brought.
    assert_eq!(
        client.send(upload()).await.unwrap().status(),
        StatusCode::OK
    );
    assert_eq!(world.calls.to("/api/files").len(), 2);
}

#[tokio::test]
async fn a_server_that_always_challenges_is_asked_twice() {
    let world = World::around("", |_, _| {
        let challenge = || async {
            // A new one each time.
            let nonce =
                format!("n{:?}", Instant::now()).replace(|c: char| !c.is_alphanumeric(), "");
            let headers = [
                ("DPoP-Nonce", nonce),
                ("WWW-Authenticate", "DPoP error=\"use_dpop_nonce\"".into()),
            ];
            (StatusCode::UNAUTHORIZED, headers)
        };
        Router::new().route("/api", get(challenge))
    })
    .await;
    let client = world.logged_in().await;
    let response = client
        .send(client.http().get(world.url("/api")))
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(world.calls.to("/api").len(), 2);
}

#[tokio::test]
async fn other_refusals_are_delivered() {
    let world = World::around("", |_, _| {
        let refuse = || async {
            let challenge = "DPoP error=\"invalid_token\"";
            (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, challenge)])
        };
        Router::new().route("/api", get(refuse))
    })
    .await;
    let client = world.logged_in().await;
    let response = client
        .send(client.http().get(world.url("/api")))
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(world.calls.to("/api").len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_handle_is_used_from_many_tasks_at_once() {
    let world = World::with("", &["--nonces"]).await;
    let client = world.logged_in().await;
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let (client, url) = (client.clone(), world.url("/api/me"));
            tokio::spawn(async move { client.send(client.http().get(url)).await.unwrap().status() })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), StatusCode::OK);
    }
    let seen = world.calls.to("/api/me");
    let ids: HashSet<String> = seen
        .iter()
        .map(|seen| seen.claims()["jti"].to_string())
        .collect();
    assert_eq!(ids.len(), seen.len(), "each has a proof of its own");
}

#[test]
fn a_handle_outlives_the_runtime_it_was_made_in() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    // The servers' own requests.
    let servers = tokio::runtime::Runtime::new().unwrap();
    let world = servers.block_on(World::new());
    let client = runtime().block_on(world.logged_in());
    let status = runtime().block_on(async {
        let me = client.http().get(world.url("/api/me"));
        client.send(me).await.unwrap().status()
    });
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn a_call_that_is_given_up_holds_nobody_up() {
    let world = World::around("", |_, _| {
        let forget = || async {
            // It was challenged and has no nonce to answer with: the next call asks for one, and
            // others wait for it.
            let challenge = "DPoP error=\"use_dpop_nonce\"";
            (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, challenge)])
        };
        Router::new()
            .route("/challenge", get(forget))
            .route("/hang", get(std::future::pending::<StatusCode>))
            .route("/fine", get(|| async { "fine" }))
    })
    .await;
    let client = world.logged_in().await;
    let call = |path: &str| {
        let (client, url) = (client.clone(), world.url(path));
        tokio::spawn(async move { client.send(client.http().get(url)).await.unwrap().status() })
    };
    assert_eq!(call("/challenge").await.unwrap(), StatusCode::UNAUTHORIZED);
    let probe = call("/hang");
    while world.calls.to("/hang").is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let begun = Instant::now();
    let waiting = call("/fine");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!waiting.is_finished(), "it waits for the probe");
    probe.abort();
    assert_eq!(waiting.await.unwrap(), StatusCode::OK);
    assert!(
        begun.elapsed() < Duration::from_millis(950),
        "not for its limit of a second"
    );
}

#[tokio::test]
async fn a_request_brings_no_credentials_of_its_own() {
    let world = World::new().await;
    let client = world.logged_in().await;
    let url = world.url("/api/me");
    let own = client.http().get(&url).bearer_auth("other");
    let proven = client.http().get(&url).header("DPoP", "proof");
    for (request, expected) in [(own, "Authorization"), (proven, "DPoP")] {
        match client.send(request).await {
            Err(Error::HeaderPresent { name }) => assert_eq!(name, expected),
            other => panic!("{other:?}"),
        }
    }
    for url in ["ftp://localhost/", "data:,a"] {
        let outcome = client
            .execute(reqwest::Request::new(
                "GET".parse().unwrap(),
                url.parse().unwrap(),
            ))
            .await;
        assert!(matches!(outcome, Err(Error::UrlUnusable { .. })), "{url}");
    }
    let url = "http://ann:s3cret@localhost/".parse().unwrap();
    let outcome = client
        .execute(reqwest::Request::new("GET".parse().unwrap(), url))
        .await;
    let error = outcome.unwrap_err().to_string();
    assert!(!error.contains("s3cret"), "{error}");
    assert!(world.calls.is_empty());
}

#[tokio::test]
async fn before_a_login_nothing_is_sent() {
    let world = World::new().await;
    let client = world.builder().build().unwrap();
    let outcome = client.send(client.http().get(world.url("/api/me"))).await;
    assert!(matches!(outcome, Err(Error::NotLoggedIn)), "{outcome:?}");
    assert!(world.calls.is_empty());
}

#[tokio::test]
async fn nothing_secret_is_in_debug_output() {
    let world = World::new().await;
    let client = world.builder().build().unwrap();
    let pending = client.begin_login().await.unwrap();
    let mut shown = format!("{pending:?}");
    drop(pending);
    let tokens = log_in(&client).await.unwrap();
    shown += &format!("{client:?} {tokens:?}");
    for builder in [
        world.builder().client_secret_basic("s3cret"),
        world.builder().client_secret_post("s3cret"),
    ] {
        shown += &format!("{builder:?}");
        shown += &format!("{:?}", builder.build().unwrap());
    }
    let me = client.http().get(world.url("/api/me"));
    let response = client.send(me).await.unwrap();
    let sent = response.extensions().get::<SentHeaders>().unwrap();
    shown += &format!("{response:?} {sent:?}");
    let proof = sent.proof.as_ref().unwrap().to_str().unwrap();
    let id_token = tokens.id_token.unwrap();
    assert!(!shown.contains(proof), "{shown}");
    for secret in ["s3cret", &tokens.access_token, &id_token] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

/// The compiler checks this.
#[allow(dead_code)]
fn a_handle_can_go_anywhere(client: NativeClient, request: reqwest::RequestBuilder) {
    fn anywhere<T: Send + Sync + Clone + 'static>(_: &T) {}
    fn sendable<T: Send>(_: T) {}
    fn boxable<T: std::error::Error + Send + Sync + 'static>(_: Option<T>) {}
    anywhere(&client);
    boxable(None::<Error>);
    let other = client.clone();
    sendable(async move { other.send(request).await });
    let other = client.clone();
    sendable(async move { other.login(|_| ()).await });
    sendable(async move { client.renew().await });
}
