use crate::{
    digest::{Ath, Thumbprint},
    nonce::CheckNonce,
    target::TargetUri,
};

/// What the server knows about a request, which its proof must match.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Expected<'a> {
    /// The request's method, exactly as it was sent.
    pub method: &'a str,
    /// The request's URI as the client sees it, parsed as it was sent: a [needlessly
    /// encoded](TargetUri::check_encoding) one is refused. Parsing resolves dot segments; if your
    /// router sees the path as it was sent, refuse paths that have some.
    pub uri: &'a TargetUri,
    /// The access token that came with the proof; `None` at a token endpoint.
    pub token: Option<BoundToken>,
    /// Whether the proof needs a nonce.
    pub nonce: NonceCheck<'a>,
}

/// [`Expected`] in the sequence of checks, where an explanation may lack parts: `M` stands for
/// those.
#[allow(
    clippy::exhaustive_structs,
    reason = "for the crates of this project only"
)]
pub struct ExpectedParts<'a, M> {
    /// As [`Expected::method`].
    pub method: &'a str,
    /// As [`Expected::uri`].
    pub uri: Result<&'a TargetUri, M>,
    /// As [`Expected::token`]: its hash, and the key that it is bound to.
    pub token: Option<(Ath, Result<Thumbprint, M>)>,
    /// As [`Expected::nonce`].
    pub nonce: NonceCheck<'a>,
}

impl<'a> Expected<'a> {
    /// Creates the expectation from the request's `method` and `uri`, the `token` that came with
    /// the proof (`None` at a token endpoint), and whether a `nonce` is needed.
    #[must_use]
    pub const fn new(
        method: &'a str,
        uri: &'a TargetUri,
        token: Option<BoundToken>,
        nonce: NonceCheck<'a>,
    ) -> Self {
        Self {
            method,
            uri,
            token,
            nonce,
        }
    }

    pub(super) fn parts<M>(&self) -> ExpectedParts<'a, M> {
        ExpectedParts {
            method: self.method,
            uri: Ok(self.uri),
            token: self.token.map(|token| (token.ath, Ok(token.thumbprint))),
            nonce: self.nonce,
        }
    }
}

/// The access token that came with a proof, and that it must match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BoundToken {
    /// The token's hash ([`crypto::ath`](crate::crypto::ath)).
    pub ath: Ath,
    /// The key that the token is bound to: its `cnf.jkt`.
    pub thumbprint: Thumbprint,
}

impl BoundToken {
    /// Creates the expectation from the token's hash and the thumbprint of the key that it is bound
    /// to.
    #[must_use]
    pub const fn new(ath: Ath, thumbprint: Thumbprint) -> Self {
        Self { ath, thumbprint }
    }
}

/// Whether a proof needs a nonce. A server that issues nonces requires them of everybody (11.3).
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum NonceCheck<'a> {
    /// The server issues no nonces; one in a proof is ignored.
    NotRequired,
    /// Every proof needs a nonce that this judge accepts.
    Required(&'a dyn CheckNonce),
}
