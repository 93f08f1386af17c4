//! API calls: `authorize`, `observe`, and the nonces and clocks of resource servers.
#![allow(clippy::unwrap_used)]

mod world;

use countersign::jose::base64url;
use countersign_client::{BoundToken, Cause, Engine, Mode, Observed, Text, Url};
use world::*;

fn logged_in() -> (World, Engine<World>, TestClient, Text) {
    let (world, engine) = World::new();
    let client = create(&engine, config(Mode::Auto));
    let token = log_in(&world, &engine, &client).unwrap();
    (world, engine, client, token)
}

#[test]
fn r1_p3_p4_p6_a_call_carries_scheme_method_target_and_token_hash() {
    let (world, engine, _, token) = logged_in();
    let upgraded = world
        .run(engine.authorize(
            "pATCH".into(),
            url("https://api.example:8443", "/a%20b"),
            bound(&engine, &token),
        ))
        .unwrap()
        .unwrap();
    assert_eq!(upgraded.attempt.authorization(), "DPoP at2");
    let proof = Proof::decode(&upgraded.proof);
    assert_eq!(proof.claims["htm"], "pATCH");
    assert_eq!(proof.claims["htu"], "https://api.example:8443/a%20b");
    assert_eq!(
        proof.claims["ath"],
        base64url::encode(&countersign::crypto::sha256(b"at2"))
    );
    assert_eq!(signer(&proof), 1);
}

/// Origin and path would name another host: `https://api.example.evil.example/`.
#[test]
fn p4_a_path_that_does_not_begin_with_a_slash_is_never_signed() {
    let (world, engine, _, token) = logged_in();
    let signatures = world.0.signatures.get();
    for path in [".evil.example/", "@evil.example/", ":81/", ""] {
        let target = url("https://api.example", path);
        let upgraded = world.run(engine.authorize("GET".into(), target, bound(&engine, &token)));
        assert_eq!(
            upgraded.err().map(|error| error.cause),
            Some(Cause::KeyFailed),
            "{path}"
        );
        assert_eq!(world.0.signatures.get(), signatures, "{path}");

        let mut attempt = call(&world, &engine, &token).attempt;
        attempt.redirected(url("https://api.example", path), false);
        let again = world.run(engine.observe(attempt, &seen(401), true));
        assert_eq!(
            again.err().map(|error| error.cause),
            Some(Cause::KeyFailed),
            "{path}"
        );
        assert_eq!(world.0.signatures.get(), signatures + 1, "{path}");
        world.0.signatures.set(signatures);
    }
}

#[test]
fn p5_iat_is_the_second_of_the_request_by_the_servers_clock() {
    let (world, engine, _, token) = logged_in();
    for _ in 0..2 {
        let proof = Proof::decode(&call(&world, &engine, &token).proof);
        assert!(proof.claims["iat"].is_i64(), "{}", proof.claims);
        assert!((proof.iat() - world.seconds()).abs() <= 1);
        world.pass(7_000);
    }
}

#[test]
fn rc11_steady_state_is_one_signature_and_no_digest() {
    let (world, engine, _, token) = logged_in();
    let (signatures, digests) = (world.0.signatures.get(), world.0.digests.get());
    for _ in 0..3 {
        let upgraded = call(&world, &engine, &token);
        assert!(observe(&world, &engine, upgraded, &seen(200)).is_none());
    }
    assert_eq!(
        (world.0.signatures.get(), world.0.digests.get()),
        (signatures + 3, digests)
    );
}

#[test]
fn p2_p8_each_call_has_a_proof_of_its_own_with_96_random_bits_or_more() {
    let (world, engine, _, token) = logged_in();
    let jti = || {
        let proof = Proof::decode(&call(&world, &engine, &token).proof);
        base64url::decode(proof.claims["jti"].as_str().unwrap()).unwrap()
    };
    let (first, second) = (jti(), jti());
    assert!(first.len() >= 96 / 8, "{} bytes", first.len());
    assert_ne!(first, second);
}

#[test]
fn an_unknown_token_passes_through() {
    let (_world, engine, _, _) = logged_in();
    for token in ["", "at", "at22", "AT2"] {
        assert!(engine.bound_token(token).is_none());
    }
}

#[test]
fn a_token_whose_session_has_ended_is_not_signed_for() {
    let (world, engine, client, token) = logged_in();
    let bound = bound(&engine, &token);
    assert!(engine.bound_token(&token).is_some());
    engine.logout(&client, &"https://app.example/".into());
    assert!(engine.bound_token(&token).is_none());
    let upgraded = world.run(engine.authorize("GET".into(), url(API, "/"), bound));
    assert!(upgraded.unwrap().is_none());
}

