//! Redirects of API calls. They are followed within one origin only, because the request carries
//! the access token.

use reqwest::header::{
    CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_LOCATION, CONTENT_TYPE, HeaderName,
    LAST_MODIFIED, LOCATION, TRANSFER_ENCODING,
};
use reqwest::{Method, Request, Response};

use super::platform::parts;
use crate::redirect::{Redirected, Seen, redirect};

/// The headers that belong to a body (RFC 9110, 15.4; `Content-Digest` and `Repr-Digest` replace
/// `Digest` in RFC 9530).
const OF_THE_BODY: [HeaderName; 10] = [
    CONTENT_ENCODING,
    CONTENT_LANGUAGE,
    CONTENT_LENGTH,
    CONTENT_LOCATION,
    CONTENT_TYPE,
    LAST_MODIFIED,
    TRANSFER_ENCODING,
    HeaderName::from_static("digest"),
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("repr-digest"),
];

/// A request that may be redirected.
pub(super) struct Hop {
    /// The request without its body.
    head: Request,
    /// The body; `None` if it is a stream.
    whole: Option<Request>,
}

impl Hop {
    /// Keeps what a redirect needs of a request that is not sent yet, without the headers that
    /// belong to one request.
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

    /// Returns the request that follows (RFC 9110, 15.4), or `None` if the response is for the
    /// caller.
    pub(super) fn next(self, response: &Response) -> Option<Request> {
        let location = response.headers().get(LOCATION)?.to_str().ok()?;
        let url = self.head.url().join(location).ok()?;
        let (from, _) = parts(self.head.url())?;
        let (to, _) = parts(&url)?;
        let method = self.head.method().as_str();
        let status = Seen::Status(response.status().as_u16());
        let Redirected::SameOrigin(followed) = redirect(method, &from, &to, status) else {
            return None;
        };
        let becomes_get = followed != method;
        let mut next = if becomes_get {
            let mut next = self.head;
            *next.method_mut() = Method::GET;
            for header in OF_THE_BODY {
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
