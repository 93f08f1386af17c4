//! The key that a token is bound to: `cnf.jkt` in a JWT's claims (RFC 9449, 6.1) or in an
//! introspection response (6.2).
//!
//! ```
//! use countersign::{access_token::bound_key, jose::json::parse_object};
//!
//! let bound = parse_object(br#"{"cnf":{"jkt":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}}"#).expect("JSON");
//! assert!(bound_key(&bound)?.is_some());
//! let by_certificate = parse_object(br#"{"cnf":{"x5t#S256":"bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}}"#).expect("JSON");
//! assert!(bound_key(&by_certificate).is_err()); // neither unbound nor bound to a key
//! # Ok::<(), countersign::access_token::ConfirmationError>(())
//! ```

use alloc::string::String;

use serde_json::{Map, Value};

use crate::digest::Thumbprint;

/// The claim of a token, and member of an introspection response, that holds its confirmation
/// (RFC 7800).
pub const CNF: &str = "cnf";

/// The confirmation's member that holds a key's thumbprint.
pub const JKT: &str = "jkt";

/// Why a token's confirmation names no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfirmationError {
    /// `cnf` is there and holds no `jkt`: the token is bound to something that a proof can't show
    /// (11.10).
    #[error("the token's `cnf` has no `jkt`; it is bound to something other than a DPoP key")]
    NoThumbprint,
    /// `jkt` is not the base64url text of a SHA-256 value, or `cnf` is no object.
    #[error("the token's `cnf.jkt` is not a SHA-256 thumbprint in base64url")]
    Malformed,
}

/// Reads the thumbprint that a token is bound to. `None`: it has no confirmation at all, and is a
/// bearer token.
///
/// Other members of `cnf` are ignored, and never count as a match (RFC 7800, 3.1).
///
/// # Errors
/// A confirmation that names no key. Refuse such a token under both schemes: it is not unbound.
pub fn bound_key(claims: &Map<String, Value>) -> Result<Option<Thumbprint>, ConfirmationError> {
    let Some(confirmation) = claims.get(CNF) else {
        return Ok(None);
    };
    let confirmation = confirmation
        .as_object()
        .ok_or(ConfirmationError::Malformed)?;
    let jkt = confirmation
        .get(JKT)
        .ok_or(ConfirmationError::NoThumbprint)?;
    let thumbprint = jkt.as_str().and_then(Thumbprint::parse);
    thumbprint.map(Some).ok_or(ConfirmationError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::json::parse_object;
    use std::format;

    fn key(claims: &str) -> Result<Option<Thumbprint>, ConfirmationError> {
        bound_key(&parse_object(claims.as_bytes()).expect("JSON"))
    }

    #[test]
    fn v14_the_key_that_was_written_is_read() {
        let thumbprint = Thumbprint::from_digest([9; 32]);
        let cnf = format!(r#"{{"jkt":"{}"}}"#, thumbprint.to_base64url());
        assert_eq!(
            key(&format!(r#"{{"sub":"ann","cnf":{cnf}}}"#)),
            Ok(Some(thumbprint))
        );
        assert_eq!(key("{}"), Ok(None));
    }

    #[test]
    fn s9_unknown_confirmation_members_never_count_as_a_match() {
        for cnf in [
            r#"{"jkt#S512":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}"#,
            r#"{"x5t#S256":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}"#,
            r#"{"JKT":"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}"#,
            "{}",
        ] {
            assert_eq!(
                key(&format!(r#"{{"cnf":{cnf}}}"#)),
                Err(ConfirmationError::NoThumbprint),
                "{cnf}"
            );
        }
    }

    #[test]
    fn v14_a_malformed_confirmation_is_not_unbound() {
        for cnf in [
            "null",
            "[]",
            "\"a\"",
            r#"{"jkt":null}"#,
            r#"{"jkt":""}"#,
            r#"{"jkt":["a"]}"#,
            r#"{"jkt":"AA"}"#,
        ] {
            assert_eq!(
                key(&format!(r#"{{"cnf":{cnf}}}"#)),
                Err(ConfirmationError::Malformed),
                "{cnf}"
            );
        }
    }
}
