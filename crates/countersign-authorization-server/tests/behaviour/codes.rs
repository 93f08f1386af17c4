use serde_json::json;

use crate::world::*;

#[tokio::test]
async fn a_code_is_good_for_one_minute() {
    let world = World::new();
    let key = Key::new();
    let code = world.code(&request()).await;
    world.wait(59);
    let reply = world
        .token(&redemption(&code), Some(&key.proof(world.now())))
        .await;
    assert_eq!(reply.status, 200);
    let code = world.code(&request()).await;
    world.wait(60);
    let reply = world
        .token(&redemption(&code), Some(&key.proof(world.now())))
        .await;
    reply.assert_error(400, "invalid_grant");
}

/// Each of these uses up the code, so that an attacker with a stolen one has a single try (RFC
/// 9700).
#[tokio::test]
async fn a_failed_redemption_consumes_the_code() {
    let other_verifier = "x".repeat(43);
    type Change<'a> = (&'a str, Option<&'a str>, u16, &'a str);
    let changes: [Change<'_>; 8] = [
        ("code_verifier", Some(&other_verifier), 400, "invalid_grant"),
        ("code_verifier", Some("short"), 400, "invalid_request"),
        ("code_verifier", None, 400, "invalid_request"),
        (
            "redirect_uri",
            Some("http://localhost:9440/other"),
            400,
            "invalid_grant",
        ),
        ("redirect_uri", None, 400, "invalid_request"),
        ("client_id", Some("second"), 400, "invalid_grant"),
        ("client_id", Some("ghost"), 401, "invalid_client"),
        (
            "resource",
            Some("http://localhost:1"),
            400,
            "invalid_target",
        ),
    ];
    let clients = "[[clients]]\nid = 'demo'\nredirect_uris = ['http://localhost:9440/']\n\
                   [[clients]]\nid = 'second'\nredirect_uris = ['http://localhost:9440/']";
    let world = World::with(clients);
    let key = Key::new();
    for (name, value, status, error) in changes {
        let code = world.code(&request()).await;
        let form = match value {
            Some(value) => with(redemption(&code), name, value),
            None => without(redemption(&code), name),
        };
        let reply = world.token(&form, Some(&key.proof(world.now()))).await;
        reply.assert_error(status, error);
        let right = world
            .token(&redemption(&code), Some(&key.proof(world.now())))
            .await;
        right.assert_error(400, "invalid_grant");
    }
}

