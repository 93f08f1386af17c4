//! Why the keys of an authorization server cannot be had.

use std::time::Duration;

use thiserror::Error;

use super::url::UrlProblem;

/// Seconds between a failed fetch and the next.
pub(crate) const RETRY_AFTER_FAILURE: i64 = 2;
/// Seconds after which the issuer may be asked once more on behalf of an unknown key.
pub(crate) const UNKNOWN_KEY_INTERVAL: i64 = 10;

/// Why the keys of an authorization server could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DiscoveryError {
    /// A document could not be read.
    #[error("cannot read {url}")]
    Fetch {
        /// The document's address.
        url: String,
        /// What went wrong.
        source: FetchError,
    },
    /// A document is not what it should be.
    #[error("{url} is not {expected}")]
    Malformed {
        /// The document's address.
        url: String,
        /// What should stand there.
        expected: &'static str,
    },
    /// The metadata speaks for another issuer; its keys are not those of ours.
    #[error("{url} is the metadata of `{received}`, not of `{expected}`")]
    IssuerMismatch {
        /// The metadata's address.
        url: String,
        /// The issuer as configured.
        expected: String,
        /// The metadata's `issuer`.
        received: String,
    },
    /// The metadata's `jwks_uri` may not be trusted with keys.
    #[error("the jwks_uri `{url}` cannot be used")]
    JwksUri {
        /// The `jwks_uri`.
        url: String,
        /// What is wrong with it.
        #[source]
        problem: UrlProblem,
    },
    /// No complete answer in time.
    #[error("no complete answer within {after:?}")]
    TimedOut {
        /// How long the fetch was waited for.
        after: Duration,
    },
    /// The runtime that fetched them was shut down.
    #[error("the fetch was interrupted")]
    Interrupted,
    /// There is no runtime to fetch them on.
    #[error(
        "keys are fetched on a tokio runtime, and none runs here: authenticate requests within \
         one, or give the keys (StaticKeys)"
    )]
    NoRuntime,
}

/// Why a document could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The server answered with another status than 200 (redirects are not followed).
    #[error("it answered with status {0}")]
    Status(u16),
    /// The document is longer than the limit in bytes.
    #[error("the document is longer than {0} bytes")]
    TooLong(usize),
    /// No answer: name resolution, connection or TLS failed, in the adapter's words.
    #[error("{0}")]
    Transport(String),
}
