//! Renewal by refresh token, and what several clients share.
#![allow(clippy::unwrap_used)]

mod world;

use countersign_client::{Cause, Client, ClientConfig, ClientError, Engine, Mode, Renewal, Visit};
use serde_json::json;
use world::*;

fn logged_in() -> (World, Engine<World>, TestClient) {
    let (world, engine) = World::new();
    let client = create(&engine, config(Mode::Auto));
    log_in(&world, &engine, &client).unwrap();
    (world, engine, client)
}

#[test]
fn t4_a_refresh_carries_the_refresh_token_and_the_same_key() {
    let (world, engine, client) = logged_in();
    world
        .run(engine.renew(&client, &pairs(&[("audience", "x")])))
        .unwrap();
    let sent = &world.token_requests()[1];
    assert_eq!(sent.form["grant_type"], "refresh_token");
    assert_eq!(sent.form["refresh_token"], "rt2");
    assert_eq!(sent.form["client_id"], "app");
    assert_eq!(sent.form["audience"], "x");
    assert_eq!(sent.form.len(), 4);
    assert_eq!(signer(sent.proof.as_ref().unwrap()), 1);
    assert_eq!(
        client.tokens().unwrap().refresh_token.as_deref(),
        Some("rt3")
    );
}

#[test]
fn renewals_at_once_share_one_request() {
    let (world, engine, client) = logged_in();
    let extra = [];
    let outcomes = world.all(
        (0..3)
            .map(|_| Box::pin(engine.renew(&client, &extra)) as _)
            .collect(),
    );
    assert_eq!(outcomes, [Ok(()), Ok(()), Ok(())]);
    assert_eq!(world.token_requests().len(), 2);
    // They also fail together.
    world.script(|_, _| Some(error(400, "invalid_grant")));
    let outcomes = world.all(
        (0..3)
            .map(|_| Box::pin(engine.renew(&client, &extra)) as _)
            .collect(),
    );
    assert!(outcomes.iter().all(|outcome: &Result<(), ClientError>| {
        outcome.as_ref().unwrap_err().details[0] == "invalid_grant"
    }));
    assert_eq!(world.token_requests().len(), 3);
}

#[test]
fn a_refresh_may_leave_out_what_it_does_not_change() {
    let (world, engine, client) = logged_in();
    let before = client.tokens().unwrap();
    at_token_endpoint(&world, |_, _, _| {
        Some(ok(
            json!({ "access_token": "new", "token_type": "DPoP", "expires_in": 60 }),
        ))
    });
    world.run(engine.renew(&client, &[])).unwrap();
    let after = client.tokens().unwrap();
    assert_eq!(*after.access_token, *"new");
    assert_eq!(after.id_token, before.id_token);
    assert_eq!(after.refresh_token, before.refresh_token);
}

#[test]
fn a_refresh_may_not_change_the_subject_or_the_nonce() {
    for (name, cause) in [
        ("sub", Cause::IdTokenSubject),
        ("nonce", Cause::IdTokenNonce),
    ] {
        let (world, engine, client) = logged_in();
        at_token_endpoint(&world, move |_, _, world| {
            let mut claims = world.claims();
            claims[name] = "other".into();
            let mut tokens = world.tokens("DPoP");
            tokens["id_token"] = jwt(&claims).into();
            Some(ok(tokens))
        });
        assert_eq!(
            world.run(engine.renew(&client, &[])).unwrap_err().cause,
            cause
        );
        assert_eq!(*client.tokens().unwrap().access_token, *"at2");
    }
}

#[test]
fn without_a_refresh_token_renewal_says_so() {
    let (world, engine) = World::new();
    at_token_endpoint(&world, |_, _, world| {
        let mut tokens = world.tokens("DPoP");
        tokens.as_object_mut().unwrap().remove("refresh_token");
        Some(ok(tokens))
    });
    let client = create(&engine, config(Mode::Auto));
    assert_eq!(
        world.run(engine.renew(&client, &[])).unwrap_err().cause,
        Cause::NoRefreshToken
    );
    log_in(&world, &engine, &client).unwrap();
    assert_eq!(
        world.run(engine.renew(&client, &[])).unwrap_err().cause,
        Cause::NoRefreshToken
    );
}