/// Requests from which no redemption can be read.
fn unreadable(code: &str) -> [(Pairs, &'static str); 5] {
    let right = redemption(code);
    let twice = |name: &str, value: &str| {
        let mut form = right.clone();
        form.push((name.to_owned(), value.to_owned()));
        form
    };
    [
        (without(right.clone(), "grant_type"), "invalid_request"),
        (
            with(right.clone(), "grant_type", "password"),
            "unsupported_grant_type",
        ),
        (twice("client_id", "demo"), "invalid_request"),
        (twice("code", code), "invalid_request"),
        (twice("code", "another"), "invalid_request"),
    ]
}

#[tokio::test]
async fn a_request_that_can_t_be_read_consumes_its_codes() {
    let world = World::new();
    let key = Key::new();
    for form in 0..unreadable("").len() {
        let code = world.code(&request()).await;
        let (form, error) = unreadable(&code)[form].clone();
        let reply = world.token(&form, Some(&key.proof(world.now()))).await;
        reply.assert_error(400, error);
        let right = redemption(&code);
        let reply = world.token(&right, Some(&key.proof(world.now()))).await;
        reply.assert_error(400, "invalid_grant");
    }
    let codes = [world.code(&request()).await, world.code(&request()).await];
    let mut both = redemption(&codes[0]);
    both.push(("code".to_owned(), codes[1].clone()));
    let reply = world.token(&both, None).await;
    reply.assert_error(400, "invalid_request");
    for code in &codes {
        let reply = world.token(&redemption(code), None).await;
        reply.assert_error(400, "invalid_grant");
    }
}

#[tokio::test]
async fn a_request_that_can_t_be_read_consumes_nothing_when_its_proof_is_refused() {
    let world = World::new();
    let (key, thief) = (Key::new(), Key::new());
    let code = world.code(&with(request(), "dpop_jkt", &key.jkt())).await;
    for (form, _) in unreadable(&code) {
        for proof in [None, Some("x"), Some(&*thief.proof(world.now()))] {
            let reply = world.token(&form, proof).await;
            reply.assert_error(400, "invalid_dpop_proof");
        }
    }
    let form = redemption(&code);
    let reply = world.token(&form, Some(&key.proof(world.now()))).await;
    assert_eq!(reply.status, 200);
}

/// A body that is not sent as a form is not read, so nothing in it is known to be a code.
#[tokio::test]
async fn a_body_that_is_no_form_leaves_the_code() {
    let world = World::new();
    let code = world.code(&request()).await;
    let call = http::Request::post("/token")
        .header("content-type", "text/plain")
        .body(encode(&redemption(&code)).into())
        .expect("a request");
    world.send(call).await.assert_error(400, "invalid_request");
    assert_eq!(world.token(&redemption(&code), None).await.status, 200);
}

#[tokio::test]
async fn what_comes_back_in_a_request_that_can_t_be_read_revokes_its_family() {
    let world = World::new();
    let key = Key::new();
    for which in ["code", "refresh_token"] {
        let code = redemption(&world.code(&request()).await);
        let reply = world.token(&code, Some(&key.proof(world.now()))).await;
        let first = refreshing(&reply.json()["refresh_token"]);
        let reply = world.token(&first, Some(&key.proof(world.now()))).await;
        let second = refreshing(&reply.json()["refresh_token"]);
        let used = if which == "code" { code } else { first };
        let reply = world
            .token(&without(used, "grant_type"), Some(&key.proof(world.now())))
            .await;
        reply.assert_error(400, "invalid_request");
        let reply = world.token(&second, Some(&key.proof(world.now()))).await;
        reply.assert_error(400, "invalid_grant");
    }
}

#[tokio::test]
async fn a_refresh_token_that_was_not_used_outlives_a_request_that_can_t_be_read() {
    let world = World::new();
    let key = Key::new();
    let form = refreshing(&world.tokens(&key).await["refresh_token"]);
    let wrong = without(form.clone(), "grant_type");
    let reply = world.token(&wrong, Some(&key.proof(world.now()))).await;
    reply.assert_error(400, "invalid_request");
    let reply = world.token(&form, Some(&key.proof(world.now()))).await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn a_code_that_comes_back_revokes_its_family() {
    let world = World::new();
    let key = Key::new();
    let code = world.code(&request()).await;
    let form = redemption(&code);
    let tokens = world
        .token(&form, Some(&key.proof(world.now())))
        .await
        .json();
    // Long after the code would have expired, and after a refresh.
    world.wait(120);
    let form_2 = refreshing(&tokens["refresh_token"]);
    let tokens = world
        .token(&form_2, Some(&key.proof(world.now())))
        .await
        .json();
    let reply = world.token(&form, Some(&key.proof(world.now()))).await;
    reply.assert_error(400, "invalid_grant");
    assert!(reply.body.contains("revoked"));
    let form = refreshing(&tokens["refresh_token"]);
    let reply = world.token(&form, Some(&key.proof(world.now()))).await;
    reply.assert_error(400, "invalid_grant");
    // Userinfo knows; an API that only reads the token does not.
    let token = tokens["access_token"].as_str().expect("a token");
    let mut call = get("/userinfo");
    let proof = key.proof_with_token(world.now(), "GET", token);
    call.headers_mut().insert(
        "authorization",
        format!("DPoP {token}").parse().expect("a header"),
    );
    call.headers_mut()
        .insert("dpop", proof.parse().expect("a header"));
    assert_eq!(world.send(call).await.status, 401);
}

#[tokio::test]
async fn a_code_or_token_that_was_never_issued_is_refused() {
    let world = World::new();
    let key = Key::new();
    let code = world.code(&request()).await;
    let refresh_token = world.tokens(&key).await["refresh_token"].clone();
    let refresh_token = refresh_token.as_str().expect("a token");
    let mut changed = code.clone();
    changed.replace_range(30..31, if &code[30..31] == "A" { "B" } else { "A" });
    for wrong in ["x", "AAAA", &changed, refresh_token] {
        let reply = world
            .token(&redemption(wrong), Some(&key.proof(world.now())))
            .await;
        reply.assert_error(400, "invalid_grant");
    }
    let as_refresh_token = refreshing(&json!(code));
    let reply = world
        .token(&as_refresh_token, Some(&key.proof(world.now())))
        .await;
    reply.assert_error(400, "invalid_grant");
    // None of that has touched the code.
    let reply = world
        .token(&redemption(&code), Some(&key.proof(world.now())))
        .await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn a_resource_narrows_the_audience() {
    let world = World::with(
        "[[clients]]\nid = 'demo'\nredirect_uris = ['http://localhost:9440/']\naudiences = ['http://a.test', 'http://b.test/x', 'urn:c']",
    );
    let key = Key::new();
    let all = json!(["http://a.test", "http://b.test/x", "urn:c"]);
    let two = json!(["http://b.test/x", "urn:c"]);
    for (asked, at_token, aud) in [
        (&[][..], &[][..], all),
        (&["http://b.test/x", "urn:c"][..], &[][..], two),
        (&["urn:c"][..], &["urn:c"][..], json!("urn:c")),
        (&[][..], &["http://a.test"][..], json!("http://a.test")),
    ] {
        let resource = |uri: &&str| ("resource".to_owned(), (*uri).to_owned());
        let mut params = request();
        params.extend(asked.iter().map(resource));
        let code = world.code(&params).await;
        let mut form = redemption(&code);
        form.extend(at_token.iter().map(resource));
        let tokens = world
            .token(&form, Some(&key.proof(world.now())))
            .await
            .json();
        let (_, claims) = decode(&world, &tokens["access_token"]).await;
        assert_eq!(claims["aud"], aud);
    }
    // The token endpoint grants no more than was asked for before.
    let code = world.code(&with(request(), "resource", "urn:c")).await;
    let form = with(redemption(&code), "resource", "http://a.test");
    let reply = world.token(&form, Some(&key.proof(world.now()))).await;
    reply.assert_error(400, "invalid_target");
}
