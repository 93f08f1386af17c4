//! Security considerations: RFC 9449, section 11 (S2 and S7 of the checklist). Those that are a
//! check of their own are tested where that check is.
#![cfg(feature = "verify")]
#![allow(clippy::unwrap_used)]

mod common;

use core::time::Duration;

use common::{Draft, NOW, Signer, TOKEN, field, uri};
use countersign::{
    crypto,
    nonce::NonceIssuer,
    proof::{BoundToken, Expected, NonceCheck, Verifier},
    target::TargetUri,
};

/// Someone has the client's key for a moment and signs for later (11.2).
#[test]
fn s2_a_proof_that_was_made_in_advance_is_refused() {
    let signer = Signer::p256();
    let verifier = Verifier::default();
    let uri = uri();
    let nonces = NonceIssuer::new(&[7; 32], Duration::from_secs(300));
    let hour = 3600;
    let error = |draft: Draft, nonce, at: i64| {
        let expected = Expected::new("GET", &uri, None, nonce);
        let proof = draft.sign(&signer);
        let verified = verifier.verify(field(&proof), &expected, NOW.plus(at));
        verified.err().map(|error| error.name())
    };
    let dated = |at: i64| Draft::new(&signer).claim("iat", NOW.0 + at);
    // The window keeps what is dated as it was made from being used later, and what is dated ahead
    // from being used now.
    let none = NonceCheck::NotRequired;
    assert_eq!(error(dated(0), none, hour), Some("IatTooOld"));
    assert_eq!(error(dated(hour), none, 0), Some("IatInFuture"));
    // Dated for the right moment it passes, unless a nonce is asked for, which nobody knows in
    // advance.
    assert_eq!(error(dated(hour), none, hour), None);
    let required = NonceCheck::Required(&nonces);
    assert_eq!(error(dated(hour), required, hour), Some("NonceMissing"));
    let of_today = dated(hour).claim("nonce", nonces.issue(NOW));
    assert_eq!(error(of_today, required, hour), Some("NonceExpired"));
    let of_then = dated(hour).claim("nonce", nonces.issue(NOW.plus(hour)));
    assert_eq!(error(of_then, required, hour), None);
}

/// What the documentation warns of (11.7): the same proof, and another query. Body and other
/// headers don't even reach the verifier.
#[test]
fn s7_a_proof_covers_method_path_and_token_and_no_query() {
    let signer = Signer::p256();
    let ath = crypto::ath(TOKEN);
    let draft = Draft::new(&signer).claim("ath", ath.to_base64url());
    let proof = draft.sign(&signer);
    let is_accepted = |method: &str, uri: &str, token: &str| {
        let uri = TargetUri::parse(uri).unwrap();
        let expected = Expected::new(
            method,
            &uri,
            Some(BoundToken::new(crypto::ath(token), signer.thumbprint())),
            NonceCheck::NotRequired,
        );
        let verified = Verifier::default().verify(field(&proof), &expected, NOW);
        verified.is_ok()
    };
    let notes = "https://api.example.com/notes";
    for uri in [notes, &format!("{notes}?delete=all"), &format!("{notes}#a")] {
        assert!(is_accepted("GET", uri, TOKEN), "{uri}");
    }
    assert!(!is_accepted("DELETE", notes, TOKEN));
    assert!(!is_accepted("GET", &format!("{notes}/1"), TOKEN));
    assert!(!is_accepted("GET", notes, "another"));
}
