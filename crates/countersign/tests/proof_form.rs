//! What a proof is by itself: RFC 9449 section 4.3, checks 1 to 7 (V1 to V7 of the checklist), and 11.5, 11.6.
#![cfg(feature = "aws-lc-rs")]
#![allow(clippy::unwrap_used)]

mod common;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use common::{Draft, NOW, Signer, assert_refused, sign_text, uri, verify, verify_by};
use countersign::{
    UnixSeconds, base64url,
    jwk::PublicJwk,
    proof::{ProofClaims, ProofHeader, UnsignedProof},
    server::{
        crypto::{Algorithm, SignatureError},
        jwk::{JwkError, PRIVATE_MEMBERS},
        jws::{JwsError, Part},
        verify::{Expected, NonceCheck, ProofError, Verifier, VerifierPolicy},
    },
};
use serde_json::{Value, json};

#[test]
fn p1_what_the_client_half_builds_is_accepted() {
    for signer in [
        Signer::p256(),
        Signer::p384(),
        Signer::ed25519(),
        Signer::ps256(),
    ] {
        let unsigned = UnsignedProof::new(
            &ProofHeader::new(&signer.public()),
            &ProofClaims {
                jti: "a \"quoted\" \u{e9} id",
                htm: "GET",
                htu: "https://api.example.com/notes",
                iat: NOW,
                ath: None,
                nonce: Some("n"),
            },
        );
        let signature = signer.sign(unsigned.signing_input());
        let verified = verify(&unsigned.attach(&signature)).unwrap();
        assert_eq!(verified.thumbprint(), signer.thumbprint());
        assert_eq!(verified.key(), &signer.public());
        assert_eq!(verified.jti(), "a \"quoted\" \u{e9} id");
        assert_eq!(verified.issued_at(), NOW);
        assert_eq!(verified.claims()["nonce"], "n");
        assert!(!verified.renews_nonce());
    }
}

#[test]
fn v1_there_is_exactly_one_dpop_header() {
    let signer = Signer::p256();
    let proof = Draft::new(&signer).sign(&signer);
    let uri = uri();
    let verifier = Verifier::new(VerifierPolicy::default());
    let verify = |headers: &[&[u8]]| {
        let expected = Expected {
            method: "GET",
            uri: &uri,
            token: None,
            nonce: NonceCheck::NotRequired,
        };
        verifier.verify(headers, &expected, NOW).map(|_| ())
    };
    assert_eq!(verify(&[proof.as_bytes()]), Ok(()));
    assert_eq!(verify(&[]), Err(ProofError::HeaderMissing));
    let twice = [proof.as_bytes(), proof.as_bytes()];
    assert_eq!(
        verify(&twice),
        Err(ProofError::HeaderRepeated { received: 2 })
    );
    for list in [
        format!("{proof},{proof}"),
        format!("{proof}, "),
        format!(",{proof}"),
    ] {
        assert_eq!(verify(&[list.as_bytes()]), Err(ProofError::HeaderList));
    }
}

#[test]
fn v2_a_proof_is_one_well_formed_jwt() {
    let signer = Signer::p256();
    let proof = Draft::new(&signer).sign(&signer);
    let malformed = |error| ProofError::Malformed(error);
    assert_refused("", malformed(JwsError::PartCount { received: 1 }));
    assert_refused(
        &format!("{proof}.AA"),
        malformed(JwsError::PartCount { received: 4 }),
    );
    assert_refused(
        &format!("{proof}="),
        malformed(JwsError::Base64 {
            part: Part::Signature,
        }),
    );
    assert_refused(
        &format!(" {proof}"),
        malformed(JwsError::Base64 { part: Part::Header }),
    );
    let padded = proof.replacen('.', "=.", 1);
    assert_refused(&padded, malformed(JwsError::Base64 { part: Part::Header }));
}

#[test]
fn v2_stray_bits_are_no_second_spelling_of_a_signature() {
    let signer = Signer::p256();
    let proof = Draft::new(&signer).sign(&signer);
    // 64 bytes end in a character of which only two bits count.
    let (rest, last) = proof.split_at(proof.len() - 1);
    let other = match last {
        "A" => "B",
        "Q" => "R",
        "g" => "h",
        _ => "x",
    };
    assert_refused(
        &format!("{rest}{other}"),
        ProofError::Malformed(JwsError::Base64 {
            part: Part::Signature,
        }),
    );
}

