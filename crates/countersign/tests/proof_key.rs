//! Key and signature of a proof: RFC 9449 section 4.3, checks 6 and 7 (V6 and V7 of the checklist).
#![cfg(feature = "verify")]
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::LazyLock;

use aws_lc_rs::{
    rsa::KeySize,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, RSA_PSS_SHA256, RsaKeyPair},
};
use common::{Draft, NOW, Signer, assert_refused, sign_text, verify, verify_by};
use countersign::{
    crypto::SignatureError,
    jose::base64url,
    jwk::{JwkError, PRIVATE_MEMBERS, PublicJwk},
    proof::{ProofError, VerifierPolicy},
};
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn v6_signature_is_by_the_key_over_header_and_claims() {
    let (signer, other) = (Signer::p256(), Signer::p256());
    let invalid = || ProofError::Signature(SignatureError::Invalid);
    let draft = Draft::new(&signer);
    assert_refused(&draft.sign(&other), invalid());
    assert_refused(&draft.sign(&Signer::Fixed(Vec::new())), invalid());
    assert_refused(&draft.sign(&Signer::Fixed(vec![0; 64])), invalid());
    let proof = draft.sign(&signer);
    let changed = Draft::new(&signer).claim("htm", "PUT").sign(&signer);
    let parts = |proof: &str| proof.split('.').map(str::to_owned).collect::<Vec<_>>();
    let (good, bad) = (parts(&proof), parts(&changed));
    assert_refused(&[&*good[0], &bad[1], &good[2]].join("."), invalid());
}

#[test]
fn v6_der_signatures_are_refused() {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    let signer = Signer::Ec(pair);
    let proof = Draft::new(&signer).sign(&signer);
    assert_refused(&proof, ProofError::Signature(SignatureError::Invalid));
}

#[test]
fn v6_points_off_the_curve_are_refused() {
    let signer = Signer::p256();
    let mut draft = Draft::new(&signer);
    let PublicJwk::P256 { x, mut y } = signer.public() else {
        unreachable!()
    };
    y[31] ^= 1;
    draft.header["jwk"]["y"] = base64url::encode(&y).into();
    assert_refused(
        &draft.sign(&signer),
        ProofError::Signature(SignatureError::Invalid),
    );
    draft.header["jwk"]["y"] = base64url::encode(&x[..31]).into();
    let member = JwkError::Member {
        name: "y",
        expected: "32 bytes",
    };
    assert_refused(&draft.sign(&signer), ProofError::Key(member));
}

#[test]
fn v6_low_order_ed25519_keys_are_refused() {
    let p_minus = |n: u8| {
        let mut y = [0xff; 32];
        (y[0], y[31]) = (0xed - n, 0x7f);
        y
    };
    let mut one = [0; 32];
    one[0] = 1;
    let mut one_with_sign = one;
    one_with_sign[31] = 0x80;
    let mut p_plus_one = p_minus(0);
    p_plus_one[0] += 1;
    // R is the identity and S is 0: for these keys that verifies over many messages, for the first
    // over all.
    let signature = [&one[..], &[0; 32]].concat();
    let signer = Signer::Fixed(signature);
    let order_8 = *b"\x26\xe8\x95\x8f\xc2\xb2\x27\xb0\x45\xc3\xf4\x89\xf2\xef\x98\xf0\
        \xd5\xdf\xac\x05\xd3\xc6\x33\x39\xb1\x38\x02\x88\x6d\x53\xfc\x05";
    for key in [
        one,
        one_with_sign,
        [0; 32],
        p_minus(0),
        p_minus(1),
        p_plus_one,
        [0xff; 32],
        order_8,
    ] {
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": base64url::encode(&key) });
        let proof = Draft::new(&signer)
            .header("alg", "EdDSA")
            .header("jwk", jwk)
            .sign(&signer);
        assert_refused(&proof, ProofError::Signature(SignatureError::Ed25519Key));
    }
}

#[test]
fn v6_rsa_keys_have_at_least_2048_bits_and_a_sound_exponent() {
    let signer = Signer::Fixed(vec![1; 128]);
    let proof = |bytes: usize, first: u8, e: &[u8]| {
        let mut n = vec![0xff; bytes];
        n[0] = first;
        let jwk = json!({ "kty": "RSA", "n": base64url::encode(&n), "e": base64url::encode(e) });
        Draft::new(&signer)
            .header("alg", "RS256")
            .header("jwk", jwk)
            .sign(&signer)
    };
    for (bytes, first, bits) in [(128, 0xff, 1024), (256, 0x7f, 2047), (1025, 1, 8193)] {
        let error = SignatureError::RsaModulusSize { bits };
        assert_refused(
            &proof(bytes, first, &[1, 0, 1]),
            ProofError::Signature(error),
        );
    }
    for e in [&[1][..], &[2], &[1, 0, 0], &[1, 0, 0, 0, 1]] {
        assert_refused(
            &proof(256, 0xff, e),
            ProofError::Signature(SignatureError::RsaExponent),
        );
    }
}

