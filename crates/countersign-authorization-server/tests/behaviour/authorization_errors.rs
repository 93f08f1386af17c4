use crate::world::*;

/// The error is shown to the person and never sent: nothing proves that the redirect URI is the
/// client's.
#[tokio::test]
async fn an_unknown_client_or_redirect_uri_is_never_redirected_to() {
    let world = World::new();
    let mut twice = request();
    twice.push(("redirect_uri".into(), "http://localhost:6666/".into()));
    for (params, told) in [
        (with(request(), "client_id", "ghost"), "ghost"),
        (without(request(), "client_id"), "client_id is missing"),
        (
            without(request(), "redirect_uri"),
            "redirect_uri is missing",
        ),
        (
            with(request(), "redirect_uri", "http://localhost:9440"),
            "Registered: http://localhost:9440/.",
        ),
        (
            with(request(), "redirect_uri", "http://localhost:9440/?x=1"),
            "http://localhost:9440/?x=1",
        ),
        (twice, "redirect_uri came twice"),
    ] {
        let reply = world.authorize(&params).await;
        assert_eq!(reply.status, 400, "{told}");
        assert_eq!(reply.header("location"), None, "{told}");
        assert!(reply.body.contains(told), "{told}: {}", reply.body);
        let policy = reply.header("content-security-policy").expect("a policy");
        assert!(policy.contains("frame-ancestors 'none'"));
    }
}

#[tokio::test]
async fn what_is_wrong_otherwise_is_sent_with_state_and_iss() {
    let world = World::new();
    let mut twice = request();
    twice.push(("nonce".into(), "n-2".into()));
    for (params, code) in [
        (without(request(), "response_type"), "invalid_request"),
        (
            with(request(), "response_type", "token"),
            "unsupported_response_type",
        ),
        (without(request(), "code_challenge"), "invalid_request"),
        (
            without(request(), "code_challenge_method"),
            "invalid_request",
        ),
        (
            with(request(), "code_challenge_method", "plain"),
            "invalid_request",
        ),
        (
            with(request(), "code_challenge", "short"),
            "invalid_request",
        ),
        (with(request(), "dpop_jkt", "short"), "invalid_request"),
        (with(request(), "prompt", "none login"), "invalid_request"),
        (with(request(), "prompt", "create"), "invalid_request"),
        (
            with(request(), "response_mode", "form_post"),
            "invalid_request",
        ),
        (without(request(), "scope"), "invalid_scope"),
        (with(request(), "scope", "admin"), "invalid_scope"),
        (
            with(request(), "resource", "http://localhost:1"),
            "invalid_target",
        ),
        (with(request(), "request", "a.b.c"), "request_not_supported"),
        (
            with(request(), "request_uri", "urn:x"),
            "request_uri_not_supported",
        ),
        (
            with(request(), "registration", "{}"),
            "registration_not_supported",
        ),
        (twice, "invalid_request"),
    ] {
        let reply = world.authorize(&params).await;
        reply.assert_sent_error(code);
        assert_eq!(reply.param("state").as_deref(), Some("st&ate"), "{code}");
        assert!(reply.param("error_description").is_some());
    }
}

#[tokio::test]
async fn a_request_of_unbounded_size_is_refused() {
    let world = World::new();
    let reply = world
        .authorize(&with(request(), "nonce", &"n".repeat(8192)))
        .await;
    assert_eq!(reply.status, 400);
    assert!(reply.body.contains("8192 bytes"));
}

#[tokio::test]
async fn scopes_that_the_client_may_not_have_are_left_out() {
    let world = World::with(
        "[[clients]]\nid = 'demo'\nredirect_uris = ['http://localhost:9440/']\nscopes = ['notes']",
    );
    let code = world
        .code(&with(request(), "scope", "openid admin notes"))
        .await;
    let key = Key::new();
    let tokens = world
        .token(&redemption(&code), Some(&key.proof(world.now())))
        .await
        .json();
    assert_eq!(tokens["scope"], "openid notes");
    let (_, claims) = decode(&world, &tokens["access_token"]).await;
    assert_eq!(claims["scope"], "openid notes");
    let (_, claims) = decode(&world, &tokens["id_token"]).await;
    assert_eq!(claims.get("email"), None);
    assert_eq!(claims.get("name"), None);
}

#[tokio::test]
async fn a_nonce_has_at_most_512_bytes() {
    let world = World::new();
    let longest = "n".repeat(512);
    let page = world.authorize(&with(request(), "nonce", &longest)).await;
    assert_eq!(page.status, 200);
    let longer = with(request(), "nonce", &format!("{longest}n"));
    let reply = world.authorize(&longer).await;
    reply.assert_sent_error("invalid_request");
    assert_eq!(
        reply.param("error_description").as_deref(),
        Some("`nonce` has more than 512 bytes; send a hash")
    );
}
