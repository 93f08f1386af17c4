use serde_json::json;

use crate::world::*;

#[tokio::test]
async fn a_refresh_gives_new_tokens_of_the_same_login() {
    let world = World::new();
    let key = Key::new();
    let first = world.tokens(&key).await;
    world.wait(200);
    let form = refreshing(&first["refresh_token"]);
    let reply = world.token(&form, Some(&key.proof(world.now()))).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let second = reply.json();
    assert_eq!(second["token_type"], "DPoP");
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    let (_, claims) = decode(&world, &second["access_token"]).await;
    assert_eq!(claims["cnf"], json!({ "jkt": key.jkt() }));
    assert_eq!(claims["iat"], START + 200);
    let (_, claims) = decode(&world, &second["id_token"]).await;
    assert_eq!(claims["auth_time"], START);
    assert_eq!(claims["iat"], START + 200);
    assert_eq!(claims.get("nonce"), None);
}

#[tokio::test]
async fn t4_a_refresh_needs_the_key_of_the_login() {
    let world = World::new();
    let (key, other) = (Key::new(), Key::new());
    let form = refreshing(&world.tokens(&key).await["refresh_token"]);
    world
        .token(&form, None)
        .await
        .assert_error(400, "invalid_dpop_proof");
    let reply = world.token(&form, Some(&other.proof(world.now()))).await;
    reply.assert_error(400, "invalid_dpop_proof");
    let reply = world.token(&form, Some("x")).await;
    reply.assert_error(400, "invalid_dpop_proof");
    // A thief without the key has consumed nothing and revoked nothing.
    let reply = world.token(&form, Some(&key.proof(world.now()))).await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn a_rotated_refresh_token_that_comes_back_revokes_its_family() {
    let world = World::new();
    let (key, thief) = (Key::new(), Key::new());
    let first = refreshing(&world.tokens(&key).await["refresh_token"]);
    let second = world
        .token(&first, Some(&key.proof(world.now())))
        .await
        .json();
    // Without the key the request is refused for its proof, and nothing happens.
    let reply = world.token(&first, Some(&thief.proof(world.now()))).await;
    reply.assert_error(400, "invalid_dpop_proof");
    let second = refreshing(&second["refresh_token"]);
    let third = world
        .token(&second, Some(&key.proof(world.now())))
        .await
        .json();

    let reply = world.token(&first, Some(&key.proof(world.now()))).await;
    reply.assert_error(400, "invalid_grant");
    let third = refreshing(&third["refresh_token"]);
    let reply = world.token(&third, Some(&key.proof(world.now()))).await;
    reply.assert_error(400, "invalid_grant");
}

/// RFC 9700, 4.14.2: an attacker with a copy is noticed even if their request has another mistake.
#[tokio::test]
async fn a_rotated_refresh_token_revokes_its_family_whatever_else_is_wrong() {
    let world = World::with(
        "[[clients]]\nid = 'demo'\nredirect_uris = ['http://localhost:9440/']\n\
         [[clients]]\nid = 'second'\nredirect_uris = ['http://localhost:9440/']",
    );
    let key = Key::new();
    for (name, value) in [
        ("scope", "openid admin"),
        ("resource", "http://localhost:1"),
        ("client_id", "second"),
        ("client_id", "ghost"),
        ("client_id", ""),
        ("client_secret", "x"),
    ] {
        let first = refreshing(&world.tokens(&key).await["refresh_token"]);
        let reply = world.token(&first, Some(&key.proof(world.now()))).await;
        let second = refreshing(&reply.json()["refresh_token"]);
        let wrong = with(first, name, value);
        let reply = world.token(&wrong, Some(&key.proof(world.now()))).await;
        reply.assert_error(400, "invalid_grant");
        assert!(reply.body.contains("revoked"), "{}", reply.body);
        let reply = world.token(&second, Some(&key.proof(world.now()))).await;
        reply.assert_error(400, "invalid_grant");
    }
}

/// A request that was overheard, token and proof together, is refused for its proof: it ends
/// nobody's login.
#[tokio::test]
async fn a_refresh_that_is_sent_again_as_it_was_revokes_nothing() {
    let world = World::new();
    let key = Key::new();
    let first = refreshing(&world.tokens(&key).await["refresh_token"]);
    let proof = key.proof(world.now());
    let second = world.token(&first, Some(&proof)).await.json();
    let reply = world.token(&first, Some(&proof)).await;
    reply.assert_error(400, "invalid_dpop_proof");
    let second = refreshing(&second["refresh_token"]);
    let reply = world.token(&second, Some(&key.proof(world.now()))).await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn a_bearer_refresh_token_is_rotated_and_revoked_too() {
    let world = World::new();
    let code = world.code(&request()).await;
    let first = refreshing(&world.token(&redemption(&code), None).await.json()["refresh_token"]);
    let second = world.token(&first, None).await.json();
    assert_eq!(second["token_type"], "Bearer");
    world
        .token(&first, None)
        .await
        .assert_error(400, "invalid_grant");
    let second = refreshing(&second["refresh_token"]);
    world
        .token(&second, None)
        .await
        .assert_error(400, "invalid_grant");
}

#[tokio::test]
async fn a_failed_refresh_does_not_consume_the_token() {
    let world = World::with(
        "[[clients]]\nid = 'demo'\nredirect_uris = ['http://localhost:9440/']\n\
         [[clients]]\nid = 'second'\nredirect_uris = ['http://localhost:9440/']",
    );
    let key = Key::new();
    let form = refreshing(&world.tokens(&key).await["refresh_token"]);
    for (name, value, status, error) in [
        ("scope", "openid admin", 400, "invalid_scope"),
        ("resource", "http://localhost:1", 400, "invalid_target"),
        ("client_id", "second", 400, "invalid_grant"),
        ("client_id", "ghost", 401, "invalid_client"),
    ] {
        let wrong = with(form.clone(), name, value);
        let reply = world.token(&wrong, Some(&key.proof(world.now()))).await;
        reply.assert_error(status, error);
    }
    let reply = world.token(&form, Some(&key.proof(world.now()))).await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn a_refresh_may_ask_for_fewer_scopes() {
    let world = World::new();
    let key = Key::new();
    let form = refreshing(&world.tokens(&key).await["refresh_token"]);
    let narrow = with(form, "scope", "openid");
    let tokens = world
        .token(&narrow, Some(&key.proof(world.now())))
        .await
        .json();
    assert_eq!(tokens["scope"], "openid");
    // The granted scopes stay granted (RFC 6749, 6).
    let form = refreshing(&tokens["refresh_token"]);
    let tokens = world
        .token(&form, Some(&key.proof(world.now())))
        .await
        .json();
    assert_eq!(tokens["scope"], "openid profile email");
}

#[tokio::test]
async fn a_refresh_token_expires_when_it_is_not_used() {
    let world = World::with("refresh_token_lifetime_seconds = 400");
    let key = Key::new();
    let form = refreshing(&world.tokens(&key).await["refresh_token"]);
    world.wait(399);
    let tokens = world
        .token(&form, Some(&key.proof(world.now())))
        .await
        .json();
    let form = refreshing(&tokens["refresh_token"]);
    world.wait(400);
    let reply = world.token(&form, Some(&key.proof(world.now()))).await;
    reply.assert_error(400, "invalid_grant");
}

#[tokio::test]
async fn a_restarted_server_knows_no_refresh_token() {
    let key = Key::new();
    let form = refreshing(&World::new().tokens(&key).await["refresh_token"]);
    let world = World::new();
    let reply = world.token(&form, Some(&key.proof(world.now()))).await;
    reply.assert_error(400, "invalid_grant");
}

#[tokio::test]
async fn refresh_tokens_can_be_switched_off() {
    let world = World::with("refresh_tokens = false");
    let key = Key::new();
    let tokens = world.tokens(&key).await;
    assert_eq!(tokens.get("refresh_token"), None);
    let metadata = world
        .send(get("/.well-known/openid-configuration"))
        .await
        .json();
    assert_eq!(
        metadata["grant_types_supported"],
        json!(["authorization_code"])
    );
    let form = refreshing(&json!("x"));
    let reply = world.token(&form, Some(&key.proof(world.now()))).await;
    reply.assert_error(400, "unsupported_grant_type");
}
