use crate::{
    UnixSeconds,
    proof::{DpopField, Expected, NonceCheck, ProofError, VerifiedProof, Verifier},
    target::TargetUri,
};

/// An endpoint that receives proofs without access tokens: the token endpoint (5) or the pushed
/// authorization request endpoint (10.1).
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct ProofEndpoint<'a> {
    /// The verifier of the proofs.
    pub verifier: &'a Verifier,
    /// The endpoint's URI as clients see it.
    pub uri: &'a TargetUri,
    /// Whether proofs need a nonce (8).
    pub nonce: NonceCheck<'a>,
}

impl<'a> ProofEndpoint<'a> {
    /// Creates an endpoint at `uri`, whose proofs `verifier` checks and may need a `nonce`.
    #[must_use]
    pub const fn new(verifier: &'a Verifier, uri: &'a TargetUri, nonce: NonceCheck<'a>) -> Self {
        Self {
            verifier,
            uri,
            nonce,
        }
    }

    /// Checks the proof of a POST request. `None`: it has none, which is not an error yet (see
    /// [`Binding::of`](super::Binding::of), [`pushed_key`](super::pushed_key)).
    ///
    /// # Errors
    /// The first check of section 4.3 that fails. The answer has status 400 and the error's
    /// [code](ProofError::code); with `use_dpop_nonce` also a `DPoP-Nonce` and
    /// `Cache-Control: no-store`.
    pub fn check(
        &self,
        field: Option<DpopField<'_>>,
        now: UnixSeconds,
    ) -> Result<Option<VerifiedProof>, ProofError> {
        if field.is_none() {
            return Ok(None);
        }
        let expected = Expected::new("POST", self.uri, None, self.nonce);
        self.verifier.verify(field, &expected, now).map(Some)
    }
}
