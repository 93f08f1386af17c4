//! Where a token is sent if a server redirects.

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::routing::any;
use reqwest::{Body, Method};

use crate::world::{World, listen, options};

/// The example API, with redirects to `/api/me` in front of it: `/to/STATUS`.
async fn world(elsewhere: &str) -> World {
    let elsewhere = elsewhere.to_owned();
    World::around("", move |issuer, port| {
        let mut router = Router::new();
        for (path, status, target) in [
            ("/to/301", 301, "/api/me".to_owned()),
            ("/to/302", 302, "/api/me".into()),
            ("/to/303", 303, "../api/me".into()),
            ("/to/307", 307, "/api/notes".into()),
            ("/to/308", 308, format!("http://localhost:{port}/api/notes")),
            ("/loop", 302, "/loop".into()),
            ("/elsewhere", 302, format!("{elsewhere}/api/me")),
            ("/user", 302, format!("http://ann@localhost:{port}/api/me")),
            ("/other/scheme", 307, format!("https://localhost:{port}/")),
            (
                "/other/name",
                307,
                format!("http://127.0.0.1:{port}/api/me"),
            ),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            let redirect = move || async move { (status, [(LOCATION, target)]) };
            router = router.route(path, any(redirect));
        }
        let api = example_api::app(&options(issuer, port, &[]), port).unwrap();
        router.fallback_service(api)
    })
    .await
}

#[tokio::test]
async fn each_hop_within_the_origin_has_a_proof_of_its_own() {
    let world = world("http://localhost:1").await;
    let client = world.logged_in().await;
    for (method, path, target, arrives) in [
        (Method::GET, "/to/301", "/api/me", "GET"),
        (Method::GET, "/to/302", "/api/me", "GET"),
        (Method::GET, "/to/303", "/api/me", "GET"),
        (Method::HEAD, "/to/303", "/api/me", "HEAD"),
        (Method::GET, "/to/307", "/api/notes", "GET"),
        (Method::GET, "/to/308", "/api/notes", "GET"),
        (Method::POST, "/to/301", "/api/me", "GET"),
        (Method::POST, "/to/302", "/api/me", "GET"),
        (Method::POST, "/to/303", "/api/me", "GET"),
        (Method::POST, "/to/307", "/api/notes", "POST"),
        (Method::POST, "/to/308", "/api/notes", "POST"),
    ] {
        let before = world.calls.to(target).len();
        let mut request = client.http().request(method.clone(), world.url(path));
        if method == Method::POST {
            request = request
                .header("Content-Type", "application/json")
                .body(r#"{"text":"a"}"#);
        }
        let response = client.send(request).await.unwrap();
        assert!(
            response.status().is_success(),
            "{path}: {}",
            response.status()
        );
        assert_eq!(response.url().path(), target);
        let sent = world.calls.to(target);
        assert_eq!(sent.len(), before + 1);
        let last = sent.last().unwrap();
        assert_eq!(last.method, arrives);
        assert_eq!(last.claims()["htu"], world.url(target));
        assert_eq!(last.body.is_empty(), arrives != "POST");
    }
}

/// RFC 9110, 15.4.
#[tokio::test]
async fn a_method_that_becomes_get_takes_the_headers_of_the_body_with_it() {
    let world = world("http://localhost:1").await;
    let client = world.logged_in().await;
    let request = client.http().post(world.url("/to/303"));
    let names = [
        "content-encoding",
        "content-language",
        "content-location",
        "content-type",
        "last-modified",
        "digest",
        "content-digest",
        "repr-digest",
    ];
    let mut request = request.body("once").header("x-own", "kept");
    for name in names {
        request = request.header(name, "of the body");
    }
    assert_eq!(client.send(request).await.unwrap().status(), 200);
    let sent = world.calls.to("/api/me");
    let headers = &sent.last().unwrap().headers;
    for name in names.into_iter().chain(["content-length"]) {
        assert!(!headers.contains_key(name), "{name}");
    }
    assert_eq!(headers["x-own"], "kept");
}

#[tokio::test]
async fn a_token_never_goes_to_another_origin() {
    let (elsewhere, thief) = listen(|_| Router::new().fallback(|| async { "thanks" })).await;
    let world = world(&elsewhere).await;
    let client = world.logged_in().await;
    for path in ["/elsewhere", "/user", "/other/scheme", "/other/name"] {
        let response = client
            .send(client.http().get(world.url(path)))
            .await
            .unwrap();
        assert!(response.status().is_redirection(), "{path}");
        assert_eq!(response.url().path(), path);
    }
    assert!(thief.is_empty(), "nobody was there");
    assert!(world.calls.to("/api/me").is_empty());
}

#[tokio::test]
async fn a_stream_follows_only_where_it_is_not_needed() {
    let world = world("http://localhost:1").await;
    let client = world.logged_in().await;
    let stream = |path: &str| {
        let body = Body::wrap(String::from("once"));
        client.send(client.http().post(world.url(path)).body(body))
    };
    assert_eq!(stream("/to/307").await.unwrap().status(), 307);
    assert_eq!(stream("/to/303").await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_loop_ends() {
    let world = world("http://localhost:1").await;
    let client = world.logged_in().await;
    let response = client
        .send(client.http().get(world.url("/loop")))
        .await
        .unwrap();
    assert_eq!(response.status(), 302);
    assert_eq!(world.calls.to("/loop").len(), 11);
}
