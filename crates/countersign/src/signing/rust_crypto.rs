//! Signing in pure Rust.

use alloc::vec::Vec;

use rsa::signature::Signer as _;

use super::coordinates;
use crate::jwk::PublicJwk;

pub(super) enum Pair {
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    Ed25519(ed25519_dalek::SigningKey),
}

/// Compiles only if each key wipes itself when it is dropped.
const _: () = {
    const fn wipes<K: zeroize::ZeroizeOnDrop>() {}
    wipes::<p256::ecdsa::SigningKey>();
    wipes::<p384::ecdsa::SigningKey>();
    wipes::<ed25519_dalek::SigningKey>();
};

impl Pair {
    pub(super) fn p256(secret: &[u8]) -> Option<(Self, PublicJwk)> {
        // The library would pad a shorter one.
        let secret: &[u8; 32] = secret.try_into().ok()?;
        let pair = p256::ecdsa::SigningKey::from_slice(secret).ok()?;
        let (x, y) = coordinates(pair.verifying_key().to_sec1_point(false).as_bytes())?;
        Some((Self::P256(pair), PublicJwk::P256 { x, y }))
    }

    pub(super) fn p384(secret: &[u8]) -> Option<(Self, PublicJwk)> {
        let secret: &[u8; 48] = secret.try_into().ok()?;
        let pair = p384::ecdsa::SigningKey::from_slice(secret).ok()?;
        let (x, y) = coordinates(pair.verifying_key().to_sec1_point(false).as_bytes())?;
        Some((Self::P384(pair), PublicJwk::P384 { x, y }))
    }

    pub(super) fn ed25519(secret: &[u8]) -> Option<(Self, PublicJwk)> {
        let pair = ed25519_dalek::SigningKey::from_bytes(secret.try_into().ok()?);
        let x = pair.verifying_key().to_bytes();
        Some((Self::Ed25519(pair), PublicJwk::Ed25519 { x }))
    }

    pub(super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        Some(match self {
            Self::P256(pair) => {
                let signature: p256::ecdsa::Signature = pair.try_sign(message).ok()?;
                signature.to_bytes().to_vec()
            }
            Self::P384(pair) => {
                let signature: p384::ecdsa::Signature = pair.try_sign(message).ok()?;
                signature.to_bytes().to_vec()
            }
            Self::Ed25519(pair) => pair.try_sign(message).ok()?.to_bytes().to_vec(),
        })
    }
}
