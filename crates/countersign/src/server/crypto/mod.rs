//! Signature checks and digests, behind functions that name no library.
//!
//! There is no symmetric algorithm and no `none`: [`Algorithm`] can't name one (RFC 9449, 11.6).
//!
//! # Back ends
//! The feature `aws-lc-rs` (default) is the fastest measured. The feature `rust-crypto` is Rust alone: for servers in
//! WebAssembly, or where no C compiler is at hand. Where both are on, since cargo adds up the features of all who depend
//! on this crate, `aws-lc-rs` does the work. Both accept and refuse the same: what RFCs leave open is decided before a back
//! end is asked.

mod algorithm;
#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
mod error;
mod keys;
#[cfg(all(feature = "rust-crypto", any(test, not(feature = "aws-lc-rs"))))]
#[cfg_attr(feature = "aws-lc-rs", allow(dead_code, reason = "compared in a test"))]
mod rust_crypto;
#[cfg(test)]
mod tests;

#[cfg(feature = "aws-lc-rs")]
use aws_lc as backend;
#[cfg(not(feature = "aws-lc-rs"))]
use rust_crypto as backend;

pub use self::{algorithm::Algorithm, error::SignatureError};
use crate::{
    confirmation::Ath,
    jwk::{PublicJwk, Thumbprint},
};

/// Checks `signature` (`R || S` for ECDSA, never DER; for RSASSA-PSS with a salt as long as the hash) over `message`.
///
/// # Errors
/// A key that does not fit the algorithm or is weak, and a signature that doesn't verify.
pub fn verify(
    algorithm: Algorithm,
    key: &PublicJwk,
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    use Algorithm as A;
    use PublicJwk as K;
    let verifies = match (algorithm, key) {
        (A::Es256, K::P256 { x, y }) => verify_ec(Curve::P256, x, y, message, signature),
        (A::Es384, K::P384 { x, y }) => verify_ec(Curve::P384, x, y, message, signature),
        (A::Es512, K::P521 { x, y }) => verify_ec(Curve::P521, x, y, message, signature),
        (A::EdDsa, K::Ed25519 { x }) => {
            keys::check_ed25519(x, signature)?;
            backend::verify_ed25519(x, message, signature)
        }
        (_, K::Rsa { n, e }) => {
            let scheme = rsa_scheme(algorithm).ok_or(SignatureError::KeyMismatch { algorithm })?;
            keys::check_rsa(n, e)?;
            backend::verify_rsa(scheme, n, e, message, signature)
        }
        _ => return Err(SignatureError::KeyMismatch { algorithm }),
    };
    if verifies {
        Ok(())
    } else {
        Err(SignatureError::Invalid)
    }
}

/// SHA-256.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    backend::sha256(bytes)
}

/// The key's thumbprint (RFC 7638).
#[must_use]
pub fn thumbprint(key: &PublicJwk) -> Thumbprint {
    Thumbprint::from_digest(sha256(key.thumbprint_input().as_bytes()))
}

/// The access token's hash, as a proof's `ath` holds it.
#[must_use]
pub fn ath(access_token: &str) -> Ath {
    Ath::from_digest(sha256(access_token.as_bytes()))
}

/// A key for HMAC-SHA-256.
#[derive(Clone)]
pub(crate) struct HmacKey(backend::Hmac);

impl HmacKey {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(backend::Hmac::new(key))
    }

    /// Over the parts, one after the other.
    pub(crate) fn sign(&self, parts: &[&[u8]]) -> [u8; 32] {
        self.0.sign(parts)
    }
}

/// Whether they are equal, in a time that depends on their lengths only.
pub(crate) fn equal(a: &[u8], b: &[u8]) -> bool {
    backend::equal(a, b)
}

/// A curve with the hash that JWS pairs it with.
#[derive(Clone, Copy)]
enum Curve {
    P256,
    P384,
    P521,
}

#[derive(Clone, Copy)]
enum RsaPadding {
    Pkcs1,
    Pss,
}

#[derive(Clone, Copy)]
enum RsaHash {
    Sha256,
    Sha384,
    Sha512,
}

const fn rsa_scheme(algorithm: Algorithm) -> Option<(RsaPadding, RsaHash)> {
    match algorithm {
        Algorithm::Rs256 => Some((RsaPadding::Pkcs1, RsaHash::Sha256)),
        Algorithm::Rs384 => Some((RsaPadding::Pkcs1, RsaHash::Sha384)),
        Algorithm::Rs512 => Some((RsaPadding::Pkcs1, RsaHash::Sha512)),
        Algorithm::Ps256 => Some((RsaPadding::Pss, RsaHash::Sha256)),
        Algorithm::Ps384 => Some((RsaPadding::Pss, RsaHash::Sha384)),
        Algorithm::Ps512 => Some((RsaPadding::Pss, RsaHash::Sha512)),
        _ => None,
    }
}

fn verify_ec(curve: Curve, x: &[u8], y: &[u8], message: &[u8], signature: &[u8]) -> bool {
    // SEC 1 uncompressed: 04 || X || Y. The back end refuses a point that is not on the curve.
    let mut point = [4; 1 + 2 * 66];
    point[1..=x.len()].copy_from_slice(x);
    point[1 + x.len()..1 + x.len() + y.len()].copy_from_slice(y);
    backend::verify_ec(curve, &point[..1 + x.len() + y.len()], message, signature)
}
