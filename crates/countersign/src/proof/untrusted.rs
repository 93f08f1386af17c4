use alloc::string::String;

use serde_json::{Map, Value};

use super::error::ProofError;
use crate::jose::jws::CompactJws;

/// A proof that was parsed and not checked, for showing it to a person. A decision needs a
/// [`VerifiedProof`](super::VerifiedProof).
#[derive(Clone, Debug)]
pub struct UntrustedProof<'a> {
    pub(super) jws: CompactJws<'a>,
}

impl<'a> UntrustedProof<'a> {
    /// Parses the value of a `DPoP` header, of at most `limit` bytes.
    ///
    /// # Errors
    /// [`ProofError::Malformed`].
    pub fn parse(header: &'a [u8], limit: usize) -> Result<Self, ProofError> {
        let jws = CompactJws::parse(header, limit).map_err(ProofError::Malformed)?;
        Ok(Self { jws })
    }

    /// Returns the header's members, as the sender wrote them.
    #[must_use]
    pub const fn header(&self) -> &Map<String, Value> {
        self.jws.header()
    }

    /// Returns the claims, as the sender wrote them.
    #[must_use]
    pub const fn claims(&self) -> &Map<String, Value> {
        self.jws.claims()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    #[test]
    fn debug_output_holds_the_header_only() {
        // {"alg":"ES256"} and {"sub":"ann"}
        let proof = UntrustedProof::parse(b"eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.", 100);
        assert_eq!(
            format!("{:?}", proof.expect("a JWS")),
            r#"UntrustedProof { jws: CompactJws { header: {"alg": String("ES256")}, .. } }"#
        );
    }
}
