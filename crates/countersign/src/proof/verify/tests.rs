//! What the check of a proof costs, counted in verified signatures.

use super::*;
use crate::{
    crypto::{SignatureError, tests::verifications},
    jose::base64url,
};
use crate::{
    proof::{BoundToken, NonceCheck},
    target::TargetUri,
};
use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
        RSA_PSS_SHA256, RsaKeyPair,
    },
};
use serde_json::json;
use std::{format, string::ToString, vec, vec::Vec};

const NOW: UnixSeconds = UnixSeconds(1_767_225_600);
const TOKEN: &str = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";

enum Key {
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

impl Key {
    fn p256() -> Self {
        Self::P256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    fn public(&self) -> PublicJwk {
        match self {
            Self::P256(pair) => PublicJwk::P256 {
                x: pair.public_key().as_ref()[1..33].try_into().unwrap(),
                y: pair.public_key().as_ref()[33..].try_into().unwrap(),
            },
            Self::Ed25519(pair) => PublicJwk::Ed25519 {
                x: pair.public_key().as_ref().try_into().unwrap(),
            },
            Self::Rsa(pair) => PublicJwk::Rsa {
                n: pair
                    .public_key()
                    .modulus()
                    .big_endian_without_leading_zero()
                    .to_vec(),
                e: vec![1, 0, 1],
            },
        }
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::P256(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PSS_SHA256, &random, message, &mut signature)
                    .unwrap();
                signature
            }
        }
    }

    /// Makes a good proof except for `claim`, signed by `signed_by`.
    fn proof(&self, signed_by: &Self, claim: (&str, Value)) -> String {
        let header = json!({
            "typ": "dpop+jwt",
            "alg": self.public().proof_algorithm(),
            "jwk": serde_json::from_str::<Value>(&self.public().to_json()).unwrap(),
        });
        let mut claims = json!({
            "jti": "e1j3V_bKic8-LAEB",
            "htm": "GET",
            "htu": "https://api.example.com/notes",
            "iat": NOW.0,
            "ath": crypto::ath(TOKEN).to_base64url(),
        });
        claims[claim.0] = claim.1;
        let encode = |value: Value| base64url::encode(value.to_string().as_bytes());
        let input = format!("{}.{}", encode(header), encode(claims));
        let signature = base64url::encode(&signed_by.sign(input.as_bytes()));
        format!("{input}.{signature}")
    }
}

/// Returns the outcome and the number of verified signatures. `bound_to`: the key of the token, if
/// there is one.
fn outcome(proof: &str, bound_to: Option<&Key>) -> (Result<(), &'static str>, usize) {
    let uri = TargetUri::parse("https://api.example.com/notes").unwrap();
    let token =
        bound_to.map(|key| BoundToken::new(crypto::ath(TOKEN), crypto::thumbprint(&key.public())));
    let expected = Expected::new("GET", &uri, token, NonceCheck::NotRequired);
    let verifier = Verifier::default();
    let field = DpopField::parse(&[proof.as_bytes()]).unwrap();
    let verify = || verifier.verify(field, &expected, NOW);
    let (verified, count) = verifications(verify);
    (verified.map(|_| ()).map_err(|error| error.name()), count)
}

fn good() -> (&'static str, Value) {
    ("htm", "GET".into())
}

#[test]
fn v6_v14_a_proof_by_another_key_than_the_tokens_costs_no_verification() {
    let (ours, thief, other) = (Key::p256(), Key::p256(), Key::p256());
    let rsa = Key::Rsa(RsaKeyPair::generate(KeySize::Rsa4096).unwrap());
    let ed25519 = Key::Ed25519(Ed25519KeyPair::generate().unwrap());
    let bound = Some(&ours);
    assert_eq!(outcome(&ours.proof(&ours, good()), bound), (Ok(()), 1));
    for key in [&thief, &rsa, &ed25519] {
        let proof = key.proof(key, good());
        assert_eq!(outcome(&proof, bound), (Err("KeyMismatch"), 0));
        // Without a token to compare with, it costs one.
        assert_eq!(outcome(&proof, None), (Ok(()), 1));
    }
    // A forged proof costs the same as another's.
    let forged = thief.proof(&other, good());
    assert_eq!(outcome(&forged, bound), (Err("KeyMismatch"), 0));
    // A proof that names the token's key has to be verified.
    let forged = ours.proof(&thief, good());
    assert_eq!(outcome(&forged, bound), (Err("Signature"), 1));
    assert_eq!(outcome(&forged, None), (Err("Signature"), 1));
}

