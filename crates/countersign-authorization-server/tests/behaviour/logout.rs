use crate::world::*;

fn logout(params: &[(&str, &str)]) -> String {
    let pairs = params
        .iter()
        .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
        .collect();
    format!("/logout?{}", encode(&pairs))
}

async fn is_logged_in(world: &World) -> bool {
    let reply = world.authorize(&with(request(), "prompt", "none")).await;
    reply.param("code").is_some()
}

#[tokio::test]
async fn a_hint_ends_the_session_and_leads_back() {
    let world = World::new();
    let key = Key::new();
    let tokens = world.tokens(&key).await;
    let hint = tokens["id_token"].as_str().expect("a token");
    // Ids of logins long ago are still hints.
    world.wait(1000);
    let path = logout(&[
        ("id_token_hint", hint),
        ("post_logout_redirect_uri", REDIRECT_URI),
        ("state", "s&1"),
    ]);
    let reply = world.visit(&path).await;
    assert_eq!(reply.status, 303);
    assert_eq!(reply.location(), "http://localhost:9440/?state=s%261");
    let cookie = reply.header("set-cookie").expect("a cookie");
    assert!(
        cookie.starts_with("countersign_session_9441=; Max-Age=0;"),
        "{cookie}"
    );
    assert!(!is_logged_in(&world).await);
    let form = refreshing(&tokens["refresh_token"]);
    let reply = world.token(&form, Some(&key.proof(world.now()))).await;
    reply.assert_error(400, "invalid_grant");
}

#[tokio::test]
async fn the_cookie_that_was_cleared_is_no_session_any_more() {
    let world = World::new();
    let tokens = world.tokens(&Key::new()).await;
    let hint = tokens["id_token"].as_str().expect("a token");
    let cookie = world.cookie("countersign_session_9441").expect("a session");
    world.visit(&logout(&[("id_token_hint", hint)])).await;
    world.set_cookie("countersign_session_9441", &cookie);
    assert!(!is_logged_in(&world).await);
}

#[tokio::test]
async fn a_logout_ends_what_came_of_earlier_logins_of_the_browser() {
    let world = World::new();
    let key = Key::new();
    let first = world.tokens(&key).await;
    world
        .log_in(&with(request(), "prompt", "login"), "alice")
        .await;
    let second = world.tokens(&key).await;
    let hint = second["id_token"].as_str().expect("a token");
    world.visit(&logout(&[("id_token_hint", hint)])).await;
    for tokens in [first, second] {
        let form = refreshing(&tokens["refresh_token"]);
        let reply = world.token(&form, Some(&key.proof(world.now()))).await;
        reply.assert_error(400, "invalid_grant");
    }
}

