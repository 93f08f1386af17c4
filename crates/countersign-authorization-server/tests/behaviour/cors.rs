use axum::body::Body;
use http::Request;

use crate::world::*;

const APP: &str = "http://localhost:9440";

async fn preflight(world: &World, path: &str, origin: &str) -> Reply {
    let call = Request::options(path)
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "authorization,content-type,dpop",
        )
        .body(Body::empty());
    world.send(call.expect("a request")).await
}

fn list(reply: &Reply, name: &str) -> Vec<String> {
    let values = reply.header(name).unwrap_or_default().split(',');
    let mut values: Vec<_> = values.map(|v| v.trim().to_ascii_lowercase()).collect();
    values.sort_unstable();
    values
}

const CALLED: [&str; 5] = [
    "/token",
    "/par",
    "/userinfo",
    "/jwks",
    "/.well-known/openid-configuration",
];

#[tokio::test]
async fn n7_a_preflight_allows_what_dpop_needs_and_carries_no_proof() {
    let world = World::new();
    for path in CALLED {
        let reply = preflight(&world, path, APP).await;
        assert_eq!(reply.status, 200, "{path}");
        assert_eq!(reply.header("access-control-allow-origin"), Some(APP));
        assert_eq!(
            list(&reply, "access-control-allow-headers"),
            ["authorization", "content-type", "dpop"]
        );
        assert_eq!(
            list(&reply, "access-control-allow-methods"),
            ["get", "post"]
        );
        assert_eq!(reply.header("access-control-max-age"), Some("600"));
        assert_eq!(reply.header("access-control-allow-credentials"), None);
    }
}

#[tokio::test]
async fn n7_responses_expose_what_dpop_needs_refusals_too() {
    let world = World::with("dpop = 'nonce'");
    let call = Request::post("/token")
        .header("origin", APP)
        .body(Body::empty());
    let refused = world.send(call.expect("a request")).await;
    assert_eq!(refused.status, 400);
    let call = Request::get("/jwks")
        .header("origin", APP)
        .body(Body::empty());
    let answered = world.send(call.expect("a request")).await;
    let call = Request::get("/userinfo")
        .header("origin", APP)
        .body(Body::empty());
    let challenged = world.send(call.expect("a request")).await;
    assert_eq!(challenged.status, 401);
    for reply in [refused, answered, challenged] {
        assert_eq!(reply.header("access-control-allow-origin"), Some(APP));
        assert_eq!(
            list(&reply, "access-control-expose-headers"),
            ["date", "dpop-nonce", "www-authenticate"]
        );
    }
}

#[tokio::test]
async fn only_origins_of_clients_and_those_allowed_beside_them() {
    let world = World::with("allowed_origins = ['http://localhost:5173']");
    for path in CALLED {
        let reply = preflight(&world, path, "http://localhost:5173").await;
        let allowed = reply.header("access-control-allow-origin");
        assert_eq!(allowed, Some("http://localhost:5173"));
        for origin in ["http://localhost:5174", "https://localhost:5173", "null"] {
            let reply = preflight(&world, path, origin).await;
            assert_eq!(
                reply.header("access-control-allow-origin"),
                None,
                "{origin}"
            );
        }
    }
}

/// These endpoints are for navigation. A page that could read them would read codes.
#[tokio::test]
async fn pages_of_the_server_are_not_for_scripts() {
    let world = World::new();
    for path in ["/authorize", "/login", "/logout"] {
        let reply = preflight(&world, path, APP).await;
        assert_eq!(reply.header("access-control-allow-origin"), None, "{path}");
    }
}
