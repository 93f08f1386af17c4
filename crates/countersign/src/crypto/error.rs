use super::Algorithm;

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
    #[error("the RSA modulus has {bits} bits; use one of 2048 to 4096")]
    RsaModulusSize {
        /// Its length in bits.
        bits: usize,
    },
    /// The RSA exponent is even, 1, or longer than 32 bits (slow to verify).
    #[error("the RSA exponent must be an odd number from 3 to 32 bits; use 65537")]
    RsaExponent,
    /// The RSA modulus is longer than 4096 bits, and the policy takes no key that is slow to verify
    /// with.
    #[error(
        "the RSA modulus has {bits} bits; use one of 2048 to 4096, or let the verifier's policy take costly RSA keys"
    )]
    RsaModulusCost {
        /// Its length in bits.
        bits: usize,
    },
    /// The RSA exponent is not 65537, and the policy takes no key that is slow to verify with.
    #[error(
        "the RSA exponent is not 65537; use that one, or let the verifier's policy take costly RSA keys"
    )]
    RsaExponentCost,
    /// The Ed25519 key is a point of small order, for which anyone can make signatures, or not
    /// canonically encoded.
    #[error("the Ed25519 key is of small order or not canonical; make a new key")]
    Ed25519Key,
    /// The signature is not this key's over these bytes, or the key is no point of its curve.
    #[error(
        "the signature does not verify; sign header and claims with the key in `jwk`, as raw R || S for ECDSA"
    )]
    Invalid,
}
