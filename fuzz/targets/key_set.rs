//! A JSON Web Key Set: no set accepts a forged signature, and only a set with our key accepts ours.
#![no_main]

use std::{
    future::Future,
    pin::pin,
    sync::LazyLock,
    task::{Context, Poll, Waker},
};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use countersign::{UnixSeconds, jose::base64url};
use countersign_resource_server::{DpopRequirement, Issuer, ResourceServer, StaticKeys};
use http::Request;
use libfuzzer_sys::fuzz_target;

const ISSUER: &str = "https://issuer.example.com";
const NOW: UnixSeconds = UnixSeconds(1_767_225_600);

static KEY: LazyLock<Ed25519KeyPair> =
    LazyLock::new(|| Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a key"));

/// Tokens with our signature, with and without `kid`; and forged tokens of each algorithm.
static TOKENS: LazyLock<(Vec<String>, Vec<String>)> = LazyLock::new(|| {
    let claims = format!(
        r#"{{"iss":"{ISSUER}","aud":"api","sub":"ann","client_id":"app","exp":{}}}"#,
        NOW.0 + 60
    );
    let input = |header: String| {
        base64url::encode(header.as_bytes()) + "." + &base64url::encode(claims.as_bytes())
    };
    let kids = ["", r#","kid":"issuer""#];
    let ours = kids.map(|kid| {
        let input = input(format!(r#"{{"typ":"at+jwt","alg":"EdDSA"{kid}}}"#));
        let signature = base64url::encode(KEY.sign(input.as_bytes()).as_ref());
        input + "." + &signature
    });
    let mut forged = Vec::new();
    for (algorithm, length) in [("ES256", 64), ("EdDSA", 64), ("RS256", 256), ("PS256", 256)] {
        for kid in kids {
            let input = input(format!(r#"{{"typ":"at+jwt","alg":"{algorithm}"{kid}}}"#));
            for byte in [0, 1] {
                forged.push(format!(
                    "{input}.{}",
                    base64url::encode(&vec![byte; length])
                ));
            }
        }
    }
    (ours.to_vec(), forged)
});

fuzz_target!(|text: &str| {
    let build = |keys: StaticKeys| {
        let issuer = Issuer::from_keys(ISSUER, "api", keys);
        ResourceServer::builder("https://api.example.com", issuer)
            .with_dpop(DpopRequirement::Optional)
            .with_clock(|| NOW)
            .build()
    };
    let strict = build(StaticKeys::new(text));
    let Ok(server) = build(StaticKeys::as_they_are(text)) else {
        // Input that one constructor refuses as a key set is refused by the strict one too.
        assert!(strict.is_err());
        return;
    };
    let x = base64url::encode(KEY.public_key().as_ref());
    let has_ours = serde_json::from_str::<serde_json::Value>(text)
        .expect("a set is JSON")
        .get("keys")
        .and_then(|keys| keys.as_array().cloned())
        .expect("a set has keys")
        .iter()
        .any(|key| key["x"] == x);
    let (ours, forged) = &*TOKENS;
    for token in ours {
        assert!(has_ours || !is_accepted(&server, token), "{token}");
    }
    for token in forged {
        assert!(!is_accepted(&server, token), "{token}");
    }
});

fn is_accepted(server: &ResourceServer, token: &str) -> bool {
    let request = Request::get("/").header("Authorization", format!("Bearer {token}"));
    let (parts, ()) = request.body(()).expect("a request").into_parts();
    let outcome = pin!(server.authenticate(&parts)).poll(&mut Context::from_waker(Waker::noop()));
    match outcome {
        Poll::Ready(outcome) => outcome.is_ok(),
        Poll::Pending => panic!("with static keys there is nothing to wait for"),
    }
}
