//! The server's clock: what tells it, and that what lags it is not believed.
#![allow(clippy::unwrap_used)]

mod world;

use countersign_client::Mode;
use serde_json::{Value, json};
use world::*;

#[test]
fn rc6_discovery_tells_the_clock_before_the_first_proof() {
    for local_error in [-600_000, 600_000] {
        let (world, engine) = World::new();
        world.0.local_error.set(local_error);
        world.script(|sent, world| Some(world.standard(sent).date(0)));
        let client = create(&engine, config(Mode::Enforced));
        log_in(&world, &engine, &client).unwrap();
        let [sent] = &world.token_requests()[..] else {
            panic!("one request")
        };
        let late = world.seconds() - sent.proof.as_ref().unwrap().iat();
        assert!((0..=1).contains(&late), "{late}");
        assert!((engine.clock_offset(&client) + local_error).abs() <= 1_000);
    }
}

#[test]
fn rc6_without_a_date_the_own_origin_is_asked_and_the_proof_made_anew() {
    // Keycloak calls every refused proof an invalid request, and tells no `Date`.
    for (local_error, code) in [
        (-600_000, "invalid_dpop_proof"),
        (600_000, "invalid_dpop_proof"),
        (-600_000, "invalid_request"),
        (600_000, "invalid_request"),
    ] {
        let (world, engine) = World::new();
        world.0.local_error.set(local_error);
        world.script(move |sent, world| {
            if sent.method == "HEAD" {
                assert_eq!(sent.url, "/");
                return Some(ok(Value::Null).date(0));
            }
            if sent.url == TOKEN {
                let age = world.seconds() - sent.proof.as_ref().unwrap().iat();
                return Some(if age.abs() > 60 {
                    error(400, code)
                } else {
                    ok(world.tokens("DPoP"))
                });
            }
            Some(world.standard(sent))
        });
        let client = create(&engine, config(Mode::Enforced));
        log_in(&world, &engine, &client).unwrap();
        let methods: Vec<_> = world.sent().iter().map(|sent| sent.method).collect();
        assert_eq!(methods, ["GET", "POST", "HEAD", "POST"]);
    }
}

#[test]
fn a_proof_refused_for_something_else_than_its_time_is_not_repeated() {
    let (world, engine) = World::new();
    at_token_endpoint(&world, |_, _, _| {
        Some(error(400, "invalid_dpop_proof").date(0))
    });
    let client = create(&engine, config(Mode::Auto));
    let error = log_in(&world, &engine, &client).unwrap_err();
    assert_eq!(error.details[0], "invalid_dpop_proof");
    assert_eq!(world.sent().len(), 2);
}

#[test]
fn without_any_date_the_id_token_tells_the_clock() {
    let (world, engine) = World::new();
    world.0.local_error.set(600_000);
    let client = create(&engine, config(Mode::Auto));
    let token = log_in(&world, &engine, &client).unwrap();
    let proof = Proof::decode(&call(&world, &engine, &token).proof);
    assert!((world.seconds() - proof.iat()).abs() <= 1);
}

#[test]
fn tokens_that_are_dated_back_do_not_turn_the_clock_back() {
    // The local clock's error, and what is made of it; an access token that tells when it was issued bounds it.
    for (is_jwt, local_error, expected) in [
        (true, 0, 0),
        (true, -200, -200),
        (true, 600, 0),
        (true, -600, -300),
        (false, 0, -300),
    ] {
        let (world, engine) = World::new();
        world.0.local_error.set(local_error * 1000);
        at_token_endpoint(&world, move |_, _, world| {
            let mut claims = world.claims();
            claims["iat"] = json!(world.seconds() - 300);
            let mut answer = world.tokens("DPoP");
            answer["id_token"] = jwt(&claims).into();
            if is_jwt {
                // Lives for `expires_in` from now on.
                answer["access_token"] = jwt(&json!({ "exp": world.seconds() + 300 })).into();
            }
            Some(ok(answer))
        });
        let client = create(&engine, config(Mode::Auto));
        let token = log_in(&world, &engine, &client).unwrap();
        let proof = Proof::decode(&call(&world, &engine, &token).proof);
        let error = proof.iat() - world.seconds();
        assert!((error - expected).abs() <= 1, "{local_error}: {error}");
    }
}

#[test]
fn an_id_token_of_an_absurd_time_does_not_wrap_the_clock() {
    let (world, engine) = World::new();
    at_token_endpoint(&world, |_, _, world| {
        let mut claims = world.claims();
        claims["iat"] = json!(-1e300);
        let mut tokens = world.tokens("DPoP");
        tokens["id_token"] = jwt(&claims).into();
        Some(ok(tokens))
    });
    let client = create(&engine, config(Mode::Auto));
    log_in(&world, &engine, &client).unwrap();
    assert!(engine.clock_offset(&client) < -8_640_000_000_000_000);
}
