//! SHA-256 values, each a type of its own, so that one can't stand where another belongs: [`Ath`]
//! and [`Thumbprint`].
//!
//! The digest comes in as a value, so that a browser can compute it by its own means. Where a back
//! end is enabled, `crypto::ath` and `crypto::thumbprint` compute it.

use alloc::string::String;
use core::hint::black_box;

use crate::jose::base64url;

/// Defines a type for one kind of SHA-256 value.
macro_rules! sha256_type {
    ($(#[$documentation:meta])* $name:ident) => {
        $(#[$documentation])*
        ///
        /// Comparison takes the same time wherever the two differ.
        #[derive(Clone, Copy, Debug, Eq)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Wraps a digest.
            #[must_use]
            pub const fn from_digest(digest: [u8; 32]) -> Self {
                Self(digest)
            }

            /// Reads base64url text. `None`: it is not 32 bytes of strict base64url.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                base64url::decode_array(text).map(Self)
            }

            /// Returns the base64url text, 43 characters.
            #[must_use]
            pub fn to_base64url(&self) -> String {
                base64url::encode(&self.0)
            }

            /// Returns the digest.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                equal_in_constant_time(&self.0, &other.0)
            }
        }

        impl core::hash::Hash for $name {
            fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
                self.0.hash(state);
            }
        }
    };
}

sha256_type! {
    /// The SHA-256 of an access token's ASCII text: a proof's `ath` (RFC 9449, 4.2).
    ///
    /// The token's text is what follows `Authorization: DPoP `.
    Ath
}

sha256_type! {
    /// The SHA-256 that identifies a key (RFC 7638): `cnf.jkt` of a token, and the parameter
    /// `dpop_jkt`.
    ///
    /// The digest is of [`PublicJwk::thumbprint_input`](crate::jwk::PublicJwk::thumbprint_input).
    Thumbprint
}

/// Compares two byte strings in a time that depends on their lengths only.
///
/// Every byte is looked at, and `black_box` keeps the compiler from stopping at the first
/// difference.
pub(crate) fn equal_in_constant_time(a: &[u8], b: &[u8]) -> bool {
    let difference = a
        .iter()
        .zip(b)
        .fold(0, |difference, (a, b)| difference | (a ^ b));
    a.len() == b.len() && black_box(difference) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equality_is_of_length_and_of_every_byte() {
        assert!(equal_in_constant_time(b"", b""));
        assert!(equal_in_constant_time(b"abc", b"abc"));
        for other in [&b"abd"[..], b"bbc", b"ab", b"abcd", b""] {
            assert!(!equal_in_constant_time(b"abc", other));
        }
    }

    #[test]
    fn thumbprints_compare_by_value() {
        let a = Thumbprint::from_digest([1; 32]);
        let mut other = [1; 32];
        other[31] = 2;
        assert_eq!(Thumbprint::parse(&a.to_base64url()), Some(a));
        assert_ne!(a, Thumbprint::from_digest(other));
        assert_eq!(Thumbprint::parse("AA"), None);
    }
}
