//! What is kept between a request and its response: in storage, or in memory.
#![allow(clippy::unwrap_used)]

mod world;

use countersign_client::{Cause, Mode};
use world::*;

#[test]
fn a_redirect_is_kept_with_its_key_and_taken_once() {
    let (world, engine) = World::new();
    let client = create(&engine, config(Mode::Auto));
    let query = request(&world, &engine, &client, false).unwrap();
    assert_eq!(query.get("prompt"), None);
    assert_eq!(world.0.kept.borrow().len(), 1);

    // The page is loaded again.
    let reloaded = countersign_client::Engine::new(world.clone());
    let client = create(&reloaded, config(Mode::Auto));
    respond(&world, &reloaded, &client, &query["state"]).unwrap();
    let [sent] = &world.token_requests()[..] else {
        panic!("one request")
    };
    assert_eq!(signer(sent.proof.as_ref().unwrap()), 1);
    assert_eq!(world.0.keys.get(), 1);
    assert!(world.0.kept.borrow().is_empty());
    let error = respond(&world, &reloaded, &client, &query["state"]).unwrap_err();
    assert_eq!(
        (error.cause, details(&error)),
        (Cause::FlowUnknown, vec![query["state"].as_str()])
    );
}

#[test]
fn a_key_that_cannot_be_kept_is_made_after_the_redirect() {
    let (world, engine) = World::new();
    world.0.storage_refuses.set(1);
    let client = create(&engine, config(Mode::Enforced));
    let query = request(&world, &engine, &client, false).unwrap();
    assert_eq!(query.get("dpop_jkt"), None);
    let reloaded = countersign_client::Engine::new(world.clone());
    let client = create(&reloaded, config(Mode::Enforced));
    respond(&world, &reloaded, &client, &query["state"]).unwrap();
    assert_eq!(signer(world.token_requests()[0].proof.as_ref().unwrap()), 2);
    assert!(client.tokens().unwrap().is_bound);

    world.0.storage_refuses.set(2);
    assert_eq!(
        request(&world, &reloaded, &client, false)
            .unwrap_err()
            .cause,
        Cause::StorageRefused
    );
}

#[test]
fn silent_flows_stay_in_memory_and_die_after_an_hour() {
    let (world, engine) = World::new();
    let client = create(&engine, config(Mode::Auto));
    let (early, late) = (
        request(&world, &engine, &client, true).unwrap(),
        request(&world, &engine, &client, true).unwrap(),
    );
    assert!(world.0.kept.borrow().is_empty());
    world.pass(countersign_client::FLOW_LIFETIME_MILLIS - 1_000);
    assert_eq!(
        respond(&world, &engine, &client, &early["state"]).map_err(|error| error.cause),
        Err(Cause::IdTokenNonce)
    );
    world.pass(2_000);
    assert_eq!(
        respond(&world, &engine, &client, &late["state"]).map_err(|error| error.cause),
        Err(Cause::FlowUnknown)
    );
}

#[test]
fn of_silent_logins_that_were_never_answered_the_last_sixteen_are_remembered() {
    let (world, engine) = World::new();
    let client = create(&engine, config(Mode::Auto));
    let requests: Vec<_> = (0..17)
        .map(|_| request(&world, &engine, &client, true).unwrap())
        .collect();
    let state = |index: usize| &*requests[index]["state"];
    assert_eq!(
        respond(&world, &engine, &client, state(0))
            .unwrap_err()
            .cause,
        Cause::FlowUnknown
    );
    *world.0.oidc_nonce.borrow_mut() = requests[1]["nonce"].clone();
    respond(&world, &engine, &client, state(1)).unwrap();
}
