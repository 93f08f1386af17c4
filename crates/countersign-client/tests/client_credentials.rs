//! Tokens for the client itself (RFC 6749, 4.4), bound like any others (RFC 9449, 5).
#![allow(clippy::unwrap_used)]

mod world;

use countersign_client::{Cause, Engine, Mode};
use serde_json::{Value, json};
use world::*;

fn answer(token_type: &str, number: usize) -> Answer {
    let token = format!("own{number}");
    ok(json!({ "access_token": token, "token_type": token_type, "expires_in": 60 }))
}

fn own(mode: Mode, token_type: &'static str) -> (World, Engine<World>, TestClient) {
    let (world, engine) = World::new();
    let client = create(&engine, config(mode));
    at_token_endpoint(&world, move |count, _, _| Some(answer(token_type, count)));
    (world, engine, client)
}

#[test]
fn t1_a_client_gets_tokens_for_itself_with_a_proof() {
    let (world, engine, client) = own(Mode::Enforced, "DPoP");
    for name in ["client_id", "grant_type"] {
        let error = world
            .run(engine.client_credentials(&client, &"".into(), &pairs(&[(name, "evil")])))
            .unwrap_err();
        assert_eq!(refused(&error), (Cause::ParameterReserved, vec![name]));
    }
    let extra = pairs(&[("audience", "x"), ("scope", "evil")]);
    world
        .run(engine.client_credentials(&client, &"read write".into(), &extra))
        .unwrap();
    let [sent] = &world.token_requests()[..] else {
        panic!("one request");
    };
    assert_eq!(sent.form["grant_type"], "client_credentials");
    assert_eq!(sent.form["client_id"], "app");
    assert_eq!(sent.form["scope"], "read write");
    assert_eq!(sent.form["audience"], "x");
    assert_eq!(sent.form.len(), 4);
    assert_eq!(sent.proof.as_ref().unwrap().claims["htu"], TOKEN);

    let tokens = client.tokens().unwrap();
    assert!(tokens.is_bound);
    assert_eq!(tokens.expires.0, (START + 60) * 1000 + 2);
    assert_eq!(&*tokens.id_token, "");
    assert_eq!(tokens.claims.0, Value::Object(serde_json::Map::new()));
    assert!(tokens.refresh_token.is_none());
    let proof = Proof::decode(&call(&world, &engine, "own1").proof);
    assert_eq!(signer(&proof), 1);
}

#[test]
fn without_a_scope_none_is_asked_for() {
    let (world, engine, client) = own(Mode::Auto, "DPoP");
    world
        .run(engine.client_credentials(&client, &"".into(), &[]))
        .unwrap();
    assert!(!world.token_requests()[0].form.contains_key("scope"));
}

#[test]
fn a_token_whose_end_is_not_told_is_used_for_a_minute() {
    let (world, engine) = World::new();
    let client = create(&engine, config(Mode::Auto));
    at_token_endpoint(&world, |_, _, _| {
        Some(ok(json!({ "access_token": "own", "token_type": "DPoP" })))
    });
    world
        .run(engine.client_credentials(&client, &"".into(), &[]))
        .unwrap();
    let expires = client.tokens().unwrap().expires.0;
    assert_eq!(expires / 1000, START + 60);
}

#[test]
fn the_next_ones_are_bound_to_the_same_key() {
    let (world, engine, client) = own(Mode::Auto, "DPoP");
    for _ in 0..2 {
        world
            .run(engine.client_credentials(&client, &"".into(), &[]))
            .unwrap();
    }
    for sent in world.token_requests() {
        assert_eq!(signer(sent.proof.as_ref().unwrap()), 1);
    }
    assert!(engine.bound_token("own1").is_some() && engine.bound_token("own2").is_some());
    // There is no refresh token.
    assert_eq!(
        world.run(engine.renew(&client, &[])).unwrap_err().cause,
        Cause::NoRefreshToken
    );
}

#[test]
fn requests_at_once_share_one() {
    let (world, engine, client) = own(Mode::Auto, "DPoP");
    let (scope, extra) = ("".into(), []);
    let outcomes = world.all(
        (0..3)
            .map(|_| Box::pin(engine.client_credentials(&client, &scope, &extra)) as _)
            .collect(),
    );
    assert_eq!(outcomes, [Ok(()), Ok(()), Ok(())]);
    assert_eq!(world.token_requests().len(), 1);
}

#[test]
fn a_logout_during_a_renewal_stays_a_logout() {
    let (world, engine, client) = own(Mode::Auto, "DPoP");
    let (scope, extra) = ("".into(), []);
    world
        .run(engine.client_credentials(&client, &scope, &extra))
        .unwrap();
    let outcomes = world.all(vec![
        Box::pin(engine.client_credentials(&client, &scope, &extra)),
        Box::pin(async {
            engine.logout(&client, &"".into());
            Ok(())
        }),
    ]);
    assert_eq!(
        outcomes[0].as_ref().unwrap_err().cause,
        Cause::NoRefreshToken
    );
    assert!(client.tokens().is_none());
    assert!(engine.bound_token("own2").is_none());
}

#[test]
fn n5_a_nonce_challenge_is_answered() {
    let (world, engine) = World::new();
    let client = create(&engine, config(Mode::Auto));
    at_token_endpoint(&world, |count, _, _| {
        Some(match count {
            1 => error(400, "use_dpop_nonce").nonce("n1"),
            _ => answer("DPoP", count),
        })
    });
    world
        .run(engine.client_credentials(&client, &"".into(), &[]))
        .unwrap();
    let sent = world.token_requests();
    assert_eq!(sent[1].proof.as_ref().unwrap().nonce(), Some("n1"));
    assert_eq!(sent[1].form, sent[0].form);
}

#[test]
fn t3_token_type_is_held_against_the_mode() {
    let (world, engine, client) = own(Mode::Auto, "Bearer");
    world
        .run(engine.client_credentials(&client, &"".into(), &[]))
        .unwrap();
    assert!(!client.tokens().unwrap().is_bound);
    assert!(engine.bound_token("own1").is_none());

    let (world, engine, client) = own(Mode::Enforced, "Bearer");
    let outcome = world.run(engine.client_credentials(&client, &"".into(), &[]));
    assert_eq!(
        refused(&outcome.unwrap_err()),
        (Cause::TokenNotBound, vec![ISSUER, "Bearer"])
    );
    assert!(client.tokens().is_none());
}

#[test]
fn a_refusal_is_told() {
    let (world, engine) = World::new();
    let client = create(&engine, config(Mode::Auto));
    at_token_endpoint(&world, |_, _, _| Some(error(401, "invalid_client")));
    let outcome = world.run(engine.client_credentials(&client, &"".into(), &[]));
    assert_eq!(
        refused(&outcome.unwrap_err()),
        (Cause::TokenRefused, vec!["invalid_client", "", "401"])
    );
}
