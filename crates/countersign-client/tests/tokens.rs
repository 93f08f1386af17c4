//! The token endpoint: nonces, token types, id_token claims.
#![allow(clippy::unwrap_used)]

mod world;

use countersign_client::{Cause, ClientError, Mode};
use serde_json::{Value, json};
use world::*;

fn nonces(world: &World) -> Vec<Option<String>> {
    world
        .token_requests()
        .iter()
        .map(|sent| sent.proof.as_ref().unwrap().nonce().map(String::from))
        .collect()
}

#[test]
fn n5_a_nonce_challenge_is_answered_once() {
    let (world, engine) = World::new();
    at_token_endpoint(&world, |_, _, _| {
        Some(error(400, "use_dpop_nonce").nonce("n"))
    });
    let client = create(&engine, config(Mode::Auto));
    let error = log_in(&world, &engine, &client).unwrap_err();
    assert_eq!(
        refused(&error),
        (Cause::TokenRefused, vec!["use_dpop_nonce", "", "400"])
    );
    assert_eq!(nonces(&world), [None, Some("n".into())]);
}

#[test]
fn p8_a_retry_is_a_new_proof() {
    let (world, engine) = World::new();
    at_token_endpoint(&world, |count, _, world| {
        Some(if count == 1 {
            error(400, "use_dpop_nonce").nonce("n")
        } else {
            ok(world.tokens("DPoP"))
        })
    });
    let client = create(&engine, config(Mode::Auto));
    log_in(&world, &engine, &client).unwrap();
    let sent = world.token_requests();
    assert_eq!(sent[0].form, sent[1].form);
    let jti = |index: usize| sent[index].proof.as_ref().unwrap().claims["jti"].clone();
    assert_ne!(jti(0), jti(1));
}

#[test]
fn rc7_p7_nonces_are_taken_from_every_response() {
    let (world, engine) = World::new();
    at_token_endpoint(&world, |count, _, world| {
        Some(match count {
            1 => ok(world.tokens("DPoP")).nonce("first"),
            2 => error(400, "invalid_grant").nonce("second"),
            _ => ok(world.tokens("DPoP")),
        })
    });
    let client = create(&engine, config(Mode::Auto));
    log_in(&world, &engine, &client).unwrap();
    let error = world.run(engine.renew(&client, &[])).unwrap_err();
    assert_eq!(
        refused(&error),
        (Cause::TokenRefused, vec!["invalid_grant", "", "400"])
    );
    world.run(engine.renew(&client, &[])).unwrap();
    assert_eq!(
        nonces(&world),
        [None, Some("first".into()), Some("second".into())]
    );
}

#[test]
fn a_challenge_without_a_new_nonce_is_not_retried() {
    let (world, engine) = World::new();
    at_token_endpoint(&world, |_, _, _| {
        Some(error(400, "use_dpop_nonce").nonce("not a nonce"))
    });
    let client = create(&engine, config(Mode::Auto));
    log_in(&world, &engine, &client).unwrap_err();
    assert_eq!(nonces(&world), [None]);
}

#[test]
fn s3_a_nonce_stays_in_use_until_a_newer_one_comes() {
    let (world, engine) = World::new();
    at_token_endpoint(&world, |count, _, world| {
        let answer = ok(world.tokens("DPoP"));
        Some(if count == 1 {
            answer.nonce("n")
        } else {
            answer
        })
    });
    let client = create(&engine, config(Mode::Auto));
    log_in(&world, &engine, &client).unwrap();
    world.run(engine.renew(&client, &[])).unwrap();
    world.run(engine.renew(&client, &[])).unwrap();
    assert_eq!(nonces(&world), [None, Some("n".into()), Some("n".into())]);
}

#[test]
fn t3_rc4_enforced_refuses_a_bearer_token() {
    let (world, engine) = World::new();
    at_token_endpoint(&world, |_, _, world| Some(ok(world.tokens("Bearer"))));
    let client = create(&engine, config(Mode::Enforced));
    let error = log_in(&world, &engine, &client).unwrap_err();
    assert_eq!(
        refused(&error),
        (Cause::TokenNotBound, vec![ISSUER, "Bearer"])
    );
    assert!(client.tokens().is_none());
    assert_eq!(world.run(engine.renew(&client, &[])).unwrap_err(), error);
}

