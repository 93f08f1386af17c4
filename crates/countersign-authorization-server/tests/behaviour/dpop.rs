use aws_lc_rs::digest::{SHA256, digest};
use countersign::{jose::base64url, proof::ProofClaims};
use serde_json::json;

use crate::world::*;

#[tokio::test]
async fn t2_t5_a_token_of_a_request_with_a_proof_is_bound_to_its_key() {
    let world = World::new();
    let key = Key::new();
    let code = world.code(&request()).await;
    let reply = world
        .token(&redemption(&code), Some(&key.proof(world.now())))
        .await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("pragma"), Some("no-cache"));
    assert_eq!(reply.header("dpop-nonce"), None);
    let tokens = reply.json();
    let mut members: Vec<_> = tokens.as_object().expect("an object").keys().collect();
    members.sort_unstable();
    assert_eq!(
        members,
        [
            "access_token",
            "expires_in",
            "id_token",
            "refresh_token",
            "scope",
            "token_type"
        ]
    );
    assert_eq!(tokens["token_type"], "DPoP");
    assert_eq!(tokens["expires_in"], 300);
    assert_eq!(tokens["scope"], "openid profile email");

    let (header, mut claims) = decode(&world, &tokens["access_token"]).await;
    assert_eq!(
        (&header["alg"], &header["typ"]),
        (&json!("ES256"), &json!("at+jwt"))
    );
    let jti = claims.remove("jti").expect("a jti");
    assert!(jti.as_str().is_some_and(|jti| jti.len() >= 16));
    assert_eq!(
        json!(claims),
        json!({
            "iss": ISSUER,
            "sub": "alice",
            "aud": "http://localhost:9442",
            "client_id": "demo",
            "iat": START,
            "exp": START + 300,
            "auth_time": START,
            "scope": "openid profile email",
            "cnf": { "jkt": key.jkt() },
        })
    );
}

#[tokio::test]
async fn the_id_token_says_who_logged_in_for_whom() {
    let world = World::new();
    world.log_in(&request(), "alice").await;
    world.wait(7);
    let tokens = world.tokens(&Key::new()).await;
    let (header, claims) = decode(&world, &tokens["id_token"]).await;
    assert_eq!(
        (&header["alg"], &header["typ"]),
        (&json!("ES256"), &json!("JWT"))
    );
    let access_token = tokens["access_token"].as_str().expect("a token");
    let hash = digest(&SHA256, access_token.as_bytes());
    assert_eq!(
        json!(claims),
        json!({
            "iss": ISSUER,
            "sub": "alice",
            "aud": "demo",
            "azp": "demo",
            "iat": START + 7,
            "exp": START + 307,
            "auth_time": START,
            "nonce": "n-1",
            "at_hash": base64url::encode(&hash.as_ref()[..16]),
            "name": "Alice Archer",
            "preferred_username": "alice",
            "email": "alice@example.com",
            "email_verified": true,
        })
    );
}

#[tokio::test]
async fn without_the_scope_openid_there_is_no_id_token() {
    let world = World::new();
    let code = world.code(&with(request(), "scope", "profile")).await;
    let reply = world
        .token(&redemption(&code), Some(&Key::new().proof(world.now())))
        .await;
    assert_eq!(reply.json().get("id_token"), None);
}

#[tokio::test]
async fn without_a_proof_the_token_is_bearer() {
    let world = World::new();
    let code = world.code(&request()).await;
    let tokens = world.token(&redemption(&code), None).await.json();
    assert_eq!(tokens["token_type"], "Bearer");
    let (_, claims) = decode(&world, &tokens["access_token"]).await;
    assert_eq!(claims.get("cnf"), None);
}

