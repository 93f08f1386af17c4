//! Why a request is refused, and the one table of what becomes of each reason.
//!
//! The two sides are kept apart: [`Rejection`], its `Display` and [`Rejection::name`] are for logs
//! and hold the exact reason; the client gets the RFC's error code and a description of that code.

use std::sync::Arc;

use countersign::{
    access_token::CredentialsError,
    proof::ProofError,
    sibling::{Quoted, with_causes},
};
use http::StatusCode;
use thiserror::Error;

use crate::{
    clock::{ClockJump, HOLDS_FOR},
    keys::{DiscoveryError, RETRY_AFTER_FAILURE, UNKNOWN_KEY_INTERVAL},
    token::TokenError,
};

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Rejection {
    /// The request does not present exactly one token.
    #[error(transparent)]
    Credentials(CredentialsError),
    /// The request's target is not the normalised path of a URL (not a path, with dot segments, or
    /// with a percent-encoded letter, digit, `-`, `.` or `_`), or by its prefix it has the URL of
    /// another path. No proof can be for it.
    #[error(
        "the request target {} is not the path of a URL, has dot segments, encodes a letter, a \
         digit, `-`, `.` or `_`, or has the URL of another path", Quoted(.path)
    )]
    Target {
        /// The target as it came.
        path: String,
    },
    /// The token is not for this API, not valid now, or may not be used as it was.
    #[error("the access token is refused")]
    Token(#[source] TokenError),
    /// The proof does not prove this request, or needs a nonce.
    #[error("the proof is refused")]
    Proof(#[source] ProofError),
    /// The proof has been used before.
    #[error("the proof is a replay: this key has used its jti before")]
    Replayed,
    /// Token and proof are valid; the token does not allow this.
    #[error("the access token lacks the scope `{required}`")]
    Scope {
        /// The scope that the route requires.
        required: String,
    },
    /// The request cannot be decided now. It is not the client's fault.
    #[error("cannot decide now")]
    Unavailable(#[source] Unavailable),
}

/// What a decision needs and is missing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Unavailable {
    /// The keys of the authorization server.
    #[error("the issuer's keys are missing")]
    Keys(#[source] Arc<DiscoveryError>),
    /// Room in the replay store: to accept more, it would have to forget proofs that are still
    /// usable.
    #[error("the replay store is full")]
    ReplayStoreFull,
    /// The answer of the replay store.
    #[error("the replay store does not answer")]
    ReplayStore,
    /// The replay store's memory: for the store, the proof's time has passed, so it may have
    /// forgotten an earlier use. This server's clock has stepped back, or the clocks of replicas
    /// differ.
    #[error("the proof ends before the replay store's newest moment; check the server's clock")]
    Stale,
    /// The key that the token is signed with: no known key fits, and the issuer has been asked too
    /// often for unknown keys to be asked again now.
    #[error(
        "the token's key is not known, and the issuer was asked too often for unknown keys to be \
         asked again now"
    )]
    UnknownKey,
    /// The time: the clock has jumped ahead, and has not held for long enough yet.
    #[error(
        "the clock has jumped {seconds_ahead} seconds ahead of the monotonic clock; it is \
         believed when it has held for five seconds"
    )]
    Clock {
        /// How far it has jumped.
        seconds_ahead: i64,
    },
}

pub(super) const USE_DPOP_NONCE: &str = "use_dpop_nonce";

/// One row of the table.
pub(super) struct Row {
    pub(super) status: StatusCode,
    /// The `error` of the challenges; `None` if the client presented no token.
    pub(super) error: Option<&'static str>,
    /// Whether the error concerns Bearer too.
    pub(super) concerns_bearer: bool,
    /// Seconds.
    pub(super) retry_after: Option<u16>,
}

impl Rejection {
    /// The whole reason with its causes in one line, for logs. Never send it to the client.
    #[must_use]
    pub fn reason(&self) -> String {
        with_causes(self)
    }