#[test]
fn no_two_tokens_have_one_number() {
    let (world, engine, client, token) = logged_in();
    let first = bound(&engine, &token);
    world.run(engine.renew(&client, &[])).unwrap();
    let second = bound(&engine, &client.tokens().unwrap().access_token);
    assert_eq!(bound(&engine, &token), first);
    assert_ne!(first, second);
    assert_eq!(BoundToken::from_number(first.number()), Some(first));
    assert_eq!(BoundToken::from_number(0), None);
}

#[test]
fn rc8_a_token_renewed_away_is_bound_until_it_expires() {
    let (world, engine, client, token) = logged_in();
    world.pass(200_000);
    world.run(engine.renew(&client, &[])).unwrap();
    assert!(engine.bound_token(&token).is_some());
    world.pass(99_000);
    world.run(engine.renew(&client, &[])).unwrap();
    assert!(engine.bound_token(&token).is_some());
    world.pass(302_000);
    world.run(engine.renew(&client, &[])).unwrap();
    assert!(engine.bound_token(&token).is_none());
}

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

#[test]
fn an_ordinary_401_is_delivered() {
    let (world, engine, _, token) = logged_in();
    let upgraded = call(&world, &engine, &token);
    let response = Observed {
        www_authenticate: "DPoP error=\"invalid_token\"",
        dpop_nonce: "n",
        ..seen(401)
    };
    assert!(observe(&world, &engine, upgraded, &response).is_none());
    assert_eq!(world.sent().len(), 2);
}

/// An origin that has challenged and whose nonce is not held: its challenge brought none.
fn challenged_without_a_nonce() -> (World, Engine<World>, Text) {
    let (world, engine, _, token) = logged_in();
    let upgraded = call(&world, &engine, &token);
    assert!(observe(&world, &engine, upgraded, &challenge("")).is_none());
    (world, engine, token)
}

type Calls<'a> = Vec<std::pin::Pin<Box<dyn Future<Output = (Option<String>, i64)> + 'a>>>;

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
fn a_token_of_the_programs_own_is_signed_for_with_the_clients_key() {
    let (world, engine, client, _) = logged_in();
    let adopt = |token: Option<&str>| {
        let adopted = world.run(engine.adopt(&client, token.map(Into::into)));
        let proof = world.run(engine.authorize("GET".into(), url(API, "/a"), adopted.unwrap()));
        Proof::decode(&proof.unwrap().unwrap().proof)
    };
    let proof = adopt(Some("a.token"));
    let ath = countersign::crypto::sha256(b"a.token");
    assert_eq!(proof.claims["ath"], base64url::encode(&ath));
    assert_eq!(signer(&proof), 1);
    assert_eq!(adopt(None).claims.get("ath"), None);
    let thumbprint = world.run(engine.thumbprint(&client)).unwrap();
    assert_eq!(thumbprint.len(), 43);
    // The token whose last use is longest ago is forgotten.
    let first = world
        .run(engine.adopt(&client, Some("first".into())))
        .unwrap();
    for number in 0..64 {
        let token = format!("token-{number}");
        world
            .run(engine.adopt(&client, Some(token.as_str().into())))
            .unwrap();
    }
    let forgotten = world.run(engine.authorize("GET".into(), url(API, "/a"), first));
    assert!(forgotten.unwrap().is_none());
}

#[test]
fn tokens_in_use_and_requests_without_one_outlast_all_other_tokens() {
    let (world, engine, client, _) = logged_in();
    let adopt = |token: Option<&str>| {
        let adopted = world.run(engine.adopt(&client, token.map(Into::into)));
        adopted.unwrap()
    };
    let none = adopt(None);
    let used = adopt(Some("used"));
    for number in 0..200 {
        adopt(Some(&format!("token-{number}")));
        assert_eq!(adopt(Some("used")), used, "a token is known once");
    }
    assert_eq!(adopt(None), none);
    for (token, ath) in [(none, None), (used, Some("used"))] {
        let upgraded = world.run(engine.authorize("GET".into(), url(API, "/a"), token));
        let proof = Proof::decode(&upgraded.unwrap().expect("known").proof);
        let ath = ath.map(|text| base64url::encode(&countersign::crypto::sha256(text.as_bytes())));
        assert_eq!(
            proof.claims.get("ath").and_then(|ath| ath.as_str()),
            ath.as_deref()
        );
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
