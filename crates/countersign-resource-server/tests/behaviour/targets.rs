//! Which request targets a proof can be for.

use axum::{Router, extract::RawPathParams, routing::put};
use countersign_resource_server::Rejection;

use crate::world::{AUDIENCE, Answer, World, send};

/// `PUT target`, with a proof for `htu`.
async fn put_with(world: &World, target: &str, htu: &str) -> Answer {
    let echo = |parameters: RawPathParams| async move {
        let id = parameters.iter().next().map(|(_, id)| id.to_owned());
        id.unwrap_or_default()
    };
    let api = Router::new()
        .route("/api/notes/{id}", put(echo))
        .fallback(|| async { "fallback" })
        .layer(world.server.layer());
    let token = world.token();
    let proof = world.proof_with(&token, |_, claims| {
        claims["htm"] = "PUT".into();
        claims["htu"] = format!("{AUDIENCE}{htu}").into();
    });
    let authorization = format!("DPoP {token}");
    let headers = [("authorization", &*authorization), ("dpop", &proof)];
    send(&api, "PUT", target, &headers).await
}

#[tokio::test]
async fn v9_a_path_as_browsers_send_it_is_accepted_as_it_is() {
    let world = World::new();
    for id in ["n|z", "n[z", "n]z", "n^z", "n%z", "n%zz", "n%", "n%4"] {
        let path = format!("/api/notes/{id}");
        let answer = put_with(&world, &path, &path).await;
        assert_eq!(
            (answer.status.as_u16(), answer.rejection),
            (200, None),
            "{id}"
        );
        assert_eq!(answer.body, id);
    }
}

#[tokio::test]
async fn v9_what_browsers_leave_unencoded_is_not_its_encoding() {
    let world = World::new();
    for (target, htu) in [
        ("n|z", "n%7Cz"),
        ("n%7Cz", "n|z"),
        ("n%z", "n%25z"),
        ("n%25z", "n%z"),
        ("n%5Bz", "n[z"),
        ("n%4%31", "n%41"),
        ("nA", "n%4%31"),
    ] {
        let (target, htu) = (format!("/api/notes/{target}"), format!("/api/notes/{htu}"));
        let answer = put_with(&world, &target, &htu).await;
        answer.assert_invalid_proof();
        assert_eq!(answer.name(), "HtuMismatch", "{target}");
    }
}

#[tokio::test]
async fn v9_a_target_that_no_url_has_is_refused_and_says_so() {
    let world = World::new();
    for path in ["/api/notes/a\\b", "/api/notes/{a}", "/api/\"b"] {
        let answer = put_with(&world, path, "/api/notes/1").await;
        let path = path.to_owned();
        assert_eq!(answer.rejection, Some(Rejection::Target { path }));
        answer.assert_refused(400, "invalid_request", TARGET);
    }
}

#[tokio::test]
async fn v9_a_target_with_dot_segments_is_refused_whatever_the_proof_names() {
    let world = World::new();
    for path in [
        "/api/notes/..",
        "/api/notes/../",
        "/api/notes/./1",
        "/api/notes/.",
        "/api/notes/%2e%2e",
        "/api/notes/%2E./1",
        "/api/notes/.%2e",
        "/../api/notes/1",
    ] {
        for htu in [path, "/api/", "/api/notes/1", "/api/notes/"] {
            let answer = put_with(&world, path, htu).await;
            let path = path.to_owned();
            assert_eq!(answer.rejection, Some(Rejection::Target { path }));
            answer.assert_refused(400, "invalid_request", TARGET);
        }
    }
    for id in ["...", "a..", "..a", "%2e%2e%2e", "..%2f"] {
        let path = format!("/api/notes/{id}");
        let answer = put_with(&world, &path, &path).await;
        assert_eq!(
            (answer.status.as_u16(), answer.rejection),
            (200, None),
            "{id}"
        );
    }
}

#[tokio::test]
async fn v10_dot_segments_of_the_proof_are_resolved() {
    let world = World::new();
    let answer = put_with(&world, "/api/notes/1", "/api/x/%2e%2E/./notes/1").await;
    assert_eq!((answer.status.as_u16(), answer.rejection), (200, None));
}

const TARGET: &str = "The request target must be the path of a URL, without dot segments";
