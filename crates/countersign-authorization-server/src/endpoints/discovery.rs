//! What clients and APIs learn about the server: its metadata (OpenID Connect Discovery 1.0, RFC
//! 8414) and its key.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use serde_json::{Value, json};

use crate::{
    config::STANDARD_SCOPES,
    prompt::Prompt,
    state::{ServerState, Shared},
    urls,
};

pub(crate) async fn metadata(State(server): Shared) -> Response {
    fresh_json(&document(&server))
}

pub(crate) async fn jwks(State(server): Shared) -> Response {
    fresh_json(&server.key.jwks())
}

fn document(server: &ServerState) -> Value {
    let url = |path| server.urls.url(path);
    let mut scopes: Vec<&str> = STANDARD_SCOPES.to_vec();
    for scope in server
        .config
        .clients
        .iter()
        .flat_map(|client| &client.scopes)
    {
        if !scopes.contains(&scope.as_str()) {
            scopes.push(scope);
        }
    }
    let grant_types: &[&str] = if server.config.refresh_tokens {
        &["authorization_code", "refresh_token"]
    } else {
        &["authorization_code"]
    };
    let mut document = json!({
        "issuer": server.urls.issuer,
        "authorization_endpoint": url(urls::AUTHORIZE),
        "token_endpoint": url(urls::TOKEN),
        "pushed_authorization_request_endpoint": url(urls::PUSHED_AUTHORIZATION_REQUEST),
        "require_pushed_authorization_requests": server.config.require_pushed_authorization_requests,
        "userinfo_endpoint": url(urls::USERINFO),
        "end_session_endpoint": url(urls::LOGOUT),
        "jwks_uri": url(urls::JWKS),
        "scopes_supported": scopes,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "fragment"],
        "grant_types_supported": grant_types,
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "prompt_values_supported": Prompt::NAMES,
        "claims_supported": [
            "iss", "sub", "aud", "azp", "exp", "iat", "auth_time", "nonce", "at_hash",
            "name", "preferred_username", "email", "email_verified"
        ],
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "authorization_response_iss_parameter_supported": true,
    });
    if server.proofs.is_on() {
        document["dpop_signing_alg_values_supported"] = server.proofs.algorithms().into();
    }
    document
}

/// The next start has another key and perhaps other switches, so nothing may be cached.
fn fresh_json(body: &Value) -> Response {
    (
        [
            (CONTENT_TYPE, "application/json"),
            (CACHE_CONTROL, "no-cache"),
        ],
        body.to_string(),
    )
        .into_response()
}
