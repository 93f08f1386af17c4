//! JSON Object Signing and Encryption, as far as DPoP needs it: base64url (RFC 7515, 2), strict
//! JSON objects, and the compact serialisation of signed JWTs (RFC 7515, 7.1).

pub mod base64url;
#[cfg(feature = "json")]
pub mod json;
#[cfg(feature = "json")]
pub mod jws;
