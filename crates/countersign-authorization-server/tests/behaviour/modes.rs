use serde_json::json;

use crate::world::*;

#[tokio::test]
async fn off_ignores_dpop_altogether() {
    let world = World::with("dpop = 'off'");
    let metadata = world
        .send(get("/.well-known/openid-configuration"))
        .await
        .json();
    assert_eq!(metadata.get("dpop_signing_alg_values_supported"), None);
    let key = Key::new();
    let params = with(request(), "dpop_jkt", &key.jkt());
    for proof in [None, Some(key.proof(world.now())), Some("x".to_owned())] {
        let form = redemption(&world.code(&params).await);
        let reply = world.token(&form, proof.as_deref()).await;
        let tokens = reply.json();
        assert_eq!(tokens["token_type"], "Bearer");
        assert_eq!(reply.header("dpop-nonce"), None);
        let (_, claims) = decode(&world, &tokens["access_token"]).await;
        assert_eq!(claims.get("cnf"), None);
        let form = refreshing(&tokens["refresh_token"]);
        assert_eq!(
            world.token(&form, None).await.json()["token_type"],
            "Bearer"
        );
    }
    let code = world
        .code(&with(request(), "dpop_jkt", "not looked at"))
        .await;
    assert_eq!(world.token(&redemption(&code), None).await.status, 200);
}

#[tokio::test]
async fn t3_advertised_only_lists_algorithms_and_issues_bearer() {
    let world = World::with("dpop = 'advertised-only'");
    let metadata = world
        .send(get("/.well-known/openid-configuration"))
        .await
        .json();
    let algorithms = &metadata["dpop_signing_alg_values_supported"];
    assert!(
        algorithms
            .as_array()
            .is_some_and(|list| list.contains(&json!("ES256")))
    );
    let key = Key::new();
    let form = redemption(&world.code(&with(request(), "dpop_jkt", &key.jkt())).await);
    world
        .token(&form, Some("x"))
        .await
        .assert_error(400, "invalid_dpop_proof");
    let tokens = world
        .token(&form, Some(&key.proof(world.now())))
        .await
        .json();
    assert_eq!(tokens["token_type"], "Bearer");
    let (_, claims) = decode(&world, &tokens["access_token"]).await;
    assert_eq!(claims.get("cnf"), None);
    let form = refreshing(&tokens["refresh_token"]);
    let reply = world.token(&form, Some(&key.proof(world.now()))).await;
    assert_eq!(reply.json()["token_type"], "Bearer");
}

#[tokio::test]
async fn v12_a_clock_that_runs_ahead_judges_proofs_and_dates_tokens() {
    for offset in [600, -600] {
        let world = World::with(&format!("clock_offset_seconds = {offset}"));
        let key = Key::new();
        let form = redemption(&world.code(&request()).await);
        let reply = world.token(&form, Some(&key.proof(world.now()))).await;
        reply.assert_error(400, "invalid_dpop_proof");
        let server_time = world.now().plus(offset);
        let tokens = world
            .token(&form, Some(&key.proof(server_time)))
            .await
            .json();
        for token in ["access_token", "id_token"] {
            let (_, claims) = decode(&world, &tokens[token]).await;
            assert_eq!(claims["iat"], START + offset);
            assert_eq!(claims["exp"], START + offset + 300);
            assert_eq!(claims["auth_time"], START + offset);
        }
    }
}

#[tokio::test]
async fn a_short_access_token_comes_with_an_id_token_that_can_still_be_read() {
    let world = World::with("access_token_lifetime_seconds = 2");
    let tokens = world.tokens(&Key::new()).await;
    assert_eq!(tokens["expires_in"], 2);
    let (_, claims) = decode(&world, &tokens["access_token"]).await;
    assert_eq!(claims["exp"], START + 2);
    let (_, claims) = decode(&world, &tokens["id_token"]).await;
    assert_eq!(claims["exp"], START + 300);
}
