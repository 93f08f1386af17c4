//! Checks of the time (4.3, 11): `iat`, and `exp` and `nbf` where the proof has them.

use super::nonce::AcceptedNonce;
use crate::{
    NumericDate, UnixSeconds,
    proof::{
        claims::Claims,
        error::ProofError,
        policy::{ProofClock, VerifierPolicy},
    },
};

/// Checks the time of the proof by the policy's clock (4.3, 11), and its own `exp` and `nbf`.
/// Returns the moment until which the replay store must remember the proof.
///
/// That moment lies beyond the last one at which the proof can be accepted, by the leeway and at
/// least one second: a store that several servers share has a clock of its own, and many stores
/// drop a key as its last second begins.
pub(super) fn check_time(
    claims: &Claims<'_>,
    nonce: AcceptedNonce,
    policy: &VerifierPolicy,
    now: UnixSeconds,
) -> Result<UnixSeconds, ProofError> {
    let last = match nonce.until {
        // Never before now, whatever the judge of nonces says: the store refuses entries that have
        // ended.
        Some(until) if policy.clock == ProofClock::Nonce => until.max(now),
        _ => {
            check_age(claims.iat, policy, now)?;
            claims.iat.ceiling().plus(policy.max_age_seconds)
        }
    };
    check_own_times(claims, policy, now)?;
    Ok(last.plus(policy.leeway_seconds.max(1)))
}

/// Checks `iat`. A fraction counts against the proof at both ends.
fn check_age(
    iat: NumericDate,
    policy: &VerifierPolicy,
    now: UnixSeconds,
) -> Result<(), ProofError> {
    if now.since(iat.floor()) > policy.max_age_seconds {
        return Err(ProofError::IatTooOld {
            iat: iat.floor(),
            now,
            max_age: policy.max_age_seconds,
        });
    }
    if iat.ceiling().since(now) > policy.leeway_seconds {
        return Err(ProofError::IatInFuture {
            iat: iat.ceiling(),
            now,
            leeway: policy.leeway_seconds,
        });
    }
    Ok(())
}

/// Checks `exp` and `nbf`, if the proof has them (RFC 7519, 4.1.4 and 4.1.5).
fn check_own_times(
    claims: &Claims<'_>,
    policy: &VerifierPolicy,
    now: UnixSeconds,
) -> Result<(), ProofError> {
    match claims.exp {
        Some(exp) if exp.ceiling() <= now => {
            return Err(ProofError::Expired {
                exp: exp.ceiling(),
                now,
            });
        }
        _ => {}
    }
    match claims.nbf {
        Some(nbf) if nbf.ceiling().since(now) > policy.leeway_seconds => {
            Err(ProofError::NotYetValid {
                nbf: nbf.ceiling(),
                now,
            })
        }
        _ => Ok(()),
    }
}
