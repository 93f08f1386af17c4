//! One API call: it gets its headers, its response is observed, and it is sent once more if the
//! engine says so.

use std::format;
use std::string::{String, ToString as _};
use std::vec::Vec;

use countersign::header;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use reqwest::{Request, RequestBuilder, Response};
use zeroize::Zeroizing;

use super::client::NativeClient;
use super::driver::{Driver, Handle, Ticket};
use super::error::Error;
use super::http::is_loopback;
use super::platform::{date, dpop_nonce, parts};
use super::redirect::Hop;
use crate::call::{Observed, Upgraded};
use crate::platform::Url;

const DPOP: HeaderName = HeaderName::from_static(header::DPOP);

/// The most redirects that are followed: half as many as browsers follow, and more than an API
/// needs.
const MAX_REDIRECTS: usize = 10;

/// The two headers that a request was sent with, for tools that show them. They are an extension of
/// the [`Response`] of [`send`](NativeClient::send). Both are secrets, and marked as sensitive.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SentHeaders {
    /// `Authorization`.
    pub authorization: HeaderValue,
    /// `DPoP`; `None` with a Bearer token.
    pub proof: Option<HeaderValue>,
}

/// The headers of one request.
struct Headers {
    authorization: HeaderValue,
    /// The proof, and the ticket to observe its response with; `None` for a Bearer token.
    proof: Option<(HeaderValue, Ticket)>,
}

impl NativeClient {
    /// Sends a request with the access token: as `Authorization: DPoP` with a proof if the token is
    /// bound, otherwise as Bearer (RFC 9449, 7.1). If the access token is near its end, it is
    /// renewed first.
    ///
    /// If the response asks for a nonce (section 9), or refuses the proof for its time, the request
    /// is sent once more with the same body. A body that is a stream cannot be sent twice: then the
    /// challenge is the response, and the next request has the nonce.
    ///
    /// Redirects within the URL's origin are followed as browsers do, up to ten, each with a proof
    /// of its own. Neither token nor proof is ever sent to another origin: then the redirect is the
    /// response.
    ///
    /// The request may be built with any reqwest client, like [`http`](Self::http); this client's
    /// own sends it.
    ///
    /// # Errors
    /// [`Error::NotLoggedIn`], [`Error::HeaderPresent`], [`Error::UrlUnusable`],
    /// [`Error::UrlInsecure`]; [`Error::Request`] if reqwest failed; [`Error::Engine`] if a renewal
    /// failed and the old token has expired. A response with an error status is not an error here.
    pub async fn send(&self, request: RequestBuilder) -> Result<Response, Error> {
        self.execute(request.build()?).await
    }

    /// Sends a request that is already built, like [`send`](Self::send).
    ///
    /// # Errors
    /// Those of [`send`](Self::send).
    pub async fn execute(&self, mut request: Request) -> Result<Response, Error> {
        for (header, name) in [(AUTHORIZATION, "Authorization"), (DPOP, "DPoP")] {
            if request.headers().contains_key(header) {
                return Err(Error::HeaderPresent { name });
            }
        }
        let mut redirects = 0;
        loop {
            let hop = Hop::before(&request);
            let response = self.exchange(request).await?;
            match hop.next(&response) {
                Some(next) if redirects < MAX_REDIRECTS => request = next,
                _ => return Ok(response),
            }
            redirects += 1;
        }
    }

