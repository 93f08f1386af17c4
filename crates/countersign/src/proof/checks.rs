//! The checks of section 4.3, one function each, in the RFC's order. [`Verifier`](crate::proof::Verifier) runs them.

use alloc::{
    borrow::ToOwned,
    string::{String, ToString},
};

use serde_json::{Map, Value};

use super::{
    claims::Claims,
    error::ProofError,
    expected::NonceCheck,
    policy::{ProofClock, VerifierPolicy},
    untrusted::UntrustedProof,
};
use crate::{
    NumericDate, UnixSeconds,
    crypto::{self, Algorithm},
    digest::{Ath, Thumbprint},
    jwk::{PublicJwk, read::refuse_private_members},
    nonce::NonceStatus,
    target::TargetUri,
};

/// 4.3, 4. Exact: every client writes it so, and another kind of JWT must not pass (11.5).
pub(super) fn check_type(proof: &UntrustedProof<'_>) -> Result<(), ProofError> {
    match proof.jws.typ() {
        Some("dpop+jwt") => Ok(()),
        other => Err(ProofError::TypeMismatch {
            received: other.map(ToOwned::to_owned),
        }),
    }
}

/// 4.3, 5.
pub(super) fn check_algorithm(
    proof: &UntrustedProof<'_>,
    policy: &VerifierPolicy,
) -> Result<Algorithm, ProofError> {
    let name = proof.jws.alg();
    Algorithm::from_name(name)
        .filter(|algorithm| policy.algorithms.contains(algorithm))
        .ok_or_else(|| ProofError::AlgorithmNotAccepted {
            accepted: policy.algs(),
            received: name.to_owned(),
        })
}

/// 4.3, 6: the key to check the signature with.
pub(super) fn key_object<'a>(
    proof: &'a UntrustedProof<'_>,
) -> Result<&'a Map<String, Value>, ProofError> {
    proof
        .header()
        .get("jwk")
        .and_then(Value::as_object)
        .ok_or(ProofError::KeyMissing)
}

/// Which key a proof is by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyIs {
    /// That of the token, or any, where there is no token.
    Expected,
    /// Another one than the token's.
    Foreign,
}

/// 4.3, 6.
///
/// A proof by a foreign key is refused whatever its signature is (check 12), so that is not verified: with a token that was
/// copied nobody makes the server work. All of this check that shows without a verification, and all checks in between,
/// still come before that refusal, as in the RFC. One reason differs: of a proof that is wrong twice, by a foreign key and
/// with a well-formed signature that is not even that key's, it is the key. Only the work that is saved could tell, and a
/// client gets the same code for either.
pub(super) fn check_signature(
    proof: &UntrustedProof<'_>,
    algorithm: Algorithm,
    key: &PublicJwk,
    key_is: KeyIs,
    policy: &VerifierPolicy,
) -> Result<(), ProofError> {
    let (input, signature) = (proof.jws.signing_input(), proof.jws.signature());
    let check = || {
        if !policy.takes_costly_rsa_keys {
            crypto::check_cost(algorithm, key)?;
        }
        match key_is {
            KeyIs::Expected => crypto::verify(algorithm, key, input, signature),
            KeyIs::Foreign => crypto::check_form(algorithm, key, signature),
        }
    };
    check().map_err(ProofError::Signature)
}

/// 4.3, 7.
pub(super) fn check_key_is_public(jwk: &Map<String, Value>) -> Result<(), ProofError> {
    refuse_private_members(jwk).map_err(ProofError::Key)
}

/// 4.3, 8. Methods are case-sensitive (RFC 9110, 9.1).
pub(super) fn check_method(claims: &Claims<'_>, expected: &str) -> Result<(), ProofError> {
    if claims.htm == expected {
        return Ok(());
    }
    Err(ProofError::HtmMismatch {
        expected: expected.to_owned(),
        received: claims.htm.to_owned(),
    })
}

/// 4.3, 9, after normalisation. Of the proof's that is: the request's decided already which handler runs.
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

/// What an accepted nonce, or none that was required, has told.
#[derive(Clone, Copy, Default)]
pub(super) struct AcceptedNonce {
    /// Whether the client should get a new one.
    pub(super) renews: bool,
    /// The last moment at which it is accepted, where that is known.
    until: Option<UnixSeconds>,
}

/// 4.3, 10.
///
/// One that is required and of another JSON type is one that doesn't match (9): the client gets a good one.
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

/// 4.3, 11, by the policy's clock; then the proof's own `exp` and `nbf`. Until then the replay store must remember this
/// proof.
///
/// That is the leeway beyond the last moment at which it can be accepted, and one second at least, whichever clock told
/// that moment: a store that several servers share has a clock of its own, and many drop a key as its last second begins.
pub(super) fn check_time(
    claims: &Claims<'_>,
    nonce: AcceptedNonce,
    policy: &VerifierPolicy,
    now: UnixSeconds,
) -> Result<UnixSeconds, ProofError> {
    let last = match nonce.until {
        // Not before now, whatever the judge of nonces says: the store refuses what has ended.
        Some(until) if policy.clock == ProofClock::Nonce => until.max(now),
        _ => {
            check_age(claims.iat, policy, now)?;
            claims.iat.ceiling().plus(policy.max_age_seconds)
        }
    };
    check_own_times(claims, policy, now)?;
    Ok(last.plus(policy.leeway_seconds.max(1)))
}

/// A fraction counts against the proof at both ends.
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

/// A proof needs neither `exp` nor `nbf`; where it has them they hold (RFC 7519, 4.1.4 and 4.1.5).
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

/// 4.3, 12, first half. Without a token, `ath` has the right type or is not there.
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

/// 4.3, 12, second half.
pub(super) fn check_binding(received: Thumbprint, expected: Thumbprint) -> Result<(), ProofError> {
    if received == expected {
        return Ok(());
    }
    Err(ProofError::KeyMismatch { expected, received })
}
