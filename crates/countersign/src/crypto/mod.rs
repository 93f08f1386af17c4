//! Signature checks and digests, behind functions that name no library.
//!
//! [`Algorithm`] has no symmetric algorithm and no `none` (RFC 9449, 11.6).
//!
//! # Back ends
//! The feature `aws-lc-rs` (default) is the fastest measured. The feature `rust-crypto` is pure
//! Rust, for servers in WebAssembly and for machines without a C compiler. If both are enabled
//! (cargo unites the features of all dependents), `aws-lc-rs` does the work. Both accept and refuse
//! the same: what the RFCs leave open is decided before the back end is asked.
//!
//! The feature `rust-digests` has digests alone, for a program whose platform checks signatures (a
//! server in JavaScript): there, every signature that this module itself is asked about is refused.

mod algorithm;
#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
mod check;
#[cfg(all(feature = "rust-digests", any(test, not(feature = "aws-lc-rs"))))]
#[cfg_attr(feature = "aws-lc-rs", allow(dead_code, reason = "compared in a test"))]
mod digests;
mod error;
#[cfg(not(any(feature = "aws-lc-rs", feature = "rust-crypto")))]
mod no_signatures;
#[cfg(all(feature = "rust-crypto", any(test, not(feature = "aws-lc-rs"))))]
#[cfg_attr(feature = "aws-lc-rs", allow(dead_code, reason = "compared in a test"))]
mod rust_crypto;
#[cfg(test)]
pub(crate) mod tests;
mod weak_keys;

#[cfg(feature = "aws-lc-rs")]
use aws_lc as backend;
#[cfg(not(any(feature = "aws-lc-rs", feature = "rust-crypto")))]
use no_signatures as backend;
#[cfg(all(feature = "rust-crypto", not(feature = "aws-lc-rs")))]
use rust_crypto as backend;

#[cfg(feature = "verify")]
pub(crate) use self::check::now;
pub use self::{
    algorithm::Algorithm,
    check::{BackEnd, CheckSignatures, SignatureCheck},
    error::SignatureError,
};
use crate::{
    digest::{Ath, Thumbprint},
    jwk::PublicJwk,
};

/// Checks `signature` (`R || S` for ECDSA, never DER; for RSASSA-PSS with a salt as long as the
/// hash) over `message`.
///
/// # Errors
/// A key that does not fit the algorithm or is weak, and a signature that doesn't verify.
pub fn verify(
    algorithm: Algorithm,
    key: &PublicJwk,
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    let check = SignatureCheck::new(algorithm, key, message, signature)?;
    check.outcome(check.by_back_end())
}

/// Refuses an RSA key that is slower to verify with than it has to be: one of more than 4096 bits,
/// or with an unusual exponent. Keys of other algorithms all cost the same.
pub(crate) fn check_cost(algorithm: Algorithm, key: &PublicJwk) -> Result<(), SignatureError> {
    let PublicJwk::Rsa { n, e } = key else {
        return Ok(());
    };
    scheme(algorithm, key)?;
    weak_keys::check_rsa(n, e)?;
    weak_keys::check_rsa_cost(n, e)
}

fn check_strength(key: &PublicJwk, signature: &[u8]) -> Result<(), SignatureError> {
    match key {
        PublicJwk::Ed25519 { x } => weak_keys::check_ed25519(x, signature),
        PublicJwk::Rsa { n, e } => weak_keys::check_rsa(n, e),
        _ => Ok(()),
    }
}

/// Computes SHA-256.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    backend::sha256(bytes)
}

/// Computes a key's thumbprint (RFC 7638).
#[must_use]
pub fn thumbprint(key: &PublicJwk) -> Thumbprint {
    Thumbprint::from_digest(sha256(key.thumbprint_input().as_bytes()))
}

/// Computes an access token's hash, as a proof's `ath` holds it.
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

    /// Computes the code of the concatenated parts.
    pub(crate) fn sign(&self, parts: &[&[u8]]) -> [u8; 32] {
        self.0.sign(parts)
    }
}

/// A curve and the hash that JWS pairs with it.
#[derive(Clone, Copy, Debug)]
enum Curve {
    P256,
    P384,
    P521,
}

#[derive(Clone, Copy, Debug)]
enum RsaPadding {
    Pkcs1,
    Pss,
}

#[derive(Clone, Copy, Debug)]
enum RsaHash {
    Sha256,
    Sha384,
    Sha512,
}

/// The mathematics of an algorithm.
#[derive(Clone, Copy, Debug)]
enum Scheme {
    Ec(Curve),
    Ed25519,
    Rsa(RsaPadding, RsaHash),
}

/// Returns the algorithm's scheme, if the key is of its type and curve.
const fn scheme(algorithm: Algorithm, key: &PublicJwk) -> Result<Scheme, SignatureError> {
    use Algorithm as A;
    use PublicJwk as K;
    Ok(match (algorithm, key) {
        (A::Es256, K::P256 { .. }) => Scheme::Ec(Curve::P256),
        (A::Es384, K::P384 { .. }) => Scheme::Ec(Curve::P384),
        (A::Es512, K::P521 { .. }) => Scheme::Ec(Curve::P521),
        (A::EdDsa, K::Ed25519 { .. }) => Scheme::Ed25519,
        (A::Rs256, K::Rsa { .. }) => Scheme::Rsa(RsaPadding::Pkcs1, RsaHash::Sha256),
        (A::Rs384, K::Rsa { .. }) => Scheme::Rsa(RsaPadding::Pkcs1, RsaHash::Sha384),
        (A::Rs512, K::Rsa { .. }) => Scheme::Rsa(RsaPadding::Pkcs1, RsaHash::Sha512),
        (A::Ps256, K::Rsa { .. }) => Scheme::Rsa(RsaPadding::Pss, RsaHash::Sha256),
        (A::Ps384, K::Rsa { .. }) => Scheme::Rsa(RsaPadding::Pss, RsaHash::Sha384),
        (A::Ps512, K::Rsa { .. }) => Scheme::Rsa(RsaPadding::Pss, RsaHash::Sha512),
        _ => return Err(SignatureError::KeyMismatch { algorithm }),
    })
}

/// Encodes a point uncompressed (SEC 1): 04 || X || Y.
struct Point([u8; 1 + 2 * 66], usize);

impl Point {
    fn of(x: &[u8], y: &[u8]) -> Self {
        let mut bytes = [4; 1 + 2 * 66];
        bytes[1..=x.len()].copy_from_slice(x);
        bytes[1 + x.len()..1 + x.len() + y.len()].copy_from_slice(y);
        Self(bytes, 1 + x.len() + y.len())
    }

    fn bytes(&self) -> &[u8] {
        &self.0[..self.1]
    }
}

/// The back end refuses points that are not on the curve.
fn verify_ec(curve: Curve, x: &[u8], y: &[u8], message: &[u8], signature: &[u8]) -> bool {
    backend::verify_ec(curve, Point::of(x, y).bytes(), message, signature)
}

fn is_on_curve(curve: Curve, x: &[u8], y: &[u8]) -> bool {
    backend::is_on_curve(curve, Point::of(x, y).bytes())
}
