//! Keys that sign natively (feature `sign`).
#![cfg(feature = "sign")]
#![allow(clippy::unwrap_used)]

use countersign::{
    UnixSeconds,
    crypto::{Algorithm, verify},
    jose::{base64url, json::parse_object},
    jwk::PublicJwk,
    proof::{DpopField, Expected, NonceCheck, ProofClaims, Verifier, VerifierPolicy},
    signing::{SigningError, SigningKey},
    target::TargetUri,
};

const NOW: UnixSeconds = UnixSeconds(1_767_225_600);
const ALGORITHMS: [(Algorithm, usize); 3] = [
    (Algorithm::Es256, 32),
    (Algorithm::Es384, 48),
    (Algorithm::EdDsa, 32),
];

fn key(json: &str) -> Result<SigningKey, SigningError> {
    SigningKey::from_jwk(&parse_object(json.as_bytes()).unwrap())
}

#[test]
fn p1_what_is_signed_verifies() {
    for (algorithm, length) in ALGORITHMS {
        let key = SigningKey::from_secret(algorithm, &vec![7; length]).unwrap();
        let signature = key.sign(b"message").unwrap();
        assert_eq!(signature.len(), 2 * length);
        assert_eq!(key.algorithm(), algorithm);
        assert_eq!(
            verify(algorithm, key.public(), b"message", &signature),
            Ok(())
        );
        assert!(verify(algorithm, key.public(), b"massage", &signature).is_err());
    }
}

#[test]
fn p1_a_proof_is_accepted_by_the_verifier() {
    let uri = TargetUri::parse("https://api.example.com/notes?page=2").unwrap();
    for (algorithm, length) in ALGORITHMS {
        let key = SigningKey::from_secret(algorithm, &vec![7; length]).unwrap();
        let claims = ProofClaims {
            jti: "-BwC3ESc6acc2lTc",
            htm: "GET",
            htu: uri.htu(),
            iat: NOW,
            ath: None,
            nonce: None,
        };
        let proof = key.prove(&claims).unwrap();
        let expected = Expected::new("GET", &uri, None, NonceCheck::NotRequired);
        let policy = VerifierPolicy::default().with_algorithms(&[algorithm]);
        let verified = Verifier::new(policy).verify(
            DpopField::parse(&[proof.as_bytes()]).unwrap(),
            &expected,
            NOW,
        );
        let verified = verified.unwrap();
        assert_eq!(verified.algorithm(), algorithm);
        assert_eq!(verified.key(), key.public());
    }
}

#[test]
fn the_public_half_is_that_of_the_rfcs() {
    // RFC 8037, A.1 and A.4.
    let ed = key(
        r#"{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
    )
    .unwrap();
    let input = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    assert_eq!(
        base64url::encode(&ed.sign(input.as_bytes()).unwrap()),
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    );
    // RFC 7515, A.3.1.
    let ec = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;
    let ec = key(ec).unwrap();
    assert_eq!(
        *ec.public(),
        PublicJwk::es256(
            "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
        )
        .unwrap()
    );
}

#[test]
fn what_is_no_key_is_refused() {
    for (algorithm, length) in ALGORITHMS {
        for wrong in [0, 1, length - 1, length + 1, 64] {
            let error = SigningKey::from_secret(algorithm, &vec![7; wrong]).err();
            assert_eq!(error, Some(SigningError::Secret), "{wrong}");
        }
    }
    for (algorithm, length) in [(Algorithm::Es256, 32), (Algorithm::Es384, 48)] {
        for byte in [0, 0xff] {
            let error = SigningKey::from_secret(algorithm, &vec![byte; length]).err();
            assert_eq!(error, Some(SigningError::Secret), "{byte}");
        }
    }
    for algorithm in [Algorithm::Es512, Algorithm::Rs256, Algorithm::Ps256] {
        let error = SigningKey::from_secret(algorithm, &[7; 66]).err();
        assert_eq!(error, Some(SigningError::Algorithm));
    }
}

