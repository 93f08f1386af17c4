//! The authorization server's side: RFC 9449, sections 5, 6 and 10 (T2 to T5 and C1 to C3 of the
//! checklist).
#![cfg(feature = "verify")]
#![allow(clippy::unwrap_used)]

mod common;

use core::time::Duration;

use common::{Draft, NOW, Signer};
use countersign::{
    authorization_server::{
        Binding, BindingError, Bound, ClientPolicy, Grant, ProofEndpoint, dpop_jkt, pushed_key,
    },
    digest::Thumbprint,
    nonce::NonceIssuer,
    proof::{DpopField, NonceCheck, ProofError, VerifiedProof, Verifier},
    target::TargetUri,
};
use serde_json::{Map, Value, json};

const PUBLIC: ClientPolicy = ClientPolicy::public();
const CONFIDENTIAL: ClientPolicy = ClientPolicy::confidential();

fn draft(signer: &Signer) -> Draft {
    Draft::new(signer)
        .claim("htm", "POST")
        .claim("htu", "https://as.example.com/token")
}

fn check_with(
    nonce: NonceCheck<'_>,
    headers: &[&str],
) -> Result<Option<VerifiedProof>, ProofError> {
    let verifier = Verifier::default();
    let uri = TargetUri::parse("https://as.example.com/token").unwrap();
    let endpoint = ProofEndpoint::new(&verifier, &uri, nonce);
    let headers: Vec<&[u8]> = headers.iter().map(|header| header.as_bytes()).collect();
    endpoint.check(DpopField::parse(&headers)?, NOW)
}

fn check(headers: &[&str]) -> Result<Option<VerifiedProof>, ProofError> {
    check_with(NonceCheck::NotRequired, headers)
}

fn proof(signer: &Signer) -> VerifiedProof {
    check(&[&draft(signer).sign(signer)]).unwrap().unwrap()
}

#[test]
fn t2_a_token_request_is_held_against_post_and_the_endpoint() {
    let signer = Signer::p256();
    assert!(check(&[]).unwrap().is_none());
    assert_eq!(proof(&signer).thumbprint(), signer.thumbprint());
    let name = |draft: Draft| check(&[&draft.sign(&signer)]).unwrap_err().name();
    assert_eq!(name(draft(&signer).claim("htm", "GET")), "HtmMismatch");
    let elsewhere = "https://as.example.com/par";
    assert_eq!(name(draft(&signer).claim("htu", elsewhere)), "HtuMismatch");
    let good = draft(&signer).sign(&signer);
    let error = check(&[&good, &good]).unwrap_err();
    assert_eq!(error, ProofError::HeaderRepeated { received: 2 });
    assert_eq!(error.code(), "invalid_dpop_proof");
}

#[test]
fn n1_a_token_request_needs_the_servers_nonce() {
    let signer = Signer::p256();
    let issuer = NonceIssuer::new(&[7; 32], Duration::from_secs(60));
    let required = NonceCheck::Required(&issuer);
    let error = check_with(required, &[&draft(&signer).sign(&signer)]).unwrap_err();
    assert_eq!(
        (&error, error.code()),
        (&ProofError::NonceMissing, "use_dpop_nonce")
    );
    let draft = draft(&signer).claim("nonce", issuer.issue(NOW));
    assert!(
        check_with(required, &[&draft.sign(&signer)])
            .unwrap()
            .is_some()
    );
}

#[test]
fn c2_a_code_is_good_with_the_key_of_dpop_jkt_only() {
    let (signer, thief) = (Signer::p256(), Signer::p256());
    let expected = signer.thumbprint();
    let code = Grant::Code {
        dpop_jkt: Some(expected),
    };
    let what = Bound::Code;
    for client in [PUBLIC, CONFIDENTIAL] {
        let binding = Binding::of(code, client, Some(&proof(&signer))).unwrap();
        assert_eq!(binding.access_token(), Some(expected));
        let missing = BindingError::ProofMissing { what };
        assert_eq!(Binding::of(code, client, None), Err(missing));
        let mismatch = BindingError::KeyMismatch {
            what,
            expected,
            received: thief.thumbprint(),
        };
        assert_eq!(
            Binding::of(code, client, Some(&proof(&thief))),
            Err(mismatch)
        );
        assert_eq!(
            (missing.code(), mismatch.code()),
            ("invalid_dpop_proof", "invalid_dpop_proof")
        );
    }
}

#[test]
fn s8_a_code_without_dpop_jkt_takes_the_key_of_its_token_request() {
    let signer = Signer::ed25519();
    let code = Grant::Code { dpop_jkt: None };
    for grant in [code, Grant::Unbound] {
        let binding = Binding::of(grant, PUBLIC, Some(&proof(&signer))).unwrap();
        assert_eq!(binding.access_token(), Some(signer.thumbprint()));
        assert_eq!(Binding::of(grant, PUBLIC, None), Ok(Binding::BEARER));
    }
}

