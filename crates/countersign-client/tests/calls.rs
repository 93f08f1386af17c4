//! API calls: `authorize`, `observe`, and the nonces and clocks of resource servers.
#![allow(clippy::unwrap_used)]

mod world;

use countersign::jose::base64url;
use countersign_client::{BoundToken, Cause, Observed};
use world::*;

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
