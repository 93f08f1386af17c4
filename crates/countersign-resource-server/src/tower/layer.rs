use tower::Layer;

use super::Authenticate;
use crate::server::ResourceServer;

/// Puts [`Authenticate`] around a service; [`ResourceServer::layer`] makes one.
///
/// A request may pass only one such layer, because a proof is good once. A second layer answers 500
/// and logs the reason. Routes with other requirements get their own layer, from
/// [`ResourceServer::requiring_nonces`] or [`ResourceServer::requiring_scope`].
#[derive(Debug, Clone)]
pub struct AuthenticateLayer {
    server: ResourceServer,
}

impl AuthenticateLayer {
    pub(super) fn new(server: ResourceServer) -> Self {
        Self { server }
    }
}

impl<S> Layer<S> for AuthenticateLayer {
    type Service = Authenticate<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Authenticate::new(self.server.clone(), inner)
    }
}
