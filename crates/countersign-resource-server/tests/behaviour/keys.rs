//! Keys that are read from the issuer: rotations and outages.

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use countersign_resource_server::{
    DiscoveryError, FetchError, Rejection, RemoteKeys, TokenError, Unavailable,
};
use http::Request;
use serde_json::json;

use crate::world::{Answer, ISSUER, Key, Site, World};

fn unavailable() -> Rejection {
    Rejection::Unavailable(Unavailable::Keys(Arc::new(DiscoveryError::Fetch {
        url: format!("{ISSUER}/.well-known/openid-configuration"),
        source: FetchError::Transport("connection refused".to_owned()),
    })))
}

#[track_caller]
fn assert_unavailable(answer: &Answer) {
    assert_eq!(answer.rejection, Some(unavailable()));
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("retry-after"), Some("2"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(answer.challenges().is_empty());
}

#[tokio::test]
async fn rr1_tokens_of_a_new_key_are_accepted_at_once() {
    let (old, new) = (Key::p256(), Key::p256());
    let site = Site::new(Some(old.jwks("1")));
    let world = World::reading(old, &site);
    let token = world.token();
    world.prove(&token).await.assert_accepted();
    let asked = site.asked();
    assert_eq!(asked, 1);

    site.set(Some(new.jwks("2")));
    let header = json!({ "typ": "at+jwt", "alg": "ES256", "kid": "2" });
    world
        .prove(&new.jwt(&header, &world.claims()))
        .await
        .assert_accepted();
    assert_eq!(site.asked(), 2);

    // The old key is gone, and with it what it had signed, though the cache knows it.
    world
        .prove(&token)
        .await
        .assert_invalid_token(&TokenError::UnknownKey {
            kid: Some("1".to_owned()),
        });
}

#[tokio::test]
async fn rr1_a_key_that_is_exchanged_under_its_name_ends_what_it_signed() {
    let (old, new) = (Key::p256(), Key::p256());
    let site = Site::new(Some(old.jwks("1")));
    let world = World::reading(old, &site);
    let token = world.token();
    world.prove(&token).await.assert_accepted();
    site.set(Some(new.jwks("1")));
    // Somebody's unknown key makes the issuer be asked.
    let header = json!({ "alg": "ES256", "kid": "x" });
    let unknown = new.jwt(&header, &world.claims());
    assert_eq!(world.prove(&unknown).await.name(), "TokenUnknownKey");
    world
        .prove(&token)
        .await
        .assert_invalid_token(&TokenError::Signature);
}

#[tokio::test]
async fn rr1_a_key_exchanged_under_its_name_is_read_when_it_is_first_used() {
    let (old, new) = (Key::p256(), Key::p256());
    let site = Site::new(Some(old.jwks("1")));
    let world = World::reading(old, &site);
    let token = world.token();
    world.prove(&token).await.assert_accepted();
    site.set(Some(new.jwks("1")));
    let header = json!({ "typ": "at+jwt", "alg": "ES256", "kid": "1" });
    let renewed = new.jwt(&header, &world.claims());
    world.prove(&renewed).await.assert_accepted();
    assert_eq!(site.asked(), 2);
    world
        .prove(&token)
        .await
        .assert_invalid_token(&TokenError::Signature);
}

#[tokio::test]
async fn rr1_a_token_without_kid_that_no_key_verifies_asks_for_newer_ones() {
    let (old, new) = (Key::p256(), Key::p256());
    let without_kid = |key: &Key| json!({ "keys": [key.entry(&json!({}))] }).to_string();
    let site = Site::new(Some(without_kid(&old)));
    let world = World::reading(old, &site);
    let header = json!({ "alg": "ES256" });
    let token = world.issuer.jwt(&header, &world.claims());
    world.prove(&token).await.assert_accepted();
    site.set(Some(without_kid(&new)));
    let token = new.jwt(&header, &world.claims());
    world.prove(&token).await.assert_accepted();
    assert_eq!(site.asked(), 2);
}

/// A set of these keys, each under the `kid` that `kid` gives it.
fn set_of<'a>(keys: impl IntoIterator<Item = &'a Key>, kid: Option<&str>) -> String {
    let members = kid.map_or(json!({}), |kid| json!({ "kid": kid }));
    let entries: Vec<_> = keys.into_iter().map(|key| key.entry(&members)).collect();
    json!({ "keys": entries }).to_string()
}

