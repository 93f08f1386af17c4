use axum::body::Body;
use http::Request;

use crate::world::*;

#[tokio::test]
async fn a_request_that_is_no_form_is_invalid() {
    let world = World::new();
    for content_type in [None, Some("application/json"), Some("text/plain")] {
        let mut call = Request::post("/token");
        if let Some(content_type) = content_type {
            call = call.header("content-type", content_type);
        }
        let call = call.body(Body::from("grant_type=authorization_code"));
        let reply = world.send(call.expect("a request")).await;
        reply.assert_error(400, "invalid_request");
    }
}

#[tokio::test]
async fn the_media_type_may_have_a_parameter() {
    let world = World::new();
    let form = encode(&redemption(&world.code(&request()).await));
    let call = Request::post("/token")
        .header(
            "content-type",
            "Application/X-WWW-Form-Urlencoded; charset=UTF-8",
        )
        .body(Body::from(form));
    assert_eq!(world.send(call.expect("a request")).await.status, 200);
}

#[tokio::test]
async fn missing_repeated_and_unknown_parameters_have_their_codes() {
    let world = World::new();
    let code = redemption(&world.code(&request()).await);
    let mut twice = code.clone();
    twice.push(("client_id".into(), "demo".into()));
    for (form, status, error) in [
        (Pairs::new(), 400, "invalid_request"),
        (twice, 400, "invalid_request"),
        (
            with(code.clone(), "grant_type", "password"),
            400,
            "unsupported_grant_type",
        ),
        (without(code.clone(), "code"), 400, "invalid_request"),
        (with(code, "code", ""), 400, "invalid_request"),
        (
            without(with(Pairs::new(), "grant_type", "refresh_token"), "x"),
            400,
            "invalid_request",
        ),
    ] {
        world.token(&form, None).await.assert_error(status, error);
    }
}

/// Clients are public: one that authenticates is configured for another server.
#[tokio::test]
async fn client_secrets_are_refused_with_a_challenge() {
    let world = World::new();
    let form = redemption(&world.code(&request()).await);
    let pairs: Vec<_> = form.iter().map(|(n, v)| (&**n, &**v)).collect();
    let mut call = post_form("/token", &pairs);
    call.headers_mut()
        .insert("authorization", "Basic ZGVtbzp4".parse().expect("a header"));
    let reply = world.send(call).await;
    reply.assert_error(401, "invalid_client");
    assert_eq!(
        reply.header("www-authenticate"),
        Some(r#"Basic realm="token""#)
    );
    let form = redemption(&world.code(&request()).await);
    let reply = world.token(&with(form, "client_secret", "x"), None).await;
    reply.assert_error(401, "invalid_client");
}

#[tokio::test]
async fn descriptions_hold_only_the_characters_that_the_rfc_allows() {
    let world = World::new();
    let form = with(Pairs::new(), "grant_type", "\"\\\u{e9}\n<x>");
    let reply = world.token(&form, None).await;
    reply.assert_error(400, "unsupported_grant_type");
    let description = reply.json()["error_description"].clone();
    let description = description.as_str().expect("text");
    let is_allowed = |byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    assert!(description.bytes().all(is_allowed), "{description}");
}

#[tokio::test]
async fn other_methods_are_not_allowed() {
    let world = World::new();
    assert_eq!(world.send(get("/token")).await.status, 405);
}

#[tokio::test]
async fn a_body_without_end_is_not_read() {
    let world = World::new();
    let form = with(Pairs::new(), "grant_type", &"x".repeat(70_000));
    assert_eq!(world.token(&form, None).await.status, 413);
}

/// RFC 9449, 11.11: a valid proof tells which key is there, not which client.
#[tokio::test]
async fn s10_a_proof_is_no_substitute_for_the_client() {
    let world = World::new();
    let key = Key::new();
    for (client, error) in [(None, "invalid_request"), (Some("ghost"), "invalid_client")] {
        let form = without(redemption(&world.code(&request()).await), "client_id");
        let form = match client {
            Some(client) => with(form, "client_id", client),
            None => form,
        };
        let reply = world.token(&form, Some(&key.proof(world.now()))).await;
        assert_eq!(reply.json()["error"], error, "{}", reply.body);
    }
}
