//! The responses to refused requests (RFC 9449, section 7.1; RFC 6750, section 3).

use countersign::challenge::{Challenge, RESOURCE_METADATA};
use http::{
    HeaderValue, Response,
    header::{CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE},
};

use super::{Rejection, rejection::USE_DPOP_NONCE};
use crate::headers::DPOP_NONCE;

/// What every response of one server to a refused request depends on, apart from the reason.
pub(crate) struct Challenges {
    /// The proof algorithms of the policy, separated by spaces.
    pub(crate) algorithms: String,
    /// Whether unbound tokens are accepted as Bearer.
    pub(crate) takes_bearer: bool,
    /// The URL of the resource's metadata (RFC 9728, 5.1).
    pub(crate) metadata_url: Option<String>,
}

impl Challenges {
    /// Makes the response to a refused request; `fresh_nonce` is for the reasons that ask for a
    /// nonce.
    pub(crate) fn response(
        &self,
        rejection: &Rejection,
        fresh_nonce: Option<HeaderValue>,
    ) -> Response<()> {
        let row = rejection.row();
        let mut response = Response::new(());
        *response.status_mut() = row.status;
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = row.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
            return response;
        }
        let with_error = |mut challenge: Challenge| {
            if let Some(error) = row.error {
                challenge = challenge.with_error(error, rejection.description(error));
            }
            match rejection {
                Rejection::Scope { required } => challenge.with("scope", required),
                _ => challenge,
            }
        };
        let dpop = with_error(Challenge::dpop().with("algs", &self.algorithms));
        let bearer = self.takes_bearer.then(|| match row.concerns_bearer {
            true => with_error(Challenge::bearer()),
            false => Challenge::bearer(),
        });
        for mut challenge in [Some(dpop), bearer].into_iter().flatten() {
            if let Some(url) = &self.metadata_url {
                challenge = challenge.with(RESOURCE_METADATA, url);
            }
            // A built challenge consists of visible ASCII.
            if let Ok(value) = HeaderValue::from_str(&challenge.to_header()) {
                headers.append(WWW_AUTHENTICATE, value);
            }
        }
        if row.error == Some(USE_DPOP_NONCE)
            && let Some(nonce) = fresh_nonce
        {
            headers.insert(DPOP_NONCE, nonce);
        }
        response
    }
}
