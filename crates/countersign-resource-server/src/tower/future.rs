use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use http::{Request, Response, StatusCode, request::Parts};
use tower::{Service, ServiceExt};

use crate::{headers::DPOP_NONCE, request::Authenticated, server::ResourceServer};

/// The response of an [`Authenticate`](super::Authenticate) service.
pub struct ResponseFuture<ResBody, E> {
    // Boxed, because the future of the checks has no name.
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
            if parts.extensions.get::<Authenticated>().is_some() {
                return Ok(layered_twice(&parts));
            }
            match server.authenticate(&parts).await {
                Ok(authenticated) => {
                    let nonce = authenticated.next_nonce().cloned();
                    parts.extensions.insert(authenticated);
                    let ready = service.ready().await?;
                    let mut response = ready.call(Request::from_parts(parts, body)).await?;
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
                        "refused: {}",
                        rejection.reason()
                    );
                    let mut response = server
                        .rejection_response(&rejection)
                        .map(|()| ResBody::default());
                    response.extensions_mut().insert(rejection);
                    Ok(response)
                }
            }
        });
        Self { inner }
    }
}

/// Answers 500: an outer layer has accepted the request and used up its proof. Refusing it here as
/// replayed would blame the client for the server's routes.
fn layered_twice<ResBody: Default>(parts: &Parts) -> Response<ResBody> {
    tracing::error!(
        method = %parts.method,
        path = parts.uri.path(),
        "two layers of ResourceServer::layer() stand around this route: leave one"
    );
    let mut response = Response::new(ResBody::default());
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
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
