//! Access tokens. The first byte selects what the rest is: the token itself, a JWS header and
//! claims with a signature that does not belong to them, or claims that the issuer signed, so that
//! an accepted token can be compared with its claims.
#![no_main]

use std::{
    future::Future,
    pin::pin,
    sync::LazyLock,
    task::{Context, Poll, Waker},
};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use countersign::{UnixSeconds, jose::base64url, jwk::PublicJwk};
use countersign_resource_server::{
    DpopRequirement, Issuer, Rejection, ResourceServer, Scheme, StaticKeys,
};
use http::Request;
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

const ISSUER: &str = "https://issuer.example.com";
const AUDIENCE: &str = "https://api.example.com";
const NOW: UnixSeconds = UnixSeconds(1_767_225_600);

static KEY: LazyLock<Ed25519KeyPair> =
    LazyLock::new(|| Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a key"));

static SERVER: LazyLock<ResourceServer> = LazyLock::new(|| {
    let x = KEY.public_key().as_ref().try_into().expect("32 bytes");
    let key = PublicJwk::Ed25519 { x }.to_json();
    let keys = StaticKeys::new(format!(r#"{{"keys":[{key}]}}"#));
    ResourceServer::builder(AUDIENCE, Issuer::from_keys(ISSUER, AUDIENCE, keys))
        .with_dpop(DpopRequirement::Optional)
        .with_clock(|| NOW)
        .build()
        .expect("a server")
});

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, rest)) = bytes.split_first() else {
        return;
    };
    match choice % 3 {
        0 => {
            if let Ok(token) = core::str::from_utf8(rest) {
                refuse(token);
            }
        }
        1 => {
            let mut parts = rest.splitn(2, |byte| *byte == b'\n').map(base64url::encode);
            let (header, claims) = (parts.next(), parts.next());
            let input = header.unwrap_or_default() + "." + &claims.unwrap_or_default();
            refuse(&(input + "." + &base64url::encode(&[1; 64])));
        }
        _ => {
            let input = base64url::encode(br#"{"typ":"at+jwt","alg":"EdDSA"}"#);
            let input = input + "." + &base64url::encode(rest);
            let signature = base64url::encode(KEY.sign(input.as_bytes()).as_ref());
            match present(Scheme::Bearer, &(input + "." + &signature)) {
                Some(Ok(claims)) => judge(&claims, rest),
                Some(Err(rejection)) => assert!(!rejection.reason().is_empty()),
                None => {}
            }
        }
    }
});

/// Asserts that a token that the issuer did not sign is refused.
fn refuse(token: &str) {
    for scheme in [Scheme::Dpop, Scheme::Bearer] {
        assert!(!matches!(present(scheme, token), Some(Ok(_))), "{token}");
    }
}

/// Asserts that a token that was accepted as Bearer is from the issuer, for us, valid now, and not
/// bound.
fn judge(claims: &Map<String, Value>, signed: &[u8]) {
    let read: Value = serde_json::from_slice(signed).expect("JSON");
    assert_eq!(read.as_object(), Some(claims));
    assert_eq!(claims["iss"], ISSUER);
    let is_ours = |audience: &Value| *audience == AUDIENCE;
    let audience = &claims["aud"];
    assert!(
        is_ours(audience)
            || audience
                .as_array()
                .is_some_and(|all| all.iter().any(is_ours))
    );
    let seconds = |claim: &str| {
        claims
            .get(claim)
            .map(|value| value.as_f64().expect("a number"))
    };
    let now = NOW.0 as f64;
    assert!(seconds("exp").is_some_and(|exp| now < exp + 5.0));
    assert!(seconds("nbf").is_none_or(|nbf| nbf <= now + 5.0));
    assert!(!claims.contains_key("cnf"));
}

/// Presents the token to the server. `None` if it can't be in a header.
fn present(scheme: Scheme, token: &str) -> Option<Result<Map<String, Value>, Rejection>> {
    let scheme = match scheme {
        Scheme::Dpop => "DPoP",
        Scheme::Bearer => "Bearer",
    };
    let request = Request::get("/notes").header("Authorization", format!("{scheme} {token}"));
    let (parts, ()) = request.body(()).ok()?.into_parts();
    let outcome = pin!(SERVER.authenticate(&parts)).poll(&mut Context::from_waker(Waker::noop()));
    match outcome {
        Poll::Ready(outcome) => Some(outcome.map(|caller| caller.claims().clone())),
        Poll::Pending => panic!("with static keys there is nothing to wait for"),
    }
}
