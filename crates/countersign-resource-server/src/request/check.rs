use countersign::proof::ProofCheck;

use crate::token::TokenCheck;

/// A check of a request, in the order in which they decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Check {
    /// There is one `Authorization` field, with a scheme that is known and one token.
    Credentials,
    /// There is not more than one `DPoP` field, and no list in it.
    ProofCount,
    /// The server's clock has not jumped. An explanation names this check only where it fails.
    Clock,
    /// One of the token's checks.
    Token(TokenCheck),
    /// A bound token comes under DPoP, an unbound one as Bearer.
    Presentation,
    /// The request's target is the path of a URL, as it is written.
    Target,
    /// One of the proof's checks.
    Proof(ProofCheck),
    /// The token has the scope that is required.
    Scope,
}
