//! The server's clock: where it is learned, and that late answers are not believed.
#![allow(clippy::unwrap_used)]

mod world;

use countersign_client::{Engine, Mode, Observed, Text, UnixMillis};
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
    // Keycloak calls every refused proof an invalid request, and sends no readable `Date`.
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
    // The local clock's error, and the time that is used; an access token that tells when it was
    // issued limits it.
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
                // It lives for `expires_in` from now on.
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

fn logged_in() -> (World, Engine<World>, TestClient, Text) {
    let (world, engine) = World::new();
    let client = create(&engine, config(Mode::Auto));
    let token = log_in(&world, &engine, &client).unwrap();
    (world, engine, client, token)
}

fn dated(world: &World, offset: i64, response: Observed<'static>) -> Observed<'static> {
    Observed {
        date: Some(UnixMillis((world.seconds() + offset) * 1000)),
        ..response
    }
}

const REFUSED: &str = "DPoP error=\"invalid_dpop_proof\"";

/// Sends a 401 with this `Date`, and returns the outcome.
fn refuse(world: &World, engine: &Engine<World>, token: &str, offset: i64) -> Option<i64> {
    let upgraded = call(world, engine, token);
    let refusal = Observed {
        www_authenticate: REFUSED,
        ..seen(401)
    };
    let refusal = dated(world, offset, refusal);
    let retry = observe(world, engine, upgraded, &refusal)?;
    let iat = Proof::decode(&retry.proof).iat();
    assert!(observe(world, engine, retry, &refusal).is_none());
    Some(iat - world.seconds())
}

/// The app's own origin shows a time that is this many seconds ahead.
fn own_origin(world: &World, ahead: i64) {
    world.script(move |sent, _| {
        assert_eq!((sent.method, sent.url.as_str()), ("HEAD", "/"));
        Some(ok(Value::Null).date(ahead))
    });
}

#[test]
fn rc6_a_resource_server_s_own_clock_is_learned_from_its_refusal() {
    for offset in [-59, 59] {
        let (world, engine, client, token) = logged_in();
        let told = refuse(&world, &engine, &token, offset).unwrap();
        assert!((told - offset).abs() <= 1, "{told}");
        // The authorization server's differs.
        assert_eq!(engine.clock_offset(&client).abs() / 1000, 0);
    }
}

#[test]
fn rc6_a_resource_server_far_off_is_believed_where_the_own_origin_says_the_same() {
    for offset in [-3_600, 3_600] {
        let (world, engine, _, token) = logged_in();
        own_origin(&world, offset);
        let told = refuse(&world, &engine, &token, offset).unwrap();
        assert!((told - offset).abs() <= 1, "{told}");
        assert_eq!(world.sent().len(), 3, "asked once");
    }
}

#[test]
fn rc6_a_resource_server_far_off_that_shows_no_challenge_is_mended_as_well() {
    let (world, engine, _, token) = logged_in();
    own_origin(&world, 3_600);
    let upgraded = call(&world, &engine, &token);
    let refusal = dated(&world, 3_600, seen(401));
    let retry = observe(&world, &engine, upgraded, &refusal).unwrap();
    assert!((Proof::decode(&retry.proof).iat() - world.seconds() - 3_600).abs() <= 1);
    assert_eq!(world.sent().len(), 3);
}

#[test]
fn s4_a_date_hours_ahead_from_an_api_makes_no_proof_for_later() {
    for date in [7_200, 100_000_000, 61] {
        let (world, engine, client, token) = logged_in();
        own_origin(&world, 0);
        for _ in 0..3 {
            assert_eq!(refuse(&world, &engine, &token, date), None);
        }
        // It does not move step by step either, nor by answers that are no refusals.
        for step in 1..10 {
            let upgraded = call(&world, &engine, &token);
            assert!(
                observe(
                    &world,
                    &engine,
                    upgraded,
                    &dated(&world, 59 * step, seen(200))
                )
                .is_none()
            );
        }
        let iat = Proof::decode(&call(&world, &engine, &token).proof).iat();
        assert!((0..=60).contains(&(iat - world.seconds())), "{iat}");
        assert_eq!(engine.clock_offset(&client).abs() / 1000, 0);
    }
}

#[test]
fn a_local_clock_that_is_set_back_is_noticed_before_the_next_proof() {
    let (world, engine, client, token) = logged_in();
    world.0.local_error.set(-600_000);
    let proof = Proof::decode(&call(&world, &engine, &token).proof);
    assert!((proof.iat() - world.seconds()).abs() <= 1);
    assert!((engine.clock_offset(&client) - 600_000).abs() <= 1_000);
    assert_eq!(world.sent().len(), 2, "nobody was asked");
}

#[test]
fn a_local_clock_that_comes_ahead_was_set_or_has_slept_and_the_own_origin_tells_which() {
    for is_sleep in [false, true] {
        let (world, engine, _, token) = logged_in();
        call(&world, &engine, &token);
        own_origin(&world, 0);
        if is_sleep {
            world.sleep_through(600_000);
        } else {
            world.0.local_error.set(600_000);
        }
        for _ in 0..2 {
            let proof = Proof::decode(&call(&world, &engine, &token).proof);
            assert!((proof.iat() - world.seconds()).abs() <= 1, "{is_sleep}");
        }
        assert_eq!(world.sent().len(), 3, "asked once");
    }
}

#[test]
fn where_nobody_tells_the_time_a_clock_ahead_is_taken_for_sleep() {
    let (world, engine, _, token) = logged_in();
    call(&world, &engine, &token);
    world.script(|_, _| None);
    world.sleep_through(600_000);
    let proof = Proof::decode(&call(&world, &engine, &token).proof);
    assert!((proof.iat() - world.seconds()).abs() <= 1);
}

#[test]
fn rc6_where_no_date_is_readable_the_own_origin_is_asked_once() {
    let (world, engine, _, token) = logged_in();
    own_origin(&world, 600);
    let upgraded = call(&world, &engine, &token);
    let refusal = Observed {
        www_authenticate: REFUSED,
        ..seen(401)
    };
    let retry = observe(&world, &engine, upgraded, &refusal).unwrap();
    assert!((Proof::decode(&retry.proof).iat() - world.seconds() - 600).abs() <= 1);
    assert!(observe(&world, &engine, retry, &refusal).is_none());
    assert_eq!(world.sent().len(), 3);
}

#[test]
fn a_proof_refused_with_a_right_clock_is_not_repeated() {
    let (world, engine, _, token) = logged_in();
    let upgraded = call(&world, &engine, &token);
    let refusal = dated(
        &world,
        0,
        Observed {
            www_authenticate: REFUSED,
            ..seen(401)
        },
    );
    assert!(observe(&world, &engine, upgraded, &refusal).is_none());
}

#[test]
fn a_cached_response_does_not_turn_the_clock_back() {
    let (world, engine, _, token) = logged_in();
    let upgraded = call(&world, &engine, &token);
    observe(
        &world,
        &engine,
        upgraded,
        &dated(&world, -86_400, seen(200)),
    );
    assert!(
        (Proof::decode(&call(&world, &engine, &token).proof).iat() - world.seconds()).abs() <= 1
    );
}