#[tokio::test]
async fn another_browsers_login_goes_on() {
    let world = World::new();
    let key = Key::new();
    let other = world.tokens(&key).await;
    world.forget_cookie("countersign_session_9441");
    let tokens = world.tokens(&Key::new()).await;
    let hint = tokens["id_token"].as_str().expect("a token");
    world.visit(&logout(&[("id_token_hint", hint)])).await;
    let form = refreshing(&other["refresh_token"]);
    let reply = world.token(&form, Some(&key.proof(world.now()))).await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn without_a_redirect_it_says_so() {
    let world = World::new();
    let tokens = world.tokens(&Key::new()).await;
    let hint = tokens["id_token"].as_str().expect("a token");
    let reply = world.visit(&logout(&[("id_token_hint", hint)])).await;
    assert_eq!(reply.status, 200);
    assert!(reply.body.contains("Logged out"));
    assert!(reply.header("content-security-policy").is_some());
}

#[tokio::test]
async fn a_redirect_goes_to_registered_uris_only_and_nothing_ends_otherwise() {
    let world = World::with(
        "[[clients]]\nid = 'demo'\nredirect_uris = ['http://localhost:9440/']\npost_logout_redirect_uris = ['http://localhost:9440/bye']\n\
         [[clients]]\nid = 'second'\nredirect_uris = ['http://localhost:9449/']",
    );
    let tokens = world.tokens(&Key::new()).await;
    let hint = tokens["id_token"].as_str().expect("a token");
    for params in [
        &[
            ("id_token_hint", hint),
            ("post_logout_redirect_uri", REDIRECT_URI),
        ][..],
        &[
            ("id_token_hint", hint),
            ("post_logout_redirect_uri", "http://localhost:9440/bye?x"),
        ],
        &[
            ("id_token_hint", hint),
            ("post_logout_redirect_uri", "http://localhost:9449/"),
        ],
        &[("id_token_hint", hint), ("client_id", "second")],
        &[
            ("client_id", "ghost"),
            ("post_logout_redirect_uri", "http://localhost:9440/bye"),
        ],
        &[("post_logout_redirect_uri", "http://localhost:9440/bye")],
        &[("id_token_hint", hint), ("state", "a"), ("state", "b")],
    ] {
        let reply = world.visit(&logout(params)).await;
        assert_eq!(reply.status, 400, "{params:?}");
        assert_eq!(reply.header("location"), None);
    }
    assert!(is_logged_in(&world).await);
    let bye = ("post_logout_redirect_uri", "http://localhost:9440/bye");
    let reply = world.visit(&logout(&[("id_token_hint", hint), bye])).await;
    assert_eq!(reply.location(), "http://localhost:9440/bye");
}

#[tokio::test]
async fn without_a_hint_the_user_is_asked() {
    let world = World::new();
    world.log_in(&request(), "alice").await;
    let params = [
        ("client_id", "demo"),
        ("post_logout_redirect_uri", REDIRECT_URI),
    ];
    let page = world.visit(&logout(&params)).await;
    assert_eq!(page.status, 200);
    assert!(is_logged_in(&world).await);
    let (request, csrf) = (page.hidden("request"), page.hidden("csrf"));
    let form = [("request", &*request), ("csrf", "AAAAAAAAAAAAAAAAAAAAAA")];
    assert_eq!(world.submit("/logout", &form).await.status, 403);
    assert!(is_logged_in(&world).await);
    let form = [("request", &*request), ("csrf", &*csrf)];
    let elsewhere = ["http://localhost:9440"];
    let reply = world.submit_from(&elsewhere, "/logout", &form).await;
    assert_eq!(reply.status, 403);
    let reply = world.submit("/logout", &form).await;
    assert_eq!(reply.location(), REDIRECT_URI);
    assert!(!is_logged_in(&world).await);
}

/// A user who was logged in here before has no say in this session.
#[tokio::test]
async fn a_hint_of_another_user_is_no_agreement() {
    let world = World::new();
    let tokens = world.tokens(&Key::new()).await;
    let hint = tokens["id_token"].as_str().expect("a token");
    world
        .log_in(&with(request(), "prompt", "login"), "bob")
        .await;
    let page = world.visit(&logout(&[("id_token_hint", hint)])).await;
    assert!(page.body.contains("Log out?"));
    assert!(is_logged_in(&world).await);
}

#[tokio::test]
async fn after_a_restart_an_old_hint_leads_back_without_an_error() {
    let world = World::new();
    let tokens = world.tokens(&Key::new()).await;
    let hint = tokens["id_token"].as_str().expect("a token");
    let restarted = World::new();
    let cookie = world.cookie("countersign_session_9441").expect("a session");
    restarted.set_cookie("countersign_session_9441", &cookie);
    let params = [
        ("id_token_hint", hint),
        ("post_logout_redirect_uri", REDIRECT_URI),
    ];
    let reply = restarted.visit(&logout(&params)).await;
    assert_eq!(reply.location(), REDIRECT_URI);
    let params = [
        ("id_token_hint", hint),
        ("post_logout_redirect_uri", "http://localhost:1/"),
    ];
    assert_eq!(restarted.visit(&logout(&params)).await.status, 400);
}

#[tokio::test]
async fn a_client_may_post() {
    let world = World::new();
    let tokens = world.tokens(&Key::new()).await;
    let hint = tokens["id_token"].as_str().expect("a token");
    let form = [
        ("id_token_hint", hint),
        ("post_logout_redirect_uri", REDIRECT_URI),
    ];
    let reply = world.submit("/logout", &form).await;
    assert_eq!(reply.location(), REDIRECT_URI);
    assert!(!is_logged_in(&world).await);
}
