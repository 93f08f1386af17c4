use crate::{
    UnixSeconds,
    proof::{Expected, NonceCheck, ProofError, VerifiedProof, Verifier},
    target::TargetUri,
};

/// An endpoint that is sent proofs without access tokens: the token endpoint (5), or that of pushed authorization requests
/// (10.1).
#[derive(Clone, Copy)]
pub struct ProofEndpoint<'a> {
    /// By what policy.
    pub verifier: &'a Verifier,
    /// The endpoint's URI as clients see it.
    pub uri: &'a TargetUri,
    /// Whether proofs need a nonce (8).
    pub nonce: NonceCheck<'a>,
}

impl ProofEndpoint<'_> {
    /// Checks the proof of a request, which is a POST. `dpop_headers` are the values of all its `DPoP` header fields.
    /// `None`: it has none, which is no error yet ([`Binding::of`](super::Binding::of), [`pushed_key`](super::pushed_key)).
    ///
    /// # Errors
    /// The first check of section 4.3 that fails. The answer has status 400, its [code](ProofError::code), and where that
    /// is `use_dpop_nonce`, a `DPoP-Nonce` and `Cache-Control: no-store`.
    pub fn check(
        &self,
        dpop_headers: &[&[u8]],
        now: UnixSeconds,
    ) -> Result<Option<VerifiedProof>, ProofError> {
        if dpop_headers.is_empty() {
            return Ok(None);
        }
        let expected = Expected {
            method: "POST",
            uri: self.uri,
            token: None,
            nonce: self.nonce,
        };
        self.verifier.verify(dpop_headers, &expected, now).map(Some)
    }
}
