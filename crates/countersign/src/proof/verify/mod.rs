//! Checking a proof (RFC 9449, section 4.3): one sequence of checks, in the RFC's order, that
//! decides and explains.
//!
//! A [`Verifier`] takes the time as a parameter and returns everything that a decision needs as a
//! [`VerifiedProof`], which nothing of an [`UntrustedProof`] can replace. It never touches the
//! replay store: the caller inserts [`VerifiedProof::replay_entry`] after every other check of the
//! request has passed, so that a refused request uses up no proof.
//!
//! A proof covers the method, the URI without its query, and the token; not the query, the body or
//! any other header (11.7).
//!
//! ```
//! use countersign::{UnixSeconds, proof::*, target::TargetUri};
//!
//! // RFC 9449, figure 2.
//! let proof = b"eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";
//!
//! let verifier = Verifier::new(VerifierPolicy::default());
//! let uri = TargetUri::parse("https://server.example.com/token").expect("a URI");
//! let field = DpopField::parse(&[proof])?; // all `DPoP` fields of the request
//! let mut expected = Expected::new("POST", &uri, None, NonceCheck::NotRequired);
//! let now = UnixSeconds(1_562_262_620);
//!
//! let verified = verifier.verify(field, &expected, now)?;
//! assert_eq!(verified.thumbprint().to_base64url(), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
//!
//! expected.method = "GET";
//! let error = verifier.verify(field, &expected, now).unwrap_err();
//! assert_eq!((error.name(), error.code()), ("HtmMismatch", "invalid_dpop_proof"));
//! # Ok::<(), ProofError>(())
//! ```

mod header;
mod nonce;
mod order;
mod request;
mod signature;
mod time;
mod token;

use alloc::{string::String, vec::Vec};

use serde_json::{Map, Value};

pub use self::order::ProofCheck;
use self::{
    header::{check_algorithm, check_type},
    nonce::check_nonce,
    request::{check_method, check_uri},
    signature::{KeyIs, check_key_is_public, key_object, signature_check},
    time::check_time,
    token::{check_binding, check_token_hash},
};
use super::{
    claims::Claims,
    error::ProofError,
    expected::{Expected, ExpectedParts},
    field::DpopField,
    policy::VerifierPolicy,
    untrusted::UntrustedProof,
};
use crate::{
    UnixSeconds,
    crypto::{self, Algorithm, BackEnd, CheckSignatures, SignatureError},
    digest::Thumbprint,
    jwk::{PublicJwk, read::read_public_members},
    replay::ReplayEntry,
    sink::{CheckOutcome, Decide, Explain, Sink},
};

/// Checks proofs by one policy. It has no state, so share it.
#[derive(Clone, Debug, Default)]
pub struct Verifier {
    policy: VerifierPolicy,
}

impl Verifier {
    /// Creates a verifier with `policy`.
    #[must_use]
    pub const fn new(policy: VerifierPolicy) -> Self {
        Self { policy }
    }

    /// Returns the policy.
    #[must_use]
    pub const fn policy(&self) -> &VerifierPolicy {
        &self.policy
    }

    /// Decides whether the proof of a request is valid.
    ///
    /// This verifies one signature at most, and none if the proof is not by the key of
    /// [`Expected::token`].
    ///
    /// # Errors
    /// The first check that fails, in the order of [`ProofCheck::ALL`];
    /// [`ProofError::HeaderMissing`] if there is no `field`. A proof by another key than the
    /// token's is refused for that ([`ProofError::KeyMismatch`]), if only a verification could tell
    /// that its signature is wrong too.
    pub fn verify(
        &self,
        field: Option<DpopField<'_>>,
        expected: &Expected<'_>,
        now: UnixSeconds,
    ) -> Result<VerifiedProof, ProofError> {
        let (mut sink, parts) = (Decide, expected.parts());
        let run = self.run(&mut sink, Ok(field), &parts, now, &BackEnd);
        // The back end does not wait.
        let waits = Err(ProofError::Signature(SignatureError::Invalid));
        let Ok(proof) = crypto::now(run).unwrap_or(waits)?;
        Ok(proof)
    }

    /// Explains a proof to a person: the checks after the first failure are made too, as far as
    /// possible. Use only [`verify`](Self::verify) for a decision.
    ///
    /// The first failure is the error of `verify`, with one exception: `verify` does not verify the
    /// signature of a proof by another key than the token's. [`ProofCheck::Binding`] is left out if
    /// there is no token.
    #[must_use]
    pub fn explain(
        &self,
        field: Option<DpopField<'_>>,
        expected: &Expected<'_>,
        now: UnixSeconds,
    ) -> Vec<CheckOutcome<ProofCheck, ProofError>> {
        let mut sink = Explain::new();
        let parts = expected.parts();
        let _made = crypto::now(self.run(&mut sink, Ok(field), &parts, now, &BackEnd));
        sink.into_outcomes()
    }

