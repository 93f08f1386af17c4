//! Rules for weak keys and signatures, so that every back end refuses the same ones.

use super::SignatureError;

/// Checks that the modulus has 2048 to 8192 bits and that the exponent is an odd number from 3 to
/// 32 bits, both without leading zero octets.
pub(super) fn check_rsa(n: &[u8], e: &[u8]) -> Result<(), SignatureError> {
    let bits = bits(n);
    if !(2048..=8192).contains(&bits) {
        return Err(SignatureError::RsaModulusSize { bits });
    }
    let is_odd = e.last().is_some_and(|last| last & 1 == 1);
    if e.len() > 4 || !is_odd || e == [1] {
        return Err(SignatureError::RsaExponent);
    }
    Ok(())
}

fn bits(n: &[u8]) -> usize {
    let leading_zeros = n.first().map_or(0, |first| first.leading_zeros() as usize);
    (n.len() * 8).saturating_sub(leading_zeros)
}

/// Checks that a key, which is not weak, has at most 4096 bits and the exponent 65537, as programs
/// generate them. Others take up to twelve times as long to check as an ES256 signature.
pub(super) fn check_rsa_cost(n: &[u8], e: &[u8]) -> Result<(), SignatureError> {
    if n.len() > 4096 / 8 {
        return Err(SignatureError::RsaModulusCost { bits: bits(n) });
    }
    if e != [1, 0, 1] {
        return Err(SignatureError::RsaExponentCost);
    }
    Ok(())
}

/// Checks that the key is a canonically encoded point of large order, and so is the signature's
/// `R`. RFC 8032 leaves `R` open and libraries differ, but no honest signer produces such a one.
pub(super) fn check_ed25519(key: &[u8; 32], signature: &[u8]) -> Result<(), SignatureError> {
    if !is_canonical_of_large_order(key) {
        return Err(SignatureError::Ed25519Key);
    }
    match signature.first_chunk() {
        Some(r) if is_canonical_of_large_order(r) => Ok(()),
        _ => Err(SignatureError::Invalid),
    }
}

/// The y coordinates of the eight points whose order divides 8, little-endian (pairs of points
/// share one, except those of order 1 and 2). For a key with one of them, anybody can make
/// signatures without a secret.
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

/// Tells whether a point's y coordinate is below p = 2^255 - 19 and is not that of a point of small
/// order.
fn is_canonical_of_large_order(point: &[u8; 32]) -> bool {
    let mut y = *point;
    y[31] &= 0x7f; // without the sign of x
    let is_below_p = y[0] < 0xed || y[31] != 0x7f || y[1..31].iter().any(|b| *b != 0xff);
    is_below_p && !SMALL_ORDER_Y.contains(&y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v6_an_rsa_exponent_has_32_bits_at_most() {
        let modulus = [0xff; 256];
        assert_eq!(check_rsa(&modulus, &[0x80, 0, 0, 1]), Ok(()));
        assert_eq!(
            check_rsa(&modulus, &[1, 0, 0, 0, 1]),
            Err(SignatureError::RsaExponent)
        );
    }

    #[test]
    fn v6_an_ed25519_coordinate_is_below_p_whichever_byte_makes_it_so() {
        let mut p = [0xff; 32];
        p[0] = 0xed;
        p[31] = 0x7f;
        assert!(!is_canonical_of_large_order(&p));
        let below_by = |index: usize, byte: u8| {
            let mut y = p;
            y[index] = byte;
            y
        };
        for y in [
            below_by(0, 0xeb), // p - 2: p - 1 is of small order
            below_by(1, 0xfe),
            below_by(30, 0),
            below_by(31, 0x7e),
        ] {
            assert!(is_canonical_of_large_order(&y), "{y:02x?}");
        }
    }
}
