//! SHA-256 values, each a type of its own, so that one can't stand where another belongs. They come in ready made: the
//! caller digests.

use crate::base64url;

/// Strict base64url of exactly `N` bytes.
pub(crate) fn fixed<const N: usize>(text: &str) -> Option<[u8; N]> {
    (*base64url::decode(text)?).try_into().ok()
}

/// A type for one kind of SHA-256 value.
macro_rules! sha256_type {
    ($(#[$documentation:meta])* $name:ident) => {
        $(#[$documentation])*
        ///
        /// Comparison takes the same time wherever the two differ.
        #[derive(Clone, Copy, Debug, Eq)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Of the digest.
            #[must_use]
            pub const fn from_digest(digest: [u8; 32]) -> Self {
                Self(digest)
            }

            /// From its base64url text. `None`: not 32 bytes of strict base64url.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                $crate::digest::fixed(text).map(Self)
            }

            /// Its base64url text, 43 characters.
            #[must_use]
            pub fn to_base64url(&self) -> alloc::string::String {
                $crate::base64url::encode(&self.0)
            }

            /// The digest itself.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                $crate::digest::equal_in_constant_time(&self.0, &other.0)
            }
        }

        impl core::hash::Hash for $name {
            fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
                self.0.hash(state);
            }
        }
    };
}
pub(crate) use sha256_type;

#[cfg(all(
    feature = "verify",
    any(feature = "aws-lc-rs", feature = "rust-crypto")
))]
pub(crate) fn equal_in_constant_time(a: &[u8; 32], b: &[u8; 32]) -> bool {
    crate::server::crypto::equal(a, b)
}

/// Without a verifier nothing secret is compared; folding is constant enough and small.
#[cfg(not(all(
    feature = "verify",
    any(feature = "aws-lc-rs", feature = "rust-crypto")
)))]
pub(crate) fn equal_in_constant_time(a: &[u8; 32], b: &[u8; 32]) -> bool {
    a.iter()
        .zip(b)
        .fold(0, |difference, (a, b)| difference | (a ^ b))
        == 0
}