#[test]
fn t3_a_refresh_that_answers_bearer_ends_an_enforced_session() {
    let (world, engine) = World::new();
    at_token_endpoint(&world, |count, _, world| {
        Some(ok(world.tokens(if count == 1 { "DPoP" } else { "bearer" })))
    });
    let client = create(&engine, config(Mode::Enforced));
    let token = log_in(&world, &engine, &client).unwrap();
    let error = world.run(engine.renew(&client, &[])).unwrap_err();
    assert_eq!(
        refused(&error),
        (Cause::TokenNotBound, vec![ISSUER, "bearer"])
    );
    assert!(client.tokens().is_none());
    assert!(engine.bound_token(&token).is_none());
    assert_eq!(world.run(engine.renew(&client, &[])).unwrap_err(), error);
    assert_eq!(world.token_requests().len(), 2);
}

#[test]
fn t3_auto_uses_a_bearer_token_and_keeps_proving_token_requests() {
    let (world, engine) = World::new();
    at_token_endpoint(&world, |_, _, world| Some(ok(world.tokens("Bearer"))));
    let client = create(&engine, config(Mode::Auto));
    let token = log_in(&world, &engine, &client).unwrap();
    assert!(engine.bound_token(&token).is_none());
    world.run(engine.renew(&client, &[])).unwrap();
    assert!(
        world
            .token_requests()
            .iter()
            .all(|sent| signer(sent.proof.as_ref().unwrap()) == 1)
    );
}

#[test]
fn t3_a_token_type_that_was_not_asked_for_is_refused() {
    for (mode, token_type) in [
        (Mode::Auto, "mac"),
        (Mode::Off, "DPoP"),
        (Mode::Enforced, ""),
    ] {
        let (world, engine) = World::new();
        at_token_endpoint(&world, move |_, _, world| {
            Some(ok(world.tokens(token_type)))
        });
        let client = create(&engine, config(mode));
        let error = log_in(&world, &engine, &client).unwrap_err();
        assert_eq!(refused(&error), (Cause::TokenTypeUnknown, vec![token_type]));
    }
}

fn with_claim(name: &str, value: Value) -> Result<(), ClientError> {
    let (world, engine) = World::new();
    let name = String::from(name);
    at_token_endpoint(&world, move |_, _, world| {
        let mut claims = world.claims();
        claims[&name] = value.clone();
        let mut tokens = world.tokens("DPoP");
        tokens["id_token"] = jwt(&claims).into();
        Some(ok(tokens))
    });
    let client = create(&engine, config(Mode::Auto));
    log_in(&world, &engine, &client)?;
    Ok(())
}

#[test]
fn rc5_each_claim_of_the_id_token_is_checked() {
    let cases = [
        (
            "iss",
            json!("https://evil.example"),
            Cause::IdTokenIssuer,
            vec![ISSUER, "https://evil.example"],
        ),
        (
            "iss",
            json!([ISSUER]),
            Cause::IdTokenIssuer,
            vec![ISSUER, ""],
        ),
        (
            "aud",
            json!("other"),
            Cause::IdTokenAudience,
            vec!["app", "other"],
        ),
        (
            "aud",
            json!(["a", "b"]),
            Cause::IdTokenAudience,
            vec!["app", "a", "b"],
        ),
        ("aud", json!(null), Cause::IdTokenAudience, vec!["app"]),
        (
            "aud",
            json!(["app", "b"]),
            Cause::IdTokenAuthorizedParty,
            vec!["app", ""],
        ),
        (
            "azp",
            json!("b"),
            Cause::IdTokenAuthorizedParty,
            vec!["app", "b"],
        ),
        ("exp", json!(START - 11), Cause::IdTokenExpired, vec![]),
        ("exp", json!("never"), Cause::IdTokenExpired, vec![]),
        ("exp", json!(true), Cause::IdTokenExpired, vec![]),
        ("iat", json!(null), Cause::IdTokenIssuedAt, vec![]),
        ("sub", json!(""), Cause::IdTokenSubject, vec!["?", ""]),
        ("sub", json!(1), Cause::IdTokenSubject, vec!["?", ""]),
    ];
    for (name, value, cause, details) in cases {
        let error = with_claim(name, value.clone()).unwrap_err();
        assert_eq!(refused(&error), (cause, details), "{name}: {value}");
    }
    for nonce in [json!("other"), json!(null), json!("")] {
        assert_eq!(
            with_claim("nonce", nonce).unwrap_err().cause,
            Cause::IdTokenNonce
        );
    }
    with_claim("aud", json!(["app"])).unwrap();
    with_claim("azp", json!("app")).unwrap();
}

