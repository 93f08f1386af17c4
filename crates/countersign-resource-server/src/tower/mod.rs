//! The tower middleware: [`AuthenticateLayer`] puts [`Authenticate`] around a service, which
//! answers refused requests itself and hands accepted ones on with
//! [`Authenticated`](crate::Authenticated) in their extensions.

mod future;
mod layer;
mod service;

use crate::server::ResourceServer;

pub use future::ResponseFuture;
pub use layer::AuthenticateLayer;
pub use service::Authenticate;

impl ResourceServer {
    /// Makes the tower layer that lets only authenticated requests through, whatever their method.
    #[must_use]
    pub fn layer(&self) -> AuthenticateLayer {
        AuthenticateLayer::new(self.clone())
    }
}
