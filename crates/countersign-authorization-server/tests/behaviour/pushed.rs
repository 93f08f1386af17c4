//! Pushed authorization requests (RFC 9126; RFC 9449, 10.1).

use countersign::proof::ProofClaims;

use crate::world::*;

const PUSH_ENDPOINT: &str = "http://localhost:9441/par";
const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

impl World {
    async fn push(&self, params: &Pairs, proof: Option<&str>) -> Reply {
        let form: Vec<_> = params.iter().map(|(n, v)| (&**n, &**v)).collect();
        let mut request = post_form("/par", &form);
        if let Some(proof) = proof {
            let proof = proof.parse().expect("a header");
            request.headers_mut().insert("dpop", proof);
        }
        self.send(request).await
    }

    fn proof_of(&self, key: &Key, nonce: Option<&str>) -> String {
        key.sign(&ProofClaims {
            htu: PUSH_ENDPOINT,
            nonce,
            ..claims(&jti(), self.now())
        })
    }
}

/// The authorization request that refers to what was pushed.
fn reference(pushed: &Reply) -> Pairs {
    assert_eq!(pushed.status, 201, "{}", pushed.body);
    let json = pushed.json();
    let uri = json["request_uri"].as_str().expect("a URI");
    let client = ("client_id".to_owned(), "demo".to_owned());
    vec![client, ("request_uri".to_owned(), uri.to_owned())]
}

#[tokio::test]
async fn a_pushed_request_is_answered_like_any_other() {
    let world = World::new();
    let pushed = world.push(&request(), None).await;
    assert_eq!(pushed.status, 201);
    assert_eq!(pushed.header("cache-control"), Some("no-store"));
    let json = pushed.json();
    assert_eq!(json["expires_in"], 60);
    let uri = json["request_uri"].as_str().expect("a URI");
    assert_eq!(uri.strip_prefix(PREFIX).map(str::len), Some(22));

    let reply = world.log_in(&reference(&pushed), "alice").await;
    assert!(reply.location().starts_with(REDIRECT_URI));
    assert_eq!(reply.param("state").as_deref(), Some("st&ate"));
    let code = reply.param("code").expect("a code");
    let key = Key::new();
    let proof = key.proof(world.now());
    let tokens = world.token(&redemption(&code), Some(&proof)).await;
    let (_, claims) = decode(&world, &tokens.json()["id_token"]).await;
    assert_eq!(claims["nonce"], "n-1");

    // With a session there is no page.
    let silent = with(request(), "prompt", "none");
    let pushed = world.push(&silent, None).await;
    let reply = world.authorize(&reference(&pushed)).await;
    assert!(reply.param("code").is_some(), "{}", reply.location());
}

#[tokio::test]
async fn a_reference_is_good_once_for_a_minute_and_for_its_client() {
    let toml = "[[clients]]\nid = 'demo'\nredirect_uris = ['http://localhost:9440/']\n\
                [[clients]]\nid = 'other'\nredirect_uris = ['http://localhost:9440/']";
    let world = World::with(toml);
    let refused = |reply: Reply| {
        assert_eq!(reply.status, 400, "{}", reply.body);
        assert_eq!(reply.header("location"), None);
        assert!(reply.body.contains("The request_uri is unknown"));
    };

    let used = reference(&world.push(&request(), None).await);
    assert_eq!(world.authorize(&used).await.status, 200);
    refused(world.authorize(&used).await);

    let late = reference(&world.push(&request(), None).await);
    world.wait(60);
    refused(world.authorize(&late).await);

    let stolen = reference(&world.push(&request(), None).await);
    let by_other = with(stolen.clone(), "client_id", "other");
    refused(world.authorize(&by_other).await);
    refused(world.authorize(&without(stolen.clone(), "client_id")).await);
    // That has not burnt it.
    assert_eq!(world.authorize(&stolen).await.status, 200);

    let guess = with(stolen, "request_uri", &format!("{PREFIX}AAAA"));
    refused(world.authorize(&guess).await);
}

#[tokio::test]
async fn what_stands_beside_the_reference_is_not_looked_at() {
    let world = World::new();
    let pushed = reference(&world.push(&request(), None).await);
    let attack = with(pushed, "redirect_uri", "https://evil.example/");
    let attack = with(attack, "state", "evil");
    let reply = world.log_in(&attack, "alice").await;
    assert!(reply.location().starts_with(REDIRECT_URI));
    assert_eq!(reply.param("state").as_deref(), Some("st&ate"));
}

