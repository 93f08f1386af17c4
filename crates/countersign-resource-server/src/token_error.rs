//! Why an access token is refused.

use countersign::{
    UnixSeconds,
    server::{confirmation::ConfirmationError, jws::JwsError, quoted::Quoted},
};
use thiserror::Error;

/// Why an access token is refused. `Display` is for logs: what came from outside is quoted in it, shortened
/// and with control characters escaped.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TokenError {
    /// It is no JWT.
    #[error("it is no well-formed JWT: {0}")]
    Malformed(JwsError),
    /// Its `typ` is that of another kind of JWT.
    #[error("its typ is {}, which is not that of an access token", Quoted(.received))]
    Type {
        /// The header's `typ`.
        received: String,
    },
    /// Its `alg` is not on the list.
    #[error("its alg {} is not accepted", Quoted(.received))]
    Algorithm {
        /// The header's `alg`.
        received: String,
    },
    /// The issuer has no key for it.
    #[error("the issuer has no key that fits{}", named(.kid.as_deref()))]
    UnknownKey {
        /// The header's `kid`.
        kid: Option<String>,
    },
    /// The signature is not of the issuer's key.
    #[error("its signature does not verify")]
    Signature,
    /// A claim is missing or of another JSON type than it must be.
    #[error("its claim `{claim}` is missing or malformed")]
    Claim {
        /// The claim.
        claim: &'static str,
    },
    /// Another issuer's.
    #[error("its issuer is {}, not `{expected}`", Quoted(.received))]
    Issuer {
        /// As configured.
        expected: String,
        /// The claim.
        received: String,
    },
    /// For another API.
    #[error("its audience {} does not include `{expected}`", Quoted(&.received.join(" ")))]
    Audience {
        /// As configured.
        expected: String,
        /// The claim's values.
        received: Vec<String>,
    },
    /// Its time has passed.
    #[error("it expired {} seconds ago", now.since(*at))]
    Expired {
        /// `exp`
        at: UnixSeconds,
        /// When it was presented.
        now: UnixSeconds,
    },
    /// Its time has not come.
    #[error("it is valid in {} seconds only", at.since(*now))]
    NotYetValid {
        /// `nbf`
        at: UnixSeconds,
        /// When it was presented.
        now: UnixSeconds,
    },
    /// `cnf` names no key.
    #[error("{0}")]
    Confirmation(ConfirmationError),
    /// A bound token under the Bearer scheme: what a thief without the key would try.
    #[error("it is bound to a key and was presented as Bearer, without a proof")]
    BoundAsBearer,
    /// An unbound token under the DPoP scheme.
    #[error("it is bound to no key and was presented as DPoP")]
    UnboundUnderDpop,
    /// An unbound token where DPoP is required.
    #[error("it is bound to no key, which this API requires")]
    Unbound,
}

/// ` its kid "..."`, where it has one.
fn named(kid: Option<&str>) -> String {
    kid.map_or_else(String::new, |kid| format!(" its kid {}", Quoted(kid)))
}

impl TokenError {
    /// The variant's name, unmistakable among the names of all rejections.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "TokenMalformed",
            Self::Type { .. } => "TokenType",
            Self::Algorithm { .. } => "TokenAlgorithm",
            Self::UnknownKey { .. } => "TokenUnknownKey",
            Self::Signature => "TokenSignature",
            Self::Claim { .. } => "TokenClaim",
            Self::Issuer { .. } => "TokenIssuer",
            Self::Audience { .. } => "TokenAudience",
            Self::Expired { .. } => "TokenExpired",
            Self::NotYetValid { .. } => "TokenNotYetValid",
            Self::Confirmation(_) => "TokenConfirmation",
            Self::BoundAsBearer => "TokenBoundAsBearer",
            Self::UnboundUnderDpop => "TokenUnboundUnderDpop",
            Self::Unbound => "TokenUnbound",
        }
    }
}