#[test]
fn v2_a_long_proof_is_refused() {
    let signer = Signer::p256();
    let proof = Draft::new(&signer)
        .claim("pad", "x".repeat(8192))
        .sign(&signer);
    assert_refused(
        &proof,
        ProofError::Malformed(JwsError::TooLong {
            limit: 8192,
            received: proof.len(),
        }),
    );
    let policy = VerifierPolicy::default().with_max_proof_bytes(proof.len());
    assert!(verify_by(policy, &proof, NOW).is_ok());
}

#[test]
fn v3_required_claims_are_present() {
    let signer = Signer::p256();
    for name in ["jti", "htm", "htu", "iat"] {
        let proof = Draft::new(&signer).without_claim(name).sign(&signer);
        assert_refused(&proof, ProofError::ClaimMissing { name });
    }
}

#[test]
fn v3_claims_are_of_the_right_type() {
    let signer = Signer::p256();
    let text = "a string that is not empty";
    let number = "a number of seconds since 1970, as a JSON number";
    for name in ["jti", "htm", "htu", "ath", "nonce"] {
        for value in [json!(1), json!(""), json!(null), json!(["a"]), json!({})] {
            let proof = Draft::new(&signer).claim(name, value).sign(&signer);
            assert_refused(
                &proof,
                ProofError::ClaimType {
                    name,
                    expected: text,
                },
            );
        }
    }
    for name in ["iat", "exp", "nbf"] {
        for value in [
            json!("1767225600"),
            json!(null),
            json!([1]),
            json!(true),
            json!(-1),
            json!(1e300),
            json!(-0.5),
        ] {
            let proof = Draft::new(&signer).claim(name, value).sign(&signer);
            assert_refused(
                &proof,
                ProofError::ClaimType {
                    name,
                    expected: number,
                },
            );
        }
    }
}

