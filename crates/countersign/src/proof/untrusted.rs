use alloc::string::String;

use serde_json::{Map, Value};

use super::error::ProofError;
use crate::jose::jws::CompactJws;

/// A proof that has been read and not checked. For showing it to a person; a decision needs a [`VerifiedProof`](super::VerifiedProof).
#[derive(Clone, Debug)]
pub struct UntrustedProof<'a> {
    pub(super) jws: CompactJws<'a>,
}

impl<'a> UntrustedProof<'a> {
    /// Reads the `DPoP` header's value, of at most `limit` bytes.
    ///
    /// # Errors
    /// [`ProofError::Malformed`].
    pub fn parse(header: &'a [u8], limit: usize) -> Result<Self, ProofError> {
        let jws = CompactJws::parse(header, limit).map_err(ProofError::Malformed)?;
        Ok(Self { jws })
    }

    /// The header's members as the sender wrote them.
    #[must_use]
    pub const fn header(&self) -> &Map<String, Value> {
        self.jws.header()
    }

    /// The claims as the sender wrote them.
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
