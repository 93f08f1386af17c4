use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Query},
    http::{HeaderValue, StatusCode, header::LOCATION},
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use countersign_resource_server::{
    AccessTokenPolicy, Authenticated, DpopRequirement, Issuer, NonceIssuer, ResourceServer,
    ResourceServerBuilder, Scheme, Thumbprint,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{AccessTokensOption, DpopOption, Journal, Options, files, journal, live, notes};

/// Large enough for pictures, which users of the demo upload.
const MAX_BODY: usize = 32 * 1024 * 1024; // bytes

/// Builds the whole API, as it listens on `port`.
///
/// # Errors
/// The error is one sentence that names the option that can't be used.
pub fn app(options: &Options, port: u16) -> anyhow::Result<Router> {
    router(options, resource_server(options, port).build()?)
}

/// Builds the whole API behind `server`.
///
/// # Errors
/// Those of [`app`].
pub fn router(options: &Options, server: ResourceServer) -> anyhow::Result<Router> {
    let lifetime = Duration::from_secs(options.nonce_lifetime.into());
    let mut secret = [0; 32];
    aws_lc_rs::rand::fill(&mut secret).context("no random bytes")?;
    let nonces = Arc::new(NonceIssuer::new(&secret, lifetime));
    let server = match options.nonces {
        true => server.requiring_nonces(Arc::clone(&nonces)),
        false => server,
    };

    // Each group has its own layer, so that a request passes exactly one. Unknown paths belong to
    // the first group, so that no one without a token can see which paths exist.
    let notes = notes::Notes::default();
    let tickets = live::Tickets::default();
    let live = Router::new()
        .route("/api/ticket", post(live::ticket))
        .with_state(tickets.clone());
    let plain = Router::new()
        .route("/api/me", get(me))
        .route("/api/notes", get(notes::list).post(notes::create))
        .route("/api/notes/{id}", put(notes::update).delete(notes::delete))
        .route("/api/files", post(files::upload))
        .route("/api/events", get(live::events))
        .route("/api/redirect", get(redirect))
        .with_state(notes)
        .merge(live)
        .fallback(unknown)
        .layer(server.layer());
    let with_nonce = Router::new()
        .route("/api/with-nonce", get(me).post(me))
        .layer(server.requiring_nonces(nonces).layer());

    // The ticket is the credential.
    let socket = Router::new()
        .route("/live", get(live::live))
        .with_state(tickets);

    let mut app = plain
        .merge(with_nonce)
        .merge(socket)
        .layer(DefaultBodyLimit::max(MAX_BODY));
    if options.journal {
        let journal = Journal::default();
        app = app
            .layer(from_fn_with_state(journal.clone(), journal::record))
            .merge(journal::routes(journal));
    }
    if !options.allow_origin.is_empty() {
        let cors = ResourceServer::cors(&options.allow_origin).context("--allow-origin")?;
        app = app.layer(cors);
    }
    Ok(app)
}

/// Builds the protection that `options` ask for. Tests can still set other keys or another clock.
pub fn resource_server(options: &Options, port: u16) -> ResourceServerBuilder {
    let public_url = match &options.public_url {
        Some(url) => url.clone(),
        None => format!("http://localhost:{port}"),
    };
    let issuer =
        Issuer::new(&options.issuer, &options.audience).with_policy(match options.access_tokens {
            AccessTokensOption::Default => AccessTokenPolicy::default(),
            AccessTokensOption::Lenient => AccessTokenPolicy::lenient(),
        });
    ResourceServer::builder(public_url, issuer).with_dpop(match options.dpop {
        DpopOption::Required => DpopRequirement::Required,
        DpopOption::Optional => DpopRequirement::Optional,
    })
}

async fn unknown(_caller: Authenticated) -> StatusCode {
    StatusCode::NOT_FOUND
}

/// `GET /api/me`: returns whom the token speaks for, and the key that was proven.
async fn me(caller: Authenticated) -> Json<Value> {
    Json(json!({
        "sub": caller.subject(),
        "scheme": match caller.scheme() {
            Scheme::Dpop => "DPoP",
            Scheme::Bearer => "Bearer",
        },
        "jkt": caller.thumbprint().map(Thumbprint::to_base64url),
        "clientId": caller.client_id(),
        "scope": caller.scope(),
    }))
}

#[derive(Deserialize)]
struct RedirectTo {
    to: String,
}

/// `GET /api/redirect?to=/api/me`: redirects within this origin, for clients' tests.
async fn redirect(_caller: Authenticated, Query(query): Query<RedirectTo>) -> Response {
    // `//host` and `/\host` lead to another origin, and browsers drop tabs and line ends in
    // between.
    let within = query.to.starts_with('/')
        && !query.to[1..].starts_with(['/', '\\'])
        && query.to.bytes().all(|byte| byte.is_ascii_graphic());
    match HeaderValue::from_str(&query.to) {
        Ok(location) if within => (StatusCode::FOUND, [(LOCATION, location)]).into_response(),
        _ => (
            StatusCode::BAD_REQUEST,
            Json(json!({ "error": "`to` must be a path of this API" })),
        )
            .into_response(),
    }
}
