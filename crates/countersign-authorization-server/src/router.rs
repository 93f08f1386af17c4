//! Routes each path to its endpoint, and adds what every response has.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    middleware::{Next, from_fn_with_state},
    response::Response,
    routing::{get, post},
};
use http::{HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::{
    clock::http_date,
    endpoints::{authorize, discovery, login, logout, pushed, token, userinfo},
    proofs::{DPOP, DPOP_NONCE},
    state::{ServerState, Shared},
    urls,
};

/// The limit of a body. This server's forms are small, but a parameter may hold a token.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// Preflights carry no proof and change rarely.
const PREFLIGHT_MAX_AGE: Duration = Duration::from_secs(600);

/// Returns all endpoints, below the issuer's path.
pub(crate) fn router(server: &Arc<ServerState>) -> Router {
    let metadata = get(discovery::metadata);
    let below_well_known = format!(
        "{}{}",
        urls::AUTHORIZATION_SERVER_METADATA,
        server.urls.path
    );
    let at = |path: &str| format!("{}{path}", server.urls.path);
    // The endpoints that pages of other origins call. The others are for navigation.
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
        .layer(cors(&server.origins));
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

fn cors(origins: &[String]) -> CorsLayer {
    let origins = origins
        .iter()
        .filter_map(|origin| HeaderValue::from_str(origin).ok());
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([DPOP, header::AUTHORIZATION, header::CONTENT_TYPE])
        .expose_headers([DPOP_NONCE, header::WWW_AUTHENTICATE, header::DATE])
        .max_age(PREFLIGHT_MAX_AGE)
}

/// Every response shows this server's clock, not the machine's: clients correct theirs by it.
async fn date(State(server): Shared, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Ok(date) = HeaderValue::from_str(&http_date(server.now())) {
        response.headers_mut().insert(header::DATE, date);
    }
    response
}
