//! OpenID Connect Discovery: where the endpoints are and whether tokens are bound.
//!
//! It is fetched once per client and page, and never read back from web storage (RS2).

use alloc::boxed::Box;
use alloc::string::String;

use countersign::dpop_mode::decide;

use countersign::loopback::is_loopback;

use crate::clock::Source;
use crate::engine::Engine;
use crate::error::{Cause, ClientError, same};
use crate::form::status_text;
use crate::platform::{Document, Platform, Request, Url};
use crate::state::{Client, ClientConfig, Endpoint, Failures, Metadata};

const AUTHORIZATION_ENDPOINT: &str = "authorization_endpoint";
const TOKEN_ENDPOINT: &str = "token_endpoint";
const END_SESSION_ENDPOINT: &str = "end_session_endpoint";

const TOKEN_FAILURES: Failures = Failures {
    unreachable: Cause::TokenUnreachable,
    refused: Cause::TokenRefused,
    invalid: Cause::TokenResponseInvalid,
};

const PUSH_FAILURES: Failures = Failures {
    unreachable: Cause::PushUnreachable,
    refused: Cause::PushRefused,
    invalid: Cause::PushResponseInvalid,
};

impl<P: Platform> Engine<P> {
    /// Finds the authorization server's endpoints, and decides whether this client's tokens are
    /// bound (T7). It asks the server once; later calls return the same answer.
    ///
    /// # Errors
    /// [`Cause::IssuerInvalid`], [`Cause::DiscoveryUnreachable`], [`Cause::DiscoveryInvalid`],
    /// [`Cause::IssuerMismatch`], [`Cause::EndpointInsecure`], [`Cause::DpopUnsupported`].
    pub async fn discover<'a>(&self, client: &'a Client<P>) -> Result<&'a Metadata, ClientError> {
        if let Some(metadata) = client.metadata.get() {
            return Ok(metadata);
        }
        let config = &client.config;
        let issuer = &*config.issuer;
        let origin = self.secure(Cause::IssuerInvalid, "", issuer)?.origin;
        let mut url = String::from(issuer);
        if url.as_bytes().last() == Some(&b'/') {
            url.pop();
        }
        url.push_str("/.well-known/openid-configuration");
        let overrides = config.metadata.as_ref();
        let whole = overrides.filter(|document| {
            !document.text(AUTHORIZATION_ENDPOINT).is_empty()
                && !document.text(TOKEN_ENDPOINT).is_empty()
        });
        let metadata = match whole {
            Some(document) => self.read_metadata(config, &url, document)?,
            None => {
                let mut document = self.fetch(&origin, &url).await?;
                if let Some(overrides) = overrides {
                    document = self.platform.merge(document, overrides);
                }
                same(Cause::IssuerMismatch, issuer, &document.text("issuer"))?;
                self.read_metadata(config, &url, &document)?
            }
        };
        Ok(client.metadata.get_or_init(|| metadata))
    }

    fn read_metadata(
        &self,
        config: &ClientConfig<P::Document>,
        url: &str,
        document: &P::Document,
    ) -> Result<Box<Metadata>, ClientError> {
        let endpoint = |name: &str| {
            let endpoint = document.text(name);
            if endpoint.is_empty() {
                return Err(ClientError::new(Cause::DiscoveryInvalid, &[url, name]));
            }
            let parts = self.secure(Cause::EndpointInsecure, name, &endpoint)?;
            Ok((endpoint, parts))
        };
        let (authorization_endpoint, _) = endpoint(AUTHORIZATION_ENDPOINT)?;
        let posted = |name, failures| {
            let (url, parts) = endpoint(name)?;
            Ok::<_, ClientError>(Endpoint {
                url,
                parts,
                failures,
            })
        };
        let token = posted(TOKEN_ENDPOINT, TOKEN_FAILURES)?;
        let pushed = if document.is_true("require_pushed_authorization_requests") {
            Some(posted(
                "pushed_authorization_request_endpoint",
                PUSH_FAILURES,
            )?)
        } else {
            None
        };
        let end_session_endpoint = match endpoint(END_SESSION_ENDPOINT) {
            Ok((endpoint, _)) => Some(endpoint),
            Err(error) if error.cause == Cause::DiscoveryInvalid => None,
            Err(error) => return Err(error),
        };
        let offered = document.texts("dpop_signing_alg_values_supported");
        let scheme = decide(config.mode, "ES256", &offered)
            .map_err(|_| ClientError::new(Cause::DpopUnsupported, &[&config.issuer]))?;
        Ok(Box::new(Metadata {
            authorization_endpoint,
            token,
            pushed,
            end_session_endpoint,
            is_iss_required: document.is_true("authorization_response_iss_parameter_supported"),
            scheme,
        }))
    }

    async fn fetch(&self, origin: &str, url: &str) -> Result<P::Document, ClientError> {
        let request = Request {
            method: "GET",
            url,
            form: None,
            proof: None,
        };
        let (cause, detail) = match self.platform.send(request).await {
            Err(_) => (Cause::DiscoveryUnreachable, String::new()),
            Ok(response) => {
                self.learn(origin, "", response.date, true, Source::Vouched);
                match response.json {
                    _ if response.status != 200 => {
                        (Cause::DiscoveryUnreachable, status_text(response.status))
                    }
                    Some(document) => return Ok(document),
                    None => (Cause::DiscoveryInvalid, String::new()),
                }
            }
        };
        Err(ClientError::new(cause, &[url, &detail]))
    }

    /// Splits a URL that is https, or http on this machine (RFC 8252, 8.3).
    fn secure(&self, cause: Cause, name: &str, url: &str) -> Result<Url, ClientError> {
        if let Some(parts) = self.platform.url(url) {
            let origin = &*parts.origin;
            let is_here = origin.strip_prefix("http://").is_some_and(is_loopback);
            if is_here || origin.starts_with("https://") {
                return Ok(parts);
            }
        }
        let details = [name, url];
        Err(ClientError::new(
            cause,
            &details[usize::from(name.is_empty())..],
        ))
    }
}
