//! Keys that sign proofs natively (feature `sign`): ES256, ES384 and EdDSA, by the back end that
//! also verifies.
//!
//! If a key store signs (WebCrypto, a hardware module), use [`proof`](crate::proof) alone. Secrets
//! come from the caller's random source, for which [`SigningKey::generate`] takes `getrandom::fill`
//! and its like; with `aws-lc-rs` the library itself draws the number that each ECDSA signature
//! needs, with `rust-crypto` it is derived (RFC 6979).
//!
//! ```
//! use countersign::{UnixSeconds, crypto::Algorithm, proof::ProofClaims, signing::SigningKey};
//!
//! # let fill = |bytes: &mut [u8]| { bytes.fill(7); Ok::<(), core::convert::Infallible>(()) };
//! let key = SigningKey::generate(Algorithm::EdDsa, fill)?; // fill: getrandom::fill, for example
//! let proof = key.prove(&ProofClaims {
//!     jti: "-BwC3ESc6acc2lTc", // at least 96 random bits
//!     htm: "GET",
//!     htu: "https://api.example.com/notes", // without query and fragment
//!     iat: UnixSeconds(1_767_225_600),
//!     ath: None,
//!     nonce: None,
//! })?;
//! assert_eq!(proof.split('.').count(), 3);
//! assert!(SigningKey::from_secret(Algorithm::Es256, &[0; 32]).is_err()); // zero is no key
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

/// Why a key or a signature can't be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SigningError {
    /// Keys of this algorithm or type can't sign here.
    #[error("keys of this algorithm can't sign here; use ES256, ES384 or EdDSA")]
    Algorithm,
    /// The secret has the wrong length, or is zero or beyond the curve's order, as at most one in
    /// 2^32 random ones is.
    #[error("the secret is not a key of this algorithm; draw other random bytes")]
    Secret,
    /// The key's public members are not valid.
    #[cfg(feature = "json")]
    #[error(transparent)]
    Public(JwkError),
    /// The key has no member `d`.
    #[error("the key has no member `d`; give the private key")]
    SecretMissing,
    /// `d` is not base64url text.
    #[error("the key's `d` is not base64url")]
    SecretEncoding,
    /// `d` does not belong to the public members.
    #[error("the key's `d` is not the private key of its other members")]
    Mismatch,
    /// The random source gave no bytes: the caller's, or that of the operating system.
    #[error("the random source gives no bytes")]
    Random,
}

/// A private key that signs proofs. `Debug` shows its public half.
///
/// Dropping it wipes it from memory: aws-lc clears whatever it frees, and the crates of
/// `rust-crypto` zeroize. The caller has to wipe the bytes or the JWK that it was created from.
pub struct SigningKey {
    pair: Pair,
    public: PublicJwk,
    algorithm: Algorithm,
}

impl SigningKey {
    /// Generates a key from random bytes, which `fill` draws.
    ///
    /// This crate has no random source of its own: which one a platform has is the caller's
    /// knowledge, and tests can repeat. `fill` fills a slice of 32 bytes (ES384: 48) from a
    /// cryptographic source, as `getrandom::fill` does. It is called again if the bytes are not a
    /// key of the curve, which for P-256 happens once in 2^32.
    ///
    /// # Errors
    /// [`SigningError::Algorithm`]; [`SigningError::Random`] if `fill` fails;
    /// [`SigningError::Secret`] if it draws no key eight times in a row, which shows that it is not
    /// random.
    pub fn generate<E>(
        algorithm: Algorithm,
        mut fill: impl FnMut(&mut [u8]) -> Result<(), E>,
    ) -> Result<Self, SigningError> {
        const MOST_DRAWS: usize = 8;
        let mut bytes = Zeroizing::new([0; 48]);
        let secret = match algorithm {
            Algorithm::Es384 => &mut bytes[..],
            _ => &mut bytes[..32],
        };
        let mut key = Err(SigningError::Secret);
        for _ in 0..MOST_DRAWS {
            fill(secret).map_err(|_| SigningError::Random)?;
            key = Self::from_secret(algorithm, secret);
            if !matches!(key, Err(SigningError::Secret)) {
                break;
            }
        }
        key
    }

    /// Creates a key from its secret, which was drawn at random and kept: 32 bytes for ES256 and
    /// EdDSA, 48 for ES384.
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

    /// Creates a key from a private JSON Web Key, whose `d` has to match its public members
    /// (RFC 7518, 6.2.2; RFC 8037, 2).
    ///
    /// # Errors
    /// All of [`SigningError`] except `Random`; none shows anything of the secret.
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

    /// Returns the public half.
    #[must_use]
    pub const fn public(&self) -> &PublicJwk {
        &self.public
    }

    /// Returns the algorithm that it signs with.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Signs `message`, in the form of a JWS (`R || S` for ECDSA).
    ///
    /// # Errors
    /// [`SigningError::Random`].
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningError> {
        self.pair.sign(message).ok_or(SigningError::Random)
    }

    /// Signs a proof and returns the value of the `DPoP` header.
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

/// Splits an uncompressed point (SEC 1: 04 || X || Y) into its coordinates.
fn coordinates<const N: usize>(point: &[u8]) -> Option<([u8; N], [u8; N])> {
    let (x, y) = point.strip_prefix(&[4])?.split_at_checked(N)?;
    Some((x.try_into().ok()?, y.try_into().ok()?))
}
