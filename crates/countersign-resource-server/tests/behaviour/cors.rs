//! Pages on other origins.

use axum::Router;
use countersign_resource_server::ResourceServer;

use crate::world::{World, send};

const PAGE: &str = "https://app.example.com";

fn api(world: &World) -> Router {
    world.api().layer(ResourceServer::cors([PAGE]).unwrap())
}

fn list(header: Option<&str>) -> Vec<String> {
    let mut list: Vec<_> = header
        .unwrap_or_default()
        .split(',')
        .map(|one| one.trim().to_ascii_lowercase())
        .collect();
    list.sort();
    list
}

#[tokio::test]
async fn n7_preflights_carry_no_proof_and_allow_what_dpop_needs() {
    let world = World::new();
    for method in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
        let preflight = [
            ("origin", PAGE),
            ("access-control-request-method", method),
            (
                "access-control-request-headers",
                "authorization,dpop,content-type",
            ),
        ];
        let answer = send(&api(&world), "OPTIONS", "/notes", &preflight).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.rejection, None);
        assert_eq!(answer.header("access-control-allow-origin"), Some(PAGE));
        assert_eq!(answer.header("access-control-allow-methods"), Some(method));
        assert_eq!(
            list(answer.header("access-control-allow-headers")),
            ["authorization", "content-type", "dpop"]
        );
        assert_eq!(answer.body, "");
    }
}

#[tokio::test]
async fn n7_an_applications_own_headers_pass_the_preflight() {
    let world = World::new();
    let wanted = "authorization,dpop,if-match,x-request-id";
    let answer = send(
        &api(&world),
        "OPTIONS",
        "/notes",
        &[
            ("origin", PAGE),
            ("access-control-request-method", "PUT"),
            ("access-control-request-headers", wanted),
        ],
    )
    .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-headers"), Some(wanted));
    assert_eq!(
        list(answer.header("vary")),
        [
            "access-control-request-headers",
            "access-control-request-method",
            "origin"
        ]
    );
}

#[tokio::test]
async fn options_that_is_no_preflight_reaches_nothing_further_in() {
    let world = World::new();
    for headers in [&[][..], &[("origin", PAGE)]] {
        let answer = send(&api(&world), "OPTIONS", "/notes", headers).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body, "");
    }
}

#[tokio::test]
async fn n7_refusals_and_successes_can_be_read_by_the_page() {
    let world = World::new();
    let token = world.token();
    let authorization = format!("DPoP {token}");
    let proof = world.proof(&token);
    let good = [
        ("origin", PAGE),
        ("authorization", &*authorization),
        ("dpop", &proof),
    ];
    for (headers, status) in [(&good[..], 200), (&good[..], 401), (&good[..1], 401)] {
        let answer = send(&api(&world), "GET", "/notes", headers).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("access-control-allow-origin"), Some(PAGE));
        assert_eq!(
            list(answer.header("access-control-expose-headers")),
            ["date", "dpop-nonce", "www-authenticate"]
        );
    }
}

#[tokio::test]
async fn n7_other_origins_get_nothing() {
    let world = World::new();
    let answer = send(
        &api(&world),
        "OPTIONS",
        "/notes",
        &[
            ("origin", "https://evil.example"),
            ("access-control-request-method", "GET"),
        ],
    )
    .await;
    assert_eq!(answer.header("access-control-allow-origin"), None);
    assert_eq!(answer.body, "");
}
