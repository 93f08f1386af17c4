//! The whole server, as programs and tests start it.

use std::{fmt, sync::Arc};

use axum::Router;

use crate::{
    clock::Clock,
    config::{Config, ConfigError},
    router::router,
    state::ServerState,
};

/// A development authorization server. Keys, logins, codes and tokens are in its memory only.
#[derive(Clone)]
pub struct AuthorizationServer(Arc<ServerState>);

impl AuthorizationServer {
    /// Creates a server with new keys. It takes the time from `clock` and adds the configuration's
    /// offset.
    ///
    /// # Errors
    /// The first value of the configuration that can't be used, or [`ConfigError::NoRandomness`].
    pub fn new(config: Config, clock: Clock) -> Result<Self, ConfigError> {
        Ok(Self(Arc::new(ServerState::new(config, clock)?)))
    }

    /// Returns the issuer as tokens and metadata name it.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.0.urls.issuer
    }

    /// Returns the router with all endpoints, below the issuer's path.
    pub fn router(&self) -> Router {
        router(&self.0)
    }
}

impl fmt::Debug for AuthorizationServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationServer")
            .field("issuer", &self.issuer())
            .finish_non_exhaustive()
    }
}
