use axum::body::Body;
use countersign::proof::ProofClaims;
use http::{Method, Request};
use serde_json::json;

use crate::world::*;

fn call(method: Method, authorization: &[&str], proof: Option<&str>) -> Request<Body> {
    let mut call = Request::builder().method(method).uri("/userinfo");
    for value in authorization {
        call = call.header("authorization", *value);
    }
    if let Some(proof) = proof {
        call = call.header("dpop", proof);
    }
    call.body(Body::empty()).expect("a request")
}

async fn bound(world: &World, key: &Key) -> String {
    let tokens = world.tokens(key).await;
    tokens["access_token"].as_str().expect("a token").to_owned()
}

async fn bearer(world: &World, scope: &str) -> String {
    let code = world.code(&with(request(), "scope", scope)).await;
    let tokens = world.token(&redemption(&code), None).await.json();
    tokens["access_token"].as_str().expect("a token").to_owned()
}

/// The challenges, DPoP's first.
fn challenges(reply: &Reply) -> Vec<&str> {
    let fields = reply.headers.get_all("www-authenticate").iter();
    fields.map(|field| field.to_str().expect("text")).collect()
}

const ALGS: &str = r#"algs="ES256 EdDSA PS256 RS256""#;

#[tokio::test]
async fn r1_a_bound_token_with_its_proof_is_answered() {
    let world = World::new();
    let key = Key::new();
    let token = bound(&world, &key).await;
    for method in [Method::GET, Method::POST] {
        let proof = key.proof_with_token(world.now(), method.as_str(), &token);
        let reply = world
            .send(call(method, &[&format!("dpop {token}")], Some(&proof)))
            .await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert_eq!(
            reply.json(),
            json!({
                "sub": "alice",
                "name": "Alice Archer",
                "preferred_username": "alice",
                "email": "alice@example.com",
                "email_verified": true,
            })
        );
    }
}

#[tokio::test]
async fn an_unbound_token_is_a_bearer_token() {
    let world = World::new();
    let token = bearer(&world, "openid").await;
    let reply = world
        .send(call(Method::GET, &[&format!("Bearer {token}")], None))
        .await;
    assert_eq!(reply.json(), json!({ "sub": "alice" }));
}

#[tokio::test]
async fn r4_a_bound_token_as_bearer_and_an_unbound_one_as_dpop_are_refused() {
    let world = World::new();
    let key = Key::new();
    let token = bound(&world, &key).await;
    let proof = key.proof_with_token(world.now(), "GET", &token);
    for proof in [None, Some(&*proof)] {
        let reply = world
            .send(call(Method::GET, &[&format!("Bearer {token}")], proof))
            .await;
        assert_eq!(
            (reply.status, &reply.json()["error"]),
            (401, &json!("invalid_token"))
        );
    }
    let token = bearer(&world, "openid").await;
    let proof = key.proof_with_token(world.now(), "GET", &token);
    let reply = world
        .send(call(Method::GET, &[&format!("DPoP {token}")], Some(&proof)))
        .await;
    assert_eq!(
        (reply.status, &reply.json()["error"]),
        (401, &json!("invalid_token"))
    );
}

