use std::task::{Context, Poll};

use http::{Request, Response};
use tower::Service;

use super::ResponseFuture;
use crate::ResourceServer;

/// Calls the inner service with authenticated requests only.
///
/// - An accepted request carries [`Authenticated`](crate::Authenticated) in its extensions. Its response
///   gets a `DPoP-Nonce` when the client needs a new one soon (RFC 9449, section 8.2).
/// - A refused request never reaches the inner service. Its response has an empty body, the status,
///   challenges and headers of [`ResourceServer::refusal`], and the [`Rejection`](crate::Rejection) in
///   its extensions, for a log or a metric in a layer further out.
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

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        // The service that was ready is the one that is called; the clone waits for its own turn.
        let next = self.inner.clone();
        let ready = std::mem::replace(&mut self.inner, next);
        ResponseFuture::new(self.server.clone(), ready, request)
    }
}
