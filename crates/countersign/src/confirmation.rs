//! What ties a token to a key and a proof to a token: `ath` (RFC 9449, 4.2), `cnf.jkt` (6.1, 6.2) and the
//! `dpop_jkt` parameter (10).
//!
//! Digests come in as values; this module names them so that one can't stand where another belongs.

use alloc::string::String;

use crate::{base64url, digest::sha256_type, jwk::Thumbprint};

/// The authorization request's parameter that binds the code to a key (section 10).
pub const DPOP_JKT: &str = "dpop_jkt";

/// The claim of a token, and member of an introspection response, that holds its confirmation (RFC 7800).
pub const CNF: &str = "cnf";

/// The confirmation's member that holds a key's thumbprint.
pub const JKT: &str = "jkt";

sha256_type! {
    /// The SHA-256 of an access token's ASCII text: a proof's `ath`. The token is what stands after
    /// `Authorization: DPoP `.
    Ath
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