#[tokio::test]
async fn rr1_a_token_without_kid_is_tried_with_three_keys_of_its_alg() {
    let mut keys: Vec<Key> = (0..3).map(|_| Key::p256()).collect();
    let without_kid = json!({ "alg": "ES256" });
    let others = [Key::p384(), Key::ed25519(), Key::rsa()];
    let jwks = set_of(others.iter().chain(&keys), None);
    let world = World::trusting(&jwks);
    for key in &keys {
        world
            .prove(&key.jwt(&without_kid, &world.claims()))
            .await
            .assert_accepted();
    }

    keys.push(Key::p256());
    for (kid, header) in [
        (None, without_kid),
        (Some("same"), json!({ "alg": "ES256", "kid": "same" })),
    ] {
        let jwks = set_of(&keys, kid);
        let world = World::trusting(&jwks);
        let answer = world.prove(&keys[0].jwt(&header, &world.claims())).await;
        let kid = kid.map(str::to_owned);
        answer.assert_invalid_token(&TokenError::AmbiguousKey { kid, most: 3 });
        let said = answer.rejection.unwrap().reason();
        assert!(said.contains("`kid`"), "{said}");
    }
}

#[tokio::test]
async fn rr1_newer_keys_are_tried_at_no_more_than_the_same_cost() {
    let old: Vec<Key> = (0..3).map(|_| Key::p256()).collect();
    let new = Key::p256();
    let header = json!({ "alg": "ES256" });
    // Two keys have been tried when the third comes.
    let site = Site::new(Some(set_of(&old[..2], None)));
    let world = World::reading(Key::p256(), &site);
    let token = new.jwt(&header, &world.claims());
    site.set(Some(set_of(old[..2].iter().chain([&new]), None)));
    world.prove(&token).await.assert_accepted();

    // Three have been tried: the fourth check is the next request's.
    let site = Site::new(Some(set_of(&old, None)));
    let world = World::reading(Key::p256(), &site);
    let token = old[0].jwt(&header, &world.claims());
    world.prove(&token).await.assert_accepted();
    let token = new.jwt(&header, &world.claims());
    site.set(Some(set_of(old[..2].iter().chain([&new]), None)));
    assert_not_known_for_now(&world.prove(&token).await);
    world.prove(&token).await.assert_accepted();
}

#[tokio::test]
async fn keys_that_stay_keep_the_cache() {
    let (one, other) = (Key::p256(), Key::ed25519());
    let both = json!({ "keys": [
        one.entry(&json!({ "kid": "1" })),
        other.entry(&json!({ "kid": "2" })),
    ] });
    let site = Site::new(Some(one.jwks("1")));
    let world = World::reading(one, &site);
    let token = world.token();
    world.prove(&token).await.assert_accepted();
    site.set(Some(both.to_string()));
    let header = json!({ "alg": "EdDSA", "kid": "2" });
    let token_of_other = other.jwt(&header, &world.claims());
    world.prove(&token_of_other).await.assert_accepted();
    world.prove(&token).await.assert_accepted();
    assert_eq!(site.asked(), 2);
}

#[tokio::test]
async fn rr2_an_issuer_that_is_down_at_start_is_asked_again() {
    let issuer = Key::p256();
    let jwks = issuer.jwks("1");
    let site = Site::new(None);
    let world = World::reading(issuer, &site);
    let token = world.token();
    let proof = world.proof(&token);
    assert_unavailable(&world.call(&token, &proof).await);
    site.set(Some(jwks));
    assert_unavailable(&world.call(&token, &proof).await);
    world.advance(2);
    // The proof has not been used up meanwhile.
    world.call(&token, &proof).await.assert_accepted();
}

#[tokio::test]
async fn an_issuer_that_goes_down_stops_nothing() {
    let issuer = Key::p256();
    let site = Site::new(Some(issuer.jwks("1")));
    let world = World::reading(issuer, &site);
    world.prove(&world.token()).await.assert_accepted();
    site.set(None);
    world.advance(3600);
    world.prove(&world.token()).await.assert_accepted();
    let header = json!({ "alg": "ES256", "kid": "2" });
    let unknown = world.issuer.jwt(&header, &world.claims());
    world.advance(10);
    // It may be the issuer's new key: nobody can say now.
    assert_unavailable(&world.prove(&unknown).await);
}

#[tokio::test]
async fn what_can_be_refused_without_keys_asks_for_none() {
    let issuer = Key::p256();
    let site = Site::new(Some(issuer.jwks("1")));
    let world = World::reading(issuer, &site);
    let others = world.token_with(|claims| claims["iss"] = "https://other".into());
    let expired = world.token_with(|claims| claims["exp"] = json!(world.now().0 - 5));
    for token in ["junk", &others, &expired] {
        assert_eq!(world.prove(token).await.status, 401);
    }
    assert_eq!(site.asked(), 0);
}