    /// The name of the reason, for metrics and logs: that of the innermost variant.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Credentials(CredentialsError::Missing) => "CredentialsMissing",
            Self::Credentials(CredentialsError::Repeated { .. }) => "CredentialsRepeated",
            Self::Credentials(CredentialsError::UnknownScheme) => "UnknownScheme",
            Self::Credentials(_) => "CredentialsMalformed",
            Self::Target { .. } => "Target",
            Self::Token(error) => error.name(),
            Self::Proof(error) => error.name(),
            Self::Replayed => "Replayed",
            Self::Scope { .. } => "Scope",
            Self::Unavailable(Unavailable::Keys(_)) => "KeysUnavailable",
            Self::Unavailable(Unavailable::ReplayStoreFull) => "ReplayStoreFull",
            Self::Unavailable(Unavailable::ReplayStore) => "ReplayStoreUnavailable",
            Self::Unavailable(Unavailable::Stale) => "Stale",
            Self::Unavailable(Unavailable::UnknownKey) => "KeyUnknownForNow",
            Self::Unavailable(Unavailable::Clock { .. }) => "ClockJumped",
        }
    }

    /// The status of the response: 400, 401, 403 or 503.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.row().status
    }

    /// The error code that a client gets in the challenge (RFC 9449, section 7.1; RFC 6750, section
    /// 3.1); `None` if it presented no token, or is not at fault.
    #[must_use]
    pub fn code(&self) -> Option<&'static str> {
        self.row().error
    }

    /// Whether the response needs a nonce.
    pub(crate) fn wants_nonce(&self) -> bool {
        self.row().error == Some(USE_DPOP_NONCE)
    }

    /// The table of what becomes of each reason.
    pub(super) fn row(&self) -> Row {
        let row = |status, error, concerns_bearer| Row {
            status,
            error,
            concerns_bearer,
            retry_after: None,
        };
        match self {
            Self::Credentials(CredentialsError::Missing | CredentialsError::UnknownScheme) => {
                row(StatusCode::UNAUTHORIZED, None, true)
            }
            // RFC 6750, section 3.1: `invalid_token` includes malformed tokens.
            Self::Credentials(CredentialsError::Malformed) => {
                row(StatusCode::UNAUTHORIZED, Some("invalid_token"), true)
            }
            Self::Credentials(_) | Self::Target { .. } => {
                row(StatusCode::BAD_REQUEST, Some("invalid_request"), true)
            }
            Self::Token(_) => row(StatusCode::UNAUTHORIZED, Some("invalid_token"), true),
            Self::Proof(error) => row(StatusCode::UNAUTHORIZED, Some(error.code()), false),
            Self::Replayed => row(StatusCode::UNAUTHORIZED, Some("invalid_dpop_proof"), false),
            Self::Scope { .. } => row(StatusCode::FORBIDDEN, Some("insufficient_scope"), true),
            Self::Unavailable(cause) => Row {
                status: StatusCode::SERVICE_UNAVAILABLE,
                error: None,
                concerns_bearer: false,
                retry_after: Some(cause.retry_after()),
            },
        }
    }

    /// The description of an error code. It is the same for every reason that shares the code:
    /// details help an attacker more than a client, which can only start over. Only a target can be
    /// mended by the client.
    pub(super) fn description(&self, error: &str) -> &'static str {
        match (self, error) {
            (Self::Target { .. }, _) => {
                "The request target must be the path of a URL, without dot segments or needless \
                 percent-encoding"
            }
            (_, "invalid_request") => "The request must present one well-formed access token",
            (_, "invalid_token") => "The access token is not valid for this request",
            (_, USE_DPOP_NONCE) => "Resource server requires nonce in DPoP proof",
            (_, "insufficient_scope") => "The access token does not allow this request",
            _ => "The DPoP proof is missing or not valid for this request",
        }
    }
}

impl From<ClockJump> for Unavailable {
    fn from(jump: ClockJump) -> Self {
        Self::Clock {
            seconds_ahead: jump.seconds_ahead,
        }
    }
}

impl From<Arc<DiscoveryError>> for Unavailable {
    fn from(cause: Arc<DiscoveryError>) -> Self {
        Self::Keys(cause)
    }
}

impl From<Unavailable> for Rejection {
    fn from(cause: Unavailable) -> Self {
        Self::Unavailable(cause)
    }
}

impl Unavailable {
    /// The value of `Retry-After`, in seconds.
    fn retry_after(&self) -> u16 {
        match self {
            Self::Keys(_) => RETRY_AFTER_FAILURE.try_into().unwrap_or(u16::MAX),
            // Entries expire after a good part of a proof's lifetime.
            Self::ReplayStoreFull => 10,
            Self::ReplayStore => 2,
            // Later proofs pass as soon as the clock has caught up; the store doesn't say how far
            // behind it is.
            Self::Stale => 10,
            Self::UnknownKey => UNKNOWN_KEY_INTERVAL.try_into().unwrap_or(u16::MAX),
            Self::Clock { .. } => HOLDS_FOR.as_secs().try_into().unwrap_or(u16::MAX),
        }
    }
}
