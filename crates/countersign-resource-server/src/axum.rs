//! The axum extractor.

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use http::{StatusCode, request::Parts};
use thiserror::Error;

use crate::Authenticated;

/// A handler asks for [`Authenticated`] on a route that no
/// [`ResourceServer::layer`](crate::ResourceServer::layer) protects. Answered with status 500, since
/// it is a mistake in the server's routes and not in the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("this route is not protected: put ResourceServer::layer() around it")]
pub struct LayerMissing;

impl IntoResponse for LayerMissing {
    fn into_response(self) -> Response {
        tracing::error!("{self}");
        (StatusCode::INTERNAL_SERVER_ERROR, self.to_string()).into_response()
    }
}

impl<S: Sync> FromRequestParts<S> for Authenticated {
    type Rejection = LayerMissing;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, LayerMissing> {
        parts.extensions.get().cloned().ok_or(LayerMissing)
    }
}
