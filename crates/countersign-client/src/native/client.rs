//! The client that a program holds.

use core::fmt;
use std::string::String;
use std::sync::Arc;
use std::time::Duration;

use super::driver::Handle;
use super::error::Error;
use super::http::Http;
use super::login::PendingLogin;
use super::loopback::RedirectUri;
use super::session::Tokens;

/// A client of one authorization server, with one user's session: log in, then
/// [`send`](Self::send).
///
/// This is a handle: clones are the same client, and any number of tasks and threads may use it at
/// once. Its calls need a Tokio runtime, as reqwest does. Tokens and key are in memory only and are
/// dropped with the last handle, which also cancels a renewal in progress.
#[derive(Clone)]
pub struct NativeClient(Arc<Inner>);

pub(super) struct Inner {
    pub(super) engine: Handle,
    pub(super) http: Http,
    /// For requests to other machines.
    pub(super) allows_plain_http: bool,
    pub(super) redirect_uri: RedirectUri,
    pub(super) login_timeout: Duration,
    pub(super) issuer: String,
    pub(super) client_id: String,
}

impl NativeClient {
    pub(super) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// Logs in with the user's browser. `open` gets a URL and opens it there (RFC 8252, 6).
    ///
    /// # Errors
    /// Those of [`begin_login`](Self::begin_login) and [`PendingLogin::finish`].
    pub async fn login(&self, open: impl FnOnce(&str)) -> Result<Tokens, Error> {
        let pending = self.begin_login().await?;
        open(pending.url());
        pending.finish().await
    }

    /// Begins a login: discovers the endpoints, listens at the redirect URI, and makes the
    /// authorization request, with PKCE and `dpop_jkt` (section 10). It is the first half of
    /// [`login`](Self::login).
    ///
    /// # Errors
    /// [`Error::Listener`]; [`Error::Engine`] with a cause of discovery or of the pushed request,
    /// or [`DpopUnsupported`](crate::Cause::DpopUnsupported).
    pub async fn begin_login(&self) -> Result<PendingLogin, Error> {
        let loopback = self.0.redirect_uri.listen().await?;
        PendingLogin::begin(self.0.engine.clone(), loopback, self.0.login_timeout).await
    }

    /// Gets tokens for the client itself, without a user (RFC 6749, 4.4): for services, which have
    /// a [secret](super::NativeClientBuilder::client_secret_basic). They are renewed in the same
    /// way.
    ///
    /// # Errors
    /// [`Error::Engine`] with a cause of discovery, the token request or the mode.
    pub async fn client_credentials(&self) -> Result<Tokens, Error> {
        let asked = self
            .0
            .engine
            .ask(async move |driver| driver.client_credentials().await);
        asked.await
    }

    /// Forgets tokens and key. If the server has an end-session endpoint and a user has logged in,
    /// returns the URL where the user's browser ends the session there too (OpenID Connect
    /// RP-Initiated Logout 1.0). The URL holds the id_token.
    ///
    /// # Errors
    /// [`Error::EngineStopped`].
    pub async fn logout(&self) -> Result<Option<String>, Error> {
        self.0
            .engine
            .ask(async move |driver| Ok(driver.logout()))
            .await
    }

    /// Renews the tokens now: by the refresh token, or by a new token request for the client
    /// itself. [`send`](Self::send) does so automatically when the access token is near its end.
    /// Concurrent calls share one request.
    ///
    /// # Errors
    /// [`Error::Engine`]: [`NoRefreshToken`](crate::Cause::NoRefreshToken),
    /// [`TokenRefused`](crate::Cause::TokenRefused) with the server's error, ...
    pub async fn renew(&self) -> Result<Tokens, Error> {
        let renewed = self.0.engine.ask(async move |driver| driver.renew().await);
        renewed.await
    }

    /// Returns the current tokens, or `None` if nobody is logged in.
    ///
    /// # Errors
    /// [`Error::EngineStopped`].
    pub async fn tokens(&self) -> Result<Option<Tokens>, Error> {
        let tokens = self.0.engine.ask(async move |driver| Ok(driver.tokens()));
        tokens.await
    }

    /// Returns the HTTP client that sends this client's requests, to build requests with. What you
    /// send with it directly carries no token.
    #[must_use]
    pub fn http(&self) -> &reqwest::Client {
        &self.0.http.outside
    }

    pub(super) fn inner(&self) -> &Inner {
        &self.0
    }

    pub(super) fn engine(&self) -> &Handle {
        &self.0.engine
    }
}

impl fmt::Debug for NativeClient {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("NativeClient")
            .field("issuer", &self.0.issuer)
            .field("client_id", &self.0.client_id)
            .finish_non_exhaustive()
    }
}
