//! The nonce's own time as the proof's (RFC 9449, 4.3, check 11, and 11.1), for clients whose clock
//! is off.
#![cfg(feature = "verify")]
#![allow(clippy::unwrap_used)]

mod common;

use core::time::Duration;
use std::{cell::RefCell, collections::HashMap};

use common::{Draft, NOW, Signer, field, uri};
use countersign::{
    UnixSeconds,
    nonce::{CheckNonce, NonceIssuer, NonceStatus},
    proof::{
        Expected, NonceCheck, ProofClock, ProofError, VerifiedProof, Verifier, VerifierPolicy,
    },
    replay::{InProcessReplayStore, ReplayError},
};

const LIFETIME: i64 = 300;
/// The default policy's.
const LEEWAY: i64 = 5;

fn issuer() -> NonceIssuer {
    NonceIssuer::new(&[1; 32], Duration::from_secs(300))
}

fn verify(
    clock: ProofClock,
    nonce: NonceCheck<'_>,
    proof: &str,
    now: UnixSeconds,
) -> Result<VerifiedProof, ProofError> {
    verify_by(
        VerifierPolicy::default().with_clock(clock),
        nonce,
        proof,
        now,
    )
}

fn verify_by(
    policy: VerifierPolicy,
    nonce: NonceCheck<'_>,
    proof: &str,
    now: UnixSeconds,
) -> Result<VerifiedProof, ProofError> {
    let uri = uri();
    let expected = Expected::new("GET", &uri, None, nonce);
    let verifier = Verifier::new(policy);
    let outcome = verifier.verify(field(proof), &expected, now);
    // The two ways through the checks agree.
    let explained = verifier.explain(field(proof), &expected, now);
    let first = explained.into_iter().find_map(|one| one.outcome?.err());
    assert_eq!(outcome.as_ref().err(), first.as_ref());
    outcome
}

/// Of a client whose clock is off by so many seconds, with the nonce of `NOW`.
fn proof(signer: &Signer, offset: i64) -> String {
    Draft::new(signer)
        .claim("iat", NOW.0 + offset)
        .claim("nonce", issuer().issue(NOW))
        .sign(signer)
}

#[test]
fn v12_with_the_nonces_time_a_clock_that_is_off_by_hours_is_served() {
    let (signer, issuer) = (Signer::p256(), issuer());
    let required = NonceCheck::Required(&issuer);
    for offset in [0, -61, 6, -86_400, 86_400] {
        let proof = proof(&signer, offset);
        for age in [0, 1, LIFETIME] {
            let verified = verify(ProofClock::Nonce, required, &proof, NOW.plus(age));
            assert!(verified.is_ok(), "{offset} {age}: {verified:?}");
        }
        let late = verify(ProofClock::Nonce, required, &proof, NOW.plus(LIFETIME + 1));
        assert_eq!(late.unwrap_err(), ProofError::NonceExpired);
    }
    // By default it is not.
    let error = verify(ProofClock::Iat, required, &proof(&signer, -61), NOW).unwrap_err();
    assert_eq!(error.name(), "IatTooOld");
}

#[test]
fn v12_where_no_nonce_tells_the_time_iat_does() {
    let signer = Signer::p256();
    let proof = proof(&signer, -61);
    let not_required = verify(ProofClock::Nonce, NonceCheck::NotRequired, &proof, NOW);
    assert_eq!(not_required.unwrap_err().name(), "IatTooOld");

    /// Knows its nonces, and not when they were made.
    struct Timeless;
    impl CheckNonce for Timeless {
        fn check(&self, _nonce: &str, _now: UnixSeconds) -> NonceStatus {
            NonceStatus::Fresh
        }
    }
    let timeless = verify(
        ProofClock::Nonce,
        NonceCheck::Required(&Timeless),
        &proof,
        NOW,
    );
    assert_eq!(timeless.unwrap_err().name(), "IatTooOld");
}

#[test]
fn v15_a_proof_is_remembered_as_long_as_its_nonce_is_accepted() {
    let (signer, issuer) = (Signer::p256(), issuer());
    let required = NonceCheck::Required(&issuer);
    // A clock that is behind must not shorten the memory, nor one ahead prolong it.
    for offset in [-86_400, 0, 86_400] {
        let proof = proof(&signer, offset);
        let store = InProcessReplayStore::new(10, &[7; 32]);
        let insert = |now: UnixSeconds| {
            let verified = verify(ProofClock::Nonce, required, &proof, now).unwrap();
            // With the leeway, as by the other clock.
            assert_eq!(verified.replay_entry().until(), NOW.plus(LIFETIME + LEEWAY));
            store.insert_now(&verified.replay_entry(), now)
        };
        assert_eq!(insert(NOW), Ok(()));
        for age in [0, 66, LIFETIME] {
            assert_eq!(
                insert(NOW.plus(age)),
                Err(ReplayError::Seen),
                "{offset} {age}"
            );
        }
    }
}

/// A store that many write: one operation that inserts if absent, and a key that is gone when its
/// last second begins, as with `SET key 1 NX EXAT until`. It is short by that second, and the end
/// has to make up for it.
#[derive(Default)]
struct GoneAtItsEnd(RefCell<HashMap<[u8; 32], UnixSeconds>>);

impl GoneAtItsEnd {
    fn accepts(&self, proof: &VerifiedProof, now: UnixSeconds) -> bool {
        let mut ends = self.0.borrow_mut();
        ends.retain(|_, end| *end > now);
        let entry = proof.replay_entry();
        ends.insert(entry.fingerprint(), entry.until()).is_none()
    }
}

#[test]
fn v15_a_store_that_forgets_an_entry_in_its_last_second_accepts_a_proof_once_by_either_clock() {
    let (signer, issuer) = (Signer::p256(), issuer());
    let required = NonceCheck::Required(&issuer);
    let proof = proof(&signer, 0);
    for clock in [ProofClock::Iat, ProofClock::Nonce] {
        for leeway in [0, 5] {
            let policy = VerifierPolicy::default()
                .with_clock(clock)
                .with_leeway(Duration::from_secs(leeway));
            // Every moment at which something begins or ends, by either clock.
            let moments = [0, 1, 59, 60, 61, 65, 66, 299, 300, 301, 305, 306];
            let live: Vec<_> = moments
                .into_iter()
                .map(|age| NOW.plus(age))
                .filter_map(|at| {
                    let verified = verify_by(policy.clone(), required, &proof, at);
                    Some((at, verified.ok()?))
                })
                .collect();
            assert!(live.len() > 3);
            for (index, (first, proof)) in live.iter().enumerate() {
                for (second, same) in &live[index..] {
                    let store = GoneAtItsEnd::default();
                    assert!(store.accepts(proof, *first));
                    assert!(
                        !store.accepts(same, *second),
                        "{clock:?} {leeway}: at {first:?} and at {second:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn v12_the_proofs_own_end_holds_by_either_clock() {
    let (signer, issuer) = (Signer::p256(), issuer());
    let proof = Draft::new(&signer)
        .claim("nonce", issuer.issue(NOW))
        .claim("exp", NOW.0)
        .sign(&signer);
    let outcome = verify(
        ProofClock::Nonce,
        NonceCheck::Required(&issuer),
        &proof,
        NOW,
    );
    assert_eq!(outcome.unwrap_err().name(), "Expired");
}