#[test]
fn a_jwk_that_does_not_fit_together_is_refused() {
    let signer = SigningKey::from_secret(Algorithm::Es256, &[7; 32]).unwrap();
    let with = |d: &str| {
        signer
            .public()
            .to_json()
            .replacen('{', &format!("{{{d}"), 1)
    };
    let seven = base64url::encode(&[7; 32]);
    assert!(key(&with(&format!(r#""d":"{seven}","#))).is_ok());
    let eight = base64url::encode(&[8; 32]);
    for (d, error) in [
        (format!(r#""d":"{eight}","#), SigningError::Mismatch),
        (r#""d":"AAAA","#.to_owned(), SigningError::Secret),
        (r#""d":"!","#.to_owned(), SigningError::SecretEncoding),
        (r#""d":7,"#.to_owned(), SigningError::SecretEncoding),
        (String::new(), SigningError::SecretMissing),
    ] {
        assert_eq!(key(&with(&d)).err(), Some(error), "{d}");
    }
    assert!(matches!(key(r#"{"d":"AA"}"#), Err(SigningError::Public(_))));
    let rsa = r#"{"kty":"RSA","n":"AQAB","e":"AQAB","d":"AQAB"}"#;
    assert_eq!(key(rsa).err(), Some(SigningError::Algorithm));
}

#[test]
fn debug_output_holds_no_secret() {
    let signer = SigningKey::from_secret(Algorithm::EdDsa, &[7; 32]).unwrap();
    let text = format!("{signer:?}");
    assert!(text.starts_with("SigningKey { public: Ed25519"), "{text}");
    assert!(
        text.ends_with(", .. }") && !text.contains("7, 7, 7"),
        "{text}"
    );
}

/// A random source that gives these, one after the other, and then fails.
fn source(draws: &[u8]) -> impl FnMut(&mut [u8]) -> Result<(), &'static str> {
    let mut draws = draws.iter().copied();
    move |bytes| {
        bytes.fill(draws.next().ok_or("empty")?);
        Ok(())
    }
}

#[test]
fn a_generated_key_is_that_of_the_bytes_drawn() {
    for (algorithm, length) in [
        (Algorithm::Es256, 32),
        (Algorithm::Es384, 48),
        (Algorithm::EdDsa, 32),
    ] {
        let key = SigningKey::generate(algorithm, source(&[7])).unwrap();
        let same = SigningKey::from_secret(algorithm, &vec![7; length]).unwrap();
        assert_eq!(key.public(), same.public());
        assert_eq!(key.algorithm(), algorithm);
    }
}

#[test]
fn what_is_no_key_is_drawn_again_and_not_for_ever() {
    // Zero, and more than the curve's order.
    let key = SigningKey::generate(Algorithm::Es256, source(&[0, 255, 7])).unwrap();
    let same = SigningKey::from_secret(Algorithm::Es256, &[7; 32]).unwrap();
    assert_eq!(key.public(), same.public());

    let mut calls = 0;
    let zeros = |bytes: &mut [u8]| {
        calls += 1;
        bytes.fill(0);
        Ok::<(), ()>(())
    };
    let error = SigningKey::generate(Algorithm::Es384, zeros).unwrap_err();
    assert_eq!((error, calls), (SigningError::Secret, 8));
}

#[test]
fn without_random_bytes_there_is_no_key() {
    let error = SigningKey::generate(Algorithm::Es256, source(&[])).unwrap_err();
    assert_eq!(error, SigningError::Random);
    let error = SigningKey::generate(Algorithm::Es256, source(&[0])).unwrap_err();
    assert_eq!(error, SigningError::Random);
    let error = SigningKey::generate(Algorithm::Rs256, source(&[7])).unwrap_err();
    assert_eq!(error, SigningError::Algorithm);
}