    /// Sends one request, and once more if that helps.
    async fn exchange(&self, request: Request) -> Result<Response, Error> {
        let Some((origin, path)) = parts(request.url()) else {
            let mut url = request.url().clone();
            // It fails only for URLs that cannot have any.
            let _ = (url.set_username(""), url.set_password(None));
            return Err(Error::UrlUnusable { url: url.into() });
        };
        let is_private = request.url().scheme() == "https" || is_loopback(request.url());
        if !is_private && !self.inner().allows_plain_http {
            return Err(Error::UrlInsecure { origin });
        }
        let method = request.method().to_string();
        let copy = request.try_clone();
        let handle = self.engine().clone();
        let headers = self.engine().ask(async move |driver| {
            let tokens = driver.usable().await?;
            let token = &tokens.access_token;
            let url = Url {
                origin: origin.into(),
                path: path.into(),
            };
            let upgraded = match driver.engine.bound_token(token) {
                Some(bound) => driver.engine.authorize(method.into(), url, bound).await,
                None => Ok(None),
            };
            match upgraded.map_err(|error| driver.error(&error))? {
                Some(upgraded) => driver.headers(upgraded, &handle),
                None => Ok(Headers {
                    authorization: secret(&Zeroizing::new(format!("Bearer {}", &**token)))?,
                    proof: None,
                }),
            }
        });
        let (response, ticket) = self.put(request, headers.await?).await?;
        let Some(ticket) = ticket else {
            return Ok(response);
        };
        let again = self.observe(ticket, &response, copy.is_some()).await?;
        let (Some(headers), Some(copy)) = (again, copy) else {
            return Ok(response);
        };
        let (response, ticket) = self.put(copy, headers).await?;
        if let Some(ticket) = ticket {
            // The engine learns from it as from every response; the attempt of a retry yields no
            // other.
            self.observe(ticket, &response, false).await?;
        }
        Ok(response)
    }

    /// Sends one request with these headers.
    async fn put(
        &self,
        mut request: Request,
        headers: Headers,
    ) -> Result<(Response, Option<Ticket>), Error> {
        let sent = SentHeaders {
            authorization: headers.authorization.clone(),
            proof: headers.proof.as_ref().map(|(proof, _)| proof.clone()),
        };
        let map = request.headers_mut();
        map.insert(AUTHORIZATION, headers.authorization);
        let ticket = headers.proof.map(|(proof, ticket)| {
            map.insert(DPOP, proof);
            ticket
        });
        let http = self.inner().http.for_url(request.url());
        let mut response = http.execute(request).await?;
        response.extensions_mut().insert(sent);
        Ok((response, ticket))
    }

    async fn observe(
        &self,
        ticket: Ticket,
        response: &Response,
        is_replayable: bool,
    ) -> Result<Option<Headers>, Error> {
        let status = response.status().as_u16();
        let map = response.headers();
        let nonce = String::from(dpop_nonce(map));
        let challenges = map.get_all(WWW_AUTHENTICATE).iter();
        let challenges: Vec<&str> = challenges.filter_map(|value| value.to_str().ok()).collect();
        let challenges = challenges.join(", ");
        let date = date(map);
        let handle = self.engine().clone();
        let observed = self.engine().ask(async move |driver| {
            let Some(attempt) = driver.take(ticket.number()) else {
                return Ok(None);
            };
            let response = Observed {
                status,
                dpop_nonce: &nonce,
                www_authenticate: &challenges,
                date,
            };
            let again = driver.engine.observe(attempt, &response, is_replayable);
            match again.await.map_err(|error| driver.error(&error))? {
                Some(upgraded) => driver.headers(upgraded, &handle).map(Some),
                None => Ok(None),
            }
        });
        observed.await
    }
}

impl Driver {
    fn headers(
        &self,
        upgraded: Upgraded<super::platform::Native>,
        handle: &Handle,
    ) -> Result<Headers, Error> {
        let authorization = secret(&Zeroizing::new(upgraded.attempt.authorization()))?;
        let proof = secret(&upgraded.proof)?;
        let ticket = Ticket::new(self.keep(upgraded.attempt), handle);
        Ok(Headers {
            authorization,
            proof: Some((proof, ticket)),
        })
    }
}

/// Creates a header that logs do not show. A token that no header can hold comes from a broken
/// server.
fn secret(text: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(text).map_err(|_| Error::TokenUnusable)?;
    value.set_sensitive(true);
    Ok(value)
}
