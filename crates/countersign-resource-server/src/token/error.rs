//! Why an access token is refused.

use countersign::{
    UnixSeconds,
    access_token::{ConfirmationError, PresentationError},
    jose::jws::JwsError,
    sibling::Quoted,
};
use thiserror::Error;

/// Why an access token is refused. `Display` is for logs: what came from outside is quoted in it,
/// shortened and with control characters escaped.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TokenError {
    /// It is not a well-formed signed JWT.
    #[error("it is not a well-formed JWT")]
    Malformed(#[source] JwsError),
    /// Its `typ` is that of another kind of JWT.
    #[error("its typ is {}, which is not that of an access token", Quoted(.received))]
    Type {
        /// The header's `typ`.
        received: String,
    },
    /// It has no `typ`, and only `at+jwt` is accepted.
    #[error("it has no typ; have the issuer write `at+jwt`, or accept other types (TokenTypes)")]
    TypeMissing,
    /// Its header does not say that it is an access token, and a claim says that it is another JWT.
    #[error("its claim `{claim}` belongs to another kind of JWT")]
    OtherJwt {
        /// The claim.
        claim: &'static str,
    },
    /// Its header does not say that it is an access token, and it names neither user nor client.
    #[error("it has none of `sub`, `client_id` and `azp`, so it is not an access token")]
    Nobody,
    /// Its `alg` is not accepted.
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
        /// How many keys are tried at most.
        most: usize,
    },
    /// Its signature does not verify with the issuer's key.
    #[error("its signature does not verify")]
    Signature,
    /// A claim is missing or has the wrong JSON type.
    #[error("its claim `{claim}` is missing or malformed")]
    Claim {
        /// The claim.
        claim: &'static str,
    },
    /// It is from another issuer.
    #[error("its issuer is {}, not `{expected}`", Quoted(.received))]
    Issuer {
        /// The configured value.
        expected: String,
        /// The claim.
        received: String,
    },
    /// It is for another API.
    #[error("its audience {} does not include `{expected}`", Quoted(&.received.join(" ")))]
    Audience {
        /// The configured value.
        expected: String,
        /// The claim's values.
        received: Vec<String>,
    },
    /// It has expired.
    #[error("it expired {} seconds ago", now.since(*at))]
    Expired {
        /// `exp`
        at: UnixSeconds,
        /// When it was presented.
        now: UnixSeconds,
    },
    /// It expires later than the policy allows.
    #[error(
        "it expires in {} seconds, and at most {limit_seconds} are accepted; have the issuer give \
         it a shorter life, or raise AccessTokenPolicy::with_max_time_left",
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
    /// It is not valid yet.
    #[error("it is not valid for another {} seconds", at.since(*now))]
    NotYetValid {
        /// `nbf`
        at: UnixSeconds,
        /// When it was presented.
        now: UnixSeconds,
    },
    /// Its `cnf` does not name a key.
    #[error(transparent)]
    Confirmation(ConfirmationError),
    /// It may not be presented as it was.
    #[error(transparent)]
    Presentation(#[from] PresentationError),
    /// An unbound token whose header does not say that it is an access token.
    #[error(
        "it is bound to no key and its typ is not `at+jwt`: it may be another JWT of the issuer; \
         have the issuer write `at+jwt`, or accept other types (AccessTokenPolicy::lenient)"
    )]
    UnboundType,
}

/// Says ` its kid "..."` if there is one.
fn named(kid: Option<&str>) -> String {
    kid.map_or_else(String::new, |kid| format!(" its kid {}", Quoted(kid)))
}

fn ambiguous(kid: Option<&str>, most: usize) -> String {
    match kid {
        None => format!(
            "it has no `kid`, and more than {most} keys of the issuer fit its alg; have the \
             issuer write `kid` into the header"
        ),
        Some(kid) => format!(
            "more than {most} keys of the issuer have its kid {}; have the issuer give each key a \
             `kid` of its own",
            Quoted(kid)
        ),
    }
}

impl TokenError {
    /// The variant's name, which is unique among the names of all rejections.
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
            Self::Presentation(PresentationError::BoundAsBearer) => "TokenBoundAsBearer",
            Self::Presentation(PresentationError::UnboundUnderDpop) => "TokenUnboundUnderDpop",
            Self::Presentation(PresentationError::Unbound) => "TokenUnbound",
            Self::Presentation(_) => "TokenPresentation",
            Self::UnboundType => "TokenUnboundType",
        }
    }
}