#[track_caller]
fn assert_not_known_for_now(answer: &Answer) {
    let unknown = Rejection::Unavailable(Unavailable::UnknownKey);
    assert_eq!(answer.rejection, Some(unknown));
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("retry-after"), Some("10"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(answer.challenges().is_empty());
}

#[tokio::test]
async fn unknown_keys_cost_the_issuer_a_bounded_number_of_requests() {
    let issuer = Key::p256();
    let site = Site::new(Some(issuer.jwks("1")));
    let world = World::reading(issuer, &site);
    for number in 0..50 {
        let header = json!({ "alg": "ES256", "kid": format!("made-up-{number}") });
        let token = world.issuer.jwt(&header, &world.claims());
        assert_ne!(world.prove(&token).await.status, 200);
    }
    assert_eq!(site.asked(), 6);
}

#[tokio::test]
async fn rr1_what_others_have_spent_on_unknown_keys_is_no_fault_of_a_token() {
    let (old, new) = (Key::p256(), Key::p256());
    for (old_kid, new_kid) in [(Some("1"), Some("2")), (None, None)] {
        let site = Site::new(Some(set_of([&old], old_kid)));
        let world = World::reading(Key::p256(), &site);
        let header = |kid: Option<&str>| match kid {
            Some(kid) => json!({ "alg": "ES256", "kid": kid }),
            None => json!({ "alg": "ES256" }),
        };
        for number in 0..50 {
            let kid = format!("made-up-{number}");
            let token = new.jwt(&header(Some(&kid)), &world.claims());
            let answer = world.prove(&token).await;
            match number < 5 {
                true => assert_eq!(answer.name(), "TokenUnknownKey"),
                false => assert_not_known_for_now(&answer),
            }
        }
        assert_eq!(site.asked(), 6);
        // So is the issuer's new key unknown, for now.
        site.set(Some(set_of([&old, &new], new_kid)));
        let token = new.jwt(&header(new_kid), &world.claims());
        assert_not_known_for_now(&world.prove(&token).await);
        assert_eq!(site.asked(), 6);
        world.advance(10);
        world.prove(&token).await.assert_accepted();
    }
}

#[tokio::test]
async fn rr1_a_signature_of_nobodys_key_under_a_known_name_is_called_so() {
    let issuer = Key::p256();
    let site = Site::new(Some(issuer.jwks("1")));
    let world = World::reading(issuer, &site);
    let thief = Key::p256();
    for _ in 0..50 {
        let header = json!({ "alg": "ES256", "kid": "1" });
        let token = thief.jwt(&header, &world.claims());
        world
            .prove(&token)
            .await
            .assert_invalid_token(&TokenError::Signature);
    }
    assert_eq!(site.asked(), 6);
}

#[tokio::test]
async fn rr2_a_withdrawn_key_does_not_work_after_a_quiet_night() {
    let (withdrawn, new) = (Key::p256(), Key::p256());
    let site = Site::new(Some(withdrawn.jwks("1")));
    let world = World::reading(withdrawn, &site);
    world.prove(&world.token()).await.assert_accepted();
    site.set(Some(new.jwks("2")));
    world.advance(8 * 3600);
    // A burst, each with a token of its own: nothing is in a cache.
    for number in 0..5 {
        let forged = world.token_with(|claims| claims["sub"] = format!("eve-{number}").into());
        world
            .prove(&forged)
            .await
            .assert_invalid_token(&TokenError::UnknownKey {
                kid: Some("1".to_owned()),
            });
    }
}

#[tokio::test]
async fn rr2_how_old_keys_become_is_a_setting() {
    let (old, new) = (Key::p256(), Key::p256());
    let site = Site::new(Some(old.jwks("1")));
    let port = Arc::clone(&site).port();
    let keys = RemoteKeys::from_fetch(port)
        .with_refresh_age(Duration::from_secs(30))
        .with_max_age(Duration::from_secs(90));
    let world = World::with_keys(old, keys);
    world.prove(&world.token()).await.assert_accepted();
    site.set(None);
    world.advance(89);
    world.prove(&world.token()).await.assert_accepted();
    world.advance(2);
    assert_unavailable(&world.prove(&world.token()).await);
    world.advance(2);
    site.set(Some(world.issuer.jwks("1")));
    world.prove(&world.token()).await.assert_accepted();
    site.set(Some(new.jwks("2")));
    world.advance(60);
    assert_eq!(world.prove(&world.token()).await.name(), "TokenUnknownKey");
}

/// Polled by another executor than tokio's.
#[test]
fn keys_that_cannot_be_fetched_outside_of_a_runtime_are_missing_and_no_panic() {
    let issuer = Key::p256();
    let site = Site::new(Some(issuer.jwks("1")));
    let world = World::reading(issuer, &site);
    let token = world.token();
    let request = Request::get("/notes")
        .header("authorization", format!("DPoP {token}"))
        .header("dpop", world.proof(&token));
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let decided =
        pin!(world.server.authenticate(&parts)).poll(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(Err(Rejection::Unavailable(Unavailable::Keys(error)))) = decided else {
        panic!("{decided:?}");
    };
    assert_eq!(*error, DiscoveryError::NoRuntime);
    assert_eq!(site.asked(), 0);
}
