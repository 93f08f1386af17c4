//! Finds the issuer's key that signed a token, at a bounded cost: anyone who can send a request can
//! make the server try.

use countersign::{crypto::Algorithm, jose::jws::CompactJws, jwk::PublicJwk};

use super::{AccessTokenPolicy, error::TokenError};
use crate::{keys::KeySet, signatures::Signatures};

/// The most signature checks that the token of one request may cost.
const MOST_TRIED: usize = 3;

pub(super) fn check_algorithm(
    jws: &CompactJws<'_>,
    policy: &AccessTokenPolicy,
) -> Result<Algorithm, TokenError> {
    Algorithm::from_name(jws.alg())
        .filter(|algorithm| policy.algorithms.contains(algorithm))
        .ok_or_else(|| TokenError::Algorithm {
            received: jws.alg().to_owned(),
        })
}

/// Verifies with the key that `kid` names, or with those that fit if there is no `kid`.
pub(super) async fn check_signature(
    jws: &CompactJws<'_>,
    algorithm: Algorithm,
    keys: &KeySet,
    signatures: &Signatures,
) -> Result<(), TokenError> {
    for key in fitting(jws, algorithm, keys)? {
        if verifies(jws, algorithm, key, signatures).await {
            return Ok(());
        }
    }
    Err(TokenError::Signature)
}

/// Verifies as [`check_signature`] does, with the keys that are not in `older`, whose fitting keys
/// have all been tried in vain. `None`: the request has cost as much as one may; the next one
/// begins with the rest.
pub(super) async fn check_newer_signature(
    jws: &CompactJws<'_>,
    algorithm: Algorithm,
    keys: &KeySet,
    older: &KeySet,
    signatures: &Signatures,
) -> Option<Result<(), TokenError>> {
    let fitting = match fitting(jws, algorithm, keys) {
        Ok(fitting) => fitting,
        Err(error) => return Some(Err(error)),
    };
    let tried = || older.candidates(jws.kid(), algorithm);
    let mut left = MOST_TRIED.saturating_sub(tried().count());
    for key in fitting.filter(|key| !tried().any(|old| old == *key)) {
        left = left.checked_sub(1)?;
        if verifies(jws, algorithm, key, signatures).await {
            return Some(Ok(()));
        }
    }
    Some(Err(TokenError::Signature))
}

/// Selects the keys that may have signed a token: at least one, and not too many.
fn fitting<'a>(
    jws: &'a CompactJws<'_>,
    algorithm: Algorithm,
    keys: &'a KeySet,
) -> Result<impl Iterator<Item = &'a PublicJwk>, TokenError> {
    let kid = jws.kid();
    match keys.candidates(kid, algorithm).take(MOST_TRIED + 1).count() {
        0 => Err(TokenError::UnknownKey {
            kid: kid.map(str::to_owned),
        }),
        count if count > MOST_TRIED => Err(TokenError::AmbiguousKey {
            kid: kid.map(str::to_owned),
            most: MOST_TRIED,
        }),
        _ => Ok(keys.candidates(kid, algorithm)),
    }
}

async fn verifies(
    jws: &CompactJws<'_>,
    algorithm: Algorithm,
    key: &PublicJwk,
    signatures: &Signatures,
) -> bool {
    let (input, signature) = (jws.signing_input(), jws.signature());
    signatures.verify(algorithm, key, input, signature).await
}
