//! Checks against the access token (4.3, 12): `ath`, and the key that the token is bound to.

use alloc::borrow::ToOwned;

use crate::{
    digest::{Ath, Thumbprint},
    proof::{claims::Claims, error::ProofError},
};

/// Checks `ath` (4.3, 12, first half). Without a token, it must be absent or of the right type.
pub(super) fn check_token_hash(
    claims: &Claims<'_>,
    expected: Option<Ath>,
) -> Result<(), ProofError> {
    let ath = claims.token_hash()?;
    let Some(expected) = expected else {
        return Ok(());
    };
    let ath = ath.ok_or(ProofError::AthMissing)?;
    if Ath::parse(ath) == Some(expected) {
        return Ok(());
    }
    Err(ProofError::AthMismatch {
        expected,
        received: ath.to_owned(),
    })
}

/// Checks that the proof is by the token's key (4.3, 12, second half).
pub(super) fn check_binding(received: Thumbprint, expected: Thumbprint) -> Result<(), ProofError> {
    if received == expected {
        return Ok(());
    }
    Err(ProofError::KeyMismatch { expected, received })
}
