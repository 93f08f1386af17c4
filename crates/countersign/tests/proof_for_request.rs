//! A proof against one request: RFC 9449 section 4.3, checks 8 to 12 (V8 to V14 of the checklist).
#![cfg(feature = "verify")]
#![allow(clippy::unwrap_used)]

mod common;

use core::time::Duration;

use common::{Draft, NOW, Signer, TOKEN, assert_refused, field, uri, verify, verify_by};
use countersign::{
    UnixSeconds, crypto,
    nonce::NonceIssuer,
    proof::{
        BoundToken, Expected, NonceCheck, ProofError, VerifiedProof, Verifier, VerifierPolicy,
    },
    target::{TargetUri, TargetUriError},
};
use serde_json::json;

#[test]
fn v8_method_case_matters() {
    let signer = Signer::p256();
    for htm in ["get", "Get", "POST", "GET ", "GETT"] {
        let proof = Draft::new(&signer).claim("htm", htm).sign(&signer);
        assert_refused(
            &proof,
            ProofError::HtmMismatch {
                expected: "GET".into(),
                received: htm.into(),
            },
        );
    }
}

#[test]
fn v9_uri_is_the_requests() {
    let signer = Signer::p256();
    for htu in [
        "https://api.example.com/note",
        "https://api.example.com/notes/",
        "https://api.example.com/Notes",
        "http://api.example.com/notes",
        "https://api.example.com:444/notes",
        "https://example.com/notes",
        "https://api.example.com/",
    ] {
        let proof = Draft::new(&signer).claim("htu", htu).sign(&signer);
        let error = ProofError::HtuMismatch {
            expected: "https://api.example.com/notes".into(),
            received: htu.into(),
        };
        assert_refused(&proof, error);
    }
}

#[test]
fn v9_query_and_fragment_are_ignored_on_both_sides() {
    let signer = Signer::p256();
    let proof = Draft::new(&signer)
        .claim("htu", "https://api.example.com/notes?page=1#top")
        .sign(&signer);
    let uri = TargetUri::parse("https://api.example.com/notes?page=2").unwrap();
    let expected = Expected::new("GET", &uri, None, NonceCheck::NotRequired);
    assert!(
        Verifier::default()
            .verify(field(&proof), &expected, NOW)
            .is_ok()
    );
}

#[test]
fn v10_equivalent_uris_are_equal() {
    let signer = Signer::p256();
    for htu in [
        "HTTPS://API.example.COM/notes",
        "https://api.example.com:443/notes",
        "https://api.example.com/%6eotes",
        "https://api.example.com/a/../notes",
        "https://api.example.com/./%2E/notes",
    ] {
        assert!(
            verify(&Draft::new(&signer).claim("htu", htu).sign(&signer)).is_ok(),
            "{htu}"
        );
    }
}

#[test]
fn v10_what_is_no_uri_is_not_repaired() {
    let signer = Signer::p256();
    for (htu, error) in [
        ("/notes", TargetUriError::Scheme),
        ("https:\\\\api.example.com\\notes", TargetUriError::Scheme),
        (" https://api.example.com/notes", TargetUriError::Character),
        ("https://api.example.com/no\ttes", TargetUriError::Character),
        (
            "https://ann@api.example.com/notes",
            TargetUriError::UserInfo,
        ),
    ] {
        let proof = Draft::new(&signer).claim("htu", htu).sign(&signer);
        assert_refused(
            &proof,
            ProofError::HtuMalformed {
                received: htu.into(),
                error,
            },
        );
    }
}

fn verify_with_nonce(issuer: &NonceIssuer, proof: &str) -> Result<VerifiedProof, ProofError> {
    let uri = uri();
    let expected = Expected::new("GET", &uri, None, NonceCheck::Required(issuer));
    Verifier::default().verify(field(proof), &expected, NOW)
}

