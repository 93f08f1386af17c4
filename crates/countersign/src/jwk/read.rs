//! Reading public keys from JSON: a proof's `jwk`, and the keys of an issuer's JWKS (RFC 7517,
//! RFC 7518 section 6, RFC 8037).

use alloc::{string::String, vec::Vec};

use serde_json::{Map, Value};

use crate::text::Quoted;
use crate::{
    jose::base64url::{self, decode_array},
    jwk::PublicJwk,
};

/// The members that only a private or symmetric key has. A key with one of them, whatever its
/// value, is refused.
pub const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Why a JSON value is not accepted as a public key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JwkError {
    /// It holds a part of the private key, which is now known to everybody who has seen it.
    #[error(
        "the key has the private member `{name}`; send the public members only, and replace this key"
    )]
    PrivateMember {
        /// The first such member.
        name: &'static str,
    },
    /// `kty`, or `crv` for this `kty`, is missing or not supported.
    #[error("keys of type {} are not supported; use P-256, P-384, P-521, Ed25519 or RSA", Quoted(.received))]
    UnsupportedType {
        /// `kty`, and `crv` after a blank where there is one.
        received: String,
    },
    /// A member that this type of key needs is missing, or not a base64url text of the right
    /// length.
    #[error("the key's member `{name}` must be base64url of {expected}")]
    Member {
        /// The member.
        name: &'static str,
        /// What it must hold.
        expected: &'static str,
    },
}

impl PublicJwk {
    /// Reads a public key. Members that say nothing about the key itself (`kid`, `use`, `alg`, ...)
    /// are ignored.
    ///
    /// # Errors
    /// One [`JwkError`] for each rule; a private member is refused whatever the type.
    pub fn from_json(jwk: &Map<String, Value>) -> Result<Self, JwkError> {
        refuse_private_members(jwk)?;
        read_public_members(jwk)
    }
}

/// Refuses a key with private members (4.3, 7).
pub(crate) fn refuse_private_members(jwk: &Map<String, Value>) -> Result<(), JwkError> {
    // Iterates over the few members that are present, which is cheaper than looking each of ours
    // up.
    let is_private = |member: &String| PRIVATE_MEMBERS.contains(&member.as_str());
    if !jwk.keys().any(is_private) {
        return Ok(());
    }
    match PRIVATE_MEMBERS
        .into_iter()
        .find(|name| jwk.contains_key(*name))
    {
        Some(name) => Err(JwkError::PrivateMember { name }),
        None => Ok(()),
    }
}

pub(crate) fn read_public_members(jwk: &Map<String, Value>) -> Result<PublicJwk, JwkError> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    match (text("kty"), text("crv")) {
        (Some("EC"), Some("P-256")) => Ok(PublicJwk::P256 {
            x: coordinate(jwk, "x", "32 bytes")?,
            y: coordinate(jwk, "y", "32 bytes")?,
        }),
        (Some("EC"), Some("P-384")) => Ok(PublicJwk::P384 {
            x: coordinate(jwk, "x", "48 bytes")?,
            y: coordinate(jwk, "y", "48 bytes")?,
        }),
        (Some("EC"), Some("P-521")) => Ok(PublicJwk::P521 {
            x: coordinate(jwk, "x", "66 bytes")?,
            y: coordinate(jwk, "y", "66 bytes")?,
        }),
        (Some("OKP"), Some("Ed25519")) => Ok(PublicJwk::Ed25519 {
            x: coordinate(jwk, "x", "32 bytes")?,
        }),
        (Some("RSA"), _) => Ok(PublicJwk::Rsa {
            n: integer(jwk, "n")?,
            e: integer(jwk, "e")?,
        }),
        (kty, crv) => {
            let mut received = String::from(kty.unwrap_or_default());
            if let Some(crv) = crv {
                received.push(' ');
                received.push_str(crv);
            }
            Err(JwkError::UnsupportedType { received })
        }
    }
}

fn coordinate<const N: usize>(
    jwk: &Map<String, Value>,
    name: &'static str,
    expected: &'static str,
) -> Result<[u8; N], JwkError> {
    let text = jwk.get(name).and_then(Value::as_str);
    text.and_then(decode_array)
        .ok_or(JwkError::Member { name, expected })
}

/// `Base64urlUInt`: the shortest encoding, so that one key has one thumbprint.
fn integer(jwk: &Map<String, Value>, name: &'static str) -> Result<Vec<u8>, JwkError> {
    let text = jwk.get(name).and_then(Value::as_str);
    text.and_then(base64url::decode)
        .filter(|bytes| bytes.first().is_some_and(|first| *first != 0))
        .ok_or(JwkError::Member {
            name,
            expected: "a number without leading zero bytes",
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::json::parse_object;
    use std::format;

    fn read(json: &str) -> Result<PublicJwk, JwkError> {
        PublicJwk::from_json(&parse_object(json.as_bytes()).expect("JSON"))
    }

    #[test]
    fn what_is_written_is_read() {
        for key in [
            PublicJwk::P256 {
                x: [1; 32],
                y: [2; 32],
            },
            PublicJwk::P384 {
                x: [1; 48],
                y: [2; 48],
            },
            PublicJwk::P521 {
                x: [1; 66],
                y: [2; 66],
            },
            PublicJwk::Ed25519 { x: [3; 32] },
            PublicJwk::Rsa {
                n: std::vec![200; 256],
                e: std::vec![1, 0, 1],
            },
        ] {
            assert_eq!(read(&key.to_json()), Ok(key));
        }
    }

    #[test]
    fn v7_a_private_member_refuses_the_key_whatever_it_holds() {
        let public = PublicJwk::P256 {
            x: [1; 32],
            y: [2; 32],
        }
        .to_json();
        for name in PRIVATE_MEMBERS {
            for value in ["\"AA\"", "null", "1"] {
                let json = public.replacen('{', &format!("{{\"{name}\":{value},"), 1);
                assert_eq!(read(&json), Err(JwkError::PrivateMember { name }));
            }
        }
    }

    #[test]
    fn v5_symmetric_and_unknown_keys_are_refused() {
        for (json, received) in [
            (r#"{"kty":"oct"}"#, "oct"),
            (r#"{"kty":"EC","crv":"secp256k1"}"#, "EC secp256k1"),
            (r#"{"kty":"OKP","crv":"X25519"}"#, "OKP X25519"),
            (r#"{"kty":"ec","crv":"P-256"}"#, "ec P-256"),
            (r#"{"kty":["EC"],"crv":"P-256"}"#, " P-256"),
            ("{}", ""),
        ] {
            assert_eq!(
                read(json),
                Err(JwkError::UnsupportedType {
                    received: received.into()
                })
            );
        }
    }

    #[test]
    fn v6_members_have_exactly_their_length() {
        let short = base64url::encode(&[1; 31]);
        let right = base64url::encode(&[1; 32]);
        let long = base64url::encode(&[0; 33]);
        for (x, y, name) in [(&short, &right, "x"), (&right, &long, "y")] {
            let json = format!(r#"{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}}"#);
            assert_eq!(
                read(&json),
                Err(JwkError::Member {
                    name,
                    expected: "32 bytes"
                })
            );
        }
        for json in [
            r#"{"kty":"RSA","n":"AAAB","e":"AQAB"}"#,
            r#"{"kty":"RSA","e":"AQAB"}"#,
            r#"{"kty":"RSA","n":""}"#,
        ] {
            assert!(
                matches!(read(json), Err(JwkError::Member { name: "n", .. })),
                "{json}"
            );
        }
    }
}
