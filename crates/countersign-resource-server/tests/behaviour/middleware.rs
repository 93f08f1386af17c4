//! The layer and the extractor around an application.

use axum::{
    Router,
    body::Bytes,
    routing::{get, post},
};
use countersign_resource_server::{Authenticated, Rejection, RejectionResponse, Scheme};
use serde_json::{Value, json};

use crate::world::{ALGS, Log, World, api as protected, send};

#[tokio::test]
async fn a_handler_without_the_layer_is_a_clear_server_error() {
    let api = Router::new().route("/notes", post(|_caller: Authenticated| async { "reached" }));
    let answer = send(&api, "POST", "/notes", &[]).await;
    assert_eq!(answer.status, 500);
    assert_eq!(
        answer.body,
        "this route is not protected: put ResourceServer::layer() around it"
    );
}

#[tokio::test]
async fn a_handler_learns_whom_the_token_speaks_for() {
    let world = World::new();
    let token = world.token();
    let proof = world.proof(&token);
    let request = http::Request::get("/notes")
        .header("authorization", format!("DPoP {token}"))
        .header("dpop", proof)
        .body(())
        .unwrap();
    let caller = world
        .server
        .authenticate(&request.into_parts().0)
        .await
        .unwrap();
    assert_eq!(caller.scheme(), Scheme::Dpop);
    assert_eq!(caller.subject(), Some("ann"));
    assert_eq!(caller.client_id(), Some("app"));
    assert_eq!(caller.scope(), Some("notes:read notes:write"));
    assert!(caller.has_scope("notes:read"));
    assert!(!caller.has_scope("notes"));
    assert_eq!(caller.expires_at(), world.now().plus(300));
    assert_eq!(Value::Object(caller.claims().clone()), world.claims());
    assert_eq!(
        caller.thumbprint().unwrap().to_base64url(),
        world.client.jkt()
    );
}

#[tokio::test]
async fn client_and_scope_are_found_under_their_other_names() {
    let world = World::new();
    for scp in [json!("a b"), json!(["a", "b"])] {
        let token = world.token_with(|claims| {
            let claims = claims.as_object_mut().unwrap();
            claims.remove("client_id");
            claims.remove("scope");
            claims.insert("azp".to_owned(), json!("other-app"));
            claims.insert("scp".to_owned(), scp);
        });
        let proof = world.proof(&token);
        let request = http::Request::get("/notes")
            .header("authorization", format!("DPoP {token}"))
            .header("dpop", proof)
            .body(())
            .unwrap();
        let caller = world
            .server
            .authenticate(&request.into_parts().0)
            .await
            .unwrap();
        assert_eq!(caller.client_id(), Some("other-app"));
        assert_eq!(caller.scope(), Some("a b"));
        assert!(caller.has_scope("b"));
    }
}

#[tokio::test]
async fn r5_a_missing_scope_is_403_and_says_which() {
    let world = World::new();
    let token = world.token_with(|claims| claims["scope"] = "notes:read".into());
    let api = protected(&world.server.requiring_scope("notes:write"));
    let authorization = format!("DPoP {token}");
    let proof = world.proof(&token);
    let headers = [("authorization", &*authorization), ("dpop", &proof)];
    let answer = send(&api, "GET", "/notes", &headers).await;
    assert_eq!(answer.status, 403);
    let required = "notes:write".to_owned();
    assert_eq!(answer.rejection, Some(Rejection::Scope { required }));
    assert_eq!(
        answer.challenges(),
        [format!(
            r#"DPoP algs="{ALGS}", error="insufficient_scope", error_description="The access token does not allow this request", scope="notes:write""#
        )]
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));

    let token = world.token();
    let authorization = format!("DPoP {token}");
    let proof = world.proof(&token);
    let headers = [("authorization", &*authorization), ("dpop", &proof)];
    send(&api, "GET", "/notes", &headers)
        .await
        .assert_accepted();
}

#[tokio::test]
async fn r5_a_handlers_own_scope_check_gets_the_same_response() {
    let world = World::new();
    let publish = |caller: Authenticated| async move {
        caller.require_scope("notes:read")?;
        caller.require_scope("admin")?;
        Ok::<_, RejectionResponse>("published")
    };
    let api = Router::new()
        .route("/notes", get(publish))
        .layer(world.server.layer());
    let call = async |api: &Router, token: &str| {
        let authorization = format!("DPoP {token}");
        let proof = world.proof(token);
        let headers = [("authorization", &*authorization), ("dpop", &proof)];
        send(api, "GET", "/notes", &headers).await
    };
    let token = world.token();
    let own = call(&api, &token).await;
    let required = "admin".to_owned();
    assert_eq!(own.rejection, Some(Rejection::Scope { required }));
    let layers = call(&protected(&world.server.requiring_scope("admin")), &token).await;
    assert_eq!(
        (own.status, &own.headers, &own.rejection, &own.body),
        (
            layers.status,
            &layers.headers,
            &layers.rejection,
            &layers.body
        )
    );
    let token = world.token_with(|claims| claims["scope"] = "notes:read admin".into());
    assert_eq!(call(&api, &token).await.body, "published");
}

#[tokio::test]
async fn two_layers_around_one_route_are_a_server_error_that_the_log_names() {
    let world = World::new();
    let token = world.token();
    let authorization = format!("DPoP {token}");
    let log = Log::default();
    let twice = world.api().layer(world.server.layer());
    let proof = world.proof(&token);
    let headers = [("authorization", &*authorization), ("dpop", &proof)];
    let guard = log.as_default();
    let answer = send(&twice, "GET", "/notes", &headers).await;
    drop(guard);
    assert_eq!(answer.status, 500);
    assert_eq!(answer.body, "");
    assert_eq!(answer.rejection, None);
    assert!(
        log.text()
            .contains("two layers of ResourceServer::layer() stand around this route"),
        "{}",
        log.text()
    );
    // A refusal is the outer layer's, as ever.
    assert_eq!(send(&twice, "GET", "/notes", &[]).await.status, 401);
}

#[tokio::test]
async fn v9_a_nested_router_sees_the_url_that_the_client_called() {
    let world = World::new();
    let inner = Router::new()
        .route("/{id}", post(|body: Bytes| async move { body }))
        .layer(world.server.layer());
    let api = Router::new().nest("/notes", inner);
    let token = world.token();
    let proof = world.proof_with(&token, |_, claims| {
        claims["htm"] = "POST".into();
        claims["htu"] = "https://api.example.com/notes/1".into();
    });
    let authorization = format!("DPoP {token}");
    let headers = [("authorization", &*authorization), ("dpop", &proof)];
    let answer = send(&api, "POST", "/notes/1", &headers).await;
    assert_eq!((answer.status.as_u16(), answer.rejection), (200, None));
}

#[tokio::test]
async fn a_refused_request_never_reaches_the_application() {
    let world = World::new();
    let api = Router::new()
        .fallback(|| async { "reached" })
        .layer(world.server.layer());
    for method in ["GET", "HEAD", "POST", "OPTIONS", "TRACE", "BREW"] {
        assert_eq!(send(&api, method, "/x", &[]).await.status, 401, "{method}");
    }
}
