//! The errors of requests that clients send themselves: codes and JSON (RFC 6749, 5.2; RFC 9126,
//! 2.3; RFC 8707, 2; RFC 9449, 5 and 8).

use axum::response::{IntoResponse, Response};
use countersign::{authorization_server::BindingError, proof::ProofError, replay::ReplayError};
use http::{
    HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE},
};
use serde_json::{Value, json};

/// A refused request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OAuthError {
    status: StatusCode,
    pub(crate) code: &'static str,
    /// The reason, for the developer. A development server may say why.
    pub(crate) description: String,
    header: Option<(http::HeaderName, &'static str)>,
}

impl OAuthError {
    fn new(status: StatusCode, code: &'static str, description: impl Into<String>) -> Self {
        Self {
            status,
            code,
            description: description.into(),
            header: None,
        }
    }

    pub(crate) fn bad_request(code: &'static str, description: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, description)
    }

    /// RFC 9126, 2.3.
    pub(crate) fn too_long(description: &str) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "invalid_request",
            description,
        )
    }

    pub(crate) fn invalid_request(description: impl Into<String>) -> Self {
        Self::bad_request("invalid_request", description)
    }

    pub(crate) fn invalid_grant(description: impl Into<String>) -> Self {
        Self::bad_request("invalid_grant", description)
    }

    pub(crate) fn invalid_scope(description: impl Into<String>) -> Self {
        Self::bad_request("invalid_scope", description)
    }

    pub(crate) fn invalid_target(description: impl Into<String>) -> Self {
        Self::bad_request("invalid_target", description)
    }

    pub(crate) fn invalid_dpop_proof(description: impl Into<String>) -> Self {
        Self::bad_request("invalid_dpop_proof", description)
    }

    pub(crate) fn unsupported_grant_type(description: impl Into<String>) -> Self {
        Self::bad_request("unsupported_grant_type", description)
    }

    /// Creates the error for an unknown client.
    pub(crate) fn invalid_client(description: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_client", description)
    }

    /// Creates the error for a client that tried to authenticate by `Authorization`. It gets that
    /// scheme's challenge.
    pub(crate) fn invalid_client_authentication(description: impl Into<String>) -> Self {
        Self {
            header: Some((WWW_AUTHENTICATE, r#"Basic realm="token""#)),
            ..Self::invalid_client(description)
        }
    }

    pub(crate) fn server_error() -> Self {
        let description =
            "the server could not make a signature or a random value; check its machine";
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "server_error",
            description,
        )
    }
}

impl From<ProofError> for OAuthError {
    fn from(error: ProofError) -> Self {
        Self::bad_request(error.code(), error.to_string())
    }
}

impl From<BindingError> for OAuthError {
    fn from(error: BindingError) -> Self {
        Self::bad_request(error.code(), error.to_string())
    }
}

impl From<ReplayError> for OAuthError {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::Full | ReplayError::Unavailable => Self {
                header: Some((RETRY_AFTER, "5")),
                ..Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "temporarily_unavailable",
                    error.to_string(),
                )
            },
            _ => Self::invalid_dpop_proof(error.to_string()),
        }
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let body = json!({
            "error": self.code,
            "error_description": plain(&self.description),
        });
        let mut response = uncached_json(self.status, &body);
        if let Some((name, value)) = self.header {
            response
                .headers_mut()
                .insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

/// Makes the response of an endpoint that clients call themselves. A refusal is logged as `refused`.
pub(crate) fn answered(
    status: StatusCode,
    answer: Result<Value, OAuthError>,
    refused: &'static str,
) -> Response {
    match answer {
        Ok(body) => uncached_json(status, &body),
        Err(error) => {
            tracing::info!(error = error.code, reason = error.description, "{refused}");
            error.into_response()
        }
    }
}

/// Creates a JSON response that no cache may keep (RFC 6749, 5.1).
pub(crate) fn uncached_json(status: StatusCode, body: &Value) -> Response {
    (
        status,
        [
            (CONTENT_TYPE, "application/json"),
            (CACHE_CONTROL, "no-store"),
            (PRAGMA, "no-cache"),
        ],
        body.to_string(),
    )
        .into_response()
}

/// Keeps the characters that RFC 6749 (5.2) allows in a description: printable ASCII without `"`
/// and `\`.
pub(crate) fn plain(description: &str) -> String {
    description
        .chars()
        .map(|c| match c {
            '"' | '\u{201c}' | '\u{201d}' => '\'',
            '\\' => '/',
            ' '..='~' => c,
            _ => '?',
        })
        .collect()
}
