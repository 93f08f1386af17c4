use super::*;
use core::cell::Cell;

std::thread_local! {
    static VERIFICATIONS: Cell<usize> = const { Cell::new(0) };
}

pub(super) fn count_a_verification() {
    VERIFICATIONS.set(VERIFICATIONS.get() + 1);
}

/// Counts the signatures that this thread verifies in it.
pub(crate) fn verifications<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = VERIFICATIONS.get();
    let value = work();
    (value, VERIFICATIONS.get() - before)
}

#[test]
fn hmac_is_that_of_rfc4231() {
    // Test case 2 with its key padded by zeros to a block, as HMAC itself does (RFC 2104, 2).
    let mut key = [0; 32];
    key[..4].copy_from_slice(b"Jefe");
    let tag = HmacKey::new(&key).sign(&[b"what do ya want ", b"for nothing?"]);
    let expected = [
        0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24, 0x26, 0x08, 0x95, 0x75,
        0xc7, 0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27, 0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec,
        0x38, 0x43,
    ];
    assert_eq!(tag, expected);
}

/// Runs only in a build with the module: `cargo test -p countersign --features fips`.
#[cfg(feature = "fips")]
#[test]
fn the_fips_module_is_the_one_in_use() {
    assert_eq!(aws_lc_rs::try_fips_mode(), Ok(()));
}

#[test]
fn v5_algorithms_have_their_registered_names() {
    for algorithm in Algorithm::ALL {
        assert_eq!(Algorithm::from_name(algorithm.name()), Some(algorithm));
    }
    // RFC 9864, 2.2.
    assert_eq!(Algorithm::from_name("Ed25519"), Some(Algorithm::EdDsa));
    for name in ["none", "HS256", "es256", "ES256K", "Ed448", "RS1", ""] {
        assert_eq!(Algorithm::from_name(name), None, "{name}");
    }
}