#[test]
fn t4_a_public_clients_refresh_token_is_good_with_its_key_only() {
    let (signer, thief) = (Signer::p256(), Signer::p256());
    let code = Grant::Code { dpop_jkt: None };
    let first = Binding::of(code, PUBLIC, Some(&proof(&signer))).unwrap();
    let refresh = Grant::RefreshToken {
        key: first.refresh_token(),
    };
    assert_eq!(first.refresh_token(), Some(signer.thumbprint()));
    assert_eq!(
        Binding::of(refresh, PUBLIC, Some(&proof(&signer))),
        Ok(first)
    );
    let what = Bound::RefreshToken;
    assert_eq!(
        Binding::of(refresh, PUBLIC, None),
        Err(BindingError::ProofMissing { what })
    );
    assert_eq!(
        Binding::of(refresh, PUBLIC, Some(&proof(&thief))),
        Err(BindingError::KeyMismatch {
            what,
            expected: signer.thumbprint(),
            received: thief.thumbprint(),
        })
    );
}

#[test]
fn t4_a_confidential_clients_refresh_token_is_bound_to_its_credentials() {
    let (signer, next) = (Signer::p256(), Signer::p256());
    let code = Grant::Code { dpop_jkt: None };
    let first = Binding::of(code, CONFIDENTIAL, Some(&proof(&signer))).unwrap();
    assert_eq!(first.access_token(), Some(signer.thumbprint()));
    assert_eq!(first.refresh_token(), None);
    let refresh = Grant::RefreshToken {
        key: first.refresh_token(),
    };
    let renewed = Binding::of(refresh, CONFIDENTIAL, Some(&proof(&next))).unwrap();
    assert_eq!(renewed.access_token(), Some(next.thumbprint()));
}

#[test]
fn t6_a_client_registered_for_bound_tokens_gets_no_other() {
    let signer = Signer::p256();
    let client = CONFIDENTIAL.with_bound_tokens_required(true);
    for grant in [
        Grant::Code { dpop_jkt: None },
        Grant::RefreshToken { key: None },
        Grant::Unbound,
    ] {
        let error = Binding::of(grant, client, None).unwrap_err();
        assert_eq!(error, BindingError::ProofRequired, "{grant:?}");
        assert_eq!(error.code(), "invalid_dpop_proof");
        assert!(Binding::of(grant, client, Some(&proof(&signer))).is_ok());
    }
}

#[test]
fn t5_a_bound_tokens_key_is_in_its_claims_and_in_introspection() {
    let signer = Signer::p256();
    let binding = Binding::of(Grant::Unbound, PUBLIC, Some(&proof(&signer))).unwrap();
    let jkt = signer.thumbprint().to_base64url();
    assert_eq!(binding.token_type(), "DPoP");
    let (mut claims, mut response) = (Map::new(), Map::new());
    binding.add_to_claims(&mut claims);
    assert_eq!(Value::Object(claims), json!({ "cnf": { "jkt": jkt } }));
    binding.add_to_introspection(&mut response);
    assert_eq!(
        Value::Object(response),
        json!({ "cnf": { "jkt": jkt }, "token_type": "DPoP" })
    );

    let (mut claims, mut response) = (Map::new(), Map::new());
    assert_eq!(Binding::BEARER.token_type(), "Bearer");
    Binding::BEARER.add_to_claims(&mut claims);
    assert!(claims.is_empty());
    Binding::BEARER.add_to_introspection(&mut response);
    assert_eq!(Value::Object(response), json!({ "token_type": "Bearer" }));
}

#[test]
fn c1_dpop_jkt_is_a_sha256_thumbprint() {
    let jkt = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
    assert_eq!(dpop_jkt(None), Ok(None));
    assert_eq!(dpop_jkt(Some(jkt)), Ok(Thumbprint::parse(jkt)));
    for text in ["", "AA", &format!("{jkt}="), &jkt.replace('-', "+")] {
        let error = dpop_jkt(Some(text)).unwrap_err();
        assert_eq!(error, BindingError::JktMalformed, "{text}");
        assert_eq!(error.code(), "invalid_request");
    }
}

#[test]
fn c3_the_key_of_a_pushed_request_is_that_of_dpop_jkt_or_proof_and_both_agree() {
    let (signer, other) = (Signer::p256(), Signer::p256());
    let (key, proof) = (Some(signer.thumbprint()), proof(&signer));
    assert_eq!(pushed_key(None, None), Ok(None));
    assert_eq!(pushed_key(key, None), Ok(key));
    assert_eq!(pushed_key(None, Some(&proof)), Ok(key));
    assert_eq!(pushed_key(key, Some(&proof)), Ok(key));
    let error = pushed_key(Some(other.thumbprint()), Some(&proof)).unwrap_err();
    let expected = BindingError::JktMismatch {
        expected: other.thumbprint(),
        received: signer.thumbprint(),
    };
    assert_eq!((error, error.code()), (expected, "invalid_dpop_proof"));
}
