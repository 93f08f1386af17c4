//! Checking a proof (RFC 9449, section 4.3): one function for each check, in the RFC's order, run by a [`Verifier`].
//!
//! It takes the time and gives back everything that a decision needs, as a [`VerifiedProof`]: no value of an
//! [`UntrustedProof`] can stand in for one. It never touches the replay store: the caller inserts
//! [`VerifiedProof::replay_entry`] after every other check of the request has passed, so that a refused request burns
//! nothing.
//!
//! A proof covers the method, the URI without its query, and the token; not the query, the body or any other header
//! (11.7).
//!
//! ```
//! use countersign::{UnixSeconds, proof::*, target::TargetUri};
//!
//! // RFC 9449, figure 2.
//! let proof = b"eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";
//!
//! let verifier = Verifier::new(VerifierPolicy::default());
//! let uri = TargetUri::parse("https://server.example.com/token").expect("a URI");
//! let mut expected = Expected { method: "POST", uri: &uri, token: None, nonce: NonceCheck::NotRequired };
//! let now = UnixSeconds(1_562_262_620);
//!
//! let verified = verifier.verify(&[proof], &expected, now)?;
//! assert_eq!(verified.thumbprint().to_base64url(), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
//!
//! expected.method = "GET";
//! let error = verifier.verify(&[proof], &expected, now).unwrap_err();
//! assert_eq!((error.name(), error.code()), ("HtmMismatch", "invalid_dpop_proof"));
//! # Ok::<(), ProofError>(())
//! ```

use alloc::string::String;

use serde_json::{Map, Value};

use super::{
    checks::{
        KeyIs, check_algorithm, check_binding, check_header_count, check_key_is_public,
        check_method, check_nonce, check_signature, check_time, check_token_hash, check_type,
        check_uri, key_object, only_header,
    },
    claims::Claims,
    error::ProofError,
    expected::Expected,
    policy::VerifierPolicy,
    untrusted::UntrustedProof,
};
use crate::{
    UnixSeconds,
    crypto::{self, Algorithm},
    digest::Thumbprint,
    jwk::{PublicJwk, read::read_public_members},
    replay::ReplayEntry,
};

/// Checks proofs against one policy. Holds no state; share it.
#[derive(Clone, Debug, Default)]
pub struct Verifier {
    policy: VerifierPolicy,
}

impl Verifier {
    /// With this policy.
    #[must_use]
    pub const fn new(policy: VerifierPolicy) -> Self {
        Self { policy }
    }

    /// Its policy.
    #[must_use]
    pub const fn policy(&self) -> &VerifierPolicy {
        &self.policy
    }

    /// The check that can be made before anything else is known of a request (4.3, 1): there is not more than one proof.
    /// [`verify`](Self::verify) makes it too. `dpop_headers` are the values of all its `DPoP` header fields.
    ///
    /// # Errors
    /// [`ProofError::HeaderRepeated`] and [`ProofError::HeaderList`].
    pub fn check_header_count(dpop_headers: &[&[u8]]) -> Result<(), ProofError> {
        check_header_count(dpop_headers)
    }

    /// Checks the proof of one request. `dpop_headers` are the values of all its `DPoP` header fields.
    ///
    /// It verifies one signature at most, and none where the proof is not by the key of [`Expected::token`].
    ///
    /// # Errors
    /// The first check that fails, in the order of section 4.3. A proof by another key than the token's is refused for that
    /// ([`ProofError::KeyMismatch`]) where only a verification could tell that its signature is wrong too.
    pub fn verify(
        &self,
        dpop_headers: &[&[u8]],
        expected: &Expected<'_>,
        now: UnixSeconds,
    ) -> Result<VerifiedProof, ProofError> {
        let policy = &self.policy;
        let header = only_header(dpop_headers)?;
        let proof = UntrustedProof::parse(header, policy.max_proof_bytes)?;
        let claims = Claims::read(proof.claims(), policy.max_jti_bytes)?;
        check_type(&proof)?;
        let algorithm = check_algorithm(&proof, policy)?;
        let jwk = key_object(&proof)?;
        let key = read_public_members(jwk).map_err(ProofError::Key)?;
        // The last check, made first, since it decides whether the signature is worth its price.
        let thumbprint = crypto::thumbprint(&key);
        let binding = match &expected.token {
            Some(token) => check_binding(thumbprint, token.thumbprint),
            None => Ok(()),
        };
        let key_is = match binding {
            Ok(()) => KeyIs::Expected,
            Err(_) => KeyIs::Foreign,
        };
        check_signature(&proof, algorithm, &key, key_is, policy)?;
        check_key_is_public(jwk)?;
        check_method(&claims, expected.method)?;
        check_uri(&claims, expected.uri)?;
        let nonce = check_nonce(&claims, expected.nonce, now)?;
        let until = check_time(&claims, nonce, policy, now)?;
        if let Some(token) = &expected.token {
            check_token_hash(&claims, token.ath)?;
        } else {
            claims.token_hash()?;
        }
        binding?;
        let iat = claims.iat.floor();
        Ok(VerifiedProof {
            algorithm,
            thumbprint,
            key,
            iat,
            until,
            renews_nonce: nonce.renews,
            claims: proof.jws.into_claims(),
        })
    }
}

/// A proof that passed every check of section 4.3 for one request. Only [`Verifier::verify`] makes one.
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
    /// The key that signed.
    #[must_use]
    pub const fn thumbprint(&self) -> Thumbprint {
        self.thumbprint
    }

    /// The key that signed, itself.
    #[must_use]
    pub const fn key(&self) -> &PublicJwk {
        &self.key
    }

    /// The algorithm it signed with.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// When it says it was made.
    #[must_use]
    pub const fn issued_at(&self) -> UnixSeconds {
        self.iat
    }

    /// `jti`.
    #[must_use]
    pub fn jti(&self) -> &str {
        self.claims
            .get("jti")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// All claims, also those that no check looks at.
    #[must_use]
    pub const fn claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// Whether the proof's nonce is good and nearing its end: send a new one with this response (8.2).
    #[must_use]
    pub const fn renews_nonce(&self) -> bool {
        self.renews_nonce
    }

    /// What the replay store remembers: this key and `jti`, until this proof could no longer be accepted.
    #[must_use]
    pub fn replay_entry(&self) -> ReplayEntry<'_> {
        ReplayEntry::new(&self.thumbprint, self.jti(), self.until)
    }
}

#[cfg(test)]
mod tests;
