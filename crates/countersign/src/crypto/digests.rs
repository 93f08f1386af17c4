//! Digests in pure Rust, of the features `rust-crypto` and `rust-digests`.

use hmac::{KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

#[derive(Clone)]
pub(super) struct Hmac(hmac::Hmac<Sha256>);

impl Hmac {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        // Padded with zeros to a block of SHA-256 (RFC 2104, 2).
        let mut block = [0; 64];
        block[..32].copy_from_slice(key);
        Self(hmac::Hmac::new(&block.into()))
    }

    pub(super) fn sign(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}