#[test]
fn a_logout_during_a_refresh_stays_a_logout() {
    let (world, engine, client) = logged_in();
    let bye = "https://app.example/bye".into();
    let none = [];
    let outcomes = world.all(vec![
        Box::pin(async { engine.renew(&client, &none).await.map(|()| None) }),
        Box::pin(async { Ok(engine.logout(&client, &bye)) }),
    ]);
    assert_eq!(
        outcomes[0].as_ref().unwrap_err().cause,
        Cause::NoRefreshToken
    );
    assert!(client.tokens().is_none());
}

/// A user who logs in during a renewal does not get the tokens of the previous user.
#[test]
fn a_login_during_a_refresh_stays_that_login() {
    let (world, engine, client) = logged_in();
    let state = request(&world, &engine, &client, true).unwrap()["state"].clone();
    at_token_endpoint(&world, |_, sent, world| {
        if sent.form["grant_type"] == "authorization_code" {
            return Some(ok(world.tokens("DPoP")));
        }
        // It has no id_token, so nothing in it tells whose tokens these are.
        Some(ok(
            json!({ "access_token": "theirs", "token_type": "DPoP", "expires_in": 60 }),
        ))
    });
    let response = pairs(&[("code", "c0de"), ("state", &state), ("iss", ISSUER)]);
    let none = [];
    let outcomes = world.all(vec![
        Box::pin(engine.redeem(&client, &response, &none)),
        Box::pin(engine.renew(&client, &none)),
    ]);
    assert_eq!(outcomes[0], Ok(()));
    assert_eq!(
        outcomes[1].as_ref().unwrap_err().cause,
        Cause::NoRefreshToken
    );
    assert_ne!(*client.tokens().unwrap().access_token, *"theirs");
}

#[test]
fn each_client_has_its_own_key() {
    let (world, engine, client) = logged_in();
    let other = create(
        &engine,
        ClientConfig {
            client_id: "other".into(),
            ..config(Mode::Auto)
        },
    );
    at_token_endpoint(&world, |_, _, world| {
        let mut claims = world.claims();
        claims["aud"] = "other".into();
        let mut tokens = world.tokens("DPoP");
        tokens["id_token"] = jwt(&claims).into();
        Some(ok(tokens))
    });
    let token = log_in(&world, &engine, &other).unwrap();
    assert_eq!(
        signer(&Proof::decode(&call(&world, &engine, &token).proof)),
        2
    );
    let first = client.tokens().unwrap().access_token.clone();
    assert_eq!(
        signer(&Proof::decode(&call(&world, &engine, &first).proof)),
        1
    );
}

/// OpenID Connect Core 12.2: the response need not hold an id_token, and a missing one is not
/// checked again.
#[test]
fn a_refresh_without_id_token_is_taken_when_the_old_one_has_expired() {
    let (world, engine, client) = logged_in();
    let before = client.tokens().unwrap();
    at_token_endpoint(&world, |_, _, _| {
        Some(ok(
            json!({ "access_token": "new", "token_type": "DPoP", "expires_in": 60 }),
        ))
    });
    world.pass(3_600_000);
    world.run(engine.renew(&client, &[])).unwrap();
    let after = client.tokens().unwrap();
    assert_eq!(*after.access_token, *"new");
    assert_eq!(after.id_token, before.id_token);
    // An id_token from an hour ago does not set the clock either.
    assert!(engine.clock_offset(&client).abs() <= 1_000);
    assert!((after.expires.0 / 1000 - world.seconds() - 60).abs() <= 1);
}

#[test]
fn an_id_token_that_comes_with_a_refresh_has_to_be_fresh() {
    let (world, engine, client) = logged_in();
    at_token_endpoint(&world, |_, _, world| {
        let mut claims = world.claims();
        claims["exp"] = (world.seconds() - 60).into();
        let mut tokens = world.tokens("DPoP");
        tokens["id_token"] = jwt(&claims).into();
        Some(ok(tokens))
    });
    assert_eq!(
        world.run(engine.renew(&client, &[])).unwrap_err().cause,
        Cause::IdTokenExpired
    );
}

/// Returns whether a renewal is due, and after how many milliseconds a program renews in the
/// background.
fn schedule(engine: &Engine<World>, client: &Client<World>) -> (Renewal, i64) {
    let schedule = engine.schedule(client);
    (schedule.now, schedule.wait_millis)
}

