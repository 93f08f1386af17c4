//! The server as a whole: its state, and the router over it.

use std::{fmt, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    middleware::{Next, from_fn_with_state},
    response::Response,
    routing::{get, post},
};
use countersign::UnixSeconds;
use http::{HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};
use url::Url;

use crate::{
    clock::{Clock, http_date},
    config::{Config, ConfigError, DEFAULT_PORT},
    endpoints::{
        authorize, discovery, login, logout,
        pushed::{self, PushedRequests},
        token, userinfo,
    },
    grants::Grants,
    keys::{SigningFailed, SigningKey},
    proofs::{DPOP, DPOP_NONCE, Proofs},
    secret::{NoRandomness, Secret},
    sessions::{Cookies, Sessions},
    urls::{self, Urls},
};

/// Forms of this server are small; a request parameter may hold a token.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// Preflights carry no proof and change rarely.
const PREFLIGHT_MAX_AGE: Duration = Duration::from_secs(600);

/// A development authorization server. Keys, logins, codes and tokens are in its memory only.
#[derive(Clone)]
pub struct AuthorizationServer(Arc<Server>);

pub(crate) struct Server {
    pub(crate) config: Config,
    pub(crate) urls: Urls,
    pub(crate) clock: Clock,
    pub(crate) key: SigningKey,
    pub(crate) proofs: Proofs,
    pub(crate) grants: Grants,
    pub(crate) pushed: PushedRequests,
    pub(crate) sessions: Sessions,
    pub(crate) cookies: Cookies,
    /// Vouches for forms.
    pub(crate) secret: Secret,
    origins: Vec<HeaderValue>,
}

pub(crate) type Shared = State<Arc<Server>>;

impl AuthorizationServer {
    /// A server with keys of its own, that takes the time from `clock` (and adds the configuration's offset).
    ///
    /// # Errors
    /// The first value of the configuration that can't be used.
    pub fn new(config: Config, clock: Clock) -> Result<Self, ConfigError> {
        let config = config.complete()?;
        let urls = match &config.issuer {
            Some(issuer) => Urls::of(issuer)?,
            None => {
                let port = config.port.unwrap_or(DEFAULT_PORT);
                Urls::of(&format!("http://localhost:{port}"))?
            }
        };
        let nonce_lifetime = Duration::from_secs(config.nonce_lifetime_seconds.into());
        Ok(Self(Arc::new(Server {
            origins: allowed_origins(&config)?,
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
        })))
    }

    /// The issuer, as tokens and metadata name it.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.0.urls.issuer
    }

    /// All its endpoints, below the path of the issuer.
    pub fn router(&self) -> Router {
        let server = &self.0;
        let metadata = get(discovery::metadata);
        let below_well_known = format!(
            "{}{}",
            urls::AUTHORIZATION_SERVER_METADATA,
            server.urls.path
        );
        let at = |path: &str| format!("{}{path}", server.urls.path);
        // What pages of other origins call. The other endpoints are for navigation.
        let called = Router::new()
            .route(&at(urls::OPENID_CONFIGURATION), metadata.clone())
            .route(&below_well_known, metadata)
            .route(&at(urls::JWKS), get(discovery::jwks))
            .route(&at(urls::TOKEN), post(token::token))
            .route(&at(urls::PUSHED_AUTHORIZATION_REQUEST), post(pushed::push))
            .route(
                &at(urls::USERINFO),
                get(userinfo::userinfo).post(userinfo::userinfo),
            )
            .layer(self.cors());
        let visited = Router::new()
            .route(
                &at(urls::AUTHORIZE),
                get(authorize::by_query).post(authorize::by_form),
            )
            .route(&at(urls::LOGIN), post(login::log_in))
            .route(
                &at(urls::LOGOUT),
                get(logout::by_query).post(logout::by_form),
            );
        called
            .merge(visited)
            .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
            .layer(from_fn_with_state(server.clone(), date))
            .with_state(server.clone())
    }

    #[cfg(test)]
    pub(crate) fn state(&self) -> &Server {
        &self.0
    }

    fn cors(&self) -> CorsLayer {
        CorsLayer::new()
            .allow_origin(AllowOrigin::list(self.0.origins.iter().cloned()))
            .allow_methods([Method::GET, Method::POST])
            .allow_headers([DPOP, header::AUTHORIZATION, header::CONTENT_TYPE])
            .expose_headers([DPOP_NONCE, header::WWW_AUTHENTICATE, header::DATE])
            .max_age(PREFLIGHT_MAX_AGE)
    }
}

impl Server {
    pub(crate) fn now(&self) -> UnixSeconds {
        self.clock.now()
    }
}

impl fmt::Debug for AuthorizationServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationServer")
            .field("issuer", &self.issuer())
            .finish_non_exhaustive()
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

/// Every response shows this server's clock, not the machine's: clients correct theirs by it.
async fn date(State(server): Shared, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Ok(date) = HeaderValue::from_str(&http_date(server.now())) {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}

/// The origins of the redirect URIs are those of the clients' pages.
fn allowed_origins(config: &Config) -> Result<Vec<HeaderValue>, ConfigError> {
    let mut origins: Vec<String> = Vec::new();
    for value in &config.allowed_origins {
        let is_origin = Url::parse(value).is_ok_and(|url| {
            url.origin().is_tuple() && url.origin().ascii_serialization() == *value
        });
        if !is_origin {
            return Err(ConfigError::Origin {
                value: value.clone(),
            });
        }
        origins.push(value.clone());
    }
    let redirect_uris = config
        .clients
        .iter()
        .flat_map(|client| &client.redirect_uris);
    for url in redirect_uris.filter_map(|uri| Url::parse(uri).ok()) {
        let origin = url.origin();
        if origin.is_tuple() {
            origins.push(origin.ascii_serialization());
        }
    }
    origins.sort_unstable();
    origins.dedup();
    Ok(origins
        .iter()
        .filter_map(|origin| HeaderValue::from_str(origin).ok())
        .collect())
}