#[test]
fn v3_duplicate_members_are_refused() {
    let signer = Signer::p256();
    let draft = Draft::new(&signer);
    let (header, claims) = (draft.header.to_string(), draft.claims.to_string());
    let twice = |json: &str, member: &str| json.replacen('{', &format!("{{{member},"), 1);
    let in_claims = sign_text(&header, &twice(&claims, r#""htu":"https://a""#), &signer);
    let in_header = sign_text(&twice(&header, r#""alg":"none""#), &claims, &signer);
    let in_jwk = sign_text(
        &header.replace(r#""jwk":{"#, r#""jwk":{"kty":"EC","#),
        &claims,
        &signer,
    );
    for (proof, part) in [
        (in_claims, Part::Payload),
        (in_header, Part::Header),
        (in_jwk, Part::Header),
    ] {
        let error = verify(&proof).unwrap_err();
        assert!(
            matches!(&error, ProofError::Malformed(JwsError::Json { part: found, .. }) if *found == part),
            "{error}"
        );
    }
}

#[test]
fn v4_type_is_dpop_jwt() {
    let signer = Signer::p256();
    for typ in [
        "JWT",
        "at+jwt",
        "DPOP+JWT",
        "application/dpop+jwt",
        "dpop+jwt ",
        "",
    ] {
        let proof = Draft::new(&signer).header("typ", typ).sign(&signer);
        assert_refused(
            &proof,
            ProofError::TypeMismatch {
                received: Some(typ.into()),
            },
        );
    }
    let missing = Draft::new(&signer).without_header("typ").sign(&signer);
    assert_refused(&missing, ProofError::TypeMismatch { received: None });
    let list = Draft::new(&signer)
        .header("typ", json!(["dpop+jwt"]))
        .sign(&signer);
    assert_refused(&list, ProofError::TypeMismatch { received: None });
}

#[test]
fn s5_an_access_token_is_no_proof() {
    let signer = Signer::p256();
    let token = Draft::new(&signer)
        .header("typ", "at+jwt")
        .claim("sub", "ann")
        .claim("aud", "api")
        .sign(&signer);
    assert_refused(
        &token,
        ProofError::TypeMismatch {
            received: Some("at+jwt".into()),
        },
    );
}

#[test]
fn v5_algorithms_that_are_no_signature_by_a_private_key_are_refused() {
    let signer = Signer::p256();
    for alg in [
        "none", "None", "", "HS256", "es256", "ES256K", "RSA1_5", "ES256 ",
    ] {
        let proof = Draft::new(&signer).header("alg", alg).sign(&signer);
        let accepted = "ES256 ES384 EdDSA PS256 RS256".into();
        assert_refused(
            &proof,
            ProofError::AlgorithmNotAccepted {
                accepted,
                received: alg.into(),
            },
        );
    }
    let missing = Draft::new(&signer).without_header("alg").sign(&signer);
    assert_refused(&missing, ProofError::Malformed(JwsError::AlgorithmMissing));
}

#[test]
fn s6_the_policy_is_an_allow_list() {
    let signer = Signer::p521();
    let proof = Draft::new(&signer).sign(&signer);
    let accepted = "ES256 ES384 EdDSA PS256 RS256".into();
    assert_refused(
        &proof,
        ProofError::AlgorithmNotAccepted {
            accepted,
            received: "ES512".into(),
        },
    );
    let wider = VerifierPolicy::default().with_algorithms(&[Algorithm::Es512]);
    assert!(verify_by(wider.clone(), &proof, NOW).is_ok());
    let signer = Signer::p256();
    let proof = Draft::new(&signer).sign(&signer);
    let error = ProofError::AlgorithmNotAccepted {
        accepted: "ES512".into(),
        received: "ES256".into(),
    };
    assert_eq!(verify_by(wider, &proof, NOW).err(), Some(error));
}

#[test]
fn v5_algorithm_fits_the_key() {
    let (p256, p384, ed) = (Signer::p256(), Signer::p384(), Signer::ed25519());
    for (signer, name, algorithm) in [
        (&p256, "ES384", Algorithm::Es384),
        (&p256, "RS256", Algorithm::Rs256),
        (&p256, "EdDSA", Algorithm::EdDsa),
        (&p384, "ES256", Algorithm::Es256),
        (&ed, "ES256", Algorithm::Es256),
    ] {
        let proof = Draft::new(signer).header("alg", name).sign(signer);
        assert_refused(
            &proof,
            ProofError::Signature(SignatureError::KeyMismatch { algorithm }),
        );
    }
    let ed_by_its_other_name = Draft::new(&ed).header("alg", "Ed25519").sign(&ed);
    assert_eq!(
        verify(&ed_by_its_other_name).unwrap().algorithm(),
        Algorithm::EdDsa
    );
}

#[test]
fn v5_crit_is_refused() {
    let signer = Signer::p256();
    let proof = Draft::new(&signer)
        .header("crit", json!(["exp"]))
        .header("exp", 1)
        .sign(&signer);
    assert_refused(&proof, ProofError::Malformed(JwsError::CriticalExtension));
}

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
    // R is the identity and S is 0: for these keys that verifies over many messages, for the first over all.
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
    assert_refused(
        &proof(256, 0xff, &[3]),
        ProofError::Signature(SignatureError::Invalid),
    );
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

#[test]
fn v15_long_jti_is_refused() {
    let signer = Signer::p256();
    assert!(
        verify(
            &Draft::new(&signer)
                .claim("jti", "x".repeat(256))
                .sign(&signer)
        )
        .is_ok()
    );
    let long = Draft::new(&signer)
        .claim("jti", "x".repeat(257))
        .sign(&signer);
    assert_refused(
        &long,
        ProofError::JtiTooLong {
            limit: 256,
            received: 257,
        },
    );
}

#[test]
fn refusals_say_what_to_do_and_stay_on_one_line() {
    let signer = Signer::p256();
    let proof = Draft::new(&signer).claim("htm", "GE\nT").sign(&signer);
    assert_eq!(
        verify(&proof).unwrap_err().to_string(),
        r#"the proof's `htm` is "GE\nT" and the request's method is GET; sign for the method that is sent"#
    );
    let long = Draft::new(&signer)
        .header("alg", "A".repeat(1000))
        .sign(&signer);
    assert!(verify(&long).unwrap_err().to_string().len() < 400);
    let error = ProofError::IatTooOld {
        iat: UnixSeconds(1),
        now: UnixSeconds(100),
        max_age: 60,
    };
    assert_eq!(
        error.to_string(),
        "the proof was made at 1, 99 s before the server's 100, and at most 60 s are accepted; \
         check the client's clock, and sign each request anew"
    );
}
