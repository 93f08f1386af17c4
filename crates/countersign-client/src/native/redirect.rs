//! Redirects of API calls: within one origin only, since the access token is in the request.

use reqwest::header::{
    CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_LOCATION, CONTENT_TYPE, LOCATION,
    TRANSFER_ENCODING,
};
use reqwest::{Method, Request, Response, StatusCode};

/// A request that may be redirected.
pub(super) struct Hop {
    /// Without its body.
    head: Request,
    /// `None`: its body is a stream.
    whole: Option<Request>,
}

impl Hop {
    /// Before it is sent, and without the headers that belong to one request.
    pub(super) fn before(request: &Request) -> Self {
        let mut head = Request::new(request.method().clone(), request.url().clone());
        head.headers_mut().clone_from(request.headers());
        *head.version_mut() = request.version();
        *head.timeout_mut() = request.timeout().copied();
        Self {
            head,
            whole: request.try_clone(),
        }
    }

    /// The request that follows, as browsers build it (the Fetch standard, HTTP-redirect fetch); `None`: the response
    /// is for the caller.
    pub(super) fn next(self, response: &Response) -> Option<Request> {
        let location = response.headers().get(LOCATION)?.to_str().ok()?;
        let url = self.head.url().join(location).ok()?;
        let is_same = url.origin() == self.head.url().origin();
        let is_anonymous = url.username().is_empty() && url.password().is_none();
        if !is_same || !is_anonymous {
            return None;
        }
        let method = self.head.method();
        let becomes_get = match response.status() {
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => method == Method::POST,
            StatusCode::SEE_OTHER => method != Method::GET && method != Method::HEAD,
            StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => false,
            _ => return None,
        };
        let mut next = if becomes_get {
            let mut next = self.head;
            *next.method_mut() = Method::GET;
            for header in [
                CONTENT_ENCODING,
                CONTENT_LANGUAGE,
                CONTENT_LENGTH,
                CONTENT_LOCATION,
                CONTENT_TYPE,
                TRANSFER_ENCODING,
            ] {
                next.headers_mut().remove(header);
            }
            next
        } else {
            self.whole?
        };
        *next.url_mut() = url;
        Some(next)
    }
}
