//! Settings that cannot work are refused when the server is built, by name.

use std::{error::Error as _, sync::Arc, time::Duration};

use countersign_resource_server::{
    AccessTokenPolicy, BuildError, Issuer, IssuerKeys, RemoteKeys, ResourceServer,
    ResourceServerBuilder, StaticKeys, UrlProblem,
};

use crate::world::{AUDIENCE, ISSUER, Key, Site, World};

fn builder() -> ResourceServerBuilder {
    of(Issuer::new(ISSUER, AUDIENCE))
}

fn of(issuer: Issuer) -> ResourceServerBuilder {
    ResourceServer::builder(AUDIENCE, issuer)
}

fn by(keys: impl Into<IssuerKeys>) -> ResourceServerBuilder {
    of(Issuer::from_keys(ISSUER, AUDIENCE, keys))
}

#[track_caller]
fn refused(builder: ResourceServerBuilder) -> BuildError {
    builder.build().expect_err("a bad value")
}

#[test]
fn the_issuer_is_an_https_url() {
    for (value, problem) in [
        ("http://issuer.example.com", UrlProblem::Insecure),
        ("issuer", UrlProblem::NotAbsolute),
        ("https://issuer.example.com?x", UrlProblem::Extra),
    ] {
        let error = refused(of(Issuer::new(value, AUDIENCE)));
        assert!(error.to_string().contains(value), "{error}");
        let value = value.to_owned();
        assert_eq!(error, BuildError::Issuer { value, problem });
    }
}

#[test]
fn audience_and_public_url_are_needed() {
    let no_audience = Issuer::new(ISSUER, "");
    assert_eq!(refused(of(no_audience)), BuildError::Audience);
    let value = "api.example.com".to_owned();
    let no_url = ResourceServer::builder(value.clone(), Issuer::new(ISSUER, AUDIENCE));
    assert_eq!(refused(no_url), BuildError::PublicUrl { value });
    let value = "notes".to_owned();
    assert_eq!(
        refused(builder().with_path_prefix("/v1", &value)),
        BuildError::PathPrefix { value }
    );
}

#[test]
fn static_keys_are_a_key_set_with_a_usable_key() {
    let mut private: serde_json::Value = serde_json::from_str(&Key::p256().jwks("1")).unwrap();
    private["keys"][0]["d"] = "AAAA".into();
    for jwks in [
        "",
        "[]",
        r#"{"keys":[]}"#,
        r#"{"keys":[{"kty":"oct","k":"AA"}]}"#,
    ] {
        assert_eq!(refused(by(StaticKeys::new(jwks))), BuildError::StaticKeys);
    }
    assert_eq!(
        refused(by(StaticKeys::new(private.to_string()))),
        BuildError::StaticKeys
    );
}

#[tokio::test]
async fn a_tool_may_look_at_keys_that_verify_nothing() {
    let build = |jwks: &str| by(StaticKeys::as_they_are(jwks)).build();
    assert_eq!(build("[]").err(), Some(BuildError::StaticKeys));
    let jwks = r#"{"keys":[{"kty":"oct","k":"AA"}]}"#;
    assert!(build(jwks).is_ok());
    let world = World::with_keys(Key::p256(), StaticKeys::as_they_are(jwks));
    assert_eq!(world.prove(&world.token()).await.name(), "TokenUnknownKey");
}

#[test]
fn with_static_keys_the_issuer_is_a_name() {
    let jwks = Key::p256().jwks("1");
    let named = Issuer::from_keys("issuer", AUDIENCE, StaticKeys::new(jwks));
    assert!(of(named).build().is_ok());
}

#[test]
fn a_jwks_uri_is_https_unless_the_operator_says_a_dangerous_word() {
    let https = "https://keys.example.net/jwks?v=1";
    let strict = |url: &str| by(RemoteKeys::new().with_jwks_uri(url));
    let trusting = |url: &str| by(RemoteKeys::new().with_dangerous_plain_http_jwks_uri(url));
    assert!(strict(https).build().is_ok());
    assert!(trusting(https).build().is_ok());
    for plain in ["http://localhost:8080/jwks", "http://keys.internal/jwks"] {
        let value = plain.to_owned();
        let problem = UrlProblem::Downgrade;
        let error = refused(strict(plain));
        let advice = error.source().unwrap().to_string();
        assert!(advice.contains("with_dangerous_plain_http_jwks_uri"));
        assert_eq!(error, BuildError::JwksUri { value, problem });
        assert!(trusting(plain).build().is_ok());
    }
    for (value, problem) in [
        ("keys.example.net", UrlProblem::NotAbsolute),
        ("ftp://keys.example.net/", UrlProblem::NotAbsolute),
        ("https://user@keys.example.net/", UrlProblem::Extra),
    ] {
        let error = BuildError::JwksUri {
            value: value.to_owned(),
            problem,
        };
        assert_eq!(refused(strict(value)), error);
        assert_eq!(refused(trusting(value)), error);
    }
}

#[tokio::test]
async fn an_operators_jwks_uri_is_where_keys_are_read_from() {
    let issuer = Key::p256();
    let site = Site::new(Some(issuer.jwks("1")));
    let port = Arc::clone(&site).port();
    let keys = RemoteKeys::from_fetch(port);
    let keys = keys.with_dangerous_plain_http_jwks_uri("http://keys.internal/jwks");
    let world = World::with_keys(issuer, keys);
    world.prove(&world.token()).await.assert_accepted();
    assert_eq!(site.urls(), ["http://keys.internal/jwks"]);
}

#[test]
fn keys_become_old_enough_to_be_read_again_and_used() {
    let ages = |refresh: u64, max: u64| {
        let (refresh, max) = (Duration::from_millis(refresh), Duration::from_millis(max));
        let keys = RemoteKeys::new();
        let keys = keys.with_refresh_age(refresh).with_max_age(max);
        (by(keys).build().err(), BuildError::KeyAges { refresh, max })
    };
    assert_eq!(ages(1000, 1000).0, None);
    for (refresh, max) in [(0, 1000), (999, 1000), (2000, 1999)] {
        let (error, expected) = ages(refresh, max);
        assert_eq!(error, Some(expected));
    }
}

#[test]
fn tokens_are_signed_by_some_algorithm() {
    let none = AccessTokenPolicy::default().with_algorithms(&[]);
    assert_eq!(
        refused(of(Issuer::new(ISSUER, AUDIENCE).with_policy(none))),
        BuildError::NoTokenAlgorithm
    );
}

#[test]
fn a_path_inside_has_one_path_outside() {
    let twice = builder()
        .with_path_prefix("/v1", "/a")
        .with_path_prefix("/v2", "/c")
        .with_path_prefix("/v1/", "/b");
    let value = "/v1/".to_owned();
    assert_eq!(refused(twice), BuildError::PathPrefixTwice { value });
}

#[tokio::test]
async fn building_asks_the_issuer_nothing() {
    let site = Site::new(None);
    let world = World::reading(Key::p256(), &site);
    assert_eq!(site.asked(), 0);
    assert!(format!("{:?}", world.server).contains(ISSUER));
}
