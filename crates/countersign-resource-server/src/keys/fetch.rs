//! The port through which discovery and JWKS documents are read, so that tests and unusual networks
//! bring their own. It reads one document; [`keys::remote`](super::remote) decides what is read,
//! when and how often.

use std::{future::Future, pin::Pin};

use super::FetchError;

/// Reads documents of the authorization server.
///
/// An implementation that follows redirects, or that does not check certificates, lets an attacker
/// who controls the network choose the keys that every token is checked with. So does one that asks
/// DNS or a proxy for a plain `http` URL: its host is this machine (`localhost`, a name under it),
/// and must be reached on a loopback address.
pub trait Fetch: Send + Sync + 'static {
    /// Reads the body of `url`, which has status 200 and at most `limit` bytes. The caller puts a
    /// time limit around the future; dropping it ends the request.
    ///
    /// # Errors
    /// [`FetchError`] when there is no such answer.
    fn get(
        &self,
        url: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<u8>, FetchError>> + Send;
}

type GetFuture<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, FetchError>> + Send + 'a>>;

/// Any [`Fetch`] behind one type. The port's future has no name, so it is boxed.
pub(crate) trait DynFetch: Send + Sync {
    fn get<'a>(&'a self, url: &'a str, limit: usize) -> GetFuture<'a>;
}

impl<F: Fetch> DynFetch for F {
    fn get<'a>(&'a self, url: &'a str, limit: usize) -> GetFuture<'a> {
        Box::pin(Fetch::get(self, url, limit))
    }
}