#[test]
fn v14_the_key_is_the_last_reason_for_which_a_proof_is_refused_and_the_first_that_spares_work() {
    let (ours, thief) = (Key::p256(), Key::p256());
    for (claim, reason) in [
        (("htm", json!("PUT")), "HtmMismatch"),
        (("htu", json!("https://api.example.com/")), "HtuMismatch"),
        (("iat", json!(NOW.0 - 61)), "IatTooOld"),
        (("exp", json!(NOW.0)), "Expired"),
        (("ath", json!("AA")), "AthMismatch"),
        (("ath", json!(1)), "ClaimType"),
    ] {
        let proof = thief.proof(&thief, claim.clone());
        assert_eq!(outcome(&proof, Some(&ours)), (Err(reason), 0));
        let proof = ours.proof(&ours, claim);
        assert_eq!(outcome(&proof, Some(&ours)), (Err(reason), 1));
    }
}

/// Faults of a signature that show without a verification come before the foreign key.
#[test]
fn v6_of_a_foreign_key_or_signature_all_is_said_that_shows_without_a_verification() {
    let ours = Key::p256();
    let off_curve = PublicJwk::P256 {
        x: [1; 32],
        y: [1; 32],
    };
    let one = {
        let mut one = [0; 32];
        one[0] = 1;
        one
    };
    let rsa = |bytes, e: &[u8]| PublicJwk::Rsa {
        n: vec![0xff; bytes],
        e: e.to_vec(),
    };
    let p256 = Key::p256().public();
    for (alg, key, signature, error) in [
        ("ES256", &off_curve, 64, SignatureError::Invalid),
        ("ES256", &p256, 0, SignatureError::Invalid),
        ("ES256", &p256, 63, SignatureError::Invalid),
        ("ES256", &p256, 70, SignatureError::Invalid),
        (
            "EdDSA",
            &p256,
            64,
            SignatureError::KeyMismatch {
                algorithm: Algorithm::EdDsa,
            },
        ),
        (
            "EdDSA",
            &PublicJwk::Ed25519 { x: one },
            64,
            SignatureError::Ed25519Key,
        ),
        (
            "PS256",
            &rsa(128, &[1, 0, 1]),
            128,
            SignatureError::RsaModulusSize { bits: 1024 },
        ),
        ("PS256", &rsa(256, &[2]), 256, SignatureError::RsaExponent),
        (
            "PS256",
            &rsa(256, &[3]),
            256,
            SignatureError::RsaExponentCost,
        ),
        (
            "PS256",
            &rsa(513, &[1, 0, 1]),
            513,
            SignatureError::RsaModulusCost { bits: 4104 },
        ),
        ("PS256", &rsa(256, &[1, 0, 1]), 255, SignatureError::Invalid),
    ] {
        let jwk = serde_json::from_str::<Value>(&key.to_json()).unwrap();
        let encode = |text: &str| base64url::encode(text.as_bytes());
        let header = json!({ "typ": "dpop+jwt", "alg": alg, "jwk": jwk }).to_string();
        let claims = json!({ "jti": "1", "htm": "GET", "htu": "https://a/", "iat": 0 }).to_string();
        let signature = base64url::encode(&vec![0x5a; signature]);
        let proof = format!("{}.{}.{signature}", encode(&header), encode(&claims));
        let uri = TargetUri::parse("https://a/").unwrap();
        let expected = Expected::new(
            "GET",
            &uri,
            Some(BoundToken::new(
                crypto::ath(TOKEN),
                crypto::thumbprint(&ours.public()),
            )),
            NonceCheck::NotRequired,
        );
        let field = DpopField::parse(&[proof.as_bytes()]).unwrap();
        let verify = || Verifier::default().verify(field, &expected, NOW);
        let (verified, count) = verifications(verify);
        let refused = verified.err();
        assert_eq!(refused, Some(ProofError::Signature(error)), "{alg}");
        assert_eq!(count, 0, "{alg}");
    }
}
