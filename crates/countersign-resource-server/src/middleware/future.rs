use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use http::{Request, Response};
use tower::Service;

use crate::{ResourceServer, headers::DPOP_NONCE};

/// The response of an [`Authenticate`](super::Authenticate) service.
pub struct ResponseFuture<ResBody, E> {
    // The checks await the issuer and the replay store, in a future whose type has no name.
    inner: Pin<Box<dyn Future<Output = Result<Response<ResBody>, E>> + Send>>,
}

impl<ResBody, E> ResponseFuture<ResBody, E> {
    pub(super) fn new<S, ReqBody>(
        server: ResourceServer,
        mut service: S,
        request: Request<ReqBody>,
    ) -> Self
    where
        S: Service<Request<ReqBody>, Response = Response<ResBody>, Error = E> + Send + 'static,
        S::Future: Send,
        ReqBody: Send + 'static,
        ResBody: Default + 'static,
    {
        let inner = Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            match server.authenticate(&parts).await {
                Ok(authenticated) => {
                    let nonce = authenticated.next_nonce().cloned();
                    parts.extensions.insert(authenticated);
                    let mut response = service.call(Request::from_parts(parts, body)).await?;
                    if let Some(nonce) = nonce {
                        response.headers_mut().insert(DPOP_NONCE, nonce);
                    }
                    Ok(response)
                }
                Err(rejection) => {
                    tracing::debug!(
                        method = %parts.method,
                        path = parts.uri.path(),
                        reason = rejection.name(),
                        "refused: {rejection}"
                    );
                    let mut response = server.refusal(&rejection).map(|()| ResBody::default());
                    response.extensions_mut().insert(rejection);
                    Ok(response)
                }
            }
        });
        Self { inner }
    }
}

impl<ResBody, E> Future for ResponseFuture<ResBody, E> {
    type Output = Result<Response<ResBody>, E>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.inner.as_mut().poll(context)
    }
}

impl<ResBody, E> fmt::Debug for ResponseFuture<ResBody, E> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ResponseFuture")
            .finish_non_exhaustive()
    }
}