#[test]
fn v11_a_required_nonce_is_present_ours_and_recent() {
    let signer = Signer::p256();
    let issuer = NonceIssuer::new(&[1; 32], Duration::from_secs(100));
    let other = NonceIssuer::new(&[2; 32], Duration::from_secs(100));
    let check = |nonce: &str| {
        verify_with_nonce(
            &issuer,
            &Draft::new(&signer).claim("nonce", nonce).sign(&signer),
        )
    };

    assert!(!check(&issuer.issue(NOW.plus(-50))).unwrap().renews_nonce());
    assert!(check(&issuer.issue(NOW.plus(-51))).unwrap().renews_nonce());
    assert_eq!(
        check(&issuer.issue(NOW.plus(-101))).err(),
        Some(ProofError::NonceExpired)
    );
    let foreign = other.issue(NOW);
    assert_eq!(
        check(&foreign).err(),
        Some(ProofError::NonceMismatch { received: foreign })
    );
    let error = verify_with_nonce(&issuer, &Draft::new(&signer).sign(&signer)).unwrap_err();
    assert_eq!(error, ProofError::NonceMissing);
    assert_eq!(error.code(), "use_dpop_nonce");
}

#[test]
fn n8_a_required_nonce_of_another_type_asks_for_a_good_one() {
    let signer = Signer::p256();
    let issuer = NonceIssuer::new(&[1; 32], Duration::from_secs(100));
    for nonce in [json!(1), json!(null), json!(""), json!([issuer.issue(NOW)])] {
        let proof = Draft::new(&signer)
            .claim("nonce", nonce.clone())
            .sign(&signer);
        let error = verify_with_nonce(&issuer, &proof).unwrap_err();
        assert_eq!(
            (error.name(), error.code()),
            ("NonceMismatch", "use_dpop_nonce")
        );
        // Where none is required it is a claim like any other.
        let error = verify(&proof).unwrap_err();
        assert_eq!(
            (error.name(), error.code()),
            ("ClaimType", "invalid_dpop_proof")
        );
    }
}

#[test]
fn s3_a_server_with_nonces_accepts_no_proof_without_one() {
    let signer = Signer::p256();
    let issuer = NonceIssuer::new(&[1; 32], Duration::from_secs(100));
    for iat in [NOW.0, NOW.0 + 5, NOW.0 - 60] {
        let proof = Draft::new(&signer).claim("iat", iat).sign(&signer);
        assert_eq!(
            verify_with_nonce(&issuer, &proof).err(),
            Some(ProofError::NonceMissing)
        );
    }
}

#[test]
fn v12_the_window_reaches_from_60_seconds_ago_to_5_ahead_inclusive() {
    let signer = Signer::p256();
    let check = |iat: serde_json::Value| {
        let checked = verify(&Draft::new(&signer).claim("iat", iat).sign(&signer));
        checked
            .map(|verified| verified.issued_at())
            .map_err(|error| error.name())
    };
    let now = NOW.0;
    assert_eq!(check(json!(now - 60)), Ok(UnixSeconds(now - 60)));
    assert_eq!(check(json!(now - 61)), Err("IatTooOld"));
    assert_eq!(check(json!(now + 5)), Ok(UnixSeconds(now + 5)));
    assert_eq!(check(json!(now + 6)), Err("IatInFuture"));
    assert_eq!(check(json!(0)), Err("IatTooOld"));
    // A fraction is allowed (RFC 7519, 2), and counts against the proof.
    assert_eq!(check(json!(now as f64 + 0.5)), Ok(NOW));
    assert_eq!(check(json!(now as f64 - 60.5)), Err("IatTooOld"));
    assert_eq!(check(json!(now as f64 + 5.5)), Err("IatInFuture"));
}

#[test]
fn v12_the_window_is_the_policys() {
    let signer = Signer::p256();
    let policy = VerifierPolicy::default()
        .with_max_age(Duration::from_secs(10))
        .with_leeway(Duration::ZERO);
    let check = |iat: i64| {
        let proof = Draft::new(&signer).claim("iat", iat).sign(&signer);
        verify_by(policy.clone(), &proof, NOW)
            .map(|_| ())
            .map_err(|error| error.name())
    };
    assert_eq!(check(NOW.0 - 10), Ok(()));
    assert_eq!(check(NOW.0 - 11), Err("IatTooOld"));
    assert_eq!(check(NOW.0), Ok(()));
    assert_eq!(check(NOW.0 + 1), Err("IatInFuture"));
}

