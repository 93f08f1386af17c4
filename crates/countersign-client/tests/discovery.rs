//! Discovery: what is checked before anything is sent.
#![allow(clippy::unwrap_used)]

mod world;

use countersign_client::{Cause, ClientConfig, Mode};
use serde_json::json;
use world::*;

#[test]
fn discovery_alone_makes_no_key_and_no_request_of_its_own() {
    let (world, engine) = World::new();
    let client = create(&engine, config(Mode::Enforced));
    for _ in 0..2 {
        let metadata = world.run(engine.discover(&client)).unwrap();
        let endpoint = metadata.authorization_endpoint();
        assert_eq!(*endpoint, "https://as.example/authorize?tenant=1");
    }
    assert_eq!(world.0.keys.get(), 0);
    request(&world, &engine, &client, true).unwrap();
    assert_eq!(world.sent().len(), 1, "once");
}

#[test]
fn discovery_is_checked_before_anything_is_sent() {
    let with = |name: &'static str, value: serde_json::Value| {
        let mut document = metadata();
        document[name] = value;
        document
    };
    let url = "https://as.example/.well-known/openid-configuration";
    let cases = [
        (
            with("issuer", json!("https://as.example/")),
            Cause::IssuerMismatch,
            vec![ISSUER, "https://as.example/"],
        ),
        (
            with("issuer", json!([ISSUER])),
            Cause::IssuerMismatch,
            vec![ISSUER, ""],
        ),
        (
            with("token_endpoint", json!(null)),
            Cause::DiscoveryInvalid,
            vec![url, "token_endpoint"],
        ),
        (
            with("token_endpoint", json!("http://as.example/token")),
            Cause::EndpointInsecure,
            vec!["token_endpoint", "http://as.example/token"],
        ),
        (
            with(
                "authorization_endpoint",
                json!("http://localhost.evil.example/"),
            ),
            Cause::EndpointInsecure,
            vec!["authorization_endpoint", "http://localhost.evil.example/"],
        ),
        (
            with("end_session_endpoint", json!("javascript:alert(1)")),
            Cause::EndpointInsecure,
            vec!["end_session_endpoint", "javascript:alert(1)"],
        ),
        (json!([]), Cause::DiscoveryInvalid, vec![url, ""]),
    ];
    for (document, cause, expected) in cases {
        let (world, engine) = World::new();
        world.script(move |_, _| Some(ok(document.clone())));
        let client = create(&engine, config(Mode::Auto));
        let error = request(&world, &engine, &client, true).unwrap_err();
        assert_eq!((error.cause, details(&error)), (cause, expected));
        assert_eq!(world.sent().len(), 1);
    }
}

#[test]
fn unreachable_discovery_is_an_error_in_every_mode() {
    for mode in [Mode::Off, Mode::Auto, Mode::Enforced] {
        let (world, engine) = World::new();
        let client = create(&engine, config(mode));
        let url = "https://as.example/.well-known/openid-configuration";
        world.script(|_, _| None);
        let error = request(&world, &engine, &client, true).unwrap_err();
        assert_eq!(
            (error.cause, details(&error)),
            (Cause::DiscoveryUnreachable, vec![url, ""])
        );
        world.script(|_, _| Some(error_503()));
        let error = request(&world, &engine, &client, true).unwrap_err();
        assert_eq!(
            (error.cause, details(&error)),
            (Cause::DiscoveryUnreachable, vec![url, "503"])
        );
    }
}

fn error_503() -> Answer {
    error(503, "down")
}

#[test]
fn an_insecure_issuer_is_refused_and_loopback_is_not() {
    for (issuer, is_refused) in [
        ("http://as.example", true),
        ("https://user@as.example", true),
        ("as.example", true),
        ("http://localhost:9441", false),
        ("http://127.0.0.1:9441", false),
        ("http://[::1]:9441", false),
        ("http://127.0.0.2", false),
        ("http://auth.app.localhost:9441/realms/a", false),
        ("http://auth.app.localhost.", false),
        ("http://localhost.example.com", true),
        ("http://127.0.0.1.example.com:9441", true),
        ("http://notlocalhost", true),
        ("http://localhost:80@as.example", true),
    ] {
        let (world, engine) = World::new();
        world.script(|_, _| None);
        let client = create(
            &engine,
            ClientConfig {
                issuer: issuer.into(),
                ..config(Mode::Auto)
            },
        );
        let error = request(&world, &engine, &client, true).unwrap_err();
        let expected = if is_refused {
            Cause::IssuerInvalid
        } else {
            Cause::DiscoveryUnreachable
        };
        assert_eq!(error.cause, expected, "{issuer}");
    }
}

#[test]
fn metadata_overrides_the_document_or_replaces_discovery() {
    let (world, engine) = World::new();
    let overrides = json!({ "dpop_signing_alg_values_supported": [] });
    let client = create(
        &engine,
        ClientConfig {
            metadata: Some(Json(overrides)),
            ..config(Mode::Auto)
        },
    );
    assert_eq!(
        request(&world, &engine, &client, true)
            .unwrap()
            .get("dpop_jkt"),
        None
    );

    let (world, engine) = World::new();
    let client = create(
        &engine,
        ClientConfig {
            metadata: Some(Json(metadata())),
            ..config(Mode::Auto)
        },
    );
    request(&world, &engine, &client, true).unwrap();
    assert!(world.sent().is_empty());
}

#[test]
fn the_same_issuer_and_client_id_give_the_same_client() {
    let (_, engine) = World::new();
    let first = engine.create(config(Mode::Auto));
    assert_eq!(engine.create(config(Mode::Auto)), first);
    assert_ne!(
        engine.create(ClientConfig {
            client_id: "other".into(),
            ..config(Mode::Auto)
        }),
        first
    );
    assert!(engine.client(2).is_none());
}
