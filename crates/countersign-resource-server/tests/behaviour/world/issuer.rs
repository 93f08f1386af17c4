use std::sync::{Arc, Mutex};

use countersign_resource_server::{Fetch, FetchError};
use serde_json::json;

use super::ISSUER;

/// The issuer's documents, as they are served just now.
pub(crate) struct Site {
    jwks: Mutex<Option<String>>,
    asked: Mutex<usize>,
    urls: Mutex<Vec<String>>,
}

impl Site {
    /// Serves these keys; `None`: it is down.
    pub(crate) fn new(jwks: Option<String>) -> Arc<Self> {
        Arc::new(Self {
            jwks: Mutex::new(jwks),
            asked: Mutex::new(0),
            urls: Mutex::default(),
        })
    }

    pub(crate) fn set(&self, jwks: Option<String>) {
        *self.jwks.lock().unwrap() = jwks;
    }

    /// How often the key set has been asked for, or the metadata where it was down.
    pub(crate) fn asked(&self) -> usize {
        *self.asked.lock().unwrap()
    }

    /// Every address that was asked, in order.
    pub(crate) fn urls(&self) -> Vec<String> {
        self.urls.lock().unwrap().clone()
    }

    pub(crate) fn port(self: Arc<Self>) -> impl Fetch {
        Port(self)
    }
}

struct Port(Arc<Site>);

impl Fetch for Port {
    async fn get(&self, url: &str, _limit: usize) -> Result<Vec<u8>, FetchError> {
        self.0.urls.lock().unwrap().push(url.to_owned());
        let is_metadata = url == format!("{ISSUER}/.well-known/openid-configuration");
        let answer = match self.0.jwks.lock().unwrap().clone() {
            None => Err(FetchError::Transport("connection refused".to_owned())),
            Some(_) if is_metadata => {
                let metadata = json!({ "issuer": ISSUER, "jwks_uri": format!("{ISSUER}/jwks") });
                Ok(metadata.to_string().into_bytes())
            }
            Some(jwks) => Ok(jwks.into_bytes()),
        };
        if !is_metadata || answer.is_err() {
            *self.0.asked.lock().unwrap() += 1;
        }
        answer
    }
}
