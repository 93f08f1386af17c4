//! Which of the issuer's keys has signed a token, at a bounded cost: whoever can send a request can
//! make us try.

use countersign::{
    crypto::{self, Algorithm},
    jose::jws::CompactJws,
    jwk::PublicJwk,
};

use super::{AccessTokenPolicy, error::TokenError};
use crate::keys::KeySet;

/// Signature checks that one request may cost on behalf of its token.
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

/// By the key that `kid` names, or one of those that fit where there is no `kid`.
pub(super) fn check_signature(
    jws: &CompactJws<'_>,
    algorithm: Algorithm,
    keys: &KeySet,
) -> Result<(), TokenError> {
    let mut fitting = fitting(jws, algorithm, keys)?;
    match fitting.any(|key| verifies(jws, algorithm, key)) {
        true => Ok(()),
        false => Err(TokenError::Signature),
    }
}

/// As [`check_signature`], after all fitting keys of `older` have been tried in vain: only others
/// are. `None`: they would be more than a request may cost; the next one begins with them.
pub(super) fn check_newer_signature(
    jws: &CompactJws<'_>,
    algorithm: Algorithm,
    keys: &KeySet,
    older: &KeySet,
) -> Option<Result<(), TokenError>> {
    let fitting = match fitting(jws, algorithm, keys) {
        Ok(fitting) => fitting,
        Err(error) => return Some(Err(error)),
    };
    let tried = || older.candidates(jws.kid(), algorithm);
    let mut left = MOST_TRIED.saturating_sub(tried().count());
    for key in fitting.filter(|key| !tried().any(|old| old == *key)) {
        left = left.checked_sub(1)?;
        if verifies(jws, algorithm, key) {
            return Some(Ok(()));
        }
    }
    Some(Err(TokenError::Signature))
}

/// The keys that may have signed it: at least one, and not too many.
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

fn verifies(jws: &CompactJws<'_>, algorithm: Algorithm, key: &PublicJwk) -> bool {
    crypto::verify(algorithm, key, jws.signing_input(), jws.signature()).is_ok()
}
