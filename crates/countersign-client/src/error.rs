//! What can go wrong for a caller: a cause and the values that a person needs, no sentences.
//!
//! Sentences are the adapters' (TypeScript in the browser), because formatting is dear in WebAssembly.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::ops::Deref;

use crate::text::Text;

/// Why the engine refused, or could not go on.
///
/// The documentation of each names what [`Failure::details`] hold, in square brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// The issuer is neither https nor loopback http. `[issuer]`
    IssuerInvalid,
    /// The discovery document could not be fetched. `[URL, HTTP status or ""]`
    DiscoveryUnreachable,
    /// The discovery document is not JSON or lacks a member. `[URL, member or ""]`
    DiscoveryInvalid,
    /// The discovery document names another issuer (OpenID Connect Discovery 4.3). `[expected, received]`
    IssuerMismatch,
    /// An endpoint is neither https nor loopback http. `[metadata member, URL]`
    EndpointInsecure,
    /// `enforced`, and the metadata does not list ES256 for DPoP (RFC 9449, 5.1). `[issuer]`
    DpopUnsupported,
    /// `enforced`, and the server answered with another `token_type` than DPoP (RFC 9449, 5). `[issuer, received]`
    TokenNotBound,
    /// A `token_type` that the request did not ask for and the client cannot use. `[received]`
    TokenTypeUnknown,
    /// The platform could not make a key, a digest or a signature. `[]`
    KeyFailed,
    /// The platform keeps no login under way. `[]`
    StorageRefused,
    /// The application has added, changed or removed a parameter of an authorization or token request that the engine
    /// alone decides. `[name]`
    ParameterReserved,
    /// No response from the pushed authorization request endpoint. `[URL]`
    PushUnreachable,
    /// The pushed authorization request endpoint refused (RFC 9126, 2.3).
    /// `[error or "", error_description or "", HTTP status]`
    PushRefused,
    /// The pushed authorization request endpoint's answer is not JSON or lacks a member. `[member or ""]`
    PushResponseInvalid,
    /// The response belongs to no login of this client that is under way. `[state]`
    FlowUnknown,
    /// `iss` of the response is missing or another (RFC 9207). `[expected, received or ""]`
    ResponseIssuerMismatch,
    /// The authorization endpoint answered with an error (RFC 6749, 4.1.2.1). `[error, error_description or ""]`
    AuthorizationError,
    /// The authorization response holds no `code`, or a parameter twice (RFC 6749, 3.1). `[the repeated name or ""]`
    ResponseInvalid,
    /// No response from the token endpoint. `[URL]`
    TokenUnreachable,
    /// The token endpoint refused (RFC 6749, 5.2). `[error or "", error_description or "", HTTP status]`
    TokenRefused,
    /// The token endpoint's answer is not JSON or lacks a member. `[member or ""]`
    TokenResponseInvalid,
    /// No `id_token` came with the code. `[]`
    IdTokenMissing,
    /// Not a JWT with a JSON payload. `[]`
    IdTokenMalformed,
    /// `[expected, received or ""]`
    IdTokenIssuer,
    /// `[expected client id, received ...]`
    IdTokenAudience,
    /// `[expected client id, received or ""]`
    IdTokenAuthorizedParty,
    /// Expired by the server's clock, or no `exp`. `[]`
    IdTokenExpired,
    /// No `iat`. `[]`
    IdTokenIssuedAt,
    /// Another `nonce` than the request's, or none. `[expected, received or ""]`
    IdTokenNonce,
    /// No `sub`, or another one than at login. `[expected or "?", received or ""]`
    IdTokenSubject,
    /// There is no refresh token. `[]`
    NoRefreshToken,
}

/// A refusal or failure, ready to be told. One word wide: every step of the engine hands it on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientError(Rc<Failure>);

/// What a [`ClientError`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Why.
    pub cause: Cause,
    /// The values in play, in the order that the cause documents. Never a secret.
    pub details: Vec<Text>,
}

impl Deref for ClientError {
    type Target = Failure;

    fn deref(&self) -> &Failure {
        &self.0
    }
}

impl ClientError {
    pub(crate) fn new(cause: Cause, details: &[&str]) -> Self {
        // `collect` would be three functions more in WebAssembly.
        let mut texts = Vec::new();
        for &detail in details {
            texts.push(Text::from(detail));
        }
        Self(Rc::new(Failure {
            cause,
            details: texts,
        }))
    }
}

/// Two values that have to be the same. `Err` tells both.
#[inline(never)] // called often
pub(crate) fn same(cause: Cause, expected: &str, received: &str) -> Result<(), ClientError> {
    if expected == received {
        return Ok(());
    }
    Err(ClientError::new(cause, &[expected, received]))
}

impl From<Cause> for ClientError {
    fn from(cause: Cause) -> Self {
        Self::new(cause, &[])
    }
}

impl Cause {
    /// The name by which applications know it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::IssuerInvalid => "issuer_invalid",
            Self::DiscoveryUnreachable => "discovery_unreachable",
            Self::DiscoveryInvalid => "discovery_invalid",
            Self::IssuerMismatch => "issuer_mismatch",
            Self::EndpointInsecure => "endpoint_insecure",
            Self::DpopUnsupported => "dpop_unsupported",
            Self::TokenNotBound => "token_not_bound",
            Self::TokenTypeUnknown => "token_type_unknown",
            Self::KeyFailed => "key_failed",
            Self::StorageRefused => "storage_refused",
            Self::ParameterReserved => "parameter_reserved",
            Self::PushUnreachable => "push_unreachable",
            Self::PushRefused => "push_refused",
            Self::PushResponseInvalid => "push_response_invalid",
            Self::FlowUnknown => "flow_unknown",
            Self::ResponseIssuerMismatch => "response_issuer_mismatch",
            Self::AuthorizationError => "authorization_error",
            Self::ResponseInvalid => "response_invalid",
            Self::TokenUnreachable => "token_unreachable",
            Self::TokenRefused => "token_refused",
            Self::TokenResponseInvalid => "token_response_invalid",
            Self::IdTokenMissing => "id_token_missing",
            Self::IdTokenMalformed => "id_token_malformed",
            Self::IdTokenIssuer => "id_token_iss",
            Self::IdTokenAudience => "id_token_aud",
            Self::IdTokenAuthorizedParty => "id_token_azp",
            Self::IdTokenExpired => "id_token_exp",
            Self::IdTokenIssuedAt => "id_token_iat",
            Self::IdTokenNonce => "id_token_nonce",
            Self::IdTokenSubject => "id_token_sub",
            Self::NoRefreshToken => "no_refresh_token",
        }
    }
}
