//! Redirects of calls, which a platform follows by itself and with the old proof.
#![allow(clippy::unwrap_used)]

mod world;

use countersign_client::{Observed, Url};
use world::*;

/// A platform that follows redirects by itself, as browsers do, sends the old proof along.
fn redirected(method: &str, end: Url, response: &Observed<'_>) -> (World, Option<Proof>) {
    redirected_by(false, method, end, response)
}

fn redirected_by(
    is_slash: bool,
    method: &str,
    end: Url,
    response: &Observed<'_>,
) -> (World, Option<Proof>) {
    let (world, engine, _, token) = logged_in();
    let upgraded = world
        .run(engine.authorize(method.into(), url(API, "/a"), bound(&engine, &token)))
        .unwrap()
        .unwrap();
    let mut attempt = upgraded.attempt;
    let copy = || url(&end.origin, &end.path);
    attempt.redirected(copy(), is_slash);
    let again = world.run(engine.observe(attempt, response, true)).unwrap();
    let proof = again.map(|again| {
        let proof = Proof::decode(&again.proof);
        let mut second = again.attempt;
        second.redirected(copy(), is_slash);
        let third = world.run(engine.observe(second, response, true));
        assert!(third.unwrap().is_none(), "once");
        proof
    });
    (world, proof)
}

#[test]
fn a_401_after_a_redirect_within_the_origin_is_tried_once_more_there() {
    let refusals = [
        seen(401),
        challenge("n1"),
        Observed {
            www_authenticate: "DPoP error=\"invalid_dpop_proof\"",
            ..seen(401)
        },
    ];
    for method in ["GET", "HEAD"] {
        for response in &refusals {
            let (_, proof) = redirected(method, url(API, "/b"), response);
            let proof = proof.expect("once more");
            assert_eq!(proof.claims["htm"], method);
            assert_eq!(proof.claims["htu"], format!("{API}/b"));
        }
        let (_, proof) = redirected(method, url(API, "/b"), &challenge("n1"));
        assert_eq!(proof.unwrap().nonce(), Some("n1"));
        for status in [200, 403, 404] {
            let (_, proof) = redirected(method, url(API, "/b"), &seen(status));
            assert!(proof.is_none(), "{status}");
        }
    }
}

#[test]
fn a_redirected_request_that_may_have_changed_its_method_is_not_sent_again() {
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        let (_, proof) = redirected(method, url(API, "/b"), &challenge("n1"));
        assert!(proof.is_none(), "{method}");
    }
}

#[test]
fn a_slash_at_the_end_is_followed_once_with_the_same_method() {
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        let (_, proof) = redirected_by(true, method, url(API, "/a/"), &challenge("n1"));
        let proof = proof.expect("once more");
        assert_eq!(proof.claims["htm"], method);
        assert_eq!(proof.claims["htu"], format!("{API}/a/"));
        assert_eq!(proof.nonce(), Some("n1"));
        let (_, proof) = redirected_by(true, method, url(API, "/a/"), &seen(403));
        assert!(proof.is_none(), "{method}");
    }
}

#[test]
fn what_another_origin_answers_teaches_nothing() {
    let (world, engine, _, token) = logged_in();
    let upgraded = call(&world, &engine, &token);
    let mut attempt = upgraded.attempt;
    attempt.redirected(url("https://other.example", "/a"), true);
    let again = world.run(engine.observe(attempt, &challenge("n1"), true));
    assert!(again.unwrap().is_none());
    for origin in [API, "https://other.example"] {
        let upgraded =
            world.run(engine.authorize("GET".into(), url(origin, "/"), bound(&engine, &token)));
        let proof = Proof::decode(&upgraded.unwrap().unwrap().proof);
        assert_eq!(proof.nonce(), None, "{origin}");
    }
}

#[test]
fn rc10_a_redirect_to_another_origin_lets_the_next_one_ask() {
    let (world, engine, token) = challenged_without_a_nonce();
    let mut asking = call(&world, &engine, &token).attempt;
    asking.redirected(url("https://other.example", "/a"), false);
    let before = world.seconds();
    let over = world.run(engine.observe(asking, &seen(401), true));
    assert!(over.unwrap().is_none());
    call(&world, &engine, &token);
    assert_eq!(world.seconds(), before, "nobody waits");
}
