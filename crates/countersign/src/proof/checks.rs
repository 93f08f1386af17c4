//! The checks of section 4.3, one function each, in the RFC's order. A
//! [`Verifier`](crate::proof::Verifier) runs them.

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

/// A check of a proof (section 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProofCheck {
    /// 1: one `DPoP` header field.
    Header,
    /// 2: one well-formed JWT.
    Syntax,
    /// 3: all required claims.
    Claims,
    /// 4: `typ`.
    Type,
    /// 5: `alg`.
    Algorithm,
    /// 6: the signature, by the key in `jwk`.
    Signature,
    /// 7: no private key in `jwk`.
    PublicKey,
    /// 8: `htm`.
    Method,
    /// 9: `htu`.
    Uri,
    /// 10: `nonce`.
    Nonce,
    /// 11: `iat`, and `exp` and `nbf` where the proof has them.
    Time,
    /// 12: `ath`.
    TokenHash,
    /// 12: the key is the token's.
    Binding,
}

impl ProofCheck {
    /// All checks, in the order in which a [`Verifier`](super::Verifier) makes them.
    pub const ALL: [Self; 13] = [
        Self::Header,
        Self::Syntax,
        Self::Claims,
        Self::Type,
        Self::Algorithm,
        Self::Signature,
        Self::PublicKey,
        Self::Method,
        Self::Uri,
        Self::Nonce,
        Self::Time,
        Self::TokenHash,
        Self::Binding,
    ];

    /// Returns its number in section 4.3.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Header => 1,
            Self::Syntax => 2,
            Self::Claims => 3,
            Self::Type => 4,
            Self::Algorithm => 5,
            Self::Signature => 6,
            Self::PublicKey => 7,
            Self::Method => 8,
            Self::Uri => 9,
            Self::Nonce => 10,
            Self::Time => 11,
            Self::TokenHash | Self::Binding => 12,
        }
    }
}

/// Checks `typ` (4.3, 4), exactly: every client writes it so, and no other kind of JWT may pass
/// (11.5).
pub(super) fn check_type(proof: &UntrustedProof<'_>) -> Result<(), ProofError> {
    match proof.jws.typ() {
        Some("dpop+jwt") => Ok(()),
        other => Err(ProofError::TypeMismatch {
            received: other.map(ToOwned::to_owned),
        }),
    }
}

/// Checks `alg` (4.3, 5).
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

/// Finds the key to check the signature with (4.3, 6).
pub(super) fn key_object<'a>(
    proof: &'a UntrustedProof<'_>,
) -> Result<&'a Map<String, Value>, ProofError> {
    proof
        .header()
        .get("jwk")
        .and_then(Value::as_object)
        .ok_or(ProofError::KeyMissing)
}

/// Whose key a proof is signed with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyIs {
    /// The token's key, or any key if there is no token.
    Expected,
    /// Another key than the token's.
    Foreign,
}

/// Checks the signature (4.3, 6).
///
/// The signature of a proof by a foreign key is not verified, since such a proof is refused anyway
/// (check 12): nobody can make the server work with a copied token. What can be checked without a
/// verification, and all checks in between, still come first, as in the RFC. One reason differs: a
/// proof with two faults, a foreign key and a well-formed signature that is not even that key's, is
/// refused for the key. The client gets the same code for either.
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

/// Checks that the key has no private part (4.3, 7).
pub(super) fn check_key_is_public(jwk: &Map<String, Value>) -> Result<(), ProofError> {
    refuse_private_members(jwk).map_err(ProofError::Key)
}

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

/// What is known after the check of the nonce.
#[derive(Clone, Copy, Default)]
pub(super) struct AcceptedNonce {
    /// Whether the client should get a new nonce.
    pub(super) renews: bool,
    /// The last moment at which the nonce is accepted, if that is known.
    until: Option<UnixSeconds>,
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
