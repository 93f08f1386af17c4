//! [`Fetch`] over reqwest.

use std::time::Duration;

use countersign::sibling::with_causes;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::{Fetch, FetchError, resolver::LoopbackResolver};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Reads documents over HTTP. Redirects are not followed: a document of the authorization server is
/// where its metadata says.
#[derive(Debug, Clone)]
pub(crate) struct HttpFetch {
    client: reqwest::Client,
}

impl HttpFetch {
    /// Sets up the HTTP client. `loopback`: the documents are on this machine, which a proxy of the
    /// environment cannot reach. `asks_dns`: DNS is asked for names of this machine too.
    ///
    /// # Errors
    /// When the TLS backend cannot be set up.
    pub(crate) fn new(loopback: bool, asks_dns: bool) -> Result<Self, reqwest::Error> {
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
        if !asks_dns {
            client = client.dns_resolver(LoopbackResolver);
        }
        Ok(Self {
            client: client.build()?,
        })
    }
}

impl Fetch for HttpFetch {
    async fn get(&self, url: &str, limit: usize) -> Result<Vec<u8>, FetchError> {
        let response = self
            .client
            .get(url)
            .header(http::header::ACCEPT, "application/json")
            .send()
            .await
            .map_err(transport)?;
        if response.status() != http::StatusCode::OK {
            return Err(FetchError::Status(response.status().as_u16()));
        }
        let body = Limited::new(reqwest::Body::from(response), limit)
            .collect()
            .await;
        let body = body.map_err(|error| match error.is::<LengthLimitError>() {
            true => FetchError::TooLong(limit),
            false => FetchError::Transport(with_causes(&*error)),
        })?;
        Ok(body.to_bytes().into())
    }
}

fn transport(error: reqwest::Error) -> FetchError {
    FetchError::Transport(with_causes(&error))
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    /// The address of a server that answers one request with these bytes.
    async fn answering(answer: impl Into<Vec<u8>>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let answer = answer.into();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a request");
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await;
            // The other side may have heard enough before the end.
            let _ = stream.write_all(&answer).await;
        });
        format!("http://localhost:{port}/document")
    }

    async fn get(url: &str) -> Result<Vec<u8>, FetchError> {
        HttpFetch::new(true, false)
            .expect("TLS")
            .get(url, 1000)
            .await
    }

    #[tokio::test]
    async fn a_document_is_read() {
        let url = answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").await;
        assert_eq!(get(&url).await, Ok(b"{}".to_vec()));
    }

    #[tokio::test]
    async fn redirects_are_not_followed() {
        let elsewhere = answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}").await;
        let redirect =
            format!("HTTP/1.1 302 Found\r\nLocation: {elsewhere}\r\nContent-Length: 0\r\n\r\n");
        let url = answering(redirect).await;
        assert_eq!(get(&url).await, Err(FetchError::Status(302)));
    }

    #[tokio::test]
    async fn a_document_that_does_not_end_is_not_read_to_its_end() {
        let mut answer = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
        answer.resize(100_000, b' ');
        let url = answering(answer).await;
        assert_eq!(get(&url).await, Err(FetchError::TooLong(1000)));
    }

    #[tokio::test]
    async fn a_server_that_is_down_is_said_to_be_down() {
        let Err(FetchError::Transport(why)) = get("http://localhost:1/document").await else {
            panic!("no server listens there");
        };
        assert!(why.contains("refused"), "{why}");
    }
}
