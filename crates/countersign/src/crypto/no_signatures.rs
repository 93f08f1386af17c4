//! The back end of the feature `rust-digests` alone. The program's platform checks signatures
//! ([`CheckSignatures`](super::CheckSignatures)); whatever is asked here all the same is refused.

pub(super) use super::digests::{Hmac, sha256};
use super::{Curve, RsaHash, RsaPadding};

pub(super) fn verify_ec(_: Curve, _: &[u8], _: &[u8], _: &[u8]) -> bool {
    false
}

pub(super) fn is_on_curve(_: Curve, _: &[u8]) -> bool {
    false
}

pub(super) fn verify_ed25519(_: &[u8; 32], _: &[u8], _: &[u8]) -> bool {
    false
}

pub(super) fn verify_rsa(_: (RsaPadding, RsaHash), _: &[u8], _: &[u8], _: &[u8], _: &[u8]) -> bool {
    false
}
