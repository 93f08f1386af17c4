//! One signature to check, and who checks it: a back end of this crate, or the platform that a
//! program runs on.

use core::{
    future::{Future, ready},
    pin::pin,
    task::{Context, Poll, Waker},
};

use super::{
    Algorithm, Scheme, SignatureError, backend, check_strength, is_on_curve, scheme, verify_ec,
};
use crate::jwk::PublicJwk;

/// A signature that remains to be checked. What needs no cryptography has been: the key fits the
/// algorithm and is not weak, and the signature has the right length.
#[derive(Clone, Copy, Debug)]
pub struct SignatureCheck<'a> {
    algorithm: Algorithm,
    scheme: Scheme,
    key: &'a PublicJwk,
    message: &'a [u8],
    signature: &'a [u8],
    is_of_key_alone: bool,
}

impl<'a> SignatureCheck<'a> {
    /// Creates the check of `signature` (`R || S` for ECDSA, never DER; for RSASSA-PSS with a salt
    /// as long as the hash) over `message`.
    ///
    /// # Errors
    /// A key that does not fit the algorithm or is weak, and a signature of another length.
    pub fn new(
        algorithm: Algorithm,
        key: &'a PublicJwk,
        message: &'a [u8],
        signature: &'a [u8],
    ) -> Result<Self, SignatureError> {
        let scheme = scheme(algorithm, key)?;
        check_strength(key, signature)?;
        let length = match key {
            PublicJwk::P384 { .. } => 96,
            PublicJwk::P521 { .. } => 132,
            PublicJwk::Rsa { n, .. } => n.len(),
            _ => 64,
        };
        if signature.len() != length {
            return Err(SignatureError::Invalid);
        }
        Ok(Self {
            algorithm,
            scheme,
            key,
            message,
            signature,
            is_of_key_alone: false,
        })
    }

    /// Leaves of the check only what costs almost nothing: that the key is one at all.
    pub(crate) fn of_key_alone(self) -> Self {
        Self {
            is_of_key_alone: true,
            ..self
        }
    }

    /// Returns the algorithm.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Returns the key.
    #[must_use]
    pub const fn key(&self) -> &'a PublicJwk {
        self.key
    }

    /// Returns what was signed.
    #[must_use]
    pub const fn message(&self) -> &'a [u8] {
        self.message
    }

    /// Returns the signature.
    #[must_use]
    pub const fn signature(&self) -> &'a [u8] {
        self.signature
    }

    /// Tells whether only the key is in question, that its point lies on the curve. The signature
    /// is not worth verifying then, because the request is refused anyway.
    #[must_use]
    pub const fn is_of_key_alone(&self) -> bool {
        self.is_of_key_alone
    }

    /// Makes the check by this crate's back end.
    #[must_use]
    pub fn by_back_end(&self) -> bool {
        use PublicJwk as K;
        let (message, signature) = (self.message, self.signature);
        if self.is_of_key_alone {
            return match (self.scheme, self.key) {
                (Scheme::Ec(curve), K::P256 { x, y }) => is_on_curve(curve, x, y),
                (Scheme::Ec(curve), K::P384 { x, y }) => is_on_curve(curve, x, y),
                (Scheme::Ec(curve), K::P521 { x, y }) => is_on_curve(curve, x, y),
                _ => true,
            };
        }
        #[cfg(test)]
        super::tests::count_a_verification();
        match (self.scheme, self.key) {
            (Scheme::Ec(curve), K::P256 { x, y }) => verify_ec(curve, x, y, message, signature),
            (Scheme::Ec(curve), K::P384 { x, y }) => verify_ec(curve, x, y, message, signature),
            (Scheme::Ec(curve), K::P521 { x, y }) => verify_ec(curve, x, y, message, signature),
            (Scheme::Ed25519, K::Ed25519 { x }) => backend::verify_ed25519(x, message, signature),
            (Scheme::Rsa(padding, hash), K::Rsa { n, e }) => {
                backend::verify_rsa((padding, hash), n, e, message, signature)
            }
            _ => false,
        }
    }

    pub(crate) fn outcome(&self, passes: bool) -> Result<(), SignatureError> {
        if passes {
            Ok(())
        } else {
            Err(SignatureError::Invalid)
        }
    }
}

/// Checks signatures. Implement it where the platform does that better than the crates of this
/// one's back ends: by the cryptography of a JavaScript runtime, or by hardware.
///
/// An implementation that answers `true` without looking lets anyone forge tokens and proofs.
pub trait CheckSignatures: Send + Sync {
    /// Tells whether the signature is the key's over the message, or, for a check [of the key
    /// alone](SignatureCheck::is_of_key_alone), whether the key is one. `false` also if that can't
    /// be told.
    fn passes(&self, check: &SignatureCheck<'_>) -> impl Future<Output = bool> + Send;
}

/// The back end of this crate, which never waits.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::exhaustive_structs, reason = "it has nothing to hold")]
pub struct BackEnd;

impl CheckSignatures for BackEnd {
    #[inline]
    fn passes(&self, check: &SignatureCheck<'_>) -> impl Future<Output = bool> + Send {
        ready(check.by_back_end())
    }
}

/// Returns the outcome of a sequence that waits for nothing but [`BackEnd`]. `None` would be one
/// that waits.
pub(crate) fn now<T>(sequence: impl Future<Output = T>) -> Option<T> {
    let mut sequence = pin!(sequence);
    match sequence
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(outcome) => Some(outcome),
        Poll::Pending => None,
    }
}
