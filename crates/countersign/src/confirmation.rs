//! What ties a token to a key and a proof to a token: `ath` (RFC 9449, 4.2), `cnf.jkt` (6.1, 6.2) and the
//! `dpop_jkt` parameter (10).
//!
//! Digests come in as values; this module names them so that one can't stand where another belongs.

use alloc::string::String;

use crate::{
    base64url,
    jwk::{Thumbprint, equal_in_constant_time, fixed},
};

/// The authorization request's parameter that binds the code to a key (section 10).
pub const DPOP_JKT: &str = "dpop_jkt";

/// The claim of a token, and member of an introspection response, that holds its confirmation (RFC 7800).
pub const CNF: &str = "cnf";

/// The confirmation's member that holds a key's thumbprint.
pub const JKT: &str = "jkt";

/// The SHA-256 of an access token's ASCII text: a proof's `ath`.
///
/// Comparison takes the same time wherever the two differ.
#[derive(Clone, Copy, Debug, Eq)]
pub struct Ath([u8; 32]);

impl Ath {
    /// Of the SHA-256 digest of the access token as it stands after `Authorization: DPoP `.
    #[must_use]
    pub const fn from_digest(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// From the claim's text. `None`: not 32 bytes of strict base64url.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        fixed(text).map(Self)
    }

    /// The claim's text, 43 characters.
    #[must_use]
    pub fn to_base64url(&self) -> String {
        base64url::encode(&self.0)
    }

    /// The digest itself.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for Ath {
    fn eq(&self, other: &Self) -> bool {
        equal_in_constant_time(&self.0, &other.0)
    }
}

impl core::hash::Hash for Ath {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

/// The confirmation that an authorization server puts into a token, as JSON: `{"jkt":"..."}`.
#[must_use]
pub fn cnf_json(key: &Thumbprint) -> String {
    let mut out = String::with_capacity(53);
    out.push_str("{\"jkt\":\"");
    base64url::encode_into(&mut out, key.as_bytes());
    out.push_str("\"}");
    out
}
