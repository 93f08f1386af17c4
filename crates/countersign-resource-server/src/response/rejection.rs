//! Why a request is refused, and the one table that turns a reason into a response.
//!
//! The two sides are kept apart: [`Rejection`], its `Display` and [`Rejection::name`] are for logs and
//! hold the exact reason; the client gets the RFC's error code and a description of that code.

use std::sync::Arc;

use countersign::{
    access_token::CredentialsError,
    challenge::{Challenge, RESOURCE_METADATA},
    proof::ProofError,
    sibling::Quoted,
};
use http::{
    HeaderValue, Response, StatusCode,
    header::{CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE},
};
use thiserror::Error;

use crate::{
    clock::HOLDS_FOR,
    headers::DPOP_NONCE,
    keys::{DiscoveryError, RETRY_AFTER_FAILURE, UNKNOWN_KEY_INTERVAL},
    token::TokenError,
};

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Rejection {
    /// The request presents no token, or not clearly one.
    #[error("{0}")]
    Credentials(CredentialsError),
    /// The request's own target is no path that a URL has once it is normalised (not one at all, one with
    /// dot segments, one that percent-encodes a letter, a digit, `-`, `.` or `_`), or by its prefix it is the
    /// URL of another path, so no proof can be for it.
    #[error(
        "the request target {} is no path of a URL, has dot segments, encodes a letter, a digit, `-`, `.` or `_`, or \
         has the URL of another path", Quoted(.path)
    )]
    Target {
        /// What stands there.
        path: String,
    },
    /// The token is not one of ours, not valid now, or not to be used in this way.
    #[error("the access token is refused: {0}")]
    Token(TokenError),
    /// The proof does not prove this request, or wants a nonce.
    #[error("the proof is refused: {0}")]
    Proof(ProofError),
    /// The proof has been used before.
    #[error("the proof is a replay: this key has used its jti before")]
    Replayed,
    /// Token and proof are good; the token does not allow this.
    #[error("the access token lacks the scope `{required}`")]
    Scope {
        /// The scope that the route requires.
        required: String,
    },
    /// The request cannot be judged now. Not the client's fault.
    #[error("cannot decide now: {0}")]
    Unavailable(Unavailable),
}

/// What a decision would need and is missing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Unavailable {
    /// The keys of the authorization server.
    #[error("the issuer's keys are missing: {0}")]
    Keys(Arc<DiscoveryError>),
    /// Room in the replay store: accepting more would mean to forget proofs that are still usable.
    #[error("the replay store is full")]
    ReplayStoreFull,
    /// The replay store.
    #[error("the replay store does not answer")]
    ReplayStore,
    /// The replay store's memory: the proof's time has passed for it, so an earlier use may be
    /// forgotten. This server's clock has stepped back, or those of replicas are apart.
    #[error("the proof ends before the replay store's newest moment; check the server's clock")]
    Stale,
    /// A key that the token may be signed with: none that is known fits, and the issuer has been
    /// asked for newer ones too often on behalf of unknown keys to be asked again now.
    #[error(
        "the token's key is not known, and the issuer was asked too often for unknown keys to be asked again now"
    )]
    UnknownKey,
    /// The time: the clock has jumped ahead, and it's not yet sure that it stays there.
    #[error(
        "the clock has jumped {seconds_ahead} seconds ahead of the monotonic clock; it is believed when it has held \
         for five seconds"
    )]
    Clock {
        /// How far.
        seconds_ahead: i64,
    },
}

const USE_DPOP_NONCE: &str = "use_dpop_nonce";

/// What a response to a refused request depends on beside the reason.
pub(crate) struct Context<'a> {
    /// The proof algorithms of the policy, separated by spaces.
    pub(crate) algorithms: &'a str,
    /// Unbound tokens are accepted too.
    pub(crate) bearer: bool,
    /// The URL of the resource's metadata (RFC 9728, 5.1).
    pub(crate) metadata: Option<&'a str>,
    /// For [`ProofError`]s that ask for a nonce.
    pub(crate) fresh_nonce: Option<HeaderValue>,
}

/// One row of the table.
struct Row {
    status: StatusCode,
    /// The `error` of the challenges; `None` where the client has not tried yet.
    error: Option<&'static str>,
    /// Whether the error concerns Bearer too.
    concerns_bearer: bool,
    retry_after: Option<u16>,
}

impl Rejection {
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

    /// The error code that a client gets in the challenge (RFC 9449, section 7.1; RFC 6750, section 3.1); `None` where it
    /// presented no token, or is not to blame.
    #[must_use]
    pub fn code(&self) -> Option<&'static str> {
        self.row().error
    }

    /// Whether the response is of use only with a nonce.
    pub(crate) fn wants_nonce(&self) -> bool {
        self.row().error == Some(USE_DPOP_NONCE)
    }

    /// The table.
    fn row(&self) -> Row {
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
            // RFC 6750 (3.1) names a malformed token here.
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

    pub(crate) fn response(&self, context: Context<'_>) -> Response<()> {
        let row = self.row();
        let mut response = Response::new(());
        *response.status_mut() = row.status;
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = row.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
            return response;
        }
        let with_error = |mut challenge: Challenge| {
            if let Some(error) = row.error {
                challenge = challenge.with_error(error, self.description(error));
            }
            match self {
                Self::Scope { required } => challenge.with("scope", required),
                _ => challenge,
            }
        };
        let dpop = with_error(Challenge::dpop().with("algs", context.algorithms));
        let bearer = context.bearer.then(|| match row.concerns_bearer {
            true => with_error(Challenge::bearer()),
            false => Challenge::bearer(),
        });
        for mut challenge in [Some(dpop), bearer].into_iter().flatten() {
            if let Some(url) = context.metadata {
                challenge = challenge.with(RESOURCE_METADATA, url);
            }
            // A built challenge consists of visible ASCII.
            if let Ok(value) = HeaderValue::from_str(&challenge.to_header()) {
                headers.append(WWW_AUTHENTICATE, value);
            }
        }
        if row.error == Some(USE_DPOP_NONCE)
            && let Some(nonce) = context.fresh_nonce
        {
            headers.insert(DPOP_NONCE, nonce);
        }
        response
    }

    /// The same sentence for every reason that shares a code: what exactly failed helps an attacker
    /// more than a client, which can only start over. Only a target is the client's to mend.
    fn description(&self, error: &str) -> &'static str {
        match (self, error) {
            (Self::Target { .. }, _) => {
                "The request target must be the path of a URL, without dot segments or needless percent-encoding"
            }
            (_, "invalid_request") => "The request must present one well-formed access token",
            (_, "invalid_token") => "The access token is not valid for this request",
            (_, USE_DPOP_NONCE) => "Resource server requires nonce in DPoP proof",
            (_, "insufficient_scope") => "The access token does not allow this request",
            _ => "The DPoP proof is missing or not valid for this request",
        }
    }
}

impl Unavailable {
    /// Seconds.
    fn retry_after(&self) -> u16 {
        match self {
            Self::Keys(_) => RETRY_AFTER_FAILURE.try_into().unwrap_or(u16::MAX),
            // Room comes as entries expire, which takes a good part of a proof's lifetime.
            Self::ReplayStoreFull => 10,
            Self::ReplayStore => 2,
            // Proofs that are made later pass as soon as the clock has caught up; how far it is
            // behind, the store doesn't say.
            Self::Stale => 10,
            Self::UnknownKey => UNKNOWN_KEY_INTERVAL.try_into().unwrap_or(u16::MAX),
            Self::Clock { .. } => HOLDS_FOR.as_secs().try_into().unwrap_or(u16::MAX),
        }
    }
}
