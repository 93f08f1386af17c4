//! OpenID Connect Discovery: where the endpoints are and whether the server binds tokens.
//!
//! Fetched once per client and page, never read back from web storage (RS2).

use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;

use crate::engine::{Client, Engine};
use crate::error::{Cause, ClientError};
use crate::form::status_text;
use crate::platform::{Document, Platform, Request, Url};

/// What the engine uses of the metadata.
pub(crate) struct Metadata {
    pub(crate) issuer: String,
    pub(crate) authorization_endpoint: String,
    pub(crate) token_endpoint: String,
    /// The token endpoint's origin and path.
    pub(crate) token: Url,
    pub(crate) end_session_endpoint: Option<String>,
    /// RFC 9207: the response must carry `iss`.
    pub(crate) is_iss_required: bool,
    /// `dpop_signing_alg_values_supported`; empty where there is none.
    pub(crate) dpop_algorithms: Vec<String>,
}

impl<P: Platform> Engine<P> {
    pub(crate) async fn discover(&self, client: Client) -> Result<Rc<Metadata>, ClientError> {
        let (known, issuer, overrides) = self.with(client, |entry| {
            (
                entry.metadata.clone(),
                entry.issuer.clone(),
                entry.overrides.clone(),
            )
        });
        if let Some(metadata) = known {
            return Ok(metadata);
        }
        let origin = self
            .secure(&issuer)
            .ok_or_else(|| ClientError::new(Cause::IssuerInvalid, &[&issuer]))?
            .origin;
        let mut url = String::from(issuer.strip_suffix('/').unwrap_or(&issuer));
        url.push_str("/.well-known/openid-configuration");
        let overridden = |name: &str| overrides.as_ref().and_then(|document| document.text(name));
        let fetched = if overridden("authorization_endpoint").is_some()
            && overridden("token_endpoint").is_some()
        {
            None
        } else {
            Some(self.fetch(&origin, &url).await?)
        };
        let text = |name: &str| {
            overridden(name).or_else(|| fetched.as_ref().and_then(|document| document.text(name)))
        };
        let invalid = |member: &str| ClientError::new(Cause::DiscoveryInvalid, &[&url, member]);

        let received = text("issuer");
        if received.is_some() || fetched.is_some() {
            let received = received.ok_or_else(|| invalid("issuer"))?;
            if received != issuer {
                return Err(ClientError::new(
                    Cause::IssuerMismatch,
                    &[&issuer, &received],
                ));
            }
        }
        let endpoint = |name: &str| {
            let url = text(name).ok_or_else(|| invalid(name))?;
            let parts = self
                .secure(&url)
                .ok_or_else(|| ClientError::new(Cause::EndpointInsecure, &[name, &url]))?;
            Ok::<_, ClientError>((url, parts))
        };
        let (authorization_endpoint, _) = endpoint("authorization_endpoint")?;
        let (token_endpoint, token) = endpoint("token_endpoint")?;
        let end_session_endpoint = match text("end_session_endpoint") {
            Some(_) => Some(endpoint("end_session_endpoint")?.0),
            None => None,
        };
        let documents = || overrides.as_deref().into_iter().chain(fetched.as_ref());
        let metadata = Rc::new(Metadata {
            authorization_endpoint,
            token_endpoint,
            token,
            end_session_endpoint,
            is_iss_required: documents()
                .any(|document| document.is_true("authorization_response_iss_parameter_supported")),
            dpop_algorithms: documents()
                .find_map(|document| document.texts("dpop_signing_alg_values_supported"))
                .unwrap_or_default(),
            issuer,
        });
        self.with(client, |entry| entry.metadata = Some(Rc::clone(&metadata)));
        Ok(metadata)
    }

    async fn fetch(&self, origin: &str, url: &str) -> Result<P::Document, ClientError> {
        let unreachable =
            |status: &str| ClientError::new(Cause::DiscoveryUnreachable, &[url, status]);
        let response = self
            .platform
            .send(Request {
                method: "GET",
                url,
                form: None,
                proof: None,
            })
            .await
            .map_err(|_| unreachable(""))?;
        self.learn(origin, "", response.date, true);
        if response.status != 200 {
            return Err(unreachable(&status_text(response.status)));
        }
        self.platform
            .parse(&response.body)
            .ok_or_else(|| ClientError::new(Cause::DiscoveryInvalid, &[url, ""]))
    }

    /// A URL that is https, or http on this machine (RFC 8252, 8.3).
    fn secure(&self, url: &str) -> Option<Url> {
        let parts = self.platform.url(url)?;
        let is_secure = parts.origin.starts_with("https://")
            || ["http://localhost", "http://127.0.0.1", "http://[::1]"]
                .iter()
                .any(|loopback| {
                    parts
                        .origin
                        .strip_prefix(loopback)
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
                });
        is_secure.then_some(parts)
    }
}