    /// Runs the checks of section 4.3, also within the sequence of another crate, whose failed
    /// checks may leave `field` and parts of `expected` missing. It waits for `signatures` alone.
    ///
    /// # Errors
    /// As the sink says: with [`Decide`], the first check that fails.
    #[doc(hidden)]
    pub async fn run<S: Sink<ProofCheck, ProofError>>(
        &self,
        sink: &mut S,
        field: Result<Option<DpopField<'_>>, S::Missing>,
        expected: &ExpectedParts<'_, S::Missing>,
        now: UnixSeconds,
        signatures: &impl CheckSignatures,
    ) -> Result<Result<VerifiedProof, S::Missing>, S::Stop> {
        let policy = &self.policy;
        let field = field.map(|field| field.ok_or(ProofError::HeaderMissing));
        let field = sink.find(ProofCheck::Header, field)?;
        let untrusted =
            field.map(|field| UntrustedProof::parse(field.value(), policy.max_proof_bytes));
        let untrusted = sink.find(ProofCheck::Syntax, untrusted)?;
        let proof = untrusted.as_ref().map_err(|missing| *missing);

        let claims = proof.map(|proof| Claims::read(proof.claims(), policy.max_jti_bytes));
        let claims = sink.find(ProofCheck::Claims, claims)?;
        let claims = claims.as_ref().map_err(|missing| *missing);
        sink.check(ProofCheck::Type, proof.map(check_type))?;
        let algorithm = proof.map(|proof| check_algorithm(proof, policy));
        let algorithm = sink.find(ProofCheck::Algorithm, algorithm)?;

        let jwk = sink.part(ProofCheck::Signature, proof.map(key_object))?;
        let key = jwk.map(|jwk| read_public_members(jwk).map_err(ProofError::Key));
        let key = sink.part(ProofCheck::Signature, key)?;
        let thumbprint = key.as_ref().map(crypto::thumbprint);
        let thumbprint = thumbprint.map_err(|missing| *missing);
        // The last check is made first, since it decides whether the signature is worth verifying.
        let binding = expected.token.map(|(_, bound_to)| {
            let (bound_to, by) = (bound_to?, thumbprint?);
            Ok(check_binding(by, bound_to))
        });
        let key_is = match &binding {
            Some(Ok(Err(_))) if S::DECIDES => KeyIs::Foreign,
            _ => KeyIs::Expected,
        };
        let remaining = || {
            let key = key.as_ref().map_err(|missing| *missing)?;
            Ok(signature_check(proof?, algorithm?, key, key_is, policy))
        };
        let signature = match remaining() {
            Ok(Ok(check)) => Ok(check
                .outcome(signatures.passes(&check).await)
                .map_err(ProofError::Signature)),
            Ok(Err(error)) => Ok(Err(error)),
            Err(missing) => Err(missing),
        };
        sink.check(ProofCheck::Signature, signature)?;
        sink.check(ProofCheck::PublicKey, jwk.map(check_key_is_public))?;

        let method = claims.map(|claims| check_method(claims, expected.method));
        sink.check(ProofCheck::Method, method)?;
        let uri = expected.uri.and_then(|uri| Ok(check_uri(claims?, uri)));
        sink.check(ProofCheck::Uri, uri)?;
        let nonce = claims.map(|claims| check_nonce(claims, expected.nonce, now));
        let nonce = sink.find(ProofCheck::Nonce, nonce)?.unwrap_or_default();
        let time = claims.map(|claims| check_time(claims, nonce, policy, now));
        let until = sink.find(ProofCheck::Time, time)?;
        let ath = expected.token.map(|(ath, _)| ath);
        let hash = claims.map(|claims| check_token_hash(claims, ath));
        sink.check(ProofCheck::TokenHash, hash)?;
        if let Some(binding) = binding {
            sink.check(ProofCheck::Binding, binding)?;
        }

        let iat = claims.map(|claims| claims.iat.floor());
        let verified = || {
            sink.passed()?;
            Ok(VerifiedProof {
                algorithm: algorithm?,
                thumbprint: thumbprint?,
                key: key?,
                iat: iat?,
                until: until?,
                renews_nonce: nonce.renews,
                claims: untrusted?.jws.into_claims(),
            })
        };
        Ok(verified())
    }
}

/// A proof that passed every check of section 4.3 for one request. Only a [`Verifier`] creates one.
#[derive(Clone, Debug)]
pub struct VerifiedProof {
    algorithm: Algorithm,
    thumbprint: Thumbprint,
    key: PublicJwk,
    iat: UnixSeconds,
    until: UnixSeconds,
    renews_nonce: bool,
    claims: Map<String, Value>,
}

impl VerifiedProof {
    /// Returns the thumbprint of the key that signed.
    #[must_use]
    pub const fn thumbprint(&self) -> Thumbprint {
        self.thumbprint
    }

    /// Returns the key that signed.
    #[must_use]
    pub const fn key(&self) -> &PublicJwk {
        &self.key
    }

    /// Returns the algorithm of the signature.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Returns `iat`, rounded down to whole seconds.
    #[must_use]
    pub const fn issued_at(&self) -> UnixSeconds {
        self.iat
    }

    /// Returns `jti`.
    #[must_use]
    pub fn jti(&self) -> &str {
        self.claims
            .get("jti")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// Returns all claims, also those that no check looks at.
    #[must_use]
    pub const fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// Tells whether the proof's nonce is about to expire: then send a new one with this response
    /// (8.2).
    #[must_use]
    pub const fn renews_nonce(&self) -> bool {
        self.renews_nonce
    }

    /// Returns what the replay store must remember: key and `jti`, until the proof can no longer be
    /// accepted.
    #[must_use]
    pub fn replay_entry(&self) -> ReplayEntry<'_> {
        ReplayEntry::new(&self.thumbprint, self.jti(), self.until)
    }
}

#[cfg(test)]
mod tests;
