use crate::world::*;

const NONCES: &str = "dpop = 'nonce'";

#[tokio::test]
async fn n1_a_proof_without_a_nonce_is_challenged_and_consumes_nothing() {
    let world = World::with(NONCES);
    let key = Key::new();
    let form = redemption(&world.code(&request()).await);
    let reply = world.token(&form, Some(&key.proof(world.now()))).await;
    reply.assert_error(400, "use_dpop_nonce");
    assert_eq!(reply.headers.get_all("dpop-nonce").iter().count(), 1);
    let nonce = reply.header("dpop-nonce").expect("a nonce");
    let reply = world
        .token(&form, Some(&key.proof_with_nonce(world.now(), nonce)))
        .await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json()["token_type"], "DPoP");
}

#[tokio::test]
async fn n3_every_token_response_brings_a_new_nonce() {
    let world = World::with(NONCES);
    let key = Key::new();
    let form = redemption(&world.code(&request()).await);
    let first = world.token(&form, Some(&key.proof(world.now()))).await;
    let first = first.header("dpop-nonce").expect("a nonce");
    world.wait(1);
    let reply = world
        .token(&form, Some(&key.proof_with_nonce(world.now(), first)))
        .await;
    let second = reply.header("dpop-nonce").expect("a nonce");
    assert_ne!(first, second);
    let form = refreshing(&reply.json()["refresh_token"]);
    let reply = world
        .token(&form, Some(&key.proof_with_nonce(world.now(), second)))
        .await;
    assert_eq!(reply.status, 200);
    // Errors that are not about the proof bring a nonce too.
    let reply = world.token(&Pairs::new(), None).await;
    reply.assert_error(400, "invalid_request");
    assert!(reply.header("dpop-nonce").is_some());
}

#[tokio::test]
async fn n6_a_nonce_ends_soon_and_refresh_tokens_outlive_the_challenge() {
    let world = World::with(NONCES);
    let key = Key::new();
    let form = redemption(&world.code(&request()).await);
    let challenge = world.token(&form, Some(&key.proof(world.now()))).await;
    let nonce = challenge.header("dpop-nonce").expect("a nonce");
    world.wait(15);
    let reply = world
        .token(&form, Some(&key.proof_with_nonce(world.now(), nonce)))
        .await;
    assert_eq!(reply.status, 200);
    let nonce = reply.header("dpop-nonce").expect("a nonce");
    let form = refreshing(&reply.json()["refresh_token"]);
    world.wait(16);
    let reply = world
        .token(&form, Some(&key.proof_with_nonce(world.now(), nonce)))
        .await;
    reply.assert_error(400, "use_dpop_nonce");
    let nonce = reply.header("dpop-nonce").expect("a nonce");
    let reply = world
        .token(&form, Some(&key.proof_with_nonce(world.now(), nonce)))
        .await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn n8_a_nonce_of_somebody_else_is_challenged() {
    let world = World::with(NONCES);
    let key = Key::new();
    let form = redemption(&world.code(&request()).await);
    let other = World::with(NONCES);
    let foreign = other.token(&form, Some(&key.proof(world.now()))).await;
    let foreign = foreign.header("dpop-nonce").expect("a nonce");
    for nonce in [foreign, "x"] {
        let reply = world
            .token(&form, Some(&key.proof_with_nonce(world.now(), nonce)))
            .await;
        reply.assert_error(400, "use_dpop_nonce");
        let nonce = reply.header("dpop-nonce").expect("a nonce");
        assert!(
            nonce
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        );
    }
}

#[tokio::test]
async fn s3_userinfo_accepts_no_proof_without_a_nonce_either() {
    let world = World::with(NONCES);
    let key = Key::new();
    let form = redemption(&world.code(&request()).await);
    let challenge = world.token(&form, Some(&key.proof(world.now()))).await;
    let nonce = challenge.header("dpop-nonce").expect("a nonce");
    let tokens = world
        .token(&form, Some(&key.proof_with_nonce(world.now(), nonce)))
        .await;
    let token = tokens.json()["access_token"]
        .as_str()
        .expect("a token")
        .to_owned();
    let mut call = get("/userinfo");
    let proof = key.proof_with_token(world.now(), "GET", &token);
    call.headers_mut().insert(
        "authorization",
        format!("DPoP {token}").parse().expect("a header"),
    );
    call.headers_mut()
        .insert("dpop", proof.parse().expect("a header"));
    let reply = world.send(call).await;
    assert_eq!(reply.status, 401);
    assert_eq!(reply.json()["error"], "use_dpop_nonce");
    assert!(reply.header("dpop-nonce").is_some());
    let challenge = reply.header("www-authenticate").expect("a challenge");
    assert!(
        challenge.starts_with(r#"DPoP error="use_dpop_nonce""#),
        "{challenge}"
    );
}

/// RFC 9449, 11.3: without a proof there is no nonce to ask for, and the token is Bearer.
#[tokio::test]
async fn a_request_without_a_proof_is_not_challenged() {
    let world = World::with(NONCES);
    let form = redemption(&world.code(&request()).await);
    let reply = world.token(&form, None).await;
    assert_eq!(reply.json()["token_type"], "Bearer");
}
