//! What the endpoints share: the configuration, the keys, and all that the server remembers.

use std::{sync::Arc, time::Duration};

use axum::extract::State;
use countersign::UnixSeconds;

use crate::{
    authorization_request::{AuthorizationError, AuthorizationRequest},
    clock::Clock,
    config::{Config, ConfigError, DEFAULT_PORT},
    grants::Grants,
    keys::{SigningFailed, SigningKey},
    params::Params,
    proofs::Proofs,
    pushed_requests::PushedRequests,
    secret::{NoRandomness, Secret},
    sessions::{Cookies, Sessions},
    urls::Urls,
};

/// The server without its sockets and routes.
pub(crate) struct ServerState {
    pub(crate) config: Config,
    pub(crate) urls: Urls,
    pub(crate) clock: Clock,
    pub(crate) key: SigningKey,
    pub(crate) proofs: Proofs,
    pub(crate) grants: Grants,
    pub(crate) pushed: PushedRequests,
    pub(crate) sessions: Sessions,
    pub(crate) cookies: Cookies,
    /// The key that vouches for forms.
    pub(crate) secret: Secret,
    /// The origins whose pages may call the endpoints.
    pub(crate) origins: Vec<String>,
}

/// The state as an endpoint takes it from axum.
pub(crate) type Shared = State<Arc<ServerState>>;

impl ServerState {
    /// Creates a state with new keys and nothing remembered.
    pub(crate) fn new(config: Config, clock: Clock) -> Result<Self, ConfigError> {
        let config = config.complete()?;
        let urls = match &config.issuer {
            Some(issuer) => Urls::of(issuer)?,
            None => {
                let port = config.port.unwrap_or(DEFAULT_PORT);
                Urls::of(&format!("http://localhost:{port}"))?
            }
        };
        let nonce_lifetime = Duration::from_secs(config.nonce_lifetime_seconds.into());
        Ok(Self {
            origins: config.origins()?,
            clock: clock.ahead_by(config.clock_offset_seconds),
            key: SigningKey::generate(config.access_token_typ)?,
            proofs: Proofs::new(config.dpop, nonce_lifetime)?,
            grants: Grants::new()?,
            pushed: PushedRequests::new(),
            sessions: Sessions::new(),
            cookies: Cookies::of(&urls),
            secret: Secret::generate()?,
            urls,
            config,
        })
    }

    pub(crate) fn now(&self) -> UnixSeconds {
        self.clock.now()
    }

    /// Reads and checks the parameters of an authorization request as they came, in a query or in
    /// the login form.
    pub(crate) fn read_authorization_request(
        &self,
        encoded: &str,
    ) -> Result<AuthorizationRequest<'_>, AuthorizationError> {
        let params = Params::parse(encoded.as_bytes());
        AuthorizationRequest::read(&self.config, self.proofs.is_on(), &params)
    }
}

impl From<NoRandomness> for ConfigError {
    fn from(_: NoRandomness) -> Self {
        Self::NoRandomness
    }
}

impl From<SigningFailed> for ConfigError {
    fn from(_: SigningFailed) -> Self {
        Self::NoRandomness
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        authorization_request::ReturnTo, grants, pushed_requests::PushedRequest, sessions,
    };

    /// Two implementations for what has `Debug`, so that the choice below is ambiguous and does not
    /// compile.
    trait HasNoDebug<A> {
        fn checked() {}
    }
    impl<T> HasNoDebug<()> for T {}
    impl<T: std::fmt::Debug> HasNoDebug<u8> for T {}

    #[test]
    fn what_holds_secrets_can_t_be_printed() {
        <Secret as HasNoDebug<_>>::checked();
        <Params as HasNoDebug<_>>::checked();
        <PushedRequest as HasNoDebug<_>>::checked();
        <sessions::Session as HasNoDebug<_>>::checked();
        <grants::Authorization as HasNoDebug<_>>::checked();
        <grants::Found as HasNoDebug<_>>::checked();
        <AuthorizationRequest<'_> as HasNoDebug<_>>::checked();
        <ReturnTo as HasNoDebug<_>>::checked();
        <AuthorizationError as HasNoDebug<_>>::checked();
    }
}
