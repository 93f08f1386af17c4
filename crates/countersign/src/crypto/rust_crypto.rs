//! The back end of the feature `rust-crypto`: pure Rust, which compiles for wasm32.

use rsa::{
    BoxedUint, pkcs1v15, pss,
    signature::{self, Verifier},
};
use sha2::{Sha256, Sha384, Sha512};

pub(super) use super::digests::{Hmac, sha256};
use super::{Curve, RsaHash, RsaPadding};

pub(super) fn verify_ec(curve: Curve, point: &[u8], message: &[u8], signature: &[u8]) -> bool {
    match curve {
        Curve::P256 => verify(
            p256::ecdsa::VerifyingKey::from_sec1_bytes(point),
            p256::ecdsa::Signature::from_slice(signature),
            message,
        ),
        Curve::P384 => verify(
            p384::ecdsa::VerifyingKey::from_sec1_bytes(point),
            p384::ecdsa::Signature::from_slice(signature),
            message,
        ),
        Curve::P521 => verify(
            p521::ecdsa::VerifyingKey::from_sec1_bytes(point),
            p521::ecdsa::Signature::from_slice(signature),
            message,
        ),
    }
}

pub(super) fn is_on_curve(curve: Curve, point: &[u8]) -> bool {
    match curve {
        Curve::P256 => p256::ecdsa::VerifyingKey::from_sec1_bytes(point).is_ok(),
        Curve::P384 => p384::ecdsa::VerifyingKey::from_sec1_bytes(point).is_ok(),
        Curve::P521 => p521::ecdsa::VerifyingKey::from_sec1_bytes(point).is_ok(),
    }
}

pub(super) fn verify_ed25519(key: &[u8; 32], message: &[u8], signature: &[u8]) -> bool {
    let key = ed25519_dalek::VerifyingKey::from_bytes(key);
    let signature = ed25519_dalek::Signature::from_slice(signature);
    match (key, signature) {
        (Ok(key), Ok(signature)) => key.verify_strict(message, &signature).is_ok(),
        _ => false,
    }
}

pub(super) fn verify_rsa(
    (padding, hash): (RsaPadding, RsaHash),
    n: &[u8],
    e: &[u8],
    message: &[u8],
    signature: &[u8],
) -> bool {
    let integer = BoxedUint::from_be_slice_vartime;
    let Ok(key) = rsa::PublicKey::new(integer(n), integer(e)) else {
        return false;
    };
    match padding {
        RsaPadding::Pkcs1 => {
            let signature = pkcs1v15::Signature::try_from(signature);
            match hash {
                RsaHash::Sha256 => verify(
                    Ok(pkcs1v15::VerifyingKey::<Sha256>::new(key)),
                    signature,
                    message,
                ),
                RsaHash::Sha384 => verify(
                    Ok(pkcs1v15::VerifyingKey::<Sha384>::new(key)),
                    signature,
                    message,
                ),
                RsaHash::Sha512 => verify(
                    Ok(pkcs1v15::VerifyingKey::<Sha512>::new(key)),
                    signature,
                    message,
                ),
            }
        }
        // The salt is as long as the hash (RFC 7518, 3.5), which is what `new` takes.
        RsaPadding::Pss => {
            let signature = pss::Signature::try_from(signature);
            match hash {
                RsaHash::Sha256 => verify(
                    Ok(pss::VerifyingKey::<Sha256>::new(key)),
                    signature,
                    message,
                ),
                RsaHash::Sha384 => verify(
                    Ok(pss::VerifyingKey::<Sha384>::new(key)),
                    signature,
                    message,
                ),
                RsaHash::Sha512 => verify(
                    Ok(pss::VerifyingKey::<Sha512>::new(key)),
                    signature,
                    message,
                ),
            }
        }
    }
}

fn verify<S, K: Verifier<S>>(
    key: Result<K, signature::Error>,
    signature: Result<S, signature::Error>,
    message: &[u8],
) -> bool {
    match (key, signature) {
        (Ok(key), Ok(signature)) => key.verify(message, &signature).is_ok(),
        _ => false,
    }
}