#[test]
fn tokens_are_renewed_half_a_minute_before_their_end() {
    let (world, engine, client) = logged_in();
    let is = |expected| assert_eq!(schedule(&engine, &client), expected);
    is((Renewal::NotDue, 270_000));
    world.pass(269_500);
    is((Renewal::NotDue, 1_000));
    world.pass(501);
    is((Renewal::Due, 30_000));
    world.pass(29_999);
    is((Renewal::Overdue, 30_000));
    world.run(engine.renew(&client, &[])).unwrap();
    is((Renewal::NotDue, 270_000));
}

#[test]
fn a_short_life_is_used_for_three_quarters() {
    for (lifetime, wait) in [(40, 30_000), (8, 6_000), (1, 1_000)] {
        let (world, engine, client) = logged_in();
        at_token_endpoint(&world, move |_, _, world| {
            let mut tokens = world.tokens("DPoP");
            tokens["expires_in"] = lifetime.into();
            Some(ok(tokens))
        });
        world.run(engine.renew(&client, &[])).unwrap();
        assert_eq!(
            schedule(&engine, &client),
            (Renewal::NotDue, wait),
            "{lifetime}"
        );
        world.pass(lifetime * 750 + 1);
        assert_eq!(engine.schedule(&client).now, Renewal::Due);
    }
}

#[test]
fn a_program_that_keeps_tokens_gets_none_of_their_last_half_minute() {
    for (lifetime, before) in [(300, 270_000), (40, 10_000), (30, 0)] {
        let (world, engine, client) = logged_in();
        at_token_endpoint(&world, move |_, _, world| {
            let mut tokens = world.tokens("DPoP");
            tokens["expires_in"] = lifetime.into();
            Some(ok(tokens))
        });
        world.run(engine.renew(&client, &[])).unwrap();
        world.pass(before);
        let is = |expected| assert_eq!(engine.schedule(&client).to_keep, expected, "{lifetime}");
        is(Renewal::NotDue);
        world.pass(1);
        is(Renewal::Due);
        // Unless a renewal has just failed.
        at_token_endpoint(&world, |_, _, _| {
            Some(error(503, "temporarily_unavailable"))
        });
        world.run(engine.renew(&client, &[])).unwrap_err();
        is(Renewal::NotDue);
        world.pass(29_999);
        is(Renewal::Overdue);
    }
}

#[test]
fn after_a_renewal_that_failed_the_next_one_is_half_a_minute_later() {
    let (world, engine, client) = logged_in();
    world.pass(275_000);
    at_token_endpoint(&world, |_, _, _| {
        Some(error(503, "temporarily_unavailable"))
    });
    world.run(engine.renew(&client, &[])).unwrap_err();
    let paused = (Renewal::NotDue, 30_000);
    assert_eq!(schedule(&engine, &client), paused);
    world.pass(24_000);
    assert_eq!(schedule(&engine, &client), paused);
    // Expired tokens are renewed, whatever has failed before.
    world.pass(1_000);
    let over = (Renewal::Overdue, 30_000);
    assert_eq!(schedule(&engine, &client), over);
}

#[test]
fn asking_in_an_iframe_is_a_renewal_that_has_failed_until_its_tokens_come() {
    let (world, engine, client) = logged_in();
    world.pass(275_000);
    let redirect_uri = "https://app.example/".into();
    let prepared = engine.prepare(&client, &redirect_uri, Visit::Iframe);
    let request = world.run(prepared).unwrap();
    assert_eq!(engine.schedule(&client).now, Renewal::NotDue);
    let query = request.to_url(&[]).unwrap();
    let query = parameters(query.split_once('?').unwrap().1);
    *world.0.oidc_nonce.borrow_mut() = query["nonce"].clone();
    respond(&world, &engine, &client, request.state()).unwrap();
    world.pass(270_001);
    assert_eq!(engine.schedule(&client).now, Renewal::Due);
}

#[test]
fn who_has_no_tokens_is_to_get_some() {
    let (_, engine) = World::new();
    let client = create(&engine, config(Mode::Auto));
    let none = (Renewal::Overdue, 30_000);
    assert_eq!(schedule(&engine, &client), none);
    let (_, engine, client) = logged_in();
    engine.logout(&client, &"".into());
    assert_eq!(schedule(&engine, &client), none);
}

#[test]
fn a_local_clock_that_is_set_back_postpones_no_renewal() {
    let (world, engine, client) = logged_in();
    engine.schedule(&client);
    world.pass(200_000);
    world.0.local_error.set(-3_600_000);
    assert_eq!(schedule(&engine, &client), (Renewal::NotDue, 70_000));
}
