//! [`Fetch`] over reqwest.

use std::{error::Error, time::Duration};

use super::fetch::{Fetch, FetchError, FetchFuture};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Reads documents over HTTP. Redirects are not followed: a document of the authorization server
/// stands where its metadata says.
#[derive(Debug, Clone)]
pub(crate) struct HttpFetch {
    client: reqwest::Client,
}

impl HttpFetch {
    /// `loopback`: the documents are on this machine, where a proxy of the environment cannot reach.
    ///
    /// # Errors
    /// When the TLS backend cannot be set up.
    pub(crate) fn new(loopback: bool) -> Result<Self, reqwest::Error> {
        let mut client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .user_agent(concat!(
                "countersign-resource-server/",
                env!("CARGO_PKG_VERSION")
            ));
        if loopback {
            client = client.no_proxy();
        }
        Ok(Self {
            client: client.build()?,
        })
    }
}

impl Fetch for HttpFetch {
    fn get<'a>(&'a self, url: &'a str, limit: usize) -> FetchFuture<'a> {
        Box::pin(async move {
            let mut response = self
                .client
                .get(url)
                .header(http::header::ACCEPT, "application/json")
                .send()
                .await
                .map_err(transport)?;
            if response.status() != http::StatusCode::OK {
                return Err(FetchError::Status(response.status().as_u16()));
            }
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(transport)? {
                if body.len() + chunk.len() > limit {
                    return Err(FetchError::TooLong(limit));
                }
                body.extend_from_slice(&chunk);
            }
            Ok(body)
        })
    }
}

/// reqwest's own message stops at "error sending request"; the cause is what helps.
fn transport(error: reqwest::Error) -> FetchError {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    FetchError::Transport(text)
}