#[test]
fn v12_own_exp_and_nbf_hold() {
    let signer = Signer::p256();
    let check = |name: &str, at: i64| {
        let proof = Draft::new(&signer).claim(name, at).sign(&signer);
        verify(&proof).map(|_| ()).map_err(|error| error.name())
    };
    assert_eq!(check("exp", NOW.0 + 1), Ok(()));
    assert_eq!(check("exp", NOW.0), Err("Expired"));
    assert_eq!(check("exp", NOW.0 - 1), Err("Expired"));
    assert_eq!(check("nbf", NOW.0 + 5), Ok(()));
    assert_eq!(check("nbf", NOW.0 + 6), Err("NotYetValid"));
}

fn verify_with_token(token: BoundToken, proof: &str) -> Result<VerifiedProof, ProofError> {
    let uri = uri();
    let expected = Expected::new("GET", &uri, Some(token), NonceCheck::NotRequired);
    Verifier::default().verify(field(proof), &expected, NOW)
}

/// The proof's URI is normalised, the request's has chosen a handler already.
#[test]
fn v9_a_request_that_encodes_needlessly_is_refused_whatever_its_proof_names() {
    let signer = Signer::p256();
    let verify = |sent: &str, htu: &str| {
        let uri = TargetUri::parse(sent).unwrap();
        let expected = Expected::new("GET", &uri, None, NonceCheck::NotRequired);
        let proof = Draft::new(&signer).claim("htu", htu).sign(&signer);
        let verified = Verifier::default().verify(field(&proof), &expected, NOW);
        verified.err()
    };
    let (me, encoded) = (
        "https://api.example.com/users/me",
        "https://api.example.com/users/%6de",
    );
    let error = ProofError::RequestUri {
        error: TargetUriError::NeedlessEncoding,
    };
    for htu in [me, encoded] {
        assert_eq!(verify(encoded, htu), Some(error.clone()));
        assert_eq!(verify(me, htu), None);
    }
    assert_eq!(
        error.to_string(),
        "the request's URI can't be compared with a proof's `htu`: its path percent-encodes a letter, a digit, `-`, `.` \
         or `_`, which must be sent as they are"
    );
}

#[test]
fn p6_ath_is_the_hash_of_the_tokens_text() {
    // RFC 9449, figures 12 and 13.
    assert_eq!(
        crypto::ath(TOKEN).to_base64url(),
        "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"
    );
}

#[test]
fn v13_ath_is_the_hash_of_the_token_that_came() {
    let signer = Signer::p256();
    let token = BoundToken::new(crypto::ath(TOKEN), signer.thumbprint());
    let with_ath = |ath: &str| Draft::new(&signer).claim("ath", ath).sign(&signer);
    let right = token.ath.to_base64url();
    assert!(verify_with_token(token, &with_ath(&right)).is_ok());

    let without = Draft::new(&signer).sign(&signer);
    assert_eq!(
        verify_with_token(token, &without).err(),
        Some(ProofError::AthMissing)
    );
    let other = crypto::ath("another token").to_base64url();
    for ath in [
        &*other,
        TOKEN,
        &right[..42],
        &format!("{right}="),
        &right.to_lowercase(),
    ] {
        let error = ProofError::AthMismatch {
            expected: token.ath,
            received: ath.into(),
        };
        assert_eq!(verify_with_token(token, &with_ath(ath)).err(), Some(error));
    }
}

#[test]
fn v14_the_token_is_bound_to_the_key_that_signed() {
    let (owner, thief) = (Signer::p256(), Signer::p256());
    let token = BoundToken::new(crypto::ath(TOKEN), owner.thumbprint());
    let by = |signer: &Signer| {
        Draft::new(signer)
            .claim("ath", token.ath.to_base64url())
            .sign(signer)
    };
    assert_eq!(
        verify_with_token(token, &by(&owner)).unwrap().thumbprint(),
        owner.thumbprint()
    );
    let error = verify_with_token(token, &by(&thief)).unwrap_err();
    assert_eq!(
        error,
        ProofError::KeyMismatch {
            expected: owner.thumbprint(),
            received: thief.thumbprint()
        }
    );
    assert_eq!(error.code(), "invalid_dpop_proof");
}

