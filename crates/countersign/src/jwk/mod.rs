//! Public keys as JSON Web Keys (RFC 7517, RFC 7518 section 6, RFC 8037) and their thumbprints
//! (RFC 7638).
//!
//! A [`PublicJwk`] has no place for a private member. A client creates one from the coordinates
//! that its key store exports ([`PublicJwk::es256`]); a server reads one from JSON
//! (`PublicJwk::from_json`, feature `json`). This module does not compute SHA-256, so that a
//! browser can use its own: [`PublicJwk::thumbprint_input`] gives the text, and
//! [`Thumbprint::from_digest`](crate::digest::Thumbprint::from_digest) takes its digest.
//!
//! ```
//! use countersign::jwk::PublicJwk;
//!
//! // RFC 9449, figure 2: as WebCrypto's `exportKey("jwk")` names them.
//! let x = "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs";
//! let y = "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA";
//! let key = PublicJwk::es256(x, y).expect("32 bytes each");
//! assert_eq!(key.to_json(), format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#));
//! assert!(PublicJwk::es256(x, "AAAA").is_none());
//! ```

use alloc::{string::String, vec::Vec};

#[cfg(feature = "json")]
pub(crate) mod read;

#[cfg(feature = "json")]
pub use self::read::{JwkError, PRIVATE_MEMBERS};
use crate::jose::base64url::{self, decode_array};

/// A public key that can sign proofs. Numbers are big-endian, of the curve's field size.
///
/// A value of this type may be no usable key: `crypto::verify` checks that a point lies on its
/// curve and that an RSA modulus has an acceptable size.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum PublicJwk {
    /// NIST P-256 (`ES256`).
    P256 {
        /// x coordinate
        x: [u8; 32],
        /// y coordinate
        y: [u8; 32],
    },
    /// NIST P-384 (`ES384`).
    P384 {
        /// x coordinate
        x: [u8; 48],
        /// y coordinate
        y: [u8; 48],
    },
    /// NIST P-521 (`ES512`).
    P521 {
        /// x coordinate
        x: [u8; 66],
        /// y coordinate
        y: [u8; 66],
    },
    /// Ed25519 (`EdDSA`).
    Ed25519 {
        /// The public key as RFC 8032 encodes it.
        x: [u8; 32],
    },
    /// RSA (`PS256`, `RS256`, ...).
    Rsa {
        /// Modulus, without leading zero octets.
        n: Vec<u8>,
        /// Public exponent, without leading zero octets.
        e: Vec<u8>,
    },
}

impl PublicJwk {
    /// Creates a P-256 key from the base64url coordinates that WebCrypto exports. `None`: one of
    /// them is not 32 bytes of strict base64url.
    #[must_use]
    pub fn es256(x: &str, y: &str) -> Option<Self> {
        Some(Self::P256 {
            x: decode_array(x)?,
            y: decode_array(y)?,
        })
    }

    /// Returns the algorithm that proofs by this key use by default: the curve's own, and for RSA
    /// `PS256` (RSASSA-PKCS1-v1_5 is older and no faster).
    #[must_use]
    pub const fn proof_algorithm(&self) -> &'static str {
        match self {
            Self::P256 { .. } => "ES256",
            Self::P384 { .. } => "ES384",
            Self::P521 { .. } => "ES512",
            Self::Ed25519 { .. } => "EdDSA",
            Self::Rsa { .. } => "PS256",
        }
    }

    /// Returns the key as JSON, with the required members only and in the order of RFC 7638: both
    /// the proof's `jwk` and the [`thumbprint_input`](Self::thumbprint_input).
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = String::with_capacity(128);
        match self {
            Self::P256 { x, y } => push_ec(&mut out, "P-256", x, y),
            Self::P384 { x, y } => push_ec(&mut out, "P-384", x, y),
            Self::P521 { x, y } => push_ec(&mut out, "P-521", x, y),
            Self::Ed25519 { x } => {
                out.push_str("{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"");
                base64url::encode_into(&mut out, x);
            }
            Self::Rsa { n, e } => {
                out.push_str("{\"e\":\"");
                base64url::encode_into(&mut out, e);
                out.push_str("\",\"kty\":\"RSA\",\"n\":\"");
                base64url::encode_into(&mut out, n);
            }
        }
        out.push_str("\"}");
        out
    }

    /// Returns the text whose SHA-256 is the key's [`Thumbprint`](crate::digest::Thumbprint)
    /// (RFC 7638, section 3).
    #[must_use]
    pub fn thumbprint_input(&self) -> String {
        self.to_json()
    }
}

fn push_ec(out: &mut String, curve: &str, x: &[u8], y: &[u8]) {
    out.push_str("{\"crv\":\"");
    out.push_str(curve);
    out.push_str("\",\"kty\":\"EC\",\"x\":\"");
    base64url::encode_into(out, x);
    out.push_str("\",\"y\":\"");
    base64url::encode_into(out, y);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    const X: &str = "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs";
    const Y: &str = "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA";

    #[test]
    fn members_stand_in_the_order_of_rfc7638() {
        let rsa = PublicJwk::Rsa {
            n: std::vec![0xff; 3],
            e: std::vec![1, 0, 1],
        };
        assert_eq!(rsa.to_json(), r#"{"e":"AQAB","kty":"RSA","n":"____"}"#);
        let ed = PublicJwk::Ed25519 { x: [0; 32] };
        assert_eq!(
            ed.thumbprint_input(),
            r#"{"crv":"Ed25519","kty":"OKP","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#
        );
        let p384 = PublicJwk::P384 {
            x: [0; 48],
            y: [0; 48],
        };
        assert!(
            p384.to_json()
                .starts_with(r#"{"crv":"P-384","kty":"EC","x":"AAAA"#)
        );
    }

    #[test]
    fn coordinates_have_exactly_the_size_of_the_field() {
        assert!(PublicJwk::es256(X, Y).is_some());
        assert!(PublicJwk::es256(&X[1..], Y).is_none());
        assert!(PublicJwk::es256(X, &(Y.to_string() + "AA")).is_none());
        assert!(PublicJwk::es256("", "").is_none());
    }
}
