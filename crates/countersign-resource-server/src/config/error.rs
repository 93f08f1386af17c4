//! Why a configuration is refused.

use std::time::Duration;

use thiserror::Error;

use crate::keys::UrlProblem;

/// Why a resource server cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The issuer is not a URL that keys may be read from.
    #[error("the issuer `{value}` cannot be used")]
    Issuer {
        /// The value.
        value: String,
        /// What is wrong with it.
        #[source]
        problem: UrlProblem,
    },
    /// The audience is empty. Without it, every token of the issuer would open this API.
    #[error(
        "the audience is empty: give the value that the issuer puts into `aud` for this API, \
         often the API's URL"
    )]
    Audience,
    /// The public URL is not a URL that clients can call.
    #[error(
        "the public URL `{value}` cannot be used: give scheme, host and, if there is one, the \
         path that stands before this API's paths, like `https://api.example.com`"
    )]
    PublicUrl {
        /// The value.
        value: String,
    },
    /// A path prefix is not a path.
    #[error(
        "the path prefix `{value}` cannot be used: it must be a path that begins with `/`, as it \
         is sent: without dot segments, and with letters, digits, `-`, `.` and `_` as they are"
    )]
    PathPrefix {
        /// The value.
        value: String,
    },
    /// One path prefix has two counterparts outside.
    #[error("the path prefix `{value}` is set twice: each path inside has one path outside")]
    PathPrefixTwice {
        /// The prefix inside.
        value: String,
    },
    /// Two path prefixes have the same counterpart outside, so that a proof for one would open the
    /// other.
    #[error(
        "two path prefixes are `{value}` outside: a proof for one of them would open the other; \
         give each its own path outside"
    )]
    PathPrefixOutsideTwice {
        /// The prefix outside.
        value: String,
    },
    /// The `jwks_uri` is not a URL that keys may be read from.
    #[error("the jwks_uri `{value}` cannot be used")]
    JwksUri {
        /// The value.
        value: String,
        /// What is wrong with it.
        #[source]
        problem: UrlProblem,
    },
    /// The key ages contradict each other: keys would be fetched constantly, or never be usable.
    #[error(
        "the keys' refresh age is {refresh:?} and their max age {max:?}: the first must be a \
         second or more, the second no shorter"
    )]
    KeyAges {
        /// Keys of this age are read again.
        refresh: Duration,
        /// Keys of this age are used no longer.
        max: Duration,
    },
    /// The access tokens' policy allows no algorithm, so no token could be accepted.
    #[error(
        "the access tokens' policy allows no algorithm: name one or more, or leave the default"
    )]
    NoTokenAlgorithm,
    /// The static keys are not a JSON Web Key Set with a usable key.
    #[error("the static keys are not a JSON Web Key Set with at least one public signature key")]
    StaticKeys,
    /// There is no clock: this platform has none.
    #[error("this platform has no clock: give one (ResourceServerBuilder::with_clock)")]
    ClockMissing,
    /// There are no random bytes for the secret of the replay store.
    #[error(
        "cannot draw random bytes for the replay store's secret: give a store \
         (ResourceServerBuilder::with_replay_store)"
    )]
    Random,
    /// TLS cannot be set up.
    #[error("cannot set up HTTPS: {cause}")]
    Https {
        /// The cause in the HTTP client's words.
        cause: String,
    },
}
