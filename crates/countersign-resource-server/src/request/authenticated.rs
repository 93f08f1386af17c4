//! The evidence that a request was accepted, and what it says.

use std::{fmt, sync::Arc};

use countersign::{UnixSeconds, access_token::Scheme, digest::Thumbprint};
use http::HeaderValue;
use serde_json::{Map, Value};

use super::judge::check_scope;
use crate::{
    response::{Challenges, RejectionResponse},
    token::AccessToken,
};

/// A request's valid access token, presented as it must be. Only
/// [`ResourceServer::authenticate`](crate::ResourceServer::authenticate) makes one.
///
/// It covers method, URL without query, and token. Query, body and other headers are not signed
/// (RFC 9449, section 11.7).
#[derive(Clone)]
pub struct Authenticated {
    challenges: Arc<Challenges>,
    token: Arc<AccessToken>,
    scheme: Scheme,
    next_nonce: Option<HeaderValue>,
}

impl Authenticated {
    pub(crate) fn new(
        challenges: Arc<Challenges>,
        token: Arc<AccessToken>,
        scheme: Scheme,
    ) -> Self {
        Self {
            challenges,
            token,
            scheme,
            next_nonce: None,
        }
    }

    pub(crate) fn set_next_nonce(&mut self, nonce: Option<HeaderValue>) {
        self.next_nonce = nonce;
    }

    /// How the token was presented.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The thumbprint of the key that was proven; `None` for Bearer.
    #[must_use]
    pub fn thumbprint(&self) -> Option<&Thumbprint> {
        self.token.thumbprint()
    }

    /// The subject that the token was issued for (`sub`).
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.token.text("sub")
    }

    /// The client that the token was issued to (`client_id`, or else `azp`).
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        self.token.text("client_id").or(self.token.text("azp"))
    }

    /// The token's scope, separated by spaces (`scope`, or else `scp`).
    #[must_use]
    pub fn scope(&self) -> Option<&str> {
        self.token.scope()
    }

    /// Whether the token has `scope`. Scopes are compared exactly (RFC 6749, section 3.3).
    #[must_use]
    pub fn has_scope(&self, scope: &str) -> bool {
        self.token.has_scope(scope)
    }

    /// Checks for a scope within a handler, whose needs depend on more than its route. In axum, the
    /// error becomes the response that the layer would have made, by `?`:
    ///
    /// ```
    /// # #[cfg(feature = "axum")] {
    /// # use countersign_resource_server::{Authenticated, RejectionResponse};
    /// async fn publish(caller: Authenticated) -> Result<&'static str, RejectionResponse> {
    ///     caller.require_scope("notes:publish")?;
    ///     Ok("published")
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Rejection::Scope`](crate::Rejection::Scope) in a [`RejectionResponse`] when the token
    /// lacks `scope`.
    pub fn require_scope(&self, scope: &str) -> Result<(), RejectionResponse> {
        check_scope(&self.token, scope)
            .map_err(|rejection| RejectionResponse::new(Arc::clone(&self.challenges), rejection))
    }

    /// When the token ends.
    #[must_use]
    pub fn expires_at(&self) -> UnixSeconds {
        self.token.expires_at()
    }

    /// All claims of the token.
    #[must_use]
    pub fn claims(&self) -> &Map<String, Value> {
        self.token.claims()
    }

    /// A nonce to send as `DPoP-Nonce` with the response, because the client's nonce is about to
    /// expire (RFC 9449, section 8.2). The tower layer sends it.
    #[must_use]
    pub fn next_nonce(&self) -> Option<&HeaderValue> {
        self.next_nonce.as_ref()
    }
}

impl fmt::Debug for Authenticated {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No claims: logs are full of `{:?}`, and claims are personal.
        formatter
            .debug_struct("Authenticated")
            .field("scheme", &self.scheme)
            .finish_non_exhaustive()
    }
}
