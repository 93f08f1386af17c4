//! The errors of a configuration. Each says how to correct it.

/// Why the server can't start. Each error names the value and says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The text is not TOML, or a member is unknown, missing, or of another type.
    #[error("line {line} of the configuration can't be used: {reason}")]
    Toml {
        /// The line, counted from 1.
        line: usize,
        /// What is wrong in that line.
        reason: String,
    },
    /// The URL can't be an issuer (RFC 8414, 2).
    #[error(
        "`{value}` can't be an issuer; give an http or https URL without query and fragment, like http://localhost:9441"
    )]
    Issuer {
        /// The value as it was given.
        value: String,
    },
    /// A client has no usable id.
    #[error("`{value}` can't be a client's id; use at least one printable ASCII character")]
    ClientId {
        /// The value as it was given.
        value: String,
    },
    /// Two clients have the same id.
    #[error("two clients have the id `{id}`; give each its own id")]
    ClientRepeated {
        /// The id.
        id: String,
    },
    /// A client has no redirect URI, so no response could be sent to it.
    #[error("the client `{client}` has no redirect URI; give it at least one")]
    NoRedirectUri {
        /// The client's id.
        client: String,
    },
    /// No response may be sent to this redirect URI.
    #[error(
        "`{value}` can't be a redirect URI of the client `{client}`; give an absolute http or https URL without fragment, like http://localhost:9440/"
    )]
    RedirectUri {
        /// The client's id.
        client: String,
        /// The value as it was given.
        value: String,
    },
    /// The URI can't name an API (RFC 8707, 2).
    #[error(
        "`{value}` can't be an audience of the client `{client}`; give an absolute URI without fragment, like http://localhost:9442"
    )]
    Audience {
        /// The client's id.
        client: String,
        /// The value as it was given.
        value: String,
    },
    /// An audience is given for a client that does not exist.
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
    /// The text is not a scope (RFC 6749, 3.3).
    #[error(
        "`{value}` can't be a scope of the client `{client}`; use printable ASCII characters without spaces, quotes and backslashes"
    )]
    Scope {
        /// The client's id.
        client: String,
        /// The value as it was given.
        value: String,
    },
    /// A user has no usable `sub`.
    #[error("`{value}` can't be a user's `sub`; use 1 to 255 ASCII characters")]
    UserSub {
        /// The value as it was given.
        value: String,
    },
    /// Two users have the same `sub`.
    #[error("two users have the `sub` `{sub}`; give each its own `sub`")]
    UserRepeated {
        /// The `sub`.
        sub: String,
    },
    /// The text is not an origin as browsers send it.
    #[error(
        "`{value}` is not an origin; write scheme, host and port only, in lower case and without a default port, like http://localhost:9440"
    )]
    Origin {
        /// The value as it was given.
        value: String,
    },
    /// A lifetime is zero.
    #[error("`{name}` is 0; give at least 1 second")]
    NoTime {
        /// The member's name.
        name: &'static str,
    },
    /// The machine gave no random bytes or no key.
    #[error("the system gives no randomness for the server's keys; check its random device")]
    NoRandomness,
}
