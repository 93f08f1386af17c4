//! What can be wrong with a configuration, said so that it can be put right.

/// Why the server can't start. Each names the value and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Not TOML, or a member that does not exist, is missing, or has another type.
    #[error("line {line} of the configuration can't be used: {reason}")]
    Toml {
        /// Counted from 1.
        line: usize,
        /// What is wrong there.
        reason: String,
    },
    /// The issuer is no URL that could be one (RFC 8414, 2).
    #[error(
        "`{value}` can't be an issuer; give an http or https URL without query and fragment, like http://localhost:9441"
    )]
    Issuer {
        /// As it was given.
        value: String,
    },
    /// A client without a usable id.
    #[error("`{value}` can't be a client's id; use printable ASCII characters, one at least")]
    ClientId {
        /// As it was given.
        value: String,
    },
    /// Two clients have the same id.
    #[error("the client `{id}` is there twice; give each an id of its own")]
    ClientRepeated {
        /// The id.
        id: String,
    },
    /// A client that no response could be sent to.
    #[error("the client `{client}` has no redirect URI; give it one at least")]
    NoRedirectUri {
        /// Its id.
        client: String,
    },
    /// No URI that a response may be sent to.
    #[error(
        "`{value}` can't be a redirect URI of the client `{client}`; give an absolute http or https URL without fragment, like http://localhost:9440/"
    )]
    RedirectUri {
        /// The client's id.
        client: String,
        /// As it was given.
        value: String,
    },
    /// No URI that could name an API (RFC 8707, 2).
    #[error(
        "`{value}` can't be an audience of the client `{client}`; give an absolute URI without fragment, like http://localhost:9442"
    )]
    Audience {
        /// The client's id.
        client: String,
        /// As it was given.
        value: String,
    },
    /// Audiences for a client that does not exist.
    #[error(
        "there is no client `{id}` for the audience `{audience}`; write CLIENT=URI with one of: {known}"
    )]
    UnknownClient {
        /// The id that was given.
        id: String,
        /// The audience that was given.
        audience: String,
        /// The ids that exist, separated by commas.
        known: String,
    },
    /// Not a scope (RFC 6749, 3.3).
    #[error(
        "`{value}` can't be a scope of the client `{client}`; use printable ASCII characters without blank, quote and backslash"
    )]
    Scope {
        /// The client's id.
        client: String,
        /// As it was given.
        value: String,
    },
    /// A user without a usable name.
    #[error("`{value}` can't be a user's `sub`; use 1 to 255 ASCII characters")]
    UserSub {
        /// As it was given.
        value: String,
    },
    /// Two users have the same name.
    #[error("the user `{sub}` is there twice; give each a `sub` of its own")]
    UserRepeated {
        /// The name.
        sub: String,
    },
    /// Not an origin as browsers send it.
    #[error(
        "`{value}` is not an origin; write scheme, host and port only, in lower case and without a default port, like http://localhost:9440"
    )]
    Origin {
        /// As it was given.
        value: String,
    },
    /// A lifetime of no time.
    #[error("`{name}` is 0; give at least 1 second")]
    NoTime {
        /// The member.
        name: &'static str,
    },
    /// The machine gave no random bytes, or no key.
    #[error("the system gives no randomness for the server's keys; check its random device")]
    NoRandomness,
}
