//! Pushed authorization requests (RFC 9126; RFC 9449, 10.1): the endpoint, and the requests until they are used, which
//! each is once, by its client, within a minute.

use std::sync::{Mutex, PoisonError};

use axum::{
    body::Bytes,
    extract::State,
    response::{IntoResponse, Response},
};
use countersign::{UnixSeconds, authorization_server::pushed_key, jose::base64url};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::{
    authorization_request::{AuthorizationRequest, Refusal},
    bounded_map::BoundedMap,
    client_request,
    endpoints::authorize::{MAX_REQUEST_BYTES, REQUEST_TOO_LONG},
    oauth_error::{OAuthError, uncached_json},
    params::Params,
    router::{Server, Shared},
    secret::random,
};

/// RFC 9126, 2.2.
const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

/// As long as it takes the client to send the browser there (RFC 9126, 2.2: 5 to 600).
pub(crate) const LIFETIME_SECONDS: i64 = 60;

/// Of at most 8 KiB each.
const CAPACITY: usize = 1_000;

/// A request that was pushed, as it came. A hint in it is somebody's token, so it has no `Debug`.
pub(crate) struct PushedRequest {
    client_id: String,
    /// Its parameters, with the `dpop_jkt` of its proof.
    encoded: String,
}

/// Those that wait for their browser.
pub(crate) struct PushedRequests(Mutex<BoundedMap<[u8; 16], PushedRequest>>);

impl PushedRequests {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(BoundedMap::new(CAPACITY)))
    }

    /// The parameters behind a `request_uri` of ours, once and for its client. `None`: the request has none of ours.
    pub(crate) fn take(
        &self,
        params: &Params,
        now: UnixSeconds,
    ) -> Option<Result<String, Refusal>> {
        let id = params.get("request_uri")?.strip_prefix(PREFIX)?;
        let taken = base64url::decode(id)
            .and_then(|id| id.try_into().ok())
            .and_then(|id: [u8; 16]| {
                let mut requests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                let request = requests.get(&id, now)?;
                if params.get("client_id") != Some(&*request.client_id) {
                    return None;
                }
                let encoded = request.encoded.clone();
                requests.remove(&id);
                Some(encoded)
            });
        Some(taken.ok_or_else(|| {
            Refusal::Shown(format!(
                "The request_uri is unknown, was used before, is older than {LIFETIME_SECONDS} seconds, or was pushed by another client. Go back to the app and log in from there."
            ))
        }))
    }
}

pub(crate) async fn push(State(server): Shared, headers: HeaderMap, body: Bytes) -> Response {
    let now = server.now();
    let mut response = match answer(&server, &headers, &body, now) {
        Ok(pushed) => uncached_json(StatusCode::CREATED, &pushed),
        Err(error) => {
            tracing::info!(
                error = error.code,
                reason = error.description,
                "pushed authorization request refused"
            );
            error.into_response()
        }
    };
    server.proofs.add_nonce(response.headers_mut(), now);
    response
}

fn answer(
    server: &Server,
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
    let id: [u8; 16] = random().map_err(|_| OAuthError::server_error())?;
    let pushed = PushedRequest {
        client_id: request.client.id.clone(),
        encoded,
    };
    let mut requests = server
        .pushed
        .0
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    requests.insert(id, pushed, now.plus(LIFETIME_SECONDS), now);
    Ok(json!({
        "request_uri": format!("{PREFIX}{}", base64url::encode(&id)),
        "expires_in": LIFETIME_SECONDS,
    }))
}

/// What would be shown or sent through the browser is answered at once (RFC 9126, 2.3).
impl From<Refusal> for OAuthError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Shown(why) => Self::invalid_request(why),
            Refusal::Sent(_, error) => Self::bad_request(error.code, error.description),
        }
    }
}
