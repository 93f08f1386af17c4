//! Why a configuration is refused.

use std::time::Duration;

use thiserror::Error;

use crate::keys::UrlProblem;

/// A value that a resource server cannot work with.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The issuer is no URL that keys may be read from.
    #[error("the issuer `{value}` cannot be used: {problem}")]
    Issuer {
        /// The value.
        value: String,
        /// What is wrong with it.
        problem: UrlProblem,
    },
    /// Without an audience, every token of the issuer would open this API.
    #[error(
        "the audience is empty: give the value that the issuer puts into `aud` for this API, often \
         the API's URL"
    )]
    Audience,
    /// The public URL has not been set.
    #[error(
        "public_url is not set: a proof names the URL that the client called, and the Host header is \
         the client's to choose; give the API's address as clients see it, like \
         `https://api.example.com`"
    )]
    PublicUrlMissing,
    /// The public URL is not one.
    #[error(
        "the public URL `{value}` cannot be used: give scheme, host and, if there is one, the path that \
         stands before this API's paths, like `https://api.example.com`"
    )]
    PublicUrl {
        /// The value.
        value: String,
    },
    /// A path prefix is not one.
    #[error(
        "the path prefix `{value}` cannot be used: it must be a path that begins with `/`, as it is sent: without dot \
         segments, and with letters, digits, `-`, `.` and `_` as they are"
    )]
    PathPrefix {
        /// The value.
        value: String,
    },
    /// One path prefix has two outsides.
    #[error("the path prefix `{value}` is given twice: one path inside has one path outside")]
    PathPrefixTwice {
        /// The prefix inside.
        value: String,
    },
    /// Two paths inside have one outside, so that a proof for one would open the other.
    #[error(
        "two path prefixes have the outside `{value}`: a proof for one of them would open the other; give each one of \
         its own"
    )]
    PathPrefixOutsideTwice {
        /// The prefix outside.
        value: String,
    },
    /// Keys that are given are not also read.
    #[error(
        "static_keys is set beside fetch or jwks_uri: give the issuer's keys, or say how and where they are read, not both"
    )]
    TwoKeySources,
    /// The `jwks_uri` is no URL that keys may be read from.
    #[error("the jwks_uri `{value}` cannot be used: {problem}")]
    JwksUri {
        /// The value.
        value: String,
        /// What is wrong with it.
        problem: UrlProblem,
    },
    /// Keys would be fetched without end, or never be usable.
    #[error(
        "key_refresh_age is {refresh:?} and key_max_age {max:?}: the first must be a second or more, the second no shorter"
    )]
    KeyAges {
        /// [`key_refresh_age`](crate::ResourceServerBuilder::key_refresh_age)
        refresh: Duration,
        /// [`key_max_age`](crate::ResourceServerBuilder::key_max_age)
        max: Duration,
    },
    /// No access token could be accepted.
    #[error(
        "the access tokens' policy allows no algorithm: name one or more, or leave the default"
    )]
    NoTokenAlgorithm,
    /// The static keys are not a JSON Web Key Set with a usable key.
    #[error("the static keys are not a JSON Web Key Set with at least one public signature key")]
    StaticKeys,
    /// There is nothing to read the issuer's keys with.
    #[error(
        "there is no way to read the issuer's keys: set static_keys or fetch, or enable the feature \
         `reqwest`"
    )]
    NoFetch,
    /// The operating system gives no random bytes.
    #[error("cannot draw random bytes from the operating system")]
    Random,
    /// TLS cannot be set up.
    #[error("cannot set up HTTPS: {cause}")]
    Https {
        /// The cause in the HTTP client's words.
        cause: String,
    },
}
