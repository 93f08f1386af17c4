//! Checks against the request (4.3, 8 and 9): `htm` and `htu`.

use alloc::borrow::ToOwned;

use crate::{
    proof::{claims::Claims, error::ProofError},
    target::TargetUri,
};

/// Checks `htm` (4.3, 8). Methods are case-sensitive (RFC 9110, 9.1).
pub(super) fn check_method(claims: &Claims<'_>, expected: &str) -> Result<(), ProofError> {
    if claims.htm == expected {
        return Ok(());
    }
    Err(ProofError::HtmMismatch {
        expected: expected.to_owned(),
        received: claims.htm.to_owned(),
    })
}

/// Checks `htu` (4.3, 9). Only the proof's URI is normalised: by the request's, as it was sent, a
/// handler has already been chosen.
pub(super) fn check_uri(claims: &Claims<'_>, expected: &TargetUri) -> Result<(), ProofError> {
    let encoding = expected.check_encoding();
    encoding.map_err(|error| ProofError::RequestUri { error })?;
    if claims.htu == expected.htu() {
        return Ok(());
    }
    let received = || claims.htu.to_owned();
    match TargetUri::parse(claims.htu) {
        Ok(htu) if htu == *expected => Ok(()),
        Ok(_) => Err(ProofError::HtuMismatch {
            expected: expected.htu().to_owned(),
            received: received(),
        }),
        Err(error) => Err(ProofError::HtuMalformed {
            received: received(),
            error,
        }),
    }
}
