use crate::world::*;

#[tokio::test]
async fn a_login_sends_code_state_and_iss() {
    let world = World::new();
    let reply = world.log_in(&request(), "alice").await;
    assert_eq!(reply.status, 303);
    assert!(reply.location().starts_with("http://localhost:9440/?code="));
    assert_eq!(reply.param("state").as_deref(), Some("st&ate"));
    assert_eq!(reply.param("iss").as_deref(), Some(ISSUER));
    assert_eq!(reply.header("content-security-policy"), None);
    assert_eq!(reply.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn the_response_goes_into_the_fragment_where_that_is_asked_for() {
    let world = World::new();
    let params = with(request(), "response_mode", "fragment");
    let reply = world.log_in(&params, "alice").await;
    assert!(reply.location().starts_with("http://localhost:9440/#code="));
    let params = with(with(params, "scope", "unknown"), "prompt", "none");
    let reply = world.authorize(&params).await;
    assert!(
        reply
            .location()
            .starts_with("http://localhost:9440/#error=invalid_scope")
    );
}

#[tokio::test]
async fn a_redirect_uri_keeps_its_query_and_its_spelling() {
    let uri = "http://localhost:9440?a=b%7E";
    let world = World::with(&format!(
        "[[clients]]\nid = 'demo'\nredirect_uris = ['{uri}']"
    ));
    let reply = world
        .log_in(&with(request(), "redirect_uri", uri), "alice")
        .await;
    assert!(
        reply
            .location()
            .starts_with("http://localhost:9440?a=b%7E&code=")
    );
}

#[tokio::test]
async fn the_session_answers_the_next_request_without_a_page() {
    let world = World::new();
    let reply = world.log_in(&request(), "alice").await;
    let cookie = reply.header("set-cookie").expect("a cookie");
    assert!(cookie.starts_with("countersign_session_9441="), "{cookie}");
    assert!(
        cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax"),
        "{cookie}"
    );
    for prompt in [None, Some("none")] {
        let params = prompt.map_or_else(request, |prompt| with(request(), "prompt", prompt));
        let reply = world.authorize(&params).await;
        assert_eq!(reply.status, 303);
        assert!(reply.param("code").is_some());
        assert_eq!(reply.header("content-security-policy"), None);
        assert_eq!(reply.header("x-frame-options"), None);
    }
}

#[tokio::test]
async fn prompt_none_without_a_session_is_login_required() {
    let world = World::new();
    let reply = world.authorize(&with(request(), "prompt", "none")).await;
    reply.assert_sent_error("login_required");
    assert_eq!(reply.param("state").as_deref(), Some("st&ate"));
    // The server is started anew; the browser still has the first one's cookie.
    world.log_in(&request(), "alice").await;
    let restarted = World::new();
    let cookie = world.cookie("countersign_session_9441").expect("a session");
    restarted.set_cookie("countersign_session_9441", &cookie);
    let reply = restarted
        .authorize(&with(request(), "prompt", "none"))
        .await;
    reply.assert_sent_error("login_required");
}

#[tokio::test]
async fn other_prompts_show_the_page_although_there_is_a_session() {
    let world = World::new();
    world.log_in(&request(), "alice").await;
    for prompt in ["login", "consent", "select_account", "login consent"] {
        let params = with(request(), "prompt", prompt);
        let reply = world.authorize(&params).await;
        assert_eq!(reply.status, 200, "{prompt}");
        assert!(reply.body.contains("Log in"));
    }
    // On the page, the user goes on, and may be another one.
    let reply = world
        .log_in(&with(request(), "prompt", "login"), "bob")
        .await;
    assert!(reply.param("code").is_some());
}

#[tokio::test]
async fn a_session_ends_after_its_lifetime() {
    let world = World::with("session_lifetime_seconds = 100");
    world.log_in(&request(), "alice").await;
    world.wait(99);
    let silent = with(request(), "prompt", "none");
    assert!(world.authorize(&silent).await.param("code").is_some());
    world.wait(1);
    world
        .authorize(&silent)
        .await
        .assert_sent_error("login_required");
}

#[tokio::test]
async fn max_age_asks_for_a_newer_login() {
    let world = World::new();
    world.log_in(&request(), "alice").await;
    world.wait(60);
    let silent = with(request(), "prompt", "none");
    let reply = world
        .authorize(&with(silent.clone(), "max_age", "60"))
        .await;
    assert!(reply.param("code").is_some());
    for max_age in ["59", "0"] {
        let reply = world
            .authorize(&with(silent.clone(), "max_age", max_age))
            .await;
        reply.assert_sent_error("login_required");
    }
    let reply = world.authorize(&with(silent, "max_age", "soon")).await;
    reply.assert_sent_error("invalid_request");
}

#[tokio::test]
async fn a_hint_at_another_user_needs_a_login() {
    let world = World::new();
    let id_token = world.tokens(&Key::new()).await["id_token"].clone();
    let hint = id_token.as_str().expect("an id_token");
    let silent = with(with(request(), "prompt", "none"), "id_token_hint", hint);
    assert!(world.authorize(&silent).await.param("code").is_some());
    world
        .log_in(&with(request(), "prompt", "login"), "bob")
        .await;
    world
        .authorize(&silent)
        .await
        .assert_sent_error("login_required");
}

#[tokio::test]
async fn a_login_changes_the_session_id() {
    let world = World::new();
    world.log_in(&request(), "alice").await;
    let first = world.cookie("countersign_session_9441").expect("a session");
    world
        .log_in(&with(request(), "prompt", "login"), "alice")
        .await;
    let second = world.cookie("countersign_session_9441").expect("a session");
    assert_ne!(first, second);
    world.set_cookie("countersign_session_9441", &first);
    let reply = world.authorize(&with(request(), "prompt", "none")).await;
    reply.assert_sent_error("login_required");
}

#[tokio::test]
async fn a_request_may_come_as_a_form() {
    let world = World::new();
    let params = request();
    let form: Vec<_> = params.iter().map(|(n, v)| (&**n, &**v)).collect();
    let page = world.submit("/authorize", &form).await;
    assert_eq!(page.status, 200);
    let (request, csrf) = (page.hidden("request"), page.hidden("csrf"));
    let form = [("request", &*request), ("csrf", &*csrf), ("user", "alice")];
    let reply = world.submit("/login", &form).await;
    assert!(reply.param("code").is_some());
}

#[tokio::test]
async fn cookies_of_an_issuer_carry_its_port_and_path() {
    let world = World::with(r#"issuer = "https://id.example.com/one""#);
    let page = world
        .visit(&format!("/one/authorize?{}", encode(&request())))
        .await;
    let cookie = page.header("set-cookie").expect("a cookie");
    assert!(cookie.starts_with("countersign_form_443="), "{cookie}");
    assert!(
        cookie.ends_with("; Path=/one; HttpOnly; SameSite=None; Secure"),
        "{cookie}"
    );
}

#[tokio::test]
async fn a_native_client_may_choose_its_port() {
    let world = World::with(
        "[[clients]]\nid = 'demo'\nnative = true\nredirect_uris = ['http://127.0.0.1/cb']",
    );
    let params = with(request(), "redirect_uri", "http://127.0.0.1:50123/cb");
    let reply = world.log_in(&params, "alice").await;
    assert!(
        reply
            .location()
            .starts_with("http://127.0.0.1:50123/cb?code=")
    );
}
