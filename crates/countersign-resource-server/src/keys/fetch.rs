//! The port through which discovery and JWKS documents are read, so that tests and unusual networks
//! bring their own. It reads one document; what is asked for, when and how often is decided by
//! [`keys::remote`](super::remote).

use std::{future::Future, pin::Pin};

use thiserror::Error;

/// What [`Fetch::get`] returns.
pub type FetchFuture<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, FetchError>> + Send + 'a>>;

/// Reads documents of the authorization server.
///
/// An implementation that follows redirects, or that does not check certificates, lets whoever
/// controls the network choose the keys that every token is checked with.
pub trait Fetch: Send + Sync + 'static {
    /// The body of `url`, with status 200 and at most `limit` bytes. The caller puts a time limit
    /// around the future; dropping it ends the request.
    ///
    /// # Errors
    /// [`FetchError`] when there is no such answer.
    fn get<'a>(&'a self, url: &'a str, limit: usize) -> FetchFuture<'a>;
}

/// Why a document could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The server answered with another status than 200 (redirects are not followed).
    #[error("it answered with status {0}")]
    Status(u16),
    /// The document is longer than the limit in bytes.
    #[error("the document is longer than {0} bytes")]
    TooLong(usize),
    /// No answer: name resolution, connection or TLS failed, in the adapter's words.
    #[error("{0}")]
    Transport(String),
}
