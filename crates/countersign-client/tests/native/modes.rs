//! Modes: with DPoP and without.

use countersign_client::native::Scheme;
use countersign_client::{Cause, Mode};
use reqwest::StatusCode;

use crate::world::{World, engine_error, log_in};

const OPTIONAL: &[&str] = &["--dpop", "optional"];

#[tokio::test]
async fn auto_ends_in_bearer_at_a_server_without_dpop() {
    for mode in ["off", "advertised-only"] {
        let world = World::with(&format!("dpop = \"{mode}\""), OPTIONAL).await;
        let client = world.builder().build().unwrap();
        let tokens = log_in(&client).await.unwrap();
        assert_eq!(tokens.scheme, Scheme::Bearer);
        let me = client.http().get(world.url("/api/me"));
        assert_eq!(client.send(me).await.unwrap().status(), StatusCode::OK);
        let [me] = &world.calls.to("/api/me")[..] else {
            panic!("one request");
        };
        let expected = format!("Bearer {}", tokens.access_token);
        assert_eq!(me.authorization.as_ref(), Some(&expected));
        assert_eq!(me.proof, None);
        assert_eq!(client.renew().await.unwrap().scheme, Scheme::Bearer);
    }
}

#[tokio::test]
async fn t7_enforced_asks_a_server_without_dpop_for_nothing() {
    let world = World::with("dpop = \"off\"", OPTIONAL).await;
    let client = world.builder().mode(Mode::Enforced).build().unwrap();
    let refused = engine_error(client.begin_login().await);
    assert_eq!(refused.cause, Cause::DpopUnsupported);
    assert_eq!(refused.details, [world.issuer]);
}

#[tokio::test]
async fn enforced_refuses_a_token_that_is_not_bound_and_says_so_later_too() {
    let world = World::with("dpop = \"advertised-only\"", OPTIONAL).await;
    let client = world.builder().mode(Mode::Enforced).build().unwrap();
    assert_eq!(
        engine_error(log_in(&client).await).cause,
        Cause::TokenNotBound
    );
    assert!(client.tokens().await.unwrap().is_none());
    let outcome = client.send(client.http().get(world.url("/api/me"))).await;
    assert_eq!(engine_error(outcome).cause, Cause::TokenNotBound);
    assert!(world.calls.is_empty());
}

#[tokio::test]
async fn off_sends_no_proof_to_a_server_with_dpop() {
    let world = World::with("", OPTIONAL).await;
    let client = world.builder().mode(Mode::Off).build().unwrap();
    let tokens = log_in(&client).await.unwrap();
    assert_eq!(tokens.scheme, Scheme::Bearer);
    assert_eq!(tokens.thumbprint, None);
    assert!(
        world
            .token_requests()
            .iter()
            .all(|seen| seen.proof.is_none())
    );
    let me = client.http().get(world.url("/api/me"));
    assert_eq!(client.send(me).await.unwrap().status(), StatusCode::OK);
}