#[test]
fn v6_rsa_keys_that_are_costly_to_verify_with_are_refused_unless_the_policy_takes_them() {
    let signer = Signer::Fixed(vec![1; 128]);
    let wide = || VerifierPolicy::default().with_costly_rsa_keys();
    for policy in [VerifierPolicy::default, VerifierPolicy::fapi2] {
        for (bytes, first, e, error) in [
            (512, 0xff, &[1, 0, 1][..], None),
            (
                513,
                1,
                &[1, 0, 1],
                Some(SignatureError::RsaModulusCost { bits: 4097 }),
            ),
            (
                1024,
                0xff,
                &[1, 0, 1],
                Some(SignatureError::RsaModulusCost { bits: 8192 }),
            ),
            (256, 0xff, &[3], Some(SignatureError::RsaExponentCost)),
            (
                256,
                0xff,
                &[0xff, 0xff, 0xff, 0xff],
                Some(SignatureError::RsaExponentCost),
            ),
            (256, 0xff, &[1, 0, 3], Some(SignatureError::RsaExponentCost)),
        ] {
            let mut n = vec![0xff; bytes];
            n[0] = first;
            let jwk =
                json!({ "kty": "RSA", "n": base64url::encode(&n), "e": base64url::encode(e) });
            let proof = Draft::new(&signer)
                .header("alg", "PS256")
                .header("jwk", jwk)
                .sign(&signer);
            // What is not refused for its key has a signature that is none.
            let invalid = ProofError::Signature(SignatureError::Invalid);
            let error = error.map_or(invalid.clone(), ProofError::Signature);
            assert_eq!(verify_by(policy(), &proof, NOW).err(), Some(error));
            assert_eq!(verify_by(wide(), &proof, NOW).err(), Some(invalid));
        }
    }
}

#[test]
fn v6_rsa_keys_of_4096_bits_are_taken() {
    let pair = RsaKeyPair::generate(KeySize::Rsa4096).unwrap();
    let signer = Signer::Rsa(pair, &RSA_PSS_SHA256);
    assert!(verify(&Draft::new(&signer).sign(&signer)).is_ok());
}

#[test]
fn v6_rsa_padding_schemes_are_not_interchangeable() {
    for (signer, other) in [(Signer::rs256(), "PS256"), (Signer::ps256(), "RS256")] {
        let wrong = Draft::new(&signer).header("alg", other).sign(&signer);
        assert_refused(&wrong, ProofError::Signature(SignatureError::Invalid));
        let right = if other == "PS256" { "RS256" } else { "PS256" };
        assert!(verify(&Draft::new(&signer).header("alg", right).sign(&signer)).is_ok());
    }
}

#[test]
fn v7_jwk_holds_no_private_member() {
    let signer = Signer::p256();
    for name in PRIVATE_MEMBERS {
        for value in [json!("AA"), Value::Null] {
            let mut draft = Draft::new(&signer);
            draft.header["jwk"][name] = value;
            assert_refused(
                &draft.sign(&signer),
                ProofError::Key(JwkError::PrivateMember { name }),
            );
        }
    }
    let mut harmless = Draft::new(&signer);
    harmless.header["jwk"]["kid"] = "1".into();
    harmless.header["jwk"]["key_ops"] = json!(["verify"]);
    assert_eq!(
        verify(&harmless.sign(&signer)).unwrap().thumbprint(),
        signer.thumbprint()
    );
}

#[test]
fn v6_the_key_is_in_the_header() {
    let signer = Signer::p256();
    for draft in [
        Draft::new(&signer).without_header("jwk"),
        Draft::new(&signer).header("jwk", "key"),
        Draft::new(&signer).header("jwk", json!([])),
    ] {
        assert_refused(&draft.sign(&signer), ProofError::KeyMissing);
    }
    let symmetric = Draft::new(&signer)
        .header("jwk", json!({ "kty": "oct" }))
        .sign(&signer);
    assert_refused(
        &symmetric,
        ProofError::Key(JwkError::UnsupportedType {
            received: "oct".into(),
        }),
    );
}

proptest! {
    #[test]
    fn v6_no_changed_character_is_accepted(at in 0..10_000_usize, character in "[A-Za-z0-9_.=, -]") {
        static PROOF: LazyLock<String> = LazyLock::new(|| {
            let signer = Signer::p256();
            Draft::new(&signer).sign(&signer)
        });
        let at = at % PROOF.len();
        let changed = [&PROOF[..at], &character, &PROOF[at + 1..]].concat();
        prop_assert!(changed == *PROOF || verify(&changed).is_err());
    }

    #[test]
    fn verify_never_panics(header: String, claims: String, any: String) {
        let signer = Signer::Fixed(vec![1; 64]);
        prop_assert!(verify(&sign_text(&header, &claims, &signer)).is_err());
        prop_assert!(verify(&any).is_err());
    }

    #[test]
    fn verify_never_panics_on_any_value(
        name in "typ|alg|jwk|jti|htm|htu|iat|ath|nonce|exp|nbf",
        value in r#"null|true|-?[0-9]{1,20}(\.[0-9]{1,3})?(e[0-9]{1,3})?|"[ -!#-\[\]-~]{0,9}"|\[\]|\{"kty":"(EC|OKP|RSA|oct)","crv":"(P-256|Ed25519)","x":"[A-Za-z0-9_-]{0,44}"\}"#,
    ) {
        let signer = Signer::Fixed(vec![1; 64]);
        let draft = Draft::new(&signer);
        let member = format!("{{\"{name}\":{value}}}");
        let Ok(Value::Object(member)) = serde_json::from_str(&member) else { return Ok(()) };
        let (mut header, mut claims) = (draft.header, draft.claims);
        header.as_object_mut().unwrap().extend(member.clone());
        claims.as_object_mut().unwrap().extend(member);
        prop_assert!(verify(&sign_text(&header.to_string(), &claims.to_string(), &signer)).is_err());
    }
}
