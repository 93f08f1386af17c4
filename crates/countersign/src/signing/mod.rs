//! Keys that sign proofs natively (feature `sign`): ES256, ES384 and EdDSA, by the back end that also verifies.
//!
//! Where a key store does the work (WebCrypto, a hardware module), use [`proof`](crate::proof) alone. The secret comes in as
//! bytes, from the caller's random source; with `aws-lc-rs` the library itself draws the number that each ECDSA signature
//! needs, with `rust-crypto` it is derived (RFC 6979).
//!
//! ```
//! use countersign::{UnixSeconds, crypto::Algorithm, proof::ProofClaims, signing::SigningKey};
//!
//! let key = SigningKey::from_secret(Algorithm::EdDsa, &[7; 32])?; // 32 random bytes
//! let proof = key.prove(&ProofClaims {
//!     jti: "-BwC3ESc6acc2lTc", // at least 96 random bits
//!     htm: "GET",
//!     htu: "https://api.example.com/notes", // without query and fragment
//!     iat: UnixSeconds(1_767_225_600),
//!     ath: None,
//!     nonce: None,
//! })?;
//! assert_eq!(proof.split('.').count(), 3);
//! assert!(SigningKey::from_secret(Algorithm::Es256, &[0; 32]).is_err()); // zero is no key: draw again
//! # Ok::<(), countersign::signing::SigningError>(())
//! ```

#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
#[cfg(not(feature = "aws-lc-rs"))]
mod rust_crypto;

use alloc::{string::String, vec::Vec};
use core::fmt;

#[cfg(feature = "json")]
use serde_json::{Map, Value};
#[cfg(feature = "json")]
use zeroize::Zeroizing;

#[cfg(feature = "aws-lc-rs")]
use self::aws_lc::Pair;
#[cfg(not(feature = "aws-lc-rs"))]
use self::rust_crypto::Pair;
use crate::{
    crypto::Algorithm,
    jwk::PublicJwk,
    proof::{ProofClaims, ProofHeader, UnsignedProof},
};
#[cfg(feature = "json")]
use crate::{
    jose::base64url,
    jwk::{JwkError, read::read_public_members},
};

/// Why there is no key, or no signature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SigningError {
    /// Keys of this algorithm, or type, do not sign here.
    #[error("keys of this algorithm do not sign here: use ES256, ES384 or EdDSA")]
    Algorithm,
    /// The secret has the wrong length, or is zero or beyond the curve's order: of random bytes, one in 2^32 at most.
    #[error("the secret is no key of this algorithm; take other random bytes")]
    Secret,
    /// The key's public members are not readable.
    #[cfg(feature = "json")]
    #[error(transparent)]
    Public(JwkError),
    /// There is no `d`.
    #[error("the key has no member `d`: give the private key")]
    SecretMissing,
    /// `d` is no text in base64url.
    #[error("the key's `d` is not base64url")]
    SecretEncoding,
    /// `d` does not belong to the public members.
    #[error("the key's `d` is not the private key of its other members")]
    Mismatch,
    /// The operating system gave the library no random bytes.
    #[error("cannot sign: the operating system gives no random bytes")]
    Random,
}

/// A private key that signs proofs. `Debug` shows its public half.
///
/// It is wiped from memory when it is dropped: by aws-lc, which clears whatever it frees, or by the crates of `rust-crypto`,
/// which zeroize. The bytes or the JWK that it was made of are the caller's to wipe.
pub struct SigningKey {
    pair: Pair,
    public: PublicJwk,
    algorithm: Algorithm,
}

impl SigningKey {
    /// Of the secret: 32 bytes for ES256 and EdDSA, 48 for ES384; drawn at random, and kept.
    ///
    /// # Errors
    /// [`SigningError::Algorithm`] and [`SigningError::Secret`].
    pub fn from_secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, SigningError> {
        let (pair, public) = match algorithm {
            Algorithm::Es256 => Pair::p256(secret),
            Algorithm::Es384 => Pair::p384(secret),
            Algorithm::EdDsa => Pair::ed25519(secret),
            _ => return Err(SigningError::Algorithm),
        }
        .ok_or(SigningError::Secret)?;
        Ok(Self {
            pair,
            public,
            algorithm,
        })
    }

    /// Of a private JSON Web Key (RFC 7518, 6.2.2; RFC 8037, 2), whose `d` has to belong to its public members.
    ///
    /// # Errors
    /// All of [`SigningError`] but `Random`; none holds a word of the secret.
    #[cfg(feature = "json")]
    pub fn from_jwk(jwk: &Map<String, Value>) -> Result<Self, SigningError> {
        let public = read_public_members(jwk).map_err(SigningError::Public)?;
        let secret = jwk.get("d").ok_or(SigningError::SecretMissing)?;
        let secret = secret.as_str().and_then(base64url::decode);
        let secret = Zeroizing::new(secret.ok_or(SigningError::SecretEncoding)?);
        let algorithm = Algorithm::from_name(public.proof_algorithm());
        let key = Self::from_secret(algorithm.ok_or(SigningError::Algorithm)?, &secret)?;
        if key.public == public {
            Ok(key)
        } else {
            Err(SigningError::Mismatch)
        }
    }

    /// Its public half.
    #[must_use]
    pub const fn public(&self) -> &PublicJwk {
        &self.public
    }

    /// What it signs by.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The signature as a JWS has it (`R || S` for ECDSA).
    ///
    /// # Errors
    /// [`SigningError::Random`].
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        self.pair.sign(message).ok_or(SigningError::Random)
    }

    /// The whole proof: the value of the `DPoP` header.
    ///
    /// # Errors
    /// [`SigningError::Random`].
    pub fn prove(&self, claims: &ProofClaims<'_>) -> Result<String, SigningError> {
        let proof = UnsignedProof::new(&ProofHeader::new(&self.public), claims);
        let signature = self.sign(proof.signing_input())?;
        Ok(proof.attach(&signature))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}

/// The coordinates of a SEC 1 uncompressed point: 04 || X || Y.
fn coordinates<const N: usize>(point: &[u8]) -> Option<([u8; N], [u8; N])> {
    let (x, y) = point.strip_prefix(&[4])?.split_at_checked(N)?;
    Some((x.try_into().ok()?, y.try_into().ok()?))
}
