//! The endpoint of pushed authorization requests (RFC 9126; RFC 9449, 10.1).

use axum::{body::Bytes, extract::State, response::Response};
use countersign::{UnixSeconds, authorization_server::pushed_key};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::{
    authorization_request::{
        AuthorizationError, AuthorizationRequest, MAX_REQUEST_BYTES, REQUEST_TOO_LONG,
    },
    client_request,
    oauth_error::{OAuthError, answered},
    pushed_requests::LIFETIME_SECONDS,
    state::{ServerState, Shared},
};

pub(crate) async fn push(State(server): Shared, headers: HeaderMap, body: Bytes) -> Response {
    let now = server.now();
    let answer = answer(&server, &headers, &body, now);
    let mut response = answered(
        StatusCode::CREATED,
        answer,
        "pushed authorization request refused",
    );
    server.proofs.add_nonce(response.headers_mut(), now);
    response
}

fn answer(
    server: &ServerState,
    headers: &HeaderMap,
    body: &[u8],
    now: UnixSeconds,
) -> Result<Value, OAuthError> {
    let params = client_request::form(headers, body)?;
    if body.len() > MAX_REQUEST_BYTES {
        return Err(OAuthError::too_long(REQUEST_TOO_LONG));
    }
    let proofs = &server.proofs;
    let proof = proofs.check(headers, &server.urls.pushed, now)?;
    client_request::client(&server.config, headers, &params)?;
    let request = AuthorizationRequest::read(&server.config, proofs.is_on(), &params)?;

    let mut encoded = String::from_utf8_lossy(body).into_owned();
    let key = pushed_key(request.dpop_jkt, proof.as_ref())?;
    if let (None, Some(key)) = (request.dpop_jkt, key) {
        encoded += &format!("&dpop_jkt={}", key.to_base64url());
    }
    if let Some(proof) = &proof {
        proofs.remember(proof, now)?;
    }
    let request_uri = server
        .pushed
        .keep(&request.client.id, encoded, now)
        .map_err(|_| OAuthError::server_error())?;
    Ok(json!({ "request_uri": request_uri, "expires_in": LIFETIME_SECONDS }))
}

/// An error that would be shown, or sent through the browser, is answered at once (RFC 9126, 2.3).
impl From<AuthorizationError> for OAuthError {
    fn from(error: AuthorizationError) -> Self {
        match error {
            AuthorizationError::Shown(why) => Self::invalid_request(why),
            AuthorizationError::Sent(_, error) => Self::bad_request(error.code, error.description),
        }
    }
}
