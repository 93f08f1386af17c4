//! The tower middleware: [`AuthenticateLayer`] puts [`Authenticate`] around a service, which answers
//! refused requests itself and hands accepted ones on with [`Authenticated`](crate::Authenticated) in
//! their extensions.

mod future;
mod layer;
mod service;

pub use future::ResponseFuture;
pub use layer::AuthenticateLayer;
pub use service::Authenticate;
