//! Signature checks and digests, behind functions that name no library. Today's backend is aws-lc-rs.
//!
//! There is no symmetric algorithm and no `none`: [`Algorithm`] can't name one (RFC 9449, 11.6).

use aws_lc_rs::{
    digest,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519,
        RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
        RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
        RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
    },
};

use crate::{
    confirmation::Ath,
    jwk::{PublicJwk, Thumbprint},
};

/// A JWS signature algorithm (RFC 7518, section 3; RFC 8037; RFC 9864). All are asymmetric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// ECDSA, P-256, SHA-256
    Es256,
    /// ECDSA, P-384, SHA-384
    Es384,
    /// ECDSA, P-521, SHA-512
    Es512,
    /// Ed25519, under its names `EdDSA` and `Ed25519`
    EdDsa,
    /// RSASSA-PKCS1-v1_5, SHA-256
    Rs256,
    /// RSASSA-PKCS1-v1_5, SHA-384
    Rs384,
    /// RSASSA-PKCS1-v1_5, SHA-512
    Rs512,
    /// RSASSA-PSS, SHA-256
    Ps256,
    /// RSASSA-PSS, SHA-384
    Ps384,
    /// RSASSA-PSS, SHA-512
    Ps512,
}

impl Algorithm {
    /// All of them, the cheapest to verify for their strength first.
    pub const ALL: [Self; 10] = [
        Self::Es256,
        Self::EdDsa,
        Self::Es384,
        Self::Es512,
        Self::Ps256,
        Self::Rs256,
        Self::Ps384,
        Self::Rs384,
        Self::Ps512,
        Self::Rs512,
    ];

    /// Of the `alg` member's value. `None`: not one of these (names are case-sensitive).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        if name == "Ed25519" {
            return Some(Self::EdDsa);
        }
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
    }

    /// The `alg` member's value.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
            Self::EdDsa => "EdDSA",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
        }
    }
}

/// Why a signature is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The key is of another type or curve than the algorithm takes.
    #[error("the key does not fit `alg` {algorithm}; name the algorithm of the key's own type and curve", algorithm = .algorithm.name())]
    KeyMismatch {
        /// What the header names.
        algorithm: Algorithm,
    },
    /// The RSA modulus is shorter than 2048 bits (weak) or longer than 8192 (slow to verify).
    #[error("the RSA modulus has {bits} bits; use one of 2048 to 8192")]
    RsaModulusSize {
        /// Its length in bits.
        bits: usize,
    },
    /// The RSA exponent is even, 1, or longer than 32 bits (slow to verify).
    #[error("the RSA exponent must be an odd number from 3 to 32 bits; use 65537")]
    RsaExponent,
    /// The Ed25519 key is a point of small order, for which anyone can make signatures, or not canonically encoded.
    #[error("the Ed25519 key is of small order or not canonical; make a new key")]
    Ed25519Key,
    /// The signature is not this key's over these bytes, or the key is no point of its curve.
    #[error(
        "the signature does not verify; sign header and claims with the key in `jwk`, as raw R || S for ECDSA"
    )]
    Invalid,
}

/// Checks `signature` (`R || S` for ECDSA, never DER) over `message`.
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
    match (algorithm, key) {
        (A::Es256, K::P256 { x, y }) => {
            verify_ec(&ECDSA_P256_SHA256_FIXED, x, y, message, signature)
        }
        (A::Es384, K::P384 { x, y }) => {
            verify_ec(&ECDSA_P384_SHA384_FIXED, x, y, message, signature)
        }
        (A::Es512, K::P521 { x, y }) => {
            verify_ec(&ECDSA_P521_SHA512_FIXED, x, y, message, signature)
        }
        (A::EdDsa, K::Ed25519 { x }) => verify_ed25519(x, message, signature),
        (A::Rs256, K::Rsa { n, e }) => {
            verify_rsa(&RSA_PKCS1_2048_8192_SHA256, n, e, message, signature)
        }
        (A::Rs384, K::Rsa { n, e }) => {
            verify_rsa(&RSA_PKCS1_2048_8192_SHA384, n, e, message, signature)
        }
        (A::Rs512, K::Rsa { n, e }) => {
            verify_rsa(&RSA_PKCS1_2048_8192_SHA512, n, e, message, signature)
        }
        (A::Ps256, K::Rsa { n, e }) => {
            verify_rsa(&RSA_PSS_2048_8192_SHA256, n, e, message, signature)
        }
        (A::Ps384, K::Rsa { n, e }) => {
            verify_rsa(&RSA_PSS_2048_8192_SHA384, n, e, message, signature)
        }
        (A::Ps512, K::Rsa { n, e }) => {
            verify_rsa(&RSA_PSS_2048_8192_SHA512, n, e, message, signature)
        }
        _ => Err(SignatureError::KeyMismatch { algorithm }),
    }
}

/// SHA-256.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
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

fn verify_ec(
    algorithm: &'static dyn VerificationAlgorithm,
    x: &[u8],
    y: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    // SEC 1 uncompressed: 04 || X || Y. The library refuses a point that is not on the curve.
    let mut point = [4; 1 + 2 * 66];
    point[1..=x.len()].copy_from_slice(x);
    point[1 + x.len()..1 + x.len() + y.len()].copy_from_slice(y);
    let point = &point[..1 + x.len() + y.len()];
    verify_unparsed(algorithm, point, message, signature)
}

fn verify_ed25519(key: &[u8; 32], message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
    if !is_canonical_of_large_order(key) {
        return Err(SignatureError::Ed25519Key);
    }
    verify_unparsed(&ED25519, key, message, signature)
}

fn verify_unparsed(
    algorithm: &'static dyn VerificationAlgorithm,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    UnparsedPublicKey::new(algorithm, key)
        .verify(message, signature)
        .map_err(|_| SignatureError::Invalid)
}

/// The y coordinates of the eight points whose order divides 8, little-endian (two points share each but the first
/// and last of order 1 and 2); a key with one of them accepts signatures that nobody needs a secret for.
const SMALL_ORDER_Y: [[u8; 32]; 5] = [
    [0; 32],
    {
        let mut one = [0; 32];
        one[0] = 1;
        one
    },
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
    {
        let mut minus_one = [0xff; 32];
        minus_one[0] = 0xec;
        minus_one[31] = 0x7f;
        minus_one
    },
];

/// Whether a key's y coordinate is below p = 2^255 - 19 and of none of the points of small order.
fn is_canonical_of_large_order(key: &[u8; 32]) -> bool {
    let mut y = *key;
    y[31] &= 0x7f; // without the sign of x
    let is_below_p = y[0] < 0xed || y[31] != 0x7f || y[1..31].iter().any(|b| *b != 0xff);
    is_below_p && !SMALL_ORDER_Y.contains(&y)
}

fn verify_rsa(
    parameters: &'static RsaParameters,
    n: &[u8],
    e: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    let leading_zeros = n.first().map_or(0, |first| first.leading_zeros() as usize);
    let bits = (n.len() * 8).saturating_sub(leading_zeros);
    if !(2048..=8192).contains(&bits) {
        return Err(SignatureError::RsaModulusSize { bits });
    }
    let is_odd = e.last().is_some_and(|last| last & 1 == 1);
    if e.len() > 4 || !is_odd || e == [1] {
        return Err(SignatureError::RsaExponent);
    }
    RsaPublicKeyComponents { n, e }
        .verify(parameters, message, signature)
        .map_err(|_| SignatureError::Invalid)
}
