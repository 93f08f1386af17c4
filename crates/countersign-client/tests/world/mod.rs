//! A scripted platform: a virtual clock, an authorization server that is a closure, and storage
//! that can fail.
//!
//! The engine's requests are recorded with their proofs decoded, so that tests can assert exact
//! values.
// Each test binary uses a part of it.
#![allow(dead_code, unreachable_pub, unused_imports, clippy::unwrap_used)]

mod platform;
mod wire;

use std::collections::HashMap;
use std::rc::Rc;

use countersign_client::{
    BoundToken, Cause, Client, ClientConfig, ClientError, Engine, Mode, Observed, Text, Upgraded,
    Url, Visit,
};

pub use platform::*;
pub use wire::*;

pub type TestClient = Rc<Client<World>>;

pub fn config(mode: Mode) -> ClientConfig<Json> {
    ClientConfig {
        issuer: ISSUER.into(),
        client_id: "app".into(),
        scope: "openid profile".into(),
        mode,
        metadata: None,
    }
}

pub fn create(engine: &Engine<World>, config: ClientConfig<Json>) -> TestClient {
    let index = engine.create(config);
    engine.client(index).expect("created")
}

/// Prepares an authorization request and returns its parameters.
pub fn request(
    world: &World,
    engine: &Engine<World>,
    client: &TestClient,
    silent: bool,
) -> Result<HashMap<String, String>, ClientError> {
    let visit = if silent {
        Visit::Iframe
    } else {
        Visit::Interactive
    };
    let request = world.run(engine.prepare(client, &"https://app.example/".into(), visit))?;
    let url = request.to_url(&[])?;
    let (endpoint, query) = url.split_once('?').expect("a query");
    assert_eq!(endpoint, "https://as.example/authorize");
    let parameters = parameters(query);
    assert_eq!(parameters["state"], request.state());
    assert_eq!(parameters.contains_key("dpop_jkt"), request.is_bound());
    *world.0.oidc_nonce.borrow_mut() = parameters["nonce"].clone();
    Ok(parameters)
}

pub fn respond(
    world: &World,
    engine: &Engine<World>,
    client: &TestClient,
    state: &str,
) -> Result<(), ClientError> {
    let response = pairs(&[("code", "c0de"), ("state", state), ("iss", ISSUER)]);
    world.run(engine.redeem(client, &response, &[]))
}

/// Makes a whole login. Returns the access token.
pub fn log_in(
    world: &World,
    engine: &Engine<World>,
    client: &TestClient,
) -> Result<Text, ClientError> {
    let state = request(world, engine, client, true)?
        .remove("state")
        .expect("a state");
    respond(world, engine, client, &state)?;
    Ok(client.tokens().expect("logged in").access_token.clone())
}

pub fn url(origin: &str, path: &str) -> Url {
    Url {
        origin: origin.into(),
        path: path.into(),
    }
}

pub fn bound(engine: &Engine<World>, token: &str) -> BoundToken {
    engine.bound_token(token).expect("a bound token")
}

pub fn call(world: &World, engine: &Engine<World>, token: &str) -> Upgraded<World> {
    world
        .run(engine.authorize("GET".into(), url(API, "/a"), bound(engine, token)))
        .expect("a signature")
        .expect("a bound token")
}

pub fn seen(status: u16) -> Observed<'static> {
    Observed {
        status,
        dpop_nonce: "",
        www_authenticate: "",
        date: None,
    }
}

pub fn challenge(nonce: &str) -> Observed<'_> {
    let www_authenticate = "DPoP error=\"use_dpop_nonce\", algs=\"ES256\"";
    Observed {
        dpop_nonce: nonce,
        www_authenticate,
        ..seen(401)
    }
}

pub fn observe(
    world: &World,
    engine: &Engine<World>,
    upgraded: Upgraded<World>,
    response: &Observed<'_>,
) -> Option<Upgraded<World>> {
    world
        .run(engine.observe(upgraded.attempt, response, true))
        .expect("a signature")
}

/// Creates a script for the token endpoint; the rest is standard.
pub fn at_token_endpoint(
    world: &World,
    mut script: impl FnMut(usize, &Sent, &World) -> Option<Answer> + 'static,
) {
    let mut count = 0;
    world.script(move |sent, world| {
        if sent.url != TOKEN {
            return Some(world.standard(sent));
        }
        count += 1;
        script(count, sent, world)
    });
}

pub fn refused(error: &ClientError) -> (Cause, Vec<&str>) {
    (
        error.cause,
        error.details.iter().map(|detail| &**detail).collect(),
    )
}

/// The details of an error.
pub fn details(error: &ClientError) -> Vec<&str> {
    error.details.iter().map(|detail| &**detail).collect()
}

/// An engine with a client that is logged in, and its access token.
pub fn logged_in() -> (World, Engine<World>, TestClient, Text) {
    let (world, engine) = World::new();
    let client = create(&engine, config(Mode::Auto));
    let token = log_in(&world, &engine, &client).unwrap();
    (world, engine, client, token)
}

/// An origin that has challenged and whose nonce is not held: its challenge brought none.
pub fn challenged_without_a_nonce() -> (World, Engine<World>, Text) {
    let (world, engine, _, token) = logged_in();
    let upgraded = call(&world, &engine, &token);
    assert!(observe(&world, &engine, upgraded, &challenge("")).is_none());
    (world, engine, token)
}
