//! Which request targets a proof can be for.

use axum::{Router, extract::RawPathParams, routing::put};
use countersign::target::TargetUri;
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
    for id in ["...", "a..", "..a", "..%2f"] {
        let path = format!("/api/notes/{id}");
        let answer = put_with(&world, &path, &path).await;
        assert_eq!(
            (answer.status.as_u16(), answer.rejection),
            (200, None),
            "{id}"
        );
    }
}

/// A router goes by the path as it was sent, often before this layer runs; a proof is compared
/// after it is normalised.
#[tokio::test]
async fn v9_a_proof_for_one_resource_opens_no_other_by_another_encoding() {
    let world = World::new();
    for (path, htu) in [
        ("/api/notes/%6de", "/api/notes/me"),
        ("/api/notes/%6De", "/api/notes/me"),
        ("/api/n%6ftes/me", "/api/notes/me"),
        ("/%61pi/notes/me", "/api/notes/me"),
        ("/api/notes/%31", "/api/notes/1"),
        ("/api/notes/a%2Db", "/api/notes/a-b"),
        ("/api/notes/a%5Fb", "/api/notes/a_b"),
        ("/api/notes/a%2Eb", "/api/notes/a.b"),
        ("/api/notes/%2e%2e%2e", "/api/notes/..."),
        ("/api/notes/n%4%31", "/api/notes/n%4%31"),
    ] {
        // Also for a proof that names it as it was sent.
        for htu in [htu, path] {
            let answer = put_with(&world, path, htu).await;
            let path = path.to_owned();
            assert_eq!(answer.rejection, Some(Rejection::Target { path }));
            answer.assert_refused(400, "invalid_request", TARGET);
        }
    }
    // The proof's own spelling is normalised, as ever; and some encoders encode a tilde.
    for (path, htu) in [
        ("/api/notes/me", "/api/n%6Ftes/%6de"),
        ("/api/notes/%7Eann", "/api/notes/~ann"),
        ("/api/notes/~ann", "/api/notes/%7eann"),
        ("/api/notes/%7Eann", "/api/notes/%7Eann"),
    ] {
        let answer = put_with(&world, path, htu).await;
        assert_eq!((answer.status.as_u16(), answer.rejection), (200, None));
    }
}

#[tokio::test]
async fn v9_a_caller_that_knows_the_url_is_told_of_another_encoding_too() {
    let world = World::new();
    let token = world.token();
    let proof = world.proof(&token);
    let parts = || {
        let request = http::Request::get("/")
            .header("authorization", format!("DPoP {token}"))
            .header("dpop", &proof);
        request.body(()).unwrap().into_parts().0
    };
    let uri = |path: &str| TargetUri::parse(&format!("{AUDIENCE}{path}")).unwrap();
    let encoded = uri("/%6eotes");
    let refused = world.server.authenticate_at(&parts(), &encoded).await;
    let path = format!("{AUDIENCE}/notes");
    let rejection = Rejection::Target { path };
    assert_eq!(refused.err(), Some(rejection.clone()));
    let explained = world.server.explain_at(&parts(), &encoded).await;
    let first = explained.into_iter().find_map(|one| one.outcome?.err());
    assert_eq!(first, Some(rejection));
    let accepted = world.server.authenticate_at(&parts(), &uri("/notes")).await;
    assert!(accepted.is_ok());
}

#[tokio::test]
async fn v10_dot_segments_of_the_proof_are_resolved() {
    let world = World::new();
    let answer = put_with(&world, "/api/notes/1", "/api/x/%2e%2E/./notes/1").await;
    assert_eq!((answer.status.as_u16(), answer.rejection), (200, None));
}

const TARGET: &str = "The request target must be the path of a URL, without dot segments or needless percent-encoding";
