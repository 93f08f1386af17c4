//! What a page on another origin needs to call an API with DPoP: the request headers it may send,
//! the response headers it may read. The rest of CORS is tower-http's.
//!
//! The list of origins is the boundary. A page on it may use any method and send any header:
//! limiting these for a page that is trusted with the user's tokens protects nothing, and breaks
//! `If-Match`.

use std::time::Duration;

use http::{
    HeaderName, HeaderValue, Uri,
    header::{DATE, WWW_AUTHENTICATE},
};
use thiserror::Error;
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, CorsLayer};

use crate::{headers::DPOP_NONCE, server::ResourceServer};

/// Preflights carry no proof and change rarely; browsers cap this (Chromium at two hours).
const MAX_AGE: Duration = Duration::from_secs(600);

/// `Date` lets a client with a wrong clock correct its proofs.
const EXPOSED: [HeaderName; 3] = [DPOP_NONCE, WWW_AUTHENTICATE, DATE];

/// An origin that [`ResourceServer::cors`](crate::ResourceServer::cors) cannot use.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{value}` is not an origin: name each one as a browser writes it, scheme, host and port only, \
     in lower case and without a default port, like `https://app.example.com`"
)]
#[non_exhaustive]
pub struct OriginError {
    /// The value as it was given.
    pub value: String,
}

impl ResourceServer {
    /// Makes the CORS layer for pages of `origins` that call this API with DPoP. Put it outermost,
    /// so that the page can read refusals, and preflights, which carry no proof, are answered.
    ///
    /// These origins may use every method and send every header, `If-Match` or the application's
    /// own as well as `Authorization` and `DPoP`; pages read `DPoP-Nonce`, `WWW-Authenticate` and
    /// `Date` of responses. [`CorsLayer::expose_headers`] lets them read more; its list must then
    /// name these three too. tower-http answers every `OPTIONS` request itself, preflight or not,
    /// so none reaches a layer or a handler further in.
    ///
    /// # Errors
    /// [`OriginError`] for a value that no browser sends as `Origin`; also for `*`.
    pub fn cors<I>(origins: I) -> Result<CorsLayer, OriginError>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        layer(origins)
    }
}

fn layer<I>(origins: I) -> Result<CorsLayer, OriginError>
where
    I: IntoIterator,
    I::Item: AsRef<str>,
{
    let origins = origins
        .into_iter()
        .map(|origin| parse(origin.as_ref()))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods(AllowMethods::mirror_request())
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(EXPOSED)
        .max_age(MAX_AGE))
}

/// Origins are compared byte by byte, so only the form that browsers send is of use.
fn parse(value: &str) -> Result<HeaderValue, OriginError> {
    let refused = || OriginError {
        value: value.to_owned(),
    };
    let uri: Uri = value.parse().map_err(|_| refused())?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(refused());
    };
    let default_port = matches!(
        (scheme, authority.port_u16()),
        ("http", Some(80)) | ("https", Some(443))
    );
    let serialised = format!("{scheme}://{authority}");
    if value != serialised
        || value.bytes().any(|byte| byte.is_ascii_uppercase())
        || authority.as_str().contains('@')
        || default_port
    {
        return Err(refused());
    }
    HeaderValue::from_str(value).map_err(|_| refused())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_as_browsers_send_it_is_taken() {
        for origin in [
            "https://app.example.com",
            "http://localhost:9440",
            "http://[::1]:9440",
        ] {
            assert_eq!(parse(origin).expect(origin), origin);
        }
    }

    #[test]
    fn what_no_browser_sends_is_refused_by_name() {
        for origin in [
            "*",
            "null",
            "",
            "app.example.com",
            "https://app.example.com/",
            "https://app.example.com/path",
            "https://App.example.com",
            "https://app.example.com:443",
            "http://app.example.com:80",
            "https://user@app.example.com",
        ] {
            let error = parse(origin).expect_err(origin);
            assert!(
                error.to_string().starts_with(&format!("`{origin}` is not")),
                "{error}"
            );
        }
    }
}
