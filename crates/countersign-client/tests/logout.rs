//! Logging out.
#![allow(clippy::unwrap_used)]

mod world;

use countersign_client::{Cause, Mode};
use world::*;

#[test]
fn logout_gives_the_end_session_url_and_forgets() {
    let (world, engine) = World::new();
    let client = create(&engine, config(Mode::Auto));
    let token = log_in(&world, &engine, &client).unwrap();
    let id_token = client.tokens().unwrap().id_token.clone();
    let url = engine
        .logout(&client, &"https://app.example/bye".into())
        .unwrap();
    let (endpoint, query) = url.split_once('?').unwrap();
    let query = parameters(query);
    assert_eq!(endpoint, "https://as.example/logout");
    assert_eq!(query["id_token_hint"], *id_token);
    assert_eq!(query["client_id"], "app");
    assert_eq!(query["post_logout_redirect_uri"], "https://app.example/bye");
    assert!(client.tokens().is_none());
    assert!(engine.bound_token(&token).is_none());
    assert_eq!(
        world.run(engine.renew(&client, &[])).unwrap_err().cause,
        Cause::NoRefreshToken
    );
}

#[test]
fn a_logout_may_name_no_place_to_return_to() {
    let (world, engine) = World::new();
    let client = create(&engine, config(Mode::Auto));
    log_in(&world, &engine, &client).unwrap();
    let url = engine.logout(&client, &"".into()).unwrap();
    assert!(!url.contains("post_logout_redirect_uri"), "{url}");
}