/// No refused proof uses up the code.
#[tokio::test]
async fn t2_a_refused_proof_is_invalid_dpop_proof_and_consumes_nothing() {
    let world = World::new();
    let key = Key::new();
    let code = world.code(&request()).await;
    let form = redemption(&code);
    let now = world.now();
    let used = key.proof(now);
    let mut proofs = vec!["x".to_owned(), format!("{used}, {used}")];
    let jti = jti();
    let right = claims(&jti, now);
    for wrong in [
        ProofClaims {
            htm: "GET",
            ..right
        },
        ProofClaims {
            htm: "post",
            ..right
        },
        ProofClaims {
            htu: "http://localhost:9441/userinfo",
            ..right
        },
        ProofClaims {
            htu: "http://localhost:9999/token",
            ..right
        },
        ProofClaims {
            iat: now.plus(-61),
            ..right
        },
        ProofClaims {
            iat: now.plus(6),
            ..right
        },
        ProofClaims { jti: "", ..right },
    ] {
        proofs.push(key.sign(&wrong));
    }
    for proof in proofs {
        let reply = world.token(&form, Some(&proof)).await;
        reply.assert_error(400, "invalid_dpop_proof");
        assert_eq!(reply.header("dpop-nonce"), None);
    }
    assert_eq!(world.token(&form, Some(&used)).await.status, 200);
}

#[tokio::test]
async fn v1_two_dpop_headers_are_refused() {
    let world = World::new();
    let key = Key::new();
    let code = world.code(&request()).await;
    let form = redemption(&code);
    let pairs: Vec<_> = form.iter().map(|(n, v)| (&**n, &**v)).collect();
    let mut call = post_form("/token", &pairs);
    for _ in 0..2 {
        let proof = key.proof(world.now()).parse().expect("a header");
        call.headers_mut().append("dpop", proof);
    }
    world
        .send(call)
        .await
        .assert_error(400, "invalid_dpop_proof");
}

#[tokio::test]
async fn v15_a_proof_is_good_for_one_request() {
    let world = World::new();
    let key = Key::new();
    let proof = key.proof(world.now());
    let first = world.code(&request()).await;
    assert_eq!(
        world.token(&redemption(&first), Some(&proof)).await.status,
        200
    );
    let second = redemption(&world.code(&request()).await);
    let reply = world.token(&second, Some(&proof)).await;
    reply.assert_error(400, "invalid_dpop_proof");
    let reply = world.token(&second, Some(&key.proof(world.now()))).await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn v10_an_equivalent_htu_is_accepted() {
    let world = World::new();
    let code = world.code(&request()).await;
    let jti = jti();
    let htu = "HTTP://LOCALHOST:9441/x/../%74oken?a#b";
    let proof = Key::new().sign(&ProofClaims {
        htu,
        ..claims(&jti, world.now())
    });
    assert_eq!(
        world.token(&redemption(&code), Some(&proof)).await.status,
        200
    );
}

#[tokio::test]
async fn c2_a_code_with_dpop_jkt_needs_that_key() {
    let world = World::new();
    let (key, other) = (Key::new(), Key::new());
    let form = redemption(&world.code(&with(request(), "dpop_jkt", &key.jkt())).await);
    let reply = world.token(&form, Some(&other.proof(world.now()))).await;
    reply.assert_error(400, "invalid_dpop_proof");
    world
        .token(&form, None)
        .await
        .assert_error(400, "invalid_dpop_proof");
    // Those requests were refused for their proofs and have consumed nothing: a thief can't lock
    // the client out.
    let reply = world.token(&form, Some(&key.proof(world.now()))).await;
    assert_eq!(reply.json()["token_type"], "DPoP");
}

#[tokio::test]
async fn t6_a_client_registered_for_bound_tokens_needs_a_proof() {
    let world = World::with(
        "[[clients]]\nid = 'demo'\nredirect_uris = ['http://localhost:9440/']\ndpop_bound_access_tokens = true",
    );
    let form = redemption(&world.code(&request()).await);
    world
        .token(&form, None)
        .await
        .assert_error(400, "invalid_dpop_proof");
    let reply = world
        .token(&form, Some(&Key::new().proof(world.now())))
        .await;
    assert_eq!(reply.json()["token_type"], "DPoP");
}

#[tokio::test]
async fn s5_a_token_is_no_proof() {
    let world = World::new();
    let tokens = world.tokens(&Key::new()).await;
    let form = redemption(&world.code(&request()).await);
    for token in ["access_token", "id_token"] {
        let token = tokens[token].as_str().expect("a token");
        let reply = world.token(&form, Some(token)).await;
        reply.assert_error(400, "invalid_dpop_proof");
    }
}
