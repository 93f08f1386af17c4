//! Why an access token is refused.

use countersign::{
    UnixSeconds, access_token::ConfirmationError, jose::jws::JwsError, sibling::Quoted,
};
use thiserror::Error;

/// Why an access token is refused. `Display` is for logs: what came from outside is quoted in it,
/// shortened and with control characters escaped.
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
    /// It has no `typ`, where only `at+jwt` is accepted.
    #[error("it has no typ; have the issuer write `at+jwt`, or accept other types (TokenTypes)")]
    TypeMissing,
    /// Its header does not say that it is an access token, and a claim says that it is something
    /// else.
    #[error("its claim `{claim}` is that of another JWT than an access token")]
    OtherJwt {
        /// The claim.
        claim: &'static str,
    },
    /// Its header does not say that it is an access token, and it speaks for nobody.
    #[error("it has none of `sub`, `client_id` and `azp`, so it is no access token")]
    Nobody,
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
    /// Too many of the issuer's keys may have signed it.
    #[error("{}", ambiguous(.kid.as_deref(), *.most))]
    AmbiguousKey {
        /// The header's `kid`.
        kid: Option<String>,
        /// So many keys are tried.
        most: usize,
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
    /// It claims to be valid for longer than is believed.
    #[error(
        "it expires in {} seconds, and no more than {limit_seconds} are believed; have the issuer give it a shorter life, \
         or raise AccessTokenPolicy::with_max_time_left",
        at.since(*now)
    )]
    ExpiresTooLate {
        /// `exp`
        at: UnixSeconds,
        /// When it was presented.
        now: UnixSeconds,
        /// The policy's.
        limit_seconds: i64,
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
    /// An unbound token whose header does not say that it is an access token.
    #[error(
        "it is bound to no key and its typ is not `at+jwt`: it may be another JWT of the issuer; have the issuer write \
         `at+jwt`, or accept other types (AccessTokenPolicy::lenient)"
    )]
    UnboundType,
}

/// ` its kid "..."`, where it has one.
fn named(kid: Option<&str>) -> String {
    kid.map_or_else(String::new, |kid| format!(" its kid {}", Quoted(kid)))
}

fn ambiguous(kid: Option<&str>, most: usize) -> String {
    match kid {
        None => format!(
            "it has no `kid`, and more than {most} keys of the issuer fit its alg; have the issuer write `kid` into the header"
        ),
        Some(kid) => format!(
            "more than {most} keys of the issuer have its kid {}; have the issuer give each key a `kid` of its own",
            Quoted(kid)
        ),
    }
}

impl TokenError {
    /// The variant's name, unmistakable among the names of all rejections.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "TokenMalformed",
            Self::Type { .. } => "TokenType",
            Self::TypeMissing => "TokenTypeMissing",
            Self::OtherJwt { .. } => "TokenOtherJwt",
            Self::Nobody => "TokenNobody",
            Self::Algorithm { .. } => "TokenAlgorithm",
            Self::UnknownKey { .. } => "TokenUnknownKey",
            Self::AmbiguousKey { .. } => "TokenAmbiguousKey",
            Self::Signature => "TokenSignature",
            Self::Claim { .. } => "TokenClaim",
            Self::Issuer { .. } => "TokenIssuer",
            Self::Audience { .. } => "TokenAudience",
            Self::Expired { .. } => "TokenExpired",
            Self::ExpiresTooLate { .. } => "TokenExpiresTooLate",
            Self::NotYetValid { .. } => "TokenNotYetValid",
            Self::Confirmation(_) => "TokenConfirmation",
            Self::BoundAsBearer => "TokenBoundAsBearer",
            Self::UnboundUnderDpop => "TokenUnboundUnderDpop",
            Self::Unbound => "TokenUnbound",
            Self::UnboundType => "TokenUnboundType",
        }
    }
}
