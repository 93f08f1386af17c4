//! The check of the nonce (4.3, 10).

use alloc::{borrow::ToOwned, string::ToString};

use crate::{
    UnixSeconds,
    nonce::NonceStatus,
    proof::{claims::Claims, error::ProofError, expected::NonceCheck},
};

/// What is known after the check of the nonce.
#[derive(Clone, Copy, Default)]
pub(super) struct AcceptedNonce {
    /// Whether the client should get a new nonce.
    pub(super) renews: bool,
    /// The last moment at which the nonce is accepted, if that is known.
    pub(super) until: Option<UnixSeconds>,
}

/// Checks `nonce` (4.3, 10).
///
/// A required nonce of another JSON type counts as one that doesn't match (9), so that the client
/// gets a good one.
pub(super) fn check_nonce(
    claims: &Claims<'_>,
    check: NonceCheck<'_>,
    now: UnixSeconds,
) -> Result<AcceptedNonce, ProofError> {
    let NonceCheck::Required(judge) = check else {
        claims.unrequired_nonce()?;
        return Ok(AcceptedNonce::default());
    };
    let nonce = claims.nonce.ok_or(ProofError::NonceMissing)?;
    let Some(nonce) = nonce.as_str() else {
        return Err(ProofError::NonceMismatch {
            received: nonce.to_string(),
        });
    };
    let renews = match judge.check(nonce, now) {
        NonceStatus::Fresh => false,
        NonceStatus::AcceptAndRenew => true,
        NonceStatus::Expired => return Err(ProofError::NonceExpired),
        NonceStatus::NotOurs => {
            return Err(ProofError::NonceMismatch {
                received: nonce.to_owned(),
            });
        }
    };
    Ok(AcceptedNonce {
        renews,
        until: judge.accepted_until(nonce),
    })
}
