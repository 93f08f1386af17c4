//! Errors of the native client: the engine's, as sentences, and the adapter's own.

use core::fmt;
use std::io;
use std::string::String;
use std::time::Duration;
use std::vec::Vec;

use countersign::sibling::with_causes;

use crate::error::{Cause, ClientError, sentence::Reader};

/// Why a call of [`NativeClient`](super::NativeClient) failed. Each message says what to do; none
/// holds a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The engine failed: see [`cause`](EngineError::cause).
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// There are no tokens: nobody has logged in yet, or a logout dropped them.
    #[error("nobody is logged in; call login() first")]
    NotLoggedIn,
    /// The browser did not come back in time.
    #[error("the browser did not come back within {} seconds; log in again", .limit.as_secs())]
    LoginTimedOut {
        /// How long the listener waited.
        limit: Duration,
    },
    /// The client cannot listen at the redirect URI.
    #[error(
        "cannot listen at the redirect URI {redirect_uri} ({reason}); free its port, or leave the port out where the server allows any (RFC 8252, 7.3)"
    )]
    Listener {
        /// The configured redirect URI.
        redirect_uri: String,
        /// The system's reason.
        #[source]
        reason: io::Error,
    },
    /// The redirect URI is no http URL of this machine.
    #[error(
        "the redirect URI \"{redirect_uri}\" is not plain http on this machine, like http://127.0.0.1/ (RFC 8252, 7.3); correct it"
    )]
    RedirectUriInvalid {
        /// The configured redirect URI.
        redirect_uri: String,
    },
    /// The `metadata` given to the builder is no JSON object.
    #[error("the metadata is no JSON object; give an object with members of a discovery document")]
    MetadataInvalid,
    /// The request's URL is neither http nor https, or carries user information.
    #[error(
        "{url} is no http or https URL, or has user information; give an http or https URL without it"
    )]
    UrlUnusable {
        /// The URL, without user information.
        url: String,
    },
    /// The request's URL is http and on another machine (RFC 9449, 2: DPoP is no substitute for
    /// https).
    #[error(
        "{origin} is reached by http, so an attacker in between could read the token; use https, or dangerous_plain_http() if the network is safe by itself"
    )]
    UrlInsecure {
        /// The origin of the request.
        origin: String,
    },
    /// The request already has a header that the client sets.
    #[error("the request has a header {name} of its own; remove it, this client sets it")]
    HeaderPresent {
        /// The header: `Authorization` or `DPoP`.
        name: &'static str,
    },
    /// The server issued an access token with characters that no header can hold.
    #[error(
        "the access token has characters that no header can hold; check the authorization server"
    )]
    TokenUnusable,
    /// reqwest could not build or send the request, or received no response.
    #[error("the request could not be sent ({})", with_causes(.0))]
    Request(#[from] reqwest::Error),
    /// The HTTP client or the engine's thread could not be created.
    #[error("the client could not be set up ({0})")]
    SetUp(#[source] io::Error),
    /// The engine's thread has ended because of a bug in it.
    #[error(
        "the engine stopped because of a bug in it; build a new client, and report the bug with the steps that led to it"
    )]
    EngineStopped,
}

/// An error of the engine: a [`ClientError`](crate::ClientError) that can leave the engine's
/// thread.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EngineError {
    /// The cause.
    pub cause: Cause,
    /// The values involved, in the order that the cause documents. Never a secret.
    pub details: Vec<String>,
    /// The network's reason, if there was no response.
    pub reason: Option<String>,
}

impl fmt::Display for EngineError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let details: Vec<&str> = self.details.iter().map(String::as_str).collect();
        let reason = self.reason.as_deref().unwrap_or_default();
        let sentence = self
            .cause
            .entry()
            .sentence(Reader::Native, &details, reason);
        // A server's text may be shown in a terminal, which obeys control characters.
        let is_obeyed = |c: char| c.is_control();
        formatter.write_str(&sentence.replace(is_obeyed, "\u{fffd}"))
    }
}

impl core::error::Error for EngineError {}

impl From<&ClientError> for EngineError {
    fn from(error: &ClientError) -> Self {
        Self {
            cause: error.cause,
            details: error
                .details
                .iter()
                .map(|detail| String::from(&**detail))
                .collect(),
            reason: None,
        }
    }
}

impl From<ClientError> for Error {
    fn from(error: ClientError) -> Self {
        Self::Engine(EngineError::from(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString as _;

    #[test]
    fn a_server_cannot_write_on_the_terminal() {
        let error = EngineError {
            cause: Cause::TokenRefused,
            details: ["invalid_grant", "a\u{1b}[2Jb\u{9b}c\nd", "400"]
                .map(String::from)
                .into(),
            reason: None,
        };
        assert_eq!(
            error.to_string(),
            "the token endpoint refused with \"invalid_grant\" (a\u{fffd}[2Jb\u{fffd}c\u{fffd}d); check the client's \
             configuration there"
        );
    }

    #[test]
    fn what_the_network_said_is_told() {
        let error = EngineError {
            cause: Cause::TokenUnreachable,
            details: [String::from("https://a.example/token")].into(),
            reason: Some(String::from("connection refused")),
        };
        assert_eq!(
            error.to_string(),
            "the token endpoint https://a.example/token could not be reached (connection refused); check that the \
             authorization server is running"
        );
    }
}