#[tokio::test]
async fn r5_challenges_name_the_error_and_the_algorithms() {
    let world = World::new();
    let reply = world.send(call(Method::GET, &[], None)).await;
    assert_eq!(reply.status, 401);
    assert_eq!(challenges(&reply), [&*format!("DPoP {ALGS}"), "Bearer"]);

    let reply = world.send(call(Method::GET, &["Basic eDp5"], None)).await;
    assert_eq!(challenges(&reply), [&*format!("DPoP {ALGS}"), "Bearer"]);

    let reply = world.send(call(Method::GET, &["Bearer x"], None)).await;
    assert_eq!(reply.status, 401);
    for challenge in challenges(&reply) {
        assert!(
            challenge.contains(r#"error="invalid_token""#),
            "{challenge}"
        );
        assert!(challenge.contains("error_description="), "{challenge}");
    }

    let token = bound(&world, &Key::new()).await;
    let reply = world
        .send(call(Method::GET, &[&format!("DPoP {token}")], None))
        .await;
    assert_eq!(reply.status, 401);
    let challenges = challenges(&reply);
    assert!(challenges[0].starts_with(r#"DPoP error="invalid_dpop_proof""#));
    assert!(challenges[0].ends_with(ALGS));
    assert_eq!(challenges[1], "Bearer");
}

#[tokio::test]
async fn r2_there_is_exactly_one_authorization() {
    let world = World::new();
    let token = bearer(&world, "openid").await;
    let token = format!("Bearer {token}");
    let reply = world.send(call(Method::GET, &[&token, &token], None)).await;
    assert_eq!(
        (reply.status, &reply.json()["error"]),
        (400, &json!("invalid_request"))
    );
}

#[tokio::test]
async fn r5_without_the_scope_openid_it_is_forbidden() {
    let world = World::new();
    let token = bearer(&world, "profile").await;
    let reply = world
        .send(call(Method::GET, &[&format!("Bearer {token}")], None))
        .await;
    assert_eq!(
        (reply.status, &reply.json()["error"]),
        (403, &json!("insufficient_scope"))
    );
}

#[tokio::test]
async fn r3_a_proof_of_another_request_token_or_key_is_refused() {
    let world = World::new();
    let (key, thief) = (Key::new(), Key::new());
    let token = bound(&world, &key).await;
    let now = world.now();
    let right = key.proof_with_token(now, "GET", &token);
    let ath = countersign::crypto::ath(&token).to_base64url();
    let jti = jti();
    let claims = ProofClaims {
        htm: "GET",
        ath: Some(&ath),
        ..claims(&jti, now)
    };
    for (proof, error) in [
        (
            key.proof_with_token(now, "POST", &token),
            "invalid_dpop_proof",
        ),
        (
            key.proof_with_token(now, "GET", "other"),
            "invalid_dpop_proof",
        ),
        (
            key.sign(&ProofClaims {
                htu: USERINFO_ENDPOINT,
                ath: None,
                ..claims
            }),
            "invalid_dpop_proof",
        ),
        (key.sign(&claims), "invalid_dpop_proof"),
        (
            key.proof_with_token(now.plus(-61), "GET", &token),
            "invalid_dpop_proof",
        ),
        (
            thief.proof_with_token(now, "GET", &token),
            "invalid_dpop_proof",
        ),
    ] {
        let reply = world
            .send(call(Method::GET, &[&format!("DPoP {token}")], Some(&proof)))
            .await;
        assert_eq!((reply.status, &reply.json()["error"]), (401, &json!(error)));
    }
    let request = || call(Method::GET, &[&format!("DPoP {token}")], Some(&right));
    assert_eq!(world.send(request()).await.status, 200);
    let replayed = world.send(request()).await;
    assert_eq!(replayed.status, 401);
    assert_eq!(replayed.json()["error"], "invalid_dpop_proof");
}

/// A request that is refused for its token has not used up its proof.
#[tokio::test]
async fn v15_a_proof_of_a_refused_request_is_not_remembered() {
    let world = World::new();
    let key = Key::new();
    let code = world.code(&with(request(), "scope", "profile")).await;
    let form = redemption(&code);
    let tokens = world.token(&form, Some(&key.proof(world.now()))).await;
    let token = tokens.json()["access_token"].clone();
    let token = token.as_str().expect("a token");
    let proof = key.proof_with_token(world.now(), "GET", token);
    for _ in 0..2 {
        let reply = world
            .send(call(Method::GET, &[&format!("DPoP {token}")], Some(&proof)))
            .await;
        assert_eq!(
            (reply.status, &reply.json()["error"]),
            (403, &json!("insufficient_scope"))
        );
    }
}

#[tokio::test]
async fn tokens_of_another_kind_time_or_server_are_refused() {
    let world = World::new();
    let code = world.code(&request()).await;
    let tokens = world.token(&redemption(&code), None).await.json();
    let id_token = tokens["id_token"].as_str().expect("a token").to_owned();
    let foreign = bearer(&World::new(), "openid").await;
    let expired = tokens["access_token"].as_str().expect("a token").to_owned();
    world.wait(300);
    for token in [id_token, foreign, expired] {
        let reply = world
            .send(call(Method::GET, &[&format!("Bearer {token}")], None))
            .await;
        assert_eq!(
            (reply.status, &reply.json()["error"]),
            (401, &json!("invalid_token"))
        );
    }
}

#[tokio::test]
async fn with_dpop_off_only_bearer_is_asked_for() {
    let world = World::with("dpop = 'off'");
    let reply = world.send(call(Method::GET, &[], None)).await;
    assert_eq!(challenges(&reply), ["Bearer"]);
    let token = bearer(&world, "openid").await;
    let reply = world
        .send(call(Method::GET, &[&format!("Bearer {token}")], None))
        .await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn s5_with_typ_jwt_an_id_token_is_still_no_access_token() {
    let world = World::with("access_token_typ = 'JWT'");
    let key = Key::new();
    let tokens = world.tokens(&key).await;
    let (header, claims) = decode(&world, &tokens["access_token"]).await;
    assert_eq!(header["typ"], "JWT");
    assert_eq!(claims["cnf"], json!({ "jkt": key.jkt() }));
    for (name, status) in [("access_token", 200), ("id_token", 401)] {
        let token = tokens[name].as_str().expect("a token");
        let proof = key.proof_with_token(world.now(), "GET", token);
        let call = call(Method::GET, &[&format!("DPoP {token}")], Some(&proof));
        let reply = world.send(call).await;
        assert_eq!(reply.status, status, "{name}: {}", reply.body);
    }
    // The access token is no hint of who is logged in either.
    let hint = tokens["access_token"].as_str().expect("a token");
    let page = world.visit(&format!("/logout?id_token_hint={hint}")).await;
    assert!(!page.hidden("csrf").is_empty(), "{}", page.body);
}
