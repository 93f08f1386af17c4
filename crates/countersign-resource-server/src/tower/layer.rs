use tower::Layer;

use super::Authenticate;
use crate::ResourceServer;

/// Puts [`Authenticate`] around a service; made by [`ResourceServer::layer`].
///
/// One request passes one such layer: a proof is good once. A second one answers 500 and says so in the log.
/// Routes with other requirements get a layer of their own, of a
/// [`ResourceServer::requiring_nonces`] or [`ResourceServer::requiring_scope`].
#[derive(Debug, Clone)]
pub struct AuthenticateLayer {
    server: ResourceServer,
}

impl AuthenticateLayer {
    pub(crate) fn new(server: ResourceServer) -> Self {
        Self { server }
    }
}

impl<S> Layer<S> for AuthenticateLayer {
    type Service = Authenticate<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Authenticate::new(self.server.clone(), inner)
    }
}
