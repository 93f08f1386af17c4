//! A login in progress, while the browser is away.

use core::fmt;
use std::string::String;
use std::time::Duration;

use super::driver::{Driver, Handle, parameters};
use super::error::Error;
use super::loopback::Loopback;
use super::session::Tokens;
use crate::error::ClientError;
use crate::login::Visit;
use crate::text::Text;

/// A login that waits for its response. Dropping it cancels the login.
pub struct PendingLogin {
    pub(super) engine: Handle,
    pub(super) loopback: Loopback,
    pub(super) limit: Duration,
    pub(super) url: String,
    pub(super) state: String,
}

impl PendingLogin {
    pub(super) async fn begin(
        engine: Handle,
        loopback: Loopback,
        limit: Duration,
    ) -> Result<Self, Error> {
        let redirect_uri = String::from(loopback.redirect_uri());
        let asked = engine.ask(async move |driver| {
            let prepared = driver.prepare(&redirect_uri.into()).await;
            prepared.map_err(|error| driver.error(&error))
        });
        let (url, state) = asked.await?;
        Ok(Self {
            engine,
            loopback,
            limit,
            url,
            state,
        })
    }

    /// Returns the URL to open in the user's browser. It holds `state`, PKCE's challenge and the
    /// key's thumbprint; none of them is a secret.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Waits for the browser to come back, and redeems the code.
    ///
    /// # Errors
    /// [`Error::LoginTimedOut`]; [`Error::Engine`] with a cause of the response, the token request
    /// or the id_token.
    pub async fn finish(self) -> Result<Tokens, Error> {
        let Self {
            engine,
            loopback,
            limit,
            state,
            ..
        } = self;
        let response = tokio::time::timeout(limit, loopback.response(&state)).await;
        let response = response.map_err(|_| Error::LoginTimedOut { limit })?;
        drop(loopback);
        engine
            .ask(async move |driver| {
                let Driver {
                    engine,
                    client,
                    token_parameters,
                    ..
                } = &*driver;
                let response = parameters(response);
                let redeemed = engine.redeem(client, &response, token_parameters);
                redeemed.await.map_err(|error| driver.error(&error))?;
                driver.held()
            })
            .await
    }
}

impl Driver {
    /// Returns the URL to open in the user's browser, and the `state` of the response.
    async fn prepare(&self, redirect_uri: &Text) -> Result<(String, String), ClientError> {
        let (engine, client) = (&self.engine, &self.client);
        let request = engine
            .prepare(client, redirect_uri, Visit::Interactive)
            .await?;
        let url = request.to_url(&self.authorization_parameters)?;
        let pushed = engine.push(client, &url, request.is_bound(), &[]).await?;
        Ok((pushed.unwrap_or(url), String::from(request.state())))
    }
}

impl fmt::Debug for PendingLogin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PendingLogin")
            .field("redirect_uri", &self.loopback.redirect_uri())
            .finish_non_exhaustive()
    }
}