#[test]
fn exp_is_compared_with_the_server_s_clock() {
    // By the local clock, which is ten minutes ahead, it has expired.
    let (world, engine) = World::new();
    world.0.local_error.set(600_000);
    world.script(|sent, world| Some(world.standard(sent).date(0)));
    let client = create(&engine, config(Mode::Auto));
    log_in(&world, &engine, &client).unwrap();
}

#[test]
fn a_token_response_lacks_nothing() {
    let cases = [
        (
            "access_token",
            Cause::TokenResponseInvalid,
            vec!["access_token"],
        ),
        ("token_type", Cause::TokenTypeUnknown, vec![""]),
        ("id_token", Cause::IdTokenMissing, vec![]),
    ];
    for (member, cause, details) in cases {
        let (world, engine) = World::new();
        at_token_endpoint(&world, move |_, _, world| {
            let mut tokens = world.tokens("DPoP");
            tokens[member] = Value::Null;
            Some(ok(tokens))
        });
        let client = create(&engine, config(Mode::Auto));
        assert_eq!(
            refused(&log_in(&world, &engine, &client).unwrap_err()),
            (cause, details)
        );
    }
    for id_token in ["x", "a.b", "a.e30.b.c", "a.!.b"] {
        let (world, engine) = World::new();
        at_token_endpoint(&world, move |_, _, world| {
            let mut tokens = world.tokens("DPoP");
            tokens["id_token"] = id_token.into();
            Some(ok(tokens))
        });
        let client = create(&engine, config(Mode::Auto));
        assert_eq!(
            log_in(&world, &engine, &client).unwrap_err().cause,
            Cause::IdTokenMalformed,
            "{id_token}"
        );
    }
    let (world, engine) = World::new();
    at_token_endpoint(&world, |_, _, _| None);
    let client = create(&engine, config(Mode::Auto));
    assert_eq!(
        refused(&log_in(&world, &engine, &client).unwrap_err()),
        (Cause::TokenUnreachable, vec![TOKEN])
    );
}

#[test]
fn the_token_itself_tells_its_end_where_the_response_does_not() {
    let (world, engine) = World::new();
    at_token_endpoint(&world, |_, _, world| {
        let mut tokens = world.tokens("DPoP");
        tokens.as_object_mut().unwrap().remove("expires_in");
        tokens["access_token"] = jwt(&json!({ "exp": START + 77 })).into();
        tokens["refresh_expires_in"] = 1800.into();
        Some(ok(tokens))
    });
    let client = create(&engine, config(Mode::Auto));
    log_in(&world, &engine, &client).unwrap();
    let tokens = client.tokens().unwrap();
    assert_eq!(tokens.expires.0, (START + 77) * 1000);
    assert_eq!(
        tokens.refresh_expires.map(|end| end.0 / 1000),
        Some(START + 1800)
    );
}

#[test]
fn absurd_times_end_at_the_edge_of_the_calendar() {
    const EDGE: i64 = 8_640_000_000_000_000;
    let (world, engine) = World::new();
    at_token_endpoint(&world, |_, _, world| {
        let mut tokens = world.tokens("DPoP");
        tokens["expires_in"] = json!(1e300);
        let mut claims = world.claims();
        claims["exp"] = json!(1e300);
        tokens["refresh_token"] = jwt(&claims).into();
        Some(ok(tokens))
    });
    let client = create(&engine, config(Mode::Auto));
    log_in(&world, &engine, &client).unwrap();
    let tokens = client.tokens().unwrap();
    assert_eq!(tokens.refresh_expires.unwrap().0, EDGE);
    assert!(tokens.expires.0 - EDGE >= world.seconds() * 1000 - 1_000);
    // After a renewal has replaced it, it stays known.
    world.run(engine.renew(&client, &[])).unwrap();
    assert!(engine.bound_token(&tokens.access_token).is_some());
}
