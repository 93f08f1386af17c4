use crate::world::*;

#[tokio::test]
async fn the_page_has_one_button_for_each_user() {
    let world = World::new();
    let page = world.authorize(&request()).await;
    assert_eq!(page.status, 200);
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert_eq!(page.body.matches("name=\"user\"").count(), 2);
    for text in [
        "Alice Archer",
        "alice@example.com",
        "Bob Baker",
        "<strong>demo</strong>",
    ] {
        assert!(page.body.contains(text), "{text}");
    }
    assert!(!page.body.contains("<script"));
}

#[tokio::test]
async fn no_other_site_may_frame_the_page() {
    let world = World::new();
    let page = world.authorize(&request()).await;
    let policy = page.header("content-security-policy").expect("a policy");
    assert!(policy.contains("default-src 'none'"));
    assert!(policy.contains("frame-ancestors 'none'"));
    assert!(policy.contains("style-src 'sha256-"));
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
}

#[tokio::test]
async fn what_the_request_holds_does_not_become_markup() {
    let world = World::with(
        "[[clients]]\nid = 'demo'\nname = '<b>App</b>'\nredirect_uris = ['http://localhost:9440/']\n[[users]]\nsub = '\"><script>'",
    );
    let page = world
        .authorize(&with(request(), "state", "\"><script>"))
        .await;
    assert!(!page.body.contains("<script>"));
    assert!(page.body.contains("&lt;b&gt;App&lt;/b&gt;"));
    let reply = world
        .log_in(&with(request(), "state", "\"><script>"), "\"><script>")
        .await;
    assert_eq!(reply.param("state").as_deref(), Some("\"><script>"));
}

#[tokio::test]
async fn a_form_from_elsewhere_is_refused() {
    let world = World::new();
    let page = world.authorize(&request()).await;
    let (request_field, csrf) = (page.hidden("request"), page.hidden("csrf"));
    let other_request = encode(&with(request(), "state", "other"));
    for (request_field, csrf) in [
        (&*request_field, ""),
        (&*request_field, "AAAAAAAAAAAAAAAAAAAAAA"),
        (&*other_request, &*csrf),
    ] {
        let form = [
            ("request", request_field),
            ("csrf", csrf),
            ("user", "alice"),
        ];
        let reply = world.submit("/login", &form).await;
        assert_eq!(reply.status, 403);
        assert_eq!(reply.header("set-cookie"), None);
    }
    // A form that another browser got, for example an attacker's.
    let form = [
        ("request", &*request_field),
        ("csrf", &*csrf),
        ("user", "alice"),
    ];
    let cookie = world.cookie("countersign_form_9441").expect("a cookie");
    world.forget_cookie("countersign_form_9441");
    assert_eq!(world.submit("/login", &form).await.status, 403);
    world.set_cookie("countersign_form_9441", "another");
    assert_eq!(world.submit("/login", &form).await.status, 403);
    world.set_cookie("countersign_form_9441", &cookie);
    assert_eq!(world.submit("/login", &form).await.status, 303);
}

/// Another port of localhost is same-site: it can set this cookie, and its forms come with all
/// cookies.
#[tokio::test]
async fn a_form_that_another_origin_sends_is_refused() {
    let world = World::new();
    let page = world.authorize(&request()).await;
    assert_eq!(page.header("referrer-policy"), Some("same-origin"));
    let (request_field, csrf) = (page.hidden("request"), page.hidden("csrf"));
    let form = [
        ("request", &*request_field),
        ("csrf", &*csrf),
        ("user", "alice"),
    ];
    for origins in [
        &["http://localhost:9440"][..],
        &["http://localhost"],
        &["https://localhost:9441"],
        &["null"],
        &[""],
        &[ISSUER, "http://localhost:9440"],
    ] {
        let reply = world.submit_from(origins, "/login", &form).await;
        assert_eq!(reply.status, 403, "{origins:?}");
        assert_eq!(reply.header("set-cookie"), None);
    }
    let reply = world.submit_from(&[ISSUER], "/login", &form).await;
    assert_eq!(reply.status, 303);
}

#[tokio::test]
async fn cancelling_is_access_denied() {
    let world = World::new();
    let page = world.authorize(&request()).await;
    let (request, csrf) = (page.hidden("request"), page.hidden("csrf"));
    let form = [("request", &*request), ("csrf", &*csrf), ("cancel", "1")];
    let reply = world.submit("/login", &form).await;
    reply.assert_sent_error("access_denied");
    assert_eq!(reply.param("state").as_deref(), Some("st&ate"));
}

#[tokio::test]
async fn an_unknown_user_does_not_get_in() {
    let world = World::new();
    let page = world.authorize(&request()).await;
    let (request, csrf) = (page.hidden("request"), page.hidden("csrf"));
    let form = [
        ("request", &*request),
        ("csrf", &*csrf),
        ("user", "mallory"),
    ];
    let reply = world.submit("/login", &form).await;
    assert_eq!(reply.status, 400);
    assert_eq!(reply.header("location"), None);
    assert_eq!(world.cookie("countersign_session_9441"), None);
}
