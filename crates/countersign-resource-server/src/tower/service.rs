use std::task::{Context, Poll};

use http::{Request, Response};
use tower::Service;

use super::ResponseFuture;
use crate::server::ResourceServer;

/// Calls the inner service with authenticated requests only.
///
/// - An accepted request carries [`Authenticated`](crate::Authenticated) in its extensions. Its
///   response gets a `DPoP-Nonce` when the client needs a new one soon (RFC 9449, section 8.2).
/// - A refused request never reaches the inner service. Its response has an empty body, the status,
///   challenges and headers of [`ResourceServer::rejection_response`], and the
///   [`Rejection`](crate::Rejection) in its extensions, for a log or a metric in a layer further
///   out.
///
/// It decides first and then waits until the inner service is ready, so that forged tokens hold
/// none of its permits, not even while the issuer's keys are fetched. For the layers around it that
/// means: it is always ready itself, so a limit or a load shedder that is to act before the check
/// stands outside, and one inside makes accepted requests wait, whose proofs are used up by then.
#[derive(Debug, Clone)]
pub struct Authenticate<S> {
    server: ResourceServer,
    inner: S,
}

impl<S> Authenticate<S> {
    pub(super) fn new(server: ResourceServer, inner: S) -> Self {
        Self { server, inner }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Authenticate<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone + Send + 'static,
    S::Future: Send,
    ReqBody: Send + 'static,
    ResBody: Default + 'static,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = ResponseFuture<ResBody, S::Error>;

    /// Always ready: to decide about a request takes nothing of the inner service.
    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        ResponseFuture::new(self.server.clone(), self.inner.clone(), request)
    }
}
