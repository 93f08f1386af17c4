//! The `DPoP` header. The first byte selects what the rest is: the header's value, a JWS header and
//! claims with a signature that does not belong to them, or claims that our key signs, so that the
//! checks after the signature are reached.
#![no_main]

use std::sync::LazyLock;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use countersign::{
    UnixSeconds,
    crypto::{ath, thumbprint},
    jose::base64url,
    jwk::PublicJwk,
    nonce::{CheckNonce, NonceStatus},
    proof::{BoundToken, DpopField, Expected, NonceCheck, ProofError, Verifier, VerifierPolicy},
    target::TargetUri,
};
use libfuzzer_sys::fuzz_target;

const NOW: UnixSeconds = UnixSeconds(1_767_225_600);

static KEY: LazyLock<(Ed25519KeyPair, PublicJwk)> = LazyLock::new(|| {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a key");
    let x = pair.public_key().as_ref().try_into().expect("32 bytes");
    (pair, PublicJwk::Ed25519 { x })
});

static URI: LazyLock<TargetUri> =
    LazyLock::new(|| TargetUri::parse("https://api.example.com/notes").expect("a URI"));

struct OneNonce;

impl CheckNonce for OneNonce {
    fn check(&self, nonce: &str, _now: UnixSeconds) -> NonceStatus {
        match nonce {
            "ours" => NonceStatus::Fresh,
            "old" => NonceStatus::AcceptAndRenew,
            "gone" => NonceStatus::Expired,
            _ => NonceStatus::NotOurs,
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, rest)) = bytes.split_first() else {
        return;
    };
    match choice % 3 {
        0 => {
            check(&[rest]);
            let fields: Vec<&[u8]> = rest.split(|byte| *byte == b'\n').collect();
            check(&fields);
        }
        1 => {
            let mut parts = rest.splitn(2, |byte| *byte == b'\n').map(base64url::encode);
            let (header, claims) = (parts.next(), parts.next());
            let input = header.unwrap_or_default() + "." + &claims.unwrap_or_default();
            check(&[(input + "." + &base64url::encode(&[1; 64])).as_bytes()]);
        }
        _ => {
            let (pair, key) = &*KEY;
            let header = format!(
                r#"{{"typ":"dpop+jwt","alg":"EdDSA","jwk":{}}}"#,
                key.to_json()
            );
            let input = base64url::encode(header.as_bytes()) + "." + &base64url::encode(rest);
            let signature = base64url::encode(pair.sign(input.as_bytes()).as_ref());
            check(&[(input + "." + &signature).as_bytes()]);
        }
    }
});

/// Checks the fields against every kind of request. An accepted proof fulfils its promises, and
/// `explain` agrees with `verify`, except for checks that `verify` skips.
fn check(fields: &[&[u8]]) {
    let Ok(field) = DpopField::parse(fields) else {
        return;
    };
    let verifier = Verifier::new(VerifierPolicy::default());
    let (_, key) = &*KEY;
    let bound = BoundToken::new(ath("token"), thumbprint(key));
    for token in [None, Some(bound)] {
        for nonce in [NonceCheck::NotRequired, NonceCheck::Required(&OneNonce)] {
            let expected = Expected::new("GET", &URI, token, nonce);
            let explained = verifier.explain(field, &expected, NOW);
            let refused: Vec<ProofError> = explained
                .into_iter()
                .filter_map(|one| one.outcome?.err())
                .collect();
            match verifier.verify(field, &expected, NOW) {
                Ok(verified) => {
                    assert_eq!(refused, []);
                    assert_eq!(verified.thumbprint(), thumbprint(verified.key()));
                    assert!(!verified.jti().is_empty());
                    assert_eq!(verified.claims()["htm"], "GET");
                    let age = NOW.0 - verified.issued_at().0;
                    assert!((-5..=60).contains(&age));
                    assert!(verified.replay_entry().until() > NOW);
                    assert!(token.is_none() || verified.thumbprint() == bound.thumbprint);
                }
                Err(error) => {
                    // `verify` skips the signature of a foreign key, and then reports the next
                    // reason.
                    let is_foreign = refused
                        .iter()
                        .any(|reason| matches!(reason, ProofError::KeyMismatch { .. }));
                    let is_spared = is_foreign && matches!(refused[0], ProofError::Signature(_));
                    let is_next = is_spared && refused.get(1) == Some(&error);
                    assert!(refused[0] == error || is_next, "{error}");
                    assert!(!error.to_string().is_empty() && !error.name().is_empty());
                }
            }
        }
    }
}
