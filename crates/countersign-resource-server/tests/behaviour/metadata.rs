//! What the API says of itself (RFC 9728).

use axum::Router;
use countersign_resource_server::{DpopRequirement, ResourceMetadata, ResourceServer};
use serde_json::{Value, json};

use crate::world::{ALGS, AUDIENCE, ISSUER, World, api, send};

const PATH: &str = "/.well-known/oauth-protected-resource";

fn world(requirement: DpopRequirement) -> World {
    let metadata = ResourceMetadata::new(AUDIENCE).unwrap();
    let metadata = metadata.with("resource_name", "Notes").with(
        "dpop_bound_access_tokens_required",
        "what the configuration says",
    );
    World::with(|builder| builder.with_dpop(requirement).with_metadata(metadata))
}

/// The protected API, and the document beside it.
fn app(server: &ResourceServer) -> Router {
    api(server).merge(server.metadata_routes())
}

#[tokio::test]
async fn r7_the_document_is_served_without_a_token() {
    for (requirement, is_required) in [
        (DpopRequirement::Required, true),
        (DpopRequirement::Optional, false),
    ] {
        let world = world(requirement);
        let answer = send(&app(&world.server), "GET", PATH, &[]).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let document: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(
            document,
            json!({
                "resource": AUDIENCE,
                "authorization_servers": [ISSUER],
                "bearer_methods_supported": if is_required { json!([]) } else { json!(["header"]) },
                "dpop_signing_alg_values_supported": ALGS.split(' ').collect::<Vec<_>>(),
                "dpop_bound_access_tokens_required": is_required,
                "resource_name": "Notes",
            })
        );
        let read = ResourceMetadata::parse(answer.body.as_bytes(), AUDIENCE).unwrap();
        assert_eq!(Some(&read), world.server.metadata());
    }
}

#[tokio::test]
async fn r7_challenges_name_the_document() {
    let named = format!(r#"resource_metadata="{AUDIENCE}{PATH}""#);
    let world = world(DpopRequirement::Optional);
    let app = app(&world.server);
    let invalid = [("authorization", "DPoP x")];
    for headers in [&[][..], &invalid] {
        let answer = send(&app, "GET", "/notes", headers).await;
        assert_eq!(answer.status, 401);
        assert_eq!(answer.challenges().len(), 2);
        for challenge in answer.challenges() {
            assert!(challenge.ends_with(&named), "{challenge}");
        }
    }
}

#[tokio::test]
async fn r7_without_metadata_nothing_is_served_or_named() {
    let world = World::new();
    assert_eq!(world.server.metadata(), None);
    let answer = send(&app(&world.server), "GET", "/notes", &[]).await;
    assert_eq!(answer.challenges(), [format!(r#"DPoP algs="{ALGS}""#)]);
    let routes: Router = world.server.metadata_routes();
    assert_eq!(send(&routes, "GET", PATH, &[]).await.status, 404);
}

#[tokio::test]
async fn r7_the_document_of_an_api_with_a_path_is_at_the_hosts_root() {
    let resource = format!("{AUDIENCE}/v1/notes");
    let metadata = ResourceMetadata::new(&resource).unwrap();
    let world = World::with(|builder| builder.with_metadata(metadata));
    let path = format!("{PATH}/v1/notes");
    let routes: Router = world.server.metadata_routes();
    assert_eq!(send(&routes, "GET", &path, &[]).await.status, 200);
    let answer = send(&api(&world.server), "GET", "/notes", &[]).await;
    let named = format!(r#"resource_metadata="{AUDIENCE}{path}""#);
    assert!(answer.challenges()[0].ends_with(&named), "{answer:?}");
}

#[tokio::test]
async fn r7_any_path_that_a_url_may_have_is_served() {
    // For a router, the first two would be patterns.
    for path in ["/:tenant", "/*notes", "/a%20b", "/a;b=c/~d"] {
        let metadata = ResourceMetadata::new(&format!("{AUDIENCE}{path}")).unwrap();
        let world = World::with(|builder| builder.with_metadata(metadata));
        let routes: Router = world.server.metadata_routes();
        let at = |path: &str| format!("{PATH}{path}");
        assert_eq!(send(&routes, "GET", &at(path), &[]).await.status, 200);
        assert_eq!(send(&routes, "GET", &at("/other"), &[]).await.status, 404);
    }
}
