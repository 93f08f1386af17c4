//! The nonces of resource servers: challenges, and calls that wait for one.
#![allow(clippy::unwrap_used)]

mod world;

use countersign_client::{Engine, Observed};
use world::*;

type Calls<'a> = Vec<std::pin::Pin<Box<dyn Future<Output = (Option<String>, i64)> + 'a>>>;

#[test]
fn n5_a_challenge_is_answered_once() {
    let (world, engine, _, token) = logged_in();
    let first = call(&world, &engine, &token);
    assert_eq!(Proof::decode(&first.proof).nonce(), None);
    let second = observe(&world, &engine, first, &challenge("n1")).unwrap();
    assert_eq!(Proof::decode(&second.proof).nonce(), Some("n1"));
    assert!(observe(&world, &engine, second, &challenge("n2")).is_none());
    assert_eq!(
        Proof::decode(&call(&world, &engine, &token).proof).nonce(),
        Some("n2")
    );
}

#[test]
fn a_body_that_cannot_be_sent_again_is_not() {
    let (world, engine, _, token) = logged_in();
    let upgraded = call(&world, &engine, &token);
    assert!(
        world
            .run(engine.observe(upgraded.attempt, &challenge("n1"), false))
            .unwrap()
            .is_none()
    );
    assert_eq!(
        Proof::decode(&call(&world, &engine, &token).proof).nonce(),
        Some("n1")
    );
}

#[test]
fn n4_nonces_are_kept_by_origin_and_apart_from_the_authorization_server_s() {
    let (world, engine, client, token) = logged_in();
    let upgraded = call(&world, &engine, &token);
    observe(
        &world,
        &engine,
        upgraded,
        &Observed {
            dpop_nonce: "api",
            ..seen(200)
        },
    );
    let at = |origin: &str| {
        let upgraded = world
            .run(engine.authorize("GET".into(), url(origin, "/"), bound(&engine, &token)))
            .unwrap()
            .unwrap();
        Proof::decode(&upgraded.proof).nonce().map(String::from)
    };
    assert_eq!(at(API), Some("api".into()));
    assert_eq!(at("https://other.example"), None);
    assert_eq!(at("https://api.example:444"), None);
    // A resource server at the authorization server's origin counts as another server.
    let upgraded = world
        .run(engine.authorize("GET".into(), url(ISSUER, "/me"), bound(&engine, &token)))
        .unwrap()
        .unwrap();
    observe(
        &world,
        &engine,
        upgraded,
        &Observed {
            dpop_nonce: "rs",
            ..seen(200)
        },
    );
    world.run(engine.renew(&client, &[])).unwrap();
    assert_eq!(
        world.token_requests()[1].proof.as_ref().unwrap().nonce(),
        None
    );
}

#[test]
fn n3_a_nonce_comes_with_any_response() {
    let (world, engine, _, token) = logged_in();
    for (status, nonce) in [(200, "a"), (404, "b"), (503, "c")] {
        let upgraded = call(&world, &engine, &token);
        assert!(
            observe(
                &world,
                &engine,
                upgraded,
                &Observed {
                    dpop_nonce: nonce,
                    ..seen(status)
                }
            )
            .is_none()
        );
        assert_eq!(
            Proof::decode(&call(&world, &engine, &token).proof).nonce(),
            Some(nonce)
        );
    }
}

#[test]
fn a_challenge_that_the_browser_hides_is_told_by_its_nonce() {
    let (world, engine, _, token) = logged_in();
    let hidden = |nonce| Observed {
        dpop_nonce: nonce,
        ..seen(401)
    };
    let retry = {
        let upgraded = call(&world, &engine, &token);
        observe(&world, &engine, upgraded, &hidden("n1")).unwrap()
    };
    assert_eq!(Proof::decode(&retry.proof).nonce(), Some("n1"));
    let upgraded = call(&world, &engine, &token);
    assert!(observe(&world, &engine, upgraded, &hidden("n1")).is_none());
}

/// Makes calls whose responses arrive after 50 ms. Returns each proof's nonce and when it was
/// signed.
fn burst<'a>(
    world: &'a World,
    engine: &'a Engine<World>,
    token: &'a str,
    count: usize,
    nonce: &'static str,
) -> Calls<'a> {
    let one = async move || {
        let upgraded = engine
            .authorize("GET".into(), url(API, "/"), bound(engine, token))
            .await
            .unwrap()
            .unwrap();
        let made = world.seconds();
        let used = Proof::decode(&upgraded.proof).nonce().map(String::from);
        countersign_client::Platform::sleep(world, 50).await;
        engine
            .observe(
                upgraded.attempt,
                &Observed {
                    dpop_nonce: nonce,
                    ..seen(200)
                },
                true,
            )
            .await
            .unwrap();
        (used, made)
    };
    (0..count).map(|_| Box::pin(one()) as _).collect()
}

#[test]
fn rc10_nobody_waits_on_an_origin_that_never_challenged() {
    let (world, engine, _, token) = logged_in();
    let calls = world.all(burst(&world, &engine, &token, 20, "n"));
    assert!(calls.iter().all(|(nonce, _)| nonce.is_none()));
}

#[test]
fn rc10_one_call_asks_and_the_others_wait_for_its_nonce() {
    let (world, engine, token) = challenged_without_a_nonce();
    let calls = world.all(burst(&world, &engine, &token, 20, "n"));
    assert_eq!(calls.iter().filter(|(nonce, _)| nonce.is_none()).count(), 1);
    assert_eq!(
        calls
            .iter()
            .filter(|(nonce, _)| nonce.as_deref() == Some("n"))
            .count(),
        19
    );
}

#[test]
fn rc10_waiting_ends_after_a_second() {
    let (world, engine, token) = challenged_without_a_nonce();
    let asking = call(&world, &engine, &token);
    let before = world.seconds();
    let upgraded = world.all(vec![Box::pin(engine.authorize(
        "GET".into(),
        url(API, "/"),
        bound(&engine, &token),
    ))]);
    assert!(upgraded[0].as_ref().unwrap().is_some());
    assert_eq!(world.seconds() - before, 1);
    drop(asking);
}

#[test]
fn rc10_an_abort_lets_the_next_one_ask() {
    let (world, engine, token) = challenged_without_a_nonce();
    let asking = call(&world, &engine, &token);
    let mut calls = burst(&world, &engine, &token, 3, "n");
    calls.push(Box::pin(async {
        countersign_client::Platform::sleep(&world, 100).await;
        drop(asking);
        (None, world.seconds())
    }));
    let before = world.seconds();
    let calls = world.all(calls);
    assert_eq!(
        calls[..3]
            .iter()
            .filter(|(nonce, _)| nonce.is_none())
            .count(),
        1
    );
    assert!(calls.iter().all(|(_, made)| made - before <= 1));
}

#[test]
fn rc10_an_answer_without_a_nonce_releases_everybody() {
    let (world, engine, token) = challenged_without_a_nonce();
    let calls = world.all(burst(&world, &engine, &token, 5, ""));
    assert!(calls.iter().all(|(nonce, _)| nonce.is_none()));
}