#[test]
fn checks_run_in_the_order_of_section_4_3() {
    let signer = Signer::p256();
    // Everything wrong at once; each step repairs what was complained about.
    let mut draft = Draft::new(&signer)
        .without_claim("jti")
        .header("typ", "JWT")
        .header("alg", "none")
        .claim("htm", "PUT")
        .claim("htu", "https://elsewhere.example/")
        .claim("iat", 1);
    draft.header["jwk"]["d"] = "AA".into();
    let issuer = NonceIssuer::new(&[1; 32], Duration::from_secs(100));
    let token = BoundToken::new(crypto::ath(TOKEN), Signer::p256().thumbprint());
    let uri = uri();
    let expected = |token| Expected::new("GET", &uri, Some(token), NonceCheck::Required(&issuer));
    let thief = Signer::p256();
    let name = |draft: &Draft, signer: &Signer| {
        let proof = draft.sign(signer);
        let verified = Verifier::default().verify(field(&proof), &expected(token), NOW);
        verified.unwrap_err().name()
    };

    assert_eq!(name(&draft, &thief), "ClaimMissing");
    draft = draft.claim("jti", "1");
    assert_eq!(name(&draft, &thief), "TypeMismatch");
    draft = draft.header("typ", "dpop+jwt");
    assert_eq!(name(&draft, &thief), "AlgorithmNotAccepted");
    draft = draft.header("alg", "ES256");
    // The signature, of a proof by the token's key. Of one by another key it is not verified, since
    // that can't be accepted; whoever asks for every check is told of it all the same.
    let forged = draft.sign(&thief);
    let bound = BoundToken::new(token.ath, signer.thumbprint());
    let verified = Verifier::default().verify(field(&forged), &expected(bound), NOW);
    assert_eq!(verified.unwrap_err().name(), "Signature");
    for token in [token, bound] {
        let explained = Verifier::default().explain(field(&forged), &expected(token), NOW);
        let first = explained.into_iter().find_map(|one| one.outcome?.err());
        assert_eq!(first.unwrap().name(), "Signature");
    }
    assert_eq!(name(&draft, &thief), "Key");
    assert_eq!(name(&draft, &signer), "Key");
    draft.header["jwk"].as_object_mut().unwrap().remove("d");
    assert_eq!(name(&draft, &signer), "HtmMismatch");
    draft = draft.claim("htm", "GET");
    assert_eq!(name(&draft, &signer), "HtuMismatch");
    draft = draft.claim("htu", uri.htu());
    assert_eq!(name(&draft, &signer), "NonceMissing");
    draft = draft.claim("nonce", issuer.issue(NOW));
    assert_eq!(name(&draft, &signer), "IatTooOld");
    draft = draft.claim("iat", NOW.0);
    assert_eq!(name(&draft, &signer), "AthMissing");
    draft = draft.claim("ath", token.ath.to_base64url());
    assert_eq!(name(&draft, &signer), "KeyMismatch");
}

#[test]
fn fapi2_accepts_clocks_ten_seconds_ahead_and_three_algorithms() {
    let policy = VerifierPolicy::fapi2();
    assert_eq!(policy.algs(), "PS256 ES256 EdDSA");
    let signer = Signer::p256();
    let check = |ahead: i64| {
        let proof = Draft::new(&signer)
            .claim("iat", NOW.0 + ahead)
            .sign(&signer);
        let error = verify_by(policy.clone(), &proof, NOW).err();
        error.map(|error| error.name())
    };
    for (ahead, error) in [
        (10, None),
        (11, Some("IatInFuture")),
        (61, Some("IatInFuture")),
        (-60, None),
        (-61, Some("IatTooOld")),
    ] {
        assert_eq!(check(ahead), error, "{ahead}");
    }
    let signer = Signer::p384();
    let proof = Draft::new(&signer).header("alg", "ES384").sign(&signer);
    let error = verify_by(policy, &proof, NOW).unwrap_err();
    assert_eq!(error.name(), "AlgorithmNotAccepted");
}
