//! Signing by aws-lc-rs.

use alloc::vec::Vec;

use aws_lc_rs::{
    agreement::{self, ECDH_P256, ECDH_P384},
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _,
    },
};

use super::coordinates;
use crate::jwk::PublicJwk;

pub(super) enum Pair {
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

impl Pair {
    pub(super) fn p256(secret: &[u8]) -> Option<(Self, PublicJwk)> {
        let pair = ec(&ECDSA_P256_SHA256_FIXED_SIGNING, &ECDH_P256, secret)?;
        let (x, y) = coordinates(pair.public_key().as_ref())?;
        Some((Self::Ec(pair), PublicJwk::P256 { x, y }))
    }

    pub(super) fn p384(secret: &[u8]) -> Option<(Self, PublicJwk)> {
        let pair = ec(&ECDSA_P384_SHA384_FIXED_SIGNING, &ECDH_P384, secret)?;
        let (x, y) = coordinates(pair.public_key().as_ref())?;
        Some((Self::Ec(pair), PublicJwk::P384 { x, y }))
    }

    pub(super) fn ed25519(secret: &[u8]) -> Option<(Self, PublicJwk)> {
        let secret: &[u8; 32] = secret.try_into().ok()?; // the library would read the first 32 of more
        let pair = Ed25519KeyPair::from_seed_unchecked(secret).ok()?;
        let x = pair.public_key().as_ref().try_into().ok()?;
        Some((Self::Ed(pair), PublicJwk::Ed25519 { x }))
    }

    pub(super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Ec(pair) => {
                let signature = pair.sign(&SystemRandom::new(), message).ok()?;
                Some(signature.as_ref().to_vec())
            }
            Self::Ed(pair) => Some(pair.sign(message).as_ref().to_vec()),
        }
    }
}

/// Creates a pair. The library needs both halves for ECDSA, and computes the public one only for
/// key agreement.
fn ec(
    algorithm: &'static EcdsaSigningAlgorithm,
    curve: &'static agreement::Algorithm,
    secret: &[u8],
) -> Option<EcdsaKeyPair> {
    let public = agreement::PrivateKey::from_private_key(curve, secret)
        .ok()?
        .compute_public_key()
        .ok()?;
    EcdsaKeyPair::from_private_key_and_public_key(algorithm, secret, public.as_ref()).ok()
}
