//! DPoP as the server's mode has it: the verifier, the store of used proofs, the nonces.

use std::time::Duration;

use countersign::{
    UnixSeconds,
    authorization_server::ProofEndpoint,
    crypto::Algorithm,
    header,
    nonce::NonceIssuer,
    proof::{BoundToken, DpopField, Expected, NonceCheck, ProofError, VerifiedProof, Verifier},
    replay::{InProcessReplayStore, ReplayError},
    target::TargetUri,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{
    config::DpopMode,
    secret::{NoRandomness, random},
};

/// The header that carries a proof.
pub(crate) const DPOP: HeaderName = HeaderName::from_static(header::DPOP);
/// The header that carries a nonce.
pub(crate) const DPOP_NONCE: HeaderName = HeaderName::from_static(header::DPOP_NONCE);

/// Enough for a thousand token requests per second, each proof remembered for 65 seconds.
const REPLAY_CAPACITY: usize = 65_536;

pub(crate) struct Proofs {
    mode: DpopMode,
    verifier: Verifier,
    replay: InProcessReplayStore,
    nonces: Option<NonceIssuer>,
}

impl Proofs {
    pub(crate) fn new(mode: DpopMode, nonce_lifetime: Duration) -> Result<Self, NoRandomness> {
        let nonces = match mode {
            DpopMode::Nonce => Some(NonceIssuer::new(&random()?, nonce_lifetime)),
            DpopMode::On | DpopMode::Off | DpopMode::AdvertisedOnly => None,
        };
        Ok(Self {
            mode,
            verifier: Verifier::default(),
            replay: InProcessReplayStore::new(REPLAY_CAPACITY, &random()?),
            nonces,
        })
    }

    /// Tells whether proofs are checked.
    pub(crate) fn is_on(&self) -> bool {
        self.mode != DpopMode::Off
    }

    /// Tells whether tokens are bound to the key of a proof.
    pub(crate) fn binds(&self) -> bool {
        matches!(self.mode, DpopMode::On | DpopMode::Nonce)
    }

    /// Returns the algorithms that the metadata lists (RFC 9449, 5.1).
    pub(crate) fn algorithms(&self) -> Vec<&'static str> {
        let algorithms = self.verifier.policy().algorithms().iter();
        algorithms
            .map(|algorithm| Algorithm::name(*algorithm))
            .collect()
    }

    /// Returns the algorithms that a challenge lists (RFC 9449, 7.1).
    pub(crate) fn algs(&self) -> String {
        self.verifier.policy().algs()
    }

    /// Checks the proof of a request to the token endpoint or to that of pushed requests. Returns
    /// `None` if it has none, or the mode is off.
    pub(crate) fn check(
        &self,
        headers: &HeaderMap,
        uri: &TargetUri,
        now: UnixSeconds,
    ) -> Result<Option<VerifiedProof>, ProofError> {
        if !self.is_on() {
            return Ok(None);
        }
        let endpoint = ProofEndpoint::new(&self.verifier, uri, self.nonce());
        endpoint.check(DpopField::parse(&fields(headers))?, now)
    }

    /// Checks the proof of a request with a bound access token.
    pub(crate) fn verify(
        &self,
        headers: &HeaderMap,
        method: &str,
        uri: &TargetUri,
        token: BoundToken,
        now: UnixSeconds,
    ) -> Result<VerifiedProof, ProofError> {
        let expected = Expected::new(method, uri, Some(token), self.nonce());
        let field = DpopField::parse(&fields(headers))?;
        self.verifier.verify(field, &expected, now)
    }

    fn nonce(&self) -> NonceCheck<'_> {
        match &self.nonces {
            Some(nonces) => NonceCheck::Required(nonces),
            None => NonceCheck::NotRequired,
        }
    }

    /// Records that a proof was used. This comes last, after every other check: a refused proof
    /// burns nothing.
    pub(crate) fn remember(
        &self,
        proof: &VerifiedProof,
        now: UnixSeconds,
    ) -> Result<(), ReplayError> {
        self.replay.insert_now(&proof.replay_entry(), now)
    }

    /// Adds a nonce to the response if the mode has nonces. Every response has one (RFC 9449, 8.2),
    /// so that a test shows whether clients follow the newest.
    pub(crate) fn add_nonce(&self, headers: &mut HeaderMap, now: UnixSeconds) {
        let nonce = self.nonces.as_ref().map(|issuer| issuer.issue(now));
        if let Some(nonce) = nonce.and_then(|nonce| HeaderValue::try_from(nonce).ok()) {
            headers.insert(DPOP_NONCE, nonce);
        }
    }
}

fn fields(headers: &HeaderMap) -> Vec<&[u8]> {
    let fields = headers.get_all(DPOP).iter();
    fields.map(HeaderValue::as_bytes).collect()
}
