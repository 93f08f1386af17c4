//! Nonces that the API asks for.

use std::{sync::Arc, time::Duration};

use countersign::{nonce::Nonce, proof::ProofError};
use countersign_resource_server::{NonceIssuer, Rejection};

use crate::world::{Answer, World, api, send};

const LIFETIME: i64 = 100;
const DESCRIPTION: &str = "Resource server requires nonce in DPoP proof";

fn issuer() -> NonceIssuer {
    NonceIssuer::new(&[7; 32], Duration::from_secs(LIFETIME.unsigned_abs()))
}

fn world() -> World {
    World::with(|builder| builder.with_nonces(issuer()))
}

fn proof_with_nonce(world: &World, token: &str, nonce: &str) -> String {
    world.proof_with(token, |_, claims| claims["nonce"] = nonce.into())
}

/// The nonce of a challenge.
#[track_caller]
fn challenged(answer: &Answer, reason: ProofError) -> String {
    answer.assert_refused(401, "use_dpop_nonce", DESCRIPTION);
    assert_eq!(answer.rejection, Some(Rejection::Proof(reason)));
    let nonce = answer.header("dpop-nonce").expect("a nonce");
    assert!(Nonce::parse(nonce).is_some(), "{nonce}");
    nonce.to_owned()
}

#[tokio::test]
async fn n2_a_proof_without_a_nonce_is_challenged_with_one_that_works() {
    let world = world();
    let token = world.token();
    let answer = world.prove(&token).await;
    let nonce = challenged(&answer, ProofError::NonceMissing);
    let answer = world
        .call(&token, &proof_with_nonce(&world, &token, &nonce))
        .await;
    answer.assert_accepted();
    assert_eq!(answer.header("dpop-nonce"), None);
}

#[tokio::test]
async fn n8_a_nonce_that_is_not_ours_is_challenged() {
    let world = world();
    let token = world.token();
    let other = NonceIssuer::new(&[8; 32], Duration::from_secs(LIFETIME.unsigned_abs()));
    for received in ["made-up".to_owned(), other.issue(world.now())] {
        let proof = proof_with_nonce(&world, &token, &received);
        let answer = world.call(&token, &proof).await;
        challenged(&answer, ProofError::NonceMismatch { received });
    }
}

#[tokio::test]
async fn n8_an_expired_nonce_is_challenged() {
    let world = world();
    let token = world.token();
    let nonce = issuer().issue(world.now());
    world.advance(LIFETIME + 1);
    let answer = world
        .call(&token, &proof_with_nonce(&world, &token, &nonce))
        .await;
    let fresh = challenged(&answer, ProofError::NonceExpired);
    assert_eq!(fresh, issuer().issue(world.now()));
}

#[tokio::test]
async fn n3_a_new_nonce_comes_with_a_success_ahead_of_expiry() {
    let world = world();
    let token = world.token();
    let nonce = issuer().issue(world.now());
    world.advance(LIFETIME / 2);
    let answer = world
        .call(&token, &proof_with_nonce(&world, &token, &nonce))
        .await;
    answer.assert_accepted();
    assert_eq!(answer.header("dpop-nonce"), None);
    world.advance(1);
    let answer = world
        .call(&token, &proof_with_nonce(&world, &token, &nonce))
        .await;
    answer.assert_accepted();
    let next = issuer().issue(world.now());
    assert_eq!(answer.header("dpop-nonce"), Some(&*next));
}

#[tokio::test]
async fn v15_a_challenged_proof_is_not_used_up() {
    let world = world();
    let token = world.token();
    let proof = world.proof(&token);
    for _ in 0..2 {
        let answer = world.call(&token, &proof).await;
        challenged(&answer, ProofError::NonceMissing);
    }
}

#[tokio::test]
async fn n2_one_route_can_ask_for_nonces_that_the_others_do_not() {
    let world = World::new();
    let strict = api(&world.server.requiring_nonces(Arc::new(issuer())));
    let token = world.token();
    let authorization = format!("DPoP {token}");
    let proof = world.proof(&token);
    let headers = [("authorization", &*authorization), ("dpop", &proof)];
    let answer = send(&strict, "GET", "/notes", &headers).await;
    let nonce = challenged(&answer, ProofError::NonceMissing);
    world.call(&token, &proof).await.assert_accepted();
    // A client keeps one nonce for the whole origin: the other routes take no offence.
    let proof = proof_with_nonce(&world, &token, &nonce);
    world.call(&token, &proof).await.assert_accepted();
    // And replay is one for all routes.
    let headers = [("authorization", &*authorization), ("dpop", &proof)];
    let answer = send(&strict, "GET", "/notes", &headers).await;
    assert_eq!(answer.rejection, Some(Rejection::Replayed));
    assert_eq!(answer.header("dpop-nonce"), None);
}
