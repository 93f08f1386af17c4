//! The back end of the feature `aws-lc-rs`.

use aws_lc_rs::{
    digest, hmac,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519,
        EcdsaVerificationAlgorithm, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
        RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
        RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
        UnparsedPublicKey, VerificationAlgorithm,
    },
};

use super::{Curve, RsaHash, RsaPadding};

pub(super) fn verify_ec(curve: Curve, point: &[u8], message: &[u8], signature: &[u8]) -> bool {
    verify_unparsed(ecdsa(curve), point, message, signature)
}

pub(super) fn is_on_curve(curve: Curve, point: &[u8]) -> bool {
    ParsedPublicKey::new(ecdsa(curve), point).is_ok()
}

const fn ecdsa(curve: Curve) -> &'static EcdsaVerificationAlgorithm {
    match curve {
        Curve::P256 => &ECDSA_P256_SHA256_FIXED,
        Curve::P384 => &ECDSA_P384_SHA384_FIXED,
        Curve::P521 => &ECDSA_P521_SHA512_FIXED,
    }
}

pub(super) fn verify_ed25519(key: &[u8; 32], message: &[u8], signature: &[u8]) -> bool {
    verify_unparsed(&ED25519, key, message, signature)
}

fn verify_unparsed(
    algorithm: &'static dyn VerificationAlgorithm,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> bool {
    UnparsedPublicKey::new(algorithm, key)
        .verify(message, signature)
        .is_ok()
}

pub(super) fn verify_rsa(
    (padding, hash): (RsaPadding, RsaHash),
    n: &[u8],
    e: &[u8],
    message: &[u8],
    signature: &[u8],
) -> bool {
    let parameters: &RsaParameters = match (padding, hash) {
        (RsaPadding::Pkcs1, RsaHash::Sha256) => &RSA_PKCS1_2048_8192_SHA256,
        (RsaPadding::Pkcs1, RsaHash::Sha384) => &RSA_PKCS1_2048_8192_SHA384,
        (RsaPadding::Pkcs1, RsaHash::Sha512) => &RSA_PKCS1_2048_8192_SHA512,
        (RsaPadding::Pss, RsaHash::Sha256) => &RSA_PSS_2048_8192_SHA256,
        (RsaPadding::Pss, RsaHash::Sha384) => &RSA_PSS_2048_8192_SHA384,
        (RsaPadding::Pss, RsaHash::Sha512) => &RSA_PSS_2048_8192_SHA512,
    };
    RsaPublicKeyComponents { n, e }
        .verify(parameters, message, signature)
        .is_ok()
}

pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}

#[derive(Clone)]
pub(super) struct Hmac(hmac::Key);

impl Hmac {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    pub(super) fn sign(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(part);
        }
        let mut out = [0; 32];
        out.copy_from_slice(context.sign().as_ref());
        out
    }
}
