//! The pushed authorization requests (RFC 9126) that wait to be used: each once, by its client,
//! within a minute.

use std::sync::{Mutex, PoisonError};

use countersign::{UnixSeconds, jose::base64url};

use crate::{
    authorization_request::AuthorizationError,
    bounded_map::BoundedMap,
    params::Params,
    secret::{NoRandomness, random},
};

/// The prefix of a `request_uri` (RFC 9126, 2.2).
const PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

/// How long a client may take to send the browser here (RFC 9126, 2.2: 5 to 600 seconds).
pub(crate) const LIFETIME_SECONDS: i64 = 60;

/// How many requests are kept, of at most 8 KiB each.
const CAPACITY: usize = 1_000;

/// A pushed request as it came. It has no `Debug`, since a hint in it is somebody's token.
pub(crate) struct PushedRequest {
    client_id: String,
    /// The request's parameters, with the `dpop_jkt` of its proof.
    encoded: String,
}

/// The pushed requests whose browser has not come yet.
pub(crate) struct PushedRequests(Mutex<BoundedMap<[u8; 16], PushedRequest>>);

impl PushedRequests {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(BoundedMap::new(CAPACITY)))
    }

    /// Keeps a client's request for a minute, and returns its `request_uri`.
    pub(crate) fn keep(
        &self,
        client_id: &str,
        encoded: String,
        now: UnixSeconds,
    ) -> Result<String, NoRandomness> {
        let id: [u8; 16] = random()?;
        let request = PushedRequest {
            client_id: client_id.to_owned(),
            encoded,
        };
        let mut requests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        requests.insert(id, request, now.plus(LIFETIME_SECONDS), now);
        Ok(format!("{PREFIX}{}", base64url::encode(&id)))
    }

    /// Takes the parameters behind a `request_uri` of ours, once and for its client. Returns `None`
    /// if the request has none of ours.
    pub(crate) fn take(
        &self,
        params: &Params,
        now: UnixSeconds,
    ) -> Option<Result<String, AuthorizationError>> {
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
            AuthorizationError::Shown(format!(
                "The request_uri is unknown, was used before, is older than {LIFETIME_SECONDS} seconds, or was pushed by another client. Go back to the app and log in from there."
            ))
        }))
    }
}
