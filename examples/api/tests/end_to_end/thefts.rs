//! Tests from login to call, and of what an attacker gets who stole something on the way.

use std::sync::atomic::Ordering;

use serde_json::json;

use crate::{
    client::Client,
    idp::{AUDIENCE, Idp},
    world::{Answer, Call, World, api, api_with_clock},
};

const INVALID_TOKEN: &str = r#"DPoP algs="ES256 EdDSA PS256 RS256", error="invalid_token", error_description="The access token is not valid for this request""#;
const INVALID_PROOF: &str = r#"DPoP algs="ES256 EdDSA PS256 RS256", error="invalid_dpop_proof", error_description="The DPoP proof is missing or not valid for this request""#;

/// Asserts what the thief sees, and what the journal says.
#[track_caller]
fn assert_refused(answer: &Answer, challenge: &str, entry: &serde_json::Value, reason: &str) {
    assert_eq!(answer.status, 401);
    assert_eq!(answer.header("www-authenticate"), Some(challenge));
    assert_eq!(
        (&entry["outcome"], &entry["status"], &entry["reason"]),
        (&json!("refused"), &json!(401), &json!(reason))
    );
    assert!(!entry["detail"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn r3_login_gives_a_bound_token_that_opens_the_api_with_a_proof() {
    let idp = Idp::start("").await;
    let client = Client::new();
    let response = idp.log_in(&client).await;
    assert_eq!(response["token_type"], "DPoP");
    let token = response["access_token"].as_str().unwrap();
    let proof = client.proof("GET", &format!("{AUDIENCE}/api/me"), Some(token), None);
    let call = Call::new("GET", "/api/me").dpop(token, &proof);
    let answer = call.send(&api(&idp.issuer, &[])).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.json(),
        json!({
            "sub": "alice",
            "scheme": "DPoP",
            "jkt": client.jkt(),
            "clientId": "demo",
            "scope": "openid",
        })
    );
}

#[tokio::test]
async fn v14_a_stolen_token_is_useless_with_another_key() {
    let world = World::new().await;
    let thief = Client::new();
    let url = format!("{AUDIENCE}/api/me");
    let proof = thief.proof("GET", &url, Some(&world.token), None);
    let call = Call::new("GET", "/api/me").dpop(&world.token, &proof);
    let answer = world.send(call).await;
    let journal = world.journal(0).await;
    assert_refused(&answer, INVALID_PROOF, &journal[0], "KeyMismatch");
}

#[tokio::test]
async fn r3_a_stolen_token_is_useless_without_a_proof() {
    let world = World::new().await;
    let authorization = format!("DPoP {}", world.token);
    let call = Call::new("GET", "/api/me").header("authorization", &authorization);
    let answer = world.send(call).await;
    let journal = world.journal(0).await;
    assert_refused(&answer, INVALID_PROOF, &journal[0], "HeaderMissing");
}

#[tokio::test]
async fn r4_a_stolen_token_is_useless_as_bearer() {
    for mode in ["required", "optional"] {
        let world = World::with("", &["--dpop", mode]).await;
        let answer = world
            .send(Call::new("GET", "/api/me").bearer(&world.token))
            .await;
        let journal = world.journal(0).await;
        assert_refused(&answer, INVALID_TOKEN, &journal[0], "TokenBoundAsBearer");
    }
}

#[tokio::test]
async fn v15_a_stolen_token_is_useless_with_the_stolen_proof() {
    let world = World::new().await;
    let url = format!("{AUDIENCE}/api/me");
    let proof = world.client.proof("GET", &url, Some(&world.token), None);
    let call = || Call::new("GET", "/api/me").dpop(&world.token, &proof);
    assert_eq!(world.send(call()).await.status, 200);
    let answer = world.send(call()).await;
    let journal = world.journal(1).await;
    assert_refused(&answer, INVALID_PROOF, &journal[0], "Replayed");
}

#[tokio::test]
async fn v9_a_stolen_proof_is_useless_for_another_call() {
    let world = World::new().await;
    let url = format!("{AUDIENCE}/api/me");
    let proof = world.client.proof("GET", &url, Some(&world.token), None);
    for (method, path, reason) in [
        ("GET", "/api/notes", "HtuMismatch"),
        ("DELETE", "/api/notes/1", "HtmMismatch"),
    ] {
        let call = Call::new(method, path).dpop(&world.token, &proof);
        let answer = world.send(call).await;
        let journal = world.journal(0).await;
        let entry = journal.last().unwrap();
        assert_refused(&answer, INVALID_PROOF, entry, reason);
    }
}

#[tokio::test]
async fn rr1_rr2_a_restarted_issuer_and_one_that_starts_late_are_found() {
    // The API starts first.
    let idp = Idp::start("").await;
    let (port, issuer) = (idp.port, idp.issuer.clone());
    let client = Client::new();
    let early = idp.access_token(&client).await;
    idp.stop().await;
    let (api, clock) = api_with_clock(&issuer);
    let call = |token: &str| {
        let proof = client.proof("GET", &format!("{AUDIENCE}/api/me"), Some(token), None);
        Call::new("GET", "/api/me").dpop(token, &proof)
    };
    let answer = call(&early).send(&api).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("retry-after"), Some("2"));

    // Each start makes new keys.
    let idp = Idp::start_at(port, "").await;
    clock.fetch_add(2, Ordering::Relaxed);
    let token = idp.access_token(&client).await;
    assert_eq!(call(&token).send(&api).await.status, 200);
    assert_eq!(call(&early).send(&api).await.status, 401);
    idp.stop().await;

    let idp = Idp::start_at(port, "").await;
    let token = idp.access_token(&client).await;
    assert_eq!(call(&token).send(&api).await.status, 200);
}