#[tokio::test]
async fn c3_a_proof_or_dpop_jkt_of_a_push_binds_the_code() {
    for (by_proof, by_jkt) in [(true, false), (false, true), (true, true)] {
        let world = World::new();
        let (key, other) = (Key::new(), Key::new());
        let mut params = request();
        if by_jkt {
            params = with(params, "dpop_jkt", &key.jkt());
        }
        let proof = by_proof.then(|| world.proof_of(&key, None));
        let pushed = world.push(&params, proof.as_deref()).await;
        let code = world.code(&reference(&pushed)).await;
        let form = redemption(&code);
        for proof in [Some(other.proof(world.now())), None] {
            let reply = world.token(&form, proof.as_deref()).await;
            reply.assert_error(400, "invalid_dpop_proof");
        }
        let proof = key.proof(world.now());
        let reply = world.token(&form, Some(&proof)).await;
        assert_eq!(reply.json()["token_type"], "DPoP", "{}", reply.body);
    }
}

#[tokio::test]
async fn c3_a_proof_and_a_dpop_jkt_of_two_keys_are_refused() {
    let world = World::new();
    let (key, other) = (Key::new(), Key::new());
    let params = with(request(), "dpop_jkt", &other.jkt());
    let proof = world.proof_of(&key, None);
    let reply = world.push(&params, Some(&proof)).await;
    reply.assert_error(400, "invalid_dpop_proof");
    // It burnt nothing.
    let params = with(params, "dpop_jkt", &key.jkt());
    assert_eq!(world.push(&params, Some(&proof)).await.status, 201);
    // Used once (V15).
    let reply = world.push(&params, Some(&proof)).await;
    reply.assert_error(400, "invalid_dpop_proof");
}

#[tokio::test]
async fn c3_v9_a_proof_for_another_endpoint_is_refused() {
    let world = World::new();
    let proof = Key::new().proof(world.now());
    let reply = world.push(&request(), Some(&proof)).await;
    reply.assert_error(400, "invalid_dpop_proof");
}

#[tokio::test]
async fn c3_n1_a_push_is_challenged_for_a_nonce_and_brings_new_ones() {
    let world = World::with("dpop = 'nonce'");
    let key = Key::new();
    let proof = world.proof_of(&key, None);
    let reply = world.push(&request(), Some(&proof)).await;
    reply.assert_error(400, "use_dpop_nonce");
    let nonce = reply.header("dpop-nonce").expect("a nonce");
    let proof = world.proof_of(&key, Some(nonce));
    let reply = world.push(&request(), Some(&proof)).await;
    assert_eq!(reply.status, 201, "{}", reply.body);
    // The token endpoint accepts it too.
    let nonce = reply.header("dpop-nonce").expect("a nonce");
    let form = redemption(&world.code(&reference(&reply)).await);
    let proof = key.proof_with_nonce(world.now(), nonce);
    assert_eq!(world.token(&form, Some(&proof)).await.status, 200);
}

#[tokio::test]
async fn off_ignores_a_push_s_proof() {
    let world = World::with("dpop = 'off'");
    let params = with(request(), "dpop_jkt", "no thumbprint");
    let reply = world.push(&params, Some("no proof")).await;
    let form = redemption(&world.code(&reference(&reply)).await);
    assert_eq!(
        world.token(&form, None).await.json()["token_type"],
        "Bearer"
    );
}

#[tokio::test]
async fn a_push_is_refused_at_once_for_what_the_redirect_would_be() {
    let world = World::new();
    for (params, status, code) in [
        (Pairs::new(), 400, "invalid_request"),
        (
            with(request(), "client_id", "nobody"),
            401,
            "invalid_client",
        ),
        (with(request(), "client_secret", "s"), 401, "invalid_client"),
        (
            with(request(), "redirect_uri", "https://evil.example/"),
            400,
            "invalid_request",
        ),
        (
            with(request(), "response_type", "token"),
            400,
            "unsupported_response_type",
        ),
        (with(request(), "scope", "none"), 400, "invalid_scope"),
        (without(request(), "code_challenge"), 400, "invalid_request"),
        (
            with(request(), "request_uri", "urn:x"),
            400,
            "request_uri_not_supported",
        ),
        (
            with(request(), "login_hint", &"x".repeat(8192)),
            413,
            "invalid_request",
        ),
    ] {
        world.push(&params, None).await.assert_error(status, code);
    }
    assert_eq!(world.send(get("/par")).await.status, 405);
}

#[tokio::test]
async fn where_pushes_are_required_of_all_or_of_a_client_nothing_else_is_taken() {
    let client = "[[clients]]\nid = 'demo'\nredirect_uris = ['http://localhost:9440/']\n";
    let required = "require_pushed_authorization_requests = true\n";
    for (toml, of_all) in [
        (required.to_owned(), true),
        (format!("{client}{required}"), false),
    ] {
        let world = World::with(&toml);
        let metadata = world.send(get("/.well-known/openid-configuration")).await;
        let member = "require_pushed_authorization_requests";
        assert_eq!(metadata.json()[member], of_all);

        let reply = world.authorize(&request()).await;
        reply.assert_sent_error("invalid_request");
        let foreign = with(request(), "request_uri", "https://app.example/request");
        let reply = world.authorize(&foreign).await;
        reply.assert_sent_error("request_uri_not_supported");
        let pushed = world.push(&request(), None).await;
        world.code(&reference(&pushed)).await;
    }
}
